# LSTM gradient, ported from lstm.c.  Flat row-major buffers, allocated once per call.
# Row t of ws.h / ws.c is the state BEFORE step t; row t+1 is the state after it.
# Convention: outputs come last, *_acc adds to its output.
import math

import numpy as np

GI, GF, GO, GG = 0, 1, 2, 3
NG = 4
SUFFIX = "ifog"


class Ws:
    __slots__ = ("T", "H", "K", "act", "h", "c", "p", "dh", "dc", "dz")

    def __init__(self, T, H, K):
        self.T, self.H, self.K = T, H, K
        self.act = np.zeros(T * NG * H)
        self.h = np.zeros((T + 1) * H)
        self.c = np.zeros((T + 1) * H)
        self.p = np.zeros(K)
        self.dh = np.zeros(H)
        self.dc = np.zeros(H)
        self.dz = np.zeros(NG * H)


def gemv_acc(m, v, rows, cols, out):
    for r in range(rows):
        out[r] += m[r * cols:(r + 1) * cols].dot(v)


def gemv_t_acc(m, v, rows, cols, out):
    for r in range(rows):
        out[:cols] += m[r * cols:(r + 1) * cols] * v[r]


def ger_acc(a, b, rows, cols, out):
    for r in range(rows):
        out[r * cols:(r + 1) * cols] += a[r] * b


def col_acc(a, rows, cols, k, out):
    out[k:rows * cols:cols] += a


def softmax(p):
    p -= p.max()
    np.exp(p, p)
    p /= p.sum()


def step_fwd(ws, w, u, t, tok):
    H, K = ws.H, ws.K
    base = t * NG * H
    for q in range(NG):
        z = ws.act[base + q * H:base + (q + 1) * H]
        z[:] = u[q][tok:H * K:K]
        gemv_acc(w[q], ws.h[t * H:(t + 1) * H], H, H, z)
        z[:] = np.tanh(z) if q == GG else 1.0 / (1.0 + np.exp(-z))
    for j in range(H):
        i, f = ws.act[base + GI * H + j], ws.act[base + GF * H + j]
        o, g = ws.act[base + GO * H + j], ws.act[base + GG * H + j]
        ws.c[(t + 1) * H + j] = f * ws.c[t * H + j] + i * g
        ws.h[(t + 1) * H + j] = o * math.tanh(ws.c[(t + 1) * H + j])


def gates_bwd(ws, t):
    H = ws.H
    base = t * NG * H
    for j in range(H):
        i = ws.act[base + GI * H + j]
        f = ws.act[base + GF * H + j]
        o = ws.act[base + GO * H + j]
        g = ws.act[base + GG * H + j]
        tc = math.tanh(ws.c[(t + 1) * H + j])
        ws.dc[j] += ws.dh[j] * o * (1.0 - tc * tc)
        ws.dz[GI * H + j] = ws.dc[j] * g * i * (1.0 - i)
        ws.dz[GF * H + j] = ws.dc[j] * ws.c[t * H + j] * f * (1.0 - f)
        ws.dz[GO * H + j] = ws.dh[j] * tc * o * (1.0 - o)
        ws.dz[GG * H + j] = ws.dc[j] * i * (1.0 - g * g)
        ws.dc[j] *= f


def backward(params, x, targets, h0=None, c0=None):
    K, H = params["V"].shape
    v = params["V"].ravel()
    w = [params["W" + s].ravel() for s in SUFFIX]
    u = [params["U" + s].ravel() for s in SUFFIX]
    dv, dw, du = np.zeros(K * H), np.zeros((NG, H * H)), np.zeros((NG, H * K))
    ws = Ws(len(x), H, K)
    if h0 is not None: ws.h[:H] = h0
    if c0 is not None: ws.c[:H] = c0
    for t in range(ws.T):
        step_fwd(ws, w, u, t, x[t])
    for t in range(ws.T - 1, -1, -1):
        ws.p[:] = 0.0
        gemv_acc(v, ws.h[(t + 1) * H:(t + 2) * H], K, H, ws.p)
        softmax(ws.p)
        ws.p[targets[t]] -= 1.0
        ger_acc(ws.p, ws.h[(t + 1) * H:(t + 2) * H], K, H, dv)
        gemv_t_acc(v, ws.p, K, H, ws.dh)
        gates_bwd(ws, t)
        ws.dh[:] = 0.0
        for q in range(NG):
            dzq = ws.dz[q * H:(q + 1) * H]
            ger_acc(dzq, ws.h[t * H:(t + 1) * H], H, H, dw[q])
            col_acc(dzq, H, K, x[t], du[q])
            gemv_t_acc(w[q], dzq, H, H, ws.dh)
    return [dv.reshape(K, H), *dw.reshape(NG, H, H), *du.reshape(NG, H, K)]
