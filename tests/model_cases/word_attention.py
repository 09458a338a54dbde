"""Words through a table, a vanilla RNN, attention over its states, two classes; a penalty on three of the matrices."""

import numpy as np


def case(T):
    H, D, A, C, decay = 4, 3, 3, 2, 0.05
    rng = np.random.default_rng(40 + T)
    shapes = {"E": (6, D), "U": (H, D), "W": (H, H), "b": (H,), "S": (A, H), "v": (A,), "O": (C, H), "c": (C,)}
    params = {name: rng.normal(0, 0.7, shape) for name, shape in shapes.items()}
    start, words, goal = rng.normal(0, 0.5, H), np.arange(20)[:T] * 4 % 6, T % C

    def forward(p):
        h = [start]
        for word in words:
            h.append(np.tanh(p["U"] @ p["E"][word] + p["W"] @ h[-1] + p["b"]))
        h = np.array(h)
        u = np.tanh(h[1:] @ p["S"].T)
        e = np.exp(u @ p["v"])
        weight = e / e.sum()
        y = np.exp(p["O"] @ (weight @ h[1:]) + p["c"])
        return h, u, weight, y / y.sum()

    def loss(p):
        y = forward(p)[-1]
        return -np.log(y[goal]) + decay / 2 * sum((p[name] ** 2).sum() for name in ("U", "W", "O"))

    def gradient(p):
        h, u, weight, y = forward(p)
        grads = {name: np.zeros_like(value) for name, value in p.items()}
        dy = y - np.eye(C)[goal]
        grads["O"] += np.outer(dy, weight @ h[1:])
        grads["c"] += dy
        dmix = p["O"].T @ dy
        dweight = h[1:] @ dmix
        dscore = weight * (dweight - weight @ dweight)
        grads["v"] += dscore @ u
        du = np.outer(dscore, p["v"]) * (1 - u**2)
        grads["S"] += du.T @ h[1:]
        dh = np.outer(weight, dmix)
        dh += du @ p["S"]
        back = np.zeros(H)
        for t in range(T)[::-1]:
            da = dh[t] + back
            dz = da * (1 - h[t + 1] ** 2)
            grads["W"] += np.outer(dz, h[t])
            grads["U"] += np.outer(dz, p["E"][words[t]])
            grads["b"] += dz
            grads["E"][words[t]] += p["U"].T @ dz
            back = p["W"].T @ dz
        for name in ("U", "W", "O"):
            grads[name] += decay * p[name]
        return grads

    return params, loss, gradient
