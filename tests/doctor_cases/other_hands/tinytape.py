# no framework, no chain rule on paper: whenever I compute something I also
# push "how to undo it" on a list, and at the end I run that list backwards.
import numpy as np


class Box:
    """a number (well, array) plus a pile where its gradient collects"""

    def __init__(self, v):
        self.v = np.array(v, dtype=float)
        self.d = np.zeros_like(self.v)


class Tape(list):
    def lookup(self, W, U, k, h):
        # W @ h + U @ onehot(k)
        out = Box(W.v @ h.v + U.v[:, k])

        def undo():
            W.d += np.outer(out.d, h.v)
            U.d[:, k] += out.d
            h.d += W.v.T @ out.d
        self.append(undo)
        return out

    def sigmoid(self, a):
        out = Box(1.0 / (1.0 + np.exp(-a.v)))

        def undo():
            a.d += out.d * out.v * (1.0 - out.v)
        self.append(undo)
        return out

    def tanh(self, a):
        out = Box(np.tanh(a.v))

        def undo():
            a.d += out.d * (1.0 - out.v ** 2)
        self.append(undo)
        return out

    def mul(self, a, b):
        out = Box(a.v * b.v)

        def undo():
            a.d += out.d * b.v
            b.d += out.d * a.v
        self.append(undo)
        return out

    def add(self, a, b):
        out = Box(a.v + b.v)

        def undo():
            a.d += out.d
            b.d += out.d
        self.append(undo)
        return out


def backward(params, x, targets, h0=None, c0=None):
    box = {name: Box(params[name]) for name in params.keys()}
    size = params["Wi"].shape[0]
    h = Box(np.zeros(size) if h0 is None else h0)
    c = Box(np.zeros(size) if c0 is None else c0)
    V = box["V"]
    t = Tape()

    for k, want in zip(x, targets):
        i = t.sigmoid(t.lookup(box["Wi"], box["Ui"], k, h))
        f = t.sigmoid(t.lookup(box["Wf"], box["Uf"], k, h))
        o = t.sigmoid(t.lookup(box["Wo"], box["Uo"], k, h))
        g = t.tanh(t.lookup(box["Wg"], box["Ug"], k, h))
        c = t.add(t.mul(f, c), t.mul(i, g))
        h = t.mul(o, t.tanh(c))

        # softmax + -log in one go, the gradient of the pair is just p - onehot
        score = V.v @ h.v
        p = np.exp(score - score.max())
        p /= p.sum()
        p[want] -= 1.0

        def undo_output(h=h, ds=p):
            V.d += np.outer(ds, h.v)
            h.d += V.v.T @ ds
        t.append(undo_output)

    for undo in reversed(t):
        undo()
    return {name: b.d for name, b in box.items()}
