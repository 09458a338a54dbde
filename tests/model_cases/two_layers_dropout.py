"""Two tanh layers with dropout between them (masks drawn once), a softmax at the last step only."""

import numpy as np


def case(T, hidden=4, classes=3, keep=0.7):
    rng = np.random.default_rng(T)
    params = {
        "W1": rng.normal(0, 0.7, (hidden, hidden)),
        "U1": rng.normal(0, 0.7, (hidden, 2)),
        "b1": rng.normal(0, 0.4, hidden),
        "W2": rng.normal(0, 0.7, (hidden + 1, hidden + 1)),
        "U2": rng.normal(0, 0.7, (hidden + 1, hidden)),
        "b2": rng.normal(0, 0.4, hidden + 1),
        "S": rng.normal(0, 1, (classes, hidden + 1)),
    }
    x = rng.normal(size=(T, 2))
    start1, start2 = rng.normal(0, 0.6, hidden), rng.normal(0, 0.6, hidden + 1)
    masks = (rng.random((T, hidden)) < keep) / keep
    label = 1

    def forward(p):
        lower, upper = [start1], [start2]
        for t in range(T):
            lower.append(np.tanh(p["W1"] @ lower[t] + p["U1"] @ x[t] + p["b1"]))
            upper.append(np.tanh(p["W2"] @ upper[t] + p["U2"] @ (masks[t] * lower[t + 1]) + p["b2"]))
        e = np.exp(p["S"] @ upper[-1])
        return lower, upper, e / e.sum()

    def loss(p):
        return -np.log(forward(p)[2][label])

    def gradient(p):
        lower, upper, prob = forward(p)
        grad = {name: np.zeros(array.shape) for name, array in p.items()}
        score = prob - (np.arange(classes) == label)
        grad["S"] = np.outer(score, upper[-1])
        d_upper, d_lower = p["S"].T @ score, np.zeros(hidden)
        for t in reversed(range(T)):
            a2 = d_upper * (1 - upper[t + 1] ** 2)
            grad["W2"] += np.outer(a2, upper[t])
            grad["U2"] += np.outer(a2, masks[t] * lower[t + 1])
            grad["b2"] += a2
            d_upper = p["W2"].T @ a2
            a1 = (d_lower + masks[t] * (p["U2"].T @ a2)) * (1 - lower[t + 1] ** 2)
            grad["W1"] += np.outer(a1, lower[t])
            grad["U1"] += np.outer(a1, x[t])
            grad["b1"] += a1
            d_lower = p["W1"].T @ a1
        return grad

    return params, loss, gradient
