"""diagnose_model(): the ladder and the checks of the checker for any model, whatever its equations.

Imports the guard, validate and the gradcheck's words only. Nothing here knows what an LSTM is.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from lstm_teach import guard, validate
from lstm_teach.doctor.report import ladder_html, ladder_text
from lstm_teach.gradcheck import LENGTHS, relative_error

Arrays = Mapping[str, np.ndarray]
ModelCase = Callable[[int], tuple[Arrays, Callable[[Arrays], float], Callable[[Arrays], Arrays]]]

RIGHT = 1e-6  # norm-relative, against a difference formula of fourth order in double precision
_ENTRIES = 400  # of one array, at most, are tried; with more, a random choice


@dataclass(frozen=True)
class ModelDiagnosis:
    """What `diagnose_model` found; text in a terminal, a table in a notebook.

    passed     True if every gradient agrees at every length and nothing is wrong with the check itself
    findings   sentences, the most likely or most basic first, each with its reason
    ladder     {T: {array: norm-relative error}}
    notes      sentences on what the check could not see
    """

    findings: tuple[str, ...] = ()
    ladder: dict[int, dict[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:  # noqa: D102
        return bool(self.ladder) and not self.findings

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.passed:
            worst = max(e for errors in self.ladder.values() for e in errors.values())
            lengths = ", ".join(map(str, self.ladder))
            return f"The gradient agrees with central differences at T = {lengths} (largest error {worst:.0e})."
        return "The gradient check does not pass; the likeliest reason comes first."

    def __str__(self) -> str:
        lines = [self.summary]
        if self.ladder and not self.passed:
            lines += ["", *ladder_text(self.ladder, RIGHT), ""]
        lines += [f"{number}. {sentence}" for number, sentence in enumerate(self.findings, 1)]
        return "\n".join(lines + [f"Note: {note}" for note in self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<p><strong>{html.escape(self.summary)}</strong></p>"]
        if self.ladder:
            parts.append(ladder_html(self.ladder, RIGHT))
        if self.findings:
            parts.append("<ol>" + "".join(f"<li>{html.escape(f)}</li>" for f in self.findings) + "</ol>")
        if self.notes:
            parts.append("<ul>" + "".join(f"<li>Note: {html.escape(n)}</li>" for n in self.notes) + "</ul>")
        return "".join(parts)


def diagnose_model(case: ModelCase, *, lengths: tuple[int, ...] = LENGTHS, seconds: float = 10.0) -> ModelDiagnosis:
    """Check a gradient of your own model at several lengths and say which kind of mistake the errors point to.

    `case(T)` returns `(params, loss, gradient)` for sequences of T steps: a mapping of named arrays, a function
    `loss(params) -> float` and a function `gradient(params) -> mapping` with the same names and shapes. The layout and
    the equations are yours: stacked gates, biases, a batch, any loss. Each call may take `seconds`.

    The gradient is held against a difference formula of fourth order, in at most 400 entries of each array.
    Raises TypeError or ValueError for bad arguments of its own; what is wrong with the model is a finding.
    """
    if not callable(case):
        raise TypeError(f"case must be a function case(T), got {validate.brief(case)}.")
    ladder: dict[int, dict[str, float]] = {}
    findings: dict[str, None] = {}
    notes: dict[str, None] = {}
    seen: dict[int, dict[str, tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]]] = {}
    for T in lengths:
        try:
            params, loss, gradient = _unpack(guard.call(case, T, seconds=seconds))
            got, problems, remarks = _examine(params, loss, gradient, seconds)
        except (guard.LearnerError, _Unusable) as error:
            findings[str(error)] = None
            break
        findings.update(dict.fromkeys(problems))
        notes.update(dict.fromkeys(remarks))
        if got is None:
            break
        try:
            seen[T] = {name: _compare(name, params, loss, got[name], seconds) for name in params}
        except (guard.LearnerError, _Unusable) as error:
            findings[str(error)] = None
            break
        whole = np.sqrt(sum(np.sum(right**2) for _, right, _ in seen[T].values()))
        ladder[T] = {}
        for name, (mine, right, _) in seen[T].items():
            if np.linalg.norm(right) <= 1e-8 * whole:  # rounding of the differences around an exact zero
                right[:] = 0
            noise = not right.any() and np.linalg.norm(mine) <= 1e-8 * whole
            ladder[T][name] = 0.0 if noise else relative_error(mine, right)
        if whole < 1e-8:
            notes[f"At T = {T} the right gradient is almost zero, so the check says nothing there."] = None
    if ladder and any(e > RIGHT for errors in ladder.values() for e in errors.values()):
        findings.update(dict.fromkeys(_families(ladder, seen)))
    return ModelDiagnosis(tuple(findings), ladder, tuple(notes))


class _Unusable(Exception):
    """The case can't be checked; the message is one sentence."""


