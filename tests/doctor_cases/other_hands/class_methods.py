import numpy as np


class LSTMNetwork:
    """Single layer LSTM + softmax. Assignment 3."""

    def __init__(self, params):
        self.p = params
        self.hidden = params.hidden_size
        self.reset_gradients()

    def reset_gradients(self):
        self.grads = {}
        for name, mat in self.p.items():
            self.grads[name] = np.zeros(mat.shape)

    @staticmethod
    def sigmoid(z):
        return 1.0 / (1.0 + np.exp(-z))

    @staticmethod
    def softmax(z):
        z = np.exp(z - z.max())
        return z / z.sum()

    def forward(self, x):
        self.x = x
        self.T = len(x)
        self.I, self.F, self.O, self.G = [], [], [], []
        self.C = [np.zeros(self.hidden)]      # C[t+1] is the cell after step t
        self.Hs = [np.zeros(self.hidden)]
        self.Y = []
        for t in range(self.T):
            h = self.Hs[-1]
            self.I.append(self.sigmoid(self.p.Ui[:, x[t]] + self.p.Wi.dot(h)))
            self.F.append(self.sigmoid(self.p.Uf[:, x[t]] + self.p.Wf.dot(h)))
            self.O.append(self.sigmoid(self.p.Uo[:, x[t]] + self.p.Wo.dot(h)))
            self.G.append(np.tanh(self.p.Ug[:, x[t]] + self.p.Wg.dot(h)))
            self.C.append(self.F[t] * self.C[t] + self.I[t] * self.G[t])
            self.Hs.append(self.O[t] * np.tanh(self.C[t + 1]))
            self.Y.append(self.softmax(self.p.V.dot(self.Hs[t + 1])))

    def accumulate(self, gate, t, delta):
        self.grads["W" + gate] += np.outer(delta, self.Hs[t])
        self.grads["U" + gate][:, self.x[t]] += delta

    def output_delta(self, t, target):
        delta = self.Y[t].copy()
        delta[target] -= 1.0
        self.grads["V"] += np.outer(delta, self.Hs[t + 1])
        return self.p.V.T.dot(delta)

    def backward(self, targets):
        self.reset_gradients()
        dh_next = np.zeros(self.hidden)
        dc_next = np.zeros(self.hidden)
        for t in range(self.T - 1, -1, -1):
            dh = self.output_delta(t, targets[t]) + dh_next
            tanh_c = np.tanh(self.C[t + 1])
            dc = dc_next + dh * self.O[t] * (1 - tanh_c ** 2)

            delta_o = dh * tanh_c * self.O[t] * (1 - self.O[t])
            delta_i = dc * self.G[t] * self.I[t] * (1 - self.I[t])
            delta_f = dc * self.C[t] * self.F[t] * (1 - self.F[t])
            delta_g = dc * self.I[t] * (1 - self.G[t] ** 2)

            self.accumulate("i", t, delta_i)
            self.accumulate("f", t, delta_f)
            self.accumulate("o", t, delta_o)
            self.accumulate("g", t, delta_g)

            dh_next = (
                self.p.Wi.T.dot(delta_i)
                + self.p.Wf.T.dot(delta_f)
                + self.p.Wo.T.dot(delta_o)
                + self.p.Wg.T.dot(delta_g)
            )
            dc_next = dc * self.F[t]
        return self.grads


def backward(params, x, targets):
    net = LSTMNetwork(params)
    net.forward(x)
    return net.backward(targets)
