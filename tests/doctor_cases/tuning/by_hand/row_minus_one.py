import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm(params, x, targets):
    T, H = len(x), params.hidden_size
    i, f, o, g = (np.zeros((T, H)) for _ in range(4))
    h, c = np.zeros((T, H)), np.zeros((T, H))
    y = np.zeros((T, params.vocab_size))
    hp, cp = np.ones(H) * 0.0, np.zeros(H)
    for t in range(T):
        i[t] = sigmoid(params.Ui[:, x[t]] + params.Wi @ hp)
        f[t] = sigmoid(params.Uf[:, x[t]] + params.Wf @ hp)
        o[t] = sigmoid(params.Uo[:, x[t]] + params.Wo @ hp)
        g[t] = np.tanh(params.Ug[:, x[t]] + params.Wg @ hp)
        c[t] = f[t] * cp + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        y[t] = np.exp(params.V @ h[t]) / np.exp(params.V @ h[t]).sum()
        hp, cp = h[t], c[t]
    grads = [np.zeros_like(m) for m in params.values()]
    dhn, dcn = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        hp, cp = h[t - 1], c[t - 1]
        dy = y[t]
        dy[targets[t]] -= 1
        grads[0] += np.outer(dy, h[t])
        dh = params.V.T @ dy + dhn
        dc = dh * o[t] * (1 - np.tanh(c[t]) ** 2) + dcn
        zi = dc * g[t] * i[t] * (1 - i[t])
        zf = dc * cp * f[t] * (1 - f[t])
        zo = dh * np.tanh(c[t]) * o[t] * (1 - o[t])
        zg = dc * i[t] * (1 - g[t] ** 2)
        for k, z in enumerate((zi, zf, zo, zg)):
            grads[1 + k] += np.outer(z, hp)
            grads[5 + k][:, x[t]] += z
        dhn = params.Wi.T @ zi + params.Wf.T @ zf + params.Wo.T @ zo + params.Wg.T @ zg
        dcn = f[t] * dc
    return grads
