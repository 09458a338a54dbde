"""The passes for many sequences and several nets at once, as training needs them. Imports params only.

The equations are those of plain.py, with a batch axis B behind the time axis: a state is (T, B, H). With several nets,
`params.flat` (N, n), it is (T, N, B, H): every net runs on every sequence, and `weights` say how often each net counts
it. Shapes below are those for several nets; for one net the axis N is missing everywhere. The four gates lie in four
blocks, (4, T, N, B, H), so that every line of a step works on unbroken memory. Every sequence starts from a zero state.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_teach.params import Params

Pair = tuple[np.ndarray, np.ndarray]  # token ids x (T,) and targets (T,)
Batch = tuple[np.ndarray, np.ndarray, np.ndarray]  # xs, targets, weights


def pad(pairs: Sequence[Pair]) -> Batch:
    """Put B pairs (x, targets) of different lengths side by side: xs, targets, weights, (T, B) each.

    Where a sequence has ended, the tokens are 0 and the weight is 0; elsewhere the weight is 1.
    """
    T, B = max(len(x) for x, _ in pairs), len(pairs)
    xs, targets, weights = np.zeros((T, B), int), np.zeros((T, B), int), np.zeros((T, B))
    for b, (x, target) in enumerate(pairs):
        xs[: len(x), b], targets[: len(x), b], weights[: len(x), b] = x, target, 1
    return xs, targets, weights


def collect(drawn: Sequence[Sequence[Pair]]) -> Batch:
    """Put the pairs that each of N nets has drawn side by side, every different one once, longest first.

    Returns xs, targets (T, B) and weights (T, N, B): how often each net has drawn a sequence, and 0 where it has ended.
    """
    different: dict[tuple[bytes, bytes], tuple[Pair, np.ndarray]] = {}
    for net, pairs in enumerate(drawn):
        for x, targets in pairs:
            key = np.asarray(x).tobytes(), np.asarray(targets).tobytes()
            _, counts = different.setdefault(key, ((x, targets), np.zeros(len(drawn))))
            counts[net] += 1
    longest_first = sorted(different.values(), key=lambda each: -len(each[0][0]))
    xs, targets, valid = pad([pair for pair, _ in longest_first])
    return xs, targets, valid[:, None] * np.transpose([counts for _, counts in longest_first])


@dataclass(frozen=True)
class BatchCache:
    """What the forward pass computed: gates i, f, o, g (4, T, N, B, H); ct (T, N, B, H); y (T, N, B, vocab_size).

    `c` and `h` (T+1, N, B, H) hold the initial state in row 0, so that step t starts from row t and fills in row t+1.
    `surprise` (T, N, B, vocab_size) is -log y, computed from the scores so that it is finite where y rounds to zero.
    """

    gates: np.ndarray
    c: np.ndarray
    ct: np.ndarray
    h: np.ndarray
    surprise: np.ndarray
    y: np.ndarray


def batch_forward(params: Params, xs: np.ndarray) -> BatchCache:
    """Run the LSTM over the B sequences in the columns of `xs` (T, B)."""
    (T, B), H, nets = xs.shape, params.hidden_size, params.flat.shape[:-1]
    gates, ct = np.empty((4, T, *nets, B, H)), np.empty((T, *nets, B, H))
    c, h = np.zeros((2, T + 1, *nets, B, H))

    W = _by_gate(params.W).swapaxes(-1, -2).copy()
    U = _by_gate(params.U).swapaxes(-1, -2).copy()
    W[:3] /= 2  # sigmoid as a tanh, see forward.py
    U[:3] /= 2
    for t in range(T):
        a = np.matmul(h[t], W, out=gates[:, t])
        a += U.take(xs[t], axis=-2)
        np.tanh(a, out=a)
        a[:3] *= 0.5
        a[:3] += 0.5
        i, f, o, g = a
        np.multiply(f, c[t], out=c[t + 1])
        c[t + 1] += i * g
        np.tanh(c[t + 1], out=ct[t])
        np.multiply(o, ct[t], out=h[t + 1])
    scores = h[1:] @ params.V.swapaxes(-1, -2)
    surprise = scores.max(-1, keepdims=True) - scores  # at least 0, so that exp can't overflow
    y = np.exp(-surprise)
    total = y.sum(-1, keepdims=True)
    y /= total
    surprise += np.log(total)
    return BatchCache(gates, c, ct, h, surprise, y)


def _by_gate(stacked: np.ndarray) -> np.ndarray:
    """A view of W or U with the gates as the first axis: (4, N, H, columns)."""
    *nets, rows, columns = stacked.shape
    return stacked.reshape(*nets, 4, rows // 4, columns).swapaxes(0, -3)


def batch_loss(params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted sum of the cross-entropy over all steps of all sequences, in nats: (N,)."""
    return _loss(batch_forward(params, xs), targets, weights)


