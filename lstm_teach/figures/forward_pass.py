"""Lesson 01: gates and states over time as heat maps, and one unit's cell update as a diagram with its numbers.

May import numpy, matplotlib and lstm_teach.forward.
"""

from collections.abc import Callable

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from ..forward import Cache
from .scene import Scene
from .style import COLORS, LARGE, MAGNITUDE, MARKERS, NAMES, NORMAL, SIGNED, SMALL, new_figure, signed_norm

PANELS = ("i", "f", "o", "g", "c", "h")
CELL_LIMIT = 2  # colors of c saturate where tanh(c), which is all that h can show of it, nearly does: tanh(2) = 0.96
WIDTH, HEIGHT = 900, 530  # pixels
DIAGRAM = 235  # pixels of the height
SCALES = {
    **dict.fromkeys("ifo", (colormaps[MAGNITUDE], Normalize(0, 1))),
    **dict.fromkeys("gh", (colormaps[SIGNED], signed_norm(limit=1))),
    "c": (colormaps[SIGNED], signed_norm(limit=CELL_LIMIT)),
}


def build(hidden_size: int) -> tuple[Scene, Callable[[Cache, int, int], None]]:
    """Draw what stays; return the scene and `update(cache, t, unit)` for the forward pass of a net of that size."""
    figure = new_figure(WIDTH, HEIGHT, layout=None)
    scene = Scene(figure)
    panels = {thing: _panel(figure, thing, hidden_size) for thing in PANELS}
    # Two lines in two colors, so that the mark shows on dark and on light cells.
    marks = [
        axes.plot([], [], color=color, linewidth=width, solid_joinstyle="miter")[0]
        for axes in panels.values()
        for color, width in (("white", 3.2), ("black", 1.4))
    ]
    _color_bar(figure, "i", 792, 28, "i, f, o")
    _color_bar(figure, "g", 792, 162, "g, h")
    _color_bar(figure, "c", 850, 162, "c")
    figure.text(52 / WIDTH, 1 - 268 / HEIGHT, "token\nstep", fontsize=SMALL, ha="right", va="top")
    scene.live(*marks)
    update_diagram = _build_diagram(scene)
    shown: list[int] = []
    maps = {}

    def update(cache: Cache, t: int, unit: int) -> None:
        tokens = cache.x.tolist()
        if tokens != shown:
            shown[:] = tokens
            _set_ticks(panels, tokens)
            for thing, axes in panels.items():
                if thing in maps:
                    maps[thing].remove()
                maps[thing] = scene.live(_heat_map(axes, thing, len(tokens), hidden_size))
        for thing, heat_map in maps.items():
            heat_map.set_array(getattr(cache, thing)[:-1].T)
        column = (t - 0.5, t + 0.5, t + 0.5, t - 0.5, t - 0.5, np.nan, t - 0.5, t + 0.5, np.nan, t - 0.5, t + 0.5)
        bottom, top = hidden_size - 0.5, -0.5
        rows = (top, top, bottom, bottom, top, np.nan, unit - 0.5, unit - 0.5, np.nan, unit + 0.5, unit + 0.5)
        for mark in marks:
            mark.set_data(column, rows)
        update_diagram(cache, t, unit)

    return scene, update


def picture(cache: Cache, t: int, unit: int) -> Figure:
    """Return the picture of a forward pass, with step `t` and `unit` marked in the maps and drawn in the diagram."""
    scene, update = build(cache.h.shape[-1])
    update(cache, t, unit)
    return scene.figure


def diagram(cache: Cache, t: int, unit: int) -> Figure:
    """Return the diagram of one unit's cell update alone."""
    figure = new_figure(WIDTH, DIAGRAM, layout=None)
    _build_diagram(Scene(figure))(cache, t, unit)
    return figure


def describe(cache: Cache, t: int, unit: int) -> str:
    """Say in one line what step `t` does to the cell of `unit`."""
    n = numbers(cache, t, unit)
    steps = f"of 0 to {len(cache.x) - 1}" if len(cache.x) > 1 else "the only one"
    return (
        f"Step {t} ({steps}) reads token {cache.x[t]}. Unit {unit} keeps {number(n['f'])} of its cell value "
        f"{number(n['c_before'])}, that is {number(n['kept'])}, and adds {number(n['i'])} × {number(n['g'])} = "
        f"{number(n['added'])}: c[{t}] = {number(n['c'])}. It shows {number(n['o'])} of tanh(c[{t}]) = "
        f"{number(n['ct'])}: h[{t}] = {number(n['h'])}."
    )


