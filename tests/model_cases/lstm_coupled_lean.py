"""LSTM with i = 1 - f and h = o * c, no tanh and no bias; tokens; cross-entropy summed over the steps."""

import numpy as np

H, K = 3, 4


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def run(p, tokens, h, c):
    tape = []
    for x in tokens:
        f, o = (sigmoid(p["rec_" + gate] @ h + p["in_" + gate][:, x]) for gate in "fo")
        g = np.tanh(p["rec_g"] @ h + p["in_g"][:, x])
        c_new = f * c + (1 - f) * g
        h_new = o * c_new
        tape.append((x, h, c, f, o, g, c_new, h_new))
        h, c = h_new, c_new
    return tape


def case(T):
    rng = np.random.default_rng(T + 60)
    params = {"rec_" + gate: rng.normal(0, 0.8, (H, H)) for gate in "fog"}
    params |= {"in_" + gate: rng.normal(0, 0.8, (H, K)) for gate in "fog"} | {"out": rng.normal(0, 0.9, (K, H))}
    h_start, c_start = rng.normal(0, 0.6, (2, H))
    tokens, wanted = rng.integers(0, K, T), rng.integers(0, K, T)

    def probabilities(p, tape):
        scores = np.array([step[-1] for step in tape]) @ p["out"].T
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    def loss(p):
        return -np.log(probabilities(p, run(p, tokens, h_start, c_start))[np.arange(T), wanted]).sum()

    def gradient(p):
        tape = run(p, tokens, 1 * h_start, 1 * c_start)
        errors = probabilities(p, tape) - np.eye(K)[wanted]
        grads = {name: np.zeros_like(value) for name, value in p.items()}
        dh_next, dc_next = np.zeros((2, H))
        for e, (x, h, c, f, o, g, c_new, h_new) in zip(errors[::-1], tape[::-1], strict=True):
            grads["out"] += np.outer(e, h_new)
            dh = p["out"].T @ e + dh_next
            dc = dh * o + dc_next
            deltas = {"f": dc * (c - g) * f * (1 - f), "o": dh * c_new * o * (1 - o), "g": dc * (1 - f) * (1 - g**2)}
            dh_next = np.zeros(H)
            for gate, dz in deltas.items():
                grads["rec_" + gate] += np.outer(dz, h)
                grads["in_" + gate][:, x] += dz
                dh_next += p["rec_" + gate].T @ dz
            dc_next = dc * f
        return grads

    return params, loss, gradient
