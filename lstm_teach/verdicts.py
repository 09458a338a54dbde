"""What a check found, and how it shows itself: parts, hints, points. Imports html.

A `Verdict` is HTML in a notebook and text in a terminal; lessons and exercises use the same one.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_teach import html
from lstm_teach.validate import listing

LEVELS = ("the idea", "the place", "the line")
_wanted = {"hints": True}  # see show_hints
# in the page's own color, for a dark theme too
MARKS = {
    "right": ("✓", "right"),
    "wrong": ("✗", "not yet"),
    "open": ("○", "not written yet"),
}


def show_hints(wanted: bool) -> None:
    """Whether checks name the mistakes that they know and have hints to open; an exam begins without either."""
    _wanted["hints"] = bool(wanted)


def hints_wanted() -> bool:
    """Whether mistakes are named and hints offered; see `show_hints`."""
    return _wanted["hints"]


@dataclass(frozen=True)
class Part:
    """One thing that a check looks at; `sentence` says what is off, where, and what to try, and is empty if right.

    A part that is `open` has not been written yet, which isn't a mistake. What is `beside` the parts isn't counted as
    one, so that their number stays the same; it takes one off the right ones.
    """

    name: str
    sentence: str = ""
    open: bool = False
    beside: bool = False

    @property
    def passed(self) -> bool:  # noqa: D102
        return not (self.sentence or self.open)

    @property
    def state(self) -> str:
        """One of "right", "wrong", "open"."""
        return "open" if self.open else "wrong" if self.sentence else "right"


class Points(float):
    """Points for a verdict: for nbgrader, which reads a cell's result, a number; for the reader the whole verdict."""

    verdict: Any
    most: float

    def _repr_mimebundle_(self, **kwargs) -> dict[str, Any]:
        bundle = self.verdict._repr_mimebundle_()
        html = bundle["text/html"]
        return bundle | {
            "text/html": html if self.count in html else html + self.count,
            "text/plain": repr(float(self)),
        }

    @property
    def count(self) -> str:
        """The points in words, as HTML."""
        return f"<p>{float(self):g} of {self.most:g} point{'s' * (self.most != 1)}</p>"