def numbers(cache: Cache, t: int, unit: int) -> dict[str, float]:
    """The numbers of one unit's cell update: those of the cache, `c_before`, and the two parts of the new c."""
    found = {thing: float(getattr(cache, thing)[t, unit]) for thing in ("i", "f", "o", "g", "c", "ct", "h")}
    found["c_before"] = float(cache.c[t - 1, unit])
    found["kept"] = found["f"] * found["c_before"]
    found["added"] = found["i"] * found["g"]
    return found


def number(value: float) -> str:
    """Two decimals, and never a minus before zero."""
    return f"{round(value, 2) + 0.0:.2f}"


# ------------------------------------------------------------------------------------------ heat maps


def _axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in pixels, counted from the top left."""
    total = figure.get_figheight() * figure.dpi
    return figure.add_axes((left / WIDTH, 1 - (top + height) / total, width / WIDTH, height / total))


def _panel(figure: Figure, thing: str, hidden_size: int) -> Axes:
    row, column = divmod(PANELS.index(thing), 3)
    axes = _axes_at(figure, 60 + 242 * column, 28 + 134 * row, 220, 100)
    # Drawn below the live image (zorder), so that they belong to the background and cost nothing.
    axes.set_title(NAMES[thing], fontsize=NORMAL, loc="left", x=0.07, pad=5, zorder=-1)
    axes.plot(
        0.03,
        1.09,
        MARKERS[thing],
        color=COLORS[thing],
        markersize=6,
        transform=axes.transAxes,
        clip_on=False,
        zorder=-1,
    )
    axes.spines[:].set(color=COLORS[thing], linewidth=3.5, zorder=0)  # the map covers the inner half
    axes.tick_params(labelsize=SMALL, length=2)
    axes.set_yticks(range(hidden_size), range(hidden_size) if column == 0 else [""] * hidden_size)
    if column == 0:
        axes.set_ylabel("unit", fontsize=SMALL)
    return axes


def _heat_map(axes: Axes, thing: str, T: int, hidden_size: int) -> QuadMesh:
    """An empty heat map, steps to the right and units downwards; a mesh is drawn four times as fast as an image."""
    colors, norm = SCALES[thing]
    edges = np.arange(T + 1) - 0.5, np.arange(hidden_size + 1) - 0.5
    heat_map = axes.pcolormesh(*edges, np.zeros((hidden_size, T)), cmap=colors, norm=norm)
    axes.set(xlim=(-0.5, T - 0.5), ylim=(hidden_size - 0.5, -0.5))
    return heat_map


def _set_ticks(panels: dict[str, Axes], tokens: list[int]) -> None:
    """Tokens and steps below the lower row; the columns of both rows stand one above the other."""
    T = len(tokens)
    every = 1 if T <= 12 else 2
    labels = [f"{token}\n{t if t % every == 0 else ''}" for t, token in enumerate(tokens)]
    for thing in PANELS:
        panels[thing].set_xticks(range(T), labels if thing in PANELS[3:] else [""] * T)


def _color_bar(figure: Figure, thing: str, left: float, top: float, label: str) -> None:
    colors, norm = SCALES[thing]
    axes = _axes_at(figure, left, top, 12, 100)
    bar = figure.colorbar(ScalarMappable(norm, colors), cax=axes)
    bar.set_ticks([norm.vmin, (norm.vmin + norm.vmax) / 2, norm.vmax])
    ticks = {"c": ["≤ -2", "0", "≥ 2"], "g": ["-1", "0", "1"], "i": ["0", "0.5", "1"]}[thing]
    bar.set_ticklabels(ticks, fontsize=SMALL)
    bar.ax.tick_params(length=2)
    axes.set_title(label, fontsize=NORMAL, pad=5)


# ------------------------------------------------------------------------------------------ diagram

# Boxes of the diagram: center in pixels, the scale whose color they take, and the formula above the number.
BOXES = {
    "c_before": (70, 100, "c", "c[t-1]"),
    "kept": (262, 100, "c", "f · c[t-1]"),
    "added": (400, 186, "c", "i · g"),
    "c": (508, 100, "c", "c[t]"),
    "ct": (654, 100, "g", "tanh c[t]"),
    "h": (836, 100, "g", "h[t]"),
    "f": (166, 186, "f", "f"),
    "i": (300, 186, "i", "i"),
    "g": (500, 186, "g", "g"),
    "o": (750, 186, "o", "o"),
}
OPERATIONS = ((166, 100, "×"), (400, 100, "+"), (750, 100, "×"))
ARROWS = (
    ((102, 100), (153, 100)),
    ((179, 100), (230, 100)),
    ((294, 100), (387, 100)),
    ((413, 100), (476, 100)),
    ((540, 100), (622, 100)),
    ((686, 100), (737, 100)),
    ((763, 100), (804, 100)),
    ((166, 167), (166, 113)),
    ((400, 167), (400, 113)),
    ((750, 167), (750, 113)),
    ((332, 186), (368, 186)),
    ((468, 186), (432, 186)),
)


def _build_diagram(scene: Scene) -> Callable[[Cache, int, int], None]:
    figure = scene.figure
    height = round(figure.get_figheight() * figure.dpi)
    axes = _axes_at(figure, 0, height - DIAGRAM, WIDTH, DIAGRAM)
    axes.set(xlim=(0, WIDTH), ylim=(DIAGRAM, 0))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.patch.set_visible(False)
    heading = axes.text(20, 22, "", fontsize=LARGE, va="center")
    for start, end in ARROWS:
        axes.annotate(
            "", end, start, arrowprops={"arrowstyle": "-|>", "color": "black", "shrinkA": 0, "shrinkB": 0}, zorder=0
        )
    for x, y, sign in OPERATIONS:
        axes.add_patch(Circle((x, y), 13, facecolor="white", edgecolor="black", zorder=0))
        axes.text(x, y, sign, fontsize=LARGE + 2, ha="center", va="center_baseline", zorder=0)
    patches, texts = {}, {}
    for name, (x, y, _, formula) in BOXES.items():
        patches[name] = FancyBboxPatch((x - 28, y - 14), 56, 28, boxstyle="round,pad=4")
        thing = {"c_before": "c", "kept": "f", "added": "i", "ct": "c"}.get(name, name)
        patches[name].set(edgecolor=COLORS[thing], linewidth=3 if name in "ifog" else 1.5)
        axes.add_patch(patches[name])
        texts[name] = axes.text(x, y, "", fontsize=LARGE, ha="center", va="center_baseline")
        above = name not in ("f", "i", "g", "o", "added")
        axes.text(x, y - 28 if above else y + 30, formula, fontsize=NORMAL, ha="center", va="center_baseline", zorder=0)
    for x, y, role in ((166, 60, "keep"), (400, 60, "add"), (581, 88, "squash"), (750, 60, "show")):
        axes.text(x, y, role, fontsize=NORMAL, ha="center", va="center_baseline", style="italic", zorder=0)
    scene.live(heading, *patches.values(), *texts.values())

    def update(cache: Cache, t: int, unit: int) -> None:
        heading.set_text(f"Step {t}, unit {unit}, token {cache.x[t]}")
        for name, value in numbers(cache, t, unit).items():
            color = _color(value, *SCALES[BOXES[name][2]])
            patches[name].set_facecolor(color)
            texts[name].set(text=number(value), color="black" if _is_light(color) else "white")

    return update


def _color(value: float, colors: Colormap, norm: Normalize) -> tuple[float, float, float, float]:
    return colors((value - norm.vmin) / (norm.vmax - norm.vmin))  # calling norm takes ten times as long


def _is_light(color: tuple[float, float, float, float]) -> bool:
    """Whether black text reads better than white: relative luminance of WCAG 2, whose break-even point is 0.18."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return bool(np.dot(linear, (0.2126, 0.7152, 0.0722)) > 0.18)
