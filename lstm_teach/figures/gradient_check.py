"""Lesson 2: errors against the step, and the loss around a weight.

May import numpy, matplotlib, and the ladder of the gradient check.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..gradreport import LADDER
from .scene import Built, Scene
from .style import COLORS, GRAY, LARGE, LIGHT_GRAY, NORMAL, RIGHT, SKY, SMALL, new_figure, short, tidy

SCHEMES = {
    "central": {"color": "black", "marker": "o", "linestyle": "-"},
    "one-sided": {"color": SKY, "marker": "s", "linestyle": (0, (6, 1.5))},
}
FLOOR, CEILING = 1e-13, 1e4  # an error outside of them is drawn at the edge
# How far the right picture reaches, in units of step times derivative: the smallest that holds all that is drawn.
WINDOWS = (2.2, 11, 110, 1100)
RIGHT_UP_TO, RIGHT_WORD = LADDER[0]


@dataclass(frozen=True)
class Curves:
    """For one weight: its name and index, the loss, the derivative, and the relative errors at every step.

    `error` is that of the estimate, `bend` the part of it that exact arithmetic would leave (the truncation error):
    {scheme: (n,)}, signed, in parts of the derivative. What is left of the error is rounding.
    """

    name: str
    index: tuple[int, int]
    loss: float
    derivative: float
    error: dict[str, np.ndarray]
    bend: dict[str, np.ndarray]


def build(steps: np.ndarray, around: np.ndarray) -> Built:
    """Draw what stays for `steps` (n,) and nudges of `around` (m,) steps; return the scene and `update`.

    `update(curves, k, scheme, eps, change)`: k is the number of the step, eps the relative spacing of numbers, and
    change (m,) what the loss gains at the nudges, in units of step times derivative.
    """
    figure = new_figure(900, 430, layout=None)
    left = tidy(figure.add_axes((0.075, 0.115, 0.48, 0.69)), xlabel="nudge")
    left.set(xscale="log", yscale="log", xlim=(steps[0] / 1.6, steps[-1] * 1.6), ylim=(FLOOR / 3, CEILING * 3))
    left.set_xticks(10.0 ** np.arange(-16, 1, 2))
    left.set_yticks([1e-12, 1e-10, RIGHT_UP_TO, 1e-4, 1e-2, 1, 1e2, 1e4])
    left.minorticks_off()
    accepted = f"{RIGHT_WORD} up to {short(RIGHT_UP_TO)}"
    bound = left.axhline(RIGHT_UP_TO, color=RIGHT, linewidth=1.2, zorder=0.4, label=accepted)
    here = left.axvline(steps[0], color=LIGHT_GRAY, linewidth=5, zorder=0.5)
    thin = {"color": GRAY, "linewidth": 1.1}
    (bend,) = left.plot([], [], **thin, linestyle=(0, (1, 1.5)), label="from the bend of the curve")
    (rounding,) = left.plot([], [], **thin, linestyle=(0, (4, 2)), label="from rounding, about")
    lines = {scheme: left.plot(steps, steps, **style | {"marker": ""})[0] for scheme, style in SCHEMES.items()}
    alone = {"linestyle": "", "markeredgecolor": "white"}
    marks = {scheme: left.plot([], [], **style | alone)[0] for scheme, style in SCHEMES.items()}

    right = figure.add_axes((0.66, 0.115, 0.33, 0.69))
    tidy(right, "", "distance from the weight, in nudges", "in units of nudge × true slope")
    right.set(xlim=(around[0], around[-1]), xticks=(-1, 0, 1))
    for line in (right.axhline, right.axvline):
        line(0, color=LIGHT_GRAY, linewidth=0.8, zorder=0.5)
    blank = {"transform": right.transAxes, "facecolor": "white", "edgecolor": "none", "zorder": 0.6}
    right.add_patch(Rectangle((0.02, 0.905), 0.96, 0.085, **blank))  # no line behind the words
    (tangent,) = right.plot(around, around, color=LIGHT_GRAY, linewidth=6, label="true slope")
    (curve,) = right.plot(around, around, color=COLORS["loss"], linewidth=2, label="loss, as computed")
    (secant,) = right.plot(around, around, color="black", linewidth=1.4, linestyle=(0, (5, 2)), label="measured slope")
    (used,) = right.plot([], [], "D", color="black", markersize=7, markeredgecolor="white")
    ratio = right.text(0.04, 0.97, "", transform=right.transAxes, fontsize=NORMAL, va="top")

    figure.text(0.02, 0.965, "Relative error of the measured delta", fontsize=LARGE, va="center")
    figure.text(0.62, 0.965, "The loss around the weight", fontsize=LARGE, va="center")
    small = {"fontsize": SMALL, "frameon": False, "loc": "upper left", "borderaxespad": 0, "columnspacing": 0.9}
    errors = [Line2D([], [], **style, label=scheme) for scheme, style in SCHEMES.items()] + [bend, rounding, bound]
    figure.legend(handles=errors, bbox_to_anchor=(0.02, 0.935), ncols=3, handlelength=2.6, **small)
    figure.legend(handles=[curve, tangent, secant], bbox_to_anchor=(0.62, 0.935), ncols=2, **small)

    scene = Scene(figure, here, bend, rounding, *lines.values(), *marks.values(), tangent, curve, secant, used, ratio)

    def update(curves: Curves, k: int, scheme: str, eps: float, change: np.ndarray) -> None:
        here.set_xdata([steps[k], steps[k]])
        for each, error in curves.error.items():
            shown = np.clip(np.abs(error), FLOOR, CEILING)
            lines[each].set(ydata=shown, linewidth=2.4 if each == scheme else 1.2)
            marks[each].set(data=([steps[k]], [shown[k]]), markersize=11 if each == scheme else 7)
        bend.set_data(steps, inside(curves.bend[scheme]))
        rounding.set_data(steps, inside(expected_rounding(curves, steps, eps)))
        curve.set_ydata(change)
        ends = np.array([-1.0, 1.0] if scheme == "central" else [0.0, 1.0])
        points, slope = np.interp(ends, around, change), 1 + curves.error[scheme][k]
        used.set_data(ends, points)
        secant.set_ydata(points[0] + slope * (around - ends[0]))
        ratio.set_text(f"measured slope = {short(slope, 4)} × true slope")
        highest = max(np.abs(change).max(), np.abs(secant.get_ydata()).max())
        window = next(each for each in WINDOWS if highest <= each)
        if right.get_ylim()[1] != window:
            unit = window / 2.2
            right.set(ylim=(-window, window), yticks=unit * np.arange(-2, 3))
            scene.forget()

    return scene, update


def inside(error: np.ndarray) -> np.ndarray:
    """The size of errors, NaN where it lies beyond the picture."""
    size = np.abs(error)
    return np.where((size < FLOOR) | (size > CEILING), np.nan, size)


def expected_rounding(curves: Curves, steps: np.ndarray, eps: float) -> np.ndarray:
    """About what rounding does to a measured derivative, relative to it: eps |L| / h."""
    return eps * curves.loss / (steps * abs(curves.derivative))


def describe(curves: Curves, step: float, k: int, scheme: str, precision: str) -> str:
    """Say in one line how wrong the derivative is at this step, and which of the two errors does it."""
    error, bend = curves.error[scheme][k], curves.bend[scheme][k]
    opposed, rounding, bend = bend * (error - bend) < 0, abs(error - bend), abs(bend)
    weight, delta = f"{curves.name}{list(curves.index)}", short(curves.derivative, 2)
    at = f"{weight}, {scheme}, {precision} precision, delta {delta}, nudge {short(step, 2)}"
    if error == 0:
        return f"{at}: error 0, every digit is right."
    if error == -1:
        return f"{at}: error 1, since both losses come out as the same number."
    said = f"{at}: error {short(abs(error), 2)}"
    if rounding == 0:
        return f"{said}, all of it from the bend of the curve."
    causes = {"the bend of the curve": bend, "rounding": rounding}
    more, less = sorted(causes, key=causes.get, reverse=True)
    much, little = (short(causes[cause], 2) for cause in (more, less))
    if causes[more] < 3 * causes[less]:
        return f"{said}: {much} from {more}, {'less ' if opposed else ''}{little} from {less}."
    return f"{said}, nearly all from {more} ({less.removeprefix('the ')}: {little})."
