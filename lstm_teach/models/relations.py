"""Relations between a gradient and the right one: a constant ratio, a block left out, the transpose, a copy.

Imports differences, families and layout.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Comparison, Model, Piece, Seen
from lstm_teach.models.families import FAMILIES, ModelFinding, finding
from lstm_teach.models.layout import Layout

_SAME = 1e-6  # norm-relative: two arrays are the same up to the error of the differences


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


def is_off(piece: Piece, each: dict[str, Comparison]) -> bool:
    """Whether a block is wrong, measured by the size of the whole array."""
    whole, part = each[piece.name], piece.of(each)
    size = max(np.linalg.norm(whole.right[whole.tried]), np.linalg.norm(whole.mine))
    return bool(np.linalg.norm((part.mine - part.right)[part.tried]) > 1e-8 * size + 4 * whole.blur)


def pooled(each: dict[str, Comparison], names: Iterable[str] | None = None) -> Comparison:
    """Several arrays, or all of them, as one."""
    parts = [each[name] for name in names or each]
    mine, right = (np.concatenate([getattr(c, side).ravel() for c in parts]) for side in ("mine", "right"))
    return Comparison(mine, right, 0.0)


def norms(each: dict[int, Comparison]) -> dict[int, float]:
    """The norm of the learner's gradient at each length."""
    return {T: float(np.linalg.norm(c.mine)) for T, c in each.items()}


# ------------------------------------------------------------------------------------------------ all arrays at once


def common_factor(seen: Seen) -> tuple[list[str], ModelFinding | None]:
    """The arrays that are off by one factor, and by nothing else, where no array is right: it belongs to all."""
    lengths = [T for T, each in seen.items() if any(c.wrong for c in each.values())]
    names = next(iter(seen.values()))
    ratios = {name: {T: ratio(seen[T][name]) for T in lengths if not seen[T][name].silent} for name in names}
    told = [name for name, at in ratios.items() if at and all(at.values())]
    rest = [name for name in names if name not in told and any(each[name].wrong for each in seen.values())]
    agreed = {T: [ratios[name][T] for name in told if T in ratios[name]] for T in lengths}
    if len(told) < (2 if rest else 1):
        return [], None
    if any(not ks or max(ks) - min(ks) > _SAME * abs(ks[0]) or abs(ks[0] - 1) <= _SAME for ks in agreed.values()):
        return [], None
    shared = {T: agreed[T][0] if T in agreed else 1.0 for T in seen}
    # the norm is that of all arrays, those with a further mistake as well: clipping is the last thing that is done
    at = norms({T: pooled(seen[T]) for T in lengths})
    return told, factor(
        listing(told) if rest else "", shared, at, "The norm of all arrays together" if rest else "Its norm"
    )


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


def factor(name: str, ratios: dict[int, float], norms: dict[int, float], norm: str = "Its norm") -> ModelFinding:
    """A finding for a constant ratio, with the law that it follows over the lengths."""
    of = f"The gradient of {name}" if name else "The whole gradient"
    values = {T: k for T, k in ratios.items() if abs(k - 1) > 1e-6}
    T, k = list(values.items())[-1]
    at = {T: norms[T] for T in values if T in norms}
    if len(at) > 1 and max(at.values()) - min(at.values()) <= 1e-9 * max(at.values()) and max(values.values()) < 1:
        place = f"{of} is {k:.4g} times the right one at T = {T}, in every entry."
        return finding("clipping", place, f"{norm} is {at[T]:.4g} at T = {listing(at)}: the norm is clipped.")
    if law := _law(ratios):
        power, constant = law
        if power == 0 and abs(constant + 1) < 1e-5:
            return finding("sign", f"{of} is the right one times -1 at T = {listing(ratios)}.")
        place = f"{of} is {constant if power == 0 else k:.4g} times the right one"
        if power == 0:
            return finding("scale", f"{place} everywhere, at T = {listing(ratios)}.", _number(constant))
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
        if max(constants) - min(constants) <= 1e-5 * abs(constants[-1]):
            return power, constants[-1]
    return None


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


# ------------------------------------------------------------------------------------------ one array, or one block


