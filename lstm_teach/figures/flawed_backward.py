"""Lesson 03: the switchboard of four repairs, and the pictures of what the question's loop credits and costs.

May import numpy, matplotlib, and the verdicts of the gradient check.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..gradcheck import LADDER, verdict
from ..nested import FLAWS
from ..params import Params
from .scene import Scene
from .style import (
    COLORS,
    GRAY,
    LARGE,
    LIGHT_GRAY,
    MAGNITUDE,
    NORMAL,
    RIGHT,
    SKY,
    SMALL,
    UNSURE,
    WRONG,
    new_figure,
    short,
    tidy,
)

# Of each flaw: what its repair does, the code as it stands in the lesson's loop, and the code that repairs it.
REPAIRS = {
    "short_range": ("Walk starts at step t", "for s in reversed(range(t)):", "for s in reversed(range(t + 1)):"),
    "stale_cell_delta": (
        "Cell delta starts from zero",
        "dc = dct[0] * (1 - ct[0] ** 2)",
        "dc = np.zeros_like(dh)",
    ),
    "scalar_dot": (
        "Outer product for dW",
        "+= np.dot(dz[gate], h[s - 1])",
        "+= np.outer(dz[gate], h[s - 1])",
    ),
    "carry_accumulates": ("Carry replaces the cell delta", "dc = dc + dc * cache.f[s]", "dc = dc * cache.f[s]"),
}
NUMBERS = {flaw: number for number, flaw in enumerate(FLAWS, 1)}

VERDICTS = {"right": ("o", RIGHT), "close, not exact": ("D", SKY), "suspicious": ("^", UNSURE), "wrong": ("X", WRONG)}
BOUNDS = [bound for bound, _ in LADDER[:-1]]
FLOOR = 1e-17  # the left end of the bars; an error of exactly zero has no bar


def build(vocab_size: int, hidden_size: int) -> tuple[Scene, Callable]:
    """Draw what stays; return the scene and `update(errors, cells, repaired)`.

    `errors` maps the nine names to norm-relative errors, `cells` to arrays of the matrices' shapes (see `picture`).
    """
    figure = new_figure(900, 570, layout=None)
    bars, numbers, marks = _bars(figure)
    fill, mesh = _mosaic(figure, vocab_size, hidden_size)
    frames, veils = _code(figure)
    scene = Scene(figure)
    scene.live(*bars, *numbers, *marks.values(), mesh, *frames, *veils)

    def update(errors: Mapping[str, float], cells: Mapping[str, np.ndarray], repaired: Collection[str]) -> None:
        words = {name: verdict(error) for name, error in errors.items()}
        for name, bar, number in zip(Params.NAMES, bars, numbers, strict=True):
            bar.set(width=max(errors[name] - FLOOR, 0), facecolor=VERDICTS[words[name]][1])
            number.set_text(short(errors[name], 2 if errors[name] >= 1e-3 else 1))
        for word, mark in marks.items():
            rows = [row for row, name in enumerate(Params.NAMES) if words[name] == word]
            mark.set_data(np.full(len(rows), MARK_AT), rows)
        mesh.set_array(fill(cells))
        for flaw, frame, veil in zip(FLAWS, frames, veils, strict=True):
            done = flaw in repaired
            frame.set(x=AFTER if done else BEFORE, edgecolor=RIGHT if done else WRONG, linestyle="-" if done else "--")
            veil.set_x(BEFORE if done else AFTER)

    return scene, update


def picture(errors: Mapping[str, float], cells: Mapping[str, np.ndarray], repaired: Collection[str]) -> Figure:
    """Nine errors as bars, where in each matrix the error sits, and the lines that the repairs change.

    `errors` are norm-relative. `cells` are |got - expected| of each number over the larger norm of the two matrices, so
    that the squares of a matrix's cells add up to the square of its error.
    """
    vocab_size, hidden_size = np.shape(cells["V"])
    scene, update = build(vocab_size, hidden_size)
    update(errors, cells, repaired)
    return scene.figure


def describe(errors: Mapping[str, float], repaired: Collection[str], length: int) -> str:
    """Say in one line which gradients are right after these repairs, at T = `length`, and which is worst."""
    right = [f"d{name}" for name in Params.NAMES if verdict(errors[name]) == "right"]
    worst = max(errors, key=errors.get)
    done = ", ".join(str(NUMBERS[flaw]) for flaw in FLAWS if flaw in repaired) or "nothing"
    if len(right) == 9:
        return f"Repaired: {done}. At T = {length}, all 9 gradients are right; largest error {short(errors[worst])}."
    verb = "is" if len(right) == 1 else "are"
    return (
        f"Repaired: {done}. At T = {length}, {len(right)} of 9 gradients {verb} right ({' '.join(right)}). "
        f"Worst: d{worst}, error {short(errors[worst])}, {verdict(errors[worst])}."
    )


MARK_AT = 1.05  # right of the bars, in parts of their axes' width


def _bars(figure: Figure) -> tuple[list, list, dict]:
    """Bars, their numbers, and one line of markers for each verdict."""
    axes = tidy(figure.add_axes((0.05, 0.435, 0.34, 0.485)))
    rows = np.arange(len(Params.NAMES))
    bars = axes.barh(rows, np.ones(len(rows)), left=FLOOR, height=0.72)
    axes.set(xscale="log", xlim=(FLOOR, 10), ylim=(len(rows) - 0.4, -0.6))
    axes.set_yticks(rows, [f"d{name}" for name in Params.NAMES])
    ticks = [1e-16, 1e-12, *BOUNDS, 1]
    axes.set_xticks(ticks, [short(x) for x in ticks])
    axes.minorticks_off()
    for bound in BOUNDS:
        axes.axvline(bound, color=GRAY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
    beside = axes.get_yaxis_transform()
    marks, numbers = {}, []
    for word, (marker, color) in VERDICTS.items():
        style = {"marker": marker, "color": color, "linestyle": "", "markersize": 7}
        marks[word] = axes.plot([], [], **style, transform=beside, clip_on=False)[0]
    for row in rows:
        numbers.append(axes.text(MARK_AT + 0.04, row, "", transform=beside, va="center", fontsize=SMALL))
    legend = [f"{word.split(',')[0]} (≤ {short(bound)})" for bound, word in LADDER[:-1]] + [LADDER[-1][1]]
    # Titles and legend belong to the figure: what lies in the axes above the bars would be drawn again each time.
    figure.text(0.05, 0.955, "Error of each gradient, norm-relative", fontsize=LARGE, va="center")
    figure.legend(
        [Line2D([], [], marker=m, color=c, linestyle="", markersize=6) for m, c in VERDICTS.values()],
        legend, loc="upper left", bbox_to_anchor=(0.03, 0.395), ncols=4, fontsize=SMALL, frameon=False,
        handletextpad=0, columnspacing=0.7, borderaxespad=0,
    )  # fmt: skip
    return list(bars), numbers, marks


def _mosaic(figure: Figure, vocab_size: int, hidden_size: int) -> tuple[Callable, QuadMesh]:
    """One mesh for all nine matrices: W in the first row, U in the second, V below."""
    K, H = vocab_size, hidden_size
    wide = max(H, K) + 1
    corners = {"V": (2 * H + 4, 0)}
    for column, gate in enumerate("ifog"):
        corners |= {"W" + gate: (0, column * wide), "U" + gate: (H + 2, column * wide)}
    rows, columns = 2 * H + 4 + K, 4 * wide - 1
    axes = figure.add_axes((0.535, 0.36, 0.45, 0.54), anchor="NW", aspect="equal", xlim=(0, columns), ylim=(rows, 0))
    axes.spines[:].set_visible(False)
    axes.set(xticks=[], yticks=[])
    mesh = axes.pcolormesh(np.zeros((rows, columns)), cmap=MAGNITUDE, vmin=-16, vmax=0)
    axes.apply_aspect()
    to_figure = axes.transData + figure.transFigure.inverted()
    figure.text(0.535, 0.955, "Where the error sits", fontsize=LARGE, va="center")
    for name, (row, column) in corners.items():
        figure.text(*to_figure.transform((column, row - 0.25)), f"d{name}", fontsize=SMALL)
    left, bottom = to_figure.transform((wide + 1, corners["V"][0] + 1.5))
    right, top = to_figure.transform((columns - 0.5, corners["V"][0] + 0.2))
    bar = figure.colorbar(
        mesh, cax=figure.add_axes((left, bottom, right - left, top - bottom)), orientation="horizontal"
    )
    bar.set_ticks([-16, -12, -8, -4, 0], labels=["1e-16", "1e-12", "1e-8", "1e-4", "1"], fontsize=SMALL)
    bar.set_label("|error| of a number / norm of its matrix", fontsize=SMALL)

    def fill(cells: Mapping[str, np.ndarray]) -> np.ndarray:
        picture = np.full((rows, columns), np.nan)
        for name, (row, column) in corners.items():
            block = picture[row : row + cells[name].shape[0], column : column + cells[name].shape[1]]
            block[:] = np.log10(np.maximum(cells[name], 1e-16))
        return picture

    return fill, mesh


BEFORE, AFTER = 0.25, 0.615  # where the two columns of code begin, in parts of the picture's width


def _code(figure: Figure) -> tuple[list, list]:
    """The table of the lines that the repairs change; a frame marks the line in use, a veil the other one."""
    line_height, top = 0.058, 0.235
    for x, heading in ((0.012, "Repair"), (BEFORE, "as asked"), (AFTER, "repaired")):
        figure.text(x, top + line_height + 0.002, heading, fontsize=NORMAL, color=GRAY, va="center")
    cover = figure.add_axes((0, 0, 1, 1), zorder=10, facecolor="none", xticks=[], yticks=[])  # above the texts
    cover.spines[:].set_visible(False)
    frames, veils = [], []
    for number, flaw in enumerate(FLAWS):
        words, before, after = REPAIRS[flaw]
        y = top - number * line_height
        figure.text(0.012, y, f"{NUMBERS[flaw]}  {words}", fontsize=NORMAL, va="center")
        for x, line in ((BEFORE, before), (AFTER, after)):
            figure.text(x + 0.008, y, line, fontsize=NORMAL, family="monospace", va="center")
        box = {"xy": (BEFORE, y - line_height * 0.42), "width": AFTER - BEFORE - 0.005, "height": line_height * 0.84}
        frames.append(cover.add_patch(Rectangle(**box, fill=False, linewidth=1.6)))
        veils.append(cover.add_patch(Rectangle(**box, facecolor="white", alpha=0.4, edgecolor="none")))
    return frames, veils


def credit_picture(panels: Mapping[str, Mapping[tuple[int, int], int]]) -> Figure:
    """Which steps a loop credits: one panel per title, `{(t, s): steps back that the dh used at step s has come}`."""
    figure = new_figure(860, 350)
    T = 1 + max(t for pairs in panels.values() for t, _ in pairs)
    for axes, (title, pairs) in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels.items(), strict=True):
        heading = f"{title}: {len(pairs)} of {T * (T + 1) // 2} pairs get credit"
        tidy(axes, heading, "step s that gets credit", "loss of step t")
        axes.set(xlim=(-0.5, T - 0.5), ylim=(T - 0.5, -0.5), xticks=range(T), yticks=range(T))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        for t, s in zip(*np.tril_indices(T), strict=True):
            back = pairs.get((t, s))
            style = {"facecolor": COLORS["h"]} if back == t - s else {"facecolor": UNSURE, "hatch": "//"}
            words = f"dh has come\n{back} step{'' if back == 1 else 's'} back"
            if back is None:
                style, words = {"facecolor": "white", "linestyle": ":"}, "left out"
            axes.add_patch(Rectangle((s - 0.47, t - 0.46), 0.94, 0.92, edgecolor=GRAY, linewidth=0.8, **style))
            box = {"facecolor": style["facecolor"], "edgecolor": "none", "pad": 1.5}
            axes.text(s, t, words, ha="center", va="center", fontsize=SMALL, bbox=box)
    return figure


def describe_credit(panels: Mapping[str, Mapping[tuple[int, int], int]]) -> str:
    """Say in one line how many pairs each loop credits, and in how many dh has come as far back as it should."""
    parts = []
    for title, pairs in panels.items():
        good = sum(back == t - s for (t, s), back in pairs.items())
        parts.append(
            f"{title}: {len(pairs)} pairs of a loss and a step get credit, "
            f"{good} of them with a dh that has come t - s steps back"
        )
    return ". ".join(parts) + "."


def lattice_picture(values: Mapping[frozenset[str], int], total: int, title: str = "") -> Figure:
    """The 16 combinations of repairs from none to all, each with its value: a count out of `total`."""
    figure = new_figure(860, 430)
    axes = tidy(figure.subplots(), title)
    axes.set(xlim=(-0.45, 4.45), ylim=(-3.1, 3.1))
    axes.set_xticks(range(5), ["nothing repaired", "one repair", "two", "three", "all four"], fontsize=NORMAL)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    place, most = {}, max(values.values())
    for count in range(5):
        level = sorted(filter(lambda c: len(c) == count, values), key=_numbers)
        place |= {c: (count, (len(level) - 1) / 2 - k) for k, c in enumerate(level)}
    for c, (x, y) in place.items():
        for flaw in set(FLAWS) - c:
            x_to, y_to = place[c | {flaw}]
            axes.plot([x, x_to], [y, y_to], color=LIGHT_GRAY, zorder=1)
        box = {"boxstyle": "round,pad=0.35", "facecolor": colormaps[MAGNITUDE](values[c] / most), "edgecolor": GRAY}
        ink = "black" if values[c] > most / 2 else "white"
        words = f"{_numbers(c)}\n{values[c]} of {total}"
        axes.text(x, y, words, ha="center", va="center", fontsize=NORMAL, color=ink, linespacing=1.25, bbox=box)
    axes.set_xlabel("  ·  ".join(f"{NUMBERS[flaw]} {words}" for flaw, (words, *_) in REPAIRS.items()), fontsize=NORMAL)
    axes.xaxis.labelpad = 8
    return figure


def describe_lattice(values: Mapping[frozenset[str], int], total: int) -> str:
    """Say in one line what each combination's value is; combinations with the same one are named together."""
    by_value = {}
    for c in sorted(values, key=lambda c: (len(c), _numbers(c))):
        by_value.setdefault(values[c], []).append(_numbers(c))
    return " ".join(f"{value} of {total}: {', '.join(by_value[value])}." for value in sorted(by_value, reverse=True))


