import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def one_hot(k, size):
    v = np.zeros(size)
    v[k] = 1
    return v


def backward(params, inputs, targets, h0=None, c0=None):
    H, K = params.hidden_size, params.vocab_size
    # one big matrix acting on [h, x]; rows: forget, input, candidate, output
    W = np.vstack([
        np.hstack([params.Wf, params.Uf]),
        np.hstack([params.Wi, params.Ui]),
        np.hstack([params.Wg, params.Ug]),
        np.hstack([params.Wo, params.Uo]),
    ])
    Wy = params.V

    h = np.zeros(H) if h0 is None else np.array(h0, dtype=float)
    c = np.zeros(H) if c0 is None else np.array(c0, dtype=float)
    caches = []
    for token in inputs:
        hx = np.concatenate([h, one_hot(token, K)])
        z = W @ hx
        a = sigmoid(z)
        a[2*H:3*H] = np.tanh(z[2*H:3*H])
        c_old = c
        c = a[:H] * c_old + a[H:2*H] * a[2*H:3*H]
        tanh_c = np.tanh(c)
        h = a[3*H:] * tanh_c
        logits = Wy @ h
        prob = np.exp(logits - logits.max())
        prob /= prob.sum()
        caches.append((hx, a, c_old, tanh_c, h, prob))

    dW = np.zeros_like(W)
    dWy = np.zeros_like(Wy)
    dh_in = np.zeros(H)
    dc_in = np.zeros(H)
    for t in range(len(inputs) - 1, -1, -1):
        hx, a, c_old, tanh_c, h, prob = caches[t]
        f, i, g, o = a[:H], a[H:2*H], a[2*H:3*H], a[3*H:]
        dlogits = prob - one_hot(targets[t], K)
        dWy += np.outer(dlogits, h)
        dh = Wy.T @ dlogits + dh_in
        dc = dc_in + dh * o * (1 - tanh_c * tanh_c)

        slope = a * (1 - a)
        slope[2*H:3*H] = 1 - g * g
        da = np.empty(4 * H)
        da[:H] = dc * c_old
        da[H:2*H] = dc * g
        da[2*H:3*H] = dc * i
        da[3*H:] = dh * tanh_c
        dz = da * slope

        dW += np.outer(dz, hx)
        dhx = W.T @ dz
        dh_in = dhx[:H]
        dc_in = dc * f

    out = {"V": dWy}
    for row, gate in enumerate("figo"):
        block = dW[row*H:(row+1)*H]
        out["W" + gate] = block[:, :H]
        out["U" + gate] = block[:, H:]
    return out
