"""The shortest length at which a gradient is wrong: what can be read off it, and what other weights do to the error.

A gradient of low rank is a sum of products of a delta and an input: which arrays share a delta, which factor is wrong?
Imports differences, layout and relations.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Arrays, Model, Seen, changed, measured
from lstm_teach.models.layout import Layout, Piece
from lstm_teach.models.relations import Each, is_off, part_of, wrong_of

Side = tuple[str, int]  # an array, and along which axis


def basis(matrix: np.ndarray, axis: int) -> np.ndarray:
    """Orthonormal columns that span the columns (axis 0) or the rows (axis 1) of a matrix."""
    left, sizes, _ = np.linalg.svd(matrix if axis == 0 else matrix.T, full_matrices=False)
    return left[:, sizes > max(1e-7 * sizes[0], 1e-300)]


def rank(matrix: np.ndarray) -> int:
    """How many products it takes."""
    return basis(matrix, 0).shape[1]


def inside(vectors: np.ndarray, span: np.ndarray) -> bool:
    """Whether the columns are combinations of those of the span."""
    return bool(np.linalg.norm(vectors - span @ (span.T @ vectors)) <= 1e-6 * np.linalg.norm(vectors))


def _sparse(span: np.ndarray) -> bool:
    """Whether the span is one of some coordinates: rows that are picked, or a delta that reaches some units only."""
    return int((np.abs(span).max(axis=1, initial=0) >= 1e-9).sum()) == span.shape[1]


def is_matrix(array: np.ndarray) -> bool:
    """Whether it has rows and columns."""
    return array.ndim == 2 and min(array.shape) > 1


def _longest(array: np.ndarray) -> int:
    return int(np.argmax(array.shape or (1,)))


def _spans(each: Each) -> dict[Side, np.ndarray]:
    """What spans the columns and the rows of a right gradient, where it is less than everything."""
    spans = {}
    for name, c in each.items():
        if not c.tried.all() or c.silent:
            continue
        if is_matrix(c.right):
            spans |= {(name, axis): basis(c.right, axis) for axis in (0, 1)}
        else:
            spans[name, _longest(c.right)] = basis(c.right.reshape(-1, 1), 0)
    return {side: span for side, span in spans.items() if span.shape[1] < len(span)}


def shared_deltas(seen: Seen) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Along which axis the delta runs in each array, where it is known, and which others have the same deltas.

    With few steps and a small batch the gradient of a matrix is a sum of few products of a delta and an input, so its
    columns (or its rows, if the layout is the other one) are combinations of a few deltas. A bias whose gradient is
    such a combination, or a matrix with another number of inputs that has the same ones, shares the delta. Deltas that
    reach some units only lie in the same span whether they are the same or not, so they tell nothing.
    """
    arrays = {name: c.mine for name, c in next(iter(seen.values())).items()}
    axes = {name: _longest(array) for name, array in arrays.items() if array.size == max(array.shape, default=1)}
    partners: dict[str, set[str]] = {name: set() for name in arrays}
    lengths = [_spans(each) for each in seen.values()]
    telling = {side for spans in lengths for side, span in spans.items() if not _sparse(span)}
    picked = {side for spans in lengths for side in spans} - telling  # as rows of a table are
    for spans in lengths:
        told = [side for side, span in spans.items() if not _sparse(span)]
        alike = [pair for pair in itertools.permutations(told, 2) if _alike(spans, *pair)]
        for by_number in (False, False, True):
            # The delta runs across from where one row is picked, as of a table; along a side shared with an array of
            # which this is known; and as a last sign along one shared with a matrix that has another number of inputs.
            found = {side for side in told if (side[0], 1 - side[1]) in picked}
            found |= {one for one, other in alike if other in axes.items()}
            if by_number:
                inputs = {side: arrays[side[0]].shape[1 - side[1]] for side in told if is_matrix(arrays[side[0]])}
                found |= {one for one, other in alike if {one, other} <= inputs.keys() and inputs[one] != inputs[other]}
            names = [name for name, _ in found]
            axes = {name: axis for name, axis in found if names.count(name) == 1} | axes
        for one, other in alike:
            if one in axes.items() and other in axes.items():
                partners[one[0]].add(other[0])
    return axes, partners


def _alike(spans: dict[Side, np.ndarray], one: Side, other: Side) -> bool:
    """Whether the same deltas, or the same inputs, are in two arrays."""
    fewer, more = sorted((spans[one], spans[other]), key=lambda span: span.shape[1])
    return one[0] != other[0] and len(fewer) == len(more) and inside(fewer, more)


