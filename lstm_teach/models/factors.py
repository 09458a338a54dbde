"""A gradient of low rank as products of a delta and an input: which arrays share a delta, which factor is wrong.

Imports differences and numpy only.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lstm_teach.models.differences import RIGHT, Comparison, Seen, listed


def basis(matrix: np.ndarray, axis: int) -> np.ndarray:
    """Orthonormal columns that span the columns (axis 0) or the rows (axis 1) of a matrix."""
    if not matrix.any():
        return np.zeros((matrix.shape[axis], 0))
    left, sizes, _ = np.linalg.svd(matrix if axis == 0 else matrix.T, full_matrices=False)
    return left[:, sizes > 1e-7 * sizes[0]]


def rank(matrix: np.ndarray) -> int:
    """How many products it takes."""
    return basis(matrix, 0).shape[1]


def inside(vectors: np.ndarray, span: np.ndarray) -> bool:
    """Whether the columns are combinations of those of the span."""
    return bool(np.linalg.norm(vectors - span @ (span.T @ vectors)) <= 1e-6 * np.linalg.norm(vectors))


def _sparse(span: np.ndarray) -> bool:
    """Whether the span is one of some coordinates: rows that are picked, or a delta that reaches some units only."""
    return int((np.abs(span).max(axis=1, initial=0) >= 1e-9).sum()) == span.shape[1]


class Shared:
    """Which arrays are multiplied with the same delta, read off the right gradients.

    With few steps and a small batch the gradient of a matrix is a sum of few products of a delta and an input, so its
    columns (or its rows, if the layout is the other one) are combinations of a few deltas. A bias whose gradient is
    such a combination, or a matrix with another number of inputs that has the same ones, shares the delta. Deltas that
    reach some units only lie in the same span whether they are the same or not, so they tell nothing.
    """

    def __init__(self, seen: Seen, each: dict[str, Comparison], outputs: list[str]):
        self.each, self.outputs = each, outputs
        self.partners: dict[str, set[str]] = {name: set() for name in each}
        self.axis: dict[str, int] = {}  # along which the delta runs
        # Where the state is zero at the start, the gradient of what it is multiplied with knows nothing of that step.
        first = next(iter(seen.values()))
        self.silent = {name for name, c in first.items() if not np.abs(c.right[c.tried]).max(initial=0) > c.blur}
        told = [
            {n: c.right for n, c in compared.items() if c.tried.all() and np.abs(c.right).max() > c.blur}
            for compared in seen.values()
        ]
        sides = [
            {(n, axis): basis(a, axis) for n, a in arrays.items() if _is_matrix(a) for axis in (0, 1)}
            for arrays in told
        ]
        sides = [{side: span for side, span in one.items() if span.shape[1] < len(span)} for one in sides]
        picked = {(n, a): [_sparse(one[n, a]) for one in sides if (n, a) in one] for n in each for a in (0, 1)}
        self.picked = {side for side, sparse in picked.items() if sparse and all(sparse)}  # as rows of a table are
        for arrays, spans in zip(told, sides, strict=True):
            self._read(arrays, {side: span for side, span in spans.items() if not _sparse(span)})

    def _read(self, arrays: dict[str, np.ndarray], sides: dict[tuple[str, int], np.ndarray]) -> None:
        """What the right gradients at one length tell."""
        vectors = {name: array.reshape(-1, 1) for name, array in arrays.items() if not _is_matrix(array)}

        def like(one: tuple[str, int], other: tuple[str, int]) -> bool:
            if one[0] == other[0] or len(sides[one]) != len(sides[other]):
                return False
            fewer, more = sorted((sides[one], sides[other]), key=lambda span: span.shape[1])
            return inside(fewer, more)

        def inputs(side: tuple[str, int]) -> int:
            return arrays[side[0]].shape[1 - side[1]]

        biases = {
            side: {n for n, v in vectors.items() if len(v) == len(span) and inside(v, span)}
            for side, span in sides.items()
        }
        # The delta runs along the side that a bias shares; across from that where one row is picked, as of a table;
        # along one shared with a matrix of which this is known, or with one that has another number of inputs.
        for sure in (
            lambda side: biases[side],
            lambda side: (side[0], 1 - side[1]) in self.picked,
            lambda side: any(like(side, known) for known in self.axis.items() if known in sides),
            lambda side: any(like(side, o) and inputs(o) != inputs(side) for o in sides),
        ):
            found = {n: [a for a in (0, 1) if (n, a) in sides and sure((n, a))] for n in arrays if n not in self.axis}
            self.axis |= {name: axes[0] for name, axes in found.items() if len(axes) == 1}
        for one in [side for side in self.axis.items() if side in sides]:
            others = {o[0] for o in self.axis.items() if o in sides and like(one, o)} | biases[one]
            for other in others:
                self.partners[one[0]].add(other)
                self.partners[other].add(one[0])

    def factors(self, name: str) -> tuple[bool | None, bool | None]:
        """Whether the deltas and the inputs in this gradient are the right ones; None where it can't be told."""
        c = self.each[name]
        if c.mine.ndim != 2 or not c.tried.all() or not c.mine.any() or not c.right.any():
            return None, None
        axis, said = self.axis.get(name), []
        for side in (axis or 0, 1 - (axis or 0)):
            span = basis(c.right, side)
            said.append(inside(basis(c.mine, side), span) if span.shape[1] < len(span) else None)
        return (said[0], said[1]) if axis is not None or said == [False, False] else (None, None)

    def proof(self, bad: list[str], right: Iterable[str]) -> str:
        """That the deltas of all these are right: each shares its delta with an array that is."""
        right = set(right)
        told = {name: sorted(self.partners[name] & right) for name in bad}
        if not all(told.values()):
            return ""
        return " ".join(
            f"{name} is made with the same deltas as {listed(others)}, whose gradient is right."
            for name, others in told.items()
        )

    def one_delta(self, names: list[str]) -> bool:
        """Whether all of these share one delta."""
        return set(names) <= {names[0]} | self.partners[names[0]]

    def guess(self, bad: list[str], silent: set[str]) -> str:
        """Why the deltas of all these are likely to be right, though no array is known to share them."""
        if set(bad) <= set(self.outputs):
            return f"{listed(bad)} is at the output: all other deltas come from the one there, and they are right."
        known = any(self.partners[name] for name in bad)
        if silent - {*bad} or known or len({self.each[name].shape for name in bad}) > 1:
            return ""
        right = [name for name, c in self.each.items() if name not in [*bad, *self.outputs] and c.error <= RIGHT]
        lengths, shape = set(self.each[bad[0]].shape), self.each[bad[0]].shape
        shared = any(self.each[n].shape != shape and lengths & set(self.each[n].shape) for n in right)
        if not shared and (len(bad) > 1 or len(self.each) < 3):
            return ""
        return f"Nothing but {listed(bad)} is wrong; a wrong delta would spoil what else is made with it."


def _is_matrix(array: np.ndarray) -> bool:
    return array.ndim == 2 and min(array.shape) > 1
