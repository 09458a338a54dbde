import numpy as np

import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    grads = {k: np.zeros_like(params[k]) for k in params}
    dhnext = np.zeros(params.hidden_size)
    dcnext = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        dy = cache.y[t].copy()
        dy[targets[t]] -= 1
        grads["V"] += np.outer(dy, cache.h[t])
        dh = np.dot(params.V.T, dy) + dhnext
        dc = dh * cache.o[t] * (1 - cache.ct[t] ** 2) + dcnext
        dai = dc * cache.g[t] * cache.i[t] * (1 - cache.i[t])
        daf = dc * cache.c[t - 1] * cache.f[t] * (1 - cache.f[t])
        dao = dh * cache.ct[t] * cache.o[t] * (1 - cache.o[t])
        dag = dc * cache.i[t] * (1 - cache.g[t] ** 2)
        dhnext = np.dot(params.Wi, dai)
        dhnext += np.dot(params.Wf, daf)
        dhnext += np.dot(params.Wo, dao)
        dhnext += np.dot(params.Wg, dag)
        dcnext = dc * cache.f[t]
        for k, d in [("i", dai), ("f", daf), ("o", dao), ("g", dag)]:
            grads["W" + k] += np.outer(d, cache.h[t - 1])
            grads["U" + k][:, x[t]] += d
    return grads
