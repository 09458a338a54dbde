"""From the errors of a gradient to the kinds of mistake that make such errors, the surest first.

Two sources: relations between the gradient and the right one (a constant ratio, a block left out, the transpose), and
experiments (with which weights set to zero, made symmetric or scaled does the error go away?). Imports
differences and factors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lstm_teach import guard
from lstm_teach.doctor.differences import (
    RIGHT,
    Arrays,
    Comparison,
    Model,
    Piece,
    Seen,
    Unusable,
    changed,
    copies,
    departures,
    gradient,
    listed,
    reference,
)
from lstm_teach.doctor.factors import Shared, basis, inside, rank

_SAME = 1e-6  # norm-relative: two arrays are the same up to the error of the differences

# family: what kind of mistake it is, and what to try next
FAMILIES = {
    "precision": (
        "A part of the computation is in single precision (float32).",
        "Rounding alone then looks like a mistake. Make every array float64 for the check, the state and the loss too.",
    ),
    "input changed": (
        "The weights are not the same after a call as before it, so the check compares two different nets.",
        "Update a copy, and look for += or *= on an array of params, or on a view of one.",
    ),
    "state": (
        "Something is kept from one call to the next.",
        "Start the hidden state, the cell and the gradients from the same values at every call; keep none of them.",
    ),
    "random": (
        "The loss draws random numbers, so every call sees another net.",
        "Draw the dropout mask once for each case(T), or seed the generator at the start of loss and of gradient.",
    ),
    "small weights": (
        "The weights are so small that a wrong gradient can't be told from a right one there.",
        "Check with weights of order 0.5 to 1. The mistakes that show there are the next findings.",
    ),
    "scale": (
        "The direction is right and the size is not: a constant factor.",
        "Compare how loss and gradient are averaged: both over the steps, the batch and the features, or neither.",
    ),
    "sign": (
        "The direction is reversed: a sign.",
        "Look for target minus output where output minus target is meant.",
    ),
    "clipping": (
        "The gradient is right while it is small and is cut where it is large: clipping.",
        "Clip after the check, before the update. If nothing is clipped, look at what else switches: a mask, a max.",
    ),
    "truncation": (
        "The walk back is cut off after some steps.",
        "Let the loop go back to the first step. A truncated gradient is not the gradient of this loss.",
    ),
    "carry": (
        "What one step hands to the step before it is missing or wrong.",
        "Look at the last lines of the loop, where the deltas for the next round are made, and at where they are used.",
    ),
    "accumulation": (
        "What is handed from step to step is added to the old value where it must replace it.",
        "Look for += on a delta that is carried, or for one that is never set back.",
    ),
    "transpose": (
        "A matrix is used as it is where its transpose is meant, or the other way round.",
        "Going back through z = W h takes W.T times the delta; the gradient of W is the outer product of delta and h.",
    ),
    "gate rows": (
        "Right numbers at the wrong place: the gradient of one gate or array stands where that of another belongs.",
        "Compare the order of the gates in the forward pass with the order in which the gradients are put together.",
    ),
    "left out": (
        "A part of the gradient is never filled in.",
        "Look for a delta that is not used, a slice that is not assigned, or a way between layers that is left out. An "
        "array that is used in two places gets the sum of both.",
    ),
    "axis": (
        "The sum is right and its distribution is not: summed over the wrong axis.",
        "A bias gets the sum over batch and steps, one number for each unit.",
    ),
    "summing": (
        "The deltas are right; the mistake is in how they are added up into this gradient.",
        "Look for = in place of += in the line of this gradient: over the steps, for a row that comes again, for an "
        "array that is used twice. Then for the step whose input or state is used in it.",
    ),
    "product": (
        "The delta is right; what it is multiplied with in the line of this gradient is not.",
        "Look for h[t] in place of h[t-1], or for the input of another step or layer.",
    ),
    "gate": (
        "The delta of one gate is wrong, and nothing before it on the way back.",
        "Look at the lines of this gate: the slope of its activation, and what it is multiplied with going forward.",
    ),
    "steps": (
        "What the loss, or the layer above, sends to a step is not what this step gets.",
        "Look for an order that is not reversed, an index that is off by one, a loss that is read at some steps only, "
        "a factor that changes from step to step.",
    ),
    "formula": (
        "A mistake within one step, on the way from the loss to these arrays.",
        "Check at T = 1, where nothing is carried, and go back from the loss line by line.",
    ),
    "not compared": (
        "Numbers are wrong among those that were not compared one by one, since the array is large.",
        "Check again with a smaller model: fewer words, fewer units.",
    ),
    "forward": (
        "The gradient is that of another forward pass.",
        "Compare the forward pass within the gradient with that of the loss: initial state, inputs, weights, mask.",
    ),
    "loss": (
        "The mistake is where all get their delta from: the derivative of the loss.",
        "Compare the loss with the delta of the output: same targets, same steps, same mask, same average.",
    ),
}


@dataclass(frozen=True)
class ModelFinding:
    """One thing that is wrong with a model's gradient or with its check.

    family     one of `FAMILIES`, or "raises" and "unusable" for a call that gave nothing to compare
    idea       the first level: what kind of mistake to look for
    place      which arrays and rows, from which T on
    evidence   how one can see it
    advice     what to try next
    """

    family: str
    idea: str
    place: str = ""
    evidence: str = ""
    advice: str = ""

    def __str__(self) -> str:
        return " ".join(text for text in (self.idea, self.place, self.evidence, self.advice) if text)


def finding(family: str, place: str, evidence: str = "") -> ModelFinding:
    """A finding of a known family."""
    idea, advice = FAMILIES[family]
    return ModelFinding(family, idea, place, evidence, advice)


def explain(
    seen: Seen, models: dict[int, Model], take: Callable[[int], Model], compare: Callable[..., dict[str, Comparison]]
) -> tuple[list[ModelFinding], list[str]]:
    """Findings, the surest first, and notes, for a gradient that is wrong at some length.

    `take(T)` makes the model of another length and `compare(model)` holds its gradient against differences.
    """
    names = list(next(iter(seen.values())))
    errors = {name: {T: each[name].error for T, each in seen.items()} for name in names}
    wrong = [name for name in names if max(errors[name].values()) > RIGHT]
    right = [name for name in names if name not in wrong]
    notes = [f"Right at every length tried, so ruled out: {listed(right)}."] if right else []
    unseen = [
        name for name in wrong if all(c.elsewhere or c.error <= RIGHT for c in (each[name] for each in seen.values()))
    ]
    apart = [finding("not compared", f"{listed(unseen)}: random directions in it disagree.")] if unseen else []
    wrong = [name for name in wrong if name not in unseen]
    if not wrong:
        return apart, notes
    worst = max(errors[name][T] for name in wrong for T in seen)
    if worst < 1e-5:
        where = f"The largest error is {worst:.0e}, in {max(wrong, key=lambda n: max(errors[n].values()))}."
        return [finding("precision", where, "A mistake in a formula leaves more, double precision less.")], notes

    found = [] if unseen else _whole(seen)
    if found:
        return found, notes
    found, explained = _relations(seen, models, wrong)
    rest = [name for name in wrong if name not in explained]
    if rest:
        shared = len(explained) > 1 and any(one.family == "scale" for one in found)
        others = _experiments(seen, models, take, compare, rest)
        found = found + others if shared else others + found  # what is wrong with a delta before what is with a sum
    return found + apart, notes


# Relations between the gradient and the right one.


def _ratio(c: Comparison) -> float | None:
    """The constant k with mine = k * right, None if there is none."""
    mine, right = c.mine[c.tried], c.right[c.tried]
    if not right.any() or not mine.any():
        return None
    k = float(np.vdot(mine, right) / np.vdot(right, right))
    return k if k and _same(mine, k * right) else None


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.linalg.norm(a - b) <= _SAME * max(np.linalg.norm(a), np.linalg.norm(b)))


def _pooled(each: dict[str, Comparison]) -> Comparison:
    mine, right = (np.concatenate([getattr(c, side).ravel() for c in each.values()]) for side in ("mine", "right"))
    return Comparison(mine, right, 0.0)


def _whole(seen: Seen) -> list[ModelFinding]:
    """One factor for the whole gradient, or one bound on all its numbers."""
    pooled = {T: _pooled(each) for T, each in seen.items()}
    ratios = {T: _ratio(c) for T, c in pooled.items()}
    if all(ratios.values()):
        norms = {T: float(np.linalg.norm(c.mine)) for T, c in pooled.items()}
        return [_factor("", ratios, norms)]
    return _bounded(pooled, "the gradient")


def _bounded(each: dict[int, Comparison], what: str) -> list[ModelFinding]:
    """mine = clip(right, -bound, bound), with one bound for all lengths."""
    wrong = {T: c for T, c in each.items() if c.error > RIGHT}
    bounds = {T: float(np.abs(c.mine).max()) for T, c in wrong.items()}
    bound = next(iter(bounds.values()))
    for T, c in wrong.items():
        mine, right = c.mine[c.tried], c.right[c.tried]
        if not bound or abs(bounds[T] - bound) > 1e-9 * bound or not _same(mine, np.clip(right, -bound, bound)):
            return []
    count = sum(int((np.abs(c.right[c.tried]) > bound).sum()) for c in wrong.values())
    if count < 2:
        return []
    place = f"No number of {what} is larger than {bound:.4g}."
    return [finding("clipping", place, f"In {count} places the right one is larger, and there it is exactly that.")]


def _factor(name: str, ratios: dict[int, float], norms: dict[int, float]) -> ModelFinding:
    """A finding for a constant ratio, with the law that it follows over the lengths."""
    of = f"The gradient of {name}" if name else "The whole gradient"
    values = {T: k for T, k in ratios.items() if abs(k - 1) > 1e-6}
    T, k = list(values.items())[-1]
    place = f"{of} is {k:.4g} times the right one at T = {T}, in every entry."
    at = {T: norms[T] for T in values}
    if len(at) > 1 and max(at.values()) - min(at.values()) <= 1e-9 * max(at.values()) and max(values.values()) < 1:
        return finding("clipping", place, f"Its norm is {at[T]:.4g} at {_lengths(at)}: the norm is clipped.")
    law = _law(ratios)
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


def _relations(seen: Seen, models: dict[int, Model], wrong: list[str]) -> tuple[list[ModelFinding], set[str]]:
    """Arrays whose error is explained by a relation that holds at every length where they are wrong."""
    found: list[ModelFinding] = []
    laws: dict[tuple, list[Piece]] = {}
    explained: set[str] = set()
    for name in wrong:
        lengths = [T for T, each in seen.items() if each[name].error > RIGHT]
        for pieces in _layouts(next(iter(seen.values())), name):
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
            found.append(_factor(where, dict(detail), {T: float(np.linalg.norm(c.mine)) for T, c in each.items()}))
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


def _layouts(arrays: Mapping[str, Any], name: str) -> Iterator[list[Piece]]:
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
        bad = {T: c for T, c in parts.items() if _off(c, seen[T][piece.name])}
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


def _off(part: Comparison, whole: Comparison) -> bool:
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
    ratios = {T: _ratio(c) for T, c in bad.items()}
    if all(ratios.values()):
        at_one = {T: 1.0 for T in seen if T not in bad}
        ratios = {T: float(f"{k:.6g}") for T, k in sorted({**ratios, **at_one}.items())}
        size = next(iter(parts)).mine.size  # of one number any error is a ratio, so it has to follow a law
        if (size > 1 and size * len(bad) > 2 and (piece.count == 1 or (len(bad) > 1 and _law(ratios)))) or (
            size == 1 and len(bad) > 1 and _law(ratios)
        ):
            return "scale", tuple(ratios.items())
    shape = next(iter(parts)).shape
    if len(shape) == 2 and shape[0] == shape[1] > 1 and _all_same(parts, lambda c: c.mine.T, lambda c: c.right):
        return "transpose", None
    if piece.count == 1 and _penalty(models, piece.name, bad):
        return "penalty", None
    for other in _others(seen, piece, shape):
        if all(_same(c.mine[r.tried], r.right[r.tried]) for T, c in bad.items() for r in [_part(seen[T], other)]):
            return "gate rows", other.told(seen[next(iter(bad))][other.name].shape)
    size = max(shape, default=1)
    if piece.count == 1 and 1 < size == np.prod(shape):
        sums = [(c.mine.sum(), c.right.sum(), np.abs(c.right).sum()) for c in parts if c.tried.all()]
        told = any(abs(b) > 1e-4 * by for _, b, by in sums)  # the errors of a softmax sum to 0, however they are added
        if told and all(abs(a - b) <= _SAME * by or abs(a / size - b) <= _SAME * by for a, b, by in sums):
            return "axis", None
    for axis in (0, 1) if piece.count == 1 and len(shape) == 2 and min(shape) > 1 else ():
        sums = [(c.mine, np.broadcast_to(c.right.sum(axis, keepdims=True), shape)) for c in parts if c.tried.all()]
        if sums and all(_same(mine, right) for mine, right in sums):
            return "axis", axis
    if piece.count == 1 and _bounded(bad, ""):
        return "clipping", None
    return None


def _penalty(models: dict[int, Model], name: str, bad: dict[int, Comparison]) -> bool:
    """Whether what is missing is a multiple of the weights themselves."""
    for T, c in bad.items():
        missing, weights = (c.right - c.mine)[c.tried], models[T].params[name][c.tried]
        by = np.vdot(missing, weights) / max(np.vdot(weights, weights), 1e-300)
        if by <= 0 or weights.size < 3 or not _same(missing, by * weights):
            return False
    return True


def _all_same(parts: Iterable[Comparison], one: Callable, other: Callable) -> bool:
    for c in parts:
        a, b = one(c), other(c)
        if not _same(a[c.tried], b[c.tried]):
            return False
    return True


def _others(seen: Seen, piece: Piece, shape: tuple[int, ...]) -> Iterator[Piece]:
    """Other arrays, or blocks of arrays, of the same shape."""
    for name in next(iter(seen.values())):
        for pieces in _layouts(next(iter(seen.values())), name):
            for other in pieces:
                first = next(iter(seen.values()))
                if other != piece and first[name].mine[other.where(first[name].shape)].shape == shape:
                    yield other


# Experiments: with which change of the weights does the error go away?


def _experiments(
    seen: Seen,
    models: dict[int, Model],
    take: Callable[[int], Model],
    compare: Callable[..., dict[str, Comparison]],
    rest: list[str],
) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common."""
    lengths = list(seen)
    first = next(T for T in lengths if any(seen[T][name].error > RIGHT for name in rest))
    before = lengths[lengths.index(first) - 1] if first != lengths[0] else None
    if before is not None and first > before + 1:
        first, before = _bisect(models, take, rest, before, first)
        seen = dict(sorted({**seen, first: compare(models[first])}.items()))
    for T, each in seen.items():
        if max(first, 2) >= T and (before or 1) == 1 and not all(c.tried.all() for c in each.values()):
            seen = {**seen, T: compare(models[T], effort=6.0)}
    each = seen[first]
    model = models[first]
    bad = _wrong(each, rest)
    lab = _Lab(model, bad)
    shared = Shared(seen, each, lab.outputs)
    blocks = _wrong_blocks(each, bad, shared.axis)
    place = _place(each, sorted(bad, key=lambda name: name not in blocks), blocks, first, before)
    right = [name for name in each if name not in bad and model.params[name].ndim > 1]
    found = _switch(lab, place, right) or _transposed(lab, place)
    if found:
        return found
    if before is None:
        later = next((_wrong(seen[T], rest) for T in lengths[lengths.index(first) + 1 :]), bad)
        return (
            _handed_to_the_start(lab, each, later, place)
            or _misplaced(lab, each, bad)
            or _several_products(lab, each, place)
            or _silent_at_first(seen, bad, shared, place)
            or _right_somewhere(lab, place)
            or _within_a_step(lab, each, bad, blocks, place, shared)
        )
    right = [name for name in each if all(c[name].error <= RIGHT for c in seen.values())]
    alone = shared.proof(bad, [name for name in right if first < max(seen) or name not in shared.silent])
    if alone:
        return [finding("summing", place, alone)]
    if before > 1:
        return [_over_many_steps(lab, take, compare, rest, place, before)]
    found = [] if len(bad) == 1 < len(each) - 1 else _cured(lab, place)
    if found:
        return found
    alone = shared.guess(bad, set() if len(bad) == 1 and first < max(seen) else shared.silent)
    if alone:
        others = _own_delta(seen, lab, each, place, blocks, shared)
        return [finding("summing", place, alone), *(one for one in others if one.family != "summing")]
    return _own_delta(seen, lab, each, place, blocks, shared)


