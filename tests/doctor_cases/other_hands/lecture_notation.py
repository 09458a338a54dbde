"""
LSTM gradients, Exercise sheet 5. Notation as in the lecture (slides 31-44):

    a^k_t = W^k h_{t-1} + U^k x_t          for k in {i, f, o, g}
    s^k_t = phi^k(a^k_t)
    c_t   = s^f * c_{t-1} + s^i * s^g      (* is the Hadamard product)
    h_t   = s^o * tanh(c_t)
    y_t   = softmax(V h_t)

delta^k_t means dL/da^k_t. All vectors are COLUMN vectors, as on the slides.
"""
import numpy as np

K = ['i', 'f', 'o', 'g']


def sigma(a):
    return 1.0 / (1.0 + np.exp(-a))


phi = {'i': sigma, 'f': sigma, 'o': sigma, 'g': np.tanh}

# phi', written as a function of s = phi(a) (slide 12)
phi_prime = {
    'i': lambda s: s * (1 - s),
    'f': lambda s: s * (1 - s),
    'o': lambda s: s * (1 - s),
    'g': lambda s: 1 - s ** 2,
}


def e(k, n):
    """k-th unit vector of R^n (column)"""
    v = np.zeros((n, 1))
    v[k] = 1.0
    return v


def backward(params, x, targets, h0=None, c0=None):
    V = params['V']
    W = {k: params['W' + k] for k in K}
    U = {k: params['U' + k] for k in K}
    n, d = V.shape
    T = len(x)

    # ---------- forward pass ----------
    s = {k: {} for k in K}          # s[k][t]
    c, h, y = {}, {}, {}
    h[-1] = np.zeros((d, 1)) if h0 is None else np.array(h0, dtype=float).reshape(d, 1)
    c[-1] = np.zeros((d, 1)) if c0 is None else np.array(c0, dtype=float).reshape(d, 1)
    for t in range(T):
        x_t = e(x[t], n)
        for k in K:
            s[k][t] = phi[k](W[k] @ h[t-1] + U[k] @ x_t)
        c[t] = s['f'][t] * c[t-1] + s['i'][t] * s['g'][t]
        h[t] = s['o'][t] * np.tanh(c[t])
        score = V @ h[t]
        expo = np.exp(score - np.max(score))
        y[t] = expo / np.sum(expo)

    # ---------- backward pass ----------
    dV = np.zeros_like(V)
    dW = {k: np.zeros_like(W[k]) for k in K}
    dU = {k: np.zeros_like(U[k]) for k in K}
    # boundary conditions: nothing comes from T+1
    delta = {k: np.zeros((d, 1)) for k in K}
    delta_c = np.zeros((d, 1))
    f_next = np.zeros((d, 1))

    for t in reversed(range(T)):
        delta_y = y[t] - e(targets[t], n)
        dV += delta_y @ h[t].T

        # (5.7)  h_t is seen by y_t and by all four gates of t+1
        delta_h = V.T @ delta_y
        for k in K:
            delta_h += W[k].T @ delta[k]

        # (5.8)
        tanh_c = np.tanh(c[t])
        delta_c = delta_h * s['o'][t] * (1 - tanh_c ** 2) + delta_c * f_next

        # (5.9) - (5.12)
        ds = {
            'i': delta_c * s['g'][t],
            'f': delta_c * c[t-1],
            'o': delta_h * tanh_c,
            'g': delta_c * s['i'][t],
        }
        delta = {k: ds[k] * phi_prime[k](s[k][t]) for k in K}

        # (5.13), (5.14)
        for k in K:
            dW[k] += delta[k] @ h[t-1].T
            dU[k] += delta[k] @ e(x[t], n).T
        f_next = s['f'][t]

    grad = {'V': dV}
    for k in K:
        grad['W' + k] = dW[k]
        grad['U' + k] = dU[k]
    return grad
