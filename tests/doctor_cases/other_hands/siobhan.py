"""BPTT as a recursion: go forward on the way down, collect gradients on the way up. No state, nothing assigned twice."""
from typing import NamedTuple

import numpy as np


class Grad(NamedTuple):
    V: np.ndarray
    W: np.ndarray  # (4, H, H), gates i f o g
    U: np.ndarray  # (4, H, K)

    def plus(self, other):
        return Grad(*(a + b for a, b in zip(self, other)))


def stacked(params, letter):
    return np.array([params[letter + gate] for gate in "ifog"])


def squash(z):
    return np.concatenate([1 / (1 + np.exp(-z[:3])), np.tanh(z[3:])])


def slope(a):
    return np.concatenate([a[:3] * (1 - a[:3]), 1 - a[3:] ** 2])


def softmax(s):
    e = np.exp(s - max(s))
    return e / sum(e)


def backward(params, x, targets, h0=None, c0=None):
    V, W, U = params["V"], stacked(params, "W"), stacked(params, "U")
    K, H = V.shape
    unit = np.eye(K)
    nothing = np.zeros(H)

    def go(t, h, c):
        """Gradient of the losses from t on: w.r.t. the weights, and w.r.t. h and c as they are before step t."""
        if t == len(x):
            return Grad(0 * V, 0 * W, 0 * U), nothing, nothing

        gates = squash(W @ h + U[:, :, x[t]])
        i, f, o, g = gates
        c_new = f * c + i * g
        tc = np.tanh(c_new)
        h_new = o * tc
        error = softmax(V @ h_new) - unit[targets[t]]

        later, dh_later, dc_later = go(t + 1, h_new, c_new)

        dh = dh_later + V.T @ error
        dc = dc_later + dh * o * (1 - tc ** 2)
        dgates = np.array([dc * g, dc * c, dh * tc, dc * i])
        dz = dgates * slope(gates)
        here = Grad(
            V=error[:, None] * h_new,
            W=dz[:, :, None] * h,
            U=dz[:, :, None] * unit[x[t]],
        )
        return later.plus(here), np.einsum("nij,ni->j", W, dz), dc * f

    total, _, _ = go(0, nothing if h0 is None else h0, nothing if c0 is None else c0)
    return (total.V, *total.W, *total.U)
