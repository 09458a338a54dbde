"""diagnose_model(): the ladder and the checks of the checker for any model, whatever its equations.

Imports differences, families, the guard and validate. Nothing here knows what an LSTM is.
"""

from __future__ import annotations

import inspect
import random
import time
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_teach import guard, html, validate
from lstm_teach.gradcheck import LENGTHS
from lstm_teach.gradreport import marked, relative_error, word
from lstm_teach.models.case import split
from lstm_teach.models.differences import (
    RIGHT,
    Arrays,
    Comparison,
    Model,
    Piece,
    Unusable,
    copies,
    departures,
    gradient,
    is_single,
    listed,
    losses,
    reference,
    rounding_noise,
)
from lstm_teach.models.experiments import explain
from lstm_teach.models.families import ModelFinding, finding

ModelCase = Callable[[int], tuple[Arrays, Callable[[Arrays], float], Callable[[Arrays], Arrays]]]


@dataclass(frozen=True)
class ModelDiagnosis:
    """What `diagnose_model` found; text in a terminal, a table and three levels to open in a notebook.

    passed     True if every gradient agrees at every length and nothing is wrong with the check itself
    findings   `ModelFinding`s, the likeliest first; str(finding) is the whole of it in sentences
    ladder     {T: {array: norm-relative error}}
    notes      sentences: what was ruled out, and what the check could not see
    seconds    how long it took
    """

    findings: tuple[ModelFinding, ...] = ()
    ladder: dict[int, dict[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:  # noqa: D102
        return bool(self.ladder) and not self.findings

    @property
    def summary(self) -> str:
        """One sentence."""
        if not self.ladder:
            return "The gradient could not be compared; the reason stands below."
        lengths = listed(map(str, self.ladder))
        if self.passed:
            return f"The gradient is right: it agrees with differences of the loss at T = {lengths}."
        wrong = [name for name in self._names if any(errors[name] > RIGHT for errors in self.ladder.values())]
        if not wrong:
            return f"The gradient agrees with differences at T = {lengths}, but the check itself is not sound."
        return f"The gradient is not right: {listed(wrong)}. The likeliest reason comes first."

    @property
    def _names(self) -> list[str]:
        return list(next(iter(self.ladder.values()), {}))

    def _rows(self) -> list[list[str]]:
        return [[name, *(word(errors[name], RIGHT) for errors in self.ladder.values())] for name in self._names]

    def __str__(self) -> str:
        lines = [self.summary]
        if self.ladder:
            table = [["array", *(f"T = {T}" for T in self.ladder)], *self._rows()]
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            lines += ["", *("  ".join(map(str.ljust, row, widths)).rstrip() for row in table), "", _CAPTION]
        for number, found in enumerate(self.findings, 1):
            lines += ["", f"{number}. {found.idea}"]
            lines += [f"   {text}" for text in (found.place, found.evidence, found.advice) if text]
        return "\n".join([*lines, *([""] if self.notes else []), *(f"Note: {note}" for note in self.notes)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [html.bold(self.summary)]
        if self.ladder:
            rows = [[name, *map(marked, words)] for name, *words in self._rows()]
            parts.append(html.table(_CAPTION, ["array", *(f"T = {T}" for T in self.ladder)], rows))
        for number, found in enumerate(self.findings, 1):
            levels = [
                ("1. The idea", html.prose(found.idea)),
                ("2. The place", html.prose(found.place) + html.prose(found.evidence)),
                ("3. What to try", html.prose(found.advice)),
            ]
            parts.append(html.levels(f"Finding {number} of {len(self.findings)}", levels))
        return "".join([*parts, html.bullets(self.notes)])


_CAPTION = (
    f"Norm-relative error of each gradient against differences of the loss, by length; up to {RIGHT:.0e} is right."
)


def diagnose_model(case: ModelCase, *, lengths: Iterable[int] = LENGTHS, seconds: float = 10.0) -> ModelDiagnosis:
    """Check the gradient of a model of your own at several lengths, and say which kind of mistake the errors point to.

    `case(T)` returns `(params, loss, gradient)` for sequences of T steps:

        params            mapping of names to float64 arrays of any shape
        loss(params)      one float
        gradient(params)  mapping with the same names and shapes: dloss/dparams

    Layout and equations are yours: stacked gates, biases, a batch, any loss, any cell. Nothing is taken for granted
    but that `loss` and `gradient` give the same answer when they are called again. Choose weights of order 0.5 to 1
    and, if the model has one, an initial state that is not zero.

    Each gradient is held against differences of the loss of fourth order (in a part of the entries if there are many);
    the lengths beyond 6 are tried only while all is right. Where it is wrong, the loss and the gradient are called
    again with some weights set to zero, made symmetric or scaled: what cures the error tells where it is.

    A call may take `seconds`; it is also the scale by which slow models are tried in fewer entries.
    Raises TypeError or ValueError if `case` returns something else than this, or for bad arguments. What is wrong with
    the results of `loss` and `gradient`, an exception too, is a finding.
    """
    started = time.perf_counter()
    if not callable(case):
        raise TypeError(f"case must be a function case(T), got {validate.brief(case)}.")
    seconds = validate.finite_number("seconds", seconds, positive=True)
    lengths = sorted({validate.positive_integer("each of lengths", T) for T in lengths})
    if not lengths:
        raise ValueError("lengths must hold at least one number of steps, got none.")
    findings: list[ModelFinding] = []
    notes: dict[str, None] = {}  # a dict keeps the order and drops repetitions
    models: dict[int, Model] = {}
    seen: dict[int, dict[str, Comparison]] = {}
    hidden: dict[int, float] = {}  # where weights were replaced: the error of all numbers together at the learner's own

    def take(T: int) -> Model:
        return _take(case, T, seconds)

    def ready(T: int) -> Model:
        model = take(T)
        return _of_sane_size(replace(model, noise=rounding_noise(model)), notes)

    try:
        for T in lengths:
            if T > 6 and any(c.error > RIGHT for each in seen.values() for c in each.values()):
                break  # short sequences tell more about a mistake
            model = take(T)
            findings = _soundness(model, lambda T=T: take(T), notes)
            if findings:
                break
            model = replace(model, noise=rounding_noise(model))
            if model.noise > 1e-12 * max(1.0, abs(losses(model, [model.params])[0])):
                findings = [
                    finding("precision", f"At T = {T} the loss jumps by {model.noise:.0e} from one weight to the next.")
                ]
                break
            own = model
            model = _of_sane_size(model, notes)
            models[T], seen[T] = model, compare(model)
            if model is not own:
                hidden[T] = _together(compare(own))
            _remarks(T, model, seen[T], notes)
        if any(c.error > RIGHT for each in seen.values() for c in each.values()):
            findings, said = explain(seen, models, ready, compare)
            notes.update(dict.fromkeys(said))
            hidden = {T: off for T, off in hidden.items() if any(c.error > RIGHT for c in seen[T].values())}
            if hidden and max(hidden.values()) < 1e-4:
                findings.insert(0, _hidden(hidden, seen))
    except (guard.LearnerError, Unusable) as error:
        findings.append(ModelFinding("raises" if isinstance(error, guard.LearnerError) else "unusable", str(error)))
    ladder = {T: {name: c.error for name, c in each.items()} for T, each in seen.items()}
    return ModelDiagnosis(tuple(findings), ladder, tuple(notes), time.perf_counter() - started)


def _take(case: ModelCase, T: int, seconds: float) -> Model:
    """`case(T)`, checked. Raises TypeError or ValueError in one sentence."""
    result = guard.call(case, T, seconds=seconds)
    if isinstance(result, tuple | list) and len(result) == 2 and callable(result[1]):
        result = result[0], *split(result[1])
    if not isinstance(result, tuple | list) or len(result) != 3:
        count = f" of {len(result)}" if isinstance(result, tuple | list) else ""
        raise TypeError(
            f"case({T}) must return three things, (params, loss, gradient), got {validate.brief(result)}{count}."
        )
    params, loss, slope = result
    if not (isinstance(params, Mapping) or (hasattr(params, "keys") and hasattr(params, "__getitem__"))):
        raise TypeError(f"params of case({T}) must be a mapping of named arrays, got {validate.brief(params)}.")
    names = list(params.keys())
    if not names:
        raise ValueError(f"params of case({T}) must hold at least one array, got none.")
    for said, function in (("loss", loss), ("gradient", slope)):
        if not callable(function):
            raise TypeError(f"{said} of case({T}) must be a function of params, got {validate.brief(function)}.")
    for name in names:
        value = params[name]
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            got = f"an array of dtype {value.dtype}" if isinstance(value, np.ndarray) else validate.brief(value)
            raise TypeError(f"params[{name!r}] of case({T}) must be an array of floating-point numbers, got {got}.")
        if not value.size:
            raise ValueError(f"params[{name!r}] of case({T}) must hold at least one number, got shape {value.shape}.")
        if not np.isfinite(value).all():
            raise ValueError(f"params[{name!r}] of case({T}) must be finite, got {value[~np.isfinite(value)][0]}.")
    return Model(params, loss, slope, T, seconds)


def _soundness(model: Model, fresh: Callable[[], Model], notes: dict[str, None]) -> list[ModelFinding]:
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


def _of_sane_size(model: Model, notes: dict[str, None]) -> Model:
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


def _together(compared: dict[str, Comparison]) -> float:
    """The norm-relative error of all numbers together, as a check of one flat vector sees it."""
    mine, right = (np.concatenate([getattr(c, side)[c.tried] for c in compared.values()]) for side in ("mine", "right"))
    return relative_error(mine, right)


def _hidden(hidden: dict[int, float], seen: dict[int, dict[str, Comparison]]) -> ModelFinding:
    worst = max(c.error for each in seen.values() for c in each.values())
    return finding(
        "small weights",
        f"With your weights the error of all numbers together is {max(hidden.values()):.0e} at most.",
        f"With random weights of usual size it goes up to {worst:.0e} in one array.",
    )


def _remarks(T: int, model: Model, compared: dict[str, Comparison], notes: dict[str, None]) -> None:
    if all(np.abs(c.right[c.tried]).max() < 1e-8 for c in compared.values()):
        notes[f"At T = {T} the right gradient is almost zero, so the check says nothing there."] = None


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def compare(model: Model, effort: float = 1.0) -> dict[str, Comparison]:
    """The gradient beside its differences, array by array. `effort` is how much longer than usual it may take.

    All numbers of a small model are tried, 20 of each array where the sequence is long, fewer if the loss is slow.
    """
    spent = min(_seconds(lambda: losses(model, [model.params])) for _ in range(5))
    spent = max(spent, 1e-6)  # a coarse clock may not have moved
    mine = gradient(model, copies(model.params))
    count = int(np.clip(effort * model.seconds / 10 / (4 * spent * len(mine)), 12, 400 if model.steps <= 6 else 20))
    compared: dict[str, Comparison] = {}
    for name, array in mine.items():
        right, blur = reference(model, name, array, count)
        compared[name] = Comparison(array, right, blur)
    large = [name for name, array in mine.items() if array.size > count]
    if large:  # a mistake in the entries that were not tried shows along a random direction
        off, _, blur = departures(model, model.params, [[Piece(name)] for name in large])
        for name, error in zip(large, off, strict=True):
            if error > 1e-6 + blur and compared[name].error <= RIGHT:
                compared[name] = replace(compared[name], elsewhere=float(error))
    return compared