def _wrong(each: dict[str, Comparison], names: Iterable[str]) -> list[str]:
    return [name for name in names if each[name].error > RIGHT]


def _handed_to_the_start(lab: _Lab, each: dict[str, Comparison], later: list[str], place: str) -> list[ModelFinding]:
    """At T = 1 vectors alone are wrong, with more steps the rest too: they are the initial state."""
    bad = [piece.name for piece in lab.pieces]
    vectors = all(each[name].mine.size == max(each[name].shape, default=1) for name in bad)
    if not vectors or len(bad) > 2 or len(later) <= len(bad):
        return []
    what = f"{listed(bad)} gets what the first step hands back; with more steps {listed(later)} are wrong."
    found = _cured(lab, place)
    return [finding("carry", place, f"{what} {found[0].evidence}" if found else what)]


def _misplaced(lab: _Lab, each: dict[str, Comparison], bad: list[str]) -> list[ModelFinding]:
    """Deltas in the wrong place: with one step the gradients that they make are right ones, elsewhere."""
    found, explained = _relations({1: each}, {1: lab.model}, bad)
    deltas = any(each[name].mine.ndim > 1 for name in explained)
    return [one for one in found if one.family == "gate rows"] if deltas else []


def _cured(lab: _Lab, place: str) -> list[ModelFinding]:
    cure = _cure(lab)
    if not cure:
        return []
    told = lab.told(cure)
    what = f"With {told} set to zero all is right: the mistake is on the way back through {told}."
    return [finding("carry", place, what)]


