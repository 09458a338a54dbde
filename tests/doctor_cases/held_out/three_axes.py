import numpy as np

import lstm_teach as lt


def batched_backward(params, x, targets, h0=None, c0=None):
    """Written for batches (N, T, H); N is 1 here."""
    store = lt.forward(params, x, h0, c0)
    T, H, K = len(x), params.hidden_size, params.vocab_size
    tokens = np.asarray(x)[np.newaxis]
    labels = np.asarray(targets)[np.newaxis]
    gates = store.gates[np.newaxis, :T].reshape(1, T, 4, H)
    cells = np.concatenate([store.c[np.newaxis, -1:], store.c[np.newaxis, :T]], axis=1)
    states = np.concatenate([store.h[np.newaxis, -1:], store.h[np.newaxis, :T]], axis=1)
    onehot_in = np.take(np.eye(K), tokens, axis=0)
    onehot_out = np.take(np.eye(K), labels, axis=0)
    dlogits = store.y[np.newaxis] - onehot_out
    dV = np.tensordot(dlogits, states[:, 1:], axes=([0, 1], [0, 1]))
    dstates = np.matmul(dlogits, params.V)
    dpre = np.zeros_like(gates)
    dh = np.zeros((1, H))
    dc = np.zeros((1, H))
    for t in np.arange(T - 1, -1, -1):
        i, f, o, g = np.moveaxis(gates[:, t], 1, 0)
        squashed = np.tanh(cells[:, t + 1])
        dh = np.add(dh, dstates[:, t])
        dc = np.add(dc, np.multiply(np.multiply(dh, o), 1 - np.square(squashed)))
        dpre[:, t, 0] = np.multiply(dc, g) * np.multiply(i, 1 - i)
        dpre[:, t, 1] = np.multiply(dc, cells[:, t]) * np.multiply(f, 1 - f)
        dpre[:, t, 2] = np.multiply(dh, squashed) * np.multiply(o, 1 - o)
        dpre[:, t, 3] = np.multiply(dc, i) * (1 - np.square(g))
        dh = np.matmul(dpre[:, t].reshape(1, 4 * H), params.W)
        dc = np.multiply(dc, f)
    flat = dpre.reshape(1, T, 4 * H)
    dW = np.tensordot(flat, states[:, :-1], axes=([0, 1], [0, 1]))
    dU = np.tensordot(flat, onehot_in, axes=([0, 1], [0, 1]))
    grads = lt.Params.zeros(K, H)
    grads.V = dV
    grads.W[...] = dW
    grads.U[...] = dU
    return grads
