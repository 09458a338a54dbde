import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    fw = lt.forward(params, x, h0=h0, c0=c0)
    x, targets = np.asarray(x), np.asarray(targets)
    T = x.size
    K, H = params.V.shape
    steps = np.arange(T)
    W = np.stack([params.Wi, params.Wf, params.Wo, params.Wg])  # (4, H, H)

    A = np.stack([fw.i[:T], fw.f[:T], fw.o[:T], fw.g[:T]], axis=1)  # (T, 4, H)
    slope = A * (1 - A)
    slope[:, 3] = 1 - A[:, 3] ** 2

    E = fw.y - (targets[:, None] == np.arange(K))  # (T, K)
    dV = np.einsum("tk,th->kh", E, fw.h[:T])
    dH = np.einsum("tk,kh->th", E, params.V)

    h_prev = np.roll(fw.h, 1, axis=0)[:T]
    c_prev = np.roll(fw.c, 1, axis=0)[:T]
    leak = A[:, 2] * (1 - fw.ct[:T] ** 2)

    # d(c)/d(i, f, g) and d(h)/d(o), times the slope of the squashing
    local = np.empty((T, 4, H))
    local[:, 0] = A[:, 3]
    local[:, 1] = c_prev
    local[:, 2] = fw.ct[:T]
    local[:, 3] = A[:, 0]
    local *= slope

    D = np.empty_like(local)
    dh = np.zeros(H)
    dc = np.zeros(H)
    for t in steps[::-1]:
        dh = dh + dH[t]
        dc = dc + dh * leak[t]
        D[t] = local[t] * np.stack([dc, dc, dh, dc])
        dh = np.einsum("gj,gjk->k", D[t], W)
        dc = dc * A[t, 1]

    dW = np.einsum("tgj,tk->gjk", D, h_prev)
    hot = np.eye(K)[x]
    dU = np.einsum("tgj,tk->gjk", D, hot)
    return [dV, *dW, *dU]
