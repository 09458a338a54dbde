from functools import partial, reduce
from itertools import accumulate, pairwise
from operator import add
from typing import NamedTuple

import numpy as np


class Step(NamedTuple):
    h: np.ndarray
    c: np.ndarray
    gates: tuple = ()
    token: int = -1


def sigma(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def advance(ws, us, last, token):
    i, f, o, g = (act(w @ last.h + u[:, token]) for act, w, u in zip((sigma, sigma, sigma, np.tanh), ws, us))
    c = f * last.c + i * g
    return Step(o * np.tanh(c), c, (i, f, o, g), token)


def residual(v, step, target):
    """softmax(v h) minus the one-hot target"""
    e = np.exp(v @ step.h)
    return e / e.sum() - (np.arange(len(e)) == target)


def unroll_back(v, ws, steps, residuals):
    """Yield (token, h before, h after, residual, deltas of i f o g), last step first."""
    dh = dc = np.zeros(v.shape[1])
    for (last, step), r in zip(reversed(list(pairwise(steps))), reversed(residuals)):
        i, f, o, g = step.gates
        tc = np.tanh(step.c)
        dh = dh + r @ v
        dc = dc + dh * o * (1 - tc * tc)
        deltas = (
            dc * g * i * (1 - i),
            dc * last.c * f * (1 - f),
            dh * tc * o * (1 - o),
            dc * i * (1 - g * g),
        )
        yield step.token, last.h, step.h, r, deltas
        dh = reduce(add, (w.T @ d for w, d in zip(ws, deltas)))
        dc = dc * f


def contribution(n_tokens, item):
    """The nine gradients of one single step."""
    token, h_before, h_after, r, deltas = item
    onehot = np.eye(n_tokens)[token]
    return (
        np.outer(r, h_after),
        *(np.outer(d, h_before) for d in deltas),
        *(np.outer(d, onehot) for d in deltas),
    )


def backward(params, x, targets, h0=None, c0=None):
    v = params["V"]
    ws = tuple(params["W" + k] for k in "ifog")
    us = tuple(params["U" + k] for k in "ifog")
    nothing = np.zeros(v.shape[1])
    start = Step(nothing if h0 is None else h0, nothing if c0 is None else c0)

    steps = list(accumulate(x, partial(advance, ws, us), initial=start))
    residuals = [residual(v, s, y) for s, y in zip(steps[1:], targets)]
    parts = map(partial(contribution, len(v)), unroll_back(v, ws, steps, residuals))
    return reduce(lambda total, part: [a + b for a, b in zip(total, part)], parts)
