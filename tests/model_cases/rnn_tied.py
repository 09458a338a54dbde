"""A leaky RNN whose table of words is used twice, for the input and for the scores; cross-entropy summed over steps."""

import numpy as np

words, units, keep = 6, 4, 0.3


def case(T):
    rng = np.random.default_rng(40 + T)
    params = {
        "table": rng.normal(0, 0.8, (words, units)),
        "inner": rng.normal(0, 0.7, (units, units)),
        "shift": rng.normal(0, 0.5, units),
        "first": rng.normal(0, 0.5, units),
    }
    text = rng.integers(0, words, T + 1)

    def states(p):
        h, u = [p["first"]], []
        for word in text[:-1]:
            u.append(np.tanh(p["table"][word] + p["inner"] @ h[-1] + p["shift"]))
            h.append(keep * h[-1] + (1 - keep) * u[-1])
        return h, u

    def log_probabilities(p, h):
        scores = np.array(h[1:]) @ p["table"].T
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    def loss(p):
        return -log_probabilities(p, states(p)[0])[np.arange(T), text[1:]].sum()

    def gradient(p):
        h, u = states(p)
        ds = np.exp(log_probabilities(p, h))
        ds[np.arange(T), text[1:]] -= 1
        grads = {name: np.zeros_like(value) for name, value in p.items()}
        carried = np.zeros(units)
        for t in reversed(range(T)):
            grads["table"] += np.outer(ds[t], h[t + 1])
            dh = p["table"].T @ ds[t] + carried
            dz = (1 - keep) * dh * (1 - u[t] ** 2)
            grads["table"][text[t]] += dz
            grads["inner"] += np.outer(dz, h[t])
            grads["shift"] += dz
            carried = keep * dh + p["inner"].T @ dz
        grads["first"] = carried
        return grads

    return params, loss, gradient
