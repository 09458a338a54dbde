"""
Sensitivities of the LSTM negative log-likelihood by AAD (adjoint algorithmic differentiation).

Convention: every vector is a column (n x 1), a path is a matrix with one column per date.
Suffix _b ("bar") = adjoint of that variable. State paths have T+1 columns, column 0 = today.
"""
import numpy as np


def col(v, n):
    return np.zeros((n, 1)) if v is None else np.asarray(v, dtype=float).reshape(n, 1)


def logistic(Z):
    return 0.5 * (1.0 + np.tanh(0.5 * Z))


def softmax(S):
    """Columnwise."""
    E = np.exp(S - S.max(axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)


def scatter(Z_b, idx, n):
    """Adjoint of the column pick Z = U[:, idx]."""
    U_b = np.zeros((Z_b.shape[0], n))
    np.add.at(U_b.T, idx, Z_b.T)
    return U_b


def simulate(p, x, h0, c0):
    H, T = p["Wi"].shape[0], len(x)
    h, c = np.empty((H, T + 1)), np.empty((H, T + 1))
    i, f, o, g = (np.empty((H, T)) for _ in range(4))
    h[:, [0]], c[:, [0]] = col(h0, H), col(c0, H)
    for t in range(T):
        k = [x[t]]
        h_t = h[:, [t]]
        i[:, [t]] = logistic(p["Wi"] @ h_t + p["Ui"][:, k])
        f[:, [t]] = logistic(p["Wf"] @ h_t + p["Uf"][:, k])
        o[:, [t]] = logistic(p["Wo"] @ h_t + p["Uo"][:, k])
        g[:, [t]] = np.tanh(p["Wg"] @ h_t + p["Ug"][:, k])
        c[:, [t + 1]] = f[:, [t]] * c[:, [t]] + i[:, [t]] * g[:, [t]]
        h[:, [t + 1]] = o[:, [t]] * np.tanh(c[:, [t + 1]])
    return h, c, i, f, o, g


def backward(params, x, targets, h0=None, c0=None):
    p = params
    K, H = p["V"].shape
    T = len(x)
    h, c, i, f, o, g = simulate(p, x, h0, c0)

    # terminal layer, all dates at once
    S = p["V"] @ h[:, 1:]
    S_b = softmax(S) - np.eye(K)[:, targets]
    V_b = S_b @ h[:, 1:].T
    H_b = p["V"].T @ S_b

    # reverse sweep, from expiry to today
    zi_b, zf_b, zo_b, zg_b = (np.empty((H, T)) for _ in range(4))
    h_b = np.zeros((H, 1))
    c_b = np.zeros((H, 1))
    for t in range(T - 1, -1, -1):
        i_t, f_t, o_t, g_t = i[:, [t]], f[:, [t]], o[:, [t]], g[:, [t]]
        th = np.tanh(c[:, [t + 1]])
        h_b = h_b + H_b[:, [t]]
        c_b = c_b + h_b * o_t * (1.0 - th * th)
        zo_b[:, [t]] = h_b * th * o_t * (1.0 - o_t)
        zf_b[:, [t]] = c_b * c[:, [t]] * f_t * (1.0 - f_t)
        zi_b[:, [t]] = c_b * g_t * i_t * (1.0 - i_t)
        zg_b[:, [t]] = c_b * i_t * (1.0 - g_t * g_t)
        h_b = (p["Wi"].T @ zi_b[:, [t]]
               + p["Wf"].T @ zf_b[:, [t]]
               + p["Wo"].T @ zo_b[:, [t]]
               + p["Wg"].T @ zg_b[:, [t]])
        c_b = c_b * f_t

    # aggregate over dates
    h_lag = h[:, :T]
    Wi_b, Wf_b, Wo_b, Wg_b = (Z_b @ h_lag.T for Z_b in (zi_b, zf_b, zo_b, zg_b))
    Ui_b, Uf_b, Uo_b, Ug_b = (scatter(Z_b, x, K) for Z_b in (zi_b, zf_b, zo_b, zg_b))
    return (V_b,
            Wi_b, Wf_b, Wo_b, Wg_b,
            Ui_b, Uf_b, Uo_b, Ug_b)
