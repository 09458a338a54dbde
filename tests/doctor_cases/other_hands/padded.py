# Reverse sweep for the LSTM, whole trajectory kept.
#
# Storage: one COLUMN per time level.  Level 0 is the initial state, levels
# 1..n are computed; token number k-1 drives the transition k-1 -> k.
# Adjoint variables carry the suffix b (as in Tapenade).
import numpy as np


def expit(z):
    # avoids overflow for large negative z
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def softmax_cols(A):
    E = np.exp(A - A.max(axis=0))
    return E / E.sum(axis=0)


def sweep_up(par, x, h0, c0):
    n = len(x)
    m = par["Wi"].shape[0]
    h = np.zeros((m, n + 1))
    c = np.zeros((m, n + 1))
    I, F, O, G = (np.full((m, n + 1), np.nan) for _ in range(4))   # level 0 never used
    if h0 is not None:
        h[:, 0] = h0
    if c0 is not None:
        c[:, 0] = c0
    for k in range(1, n + 1):
        tok = x[k - 1]
        I[:, k] = expit(par["Wi"] @ h[:, k - 1] + par["Ui"][:, tok])
        F[:, k] = expit(par["Wf"] @ h[:, k - 1] + par["Uf"][:, tok])
        O[:, k] = expit(par["Wo"] @ h[:, k - 1] + par["Uo"][:, tok])
        G[:, k] = np.tanh(par["Wg"] @ h[:, k - 1] + par["Ug"][:, tok])
        c[:, k] = F[:, k] * c[:, k - 1] + I[:, k] * G[:, k]
        h[:, k] = O[:, k] * np.tanh(c[:, k])
    return h, c, I, F, O, G


def backward(params, x, targets, h0=None, c0=None):
    h, c, I, F, O, G = sweep_up(params, x, h0, c0)
    m, n = h.shape[0], len(x)
    Wi, Wf, Wo, Wg = (params[s] for s in ("Wi", "Wf", "Wo", "Wg"))

    # output layer, all levels at once
    R = softmax_cols(params["V"] @ h[:, 1:])
    R[targets, np.arange(n)] -= 1.0
    Vb = R @ h[:, 1:].T

    hb = np.zeros((m, n + 1))
    cb = np.zeros((m, n + 1))
    hb[:, 1:] = params["V"].T @ R
    ib, fb, ob, gb = (np.zeros((m, n)) for _ in range(4))

    for k in range(n, 0, -1):
        tc = np.tanh(c[:, k])
        cb[:, k] += hb[:, k] * O[:, k] * (1.0 - tc * tc)
        ib[:, k - 1] = cb[:, k] * G[:, k] * I[:, k] * (1.0 - I[:, k])
        fb[:, k - 1] = cb[:, k] * c[:, k - 1] * F[:, k] * (1.0 - F[:, k])
        ob[:, k - 1] = hb[:, k] * tc * O[:, k] * (1.0 - O[:, k])
        gb[:, k - 1] = cb[:, k] * I[:, k] * (1.0 - G[:, k] ** 2)
        hb[:, k - 1] += (Wi.T @ ib[:, k - 1] + Wf.T @ fb[:, k - 1]
                         + Wo.T @ ob[:, k - 1] + Wg.T @ gb[:, k - 1])
        cb[:, k - 1] += cb[:, k] * F[:, k]

    # assemble: W-gradients are products with the shifted states
    hprev = h[:, :n]
    Wb = [zb @ hprev.T for zb in (ib, fb, ob, gb)]
    Ub = []
    for zb in (ib, fb, ob, gb):
        S = np.zeros((m, params["V"].shape[0]))
        np.add.at(S.T, x, zb.T)      # scatter-add, tokens may repeat
        Ub.append(S)
    return (Vb, *Wb, *Ub)
