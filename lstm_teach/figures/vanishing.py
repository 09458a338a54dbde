"""Lesson 05: how far a loss reaches back, and which step is credited with it.

Both pictures have absolute logarithmic scales with fixed ends, so that a smaller gradient looks smaller.
"""

from collections.abc import Callable

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import PcolorImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullLocator

from ..flow import GradientFlow
from ..params import GATES
from ..rnn import GradientFlow as VanillaFlow
from .scene import Scene
from .style import (
    BLACK,
    COLORS,
    GRAY,
    LIGHT_GRAY,
    MAGNITUDE,
    NAMES,
    NORMAL,
    ORANGE,
    SKY,
    SMALL,
    line_style,
    new_figure,
    percent,
    short,
    tidy,
)

REACH_STEPS = 80  # the longest sequence of the first picture
REACH_LIMITS = 1e-20, 1e20
GATE_LIMITS = 1e-16, 1e4
CREDIT_LIMITS = 1e-9, 1e3
LOST = 1e-3  # the horizon: where three orders of magnitude are gone

LINES = {
    "lstm": {"color": BLACK, "linestyle": "-", "marker": "P", "label": "LSTM"},
    "alone": {"color": COLORS["f"], "linestyle": (0, (1, 1.2)), "marker": None, "label": "forget gates alone"},
    "rnn": {"color": SKY, "linestyle": (0, (5, 1.5)), "marker": "v", "label": "vanilla RNN"},
    "loop": {"color": ORANGE, "linestyle": (0, (6, 1.5, 1, 1.5)), "marker": "X", "label": "the question's loop"},
}


def horizon(norms: np.ndarray) -> int | None:
    """How many steps back `norms`, from the loss backwards, has lost three orders; None if it never has."""
    lost = np.flatnonzero(norms < LOST * norms[0])
    return int(lost[0]) if lost.size else None


def backwards(norms: np.ndarray, s: int) -> np.ndarray:
    """Row s of a (T, T) array from step s back to step 0; what a picture with a log scale can't show is NaN."""
    row = norms[s, s::-1]
    return np.where((row > 0) & np.isfinite(row), row, np.nan)


def build_reach() -> tuple[Scene, Callable[[GradientFlow, VanillaFlow, GradientFlow, int, str], None]]:
    """Draw what stays of "what reaches back"; return the scene and `update(lstm, vanilla, loop, s, variant)`."""
    figure = new_figure(900, 600)
    figure.get_layout_engine().set(wspace=0.06)
    hidden, cell, gates = figure.subplot_mosaic("hc;gg", height_ratios=(1.25, 1)).values()
    tidy(hidden, "What reaches the hidden state", ylabel="$|dL_s/dh[t]|$")
    tidy(cell, "What reaches the cell", ylabel="$|dL_s/dc[t]|$")
    tidy(
        gates,
        "What reaches the gates",
        "steps back from the loss, s - t (time runs to the right)",
        "$|dL_s/dz[t]|$",
    )
    for axes, limits, decades in ((hidden, REACH_LIMITS, 10), (cell, REACH_LIMITS, 10), (gates, GATE_LIMITS, 5)):
        axes.set(xlim=(REACH_STEPS + 0.5, -1.5), yscale="log", ylim=limits)
        axes.yaxis.set_major_locator(LogLocator(10.0**decades))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.axhline(1, color=LIGHT_GRAY, linewidth=0.8, zorder=0)

    def line(axes, key):
        return axes.plot([], [], linewidth=1.6, markersize=5, markevery=10, **LINES[key])[0]

    in_hidden = {key: line(hidden, key) for key in ("rnn", "lstm", "loop")}
    in_cell = {key: line(cell, key) for key in ("alone", "lstm", "loop")}
    in_gates = {gate: gates.plot([], [], markevery=10, **line_style(gate))[0] for gate in GATES}
    marks = {axes: axes.axvline(0, color=GRAY, linewidth=1, linestyle=(0, (4, 2))) for axes in (hidden, cell)}
    which = cell.text(1, 1.03, "", transform=cell.transAxes, ha="right", fontsize=NORMAL)
    legend = [Line2D([], [], linewidth=1.6, markersize=5, **style) for style in LINES.values()]
    legend.append(Line2D([], [], color=GRAY, linewidth=1, linestyle=(0, (4, 2)), label="LSTM: three orders lost"))
    figure.legend(handles=legend, loc="outside upper left", ncols=5, fontsize=NORMAL, frameon=False, handlelength=3)
    gates.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=4, fontsize=NORMAL, frameon=False, handlelength=3)
    gates.get_legend().set(zorder=0, in_layout=False)

    scene = Scene(figure)
    scene.live(*in_hidden.values(), *in_cell.values(), *in_gates.values(), *marks.values(), which)

    def update(lstm: GradientFlow, vanilla: VanillaFlow, loop: GradientFlow, s: int, variant: str) -> None:
        which.set_text(f"loop: {variant}")
        back = np.arange(s + 1)
        for artist, norms in (
            (in_hidden["lstm"], lstm.dh),
            (in_hidden["rnn"], vanilla.dh),
            (in_hidden["loop"], loop.dh),
            (in_cell["lstm"], lstm.dc),
            (in_cell["alone"], lstm.predicted),
            (in_cell["loop"], loop.dc),
            *((in_gates[gate], getattr(lstm, f"dz{gate}")) for gate in GATES),
        ):
            artist.set_data(back, backwards(norms, s))
        for axes, norms in ((hidden, lstm.dh), (cell, lstm.dc)):
            steps = horizon(norms[s, s::-1])
            marks[axes].set(xdata=[steps or 0] * 2, visible=steps is not None)

    return scene, update


