import numpy as np

import lstm_teach as lt


def backprop_through_time(params, x, targets, h0=None, c0=None):
    fwd = lt.forward(params, x, h0, c0)
    dWi, dWf, dWo, dWg = np.zeros((4, params.hidden_size, params.hidden_size))
    dUi, dUf, dUo, dUg = np.zeros((4, params.hidden_size, params.vocab_size))
    dV = np.zeros_like(params.V)
    dh_next, dc_next = np.zeros((2, params.hidden_size))
    for t in np.arange(len(x))[::-1]:
        dscore = fwd.y[t].copy()
        dscore[targets[t]] -= 1.0
        dV = np.outer(dscore, fwd.h[t])
        dh = params.V.T @ dscore + dh_next
        dct = dh * fwd.o[t]
        do = dh * fwd.ct[t]
        dc = dct * (1.0 - fwd.ct[t] ** 2) + dc_next
        di, df, dg = dc * fwd.g[t], dc * fwd.c[t - 1], dc * fwd.i[t]
        di = di * fwd.i[t] * (1.0 - fwd.i[t])
        df = df * fwd.f[t] * (1.0 - fwd.f[t])
        do = do * fwd.o[t] * (1.0 - fwd.o[t])
        dg = dg * (1.0 - fwd.g[t] ** 2)
        dWi += np.outer(di, fwd.h[t - 1])
        dWf += np.outer(df, fwd.h[t - 1])
        dWo += np.outer(do, fwd.h[t - 1])
        dWg += np.outer(dg, fwd.h[t - 1])
        dUi[:, x[t]] = di
        dUf[:, x[t]] = df
        dUo[:, x[t]] = do
        dUg[:, x[t]] = dg
        dh_next = di @ params.Wi + df @ params.Wf + do @ params.Wo + dg @ params.Wg
        dc_next = fwd.f[t] * dc
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
