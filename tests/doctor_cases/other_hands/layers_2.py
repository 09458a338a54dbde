import numpy as np


class Sigmoid:
    def __init__(self):
        self.cache = []

    def forward(self, x):
        out = 1 / (1 + np.exp(-x))
        self.cache.append(out)
        return out

    def backward(self, dout):
        out = self.cache.pop()
        return dout * out * (1 - out)


class Tanh:
    def __init__(self):
        self.cache = []

    def forward(self, x):
        out = np.tanh(x)
        self.cache.append(out)
        return out

    def backward(self, dout):
        out = self.cache.pop()
        return dout * (1 - out ** 2)


class Linear:
    """y = W x (no bias). Gradients add up over calls because the weight is shared in time."""

    def __init__(self, W):
        self.W, self.dW, self.cache = W, np.zeros_like(W), []

    def forward(self, x):
        self.cache.append(x)
        return self.W @ x

    def backward(self, dout):
        x = self.cache.pop()
        self.dW += np.outer(dout, x)
        return self.W.T @ dout


class SoftmaxLoss:
    def forward(self, scores, target):
        e = np.exp(scores - scores.max())
        self.probs, self.target = e / e.sum(), target
        return -np.log(self.probs[target])

    def backward(self):
        dscores = self.probs.copy()
        dscores[self.target] -= 1
        return dscores


class LSTMCell:
    def __init__(self, params):
        self.W = {g: Linear(params["W" + g]) for g in "ifog"}
        self.U = {g: Linear(params["U" + g]) for g in "ifog"}
        self.act = {"i": Sigmoid(), "f": Sigmoid(), "o": Sigmoid(), "g": Tanh()}
        self.tanh_c = Tanh()
        self.cache = []

    def forward(self, x, h, c):
        i, f, o, g = (self.act[k].forward(self.W[k].forward(h) + self.U[k].forward(x)) for k in "ifog")
        c_next = f * c + i * g
        tc = self.tanh_c.forward(c_next)
        self.cache.append((i, f, o, g, c, tc))
        return o * tc, c_next

    def backward(self, dh, dc):
        i, f, o, g, c_prev, tc = self.cache.pop()
        dc = dc + self.tanh_c.backward(dh * o)
        dgate = {"i": dc * g, "f": dc * c_prev, "o": dh * tc, "g": dc * i}
        dh_prev = 0
        for k in "ifog":
            dz = self.act[k].backward(dgate[k])
            dh_prev = dh_prev + self.W[k].backward(dz)
            self.U[k].backward(dz)
        return dh_prev, dc * f


def backward(params, x, targets, h0=None, c0=None):
    vocab, hidden = params["V"].shape
    cell, out, losses = LSTMCell(params), Linear(params["V"]), []
    h = np.zeros(hidden) if h0 is None else h0
    c = np.zeros(hidden) if c0 is None else c0
    for token, target in zip(x, targets):
        onehot = np.zeros(vocab)
        onehot[token] = 1
        h, c = cell.forward(onehot, h, c)
        loss = SoftmaxLoss()
        loss.forward(out.forward(h), target)
        losses.append(loss)

    dh, dc = np.zeros(hidden), np.zeros(hidden)
    for loss in reversed(losses):
        dh = dh + out.backward(loss.backward())
        dh, dc = cell.backward(dh, dc)

    grads = {"V": out.dW}
    for k in "ifog":
        grads["W" + k], grads["U" + k] = cell.W[k].dW, cell.U[k].dW
    return grads
