import operator
from functools import reduce

import numpy as np

import lstm_teach as lt

GATES = "ifog"


def tape_of(m, targets):
    """one tuple per step, first step first"""
    T = len(m.x)
    return [
        (m.x[t], targets[t], m.y[t], m.i[t], m.f[t], m.o[t], m.g[t], m.ct[t], m.h[t], m.h[t - 1], m.c[t - 1])
        for t in range(T)
    ]


def fold_step(params):
    K = params.V.shape[0]

    def step(carry, entry):
        back_h, back_c, totals = carry
        token, goal, y, i, f, o, g, ct, h, h_old, c_old = entry
        err = y - (np.arange(K) == goal)
        gh = err @ params.V + back_h
        gc = gh * o * (1 - ct * ct) + back_c
        gz = (
            gc * g * i * (1 - i),
            gc * c_old * f * (1 - f),
            gh * ct * o * (1 - o),
            gc * i * (1 - g * g),
        )
        back_h = reduce(operator.add, (z @ params["W" + k] for k, z in zip(GATES, gz)))
        back_c = gc * f
        column = np.eye(K)[token]
        here = {"V": np.outer(err, h)}
        here.update({"W" + k: np.outer(z, h_old) for k, z in zip(GATES, gz)})
        here.update({"U" + k: np.outer(z, column) for k, z in zip(GATES, gz)})
        totals = {k: totals[k] + v for k, v in here.items()}
        return back_h, back_c, totals

    return step


def backward(params, x, targets, h0=None, c0=None):
    memory = lt.forward(params, x, h0, c0)
    H = params.Wi.shape[1]
    start = (np.zeros(H), np.zeros(H), {name: np.zeros(params[name].shape) for name in params.keys()})
    *_, totals = reduce(fold_step(params), reversed(tape_of(memory, targets)), start)
    return totals
