"""An LSTM for series, a batch in rows, kernels as in a framework, error averaged over everything, biases everywhere."""

import numpy as np

N, D, U, O = 4, 2, 3, 2


class Cell:
    def __init__(self, seed):
        g = np.random.default_rng(seed)
        self.kernel = g.normal(0, 0.8, (D, 4 * U))
        self.recurrent = g.normal(0, 0.7, (U, 4 * U))
        self.bias = g.normal(0, 0.4, 4 * U)
        self.dense = g.normal(0, 0.9, (U, O))
        self.dense_bias = g.normal(0, 0.4, O)

    def __call__(self, X):
        T = X.shape[1]
        self.h, self.c = np.zeros((T + 1, N, U)), np.zeros((T + 1, N, U))
        self.gates = np.zeros((T, N, 4 * U))
        for t in range(T):
            z = X[:, t] @ self.kernel + self.h[t] @ self.recurrent + self.bias
            s = 1 / (1 + np.exp(-z))
            s[:, 2 * U : 3 * U] = np.tanh(z[:, 2 * U : 3 * U])
            self.gates[t] = s
            i, f, g, o = np.split(s, 4, axis=1)
            self.c[t + 1] = f * self.c[t] + i * g
            self.h[t + 1] = o * np.tanh(self.c[t + 1])
        return self.h[1:] @ self.dense + self.dense_bias

    def grads(self, X, Y):
        pred = self(X)
        T = X.shape[1]
        d = 2 * (pred - Y) / Y.size
        self.d_kernel, self.d_recurrent = np.zeros_like(self.kernel), np.zeros_like(self.recurrent)
        self.d_bias = np.zeros_like(self.bias)
        self.d_dense = np.tensordot(self.h[1:], d, axes=((0, 1), (0, 1)))
        self.d_dense_bias = d.sum(axis=(0, 1))
        dh, dc = np.zeros((N, U)), np.zeros((N, U))
        for t in range(T - 1, -1, -1):
            i, f, g, o = np.split(self.gates[t], 4, axis=1)
            dh = dh + d[t] @ self.dense.T
            tanh_c = np.tanh(self.c[t + 1])
            dc = dc + dh * o * (1 - tanh_c**2)
            dz = np.concatenate(
                [dc * g * i * (1 - i), dc * self.c[t] * f * (1 - f), dc * i * (1 - g**2), dh * tanh_c * o * (1 - o)], 1
            )
            self.d_kernel += X[:, t].T @ dz
            self.d_recurrent += self.h[t].T @ dz
            self.d_bias += dz.sum(axis=0)
            dh = dz @ self.recurrent.T
            dc = dc * f


def case(T):
    cell, rng = Cell(T), np.random.default_rng(50 + T)
    X, Y = rng.normal(size=(N, T, D)), rng.normal(size=(T, N, O))
    names = ["kernel", "recurrent", "bias", "dense", "dense_bias"]

    def hand_over(p):
        for name in names:
            setattr(cell, name, p[name])

    def loss(p):
        hand_over(p)
        return ((cell(X) - Y) ** 2).mean()

    def gradient(p):
        hand_over(p)
        cell.grads(X, Y)
        return {name: getattr(cell, "d_" + name) for name in names}

    return {name: getattr(cell, name).copy() for name in names}, loss, gradient
