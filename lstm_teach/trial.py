"""A blank; the lines of a learner's cell, run on one of its cases with other numbers; what they give in the notebook.

Imports aside, borrowed, cellcode, guard, gradcheck, judging and recognize. The notebook's own names and arrays stay
as they are. Nothing of a trial is shown: the cell's own output is there already, and numbers of other nets would only
puzzle a learner, or give an answer away.
"""

from __future__ import annotations  # holds for the code compiled here too

import ast
import asyncio
import contextlib
import copy
import inspect
import pkgutil
import re
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from lstm_teach import borrowed, cellcode, guard
from lstm_teach.aside import COPIED, copied, give_numpy_back, reached, set_aside
from lstm_teach.cellcode import Lines, Names, Written
from lstm_teach.gradcheck import spoil_free_memory
from lstm_teach.judging import ONCE, SECONDS, Trouble, close, difference, is_like, same
from lstm_teach.recognize import axes
from lstm_teach.validate import listing

TYPED = "The typed-in number"
THIS_NET = "It is right for these numbers; for others it is not."
ALL_TYPED = "A typed-in number can be right for these numbers only: write the line with names."
CELL = "this cell"  # the file name of its code
NO_LONGER = (
    "{}, which {} calls, was right and no longer is. "
    "Has its cell been changed, or one above that it uses? Restore it, and run the cells from there on."
)


@dataclass(frozen=True)
class Blank:
    """One group of blanks, as the lesson's file describes it; see the docstring of blanks.py."""

    group: str
    names: tuple[str, ...]
    case: Callable[[], Iterator[dict[str, Any]]]
    library: Mapping[str, str] | str
    mistakes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    way: str = ""

    @property
    def is_function(self) -> bool:
        """Whether the learner writes a function, not values."""
        return isinstance(self.library, str)

    @property
    def helpers(self) -> dict[str, Callable]:
        """The functions of the lesson that it calls, as they should be."""
        return {name: pkgutil.resolve_name(path) for name, path in self.calls.items()}

    def cases(self) -> list[dict[str, Any]]:
        """Its cases, made anew."""
        return [case if self.is_function else case | self.helpers for case in self.case()]

    def library_value(self, name: str, namespace: Names) -> Any:
        """What the lesson goes on with: the library's function, or its line run with the names of the notebook."""
        if self.is_function:  # under a name that says whose it is, in a check of it too
            its = pkgutil.resolve_name(self.library)
            called = f"the library's {name}"
            return FunctionType(
                its.__code__.replace(co_qualname=called), its.__globals__, called, its.__defaults__, its.__closure__
            )
        return eval(self.library[name], {**namespace})


def runs(names: Sequence[str], statements: Lines, cases: Sequence[Names], namespace: dict) -> list[dict]:
    """What the statements give to `names` on each case, as `_Trials.on` says, all in `SECONDS`.

    The statements run in the notebook itself, with the names of the case, so that whatever it has made of functions and
    classes reads these too. In the end it is as it was, even if a trial could not be stopped.
    """
    read, met = reached(namespace, cellcode.names_in(*statements), namespace.get("__annotations__"))
    with set_aside(namespace, met) as anew:
        trials = _Trials(names, statements, namespace, read, anew)
        return guard.call(lambda: [trials.on(case) for case in cases], seconds=SECONDS)


