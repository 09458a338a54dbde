import numpy as np

import lstm_teach as lt


class Net:
    def __init__(self, params, x, h0, c0):
        self.p, self.x = params, x
        self.s = lt.forward(params, x, h0, c0)
        self.dh_next = np.zeros(params.hidden_size)
        self.dc_next = np.zeros(params.hidden_size)
        self.g = {k: np.zeros_like(params[k]) for k in params}

    def one_step(self, t, target):
        s, p = self.s, self.p
        dlogit = s.y[t].copy()
        dlogit[target] -= 1
        self.g["V"] += np.outer(dlogit, s.h[t])
        dh = p["V"].T @ dlogit + self.dh_next
        do = dh * s.ct[t]
        dc = dh * s.o[t] * (1 - s.c[t] ** 2) + self.dc_next
        da = {
            "i": dc * s.g[t] * s.i[t] * (1 - s.i[t]),
            "f": dc * s.c[t - 1] * s.f[t] * (1 - s.f[t]),
            "o": do * s.o[t] * (1 - s.o[t]),
            "g": dc * s.i[t] * (1 - s.g[t] ** 2),
        }
        self.dh_next = sum(p["W" + k].T @ da[k] for k in da)
        self.dc_next = dc * s.f[t]
        for k in da:
            self.g["W" + k] += np.outer(da[k], s.h[t - 1])
            self.g["U" + k][:, self.x[t]] += da[k]


def get_grads(params, x, targets, h0=None, c0=None):
    net = Net(params, x, h0, c0)
    for t in reversed(range(len(x))):
        net.one_step(t, targets[t])
    return net.g
