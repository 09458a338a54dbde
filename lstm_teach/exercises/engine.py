"""The engine of the exercises: a check is data, its words are in a TOML file, and this module runs it.

How to write a task (forward_pass.toml and forward_pass.py show every part of it):

1. The words go into `<topic>.toml` beside this file: what a teacher edits without reading Python.

    [tasks.bias]
    call = "bias_that_keeps(share, steps)"    # the learner's function; its arguments are names in the tables below
    answer = "b"                              # what the answer is called in a sentence
    level = 2                                 # ●●○
    minutes = 5                               # with extra = true it is one to do if there is time
    points = 2                                # a test holds notebook and file together
    hints = ["the idea", "the place", "the line"]   # several lines in one are code, after a first that ends in a colon
    places = 4                                # optional: how many decimal places of the answer, a number, are enough
    tolerance = 1e-6                          # optional, 1e-9 else; relative to 1 + |right|
    axes = ["unit"]                           # optional: what each axis counts
    walks_back = true                         # optional: the first axis counts steps that are walked from the last on
    label = "the error of {}"                 # optional: what a result is called in a sentence, by its name
    returns = ["i", "f"]                      # optional: the results by name, of a function that returns several
    parts = "results"                         # optional: a part for each result; else for each `part` of the cases
    seconds = 20, slow = "...", note = "..."  # optional; see judging.judge
    allow = ["forward"]                       # optional: functions of the library that the learner may call; or "all"
                                              # (these four may also be at the top of the file, for all tasks)
    [tasks.bias.mistakes]                     # expressions ("one; another") for the wrong answer, and what is said
    "share ** (1 / steps)" = "Yours is f itself; b is what the sigmoid turns into f."
    [mistakes]                                # optional: those of every task, besides its own
    [tasks.step.mistakes.c]                   # with `returns`: for one result; else for all together
    [tasks.step.mistakes."i o"]               # for several; `result` is the one in question, `right` its right value
    [tasks.step.mistakes.each]                # for any
    [tasks.step.nearly."0.75"]                # optional: mistakes of the whole answer that still earn this share
    [nearly."0.75"]                           # optional: those of every task
    [tasks.step.names]                        # optional: more names for all expressions, made from the arguments
    c_before = "run.c[t - 1]"
    [tasks.step.lines]                        # optional: a result that follows from one's own by its line is right;
    c = "f * c_before + i * g"                # these are the right answer if <topic>.py gives none
    dz = "dc * g"                             # a name that is no result: other lines have this in its place,
    [tasks.step.mistakes.dz]                  # and these are mistakes of theirs too
    [questions.my_same_cell]                  # text, options, right; or text and reveal for a prediction
    [flaws]                                   # and what else the exercise's own module reads, see `words_of`

2. `<topic>.py` makes the cases and knows the right answer:

    def check_bias(bias_that_keeps, seed=1):
        ""\"Check `bias_that_keeps(share, steps)` -> b with sigmoid(b) ** steps == share.""\"
        return check(__name__, "bias", bias_that_keeps, bias_cases(), right=bias)

    Each `Case` is one call. Where no number is the only right one, a case has `look` instead: it gets the answer and
    returns a sentence, "" if all is right. Expressions of the tables see the arguments, the `names` of the task and the
    case, the results of the right answer by name (`right` if it is only one), np, and all names of `<topic>.py`.
    `changed(before, after)` is what the right answer gives with a piece of its text replaced. Expressions that are
    not finite in a case aren't a mistake there.
    A right answer that is a `Params` is compared by the norm-relative error of its nine matrices.

A mistake is named only if it explains the answers of all cases and is far from right where they are
(recognize.explain), and only once. What else a learner's function does (raises, takes too long, returns nothing, writes
to its inputs, calls the library's own answer) is the business of judging.judge.
"""

