import numpy as np
import lstm_teach as lt


# both derivatives take the OUTPUT of the function, not z!
def d_sigmoid(s):
    return s * (1 - s)


def d_tanh(a):
    return 1 - a ** 2


def backward(params, x, targets):
    cache = lt.forward(params, x)
    K, H = params.V.shape

    dV = np.zeros((K, H))
    dWi, dWf, dWo, dWg = [np.zeros((H, H)) for _ in range(4)]
    dUi, dUf, dUo, dUg = [np.zeros((H, K)) for _ in range(4)]

    dh_next = np.zeros(H)
    dc_next = np.zeros(H)

    for t in reversed(range(len(x))):
        # softmax + cross entropy -> prob minus one-hot
        dscores = cache.y[t].copy()
        dscores[targets[t]] -= 1

        dV += np.outer(dscores, cache.h[t])
        dh = params.V.T @ dscores
        dh += dh_next

        # the cell gets something from h and something from the next cell
        dc = dh * cache.o[t] * d_tanh(cache.ct[t])
        dc += dc_next

        # gates (d_ is before the squashing)
        di = dc * cache.g[t] * d_sigmoid(cache.i[t])
        df = dc * cache.c[t - 1] * d_sigmoid(cache.f[t])
        do = dh * cache.ct[t] * d_sigmoid(cache.o[t])
        dg = dc * cache.i[t] * d_tanh(cache.g[t])

        h_prev = cache.h[t - 1]
        dWi += np.outer(di, h_prev)
        dWf += np.outer(df, h_prev)
        dWo += np.outer(do, h_prev)
        dWg += np.outer(dg, h_prev)

        # input is one-hot so only one column gets a gradient
        dUi[:, x[t]] += di
        dUf[:, x[t]] += df
        dUo[:, x[t]] += do
        dUg[:, x[t]] += dg

        dh_next = params.Wi.T @ di
        dh_next += params.Wf.T @ df
        dh_next += params.Wo.T @ do
        dh_next += params.Wg.T @ dg
        dc_next = dc * cache.f[t]

    return {"dV": dV, "dWi": dWi, "dWf": dWf, "dWo": dWo, "dWg": dWg,
            "dUi": dUi, "dUf": dUf, "dUo": dUo, "dUg": dUg}
