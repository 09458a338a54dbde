"""Relations between a gradient and the right one: a constant ratio, a block left out, the transpose.

Imports differences and families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from lstm_teach.models.differences import (
    RIGHT,
    Comparison,
    Model,
    Piece,
    Seen,
    listed,
)
from lstm_teach.models.families import FAMILIES, ModelFinding, finding

_SAME = 1e-6  # norm-relative: two arrays are the same up to the error of the differences


def ratio(c: Comparison) -> float | None:
    """The constant k with mine = k * right, None if there is none."""
    mine, right = c.mine[c.tried], c.right[c.tried]
    if not right.any() or not mine.any():
        return None
    k = float(np.vdot(mine, right) / np.vdot(right, right))
    return k if k and same(mine, k * right) else None


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are equal up to the error of the differences."""
    return bool(np.linalg.norm(a - b) <= _SAME * max(np.linalg.norm(a), np.linalg.norm(b)))


def _pooled(each: dict[str, Comparison]) -> Comparison:
    mine, right = (np.concatenate([getattr(c, side).ravel() for c in each.values()]) for side in ("mine", "right"))
    return Comparison(mine, right, 0.0)


def whole(seen: Seen) -> list[ModelFinding]:
    """One factor for the whole gradient, or one bound on all its numbers."""
    pooled = {T: _pooled(each) for T, each in seen.items()}
    ratios = {T: ratio(c) for T, c in pooled.items()}
    if all(ratios.values()):
        norms = {T: float(np.linalg.norm(c.mine)) for T, c in pooled.items()}
        return [factor("", ratios, norms)]
    return _bounded(pooled, "the gradient")


def _bounded(each: dict[int, Comparison], what: str) -> list[ModelFinding]:
    """mine = clip(right, -bound, bound), with one bound for all lengths."""
    wrong = {T: c for T, c in each.items() if c.error > RIGHT}
    bounds = {T: float(np.abs(c.mine).max()) for T, c in wrong.items()}
    bound = next(iter(bounds.values()))
    for T, c in wrong.items():
        mine, right = c.mine[c.tried], c.right[c.tried]
        if not bound or abs(bounds[T] - bound) > 1e-9 * bound or not same(mine, np.clip(right, -bound, bound)):
            return []
    count = sum(int((np.abs(c.right[c.tried]) > bound).sum()) for c in wrong.values())
    if count < 2:
        return []
    place = f"No number of {what} is larger than {bound:.4g}."
    return [finding("clipping", place, f"In {count} places the right one is larger, and there it is exactly that.")]


def factor(name: str, ratios: dict[int, float], norms: dict[int, float]) -> ModelFinding:
    """A finding for a constant ratio, with the law that it follows over the lengths."""
    of = f"The gradient of {name}" if name else "The whole gradient"
    values = {T: k for T, k in ratios.items() if abs(k - 1) > 1e-6}
    T, k = list(values.items())[-1]
    place = f"{of} is {k:.4g} times the right one at T = {T}, in every entry."
    at = {T: norms[T] for T in values}
    if len(at) > 1 and max(at.values()) - min(at.values()) <= 1e-9 * max(at.values()) and max(values.values()) < 1:
        return finding("clipping", place, f"Its norm is {at[T]:.4g} at {_lengths(at)}: the norm is clipped.")
    law = law_of(ratios)
    if law:
        power, constant = law
        if power == 0 and abs(constant + 1) < 1e-5:
            return finding("sign", f"{of} is the right one times -1 at {_lengths(ratios)}.")
        if power == 0:
            place = f"{of} is {constant:.4g} times the right one everywhere, at {_lengths(ratios)}."
            return finding("scale", place, _number(constant))
        words = {-2: "1/T²", -1: "1/T", 1: "T", 2: "T²"}[power]
        also = "" if abs(constant - 1) < 1e-5 else f", times {_fraction(constant)}"
        return finding("scale", place, f"The factor is {words} with T = {T}{also}. {_AVERAGE[power > 0]}")
    told = ", ".join(f"{k:.3g} at T = {T}" for T, k in ratios.items())
    counts = all(abs(Fraction(k).limit_denominator(40) - Fraction(k)) < 1e-5 for k in values.values())
    if len(values) == 1 and 0 < k < 1 and not counts:
        return finding("clipping", f"{of} has the right direction, but not the size: {told}.", "Is its norm clipped?")
    what = (
        "These are ratios of small numbers, as of counts: of steps with a target, or of those in a mask."
        if counts
        else ""
    )
    return finding("scale", f"{of} has the right direction, but not the size: {told}.", what)


