import numpy as np


def logistic(a):
    return 1.0 / (1.0 + np.exp(-a))


def fprop_bprop(theta, inp, out, h0=None, c0=None):
    """Rows [x, h] times one matrix (K + H, 4H) with the gates in the order g, i, f, o; forward and back in one."""
    K, H, T = theta.vocab_size, theta.hidden_size, len(inp)
    order = ["g", "i", "f", "o"]
    M = np.concatenate([np.concatenate([theta["U" + q].T, theta["W" + q].T], axis=0) for q in order], axis=1)
    X = np.zeros((T, K + H))
    h = np.zeros((T + 1, H))
    c = np.zeros((T + 1, H))
    if h0 is not None:
        h[0] = h0
    if c0 is not None:
        c[0] = c0
    A = np.zeros((T, 4 * H))
    for t in range(T):
        X[t, inp[t]] = 1
        X[t, K:] = h[t]
        A[t] = np.dot(X[t], M)
        A[t, :H] = np.tanh(A[t, :H])
        A[t, H:] = logistic(A[t, H:])
        c[t + 1] = A[t, :H] * A[t, H : 2 * H] + A[t, 2 * H : 3 * H] * c[t]
        h[t + 1] = np.tanh(c[t + 1]) * A[t, 3 * H :]

    dM = np.zeros(M.shape)
    dV = np.zeros(theta.V.shape)
    dh = np.zeros((T + 1, H))
    dc = np.zeros((T + 1, H))
    dA = np.zeros((T, 4 * H))
    t = T
    while t > 0:
        p = np.exp(np.dot(theta.V, h[t]))
        p = p / np.sum(p)
        p[out[t - 1]] = p[out[t - 1]] - 1
        dV = dV + np.outer(p, h[t])
        dh[t] = dh[t] + np.dot(p, theta.V)
        th = np.tanh(c[t])
        dc[t] = dc[t] + dh[t] * A[t - 1, 3 * H :] * (1 - th**2)
        dA[t - 1, :H] = dc[t] * A[t - 1, H : 2 * H]
        dA[t - 1, H : 2 * H] = dc[t] * A[t - 1, :H]
        dA[t - 1, 2 * H : 3 * H] = dc[t] * c[t - 1]
        dA[t - 1, 3 * H :] = dh[t] * th
        dA[t - 1, :H] = dA[t - 1, :H] * (1 - A[t - 1, :H] ** 2)
        dA[t - 1, H:] = dA[t - 1, H:] * A[t - 1, H:] * (1 - A[t - 1, H:])
        dM = dM + np.outer(X[t - 1], dA[t - 1])
        dX = np.dot(M, dA[t - 1])
        dh[t - 1] = dX[K:]
        dc[t - 1] = dc[t] * A[t - 1, 2 * H : 3 * H]
        t = t - 1
    grads = {"V": dV}
    for n, q in enumerate(order):
        block = dM[:, n * H : (n + 1) * H]
        grads["U" + q] = block[:K].T
        grads["W" + q] = block[K:].T
    return grads
