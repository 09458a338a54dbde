import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh):
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh)
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H:2 * H])
    o = sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wh, i, f, o, g, next_c = cache
    tc = np.tanh(next_c)
    do = dnext_h * tc
    dc = dnext_c + dnext_h * o * (1 - tc ** 2)
    di, df, dg = dc * g, dc * prev_c, dc * i
    dprev_c = dc * f
    da = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)))
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    return dprev_h, dprev_c, dWx, dWh


def softmax_loss(scores, y):
    N = scores.shape[0]
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(N), y]).sum()
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    return loss, dscores


def backward(params, x, targets):
    H, K = params.Ui.shape
    Wx = np.vstack([params.Ui, params.Uf, params.Uo, params.Ug]).T  # (K, 4H)
    Wh = np.vstack([params.Wi, params.Wf, params.Wo, params.Wg]).T  # (H, 4H)
    onehot = np.eye(K)
    h, c = np.zeros((1, H)), np.zeros((1, H))
    hs, caches = [], []
    for t in range(len(x)):
        h, c, cache = lstm_step_forward(onehot[x[t]].reshape(1, K), h, c, Wx, Wh)
        hs.append(h)
        caches.append(cache)
    h = np.concatenate(hs)
    loss, dscores = softmax_loss(h.dot(params.V.T), targets)
    dh = dscores.dot(params.V)
    dprev_h, dprev_c = np.zeros((1, H)), np.zeros((1, H))
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    for t in reversed(range(len(x))):
        dprev_h, dprev_c, dWx_t, dWh_t = lstm_step_backward(dh[t] + dprev_h, dprev_c, caches[t])
        dWx += dWx_t
        dWh += dWh_t
    grads = {"dV": dscores.T.dot(h)}
    for k, gate in enumerate("ifog"):
        grads["dW" + gate] = dWh[:, k * H:(k + 1) * H].T
        grads["dU" + gate] = dWx[:, k * H:(k + 1) * H].T
    return grads
