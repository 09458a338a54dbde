# ## LSTM from scratch - NumPy only! (upvote if this helped :)
import numpy as np

sigmoid = lambda a: 1 / (1 + np.exp(-a))


def lstm_cell_forward(xt, a_prev, c_prev, W):
    """xt: (1, K), a_prev / c_prev: (1, H), W: (H + K, 4H) -- gate order is f, i, g, o"""
    concat = np.hstack([a_prev, xt])
    H = a_prev.shape[1]
    z = concat @ W
    ft = sigmoid(z[:, :H])
    it = sigmoid(z[:, H:2 * H])
    cct = np.tanh(z[:, 2 * H:3 * H])
    ot = sigmoid(z[:, 3 * H:])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    return a_next, c_next, (concat, c_prev, c_next, ft, it, cct, ot)


def lstm_cell_backward(da_next, dc_next, cell_cache, W):
    concat, c_prev, c_next, ft, it, cct, ot = cell_cache
    H = ft.shape[1]
    tanh_c = np.tanh(c_next)
    dot = da_next * tanh_c * ot * (1 - ot)
    dc = dc_next + da_next * ot * (1 - tanh_c ** 2)
    dft = dc * c_prev * ft * (1 - ft)
    dit = dc * cct * it * (1 - it)
    dcct = dc * it * (1 - cct ** 2)
    dz = np.concatenate([dft, dit, dcct, dot], axis=1)
    dW = concat.T @ dz
    dconcat = dz @ W.T
    return dconcat[:, :H], dc * ft, dW


def backward(params, x, targets):
    H, K = params["Ui"].shape
    T = len(x)
    # one big matrix for everything, much faster
    gates = ["f", "i", "g", "o"]
    W = np.vstack([np.hstack([params["W" + k].T for k in gates]),
                   np.hstack([params["U" + k].T for k in gates])])
    onehot = np.eye(K)[list(x)]
    a, c = np.zeros((1, H)), np.zeros((1, H))
    caches, hs, probs = [], [], []
    for t in range(T):
        a, c, cache = lstm_cell_forward(onehot[t:t + 1], a, c, W)
        logits = a @ params["V"].T
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        probs.append(p / p.sum(axis=1, keepdims=True))
        caches.append(cache)
        hs.append(a)
    # time to backprop
    dlogits = np.concatenate(probs, axis=0)
    dlogits[np.arange(T), list(targets)] -= 1
    grads = {"dV": dlogits.T @ np.concatenate(hs, axis=0)}
    dW = np.zeros_like(W)
    da, dc = np.zeros((1, H)), np.zeros((1, H))
    for t in reversed(range(T)):
        da = da + dlogits[t:t + 1] @ params["V"]
        da, dc, dW_t = lstm_cell_backward(da, dc, caches[t], W)
        dW += dW_t
    for n, k in enumerate(gates):
        block = dW[:, n * H:(n + 1) * H]
        grads["dW" + k] = block[:H].T
        grads["dU" + k] = block[H:].T
    return grads
