"""Sentences for bad input, raised before any work is done, and the words for lists in them. Imports numpy only."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

ArrayLike = Sequence[float] | np.ndarray
Tokens = Sequence[int] | np.ndarray  # token ids, (T,)
State = ArrayLike | None  # an initial state, (H,); None means zeros
MOST_NUMBERS = 10**8  # in one array, which are 0.8 GB


def whole_number(name: str, value: int, least: int = 1) -> int:
    """Return `value` as an int if it is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {brief(value)}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {brief(value)}.")
    return int(value)


def room(what: str, numbers: int, **arguments: int) -> None:
    """Raise unless `numbers` numbers fit into memory; `arguments` are those that ask for so many."""
    if numbers > MOST_NUMBERS:
        given = " and ".join(f"{name} {_whole(value)}" for name, value in arguments.items())
        wanted = f"{given} ask{'s' * (len(arguments) == 1)} for {what} of {_whole(numbers)} numbers"
        raise ValueError(f"{' and '.join(arguments)} must be smaller: {wanted}; at most {MOST_NUMBERS:,} are possible.")


def instance(name: str, value: object, kind: type, called: str) -> None:
    """Raise unless `value` is of this kind, for which the sentence says `called`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {called}, got {brief(value)}.")


def number(name: str, value: float) -> float:
    """Return `value` as a float if it is one number, which may be infinite or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {brief(value)}.")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be a finite number of at most 1.8e308, got {brief(value)}.") from None


def finite_number(name: str, value: float, positive: bool = False) -> float:
    """Return `value` as a float if it is one finite number (above zero where `positive`)."""
    as_float = number(name, value)
    if not math.isfinite(as_float) or (positive and as_float <= 0):
        wanted = "a positive, finite" if positive else "a finite"
        raise ValueError(f"{name} must be {wanted} number, got {value}.")
    return as_float


def tokens(name: str, value: Tokens, vocab_size: int) -> np.ndarray:
    """Return a (T,) integer array of token ids in [0, vocab_size), T >= 1. It is a copy."""
    ids = as_array(name, value, "a flat sequence of token ids").copy()
    if ids.size == 0:
        raise ValueError(f"{name} must hold at least one token id, got an empty sequence.")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold whole numbers (token ids), got {brief(value)} of dtype {ids.dtype}.")
    if ids.ndim != 1:
        raise ValueError(f"{name} must be a flat sequence of token ids, got an array of shape {ids.shape}.")
    if ids.min() < 0 or ids.max() >= vocab_size:
        t = np.flatnonzero((ids < 0) | (ids >= vocab_size))[0]
        known = f"from 0 to {vocab_size - 1} (vocab_size is {vocab_size})"
        raise ValueError(f"{name}[{t}] must be a token id {known}, got {ids[t]}.")
    return ids


def sequence_pair(x: Tokens, targets: Tokens, vocab_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `x` and `targets` as token arrays of the same length."""
    x, targets = tokens("x", x, vocab_size), tokens("targets", targets, vocab_size)
    if len(x) != len(targets):
        got = f"{amount(len(targets), 'target')} for {amount(len(x), 'step')}"
        raise ValueError(f"targets must have one entry for each step of x, got {got}.")
    return x, targets


def state(name: str, value: State, hidden_size: int, dtype: np.dtype) -> np.ndarray:
    """Return an initial state as an (H,) array; None means zeros."""
    if value is None:
        return np.zeros(hidden_size, dtype)
    kind = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
    array = real_array(name, value, (hidden_size,), kind, finite=False)
    size, most = np.abs(array), math.sqrt(np.finfo(dtype).max)  # products of two such numbers do not overflow
    if not size.max() <= most:  # nor is NaN
        real_array(name, array, (hidden_size,), kind)  # raises if it is not finite
        got = f"{size.max()} at index {size.argmax()}"
        raise ValueError(f"{name} must hold numbers up to {most:.0e} in size, got {got}.")
    return array.astype(dtype, copy=False)


def as_array(name: str, value: object, called: str) -> np.ndarray:
    """Return `value` as an array of whatever shape and type; in the sentence it should be `called`."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be {called}, got a masked array; its mask would be ignored.")
    try:
        return np.asarray(value)
    except Exception:  # an object may raise anything when it is asked for its array
        raise ValueError(f"{name} must be {called}, got {brief(value)}.") from None


def real_array(
    name: str, value: ArrayLike, shape: tuple[int, ...], dtype: np.dtype | type, finite: bool = True
) -> np.ndarray:
    """Return `value` as an array of this shape, finite unless told; a complex `dtype` admits complex numbers."""
    array = as_array(name, value, f"an array of shape {shape}")
    if array.dtype.kind not in ("fiuc" if np.dtype(dtype).kind == "c" else "fiu"):
        raise TypeError(f"{name} must hold real numbers, got an array of dtype {array.dtype}.")
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}.")
    if finite and not np.isfinite(array).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, got {array[where]} at index {where}.")
    return array.astype(dtype)


def _whole(number: int) -> str:
    return f"{number:,}" if number < 10**15 else f"at least 1e{int(math.log10(number))}"


def amount(number: float | str, noun: str) -> str:
    """A number and what it counts, for a sentence: "1 step", "2 steps"."""
    return f"{number} {noun}{'' if str(number) == '1' else 's'}"


def listing(items: Iterable) -> str:
    """Items for a sentence: "1, 2 and 3"."""
    *most, last = map(str, items)
    return f"{', '.join(most)} and {last}" if most else last


def brief(value: object) -> str:
    """Show a value in an error sentence: its type and, if that is short and on one line, itself; or its name."""
    kind, name = type(value).__name__, getattr(value, "__name__", "") if callable(value) else ""
    if name and not str(name).startswith("<"):  # of a lambda it is "<lambda>"
        return f"the {'class' if isinstance(value, type) else 'function'} {name}"
    if type(value).__module__ == "lstm_teach.rnn":  # there is more than one Params
        kind = f"rnn.{kind}"
    try:
        text = repr(value.item() if isinstance(value, np.generic) else value)  # a plain number
    except Exception:  # a learner's class may raise anything, and Python refuses numbers of thousands of digits
        text = ""
    if text and len(text) <= 40 and text.isprintable() and " at 0x" not in text:
        return text if text.startswith(kind) else f"{text} ({kind})"  # range(3) says what it is
    return f"{'an' if kind[0] in 'aeioAEIO' or kind.startswith(('rnn.', 'nd')) else 'a'} {kind}"
