"""Vanilla RNN with ReLU, a batch, an output layer; squared error summed over everything."""

import numpy as np


def case(T):
    H, D, O, B = 5, 3, 2, 4
    rng = np.random.default_rng(50 + T)
    params = {
        "W": 0.4 * rng.normal(size=(H, H)) + 0.3 * np.eye(H),
        "U": rng.normal(size=(H, D)),
        "b": rng.normal(size=H) * 0.5,
        "V": rng.normal(size=(O, H)),
        "d": rng.normal(size=O),
    }
    xs, ts = rng.normal(size=(T, D, B)), rng.normal(size=(T, O, B))
    h0 = np.abs(rng.normal(size=(H, B)))

    def forward(p):
        h, cache = h0, []
        for x in xs:
            prev = h
            h = np.maximum(0, p["W"] @ prev + p["U"] @ x + p["b"][:, None])
            cache.append((prev, h, p["V"] @ h + p["d"][:, None]))
        return cache

    def loss(p):
        return sum(np.sum((out - t) ** 2) for (_, _, out), t in zip(forward(p), ts))

    def gradient(p):
        cache = forward(p)
        g = {k: np.zeros_like(v) for k, v in p.items()}
        dh_next = np.zeros_like(h0)
        for t in reversed(range(T)):
            prev, h, out = cache[t]
            dout = 2 * (out - ts[t])
            g["V"] += dout @ h.T
            g["d"] += dout.sum(axis=1)
            dh = p["V"].T @ dout + dh_next
            dz = dh * (h > 0)
            g["W"] += dz @ prev.T
            g["U"] += dz @ xs[t].T
            g["b"] += dz.sum(axis=1)
            dh_next = p["W"].T @ dz
        return g

    return params, loss, gradient
