import numpy as np

import lstm_teach as lt


def grads_of(params, seq, nxt, h0=None, c0=None):
    a = lt.forward(params, seq, h0, c0)
    res = {m: np.zeros_like(params[m]) for m in params}
    dh = np.zeros(params.hidden_size)
    dc = np.zeros(params.hidden_size)
    for t in reversed(range(len(seq))):
        d = a.y[t].copy()
        d[nxt[t]] -= 1
        res["V"] += np.outer(d, a.h[t])
        dh += params.V.T @ d
        dh_out = dh
        dh *= a.o[t] * (1 - a.ct[t] ** 2)
        dc += dh
        deltas = {
            "i": dc * a.g[t] * a.i[t] * (1 - a.i[t]),
            "f": dc * a.c[t - 1] * a.f[t] * (1 - a.f[t]),
            "o": dh_out * a.ct[t] * a.o[t] * (1 - a.o[t]),
            "g": dc * a.i[t] * (1 - a.g[t] ** 2),
        }
        dh = np.zeros_like(dh)
        for k, v in deltas.items():
            dh += params["W" + k].T @ v
            res["W" + k] += np.outer(v, a.h[t - 1])
            res["U" + k][:, seq[t]] += v
        dc *= a.f[t]
    return res
