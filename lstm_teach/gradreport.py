"""How far a gradient is from the right one, in a number, a word and a table. Imports params, html and validate."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lstm_teach import html, validate
from lstm_teach.params import Params
from lstm_teach.validate import listing

# The ladder for norm-relative errors in double precision: up to each bound, the word.
LADDER = ((1e-7, "right"), (1e-4, "close, not exact"), (1e-2, "suspicious"), (math.inf, "wrong"))


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """|a - b| / max(|a|, |b|) with Euclidean norms, between 0 and 2; two zeros agree.

    NaN where a number in them is not finite. Raises TypeError or ValueError if `a` and `b` are not arrays of real
    numbers or differ in shape.
    """
    a, b = _real("a", a), _real("b", b)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have the same shape, got {a.shape} and {b.shape}.")
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    if largest == 0:
        return 0.0
    if math.isinf(largest):
        return math.nan
    a, b = a / largest, b / largest  # so that no square overflows or vanishes
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b)))


@np.errstate(over="ignore")  # a gradient may explode
def errors_of(got: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray], noise: float = 0.0) -> dict[str, float]:
    """The relative error of each gradient, by name; 0 where the difference is at most `noise` times the norm of all.

    A gradient that is zero but for rounding, as that of a gate that is shut, has no digits to compare.
    """
    least = noise * math.hypot(*(np.linalg.norm(right[name]) for name in right))
    same = [name for name in right if noise and np.linalg.norm(got[name] - right[name]) <= least]
    return {name: 0.0 if name in same else relative_error(got[name], right[name]) for name in right}


def _real(name: str, value: np.ndarray) -> np.ndarray:
    array = validate.as_array(name, value, "an array of real numbers")
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be an array of real numbers, got an array of dtype {array.dtype}.")
    return array.astype(float, copy=False)


def verdict(error: float) -> str:
    """The word of the ladder for a norm-relative error; one that is NaN is wrong. Raises if it is not such a number."""
    if validate.number("error", error) < 0:
        raise ValueError(f"error must not be negative, got {error}.")
    return next(word for bound, word in LADDER if error <= bound or bound == math.inf)


def off(errors: Mapping[str, float]) -> list[str]:
    """The names of those that are not right."""
    return [name for name, error in errors.items() if verdict(error) != "right"]


def word(error: float, right: float) -> str:
    """ "right" up to `right`, else the error in a few characters: 3e-05, 0.12, 1.20."""
    return "right" if error <= right else _short(error)


def marked(text: str) -> str:
    """An error in the words of `word`, with a mark that is read at a glance."""
    return f"{'✓' if text == 'right' else '✗'} {text}"


SOME = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@dataclass(frozen=True)
class Element:
    """One number of one gradient: where it is, what the backward pass says, what is right."""

    matrix: str
    index: tuple[int, int]
    length: int
    got: float
    expected: float


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found. In a notebook it shows itself as a table, in a terminal as text.

    passed             True if nothing is wrong: no problem, and every error at most 1e-7
    errors             per matrix, the largest norm-relative error over all lengths
    errors_by_length   {T: {matrix: error}}
    worst              the name of the matrix with the largest error (of equal ones, at the shortest length)
    worst_element      in that matrix, at that length, the `Element` that is furthest off
    problems           sentences: it raised, ran too long, changed its inputs, returned the wrong thing
    notes              sentences: what the check could not see
    """

    name: str
    reference: str
    errors_by_length: dict[int, dict[str, float]] = field(default_factory=dict)
    worst_element: Element | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> dict[str, float]:  # noqa: D102
        by_length = self.errors_by_length.values()
        return {name: max(errors[name] for errors in by_length) for name in Params.NAMES} if by_length else {}

    @property
    def worst(self) -> str | None:  # noqa: D102
        return self.worst_element.matrix if self.worst_element else None

    @property
    def passed(self) -> bool:  # noqa: D102
        return bool(self.errors) and not self.problems and not off(self.errors)

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.passed:
            lengths, largest = listing(self.errors_by_length), _short(self.errors[self.worst])
            right = f"all nine gradients are right at T = {lengths} (largest error {largest})"
            return f"{html.as_code(self.name)} passes: {right}."
        wrong = off(self.errors)
        many, names = f"{SOME[len(wrong)]} of the nine gradients", ", ".join(f"d{name}" for name in wrong)
        said = [f"{many} {'is' if len(wrong) == 1 else 'are'} off: {names}"] if wrong else []
        said = ["all nine gradients are off"] if len(wrong) == 9 else said
        said += [f"see the problem{'s' if len(self.problems) > 1 else ''} below"] if self.problems else []
        return f"{html.as_code(self.name)} does not pass: {'; '.join(said)}."

    def _details(self) -> list[str]:
        lines = [f"Problem: {problem}" for problem in self.problems]
        if self.worst_element and not self.passed and self.errors[self.worst] > LADDER[0][0]:
            e = self.worst_element
            place = f"d{e.matrix}[{e.index[0]}, {e.index[1]}] at T = {e.length}"
            lines.append(f"Furthest off in d{e.matrix}: {place} is {e.got:.4g}, expected {e.expected:.4g}.")
        return lines + [f"Note: {note}" for note in self.notes]

    def __str__(self) -> str:
        lines = [self.summary]
        if self.errors:
            heads = "".join(f"T = {T:<6}" for T in self.errors_by_length)
            lines += ["", f"matrix   largest  verdict           {heads}".rstrip()]
            for name, error in self.errors.items():
                each = "".join(f"{_short(errors[name]):<10}" for errors in self.errors_by_length.values())
                lines.append(f"d{name:<6}  {_short(error):<8} {verdict(error):<17} {each}".rstrip())
            lines += ["", f"Errors are norm-relative, against {self.reference}; up to 1e-7 is right."]
        return "\n".join(lines + self._details())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [html.bold(f"{'✓' if self.passed else '✗'} {self.summary}")]
        if self.errors:
            lengths = [f"T = {T}" for T in self.errors_by_length]
            heads = ["matrix", "verdict", "largest error", "error, log scale from 1e-16 to 1", *lengths]
            caption = f"Norm-relative errors of {self.name} against {self.reference}; up to 1e-7 is right."
            rows = []
            for name, error in self.errors.items():
                word = verdict(error)
                each = [_short(errors[name]) for errors in self.errors_by_length.values()]
                rows.append([f"d{name}", f"{_MARKS[word]} {word}", _short(error), _bar(error, word), *each])
            parts.append(html.table(caption, heads, rows))
        return "".join([*parts, html.bullets(self._details())])


_MARKS = {"right": "✓", "close, not exact": "≈", "suspicious": "?", "wrong": "✗"}
_COLORS = {"right": "#22228A", "close, not exact": "#56B4E9", "suspicious": "#E69F00", "wrong": "#B5005B"}


def _bar(error: float, word: str) -> str:
    """A bar of 160 pixels for 1e-16 to 1. It repeats the number beside it, so a screen reader skips it."""
    width = 160 * min(max((math.log10(error) + 16) / 16, 0), 1) if error else 0
    filled = f'<div style="width:{width:.0f}px;height:10px;background:{_COLORS[word]}"></div>'
    look = "width:160px;height:10px;border:1px solid #888888;background:white;forced-color-adjust:none"
    return f'<div aria-hidden="true" style="{look}">{filled}</div>'


def _short(error: float) -> str:
    """An error in a few characters: 3e-16, 4e-04, 0.004, 0.15, 1.20; 0 for exact agreement."""
    if not 0.001 <= error < 1000:
        return f"{error:.0e}" if error else "0"
    return f"{error:.{2 if error >= 0.01 else 3}f}"
