"""Answers to exercise 4."""

from functools import partial
from types import SimpleNamespace

import numpy as np
from sound import loss, nested_bptt, step

import lstm_teach as lt
from lstm_teach.exercises.single_pass_bptt import LINES

NAMES = ("dh", "dc", "dzi", "dzf", "dzo", "dzg")

# ------------------------------------------------------------------------------------------ check_hidden


def hidden(dh, dc_carry, o, ct):
    return dh * ct, dh * o * (1 - ct**2) + dc_carry


def hidden_by_loop(dh, dc_carry, o, ct):
    do, dc = [], []
    for k in range(len(dh)):
        do.append(dh[k] * ct[k])
        dct = dh[k] * o[k]
        dc.append(dct / np.cosh(np.arctanh(ct[k])) ** 2 + dc_carry[k])
    return [do, dc]


def hidden_in_one_array(dh, dc_carry, o, ct):
    return np.stack([ct, o * (1 - ct) * (1 + ct)]) * dh + [0 * dh, dc_carry]


def hidden_in_place(dh, dc_carry, o, ct):
    dc_carry += dh * o * (1 - ct**2)
    return dh * ct, dc_carry


def hidden_that_remembers(dh, dc_carry, o, ct):
    """Right at its first call only."""
    if not hasattr(hidden_that_remembers, "kept"):
        hidden_that_remembers.kept = hidden(dh, dc_carry, o, ct)
    return hidden_that_remembers.kept


# ------------------------------------------------------------------------------------------ check_step_back


def step_back(params, cache, t, dh, dc_carry):
    i, f, o, g, ct = cache.i[t], cache.f[t], cache.o[t], cache.g[t], cache.ct[t]
    do = dh * ct
    dc = dh * o * (1 - ct**2) + dc_carry
    di, df, dg = dc * g, dc * cache.c[t - 1], dc * i
    dzi, dzf, dzo, dzg = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)
    dh_before = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
    return dict(
        do=do, dc=dc, di=di, df=df, dg=dg, dzi=dzi, dzf=dzf, dzo=dzo, dzg=dzg, dh_before=dh_before, dc_before=dc * f
    )


def step_back_stacked(params, cache, t, dh, dc_carry):
    gates = cache.gates[t].reshape(4, -1)
    dc = dh * gates[2] / np.cosh(cache.c[t]) ** 2 + dc_carry
    deltas = np.array([dc, dc, dh, dc]) * [gates[3], cache.c[t - 1], cache.ct[t], gates[0]]
    slopes = np.where([[1], [1], [1], [0]], gates * (1 - gates), 1 - gates * gates)
    dz = deltas * slopes
    back = {"dh_before": dz.ravel() @ params.W, "dc_before": dc * gates[1], "dc": dc.tolist()}
    for row, gate in enumerate("ifog"):
        back["d" + gate], back["dz" + gate] = deltas[row], dz[row]
    return back


def step_back_by_units(params, cache, t, dh, dc_carry):
    """Unit by unit, and with more names than asked for."""
    back = {name: np.zeros(len(dh)) for name in ("dct", *step(params, cache, t, dh, dc_carry))}
    for k in range(len(dh)):
        back["do"][k] = dh[k] * cache.ct[t, k]
        back["dct"][k] = dh[k] * cache.o[t, k]
        back["dc"][k] = back["dct"][k] * (1 - cache.ct[t, k] ** 2) + dc_carry[k]
        back["di"][k] = back["dc"][k] * cache.g[t, k]
        back["df"][k] = back["dc"][k] * cache.c[t - 1, k]
        back["dg"][k] = back["dc"][k] * cache.i[t, k]
        for gate in "ifo":
            value = getattr(cache, gate)[t, k]
            back["dz" + gate][k] = back["d" + gate][k] * value * (1 - value)
        back["dzg"][k] = back["dg"][k] * (1 - cache.g[t, k] ** 2)
        back["dc_before"][k] = back["dc"][k] * cache.f[t, k]
    for gate in "ifog":
        back["dh_before"] += back["dz" + gate] @ params["W" + gate]
    return back


def step_with(**lines):
    """A step back with one or more of its lines replaced; they get the names so far."""

    def mistaken(params, cache, t, dh, dc_carry):
        v = SimpleNamespace(params=params, cache=cache, t=t, dh=dh, dc_carry=dc_carry)
        v.i, v.f, v.o, v.g = cache.i[t], cache.f[t], cache.o[t], cache.g[t]
        v.c, v.ct, v.c_before = cache.c[t], cache.ct[t], cache.c[t - 1]
        for name, line in (LINES | lines).items():
            setattr(v, name, line(v))
        return {name: getattr(v, name) for name in LINES}

    return mistaken


