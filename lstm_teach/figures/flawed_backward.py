"""Lesson 03: nine gradients beside the right ones, and the sixteen versions of the posted loop.

May import numpy, matplotlib, and the verdicts of the gradient check.
"""

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from ..gradreport import errors_of, verdict
from ..nested import FLAWS
from ..params import Params
from .scene import Built, Scene, drawn
from .shapes import rectangle
from .style import GRAY, LARGE, LIGHT_GRAY, NORMAL, RIGHT, SIGNED, SKY, SMALL, UNSURE, WRONG, bare, new_figure, short

LABELS = {  # what the repair of each flaw does
    "short_range": "Walk starts at step t",
    "stale_cell_delta": "Cell delta starts from zero",
    "scalar_dot": "Outer product for dW",
    "carry_accumulates": "Carry replaces the cell delta",
}
NUMBERS = {flaw: number for number, flaw in enumerate(FLAWS, 1)}

VERDICTS = {"right": ("o", RIGHT), "close, not exact": ("D", SKY), "suspicious": ("^", UNSURE), "wrong": ("X", WRONG)}
LOWEST = -4  # powers of ten: where the axis of the errors begins
RIGHT_AT = -4.65  # where a gradient that is right has its mark, below the axis
PITCH, GAP = 7, 2  # cells from one matrix to the next, and from the upper row to the lower


def build(vocab_size: int, hidden_size: int) -> Built:
    """Draw what stays; return the scene and `update(got, right)`, which takes two sets of nine gradients."""
    K, H = vocab_size, hidden_size
    shapes = {name: matrix.shape for name, matrix in Params.zeros(K, H).items()}
    names = [*Params.NAMES[1:], "V"]
    corners = {name: PITCH * k + (PITCH - 1 - shapes[name][1]) // 2 for k, name in enumerate(names)}
    lower = max(H, K) + GAP  # the row at which the matrices of the loop begin
    width, height = PITCH * len(names) - 1, 2 * max(H, K) + GAP
    figure = new_figure(900, 460, layout=None)

    axes = bare(figure.add_axes((0.105, 0.545, 0.88, 0.395), anchor="NW", aspect="equal", xticks=[], yticks=[]))
    axes.set(xlim=(-0.1, width + 0.1), ylim=(height + 0.1, -0.1))
    axes.apply_aspect()
    mesh = axes.pcolormesh(np.zeros((height, width)), cmap=SIGNED, vmin=-1, vmax=1)
    box = axes.get_position()
    middles = {name: corners[name] + shapes[name][1] / 2 for name in names}
    at = {name: box.x0 + middle / width * box.width for name, middle in middles.items()}
    frames = []
    for name, (high, wide) in shapes.items():
        for top in (0, lower):
            frames.append(rectangle(corners[name], top, corners[name] + wide, top + high))
        figure.text(at[name], box.y1 + 0.028, f"d{name}", ha="center", va="center", fontsize=LARGE)
    # One artist, since they lie over the mesh; clipped, the lowest line would be lost in a small picture.
    axes.add_collection(LineCollection(frames, colors=GRAY, linewidths=0.8, clip_on=False))
    for words, top in (("right", 0), ("this loop", lower)):
        y = box.y1 - (top + H / 2) / height * box.height
        figure.text(0.012, y, words, va="center", fontsize=NORMAL)

    dots = figure.add_axes((box.x0, 0.215, box.width, 0.27), xlim=(0, width), ylim=(-5, 0.45))
    dots.spines[["top", "right", "bottom"]].set_visible(False)
    dots.set_xticks([])
    powers = range(LOWEST, 1)
    dots.set_yticks([RIGHT_AT, *powers], ["right", *(short(10.0**power) for power in powers)], fontsize=SMALL)
    for power in powers:
        dots.axhline(power, color=LIGHT_GRAY, linewidth=0.7, zorder=0.5)
    dots.axhline(-4.3, color=GRAY, linewidth=0.8, zorder=0.5)
    look = {"linestyle": "", "markersize": 8, "clip_on": False}
    marks = {
        word: dots.plot([], [], mark, color=color, **look, label=word)[0] for word, (mark, color) in VERDICTS.items()
    }
    rows = {"error": 0.165, "length": 0.105}
    for words, y in (("error", 0.35), *rows.items()):
        figure.text(0.012, y, words, fontsize=NORMAL, va="center")
    texts = {
        (row, name): figure.text(at[name], y, "", ha="center", va="center", fontsize=NORMAL)
        for row, y in rows.items()
        for name in names
    }
    scale = figure.text(0.985, 0.03, "", ha="right", va="center", fontsize=SMALL)
    tight = {"markerscale": 0.75, "handletextpad": 0, "columnspacing": 1}
    figure.legend(loc="center left", bbox_to_anchor=(0.0, 0.03), ncols=4, fontsize=SMALL, frameon=False, **tight)

    def update(got: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray]) -> None:
        limit = max(np.abs(right["W" + gate]).max() for gate in "ifog") or 1.0
        errors = errors_of(got, right)
        cells = np.full((height, width), np.nan)
        places = {word: [] for word in VERDICTS}
        for name in names:
            high, wide = shapes[name]
            for top, grads in ((0, right), (lower, got)):
                cells[top : top + high, corners[name] : corners[name] + wide] = grads[name] / limit
            error = errors[name]
            word = verdict(error)
            places[word].append((middles[name], RIGHT_AT if word == "right" else max(np.log10(error), LOWEST)))
            texts["error", name].set_text("0" if word == "right" else short(error, 2))
            texts["length", name].set_text(ratio(got[name], right[name]))
        mesh.set_array(np.clip(cells, -1, 1))
        for word, mark in marks.items():
            mark.set_data(*np.reshape(places[word], (-1, 2)).T)
        scale.set_text(f"Orange is positive, purple negative, white 0; darkest beyond {short(limit, 2)}")

    return Scene(figure, mesh, *marks.values(), *texts.values(), scale), update


