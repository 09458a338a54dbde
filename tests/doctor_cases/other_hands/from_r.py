# lstm_grad.py  --  port of my lstm_grad.R
# In R row 1 of the state matrices is the initial state, i.e. time t sits in row t+1.
# Here that is row t (t = 1..n) with row 0 the initial state. x and y are 0-based: x[t - 1].
import numpy as np


# --- a few R functions so that the rest looks like the original ---
def rep(value, n):
    return np.array([float(value)] * n)

def matrix(value, nrow, ncol):
    return np.full((nrow, ncol), float(value))

def outer(a, b):
    return np.outer(a, b)

def crossprod(A, b):      # t(A) %*% b
    return A.T.dot(b)

def logistic(z):          # plogis
    return 1 / (1 + np.exp(-z))


def lstm_forward(par, x, h0, c0):
    n = len(x)
    nh = par["V"].shape[1]
    nv = par["V"].shape[0]
    i_mat = matrix(0, n + 1, nh)
    f_mat = matrix(0, n + 1, nh)
    o_mat = matrix(0, n + 1, nh)
    g_mat = matrix(0, n + 1, nh)
    c_mat = matrix(0, n + 1, nh)
    h_mat = matrix(0, n + 1, nh)
    p_mat = matrix(0, n + 1, nv)
    h_mat[0, :] = h0
    c_mat[0, :] = c0
    for t in range(1, n + 1):          # for (t in 1:n)
        tok = x[t - 1]
        h_old = h_mat[t - 1, :]
        i_mat[t, :] = logistic(par["Wi"].dot(h_old) + par["Ui"][:, tok])
        f_mat[t, :] = logistic(par["Wf"].dot(h_old) + par["Uf"][:, tok])
        o_mat[t, :] = logistic(par["Wo"].dot(h_old) + par["Uo"][:, tok])
        g_mat[t, :] = np.tanh(par["Wg"].dot(h_old) + par["Ug"][:, tok])
        c_mat[t, :] = f_mat[t, :] * c_mat[t - 1, :] + i_mat[t, :] * g_mat[t, :]
        h_mat[t, :] = o_mat[t, :] * np.tanh(c_mat[t, :])
        u = np.exp(par["V"].dot(h_mat[t, :]))
        p_mat[t, :] = u / sum(u)
    return dict(i=i_mat, f=f_mat, o=o_mat, g=g_mat, c=c_mat, h=h_mat, p=p_mat)   # list(...)


def backward(params, x, targets, h0=None, c0=None):
    n = len(x)
    nv, nh = params["V"].shape
    if h0 is None: h0 = rep(0, nh)
    if c0 is None: c0 = rep(0, nh)
    fw = lstm_forward(params, x, h0, c0)

    dV = matrix(0, nv, nh)
    dWi = matrix(0, nh, nh)
    dWf = matrix(0, nh, nh)
    dWo = matrix(0, nh, nh)
    dWg = matrix(0, nh, nh)
    dUi = matrix(0, nh, nv)
    dUf = matrix(0, nh, nv)
    dUo = matrix(0, nh, nv)
    dUg = matrix(0, nh, nv)
    dh_next = rep(0, nh)
    dc = rep(0, nh)

    for t in range(n, 0, -1):          # for (t in n:1)
        i = fw["i"][t, :]; f = fw["f"][t, :]; o = fw["o"][t, :]; g = fw["g"][t, :]
        h_old = fw["h"][t - 1, :]
        tc = np.tanh(fw["c"][t, :])
        # output layer
        dp = fw["p"][t, :].copy()
        dp[targets[t - 1]] = dp[targets[t - 1]] - 1
        dV += outer(dp, fw["h"][t, :])
        # hidden state, cell
        dh = crossprod(params["V"], dp) + dh_next
        dc = dc + dh * o * (1 - tc**2)
        # gates, sigma' = s - s^2
        da_o = dh * tc * (o - o**2)
        da_i = dc * g * (i - i**2)
        da_f = dc * fw["c"][t - 1, :] * (f - f**2)
        da_g = dc * i * (1 - g**2)
        dc = dc * f                    # for t - 1
        # weights
        dWi += outer(da_i, h_old)
        dWf += outer(da_f, h_old)
        dWo += outer(da_o, h_old)
        dWg += outer(da_g, h_old)
        dUi[:, x[t - 1]] += da_i
        dUf[:, x[t - 1]] += da_f
        dUo[:, x[t - 1]] += da_o
        dUg[:, x[t - 1]] += da_g
        dh_next = crossprod(params["Wi"], da_i) + crossprod(params["Wf"], da_f) \
            + crossprod(params["Wo"], da_o) + crossprod(params["Wg"], da_g)

    return [dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg]
