"""GRU whose reset gate acts on h before the matrix; one array for each; logistic loss at every step, summed."""

import numpy as np


def case(T):
    H, D = 4, 3
    gen = np.random.default_rng(T)
    params = {}
    for k in "zrn":
        params["W_" + k] = gen.normal(0, 0.7, (H, D))
        params["U_" + k] = gen.normal(0, 0.7, (H, H))
        params["b_" + k] = gen.normal(0, 0.4, H)
    params["v"] = gen.normal(size=H)
    X, labels, start = gen.normal(size=(T, D)), gen.integers(0, 2, T), gen.normal(0, 0.5, H)

    def s(a):
        return 1 / (1 + np.exp(-a))

    def step(p, x, h):
        z = s(p["W_z"] @ x + p["U_z"] @ h + p["b_z"])
        r = s(p["W_r"] @ x + p["U_r"] @ h + p["b_r"])
        n = np.tanh(p["W_n"] @ x + p["U_n"] @ (r * h) + p["b_n"])
        return z, r, n, (1 - z) * n + z * h

    def run(p):
        h, out = start, []
        for x in X:
            z, r, n, new = step(p, x, h)
            out.append((x, h, z, r, n, new))
            h = new
        return out

    def loss(p):
        scores = np.array([p["v"] @ o[-1] for o in run(p)])
        return np.sum(np.log1p(np.exp(scores)) - labels * scores)

    def gradient(p):
        g = {k: np.zeros(np.shape(a)) for k, a in p.items()}
        later = np.zeros(H)
        for (x, h, z, r, n, new), y in list(zip(run(p), labels))[::-1]:
            e = s(p["v"] @ new) - y
            g["v"] += e * new
            dh = later + e * p["v"]
            dz = dh * (h - n) * z * (1 - z)
            dn = dh * (1 - z) * (1 - n * n)
            drh = p["U_n"].T @ dn
            dr = drh * h * r * (1 - r)
            for k, d, past in (("z", dz, h), ("r", dr, h), ("n", dn, r * h)):
                g["W_" + k] += np.outer(d, x)
                g["U_" + k] += np.outer(d, past)
                g["b_" + k] += d
            later = dh * z + drh * r
            later = later + p["U_z"].T @ dz + p["U_r"].T @ dr
        return g

    return params, loss, gradient
