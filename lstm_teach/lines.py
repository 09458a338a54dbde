"""Judge the lines of a cell: what they give on other nets, and in the notebook itself, and what is said of it.

Imports aside, borrowed, cellcode, guard, judging, the lessons' blanks, recognize, trial and verdicts.
"""

import ast
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from lstm_teach import borrowed, cellcode, guard, judging, trial
from lstm_teach.aside import COPIED
from lstm_teach.cellcode import Lines, Names, Written
from lstm_teach.judging import ONCE, Trouble, close, difference, is_like, wrong_form
from lstm_teach.lessons import Blank
from lstm_teach.recognize import axes, what_it_is
from lstm_teach.validate import listing
from lstm_teach.verdicts import Part

CALLED = "This is right, but it is called {}: rename it to {}."
NO_LINE = "No line of this cell says what "
UNSET = "np.empty only reserves memory, and what is in it can be anything. Begin with np.zeros."
TYPED = "The typed-in number"
THIS_NET = "It is right for these numbers; for others it is not."
ALL_TYPED = "A typed-in number can be right for these numbers only: write the line with names."
NO_LONGER = (
    "{}, which {} calls, was right and no longer is. "
    "Has its cell been changed, or one above that it uses? Restore it, and run the cells from there on."
)


def judge_lines(
    blank: Blank, statements: Lines, namespace: dict, before: set[str] | None, spare: Collection[str]
) -> tuple[Part, ...]:
    """Run the cell's lines on every case; each blank by itself, since those before it get their right values."""
    cases = blank.cases()
    statements = cellcode.without_copies(namespace, blank.group, statements, cases[0].keys() - {*blank.names})
    try:
        runs = trial.runs(blank.names, statements, cases, namespace)
    except guard.LearnerError as error:
        return tuple(Part(name, words_for_error(error)) for name in blank.names)
    entered = [each for run in runs for each in run["entered"]]
    if called := borrowed.answer_in(entered, judging.ANSWERS, blank.allow):
        return tuple(Part(name, judging.CALLS.format("This", called)) for name in blank.names)
    altered = {name for run in runs for name in run["changed"]}
    changed = (altered if before is None else altered & before) - ({*spare} - cellcode.read_by(blank.library.values()))
    lines: list[_Line] = []
    parts: list[Part] = []
    for name in blank.names:
        lines.append(_Line(name, blank, statements, namespace, cases, runs, altered, changed))
        parts.append(lines[-1].part())
        changed = lines[-1].changed
    if all(part.passed for part in parts):  # the lines are right, whatever they count with
        new = altered & cellcode.made_afresh(statements) - cellcode.counted(statements)  # perhaps by a given line
        changed = (changed or new.difference(*(line.read for line in lines))) - {*spare}
    return _with_changes(changed, lines, parts, before) if changed else tuple(parts)


