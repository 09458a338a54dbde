import numpy as np

import lstm_teach as lt


def full_unroll(params, x, targets, h0=None, c0=None):
    mem = lt.forward(params, x, h0, c0)
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    for last in range(len(x)):
        e = mem.y[last].copy()
        e[targets[last]] -= 1
        grads["V"] += np.outer(e, mem.h[last])
        dh = params.V.T @ e
        dc = np.zeros_like(dh)
        for s in range(last, 0, -1):
            dc = dc + dh * mem.o[s] * (1 - mem.ct[s] ** 2)
            dz = {
                "i": dc * mem.g[s] * mem.i[s] * (1 - mem.i[s]),
                "f": dc * mem.c[s - 1] * mem.f[s] * (1 - mem.f[s]),
                "o": dh * mem.ct[s] * mem.o[s] * (1 - mem.o[s]),
                "g": dc * mem.i[s] * (1 - mem.g[s] ** 2),
            }
            dh = np.zeros_like(dh)
            for k in dz:
                grads["W" + k] += np.outer(dz[k], mem.h[s - 1])
                grads["U" + k][:, x[s]] += dz[k]
                dh += params["W" + k].T @ dz[k]
            dc += dc * mem.f[s]
    return grads
