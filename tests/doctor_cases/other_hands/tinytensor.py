import numpy as np


class Tensor:
    """micrograd, but with arrays :)"""

    tape = []

    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self._backward = None

    def _emit(self, data):
        out = Tensor(data)
        Tensor.tape.append(out)
        return out

    def __add__(self, other):
        out = self._emit(self.data + other.data)
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        out = self._emit(self.data * other.data)
        def _backward():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data
        out._backward = _backward
        return out

    def __matmul__(self, other):  # matrix @ vector only, thats all we need
        out = self._emit(self.data @ other.data)
        def _backward():
            self.grad += np.outer(out.grad, other.data)
            other.grad += self.data.T @ out.grad
        out._backward = _backward
        return out

    def __getitem__(self, key):
        out = self._emit(self.data[key])
        def _backward():
            self.grad[key] += out.grad
        out._backward = _backward
        return out

    def sigmoid(self):
        out = self._emit(1.0 / (1.0 + np.exp(-self.data)))
        def _backward():
            self.grad += out.grad * out.data * (1.0 - out.data)
        out._backward = _backward
        return out

    def tanh(self):
        out = self._emit(np.tanh(self.data))
        def _backward():
            self.grad += out.grad * (1.0 - out.data ** 2)
        out._backward = _backward
        return out

    def cross_entropy(self, target):
        probs = np.exp(self.data - self.data.max())
        probs = probs / probs.sum()
        out = self._emit(-np.log(probs[target]))
        def _backward():
            dlogits = probs.copy()
            dlogits[target] -= 1.0
            self.grad += out.grad * dlogits
        out._backward = _backward
        return out

    def backward(self):
        self.grad = np.ones_like(self.data)
        for node in reversed(Tensor.tape):
            node._backward()


def backward(params, x, targets, h0=None, c0=None):
    Tensor.tape = []
    w = {name: Tensor(params[name]) for name in params.keys()}
    hidden = w["Wi"].data.shape[0]
    h = Tensor(np.zeros(hidden) if h0 is None else h0)
    c = Tensor(np.zeros(hidden) if c0 is None else c0)
    loss = Tensor(0.0)

    for ix, target in zip(x, targets):
        it = (w["Wi"] @ h + w["Ui"][:, ix]).sigmoid()
        ft = (w["Wf"] @ h + w["Uf"][:, ix]).sigmoid()
        ot = (w["Wo"] @ h + w["Uo"][:, ix]).sigmoid()
        gt = (w["Wg"] @ h + w["Ug"][:, ix]).tanh()
        c = ft * c + it * gt
        h = ot * c.tanh()
        loss = loss + (w["V"] @ h).cross_entropy(target)

    loss.backward()
    return {name: t.grad for name, t in w.items()}
