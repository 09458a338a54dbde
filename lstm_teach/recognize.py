"""Say what a wrong value is, by its numbers: another quantity, a factor or a term too many or too few, a sign.

Imports judging, trial and numpy. Nothing here knows a blank: the names and numbers of its cases are all that is used.
What is said is true of every case, and a factor or term is "too many" only if the learner's own line has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lstm_teach.judging import explain, numbers
from lstm_teach.trial import close

NOT_NAMES = ("answer",)  # of a case, but of nothing that a learner could read
PER_TOKEN = ("dy", "y", "scores")
PER_UNIT = re.compile(r"d?(z?[ifog]|c|ct|h)(_\w+)?$")
SIGMOIDS, TANHS = ("i", "f", "o"), ("g", "ct")
Numbers = list[np.ndarray]  # one array for each case
Tier = dict[str, Numbers]  # by their words, the numbers that mistakes give


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
    got = [np.asarray(value) for value in got]
    names = [q for q in cases[0] if q not in NOT_NAMES and all(_is_number(c.get(q)) for c in cases)]
    known = {q: [np.asarray(c[q]) for c in cases] for q in names}
    # those that have the shape of the answer, or are single numbers
    fits = {q: vs for q, vs in known.items() if all(v.shape in ((), r.shape) for v, r in zip(vs, right, strict=True))}
    others = {f"This is {q}, not {name}.": vs for q, vs in known.items() if q != name}
    for tier in _tiers(name, got, right, fits, others, mentioned):
        if words := explain(got, right, tier):
            return words
    if _same_shape(got, right):
        for q in [q for q in fits if q in mentioned and q != name]:  # of a sum this term is right: look at the rest
            rest_got, rest = _each(np.subtract, got, fits[q]), _each(np.subtract, right, fits[q])
            for tier in _factors(name, rest, fits, mentioned - {q}):
                if words := explain(rest_got, rest, tier):
                    return f"The term {q} is right. The rest: {words[0].lower()}{words[1:]}"
            for other in (mentioned - {q}) & fits.keys() if explain(rest, rest_got, fits) else ():
                if explain(rest_got, rest, {other: fits[other]}):
                    return f"The term {q} is right, {other} is not."
    return ""


def _tiers(
    name: str, got: Numbers, right: Sequence[np.ndarray], fits: Tier, others: Tier, mentioned: frozenset[str]
) -> Iterator[Tier]:
    """Mistakes by their words, the simplest first."""
    if any(r.ndim == 2 and g.shape == r.T.shape for g, r in zip(got, right, strict=True)):
        yield {"This is the transpose: rows and columns are swapped.": [r.T for r in right]}
    if any(r.ndim for r in right):
        one = "over all entries, one number; each entry keeps its own number."
        yield {f"This is the sum {one}": [r.sum() for r in right], f"This is the mean {one}": [r.mean() for r in right]}
    if not _same_shape(got, right):
        yield others
        return
    terms = {q: values for q, values in fits.items() if q != name}
    yield {f"The term {q} is missing.": _each(np.subtract, right, values) for q, values in terms.items()}
    yield from _multiple(got, right)
    slopes, *factors = _factors(name, right, fits, mentioned)
    yield slopes
    read = [fits[q] for q in mentioned & fits.keys()] if len(mentioned) == 1 else []  # a name alone is no answer
    same = [values for values in others.values() if any(all(map(np.array_equal, values, one)) for one in read)]
    yield {words: values for words, values in others.items() if all(values is not one for one in same)}
    own = {q: values for q, values in terms.items() if q in mentioned}
    yield {f"There is one term too many: {q}.": _each(np.add, right, values) for q, values in own.items()}
    yield from factors
    yield others


def _factors(name: str, right: Sequence[np.ndarray], fits: Tier, mentioned: frozenset[str]) -> Iterator[Tier]:
    """A factor missing (a slope first), one too many, or a wrong one where another belongs."""
    slopes = _slopes(fits)
    factors = {q: (values, frozenset([q])) for q, values in fits.items() if q != name} | slopes
    usable = {q: values for q, (values, _) in factors.items() if all(np.all(v != 0) for v in values)}
    own = {q: values for q, (values, read) in factors.items() if read <= mentioned}
    for kind in (slopes, usable):
        missing = [q for q in kind if q in usable]
        yield {f"Right except for one missing factor: {q}.": _each(np.divide, right, usable[q]) for q in missing}
    more = {q: _each(np.multiply, right, values) for q, values in own.items()}
    yield {f"Right except for one factor too many: {q}.": values for q, values in more.items()}
    for instead in usable.values() if len(mentioned) > 1 else ():  # of one thing alone no factor is right
        swapped = {q: _each(np.divide, more[q], instead) for q, values in own.items() if values is not instead}
        one = "Right except for one factor:"
        yield {f"{one} {q}{',' if ',' in q else ''} is not the right one.": v for q, v in swapped.items()}


def _multiple(got: Numbers, right: Sequence[np.ndarray]) -> Iterator[Tier]:
    """A constant factor, the same in all cases."""
    flat_got, flat_right = (np.concatenate([np.ravel(a).astype(float) for a in arrays]) for arrays in (got, right))
    size = flat_right @ flat_right
    factor = flat_got @ flat_right / size if size else 0.0
    if factor and np.isfinite(factor):
        times = f"Every number is {factor:.4g} times what it should be."
        yield {"The sign is flipped." if abs(factor + 1) < 1e-9 else times: [factor * r for r in right]}
    if all(a.ndim and a.dtype.kind == "f" for a in (*got, *right)):  # of an index or a count it says nothing
        yield {"This is zero everywhere.": [np.zeros_like(r) for r in right]}


def _slopes(fits: Tier) -> dict[str, tuple[Numbers, frozenset[str]]]:
    """Slopes of the sigmoid and of tanh, right and wrong ones, with the names that they read."""
    slopes = {}
    for q in [q for q in (*SIGMOIDS, *TANHS, "c") if q in fits]:
        kinds = {
            f"{q} * (1 - {q}){', the slope of the sigmoid' if q in SIGMOIDS else ''}": lambda v: v * (1 - v),
            f"(1 - {q}**2){', the slope of tanh' if q in TANHS else ''}": lambda v: 1 - v**2,
            f"(1 - {q})": lambda v: 1 - v,
            f"(1 + {q})": lambda v: 1 + v,
        }
        slopes |= {words: (_each(slope, fits[q]), frozenset([q])) for words, slope in kinds.items()}
    return slopes


def _each(function: Callable, *values: Sequence[np.ndarray]) -> Numbers:
    """The function of each case's values."""
    return [function(*case) for case in zip(*values, strict=True)]


def _same_shape(got: Numbers, right: Sequence[np.ndarray]) -> bool:
    return all(g.shape == r.shape for g, r in zip(got, right, strict=True))


def _is_number(value: Any) -> bool:
    return isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def is_all(code: str, trials: Mapping[str, tuple], cases: Sequence[Mapping]) -> bool:
    """Whether a mistake of the whole answer was made: what it says of the others has to be true as well."""
    for k, case in enumerate(cases):
        try:
            values = eval(code, {"np": np, **case})
        except (ValueError, IndexError):  # arrays that do not fit
            continue
        for part, (theirs, rights) in trials.items():
            value = numbers(values[part])
            if value is not None and not close(value, rights[k]) and not close(theirs[k], value):
                return False
    return True


def axes(right: np.ndarray, name: str) -> tuple[str, ...]:
    """What each axis of a quantity of this name counts, in words."""
    if right.ndim > 1:
        return ("row", "column")
    return ("token",) if name in PER_TOKEN else ("unit",) if PER_UNIT.match(name) else ("entry",)
