"""Two LSTM layers as a list of layers, a batch, lists of steps; cross-entropy averaged over steps and batch."""

import numpy as np


def act(a):
    return 1 / (1 + np.exp(-a))


def layer_forward(x, w, u, b, h, c):
    tape = []
    out = []
    n = h.shape[1]
    for xt in x:
        a = xt @ w + h @ u + b
        i, f, g, o = act(a[:, :n]), act(a[:, n : 2 * n]), np.tanh(a[:, 2 * n : 3 * n]), act(a[:, 3 * n :])
        c2 = f * c + i * g
        tape.append((xt, h, c, i, f, g, o, np.tanh(c2)))
        h, c = o * np.tanh(c2), c2
        out.append(h)
    return out, tape


def layer_backward(dout, tape, w, u):
    dw, du, db = np.zeros_like(w), np.zeros_like(u), np.zeros(u.shape[1])
    dx = [None] * len(tape)
    dh_carry = dc_carry = 0.0
    for t in reversed(range(len(tape))):
        xt, h, c, i, f, g, o, tc = tape[t]
        dh = dout[t] + dh_carry
        dc = dh * o * (1 - tc**2) + dc_carry
        da = np.concatenate(
            [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2), dh * tc * o * (1 - o)], axis=1
        )
        dw += xt.T @ da
        du += h.T @ da
        db += da.sum(0)
        dx[t] = da @ w.T
        dh_carry = da @ u.T
        dc_carry = dc * f
    return dx, dw, du, db


def case(T):
    B, sizes, K = 2, (2, 3, 4), 3
    rng = np.random.default_rng(T * 31)
    params = {"softmax": rng.normal(size=(sizes[-1], K))}
    for k in (1, 2):
        params[f"w{k}"] = rng.normal(0, 0.7, (sizes[k - 1], 4 * sizes[k]))
        params[f"u{k}"] = rng.normal(0, 0.7, (sizes[k], 4 * sizes[k]))
        params[f"b{k}"] = rng.normal(0, 0.4, 4 * sizes[k])
    x, y = rng.normal(size=(T, B, sizes[0])), rng.integers(0, K, (T, B))
    starts = [rng.normal(0, 0.5, (2, B, n)) for n in sizes[1:]]

    def run(p):
        tapes, seq = [], list(x)
        for k in (1, 2):
            seq, tape = layer_forward(seq, p[f"w{k}"], p[f"u{k}"], p[f"b{k}"], *starts[k - 1])
            tapes.append(tape)
        scores = np.array(seq) @ p["softmax"]
        prob = np.exp(scores)
        prob /= prob.sum(-1, keepdims=True)
        return tapes, np.array(seq), prob

    def picked(prob):
        return np.take_along_axis(prob, y[:, :, None], axis=2)

    def loss(p):
        return -np.log(picked(run(p)[2])).mean()

    def gradient(p):
        tapes, top, prob = run(p)
        d = prob - np.eye(K)[y]
        d /= T * B
        g = {"softmax": np.einsum("tbh,tbk->hk", top, d)}
        flow = d @ p["softmax"].T
        for k in (2, 1):
            flow, g[f"w{k}"], g[f"u{k}"], g[f"b{k}"] = layer_backward(flow, tapes[k - 1], p[f"w{k}"], p[f"u{k}"])
        return g

    return params, loss, gradient
