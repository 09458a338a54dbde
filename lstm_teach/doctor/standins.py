"""What changed versions get instead of numpy, the library and the builtins. Imports forward.

The same, but rows that nobody may read hold numbers: code that is right only because an unused row is zero, or because
`np.empty` happened to be, is not right. And no files. The learner's own modules stay as they are.
"""

import builtins
import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_teach.forward import Cache, forward

# What a variant of the learner's code may not do: read or write files, ask for input, run text, end the session.
_FORBIDDEN = ("open", "input", "exec", "eval", "compile", "breakpoint", "exit", "quit")
_REMEMBERED = 100  # forward passes
_SAFE = ("numpy", "math", "cmath", "lstm_teach", "itertools", "functools", "operator", "collections", "typing", "copy")


def guarded_builtins() -> dict[str, Any]:
    """The builtins for variants: no files, no input, no printing, imports of numeric modules only."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError("the doctor's variants do not touch files, input or other code")

    def numeric_import(name: str, *args: Any, **kwargs: Any) -> types.ModuleType:
        if name.split(".")[0] not in _SAFE:
            raise ImportError(f"the doctor's variants do not import {name}")
        return builtins.__import__(name, *args, **kwargs)

    others = {"print": lambda *args, **kwargs: None, "__import__": numeric_import}
    return vars(builtins) | dict.fromkeys(_FORBIDDEN, refuse) | others


@functools.cache
def stand_ins(unread: bool) -> dict[int, Any]:
    """What to put instead of a global, by its id.

    With `unread` the last row of the gates of `forward` is filled, and `np.empty` holds other numbers.
    """
    others = {"empty": _random(np.empty, unread), "empty_like": _random(np.empty_like, unread)}
    remembering = _remembering(unread)
    found = {id(getattr(np, name)): other for name, other in others.items()} | {id(forward): remembering}
    library = sys.modules["lstm_teach"]
    return found | {id(np): _like(np, **others), id(library): _like(library, forward=remembering)}


def _like(module: types.ModuleType, **others: Any) -> types.ModuleType:
    """A module that has these other things, and all else as it is."""
    new = types.ModuleType(module.__name__)
    vars(new).update(vars(module), **others, __getattr__=lambda name: getattr(module, name))
    return new


def _random(made: Callable, other: bool) -> Callable:
    """The function, whose new arrays hold random numbers, always the same, or zeros if they are whole."""

    @functools.wraps(made)
    def call(*args: Any, **options: Any) -> np.ndarray:
        array = made(*args, **options)
        array[...] = _numbers(array.size, other).reshape(array.shape) if array.dtype.kind == "f" else 0
        return array

    return call


def untouched(array: np.ndarray) -> bool:
    """Whether an array is as a changed version's `np.empty` has made it."""
    return np.array_equal(array.ravel(), _numbers(array.size, False))


@functools.lru_cache(1000)
def _numbers(size: int, other: bool) -> np.ndarray:
    return np.random.default_rng([size, other]).uniform(0.2, 0.8, size)


def _remembering(unread: bool) -> Callable:
    """The library's `forward`, which remembers: nearly all versions run it on the same few nets."""
    known: dict[tuple, Cache] = {}

    @functools.wraps(forward)
    def call(params: Any, x: Any, h0: Any = None, c0: Any = None) -> Cache:
        given = getattr(params, "flat", None), x, h0, c0
        key = tuple((a.dtype, a.shape, a.tobytes()) if type(a) is np.ndarray else repr(a) for a in given)
        if key not in known:
            if len(known) == _REMEMBERED:
                known.clear()
            known[key] = forward(params, x, h0, c0)
        new = {name: array.copy() for name, array in vars(known[key]).items()}
        if unread:
            new["gates"][-1] = _numbers(new["gates"][-1].size, True).reshape(new["gates"][-1].shape)
        return Cache(**new)

    return call
