"""The shortest length at which a gradient is wrong, and what can be read off it.

Imports factors, lab, layout and relations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lstm_teach.models.differences import (
    RIGHT,
    Comparison,
    Model,
    Piece,
    Seen,
    listed,
)
from lstm_teach.models.factors import Shared
from lstm_teach.models.lab import Lab
from lstm_teach.models.layout import gates, layouts
from lstm_teach.models.relations import is_off, is_silent, part_of


class Evidence:
    """The shortest length that is wrong, and what can be read off it."""

    def __init__(self, seen: Seen, model: Model, rest: list[str], first: int, before: int | None):
        self.seen, self.model, self.first, self.before = seen, model, first, before
        self.each = seen[first]
        self.bad = wrong_of(self.each, rest)
        self.later = next((wrong_of(seen[T], rest) for T in seen if first < T), self.bad)
        self.lab = Lab(model, self.bad)
        self.shared = Shared(seen, self.each, self.lab.outputs)
        self.shapes = {name: c.shape for name, c in self.each.items()}
        self.blocks = self._wrong_blocks()
        where: list[Piece] = []
        for name in sorted(self.bad, key=lambda name: name not in self.blocks):
            where += self.blocks[name][0] if name in self.blocks else [Piece(name)]
        self.place = f"{self._start()}: {self.told(where)}."

    def _start(self) -> str:
        if self.before is None:
            return f"Wrong at T = {self.first} already" + (", the shortest length compared" if self.first > 1 else "")
        mute = [name for name in self.bad if name in self.shared.silent] if self.before == 1 else []
        but = f", where {listed(mute)} can show nothing" if mute else ""
        return f"Right {'at' if mute else 'up to'} T = {self.before}{but}, wrong from T = {self.first} on"

    def told(self, pieces: Iterable[Piece]) -> str:
        """These pieces in words."""
        return listed(dict.fromkeys(piece.told(self.shapes[piece.name]) for piece in pieces))

    def is_mute(self, name: str, piece: Piece | None = None) -> bool:
        """Whether the first step alone would show nothing of this: then it is no proof that it is right at T = 2."""
        start = self.seen.get(1) if self.first <= 2 else None
        return any(is_silent(part_of(one, piece or Piece(name))) for one in (start, self.each) if one)

    def _wrong_blocks(self) -> dict[str, tuple[list[Piece], list[Piece]]]:
        """Of the arrays that are wrong in whole blocks only, the blocks that are wrong and those shown to be right."""
        found = {}
        for name in self.bad:
            c = self.each[name]
            for pieces in layouts(self.shapes, name, self.lab.outputs):
                axis = len(pieces[0].part) - 1
                if not pieces[0].part or axis != self.shared.axis.get(name, axis):
                    continue
                wrong = [piece for piece in pieces if is_off(c.part(piece.where), c)]
                right = [piece for piece in pieces if piece not in wrong and not self.is_mute(name, piece)]
                lines = [self._lines(piece, axis) for piece in wrong]
                if wrong and right and all(all(off or mute for off, mute in each) for each in lines):
                    found[name] = wrong, right
                    break
        return found

    def _lines(self, piece: Piece, axis: int) -> Iterator[tuple[bool, bool]]:
        c = self.each[piece.name]
        for k in range(*piece.part[axis]):
            line = c.part((*[slice(None)] * axis, k))
            yield is_off(line, c), is_silent(line)

    def gate_hint(self) -> str:
        """One gate is right and the others are wrong: the output gate's delta is the one without the cell."""
        said = ""
        right = {piece.label for _, pieces in self.blocks.values() for piece in pieces}
        labels = {piece.label for pieces, _ in self.blocks.values() for piece in pieces}
        if len(right) == 1 and int(next(iter(right)).split()[-1]) > 2 and not right & labels:
            said = f"{next(iter(right)).split(' of ')[0].capitalize()} alone is right."
        elif not self.blocks:
            sets = [[n for n in names if n in self.bad or not self.is_mute(n)] for names in self._gates()]
            whole = [names for names in sets if names and not set(names) & set(self.bad)]
            off = [names for names in sets if set(names) & set(self.bad)]
            if len(whole) == 1 and len(off) > 1 and set().union(*off) >= set(self.bad):
                said = f"Of the gates that show anything here, only the one of {listed(whole[0])} is right."
        if not said:
            return ""
        return (
            f"{said} If that is the output gate, look at the delta of the cell, which all gates but this one use: how "
            "it gets there from h, and how the next step's part is added to it."
        )

    def _gates(self) -> list[list[str]]:
        return gates(self.shapes, self.lab.outputs)

    def is_whole(self) -> bool:
        """Whether all is wrong but the output and what can show nothing."""
        matrices = {name for name, shape in self.shapes.items() if len(shape) > 1 and not self.is_mute(name)}
        return not self.blocks and not matrices - {*self.bad, *self.lab.outputs}

    def has_four_gates(self) -> bool:
        """Whether it looks like an LSTM: gates stacked by four, or four sets of arrays."""
        stacked = (each for name in self.bad for each in layouts(self.shapes, name, self.lab.outputs))
        return len(self._gates()) == 4 or any(len(each) == 4 for each in stacked)

    def is_one_gate(self, pieces: Iterable[Piece]) -> bool:
        """Whether these belong to one gate, which has twins."""
        names = {piece.name for piece in pieces}
        if any(names <= set(gate) for gate in self._gates()):
            return True
        same = [self.shapes[name] for name in names]
        twins = [shape for name, shape in self.shapes.items() if name not in names]
        return len(set(same)) == len(same) and all(shape in twins for shape in same)


def wrong_of(each: dict[str, Comparison], names: Iterable[str]) -> list[str]:
    """Those of the arrays whose gradient is wrong."""
    return [name for name in names if each[name].error > RIGHT]
