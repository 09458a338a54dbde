"""The nets and sequences that exercises are judged on, and an eye on what is done with them."""

import contextlib
import copy
from collections.abc import Callable, Mapping

import numpy as np

from lstm_teach import borrowed, guard
from lstm_teach.exercises.engine import Case
from lstm_teach.lessons.cases import state
from lstm_teach.params import Params


def random_case(seed: int, T: int, K: int, H: int) -> tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A net with weights of order 1, a sequence with targets, and an initial state h0, c0 that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, K, (2, T))
    return Params.random(K, H, seed=seed, scale=0.8), x, targets, state(random, H), random.normal(0, 1, H)


def by_length(repaired: Callable, seed: int, shortest: int = 1, make: Callable = random_case) -> list[Case]:
    """Cases of growing length for a repaired pass, from the shortest at which the flawed one was wrong."""
    measured = []  # at an earlier length: of a long pass, only the first calls are counted

    def look(answer: object, params: Params, x: np.ndarray, *others: object) -> str:
        with guard.unseen():  # what it prints is shown already
            times = borrowed.calls_of(repaired, copy.deepcopy((params, x, *others)))["forward"]
        measured.extend([times] * (times > 4 + len(x) ** 2))
        said = "The numbers are right, but measured: the forward pass runs again and again. Repair the loop itself."
        return said if measured else ""

    sizes = {f"T = {T}": (T, 4, 5) for T in (1, 2, 6) if shortest <= T} | {"T = 9 with other sizes": (9, 6, 3)}
    return [Case(part, make(seed + size[0], *size), look=look) for part, size in sizes.items()]


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
