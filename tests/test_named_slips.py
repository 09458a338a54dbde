"""Slips of learners that a check of the exercises names by their cause, each run through the check itself."""

import numpy as np
import pytest
from exercise_answers import flawed_backward as flawed_answers
from exercise_answers import forward_pass as forward_answers
from exercise_answers import mixed_exam as exam_answers
from exercise_answers import single_pass_bptt as single_answers
from exercise_answers import training as training_answers
from exercise_answers import vanishing_gradients as vanishing_answers

import lstm_teach as lt
from lstm_teach.edited import edited
from lstm_teach.exercises import (
    flawed_backward,
    forward_pass,
    mixed_exam,
    single_pass_bptt,
    training,
    vanishing_gradients,
)

sigmoid, bias, net = forward_answers.sigmoid, forward_answers.bias, forward_answers.net


def all_named(check, slips):
    """A parameter for each slip: the check, the learner's function, and words of the cause."""
    return [pytest.param(check, *slip, id=f"{check.__name__}-{name}") for name, slip in slips.items()]


# ------------------------------------------------------------------------------------------ exercise 1


def loss_of_log2(V, h, targets):
    total = 0.0
    for t in range(len(h)):
        scores = V @ h[t]
        scores = scores - scores.max()
        total += np.log2(np.exp(scores).sum()) - scores[targets[t]]
    return total


def minus_y(V, h, targets):
    return -forward_answers.probabilities(V, h)[np.arange(len(h)), targets].sum()


GATE = {"column before": (lambda U, W, k, h: sigmoid(U[:, k - 1] + W @ h), "This is the column before the token's")}
LOSS = {
    "log2 of the sum": (loss_of_log2, "The log of the sum has base 2"),
    "minus y": (minus_y, "minus the sum of the targets' probabilities"),
}
BIAS = {
    "1 - share": (lambda share, steps: bias(1 - share, steps), "The share is what is left, not what is lost"),
    "log10": (lambda share, steps: bias(share, steps) / np.log(10), "The logarithm has base 10"),
    "two decimal places": (lambda share, steps: round(float(bias(share, steps)), 2), "two decimal places"),
    "too large": (lambda share, steps: 20, "With your b, almost all is left after 1 step"),
}
COUNTER = {
    "i left at 0.5": (net(Uf=12, Ug=[0, 0, 12]), "reads token 2: i is 0.5 and g is 1, so 0.5 comes in"),
    "token 1 counts": (net(Uf=12, Ui=[-12, 12, -12], Ug=12), "reads token 1: i is 1 and g is 1, so 1 comes in"),
    "f of 7": (net(Uf=7, Ui=[-12, -12, 12], Ug=[0, 0, 12]), "f is 0.9991, so a part of the old value is lost"),
}
FORWARD = [
    *all_named(forward_pass.check_gate, GATE),
    *all_named(forward_pass.check_loss, LOSS),
    *all_named(forward_pass.check_bias, BIAS),
    *all_named(forward_pass.check_counter, COUNTER),
]

# ------------------------------------------------------------------------------------------ exercise 3


def loop(*pieces, steps=lambda n: range(n, -1, -1)):
    """The repaired loop with a piece of its text replaced, or with other steps."""
    return edited(flawed_answers.loop, *pieces)(steps)


LOOPS = {
    "h of the same step": (loop("run.h[k - 1]", "run.h[k]"), "dW is made with run.h[k]"),
    "a step too many": (loop(steps=lambda n: range(n, -2, -1)), "each walk goes one step too far"),
    "without step n": (loop(steps=lambda n: range(n - 1, -1, -1)), "each walk begins one step too late"),
    "without step 0": (loop(steps=lambda n: range(n, 0, -1)), "each walk ends one step too early"),
    "no f": (loop("to_c = to_c * f", "to_c = to_c"), "carried back whole, without a forget gate"),
}
FLAWED = all_named(flawed_backward.check_first, LOOPS)

# ------------------------------------------------------------------------------------------ exercise 4


