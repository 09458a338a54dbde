"""The derivative of any loss by differences, with its own error: what `diagnose_model` compares a gradient with.

Imports the guard, case and layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lstm_teach import guard
from lstm_teach.models.case import FOURTH, Arrays, Model, changed, gradient, losses, onward, slope_of
from lstm_teach.models.layout import Piece

RIGHT = 1e-9  # norm-relative; right gradients stay below 1e-11, single precision anywhere leaves 1e-8 and more
_STEP = 1e-3  # a difference of fourth order over such steps is right to 1e-12 or so


def reference(model: Model, name: str, mine: np.ndarray, count: int, here: float) -> Comparison:
    """The gradient of an array beside differences of the loss of fourth order; the loss at the weights is `here`.

    `mine` is the gradient under test: where the two agree, one step size is enough. Where they do not, the step is
    made smaller until two sizes agree, so that neither a large curvature nor the corner of a ReLU within a step is
    taken for a mistake. At a kink itself there is no right slope. Of an array of more than `count` numbers a random
    choice is tried.
    """
    entries = np.arange(mine.size)
    if mine.size > count:
        likely = np.where(mine.ravel() != 0, 1.0, 0.05)  # of a table most rows are not used at all
        entries = np.sort(np.random.default_rng(0).choice(mine.size, count, replace=False, p=likely / likely.sum()))
    places = [np.unravel_index(entry, mine.shape) for entry in entries]
    got, own = mine.ravel()[entries], model.params[name]
    step = _steps(own.ravel()[entries])
    right, (off, gaps), kink = np.full(len(entries), np.nan), np.zeros((2, len(entries))), False
    doubtful, largest = np.arange(len(entries)), 0.0
    for least in (1e-3, 1e-7, 1e-8, 1e-8, 1e-8):
        moves = ((places[k], n * step[k]) for k in doubtful for n in FOURTH)
        values = losses(model, (changed(model.params, [(name, at, own[at] + by)]) for at, by in moves)).reshape(-1, 4)
        h, told = step[doubtful], got[doubtful]
        again = slope_of(values, h)
        off[doubtful] = _off(model, h)
        back2, back1, on1, on2 = values.T - here
        sides = np.array([back2 - 4 * back1, 4 * on1 - on2]) / (2 * h)  # the slope from either side
        largest = max(np.abs(sides).max(), largest)
        gap = np.ptp(sides, axis=0)  # for a smooth loss it goes down as the cube of the step
        apart = (gap > np.maximum(least * largest, 16 * off[doubtful])) & (gap > 0.3 * gaps[doubtful])
        gaps[doubtful] = gap
        away = np.abs(told - again)
        settled = np.abs(again - right[doubtful]) <= 1e-3 * away  # not in the first round
        # Without a corner, slopes over one step and over two that are alike make the next round needless.
        settled |= ~apart & (np.abs(2 * (on1 - back1) - (on2 - back2)) <= 4e-3 * h * away)
        kink = kink or bool((apart & settled).any())
        right[doubtful] = again
        doubtful = doubtful[~settled & (away > 1e-10 * np.abs(got).max(initial=0) + 4 * off[doubtful])]
        step[doubtful] /= 8
        if not len(doubtful):
            break
    whole = np.full(mine.size, np.nan)
    whole[entries] = right
    return Comparison(mine, whole.reshape(mine.shape), float(np.linalg.norm(off)), kink)


def _steps(own: np.ndarray) -> np.ndarray:
    return _STEP * np.maximum(1, np.abs(own))


def _off(model: Model, step: np.ndarray | float) -> np.ndarray | float:
    """How far rounding may move a slope over such steps."""
    return 1.5 * model.noise / step


def surely_right(model: Model, mine: Arrays) -> list[str]:
    """The arrays whose gradient is right along four random directions, as none is that is wrong in any number.

    Sixteen calls of the loss for each of them, where one number takes four. Along a unit vector the slope of n numbers
    is their norm over sqrt(n), as a rule, and so is the error.
    """
    rng, names = np.random.default_rng(5), [name for name, array in mine.items() if array.size > len(FOURTH)]
    for _ in range(4):
        draws = {name: rng.normal(size=mine[name].shape) for name in names}
        units = {name: by / np.linalg.norm(by) for name, by in draws.items()}
        moves = (onward(model.params, {name: by}, n * _STEP) for name, by in units.items() for n in FOURTH)
        slopes = slope_of(losses(model, moves).reshape(-1, 4), _STEP) if names else ()
        off = {name: abs(right - np.vdot(mine[name], units[name])) for name, right in zip(names, slopes, strict=True)}
        least = {name: 0.2 * RIGHT * np.linalg.norm(mine[name]) / np.sqrt(mine[name].size) for name in names}
        names = [name for name in names if off[name] <= least[name] + 2 * _off(model, _STEP)]
    return names


@dataclass
class Comparison:
    """One array of a gradient, the right one (NaN where not tried), and how far differences may be off.

    error      |mine - right| / max(|mine|, |right|) in Euclidean norms, beyond what differences can tell
    wrong      whether it is further off than rounding
    full       whether every number was tried
    away       what is too much, zero where differences can't tell
    loud       where the right gradient is not zero; `silent`: nowhere, so that this says nothing of a factor or a delta
    heard      whether it is not zero along random directions, where only some numbers were tried
    is_matrix  whether it has rows and columns; `is_vector`: whether all of it is along one axis, the `longest`
    """

    mine: np.ndarray
    right: np.ndarray
    blur: float = 0.0
    kink: bool = False  # whether the loss has a corner exactly here, so that there is no right gradient
    elsewhere: float = 0.0  # the error along random directions, if it shows there alone
    heard: bool = False

    def __post_init__(self) -> None:
        self.tried, apart = ~np.isnan(self.right), self.mine - self.right
        mine, right, off = (np.linalg.norm(part[self.tried]) for part in (self.mine, self.right, apart))
        self.error = float((off - 4 * self.blur) / max(mine, right)) if off > 4 * self.blur else self.elsewhere
        self.wrong = self.error > RIGHT
        self.full = bool(self.tried.all())
        self.away = np.where(np.abs(apart) > 4 * self.blur, apart, 0)
        self.loud = np.abs(self.right) > 4 * self.blur
        self.silent = not (self.loud.any() or self.heard)
        self.is_matrix = self.mine.ndim == 2 and min(self.mine.shape) > 1
        self.is_vector = self.mine.size == max(self.mine.shape, default=1)
        self.longest = int(np.argmax(self.mine.shape or 0))


class Each(dict[str, Comparison]):
    """The arrays of one length, compared, and the model that has them."""

    model: Model

    def wrong(self, names: Iterable[str] = ()) -> list[str]:
        """Those of the arrays, or of all, whose gradient is wrong."""
        return [name for name in names or self if self[name].wrong]

    def pooled(self, names: Iterable[str] = ()) -> Comparison:
        """Several arrays, or all of them, as one."""
        parts = [self[name] for name in names or self]
        return Comparison(*(np.concatenate([getattr(c, side).ravel() for c in parts]) for side in ("mine", "right")))

    def part(self, piece: Piece) -> Comparison:
        """The piece's own part of what was compared."""
        whole = self[piece.name]
        return Comparison(whole.mine[piece.where], whole.right[piece.where], whole.blur)


