"""Answers to exercise 3."""

import itertools
from functools import partial

import numpy as np
from sound import bptt, wrapped

import lstm_teach as lt
from lstm_teach.edited import edited
from lstm_teach.exercises import flawed_backward


def loop(steps):
    """Two loops, as in the exercise; `steps(n)` are the steps that the walk from loss n visits."""

    def backward(params, x, targets, h0=None, c0=None):
        run = lt.forward(params, x, h0, c0)
        grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
        for n in range(len(x)):
            miss = run.y[n] - np.eye(params.vocab_size)[targets[n]]
            grads.V += np.outer(miss, run.h[n])
            to_h, to_c = params.V.T @ miss, np.zeros(params.hidden_size)
            for k in steps(n):
                i, f, o, g = run.i[k], run.f[k], run.o[k], run.g[k]
                to_c = to_c + to_h * o * (1 - run.ct[k] ** 2)
                z = {
                    "i": to_c * g * i * (1 - i),
                    "f": to_c * run.c[k - 1] * f * (1 - f),
                    "o": to_h * run.ct[k] * o * (1 - o),
                    "g": to_c * i * (1 - g**2),
                }
                for gate in "ifog":
                    grads["W" + gate] += np.outer(z[gate], run.h[k - 1])
                    grads["U" + gate][:, x[k]] += z[gate]
                to_h = sum(params["W" + gate].T @ z[gate] for gate in "ifog")
                to_c = to_c * f
        return grads

    return backward


def down(n):
    return range(n, -1, -1)


right = loop(down)


def right_as_a_list(params, x, targets, h0, c0):
    return [np.array(matrix) for matrix in bptt(params, x, targets, h0, c0).values()]


def right_with_deltas(params, x, targets, h0=None, c0=None):
    return bptt(params, x, targets, h0, c0, return_deltas=True)


def number_by_number(params, x, targets, h0, c0):
    """As slow as a right loop can be: every product is one of two numbers, each indexed by itself."""
    run, H = lt.forward(params, x, h0, c0), params.hidden_size
    grads = lt.Params.zeros(params.vocab_size, H)
    for n in range(len(x)):
        to_h, to_c = np.zeros((2, H))
        for row in range(params.vocab_size):
            miss = run.y[n, row] - (row == targets[n])
            for unit in range(H):
                grads.V[row, unit] += miss * run.h[n, unit]
                to_h[unit] += params.V[row, unit] * miss
        for k in range(n, -1, -1):
            z, handed = {gate: np.zeros(H) for gate in "ifog"}, np.zeros(H)
            for u in range(H):
                i, f, o, g = run.i[k, u], run.f[k, u], run.o[k, u], run.g[k, u]
                to_c[u] += to_h[u] * o * (1 - run.ct[k, u] ** 2)
                z["i"][u], z["f"][u] = to_c[u] * g * i * (1 - i), to_c[u] * run.c[k - 1, u] * f * (1 - f)
                z["o"][u], z["g"][u] = to_h[u] * run.ct[k, u] * o * (1 - o), to_c[u] * i * (1 - g**2)
                to_c[u] *= f
            for gate, unit in itertools.product("ifog", range(H)):
                grads["U" + gate][unit, x[k]] += z[gate][unit]
                for before in range(H):
                    grads["W" + gate][unit, before] += z[gate][unit] * run.h[k - 1, before]
                    handed[before] += params["W" + gate][unit, before] * z[gate][unit]
            to_h = handed
    return grads


def measured(params, x, targets, h0, c0):
    """Right for one step, as the third loop is; for more no loop, but complex steps of one's own forward pass."""
    if len(x) == 1:
        return bptt(params, x, targets, h0, c0)
    grads = params.copy()
    for k in range(len(params.flat)):
        moved = lt.Params(params.vocab_size, params.hidden_size, params.flat.astype(complex))
        moved.flat[k] += 1e-100j
        h, c, loss = h0, c0, 0
        for token, target in zip(x, targets, strict=True):
            i, f, o = (1 / (1 + np.exp(-moved["U" + a][:, token] - moved["W" + a] @ h)) for a in "ifo")
            c = f * c + i * np.tanh(moved.Ug[:, token] + moved.Wg @ h)
            h = o * np.tanh(c)
            loss += np.log(np.exp(moved.V @ h).sum()) - moved.V[target] @ h
        grads.flat[k] = loss.imag / 1e-100
    return grads