def reach_picture(
    lstm: GradientFlow, vanilla: VanillaFlow, loop: GradientFlow, s: int, variant: str = "as posted"
) -> Figure:
    """Return the picture of what the loss at step `s` sends back: the flows of the three, and which loop it is."""
    scene, update = build_reach()
    update(lstm, vanilla, loop, s, variant)
    return scene.figure


def describe_reach(
    lstm: GradientFlow, vanilla: VanillaFlow, loop: GradientFlow, s: int, variant: str = "as posted"
) -> str:
    """Say in one line what the picture shows."""
    if s == 0:
        return (
            f"The loss at step 0 has no step to go back to: |dL/dc| is {short(lstm.dc[0, 0])} there, and that is all."
        )
    steps = horizon(lstm.dc[s, s::-1])
    lost = f"three orders are lost after {steps} steps" if steps else "it never loses three orders"
    largest = loop.dc[s, :s].max()
    loop_says = f"ends at {short(loop.dc[s, 0], 2)}" if np.isfinite(largest) else "overflows: its numbers exceed 1e154"
    outside = " (outside the picture)" if np.isfinite(largest) and largest > REACH_LIMITS[1] else ""
    return (
        f"From the loss at step {s} back to step 0, |dL/dc| of the LSTM goes from {short(lstm.dc[s, s], 2)} to "
        f"{short(lstm.dc[s, 0], 2)}: {lost}. The forget gates alone would leave {short(lstm.predicted[s, 0], 2)}. "
        f"The question's loop, {variant}, {loop_says}{outside}. |dL/dh| of the LSTM ends at {short(lstm.dh[s, 0], 2)}, "
        f"of the vanilla RNN at {short(vanilla.dh[s, 0], 2)}."
    )


PATHS = ("loss", "cell", *GATES)
PATH_COLORS = {"loss": COLORS["loss"], "cell": GRAY, **{gate: COLORS[gate] for gate in GATES}}
PATH_NAMES = {"loss": "own loss", "cell": "straight from c[t+1]", **{gate: f"through {NAMES[gate]}" for gate in GATES}}
HATCHES = {"loss": "", "cell": "", "i": "//", "f": "\\\\", "o": "..", "g": "xx"}
SHARE_LIMITS = -0.8, 1.8
NOTES = {False: "absolute colors", True: "each row by itself, sizes hidden"}