class _Trials:
    """The statements of a cell in a notebook, `space`; `anew` gives it other names; `read` are those that they read."""

    def __init__(
        self,
        names: Sequence[str],
        statements: Lines,
        space: dict,
        read: Collection[str],
        anew: Callable[[Names], None],
    ):
        self.names, self.statements, self.space, self.read, self.anew = names, statements, space, read, anew
        self.before = {n: v for n, v in space.items() if n in read or n not in names}
        # An answer that an earlier run has left in the notebook is none: numbers stand for it that are never right.
        made = cellcode.stored(statements)
        self.old = {n for n in names if n in self.before and n in made and not callable(self.before[n])}
        self.codes = [cellcode.code_of(statement, file=CELL) for statement in statements]
        self.touched = [cellcode.touched(statement) for statement in statements]
        self.last = {n: max((k for k, t in enumerate(self.touched) if n in t), default=None) for n in names}
        self.needs = {n: {n, *cellcode.names_read(statements, n)} for n in names}

    def on(self, case: Names) -> dict:
        """The values that the statements give to `names` on one case: a value, an Ellipsis, or a `Trouble`.

        "changed" has the names whose values the statements have changed, with what they are then. "entered" has the
        library's functions that are called for `names`, not those of an assert or a print. "called" has, for each of
        `names` that no line makes, the names that have its right value instead.
        """
        right, entered = self._together(case)
        found = self._one_by_one(case) | right  # what is right in the end is right, unless a line that raised made it
        ours = {n: self.space.get(n) for n in case if n in self.read and n not in (*self.names, "start")}
        changed = {n: taken(value) for n, value in ours.items() if not same(case[n], value, rounding=True)}
        made = cellcode.stored(self.statements) - {*self.names, *cellcode.counted(self.statements)}
        missing = [n for n in self.names if self.last[n] is None]
        called = {n: {m for m in made if close(self.space.get(m), np.asarray(case[n]))} for n in missing}
        return found | {"changed": changed, "entered": entered, "called": called}

    def _begin(self, case: Names) -> Names:
        """Give the notebook the names of a case. Returns what stands for answers of an earlier run."""
        self.anew(self.before)
        earlier = {n: np.full(np.shape(case[n]), np.nan)[()] for n in self.old}
        known = {n: v for n, v in case.items() if n not in self.names and n != "start"}
        self.space.update(earlier | copy.deepcopy({**known, **case.get("start", {})}))
        return earlier

    def _execute(self, k: int, case: Names) -> None:
        """Run a statement. One that was told to stop in vain is the last: the notebook has its own names by now."""
        spoil_free_memory({np.shape(v) for v in case.values() if isinstance(v, np.ndarray)})
        try:
            awaited = eval(self.codes[k], self.space)
            if self.codes[k].co_flags & inspect.CO_COROUTINE:
                _finish(awaited)
        finally:
            give_numpy_back()
            guard.end_if_told()

    def _together(self, case: Names) -> tuple[dict, Counter[str]]:
        """All lines as they are: what is right in the end, and which of the library's functions were called for it."""
        entered: Counter[str] = Counter()
        cut: set[str] = set()  # what a line has changed before it raised
        needed = set().union(*self.needs.values())
        self._begin(case)
        for k, theirs in enumerate(self.touched):
            held = {n: copied(self.space.get(n)) for n in {*self.names}.union(*self.touched)}
            try:
                with borrowed.entered(entered if theirs & needed else Counter()):
                    self._execute(k, case)
            except Exception:
                cut |= {n for n, value in held.items() if not same(value, self.space.get(n))}
        cut -= cellcode.counted(self.statements)
        ends = {n: taken(self.space[n]) for n in self.names if n in self.space}
        return {n: v for n, v in ends.items() if close(v, np.asarray(case[n])) and not self.needs[n] & cut}, entered

    def _one_by_one(self, case: Names) -> dict:
        """Each line with the right values of the blanks before it, so that it is judged by itself."""
        found: dict[str, Any] = {}
        failed: dict[str, Trouble] = {}  # names that a line of no blank would have made, and what it raises
        earlier, space = self._begin(case), self.space
        for k, statement in enumerate(self.statements):
            here = [n for n in self.names if self.last[n] == k]
            try:
                self._execute(k, case)
            except Exception as error:
                said = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(".")
                line = "this line" if here else f"the line `{ast.unparse(statement).splitlines()[0]}`"
                trouble = Trouble(f"With other numbers and sizes, {line} raises {said}.{guard.on_shapes(error)}")
                found |= dict.fromkeys(here, trouble)
                failed |= {} if here else dict.fromkeys(self.touched[k], trouble)
            else:
                unset = {n for n in here if space.get(n) is earlier.get(n, earlier) and np.isnan(space[n]).all()}
                found |= {n: taken(space[n]) for n in here if n in space and n not in unset}
            space |= {n: copy.deepcopy(case[n]) for n in here}
        found |= {n: failed[r] for n, read_by_it in self.needs.items() for r in sorted(read_by_it & failed.keys())}
        return {n: self._without_value(n) for n in self.names if n not in found} | found

    def _without_value(self, name: str) -> Trouble:
        """What to say of a blank that no line has given a value."""
        only, at = "", self.last[name]
        if at is None and cellcode.compared(self.statements, name):
            only = ": == compares, = assigns"
        elif at is not None and isinstance(self.statements[at], ast.Delete):
            only = ": del deletes it"
        line = "With other numbers, no line that runs" if name in self.old else "No line of this cell"
        return Trouble(f"{line} says what {name} is{only}.")


