# Poor man's jax.vjp: each primitive registers its own gradient rule with @grad_of(primitive).
from functools import partial, reduce
import operator
import numpy as np

RULES = {}


def grad_of(primitive):
    def register(rule):
        RULES[primitive] = rule
        return rule
    return register


def vjp(primitive, *args):
    """value, and a function: cotangent of the value -> tuple of cotangents of args"""
    value = primitive(*args)
    return value, partial(RULES[primitive], value, *args)


# ---------------------------------------------------------------- primitives
def affine(W, U, h, k):
    return W @ h + U[:, k]

def sigma(z):
    return 1 / (1 + np.exp(-z))

def tanh(z):
    return np.tanh(z)

def blend(f, c, i, g):
    return f * c + i * g

def emit(o, s):
    return o * s

def nll(V, h, y):
    s = V @ h
    m = s.max()
    return m + np.log(np.exp(s - m).sum()) - s[y]


# ---------------------------------------------------------------- rules
@grad_of(affine)
def _(z, W, U, h, k, ct):
    dU = np.zeros(U.shape)
    dU[:, k] = ct
    return np.outer(ct, h), dU, W.T @ ct

@grad_of(sigma)
def _(s, z, ct):
    return ct * s * (1 - s),

@grad_of(tanh)
def _(t, z, ct):
    return ct * (1 - t * t),

@grad_of(blend)
def _(out, f, c, i, g, ct):
    return ct * c, ct * f, ct * g, ct * i

@grad_of(emit)
def _(out, o, s, ct):
    return ct * s, ct * o

@grad_of(nll)
def _(loss, V, h, y, ct):
    s = V @ h
    p = np.exp(s - s.max())
    p /= p.sum()
    d = ct * (p - np.eye(len(p))[y])
    return np.outer(d, h), V.T @ d


def backward(params, x, targets, h0=None, c0=None):
    n = len(params["Wi"])
    h = np.zeros(n) if h0 is None else np.array(h0, float)
    c = np.zeros(n) if c0 is None else np.array(c0, float)

    pulls = []
    for k, y in zip(x, targets):
        pull, act = {}, {}
        for gate, squash in zip("ifog", (sigma, sigma, sigma, tanh)):
            z, pull["W" + gate] = vjp(affine, params["W" + gate], params["U" + gate], h, k)
            act[gate], pull[gate] = vjp(squash, z)
        c, pull["c"] = vjp(blend, act["f"], c, act["i"], act["g"])
        s, pull["s"] = vjp(tanh, c)
        h, pull["h"] = vjp(emit, act["o"], s)
        _, pull["loss"] = vjp(nll, params["V"], h, y)
        pulls.append(pull)

    G = {name: np.zeros(params[name].shape) for name in params.keys()}
    dh, dc, ct = np.zeros(n), np.zeros(n), {}
    for pull in reversed(pulls):
        dV, dh_here = pull["loss"](1.0)
        G["V"] += dV
        ct["o"], ds = pull["h"](dh + dh_here)
        ct["f"], dc, ct["i"], ct["g"] = pull["c"](dc + pull["s"](ds)[0])
        to_h = []
        for gate in "ifog":
            dW, dU, back = pull["W" + gate](*pull[gate](ct[gate]))
            G["W" + gate] += dW
            G["U" + gate] += dU
            to_h.append(back)
        dh = reduce(operator.add, to_h)
    return G