def build_credit(steps: int) -> tuple[Scene, Callable[..., None]]:
    """Draw what stays of "who is credited"; return the scene and `update(flow, quantity, s, t, by_row)`.

    `quantity` is "h" or "c", `by_row` divides each row of the heat map by its largest value.
    """
    figure = new_figure(900, 620, layout=None)

    def panel(left, top, width, height):  # pixels, from the upper left corner
        return figure.add_axes((left / 900, 1 - (top + height) / 620, width / 900, height / 620))

    heat, column = panel(150, 30, 460, 270), panel(655, 30, 230, 270)
    row, bars = panel(150, 352, 460, 85), panel(150, 490, 460, 85)
    color_bars = {False: panel(62, 30, 14, 270), True: panel(62, 30, 14, 270)}  # in one place: one is shown
    tidy(heat, "Each loss (row) and each step's state (column)", ylabel="loss step s")
    tidy(column, "Column: losses that t acts on", "|delta|, absolute")
    tidy(row, "Row: the loss at step s, going back", ylabel="|delta|")
    tidy(bars, "Row: the paths that it came on, as shares", "state step t", "share")
    scales = {False: LogNorm(*CREDIT_LIMITS, clip=True), True: Normalize(0, 1)}
    color_map = matplotlib.colormaps[MAGNITUDE].with_extremes(bad="white")
    edges = np.arange(steps + 1) - 0.5
    blank = np.zeros((steps, steps, 4), np.uint8)
    image = heat.add_image(PcolorImage(heat, edges, edges, blank))  # half as long to draw as imshow's
    heat.set(xlim=(-0.5, steps - 0.5), ylim=(-0.5, steps - 0.5))
    for by_row, axes in color_bars.items():
        figure.colorbar(ScalarMappable(scales[by_row], color_map), cax=axes)
        axes.tick_params(labelsize=SMALL)
        axes.yaxis.set_ticks_position("left")
        axes.yaxis.set_label_position("left")
        axes.set_ylabel("|delta| / the row's largest" if by_row else "absolute: |delta|", fontsize=NORMAL)
    for axes in (row, bars):
        axes.set_xlim(heat.get_xlim())
    column.set_ylim(heat.get_ylim())
    row.set(yscale="log", ylim=CREDIT_LIMITS)
    column.set(xscale="log", xlim=CREDIT_LIMITS)
    for axis in (row.yaxis, column.xaxis, color_bars[False].yaxis):
        axis.set_major_locator(LogLocator(1e3))
        axis.set_minor_locator(NullLocator())
    bars.set(ylim=SHARE_LIMITS, yticks=(0, 1), yticklabels=("0", "100 %"))
    bars.axhline(0, color=GRAY, linewidth=0.8)
    bars.axhline(1, color=LIGHT_GRAY, linewidth=0.8, zorder=0)

    note = heat.text(0.98, 0.04, NOTES[False], transform=heat.transAxes, ha="right", fontsize=NORMAL)
    outline = [withStroke(linewidth=3.5, foreground="white")]
    cursor_row, cursor_column = {"color": BLACK, "linewidth": 1.5}, {"color": BLACK, "linewidth": 1.5, "dashes": (4, 2)}
    across, down = heat.plot([], [], **cursor_row)[0], heat.plot([], [], **cursor_column)[0]
    across.set_path_effects(outline)
    down.set_path_effects(outline)
    row_line, column_line = row.plot([], [], **cursor_row)[0], column.plot([], [], **cursor_column)[0]
    row_dot, column_dot = (axes.plot([], [], "o", color=ORANGE, markersize=7)[0] for axes in (row, column))
    look = {path: {"facecolor": PATH_COLORS[path], "edgecolor": "white", "hatch": HATCHES[path]} for path in PATHS}
    stacks = {path: bars.add_patch(PathPatch(Path(np.zeros((1, 2))), linewidth=0.4, **look[path])) for path in PATHS}
    here = bars.axvline(0, color=BLACK, linewidth=0.8, linestyle=(0, (1, 1.5)))
    handles = [Patch(label=PATH_NAMES[path], **look[path]) for path in PATHS]
    title = "Paths into the state at step t"
    legend = figure.legend(handles=handles, title=title, fontsize=NORMAL, title_fontsize=NORMAL, frameon=False)
    legend.set(loc=(645 / 900, 45 / 620), alignment="left")

    scene = Scene(figure)
    scene.live(note, image, across, down, row_line, row_dot, column_line, column_dot, *stacks.values(), here)

    def show_color_bar(by_row: bool) -> None:
        for kind, axes in color_bars.items():
            axes.set_visible(kind == by_row)
        scene.forget()

    show_color_bar(False)

    def update(flow: GradientFlow, quantity: str, s: int, t: int, by_row: bool = False) -> None:
        norms, shares = quantities(flow, quantity, s)
        shown = np.ma.masked_where(~np.tri(steps, dtype=bool), norms / norms.max(1, keepdims=True) if by_row else norms)
        image.set_data(edges, edges, color_map(scales[by_row](shown), bytes=True))
        note.set_text(NOTES[by_row])
        if color_bars[False].get_visible() == by_row:
            show_color_bar(by_row)
        across.set_data([-0.5, s], [s, s])
        down.set_data([t, t], [t, steps - 0.5])
        here.set_xdata([t, t])
        row_line.set_data(np.arange(s + 1), np.maximum(norms[s, : s + 1], CREDIT_LIMITS[0] / 10))
        column_line.set_data(np.maximum(norms[t:, t], CREDIT_LIMITS[0] / 10), np.arange(t, steps))
        row_dot.set_data([t], [norms[s, t]])
        column_dot.set_data([norms[s, t]], [s])
        for path, outline in stacked(shares).items():
            stacks[path].set_path(outline)

    return scene, update


