"""Sentences for bad input, one per argument, raised before any work is done. Imports numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ArrayLike = Sequence[float] | np.ndarray


def positive_integer(name: str, value: int) -> int:
    """Return `value` as an int if it is a whole number of at least 1."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {brief(value)}.")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}.")
    return int(value)


def seed(value: int) -> int:
    """Return `value` if it can seed a random generator: a whole number of at least 0."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"seed must be a whole number of at least 0, got {brief(value)}.")
    return int(value)


def finite_number(name: str, value: float, positive: bool = False) -> float:
    """Return `value` as a float if it is one finite number (above zero where `positive`)."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {brief(value)}.")
    if not np.isfinite(value) or (positive and value <= 0):
        raise ValueError(f"{name} must be a {'positive' if positive else 'finite'} number, got {value}.")
    return float(value)


def tokens(name: str, value: Sequence[int] | np.ndarray, vocab_size: int) -> np.ndarray:
    """Return a (T,) integer array of token ids in [0, vocab_size), T >= 1."""
    try:
        ids = np.asarray(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a flat sequence of token ids, got {brief(value)}.") from None
    if ids.size == 0:
        raise ValueError(f"{name} must hold at least one token id, got an empty sequence.")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold whole numbers (token ids), got {brief(value)} of dtype {ids.dtype}.")
    if ids.ndim != 1:
        raise ValueError(f"{name} must be a flat sequence of token ids, got an array of shape {ids.shape}.")
    if ids.min() < 0 or ids.max() >= vocab_size:
        t = np.flatnonzero((ids < 0) | (ids >= vocab_size))[0]
        raise ValueError(
            f"{name}[{t}] must be a token id from 0 to {vocab_size - 1} (vocab_size is {vocab_size}), got {ids[t]}."
        )
    return ids


def sequence_pair(
    x: Sequence[int] | np.ndarray, targets: Sequence[int] | np.ndarray, vocab_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return `x` and `targets` as token arrays of the same length."""
    x, targets = tokens("x", x, vocab_size), tokens("targets", targets, vocab_size)
    if len(x) != len(targets):
        raise ValueError(
            f"targets must have one entry for each step of x, got {len(targets)} targets for {len(x)} steps."
        )
    return x, targets


def state(name: str, value: ArrayLike | None, hidden_size: int, dtype: np.dtype) -> np.ndarray:
    """Return an initial state as an (H,) array; None means zeros."""
    if value is None:
        return np.zeros(hidden_size, dtype)
    return real_array(name, value, (hidden_size,), dtype)


def real_array(
    name: str, value: ArrayLike, shape: tuple[int, ...], dtype: np.dtype | type, finite: bool = True
) -> np.ndarray:
    """Return `value` as an array of this shape, finite unless told; a complex `dtype` admits complex numbers."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of shape {shape}, got {brief(value)}.") from None
    if array.dtype.kind not in ("fiuc" if np.dtype(dtype).kind == "c" else "fiu"):
        raise TypeError(f"{name} must hold real numbers, got an array of dtype {array.dtype}.")
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}.")
    if finite and not np.isfinite(array).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, got {array[where]} at index {where}.")
    return array.astype(dtype)


def brief(value: object) -> str:
    """Show a value in an error sentence: its type and, if that is short, itself."""
    text = repr(value)
    kind = type(value).__name__
    return f"{text} ({kind})" if len(text) <= 40 else f"a {kind}"