class _Lab:
    """A model and the arrays whose gradient is wrong, to be tried at other weights."""

    def __init__(self, model: Model, bad: list[str]):
        self.model, self.pieces = model, [Piece(name) for name in bad]
        self.names = list(model.params)

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
            params = changed(params, piece.name, change, piece.where(params[piece.name].shape))
        return params

    def told(self, pieces: list[Piece]) -> str:
        """These pieces in words."""
        return listed(piece.told(self.model.params[piece.name].shape) for piece in pieces)

    def cuts(self) -> Iterator[list[Piece]]:
        """Arrays through which a delta may go back: matrices before vectors, one alone before all of one shape."""
        bad = [piece.name for piece in self.pieces]
        shapes: dict[tuple, list[Piece]] = {}
        for name in sorted(self.names, key=lambda n: (self.model.params[n].ndim < 2, n not in bad)):
            if name in self.outputs:
                continue  # without them there are no deltas at all
            shapes.setdefault(self.model.params[name].shape, []).append(Piece(name))
            yield [Piece(name)]
        yield from (pieces for pieces in shapes.values() if len(pieces) > 1)
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

    def _is_output(self, name: str) -> bool:
        """Whether nothing but this array and a bias beside it gets a delta once it is zero."""
        others = [n for n in self.names if n != name and self.model.params[n].ndim > 1]
        if self.model.params[name].size < 2 or not others:
            return False
        try:
            _, size, blur = departures(
                self.model, self.with_zeros([Piece(name)]), [[Piece(name)], *([Piece(n)] for n in others)]
            )
        except (guard.LearnerError, Unusable):
            return False
        return bool(size[0] > 1e-3 and (size[1:] <= 1e-6 + blur).all())


