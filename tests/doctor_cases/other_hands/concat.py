import numpy as np
import lstm_teach as lt

sigmoid = lambda a: 1 / (1 + np.exp(-a))

def one_hot(idx, size):
    v = np.zeros((size, 1))
    v[idx] = 1
    return v

def softmax(s):
    e = np.exp(s - np.max(s))
    return e / np.sum(e)

def backward(params, x, targets):
    vocab, n_h = params.V.shape
    # one matrix per gate acting on z = [h; x]
    W_i, W_f, W_o, W_c = (np.hstack((params["W" + k], params["U" + k])) for k in "ifog")
    W_y = params.V

    hs, cs, zs, ys = {-1: np.zeros((n_h, 1))}, {-1: np.zeros((n_h, 1))}, {}, {}
    ig, fg, og, cb = {}, {}, {}, {}
    for t in range(len(x)):
        zs[t] = np.concatenate((hs[t-1], one_hot(x[t], vocab)))
        ig[t] = sigmoid(W_i @ zs[t])
        fg[t] = sigmoid(W_f @ zs[t])
        og[t] = sigmoid(W_o @ zs[t])
        cb[t] = np.tanh(W_c @ zs[t])
        cs[t] = fg[t] * cs[t-1] + ig[t] * cb[t]
        hs[t] = og[t] * np.tanh(cs[t])
        ys[t] = softmax(W_y @ hs[t])

    dW_i, dW_f, dW_o, dW_c, dW_y = (np.zeros_like(m) for m in (W_i, W_f, W_o, W_c, W_y))
    dh_next, dc_next = np.zeros((n_h, 1)), np.zeros((n_h, 1))
    for t in reversed(range(len(x))):
        dy = ys[t] - one_hot(targets[t], vocab)
        dW_y += dy @ hs[t].T
        dh = W_y.T @ dy + dh_next

        d_og = dh * np.tanh(cs[t])
        d_og = og[t] * (1 - og[t]) * d_og
        dW_o += d_og @ zs[t].T

        dc = dc_next + dh * og[t] * (1 - np.tanh(cs[t]) ** 2)
        d_cb = dc * ig[t]
        d_cb = (1 - cb[t] ** 2) * d_cb
        dW_c += d_cb @ zs[t].T

        d_ig = dc * cb[t]
        d_ig = ig[t] * (1 - ig[t]) * d_ig
        dW_i += d_ig @ zs[t].T

        d_fg = dc * cs[t-1]
        d_fg = fg[t] * (1 - fg[t]) * d_fg
        dW_f += d_fg @ zs[t].T

        dz = W_f.T @ d_fg + W_i.T @ d_ig + W_c.T @ d_cb + W_o.T @ d_og
        dh_next = dz[:n_h]
        dc_next = fg[t] * dc

    out = {"dV": dW_y}
    for k, d in zip("ifog", (dW_i, dW_f, dW_o, dW_c)):
        out["dW" + k], out["dU" + k] = d[:, :n_h], d[:, n_h:]
    return out
