"""Lesson 04: the walks of two loops on a triangle, merged one after the other until a single walk is left.

May import numpy and matplotlib.
"""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from .scene import Scene
from .style import COLORS, GRAY, LARGE, NORMAL, SMALL, WIDTH, YELLOW, new_figure

PHASES = 3  # positions for each meeting: the two are marked, they are side by side, they are one
LEFT, RIGHT_EDGE, TOP, PITCH = 130, 892, 116, 52  # pixels: first column, end of the last, first row, row to row
CARD_HEIGHT, TAG_WIDTH, TAG_HEIGHT, BADGE = 38, 58, 22, 36
TOGETHER = 0.86  # how many rows below the upper card the lower one is when the two are about to be added
COLORMAP, LIMIT = colormaps["RdBu_r"], 1.5  # of deltas; one scale for dh and dc_carry
KEY = "Blue is negative, red is positive; the darker, the larger. A cross marks the loss where a walk starts."


def positions(T: int) -> int:
    """The last position of the scrubber; the first is 0."""
    return PHASES * (T - 1)


def merged_at(position: int) -> tuple[int, int]:
    """How many meetings are over, and the phase of the next one: 0 not begun, 1 marked, 2 side by side."""
    return divmod(position, PHASES)


def turns(T: int, merged: int) -> int:
    """How many turns are left after some meetings; each saves the turns that the joining walk would have taken."""
    return T * (T + 1) // 2 - sum(T - k for k in range(1, merged + 1))


def hands(own: np.ndarray, merged: int) -> np.ndarray:
    """What each walk has in hand after some meetings: (T, T, 2), NaN where it does not come or is merged already.

    `own[t, s]` holds dh and dc_carry of the walk from loss t when it is at step s, NaN for s > t. The walk from
    the last loss, row T-1, takes the others in.
    """
    T = len(own)
    shown = own.copy()
    for s in range(T):
        shown[T - 1, s] = own[max(s, T - 1 - merged) :, s].sum(axis=0)
    shown[T - 1 - merged : T - 1] = np.nan
    return shown


def losses(T: int, merged: int, s: int) -> tuple[int, int]:
    """The first and the last loss that the walk from the last step has picked up when it is at step s."""
    return max(s, T - 1 - merged), T - 1


