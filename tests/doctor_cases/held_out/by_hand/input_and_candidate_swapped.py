import numpy as np

import lstm_teach as lt


def bpttLSTM(params, x, targets, h0=None, c0=None):
    out = lt.forward(params, x, h0, c0)
    dLdV = np.zeros(params.V.shape)
    dLdW = {"i": 0.0, "f": 0.0, "o": 0.0, "g": 0.0}
    dLdU = {gate: np.zeros(params.Ui.shape) for gate in dLdW}
    dLdh = np.zeros(params.hidden_size)
    dLdc = np.zeros(params.hidden_size)
    for t in range(len(x) - 1, -1, -1):
        dLdy = out.y[t].copy()
        dLdy[targets[t]] -= 1.0
        dLdV += np.outer(dLdy, out.h[t])
        dLdh += np.dot(params.V.T, dLdy)
        dLdc += dLdh * out.o[t] * (1.0 - out.ct[t] ** 2)
        dLdi = dLdc * out.i[t]
        dLdg = dLdc * out.g[t]
        dLdf = dLdc * out.c[t - 1]
        dLdo = dLdh * out.ct[t]
        dLdz = {
            "i": dLdi * out.i[t] * (1.0 - out.i[t]),
            "f": dLdf * out.f[t] * (1.0 - out.f[t]),
            "o": dLdo * out.o[t] * (1.0 - out.o[t]),
            "g": dLdg * (1.0 - out.g[t] ** 2),
        }
        dLdh = np.zeros(params.hidden_size)
        for gate, dz in dLdz.items():
            dLdW[gate] = dLdW[gate] + np.outer(dz, out.h[t - 1])
            dLdU[gate][:, x[t]] += dz
            dLdh += np.dot(params["W" + gate].T, dz)
        dLdc = dLdc * out.f[t]
    return [dLdV, *dLdW.values(), *dLdU.values()]
