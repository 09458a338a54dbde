"""LSTM over a table of word vectors, with a batch; hinge loss (which has corners) on the mean of all hidden states."""

import numpy as np


def case(T):
    words, E, H, B = 7, 3, 3, 2
    rng = np.random.default_rng(T + 77)
    p0 = {
        "table": rng.normal(size=(words, E)),
        "Wx": rng.normal(0, 0.7, (E, 4 * H)),
        "Wh": rng.normal(0, 0.7, (H, 4 * H)),
        "b": rng.normal(0, 0.4, (1, 4 * H)),
        "readout": rng.normal(0, 1, (H, 3)),
    }
    ids, label = rng.integers(0, words, (T, B)), np.arange(B) % 3
    h_first, c_first = rng.normal(0, 0.5, (2, B, H))

    def sigm(a):
        return 1 / (1 + np.exp(-a))

    def forward(p):
        h, c, trace, total = h_first, c_first, [], np.zeros((B, H))
        for t in range(T):
            e = p["table"][ids[t]]
            a = e @ p["Wx"] + h @ p["Wh"] + p["b"]
            o, i, f = (sigm(a[:, k * H : (k + 1) * H]) for k in range(3))
            g = np.tanh(a[:, 3 * H :])
            c_old, c = c, f * c + i * g
            trace.append((e, h, c_old, c, o, i, f, g))
            h = o * np.tanh(c)
            total = total + h
        return trace, total / T

    def margins(p, mean):
        s = mean @ p["readout"]
        m = s - s[np.arange(B), label][:, None] + 1
        m[np.arange(B), label] = 0
        return np.maximum(m, 0)

    def loss(p):
        return margins(p, forward(p)[1]).sum() / B

    def gradient(p):
        trace, mean = forward(p)
        ds = (margins(p, mean) > 0).astype(float)
        ds[np.arange(B), label] = -ds.sum(axis=1)
        ds /= B
        out = {k: np.zeros_like(v) for k, v in p.items()}
        out["readout"] = mean.T @ ds
        dmean = ds @ p["readout"].T / T
        dh_next, dc_next = np.zeros((B, H)), np.zeros((B, H))
        for t in reversed(range(T)):
            e, h, c_old, c, o, i, f, g = trace[t]
            dh = dmean + dh_next
            dc = dc_next + dh * o * (1 - np.tanh(c) ** 2)
            da = np.empty((B, 4 * H))
            da[:, :H] = dh * np.tanh(c) * o * (1 - o)
            da[:, H : 2 * H] = dc * g * i * (1 - i)
            da[:, 2 * H : 3 * H] = dc * c_old * f * (1 - f)
            da[:, 3 * H :] = dc * i * (1 - g**2)
            out["Wx"] += e.T @ da
            out["Wh"] += h.T @ da
            out["b"] += da.sum(axis=0, keepdims=True)
            np.add.at(out["table"], ids[t], da @ p["Wx"].T)
            dh_next, dc_next = da @ p["Wh"].T, dc * f
        return out

    return p0, loss, gradient
