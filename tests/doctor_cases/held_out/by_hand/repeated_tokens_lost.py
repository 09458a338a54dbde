import numpy as np

import lstm_teach as lt


def vector_backward(params, x, targets, h0=None, c0=None):
    store = lt.forward(params, x, h0, c0)
    T, H = len(x), params.hidden_size
    dlogits = store.y.copy()
    dlogits[np.arange(T), targets] -= 1
    dz = np.zeros((T, 4 * H))
    dh = np.zeros(H)
    dc = np.zeros(H)
    for t in range(T - 1, -1, -1):
        dh += dlogits[t] @ params.V
        dc += dh * store.o[t] * (1 - store.ct[t] ** 2)
        dz[t] = np.concatenate((dc * store.g[t], dc * store.c[t - 1], dh * store.ct[t], dc * store.i[t]))
        dz[t, : 3 * H] *= store.gates[t, : 3 * H] * (1 - store.gates[t, : 3 * H])
        dz[t, 3 * H :] *= 1 - store.gates[t, 3 * H :] ** 2
        dh = dz[t] @ params.W
        dc = dc * store.f[t]
    grads = lt.Params.zeros(params.vocab_size, H)
    grads.V = dlogits.T @ store.h[:T]
    grads.W[:] = dz.T @ np.vstack((store.h[-1:], store.h[: T - 1]))
    grads.U[:, x] += dz.T
    return grads
