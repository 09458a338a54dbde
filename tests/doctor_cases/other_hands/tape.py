"""A tiny autograd, just enough for the LSTM."""
import numpy as np

class Var:
    def __init__(self, value):
        self.value = np.asarray(value, dtype=float)
        self.grad = np.zeros_like(self.value)


class Tape:
    def __init__(self):
        self.steps = []
    def record(self, value, pull):
        out = Var(value)
        self.steps.append(lambda: pull(out.grad))
        return out
    def add(self, a, b):
        def pull(g):
            a.grad += g
            b.grad += g
        return self.record(a.value + b.value, pull)
    def mul(self, a, b):
        def pull(g):
            a.grad += g * b.value
            b.grad += g * a.value
        return self.record(a.value * b.value, pull)
    def matvec(self, m, v):
        def pull(g):
            m.grad += np.outer(g, v.value)
            v.grad += m.value.T @ g
        return self.record(m.value @ v.value, pull)
    def column(self, m, k):
        def pull(g):
            m.grad[:, k] += g
        return self.record(m.value[:, k], pull)
    def sigmoid(self, a):
        s = 1 / (1 + np.exp(-a.value))
        return self.record(s, lambda g: np.add(a.grad, g * s * (1 - s), out=a.grad))
    def tanh(self, a):
        th = np.tanh(a.value)
        return self.record(th, lambda g: np.add(a.grad, g * (1 - th**2), out=a.grad))
    def xent(self, scores, k):
        p = np.exp(scores.value - scores.value.max())
        p /= p.sum()
        def pull(g):
            scores.grad += g * p
            scores.grad[k] -= g
        return self.record(-np.log(p[k]), pull)
    def run_backward(self):
        for step in reversed(self.steps):
            step()


def backward(params, x, targets, h0=None, c0=None):
    P = {n: Var(params[n].copy()) for n in params.keys()}
    H = len(params.Wi)
    h = Var(np.zeros(H) if h0 is None else h0)
    c = Var(np.zeros(H) if c0 is None else c0)
    tape, losses = Tape(), []
    for tok, goal in zip(x, targets):
        z = {q: tape.add(tape.matvec(P["W" + q], h), tape.column(P["U" + q], tok)) for q in "ifog"}
        i, f, o, g = tape.sigmoid(z["i"]), tape.sigmoid(z["f"]), tape.sigmoid(z["o"]), tape.tanh(z["g"])
        c = tape.add(tape.mul(f, c), tape.mul(i, g))
        h = tape.mul(o, tape.tanh(c))
        losses.append(tape.xent(tape.matvec(P["V"], h), goal))
    for l in losses:
        l.grad += 1.0
    tape.run_backward()
    return {n: v.grad for n, v in P.items()}
