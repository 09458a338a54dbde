"""Is the check itself sound? Precision, weights that are not read, inputs that change, calls that can't be repeated.

Imports case, differences, families and the guard.
"""

import gc
import itertools
import pickle
import random
from collections.abc import Callable, Iterable

import numpy as np

from lstm_teach import guard
from lstm_teach.gradreport import errors_of, listing, relative_error
from lstm_teach.models.case import Model, changed, elsewhere, gradient, is_single, losses, value
from lstm_teach.models.differences import Each, Seen, error_of
from lstm_teach.models.families import ModelFinding, Notes, finding


def generators() -> list:
    """Every random generator that there is, Python's and NumPy's. It looks at all objects, which takes a while."""
    kinds = {random.Random, *np.random.BitGenerator.__subclasses__()}  # NumPy's are in a Generator or a RandomState
    every = gc.get_objects()  # hundreds of thousands
    return [*itertools.compress(every, map(kinds.__contains__, map(type, every)))]


def of_calls(model: Model, known: list) -> list[ModelFinding]:
    """What is wrong with the check itself: precision, inputs that change, calls that can't be repeated.

    `known` are the random generators that are watched while it is called.
    """
    params = model.params
    if single := [name for name in params if params[name].dtype != np.float64]:
        return [finding("precision", f"params holds {listing(single)} as {params[single[0]].dtype}.")]
    given = changed(params)
    for name, call in (
        ("loss", lambda: losses(model, [given])),
        ("gradient", lambda: guard.call(model.gradient, given, seconds=model.seconds)),
    ):
        call()
        if altered := [k for k in params if k not in list(given.keys()) or not np.array_equal(given[k], params[k])]:
            return [finding("input changed", f"{name}(params) changes {listing(altered)} of its argument.")]
    unlike = _again(model, "loss", lambda: {"": np.array(value(model))}, known)
    if unlike := unlike or _again(model, "gradient", lambda: gradient(model), known):
        return unlike
    if is_single(gradient(model).values()):
        what = "Every number of the gradient fits float32 exactly, so it was computed in float32."
        return [finding("precision", what)]
    jumps = f"At T = {model.steps} the loss jumps by {model.noise:.0e} even when the weights hardly change."
    return [finding("precision", jumps)] if model.noise > 1e-12 * max(1, abs(value(model))) else []


def _again(model: Model, name: str, call: Callable[[], dict[str, np.ndarray]], known: list) -> list[ModelFinding]:
    """What loss or gradient returns when it is called again with the same weights, where that is something else."""
    before, results = pickle.dumps(known), [call(), call(), gradient(model) and call()]
    drawn, first = pickle.dumps(known) != before, results[0]
    results += [call() for _ in range(20 * drawn)]  # a mask of four numbers may well be the same three times
    for other in results:
        if unlike := [key for key, error in errors_of(other, first).items() if error > 1e-10]:
            what = f" for {listing(unlike)}" if all(unlike) else ""
            place = f"Called again with the same params, {name}(params) returns something else{what}."
            if drawn or _draws(call):
                return [finding("random", place, "Random numbers are drawn, as for dropout.")]
            k = np.vdot(other[unlike[0]], first[unlike[0]]) / max(np.sum(first[unlike[0]] ** 2), 1e-300)
            if what and 1 < k < np.inf and relative_error(other[unlike[0]], k * first[unlike[0]]) < 1e-6:
                return [finding("state", place, f"It is {k:.3g} times the first: new gradients are added to old ones.")]
            unseen = "No random draw was seen, so a state seems to be carried over from call to call."
            return [finding("state", place, unseen)]
    return []


def _draws(call: Callable[[], object]) -> bool:
    """Whether a call draws random numbers, from a generator that was not known before either."""
    every = generators()
    before = pickle.dumps(every)
    call()
    return pickle.dumps(every) != before


def unread(seen: Seen, notes: Notes) -> tuple[list[ModelFinding], list[str]]:
    """Arrays that never change the loss though their gradient is not zero, or of which a copy is read.

    The second list names the arrays in which other numbers change the gradient and show that it is wrong.
    """
    model, still = next(iter(seen.values())).model, [(each.model, value(each.model)) for each in seen.values()]
    # By far moves too: what a batch or layer norm takes out again, as a bias before it, is read and leaves rounding.
    moves = [(by, one, loss) for by in (0.1, 1, 10, -10) for one, loss in still]
    idle = [name for name in model.params if all(value(moved(one, [name], by)) == loss for by, one, loss in moves)]
    if wrong := [name for name in idle if any(name in each.wrong() for each in seen.values())]:
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
    """The model with random numbers added to these of its arrays, if it has them at this length."""
    own = (name for name in names if name in model.shapes)
    drawn = ((name, by * np.random.default_rng(2).normal(size=model.shapes[name])) for name in own)
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
    usual = {name: 1 / np.sqrt(min(shapes[name], default=1)) for name in matrices}
    small = [name for name in matrices if np.sqrt(np.mean(params[name] ** 2)) < 0.15 * usual[name]]
    for name in small:
        model = moved(model, [name], usual[name])
    if small:
        what = f"The weights of {listing(small)} are tiny, and with such weights most mistakes don't show."
        notes[f"{what} The check took random weights of the usual size instead."] = None
    return model
