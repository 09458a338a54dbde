"""Lesson 05: how far a loss reaches back, by which road, and what the posted loop does instead.

Norms are drawn on absolute logarithmic scales with fixed ends, so that a smaller gradient looks smaller. May import
numpy, matplotlib, scene and style.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogFormatterMathtext, LogLocator, MultipleLocator

from ..flow import GradientFlow
from .scene import Built, Scene
from .shapes import rectangle
from .style import BLACK, COLORS, GRAY, LARGE, LIGHT_GRAY, NAMES, NORMAL, SMALL, WRONG, axes_at, new_figure, short, tidy


def _log_axis(axes: Axes, low: float, high: float, every: float) -> None:
    """A vertical logarithmic axis with fixed ends, and a thin line at each `every`-fold."""
    axes.set(yscale="log", ylim=(low, high))
    axes.yaxis.set_major_locator(LogLocator(every))
    axes.minorticks_off()
    axes.grid(axis="y", color=LIGHT_GRAY, linewidth=0.6)


# ------------------------------------------------------------------------------------------ a guess, and what happens

STEPS = 60
LAST = STEPS - 1
FADE_LIMITS = 1e-27, 1e10
RATE_LIMITS = 0.35, 1.55
GUESS_LIMITS = 0.4, 1.4
NO_GUESS = 0.39  # the slider's left end, where it starts: nothing is drawn yet

FADES = {  # in the order of the rows of the lower picture, from the top
    "guess": {"color": GRAY, "linestyle": (0, (4, 2)), "marker": "o", "label": "your guess"},
    "alone": {"color": COLORS["f"], "linestyle": (0, (1, 1.2)), "marker": "s", "label": "f alone"},
    "matrix": {"color": COLORS["g"], "linestyle": (0, (6, 1.5, 1, 1.5)), "marker": "D", "label": "one matrix"},
    "measured": {"color": BLACK, "linestyle": "-", "marker": "P", "label": "measured"},
}
NOT_YET = f"you have not guessed yet ({NO_GUESS}, the slider's far left, means no guess)"
INVITATION = "Click above step 0: how far down is the line when it gets there?"


@dataclass(frozen=True)
class Fade:
    """What the last loss sends back to the cell, and three guesses at it.

    norms   (STEPS,)  |dL/dc[t]| of the last loss, measured
    rates   share left per step: "guess" (or NO_GUESS), "alone" (the average forget gate), "matrix" (its largest
            eigenvalue), "measured" (on average)
    """

    norms: np.ndarray
    rates: dict[str, float]

    @property
    def guessed(self) -> bool:
        """Whether the learner has made a guess."""
        return self.rates["guess"] >= GUESS_LIMITS[0]

    def line(self, which: str) -> np.ndarray:
        """The norms at every step t, (STEPS,): measured, or the rate again and again from the measured start."""
        if which == "measured":
            return self.norms
        return self.norms[LAST] * self.rates[which] ** (LAST - np.arange(STEPS))


def build_fade() -> Built:
    """Draw what stays of "how much arrives"; return the scene and `update(fade, revealed)`."""
    figure = new_figure(900, 500)
    figure.get_layout_engine().set(hspace=0.05, w_pad=0.1)  # text is wider in a small picture
    fades, rates = figure.subplots(2, height_ratios=(3, 1))
    below = "step t: a token is read at 0, and the loss at 59 depends on it"
    tidy(fades, "What the last loss sends back to the cell", below, "$|dL_{59}/dc[t]|$")
    fades.set_xlim(-1, STEPS)
    _log_axis(fades, *FADE_LIMITS, every=1e5)
    tidy(rates, "", "share of the delta that is left at each step (1: nothing is lost)")
    rates.set(xlim=RATE_LIMITS, ylim=(-0.6, 3.6))
    rates.set_yticks(range(4), [style["label"] for style in reversed(FADES.values())], fontsize=NORMAL)
    rates.tick_params(axis="y", length=0)
    rates.grid(axis="x", color=LIGHT_GRAY, linewidth=0.6)
    rates.axvline(1, color=GRAY, linewidth=1)

    look = {"linewidth": 1.8, "markersize": 5, "markevery": range(0, STEPS, 10)}
    lines = {which: fades.plot([], [], **look, **style)[0] for which, style in FADES.items()}
    lines["guess"].set(markevery=[0], markersize=10, markerfacecolor="white", markeredgewidth=2, zorder=3)
    dots = {which: rates.plot([], [], style["marker"], color=style["color"])[0] for which, style in FADES.items()}
    beside = {"transform": rates.get_yaxis_transform(), "va": "center", "fontsize": NORMAL}
    numbers = {which: rates.text(1.01, 3 - row, "0.000", **beside) for row, which in enumerate(FADES)}
    names = "your guess", "forget gate alone", "one matrix: both roads", "measured"
    legend = fades.legend(lines.values(), names, loc="lower right", fontsize=NORMAL, frameon=False, handlelength=4)
    legend.set_in_layout(False)  # in the corner that no line from the right edge reaches
    invitation = fades.text(1, 1e7, INVITATION, va="center", fontsize=LARGE, color=GRAY)

    known = fades.text(1, 3e2, "", va="center", fontsize=NORMAL, color=GRAY)
    scene = Scene(figure, *lines.values(), *dots.values(), *numbers.values(), known)
    first, *others = zip(lines.values(), dots.values(), legend.legend_handles, legend.get_texts(), strict=True)
    later = [*chain(*others), *list(numbers.values())[1:], *rates.get_yticklabels()[:-1]]
    scene.png()  # the layout, with all names in it
    named = None

    def update(fade: Fade, revealed: bool) -> None:
        nonlocal named
        if named != (fade.guessed, revealed):
            named = fade.guessed, revealed
            for artists, visible in ((first, fade.guessed), (later, revealed), ([invitation, known], not any(named))):
                for artist in artists:
                    artist.set_visible(visible)
            scene.forget()
        gate, start = fade.rates["alone"], fade.norms[LAST]
        known.set_text(f"Forget gates {gate:.3f} on average; |delta| {short(start, 2)} at step 59")
        for row, which in enumerate(FADES):
            rate = fade.rates[which]
            lines[which].set_data(np.arange(STEPS), fade.line(which))
            dots[which].set_data([rate], [3 - row])
            numbers[which].set_text(f"{rate:.3f}" if which != "guess" else f"{rate:.2f}" if fade.guessed else "none")

    return scene, update


def describe_fade(fade: Fade, revealed: bool = True) -> str:
    """Say in one line what the picture shows, and nothing that it does not show yet."""
    start, guessed, rates = fade.norms[LAST], fade.line("guess")[0], fade.rates
    times = f"your guess multiplies it by {rates['guess']:.2f} at each step"
    guess = f"{times}, so {short(guessed, 2)} would arrive at step 0"
    if not revealed:
        return (
            f"{'' if fade.guessed else 'Guess first. '}The forget gates are {rates['alone']:.2f} on average. "
            f"The delta is {short(start, 2)} at step 59; {guess if fade.guessed else NOT_YET}."
        )
    measured = (
        f"Measured: a step multiplies the delta by {rates['measured']:.3f} on average; {short(fade.norms[0], 2)} "
        f"arrives at step 0. The forget gate alone predicts {rates['alone']:.3f}, the one matrix {rates['matrix']:.3f}"
    )
    if not fade.guessed:
        return f"{measured}; you made no guess."
    orders = np.log10(guessed / fade.norms[0])
    size = f"{abs(orders):.{0 if abs(orders) >= 10 else 1}f}"
    off = f"{size} orders of magnitude {'more' if orders > 0 else 'less'} than measured"
    return f"{measured}; {guess}: {off if abs(orders) >= 0.5 else 'the same to within half an order of magnitude'}."


# ------------------------------------------------------------------------------------------ several walks, compared

WALK_LIMITS = 1e-15, 1e20
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1.2)))


def walks_picture(right: Mapping[str, np.ndarray], posted: Mapping[str, np.ndarray]) -> Figure:
    """Return the picture of named rows |dL/dc[t]| of the last loss, (T,) each: of right passes and of posted loops."""
    figure = new_figure(900, 375)
    figure.get_layout_engine().set(w_pad=0.1, rect=(0, 0, 1, 0.96))  # a printed line is right above the title
    axes = tidy(figure.subplots(), "The walk back from the last loss", "step t", "$|dL_{59}/dc[t]|$")
    axes.set_xlim(-1, STEPS)
    _log_axis(axes, *WALK_LIMITS, every=1e5)
    for walks, color, marker in ((right, BLACK, "P"), (posted, WRONG, "X")):
        for (name, norms), dash in zip(walks.items(), DASHES, strict=False):
            seen = np.where(norms > 0, norms, np.nan)  # the posted walk starts one step late
            axes.plot(seen, color=color, linestyle=dash, marker=marker, markevery=10, linewidth=1.8, label=name)
    figure.legend(loc="outside right upper", fontsize=NORMAL, frameon=False, handlelength=4)
    return figure


def describe_walks(right: Mapping[str, np.ndarray], posted: Mapping[str, np.ndarray]) -> str:
    """Say in one line where each walk starts and where it ends."""
    ends = [f"{name} from {short(w[w > 0][-1], 2)} to {short(w[0], 2)}" for name, w in (right | posted).items()]
    return f"|dL/dc| from the last loss back to step 0: {'; '.join(ends)}."


# ------------------------------------------------------------------------------------------ which loss, which step

CREDIT_STEPS = 20
BANDS = 10.0 ** np.arange(-6, 2)  # one color for each power of ten
CREDIT_LIMITS = BANDS[0], BANDS[-1]
SHARE_LIMITS = -0.3, 1.3
PATHS = {  # the name of each road, its color and its hatch
    "loss": ("own loss", COLORS["loss"], ""),
    "cell": ("carry", GRAY, ""),
    "g": (f"through {NAMES['g']}", COLORS["g"], "xx"),
    "gates": ("through i, f and o", COLORS["i"], "//"),
}


def build_credit() -> Built:
    """Draw the parts of this picture that stay; return the scene and `update(flow, quantity, s, t)`."""
    figure = new_figure(900, 484, layout=None)
    places = (55, 30, 380, 355), (450, 30, 14, 355), (605, 30, 280, 145), (605, 235, 280, 150)
    heat, color_bar, row, bars = (axes_at(figure, *place) for place in places)
    tidy(heat, "Each loss (row), each step's state (column)", "state step t", "loss step s")
    tidy(row, "The framed row: one loss", "", "|delta|")
    tidy(bars, "The roads by which it arrived", "state step t", "share")
    edges = np.arange(CREDIT_STEPS + 1) - 0.5
    cells = np.ones((CREDIT_STEPS, CREDIT_STEPS))
    image = heat.pcolormesh(edges, edges, cells, cmap="cividis", norm=BoundaryNorm(BANDS, 256))
    figure.colorbar(image, cax=color_bar, ticks=BANDS, format=LogFormatterMathtext())
    color_bar.tick_params(labelsize=SMALL)
    color_bar.minorticks_off()
    color_bar.set_title("|delta|", fontsize=NORMAL, loc="left")
    for axis in (heat.xaxis, heat.yaxis, row.xaxis, bars.xaxis):
        axis.set_major_locator(MultipleLocator(5))
    row.set_xlim(edges[[0, -1]])
    _log_axis(row, *CREDIT_LIMITS, every=1e2)
    bars.set(ylim=SHARE_LIMITS, yticks=(0, 0.5, 1), yticklabels=("0", "50%", "100%"), xlim=edges[[0, -1]])
    bars.axhline(0, color=GRAY, linewidth=0.8)

    outline = [withStroke(linewidth=3.5, foreground="white")]
    frame = {"color": BLACK, "linewidth": 1.5, "path_effects": outline, "clip_on": False}
    down = heat.plot([], [], dashes=(4, 2), zorder=2.1, **frame)[0]
    across = heat.plot([], [], **frame)[0]
    row_line = row.plot([], [], color=BLACK, linewidth=1.5)[0]
    row_dot = row.plot([], [], "o", color=COLORS["loss"], markersize=7)[0]
    stacks, handles = {}, []
    for path, (name, color, hatch) in PATHS.items():
        look = {"facecolor": color, "edgecolor": "white", "hatch": hatch}
        stacks[path] = bars.add_collection(PolyCollection([], linewidth=0.4, **look))
        handles.append(Patch(label=f"{name} (thin)" if path == "gates" else name, **look))
    here = bars.axvline(0, color=BLACK, linewidth=0.8, linestyle=(0, (1, 1.5)))
    figure.legend(handles=handles, loc="lower right", ncols=2, fontsize=NORMAL, frameon=False)

    def update(flow: GradientFlow, quantity: str, s: int, t: int) -> None:
        norms, shares = quantities(flow, quantity, s)
        image.set_array(np.where(np.tri(CREDIT_STEPS), norms, np.nan))  # no later state acts on a loss
        across.set_data(*zip(*rectangle(-0.5, s - 0.5, s + 0.5, s + 0.5), strict=True))
        down.set_data(*zip(*rectangle(t - 0.5, t - 0.5, t + 0.5, CREDIT_STEPS - 0.5), strict=True))
        here.set_xdata([t, t])
        row_line.set_data(np.arange(s + 1), norms[s, : s + 1])
        row_dot.set_data([t], [norms[s, t]])
        for path, corners in stacked(shares).items():
            stacks[path].set_verts(corners)

    return Scene(figure, image, down, across, row_line, row_dot, *stacks.values(), here), update


def quantities(flow: GradientFlow, quantity: str, s: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The (T, T) norms of dh or dc, and the shares of each path for the loss at s: (s + 1,) each, adding up to 1.

    The gates i, f and o bring so little that they are one path.
    """
    norms, paths = (flow.dh, flow.dh_paths) if quantity == "h" else (flow.dc, flow.dc_paths)
    size = np.where(norms[s, : s + 1], norms[s, : s + 1], 1)
    shares = {path: parts[s, : s + 1] / size for path, parts in paths.items()}
    gates = shares.pop("i") + shares.pop("f") + shares.pop("o")
    return norms, shares | {"gates": gates}


