"""
LSTM gradient, ported from LSTMGR.FOR (subroutines LSTMFW, LSTMBW).
Last index is always the step.  n = 0 start values, n = 1..nt the steps,
so x and targets (which count from 0 here) are taken at n-1.
"""
import numpy as np

IN, FO, OU, CA = 0, 1, 2, 3      # was 1..4
NAM = "ifog"


def lstmfw(v, w, u, x, h, c, a, p):
    # fills h, c, a, p in place
    nh = h.shape[0]
    nt = h.shape[1] - 1
    for n in range(1, nt + 1):
        k = x[n-1]
        for m in range(4):
            for j in range(nh):
                s = u[j, k, m]
                for l in range(nh):
                    s = s + w[j, l, m]*h[l, n-1]
                a[j, m, n] = s
        a[:, :3, n] = 1.0/(1.0 + np.exp(-a[:, :3, n]))
        a[:, CA, n] = np.tanh(a[:, CA, n])
        c[:, n] = a[:, FO, n]*c[:, n-1] + a[:, IN, n]*a[:, CA, n]
        h[:, n] = a[:, OU, n]*np.tanh(c[:, n])
        e = np.exp(v @ h[:, n])
        p[:, n] = e/e.sum()


def backward(params, x, targets, h0=None, c0=None):
    v = np.array(params["V"])
    nk, nh = v.shape
    nt = len(x)
    w = np.zeros((nh, nh, 4))
    u = np.zeros((nh, nk, 4))
    for m in range(4):
        w[:, :, m] = params["W" + NAM[m]]
        u[:, :, m] = params["U" + NAM[m]]

    h = np.zeros((nh, nt + 1))
    c = np.zeros((nh, nt + 1))
    a = np.zeros((nh, 4, nt + 1))
    p = np.zeros((nk, nt + 1))
    if h0 is not None:
        h[:, 0] = h0
    if c0 is not None:
        c[:, 0] = c0
    lstmfw(v, w, u, x, h, c, a, p)

    dv = np.zeros((nk, nh))
    dw = np.zeros((nh, nh, 4))
    du = np.zeros((nh, nk, 4))
    hb = np.zeros((nh, nt + 1))     # adjoint of h
    cb = np.zeros((nh, nt + 1))     # adjoint of c
    z = np.zeros((nh, 4))           # adjoint of the gate sums, this step only

    # DO 200 n = nt, 1, -1
    for n in range(nt, 0, -1):
        y = p[:, n].copy()
        y[targets[n-1]] -= 1.0
        for k in range(nk):
            for j in range(nh):
                dv[k, j] += y[k]*h[j, n]
        # hb(n) has the part of step n+1 already
        hb[:, n] += v.T @ y

        th = np.tanh(c[:, n])
        cb[:, n] += hb[:, n]*a[:, OU, n]*(1.0 - th*th)
        ai, af, ao, ag = a[:, IN, n], a[:, FO, n], a[:, OU, n], a[:, CA, n]
        z[:, IN] = cb[:, n]*ag*ai*(1.0 - ai)
        z[:, FO] = cb[:, n]*c[:, n-1]*af*(1.0 - af)
        z[:, OU] = hb[:, n]*th*ao*(1.0 - ao)
        z[:, CA] = cb[:, n]*ai*(1.0 - ag*ag)

        # weights
        k = x[n-1]
        for m in range(4):
            for j in range(nh):
                du[j, k, m] += z[j, m]
                for l in range(nh):
                    dw[j, l, m] += z[j, m]*h[l, n-1]

        # what goes to step n-1
        cb[:, n-1] = cb[:, n]*a[:, FO, n]
        for l in range(nh):
            s = 0.0
            for m in range(4):
                for j in range(nh):
                    s = s + w[j, l, m]*z[j, m]
            hb[l, n-1] = s
    # 200 CONTINUE
    return [dv] + [dw[:, :, m] for m in range(4)] + [du[:, :, m] for m in range(4)]
