"""Blanks: what a learner writes in a lesson is judged on the spot, line by line; and the lesson's predictions.

Imports borrowed, cellcode, going_on, judging, recognize, trial, unfinished and verdicts; the forms of predictions
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
import functools
import pkgutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from lstm_teach import aside, borrowed, cellcode, going_on, guard, judging, kept, trial, unfinished, verdicts
from lstm_teach.cellcode import Lines, Names, Written
from lstm_teach.gradcheck import check_gradients
from lstm_teach.judging import SECONDS, Attempt, Trouble, close, difference, is_like, parts_of, same, wrong_form
from lstm_teach.lessons import home_of, spec_of
from lstm_teach.params import Params
from lstm_teach.recognize import axes, is_all, is_rounded, known_mistake, recognize, too_coarse
from lstm_teach.trial import THIS_NET, Blank, leftover, on_this_net
from lstm_teach.validate import listing
from lstm_teach.verdicts import Part, Verdict

CALLS = "This calls {} from the library. What counts here is that you write the lines yourself."
CALLED = "This is right, but it is called {}: rename it to {}."
NO_LINE = "No line of this cell says what "
TOO_LATE = "The line that makes {} comes after lesson.judge: move it above that call."
FIRST_DIGITS = "Only the first digits are right: was it rounded or measured, or changed a little? Compute it exactly."
UNSET = "np.empty only reserves memory, and what is in it can be anything. Begin with np.zeros."


class Lesson:
    """A lesson of the course: asks its predictions, judges its blanks, keeps and brings back its functions."""

    def __init__(self, name: str):
        self.name, self._spec = name, spec_of(name)
        unfinished.watch()
        self.verdicts: dict[str, Verdict] = {}  # of each group of blanks, the last one
        self.written: dict[str, Any] = {}  # what the learner wrote where it is wrong, by name

    def blank(self, group: str) -> Blank:
        """The group of blanks of that name."""
        spec = dict(self._entry("blanks", "blanks", group))
        names = spec["names"]
        case = pkgutil.resolve_name(f"lstm_teach.lessons.{spec['case']}")
        spec["case"] = functools.partial(case, *spec.pop("given", ()))
        others = [n for other in self._spec["blanks"].values() for n in other["names"] if n not in names]
        lent = [f"the library's {other}" for other in others]  # where the learner's own is open or wrong
        tools = {"sigmoid", "softmax"} - {*names, group}  # which answer only the blank or group of their own name
        spec["allow"] = [*spec.get("allow", ()), *lent, *tools]
        return Blank(group, **{key: tuple(v) if isinstance(v, list) else v for key, v in spec.items()})

    def _entry(self, table: str, what: str, name: str) -> dict[str, Any]:
        entries = self._spec.get(table, {})
        if not isinstance(name, str) or name not in entries:
            raise KeyError(f"{self.name} has no {what} called {name!r}; it has {', '.join(entries) or 'none'}.")
        return entries[name]

    def judge(self, group: str) -> Verdict:
        """Judge the lines of the cell above the call; what is not right is replaced by the library's version."""
        frame = sys._getframe(1)
        names = frame.f_globals
        statements, shown = cellcode.cell(frame)
        blank, numpys = self.blank(group), aside.give_numpy_back()
        with guard.unseen(), aside.apart(names.get(blank.names[0])):
            before = cellcode.made_before(names, f'judge("{group}")')
            spare = cellcode.counted(statements) - cellcode.read_by(self._lines_after(group))
            parts = judge_blank(blank, statements, names, before, spare)
            way = _way(blank, names) if all(part.passed for part in parts) else ""
        late = {p.name for p in parts if p.sentence.startswith(NO_LINE)} & cellcode.made_below(frame)
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
            going_on.go_on(blank, parts, names),
            going_on.give_back(statements, names, numpys, before),
            wrong and cellcode.lost(*statements),
            "" if wrong else trial.words_for_spent(blank, spare & (before or set())),
        ]
        if dotted := [name for name in blank.lines if cellcode.dots_given_to(name, statements)]:
            notes.append(f"Dots are left in {listing(dotted)}. The other lines are judged once these are written.")
        note = " ".join(filter(None, notes))
        hints = blank.hints if wrong else ()
        own = parts if blank.is_function else parts[: len(blank.names)]  # without what the cell has changed besides
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
        return [line for lines in later if isinstance(lines, dict) for line in lines.values()]

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
            return pkgutil.resolve_name(_blank_of(name).library)
        return names[name]

    def bring(self, name: str) -> Callable:
        """The learner's own function from an earlier lesson if it was kept and is still right, else the library's."""
        name = _name_in(name)
        blank = _blank_of(name)
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


