import numpy as np

import lstm_teach as lt


def bptt_blocks(p, x, y, h0=None, c0=None):
    """One (4H,) vector of deltas per step; the weights are summed after the loop."""
    fw = lt.forward(p, x, h0, c0)
    T, H, K = len(x), p.hidden_size, p.vocab_size
    Wall = np.concatenate((p.Wi, p.Wf, p.Wo, p.Wg), axis=0)
    A = fw.gates[:T]
    D = np.empty((T, 4 * H))
    probs = fw.y.copy()
    probs[range(T), y] -= 1
    gh, gc = np.zeros(H), np.zeros(H)
    for t in range(T - 1, -1, -1):
        a_i, a_f, a_o, a_g = A[t, :H], A[t, H : 2 * H], A[t, 2 * H : 3 * H], A[t, 3 * H :]
        gh = gh + p.V.T @ probs[t]
        gc = gc + gh * a_o * (1 - fw.ct[t] ** 2)
        D[t, :H] = gc * a_g
        D[t, H : 2 * H] = gc * fw.c[t - 1]
        D[t, 2 * H : 3 * H] = gh * fw.ct[t]
        D[t, 3 * H :] = gc * a_i
        D[t, : 3 * H] *= A[t, : 3 * H] * (1 - A[t, : 3 * H])
        D[t, 3 * H :] *= 1 - a_g**2
        gh = Wall.T @ D[t]
        gc = gc * a_f
    prev = np.concatenate((fw.h[-1][None], fw.h[: T - 1]))
    gW = D.T @ prev
    gU = np.zeros((4 * H, K))
    np.add.at(gU.T, x, D)
    gV = probs.T @ fw.h[:T]
    Wi, Wf, Wo, Wg = np.split(gW, 4)
    Ui, Uf, Uo, Ug = np.split(gU, 4)
    return dict(V=gV, Wi=Wi, Wf=Wf, Wo=Wo, Wg=Wg, Ui=Ui, Uf=Uf, Uo=Uo, Ug=Ug)
