"""Is the check itself sound? Precision, weights that are not read, inputs that change, calls that can't be repeated.

Imports differences, families and the guard.
"""

from __future__ import annotations

import inspect
import random
import types
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_teach import guard
from lstm_teach.gradreport import relative_error
from lstm_teach.models.differences import (
    Model,
    Piece,
    Unusable,
    changed,
    copies,
    departures,
    gradient,
    is_single,
    listed,
    losses,
    rounding_noise,
)
from lstm_teach.models.families import ModelFinding, finding


def soundness(model: Model, fresh: Callable[[], Model], notes: dict[str, None]) -> list[ModelFinding]:
    """What is wrong with the check itself: precision, inputs that change, calls that can't be repeated."""
    params = model.params
    names = list(params.keys())
    single = [name for name in names if params[name].dtype != np.float64]
    if single:
        return [finding("precision", f"{listed(single)} of params is {params[single[0]].dtype}.")]
    given = copies(params)
    calls = {
        "loss": lambda: losses(model, [given]),
        "gradient": lambda: guard.call(model.gradient, given, seconds=model.seconds),
    }
    for name, call in calls.items():
        call()
        altered = [key for key in names if not np.array_equal(given[key], params[key])]
        if altered:
            return [finding("input changed", f"{name}(params) changes {listed(altered)} of its argument.")]
    values = [losses(model, [copies(params)])[0] for _ in range(3)]
    grads = [gradient(model, copies(params)) for _ in range(2)]
    values.append(losses(model, [copies(params)])[0])
    if np.ptp(values) > 1e-12 * max(1, abs(values[0])):
        return [_not_repeatable(model, fresh, values)]
    off = {name: relative_error(grads[0][name], grads[1][name]) for name in names}
    if max(off.values()) > 1e-9:
        return [_gradient_drifts(grads, off)]
    elsewhere = copies(params)
    for name in names:
        elsewhere[name][...] += 0.1
    if any(
        relative_error(grads[0][name], array) > 1e-9
        for name, array in gradient(model, copies(params), before=elsewhere).items()
    ):
        notes[
            "gradient(params) uses what the last call of loss left behind, and is right only after loss(params) with "
            "the same params; the check called them in that order."
        ] = None
    typed = is_single(grads[0].values())
    if typed:
        return [
            finding("precision", "Every number of the gradient fits float32 exactly, so it was computed in float32.")
        ]
    return []


def _not_repeatable(model: Model, fresh: Callable[[], Model], values: list[float]) -> ModelFinding:
    """Called again and again, a state that is kept settles or drifts by equal steps; random numbers do neither."""
    listed = ", ".join(f"{value:.6g}" for value in values)
    sources = random_sources(model.loss)
    before = [read() for read in sources]
    calls = np.array([losses(model, [copies(model.params)])[0] for _ in range(40)])
    drawn = any(read() != state for read, state in zip(sources, before, strict=True))
    steps = np.abs(np.diff(calls))
    settles = steps[-12:].max() <= 0.05 * max(steps[:4].max(), np.ptp(values))
    drifts = np.ptp(np.diff(calls)) <= 1e-6 * steps.max()
    # Of the first call: a state that is kept starts at the same place in every new case, a random number does not.
    again = [losses(other, [copies(other.params)])[0] for other in (fresh(), fresh())]
    same_start = again[0] == again[1]
    place = f"Called again with the same params, loss(params) returns {listed}."
    if same_start and not drawn and not settles and not drifts:
        how = "Every new case(T) starts with the same value, and no random number is drawn that could be seen"
        return finding("state", place, f"{how}: it looks as if a state is carried on from call to call.")
    if (settles or drifts) and not drawn:
        how = "settle down" if settles else "go up or down by the same amount at each call"
        return finding("state", place, f"The values {how}: a state is carried on from call to call.")
    start = (
        "Every new case(T) starts with the same value"
        if same_start
        else "Even the first value of a new case(T) differs"
    )
    return finding("random", place, f"{start}, and the values never settle: random numbers are drawn, as for dropout.")