def walk(*pieces):
    return edited(single_answers.walk_with, *pieces)()


def peepholes(**lines):
    """The deltas of one step by these lines; i, f and o may have other slopes."""
    slopes = {"i": "i * (1 - i)", "f": "f * (1 - f)", "o": "o * (1 - o)", "c": "1 - np.tanh(c) ** 2"} | lines

    def peephole_back(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po):
        s = {name: eval(line, {"np": np, "i": i, "f": f, "o": o, "c": c}) for name, line in slopes.items()}
        dzo = dh * np.tanh(c) * s["o"]
        dc = dh * o * s["c"] + dc_carry + dzo * po
        dzi, dzf = dc * g * s["i"], dc * c_before * s["f"]
        return dc, dc * f + dzi * pi + dzf * pf, dzi * c_before, dzf * c_before, dzo * c

    return peephole_back


OWN_ROW, CARRIED = (
    ('here, back["dc"]', 'here, weights[t] * back["dc"]'),
    ("here, dc_carry)", "here, weights[t] * dc_carry)"),
)
WALK = {
    "1 added": (walk("cache.y - np.eye", "cache.y + np.eye"), "1 is added at the target"),
    "dc weighted": (walk(*OWN_ROW), "dc[t] is multiplied by weights[t]"),
    "both weighted": (
        walk("own + dh_future", "own + weights[t] * dh_future", *CARRIED),
        "weights[t] multiplies dh_future and dc_carry as well",
    ),
}
PEEPHOLES = {
    "slope at c": (peepholes(c="1 - c**2"), "The slope of tanh is 1 - tanh(c)**2; this takes c itself"),
    "no slope of i": (peepholes(i="1"), "The slope of the input gate, i * (1 - i), is missing"),
    "no slope of f": (peepholes(f="1"), "The slope of the forget gate, f * (1 - f), is missing"),
    "i * i": (peepholes(i="i * i"), "i * i is not the slope of i"),
    "i alone": (peepholes(i="i"), "Half of the slope of i is missing"),
    "1 - f**2": (peepholes(f="1 - f**2"), "1 - f**2 is the slope of a tanh; f is a sigmoid"),
    "1 - o**2": (peepholes(o="1 - o**2"), "1 - o**2 is the slope of a tanh; o is a sigmoid"),
    "tanh twice": (peepholes(i="1 - i**2", f="1 - f**2"), "1 - i**2 and 1 - f**2 are slopes of a tanh"),
}


def weighed(change):
    """A walk with other weights."""
    return lambda *given: single_answers.walk_with()(*given[:-1], change(given[-1]))


def in_order(order):
    return single_answers.walk_with(order=order)


