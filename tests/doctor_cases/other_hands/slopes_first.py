import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    c = lt.forward(params, x, h0, c0)
    T, H = c.zi.shape
    K = params.V.shape[0]

    # the state before each step
    cprev = np.vstack([c.c[-1:], c.c[:T - 1]])
    hprev = np.vstack([c.h[-1:], c.h[:T - 1]])

    # all slopes, for all steps at once
    si = c.i[:T] * (1 - c.i[:T])
    sf = c.f[:T] * (1 - c.f[:T])
    so = c.o[:T] * (1 - c.o[:T])
    sg = 1 - c.g[:T] * c.g[:T]
    sct = 1 - c.ct[:T] * c.ct[:T]

    # error at the scores
    err = c.y.copy()
    for t in range(T):
        err[t, targets[t]] -= 1
    from_loss = err @ params.V

    Zi = np.zeros((T, H))
    Zf = np.zeros((T, H))
    Zo = np.zeros((T, H))
    Zg = np.zeros((T, H))
    carry = np.zeros(H)
    t = T - 1
    while t >= 0:
        dh = from_loss[t].copy()
        if t < T - 1:
            dh += Zi[t + 1] @ params.Wi
            dh += Zf[t + 1] @ params.Wf
            dh += Zo[t + 1] @ params.Wo
            dh += Zg[t + 1] @ params.Wg
        dc = carry + dh * c.o[t] * sct[t]
        Zo[t] = dh * c.ct[t] * so[t]
        Zi[t] = dc * c.g[t] * si[t]
        Zf[t] = dc * cprev[t] * sf[t]
        Zg[t] = dc * c.i[t] * sg[t]
        carry = dc * c.f[t]
        t -= 1

    # the weights afterwards: sums over time
    out = lt.Params.zeros(K, H)
    out.V = err.T @ c.h[:T]
    out.Wi = Zi.T @ hprev
    out.Wf = Zf.T @ hprev
    out.Wo = Zo.T @ hprev
    out.Wg = Zg.T @ hprev
    for Z, gu in [(Zi, out.Ui), (Zf, out.Uf), (Zo, out.Uo), (Zg, out.Ug)]:
        np.add.at(gu.T, x, Z)
    return out
