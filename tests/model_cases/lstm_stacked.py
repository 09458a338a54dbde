"""LSTM, one sequence, column vectors, gates stacked i, f, o, g; softmax and cross-entropy summed over the steps."""

import numpy as np

H, D, K = 4, 3, 5


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def case(T):
    rng = np.random.default_rng(10 + T)
    params = {
        "W": rng.normal(0, 0.7, (4 * H, H)),
        "U": rng.normal(0, 0.7, (4 * H, D)),
        "b": rng.normal(0, 0.5, 4 * H),
        "V": rng.normal(0, 0.7, (K, H)),
        "c": rng.normal(0, 0.5, K),
    }
    xs, ys = rng.normal(size=(T, D)), rng.integers(0, K, T)
    h_start, c_start = rng.normal(0, 0.5, H), rng.normal(0, 0.5, H)

    def forward(p):
        h, c, steps = h_start, c_start, []
        for x in xs:
            z = p["W"] @ h + p["U"] @ x + p["b"]
            i, f, o = sigmoid(z[:H]), sigmoid(z[H : 2 * H]), sigmoid(z[2 * H : 3 * H])
            g = np.tanh(z[3 * H :])
            c_new = f * c + i * g
            h_new = o * np.tanh(c_new)
            s = p["V"] @ h_new + p["c"]
            prob = np.exp(s - s.max())
            prob /= prob.sum()
            steps.append((x, h, c, i, f, o, g, c_new, h_new, prob))
            h, c = h_new, c_new
        return steps

    def loss(p):
        return -sum(np.log(step[-1][y]) for step, y in zip(forward(p), ys))

    def gradient(p):
        grads = {name: np.zeros_like(value) for name, value in p.items()}
        dh_next, dc_next = np.zeros(H), np.zeros(H)
        for (x, h, c, i, f, o, g, c_new, h_new, prob), y in reversed(list(zip(forward(p), ys))):
            ds = prob.copy()
            ds[y] -= 1
            grads["V"] += np.outer(ds, h_new)
            grads["c"] += ds
            dh = p["V"].T @ ds + dh_next
            do = dh * np.tanh(c_new)
            dc = dh * o * (1 - np.tanh(c_new) ** 2) + dc_next
            di, df, dg = dc * g, dc * c, dc * i
            dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
            grads["W"] += np.outer(dz, h)
            grads["U"] += np.outer(dz, x)
            grads["b"] += dz
            dh_next = p["W"].T @ dz
            dc_next = dc * f
        return grads

    return params, loss, gradient
