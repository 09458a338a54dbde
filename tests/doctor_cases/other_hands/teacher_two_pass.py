"""
Lecture 9: backpropagation through time for the LSTM, in two passes.

Pass A goes back in time and computes the deltas, delta_k[t] = dL/dz_k[t],
where z_k is what enters the nonlinearity of gate k = i, f, o, g.
Pass B obtains all weight gradients from the deltas. There is no loop over
time any more: a sum over t of outer products IS a matrix product.

Row t of an array belongs to step t.
"""
import numpy as np


def logistic(z):
    return 1.0 / (1.0 + np.exp(-z))


def forward(params, x, h0, c0):
    T, n = len(x), params["Wi"].shape[0]
    I, O, G, C, S = (np.zeros((T, n)) for _ in range(5))
    F = np.zeros((T + 1, n))  # one row more: "step T" does not exist, its gate is 0
    S_before = np.zeros((T, n))  # h[t-1]
    C_before = np.zeros((T, n))  # c[t-1]
    h = np.zeros(n) if h0 is None else h0
    c = np.zeros(n) if c0 is None else c0
    for t in range(T):
        S_before[t], C_before[t] = h, c
        I[t] = logistic(params["Wi"] @ h + params["Ui"][:, x[t]])
        F[t] = logistic(params["Wf"] @ h + params["Uf"][:, x[t]])
        O[t] = logistic(params["Wo"] @ h + params["Uo"][:, x[t]])
        G[t] = np.tanh(params["Wg"] @ h + params["Ug"][:, x[t]])
        C[t] = F[t] * c + I[t] * G[t]
        S[t] = O[t] * np.tanh(C[t])
        h, c = S[t], C[t]
    # the outputs of all steps at once, one row per step
    E = np.exp(S @ params["V"].T)
    Y = E / E.sum(axis=1, keepdims=True)
    return I, F, O, G, C, S, S_before, C_before, Y


def backward(params, x, targets, h0=None, c0=None):
    I, F, O, G, C, S, S_before, C_before, Y = forward(params, x, h0, c0)
    T, n = S.shape
    K = Y.shape[1]

    # Output layer: delta_y = y - onehot(target)
    delta_y = Y.copy()
    delta_y[np.arange(T), targets] -= 1.0

    # Pass A. Row T of each array stays zero: nothing comes back from the future of the last step.
    delta_i, delta_f, delta_o, delta_g = (np.zeros((T + 1, n)) for _ in range(4))
    delta_c = np.zeros((T + 1, n))
    for t in range(T - 1, -1, -1):
        # h[t] acts on the output at t and on the four gates at t+1
        delta_h = (
            delta_y[t] @ params["V"]
            + delta_i[t + 1] @ params["Wi"]
            + delta_f[t + 1] @ params["Wf"]
            + delta_o[t + 1] @ params["Wo"]
            + delta_g[t + 1] @ params["Wg"]
        )
        # c[t] acts on h[t] and, through the forget gate, on c[t+1]
        slope = 1.0 - np.tanh(C[t]) ** 2
        delta_c[t] = delta_h * O[t] * slope + delta_c[t + 1] * F[t + 1]
        delta_i[t] = delta_c[t] * G[t] * I[t] * (1.0 - I[t])
        delta_f[t] = delta_c[t] * C_before[t] * F[t] * (1.0 - F[t])
        delta_o[t] = delta_h * np.tanh(C[t]) * O[t] * (1.0 - O[t])
        delta_g[t] = delta_c[t] * I[t] * (1.0 - G[t] ** 2)

    # Pass B.
    X = np.eye(K)[x]  # (T, K), one-hot rows
    dV = delta_y.T @ S
    dW, dU = [], []
    for delta in (delta_i, delta_f, delta_o, delta_g):
        delta = delta[:T]
        dW.append(delta.T @ S_before)
        dU.append(delta.T @ X)
    return [dV, *dW, *dU]
