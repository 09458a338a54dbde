"""Numerical analyst: T+1 rows, state number 0 is the initial one, everything stored; recomputes the forward."""
import numpy as np


def backward(params, x, targets, h0=None, c0=None):
    T, n, m = len(x), params.hidden_size, params.vocab_size
    S = np.zeros((T + 1, n))      # cells, S[0] before the first token
    Hs = np.zeros((T + 1, n))
    if h0 is not None:
        Hs[0] = h0
    if c0 is not None:
        S[0] = c0
    A = {k: np.zeros((T + 1, n)) for k in "ifog"}
    P = np.zeros((T + 1, m))
    for t in range(1, T + 1):
        w = x[t - 1]
        for k in "ifo":
            A[k][t] = 1 / (1 + np.exp(-(params["U" + k][:, w] + params["W" + k] @ Hs[t - 1])))
        A["g"][t] = np.tanh(params.Ug[:, w] + params.Wg @ Hs[t - 1])
        S[t] = A["f"][t] * S[t - 1] + A["i"][t] * A["g"][t]
        Hs[t] = A["o"][t] * np.tanh(S[t])
        q = np.exp(params.V @ Hs[t])
        P[t] = q / q.sum()

    dV = np.zeros((m, n))
    dW = {k: np.zeros((n, n)) for k in "ifog"}
    dU = {k: np.zeros((n, m)) for k in "ifog"}
    dHs = np.zeros((T + 1, n))
    dS = np.zeros((T + 1, n))
    for t in range(T, 0, -1):
        i, f, o, g = (A[k][t] for k in "ifog")
        r = P[t].copy()
        r[targets[t - 1]] -= 1
        dV += np.outer(r, Hs[t])
        dHs[t] += params.V.T @ r
        tc = np.tanh(S[t])
        dS[t] += dHs[t] * o * (1 - tc ** 2)
        dA = dict(i=dS[t] * g, f=dS[t] * S[t - 1], o=dHs[t] * tc, g=dS[t] * i)
        dz = {
            "i": dA["i"] * i * (1 - i),
            "f": dA["f"] * f * (1 - f),
            "o": dA["o"] * o * (1 - o),
            "g": dA["g"] * (1 - g ** 2),
        }
        dS[t - 1] += dS[t] * f
        for k in "ifog":
            dW[k] += np.outer(dz[k], Hs[t - 1])
            dU[k][:, x[t - 1]] += dz[k]
            dHs[t - 1] += params["W" + k].T @ dz[k]
    return (dV, dW["i"], dW["f"], dW["o"], dW["g"], dU["i"], dU["f"], dU["o"], dU["g"])
