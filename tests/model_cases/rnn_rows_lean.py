"""Elman network that multiplies from the right, x @ W, with no bias; half the squared error, summed; a batch of one."""

import numpy as np

D, H, K = 3, 5, 2


def case(T):
    rng = np.random.default_rng(T + 70)
    params = {
        "into": rng.normal(0, 0.8, (D, H)),
        "within": rng.normal(0, 0.6, (H, H)),
        "out_of": rng.normal(0, 0.8, (H, K)),
    }
    start, xs, ys = rng.normal(0, 0.5, H), rng.normal(size=(T, D)), rng.normal(size=(T, K))

    def forward(p):
        hs = [start]
        for x in xs:
            hs.append(np.tanh(x @ p["into"] + hs[-1] @ p["within"]))
        return np.array(hs)

    def loss(p):
        return ((forward(p)[1:] @ p["out_of"] - ys) ** 2).sum() / 2

    def gradient(p):
        hs = forward(p)
        errors = hs[1:] @ p["out_of"] - ys
        deltas, carried = np.zeros((T, H)), np.zeros(H)
        for t in reversed(range(T)):
            deltas[t] = (errors[t] @ p["out_of"].T + carried) * (1 - hs[t + 1] ** 2)
            carried = deltas[t] @ p["within"].T
        return {"into": xs.T @ deltas, "within": hs[:-1].T @ deltas, "out_of": hs[1:].T @ errors}

    return params, loss, gradient
