"""Tiny module library: every ``forward`` records a context, every ``backward`` consumes one and accumulates ``.grad``."""
import numpy as np

class Module:
    """Contexts form a tape per module, so one instance can be reused at all time steps."""
    def __init__(self, weight: np.ndarray | None = None) -> None:
        self.weight = weight
        self.grad = None if weight is None else np.zeros_like(weight)
        self._tape: list[tuple] = []
    def save_for_backward(self, *tensors) -> None:
        self._tape.append(tensors)
    def saved_tensors(self) -> tuple:
        return self._tape.pop()

class Linear(Module):
    def forward(self, x):
        self.save_for_backward(x)
        return self.weight @ x
    def backward(self, grad_output):
        (x,) = self.saved_tensors()
        self.grad += np.outer(grad_output, x)
        return self.weight.T @ grad_output

class Embedding(Module):
    def forward(self, index):
        self.save_for_backward(index)
        return self.weight[:, index]
    def backward(self, grad_output):
        (index,) = self.saved_tensors()
        self.grad[:, index] += grad_output

class Activation(Module):
    def forward(self, x):
        y = self.function(x)
        self.save_for_backward(y)
        return y
    def backward(self, grad_output):
        (y,) = self.saved_tensors()
        return grad_output * self.derivative(y)

class Sigmoid(Activation):
    def function(self, x): return 1.0 / (1.0 + np.exp(-x))
    def derivative(self, y): return y * (1.0 - y)

class Tanh(Activation):
    def function(self, x): return np.tanh(x)
    def derivative(self, y): return 1.0 - y * y

class Mul(Module):
    def forward(self, a, b):
        self.save_for_backward(a, b)
        return a * b
    def backward(self, grad_output):
        a, b = self.saved_tensors()
        return grad_output * b, grad_output * a

class CrossEntropyLoss(Module):
    def forward(self, logits, target):
        e = np.exp(logits - logits.max())
        self.save_for_backward(e / e.sum(), target)
        return np.log(e.sum()) + logits.max() - logits[target]
    def backward(self, grad_output=1.0):
        probs, target = self.saved_tensors()
        one_hot = np.arange(probs.size) == target
        return grad_output * (probs - one_hot)

class Gate:
    def __init__(self, W, U, activation: Module) -> None:
        self.hidden, self.token, self.activation = Linear(W), Embedding(U), activation
    def forward(self, index, h):
        return self.activation.forward(self.token.forward(index) + self.hidden.forward(h))
    def backward(self, grad_output):
        grad_z = self.activation.backward(grad_output)
        self.token.backward(grad_z)
        return self.hidden.backward(grad_z)

class LSTMCell:
    def __init__(self, p) -> None:
        self.gates = {k: Gate(p["W" + k], p["U" + k], Tanh() if k == "g" else Sigmoid()) for k in "ifog"}
        self.keep, self.write, self.emit, self.tanh = Mul(), Mul(), Mul(), Tanh()
    def forward(self, index, h, c):
        a = {k: gate.forward(index, h) for k, gate in self.gates.items()}
        c = self.keep.forward(a["f"], c) + self.write.forward(a["i"], a["g"])
        h = self.emit.forward(a["o"], self.tanh.forward(c))
        return h, c
    def backward(self, grad_h, grad_c):
        grad = {}
        grad["o"], grad_tanh = self.emit.backward(grad_h)
        grad_c = grad_c + self.tanh.backward(grad_tanh)
        grad["i"], grad["g"] = self.write.backward(grad_c)
        grad["f"], grad_c_prev = self.keep.backward(grad_c)
        return sum(self.gates[k].backward(grad[k]) for k in grad), grad_c_prev

def backward(params, x, targets):
    cell, head, criterion = LSTMCell(params), Linear(params["V"]), CrossEntropyLoss()
    h, c = np.zeros((2, head.weight.shape[1]))
    loss = 0.0
    for index, target in zip(x, targets):
        h, c = cell.forward(index, h, c)
        loss += criterion.forward(head.forward(h), target)
    grad_h, grad_c = np.zeros_like(h), np.zeros_like(c)
    for _ in x:
        grad_h = grad_h + head.backward(criterion.backward())
        grad_h, grad_c = cell.backward(grad_h, grad_c)
    grads = {"V": head.grad}
    for k, gate in cell.gates.items():
        grads["W" + k], grads["U" + k] = gate.hidden.grad, gate.token.grad
    return grads
