"""Lesson 04: many walks against one, the two ways into c[t], and the inspector that lays two passes side by side.

May import numpy, matplotlib, and the names and verdicts of the core.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from itertools import pairwise

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection, QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.colors import FuncNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter

from ..backward import Deltas
from ..gradcheck import verdict
from ..params import GATES, Params
from .flawed_backward import NUMBERS
from .scene import Scene
from .style import (
    COLORS,
    GRAY,
    LARGE,
    LIGHT_GRAY,
    NORMAL,
    RIGHT,
    SIGNED,
    SMALL,
    WRONG,
    new_figure,
    short,
    tidy,
)

QUANTITIES = (
    *("dh_loss", "dh_future", "dh", "dc_hidden", "dc_carry", "dc"),
    *("d" + gate for gate in GATES),
    *("dz" + gate for gate in GATES),
)  # in the order in which a step computes them
GATE_DELTAS = QUANTITIES[6:]
SAME = 1e-9  # of the largest right delta; rounding leaves about 1e-16, the mildest flaw about 1e-3
PARTS = {  # of dh and of dc: the part from the same step and the part from the step after it, each with its color
    "dh": {"dh_loss": COLORS["loss"], "dh_future": COLORS["h"]},
    "dc": {"dc_hidden": COLORS["h"], "dc_carry": COLORS["f"]},
}
HATCHES = (None, "---")  # the part from the step after is striped
TOTAL = {"linestyle": "", "marker": "D", "color": "white", "markeredgecolor": "black", "markersize": 5}


def _signed_root(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.sqrt(np.abs(values))


def _signed_square(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.square(values)


ROOT = (_signed_root, _signed_square)  # the scale of the colors and its inverse


def parted(deltas: Deltas, right: Deltas) -> np.ndarray:
    """Where two passes differ: (14, T) booleans, a row for each of `QUANTITIES`, a column for each step."""
    largest = max(np.abs(getattr(right, name.name)).max() for name in fields(Deltas))
    differences = [np.abs(getattr(deltas, name) - getattr(right, name)).max(axis=1) for name in QUANTITIES]
    return np.array(differences) > SAME * largest


def first_parting(deltas: Deltas, right: Deltas) -> tuple[int, str] | None:
    """Step and quantity where two passes differ first on the way back from the last step; None if they agree."""
    rows, steps = np.nonzero(parted(deltas, right))
    if not steps.size:
        return None
    last = steps.max()
    return int(last), QUANTITIES[rows[steps == last].min()]


# ---------------------------------------------------------------------------------------- walks, and ways into a cell


def walks_picture(T: int) -> Figure:
    """A walk back from the loss of every step, beside one walk that picks up each loss as it passes."""
    figure = new_figure(860, 330)
    many, one = figure.subplots(1, 2)
    inner = T * (T + 1) // 2
    tidy(
        many, f"Two loops: a walk from every loss, {inner} inner steps", "step s that the walk visits", "loss of step t"
    )
    tidy(one, f"A single pass: add the loss, then walk on, {T} steps", "step s that the walk visits")
    for axes in (many, one):
        axes.set(xlim=(-0.7, T), ylim=(-0.7, T - 0.3), xticks=range(T), yticks=range(T))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    for t in range(T):
        _walk(many, range(t, -1, -1), t)
        many.plot(t + 0.72, t, marker="X", markersize=11, color=COLORS["loss"], markeredgecolor="black", zorder=3)
        many.annotate("", (t + 0.16, t), (t + 0.58, t), arrowprops=ARROW | {"color": COLORS["loss"], "linestyle": "--"})
        one.plot(t, T - 1, marker="X", markersize=11, color=COLORS["loss"], markeredgecolor="black", zorder=3)
        one.annotate("", (t, 1.25), (t, T - 1.25), arrowprops=ARROW | {"color": COLORS["loss"], "linestyle": "--"})
    _walk(one, range(T - 1, -1, -1), 1)
    one.set_yticks([1, T - 1], ["the walk", "losses"])
    keys = [
        Line2D([], [], marker="X", color=COLORS["loss"], markeredgecolor="black", linestyle="", label="loss of a step"),
        Line2D([], [], marker="o", color=COLORS["h"], markeredgecolor="black", label="a walk: dh and dc of a step"),
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=2, fontsize=NORMAL, frameon=False)
    return figure


def describe_walks(T: int) -> str:
    """Say in one line what `walks_picture` shows."""
    return (
        f"Left: two loops, {T} walks, each from the loss of a step back to step 0, {T * (T + 1) // 2} inner steps. "
        f"Right: one walk from step {T - 1} back to step 0 that picks up the loss of every step on its way, {T} steps."
    )


ARROW = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "linewidth": 1.5}


def _walk(axes: Axes, steps: Iterable[int], y: float) -> None:
    steps = list(steps)
    for begin, end in pairwise(steps):
        axes.annotate("", (end + 0.16, y), (begin - 0.16, y), arrowprops=ARROW | {"color": COLORS["h"]})
    axes.plot(steps, [y] * len(steps), "o", color=COLORS["h"], markeredgecolor="black", markersize=8)


def ways_picture(parts: Mapping[str, float], step: int) -> Figure:
    """The ways on which h and c of a step reach the loss, each with the delta that comes back on it.

    `parts` holds dh_loss, dh_future, dh, dc_hidden, dc_carry and dc of one unit at `step`.
    """
    figure = new_figure(860, 310)
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(0.1, 3.9))
    axes.axis("off")
    boxes = {
        f"loss of step {step}": (2, 3.5, COLORS["loss"]),
        f"h[{step}]\ndh = {short(parts['dh'], 2)}": (2, 2.05, COLORS["h"]),
        f"c[{step}]\ndc = {short(parts['dc'], 2)}": (2, 0.6, COLORS["c"]),
        f"the four gates of step {step + 1}": (7.8, 2.05, GRAY),
        f"c[{step + 1}]": (7.8, 0.6, COLORS["c"]),
    }
    for words, (x, y, color) in boxes.items():
        box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": color, "linewidth": 1.5}
        axes.text(x, y, words, ha="center", va="center", fontsize=LARGE, bbox=box)
    ways = {  # where the arrow begins and ends, and through what it leads
        "dh_loss": ((2, 3.2), (2, 2.48), "through V and the softmax"),
        "dh_future": ((6.4, 2.05), (2.75, 2.05), "through the four W"),
        "dc_hidden": ((2, 1.62), (2, 1.03), "times o (1 - ct²)"),
        "dc_carry": ((7.3, 0.6), (2.75, 0.6), f"times f[{step + 1}]"),
    }
    for name, color in (PARTS["dh"] | PARTS["dc"]).items():
        begin, end, through = ways[name]
        level = begin[1] == end[1]
        x, y = (4.6, begin[1] + 0.12) if level else (2.2, (begin[1] + end[1]) / 2)
        axes.annotate("", end, begin, arrowprops=ARROW | {"color": color, "linewidth": 3, "mutation_scale": 18})
        align = {"ha": "center", "va": "bottom"} if level else {"ha": "left", "va": "center"}
        axes.text(x, y, f"{name} = {short(parts[name], 2)}, {through}", fontsize=NORMAL, **align)
    return figure


def describe_ways(parts: Mapping[str, float], step: int) -> str:
    """Say in one line what `ways_picture` shows."""
    v = {name: short(number, 2) for name, number in parts.items()}
    into_h = f"{v['dh_loss']} from its own loss, {v['dh_future']} from the gates of step {step + 1}"
    into_c = f"{v['dc_hidden']} through h[{step}], {v['dc_carry']} through c[{step + 1}]"
    return (
        f"Two ways back into h[{step}]: {into_h}; together dh = {v['dh']}. "
        f"Two ways back into c[{step}]: {into_c}; together dc = {v['dc']}."
    )


# ----------------------------------------------------------------------------------------------------- the inspector

WIDTH, HEIGHT = 880, 590  # pixels
MAP = (88, 44, 138, 308)  # left, top, width and height of the map of differences
ROWS = {"deltas": 84, "right": 335}  # tops of the two rows of panels
PANEL_HEIGHT = 184
COLUMNS = {"heat": (292, 132), "dh": (480, 176), "dc": (700, 176)}  # left and width of the three panels of a row


def build(T: int, hidden_size: int) -> tuple[Scene, Callable[..., None]]:
    """Draw what stays; return the scene and `update(deltas, right, errors, repaired, step)` (see `picture`)."""
    figure = new_figure(WIDTH, HEIGHT, layout=None)
    difference, crosses, first, column = _difference_map(figure, T)
    verdicts = _verdicts(figure)
    meshes = {row: _heat_map(figure, row, hidden_size) for row in ROWS}
    bars = {(row, name): _split_bars(figure, row, name, hidden_size) for row in ROWS for name in PARTS}
    moment = figure.text(*_at(346, ROWS["deltas"] - 14), "", fontsize=NORMAL)
    done = _repair_marks(figure)
    bar = _headings(figure, meshes["right"])
    scene = Scene(figure)
    scene.live(difference, crosses, first, column, *verdicts.values(), *meshes.values(), moment, done)
    scene.live(*(artist for _, *artists in bars.values() for artist in artists))

    def update(
        deltas: Deltas, right: Deltas, errors: Mapping[str, float], repaired: Collection[str], step: int
    ) -> None:
        passes = {"deltas": deltas, "right": right}
        apart = parted(deltas, right)
        difference.set_array(apart)
        crosses.set_data(*np.nonzero(apart)[::-1])
        parting = first_parting(deltas, right)
        first.set_visible(parting is not None)
        if parting:
            first.set_xy((parting[0] - 0.5, QUANTITIES.index(parting[1]) - 0.5))
        column.set_x(step - 0.5)
        for word, marks in verdicts.items():
            at = [k for k, name in enumerate(Params.NAMES) if (verdict(errors[name]) == "right") == (word == "right")]
            marks.set_data(at, np.zeros(len(at)))
        moment.set_text(f"t = {step}")
        at = [number for flaw, number in NUMBERS.items() if flaw in repaired]
        done.set_data(at, np.zeros(len(at)))

        color_limit = _round_up(max(np.abs(getattr(right, name)).max() for name in GATE_DELTAS))
        bar_limit = _round_up(max(_extent(right, name) for name in PARTS))
        for row, values in passes.items():
            mesh = meshes[row]
            mesh.set_array(np.array([getattr(values, name)[step] for name in GATE_DELTAS]))
            if mesh.norm.vmax != color_limit:
                mesh.norm.vmin, mesh.norm.vmax = -color_limit, color_limit
                bar.set_ticks(color_limit * np.array([-1, -0.25, 0, 0.25, 1]))
                scene.forget()
            for name in PARTS:
                axes, own, later, stripes, total, *beyond = bars[row, name]
                whole, parts = getattr(values, name)[step], [getattr(values, part)[step] for part in PARTS[name]]
                rectangles = stacked(*parts)
                own.set_verts(rectangles[0])
                later.set_verts(rectangles[1])
                stripes.set_segments(_stripes(rectangles[1], bar_limit))
                total.set_ydata(whole)
                for sign, marks in zip((1, -1), beyond, strict=True):
                    units = np.flatnonzero(np.maximum(sign * np.array(parts), 0).sum(axis=0) > bar_limit)
                    marks.set_data(units, np.full(len(units), 0.95 * sign * bar_limit))
                if axes.get_ylim()[1] != bar_limit:
                    axes.set_ylim(-bar_limit, bar_limit)
                    scene.forget()  # the ticks

    return scene, update


def picture(deltas: Deltas, right: Deltas, errors: Mapping[str, float], repaired: Collection[str], step: int) -> Figure:
    """All deltas of one step, of some pass above and of the right one below, and where the two differ at all.

    `deltas` and `right` hold (T, H) arrays, `errors` the norm-relative errors of the nine gradients of that pass,
    `repaired` the flaws that were repaired in it. Bars and colors have one scale for all steps and both passes, that of
    the right pass; a bar that goes beyond it has a triangle at its cut end, a color beyond it is the darkest one. The
    colors follow the square root of a number, so that small deltas can be told from zero.
    """
    scene, update = build(*right.dh.shape)
    update(deltas, right, errors, repaired, step)
    return scene.figure


def describe(deltas: Deltas, right: Deltas, errors: Mapping[str, float], repaired: Collection[str], step: int) -> str:
    """Say in one line where the two passes part, and how they compare at this step."""
    T = len(right.dh)
    where = f"Step {step}, {T - 1 - step} walked back. Repaired: {repairs(repaired)}."
    wrong = [f"d{name}" for name, error in errors.items() if verdict(error) != "right"]
    verdicts = f"{len(wrong)} of 9 gradients are wrong ({' '.join(wrong)})" if wrong else "all 9 gradients are right"
    parting = first_parting(deltas, right)
    if parting is None:
        after = ", so the fault comes after the deltas" if wrong else ""
        return f"{where} This loop and the right pass agree in every delta at every step; {verdicts}{after}."
    apart = [name for name, row in zip(QUANTITIES, parted(deltas, right), strict=True) if row[step]]
    here = "At this step all 14 deltas agree."
    if apart:
        size = {name: [np.linalg.norm(getattr(d, name)[step]) for d in (deltas, right)] for name in apart}
        most = max(apart, key=lambda name: np.linalg.norm(getattr(deltas, name)[step] - getattr(right, name)[step]))
        got, expected = (short(norm, 2) for norm in size[most])
        here = f"At this step {len(apart)} of 14 differ, most of all {most}: length {got}, right is {expected}."
    return f"{where} This loop first parts from the right pass at step {parting[0]}, in {parting[1]}. {here}"


def repairs(repaired: Collection[str]) -> str:
    """The numbers of some repairs, such as 1+3."""
    return "+".join(str(NUMBERS[flaw]) for flaw in NUMBERS if flaw in repaired) or "nothing"


def stacked(own: np.ndarray, later: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two signed parts (H,) as bars, (H, 4, 2) corners each: with equal signs end to end, else both from zero."""
    base = np.where(np.sign(own) == np.sign(later), own, 0)
    return _rectangles(np.zeros_like(own), own), _rectangles(base, base + later)


