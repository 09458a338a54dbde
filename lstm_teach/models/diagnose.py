"""diagnose_model(): the ladder and the checks of the checker for any model, whatever its equations.

Imports the rest of this package, the guard, html and validate. Nothing here knows what an LSTM is.
"""

import re
import sysconfig
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lstm_teach import guard, html, validate
from lstm_teach.gradcheck import LENGTHS
from lstm_teach.gradreport import listing, marked, word
from lstm_teach.models import soundness
from lstm_teach.models.case import Model, ModelCase, Unusable, model_of, value
from lstm_teach.models.differences import RIGHT, Each, Seen, compare
from lstm_teach.models.experiments import explain
from lstm_teach.models.families import ModelFinding, Notes, no_length, without_length
from lstm_teach.models.soundness import moved, of_sane_size


@dataclass(frozen=True)
class ModelDiagnosis:
    """What `diagnose_model` found; text in a terminal, a table and three levels to open in a notebook.

    passed     True if every gradient agrees at every length and nothing is wrong with the check itself
    findings   `ModelFinding`s, the likeliest first; str(finding) is the whole of it in sentences
    ladder     {T: {array: norm-relative error}}, 0 where none shows; one T only where the loss does not depend on it
    notes      sentences: what was ruled out, and what the check could not see
    seconds    how long it took

    takes_length   whether the loss depends on T
    """

    findings: tuple[ModelFinding, ...] = ()
    ladder: dict[int, dict[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    takes_length: bool = True

    @property
    def passed(self) -> bool:  # noqa: D102
        return bool(self.ladder) and not self.findings

    @property
    def summary(self) -> str:
        """One sentence."""
        if not self.ladder:
            return "The gradient could not be compared; the reason is below."
        lengths = listing(self.ladder)
        at = f" at T = {lengths}" if self.takes_length else ""
        if self.passed:
            return f"The gradient is right: it agrees with differences of the loss{at}."
        each = self.ladder.values()
        wrong = [name for name in self._names() if any(errors.get(name, 0) > RIGHT for errors in each)]
        if wrong:
            return f"The gradient is not right: {listing(wrong)}. The likeliest reason comes first."
        if all(found.family in ("raises", "unusable") for found in self.findings):
            return f"The gradient agrees with differences at T = {lengths}; other lengths could not be compared."
        return f"The gradient agrees with differences{at}, but the check itself is not sound."

    def _names(self) -> list[str]:
        """The arrays of all lengths; some may have an array that others have not."""
        return [*dict.fromkeys(name for errors in self.ladder.values() for name in errors)]

    def _table(self) -> list[list[str]]:
        """The ladder in words, its head first."""
        told = [{name: word(error, RIGHT) for name, error in errors.items()} for errors in self.ladder.values()]
        rows = ([name, *(words.get(name, _ABSENT) for words in told)] for name in self._names())
        return [["array", *(f"T = {T}" if self.takes_length else "error" for T in self.ladder)], *rows]

    def __str__(self) -> str:
        lines = [self.summary]
        if self.ladder:
            table = self._table()
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
            head, *rows = self._table()
            rows = [[name, *(w if w == _ABSENT else marked(w) for w in words)] for name, *words in rows]
            parts.append(html.table(_CAPTION, head, rows))
        for number, found in enumerate(self.findings, 1):
            levels = [
                ("1. The idea", html.prose(found.idea)),
                ("2. The place", html.prose(found.place) + html.prose(found.evidence)),
                ("3. What to try", html.prose(found.advice)),
            ]
            parts.append(html.levels(f"Finding {number} of {len(self.findings)}", levels))
        return "".join([*parts, html.bullets(self.notes)])


_CAPTION = "Norm-relative error of each gradient against differences of the loss; up to 1e-9 is right."
_ABSENT = "not there"  # an array that the model does not have at this length


@guard.unseen()  # loss and gradient are called hundreds of times
def diagnose_model(case: ModelCase, *, lengths: Iterable[int] = LENGTHS, seconds: float = 10.0) -> ModelDiagnosis:
    """Check the gradient of a model of your own at several lengths, and say which kind of mistake the errors point to.

    `case(T)` returns `(params, loss, gradient)` for sequences of T steps, or `(params, both)` where one function
    returns the loss and the gradient. `case_of` makes a case of an object whose weights are attributes.

        params            mapping of names to float64 arrays of any shape
        loss(params)      one float
        gradient(params)  mapping with the same names and shapes: dloss/dparams

    Layout and equations are yours: stacked gates, biases, a batch, any loss, any cell. Nothing is taken for granted
    but that `loss` and `gradient` give the same answer when they are called again. Choose weights of order 0.5 to 1
    and, if the model has one, an initial state that is not zero.

    Each gradient is compared with fourth-order differences of the loss: along random directions, and where these show
    an error number by number (some of them, if there are many). The lengths beyond 6 are tried only while all is right.
    Where it is wrong, the loss and the gradient are called again with some weights set to zero, made symmetric or
    scaled: what cures the error tells where it is.

    A call may take `seconds`; it is also the scale by which slow models are tried in fewer entries. What is printed in
    a call is not shown.
    Raises TypeError or ValueError for bad arguments. What is wrong with the results of `case`, `loss` and `gradient`,
    an exception too, is a finding.
    """
    started = time.perf_counter()
    validate.instance("case", case, Callable, "a function case(T)")
    seconds = validate.finite_number("seconds", seconds, positive=True)
    validate.instance("lengths", lengths, Iterable, "whole numbers, as in (1, 2, 3)")
    lengths = sorted({validate.whole_number("each length in lengths", T) for T in lengths})
    if not lengths:
        raise ValueError("lengths must hold at least one number of steps, got none.")
    findings: list[ModelFinding] = []
    notes: Notes = {}
    own: dict[int, Model] = {}
    given: dict[int, float] = {}
    seen: Seen = {}  # of the same, but with weights of usual size where the learner's are tiny
    failed: dict[int, Exception] = {}
    watched: list = []  # random generators

    def made(T: int) -> Model:
        """The model of T steps; a net that keeps the weights of its last call gets its own back first."""
        if seen:
            value(own[min(seen)])
        return model_of(case, T, seconds)

    for T in lengths:
        if T > 6 and any(map(Each.wrong, seen.values())):
            break  # short sequences tell more about a mistake
        try:
            own[T] = made(T)
            given[T] = value(own[T])
            if seen and given[T] == given[min(seen)]:
                continue  # T may not matter, or the loss may begin at a later step
            watched = watched or soundness.generators()
            if findings := soundness.of_calls(own[T], watched):
                break
            seen[T] = compare(of_sane_size(own[T], notes))
            if beside := soundness.beside_the_kink(seen[T], notes):
                own[T], seen[T] = beside, compare(beside)
        except guard.LearnerError as error:
            failed[T] = error
            if guard.ENDLESS in str(error):
                break
    takes_length = not seen or len(given) < 2 or len({*given.values()}) > 1
    if not takes_length:
        own, seen = {1: own[min(seen)]}, {1: seen[min(seen)]}
    try:
        # at T = 1 nothing need come of what acts on a zero state
        told = {T: each for T, each in seen.items() if T > 1 or not takes_length}
        findings, chance = soundness.unread(told, notes) if told and not findings else (findings, [])
        there = {T: compare(moved(each.model, chance)) for T, each in seen.items()} if chance else seen
        if (chance or not findings) and any(map(Each.wrong, there.values())):
            wrong = {name for each in there.values() for name in each.wrong()}
            if right := [name for name in next(iter(there.values())) if name not in wrong]:
                notes[f"Right at every length tried, so ruled out: {listing(right)}."] = None
            there = _of_one_net(there, notes)
            with np.errstate(all="ignore"):  # what NumPy says at weights that are not the learner's
                findings += explain(there, lambda T: moved(of_sane_size(made(T), notes), chance), notes, takes_length)
    except guard.LearnerError as error:
        failed[max(seen)] = error
    if mute := [T for T, each in seen.items() if all(np.abs(c.right[c.tried]).max() < 1e-8 for c in each.values())]:
        notes[f"At T = {listing(mute)} the right gradient is almost zero, so the check says nothing there."] = None
    some: dict[tuple[str, ...], list[int]] = {}
    for T, each in seen.items():
        names = tuple(name for name, c in each.items() if c.wrong and not c.full and not c.elsewhere)
        some.setdefault(names, []).append(T)
    if some := [f"{listing(names)} at T = {listing(lengths)}" for names, lengths in some.items() if names]:
        what = "Only some entries were compared one by one, and the table shows the error of those"
        notes[f"{what}: {listing(some)}."] = None
    for T in [*failed] if len(seen) > 2 and lengths == sorted(LENGTHS) else ():  # lengths that were not asked for
        if max(seen) < T not in given and not isinstance(failed[T], Unusable):  # the data may be too short
            notes[f"At T = {T} nothing was compared: {failed.pop(T)}"] = None
    ladder = {T: {name: c.error for name, c in each.items()} for T, each in seen.items()}
    findings = _failures(failed, seen) + findings
    if not takes_length:
        findings = [without_length(one) for one in findings]
        same = f"The loss is the same at T = {listing(given)}, so only one length was compared."
        more = "Let T be the number of steps or of examples, and the check can tell you more."
        notes = [*map(no_length, notes), f"{same} {more}"]
    return ModelDiagnosis(tuple(findings), ladder, tuple(notes), time.perf_counter() - started, takes_length)


def _of_one_net(seen: Seen, notes: Notes) -> Seen:
    """The shortest length that is wrong alone, if at some other length there are other arrays."""
    first = next(T for T, each in seen.items() if each.wrong())
    others = {name for each in seen.values() for name in each.keys() ^ seen[first].keys()}
    if not others:
        return seen
    notes[f"Not every T has {listing(sorted(others))}, so only T = {first} was used to explore the mistake."] = None
    return {first: seen[first]}


def _failures(failed: dict[int, Exception], seen: Seen) -> list[ModelFinding]:
    """Which lengths gave nothing to compare, and why: one finding where the first sentences differ only in numbers."""
    alike: dict[str, list[int]] = {}
    for T, error in failed.items():
        alike.setdefault(re.sub(r"\d+", "0", str(error).partition(". ")[0]), []).append(T)
    found = []
    for first, *others in alike.values():
        error = failed[first]
        kind, said = "unusable" if isinstance(error, Unusable) else "raises", f"{error}{_came_from(error)}"
        also = f", and much the same at T = {listing(others)}" if others else ""
        found.append(ModelFinding(kind, f"At T = {first}{also}: {said}" if seen else said))
    return found if seen else found[:1]  # if it fails at every length, then most likely for one reason


def _came_from(error: Exception) -> str:
    """The line of the learner's own files that raised, where the error's sentence does not name it already."""
    own = tuple(str(Path(module.__file__).parent) for module in (np, guard))
    python = (sysconfig.get_path("stdlib"), "<frozen", "<__")
    for frame in reversed(traceback.extract_tb(error.__cause__.__traceback__) if error.__cause__ else []):
        file, line = frame.filename, (frame.line or "").removesuffix(":")
        if not file.startswith(own) and (not file.startswith(python) or "-packages" in file):
            where = f" It came from line {frame.lineno} of {Path(file).name}, in {frame.name}"
            return "" if line and line in str(error) else f"{where}: {line}" if line else f"{where}."
    return ""