def law_of(ratios: dict[int, float]) -> tuple[int, float] | None:
    """The power of T and the constant that the ratios follow, None if they follow no such law."""
    for power in (0, -1, 1, -2, 2):
        constants = [k / T**power for T, k in ratios.items()]
        if max(constants) - min(constants) <= 1e-5 * abs(constants[-1]):
            return power, constants[-1]
    return None


_AVERAGE = {
    True: "The loss is averaged over the steps while the gradients are summed.",
    False: "The gradients are averaged over the steps while the loss is summed.",
}


def _number(constant: float) -> str:
    """What a constant factor may be."""
    said = _fraction(constant)
    if "." in said:
        return "It is the same at every length, so it is no average over the steps."
    guess = "the 2 of a square, or " if said in ("2", "1/2") else ""
    whole = said.removeprefix("1/").removeprefix("-")
    return f"It is {said} at every length, so no average over the steps: {guess}a batch or a feature count of {whole}?"


def _fraction(number: float) -> str:
    """A whole number or one over it, where it is that."""
    size = max(abs(number), 1 / abs(number))
    whole = round(size)
    if whole < 2 or abs(size - whole) > 1e-5 * whole:
        return f"{number:.4g}"
    return f"{'-' if number < 0 else ''}{'1/' if abs(number) < 1 else ''}{whole}"


def _lengths(lengths: Iterable[int]) -> str:
    return f"T = {listed(map(str, lengths))}"


def relations(seen: Seen, models: dict[int, Model], wrong: list[str]) -> tuple[list[ModelFinding], set[str]]:
    """Arrays whose error is explained by a relation that holds at every length where they are wrong."""
    found: list[ModelFinding] = []
    laws: dict[tuple, list[Piece]] = {}
    explained: set[str] = set()
    for name in wrong:
        lengths = [T for T, each in seen.items() if each[name].error > RIGHT]
        for pieces in layouts(next(iter(seen.values())), name):
            said = _related(seen, models, pieces, lengths)
            if said is None:
                continue
            explained.add(name)
            for family, piece, detail in said:
                laws.setdefault((family, detail, piece.count > 1), []).append(piece)
            break
    last = list(seen)[-1]
    for (family, detail, _), pieces in laws.items():
        each = {T: _part(seen[T], pieces[0]) for T in seen}
        where = listed(piece.told(seen[last][piece.name].shape) for piece in pieces)
        if family == "scale":
            found.append(factor(where, dict(detail), {T: float(np.linalg.norm(c.mine)) for T, c in each.items()}))
        elif family == "clipping":
            found += _bounded(each, f"the gradient of {where}")
        elif family == "gate rows":
            found.append(finding(family, f"In place of the gradient of {where} stands that of {detail}."))
        elif family == "penalty":
            what = (
                f"What is missing in the gradient of {where} is a multiple of the weights: the penalty on large ones."
            )
            found.append(finding("left out", what))
        elif family == "axis" and detail is not None:
            line = ("row", "column")[detail]
            what = f"Every {line} of the gradient of {where} holds the sum of all {line}s of the right one."
            found.append(finding(family, what))
        else:
            found.append(finding(family, f"The gradient of {where} {_SAID[family]}."))
    return _merged(found), explained


_SAID = {
    "left out": "is zero at every length; the right one is not",
    "transpose": "is the transpose of the right one",
    "axis": "has the right sum, or its average everywhere, but not the right numbers one by one",
}


def _merged(found: list[ModelFinding]) -> list[ModelFinding]:
    """One finding for each family, in the order of `FAMILIES`, those about size alone last."""
    families = sorted({one.family for one in found}, key=lambda family: (family == "scale", [*FAMILIES].index(family)))
    merged = []
    for family in families:
        same = [one for one in found if one.family == family]
        place, evidence = (
            " ".join(dict.fromkeys(filter(None, (getattr(one, part) for one in same))))
            for part in ("place", "evidence")
        )
        merged.append(finding(family, place, evidence))
    return merged


