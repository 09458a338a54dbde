"""A character LSTM as one script: globals, h and x in one column, dicts as caches, the state starts at zero."""

import numpy as np

import lstm_teach as lt

data = "hello hell hole heel hello lol"
chars = sorted(set(data))
to_ix = {ch: ix for ix, ch in enumerate(chars)}
hidden_size, vocab_size = 4, len(chars)
rng = np.random.RandomState(3)
z_size = hidden_size + vocab_size
Wf = rng.randn(hidden_size, z_size) * 0.6
bf = rng.randn(hidden_size, 1) * 0.3
Wi = rng.randn(hidden_size, z_size) * 0.6
bi = rng.randn(hidden_size, 1) * 0.3
Wc = rng.randn(hidden_size, z_size) * 0.6
bc = rng.randn(hidden_size, 1) * 0.3
Wo = rng.randn(hidden_size, z_size) * 0.6
bo = rng.randn(hidden_size, 1) * 0.3
Wy = rng.randn(vocab_size, hidden_size) * 0.6
by = rng.randn(vocab_size, 1) * 0.3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lossFun(inputs, targets, hprev, cprev):
    zs, f, i, cbar, c, o, hs, ps = {}, {}, {}, {}, {}, {}, {}, {}
    hs[-1], c[-1] = np.copy(hprev), np.copy(cprev)
    loss = 0
    for t in range(len(inputs)):
        x = np.zeros((vocab_size, 1))
        x[inputs[t]] = 1
        zs[t] = np.vstack((hs[t - 1], x))
        f[t] = sigmoid(np.dot(Wf, zs[t]) + bf)
        i[t] = sigmoid(np.dot(Wi, zs[t]) + bi)
        cbar[t] = np.tanh(np.dot(Wc, zs[t]) + bc)
        c[t] = f[t] * c[t - 1] + i[t] * cbar[t]
        o[t] = sigmoid(np.dot(Wo, zs[t]) + bo)
        hs[t] = o[t] * np.tanh(c[t])
        ys = np.dot(Wy, hs[t]) + by
        ps[t] = np.exp(ys) / np.sum(np.exp(ys))
        loss += -np.log(ps[t][targets[t], 0])
    dWf, dWi, dWc, dWo, dWy = map(np.zeros_like, (Wf, Wi, Wc, Wo, Wy))
    dbf, dbi, dbc, dbo, dby = map(np.zeros_like, (bf, bi, bc, bo, by))
    dhnext, dcnext = np.zeros_like(hs[0]), np.zeros_like(c[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Wy.T, dy) + dhnext
        do = dh * np.tanh(c[t]) * o[t] * (1 - o[t])
        dc = dh * o[t] * (1 - np.tanh(c[t]) ** 2) + dcnext
        dcbar = dc * i[t] * (1 - cbar[t] ** 2)
        di = dc * cbar[t] * i[t] * (1 - i[t])
        df = dc * c[t - 1] * f[t] * (1 - f[t])
        dWf += np.dot(df, zs[t].T)
        dWi += np.dot(di, zs[t].T)
        dWc += np.dot(dcbar, zs[t].T)
        dWo += np.dot(do, zs[t].T)
        dbf += df
        dbi += di
        dbc += dcbar
        dbo += do
        dz = np.dot(Wf.T, df) + np.dot(Wi.T, di) + np.dot(Wc.T, dcbar) + np.dot(Wo.T, do)
        dhnext = dz[:hidden_size]
        dcnext = f[t] * dc
    grads = [dWf, dbf, dWi, dbi, dWc, dbc, dWo, dbo, dWy, dby]
    return loss, *grads, hs[len(inputs) - 1]


names = ["Wf", "bf", "Wi", "bi", "Wc", "bc", "Wo", "bo", "Wy", "by"]


def both(T):
    inputs = [to_ix[ch] for ch in data[:T]]
    targets = [to_ix[ch] for ch in data[1 : T + 1]]
    zero = np.zeros((hidden_size, 1))
    return lossFun(inputs, targets, zero, zero)[:-1]


case = lt.case_of(globals(), names, both)
