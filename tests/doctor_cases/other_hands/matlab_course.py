# LSTM_BACKWARD   Gradients of an LSTM network (exercise 7, sample solution).
#
#   Converted from MATLAB. As in the lecture, every quantity is a matrix with ONE COLUMN PER TIME STEP:
#       H, C, I, F, O, G    nh x T
#       X, D                nk x T      inputs and desired outputs, 1-of-nk coded
#       Z, Delta            4*nh x T    net inputs of the gates and their deltas, [i; f; o; g]
#   Remember: in Python t = 0 is the first column and T-1 the last one!  A[:, [t]] keeps A(:,t) a column vector.

import numpy as np


def logsig(n):
    return 1 / (1 + np.exp(-n))


def colon(A):
    # A(:), the columns of A one below the other
    return A.reshape((A.size, 1), order="F")


def coded(symbols, nk):
    A = np.zeros((nk, len(symbols)))
    A[symbols, np.arange(len(symbols))] = 1
    return A


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    W = np.vstack((params["Wi"], params["Wf"], params["Wo"], params["Wg"]))
    U = np.vstack((params["Ui"], params["Uf"], params["Uo"], params["Ug"]))
    nk, nh = V.shape
    T = len(x)
    h0 = np.zeros((nh, 1)) if h0 is None else colon(np.asarray(h0))
    c0 = np.zeros((nh, 1)) if c0 is None else colon(np.asarray(c0))
    X = coded(x, nk)
    D = coded(targets, nk)

    # ---------- forward pass ----------
    I, F, O, G, C, TC, H = (np.zeros((nh, T)) for _ in range(7))
    Z = U @ X
    h = h0
    c = c0
    for t in range(T):
        Z[:, [t]] += W @ h
        I[:, [t]] = logsig(Z[0:nh, [t]])
        F[:, [t]] = logsig(Z[nh:2*nh, [t]])
        O[:, [t]] = logsig(Z[2*nh:3*nh, [t]])
        G[:, [t]] = np.tanh(Z[3*nh:4*nh, [t]])
        c = F[:, [t]] * c + I[:, [t]] * G[:, [t]]
        h = O[:, [t]] * np.tanh(c)
        C[:, [t]] = c
        TC[:, [t]] = np.tanh(c)
        H[:, [t]] = h
    Y = np.exp(V @ H)
    Y = Y / np.sum(Y, axis=0)

    # states one step earlier
    Hprev = np.hstack((h0, H[:, 0:T-1]))
    Cprev = np.hstack((c0, C[:, 0:T-1]))

    # ---------- backward pass ----------
    E = Y - D
    dH = np.zeros((nh, T))
    dC = np.zeros((nh, T))
    Delta = np.zeros((4*nh, T))

    # last time step: nothing comes back from the future
    t = T - 1
    dH[:, [t]] = V.T @ E[:, [t]]
    dC[:, [t]] = dH[:, [t]] * O[:, [t]] * (1 - TC[:, [t]]**2)
    di = dC[:, [t]] * G[:, [t]] * I[:, [t]] * (1 - I[:, [t]])
    df = dC[:, [t]] * Cprev[:, [t]] * F[:, [t]] * (1 - F[:, [t]])
    do = dH[:, [t]] * TC[:, [t]] * O[:, [t]] * (1 - O[:, [t]])
    dg = dC[:, [t]] * I[:, [t]] * (1 - G[:, [t]]**2)
    Delta[:, [t]] = colon(np.hstack((di, df, do, dg)))

    # all earlier time steps:  for t = T-1:-1:1
    for t in range(T - 2, -1, -1):
        dH[:, [t]] = V.T @ E[:, [t]] + W.T @ Delta[:, [t+1]]
        dC[:, [t]] = dH[:, [t]] * O[:, [t]] * (1 - TC[:, [t]]**2) + dC[:, [t+1]] * F[:, [t+1]]
        di = dC[:, [t]] * G[:, [t]] * I[:, [t]] * (1 - I[:, [t]])
        df = dC[:, [t]] * Cprev[:, [t]] * F[:, [t]] * (1 - F[:, [t]])
        do = dH[:, [t]] * TC[:, [t]] * O[:, [t]] * (1 - O[:, [t]])
        dg = dC[:, [t]] * I[:, [t]] * (1 - G[:, [t]]**2)
        Delta[:, [t]] = colon(np.hstack((di, df, do, dg)))

    # ---------- sums over time are matrix products ----------
    dV = E @ H.T
    dW = Delta @ Hprev.T
    dU = Delta @ X.T
    r = [slice(k*nh, (k+1)*nh) for k in range(4)]
    return [dV, dW[r[0], :], dW[r[1], :], dW[r[2], :], dW[r[3], :], dU[r[0], :], dU[r[1], :], dU[r[2], :], dU[r[3], :]]
