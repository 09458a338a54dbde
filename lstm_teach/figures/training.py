"""Lesson 06: learning curves, gradient norms over training, what a gap costs, and what a net predicts as it learns.

May import numpy, matplotlib, params and the rest of figures; histories and arrays come from the lesson.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..training import History
from .scene import Scene
from .style import (
    BLUE,
    GRAY,
    MAGNITUDE,
    NORMAL,
    ORANGE,
    SMALL,
    VERMILION,
    line_style,
    new_figure,
    percent,
    short,
    tidy,
)

# The three kinds of gradient that the lesson compares: a color, and a dash and marker as a second cue.
KINDS = {
    "right": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "almost right": {"color": ORANGE, "linestyle": (0, (6, 1.5)), "marker": "s"},
    "broken": {"color": VERMILION, "linestyle": (0, (1, 1)), "marker": "X"},
}


def curves_picture(histories: Mapping[str, History], title: str = "") -> Figure:
    """Test loss per symbol, and (where the task is judged) how much of it is solved, against the training step."""
    judged = all(history.judged for history in histories.values())
    figure = new_figure(880, 330)
    panels = figure.subplots(1, 2 if judged else 1, squeeze=False)[0]
    for kind, history in histories.items():
        panels[0].plot(history.tested, history.test_loss, **KINDS[kind], markersize=5, label=kind)
        if judged:
            panels[1].plot(history.tested, history.judged, **KINDS[kind], markersize=5, label=kind)
    tidy(panels[0], title or "Loss on the test set", "training step", "nats per symbol")
    panels[0].set_ylim(bottom=0)
    if judged:
        tidy(panels[1], "Test strings solved", "training step", "share of the test set")
        panels[1].set_ylim(-0.04, 1.04)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=NORMAL, frameon=False)
    return figure


def describe_curves(histories: Mapping[str, History]) -> str:
    """Say in one line where each curve ends."""
    parts = []
    for kind, history in histories.items():
        solved = f" and {percent(history.judged[-1])} of the test set is solved" if history.judged else ""
        parts.append(
            f"with the {kind} gradient the test loss goes from {short(history.test_loss[0])} to "
            f"{short(history.test_loss[-1])} nats per symbol{solved}"
        )
    return f"After {max(h.tested[-1] for h in histories.values())} steps: {'; '.join(parts)}."


def norms_picture(history: History, clip_norm: float) -> Figure:
    """The norms of the four gates' gradients and of dV over the training steps, and which steps were clipped."""
    figure = new_figure(880, 340)
    axes = tidy(figure.subplots(), "Gradient norms while training (before clipping)", "training step", "norm")
    steps = np.arange(1, len(history.loss) + 1)
    for gate, norms in history.gate_norms.items():
        axes.plot(steps, norms, **line_style(gate) | {"markevery": max(1, len(steps) // 12), "linewidth": 1.2})
    axes.plot(steps, history.norms["V"], color=GRAY, linewidth=1, label="output weights V")
    axes.axhline(
        clip_norm, color="black", linewidth=1, linestyle=(0, (2, 2)), label=f"clipped above {short(clip_norm)}"
    )
    clipped = steps[np.array(history.clipped, dtype=bool)]
    axes.plot(
        clipped,
        np.full(len(clipped), 0.02),
        "|",
        color="black",
        transform=axes.get_xaxis_transform(),
        label="a clipped step",
        markersize=7,
    )
    axes.set_yscale("log")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize=SMALL, frameon=False)
    return figure


def describe_norms(history: History, clip_norm: float) -> str:
    """Say in one line how the norms change and how often they were clipped."""
    gates = ", ".join(
        f"{gate} {short(norms[0], 2)} to {short(norms[-1], 2)}" for gate, norms in history.gate_norms.items()
    )
    count = int(np.sum(history.clipped))
    return (
        f"Gradient norms from the first to the last of {len(history.loss)} steps, by gate: {gates}. The whole gradient "
        f"was longer than {short(clip_norm)} and clipped at {count} steps."
    )


def gaps_picture(solved: np.ndarray, gaps: Sequence[int], biases: Sequence[float]) -> Figure:
    """How often each gap is learned: `solved` (biases, gaps) holds the shares of the runs, from 0 to 1."""
    figure = new_figure(640, 90 + 46 * len(biases))
    axes = tidy(
        figure.subplots(),
        "Share of runs that learn to recall",
        "gap between the symbol and the question",
        "forget-gate bias",
    )
    image = axes.imshow(solved, vmin=0, vmax=1, cmap=MAGNITUDE, aspect="auto")
    axes.set_xticks(range(len(gaps)), gaps)
    axes.set_yticks(range(len(biases)), [short(bias) for bias in biases])
    for (row, column), share in np.ndenumerate(solved):
        axes.text(
            column,
            row,
            percent(round(share, 2)),
            ha="center",
            va="center",
            fontsize=NORMAL,
            color="black" if share > 0.5 else "white",
        )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1]).ax.tick_params(labelsize=SMALL)
    return figure


def describe_gaps(solved: np.ndarray, gaps: Sequence[int], biases: Sequence[float]) -> str:
    """Say in one line which gap is the longest that some run learned, for each bias."""
    parts = []
    for bias, row in zip(biases, solved, strict=True):
        learned = [gap for gap, share in zip(gaps, row, strict=True) if share > 0]
        parts.append(f"bias {short(bias)}: {max(learned) if learned else 'none'}")
    return f"The longest gap that at least one run learned, by forget-gate bias: {', '.join(parts)}."


# ------------------------------------------------------------------------------------------ the explorer

STEPS_SHOWN = 24  # of a string; a longer one is cut


