"""A student's homework: one array per delta, plain loop, numpy only after forward."""
import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    fw = lt.forward(params, x, h0, c0)
    T = len(x)
    H = params.hidden_size
    K = params.vocab_size

    dV = np.zeros((K, H))
    dWi, dWf, dWo, dWg = np.zeros((H, H)), np.zeros((H, H)), np.zeros((H, H)), np.zeros((H, H))
    dUi, dUf, dUo, dUg = np.zeros((H, K)), np.zeros((H, K)), np.zeros((H, K)), np.zeros((H, K))

    next_dh = np.zeros(H)
    next_dc = np.zeros(H)

    for t in range(T - 1, -1, -1):
        err = fw.y[t].copy()
        err[targets[t]] -= 1.0
        dV += np.outer(err, fw.h[t])

        dh = params.V.T @ err + next_dh
        dc = dh * fw.o[t] * (1 - fw.ct[t] ** 2) + next_dc

        do = dh * fw.ct[t]
        di = dc * fw.g[t]
        df = dc * fw.c[t - 1]
        dg = dc * fw.i[t]

        ai = di * fw.i[t] * (1 - fw.i[t])
        af = df * fw.f[t] * (1 - fw.f[t])
        ao = do * fw.o[t] * (1 - fw.o[t])
        ag = dg * (1 - fw.g[t] ** 2)

        dWi += np.outer(ai, fw.h[t - 1])
        dWf += np.outer(af, fw.h[t - 1])
        dWo += np.outer(ao, fw.h[t - 1])
        dWg += np.outer(ag, fw.h[t - 1])

        dUi[:, x[t]] += ai
        dUf[:, x[t]] += af
        dUo[:, x[t]] += ao
        dUg[:, x[t]] += ag

        next_dh = params.Wi.T @ ai
        next_dh += params.Wf.T @ af
        next_dh += params.Wo.T @ ao
        next_dh += params.Wg.T @ ag
        next_dc = dc * fw.f[t]

    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
