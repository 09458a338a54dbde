"""LSTM with peepholes and a trained initial state; squared error summed over features and averaged over the steps."""

import numpy as np


def case(T):
    n, m = 3, 2
    rnd = np.random.default_rng(1000 + T)
    P = {
        "R": rnd.normal(0, 0.7, (4 * n, n)),
        "A": rnd.normal(0, 0.7, (4 * n, m)),
        "peep_i": rnd.normal(0, 0.6, n),
        "peep_f": rnd.normal(0, 0.6, n),
        "peep_o": rnd.normal(0, 0.6, n),
        "h0": rnd.normal(0, 0.6, n),
        "c0": rnd.normal(0, 0.6, n),
    }
    x, want = rnd.normal(size=(T, m)), rnd.normal(size=(T, n))

    def sg(q):
        return 1 / (1 + np.exp(-q))

    def fw(P):
        hs, cs, zs = [P["h0"]], [P["c0"]], []
        for t in range(T):
            a = (P["R"] @ hs[-1] + P["A"] @ x[t]).reshape(4, n)  # z, i, f, o
            z = np.tanh(a[0])
            i = sg(a[1] + P["peep_i"] * cs[-1])
            f = sg(a[2] + P["peep_f"] * cs[-1])
            cs.append(z * i + f * cs[-1])
            o = sg(a[3] + P["peep_o"] * cs[-1])
            hs.append(np.tanh(cs[-1]) * o)
            zs.append((z, i, f, o))
        return hs, cs, zs

    def loss(P):
        hs = fw(P)[0]
        return sum(((hs[t + 1] - want[t]) ** 2).sum() for t in range(T)) / T

    def gradient(P):
        hs, cs, zs = fw(P)
        G = {k: np.zeros_like(v) for k, v in P.items()}
        dy, dcarry = np.zeros(n), np.zeros(n)
        for t in reversed(range(T)):
            z, i, f, o = zs[t]
            tc = np.tanh(cs[t + 1])
            dy = dy + 2 * (hs[t + 1] - want[t]) / T
            do = dy * tc * o * (1 - o)
            dc = dcarry + dy * o * (1 - tc**2) + do * P["peep_o"]
            df = dc * cs[t] * f * (1 - f)
            di = dc * z * i * (1 - i)
            dz = dc * i * (1 - z**2)
            delta = np.concatenate([dz, di, df, do])
            G["R"] += delta[:, None] * hs[t]
            G["A"] += delta[:, None] * x[t]
            G["peep_o"] += do * cs[t + 1]
            G["peep_f"] += df * cs[t]
            G["peep_i"] += di * cs[t]
            dy = P["R"].T @ delta
            dcarry = dc * f + di * P["peep_i"] + df * P["peep_f"]
        G["h0"], G["c0"] = dy, dcarry
        return G

    return P, loss, gradient
