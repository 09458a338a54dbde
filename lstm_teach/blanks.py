"""Blanks: what a learner writes in a lesson is judged on the spot, line by line; and the lesson's predictions.

Imports aside, cellcode, guard, judging, kept, lines, recognize, unfinished and verdicts; the forms of predictions
(ipywidgets) only when one is asked for. What is specific to a lesson is data: `lstm_teach/lessons/<name>.toml` names
its blanks, their cases, the library's lines and the words for known mistakes; `lstm_teach/lessons/cases*.py` make the
cases. A test holds the library's lines to the cases. A case may have `start`, the values that the cell begins with
where they are not the right ones: an f from a cell above.

    [blanks.product]
    case = "cases_02:one_step"         # a function in lessons/cases_02.py: dicts of every name and its right value;
                                       # it is called with given = [...], if there is such a line
    names = ["do", "dct"]              # what the cell assigns, in order
    hints = ["the idea", "the place", "the line"]
    [blanks.product.library]           # what the lesson goes on with where a line is open or wrong
    do = "dh * ct"
    dct = "dh * o"
    [blanks.product.mistakes.do]       # an expression in the case's names, and what is said to whoever wrote it
    "dh * o" = "..."

    [blanks.step_back]                 # a function
    case = "cases_02:step_back"        # each case has `arguments` (a tuple) and `answer` too
    names = ["step_back"]
    library = "lstm_teach.lessons.library:step_back"
    [blanks.step_back.lines]           # optional: each part by its line, so that what only follows is not blamed
    dzi = "dc * g * i * (1 - i)"
    [blanks.step_back.mistakes.dc]     # by part; by the function's name if the answer is one array
    "dh * o * (1 - ct**2)" = "..."
    [blanks.initial]
    returns = ["dh0", "dc0"]           # names for the parts if it returns a tuple; a dict or Params has its own
    allow = ["forward", "step_back"]   # functions of the library that it may call
    way = "one_walk:unless_one_walk"   # once its numbers are right, says what is odd about the way to them, or ""; it
                                       # is called with the learner's function, the library's and `returns`
    [blanks.initial.mistakes.every]    # an expression for the whole answer: its parts are compared one by one
    [blanks.my_forward.calls]          # functions of the lesson that it may call, in case a learner changed them
    step = "lstm_teach.lessons.cases_01:step"
"""

from __future__ import annotations  # also of the code that is compiled here

import ast
import builtins
import copy
import functools
import pkgutil
import re
import sys
from collections.abc import Callable, Collection, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from lstm_teach import aside, cellcode, guard, judging, kept, lines, unfinished, verdicts
from lstm_teach.cellcode import Lines, Names, Written
from lstm_teach.gradcheck import check_gradients
from lstm_teach.judging import ONCE, SECONDS, Attempt, Trouble, close, difference, parts_of, wrong_form
from lstm_teach.lessons import Blank, blank_of, blank_of_function, spec_of
from lstm_teach.params import Params
from lstm_teach.recognize import FIRST_DIGITS, axes, following, from_others, infinite, is_all, what_it_is
from lstm_teach.validate import listing
from lstm_teach.verdicts import Part, Verdict

TOO_LATE = "The line that makes {} comes after lesson.judge: move it above that call."


