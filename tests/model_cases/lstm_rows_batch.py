"""LSTM with a batch in rows, x @ W, gates stacked i, f, g, o in columns, zero start; mean squared error."""

import numpy as np


def sig(v):
    return 0.5 * (1 + np.tanh(v / 2))


def case(T, N=3, D=2, n=3, out=2):
    r = np.random.RandomState(T)
    params = dict(
        kernel=r.randn(D, 4 * n) * 0.8,
        recurrent_kernel=r.randn(n, 4 * n) * 0.8,
        bias=r.randn(4 * n) * 0.5,
        dense=r.randn(n, out),
        dense_bias=r.randn(out) * 0.3,
    )
    X, Y = r.randn(N, T, D), r.randn(N, T, out)

    def run(p):
        h = np.zeros((T + 1, N, n))
        c = np.zeros((T + 1, N, n))
        acts, pred = np.zeros((T, N, 4 * n)), np.zeros((N, T, out))
        for t in range(T):
            a = X[:, t] @ p["kernel"] + h[t] @ p["recurrent_kernel"] + p["bias"]
            i, f, g, o = np.split(a, 4, axis=1)
            i, f, g, o = sig(i), sig(f), np.tanh(g), sig(o)
            acts[t] = np.hstack([i, f, g, o])
            c[t + 1] = f * c[t] + i * g
            h[t + 1] = o * np.tanh(c[t + 1])
            pred[:, t] = h[t + 1] @ p["dense"] + p["dense_bias"]
        return h, c, acts, pred

    def loss(p):
        return np.mean((run(p)[-1] - Y) ** 2)

    def gradient(p):
        h, c, acts, pred = run(p)
        d = {k: np.zeros(v.shape) for k, v in p.items()}
        dpred = 2 * (pred - Y) / Y.size
        dhn, dcn = np.zeros((N, n)), np.zeros((N, n))
        for t in range(T - 1, -1, -1):
            i, f, g, o = np.split(acts[t], 4, axis=1)
            tc = np.tanh(c[t + 1])
            d["dense"] += h[t + 1].T @ dpred[:, t]
            d["dense_bias"] += dpred[:, t].sum(axis=0)
            dh = dpred[:, t] @ p["dense"].T + dhn
            dc = dcn + dh * o * (1 - tc * tc)
            da = np.hstack([dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dc * i * (1 - g * g), dh * tc * o * (1 - o)])
            d["kernel"] += X[:, t].T @ da
            d["recurrent_kernel"] += h[t].T @ da
            d["bias"] += da.sum(axis=0)
            dhn = da @ p["recurrent_kernel"].T
            dcn = dc * f
        return d

    return params, loss, gradient
