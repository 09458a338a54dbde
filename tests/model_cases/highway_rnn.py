"""Recurrent highway network, depth 2, variational (fixed) recurrent dropout.

Micro layer l:   s_l = s_{l-1} * (1 - t_l) + n_l * t_l
                 n_l = tanh([l == 0] x Wn + (m * s_{l-1}) Rn[l] + bn[l])
                 t_l = sigm([l == 0] x Wt + (m * s_{l-1}) Rt[l] + bt[l])
Output: linear readout, summed log-cosh error at every step, mean over the batch.
The start state is learned.
"""

import numpy as np

DEPTH = 2


def case(T):
    nb, nx, ns, ny = 4, 2, 5, 2
    rnd = np.random.RandomState(T + 12345)
    xs = rnd.randn(nb, T, nx)
    ys = rnd.randn(nb, T, ny) * 2
    m = (rnd.rand(nb, ns) > 0.3) / 0.7  # same mask on every step and layer
    params = {
        "Wn": rnd.randn(nx, ns) * 0.6,
        "Wt": rnd.randn(nx, ns) * 0.6,
        "Rn": rnd.randn(DEPTH, ns, ns) * 0.4,
        "Rt": rnd.randn(DEPTH, ns, ns) * 0.4,
        "bn": rnd.randn(DEPTH, ns) * 0.2,
        "bt": rnd.randn(DEPTH, ns) * 0.2 - 0.5,
        "s0": rnd.randn(ns) * 0.5,
        "Wo": rnd.randn(ns, ny) * 0.7,
        "bo": rnd.randn(ny) * 0.2,
    }

    def sigm(a):
        return 1 / (1 + np.exp(-a))

    def logcosh(e):
        return np.logaddexp(e, -e) - np.log(2)

    def forward(q):
        s = np.tile(q["s0"], (nb, 1))
        record, tops, errs = [], [], []
        for t in range(T):
            for l in range(DEPTH):
                drop = m * s
                an = drop @ q["Rn"][l] + q["bn"][l]
                at = drop @ q["Rt"][l] + q["bt"][l]
                if l == 0:
                    an = an + xs[:, t] @ q["Wn"]
                    at = at + xs[:, t] @ q["Wt"]
                new, tr = np.tanh(an), sigm(at)
                record.append((t, l, s, drop, new, tr))
                s = s * (1 - tr) + new * tr
            tops.append(s)
            errs.append(s @ q["Wo"] + q["bo"] - ys[:, t])
        return record, tops, errs

    def loss(q):
        _, _, errs = forward(q)
        return sum(logcosh(e).sum() for e in errs) / nb

    def gradient(q):
        record, tops, errs = forward(q)
        g = {}
        for name in q:
            g[name] = np.zeros(q[name].shape)
        ds = np.zeros((nb, ns))
        for t, l, s, drop, new, tr in record[::-1]:
            if l == DEPTH - 1:
                e = np.tanh(errs[t]) / nb
                g["Wo"] += tops[t].T @ e
                g["bo"] += e.sum(0)
                ds = ds + e @ q["Wo"].T
            dan = ds * tr * (1 - new * new)
            dat = ds * (new - s) * tr * (1 - tr)
            g["Rn"][l] += drop.T @ dan
            g["Rt"][l] += drop.T @ dat
            g["bn"][l] += dan.sum(0)
            g["bt"][l] += dat.sum(0)
            if l == 0:
                g["Wn"] += xs[:, t].T @ dan
                g["Wt"] += xs[:, t].T @ dat
            ddrop = dan @ q["Rn"][l].T + dat @ q["Rt"][l].T
            ds = ds * (1 - tr) + m * ddrop
        g["s0"] = ds.sum(0)
        return g

    return params, loss, gradient
