"""Back-propagation through time for the LSTM language model, in small pure functions."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import lstm_teach as lt

Array = NDArray[np.float64]


class GateGrads(NamedTuple):
    """Loss gradient with respect to the four pre-activations of one step."""

    i: Array
    f: Array
    o: Array
    g: Array


def score_gradients(probabilities: Array, targets: Sequence[int]) -> Array:
    """Softmax and cross-entropy together: y - onehot(target)."""
    return probabilities - np.eye(probabilities.shape[1])[np.asarray(targets)]


def cell_gradient(cache: lt.Cache, t: int, dh: Array, dc_next: Array) -> Array:
    """Total gradient at c[t]: through h[t] and through c[t+1]."""
    return dc_next + dh * cache.o[t] * (1.0 - cache.ct[t] ** 2)


def gate_gradients(cache: lt.Cache, t: int, dh: Array, dc: Array) -> GateGrads:
    i, f, o, g = cache.i[t], cache.f[t], cache.o[t], cache.g[t]
    return GateGrads(
        i=dc * g * i * (1.0 - i),
        f=dc * cache.c[t - 1] * f * (1.0 - f),
        o=dh * cache.ct[t] * o * (1.0 - o),
        g=dc * i * (1.0 - g**2),
    )


def accumulate(grads: lt.Params, dz: GateGrads, h_prev: Array, token: int) -> None:
    for gate, delta in dz._asdict().items():
        grads[f"W{gate}"] += np.outer(delta, h_prev)
        grads[f"U{gate}"][:, token] += delta


def hidden_gradient(params: lt.Params, dz: GateGrads) -> Array:
    """Gradient handed to h[t-1] by all four gates."""
    return sum(params[f"W{gate}"].T @ delta for gate, delta in zip(GateGrads._fields, dz))


def backward(params: lt.Params, x: Sequence[int], targets: Sequence[int], h0=None, c0=None) -> lt.Params:
    cache = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dscores = score_gradients(cache.y, targets)
    grads.V = dscores.T @ cache.h[:-1]
    dh_next = np.zeros(params.hidden_size)
    dc_next = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        dh = params.V.T @ dscores[t] + dh_next
        dc = cell_gradient(cache, t, dh, dc_next)
        dz = gate_gradients(cache, t, dh, dc)
        accumulate(grads, dz, cache.h[t - 1], int(x[t]))
        dh_next = hidden_gradient(params, dz)
        dc_next = dc * cache.f[t]
    return grads
