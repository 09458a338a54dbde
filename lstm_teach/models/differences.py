"""The derivative of any loss by differences, with its own error: what `diagnose_model` holds a gradient against.

Imports the guard, validate and numpy only. Nothing here knows what an LSTM is.
"""

from __future__ import annotations

import copy
import functools
import linecache
import math
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lstm_teach import guard, validate
from lstm_teach.models.case import first

Arrays = Mapping[str, np.ndarray]
Index = tuple[int | slice, ...]


RIGHT = 1e-9  # norm-relative; right gradients stay below 1e-11, single precision anywhere leaves 1e-8 and more


class Unusable(Exception):
    """loss or gradient returned something that can't be compared; the message is one sentence."""


@dataclass(frozen=True)
class Model:
    """One case: named arrays, `loss(params) -> float`, `gradient(params) -> mapping`, the number of steps.

    A guarded call may take `seconds`; `noise` is how far rounding moves the loss.
    """

    params: Arrays
    loss: Callable[[Arrays], float]
    gradient: Callable[[Arrays], Arrays]
    steps: int
    seconds: float
    noise: float = 0.0

    def at(self, params: Arrays) -> Model:
        """The same model with other weights."""
        return replace(self, params=params)


def copies(params: Arrays) -> Arrays:
    """An independent copy of the same type."""
    return {name: value.copy() for name, value in params.items()} if type(params) is dict else copy.deepcopy(params)


def changed(params: Arrays, name: str, change: Callable[[np.ndarray], np.ndarray], where: Index = ()) -> Arrays:
    """A copy in which `params[name][where]` is what `change` makes of it."""
    moved = copies(params)
    moved[name][where] = change(moved[name][where])
    return moved


def came_from(error: Exception) -> str:
    """The line of the learner's own files that raised, where the error's sentence does not name it already."""
    cause = error.__cause__
    packages = (
        *(str(Path(module.__file__).parent) for module in (np, guard)),
        sysconfig.get_path("stdlib"),
        "<frozen",
        "<__",
    )
    for frame, number in reversed(list(traceback.walk_tb(cause.__traceback__)) if cause else []):
        file = frame.f_code.co_filename
        installed = "-packages" in file and not file.startswith(
            packages[:2]
        )  # within the folder of the standard library
        if installed or not file.startswith(packages):
            line = linecache.getline(file, number, frame.f_globals).strip()
            where = f" It came from line {number} of {Path(file).name}, in {frame.f_code.co_name}"
            return "" if line and line in str(error) else f"{where}: {line}" if line else f"{where}."
    return ""


def losses(model: Model, points: Iterable[Arrays]) -> np.ndarray:
    """The loss at each of `points`, in one guarded call. Raises LearnerError or Unusable."""
    return _guarded(model.loss, model.seconds, lambda: _losses(model, points))


def _losses(model: Model, points: Iterable[Arrays]) -> np.ndarray:
    return np.array([_number(first(model.loss(point))) for point in points])


def _guarded(function: Callable, seconds: float, run: Callable[[], Any]) -> Any:
    """`run()`, under the guard once for many calls; an error is told in the name of the learner's `function`."""

    def work() -> Any:
        return run()

    work.__wrapped__ = function
    try:
        return guard.call(work, seconds=seconds)
    except guard.LearnerError as error:
        if isinstance(error.__cause__, Unusable):
            raise error.__cause__ from None
        raise


def _number(value: object) -> float:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise Unusable(f"loss(params) must return one real number, got {validate.brief(value)}.")
    if not np.isfinite(array).all():
        raise Unusable(f"loss(params) must return a finite number, got {array.ravel()[0]}.")
    return float(array.ravel()[0])


def gradient(model: Model, params: Arrays, before: Arrays | None = None) -> dict[str, np.ndarray]:
    """The model's own gradient at `params` as float64 arrays. Raises LearnerError or Unusable.

    The loss is called first, with the same weights unless `before` gives others: many models read in the backward
    pass what the forward pass left behind.
    """
    losses(model, [params if before is None else before])  # guarded by itself, so that its errors bear its name
    return _guarded(model.gradient, model.seconds, lambda: _gradient(model, params))


def _gradient(model: Model, params: Arrays) -> dict[str, np.ndarray]:
    result = model.gradient(params)
    if not isinstance(result, Mapping) and not (hasattr(result, "keys") and hasattr(result, "__getitem__")):
        raise Unusable(f"gradient(params) must return a mapping of named arrays, got {validate.brief(result)}.")
    missing = [str(name) for name in model.params if name not in list(result.keys())]
    if missing:
        raise Unusable(f"gradient(params) must have an entry for every array of params; missing: {', '.join(missing)}.")
    got = {}
    for name, value in model.params.items():
        try:
            array = np.asarray(result[name])
        except (TypeError, ValueError):
            array = np.asarray(None)
        if array.dtype.kind not in "fiu":
            raise Unusable(f"gradient[{name!r}] must be an array of real numbers, got {validate.brief(result[name])}.")
        if array.shape != value.shape:
            hint = " Is it transposed?" if array.shape == value.shape[::-1] else ""
            raise Unusable(
                f"gradient[{name!r}] must have the shape of params[{name!r}], {value.shape}, got {array.shape}.{hint}"
            )
        if not np.isfinite(array).all():
            raise Unusable(f"gradient[{name!r}] must be finite, got {array[~np.isfinite(array)][0]}.")
        got[name] = array.astype(np.float64)
    return got


