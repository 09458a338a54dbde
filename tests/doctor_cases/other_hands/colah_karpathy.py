"""
LSTM backprop in the notation of http://colah.github.io/posts/2015-08-Understanding-LSTMs/
    z_t = [h_{t-1}, x_t]
    f_t = sigmoid(W_f z_t)   i_t = sigmoid(W_i z_t)   o_t = sigmoid(W_o z_t)
    C_bar_t = tanh(W_C z_t)
    C_t = f_t * C_{t-1} + i_t * C_bar_t,   h_t = o_t * tanh(C_t)
Everything is a column vector, structure borrowed from @karpathy's min-char-rnn.
"""
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def dsigmoid(y):
    # y is sigmoid(x)
    return y * (1 - y)


def dtanh(y):
    # y is tanh(x)
    return 1 - y * y


class Param:
    def __init__(self, value):
        self.v = value  # parameter value
        self.d = np.zeros_like(value)  # derivative


def forward_step(idx, h_prev, C_prev, W_f, W_i, W_C, W_o, W_v):
    x = np.zeros((W_v.v.shape[0], 1))
    x[idx] = 1
    z = np.vstack((h_prev, x))
    f = sigmoid(np.dot(W_f.v, z))
    i = sigmoid(np.dot(W_i.v, z))
    C_bar = np.tanh(np.dot(W_C.v, z))
    C = f * C_prev + i * C_bar
    o = sigmoid(np.dot(W_o.v, z))
    h = o * np.tanh(C)
    v = np.dot(W_v.v, h)
    y = np.exp(v - v.max()) / np.sum(np.exp(v - v.max()))
    return z, f, i, C_bar, C, o, h, y


def backward_step(target, dh_next, dC_next, C_prev, cache, W_f, W_i, W_C, W_o, W_v):
    z, f, i, C_bar, C, o, h, y = cache
    H = h.shape[0]

    dv = np.copy(y)
    dv[target] -= 1
    W_v.d += np.dot(dv, h.T)

    dh = np.dot(W_v.v.T, dv)
    dh += dh_next
    do = dh * np.tanh(C)
    do = dsigmoid(o) * do
    W_o.d += np.dot(do, z.T)

    dC = np.copy(dC_next)
    dC += dh * o * dtanh(np.tanh(C))
    dC_bar = dC * i
    dC_bar = dtanh(C_bar) * dC_bar
    W_C.d += np.dot(dC_bar, z.T)

    di = dC * C_bar
    di = dsigmoid(i) * di
    W_i.d += np.dot(di, z.T)

    df = dC * C_prev
    df = dsigmoid(f) * df
    W_f.d += np.dot(df, z.T)

    dz = (np.dot(W_f.v.T, df)
          + np.dot(W_i.v.T, di)
          + np.dot(W_C.v.T, dC_bar)
          + np.dot(W_o.v.T, do))
    dh_prev = dz[:H]
    dC_prev = f * dC
    return dh_prev, dC_prev


def backward(params, x, targets, h0=None, c0=None):
    K, H = params.V.shape
    W_f, W_i, W_C, W_o = [Param(np.hstack((params["W" + k], params["U" + k]))) for k in "figo"]
    W_v = Param(np.array(params.V))
    weights = (W_f, W_i, W_C, W_o, W_v)

    h_prev = np.zeros((H, 1)) if h0 is None else np.reshape(h0, (H, 1))
    C = {-1: np.zeros((H, 1)) if c0 is None else np.reshape(c0, (H, 1))}
    caches = {}
    for t in range(len(x)):
        caches[t] = forward_step(x[t], h_prev, C[t - 1], *weights)
        C[t], h_prev = caches[t][4], caches[t][6]

    dh_next = np.zeros((H, 1))
    dC_next = np.zeros((H, 1))
    for t in reversed(range(len(x))):
        dh_next, dC_next = backward_step(targets[t], dh_next, dC_next, C[t - 1], caches[t], *weights)

    # split the stacked matrices again
    grads = {"V": W_v.d}
    for k, W in zip("figo", weights):
        grads["W" + k] = W.d[:, :H]
        grads["U" + k] = W.d[:, H:]
    return grads
