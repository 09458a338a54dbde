"""What `diagnose_model` is given: a net of the learner's as a case, and a case as a Model, called under the guard.

Imports the guard and validate only.
"""

import contextlib
import copy
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_teach import guard, validate

Arrays = Mapping[str, np.ndarray]
Index = tuple[int | slice, ...]
ModelCase = Callable[[int], tuple[Arrays, Callable[[Arrays], float], Callable[[Arrays], Arrays]]]

FOURTH = (-2, -1, 1, 2)  # where the differences of fourth order read the loss, in steps


def case_of(net: Any, names: Iterable[str], loss: Callable[[int], Any], gradient: Callable | None = None) -> Callable:
    """A `case(T)` for `diagnose_model` from a net whose weights are attributes, or globals.

        net           the object; or a dictionary of names, such as `globals()` or `vars(module)`
        names         the weights: attributes (or keys) that hold arrays, "layer.W" for one of an inner object,
                      "weights.0" for one in a list or tuple
        loss(T)       the loss of the first T steps, with the weights that the net has now
        gradient(T)   dloss/dweights of the same: a mapping (of `W` or `dW`), or one array for each name in order

    Before each call the weights are written into the net, and afterwards it gets its own back. Where one function
    makes both, give it as `loss` alone: what it returns first is the loss, what follows is the gradient.

    Raises TypeError if a name is not an array of floating-point numbers in the net, AttributeError, KeyError or
    IndexError if it is not there.
    """
    names, both, gradient = [names] if isinstance(names, str) else list(names), gradient is None, gradient or loss
    for name in names:
        floating(f"{name} of net must", own := _value(net, name))
        if own.size and not np.may_share_memory(own, _value(net, name)):
            raise TypeError(f"{name} of net must be the same array each time, so that it can be set; got a new one.")
    for said, function in (("loss", loss), ("gradient", gradient)):
        validate.instance(said, function, Callable, "a function of T")

    def case(T: int) -> tuple:
        def slope(params: Mapping) -> Any:
            return _by_name(after_the_loss(_with(params, net, gradient, T), both), names)

        own_loss = functools.wraps(loss)(lambda params: _with(params, net, loss, T))
        return {name: np.array(_value(net, name)) for name in names}, own_loss, functools.wraps(gradient)(slope)

    return case


def floating(must: str, value: Any) -> None:
    """Raise TypeError unless this is an array of floating-point numbers."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        got = f"an array of dtype {value.dtype}" if isinstance(value, np.ndarray) else validate.brief(value)
        raise TypeError(f"{must} be an array of floating-point numbers, got {got}.")


def after_the_loss(result: Any, both: bool) -> Any:
    """The gradient without the loss before it, which may be an array of one number if one function makes `both`."""
    if not isinstance(result, tuple | list) or not result:
        return result
    if not (np.size(result[0]) == 1 if both else np.ndim(result[0]) == 0):
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


def _with(params: Mapping, net: Any, function: Callable, T: int) -> Any:
    """The result with these in the net's own arrays, so that whatever shares them sees it; undone, updates too."""
    arrays = {name: _value(net, name) for name in params}
    saved = {name: array.copy() for name, array in arrays.items()}
    try:
        for name, array in arrays.items():
            array[...] = params[name]
        return function(T)
    finally:
        for name, array in arrays.items():
            array[...] = saved[name]
            path, _, last = name.rpartition(".")
            owner, now = _value(net, path), array
            with contextlib.suppress(AttributeError, KeyError, IndexError):  # the function may have deleted it
                now = _value(net, name)
            if isinstance(owner, Mapping | list):
                owner[_key(owner, last)] = array
            elif not isinstance(owner, tuple):
                with contextlib.suppress(AttributeError if np.may_share_memory(now, array) else ()):  # a property
                    setattr(owner, last, array)


def _value(net: Any, name: str) -> Any:
    for part in filter(None, name.split(".")):
        inside = isinstance(net, Mapping | list) or (isinstance(net, tuple) and part.isdecimal())
        net = net[_key(net, part)] if inside else getattr(net, part)
    return net


def _key(owner: Mapping | list | tuple, part: str) -> str | int:
    return int(part) if isinstance(owner, list | tuple) and part.isdecimal() else part


# ------------------------------------------------------------------------------------------------ a case as a Model


class Unusable(guard.LearnerError):
    """loss or gradient returned something that can't be compared; the message is one sentence."""