@dataclass
class _Line:
    """What is known of one blank of a cell: its lines, what they give on each case, and what is right there."""

    name: str
    blank: Blank
    statements: Lines
    namespace: dict
    cases: Sequence[Names]
    runs: Sequence[dict]
    altered: set[str]  # names of the cases that have other values after the cell
    changed: set[str]  # those of them that other cells need, as far as nothing is said of them yet, by this line too
    mistake: str = ""  # what its numbers alone say, once it has been found wrong

    def __post_init__(self):
        self.got, self.right = [run[self.name] for run in self.runs], [np.asarray(c[self.name]) for c in self.cases]
        self.ran = [k for k, value in enumerate(self.got) if not isinstance(value, Trouble)]
        self.raised = len(self.ran) < len(self.cases)
        self.read = cellcode.names_read(self.statements, self.name)
        self.lines = cellcode.lines_of(self.name, self.statements)
        self.written = Written(self.read, self.lines, self.blank.library[self.name])
        # that it reads values of other cells, which are the same on every case
        self.earlier = words_for_earlier(self.read, self.statements, self.namespace, self.cases[0])
        # 0 serves for zeros: NumPy adds one number to each unit
        pairs = zip(self.got, self.right, strict=True)
        whole = [np.full(r.shape, g) if isinstance(g, int | float) else g for g, r in pairs]
        self.fine = not self.raised and all(map(close, whole, self.right))

    def part(self) -> Part:
        """What to say of it: of all that may be off the first of these, since the others may follow from it."""
        if any(map(cellcode.is_open, self.got)):
            return Part(self.name, open=True)
        first = self.under_another_name() or self.adds_to_an_old_value() or self.raises()
        return Part(self.name, first or (self.reads_old_numbers() if self.fine else self.wrong()))

    def under_another_name(self) -> str:
        """That another name of the cell has its right value; or ""."""
        twin = min(set.intersection(*(run["called"].get(self.name, set()) for run in self.runs)), default="")
        again = f"{self.name}, and run the cells above again" if twin in self.changed else self.name
        self.changed = self.changed - {twin}
        return twin and CALLED.format(twin, again)

    def adds_to_an_old_value(self) -> str:
        """That its first line adds to what the name was before the cell, where it should not; or ""."""
        adds = not self.fine and self.lines and isinstance(self.lines[0], ast.AugAssign)
        said = f"Write `{self.name} = ...`: this changes the value that {self.name} had before this cell."
        return said if adds and self.name not in self.cases[0].get("start", {}) else ""

    def raises(self) -> str:
        """What it raises on some case; or "", also where its number is wrong here, which comes first."""
        if not self.raised or (self.here and not self.here.startswith(THIS_NET)):
            return ""
        said = str(next(value for value in self.got if isinstance(value, Trouble)))
        return f"{said.removesuffix(guard.TURNED) if self.earlier else said}{self.earlier}"

    def wrong(self) -> str:
        """What is off in this notebook or, if it is right here, on other nets; and what the numbers are instead."""
        form = next(filter(None, (wrong_form(self.name, self.got[k], self.right[k]) for k in self.ran)), "")
        made = self.altered & self.read - self.changed - cellcode.counted(self.lines)  # by a given line, itself changed
        known = self.recognized(self.cases)
        own = self.recognized(self.with_own(made)) if made and not known else ""
        known = self.mistake = own if own in self.blank.mistakes.get(self.name, {}).values() else known
        if " is nan" in form and cellcode.calls(self.lines, "empty"):
            return UNSET
        here, made_here = self.here, listing(sorted(made) or [""])
        if made_here and here.startswith(THIS_NET):
            here = f"It is right with this cell's {made_here}, but not with the lesson's."
        elif made_here and not known:
            differ = "differ" if " and " in made_here else "differs"
            known = f"It reads this cell's {made_here}, which {differ} from the lesson's."
        if known and here.startswith((THIS_NET, TYPED)):
            return known
        here = here or form
        if not known and self.earlier and "should be" in here:
            them = "them" if " stay " in self.earlier else "it"
            known = f"{self.earlier.strip().split(': ')[0]}; the line doesn't need {them}."
        return (here if known in here else f"{here} {known}".strip()) or "It is not right on every net."

    def recognized(self, cases: Sequence[Names]) -> str:
        """What its numbers are instead, on the cases where there are some; one number alone proves nothing."""
        ran = self.ran
        if self.raised:
            ran = [k for k in ran if is_like(self.got[k], self.right[k]) and not self.here.startswith(TYPED)]
        if sum(self.right[k].size for k in ran) < 2:
            return ""
        tried = ([values[k] for k in ran] for values in (self.got, self.right, cases))
        return what_it_is(self.name, *tried, self.written, self.blank.mistakes.get(self.name, {}))

    def with_own(self, names: set[str]) -> list[Names]:
        """The cases, where these names have the values that the cell has given them."""
        own = [{n: run["changed"][n] for n in names & run["changed"].keys()} for run in self.runs]
        return [case | theirs for case, theirs in zip(self.cases, own, strict=True)]

    @cached_property
    def here(self) -> str:
        """The learner's number and the right one on the lesson's own net, or that it is right only there; or ""."""
        name, read, got = self.name, self.read, self.namespace.get(self.name)
        right = None if self.fine or not self.lines else library_here(self.blank, name, self.namespace)
        # Looking at an iterator would use it up.
        if right is None or name not in self.namespace or (isinstance(got, ONCE) and right.ndim):
            return ""
        off = difference(name, got, right, axes(right, name), relative=True)
        rounded = 1e-2 if right.dtype.kind == "f" else 0  # a typed number may have been
        nearly = is_like(got, right) and np.allclose(got, right, rtol=rounded)
        first = [line for line in self.lines[:1] if not hasattr(line, "body")]  # a loop may have made it by then
        itself = name in cellcode.globals_read(cellcode.code_of(*first))
        if not read - {"sigmoid", "softmax"} and is_like(got, right):
            if itself:
                return f"This reads {name} as it was before this cell ran: write the line itself."
            return ALL_TYPED if nearly else f"{off} It reads none of the names above: write the line with them."
        kinds = {n: type(self.namespace.get(n)).__module__ for n in read - self.cases[0].keys()}
        if not off and (theirs := sorted(n for n in kinds if kinds[n].startswith("lstm_teach."))):
            return f"This reads {listing(theirs)}, which the library has computed. Write the line with the other names."
        if nearly and (typed := words_for_typed(name, self.written, self.namespace, self.cases, not off)):
            return typed
        if off and itself:
            return f"{off} This reads {name} itself, as it was before this cell ran."
        return off or f"{THIS_NET}{self.earlier}"

    def reads_old_numbers(self) -> str:
        """That a line which is right on every case reads numbers of this notebook that are out of date; or ""."""
        if self.changed or not (said := self.leftover()):
            return ""
        # what the library's line reads was there before the cell, even if a call has put it there
        self.changed = self.altered & cellcode.read_by([self.blank.library[self.name]])
        return "" if self.changed else said

    def leftover(self) -> str:
        """What the old number is that makes the line give another one here than the library's; or ""."""
        if self.read & set(self.blank.names):  # another blank of the cell, which is judged by itself
            return ""
        name, got, right = self.name, self.namespace.get(self.name), library_here(self.blank, self.name, self.namespace)
        if right is None or not is_like(got, right) or close(got, right) or np.allclose(got, right, 1e-6, 0):
            return ""
        called, its = sorted(self.blank.calls.keys() & self.read), cellcode.names_in(ast.parse(self.written.its))
        numbers = {n for n in self.read | its if isinstance(self.namespace.get(n), int | float | np.ndarray)}
        old, others = sorted(numbers & (self.read - its)), sorted(numbers & (its - self.read))
        if called and not old:
            return NO_LONGER.format(listing(called), "this line")
        if called or not old:
            off = difference(name, got, right, axes(right, name), relative=True)
            perhaps = f" Was one of {listing([*old, *called])} changed in another cell?" if called else ""
            return f"The line is right for other numbers, but not for these: {off}{perhaps}"
        do, are = ("do", "are") if old[1:] else ("does", "is")
        off = f"{do}n't match {listing(others)}" if others else f"{are} out of date"
        return f"The line is right, but here {listing(old)} {off}: run the cells above again, in order."


