"""Is the check itself sound? Precision, weights that are not read, inputs that change, calls that can't be repeated.

Imports case, differences, families and the guard.
"""

import gc
import random
import types
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_teach import guard
from lstm_teach.gradreport import listing, relative_error
from lstm_teach.models.case import Model, changed, elsewhere, gradient, is_single, losses, value
from lstm_teach.models.differences import Each, Seen, error_of
from lstm_teach.models.families import ModelFinding, Notes, finding


def of_calls(model: Model, notes: Notes) -> list[ModelFinding]:
    """What is wrong with the check itself: precision, inputs that change, calls that can't be repeated."""
    params = model.params
    if single := [name for name in params if params[name].dtype != np.float64]:
        return [finding("precision", f"params holds {listing(single)} as {params[single[0]].dtype}.")]
    given = changed(params)
    for name, call in (
        ("loss", lambda: losses(model, [given])),
        ("gradient", lambda: guard.call(model.gradient, given, seconds=model.seconds)),
    ):
        call()
        if altered := [key for key in params if not np.array_equal(given[key], params[key])]:
            return [finding("input changed", f"{name}(params) changes {listing(altered)} of its argument.")]
    values, random_loss = _draws(model.loss, lambda: [value(model) for _ in range(3)])
    values += [value(model) for _ in range(20 * random_loss)]  # a mask of four numbers may well be the same three times
    first = gradient(model)
    again, drawn = _draws(model.gradient, lambda: gradient(model))
    values.append(value(model))
    size = max(1, abs(values[0]))
    if np.ptp(values) > 1e-12 * size:
        shown = ", ".join(f"{each:.6g}" for each in [*dict.fromkeys(values)][:4])
        place = f"Called again with the same params, loss(params) returns {shown}."
        if random_loss:
            return [finding("random", place, "Random numbers are drawn, as for dropout.")]
        unseen = "No random draw was seen, so a state seems to be carried over from call to call."
        return [finding("state", place, unseen)]
    for _ in range(20 * drawn):
        again = gradient(model) if all(np.array_equal(first[name], again[name]) for name in params) else again
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
    after = gradient(model, before=moved(model, params, 0.1))
    if any(relative_error(first[name], after[name]) > 1e-9 for name in params):
        what = "gradient(params) uses what the last call of loss left behind, and is right only after loss(params) with"
        notes[f"{what} the same params; the check called them in that order."] = None
    if is_single(first.values()):
        what = "Every number of the gradient fits float32 exactly, so it was computed in float32."
        return [finding("precision", what)]
    jumps = f"At T = {model.steps} the loss jumps by {model.noise:.0e} from one weight to the next."
    return [finding("precision", jumps)] if model.noise > 1e-12 * size else []


def _draws(function: Callable, run: Callable[[], Any]) -> tuple[Any, bool]:
    """What `run()` returns, and whether it moves a random generator: numpy's, Python's or one that `function` has."""
    reads: list[Callable[[], object]] = [random.getstate, np.random.get_state]
    seen, waiting = set(), [function]
    for one in waiting:  # of a function its globals and its closure, of a method its object, of that its attributes
        if isinstance(one, random.Random):
            reads.append(one.getstate)
        elif isinstance(one, np.random.BitGenerator):  # inside a Generator or a RandomState, as a rule
            reads.append(lambda one=one: one.state)
        if id(one) not in seen and len(waiting) < 20_000 and not isinstance(one, type | types.ModuleType):
            waiting += gc.get_referents(one)
        seen.add(id(one))
    before = [repr(read()) for read in reads]
    return run(), before != [repr(read()) for read in reads]


def unread(seen: Seen, notes: Notes) -> tuple[list[ModelFinding], list[str]]:
    """Arrays that never change the loss though their gradient is not zero, or of which a copy is read.

    The second list names the arrays in which other numbers change the gradient and show that it is wrong.
    """
    model, still = next(iter(seen.values())).model, [(each.model, value(each.model)) for each in seen.values()]
    # By far moves too: what a batch or layer norm takes out again, as a bias before it, is read and leaves rounding.
    moves = [(by, one, loss) for by in (0.1, 1, 10) for one, loss in still]
    idle = [name for name in model.params if all(value(moved(one, [name], by)) == loss for by, one, loss in moves)]
    if wrong := [name for name in idle if any(each[name].wrong for each in seen.values())]:
        are, its = ("Are", "their gradients are") if wrong[1:] else ("Is", "its gradient is")
        change = f"The loss does not change with {listing(wrong)} at T = {listing(seen)}, yet {its} not zero."
        return [finding("not read", f"{are} {listing(wrong)} read? {change}")], []
    if idle:
        what = f"The loss does not change with {listing(idle)} at T = {listing(seen)}"
        notes[f"{what}, so the check says nothing about {listing(idle)}."] = None
    least = np.maximum(1e-5, 10 * error_of(model, model.params))

    def shows(names: Iterable[str]) -> bool:
        return error_of(moved(model, names, 0.01), model.params) > least

    found = [name for name in model.params if shows([name])] if shows(model.params) else []
    if not found:
        return [], []
    here, there = gradient(model), gradient(moved(model, found))
    chance = bool(least == 1e-5 and any(not np.array_equal(here[name], there[name]) for name in here))
    what = f"read by gradient? With slightly different numbers in {listing(found)}, your gradient is much further off."
    what += " What follows was found with quite different numbers there." * chance
    return [finding("not read", f"{'Are' if found[1:] else 'Is'} {listing(found)} {what}")], found if chance else []


def moved(model: Model, names: Iterable[str], by: float = 0.5) -> Model:
    """The model with random numbers added to these of its arrays."""
    drawn = ((name, by * np.random.default_rng(2).normal(size=model.shapes[name])) for name in names)
    return elsewhere(model, ((name, (), model.params[name] + more) for name, more in drawn))


def beside_the_kink(compared: Each, notes: Notes) -> Model | None:
    """The model with weights a little away from its own, where no slope is right since the loss has a corner there."""
    where = [name for name, c in compared.items() if c.kink]
    if not where:
        return None
    kink = f"The loss has a kink exactly at your weights, in {listing(where)} (a ReLU whose input is exactly zero?)"
    notes[f"{kink}. So the check moved all weights a little."] = None
    return moved(compared.model, compared, 0.05)


def of_sane_size(model: Model, notes: Notes) -> Model:
    """The model with weights of usual size instead of matrices that are nearly zero, which hide mistakes."""
    shapes, params = model.shapes, model.params
    matrices = [name for name, shape in shapes.items() if sum(n > 1 for n in shape) > 1] or list(shapes)
    root = {name: np.sqrt(min(shapes[name], default=1)) for name in matrices}
    size = {name: float(np.sqrt(np.mean(params[name] ** 2))) * root[name] for name in matrices}
    small = [n for n in matrices if size[n] < 0.15]
    if not small:
        return model
    rng = np.random.default_rng(0)
    usual = changed(params, ((name, (), rng.normal(size=shapes[name]) / root[name]) for name in small))
    other, then = replace(model, params=usual), "The check took random weights of the usual size instead."
    try:
        gradient(other)
    except guard.LearnerError as error:
        other, then = model, f"Other weights could not be tried: {error}"
    notes[f"The weights of {listing(small)} are tiny, and with such weights most mistakes don't show. {then}"] = None
    return other