def picture(got: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray]) -> Figure:
    """Nine gradients above each other, the right ones and a loop's, with the errors below, each in its column.

    All matrices share one signed scale, whose end is the largest number of the four right dW. The error is
    norm-relative; the length is |loop's| / |right|.
    """
    return drawn(build(*np.shape(right["V"])), got, right)


def describe(got: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray], loop: str = "The loop as posted") -> str:
    """Say in one line which gradients are right, and which is worst."""
    errors = errors_of(got, right)
    good = [f"d{name}" for name in Params.NAMES if verdict(errors[name]) == "right"]
    if len(good) == len(errors):
        return f"{loop}: all 9 gradients are right."
    worst = max(errors, key=errors.get)
    return (
        f"{loop}: {len(good)} of 9 gradients {'is' if len(good) == 1 else 'are'} right ({' '.join(good)}). "
        f"Worst: d{worst} (error {short(errors[worst], 2)}), {_length(got[worst], right[worst])}."
    )


def _length(got: np.ndarray, right: np.ndarray) -> str:
    """How long a gradient is beside the right one, in words."""
    if not got.any():
        return "all zeros"
    if not right.any():
        return "and the right one is all zeros"
    times = _times(np.linalg.norm(got) / np.linalg.norm(right))
    return "as long as the right one" if times == "1" else f"{times} times as long as the right one"


def _times(ratio: float) -> str:
    """A ratio to two digits, a large one with its zeros: 70,000."""
    return f"{float(f'{ratio:.2g}'):,.0f}" if 100 <= ratio < 1e6 else short(ratio, 2)


def ratio(got: np.ndarray, right: np.ndarray) -> str:
    """How many times as long as the right gradient another one is: "× 1.2"."""
    length = np.linalg.norm(right)
    return f"× {_times(np.linalg.norm(got) / length)}" if length else "–"


def lattice_picture(values: Mapping[frozenset[str], int], total: int, title: str = "") -> Figure:
    """The 16 combinations of repairs from none to all, each with a count out of `total`; the darker, the more."""
    figure = new_figure(860, 430)
    axes = figure.subplots()
    axes.set_title(title, fontsize=LARGE, loc="left")
    axes.set(xlim=(-0.45, 4.45), ylim=(-3.1, 3.1))
    axes.set_xticks(range(5), ["nothing repaired", "one repair", "two", "three", "all four"], fontsize=NORMAL)
    bare(axes).set_yticks([])
    place, most = {}, max(values.values())
    for count in range(5):
        level = sorted(filter(lambda c: len(c) == count, values), key=numbers)
        place |= {c: (count, (len(level) - 1) / 2 - k) for k, c in enumerate(level)}
    for c, (x, y) in place.items():
        for flaw in set(FLAWS) - c:
            x_to, y_to = place[c | {flaw}]
            axes.plot([x, x_to], [y, y_to], color=LIGHT_GRAY, zorder=1)
        share = values[c] / most  # the darker, the more
        box = {"boxstyle": "round,pad=0.35", "facecolor": colormaps["Greys"](0.5 * share), "edgecolor": GRAY}
        words = f"{numbers(c)}\n{values[c]} of {total}"
        axes.text(x, y, words, ha="center", va="center", fontsize=NORMAL, linespacing=1.25, bbox=box)
    axes.set_xlabel("  ·  ".join(f"{NUMBERS[flaw]} {words}" for flaw, words in LABELS.items()), fontsize=NORMAL)
    axes.xaxis.labelpad = 8
    return figure


def describe_lattice(values: Mapping[frozenset[str], int], total: int) -> str:
    """Say in one line what each combination's value is; combinations with the same one are named together."""
    by_value = {}
    for c in sorted(values, key=lambda c: (len(c), numbers(c))):
        by_value.setdefault(values[c], []).append(numbers(c))
    parts = (f"{value} of {total} with {', '.join(by_value[value])}" for value in sorted(by_value, reverse=True))
    return f"{'; '.join(parts)}. (1+3 stands for repairs 1 and 3.)"


def numbers(repaired: Collection[str]) -> str:
    """The repairs by their numbers, such as "1+3"."""
    return "+".join(str(NUMBERS[flaw]) for flaw in FLAWS if flaw in repaired) or "none"