def _with_changes(
    changed: Collection[str], lines: Sequence[_Line], parts: Sequence[Part], before: set[str] | None
) -> tuple[Part, ...]:
    """The parts, with what to say of the names that the cell has changed."""
    said, way = words_for_changes(changed, lines[0].statements, before)
    again, counts = f"{said} {way}, and run the cells above again.", cellcode.counted(lines[0].statements)
    if not any(part.sentence for part in parts):
        return (*parts, Part(listing(sorted(changed)), again))
    both = []
    for line, part in zip(lines, parts, strict=True):  # what is wrong may be so for this reason alone, but for these
        kept_too = part.sentence.startswith((NO_LINE, "This is right, but"))
        first = part.sentence if kept_too else line.mistake if changed <= counts else ""
        both.append(Part(line.name, f"{first} {again}".strip()) if part.sentence else part)
    return tuple(both)


def library_here(blank: Blank, name: str, namespace: Names, read: Callable = np.asarray) -> Any:
    """What the library's line gives with the names of the notebook; None if it can't be computed with them."""
    try:
        return read(blank.library_value(name, namespace))
    except Exception:  # the learner's own names may be anything; the lesson says so when it goes on
        return None


def words_for_typed(name: str, written: Written, namespace: Names, cases: Sequence[Names], right: bool = True) -> str:
    """What to say of numbers in the lines of one blank that the right one doesn't have; names may stand for them.

    Where the result is only nearly `right`, one that was rounded may be the reason, but not a whole number or a half.
    """
    here, *others = (_sizes(written.read, names) for names in ({n: namespace.get(n) for n in cases[0]}, *cases))
    # one that is the same on every net, such as the number of runs, is right on every net
    sizes = [v for n, v in here.items() if any(other.get(n) != v for other in others)]
    beside = {v + one for v in (namespace.get(n) for n in cases[0]) if isinstance(v, int) for one in (-1, 1)}
    needed = cellcode.numbers_typed(ast.parse(written.its))
    typed = dict.fromkeys(n for n in cellcode.numbers_typed(*written.lines) if n not in needed)
    # one smaller than this keeps a division from zero; T - 1 is the last step
    typed = [n for n in typed if n >= 1e-3 and (n % 0.5 or (right and (n % 1 or n in sizes or n in beside)))]
    if not typed:
        return ""
    them = f"{'s' * (len(typed) > 1)} {listing([f'{n:g}' for n in typed])}"
    way = f"write the line without {'it' if len(typed) == 1 else 'them'}."
    if not any(n % 1 for n in typed):  # a size of these nets, or one more or less
        way = "use a name instead." if len(typed) == 1 else "use names instead."
    if cellcode.calls(ast.parse(written.its).body, "arg"):  # where the largest is, or the smallest
        way = "compare the numbers with each other, not with a fixed one."
    return f"{TYPED}{them} can be right for these numbers only: {way}"


