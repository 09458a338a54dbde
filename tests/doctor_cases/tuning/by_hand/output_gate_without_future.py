import numpy as np

import lstm_teach as lt


def manual_backward(P, X, Y, h0=None, c0=None):
    C = lt.forward(P, X, h0, c0)
    dP = P.copy()
    dP.flat[:] = 0.0
    dh_future = np.zeros(P.hidden_size)
    dc_future = np.zeros(P.hidden_size)
    for t in reversed(range(len(X))):
        d_out = C.y[t].copy()
        d_out[Y[t]] -= 1
        dP.V += np.outer(d_out, C.h[t])
        dh = P.V.T @ d_out
        do = dh * C.ct[t]
        dh = dh + dh_future
        dc = dh * C.o[t] * (1 - C.ct[t] ** 2) + dc_future
        di, df, dg = dc * C.g[t], dc * C.c[t - 1], dc * C.i[t]
        dzi = di * C.i[t] * (1 - C.i[t])
        dzf = df * C.f[t] * (1 - C.f[t])
        dzo = do * C.o[t] * (1 - C.o[t])
        dzg = dg * (1 - C.g[t] ** 2)
        dh_future = P.Wi.T @ dzi + P.Wf.T @ dzf + P.Wo.T @ dzo + P.Wg.T @ dzg
        dc_future = dc * C.f[t]
        for name, dz in {"i": dzi, "f": dzf, "o": dzo, "g": dzg}.items():
            dP["W" + name] += np.outer(dz, C.h[t - 1])
            dP["U" + name][:, X[t]] += dz
    return dP