def outputs(model: Model) -> list[str]:
    """The weights at the output: once they are zero, nothing but these and a bias beside them gets a delta."""
    matrices = [name for name, shape in model.shapes.items() if np.prod(shape) > max(shape, default=1)]
    found = []
    for name, array in model.params.items():
        groups = [[(other, ())] for other in dict.fromkeys((name, *matrices))]
        sizes = [size for _, size in measured(model, changed(model.params, [(name, (), 0)]), groups)]
        if array.size > 1 and sizes[1:] and sizes[0] > 1e-3 and max(sizes[1:]) <= 2e-6:
            found.append(name)
    return found if len(found) == 1 else []  # from a state of zero, other weights too shut off all the rest


@dataclass
class Evidence:
    """The shortest length that is wrong, what can be read off it, and the model to be tried at other weights there.

    `rest` are the arrays to be explained, `before` is the longest length at which they are right, and `take(T)` makes
    the model of another length.
    """

    seen: Seen
    model: Model
    take: Callable[[int], Model]
    rest: list[str]
    layout: Layout
    first: int
    before: int | None

    def __post_init__(self) -> None:
        self.each = self.seen[self.first]
        self.bad = wrong_of(self.each, self.rest)
        self.alone = len(self.bad) == 1 and len(self.each) > 2
        self.axes, self.partners = shared_deltas(self.seen)
        # Where the state is zero at the start, the gradient of what it is multiplied with knows nothing of that step.
        self.silent = {name for name, c in next(iter(self.seen.values())).items() if c.silent}
        self.blocks = {name: blocks for name in self.bad if (blocks := self._wrong_blocks(name))}

    # ------------------------------------------------------------------------------------------ what can be read off

    def place(self) -> str:
        """From which length on which arrays and blocks are wrong."""
        names = sorted(self.bad, key=lambda name: name not in self.blocks)
        wrong = self.layout.told(piece for n in names for piece in self.blocks.get(n, ([Piece(n)], []))[0])
        if self.before is None:
            already = ", the shortest length compared" if self.first > 1 else ""
            return f"Wrong at T = {self.first} already{already}: {wrong}."
        mute = [name for name in self.bad if name in self.silent] if self.before == 1 else []
        but = f"at T = 1, where {listing(mute)} can show nothing" if mute else f"up to T = {self.before}"
        return f"Right {but}, wrong from T = {self.first} on: {wrong}."

    def is_mute(self, piece: Piece) -> bool:
        """Whether the first step alone would show nothing of this: then it is no proof that it is right at T = 2."""
        start = self.seen.get(1) if self.first <= 2 else None
        return any(part_of(piece, one).silent for one in (start, self.each) if one)

    def _wrong_blocks(self, name: str) -> tuple[list[Piece], list[Piece]] | None:
        """Of an array that is wrong in whole blocks only, the blocks that are wrong and those shown to be right."""
        for pieces in self.layout.of(name):
            axis = len(pieces[0].part) - 1
            if not pieces[0].part or axis != self.axes.get(name, axis):
                continue
            wrong = [piece for piece in pieces if is_off(piece, self.each)]
            right = [piece for piece in pieces if piece not in wrong and not self.is_mute(piece)]
            lines = [Piece(name, (*p.part[:axis], (k, k + 1))) for p in wrong for k in range(*p.part[axis])]
            if wrong and right and all(is_off(p, self.each) or part_of(p, self.each).silent for p in lines):
                return wrong, right
        return None

    def labels(self, right: bool = False) -> set[str]:
        """Which blocks are wrong, or shown to be right, in the arrays that are wrong in whole blocks."""
        return {piece.label for pieces in self.blocks.values() for piece in pieces[right]}

    def gate_hint(self) -> str:
        """One gate is right and the others are wrong: the output gate's delta is the one without the cell."""
        said, right = "", self.labels(right=True)
        if len(right) == 1 and int(min(right).split()[-1]) > 2 and not right & self.labels():
            said = f"{min(right).split(' of ')[0].capitalize()} alone is right."
        elif not self.blocks:
            bad = set(self.bad)
            sets = [[n for n in gate if n in bad or not self.is_mute(Piece(n))] for gate in self.layout.gates]
            whole = [names for names in sets if names and bad.isdisjoint(names)]
            off = [names for names in sets if not bad.isdisjoint(names)]
            if len(whole) == 1 and len(off) > 1 and bad <= set().union(*off):
                said = f"Of the gates that show anything here, only the one of {listing(whole[0])} is right."
        if not said:
            return ""
        return (
            f"{said} If that is the output gate, look at the delta of the cell, which all gates but this one use: how "
            "it gets there from h, and how the next step's part is added to it."
        )

    def is_one_gate(self) -> bool:
        """Whether what is wrong belongs to one gate, which has twins."""
        twins = {c.mine.shape for name, c in self.each.items() if name not in self.bad}
        one_delta = set(self.bad) <= {self.bad[0]} | self.partners[self.bad[0]]
        one_delta = one_delta and all(self.each[name].mine.shape in twins for name in self.bad)
        return one_delta or len(self.labels()) == 1 or self.layout.is_one_gate([Piece(name) for name in self.bad])

    def factors(self, name: str) -> tuple[bool | None, bool | None]:
        """Whether the deltas and the inputs in this gradient are the right ones; None where it can't be told."""
        c = self.each[name]
        if not is_matrix(c.mine) or not c.tried.all() or not c.mine.any() or c.silent:
            return None, None
        axis, said = self.axes.get(name, 0), []
        for side in (axis, 1 - axis):
            span = basis(c.right, side)
            said.append(inside(basis(c.mine, side), span) if span.shape[1] < len(span) else None)
        return tuple(said) if name in self.axes or (not any(said) and None not in said) else (None, None)

    def inputs_right(self) -> str:
        """In which of the wrong gradients the delta is wrong and the inputs are right."""
        names = [name for name in self.bad if self.factors(name) == (False, True)]
        return f"In the gradient of {listing(names)} the inputs are right, and the delta is not." if names else ""

    def guess(self) -> str:
        """Why the deltas of all wrong arrays are likely to be right, though no array is known to share them."""
        bad, each = self.bad, self.each
        if set(bad) <= set(self.layout.outputs):
            return f"{listing(bad)} is at the output: all other deltas come from the one there, and they are right."
        silent = self.silent - set(bad) if self.first == 1 or len(bad) > 1 or self.first == max(self.seen) else set()
        shapes = {each[name].mine.shape for name in bad}
        if silent or len(shapes) > 1 or any(self.partners[name] for name in bad):
            return ""
        right = {c.mine.shape for name, c in each.items() if name not in [*bad, *self.layout.outputs] and not c.wrong}
        (shape,) = shapes
        shared = any(not set(shape).isdisjoint(other) for other in right - shapes)
        if not shared and (len(bad) > 1 or not self.alone):
            return ""
        return f"Nothing but {listing(bad)} is wrong; a wrong delta would spoil what else is made with it."

    # ----------------------------------------------------------------------------------------------- at other weights

    def with_zeros(self, pieces: Iterable[Piece], change: Callable = np.zeros_like) -> Arrays:
        """The weights with zeros, or something else, in these pieces."""
        own = self.model.params
        return changed(own, ((piece.name, piece.where, change(own[piece.name][piece.where])) for piece in pieces))

    def off(self, pieces: Iterable[Piece], change: Callable = np.zeros_like) -> float | None:
        """The error of all wrong arrays with zeros there; None where it can't be told: the loss fails, or is flat."""
        found = measured(self.model, self.with_zeros(pieces, change), [[(name, ()) for name in self.bad]])
        return next((off for off, size in found if size > 0), None)

    def cures(self, pieces: Iterable[Piece], change: Callable = np.zeros_like) -> bool:
        """Whether the gradient is right, and says something, with zeros or something else in these pieces."""
        off = self.off(pieces, change)
        return off is not None and off < 1e-6

    def least(self, pieces: list[Piece], change: Callable = np.zeros_like) -> list[Piece]:
        """Those of the pieces whose change is needed for the cure."""
        for piece in pieces:
            fewer = [other for other in pieces if other != piece]
            if fewer and self.cures(fewer, change):
                pieces = fewer
        return pieces

    def still_wrong(self, zeros: Iterable[Piece], pieces: list[Piece]) -> list[Piece]:
        """Which of the pieces have a wrong gradient with zeros in others."""
        found = measured(self.model, self.with_zeros(zeros), [[(piece.name, piece.where)] for piece in pieces])
        return [piece for piece, (off, _) in zip(pieces, found, strict=False) if off > 1e-6]

    def cuts(self) -> Iterator[list[Piece]]:
        """Arrays through which a delta may go back: matrices before vectors, one alone before all of one shape."""
        shapes: dict[tuple, list[Piece]] = {}
        for name in sorted(self.each, key=lambda n: (self.each[n].mine.ndim < 2, n not in self.bad)):
            if name not in self.layout.outputs:  # without them there are no deltas at all
                shapes.setdefault(self.each[name].mine.shape, []).append(Piece(name))
                yield [Piece(name)]
        yield from (pieces for pieces in shapes.values() if len(pieces) > 1)
        yield from self.layout.on_the_state()

    def cure(self) -> str:
        """What cures it when it is zero, in words."""
        for pieces in self.cuts():
            if self.cures(pieces):
                if len(pieces) > 1:
                    pieces = self.least(pieces)
                elif not pieces[0].part:
                    pieces = next(([b] for b in self.layout.blocks(pieces[0].name) if self.cures([b])), pieces)
                told = self.layout.told(pieces)
                return f"With {told} set to zero all is right: the mistake is on the way back through {told}."
        return ""
