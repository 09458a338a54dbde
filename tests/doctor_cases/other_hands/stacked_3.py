"""LSTM with one fused weight matrix; everything is kept as rows (N, ...) so that it could be batched (here N=1)."""
import numpy as np


def fuse(p):
    # (4H, H+K): the left block works on h, the right block on the one-hot input
    Wh = np.vstack([p["Wi"], p["Wf"], p["Wo"], p["Wg"]])
    Wx = np.vstack([p["Ui"], p["Uf"], p["Uo"], p["Ug"]])
    return np.hstack([Wh, Wx])


def lstm_forward(W, V, X, h, c):
    H = h.shape[1]
    cache = []
    for t in range(X.shape[0]):
        hx = np.hstack([h, X[t:t + 1]])           # (1, H+K)
        z = hx @ W.T                              # (1, 4H)
        A = np.empty_like(z)
        A[:, :3*H] = 1. / (1. + np.exp(-z[:, :3*H]))
        A[:, 3*H:] = np.tanh(z[:, 3*H:])
        c_prev = c
        c = A[:, H:2*H] * c_prev + A[:, :H] * A[:, 3*H:]
        h = A[:, 2*H:3*H] * np.tanh(c)
        logits = h @ V.T                          # (1, K)
        prob = np.exp(logits - logits.max(axis=1, keepdims=True))
        prob /= prob.sum(axis=1, keepdims=True)
        cache.append((hx, A, c_prev, c, h, prob))
    return cache


def lstm_backward(W, V, Y, cache):
    H = V.shape[1]
    dW = np.zeros_like(W)
    dV = np.zeros_like(V)
    dh_next = np.zeros((1, H))
    dc_next = np.zeros((1, H))
    for t in reversed(range(len(cache))):
        hx, A, c_prev, c, h, prob = cache[t]
        i, f, o, g = np.split(A, 4, axis=1)
        tanh_c = np.tanh(c)

        dlogits = prob - Y[t:t + 1]
        dV += dlogits.T @ h
        dh = dlogits @ V + dh_next

        dc = dh * o * (1 - tanh_c**2) + dc_next
        dA = np.hstack([dc * g, dc * c_prev, dh * tanh_c, dc * i])
        dz = dA.copy()
        dz[:, :3*H] *= A[:, :3*H] * (1 - A[:, :3*H])
        dz[:, 3*H:] *= 1 - A[:, 3*H:]**2

        dW += dz.T @ hx
        dhx = dz @ W
        dh_next = dhx[:, :H]
        dc_next = dc * f
    return dV, dW


def one_hot(idx, K):
    M = np.zeros((len(idx), K))
    M[np.arange(len(idx)), idx] = 1
    return M


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    K, H = V.shape
    W = fuse(params)
    h = np.zeros((1, H)) if h0 is None else np.array(h0, dtype=float).reshape(1, H)
    c = np.zeros((1, H)) if c0 is None else np.array(c0, dtype=float).reshape(1, H)
    cache = lstm_forward(W, V, one_hot(x, K), h, c)
    dV, dW = lstm_backward(W, V, one_hot(targets, K), cache)
    dWi, dWf, dWo, dWg = np.split(dW[:, :H], 4, axis=0)
    dUi, dUf, dUo, dUg = np.split(dW[:, H:], 4, axis=0)
    return dict(V=dV, Wi=dWi, Wf=dWf, Wo=dWo, Wg=dWg,
                Ui=dUi, Uf=dUf, Uo=dUo, Ug=dUg)
