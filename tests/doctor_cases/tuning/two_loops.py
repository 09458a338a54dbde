import numpy as np

import lstm_teach as lt


def nested(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    i, f, o, g, c, ct, h = cache.i, cache.f, cache.o, cache.g, cache.c, cache.ct, cache.h
    dy = cache.y.copy()
    dy[np.arange(len(x)), targets] -= 1.0
    dV = np.zeros_like(params.V)
    dWi, dWf, dWo, dWg = (np.zeros_like(params.Wi) for _ in range(4))
    dUi, dUf, dUo, dUg = (np.zeros_like(params.Ui) for _ in range(4))
    dzi, dzf, dzo, dzg = (np.zeros_like(c) for _ in range(4))
    for t in reversed(range(len(x))):
        dV += np.outer(dy[t], h[t])
        dh = np.dot(params.V.T, dy[t])
        dc = np.zeros_like(dh)
        for s in np.arange(t + 1)[::-1]:
            do = dh * ct[s]
            dc += dh * o[s] * (1.0 - ct[s] ** 2)
            di = dc * g[s]
            df = dc * c[s - 1]
            dg = dc * i[s]
            dzi[s] = di * i[s] * (1.0 - i[s])
            dzf[s] = df * f[s] * (1.0 - f[s])
            dzo[s] = do * o[s] * (1.0 - o[s])
            dzg[s] = dg * (1.0 - g[s] ** 2)
            dWi += np.outer(dzi[s], h[s - 1])
            dWf += np.outer(dzf[s], h[s - 1])
            dWo += np.outer(dzo[s], h[s - 1])
            dWg += np.outer(dzg[s], h[s - 1])
            dUi[:, x[s]] += dzi[s]
            dUf[:, x[s]] += dzf[s]
            dUo[:, x[s]] += dzo[s]
            dUg[:, x[s]] += dzg[s]
            dh = np.dot(params.Wi.T, dzi[s])
            dh += np.dot(params.Wf.T, dzf[s])
            dh += np.dot(params.Wo.T, dzo[s])
            dh += np.dot(params.Wg.T, dzg[s])
            dc = dc * f[s]
    return [dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg]
