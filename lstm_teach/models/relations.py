"""Relations between a gradient and the right one: a constant ratio, a block left out, the transpose, a copy.

Imports differences, families and layout.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Comparison, Model, Seen
from lstm_teach.models.families import FAMILIES, ModelFinding, finding
from lstm_teach.models.layout import Layout, Piece

_SAME = 1e-6  # norm-relative: two arrays are the same up to the error of the differences
Each = dict[str, Comparison]


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are equal up to the error of the differences."""
    return bool(np.linalg.norm(a - b) <= _SAME * max(np.linalg.norm(a), np.linalg.norm(b)))


def ratio(c: Comparison) -> float | None:
    """The constant k with mine = k * right, None if there is none."""
    mine, right = c.mine[c.tried], c.right[c.tried]
    if c.silent or not mine.any():
        return None
    k = float(np.vdot(mine, right) / np.vdot(right, right))
    return k if k and same(mine, k * right) else None


def wrong_of(each: Each, names: Iterable[str] | None = None) -> list[str]:
    """Those of the arrays whose gradient is wrong."""
    return [name for name in names or each if each[name].wrong]


def part_of(piece: Piece, each: Each) -> Comparison:
    """The piece's own part of what was compared."""
    whole = each[piece.name]
    return Comparison(whole.mine[piece.where], whole.right[piece.where], whole.blur)


def is_off(piece: Piece, each: Each) -> bool:
    """Whether a block is wrong, measured by the size of the whole array."""
    whole, part = each[piece.name], part_of(piece, each)
    size = max(np.linalg.norm(whole.right[whole.tried]), np.linalg.norm(whole.mine))
    return bool(np.linalg.norm((part.mine - part.right)[part.tried]) > 1e-8 * size + 4 * whole.blur)


def pooled(each: Each, names: Iterable[str] | None = None) -> Comparison:
    """Several arrays, or all of them, as one."""
    parts = [each[name] for name in names or each]
    return Comparison(*(np.concatenate([getattr(c, side).ravel() for c in parts]) for side in ("mine", "right")))


# ---------------------------------------------------------------------------------------------- a factor, or a bound


def common_factor(seen: Seen) -> tuple[list[str], ModelFinding | None]:
    """The arrays that are off by one factor, and by nothing else, where no array is right: it belongs to all."""
    at = {T: each for T, each in seen.items() if wrong_of(each)}
    names = next(iter(seen.values()))
    ratios = {name: {T: ratio(each[name]) for T, each in at.items() if not each[name].silent} for name in names}
    told = [name for name, ks in ratios.items() if ks and all(ks.values())]
    rest = [name for name in names if name not in told and any(each[name].wrong for each in seen.values())]
    agreed = {T: [ratios[name][T] for name in told if T in ratios[name]] for T in at}
    if len(told) < (2 if rest else 1):
        return [], None
    if any(not ks or np.ptp(ks) > _SAME * abs(ks[0]) or abs(ks[0] - 1) <= _SAME for ks in agreed.values()):
        return [], None
    shared = {T: agreed[T][0] if T in agreed else 1.0 for T in seen}
    # the norm is that of all arrays, those with a further mistake as well: clipping is the last thing that is done
    everything = {T: pooled(each) for T, each in at.items()}
    if not rest:
        return told, factor("", shared, everything)
    return told, factor(listing(told), shared, everything, "The norm of all arrays together")


def bounded(each: dict[int, Comparison], what: str) -> list[ModelFinding]:
    """mine = clip(right, -bound, bound), with one bound for all lengths."""
    wrong = [c for c in each.values() if c.wrong]
    bound = float(np.abs(wrong[0].mine).max())
    for c in wrong:
        clipped = np.clip(c.right, -bound, bound)[c.tried]
        if not bound or abs(np.abs(c.mine).max() - bound) > 1e-9 * bound or not same(c.mine[c.tried], clipped):
            return []
    count = sum(int((np.abs(c.right[c.tried]) > bound).sum()) for c in wrong)
    if count < 2:
        return []
    place = f"No number of {what} is larger than {bound:.4g}."
    return [finding("clipping", place, f"In {count} places the right one is larger, and there it is exactly that.")]


