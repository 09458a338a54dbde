"""The passes for many sequences and several nets at once, as training needs them. Imports forward and backward.

The sequences are the columns of xs (T, B), and every other array has the axis B too: a state is (T, B, H). With several
nets, `params.flat` (N, n), it is (T, N, B, H): every net runs on every sequence, and `weights` say how often each net
counts it. The shapes below are those for several nets; with one net, leave out the axis N. Every sequence starts from
a zero state.
"""

from collections.abc import Collection, Sequence

import numpy as np

from lstm_teach.backward import before, slopes, walk_back, weight_gradients
from lstm_teach.forward import Cache, at_targets, cross_entropy, run
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


def batch_loss(params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted sum of the cross-entropy over all steps of all sequences, in nats: (N,)."""
    return _loss(run(params, xs), targets, weights)


def _loss(cache: Cache, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (weights * cross_entropy(cache.scores, targets)).sum((0, -1))


def batch_bptt(params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, Params]:
    """`batch_loss` and its gradient, in one pass from the last step to the first for all sequences together."""
    cache, loss, dy = _start(params, xs, targets, weights)
    return loss, walk_back(params, cache, dy)


def batch_nested(
    params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray, repaired: Collection[str] = ()
) -> tuple[np.ndarray, Params]:
    """As `batch_bptt`, by the posted loop, of whose flaws those in `repaired` are repaired.

    The sequences have to be in the order of `collect`, the longest first.
    """
    cache, loss, dy = _start(params, xs, targets, weights)
    dh_loss, H = dy @ params.V, params.hidden_size
    to_cell, to_z = slopes(cache)
    f, o, slope_0 = cache.f, cache.o, 1 - cache.ct[0] ** 2
    dz_of_all = np.zeros_like(to_z)  # (T, N, B, 4, H): one product leads back through all gates
    left_over = np.zeros_like(slope_0)  # the delta of tanh(c) at step 0, as the walk before has left it
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
            dh = np.matmul(dz.reshape(*dc.shape[:-1], 4 * H), params.W)
            carry = dc * f[s, ..., :n, :]
            dc = carry if "carry_accumulates" in repaired else dc + carry
    grads = weight_gradients(params, cache, dy, dz_of_all.reshape(*to_cell.shape[:-1], 4 * H))
    if "scalar_dot" not in repaired:  # a number for each gate, added to every entry
        numbers = (dz_of_all * before(cache.h)[..., None, :]).sum(-1).sum((0, -2))
        grads.W[...] = np.repeat(numbers, H, axis=-1)[..., None]
    return loss, grads


def _start(
    params: Params, xs: np.ndarray, targets: np.ndarray, weights: np.ndarray
) -> tuple[Cache, np.ndarray, np.ndarray]:
    """The forward pass, the losses (N,), and the deltas of the scores (T, N, B, vocab_size)."""
    cache = run(params, xs)
    dy = cache.y.copy()
    dy[at_targets(dy, targets)] -= 1
    return cache, _loss(cache, targets, weights), weights[..., None] * dy
