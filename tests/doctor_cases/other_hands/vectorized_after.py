"""Loop only for the recursion; all weight gradients are matrix products afterwards."""
import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    C = lt.forward(params, x, h0, c0)
    x = np.asarray(x)
    T, H, K = len(x), params.hidden_size, params.vocab_size
    I, F, O, G = C.i[:T], C.f[:T], C.o[:T], C.g[:T]
    Hprev = np.vstack([C.h[-1:], C.h[:T - 1]])
    Cprev = np.vstack([C.c[-1:], C.c[:T - 1]])

    Y = np.eye(K)[np.asarray(targets)]
    E = C.y - Y
    DH = E @ params.V
    DC = np.zeros((T, H))
    ZI, ZF, ZO, ZG = (np.zeros((T, H)) for _ in range(4))

    for t in range(T - 1, -1, -1):
        if t < T - 1:
            DH[t] += ZI[t + 1] @ params.Wi
            DH[t] += ZF[t + 1] @ params.Wf
            DH[t] += ZO[t + 1] @ params.Wo
            DH[t] += ZG[t + 1] @ params.Wg
            DC[t] += DC[t + 1] * F[t + 1]
        DC[t] += DH[t] * O[t] * (1 - C.ct[t] ** 2)
        ZI[t] = DC[t] * G[t] * I[t] * (1 - I[t])
        ZF[t] = DC[t] * Cprev[t] * F[t] * (1 - F[t])
        ZO[t] = DH[t] * C.ct[t] * O[t] * (1 - O[t])
        ZG[t] = DC[t] * I[t] * (1 - G[t] ** 2)

    X = np.eye(K)[x]
    dV = E.T @ C.h[:T]
    dWi = ZI.T @ Hprev
    dWf = ZF.T @ Hprev
    dWo = ZO.T @ Hprev
    dWg = ZG.T @ Hprev
    dUi = ZI.T @ X
    dUf = ZF.T @ X
    dUo = ZO.T @ X
    dUg = ZG.T @ X
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