def factor(name: str, ratios: dict[int, float], each: dict[int, Comparison], norm: str = "Its norm") -> ModelFinding:
    """A finding for a constant ratio, with the law that it follows over the lengths."""
    of = f"The gradient of {name}" if name else "The whole gradient"
    values = {T: k for T, k in ratios.items() if abs(k - 1) > 1e-6}
    T, k = list(values.items())[-1]
    norms = {T: float(np.linalg.norm(each[T].mine)) for T in values if T in each}
    if len(norms) > 1 and np.ptp([*norms.values()]) <= 1e-9 * norms[T] and max(values.values()) < 1:
        place = f"{of} is {k:.4g} times the right one at T = {T}, in every entry."
        return finding("clipping", place, f"{norm} is {norms[T]:.4g} at T = {listing(norms)}: the norm is clipped.")
    if law := _law(ratios):
        power, constant = law
        if power == 0 and abs(constant + 1) < 1e-5:
            return finding("sign", f"{of} is the right one times -1 at T = {listing(ratios)}.")
        place = f"{of} is {constant if power == 0 else k:.4g} times the right one"
        if power == 0:
            said = fraction(constant)
            count = said.removeprefix("1/").removeprefix("-")
            guess = "the 2 of a square, or " if said in ("2", "1/2") else ""
            what = "It is the same at every length, so it is no average over the steps."
            if "." not in said:
                counts = f"{guess}a batch or a feature count of {count}"
                what = f"It is {said} at every length, so no average over the steps: {counts}?"
            return finding("scale", f"{place} everywhere, at T = {listing(ratios)}.", what)
        words = {-2: "1/T²", -1: "1/T", 1: "T", 2: "T²"}[power]
        also = "" if abs(constant - 1) < 1e-5 else f", times {fraction(constant)}"
        sides = ("loss is", "gradients are") if power > 0 else ("gradients are", "loss is")
        why = f"The {sides[0]} averaged over the steps while the {sides[1]} summed."
        return finding(
            "scale", f"{place} at T = {T}, in every entry.", f"The factor is {words} with T = {T}{also}. {why}"
        )
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
        if np.ptp(constants) <= 1e-5 * abs(constants[-1]):
            return power, constants[-1]
    return None


def fraction(number: float) -> str:
    """A whole number or one over it, where it is that."""
    size = max(abs(number), 1 / abs(number))
    count = round(size)
    if count < 2 or abs(size - count) > 1e-5 * count:
        return f"{number:.4g}"
    return f"{'-' if number < 0 else ''}{'1/' if abs(number) < 1 else ''}{count}"


# ------------------------------------------------------------------------------------------ one array, or one block


Bad = dict[int, Comparison]  # one piece, at the lengths where it is wrong


def _relation(piece: Piece, bad: Bad, seen: Seen, models: dict[int, Model], layout: Layout) -> tuple | None:
    """The first relation to the right gradient that holds at every length: its family, and a sentence or ratios."""
    if ratios := _ratios(piece, bad, seen):
        return "scale", tuple(ratios.items())
    # What the gradient may be instead of the right one.
    instead: list[tuple[str, str, Callable[[int, Comparison], np.ndarray]]] = [
        (
            "left out",
            "The gradient of {where} is zero at every length; the right one is not.",
            lambda T, c: 0 * c.right,
        ),
        ("transpose", "The gradient of {where} is the transpose of the right one.", lambda T, c: c.right.T),
    ]
    for other in (other for name in layout.shapes for pieces in layout.of(name) for other in pieces):
        there = f"Where the gradient of {{where}} belongs, there is that of {layout.told([other])}."
        instead.append(("gate rows", there, lambda T, c, other=other: part_of(other, seen[T]).right))
    if not piece.part:
        penalty = "What is missing in the gradient of {where} is a multiple of the weights: the penalty on large ones."
        instead.append(("left out", penalty, lambda T, c: _without_penalty(c, models[T].params[piece.name])))
        for axis, line in enumerate(("row", "column")):
            every = f"Every {line} of the gradient of {{where}} holds the sum of all {line}s of the right one."
            instead.append(("axis", every, lambda T, c, axis=axis: _summed(c.right, axis)))
    for family, said, expected in instead:
        if all(_equals(c, expected(T, c)) for T, c in bad.items()):
            return family, said
    if piece.part:
        return None
    if _has_the_right_sum(bad):
        what = "has the right sum, or its average everywhere, but not the right numbers one by one."
        return "axis", f"The gradient of {{where}} {what}"
    return ("clipping", "") if bounded(bad, "") else None


def _ratios(piece: Piece, bad: Bad, seen: Seen) -> dict[int, float] | None:
    """The constant ratios to the right gradient; of a block or of one number only if they follow a law."""
    ratios = {T: ratio(c) for T, c in bad.items()}
    if not all(ratios.values()):
        return None
    others = {T: 1.0 for T in seen if T not in ratios and not part_of(piece, seen[T]).silent}
    ratios = {T: float(f"{k:.6g}") for T, k in sorted({**ratios, **others}.items())}
    numbers = [c.mine.size for c in bad.values()]
    whole = not piece.part and numbers[0] > 1 and sum(numbers) > 2
    return ratios if whole or (len(bad) > 1 and _law(ratios)) else None


def _equals(c: Comparison, expected: np.ndarray) -> bool:
    """Whether the gradient is this, as far as that is known, and the right one is not."""
    if expected.shape != c.mine.shape:
        return False
    known = ~np.isnan(expected) & c.tried
    return known.any() and same(c.mine[known], expected[known]) and not same(c.right[known], expected[known])


def _without_penalty(c: Comparison, weights: np.ndarray) -> np.ndarray:
    by = np.nansum((c.right - c.mine) * weights) / max(np.sum(weights[c.tried] ** 2), 1e-300)
    return c.right - by * weights if by > 0 and weights.size > 2 else c.right