def _numbers(repaired: Collection[str]) -> str:
    return "+".join(str(NUMBERS[flaw]) for flaw in FLAWS if flaw in repaired) or "none"


def cost_picture(lengths: Sequence[int], milliseconds: Mapping[str, Sequence[float]]) -> Figure:
    """Measured times of two backward passes against the length, both axes logarithmic."""
    figure = new_figure(700, 340)
    axes = tidy(figure.subplots(), "Time of one backward pass", "length T", "milliseconds")
    styles = ({"color": WRONG, "marker": "s"}, {"color": RIGHT, "marker": "o", "linestyle": "--"})
    for (name, times), style in zip(milliseconds.items(), styles, strict=True):
        axes.plot(lengths, times, label=name, **style)
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(lengths, [str(T) for T in lengths])
    axes.yaxis.set_major_formatter(lambda value, _: short(value))
    axes.minorticks_off()
    axes.grid(axis="y", color=LIGHT_GRAY, linewidth=0.6)
    axes.legend(fontsize=NORMAL, frameon=False)
    return figure


def describe_cost(lengths: Sequence[int], milliseconds: Mapping[str, Sequence[float]]) -> str:
    """Say in one line how the times grow from the first length to the last."""
    parts = [
        f"{name} from {short(times[0], 2)} to {short(times[-1], 2)} ms (times {short(times[-1] / times[0], 2)})"
        for name, times in milliseconds.items()
    ]
    return f"From T = {lengths[0]} to {lengths[-1]}: {', '.join(parts)}."