@dataclass(frozen=True)
class Verdict:
    """The result of a check. In a notebook it shows itself as HTML with three hints to open, in a terminal as text.

    name     what was checked
    parts    `Part`s, in the order in which one would write them
    hints    the idea, the place, the line; () where no hint is needed
    note     one more sentence, shown whatever the result
    said     the first sentence, where the usual one does not fit
    least    the share that counts, even if fewer parts are right
    """

    name: str
    parts: tuple[Part, ...]
    hints: tuple[str, ...] = ()
    note: str = ""
    said: str = ""
    least: float = 0

    @property
    def passed(self) -> bool:
        """Whether every part is right."""
        return all(part.passed for part in self.parts)

    @property
    def score(self) -> float:
        """The share of the parts that are right, 0 to 1."""
        right, wrong_beside, parts = self._counts()
        return max(0, max(right, self.least * parts) - wrong_beside) / parts

    def _counts(self) -> tuple[int, int, int]:
        """How many parts are right, how many things beside them are wrong, and how many parts there are."""
        beside = sum(part.beside for part in self.parts)
        return sum(part.passed for part in self.parts), beside, len(self.parts) - beside

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.said:
            return self.said
        if self.passed:
            return f"{html.as_code(self.name)} is right in every part."
        right, beside, parts = self._counts()
        if not right:
            is_open = all(part.open for part in self.parts)
            return f"{html.as_code(self.name)} is not {'written' if is_open else 'right'} yet."
        less = f", but one is taken off because it changes its {self.parts[-1].name}" if beside else ""
        return f"{html.as_code(self.name)}: {right} of {parts} parts {'are' if right > 1 else 'is'} right so far{less}."

    def points(self, most: float) -> Points:
        """The score in points, `most` if all is right; the last expression of a graded cell."""
        return points_for(self, most)

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        """State, names, sentence; parts of which the same is said share a line."""
        together: dict[tuple[str, str], list[Part]] = {}
        for part in self.parts:
            together.setdefault((part.state, part.sentence.removeprefix(f"{part.name} ")), []).append(part)
        for (state, said), (first, *more) in together.items():
            each = more and said != first.sentence
            yield state, ", ".join(part.name for part in (first, *more)), f"Each {said}" if each else first.sentence

    @property
    def _alone(self) -> str | None:
        """What follows the summary if the summary alone tells the state of every part; else None."""
        (state, _, sentence), *more = self._lines()
        alone = state == "open" or (self.said and (len(self.parts) == 1 or not sentence))
        return f"{sentence} {self.note}".strip() if alone and not more else None

    def __str__(self) -> str:
        lines = [f"{self.summary} {self._alone or ''}".strip()]
        if self._alone is None:
            for state, names, sentence in self._lines():
                lines.append(f"  {MARKS[state][1]:<7}  {names}")
                lines += [f"           {line}" for line in sentence.splitlines()]
            lines += [self.note] if self.note else []
        way = "Three hints, from the idea to the line: give this a name, as in v = ..., and look at v.hints[0] first."
        return "\n".join([*lines, way] if self.hints and not self.passed else lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **kwargs) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        items = []
        for state, names, sentence in self._lines():
            mark, word = MARKS[state]
            text = "".join(
                f'<div style="margin-left:1.5em">{html.inline(line)}</div>' for line in sentence.splitlines()
            )
            items.append(f"<li><strong>{mark} {word}:</strong> {html.inline(names)}{text}</li>")
        summary, listed = html.bold(self.summary), f'<ul style="list-style:none;padding-left:0">{"".join(items)}</ul>'
        if (alone := self._alone) is not None:
            mark, _ = MARKS[self.parts[0].state]
            summary, listed = f"<p>{mark} <strong>{html.inline(self.summary)}</strong> {html.inline(alone)}</p>", ""
        note, hints = html.prose(self.note) if listed else "", "" if self.passed else hints_html(self.hints)
        return f'<section aria-label="Check of {html.escape(self.name)}">{summary}{listed}{note}{hints}</section>'


def said(parts: Sequence[Part]) -> str:
    """The first sentence on the blanks of one cell."""
    names, states = listing([f"`{part.name}`" for part in parts]), [part.state for part in parts]
    right = states.count("right")
    if right == len(parts):
        return f"Right: {names}."
    if states.count("open") == len(parts):
        return f"Not written yet: {names}."
    return "Not right yet." if len(parts) == 1 else f"{right} of {len(parts)} right so far."


def show_at_once(verdict: Verdict) -> None:
    """Show a verdict at once, where it is not the value of a cell's last line."""
    ipython = sys.modules.get("IPython")
    if ipython and ipython.get_ipython():
        ipython.display.display(verdict)
    else:
        print(verdict)


def points_for(verdict: Any, most: float) -> Points:
    """The points of anything that has a `score` from 0 to 1, to the next quarter; all of them only for a score of 1."""
    points = Points(most if verdict.score == 1 else min(round(4 * verdict.score * most), 4 * most - 1) / 4)
    points.verdict, points.most = verdict, most
    return points


def hints_html(hints: Sequence[str], of: str = "") -> str:
    """Each hint inside the one before it, so that the next can be opened only there."""
    nested = ""
    for number in reversed(range(len(hints))):
        text = _hint(hints[number]) + nested
        nested = html.fold(f"Hint {number + 1} of {len(hints)}{of}: {LEVELS[number]}", text, "1em")
    return nested


def _hint(text: str) -> str:
    """A hint of one line is words. Several are code, after a first line of words where that ends with a colon."""
    first, _, rest = text.partition("\n")
    if rest and first.endswith(":") and not rest.startswith(" "):
        return html.prose(first) + html.code(rest)
    return html.code(text.strip()) if rest else html.prose(text)


def advice(sentence: str) -> str:
    """A sentence that names a mistake or the next thing to try, after a space; empty where hints are off."""
    return f" {sentence}" if sentence and _wanted["hints"] else ""
