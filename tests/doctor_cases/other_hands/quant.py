"""LSTM score (gradient of the neg log-lik), vectorised over time where possible. Panels are T x k, rows = dates."""
import numpy as np

sig = lambda z: 1 / (1 + np.exp(-z))
lag = lambda a, a0: np.vstack([a0, a[:-1]])  # df.shift(1), first row filled with a0

COLS = list("ifog")


def run(w, u, v, x, h0, c0):
    T, H = len(x), w.shape[1]
    a = u[:, x].T  # T x 4H, exogenous part of the pre-activations
    hs, cs, gt = np.zeros((T, H)), np.zeros((T, H)), np.zeros((T, 4 * H))
    h, c = h0, c0
    for t in range(T):
        z = a[t] + w @ h
        gt[t, : 3 * H] = sig(z[: 3 * H])
        gt[t, 3 * H :] = np.tanh(z[3 * H :])
        i, f, o, g = gt[t].reshape(4, H)
        c = f * c + i * g
        h = o * np.tanh(c)
        hs[t], cs[t] = h, c
    s = hs @ v.T
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return hs, cs, gt, p


def backward(params, x, targets, h0=None, c0=None):
    w = np.vstack([params["W" + k] for k in COLS])  # 4H x H
    u = np.vstack([params["U" + k] for k in COLS])  # 4H x K
    v = params["V"]
    T, (K, H) = len(x), v.shape
    h0 = np.zeros(H) if h0 is None else h0
    c0 = np.zeros(H) if c0 is None else c0

    hs, cs, gt, p = run(w, u, v, x, h0, c0)
    i, f, o, g = np.split(gt, 4, axis=1)
    th = np.tanh(cs)
    hl, cl = lag(hs, h0), lag(cs, c0)

    # obs eq: residuals, loadings
    r = p.copy()
    r[np.arange(T), targets] -= 1
    dv = r.T @ hs
    dh_obs = r @ v

    # sensitivities to the pre-activations, whole sample at once
    sl = gt * (1 - gt)
    sl[:, 3 * H :] = 1 - g**2
    m = np.hstack([g, cl, th, i]) * sl

    # state eq: backward recursion, cannot be vectorised
    dz = np.zeros((T, 4 * H))
    dh_nx, dc_nx = np.zeros(H), np.zeros(H)
    for t in range(T)[::-1]:
        dh = dh_obs[t] + dh_nx
        dc = dc_nx + dh * o[t] * (1 - th[t] ** 2)
        dz[t] = m[t] * np.hstack([dc, dc, dh, dc])
        dh_nx = dz[t] @ w
        dc_nx = dc * f[t]

    dw = dz.T @ hl
    du = np.zeros((4 * H, K))
    np.add.at(du.T, x, dz)  # groupby(token).sum()

    res = {"V": dv}
    res.update(zip(["W" + k for k in COLS], np.split(dw, 4)))
    res.update(zip(["U" + k for k in COLS], np.split(du, 4)))
    return res