Seen = dict[int, Each]


def compare(model: Model, patience: int = 1) -> Each:
    """The gradient beside its differences: 400 numbers of an array, 120 from T = 4, 20 from 7; fewer if it is slow.

    Then each array gets the same share; what a small one does not need goes to the larger ones. An array that is right
    along random directions is right in every number, and needs no more.
    """
    here, spent = _timed(model)
    mine = gradient(model)
    sure = surely_right(model, mine)
    most = 400 if model.steps <= 3 else 120 if model.steps <= 6 else 20
    left, counts = patience * model.seconds / 10 / (4 * spent), {}
    doubtful = sorted({*mine}.difference(sure), key=lambda name: (mine[name].size, name))
    for k, name in enumerate(doubtful):
        counts[name] = int(np.clip(left / (len(doubtful) - k), 12, most))
        left -= min(counts[name], mine[name].size)
    compared = Each()
    for name, array in mine.items():
        if name in sure:
            blur = np.linalg.norm(_off(model, _steps(model.params[name])))
            compared[name] = Comparison(array, array.copy(), float(blur))
        else:
            compared[name] = reference(model, name, array, counts[name], here)
    compared.model = model
    # A mistake in the entries that were not tried shows along a random direction.
    large = [name for name, c in compared.items() if not c.full and (c.silent or not c.wrong)]
    for name, slope in zip(large, measured(model, [[Piece(name)] for name in large]), strict=False):
        off = 0.0 if compared[name].wrong or slope.off <= 2e-6 else slope.off
        compared[name] = replace(compared[name], elsewhere=off, heard=slope.size > 2e-6)
    return compared


