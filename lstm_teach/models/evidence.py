"""The shortest length at which a gradient is wrong: what can be read off it, and what other weights do to the error.

A gradient of low rank is a sum of products of a delta and an input: which arrays share a delta, which factor is wrong?
Imports layout and relations.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lstm_teach import guard
from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Arrays, Comparison, Model, Piece, Seen, changed, departures
from lstm_teach.models.layout import Layout
from lstm_teach.models.relations import is_off

Side = tuple[str, int]  # an array, and along which axis


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
        self.axis: dict[str, int] = {}  # along which the delta runs in a matrix
        # Where the state is zero at the start, the gradient of what it is multiplied with knows nothing of that step.
        self.silent = {name for name, c in next(iter(seen.values())).items() if c.silent}
        spans = [_spans(compared) for compared in seen.values()]
        sparse = {side: [_sparse(one[side]) for one in spans if side in one] for each in spans for side in each}
        self.picked = {side for side, always in sparse.items() if all(always)}  # as rows of a table are
        for one in spans:
            self._read({side: span for side, span in one.items() if not _sparse(span)})

    def _read(self, spans: dict[Side, np.ndarray]) -> None:
        """What the right gradients at one length tell."""
        vectors = [side for side in spans if not _is_matrix(self.each[side[0]].mine)]
        matrices = [side for side in spans if side not in vectors]

        def like(one: Side, other: Side) -> bool:
            if one[0] == other[0] or len(spans[one]) != len(spans[other]):
                return False
            fewer, more = sorted((spans[one], spans[other]), key=lambda span: span.shape[1])
            return inside(fewer, more)

        def inputs(side: Side) -> int:
            return self.each[side[0]].shape[1 - side[1]]

        # The delta runs along the side that a bias shares; across from that where one row is picked, as of a table;
        # along one shared with a matrix of which this is known, or with one that has another number of inputs.
        for sure in (
            lambda side: any(like(side, bias) for bias in vectors),
            lambda side: (side[0], 1 - side[1]) in self.picked,
            lambda side: any(like(side, known) for known in self.axis.items() if known in spans),
            lambda side: any(like(side, other) and inputs(other) != inputs(side) for other in matrices),
        ):
            found = [side for side in matrices if side[0] not in self.axis and sure(side)]
            names = [name for name, _ in found]
            self.axis |= {name: axis for name, axis in found if names.count(name) == 1}
        known = [side for side in self.axis.items() if side in spans]
        for one, other in itertools.product(known, [*known, *vectors]):
            if like(one, other):
                self.partners[one[0]].add(other[0])
                self.partners[other[0]].add(one[0])

    def factors(self, name: str) -> tuple[bool | None, bool | None]:
        """Whether the deltas and the inputs in this gradient are the right ones; None where it can't be told."""
        c = self.each[name]
        if c.mine.ndim != 2 or not c.tried.all() or not c.mine.any() or c.silent:
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
            f"{name} is made with the same deltas as {listing(others)}, whose gradient is right."
            for name, others in told.items()
        )

    def one_delta(self, names: list[str]) -> bool:
        """Whether all of these share one delta."""
        return set(names) <= {names[0]} | self.partners[names[0]]

    def guess(self, bad: list[str], silent: set[str]) -> str:
        """Why the deltas of all these are likely to be right, though no array is known to share them."""
        if set(bad) <= set(self.outputs):
            return f"{listing(bad)} is at the output: all other deltas come from the one there, and they are right."
        known = any(self.partners[name] for name in bad)
        if silent - {*bad} or known or len({self.each[name].shape for name in bad}) > 1:
            return ""
        right = [name for name, c in self.each.items() if name not in [*bad, *self.outputs] and not c.wrong]
        lengths, shape = set(self.each[bad[0]].shape), self.each[bad[0]].shape
        shared = any(self.each[n].shape != shape and lengths & set(self.each[n].shape) for n in right)
        if not shared and (len(bad) > 1 or len(self.each) < 3):
            return ""
        return f"Nothing but {listing(bad)} is wrong; a wrong delta would spoil what else is made with it."


def _spans(each: dict[str, Comparison]) -> dict[Side, np.ndarray]:
    """What spans the columns and the rows of a matrix, or a vector, where it is less than everything."""
    arrays = {name: c.right for name, c in each.items() if c.tried.all() and not c.silent}
    columns = {(name, 0): basis(a if _is_matrix(a) else a.reshape(-1, 1), 0) for name, a in arrays.items()}
    rows = {(name, 1): basis(a, 1) for name, a in arrays.items() if _is_matrix(a)}
    return {side: span for side, span in (columns | rows).items() if span.shape[1] < len(span)}


def _is_matrix(array: np.ndarray) -> bool:
    return array.ndim == 2 and min(array.shape) > 1


def measured(model: Model, params: Arrays, groups: list[list[Piece]]) -> list[tuple[float, float]]:
    """How far each group is off at these weights, and its slope; [] where the loss fails or is too noisy to tell."""
    try:
        off, size, blur = departures(model, params, groups)
    except guard.LearnerError:
        return []
    return list(zip(off.tolist(), size.tolist(), strict=True)) if blur < 1e-6 else []


def with_zeros(model: Model, pieces: Iterable[Piece], change: Callable = np.zeros_like) -> Arrays:
    """The weights with zeros, or something else, in these pieces."""
    params = model.params
    for piece in pieces:
        params = changed(params, piece.name, change, piece.where)
    return params


