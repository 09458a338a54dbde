"""Vanilla RNN; as many units in a batch as hidden units; squared error on h itself, averaged over the batch."""

import numpy as np


def case(T):
    H = N = 4
    rng = np.random.default_rng(T)
    params = {"Whh": rng.normal(0, 0.7, (H, H)), "Wxh": rng.normal(0, 0.7, (H, 3)), "bh": rng.normal(0, 0.5, H)}
    X, Y = rng.normal(size=(T, N, 3)), rng.normal(size=(T, N, H))
    start = rng.normal(0, 0.5, (N, H))

    def states(p):
        hs = [start]
        for x in X:
            hs.append(np.tanh(hs[-1] @ p["Whh"].T + x @ p["Wxh"].T + p["bh"]))
        return hs

    def loss(p):
        return sum(((h - y) ** 2).sum() / 2 for h, y in zip(states(p)[1:], Y)) / N

    def gradient(p):
        hs, back = states(p), 0
        dW, dU, db = 0, 0, 0
        for t in range(T - 1, -1, -1):
            dz = ((hs[t + 1] - Y[t]) / N + back) * (1 - hs[t + 1] ** 2)
            dW = dW + dz.T @ hs[t]
            dU = dU + dz.T @ X[t]
            db = db + dz.sum(axis=0)
            back = dz @ p["Whh"]
        return {"Whh": dW, "Wxh": dU, "bh": db}

    return params, loss, gradient
