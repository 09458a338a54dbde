"""The equations written down one by one, gate by gate, with every array of the names table: the yardstick for speed."""

import numpy as np

import lstm_teach as lt


def literal_bptt(params: lt.Params, x, targets) -> lt.Params:
    """Forward and backward pass as a person writes them who follows the equations line by line."""
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = params.values()
    T, H = len(x), params.hidden_size
    i, f, o, g, c, ct, h = (np.zeros((T + 1, H)) for _ in range(7))
    zi, zf, zo, zg = (np.zeros((T, H)) for _ in range(4))
    y = np.zeros((T, params.vocab_size))
    for t in range(T):
        zi[t] = Ui[:, x[t]] + Wi @ h[t - 1]
        zf[t] = Uf[:, x[t]] + Wf @ h[t - 1]
        zo[t] = Uo[:, x[t]] + Wo @ h[t - 1]
        zg[t] = Ug[:, x[t]] + Wg @ h[t - 1]
        i[t] = 1 / (1 + np.exp(-zi[t]))
        f[t] = 1 / (1 + np.exp(-zf[t]))
        o[t] = 1 / (1 + np.exp(-zo[t]))
        g[t] = np.tanh(zg[t])
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        ct[t] = np.tanh(c[t])
        h[t] = o[t] * ct[t]
        scores = V @ h[t]
        e = np.exp(scores - scores.max())
        y[t] = e / e.sum()

    grads = lt.Params.zeros(params.vocab_size, H)
    dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg = grads.values()
    dh, dc, di, df, do, dg, dzi, dzf, dzo, dzg = (np.zeros((T, H)) for _ in range(10))
    dy = y.copy()
    dy[np.arange(T), targets] -= 1
    dh_future, dc_carry = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        dV += np.outer(dy[t], h[t])
        dh[t] = V.T @ dy[t] + dh_future
        dc[t] = dh[t] * o[t] * (1 - ct[t] ** 2) + dc_carry
        do[t] = dh[t] * ct[t]
        di[t] = dc[t] * g[t]
        df[t] = dc[t] * c[t - 1]
        dg[t] = dc[t] * i[t]
        dzi[t] = di[t] * i[t] * (1 - i[t])
        dzf[t] = df[t] * f[t] * (1 - f[t])
        dzo[t] = do[t] * o[t] * (1 - o[t])
        dzg[t] = dg[t] * (1 - g[t] ** 2)
        dWi += np.outer(dzi[t], h[t - 1])
        dWf += np.outer(dzf[t], h[t - 1])
        dWo += np.outer(dzo[t], h[t - 1])
        dWg += np.outer(dzg[t], h[t - 1])
        dUi[:, x[t]] += dzi[t]
        dUf[:, x[t]] += dzf[t]
        dUo[:, x[t]] += dzo[t]
        dUg[:, x[t]] += dzg[t]
        dh_future = Wi.T @ dzi[t] + Wf.T @ dzf[t] + Wo.T @ dzo[t] + Wg.T @ dzg[t]
        dc_carry = dc[t] * f[t]
    return grads