def _unpack(result: object) -> tuple[dict[str, np.ndarray], Callable, Callable]:
    if not isinstance(result, tuple) or len(result) != 3:
        raise _Unusable(f"case(T) must return (params, loss, gradient), got {validate.brief(result)}.")
    params, loss, gradient = result
    if not isinstance(params, Mapping) or not params:
        raise _Unusable(f"params must be a mapping of named arrays, got {validate.brief(params)}.")
    if not callable(loss) or not callable(gradient):
        raise _Unusable("loss and gradient must be functions of params.")
    arrays = {}
    for name, value in params.items():
        array = np.asarray(value)
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise _Unusable(f"params[{name!r}] must be an array of finite floating-point numbers.")
        arrays[name] = array.copy()
    return arrays, loss, gradient


def _copies(params: Arrays) -> dict[str, np.ndarray]:
    return {name: value.copy() for name, value in params.items()}


def _loss(loss: Callable, params: Arrays, seconds: float) -> float:
    value = np.asarray(guard.call(loss, params, seconds=seconds))
    if value.size != 1 or value.dtype.kind not in "fiu" or not np.isfinite(value).all():
        raise _Unusable(f"loss(params) must return one finite number, got {validate.brief(value.tolist())}.")
    return float(value.ravel()[0])


def _examine(params: dict, loss: Callable, gradient: Callable, seconds: float) -> tuple[dict | None, list, list]:
    """Checks of the checker: repeatable, inputs left alone, shapes, precision, size of the weights."""
    problems, remarks = [], []
    given = _copies(params)
    first = _loss(loss, given, seconds)
    results = []
    for _ in range(2):
        result = guard.call(gradient, given, seconds=seconds)
        if not isinstance(result, Mapping):
            raise _Unusable(f"gradient(params) must return a mapping of arrays, got {validate.brief(result)}.")
        missing = [name for name in params if name not in result]
        if missing:
            raise _Unusable(f"gradient(params) has no entry for {', '.join(map(str, missing))}.")
        got = {}
        for name in params:
            array = np.array(result[name], dtype=float)
            if array.shape != params[name].shape:
                raise _Unusable(f"gradient[{name!r}] must have shape {params[name].shape}, got {array.shape}.")
            if not np.isfinite(array).all():
                raise _Unusable(f"gradient[{name!r}] holds a NaN or an infinity.")
            got[name] = array
        results.append(got)
    changed = [name for name in params if not np.array_equal(given[name], params[name])]
    if changed:
        problems.append(
            f"loss or gradient changes its input {', '.join(changed)}; the check compares two different nets."
        )
    again = _loss(loss, _copies(params), seconds)
    if abs(again - first) > 1e-12 * max(1, abs(first)):
        problems.append(
            f"The loss is not repeatable: {first:.6g}, then {again:.6g} for the same params. "
            "Is a state kept from call to call, or a random number drawn (dropout)?"
        )
    if any(relative_error(results[0][n], results[1][n]) > 1e-9 for n in params):
        problems.append("The gradient is not repeatable; does it start from zero, and the state from the same values?")
    single = [name for name in params if params[name].dtype != np.float64]
    if single:
        problems.append(
            f"{', '.join(single)} is {params[single[0]].dtype}: rounding alone gives errors of 1e-3. Check in float64."
        )
    size = np.sqrt(np.mean(np.concatenate([v.ravel() for v in params.values()]) ** 2))
    if size < 0.05:
        remarks.append(
            f"The weights are tiny (root mean square {size:.0e}); most faults hide there. Use about 0.5 to 1."
        )
    if size > 5:
        remarks.append(f"The weights are large (root mean square {size:.0f}); saturated gates hide faults.")
    return (None if problems else results[0]), problems, remarks


def _compare(name: str, params: dict, loss: Callable, got: np.ndarray, seconds: float) -> tuple:
    """The gradient's entries, the same by differences, and which entries these are."""
    count = got.size
    chosen = np.arange(count)
    if count > _ENTRIES:
        chosen = np.sort(np.random.default_rng(0).choice(count, _ENTRIES, replace=False))
    right = np.empty(len(chosen))
    for k, index in enumerate(chosen):
        h = 1e-3 * max(1.0, abs(params[name].ravel()[index]))
        values = []
        for step in (-2, -1, 1, 2):
            moved = _copies(params)
            moved[name].ravel()[index] += step * h
            values.append(_loss(loss, moved, seconds))
        right[k] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    return got.ravel()[chosen], right, np.unravel_index(chosen, got.shape)


