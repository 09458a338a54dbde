import numpy as np


def sig(a):
    return 1.0 / (1.0 + np.exp(-a))


class LSTM:
    """Remembers what the forward pass computed; gradients live in self.grads."""

    def __init__(self, params):
        self.p = params
        self.grads = {}
        for key, value in params.items():
            self.grads[key] = np.zeros(value.shape)
        self.saved = []

    def forward(self, tokens, h, c):
        for tok in tokens:
            h_prev, c_prev = h, c
            i = sig(self.p.Wi @ h + self.p.Ui[:, tok])
            f = sig(self.p.Wf @ h + self.p.Uf[:, tok])
            o = sig(self.p.Wo @ h + self.p.Uo[:, tok])
            g = np.tanh(self.p.Wg @ h + self.p.Ug[:, tok])
            c = f * c + i * g
            h = o * np.tanh(c)
            e = np.exp(self.p.V @ h)
            self.saved.append((tok, h_prev, c_prev, i, f, o, g, c, h, e / e.sum()))

    def backward(self, labels):
        # go through the saved steps from the last one
        dh_next = np.zeros(self.p.hidden_size)
        dc_next = np.zeros(self.p.hidden_size)
        for label, step in zip(reversed(labels), reversed(self.saved)):
            dh_next, dc_next = self.backward_step(label, step, dh_next, dc_next)
        return self.grads

    def backward_step(self, label, step, dh_next, dc_next):
        tok, h_prev, c_prev, i, f, o, g, c, h, prob = step
        dlogit = prob.copy()
        dlogit[label] -= 1
        self.grads["V"] += np.outer(dlogit, h)
        dh = self.p.V.T @ dlogit + dh_next
        tanh_c = np.tanh(c)
        dc = dc_next + dh * o * (1 - tanh_c**2)
        dzi = dc * g * i * (1 - i)
        dzf = dc * c_prev * f * (1 - f)
        dzo = dh * tanh_c * o * (1 - o)
        dzg = dc * i * (1 - g**2)
        dh_prev = np.zeros_like(dh)
        for name, dz in (("i", dzi), ("f", dzf), ("o", dzo), ("g", dzg)):
            self.grads["W" + name] += np.outer(dz, h_prev)
            self.grads["U" + name][:, tok] += dz
            dh_prev += self.p["W" + name].T @ dz
        return dh_prev, dc * f


def lstm_gradients(params, x, targets, h0=None, c0=None):
    zero = np.zeros(params.hidden_size)
    net = LSTM(params)
    net.forward(list(x), zero if h0 is None else h0, zero if c0 is None else c0)
    return net.backward(list(targets))
