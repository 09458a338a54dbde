"""The ladder of nets that a climb goes up, and where it stands on it.

What is right is seen in blocks of the nine gradients: a matrix, or a column of a U, which is the delta of one gate at
the one step of its token. Imports slots, truth and variants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import NamedTuple

import numpy as np

from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.truth import Case, from_zeros, make_case
from lstm_teach.doctor.variants import Variants, gradients
from lstm_teach.params import Params

_SMALL = {"vocab_size": 4, "hidden_size": 2}  # no two sizes are the same, nor that of three steps


class Rung:
    """One net of the ladder, with its right gradient in blocks."""

    def __init__(self, case: Case):
        self.case = case
        self.gradient = case.gradient
        labels, self.names = [], []
        for name in Params.NAMES:
            right = self.gradient[name]
            own = np.zeros(right.shape, dtype=int)
            if name[0] == "U":  # each token's column by itself; those that never come are all one
                own += np.where(right.any(axis=0), 1 + np.arange(right.shape[1]), 0)
            numbers, own = np.unique(own, return_inverse=True)
            labels.append(len(self.names) + own.ravel())
            self.names += [name] * len(numbers)
        label = np.concatenate(labels)
        self.order = np.argsort(label, kind="stable")
        self.starts = np.searchsorted(label[self.order], np.arange(len(self.names)))
        self.right = np.concatenate([self.gradient[name].ravel() for name in Params.NAMES])[self.order]
        size = np.maximum.reduceat(np.abs(self.right), self.starts)
        self.near = (1e-9 * np.where(size > 0, size, 1e-3))[label[self.order]]
        self.full = (1 << len(self.names) + 1) - 1
        self.counted = self.full & ~sum(1 << k for k in np.flatnonzero(size == 0).tolist())  # zeros tell nothing

    def right_blocks(self, variants: Variants, edits: Sequence[Edit]) -> int | None:
        """The blocks that are right with these edits, as bits; and one more bit if everything is in order.

        None if a run does not return nine gradients.
        """
        trace = variants.run(self, edits, quiet=True)
        grads = gradients(trace, self)
        if grads is None:
            return None
        got = np.concatenate([grads[name].ravel() for name in Params.NAMES])[self.order]
        right = np.logical_and.reduceat(np.abs(got - self.right) <= self.near, self.starts)
        if right.all() and trace.kept_inputs:
            return self.full
        return int.from_bytes(np.packbits(right, bitorder="little").tobytes(), "little")

    def wrong(self, bits: int) -> set[str]:
        """Names of the matrices in which something is wrong."""
        return {name for k, name in enumerate(self.names) if not bits >> k & 1}


def ladder(takes: dict[str, bool]) -> list[Rung]:
    """The nets, the simplest first: one step, one step from zeros, three steps that see nothing of h, three, five."""
    one, three = (_distinct(make_case(T, 27 + T, takes, **_SMALL)) for T in (1, 3))
    zeros = [from_zeros(one, takes)] if takes else []
    apart = replace(three, params=three.params.copy())
    apart.params.W[...] = 0
    again = make_case(5, 27, takes, vocab_size=4, hidden_size=3)  # tokens repeat
    return [Rung(case) for case in (one, *zeros, apart, three, again)]


def _distinct(case: Case) -> Case:
    """The same with tokens of which none appears twice."""
    T, K = case.length, case.params.vocab_size
    return replace(case, x=np.arange(T)[::-1] % K, targets=(np.arange(T) + 1) % K)


class Made(NamedTuple):
    """Edits, and for each of them others with the same gain."""

    edits: list[Edit]
    others: list[list[Edit]]


@dataclass(eq=False)
class State:
    """Edits that were made, and those to be tried with them; what is least `put_off` goes first."""

    made: list[Edit]
    alike: list[list[Edit]]  # for each of them, others with the same gain
    right: tuple[int, ...]  # on each rung
    put_off: float = 0
    cost: float = 0
    before: State | None = None
    beside: list[Edit] = field(default_factory=list)  # gains of the state before
    number: int = field(default_factory=count().__next__)
    todo: Iterator[list[Edit]] | None = None
    gains: dict[tuple[int, ...], list[Edit]] = field(default_factory=dict)  # by what is right then
    batches: int = 0  # tried
    looked: int = 0  # for how many edits it was looked inside
    known: dict[tuple[str, Edit], tuple[int, int]] = field(default_factory=dict)  # see fuel.remembered
    sound: set[int] | None = None  # statements, see likely.py

    def lowest(self, rungs: Sequence[Rung]) -> int:
        """The first rung on which something is wrong that tells; zeros that are wrong tell nothing."""
        tells = (k for k, rung in enumerate(rungs) if rung.counted & rung.full >> 1 & ~self.right[k])
        return next(tells, next((k for k, rung in enumerate(rungs) if self.right[k] != rung.full), -1))

    def with_one_more(self, edit: Edit, alike: Sequence[Edit] = ()) -> Made:
        """The edits made and one more, in place of those that change the same slots; and those alike."""
        kept = [k for k, other in enumerate(self.made) if other.slots.isdisjoint(edit.slots)]
        return Made([*(self.made[k] for k in kept), edit], [*(self.alike[k] for k in kept), list(alike)])


def count_right(right: Sequence[int]) -> int:
    """How many blocks are right, over all rungs."""
    return sum(bits.bit_count() for bits in right)
