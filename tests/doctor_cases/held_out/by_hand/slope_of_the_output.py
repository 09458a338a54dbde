import numpy as np

import lstm_teach as lt


def derivative(params, inp, want, h0=None, c0=None):
    v = lt.forward(params, inp, h0, c0)
    T = len(inp)
    err = v.y - np.eye(params.vocab_size)[want]
    err = err * v.y * (1 - v.y)
    gates = {"i": v.i, "f": v.f, "o": v.o, "g": v.g}
    d = {name: np.zeros((T, params.hidden_size)) for name in gates}
    back_h = np.zeros(params.hidden_size)
    back_c = np.zeros(params.hidden_size)
    for t in range(T)[::-1]:
        dh = err[t] @ params.V + back_h
        dc = dh * v.o[t] * (1 - v.ct[t] ** 2) + back_c
        d["i"][t] = dc * v.g[t]
        d["f"][t] = dc * v.c[t - 1]
        d["o"][t] = dh * v.ct[t]
        d["g"][t] = dc * v.i[t]
        back_h = np.zeros(params.hidden_size)
        for name, value in gates.items():
            d[name][t] *= value[t] * (1 - value[t]) if name != "g" else 1 - value[t] ** 2
            back_h += d[name][t] @ params["W" + name]
        back_c = dc * v.f[t]
    prev = v.h[np.arange(T) - 1]
    one_hot = np.eye(params.vocab_size)[inp]
    result = {"V": err.T @ v.h[:T]}
    result.update({"W" + name: rows.T @ prev for name, rows in d.items()})
    result.update({"U" + name: rows.T @ one_hot for name, rows in d.items()})
    return result
