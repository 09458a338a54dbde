import numpy as np

import lstm_teach as lt


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backward_low_memory(params, x, targets, h0=None, c0=None):
    """Keeps only h and c of the forward pass; the gates are computed again on the way back."""
    kept = lt.forward(params, x, h0, c0)
    h, c = kept.h, kept.c
    T = len(x)
    gV = np.zeros_like(params.V)
    gW = {k: np.zeros_like(params.Wi) for k in "ifog"}
    gU = {k: np.zeros_like(params.Ui) for k in "ifog"}
    dh_next = 0.0
    dc_next = 0.0
    for t in range(T - 1, -1, -1):
        scores = params.V @ h[t]
        probs = np.exp(scores - np.max(scores))
        probs = probs / np.sum(probs)
        probs[targets[t]] -= 1
        gV = gV + np.outer(probs, h[t])
        i = sigmoid(params.Wi @ h[t - 1] + params.Ui[:, x[t]])
        f = sigmoid(params.Wf @ h[t - 1] + params.Uf[:, x[t]])
        o = sigmoid(params.Wo @ h[t - 1] + params.Uo[:, x[t]])
        g = np.tanh(params.Wg @ h[t - 1] + params.Ug[:, x[t]])
        tanh_c = np.tanh(c[t])
        dh = params.V.T @ probs + dh_next
        dc = dh * o * (1 - tanh_c**2) + dc_next
        dpre = {}
        dpre["i"] = dc * g * (i - i**2)
        dpre["f"] = dc * c[t - 1] * (f - f**2)
        dpre["o"] = dh * tanh_c * (o - o**2)
        dpre["g"] = dc * i * (1 - g**2)
        dh_next = np.zeros_like(dh)
        for k in "ifog":
            gW[k] = gW[k] + np.outer(dpre[k], h[t - 1])
            gU[k][:, x[t]] = gU[k][:, x[t]] + dpre[k]
            dh_next = dh_next + params["W" + k].T @ dpre[k]
        dc_next = dc * f
    grads = {"V": gV}
    grads.update({"W" + k: gW[k] for k in "ifog"})
    grads.update({"U" + k: gU[k] for k in "ifog"})
    return grads