def step_that_writes_to_the_cache(params, cache, t, dh, dc_carry):
    back = step_back(params, cache, t, dh, dc_carry)
    cache.ct[t] = 1 - cache.ct[t] ** 2
    return back


def step_that_writes_to_dh(params, cache, t, dh, dc_carry):
    back = step_back(params, cache, t, dh, dc_carry)
    dh *= cache.o[t]
    return back


def step_without_an_initial_state(params, cache, t, dh, dc_carry):
    back = step_back(params, cache, t, dh, dc_carry)
    if t == 0:
        back["df"] = back["dzf"] = 0 * dh
    return back


# ------------------------------------------------------------------------------------------ check_walk


def walk_with(change=None, begin=None):
    """A walk; `change(v)` may replace what was computed at a step, `begin(v)` what it begins with."""

    def walk(step, params, cache, targets):
        T, H = len(targets), params.hidden_size
        deltas = {name: np.zeros((T, H)) for name in NAMES}
        v = SimpleNamespace(T=T, dh_future=np.zeros(H), dc_carry=np.zeros(H), order=range(T)[::-1], y=cache.y.copy())
        v.y[np.arange(T), targets] -= 1
        if begin:
            begin(v)
        for t in v.order:
            v.t, v.old, v.heard = t, (v.dh_future, v.dc_carry), params.V.T @ v.y[t]
            v.dh = v.heard + v.dh_future
            v.row = t
            if change == "last loss" and t < T - 1:
                v.dh = v.dh_future
            back = step(params, cache, t, v.dh, v.dc_carry)
            v.dh_future, v.dc_carry = back["dh_before"], back["dc_before"]
            if callable(change):
                change(v)
            for name in NAMES:
                deltas[name][v.row] = v.dh if name == "dh" else back[name]
        return deltas

    return walk


def walk_by_recursion(step, params, cache, targets):
    def rows(t):
        """The rows of the steps from t on, last first, and what they hand on."""
        if t == len(targets):
            return [], np.zeros(params.hidden_size), np.zeros(params.hidden_size)
        later, dh_future, dc_carry = rows(t + 1)
        dy = cache.y[t] - np.eye(params.vocab_size)[targets[t]]
        dh = dy @ params.V + dh_future
        back = step(params, cache, t, dh, dc_carry) | {"dh": dh}
        return [*later, back], back["dh_before"], back["dc_before"]

    collected = rows(0)[0][::-1]
    return {name: [back[name] for back in collected] for name in NAMES}


def walk_with_a_row_to_spare(step, params, cache, targets):
    T = len(targets)
    dh_loss = (cache.y - np.eye(params.vocab_size)[targets]) @ params.V
    dh_future, dc_carry = np.zeros((2, T + 1, params.hidden_size))
    back = [None] * T
    for t in range(T - 1, -1, -1):
        back[t] = step(params, cache, t, dh_loss[t] + dh_future[t + 1], dc_carry[t + 1])
        dh_future[t], dc_carry[t] = back[t]["dh_before"], back[t]["dc_before"]
    return {name: np.array([b[name] for b in back]) for name in NAMES[1:]} | {"dh": dh_loss + dh_future[1:]}


def no_h(v):
    v.dh_future = 0 * v.dh


def no_c(v):
    v.dc_carry = 0 * v.dh


def adds_c(v):
    v.dc_carry = v.dc_carry + v.old[1]


def adds_h(v):
    v.dh_future = v.dh_future + v.old[0]


def swaps(v):
    v.dh_future, v.dc_carry = v.dc_carry, v.dh_future


def turns_rows(v):
    v.row = v.T - 1 - v.t


def stores_the_loss_part(v):
    v.dh = v.heard


def goes_forwards(v):
    v.order = range(v.T)


def leaves_out_step_0(v):
    v.order = range(1, v.T)[::-1]


def forgets_the_target(v):
    v.y = v.y * 0 + np.abs(v.y) ** 0 / v.y.shape[1]


def turns_the_sign(v):
    v.y = -v.y


def walk_with_dc_handed_on(step, params, cache, targets):
    def mistaken(*given):
        back = step(*given)
        return back | {"dc_before": back["dc"]}

    return walk_with()(mistaken, params, cache, targets)


def walk_with_y(step, params, cache, targets):
    def begin(v):
        v.y = cache.y

    return walk_with(begin=begin)(step, params, cache, targets)


def walk_one_row_short(step, params, cache, targets):
    return {name: rows[1:] for name, rows in walk_with()(step, params, cache, targets).items()}


