"""What the doctor found, as text for a terminal and as HTML with three levels for a notebook. Imports html."""

from dataclasses import dataclass, field

from lstm_teach import html
from lstm_teach.doctor.causes import FORWARD_PATH
from lstm_teach.gradreport import SOME, GradientReport, listing, marked, word
from lstm_teach.params import Params


@dataclass(frozen=True)
class Finding:
    """One fault, or one thing that is known about it.

    quantity     what is wrong first: "dzf", "dc_carry", "dWf"; "" if it isn't a quantity (say, an input was changed)
    gate         "i", "f", "o", "g", or "" where it concerns no gate or all
    path         the way of the gradient that it lies on, in words
    first_step   the step t at which it is wrong first, in the order of the walk back, on a sequence of `length` steps
    line         number of the line in the learner's file or cell, None if it is not known
    code         the text of that line
    cause        one sentence in the learner's own names
    repair       the line that should stand there; "" for a line that should go, and where none is known
    how          what to do with the repair: "replace" the line, "add" it after the line, "remove" the line; or ""
    evidence     sentences: how one can see it
    idea         the first level: what kind of mistake to look for, without the place
    proved       whether the repair is part of one that makes every gradient exact
    elsewhere    numbers of other lines of which a change is proved as well
    function     the name of the helper that the line is in; "" for the function that was given
    """

    quantity: str = ""
    gate: str = ""
    path: str = ""
    first_step: int | None = None
    line: int | None = None
    code: str = ""
    cause: str = ""
    repair: str = ""
    evidence: str = ""
    idea: str = ""
    proved: bool = False
    length: int | None = None
    how: str = ""
    elsewhere: tuple[int, ...] = ()
    function: str = ""

    @property
    def place(self) -> str:
        """The second level: where it is, in one sentence."""
        parts = []
        if self.line:
            of = f" of `{self.function}`" if self.function else ""
            at = "after" if self.how == "add" else "at"
            parts.append(f"Look {at} line {self.line}{of}, `{self.code.rstrip(',')}`.")
        what, step = _IN_WORDS.get(self.quantity, self.quantity), self.first_step
        known = what and (step is None or step >= 0)  # before step 0 no step reads anything
        first = "The first thing to go wrong is"
        if step is not None:
            what += f" at t = {step}"
            back = self.path != FORWARD_PATH
            order = ", ".join(map(str, range(self.length or 0)[:: -1 if back else 1]))
            first = f"Going{' back' * back} through {self.length} steps (t = {order}), t{first[1:]}" if order else first
        if known and self.proved:
            parts.append(f"{first} {what}, {self.path}.")
        elif known and self.how:  # other faults may come before
            parts.append(f"With the change below, {what} is right, {self.path}.")
        return " ".join(parts)


