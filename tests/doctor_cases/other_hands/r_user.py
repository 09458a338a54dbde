# lstm_gradient.R, now in Python
from functools import reduce

import numpy as np

gates = ["i", "f", "o", "g"]


# -- things that base R simply has ------------------------------------
def plogis(q):
    return 1 / (1 + np.exp(-q))

def seq_len(n):
    return range(1, n + 1)

def crossprod(A, B):
    return A.T @ B          # t(A) %*% B

def lapply(X, FUN):
    return {nm: FUN(nm) for nm in X}

def rbind(rows):
    return np.vstack(list(rows))


# like in glm(): inverse link and its derivative, here as a function of mu
linkinv = dict(i=plogis, f=plogis, o=plogis, g=np.tanh)
mu_eta = dict(
    i=lambda mu: mu * (1 - mu),
    f=lambda mu: mu * (1 - mu),
    o=lambda mu: mu * (1 - mu),
    g=lambda mu: 1 - mu**2,
)


def lstm_step(par, prev, token):
    s = lapply(gates, lambda k: linkinv[k](par["W" + k] @ prev["h"] + par["U" + k][:, token]))
    s["c"] = s["f"] * prev["c"] + s["i"] * s["g"]
    s["h"] = s["o"] * np.tanh(s["c"])
    return s


def lstm_fit(par, x, init):
    fit = [init]            # fit[0]: before the first observation; fit[1], ..., fit[n]: after it
    for t in seq_len(len(x)):
        fit.append(lstm_step(par, fit[t - 1], x[t - 1]))
    return fit


def backward(params, x, targets, h0=None, c0=None):
    n = len(x)
    K, p = params["V"].shape

    init = dict(h=np.zeros(p), c=np.zeros(p))
    if h0 is not None:
        init["h"] = h0
    if c0 is not None:
        init["c"] = c0
    fit = lstm_fit(params, x, init)

    # "data frames" with one row per observation
    X = np.zeros((n, K))                              # model.matrix(~ 0 + factor(x))
    X[np.arange(n), x] = 1
    Hid = rbind(fit[t]["h"] for t in seq_len(n))
    Hlag = rbind([fit[0]["h"], Hid[:-1]])

    # residuals of the multinomial regression on Hid
    eta = Hid @ params["V"].T
    E = np.exp(eta - eta.max(axis=1, keepdims=True))
    resid = E / E.sum(axis=1, keepdims=True)          # sweep(E, 1, rowSums(E), "/")
    resid[np.arange(n), targets] -= 1                 # resid[cbind(1:n, targets)]
    dHid = resid @ params["V"]

    score = lapply(gates, lambda k: np.zeros((n, p)))
    dh, dc = np.zeros(p), np.zeros(p)
    for t in reversed(seq_len(n)):
        now, prev = fit[t], fit[t - 1]
        th = np.tanh(now["c"])
        dh = dh + dHid[t - 1]
        dc = dc + dh * now["o"] * (1 - th**2)
        dmu = dict(i=dc * now["g"], f=dc * prev["c"], o=dh * th, g=dc * now["i"])
        for k in gates:
            score[k][t - 1] = dmu[k] * mu_eta[k](now[k])
        dh = reduce(np.add, [crossprod(params["W" + k], score[k][t - 1]) for k in gates])
        dc = dc * now["f"]

    out = {"V": crossprod(resid, Hid)}
    for k in gates:
        out["W" + k] = crossprod(score[k], Hlag)
        out["U" + k] = crossprod(score[k], X)
    return out
