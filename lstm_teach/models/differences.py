"""The derivative of any loss by differences, with its own error: what `diagnose_model` compares a gradient with.

Imports the guard, validate and case only. Nothing here knows what an LSTM is.
"""

from __future__ import annotations

import copy
import functools
import math
import timeit
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_teach import guard, validate
from lstm_teach.models.case import after_the_loss, floating

Arrays = Mapping[str, np.ndarray]
Index = tuple[int | slice, ...]
ModelCase = Callable[[int], tuple[Arrays, Callable[[Arrays], float], Callable[[Arrays], Arrays]]]

RIGHT = 1e-9  # norm-relative; right gradients stay below 1e-11, single precision anywhere leaves 1e-8 and more
_FOURTH = (-2, -1, 1, 2)  # where the differences of fourth order read the loss, in steps


class Unusable(guard.LearnerError):
    """loss or gradient returned something that can't be compared; the message is one sentence."""


@dataclass(frozen=True)
class Model:
    """One case: a sequence of `steps` steps. A guarded call may take `seconds`."""

    params: Arrays
    loss: Callable[[Arrays], float]
    gradient: Callable[[Arrays], Arrays]
    steps: int
    seconds: float

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:  # noqa: D102
        return {name: self.params[name].shape for name in self.params}

    @functools.cached_property
    def noise(self) -> float:
        """How far rounding alone moves the loss, from the fourth differences along a short line.

        Over steps of 1e-6 a smooth loss is a parabola to 1e-18, so what a fourth difference leaves is noise.
        Source: More and Wild, SIAM J. Sci. Comput. 33 (2011) 1292-1314. A corner of a ReLU on one of the lines would
        look like noise, so the lines do not go through the weights themselves, and the smallest of three counts.
        """
        rng = np.random.default_rng(0)
        directions = [{name: rng.normal(size=shape) for name, shape in self.shapes.items()} for _ in range(3)]
        lines = [losses(self, (move(self.params, d, 1e-4 + 1e-6 * step) for step in range(9))) for d in directions]
        first, single = np.abs(lines[0][0]), is_single(lines)  # the steps of float32 can hide between the points
        noise = min(np.sqrt(np.mean(np.diff(line, 4) ** 2) / math.comb(8, 4)) for line in lines)
        return float(max(noise, np.spacing(np.float32(first) if single else first)))


def model_of(case: ModelCase, T: int, seconds: float) -> Model:
    """`case(T)`, checked. Raises LearnerError, in one sentence."""
    result = guard.call(case, T, seconds=seconds)
    try:
        return _checked(result, T, seconds)
    except (TypeError, ValueError) as error:
        raise Unusable(str(error)) from None


def _checked(result: Any, T: int, seconds: float) -> Model:
    if isinstance(result, tuple | list) and len(result) == 2 and callable(result[1]):
        both = result[1]
        result = result[0], both, functools.wraps(both)(lambda params: after_the_loss(both(params)))
    if not isinstance(result, tuple | list) or len(result) != 3:
        got = validate.brief(result) + (f" of {len(result)}" if isinstance(result, tuple | list) else "")
        ends = " Is a return missing at its end?" if result is None else ""
        raise TypeError(f"case({T}) must return three things, (params, loss, gradient), got {got}.{ends}")
    params, loss, slope = result
    if not hasattr(params, "keys"):  # a Params is no Mapping
        raise TypeError(f"params of case({T}) must be a mapping of named arrays, got {validate.brief(params)}.")
    if not list(params.keys()):
        raise ValueError(f"params of case({T}) must hold at least one array, got none.")
    for said, function in (("loss", loss), ("gradient", slope)):
        validate.instance(f"{said} of case({T})", function, Callable, "a function of params")
    for name in params:
        array, what = params[name], f"params[{name!r}] of case({T}) must"
        floating(what, array)
        if not array.size:
            raise ValueError(f"{what} hold at least one number, got shape {array.shape}.")
        if not np.isfinite(array).all():
            raise ValueError(f"{what} be finite, got {array[~np.isfinite(array)][0]}.")
    return Model(params, loss, slope, T, seconds)


def changed(params: Arrays, changes: Iterable[tuple[str, Index, np.ndarray | float]] = ()) -> Arrays:
    """A copy of the same type, with other numbers at some places of some arrays."""
    # A Params isn't a dict, and the learner's functions may want one.
    moved = {name: value.copy() for name, value in params.items()} if type(params) is dict else copy.deepcopy(params)
    for name, where, new in changes:
        moved[name][where] = new
    return moved