def _bisect(
    models: dict[int, Model], take: Callable[[int], Model], rest: list[str], low: int, high: int
) -> tuple[int, int]:
    """The first length that is wrong, and the one before it."""
    while high > low + 1:
        middle = (low + high) // 2
        models[middle] = take(middle)
        off = _Lab(models[middle], rest).off(models[middle].params)
        if off is not None and off > 1e-7:
            high = middle
        else:
            low = middle
    return high, low


def _wrong_blocks(
    each: dict[str, Comparison], bad: list[str], deltas: dict[str, int]
) -> dict[str, tuple[list[Piece], list[Piece]]]:
    """Of the arrays that are wrong in whole blocks only, the blocks that are wrong and those that are right."""
    found = {}
    for name in bad:
        whole = each[name]
        for pieces in _layouts(each, name):
            axis = pieces[0].axis
            if pieces[0].count == 1 or axis != deltas.get(name, axis):
                continue
            lines = [whole.part((*[slice(None)] * axis, k)) for k in range(whole.shape[axis])]
            off = np.array([_off(line, whole) for line in lines])
            silent = np.array([np.abs(line.right[line.tried]).max(initial=0) <= whole.blur for line in lines])
            split = [(piece, off[where], silent[where]) for piece in pieces for where in [_span(piece, len(lines))]]
            wrong = [piece for piece, o, _ in split if o.any()]
            right = [piece for piece, o, s in split if not o.any() and not s.all()]
            if wrong and right and all((o | s).all() or not o.any() for _, o, s in split):
                found[name] = wrong, right
                break
    return found


