"""Say what a wrong value is, by its numbers: another quantity, a factor or a term too many or too few, a sign.

Imports judging and numpy. Nothing here knows a blank: the names and numbers of its cases are all that is used. What is
said is true of every case, and a factor or term is "too many" only if the learner's own line has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lstm_teach.judging import explain

SIGMOIDS, TANHS = ("i", "f", "o"), ("g", "ct")


def recognize(
    name: str,
    got: Sequence[Any],
    right: Sequence[np.ndarray],
    cases: Sequence[Mapping[str, Any]],
    mentioned: frozenset[str],
) -> str:
    """A sentence on what the values `got`, one per case, are instead of `right`; "" if nothing simple explains them.

    `cases` hold the names and numbers that the line could read, `mentioned` the names that it does read.
    """
    arrays = [np.asarray(value) for value in got]
    for tier in _tiers(name, arrays, right, cases, mentioned):
        if words := explain(arrays, right, tier):
            return words
    if any(np.shape(g) != np.shape(r) for g, r in zip(arrays, right, strict=True)):
        return ""
    for q, values in _values(right, cases).items():  # a sum of which one term is right: look at the rest
        if q in mentioned and q != name:
            rest_got, rest = ([a - v for a, v in zip(side, values, strict=True)] for side in (arrays, right))
            for tier in _factors(name, rest, cases, mentioned - {q}):
                if words := explain(rest_got, rest, tier):
                    return f"The term {q} is right. The rest: {words[0].lower()}{words[1:]}"
    return ""


def _tiers(
    name: str,
    got: Sequence[np.ndarray],
    right: Sequence[np.ndarray],
    cases: Sequence[Mapping[str, Any]],
    mentioned: frozenset[str],
) -> Iterator[dict[str, list[np.ndarray]]]:
    """Mistakes by their words, the simplest first."""
    if any(r.ndim == 2 and np.shape(g) == r.T.shape for g, r in zip(got, right, strict=True)):
        yield {"This is the transpose: rows and columns have changed places.": [r.T for r in right]}
    if any(r.ndim for r in right):
        yield {
            "This is the sum over all entries, one number; each entry keeps its own number.": [r.sum() for r in right],
            "This is the mean over all entries, one number; each entry keeps its own number.": [
                r.mean() for r in right
            ],
        }
    if any(np.shape(g) != np.shape(r) for g, r in zip(got, right, strict=True)):
        yield _others(name, cases)
        return
    values = _values(right, cases)
    others = {q: v for q, v in values.items() if q != name}
    yield {f"The term {q} is missing.": [r - v for r, v in zip(right, vs, strict=True)] for q, vs in others.items()}
    yield from _multiple(got, right)
    slopes, *factors = _factors(name, right, cases, mentioned)
    yield slopes
    yield {words: vs for words, vs in _others(name, cases).items() if mentioned - {words.split()[2].rstrip(",")}}
    yield {
        f"There is one term too many: {q}.": [r + v for r, v in zip(right, vs, strict=True)]
        for q, vs in others.items()
        if q in mentioned
    }
    yield from factors
    yield _others(name, cases)


def _factors(
    name: str, right: Sequence[np.ndarray], cases: Sequence[Mapping[str, Any]], mentioned: frozenset[str]
) -> Iterator[dict[str, list[np.ndarray]]]:
    """A factor missing (a slope first), one too many, or a wrong one where another belongs."""
    values = _values(right, cases)
    slopes = _slopes(values)
    factors = {**{q: (vs, frozenset([q])) for q, vs in values.items() if q != name}, **slopes}
    usable = {q: vs for q, (vs, _) in factors.items() if all(np.all(v != 0) for v in vs)}
    own = {q: vs for q, (vs, read) in factors.items() if read <= mentioned}
    for kind in (slopes, usable):
        yield {
            f"Right except for one missing factor: {q}.": [r / v for r, v in zip(right, usable[q], strict=True)]
            for q in kind
            if q in usable
        }
    yield {
        f"Right except for one factor too many: {q}.": [r * v for r, v in zip(right, vs, strict=True)]
        for q, vs in own.items()
    }
    for instead in usable.values():
        yield {
            f"Right except for one factor: {q} is not the right one.": [
                r * v / w for r, v, w in zip(right, vs, instead, strict=True)
            ]
            for q, vs in own.items()
            if vs is not instead
        }


def _multiple(got: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> Iterator[dict[str, list[np.ndarray]]]:
    """A constant factor, the same in all cases."""
    flat_got, flat_right = (np.concatenate([np.ravel(a).astype(float) for a in arrays]) for arrays in (got, right))
    size = flat_right @ flat_right
    factor = flat_got @ flat_right / size if size else 0.0
    if factor and np.isfinite(factor):
        times = [factor * r for r in right]
        if abs(factor + 1) < 1e-9:
            yield {"The sign is flipped.": times}
        else:
            yield {f"Every number is {factor:.4g} times what it should be.": times}
    yield {"This is zero everywhere.": [np.zeros_like(r, dtype=float) for r in right]}


def _others(name: str, cases: Sequence[Mapping[str, Any]]) -> dict[str, list[np.ndarray]]:
    """The other quantities of the cases, whatever their shape."""
    common = [q for q in cases[0] if q != name and all(_is_number(case.get(q)) for case in cases)]
    return {f"This is {q}, not {name}.": [np.asarray(case[q]) for case in cases] for q in common}


def _values(right: Sequence[np.ndarray], cases: Sequence[Mapping[str, Any]]) -> dict[str, list[np.ndarray]]:
    """The quantities of the cases that have the shape of the answer, or are single numbers."""
    fits = {}
    for q in cases[0]:
        if all(
            _is_number(case.get(q)) and np.shape(case[q]) in ((), r.shape) for case, r in zip(cases, right, strict=True)
        ):
            fits[q] = [np.asarray(case[q]) for case in cases]
    return fits


def _slopes(values: Mapping[str, list[np.ndarray]]) -> dict[str, tuple[list[np.ndarray], frozenset[str]]]:
    """Slopes of the sigmoid and of tanh, right and wrong ones, with the names that they read."""
    slopes = {}
    for q in (*SIGMOIDS, *TANHS, "c"):
        if q in values:
            sigmoid = f"{q} * (1 - {q}){', the slope of the sigmoid' if q in SIGMOIDS else ''}"
            tanh = f"(1 - {q}**2){', the slope of tanh' if q in TANHS else ''}"
            slopes[sigmoid] = [v * (1 - v) for v in values[q]], frozenset([q])
            slopes[tanh] = [1 - v**2 for v in values[q]], frozenset([q])
            slopes[f"(1 - {q})"] = [1 - v for v in values[q]], frozenset([q])
            slopes[f"(1 + {q})"] = [1 + v for v in values[q]], frozenset([q])
    return slopes


def _is_number(value: Any) -> bool:
    return isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")