def move(params: Arrays, direction: Arrays, step: float) -> Arrays:
    """The weights moved some steps in a direction, which may be one of some arrays only."""
    return changed(params, [(name, (), params[name] + step * by) for name, by in direction.items()])


# ------------------------------------------------------------------------------------------------- guarded calls


def losses(model: Model, points: Iterable[Arrays]) -> np.ndarray:
    """The loss at each of `points`, in one guarded call. Raises LearnerError, of which Unusable is one."""
    return _guarded(model.loss, model.seconds, lambda: np.array([_number(model.loss(point)) for point in points]))


def value(model: Model, params: Arrays | None = None) -> float:
    """The loss at the model's own weights, or at others."""
    return float(losses(model, [changed(model.params if params is None else params)])[0])


def gradient(model: Model, params: Arrays | None = None, before: Arrays | None = None) -> dict[str, np.ndarray]:
    """The model's own gradient, at its own weights or at others, as float64 arrays. Raises LearnerError.

    The loss is called first, with the same weights unless `before` gives others: many models read in the backward
    pass what the forward pass left behind.
    """
    params = model.params if params is None else params
    value(model, params if before is None else before)  # guarded by itself, so that its errors bear its name
    return _guarded(model.gradient, model.seconds, lambda: _read(model.gradient(changed(params)), model.params))


def rescaled(model: Model, names: list[str]) -> Model:
    """The model with its gradient divided by one factor; of `names` it is the right one but for that factor.

    So the slope of the loss along these says how long the gradient should be, at any weights.
    """

    def scaled(params: Arrays) -> Arrays:
        got = gradient(model, params)
        size = math.sqrt(sum(float(np.sum(got[name] ** 2)) for name in names))
        if not size:
            return got
        unit, h = {name: got[name] / size for name in names}, 1e-3
        slope = _slope(losses(model, (move(params, unit, times * h) for times in _FOURTH)), h)
        return {name: array * (slope / size) for name, array in got.items()}

    scaled.__wrapped__ = model.gradient
    return replace(model, gradient=scaled)


def _guarded(function: Callable, seconds: float, run: Callable[[], Any]) -> Any:
    """`run()`, under the guard once for many calls; an error bears the name of the learner's `function`."""
    run.__wrapped__ = function
    try:
        return guard.call(run, seconds=seconds)
    except guard.LearnerError as error:
        if isinstance(error.__cause__, guard.LearnerError):
            raise error.__cause__ from error.__cause__.__cause__
        raise


def _real(value: object, must: str, finite: str) -> np.ndarray:
    """A learner's number or numbers as an array; the sentences say what must be, and that it must be finite."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.dtype.kind not in "fiu":
        raise Unusable(f"{must}, got {validate.brief(value)}.")
    if not np.isfinite(array).all():
        raise Unusable(f"{finite}, got {array[~np.isfinite(array)][0]}.")
    return array


def _number(result: object) -> float:
    """The loss, which comes first where the gradient comes with it."""
    result = result[0] if isinstance(result, tuple | list) and result else result
    must = "loss(params) must return one real number"
    array = _real(result, must, "loss(params) must return a finite number")
    if array.size != 1:
        raise Unusable(f"{must}, got {validate.brief(result)}.")
    return float(array.ravel()[0])


def _read(result: Any, params: Arrays) -> dict[str, np.ndarray]:
    """What a learner's gradient returned, if there is an array of the right shape for each of `params`."""
    if not hasattr(result, "keys"):
        both = " Where case(T) returns two things, the second has to return the loss and the gradient."
        number = both if isinstance(result, float | np.floating) else ""
        got = f"{validate.brief(result)}.{number}"
        raise Unusable(f"gradient(params) must return a mapping of named arrays, got {got}")
    missing = [str(name) for name in params if name not in list(result.keys())]
    if missing:
        others = [str(name) for name in result.keys() if name not in params]  # noqa: SIM118 (it may be no dict)
        instead = f"; it has {', '.join(others)} instead" if others else ""
        must = "gradient(params) must have an entry for every array of params"
        raise Unusable(f"{must}; missing: {', '.join(missing)}{instead}.")
    got = {}
    for name, own in params.items():
        must = f"gradient[{name!r}] must"
        array = _real(result[name], f"{must} be an array of real numbers", f"{must} be finite")
        if array.shape != own.shape:
            hint = " Is it transposed?" if array.shape == own.shape[::-1] else ""
            raise Unusable(f"{must} have the shape of params[{name!r}], {own.shape}, got {array.shape}.{hint}")
        got[name] = array.astype(np.float64)
    return got