WALK |= {
    "a weighted mean": (weighed(lambda w: w / w.sum()), "divided by the sum of the weights"),
    "a mean": (weighed(lambda w: w / len(w)), "divided by the number of steps"),
    "weights reversed": (weighed(lambda w: w[::-1]), "The weights are in reverse order"),
    "1 off everywhere": (walk("np.eye(params.vocab_size)[targets]", "1"), "1 is subtracted from every entry of y"),
    "without the last step": (in_order(lambda T: reversed(range(T - 1))), "The walk leaves out the last step"),
}
four = single_answers.biases_of
BIASES = {
    "sign": (four(lambda *dz: -sum(dz).sum(0)), "The sign is wrong: b is added to all four"),
    "from step 1": (four(lambda *dz: sum(dz)[1:].sum(0)), "Step 0 is left out; b"),
    "to the last": (four(lambda *dz: sum(each[:-1].sum(0) for each in dz)), "The last step is left out; b"),
    "candidate subtracted": (four(lambda i, f, o, g: (i + f + o - g).sum(0)), "The candidate's deltas are subtracted"),
    "stacked": (four(lambda *dz: [each.sum(0) for each in dz]), "gradients of four biases. Here one b"),
    "a from step 1": (four(da=lambda dy: sum(dy[1:]) if len(dy) > 1 else 0 * dy[0]), "Step 0 is left out; a"),
    "a to the last": (four(da=lambda dy: dy[:-1].sum(axis=0)), "The last step is left out; a"),
}
ROADS, OTHER_I, OTHER_F = (
    "what comes back along several roads is added",
    "In the product i * g the delta of i takes the other factor, g",
    "In the product f * c_before the delta of f takes the other factor, c_before",
)
with_lines = single_answers.peepholes_with
PEEPHOLES |= {
    "1 - f": (peepholes(f="1 - f"), "Half of the slope of f is missing"),
    "1 - o": (peepholes(o="1 - o"), "Half of the slope of o is missing: it is o * (1 - o)"),
    "i for g": (with_lines(dzi="dc * i * i * (1 - i)"), OTHER_I),
    "c_before for g": (with_lines(dzi="dc * c_before * i * (1 - i)"), OTHER_I),
    "g for c_before": (with_lines(dzf="dc * g * f * (1 - f)"), OTHER_F),
    "f for c_before": (with_lines(dzf="dc * f * f * (1 - f)"), OTHER_F),
    "c for c_before": (with_lines(dzf="dc * c * f * (1 - f)"), "c has no place here. The forget gate looks"),
    "the carry through o": (with_lines(dzo="(dh + dc_carry) * ct * o * (1 - o)"), "none of it goes back through the"),
    "the carry through h": (
        with_lines(dc="(dh + dc_carry) * o * (1 - ct**2) + dzo * po"),
        "dc_carry has been sent through h = o * tanh(c)",
    ),
    "the carry in dh": (
        lambda dh, dc_carry, *rest: single_answers.peepholes(dh + dc_carry, 0 * dc_carry, *rest),
        "dc_carry is treated like dh",
    ),
    "the carry times f": (
        with_lines(dc="dh * o * (1 - ct**2) + dc_carry * f + dzo * po"),
        "The next step has already multiplied it by its own f",
    ),
    "minus po": (
        with_lines(dc="dh * o * (1 - ct**2) + dc_carry - dzo * po"),
        f"The part through po is subtracted; {ROADS}",
    ),
    "minus the carry": (
        with_lines(dc="dh * o * (1 - ct**2) - dc_carry + dzo * po"),
        f"dc_carry is subtracted; {ROADS}",
    ),
    "minus pi": (with_lines(dc_before="dc * f - dzi * pi + dzf * pf"), f"The part through pi is subtracted; {ROADS}"),
    "minus pf": (with_lines(dc_before="dc * f + dzi * pi - dzf * pf"), f"The part through pf is subtracted; {ROADS}"),
    "minus both": (
        with_lines(dc_before="dc * f - dzi * pi - dzf * pf"),
        f"The parts through pi and pf are subtracted; {ROADS}",
    ),
    "1 - f carried": (with_lines(dc_before="dc * (1 - f) + dzi * pi + dzf * pf"), "the share that is forgotten"),
    "all with a minus": (lambda *given: [-each for each in single_answers.peepholes(*given)], "The sign is wrong."),
    "added up": (with_lines(dpf="(dzf * c_before).sum()"), "Each unit has a peephole of its own"),
    "outer": (with_lines(dpo="np.outer(dzo, c)"), "np.outer makes the gradient of a matrix"),
}


def start(*pieces):
    return edited(single_answers.start_with, *pieces)()


START = {
    "the last loss": (
        start("params.V.T @ dy + dh", "params.V.T @ dy * (t == len(x) - 1) + dh"),
        "Only the loss of the last",
    ),
    "y": (start("            dy[targets[t]] -= 1\n", ""), "this is y itself"),
    "without step 0": (start("range(len(x))", "range(1, len(x))"), "The walk ends at step 1. It has to go back"),
    "without the last step": (start("range(len(x))", "range(len(x) - 1)"), "The walk leaves out the last step"),
    "dc handed on": (start('back["dc_before"]', 'back["dc"]'), "dc itself is handed on"),
    "no dh handed on": (start("params.V.T @ dy + dh", "params.V.T @ dy"), "dh_before is not handed on"),
    "nine gradients": (
        lambda step, params, a, x, targets: lt.bptt(params, x, targets, np.tanh(a), a),
        "These are the gradients of the nine matrices",
    ),
}
SINGLE = [
    *all_named(single_pass_bptt.check_walk, WALK),
    *all_named(single_pass_bptt.check_biases, BIASES),
    *all_named(single_pass_bptt.check_peepholes, PEEPHOLES),
    *all_named(single_pass_bptt.check_start, START),
]

