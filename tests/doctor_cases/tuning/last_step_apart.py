import numpy as np

import lstm_teach as lt


def gradient(params, x, targets, h0=None, c0=None):
    """The last step receives nothing from the future and is treated before the loop."""
    z = lt.forward(params, x, h0, c0)
    N = len(x)
    dscore = z.y.copy()
    for n, target in enumerate(targets):
        dscore[n][target] -= 1
    dh = np.zeros((N, params.hidden_size))
    dc = np.zeros((N, params.hidden_size))
    di, df, do, dg = [np.zeros((N, params.hidden_size)) for _ in range(4)]
    dh[N - 1] = params.V.T @ dscore[N - 1]
    dc[N - 1] = dh[N - 1] * z.o[N - 1] * (1 - z.ct[N - 1] ** 2)
    for n in range(N - 1, 0, -1):
        di[n] = dc[n] * z.g[n] * z.i[n] * (1 - z.i[n])
        df[n] = dc[n] * z.c[n - 1] * z.f[n] * (1 - z.f[n])
        do[n] = dh[n] * z.ct[n] * z.o[n] * (1 - z.o[n])
        dg[n] = dc[n] * z.i[n] * (1 - z.g[n] ** 2)
        future = params.Wi.T @ di[n] + params.Wf.T @ df[n] + params.Wo.T @ do[n] + params.Wg.T @ dg[n]
        dh[n - 1] = params.V.T @ dscore[n - 1] + future
        dc[n - 1] = dh[n - 1] * z.o[n - 1] * (1 - z.ct[n - 1] ** 2) + dc[n] * z.f[n]
    di[0] = dc[0] * z.g[0] * z.i[0] * (1 - z.i[0])
    df[0] = dc[0] * z.c[-1] * z.f[0] * (1 - z.f[0])
    do[0] = dh[0] * z.ct[0] * z.o[0] * (1 - z.o[0])
    dg[0] = dc[0] * z.i[0] * (1 - z.g[0] ** 2)
    before = z.h[np.arange(N) - 1]
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    grads.V += dscore.T @ z.h[:N]
    grads.Wi += di.T @ before
    grads.Wf += df.T @ before
    grads.Wo += do.T @ before
    grads.Wg += dg.T @ before
    for n in range(N):
        grads.Ui[:, x[n]] += di[n]
        grads.Uf[:, x[n]] += df[n]
        grads.Uo[:, x[n]] += do[n]
        grads.Ug[:, x[n]] += dg[n]
    return grads
