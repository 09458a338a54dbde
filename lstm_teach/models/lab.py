"""A model at other weights: with which pieces set to zero, or made symmetric, is its gradient right?

Imports differences and layout.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lstm_teach import guard
from lstm_teach.models.differences import (
    Arrays,
    Model,
    Piece,
    Unusable,
    changed,
    departures,
)
from lstm_teach.models.layout import squares, together


class Lab:
    """A model and the arrays whose gradient is wrong, to be tried at other weights."""

    def __init__(self, model: Model, bad: list[str]):
        self.model, self.pieces = model, [Piece(name) for name in bad]
        self.names = list(model.params)
        self.shapes = {name: model.params[name].shape for name in self.names}

    @functools.cached_property
    def outputs(self) -> list[str]:
        """The weights at the output."""
        found = [name for name in self.names if self._is_output(name)]
        return found if len(found) == 1 else []  # from a state of zero, other weights too shut off all the rest

    def off(self, params: Arrays) -> float | None:
        """The error of all wrong arrays together; None where it can't be told: the loss fails, or is flat."""
        try:
            off, size, blur = departures(self.model, params, [self.pieces])
        except (guard.LearnerError, Unusable):
            return None
        return float(off[0]) if blur < 1e-6 and size[0] > 0 else None

    def cures(self, params: Arrays) -> bool:
        """Whether the gradient is right at `params`, and says something there."""
        off = self.off(params)
        return off is not None and off < 1e-6

    def with_zeros(self, pieces: Iterable[Piece]) -> Arrays:
        """The weights with zeros in these pieces."""
        return self._with(pieces, np.zeros_like)

    def with_symmetry(self, pieces: Iterable[Piece]) -> Arrays:
        """The weights with square pieces replaced by their symmetric part."""
        return self._with(pieces, lambda block: (block + block.T) / 2)

    def _with(self, pieces: Iterable[Piece], change: Callable[[np.ndarray], np.ndarray]) -> Arrays:
        params = self.model.params
        for piece in pieces:
            params = changed(params, piece.name, change, piece.where)
        return params

    def on_the_state(self) -> Iterator[list[Piece]]:
        """What acts on the state, in turn where it is open which part does."""
        for found in squares(self.shapes, self.outputs):
            yield [piece for blocks in found.values() for piece in together(blocks, self.shapes)]

    def cuts(self) -> Iterator[list[Piece]]:
        """Arrays through which a delta may go back: matrices before vectors, one alone before all of one shape."""
        bad = [piece.name for piece in self.pieces]
        shapes: dict[tuple, list[Piece]] = {}
        for name in sorted(self.names, key=lambda n: (self.model.params[n].ndim < 2, n not in bad)):
            if name in self.outputs:
                continue  # without them there are no deltas at all
            shapes.setdefault(self.shapes[name], []).append(Piece(name))
            yield [Piece(name)]
        yield from (pieces for pieces in shapes.values() if len(pieces) > 1)
        yield from self.on_the_state()
        vectors = [Piece(name) for name in bad if self.model.params[name].ndim < 2]
        if len(vectors) > 1:
            yield vectors

    def least(self, change: Callable[[list[Piece]], Arrays], pieces: list[Piece]) -> list[Piece]:
        """Those of the pieces whose change is needed for the cure."""
        for piece in pieces:
            fewer = [other for other in pieces if other != piece]
            if fewer and self.cures(change(fewer)):
                pieces = fewer
        return pieces

    def still_wrong(self, params: Arrays, pieces: list[Piece]) -> list[Piece]:
        """Which of the pieces have a wrong gradient at other weights."""
        try:
            off, _, blur = departures(self.model, params, [[piece] for piece in pieces])
        except (guard.LearnerError, Unusable):
            return []
        return [piece for piece, error in zip(pieces, off, strict=True) if blur < 1e-6 and error > 1e-6]

    def _is_output(self, name: str) -> bool:
        """Whether nothing but this array and a bias beside it gets a delta once it is zero."""
        others = [n for n in self.names if n != name and self.model.params[n].ndim > 1]
        if self.model.params[name].size < 2 or not others:
            return False
        groups = [[Piece(name)], *([Piece(n)] for n in others)]
        try:
            _, size, blur = departures(self.model, self.with_zeros([Piece(name)]), groups)
        except (guard.LearnerError, Unusable):
            return False
        return bool(size[0] > 1e-3 and (size[1:] <= 1e-6 + blur).all())


def first_wrong(
    models: dict[int, Model], take: Callable[[int], Model], rest: list[str], low: int, high: int
) -> tuple[int, int]:
    """The first length that is wrong, and the one before it."""
    while high > low + 1:
        middle = (low + high) // 2
        models[middle] = take(middle)
        off = Lab(models[middle], rest).off(models[middle].params)
        if off is not None and off > 1e-7:
            high = middle
        else:
            low = middle
    return high, low
