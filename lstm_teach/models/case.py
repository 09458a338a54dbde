"""case_of(): a case for `diagnose_model` out of an object, or a script, that keeps its weights to itself.

Imports validate and numpy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from lstm_teach import validate


def case_of(net: Any, names: Iterable[str], loss: Callable[[int], Any], gradient: Callable | None = None) -> Callable:
    """A `case(T)` for `diagnose_model` from a net whose weights are attributes, or globals.

        net           the object; or a dictionary of names, such as `globals()` or `vars(module)`
        names         the weights: attributes (or keys) that hold arrays, "layer.W" for one of an inner object
        loss(T)       the loss of the first T steps, with the weights that the net has now
        gradient(T)   dloss/dweights of the same: a mapping (of `W` or `dW`), or one array for each name in order

    Before each call the weights are written into the net, and afterwards it gets its own back. Where one function
    makes both, give it as `loss` alone: what it returns first is the loss, what follows is the gradient.

    Raises TypeError if a name is not an array of floating-point numbers in the net, AttributeError or KeyError if it
    is not there.
    """
    names = list(names)
    for name in names:
        value = _get(*_owner(net, name))
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            raise TypeError(f"{name} of net must be an array of floating-point numbers, got {validate.brief(value)}.")
    for said, function in (("loss", loss), ("gradient", gradient or loss)):
        if not callable(function):
            raise TypeError(f"{said} must be a function of T, got {validate.brief(function)}.")

    def case(T: int) -> tuple:
        def own_loss(params: Mapping) -> Any:
            with _holding(net, params):
                return first(loss(T))

        def own_gradient(params: Mapping) -> Any:
            with _holding(net, params):
                return by_name(rest((gradient or loss)(T)), names)

        own_loss.__wrapped__, own_gradient.__wrapped__ = loss, gradient or loss
        return {name: _get(*_owner(net, name)).copy() for name in names}, own_loss, own_gradient

    return case


def split(both: Callable) -> tuple[Callable, Callable]:
    """The loss and the gradient of a function that returns (loss, gradient)."""
    return functools.wraps(both)(lambda p: first(both(p))), functools.wraps(both)(lambda p: rest(both(p)))


def first(result: Any) -> Any:
    """The loss, where the gradient comes with it."""
    return result[0] if isinstance(result, tuple | list) and result else result


def rest(result: Any) -> Any:
    """The gradient, where the loss comes before it."""
    if not isinstance(result, tuple | list) or not result or np.ndim(result[0]):
        return result
    return result[1] if len(result) == 2 and not isinstance(result[1], np.ndarray) else result[1:]


def by_name(grads: Any, names: list[str]) -> Any:
    """A gradient as a mapping: one array for each name, or a mapping of dW for W."""
    if isinstance(grads, Mapping):
        other = {name: key for name in names for key in (f"d{name}", f"d_{name}") if key in grads}
        return {name: grads[name if name in grads else other[name]] for name in names if name in grads or name in other}
    if isinstance(grads, np.ndarray) and len(names) == 1:
        return {names[0]: grads}
    if not isinstance(grads, tuple | list) or len(grads) != len(names):
        got = f"{len(grads)} things" if isinstance(grads, tuple | list) else validate.brief(grads)
        raise TypeError(f"gradient(T) must return a mapping, or one array for each of {', '.join(names)}; got {got}.")
    return dict(zip(names, grads, strict=True))


@contextmanager
def _holding(net: Any, params: Mapping) -> Iterator[None]:
    """Write the weights into the net's own arrays, so that whatever shares them sees it; undo it, updates too."""
    owners = {name: _owner(net, name) for name in params}
    arrays = {name: _get(*owner) for name, owner in owners.items()}
    saved = {name: array.copy() for name, array in arrays.items()}
    try:
        for name, array in arrays.items():
            array[...] = params[name]
        yield
    finally:
        for name, array in arrays.items():
            array[...] = saved[name]
            _set(*owners[name], array)


def _owner(net: Any, name: str) -> tuple[Any, str]:
    *path, last = name.split(".")
    for part in path:
        net = _get(net, part)
    return net, last


def _get(owner: Any, name: str) -> Any:
    return owner[name] if isinstance(owner, Mapping) else getattr(owner, name)


def _set(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, Mapping):
        owner[name] = value
    else:
        setattr(owner, name, value)