def _span(piece: Piece, length: int) -> slice:
    size = length // piece.count
    return slice(piece.block * size, (piece.block + 1) * size)


def _place(
    each: dict[str, Comparison],
    bad: list[str],
    blocks: dict[str, tuple[list[Piece], list[Piece]]],
    first: int,
    before: int | None,
) -> str:
    where = []
    for name in bad:
        pieces = blocks[name][0] if name in blocks else [Piece(name)]
        where += [piece.told(each[name].shape) for piece in pieces]
    start = (
        f"Wrong at T = {first} already" if before is None else f"Right up to T = {before}, wrong from T = {first} on"
    )
    return f"{start}: {listed(where)}."


def _switch(lab: _Lab, place: str, others: Iterable[str]) -> list[ModelFinding]:
    """Does the error vanish at once, not by and by, when the deltas are made smaller by way of another array?"""
    start = lab.off(lab.model.params)
    for name in others:
        last = start
        for scale in (0.5, 0.2, 0.1, 0.03, 0.01, 0.003):
            off = lab.off(changed(lab.model.params, name, functools.partial(np.multiply, scale)))
            if off is None or last is None:
                break
            if off < 1e-6 and last > 1e4 * off and last > 1e-4:
                what = f"With {name} scaled by {scale:g}, so that the deltas are smaller, all is exactly right."
                return [finding("clipping", place, what)]
            last = off
    return []


def _right_somewhere(lab: _Lab, place: str) -> list[ModelFinding]:
    """Is it right at one of several random choices of the weights, and wrong at others? No smooth formula is."""
    rng = np.random.default_rng(0)
    offs = []
    for _ in range(12):
        params = copies(lab.model.params)
        for name in lab.names:
            params[name][...] = rng.normal(size=params[name].shape) / np.sqrt(min(params[name].shape, default=1))
        offs.append(lab.off(params))
    told = [off for off in offs if off is not None]
    count = sum(off < 1e-8 for off in told)
    if not 0 < count < len(told):
        return []
    return [finding("clipping", place, f"At {count} of {len(told)} random choices of the weights it is exactly right.")]


