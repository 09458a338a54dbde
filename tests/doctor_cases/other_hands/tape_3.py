import numpy as np


def one_hot(index, size):
    v = np.zeros((size, 1))
    v[index, 0] = 1.0
    return v


class LSTM:
    """Everything is a column vector. forward() pushes on self.tape, backward() pops from it."""

    def __init__(self, params):
        self.p = params
        self.vocab, self.hidden = params["V"].shape
        self.grads = {name: np.zeros(params[name].shape) for name in params.keys()}
        self.tape = []
        self.probs = []
        self.states = []

    @staticmethod
    def sigmoid(z):
        return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))

    def gate(self, name, x, h):
        return self.p["W" + name] @ h + self.p["U" + name] @ x

    def forward(self, tokens, h, c):
        self.states.append((h, c))
        for token in tokens:
            x = one_hot(token, self.vocab)
            it = self.sigmoid(self.gate("i", x, h))
            ft = self.sigmoid(self.gate("f", x, h))
            ot = self.sigmoid(self.gate("o", x, h))
            gt = np.tanh(self.gate("g", x, h))
            c = ft * c + it * gt
            ct = np.tanh(c)
            h = ot * ct
            self.tape.append((x, it, ft, ot, gt, ct))
            self.states.append((h, c))
            scores = self.p["V"] @ h
            e = np.exp(scores - scores.max())
            self.probs.append(e / e.sum())

    def accumulate(self, name, dz, x, h_prev):
        self.grads["W" + name] += dz @ h_prev.T
        self.grads["U" + name] += dz @ x.T

    def backward(self, targets):
        targets = list(targets)
        dh_next = np.zeros((self.hidden, 1))
        dc_next = np.zeros((self.hidden, 1))
        while self.tape:
            x, it, ft, ot, gt, ct = self.tape.pop()
            h, c = self.states.pop()
            h_prev, c_prev = self.states[-1]

            dscores = self.probs.pop()
            dscores -= one_hot(targets.pop(), self.vocab)
            self.grads["V"] += dscores @ h.T

            dh = self.p["V"].T @ dscores
            dh += dh_next
            dc = dh * ot
            dc *= 1 - ct ** 2
            dc += dc_next

            dzo = dh * ct * ot * (1 - ot)
            dzf = dc * c_prev * ft * (1 - ft)
            dzi = dc * gt * it * (1 - it)
            dzg = dc * it * (1 - gt ** 2)

            self.accumulate("o", dzo, x, h_prev)
            self.accumulate("f", dzf, x, h_prev)
            self.accumulate("i", dzi, x, h_prev)
            self.accumulate("g", dzg, x, h_prev)

            dh_next = self.p["Wo"].T @ dzo
            dh_next += self.p["Wf"].T @ dzf
            dh_next += self.p["Wi"].T @ dzi
            dh_next += self.p["Wg"].T @ dzg
            dc_next = dc * ft
        return self.grads


def backward(params, x, targets, h0=None, c0=None):
    net = LSTM(params)
    zero = np.zeros(net.hidden)
    h = zero if h0 is None else h0
    c = zero if c0 is None else c0
    net.forward(x, np.reshape(h, (-1, 1)), np.reshape(c, (-1, 1)))
    return net.backward(targets)
