# ported from lstm_grad.m (columns are time steps; column 0 holds the initial state)
import numpy as np
from numpy import diag, exp, eye, tanh, zeros


def sigm(a): return 1. / (1. + exp(-a))


def backward(params, x, targets, h0=None, c0=None):
    [V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug] = params.values()
    [nOut, nHid] = V.shape
    nT = len(x)

    In = zeros((nHid, nT + 1)); Fo = zeros((nHid, nT + 2)); Ou = zeros((nHid, nT + 1)); Ca = zeros((nHid, nT + 1))
    C = zeros((nHid, nT + 1)); H = zeros((nHid, nT + 1)); P = zeros((nOut, nT + 1))
    X = zeros((nOut, nT + 1)); D = zeros((nOut, nT + 1))
    if h0 is not None: H[:, 0] = h0
    if c0 is not None: C[:, 0] = c0
    for t in range(1, nT + 1):
        X[x[t - 1], t] = 1
        D[targets[t - 1], t] = 1
        In[:, t] = sigm(Ui @ X[:, t] + Wi @ H[:, t - 1])
        Fo[:, t] = sigm(Uf @ X[:, t] + Wf @ H[:, t - 1])
        Ou[:, t] = sigm(Uo @ X[:, t] + Wo @ H[:, t - 1])
        Ca[:, t] = tanh(Ug @ X[:, t] + Wg @ H[:, t - 1])
        C[:, t] = Fo[:, t] * C[:, t - 1] + In[:, t] * Ca[:, t]
        H[:, t] = Ou[:, t] * tanh(C[:, t])
        s = exp(V @ H[:, t])
        P[:, t] = s / s.sum()

    # backward; column nT+1 stays zero
    dC = zeros((nHid, nT + 2))
    zI = zeros((nHid, nT + 2)); zF = zeros((nHid, nT + 2)); zO = zeros((nHid, nT + 2)); zC = zeros((nHid, nT + 2))
    E = P - D
    for t in range(nT, 0, -1):
        dH = V.T @ E[:, t] + Wi.T @ zI[:, t + 1] + Wf.T @ zF[:, t + 1] + Wo.T @ zO[:, t + 1] + Wg.T @ zC[:, t + 1]
        dC[:, t] = diag(Ou[:, t]) @ diag(1 - tanh(C[:, t]) ** 2) @ dH
        dC[:, t] = dC[:, t] + Fo[:, t + 1] * dC[:, t + 1]
        zI[:, t] = dC[:, t] * Ca[:, t] * In[:, t] * (1 - In[:, t])
        zF[:, t] = dC[:, t] * C[:, t - 1] * Fo[:, t] * (1 - Fo[:, t])
        zO[:, t] = dH * tanh(C[:, t]) * Ou[:, t] * (1 - Ou[:, t])
        zC[:, t] = dC[:, t] * In[:, t] * (1 - Ca[:, t] ** 2)

    gV = E[:, 1:] @ H[:, 1:].T
    gWi = zI[:, 1:-1] @ H[:, :-1].T; gUi = zI[:, 1:-1] @ X[:, 1:].T
    gWf = zF[:, 1:-1] @ H[:, :-1].T; gUf = zF[:, 1:-1] @ X[:, 1:].T
    gWo = zO[:, 1:-1] @ H[:, :-1].T; gUo = zO[:, 1:-1] @ X[:, 1:].T
    gWg = zC[:, 1:-1] @ H[:, :-1].T; gUg = zC[:, 1:-1] @ X[:, 1:].T
    return gV, gWi, gWf, gWo, gWg, gUi, gUf, gUo, gUg
