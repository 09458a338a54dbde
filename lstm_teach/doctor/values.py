"""The arrays in what a statement computes: a copy of them, others in their place. Imports params."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from lstm_teach.params import Params

_LONGEST = 64  # of the lists of floats that are looked at
_LARGEST = 1 << 16  # numbers in one array; a teaching-size net needs a tenth of it


def numbers(value: Any) -> np.ndarray | None:
    """A list of floats, or of such lists of one length, as an array; None for anything else."""
    if type(value) is not list or not 1 < len(value) <= _LONGEST:
        return None
    rows = value if type(value[0]) is list else [value]
    if any(type(row) is not list or len(row) != len(rows[0]) for row in rows):
        return None
    return np.array(value) if all(isinstance(each, float) for row in rows for each in row) else None


def disturbed(value: Any, depth: int = 0) -> Any:
    """A value with other numbers in it: floats, and whole numbers by themselves or in arrays; no usual one stays.

    A list, tuple, dict or Params is a new one with each array in it disturbed; lists of floats count as arrays.
    """
    kind = type(value)
    if kind is np.ndarray:
        if value.dtype.kind in "iu":
            return np.where(value > 0, value - 1, value + 1)  # as an index it stays in bounds
        return 1.1 * value + 0.123 if value.dtype.kind == "f" else value
    if depth == 0 and isinstance(value, int | np.integer) and kind is not bool:
        return value - 1 if value > 0 else value + 1
    if depth == 0 and isinstance(value, float):
        return 1.1 * value + 0.123
    array = numbers(value)
    if array is not None:
        return disturbed(array).tolist()
    if depth > 1:
        return value
    if kind is Params:
        return Params(value.vocab_size, value.hidden_size, disturbed(value.flat))
    if kind is dict:
        return {key: disturbed(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | deque):
        each = [disturbed(each, depth + 1) for each in value]
        return kind(each) if kind in (list, tuple, deque) else kind(*each)
    return value


def kept(value: Any) -> Any:
    """A copy of the arrays in a value: one array, a list of those in a list, tuple, dict or Params, or None."""
    kind = type(value)
    if kind is np.ndarray:
        return value.copy()
    if kind is float or kind is int:  # a loop over the entries of arrays computes thousands of them
        return None
    array = numbers(value)
    return list(_arrays(value)) if array is None and _holds_others(value) else array


def _arrays(value: Any, depth: int = 0) -> Iterator[np.ndarray]:
    array = value.copy() if type(value) is np.ndarray else numbers(value)
    if array is not None:
        yield array
    elif depth < 2 and _holds_others(value) and len(value) < 50:
        for each in value.values() if isinstance(value, dict | Params) else value:
            yield from _arrays(each, depth + 1)


def _holds_others(value: Any) -> bool:
    return isinstance(value, list | tuple | deque) or type(value) in (dict, Params)


def fits(value: Any) -> Any:
    """The value; raise MemoryError if it is larger than anything that a teaching-size net needs."""
    size = value.size if type(value) is np.ndarray else len(value) if type(value) in (list, deque) else 0
    if size > _LARGEST:
        raise MemoryError("an array that is larger than any that is needed")
    return value


def is_zero(value: Any) -> bool:
    """Whether all the recorded numbers are zero."""
    return not any(item.any() for item in value) if type(value) is list else not value.any()


def usable(value: Any) -> bool:
    """Whether a recorded value holds floating-point numbers to look at."""
    if type(value) is list:
        return bool(value) and all(item.dtype.kind == "f" for item in value)
    return value is not None and value.dtype.kind == "f" and value.size > 1


def mark(value: Any) -> tuple:
    """What tells a recorded value from others: shapes and numbers."""
    return tuple(map(mark, value)) if type(value) is list else (value.shape, value.tobytes())