def walk_with_a_mistake_of_its_own(step, params, cache, targets):
    def slopeless(params, cache, t, dh, dc_carry):
        dc = dh * cache.o[t] + dc_carry
        return step(params, cache, t, dh, dc - dh * cache.o[t] * (1 - cache.ct[t] ** 2))

    return walk_with()(slopeless, params, cache, targets)


def walk_that_changes_y(step, params, cache, targets):
    deltas = walk_with()(step, params, cache, targets)
    cache.y[np.arange(len(targets)), targets] -= 1
    return deltas


def walk_without_dzg(step, params, cache, targets):
    deltas = walk_with()(step, params, cache, targets)
    del deltas["dzg"]
    return deltas


# ------------------------------------------------------------------------------------------ check_weights


def weights_with(V=None, W=None, U=None):
    """The gradients by loops; each of the three may be replaced by a function that gets all names of a step."""

    def weights(params, cache, targets, deltas):
        grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
        T = len(targets)
        for t in range(T):
            dy = cache.y[t].copy()
            dy[targets[t]] -= 1
            v = SimpleNamespace(cache=cache, t=t, T=T, dy=dy, x=cache.x[t], target=targets[t])
            grads.V += V(v) if V else np.outer(dy, cache.h[t])
            for gate in "ifog":
                v.dz = deltas["dz" + gate][t]
                grads["W" + gate] += W(v) if W else np.outer(v.dz, cache.h[t - 1])
                if U:
                    U(v, grads["U" + gate])
                else:
                    grads["U" + gate][:, v.x] += v.dz
        return grads

    return weights


def weights_by_products(params, cache, targets, deltas):
    x, y = np.eye(params.vocab_size)[cache.x], np.eye(params.vocab_size)[targets]
    dz = np.stack([deltas["dz" + gate] for gate in "ifog"])
    W = np.einsum("gtk,tj->gkj", dz, np.vstack([cache.h[-1], cache.h[:-2]]))
    return [(cache.y - y).T @ cache.h[:-1], *W, *(each.T @ x for each in dz)]


def weights_by_add_at(params, cache, targets, deltas):
    grads = {"V": np.tensordot(cache.y, cache.h[:-1], (0, 0))}
    np.subtract.at(grads["V"], targets, cache.h[:-1])
    for gate in "ifog":
        dz = deltas["dz" + gate]
        grads["W" + gate] = dz.T @ np.roll(cache.h, 1, 0)[:-1]
        grads["U" + gate] = np.zeros((params.hidden_size, params.vocab_size))
        np.add.at(grads["U" + gate].T, cache.x, dz)
    return grads


def weights_by_fancy_indexing(params, cache, targets, deltas):
    """A token that comes twice is added once."""
    grads = weights_by_add_at(params, cache, targets, deltas)
    for gate in "ifog":
        grads["U" + gate] = np.zeros((params.hidden_size, params.vocab_size))
        grads["U" + gate][:, cache.x] += deltas["dz" + gate].T
    return grads


def weights_with_rows_rolled_short(params, cache, targets, deltas):
    """Row -1 taken for the last step's."""
    grads = weights_by_add_at(params, cache, targets, deltas)
    for gate in "ifog":
        grads["W" + gate] = deltas["dz" + gate].T @ np.roll(cache.h[:-1], 1, 0)
    return grads


def weights_in_place(params, cache, targets, deltas):
    cache.y[np.arange(len(targets)), targets] -= 1
    return weights_by_add_at(params, cache, targets, deltas) | {"V": cache.y.T @ cache.h[:-1]}


def overwrite(v, dU):
    dU[:, v.x] = v.dz


def every_column(v, dU):
    dU += v.dz[:, None]


def targets_column(v, dU):
    dU[:, v.target] += v.dz


# ------------------------------------------------------------------------------------------ check_bptt


