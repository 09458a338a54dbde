"""LSTM for one sequence, in the cs231n manner: xxx_forward returns (out, cache), xxx_backward eats the cache."""
import numpy as np


def sigmoid(x):
    # stable for big negative x
    z = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, z) / (1.0 + z)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh):
    """x: (N, D)   prev_h, prev_c: (N, H)   Wx: (D, 4H)   Wh: (H, 4H)"""
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh)
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H:2 * H])
    o = sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)
    next_h = o * tc
    cache = (x, prev_h, prev_c, Wh, i, f, o, g, tc)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wh, i, f, o, g, tc = cache
    do = dnext_h * tc
    dc = dnext_c + dnext_h * o * (1 - tc ** 2)
    df = dc * prev_c
    di = dc * g
    dg = dc * i
    dprev_c = dc * f
    dai = di * i * (1 - i)
    daf = df * f * (1 - f)
    dao = do * o * (1 - o)
    dag = dg * (1 - g ** 2)
    da = np.hstack([dai, daf, dao, dag])
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    dprev_h = da.dot(Wh.T)
    return dprev_h, dprev_c, dWx, dWh


def lstm_forward(x, h0, c0, Wx, Wh):
    h, c = h0, c0
    hs, caches = [], []
    for t in range(x.shape[0]):
        h, c, cache = lstm_step_forward(x[t:t + 1], h, c, Wx, Wh)
        hs.append(h)
        caches.append(cache)
    return np.vstack(hs), caches


def lstm_backward(dh, caches, Wx, Wh):
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    dprev_h = np.zeros((1, dh.shape[1]))
    dprev_c = np.zeros((1, dh.shape[1]))
    for t in range(len(caches) - 1, -1, -1):
        dnext_h = dh[t:t + 1] + dprev_h
        dprev_h, dprev_c, dWx_t, dWh_t = lstm_step_backward(dnext_h, dprev_c, caches[t])
        dWx += dWx_t
        dWh += dWh_t
    return dWx, dWh


def softmax_loss(scores, y):
    N = scores.shape[0]
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(N), y]).sum()
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    return loss, dscores


def backward(params, x, targets, h0=None, c0=None):
    D, H = params["V"].shape
    order = ["i", "f", "o", "g"]
    Wx = np.hstack([params["U" + k].T for k in order])
    Wh = np.hstack([params["W" + k].T for k in order])
    h0 = np.zeros((1, H)) if h0 is None else np.reshape(h0, (1, H))
    c0 = np.zeros((1, H)) if c0 is None else np.reshape(c0, (1, H))

    hs, caches = lstm_forward(np.eye(D)[x], h0, c0, Wx, Wh)
    loss, dscores = softmax_loss(hs.dot(params["V"].T), np.asarray(targets))
    dh = dscores.dot(params["V"])
    dWx, dWh = lstm_backward(dh, caches, Wx, Wh)

    grads = {"V": dscores.T.dot(hs)}
    for n, k in enumerate(order):
        grads["U" + k] = dWx[:, n * H:(n + 1) * H].T
        grads["W" + k] = dWh[:, n * H:(n + 1) * H].T
    return grads
