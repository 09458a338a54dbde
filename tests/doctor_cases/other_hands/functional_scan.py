from functools import partial
from typing import NamedTuple

import numpy as np


class Residuals(NamedTuple):
    h_prev: np.ndarray
    c_prev: np.ndarray
    gates: tuple
    tanh_c: np.ndarray


def scan(step, carry, xs, reverse=False):
    """lax.scan: step(carry, x) -> (carry, y); the ys are stacked in the order of xs."""
    order = range(len(xs[0]))
    ys = []
    for n in (reversed(order) if reverse else order):
        carry, y = step(carry, tuple(a[n] for a in xs))
        ys.append(y)
    if reverse:
        ys = ys[::-1]
    return carry, tuple(np.stack(column) for column in zip(*ys))


def fwd_step(W, carry, inp):
    h, c = carry
    (ux,) = inp
    pre = np.einsum("qjk,k->qj", W, h) + ux
    i, f, o = 1.0 / (1.0 + np.exp(-pre[:3]))
    g = np.tanh(pre[3])
    c_new = f * c + i * g
    th = np.tanh(c_new)
    h_new = o * th
    return (h_new, c_new), (h_new, h, c, np.stack([i, f, o, g]), th)


def bwd_step(W, carry, inp):
    h_bar, c_bar = carry
    h_bar_out, c_prev, (i, f, o, g), th = inp
    h_bar = h_bar + h_bar_out
    c_bar = c_bar + h_bar * o * (1.0 - th**2)
    pre_bar = np.stack([
        c_bar * g * i * (1.0 - i),
        c_bar * c_prev * f * (1.0 - f),
        h_bar * th * o * (1.0 - o),
        c_bar * i * (1.0 - g**2),
    ])
    return (np.einsum("qjk,qj->k", W, pre_bar), c_bar * f), (pre_bar,)


def backward(params, x, targets):
    W = np.stack([params.Wi, params.Wf, params.Wo, params.Wg])
    U = np.stack([params.Ui, params.Uf, params.Uo, params.Ug])
    H, K = U.shape[1:]
    X, Y = np.eye(K)[np.array(x)], np.eye(K)[np.array(targets)]
    zero = (np.zeros(H), np.zeros(H))
    ux = np.einsum("qjv,tv->tqj", U, X)
    _, (hs, h_prev, c_prev, gates, th) = scan(partial(fwd_step, W), zero, (ux,))
    res = Residuals(h_prev, c_prev, gates, th)
    logits = np.einsum("vj,tj->tv", params.V, hs)
    p = np.exp(logits - logits.max(-1, keepdims=True))
    logits_bar = p / p.sum(-1, keepdims=True) - Y
    hs_bar = np.einsum("tv,vj->tj", logits_bar, params.V)
    _, (pre_bar,) = scan(partial(bwd_step, W), zero, (hs_bar, res.c_prev, res.gates, res.tanh_c), reverse=True)
    W_bar = np.einsum("tqj,tk->qjk", pre_bar, res.h_prev)
    U_bar = np.einsum("tqj,tv->qjv", pre_bar, X)
    V_bar = np.einsum("tv,tj->vj", logits_bar, hs)
    names = [kind + gate for kind in "WU" for gate in "ifog"]
    return dict(zip(names, [*W_bar, *U_bar]), V=V_bar)
