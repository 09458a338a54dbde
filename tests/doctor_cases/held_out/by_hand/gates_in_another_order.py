import numpy as np

import lstm_teach as lt


def stacked_backward(p, x, y, h0=None, c0=None):
    fw = lt.forward(p, x, h0, c0)
    out = lt.Params.zeros(p.vocab_size, p.hidden_size)
    dh, dc = np.zeros(p.hidden_size), np.zeros(p.hidden_size)
    for t in reversed(range(len(x))):
        d = fw.y[t].copy()
        d[y[t]] -= 1
        out.V += np.outer(d, fw.h[t])
        dh = dh + d @ p.V
        dc = dc + dh * fw.o[t] * (1 - fw.ct[t] ** 2)
        ai = dc * fw.g[t] * fw.i[t] * (1 - fw.i[t])
        af = dc * fw.c[t - 1] * fw.f[t] * (1 - fw.f[t])
        ag = dc * fw.i[t] * (1 - fw.g[t] ** 2)
        ao = dh * fw.ct[t] * fw.o[t] * (1 - fw.o[t])
        a = np.hstack([ai, af, ag, ao])
        out.W[:] += np.outer(a, fw.h[t - 1])
        out.U[:, x[t]] += a
        dh = a @ p.W
        dc = dc * fw.f[t]
    return out
