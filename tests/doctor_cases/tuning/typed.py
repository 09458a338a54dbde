from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import lstm_teach as lt

Vector = NDArray[np.float64]


class Carry(NamedTuple):
    """What one step hands to the step before it."""

    dh: Vector
    dc: Vector


class GateDeltas(NamedTuple):
    """Deltas before the squashing functions."""

    i: Vector
    f: Vector
    o: Vector
    g: Vector


def step_backward(
    cache: lt.Cache, params: lt.Params, t: int, d_logits: Vector, carry: Carry
) -> tuple[Carry, GateDeltas]:
    i, f, o, g = cache.i[t], cache.f[t], cache.o[t], cache.g[t]
    dh: Vector = params.V.T @ d_logits + carry.dh
    dc: Vector = carry.dc + dh * o * (1.0 - cache.ct[t] ** 2)
    z = GateDeltas(
        i=dc * g * i * (1.0 - i),
        f=dc * cache.c[t - 1] * f * (1.0 - f),
        o=dh * cache.ct[t] * o * (1.0 - o),
        g=dc * i * (1.0 - g**2),
    )
    dh_prev = params.Wi.T @ z.i + params.Wf.T @ z.f + params.Wo.T @ z.o + params.Wg.T @ z.g
    return Carry(dh=dh_prev, dc=dc * f), z


def bptt(
    params: lt.Params,
    x: list[int],
    targets: list[int],
    h0: Vector | None = None,
    c0: Vector | None = None,
) -> tuple[lt.Params, list[GateDeltas]]:
    """Gradients, and the deltas of every step."""
    cache = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    carry = Carry(dh=np.zeros(params.hidden_size), dc=np.zeros(params.hidden_size))
    deltas: list[GateDeltas] = []
    for t, (token, target) in reversed(list(enumerate(zip(x, targets)))):
        d_logits = cache.y[t].copy()
        d_logits[target] -= 1.0
        grads.V += np.outer(d_logits, cache.h[t])
        carry, z = step_backward(cache, params, t, d_logits, carry)
        for gate, delta in z._asdict().items():
            grads["W" + gate] += np.outer(delta, cache.h[t - 1])
            grads["U" + gate][:, token] += delta
        deltas.insert(0, z)
    return grads, deltas
