"""What all pictures share: colors, second cues, color maps, text sizes, number formats, an empty figure.

May import numpy and matplotlib; nothing of this package.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 100  # a picture of 900 x 520 pixels is a figure of 9 x 5.2 inches
WIDTH = 900  # pixels; the output area of JupyterLab in a window of 1280 pixels holds this much

SMALL, NORMAL, LARGE = 9, 9.5, 10.5  # points; 9 are 12 pixels

# Okabe & Ito, "Color Universal Design" (2008): told apart with every common kind of color vision.
BLACK, GRAY, LIGHT_GRAY = "#000000", "#595959", "#D9D9D9"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

# Each thing of the model has a color, the same in every lesson; a delta has the color of its forward twin. Marker and
# dash are the second cue, for eyes or printers that lose the color.
LINES = {  # of the gates and the candidate, as options of `axes.plot`
    "i": {"color": BLUE, "marker": "o", "linestyle": "-", "label": "input gate i"},
    "f": {"color": VERMILION, "marker": "s", "linestyle": (0, (6, 1.5)), "label": "forget gate f"},
    "o": {"color": GREEN, "marker": "^", "linestyle": (0, (3, 1.5)), "label": "output gate o"},
    "g": {"color": PURPLE, "marker": "D", "linestyle": (0, (6, 1.5, 1, 1.5)), "label": "candidate g"},
}
COLORS = {gate: line["color"] for gate, line in LINES.items()}
COLORS |= {"c": BLACK, "h": SKY, "loss": ORANGE, "y": GRAY}
NAMES = {gate: line["label"] for gate, line in LINES.items()}

# A verdict, always with a mark of its own. Nothing else is navy or crimson. Navy is between black and the darkest of
# the other colors, so that it is told from all of them without its hue.
RIGHT, WRONG, UNSURE = "#22228A", "#B5005B", ORANGE

SIGNED = "PuOr_r"  # orange is positive, purple is negative, white is zero


def new_figure(width_px: int, height_px: int, layout: str | None = "constrained") -> Figure:
    """Return an empty figure of that many pixels which pyplot does not know, so nothing has to be closed."""
    figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI, facecolor="white", layout=layout)
    FigureCanvasAgg(figure)
    return figure


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a place in pixels, counted from the top left."""
    whole, high = figure.get_size_inches() * DPI
    return figure.add_axes((left / whole, 1 - (top + height) / high, width / whole, height / high))


def new_page(width_px: int, height_px: int) -> tuple[Figure, Axes]:
    """Return an empty figure and axes over all of it, with pixels from the top left as coordinates."""
    figure = new_figure(width_px, height_px, layout=None)
    page = {"xlim": (0, width_px), "ylim": (height_px, 0), "xticks": [], "yticks": []}
    return figure, bare(figure.add_axes((0, 0, 1, 1), facecolor="none", **page))


def tidy(axes: Axes, title: str = "", xlabel: str = "", ylabel: str = "") -> Axes:
    """Give an axes the project's text sizes, a left-aligned title, and no frame at the top and right."""
    axes.set_title(title, fontsize=LARGE, loc="left", zorder=0)  # below what is live, so that it is drawn once
    axes.set_xlabel(xlabel, fontsize=NORMAL)
    axes.set_ylabel(ylabel, fontsize=NORMAL)
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def bare(axes: Axes) -> Axes:
    """Take the frame and the marks of the ticks off an axes, whose labels stay."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return axes


def short(value: float, digits: int = 3) -> str:
    """Format a number for people: at most `digits` significant digits, never a long tail.

    >>> [short(v) for v in (0, 0.5, 0.123456, 1234.56, 1.23456e-7, -2e12)]
    ['0', '0.5', '0.123', '1235', '1.23e-7', '−2e12']
    """
    value = float(value)
    if value < 0:
        return f"−{short(-value, digits)}"  # a real minus
    if value == 0 or not np.isfinite(value):
        return f"{abs(value):g}"
    size = float(f"{value:.{digits}g}")  # rounded first: 999.7 is 1000
    if 1e-3 <= size < 1e5:
        return f"{value:.{digits}g}" if size < 10**digits else f"{value:.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{float(mantissa):.{digits}g}e{int(exponent)}"


def whole_percent(fraction: float) -> str:
    """Format a fraction as a whole percentage, where 0 and 100 mean none and all.

    >>> [whole_percent(p) for p in (0, 0.004, 0.953, 0.996, 1)]
    ['0%', 'less than 1%', '95%', 'more than 99%', '100%']
    """
    if 0 < fraction < 0.005:
        return "less than 1%"
    return "more than 99%" if 0.995 < fraction < 1 else f"{fraction:.0%}"
