import numpy as np
from numpy import exp, tanh, zeros, outer
s = lambda z: 1 / (1 + exp(-z))


def backward(P, x, y, h0=None, c0=None):
    V = P.V
    U = {k: P["U" + k] for k in "ifog"}
    W = {k: P["W" + k] for k in "ifog"}
    K, H = V.shape
    n = len(x)
    h = [zeros(H) if h0 is None else np.array(h0, float)]
    c = [zeros(H) if c0 is None else np.array(c0, float)]
    A, p = [], []
    for t in range(n):
        z = {k: U[k][:, x[t]] + W[k] @ h[-1] for k in "ifog"}
        a = {k: s(z[k]) for k in "ifo"}
        a["g"] = tanh(z["g"])
        c.append(a["f"] * c[-1] + a["i"] * a["g"])
        h.append(a["o"] * tanh(c[-1]))
        e = exp(V @ h[-1])
        A.append(a)
        p.append(e / e.sum())

    # h[t+1], c[t+1]: state after step t
    G = {"V": zeros((K, H))}
    for k in "ifog":
        G["W" + k], G["U" + k] = zeros((H, H)), zeros((H, K))
    dh, dc = zeros(H), zeros(H)
    for t in range(n)[::-1]:
        i, f, o, g = (A[t][k] for k in "ifog")
        q = p[t].copy()
        q[y[t]] -= 1
        G["V"] += outer(q, h[t + 1])
        dh = dh + V.T @ q
        u = tanh(c[t + 1])
        dc = dc + dh * o * (1 - u * u)
        d = {"i": dc * g * i * (1 - i), "f": dc * c[t] * f * (1 - f),
             "o": dh * u * o * (1 - o), "g": dc * i * (1 - g * g)}
        for k in "ifog":
            G["W" + k] += outer(d[k], h[t])
            G["U" + k][:, x[t]] += d[k]
        dh = sum(W[k].T @ d[k] for k in "ifog")
        dc = dc * f
    return G
