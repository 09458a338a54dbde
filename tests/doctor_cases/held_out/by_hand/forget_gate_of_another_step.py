import numpy as np

import lstm_teach as lt


def lstm_grads(net, x, t_ids, h0=None, c0=None):
    r = lt.forward(net, x, h0, c0)
    g = {name: np.zeros_like(net[name]) for name in net}
    dz_next = np.zeros(4 * net.hidden_size)
    dc_next = np.zeros(net.hidden_size)
    for t in range(len(x) - 1, -1, -1):
        delta = r.y[t].copy()
        delta[t_ids[t]] -= 1
        g["V"] += np.outer(delta, r.h[t])
        dh = net.V.T @ delta + net.W.T @ dz_next
        dc = dh * r.o[t] * (1 - r.ct[t] ** 2) + dc_next * r.f[t]
        dzi = dc * r.g[t] * r.i[t] * (1 - r.i[t])
        dzf = dc * r.c[t - 1] * r.f[t] * (1 - r.f[t])
        dzo = dh * r.ct[t] * r.o[t] * (1 - r.o[t])
        dzg = dc * r.i[t] * (1 - r.g[t] ** 2)
        for name, dz in zip("ifog", [dzi, dzf, dzo, dzg]):
            g["W" + name] += np.outer(dz, r.h[t - 1])
            g["U" + name][:, x[t]] += dz
        dz_next = np.concatenate([dzi, dzf, dzo, dzg])
        dc_next = dc
    return g
