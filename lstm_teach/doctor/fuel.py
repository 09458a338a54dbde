"""A budget of steps instead of a clock: the same source gets the same answer, however busy the machine is.

A step is about what one statement of a changed version takes: six or seven microseconds on a usual machine, with all
that goes with it. Changed versions are compiled by the doctor, so that their loops and calls count; what the doctor
does besides is counted by rules of thumb. Nothing here is a thread, a signal or a limit of the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

STEPS = 4_400_000  # for one diagnosis, fifteen seconds or so on a usual machine
RUN, STATEMENT = 25, 1  # steps for one run of a changed version, and for each statement in it
EDIT, PROOF = 40, 150  # for one changed statement to be compiled, and for one net of a proof
VALUE = 3  # for one array that is looked up among the right ones

_spent = [0]


def spend(steps: int) -> None:
    """Note that so much was done."""
    _spent[0] += steps


def remembered(known: dict[Any, tuple[Any, int]], key: Any, compute: Callable, *args: Any) -> Any:
    """What is `known` under this key, or is computed now; either way it costs the same number of steps."""
    if key in known:
        spend(known[key][1])
    else:
        before = _spent[0]
        known[key] = compute(*args), _spent[0] - before
    return known[key][0]


@dataclass(frozen=True)
class Deadline:
    """A number of steps done, and a moment of this process's computing time as a further bound."""

    at: int
    moment: float = float("inf")

    @classmethod
    def after(cls, steps: float, seconds: float | None = None) -> Deadline:
        """So many steps from now, and at most so many seconds."""
        moment = time.process_time() + seconds if seconds is not None else float("inf")
        return cls(_spent[0] + int(steps), moment)

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return _spent[0] > self.at or self.late

    @property
    def late(self) -> bool:
        """Whether its moment has passed."""
        return self.moment < float("inf") and time.process_time() > self.moment

    def part(self, share: float) -> Deadline:
        """An earlier one, after this share of the steps that are left."""
        return Deadline(_spent[0] + int(share * max(0, self.at - _spent[0])), self.moment)

    def within(self, steps: int) -> Deadline:
        """The earlier of this one and so many steps from now."""
        return Deadline(min(self.at, _spent[0] + steps), self.moment)
