"""The cases on which the blank of lesson 0 is judged."""

from __future__ import annotations

import math
from collections.abc import Iterator


def left() -> Iterator[dict]:
    """What is left of a cell value of 1 that is multiplied by f at each of n steps."""
    for f, n in ((0.8, 20), (0.5, 3), (0.93, 7), (0.25, 2)):
        yield {"f": f, "n": n, "left": math.prod([f] * n)}
