"""Rows that nobody may read, filled with random numbers: code that is right only because a row is zero shows itself.

The gates of a cache have one row more than there are steps, and that row is zero.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps

import numpy as np

import lstm_teach
from lstm_teach.forward import Cache
from lstm_teach.forward import forward as with_zeros


def filled(cache: Cache) -> Cache:
    """The cache with random numbers in the last row of the gates, which belongs to no step."""
    gates = cache.gates.copy()
    gates[-1] = np.random.default_rng(len(cache.x)).uniform(0.2, 0.8, gates.shape[1:])
    return replace(cache, gates=gates)


@wraps(with_zeros)
def forward(*inputs, **options) -> Cache:
    """`lt.forward`, filled; a function of its own, so that its calls are seen as those of `lt.forward`."""
    return filled(with_zeros(*inputs, **options))


@contextmanager
def filled_forward() -> Iterator[None]:
    """For a while `lt.forward` fills the rows that belong to no step."""
    lstm_teach.forward = forward
    try:
        yield
    finally:
        lstm_teach.forward = with_zeros