def _timed(model: Model) -> tuple[float, float]:
    """The loss, and how many seconds it computes; on a busy machine it need not be tried in fewer entries."""
    times = []

    def points() -> Iterator[Arrays]:
        for _ in range(5):
            spent = guard.stopwatch()
            yield changed(model.params)
            times.append(spent())

    here, *_ = losses(model, points())
    return float(here), max(min(times), 1e-6)  # a coarse clock may not have moved


def thoroughly(each: Each) -> Each:
    """The same with more of its numbers tried, if there are any left."""
    return each if all(c.full for c in each.values()) else compare(each.model, patience=6)


def multiple(array: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The part of an array that is a multiple of another; zeros where that says nothing: of one number or two."""
    return own * (np.vdot(own, array) / max(np.vdot(own, own), 1e-300)) * (own.size > 2)


class Slope(NamedTuple):
    """Of a gradient along random directions, relative to the largest that was met: the error, and the right one."""

    off: float
    size: float


def error_of(model: Model, names: Iterable[str]) -> float:
    """How far the gradient of these arrays together is off; NaN where that can't be told."""
    return next((slope.off for slope in measured(model, [[*map(Piece, names)]])), np.nan)


def measured(model: Model, groups: list[list[Piece]], across: bool = False) -> list[Slope]:
    """The slope along each group of pieces; [] where the loss fails, or is too noisy to tell 1e-6.

    With `across` only at right angles to the weights, where a penalty on them is flat.

    Six calls of the loss for each group, where the full comparison takes four for each number.
    """
    rng, tries, h = np.random.default_rng(1), 3, 1e-5
    own = model.params  # what is not moved is not in a direction
    directions = [
        changed(
            {p.name: np.zeros_like(own[p.name]) for p in group},
            ((p.name, p.where, rng.normal(size=own[p.name][p.where].shape)) for p in group),
        )
        for group in groups
        for _ in range(tries)
    ]
    for name, by in ((name, by) for direction in directions for name, by in direction.items() if across):
        by -= multiple(by, model.params[name])
    try:
        got = gradient(model)
        values = losses(model, (onward(model.params, d, side * h) for d in directions for side in (-1, 1)))
    except guard.LearnerError:
        return []
    right = np.diff(values.reshape(-1, tries, 2))[..., 0] / (2 * h)
    told = np.array([sum(np.sum(part * got[name]) for name, part in d.items()) for d in directions]).reshape(-1, tries)
    largest = max(np.abs(right).max(initial=0), np.abs(told).max(initial=0), 1e-300)
    if 20 * model.noise / h / largest >= 1e-6:
        return []
    off, size = np.median(np.abs(right - told), axis=1), np.median(np.abs(right), axis=1)
    return [*map(Slope, (off / largest).tolist(), (size / largest).tolist())]
