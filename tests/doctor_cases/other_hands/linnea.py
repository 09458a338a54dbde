"""Reverse mode by hand: every piece returns its value together with its pullback.

The recursion `unroll` goes down through time and pulls the cotangents back on its way up.
"""
from functools import reduce

import numpy as np


def lift(fn, slope):
    """An elementwise function whose slope is known as a function of its value."""
    def lifted(z):
        y = fn(z)
        return y, lambda dy: dy * slope(y)
    return lifted


sigma = lift(lambda z: 0.5 + 0.5 * np.tanh(0.5 * z), lambda y: y * (1 - y))
tanh = lift(np.tanh, lambda y: 1 - y * y)
GATES = {"i": sigma, "f": sigma, "o": sigma, "g": tanh}


def add(left, right):
    return {**left, **{k: left[k] + d for k, d in right.items()}}


def gate(p, name, h, k):
    W, U = p["W" + name], p["U" + name]
    y, unsquash = GATES[name](W @ h + U[:, k])

    def pull(dy):
        dz = unsquash(dy)
        dU = np.zeros_like(U)
        dU[:, k] = dz
        return {"W" + name: np.outer(dz, h), "U" + name: dU}, W.T @ dz

    return y, pull


def cell(p, h, c, k):
    (i, pull_i), (f, pull_f), (o, pull_o), (g, pull_g) = [gate(p, name, h, k) for name in GATES]
    c_new = f * c + i * g
    squashed, unsquash = tanh(c_new)

    def pull(dh, dc):
        dc = dc + unsquash(dh * o)
        grads, dhs = zip(*[pull_i(dc * g), pull_f(dc * c), pull_o(dh * squashed), pull_g(dc * i)])
        return grads, sum(dhs), dc * f

    return o * squashed, c_new, pull


def readout(V, h, target):
    """Gradients of -log softmax(V h)[target] with respect to V and h."""
    s = V @ h
    e = np.exp(s - s.max())
    ds = e / e.sum() - (np.arange(len(s)) == target)
    return {"V": np.outer(ds, h)}, V.T @ ds


def unroll(p, h, c, todo):
    if not todo:
        return {name: np.zeros_like(p[name]) for name in p.keys()}, np.zeros_like(h), np.zeros_like(c)
    (k, target), *rest = todo
    h, c, pull = cell(p, h, c, k)
    total, dh_later, dc = unroll(p, h, c, rest)
    grad_V, dh_here = readout(p["V"], h, target)
    grads, dh, dc = pull(dh_here + dh_later, dc)
    return reduce(add, grads, add(total, grad_V)), dh, dc


def backward(params, x, targets, h0=None, c0=None):
    start = lambda s: np.zeros(params["V"].shape[1]) if s is None else np.asarray(s, float)
    grads, _, _ = unroll(params, start(h0), start(c0), list(zip(x, targets)))
    return grads
