# Everything is a column vector (n, 1), as in the lecture notes.
import numpy as np


def logistic(u):
    return 1.0 / (1.0 + np.exp(-u))


def one_hot(index, size):
    v = np.zeros((size, 1))
    v[index, 0] = 1.0
    return v


def backward(params, x, targets):
    K, H = params.V.shape
    T = len(x)

    X = [one_hot(token, K) for token in x]
    D = [one_hot(token, K) for token in targets]
    zero = np.zeros((H, 1))

    I, F, O, G, C, S, P = [None] * T, [None] * T, [None] * T, [None] * T, [None] * T, [None] * T, [None] * T
    s_prev, c_prev = zero, zero
    for t in range(T):
        I[t] = logistic(np.matmul(params.Ui, X[t]) + np.matmul(params.Wi, s_prev))
        F[t] = logistic(np.matmul(params.Uf, X[t]) + np.matmul(params.Wf, s_prev))
        O[t] = logistic(np.matmul(params.Uo, X[t]) + np.matmul(params.Wo, s_prev))
        G[t] = np.tanh(np.matmul(params.Ug, X[t]) + np.matmul(params.Wg, s_prev))
        C[t] = np.multiply(F[t], c_prev) + np.multiply(I[t], G[t])
        S[t] = np.multiply(O[t], np.tanh(C[t]))
        u = np.matmul(params.V, S[t])
        P[t] = np.exp(u) / np.exp(u).sum()
        s_prev, c_prev = S[t], C[t]

    grad = {name: np.zeros(matrix.shape) for name, matrix in params.items()}
    bI, bF, bO, bG = zero, zero, zero, zero
    bC_next, F_next = zero, zero
    for t in range(T - 1, -1, -1):
        s_prev = S[t - 1] if t > 0 else zero
        c_prev = C[t - 1] if t > 0 else zero

        bP = P[t] - D[t]
        bS = np.matmul(params.V.T, bP)
        bS = bS + np.matmul(params.Wi.T, bI)
        bS = bS + np.matmul(params.Wf.T, bF)
        bS = bS + np.matmul(params.Wo.T, bO)
        bS = bS + np.matmul(params.Wg.T, bG)
        bC = np.multiply(np.multiply(bS, O[t]), 1 - np.tanh(C[t]) ** 2)
        bC = bC + np.multiply(bC_next, F_next)

        bI = np.multiply(np.multiply(bC, G[t]), np.multiply(I[t], 1 - I[t]))
        bF = np.multiply(np.multiply(bC, c_prev), np.multiply(F[t], 1 - F[t]))
        bO = np.multiply(np.multiply(bS, np.tanh(C[t])), np.multiply(O[t], 1 - O[t]))
        bG = np.multiply(np.multiply(bC, I[t]), 1 - np.multiply(G[t], G[t]))

        grad["V"] += np.matmul(bP, S[t].T)
        grad["Wi"] += np.matmul(bI, s_prev.T)
        grad["Wf"] += np.matmul(bF, s_prev.T)
        grad["Wo"] += np.matmul(bO, s_prev.T)
        grad["Wg"] += np.matmul(bG, s_prev.T)
        grad["Ui"] += np.matmul(bI, X[t].T)
        grad["Uf"] += np.matmul(bF, X[t].T)
        grad["Uo"] += np.matmul(bO, X[t].T)
        grad["Ug"] += np.matmul(bG, X[t].T)

        bC_next, F_next = bC, F[t]
    return grad
