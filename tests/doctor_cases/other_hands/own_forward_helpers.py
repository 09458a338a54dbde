import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def dsigmoid(z):
    """Derivative with respect to the pre-activation z."""
    s = sigmoid(z)
    return s * (1 - s)


def dtanh(z):
    return 1 - np.tanh(z) ** 2


def softmax(v):
    e = np.exp(v - np.max(v))
    return e / np.sum(e)


def forward(p, x, h0, c0):
    T, H = len(x), p.hidden_size
    net_i = np.zeros((T, H))
    net_f = np.zeros((T, H))
    net_o = np.zeros((T, H))
    net_g = np.zeros((T, H))
    c = np.zeros((T + 1, H))
    h = np.zeros((T + 1, H))
    y = np.zeros((T, p.vocab_size))
    if h0 is not None:
        h[-1] = h0
    if c0 is not None:
        c[-1] = c0
    for t in range(T):
        net_i[t] = p.Ui[:, x[t]] + np.matmul(p.Wi, h[t - 1])
        net_f[t] = p.Uf[:, x[t]] + np.matmul(p.Wf, h[t - 1])
        net_o[t] = p.Uo[:, x[t]] + np.matmul(p.Wo, h[t - 1])
        net_g[t] = p.Ug[:, x[t]] + np.matmul(p.Wg, h[t - 1])
        c[t] = sigmoid(net_f[t]) * c[t - 1] + sigmoid(net_i[t]) * np.tanh(net_g[t])
        h[t] = sigmoid(net_o[t]) * np.tanh(c[t])
        y[t] = softmax(np.matmul(p.V, h[t]))
    return net_i, net_f, net_o, net_g, c, h, y


def backward(params, x, targets, h0=None, c0=None):
    net_i, net_f, net_o, net_g, c, h, y = forward(params, x, h0, c0)
    T, H = len(x), params.hidden_size

    dV = np.zeros_like(params.V)
    dWi, dWf = np.zeros_like(params.Wi), np.zeros_like(params.Wf)
    dWo, dWg = np.zeros_like(params.Wo), np.zeros_like(params.Wg)
    dUi, dUf = np.zeros_like(params.Ui), np.zeros_like(params.Uf)
    dUo, dUg = np.zeros_like(params.Uo), np.zeros_like(params.Ug)

    grad_h = np.zeros((T + 1, H))
    grad_c = np.zeros((T + 1, H))
    for t in range(T)[::-1]:
        onehot = np.eye(params.vocab_size)[targets[t]]
        err = y[t] - onehot
        dV += np.outer(err, h[t])
        grad_h[t] += np.matmul(err, params.V)
        grad_c[t] += grad_h[t] * sigmoid(net_o[t]) * dtanh(c[t])

        dnet_o = grad_h[t] * np.tanh(c[t]) * dsigmoid(net_o[t])
        dnet_f = grad_c[t] * c[t - 1] * dsigmoid(net_f[t])
        dnet_i = grad_c[t] * np.tanh(net_g[t]) * dsigmoid(net_i[t])
        dnet_g = grad_c[t] * sigmoid(net_i[t]) * dtanh(net_g[t])

        dWi += np.outer(dnet_i, h[t - 1])
        dWf += np.outer(dnet_f, h[t - 1])
        dWo += np.outer(dnet_o, h[t - 1])
        dWg += np.outer(dnet_g, h[t - 1])
        dUi[:, x[t]] += dnet_i
        dUf[:, x[t]] += dnet_f
        dUo[:, x[t]] += dnet_o
        dUg[:, x[t]] += dnet_g

        if t > 0:
            grad_h[t - 1] = np.matmul(dnet_i, params.Wi) + np.matmul(dnet_f, params.Wf)
            grad_h[t - 1] += np.matmul(dnet_o, params.Wo) + np.matmul(dnet_g, params.Wg)
            grad_c[t - 1] = grad_c[t] * sigmoid(net_f[t])
    return [dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg]
