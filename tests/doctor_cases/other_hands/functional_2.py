"""BPTT as two folds: foldl over the tokens, foldr over the steps. Nothing is mutated."""
from functools import reduce
from typing import NamedTuple

import numpy as np


class Step(NamedTuple):
    token: int
    target: int
    h_prev: np.ndarray
    c_prev: np.ndarray
    gates: tuple
    c: np.ndarray
    h: np.ndarray


class Delta(NamedTuple):
    scores: np.ndarray
    gates: tuple


sigma = lambda z: 1 / (1 + np.exp(-z))
unit = lambda n, k: np.eye(n)[k]
fst = lambda pair: pair[0]


def softmax(s):
    e = np.exp(s - np.max(s))
    return e / np.sum(e)


def ahead(W, U):
    """Fold function (steps, h, c) x (token, target) -> (steps, h, c)."""
    def fold(acc, pair):
        steps, h, c = acc
        token, target = pair
        zi, zf, zo, zg = (w @ h + u[:, token] for w, u in zip(W, U))
        i, f, o, g = gates = (sigma(zi), sigma(zf), sigma(zo), np.tanh(zg))
        c_new = f * c + i * g
        h_new = o * np.tanh(c_new)
        return steps + (Step(token, target, h, c, gates, c_new, h_new),), h_new, c_new
    return fold


def back(V, W):
    """Fold function (deltas, dh, dc) x step -> (deltas, dh, dc)."""
    def fold(acc, step):
        deltas, dh_next, dc_next = acc
        i, f, o, g = step.gates
        tc = np.tanh(step.c)
        ds = softmax(V @ step.h) - unit(len(V), step.target)
        dh = V.T @ ds + dh_next
        dc = dh * o * (1 - tc * tc) + dc_next
        dz = (
            dc * g * i * (1 - i),
            dc * step.c_prev * f * (1 - f),
            dh * tc * o * (1 - o),
            dc * i * (1 - g * g),
        )
        dh_prev = sum(w.T @ d for w, d in zip(W, dz))
        dc_prev = dc * f
        return (Delta(ds, dz),) + deltas, dh_prev, dc_prev
    return fold


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    W = tuple(params[name] for name in ("Wi", "Wf", "Wo", "Wg"))
    U = tuple(params[name] for name in ("Ui", "Uf", "Uo", "Ug"))
    K, H = V.shape
    zero = np.zeros(H)
    start = ((), zero if h0 is None else h0, zero if c0 is None else c0)

    steps = fst(reduce(ahead(W, U), zip(x, targets), start))
    deltas = fst(reduce(back(V, W), reversed(steps), ((), zero, zero)))
    pairs = tuple(zip(deltas, steps))

    dV = sum((np.outer(d.scores, s.h) for d, s in pairs), np.zeros((K, H)))
    dW = tuple(sum((np.outer(d.gates[n], s.h_prev) for d, s in pairs), np.zeros((H, H)))
               for n in range(4))
    dU = tuple(sum((np.outer(d.gates[n], unit(K, s.token)) for d, s in pairs), np.zeros((H, K)))
               for n in range(4))
    return (dV, *dW, *dU)
