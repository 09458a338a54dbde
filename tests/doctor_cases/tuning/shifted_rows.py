import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def bptt(params, x, targets, h0=None, c0=None):
    """Own forward pass; h[0] and c[0] are the initial state, h[t + 1] belongs to token t."""
    n_steps, n_hidden, n_vocab = len(x), params.hidden_size, params.vocab_size
    h = np.zeros((n_steps + 1, n_hidden))
    c = np.zeros((n_steps + 1, n_hidden))
    h[0] = 0 if h0 is None else h0
    c[0] = 0 if c0 is None else c0
    gates = np.zeros((n_steps, 4, n_hidden))
    prob = np.zeros((n_steps, n_vocab))
    for t in range(n_steps):
        pre = (params.W @ h[t]).reshape(4, n_hidden) + params.U[:, x[t]].reshape(4, n_hidden)
        gates[t, :3] = sigmoid(pre[:3])
        gates[t, 3] = np.tanh(pre[3])
        i, f, o, g = gates[t]
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])
        logits = params.V @ h[t + 1]
        prob[t] = np.exp(logits) / np.exp(logits).sum()

    # backward
    delta = prob.copy()
    delta[range(n_steps), targets] -= 1
    grad_V = delta.T @ h[1:]
    grad_W = np.zeros((4, n_hidden, n_hidden))
    grad_U = np.zeros((4, n_hidden, n_vocab))
    dh = np.zeros(n_hidden)
    dc = np.zeros(n_hidden)
    for t in reversed(range(n_steps)):
        i, f, o, g = gates[t]
        tanh_c = np.tanh(c[t + 1])
        dh += params.V.T @ delta[t]
        dc += dh * o * (1 - tanh_c**2)
        dgates = np.array([dc * g, dc * c[t], dh * tanh_c, dc * i])
        dpre = dgates * gates[t] * (1 - gates[t])
        dpre[3] = dgates[3] * (1 - g**2)
        grad_W += dpre[:, :, None] * h[t]
        grad_U[:, :, x[t]] += dpre
        dh = params.W.T @ dpre.ravel()
        dc *= f
    grads = {"V": grad_V}
    for k, name in enumerate("ifog"):
        grads[f"W{name}"] = grad_W[k]
        grads[f"U{name}"] = grad_U[k]
    return grads