def _finish(awaited: Coroutine) -> None:
    """Run what a line with `await` has begun, also where no thread is free of the notebook's own event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(awaited)
        return
    with contextlib.suppress(StopIteration):
        awaited.send(None)
        awaited.close()
        raise RuntimeError("It waits for something, which can't be tried here.")


def by_its_line(
    line: str, wrong: Collection[str], cases: Sequence[Names], got: Sequence[Names]
) -> tuple[list[str], list[np.ndarray]]:
    """The wrong parts of an answer that the line of another part reads, and what it gives with them; else nothing."""
    reads = [part for part in re.findall(r"\w+", line) if part in wrong]
    try:
        values = [np.asarray(eval(line, {"np": np, **case, **g})) for case, g in zip(cases, got, strict=True)]
    except Exception:  # there is no line, or what it reads may be anything
        return [], []
    return [*dict.fromkeys(reads)], values


def taken(value: Any) -> Any:
    """A copy; of an iterator, such as reversed(range(T)), or the values of a dictionary, the list of what it gives."""
    return copy.deepcopy(list(value) if isinstance(value, ONCE) else value)


def on_this_net(
    blank: Blank, name: str, namespace: Names, cases: Sequence[Names], written: Written, earlier: str
) -> str:
    """The learner's number and the right one on the lesson's own net, or that only there it is right."""
    read, got, right = written.read, namespace.get(name), library_here(blank, name, namespace)
    # Looking at an iterator would use it up.
    if right is None or name not in namespace or (isinstance(got, ONCE) and right.ndim):
        return ""
    off = difference(name, got, right, axes(right, name), relative=True)
    rounded = 1e-2 if right.dtype.kind == "f" else 0  # a typed number may have been
    nearly = is_like(got, right) and np.allclose(got, right, rtol=rounded)
    first = [line for line in written.lines[:1] if not hasattr(line, "body")]  # a loop may have made it by then
    itself = name in cellcode.globals_read(cellcode.code_of(*first))
    if not read - {"sigmoid", "softmax"} and is_like(got, right):
        if itself:
            return f"This reads {name} as it was before this cell ran: write the line itself."
        return ALL_TYPED if nearly else f"{off} It reads none of the names above: write the line with them."
    kinds = {n: type(namespace.get(n)).__module__ for n in read - cases[0].keys()}
    if not off and (theirs := sorted(n for n in kinds if kinds[n].startswith("lstm_teach."))):
        return f"This reads {listing(theirs)}, which the library has computed. Write the line with the other names."
    if nearly and (typed := words_for_typed(name, written, namespace, cases, not off)):
        return typed
    if off and itself:
        return f"{off} This reads {name} itself, as it was before this cell ran."
    return off or f"{THIS_NET}{earlier}"


def library_here(blank: Blank, name: str, namespace: Names, read: Callable = np.asarray) -> Any:
    """What the library's line gives with the names of the notebook; None if it can't be computed with them."""
    try:
        return read(blank.library_value(name, namespace))
    except Exception:  # the learner's own names may be anything; `_go_on` says so
        return None


def leftover(blank: Blank, name: str, namespace: Names, read: frozenset[str]) -> str:
    """That a line which is right in every trial reads an old number in this notebook; "" if it does not."""
    if read & set(blank.names):  # another blank of the cell, which is judged by itself
        return ""
    got, right = namespace.get(name), library_here(blank, name, namespace)
    if right is None or not is_like(got, right) or close(got, right) or np.allclose(got, right, 1e-6, 0):
        return ""
    called = sorted(blank.calls.keys() & read)
    its = cellcode.names_in(ast.parse(blank.library[name]))
    numbers = {n for n in read | its if isinstance(namespace.get(n), int | float | np.ndarray)}
    old, others = sorted(numbers & (read - its)), sorted(numbers & (its - read))
    if called and not old:
        return NO_LONGER.format(listing(called), "this line")
    if called or not old:
        off = difference(name, got, right, axes(right, name), relative=True)
        perhaps = f" Was one of {listing([*old, *called])} changed in another cell?" if called else ""
        return f"The line is right for other numbers, but not for these: {off}{perhaps}"
    several = len(old) > 1
    off = (
        f"do{'' if several else 'es'}n't match {listing(others)}"
        if others
        else f"{'are' if several else 'is'} out of date"
    )
    return f"The line is right, but here {listing(old)} {off}: run the cells above again, in order."


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
    way = "write the line with names."
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
    stay = "stay as they were" if len(stale) > 1 else "stays as it was"
    return f" Note that {listing(stale)} came from another cell, and {stay} there." if stale else ""


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
    if raised and all(frame.f_code.co_filename != CELL for frame, _ in traceback.walk_tb(raised.__traceback__)):
        return f"What this cell makes can't be judged: looking at it raises {type(raised).__name__}: {raised}."
    what = f"raises {type(raised).__name__}" if raised else f"does not finish within {SECONDS:g} seconds"
    return f"With numbers other than these, this cell {what}."


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
    if {*changed} <= cellcode.stored(statements):
        return said, "Use a new name, or take the change out"
    perhaps = "Perhaps it has another name here: after a = b, a *= 2 changes b too. Begin from b.copy()"
    return said, words_for_alias(statements, changed) or perhaps


def words_for_spent(blank: Blank, counters: Collection[str]) -> str:
    """That a loop of a right cell has counted with a name that the cell needs to run again; "" if none has."""
    spent = [] if blank.is_function else sorted({*counters} & cellcode.read_by(blank.library.values()))
    them = "them" if spent[1:] else "it"
    way = f"before you run this cell again, run the one above that makes {them}"
    return f"A loop in this cell counts with {listing(spent)}: {way}." if spent else ""


def words_for_alias(statements: Lines, changed: Collection[str]) -> str:
    """That a line has only given one of the names another one, which is changed later; "" if none has."""
    if not (alias := cellcode.alias(statements, changed)):
        return ""
    name, line, original = alias
    value = line.removeprefix(f"{name} = ")
    fresh = f"np.zeros_like({value})" if name == f"d{value.split('.')[-1]}" else f"{value}.copy()"  # a gradient
    return f"After `{line}`, what is done to {name} is done to {original} too. Begin with `{name} = {fresh}`"