# ------------------------------------------------------------------------------------------ exercise 5


def carried(*pieces):
    return edited(vanishing_answers.carried_by_zeros, *pieces)


def reach_by_the_other_sign(bias, extra, share):
    rate = 1 / (1 + np.exp(bias)) + extra
    return -1 if rate >= 1 else np.ceil(np.log(share) / np.log(rate))


def kept_to(end):
    """The losses from t to before `end(t, length, T)`."""

    def kept(norms, length):
        T = len(norms)
        return [norms[t : end(t, length, T), t].sum() / norms[t:, t].sum() for t in range(T)]

    return kept


CARRIED_BACK = {
    "f[t-1]": (carried("f[t + 1]", "f[t - 1]"), "The gates f[t-1] to f[s-2] are used"),
    "f[-1]": (carried("f[t + 1]", "f[-1]"), "f[-1] is used at every step"),
    "each unit's mean": (carried("f[t + 1]", "f.mean(axis=0)"), "The average gate was used; take the gates one by one"),
}
KEPT = {
    "end too early": (kept_to(lambda t, n, T: (t // n + 1) * n - 1), "last step of a piece is left out"),
    "end too late": (kept_to(lambda t, n, T: (t // n + 1) * n + 1), "The first loss of the next piece is counted too"),
}
REACH = {"sign of the bias": (reach_by_the_other_sign, "The minus in the exponent is missing")}
CARRIED_BACK |= {
    "no axis": (
        lambda f, dc, s: [dc * np.prod(f[t + 1 : s + 1]) for t in range(s + 1)],
        "The gates of all units have been multiplied together",
    ),
}


def kept_by(same, share=lambda some, every: some / every):
    """The losses that a mask leaves, as a share."""

    def kept(norms, length):
        mask = same(*np.indices(norms.shape), length, len(norms))
        return share((norms * mask).sum(0), norms.sum(0))

    return kept


def same_piece(s, t, n, T):
    return s // n == t // n


def kept_in_full_pieces(norms, length):
    found = np.zeros(len(norms))
    for piece in range(len(norms) // length):
        steps = slice(piece * length, (piece + 1) * length)
        found[steps] = norms[steps, steps].sum(0) / norms[:, steps].sum(0)
    return found


def kept_along_rows(norms, length):
    T = len(norms)
    return [norms[t, t : (t // length + 1) * length].sum() / norms[t].sum() for t in range(T)]


def kept_of_pieces(norms, length):
    steps = [slice(first, first + length) for first in range(0, len(norms), length)]
    return np.array([norms[each, each].sum() / norms[:, each].sum() for each in steps])


KEPT |= {
    "from the end": (
        kept_by(lambda s, t, n, T: (T - 1 - s) // n == (T - 1 - t) // n),
        "counted from the end of the text",
    ),
    "full pieces": (kept_in_full_pieces, "A shorter last piece gets nothing here"),
    "without its own loss": (
        kept_by(lambda s, t, n, T: same_piece(s, t, n, T) & (s != t)),
        "of the step itself is left",
    ),
    "one for each piece": (kept_of_pieces, "This is one share for each piece"),
    "percent": (kept_by(same_piece, lambda some, every: 100 * some / every), "These are percentages"),
    "along rows": (kept_along_rows, "The sums run along rows here"),
}


def reach(rate):
    """The answer with another rate, and with a line for a rate that is too high."""

    def reach(bias, extra, share):
        r = rate(bias, extra)
        if r >= 1:
            return -1
        return np.ceil(np.log(share) / np.log(r))

    return reach


def reach_unguarded(rate):
    return lambda bias, extra, share: np.ceil(np.log(share) / np.log(rate(bias, extra)))


RATES = {
    "bias for the gate": (lambda b, e: b + e, "bias is taken for the gate"),
    "extra of the gate": (lambda b, e: sigmoid(b) * (1 + e), "extra is taken for a share of the gate"),
    "extra fixed": (lambda b, e: sigmoid(b) + 0.11, "extra is fixed at 0.11 here"),
    "extra subtracted": (lambda b, e: sigmoid(b) - e, "extra is subtracted"),
}


def reach_in_1000_steps(bias, extra, share):
    rate = sigmoid(bias) + extra
    for n in range(1000):
        if rate**n <= share:
            return n
    return -1


REACH |= {name: (reach(rate), words) for name, (rate, words) in RATES.items()}
REACH |= {"unguarded": (reach_unguarded(lambda b, e: b + e), "bias is taken for the gate")}
REACH |= {"a limit": (reach_in_1000_steps, "yours is -1; it should be 7579")}


def pieces(*given):
    return edited(vanishing_answers.pieces, *given)


PIECES = {
    "not added": (pieces("exact = exact + grad", "exact = grad"), "This is the gradient of the first piece alone"),
    "without the first": (pieces("reversed(pieces)", "reversed(pieces[1:])"), "of the first piece is missing"),
    "None for nothing": (pieces("dh = dc = 0", "dh = dc = None"), "None is not a number. Is a return missing, or"),
    "all three added": (pieces("back(piece, 0, 0)[0]", "back(piece, 0, 0)"), "A tuple holds several values"),
}
VANISHING = [
    *all_named(vanishing_gradients.check_carried, CARRIED_BACK),
    *all_named(vanishing_gradients.check_reach, REACH),
    *all_named(vanishing_gradients.check_pieces, PIECES),
    *all_named(vanishing_gradients.check_kept, KEPT),
]

# ------------------------------------------------------------------------------------------ exercise 6

norm = training_answers.norm
LONGER, OTHER_WAY = (
    "A short gradient has been made longer too",
    "A long gradient stays as it is, and a short one is made",
)
CLIP = {
    f"{what}, {least:g} added": (training_answers.clip_by(norm, by(least)), words)
    for least in (1e-6, 1e-12)
    for what, words, by in (
        ("always", LONGER, lambda least: lambda limit, n: limit / (n + least)),
        ("max for min", OTHER_WAY, lambda least: lambda limit, n: max(1.0, limit / (n + least))),
    )
}


def train_pair_by_pair(flat, xs, targets, gradient_of, rate, size, orders):
    for order in orders:
        pairs = [(xs[k], targets[k]) for k in order]
        for start in range(0, len(pairs), size):
            batch = pairs[start : start + size]
            for x, target in batch:
                flat = flat - rate * gradient_of(flat, x, target) / len(batch)
    return flat


def sample(*pieces):
    return edited(training_answers.sample, *pieces)


def sample_plain(softmax_of, choose):
    """Sampling with a softmax of its own."""

    def sample(step, params, first, numbers, temperature):
        h = c = np.zeros(params.hidden_size)
        token, drawn = first, []
        for number in numbers:
            scores, h, c = step(params, token, h, c)
            token = choose(np.cumsum(softmax_of(scores / temperature)), number)
            drawn.append(token)
        return drawn

    return sample


def unshifted(scores):
    return np.exp(scores) / np.exp(scores).sum()


FIRST_ABOVE = {
    "argmax": lambda sums, number: int(np.argmax(sums > number)),
    "searchsorted": lambda sums, number: int(np.searchsorted(sums, number, side="right")),
}
TRAINER = {"pair by pair": (train_pair_by_pair, "A step is taken after each pair, with a share of its gradient")}
SAMPLE = {
    "swapped": (sample("scores, h, c = step", "scores, c, h = step"), "h and c are swapped"),
    "c not kept": (sample("scores, h, c = step", "scores, h, _ = step"), "c is not kept"),
    "h not kept": (sample("scores, h, c = step", "scores, _, c = step"), "h is not kept"),
    "no largest score": (sample_plain(unshifted, FIRST_ABOVE["argmax"]), "np.exp of a number that large is inf"),
}
clip_by, faulty = training_answers.clip_by, training_answers.faulty


def at_most(limit):
    """A factor for another limit."""
    return lambda _, n: min(1.0, limit / n) if n else 1.0


CLIP |= {
    "a limit of 5": (clip_by(norm, at_most(5)), "The limit is fixed at 5 here"),
    "a limit of 1": (clip_by(norm, at_most(1)), "The limit is fixed at 1 here"),
    "long ones to 1": (clip_by(norm, lambda limit, n: 1 / n if n > limit else 1), "A long gradient gets a norm of 1"),
    "spectral norm": (
        clip_by(lambda *both: np.sqrt(sum(np.linalg.norm(m, 2) ** 2 for m in both))),
        "With a 2, np.linalg.norm of a matrix is its spectral norm",
    ),
    "mean square": (
        clip_by(lambda dV, dW: np.sqrt(np.mean(np.append(dV, dW) ** 2))),
        "The squares have been averaged; for the norm they are added up",
    ),
    "only dV": (lambda dV, dW, limit: (training_answers.clip(dV, dW, limit)[0], dW.copy()), "Only dV has been scaled"),
    "only dW": (lambda dV, dW, limit: (dV.copy(), training_answers.clip(dV, dW, limit)[1]), "Only dW has been scaled"),
}


def adam_by(step):
    """Adam with another step; step(mean, square, 1 - 0.9**count, 1 - 0.999**count)."""
    return training_answers.adam_with(step=lambda m, s, g, n: step(m, s, 1 - 0.9**n, 1 - 0.999**n))


def adam_without_parentheses(flat, gradient, mean, square, count, rate):
    _, m, s = training_answers.adam(flat, gradient, mean, square, count, rate)
    return flat - rate * (m / (1 - 0.9**count)) / np.sqrt(s / (1 - 0.999**count)) + 1e-8, m, s


ADAM = {
    "no parentheses": (adam_without_parentheses, "1e-8 is added to the quotient"),
    "1e-6": (adam_by(lambda m, s, c1, c2: m / c1 / (np.sqrt(s / c2) + 1e-6)), "1e-6 is added to the root"),
    "count - 1": (
        training_answers.adam_with(
            step=lambda m, s, g, n: m / (1 - 0.9 ** (n - 1)) / (np.sqrt(s / (1 - 0.999 ** (n - 1))) + 1e-8)
        ),
        "The correction has one step too few",
    ),
    "after the root": (
        adam_by(lambda m, s, c1, c2: m / c1 / (np.sqrt(s) / c2 + 1e-8)),
        "The square is corrected after taking the root",
    ),
    "by the root": (
        adam_by(lambda m, s, c1, c2: m / c1 / (np.sqrt(s / np.sqrt(c2)) + 1e-8)),
        "The square is divided by the root of 1 - 0.999**count",
    ),
    "a rate of 0.001": (lambda *given: training_answers.adam(*given[:-1], 0.001), "The rate is fixed at 0.001 here"),
    "0.001 squared": (
        training_answers.adam_with(s1=lambda s, g: 0.999 * s + (0.001 * g) ** 2),
        "0.001 has been squared as well",
    ),
}
PAIRS = "(xs[k], targets[k]) for k in order"


def train_with_a_large_last_batch(flat, xs, targets, gradient_of, rate, size, orders):
    for order in orders:
        for batch in np.array_split(order, max(1, len(order) // size)):
            flat = flat - rate * sum(gradient_of(flat, xs[k], targets[k]) for k in batch) / len(batch)
    return flat


TRAINER |= {
    "targets twice": (
        faulty(PAIRS, "(xs[k], targets[order[k]]) for k in order"),
        "The targets go through the order twice",
    ),
    "sequences twice": (
        faulty("        for start", "        pairs = [(xs[order[k]], targets[k]) for k in order]\n        for start"),
        "The sequences go through the order twice",
    ),
    "targets inverse": (
        faulty(PAIRS, "(xs[k], targets[m]) for k, m in zip(order, np.argsort(order))"),
        "The targets are in the inverse of the order",
    ),
    "sequences inverse": (
        faulty(PAIRS, "(xs[m], targets[k]) for k, m in zip(order, np.argsort(order))"),
        "The sequences are in the inverse of the order",
    ),
    "both inverse": (faulty("in order]", "in np.argsort(order)]"), "The pairs are in the inverse of the order"),
    "one short": (faulty("start + size]", "start + size - 1]"), "Each slice ends one pair too early"),
    "one too long": (faulty("start + size]", "start + size + 1]"), "A slice ends one pair too late"),
    "a large last batch": (train_with_a_large_last_batch, "print for each batch which sequences and targets meet"),
}


def chosen(choose):
    return training_answers.sample_with(choose=choose)


def first_above(y, number):
    return int(np.argmax(np.cumsum(y) > number))


SORTED = "The probabilities have been sorted"
SAMPLE |= {
    "first sum below": (
        chosen(lambda y, u: int(np.argmax(np.cumsum(y) < u))),
        "Every token is 0. Do the probabilities",
    ),
    "not divided": (
        sample_plain(lambda scores: np.exp(scores - scores.max()), FIRST_ABOVE["searchsorted"]),
        "The probabilities don't add up to 1",
    ),
    "most probable first": (chosen(lambda y, u: int(np.argsort(y)[::-1][first_above(np.sort(y)[::-1], u)])), SORTED),
    "sorted, least first": (chosen(lambda y, u: first_above(np.sort(y), u)), SORTED),
}
TRAINING = [
    *all_named(training.check_clip, CLIP),
    *all_named(training.check_adam, ADAM),
    *all_named(training.check_trainer, TRAINER),
    *all_named(training.check_sample, SAMPLE),
]

# ------------------------------------------------------------------------------------------ the exam


def errors_of_a_copy(loss_of, net, grads):
    errors = {}
    for name in net:
        slopes = np.zeros_like(net[name])
        for index in np.ndindex(slopes.shape):
            nudged = net[name].copy()
            nudged[index] += 1e-5
            ahead = loss_of(net)
            nudged[index] -= 2e-5
            slopes[index] = (ahead - loss_of(net)) / 2e-5
        size = max(np.linalg.norm(slopes), np.linalg.norm(grads[name]))
        errors[name] = np.linalg.norm(slopes - grads[name]) / size if size else 0.0
    return errors


def back_with_one_not_transposed(gate):
    def dh_before(v):
        weights = {name: v.net[f"W{name}"].T for name in "iog"} | {gate: v.net[f"W{gate}"]}
        return sum(weights[name] @ getattr(v, f"dz{name}") for name in "iog")

    return exam_answers.back_with(dh_before=dh_before)


ERRORS = {"a copy nudged": (errors_of_a_copy, "did you nudge a copy and give the loss the net itself?")}
BACK = {gate: (back_with_one_not_transposed(gate), f"W{gate} has to be transposed, like the other") for gate in "iog"}
EXAM = [*all_named(mixed_exam.check_errors, ERRORS), *all_named(mixed_exam.check_back, BACK)]


@pytest.mark.parametrize(("check", "slip", "words"), [*FORWARD, *FLAWED, *SINGLE, *VANISHING, *TRAINING, *EXAM])
def test_a_slip_is_named(check, slip, words):
    verdict = check(slip)
    assert not verdict.passed and words in str(verdict), str(verdict)


# ------------------------------------------------------------------------------------------ and nothing else is


def carried_by_another(f, dc, s):
    return vanishing_answers.carried(np.sqrt(f), dc, s)


OTHERS = [
    (forward_pass.check_gate, lambda U, W, k, h: sigmoid(U[:, k] - W @ h), "sign reaches only"),
    (forward_pass.check_gate, lambda U, W, k, h: sigmoid(U[:, k - 2] + W @ h), "column before"),
    (forward_pass.check_loss, lambda V, h, t: loss_of_log2(V, h, t) / np.log(2), "The log of the sum"),
    (forward_pass.check_bias, lambda share, steps: round(float(bias(share, steps)), 1), "decimal places"),
    (forward_pass.check_bias, lambda share, steps: bias(share / 2, steps), "Here f is"),
    (flawed_backward.check_third, loop(steps=lambda n: range(n, -1, -2)), "What you had to repair is right"),
    (flawed_backward.check_first, flawed_answers.with_flaws("cell for its tanh", "no forget gate"), "is right. But"),
    (single_pass_bptt.check_peepholes, peepholes(i="i * (1 - i) / 2"), "slope of"),
    (single_pass_bptt.check_peepholes, peepholes(c="1 - c**2 / 2"), "takes c itself"),
    (single_pass_bptt.check_walk, walk('here, back["dc"]', 'here, 2 * back["dc"]'), "is multiplied by weights"),
    (vanishing_gradients.check_carried, carried_by_another, "are used"),
    (vanishing_gradients.check_kept, kept_to(lambda t, n, T: (t // n + 1) * n + 2), "next piece"),
    (training.check_clip, training_answers.clip_by(norm, lambda limit, n: 2 * limit / (n + 1e-8)), "made longer"),
    (training.check_sample, sample_plain(lambda s: unshifted(s - s.max()), lambda sums, number: 0), "is inf"),
    (mixed_exam.check_errors, lambda loss_of, net, grads: dict.fromkeys(net, 1.0), "nudge"),
    (mixed_exam.check_back, exam_answers.back_with(dh_before=lambda v: 0 * v.dh), "transposed"),
]


@pytest.mark.parametrize(("check", "wrong", "words"), OTHERS)
def test_another_wrong_answer_is_not_taken_for_the_slip(check, wrong, words):
    verdict = check(wrong)
    assert not verdict.passed and words not in str(verdict), str(verdict)


def test_a_net_of_zeros_counts_nothing_and_earns_nothing():
    assert forward_pass.check_counter(lambda: lt.Params.zeros(3, 1)).score == 0


@pytest.mark.parametrize("rate", [lambda b, e: b + e, lambda b, e: sigmoid(b) + e])
def test_a_share_that_is_never_reached_is_told_whatever_else_is_off(rate):
    *_, last = vanishing_gradients.check_reach(reach_unguarded(rate)).parts
    assert last.sentence.count("The rate is 1.063 here, so share is never reached; return -1.") == 1


@pytest.mark.parametrize("kind", ["product", "output gate", "token", "hidden carry", "cell carry"])
def test_one_kind_of_flaw_for_every_pass_earns_nothing(kind):
    verdict = flawed_backward.check_suspect(lambda one, two: kind)
    assert verdict.score == 0 and f'The answer is "{kind}" for every pass' in str(verdict)
    if kind != "product":
        some = flawed_backward.check_suspect(lambda one, two: "product" if one else kind)
        assert some.score > 0 and "for every pass" not in str(some)


def test_tokens_are_not_told_how_far_they_are_off():
    verdict = str(training.check_sample(lambda step, params, first, numbers, temperature: [0] * len(numbers)))
    assert "numbers are off)" in verdict and "by up to" not in verdict


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (mixed_exam.check_step, exam_answers.step_with(), exam_answers.step_with(h=lambda v: v.c)),
        (mixed_exam.check_back, exam_answers.back, exam_answers.back_with(do=lambda v: v.dh)),
    ],
)
def test_how_wrong_lines_are_judged_is_told_only_where_one_is_wrong(check, right, wrong):
    assert check(right).passed and not check(right).note and "judged by what your own" in check(wrong).note
