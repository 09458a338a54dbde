# Minimal reverse-mode AD. Primal ops run eagerly and push a pullback (closure) on the tape;
# unwinding the tape in reverse program order is the adjoint program.
from numpy import add, exp, eye, log, ones_like, outer, tanh, zeros, zeros_like
from functools import reduce


class Var:
    __slots__ = ("val", "adj")

    def __init__(self, val):
        self.val = val
        self.adj = zeros_like(val)


class Tape:
    def __init__(self):
        self.pullbacks = []

    def emit(self, pullback):
        self.pullbacks.append(pullback)

    # --- primitives ---------------------------------------------------
    def matvec(self, A, v):
        out = Var(A.val @ v.val)

        def pull():
            A.adj += outer(out.adj, v.val)
            v.adj += A.val.T @ out.adj
        self.emit(pull)
        return out

    def column(self, A, j):
        out = Var(A.val[:, j].copy())

        def pull():
            A.adj[:, j] += out.adj
        self.emit(pull)
        return out

    def sum(self, *terms):
        out = Var(reduce(add, [v.val for v in terms]))
        for v in terms:
            self.emit(lambda v=v: add(v.adj, out.adj, out=v.adj))
        return out

    def mul(self, a, b):
        out = Var(a.val * b.val)

        def pull():
            a.adj += out.adj * b.val
            b.adj += out.adj * a.val
        self.emit(pull)
        return out

    def unary(self, v, fn, dfn_of_result):
        out = Var(fn(v.val))

        def pull():
            v.adj += out.adj * dfn_of_result(out.val)
        self.emit(pull)
        return out

    def sigmoid(self, v):
        return self.unary(v, lambda z: 1 / (1 + exp(-z)), lambda s: s * (1 - s))

    def tanh(self, v):
        return self.unary(v, tanh, lambda y: 1 - y * y)

    def xent(self, scores, label):
        e = exp(scores.val - scores.val.max())
        p = e / e.sum()
        out = Var(-log(p[label]).reshape(1))

        def pull():
            scores.adj += out.adj * (p - eye(len(p))[label])
        self.emit(pull)
        return out

    def unwind(self, root):
        root.adj = ones_like(root.val)
        for pullback in reversed(self.pullbacks):
            pullback()


def backward(params, x, targets, h0=None, c0=None):
    tape = Tape()
    P = {name: Var(params[name]) for name in params.keys()}
    H = P["V"].val.shape[1]
    h = Var(zeros(H) if h0 is None else h0)
    c = Var(zeros(H) if c0 is None else c0)

    def gate(name, act, tok, h):
        return act(tape.sum(tape.matvec(P["W" + name], h), tape.column(P["U" + name], tok)))

    losses = []
    for tok, label in zip(x, targets):
        i = gate("i", tape.sigmoid, tok, h)
        f = gate("f", tape.sigmoid, tok, h)
        o = gate("o", tape.sigmoid, tok, h)
        g = gate("g", tape.tanh, tok, h)
        c = tape.sum(tape.mul(f, c), tape.mul(i, g))
        h = tape.mul(o, tape.tanh(c))
        losses.append(tape.xent(tape.matvec(P["V"], h), label))
    tape.unwind(tape.sum(*losses))
    return {name: v.adj for name, v in P.items()}
