import numpy as np

# Everything is kept as an array over time. Row t of hs and cs is the state
# BEFORE step t, row t + 1 the state after it.


def logistic(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def run(params, x, h0, c0):
    T = len(x)
    K, H = params.V.shape
    X = np.eye(K)[np.asarray(x)]
    hs = np.zeros((T + 1, H))
    cs = np.zeros((T + 1, H))
    if h0 is not None:
        hs[0] = h0
    if c0 is not None:
        cs[0] = c0
    I, F, O, G = (np.zeros((T, H)) for _ in range(4))
    for t in range(T):
        I[t] = logistic(params.Ui @ X[t] + params.Wi @ hs[t])
        F[t] = logistic(params.Uf @ X[t] + params.Wf @ hs[t])
        O[t] = logistic(params.Uo @ X[t] + params.Wo @ hs[t])
        G[t] = np.tanh(params.Ug @ X[t] + params.Wg @ hs[t])
        cs[t + 1] = F[t] * cs[t] + I[t] * G[t]
        hs[t + 1] = O[t] * np.tanh(cs[t + 1])
    logits = hs[1:] @ params.V.T
    logits -= logits.max(axis=1, keepdims=True)
    Y = np.exp(logits)
    Y /= Y.sum(axis=1, keepdims=True)
    return X, hs, cs, I, F, O, G, Y


def backward(params, x, targets, h0=None, c0=None):
    X, hs, cs, I, F, O, G, Y = run(params, x, h0, c0)
    T, H = I.shape
    K = Y.shape[1]

    # error at the logits for all steps at once
    DY = Y - np.eye(K)[np.asarray(targets)]
    DH_out = DY @ params.V

    # slopes for all steps at once
    TC = np.tanh(cs[1:])
    slope_i = I * (1 - I)
    slope_f = F * (1 - F)
    slope_o = O * (1 - O)
    slope_g = 1 - G ** 2
    slope_c = O * (1 - TC ** 2)

    # recursion: only the deltas
    DI, DF, DO, DG = (np.zeros((T, H)) for _ in range(4))
    DC = np.zeros((T + 1, H))
    F_next = np.vstack([F[1:], np.zeros((1, H))])
    for t in reversed(range(T)):
        dh = DH_out[t].copy()
        if t + 1 < T:
            dh += DI[t + 1] @ params.Wi + DF[t + 1] @ params.Wf
            dh += DO[t + 1] @ params.Wo + DG[t + 1] @ params.Wg
        DC[t] = dh * slope_c[t] + DC[t + 1] * F_next[t]
        DO[t] = dh * TC[t] * slope_o[t]
        DI[t] = DC[t] * G[t] * slope_i[t]
        DF[t] = DC[t] * cs[t] * slope_f[t]
        DG[t] = DC[t] * I[t] * slope_g[t]

    # weight gradients: sums over time of outer products
    grads = {"V": np.einsum("tk,th->kh", DY, hs[1:])}
    for name, D in (("i", DI), ("f", DF), ("o", DO), ("g", DG)):
        grads["W" + name] = np.einsum("ta,tb->ab", D, hs[:-1])
        grads["U" + name] = np.einsum("ta,tk->ak", D, X)
    return grads
