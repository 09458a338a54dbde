import numpy as np


class Sigmoid:
    @staticmethod
    def f(z):
        return 1. / (1. + np.exp(-z))

    @staticmethod
    def df(a):
        """derivative, given the activation a = f(z)"""
        return a * (1. - a)


class Tanh:
    @staticmethod
    def f(z):
        return np.tanh(z)

    @staticmethod
    def df(a):
        """derivative, given the activation a = f(z)"""
        return 1. - a ** 2


class LSTMLayer:
    gates = {"i": Sigmoid, "f": Sigmoid, "o": Sigmoid, "g": Tanh}

    def __init__(self, params):
        self.V = np.array(params.V)
        self.W = {k: np.array(params["W" + k]) for k in self.gates}
        self.U = {k: np.array(params["U" + k]) for k in self.gates}
        self.vocab, self.hidden = self.V.shape
        self.zero_grad()

    def zero_grad(self):
        self.dV = np.zeros_like(self.V)
        self.dW = {k: np.zeros_like(w) for k, w in self.W.items()}
        self.dU = {k: np.zeros_like(u) for k, u in self.U.items()}

    def onehot(self, token):
        v = np.zeros(self.vocab)
        v[token] = 1.
        return v

    def forward(self, tokens, h, c):
        self.tape = []
        for token in tokens:
            rec = {"x": self.onehot(token), "h_prev": h, "c_prev": c}
            for k, act in self.gates.items():
                rec[k] = act.f(self.U[k] @ rec["x"] + self.W[k] @ h)
            c = rec["f"] * c + rec["i"] * rec["g"]
            h = rec["o"] * Tanh.f(c)
            rec["c"], rec["h"] = c, h
            logits = self.V @ h
            logits = logits - logits.max()
            rec["p"] = np.exp(logits) / np.exp(logits).sum()
            self.tape.append(rec)

    def backward_step(self, rec, target, dh_next, dc_next):
        dlogits = rec["p"] - self.onehot(target)
        self.dV += np.outer(dlogits, rec["h"])

        dh = self.V.T @ dlogits + dh_next
        tanh_c = Tanh.f(rec["c"])
        dc = dc_next + dh * rec["o"] * Tanh.df(tanh_c)

        d = {}
        d["o"] = dh * tanh_c
        d["f"] = dc * rec["c_prev"]
        d["i"] = dc * rec["g"]
        d["g"] = dc * rec["i"]

        dh_prev = np.zeros(self.hidden)
        for k, act in self.gates.items():
            dz = d[k] * act.df(rec[k])
            self.dW[k] += np.outer(dz, rec["h_prev"])
            self.dU[k] += np.outer(dz, rec["x"])
            dh_prev += self.W[k].T @ dz
        dc_prev = dc * rec["f"]
        return dh_prev, dc_prev

    def backward(self, targets):
        self.zero_grad()
        dh = np.zeros(self.hidden)
        dc = np.zeros(self.hidden)
        for rec, target in zip(reversed(self.tape), reversed(targets)):
            dh, dc = self.backward_step(rec, target, dh, dc)


def backward(params, x, targets, h0=None, c0=None):
    layer = LSTMLayer(params)
    h = np.zeros(layer.hidden) if h0 is None else np.asarray(h0, float)
    c = np.zeros(layer.hidden) if c0 is None else np.asarray(c0, float)
    layer.forward(list(x), h, c)
    layer.backward(list(targets))
    grads = {"V": layer.dV}
    for k in "ifog":
        grads["W" + k] = layer.dW[k]
        grads["U" + k] = layer.dU[k]
    return grads
