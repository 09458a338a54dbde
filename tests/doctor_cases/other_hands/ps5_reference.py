"""
Problem set 5, Q3 -- reference solution (please do not hand out before the deadline).

Gradient of the bias-free LSTM.  Python loops are used for the two recurrences and for nothing else;
whatever does not depend on a neighbouring step is computed for all T steps in one go.

Shapes: T steps, H hidden units, K tokens.  Stacked gates are in the order i, f, o, g.
"""
import numpy as np

ORDER = "ifog"


def softmax_rows(S):
    E = np.exp(S - S.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def stack(params, letter):
    return np.concatenate([params[letter + k] for k in ORDER], axis=0)


def unroll(W, XU, h, c):
    """Forward recurrence: activations A (T, 4H), states Hs and Cs (T+1, H). Row 0 is the initial state."""
    T, H = len(XU), W.shape[1]
    A = np.empty((T, 4 * H))
    Hs, Cs = np.empty((T + 1, H)), np.empty((T + 1, H))
    Hs[0], Cs[0] = h, c
    for t in range(T):
        z = XU[t] + W @ Hs[t]
        A[t, :3 * H] = 1 / (1 + np.exp(-z[:3 * H]))
        A[t, 3 * H:] = np.tanh(z[3 * H:])
        i, f, o, g = A[t].reshape(4, H)
        Cs[t + 1] = f * Cs[t] + i * g
        Hs[t + 1] = o * np.tanh(Cs[t + 1])
    return A, Hs, Cs


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    W, U = stack(params, "W"), stack(params, "U")
    (K, H), T = V.shape, len(x)
    A, Hs, Cs = unroll(W, U.T[x], 0.0 if h0 is None else h0, 0.0 if c0 is None else c0)
    I, F, O, G = np.split(A, 4, axis=1)
    tanhC = np.tanh(Cs[1:])

    # (a) output layer: softmax and cross-entropy together give p - onehot
    dS = softmax_rows(Hs[1:] @ V.T)
    dS[np.arange(T), targets] -= 1
    dV = dS.T @ Hs[1:]
    dH = dS @ V                                 # only the direct part, the rest arrives in (c)

    # (b) local derivatives, all of them elementwise, so (T, H) each
    J_hc = O * (1 - tanhC ** 2)                 # dh/dc
    J_i = G * I * (1 - I)                       # dc/dz_i
    J_f = Cs[:-1] * F * (1 - F)                 # dc/dz_f
    J_o = tanhC * O * (1 - O)                   # dh/dz_o
    J_g = I * (1 - G ** 2)                      # dc/dz_g

    # (c) the recurrence, right to left
    dZ = np.empty((T, 4 * H))
    dh_rec, dc_rec = np.zeros(H), np.zeros(H)
    for t in range(T)[::-1]:
        dh = dH[t] + dh_rec
        dc = dh * J_hc[t] + dc_rec
        dZ[t] = np.concatenate([dc * J_i[t], dc * J_f[t], dh * J_o[t], dc * J_g[t]])
        dh_rec = dZ[t] @ W
        dc_rec = dc * F[t]

    # (d) the weights, summed over time by the matrix product
    dW = dZ.T @ Hs[:-1]
    dU = dZ.T @ np.eye(K)[x]
    grads = {"V": dV}
    grads.update(zip(["W" + k for k in ORDER], np.split(dW, 4)))
    grads.update(zip(["U" + k for k in ORDER], np.split(dU, 4)))
    return grads
