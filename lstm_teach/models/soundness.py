"""Is the check itself sound? Precision, weights that are not read, inputs that change, calls that can't be repeated.

Imports differences, families, cellcode and the guard.
"""

from __future__ import annotations

import gc
import random
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from lstm_teach import guard
from lstm_teach.cellcode import globals_read
from lstm_teach.gradreport import listing, relative_error
from lstm_teach.models.differences import Each, Model, Seen, changed, gradient, is_single, losses, measured, move, value
from lstm_teach.models.families import ModelFinding, finding


def soundness(model: Model, fresh: Callable[[], Model], notes: dict[str, None]) -> list[ModelFinding]:
    """What is wrong with the check itself: precision, inputs that change, calls that can't be repeated."""
    params = model.params
    if single := [name for name in params if params[name].dtype != np.float64]:
        return [finding("precision", f"{listing(single)} of params is {params[single[0]].dtype}.")]
    given = changed(params)
    for name, call in (
        ("loss", lambda: losses(model, [given])),
        ("gradient", lambda: guard.call(model.gradient, given, seconds=model.seconds)),
    ):
        call()
        if altered := [key for key in params if not np.array_equal(given[key], params[key])]:
            return [finding("input changed", f"{name}(params) changes {listing(altered)} of its argument.")]
    values = [value(model) for _ in range(3)]
    sources, first = _random_sources(model.gradient), gradient(model)
    before = [repr(read()) for read in sources]
    again, drawn = gradient(model), any(repr(read()) != state for read, state in zip(sources, before, strict=True))
    values.append(value(model))
    size = max(1, abs(values[0]))
    if np.ptp(values) > 1e-12 * size:
        return _not_repeatable(model, fresh, values)
    if drifting := [name for name in params if relative_error(first[name], again[name]) > 1e-9]:
        place = f"Called again with the same params, gradient(params) returns something else for {listing(drifting)}."
        once, twice = first[drifting[0]], again[drifting[0]]
        ratio = np.vdot(twice, once) / max(np.vdot(once, once), 1e-300)
        same = "The loss is the same each time, so it is the backward pass that"
        if drawn:
            return [finding("random", place, f"{same} draws random numbers, as for a dropout mask of its own.")]
        how = f"{same} starts from something left over, or draws random numbers anew (dropout)."
        if 1 < ratio < np.inf and relative_error(twice, ratio * once) < 1e-6:
            how = f"It is {ratio:.3g} times the last one: new gradients are added to old ones."
        return [finding("state", place, how)]
    after = gradient(model, before=_moved(model, params, 0.1))
    if any(relative_error(first[name], after[name]) > 1e-9 for name in params):
        what = "gradient(params) uses what the last call of loss left behind, and is right only after loss(params) with"
        notes[f"{what} the same params; the check called them in that order."] = None
    if is_single(first.values()):
        what = "Every number of the gradient fits float32 exactly, so it was computed in float32."
        return [finding("precision", what)]
    jumps = f"At T = {model.steps} the loss jumps by {model.noise:.0e} from one weight to the next."
    return [finding("precision", jumps)] if model.noise > 1e-12 * size else []


def _not_repeatable(model: Model, fresh: Callable[[], Model], values: list[float]) -> list[ModelFinding]:
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
    if settles or drifts:
        start = f"The values {'settle down' if settles else 'go up or down by the same amount at each call'}"
    elif same_start:
        start = "Every new case(T) starts with the same value"
    else:
        start = "Even the first value of a new case(T) differs"
    place = f"Called again with the same params, loss(params) returns {', '.join(f'{each:.6g}' for each in values)}."
    if not drawn and (settles or drifts or same_start):
        unseen = "no random draw was seen, so a state seems to be carried over from call to call"
        return [finding("state", place, f"{start}, and {unseen}.")]
    never = "" if settles or drifts else "the values never settle: "
    return [finding("random", place, f"{start}, and {never}random numbers are drawn, as for dropout.")]


def _random_sources(function: Callable) -> list[Callable[[], object]]:
    """Functions that read the states of the random generators that a function may use: of numpy, Python and its own."""
    found: list[Callable[[], object]] = [random.getstate, np.random.get_state]
    seen, waiting = set(), [function]
    for one in waiting:  # of a function its globals and its closure, of a method its object, of that its attributes
        if isinstance(one, random.Random):
            found.append(one.getstate)
        elif isinstance(one, np.random.BitGenerator):  # inside a Generator or a RandomState, as a rule
            found.append(lambda one=one: one.state)
        if id(one) not in seen and len(waiting) < 20_000 and not isinstance(one, type | types.ModuleType):
            waiting += gc.get_referents(one)
        seen.add(id(one))
    return found