def build(T: int) -> tuple[Scene, Callable[..., None]]:
    """Draw what stays; return the scene and `update(own, position)`."""
    height = TOP + PITCH * T + 36
    figure = new_figure(WIDTH, height, layout=None)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.spines[:].set_visible(False)
    axes.set(xticks=[], yticks=[])
    _background(axes, T)

    marks = axes.add_collection(PolyCollection([], facecolor=YELLOW, edgecolor="black", linewidth=0.8, zorder=2))
    cards = axes.add_collection(PolyCollection([], facecolor="white", edgecolor="black", zorder=3))
    tags = axes.add_collection(PolyCollection([], edgecolor="black", linewidth=0.8, zorder=4))
    shafts = axes.add_collection(LineCollection([], color="black", linewidth=2.2, zorder=2.5))
    (heads,) = axes.plot([], [], "<", color="black", markersize=8, zorder=2.6)
    (badges,) = axes.plot([], [], "o", color="white", markeredgecolor="black", markersize=21, zorder=4)
    style = {"marker": "X", "color": COLORS["loss"], "markeredgecolor": "black", "linestyle": "", "markersize": 10}
    (starts,) = axes.plot([], [], **style, zorder=5)
    place = {"ha": "center", "va": "center_baseline", "zorder": 6}
    words = [[axes.text(0, 0, "", fontsize=NORMAL, **place) for _ in range(3)] for _ in range(T * (T + 1) // 2)]
    names = [axes.text(12, 0, "", fontsize=NORMAL, va="center", zorder=6) for _ in range(T)]
    plus = axes.text(0, 0, "", fontsize=14, weight="bold", **place)
    title = axes.text(12, 20, "", fontsize=LARGE, va="center")
    count = axes.text(WIDTH - 12, 20, "", fontsize=LARGE, weight="bold", ha="right", va="center")
    sums = axes.text(12, height - 18, "", fontsize=NORMAL, va="center")
    squares = axes.add_collection(PolyCollection(_squares(T), edgecolor=GRAY, linewidth=1, zorder=3))
    scene = Scene(figure)
    scene.live(marks, cards, tags, shafts, heads, badges, starts, title, count, sums, squares, plus, *names)
    scene.live(*(text for card in words for text in card))

    def update(own: np.ndarray, position: int) -> None:
        merged, phase = merged_at(position)
        meeting = T - 2 - merged  # the step at which the next two meet
        rows = [_row(T, t, merged, phase) for t in range(T)]
        shown = _cards(own, merged, rows)
        cards.set_verts([_card(T, x, y) for _, _, x, y, _ in shown])
        cards.set_linewidth([2.2 if merged and t == T - 1 and s > meeting else 1 for t, s, *_ in shown])
        badges.set_data([x + BADGE / 2 + 2 for _, _, x, *_ in shown], [y for _, _, _, y, _ in shown])
        values = np.array([value for *_, pair in shown for value in pair])
        tags.set_verts([_tag(left, y) for _, _, x, y, _ in shown for left in _tag_places(x)])
        tags.set_facecolor(COLORMAP(Normalize(-LIMIT, LIMIT)(values)))
        for (label, *numbers), (t, s, x, y, pair) in zip(words, shown, strict=False):
            first, last = losses(T, merged, s) if t == T - 1 else (t, t)
            _say(label, (x + BADGE / 2 + 2, y), f"{first}–{last}" if first < last else f"{t}")
            label.set_fontsize(NORMAL if first == last else SMALL)
            for text, left, value in zip(numbers, _tag_places(x), pair, strict=True):
                ink = "white" if abs(value) > 0.62 * LIMIT else "black"
                _say(text, (left + TAG_WIDTH / 2 + 3, y), signed(value), ink)
                text.set_fontsize(NORMAL if len(signed(value)) < 6 else SMALL)
        for text in (text for card in words[len(shown) :] for text in card):
            text.set_text("")
        walks = [(x + _card_width(T) + 7, y, _left(T, s + 1)) for t, s, x, y, _ in shown if s < t]
        shafts.set_segments([[(x, y), (end, y)] for x, y, end in walks])
        heads.set_data([x for x, *_ in walks], [y for _, y, _ in walks])
        pair = [(x, y) for t, s, x, y, _ in shown if phase and s == meeting and t in (T - 1, meeting)]
        marks.set_verts([_card(T, x, y, margin=4) for x, y in pair])
        _say(plus, (_left(T, meeting) - 13, (rows[T - 1] + rows[meeting]) / 2), "+" if phase == 2 else "")

        taken_in = [T - 1 - merged <= t < T - 1 for t in range(T)]
        above = [_tag_places(_left(T, t))[0] + TAG_WIDTH / 2 + 3 for t in range(T)]
        beside = [_left(T, t) + _card_width(T) + 14 for t in range(T)]
        starts.set_data(np.where(taken_in, above, beside), np.where(taken_in, rows[T - 1] - 29, rows))
        for t, name in enumerate(names):
            one = t == T - 1 and merged
            name.set_text("" if taken_in[t] else "one walk" if one else f"walk from loss {t}")
            name.set_y(rows[t])
            name.set_weight("bold" if one else "normal")
        left = turns(T, merged)
        squares.set_facecolor(["#333333" if k < left else "white" for k in range(T * (T + 1) // 2)])
        count.set_text(f"{left} turns")
        title.set_text(_title(T, merged, phase))
        sums.set_text(_sums(own, merged, phase) or KEY)

    return scene, update


def picture(own: np.ndarray, position: int) -> Figure:
    """Cards of all turns, loss against step, with the walks merged up to this position of the scrubber.

    `own` is (T, T, 2): dh and dc_carry (one unit) of the walk from loss t at step s, NaN for s > t.
    """
    scene, update = build(len(own))
    update(own, position)
    return scene.figure


def describe(own: np.ndarray, position: int) -> str:
    """Say in one line which walks have met, how many turns are left, and what is added."""
    T = len(own)
    merged, phase = merged_at(position)
    left = turns(T, merged)
    if phase:
        meeting = T - 2 - merged
        now = "reach" if phase == 1 else "are together at"
        return (
            f"{_walks(T, merged)} and the walk from loss {meeting} {now} step {meeting}. {_sums(own, merged, phase)}. "
            f"Still {left} turns."
        )
    if not merged:
        return (
            f"Two loops: a walk back from each of {T} losses, {left} turns. A cross marks the loss where a walk starts."
        )
    total = hands(own, merged)[T - 1, T - 1 - merged]
    if merged == T - 1:
        return (
            f"One walk is left: {T} turns instead of {turns(T, 0)}. It picks up each loss as it passes; "
            f"at step 0 it has dh {signed(total[0], 3)} and dc_carry {signed(total[1], 3)} in hand."
        )
    return (
        f"{_walks(T, merged)} goes on as one from step {T - 1 - merged}, with dh {signed(total[0], 3)} and "
        f"dc_carry {signed(total[1], 3)}: {left} turns are left of {turns(T, 0)}."
    )


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign: '+0.60', '−0.003' where two digits would be zero, '0' for zero."""
    if value == 0:
        return "0"
    if abs(value) < 0.5 * 10**-digits:
        digits += 1
    return f"{value:+.{digits}f}".replace("-", "−")


def _walks(T: int, merged: int) -> str:
    return f"The walk from losses {T - 1 - merged} to {T - 1}" if merged else f"The walk from loss {T - 1}"


def _title(T: int, merged: int, phase: int) -> str:
    if phase:
        return f"Two walkers at step {T - 2 - merged}"
    if not merged:
        return "Two loops: a separate walk from every loss"
    return "One walk picks up each loss as it passes" if merged == T - 1 else f"From step {T - 1 - merged} on, one walk"


def _sums(own: np.ndarray, merged: int, phase: int) -> str:
    """The two additions of the meeting that is going on; before and after it nothing."""
    if not phase:
        return ""
    T, s = len(own), len(own) - 2 - merged
    parts = []
    for k, name in enumerate(("dh", "dc_carry")):
        a, b = hands(own, merged)[T - 1, s, k], own[s, s, k]
        parts.append(f"{name} {_added(a, b)} = {signed(a + b, 3)}")
    return f"At step {s}: " + ",  ".join(parts)


def _added(a: float, b: float) -> str:
    second = signed(b, 3)
    return f"{signed(a, 3)} {second[0]} {second[1:]}" if second != "0" else f"{signed(a, 3)} + 0"


def _cards(own: np.ndarray, merged: int, rows: Sequence[float]) -> list[tuple[int, int, float, float, np.ndarray]]:
    """The cards to draw: loss, step, left edge, middle height, dh and dc_carry."""
    T, shown = len(own), hands(own, merged)
    places = [(t, s) for t in reversed(range(T)) for s in range(t + 1) if not np.isnan(shown[t, s, 0])]
    return [(t, s, _left(T, s), rows[t], shown[t, s]) for t, s in places]


def _row(T: int, t: int, merged: int, phase: int) -> float:
    """The height of the row of a walk: its own, or close to the first row when it is about to be taken in."""
    own = T - 1 - t
    return TOP + PITCH * (TOGETHER if phase == 2 and t == T - 2 - merged else own)


def _column_width(T: int) -> float:
    return (RIGHT_EDGE - LEFT) / T


def _card_width(T: int) -> float:
    return BADGE + 2 * TAG_WIDTH + 18


def _left(T: int, s: int) -> float:
    return LEFT + s * _column_width(T)


def step_at(T: int, x: float) -> int | None:
    """The step whose column a place of the picture belongs to, or None left of the first one."""
    s = int((x - LEFT + 14) // _column_width(T))
    return s if 0 <= s < T else None


def _card(T: int, x: float, y: float, margin: float = 0) -> list[tuple[float, float]]:
    half, cut, m = CARD_HEIGHT / 2 + margin, 6, margin
    right, x = x + _card_width(T) + m, x - m
    return [
        (x + cut, y - half), (right - cut, y - half), (right, y - half + cut), (right, y + half - cut),
        (right - cut, y + half), (x + cut, y + half), (x, y + half - cut), (x, y - half + cut),
    ]  # fmt: skip


def _tag_places(x: float) -> tuple[float, float]:
    """The left ends of the two tags of a card."""
    return x + BADGE + 6, x + BADGE + TAG_WIDTH + 12


def _tag(x: float, y: float) -> list[tuple[float, float]]:
    half = TAG_HEIGHT / 2
    return [(x, y), (x + 8, y - half), (x + TAG_WIDTH, y - half), (x + TAG_WIDTH, y + half), (x + 8, y + half)]


def _squares(T: int) -> list[list[tuple[float, float]]]:
    count, size, right = T * (T + 1) // 2, 14, WIDTH - 92
    lefts = [right - (count - k) * (size + 4) for k in range(count)]
    return [[(x, 13), (x + size, 13), (x + size, 27), (x, 27)] for x in lefts]


def _say(text: Text, place: Sequence[float], words: str, color: str = "black") -> None:
    text.set_position(place)
    text.set_text(words)
    text.set_color(color)


def _background(axes: Axes, T: int) -> None:
    """Bands for the steps, their headings, and an outline where each turn of the two loops is at first."""
    for s in range(T):
        x = _left(T, s)
        size = _card_width(T) + 16, PITCH * T + TOP - 48
        axes.add_patch(Rectangle((x - 8, 36), *size, facecolor="#F4F4F4", edgecolor="none", zorder=0))
        axes.text(
            x + _card_width(T) / 2, 50, f"step {s}", fontsize=NORMAL, color=GRAY, ha="center", va="center", zorder=0.5
        )
        for name, left in zip(("dh", "dc_carry"), _tag_places(x), strict=True):
            style = {"fontsize": NORMAL, "color": GRAY, "ha": "center", "va": "center", "zorder": 0.5}
            axes.text(left + TAG_WIDTH / 2 + 3, 69, name, **style)
        for t in range(s, T):
            outline = _card(T, x, TOP + PITCH * (T - 1 - t))
            axes.add_line(
                Line2D(
                    *np.transpose([*outline, outline[0]]), color=GRAY, linewidth=1, linestyle=(0, (1, 2.5)), zorder=1
                )
            )
