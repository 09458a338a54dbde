import numpy as np


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh):
    """x (N, D), prev_h and prev_c (N, H), Wx (D, 4H), Wh (H, 4H)."""
    a = x.dot(Wx) + prev_h.dot(Wh)
    ai, af, ao, ag = np.array_split(a, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wh, i, f, o, g, next_c)


def temporal_softmax(h, W, y):
    scores = h.dot(W)
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    dscores = probs
    dscores[np.arange(len(y)), y] -= 1
    return dscores.dot(W.T), h.T.dot(dscores)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wh, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    do = dnext_h * tanh_c
    di = dc * g
    df = dc * prev_c
    dg = dc * i
    dprev_c = dc * f
    da = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)))
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    dprev_h = da.dot(Wh.T)
    return dprev_h, dprev_c, dWx, dWh


def lstm_backward(dh, caches):
    T, H = dh.shape
    dprev_h, dprev_c = np.zeros((1, H)), np.zeros((1, H))
    dWx, dWh = 0, 0
    for t in reversed(range(T)):
        dnext_h = dh[t : t + 1] + dprev_h
        dprev_h, dprev_c, dWx_t, dWh_t = lstm_step_backward(dnext_h, dprev_c, caches[t])
        dWx = dWx + dWx_t
        dWh = dWh + dWh_t
    return dWx, dWh


def model_gradients(params, x, targets, h0=None, c0=None):
    H, K = params.hidden_size, params.vocab_size
    Wx, Wh = params.U.T.copy(), params.W.T.copy()
    h = np.zeros((1, H)) if h0 is None else np.reshape(h0, (1, H))
    c = np.zeros((1, H)) if c0 is None else np.reshape(c0, (1, H))
    hs, caches = [], []
    for token in x:
        h, c, cache = lstm_step_forward(np.eye(K)[[token]], h, c, Wx, Wh)
        hs.append(h[0])
        caches.append(cache)
    dh, dV = temporal_softmax(np.array(hs), params.V.T, np.array(targets))
    dWx, dWh = lstm_backward(dh, caches)
    grads = {"V": dV.T}
    for n, gate in enumerate("ifog"):
        grads["W" + gate] = dWh[:, n * H : (n + 1) * H].T
        grads["U" + gate] = dWx[:, n * H : (n + 1) * H].T
    return grads
