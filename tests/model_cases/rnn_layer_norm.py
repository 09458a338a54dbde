"""RNN with layer normalization before tanh; sum of squares at the last step, and a decay of the weights in the loss."""

import numpy as np


def case(T):
    n, d, decay, eps = 5, 2, 0.05, 1e-5
    rng = np.random.default_rng(T + 5)
    params = {
        "W": rng.normal(0, 0.8, (n, n)),
        "U": rng.normal(0, 0.8, (n, d)),
        "gain": rng.normal(1, 0.2, n),
        "shift": rng.normal(0, 0.3, n),
    }
    x, goal, h0 = rng.normal(size=(T, d)), rng.normal(size=n), rng.normal(0, 0.5, n)

    def forward(p):
        h, cache = h0, []
        for t in range(T):
            a = p["W"] @ h + p["U"] @ x[t]
            spread = np.sqrt(a.var() + eps)
            hat = (a - a.mean()) / spread
            new = np.tanh(p["gain"] * hat + p["shift"])
            cache.append((h, hat, spread, new))
            h = new
        return h, cache

    def loss(p):
        h, _ = forward(p)
        return ((h - goal) ** 2).sum() + 0.5 * decay * (p["W"] ** 2).sum()

    def gradient(p):
        h, cache = forward(p)
        grads = {k: np.zeros_like(v) for k, v in p.items()}
        dh = 2 * (h - goal)
        for t in reversed(range(T)):
            before, hat, spread, new = cache[t]
            dz = dh * (1 - new**2)
            grads["gain"] += dz * hat
            grads["shift"] += dz
            dhat = dz * p["gain"]
            da = (dhat - dhat.mean() - hat * (dhat * hat).mean()) / spread
            grads["W"] += np.outer(da, before)
            grads["U"] += np.outer(da, x[t])
            dh = p["W"].T @ da
        grads["W"] += decay * p["W"]
        return grads

    return params, loss, gradient
