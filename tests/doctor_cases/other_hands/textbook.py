"""
Backpropagation through time for the LSTM network.

Follows the two algorithm boxes of the chapter on recurrent networks as literally
as possible.  Time runs from 1 to T as in the book; h[0] and c[0] are the initial
state.  (Only the symbols x and d are Python lists that start at 0.)
"""
import numpy as np


def sigma(a):
    return 1.0 / (1.0 + np.exp(-a))


def softmax(a):
    e = np.exp(a - np.max(a))
    return e / np.sum(e)


def unit_vector(k, K):
    e = np.zeros(K)
    e[k] = 1.0
    return e


def forward(params, x, h0, c0):
    """Algorithm 1 (forward propagation)."""
    T = len(x)
    K, H = params["V"].shape
    h, c = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    i, f = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    o, g = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    y = np.zeros((T + 1, K))
    if h0 is not None:
        h[0] = h0
    if c0 is not None:
        c[0] = c0

    for t in range(1, T + 1):
        x_t = unit_vector(x[t - 1], K)
        i[t] = sigma(params["Wi"] @ h[t - 1] + params["Ui"] @ x_t)
        f[t] = sigma(params["Wf"] @ h[t - 1] + params["Uf"] @ x_t)
        o[t] = sigma(params["Wo"] @ h[t - 1] + params["Uo"] @ x_t)
        g[t] = np.tanh(params["Wg"] @ h[t - 1] + params["Ug"] @ x_t)
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        y[t] = softmax(params["V"] @ h[t])
    return h, c, i, f, o, g, y


def backward(params, x, targets, h0=None, c0=None):
    """Algorithm 2 (backward propagation). Returns the gradients of the total loss."""
    T = len(x)
    K, H = params["V"].shape
    h, c, i, f, o, g, y = forward(params, x, h0, c0)

    # Line 1: initialise
    grad = {name: np.zeros_like(params[name]) for name in params.keys()}
    delta_h = np.zeros(H)
    delta_c = np.zeros(H)

    # Line 2: for t = T, ..., 1
    for t in range(T, 0, -1):
        x_t = unit_vector(x[t - 1], K)

        # Line 3: error of the output layer
        d_t = unit_vector(targets[t - 1], K)
        delta_y = y[t] - d_t
        grad["V"] += np.outer(delta_y, h[t])

        # Line 4: error of the hidden state (output layer + future)
        delta_h = params["V"].T @ delta_y + delta_h

        # Line 5: error of the cell state
        delta_c = delta_c + delta_h * o[t] * (1.0 - np.tanh(c[t]) ** 2)

        # Line 6: errors of the gates, before their nonlinearities
        delta_o = delta_h * np.tanh(c[t]) * o[t] * (1.0 - o[t])
        delta_f = delta_c * c[t - 1] * f[t] * (1.0 - f[t])
        delta_i = delta_c * g[t] * i[t] * (1.0 - i[t])
        delta_g = delta_c * i[t] * (1.0 - g[t] ** 2)

        # Line 7: accumulate the gradients
        grad["Wi"] += np.outer(delta_i, h[t - 1])
        grad["Wf"] += np.outer(delta_f, h[t - 1])
        grad["Wo"] += np.outer(delta_o, h[t - 1])
        grad["Wg"] += np.outer(delta_g, h[t - 1])
        grad["Ui"] += np.outer(delta_i, x_t)
        grad["Uf"] += np.outer(delta_f, x_t)
        grad["Uo"] += np.outer(delta_o, x_t)
        grad["Ug"] += np.outer(delta_g, x_t)

        # Line 8: errors that flow to time t - 1
        delta_h = (params["Wi"].T @ delta_i
                   + params["Wf"].T @ delta_f
                   + params["Wo"].T @ delta_o
                   + params["Wg"].T @ delta_g)
        delta_c = delta_c * f[t]

    return grad