@dataclass(frozen=True)
class _Part:
    """A piece whose gradient is wrong, and what there is to compare it with at each length where it is."""

    piece: Piece
    bad: dict[int, Comparison]
    seen: Seen
    models: dict[int, Model]
    layout: Layout

    @property
    def shape(self) -> tuple[int, ...]:
        return next(iter(self.bad.values())).shape

    def equals(self, expected: Callable[[int, Comparison], np.ndarray]) -> bool:
        """Whether the gradient is what is expected, as far as that is known, at each length."""
        pairs = [(c.mine, expected(T, c)) for T, c in self.bad.items()]
        known = [~np.isnan(other) for _, other in pairs]
        alike = all(mine.shape == other.shape for mine, other in pairs)
        return alike and all(at.any() and same(m[at], o[at]) for (m, o), at in zip(pairs, known, strict=True))


# Each of these says whether a part has one relation to the right gradient, and if so in which words, or with which
# ratios; a false value if it has not.


def _left_out(part: _Part) -> str:
    zero = not any(c.mine.any() for c in part.bad.values())
    return "The gradient of {where} is zero at every length; the right one is not." if zero else ""


def _multiple(part: _Part) -> tuple | None:
    """The constant ratios to the right gradient; of a block or of one number only if they follow a law."""
    ratios = {T: ratio(c) for T, c in part.bad.items()}
    if not all(ratios.values()):
        return None
    others = {T: 1.0 for T in part.seen if T not in ratios and not part.piece.of(part.seen[T]).silent}
    ratios = {T: float(f"{k:.6g}") for T, k in sorted({**ratios, **others}.items())}
    lawful = len(part.bad) > 1 and _law(ratios)
    size = np.prod(part.shape)
    return tuple(ratios.items()) if lawful or (not part.piece.part and size > 1 and size * len(part.bad) > 2) else None


def _transpose(part: _Part) -> str:
    turned = len(part.shape) == 2 and max(part.shape) > 1 and part.equals(lambda T, c: c.right.T)
    return "The gradient of {where} is the transpose of the right one." if turned else ""


def _penalty(part: _Part) -> str:
    """What is missing is a multiple of the weights themselves."""
    for T, c in part.bad.items():
        missing, weights = (c.right - c.mine)[c.tried], part.models[T].params[part.piece.name][c.tried]
        by = np.vdot(missing, weights) / max(np.vdot(weights, weights), 1e-300)
        if by <= 0 or weights.size < 3 or not same(missing, by * weights):
            return ""
    return "What is missing in the gradient of {where} is a multiple of the weights: the penalty on large ones."


def _place(part: _Part) -> str:
    """It is the right gradient of another array, or of a block of one."""
    others = (other for other in part.layout.pieces() if other != part.piece)
    found = [other for other in others if part.equals(lambda T, c, other=other: other.of(part.seen[T]).right)]
    return f"Where the gradient of {{where}} belongs, there is that of {part.layout.told(found[:1])}." if found else ""


def _sum(part: _Part) -> str:
    """A vector with the right sum, or with it everywhere."""
    size = max(part.shape, default=1)
    sums = [(c.mine.sum(), c.right.sum(), np.abs(c.right).sum()) for c in part.bad.values() if c.tried.all()]
    told = any(abs(b) > 1e-4 * by for _, b, by in sums)  # the errors of a softmax sum to 0, however they are added
    if not told or not 1 < size == np.prod(part.shape):
        return ""
    if any(min(abs(a - b), abs(a / size - b)) > _SAME * by for a, b, by in sums):
        return ""
    return "The gradient of {where} has the right sum, or its average everywhere, but not the right numbers one by one."


def _lines(part: _Part) -> str:
    for axis, line in enumerate(("row", "column")) if len(part.shape) == 2 and min(part.shape) > 1 else ():
        if part.equals(lambda T, c, axis=axis: 0 * c.mine + c.right.sum(axis, keepdims=True)):
            return f"Every {line} of the gradient of {{where}} holds the sum of all {line}s of the right one."
    return ""


def _clipped(part: _Part) -> bool:
    return bool(bounded(part.bad, ""))


