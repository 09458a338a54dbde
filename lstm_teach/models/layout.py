"""How the arrays of a model are laid out, told from their shapes: gates side by side, squares that act on a state.

Imports differences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from lstm_teach.models.differences import Piece

Shapes = Mapping[str, tuple[int, ...]]


def _states(shapes: Shapes, outputs: Collection[str]) -> set[int]:
    """What may be the number of units: the size of a square array, or one that an output array has."""
    squares = {shape[0] for name, shape in shapes.items() if len(shape) == 2 and len(set(shape)) == 1}
    return {n for n in squares | {n for name in outputs for n in shapes[name]} if n > 1}


def layouts(shapes: Shapes, name: str, outputs: Collection[str] = ()) -> Iterator[list[Piece]]:
    """The array as a whole; then as 4, 3 or 2 gates along an axis, each with as many entries as another axis has."""
    yield [Piece(name)]
    sizes = {n for shape in shapes.values() for n in shape}
    axes = [] if name in outputs else [*enumerate(shapes[name])]
    shared = [(axis, n) for axis, n in axes if sum(n in shape for shape in shapes.values()) > 1]  # as with a bias
    for axis, length in shared or axes:
        cube = any(len(shape) > 2 and shape[axis] == length for shape in shapes.values() if axis < len(shape))
        for count in (4, 3, 2):
            size, rest = divmod(length, count)
            if not rest and (cube if size == 1 else size in sizes and length not in _states(shapes, outputs)):
                ends = [(k * size, (k + 1) * size) for k in range(count)]
                yield [Piece(name, (*[None] * axis, e), f"block {k + 1} of {count}") for k, e in enumerate(ends)]


def gates(shapes: Shapes, outputs: Collection[str] = ()) -> list[list[str]]:
    """The arrays of each gate where every gate has arrays of its own: the same shapes three or four times over."""
    groups: dict[tuple, list[str]] = {}
    for name, shape in shapes.items():
        if name not in outputs:
            groups.setdefault(shape, []).append(name)
    sets = [names for names in groups.values() if len(names) in (3, 4)]
    same = [names for names in sets if len(names) == len(max(sets, key=len))]
    return [list(gate) for gate in zip(*same, strict=True)] if any(len(shapes[n[0]]) > 1 for n in same) else []


def squares(shapes: Shapes, outputs: Collection[str] = ()) -> Iterator[dict[str, list[Piece]]]:
    """For each matrix that may act on the state its square blocks, one for each gate; in turn where that is open.

    Where the state and the input share a matrix, either the first or the last of its rows or columns are the state's.
    """
    sizes = _states(shapes, outputs)
    every = [
        (name, axis, size)
        for name, shape in shapes.items()
        if len(shape) == 2 and name not in outputs
        for axis in (0, 1)
        for size in sorted(sizes | {min(shape)} - {1}, reverse=True)
        if shape[axis] % size == 0 and shape[axis] <= 4 * size <= 4 * shape[1 - axis]
    ]
    exact = [(name, axis, size) for name, axis, size in every if shapes[name][1 - axis] == size]
    for last in (False, True) if not exact else (False,):
        found: dict[str, list[Piece]] = {}
        for name, axis, size in exact or every:
            start = shapes[name][1 - axis] - size if last else 0
            across = (start, start + size)
            for k in range(shapes[name][axis] // size) if name not in found else ():
                along = (k * size, (k + 1) * size)
                found.setdefault(name, []).append(Piece(name, (along, across) if axis == 0 else (across, along)))
        if found:
            yield found


def together(pieces: list[Piece], shapes: Shapes) -> list[Piece]:
    """Blocks of one array that make up a part of it as that part, or as the array."""
    joined = []
    for name in dict.fromkeys(piece.name for piece in pieces):
        own = [piece for piece in pieces if piece.name == name]
        ends = [(min(p.part[a][0] for p in own), max(p.part[a][1] for p in own)) for a in (0, 1)]
        full = sum((p.part[0][1] - p.part[0][0]) * (p.part[1][1] - p.part[1][0]) for p in own)
        if full != (ends[0][1] - ends[0][0]) * (ends[1][1] - ends[1][0]):
            joined += own
            continue
        part = tuple(None if end == (0, n) else end for end, n in zip(ends, shapes[name], strict=True))
        joined.append(Piece(name, part if any(part) else ()))
    return joined
