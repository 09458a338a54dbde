"""Which arrays share a delta: a gradient of low rank is a sum of products of a delta and an input.

Imports differences.
"""

import functools
import itertools

import numpy as np

from lstm_teach.models.differences import Each, Seen


def basis(matrix: np.ndarray, axis: int) -> np.ndarray:
    """Orthonormal columns that span the columns (axis 0) or the rows (axis 1) of a matrix."""
    left, sizes, _ = np.linalg.svd(matrix if axis == 0 else matrix.T, full_matrices=False)
    return left[:, sizes > max(1e-7 * sizes[0], 1e-300)]


rank = functools.partial(np.linalg.matrix_rank, rtol=1e-7)  # of how many products a matrix is the sum


def inside(vectors: np.ndarray, span: np.ndarray) -> bool:
    """Whether the columns are combinations of those of the span."""
    return bool(np.linalg.norm(vectors - span @ (span.T @ vectors)) <= 1e-6 * np.linalg.norm(vectors))


def sums_to_zero(span: np.ndarray) -> bool:
    """Whether all of it does, as with a softmax or before a layer norm."""
    return bool(np.abs(span.sum(axis=0)).max() < 1e-6)


def spans_all(span: np.ndarray) -> bool:
    """Whether it is all that could reach those units that have a delta at all."""
    return span.shape[1] >= np.count_nonzero(np.abs(span).max(axis=1) > 1e-9) - sums_to_zero(span)


def tells(span: np.ndarray) -> bool:
    """Whether it is less than everything, or than all that sums to zero."""
    return span.shape[1] < len(span) - sums_to_zero(span)


def axes_of(each: Each, other: Each) -> dict[str, int]:
    """Along which axis the delta runs: that of a bias, or that which changes in `other`, with other deltas alone."""
    axes = {name: c.longest for name, c in each.items() if not c.is_matrix}
    vectors = [c.right.reshape(-1, 1) for c in each.values() if c.is_vector and c.full and not c.silent]
    for name, c in each.items():
        if c.is_matrix and c.full and other[name].full and not c.silent:
            spans = [basis(c.right, axis) for axis in (0, 1)]
            beside = [any(len(v) == len(span) > span.shape[1] and inside(v, span) for v in vectors) for span in spans]
            moved = [basis(other[name].right, axis) for axis in (0, 1)]
            kept = [tells(spans[k]) and inside(moved[k], spans[k]) for k in (0, 1)]
            if sum(beside) == 1 or sum(kept) == 1:
                axes[name] = beside.index(True) if sum(beside) == 1 else kept.index(False)
    return axes


def shared_deltas(seen: Seen, axes: dict[str, int]) -> dict[str, set[str]]:
    """Which other arrays have the same deltas as each: with few steps, these span the gradients of both.

    A bias has a combination of the deltas of its matrix, and a matrix with other inputs has the same ones.
    """
    shared: dict[str, set[str]] = {name: set() for name in next(iter(seen.values()))}
    for each in seen.values():
        told = {name: c for name, c in each.items() if c.full and not c.silent and name in axes}
        vectors = {name: basis(c.right.reshape(-1, 1), 0) for name, c in told.items() if not c.is_matrix}
        spans = {name: basis(c.right, axes[name]) for name, c in told.items() if c.is_matrix} | vectors
        spans = {name: span for name, span in spans.items() if not spans_all(span)}
        for one, other in itertools.permutations(spans, 2):
            fewer, more = sorted((spans[one], spans[other]), key=lambda span: span.shape[1])
            shared[one] |= {other} if len(fewer) == len(more) and inside(fewer, more) else set()
    return shared
