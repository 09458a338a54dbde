import numpy as np


class Node:
    """A value, its adjoint and what to do with the adjoint (micrograd, but with arrays)."""
    def __init__(self, val, tape=None, push=None):
        self.val = np.asarray(val, dtype=float)
        self.adj = np.zeros(self.val.shape)
        if tape is not None:
            self.push = push
            tape.append(self)


def make_ops(tape):
    def mul(a, b):
        def push(up):
            a.adj += up * b.val
            b.adj += up * a.val

        return Node(a.val * b.val, tape, push)

    def add(*terms):
        def push(up):
            for term in terms:
                term.adj += up

        return Node(sum(term.val for term in terms), tape, push)

    def matvec(M, v):
        def push(up):
            M.adj += np.outer(up, v.val)
            v.adj += M.val.T @ up

        return Node(M.val @ v.val, tape, push)

    def pick(M, col):
        def push(up):
            M.adj[:, col] += up

        return Node(M.val[:, col], tape, push)

    def sigm(a):
        s = 1 / (1 + np.exp(-a.val))
        return Node(s, tape, lambda up: a.adj.__iadd__(up * s * (1 - s)))

    def tanh(a):
        s = np.tanh(a.val)
        return Node(s, tape, lambda up: a.adj.__iadd__(up * (1 - s * s)))

    def nll(a, k):
        e = np.exp(a.val - a.val.max())
        q = e / e.sum()
        def push(up):
            d = q.copy()
            d[k] -= 1
            a.adj += up * d

        return Node(-np.log(q[k]), tape, push)

    return mul, add, matvec, pick, sigm, tanh, nll


def backward(params, x, targets):
    tape = []
    mul, add, matvec, pick, sigm, tanh, nll = make_ops(tape)
    w = {name: Node(matrix) for name, matrix in params.items()}
    h, c = (Node(np.zeros(len(params.Wi))) for _ in range(2))
    losses = []
    for t in range(len(x)):
        z = {k: add(pick(w["U" + k], x[t]), matvec(w["W" + k], h)) for k in "ifog"}
        i, f, o, g = sigm(z["i"]), sigm(z["f"]), sigm(z["o"]), tanh(z["g"])
        c = add(mul(f, c), mul(i, g))
        h = mul(o, tanh(c))
        losses.append(nll(matvec(w["V"], h), targets[t]))
    total = add(*losses)
    total.adj += 1.0
    for node in reversed(tape):
        node.push(node.adj)
    return {name: node.adj for name, node in w.items()}
