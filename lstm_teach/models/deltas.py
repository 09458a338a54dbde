"""Which arrays share a delta: a gradient of low rank is a sum of products of a delta and an input.

Imports differences.
"""

import functools
import itertools

import numpy as np

from lstm_teach.models.differences import Each, Seen

Side = tuple[str, int]  # an array, and along which axis


def basis(matrix: np.ndarray, axis: int) -> np.ndarray:
    """Orthonormal columns that span the columns (axis 0) or the rows (axis 1) of a matrix."""
    left, sizes, _ = np.linalg.svd(matrix if axis == 0 else matrix.T, full_matrices=False)
    return left[:, sizes > max(1e-7 * sizes[0], 1e-300)]


rank = functools.partial(np.linalg.matrix_rank, rtol=1e-7)  # of how many products a matrix is the sum


def inside(vectors: np.ndarray, span: np.ndarray) -> bool:
    """Whether the columns are combinations of those of the span."""
    return bool(np.linalg.norm(vectors - span @ (span.T @ vectors)) <= 1e-6 * np.linalg.norm(vectors))


def tells(span: np.ndarray) -> bool:
    """Whether it is less than everything, or than all that sums to zero, as of a softmax or before a layer norm."""
    return span.shape[1] < len(span) - (np.abs(span.sum(axis=0)).max() < 1e-6)


def _spans(each: Each) -> dict[Side, np.ndarray]:
    """What spans the columns and the rows of a right gradient, where it is less than everything."""
    told = {name: c for name, c in each.items() if c.full and not c.silent}
    spans = {(name, axis): basis(c.right, axis) for name, c in told.items() for axis in (0, 1) if c.is_matrix}
    spans |= {(name, c.longest): basis(c.right.reshape(-1, 1), 0) for name, c in told.items() if not c.is_matrix}
    return {side: span for side, span in spans.items() if span.shape[1] < len(span)}


def shared_deltas(seen: Seen) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Along which axis the delta runs in each array, where it is known, and which others have the same deltas.

    With few steps and a small batch the gradient of a matrix is a sum of few products of a delta and an input, so its
    columns (or its rows, if the layout is the other one) are combinations of a few deltas. A bias whose gradient is
    such a combination, or a matrix with another number of inputs that has the same ones, shares the delta.
    """
    arrays = next(iter(seen.values()))
    picked, telling, alike, sure = set(), set(), set(), set()  # sides, sides, and pairs of sides
    for spans in (_spans(each) for each in seen.values()):
        # Deltas that reach some units only lie in the same span whether they are the same or not, so they tell nothing.
        sparse = {side for side, span in spans.items() if (np.abs(span).max(axis=1) >= 1e-9).sum() == span.shape[1]}
        picked, telling = picked | sparse, telling | (spans.keys() - sparse)
        # Deltas of a softmax, which sum to zero, are those of one matrix; before a layer norm all do.
        zeros = [len(span) for (name, _), span in spans.items() if arrays[name].is_matrix and not tells(span)]
        for one, other in itertools.permutations(spans.keys() - sparse, 2):
            fewer, more = sorted((spans[one], spans[other]), key=lambda span: span.shape[1])
            if one[0] != other[0] and len(fewer) == len(more) and inside(fewer, more):
                alike.add((one, other))
                sure |= {(one, other)} if tells(more) or zeros.count(len(more)) == 1 else set()
    # The delta runs along a vector; along a side shared with an array of which this is known; across from where one row
    # is picked, as of a table; and as a last sign along a side shared with a matrix that has another number of inputs,
    # unless one of them shares its other side too: what is shared may be the inputs.
    deltas = {(name, c.longest) for name, c in arrays.items() if c.is_vector}
    across = {(name, axis) for name, axis in telling if (name, 1 - axis) in picked - telling}
    inputs = {(name, axis): arrays[name].mine.size // arrays[name].mine.shape[axis] for name, axis in telling}
    sides = {one for one, _ in alike}
    both = {name for name, axis in sides if (name, 1 - axis) in sides}
    sign = {pair for pair in alike if inputs[pair[0]] != inputs[pair[1]] and both.isdisjoint(name for name, _ in pair)}
    for pairs in (set(), set(), sign):
        found = {one for one, other in alike if other in deltas or (one, other) in pairs} | across
        deltas |= {(name, axis) for name, axis in found if (name, 1 - axis) not in found | deltas}
    shared = {(one[0], other[0]) for one, other in sure if {one, other} <= deltas}
    return dict(deltas), {name: {other for one, other in shared if one == name} for name in arrays}
