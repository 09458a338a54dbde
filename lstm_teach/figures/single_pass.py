"""Lesson 04: where the deltas of a flawed loop part from the right ones, and how the time of a pass grows.

May import numpy, matplotlib, and the names and verdicts of the core.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ..backward import Deltas
from ..gradreport import off
from ..nested import FLAWS
from ..params import GATES
from ..validate import amount
from .scene import Built, Scene
from .style import BLACK, COLORS, GRAY, LARGE, LIGHT_GRAY, NORMAL, RIGHT, WRONG, axes_at, bare, new_figure, short, tidy

QUANTITIES = (
    *("dh_loss", "dh_future", "dh", "dc_hidden", "dc_carry", "dc"),
    *("d" + gate for gate in GATES),
    *("dz" + gate for gate in GATES),
)  # in the order in which a step computes them
SAME = 1e-9  # of the largest right delta; rounding leaves about 1e-16, the mildest flaw about 1e-3
FLAW_NAMES = {
    "short_range": "1: the walk leaves out its first step",
    "stale_cell_delta": "2: the cell delta starts from leftovers",
    "scalar_dot": "3: np.dot instead of np.outer",
    "carry_accumulates": "4: the cell delta is added to, not replaced",
}


def parted(deltas: Deltas, right: Deltas) -> np.ndarray:
    """Where two passes differ: (14, T) booleans, a row for each of `QUANTITIES`, a column for each step."""
    ours, theirs = (np.array([getattr(each, name) for name in QUANTITIES]) for each in (deltas, right))
    return np.abs(ours - theirs).max(axis=2) > SAME * np.abs(theirs).max()


def first_parting(deltas: Deltas, right: Deltas) -> tuple[int, str] | None:
    """Step and quantity where two passes differ first on the way back from the last step; None if they agree."""
    rows, steps = np.nonzero(parted(deltas, right))
    if not steps.size:
        return None
    last = steps.max()
    return int(last), QUANTITIES[rows[steps == last].min()]


def sizes(deltas: Deltas, step: int) -> np.ndarray:
    """The length of each of the 14 quantities at one step, (14,)."""
    return np.array([np.linalg.norm(getattr(deltas, name)[step]) for name in QUANTITIES])


# ----------------------------------------------------------------------------------------------------- the inspector

WIDTH, HEIGHT = 900, 456  # pixels
MAP = (92, 66, 260, 322)  # left, top, width and height of the map of differences
DOTS = (446, 46, 436, 342)
LOWEST, HIGHEST = 1e-3, 1e2  # of the axis of sizes; a smaller size has a column of its own
NOTHING = LOWEST / 9


def build(T: int) -> Built:
    """Where some loop's deltas differ from the right ones in T steps, and how long they all are at one step.

    Draw what stays; return the scene and `update(deltas, right, left_in, step)`: `deltas` and `right` hold (T, H)
    arrays, `left_in` the flaws that the loop has. The lengths have one logarithmic axis for all steps and loops.
    """
    figure = new_figure(WIDTH, HEIGHT, layout=None)
    difference, crosses, first, column = _difference_map(figure, T)
    dots = _dots(figure)
    heading = figure.text(*_at(12, 24), "", fontsize=LARGE, va="center")
    moment = figure.text(*_at(DOTS[0], 24), "", fontsize=LARGE, va="center")
    live = difference, crosses, first, column, heading, moment

    def update(deltas: Deltas, right: Deltas, left_in: Collection[str], step: int) -> None:
        apart = parted(deltas, right)
        difference.set_array(apart)
        crosses.set_data(*np.nonzero(apart)[::-1])
        parting = first_parting(deltas, right)
        first.set_visible(parting is not None)
        if parting:
            first.set_xy((parting[0] - 0.5, QUANTITIES.index(parting[1]) - 0.5))
        column.set_x(step - 0.5)
        what = "where the deltas are wrong" if parting else "every delta is right"
        heading.set_text(f"{_flaws(left_in)}: {what}")
        moment.set_text(f"Size of each delta at step {step}")
        rows = np.arange(len(QUANTITIES))
        of_loop, of_right = (np.where(s < LOWEST, NOTHING, s) for s in (sizes(deltas, step), sizes(right, step)))
        here = apart[:, step]
        dots["both"].set_data(of_right[~here], rows[~here])
        dots["right"].set_data(of_right[here], rows[here])
        dots["loop"].set_data(of_loop[here], rows[here])
        ends = np.transpose([of_loop[here], of_right[here], np.full(here.sum(), np.nan)])  # NaN ends a line
        dots["between"].set_data(ends.ravel(), np.repeat(rows[here], 3))

    return Scene(figure, *live, *dots.values()), update


def describe(deltas: Deltas, right: Deltas, errors: Mapping[str, float], left_in: Collection[str], step: int) -> str:
    """Say in one line where the two passes part, and how they compare at this step."""
    T = len(right.dh)
    back = T - 1 - step
    where = f"{_flaws(left_in)}. Step {step}, {amount(back, 'step')} back from the end."
    parting = first_parting(deltas, right)
    if parting is None:
        wrong = [f"d{name}" for name in off(errors)]
        some = f"yet {len(wrong)} of 9 gradients are wrong ({' '.join(wrong)})"
        verdicts = some if wrong else "and so are all 9 gradients"
        return f"{where} In this loop every delta of every step is right, {verdicts}."
    apart = parted(deltas, right)[:, step]
    here = "At this step all 14 deltas are right."
    if apart.any():
        got, expected = sizes(deltas, step), sizes(right, step)
        most = max(np.flatnonzero(apart), key=lambda k: abs(np.log((got[k] + 1e-9) / (expected[k] + 1e-9))))
        ours, wanted = _apart(got[most], expected[most])
        furthest = f"Furthest off is the size of {QUANTITIES[most]}: {ours} instead of {wanted}."
        here = f"At this step {apart.sum()} of 14 deltas differ. {furthest}"
    return f"{where} The first difference is at step {parting[0]}, in {parting[1]}. {here}"


def _apart(a: float, b: float) -> tuple[str, str]:
    """Two numbers with as few digits as show that they differ, at least two."""
    pairs = ((short(a, digits), short(b, digits)) for digits in range(2, 17))
    return next((pair for pair in pairs if pair[0] != pair[1]), (short(a, 2), short(b, 2)))


def _flaws(left_in: Collection[str]) -> str:
    """The flaws that are left in, by number: "Flaw 4", "Flaws 1, 2", "No flaw"."""
    numbers = [FLAW_NAMES[flaw][0] for flaw in FLAWS if flaw in left_in]
    return f"Flaw{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}" if numbers else "No flaw"


def _at(x: float, y: float) -> tuple[float, float]:
    """A place in pixels from the left and from the top, in parts of the figure."""
    return x / WIDTH, 1 - y / HEIGHT


def _difference_map(figure: Figure, T: int) -> tuple:
    """A cell for each quantity and step, crosses where the passes differ, frames of the first cell and of the step."""
    axes = axes_at(figure, *MAP)
    rows = len(QUANTITIES)
    edges = np.arange(T + 1) - 0.5, np.arange(rows + 1) - 0.5
    colors = ListedColormap([LIGHT_GRAY, WRONG])
    mesh = axes.pcolormesh(*edges, np.zeros((rows, T)), cmap=colors, vmin=0, vmax=1, edgecolor="white", linewidth=1)
    axes.set(xlim=(-0.5, T - 0.5), ylim=(rows - 0.5, -0.5), xticks=range(T))
    axes.set_yticks(range(rows), QUANTITIES)
    axes.xaxis.tick_top()
    axes.set_xlabel("step (the walk goes left)", fontsize=NORMAL)
    bare(axes).tick_params(labelsize=NORMAL)
    (crosses,) = axes.plot([], [], "x", color="white", markersize=5)
    frame = {"fill": False, "edgecolor": BLACK}
    column = axes.add_patch(Rectangle((0, -0.5), 1, rows, linewidth=1.4, clip_on=False, **frame))
    first = axes.add_patch(Rectangle((0, 0), 1, 1, linewidth=3.5, zorder=4, clip_on=False, **frame))
    keys = [Patch(facecolor=LIGHT_GRAY, label="same"), Patch(facecolor=WRONG, label="differs (×)")]
    widths = {"first on the way back": 3, "this step": 1.2}
    keys += [Patch(linewidth=width, label=words, **frame) for words, width in widths.items()]
    _key(figure, keys, 12, 412, columns=2)
    return mesh, crosses, first, column


def _dots(figure: Figure) -> dict[str, Line2D]:
    """Lengths on a logarithmic axis, a row for each quantity: one mark where the passes agree, else two."""
    axes = tidy(axes_at(figure, *DOTS), xlabel="size (norm) of the delta; each line is ten times the one before")
    rows = len(QUANTITIES)
    axes.set(xscale="log", xlim=(LOWEST / 30, HIGHEST), ylim=(rows - 0.5, -0.5))
    ticks = 10.0 ** np.arange(np.log10(LOWEST), np.log10(HIGHEST) + 0.5)
    axes.set_xticks([NOTHING, *ticks], ["< 0.001", *(short(tick) for tick in ticks)])
    axes.set_yticks(range(rows), QUANTITIES)
    axes.minorticks_off()
    axes.tick_params(labelsize=NORMAL, length=0)
    axes.grid(axis="x", color=LIGHT_GRAY, linewidth=0.6)
    axes.axvline(LOWEST / 2.6, color=GRAY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
    for row in (5.5, 9.5):
        axes.axhline(row, color=LIGHT_GRAY, linewidth=0.8, zorder=0.5)
    (between,) = axes.plot([], [], color=GRAY, linewidth=1)
    looks = {
        "both": {"marker": "o", "color": RIGHT, "markersize": 7, "label": "both the same"},
        "right": {"marker": "o", "color": RIGHT, "markersize": 8, "label": "the right pass"},
        "loop": {"marker": "X", "color": WRONG, "markersize": 8, "label": "this loop", "markeredgecolor": BLACK},
    }
    looks["right"] |= {"markerfacecolor": "white", "markeredgewidth": 1.8}
    marks = {name: axes.plot([], [], linestyle="", clip_on=False, **look)[0] for name, look in looks.items()}
    _key(figure, marks.values(), DOTS[0], 434, columns=3)
    return {"between": between, **marks}


def _key(figure: Figure, handles: Iterable[Artist], x: float, y: float, columns: int) -> None:
    figure.legend(
        handles=list(handles), loc="upper left", bbox_to_anchor=_at(x, y), ncols=columns, fontsize=NORMAL,
        frameon=False, borderaxespad=0, borderpad=0, handlelength=1.4, handletextpad=0.5, columnspacing=1.2,
        labelspacing=0.35,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- times


def times_picture(lengths: Sequence[int], milliseconds: Mapping[str, Sequence[float]]) -> Figure:
    """Turns and measured times of the two loops and of one walk, against the length; linear axes.

    `milliseconds` maps "two loops" and "one walk", in this order, to one time for each length.
    """
    figure = new_figure(860, 330)
    figure.get_layout_engine().set(h_pad=0.12)  # inches: the titles keep off the edge
    counted = {"two loops": [T * (T + 1) / 2 for T in lengths], "one walk": list(lengths)}
    panels = figure.subplots(1, 2)
    for axes, values, title in zip(panels, (counted, milliseconds), ("Turns", "Time, milliseconds"), strict=True):
        tidy(axes, title, "length T of the sequence")
        looks = {"color": GRAY, "marker": "s", "linestyle": "--"}, {"color": COLORS["h"], "marker": "o"}
        for name, style in zip(values, looks, strict=True):
            axes.plot(lengths, values[name], markeredgecolor=BLACK, **style)
            last = values[name][-1]  # turns are written in full, times to two digits as below the picture
            words = f"{name}: {last:,.0f}" if last >= 1000 or last == int(last) else f"{name}: {short(last, 2)}"
            axes.annotate(words, (lengths[-1], last), (-8, 8), textcoords="offset points", ha="right")
        axes.set(xlim=(0, 1.04 * lengths[-1]), ylim=(0, 1.12 * max(values["two loops"])))
        axes.set_xticks([0, *lengths])
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.4g}" if value < 1000 else f"{value:,.0f}")
    return figure


def describe_times(lengths: Sequence[int], milliseconds: Mapping[str, Sequence[float]]) -> str:
    """Say in one line how much longer the two loops take, at the first and at the last length."""
    many, one = milliseconds.values()
    first, T = lengths[0], lengths[-1]
    ratios = [short(many[k] / one[k], 2) for k in (0, -1)]
    return (
        f"At T = {first} the two loops take {ratios[0]} times as long as one walk, and {ratios[1]} times at T = {T}: "
        f"{T * (T + 1) // 2:,} turns and {short(many[-1], 2)} ms versus {T} turns and {short(one[-1], 2)} ms."
    )
