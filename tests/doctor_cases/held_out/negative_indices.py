import numpy as np

import lstm_teach as lt


def deltas_and_gradients(w, seq, tgt, h0=None, c0=None):
    r = lt.forward(w, seq, h0, c0)
    L = len(seq)
    zero = np.zeros(w.hidden_size)
    dH = [zero] * (L + 1)
    dC = [zero] * (L + 1)
    rec = {k: [None] * L for k in "ifog"}
    back_h = zero
    for n in range(1, L + 1):
        k = L - n
        e = r.y[k] - np.eye(w.vocab_size)[tgt[k]]
        dH[k] = np.matmul(w.V.T, e) + back_h
        carried = dC[k + 1] * r.f[k + 1] if k + 1 < L else zero
        dC[k] = dH[k] * r.o[k] * (1 - np.square(r.ct[k])) + carried
        rec["i"][k] = dC[k] * r.g[k] * r.i[k] * (1 - r.i[k])
        rec["f"][k] = dC[k] * r.c[k - 1] * r.f[k] * (1 - r.f[k])
        rec["o"][k] = dH[k] * r.ct[k] * r.o[k] * (1 - r.o[k])
        rec["g"][k] = dC[k] * r.i[k] * (1 - np.square(r.g[k]))
        back_h = sum(np.matmul(w["W" + q].T, rec[q][k]) for q in "ifog")
    V = sum(np.outer(r.y[k] - np.eye(w.vocab_size)[tgt[k]], r.h[k]) for k in range(L))
    W = [sum(np.outer(rec[q][k], r.h[k - 1]) for k in range(L)) for q in "ifog"]
    U = []
    for q in "ifog":
        u = np.zeros((w.hidden_size, w.vocab_size))
        for k in range(L):
            u[:, seq[k]] += rec[q][k]
        U.append(u)
    return [V, *W, *U]
