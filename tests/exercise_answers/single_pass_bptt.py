"""Answers to exercise 4."""

import numpy as np
from sound import bptt

import lstm_teach as lt
from lstm_teach.edited import edited

# ------------------------------------------------------------------------------------------ check_walk


def walk_with(pick=lambda w, dh_loss: w * dh_loss, hand=None, dh=None, order=None, y=None, row=lambda t, T: t):
    """A walk with one of its lines replaced; hand(back, dh_future, dc_carry) is what it hands on."""

    def walk(step, params, cache, targets, weights):
        T, H = len(targets), params.hidden_size
        dy = y(cache) if y else cache.y - np.eye(params.vocab_size)[targets]
        deltas_h, deltas_c = np.zeros((T, H)), np.zeros((T, H))
        dh_future, dc_carry = np.zeros(H), np.zeros(H)
        for t in order(T) if order else range(T - 1, -1, -1):
            own = pick(weights[t], params.V.T @ dy[t])
            here = dh(weights[t], own, dh_future) if dh else own + dh_future
            back = step(params, cache, t, here, dc_carry)
            deltas_h[row(t, T)], deltas_c[row(t, T)] = here, back["dc"]
            handed = back["dh_before"], back["dc_before"]
            dh_future, dc_carry = hand(back, dh_future, dc_carry) if hand else handed
        return deltas_h, deltas_c

    return walk


def walk_edited(*pieces):
    """The walk with pieces of its text replaced."""
    return edited(walk_with, *pieces)()


def walk_weighed(change):
    """The walk with other weights."""
    return lambda *given: walk_with()(*given[:-1], change(given[-1]))


def walk_by_recursion(step, params, cache, targets, weights):
    def rows(t):
        if t == len(targets):
            return [], np.zeros(params.hidden_size), np.zeros(params.hidden_size)
        later, dh_future, dc_carry = rows(t + 1)
        dy = cache.y[t] - np.eye(params.vocab_size)[targets[t]]
        dh = weights[t] * dy @ params.V + dh_future
        back = step(params, cache, t, dh, dc_carry)
        return [(dh, back["dc"]), *later], back["dh_before"], back["dc_before"]

    return {name: [row[k] for row in rows(0)[0]] for k, name in enumerate(("dh", "dc"))}


def walk_that_weighs_on(*names):
    """Multiplies some of what a step hands on by the weight of its loss."""

    def walk(step, params, cache, targets, weights):
        def weighed(params, cache, t, *deltas):
            back = step(params, cache, t, *deltas)
            return back | {name: weights[t] * back[name] for name in names}

        return walk_with()(weighed, params, cache, targets, weights)

    return walk


def walk_that_keeps(h, c):
    """Keeps other deltas of a step than it should; "" is dh itself."""

    def walk(step, params, cache, targets, weights):
        dh, _ = walk_with()(step, params, cache, targets, weights)
        kept, carry = np.zeros((2, *dh.shape)), np.zeros(params.hidden_size)
        for t in reversed(range(len(targets))):
            back = step(params, cache, t, dh[t], carry) | {"": dh[t]}
            kept[0, t], kept[1, t], carry = back[h], back[c], back["dc_before"]
        return kept[0], kept[1]

    return walk


def walk_for_each_loss(step, params, cache, targets, weights):
    """A walk from every loss; each is scaled as a whole, since a step back is linear."""
    T, H = len(targets), params.hidden_size
    found = np.zeros((2, T, H))
    for s in range(T):
        dh, dc_carry = params.V.T @ (cache.y[s] - np.eye(params.vocab_size)[targets[s]]), np.zeros(H)
        for t in range(s, -1, -1):
            back = step(params, cache, t, dh, dc_carry)
            found[:, t] += weights[s] * np.array([dh, back["dc"]])
            dh, dc_carry = back["dh_before"], back["dc_before"]
    return found


def walk_that_gives_dh_future(step, params, cache, targets, weights):
    """The step gets what came back, without the part of its own loss."""
    own = iter((weights[:, None] * (cache.y - np.eye(len(params.V))[targets]) @ params.V)[::-1])

    def without_own(params, cache, t, dh, dc_carry):
        return step(params, cache, t, dh - next(own), dc_carry)

    return walk_with()(without_own, params, cache, targets, weights)


def walk_that_scales_y(step, params, cache, targets, weights):
    dy = weights[:, None] * (cache.y - np.eye(params.vocab_size)[targets])
    h, c, dh_future, dc_carry = [], [], 0, np.zeros(params.hidden_size)
    for t in reversed(range(len(dy))):
        h.insert(0, params.V.T @ dy[t] + dh_future)
        back = step(params, cache, t, h[0], dc_carry)
        c.insert(0, back["dc"])
        dh_future, dc_carry = back["dh_before"], back["dc_before"]
    return {"dc": np.array(c), "dh": np.array(h)}


