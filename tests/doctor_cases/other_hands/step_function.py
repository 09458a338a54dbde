import numpy as np


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh):
    H = prev_h.shape[0]
    a = Wx[:, x] + Wh.dot(prev_h)
    i = sigmoid(a[0:H])
    f = sigmoid(a[H:2 * H])
    o = sigmoid(a[2 * H:3 * H])
    g = np.tanh(a[3 * H:4 * H])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)

    do = dnext_h * tanh_c
    dc = dnext_c + dnext_h * o * (1 - tanh_c ** 2)
    df = dc * prev_c
    di = dc * g
    dg = dc * i
    dprev_c = dc * f

    da_i = di * i * (1 - i)
    da_f = df * f * (1 - f)
    da_o = do * o * (1 - o)
    da_g = dg * (1 - g ** 2)
    da = np.hstack((da_i, da_f, da_o, da_g))

    dprev_h = Wh.T.dot(da)
    dWh = np.outer(da, prev_h)
    dWx = np.zeros_like(Wx)
    dWx[:, x] = da
    return dprev_h, dprev_c, dWx, dWh


def softmax_loss(scores, target):
    shifted = scores - scores.max()
    probs = np.exp(shifted)
    probs /= probs.sum()
    dscores = probs.copy()
    dscores[target] -= 1
    return -np.log(probs[target]), dscores


def backward(params, x, targets, h0=None, c0=None):
    H = params.hidden_size
    Wx = np.concatenate((params.Ui, params.Uf, params.Uo, params.Ug), axis=0)
    Wh = np.concatenate((params.Wi, params.Wf, params.Wo, params.Wg), axis=0)
    h = np.zeros(H) if h0 is None else np.array(h0, float)
    c = np.zeros(H) if c0 is None else np.array(c0, float)

    caches, dscores, hs = [], [], []
    loss = 0.0
    for token, target in zip(x, targets):
        h, c, cache = lstm_step_forward(token, h, c, Wx, Wh)
        step_loss, ds = softmax_loss(params.V.dot(h), target)
        loss += step_loss
        caches.append(cache)
        dscores.append(ds)
        hs.append(h)

    dV = np.zeros_like(params.V)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    dprev_h = np.zeros(H)
    dprev_c = np.zeros(H)
    for t in range(len(x) - 1, -1, -1):
        dV += np.outer(dscores[t], hs[t])
        dh = params.V.T.dot(dscores[t]) + dprev_h
        dprev_h, dprev_c, dWx_t, dWh_t = lstm_step_backward(dh, dprev_c, caches[t])
        dWx += dWx_t
        dWh += dWh_t

    gWi, gWf, gWo, gWg = np.split(dWh, 4)
    gUi, gUf, gUo, gUg = np.split(dWx, 4)
    return dict(V=dV, Wi=gWi, Wf=gWf, Wo=gWo, Wg=gWg, Ui=gUi, Uf=gUf, Uo=gUo, Ug=gUg)