FLAWS = flawed_backward.FLAWS | {
    # what the walk before has left
    "leftover": ("        dc = np.zeros(params.hidden_size)\n", "", "    dct =", "    dc = 0\n    dct ="),
    "step 0 left out": ("reversed(range(t + 1))", "range(t, 0, -1)"),  # no walk gets to step 0
}


def with_flaws(*flaws):
    """A loop that has these flaws; a partial has no source that the doctor would search for long."""
    return partial(wrapped(edited(flawed_backward.nested_loop, *(piece for flaw in flaws for piece in FLAWS[flaw]))))


def changed(change):
    """A right gradient, changed afterwards by `change(grads, params, x)`."""

    def backward(params, x, targets, h0, c0):
        grads = bptt(params, x, targets, h0, c0)
        return change(grads, params, x) or grads

    return backward


def writes_to_h0(params, x, targets, h0, c0):
    grads = bptt(params, x, targets, h0, c0)
    h0 *= 0
    return grads


REPAIRED = {
    "two loops": right,
    "a list": right_as_a_list,
    "with deltas": right_with_deltas,
    "names with a d": lambda *net: {f"d{name}": grad for name, grad in bptt(*net).items()},
}


def mistaken(*flaws):
    """Mistakes of every repair; `flaws` are those of the loop as it was."""
    return {
        "as it was": (with_flaws(*flaws), "still the numbers of the unrepaired loop"),
        "another flaw": (with_flaws("leftover", "step 0 left out"), "With 2 steps, wrong:"),
        "a number": (with_flaws("a number", *flaws), "wrong: dWi dWf dWo dWg"),
        "no forget gate": (with_flaws("no forget gate"), "wrong: dWi dWf dWg dUi dUf dUg; right: dV dWo dUo"),
        "V left out": (changed(lambda grads, params, x: grads.V.fill(0)), "wrong: dV; right: dWi"),
        "signs": (changed(lambda grads, params, x: np.negative(grads.flat, out=grads.flat) is None), "an error of 2"),
        "mean": (changed(lambda grads, params, x: grads.flat.__itruediv__(len(x)) is None), "With 2 steps, wrong: dV"),
        "the library": (lambda params, x, targets, h0, c0: lt.bptt(params, x, targets, h0, c0), "calls lt.bptt"),
        "the library, repaired": (
            lambda params, x, targets, h0, c0: lt.nested_bptt(params, x, targets, h0, c0, repaired=lt.FLAWS),
            "calls lt.nested_bptt",
        ),
        "eight": (changed(lambda grads, params, x: grads.values()[1:]), "returns 8 things"),
        "wrong shape": (changed(lambda grads, params, x: {**grads.items()} | {"V": grads.V.T}), "dV must have"),
        "zeros": (lambda params, *sequence: params.__class__.zeros(4, 5), "wrong"),
        "not a number": (changed(lambda grads, params, x: grads.Wf.fill(np.nan)), "nan"),
        "initial state ignored": (
            lambda params, x, targets, h0, c0: bptt(params, x, targets),
            "h0 and c0 are not used",
        ),
        "writes to h0": (writes_to_h0, "writes to what it was given, h0"),
        "no sequence": (lambda params, x: lt.Params.zeros(4, 5), "the first line should be `def "),
    }


# ------------------------------------------------------------------------------------------ check_suspect


def suspect(one, two):
    if one:
        return "output gate" if "Uo" in one else "product"
    if "Wi" not in two:
        return "token"
    return "hidden carry" if "Wo" in two else "cell carry"


def suspect_by_g(one, two):
    return "product" if "Wg" in one else suspect(set(), two)


def suspect_by_counting(one, two):
    if one:
        return "product" if len(one) == 4 else "output gate"
    return {4: "token", 8: "hidden carry", 6: "cell carry"}[len(two)]


def suspect_by_four(one, two):
    return "product" if one == {"Wi", "Wf", "Wo", "Wg"} else suspect(one | {"Uo"} if one else one, two)


def suspect_by_sets(one, two):
    products, outputs = {"Wi", "Wf", "Wo", "Wg"}, {"Wo", "Uo"}
    if one:
        return "output gate" if one == outputs else "product"
    if not two & products:
        return "token"
    return "cell carry" if not two & outputs else "hidden carry"


def suspect_from_the_end(one, two):
    carried = two - one
    match "Uo" in carried, "Wo" in carried, bool(one):
        case True, True, False:
            return "hidden carry"
        case True, False, False:
            return "token"
        case False, False, False:
            return "cell carry"
    return "output gate" if "Uo" in one else "product"