def _blank_of(name: str) -> Blank:
    """The blank of a function, whichever lesson has the learner write it."""
    lesson, group = home_of(name)
    return Lesson(lesson).blank(group)


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
                return (Part(name, CALLED.format(other, name)),)
        its = f"This {name} is the library's: write its lines yourself, below `def {name}(...):`."
        none = f"{NO_LINE}{name} is."
        return (Part(name, its if name in cellcode.stored(statements) else none),)
    if not blank.is_function:
        return _judge_values(blank, statements, namespace, before, spare)
    written = [s for s in statements if isinstance(s, ast.FunctionDef) and s.name == name]
    if cellcode.is_open(function) or (written and cellcode.dots(written[-1])):
        return (Part(name, open=True),)
    if not callable(function):
        is_now = f"{name} should be a function, but is {judging.kind(function)}"
        return (Part(name, f"{is_now}: write its lines below `def {name}(...):`."),)
    parts = judge_function(blank, function, statements)
    # no second wait; and a missing name, or an answer of the library's, is named already
    said = "did not finish", "NameError", CALLS.partition("{}")[2]
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
            said = trial.NO_LONGER.format(listing(helpers), blank.names[0])
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
    in_a_cell, statements = statements is not None, statements or ()
    name, cases = blank.names[0], blank.cases()
    attempt = Attempt(guard.with_a_name(function, name), SECONDS)
    try:
        answers = [attempt(*case["arguments"]) for case in cases]
        got = [parts_of(a, case["answer"], name, blank.returns) for a, case in zip(answers, cases, strict=True)]
        trouble = ""
    except Trouble as raised:
        trouble = str(raised)
    stale = trial.words_for_earlier(cellcode.globals_read(function), statements, getattr(function, "__globals__", {}))
    shared = trial.words_for_shared(function, statements)
    if in_a_cell and (called := attempt.borrowed(blank.allow)):
        return (Part(name, CALLS.format(called)),)
    if attempt.is_unwritten(trouble):
        return (Part(name, trouble, open=True),)
    parameters = _parameters(blank)
    first_line = f"def {name}({', '.join(parameters)}):"
    order = f"The lesson gives {name} its arguments in this order: the first line should be `{first_line}`."
    misplaced = guard.misplaced(function, [each.partition("=")[0] for each in parameters])
    # of our own call, not of one at a line of theirs
    if trouble and (misplaced or ("the function disagree on" in trouble and ", at line" not in trouble)):
        return (Part(name, order),)
    if trouble:
        stale += shared
        if sizes := judging.typed_sizes(trouble, *statements):
            stale = f" {sizes}{stale}"
        return (Part(name, f"{trouble.replace(guard.TURNED, '') if stale else trouble}{stale}"),)
    body = next((s.body for s in statements if isinstance(s, ast.FunctionDef) and s.name == name), ())
    if attempt.changed:  # whatever else is off may come from this
        said = f"{name} writes to what it was given, {listing(attempt.changed)}."
        way = trial.words_for_alias(body, attempt.changed) or "Make new arrays, or work on a .copy()"
        return (Part(name, f"{said} {way}."),)
    code = getattr(function, "__code__", None)
    written = Written(frozenset(code.co_names + code.co_varnames) if code else frozenset(), statements)
    wanted = [parts_of(case["answer"], case["answer"], name, blank.returns) for case in cases]
    right = [{part: np.asarray(value) for part, value in answer.items()} for answer in wanted]
    named = [case | theirs for case, theirs in zip(cases, right, strict=True)]
    trials = {part: ([g[part] for g in got], [r[part] for r in right]) for part in right[0]}
    off = {part: [not close(*pair) for pair in zip(*both, strict=True)] for part, both in trials.items()}
    wrong = [part for part in off if any(off[part])]
    if wrong and misplaced:
        return (Part(name, order),)
    every = {code: words for code, words in blank.mistakes.get("every", {}).items() if is_all(code, trials, named)}
    # The numbers shown are those of one case, if there is one in which all that is wrong shows.
    shown = next((k for k in range(len(cases)) if all(off[part][k] for part in wrong)), None)
    # of a pass: that it keeps something from call to call, or draws random numbers
    unsteady = check_gradients(function).problems if wrong and "steps" in cases[0] else ()
    parts = []
    for part, (theirs, rights) in trials.items():
        if part not in wrong:
            parts.append(Part(part))
            continue
        reads, by_line = trial.by_its_line(blank.lines.get(part, ""), {*wrong} - {part}, cases, got)
        if reads and all(close(g, v) or same(v, g, rounding=True) for g, v in zip(theirs, by_line, strict=True)):
            zeros = [each for each in reads if not any(np.any(g[each]) for g in got)]
            said = f"This is right in itself, but it reads {listing(reads)}: look there first."
            said = judging.ZEROS.format(listing(zeros)) if zeros else said
            parts.append(Part(part, said, waits=True))
            continue
        with_theirs = [case | g for case, g in zip(named, got, strict=True)]
        words = _known(blank, part, theirs, by_line, with_theirs, written, {}) if reads else ""
        words = words and f"With your {listing(reads)}: {words[0].lower()}{words[1:]}"
        known = words or _known(blank, part, theirs, rights, named, written, every)
        twins = [other for other in got[0] if all(g[other] is g[part] for g in got)]
        if len(twins) > 1 and isinstance(got[0][part], np.ndarray | list):
            alias = trial.words_for_alias(body, twins)
            known = f"{alias}." if alias else known or judging.ONE_ARRAY.format(listing(twins))
        k = off[part].index(True) if shown is None else shown
        first = theirs[k], rights[k]
        answer = f"What {name} returns" if part == name else part
        form = wrong_form(answer, *first, axes(first[1], part))
        said = form or difference(part, *first, axes(first[1], part), relative=True)
        # One mistake in many parts is said once, without each part's numbers.
        alone = known and "every" in blank.mistakes
        if known in ("", FIRST_DIGITS):
            known = _by_default(blank, cases, off[part]) or known or f"{stale}{'' if unsteady else shared}".strip()
        if not known and not form and "steps" in cases[0]:
            said = unsteady[0] if unsteady else judging.by_length(off, [case["steps"] for case in cases])
        elif not known and not all(off[part]):
            known = f"It is right in {off[part].count(False)} of the {len(cases)} calls that were tried."
        parts.append(Part(part, known if alone else said if known in said else f"{said} {known}".strip()))
    return tuple(parts)


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


