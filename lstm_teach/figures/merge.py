"""Lesson 04: the walks of two loops on a triangle, merged one after the other until a single walk is left.

May import numpy and matplotlib.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from .scene import Built, Scene, drawn
from .shapes import Points, octagon, rectangle, tag
from .style import COLORS, GRAY, LARGE, NORMAL, SMALL, WIDTH, YELLOW, new_page

# Of the scrubber for each meeting: the two are marked, they are side by side, they are one. A position is
# PHASES * meetings that are over + the phase; the last one is PHASES * (T - 1).
PHASES = 3
LEFT, RIGHT_EDGE, TOP, PITCH = 130, 892, 116, 52  # pixels: first column, end of the last, first row, row to row
TAG_WIDTH, BADGE = 58, 36
CARD_WIDTH, CARD_HEIGHT = BADGE + 2 * TAG_WIDTH + 18, 38
TAGS = BADGE + 6 + TAG_WIDTH / 2, BADGE + 12 + 1.5 * TAG_WIDTH  # from the left edge of a card to the middle of each tag
TOGETHER = 0.86  # how many rows below the upper card the lower one is when the two are about to be added
LIMIT = 1.5  # of the colors of deltas; one scale for dh and dc_carry
KEY = "Blue is negative, red is positive; the darker, the larger. A cross marks a loss."


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


def build(T: int) -> Built:
    """Draw what stays; return the scene and `update(own, position)`."""
    height, last = TOP + PITCH * T + 36, T - 1
    figure, axes = new_page(WIDTH, height)
    _background(axes, T)

    marks = axes.add_collection(PolyCollection([], facecolor=YELLOW, edgecolor="black", linewidth=0.8, zorder=2))
    cards = axes.add_collection(PolyCollection([], facecolor="white", edgecolor="black", zorder=3))
    tags = PolyCollection([], edgecolor="black", linewidth=0.8, zorder=4, cmap="RdBu_r", clim=(-LIMIT, LIMIT))
    axes.add_collection(tags)
    shafts = axes.add_collection(LineCollection([], color="black", linewidth=2.2, zorder=2.5))
    (heads,) = axes.plot([], [], "<", color="black", markersize=8, zorder=2.6)
    (badges,) = axes.plot([], [], "o", color="white", markeredgecolor="black", markersize=21, zorder=4)
    (starts,) = axes.plot([], [], "X", color=COLORS["loss"], markeredgecolor="black", markersize=10, zorder=5)
    place = {"ha": "center", "va": "center_baseline", "zorder": 6}
    words = [[axes.text(0, 0, "", **place) for _ in range(3)] for _ in range(turns(T, 0))]
    names = [axes.text(12, 0, "", fontsize=NORMAL, va="center", zorder=6) for _ in range(T)]
    plus = axes.text(0, 0, "", fontsize=14, weight="bold", **place)
    title = axes.text(12, 20, "", fontsize=LARGE, va="center")
    count = axes.text(WIDTH - 12, 20, "", fontsize=LARGE, weight="bold", ha="right", va="center")
    sums = axes.text(12, height - 18, "", fontsize=NORMAL, va="center")
    lefts = [WIDTH - 92 - 18 * (turns(T, 0) - k) for k in range(turns(T, 0))]  # a square for each turn
    shapes = [rectangle(x, 13, x + 14, 27) for x in lefts]
    squares = axes.add_collection(PolyCollection(shapes, edgecolor=GRAY, linewidth=1, zorder=3))
    live = marks, cards, tags, shafts, heads, badges, starts, title, count, sums, squares, plus, *names
    scene = Scene(figure, *live, *(text for card in words for text in card))

    def update(own: np.ndarray, position: int) -> None:
        merged, phase = divmod(position, PHASES)
        left, meeting = turns(T, merged), last - 1 - merged  # the step at which the next two meet
        rows = TOP + PITCH * np.arange(last, -1, -1.0)  # of the walks, by their losses
        if phase == 2:
            rows[meeting] = TOP + PITCH * TOGETHER
        shown = hands(own, merged)
        places = [(t, s) for t in reversed(range(T)) for s in range(t + 1) if not np.isnan(shown[t, s, 0])]
        spots = np.array([(_left(T, s), rows[t]) for t, s in places])
        cards.set_verts([_card(x, y) for x, y in spots])
        cards.set_linewidth([2.2 if merged and t == last and s > meeting else 1 for t, s in places])
        badges.set_data(spots[:, 0] + BADGE / 2 + 2, spots[:, 1])
        tags.set_verts([tag(x + across, y, TAG_WIDTH, 22, 8) for x, y in spots for across in TAGS])
        tags.set_array([value for each in places for value in shown[each]])
        for text in (text for card in words for text in card):
            text.set_text("")
        for (label, *numbers), (t, s), (x, y) in zip(words, places, spots, strict=False):
            first = max(s, last - merged) if t == last else t  # of the losses that the walk has picked up
            label.set(position=(x + BADGE / 2 + 2, y), text=f"{first}–{t}" if first < t else f"{t}")
            label.set_fontsize(SMALL if first < t else NORMAL)
            for text, across, value in zip(numbers, TAGS, shown[t, s], strict=True):
                color = "white" if abs(value) > 0.62 * LIMIT else "black"
                text.set(position=(x + across + 3, y), text=signed(value), color=color)
                text.set_fontsize(NORMAL if len(signed(value)) < 6 else SMALL)
        walks = [[(_left(T, s) + CARD_WIDTH + 7, rows[t]), (_left(T, s + 1), rows[t])] for t, s in places if s < t]
        shafts.set_segments(walks)
        heads.set_data(*np.reshape([tip for tip, _ in walks], (-1, 2)).T)
        pair = (last, meeting) if phase else ()
        marks.set_verts([_card(_left(T, meeting), rows[t], margin=4) for t in pair])
        plus.set(position=(_left(T, meeting) - 13, rows[[last, meeting]].mean()), text="+" if phase == 2 else "")

        taken_in = range(last - merged, last)
        starts.set_data(
            [_left(T, t) + (TAGS[0] + 3 if t in taken_in else CARD_WIDTH + 14) for t in range(T)],
            [rows[last] - 29 if t in taken_in else rows[t] for t in range(T)],
        )
        for t, name in enumerate(names):
            one = t == last and merged
            name.set_text("" if t in taken_in else "one walk" if one else f"walk from loss {t}")
            name.set(y=rows[t], weight="bold" if one else "normal")
        squares.set_facecolor(["#333333" if k < left else "white" for k in range(turns(T, 0))])
        count.set_text(f"{left} turns")
        title.set_text(_title(T, merged, phase))
        sums.set_text(f"At step {T - 2 - merged}: {',  '.join(_sums(own, merged))}" if phase else KEY)

    return scene, update


def picture(own: np.ndarray, position: int) -> Figure:
    """Cards of all turns, loss against step, with the walks merged up to this position of the scrubber.

    `own` is (T, T, 2): dh and dc_carry (one unit) of the walk from loss t at step s, NaN for s > t.
    """
    return drawn(build(len(own)), own, position)


def describe(own: np.ndarray, position: int) -> str:
    """Say in one line which walks have met, how many turns are left, and what is added."""
    T = len(own)
    merged, phase = divmod(position, PHASES)
    left, at = turns(T, merged), T - 1 - merged
    several = f"losses {at} and {T - 1}" if merged == 1 else f"losses {at} to {T - 1}"
    walks = f"The walk from {several if merged else f'loss {T - 1}'}"
    if phase:
        now = "reach" if phase == 1 else "are together at"
        sums = " and ".join(_sums(own, merged))
        return f"{walks} and the walk from loss {at - 1} {now} step {at - 1}. They add up: {sums}. Still {left} turns."
    if not merged:
        return f"Two loops: a walk back from each of {T} losses, {left} turns."
    dh, dc_carry = (signed(number, 3) for number in hands(own, merged)[T - 1, at])
    if merged == T - 1:
        return (
            f"One walk is left: {T} turns instead of {turns(T, 0)}. It picks up each loss as it passes; "
            f"at step 0 it has dh {dh} and dc_carry {dc_carry} in hand."
        )
    return (
        f"{walks} goes on as one from step {at}, with dh {dh} and dc_carry {dc_carry}: "
        f"{left} turns are left of {turns(T, 0)}."
    )


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign: '+0.60', '−0.003' where two digits would be zero, '0' for zero."""
    if value == 0:
        return "0"
    if abs(value) < 0.5 * 10**-digits:
        digits += 1
    return f"{value:+.{digits}f}".replace("-", "−")


