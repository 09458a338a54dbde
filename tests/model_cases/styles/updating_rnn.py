"""An RNN whose step makes its update at once; the gradient is read off what the update did."""

import numpy as np

import lstm_teach as lt


class RNN:
    def __init__(self):
        rng = np.random.RandomState(11)
        self.Wxh = rng.randn(5, 3) * 0.7
        self.Whh = rng.randn(5, 5) * 0.6
        self.bh = rng.randn(5) * 0.3
        self.Why = rng.randn(2, 5) * 0.7
        self.by = rng.randn(2) * 0.3

    def forward(self, xs, ys):
        self.h = np.zeros((len(xs) + 1, 5))
        self.err = np.zeros((len(xs), 2))
        for t in range(len(xs)):
            self.h[t] = np.tanh(self.Wxh @ xs[t] + self.Whh @ self.h[t - 1] + self.bh)
            self.err[t] = self.Why @ self.h[t] + self.by - ys[t]
        return 0.5 * np.sum(self.err**2)

    def train_step(self, xs, ys, lr):
        self.forward(xs, ys)
        T = len(xs)
        dWxh, dWhh, dbh = np.zeros((5, 3)), np.zeros((5, 5)), np.zeros(5)
        dWhy, dby = np.zeros((2, 5)), np.zeros(2)
        dnext = np.zeros(5)
        for t in range(T - 1, -1, -1):
            dWhy += np.outer(self.err[t], self.h[t])
            dby += self.err[t]
            dh = self.Why.T @ self.err[t] + dnext
            dz = dh * (1 - self.h[t] ** 2)
            dWxh += np.outer(dz, xs[t])
            dWhh += np.outer(dz, self.h[t - 1])
            dbh += dz
            dnext = self.Whh.T @ dz
        self.Wxh -= lr * dWxh
        self.Whh -= lr * dWhh
        self.bh -= lr * dbh
        self.Why -= lr * dWhy
        self.by -= lr * dby


net = RNN()
names = ["Wxh", "Whh", "bh", "Why", "by"]
rng = np.random.RandomState(12)
xs, ys = rng.randn(40, 3), rng.randn(40, 2)


def gradient(T):
    before = {name: getattr(net, name).copy() for name in names}
    net.train_step(xs[:T], ys[:T], lr=1.0)
    return {name: before[name] - getattr(net, name) for name in names}


case = lt.case_of(net, names, lambda T: net.forward(xs[:T], ys[:T]), gradient)