def _families(ladder: dict, seen: dict) -> list[str]:
    """What kind of mistake the errors point to, the surest first."""
    found = []
    wrong = {T: [n for n, e in errors.items() if e > RIGHT] for T, errors in ladder.items()}
    first = next(T for T, names in wrong.items() if names)
    names = list(dict.fromkeys(n for each in wrong.values() for n in each))
    found += _scale(seen)
    found += _clipping(seen, names)
    lengths = list(ladder)
    always = ", ".join(names)
    if first == lengths[0]:
        found.append(
            f"Wrong from T = {first} on ({', '.join(wrong[first])}): a mistake within one step, "
            "in a formula used at every step."
        )
    else:
        before = lengths[lengths.index(first) - 1]
        what = "what is carried from step to step, or added up over the steps"
        cut = f", or a walk back that is cut off after {before} steps" if before > 1 else ""
        found.append(f"Right up to T = {before}, wrong from T = {first} on ({always}): look at {what}{cut}.")
    right = [n for n in next(iter(ladder.values())) if n not in names]
    if right:
        found.append(f"Right at every length, so ruled out: {', '.join(right)}.")
    last = seen[max(seen)]
    for name in names:
        where = _blocks(*last[name])
        if where:
            found.append(f"In {name} only {where} are wrong: look at the gate that these belong to.")
    return found


def _ratio(mine: np.ndarray, right: np.ndarray) -> float | None:
    """The constant c with mine = c * right, None if there is none."""
    c = float(mine @ right / (right @ right)) if right.any() else 0.0
    return c if c and np.linalg.norm(mine - c * right) <= 1e-5 * np.linalg.norm(mine) else None


def _scale(seen: dict) -> list[str]:
    ratios: dict[int, float] = {}
    for T, arrays in seen.items():
        each = [_ratio(mine, right) for mine, right, _ in arrays.values() if right.any() or mine.any()]
        if not each or any(c is None for c in each) or max(each) - min(each) > 1e-4 * abs(each[0]):
            return _scale_of_arrays(seen)
        ratios[T] = each[0]
    if all(abs(c - T) < 1e-4 * T for T, c in ratios.items()):
        return [
            "The gradient is T times too large: the loss is averaged over the steps while the gradients are summed."
        ]
    if all(abs(c * T - 1) < 1e-4 for T, c in ratios.items()):
        return [
            "The gradient is T times too small: the gradients are averaged over the steps while the loss is summed."
        ]
    values = list(ratios.values())
    if max(values) - min(values) < 1e-4 * abs(values[0]):
        if abs(values[0] - 1) < 1e-5:
            return []
        reason = "a sign" if abs(values[0] + 1) < 1e-4 else "a constant factor, such as 1/2 or the batch size"
        return [
            f"The gradient is {values[0]:.4g} times the right one everywhere: {reason} is missing in the loss "
            "or in the gradient."
        ]
    listed = ", ".join(f"{c:.3g} at T = {T}" for T, c in ratios.items())
    return [f"The direction is right and the length is not ({listed}): is the norm of the gradient clipped inside?"]


def _scale_of_arrays(seen: dict) -> list[str]:
    found = []
    for name in next(iter(seen.values())):
        each = [_ratio(arrays[name][0], arrays[name][1]) for arrays in seen.values()]
        if all(c is not None and abs(c - each[0]) < 1e-4 * abs(c) for c in each) and abs(each[0] - 1) > 1e-4:
            found.append(
                f"The gradient of {name} is {each[0]:.4g} times the right one at every length: "
                "a constant factor or a sign."
            )
    return found


def _clipping(seen: dict, names: list[str]) -> list[str]:
    """Many entries that share one largest size, where the right ones are larger."""
    for arrays in seen.values():
        mine = np.concatenate([arrays[n][0] for n in names])
        right = np.concatenate([arrays[n][1] for n in names])
        bound = np.abs(mine).max()
        at_bound = np.abs(np.abs(mine) - bound) <= 1e-12 * bound
        if at_bound.sum() >= 3 and bound > 0 and (np.abs(right[at_bound]) > bound * (1 + 1e-6)).all():
            return [
                f"{at_bound.sum()} entries are exactly {bound:.4g} in size where the right ones are larger: "
                "clipping inside the gradient."
            ]
    return []


def _blocks(mine: np.ndarray, right: np.ndarray, where: tuple[np.ndarray, ...]) -> str:
    """Which whole rows or columns of an array are wrong, "" if all or no pattern."""
    off = np.abs(mine - right) > RIGHT * np.abs(right).max()
    for axis, word in ((0, "rows"), (1, "columns"))[: len(where)]:
        lines = where[axis]
        size = lines.max() + 1
        wrong = np.array([off[lines == k].any() for k in range(size)])
        if not 0 < wrong.sum() < size:
            continue
        first, last = np.flatnonzero(wrong)[[0, -1]]
        if last - first + 1 != wrong.sum():
            continue
        for count in (4, 3, 2):
            if size % count == 0 and first % (size // count) == 0 and wrong.sum() == size // count:
                return f"{word} {first} to {last}, block {first * count // size + 1} of {count},"
        return f"{word} {first} to {last}"
    return ""
