import numpy as np
from numpy import einsum
import lstm_teach as lt


def shift(a, first):
    """a[t] -> a[t-1] along the time axis; `first` comes in at t = 0."""
    return np.concatenate([first[None], a[:-1]], axis=0)


def backward(params, x, targets, h0=None, c0=None):
    w = params.W.reshape(4, params.V.shape[1], -1)      # gate, unit, unit'
    K, H = params.V.shape
    T = len(x)
    ca = lt.forward(params, x, h0, c0)

    a = np.stack([ca.i[:T], ca.f[:T], ca.o[:T], ca.g[:T]])     # (4, T, H)
    c, h, ct = ca.c[:T], ca.h[:T], ca.ct[:T]
    c_prev, h_prev = shift(c, ca.c[-1]), shift(h, ca.h[-1])

    # d act / d pre
    slope = a * (1 - a)
    slope[3] = 1 - a[3] ** 2

    # d state / d pre: gates i, f, g act on c; gate o acts on h
    to_c = np.zeros((4, T, H))
    to_c[[0, 1, 3]] = np.stack([a[3], c_prev, a[0]])
    to_c *= slope
    to_h = np.zeros((4, T, H))
    to_h[2] = ct * slope[2]

    err = ca.y.copy()
    err[np.arange(T), targets] -= 1
    dh = einsum('tk,kh->th', err, params.V)
    dc = np.zeros((T, H))
    delta = np.zeros((4, T, H))
    for t in range(T - 1, -1, -1):
        if t < T - 1:
            dh[t] += einsum('ghj,gh->j', w, delta[:, t + 1])
            dc[t] += dc[t + 1] * a[1, t + 1]
        dc[t] += dh[t] * a[2, t] * (1 - ct[t] ** 2)
        delta[:, t] = dc[t] * to_c[:, t] + dh[t] * to_h[:, t]

    hot = (np.asarray(x)[:, None] == np.arange(K)).astype(float)
    dV = einsum('tk,th->kh', err, h)
    dW = einsum('gth,tj->ghj', delta, h_prev)
    dU = einsum('gth,tk->ghk', delta, hot)
    return [dV] + list(dW) + list(dU)
