"""Lesson 00: what is left of a cell value that is multiplied by the same forget gate at every step.

The pattern of every figure module: `build()` returns a scene and the function that updates it for other arrays, and
`describe()` returns the one line that is both the caption of the picture and its alt text.
"""

import numpy as np

from .scene import Built, Scene
from .style import COLORS, NORMAL, new_figure, short, tidy


def build(steps: int) -> Built:
    """Draw what stays; return the scene and `update(left)`, where `left` is (steps + 1,) fractions."""
    figure = new_figure(900, 300)
    words = "What is left of a cell value of 1 when the forget gate is f at every step"
    axes = tidy(figure.subplots(), words, "steps later, n", "value left")
    axes.set(xlim=(-0.7, steps + 0.7), ylim=(0, 1.12), xticks=range(0, steps + 1, max(1, steps // 10)))
    bars = axes.bar(range(steps + 1), np.ones(steps + 1), width=0.7, color=COLORS["f"])
    last = axes.text(steps, 0, "", ha="center", va="bottom", fontsize=NORMAL)

    def update(left: np.ndarray) -> None:
        for bar, height in zip(bars, left, strict=True):
            bar.set_height(height)
        last.set(y=left[-1] + 0.02, text=share(left[-1]).replace("less than ", "<"))

    return Scene(figure, *bars, last), update


def describe(left: np.ndarray) -> str:
    """Say in one line what the picture shows."""
    f, steps = left[1], len(left) - 1
    return f"With f = {short(f)}, {share(left[-1])} of the value is left after {steps} steps."


def share(left: float) -> str:
    """A share in percent, without the powers of ten that tiny ones would need."""
    return "less than 0.01%" if 0 < left < 1e-4 else f"{short(100 * left)}%"
