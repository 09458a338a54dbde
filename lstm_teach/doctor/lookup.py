"""Expressions of things at hand whose value is a wanted one: products, sums and outer products, found by a look-up.

Imports truth.
"""

import math
import re
from collections.abc import Iterator

import numpy as np

from lstm_teach.doctor.truth import Truth

_MOST_OUTER = 6
_MOST_ATOMS, _MOST_TERMS = 80, 140
_CLOSE = 1e-11
_BUT_ONE = {"[1:]": slice(1, None), "[:-1]": slice(-1)}  # rows: one may belong to no step


def expressions(
    np_: str, shape: tuple[int, ...], atoms: dict, goals: dict, truth: Truth, most: int, factors: int = 3
) -> Iterator[tuple[str, float]]:
    """Products of so many factors at most, sums of `most` terms and outer products that are right, with costs."""
    fits = {t: v for t, v in atoms.items() if v.shape == shape}
    if (math.prod(shape), "product") in goals:
        yield from _products(fits, goals[math.prod(shape), "product"], factors, truth)
    if (math.prod(shape), "sum") in goals:
        yield from _sums(_terms(shape, atoms, truth), goals[math.prod(shape), "sum"], most)
    if len(shape) == 2 and (math.prod(shape), "outer") in goals:
        yield from _outer(np_, atoms, shape, goals[math.prod(shape), "outer"])