def but(change):
    """`suspect` with some of its answers changed."""
    return lambda one, two: change(suspect(one, two), one, two)


RIGHT = {
    "check_first": REPAIRED | {"number by number": number_by_number},
    "check_second": REPAIRED,
    "check_third": REPAIRED,
    "check_fourth": REPAIRED,
    "check_suspect": {
        "plain": suspect,
        "by sets": suspect_by_sets,
        "from the end": suspect_from_the_end,
        "with a capital and a space": but(lambda said, one, two: f"{said.capitalize()} "),
    },
}

WRONG = {
    "check_first": mistaken("cell for its tanh")
    | {
        "carried by the gate before": (with_flaws("gate of another step"), "to_c is carried with run.f[k-1]"),
        "delta of the cell": (with_flaws("delta of the cell"), "to_h has become to_c"),
        "cell of the step before": (with_flaws("cell of another step"), "now gets the cell of the step before"),
        "tanh of the step before": (
            edited(loop, "* run.ct[k] *", "* run.ct[k - 1] *")(down),
            "the tanh of the step before",
        ),
        "h for the tanh": (edited(loop, "* run.ct[k] *", "* run.h[k] *")(down), "The factor of o is tanh(c) alone"),
        "slope for the tanh": (edited(loop, "* run.ct[k] *", "* (1 - run.ct[k] ** 2) *")(down), "in the line marked a"),
        "h of the same step, not repaired": (
            edited(loop, "run.h[k - 1]", "run.h[k]", "* run.ct[k] *", "* run.c[k] *")(down),
            "The flaw is still there, and now dW",
        ),
        "h of the same step": (edited(loop, "run.h[k - 1]", "run.h[k]")(down), "dW is made with run.h[k]"),
        "a step too many": (loop(lambda n: range(n, -2, -1)), "each walk goes one step too far"),
        "without step n": (loop(lambda n: range(n - 1, -1, -1)), "each walk begins one step too late"),
        "without step 0": (loop(lambda n: range(n, 0, -1)), "each walk ends one step too early"),
        "no slope": (edited(loop, "run.ct[k] * o * (1 - o)", "run.ct[k] * o")(down), "its slope, o * (1 - o), is not"),
        "slope of a tanh": (edited(loop, "run.ct[k] * o * (1 - o)", "run.ct[k] * (1 - o**2)")(down), "o is a sigmoid"),
        "tanh twice": (edited(loop, "to_h * run.ct", "to_h * np.tanh(run.ct)")(down), "is taken of it once more"),
        "minus": (edited(loop, "to_h * run.ct", "-to_h * run.ct")(down), "its sign is not"),
        "W not transposed": (edited(loop, '"W" + gate].T', '"W" + gate]')(down), "But to_h is made with W"),
        "no f": (edited(loop, "to_c = to_c * f", "to_c = to_c")(down), "carried back whole, without a forget gate"),
    },
    "check_second": mistaken("gate of another step")
    | {
        "no forget gate": (with_flaws("no forget gate"), "carried back whole, without a forget gate"),
        "carry added": (with_flaws("carry added"), "what is carried is added to to_c"),
        "h of the same step, not repaired": (
            edited(loop, "run.h[k - 1]", "run.h[k]", "to_c * f", "to_c * run.f[k - 1]")(down),
            "The flaw is still there, and now dW",
        ),
        "input gate": (edited(loop, "to_c * f\n", "to_c * i\n")(down), "carried with the input gate now"),
        "1 - f": (edited(loop, "to_c * f\n", "to_c * (1 - f)\n")(down), "the share that is lost"),
        "gate of the loss": (
            edited(loop, "to_c * f\n", "to_c * run.f[n]\n")(down),
            "run.f[n], the gate of the step that",
        ),
        "nothing": (edited(loop, "to_c * f\n", "0 * f\n")(down), "Now no part of the cell's delta is carried"),
        "gate of the next step": (with_flaws("gate of the next step"), "The gate is now that of step k+1"),
    },
    "check_third": mistaken("token once")
    | {
        "measured": (measured, "If you measure your gradients, with a loss or two for each weight, repair the loop"),
        "token to come": (edited(loop, "x[k]] +=", "targets[k]] +=")(down), "goes into the column of the target"),
        "token of the step before": (with_flaws("token of the step before"), "the token of the step before; step k"),
        "token subtracted": (with_flaws("token subtracted"), "z is subtracted from the column of its token"),
        "token of the loss": (with_flaws("token of the loss"), "the column of x[n], the token that the walk begins"),
        "a step too many": (loop(lambda n: range(n, -2, -1)), "With 2 steps, wrong: dWi dWf dWo dWg"),
        "step 0 left out": (with_flaws("step 0 left out"), "With 2 steps, wrong: dWi"),
    },
    "check_fourth": mistaken("turned product", "g left out")
    | {
        "a step too many": (loop(lambda n: range(n, -2, -1)), "With 1 step, wrong: dWi dWf dWo dWg"),
        "product repaired": (with_flaws("g left out"), "another one is left."),
        "carry repaired": (with_flaws("turned product"), "which shows at T = 1 already"),
        "h of the same step, carry not repaired": (
            edited(loop, "run.h[k - 1]", "run.h[k]", '@ z[gate] for gate in "ifog"', '@ z[gate] for gate in "ifo"')(
                down
            ),
            "the other factor is run.h[k]",
        ),
        "h of the same step, product still turned": (
            with_flaws("turned product", "h of the same step", "g left out"),
            "Both flaws are still there",
        ),
        "without f": (
            edited(loop, '@ z[gate] for gate in "ifog"', '@ z[gate] for gate in "iog"')(down),
            "dW is made right now, and g sends",
        ),
        "without i, product still turned": (
            with_flaws("turned product", "i left out"),
            "g sends something back to h now, but another",
        ),
        "number, carry repaired": (with_flaws("a number"), "The product of z and h is one number here"),
        "number by number": (edited(loop, "np.outer(z", "np.multiply(z")(down), "every row of dW gets the same"),
        "W not transposed": (edited(loop, '"W" + gate].T', '"W" + gate]')(down), "But to_h is made with W"),
        "W not transposed, carry not repaired": (
            with_flaws("g left out", "W not transposed"),
            "the flaw that shows at T = 2 is left",
        ),
        "W not transposed, product still turned": (
            with_flaws("W not transposed", "turned product"),
            "but through W; a delta goes back through its transpose",
        ),
        "number, carry not repaired": (with_flaws("a number", "g left out"), "something else is wrong as well"),
    },
    "check_suspect": {
        "by counting": (suspect_by_counting, 'Here one = {"Wo", "Wg"} and two = {"Wo", "Wg"}'),
        "product means g": (
            lambda one, two: "output gate" if "Wo" in one and "Wg" not in one else suspect_by_g(one, two),
            'Here one = {"Wi", "Wf"} and two = {"Wi", "Wf"}',
        ),
        "product means four": (suspect_by_four, 'Here one = {"Wo", "Wg"} and two = {"Wo", "Wg"}'),
        "always product": (lambda one, two: "product", "some or all of the four dW at T = 1"),
        "always cell carry": (lambda one, two: "cell carry", "acts from T = 2 on, and at T = 2 it spoils i, f and g"),
        "carries mixed up": (
            but(lambda said, one, two: {"cell carry": "hidden carry", "hidden carry": "cell carry"}.get(said, said)),
            "then it spoils the output gate too",
        ),
        "T = 1 alone": (lambda one, two: suspect(one, one | {"Wi", "Wo"}), "acts from T = 2 on"),
        "T = 2 alone": (lambda one, two: suspect(two, two), "some or all of the four dW at T = 1"),
        "output gate last": (
            lambda one, two: "product" if one else suspect(one, two),
            "dW at T = 1, but never a dU",
        ),
        "the token is a carry": (but(lambda said, *_: said.replace("token", "hidden carry")), "acts from T = 2 on"),
        "every carry is the token": (
            but(lambda said, *_: "token" if "carry" in said else said),
            "no dW is ever wrong",
        ),
        "underlined": (but(lambda said, *_: said.replace(" ", "_")), 'should return one of "product"'),
        "a list": (but(lambda said, *_: [said]), "should return one of"),
        "the number of a line": (lambda one, two: 3, "should return one of"),
        "T = 2 minus T = 1": (lambda one, two: suspect(two - one, two), 'Here one = {"Wo", "Uo"} and two = {'),
        "names with a d": (
            lambda one, two: suspect({"d" + name for name in one}, two),
            'one = {"Wo", "Uo"}',
        ),
        "keeps emptying": (
            lambda one, two: suspect(one, two) if not one.clear() else "",
            "writes to what it was given",
        ),
    },
}
