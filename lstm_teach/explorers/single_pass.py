"""Lesson 04: walk backwards in time and lay the deltas of a flawed loop beside those of the right pass."""

import timeit
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .. import bell, guard
from ..backward import Deltas, bptt
from ..figures import single_pass as figures
from ..gradients import exact_gradient
from ..gradreport import errors_of
from ..nested import FLAWS, nested_bptt
from .controls import dropdown, int_slider
from .shell import Explorer

T, HIDDEN_SIZE = 8, 4
LEAST_SECONDS = 0.003  # for one measured time


def bell_net(T: int = T, seed: int = 0, scale: float = 0.8) -> bell.Inputs:
    """The net of the lesson, untrained, at the task of the bell: params, x (T,), targets (T,), h0 (4,), c0 (4,)."""
    return bell.untrained(T, HIDDEN_SIZE, seed, scale)


@lru_cache(16)
def two_passes(left_in: frozenset[str]) -> tuple[Deltas, Deltas, dict[str, float]]:
    """The deltas of the loop with these flaws, those of the right pass, and the loop's nine norm-relative errors."""
    net = bell_net()
    repaired = frozenset(FLAWS) - left_in
    gradient, deltas = nested_bptt(*net, repaired=repaired, return_deltas=True)
    return deltas, bptt(*net, return_deltas=True)[1], errors_of(gradient, exact_gradient(*net))


def delta_inspector() -> Explorer:
    """Return the walk back through eight steps, the deltas of a loop with a flaw beside those of the right pass."""
    scene, update = figures.build(T)

    def draw(flaw: frozenset[str], walked: int):
        deltas, right, errors = two_passes(flaw)
        update(deltas, right, flaw, T - 1 - walked)
        return scene, figures.describe(deltas, right, errors, flaw, T - 1 - walked)

    def pick(axes, x: float, y: float) -> dict[str, int] | None:
        return {"walked": T - 1 - round(x)} if axes is scene.figure.axes[0] else None

    options = [(words, frozenset([flaw])) for flaw, words in figures.FLAW_NAMES.items()]
    options += [("all four, as posted", frozenset(FLAWS)), ("none", frozenset())]
    controls = {
        "flaw": dropdown("Flaw left in", options, frozenset(["carry_accumulates"])),
        "walked": int_slider("Steps walked back from the end", 3, 0, T - 1, play_ms=1200),
    }
    return Explorer("Walk back and compare the deltas", controls, draw, pick=pick)


@guard.unseen()  # a print that is left in a pass
def milliseconds(function: Callable, *arguments: Any, repeats: int = 5) -> float:
    """The shortest of a few measured times of a call, which is repeated until even a coarse clock can time it."""
    timer, calls = timeit.Timer(lambda: function(*arguments)), 1
    while min(times := timer.repeat(repeats, calls)) < LEAST_SECONDS:
        calls *= 2
    return 1000 * min(times) / calls
