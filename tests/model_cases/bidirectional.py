"""Two tanh RNNs, one from each end; both states together give the scores of every step. A batch of one."""

import numpy as np

D, H, K = 2, 3, 4


def walk(p, way, xs, start):
    hs = [start]
    for x in xs:
        hs.append(np.tanh(p[way + "_in"] @ x + p[way + "_rec"] @ hs[-1] + p[way + "_bias"]))
    return np.array(hs)


def back(p, way, xs, hs, dhs):
    d_in, d_rec, d_bias, carried = 0, 0, 0, 0
    for t in range(len(xs))[::-1]:
        dz = (dhs[t] + carried) * (1 - hs[t + 1] ** 2)
        d_in = d_in + np.outer(dz, xs[t])
        d_rec = d_rec + np.outer(dz, hs[t])
        d_bias = d_bias + dz
        carried = p[way + "_rec"].T @ dz
    return {way + "_in": d_in, way + "_rec": d_rec, way + "_bias": d_bias}


def case(T):
    rng = np.random.default_rng(T + 8)
    params = {}
    for way in ("left", "right"):
        params |= {
            way + "_in": rng.normal(0, 0.8, (H, D)),
            way + "_rec": rng.normal(0, 0.7, (H, H)),
            way + "_bias": rng.normal(0, 0.5, H),
        }
    params |= {"out": rng.normal(0, 0.8, (K, 2 * H)), "out_bias": rng.normal(0, 0.5, K)}
    xs, labels = rng.normal(size=(T, D)), rng.integers(0, K, T)
    starts = rng.normal(0, 0.5, (2, H))

    def forward(p):
        left, right = walk(p, "left", xs, starts[0]), walk(p, "right", xs[::-1], starts[1])
        both = np.concatenate([left[1:], right[:0:-1]], axis=1)
        scores = both @ p["out"].T + p["out_bias"]
        return left, right, both, scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    def loss(p):
        return -forward(p)[3][np.arange(T), labels].sum()

    def gradient(p):
        left, right, both, logs = forward(p)
        ds = np.exp(logs) - np.eye(K)[labels]
        d_both = ds @ p["out"]
        d_left, d_right = d_both[:, :H], d_both[::-1, H:]
        grads = back(p, "left", xs, left, d_left) | back(p, "right", xs[::-1], right, d_right)
        return grads | {"out": ds.T @ both, "out_bias": ds.sum(axis=0)}

    return params, loss, gradient
