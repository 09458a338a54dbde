import numpy as np

import lstm_teach as lt


def compute_grads(params, xs, ys, h0=None, c0=None):
    states = lt.forward(params, xs, h0, c0)
    total = {n: np.zeros_like(m) for n, m in params.items()}
    dh, dc = np.zeros(params.hidden_size), np.zeros(params.hidden_size)
    pairs = list(zip(xs, ys))
    for t in range(len(pairs) - 1, -1, -1):
        token, label = pairs[t]
        delta = states.y[t].copy()
        delta[label] -= 1
        total["V"] += np.outer(delta, states.h[t])
        dh = dh + delta @ params.V
        dc = dc + dh * states.o[t] * (1 - states.ct[t] ** 2)
        gi, gf, go, gg = states.i[t], states.f[t], states.o[t], states.g[t]
        zs = [dc * gg * gi * (1 - gi), dc * states.c[t - 1] * gf * (1 - gf), dh * states.ct[t] * go * (1 - go)]
        zs.append(dc * gi * (1 - gg * gg))
        dh = sum(z @ params["W" + k] for k, z in zip("ifog", zs))
        dc = dc * gf
        for k, z in zip("ifog", zs):
            total["W" + k] += np.outer(z, states.h[t - 1])
            total["U" + k][:, token] += z
    for n in total:
        total[n] /= len(xs)
    return total