def layouts(arrays: Mapping[str, Any], name: str) -> Iterator[list[Piece]]:
    """The array as a whole, then in 4, 3, 2 blocks of rows or columns; those of a size that other arrays have first."""
    yield [Piece(name)]
    sizes = {size for key in arrays for size in arrays[key].shape}
    shape = arrays[name].shape
    counts = [
        (axis, n)
        for axis in range(len(shape))
        for n in (4, 3, 2)
        if shape[axis] % n == 0 and (shape[axis] > n or len(shape) > 1)
    ]
    for axis, n in sorted(counts, key=lambda at: shape[at[0]] // at[1] not in sizes):
        yield [Piece(name, axis, k, n) for k in range(n)]


def _related(
    seen: Seen, models: dict[int, Model], pieces: list[Piece], lengths: list[int]
) -> list[tuple[str, Piece, object]] | None:
    """For each wrong piece its relation to the right gradient, None if one has none."""
    said = []
    for piece in pieces:
        parts = {T: _part(seen[T], piece) for T in lengths}
        bad = {T: c for T, c in parts.items() if is_off(c, seen[T][piece.name])}
        if not bad:
            continue
        relation = _relation(seen, models, piece, bad)
        if relation is None:
            return None
        said.append((relation[0], piece, relation[1]))
    return said


def _part(each: dict[str, Comparison], piece: Piece) -> Comparison:
    whole = each[piece.name]
    return whole.part(piece.where(whole.shape))


def is_off(part: Comparison, whole: Comparison) -> bool:
    """Whether a block is wrong, measured by the size of the whole array."""
    size = np.linalg.norm(whole.right[whole.tried])
    away = np.linalg.norm((part.mine - part.right)[part.tried])
    return bool(away > 1e-8 * max(size, np.linalg.norm(whole.mine)) + 4 * whole.blur)


def _relation(
    seen: Seen, models: dict[int, Model], piece: Piece, bad: dict[int, Comparison]
) -> tuple[str, object] | None:
    parts = bad.values()
    if all(not c.mine.any() for c in parts):
        return "left out", None
    ratios = {T: ratio(c) for T, c in bad.items()}
    if all(ratios.values()):
        at_one = {T: 1.0 for T in seen if T not in bad}
        ratios = {T: float(f"{k:.6g}") for T, k in sorted({**ratios, **at_one}.items())}
        size = next(iter(parts)).mine.size  # of one number any error is a ratio, so it has to follow a law
        if (size > 1 and size * len(bad) > 2 and (piece.count == 1 or (len(bad) > 1 and law_of(ratios)))) or (
            size == 1 and len(bad) > 1 and law_of(ratios)
        ):
            return "scale", tuple(ratios.items())
    shape = next(iter(parts)).shape
    if len(shape) == 2 and shape[0] == shape[1] > 1 and _all_same(parts, lambda c: c.mine.T, lambda c: c.right):
        return "transpose", None
    if piece.count == 1 and _penalty(models, piece.name, bad):
        return "penalty", None
    for other in _others(seen, piece, shape):
        if all(same(c.mine[r.tried], r.right[r.tried]) for T, c in bad.items() for r in [_part(seen[T], other)]):
            return "gate rows", other.told(seen[next(iter(bad))][other.name].shape)
    size = max(shape, default=1)
    if piece.count == 1 and 1 < size == np.prod(shape):
        sums = [(c.mine.sum(), c.right.sum(), np.abs(c.right).sum()) for c in parts if c.tried.all()]
        told = any(abs(b) > 1e-4 * by for _, b, by in sums)  # the errors of a softmax sum to 0, however they are added
        if told and all(abs(a - b) <= _SAME * by or abs(a / size - b) <= _SAME * by for a, b, by in sums):
            return "axis", None
    for axis in (0, 1) if piece.count == 1 and len(shape) == 2 and min(shape) > 1 else ():
        sums = [(c.mine, np.broadcast_to(c.right.sum(axis, keepdims=True), shape)) for c in parts if c.tried.all()]
        if sums and all(same(mine, right) for mine, right in sums):
            return "axis", axis
    if piece.count == 1 and _bounded(bad, ""):
        return "clipping", None
    return None


def _penalty(models: dict[int, Model], name: str, bad: dict[int, Comparison]) -> bool:
    """Whether what is missing is a multiple of the weights themselves."""
    for T, c in bad.items():
        missing, weights = (c.right - c.mine)[c.tried], models[T].params[name][c.tried]
        by = np.vdot(missing, weights) / max(np.vdot(weights, weights), 1e-300)
        if by <= 0 or weights.size < 3 or not same(missing, by * weights):
            return False
    return True


def _all_same(parts: Iterable[Comparison], one: Callable, other: Callable) -> bool:
    for c in parts:
        a, b = one(c), other(c)
        if not same(a[c.tried], b[c.tried]):
            return False
    return True


def _others(seen: Seen, piece: Piece, shape: tuple[int, ...]) -> Iterator[Piece]:
    """Other arrays, or blocks of arrays, of the same shape."""
    for name in next(iter(seen.values())):
        for pieces in layouts(next(iter(seen.values())), name):
            for other in pieces:
                first = next(iter(seen.values()))
                if other != piece and first[name].mine[other.where(first[name].shape)].shape == shape:
                    yield other
