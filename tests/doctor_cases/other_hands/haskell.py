from functools import partial, reduce
from itertools import accumulate
from typing import NamedTuple

import numpy as np


class Rec(NamedTuple):
    """All that one step leaves behind."""

    c: np.ndarray
    h: np.ndarray
    i: np.ndarray = None
    f: np.ndarray = None
    o: np.ndarray = None
    g: np.ndarray = None


class Acc(NamedTuple):
    """What the fold carries: two adjoints, and the list of dz built by consing at the front."""

    dh: np.ndarray
    dc: np.ndarray
    dzs: tuple


logistic = lambda z: 1 / (1 + np.exp(-z))
dlogistic = lambda a: a * (1 - a)
dtanh = lambda a: 1 - a**2


def advance(p, prev, tok):
    i, f, o = (logistic(U[:, tok] + W @ prev.h) for W, U in ((p.Wi, p.Ui), (p.Wf, p.Uf), (p.Wo, p.Uo)))
    g = np.tanh(p.Ug[:, tok] + p.Wg @ prev.h)
    c = f * prev.c + i * g
    return Rec(c, o * np.tanh(c), i, f, o, g)


def retreat(p, acc, item):
    prev, now, dy = item
    tc = np.tanh(now.c)
    dh = acc.dh + dy @ p.V
    dc = acc.dc + dh * now.o * dtanh(tc)
    dzi = dc * now.g * dlogistic(now.i)
    dzf = dc * prev.c * dlogistic(now.f)
    dzo = dh * tc * dlogistic(now.o)
    dzg = dc * now.i * dtanh(now.g)
    dh_prev = dzi @ p.Wi + dzf @ p.Wf + dzo @ p.Wo + dzg @ p.Wg
    return Acc(dh_prev, dc * now.f, (np.stack([dzi, dzf, dzo, dzg]), *acc.dzs))


def backward(params, x, targets):
    K, H = params.V.shape
    eye = np.eye(K)
    start = Rec(np.zeros(H), np.zeros(H))
    before, after = (lambda rs: (rs[:-1], rs[1:]))(list(accumulate(x, partial(advance, params), initial=start)))

    hs = np.array([r.h for r in after])
    expd = np.exp(hs @ params.V.T)
    dys = expd / expd.sum(axis=1, keepdims=True) - eye[targets]

    items = list(zip(before, after, dys))
    folded = reduce(partial(retreat, params), reversed(items), Acc(np.zeros(H), np.zeros(H), ()))

    dz = np.array(folded.dzs)
    h_before = np.array([r.h for r in before])
    dW = np.einsum("tkr,tc->krc", dz, h_before)
    dU = np.einsum("tkr,tv->krv", dz, eye[x])
    return dict(zip(params.keys(), (np.einsum("tv,th->vh", dys, hs), *dW, *dU)))