def _loss(cache: BatchCache, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (weights * cache.surprise[_own(targets, cache)]).sum((0, -1))


def _own(targets: np.ndarray, cache: BatchCache) -> tuple[np.ndarray, ...]:
    """Index of each step's own target in y."""
    return (*np.indices(cache.y.shape[:-1], sparse=True), targets[:, None] if cache.y.ndim > 3 else targets)


def batch_bptt(params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, Params]:
    """`batch_loss` and its gradient, in one pass from the last step to the first for all sequences together."""
    cache, loss, dy, dh_loss = _start(params, xs, targets, weights)
    dz, W = np.empty_like(cache.gates), np.ascontiguousarray(_by_gate(params.W))
    dh_future, dc_carry = np.zeros((2, *cache.ct.shape[1:]))
    for t in reversed(range(len(xs))):
        (i, f, o, g), ct = cache.gates[:, t], cache.ct[t]
        dh = dh_loss[t] + dh_future
        dc = dh * o * (1 - ct * ct) + dc_carry
        np.multiply(dc, g * i * (1 - i), out=dz[0, t])
        np.multiply(dc, cache.c[t] * f * (1 - f), out=dz[1, t])
        np.multiply(dh, ct * o * (1 - o), out=dz[2, t])
        np.multiply(dc, i * (1 - g * g), out=dz[3, t])
        dh_future = np.matmul(dz[:, t], W).sum(0)
        dc_carry = dc * f
    return loss, _gradient(params, xs, cache, dy, dz)


def batch_nested(
    params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray, repaired: Collection[str] = ()
) -> tuple[np.ndarray, Params]:
    """As `batch_bptt`, by the loop of the question, of whose flaws those in `repaired` are repaired.

    The sequences have to be in the order of `collect`, the longest first.
    """
    cache, loss, dy, dh_loss = _start(params, xs, targets, weights)
    (i, f, o, g), ct, c_before = cache.gates, cache.ct, cache.c[:-1]
    to_cell = o * (1 - ct**2)  # local slopes: from h to c, and from c (for o: from h) to the pre-activations
    to_z = np.stack([g * i * (1 - i), c_before * f * (1 - f), ct * o * (1 - o), i * (1 - g**2)], axis=-2)
    slope_0 = 1 - ct[0] ** 2
    dz_of_all = np.zeros_like(to_z)  # (T, N, B, 4, H): one product leads back through all gates
    left_over = np.zeros_like(ct[0])  # the delta of tanh(c) at step 0, as the walk before has left it
    lasting = (weights != 0).reshape(len(xs), -1, xs.shape[1]).any(1).sum(1)
    for t in reversed(range(len(xs))):
        n = lasting[t]  # the sequences that have a step t come first
        dh = dh_loss[t, ..., :n, :]
        dc = np.zeros_like(dh) if "stale_cell_delta" in repaired else (left_over * slope_0)[..., :n, :]
        for s in reversed(range(t + 1 if "short_range" in repaired else t)):
            if s == 0:
                left_over[..., :n, :] = dh * o[0, ..., :n, :]
            dc = dc + dh * to_cell[s, ..., :n, :]
            dz = to_z[s, ..., :n, :, :] * dc[..., None, :]
            dz[..., 2, :] = to_z[s, ..., :n, 2, :] * dh
            dz_of_all[s, ..., :n, :, :] += dz
            dh = np.matmul(dz.reshape(*dc.shape[:-1], 4 * params.hidden_size), params.W)
            carry = dc * f[s, ..., :n, :]
            dc = carry if "carry_accumulates" in repaired else dc + carry
    return loss, _gradient(params, xs, cache, dy, np.moveaxis(dz_of_all, -2, 0), "scalar_dot" not in repaired)


def _start(
    params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray
) -> tuple[BatchCache, np.ndarray, np.ndarray, np.ndarray]:
    """The forward pass, the losses (N,), and the deltas of the scores, which replace y, and of h (T, N, B, H)."""
    cache = batch_forward(params, xs)
    dy = cache.y
    dy[_own(targets, cache)] -= 1
    dy *= weights[..., None]
    return cache, _loss(cache, targets, weights), dy, np.matmul(dy, params.V)


def _gradient(
    params: Params, xs: np.ndarray, cache: BatchCache, dy: np.ndarray, dz: np.ndarray, scalar_dot: bool = False
) -> Params:
    """The nine gradients of each net from the deltas of its scores and pre-activations."""
    grads, B = Params(params.vocab_size, params.hidden_size, np.zeros_like(params.flat)), xs.shape[1]

    def steps(array: np.ndarray) -> np.ndarray:  # (..., T, N, B, n) -> (..., N, T * B, n)
        array = np.swapaxes(array, -4, -3) if params.flat.ndim > 1 else array
        return array.reshape(*array.shape[:-3], -1, array.shape[-1])

    states, dy, dz = steps(cache.h), steps(dy), steps(dz)
    h_before, h = states[..., :-B, :], states[..., B:, :]
    np.matmul(dy.swapaxes(-1, -2), h, out=grads.V)
    if scalar_dot:  # a number, added to every entry
        _by_gate(grads.W)[...] = (dz * h_before).sum((-2, -1), keepdims=True)
    else:
        np.matmul(dz.swapaxes(-1, -2), h_before, out=_by_gate(grads.W))
    order = np.argsort(xs, axis=None)  # steps with the same token side by side: their sum is that token's column of U
    tokens, starts = np.unique(xs.ravel()[order], return_index=True)
    _by_gate(grads.U)[..., tokens] = np.add.reduceat(dz.take(order, axis=-2), starts, axis=-2).swapaxes(-1, -2)
    return grads
