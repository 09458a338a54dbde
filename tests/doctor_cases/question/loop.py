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
    di, df, do, dg = (np.zeros_like(c) for _ in range(4))
    diga, dfga, doga, dgga = (np.zeros_like(c) for _ in range(4))
    dct = np.zeros_like(c)
    for t in reversed(range(len(x))):
        dV += np.outer(dy[t], h[t].T)
        dhtmp = params.V.T.dot(dy[t])
        dctmp = dct[0] * (1.0 - ct[0] ** 2)
        for s in np.arange(t)[::-1]:
            do[s] = dhtmp * ct[s]
            dct[s] = dhtmp * o[s]
            dctmp += dct[s] * (1.0 - ct[s] ** 2)
            di[s] = dctmp * g[s]
            df[s] = dctmp * c[s - 1]
            dg[s] = dctmp * i[s]
            # gates
            diga[s] = di[s] * i[s] * (1.0 - i[s])
            dfga[s] = df[s] * f[s] * (1.0 - f[s])
            doga[s] = do[s] * o[s] * (1.0 - o[s])
            dgga[s] = dg[s] * (1.0 - g[s] ** 2)
            dWi += np.dot(diga[s].T, h[s - 1])
            dWf += np.dot(dfga[s].T, h[s - 1])
            dWo += np.dot(doga[s].T, h[s - 1])
            dWg += np.dot(dgga[s].T, h[s - 1])
            dUi[:, x[s]] += diga[s]
            dUf[:, x[s]] += dfga[s]
            dUo[:, x[s]] += doga[s]
            dUg[:, x[s]] += dgga[s]
            dhtmp = np.dot(params.Wi.T, diga[s])
            dhtmp += np.dot(params.Wf.T, dfga[s])
            dhtmp += np.dot(params.Wo.T, doga[s])
            dhtmp += np.dot(params.Wg.T, dgga[s])
            dctmp += dctmp * f[s]
    return [dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg]
