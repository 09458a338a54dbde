"""Fused-gate BPTT. Rows of A and columns of act/dZ: [g | i | f | o]. Columns of A and X: [h(t-1) | onehot(x)]."""
import numpy as np


def backward(params, x, targets, h0=None, c0=None):
    (K, H), T = params.V.shape, len(x)
    G, I, F, O = (slice(k * H, (k + 1) * H) for k in range(4))
    S = slice(H, 4 * H)  # the three sigmoids
    rows = np.arange(T)

    A = np.hstack([np.vstack([params[block + gate] for gate in "gifo"]) for block in "WU"])
    X = np.zeros((T, H + K))
    X[rows, H + np.asarray(x)] = 1.0
    act = np.empty((T, 4 * H))
    Hs, Cprev, TC = np.empty((3, T, H))

    h = np.zeros(H) if h0 is None else h0
    c = np.zeros(H) if c0 is None else c0
    for t in range(T):
        X[t, :H] = h
        Cprev[t] = c
        z = A @ X[t]
        act[t, G] = np.tanh(z[G])
        act[t, S] = 1.0 / (1.0 + np.exp(-z[S]))
        c = act[t, F] * c + act[t, I] * act[t, G]
        TC[t] = np.tanh(c)
        h = act[t, O] * TC[t]
        Hs[t] = h

    P = Hs @ params.V.T
    P = np.exp(P - P.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    P[rows, targets] -= 1.0

    slope = np.hstack([1.0 - act[:, G] ** 2, act[:, S] * (1.0 - act[:, S])])
    dH = P @ params.V
    dZ = np.empty_like(act)
    dh, dc = np.zeros(H), np.zeros(H)
    for t in range(T - 1, -1, -1):
        dh = dH[t] + dh
        dc = dc + dh * act[t, O] * (1.0 - TC[t] ** 2)
        dZ[t, G] = dc * act[t, I]
        dZ[t, I] = dc * act[t, G]
        dZ[t, F] = dc * Cprev[t]
        dZ[t, O] = dh * TC[t]
        dZ[t] *= slope[t]
        dh = dZ[t] @ A[:, :H]
        dc = dc * act[t, F]

    dA = dZ.T @ X
    dW, dU = dA[:, :H], dA[:, H:]
    order = (I, F, O, G)
    return (P.T @ Hs, *(dW[s] for s in order), *(dU[s] for s in order))
