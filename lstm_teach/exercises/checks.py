"""What all checks of exercises share: call a learner's function, compare its answer, say what is off. Imports guard."""

from __future__ import annotations

import contextlib
import copy
import html
import inspect
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from lstm_teach import guard
from lstm_teach.params import Params
from lstm_teach.validate import brief

SECONDS = 10.0  # for all calls of one check together; nbgrader gives a cell 30
LEVELS = ("the idea", "the place", "the line")
_MARKS = {True: ("✓", "right"), False: ("✗", "not yet")}  # in the page's own color, for a dark theme too


class Trouble(Exception):
    """A part can't be judged; the message is the sentence for the learner."""


@dataclass(frozen=True)
class Part:
    """One thing that a check looks at; `sentence` says what is off, where, and what to try, and is empty if right."""

    name: str
    sentence: str = ""

    @property
    def passed(self) -> bool:  # noqa: D102
        return not self.sentence


class Points(float):
    """Points for a verdict: for nbgrader, which reads a cell's result, a number; for the reader the whole verdict."""

    verdict: Any
    most: float

    def _repr_mimebundle_(self, **kwargs) -> dict[str, Any]:
        bundle = self.verdict._repr_mimebundle_()
        count = f"<p>{float(self):g} of {self.most:g} point{'s' * (self.most != 1)}</p>"
        return bundle | {"text/html": bundle["text/html"] + count, "text/plain": repr(float(self))}


@dataclass(frozen=True)
class Verdict:
    """The result of a check. In a notebook it shows itself as HTML with three hints to open, in a terminal as text.

    name     what was checked
    parts    `Part`s, in the order in which one would write them
    hints    the idea, the place, the line; () where no hint is needed
    note     one more sentence, shown whatever the result
    report   anything else that shows itself (a `Diagnosis`, say), folded below the parts; None if there is none
    """

    name: str
    parts: tuple[Part, ...]
    hints: tuple[str, ...] = ()
    note: str = ""
    report: Any = None

    @property
    def passed(self) -> bool:
        """Whether every part is right."""
        return all(part.passed for part in self.parts)

    @property
    def score(self) -> float:
        """The share of the parts that are right, 0 to 1."""
        return sum(part.passed for part in self.parts) / len(self.parts)

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.passed:
            return f"{self.name} is right in every part."
        right = sum(part.passed for part in self.parts)
        return f"{self.name}: {right or 'none'} of {len(self.parts)} parts {'are' if right > 1 else 'is'} right so far."

    def points(self, most: float) -> Points:
        """The score in points, `most` if all is right; the last expression of a graded cell."""
        return points_for(self, most)

    def _lines(self) -> list[tuple[bool, str, str]]:
        """Passed or not, names, sentence; parts with the same sentence stand in one line."""
        names: dict[str, list[str]] = {}
        for part in self.parts:
            names.setdefault(part.sentence, []).append(part.name)
        return [(not sentence, ", ".join(parts), sentence) for sentence, parts in names.items()]

    def __str__(self) -> str:
        lines = [self.summary]
        for passed, names, sentence in self._lines():
            lines.append(f"  {_MARKS[passed][1]:<7}  {names}")
            lines += [f"           {sentence}"] if sentence else []
        lines += [self.note] if self.note else []
        lines += ["", "In detail:", str(self.report)] if self.report is not None else []
        if self.hints and not self.passed:
            lines.append("Three hints are in .hints, from the idea to the line: look at .hints[0] first.")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **kwargs) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        escape = html.escape
        parts = [
            f'<section aria-label="Check of {escape(self.name)}">',
            f"<p><strong>{escape(self.summary)}</strong></p>",
        ]
        parts.append('<ul style="list-style:none;padding-left:0">')
        for passed, names, sentence in self._lines():
            mark, word = _MARKS[passed]
            text = f'<div style="margin-left:1.5em">{escape(sentence)}</div>' if sentence else ""
            parts.append(f"<li><strong>{mark} {word}:</strong> {escape(names)}{text}</li>")
        parts.append("</ul>")
        if self.note:
            parts.append(f"<p>{escape(self.note)}</p>")
        if not self.passed:
            parts.append(_hints_html(self.hints))
        if self.report is not None:
            parts.append(_details("In detail", self.report._repr_html_()))
        return "".join([*parts, "</section>"])


