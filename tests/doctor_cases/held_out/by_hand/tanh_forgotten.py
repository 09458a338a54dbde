import numpy as np

import lstm_teach as lt


def bp(params, x, targets, h0=None, c0=None):
    hist = lt.forward(params, x, h0, c0)
    i, f, o, g, c, h, p = hist.i, hist.f, hist.o, hist.g, hist.c, hist.h, hist.y
    acc = [np.zeros(m.shape) for m in params.values()]
    nh = np.zeros(params.hidden_size)
    nc = np.zeros(params.hidden_size)
    for t in range(len(x) - 1, -1, -1):
        dp = p[t].copy()
        dp[targets[t]] -= 1
        acc[0] += np.outer(dp, h[t])
        dh = params.V.T.dot(dp) + nh
        dc = nc + dh * o[t]
        do = dh * c[t]
        di = dc * g[t]
        df = dc * c[t - 1]
        dg = dc * i[t]
        di *= i[t] * (1 - i[t])
        df *= f[t] * (1 - f[t])
        do *= o[t] * (1 - o[t])
        dg *= 1 - g[t] ** 2
        nh = np.zeros(params.hidden_size)
        for n, d in enumerate((di, df, do, dg)):
            acc[1 + n] += np.outer(d, h[t - 1])
            acc[5 + n][:, x[t]] += d
            nh += params["W" + "ifog"[n]].T.dot(d)
        nc = dc * f[t]
    return acc
