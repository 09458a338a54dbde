"""The arrays in what a statement computes: a copy of them, others in their place. Imports params."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


def exchanged(value: Any, change: Callable[[np.ndarray], np.ndarray], depth: int = 0) -> Any:
    """A list, tuple, dict or Params with each array in it changed; lists of floats count as arrays."""
    kind = type(value)
    if kind is np.ndarray:
        return change(value)
    array = numbers(value)
    if array is not None:
        return change(array).tolist()
    if depth > 1:
        return value
    if kind is Params:
        new = value.copy()
        for name in Params.NAMES:
            new[name][...] = change(value[name])
        return new
    if kind is dict:
        return {key: exchanged(each, change, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        each = [exchanged(each, change, depth + 1) for each in value]
        return each if kind is list else tuple(each) if kind is tuple else kind(*each)
    return value


def disturbed(value: Any) -> Any:
    """A value with other numbers in it: floats, and whole numbers by themselves or in arrays; no usual one stays."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_):
        return value - 1 if value > 0 else value + 1  # as an index it stays in bounds
    if isinstance(value, float):
        return 1.1 * value + 0.123

    def other(array: np.ndarray) -> np.ndarray:
        if array.dtype.kind in "iu":
            return np.where(array > 0, array - 1, array + 1)
        return 1.1 * array + 0.123 if array.dtype.kind == "f" else array

    return exchanged(value, other)


def kept(value: Any) -> Any:
    """A copy of the arrays in a value: one array, a list of those in a list, tuple, dict or Params, or None."""
    if type(value) is np.ndarray:
        return value.copy()
    array = numbers(value)
    if array is None and (isinstance(value, list | tuple) or type(value) in (dict, Params)):
        return list(_arrays(value))
    return array


def _arrays(value: Any, depth: int = 0) -> Iterator[np.ndarray]:
    if type(value) is np.ndarray:
        yield value.copy()
    elif type(value) is Params:
        yield from (value[name].copy() for name in Params.NAMES)
    elif (array := numbers(value)) is not None:
        yield array
    elif depth < 2 and (type(value) is dict or isinstance(value, list | tuple)) and len(value) < 50:
        for each in value.values() if type(value) is dict else value:
            yield from _arrays(each, depth + 1)


def fits(value: Any) -> Any:
    """The value; raise MemoryError if it is larger than anything that a teaching-size net needs."""
    if (type(value) is np.ndarray and value.size > _LARGEST) or (type(value) is list and len(value) > _LARGEST):
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
