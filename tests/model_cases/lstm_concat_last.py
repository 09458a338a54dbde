"""LSTM on [h, x] in one matrix, order f, i, o, c; h = o * c without tanh; a squared error at the last step only."""

import numpy as np


def case(T):
    H, D = 5, 2
    rng = np.random.default_rng(T)
    params = {"W": 0.6 * rng.standard_normal((4 * H, H + D)), "b": 0.4 * rng.standard_normal((4 * H, 1))}
    params["w_out"] = rng.standard_normal((1, H))
    inputs, goal = rng.standard_normal((T, D, 1)), 0.7
    first_h, first_c = 0.5 * rng.standard_normal((H, 1)), 0.5 * rng.standard_normal((H, 1))
    s = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731

    def forward(q):
        h, c, tape = first_h, first_c, []
        for x in inputs:
            hx = np.vstack((h, x))
            a = q["W"] @ hx + q["b"]
            f, i, o, u = s(a[:H]), s(a[H : 2 * H]), s(a[2 * H : 3 * H]), np.tanh(a[3 * H :])
            tape.append((hx, f, i, o, u, c))
            c = f * c + i * u
            h = o * c
        return h, c, tape

    def loss(q):
        h, _, _ = forward(q)
        return 0.5 * float((q["w_out"] @ h)[0, 0] - goal) ** 2

    def gradient(q):
        h, c_now, tape = forward(q)
        err = q["w_out"] @ h - goal
        g = {"W": np.zeros_like(q["W"]), "b": np.zeros_like(q["b"]), "w_out": err * h.T}
        dh, dc = q["w_out"].T @ err, np.zeros((H, 1))
        while tape:
            hx, f, i, o, u, c_before = tape.pop()
            dc = dc + dh * o
            delta = np.vstack(
                (
                    dc * c_before * f * (1 - f),
                    dc * u * i * (1 - i),
                    dh * c_now * o * (1 - o),
                    dc * i * (1 - u**2),
                )
            )
            g["W"] += delta @ hx.T
            g["b"] += delta
            dh = (q["W"].T @ delta)[:H]
            dc = dc * f
            c_now = c_before
        return g

    return params, loss, gradient
