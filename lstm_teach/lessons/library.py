"""What stands in for functions that a learner has not written yet, and an experiment. Imports plain and edited."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from lstm_teach import plain
from lstm_teach.edited import edited
from lstm_teach.params import Params

SENT_ON = ("dh", "dc", "dzi", "dzf", "dzo", "dzg", "dh_before", "dc_before")  # what a step back returns


def pre_activation(U: np.ndarray, W: np.ndarray, token: int, h_before: np.ndarray) -> np.ndarray:
    """The pre-activation of a gate or the candidate, (H,)."""
    return U[:, token] + W @ h_before


def with_rows(
    rows: int, params: Params, x: np.ndarray, h0: np.ndarray, c0: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """h and c of the forward pass in arrays with that many rows, (rows, H); the initial state is in the last row."""
    cache = edited(plain.forward, "T + 1", str(rows))(params, x, h0, c0)
    return cache.h, cache.c


def central_difference(loss_of: Callable[[float], float], w: float, step: float = 0.001) -> float:
    """How fast loss_of changes at w, from its values a step above and a step below."""
    change = loss_of(w + step) - loss_of(w - step)
    return change / (2 * step)


def step_back(
    params: Params, cache: SimpleNamespace, dy: np.ndarray, t: int, dh_future: np.ndarray, dc_carry: np.ndarray
) -> dict[str, np.ndarray]:
    """The deltas of step t by name, (H,) each, from dy (T, K) and what step t+1 sent back, (H,) each."""
    deltas = plain.step_back(params, cache, dy, t, dh_future, dc_carry)
    return {name: deltas[name] for name in SENT_ON}
