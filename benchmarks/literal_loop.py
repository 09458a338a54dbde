"""The forward and backward pass written out gate by gate, one line an equation, every array of the names table stored.

Slow and plain: what `lstm_teach.forward` and `lstm_teach.bptt` are held against, in speed (core_speed.py) and in
numbers (tests/test_backward.py). Arguments are taken as they are, without any checks.
"""

from types import SimpleNamespace

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def literal_forward(p, x, h0, c0):
    """All arrays of the forward pass by name, row -1 of the (T+1, H) ones is the initial state."""
    T, H, K = len(x), p.hidden_size, p.vocab_size
    n = SimpleNamespace()
    n.zi, n.zf, n.zo, n.zg = (np.zeros((T, H)) for _ in range(4))
    n.i, n.f, n.o, n.g, n.c, n.ct, n.h = (np.zeros((T + 1, H)) for _ in range(7))
    n.y = np.zeros((T, K))
    n.h[-1], n.c[-1], n.ct[-1] = h0, c0, np.tanh(c0)
    for t in range(T):
        n.zi[t] = p.Wi @ n.h[t - 1] + p.Ui[:, x[t]]
        n.zf[t] = p.Wf @ n.h[t - 1] + p.Uf[:, x[t]]
        n.zo[t] = p.Wo @ n.h[t - 1] + p.Uo[:, x[t]]
        n.zg[t] = p.Wg @ n.h[t - 1] + p.Ug[:, x[t]]
        n.i[t] = sigmoid(n.zi[t])
        n.f[t] = sigmoid(n.zf[t])
        n.o[t] = sigmoid(n.zo[t])
        n.g[t] = np.tanh(n.zg[t])
        n.c[t] = n.f[t] * n.c[t - 1] + n.i[t] * n.g[t]
        n.ct[t] = np.tanh(n.c[t])
        n.h[t] = n.o[t] * n.ct[t]
        e = np.exp(p.V @ n.h[t])
        n.y[t] = e / e.sum()
    return n


def literal_bptt(p, x, targets, h0, c0):
    """The nine gradients by name, and all arrays of both passes by name."""
    T, H = len(x), p.hidden_size
    n = literal_forward(p, x, h0, c0)
    grads = {name: np.zeros_like(matrix) for name, matrix in p.items()}
    n.dh, n.dh_loss, n.dh_future, n.dc, n.dc_hidden, n.dc_carry = (np.zeros((T, H)) for _ in range(6))
    n.di, n.df, n.do, n.dg, n.dzi, n.dzf, n.dzo, n.dzg = (np.zeros((T, H)) for _ in range(8))
    n.dy = n.y.copy()
    n.dy[np.arange(T), targets] -= 1
    for t in reversed(range(T)):
        n.dh_loss[t] = p.V.T @ n.dy[t]
        n.dh[t] = n.dh_loss[t] + n.dh_future[t]
        n.do[t] = n.dh[t] * n.ct[t]
        n.dc_hidden[t] = n.dh[t] * n.o[t] * (1 - n.ct[t] ** 2)
        n.dc[t] = n.dc_hidden[t] + n.dc_carry[t]
        n.di[t] = n.dc[t] * n.g[t]
        n.df[t] = n.dc[t] * n.c[t - 1]
        n.dg[t] = n.dc[t] * n.i[t]
        n.dzi[t] = n.di[t] * n.i[t] * (1 - n.i[t])
        n.dzf[t] = n.df[t] * n.f[t] * (1 - n.f[t])
        n.dzo[t] = n.do[t] * n.o[t] * (1 - n.o[t])
        n.dzg[t] = n.dg[t] * (1 - n.g[t] ** 2)
        grads["V"] += np.outer(n.dy[t], n.h[t])
        grads["Wi"] += np.outer(n.dzi[t], n.h[t - 1])
        grads["Wf"] += np.outer(n.dzf[t], n.h[t - 1])
        grads["Wo"] += np.outer(n.dzo[t], n.h[t - 1])
        grads["Wg"] += np.outer(n.dzg[t], n.h[t - 1])
        grads["Ui"][:, x[t]] += n.dzi[t]
        grads["Uf"][:, x[t]] += n.dzf[t]
        grads["Uo"][:, x[t]] += n.dzo[t]
        grads["Ug"][:, x[t]] += n.dzg[t]
        if t > 0:
            n.dh_future[t - 1] = p.Wi.T @ n.dzi[t] + p.Wf.T @ n.dzf[t] + p.Wo.T @ n.dzo[t] + p.Wg.T @ n.dzg[t]
            n.dc_carry[t - 1] = n.dc[t] * n.f[t]
    return grads, n