def _transposed(lab: _Lab, place: str) -> list[ModelFinding]:
    """Does the error vanish when a square matrix, or the square blocks of one, are symmetric?"""
    squares: list[Piece] = []
    for name in lab.names:
        shape = lab.model.params[name].shape
        if not _recurrent(shape) or min(shape) < 2:
            continue
        count = max(shape) // min(shape)
        squares += [Piece(name, int(shape[1] > shape[0]), k, count) for k in range(count)]
    if not squares or not lab.cures(lab.with_symmetry(squares)):
        return []
    needed = lab.least(lab.with_symmetry, squares)
    told = listed(dict.fromkeys(_told_together(lab, needed)))
    return [finding("transpose", place, f"With {told} made symmetric, so equal to the transpose, all is right.")]


def _told_together(lab: _Lab, pieces: list[Piece]) -> Iterator[str]:
    """The pieces in words, an array by its name where all its blocks are among them."""
    for piece in pieces:
        every = sum(other.name == piece.name for other in pieces) == piece.count
        yield piece.name if every else lab.told([piece])


def _cure(lab: _Lab) -> list[Piece]:
    """The smallest matrix or block that, set to zero, makes all right; empty if there is none."""
    for pieces in lab.cuts():
        if not lab.cures(lab.with_zeros(pieces)):
            continue
        if len(pieces) > 1:
            return lab.least(lab.with_zeros, pieces)
        blocks = (block for whole in _layouts(lab.model.params, pieces[0].name) for block in whole if block.count > 1)
        return next(([block] for block in blocks if lab.cures(lab.with_zeros([block]))), pieces)
    return []


def _over_many_steps(
    lab: _Lab,
    take: Callable[[int], Model],
    compare: Callable[..., dict[str, Comparison]],
    rest: list[str],
    place: str,
    before: int,
) -> ModelFinding:
    """Right for two steps or more: the walk is cut off, or something piles up, which shows from the third step on."""
    if before == 2:
        length = 20
        last = compare(take(length))
        mine, right = (
            np.concatenate([getattr(last[name], side)[last[name].tried] for name in rest]) for side in ("mine", "right")
        )
        # What is cut off is missing, and has little to do with what is left; what piles up makes most of the sum.
        alike = np.vdot(mine - right, mine) / (np.linalg.norm(mine - right) * np.linalg.norm(mine))
        if alike > 0.4:
            what = f"At T = {length} most of the gradient of {listed(rest)} is what is too much (cosine {alike:.2f})."
            return finding("accumulation", place, what)
    return finding("truncation", place, f"It is as if the walk ended after {before} steps.")


def _several_products(lab: _Lab, each: dict[str, Comparison], place: str) -> list[ModelFinding]:
    """A matrix whose right gradient is a sum of more products than the learner's: one of its places is forgotten."""
    name = lab.pieces[0].name
    c = each[name]
    if len(lab.pieces) > 1 or lab.model.steps > 1 or c.mine.ndim != 2 or not c.tried.all() or not c.mine.any():
        return []
    away = np.where(np.abs(c.mine - c.right) > 4 * c.blur, c.mine - c.right, 0)
    mine, right, off = rank(c.mine), rank(c.right), rank(away)
    lines = {axis: np.flatnonzero(away.any(axis=1 - axis)) for axis in (0, 1)}  # the rows and the columns that are off
    axis = next((axis for axis in lines if len(lines[axis]) == 1), None)
    where = "" if axis is None else f"{('row', 'column')[axis]} {lines[axis][0]}"
    if right < min(c.shape) and 0 < mine < right == mine + off:
        what = (
            f"At T = 1 the right gradient of {name} is a sum of {right} products of a delta and an input, yours of "
            f"{mine}; the rest is missing."
        )
        return [finding("left out", place, what + (f" All of it belongs into {where}." if where else ""))]
    if axis is not None:
        others = basis(np.delete(c.mine, lines[axis], axis), 1 - axis)
        lost, put = (basis(np.take(matrix, lines[axis], axis), 1 - axis) for matrix in (away, c.mine))
        if 0 < others.shape[1] < len(others) and inside(lost, others) and not inside(put, others):
            what = f"Only {where} is wrong: it lacks the product that all others have, as if another had replaced it."
            return [finding("summing", place, what)]
    return []


