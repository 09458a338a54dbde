"""The passes for several nets and many sequences at once. Imports params and batch.

The equations are those of plain.py, with an axis of N nets and one of B sequences: a state is (N, B, H). All nets are
run on all B sequences, and `weights` says how often each net counts each of them. Every sequence starts from a zero
state.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_teach.batch import Scratch, pad
from lstm_teach.params import Params

Pair = tuple[np.ndarray, np.ndarray]  # token ids x (T,) and targets (T,)


@dataclass(frozen=True)
class Sequences:
    """B different sequences, longest first: xs, targets, valid (T, B), and counts (N, B), how often each is meant."""

    xs: np.ndarray
    targets: np.ndarray
    valid: np.ndarray
    counts: np.ndarray


def collect(drawn: Sequence[Sequence[Pair]]) -> Sequences:
    """Put the pairs that each of N nets has drawn side by side, every different one once."""
    different: dict[tuple[bytes, bytes], int] = {}
    pairs, places = [], []
    for net, batch in enumerate(drawn):
        for x, targets in batch:
            key = np.asarray(x).tobytes(), np.asarray(targets).tobytes()
            if key not in different:
                different[key] = len(pairs)
                pairs.append((x, targets))
            places.append((net, different[key]))
    counts = np.zeros((len(drawn), len(pairs)))
    np.add.at(counts, tuple(np.transpose(places)), 1)
    order = sorted(range(len(pairs)), key=lambda b: -len(pairs[b][0]))
    return Sequences(*pad([pairs[b] for b in order]), counts[:, order])


@dataclass(frozen=True)
class States:
    """What the forward pass computed: gates (T, 4, N, B, H) in the order i, f, o, g; ct (T, N, B, H); c and h
    (T+1, N, B, H), whose row -1 is the initial state; y and surprise = -log y (T, N, B, vocab_size).
    """

    gates: np.ndarray
    c: np.ndarray
    ct: np.ndarray
    h: np.ndarray
    y: np.ndarray
    surprise: np.ndarray


def forward_nets(params: Params, xs: np.ndarray, scratch: Scratch) -> States:
    """Run N nets, `params.flat` (N, n), over the B sequences in the columns of `xs` (T, B)."""
    (T, B), N, H, K = xs.shape, len(params.flat), params.hidden_size, params.vocab_size
    gates, ct = scratch.array("gates", T, 4, N, B, H), scratch.array("ct", T, N, B, H)
    c, h = scratch.array("c", T + 1, N, B, H), scratch.array("h", T + 1, N, B, H)
    c[-1] = h[-1] = 0

    W = np.ascontiguousarray(params.W.reshape(N, 4, H, H).transpose(1, 0, 3, 2))
    U = np.ascontiguousarray(params.U.reshape(N, 4, H, K).transpose(1, 0, 3, 2))
    W[:3] /= 2  # sigmoid as a tanh, see forward.py
    U[:3] /= 2
    for t in range(T):
        a = np.matmul(h[t - 1], W, out=gates[t])
        a += U.take(xs[t], axis=2)
        np.tanh(a, out=a)
        a[:3] *= 0.5
        a[:3] += 0.5
        i, f, o, g = a
        np.multiply(f, c[t - 1], out=c[t])
        c[t] += i * g
        np.tanh(c[t], out=ct[t])
        np.multiply(o, ct[t], out=h[t])
    scores = np.matmul(h[:-1], params.V.swapaxes(1, 2), out=scratch.array("scores", T, N, B, K))
    surprise = np.subtract(scores.max(-1, keepdims=True), scores, out=scores)
    y = np.exp(-surprise, out=scratch.array("y", T, N, B, K))
    total = y.sum(-1, keepdims=True)
    y /= total
    surprise += np.log(total)
    return States(gates, c, ct, h, y, surprise)


def bptt_nets(params: Params, sequences: Sequences, scratch: Scratch | None = None) -> tuple[np.ndarray, Params]:
    """Each net's loss (N,), summed over its sequences, and its gradient, in one walk back for all of them."""
    scratch = scratch or Scratch()
    states, dy, loss = _start(params, sequences, scratch)
    dh_loss, W = np.matmul(dy, params.V, out=scratch.array("dh_loss", *states.ct.shape)), _back(params)
    dz = scratch.array("dz", *states.gates.shape)
    dh_future, dc_carry = np.zeros((2, *states.h.shape[1:]))
    for t in reversed(range(len(dz))):
        (i, f, o, g), ct = states.gates[t], states.ct[t]
        dh = dh_loss[t] + dh_future
        dc = dh * o * (1 - ct * ct) + dc_carry
        np.multiply(dc, g * i * (1 - i), out=dz[t, 0])
        np.multiply(dc, states.c[t - 1] * f * (1 - f), out=dz[t, 1])
        np.multiply(dh, ct * o * (1 - o), out=dz[t, 2])
        np.multiply(dc, i * (1 - g * g), out=dz[t, 3])
        dh_future = np.matmul(dz[t], W).sum(0)
        dc_carry = dc * f
    return loss, _gradient(params, sequences, states, dy, dz, scratch)


