"""Functional handwriting: functools.reduce over the reversed sequence, no assignment into arrays but the one-hots."""
from functools import reduce
from typing import NamedTuple

import numpy as np
import lstm_teach as lt


class Carry(NamedTuple):
    dh: np.ndarray
    dc: np.ndarray
    grads: tuple


def onehot(index, size):
    return (np.arange(size) == index).astype(float)


def backward(params, x, targets, h0=None, c0=None):
    run = lt.forward(params, x, h0, c0)
    H, K = params.hidden_size, params.vocab_size

    def body(carry, t):
        delta_y = run.y[t] - onehot(targets[t], K)
        dh = carry.dh + params.V.T @ delta_y
        dc = carry.dc + dh * run.o[t] * (1 - run.ct[t] ** 2)
        zi = dc * run.g[t] * run.i[t] * (1 - run.i[t])
        zf = dc * run.c[t - 1] * run.f[t] * (1 - run.f[t])
        zo = dh * run.ct[t] * run.o[t] * (1 - run.o[t])
        zg = dc * run.i[t] * (1 - run.g[t] ** 2)
        xt = onehot(x[t], K)
        step = (
            np.outer(delta_y, run.h[t]),
            np.outer(zi, run.h[t - 1]),
            np.outer(zf, run.h[t - 1]),
            np.outer(zo, run.h[t - 1]),
            np.outer(zg, run.h[t - 1]),
            np.outer(zi, xt),
            np.outer(zf, xt),
            np.outer(zo, xt),
            np.outer(zg, xt),
        )
        return Carry(
            dh=params.Wi.T @ zi + params.Wf.T @ zf + params.Wo.T @ zo + params.Wg.T @ zg,
            dc=dc * run.f[t],
            grads=tuple(a + b for a, b in zip(carry.grads, step)),
        )

    start = Carry(
        dh=np.zeros(H),
        dc=np.zeros(H),
        grads=tuple(np.zeros_like(m) for _, m in params.items()),
    )
    end = reduce(body, reversed(range(len(x))), start)
    return end.grads