# --------------------------------------------------------------------------------------------------- differences


def is_single(arrays: Iterable[np.ndarray]) -> bool:
    """Whether every number fits float32, and they aren't round numbers, which always do."""
    numbers = np.concatenate([array.ravel() for array in arrays])
    numbers = numbers[numbers != 0]
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    return bool(len(numbers) and (single == numbers).all() and (single.view(np.uint32) & 0xFFF).any())


def _slope(values: np.ndarray, step: np.ndarray | float) -> np.ndarray | float:
    """The slope from the losses at -2, -1, 1 and 2 steps, exact to fourth order; exactly zero if they are all equal."""
    back2, back1, on1, on2 = values.T
    return (8 * (on1 - back1) - (on2 - back2)) / (12 * step)


def reference(model: Model, name: str, mine: np.ndarray, count: int) -> tuple[np.ndarray, float, int]:
    """dL/d(params[name]) by differences of fourth order, NaN where not tried; how far it may be off; is it at a kink?

    `mine` is the gradient under test: where the two agree, one step size is enough. Where they do not, the step is
    made smaller until two sizes agree, so that neither a large curvature nor the corner of a ReLU within a step is
    taken for a mistake. At a kink itself every slope between those of the two sides is right; any other says nothing,
    since there is no right one. Of an array of more than `count` numbers a random choice is tried.
    """
    entries = np.arange(mine.size)
    if mine.size > count:
        likely = np.where(mine.ravel() != 0, 1.0, 0.05)  # of a table most rows are not used at all
        entries = np.sort(np.random.default_rng(0).choice(mine.size, count, replace=False, p=likely / likely.sum()))
    places = [np.unravel_index(entry, mine.shape) for entry in entries]
    got = mine.ravel()[entries]
    step = 1e-3 * np.maximum(1, np.abs(model.params[name].ravel()[entries]))
    right, (off, gaps), kink = np.full(len(entries), np.nan), np.zeros((2, len(entries))), 0
    doubtful, here, largest = np.arange(len(entries)), value(model), 0.0
    for least in (1e-3, 1e-7, 1e-8, 1e-8, 1e-8):
        moves = ((places[k], n * step[k]) for k in doubtful for n in _FOURTH)
        points = (changed(model.params, [(name, at, model.params[name][at] + by)]) for at, by in moves)
        values = losses(model, points).reshape(-1, 4)
        h, own = step[doubtful], got[doubtful]
        again = _slope(values, h)
        off[doubtful] = 1.5 * model.noise / h
        back2, back1, on1, on2 = values.T - here
        low, high = np.sort([(back2 - 4 * back1) / (2 * h), (4 * on1 - on2) / (2 * h)], axis=0)  # from either side
        size = np.maximum(np.abs(low), np.abs(high))
        largest = max(size.max(), largest)
        gap = high - low  # for a smooth loss it goes down as the cube of the step
        apart = (gap > np.maximum(least * largest, 16 * off[doubtful])) & (gap > 0.3 * gaps[doubtful])
        gaps[doubtful] = gap
        corner = apart & (low - 1e-6 * size <= own) & (own <= high + 1e-6 * size)
        away = np.abs(own - again)
        settled = np.abs(again - right[doubtful]) <= 1e-3 * away  # not in the first round
        kink = max(kink, *(2 - corner)[apart & settled].tolist(), 0)
        right[doubtful] = np.where(corner & settled, own, again)
        doubtful = doubtful[~settled & (away > 1e-10 * np.abs(got).max(initial=0) + 4 * off[doubtful])]
        step[doubtful] /= 8
        if not len(doubtful):
            break
    whole = np.full(mine.size, np.nan)
    whole[entries] = right
    return whole.reshape(mine.shape), float(np.linalg.norm(off)), kink