def _summed(right: np.ndarray, axis: int) -> np.ndarray:
    return right.sum(axis, keepdims=True) + 0 * right if right.ndim == 2 and min(right.shape) > 1 else right


def _has_the_right_sum(bad: Bad) -> bool:
    """Whether it is a vector with the right sum, or with it everywhere."""
    mine = next(iter(bad.values())).mine
    sums = [(c.mine.sum(), c.right.sum(), np.abs(c.right).sum()) for c in bad.values() if c.tried.all()]
    told = any(abs(b) > 1e-4 * by for _, b, by in sums)  # the errors of a softmax sum to 0, however they are added
    alike = all(min(abs(a - b), abs(a / mine.size - b)) <= _SAME * by for a, b, by in sums)
    return told and alike and 1 < mine.size == max(mine.shape)


def relations(
    seen: Seen, models: dict[int, Model], wrong: list[str], layout: Layout
) -> tuple[list[ModelFinding], set[str]]:
    """Arrays whose error is explained by a relation that holds at every length where they are wrong."""
    said, copied = _copies(seen, layout, wrong)
    laws: dict[tuple, list[Piece]] = {}
    explained = set(copied)
    for name in [name for name in wrong if name not in copied]:
        at = {T: each for T, each in seen.items() if each[name].wrong}
        for pieces in layout.of(name):
            bad = {
                piece: {T: part_of(piece, each) for T, each in at.items() if is_off(piece, each)} for piece in pieces
            }
            related = {piece: _relation(piece, off, seen, models, layout) for piece, off in bad.items() if off}
            if related and all(related.values()):
                explained.add(name)
                for piece, law in related.items():
                    laws.setdefault((*law, bool(piece.part)), []).append(piece)
                break
    found: list[ModelFinding] = []
    for (family, said_of_it, _), pieces in laws.items():
        where, each = layout.told(pieces), {T: part_of(pieces[0], seen[T]) for T in seen}
        if family == "scale":
            found.append(factor(where, dict(said_of_it), each))
        elif family == "clipping":
            found += bounded(each, f"the gradient of {where}")
        else:
            found.append(finding(family, said_of_it.replace("{where}", where)))
    # One finding for each family, in the order of `FAMILIES`, those about size alone last.
    merged = []
    for family in sorted({one.family for one in found}, key=lambda name: (name == "scale", [*FAMILIES].index(name))):
        alike = [one for one in found if one.family == family]
        texts = [one.place for one in alike], [one.evidence for one in alike]
        merged.append(finding(family, *(" ".join(dict.fromkeys(filter(None, each))) for each in texts)))
    copies = [finding("gate rows", " ".join(said))] if said else []
    return (copies + merged if copied else merged + copies), explained


def _copies(seen: Seen, layout: Layout, wrong: list[str]) -> tuple[list[str], set[str]]:
    """Sentences on gradients that are the same as each other and should not be, and the arrays that they explain."""
    said, explained = [], set()
    pairs = [*itertools.combinations(map(Piece, layout.shapes), 2)]
    pairs += [pair for name in layout.shapes for pair in itertools.combinations(layout.blocks(name), 2)]
    for pair in pairs:
        names = [piece.name for piece in pair]
        if set(names).isdisjoint(wrong) or not _is_copy(seen, *pair):
            continue
        words = [layout.told([piece]) for piece in pair]
        fine = [not any(is_off(piece, each) for each in seen.values()) for piece in pair]
        proof = f" That of {words[fine.index(True)]} is right." if any(fine) else ""
        if not proof and not pair[0].part:  # is the other one of a gate that is wrong as a whole?
            start = next(each for each in seen.values() if wrong_of(each, names))
            sisters = [[n for gate in layout.gates if name in gate for n in gate if n != name] for name in names]
            fine = [not others or bool(wrong_of(start, others)) for others in sisters]
            if fine.count(False) == 1:
                copy = fine.index(False)
                proof = f" {listing(sisters[copy])} are right, so that of {words[copy]} is the copy."
        same_numbers = f"Your gradients of {words[0]} and of {words[1]} are the same, number by number"
        said.append(f"{same_numbers}, and the right ones are not.{proof}")
        if proof and not pair[0].part:
            explained.add(names[fine.index(False)])
    return said, explained


def _is_copy(seen: Seen, piece: Piece, other: Piece) -> bool:
    """Whether the learner's two gradients are the same at every length, and the right ones are not."""
    pairs = [(part_of(piece, each), part_of(other, each)) for each in seen.values()]
    pairs = [(a, b) for a, b in pairs if a.mine.shape == b.mine.shape and a.mine.any()]
    for a, b in pairs:
        both = a.tried & b.tried
        apart = np.abs(a.mine - b.mine).max() > 1e-12 * np.abs(a.mine).max()
        if apart or not both.any() or same(a.right[both], b.right[both]):
            return False
    return bool(pairs) and bool(np.ptp(pairs[0][0].mine))
