import numpy as np

sigmoid = lambda z: 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    Wf, Wi, Wc, Wo, Wy = parameters
    concat = np.concatenate((a_prev, xt), axis=0)
    ft = sigmoid(np.dot(Wf, concat))
    it = sigmoid(np.dot(Wi, concat))
    cct = np.tanh(np.dot(Wc, concat))
    ot = sigmoid(np.dot(Wo, concat))
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    yt = softmax(np.dot(Wy, a_next))
    return a_next, c_next, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, yt)


def lstm_cell_backward(da_next, dc_next, cache, parameters):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, yt) = cache
    Wf, Wi, Wc, Wo, Wy = parameters
    n_a = a_next.shape[0]
    dc_total = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dcct = dc_total * it * (1 - cct ** 2)
    dit = dc_total * cct * it * (1 - it)
    dft = dc_total * c_prev * ft * (1 - ft)
    concat = np.concatenate((a_prev, xt), axis=0)
    dWf = np.dot(dft, concat.T)
    dWi = np.dot(dit, concat.T)
    dWc = np.dot(dcct, concat.T)
    dWo = np.dot(dot, concat.T)
    da_prev = np.dot(Wf[:, :n_a].T, dft) + np.dot(Wi[:, :n_a].T, dit) + np.dot(Wc[:, :n_a].T, dcct) + np.dot(Wo[:, :n_a].T, dot)
    dc_prev = dc_total * ft
    return da_prev, dc_prev, (dWf, dWi, dWc, dWo)


def backward(params, x, targets, h0=None, c0=None):
    n_y, n_a = params.V.shape
    order = ("f", "i", "g", "o")
    parameters = tuple(np.hstack((params["W" + k], params["U" + k])) for k in order) + (params.V,)
    a = np.zeros((n_a, 1)) if h0 is None else np.reshape(h0, (n_a, 1))
    c = np.zeros((n_a, 1)) if c0 is None else np.reshape(c0, (n_a, 1))
    caches = []
    for t in range(len(x)):
        xt = np.zeros((n_y, 1))
        xt[x[t]] = 1
        a, c, cache = lstm_cell_forward(xt, a, c, parameters)
        caches.append(cache)
    gates = [np.zeros((n_a, n_a + n_y)) for _ in order]
    dV = np.zeros((n_y, n_a))
    da_prev, dc_prev = np.zeros((n_a, 1)), np.zeros((n_a, 1))
    for t in reversed(range(len(x))):
        dy = caches[t][-1].copy()
        dy[targets[t]] -= 1
        dV += np.dot(dy, caches[t][0].T)
        da = np.dot(params.V.T, dy) + da_prev
        da_prev, dc_prev, step = lstm_cell_backward(da, dc_prev, caches[t], parameters)
        for total, part in zip(gates, step):
            total += part
    grads = {"dV": dV}
    for k, total in zip(order, gates):
        grads["dW" + k] = total[:, :n_a]
        grads["dU" + k] = total[:, n_a:]
    return grads
