"""Is the check itself sound? Precision, weights that are not read, inputs that change, calls that can't be repeated.

Imports differences, families and the guard.
"""

from __future__ import annotations

import functools
import gc
import inspect
import random
import types
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_teach import guard
from lstm_teach.gradreport import listing, relative_error
from lstm_teach.models.differences import (
    Model,
    Piece,
    changed,
    copies,
    departures,
    gradient,
    is_single,
    losses,
    rounding_noise,
    value,
)
from lstm_teach.models.families import ModelFinding, finding


def soundness(model: Model, fresh: Callable[[], Model], notes: dict[str, None]) -> list[ModelFinding]:
    """What is wrong with the check itself: precision, inputs that change, calls that can't be repeated."""
    params = model.params
    single = [name for name in params if params[name].dtype != np.float64]
    if single:
        return [finding("precision", f"{listing(single)} of params is {params[single[0]].dtype}.")]
    given = copies(params)
    calls = {
        "loss": lambda: losses(model, [given]),
        "gradient": lambda: guard.call(model.gradient, given, seconds=model.seconds),
    }
    for name, call in calls.items():
        call()
        altered = [key for key in params if not np.array_equal(given[key], params[key])]
        if altered:
            return [finding("input changed", f"{name}(params) changes {listing(altered)} of its argument.")]
    values = [value(model) for _ in range(3)]
    grads = [gradient(model) for _ in range(2)]
    values.append(value(model))
    if np.ptp(values) > 1e-12 * max(1, abs(values[0])):
        return [_not_repeatable(model, fresh, values)]
    off = {name: relative_error(grads[0][name], grads[1][name]) for name in params}
    if max(off.values()) > 1e-9:
        return [_gradient_drifts(grads, [name for name, error in off.items() if error > 1e-9])]
    elsewhere = copies(params)
    for name in params:
        elsewhere[name][...] += 0.1
    after = gradient(model, before=elsewhere)
    if any(relative_error(grads[0][name], after[name]) > 1e-9 for name in params):
        what = "gradient(params) uses what the last call of loss left behind, and is right only after loss(params) with"
        notes[f"{what} the same params; the check called them in that order."] = None
    if is_single(grads[0].values()):
        what = "Every number of the gradient fits float32 exactly, so it was computed in float32."
        return [finding("precision", what)]
    return []


def _not_repeatable(model: Model, fresh: Callable[[], Model], values: list[float]) -> ModelFinding:
    """Called again and again, a state that is kept settles or drifts by equal steps; random numbers do neither."""
    sources = _random_sources(model.loss)
    before = [repr(read()) for read in sources]
    calls = np.array([value(model) for _ in range(40)])
    drawn = any(repr(read()) != state for read, state in zip(sources, before, strict=True))
    steps = np.abs(np.diff(calls))
    settles = steps[-12:].max() <= 0.05 * max(steps[:4].max(), np.ptp(values))
    drifts = np.ptp(np.diff(calls)) <= 1e-6 * steps.max()
    # Of the first call: a state that is kept starts at the same place in every new case, a random number does not.
    same_start = value(fresh()) == value(fresh())
    shown = ", ".join(f"{each:.6g}" for each in values)
    place = f"Called again with the same params, loss(params) returns {shown}."
    start = (
        "Every new case(T) starts with the same value"
        if same_start
        else "Even the first value of a new case(T) differs"
    )
    if (settles or drifts) and not drawn:
        how = "settle down" if settles else "go up or down by the same amount at each call"
        return finding("state", place, f"The values {how}: a state is carried on from call to call.")
    if same_start and not drawn:
        how = f"{start}, and no random number is drawn that could be seen"
        return finding("state", place, f"{how}: it looks as if a state is carried on from call to call.")
    return finding("random", place, f"{start}, and the values never settle: random numbers are drawn, as for dropout.")


_GENERATORS = {  # how to read the state of each kind
    np.random.Generator: lambda one: one.bit_generator.state,
    np.random.RandomState: lambda one: one.get_state(),
    random.Random: lambda one: one.getstate(),
}


