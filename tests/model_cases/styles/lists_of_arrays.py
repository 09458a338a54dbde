"""Parameters are a list; one function returns loss and gradients; an LSTM over rows, gates in columns i, f, g, o."""

import numpy as np


def step(params, x, y):
    Wx, Wh, b, Wy, by = params
    T, H = len(x), Wh.shape[0]
    hs, cs = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    a, err = np.zeros((T, 4 * H)), np.zeros((T, len(by)))
    for t in range(T):
        z = x[t] @ Wx + hs[t] @ Wh + b
        a[t] = np.hstack([1 / (1 + np.exp(-z[: 2 * H])), np.tanh(z[2 * H : 3 * H]), 1 / (1 + np.exp(-z[3 * H :]))])
        i, f, g, o = a[t, :H], a[t, H : 2 * H], a[t, 2 * H : 3 * H], a[t, 3 * H :]
        cs[t + 1] = f * cs[t] + i * g
        hs[t + 1] = o * np.tanh(cs[t + 1])
        err[t] = hs[t + 1] @ Wy + by - y[t]
    loss = np.sum(err**2) / T
    derr = 2 * err / T
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dWy, dby = hs[1:].T @ derr, derr.sum(0)
    dhn, dcn = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        i, f, g, o = a[t, :H], a[t, H : 2 * H], a[t, 2 * H : 3 * H], a[t, 3 * H :]
        dh = derr[t] @ Wy.T + dhn
        dc = dcn + dh * o * (1 - np.tanh(cs[t + 1]) ** 2)
        dz = np.hstack(
            [dc * g * i * (1 - i), dc * cs[t] * f * (1 - f), dc * i * (1 - g**2), dh * np.tanh(cs[t + 1]) * o * (1 - o)]
        )
        dWx += np.outer(x[t], dz)
        dWh += np.outer(hs[t], dz)
        db += dz
        dhn = dz @ Wh.T
        dcn = dc * f
    return loss, [dWx, dWh, db, dWy, dby]


names = ["Wx", "Wh", "b", "Wy", "by"]


def case(T):
    rng = np.random.default_rng(T)
    shapes = [(2, 12), (3, 12), (12,), (3, 2), (2,)]
    params = {name: rng.normal(0, 0.7, shape) for name, shape in zip(names, shapes)}
    x, y = rng.normal(size=(T, 2)), rng.normal(size=(T, 2))

    def run(p):
        loss, grads = step([p[name] for name in names], x, y)
        return loss, dict(zip(names, grads))

    return params, run
