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
    names, gradient = list(names), gradient or loss
    for name in names:
        floating(f"{name} of net must", _value(net, name))
    for said, function in (("loss", loss), ("gradient", gradient)):
        validate.instance(said, function, Callable, "a function of T")

    def case(T: int) -> tuple:
        def at(params: Mapping, function: Callable) -> Any:
            with _holding(net, params):
                return function(T)

        own_loss = functools.wraps(loss)(lambda params: at(params, loss))
        own_gradient = functools.wraps(gradient)(lambda params: _by_name(after_the_loss(at(params, gradient)), names))
        return {name: _value(net, name).copy() for name in names}, own_loss, own_gradient

    return case


def floating(must: str, value: Any) -> None:
    """Raise TypeError unless this is an array of floating-point numbers."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        got = f"an array of dtype {value.dtype}" if isinstance(value, np.ndarray) else validate.brief(value)
        raise TypeError(f"{must} be an array of floating-point numbers, got {got}.")


def after_the_loss(result: Any) -> Any:
    """The gradient, where the loss comes before it."""
    if not isinstance(result, tuple | list) or not result or np.ndim(result[0]):
        return result
    return result[1] if len(result) == 2 and not isinstance(result[1], np.ndarray) else result[1:]


def _by_name(grads: Any, names: list[str]) -> Any:
    """A gradient as a mapping: one array for each name, or a mapping of dW for W."""
    if isinstance(grads, Mapping):
        return {name: grads[key] for name in names for key in (f"d_{name}", f"d{name}", name) if key in grads}
    if isinstance(grads, np.ndarray) and len(names) == 1:
        grads = [grads]
    if isinstance(grads, tuple | list) and len(grads) == len(names):
        return dict(zip(names, grads, strict=True))
    got = f"{len(grads)} things" if isinstance(grads, tuple | list) else validate.brief(grads)
    raise TypeError(f"gradient(T) must return a mapping, or one array for each of {', '.join(names)}; got {got}.")


@contextmanager
def _holding(net: Any, params: Mapping) -> Iterator[None]:
    """Write the weights into the net's own arrays, so that whatever shares them sees it; undo it, updates too."""
    arrays = {name: _value(net, name) for name in params}
    saved = {name: array.copy() for name, array in arrays.items()}
    try:
        for name, array in arrays.items():
            array[...] = params[name]
        yield
    finally:
        for name, array in arrays.items():
            array[...] = saved[name]
            path, _, last = name.rpartition(".")
            owner = _value(net, path)
            if isinstance(owner, Mapping):
                owner[last] = array
            else:
                setattr(owner, last, array)


def _value(net: Any, name: str) -> Any:
    for part in filter(None, name.split(".")):
        net = net[part] if isinstance(net, Mapping) else getattr(net, part)
    return net
