"""The shapes that pictures put together by hand are made of, as lists of corners.

May import numpy.
"""

import numpy as np

Points = list[tuple[float, float]]


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """A closed line around a rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]


def octagon(x: float, y: float, width: float, height: float, cut: float = 4) -> Points:
    """A box with its corners cut off, around a center."""
    a, b = width / 2, height / 2
    return [
        *((x - a + cut, y - b), (x + a - cut, y - b), (x + a, y - b + cut), (x + a, y + b - cut)),
        *((x + a - cut, y + b), (x - a + cut, y + b), (x - a, y + b - cut), (x - a, y - b + cut)),
    ]


def tag(x: float, y: float, width: float, height: float, nose: float) -> Points:
    """A tag with a nose to the left, around a center."""
    a, b = width / 2, height / 2
    return [(x - a, y), (x - a + nose, y - b), (x + a, y - b), (x + a, y + b), (x - a + nose, y + b)]


def head(start: tuple[float, float], end: tuple[float, float], length: float, half: float) -> Points:
    """The head of an arrow that comes from `start`, its point at `end`."""
    way = np.subtract(end, start)
    way = way / max(np.hypot(*way), 1e-9)
    across, foot = np.array([-way[1], way[0]]) * half, np.array(end) - way * length
    return [tuple(end), tuple(foot + across), tuple(foot - across)]