def walk_that_writes(step, params, cache, targets, weights):
    cache.y[np.arange(len(targets)), targets] -= 1
    return walk_with(y=lambda cache: cache.y)(step, params, cache, targets, weights)


def walk_that_weighs_the_1(step, params, cache, targets, weights):
    wanted = weights[:, None] * np.eye(params.vocab_size)[targets]
    return walk_with(pick=lambda w, dh_loss: dh_loss, y=lambda cache: cache.y - wanted)(
        step, params, cache, targets, weights
    )


def handing(dh_before=lambda b, h: b["dh_before"], dc_before=lambda b, c: b["dc_before"]):
    return walk_with(hand=lambda back, h, c: (dh_before(back, h), dc_before(back, c)))


def library_walk(step, params, cache, targets, weights):
    _, deltas = lt.bptt(params, cache.x, targets, return_deltas=True)
    return deltas.dh, deltas.dc


def one_row_short(*given):
    return [rows[1:] for rows in walk_with()(*given)]


def walk_that_skips(step, params, cache, targets, weights):
    """Leaves out the steps whose loss does not count."""
    T, H = len(targets), params.hidden_size
    dh, dc, dh_future, dc_carry = np.zeros((T, H)), np.zeros((T, H)), np.zeros(H), np.zeros(H)
    for t in np.flatnonzero(weights)[::-1]:
        dy = cache.y[t] - np.eye(params.vocab_size)[targets[t]]
        dh[t] = weights[t] * params.V.T @ dy + dh_future
        back = step(params, cache, t, dh[t], dc_carry)
        dc[t], dh_future, dc_carry = back["dc"], back["dh_before"], back["dc_before"]
    return dh, dc


# ------------------------------------------------------------------------------------------ check_biases


def bias(dzi, dzf, dzo, dzg, dy):
    return (dzi + dzf + dzo + dzg).sum(axis=0), dy.sum(axis=0)


def bias_by_loop(dzi, dzf, dzo, dzg, dy):
    db, da = np.zeros(dzi.shape[1]), np.zeros(dy.shape[1])
    for t in range(len(dy)):
        da += dy[t]
        for dz in (dzi, dzf, dzo, dzg):
            db += dz[t]
    return {"da": da, "db": db}


def bias_by_ones(dzi, dzf, dzo, dzg, dy):
    ones = np.ones(len(dy))
    return np.tile(ones, 4) @ np.vstack([dzi, dzf, dzo, dzg]), dy.T @ ones


def biases_of(db=lambda i, f, o, g: (i + f + o + g).sum(0), da=lambda dy: dy.sum(0)):
    return lambda dzi, dzf, dzo, dzg, dy: (db(dzi, dzf, dzo, dzg), da(dy))


def bias_in_place(dzi, dzf, dzo, dzg, dy):
    dzi += dzf + dzo + dzg
    return dzi.sum(0), dy.sum(0)


# ------------------------------------------------------------------------------------------ check_peepholes


def peepholes(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po):
    ct = np.tanh(c)
    dzo = dh * ct * o * (1 - o)
    dc = dh * o * (1 - ct**2) + dc_carry + dzo * po
    dzi = dc * g * i * (1 - i)
    dzf = dc * c_before * f * (1 - f)
    return dc, dc * f + dzi * pi + dzf * pf, dzi * c_before, dzf * c_before, dzo * c


def peepholes_by_unit(*given):
    return [np.array(column) for column in zip(*(peepholes(*unit) for unit in zip(*given, strict=True)), strict=True)]


def peepholes_factored(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po):
    ct = np.tanh(c)
    dc = dh * (o / np.cosh(c) ** 2 + ct * o * (1 - o) * po) + dc_carry
    look = np.array([g * i * (1 - i), c_before * f * (1 - f)])
    dp = dc * look * c_before
    return {
        "dpi": dp[0],
        "dpf": dp[1],
        "dpo": dh * ct * c * (o - o**2),
        "dc": dc,
        "dc_before": dc * (f + look[0] * pi + look[1] * pf),
    }


