"""How the arrays of a model are laid out, told from their shapes: gates side by side, squares that act on a state.

Imports gradreport.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lstm_teach.gradreport import listing

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
Names = Collection[str]


@dataclass(frozen=True)
class Piece:
    """An array, or a part of it: from where to where along its first axes (None: all of it), and which gate that is."""

    name: str
    part: tuple[tuple[int, int] | None, ...] = ()
    label: str = ""

    @property
    def where(self) -> tuple:
        """The part as an index into the array."""
        return (*(slice(*ends) if ends else slice(None) for ends in self.part), ...)


def lines_of(name: str, axis: int, ends: tuple[int, int], label: str = "") -> Piece:
    """The rows (axis 0), columns or entries of an array from one to another."""
    return Piece(name, (*[None] * axis, ends), label)


def _blocks(pieces: list[Piece]) -> str:
    """Which blocks these are, as " (blocks 1 and 2 of 4)"."""
    if not (labels := [piece.label for piece in pieces if piece.label]):
        return ""
    numbers, _, counts = zip(*(label.removeprefix("block ").partition(" of ") for label in labels), strict=True)
    return f" (block{'s' * (len(labels) > 1)} {listing(numbers)} of {counts[0]})"


class Layout:
    """The shapes of a model's arrays, which are at the output or looked up in rows, and what that says of the others.

    `changing` are those that have another shape at each length, as the input of a layer has; they can't be gates.
    `gates` are the arrays of each gate where every gate has arrays of its own: the same shapes three or four times.
    `states` are what may be the number of units. A `plain` model has neither.
    """

    def __init__(self, shapes: Shapes, outputs: Names = (), tables: Names = (), plain=False, changing: Names = ()):
        self.shapes, self.outputs, self.tables, self.plain, self.changing = shapes, outputs, tables, plain, changing
        shapes = {name: shape for name, shape in shapes.items() if name not in changing}
        squares = {shape[0] for shape in shapes.values() if len(shape) == 2 and shape[0] == shape[1]}
        # What may be the number of units: the size of a square array, or one that an output array has, but for the
        # side that its bias has.
        lengths = [max(shape) for shape in shapes.values() if np.prod(shape) == max(shape, default=0)]
        sides = {n: lengths.count(n) != 1 for name in outputs for n in self.shapes[name]}
        ends = {n for n, inside in sides.items() if inside or not any(sides.values())}
        self.states = {n for n in squares | ends if n > 1}
        stacked = {count * n for n in self.states for count in (3, 4)}
        # Failing that, a matrix as wide as a bias is 3 or 4 times as long on this side as on the other.
        wide = [sorted(shape) for n, shape in shapes.items() if len(shape) == 2 and n not in outputs]
        gated = {side: size for size, side in wide if side in {*lengths} - stacked and side in (3 * size, 4 * size)}
        self.states |= {size for size in gated.values() if size > 1}
        stacked |= {side for side, size in gated.items() if size > 1}
        inner = [n for n, shape in shapes.items() if n not in outputs and stacked.isdisjoint(shape)]
        sets = [names for names in self.by_shape(inner) if len(names) in (3, 4)]
        same = [names for names in sets if len(names) == max(map(len, sets))]
        sizes = [shapes[name] for name, *_ in same]
        self.gates = [*zip(*same, strict=True)] if any(len(shape) > 1 for shape in sizes) else []
        if plain:
            self.gates, self.states = [], set()

    def by_shape(self, names: Iterable[str]) -> list[list[str]]:
        """These arrays, grouped by shape, without those whose shape depends on the length."""
        shapes = {name: self.shapes[name] for name in names if name not in self.changing}
        return [[name for name in shapes if shapes[name] == shape] for shape in dict.fromkeys(shapes.values())]

    def told(self, pieces: Iterable[Piece]) -> str:
        """These pieces in words, such as "U and rows 0 to 3 of V and W (block 1 of 4)"."""
        own: dict[str, list[Piece]] = {}
        for piece in dict.fromkeys(pieces):
            own.setdefault(piece.name, []).append(piece)
        alike: dict[tuple[str, ...], list[str]] = {}
        for name, parts in own.items():
            lines = self._lines(name, parts)
            alike.setdefault((lines, _blocks(parts), name * (not lines)), []).append(name)
        return listing(f"{lines}{listing(names)}{blocks}" for (lines, blocks, _), names in alike.items())

    def _lines(self, name: str, pieces: list[Piece]) -> str:
        """Which rows, columns, entries or slices of it, as "rows 0 to 3 of "; "" if it is all of them."""
        words, sides = [], len(self.shapes[name])
        for axis, length in enumerate(self.shapes[name]):
            every = dict.fromkeys(piece.part[axis] for piece in pieces if axis < len(piece.part))
            if ends := [end for end in every if end and end != (0, length)]:
                line = ("row", "column")[axis] if sides == 2 else "entry" if sides == 1 else "slice"
                spans = [f"{start} to {end - 1}" if end - 1 > start else f"{start}" for start, end in ends]
                if spans[1:] or "to" in spans[0]:
                    line = "entries" if line == "entry" else line + "s"
                words.append(f"{line} {listing(spans)}" + f" along axis {axis}" * (sides > 2))
        return f"{', '.join(words)} of " if words else ""

    def of(self, name: str) -> Iterator[list[Piece]]:
        """The array as a whole; then as 4, 3 or 2 gates along an axis, each as long as another axis is."""
        yield [Piece(name)]
        shape, shapes = () if name in self.changing else self.shapes[name], self.shapes.values()
        # A slice for each gate or layer, which has a row of the bias.
        cubes = [other for other in shapes if len(other) == 3 and other[0] in (2, 3, 4) and other[:2] in shapes]
        if shape in cubes or shape in [cube[:2] for cube in cubes]:
            yield [lines_of(name, 0, (k, k + 1), f"block {k + 1} of {shape[0]}") for k in range(shape[0])]
        alone = any(name in gate for gate in self.gates)  # one of several arrays, each for a gate
        axes = [] if name in self.outputs or alone or len(shape) > 2 or self.plain else [*enumerate(shape)]
        shared = [(axis, n) for axis, n in axes if sum(n in other for other in shapes) > 1]  # as with a bias
        for axis, length in shared or axes:
            counts = [n for n in (4, 3, 2) if length % n == 0 and length not in self.states]
            for count in [n for n in counts if length // n in self.states] or counts:
                size = length // count
                if size > 1 and any(size in other for other in shapes):
                    ends = [(k * size, (k + 1) * size) for k in range(count)]
                    yield [lines_of(name, axis, e, f"block {k} of {count}") for k, e in enumerate(ends, 1)]

    def gates_of(self, pieces: Collection[Piece]) -> set[str]:
        """The gates to which these belong, in words: blocks, or arrays of their own if all belong to some gate."""
        own = {name: f"the gate of {listing(gate)}" for gate in self.gates for name in gate}
        labels = {piece.label for piece in pieces} - {""}
        sure = (piece.name for piece in pieces if piece.name in own or sum(n > 1 for n in self.shapes[piece.name]) > 1)
        arrays = {own.get(name, "") for name in sure}
        return labels or (set() if "" in arrays else arrays)

    def on_the_state(self) -> Iterator[list[Piece]]:
        """The parts of the matrices that may act on the state; in turn where it is open which do.

        Where the state and the input share a matrix, either the first or the last of its rows or columns are the
        state's.
        """
        every = []
        for name, shape in self.shapes.items():
            inside = len(shape) == 2 and name not in {*self.outputs, *self.tables}
            sizes = sorted(self.states | {min(shape)} - {1}, reverse=True) if inside else []
            for axis, size in itertools.product((0, 1), sizes):
                own, other = shape[axis], shape[1 - axis]
                if own % size == 0 and own <= 4 * size <= 4 * other:  # up to four gates along this axis
                    every.append((name, axis, size))
        exact = [(name, axis, size) for name, axis, size in every if self.shapes[name][1 - axis] == size]
        if self.plain:
            every = exact = [one for one in exact if len({*self.shapes[one[0]]}) == 1]
        # Those that may hold the gates come first.
        every.sort(key=lambda one: (self.shapes[one[0]][one[1]] // one[2] not in (3, 4), -one[2]))
        for last in (False,) if exact else (False, True) if every else ():
            found: dict[str, Piece] = {}
            for name, axis, size in exact or every:
                start = self.shapes[name][1 - axis] - size if last else 0
                across = None if exact else (start, start + size)
                found.setdefault(name, Piece(name, (across, None) if axis else (None, across)))
            yield list(found.values())

    def squares(self, piece: Piece) -> list[Piece]:
        """The square blocks, one for each gate, of a part that acts on the state."""
        ends = [end or (0, n) for end, n in zip(piece.part, self.shapes[piece.name], strict=True)]
        size = min(last - first for first, last in ends)
        blocks = [[(at, at + size) for at in range(first, last, size)] for first, last in ends]
        return [Piece(piece.name, (rows, columns)) for rows in blocks[0] for columns in blocks[1]]
