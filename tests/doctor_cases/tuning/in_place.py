import numpy as np

import lstm_teach as lt


def backward_in_place(params, x, targets, h0=None, c0=None):
    """No new arrays inside the loop."""
    cache = lt.forward(params, x, h0, c0)
    H = params.hidden_size
    out = lt.Params.zeros(params.vocab_size, H)
    err = cache.y.copy()
    for t in range(len(x)):
        err[t, targets[t]] -= 1
    dh, dc, tmp = np.zeros(H), np.zeros(H), np.zeros(H)
    dz = np.zeros((4, H))
    for t in range(len(x) - 1, -1, -1):
        out.V[:] += np.outer(err[t], cache.h[t])
        dh += np.dot(err[t], params.V)
        np.multiply(cache.ct[t], cache.ct[t], out=tmp)
        np.subtract(1, tmp, out=tmp)
        tmp *= cache.o[t]
        tmp *= dh
        dc += tmp
        dz[0] = dc * cache.g[t]
        dz[1] = dc * cache.c[t - 1]
        dz[2] = dh * cache.ct[t]
        dz[3] = dc * cache.i[t]
        dz[0] *= cache.i[t] * (1 - cache.i[t])
        dz[1] *= cache.f[t] * (1 - cache.f[t])
        dz[2] *= cache.o[t] * (1 - cache.o[t])
        dz[3] *= 1 - cache.g[t] ** 2
        out.W[:] += np.outer(dz.reshape(-1), cache.h[t - 1])
        out.U[:, x[t]] += dz.reshape(-1)
        dh[:] = 0
        dh += dz[0] @ params.Wi
        dh += dz[1] @ params.Wf
        dh += dz[2] @ params.Wo
        dh += dz[3] @ params.Wg
        dc *= cache.f[t]
    return out
