"""Answers to exercise 3."""

from functools import partial

import numpy as np
from sound import bptt, nested_loop

import lstm_teach as lt


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


right = loop(lambda n: range(n, -1, -1))


def right_as_a_list(params, x, targets, h0, c0):
    return [np.array(matrix) for matrix in bptt(params, x, targets, h0, c0).values()]


def right_with_deltas(params, x, targets, h0=None, c0=None):
    return bptt(params, x, targets, h0, c0, return_deltas=True)


def with_flaws(*flaws):
    """A loop that has these flaws; a partial has no source that the doctor would search for long."""
    return partial(nested_loop, flaws=flaws)


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


REPAIRED = {"two loops": right, "a list": right_as_a_list, "with deltas": right_with_deltas}


def mistaken(*flaws):
    """Mistakes of every repair; `flaws` are those of the loop as it was."""
    return {
        "as it was": (with_flaws(*flaws), "still the numbers of the loop as it was"),
        "another flaw": (with_flaws("leftover", "step 0 left out"), "Of 2 steps: wrong"),
        "a number": (with_flaws("a number", *flaws), "wrong dWi dWf dWo dWg"),
        "no forget gate": (with_flaws("no forget gate"), "wrong dWi dWf dWg dUi dUf dUg; right dV dWo dUo"),
        "V left out": (changed(lambda grads, params, x: grads.V.fill(0)), "wrong dV; right dWi"),
        "signs": (changed(lambda grads, params, x: np.negative(grads.flat, out=grads.flat) is None), "an error of 2"),
        "mean": (changed(lambda grads, params, x: grads.flat.__itruediv__(len(x)) is None), "Of 2 steps: wrong dV"),
        "the library": (lambda params, x, targets, h0, c0: lt.bptt(params, x, targets, h0, c0), "calls lt.bptt"),
        "the library, repaired": (
            lambda params, x, targets, h0, c0: lt.nested_bptt(params, x, targets, h0, c0, repaired=lt.FLAWS),
            "calls lt.nested_bptt",
        ),
        "eight": (changed(lambda grads, params, x: grads.values()[1:]), "returns 8 things"),
        "wrong shape": (changed(lambda grads, params, x: {**grads.items()} | {"V": grads.V.T}), "dV must have"),
        "zeros": (lambda params, *sequence: params.__class__.zeros(4, 5), "wrong"),
        "not a number": (changed(lambda grads, params, x: grads.Wf.fill(np.nan)), "nan"),
        "initial state ignored": (lambda params, x, targets, h0, c0: bptt(params, x, targets), "Of 2 steps: wrong"),
        "writes to h0": (writes_to_h0, "writes to what it was given, h0"),
        "no sequence": (lambda params, x: lt.Params.zeros(4, 5), "raised TypeError"),
    }


# ------------------------------------------------------------------------------------------ check_cell_deltas


def cell(own, f):
    deltas, carried = np.zeros_like(own), 0.0
    for k in reversed(range(len(own))):
        deltas[k] = own[k] + carried
        carried = deltas[k] * f[k]
    return deltas


def cell_in_a_list(own, f):
    found = []
    for a, b in zip(own[::-1], [np.zeros(own.shape[1]), *f[:0:-1]], strict=True):
        found.insert(0, a + b * found[0] if found else a)
    return found


def cell_by_walks(own, f):
    deltas = np.zeros_like(own)
    for n in range(len(own)):
        to_c = own[n]
        for k in range(n, -1, -1):
            deltas[k] += to_c
            to_c = to_c * f[k]
    return deltas


def cell_with(formula):
    """`formula(own[k], carried, f, k)` gives the delta and what is carried on."""

    def cell_deltas(own, f):
        deltas, carried = np.zeros_like(own), np.zeros(own.shape[1])
        for k in reversed(range(len(own))):
            deltas[k], carried = formula(own[k], carried, f, k)
        return deltas

    return cell_deltas


def cell_forward(own, f):
    return cell(own[::-1], f[::-1])[::-1]


def cell_in_place(own, f):
    for k in reversed(range(len(own) - 1)):
        own[k] += own[k + 1] * f[k + 1]
    return own


RIGHT = {
    "check_first": REPAIRED,
    "check_second": REPAIRED,
    "check_third": REPAIRED,
    "check_fourth": REPAIRED,
    "check_cell_deltas": {
        "plain": cell,
        "a list": cell_in_a_list,
        "formula": cell_with(lambda own, carried, f, k: (own + carried, (own + carried) * f[k])),
    },
}

WRONG = {
    "check_first": mistaken("cell for its tanh"),
    "check_second": mistaken("gate of another step")
    | {"no forget gate": (with_flaws("no forget gate"), "carried back whole, without a forget gate")},
    "check_third": mistaken("step 0 left out")
    | {
        "a step too many": (loop(lambda n: range(n, -2, -1)), "Of 1 step: wrong dWi dWf dWo dWg"),
    },
    "check_fourth": mistaken("turned product", "leftover")
    | {
        "a step too many": (loop(lambda n: range(n, -2, -1)), "Of 1 step: wrong dWi dWf dWo dWg"),
        "product repaired": (with_flaws("leftover"), "another one is left."),
        "start repaired": (with_flaws("turned product"), "which shows at T = 1 already"),
        "number, start repaired": (with_flaws("a number"), "an entry for each pair is meant"),
        "number, start not repaired": (with_flaws("a number", "leftover"), "something else is wrong besides"),
    },
    "check_cell_deltas": {
        "nothing carried": (lambda own, f: own.copy(), "Nothing is carried here"),
        "gate of the step it goes to": (
            cell_with(lambda own, carried, f, k: (own + carried * f[k],) * 2),
            "multiplied by the forget gate of the step that it goes to",
        ),
        "no gate": (cell_with(lambda own, carried, f, k: (own + carried,) * 2), "not multiplied by a forget gate"),
        "forward": (cell_forward, "forward in time"),
        "own times f": (lambda own, f: f * cell(own, f), "multiplied by its forget gate too"),
        "next step only": (
            cell_with(lambda own, carried, f, k: (own + carried, own * f[k])),
            "Only the next step is heard",
        ),
        "added up": (
            cell_with(lambda own, carried, f, k: (own + carried, carried + (own + carried) * f[k])),
            "the delta is off",
        ),
        "two loops": (cell_by_walks, "did not finish within"),
        "in place": (cell_in_place, "writes to what it was given, own"),
        "the last alone": (lambda own, f: cell(own, f)[-1], "should be an array of shape (3, 2)"),
        "zeros": (lambda own, f: np.zeros_like(own), "the delta is off"),
    },
}
