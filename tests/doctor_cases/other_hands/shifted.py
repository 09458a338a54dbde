import numpy as np


def sigma(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def backward(params, x, targets, h0=None, c0=None):
    # counted from 1 as in the lecture notes: row t is step t, row 0 is the start
    T, H, K = len(x), params.hidden_size, params.vocab_size
    i, f, o, g, c, h = np.zeros((6, T + 1, H))
    err = np.zeros((T + 1, K))
    if h0 is not None:
        h[0] = h0
    if c0 is not None:
        c[0] = c0

    for t in range(1, T + 1):
        tok = x[t - 1]
        i[t] = sigma(params.Wi @ h[t - 1] + params.Ui[:, tok])
        f[t] = sigma(params.Wf @ h[t - 1] + params.Uf[:, tok])
        o[t] = sigma(params.Wo @ h[t - 1] + params.Uo[:, tok])
        g[t] = np.tanh(params.Wg @ h[t - 1] + params.Ug[:, tok])
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        s = params.V @ h[t]
        err[t] = np.exp(s - s.max())
        err[t] /= err[t].sum()
        err[t, targets[t - 1]] -= 1

    ct = np.tanh(c)
    dh = err @ params.V  # row 0 of err is zero
    dc = np.zeros((T + 1, H))
    zi, zf, zo, zg = np.zeros((4, T + 1, H))
    for t in range(T, 0, -1):
        dc[t] += dh[t] * o[t] * (1 - ct[t] ** 2)
        zi[t] = dc[t] * g[t] * i[t] * (1 - i[t])
        zf[t] = dc[t] * c[t - 1] * f[t] * (1 - f[t])
        zo[t] = dh[t] * ct[t] * o[t] * (1 - o[t])
        zg[t] = dc[t] * i[t] * (1 - g[t] ** 2)
        dc[t - 1] = dc[t] * f[t]
        dh[t - 1] += params.Wi.T @ zi[t] + params.Wf.T @ zf[t]
        dh[t - 1] += params.Wo.T @ zo[t] + params.Wg.T @ zg[t]

    grads = {"V": err.T @ h}
    for name, z in zip("ifog", (zi, zf, zo, zg)):
        grads["W" + name] = z[1:].T @ h[:-1]
        columns = np.zeros((K, H))
        np.add.at(columns, x, z[1:])
        grads["U" + name] = columns.T
    return grads