def rounding_noise(model: Model) -> float:
    """How far rounding alone moves the loss, from the fourth differences along a short line.

    Over steps of 1e-6 a smooth loss is a parabola to 1e-18, so what a fourth difference leaves is noise.
    Source: More and Wild, SIAM J. Sci. Comput. 33 (2011) 1292-1314. A corner of a ReLU on one of the lines would
    look like noise, so the lines do not go through the weights themselves, and the smallest of three counts.
    """
    rng = np.random.default_rng(0)
    found, values = [], []
    for _ in range(3):
        direction = {name: rng.normal(size=model.params[name].shape) for name in model.params}
        line = losses(model, (_along(model.params, direction, 1e-4 + 1e-6 * step) for step in range(9)))
        found.append(np.sqrt(np.mean(np.diff(line, 4) ** 2) / math.comb(8, 4)))
        values += list(line)
    single = is_single([np.array(values)])  # then the steps of float32 can hide between the points
    return max(min(found), float(np.spacing(np.abs(np.float32(values[0]) if single else values[0]))))


def is_single(arrays: Iterable[np.ndarray]) -> bool:
    """Whether every number fits float32, and they are no round numbers that always do."""
    numbers = np.concatenate([array.ravel() for array in arrays])
    numbers = numbers[numbers != 0]
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    return bool(len(numbers) and (single == numbers).all() and (single.view(np.uint32) & 0xFFF).any())


def _along(params: Arrays, direction: Arrays, step: float) -> Arrays:
    moved = copies(params)
    for name, value in direction.items():
        moved[name][...] += step * value
    return moved


def reference(model: Model, name: str, mine: np.ndarray, count: int) -> tuple[np.ndarray, float]:
    """dL/d(params[name]) by differences of fourth order, NaN where an entry was not tried; and how far it may be off.

    `mine` is the gradient under test: where the two agree, one step size is enough. Where they do not, the step is
    made smaller until two sizes agree, so that neither a large curvature nor the corner of a ReLU within a step is
    taken for a mistake. At a corner itself every slope between those of the two sides is right. Of an array of more
    than `count` numbers a random choice is tried.
    """
    entries = np.arange(mine.size)
    if mine.size > count:
        likely = np.where(mine.ravel() != 0, 1.0, 0.05)  # of a table most rows are not used at all
        entries = np.sort(np.random.default_rng(0).choice(mine.size, count, replace=False, p=likely / likely.sum()))
    weights = model.params[name].ravel()[entries]
    got = mine.ravel()[entries]
    step = 1e-3 * np.maximum(1, np.abs(weights))
    here = losses(model, [model.params])[0]
    right, _, _ = _slopes(model, name, entries, step, here)
    off = 1.5 * model.noise / step
    scale = np.abs(got).max(initial=0)
    doubtful = np.flatnonzero(np.abs(got - right) > 1e-10 * scale + 4 * off)
    for _ in range(4):
        if not len(doubtful):
            break
        step[doubtful] /= 8
        again, left, ahead = _slopes(model, name, entries[doubtful], step[doubtful], here)
        off[doubtful] = 1.5 * model.noise / step[doubtful]
        low, high = np.minimum(left, ahead), np.maximum(left, ahead)
        size = np.maximum(np.abs(low), np.abs(high))
        mine_here, slack = got[doubtful], 1e-6 * size
        corner = (high - low > 1e-3 * size) & (low - slack <= mine_here) & (mine_here <= high + slack)
        away = np.abs(mine_here - again)
        settled = np.abs(again - right[doubtful]) <= 1e-3 * away
        right[doubtful] = np.where(corner & settled, mine_here, again)
        doubtful = doubtful[~settled & (away > 1e-10 * scale + 4 * off[doubtful])]
    whole = np.full(mine.size, np.nan)
    whole[entries] = right
    return whole.reshape(mine.shape), float(np.linalg.norm(off))


