"""Relations between a gradient and the right one: a constant ratio, a block left out, the transpose, a copy.

Imports differences, families and layout.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from fractions import Fraction

import numpy as np

from lstm_teach.models.differences import RIGHT, Comparison, Model, Piece, Seen, listed
from lstm_teach.models.families import FAMILIES, ModelFinding, finding
from lstm_teach.models.layout import Shapes, gates, layouts

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


def is_silent(c: Comparison) -> bool:
    """Whether the right gradient is zero here, so that this says nothing about a factor or a delta."""
    return not np.abs(c.right[c.tried]).max(initial=0) > 4 * c.blur


def part_of(each: dict[str, Comparison], piece: Piece) -> Comparison:
    """The comparison of one piece."""
    return each[piece.name].part(piece.where)


def is_off(part: Comparison, whole: Comparison) -> bool:
    """Whether a block is wrong, measured by the size of the whole array."""
    size = np.linalg.norm(whole.right[whole.tried])
    away = np.linalg.norm((part.mine - part.right)[part.tried])
    return bool(away > 1e-8 * max(size, np.linalg.norm(whole.mine)) + 4 * whole.blur)


def pooled(each: dict[str, Comparison], names: Iterable[str]) -> Comparison:
    """Several arrays as one."""
    mine, right = (np.concatenate([getattr(each[n], side).ravel() for n in names]) for side in ("mine", "right"))
    return Comparison(mine, right, 0.0)


def whole(seen: Seen) -> list[ModelFinding]:
    """One factor for the whole gradient, or one bound on all its numbers."""
    all_of_it = {T: pooled(each, each) for T, each in seen.items()}
    ratios = {T: ratio(c) for T, c in all_of_it.items()}
    if all(ratios.values()):
        return [factor("", ratios, {T: float(np.linalg.norm(c.mine)) for T, c in all_of_it.items()})]
    return _bounded(all_of_it, "the gradient")


def common_factor(seen: Seen) -> tuple[list[str], ModelFinding | None]:
    """The arrays that are off by one factor, and by nothing else, where no array is right: it belongs to all."""
    lengths = [T for T, each in seen.items() if any(c.error > RIGHT for c in each.values())]
    ratios = {
        name: {T: ratio(c) for T in lengths if not is_silent(c := seen[T][name])} for name in next(iter(seen.values()))
    }
    told = {name: at for name, at in ratios.items() if at and all(at.values())}
    if len(told) < 2 or len(told) == len(ratios):
        return [], None
    agreed = {T: [at[T] for at in told.values() if T in at] for T in lengths}
    if any(not ks or max(ks) - min(ks) > _SAME * abs(ks[0]) or abs(ks[0] - 1) <= _SAME for ks in agreed.values()):
        return [], None
    shared = {T: agreed[T][0] if T in agreed else 1.0 for T in seen}
    # the norm is that of all arrays, those with a further mistake as well: clipping is the last thing that is done
    norms = {T: float(np.linalg.norm(np.concatenate([c.mine.ravel() for c in seen[T].values()]))) for T in lengths}
    return list(told), factor(listed(told), shared, norms, together=True)


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


def factor(name: str, ratios: dict[int, float], norms: dict[int, float], together: bool = False) -> ModelFinding:
    """A finding for a constant ratio, with the law that it follows over the lengths."""
    of = f"The gradient of {name}" if name else "The whole gradient"
    values = {T: k for T, k in ratios.items() if abs(k - 1) > 1e-6}
    T, k = list(values.items())[-1]
    place = f"{of} is {k:.4g} times the right one at T = {T}, in every entry."
    at = {T: norms[T] for T in values if T in norms}
    if len(at) > 1 and max(at.values()) - min(at.values()) <= 1e-9 * max(at.values()) and max(values.values()) < 1:
        whose = "The norm of all arrays together" if together else "Its norm"
        return finding("clipping", place, f"{whose} is {at[T]:.4g} at {_lengths(at)}: the norm is clipped.")
    law = _law(ratios)
    if law:
        power, constant = law
        if power == 0 and abs(constant + 1) < 1e-5:
            return finding("sign", f"{of} is the right one times -1 at {_lengths(ratios)}.")
        if power == 0:
            place = f"{of} is {constant:.4g} times the right one everywhere, at {_lengths(ratios)}."
            return finding("scale", place, _number(constant))
        words = {-2: "1/T²", -1: "1/T", 1: "T", 2: "T²"}[power]
        also = "" if abs(constant - 1) < 1e-5 else f", times {fraction(constant)}"
        return finding("scale", place, f"The factor is {words} with T = {T}{also}. {_AVERAGE[power > 0]}")
    told = ", ".join(f"{k:.3g} at T = {T}" for T, k in ratios.items())
    counts = all(abs(Fraction(k).limit_denominator(40) - Fraction(k)) < 1e-5 for k in values.values())
    size = f"{of} has the right direction, but not the size: {told}."
    if len(values) == 1 and 0 < k < 1 and not counts:
        return finding("clipping", size, "Is its norm clipped?")
    small = "These are ratios of small numbers, as of counts: of steps with a target, or of those in a mask."
    return finding("scale", size, small if counts else "")


def _law(ratios: dict[int, float]) -> tuple[int, float] | None:
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
    said = fraction(constant)
    if "." in said:
        return "It is the same at every length, so it is no average over the steps."
    guess = "the 2 of a square, or " if said in ("2", "1/2") else ""
    count = said.removeprefix("1/").removeprefix("-")
    return f"It is {said} at every length, so no average over the steps: {guess}a batch or a feature count of {count}?"


def fraction(number: float) -> str:
    """A whole number or one over it, where it is that."""
    size = max(abs(number), 1 / abs(number))
    count = round(size)
    if count < 2 or abs(size - count) > 1e-5 * count:
        return f"{number:.4g}"
    return f"{'-' if number < 0 else ''}{'1/' if abs(number) < 1 else ''}{count}"


def _lengths(lengths: Iterable[int]) -> str:
    return f"T = {listed(map(str, lengths))}"


def copies_in(seen: Seen, shapes: Shapes, outputs: Collection[str], wrong: list[str]) -> tuple[list[str], set[str]]:
    """Sentences on gradients that are the same as each other and should not be, and the arrays that they explain."""
    said, explained, sets = [], set(), gates(shapes, outputs)
    pieces = [piece for name in shapes for layout in layouts(shapes, name, outputs) for piece in layout]
    wholes = [piece for piece in pieces if not piece.part]
    for piece in pieces:
        for other in wholes if not piece.part else [p for p in pieces if p.name == piece.name]:
            if [*pieces].index(other) <= [*pieces].index(piece) or len(piece.part) != len(other.part):
                continue
            pairs = [(part_of(each, piece), part_of(each, other)) for each in seen.values()]
            pairs = [(a, b) for a, b in pairs if a.mine.shape == b.mine.shape and a.mine.any()]
            both = [a.tried & b.tried for a, b in pairs]
            if (
                not pairs
                or not np.ptp(pairs[0][0].mine)
                or {piece.name, other.name}.isdisjoint(wrong)
                or any(np.abs(a.mine - b.mine).max() > 1e-12 * np.abs(a.mine).max() for a, b in pairs)
                or not all(m.any() and not same(a.right[m], b.right[m]) for (a, b), m in zip(pairs, both, strict=True))
            ):
                continue
            words = [p.told(shapes[p.name]) for p in (piece, other)]
            off = [any(is_off(part_of(each, p), each[p.name]) for each in seen.values()) for p in (piece, other)]
            sisters = [[n for n in gate if n != p.name] for p in (piece, other) for gate in sets if p.name in gate]
            start = next(each for each in seen.values() if max(each[p.name].error for p in (piece, other)) > RIGHT)
            lone = [bool(names) and all(start[n].error <= RIGHT for n in names) for names in sisters]
            one = f" That of {words[off.index(False)]} is right." if False in off else ""
            if (
                not one and not piece.part and sum(lone) == 1
            ):  # the other one belongs to a gate that is wrong as a whole
                off = lone
                one = (
                    f" {listed(sisters[lone.index(True)])} are right, so that of {words[lone.index(True)]} is the copy."
                )
            said.append(
                f"Your gradients of {words[0]} and of {words[1]} are the same, number by number, and the right ones "
                f"are not.{one}"
            )
            if one and not piece.part:
                explained.add((piece, other)[off.index(True)].name)
    return said, explained


def relations(
    seen: Seen, models: dict[int, Model], wrong: list[str], shapes: Shapes, outputs: Collection[str] = ()
) -> tuple[list[ModelFinding], set[str]]:
    """Arrays whose error is explained by a relation that holds at every length where they are wrong."""
    found: list[ModelFinding] = []
    laws: dict[tuple, list[Piece]] = {}
    said, copied = copies_in(seen, shapes, outputs, wrong)
    explained = {*copied}
    for name in [name for name in wrong if name not in explained]:
        lengths = [T for T, each in seen.items() if each[name].error > RIGHT]
        tries = (_related(seen, models, each, lengths, shapes, outputs) for each in layouts(shapes, name, outputs))
        related = next((one for one in tries if one is not None), None)
        explained |= {name} if related else set()
        for kind, piece, detail in related or ():
            laws.setdefault((kind, detail, bool(piece.part)), []).append(piece)
    for (family, detail, _), pieces in laws.items():
        each = {T: part_of(seen[T], pieces[0]) for T in seen}
        where = listed(piece.told(shapes[piece.name]) for piece in pieces)
        if family == "scale":
            found.append(factor(where, dict(detail), {T: float(np.linalg.norm(c.mine)) for T, c in each.items()}))
        elif family == "clipping":
            found += _bounded(each, f"the gradient of {where}")
        else:
            kind, words = _SAID[family]
            line = ("row", "column")[detail] if family == "lines" else ""
            found.append(finding(kind, words.format(where=where, detail=detail, line=line)))
    copies = [finding("gate rows", " ".join(said))] if said else []
    found = _merged(found)
    return (copies + found if copied else found + copies), explained


_SAID = {
    "left out": ("left out", "The gradient of {where} is zero at every length; the right one is not."),
    "transpose": ("transpose", "The gradient of {where} is the transpose of the right one."),
    "axis": (
        "axis",
        "The gradient of {where} has the right sum, or its average everywhere, but not the right numbers one by one.",
    ),
    "lines": ("axis", "Every {line} of the gradient of {where} holds the sum of all {line}s of the right one."),
    "gate rows": ("gate rows", "Where the gradient of {where} belongs, there is that of {detail}."),
    "penalty": (
        "left out",
        "What is missing in the gradient of {where} is a multiple of the weights: the penalty on large ones.",
    ),
}


def _merged(found: list[ModelFinding]) -> list[ModelFinding]:
    """One finding for each family, in the order of `FAMILIES`, those about size alone last."""
    families = sorted({one.family for one in found}, key=lambda family: (family == "scale", [*FAMILIES].index(family)))
    merged = []
    for family in families:
        alike = [one for one in found if one.family == family]
        place, evidence = (
            " ".join(dict.fromkeys(filter(None, (getattr(one, part) for one in alike))))
            for part in ("place", "evidence")
        )
        merged.append(finding(family, place, evidence))
    return merged


def _related(
    seen: Seen,
    models: dict[int, Model],
    pieces: list[Piece],
    lengths: list[int],
    shapes: Shapes,
    outputs: Collection[str],
) -> list[tuple[str, Piece, object]] | None:
    """For each wrong piece its relation to the right gradient, None if one has none."""
    said = []
    for piece in pieces:
        bad = {T: c for T in lengths if is_off(c := part_of(seen[T], piece), seen[T][piece.name])}
        if not bad:
            continue
        relation = _relation(seen, models, piece, bad, shapes, outputs)
        if relation is None:
            return None
        said.append((relation[0], piece, relation[1]))
    return said


def _relation(
    seen: Seen,
    models: dict[int, Model],
    piece: Piece,
    bad: dict[int, Comparison],
    shapes: Shapes,
    outputs: Collection[str],
) -> tuple[str, object] | None:
    parts = bad.values()
    if all(not c.mine.any() for c in parts):
        return "left out", None
    ratios = {T: ratio(c) for T, c in bad.items()}
    if all(ratios.values()):
        at_one = {T: 1.0 for T in seen if T not in bad and not is_silent(part_of(seen[T], piece))}
        ratios = {T: float(f"{k:.6g}") for T, k in sorted({**ratios, **at_one}.items())}
        size = next(iter(parts)).mine.size  # of one number any error is a ratio, so it has to follow a law
        if (size > 1 and size * len(bad) > 2 and (not piece.part or (len(bad) > 1 and _law(ratios)))) or (
            size == 1 and len(bad) > 1 and _law(ratios)
        ):
            return "scale", tuple(ratios.items())
    shape = next(iter(parts)).shape
    if len(shape) == 2 and shape[0] == shape[1] > 1 and _all_same(parts, lambda c: c.mine.T, lambda c: c.right):
        return "transpose", None
    if not piece.part and _penalty(models, piece.name, bad):
        return "penalty", None
    for other in _others(shapes, piece, shape, outputs):
        if all(same(c.mine[r.tried], r.right[r.tried]) for T, c in bad.items() for r in [part_of(seen[T], other)]):
            return "gate rows", other.told(shapes[other.name])
    size = max(shape, default=1)
    if not piece.part and 1 < size == np.prod(shape):
        sums = [(c.mine.sum(), c.right.sum(), np.abs(c.right).sum()) for c in parts if c.tried.all()]
        told = any(abs(b) > 1e-4 * by for _, b, by in sums)  # the errors of a softmax sum to 0, however they are added
        if told and all(abs(a - b) <= _SAME * by or abs(a / size - b) <= _SAME * by for a, b, by in sums):
            return "axis", None
    for axis in (0, 1) if not piece.part and len(shape) == 2 and min(shape) > 1 else ():
        sums = [(c.mine, np.broadcast_to(c.right.sum(axis, keepdims=True), shape)) for c in parts if c.tried.all()]
        if sums and all(same(mine, right) for mine, right in sums):
            return "lines", axis
    if not piece.part and _bounded(bad, ""):
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
    return all(same(one(c)[c.tried], other(c)[c.tried]) for c in parts)


def _others(shapes: Shapes, piece: Piece, shape: tuple[int, ...], outputs: Collection[str]) -> Iterator[Piece]:
    """Other arrays, or blocks of arrays, of the same shape."""
    for name in shapes:
        for pieces in layouts(shapes, name, outputs):
            for other in pieces:
                if other != piece and np.empty(shapes[name])[other.where].shape == shape:
                    yield other