def _silent_at_first(seen: Seen, bad: list[str], shared: Shared, place: str) -> list[ModelFinding]:
    """Nothing at all arrives with one step, and something does with more."""
    (T, each), *later = seen.items()
    if (
        shared.silent
        or any(each[name].mine.any() for name in bad)
        or not all(c[name].mine.any() for _, c in later for name in bad)
    ):
        return []
    what = f"At T = {T} the gradient of {listed(bad)} is zero, with more steps it is not: the last step gets nothing."
    return [finding("steps", place, what)] if later else []


def _loss_itself(lab: _Lab) -> list[str]:
    """The output weights whose gradient is wrong where they are zero, so that nothing goes back beyond them."""
    bad = [piece for piece in lab.pieces if piece.name in lab.outputs]
    return [piece.name for piece in bad if _still_wrong(lab, lab.with_zeros([piece]), [piece])]


def _wrong_steps(seen: Seen, lab: _Lab, recurrent: list[list[Piece]], place: str) -> list[ModelFinding]:
    """With two steps and a batch of one: which of the two has a wrong delta? The last is handed nothing."""
    if lab.model.steps != 2 or not {1, 2} <= set(seen):
        return []
    one, two = seen[1], seen[2]
    matrices = [n for n in lab.names if one[n].mine.ndim == 2 and one[n].tried.all() and min(one[n].shape) > 1]
    bad = [piece.name for piece in lab.pieces if piece.name in matrices and one[piece.name].right.any()]
    told = [n for n in bad if one[n].right.any(axis=1).all() or one[n].right.any(axis=0).all()]  # no gate is silent
    single = [n for n in bad if n not in lab.outputs]
    if len(told) < len(bad) or not single or any(rank(one[n].right) != 1 for n in single):
        return []
    if any(rank(two[n].mine - two[n].right) == 2 == rank(two[n].right) for n in single):
        what = "At T = 2 the delta of the last step is wrong too, to which nothing is handed; at T = 1 it is right."
        return [finding("steps", place, what)]
    for cut in [cut for cut in recurrent if len(cut) > 1] or recurrent[-1:]:
        params = lab.with_zeros(cut)
        mine, right = gradient(lab.model, params), {}
        for name in matrices:
            right[name] = reference(lab.model.at(params), name, mine[name], mine[name].size)[0]
        read = [n for n in matrices if n not in bad and rank(right[n]) == 2]
        silent = [n for n in single if rank(mine[n]) == 1 < rank(right[n])]
        if read and silent:
            what = (
                f"With {lab.told(cut)} set to zero, so that nothing spreads, one of the two steps gives nothing at all "
                f"to {listed(silent)}, though {listed(read)} gets something of both."
            )
            return [finding("steps", place, what)]
    return []


def _within_a_step(
    lab: _Lab,
    each: dict[str, Comparison],
    bad: list[str],
    blocks: dict[str, tuple[list[Piece], list[Piece]]],
    place: str,
    shared: Shared,
) -> list[ModelFinding]:
    factors = {name: shared.factors(name) for name in bad}
    if all(pair == (True, False) for pair in factors.values()):
        what = f"At this length the deltas in the gradient of {listed(bad)} point the right way, and the inputs do not."
        return [finding("product", place, what)]
    proof = shared.proof(bad, [name for name in each if name not in bad and name not in shared.silent])
    if proof:
        return [finding("product", place, proof)]
    proved = [name for name, pair in factors.items() if pair == (False, True)]
    space = f"In the gradient of {listed(proved)} the inputs are right, and the delta is not." if proved else ""
    if set(bad) >= set(each) - shared.silent and len(each) > 1:
        outputs = _loss_itself(lab)
        if any(factors[name] == (False, False) for name in outputs):
            what = f"Every array is wrong, and in {listed(outputs)} both the delta and the input are."
            return [finding("forward", place, what)]
        if outputs:
            what = f"Every array is wrong, {listed(outputs)} too where nothing goes back beyond it, at zero. {space}"
            found = [finding("loss", place, what.strip())]
            if all(factors[name] == (None, None) for name in outputs):
                what = f"The input of {listed(outputs)} can't be told from the delta; if it is wrong, it is this."
                found.append(finding("forward", place, what))
            return found
        if lab.outputs or not blocks:
            found = [finding("formula", place, f"Every array is wrong. {space}".strip())]
            if not lab.outputs:
                what = (
                    "No array is known to be the one at the output, so the derivative of the loss itself may be wrong."
                )
                found.append(finding("loss", place, what))
            return found
    guess = shared.guess(bad, shared.silent) if not proved else ""
    if guess:
        found = [finding("product", place, guess)]
        if set(bad) - set(shared.outputs):
            found.append(finding("gate", place, f"Or the delta is wrong, if nothing but {listed(bad)} gets it."))
        return found
    hint = _cell_hint(blocks, bad)
    if hint:
        return [finding("formula", place, hint)]
    if len({piece.block for pieces, _ in blocks.values() for piece in pieces}) == 1:
        return [finding("gate", place, space)]
    twins = {c.shape for name, c in each.items() if name not in bad}
    one = shared.one_delta(bad) and all(each[name].shape in twins for name in bad)
    one = one or _one_of_each_shape(each, [Piece(name) for name in bad])
    return [finding("gate" if one else "formula", place, space)]


