import numpy as np

import lstm_teach as lt


def gradients(params, x, targets, h0=None, c0=None):
    f = lt.forward(params, x, h0, c0)
    N = len(x)
    D = f.y.copy()
    D[np.arange(N), targets] -= 1
    D /= N
    Z = np.zeros((N, 4 * params.hidden_size))
    n = params.hidden_size
    dh = np.zeros(n)
    dc = np.zeros(n)
    for t in range(N - 1, -1, -1):
        dh = D[t] @ params.V + dh
        dc = dh * f.o[t] * (1 - f.ct[t] ** 2) + dc
        Z[t, :n] = dc * f.g[t] * f.i[t] * (1 - f.i[t])
        Z[t, n : 2 * n] = dc * f.c[t - 1] * f.f[t] * (1 - f.f[t])
        Z[t, 2 * n : 3 * n] = dh * f.ct[t] * f.o[t] * (1 - f.o[t])
        Z[t, 3 * n :] = dc * f.i[t] * (1 - f.g[t] ** 2)
        dh = Z[t] @ params.W
        dc = dc * f.f[t]
    result = lt.Params.zeros(params.vocab_size, n)
    result.V = D.T @ f.h[:N]
    result.W[:] = Z.T @ np.roll(f.h, 1, axis=0)[:N]
    for t in range(N):
        result.U[:, x[t]] += Z[t]
    return result