@dataclass(frozen=True)
class Model:
    """One case: a sequence of `steps` steps. A guarded call may take `seconds`."""

    params: Arrays
    loss: Callable[[Arrays], float]
    gradient: Callable[[Arrays], Arrays]
    steps: int
    seconds: float

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:  # noqa: D102
        return {name: self.params[name].shape for name in self.params}

    @functools.cached_property
    def noise(self) -> float:
        """How far rounding alone moves the loss, from the fourth differences along a short line.

        Over steps of 1e-6 a smooth loss is a parabola to 1e-18, so what a fourth difference leaves is noise.
        Source: More and Wild, SIAM J. Sci. Comput. 33 (2011) 1292-1314. A corner of a ReLU on one of the lines would
        look like noise, so the lines do not go through the weights themselves, and the middle one of three counts.
        """
        rng = np.random.default_rng(0)
        directions = [{name: rng.normal(size=shape) for name, shape in self.shapes.items()} for _ in range(3)]
        lines = [losses(self, (onward(self.params, d, 1e-4 + 1e-6 * step) for step in range(9))) for d in directions]
        first, single = np.abs(lines[0][0]), is_single(lines)  # the steps of float32 can hide between the points
        noise = np.median([np.sqrt(np.mean(np.diff(line, 4) ** 2) / math.comb(8, 4)) for line in lines])
        return float(max(noise, np.spacing(np.float32(first) if single else first)))


def model_of(case: ModelCase, T: int, seconds: float) -> Model:
    """`case(T)`, checked. Raises LearnerError, in one sentence."""
    result, of = guard.call(case, T, seconds=seconds), f"of case({T})"
    several = isinstance(result, tuple | list)
    if several and len(result) == 2 and callable(result[1]):
        both = result[1]
        result = result[0], both, functools.wraps(both)(lambda params: after_the_loss(both(params), True))
    if not several or len(result) != 3:
        got = f"a {type(result).__name__} of {len(result)}" if several else validate.brief(result)
        ends = " Is a return missing at its end?" if result is None else ""
        wanted = "(params, loss, gradient), or (params, both) with one function for loss and gradient"
        raise Unusable(f"case({T}) must return {wanted}; got {got}.{ends}")
    params, loss, slope = result
    if not hasattr(params, "keys"):  # a Params is no Mapping
        raise Unusable(f"params {of} must be a mapping of named arrays, got {validate.brief(params)}.")
    if not list(params.keys()):
        raise Unusable(f"params {of} must hold at least one array, got none.")
    with _usable():
        for said, function in (("loss", loss), ("gradient", slope)):
            validate.instance(f"{said} {of}", function, Callable, "a function of params")
        for name, array in ((f"params[{name!r}] {of}", params[name]) for name in params):
            floating(f"{name} must", array)
            validate.real_array(name, array, array.shape, array.dtype)
            if not array.size:
                raise Unusable(f"{name} must hold at least one number, got shape {array.shape}.")
            if isinstance(array, np.matrix):
                raise Unusable(f"{name} must be a plain array, got a matrix: make the matrix inside loss and gradient.")
        try:
            own = changed(params)  # the net may write into its own
        except TypeError:
            must = f"params {of} must be a dict, or something else that can be copied"
            raise TypeError(f"{must}, got {validate.brief(params)}.") from None
    return Model(own, loss, slope, T, seconds)


def changed(params: Arrays, changes: Iterable[tuple[str, Index, np.ndarray | float]] = ()) -> Arrays:
    """A copy of the same type, with other numbers at some places of some arrays."""
    # A Params isn't a dict, and the learner's functions may want one.
    moved = {name: value.copy() for name, value in params.items()} if type(params) is dict else copy.deepcopy(params)
    for name, where, new in changes:
        moved[name][where] = new
    return moved


def elsewhere(model: Model, changes: Iterable[tuple[str, Index, np.ndarray | float]]) -> Model:
    """The model with other numbers at some places of its weights."""
    other = replace(model, params=changed(model.params, changes))
    vars(other).update(noise=model.noise)  # it need not be measured again
    return other


def onward(params: Arrays, direction: Arrays, step: float) -> Arrays:
    """The weights some steps further on in a direction."""
    return changed(params, ((name, (), params[name] + step * by) for name, by in direction.items()))