class Lesson:
    """A lesson of the course: asks its predictions, judges its blanks, keeps and brings back its functions."""

    def __init__(self, name: str):
        self.name, self._spec = name, spec_of(name)
        unfinished.watch()
        self.verdicts: dict[str, Verdict] = {}  # of each group of blanks, the last one
        self.written: dict[str, Any] = {}  # what the learner wrote where it is wrong, by name

    def blank(self, group: str) -> Blank:
        """The group of blanks of that name."""
        self._entry("blanks", "blanks", group)
        return blank_of(self.name, group)

    def _entry(self, table: str, what: str, name: str) -> dict[str, Any]:
        entries = self._spec.get(table, {})
        if not isinstance(name, str) or name not in entries:
            raise KeyError(f"{self.name} has no {what} called {name!r}; it has {', '.join(entries) or 'none'}.")
        return entries[name]

    def judge(self, group: str) -> Verdict:
        """Judge the lines of the cell above the call; what is not right is replaced by the library's version."""
        frame, taken = sys._getframe(1), aside.give_modules_back()
        names, blank = frame.f_globals, self.blank(group)
        statements, shown = cellcode.cell(frame)
        with guard.unseen(), aside.apart(names.get(blank.names[0])):
            before = cellcode.made_before(names, group)
            spare = cellcode.counted(statements) - cellcode.read_by(self._lines_after(group))
            parts = judge_blank(blank, statements, names, before, spare)
            way = _way(blank, names) if all(part.passed for part in parts) else ""
        late = {p.name for p in parts if p.sentence.startswith(lines.NO_LINE)} & cellcode.made_below(frame)
        parts = tuple(Part(p.name, TOO_LATE.format(p.name)) if p.name in late else p for p in parts)
        said = [part for part in parts if part.sentence and not part.open]
        wrong = {blank.names[0] if blank.is_function else part.name for part in said} & {*blank.names}
        for name in blank.names:
            self.written.pop(name, None)
            usable = callable(names.get(name)) if blank.is_function else name in names
            if name in wrong and usable and _is_theirs(blank, name, statements, names):
                self.written[name] = names[name]
        notes = [
            way,
            go_on(blank, parts, names),
            give_back(statements, names, taken, before),
            wrong and cellcode.slip(*statements),
            "" if wrong else lines.words_for_spent(blank, spare & (before or set())),
        ]
        if dotted := [name for name in blank.lines if cellcode.dots_given_to(name, statements)]:
            notes.append(f"Dots are left in {listing(dotted)}. The other lines are judged once these are written.")
        note = " ".join(filter(None, notes))
        own = parts if blank.is_function else parts[: len(blank.names)]  # without what the cell has changed besides
        hints = () if all(part.passed for part in own) else blank.hints
        verdict = Verdict(listing(part.name for part in parts), parts, hints, note, said=verdicts.said(own))
        self.verdicts.pop(group, None)
        self.verdicts[group] = verdict  # the last one judged comes last
        if not shown:
            verdicts.show_at_once(verdict)
        return verdict

    def _lines_after(self, group: str) -> list[str]:
        """The library's lines of the blanks that come after a group."""
        tables = [spec.get("library") for spec in self._spec["blanks"].values()]
        later = tables[[*self._spec["blanks"]].index(group) + 1 :]
        return [line for table in later if isinstance(table, dict) for line in table.values()]

    def predict(self, name: str) -> Any:
        """The form of a prediction: answered at once with a reason for each option, never graded."""
        from lstm_teach.exercises.questions import Question, ask

        asked = self._entry("predictions", "prediction", name)
        # The full name, so that an answer that is kept never opens another form.
        return ask(Question.of(f"{self.name}.{name}", asked, written=False))

    def keep(self, name: str) -> None:
        """Write the learner's function to the file my_functions.py beside the notebook; only if it was judged right."""
        name = _name_in(name)
        groups = [group for group in self._spec.get("blanks", {}) if name in self.blank(group).names]
        if not (groups and self.blank(groups[0]).is_function):
            print(f"This lesson has no function {name} to write, so there is nothing to keep.")
            return
        verdict = self.verdicts.get(groups[0])
        if verdict is None or not verdict.passed:
            why = "it hasn't been judged in this session yet" if verdict is None else "the last version was not right"
            why = "it is not written yet" if verdict and all(part.open for part in verdict.parts) else why
            print(f"{name} is not kept: {why}. Run the cell with a right version, then this one.")
        else:
            print(kept.write(name, self.name, groups[0], sys._getframe(1).f_globals[name]))

    def is_open(self, name: str) -> bool:
        """Whether nothing that the learner wrote stands for that name, as it was judged last."""
        last = [verdict for group, verdict in self.verdicts.items() if name in self.blank(group).names][-1:]
        missing = any(not part.passed for verdict in last for part in verdict.parts if part.name == name)
        return missing and name not in self.written

    def yours(self, name: str) -> Callable:
        """The learner's own function, right or wrong; the library's if it is not written. Prints which."""
        names = sys._getframe(1).f_globals
        if self.is_open(name):
            print(f"This is the library's {name}, since yours is not written yet.")
        elif name in self.written:
            print(f"This checks your {name}, although it isn't right yet.")
            return self.written[name]
        elif name in names:
            print(f"This is your {name}.")
        else:
            print(f"This is the library's {name}: the cell that makes yours hasn't run since the kernel started.")
            return blank_of_function(name).library_value(name, names)
        return names[name]

    def bring(self, name: str) -> Callable:
        """The learner's own function from an earlier lesson if it was kept and is still right, else the library's."""
        name = _name_in(name)
        blank = blank_of_function(name)
        function, problem = kept.read(name)
        if function is not None:
            with guard.unseen():
                wrong = [part for part in judge_function(blank, function) if not part.passed]
            if not wrong:
                print(f"This lesson uses your own {name}, from {kept.FILE}.")
                like = blank.cases()[0]["answer"]

                @functools.wraps(function)
                def by_name(params: Params, *data: Any, **states: Any) -> Params:  # a list, or deltas as well, will do
                    return Params.like(params, parts_of(function(params, *data, **states), like, name))

                return by_name if isinstance(like, Params) else function
            problem = f"the {name} in {kept.FILE} is no longer right. {wrong[0].sentence}".removesuffix(".")
        print(f"This lesson uses the library's {name}: {problem}.")
        return pkgutil.resolve_name(blank.library)