def _sums_of(
    rows: np.ndarray, wanted: np.ndarray, most: int, twice: bool = False
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """`(place in wanted, places in rows)` of sums of one up to `most` (four) of the `rows`, the short ones first.

    They are (n, size), one or more, and one may be used two times if `twice`.
    """
    direction = np.random.default_rng(11).standard_normal(rows.shape[1])
    ones, aims = rows @ direction, wanted @ direction
    for row, thing in np.argwhere(np.abs(aims[:, None] - ones) < _CLOSE):
        yield row, (thing,)
    pairs = np.stack(np.triu_indices(len(rows), 0 if twice or len(rows) < 2 else 1), axis=1)
    pairs = pairs[np.argsort(ones[pairs].sum(axis=1))]
    sums = ones[pairs].sum(axis=1)
    # A sum of more is one of a pair, and before it of none, one or two that come no later.
    befores = [(np.zeros(1), [()]), (ones, [(n,) for n in range(len(ones))]), (sums, pairs)]
    for before, things in befores[: most - 1]:
        rests = aims[:, None] - before
        for hit, k in _near(sums, rests.ravel()):
            place, first = divmod(hit, rests.shape[1])
            if max(things[first], default=0) <= min(pairs[k]):
                yield place, (*things[first], *pairs[k])


def _near(numbers: np.ndarray, aims: np.ndarray) -> Iterator[tuple[int, int]]:
    """Places of aims, and of the sorted numbers that are close to them."""
    low = np.searchsorted(numbers[:-1], aims - _CLOSE)
    for hit in np.flatnonzero(np.abs(numbers[low] - aims) < _CLOSE)[:400]:
        k = low[hit]
        while k < len(numbers) and numbers[k] - aims[hit] < _CLOSE and k < low[hit] + 20:
            yield hit, k
            k += 1


def _products(atoms: dict, goal: list[np.ndarray], most: int, truth: Truth) -> Iterator[tuple[str, float]]:
    """Products of up to `most` factors that are one of the right quantities, with costs; the delta comes first."""
    factors: dict[str, np.ndarray] = {}
    for name, v in list(atoms.items())[:_MOST_ATOMS]:
        bare = name if re.fullmatch(r"[\w.]+(\[[^\[\]]*\])*|[\w.]+\([^()]*\)", name) else f"({name})"
        for code, one in ((bare, v), (f"(1 - {bare})", 1 - v), (f"(1 - {bare} ** 2)", 1 - v * v)):
            flat = np.abs(one).ravel()
            if flat.min() > 1e-9 and np.isfinite(flat).all():
                factors[code] = one.ravel()
    if not factors:
        return
    names, rows = list(factors), np.array(list(factors.values()))
    wanted = np.array(goal)
    usable = np.flatnonzero(np.abs(wanted).min(1) > 1e-12)
    best: dict[int, list[tuple[float, str]]] = {}
    for k, chosen in _sums_of(np.log(np.abs(rows)), np.log(np.abs(wanted[usable])), most, twice=True):
        if np.allclose(rows[list(chosen)].prod(0), wanted[usable[k]], rtol=1e-8, atol=1e-12):
            parts = sorted((names[n] for n in chosen), key=lambda part: part[0] == "(")
            best.setdefault(k, []).append((0.3 * len(chosen), len("".join(parts)), parts))
    for options in best.values():
        # At one step two things may be the same; of two texts the shorter one is the plainer.
        for score, _, parts in sorted(options)[:6]:
            known = {part: truth.recognize([atoms[part]])[0] for part in parts if part in atoms}
            parts.sort(key=lambda part: (part[0] == "(", max(known.get(part, 0), 0) & truth.forward > 0))
            yield " * ".join(parts), 1.7 + 0.15 * score


def _outer(np_: str, atoms: dict, shape: tuple[int, ...], goal: list[np.ndarray]) -> Iterator[tuple[str, float]]:
    """Outer products of two vectors, or of the rows of two matrices, added up, that are a right matrix, with costs."""
    rng, sides = np.random.default_rng(11), []
    across, along = (rng.standard_normal(n) for n in shape)
    parts = {f"{t}{part}": v[at] for t, v in atoms.items() if v.ndim == 2 for part, at in _BUT_ONE.items()}
    for direction in (across, along):
        fits = [(t, v) for t, v in (atoms | parts).items() if len(direction) in (v.size, v.shape[-1])]
        sides.append({t: v.reshape(-1, len(direction)) @ direction for t, v in fits if v.ndim < 3})
    for rows in {len(v) for v in sides[0].values()} & {len(v) for v in sides[1].values()}:
        left, right = ({t: v for t, v in side.items() if len(v) == rows} for side in sides)
        products = np.array([*left.values()]) @ np.array([*right.values()]).T
        for wanted in (one for one in goal if one.shape == shape):
            for a, b in np.argwhere(np.abs(products - across @ wanted @ along) < _CLOSE)[:_MOST_OUTER]:
                pair = [*left][a], [*right][b]
                yield f"{np_}.outer({', '.join(pair)})" if rows == 1 else f"{pair[0]}.T @ {pair[1]}", 1.7


def _sums(terms: dict[str, np.ndarray], goal: list[np.ndarray], most: int) -> Iterator[tuple[str, float]]:
    """Sums of up to `most` terms that are one of the right quantities, with costs."""
    if not terms:
        return
    names, rows, wanted = list(terms), np.array([v.ravel() for v in terms.values()]), np.array(goal)
    for row, chosen in _sums_of(rows, wanted, most):
        if np.allclose(rows[list(chosen)].sum(0), wanted[row], rtol=1e-8, atol=1e-11):
            yield " + ".join(names[n] for n in chosen), 1.7 + 0.1 * len(chosen)


def _terms(shape: tuple[int, ...], atoms: dict, truth: Truth) -> dict[str, np.ndarray]:
    """What may be added to a value of this shape: a name, or a matrix times a vector; weights before other matrices."""
    terms: dict[str, np.ndarray] = {}
    known: set[tuple] = set()

    def add(code: str, v: np.ndarray) -> None:
        mark = tuple(v.round(10).ravel().tolist())
        if v.shape == shape and v.any() and mark not in known and len(terms) < _MOST_TERMS:
            known.add(mark)
            terms[code] = v

    # On the way back no weights and nothing of the forward pass is added to anything, and no matrix acts on it.
    found = truth.recognize(list(atoms.values()))
    back = {n: v for (n, v), k in zip(atoms.items(), found, strict=True) if not max(k, 0) & truth.forward}
    numbers = set(truth.case.params.flat.tolist())
    back = {n: v for n, v in back.items() if not numbers.issuperset(v.ravel().tolist())}
    for name, v in back.items():
        add(name, v)
    weights = {matrix.tobytes() for matrix in truth.case.params.values()}
    matrices = {n: v for n, v in atoms.items() if v.ndim == 2 and min(v.shape) > 1}
    matrices = dict(sorted(matrices.items(), key=lambda pair: pair[1].tobytes() not in weights))
    vectors = {n: v for n, v in back.items() if sum(k > 1 for k in v.shape) == 1 and v.any()}
    for name, matrix in matrices.items():
        for other, v in vectors.items():
            if v.shape in ((matrix.shape[0],), (matrix.shape[0], 1)):
                add(f"{name}.T @ {other}", matrix.T @ v)
            elif v.ndim == 2 and v.shape == (1, matrix.shape[0]):
                add(f"{other} @ {name}", v @ matrix)
    return terms
