import numpy as np
from lstm_teach import forward


def backward(params, x, targets, h0=None, c0=None):
    q = forward(params, x, h0, c0)
    n, m = len(x), params.hidden_size
    s = lambda a: a * (1 - a)
    k = lambda a: 1 - a * a

    dlt_i, dlt_f, dlt_o, dlt_g = np.zeros((4, n + 1, m))
    eps_h, eps_c = np.zeros((2, n + 1, m))
    E = q.y.copy()
    E[np.arange(n), targets] -= 1

    for t in range(n - 1, -1, -1):
        eps_h[t] = (params.V * E[t][:, None]).sum(0)
        eps_h[t] += (params.Wi * dlt_i[t + 1][:, None]).sum(0)
        eps_h[t] += (params.Wf * dlt_f[t + 1][:, None]).sum(0)
        eps_h[t] += (params.Wo * dlt_o[t + 1][:, None]).sum(0)
        eps_h[t] += (params.Wg * dlt_g[t + 1][:, None]).sum(0)
        eps_c[t] = eps_h[t] * q.o[t] * k(q.ct[t]) + eps_c[t + 1] * q.f[t + 1]
        dlt_o[t] = eps_h[t] * q.ct[t] * s(q.o[t])
        dlt_f[t] = eps_c[t] * q.c[t - 1] * s(q.f[t])
        dlt_i[t] = eps_c[t] * q.g[t] * s(q.i[t])
        dlt_g[t] = eps_c[t] * q.i[t] * k(q.g[t])

    V = np.zeros_like(params.V)
    W = {a: np.zeros((m, m)) for a in "ifog"}
    U = {a: np.zeros((m, params.vocab_size)) for a in "ifog"}
    for t in range(n):
        V += E[t][:, None] * q.h[t][None, :]
        for a, d in zip("ifog", (dlt_i, dlt_f, dlt_o, dlt_g)):
            W[a] += d[t][:, None] * q.h[t - 1][None, :]
            U[a][:, x[t]] += d[t]
    return V, W["i"], W["f"], W["o"], W["g"], U["i"], U["f"], U["o"], U["g"]
