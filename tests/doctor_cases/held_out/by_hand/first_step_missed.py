import numpy as np

import lstm_teach as lt


def backwards(params, x, targets, h0=None, c0=None):
    k = lt.forward(params, x, h0, c0)
    T, H = len(x), params.hidden_size
    d_scores = k.y - np.eye(params.vocab_size)[np.array(targets)]
    d_h = d_scores @ params.V
    d_c = np.zeros((T, H))
    d_i, d_f, d_o, d_g = np.zeros((T, H)), np.zeros((T, H)), np.zeros((T, H)), np.zeros((T, H))
    for t in range(T - 1, 0, -1):
        if t < T - 1:
            d_h[t] += params.Wi.T @ d_i[t + 1] + params.Wf.T @ d_f[t + 1]
            d_h[t] += params.Wo.T @ d_o[t + 1] + params.Wg.T @ d_g[t + 1]
            d_c[t] = d_c[t + 1] * k.f[t + 1]
        d_c[t] += d_h[t] * k.o[t] * (1 - k.ct[t] ** 2)
        d_i[t] = d_c[t] * k.g[t] * k.i[t] * (1 - k.i[t])
        d_f[t] = d_c[t] * k.c[t - 1] * k.f[t] * (1 - k.f[t])
        d_o[t] = d_h[t] * k.ct[t] * k.o[t] * (1 - k.o[t])
        d_g[t] = d_c[t] * k.i[t] * (1 - k.g[t] ** 2)
    grads = {"V": d_scores.T @ k.h[:T]}
    for name, d in (("i", d_i), ("f", d_f), ("o", d_o), ("g", d_g)):
        grads["W" + name] = d.T @ np.roll(k.h, 1, axis=0)[:T]
        grads["U" + name] = d.T @ np.eye(params.vocab_size)[x]
    return grads