def peepholes_by_nudging(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po):
    """A complex step through the forward lines, one cell at a time."""
    zi, zf, zo = (np.log(s / (1 - s)) - p * cell for s, p, cell in ((i, pi, c_before), (f, pf, c_before), (o, po, c)))

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def weighed(c_before=c_before, pi=pi, pf=pf, po=po, more=0):
        new = sigmoid(zf + pf * c_before) * c_before + sigmoid(zi + pi * c_before) * g + more
        return dh * sigmoid(zo + po * new) * np.tanh(new) + dc_carry * new

    tiny = 1e-200j
    nudged = {"more": tiny}, {"c_before": c_before + tiny}, {"pi": pi + tiny}, {"pf": pf + tiny}, {"po": po + tiny}
    return [weighed(**each).imag / 1e-200 for each in nudged]


def peepholes_with(**lines):
    """One or more of the lines replaced by expressions."""

    def mistaken(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po):
        names = dict(locals(), np=np)
        right = {
            "ct": "np.tanh(c)",
            "dzo": "dh * ct * o * (1 - o)",
            "dc": "dh * o * (1 - ct**2) + dc_carry + dzo * po",
            "dzi": "dc * g * i * (1 - i)",
            "dzf": "dc * c_before * f * (1 - f)",
            "dc_before": "dc * f + dzi * pi + dzf * pf",
            "dpi": "dzi * c_before",
            "dpf": "dzf * c_before",
            "dpo": "dzo * c",
        }
        for name, line in (right | lines).items():
            names[name] = eval(line, names)
        return [names[name] for name in ("dc", "dc_before", "dpi", "dpf", "dpo")]

    return mistaken


def peepholes_swapped(*given):
    dc, dc_before, *others = peepholes(*given)
    return dc_before, dc, *others


def peepholes_in_place(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po):
    found = peepholes(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po)
    dc_carry += dh
    return found


# ------------------------------------------------------------------------------------------ check_start


def start_with(state=lambda a: (np.tanh(a), a), say=lambda dh0, dc0, a: dc0 + dh0 * (1 - np.tanh(a) ** 2), carry=True):
    def start(step, params, a, x, targets):
        cache = lt.forward(params, x, *state(a))
        dh = dc = np.zeros(params.hidden_size)
        for t in reversed(range(len(x))):
            dy = cache.y[t].copy()
            dy[targets[t]] -= 1
            back = step(params, cache, t, params.V.T @ dy + dh, dc if carry else 0 * dc)
            dh, dc = back["dh_before"], back["dc_before"]
        return say(dh, dc, a)

    return start


def start_edited(*pieces):
    """The walk with pieces of its text replaced."""
    return edited(start_with, *pieces)()


def start_by_nudging(step, params, a, x, targets):
    """Central differences of the fourth order."""

    def slope(k):
        nudge = 1e-3 * np.eye(len(a))[k]
        losses = {n: lt.loss(params, x, targets, np.tanh(a + n * nudge), a + n * nudge) for n in (-2, -1, 1, 2)}
        return (8 * (losses[1] - losses[-1]) - losses[2] + losses[-2]) / 12e-3

    return np.array([slope(k) for k in range(len(a))])


def start_by_complex_steps(step, params, a, x, targets):
    """One loss for each entry of a."""
    run, steps, weights = lt.forward, np.arange(len(x)), params.astype(complex)

    def own_loss(a):
        return -np.log(run(weights, x, np.tanh(a), a).y[steps, targets]).sum()

    return np.array([own_loss(a + 1e-30j * row).imag for row in np.eye(len(a))]) / 1e-30


def start_without_step(step, params, a, x, targets):
    """A walk of one's own, that prints the loss before it begins."""
    cache = lt.forward(params, x, np.tanh(a), a)
    assert lt.forward(params, x, np.tanh(a), a).y.shape == cache.y.shape
    dh, dc = np.zeros((2, len(a)))
    for t in range(len(x) - 1, -1, -1):
        i, f, o, g, ct = (getattr(cache, name)[t] for name in ("i", "f", "o", "g", "ct"))
        dh = dh + params.V.T @ (cache.y[t] - np.eye(params.vocab_size)[targets[t]])
        dc = dc + dh * o * (1 - ct**2)
        zs = dc * g * i * (1 - i), dc * cache.c[t - 1] * f * (1 - f), dh * ct * o * (1 - o), dc * i * (1 - g**2)
        dh, dc = sum(params["W" + gate].T @ z for gate, z in zip("ifog", zs, strict=True)), dc * f
    return dc + dh * (1 - np.tanh(a) ** 2)


def start_from_the_deltas(step, params, a, x, targets):
    """The library's deltas of step 0, and one step more."""
    _, deltas = bptt(params, x, targets, np.tanh(a), a, return_deltas=True)
    cache = lt.forward(params, x, np.tanh(a), a)
    back = step(params, cache, 0, deltas.dh[0], deltas.dc_carry[0])
    return back["dc_before"] + back["dh_before"] / np.cosh(a) ** 2


