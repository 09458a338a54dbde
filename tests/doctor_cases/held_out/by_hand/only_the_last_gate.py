import numpy as np

import lstm_teach as lt


def sigmoid_grad(s):
    return s * (1.0 - s)


def back(params, cache, t, dh, dc):
    dtanh = dh * cache.o[t] * (1.0 - cache.ct[t] ** 2)
    dc = dc + dtanh
    dgates = [
        dc * cache.g[t] * sigmoid_grad(cache.i[t]),
        dc * cache.c[t - 1] * sigmoid_grad(cache.f[t]),
        dh * cache.ct[t] * sigmoid_grad(cache.o[t]),
        dc * cache.i[t] * (1.0 - cache.g[t] ** 2),
    ]
    dh_prev = np.zeros_like(dh)
    for W, dgate in zip((params.Wi, params.Wf, params.Wo, params.Wg), dgates):
        dh_prev = dgate @ W
    return dgates, dh_prev, dc * cache.f[t]


def full_backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    dW, dU = np.zeros((4, *params.Wi.shape)), np.zeros((4, *params.Ui.shape))
    dV = np.zeros_like(params.V)
    dh, dc = np.zeros((2, params.hidden_size))
    for t in reversed(range(len(x))):
        dy = cache.y[t].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, cache.h[t])
        dgates, dh, dc = back(params, cache, t, dh + dy @ params.V, dc)
        for n, dgate in enumerate(dgates):
            dW[n] += np.outer(dgate, cache.h[t - 1])
            dU[n, :, x[t]] += dgate
    return [dV, *dW, *dU]
