# LSTM: gradient of the negative log-likelihood by the adjoint method.
# Rewritten from my own Fortran 77 program, therefore all loops are explicit.
#
#   L   length of the sequence      N   hidden units      K   tokens
#   Row 0 of H and C is the initial state, row t is the state AFTER step t.
#   Gates are numbered 0 = input, 1 = forget, 2 = output, 3 = candidate.

import numpy as np
from numpy import exp, tanh


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    W = [params["Wi"], params["Wf"], params["Wo"], params["Wg"]]
    U = [params["Ui"], params["Uf"], params["Uo"], params["Ug"]]
    K, N = V.shape
    L = len(x)

    H = np.zeros((L + 1, N))
    C = np.zeros((L + 1, N))
    A = np.zeros((L + 1, 4, N))
    P = np.zeros((L + 1, K))
    if h0 is not None:
        H[0, :] = h0
    if c0 is not None:
        C[0, :] = c0

    # ---------------- forward sweep ----------------
    for t in range(1, L + 1):
        itok = x[t - 1]
        for m in range(4):
            for j in range(N):
                s = U[m][j, itok]
                for k in range(N):
                    s = s + W[m][j, k] * H[t - 1, k]
                if m == 3:
                    A[t, m, j] = tanh(s)
                else:
                    A[t, m, j] = 1.0 / (1.0 + exp(-s))
        for j in range(N):
            C[t, j] = A[t, 1, j] * C[t - 1, j] + A[t, 0, j] * A[t, 3, j]
            H[t, j] = A[t, 2, j] * tanh(C[t, j])
        total = 0.0
        for n in range(K):
            s = 0.0
            for j in range(N):
                s = s + V[n, j] * H[t, j]
            P[t, n] = exp(s)
            total = total + P[t, n]
        for n in range(K):
            P[t, n] = P[t, n] / total

    # ---------------- adjoint sweep ----------------
    GV = np.zeros((K, N))
    GW = np.zeros((4, N, N))
    GU = np.zeros((4, N, K))
    HA = np.zeros(N)          # adjoint of H(t)
    CA = np.zeros(N)          # adjoint of C(t)
    D = np.zeros((4, N))      # adjoint of the sums in the gates
    for t in range(L, 0, -1):
        itok = x[t - 1]
        igoal = targets[t - 1]
        for n in range(K):
            err = P[t, n]
            if n == igoal:
                err = err - 1.0
            for j in range(N):
                GV[n, j] = GV[n, j] + err * H[t, j]
                HA[j] = HA[j] + err * V[n, j]
        for j in range(N):
            ai, af, ao, ag = A[t, :, j]
            q = tanh(C[t, j])
            CA[j] = CA[j] + HA[j] * ao * (1.0 - q * q)
            D[0, j] = CA[j] * ag * ai * (1.0 - ai)
            D[1, j] = CA[j] * C[t - 1, j] * af * (1.0 - af)
            D[2, j] = HA[j] * q * ao * (1.0 - ao)
            D[3, j] = CA[j] * ai * (1.0 - ag * ag)
            CA[j] = CA[j] * af
        HA[:] = 0.0
        for m in range(4):
            for j in range(N):
                GU[m, j, itok] = GU[m, j, itok] + D[m, j]
                for k in range(N):
                    GW[m, j, k] = GW[m, j, k] + D[m, j] * H[t - 1, k]
                    HA[k] = HA[k] + W[m][j, k] * D[m, j]

    grad = {"V": GV}
    for m, gate in enumerate("ifog"):
        grad["W" + gate] = GW[m]
        grad["U" + gate] = GU[m]
    return grad
