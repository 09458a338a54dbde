"""A limit on the gradient's norm, moved by hand: which steps of a training it clips, and how much is left of them.

May import numpy, matplotlib and the rest of figures; the norms come from the lesson.
"""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.ticker import NullLocator

from .scene import Scene
from .style import BLACK, SMALL, new_figure, short, tidy


def build(norms: Mapping[str, np.ndarray]) -> tuple[Scene, Callable[[str, float], None]]:
    """Draw what stays; return the scene and `update(run, limit)`. `norms` maps runs to the norm at each step."""
    figure = new_figure(880, 430, layout=None)
    above = tidy(figure.add_axes((0.08, 0.5, 0.72, 0.42)), "Norm of the whole gradient", "", "norm (logarithmic)")
    below = figure.add_axes((0.08, 0.12, 0.72, 0.24))
    tidy(below, "What clipping leaves of each gradient", "training step", "share")
    longest = max(map(len, norms.values()))
    for axes in (above, below):
        axes.set_xlim(-0.01 * longest, 1.01 * longest)
    above.set_yscale("log")
    above.yaxis.set_minor_locator(NullLocator())  # the axis is drawn again with each picture
    below.set_ylim(-0.05, 1.1)
    (whole,) = above.plot([], [], color=BLACK, linewidth=1.5, label="the whole gradient")
    line = above.axhline(1, color=BLACK, linewidth=1, linestyle=(0, (2, 2)), label="the limit")
    look = {"color": BLACK, "markersize": 7, "label": "a clipped step"}
    (marks,) = above.plot([], [], "|", **look, transform=above.get_xaxis_transform())
    (left,) = below.plot([], [], color=BLACK, linewidth=1.2)
    handles = [whole, line, marks]
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.995, 0.93), fontsize=SMALL, frameon=False)
    shown = ""

    def update(run: str, limit: float) -> None:
        nonlocal shown
        values = np.asarray(norms[run])
        steps = np.arange(1, len(values) + 1)
        if run != shown:
            shown = run
            whole.set_data(steps, values)
            low, high = min(values.min(), 0.1), max(values.max(), 100.0)
            above.set_ylim(low / (high / low) ** 0.12, high * (high / low) ** 0.03)
        line.set_ydata([limit, limit])
        clipped = steps[values > limit]
        marks.set_data(clipped, np.full(len(clipped), 0.03))
        left.set_data(steps, np.minimum(1, limit / values))

    return Scene(figure, whole, line, marks, left, above.yaxis), update


def describe(run: str, values: np.ndarray, limit: float) -> str:
    """Say in one line how many steps the limit clips, and what it leaves of the longest gradient."""
    values = np.asarray(values)
    count, share = int(np.sum(values > limit)), min(1, limit / values.max())
    return (
        f"A limit of {short(limit, 2)} on the run with the {run} gradient clips {count} of {len(values)} steps; of the "
        f"longest gradient, {short(values.max(), 2)}, it leaves the share {short(share, 2)}."
    )
