"""Lesson 6: curves without and with names, the Reber graph, norms and a limit on them, seeds, what a net predicts.

May import numpy, matplotlib, params and the rest of figures; histories and arrays come from the lesson.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from ..training import History
from ..validate import amount
from .scene import Built, Scene
from .style import GRAY, LIGHT_GRAY, NORMAL, RIGHT, SMALL, UNSURE, WRONG, bare, new_figure, short, tidy, whole_percent

# The three kinds of gradient that the lesson compares: a color, and a dash and marker as a second cue.
KINDS = {
    "right": {"color": RIGHT, "linestyle": "-", "marker": "o"},
    "almost right": {"color": UNSURE, "linestyle": (0, (6, 1.5)), "marker": "s"},
    "broken": {"color": WRONG, "linestyle": (0, (1, 1)), "marker": "X"},
}
# The same three before the reader knows which is which: nothing but black and gray.
LETTERS = {
    "A": {"color": "black", "linestyle": (0, (1, 1)), "marker": "D"},
    "B": {"color": GRAY, "linestyle": "-", "marker": "v"},
    "C": {"color": "black", "linestyle": (0, (6, 1.5)), "marker": "P"},
}
DASHED = {"color": "black", "linewidth": 1, "linestyle": (0, (2, 2))}  # of lines to compare with
CLIPPED = {"color": "black", "marker": "|", "linestyle": "", "markersize": 7, "label": "a clipped step"}


def curves_picture(
    histories: Mapping[str, History], levels: Mapping[str, float] | None = None, top: float | None = None
) -> Figure:
    """Test loss per letter against the training step; the names are those of `KINDS` or of `LETTERS`.

    `levels` maps words to losses that are drawn as level lines. `top` ends the axis there: curves above are left out.
    """
    figure = new_figure(880, 340)
    axes = tidy(figure.subplots(), "Loss on the test strings", "training step", "nats per letter")
    for name, history in histories.items():
        if top is None or min(history.test_loss) < top:
            axes.plot(history.tested, history.test_loss, **(KINDS | LETTERS)[name], markersize=5, label=name)
    last = max(history.tested[-1] for history in histories.values())
    axes.set(xlim=(-0.02 * last, last * 1.02), ylim=(0, top))
    if levels:
        low = min(*levels.values(), *(min(h.test_loss) for h in histories.values()))
        room = 0.15 * ((top or 2) - low)
        axes.set_ylim(low - room)
        for words, level in levels.items():
            axes.axhline(level, color="black", linewidth=1, zorder=1)
            axes.text(0, level + room / 10, f"{words}: {level:.3f}", va="bottom", fontsize=NORMAL)
    figure.legend(loc="outside right upper", fontsize=NORMAL, frameon=False)
    return figure


def describe_curves(histories: Mapping[str, History], levels: Mapping[str, float] | None = None) -> str:
    """Say in one line where each curve starts and ends, and where the level lines are."""
    parts = [f"{name} from {h.test_loss[0]:.3f} to {h.test_loss[-1]:.3f}" for name, h in histories.items()]
    steps = max(h.tested[-1] for h in histories.values())
    lines = [f"{words}: {level:.3f}" for words, level in (levels or {}).items()]
    said = f"Test loss over {steps} steps, in nats per letter: {', '.join(parts)}."
    return f"{said} The lines: {'; '.join(lines)}." if lines else said


# ------------------------------------------------------------------------------------------ the grammar

# where each state is drawn
PLACES = dict(enumerate([(2.1, 0), (3.3, 0), (4.5, 0.75), (4.5, -0.75), (5.9, 0.75), (5.9, -0.75), (7.1, 0), (8.2, 0)]))


def reber_picture(grammar: Mapping[int, Mapping[str, int]]) -> Figure:
    """The embedded Reber grammar: `grammar` maps each inner state to its symbols and the state that each leads to."""
    figure = new_figure(880, 260)
    axes = figure.subplots()
    axes.set(xlim=(-0.5, 10.9), ylim=(-1.65, 1.65), aspect="equal")
    axes.set_axis_off()
    start, outer, again, end = (0, 0), (0.9, 0), (9.6, 0), (10.6, 0)
    center = {"ha": "center", "va": "center"}
    names = {place: state for state, place in PLACES.items()} | dict.fromkeys((start, outer, again, end), "")
    for place, name in names.items():
        axes.plot(*place, "o", markersize=19, markerfacecolor="white", markeredgecolor=GRAY, markeredgewidth=1.4)
        axes.text(*place, name, fontsize=SMALL, color=GRAY, **center)
    moves = [(PLACES[a], PLACES[b], symbol, 1.4) for a, arrows in grammar.items() for symbol, b in arrows.items()]
    moves += [(start, outer, "B", 1.4), (outer, PLACES[0], "T or P", 3.2)]
    moves += [(PLACES[7], again, "the same", 3.2), (again, end, "E", 1.4)]
    for a, b, symbol, width in moves:
        if a == b:  # back to where it comes from
            (x, y), up = a, 1 if a[1] > 0 else -1
            a, b = (x - 0.14, y + 0.16 * up), (x + 0.14, y + 0.16 * up)
            at = (x, y + 0.6) if up > 0 else (x - 0.36, y - 0.2)  # above the arc, or beside it, where there is room
            options = {"linewidth": 1.6, "shrinkA": 2, "shrinkB": 2, "connectionstyle": f"arc3,rad={-1.9 * up}"}
        else:
            way = np.subtract(b, a)
            at = np.add(a, b) / 2 + 0.19 * np.array([-way[1], way[0]]) / np.hypot(*way)
            options = {"linewidth": width, "shrinkA": 11, "shrinkB": 11}
        axes.add_patch(FancyArrowPatch(a, b, arrowstyle="-|>", mutation_scale=11, color="black", **options))
        axes.text(*at, symbol, fontsize=NORMAL if len(symbol) > 1 else 11, weight="bold", **center)
    look = {"arrowstyle": "-|>", "color": GRAY, "linewidth": 1.6, "linestyle": (0, (4, 2))}
    axes.annotate("", (8.85, -0.3), (1.6, -0.3), arrowprops={**look, "connectionstyle": "arc3,rad=0.28"})
    axes.text(5.2, -1.62, "remember", ha="center", va="bottom", fontsize=NORMAL)
    return figure


def describe_reber(grammar: Mapping[int, Mapping[str, int]]) -> str:
    """Say in one line what the graph shows."""
    arrows = sum(map(len, grammar.values()))
    return (
        f"The embedded Reber grammar: B, then T or P, a walk through a graph of {len(grammar) + 1} states "
        f"and {arrows} arrows, each arrow writing its letter, then the same T or P again, and E."
    )


# ------------------------------------------------------------------------------------------ several seeds


def seeds_picture(shares: Mapping[str, Sequence[float]], title: str, guess: float) -> Figure:
    """One dot per run, on a line for each kind of gradient: shares from 0 to 1; `guess` is what guessing gives."""
    figure = new_figure(880, 100 + 62 * len(shares))
    axes = tidy(figure.subplots(), title, "share of the test strings")
    for row, (kind, values) in enumerate(shares.items()):
        axes.axhline(row, color=LIGHT_GRAY, linewidth=1, zorder=0)
        shifts = _spread(values)
        heights = row + 0.36 * shifts / max(2, np.abs(shifts).max())
        axes.plot(values, heights, **KINDS[kind] | {"linestyle": ""}, markersize=8, markeredgecolor="white")
    axes.axvline(guess, **DASHED, zorder=0)
    axes.text(guess - 0.005, -0.62, "guessing", fontsize=SMALL, ha="right", va="center")
    axes.set(xlim=(0.38, 1.02), ylim=(len(shares) - 0.5, -0.8))
    axes.set_yticks(range(len(shares)), shares, fontsize=NORMAL)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure


def _spread(values: Sequence[float]) -> np.ndarray:
    """How far up or down each dot goes so that those nearer than 0.014 do not hide each other: 0, 1, -1, 2, ..."""
    shifts = np.zeros(len(values))
    for k, value in enumerate(values):
        taken = [shifts[j] for j in range(k) if abs(values[j] - value) < 0.014]
        shifts[k] = next(step for size in itertools.count() for step in (size, -size) if step not in taken)
    return shifts


def describe_seeds(shares: Mapping[str, Sequence[float]]) -> str:
    """Say in one line what the lowest and the highest run of each kind reach."""
    parts = [f"{kind} {whole_percent(min(values))} to {whole_percent(max(values))}" for kind, values in shares.items()]
    return f"{amount(len(next(iter(shares.values()))), 'run')} each, lowest to highest share: {', '.join(parts)}."


# ------------------------------------------------------------------------------------------ angles and norms


def angles_picture(steps: Sequence[int], angles: Mapping[str, Sequence[float]]) -> Figure:
    """The angle in degrees between the right gradient and others at the same weights, over a training."""
    figure = new_figure(880, 300)
    axes = tidy(figure.subplots(), "Angle to the right gradient", "training step", "degrees")
    for kind, values in angles.items():
        axes.plot(steps, values, **KINDS[kind], markersize=5, label=kind)
    axes.axhline(90, **DASHED, zorder=1)
    axes.set(ylim=(-4, 184), yticks=(0, 45, 90, 135, 180))
    for height, words in ((0, "the same direction"), (90, "a right angle"), (180, "the opposite direction")):
        axes.text(1.01, height, words, fontsize=SMALL, va="center", transform=axes.get_yaxis_transform())
    axes.legend(loc="upper right", fontsize=NORMAL, frameon=False, ncols=2)
    return figure


def describe_angles(angles: Mapping[str, Sequence[float]]) -> str:
    """Say in one line between which angles each gradient stays."""
    parts = [f"{kind} between {min(values):.0f} and {max(values):.0f}" for kind, values in angles.items()]
    return f"Angle in degrees between the right gradient and the others, at the same weights: {'; '.join(parts)}."


PARTS = {  # what is drawn below the whole gradient
    "gates": {"label": "the gates' eight matrices", "color": LIGHT_GRAY, "linewidth": 5},
    "V": {"label": "V alone", "color": GRAY, "linewidth": 1.4, "linestyle": (0, (6, 1.5))},
}


def norms_picture(whole: np.ndarray, parts: Mapping[str, np.ndarray], limit: float, title: str) -> Figure:
    """The norm of the whole gradient at each step, the limit on it, and the steps at which it is clipped.

    `parts` maps names out of `PARTS` to norms (steps,) of parts of the gradient.
    """
    figure = new_figure(880, 340)
    axes = tidy(figure.subplots(), title, "training step", "norm (logarithmic)")
    steps = np.arange(1, len(whole) + 1)
    for name, norms in parts.items():
        axes.plot(steps, norms, **PARTS[name])
    axes.plot(steps, whole, color="black", linewidth=1.8, label="the whole gradient")
    axes.axhline(limit, **DASHED, label=f"the limit, {short(limit)}")
    clipped = steps[whole > limit]
    axes.plot(clipped, np.full(len(clipped), 0.02), **CLIPPED, transform=axes.get_xaxis_transform())
    axes.set(yscale="log", xlim=(1 - 0.01 * len(whole), len(whole) * 1.01))
    low, high = axes.get_ylim()
    axes.set_ylim(low / (high / low) ** 0.08, high)  # room for the marks
    figure.legend(loc="outside right upper", fontsize=SMALL, frameon=False)
    return figure


def describe_norms(whole: np.ndarray, limit: float) -> str:
    """Say in one line how long the gradient is and how often it is longer than the limit."""
    clipped = amount(np.count_nonzero(np.asarray(whole) > limit), "step")
    return (
        f"The norm of the whole gradient over {len(whole)} steps lies between {short(min(whole), 2)} and "
        f"{short(max(whole), 2)}; a limit of {short(limit)} clips {clipped}."
    )


# ------------------------------------------------------------------------------------------ a limit on the norm


def build_limit(norms: Mapping[str, np.ndarray]) -> Built:
    """A limit on the gradient's norm, moved by hand: which steps it clips, and how much is left of them.

    Draw what stays; return the scene and `update(run, limit)`. `norms` maps runs to the norm at each step.
    """
    figure = new_figure(880, 430, layout=None)
    above = tidy(figure.add_axes((0.08, 0.5, 0.72, 0.42)), "Norm of the whole gradient", "", "norm (logarithmic)")
    below = figure.add_axes((0.08, 0.12, 0.72, 0.24))
    tidy(below, "What clipping leaves of each gradient", "training step", "share")
    longest = max(map(len, norms.values()))
    for axes in (above, below):
        axes.set_xlim(-0.01 * longest, 1.01 * longest)
    above.set_yscale("log")
    above.minorticks_off()  # the axis is drawn again with each picture
    below.set_ylim(-0.05, 1.1)
    (whole,) = above.plot([], [], color="black", linewidth=1.5, label="the whole gradient")
    line = above.axhline(1, **DASHED, label="the limit")
    (marks,) = above.plot([], [], **CLIPPED, transform=above.get_xaxis_transform())
    (left,) = below.plot([], [], color="black", linewidth=1.2)
    figure.legend(loc="upper right", bbox_to_anchor=(0.995, 0.93), fontsize=SMALL, frameon=False)

    def update(run: str, limit: float) -> None:
        values = np.asarray(norms[run])
        steps = np.arange(1, len(values) + 1)
        low, high = min(values.min(), 0.1), max(values.max(), 100.0)
        above.set_ylim(low / (high / low) ** 0.12, high * (high / low) ** 0.03)
        whole.set_data(steps, values)
        line.set_ydata([limit, limit])
        clipped = steps[values > limit]
        marks.set_data(clipped, np.full(len(clipped), 0.03))
        left.set_data(steps, np.minimum(1, limit / values))

    return Scene(figure, whole, line, marks, left, above.yaxis), update


def describe_limit(run: str, values: np.ndarray, limit: float) -> str:
    """Say in one line how many steps the limit clips, and what it leaves of the longest gradient."""
    values = np.asarray(values)
    count, longest = int(np.sum(values > limit)), values.max()
    said = f"A limit of {short(limit, 2)} on the run with the {run} gradient clips {count} of {len(values)} steps"
    if not count:
        return f"{said}: it shortens none."
    share = short(limit / longest, 2)
    return f"{said}; it shortens the longest gradient (norm {short(longest, 2)}) to {share} of its length."


# ------------------------------------------------------------------------------------------ what a net predicts

STEPS_SHOWN = 24  # of a string; a longer one is cut


def build(symbols: str, tested: Sequence[int], kinds: Mapping[str, Sequence[float]]) -> Built:
    """What a net predicts along one string, under the curve of how much of the task it has learned.

    `kinds` holds, for each kind of gradient, the judgement at the steps `tested`. Draw what stays; return the scene and
    `update(y, legal, text, kind, at)`: y (T, K) holds the probabilities of the next symbol, legal (T, K) what the
    grammar allows there, for a text of T+1 symbols; `kind` the gradient that the net was trained with, `at` the index
    of the moment that is shown.
    """
    K = len(symbols)
    figure = new_figure(880, 470, layout=None)
    curve = tidy(figure.add_axes((0.07, 0.68, 0.72, 0.25)), "Test strings solved", "", "share")
    for kind, judged in kinds.items():
        curve.plot(tested, judged, **KINDS[kind], markersize=4, label=kind)
    curve.set(ylim=(-0.14, 1.14))
    curve.set_xlabel("training step", fontsize=SMALL, labelpad=1)
    now = curve.axvline(0, color="black", linewidth=1.2)
    ring = {"markerfacecolor": "none", "linestyle": ""}
    (point,) = curve.plot([], [], marker="o", markersize=11, markeredgecolor="black", markeredgewidth=1.8, **ring)

    maps = tidy(figure.add_axes((0.07, 0.08, 0.72, 0.46)), ylabel="predicted next letter")
    words = "Probability that each letter comes next, along the string; framed: what the grammar allows"
    maps.set_title(words, fontsize=NORMAL, loc="left", zorder=0)
    image = maps.pcolormesh(range(STEPS_SHOWN), range(K), np.zeros((K, STEPS_SHOWN)), cmap="cividis", vmin=0, vmax=1)
    maps.set_yticks(range(K), symbols)
    maps.invert_yaxis()
    bare(maps).set_xticks([])
    maps.set_xlabel("letter just read", fontsize=SMALL, labelpad=15)
    (frames,) = maps.plot([], [], marker="s", markersize=15, markeredgecolor="white", markeredgewidth=1.6, **ring)
    cross = {"color": WRONG, "markersize": 8, "markeredgecolor": "white", "label": "ranked below a\nforbidden letter"}
    (missed,) = maps.plot([], [], "X", **cross)
    letters = [maps.text(t, K - 0.15, "", ha="center", va="center") for t in range(STEPS_SHOWN)]
    bar = figure.add_axes((0.82, 0.08, 0.018, 0.46))
    figure.colorbar(image, cax=bar, ticks=[0, 0.5, 1]).ax.tick_params(labelsize=SMALL)
    bar.set_ylabel("probability", fontsize=SMALL)
    figure.legend(loc="upper right", bbox_to_anchor=(0.995, 0.95), fontsize=SMALL, frameon=False)

    def update(y: np.ndarray, legal: np.ndarray, text: str, kind: str, at: int) -> None:
        T = min(len(text) - 1, STEPS_SHOWN)
        for letter, symbol in zip(letters, text[:T].ljust(STEPS_SHOWN), strict=True):
            letter.set_text(symbol)
        cells = np.full((K, STEPS_SHOWN), np.nan)  # white after the end of the string
        cells[:, :T] = y[:T].T
        image.set_array(cells)
        frames.set_data(np.nonzero(legal[:T]))
        missed.set_data(np.nonzero(below_a_forbidden_one(y, legal)[:T]))
        now.set_xdata([tested[at], tested[at]])
        point.set_data([tested[at]], [kinds[kind][at]])

    return Scene(figure, now, point, image, frames, missed, *letters), update


def below_a_forbidden_one(y: np.ndarray, legal: np.ndarray) -> np.ndarray:
    """Which legal symbols have a lower probability than some forbidden one: (T, K) booleans."""
    forbidden = np.where(legal, -np.inf, y).max(axis=1, keepdims=True)
    return legal & (y <= forbidden)


def describe(y: np.ndarray, legal: np.ndarray, text: str, symbols: str, kind: str, step: int) -> str:
    """Say in one line how well the net predicts this string, and whether it remembers the symbol that matters."""
    good = ~below_a_forbidden_one(y, legal).any(axis=1)
    remembered = y[-2, symbols.index(text[1])]
    return (
        f"After {step} training steps with the {kind} gradient: {good.sum()} of {len(good)} predictions in {text} "
        f"{'ranks' if good.sum() == 1 else 'rank'} every allowed letter above every forbidden one; near the end, "
        f"where {text[1]} has to appear again, the net gives it {whole_percent(remembered)}."
    )
