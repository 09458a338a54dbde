"""How far each loss reaches back: the deltas of every single loss. Imports params, plain, forward, backward, nested.

`bptt` carries the sum over all losses. Here the losses stay apart, which is what one has to see to speak of vanishing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_teach.backward import slopes
from lstm_teach.forward import Cache, run_checked
from lstm_teach.nested import check_flaws, walks
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
    _vectors: tuple[np.ndarray, np.ndarray]  # of dh and dc, (step, loss, H)
    _offset: int

    @property
    def dh_paths(self) -> dict[str, np.ndarray]:
        """dh split by the path it came in on, {"loss", "i", "f", "o", "g"}: (T, T) each, and they add up to dh.

        h[t] acts on its own loss ("loss", where s = t), and on step t+1 through the four gates there. Vectors that come
        in on different paths may pull in different directions, so norms would not add up: each number is the part of a
        path's vector that points along their sum. It is negative where a path works against the others.
        """
        return dict(self._paths[0])

    @property
    def dc_paths(self) -> dict[str, np.ndarray]:
        """dc split by path, {"cell", "loss", "i", "f", "o", "g"}: (T, T) each, and they add up to dc.

        c[t] has one path more than h[t]: straight to c[t+1] through the forget gate ("cell"). The others pass through
        h[t], as in `dh_paths`, which also says what the numbers mean.
        """
        return dict(self._paths[1])

    @cached_property
    def _paths(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        dh, dc = self._vectors
        hidden_to_cell, to_dz = (each[:, None] for each in slopes(self._cache))
        dc_to_hidden, of_dh = dc * hidden_to_cell, {}
        of_dc = {"cell": np.vecdot(dc - dh * hidden_to_cell, dc).T}
        for path in ("loss", *GATES):
            into_h = np.zeros_like(dh)
            if path == "loss":
                steps = np.arange(len(dh) - self._offset)  # each with the loss that starts there
                into_h[steps, steps + self._offset] = dh[steps, steps + self._offset]
            else:  # through that gate of the next step
                arriving = (dh if path == "o" else dc)[1:] * to_dz[1:, :, GATES.index(path)]
                np.matmul(arriving, self._params["W" + path], out=into_h[:-1])
            of_dh[path], of_dc[path] = np.vecdot(into_h, dh).T, np.vecdot(into_h, dc_to_hidden).T
        # The part of a vector that points along the sum is their dot product, divided by the norm of the sum.
        for paths, norm in ((of_dh, self.dh), (of_dc, self.dc)):
            for along in paths.values():
                along /= np.where(norm, norm, 1)
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
    T, H, f = len(cache.x), params.hidden_size, cache.f
    hidden_to_cell, to_dz = slopes(cache)
    start = score_deltas(cache, targets) @ params.V
    dh, dc = np.zeros((2, T, T, H))  # (step, loss, H), so that the losses that reach a step lie next to each other
    for t in reversed(range(T)):
        if t + 1 < T:
            dh_after, dc_after = dh[t + 1, t + 1 :], dc[t + 1, t + 1 :]
            dz = to_dz[t + 1] * dc_after[:, None]  # i, f and g act on the cell, ...
            dz[:, 2] = to_dz[t + 1, 2] * dh_after  # ... o on h
            np.matmul(dz.reshape(-1, 4 * H), params.W, out=dh[t, t + 1 :])
            np.multiply(dc_after, f[t + 1], out=dc[t, t + 1 :])
        dh[t, t] = start[t]
        dc[t, t:] += dh[t, t:] * hidden_to_cell[t]
    return _flow(params, cache, dh, dc)


def nested_flow(
    params: Params, x: Tokens, targets: Tokens, h0: State = None, c0: State = None, *, repaired: Collection[str] = ()
) -> GradientFlow:
    """What the posted loop takes for the deltas of each loss: its walk back from s, kept apart for every s.

    `repaired` as in `nested_bptt`; with every flaw repaired it is `gradient_flow`. `scalar_dot` spoils no delta. With
    `short_range` in place `dh[s, s]` is 0: step s is never credited. With `stale_cell_delta` in place every walk begins
    with the explosion of the one before it, and after some thousand inner steps the numbers overflow, as they do in the
    loop itself. Raises as `nested_bptt` does.
    """
    check_flaws("repaired", repaired)
    cache, targets = run_checked(params, x, targets, h0, c0)
    T, H = len(cache.x), params.hidden_size
    dh, dc = np.zeros((2, T, T, H))
    with np.errstate(over="ignore", invalid="ignore"):  # an exploding walk may leave the range of float64
        for s, t, d in walks(params, cache, score_deltas(cache, targets), repaired):
            dh[t, s], dc[t, s] = d["dh"], d["dc"]
    return _flow(params, cache, dh, dc, int("short_range" not in repaired))


@np.errstate(over="ignore", invalid="ignore")
def _flow(params: Params, cache: Cache, dh: np.ndarray, dc: np.ndarray, offset: int = 0) -> GradientFlow:
    """The flow of the deltas of h and c (step, loss, H)."""
    norms = [np.sqrt(np.vecdot(each, each)).T for each in (dh, dc)]
    for norm in norms:
        norm[np.isnan(norm)] = np.inf  # infinity times 0, after an overflow
    return GradientFlow(*norms, params.copy(), cache, (dh, dc), offset)