def quantities(flow: GradientFlow, quantity: str, s: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The (T, T) norms of dh or dc, and the shares of each path for the loss at s: (s + 1,) each, adding up to 1."""
    norms, paths = (flow.dh, flow.dh_paths) if quantity == "h" else (flow.dc, flow.dc_paths)
    size = np.where(norms[s, : s + 1], norms[s, : s + 1], 1)
    return norms, {path: parts[s, : s + 1] / size for path, parts in paths.items()}


def stacked(shares: dict[str, np.ndarray]) -> dict[str, Path]:
    """The outline of all bars of each of `PATHS`: positive shares pile up, negative ones pile down."""
    steps = np.arange(len(shares["loss"]))
    left, right = steps - 0.42, steps + 0.42
    up, down = np.zeros((2, len(steps)))
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(steps))
    outlines = {}
    for path in PATHS:
        share = shares.get(path, np.zeros(len(steps)))
        start = np.where(share >= 0, up, down)
        up, down = up + np.maximum(share, 0), down + np.minimum(share, 0)
        across, along = np.array([left, right, right, left, left]), start + np.outer([0, 0, 1, 1, 0], share)
        outlines[path] = Path(np.stack([across.T.ravel(), along.T.ravel()], axis=1), codes)
    return outlines


def credit_picture(flow: GradientFlow, quantity: str, s: int, t: int, by_row: bool = False) -> Figure:
    """Return the picture of a flow with the cursor at loss step s and state step t."""
    scene, update = build_credit(len(flow.dh))
    update(flow, quantity, s, t, by_row)
    return scene.figure


def describe_credit(flow: GradientFlow, quantity: str, s: int, t: int, by_row: bool = False) -> str:
    """Say in one line what the picture shows; with `by_row`, what it hides."""
    norms, shares = quantities(flow, quantity, s)
    hears = norms[t:, t]
    loudest = t + int(hears.argmax())
    order = sorted(shares, key=lambda path: -abs(shares[path][t]))[:2]
    parts = " and ".join(f"{percent(round(shares[path][t], 3))} {PATH_NAMES[path]}" for path in order)
    warning = (
        "Warning: each row's colors are divided by its largest value, which hides how small a gradient is (the curves "
        "stay absolute). "
        if by_row
        else ""
    )
    return (
        f"{warning}Loss at step {s}, state at step {t}: |dL[{s}]/d{quantity}[{t}]| is {short(norms[s, t], 2)}, at step "
        f"{s} itself {short(norms[s, s], 2)}. It came {parts}. Of all losses, step {t} hears the one at step "
        f"{loudest} most ({short(hears.max(), 2)})."
    )
