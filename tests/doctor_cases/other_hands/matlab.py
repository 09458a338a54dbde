import numpy as np
from numpy import exp, tanh, zeros


# function [grads] = backward(params, x, targets)
def backward(params, x, targets):
    T = x.size
    [K, H] = params.V.shape

    # ---- forward; column t+1 belongs to step t = 1..T, column 1 (here: 0) is the start
    A = np.concatenate((params.Wf, params.Wi, params.Wg, params.Wo), axis=0)
    B = np.concatenate((params.Uf, params.Ui, params.Ug, params.Uo), axis=0)
    X = zeros((K, T + 1))
    X[x, np.arange(1, T + 1)] = 1
    F = zeros((H, T + 1))
    I = zeros((H, T + 1))
    G = zeros((H, T + 1))
    O = zeros((H, T + 1))
    C = zeros((H, T + 1))
    S = zeros((H, T + 1))
    for t in range(1, T + 1):
        Z = A @ S[:, [t - 1]] + B @ X[:, [t]]
        F[:, [t]] = 1 / (1 + exp(-Z[0:H]))
        I[:, [t]] = 1 / (1 + exp(-Z[H : 2 * H]))
        G[:, [t]] = tanh(Z[2 * H : 3 * H])
        O[:, [t]] = 1 / (1 + exp(-Z[3 * H : 4 * H]))
        C[:, [t]] = F[:, [t]] * C[:, [t - 1]] + I[:, [t]] * G[:, [t]]
        S[:, [t]] = O[:, [t]] * tanh(C[:, [t]])
    Y = exp(params.V @ S)
    Y = Y / np.sum(Y, axis=0)

    # ---- backward; one column more than steps so that t+1 always exists
    E = Y
    E[targets, np.arange(1, T + 1)] -= 1
    E[:, 0] = 0
    dA = zeros(A.shape)
    dB = zeros(B.shape)
    dS_next = zeros((H, 1))
    dC_next = zeros((H, 1))
    for t in range(T, 0, -1):
        f, i, g, o = F[:, [t]], I[:, [t]], G[:, [t]], O[:, [t]]
        th = tanh(C[:, [t]])
        dS = np.dot(params.V.T, E[:, [t]]) + dS_next
        dC = dC_next + dS * o * (1 - th * th)
        dZ = zeros((4 * H, 1))
        dZ[0:H] = dC * C[:, [t - 1]] * f * (1 - f)
        dZ[H : 2 * H] = dC * g * i * (1 - i)
        dZ[2 * H : 3 * H] = dC * i * (1 - g * g)
        dZ[3 * H : 4 * H] = dS * th * o * (1 - o)
        dA = dA + np.dot(dZ, S[:, [t - 1]].T)
        dB = dB + np.dot(dZ, X[:, [t]].T)
        dS_next = np.dot(A.T, dZ)
        dC_next = dC * f

    grads = dict()
    grads["V"] = np.dot(E, S.T)
    for k, name in enumerate(["f", "i", "g", "o"]):
        grads["W" + name] = dA[k * H : (k + 1) * H, :]
        grads["U" + name] = dB[k * H : (k + 1) * H, :]
    return grads
