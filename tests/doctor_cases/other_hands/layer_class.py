"""Framework lover: a small class with forward and backward methods; recomputes the forward itself."""
import numpy as np


def sigm(a):
    return 1.0 / (1.0 + np.exp(-a))


class LstmLayer:
    def __init__(self, params):
        self.p = params
        self.H = params.hidden_size
        self.K = params.vocab_size
        self.tape = []
        self.grads = {name: np.zeros_like(value) for name, value in params.items()}

    def step(self, token, h_prev, c_prev):
        p = self.p
        i = sigm(p.Ui[:, token] + p.Wi @ h_prev)
        f = sigm(p.Uf[:, token] + p.Wf @ h_prev)
        o = sigm(p.Uo[:, token] + p.Wo @ h_prev)
        g = np.tanh(p.Ug[:, token] + p.Wg @ h_prev)
        c = f * c_prev + i * g
        tc = np.tanh(c)
        h = o * tc
        s = p.V @ h
        e = np.exp(s - s.max())
        self.tape.append((token, h_prev, c_prev, i, f, o, g, tc, h, e / e.sum()))
        return h, c

    def unstep(self, target, dh, dc):
        token, h_prev, c_prev, i, f, o, g, tc, h, prob = self.tape.pop()
        G = self.grads
        p = self.p
        ds = prob.copy()
        ds[target] -= 1
        G["V"] += np.outer(ds, h)
        dh = dh + p.V.T @ ds
        do = dh * tc
        dc = dc + dh * o * (1 - tc ** 2)
        dzi = dc * g * i * (1 - i)
        dzf = dc * c_prev * f * (1 - f)
        dzo = do * o * (1 - o)
        dzg = dc * i * (1 - g ** 2)
        dh_prev = np.zeros(self.H)
        for name, dz in (("i", dzi), ("f", dzf), ("o", dzo), ("g", dzg)):
            G["W" + name] += np.outer(dz, h_prev)
            G["U" + name][:, token] += dz
            dh_prev += p["W" + name].T @ dz
        dc_prev = f * dc
        return dh_prev, dc_prev


def backward(params, x, targets, h0=None, c0=None):
    layer = LstmLayer(params)
    h = np.zeros(layer.H) if h0 is None else np.asarray(h0, float)
    c = np.zeros(layer.H) if c0 is None else np.asarray(c0, float)
    for token in x:
        h, c = layer.step(token, h, c)
    dh = np.zeros(layer.H)
    dc = np.zeros(layer.H)
    for target in reversed(list(targets)):
        dh, dc = layer.unstep(target, dh, dc)
    return layer.grads