def unread(models: dict[int, Model], seen: Seen, notes: dict[str, None]) -> list[ModelFinding]:
    """Arrays with which the loss never changes, and their gradient is not zero; or the gradient, and it is wrong."""
    longer = [T for T in seen if T > 1]  # at T = 1 nothing has to come of what acts on a state of zero
    if not longer:
        return []
    still = {T: value(models[T]) for T in longer}
    model = models[longer[0]]
    idle = [n for n in model.params if all(value(models[T], _moved(models[T], [n], 0.1)) == still[T] for T in longer)]
    if wrong := [name for name in idle if any(seen[T][name].mine.any() for T in longer)]:
        change = f"The loss does not change with it at T = {listing(longer)}, and its gradient is not zero."
        return [finding("not read", f"Is {listing(wrong)} read? {change}")]
    if idle:
        what = f"The loss does not change with {listing(idle)} at any length, so the check says nothing about it."
        notes[what] = None
        return []
    here, every, found = gradient(model), [[(name, ()) for name in model.params]], []
    for name in model.params:
        moved = _moved(model, [name], 0.3)
        there = gradient(model, moved)
        if all(np.array_equal(here[n], there[n]) for n in here):
            off = [one for params in (model.params, moved) for one, _ in measured(model, params, every)]
            found += [name] if len(off) == 2 and off[1] > max(1e-4, 10 * off[0]) else []
    what = "read by gradient? With other numbers in it the gradient stays the same, and is wrong."
    return [finding("not read", f"Is {listing(found)} {what}")] if found else []


def of_one_length(models: dict[int, Model]) -> bool:
    """Whether loss and gradient read the same shapes and numbers at every T; False if that can't be seen."""
    try:
        first, *others = [([*_sizes(m.loss)], [*_sizes(m.gradient)]) for m in models.values()]
    except (TypeError, RecursionError):  # something that may well have T in it
        return False
    arrays = any(isinstance(each, tuple) for each in first[0])
    return arrays and bool(others) and all(other == first for other in others)


def _sizes(kept: object) -> Iterator[object]:
    """Of arrays the shapes, of a function those of all it reads; raises TypeError for what can't be looked into."""
    if isinstance(kept, np.ndarray):
        yield kept.shape
    elif isinstance(kept, list | tuple):
        yield len(kept)
        for each in kept:
            yield from _sizes(each)
    elif isinstance(kept, types.FunctionType):
        around = [kept.__globals__[name] for name in sorted(globals_read(kept) & kept.__globals__.keys())]
        if not all(isinstance(each, types.FunctionType | types.ModuleType) for each in around):
            raise TypeError("a global may be another at each T")
        inside = [cell.cell_contents for cell in kept.__closure__ or ()]
        yield from _sizes([*inside, *around, *(kept.__defaults__ or ()), *(kept.__kwdefaults__ or {}).values()])
    elif isinstance(kept, str | int | float | types.ModuleType | None):
        yield kept
    else:
        raise TypeError(f"{type(kept)} may keep anything")


def _moved(model: Model, names: Iterable[str], by: float) -> dict[str, np.ndarray]:
    return move(model.params, {n: np.random.default_rng(2).normal(size=model.shapes[n]) for n in names}, by)


def beside_the_kink(model: Model, compared: Each, notes: dict[str, None]) -> Model:
    """The model with weights a little away from its own, where the loss has a corner exactly at these."""
    where, worst = [name for name, c in compared.items() if c.kink], max(c.kink for c in compared.values())
    if where:
        how = {1: "Every slope between its sides counts as right.", 2: "So the check moved all weights a little."}
        kink = f"The loss has a kink exactly at your weights, in {listing(where)}"
        notes[f"{kink} (a ReLU whose input is exactly zero?). {how[worst]}"] = None
    return replace(model, params=_moved(model, model.params, 0.05)) if worst == 2 else model


def of_sane_size(model: Model, notes: dict[str, None]) -> Model:
    """The model with weights of usual size instead of matrices that are nearly zero, which hide mistakes.

    What is noted of some arrays at one length is not said again at the next.
    """

    def note(what: str, rest: str) -> None:
        if not any(said.startswith(what) for said in notes):
            notes[what + rest] = None

    shapes, params = model.shapes, model.params
    matrices = [name for name, shape in shapes.items() if sum(n > 1 for n in shape) > 1] or list(shapes)
    size = {name: float(np.sqrt(np.mean(params[name] ** 2))) for name in matrices}
    root = {name: np.sqrt(min(shapes[name], default=1)) for name in matrices}
    small = [name for name in matrices if size[name] * root[name] < 0.15]
    large = [name for name in matrices if size[name] * root[name] > 20]
    if large:
        how = (
            f" (root mean square {max(size[n] for n in large):.0f}); gates that are all open or all shut hide mistakes."
        )
        note(f"The weights of {listing(large)} are large", f"{how} Use weights of order 0.5 to 1.")
    if not small:
        return model
    rng = np.random.default_rng(0)
    usual = changed(params, ((name, (), rng.normal(size=shapes[name]) / root[name]) for name in small))
    tiny = f"The weights of {listing(small)} are tiny"
    how = f" (root mean square {max(size[n] for n in small):.0e}); most mistakes can't be told there."
    try:
        gradient(other := replace(model, params=usual))
    except guard.LearnerError as error:
        note(tiny, f"{how} Other weights could not be tried: {error}")
        return model
    note(tiny, f"{how} The check took random weights of the usual size instead.")
    return other
