import numpy as np

import lstm_teach as lt


def outer_rows(d, h):
    """(T, H) and (T, H) -> the sum over t of outer products."""
    return np.sum(d[:, :, None] * h[:, None, :], axis=0)


def grad_all(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    T, H = len(x), params.hidden_size
    dy = cache.y - np.eye(params.vocab_size)[targets]
    D = np.zeros((T, 4, H))
    W = params.W.reshape(4, H, H)
    dh, dc = np.zeros(H), np.zeros(H)
    for t in np.arange(T)[::-1]:
        i, f, o, g = cache.gates[t].reshape(4, H)
        dh = dh + dy[t] @ params.V
        dc = dc + dh * o * (1 - cache.ct[t] ** 2)
        D[t] = np.stack([dc * g * i * (1 - i), dc * cache.c[t - 1] * f * (1 - f), dh * cache.ct[t] * o, dc * i])
        D[t, 2] *= 1 - o
        D[t, 3] *= 1 - g**2
        dh = np.sum(W * D[t][:, None, :], axis=(0, 2))
        dc = dc * f
    before = cache.h[np.arange(T) - 1]
    hot = np.eye(params.vocab_size)[x]
    dW = [outer_rows(D[:, k], before) for k in range(4)]
    dU = [outer_rows(D[:, k], hot) for k in range(4)]
    return [outer_rows(dy, cache.h[:T]), *dW, *dU]