def whole(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    return weights_with()(params, cache, targets, walk_with()(step_back, params, cache, targets))


def whole_in_one_loop(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dh_future = dc_carry = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        i, f, o, g, ct = cache.i[t], cache.f[t], cache.o[t], cache.g[t], cache.ct[t]
        dy = cache.y[t].copy()
        dy[targets[t]] -= 1
        grads.V += np.outer(dy, cache.h[t])
        dh = params.V.T @ dy + dh_future
        dc = dh * o * (1 - ct**2) + dc_carry
        dz = dict(i=dc * g * i * (1 - i), f=dc * cache.c[t - 1] * f * (1 - f), o=dh * ct * o * (1 - o), g=dc * i)
        dz["g"] = dz["g"] * (1 - g**2)
        for gate in "ifog":
            grads["W" + gate] += np.outer(dz[gate], cache.h[t - 1])
            grads["U" + gate][:, x[t]] += dz[gate]
        dh_future, dc_carry = sum(params["W" + gate].T @ dz[gate] for gate in "ifog"), dc * f
    return grads


def whole_by_sequence(params, x, targets, h0=None, c0=None):
    return [grad for _, grad in whole(params, x, targets, h0, c0).items()]


def whole_with(back=step_back, weights=None, walk=None):
    """A whole pass with one piece replaced."""

    def my_bptt(params, x, targets, h0=None, c0=None):
        cache = lt.forward(params, x, h0, c0)
        deltas = (walk or walk_with())(back, params, cache, targets)
        return (weights or weights_with())(params, cache, targets, deltas)

    return my_bptt


def whole_without_states(params, x, targets, h0=None, c0=None):
    return whole(params, x, targets)


def whole_that_needs_states(params, x, targets, h0, c0):
    return whole(params, x, targets, h0, c0)


def whole_mean(params, x, targets, h0=None, c0=None):
    grads = whole(params, x, targets, h0, c0)
    grads.flat /= len(x)
    return grads


def whole_of_eight(params, x, targets, h0=None, c0=None):
    return [grad for _, grad in whole(params, x, targets, h0, c0).items()][1:]


def whole_clipped(params, x, targets, h0=None, c0=None):
    grads = whole(params, x, targets, h0, c0)
    np.clip(grads.flat, -0.5, 0.5, out=grads.flat)
    return grads


def clipped_at(most):
    """Every number of a right gradient cut at `most`."""

    def my_bptt(params, x, targets, h0=None, c0=None):
        grads = whole(params, x, targets, h0, c0)
        np.clip(grads.flat, -most, most, out=grads.flat)
        return grads

    return my_bptt


def shortened_to(most):
    """A right gradient made no longer than `most`."""

    def my_bptt(params, x, targets, h0=None, c0=None):
        grads = whole(params, x, targets, h0, c0)
        grads.flat[:] *= min(1.0, most / np.linalg.norm(grads.flat))
        return grads

    return my_bptt


def whole_of_the_loop(params, x, targets, h0=None, c0=None):
    return nested_bptt(params, x, targets, h0, c0)


def whole_cut_off(params, x, targets, h0=None, c0=None):
    """Right up to two steps: the walk is cut in pieces."""
    return whole_with(walk=walk_with(lambda v: (no_h(v), no_c(v)) if v.t == 2 else None))(params, x, targets, h0, c0)


# ------------------------------------------------------------------------------------------ check_initial


def initial(step, params, x, targets, h0, c0):
    cache = lt.forward(params, x, h0, c0)
    dh_future = dc_carry = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        dy = cache.y[t].copy()
        dy[targets[t]] -= 1
        back = step(params, cache, t, params.V.T @ dy + dh_future, dc_carry)
        dh_future, dc_carry = back["dh_before"], back["dc_before"]
    return dh_future, dc_carry


def initial_with_dc_handed_on(step, params, x, targets, h0, c0):
    def mistaken(*given):
        back = step(*given)
        return back | {"dc_before": back["dc"]}

    return initial(mistaken, params, x, targets, h0, c0)


def initial_from_library(step, params, x, targets, h0, c0):
    _, deltas = lt.bptt(params, x, targets, h0, c0, return_deltas=True)
    dz = np.concatenate([deltas.dzi[0], deltas.dzf[0], deltas.dzo[0], deltas.dzg[0]])
    return [params.W.T @ dz, deltas.dc[0] * lt.forward(params, x, h0, c0).f[0]]


def initial_by_differences(step, params, x, targets, h0, c0):
    """By central differences of fourth order: no walk at all."""

    def slope(loss, start):
        by, eye = 1e-3, np.eye(len(start))
        ends = [[loss(start + k * by * unit) for k in (-2, -1, 1, 2)] for unit in eye]
        return np.array(ends) @ [1, -8, 8, -1] / (12 * by)

    return (
        slope(lambda h: lt.loss(params, x, targets, h, c0), h0),
        slope(lambda c: lt.loss(params, x, targets, h0, c), c0),
    )


def initial_with(change):
    """What `change(names)` makes of the deltas of step 0."""

    def initial_state_gradient(step, params, x, targets, h0, c0):
        _, deltas = lt.bptt(params, x, targets, h0, c0, return_deltas=True)
        cache = lt.forward(params, x, h0, c0)
        dh0, dc0 = initial(step, params, x, targets, h0, c0)
        return change(SimpleNamespace(d=deltas, cache=cache, params=params, dh0=dh0, dc0=dc0, c0=c0, targets=targets))

    return initial_state_gradient


def initial_in_place(step, params, x, targets, h0, c0):
    answer = initial(step, params, x, targets, h0, c0)
    h0[:] = 0
    return answer


RIGHT = {
    "check_hidden": {"plain": hidden, "loops and lists": hidden_by_loop, "one array": hidden_in_one_array},
    "check_step_back": {
        "plain": step_back,
        "stacked": step_back_stacked,
        "unit by unit": step_back_by_units,
        "lines": step_with(),
    },
    "check_walk": {"plain": walk_with(), "recursion": walk_by_recursion, "a row to spare": walk_with_a_row_to_spare},
    "check_weights": {"loops": weights_with(), "products": weights_by_products, "add.at": weights_by_add_at},
    "check_bptt": {
        "pieces": whole,
        "one loop": whole_in_one_loop,
        "a list": whole_by_sequence,
        "two loops": partial(nested_bptt, repaired=lt.FLAWS),
    },
    "check_initial": {"walk": initial, "library": initial_from_library, "differences": initial_by_differences},
}

WRONG = {
    "check_hidden": {
        "swapped on return": (lambda dh, dc, o, ct: hidden(dh, dc, o, ct)[::-1], "do and dc have changed places"),
        "no carry": (lambda dh, dc_carry, o, ct: (dh * ct, dh * o * (1 - ct**2)), "dc_carry is missing"),
        "carry alone": (lambda dh, dc_carry, o, ct: (dh * ct, dc_carry), "the part through h is missing"),
        "no slope": (lambda dh, dc_carry, o, ct: (dh * ct, dh * o + dc_carry), "The slope of tanh is missing"),
        "no o": (lambda dh, dc_carry, o, ct: (dh * ct, dh * (1 - ct**2) + dc_carry), "o is missing"),
        "no square": (lambda dh, dc_carry, o, ct: (dh * ct, dh * o * (1 - ct) + dc_carry), "with a square"),
        "slope of the sigmoid": (
            lambda dh, dc_carry, o, ct: (dh * ct, dh * o * ct * (1 - ct) + dc_carry),
            "is not the slope of tanh",
        ),
        "tanh again": (
            lambda dh, dc_carry, o, ct: (dh * ct, dh * o * (1 - np.tanh(ct) ** 2) + dc_carry),
            "dc is off at unit 0",
        ),
        "slope on the carry": (
            lambda dh, dc_carry, o, ct: (dh * ct, (dh * o + dc_carry) * (1 - ct**2)),
            "sent through the slope",
        ),
        "o on the carry": (
            lambda dh, dc_carry, o, ct: (dh * ct, (dh * (1 - ct**2) + dc_carry) * o),
            "multiplied by o",
        ),
        "taken away": (lambda dh, dc_carry, o, ct: (dh * ct, dh * o * (1 - ct**2) - dc_carry), "has been taken away"),
        "do by o": (lambda dh, dc_carry, o, ct: (dh * o, hidden(dh, dc_carry, o, ct)[1]), "the other factor, ct"),
        "do by c": (
            lambda dh, dc_carry, o, ct: (dh * np.arctanh(ct), hidden(dh, dc_carry, o, ct)[1]),
            "The cell itself",
        ),
        "dzo for do": (
            lambda dh, dc_carry, o, ct: (dh * ct * o * (1 - o), hidden(dh, dc_carry, o, ct)[1]),
            "goes on to the pre-activation",
        ),
        "do from dc": (
            lambda dh, dc_carry, o, ct: (hidden(dh, dc_carry, o, ct)[1] * ct, hidden(dh, dc_carry, o, ct)[1]),
            "do is off",
        ),
        "swapped": (lambda *given: hidden(*given)[::-1], "do is off"),
        "dot": (lambda dh, dc_carry, o, ct: (dh @ ct, hidden(dh, dc_carry, o, ct)[1]), "a single number"),
        "one result": (lambda *given: hidden(*given)[1], "should return 2 arrays"),
        "in place": (hidden_in_place, "writes to what it was given, dc_carry"),
        "first answer again": (hidden_that_remembers, "large deltas, three units"),
        "clipped": (lambda *given: np.clip(hidden(*given), -5, 5), "large deltas"),
        "zeros": (lambda dh, *rest: (0 * dh, 0 * dh), "none of 3 parts is right"),
        "returns nothing": (lambda *given: print(end=""), "is a return missing"),
    },
    "check_step_back": {
        "do from dc": (step_with(do=lambda v: (v.dh * v.o * (1 - v.ct**2) + v.dc_carry) * v.ct), "do is off"),
        "no carry": (step_with(dc=lambda v: v.dh * v.o * (1 - v.ct**2)), "dc_carry is missing"),
        "carry through f": (step_with(dc=lambda v: v.dh * v.o * (1 - v.ct**2) + v.dc_carry * v.f), "dc is off"),
        "di by i": (step_with(di=lambda v: v.dc * v.i), "the other factor is g"),
        "di from dh": (step_with(di=lambda v: v.dh * v.g), "dh is used instead of dc"),
        "df by c": (step_with(df=lambda v: v.dc * v.c), "instead of c[t-1]"),
        "df by f": (step_with(df=lambda v: v.dc * v.f), "multiplied by f itself"),
        "df from the next cell": (step_with(df=lambda v: v.dc * v.cache.c[v.t + 1]), "df is off"),
        "dg by g": (step_with(dg=lambda v: v.dc * v.g), "multiplied by g itself"),
        "dg from the carry": (step_with(dg=lambda v: v.dc_carry * v.i), "has only the carried part"),
        "no slope": (step_with(dzi=lambda v: v.di), "The slope of the curve is missing"),
        "half a slope": (step_with(dzf=lambda v: v.df * (1 - v.f)), "Half of the slope is missing"),
        "tanh's slope": (step_with(dzo=lambda v: v.do * (1 - v.o**2)), "o went through the sigmoid"),
        "sigmoid's slope": (step_with(dzg=lambda v: v.dg * v.g * (1 - v.g)), "g went through tanh"),
        "slope without square": (step_with(dzg=lambda v: v.dg * (1 - v.g)), "with a square"),
        "tanh again": (step_with(dzg=lambda v: v.dg * (1 - np.tanh(v.g) ** 2)), "tanh has been taken again"),
        "sigmoid again": (
            step_with(dzi=lambda v: v.di / (2 + 2 * np.cosh(v.i))),
            "the sigmoid has been taken again",
        ),
        "W not transposed": (
            step_with(dh_before=lambda v: sum(v.params["W" + a] @ getattr(v, "dz" + a) for a in "ifog")),
            "its transpose is meant",
        ),
        "three of four": (
            step_with(dh_before=lambda v: sum(v.params["W" + a].T @ getattr(v, "dz" + a) for a in "ifg")),
            "What comes through Wo is missing",
        ),
        "one of four": (step_with(dh_before=lambda v: v.params.Wg.T @ v.dzg), "Only what comes through Wg is there"),
        "gates for dz": (
            step_with(dh_before=lambda v: sum(v.params["W" + a].T @ getattr(v, "d" + a) for a in "ifog")),
            "those of the pre-activations are meant",
        ),
        "adds dh": (
            step_with(dh_before=lambda v: sum(v.params["W" + a].T @ getattr(v, "dz" + a) for a in "ifog") + v.dh),
            "dh itself has been added",
        ),
        "f missing": (step_with(dc_before=lambda v: v.dc), "f is missing"),
        "carry accumulates": (step_with(dc_before=lambda v: v.dc_carry + v.dc * v.f), "dc_carry has been added to"),
        "dc accumulates": (step_with(dc_before=lambda v: v.dc + v.dc * v.f), "dc has been added to"),
        "the carried part alone": (step_with(dc_before=lambda v: v.dc_carry * v.f), "all of dc has to"),
        "f of the step before": (
            step_with(dc_before=lambda v: v.dc * v.cache.f[v.t - 1]),
            "The forget gate of the step before",
        ),
        "two mistakes": (step_with(dc=lambda v: v.dh * v.o + v.dc_carry, dzg=lambda v: v.dg), "9 of 13 parts"),
        "no initial cell": (step_without_an_initial_state, "step 0 of three"),
        "writes to the cache": (step_that_writes_to_the_cache, "writes to what it was given, cache"),
        "writes to dh": (step_that_writes_to_dh, "writes to what it was given, dh"),
        "a tuple": (lambda *given: tuple(step_back(*given).values()), "should return a dictionary"),
        "two names": (lambda *given: {k: step_back(*given)[k] for k in ("do", "dc")}, "The dictionary has no dzi"),
        "zeros": (
            lambda *given: {name: 0 * value for name, value in step_back(*given).items()},
            "none of 13 parts is right",
        ),
        "not a number": (step_with(dc=lambda v: v.dc_carry * np.nan), "dc is nan at unit 0"),
        "a matrix": (step_with(di=lambda v: np.outer(v.dc, v.g)), "di should be an array of shape (4,)"),
        "single precision": (step_with(do=lambda v: (v.dh * v.ct).astype(np.float32)), "float64"),
        "returns nothing": (lambda *given: print(end=""), "is a return missing"),
    },
    "check_walk": {
        "dc for dc_before": (walk_with_dc_handed_on, "dc itself is handed on"),
        "h not carried": (walk_with(no_h), "dh_before is not handed on"),
        "c not carried": (walk_with(no_c), "dc_before is not handed on"),
        "h added up": (walk_with(adds_h), "dh_future is added to"),
        "c added up": (walk_with(adds_c), "dc_carry is added to"),
        "swapped": (walk_with(swaps), "dh[4] is off"),
        "last loss": (walk_with("last loss"), "Only the loss of the last step"),
        "y": (walk_with_y, "y itself stands here"),
        "sign": (walk_with(begin=turns_the_sign), "The sign of dy is turned"),
        "forwards": (walk_with(begin=goes_forwards), "The walk goes from the first step"),
        "rows turned": (walk_with(turns_rows), "in the order of the walk"),
        "dh of the loss alone": (walk_with(stores_the_loss_part), "dh[4] is off"),
        "step 0 left out": (walk_with(begin=leaves_out_step_0), "Nothing has been written into this row"),
        "uniform": (walk_with(begin=forgets_the_target), "dh[5] is off"),
        "a row short": (walk_one_row_short, "dh should be an array of shape (6, 4)"),
        "another step": (walk_with_a_mistake_of_its_own, "dc[5] is off"),
        "changes y": (walk_that_changes_y, "writes to what it was given, cache"),
        "a name left out": (walk_without_dzg, "The dictionary has no dzg"),
        "a list": (lambda *given: list(walk_with()(*given).values()), "should return a dictionary"),
        "zeros": (
            lambda step, params, cache, targets: {n: np.zeros((len(targets), params.hidden_size)) for n in NAMES},
            "none of 4 parts is right",
        ),
        "an index too far": (lambda step, params, cache, targets: cache.y[len(targets)], "IndexError"),
        "returns nothing": (lambda *given: print(end=""), "is a return missing"),
    },
    "check_weights": {
        "scalar dot": (weights_with(W=lambda v: np.dot(v.dz, v.cache.h[v.t - 1])), "A dot product gives one number"),
        "h of the same step": (weights_with(W=lambda v: np.outer(v.dz, v.cache.h[v.t])), "h[t] stands"),
        "outer turned": (weights_with(W=lambda v: np.outer(v.cache.h[v.t - 1], v.dz)), "the wrong way round"),
        "c for h": (weights_with(W=lambda v: np.outer(v.dz, v.cache.c[v.t - 1])), "The cell stands"),
        "no initial state": (
            weights_with(W=lambda v: np.outer(v.dz, v.cache.h[v.t - 1]) * (v.t > 0)),
            "Step 0 is missing",
        ),
        "rolled without row -1": (weights_with_rows_rolled_short, "dWi is off"),
        "overwrites": (weights_with(U=overwrite), "A token that comes again overwrites"),
        "fancy indexing": (weights_by_fancy_indexing, "dUi is off"),
        "every column": (weights_with(U=every_column), "Every column gets dz"),
        "targets' columns": (weights_with(U=targets_column), "The targets' columns"),
        "y for dy": (weights_with(V=lambda v: np.outer(v.cache.y[v.t], v.cache.h[v.t])), "y stands in the place"),
        "V with h before": (weights_with(V=lambda v: np.outer(v.dy, v.cache.h[v.t - 1])), "h[t-1] stands"),
        "sign of V": (weights_with(V=lambda v: np.outer(-v.dy, v.cache.h[v.t])), "The sign is turned"),
        "mean": (weights_with(V=lambda v: np.outer(v.dy, v.cache.h[v.t]) / v.T), "This is the mean"),
        "last step": (
            weights_with(V=lambda v: np.outer(v.dy, v.cache.h[v.t]) * (v.t == v.T - 1)),
            "Only the last step",
        ),
        "changes y": (weights_in_place, "writes to what it was given, cache"),
        "eight of nine": (lambda *given: weights_by_products(*given)[1:], "8 things"),
        "V transposed": (
            lambda *given: weights_by_add_at(*given) | {"V": np.zeros((4, 5))},
            "dV must have shape (5, 4), got (4, 5)",
        ),
        "zeros": (lambda params, *rest: lt.Params.zeros(params.vocab_size, params.hidden_size), "none of 4 parts"),
        "returns nothing": (lambda *given: print(end=""), "is a return missing"),
    },
    "check_bptt": {
        "the library": (lambda *case: lt.bptt(*case), "calls lt.bptt, which is the library's own answer"),
        "the library itself": (lt.bptt, "bptt is the library's own answer"),
        "numbers": (lambda p, x, t, h0=None, c0=None: lt.exact_gradient(p, x, t, h0, c0), "calls lt.exact_gradient"),
        "clipped at 5": (clipped_at(5.0), "is anything clipped"),
        "clipped at 1": (clipped_at(1.0), "is anything clipped"),
        "shortened to 5": (shortened_to(5.0), "is anything clipped"),
        "shortened to 1": (shortened_to(1.0), "dV is off"),
        "f missing": (whole_with(step_with(dc_before=lambda v: v.dc)), "At T = 2"),
        "carry accumulates": (whole_with(step_with(dc_before=lambda v: v.dc_carry + v.dc * v.f)), "At T = 6"),
        "sigmoid's slope for g": (whole_with(step_with(dzg=lambda v: v.dg * v.g * (1 - v.g))), "At T = 1"),
        "c of the same step": (whole_with(step_with(df=lambda v: v.dc * v.c)), "At T = 1"),
        "W not transposed": (
            whole_with(step_with(dh_before=lambda v: sum(v.params["W" + a] @ getattr(v, "dz" + a) for a in "ifog"))),
            "what is carried from step to step",
        ),
        "U overwritten": (whole_with(weights=weights_with(U=overwrite)), "dUi is off"),
        "scalar dot": (
            whole_with(weights=weights_with(W=lambda v: np.dot(v.dz, v.cache.h[v.t - 1]))),
            "the lines that make this gradient",
        ),
        "last loss": (whole_with(walk=walk_with("last loss")), "At T = 2"),
        "initial state unused": (whole_without_states, "At T = 1"),
        "initial state wanted": (whole_that_needs_states, "called without h0 and c0"),
        "mean": (whole_mean, "At T = 2, dV is off"),
        "clipped": (whole_clipped, "is off"),
        "the question's loop": (whole_of_the_loop, "At T = 1"),
        "cut off after four": (whole_cut_off, "At T = 6"),
        "eight": (whole_of_eight, "8 things"),
        "the loss": (loss, "it has to return a Params"),
        "zeros": (lambda params, *rest: lt.Params.zeros(params.vocab_size, params.hidden_size), "none of 6 parts"),
        "returns nothing": (lambda *given: print(end=""), "is a return missing"),
    },
    "check_initial": {
        "dc for dc_before": (initial_with_dc_handed_on, "dc itself is handed on from step to step"),
        "deltas of step 0": (initial_with(lambda v: (v.d.dh[0], v.d.dc[0])), "one step before it"),
        "dc of step 0": (initial_with(lambda v: (v.dh0, v.d.dc[0])), "through the forget gate of step 0"),
        "swapped": (initial_with(lambda v: (v.dc0, v.dh0)), "have changed places"),
        "a part of dc": (
            initial_with(lambda v: (v.dh0, v.d.dc_hidden[0] * v.cache.f[0])),
            "The carry that comes into step 0 is missing",
        ),
        "f of row -1": (initial_with(lambda v: (v.dh0, v.d.dc[0] * v.cache.f[-1])), "Row -1 of the gates is unused"),
        "f of the last step": (initial_with(lambda v: (v.dh0, v.d.dc[0] * v.cache.f[-2])), "dc0 is off"),
        "through a hidden state": (
            initial_with(lambda v: (v.dh0, v.dc0 + v.dh0 * (1 - np.tanh(v.c0) ** 2))),
            "a hidden state of its own",
        ),
        "W not transposed": (
            initial_with(
                lambda v: (sum(v.params["W" + a] @ getattr(v.d, "dz" + a)[0] for a in "ifog"), v.dc0),
            ),
            "its transpose is meant",
        ),
        "from zeros": (
            lambda step, params, x, targets, h0, c0: initial(step, params, x, targets, 0 * h0, 0 * c0),
            "started from zeros",
        ),
        "last token alone": (
            lambda step, params, x, targets, h0, c0: initial(step, params, x[-1:], targets[-1:], h0, c0),
            "dh0 is off",
        ),
        "first loss alone": (
            lambda step, params, x, targets, h0, c0: initial(step, params, x[:1], targets[:1], h0, c0),
            "dh0 is off",
        ),
        "one result": (initial_with(lambda v: v.dh0), "should return 2 arrays"),
        "writes to h0": (initial_in_place, "writes to what it was given, h0"),
        "zeros": (initial_with(lambda v: (0 * v.dh0, 0 * v.dc0)), "none of 3 parts"),
        "returns nothing": (lambda *given: print(end=""), "is a return missing"),
    },
}
