"""Every gate is a callable object that knows its own past (and un-knows it on the way back)."""
import numpy as np


class Gate(object):
    __slots__ = ("W", "U", "dW", "dU", "_past", "_h", "_k", "_out", "_dout", "_delta")

    def __init__(self, W, U):
        self.W = W
        self.U = U
        self.dW = np.zeros(W.shape)
        self.dU = np.zeros(U.shape)
        self._past = []
        self._delta = None

    def squash(self, z):
        return 1.0 / (1.0 + np.exp(-z))

    @property
    def slope(self):
        return self._out * (1.0 - self._out)

    def __call__(self, h, k):
        out = self.squash(self.W.dot(h) + self.U[:, k])
        self._past.append((h, k, out))
        return out

    # -- backward -----------------------------------------------------------

    def rewind(self):
        """Go one step back in time, returns the gate's value at that step."""
        self._h, self._k, self._out = self._past.pop()
        self._delta = None
        return self._out

    @property
    def delta(self):
        # computed on first use, since three others ask for it
        if self._delta is None:
            self._delta = self._dout * self.slope
        return self._delta

    def receive(self, dout):
        self._dout = dout
        self.dW += np.outer(self.delta, self._h)
        self.dU[:, self._k] += self.delta

    @property
    def to_h(self):
        return self.W.T.dot(self.delta)


class TanhGate(Gate):
    __slots__ = ()

    def squash(self, z):
        return np.tanh(z)

    @property
    def slope(self):
        return 1.0 - self._out * self._out


def softmax(s):
    e = np.exp(s - np.max(s))
    return e / np.sum(e)


def backward(params, x, targets, h0=None, c0=None):
    V = params.V
    I = Gate(params.Wi, params.Ui)
    F = Gate(params.Wf, params.Uf)
    O = Gate(params.Wo, params.Uo)
    G = TanhGate(params.Wg, params.Ug)

    n = V.shape[1]
    h = np.zeros(n) if h0 is None else h0
    c = np.zeros(n) if c0 is None else c0
    cells, hiddens = [c], []
    for k in x:
        c = F(h, k) * c + I(h, k) * G(h, k)
        h = O(h, k) * np.tanh(c)
        cells.append(c)
        hiddens.append(h)

    dV = np.zeros(V.shape)
    dh = np.zeros(n)
    dc = np.zeros(n)
    for y in targets[::-1]:
        h = hiddens.pop()
        tc = np.tanh(cells.pop())
        i, f, o, g = I.rewind(), F.rewind(), O.rewind(), G.rewind()

        dy = softmax(V.dot(h))
        dy[y] -= 1.0
        dV += np.outer(dy, h)
        dh = dh + V.T.dot(dy)
        dc = dc + dh * o * (1.0 - tc * tc)

        O.receive(dh * tc)
        I.receive(dc * g)
        F.receive(dc * cells[-1])
        G.receive(dc * i)

        dh = I.to_h + F.to_h + O.to_h + G.to_h
        dc = dc * f

    return [dV, I.dW, F.dW, O.dW, G.dW, I.dU, F.dU, O.dU, G.dU]