@dataclass
class Comparison:
    """One array of a gradient, the right one (NaN where not tried), and how far differences may be off.

    error      |mine - right| / max(|mine|, |right|) in Euclidean norms, beyond what differences can tell
    wrong      whether it is further off than rounding
    away       what is too much, zero where differences can't tell
    silent     whether the right gradient is zero here, so that this says nothing about a factor or a delta
    is_matrix  whether it has rows and columns; `is_vector`: whether all of it is along one axis, the `longest`
    """

    mine: np.ndarray
    right: np.ndarray
    blur: float = 0.0
    kink: int = 0  # 1 if the loss has a corner exactly here, 2 if this is not between its slopes
    elsewhere: float = 0.0  # the error along random directions, if it shows there alone

    def __post_init__(self) -> None:
        self.tried, apart = ~np.isnan(self.right), self.mine - self.right
        mine, right, off = (np.linalg.norm(part[self.tried]) for part in (self.mine, self.right, apart))
        self.error = float((off - 4 * self.blur) / max(mine, right)) if off > 4 * self.blur else self.elsewhere
        self.wrong = self.error > RIGHT
        self.away = np.where(np.abs(apart) > 4 * self.blur, apart, 0)
        self.silent = not np.abs(self.right[self.tried]).max(initial=0) > 4 * self.blur
        self.is_matrix = self.mine.ndim == 2 and min(self.mine.shape) > 1
        self.is_vector = self.mine.size == max(self.mine.shape, default=1)
        self.longest = int(np.argmax(self.mine.shape or 0))


Each = dict[str, Comparison]
Seen = dict[int, Each]
Models = dict[int, Model]


def wrong_of(each: Each, names: Iterable[str] | None = None) -> list[str]:
    """Those of the arrays whose gradient is wrong."""
    return [name for name in names or each if each[name].wrong]


def pooled(each: Each, names: Iterable[str] | None = None) -> Comparison:
    """Several arrays, or all of them, as one."""
    parts = [each[name] for name in names or each]
    return Comparison(*(np.concatenate([getattr(c, side).ravel() for c in parts]) for side in ("mine", "right")))


def compare(model: Model) -> dict[str, Comparison]:
    """The gradient beside its differences, array by array.

    Up to T = 3 all numbers of a small model are tried, up to 6 it is 60 of each array, then 20; fewer if it is slow.
    """
    spent = max(min(timeit.repeat(lambda: value(model), number=1)), 1e-6)  # a coarse clock may not have moved
    mine = gradient(model)
    most = 400 if model.steps <= 3 else 60 if model.steps <= 6 else 20
    count = int(np.clip(model.seconds / 10 / (4 * spent * len(mine)), 12, most))
    compared = {name: Comparison(array, *reference(model, name, array, count)) for name, array in mine.items()}
    # A mistake in the entries that were not tried shows along a random direction.
    large = [name for name, array in mine.items() if array.size > count and not compared[name].wrong]
    for name, (off, _) in zip(large, measured(model, model.params, [[(name, ())] for name in large]), strict=False):
        if off > 2e-6:
            compared[name] = replace(compared[name], elsewhere=off)
    return compared


def measured(model: Model, params: Arrays, groups: list[list[tuple[str, Index]]]) -> list[tuple[float, float]]:
    """How far the gradient of each group of parts is off at `params`, along random directions in it: (off, size) each.

    `off` is relative to the largest slope that was met, `size` is the slope itself relative to it; [] where the loss
    fails, or is too noisy to tell 1e-6. Six calls of the loss for each group, where the full comparison takes four
    for each number.
    """
    rng, h, tries = np.random.default_rng(1), 1e-5, 3
    zeros = {name: np.zeros(shape) for name, shape in model.shapes.items()}
    directions = [
        changed(zeros, ((name, where, rng.normal(size=zeros[name][where].shape)) for name, where in group))
        for group in groups
        for _ in range(tries)
    ]
    try:
        got = gradient(model, params)
        values = losses(model, (move(params, d, side * h) for d in directions for side in (-1, 1)))
    except guard.LearnerError:
        return []
    right = np.diff(values.reshape(-1, tries, 2))[..., 0] / (2 * h)
    told = np.array([sum(np.sum(part * got[name]) for name, part in d.items()) for d in directions]).reshape(-1, tries)
    largest = max(np.abs(right).max(initial=0), np.abs(told).max(initial=0), 1e-300)
    if 20 * model.noise / h / largest >= 1e-6:
        return []
    off, size = np.median(np.abs(right - told), axis=1), np.median(np.abs(right), axis=1)
    return list(zip((off / largest).tolist(), (size / largest).tolist(), strict=True))
