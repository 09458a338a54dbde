"""LSTM backward pass in the notation of A. Graves, Supervised Sequence Labelling with RNNs, section 4.6.

iota, phi, omega = input, forget, output gate; c = cell; no peepholes.
Time runs from 1 to T; b[0], s[0] are the initial state, everything at T+1 is zero.
"""
import numpy as np

f = lambda a: 1 / (1 + np.exp(-a))
f_prime = lambda b: b * (1 - b)      # in terms of the activation
g = h = np.tanh


def backward(params, x, targets, h0=None, c0=None):
    H, K = params.Ug.shape
    T = len(x)
    b_iota, b_phi, b_omega, g_a, s, b = np.zeros((6, T + 2, H))
    if h0 is not None:
        b[0] = h0
    if c0 is not None:
        s[0] = c0
    y = np.zeros((T + 2, K))

    for t in range(1, T + 1):
        k = x[t - 1]
        a_iota = params.Ui[:, k] + params.Wi @ b[t - 1]
        a_phi = params.Uf[:, k] + params.Wf @ b[t - 1]
        a_omega = params.Uo[:, k] + params.Wo @ b[t - 1]
        a_c = params.Ug[:, k] + params.Wg @ b[t - 1]
        b_iota[t], b_phi[t], b_omega[t], g_a[t] = f(a_iota), f(a_phi), f(a_omega), g(a_c)
        s[t] = b_phi[t] * s[t - 1] + b_iota[t] * g_a[t]
        b[t] = b_omega[t] * h(s[t])
        a_k = params.V @ b[t]
        y[t] = np.exp(a_k - a_k.max())
        y[t] /= y[t].sum()

    # target coding z, delta of the softmax layer: y - z
    z = np.zeros_like(y)
    z[np.arange(1, T + 1), np.asarray(targets)] = 1
    delta_k = y - z

    delta_iota, delta_phi, delta_omega, delta_c, epsilon_s = np.zeros((5, T + 2, H))
    for t in range(T, 0, -1):
        # epsilon_c = dL / db_c
        epsilon_c = (params.V.T @ delta_k[t]
                     + params.Wi.T @ delta_iota[t + 1]
                     + params.Wf.T @ delta_phi[t + 1]
                     + params.Wo.T @ delta_omega[t + 1]
                     + params.Wg.T @ delta_c[t + 1])
        delta_omega[t] = f_prime(b_omega[t]) * h(s[t]) * epsilon_c
        # epsilon_s = dL / ds_c
        epsilon_s[t] = (b_omega[t] * (1 - h(s[t]) ** 2) * epsilon_c
                        + b_phi[t + 1] * epsilon_s[t + 1])
        delta_c[t] = b_iota[t] * (1 - g_a[t] ** 2) * epsilon_s[t]
        delta_phi[t] = f_prime(b_phi[t]) * s[t - 1] * epsilon_s[t]
        delta_iota[t] = f_prime(b_iota[t]) * g_a[t] * epsilon_s[t]

    onehot = np.eye(K)[np.asarray(x)]
    deltas = (delta_iota, delta_phi, delta_omega, delta_c)
    dW = [d[1:T + 1].T @ b[:T] for d in deltas]
    dU = [d[1:T + 1].T @ onehot for d in deltas]
    dV = delta_k.T @ b
    return (dV, *dW, *dU)