def stacked(shares: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The corners of all bars of each of `PATHS`, (bars, 4, 2): positive shares pile up, negative ones pile down."""
    steps = np.arange(len(shares["loss"]))
    parts = np.array([shares.get(path, np.zeros(len(steps))) for path in PATHS])
    ends = np.where(parts >= 0, np.maximum(parts, 0).cumsum(axis=0), np.minimum(parts, 0).cumsum(axis=0))
    along = np.stack([ends - parts, ends - parts, ends, ends], axis=2)
    across = np.broadcast_to(np.add.outer(steps, [-0.42, 0.42, 0.42, -0.42]), along.shape)
    return dict(zip(PATHS, np.stack([across, along], axis=3), strict=True))


def describe_credit(flow: GradientFlow, quantity: str, s: int, t: int) -> str:
    """Say in one line what the picture shows at the cursor."""
    norms, shares = quantities(flow, quantity, s)
    there = [path for path in PATHS if path in shares and (path == "loss") == (s == t)]  # on the diagonal, its own loss
    tenths = {path: round(1000 * shares[path][t]) for path in there}
    tenths[max(tenths, key=tenths.get)] += 1000 - sum(tenths.values())  # the largest of them takes up the rounding
    parts = ", ".join(f"{tenths[path] / 10:g}% {PATHS[path][0]}".replace("-", "−") for path in there)
    against = "; a negative share works against the others" * any(tenths[path] < 0 for path in there)
    itself = f"; at step {s} itself it is {short(norms[s, s], 2)}" if t != s else ""
    return (
        f"The loss at step {s}, the state at step {t}: |dL[{s}]/d{quantity}[{t}]| is {short(norms[s, t], 2)}{itself}. "
        f"By road: {parts}{against}."
    )