def start_by_recursion(step, params, a, x, targets):
    cache = lt.forward(params, x, np.tanh(a), a)

    def before(t):
        dh, dc = before(t + 1) if t < len(x) - 1 else np.zeros((2, len(a)))
        dy = cache.y[t] - (np.arange(params.vocab_size) == targets[t])
        back = step(params, cache, t, dy @ params.V + dh, dc)
        return back["dh_before"], back["dc_before"]

    dh0, dc0 = before(0)
    return list(dc0 + dh0 - dh0 * np.tanh(a) ** 2)


def start_of_step_0(step, params, a, x, targets):
    _, deltas = bptt(params, x, targets, np.tanh(a), a, return_deltas=True)
    return deltas.dc[0] + deltas.dh[0] * (1 - np.tanh(a) ** 2)


def start_in_place(step, params, a, x, targets):
    found = start_with()(step, params, a, x, targets)
    a -= 0.1 * found
    return found


ROADS = "what comes back along several roads is added"
OTHER_I = "In the product i * g the delta of i takes the other factor, g"
OTHER_F = "In the product f * c_before the delta of f takes the other factor, c_before"
RIGHT = {
    "check_walk": {
        "loop": walk_with(),
        "recursion": walk_by_recursion,
        "a walk for each loss": walk_for_each_loss,
        "scaled dy": walk_that_scales_y,
    },
    "check_biases": {
        "sums": bias,
        "loop": bias_by_loop,
        "products": bias_by_ones,
        "einsum": biases_of(lambda *dz: np.einsum("gth->h", np.stack(dz)), lambda dy: [sum(column) for column in dy.T]),
    },
    "check_peepholes": {
        "plain": peepholes,
        "by unit": peepholes_by_unit,
        "factored": peepholes_factored,
        "complex step": peepholes_by_nudging,
    },
    "check_start": {
        "walk": start_with(),
        "deltas": start_from_the_deltas,
        "recursion": start_by_recursion,
        "own walk": start_without_step,
        "cosh": start_with(say=lambda dh0, dc0, a: np.sum([dc0, dh0 / np.cosh(a) ** 2], axis=0)),
    },
}

