"""Reverse sweep for the LSTM with all four gates in one array.

Index convention for einsum:  t time, q gate (0..3 = i, f, o, g), j/k hidden units, v vocabulary.
"""
import numpy as np

I, F, O, G = range(4)
NAMES = "ifog"


def _stack(params, letter):
    return np.stack([params[letter + q] for q in NAMES])


def _forward_sweep(W, U, x, h_init, c_init):
    T, H = x.shape[0], W.shape[-1]
    a = np.empty((T, 4, H))          # gate values
    c = np.empty((T + 1, H))         # c[t + 1] belongs to step t, c[0] is the initial value
    h = np.empty((T + 1, H))
    c[0], h[0] = c_init, h_init
    drive = np.moveaxis(U[:, :, x], 2, 0)                       # (T, 4, H)
    for t in range(T):
        z = np.einsum("qjk,k->qj", W, h[t]) + drive[t]
        a[t, :G] = 0.5 * (1.0 + np.tanh(0.5 * z[:G]))           # logistic function, no overflow
        a[t, G] = np.tanh(z[G])
        c[t + 1] = a[t, F] * c[t] + a[t, I] * a[t, G]
        h[t + 1] = a[t, O] * np.tanh(c[t + 1])
    return a, c, h


def _softmax_rows(s):
    s = s - s.max(axis=1)[:, None]
    e = np.exp(s)
    return e / e.sum(axis=1)[:, None]


def backward(params, x, targets, h0=None, c0=None):
    x, targets = np.asarray(x), np.asarray(targets)
    V, W, U = np.asarray(params["V"]), _stack(params, "W"), _stack(params, "U")
    T, H, K = x.size, V.shape[1], V.shape[0]
    h0 = np.zeros(H) if h0 is None else h0
    c0 = np.zeros(H) if c0 is None else c0
    a, c, h = _forward_sweep(W, U, x, h0, c0)

    # quantities that need no recursion, for all t at once
    resid = _softmax_rows(np.einsum("vj,tj->tv", V, h[1:]))
    resid[np.arange(T), targets] -= 1.0
    h_bar = np.einsum("tv,vj->tj", resid, V)                    # direct part only

    slope = a * (1.0 - a)
    slope[:, G] = 1.0 - a[:, G] ** 2
    tanh_c = np.tanh(c[1:])
    dh_dc = a[:, O] * (1.0 - tanh_c ** 2)

    # dc/da for q = I, F, G; row O is dh/da
    local = np.empty((T, 4, H))
    local[:, I] = a[:, G]
    local[:, F] = c[:-1]
    local[:, O] = tanh_c
    local[:, G] = a[:, I]
    local *= slope

    # the recursion
    z_bar = np.empty((T, 4, H))
    c_bar = np.zeros(H)
    for t in range(T - 1, -1, -1):
        c_bar = c_bar + h_bar[t] * dh_dc[t]
        z_bar[t] = local[t] * c_bar
        z_bar[t, O] = local[t, O] * h_bar[t]
        c_bar = c_bar * a[t, F]
        if t > 0:
            h_bar[t - 1] += np.einsum("qj,qjk->k", z_bar[t], W)

    # contractions over time
    onehot = np.eye(K)[x]
    W_bar = np.einsum("tqj,tk->qjk", z_bar, h[:-1])
    U_bar = np.einsum("tqj,tv->qjv", z_bar, onehot)
    V_bar = np.einsum("tv,tj->vj", resid, h[1:])
    return [V_bar, *W_bar, *U_bar]
