# LSTM gradient in matrix form. Row t+1 of C and Hh belongs to step t, row 0 is the initial state.
# All vectors are rows, so the recurrent products read  h @ W.T
import numpy as np


def logistic(Z):
    return 1. / (1. + np.exp(-Z))


def softmax_rows(S):
    E = np.exp(S - S.max(1)[:, None])
    return E / E.sum(1)[:, None]


def backward(params, x, targets, h0=None, c0=None):
    V = params.V
    K, N = V.shape
    T = len(x)
    X = np.eye(K)[x]        # T x K, one-hot rows
    Y = np.eye(K)[targets]  # T x K

    # ---- forward ----
    # contribution of the inputs, all steps at once
    Zi, Zf = X @ params.Ui.T, X @ params.Uf.T
    Zo, Zg = X @ params.Uo.T, X @ params.Ug.T

    C = np.zeros((T + 1, N))
    Hh = np.zeros((T + 1, N))
    if h0 is not None:
        Hh[0] = h0
    if c0 is not None:
        C[0] = c0
    I, F, O, G = (np.zeros((T, N)) for _ in range(4))
    for t in range(T):
        I[t] = logistic(Zi[t] + Hh[t] @ params.Wi.T)
        F[t] = logistic(Zf[t] + Hh[t] @ params.Wf.T)
        O[t] = logistic(Zo[t] + Hh[t] @ params.Wo.T)
        G[t] = np.tanh(Zg[t] + Hh[t] @ params.Wg.T)
        C[t + 1] = F[t] * C[t] + I[t] * G[t]
        Hh[t + 1] = O[t] * np.tanh(C[t + 1])
    P = softmax_rows(Hh[1:] @ V.T)

    # ---- everything that does not need the recursion ----
    E = P - Y
    TC = np.tanh(C[1:])
    slope_i = I * (1 - I)
    slope_f = F * (1 - F)
    slope_o = O * (1 - O)
    slope_g = 1 - G**2
    h_to_c = O * (1 - TC**2)

    # ---- recursion: dH[t], dC[t] are the derivatives w.r.t. rows of Hh and C ----
    dH = np.zeros((T + 1, N))
    dC = np.zeros((T + 1, N))
    dH[1:] = E @ V
    Di, Df, Do, Dg = (np.zeros((T, N)) for _ in range(4))
    for t in range(T - 1, -1, -1):
        dC[t + 1] += dH[t + 1] * h_to_c[t]
        Di[t] = dC[t + 1] * G[t] * slope_i[t]
        Df[t] = dC[t + 1] * C[t] * slope_f[t]
        Do[t] = dH[t + 1] * TC[t] * slope_o[t]
        Dg[t] = dC[t + 1] * I[t] * slope_g[t]
        dH[t] += Di[t] @ params.Wi + Df[t] @ params.Wf
        dH[t] += Do[t] @ params.Wo + Dg[t] @ params.Wg
        dC[t] = dC[t + 1] * F[t]

    # ---- weights: one product per matrix ----
    H_prev = Hh[:-1]
    return {
        "V": E.T @ Hh[1:],
        "Wi": Di.T @ H_prev, "Wf": Df.T @ H_prev, "Wo": Do.T @ H_prev, "Wg": Dg.T @ H_prev,
        "Ui": Di.T @ X, "Uf": Df.T @ X, "Uo": Do.T @ X, "Ug": Dg.T @ X,
    }