_RELATIONS = (  # in this order: the family, the relation, whether a block can have it
    ("left out", _left_out, True),
    ("scale", _multiple, True),
    ("transpose", _transpose, True),
    ("left out", _penalty, False),
    ("gate rows", _place, True),
    ("axis", _sum, False),
    ("axis", _lines, False),
    ("clipping", _clipped, False),
)


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
            bad = {piece: {T: piece.of(each) for T, each in at.items() if is_off(piece, each)} for piece in pieces}
            parts = [_Part(piece, found, seen, models, layout) for piece, found in bad.items() if found]
            related = [_relation(part) for part in parts]
            if all(related):
                for law, part in zip(related, parts, strict=True):
                    laws.setdefault((*law, bool(part.piece.part)), []).append(part.piece)
                explained |= {name} if related else set()
                break
    found: list[ModelFinding] = []
    for (family, said_of_it, _), pieces in laws.items():
        where, each = layout.told(pieces), {T: pieces[0].of(seen[T]) for T in seen}
        if family == "scale":
            found.append(factor(where, dict(said_of_it), norms(each)))
        elif family == "clipping":
            found += bounded(each, f"the gradient of {where}")
        else:
            found.append(finding(family, said_of_it.replace("{where}", where)))
    copies = [finding("gate rows", " ".join(said))] if said else []
    found = _merged(found)
    return (copies + found if copied else found + copies), explained


def _relation(part: _Part) -> tuple[str, str | tuple | bool] | None:
    """The first of `_RELATIONS` that holds: its family, and what it says."""
    tries = ((family, relation(part)) for family, relation, of_blocks in _RELATIONS if of_blocks or not part.piece.part)
    return next((tried for tried in tries if tried[1]), None)


def _merged(found: list[ModelFinding]) -> list[ModelFinding]:
    """One finding for each family, in the order of `FAMILIES`, those about size alone last."""
    merged = []
    for family in sorted({one.family for one in found}, key=lambda name: (name == "scale", [*FAMILIES].index(name))):
        alike = [one for one in found if one.family == family]
        said = ([one.place for one in alike], [one.evidence for one in alike])
        merged.append(finding(family, *(" ".join(dict.fromkeys(filter(None, texts))) for texts in said)))
    return merged


def _copies(seen: Seen, layout: Layout, wrong: list[str]) -> tuple[list[str], set[str]]:
    """Sentences on gradients that are the same as each other and should not be, and the arrays that they explain."""
    said, explained = [], set()
    for pair in itertools.combinations(layout.pieces(), 2):
        names = [piece.name for piece in pair]
        blocks = [bool(piece.part) for piece in pair]
        comparable = names[0] == names[1] if all(blocks) else not any(blocks)
        if not comparable or set(names).isdisjoint(wrong) or not _is_copy(seen, *pair):
            continue
        words = [piece.told(layout.shapes[piece.name]) for piece in pair]
        off = [any(is_off(piece, each) for each in seen.values()) for piece in pair]
        one = f" That of {words[off.index(False)]} is right." if False in off else ""
        if not one and not any(blocks):  # is the other one of a gate that is wrong as a whole?
            start = next(each for each in seen.values() if any(each[name].wrong for name in names))
            sisters = [[n for n in gate if n != name] for name in names for gate in layout.gates if name in gate]
            lone = [bool(others) and not any(start[n].wrong for n in others) for others in sisters]
            if sum(lone) == 1:
                off, at = lone, lone.index(True)
                one = f" {listing(sisters[at])} are right, so that of {words[at]} is the copy."
        said.append(
            f"Your gradients of {words[0]} and of {words[1]} are the same, number by number, and the right ones are "
            f"not.{one}"
        )
        if one and not any(blocks):
            explained.add(names[off.index(True)])
    return said, explained


def _is_copy(seen: Seen, piece: Piece, other: Piece) -> bool:
    """Whether the learner's two gradients are the same at every length, and the right ones are not."""
    pairs = [(piece.of(each), other.of(each)) for each in seen.values()]
    pairs = [(a, b) for a, b in pairs if a.shape == b.shape and a.mine.any()]
    for a, b in pairs:
        both = a.tried & b.tried
        apart = np.abs(a.mine - b.mine).max() > 1e-12 * np.abs(a.mine).max()
        if apart or not both.any() or same(a.right[both], b.right[both]):
            return False
    return bool(pairs) and bool(np.ptp(pairs[0][0].mine))