WRONG = {
    "check_walk": {
        "swapped in the call": (walk_edited("t, here, dc_carry)", "t, dc_carry, here)"), "swapped in the call of step"),
        "one array for both": (
            walk_edited(
                "dh_future, dc_carry = hand",
                "dh_future[:], dc_carry[:] = hand",
                "dh_future, dc_carry = np.zeros(H), np.zeros(H)",
                "dh_future = dc_carry = np.zeros(H)",
            ),
            "dh_future and dc_carry are one array here",
        ),
        "dh handed on": (walk_edited('handed = back["dh_before"]', "handed = here"), "dh itself is handed on"),
        "1 added": (walk_edited("cache.y - np.eye", "cache.y + np.eye"), "1 is added at the target"),
        "1 off everywhere": (
            walk_edited("np.eye(params.vocab_size)[targets]", "1"),
            "1 is subtracted from every entry of y",
        ),
        "dc weighted": (
            walk_edited('here, back["dc"]', 'here, weights[t] * back["dc"]'),
            "dc[t] is multiplied by weights[t]",
        ),
        "both weighted": (
            walk_edited("own + dh_future", "own + weights[t] * dh_future", "here, dc_c", "here, weights[t] * dc_c"),
            "weights[t] multiplies dh_future and dc_carry as well",
        ),
        "a weighted mean": (walk_weighed(lambda w: w / w.sum()), "divided by the sum of the weights"),
        "a mean": (walk_weighed(lambda w: w / len(w)), "divided by the number of steps"),
        "weights reversed": (walk_weighed(lambda w: w[::-1]), "The weights are in reverse order"),
        "without the last step": (
            walk_with(order=lambda T: reversed(range(T - 1))),
            "The walk leaves out the last step",
        ),
        "dc first": (lambda *given: walk_with()(*given)[::-1], "dh comes first"),
        "one array": (lambda *given: [walk_with()(*given)[1]] * 2, "dh and dc are one array here"),
        "dh_future for dh": (walk_that_gives_dh_future, "step is given dh_future here"),
        "unweighted": (walk_with(pick=lambda w, dh_loss: dh_loss), "The weights have no effect"),
        "skips": (walk_that_skips, "Steps with a weight of 0 are left out"),
        "weighs dh": (
            walk_with(pick=lambda w, own: own, dh=lambda w, own, future: w * (own + future)),
            "weights[t] multiplies dh_future as well",
        ),
        "no h": (handing(dh_before=lambda b, h: 0 * h), "dh_before is not handed on"),
        "clips": (handing(dh_before=lambda b, h: np.clip(b["dh_before"], -5, 5)), "dh is off"),
        "nothing": (walk_with(hand=lambda back, h, c: (h, c)), "Nothing is handed on"),
        "weight of the step before": (
            lambda *given: walk_with()(*given[:-1], np.roll(given[-1], 1)),
            "has the weight of the step before it",
        ),
        "no c": (handing(dc_before=lambda b, c: 0 * c), "dc_before is not handed on"),
        "dc for dc_before": (handing(dc_before=lambda b, c: b["dc"]), "dc itself is handed on"),
        "h added up": (handing(dh_before=lambda b, h: h + b["dh_before"]), "dh_future accumulates"),
        "c added up": (handing(dc_before=lambda b, c: c + b["dc_before"]), "dc_carry accumulates"),
        "both added up": (
            handing(lambda b, h: h + b["dh_before"], lambda b, c: c + b["dc_before"]),
            "dh_future and dc_carry accumulate",
        ),
        "swapped": (
            walk_with(hand=lambda b, h, c: (b["dc_before"], b["dh_before"])),
            "dh_before and dc_before are swapped where they are handed on",
        ),
        "weighs what is handed on": (walk_that_weighs_on("dh_before", "dc_before"), "The weights are in these already"),
        "weighs dh_before": (walk_that_weighs_on("dh_before"), "The weights are in it already"),
        "weighs dc_before": (walk_that_weighs_on("dc_before"), "weights[t] multiplies dc_carry as well"),
        "dh_before for dh": (walk_that_keeps("dh_before", "dc"), "dh[t] holds what the step hands on"),
        "dc_before for dc": (walk_that_keeps("", "dc_before"), "dc[t] holds what the step hands on"),
        "y": (walk_with(y=lambda cache: cache.y), "this is y itself"),
        "weighs the 1": (walk_that_weighs_the_1, "The weight multiplies only the 1"),
        "sign": (walk_with(pick=lambda w, dh_loss: -w * dh_loss), "The sign of dy is wrong"),
        "forward": (walk_with(order=range), "from the first step to the last"),
        "reversed": (walk_with(row=lambda t, T: T - 1 - t), "The rows are in the order of the walk"),
        "root of the weight": (walk_with(pick=lambda w, dh_loss: np.sqrt(w) * dh_loss), "dh is off"),
        "step 0 left out": (walk_with(order=lambda T: range(T - 1, 0, -1)), "The walk ends at step 1, but step 0 has"),
        "one row short": (one_row_short, "should be an array of shape (6, 4)"),
        "writes to y": (walk_that_writes, "writes to what it was given, cache"),
        "the library": (library_walk, "you write the lines yourself"),
        "three results": (lambda *given: (*walk_with()(*given), 0), "should return 2 arrays"),
    },
    "check_biases": {
        "sign": (biases_of(lambda *dz: -sum(dz).sum(0)), "The sign is wrong: b is added to all four"),
        "from step 1": (biases_of(lambda *dz: sum(dz)[1:].sum(0)), "Step 0 is left out; b"),
        "to the last": (biases_of(lambda *dz: sum(dz)[:-1].sum(0)), "The last step is left out; b"),
        "candidate subtracted": (
            biases_of(lambda i, f, o, g: (i + f + o - g).sum(0)),
            "The candidate's deltas are subtracted",
        ),
        "stacked": (biases_of(lambda *dz: [each.sum(0) for each in dz]), "gradients of four biases. Here one b"),
        "a from step 1": (
            biases_of(da=lambda dy: sum(dy[1:]) if len(dy) > 1 else 0 * dy[0]),
            "Step 0 is left out; a",
        ),
        "a to the last": (biases_of(da=lambda dy: dy[:-1].sum(axis=0)), "The last step is left out; a"),
        "input gate": (biases_of(lambda i, f, o, g: i.sum(0)), "Only the input gate"),
        "forget gate": (biases_of(lambda i, f, o, g: f.sum(0)), "Only the forget gate"),
        "no candidate": (biases_of(lambda i, f, o, g: (i + f + o).sum(0)), "The candidate is missing"),
        "mean of gates": (biases_of(lambda *dz: sum(dz).sum(0) / 4), "This is the mean over the four"),
        "mean of steps": (biases_of(lambda *dz: sum(dz).mean(0)), "This is the mean over the steps; b"),
        "last step": (biases_of(lambda *dz: sum(dz)[-1]), "Only the last step is included; b"),
        "first step": (biases_of(lambda *dz: sum(dz)[0]), "Only step 0 is included; b"),
        "over units": (biases_of(lambda *dz: sum(dz).sum(1)), "should be an array of shape (4,)"),
        "one number": (biases_of(lambda *dz: sum(dz).sum()), "This is one number; b has one for each unit"),
        "no sum": (biases_of(lambda *dz: sum(dz)), "The sum over the steps is missing"),
        "four biases": (
            biases_of(lambda *dz: np.concatenate([d.sum(0) for d in dz])),
            "gradients of four biases, one after",
        ),
        "sign of da": (biases_of(da=lambda dy: -dy.sum(0)), "dy is the delta of the scores already"),
        "mean in da": (biases_of(da=lambda dy: dy.mean(0)), "the loss is their sum"),
        "last step in da": (biases_of(da=lambda dy: dy[-1]), "Only the last step is included; a"),
        "swapped": (lambda *given: bias(*given)[::-1], "The two are swapped"),
        "db alone": (lambda *given: bias(*given)[0], "should return 2 arrays"),
        "in place": (bias_in_place, "writes to what it was given, dzi"),
    },
    "check_peepholes": {
        "1 - ct squared": (peepholes_with(dc="dh * o * (1 - ct)**2 + dc_carry + dzo * po"), "Only ct is squared"),
        "through pf": (
            peepholes_with(dc="dh * o * (1 - ct**2) + dc_carry + dzo * pf"),
            "another gate's peephole has no part in that",
        ),
        "carry again": (
            peepholes_with(dc_before="dc * f + dzi * pi + dzf * pf + dc_carry"),
            "dc_carry has been added once more",
        ),
        "dc_carry alone goes on": (
            peepholes_with(dc_before="dc_carry * f + dzi * pi + dzf * pf"),
            "Only dc_carry goes on",
        ),
        "slope at c": (
            peepholes_with(dc="dh * o * (1 - c**2) + dc_carry + dzo * po"),
            "The slope of tanh is 1 - tanh(c)**2; this takes c itself",
        ),
        "do in place of dzo, in dc alone": (  # so dzo lacks nothing
            peepholes_with(dc="dh * o * (1 - ct**2) + dc_carry + dh * ct * po"),
            "The slope of the output gate, o * (1 - o), is missing.",
        ),
        "no slope of i": (peepholes_with(dzi="dc * g"), "The slope of the input gate, i * (1 - i), is missing"),
        "no slope of f": (
            peepholes_with(dzf="dc * c_before"),
            "The slope of the forget gate, f * (1 - f), is missing",
        ),
        "i * i": (peepholes_with(dzi="dc * g * i * i"), "i * i is not the slope of i"),
        "i alone": (peepholes_with(dzi="dc * g * i"), "Half of the slope of i is missing"),
        "1 - f": (peepholes_with(dzf="dc * c_before * (1 - f)"), "Half of the slope of f is missing"),
        "1 - o": (peepholes_with(dzo="dh * ct * (1 - o)"), "Half of the slope of o is missing: it is o * (1 - o)"),
        "1 - f**2": (
            peepholes_with(dzf="dc * c_before * (1 - f**2)"),
            "1 - f**2 is the slope of a tanh; f is a sigmoid",
        ),
        "1 - o**2": (peepholes_with(dzo="dh * ct * (1 - o**2)"), "1 - o**2 is the slope of a tanh; o is a sigmoid"),
        "tanh twice": (
            peepholes_with(dzi="dc * g * (1 - i**2)", dzf="dc * c_before * (1 - f**2)"),
            "1 - i**2 and 1 - f**2 are slopes of a tanh",
        ),
        "i for g": (peepholes_with(dzi="dc * i * i * (1 - i)"), OTHER_I),
        "c_before for g": (peepholes_with(dzi="dc * c_before * i * (1 - i)"), OTHER_I),
        "g for c_before": (peepholes_with(dzf="dc * g * f * (1 - f)"), OTHER_F),
        "f for c_before": (peepholes_with(dzf="dc * f * f * (1 - f)"), OTHER_F),
        "c for c_before": (
            peepholes_with(dzf="dc * c * f * (1 - f)"),
            "c has no place here. The forget gate looks",
        ),
        "the carry through o": (
            peepholes_with(dzo="(dh + dc_carry) * ct * o * (1 - o)"),
            "none of it goes back through the",
        ),
        "the carry through h": (
            peepholes_with(dc="(dh + dc_carry) * o * (1 - ct**2) + dzo * po"),
            "dc_carry has been sent through h = o * tanh(c)",
        ),
        "the carry in dh": (
            lambda dh, dc_carry, *rest: peepholes(dh + dc_carry, 0 * dc_carry, *rest),
            "dc_carry is treated like dh",
        ),
        "the carry times f": (
            peepholes_with(dc="dh * o * (1 - ct**2) + dc_carry * f + dzo * po"),
            "The next step has already multiplied it by its own f",
        ),
        "minus po": (
            peepholes_with(dc="dh * o * (1 - ct**2) + dc_carry - dzo * po"),
            f"The part through po is subtracted; {ROADS}",
        ),
        "minus the carry": (
            peepholes_with(dc="dh * o * (1 - ct**2) - dc_carry + dzo * po"),
            f"dc_carry is subtracted; {ROADS}",
        ),
        "minus pi": (
            peepholes_with(dc_before="dc * f - dzi * pi + dzf * pf"),
            f"The part through pi is subtracted; {ROADS}",
        ),
        "minus pf": (
            peepholes_with(dc_before="dc * f + dzi * pi - dzf * pf"),
            f"The part through pf is subtracted; {ROADS}",
        ),
        "minus both": (
            peepholes_with(dc_before="dc * f - dzi * pi - dzf * pf"),
            f"The parts through pi and pf are subtracted; {ROADS}",
        ),
        "1 - f carried": (
            peepholes_with(dc_before="dc * (1 - f) + dzi * pi + dzf * pf"),
            "the share that is forgotten",
        ),
        "all with a minus": (lambda *given: [-each for each in peepholes(*given)], "The sign is wrong."),
        "added up": (peepholes_with(dpf="(dzf * c_before).sum()"), "Each unit has a peephole of its own"),
        "outer": (peepholes_with(dpo="np.outer(dzo, c)"), "np.outer makes the gradient of a matrix"),
        "dh alone": (
            lambda *given: given[0],
            "dpi, dpf, dpo), but returns an array of shape (5,)",
        ),
        "no po": (peepholes_with(dc="dh * o * (1 - ct**2) + dc_carry"), "what comes back that way is missing"),
        "no carry": (peepholes_with(dc="dh * o * (1 - ct**2) + dzo * po"), "dc_carry is missing"),
        "no slope at po": (peepholes_with(dzo="dh * ct"), "The slope of the output gate, o * (1 - o), is missing"),
        "po by c": (peepholes_with(dc="dh * o * (1 - ct**2) + dc_carry + dzo * c"), "the factor is po"),
        "tanh at po": (peepholes_with(dc="(dh * o + dzo * po) * (1 - ct**2) + dc_carry"), "looks at c itself"),
        "no tanh slope": (peepholes_with(dc="dh * o + dc_carry + dzo * po"), "The slope of tanh is missing"),
        "parts of dc_before in dc": (
            peepholes_with(
                dc="dh * o * (1 - ct**2) + dc_carry + dzo * po",
                dc_before="dc * f + dzi * pi + dzf * pf + dzo * po",
            ),
            "The output gate looks at c, not at c_before",
        ),
        "carry alone": (peepholes_with(dc_before="dc * f"), "what comes back that way is missing"),
        "no pf": (peepholes_with(dc_before="dc * f + dzi * pi"), "The part through pf is missing"),
        "no pi": (peepholes_with(dc_before="dc * f + dzf * pf"), "The part through pi is missing"),
        "p swapped": (peepholes_with(dc_before="dc * f + dzi * pf + dzf * pi"), "pi and pf are swapped"),
        "no f": (peepholes_with(dc_before="dc + dzi * pi + dzf * pf"), "f is missing from the carry"),
        "new cell in dpi": (peepholes_with(dpi="dzi * c"), "The input gate looks at the old cell"),
        "new cell in dpf": (peepholes_with(dpf="dzf * c"), "The forget gate looks at the old cell"),
        "old cell in dpo": (peepholes_with(dpo="dzo * c_before"), "The output gate looks at the new cell"),
        "tanh in dpo": (peepholes_with(dpo="dzo * ct"), "not at its tanh"),
        "no factor": (peepholes_with(dpf="dzf"), "One c_before is missing"),
        "no factor in dzf": (peepholes_with(dzf="dc * f * (1 - f)"), "One c_before is missing"),
        "dp from dh": (peepholes_with(dzi="dh * g * i * (1 - i)"), "dpi is off"),
        "tanh slope for a gate": (peepholes_with(dzi="dc * g * (1 - i**2)"), "1 - i**2 is the slope of a tanh; i is a"),
        "plain LSTM": (
            peepholes_with(dc="dh * o * (1 - ct**2) + dc_carry", dc_before="dc * f"),
            "dc_before is off",
        ),
        "dc and dc_before swapped": (peepholes_swapped, "dc and dc_before are swapped"),
        "writes to dc_carry": (peepholes_in_place, "writes to what it was given, dc_carry"),
        "four results": (lambda *given: peepholes(*given)[:4], "should return 5 arrays"),
    },
    "check_start": {
        "a for h0": (start_with(lambda a: (a, a), lambda dh0, dc0, a: dc0 + dh0 * (1 - a**2)), "Here h0 = a"),
        "1 - h0 squared": (
            start_with(say=lambda dh0, dc0, a: dc0 + dh0 * (1 - np.tanh(a)) ** 2),
            "Only tanh(a) is squared",
        ),
        "forward": (start_edited("reversed(range(len(x)))", "range(len(x))"), "from the first step to the last"),
        "squashed cell": (start_with(state=lambda a: (np.tanh(a), np.tanh(a))), "Here c0 = tanh(a)"),
        "no hidden start": (start_with(state=lambda a: (0 * a, a)), "starts from an h0 of zeros"),
        "the last loss": (
            start_edited("params.V.T @ dy + dh", "params.V.T @ dy * (t == len(x) - 1) + dh"),
            "Only the loss of the last",
        ),
        "y": (start_edited("            dy[targets[t]] -= 1\n", ""), "this is y itself"),
        "without step 0": (
            start_edited("range(len(x))", "range(1, len(x))"),
            "The walk ends at step 1. It has to go back",
        ),
        "without the last step": (
            start_edited("range(len(x))", "range(len(x) - 1)"),
            "The walk leaves out the last step",
        ),
        "dc handed on": (start_edited('back["dc_before"]', 'back["dc"]'), "dc itself is handed on"),
        "no dh handed on": (start_edited("params.V.T @ dy + dh", "params.V.T @ dy"), "dh_before is not handed on"),
        "nine gradients": (
            lambda step, params, a, x, targets: lt.bptt(params, x, targets, np.tanh(a), a),
            "These are the gradients of the nine matrices",
        ),
        "c0 alone": (start_with(say=lambda dh0, dc0, a: dc0), "What comes through h0 = tanh(a) is missing"),
        "h0 alone": (start_with(say=lambda dh0, dc0, a: dh0 * (1 - np.tanh(a) ** 2)), "through c0 = a is missing"),
        "no slope": (start_with(say=lambda dh0, dc0, a: dc0 + dh0), "The slope of tanh is missing"),
        "slope on both": (start_with(say=lambda dh0, dc0, a: (dc0 + dh0) * (1 - np.tanh(a) ** 2)), "c0 is a itself"),
        "slope on the other": (
            start_with(say=lambda dh0, dc0, a: dc0 * (1 - np.tanh(a) ** 2) + dh0),
            "not to the one through c0",
        ),
        "a for tanh": (start_with(say=lambda dh0, dc0, a: dc0 + dh0 * (1 - a**2)), "so use np.tanh(a), not a"),
        "no square": (start_with(say=lambda dh0, dc0, a: dc0 + dh0 * (1 - np.tanh(a))), "with a square"),
        "value for slope": (start_with(say=lambda dh0, dc0, a: dc0 + dh0 * np.tanh(a)), "not by its value"),
        "difference": (start_with(say=lambda dh0, dc0, a: dc0 - dh0 * (1 - np.tanh(a) ** 2)), "has been subtracted"),
        "step 0": (start_of_step_0, "dh and dc of step 0 are used here"),
        "from zeros": (start_with(state=lambda a: (0 * a, 0 * a)), "The forward pass starts from zeros"),
        "nudges": (start_by_nudging, "measured with lt.loss"),
        "complex steps": (start_by_complex_steps, "measured with lt.forward"),
        "h0 and c0 exchanged": (start_with(state=lambda a: (a, np.tanh(a))), "h0 and c0 are swapped"),
        "h0 is a": (start_with(state=lambda a: (a, a)), "Here h0 = a"),
        "no carry": (start_with(carry=False), "dc_before is not handed on from step to step"),
        "mean": (
            lambda step, params, a, x, targets: start_with()(step, params, a, x, targets) / len(x),
            "the loss is a sum",
        ),
        "differences of order 2": (
            lambda step, params, a, x, targets: start_by_nudging(step, params, a, x, targets) + 1e-6,
            "da is off",
        ),
        "both deltas": (start_with(say=lambda dh0, dc0, a: (dh0, dc0)), "should be an array of shape (6,)"),
        "one number": (start_with(say=lambda dh0, dc0, a: float(dc0.sum())), "is a single number"),
        "in place": (start_in_place, "writes to what it was given, a"),
    },
}
