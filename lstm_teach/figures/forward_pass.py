"""Lesson 01: one cell value over time, with a bell at the first step and without one, and what the net answers.

May import numpy, matplotlib, lstm_teach.forward and lstm_teach.bell.
"""

from ..bell import BELL, QUIET
from ..forward import Cache
from .scene import Built, Scene
from .style import COLORS, GRAY, LIGHT_GRAY, LINES, NAMES, NORMAL, RIGHT, WRONG, axes_at, new_figure, tidy

UNIT = 0  # the unit with the memory
HIGHEST = 2  # of the axis of the cell value
LOOK = {"color": COLORS["c"], "marker": "o", "markersize": 6, "linewidth": 1.6}
RUNS = {"bell at step 0": LOOK, "no bell": LOOK | {"linestyle": "--", "markerfacecolor": "white"}}


def build(longest: int, gates: str = "f") -> Built:
    """Draw what stays; return the scene and `update(rang, silent)`, two forward passes of at most `longest` steps.

    `gates` are those to draw below the cell value, in the run in which the bell rang.
    """
    figure = new_figure(900, 440, layout=None)
    cell = tidy(axes_at(figure, 58, 34, 556, 200), "Cell value c of one unit: what it remembers")
    what = "gates" if len(gates) > 1 else "forget gate f"
    shares = tidy(axes_at(figure, 58, 278, 556, 116), f"Its {what}, when the bell rang", "step")
    answers = tidy(axes_at(figure, 656, 60, 230, 140), "Its answer when asked", "probability of “bell”")
    for axes, top in ((cell, HIGHEST), (shares, 1)):
        axes.set(xlim=(-0.6, longest - 0.4), ylim=(-0.06 * top, 1.06 * top), yticks=(0, top / 2, top))
        axes.set_xticks(range(0, longest, 2), range(0, longest, 2) if axes is shares else [])
        for y in (0, top / 2, top):
            axes.axhline(y, color=LIGHT_GRAY, linewidth=0.8, zorder=0)
    lines = [cell.plot([], [], **look)[0] for look in RUNS.values()]
    gate_lines = {gate: shares.plot([], [], markersize=5, linewidth=1.6, **LINES[gate])[0] for gate in gates}
    if len(gates) > 1:
        look = {"bbox_to_anchor": (0.72, 0.13), "fontsize": NORMAL, "frameon": False, "handlelength": 3}
        figure.legend(handles=[*gate_lines.values()], loc="lower left", **look)
    asked = [axes.axvline(0, color=GRAY, linewidth=1, linestyle=":") for axes in (cell, shares)]
    question = cell.text(0, 0.97 * HIGHEST, "asked", fontsize=NORMAL, ha="right", va="top", color=GRAY)
    answers.set(xlim=(0, 1), ylim=(2, -0.1), yticks=[], xticks=(0, 0.5, 1))
    for y, (name, look) in zip((0.3, 1.3), RUNS.items(), strict=True):
        answers.plot((0.01, 0.06, 0.11), (y, y, y), **look, markevery=(1, 5), zorder=0)
        answers.text(0.15, y, name, fontsize=NORMAL, va="center", zorder=0)
    bars = answers.barh((0.66, 1.66), (0, 0), height=0.3)
    words = [answers.text(1, y, "", fontsize=NORMAL, va="center", ha="right") for y in (0.3, 1.3)]

    def update(rang: Cache, silent: Cache) -> None:
        last = len(rang.x) - 1
        for line, cache in zip(lines, (rang, silent), strict=True):
            line.set_data(range(last + 1), cache.c[:-1, UNIT])
        for gate, line in gate_lines.items():
            line.set_data(range(last + 1), getattr(rang, gate)[:-1, UNIT])
        for mark in asked:
            mark.set_xdata([last, last])
        question.set_x(last - 0.2)
        for bar, text, cache, right in zip(bars, words, (rang, silent), (BELL, QUIET), strict=True):
            p = cache.y[-1, BELL]
            good = cache.y[-1].argmax() == right
            bar.set(width=p, facecolor=RIGHT if good else WRONG)
            text.set_text(f"{p:z.2f}  {'✓ right' if good else '✗ wrong'}")

    return Scene(figure, *lines, *gate_lines.values(), *asked, question, *bars, *words), update


def describe(rang: Cache, silent: Cache, gates: str = "f") -> str:
    """Say in one line what the picture shows; of gates other than f in hidden HTML, for whoever cannot see them."""
    last = len(rang.x) - 1
    before = [cache.c[last - 1, UNIT] for cache in (rang, silent)]
    ends = [cache.y[-1, BELL] for cache in (rang, silent)]
    quiet = "1 quiet step" if last == 2 else f"{last - 1} quiet steps"
    f = rang.f[1:last, UNIT].mean() if last > 1 else rang.f[0, UNIT]
    others = ""
    for gate in gates.replace("f", ""):
        first, *waiting, end = getattr(rang, gate)[:-1, UNIT]
        mean = f"{sum(waiting) / len(waiting):z.2f} on average while the net waits"
        others += f" If the bell rang, the {NAMES[gate]} is {first:z.2f} at step 0, {mean} and {end:z.2f} when asked."
    others = others and f'<span class="lt-unseen">{others}</span>'
    return (
        f"The forget gate is {f:z.2f} on average while the net waits. After {quiet} the cell value is {before[0]:z.2f} "
        f"if the bell rang and {before[1]:z.2f} if not. Asked at step {last}, the net answers “bell” with probability "
        f"{ends[0]:z.2f} if it rang and {ends[1]:z.2f} if not.{others}"
    )