def points_for(verdict: Any, most: float) -> Points:
    """The points of anything that has a `score` from 0 to 1."""
    points = Points(round(verdict.score * most, 2))
    points.verdict, points.most = verdict, most
    return points


def _hints_html(hints: Sequence[str]) -> str:
    """Each hint inside the one before it, so that the next can be opened only there."""
    nested = ""
    for number in reversed(range(len(hints))):
        text = f'<p style="white-space:pre-wrap">{html.escape(hints[number])}</p>'
        nested = _details(f"Hint {number + 1} of {len(hints)}: {LEVELS[number]}", text + nested)
    return nested


def _details(summary: str, content: str) -> str:
    # without the attribute JupyterLab takes the Enter key to edit the cell
    return (
        '<details style="margin:6px 0 6px 1em"><summary style="cursor:pointer" data-lm-suppress-shortcuts="true">'
        f"{summary}</summary>{content}</details>"
    )


class Attempt:
    """A learner's function, called with copies of the inputs; the time of all calls together is limited.

    Calls raise `Trouble` with a sentence where there is no answer. The same inputs (the same objects) are given to the
    function only once, so that several parts can look at one answer. `changed` names inputs that were written to.
    """

    def __init__(self, function: Callable, seconds: float = SECONDS):
        if not callable(function):
            got = "nothing (None)" if function is None else brief(function)
            raise TypeError(f"The check needs your function itself, got {got}: give its name, without parentheses.")
        self.function, self.name = function, guard.name_of(function)
        self.changed: dict[str, None] = {}  # in the order of their discovery
        self.answered = False  # whether the function has returned anything yet
        self._seconds = self._left = seconds
        self._answers: dict[tuple[int, ...], tuple] = {}

    def __call__(self, *inputs: Any) -> Any:
        """Return the function's answer to these inputs, or raise `Trouble`."""
        key = tuple(map(id, inputs))
        if key not in self._answers:
            self._answers[key] = (inputs, *self._ask(inputs))
        _, answer, trouble = self._answers[key]
        if trouble:
            raise Trouble(trouble)
        return answer

    def _ask(self, inputs: tuple) -> tuple[Any, str]:
        if self._left <= 0:
            return None, f"{self.name} has used up its {self._seconds:g} seconds in the parts before."
        given = copy.deepcopy(inputs)
        start = time.monotonic()
        try:
            # For nbgrader, a cell that wrote anything to standard error has failed.
            with warnings.catch_warnings(), contextlib.redirect_stderr(sys.stdout):
                warnings.simplefilter("ignore")
                answer = guard.call(self.function, *given, seconds=self._left)
        except guard.LearnerError as error:
            if isinstance(error.__cause__, NotImplementedError):
                *_, (frame, _) = traceback.walk_tb(error.__cause__.__traceback__)
                unwritten = frame.f_code.co_name  # it may be another function, which this one calls
                return None, f"{unwritten} is not written yet: put your code in place of the line that raises."
            return None, str(error)
        finally:
            self._left -= time.monotonic() - start
        for number, (before, after) in enumerate(zip(inputs, given, strict=True)):
            if not _same(before, after):
                self.changed[_input_name(self.function, number)] = None
        if answer is None:
            return None, f"{self.name} returns nothing (None): is a return missing at its end?"
        self.answered = True
        return answer, ""


def judge(
    function: Callable,
    parts: Mapping[str, Callable[[Attempt], str]],
    hints: Sequence[str],
    seconds: float = SECONDS,
    note: str = "",
    report: Callable[[], Any] | None = None,
) -> Verdict:
    """Try `function` part by part and collect the verdict.

    Each part gets the `Attempt` and returns a sentence, empty if all is right; `Trouble` counts as its sentence.
    A function that writes to its inputs gets one more part, which is not right. `report` is called for the verdict's
    report if something is wrong and the function did return something.
    """
    attempt = Attempt(function, seconds)
    results = []
    for name, part in parts.items():
        try:
            results.append(Part(name, part(attempt)))
        except Trouble as trouble:
            results.append(Part(name, str(trouble)))
    if attempt.changed:
        names = " and ".join(attempt.changed)
        advice = "a later step would start from wrong numbers. Make new arrays, or work on a .copy()."
        results.append(Part("inputs", f"{attempt.name} writes to what it was given, {names}: {advice}"))
    wanted = report and attempt.answered and not all(part.passed for part in results)
    return Verdict(attempt.name, tuple(results), tuple(hints), note, report() if wanted else None)


