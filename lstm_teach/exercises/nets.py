"""The nets and sequences that exercises are judged on, and a look at what is done with them.

The gates of a cache have one row more than there are steps, and that row is zero. Here it is filled with random
numbers, so that code that is right only because the row is zero is found out.
"""

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import wraps

import numpy as np

import lstm_teach
from lstm_teach.exercises.engine import Case
from lstm_teach.forward import Cache
from lstm_teach.forward import forward as with_zeros
from lstm_teach.lessons.cases import state
from lstm_teach.params import Params


def random_case(seed: int, T: int, K: int, H: int) -> tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A net with weights of order 1, a sequence with targets, and an initial state h0, c0 that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, K, (2, T))
    return Params.random(K, H, seed=seed, scale=0.8), x, targets, state(random, H), random.normal(0, 1, H)


def by_length(seed: int, shortest: int = 1, make: Callable = random_case) -> list[Case]:
    """Cases of growing length for a repaired pass, from the shortest at which the flawed one was wrong.

    Each part also has a short sequence with a net that has too many weights to nudge one by one.
    """
    sizes = {f"T = {T}": (T, 4, 5) for T in (1, 2, 6) if shortest <= T} | {"T = 9 with other sizes": (9, 6, 3)}
    wide = {T: make(seed + T, T, 200, 200) for T in (1, 2)}
    nets = {part: (make(seed + T, T, *others), wide[min(T, 2)]) for part, (T, *others) in sizes.items()}
    return [Case(part, net) for part, both in nets.items() for net in both]


def with_moves(loss_of: Callable, net: Mapping | Params) -> tuple[Callable, list[np.ndarray]]:
    """The same loss, and a list that gets, for each call, by how much the numbers that differ from net's were moved."""
    first, moves = copy.deepcopy(net), []

    def noted_loss(moved: Mapping | Params) -> float:
        loss = loss_of(moved)
        with contextlib.suppress(KeyError, TypeError, ValueError):  # the loss of something else
            by = np.concatenate([np.ravel(moved[name] - matrix) for name, matrix in first.items()])
            moves.append(by[by != 0])
        return loss

    return noted_loss, moves


def filled(cache: Cache) -> Cache:
    """The cache with random numbers in the last row of the gates, which belongs to no step."""
    gates = cache.gates.copy()
    gates[-1] = np.random.default_rng(len(cache.x)).uniform(0.2, 0.8, gates.shape[1:])
    return replace(cache, gates=gates)


@wraps(with_zeros)
def forward(*inputs, **options) -> Cache:
    """`lt.forward`, filled; a function of its own, so that its calls are seen as those of `lt.forward`."""
    return filled(with_zeros(*inputs, **options))


@contextlib.contextmanager
def filled_forward() -> Iterator[None]:
    """For a while `lt.forward` fills the rows that belong to no step."""
    lstm_teach.forward = forward
    try:
        yield
    finally:
        lstm_teach.forward = with_zeros
