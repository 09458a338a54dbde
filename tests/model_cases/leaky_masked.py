"""Leaky units, h = (1 - a) h + a tanh(...), with a trained rate; some steps have no target; a logistic loss."""

import numpy as np


def case(T):
    units, ins = 6, 3
    g = np.random.default_rng(900 + T)
    theta = {
        "rec": g.normal(0, 0.6, (units, units)),
        "inp": g.normal(0, 0.8, (ins, units)),
        "rate": g.normal(0, 0.5, units),
        "read": g.normal(0, 1, units),
        "bias": g.normal(0, 1, 1),
    }
    data, answer = g.normal(size=(T, ins)), g.integers(0, 2, T)
    counted = g.random(T) < 0.6
    counted[-1] = True
    begin = g.normal(0, 0.6, units)

    def unroll(q):
        a = 1 / (1 + np.exp(-q["rate"]))
        hs, us = [begin], []
        for t in range(T):
            us.append(np.tanh(hs[-1] @ q["rec"] + data[t] @ q["inp"]))
            hs.append((1 - a) * hs[-1] + a * us[-1])
        return a, np.array(hs), np.array(us)

    def scores(q, hs):
        return 1 / (1 + np.exp(-(hs[1:] @ q["read"] + q["bias"][0])))

    def loss(q):
        _, hs, _ = unroll(q)
        s = scores(q, hs)
        each = -np.where(answer == 1, np.log(s), np.log(1 - s))
        return each[counted].sum() / counted.sum()

    def gradient(q):
        a, hs, us = unroll(q)
        err = (scores(q, hs) - answer) * counted / counted.sum()
        out = {"read": err @ hs[1:], "bias": np.array([err.sum()])}
        d_rec, d_inp, d_a, dh = 0, 0, 0, 0
        for t in range(T - 1, -1, -1):
            dh = dh + err[t] * q["read"]
            d_a = d_a + dh * (us[t] - hs[t])
            dz = dh * a * (1 - us[t] ** 2)
            d_rec = d_rec + np.outer(hs[t], dz)
            d_inp = d_inp + np.outer(data[t], dz)
            dh = dh * (1 - a) + q["rec"] @ dz
        out["rec"], out["inp"], out["rate"] = d_rec, d_inp, d_a * a * (1 - a)
        return out

    return theta, loss, gradient