def _judge_values(
    blank: Blank, statements: Lines, namespace: dict, before: set[str] | None, spare: Collection[str]
) -> tuple[Part, ...]:
    """Run the cell's lines on every case; each blank by itself, since those before it get their right values."""
    cases = blank.cases()
    given = cases[0].keys() - {*blank.names}
    statements = cellcode.without_copies(namespace, f'judge("{blank.group}")', statements, given)
    try:
        runs = trial.runs(blank.names, statements, cases, namespace)
    except guard.LearnerError as error:
        said = trial.words_for_error(error)
        return tuple(Part(name, said) for name in blank.names)
    entered = [each for run in runs for each in run["entered"]]
    if called := borrowed.answer_in(entered, judging.ANSWERS, blank.allow):
        return tuple(Part(name, CALLS.format(called)) for name in blank.names)
    altered = {name for run in runs for name in run["changed"]}
    changed = altered if before is None else altered & before
    changed = changed - ({*spare} - cellcode.read_by(blank.library.values()))
    parts, told = [], {}  # the known mistake in a line
    for name in blank.names:
        got, right = [run[name] for run in runs], [np.asarray(case[name]) for case in cases]
        if any(map(cellcode.is_open, got)):
            parts.append(Part(name, open=True))
            continue
        read = cellcode.names_read(statements, name)
        written = Written(read, cellcode.lines_of(name, statements), blank.library[name])
        earlier = trial.words_for_earlier(read, statements, namespace, cases[0])
        adds = written.lines and isinstance(written.lines[0], ast.AugAssign)
        ran = [k for k, value in enumerate(got) if not isinstance(value, Trouble)]
        fine = len(ran) == len(cases) and all(map(close, got, right))
        here = "" if fine or not written.lines else on_this_net(blank, name, namespace, cases, written, earlier)
        called = set.intersection(*(run["called"].get(name, set()) for run in runs))
        # Of all that may be off, the first of these is said, since the others may follow from it.
        if twin := next(iter(sorted(called)), ""):
            again = f"{name}, and run the cells above again" if twin in changed else name
            sentence, changed = CALLED.format(twin, again), changed - {twin}
        elif adds and not fine and name not in cases[0].get("start", {}):
            sentence = f"Write `{name} = ...`: this changes the value that {name} had before this cell."
        elif len(ran) < len(cases) and (not here or here.startswith(THIS_NET)):  # what is wrong here is so anyway
            raised = str(next(value for value in got if isinstance(value, Trouble)))
            sentence = f"{raised.removesuffix(guard.TURNED) if earlier else raised}{earlier}"
        elif fine:
            sentence = "" if changed else leftover(blank, name, namespace, read)
            if sentence:  # what the library's line reads was there before the cell, even if a call has put it there
                changed = altered & cellcode.globals_read(compile(blank.library[name], "a line", "eval"))
            sentence = "" if changed else sentence
        else:
            form = next(filter(None, (wrong_form(name, got[k], right[k]) for k in ran)), "")
            if len(ran) < len(cases):  # of those where it ran; one number there proves nothing
                ran = [k for k in ran if is_like(got[k], right[k]) and not here.startswith(trial.TYPED)]
            tried = ([values[k] for k in ran] for values in (got, right, cases))
            known = _known(blank, name, *tried, written, {}) if sum(right[k].size for k in ran) > 1 else ""
            told[name] = known
            only = known and here.startswith((THIS_NET, trial.TYPED))
            own = listing(sorted(altered & read - changed) or [""])  # made by a given line, which is another one now
            if own and here.startswith(THIS_NET):
                here = f"It is right with this cell's {own}, but not with the lesson's."
            elif own and not known:
                known = f"It reads this cell's {own}, which differ{'' if ' and ' in own else 's'} from the lesson's."
            here = here or form
            need = f"; the line doesn't need {'them' if ' stay ' in earlier else 'it'}."
            stale = earlier and f"{earlier.strip().split(', and')[0]}{need}" * ("should be" in here)
            known = "" if known and known in here else known or stale
            sentence = known if only else f"{here} {known}".strip() or "It is not right on every net."
            sentence = UNSET if " is nan" in form and cellcode.calls(written.lines, "empty") else sentence
        parts.append(Part(name, sentence))
    if not any(part.sentence or part.open for part in parts):  # the lines are right, whatever they count with
        changed -= {*spare}
    if changed:
        said, way = trial.words_for_changes(changed, statements, before)
        again = f"{said} {way}, and run the cells above again."
        if any(part.sentence for part in parts):  # it may be so for this reason alone
            kept_too = (NO_LINE, "This is right, but")
            told = told if changed <= cellcode.counted(statements) else {}
            first = (p.sentence if p.sentence.startswith(kept_too) else told.get(p.name, "") for p in parts)
            both = (f"{said} {again}".strip() for said in first)
            return tuple(Part(p.name, new) if p.sentence else p for p, new in zip(parts, both, strict=True))
        parts.append(Part(listing(sorted(changed)), again))
    return tuple(parts)


