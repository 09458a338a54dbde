import numpy as np

import lstm_teach as lt


def dsigmoid(y):
    return y * (1 - y)


def bwd(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    T = len(x)
    dy = cache.y.copy()
    for t in range(T):
        dy[t][targets[t]] -= 1
    dV = dy.T @ cache.h[:T]
    dW = {k: np.zeros((params.hidden_size, params.hidden_size)) for k in "ifog"}
    dU = {k: np.zeros((params.hidden_size, params.vocab_size)) for k in "ifog"}
    dh_t1 = dc_t1 = np.zeros(params.hidden_size)
    for t in range(T - 1, -1, -1):
        dh = params.V.T @ dy[t] + dh_t1
        dc = dc_t1 + dh * cache.o[t] * (1 - np.tanh(cache.c[t]) ** 2)
        delta_i = dc * cache.g[t] * dsigmoid(cache.i[t])
        delta_f = dc * cache.c[t - 1] * dsigmoid(cache.f[t])
        delta_o = dh * cache.ct[t] * dsigmoid(cache.o[t])
        delta_g = dc * cache.i[t] * dsigmoid(cache.g[t])
        for k, delta in zip("ifog", (delta_i, delta_f, delta_o, delta_g)):
            dW[k] += np.outer(delta, cache.h[t - 1])
            dU[k][:, x[t]] += delta
        dh_t1 = params.Wi.T @ delta_i + params.Wf.T @ delta_f + params.Wo.T @ delta_o + params.Wg.T @ delta_g
        dc_t1 = dc * cache.f[t]
    return [dV, dW["i"], dW["f"], dW["o"], dW["g"], dU["i"], dU["f"], dU["o"], dU["g"]]