def _name_in(given: Any) -> str:
    """The name itself; of a function that is given without quotation marks, its name."""
    return getattr(given, "__name__", str(given)).removeprefix("the library's ")


# ------------------------------------------------------------------------------------------ judging


def judge_blank(
    blank: Blank,
    statements: Lines,
    namespace: dict,
    before: set[str] | None = None,
    spare: Collection[str] = (),
) -> tuple[Part, ...]:
    """Judge the statements of a cell that has just run in `namespace`; one part per name, or per part of an answer.

    `before` are the names that were there before the cell, if that is known; `spare` those that count its loops and
    that no later blank needs.
    """
    name = blank.names[0]
    function = namespace.get(name) if blank.is_function else None
    if blank.is_function and not _is_theirs(blank, name, statements, namespace):
        for other in [s.name for s in statements if isinstance(s, ast.FunctionDef) and callable(namespace.get(s.name))]:
            if all(part.passed for part in judge_function(blank, namespace[other], statements)):
                return (Part(name, lines.CALLED.format(other, name)),)
        its = f"This {name} is the library's: write its lines yourself, below `def {name}(...):`."
        none = f"{lines.NO_LINE}{name} is."
        return (Part(name, its if name in cellcode.stored(statements) else none),)
    if not blank.is_function:
        return lines.judge_lines(blank, statements, namespace, before, spare)
    if cellcode.is_open(function):
        return (Part(name, open=True),)
    if not callable(function):
        is_now = f"{name} should be a function, but is {judging.kind(function)}"
        return (Part(name, f"{is_now}: write its lines below `def {name}(...):`."),)
    parts = judge_function(blank, function, statements)
    written = [s for s in statements if isinstance(s, ast.FunctionDef) and s.name == name]
    if written and cellcode.dots(written[-1]) and not all(part.passed for part in parts):
        named = any(cellcode.dots_given_to(line, statements) for line in blank.lines)  # then they are told of below
        return (Part(name, "" if named else judging.DOTS.format(name), open=True),)
    # no second wait; and a missing name, or an answer of the library's, is named already
    said = guard.ENDLESS, "NameError", judging.CALLS.rpartition("{}")[2]
    done = all(part.passed or any(words in part.sentence for words in said) for part in parts)
    return parts if done else _with_helpers(blank, function, parts)