import contextlib
import itertools
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from lstm_teach import aside, guard, judging
from lstm_teach.edited import edited
from lstm_teach.exercises.questions import Question
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.gradreport import errors_of, off
from lstm_teach.judging import Attempt, OutOfTime, Trouble, close, difference, is_like, kind, numbers
from lstm_teach.params import Params
from lstm_teach.recognize import following, from_others, infinite, known_mistake, own_results, too_coarse
from lstm_teach.validate import amount, listing
from lstm_teach.verdicts import Verdict, hints_wanted


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, and what is looked at."""

    part: str  # the part of the verdict that it belongs to; in a task with parts = "results" what the case is called
    arguments: tuple  # what the function gets
    names: Mapping[str, Any] = field(default_factory=dict)  # for the expressions, if not made from the arguments
    # Gets the answer (the part's result by its name in a task with parts = "results") and the arguments, after the
    # comparison if there is one; returns a sentence, "" if nothing is off.
    look: Callable[..., str] | None = None
    also: Callable[..., str] | None = None  # gets a wrong result of the right shape too; its sentence is added
    right: Any = None  # the right answer, where no function of the arguments gives it
    unknown: str = ""  # said where a result is wrong and no mistake is known
    half: str = ""  # why there is half of the points if all is right in the cases before this one


def check(module: str, task: str, function: Callable, cases: Sequence[Case], right: Callable | None = None) -> Verdict:
    """Judge a learner's function on the cases; `right` gets the arguments of a case and returns the right answer."""
    return Task(module, task, cases, right).verdict(function)


