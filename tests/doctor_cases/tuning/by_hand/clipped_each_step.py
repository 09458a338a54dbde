import numpy as np

import lstm_teach as lt


def bptt(params, inputs, targets, h0=None, c0=None):
    a = lt.forward(params, inputs, h0, c0)
    d = {name: np.zeros_like(params[name]) for name in lt.Params.NAMES}
    dhnext, dcnext = np.zeros_like(a.h[0]), np.zeros_like(a.c[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(a.y[t])
        dy[targets[t]] -= 1
        d["V"] += np.outer(dy, a.h[t])
        dh = np.dot(params.V.T, dy) + dhnext
        dc = a.o[t] * dh * (1 - a.ct[t] * a.ct[t]) + dcnext
        dz = np.stack([a.g[t] * dc, a.c[t - 1] * dc, a.ct[t] * dh, a.i[t] * dc])
        for n, gate in enumerate([a.i[t], a.f[t], a.o[t]]):
            dz[n] *= gate * (1 - gate)
        dz[3] *= 1 - a.g[t] * a.g[t]
        np.clip(dz, -0.02, 0.02, out=dz)
        for n, name in enumerate("ifog"):
            d["W" + name] += np.outer(dz[n], a.h[t - 1])
            d["U" + name][:, inputs[t]] += dz[n]
        dhnext = np.dot(params.W.T, dz.reshape(-1))
        dcnext = a.f[t] * dc
    return d