def random_sources(function: Callable) -> list[Callable[[], str]]:
    """Functions that read the states of the random generators that a function may use: of numpy, Python and its own."""
    found: list[Callable[[], str]] = [lambda: repr(random.getstate()), lambda: repr(np.random.get_state())]
    seen, waiting = set(), [function]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or len(seen) > 500:
            continue
        seen.add(id(one))
        if isinstance(one, np.random.Generator):
            found.append(lambda one=one: repr(one.bit_generator.state))
        elif isinstance(one, np.random.RandomState):
            found.append(lambda one=one: repr(one.get_state()))
        elif isinstance(one, random.Random):
            found.append(lambda one=one: repr(one.getstate()))
        elif isinstance(one, types.FunctionType):
            own = inspect.getclosurevars(one)
            waiting += [*own.nonlocals.values(), *own.globals.values(), *(one.__defaults__ or ())]
        elif isinstance(one, types.MethodType):
            waiting += [one.__func__, one.__self__]
        elif isinstance(one, dict | list | tuple):
            waiting += list(one.values() if isinstance(one, dict) else one)[:50]
        elif hasattr(one, "__dict__") and not isinstance(one, type | types.ModuleType):
            waiting += list(vars(one).values())[:50]
    return found


def _gradient_drifts(grads: list[dict[str, np.ndarray]], off: dict[str, float]) -> ModelFinding:
    names = [name for name, error in off.items() if error > 1e-9]
    place = f"Called again with the same params, gradient(params) returns something else for {listed(names)}."
    growth = grads[1][names[0]] - grads[0][names[0]]
    before = [g[names[0]] for g in grads]
    if np.linalg.norm(growth) and relative_error(*before) < 1 and np.linalg.norm(before[1]) > np.linalg.norm(before[0]):
        ratio = np.vdot(before[1], before[0]) / np.vdot(before[0], before[0])
        if relative_error(before[1], ratio * before[0]) < 1e-6:
            return finding(
                "state", place, f"It is {ratio:.3g} times the last one: new gradients are added to old ones."
            )
    return finding(
        "state", place, "The loss is the same each time, so only the backward pass starts from something old."
    )


def unread_by_the_loss(model: Model) -> set[str]:
    """The arrays with which the loss does not change, whatever is in them."""
    rng = np.random.default_rng(2)
    here = losses(model, [copies(model.params)])[0]
    moved = (changed(model.params, n, lambda a: a + 0.1 * rng.normal(size=a.shape)) for n in model.params)
    return {name for name, value in zip(model.params, losses(model, moved), strict=True) if value == here}


def unread_by_the_gradient(model: Model) -> list[str]:
    """The arrays with which the gradient does not change in any number, though it is wrong once they are others."""
    here, found = gradient(model, copies(model.params)), []
    rng = np.random.default_rng(3)
    for name in model.params:
        moved = changed(model.params, name, lambda a: a + 0.3 * rng.normal(size=a.shape))
        there = gradient(model, moved)
        if all(np.array_equal(here[n], there[n]) for n in here):
            before, after = (departures(model, at, [[Piece(n) for n in here]])[0][0] for at in (model.params, moved))
            found += [name] if after > 1e-4 and after > 10 * before else []
    return found


def of_sane_size(model: Model, notes: dict[str, None]) -> Model:
    """The model with weights of usual size in place of matrices that are nearly zero, which hide mistakes."""
    shapes = {name: model.params[name].shape for name in model.params}
    matrices = [name for name, shape in shapes.items() if sum(n > 1 for n in shape) > 1] or list(model.params)
    gain = {name: _rms(model.params[name]) * np.sqrt(min(model.params[name].shape, default=1)) for name in matrices}
    small = [name for name in matrices if gain[name] < 0.15]
    large = [name for name in matrices if gain[name] > 20]
    if large:
        size = max(_rms(model.params[name]) for name in large)
        notes[
            f"The weights of {listed(large)} are large (root mean square {size:.0f}); gates that are all open or "
            "all shut hide mistakes. Use weights of order 0.5 to 1."
        ] = None
    if not small:
        return model
    rng, params = np.random.default_rng(0), copies(model.params)
    for name in small:
        params[name][...] = rng.normal(size=params[name].shape) / np.sqrt(min(params[name].shape, default=1))
    try:
        departures(model, params, [[Piece(name) for name in small]])
    except (guard.LearnerError, Unusable) as error:
        notes[f"{_tiny(model, small)} Other weights could not be tried: {error}"] = None
        return model
    notes[f"{_tiny(model, small)} The check took random weights of usual size in their place."] = None
    model = model.at(params)
    return replace(model, noise=rounding_noise(model))


def _tiny(model: Model, small: list[str]) -> str:
    size = max(_rms(model.params[name]) for name in small)
    return f"The weights of {listed(small)} are tiny (root mean square {size:.0e}); most mistakes can't be told there."


def _rms(array: np.ndarray) -> float:
    return float(np.sqrt(np.mean(array**2)))
