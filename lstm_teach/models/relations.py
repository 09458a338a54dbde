"""Relations between a gradient and the right one: a constant ratio, a block left out, the transpose, a copy.

Imports differences, families and layout.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Comparison, Model, Seen
from lstm_teach.models.families import FAMILIES, ModelFinding, finding
from lstm_teach.models.layout import Layout, Piece

_SAME = 1e-6  # norm-relative: two arrays are the same up to the error of the differences
Each = dict[str, Comparison]
Bad = dict[int, Comparison]  # one piece, at the lengths where it is wrong


class Law(NamedTuple):
    """A relation: which family it is, and how one can see it, with {where} for the arrays or blocks that have it."""

    family: str
    place: str
    evidence: str = ""

    def of(self, where: str = "") -> ModelFinding:
        """The finding for these arrays or blocks, or for the whole gradient."""
        subject = f"gradient of {where}" if where else "whole gradient"
        texts = [text.replace("gradient of {where}", subject) for text in (self.place, self.evidence)]
        return finding(self.family, *(t.replace(" of {where}", f" of {where}" * bool(where)) for t in texts))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are equal up to the error of the differences."""
    return bool(np.linalg.norm(a - b) <= _SAME * max(np.linalg.norm(a), np.linalg.norm(b)))


def ratio(c: Comparison) -> float | None:
    """The constant k with mine = k * right, None if there is none."""
    mine, right = c.mine[c.tried], c.right[c.tried]
    if c.silent or not mine.any():
        return None
    k = float(np.vdot(mine, right) / np.vdot(right, right))
    return k if k and (explains(c, mine, k * right) if c.wrong else same(mine, k * right)) else None


