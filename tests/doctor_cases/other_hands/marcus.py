import numpy as np


def backward(params, x, targets, h0=None, c0=None):
    # port of my lstm_bptt.m: signals are columns, time runs along the 2nd dimension
    # Hs, Cs have T+1 columns, column t is the state BEFORE step t
    V = params["V"]
    m, n = V.shape
    T = len(x)
    steps = np.arange(T)

    # one big matrix [W U], rows i / f / o / g
    WU = np.block([[params["W" + q], params["U" + q]] for q in "ifog"])
    ii = slice(0, n)
    ff = slice(n, 2 * n)
    oo = slice(2 * n, 3 * n)
    gg = slice(3 * n, 4 * n)

    X = np.zeros((m, T))
    X[x, steps] = 1
    Hs = np.zeros((n, T + 1))
    Cs = np.zeros((n, T + 1))
    if h0 is not None:
        Hs[:, 0] = h0
    if c0 is not None:
        Cs[:, 0] = c0
    A = np.zeros((4 * n, T))        # gate activations

    for t in range(0, T):
        z = WU @ np.concatenate((Hs[:, t], X[:, t]))
        A[:, t] = 1 / (1 + np.exp(-z))
        A[gg, t] = np.tanh(z[gg])
        Cs[:, t + 1] = A[ff, t] * Cs[:, t] + A[ii, t] * A[gg, t]
        Hs[:, t + 1] = A[oo, t] * np.tanh(Cs[:, t + 1])

    # output layer, all time steps in one go
    S = V @ Hs[:, 1:]
    P = np.exp(S - S.max(axis=0))
    P = P / P.sum(axis=0)
    Y = np.zeros((m, T))
    Y[targets, steps] = 1
    E = P - Y
    dV = E @ Hs[:, 1:].T
    dH = V.T @ E

    # slopes of all nonlinearities, also in one go
    slope = A * (1 - A)
    slope[gg] = 1 - A[gg] ** 2
    thC = np.tanh(Cs[:, 1:])
    slopeC = 1 - thC ** 2

    D = np.zeros((4 * n, T))        # deltas
    dc = np.zeros(n)
    for t in range(T - 1, -1, -1):
        if t < T - 1:
            dH[:, t] += WU[:, :n].T @ D[:, t + 1]
            dc = dc * A[ff, t + 1]
        dc = dc + dH[:, t] * A[oo, t] * slopeC[:, t]
        D[ii, t] = dc * A[gg, t]
        D[ff, t] = dc * Cs[:, t]
        D[oo, t] = dH[:, t] * thC[:, t]
        D[gg, t] = dc * A[ii, t]
        D[:, t] *= slope[:, t]

    dWU = D @ np.vstack((Hs[:, :T], X)).T
    dW = dWU[:, :n]
    dU = dWU[:, n:]
    return (dV,
            dW[ii], dW[ff], dW[oo], dW[gg],
            dU[ii], dU[ff], dU[oo], dU[gg])
