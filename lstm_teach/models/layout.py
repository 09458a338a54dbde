"""How the arrays of a model are laid out, told from their shapes: gates side by side, squares that act on a state.

Imports differences and gradreport.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Piece, Shape


class Layout:
    """The shapes of a model's arrays, which of them are at the output, and what that says of the others.

    `gates` are the arrays of each gate where every gate has arrays of its own: the same shapes three or four times.
    """

    def __init__(self, shapes: Mapping[str, Shape], outputs: Collection[str] = ()):
        self.shapes, self.outputs = shapes, outputs
        squares = {shape[0] for shape in shapes.values() if len(shape) == 2 and shape[0] == shape[1]}
        # What may be the number of units: the size of a square array, or one that an output array has.
        self._states = {n for n in squares.union(*(shapes[name] for name in outputs)) if n > 1}
        self.gates = self._gates()

    def told(self, pieces: Iterable[Piece]) -> str:
        """These pieces in words."""
        return listing(dict.fromkeys(piece.told(self.shapes[piece.name]) for piece in pieces))

    def of(self, name: str) -> Iterator[list[Piece]]:
        """The array as a whole; then as 4, 3 or 2 gates along an axis, each as long as another axis is."""
        yield [Piece(name)]
        shapes = self.shapes.values()
        alone = any(name in gate for gate in self.gates)  # one of several arrays, each for a gate
        axes = [] if name in self.outputs or alone else [*enumerate(self.shapes[name])]
        shared = [(axis, n) for axis, n in axes if sum(n in shape for shape in shapes) > 1]  # as with a bias
        for axis, length in shared or axes:
            cube = any(len(shape) > 2 and shape[axis] == length for shape in shapes if axis < len(shape))
            for count in (4, 3, 2):
                size, rest = divmod(length, count)
                known = any(size in shape for shape in shapes) and length not in self._states
                if not rest and (cube if size == 1 else known):
                    ends = [(k * size, (k + 1) * size) for k in range(count)]
                    yield [Piece(name, (*[None] * axis, e), f"block {k + 1} of {count}") for k, e in enumerate(ends)]

    def pieces(self) -> list[Piece]:
        """All arrays, and all blocks that they may have."""
        return [piece for name in self.shapes for pieces in self.of(name) for piece in pieces]

    def blocks(self, name: str) -> list[Piece]:
        """All blocks that the array may have."""
        return [piece for pieces in self.of(name) for piece in pieces if piece.part]

    def _gates(self) -> list[list[str]]:
        groups: dict[Shape, list[str]] = {}
        for name, shape in self.shapes.items():
            if name not in self.outputs:
                groups.setdefault(shape, []).append(name)
        sets = [names for names in groups.values() if len(names) in (3, 4)]
        same = [names for names in sets if len(names) == len(max(sets, key=len))]
        shapes = [self.shapes[names[0]] for names in same]
        if self._states and not all(self._states.intersection(shape) for shape in shapes):
            return []  # layers of one shape, with the gates side by side
        return [list(gate) for gate in zip(*same, strict=True)] if any(len(shape) > 1 for shape in shapes) else []

    def is_one_gate(self, pieces: Iterable[Piece]) -> bool:
        """Whether these belong to one gate, which has twins."""
        names = {piece.name for piece in pieces}
        if any(names <= set(gate) for gate in self.gates):
            return True
        if any(map(self.blocks, names)):
            return False  # in each of these are several gates
        same = [self.shapes[name] for name in names]
        twins = [shape for name, shape in self.shapes.items() if name not in names]
        return len(set(same)) == len(same) and all(shape in twins for shape in same)

    def squares(self) -> Iterator[list[Piece]]:
        """The square blocks, one for each gate, of the matrices that may act on the state; in turn where that is open.

        Where the state and the input share a matrix, either the first or the last of its rows or columns are the
        state's.
        """
        every = [
            (name, axis, size)
            for name, shape in self.shapes.items()
            if len(shape) == 2 and name not in self.outputs
            for axis in (0, 1)
            for size in sorted(self._states | {min(shape)} - {1}, reverse=True)
            if shape[axis] % size == 0 and shape[axis] <= 4 * size <= 4 * shape[1 - axis]
        ]
        exact = [(name, axis, size) for name, axis, size in every if self.shapes[name][1 - axis] == size]
        for last in (False, True) if not exact else (False,):
            found: dict[str, list[Piece]] = {}
            for name, axis, size in exact or every:
                start = self.shapes[name][1 - axis] - size if last else 0
                across = (start, start + size)
                along = [(k * size, (k + 1) * size) for k in range(self.shapes[name][axis] // size)]
                parts = [(ends, across) if axis == 0 else (across, ends) for ends in along]
                found.setdefault(name, [Piece(name, part) for part in parts])
            if found:
                yield [piece for pieces in found.values() for piece in pieces]

    def together(self, pieces: list[Piece]) -> list[Piece]:
        """Blocks of one array that make up a part of it as that part, or as the array."""
        joined = []
        for name in dict.fromkeys(piece.name for piece in pieces):
            own = [piece.part for piece in pieces if piece.name == name]
            ends = tuple((min(part[a][0] for part in own), max(part[a][1] for part in own)) for a in (0, 1))
            full = sum((rows[1] - rows[0]) * (columns[1] - columns[0]) for rows, columns in own)
            if full == (ends[0][1] - ends[0][0]) * (ends[1][1] - ends[1][0]):
                part = tuple(None if end == (0, n) else end for end, n in zip(ends, self.shapes[name], strict=True))
                own = [part if any(part) else ()]
            joined += [Piece(name, part) for part in own]
        return joined
