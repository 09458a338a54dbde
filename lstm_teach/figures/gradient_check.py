"""Lesson 02: errors against the step, the loss around a weight, and what a careless check lets by.

May import numpy, matplotlib, and the ladder of the gradient check.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..gradcheck import LADDER
from .scene import Scene
from .style import BLACK, GRAY, LARGE, LIGHT_GRAY, NORMAL, ORANGE, RIGHT, SKY, SMALL, WRONG, new_figure, short, tidy

SCHEMES = {
    "central": {"color": BLACK, "marker": "o", "linestyle": "-"},
    "forward": {"color": ORANGE, "marker": "s", "linestyle": (0, (6, 1.5))},
    "complex step": {"color": SKY, "marker": "^", "linestyle": (0, (6, 1.5, 1, 1.5))},
}
FLOOR, CEILING = 1e-17, 1e4  # an error outside of them is drawn at the edge
WINDOW = 2.2  # of the loss around the weight, in units of step times derivative
NUDGES = ("nudge of the weight, in steps h", "nudge along the imaginary axis, in steps h")
RIGHT_UP_TO, RIGHT_WORD = LADDER[0]


@dataclass(frozen=True)
class Curves:
    """For one weight: its name and index, the loss, the derivative, and the relative errors at every step.

    `error` is that of the estimate, `truncation` the part of it that exact arithmetic would leave, `rounding` the rest:
    {scheme: (n,)}, signed, in parts of the derivative. `rounding` is NaN where it is too small to be told.
    """

    name: str
    index: tuple[int, int]
    loss: float
    derivative: float
    error: dict[str, np.ndarray]
    truncation: dict[str, np.ndarray]
    rounding: dict[str, np.ndarray]


def build(steps: np.ndarray, around: np.ndarray) -> tuple[Scene, Callable]:
    """Draw what stays for `steps` (n,) and nudges of `around` (m,) steps; return the scene and `update`.

    `update(curves, k, scheme, eps, change)`: k is the number of the step, eps the relative spacing of numbers, and
    change (m,) what the loss gains at the nudges, in units of step times derivative.
    """
    figure = new_figure(900, 430, layout=None)
    left = tidy(figure.add_axes((0.075, 0.115, 0.48, 0.69)), xlabel="step h")
    left.set(xscale="log", yscale="log", xlim=(steps[0] / 1.6, steps[-1] * 1.6), ylim=(FLOOR / 3, CEILING * 3))
    left.set_xticks(10.0 ** np.arange(-16, 1, 2))
    left.set_yticks([1e-16, 1e-12, RIGHT_UP_TO, 1e-4, 1, 1e4])
    left.minorticks_off()
    bound = left.axhline(RIGHT_UP_TO, color=LIGHT_GRAY, linewidth=1, zorder=0.4)
    here = left.axvline(steps[0], color=LIGHT_GRAY, linewidth=5, zorder=0.5)
    truncation = left.plot([], [], color=GRAY, linewidth=1.1, linestyle=(0, (1, 1.5)))[0]
    rounding = left.plot([], [], color=GRAY, linewidth=1.1, linestyle=(0, (4, 2)))[0]
    lines = {scheme: left.plot(steps, steps, **style | {"marker": ""})[0] for scheme, style in SCHEMES.items()}
    marks = {
        scheme: left.plot([], [], **style | {"linestyle": ""}, markeredgecolor="white")[0]
        for scheme, style in SCHEMES.items()
    }

    right = tidy(figure.add_axes((0.645, 0.115, 0.345, 0.69)), xlabel=NUDGES[0], ylabel="in units of h × derivative")
    right.set(xlim=(around[0], around[-1]), ylim=(-WINDOW, WINDOW))
    right.set(xticks=(-1, 0, 1), yticks=(-2, -1, 0, 1, 2))
    for line in (right.axhline, right.axvline):
        line(0, color=LIGHT_GRAY, linewidth=0.8)
    tangent = right.plot(around, around, color=RIGHT, linewidth=5, alpha=0.35)[0]
    curve = right.plot(around, around, color=BLACK, linewidth=1.3)[0]
    secant = right.plot(around, around, color=WRONG, linewidth=1.6, linestyle=(0, (5, 2)))[0]
    used = right.plot([], [], color=WRONG, marker="D", markersize=7, linestyle="", markeredgecolor="white")[0]
    ratio = right.text(0.04, 0.97, "", transform=right.transAxes, fontsize=NORMAL, va="top")

    figure.text(0.02, 0.965, "Relative error of the derivative", fontsize=LARGE, va="center")
    figure.text(0.605, 0.965, "Gain of the loss around the weight", fontsize=LARGE, va="center")
    small = {"fontsize": SMALL, "frameon": False, "loc": "upper left", "borderaxespad": 0, "columnspacing": 1.2}
    handles = [Line2D([], [], **style) for style in SCHEMES.values()] + [truncation, rounding, bound]
    names = [*SCHEMES, "truncation alone", "rounding, about", f"{short(RIGHT_UP_TO)}: {RIGHT_WORD} up to here"]
    columns = [0, 3, 1, 4, 2, 5]  # a legend fills its columns one after the other
    handles, names = [handles[k] for k in columns], [names[k] for k in columns]
    figure.legend(handles, names, bbox_to_anchor=(0.02, 0.935), ncols=3, handlelength=3.2, **small)
    handles, names = [curve, tangent, secant], ["as computed", "tangent", "secant"]
    figure.legend(handles, names, bbox_to_anchor=(0.605, 0.935), ncols=3, **small)

    scene = Scene(figure)
    scene.live(here, truncation, rounding, *lines.values(), *marks.values(), curve, secant, used, ratio)

    def update(curves: Curves, k: int, scheme: str, eps: float, change: np.ndarray) -> None:
        here.set_xdata([steps[k], steps[k]])
        for each, error in curves.error.items():
            shown = np.clip(np.abs(error), FLOOR, CEILING)
            lines[each].set(ydata=shown, linewidth=2.4 if each == scheme else 1.2)
            marks[each].set(markersize=11 if each == scheme else 7)
            marks[each].set_data([steps[k]], [shown[k]])
        truncation.set_data(steps, inside(curves.truncation[scheme]))
        rounding.set_data(steps, inside(expected_rounding(curves, steps, scheme, eps)))
        curve.set_ydata(np.clip(change, -3 * WINDOW, 3 * WINDOW))
        ends = np.array([-1.0, 1.0] if scheme == "central" else [0.0, 1.0])
        points, slope = np.interp(ends, around, change), 1 + curves.error[scheme][k]
        used.set_data(ends, points)
        secant.set_ydata(points[0] + slope * (around - ends[0]))
        ratio.set_text(f"secant = {short(slope, 6)} × tangent")
        nudge = NUDGES[scheme == "complex step"]
        if right.get_xlabel() != nudge:
            right.set_xlabel(nudge)
            scene.forget()

    return scene, update


def inside(error: np.ndarray) -> np.ndarray:
    """The size of errors, NaN where it lies beyond the picture."""
    size = np.abs(error)
    return np.where((size < FLOOR) | (size > CEILING), np.nan, size)


def expected_rounding(curves: Curves, steps: np.ndarray, scheme: str, eps: float) -> np.ndarray:
    """About what rounding does to the derivative, relative: eps |L| / h for a difference, eps for the complex step."""
    if scheme == "complex step":
        return np.full_like(steps, eps)
    return eps * curves.loss / (steps * abs(curves.derivative))


def describe(curves: Curves, step: float, k: int, scheme: str, precision: str) -> str:
    """Say in one line how wrong the derivative is at this step, and which of the two errors does it."""
    error, truncation, rounding = (abs(part[scheme][k]) for part in (curves.error, curves.truncation, curves.rounding))
    row, column = curves.index
    at = f"{curves.name}[{row}, {column}], {scheme}, {precision} precision, h = {short(step, 2)}"
    if error == 0:
        return f"{at}: error 0, every digit of the derivative is right."
    if curves.error[scheme][k] == -1:
        return f"{at}: error 1, the step is so small that the loss does not change at all."
    said = f"{at}: error {short(error, 2)}"
    if np.isnan(rounding):
        return f"{said}, all of it truncation."
    larger, smaller = max(truncation, rounding), min(truncation, rounding)
    if larger < 3 * smaller:
        return f"{said}; truncation {short(truncation, 2)} and rounding {short(rounding, 2)} matter both."
    if truncation > rounding:
        return f"{said}; truncation {short(truncation, 2)} dominates, rounding is {short(rounding, 2)}."
    return f"{said}; rounding {short(rounding, 2)} dominates, truncation is {short(truncation, 2)}."


def checks_picture(checks: Sequence[tuple[str, float, float, float]]) -> Figure:
    """What some checks say about a right and a broken backward pass: (name, right error, broken error, bound) each."""
    rows = np.arange(len(checks))
    figure = new_figure(900, 110 + 30 * len(checks), layout=None)
    height = figure.get_figheight() * figure.dpi
    axes = tidy(figure.add_axes((0.26, 48 / height, 0.55, 1 - 110 / height)), xlabel="error that the check computes")
    names, right, broken, bounds = zip(*checks, strict=True)
    bars = axes.barh(rows, np.array(bounds) - FLOOR, left=FLOOR, height=0.7, color=LIGHT_GRAY)
    style = {"linestyle": "", "markeredgecolor": "white"}
    good = axes.plot(np.maximum(right, FLOOR), rows, marker="o", color=RIGHT, markersize=13, **style)[0]
    bad = axes.plot(np.maximum(broken, FLOOR), rows, marker="X", color=WRONG, markersize=8, **style)[0]
    axes.set(xscale="log", xlim=(FLOOR, 10), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(rows, names, fontsize=NORMAL)
    axes.set_xticks([1e-16, 1e-13, 1e-10, RIGHT_UP_TO, 1e-4, 1e-2, 1])
    axes.minorticks_off()
    for row, check in enumerate(checks):
        said = outcome(*check[1:])
        weight = "normal" if said == TELLS_APART else "bold"
        axes.text(1.02, row, said, transform=axes.get_yaxis_transform(), fontsize=NORMAL, va="center", weight=weight)
    title = "What a check says about a right and about a broken pass"
    figure.text(0.02, 1 - 18 / height, title, fontsize=LARGE, va="center")
    figure.legend(
        [good, bad, bars], ["right pass", "broken pass", "the check accepts this"], loc="upper left", ncols=3,
        bbox_to_anchor=(0.26, 1 - 32 / height), fontsize=SMALL, frameon=False, borderaxespad=0,
    )  # fmt: skip
    return figure


TELLS_APART = "tells them apart"


def outcome(right: float, broken: float, bound: float) -> str:
    """What a check with that bound does with the two errors."""
    accepts = right <= bound, broken <= bound
    return {(True, False): TELLS_APART, (True, True): "accepts both", (False, False): "rejects both"}.get(
        accepts, "has it backwards"
    )


def describe_checks(checks: Sequence[tuple[str, float, float, float]]) -> str:
    """Say in one line which checks can be trusted."""
    said: dict[str, list[str]] = {}
    for name, *numbers in checks:
        said.setdefault(outcome(*numbers), []).append(name)
    parts = [f"{len(names)} of {len(checks)}: {words} ({'; '.join(names)})" for words, names in said.items()]
    return ". ".join(parts) + "."
