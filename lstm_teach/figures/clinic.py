"""Lesson 07: the ladder of a backward pass, which gradients are wrong at which length, still and as a scene.

May import numpy, matplotlib, and the verdicts of the gradient check.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..gradcheck import verdict
from ..params import GATES, Params
from .scene import Scene
from .style import GRAY, LARGE, LIGHT_GRAY, MAGNITUDE, NORMAL, RIGHT, SMALL, WRONG, new_figure, short, tidy

Errors = Mapping[str, float]  # norm-relative, by matrix
Ladder = Mapping[int, Errors]  # by length of the sequence

COLUMNS = dict(zip(Params.NAMES, (0, 1.4, 2.4, 3.4, 4.4, 5.8, 6.8, 7.8, 8.8), strict=True))  # a gap between V, W and U
FLOOR = 1e-16  # an error of exactly zero is shown as this
WRONG_TINT = "#F6D5C3"  # WRONG, light enough for black numbers on it


def wrong_ones(errors: Errors) -> list[str]:
    """The names of the matrices whose gradient is not right, in the order of `Params.NAMES`."""
    return [name for name in Params.NAMES if verdict(errors[name]) != "right"]


def words(errors: Errors) -> str:
    """Which gradients are wrong, in as few words as they allow: "none", "all W", "all but V", "W and U of i f g"."""
    wrong = wrong_ones(errors)
    if not wrong:
        return "none"
    if len(wrong) == 9:
        return "all nine"
    gates = {block: [gate for gate in GATES if block + gate in wrong] for block in "WU"}
    if len(wrong) == 4 and (len(gates["W"]) == 4 or len(gates["U"]) == 4):
        return "all W" if gates["W"] else "all U"
    if gates["W"] == gates["U"] and "V" not in wrong and len(wrong) < 8:
        return f"W and U of {' '.join(gates['W'])}"
    if len(wrong) >= 6:
        return "all but " + " ".join(name for name in Params.NAMES if name not in wrong)
    return " ".join(wrong)


def ladder_picture(ladders: Mapping[str, Ladder]) -> Figure:
    """One panel for each ladder, by its title: rows are lengths, columns the nine gradients.

    A dot is right; a number is the norm-relative error of a gradient that is not.
    """
    figure = new_figure(900, 100 + 34 * max(len(ladder) for ladder in ladders.values()))
    for axes, (title, ladder) in zip(figure.subplots(1, len(ladders), squeeze=False)[0], ladders.items(), strict=True):
        _frame(axes, list(ladder), title)
        for row, errors in enumerate(ladder.values()):
            for name, x in COLUMNS.items():
                if name in wrong_ones(errors):
                    axes.add_patch(Rectangle((x - 0.47, row - 0.42), 0.94, 0.84, facecolor=WRONG_TINT, edgecolor=WRONG))
                    axes.text(x, row, _number(errors[name]), ha="center", va="center", fontsize=SMALL)
                else:
                    axes.plot(x, row, marker="o", color=RIGHT, markersize=6)
    return figure


def describe_ladder(ladders: Mapping[str, Ladder]) -> str:
    """Say in one line which gradients are wrong at which length, for each ladder."""
    parts = []
    for title, ladder in ladders.items():
        wrong = {}
        for T, errors in ladder.items():
            wrong.setdefault(words(errors), []).append(str(T))
        rungs = "; ".join(f"at T = {', '.join(lengths)}: {said}" for said, lengths in wrong.items())
        parts.append(f"{title}. Wrong {rungs}.")
    return " ".join(parts)


def _number(error: float) -> str:
    return f"{error:.2f}" if error >= 0.01 else short(error, 1)


def _frame(axes: Axes, lengths: Sequence[int], title: str) -> None:
    """Rows and columns of a ladder; the names of the gradients stand above."""
    tidy(axes)
    axes.set_title(title, loc="left", fontsize=LARGE, pad=12)
    axes.set(xlim=(-0.6, 9.4), ylim=(len(lengths) - 0.5, -0.5))
    axes.set_xticks(list(COLUMNS.values()), [f"d{name}" for name in COLUMNS])
    axes.set_yticks(range(len(lengths)), [f"T = {T}" for T in lengths])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=SMALL)
    axes.spines[:].set_visible(False)


def build(lengths: Sequence[int]) -> tuple[Scene, Callable]:
    """Draw what stays; return the scene and `update(ladder, length, right_code, faulty_code)`.

    `ladder` has the errors at each of `lengths`; `length` is the one to look at.
    """
    figure = new_figure(900, 470, layout=None)
    grid = figure.add_axes((0.07, 0.3, 0.47, 0.56))
    _frame(grid, lengths, "")
    edges = np.array([[x - 0.47, x + 0.47] for x in COLUMNS.values()]).ravel()  # every second column is a gap
    mesh = grid.pcolormesh(
        edges, np.arange(len(lengths) + 1) - 0.5, np.zeros((len(lengths), 17)), cmap=MAGNITUDE, vmin=-16, vmax=0
    )
    for row in range(1, len(lengths)):
        grid.axhline(row - 0.5, color="white", linewidth=2)
    crosses = grid.plot([], [], "X", color="white", markeredgecolor="black", markersize=8)[0]
    frame = grid.add_patch(Rectangle((-0.58, -0.5), 9.94, 1, fill=False, linewidth=2.5, clip_on=False, zorder=3))
    bar = figure.colorbar(mesh, cax=figure.add_axes((0.07, 0.225, 0.3, 0.03)), orientation="horizontal")
    bar.set_ticks([-16, -12, -8, -4, 0], labels=["1e-16", "1e-12", "1e-8", "1e-4", "1"], fontsize=SMALL)
    figure.text(0.385, 0.235, "error; a cross: above 1e-7", fontsize=SMALL, va="center")
    figure.text(0.07, 0.96, "The ladder", fontsize=LARGE, va="center")

    beside = figure.add_axes((0.66, 0.225, 0.24, 0.635))
    tidy(beside)
    rows = np.arange(9)
    bars = beside.barh(rows, np.ones(9), left=FLOOR, height=0.72)
    beside.set(xscale="log", xlim=(FLOOR, 10), ylim=(8.6, -0.6))
    beside.set_yticks(rows, [f"d{name}" for name in COLUMNS])
    beside.set_xticks([1e-16, 1e-7, 1], ["1e-16", "1e-7", "1"])
    beside.minorticks_off()
    beside.axvline(1e-7, color=GRAY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
    numbers = [
        beside.text(1.04, row, "", transform=beside.get_yaxis_transform(), va="center", fontsize=SMALL) for row in rows
    ]
    heading = figure.text(0.61, 0.96, "", fontsize=LARGE, va="center")

    lines = []
    for y, label, color in ((0.115, "right", RIGHT), (0.045, "faulty", WRONG)):
        figure.text(0.012, y, label, fontsize=NORMAL, va="center", color=color)
        lines.append(figure.text(0.085, y, "", fontsize=NORMAL, family="monospace", va="center"))
    figure.add_artist(Rectangle((0.075, 0.008), 0.915, 0.145, fill=False, edgecolor=LIGHT_GRAY))
    scene = Scene(figure)
    scene.live(mesh, crosses, frame, *bars, *numbers, heading, *lines)

    def update(ladder: Ladder, length: int, right_code: str, faulty_code: str) -> None:
        cells = np.full((len(lengths), 17), np.nan)
        cells[:, ::2] = [[np.log10(max(ladder[T][name], FLOOR)) for name in COLUMNS] for T in lengths]
        mesh.set_array(cells)
        places = [(COLUMNS[name], row) for row, T in enumerate(lengths) for name in wrong_ones(ladder[T])]
        crosses.set_data(*zip(*places, strict=True) if places else ([], []))
        frame.set_y(list(lengths).index(length) - 0.5)
        wrong = wrong_ones(ladder[length])
        for name, one, number in zip(COLUMNS, bars, numbers, strict=True):
            error = ladder[length][name]
            one.set(width=max(error - FLOOR, 0), facecolor=WRONG if name in wrong else RIGHT)
            number.set_text(f"{'✗' if name in wrong else '✓'}  {_number(error)}")
        heading.set_text(f"At T = {length}: norm-relative errors")
        for line, code in zip(lines, (right_code, faulty_code), strict=True):
            line.set_text("; ".join(filter(None, map(str.strip, code.splitlines()))))

    return scene, update


def picture(ladder: Ladder, length: int, right_code: str, faulty_code: str) -> Figure:
    """The ladder of one fault as a heat map, the nine errors at one length as bars, and the code that was replaced."""
    scene, update = build(list(ladder))
    update(ladder, length, right_code, faulty_code)
    return scene.figure


def describe(ladder: Ladder, length: int, fault: str) -> str:
    """Say in one line from which length on which gradients are wrong, and which at `length`."""
    wrong = {T: wrong_ones(errors) for T, errors in ladder.items()}
    first = next((T for T, names in wrong.items() if names), None)
    never = [f"d{name}" for name in Params.NAMES if not any(name in names for names in wrong.values())]
    if first is None:
        return f"{fault}: all nine gradients are right at every T from {min(ladder)} to {max(ladder)}."
    onward = f"wrong from T = {first} on ({words(ladder[first])})"
    ruled_out = f"Right at every T: {' '.join(never)}." if never else "None is right at every T."
    at = words(ladder[length])
    return f"{fault}: {onward}. At T = {length}, wrong: {at}. {ruled_out}"
