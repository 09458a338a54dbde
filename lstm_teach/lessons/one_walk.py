"""Notices right numbers that do not come from one walk back: their work grows too fast, or they get lost if tiny.

Imports borrowed, guard, judging, params and the cases. What is said is what was seen; of a function that takes too
long for that, nothing is said.
"""

import functools
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from lstm_teach import borrowed, guard
from lstm_teach.judging import Attempt, Trouble, parts_of
from lstm_teach.lessons.cases import state
from lstm_teach.params import Params

SECONDS = 5.0  # for each of the two looks
LENGTHS = (10, 20, 40)
TINY = 1e-303  # a V with which everything that is walked back has all its digits, which no number below 1e-308 has
MEASURED = (
    "The numbers are right, but gradients as small as {:.0e} get lost, as if they had been measured by nudging one"
    " number after another. In a walk back they don't get lost. The task is one walk from the last step to the first."
)
GROWS = (
    "The numbers are right, but this is more than one walk: with {2} steps, {0} runs {3:.1f} times as many lines as"
    " with {1}. In one walk, it would be about twice as many. Look for a loop over the steps inside another, or for"
    " a call in the loop that goes over all of them."
)
Net = tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def unless_one_walk(function: Callable, right: Callable, returns: Sequence[str] = ()) -> str:
    """What a function with right numbers does instead of walking back once; "" if it walks, or can't be watched.

    Both take params, x, targets, h0, c0; `returns` has the names of the parts of a tuple.
    """
    try:
        small, large, *lines = _lines_run(function, [_net(2), _net(2, 4, 8), *map(_net, LENGTHS)])
        # Only what takes longer in a larger net may nudge its numbers one after another.
        if large > 2 * small and (lost := _lost_if_tiny(function, right, returns)):
            return MEASURED.format(lost)
    except Trouble:
        return ""
    a_step = [(lines[k + 1] - lines[k]) / (LENGTHS[k + 1] - LENGTHS[k]) for k in (0, 1)]
    name = guard.name_of(function)
    return GROWS.format(name, *LENGTHS[1:], lines[2] / lines[1]) if a_step[1] > 1.5 * a_step[0] else ""


def _net(T: int, K: int = 3, H: int = 2) -> Net:
    """A net with a sequence of one token, so that every step is like the others."""
    rng = np.random.default_rng(T)
    params = Params(K, H, rng.normal(0, 0.8, K * H + 4 * H * H + 4 * H * K))
    return params, np.zeros(T, int), np.ones(T, int), *state(rng, 2, H)


def _lines_run(function: Callable, nets: Sequence[Net]) -> list[int]:
    """How many lines of Python run in a call with each of these; those of NumPy and the like don't count."""
    count = 0

    def line(frame: FrameType, event: str, argument: Any) -> Callable | None:
        nonlocal count
        count += event == "line"
        return None if borrowed.package_of(frame) in borrowed.BETWEEN else line

    @functools.wraps(function)
    def watched(*given: Any) -> Any:
        before = sys.gettrace()
        sys.settrace(line)
        try:
            return function(*given)
        finally:
            sys.settrace(before)

    attempt, counts = Attempt(watched, SECONDS), []
    for net in nets:
        count = 0
        attempt(*net)
        counts.append(count)
    return counts


def _lost_if_tiny(function: Callable, right: Callable, returns: Sequence[str]) -> float:
    """The size of numbers so small that no nudge shows them, if the function has lost them; else 0.

    Nudged by 1e-10 or less, a loss changes by something too small to have digits, or by nothing.
    """
    net = _net(2)
    net[0].V *= TINY
    attempt = Attempt(function, SECONDS)
    wanted, got = (parts_of(each(*net), right(*net), attempt.name, returns) for each in (right, attempt))
    # The gradient of V itself is not small.
    sizes = {name: np.abs(each).max() for name, each in wanted.items() if name != "V"}
    found = all(np.abs(got[name] - wanted[name]).max() <= 1e-9 * size for name, size in sizes.items())
    return 0.0 if found else max(sizes.values())
