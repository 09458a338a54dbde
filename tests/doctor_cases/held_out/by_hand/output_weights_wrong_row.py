import numpy as np

import lstm_teach as lt


class Backward:
    def __call__(self, params, x, targets, h0=None, c0=None):
        self.cache = lt.forward(params, x, h0, c0)
        self.params = params
        self.grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
        dh, dc = np.zeros(params.hidden_size), np.zeros(params.hidden_size)
        for t in reversed(range(len(x))):
            dh = dh + self.output_layer(t, targets[t])
            dh, dc = self.lstm_layer(t, x[t], dh, dc)
        return self.grads

    def output_layer(self, t, target):
        error = self.cache.y[t].copy()
        error[target] -= 1
        self.grads.V += np.outer(self.cache.h[t - 1], error).T
        return self.params.V.T @ error

    def lstm_layer(self, t, token, dh, dc):
        k, p = self.cache, self.params
        dc = dc + dh * k.o[t] * (1 - k.ct[t] ** 2)
        dz = {}
        dz["o"] = dh * k.ct[t] * k.o[t] * (1 - k.o[t])
        dz["i"] = dc * k.g[t] * k.i[t] * (1 - k.i[t])
        dz["f"] = dc * k.c[t - 1] * k.f[t] * (1 - k.f[t])
        dz["g"] = dc * k.i[t] * (1 - k.g[t] ** 2)
        before = np.zeros_like(dh)
        for gate, d in dz.items():
            self.grads["W" + gate] += np.outer(d, k.h[t - 1])
            self.grads["U" + gate][:, token] += d
            before += p["W" + gate].T @ d
        return before, dc * k.f[t]


def my_lstm_backward(params, x, targets, h0=None, c0=None):
    return Backward()(params, x, targets, h0, c0)
