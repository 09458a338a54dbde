import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh):
    a = x.dot(Wx) + prev_h.dot(Wh)
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    do = dnext_h * tanh_c
    df = dc * prev_c
    di = dc * g
    dg = dc * i
    dprev_c = dc * f
    da = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)))
    dWx = x.T.dot(da)
    dprev_h = da.dot(Wh.T)
    dWh = prev_h.T.dot(da)
    return dprev_h, dprev_c, dWx, dWh


def lstm_forward(x, h0, Wx, Wh):
    N, T, _ = x.shape
    h, caches = np.zeros((N, T, h0.shape[1])), []
    prev_h, prev_c = h0, np.zeros_like(h0)
    for t in range(T):
        prev_h, prev_c, cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh)
        h[:, t] = prev_h
        caches.append(cache)
    return h, caches


def lstm_backward(dh, caches):
    N, T, H = dh.shape
    dWx = np.zeros_like(caches[0][3])
    dWh = np.zeros_like(caches[0][4])
    dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))
    for t in reversed(range(T)):
        dnext_h = dh[:, t] + dprev_h
        dprev_h, dprev_c, dWx_t, dWh_t = lstm_step_backward(dnext_h, dprev_c, caches[t])
        dWx += dWx_t
        dWh += dWh_t
    return dWx, dWh


def backward(params, x, targets):
    K, H = params.V.shape
    Wx = np.hstack([params["U" + gate].T for gate in "ifog"])
    Wh = np.hstack([params["W" + gate].T for gate in "ifog"])
    inputs = np.eye(K)[x][None]
    h, caches = lstm_forward(inputs, np.zeros((1, H)), Wx, Wh)
    scores = h.dot(params.V.T)
    dscores = np.exp(scores - scores.max(axis=2, keepdims=True))
    dscores /= dscores.sum(axis=2, keepdims=True)
    dscores[0, np.arange(len(targets)), targets] -= 1
    dV = np.einsum("ntk,nth->kh", dscores, h)
    dh = dscores.dot(params.V)
    dWx, dWh = lstm_backward(dh, caches)
    dW = [block.T for block in np.split(dWh, 4, axis=1)]
    dU = [block.T for block in np.split(dWx, 4, axis=1)]
    return [dV, *dW, *dU]
