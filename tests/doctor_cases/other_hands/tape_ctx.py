"""TF2-like gradient tape in plain numpy.

    with Tape() as tape:
        loss = ...
    grads = tape.gradient(loss, variables)
"""
import numpy as np


class Var:
    def __init__(self, value):
        self.value = value

    shape = property(lambda self: np.shape(self.value))


class Tape:
    _stack = []

    def __init__(self):
        self.records = []

    def __enter__(self):
        Tape._stack.append(self)
        return self

    def __exit__(self, exc_type, exc, tb):
        Tape._stack.pop()
        return False

    @classmethod
    def watch(cls, value, *inputs):
        """inputs: pairs (Var, pullback)"""
        out = Var(value)
        if cls._stack:
            cls._stack[-1].records.append((out, inputs))
        return out

    def gradient(self, target, sources):
        adjoint = {id(target): 1.0}
        for out, inputs in reversed(self.records):
            if id(out) not in adjoint:
                continue
            up = adjoint.pop(id(out))
            for var, pullback in inputs:
                adjoint[id(var)] = adjoint.get(id(var), 0.0) + pullback(up)
        return [adjoint.get(id(s), np.zeros(s.shape)) for s in sources]


# --- ops ---------------------------------------------------------------------

def add(a, b):
    return Tape.watch(a.value + b.value, (a, lambda up: up), (b, lambda up: up))


def mul(a, b):
    return Tape.watch(a.value * b.value,
                      (a, lambda up: up * b.value),
                      (b, lambda up: up * a.value))


def matvec(W, h):
    return Tape.watch(W.value @ h.value,
                      (W, lambda up: np.outer(up, h.value)),
                      (h, lambda up: W.value.T @ up))


def column(U, k):
    def pullback(up):
        full = np.zeros_like(U.value)
        full[:, k] = up
        return full
    return Tape.watch(U.value[:, k], (U, pullback))


def sigmoid(a):
    s = 1 / (1 + np.exp(-a.value))
    return Tape.watch(s, (a, lambda up: up * s * (1 - s)))


def tanh(a):
    t = np.tanh(a.value)
    return Tape.watch(t, (a, lambda up: up * (1 - t * t)))


def xent(scores, label):
    z = scores.value - scores.value.max()
    logp = z - np.log(np.exp(z).sum())
    onehot = np.zeros_like(logp)
    onehot[label] = 1
    return Tape.watch(-logp[label], (scores, lambda up: up * (np.exp(logp) - onehot)))


def backward(params, x, targets, h0=None, c0=None):
    names = list(params.keys())
    v = {name: Var(params[name]) for name in names}
    n = v["Wi"].shape[0]
    h = Var(np.zeros(n) if h0 is None else h0)
    c = Var(np.zeros(n) if c0 is None else c0)

    with Tape() as tape:
        loss = Var(0.0)
        for k, label in zip(x, targets):
            pre = lambda gate: add(matvec(v["W" + gate], h), column(v["U" + gate], k))
            i, f, o, g = sigmoid(pre("i")), sigmoid(pre("f")), sigmoid(pre("o")), tanh(pre("g"))
            c = add(mul(f, c), mul(i, g))
            h = mul(o, tanh(c))
            loss = add(loss, xent(matvec(v["V"], h), label))

    return dict(zip(names, tape.gradient(loss, [v[name] for name in names])))
