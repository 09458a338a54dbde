"""Lecture 9: Backpropagation through time for the LSTM.

As on the slides, time runs over t = 1, ..., T; row 0 of h and c is the initial
state, and row T+1 of every delta is zero (nothing comes after the last step).
"""
import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


def one_hot(index, K):
    """Rows 1..T hold the unit vectors, row 0 stays empty."""
    E = np.zeros((len(index) + 1, K))
    for t, k in enumerate(index, start=1):
        E[t, k] = 1
    return E


def backward(params, x, targets, h0=None, c0=None):
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = (params[name] for name in params.keys())
    K, H = V.shape
    T = len(x)
    X = one_hot(x, K)
    R = one_hot(targets, K)

    # ---- Slides 4-7: forward equations -------------------------------------
    h, c = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    i, o, g = np.zeros((T + 1, H)), np.zeros((T + 1, H)), np.zeros((T + 1, H))
    f = np.zeros((T + 2, H))  # f_{T+1} appears in (9.12)
    y = np.zeros((T + 1, K))
    if h0 is not None:
        h[0] = h0
    if c0 is not None:
        c[0] = c0
    for t in range(1, T + 1):
        i[t] = sigma(Wi @ h[t - 1] + Ui @ X[t])     # (9.1)
        f[t] = sigma(Wf @ h[t - 1] + Uf @ X[t])     # (9.2)
        o[t] = sigma(Wo @ h[t - 1] + Uo @ X[t])     # (9.3)
        g[t] = np.tanh(Wg @ h[t - 1] + Ug @ X[t])   # (9.4)
        c[t] = f[t] * c[t - 1] + i[t] * g[t]        # (9.5)
        h[t] = o[t] * np.tanh(c[t])                 # (9.6)
        s = V @ h[t]
        y[t] = np.exp(s - s.max()) / np.exp(s - s.max()).sum()  # (9.7)

    # ---- Slides 11-15: the deltas, t = T, ..., 1 ---------------------------
    dy = np.zeros((T + 2, K))
    dh, dc = np.zeros((T + 2, H)), np.zeros((T + 2, H))
    di, df = np.zeros((T + 2, H)), np.zeros((T + 2, H))  # w.r.t. pre-activations
    do, dg = np.zeros((T + 2, H)), np.zeros((T + 2, H))
    for t in range(T, 0, -1):
        # (9.10)  error at the output
        dy[t] = y[t] - R[t]
        # (9.11)  h_t acts on y_t and on the four gates at t+1
        dh[t] = V.T @ dy[t]
        dh[t] += Wi.T @ di[t + 1] + Wf.T @ df[t + 1]
        dh[t] += Wo.T @ do[t + 1] + Wg.T @ dg[t + 1]
        # (9.12)  c_t acts on h_t and on c_{t+1}
        dc[t] = dh[t] * o[t] * (1 - np.tanh(c[t]) ** 2)
        dc[t] += dc[t + 1] * f[t + 1]
        # (9.13)-(9.16)
        di[t] = dc[t] * g[t] * i[t] * (1 - i[t])
        df[t] = dc[t] * c[t - 1] * f[t] * (1 - f[t])
        do[t] = dh[t] * np.tanh(c[t]) * o[t] * (1 - o[t])
        dg[t] = dc[t] * i[t] * (1 - g[t] ** 2)

    # ---- Slide 16: sums of outer products over time, as matrix products ----
    now, before = slice(1, T + 1), slice(0, T)
    dV = dy[now].T @ h[now]
    dWi, dWf, dWo, dWg = (d[now].T @ h[before] for d in (di, df, do, dg))
    dUi, dUf, dUo, dUg = (d[now].T @ X[now] for d in (di, df, do, dg))
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
