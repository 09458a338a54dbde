import numpy as np


def sigm(z):
    return 1.0 / (1.0 + np.exp(-z))


def lstmcost(theta, X, Y, h0=None, c0=None):
    """Converted from columns-are-time code: every array is (H, T), states are (H, T+1) with the start in column 0."""
    N = len(X)
    H = np.size(theta.Wi, 0)
    K = np.size(theta.V, 0)
    Hs = np.zeros((H, N + 1))
    Cs = np.zeros((H, N + 1))
    if h0 is not None:
        Hs[:, 0] = h0
    if c0 is not None:
        Cs[:, 0] = c0
    I, F, O, G = np.zeros((H, N)), np.zeros((H, N)), np.zeros((H, N)), np.zeros((H, N))
    for t in range(1, N + 1):
        w = X[t - 1]
        I[:, t - 1] = sigm(np.dot(theta.Wi, Hs[:, t - 1]) + theta.Ui[:, w])
        F[:, t - 1] = sigm(np.dot(theta.Wf, Hs[:, t - 1]) + theta.Uf[:, w])
        O[:, t - 1] = sigm(np.dot(theta.Wo, Hs[:, t - 1]) + theta.Uo[:, w])
        G[:, t - 1] = np.tanh(np.dot(theta.Wg, Hs[:, t - 1]) + theta.Ug[:, w])
        Cs[:, t] = F[:, t - 1] * Cs[:, t - 1] + I[:, t - 1] * G[:, t - 1]
        Hs[:, t] = O[:, t - 1] * np.tanh(Cs[:, t])
    S = np.dot(theta.V, Hs[:, 1 : N + 1])
    S = S - np.amax(S, axis=0)
    P = np.exp(S) / np.sum(np.exp(S), axis=0)

    D = P.copy()
    D[Y, np.arange(N)] = D[Y, np.arange(N)] - 1
    dH = np.zeros((H, N + 1))
    dC = np.zeros((H, N + 1))
    dI, dF, dO, dG = np.zeros((H, N)), np.zeros((H, N)), np.zeros((H, N)), np.zeros((H, N))
    dH[:, 1:] = np.dot(theta.V.T, D)
    for t in range(N, 0, -1):
        Th = np.tanh(Cs[:, t])
        dC[:, t] = dC[:, t] + dH[:, t] * O[:, t - 1] * (1 - Th**2)
        dI[:, t - 1] = dC[:, t] * G[:, t - 1] * I[:, t - 1] * (1 - I[:, t - 1])
        dF[:, t - 1] = dC[:, t] * Cs[:, t - 1] * F[:, t - 1] * (1 - F[:, t - 1])
        dO[:, t - 1] = dH[:, t] * Th * O[:, t - 1] * (1 - O[:, t - 1])
        dG[:, t - 1] = dC[:, t] * I[:, t - 1] * (1 - G[:, t - 1] ** 2)
        dC[:, t - 1] = dC[:, t] * F[:, t - 1]
        dH[:, t - 1] = dH[:, t - 1] + np.dot(theta.Wi.T, dI[:, t - 1]) + np.dot(theta.Wf.T, dF[:, t - 1])
        dH[:, t - 1] = dH[:, t - 1] + np.dot(theta.Wo.T, dO[:, t - 1]) + np.dot(theta.Wg.T, dG[:, t - 1])
    OneHot = np.zeros((K, N))
    OneHot[X, np.arange(N)] = 1
    gradV = np.dot(D, Hs[:, 1:].T)
    gradWi = np.dot(dI, Hs[:, :N].T)
    gradWf = np.dot(dF, Hs[:, :N].T)
    gradWo = np.dot(dO, Hs[:, :N].T)
    gradWg = np.dot(dG, Hs[:, :N].T)
    gradUi = np.dot(dI, OneHot.T)
    gradUf = np.dot(dF, OneHot.T)
    gradUo = np.dot(dO, OneHot.T)
    gradUg = np.dot(dG, OneHot.T)
    return gradV, gradWi, gradWf, gradWo, gradWg, gradUi, gradUf, gradUo, gradUg