def words_of(module: str) -> dict[str, Any]:
    """Everything in the file of an exercise; `module` is the name of the exercise or of its module."""
    path = Path(__file__).with_name(f"{module.rpartition('.')[2]}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def task_of(module: str, task: str) -> dict[str, Any]:
    """What the file says of a task."""
    return words_of(module)["tasks"][task]


def evaluated(table: Mapping[str, str], names: Mapping[str, Any]) -> dict[str, Any]:
    """What the expressions of a table give, by name: each may read `names` and what those before it give."""
    found = dict(names)
    for name, code in table.items():
        found[name] = eval(code, found)
    return {name: found[name] for name in table}


def questions(module: str, *names: str) -> list[Question]:
    """The questions of an exercise, by the names of their answers."""
    asked = words_of(module)["questions"]
    return [Question.of(name, asked[name]) for name in names]


def versions(function: Callable, pieces: Mapping[str, Sequence[str]]) -> Callable[..., Callable]:
    """A function that takes names in `pieces` and returns `function` with the text under those names replaced."""
    return lambda *names: edited(function, *(piece for name in names for piece in pieces[name]))


class Task:
    """A task with its cases, their right results by name, and what is known to go wrong; each sentence is said once.

    The right results of a case are None where it is looked at only. `order` holds the numbers of cases to run first,
    in that order, so that counting the calls is no help.
    """

    order: Sequence[int] = ()

    def __init__(self, module: str, task: str, cases: Sequence[Case], right: Callable | None = None):
        self.words, self.names, self.cases, self.right = words_of(module), vars(sys.modules[module]), cases, right
        self.spec = self.words["tasks"][task]
        self.rights = [self._right_results(case) for case in cases]
        self.said: set[str] = set()
        self.explained: dict[str, str] = {}  # what is known of a wrong result
        nearly = [table for of in (self.words, self.spec) for table in of.get("nearly", {}).items()]
        self.shares = {words: float(share) for share, table in nearly for words in table.values()}  # of the points
        self.complete = False  # whether there is an answer to every case
        self.least: dict[str, tuple[float, str]] = {}  # by what is said of a part: what the whole earns, and why
        self.following: dict[str, str] = {}  # the name shown for a result that is right, given the learner's wrong ones

    @np.errstate(all="ignore")
    def _right_results(self, case: Case) -> dict[str, Any] | None:
        answer = self.right(*case.arguments) if self.right else case.right
        if answer is None and "lines" in self.spec:
            answer = evaluated(self.spec["lines"], self._given(case))
        names = list(answer) if isinstance(answer, Mapping) else [self.spec.get("answer", "the answer")]
        return None if answer is None else by_name(answer, self.spec.get("returns", names))

    def verdict(self, function: Callable) -> Verdict:
        """Judge a learner's function: a part for each result, or for each `part` of the cases."""
        function = guard.with_a_name(function, self.spec["call"].partition("(")[0])
        by_result = self.spec.get("parts") == "results"
        names = self.rights[0] if by_result else dict.fromkeys(case.part for case in self.cases)
        parts = {name: partial(self._part, name, name if by_result else "") for name in names}
        said = {**self.words, **self.spec}
        options = {key: said[key] for key in ("allow", "note", "seconds", "slow") if key in said}
        if options.get("allow") == "all":
            options["allow"] = None
        with aside.apart(function):
            found = judging.judge(function, parts, self.spec["hints"], **options)
        off = [part for part in found.parts if part.sentence and not (part.open or part.beside)]
        order = judging.in_another_order(function, self.spec["call"], " ".join(part.sentence for part in off))
        if off and order:
            told = (replace(part, sentence=order) if part in off else part for part in found.parts if not part.beside)
            found = replace(found, parts=tuple(told))
        parts = (replace(p, name=self.following.get(p.name, p.name)) if p.passed else p for p in found.parts)
        wrong = [part for part in found.parts if not (part.passed or part.beside)]
        none = 0, ""  # for what judge says
        least, why = min((self.least.get(part.sentence, none) for part in wrong), default=none)
        why = f"{why}, so it earns {least:.0%} of the points." if least > found.score else ""
        return replace(found, parts=tuple(parts), note=f"{why} {found.note}".strip(), least=least)

    def _part(self, name: str, only: str, attempt: Attempt) -> str:
        """The sentence of a part: the first thing that is off in its cases, and what is known of it."""
        for count, k in enumerate(self.order):
            try:
                attempt(*self.cases[k].arguments)
            except OutOfTime as late:  # which cases it got to is a matter of chance
                raise OutOfTime(self._in_time(count, attempt) or late) from None
            except Trouble:
                pass
        for k, case in enumerate(self.cases):
            sentence, result = self._off(k, attempt, only) if only or case.part == name else ("", "")
            if sentence:
                where = f"In {case.part}: " if only and k else ""
                words = self._words(k, attempt, result)
                said = f"{where}{sentence}\n{'' if words in sentence else words}".strip()  # on a line of its own
                if self.complete and (share := self.shares.get(self.explained.get(result, ""))):
                    self.least[said] = share, "Apart from what is named above, it is right"
                elif self.complete and case.half:
                    self.least[said] = 0.5, case.half
                return said
        return ""

    def _in_time(self, count: int, attempt: Attempt) -> str:
        """What to say of a function whose time was up after `count` of the cases in `order`; "" if at the first."""
        calls = [tuple(map(id, self.cases[k].arguments)) for k in self.order]
        done, most = len(set(calls[:count])), len(set(calls))
        right = not any(self._off(k, attempt, "")[0] for k in self.order[:count])
        late = f"{attempt.name} used up its {attempt.seconds:g} seconds after {done} of {most} calls."
        late = f"{late} What it answered until then is {'all' if right else 'not all'} right. {attempt.slow}"
        if right and 2 * done >= most:
            self.least[late] = 0.5, "What is missing is speed"
        return late if done else ""

    def _off(self, k: int, attempt: Attempt, only: str) -> tuple[str, str]:
        """The first thing that is off in a case: a sentence and the result that it is about; "" if nothing is."""
        case, right, spec = self.cases[k], self.rights[k], self.spec
        answer = attempt(*case.arguments)
        got = self._results(k, attempt) if right else {}
        for name in [only] if only else right or ():
            if name not in got:
                return f"The answer has no {name}.", ""
            if isinstance(right[name], Params):
                if sentence := _nine_off(got[name], right[name], len(case.arguments[1])):
                    return sentence, name
                continue
            expected, given = self._expected(k, got, name)
            if given:
                self.following[name] = judging.GIVEN.format(name, listing(given))
            axes = spec.get("axes", ["row", "column"] if np.ndim(right[name]) > 1 else ["unit"])
            should = judging.WITH_YOUR.format(listing(given)) if given else "it should be"
            compared = spec.get("label", "{}").format(name), got[name], expected, axes
            back = spec.get("walks_back", False)
            # difference takes what is relative to 1 + |right|
            rounded = 0.501 / 10 ** spec["places"] / (1 + abs(expected)) if "places" in spec else 1e-9
            off = difference(*compared, spec.get("tolerance", rounded), should=should, back=back)
            if sentence := off and (infinite(self._line(name), name, got, right) or off):
                also = case.also(got[name], *case.arguments) if case.also and is_like(got[name], expected) else ""
                return f"{sentence} {self._once(also.strip())}".strip(), name
        return case.look({only: got[only]} if only else answer, *case.arguments) if case.look else "", ""

    def _results(self, k: int, attempt: Attempt) -> dict[str, Any]:
        """The learner's results in a case by name; raise `Trouble` if the answer is not built like the right one."""
        answer, right = attempt(*self.cases[k].arguments), self.rights[k]
        first, *_ = right
        if isinstance(right[first], Params):
            try:
                return {first: collect_gradients(answer, right[first])}
            except ValueError as error:
                raise Trouble(f"{attempt.name} {error}") from error
        named = "returns" not in self.spec and first != self.spec.get("answer", "the answer")
        if named and not isinstance(answer, Mapping):
            raise Trouble(
                f"{attempt.name} should return a dictionary ({', '.join(right)}), but returns {kind(answer)}."
            )
        return by_name(answer, list(right), attempt.name)

    def _expected(self, k: int, got: Mapping[str, Any], name: str) -> tuple[Any, list[str]]:
        """What a result should be: the right one; or what follows from wrong ones of the learner's, and their names."""
        line = self._line(name)
        return following(line, name, got, self.rights[k], self.space(k) if line else {})

    def _given(self, case: Case) -> dict[str, Any]:
        """The names of a case without its right results."""
        arguments = dict(zip(re.findall(r"\w+", self.spec["call"].partition("(")[2]), case.arguments, strict=False))
        changed = {"changed": lambda *pieces: edited(self.right, *pieces)(*case.arguments)}
        given = {"np": np, **self.names, **changed, **arguments}
        return {**given, **evaluated(self.spec.get("names", {}), given), **case.names}

    def space(self, k: int, result: str = "") -> dict[str, Any]:
        """The names that the expressions of a task's mistakes may use in a case; `right` is the right `result`."""
        right = self.rights[k]
        found = {**self._given(self.cases[k]), **right}
        single = {"right": right[result]} if result in right else {}
        return {**found, **evaluated(self.spec.get("lines", {}), found), **right, **single, "result": result}

    def mistakes(self, result: str) -> tuple[dict[str, str], dict[str, str]]:
        """The named mistakes of one result, and those of the whole answer, if it has several results."""
        tables = [[of.get("mistakes", {}), *of.get("nearly", {}).values()] for of in (self.words, self.spec)]
        table = {code: words for rows in itertools.chain(*tables) for code, words in rows.items()}
        whole = _one_by_one({code: words for code, words in table.items() if isinstance(words, str)})
        tables = {names: _one_by_one(rows) for names, rows in table.items() if isinstance(rows, dict)}
        read = re.findall(r"\w+", self.spec.get("lines", {}).get(result, ""))
        single: dict[str, str] = {}
        for names, rows in tables.items():
            if names == "each" or result in names.split():
                single |= rows
            elif names in read and names not in self.rights[0]:
                single |= {self._line(result, {names: code}): words for code, words in rows.items()}
        return (single, whole) if len(self.rights[0]) > 1 else (single | whole, {})

    def _line(self, result: str, wrong: Mapping[str, str] = MappingProxyType({})) -> str:
        """The line of a result, with those of what is no result, or wrong ones, in place of the names; "" if none."""
        lines = {**self.spec.get("lines", {}), **wrong}
        inside = {name: f"({lines[name]})" for name in lines if name not in self.rights[0]}
        return re.sub(r"\w+", lambda name: inside.get(name[0], name[0]), lines.get(result, ""))

    def _words(self, k: int, attempt: Attempt, result: str) -> str:
        """What explains a wrong result in all cases, else the words of its case for that; "" if said before."""
        if result and result not in self.explained:
            self.explained[result] = self._explained(attempt, result)
        if not (result and hints_wanted()):
            return ""
        array, right = numbers(self._results(k, attempt)[result]), numbers(self.rights[k][result])
        words = self.explained[result] if array is not None else ""  # a mistake explains only numbers
        if np.shape(array) == right.shape:  # a wrong shape has been named already
            words = words or self.cases[k].unknown
        return self._once(words)

    def _once(self, words: str) -> str:
        """The words, "" if they have been said before."""
        new = "" if words in self.said else words
        self.said.add(words)
        return new

    def _explained(self, attempt: Attempt, result: str) -> str:
        single, whole = self.mistakes(result)
        lines = self.spec.get("lines", {})
        follows: set[str] = set()  # in each case: the results that this one may come from
        together, alone, answer = [], [], {}  # for each case that was answered: the names, what came, what is right
        for k in {id(case.arguments): k for k, case in enumerate(self.cases)}.values():  # one may be in several parts
            with contextlib.suppress(Trouble):
                right = self.rights[k]
                answer, space = self._results(k, attempt), self.space(k, result)
                if result in lines and result in answer and not close(answer[result], right[result]):
                    words_of_line = {n: set(re.findall(r"\w+", lines.get(n, ""))) for n in right}
                    read = words_of_line[result]
                    shared = {n: read & words & (lines.keys() - right) for n, words in words_of_line.items()}
                    others = [n for n in right if n in read or shared[n]]
                    zeros = [n for n in others if is_like(answer.get(n), right[n]) and not np.any(answer[n])]
                    line = self._line(result, {name: "0" for n in zeros for name in shared[n]})
                    follows.add(from_others(line, result, others, answer, right, space))
                if set(answer) == set(right) and (joined := numbers(answer)) is not None:
                    together.append((space, joined, numbers(right)))
                if (got := numbers(answer.get(result))) is not None:
                    expected = numbers(self._expected(k, answer, result)[0])
                    own = own_results(answer, right, result) if lines else {}
                    alone.append((space | own | {"right": expected}, got, expected))

        self.complete = len(alone) == len({id(case.arguments) for case in self.cases})
        if len(follows) == 1 and (words := follows.pop()):
            return words

        def read(value: Any) -> np.ndarray | None:  # by the names of its case, which may have others than the first
            return numbers(by_name(value, list(value if isinstance(value, Mapping) else self.rights[0])))

        # First what explains all results together: one of them alone may look like another mistake.
        tolerance = self.spec.get("tolerance", 1e-9)
        words = known_mistake(whole, together, read, tolerance)
        if words := words or known_mistake(single, alone, tolerance=tolerance):
            return words
        mine = answer.get(result)
        has_kind = isinstance(mine, np.ndarray | np.generic)  # a list has none
        fitting = [(got, right) for _, got, right in alone if got.shape == right.shape and has_kind]
        if words := next(filter(None, (too_coarse(*both) for both in fitting)), ""):
            return words
        twins = [name for name in answer if answer[name] is mine] if isinstance(mine, np.ndarray | list) else []
        return judging.ONE_ARRAY.format(listing(twins)) if twins[1:] else ""


def by_name(answer: Any, names: Sequence[str], function: str = "The function") -> dict[str, Any]:
    """An answer of a `function` by the names of its results; raise `Trouble` if they are not so many."""
    if isinstance(answer, Mapping | Params):  # with or without the d of a gradient; of what is new, without saying so
        keys = {name: (name.removeprefix("new_"), f"d{name}", name) for name in names}
        found = {name: answer[key] for name in names for key in keys[name] if key in list(answer)}
        if found or len(names) > 1:
            return found
    return {names[0]: answer} if len(names) == 1 else judging.in_order(answer, names, function)


def _one_by_one(rows: Mapping[str, str]) -> dict[str, str]:
    """The words by each of the expressions that share a row."""
    return {code: words for codes, words in rows.items() for code in codes.split("; ")}


def _nine_off(grads: Mapping[str, np.ndarray], right: Params, length: int) -> str:
    """Which of nine gradients are wrong, the one that is furthest off and its worst entry; "" if all are right."""
    errors = errors_of(grads, right)
    if not (wrong := off(errors)):
        return ""
    fine = " ".join(f"d{name}" for name in errors if name not in wrong) or "none"
    worst, names = max(wrong, key=errors.get), " ".join(f"d{name}" for name in wrong)
    row, column = np.unravel_index(abs(grads[worst] - right[worst]).argmax(), right[worst].shape)
    yours, theirs = judging.two_numbers(grads[worst][row, column], right[worst][row, column])
    return (
        f"With {amount(length, 'step')}, wrong: {names}; right: {fine}. Furthest off is d{worst}, with an"
        f" error of {errors[worst]:.2g}. At row {row}, column {column}, yours is {yours}; it should be {theirs}."
    )
