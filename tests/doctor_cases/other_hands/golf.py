# bias-free LSTM, full BPTT; gates stacked on axis 0 as i f o g
import numpy as np
from numpy import tanh, zeros_like as zl

sig = lambda z: 1 / (1 + np.exp(-z))
soft = lambda z: (e := np.exp(z - z.max())) / e.sum()


def backward(P, x, y, h0=None, c0=None):
    V, W, U = P["V"], *(np.stack([P[m + a] for a in "ifog"]) for m in "WU")  # W: 4HH, U: 4HK
    h = np.zeros(V.shape[1]) if h0 is None else h0
    c = np.zeros(V.shape[1]) if c0 is None else c0

    tape = []
    for k in x:
        z = W @ h + U[..., k]
        (i, f, o), g = sig(z[:3]), tanh(z[3])
        C = f * c + i * g
        tape += [(k, h, c, i, f, o, g, tc := tanh(C), o * tc)]
        h, c = o * tc, C

    dV, dW, dU = zl(V), zl(W), zl(U)
    dh = dc = np.zeros(V.shape[1])
    for (k, hp, cp, i, f, o, g, tc, h), q in zip(tape[::-1], y[::-1]):
        dV += np.outer(e := soft(V @ h) - np.eye(len(V))[q], h)
        dh = dh + e @ V
        dc = dc + dh * o * (1 - tc * tc)
        dz = np.stack([dc * g, dc * cp, dh * tc, dc * i])
        dz *= [i - i * i, f - f * f, o - o * o, 1 - g * g]
        dW += dz[:, :, None] * hp
        dU[..., k] += dz
        dh, dc = np.einsum("ars,ar->s", W, dz), dc * f
    return [dV, *dW, *dU]
