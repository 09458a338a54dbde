"""Functions with a cache as in a course: x (N, T, D), gates i, f, o, g in columns; softmax averaged over the batch."""

import numpy as np

N, D, H, V = 2, 3, 4, 5


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, i, f, o, g, next_c, Wx, Wh)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, i, f, o, g, next_c, Wx, Wh = cache
    tanh_c = np.tanh(next_c)
    do = dnext_h * tanh_c
    dnext_c = dnext_c + dnext_h * o * (1 - tanh_c**2)
    df, dprev_c = dnext_c * prev_c, dnext_c * f
    di, dg = dnext_c * g, dnext_c * i
    da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
    return da.dot(Wx.T), da.dot(Wh.T), dprev_c, x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    h, prev_h, prev_c, caches = np.zeros((N, x.shape[1], H)), h0, np.zeros_like(h0), []
    for t in range(x.shape[1]):
        prev_h, prev_c, cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
        caches.append(cache)
    return h, caches


def lstm_backward(dh, caches):
    dWx, dWh, db = 0, 0, 0
    dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))
    for t in range(dh.shape[1])[::-1]:
        _, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, caches[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dprev_h, dWx, dWh, db


def case(T):
    rng = np.random.default_rng(20 + T)
    params = {
        "Wx": rng.normal(0, 0.8, (D, 4 * H)),
        "Wh": rng.normal(0, 0.7, (H, 4 * H)),
        "b": rng.normal(0, 0.4, 4 * H),
        "W_vocab": rng.normal(0, 0.8, (H, V)),
        "b_vocab": rng.normal(0, 0.4, V),
        "h0": rng.normal(0, 0.5, (N, H)),
    }
    x, y = rng.normal(size=(N, T, D)), rng.integers(0, V, (N, T))

    def loss_and_gradient(p):
        h, caches = lstm_forward(x, p["h0"], p["Wx"], p["Wh"], p["b"])
        scores = h.dot(p["W_vocab"]) + p["b_vocab"]
        probs = np.exp(scores - scores.max(axis=2, keepdims=True))
        probs /= probs.sum(axis=2, keepdims=True)
        picked = np.take_along_axis(probs, y[:, :, None], axis=2)
        dscores = probs.copy()
        np.put_along_axis(dscores, y[:, :, None], picked - 1, axis=2)
        dscores /= N
        grads = {"W_vocab": np.einsum("nth,ntv->hv", h, dscores), "b_vocab": dscores.sum(axis=(0, 1))}
        grads["h0"], grads["Wx"], grads["Wh"], grads["b"] = lstm_backward(dscores.dot(p["W_vocab"].T), caches)
        return -np.log(picked).sum() / N, grads

    return params, loss_and_gradient
