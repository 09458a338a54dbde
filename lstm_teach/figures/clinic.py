"""Lesson 07: the ladder of a backward pass: which gradients are wrong at which length.

May import numpy, matplotlib, and the verdicts of the gradient check.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..gradreport import off
from ..params import GATES, Params
from .scene import Built, Scene, drawn
from .style import LARGE, LIGHT_GRAY, NORMAL, RIGHT, WRONG, bare, new_figure, tidy

Errors = Mapping[str, float]  # norm-relative, by matrix, in the order of `Params.NAMES`
Ladder = Mapping[int, Errors]  # by length of the sequence

COLUMNS = dict(zip(Params.NAMES, (0, 1.4, 2.4, 3.4, 4.4, 5.8, 6.8, 7.8, 8.8), strict=True))  # a gap between V, W and U
WRONG_TINT = "#F3CCDD"  # WRONG, light enough for black numbers on it


def words(errors: Errors) -> str:
    """Which gradients are wrong, in as few words as they allow: "none", "all W", "all but V", "W and U of i f g"."""
    wrong, (V, *gates) = off(errors), Params.NAMES
    for names, said in (([], "none"), (gates[:4], "all W"), (gates[4:], "all U"), ([V, *gates], "all nine")):
        if wrong == names:
            return said
    both = [gate for gate in GATES if {"W" + gate, "U" + gate} <= set(wrong)]
    if len(wrong) == 2 * len(both) < 8:
        return f"W and U of {' '.join(both)}"
    return " ".join(wrong if len(wrong) < 6 else ["all but", *(name for name in Params.NAMES if name not in wrong)])


def ladder_picture(ladders: Mapping[str, Ladder]) -> Figure:
    """One panel for each ladder, by its title: rows are lengths, columns the nine gradients.

    A dot is right; a number is the norm-relative error of a gradient that is not.
    """
    scene = Scene(new_figure(900, 215, layout=None))
    update = _panels(scene, list(ladders), list(next(iter(ladders.values()))), 0.02, 0.75)
    return drawn((scene, update), list(ladders.values()))


def describe(ladders: Mapping[str, Ladder]) -> str:
    """Say in one line which gradients are wrong at which length, for each ladder."""
    parts = []
    for title, ladder in ladders.items():
        wrong = {}
        for T, errors in ladder.items():
            wrong.setdefault(words(errors), []).append(str(T))
        rungs = "; ".join(f"at T = {', '.join(lengths)}: {said}" for said, lengths in wrong.items())
        parts.append(f"{title}. Wrong {rungs}.")
    return " ".join(parts)


def _panels(scene: Scene, titles: Sequence[str], lengths: Sequence[int], bottom: float, height: float) -> Callable:
    """Two ladders side by side; return `update(ladders)`."""
    panels = []
    for number, title in enumerate(titles):
        axes = tidy(scene.figure.add_axes((0.055 + 0.51 * number, bottom, 0.43, height)))
        axes.set_title(title, loc="left", x=-0.09, fontsize=LARGE, pad=12)  # above the names of the rows too
        axes.set(xlim=(-0.6, 9.4), ylim=(len(lengths) - 0.5, -0.5))
        axes.set_xticks(list(COLUMNS.values()), [f"d{name}" for name in COLUMNS])
        axes.set_yticks(range(len(lengths)), [f"T = {T}" for T in lengths])
        axes.xaxis.tick_top()
        bare(axes).tick_params(labelsize=NORMAL)
        (tiles,) = axes.plot([], [], "s", color=WRONG_TINT, markersize=24)
        (dots,) = axes.plot([], [], "o", color=RIGHT, markersize=6)
        numbers = {
            (T, name): axes.text(x, row, "", ha="center", va="center", fontsize=NORMAL)
            for (row, T), (name, x) in product(enumerate(lengths), COLUMNS.items())
        }
        scene.live(tiles, dots, *numbers.values())
        panels.append((tiles, dots, numbers))

    def update(ladders: Sequence[Ladder]) -> None:
        for (tiles, dots, numbers), ladder in zip(panels, ladders, strict=True):
            places = {tiles: [], dots: []}
            for (T, name), text in numbers.items():
                error, wrong = ladder[T][name], name in off(ladder[T])
                text.set_text("" if not wrong else f"{error:.2f}" if error >= 0.01 else "<.01")
                places[tiles if wrong else dots].append(text.get_position())
            for marks, there in places.items():
                marks.set_data(*np.reshape(there, (-1, 2)).T)

    return update


def build(titles: Sequence[str], lengths: Sequence[int]) -> Built:
    """Draw what stays of two ladders side by side; return the scene and `update(ladders, right, faulty)`.

    `ladders` has for each of `titles` the errors at each of `lengths`; `right` is a piece of code, `faulty` what was
    put in its place.
    """
    figure = new_figure(900, 300, layout=None)
    lines = []
    for y, label, color in ((0.16, "right", RIGHT), (0.065, "faulty", WRONG)):
        figure.text(0.012, y, label, fontsize=NORMAL, va="center", color=color)
        lines.append(figure.text(0.085, y, "", fontsize=NORMAL, family="monospace", va="center"))
    figure.add_artist(Rectangle((0.075, 0.01), 0.915, 0.21, fill=False, edgecolor=LIGHT_GRAY))
    scene = Scene(figure, *lines)
    update_panels = _panels(scene, titles, lengths, 0.28, 0.55)

    def update(ladders: Sequence[Ladder], right: str, faulty: str) -> None:
        update_panels(ladders)
        for line, code in zip(lines, (right, faulty), strict=True):
            line.set_text(code)

    return scene, update
