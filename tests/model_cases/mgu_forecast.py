# Minimal gated unit (Zhou et al., 2016)
#   f_t  = s(Wf x + Uf h + bf)
#   h~_t = tanh(Wh x + Uh (f*h) + bh)
#   h_t  = (1-f) h + f h~
# one series at a time looped over the batch -> easy to follow, slow, who cares.
# Later steps count more: weight of step t is gamma**(T-1-t).
from math import exp

import numpy as np

GAMMA = 0.8
H = 3
NX = 2
NBATCH = 3


def logistic(v):
    return np.array([1.0 / (1.0 + exp(-q)) for q in v])


def case(T):
    r = np.random.RandomState(60 + T)
    data = r.normal(0, 1, (NX, T, NBATCH))  # batch is the last axis
    goal = r.normal(0, 1, (T, NBATCH))
    step_weight = GAMMA ** np.arange(T - 1, -1, -1.0)

    params = {}
    params["Wf"] = r.normal(0, 0.6, (H, NX))
    params["Uf"] = r.normal(0, 0.6, (H, H))
    params["bf"] = r.normal(0, 0.3, H)
    params["Wh"] = r.normal(0, 0.6, (H, NX))
    params["Uh"] = r.normal(0, 0.6, (H, H))
    params["bh"] = r.normal(0, 0.3, H)
    params["h_init"] = r.normal(0, 0.5, H)
    params["v"] = r.normal(0, 1, H)
    params["c"] = r.normal(0, 1, 1)

    def roll(p, n):
        h = p["h_init"].copy()
        H_, F_, C_, E_ = [h], [], [], []
        for t in range(T):
            u = data[:, t, n]
            f = logistic(p["Wf"] @ u + p["Uf"] @ h + p["bf"])
            cand = np.tanh(p["Wh"] @ u + p["Uh"] @ (f * h) + p["bh"])
            h = (1 - f) * h + f * cand
            H_.append(h)
            F_.append(f)
            C_.append(cand)
            E_.append(p["v"] @ h + p["c"][0] - goal[t, n])
        return H_, F_, C_, E_

    def loss(p):
        J = 0.0
        for n in range(NBATCH):
            E_ = roll(p, n)[3]
            for t in range(T):
                J += 0.5 * step_weight[t] * E_[t] ** 2
        return J / NBATCH

    def gradient(p):
        G = {name: np.zeros(value.shape) for name, value in p.items()}
        for n in range(NBATCH):
            H_, F_, C_, E_ = roll(p, n)
            dh = np.zeros(H)
            for t in range(T)[::-1]:
                u, h_old, f, cand = data[:, t, n], H_[t], F_[t], C_[t]
                err = step_weight[t] * E_[t] / NBATCH
                G["v"] += err * H_[t + 1]
                G["c"] += err
                dh = dh + err * p["v"]
                a_h = dh * f * (1 - cand**2)
                back = p["Uh"].T @ a_h
                d_f = dh * (cand - h_old) + back * h_old
                a_f = d_f * f * (1 - f)
                G["Wh"] += np.outer(a_h, u)
                G["Uh"] += np.outer(a_h, f * h_old)
                G["bh"] += a_h
                G["Wf"] += np.outer(a_f, u)
                G["Uf"] += np.outer(a_f, h_old)
                G["bf"] += a_f
                dh = dh * (1 - f) + back * f + p["Uf"].T @ a_f
            G["h_init"] += dh
        return G

    return params, loss, gradient
