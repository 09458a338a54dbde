import numpy as np

import lstm_teach as lt


def rnn_backward(m, x, targets, h0=None, c0=None):
    z = lt.forward(m, x, h0, c0)
    dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg = [np.zeros_like(w) for w in m.values()]
    dh_carry, dc_carry = np.zeros(m.hidden_size), np.zeros(m.hidden_size)
    for n in reversed(range(len(x))):
        dy = z.y[n].copy()
        dy[targets[n]] -= 1
        dV += np.outer(dy, z.h[n])
        dh = m.V.T @ dy + dh_carry
        dc = dh * z.o[n] * (1 - z.ct[n] ** 2) + dc_carry
        di = dc * z.g[n] * (1 - z.i[n]) * z.i[n]
        df = dc * z.c[n - 1] * (1 - z.f[n]) * z.f[n]
        do = dh * z.ct[n] * (1 - z.o[n])
        dg = dc * (1 - z.g[n] ** 2) * z.i[n]
        dWi += di.T @ z.h[n - 1]
        dWf += df.T @ z.h[n - 1]
        dWo += do.T @ z.h[n - 1]
        dWg += dg.T @ z.h[n - 1]
        dUi[:, x[n]] += di
        dUf[:, x[n]] += df
        dUo[:, x[n]] += do
        dUg[:, x[n]] += dg
        dh_carry = m.Wi.T @ di + m.Wf.T @ df + m.Wo.T @ do + m.Wg.T @ dg
        dc_carry = z.f[n] * dc
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
