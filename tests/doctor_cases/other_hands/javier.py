"""LSTM network. Every object keeps a stack of what it saw on the way forward, and pops it on the way back."""
import numpy as np


class Sigmoid:
    @staticmethod
    def apply(z):
        return 1.0 / (1.0 + np.exp(-z))

    @staticmethod
    def derivative(y):
        """Derivative, expressed by the OUTPUT y."""
        return y * (1.0 - y)


class Tanh:
    @staticmethod
    def apply(z):
        return np.tanh(z)

    @staticmethod
    def derivative(y):
        return 1.0 - y ** 2


class Gate:
    def __init__(self, W, U, activation):
        self.W = W
        self.U = U
        self.activation = activation
        self.gradW = np.zeros(W.shape)
        self.gradU = np.zeros(U.shape)
        self.history = []

    def forward(self, hPrev, token):
        y = self.activation.apply(self.W.dot(hPrev) + self.U[:, token])
        self.history.append((hPrev, token, y))
        return y

    def backward(self, dOut):
        hPrev, token, y = self.history.pop()
        dz = dOut * self.activation.derivative(y)
        self.gradW += np.outer(dz, hPrev)
        self.gradU[:, token] += dz
        return self.W.T.dot(dz)


class Cell:
    def __init__(self, params, h0, c0):
        self.inputGate = Gate(params["Wi"], params["Ui"], Sigmoid)
        self.forgetGate = Gate(params["Wf"], params["Uf"], Sigmoid)
        self.outputGate = Gate(params["Wo"], params["Uo"], Sigmoid)
        self.candidate = Gate(params["Wg"], params["Ug"], Tanh)
        size = params["Wi"].shape[0]
        self.h = np.zeros(size) if h0 is None else np.array(h0)
        self.c = np.zeros(size) if c0 is None else np.array(c0)
        self.memory = []

    def forward(self, token):
        i = self.inputGate.forward(self.h, token)
        f = self.forgetGate.forward(self.h, token)
        o = self.outputGate.forward(self.h, token)
        g = self.candidate.forward(self.h, token)
        cPrev = self.c
        self.c = f * cPrev + i * g
        self.h = o * np.tanh(self.c)
        self.memory.append((i, f, o, g, cPrev, self.c))
        return self.h

    def backward(self, dh, dc):
        i, f, o, g, cPrev, c = self.memory.pop()
        dc = dc + dh * o * (1.0 - np.tanh(c) ** 2)
        dhPrev = self.inputGate.backward(dc * g)
        dhPrev = dhPrev + self.forgetGate.backward(dc * cPrev)
        dhPrev = dhPrev + self.outputGate.backward(dh * np.tanh(c))
        dhPrev = dhPrev + self.candidate.backward(dc * i)
        return dhPrev, dc * f


class SoftmaxLayer:
    def __init__(self, V):
        self.V = V
        self.gradV = np.zeros(V.shape)
        self.memory = []

    def forward(self, h, target):
        scores = self.V.dot(h)
        e = np.exp(scores - np.max(scores))
        self.memory.append((h, e / np.sum(e), target))

    def backward(self):
        h, error, target = self.memory.pop()
        error[target] -= 1.0
        self.gradV += np.outer(error, h)
        return self.V.T.dot(error)


def backward(params, x, targets, h0=None, c0=None):
    cell = Cell(params, h0, c0)
    softmax = SoftmaxLayer(params["V"])
    for token, target in zip(x, targets):
        softmax.forward(cell.forward(token), target)
    dh, dc = 0.0, 0.0
    for _ in range(len(x)):
        dh, dc = cell.backward(dh + softmax.backward(), dc)
    gates = [cell.inputGate, cell.forgetGate, cell.outputGate, cell.candidate]
    return [softmax.gradV] + [g.gradW for g in gates] + [g.gradU for g in gates]
