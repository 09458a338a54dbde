"""The forward pass and bptt for many sequences at once, as training needs them. Imports params only.

The equations are those of forward.py and backward.py, with a batch axis B after the time axis. The four gates lie in
four blocks, (4, T, B, H), so that every line of a step works on unbroken memory. Every sequence starts from a zero
state. Large arrays are reused from call to call (`Scratch`): to get fresh ones from the operating system
costs as much as to fill them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_teach.params import Params


class Scratch:
    """Arrays that are used again by the next call; what the last call returned in them is then overwritten."""

    def __init__(self):
        self._arrays: dict[str, np.ndarray] = {}

    def array(self, name: str, *shape: int) -> np.ndarray:
        """An array of this shape with unknown content."""
        size = int(np.prod(shape))
        if name not in self._arrays or self._arrays[name].size < size:
            self._arrays[name] = np.empty(size)
        return self._arrays[name][:size].reshape(shape)


@dataclass(frozen=True)
class BatchCache:
    """What the forward pass computed: gates i, f, o, g (4, T, B, H); c, ct, h (T, B, H); y (T, B, vocab_size).

    `surprise` (T, B, vocab_size) is -log y, computed from the scores so that it is finite where y rounds to zero.

    `c_before` and `h_before` (T, B, H) are the states that each step started from.
    """

    gates: np.ndarray
    c: np.ndarray
    ct: np.ndarray
    h: np.ndarray
    c_before: np.ndarray
    h_before: np.ndarray
    surprise: np.ndarray
    y: np.ndarray


def pad(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Put B pairs (x, targets) of different lengths side by side: xs, targets, weights, (T, B) each.

    Where a sequence has ended, the tokens are 0 and the weight is 0; elsewhere the weight is 1.
    """
    T, B = max(len(x) for x, _ in pairs), len(pairs)
    xs, targets, weights = np.zeros((T, B), int), np.zeros((T, B), int), np.zeros((T, B))
    for b, (x, target) in enumerate(pairs):
        xs[: len(x), b], targets[: len(x), b], weights[: len(x), b] = x, target, 1
    return xs, targets, weights


def batch_forward(params: Params, xs: np.ndarray, scratch: Scratch | None = None) -> BatchCache:
    """Run the LSTM over the B sequences in the columns of `xs` (T, B)."""
    scratch = scratch or Scratch()
    (T, B), H, K = xs.shape, params.hidden_size, params.vocab_size
    gates, ct = scratch.array("gates", 4, T, B, H), scratch.array("ct", T, B, H)
    c, h = scratch.array("c", T + 1, B, H), scratch.array("h", T + 1, B, H)  # here row 0 is the initial state
    c[0] = h[0] = 0

    W = params.W.reshape(4, H, H).swapaxes(1, 2).copy()
    U = params.U.reshape(4, H, K).swapaxes(1, 2).copy()
    W[:3] /= 2  # sigmoid as a tanh, see forward.py
    U[:3] /= 2
    for t in range(T):
        a = np.matmul(h[t], W, out=gates[:, t])
        a += U.take(xs[t], axis=1)
        np.tanh(a, out=a)
        a[:3] *= 0.5
        a[:3] += 0.5
        i, f, o, g = a
        np.multiply(f, c[t], out=c[t + 1])
        c[t + 1] += i * g
        np.tanh(c[t + 1], out=ct[t])
        np.multiply(o, ct[t], out=h[t + 1])
    scores = np.matmul(h[1:].reshape(T * B, H), params.V.T, out=scratch.array("scores", T * B, K))
    surprise = np.subtract(scores.max(1, keepdims=True), scores, out=scores)  # at least 0, so that exp can't overflow
    y = np.exp(-surprise, out=scratch.array("y", T * B, K))
    total = y.sum(1, keepdims=True)
    y /= total
    surprise += np.log(total)
    return BatchCache(gates, c[1:], ct, h[1:], c[:-1], h[:-1], surprise.reshape(T, B, K), y.reshape(T, B, K))


def batch_loss(
    params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray, cache: BatchCache | None = None
) -> float:
    """The weighted sum of the cross-entropy over all steps of all sequences, in nats."""
    surprise = (cache or batch_forward(params, xs)).surprise
    return float((weights * surprise[at(targets)]).sum())


def at(targets: np.ndarray) -> tuple[np.ndarray, ...]:
    """Index of each step's own target in a (T, B, vocab_size) array."""
    return (*np.indices(targets.shape, sparse=True), targets)


def batch_bptt(
    params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray, scratch: Scratch | None = None
) -> tuple[float, Params]:
    """`batch_loss` and its gradient, in one pass from the last step to the first for all sequences together."""
    scratch = scratch or Scratch()
    cache = batch_forward(params, xs, scratch)
    (T, B), H, K = xs.shape, params.hidden_size, params.vocab_size
    loss = batch_loss(params, xs, targets, weights, cache)

    dy = cache.y
    dy[at(targets)] -= 1
    dy *= weights[..., None]
    dh_loss = np.matmul(dy.reshape(T * B, K), params.V, out=scratch.array("dh_loss", T * B, H)).reshape(T, B, H)
    dz = scratch.array("dz", 4, T, B, H)
    W = params.W.reshape(4, H, H)
    dh_future, dc_carry = np.zeros((B, H)), np.zeros((B, H))
    for t in reversed(range(T)):
        (i, f, o, g), ct = cache.gates[:, t], cache.ct[t]
        dh = dh_loss[t] + dh_future
        dc = dh * o * (1 - ct * ct) + dc_carry
        np.multiply(dc, g * i * (1 - i), out=dz[0, t])
        np.multiply(dc, cache.c_before[t] * f * (1 - f), out=dz[1, t])
        np.multiply(dh, ct * o * (1 - o), out=dz[2, t])
        np.multiply(dc, i * (1 - g * g), out=dz[3, t])
        dh_future = np.matmul(dz[:, t], W).sum(0)
        dc_carry = dc * f

    dz = dz.reshape(4, T * B, H)
    grads = Params.zeros(K, H)
    np.matmul(dy.reshape(T * B, K).T, cache.h.reshape(T * B, H), out=grads.V)
    np.matmul(dz.swapaxes(1, 2), cache.h_before.reshape(T * B, H), out=grads.W.reshape(4, H, H))
    order = np.argsort(xs, axis=None)  # steps with the same token side by side: their sum is that token's column of U
    tokens, starts = np.unique(xs.ravel()[order], return_index=True)
    by_token = np.take(dz, order, axis=1, out=scratch.array("by_token", *dz.shape), mode="clip")  # "raise" would copy
    grads.U.reshape(4, H, K)[:, :, tokens] = np.add.reduceat(by_token, starts, axis=1).swapaxes(1, 2)
    return loss, grads
