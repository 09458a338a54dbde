import numpy as np


class Dense:
    """inputs (1, n) -> (1, m); may be called many times, each call is remembered."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.grad = np.zeros(kernel.shape)
        self.tape = []

    def call(self, inputs):
        self.tape.append(inputs)
        return inputs @ self.kernel

    def backprop(self, upstream):
        inputs = self.tape.pop()
        self.grad += inputs.T @ upstream
        return upstream @ self.kernel.T


class LSTMCell:
    def __init__(self, params):
        self.units = params.hidden_size
        self.gates = {n: Dense(np.hstack([params["W" + n], params["U" + n]]).T) for n in "ifog"}
        self.tape = []

    def call(self, inputs, h, c):
        joined = np.concatenate([h, inputs], axis=1)
        i, f, o = (1 / (1 + np.exp(-self.gates[n].call(joined))) for n in "ifo")
        g = np.tanh(self.gates["g"].call(joined))
        new_c = f * c + i * g
        self.tape.append((i, f, o, g, c, np.tanh(new_c)))
        return o * np.tanh(new_c), new_c

    def backprop(self, dh, dc):
        i, f, o, g, c, tanh_c = self.tape.pop()
        dc = dc + dh * o * (1 - tanh_c ** 2)
        d_joined = self.gates["i"].backprop(dc * g * i * (1 - i))
        d_joined += self.gates["f"].backprop(dc * c * f * (1 - f))
        d_joined += self.gates["o"].backprop(dh * tanh_c * o * (1 - o))
        d_joined += self.gates["g"].backprop(dc * i * (1 - g ** 2))
        return d_joined[:, :self.units], dc * f


def softmax(logits):
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def backward(params, x, targets, h0=None, c0=None):
    cell, head = LSTMCell(params), Dense(params.V.T)
    one_hot = np.eye(params.vocab_size)
    h = np.zeros((1, cell.units)) if h0 is None else np.reshape(h0, (1, -1))
    c = np.zeros((1, cell.units)) if c0 is None else np.reshape(c0, (1, -1))
    probs = []
    for token in x:
        h, c = cell.call(one_hot[[token]], h, c)
        probs.append(softmax(head.call(h)))

    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for target in reversed(targets):
        dh = dh + head.backprop(probs.pop() - one_hot[[target]])
        dh, dc = cell.backprop(dh, dc)

    split = {"W": slice(None, cell.units), "U": slice(cell.units, None)}
    grads = {b + n: layer.grad[split[b]].T for b in split for n, layer in cell.gates.items()}
    return {"V": head.grad.T, **grads}
