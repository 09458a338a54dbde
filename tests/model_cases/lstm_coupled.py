"""LSTM with coupled gates, f = 1 - i, one matrix for each gate; cross-entropy averaged over the steps; tokens."""

import numpy as np


def logistic(z):
    return 1.0 / (1.0 + np.exp(-z))


class Net:
    hidden, vocab = 4, 6

    def __init__(self, T):
        self.rng = np.random.default_rng(T + 3)
        self.tokens = self.rng.integers(0, self.vocab, T)
        self.targets = self.rng.integers(0, self.vocab, T)
        self.h0, self.c0 = self.rng.normal(size=(2, self.hidden)) / 2

    def init(self):
        H, K = self.hidden, self.vocab
        shapes = {"V": (K, H)}
        for gate in "iog":
            shapes["W" + gate], shapes["U" + gate], shapes["b" + gate] = (H, H), (H, K), (H,)
        return {k: self.rng.normal(0, 0.7, s) for k, s in shapes.items()}

    def forward(self, p):
        T = len(self.tokens)
        self.i, self.o, self.g, self.c, self.h = (np.zeros((T + 1, self.hidden)) for _ in range(5))
        self.h[-1], self.c[-1] = self.h0, self.c0
        for t, x in enumerate(self.tokens):
            self.i[t] = logistic(p["Wi"] @ self.h[t - 1] + p["Ui"][:, x] + p["bi"])
            self.o[t] = logistic(p["Wo"] @ self.h[t - 1] + p["Uo"][:, x] + p["bo"])
            self.g[t] = np.tanh(p["Wg"] @ self.h[t - 1] + p["Ug"][:, x] + p["bg"])
            self.c[t] = (1 - self.i[t]) * self.c[t - 1] + self.i[t] * self.g[t]
            self.h[t] = self.o[t] * np.tanh(self.c[t])
        scores = self.h[:T] @ p["V"].T
        scores -= scores.max(axis=1, keepdims=True)
        self.y = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    def loss(self, p):
        self.forward(p)
        return -np.log(self.y[np.arange(len(self.targets)), self.targets]).mean()

    def gradient(self, p):
        self.forward(p)
        T = len(self.targets)
        dy = self.y.copy()
        dy[np.arange(T), self.targets] -= 1
        dy /= T
        grad = {k: np.zeros_like(v) for k, v in p.items()}
        grad["V"] = dy.T @ self.h[:T]
        carry_h, carry_c = np.zeros(self.hidden), np.zeros(self.hidden)
        for t in range(T)[::-1]:
            i, o, g = self.i[t], self.o[t], self.g[t]
            dh = p["V"].T @ dy[t] + carry_h
            dc = carry_c + dh * o * (1 - np.tanh(self.c[t]) ** 2)
            d = {
                "i": dc * (g - self.c[t - 1]) * i * (1 - i),
                "o": dh * np.tanh(self.c[t]) * o * (1 - o),
                "g": dc * i * (1 - g**2),
            }
            carry_h = np.zeros(self.hidden)
            for gate in "iog":
                grad["W" + gate] += np.outer(d[gate], self.h[t - 1])
                grad["U" + gate][:, self.tokens[t]] += d[gate]
                grad["b" + gate] += d[gate]
                carry_h += p["W" + gate].T @ d[gate]
            carry_c = dc * (1 - i)
        return grad


def case(T):
    net = Net(T)
    return net.init(), net.loss, net.gradient