def _sizes(read: Collection[str], names: Names) -> dict[str, float]:
    """The single numbers among the names, and how long the arrays are that are read."""
    numbers = {n: v for n, v in names.items() if isinstance(v, int | float)}
    return numbers | {n: len(v) for n, v in names.items() if n in read and isinstance(v, np.ndarray) and v.ndim}


def words_for_earlier(read: frozenset[str], statements: Lines, namespace: Names, case: Collection[str] = ()) -> str:
    """That lines read values of other cells, which stay the same in every trial; "" if they do not."""
    others = read & (namespace.keys() - case - cellcode.stored(statements) - {"lesson"})
    others = {n for n in others if not n.startswith("__")}  # the body of a class reads __name__
    stale = sorted(n for n in others if not (callable(namespace[n]) or issubclass(type(namespace[n]), ModuleType)))
    stay = "they stay" if len(stale) > 1 else "it stays"
    same = f"{stay} the same when this is tried on other numbers"
    return f" Note that {listing(stale)} came from another cell: {same}." if stale else ""


def words_for_shared(function: Callable, statements: Lines) -> str:
    """That arrays or lists made outside a function's own lines are the same in all its calls; "" if there are none."""
    space = getattr(function, "__globals__", {})
    anew = {n for s in statements for node in ast.walk(s) if isinstance(node, ast.Global) for n in node.names}
    found = {n: space.get(n) for n in cellcode.globals_read(function) & cellcode.stored(statements) - anew}
    found |= {n: each.default for n, each in guard.parameters_of(function).items()}
    shared = sorted(n for n, value in found.items() if isinstance(value, COPIED))
    return f" Note that all calls share the same {listing(shared)}, made only once." if shared else ""


def words_for_error(error: guard.LearnerError) -> str:
    """What to say of a cell whose trials stopped: what it raised itself, or what its values raised in here."""
    raised = error.__cause__
    if isinstance(raised, NameError):  # a name that stands for no value says so, with any numbers
        return f"{raised}".removesuffix(".") + "."
    if raised and all(frame.f_code.co_filename != trial.CELL for frame, _ in traceback.walk_tb(raised.__traceback__)):
        return f"What this cell makes can't be judged: looking at it raises {type(raised).__name__}: {raised}."
    if raised:
        return f"With numbers other than these, this cell raises {type(raised).__name__}."
    slow = f"Tried on several sets of other numbers, this cell takes more than {trial.SECONDS:g} seconds in all."
    return f"{slow} Look for a loop that never ends with them, or move what is only slow to a cell of its own."


def words_for_changes(changed: Collection[str], statements: Lines, before: Collection[str] | None) -> tuple[str, str]:
    """What to say of names that the cell has changed though other cells need them, and what to do about it.

    Those that this cell makes itself, and that were not there `before`, may come from a line that it was given with.
    """
    one, names = len(changed) == 1, listing(sorted(changed))
    if before is not None and {*changed} <= cellcode.made_afresh(statements) - {*before}:
        said = f"This cell gives {names} {'a value that differs' if one else 'values that differ'} from the lesson's."
        return said, "If the line was given, restore it; if it is yours, use a new name"
    said = "which comes from another cell." if one else "which come from other cells."
    if {*changed} <= cellcode.counted(statements):
        return f"The loop in this cell counts with {names}, {said}", "Use another letter"
    said = f"This cell changes {names} {'itself' if one else 'themselves'}, {said}"
    way = "Perhaps it has another name here: after a = b, a *= 2 changes b too. Begin from b.copy()"
    if {*changed} <= set().union(*map(cellcode.touched, statements)):
        way = "Use a new name, or take the change out"
    return said, cellcode.alias(statements, changed) or way


def words_for_spent(blank: Blank, counters: Collection[str]) -> str:
    """That a loop of a right cell has counted with a name that the cell needs to run again; "" if none has."""
    spent = [] if blank.is_function else sorted({*counters} & cellcode.read_by(blank.library.values()))
    them = "them" if spent[1:] else "it"
    way = f"before you run this cell again, run the one above that makes {them}"
    return f"A loop in this cell counts with {listing(spent)}: {way}." if spent else ""
