"""The passes for several nets and many sequences at once. Imports params and batch.

The equations are those of plain.py, with an axis of N nets and one of B sequences: a state is (N, B, H). All nets are
run on all B sequences, and `weights` says how often each net counts each of them. Every sequence starts from a zero
state.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_teach.batch import pad
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
    """What the forward pass computed: gates (T, 4, N, B, H) in the order i, f, o, g; c, ct, h (T+1, N, B, H), whose row
    -1 is the initial state; y and surprise = -log y (T, N, B, vocab_size).
    """

    gates: np.ndarray
    c: np.ndarray
    ct: np.ndarray
    h: np.ndarray
    y: np.ndarray
    surprise: np.ndarray


def forward_nets(params: Params, xs: np.ndarray) -> States:
    """Run N nets, `params.flat` (N, n), over the B sequences in the columns of `xs` (T, B)."""
    (T, B), N, H, K = xs.shape, len(params.flat), params.hidden_size, params.vocab_size
    gates = np.empty((T, 4, N, B, H))
    c, ct, h = np.zeros((3, T + 1, N, B, H))
    W = np.ascontiguousarray(params.W.reshape(N, 4, H, H).transpose(1, 0, 3, 2))
    U = np.ascontiguousarray(params.U.reshape(N, 4, H, K).transpose(1, 0, 3, 2))
    for t in range(T):
        z = np.matmul(h[t - 1], W) + U.take(xs[t], axis=2)
        gates[t, :3] = 0.5 + 0.5 * np.tanh(0.5 * z[:3])  # sigmoid(z), without overflow
        gates[t, 3] = np.tanh(z[3])
        i, f, o, g = gates[t]
        c[t] = f * c[t - 1] + i * g
        ct[t] = np.tanh(c[t])
        h[t] = o * ct[t]
    scores = np.matmul(h[:-1], params.V.swapaxes(1, 2))
    surprise = scores.max(-1, keepdims=True) - scores
    y = np.exp(-surprise)
    total = y.sum(-1, keepdims=True)
    return States(gates, c, ct, h, y / total, surprise + np.log(total))


def bptt_nets(params: Params, sequences: Sequences) -> tuple[np.ndarray, Params]:
    """Each net's loss (N,), summed over its sequences, and its gradient, in one walk back for all of them."""
    states, dy, loss = _start(params, sequences)
    dh_loss, W = np.matmul(dy, params.V), _back(params)
    to_cell, to_z = _slopes(states)
    dz = np.empty_like(states.gates)
    dh_future, dc_carry = np.zeros((2, *states.h.shape[1:]))
    for t in reversed(range(len(dz))):
        dh = dh_loss[t] + dh_future
        dc = dh * to_cell[t] + dc_carry
        np.multiply(to_z[t], dc, out=dz[t])
        np.multiply(to_z[t, 2], dh, out=dz[t, 2])
        dh_future = np.matmul(dz[t], W).sum(0)
        dc_carry = dc * states.gates[t, 1]
    return loss, _gradient(params, sequences, states, dy, dz)


def nested_nets(params: Params, sequences: Sequences, repaired: Collection[str] = ()) -> tuple[np.ndarray, Params]:
    """As `bptt_nets`, by the loop of the question, of whose flaws those in `repaired` are repaired."""
    states, dy, loss = _start(params, sequences)
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
    return loss, _gradient(params, sequences, states, dy, dz_of_all, "scalar_dot" not in repaired)


def _start(params: Params, sequences: Sequences) -> tuple[States, np.ndarray, np.ndarray]:
    """The states, the deltas of the scores (T, N, B, vocab_size) and the losses (N,)."""
    states = forward_nets(params, sequences.xs)
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
    ct, c_before = states.ct[:-1], np.roll(states.c, 1, axis=0)[:-1]
    to_z = np.stack([g * i * (1 - i), c_before * f * (1 - f), ct * o * (1 - o), i * (1 - g**2)], axis=1)
    return o * (1 - ct**2), to_z


def _gradient(
    params: Params, sequences: Sequences, states: States, dy: np.ndarray, dz: np.ndarray, scalar_dot: bool = False
) -> Params:
    """The nine gradients of each net from the deltas of its scores and pre-activations."""
    (T, B), N, H, K = sequences.xs.shape, len(params.flat), params.hidden_size, params.vocab_size
    grads = Params(K, H, np.zeros_like(params.flat))

    def by_net(array: np.ndarray) -> np.ndarray:  # (T, ..., N, B, n) -> (..., N, T * B, n)
        array = np.moveaxis(array, 0, -3)
        return array.reshape(*array.shape[:-3], T * B, array.shape[-1])

    h, h_before = by_net(states.h[:-1]), by_net(np.roll(states.h, 1, axis=0)[:-1])
    dz = by_net(dz)
    one_hot = np.eye(K)[sequences.xs.ravel()]
    grads.V[...] = np.matmul(by_net(dy).swapaxes(1, 2), h)
    if scalar_dot:  # a number, added to every entry
        dW = np.broadcast_to((dz * h_before).sum((-2, -1))[..., None, None], (4, N, H, H))
    else:
        dW = np.matmul(dz.swapaxes(-1, -2), h_before)
    grads.W[...] = dW.swapaxes(0, 1).reshape(N, 4 * H, H)
    grads.U[...] = np.matmul(dz.swapaxes(-1, -2), one_hot).swapaxes(0, 1).reshape(N, 4 * H, K)
    return grads
