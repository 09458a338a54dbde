import numpy as np


def logistic(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def backward(net, x, targets, h0=None, c0=None):
    T = len(x)
    K, H = net.V.shape
    x, targets = np.asarray(x), np.asarray(targets)
    hs = np.zeros((T + 1, H))   # hs[t] goes into step t, hs[t+1] comes out of it
    cs = np.zeros((T + 1, H))
    if h0 is not None:
        hs[0] = h0
    if c0 is not None:
        cs[0] = c0
    I, F, O, G = (np.empty((T, H)) for _ in range(4))
    for t in range(T):
        I[t] = logistic(net.Wi.dot(hs[t]) + net.Ui[:, x[t]])
        F[t] = logistic(net.Wf.dot(hs[t]) + net.Uf[:, x[t]])
        O[t] = logistic(net.Wo.dot(hs[t]) + net.Uo[:, x[t]])
        G[t] = np.tanh(net.Wg.dot(hs[t]) + net.Ug[:, x[t]])
        cs[t + 1] = F[t] * cs[t] + I[t] * G[t]
        hs[t + 1] = O[t] * np.tanh(cs[t + 1])
    logits = hs[1:] @ net.V.T
    logits -= logits.max(axis=1, keepdims=True)
    P = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    P[np.arange(T), targets] -= 1
    dV = P.T @ hs[1:]
    dhs = P @ net.V             # direct part; the recurrent part is added below
    dcs = np.zeros((T + 1, H))
    dI, dF, dO, dG = (np.empty((T, H)) for _ in range(4))
    for t in range(T - 1, -1, -1):
        tanh_c = np.tanh(cs[t + 1])
        dcs[t + 1] += dhs[t] * O[t] * (1 - tanh_c ** 2)
        dI[t] = dcs[t + 1] * G[t] * I[t] * (1 - I[t])
        dF[t] = dcs[t + 1] * cs[t] * F[t] * (1 - F[t])
        dO[t] = dhs[t] * tanh_c * O[t] * (1 - O[t])
        dG[t] = dcs[t + 1] * I[t] * (1 - G[t] ** 2)
        dcs[t] = dcs[t + 1] * F[t]
        if t > 0:
            dhs[t - 1] += dI[t] @ net.Wi + dF[t] @ net.Wf + dO[t] @ net.Wo + dG[t] @ net.Wg

    onehot = np.eye(K)[x]
    dWi, dWf, dWo, dWg = (np.einsum("ti,tj->ij", d, hs[:-1]) for d in (dI, dF, dO, dG))
    dUi, dUf, dUo, dUg = (np.einsum("ti,tk->ik", d, onehot) for d in (dI, dF, dO, dG))
    return [dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg]
