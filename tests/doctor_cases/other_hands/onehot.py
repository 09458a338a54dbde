import numpy as np


def onehot(ids, K):
    E = np.zeros((len(ids), K))
    E[np.arange(len(ids)), ids] = 1
    return E


def backward(params, x, targets, h0=None, c0=None):
    K, H = params.V.shape
    T = len(x)
    X, Y = onehot(x, K), onehot(targets, K)
    R = np.hstack([params.Wf.T, params.Wi.T, params.Wg.T, params.Wo.T])  # (H, 4H), order f i g o
    Win = np.hstack([params.Uf.T, params.Ui.T, params.Ug.T, params.Uo.T])  # (K, 4H)
    M = np.vstack([Win, R])  # (K+H, 4H)
    S = np.zeros((T + 1, H))  # S[0] initial, S[t+1] after step t
    C = np.zeros((T + 1, H))
    if h0 is not None: S[0] = h0
    if c0 is not None: C[0] = c0
    A = np.zeros((T, 4 * H))
    tanh_cols = np.repeat([False, False, True, False], H)
    for t in range(T):
        a = np.concatenate([X[t], S[t]]) @ M
        A[t] = np.where(tanh_cols, np.tanh(a), 0.5 * (1 + np.tanh(0.5 * a)))
        f, i, g, o = A[t].reshape(4, H)
        C[t + 1] = f * C[t] + i * g
        S[t + 1] = o * np.tanh(C[t + 1])
    P = np.exp(S[1:] @ params.V.T)
    P = P / P.sum(axis=1, keepdims=True)

    F, I, G, O = np.split(A, 4, axis=1)
    TC = np.tanh(C[1:])
    slope = np.where(tanh_cols, 1 - A**2, A * (1 - A))
    dS = (P - Y) @ params.V
    dC = np.zeros((T, H))
    dA = np.zeros((T, 4 * H))
    for t in reversed(range(T)):
        dC[t] += dS[t] * O[t] * (1 - TC[t] ** 2)
        upstream = np.hstack([dC[t] * C[t], dC[t] * G[t], dC[t] * I[t], dS[t] * TC[t]])
        dA[t] = upstream * slope[t]
        if t > 0:
            dS[t - 1] += dA[t] @ M[K:].T
            dC[t - 1] = dC[t] * F[t]

    dM = np.hstack([X, S[:-1]]).T @ dA
    dV = (P - Y).T @ S[1:]
    dUf, dUi, dUg, dUo = np.split(dM[:K].T, 4, axis=0)
    dWf, dWi, dWg, dWo = np.split(dM[K:].T, 4, axis=0)
    return dict(V=dV, Wi=dWi, Wf=dWf, Wo=dWo, Wg=dWg, Ui=dUi, Uf=dUf, Uo=dUo, Ug=dUg)
