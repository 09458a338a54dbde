# everything lives in one long vector theta (made for scipy.optimize, which wants a flat gradient)
#
#   theta = [ V | Wi Wf Wo Wg | Ui Uf Uo Ug ]      each matrix row by row
import numpy as np

ORDER = ["V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug"]


def blocks(theta, K, H):
    """V (K,H), W (4H,H), U (K,4H): views into theta, writing to them changes theta.
    U comes transposed so that U[k] is the input of all the gates for token k."""
    v, w, u = np.split(theta, [K * H, K * H + 4 * H * H])
    return v.reshape(K, H), w.reshape(4 * H, H), u.reshape(4 * H, K).T


def flat_gradient(theta, K, H, x, y, h0, c0):
    T = len(x)
    V, W, U = blocks(theta, K, H)
    S = slice(0, 3 * H)  # the sigmoid part: i, f, o

    h = np.r_[[h0], np.empty((T, H))]
    c = np.r_[[c0], np.empty((T, H))]
    A = U[x].copy()
    for t in range(T):
        A[t] += W @ h[t]
        A[t, S] = 1 / (1 + np.exp(-A[t, S]))
        A[t, 3 * H:] = np.tanh(A[t, 3 * H:])
        i, f, o, g = np.split(A[t], 4)
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])

    E = np.exp(h[1:] @ V.T)
    E /= E.sum(axis=1, keepdims=True)
    E[np.arange(T), y] -= 1

    dtheta = np.zeros_like(theta)
    dV, dW, dU = blocks(dtheta, K, H)

    D = np.empty((T, 4 * H))
    carry_h = np.zeros(H)
    carry_c = np.zeros(H)
    for t in range(T - 1, -1, -1):
        i, f, o, g = np.split(A[t], 4)
        tc = np.tanh(c[t + 1])
        dh = E[t] @ V + carry_h
        dc = dh * o * (1 - tc**2) + carry_c
        D[t] = np.r_[
            dc * g * i * (1 - i),
            dc * c[t] * f * (1 - f),
            dh * tc * o * (1 - o),
            dc * i * (1 - g**2),
        ]
        carry_h = D[t] @ W
        carry_c = dc * f

    dV += E.T @ h[1:]
    dW += D.T @ h[:-1]
    np.add.at(dU, x, D)
    return dtheta


def backward(params, x, targets, h0=None, c0=None):
    K, H = params["V"].shape
    theta = np.r_[tuple(np.ravel(params[name]) for name in ORDER)]
    h0 = np.zeros(H) if h0 is None else h0
    c0 = np.zeros(H) if c0 is None else c0
    dtheta = flat_gradient(theta, K, H, x, targets, h0, c0)

    ends = np.cumsum([params[name].size for name in ORDER])
    pieces = np.split(dtheta, ends[:-1])
    return [piece.reshape(params[name].shape) for name, piece in zip(ORDER, pieces)]