def _random_sources(function: Callable) -> list[Callable[[], object]]:
    """Functions that read the states of the random generators that a function may use: of numpy, Python and its own."""
    found: list[Callable[[], object]] = [random.getstate, np.random.get_state]
    seen, waiting = set(), [function]
    while waiting and len(seen) < 500:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | types.ModuleType):
            continue
        seen.add(id(one))
        found += [functools.partial(read, one) for kind, read in _GENERATORS.items() if isinstance(one, kind)]
        if isinstance(one, types.FunctionType):
            own = inspect.getclosurevars(one)
            waiting += [*own.nonlocals.values(), *own.globals.values(), *(one.__defaults__ or ())]
        else:
            waiting += gc.get_referents(one)[:50]  # of a method its object, of an object its attributes
    return found


def _gradient_drifts(grads: list[dict[str, np.ndarray]], names: list[str]) -> ModelFinding:
    place = f"Called again with the same params, gradient(params) returns something else for {listing(names)}."
    first, again = (each[names[0]] for each in grads)
    ratio = np.vdot(again, first) / max(np.vdot(first, first), 1e-300)
    if 1 < ratio < np.inf and relative_error(again, ratio * first) < 1e-6:
        return finding("state", place, f"It is {ratio:.3g} times the last one: new gradients are added to old ones.")
    return finding(
        "state", place, "The loss is the same each time, so only the backward pass starts from something old."
    )


def unread_by_the_loss(model: Model) -> set[str]:
    """The arrays with which the loss does not change, whatever is in them."""
    rng, here = np.random.default_rng(2), value(model)
    moved = (changed(model.params, n, lambda a: a + 0.1 * rng.normal(size=a.shape)) for n in model.params)
    return {name for name, there in zip(model.params, losses(model, moved), strict=True) if there == here}


def unread_by_the_gradient(model: Model) -> list[ModelFinding]:
    """Arrays with which the gradient does not change in any number, though it is wrong once they are others."""
    here, found = gradient(model), []
    rng, every = np.random.default_rng(3), [[Piece(name) for name in model.params]]
    for name in model.params:
        moved = changed(model.params, name, lambda a: a + 0.3 * rng.normal(size=a.shape))
        there = gradient(model, moved)
        if all(np.array_equal(here[n], there[n]) for n in here):
            before, after = (departures(model, at, every)[0][0] for at in (model.params, moved))
            found += [name] if after > 1e-4 and after > 10 * before else []
    what = "read by gradient? With other numbers in it the gradient stays the same, and is wrong."
    return [finding("not read", f"Is {listing(found)} {what}")] if found else []


def of_sane_size(model: Model, notes: dict[str, None]) -> Model:
    """The model with weights of usual size instead of matrices that are nearly zero, which hide mistakes."""
    shapes, params = model.shapes, copies(model.params)
    matrices = [name for name, shape in shapes.items() if sum(n > 1 for n in shape) > 1] or list(shapes)
    size = {name: float(np.sqrt(np.mean(params[name] ** 2))) for name in matrices}
    gain = {name: size[name] * np.sqrt(min(shapes[name], default=1)) for name in matrices}
    small, large = [n for n in matrices if gain[n] < 0.15], [n for n in matrices if gain[n] > 20]
    if large:
        how = f"large (root mean square {max(size[n] for n in large):.0f}); gates that are all open or all shut"
        notes[f"The weights of {listing(large)} are {how} hide mistakes. Use weights of order 0.5 to 1."] = None
    if not small:
        return model
    rng = np.random.default_rng(0)
    for name in small:
        params[name][...] = rng.normal(size=shapes[name]) / np.sqrt(min(shapes[name], default=1))
    tiny = f"The weights of {listing(small)} are tiny (root mean square {max(size[n] for n in small):.0e})"
    tiny += "; most mistakes can't be told there."
    try:
        other = model.at(params)
        gradient(other)
        other = replace(other, noise=rounding_noise(other))
    except guard.LearnerError as error:
        notes[f"{tiny} Other weights could not be tried: {error}"] = None
        return model
    notes[f"{tiny} The check took random weights of usual size instead."] = None
    return other
