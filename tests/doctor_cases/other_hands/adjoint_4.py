"""
Adjoint equations of the LSTM.  Notation:  a in {i, f, o, g} = {0, 1, 2, 3},

    z^a_t = W_a h_{t-1} + U_a e_{x_t},    c_t = f_t.c_{t-1} + i_t.g_t,    h_t = o_t.tanh c_t.

With eta_t = dL/dh_t, lam_t = dL/dc_t and delta^a_t = dL/dz^a_t (all of them column vectors):

    eta_t     = V' eps_t + sum_a W_a' delta^a_{t+1}
    lam_t     = (dh_t/dc_t)' eta_t + (dc_{t+1}/dc_t)' lam_{t+1}
    delta^a_t = (dc_t/dz^a_t)' lam_t   (a = i, f, g),     delta^o_t = (dh_t/dz^o_t)' eta_t
"""
import numpy as np

diag = np.diag
I, F, O, G = range(4)


def sigma(z):
    return 1 / (1 + np.exp(-z))


def trajectory(W, U, x, h0, c0):
    T, H = len(x), W.shape[1]
    h, c = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    a = np.zeros((4, T, H))
    h[0], c[0] = h0, c0
    for t in range(T):
        z = np.einsum("aij,j->ai", W, h[t]) + U[:, :, x[t]]
        a[:G, t] = sigma(z[:G])
        a[G, t] = np.tanh(z[G])
        c[t + 1] = a[F, t] * c[t] + a[I, t] * a[G, t]
        h[t + 1] = a[O, t] * np.tanh(c[t + 1])
    return h, c, a


def output_error(V, h, y):
    s = V @ h
    p = np.exp(s - s.max())
    p /= p.sum()
    dp = np.zeros(len(p))
    dp[y] = -1 / p[y]                      # d(-log p_y)/dp
    J = diag(p) - np.outer(p, p)           # dp/ds
    return J.T @ dp


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    W = np.stack([params["W" + a] for a in "ifog"])
    U = np.stack([params["U" + a] for a in "ifog"])
    T, (K, H) = len(x), V.shape
    zero = np.zeros(H)
    h, c, a = trajectory(W, U, x, zero if h0 is None else h0, zero if c0 is None else c0)
    i, f, o, g = a
    tc = np.tanh(c[1:])

    eps = np.array([output_error(V, h[t + 1], targets[t]) for t in range(T)])
    delta = np.zeros((4, T + 1, H))        # delta[:, T] = 0, nothing comes after the end
    lam = np.zeros((T + 1, H))
    for t in reversed(range(T)):
        dh_dc = diag(o[t] * (1 - tc[t] ** 2))
        dc_dc = diag(f[t + 1]) if t + 1 < T else np.zeros((H, H))
        dc_di = diag(g[t]) @ diag(i[t] * (1 - i[t]))
        dc_df = diag(c[t]) @ diag(f[t] * (1 - f[t]))
        dc_dg = diag(i[t]) @ diag(1 - g[t] ** 2)
        dh_do = diag(tc[t]) @ diag(o[t] * (1 - o[t]))

        eta = V.T @ eps[t] + np.einsum("aji,aj->i", W, delta[:, t + 1])
        lam[t] = dh_dc.T @ eta + dc_dc.T @ lam[t + 1]

        delta[I, t] = dc_di.T @ lam[t]
        delta[F, t] = dc_df.T @ lam[t]
        delta[O, t] = dh_do.T @ eta
        delta[G, t] = dc_dg.T @ lam[t]

    delta = delta[:, :T]
    E = np.eye(K)[x]
    dV = np.einsum("tk,ti->ki", eps, h[1:])
    dW = np.einsum("ati,tj->aij", delta, h[:-1])
    dU = np.einsum("ati,tk->aik", delta, E)
    return [dV, *dW, *dU]
