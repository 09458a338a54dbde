from __future__ import annotations

import numpy as np


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-a))


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def backward(params, x, targets, h0=None, c0=None):
    """Fused kernel: one (K+H, 4H) weight, input row is [onehot, h_prev], gate layout is i | f | g | o."""
    K, H = params.V.shape
    T = len(x)
    kernel = np.vstack([
        np.hstack([params.Ui.T, params.Uf.T, params.Ug.T, params.Uo.T]),
        np.hstack([params.Wi.T, params.Wf.T, params.Wg.T, params.Wo.T]),
    ])
    inp = np.zeros((T, K + H))
    inp[np.arange(T), x] = 1.0
    act = np.empty((T, 4 * H))
    cell = np.zeros((T + 1, H))
    hid = np.zeros((T + 1, H))
    if h0 is not None:
        hid[0] = h0
    if c0 is not None:
        cell[0] = c0
    for t in range(T):
        inp[t, K:] = hid[t]
        pre = inp[t] @ kernel
        act[t] = _sigmoid(pre)
        act[t, 2 * H:3 * H] = np.tanh(pre[2 * H:3 * H])
        i, f, g, o = np.split(act[t], 4)
        cell[t + 1] = f * cell[t] + i * g
        hid[t + 1] = o * np.tanh(cell[t + 1])

    dlogits = _softmax(hid[1:] @ params.V.T)
    dlogits[np.arange(T), targets] -= 1.0
    dV = dlogits.T @ hid[1:]
    dhid = dlogits @ params.V

    slope = act * (1.0 - act)
    slope[:, 2 * H:3 * H] = 1.0 - act[:, 2 * H:3 * H] ** 2
    dpre = np.empty_like(act)
    dh, dc = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        i, f, g, o = np.split(act[t], 4)
        tc = np.tanh(cell[t + 1])
        dh = dh + dhid[t]
        dc = dc + dh * o * (1.0 - tc * tc)
        dpre[t] = np.concatenate([dc * g, dc * cell[t], dc * i, dh * tc]) * slope[t]
        dh = (kernel @ dpre[t])[K:]
        dc = dc * f

    dkernel = inp.T @ dpre
    dU, dW = dkernel[:K].T, dkernel[K:].T
    rows = {"i": slice(0, H), "f": slice(H, 2 * H), "g": slice(2 * H, 3 * H), "o": slice(3 * H, None)}
    grads = {"W" + k: dW[s] for k, s in rows.items()}
    grads.update({"U" + k: dU[s] for k, s in rows.items()})
    grads["V"] = dV
    return grads