def _slopes(
    model: Model, name: str, entries: np.ndarray, step: np.ndarray, here: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The slope at each entry from both sides (fourth order), from the left and from the right (second order)."""
    shape = model.params[name].shape

    def points() -> Iterator[Arrays]:
        for entry, h in zip(entries, step, strict=True):
            where = np.unravel_index(entry, shape)
            for times in (-2, -1, 1, 2):
                yield changed(model.params, name, functools.partial(np.add, times * h), where)

    values = losses(model, points()).reshape(-1, 4)
    back2, back1, on1, on2 = values.T
    both = (back2 - 8 * back1 + 8 * on1 - on2) / (12 * step)
    return both, (3 * here - 4 * back1 + back2) / (2 * step), (4 * on1 - on2 - 3 * here) / (2 * step)


def listed(names: Iterable[str]) -> str:
    """Names in a sentence: "W, U and b"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


@dataclass(frozen=True)
class Comparison:
    """One array of a gradient, the right one (NaN where not tried), and how far differences may be off."""

    mine: np.ndarray
    right: np.ndarray
    blur: float
    elsewhere: float = 0.0  # the error along random directions, if it shows there alone

    @property
    def shape(self) -> tuple[int, ...]:  # noqa: D102
        return self.mine.shape

    @property
    def tried(self) -> np.ndarray:  # noqa: D102
        return ~np.isnan(self.right)

    @property
    def error(self) -> float:
        """|mine - right| / max(|mine|, |right|) in Euclidean norms, beyond what differences can tell."""
        mine, right = self.mine[self.tried], self.right[self.tried]
        off = max(np.linalg.norm(mine - right) - 4 * self.blur, 0.0)
        return float(off / max(np.linalg.norm(mine), np.linalg.norm(right))) if off else self.elsewhere

    def part(self, where: Index) -> Comparison:
        """The comparison of one block."""
        return Comparison(self.mine[where], self.right[where], self.blur)


Seen = dict[int, dict[str, Comparison]]


@dataclass(frozen=True)
class Piece:
    """An array, or a part of it: from where to where along its first axes (None: all of it), and which gate that is."""

    name: str
    part: tuple[tuple[int, int] | None, ...] = ()
    label: str = ""

    @property
    def where(self) -> Index:
        """The part as an index into the array."""
        return (*(slice(*ends) if ends else slice(None) for ends in self.part), ...)

    def told(self, shape: tuple[int, ...]) -> str:
        """The part in words: "rows 6 to 11 of W (block 2 of 4)"."""
        words = []
        for axis, ends in enumerate(self.part):
            if ends:
                line = ("row", "column")[axis] if len(shape) == 2 else "entry" if len(shape) == 1 else "slice"
                first, last = ends[0], ends[1] - 1
                many = "entries" if line == "entry" else line + "s"
                words.append(f"{many} {first} to {last}" if last > first else f"{line} {first}")
                words[-1] += f" along axis {axis}" if line == "slice" else ""
        label = f" ({self.label})" if self.label else ""
        return f"{', '.join(words)} of {self.name}{label}" if words else self.name


def departures(model: Model, params: Arrays, groups: list[list[Piece]]) -> tuple[np.ndarray, np.ndarray, float]:
    """How far the gradient of each group is off at `params`, along random directions in it: (off, size, blur).

    `off` (n,) is relative to the largest slope that was met, `size` (n,) is the slope itself relative to it, and what
    is below `blur` can't be told from rounding. Six calls of the loss for each group, where the full comparison
    takes four for each number. Raises LearnerError or Unusable.
    """
    rng, h, tries = np.random.default_rng(1), 1e-5, 3
    directions = []
    for group in groups:
        for _ in range(tries):
            direction: dict[str, np.ndarray] = {}
            for piece in group:
                whole = direction.setdefault(piece.name, np.zeros(params[piece.name].shape))
                where = piece.where
                whole[where] = rng.normal(size=whole[where].shape)
            directions.append(direction)

    def work() -> tuple[dict[str, np.ndarray], np.ndarray]:
        _losses(model, [copies(params)])
        got = _gradient(model, copies(params))
        return got, _losses(model, (_along(params, d, side * h) for d in directions for side in (-1, 1)))

    got, values = _guarded(model.gradient, model.seconds, work)
    right = np.diff(values.reshape(-1, tries, 2))[..., 0] / (2 * h)
    told = np.array([sum(np.sum(part * got[name]) for name, part in d.items()) for d in directions])
    told = told.reshape(right.shape)
    largest = max(np.abs(right).max(), np.abs(told).max(), 1e-300)
    off, size = np.median(np.abs(right - told), axis=1), np.median(np.abs(right), axis=1)
    return off / largest, size / largest, 20 * model.noise / h / largest


def without_factor(model: Model, names: Iterable[str]) -> Model:
    """The model with its gradient divided by the factor that these arrays have at the same weights.

    Their gradient points the right way, so the slope of the loss along it says how long it should be.
    """

    def divided(params: Arrays) -> Arrays:
        got = {name: np.array(value, dtype=float) for name, value in _gradient(model, params).items()}
        size = math.sqrt(sum(float(np.sum(got[name] ** 2)) for name in names))
        if not size:
            return got
        along, h = {name: got[name] / size for name in names}, 1e-3
        back2, back1, on1, on2 = _losses(model, (_along(params, along, times * h) for times in (-2, -1, 1, 2)))
        slope = (back2 - 8 * back1 + 8 * on1 - on2) / (12 * h)
        return {name: value * (slope / size) for name, value in got.items()}

    divided.__wrapped__ = model.gradient
    return replace(model, gradient=divided)
