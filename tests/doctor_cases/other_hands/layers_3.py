"""LSTM as a stack of layers (Java habits, sorry).

Each layer reads and writes the dictionary `s` (the state of the step) in forward(), and reads and
writes the dictionary `d` (gradients of the same quantities) in backward().
"""
from abc import ABC, abstractmethod
import numpy as np


class Layer(ABC):
    def __init__(self):
        self.grads = {}
        self._memory = []

    def push(self, *values):
        self._memory.append(values)

    def pop(self):
        return self._memory.pop()

    @abstractmethod
    def forward(self, s): ...
    @abstractmethod
    def backward(self, d): ...


class GateLayer(Layer):
    def __init__(self, letter, W, U):
        super().__init__()
        self.letter, self.W, self.U = letter, W, U
        self.grads = {"W" + letter: np.zeros(W.shape), "U" + letter: np.zeros(U.shape)}

    def forward(self, s):
        a = self.activation(self.W @ s["h"] + self.U[:, s["token"]])
        self.push(a, s["h"], s["token"])
        s[self.letter] = a

    def backward(self, d):
        a, h, token = self.pop()
        dz = d[self.letter] * self.derivative(a)
        self.grads["W" + self.letter] += np.outer(dz, h)
        self.grads["U" + self.letter][:, token] += dz
        d["h"] = d["h"] + self.W.T @ dz

    def activation(self, z):
        return 1.0 / (1.0 + np.exp(-z))

    def derivative(self, a):
        return a * (1.0 - a)


class CandidateLayer(GateLayer):
    def activation(self, z): return np.tanh(z)
    def derivative(self, a): return 1.0 - a ** 2


class CellLayer(Layer):
    def forward(self, s):
        i, f, g, c = s["i"], s["f"], s["g"], s["c"]
        self.push(i, f, g, c)
        s["c"] = f * c + i * g

    def backward(self, d):
        i, f, g, c = self.pop()
        d["i"], d["f"], d["g"] = d["c"] * g, d["c"] * c, d["c"] * i
        d["c"] = d["c"] * f


class HiddenLayer(Layer):
    def forward(self, s):
        self.push(s["o"], s["c"])
        s["h"] = s["o"] * np.tanh(s["c"])

    def backward(self, d):
        o, c = self.pop()
        d["o"] = d["h"] * np.tanh(c)
        d["c"] = d["c"] + d["h"] * o * (1.0 - np.tanh(c) ** 2)
        d["h"] = np.zeros_like(o)  # h was overwritten in forward, the old one starts afresh


class LossLayer(Layer):
    def __init__(self, V):
        super().__init__()
        self.V, self.grads = V, {"V": np.zeros(V.shape)}

    def forward(self, s):
        e = np.exp(self.V @ s["h"])
        self.push(e / e.sum(), s["h"], s["target"])

    def backward(self, d):
        p, h, target = self.pop()
        dscore = p - (np.arange(p.size) == target)
        self.grads["V"] += np.outer(dscore, h)
        d["h"] = d["h"] + self.V.T @ dscore


def backward(params, x, targets, h0=None, c0=None):
    n = params["Wi"].shape[0]
    stack = [GateLayer(k, params["W" + k], params["U" + k]) for k in "ifo"]
    stack.append(CandidateLayer("g", params["Wg"], params["Ug"]))
    stack += [CellLayer(), HiddenLayer(), LossLayer(params["V"])]
    s = {"h": np.zeros(n) if h0 is None else h0, "c": np.zeros(n) if c0 is None else c0}
    for s["token"], s["target"] in zip(x, targets):
        for layer in stack:
            layer.forward(s)
    d = {"h": np.zeros(n), "c": np.zeros(n)}
    for _ in x:
        for layer in reversed(stack):
            layer.backward(d)
    return {name: grad for layer in stack for name, grad in layer.grads.items()}
