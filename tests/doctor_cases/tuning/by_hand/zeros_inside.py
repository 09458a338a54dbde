import numpy as np

import lstm_teach as lt


def compute_gradients(weights, xs, ys, h0=None, c0=None):
    mem = lt.forward(weights, xs, h0, c0)
    n_hidden = weights.hidden_size
    out = {name: np.zeros(w.shape) for name, w in weights.items()}
    dc_next = np.zeros(n_hidden)
    for step in reversed(range(len(xs))):
        dh_next = np.zeros(n_hidden)
        err = mem.y[step].copy()
        err[ys[step]] -= 1
        out["V"] += err[:, None] * mem.h[step]
        dh = weights.V.T.dot(err)
        dh += dh_next
        dc = dh * mem.o[step] * (1 - mem.ct[step] ** 2)
        dc += dc_next
        gate = [dc * mem.g[step], dc * mem.c[step - 1], dh * mem.ct[step], dc * mem.i[step]]
        gate[0] = gate[0] * mem.i[step] * (1 - mem.i[step])
        gate[1] = gate[1] * mem.f[step] * (1 - mem.f[step])
        gate[2] = gate[2] * mem.o[step] * (1 - mem.o[step])
        gate[3] = gate[3] * (1 - mem.g[step] ** 2)
        dh_next = np.zeros(n_hidden)
        for name, value in zip("ifog", gate):
            out["W" + name] += value[:, None] * mem.h[step - 1]
            out["U" + name][:, xs[step]] += value
            dh_next += weights["W" + name].T.dot(value)
        dc_next = dc * mem.f[step]
    return out
