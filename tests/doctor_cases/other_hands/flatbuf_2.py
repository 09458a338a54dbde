# lstm_bptt - straight port of the C module (lstm_bptt.c)
# All work buffers are allocated once in backward(), nothing in the loops.
# Trace buffers are flat, element j of step t lives at [t*H + j].
from math import exp, tanh

import numpy as np


def sigm(v):
    return 1.0 / (1.0 + exp(-v))


def dsigm(s):       # s = sigm(v), already squashed
    return s * (1.0 - s)


def dtanh(s):       # s = tanh(v)
    return 1.0 - s * s


def clear(buf):
    for j in range(len(buf)):
        buf[j] = 0.0


def dot_row(M, r, vec, n, off=0):
    acc = 0.0
    for j in range(n):
        acc += M[r, j] * vec[off + j]
    return acc


def mac_transposed(out, M, vec):
    """out += M^T * vec"""
    for r in range(M.shape[0]):
        for j in range(M.shape[1]):
            out[j] += M[r, j] * vec[r]


def mac_outer(M, a, b, off):
    for r in range(M.shape[0]):
        for j in range(M.shape[1]):
            M[r, j] += a[r] * b[off + j]


def softmax_inplace(p):
    top = max(p)
    s = 0.0
    for k in range(len(p)):
        p[k] = exp(p[k] - top)
        s += p[k]
    for k in range(len(p)):
        p[k] /= s


def backward(P, x, targets, h0=None, c0=None):
    K, H = P["V"].shape
    T = len(x)
    ti, tf, to, tg = [np.zeros(T * H) for _ in range(4)]
    # state traces have one slot more: slot t = BEFORE step t, slot t+1 = after
    th, tc = np.zeros((T + 1) * H), np.zeros((T + 1) * H)
    if h0 is not None:
        th[0:H] = h0
    if c0 is not None:
        tc[0:H] = c0
    for t in range(T):
        b = t * H
        for j in range(H):
            ti[b + j] = sigm(dot_row(P["Wi"], j, th, H, b) + P["Ui"][j, x[t]])
            tf[b + j] = sigm(dot_row(P["Wf"], j, th, H, b) + P["Uf"][j, x[t]])
            to[b + j] = sigm(dot_row(P["Wo"], j, th, H, b) + P["Uo"][j, x[t]])
            tg[b + j] = tanh(dot_row(P["Wg"], j, th, H, b) + P["Ug"][j, x[t]])
            tc[b + H + j] = tf[b + j] * tc[b + j] + ti[b + j] * tg[b + j]
            th[b + H + j] = to[b + j] * tanh(tc[b + H + j])

    grad = {name: np.zeros(P[name].shape) for name in P.keys()}
    p = np.zeros(K)
    dh, dc = np.zeros(H), np.zeros(H)
    zi, zf, zo, zg = np.zeros(H), np.zeros(H), np.zeros(H), np.zeros(H)
    for t in range(T - 1, -1, -1):
        b = t * H           # gates, and state before the step
        a = b + H           # state after the step
        for k in range(K):
            p[k] = dot_row(P["V"], k, th, H, a)
        softmax_inplace(p)
        p[targets[t]] -= 1.0
        mac_outer(grad["V"], p, th, a)
        mac_transposed(dh, P["V"], p)       # dh holds the carry from t+1
        for j in range(H):
            s = tanh(tc[a + j])
            zo[j] = dh[j] * s * dsigm(to[b + j])
            dc[j] += dh[j] * to[b + j] * dtanh(s)
            zi[j] = dc[j] * tg[b + j] * dsigm(ti[b + j])
            zg[j] = dc[j] * ti[b + j] * dtanh(tg[b + j])
            zf[j] = dc[j] * tc[b + j] * dsigm(tf[b + j])
            dc[j] *= tf[b + j]              # carry to t-1
        clear(dh)
        for gate, z in (("i", zi), ("f", zf), ("o", zo), ("g", zg)):
            mac_transposed(dh, P["W" + gate], z)
            mac_outer(grad["W" + gate], z, th, b)
            for j in range(H):
                grad["U" + gate][j, x[t]] += z[j]
    return grad
