"""Gradients of the LSTM, one loss term at a time.

For each loss L[t] its error is followed all the way back, from step t to step 0.
That is quadratic in the length of the sequence, but there is nothing to merge.
"""
import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    steps = len(cache.x)
    size = params.Wi.shape[0]
    total = {name: np.zeros(params[name].shape) for name in params.keys()}

    for t in range(steps):
        # the loss at step t
        error = cache.y[t].copy()
        error[targets[t]] -= 1
        total["V"] += error[:, None] * cache.h[t][None, :]
        dh = error @ params.V
        dc = np.zeros(size)

        # its way back through steps t, t-1, ..., 0
        for s in range(t, -1, -1):
            i, f, o, g = cache.i[s], cache.f[s], cache.o[s], cache.g[s]
            dc = dc + dh * o * (1 - cache.ct[s] ** 2)
            dzi = dc * g * i * (1 - i)
            dzf = dc * cache.c[s - 1] * f * (1 - f)
            dzo = dh * cache.ct[s] * o * (1 - o)
            dzg = dc * i * (1 - g * g)

            token = cache.x[s]
            for letter, dz in (("i", dzi), ("f", dzf), ("o", dzo), ("g", dzg)):
                total["W" + letter] += np.outer(dz, cache.h[s - 1])
                total["U" + letter][:, token] += dz

            dh = dzi @ params.Wi + dzf @ params.Wf + dzo @ params.Wo + dzg @ params.Wg
            dc = dc * f

    return total