def _known(
    blank: Blank, name: str, got: Sequence, right: Sequence, cases: Sequence[Names], written: Written, every: Mapping
) -> str:
    """What wrong values are instead, in words, or ""; `every` are the mistakes of a whole answer that may be named."""
    arrays = [judging.numbers(g) for g in got]
    if any(a is None for a in arrays):
        return ""
    if any(isinstance(g, Mapping) for g in got):
        return "The numbers are right, but in a dictionary: make an array." if all(map(close, arrays, right)) else ""
    whole = {f"({code})[{name!r}]": words for code, words in every.items()}
    tries = [({"np": np, **case}, g, r) for case, g, r in zip(cases, arrays, right, strict=True)]
    words = known_mistake(blank.mistakes.get(name, {}) | whole, tries)
    if words := words or recognize(name, arrays, right, cases, written):
        return words
    if words := next(filter(None, map(too_coarse, arrays, right)), ""):
        return words
    least = 0 if cellcode.calls(written.lines, "round") else 1  # whole numbers may be counts, or a yes and a no
    if is_rounded(arrays, right, least):
        return "This is rounded. Keep all the digits."
    near = (is_like(g, r) and np.allclose(g, r, 0.01, 1e-9 * abs(r).max()) for g, r in zip(arrays, right, strict=True))
    return FIRST_DIGITS if all(near) and not all(map(close, arrays, right)) else ""