def unpack(answer: Any, names: str) -> dict[str, Any]:
    """The parts of a tuple by name (`names` is "c h", say); raise `Trouble` if there are more or fewer."""
    listed = names.split()
    if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != len(listed):
        got = f"{len(answer)} of them" if isinstance(answer, tuple | list) else kind(answer)
        raise Trouble(f"The function should return {len(listed)} arrays ({', '.join(listed)}), but returns {got}.")
    return dict(zip(listed, answer, strict=True))


def difference(
    name: str,
    got: Any,
    right: np.ndarray | float,
    axes: Sequence[str] = ("unit",),
    mistakes: Mapping[str, np.ndarray | float] | None = None,
    tolerance: float = 1e-9,
) -> str:
    """What is off in an array that should equal `right`: a sentence, empty if nothing is.

    `axes` names what each axis counts. `mistakes` maps sentences to the array that a common mistake gives: where one of
    them is what came, its sentence is added. `tolerance` is the largest difference allowed, relative to 1 + |right|.
    """
    right = np.asarray(right)
    try:
        array = np.asarray(got)
    except ValueError:  # rows of different length
        return f"{name} should be {_shape(right.shape)}, but is {kind(got)}."
    if array.dtype.kind not in "fiub":
        return f"{name} should hold real numbers, but is {kind(got)}."
    if array.shape != right.shape:
        return f"{name} should be {_shape(right.shape)}, but is {_shape(array.shape)}."
    if not np.isfinite(array).all():
        index = tuple(np.argwhere(~np.isfinite(array))[0])
        where = _where(axes, index)
        more = ", or a root or log of a negative one" if np.isnan(array[index]) else ""
        look = f"look for a division by 0, a log of 0 or an exp of a large number{more}"
        return f"{name} is {array[index]}{where}: {look}."
    off = abs(array - right)
    wrong = ~(off <= tolerance * (1 + abs(right)))
    if not wrong.any():
        return ""
    first = tuple(np.argwhere(wrong)[0])
    numbers = f"yours is {_number(array[first])}, right is {_number(right[first])}"
    extent = f" ({wrong.sum()} of {wrong.size} numbers are off, by up to {off.max():.2g})" if wrong.size > 1 else ""
    sentence = f"{name} is off{_where(axes, first)}: {numbers}{extent}."
    for advice, mistaken in (mistakes or {}).items():
        if np.shape(mistaken) == array.shape and np.allclose(array, mistaken, rtol=1e-7, atol=1e-9):
            return f"{sentence} {advice}"
    if array.dtype in (np.float32, np.float16):
        return f"{sentence} The array is of type {array.dtype}; compute with float64."
    return sentence


def kind(value: Any) -> str:
    """What something is, in words: "an array of shape (3,)", "3.0 (float)"."""
    return _shape(value.shape) if isinstance(value, np.ndarray) else brief(value)


def _shape(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a single number"


def _where(axes: Sequence[str], index: tuple[int, ...]) -> str:
    named = [f"{axis} {position}" for axis, position in zip(axes, index, strict=False)]
    return f" at {', '.join(named)}" if named else ""


def _number(value: float) -> str:
    return f"{value:.4g}"


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, Params):
        return np.array_equal(before.flat, after.flat)
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_same, before, after))
    if is_dataclass(before) and not isinstance(before, type):  # a Cache, say: its == can't compare arrays
        return all(_same(getattr(before, each.name), getattr(after, each.name)) for each in fields(before))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    return callable(before) or before == after


def _input_name(function: Callable, number: int) -> str:
    """The learner's own name of an input."""
    try:
        return list(inspect.signature(function).parameters)[number]
    except (TypeError, ValueError, IndexError):  # builtins, and *inputs
        return f"input {number + 1}"
