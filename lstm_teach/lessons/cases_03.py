"""The cases of lesson 3's blank: how often the repaired inner loop runs."""

from collections.abc import Iterator
from typing import Any


def turns(lengths: tuple[int, ...] = (1, 2, 3, 10, 33, 500)) -> Iterator[dict[str, Any]]:
    """A length T and the number of `turns`: every walk from step t visits the steps t, t-1, ..., 0."""
    for T in lengths:
        count = 0
        for t in range(T):
            for _ in range(t + 1):
                count += 1
        yield {"T": T, "turns": count}
