"""backward = (sum . map) . scanr . scanl"""
from collections import namedtuple
from functools import reduce
from itertools import accumulate
from operator import add, mul

import numpy as np

Past = namedtuple("Past", "h c")
Tape = namedtuple("Tape", "token target h_prev c_prev i f o g c h p")
Adjoint = namedtuple("Adjoint", "dh dc ds dz")

sigmoid = lambda z: 1 / (1 + np.exp(-z))
d_sigmoid = lambda s: s * (1 - s)
d_tanh = lambda t: 1 - t * t
softmax = lambda s: (lambda e: e / e.sum())(np.exp(s - s.max()))
one_hot = lambda n, k: np.eye(n)[k]
activation = {"i": sigmoid, "f": sigmoid, "o": sigmoid, "g": np.tanh}


def scanl(fn, init, xs):
    return tuple(accumulate(xs, fn, initial=init))[1:]


def scanr(fn, init, xs):
    return scanl(fn, init, reversed(xs))[::-1]


def make_cell(params):
    gates = tuple(
        lambda h, k, n=n, act=act: act(params["W" + n] @ h + params["U" + n][:, k])
        for n, act in activation.items()
    )

    def cell(past, io):
        token, target = io
        i, f, o, g = (gate(past.h, token) for gate in gates)
        c = f * past.c + i * g
        h = o * np.tanh(c)
        return Tape(token, target, past.h, past.c, i, f, o, g, c, h, softmax(params["V"] @ h))

    return cell


def make_adjoint(params):
    def adjoint(later, t):
        ds = t.p - one_hot(len(t.p), t.target)
        dh = params["V"].T @ ds + later.dh
        dc = later.dc + dh * t.o * d_tanh(np.tanh(t.c))
        outer_derivatives = (dc * t.g, dc * t.c_prev, dh * np.tanh(t.c), dc * t.i)
        inner_derivatives = (d_sigmoid(t.i), d_sigmoid(t.f), d_sigmoid(t.o), d_tanh(t.g))
        dz = tuple(map(mul, outer_derivatives, inner_derivatives))
        dh_prev = reduce(add, (params["W" + n].T @ d for n, d in zip("ifog", dz)))
        return Adjoint(dh_prev, dc * t.f, ds, dz)

    return adjoint


def backward(params, x, targets, h0=None, c0=None):
    vocab, hidden = params["V"].shape
    zeros = np.zeros(hidden)
    start = Past(zeros if h0 is None else h0, zeros if c0 is None else c0)
    end = Adjoint(zeros, zeros, None, None)

    tapes = scanl(make_cell(params), start, zip(x, targets))
    adjoints = scanr(make_adjoint(params), end, tapes)
    pairs = tuple(zip(tapes, adjoints))

    total = lambda name, term: reduce(add, (term(t, a) for t, a in pairs), np.zeros(params[name].shape))
    dV = total("V", lambda t, a: np.outer(a.ds, t.h))
    dW = lambda j: total("W" + "ifog"[j], lambda t, a: np.outer(a.dz[j], t.h_prev))
    dU = lambda j: total("U" + "ifog"[j], lambda t, a: np.outer(a.dz[j], one_hot(vocab, t.token)))
    return (dV, *map(dW, range(4)), *map(dU, range(4)))