def nested_nets(
    params: Params, sequences: Sequences, repaired: Collection[str] = (), scratch: Scratch | None = None
) -> tuple[np.ndarray, Params]:
    """As `bptt_nets`, by the loop of the question, of whose flaws those in `repaired` are repaired."""
    scratch = scratch or Scratch()
    states, dy, loss = _start(params, sequences, scratch)
    dh_loss, N, H = np.matmul(dy, params.V), len(params.flat), params.hidden_size
    to_cell, to_z = _slopes(states)
    to_z = np.ascontiguousarray(np.moveaxis(to_z, 1, 3))  # (T, N, B, 4, H): one product leads back through all gates
    f, o = states.gates[:, 1], states.gates[:, 2]
    slope_0 = 1 - states.ct[0] ** 2
    dz_of_all = np.zeros_like(to_z)
    left_over = np.zeros_like(states.h[0])  # the delta of tanh(c) at step 0, as the walk before has left it
    for t in reversed(range(len(dz_of_all))):
        n = int(sequences.valid[t].sum())  # the sequences that have a step t come first
        dh = dh_loss[t, :, :n]
        dc = np.zeros_like(dh) if "stale_cell_delta" in repaired else (left_over * slope_0)[:, :n]
        for s in reversed(range(t + 1 if "short_range" in repaired else t)):
            if s == 0:
                left_over[:, :n] = dh * o[0, :, :n]
            dc = dc + dh * to_cell[s, :, :n]
            dz = to_z[s, :, :n] * dc[:, :, None]
            np.multiply(to_z[s, :, :n, 2], dh, out=dz[:, :, 2])
            dz_of_all[s, :, :n] += dz
            dh = np.matmul(dz.reshape(N, n, 4 * H), params.W)
            carry = dc * f[s, :, :n]
            dc = carry if "carry_accumulates" in repaired else dc + carry
    dz_of_all = np.moveaxis(dz_of_all, 3, 1)
    return loss, _gradient(params, sequences, states, dy, dz_of_all, scratch, "scalar_dot" not in repaired)


def _start(params: Params, sequences: Sequences, scratch: Scratch) -> tuple[States, np.ndarray, np.ndarray]:
    """The states, the deltas of the scores (T, N, B, vocab_size) and the losses (N,)."""
    states = forward_nets(params, sequences.xs, scratch)
    weights = sequences.valid[:, None] * sequences.counts
    own = sequences.targets[:, None, :, None]
    surprise = np.take_along_axis(states.surprise, own, -1)[..., 0]
    dy = states.y
    np.put_along_axis(dy, own, np.take_along_axis(dy, own, -1) - 1, -1)
    dy *= weights[..., None]
    return states, dy, (weights * surprise).sum((0, 2))


def _back(params: Params) -> np.ndarray:
    """The recurrent weights, (4, N, H, H), as `dz @ W` needs them."""
    H = params.hidden_size
    return np.ascontiguousarray(params.W.reshape(-1, 4, H, H).swapaxes(0, 1))


def _slopes(states: States) -> tuple[np.ndarray, np.ndarray]:
    """Local slopes: from h to c (T, N, B, H); from c (for o: from h) to the pre-activations (T, 4, N, B, H)."""
    i, f, o, g = states.gates.swapaxes(0, 1)
    ct, c_before = states.ct, np.roll(states.c, 1, axis=0)[:-1]
    to_z = np.stack([g * i * (1 - i), c_before * f * (1 - f), ct * o * (1 - o), i * (1 - g**2)], axis=1)
    return o * (1 - ct**2), to_z


def _gradient(
    params: Params,
    sequences: Sequences,
    states: States,
    dy: np.ndarray,
    dz: np.ndarray,
    scratch: Scratch,
    scalar_dot: bool = False,
) -> Params:
    """The nine gradients of each net from the deltas of its scores and pre-activations."""
    (T, B), N, H, K = sequences.xs.shape, len(params.flat), params.hidden_size, params.vocab_size
    grads = Params(K, H, np.zeros_like(params.flat))

    def by_net(name: str, array: np.ndarray) -> np.ndarray:  # (T, ..., N, B, n) -> (..., N, T * B, n)
        array = np.moveaxis(array, 0, -3)
        copy = scratch.array(name, *array.shape)
        copy[...] = array
        return copy.reshape(*array.shape[:-3], T * B, array.shape[-1])

    h, dy, dz = by_net("h by net", states.h[:-1]), by_net("dy by net", dy), by_net("dz by net", dz)
    h_before = np.zeros_like(h)
    h_before[:, B:] = h[:, :-B]
    one_hot = np.eye(K)[sequences.xs.ravel()]
    grads.V[...] = np.matmul(dy.swapaxes(1, 2), h)
    if scalar_dot:  # a number, added to every entry
        dW = np.broadcast_to((dz * h_before).sum((-2, -1))[..., None, None], (4, N, H, H))
    else:
        dW = np.matmul(dz.swapaxes(-1, -2), h_before)
    grads.W[...] = dW.swapaxes(0, 1).reshape(N, 4 * H, H)
    grads.U[...] = np.matmul(dz.swapaxes(-1, -2), one_hot).swapaxes(0, 1).reshape(N, 4 * H, K)
    return grads
