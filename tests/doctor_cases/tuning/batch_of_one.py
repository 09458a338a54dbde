import numpy as np

import lstm_teach as lt


def dsigmoid(s):
    return s * (1 - s)


def dtanh(a):
    return 1 - a * a


def backward_batch(params, x, targets, h0=None, c0=None):
    """Rows are examples: every vector is (1, H)."""
    out = lt.forward(params, x, h0, c0)
    onehot = np.eye(params.vocab_size)
    dV = np.zeros_like(params.V)
    dW = {k: np.zeros_like(params["W" + k]) for k in "ifog"}
    dU = {k: np.zeros_like(params["U" + k]) for k in "ifog"}
    dh_next = np.zeros((1, params.hidden_size))
    dc_next = np.zeros((1, params.hidden_size))
    for t in range(len(x) - 1, -1, -1):
        row = slice(t, t + 1)
        h_prev = out.h[t - 1][None]
        c_prev = out.c[t - 1][None]
        inp = onehot[[x[t]]]
        dlogits = out.y[row] - onehot[[targets[t]]]
        dV += dlogits.T @ out.h[row]
        dh = dlogits @ params.V + dh_next
        dc = dh * out.o[row] * dtanh(out.ct[row]) + dc_next
        dz = {
            "i": dc * out.g[row] * dsigmoid(out.i[row]),
            "f": dc * c_prev * dsigmoid(out.f[row]),
            "o": dh * out.ct[row] * dsigmoid(out.o[row]),
            "g": dc * out.i[row] * dtanh(out.g[row]),
        }
        dh_next = 0
        for k, d in dz.items():
            dW[k] += d.T @ h_prev
            dU[k] += d.T @ inp
            dh_next = dh_next + d @ params["W" + k]
        dc_next = dc * out.f[row]
    grads = {"V": dV}
    for k in "ifog":
        grads["W" + k] = dW[k]
        grads["U" + k] = dU[k]
    return grads