def _way(blank: Blank, namespace: Names) -> str:
    """What the lesson has to say of the way in which a function gets its right answer; mostly nothing."""
    if not blank.way:
        return ""
    name, look = blank.names[0], pkgutil.resolve_name(f"lstm_teach.lessons.{blank.way}")
    return look(guard.with_a_name(namespace[name], name), pkgutil.resolve_name(blank.library), blank.returns)


def _with_helpers(blank: Blank, function: Callable, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts, or that the function is right and only calls something of the lesson's that was changed."""
    helpers = sorted(blank.calls.keys() & cellcode.globals_read(function))
    if helpers and isinstance(function, FunctionType):
        rest = function.__globals__ | blank.helpers, function.__name__, function.__defaults__, function.__closure__
        if all(part.passed for part in judge_function(blank, FunctionType(function.__code__, *rest))):
            said = lines.NO_LONGER.format(listing(helpers), blank.names[0])
            return tuple(Part(p.name, p.sentence and said) for p in parts)
    return parts


def _is_theirs(blank: Blank, name: str, statements: Lines, namespace: Names) -> bool:
    """Whether a value comes from the cell, a function from this cell or an earlier one, and not from the lesson."""
    if not blank.is_function:
        return any(name in cellcode.touched(s) for s in statements)
    return name in namespace and getattr(namespace[name], "__name__", "") != f"the library's {name}"


def judge_function(blank: Blank, function: Callable, statements: Lines | None = None) -> tuple[Part, ...]:
    """Judge a learner's function on all cases, each part of its answer by itself; `statements` are its cell.

    Without a cell only the answers count, and it may call what it likes.
    """
    calls = _Calls(blank, function, statements or ())
    if statements is not None and (said := calls.attempt.borrowed(blank.allow)):
        return (Part(calls.name, said),)
    if calls.attempt.is_unwritten(calls.trouble):
        return (Part(calls.name, calls.trouble, open=True),)
    if said := calls.wrong_in_all():
        return (Part(calls.name, said),)
    return tuple(map(calls.part, calls.off))


class _Calls:
    """What a learner's function gave on every case and what is right, each by part; or its `trouble`."""

    def __init__(self, blank: Blank, function: Callable, statements: Lines):
        self.blank, self.function, self.statements = blank, function, statements
        self.name, self.cases, self.got, self.trouble = blank.names[0], blank.cases(), [], ""
        self.attempt = Attempt(guard.with_a_name(function, self.name), SECONDS)
        try:
            answers = [self.attempt(*case["arguments"]) for case in self.cases]
            self.got = [self._by_part(*both) for both in zip(answers, self.cases, strict=True)]
        except Trouble as raised:
            self.trouble = str(raised)
        wanted = [self._by_part(case["answer"], case) for case in self.cases]
        self.right = [{part: np.asarray(value) for part, value in each.items()} for each in wanted]
        self.named = [case | right for case, right in zip(self.cases, self.right, strict=True)]
        trials = {part: [[each[part] for each in one] for one in (self.got, self.right)] for part in wanted[0]}
        self.trials = trials
        self.off = {part: [not close(*pair) for pair in zip(*both, strict=False)] for part, both in trials.items()}
        self.wrong = [part for part in self.off if any(self.off[part])]
        code = getattr(function, "__code__", None)
        self.written = Written(frozenset(code.co_names + code.co_varnames) if code else frozenset(), statements)
        space = getattr(function, "__globals__", {})
        self.stale = lines.words_for_earlier(cellcode.globals_read(function), statements, space)
        self.shared = lines.words_for_shared(function, statements)

    def _by_part(self, answer: Any, case: Names) -> dict[str, Any]:
        return parts_of(answer, case["answer"], self.name, self.blank.returns)

    @functools.cached_property
    def unsteady(self) -> Sequence[str]:
        """Of a pass: that it keeps something from call to call, or draws random numbers."""
        return check_gradients(self.function).problems if "steps" in self.cases[0] else ()

    @functools.cached_property
    def every(self) -> dict[str, str]:
        """The known mistakes of the whole answer that were made."""
        mistakes = self.blank.mistakes.get("every", {}).items()
        return {code: words for code, words in mistakes if is_all(code, self.trials, self.named)}

    def wrong_in_all(self) -> str:
        """What is wrong with the calls as such: with the arguments, what they raise, that they write to something."""
        call = f"{self.name}({', '.join(_parameters(self.blank))})"
        order = judging.in_another_order(self.attempt.function, call, self.trouble)
        if self.trouble:
            more = f" {judging.typed_sizes(self.trouble, *self.statements)}".rstrip() + self.stale + self.shared
            return order or f"{self.trouble.replace(guard.TURNED, '') if more else self.trouble}{more}"
        return self.attempt.writes() or (order if self.wrong else "")  # all that is off may come from writing

    def part(self, part: str) -> Part:
        """What to say of one part of the answer, also given the learner's other parts, where its line reads them."""
        if part not in self.wrong:
            return Part(part)
        line, (theirs, rights) = self.blank.lines.get(part, ""), self.trials[part]
        each = [following(line, part, *call) for call in zip(self.got, self.right, self.named, strict=True)]
        wanted, reads = [value for value, _ in each], [n for n in self.off if any(n in names for _, names in each)]
        if all(map(close, theirs, wanted)):
            return Part(judging.GIVEN.format(part, listing(reads)))
        own = [case | got for case, got in zip(self.named, self.got, strict=True)]
        known = self.follows(line, part) or (self.is_instead(part, wanted, own) if reads else "")
        if not known and (known := self.is_instead(part, rights, self.named)):
            wanted, reads = rights, []
        twins = [other for other in self.off if all(got[other] is got[part] for got in self.got)]
        if len(twins) > 1 and isinstance(theirs[0], np.ndarray | list):
            alias = cellcode.alias(self.attempt.body(), twins)
            known = f"{alias}." if alias else known or judging.ONE_ARRAY.format(listing(twins))
        if known and "every" in self.blank.mistakes:  # one mistake in many parts is said once, without their numbers
            default = _by_default(self.blank, self.cases, self.off[part]) if known == FIRST_DIGITS else ""
            return Part(part, default or known)
        return Part(part, self.in_words(part, known, wanted, reads))

    def follows(self, line: str, part: str) -> str:
        """That all its wrong values follow from other results of the learner's that are wrong; or ""."""
        others, calls = re.findall(r"\w+", line), zip(self.got, self.right, self.named, self.off[part], strict=True)
        found = {from_others(line, part, others, *call) for *call, is_off in calls if is_off}
        return found.pop() if len(found) == 1 else ""

    def is_instead(self, part: str, wanted: Sequence, cases: Sequence[Names]) -> str:
        """What its values are instead of those that are wanted, in words; or ""."""
        every = {f"({code})[{part!r}]": words for code, words in self.every.items()}
        mistakes = self.blank.mistakes.get(part, {}) | every
        return what_it_is(part, self.trials[part][0], wanted, cases, self.written, mistakes)

    def in_words(self, part: str, known: str, wanted: Sequence, reads: Sequence[str]) -> str:
        """Its number in one call and what it is instead, if that is known; or else in which calls it is wrong."""
        theirs, off = self.trials[part][0], self.off[part]
        # The numbers shown are those of one case, if there is one in which all that is wrong shows.
        shown = next((k for k in range(len(self.cases)) if all(self.off[each][k] for each in self.wrong)), 0)
        here = [not close(*pair) for pair in zip(theirs, wanted, strict=True)]
        k = shown if here[shown] else here.index(True)
        first = theirs[k], wanted[k], axes(self.right[k][part], part)
        answer = f"What {self.name} returns" if part == self.name else part
        form = infinite(self.blank.lines.get(part, ""), part, self.got[k], self.right[k]) or wrong_form(answer, *first)
        should = judging.WITH_YOUR.format(listing(reads)) if reads else "it should be"
        said = form or difference(part, *first, relative=True, should=should)
        if known in ("", FIRST_DIGITS):
            shared = f"{self.stale}{'' if self.unsteady else self.shared}".strip()
            known = _by_default(self.blank, self.cases, off) or known or shared
        if not known and not form and "steps" in self.cases[0]:
            steps = [case["steps"] for case in self.cases]
            said = self.unsteady[0] if self.unsteady else judging.by_length(self.off, steps)
        elif not known and not all(off):
            known = f"It is right in {off.count(False)} of the {len(self.cases)} calls that were tried."
        return said if known in said else f"{said} {known}".strip()


def _parameters(blank: Blank) -> list[str]:
    """The parameters of the function to write, as they are in its first line."""
    parameters = guard.parameters_of(pkgutil.resolve_name(blank.library)).values()
    return [p.name if p.default is p.empty else f"{p.name}={p.default}" for p in parameters]


def _by_default(blank: Blank, cases: Sequence[Names], off: Sequence[bool]) -> str:
    """That an answer is off only in calls without some of the arguments; "" if it is not so."""
    given = [len(case["arguments"]) for case in cases]
    most = max(count for count, is_off in zip(given, off, strict=True) if is_off)
    left = _parameters(blank)[most : max(given)]
    return f"Only calls that omit an argument go wrong: the first line should have {listing(left)}." if left else ""


def go_on(blank: Blank, parts: Sequence[Part], namespace: dict[str, Any]) -> str:
    """Put the library's version where a line is not right, and an array where one is expected; report the former."""
    failed = {blank.names[0] if blank.is_function else part.name for part in parts if not part.passed}
    if not blank.is_function:
        for name in {*blank.names} & namespace.keys() - failed:
            _make_array(blank, name, namespace)
    wrong = [name for name in blank.names if name in failed]
    for name in wrong:
        try:
            namespace[name] = blank.library_value(name, namespace)
        except Exception as error:
            why = f"the library's {name} can't be computed ({type(error).__name__}: {error})"
            way = "Run the cells above this one first, or restart the kernel and run all cells"
            return f"The lesson can't go on from here: {why}. {way}."
    return f"The lesson goes on with the library's {listing([f'`{n}`' for n in wrong])}." if wrong else ""


def _make_array(blank: Blank, name: str, namespace: dict[str, Any]) -> None:
    """Turn a right value that is a list, an iterator, a matrix or masked into an array: later cells may need one."""
    value = namespace[name]
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        namespace[name] = np.array(value)[()]
    elif not isinstance(value, np.ndarray | np.generic | float | int):
        its = lines.library_here(blank, name, namespace, copy.copy)
        if isinstance(its, np.ndarray):
            namespace[name] = np.array(its if isinstance(value, ONCE) else value)


def give_back(
    statements: Lines, namespace: dict[str, Any], taken: Collection[str], before: Collection[str] | None
) -> str:
    """Give np, lt and the names of Python's own functions their usual meaning again; say so, for those `taken` too.

    `before` are the names that were there before the cell, if that is known.
    """
    touched = set().union(*map(cellcode.touched, statements))
    own = {n: value for n, value in vars(builtins).items() if callable(value) and n[0] != "_"}
    lost = {n: own[n] for n in touched & own.keys() if not callable(namespace.get(n, int))}
    modules = {"np": np, "lt": sys.modules["lstm_teach"]}
    used = touched & modules.keys() & (modules.keys() if before is None else {*before})
    lost |= {n: modules[n] for n in used if namespace.get(n) is not modules[n]}
    namespace.update(lost)
    them = ", ".join(f"`{n}`" for n in sorted({*lost}.union(taken)))
    return f"Other cells use {them}: choose another name. The lesson has put back what was there." if them else ""
