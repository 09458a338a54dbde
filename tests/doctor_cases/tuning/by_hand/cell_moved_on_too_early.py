import numpy as np

import lstm_teach as lt


def grad_fn(params, x, targets, h0=None, c0=None):
    """Gradient of the summed loss."""
    s = lt.forward(params, x, h0, c0)
    g = lt.Params.zeros(params.vocab_size, params.hidden_size)
    eh, ec = np.zeros(params.hidden_size), np.zeros(params.hidden_size)
    t = len(x)
    while t:
        t -= 1
        ey = s.y[t].copy()
        ey[targets[t]] -= 1
        g.V += np.outer(ey, s.h[t])
        eh = eh + params.V.T @ ey
        ec = ec + eh * s.o[t] * (1 - s.ct[t] ** 2)
        eo = eh * s.ct[t] * s.o[t] * (1 - s.o[t])
        ec = ec * s.f[t]
        ei = ec * s.g[t] * s.i[t] * (1 - s.i[t])
        ef = ec * s.c[t - 1] * s.f[t] * (1 - s.f[t])
        eg = ec * s.i[t] * (1 - s.g[t] ** 2)
        eh = params.Wi.T @ ei + params.Wf.T @ ef + params.Wo.T @ eo + params.Wg.T @ eg
        g.Wi += np.outer(ei, s.h[t - 1])
        g.Wf += np.outer(ef, s.h[t - 1])
        g.Wo += np.outer(eo, s.h[t - 1])
        g.Wg += np.outer(eg, s.h[t - 1])
        g.Ui[:, x[t]] += ei
        g.Uf[:, x[t]] += ef
        g.Uo[:, x[t]] += eo
        g.Ug[:, x[t]] += eg
    return g
