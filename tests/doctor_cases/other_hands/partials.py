"""Exercise 4: backpropagation through time for the LSTM.

I follow the notation of the paper: all vectors are COLUMN vectors (n x 1),
x_t and y_t are one-hot vectors, a^i, a^f, a^o, a^g are the net inputs and
delta_* means the derivative of the total loss L with respect to *.
"""
import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


def e(j, n):
    """j-th unit vector"""
    v = np.zeros((n, 1))
    v[j, 0] = 1
    return v


# ---- the partial derivatives, all of them diagonal => written as vectors ----
def dsigma_da(s):             # sigma' = sigma (1 - sigma)
    return s * (1 - s)


def dtanh_da(s):              # tanh' = 1 - tanh^2
    return 1 - s ** 2


def dh_do(c):                 # h = o * tanh(c)
    return np.tanh(c)


def dh_dc(o, c):
    return o * dtanh_da(np.tanh(c))


def dc_di(i, g):              # c_t = f * c_{t-1} + i * g
    return g


def dc_dg(i, g):
    return i


def dc_df(c_before):
    return c_before


def dL_dscore(p, y):          # softmax together with cross entropy
    return p - y


def backward(theta, x, targets):
    V = theta["V"]
    K, H = V.shape
    T = len(x)
    # time -1 is the initial state
    h, c = {-1: np.zeros((H, 1))}, {-1: np.zeros((H, 1))}
    i, f, o, g, p = {}, {}, {}, {}, {}

    # Forward equations (1)-(7)
    for t in range(T):
        x_t = e(x[t], K)
        i[t] = sigma(theta["Wi"] @ h[t-1] + theta["Ui"] @ x_t)
        f[t] = sigma(theta["Wf"] @ h[t-1] + theta["Uf"] @ x_t)
        o[t] = sigma(theta["Wo"] @ h[t-1] + theta["Uo"] @ x_t)
        g[t] = np.tanh(theta["Wg"] @ h[t-1] + theta["Ug"] @ x_t)
        c[t] = f[t] * c[t-1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        score = V @ h[t]
        p[t] = np.exp(score) / np.sum(np.exp(score))

    # Boundary conditions: nothing comes back from time T
    zero = np.zeros((H, 1))
    delta_c, delta_ai, delta_af, delta_ao, delta_ag = ({T: zero} for _ in range(5))
    f[T] = zero

    # Recursion (8)-(14)
    D = {name: np.zeros(theta[name].shape) for name in theta.keys()}
    for t in range(T - 1, -1, -1):
        delta_s = dL_dscore(p[t], e(targets[t], K))
        delta_h = V.T @ delta_s \
            + theta["Wi"].T @ delta_ai[t+1] + theta["Wf"].T @ delta_af[t+1] \
            + theta["Wo"].T @ delta_ao[t+1] + theta["Wg"].T @ delta_ag[t+1]
        delta_c[t] = delta_h * dh_dc(o[t], c[t]) + delta_c[t+1] * f[t+1]

        delta_ai[t] = delta_c[t] * dc_di(i[t], g[t]) * dsigma_da(i[t])
        delta_af[t] = delta_c[t] * dc_df(c[t-1]) * dsigma_da(f[t])
        delta_ao[t] = delta_h * dh_do(c[t]) * dsigma_da(o[t])
        delta_ag[t] = delta_c[t] * dc_dg(i[t], g[t]) * dtanh_da(g[t])

        # (15)-(23)
        D["V"] += delta_s @ h[t].T
        D["Wi"] += delta_ai[t] @ h[t-1].T
        D["Wf"] += delta_af[t] @ h[t-1].T
        D["Wo"] += delta_ao[t] @ h[t-1].T
        D["Wg"] += delta_ag[t] @ h[t-1].T
        D["Ui"] += delta_ai[t] @ e(x[t], K).T
        D["Uf"] += delta_af[t] @ e(x[t], K).T
        D["Uo"] += delta_ao[t] @ e(x[t], K).T
        D["Ug"] += delta_ag[t] @ e(x[t], K).T
    return D
