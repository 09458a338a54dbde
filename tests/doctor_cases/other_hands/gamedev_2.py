# lstm_backprop.py - "ghost" brain training, numpy only, no engine deps
#
# A Step is one tick of the sim. Ticks hang together in a doubly linked list
# (prev / next) so we can rewind without index juggling.
import numpy as np

GATES = ("i", "f", "o", "g")


class Step:
    __slots__ = ("prev", "next", "token", "target",
                 "i", "f", "o", "g", "c", "h", "probs", "dh", "dc")

    def __init__(self, prev=None, token=-1, target=-1):
        self.prev = prev
        self.next = None
        self.token = token
        self.target = target
        self.dh = None
        self.dc = None
        if prev is not None:
            prev.next = self


class Brain:
    __slots__ = ("w", "grad", "head", "tail", "size")

    def __init__(self, params):
        self.w = params
        self.size = params["V"].shape[1]
        self.grad = {k: np.zeros(params[k].shape) for k in params.keys()}
        self.head = None
        self.tail = None

    def reset(self, h, c):
        root = Step()  # sentinel, holds the state before the first tick
        root.h = np.zeros(self.size) if h is None else np.array(h, dtype=float)
        root.c = np.zeros(self.size) if c is None else np.array(c, dtype=float)
        self.head = self.tail = root

    def preact(self, gate, step):
        return self.w["W" + gate] @ step.prev.h + self.w["U" + gate][:, step.token]

    def tick(self, token, target):
        s = Step(self.tail, token, target)
        s.i = 1 / (1 + np.exp(-self.preact("i", s)))
        s.f = 1 / (1 + np.exp(-self.preact("f", s)))
        s.o = 1 / (1 + np.exp(-self.preact("o", s)))
        s.g = np.tanh(self.preact("g", s))
        s.c = s.f * s.prev.c + s.i * s.g
        s.h = s.o * np.tanh(s.c)
        e = np.exp(self.w["V"] @ s.h)
        s.probs = e / e.sum()
        self.tail = s

    def add(self, gate, step, d):
        """Book the pre-activation gradient d of one gate, push it to the previous tick."""
        self.grad["W" + gate] += np.outer(d, step.prev.h)
        self.grad["U" + gate][:, step.token] += d
        step.prev.dh += self.w["W" + gate].T @ d

    def clear_deltas(self):
        node = self.head
        while node is not None:
            node.dh = np.zeros(self.size)
            node.dc = np.zeros(self.size)
            node = node.next

    def rewind(self):
        self.clear_deltas()
        s = self.tail
        while s is not self.head:
            err = s.probs.copy()
            err[s.target] -= 1
            self.grad["V"] += np.outer(err, s.h)
            s.dh += self.w["V"].T @ err

            tc = np.tanh(s.c)
            s.dc += s.dh * s.o * (1 - tc * tc)
            s.prev.dc += s.dc * s.f

            self.add("o", s, s.dh * tc * s.o * (1 - s.o))
            self.add("i", s, s.dc * s.g * s.i * (1 - s.i))
            self.add("f", s, s.dc * s.prev.c * s.f * (1 - s.f))
            self.add("g", s, s.dc * s.i * (1 - s.g * s.g))
            s = s.prev


def backward(params, x, targets, h0=None, c0=None):
    brain = Brain(params)
    brain.reset(h0, c0)
    for token, target in zip(x, targets):
        brain.tick(token, target)
    brain.rewind()
    return brain.grad