@dataclass(frozen=True)
class Diagnosis:
    """The result of `diagnose`. In a notebook it shows itself with three levels to open, in a terminal as text.

    passed            True if nothing is wrong
    findings          `Finding`s, the most upstream first
    repaired_source   the whole function (and its helpers, if those are wrong), repaired and proved; None without proof
    ladder            {T: {matrix: error}}, norm-relative; a second one from a zero initial state in `ladder_zero`
    notes             sentences: what is known, and what was ruled out
    seconds, tried    how long it took, and how many edits were tried
    """

    name: str
    report: GradientReport
    findings: tuple[Finding, ...] = ()
    repaired_source: str | None = None
    ladder: dict[int, dict[str, float]] = field(default_factory=dict)
    ladder_zero: dict[int, dict[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    tried: int = 0

    @property
    def passed(self) -> bool:  # noqa: D102
        return self.report.passed and not self.findings

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.repaired_source is None:
            return self.headline
        helpers = {f.function for f in self._faults}
        of = f" of {helpers.pop()}" if len(helpers) == 1 and all(helpers) else ""
        at = "after line " if all(f.how == "add" for f in self._faults) else "in line "
        where = f"{at * (len(self._lines) == 1)}{listing(self._lines)}{of}"
        return self.headline.replace(";", f", {where};", 1)

    @property
    def _faults(self) -> list[Finding]:
        """What the check itself saw has no line, and comes from the faults that have one."""
        return [f for f in self.findings if f.line]

    @property
    def _lines(self) -> list[int]:
        return sorted({f.line for f in self._faults})

    @property
    def _problems(self) -> list[str]:
        """What the check itself saw, and why nothing was searched, as far as the headline does not say it."""
        return [f.cause for f in self.findings if not f.line and f.cause not in self.headline]

    @property
    def headline(self) -> str:
        """The summary without the lines, which the HTML keeps for the second level."""
        if self.passed:
            return self.report.summary
        if self.repaired_source is not None:
            count, lines = len(self._faults), len(self._lines)
            faults = f"faults in {_count(lines)} lines" if lines > 1 else f"{_count(count)} fault{'s' * (count > 1)}"
            return f"{self.name} has {faults}; with the repair, every gradient is exact at all lengths tried."
        if self.findings and not (self.ladder or self._faults):  # it never returned
            return " ".join(f.cause for f in self.findings)
        if any(f.how for f in self._faults):
            many = f"{_count(len(self._faults)).capitalize()} finding{'s' * (len(self._faults) > 1)}"
            return f"{self.name} does not pass. {many} below; a full repair was not found."
        return f"{self.name} does not pass; the faulty line could not be pinned down. What is known is below."

    def _ladder(self) -> list[list[str]]:
        """The table of errors in words, its head first; nothing if all is right."""
        rows = [] if self.passed else self.ladder.items()
        words = [[str(T), *(word(errors[name], 1e-7) for name in Params.NAMES)] for T, errors in rows]
        return [["T", *(f"d{name}" for name in Params.NAMES)], *words] if words else []

    def __str__(self) -> str:
        rows = ["".join([f"{T:<5}", *(f"{cell:<10}" for cell in cells)]).rstrip() for T, *cells in self._ladder()]
        parts = [self.summary, "", *rows] if rows else [self.summary]
        parts += [line for problem in self._problems for line in ("", f"Problem: {problem}")]
        for number, finding in enumerate(self._faults, 1):
            idea = finding.idea or finding.cause
            repair = finding.repair.replace("\n", "\n" + " " * 11)
            said = [
                finding.place,
                finding.cause if finding.cause != idea else "",
                f"{_how(finding)} {repair}".strip(),
                finding.evidence,
            ]
            parts += ["", f"{number}. {idea}", *(f"   {text}" for text in said if text)]
        if self.notes:
            parts += ["", *(f"Note: {note}" for note in self.notes)]
        return "\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [html.bold("✓ " * self.passed + self.headline)]
        if ladder := self._ladder():
            parts.append(html.table(_CAPTION, ladder[0], [[T, *map(marked, cells)] for T, *cells in ladder[1:]]))
        parts += [html.prose(f"Problem: {problem}") for problem in self._problems]
        for number, finding in enumerate(self._faults, 1):
            now = f"{html.prose(finding.cause)}<p>Line {finding.line} now:</p>{html.code(finding.code)}"
            repair = html.prose(_how(finding)) + (html.code(finding.repair) if finding.repair else "")
            levels = [
                ("1. The idea", html.prose(finding.idea or finding.cause)),
                ("2. The place", html.prose(finding.place) + html.prose(finding.evidence)),
                ("3. The line", now + repair),
            ]
            parts.append(html.levels(f"Finding {number} of {len(self._faults)}", levels))
        parts.append(html.bullets(self.notes))
        if self.repaired_source is not None:
            parts.append(html.fold("The whole function, repaired", html.code(self.repaired_source)))
        return "".join(parts)


# The two that nearly every author calls otherwise than the lessons do.
_IN_WORDS = {"dh_future": "what comes back to h", "dc_carry": "what comes back to the cell"}
_CAPTION = "The ladder: norm-relative error of each gradient against the exact one, by length of the sequence."
_HOW = {"replace": "Repair:", "add": "Repair, to be added after this line:", "remove": "Repair: take out this line."}
_TRY = {"replace": "Try:", "add": "Try, added after this line:", "remove": "Try it without this line."}


def _how(finding: Finding) -> str:
    """What to do with the line; only what is proved is called a repair."""
    said = (_HOW if finding.proved else _TRY).get(finding.how, "")
    block = finding.how == "remove" and finding.code.partition("#")[0].rstrip().endswith(":")
    return f"{said[:-1]} and the lines under it." if block else said


def _count(number: int) -> str:
    return SOME[number] if number < len(SOME) else str(number)
