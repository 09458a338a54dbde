# Port of my lstm_bptt.R. Time runs along the COLUMNS; column 0 is the state before
# the first token, so the index t is the same 1..n as in the R script.
import numpy as np


def plogis(q):
    return 1 / (1 + np.exp(-q))


def seq_len(n):
    return list(range(1, n + 1))


def rev(v):
    return v[::-1]


def tcrossprod(A, B):
    return A @ B.T


def indicator(levels, codes):
    M = np.zeros((levels, len(codes)))
    M[np.asarray(codes), np.arange(len(codes))] = 1
    return M


def backward(params, x, targets, h0=None, c0=None):
    n = len(x)
    n_hid, n_lev = params.Ui.shape
    X = indicator(n_lev, x)
    Y = indicator(n_lev, targets)

    # ---- forward -----------------------------------------------------------
    I, F, O, G, C, Hid = (np.zeros((n_hid, n + 2)) for _ in range(6))
    if h0 is not None:
        Hid[:, 0] = h0
    if c0 is not None:
        C[:, 0] = c0
    for t in seq_len(n):
        I[:, t] = plogis(params.Wi @ Hid[:, t - 1] + params.Ui @ X[:, t - 1])
        F[:, t] = plogis(params.Wf @ Hid[:, t - 1] + params.Uf @ X[:, t - 1])
        O[:, t] = plogis(params.Wo @ Hid[:, t - 1] + params.Uo @ X[:, t - 1])
        G[:, t] = np.tanh(params.Wg @ Hid[:, t - 1] + params.Ug @ X[:, t - 1])
        C[:, t] = F[:, t] * C[:, t - 1] + I[:, t] * G[:, t]
        Hid[:, t] = O[:, t] * np.tanh(C[:, t])
    E = np.exp(params.V @ Hid[:, 1:n + 1])
    P = E / E.sum(axis=0)
    resid = P - Y

    # ---- backward: column n + 1 stays zero ---------------------------------
    dI, dF, dO, dG, dC = (np.zeros((n_hid, n + 2)) for _ in range(5))
    for t in rev(seq_len(n)):
        dh = params.V.T @ resid[:, t - 1]
        dh += params.Wi.T @ dI[:, t + 1] + params.Wf.T @ dF[:, t + 1]
        dh += params.Wo.T @ dO[:, t + 1] + params.Wg.T @ dG[:, t + 1]
        th = np.tanh(C[:, t])
        dC[:, t] = dh * O[:, t] * (1 - th**2) + dC[:, t + 1] * F[:, t + 1]
        dI[:, t] = dC[:, t] * G[:, t] * I[:, t] * (1 - I[:, t])
        dF[:, t] = dC[:, t] * C[:, t - 1] * F[:, t] * (1 - F[:, t])
        dO[:, t] = dh * th * O[:, t] * (1 - O[:, t])
        dG[:, t] = dC[:, t] * I[:, t] * (1 - G[:, t]**2)

    now = slice(1, n + 1)
    lagged = slice(0, n)
    gW = [tcrossprod(D[:, now], Hid[:, lagged]) for D in (dI, dF, dO, dG)]
    gU = [tcrossprod(D[:, now], X) for D in (dI, dF, dO, dG)]
    gV = tcrossprod(resid, Hid[:, now])
    return [gV] + gW + gU
