"""Lesson 01: the two curves that squash, with the numbers of one step marked on them.

May import numpy, matplotlib and lstm_teach.plain.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ..plain import sigmoid
from .style import BLACK, LIGHT_GRAY, LINES, NAMES, NORMAL, new_figure, tidy

FURTHEST = 5  # of the axis of z
CURVES = {"i": sigmoid, "f": sigmoid, "o": sigmoid, "g": np.tanh}


def picture(z: Mapping[str, float]) -> Figure:
    """Draw the sigmoid and tanh; `z` maps the gates i, f, o and the candidate g to their pre-activations."""
    figure = new_figure(900, 300)
    left, right = figure.subplots(1, 2)
    tidy(left, "The sigmoid makes a share, from 0 to 1", "z", "sigmoid(z)")
    tidy(right, "tanh keeps the sign, from −1 to 1", "z", "tanh(z)")
    line = np.linspace(-FURTHEST, FURTHEST, 201)
    for axes, curve, ticks in ((left, sigmoid, (0, 0.5, 1)), (right, np.tanh, (-1, 0, 1))):
        for y in ticks:
            axes.axhline(y, color=LIGHT_GRAY, linewidth=0.8)
        axes.axvline(0, color=LIGHT_GRAY, linewidth=0.8)
        axes.plot(line, curve(line), color=BLACK, linewidth=1.6)
        for gate, value in z.items():
            if CURVES[gate] is curve:
                label = f"{NAMES[gate]} = {curve(value):.2f}".replace("-", "−")
                look = LINES[gate] | {"linestyle": "", "label": label}
                axes.plot([value], [curve(value)], markersize=8, **look)
        room = 0.08 * (ticks[-1] - ticks[0])
        axes.set(xlim=(-FURTHEST, FURTHEST), ylim=(ticks[0] - room, ticks[-1] + room), yticks=ticks)
        axes.legend(loc="lower right", fontsize=NORMAL, frameon=False)
    return figure


def describe(z: Mapping[str, float]) -> str:
    """Say in one line what the picture shows."""
    marks = [f"{gate} = {CURVES[gate](value):.2f} at z = {value:.2f}".replace("-", "−") for gate, value in z.items()]
    return (
        "The sigmoid rises from 0 to 1 and is one half at z = 0; tanh rises from −1 to 1 and is 0 at z = 0. "
        f"Marked: {', '.join(marks)}."
    )