# ------------------------------------------------------------------------------------------------- guarded calls


def losses(model: Model, points: Iterable[Arrays]) -> np.ndarray:
    """The loss at each of `points`, in one guarded call. Raises LearnerError, of which Unusable is one."""
    return _guarded(model.loss, model.seconds, lambda: np.array([_number(model.loss(point)) for point in points]))


def value(model: Model) -> float:
    """The loss at the model's weights."""
    return float(losses(model, [changed(model.params)])[0])


def gradient(model: Model) -> dict[str, np.ndarray]:
    """The model's own gradient at its weights, as float64 arrays. Raises LearnerError.

    The loss is called first: many models read in the backward pass what the forward pass left behind.
    """
    value(model)  # guarded by itself, so that its errors bear its name
    return _guarded(model.gradient, model.seconds, lambda: _read(model.gradient(changed(model.params)), model.params))


def rescaled(model: Model, names: list[str]) -> Model:
    """The model with its gradient divided by one factor; of `names` it is the right one but for that factor.

    So the slope of the loss along these says how long the gradient should be, at any weights.
    """

    def scaled(params: Arrays) -> Arrays:
        got = gradient(replace(model, params=params))
        size = math.sqrt(sum(float(np.sum(got[name] ** 2)) for name in names)) or 1.0
        unit = {name: got[name] / size for name in names}
        slope = slope_of(losses(model, (onward(params, unit, n * 5e-4) for n in FOURTH)), 5e-4)
        return {name: array * (slope / size) for name, array in got.items()}

    scaled.__wrapped__ = model.gradient
    return replace(model, gradient=scaled)


def _guarded(function: Callable, seconds: float, run: Callable[[], Any]) -> Any:
    """`run()`, under the guard once for many calls; an error bears the name of the learner's `function`."""
    run.__wrapped__ = function
    try:
        return guard.call(run, seconds=seconds)
    except guard.LearnerError as error:
        if isinstance(error.__cause__, guard.LearnerError):
            raise error.__cause__ from error.__cause__.__cause__
        raise


@contextlib.contextmanager
def _usable() -> Iterator[None]:
    """What is not as it should be can't be compared."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise Unusable(str(error)) from None


def _number(result: object) -> float:
    """The loss, which comes first where the gradient comes with it; it may be an array of one number."""
    if isinstance(result, float) and math.isfinite(result):
        return float(result)  # as nearly always, and ten times as fast
    result = result[0] if isinstance(result, tuple | list) and result else result
    with _usable():
        array = validate.as_array("loss(params)", result, "a number")
        return validate.finite_number("loss(params)", array.item() if array.size == 1 else result)


def _read(result: Any, params: Arrays) -> dict[str, np.ndarray]:
    """What a learner's gradient returned, if there is an array of the right shape for each of `params`."""
    if not hasattr(result, "keys"):
        both = " Where case(T) returns two things, the second has to return the loss and the gradient."
        got = f"{validate.brief(result)}.{both if isinstance(result, float | np.floating) else ''}"
        raise Unusable(f"gradient(params) must return a mapping of named arrays, got {got}")
    missing = [str(name) for name in params if name not in list(result.keys())]
    if missing:
        others = [str(name) for name in result.keys() if name not in params]  # noqa: SIM118 (it may be no dict)
        instead = f"; it has {', '.join(others)} instead" if others else ""
        must = "gradient(params) must have an entry for every array of params"
        raise Unusable(f"{must}; missing: {', '.join(missing)}{instead}.")
    own = ((name, f"gradient[{name!r}]", params[name].shape) for name in params)
    with _usable():
        return {name: validate.real_array(said, result[name], shape, np.float64) for name, said, shape in own}


def is_single(arrays: Iterable[np.ndarray]) -> bool:
    """Whether every number fits float32, and they aren't round numbers, which always do."""
    numbers = np.concatenate([array.ravel() for array in arrays])
    numbers = numbers[numbers != 0]
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    return bool(len(numbers) and (single == numbers).all() and (single.view(np.uint32) & 0xFFF).any())


def slope_of(values: np.ndarray, step: np.ndarray | float) -> np.ndarray | float:
    """The slope from the losses at -2, -1, 1 and 2 steps, exact to fourth order; exactly zero if they are all equal."""
    back2, back1, on1, on2 = values.T
    return (8 * (on1 - back1) - (on2 - back2)) / (12 * step)
