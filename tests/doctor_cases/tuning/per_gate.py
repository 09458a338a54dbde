import numpy as np

import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    i, f, o, g, c, ct, h = cache.i, cache.f, cache.o, cache.g, cache.c, cache.ct, cache.h
    dy = cache.y.copy()
    dy[np.arange(len(x)), targets] -= 1
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dh_next = np.zeros(params.hidden_size)
    dc_next = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        grads.V += np.outer(dy[t], h[t])
        dh = params.V.T @ dy[t] + dh_next
        do = dh * ct[t]
        dc = dh * o[t] * (1 - ct[t] ** 2) + dc_next
        di = dc * g[t]
        df = dc * c[t - 1]
        dg = dc * i[t]
        dzi = di * i[t] * (1 - i[t])
        dzf = df * f[t] * (1 - f[t])
        dzo = do * o[t] * (1 - o[t])
        dzg = dg * (1 - g[t] ** 2)
        grads.Wi += np.outer(dzi, h[t - 1])
        grads.Wf += np.outer(dzf, h[t - 1])
        grads.Wo += np.outer(dzo, h[t - 1])
        grads.Wg += np.outer(dzg, h[t - 1])
        grads.Ui[:, x[t]] += dzi
        grads.Uf[:, x[t]] += dzf
        grads.Uo[:, x[t]] += dzo
        grads.Ug[:, x[t]] += dzg
        dh_next = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
        dc_next = dc * f[t]
    return grads