def explains(c: Comparison, mine: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the numbers are the expected ones, and far more nearly so than the right ones."""
    sizes = [float(np.linalg.norm(part[c.tried])) for part in (c.mine, c.right, c.mine - c.right)]
    return bool(np.linalg.norm(mine - expected) <= 4 * c.blur + min(_SAME * max(sizes[:2]), 1e-3 * sizes[2]))


def wrong_of(each: Each, names: Iterable[str] | None = None) -> list[str]:
    """Those of the arrays whose gradient is wrong."""
    return [name for name in names or each if each[name].wrong]


def part_of(piece: Piece, each: Each) -> Comparison:
    """The piece's own part of what was compared."""
    whole = each[piece.name]
    return Comparison(whole.mine[piece.where], whole.right[piece.where], whole.blur)


def pooled(each: Each, names: Iterable[str] | None = None) -> Comparison:
    """Several arrays, or all of them, as one."""
    parts = [each[name] for name in names or each]
    return Comparison(*(np.concatenate([getattr(c, side).ravel() for c in parts]) for side in ("mine", "right")))


# ---------------------------------------------------------------------------------------------- a factor, or a bound

_POWERS = {0: "", -1: "1/T", 1: "T", -2: "1/T²", 2: "T²"}


def common_factor(seen: Seen) -> tuple[list[str], Law | None]:
    """The arrays that are off by one factor, and by nothing else, where no array is right: it belongs to all."""
    at = {T: each for T, each in seen.items() if wrong_of(each)}
    names = next(iter(seen.values()))
    told = [name for name in names if all(each[name].silent or ratio(each[name]) for each in at.values())]
    ratios = {T: ratio(pooled(each, told)) if told else None for T, each in at.items()}
    if not all(k and abs(k - 1) > _SAME for k in ratios.values()):
        return [], None
    alone = not any(each[name].wrong for each in seen.values() for name in names if name not in told)
    if len(told) == 1 and not alone:
        return [], None
    # the norm is that of all arrays, those with a further mistake as well: clipping is the last thing that is done
    norm = "Its norm" if alone else "The norm of all arrays together"
    return told, factor({**dict.fromkeys(seen, 1.0), **ratios}, {T: pooled(each) for T, each in at.items()}, norm)


def bounded(each: Bad) -> Law | None:
    """mine = clip(right, -bound, bound), with one bound for all lengths."""
    wrong = [c for c in each.values() if c.wrong]
    bound = float(np.abs(wrong[0].mine).max())
    for c in wrong:
        clipped = np.clip(c.right, -bound, bound)[c.tried]
        if not bound or abs(np.abs(c.mine).max() - bound) > 1e-9 * bound or not same(c.mine[c.tried], clipped):
            return None
    count = sum(int((np.abs(c.right[c.tried]) > bound).sum()) for c in wrong)
    evidence = f"In {count} places of {{where}} the right one is larger, and there yours is exactly that."
    place = f"No number of the gradient of {{where}} is larger than {bound:.4g}."
    return Law("clipping", place, evidence) if count > 1 else None


def factor(ratios: dict[int, float], each: Bad, norm: str = "Its norm") -> Law:
    """What to say of a constant ratio: which law does it follow over the lengths?"""
    off = {T: k for T, k in ratios.items() if k != 1}
    T, k = list(off.items())[-1]
    of = "The gradient of {where} is"
    place = f"{of} {k:.4g} times the right one at T = {T}, in every entry."
    norms = [float(np.linalg.norm(each[T].mine)) for T in off]
    if len(norms) > 1 and np.ptp(norms) <= 1e-9 * norms[0] and max(off.values()) < 1:
        return Law("clipping", place, f"{norm} is {norms[0]:.4g} at T = {listing(off)}: the norm is clipped.")
    if law := _law(ratios):
        power, constant = law
        said = fraction(constant)
        if power:
            also = "" if said == "1" else f", times {said}"
            sides = ("loss is", "gradients are") if power > 0 else ("gradients are", "loss is")
            why = f"The {sides[0]} averaged over the steps while the {sides[1]} summed."
            return Law("scale", place, f"The factor is {_POWERS[power]} with T = {T}{also}. {why}")
        if said == "-1":
            return Law("sign", f"{of} the right one times -1 at T = {listing(ratios)}.")
        guess = "the 2 of a square, or " if said in ("2", "1/2") else ""
        count = said.removeprefix("-").removeprefix("1/")
        guess = "" if "." in said else f": {guess}a batch or a feature count of {count}?"
        why = f"It is {said} at every length, so no average over the steps{guess or '.'}"
        return Law("scale", f"{of} {constant:.4g} times the right one everywhere, at T = {listing(ratios)}.", why)
    place = f"{of} right in direction, but not in size: it is "
    place += ", ".join(f"{k:.6g} times the right one at T = {T}" for T, k in ratios.items()) + "."
    if all(abs(Fraction(k).limit_denominator(40) - Fraction(k)) < 1e-5 for k in off.values()):
        counts = "These are ratios of small numbers, as of counts: of steps with a target, or in a mask."
        return Law("scale", place, counts)
    return Law("clipping", place, "Is its norm clipped?") if len(off) == 1 and 0 < k < 1 else Law("scale", place)


def _law(ratios: dict[int, float]) -> tuple[int, float] | None:
    """The power of T and the constant that the ratios follow, None if they follow no such law."""
    for power in _POWERS:
        constants = [k / T**power for T, k in ratios.items()]
        if np.ptp(constants) <= 1e-5 * abs(constants[-1]):
            return power, constants[-1]
    return None


def fraction(number: float) -> str:
    """A whole number or one over it, where it is that."""
    size = max(abs(number), 1 / abs(number))
    count = round(size)
    if abs(size - count) > 1e-5 * count:
        return f"{number:.6g}"
    return f"{'-' if number < 0 else ''}{'1/' if abs(number) < 1 and count > 1 else ''}{count}"


# ------------------------------------------------------------------------------------------ one array, or one block


def _laws(piece: Piece, bad: Bad, seen: Seen, models: dict[int, Model], layout: Layout) -> Iterator[Law]:
    """What the gradient of a piece is instead of the right one, at every length where it is wrong."""
    if ratios := _ratios(piece, bad, seen):
        yield factor(ratios, {T: part_of(piece, each) for T, each in seen.items()})
    the, any_of = "The gradient of {where}", next(iter(bad.values()))
    # each gets T and a piece of any shape, one number (0-d) too; what has another shape than the piece is no match
    instead: list[tuple[Law, Callable[[int, Comparison], np.ndarray]]] = [
        (Law("left out", f"{the} is zero at every length; the right one is not."), lambda T, c: 0 * c.right),
        (Law("transpose", f"{the} is the transpose of the right one."), lambda T, c: c.right.T),
    ]
    for other in (other for name in layout.shapes for pieces in layout.of(name) for other in pieces):
        there = Law("gate rows", f"Where the gradient of {{where}} belongs, there is that of {layout.told([other])}.")
        instead.append((there, lambda T, c, other=other: part_of(other, seen[T]).right))
    start = next(each for each in seen.values() if each[piece.name].wrong)
    sisters = {name: [n for n in gate if n != name] for gate in layout.gates for name in gate}
    own = [] if piece.part else sisters.get(piece.name, [])
    for other, others in sisters.items():  # one that is wrong itself, so that its right gradient is elsewhere
        if own and not wrong_of(start, own) and wrong_of(start, others):
            same_numbers = f"Your gradients of {other} and of {{where}} are the same, number by number"
            proof = f"{listing(own)} are right, so that of {{where}} is the copy."
            copy = Law("gate rows", f"{same_numbers}, and the right ones are not. {proof}")
            instead.append((copy, lambda T, c, other=other: seen[T][other].mine))
    if not piece.part:
        weights = {T: models[T].params[piece.name] for T in bad}
        squares = {T: max(float(np.sum(weights[T][c.tried] ** 2)), 1e-300) for T, c in bad.items()}
        by = {T: float(np.nansum((c.mine - c.right) * weights[T])) / squares[T] for T, c in bad.items()}
        low, high = min(by.values()), max(by.values())
        constant = high - low <= 1e-3 * abs(high)
        times = f"{abs(high):.3g} times" if constant else "a multiple of"
        if (any_of.mine.size > 2 or (constant and len(by) > 1)) and low * high > 0:
            what = f"has {times} the weights too much" if low > 0 else f"lacks {times} the weights"
            instead.append((Law("penalty", f"{the} {what}."), lambda T, c: c.right + by[T] * weights[T]))
    for axis, line in enumerate(("row", "column") if any_of.is_matrix and not piece.part else ()):
        every = f"Every {line} of the gradient of {{where}} holds the sum of all {line}s of the right one."
        instead.append((Law("axis", every), lambda T, c, axis=axis: c.right.sum(axis, keepdims=True) + 0 * c.right))
    yield from (law for law, expected in instead if all(_equals(c, expected(T, c)) for T, c in bad.items()))
    if not piece.part and _has_the_right_sum(bad):
        what = "has the right sum, or its average everywhere, but not the right numbers one by one."
        yield Law("axis", f"{the} {what}")
    if not piece.part and (law := bounded(bad)):
        yield law


def _ratios(piece: Piece, bad: Bad, seen: Seen) -> dict[int, float] | None:
    """The constant ratios to the right gradient; of a block or of one number only if they follow a law."""
    ratios = {T: ratio(c) for T, c in bad.items()}
    if not all(ratios.values()):
        return None
    others = {T: 1.0 for T in seen if T not in ratios and not part_of(piece, seen[T]).silent}
    ratios = dict(sorted({**ratios, **others}.items()))
    numbers = [c.mine.size for c in bad.values()]
    whole = not piece.part and numbers[0] > 1 and sum(numbers) > 2
    return ratios if whole or (len(bad) > 1 and _law(ratios)) else None


def _equals(c: Comparison, expected: np.ndarray) -> bool:
    """Whether the gradient is this, as far as that is known, and the right one is not."""
    if expected.shape != c.mine.shape:
        return False
    known = ~np.isnan(expected) & c.tried
    apart = np.linalg.norm(c.mine[known] - c.right[known]) > 4 * c.blur
    return bool(known.any() and apart and explains(c, c.mine[known], expected[known]))


def _has_the_right_sum(bad: Bad) -> bool:
    """Whether it is a vector with the right sum, or with it everywhere."""
    c = next(iter(bad.values()))
    sums = [(c.mine.sum(), c.right.sum(), np.abs(c.right).sum()) for c in bad.values() if c.tried.all()]
    told = any(abs(b) > 1e-4 * by for _, b, by in sums)  # the errors of a softmax sum to 0, however they are added
    errors = [np.linalg.norm(c.mine - c.right) for c in bad.values() if c.tried.all()]
    gaps = [(min(abs(a - b), abs(a / c.mine.size - b)), by) for a, b, by in sums]
    alike = all(gap <= min(_SAME * by, 1e-3 * error) for (gap, by), error in zip(gaps, errors, strict=True))
    return told and alike and c.is_vector and c.mine.size > 1


def relations(
    seen: Seen, models: dict[int, Model], wrong: list[str], layout: Layout
) -> tuple[list[ModelFinding], set[str]]:
    """Arrays whose error is explained by a relation that holds at every length where they are wrong."""
    pieces_of: dict[Law, list[Piece]] = {}
    explained = set()
    for name in wrong:
        for pieces in layout.of(name):
            off = {p: {T: c for T, each in seen.items() if (c := part_of(p, each)).wrong} for p in pieces}
            laws = {p: next(_laws(p, bad, seen, models, layout), None) for p, bad in off.items() if bad}
            if laws and all(laws.values()):
                explained.add(name)
                for piece, law in laws.items():
                    pieces_of.setdefault(law, []).append(piece)
                break
    # One finding for each family, in the order of `FAMILIES`, those about size alone last.
    merged = []
    for family in sorted(FAMILIES, key=lambda family: family == "scale"):
        alike = [law.of(layout.told(pieces)) for law, pieces in pieces_of.items() if law.family == family]
        if alike:
            texts = [one.place for one in alike], [one.evidence for one in alike]
            merged.append(finding(family, *(" ".join(dict.fromkeys(filter(None, each))) for each in texts)))
    if said := _twins(seen, [name for name in wrong if name not in explained], layout):
        merged.append(finding("gate rows", said))
    return merged, explained


def _twins(seen: Seen, names: list[str], layout: Layout) -> str:
    """Which of these gradients, or blocks of one, are the same as each other where the right ones are not."""
    said = []
    for pieces in ([Piece(name) for name in names], *map(layout.blocks, names)):
        for one, other in itertools.combinations(pieces, 2):
            pairs = [(part_of(one, each), part_of(other, each)) for each in seen.values()]
            if any(a.mine.shape != b.mine.shape for a, b in pairs):
                continue
            equal = all(np.abs(a.mine - b.mine).max() <= 1e-12 * np.abs(a.mine).max() for a, b in pairs)
            known = [(a.right, b.right, a.tried & b.tried) for a, b in pairs if np.ptp(a.mine)]
            apart = [not same(a[both], b[both]) for a, b, both in known if both.any()]
            if equal and apart and all(apart):
                words = f"{layout.told([one])} and of {layout.told([other])}"
                said.append(f"Your gradients of {words} are the same, number by number, and the right ones are not.")
    return " ".join(said)