def _rectangles(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    left = np.arange(len(start)) - 0.36
    x = np.stack([left, left, left + 0.72, left + 0.72], axis=1)
    return np.stack([x, np.stack([start, end, end, start], axis=1)], axis=2)


def _stripes(rectangles: np.ndarray, limit: float) -> list[np.ndarray]:
    """Lines across some bars, 40 between -limit and limit. (The hatch of a collection takes 3 ms to draw.)"""
    levels = np.linspace(-limit, limit, 41)
    lines = []
    for corners in rectangles:
        (left, right), (low, high) = corners[[0, 2], 0], sorted(corners[:2, 1])
        lines += [np.array([(left, y), (right, y)]) for y in levels[(levels > low) & (levels < high)]]
    return lines


def _extent(deltas: Deltas, name: str) -> float:
    """The largest height that the stacked bars of dh or dc reach at any step."""
    parts = np.array([getattr(deltas, part) for part in PARTS[name]])
    return max(np.maximum(parts, 0).sum(axis=0).max(), np.maximum(-parts, 0).sum(axis=0).max())


def _round_up(value: float) -> float:
    """The next of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value or 1))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value)


def _at(x: float, y: float) -> tuple[float, float]:
    """A place in pixels from the left and from the top, in parts of the figure."""
    return x / WIDTH, 1 - y / HEIGHT


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    return figure.add_axes((left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT))


def _difference_map(figure: Figure, T: int) -> tuple:
    """A cell for each quantity and step, crosses where the passes differ, frames of the first cell and of the step."""
    axes = _axes(figure, *MAP)
    figure.text(*_at(8, 20), "Where the two passes differ", fontsize=LARGE, va="center")
    rows = len(QUANTITIES)
    edges = np.arange(T + 1) - 0.5, np.arange(rows + 1) - 0.5
    colors = ListedColormap([LIGHT_GRAY, WRONG])
    mesh = axes.pcolormesh(*edges, np.zeros((rows, T)), cmap=colors, vmin=0, vmax=1, edgecolor="white", linewidth=1)
    axes.set(xlim=(-0.5, T - 0.5), ylim=(rows - 0.5, -0.5), xticks=range(T))
    axes.set_yticks(range(rows), QUANTITIES)
    axes.set_xlabel("step t (the walk goes left)", fontsize=SMALL)
    axes.tick_params(labelsize=SMALL, length=0)
    axes.spines[:].set_visible(False)
    (crosses,) = axes.plot([], [], linestyle="", marker="x", color="black", markersize=5)
    frame = {"fill": False, "clip_on": False}
    column = axes.add_patch(Rectangle((0, -0.5), 1, rows, edgecolor="black", linewidth=1.6, **frame))
    first = axes.add_patch(Rectangle((0, 0), 1, 1, edgecolor=COLORS["i"], linewidth=3, zorder=4, **frame))
    keys = (
        Patch(facecolor=LIGHT_GRAY, label="same"),
        Line2D([], [], marker="x", color="black", linestyle="", markersize=5, label="differs"),
        Rectangle((0, 0), 1, 1, fill=False, edgecolor=COLORS["i"], linewidth=2.5, label="first"),
        Rectangle((0, 0), 1, 1, fill=False, edgecolor="black", linewidth=1.6, label="this step"),
    )
    _key(figure, keys, 8, 392, columns=2)
    return mesh, crosses, first, column


def _verdicts(figure: Figure) -> dict[str, Line2D]:
    """A mark for each of the nine gradients: one line of marks for the right ones, one for the others."""
    figure.text(*_at(8, 466), "Gradients of this loop", fontsize=LARGE, va="center")
    axes = _axes(figure, 14, 482, 214, 26)
    axes.set(xlim=(-0.5, 8.5), ylim=(-1, 1), yticks=[])
    axes.set_xticks(range(9), Params.NAMES)
    axes.tick_params(labelsize=SMALL, length=0)
    axes.spines[:].set_visible(False)
    marks = {
        word: axes.plot([], [], marker=marker, color=color, linestyle="", markersize=8, label=word)[0]
        for word, marker, color in (("right", "o", RIGHT), ("wrong", "X", WRONG))
    }
    _key(figure, marks.values(), 8, 530, columns=2)
    return marks


def _repair_marks(figure: Figure) -> Line2D:
    """A mark above the number of each repair that is on."""
    figure.text(*_at(8, 566), "Repairs that are on", fontsize=NORMAL, va="center")
    axes = _axes(figure, 130, 553, 98, 14)
    axes.set(xlim=(0.5, 4.5), ylim=(-1, 1), yticks=[], xticks=list(NUMBERS.values()))
    axes.tick_params(labelsize=SMALL, length=0)
    axes.spines[:].set_visible(False)
    axes.plot(list(NUMBERS.values()), [0] * 4, linestyle="", marker="s", color="white", markeredgecolor=GRAY, zorder=1)
    return axes.plot([], [], linestyle="", marker="s", color="black", zorder=2)[0]


def _heat_map(figure: Figure, row: str, hidden_size: int) -> QuadMesh:
    """The deltas of the gates and of their pre-activations, a column for each unit."""
    left, width = COLUMNS["heat"]
    axes = _axes(figure, left, ROWS[row], width, PANEL_HEIGHT)
    rows = len(GATE_DELTAS)
    edges = np.arange(hidden_size + 1) - 0.5, np.arange(rows + 1) - 0.5
    mesh = axes.pcolormesh(*edges, np.zeros((rows, hidden_size)), cmap=SIGNED, norm=FuncNorm(ROOT, -1, 1))
    axes.set(ylim=(rows - 0.5, -0.5), xticks=range(hidden_size))
    axes.set_yticks(range(rows), GATE_DELTAS)
    axes.tick_params(labelsize=SMALL, length=0)
    for label, name in zip(axes.get_yticklabels(), GATE_DELTAS, strict=True):
        label.set(color=COLORS[name[-1]], weight="bold")
    axes.set_xlabel("unit", fontsize=SMALL, labelpad=1)
    return mesh


def _split_bars(figure: Figure, row: str, name: str, hidden_size: int) -> tuple:
    """Axes, the bars of the two parts, stripes over the second, marks of their sum, and marks of cut bars."""
    left, width = COLUMNS[name]
    axes = tidy(_axes(figure, left, ROWS[row], width, PANEL_HEIGHT))
    axes.axhline(0, color=GRAY, linewidth=0.8, zorder=0.5)
    axes.set(xlim=(-0.6, hidden_size - 0.4), xticks=range(hidden_size))
    axes.set_xlabel("unit", fontsize=SMALL, labelpad=1)
    axes.yaxis.set_major_formatter(lambda value, _: short(value))
    own, later = (
        axes.add_collection(PolyCollection([], facecolor=color, edgecolor="black", linewidth=0.6))
        for color in PARTS[name].values()
    )
    stripes = axes.add_collection(LineCollection([], color="black", linewidth=0.6))
    (total,) = axes.plot(range(hidden_size), np.zeros(hidden_size), **TOTAL, zorder=3)
    beyond = TOTAL | {"markersize": 8, "zorder": 4}
    cut = [axes.plot([], [], **beyond | {"marker": marker})[0] for marker in "^v"]
    return axes, own, later, stripes, total, *cut


def _headings(figure: Figure, mesh: QuadMesh) -> Colorbar:
    """The headings of the three columns, what the bars are, and the color bar."""
    figure.text(*_at(262, 20), "Gate deltas by unit", fontsize=LARGE, va="center")
    for words, top in zip(("This loop", "The right pass"), ROWS.values(), strict=True):
        figure.text(*_at(262, top - 14), words, fontsize=NORMAL, weight="bold")
    origins = {"dh": ("the loss of step t", "step t+1"), "dc": ("h of step t", "c of step t+1")}
    for name, parts in PARTS.items():
        left = COLUMNS[name][0] - 32
        figure.text(*_at(left, 20), f"{name} by unit", fontsize=LARGE, va="center")
        keys = [
            Patch(facecolor=color, edgecolor="black", linewidth=0.6, hatch=hatch, label=f"{part}, from {origin}")
            for (part, color), hatch, origin in zip(parts.items(), HATCHES, origins[name], strict=True)
        ]
        keys.append(Line2D([], [], **TOTAL, label=f"{name}, their sum"))
        _key(figure, keys, left, 30, columns=1)
    note = "A bar that ends in a triangle goes beyond the scale."
    figure.text(*_at(COLUMNS["dh"][0] - 32, 572), note, fontsize=SMALL)
    left, width = COLUMNS["heat"]
    bar = figure.colorbar(mesh, cax=_axes(figure, left, 556, width, 9), orientation="horizontal", extend="both")
    bar.ax.tick_params(labelsize=SMALL)
    bar.formatter = FuncFormatter(lambda value, _: short(value))
    return bar


def _key(figure: Figure, handles: Iterable[Artist], x: float, y: float, columns: int) -> None:
    figure.legend(
        handles=list(handles), loc="upper left", bbox_to_anchor=_at(x, y), ncols=columns, fontsize=SMALL, frameon=False,
        borderaxespad=0, borderpad=0, handlelength=1.4, handletextpad=0.5, columnspacing=1.2, labelspacing=0.35,
    )  # fmt: skip
