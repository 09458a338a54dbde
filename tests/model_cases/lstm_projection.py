"""LSTM whose output is projected to fewer numbers, gates as one array of three axes; absolute error (with corners)."""

import numpy as np


def case(T):
    cells, shown, d = 4, 2, 3
    rng = np.random.default_rng(T)
    P = {
        "A": rng.normal(0, 0.7, (4, cells, shown)),
        "B": rng.normal(0, 0.7, (4, cells, d)),
        "k": rng.normal(0, 0.4, (4, cells)),
        "proj": rng.normal(0, 0.8, (shown, cells)),
    }
    X, Y = rng.normal(size=(T, d)), rng.normal(size=(T, shown))
    r0, c0 = rng.normal(0, 0.5, shown), rng.normal(0, 0.5, cells)
    sg = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731

    def go(P):
        r, c, keep = r0, c0, []
        for x in X:
            z = P["A"] @ r + P["B"] @ x + P["k"]
            gi, gf, go_ = sg(z[:3])
            u = np.tanh(z[3])
            cn = gf * c + gi * u
            m = go_ * np.tanh(cn)
            rn = P["proj"] @ m
            keep.append((x, r, c, gi, gf, go_, u, cn, m, rn))
            r, c = rn, cn
        return keep

    def loss(P):
        return sum(np.abs(k[-1] - y).sum() for k, y in zip(go(P), Y))

    def gradient(P):
        G = {n: np.zeros(v.shape) for n, v in P.items()}
        dr, dc = np.zeros(shown), np.zeros(cells)
        for (x, r, c, gi, gf, go_, u, cn, m, rn), y in zip(reversed(go(P)), Y[::-1]):
            dr = dr + np.sign(rn - y)
            G["proj"] += np.outer(dr, m)
            dm = P["proj"].T @ dr
            dc = dc + dm * go_ * (1 - np.tanh(cn) ** 2)
            dz = np.array(
                [
                    dc * u * gi * (1 - gi),
                    dc * c * gf * (1 - gf),
                    dm * np.tanh(cn) * go_ * (1 - go_),
                    dc * gi * (1 - u**2),
                ]
            )
            G["A"] += dz[:, :, None] * r
            G["B"] += dz[:, :, None] * x
            G["k"] += dz
            dr = np.einsum("gcs,gc->s", P["A"], dz)
            dc = dc * gf
        return G

    return P, loss, gradient