def outputs(model: Model) -> list[str]:
    """The weights at the output: once they are zero, nothing but these and a bias beside them gets a delta."""
    matrices = [name for name, shape in model.shapes.items() if np.prod(shape) > max(shape, default=1)]
    found = []
    for name, array in model.params.items():
        others = [[Piece(other)] for other in matrices if other != name]
        if array.size > 1 and others:
            sizes = [size for _, size in measured(model, with_zeros(model, [Piece(name)]), [[Piece(name)], *others])]
            found += [name] if sizes and sizes[0] > 1e-3 and max(sizes[1:]) <= 2e-6 else []
    return found if len(found) == 1 else []  # from a state of zero, other weights too shut off all the rest


class Evidence:
    """The shortest length that is wrong, what can be read off it, and the model to be tried at other weights there."""

    def __init__(self, seen: Seen, model: Model, rest: list[str], first: int, before: int | None):
        self.seen, self.model, self.first, self.before = seen, model, first, before
        self.each = seen[first]
        self.bad = wrong_of(self.each, rest)
        self.later = next((wrong_of(seen[T], rest) for T in seen if first < T), self.bad)
        self.layout = Layout(model.shapes, outputs(model))
        self.shared = Shared(seen, self.each, self.layout.outputs)
        self.blocks = self._wrong_blocks()
        where: list[Piece] = []
        for name in sorted(self.bad, key=lambda name: name not in self.blocks):
            where += self.blocks[name][0] if name in self.blocks else [Piece(name)]
        self.place = f"{self._start()}: {self.layout.told(where)}."

    # ------------------------------------------------------------------------------------------ what can be read off

    def _start(self) -> str:
        if self.before is None:
            return f"Wrong at T = {self.first} already" + (", the shortest length compared" if self.first > 1 else "")
        mute = [name for name in self.bad if name in self.shared.silent] if self.before == 1 else []
        but = f", where {listing(mute)} can show nothing" if mute else ""
        return f"Right {'at' if mute else 'up to'} T = {self.before}{but}, wrong from T = {self.first} on"

    def is_mute(self, piece: Piece) -> bool:
        """Whether the first step alone would show nothing of this: then it is no proof that it is right at T = 2."""
        start = self.seen.get(1) if self.first <= 2 else None
        return any(piece.of(one).silent for one in (start, self.each) if one)

    def _wrong_blocks(self) -> dict[str, tuple[list[Piece], list[Piece]]]:
        """Of the arrays that are wrong in whole blocks only, the blocks that are wrong and those shown to be right."""
        found = {}
        for name in self.bad:
            for pieces in self.layout.of(name):
                axis = len(pieces[0].part) - 1
                if not pieces[0].part or axis != self.shared.axis.get(name, axis):
                    continue
                wrong = [piece for piece in pieces if is_off(piece, self.each)]
                right = [piece for piece in pieces if piece not in wrong and not self.is_mute(piece)]
                lines = [Piece(name, (*p.part[:axis], (k, k + 1))) for p in wrong for k in range(*p.part[axis])]
                if wrong and right and all(is_off(line, self.each) or line.of(self.each).silent for line in lines):
                    found[name] = wrong, right
                    break
        return found

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

    def is_whole(self) -> bool:
        """Whether it looks like an LSTM, with gates stacked by four or four sets of arrays, of which all is wrong."""
        shapes = self.layout.shapes.items()
        matrices = {name for name, shape in shapes if len(shape) > 1 and not self.is_mute(Piece(name))}
        four = len(self.layout.gates) == 4 or any(len(each) == 4 for name in self.bad for each in self.layout.of(name))
        return four and not self.blocks and not matrices - {*self.bad, *self.layout.outputs}

    # ----------------------------------------------------------------------------------------------- at other weights

    def off(self, params: Arrays) -> float | None:
        """The error of all wrong arrays together; None where it can't be told: the loss fails, or is flat."""
        groups = [[Piece(name) for name in self.bad]]
        return next((off for off, size in measured(self.model, params, groups) if size > 0), None)

    def cures(self, pieces: Iterable[Piece], change: Callable = np.zeros_like) -> bool:
        """Whether the gradient is right, and says something, with zeros or something else in these pieces."""
        off = self.off(with_zeros(self.model, pieces, change))
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
        found = measured(self.model, with_zeros(self.model, zeros), [[piece] for piece in pieces])
        return [piece for piece, (off, _) in zip(pieces, found, strict=False) if off > 1e-6]

    def on_the_state(self) -> Iterator[list[Piece]]:
        """What acts on the state, in turn where it is open which part does."""
        return map(self.layout.together, self.layout.squares())

    def cuts(self) -> Iterator[list[Piece]]:
        """Arrays through which a delta may go back: matrices before vectors, one alone before all of one shape."""
        shapes: dict[tuple, list[Piece]] = {}
        for name in sorted(self.each, key=lambda n: (self.each[n].mine.ndim < 2, n not in self.bad)):
            if name not in self.layout.outputs:  # without them there are no deltas at all
                shapes.setdefault(self.each[name].shape, []).append(Piece(name))
                yield [Piece(name)]
        yield from (pieces for pieces in shapes.values() if len(pieces) > 1)
        yield from self.on_the_state()
        vectors = [Piece(name) for name in self.bad if self.each[name].mine.ndim < 2]
        if len(vectors) > 1:
            yield vectors


def wrong_of(each: dict[str, Comparison], names: Iterable[str]) -> list[str]:
    """Those of the arrays whose gradient is wrong."""
    return [name for name in names if each[name].wrong]
