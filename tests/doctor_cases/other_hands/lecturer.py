"""Backpropagation through time, written exactly as on the blackboard:

    dL/dtheta = sum_{s} sum_{t <= s} (dL_s / dz_t) (dz_t / dtheta)
"""
import numpy as np
import lstm_teach as lt


def backward(theta, x, targets, h0=None, c0=None):
    cache = lt.forward(theta, x, h0, c0)
    i, f, o, g = cache.i, cache.f, cache.o, cache.g
    c, ct, h, y = cache.c, cache.ct, cache.h, cache.y
    T = len(x)
    grad = {name: np.zeros(theta[name].shape) for name in theta.keys()}

    # Local derivatives, all of them at once; sigma' = sigma (1 - sigma), tanh' = 1 - tanh^2.
    slope_c = o[:T] * (1.0 - ct[:T] ** 2)
    slope_i = g[:T] * i[:T] * (1.0 - i[:T])
    slope_f = np.stack([c[t - 1] * f[t] * (1.0 - f[t]) for t in range(T)])
    slope_o = ct[:T] * o[:T] * (1.0 - o[:T])
    slope_g = i[:T] * (1.0 - g[:T] ** 2)

    for s in range(T):                      # the loss at time s ...
        e = np.zeros(theta.V.shape[0])
        e[targets[s]] = 1.0
        error = y[s] - e
        grad["V"] += np.outer(error, h[s])

        delta_h = theta.V.T @ error
        delta_c = slope_c[s] * delta_h
        for t in range(s, -1, -1):          # ... sent back to every time t <= s
            delta = {
                "i": delta_c * slope_i[t],
                "f": delta_c * slope_f[t],
                "o": delta_h * slope_o[t],
                "g": delta_c * slope_g[t],
            }
            for gate, d in delta.items():
                grad["W" + gate] += np.outer(d, h[t - 1])
                grad["U" + gate][:, x[t]] += d
            if t > 0:
                delta_h = sum(theta["W" + gate].T @ d for gate, d in delta.items())
                delta_c = f[t] * delta_c + slope_c[t - 1] * delta_h
    return grad