def build(
    symbols: str, tested: Sequence[int], kinds: Mapping[str, Sequence[float]]
) -> tuple[Scene, Callable[..., None]]:
    """Draw what stays; return the scene and `update(y, legal, text, kind, at)` (see `picture`)."""
    K = len(symbols)
    figure = new_figure(880, 470, layout=None)
    curve = tidy(figure.add_axes((0.07, 0.68, 0.72, 0.25)), "Test strings solved", "", "share")
    for kind, judged in kinds.items():
        curve.plot(tested, judged, **KINDS[kind], markersize=4, label=kind)
    curve.set(ylim=(-0.14, 1.14))
    curve.set_xlabel("training step", fontsize=SMALL, labelpad=1)
    handles, labels = curve.get_legend_handles_labels()
    now = curve.axvline(0, color="black", linewidth=1.2)
    point = curve.plot(
        [], [], "o", markersize=11, markerfacecolor="none", markeredgecolor="black", markeredgewidth=1.8
    )[0]

    maps = tidy(figure.add_axes((0.07, 0.08, 0.72, 0.46)), ylabel="predicted next symbol")
    maps.set_title(
        "Probability of the symbol after each letter of the string; framed: what the grammar allows",
        fontsize=NORMAL,
        loc="left",
        zorder=0,
    )
    image = maps.imshow(np.zeros((K, STEPS_SHOWN, 4), np.uint8), aspect="auto", interpolation="nearest", resample=False)
    maps.set_yticks(range(K), symbols)
    maps.tick_params(length=0)
    maps.set_xticks([])
    maps.spines[:].set_visible(False)
    frames = maps.plot(
        [], [], "s", markersize=15, markerfacecolor="none", markeredgecolor="white", markeredgewidth=1.6
    )[0]
    missed = maps.plot([], [], "X", markersize=8, markerfacecolor=VERMILION, markeredgecolor="white")[0]
    letters = [  # as markers: to draw a line for each symbol takes less time than a text for each step
        maps.plot(
            [],
            [],
            color="black",
            linestyle="",
            marker=rf"$\mathrm{{{symbol}}}$",
            markersize=7,
            markeredgewidth=0,
            clip_on=False,
        )[0]
        for symbol in symbols
    ]
    colors = ScalarMappable(Normalize(0, 1), MAGNITUDE)
    bar = figure.add_axes((0.82, 0.08, 0.018, 0.46))
    figure.colorbar(colors, cax=bar, ticks=[0, 0.5, 1]).ax.tick_params(labelsize=SMALL)
    bar.set_ylabel("probability", fontsize=SMALL)
    cross = Line2D([], [], marker="X", linestyle="", markerfacecolor=VERMILION, markeredgecolor="white", markersize=8)
    figure.legend(
        [*handles, cross],
        [*labels, "ranked below a\nforbidden symbol"],
        loc="upper right",
        bbox_to_anchor=(0.995, 0.95),
        fontsize=SMALL,
        frameon=False,
    )

    scene = Scene(figure)
    scene.live(now, point, image, frames, missed, *letters)

    def update(y: np.ndarray, legal: np.ndarray, text: str, kind: str, at: int) -> None:
        T = min(len(text) - 1, STEPS_SHOWN)
        for symbol, letter in zip(symbols, letters, strict=True):
            places = [t for t in range(T) if text[t] == symbol]
            letter.set_data(places, np.full(len(places), K - 0.15))
        cells = np.full((K, STEPS_SHOWN, 4), 255, np.uint8)  # white after the end of the string
        cells[:, :T] = colors.to_rgba(y[:T].T, bytes=True)
        image.set_data(cells)
        steps, allowed = np.nonzero(legal[:T])
        frames.set_data(steps, allowed)
        steps, below = np.nonzero(below_a_forbidden_one(y, legal)[:T])
        missed.set_data(steps, below)
        now.set_xdata([tested[at], tested[at]])
        point.set_data([tested[at]], [kinds[kind][at]])

    return scene, update


def below_a_forbidden_one(y: np.ndarray, legal: np.ndarray) -> np.ndarray:
    """Which legal symbols have a lower probability than some forbidden one: (T, K) booleans."""
    forbidden = np.where(legal, -np.inf, y).max(axis=1, keepdims=True)
    return legal & (y <= forbidden)


def picture(
    y: np.ndarray,
    legal: np.ndarray,
    text: str,
    symbols: str,
    tested: Sequence[int],
    kinds: Mapping[str, Sequence[float]],
    kind: str,
    at: int,
) -> Figure:
    """What a net predicts along one string, under the curve of how much of the task it has learned.

    `y` (T, K) holds the probabilities of the next symbol, `legal` (T, K) what the grammar allows there, for the string
    `text` of T+1 symbols. `kinds` holds, for each kind of gradient, the judgement at the steps `tested`; `at` is the
    index of the moment that is shown and `kind` the gradient that the net was trained with.
    """
    scene, update = build(symbols, tested, kinds)
    update(y, legal, text, kind, at)
    return scene.figure


def describe(y: np.ndarray, legal: np.ndarray, text: str, symbols: str, kind: str, step: int) -> str:
    """Say in one line how well the net predicts this string, and whether it remembers the symbol that matters."""
    good = ~below_a_forbidden_one(y, legal).any(axis=1)
    remembered = y[-2, symbols.index(text[1])]
    return (
        f"After {step} training steps with the {kind} gradient: {good.sum()} of {len(good)} predictions in {text} rank "
        "every allowed symbol above every forbidden one; near the end, "
        f"where {text[1]} has to come again, the net gives it {percent(remembered)}."
    )