def _title(T: int, merged: int, phase: int) -> str:
    if phase:
        return f"Two walkers at step {T - 2 - merged}"
    if not merged:
        return "Two loops: a separate walk from every loss"
    return "One walk picks up each loss as it passes" if merged == T - 1 else f"From step {T - 1 - merged} on, one walk"


def _sums(own: np.ndarray, merged: int) -> list[str]:
    """The two additions of the meeting that is going on."""
    s = len(own) - 2 - merged
    parts = []
    for name, a, b in zip(("dh", "dc_carry"), hands(own, merged)[-1, s], own[s, s], strict=True):
        second = signed(b, 3) if b else "+0"
        parts.append(f"{name} {signed(a, 3)} {second[0]} {second[1:]} = {signed(a + b, 3)}")
    return parts


def _left(T: int, s: int) -> float:  # of the cards at a step
    return LEFT + s * (RIGHT_EDGE - LEFT) / T


def step_at(T: int, x: float) -> int | None:
    """The step whose column a place of the picture belongs to, or None left of the first one."""
    s = int((x - LEFT + 14) // ((RIGHT_EDGE - LEFT) / T))
    return s if 0 <= s < T else None


def _card(x: float, y: float, margin: float = 0) -> Points:
    return octagon(x + CARD_WIDTH / 2, y, CARD_WIDTH + 2 * margin, CARD_HEIGHT + 2 * margin, cut=6)


def _background(axes: Axes, T: int) -> None:
    """Bands for the steps, their headings, and an outline where each turn of the two loops is at first."""
    style = {"fontsize": NORMAL, "color": GRAY, "ha": "center", "va": "center", "zorder": 0.5}
    bands = [rectangle(x - 8, 36, x + CARD_WIDTH + 8, PITCH * T + TOP - 12) for x in (_left(T, s) for s in range(T))]
    axes.add_collection(PolyCollection(bands, facecolor="#F4F4F4", edgecolor="none", zorder=0))
    for s in range(T):
        x = _left(T, s)
        axes.text(x + CARD_WIDTH / 2, 50, f"step {s}", **style)
        for name, across in zip(("dh", "dc_carry"), TAGS, strict=True):
            axes.text(x + across + 3, 69, name, **style)
    outlines = [_card(_left(T, s), TOP + PITCH * row) for row in range(T) for s in range(T - row)]
    look = {"facecolor": "none", "edgecolor": GRAY, "linewidth": 1, "linestyle": (0, (1, 2.5))}
    axes.add_collection(PolyCollection(outlines, **look, zorder=1))
