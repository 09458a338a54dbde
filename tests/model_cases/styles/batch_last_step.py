"""A batch in columns, one array per gate, cross-entropy of the last step averaged over the batch; states are lists."""

import numpy as np

B, D, H, K = 3, 2, 4, 3
GATES = ["forget", "input", "output", "cand"]


def sigma(v):
    return np.where(v >= 0, 1 / (1 + np.exp(-np.abs(v))), np.exp(-np.abs(v)) / (1 + np.exp(-np.abs(v))))


def case(T):
    rng = np.random.default_rng(900 + T)
    P = {}
    for gate in GATES:
        P["W_" + gate] = rng.normal(0, 0.6, (H, H + D))
        P["b_" + gate] = rng.normal(0, 0.3, (H, 1))
    P["W_out"] = rng.normal(0, 0.8, (K, H))
    P["b_out"] = rng.normal(0, 0.3, (K, 1))
    X, label = rng.normal(size=(T, D, B)), rng.integers(0, K, B)

    def forward(p):
        h, c, tape = np.zeros((H, B)), np.zeros((H, B)), []
        for x in X:
            cat = np.concatenate([h, x], axis=0)
            f = sigma(p["W_forget"] @ cat + p["b_forget"])
            i = sigma(p["W_input"] @ cat + p["b_input"])
            o = sigma(p["W_output"] @ cat + p["b_output"])
            g = np.tanh(p["W_cand"] @ cat + p["b_cand"])
            c_new = f * c + i * g
            h = o * np.tanh(c_new)
            tape.append((cat, f, i, o, g, c, c_new))
            c = c_new
        s = p["W_out"] @ h + p["b_out"]
        e = np.exp(s - s.max(axis=0))
        return h, e / e.sum(axis=0), tape

    def loss(p):
        return -np.mean(np.log(forward(p)[1][label, np.arange(B)]))

    def gradient(p):
        h, prob, tape = forward(p)
        grads = {name: np.zeros_like(value) for name, value in p.items()}
        d = prob.copy()
        d[label, np.arange(B)] -= 1
        d /= B
        grads["W_out"] = d @ h.T
        grads["b_out"] = d.sum(axis=1, keepdims=True)
        dh, dc = p["W_out"].T @ d, np.zeros((H, B))
        for cat, f, i, o, g, c_old, c_new in reversed(tape):
            dc = dc + dh * o * (1 - np.tanh(c_new) ** 2)
            delta = {
                "forget": dc * c_old * f * (1 - f),
                "input": dc * g * i * (1 - i),
                "output": dh * np.tanh(c_new) * o * (1 - o),
                "cand": dc * i * (1 - g**2),
            }
            dcat = 0
            for gate in GATES:
                grads["W_" + gate] += delta[gate] @ cat.T
                grads["b_" + gate] += delta[gate].sum(axis=1, keepdims=True)
                dcat = dcat + p["W_" + gate].T @ delta[gate]
            dh = dcat[:H]
            dc = dc * f
        return grads

    return P, loss, gradient
