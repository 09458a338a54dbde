# LSTM backward pass, done after the well known blog post "LSTM Forward and Backward Pass".
# Same symbols as in the post:
#   a_t = input activation (others call it g), *_hat = before the nonlinearity,
#   I_t = [x_t ; h_{t-1}],   z_t = W I_t   with the blocks a, i, f, o on top of each other
import numpy as np


def sigmoid(x):
    return 1. / (1. + np.exp(-x))


def stack_weights(params):
    return np.vstack([
        np.hstack([params["Ug"], params["Wg"]]),    # a
        np.hstack([params["Ui"], params["Wi"]]),    # i
        np.hstack([params["Uf"], params["Wf"]]),    # f
        np.hstack([params["Uo"], params["Wo"]]),    # o
    ])


def forward_step(W, x_t, h_prev, c_prev):
    I_t = np.concatenate([x_t, h_prev])
    a_hat, i_hat, f_hat, o_hat = np.split(np.dot(W, I_t), 4)
    a_t = np.tanh(a_hat)
    i_t = sigmoid(i_hat)
    f_t = sigmoid(f_hat)
    o_t = sigmoid(o_hat)
    c_t = i_t * a_t + f_t * c_prev
    h_t = o_t * np.tanh(c_t)
    return h_t, c_t, (I_t, a_t, i_t, f_t, o_t, c_t, c_prev)


def backward_step(W, d_h, d_c_next, cache, n_in):
    I_t, a_t, i_t, f_t, o_t, c_t, c_prev = cache
    # h_t = o_t * tanh(c_t)
    d_o = d_h * np.tanh(c_t)
    d_c = d_h * o_t * (1 - np.tanh(c_t) ** 2)
    d_c += d_c_next
    # c_t = i_t * a_t + f_t * c_{t-1}
    d_i = d_c * a_t
    d_f = d_c * c_prev
    d_a = d_c * i_t
    d_c_prev = d_c * f_t
    # through the nonlinearities
    d_a_hat = d_a * (1 - a_t ** 2)
    d_i_hat = d_i * i_t * (1 - i_t)
    d_f_hat = d_f * f_t * (1 - f_t)
    d_o_hat = d_o * o_t * (1 - o_t)
    d_z = np.concatenate([d_a_hat, d_i_hat, d_f_hat, d_o_hat])
    # z_t = W I_t
    d_I = np.dot(W.T, d_z)
    d_W = np.outer(d_z, I_t)
    return d_W, d_I[n_in:], d_c_prev


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    n_in, n_hid = V.shape
    W = stack_weights(params)
    h_t = np.zeros(n_hid) if h0 is None else h0
    c_t = np.zeros(n_hid) if c0 is None else c0

    # forward pass, remember everything
    hs, probs, caches = [], [], []
    for t in range(len(x)):
        x_t = np.zeros(n_in)
        x_t[x[t]] = 1
        h_t, c_t, cache = forward_step(W, x_t, h_t, c_t)
        y = np.dot(V, h_t)
        e = np.exp(y - np.max(y))
        hs.append(h_t)
        probs.append(e / np.sum(e))
        caches.append(cache)

    # backward pass
    d_W = np.zeros_like(W)
    d_V = np.zeros_like(V)
    d_h_next = np.zeros(n_hid)
    d_c_next = np.zeros(n_hid)
    for t in reversed(range(len(x))):
        d_y = probs[t].copy()
        d_y[targets[t]] -= 1
        d_V += np.outer(d_y, hs[t])
        d_h = np.dot(V.T, d_y) + d_h_next
        d_W_t, d_h_next, d_c_next = backward_step(W, d_h, d_c_next, caches[t], n_in)
        d_W += d_W_t        # W is shared by all time steps, so sum

    # take the big matrix apart again
    grads = {"V": d_V}
    for gate, block in zip("gifo", np.split(d_W, 4)):
        grads["U" + gate] = block[:, :n_in]
        grads["W" + gate] = block[:, n_in:]
    return grads