def _cell_hint(blocks: dict[str, tuple[list[Piece], list[Piece]]], bad: list[str]) -> str:
    """One block of several is right and the others are wrong: the output gate's delta is the one without the cell."""
    if not blocks:
        return ""
    right = {piece.block for _, pieces in blocks.values() for piece in pieces}
    counts = {pieces[0].count for pieces, _ in blocks.values()}
    if len(right) != 1 or min(counts) < 3:
        return ""
    number = next(iter(right)) + 1
    return (
        f"Block {number} alone is right. If that is the output gate, look at the delta of the cell, which all gates "
        "but this one use: how it gets there from h, and how the next step's part is added to it."
    )


def _own_delta(
    seen: Seen,
    lab: _Lab,
    each: dict[str, Comparison],
    place: str,
    blocks: dict[str, tuple[list[Piece], list[Piece]]],
    shared: Shared,
) -> list[ModelFinding]:
    """Wrong from T = 2 on, on no way through a matrix: the cell, a gate that was silent at T = 1, the loss."""
    bad = [piece.name for piece in lab.pieces]
    outputs = _loss_itself(lab) if len(bad) > 1 else []
    if outputs:
        what = f"With {listed(outputs)} set to zero nothing goes back beyond it, and its own gradient is still wrong."
        return [finding("loss", place, what)]
    hint = _cell_hint(blocks, bad)
    if hint:
        return [finding("carry", place, hint)]
    best: tuple[int, str, list[Piece]] | None = None
    cuts = [[piece for piece in cut if piece.name not in shared.tables] for cut in lab.cuts()]
    recurrent = [cut for cut in cuts if any(_recurrent(each[piece.name].shape) for piece in cut)]
    for cut in recurrent[-1:]:
        kept = [name for name in bad if name not in {piece.name for piece in cut}]
        for count in (4, 3, 2):
            pieces = [
                Piece(name, axis, k, count)
                for name in kept
                for axis, size in enumerate(each[name].shape)
                if size % count == 0 and size // count > 1 and size == max(each[name].shape)
                for k in range(count)
            ]
            wrong = _still_wrong(lab, lab.with_zeros(cut), pieces)
            shapes = {each[piece.name].shape for piece in wrong}
            if (
                len({piece.block for piece in wrong}) == 1
                and len(shapes) > 1
                and (best is None or len(wrong) < best[0])
            ):
                best = len(wrong), lab.told(cut), wrong
        wrong = _still_wrong(lab, lab.with_zeros(cut), [Piece(name) for name in bad])
        if (
            wrong
            and len(wrong) < len(bad)
            and _one_of_each_shape(each, wrong)
            and (best is None or len(wrong) < best[0])
        ):
            best = len(wrong), lab.told(cut), wrong
    if best:
        what = f"With {best[1]} set to zero, so that nothing spreads, only {lab.told(best[2])} stay wrong."
        return [finding("gate", place, what)]
    what = (
        "Set to zero, no matrix cures it, so it is on a way through none: from cell to cell, or straight from h to h."
    )
    found = _right_somewhere(lab, place) or _wrong_steps(seen, lab, recurrent, place)
    if found:
        return found
    found = [finding("carry", place, what)]
    if not any(shared.partners[name] for name in bad):
        what = f"Or the deltas are right: nothing is known to share those in the gradient of {listed(bad)}."
        found.append(finding("summing", place, what))
    return found


def _recurrent(shape: tuple[int, ...]) -> bool:
    """Whether it can be one to four square blocks."""
    return len(shape) == 2 and max(shape) % min(shape) == 0 and max(shape) <= 4 * min(shape)


def _still_wrong(lab: _Lab, params: Arrays, pieces: list[Piece]) -> list[Piece]:
    if not pieces:
        return []
    try:
        off, _, blur = departures(lab.model, params, [[piece] for piece in pieces])
    except (guard.LearnerError, Unusable):
        return []
    return [piece for piece, error in zip(pieces, off, strict=True) if blur < 1e-6 and error > 1e-6]


def _one_of_each_shape(each: dict[str, Comparison], pieces: list[Piece]) -> bool:
    """Whether these are the arrays of one gate, each with twins for the other gates."""
    shapes = [each[piece.name].shape for piece in pieces]
    names = {piece.name for piece in pieces}
    twins = [c.shape for name, c in each.items() if name not in names]
    return len(set(shapes)) == len(shapes) and all(shape in twins for shape in shapes)
