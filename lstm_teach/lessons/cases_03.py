"""The cases of lesson 3's blanks: what one step back multiplies dc by, and how often the repaired inner loop runs."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import plain
from .cases import sequences
from .loop import REPAIRS


def factors() -> Iterator[dict[str, Any]]:
    """The forget gates `f` (T, H) of some nets, and the slopes of a step back, both by complex step.

    `factor_right` is how c changes with the c before it; `factor_as_posted` how the posted line's dc changes with dc.
    """
    nudge = 1e-30j
    for net in sequences():
        f = net.cache.f[:-1]
        nudged = [
            plain.step(net.params, net.x[t], net.cache.h[t - 1], net.cache.c[t - 1] + nudge)["c"]
            for t in range(len(net.x))
        ]
        names = {"f": f, "s": slice(None), "dc": nudge}
        exec(REPAIRS["carry_accumulates"].before, names)
        yield {"f": f, "factor_right": np.imag(nudged) / nudge.imag, "factor_as_posted": names["dc"].imag / nudge.imag}


def turns(lengths: tuple[int, ...] = (1, 2, 3, 10, 33, 500)) -> Iterator[dict[str, Any]]:
    """A length T and the number of `turns`: every walk from step t visits the steps t, t-1, ..., 0."""
    for T in lengths:
        count = 0
        for t in range(T):
            for _ in range(t + 1):
                count += 1
        yield {"T": T, "turns": count}
