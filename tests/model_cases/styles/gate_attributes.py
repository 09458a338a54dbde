"""A class with one array per gate, row vectors, lists that start with the initial state; softmax, summed."""

import numpy as np

import lstm_teach as lt


class CharLSTM:
    def __init__(self, n_in, n_hid, n_out):
        gen = np.random.default_rng(5)
        self.n_hid = n_hid
        for gate in "ifog":
            setattr(self, f"W_{gate}", gen.normal(0, 0.8, (n_in, n_hid)))
            setattr(self, f"U_{gate}", gen.normal(0, 0.7, (n_hid, n_hid)))
            setattr(self, f"b_{gate}", gen.normal(0, 0.4, n_hid))
        self.V = gen.normal(0, 0.8, (n_hid, n_out))
        self.d = gen.normal(0, 0.4, n_out)
        self.h_init, self.c_init = gen.normal(0, 0.5, (2, n_hid))

    def act(self, a):
        return 1 / (1 + np.exp(-a))

    def forward(self, X, Y):
        self.h, self.c = [self.h_init], [self.c_init]
        self.i, self.f, self.o, self.g, self.p = [], [], [], [], []
        total = 0.0
        for x, y in zip(X, Y):
            h, c = self.h[-1], self.c[-1]
            self.i.append(self.act(x @ self.W_i + h @ self.U_i + self.b_i))
            self.f.append(self.act(x @ self.W_f + h @ self.U_f + self.b_f))
            self.o.append(self.act(x @ self.W_o + h @ self.U_o + self.b_o))
            self.g.append(np.tanh(x @ self.W_g + h @ self.U_g + self.b_g))
            self.c.append(self.f[-1] * c + self.i[-1] * self.g[-1])
            self.h.append(self.o[-1] * np.tanh(self.c[-1]))
            e = np.exp(self.h[-1] @ self.V + self.d)
            self.p.append(e / e.sum())
            total -= np.log(self.p[-1][y])
        return total

    def bptt(self, X, Y):
        self.forward(X, Y)
        grads = {name: np.zeros_like(getattr(self, name)) for name in names}
        dh_next, dc_next = np.zeros(self.n_hid), np.zeros(self.n_hid)
        for t in reversed(range(len(X))):
            i, f, o, g = self.i[t], self.f[t], self.o[t], self.g[t]
            h_prev, c_prev, h, c = self.h[t], self.c[t], self.h[t + 1], self.c[t + 1]
            dy = self.p[t].copy()
            dy[Y[t]] -= 1
            grads["V"] += np.outer(h, dy)
            grads["d"] += dy
            dh = self.V @ dy + dh_next
            dc = dh * o * (1 - np.tanh(c) ** 2) + dc_next
            dz_o = dh * np.tanh(c) * o * (1 - o)
            dz_f = dc * c_prev * f * (1 - f)
            dz_i = dc * g * i * (1 - i)
            dz_g = dc * i * (1 - g**2)
            grads["W_i"] += np.outer(X[t], dz_i)
            grads["W_f"] += np.outer(X[t], dz_f)
            grads["W_o"] += np.outer(X[t], dz_o)
            grads["W_g"] += np.outer(X[t], dz_g)
            grads["U_i"] += np.outer(h_prev, dz_i)
            grads["U_f"] += np.outer(h_prev, dz_f)
            grads["U_o"] += np.outer(h_prev, dz_o)
            grads["U_g"] += np.outer(h_prev, dz_g)
            grads["b_i"] += dz_i
            grads["b_f"] += dz_f
            grads["b_o"] += dz_o
            grads["b_g"] += dz_g
            dh_next = self.U_i @ dz_i + self.U_f @ dz_f + self.U_o @ dz_o + self.U_g @ dz_g
            dc_next = dc * f
        return grads


net = CharLSTM(3, 4, 5)
names = [f"{kind}_{gate}" for gate in "ifog" for kind in "WUb"] + ["V", "d"]
gen = np.random.default_rng(8)
xs, ys = gen.normal(size=(40, 3)), gen.integers(0, 5, 40)
case = lt.case_of(net, names, lambda T: net.forward(xs[:T], ys[:T]), lambda T: net.bptt(xs[:T], ys[:T]))
