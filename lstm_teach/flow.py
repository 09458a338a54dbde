"""How far each loss reaches back: the deltas of every single loss. Imports params, plain, forward, backward, nested.

`bptt` carries the sum over all losses. Here the losses stay apart, which is what one has to see to speak of vanishing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_teach.backward import slopes
from lstm_teach.forward import Cache, run_checked
from lstm_teach.nested import check_repaired
from lstm_teach.params import GATES, Params
from lstm_teach.plain import score_deltas
from lstm_teach.validate import State, Tokens


@dataclass(frozen=True, repr=False, eq=False)
class GradientFlow:
    """Norms of the deltas of each loss: `flow.dh[s, t]` is |dL_s/dh[t]|, for loss step s and state step t <= s.

        dh dc    (T, T)  what reaches the hidden state and the cell; Euclidean norms, in nats per unit

    Entries with t > s are 0, and that is their value: no later state acts on a loss. A logarithmic picture has to leave
    them out. Norms below 1e-154 read as 0, above 1e154 as infinity. The split by path is computed when first asked for.
    """

    dh: np.ndarray
    dc: np.ndarray
    _params: Params
    _cache: Cache
    _vectors: tuple[np.ndarray, np.ndarray]
    _offset: int

    @property
    def dh_paths(self) -> dict[str, np.ndarray]:
        """dh split by the path it came in on, {"loss", "i", "f", "o", "g"}: (T, T) each, and they add up to dh.

        h[t] acts on its own loss ("loss", where s = t), and on step t+1 through the four gates there. Vectors that come
        in on different paths may pull in different directions, so norms would not add up: each number is the part of a
        path's vector that points along their sum. It is negative where a path works against the others.
        """
        return dict(zip(("loss", *GATES), self._paths[0], strict=True))

    @property
    def dc_paths(self) -> dict[str, np.ndarray]:
        """dc split by path, {"cell", "loss", "i", "f", "o", "g"}: (T, T) each, and they add up to dc.

        c[t] has one path more than h[t]: straight to c[t+1] through the forget gate ("cell"). The others pass through
        h[t], as in `dh_paths`, which also says what the numbers mean.
        """
        return dict(zip(("cell", "loss", *GATES), self._paths[1], strict=True))

    @cached_property
    def _paths(self) -> tuple[np.ndarray, np.ndarray]:
        """The split of dh (5, T, T) and of dc (6, T, T)."""
        dh, dc = self._vectors
        T, H = len(dh), self._params.hidden_size
        hidden_to_cell, to_dz = slopes(self._cache)
        weights = self._params.W.reshape(4, H, H)
        of_dh, of_dc = np.zeros((T, 5, T)), np.zeros((T, 6, T))
        paths = np.zeros((5, T, H))  # into h: from the loss, then through the gates i, f, o, g of the next step
        for t in reversed(range(T - self._offset)):
            s = slice(t + self._offset, T)  # the losses that reach step t; the first of them starts here
            dh_t, dc_t, into_h = dh[s, t], dc[s, t], paths[:, s]
            into_h[0, 0] = dh_t[0]
            if t + 1 < T:
                dh_after, dc_after = dh[s, t + 1][1:], dc[s, t + 1][1:]
                for row, delta in enumerate((dc_after, dc_after, dh_after, dc_after)):
                    np.matmul(delta * to_dz[t + 1, row], weights[row], out=into_h[row + 1, 1:])
            np.vecdot(into_h, dh_t, out=of_dh[t, :, s])
            np.vecdot(into_h, dc_t * hidden_to_cell[t], out=of_dc[t, 1:, s])
            np.vecdot(dc_t - dh_t * hidden_to_cell[t], dc_t, out=of_dc[t, 0, s])
            into_h[0, 0] = 0
        # The part of a vector that points along the sum is their dot product, divided by the norm of the sum.
        of_dh = of_dh.transpose(1, 2, 0) / np.where(self.dh, self.dh, 1)
        of_dc = of_dc.transpose(1, 2, 0) / np.where(self.dc, self.dc, 1)
        return of_dh, of_dc

    def __repr__(self) -> str:
        return f"GradientFlow({len(self.dh)} losses x {len(self.dh)} steps, {self._params.hidden_size} units)"


def gradient_flow(params: Params, x: Tokens, targets: Tokens, h0: State = None, c0: State = None) -> GradientFlow:
    """What every single loss L[s] sends back to every step t <= s: all losses in one sweep from the last step on.

    With the pieces of one step named as in `bptt`, and for every s > t:

        dh[s, t] = W' dz[s, t+1]        dc[s, t] = dh[s, t] * o (1 - ct**2) + dc[s, t+1] * f[t+1]

    At s = t the loss itself starts the chain: dh[t, t] = V' dy[t]. Raises as `loss` does.

    Every loss keeps its vectors at every step, so memory grows as T*T*H: 16 T*T*H bytes for those of dh and dc.
    """
    cache, targets = run_checked(params, x, targets, h0, c0)
    return _flow(params, cache, targets, carry=cache.f[:-1])


def nested_flow(
    params: Params,
    x: Tokens,
    targets: Tokens,
    h0: State = None,
    c0: State = None,
    *,
    repaired: Collection[str] = (),
) -> GradientFlow:
    """What the question's loop takes for the deltas of each loss: its walk back from s, kept apart for every s.

    `repaired` as in `nested_bptt`; with every flaw repaired it is `gradient_flow`. `scalar_dot` spoils no delta. With
    `short_range` in place `dh[s, s]` is 0: step s is never credited. With `stale_cell_delta` in place every walk begins
    with the explosion of the one before it, and after some thousand inner steps the numbers overflow, as they do in the
    loop itself. Raises as `nested_bptt` does.
    """
    check_repaired(repaired)
    cache, targets = run_checked(params, x, targets, h0, c0)
    carry = cache.f[:-1] + ("carry_accumulates" not in repaired)
    offset = int("short_range" not in repaired)
    dc_start = None if "stale_cell_delta" in repaired else _stale_starts(params, cache, targets, carry, offset)
    return _flow(params, cache, targets, carry, offset, dc_start)


@np.errstate(over="ignore", invalid="ignore")  # an exploding walk may leave the range of float64, and says inf then
def _flow(
    params: Params,
    cache: Cache,
    targets: np.ndarray,
    carry: np.ndarray,
    offset: int = 0,
    dc_start: np.ndarray | None = None,
) -> GradientFlow:
    """The sweep. The walk of loss s starts at step s - offset, with the cell delta dc_start[s] (zero where None).

    Arrays are (step, loss, ...) inside, so that the losses that have started by a step lie next to each other.
    """
    T, H = len(cache.x), params.hidden_size
    hidden_to_cell, to_dz = slopes(cache)
    dh_start, by_h = score_deltas(cache, targets) @ params.V, _by_hidden(params, to_dz)
    both = np.zeros((T, T, 2 * H))
    dh, dc = both[..., :H], both[..., H:]
    for t in reversed(range(T - offset)):
        first = t + offset  # the loss whose walk starts here
        dh_t, dc_t = dh[t, first:], dc[t, first:]
        if first + 1 < T:
            np.matmul(both[t + 1, first + 1 :], by_h[t + 1], out=dh_t[1:])
            np.multiply(dc[t + 1, first + 1 :], carry[t + 1], out=dc_t[1:])
        dh_t[0] = dh_start[first]
        if dc_start is not None:
            dc_t[0] = dc_start[first]
        dc_t += dh_t * hidden_to_cell[t]
    vectors = dh.swapaxes(0, 1), dc.swapaxes(0, 1)
    norms = [np.sqrt(np.vecdot(each, each)) for each in vectors]
    for norm in norms:
        norm[np.isnan(norm)] = np.inf  # infinity times 0, after an overflow
    return GradientFlow(*norms, params.copy(), cache, vectors, offset)


def _by_hidden(params: Params, to_dz: np.ndarray) -> np.ndarray:
    """(T, 2H, H): how (h[t], c[t]) change with h[t-1], c[t-1] held fixed. Rows of deltas times it go a step back."""
    T, _, H = to_dz.shape
    by_h = np.empty((T, 2 * H, H))
    by_h[:, :H] = to_dz[:, 2, :, None] * params.Wo  # h through the output gate
    by_h[:, H:] = to_dz[:, 0, :, None] * params.Wi
    by_h[:, H:] += to_dz[:, 1, :, None] * params.Wf
    by_h[:, H:] += to_dz[:, 3, :, None] * params.Wg
    return by_h


@np.errstate(over="ignore", invalid="ignore")
def _stale_starts(params: Params, cache: Cache, targets: np.ndarray, carry: np.ndarray, offset: int) -> np.ndarray:
    """The cell delta that each walk finds when it starts: what the walk before it, of loss s+1, left at step 0. (T, H)

    Whatever a walk starts with reaches step 0 linearly. So the maps from every step to step 0 are built once, first
    step first, and each walk needs one product with them.
    """
    T, H = len(cache.x), params.hidden_size
    hidden_to_cell, to_dz = slopes(cache)
    by_h = _by_hidden(params, to_dz)
    dh_to_0, dc_to_0 = np.empty((T, H, H)), np.empty((T, H, H))  # dh at step 0, from dh and from the carry into dc
    dh_to_0[0], dc_to_0[0] = np.eye(H), 0
    for t in range(1, T):
        dc_to_0[t] = by_h[t, H:] @ dh_to_0[t - 1] + carry[t, :, None] * dc_to_0[t - 1]
        dh_to_0[t] = by_h[t, :H] @ dh_to_0[t - 1] + hidden_to_cell[t, :, None] * dc_to_0[t]
    dh_start, dc_start, dh_at_0 = score_deltas(cache, targets) @ params.V, np.zeros((T, H)), np.zeros(H)
    for s in reversed(range(offset, T)):
        dc_start[s] = dh_at_0 * hidden_to_cell[0]
        dh_at_0 = dh_start[s] @ dh_to_0[s - offset] + dc_start[s] @ dc_to_0[s - offset]
    return dc_start
