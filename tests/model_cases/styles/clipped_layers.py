"""Two stacked LSTM layers in a dict, a batch, softmax summed; the norm of the whole gradient is kept, not clipped."""

import numpy as np

L, B, D, H, K = 2, 2, 3, 3, 4


def sg(a):
    return 1 / (1 + np.exp(-a))


def case(T):
    rng = np.random.default_rng(60 + T)
    params = {}
    for l in range(L):
        params[f"W{l}"] = rng.normal(0, 0.7, ((D if l == 0 else H) + H, 4 * H))
        params[f"b{l}"] = rng.normal(0, 0.4, 4 * H)
    params["Wy"], params["by"] = rng.normal(0, 0.8, (H, K)), rng.normal(0, 0.4, K)
    start = rng.normal(0, 0.5, (2, L, B, H))
    X, Y = rng.normal(size=(T, B, D)), rng.integers(0, K, (T, B))

    def forward(p):
        h, c = list(start[0]), list(start[1])
        caches, probs = [], []
        for t in range(T):
            inp, row = X[t], []
            for l in range(L):
                xh = np.hstack([inp, h[l]])
                i, f, o, g = np.split(xh @ p[f"W{l}"] + p[f"b{l}"], 4, axis=1)
                i, f, o, g = sg(i), sg(f), sg(o), np.tanh(g)
                c_old, c[l] = c[l], f * c[l] + i * g
                h[l] = o * np.tanh(c[l])
                row.append((xh, i, f, o, g, c_old, c[l]))
                inp = h[l]
            e = np.exp(inp @ p["Wy"] + p["by"])
            probs.append(e / e.sum(axis=1, keepdims=True))
            caches.append((row, inp))
        return caches, probs

    def loss(p):
        return -sum(np.log(prob[np.arange(B), y]).sum() for prob, y in zip(forward(p)[1], Y))

    def gradient(p):
        caches, probs = forward(p)
        grads = {k: np.zeros_like(v) for k, v in p.items()}
        dh, dc = [np.zeros((B, H))] * L, [np.zeros((B, H))] * L
        for t in range(T)[::-1]:
            row, top = caches[t]
            dy = probs[t].copy()
            dy[np.arange(B), Y[t]] -= 1
            grads["Wy"] += top.T @ dy
            grads["by"] += dy.sum(axis=0)
            down = dy @ p["Wy"].T
            for l in range(L)[::-1]:
                xh, i, f, o, g, c_old, c = row[l]
                dhl = down + dh[l]
                dcl = dc[l] + dhl * o * (1 - np.tanh(c) ** 2)
                da = np.hstack(
                    [
                        dcl * g * i * (1 - i),
                        dcl * c_old * f * (1 - f),
                        dhl * np.tanh(c) * o * (1 - o),
                        dcl * i * (1 - g**2),
                    ]
                )
                grads[f"W{l}"] += xh.T @ da
                grads[f"b{l}"] += da.sum(axis=0)
                dxh = da @ p[f"W{l}"].T
                down, dh[l], dc[l] = dxh[:, :-H], dxh[:, -H:], dcl * f
        norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
        limit = np.inf
        return {k: g * min(1, limit / norm) for k, g in grads.items()}

    return params, loss, gradient
