"""The engine of the exercises: a check is data, its words are in a TOML file, and this module runs it.

How to write a task (forward_pass.toml and forward_pass.py show every part of it):

1. The words go into `<topic>.toml` beside this file: what a teacher edits without reading Python.

    [tasks.bias]
    call = "bias_that_keeps(share, steps)"    # the learner's function; its arguments are names in the tables below
    answer = "b"                              # what the answer is called in a sentence
    level = 2                                 # ●●○
    minutes = 5                               # with extra = true it is one to do if there is time
    points = 2                                # a test holds notebook and file together
    hints = ["the idea", "the place", "the line"]
    tolerance = 1e-4                          # optional, 1e-9 else; relative to 1 + |right|, or to |right| with
    relative = true                           # optional
    axes = ["unit"]                           # optional: what each axis counts
    label = "the error of {}"                 # optional: what a result is called in a sentence, by its name
    returns = ["i", "f"]                      # optional: names for the results of a function that returns several
    parts = "results"                         # optional: a part for each result; else for each `part` of the cases
    seconds = 20, slow = "...", note = "..."  # optional; see judging.judge
    allow = ["forward"]                       # optional: functions of the library that the learner may call; or "all"
    recognize = true                          # optional: also look for missing factors, signs and so on (recognize.py)
    [tasks.bias.mistakes]                     # an expression for the wrong answer, and what is said to it
    "share ** (1 / steps)" = "This is f itself; b is what the sigmoid turns into f."
    [tasks.step.mistakes.c]                   # with `returns`: for one result; else for all together
    [tasks.step.mistakes.each]                # for any result; its right value is called right
    [tasks.step.lines]                        # optional: a result that follows from one's own by its line is right
    c = "f * c_before + i * g"
    [questions.my_same_cell]                  # text, options, right; or text and reveal for a prediction

2. `<topic>.py` makes the cases and knows the right answer:

    def check_bias(bias_that_keeps, seed=1):
        ""\"Check `bias_that_keeps(share, steps)` -> b with sigmoid(b) ** steps == share.""\"
        return check(__name__, "bias", bias_that_keeps, bias_cases(), right=bias)

    Each `Case` is one call. Where no number is the only right one, a case has `look` instead: it gets the answer and
    returns a sentence, "" if all is right. Expressions of the tables see the arguments and the case's `names`, the
    results of the right answer by name (`right` if it is only one), numpy as np, and the names of `<topic>.py`.
    Expressions that are not finite in a case are no mistake there.
    A right answer that is a `Params` is compared by the norm-relative error of its nine matrices.

A mistake is named only if it explains the answers of all cases and is far from right where they are (judging.explain),
and only once. What else a learner's function does (raises, takes too long, returns nothing, writes to its inputs, calls
the library's own answer) is the business of judging.judge.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lstm_teach.exercises.questions import Option, Question
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.gradreport import relative_error, verdict
from lstm_teach.judging import ENDLESS, SECONDS, Attempt, Trouble, difference, explain, is_like, judge, kind
from lstm_teach.params import Params
from lstm_teach.recognize import recognize
from lstm_teach.verdicts import Part, Verdict, advice, hints_wanted

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, and what is looked at.

    part       the part of the verdict that it belongs to; in a task with parts = "results" what the case is called
    arguments  what the function gets
    names      more names for the expressions of the mistakes
    look       gets the answer, returns a sentence, "" if nothing is off; after the comparison if there is one
    also       gets a wrong result that has the right shape, returns a sentence that is added
    right      the right answer, where no function of the arguments gives it
    unknown    said where a result is wrong and no mistake is known
    """

    part: str
    arguments: tuple
    names: Mapping[str, Any] = field(default_factory=dict)
    look: Callable[[Any], str] | None = None
    also: Callable[[Any], str] | None = None
    right: Any = None
    unknown: str = ""


def check(
    module: str,
    task: str,
    function: Callable,
    cases: Sequence[Case],
    right: Callable | None = None,
) -> Verdict:
    """Judge a learner's function on the cases; `right` gets the arguments of a case and returns the right answer."""
    spec = task_of(module, task)
    rights = right_results(spec, cases, right)
    tables = _Tables(spec, vars(sys.modules[module]), cases, rights)
    by_result = spec.get("parts") == "results"

    def part(chosen: Sequence[int], only: str = "") -> Callable[[Attempt], str]:
        def look(attempt: Attempt) -> str:
            for k in chosen:
                if found := _off(tables, k, attempt, only):
                    unknown = advice(cases[k].unknown).strip() if found[1] else ""  # "": no result to explain
                    sentence = f"In {cases[k].part}: {found[0]}" if by_result and k else found[0]
                    return f"{sentence} {tables.words(attempt, found[1]) or unknown}".strip()
            return ""

        return look

    if by_result:
        parts = {result: part(range(len(cases)), result) for result in rights[0]}
    else:
        names = list(dict.fromkeys(case.part for case in cases))
        parts = {name: part([k for k, case in enumerate(cases) if case.part == name]) for name in names}
    found = run(module, task, function, parts)
    return replace(found, parts=tuple(_given_own(part, tables.following) for part in found.parts))


def _given_own(part: Part, following: Mapping[str, Sequence[str]]) -> Part:
    """A part that is right only for wrong results of the learner's own says so in its name."""
    own = following.get(part.name) if part.passed else None
    return replace(part, name=f"{part.name} (given your {' and '.join(own)})") if own else part


def right_results(spec: Mapping, cases: Sequence[Case], right: Callable | None) -> list[dict[str, Any] | None]:
    """The right results of every case by name; None where a case has no right answer and is looked at only."""
    found = []
    for case in cases:
        answer = right(*case.arguments) if right else case.right
        names = list(answer) if isinstance(answer, Mapping) else spec.get("returns", [spec.get("answer", "the answer")])
        found.append(None if answer is None else by_name(answer, names))
    return found


def run(module: str, task: str, function: Callable, parts: Mapping[str, Callable[[Attempt], str]]) -> Verdict:
    """Judge a learner's function part by part with the hints and limits of the task's file; see judging.judge."""
    spec = task_of(module, task)
    allow = None if spec.get("allow") == "all" else spec.get("allow", ())
    limits = {"seconds": spec.get("seconds", SECONDS), "slow": spec.get("slow", ENDLESS)}
    return judge(function, parts, spec["hints"], note=spec.get("note", ""), allow=allow, **limits)


def words_of(module: str) -> dict[str, Any]:
    """Everything in the file of an exercise; `module` is the name of the exercise or of its module."""
    path = FOLDER / f"{module.rpartition('.')[2]}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def task_of(module: str, task: str) -> dict[str, Any]:
    """What the file says of a task."""
    return words_of(module)["tasks"][task]


def questions(module: str, *names: str) -> list[Question]:
    """The questions of an exercise, by the names of their answers."""
    asked = words_of(module)["questions"]
    return [
        Question(
            name,
            asked[name]["text"],
            {letter: Option(*option) for letter, option in asked[name].get("options", {}).items()},
            asked[name].get("right", ""),
            asked[name].get("reveal", ""),
        )
        for name in names
    ]


# ------------------------------------------------------------------------------------------ one case


def _off(tables: _Tables, k: int, attempt: Attempt, only: str) -> tuple[str, str] | None:
    """The first thing that is off in a case: a sentence and the result that it is about; None if nothing is."""
    spec, case, right = tables.spec, tables.cases[k], tables.rights[k]
    answer = attempt(*case.arguments)
    if right is not None:
        got = tables.results(k, attempt)
        if isinstance(next(iter(right.values())), Params):
            name = next(iter(right))
            sentence = _nine_off(got[name], right[name], len(case.arguments[1]))
            return (sentence, name) if sentence else None
        expected = tables.expected(k, got)
        for name in [only] if only else right:
            if name not in got:
                return f"The answer has no {name}.", ""
            tolerance, relative = spec.get("tolerance", 1e-9), spec.get("relative", False)
            axes = spec.get("axes", ["row", "column"] if np.ndim(right[name]) > 1 else ["unit"])
            label = spec.get("label", "{}").format(name)
            given = tables.given(k, got, name)
            should = f"with your {' and '.join(given)} it should be" if given else "right is"
            sentence = difference(label, got[name], expected[name], axes, tolerance, relative, should)
            if sentence:
                fits = is_like(got[name], np.asarray(expected[name]))
                return f"{sentence} {case.also(got[name]) if case.also and fits else ''}".strip(), name
    sentence = case.look(answer) if case.look else ""
    return (sentence, "") if sentence else None


def by_name(answer: Any, names: Sequence[str], like: Mapping | None = None, function: str = "") -> dict[str, Any]:
    """An answer by the names of its results; raise `Trouble` if a learner's is not built like the right one."""
    model = answer if like is None else next(iter(like.values()))
    if isinstance(model, Params):
        try:
            return {names[0]: answer if like is None else collect_gradients(answer, model)}
        except ValueError as error:
            raise Trouble(f"{function} {error}") from error
    if isinstance(answer, Mapping | Params) and (len(names) > 1 or names[0] in answer.keys()):  # noqa: SIM118
        return {name: answer[name] for name in names if name in answer.keys()}  # noqa: SIM118  (Params is no Mapping)
    if len(names) == 1:
        return {names[0]: answer}
    if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != len(names):
        got = f"{len(answer)} of them" if isinstance(answer, tuple | list) else kind(answer)
        raise Trouble(f"The function should return {len(names)} arrays ({', '.join(names)}), but returns {got}.")
    return dict(zip(names, answer, strict=True))


def _nine_off(grads: Mapping[str, np.ndarray], right: Params, length: int) -> str:
    """Which of nine gradients are wrong, the one that is furthest off and its worst entry; "" if all are right."""
    errors = {name: relative_error(grads[name], right[name]) for name in Params.NAMES}
    wrong = [name for name in Params.NAMES if verdict(errors[name]) != "right"]
    if not wrong:
        return ""
    worst, fine = max(wrong, key=errors.get), [name for name in Params.NAMES if name not in wrong]
    at = tuple(int(k) for k in np.unravel_index(abs(grads[worst] - right[worst]).argmax(), right[worst].shape))
    return (
        f"With {length} step{'s' * (length > 1)}, wrong: {_listed(wrong)}; right: {_listed(fine)}. Furthest off is"
        f" d{worst}, with an error of {errors[worst]:.2g}; at row {at[0]}, column {at[1]} yours is"
        f" {grads[worst][at]:.3g}, right is {right[worst][at]:.3g}."
    )


def _listed(names: Sequence[str]) -> str:
    return " ".join(f"d{name}" for name in names) or "none"


# ------------------------------------------------------------------------------------------ named mistakes


class _Tables:
    """The right results and named mistakes of one task; each sentence is said only once."""

    def __init__(self, spec: Mapping, names: Mapping, cases: Sequence[Case], rights: Sequence[Mapping | None]):
        self.spec, self.names, self.cases, self.rights = spec, names, cases, rights
        self.said: set[str] = set()
        self.following: dict[str, list[str]] = {}  # results judged by the learner's own wrong ones, and these
        self.known: dict[tuple, Any] = {}  # what the expressions give, so that each is computed only once

    def results(self, k: int, attempt: Attempt) -> dict[str, Any]:
        """The learner's results in a case by name; raise `Trouble` if the answer is not built like the right one."""
        answer, right = attempt(*self.cases[k].arguments), self.rights[k]
        if len(right) > 1 and "returns" not in self.spec and not isinstance(answer, Mapping):
            raise Trouble(f"The function should return a dictionary ({', '.join(right)}), but returns {kind(answer)}.")
        return by_name(answer, list(right), right, attempt.name)

    def expected(self, k: int, got: Mapping[str, Any]) -> dict[str, Any]:
        """What the results of a case should be: the right ones, or what follows from the learner's own by `lines`."""
        expected, right = dict(self.rights[k]), self.rights[k]
        for name, line in self.spec.get("lines", {}).items():
            if name in got and difference(name, got[name], right[name]):
                value = value_of(line, self._space(k, "", self._own(got, right, name)), _numbers)
                if value is not None and value.any():  # from zeros only zeros follow, and they are not half right
                    expected[name] = value
        return expected

    def given(self, k: int, got: Mapping[str, Any], name: str) -> list[str]:
        """The learner's own wrong results from which it follows what a result should be; [] if it is simply right."""
        right = self.rights[k]
        if not difference(name, self.expected(k, got)[name], right[name]):
            return []
        read = re.findall(r"\w+", self.spec["lines"][name])
        own = [
            each for each in self._own(got, right, name) if each in read and difference(each, got[each], right[each])
        ]
        self.following[name] = own
        return own

    def _own(self, got: Mapping[str, Any], right: Mapping[str, Any], result: str) -> dict[str, np.ndarray]:
        """The learner's results but for one, as far as they can stand in for the right ones.

        One that is the right value of another result can't: it was made rightly and handed back in the wrong place.
        """
        lines = self.spec.get("lines")
        own = {name: got[name] for name in got if name != result and is_like(got[name], np.asarray(right[name]))}
        if lines:
            own = {name: value for name, value in own.items() if not _misplaced(name, got, right)}
        return {name: np.asarray(value, float) for name, value in own.items() if np.any(value)} if lines else {}

    def words(self, attempt: Attempt, result: str) -> str:
        """What explains a wrong result in all cases; "" if nothing known does, or if it was said already."""
        if not hints_wanted() or self.rights[0] is None or not result:
            return ""
        words = self._words(attempt, result)
        if words in self.said:
            return ""
        self.said.add(words)
        return words

    def _words(self, attempt: Attempt, result: str) -> str:
        answers = {}  # the learner's results by case, where there are any
        for k in range(len(self.cases)):
            try:
                answers[k] = self.results(k, attempt)
            except Trouble:
                continue
        single, whole = mistakes_of(self.spec, result, len(self.rights[0]) > 1)
        answered = [k for k in answers if result in answers[k] and _numbers(answers[k][result]) is not None]
        if not answered:
            return ""
        # First what explains all results together: one of them alone may look like another mistake.
        complete = [k for k in answered if set(answers[k]) == set(self.rights[k])]
        together = [_joined(answers[k]) for k in complete]
        if whole and complete and all(values is not None for values in together):
            names, wanted = list(self.rights[0]), [_joined(self.rights[k]) for k in complete]
            own = {k: self._space(k, result) for k in complete}
            table = self._table(whole, own, lambda v: _joined(by_name(v, names)), together, wanted)
            if words := explain(together, wanted, table):
                return words
        got = [_numbers(answers[k][result]) for k in answered]
        right = [_numbers(self.expected(k, answers[k])[result]) for k in answered]
        spaces = {k: self._space(k, result, self._own(answers[k], self.rights[k], result)) for k in answered}
        for k, value in zip(answered, right, strict=True):
            spaces[k]["right"] = value
        if words := explain(got, right, self._table(single, spaces, _numbers, got, right)):
            return words
        if self.spec.get("recognize"):
            code = getattr(attempt.function, "__code__", None)
            read = frozenset(code.co_names + code.co_varnames) if code else frozenset()
            arrays = [{n: v for n, v in s.items() if isinstance(v, np.ndarray | float)} for s in spaces.values()]
            return recognize(result, got, right, arrays, read)
        return ""

    def _table(
        self,
        mistakes: Mapping[str, str],
        spaces: Mapping[int, dict],
        read: Callable,
        got: Sequence[np.ndarray],
        right: Sequence[np.ndarray],
    ) -> dict[str, list]:
        """By their words the numbers that mistakes give in the cases that were answered.

        Where a mistake gives no number, whoever made it has taken care of that case: it has to be right.
        """
        table = {}
        for code, words in mistakes.items():
            values = []
            for k, space in spaces.items():
                key = code, k, space["name"], bool(self.spec.get("lines"))
                if key not in self.known or key[-1]:
                    self.known[key] = value_of(code, space, read)
                values.append(self.known[key])
            open_ = [n for n, value in enumerate(values) if value is None]
            if len(open_) < len(values) and not any(difference("it", got[n], right[n]) for n in open_):
                table.setdefault(words, [g if v is None else v for g, v in zip(got, values, strict=True)])
        return table

    def _space(self, k: int, result: str = "", own: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return space_of(self.spec, self.names, self.cases[k], self.rights[k], result) | dict(own or {})


def _misplaced(name: str, got: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether a result is wrong and is the right value of another one that is not where it belongs.

    A dz without its slope is the right delta of its gate too, but the delta is in its own place then.
    """
    if not difference(name, got[name], right[name]):
        return False
    away = [other for other in right if other != name and other in got and difference(other, got[other], right[other])]
    return any(not difference(name, got[name], right[other]) for other in away)


def space_of(spec: Mapping, names: Mapping, case: Case, right: Mapping | None, result: str = "") -> dict[str, Any]:
    """The names that the expressions of a task's mistakes may use in a case."""
    arguments = re.findall(r"\w+", spec["call"].partition("(")[2])
    results = right or {}
    single = {"name": result, **({"right": results[result]} if result in results else {})}
    return {"np": np, **names, **dict(zip(arguments, case.arguments, strict=False)), **case.names, **results, **single}


def value_of(code: str, space: dict[str, Any], read: Callable) -> np.ndarray | None:
    """The numbers of an expression; None if it can't be computed with these names, or is not finite."""
    try:
        with np.errstate(all="ignore"):
            return read(eval(code, space))
    except (ValueError, IndexError):  # arrays that do not fit
        return None


def mistakes_of(spec: Mapping, result: str, several: bool) -> tuple[dict[str, str], dict[str, str]]:
    """The named mistakes of one result, and those of the whole answer, if it has several results."""
    table = spec.get("mistakes", {})
    whole = {code: words for code, words in table.items() if isinstance(words, str)}
    named = [key for key, words in table.items() if key in (result, "each") and not isinstance(words, str)]
    single = {code: words for key in sorted(named, key="each".__eq__) for code, words in table[key].items()}
    return (single, whole) if several else (single | whole, {})


def _numbers(value: Any) -> np.ndarray | None:
    """A value as an array of finite numbers, nine gradients as one vector; None if it is none."""
    if isinstance(value, Params):
        return value.flat
    if isinstance(value, dict):
        if set(value) != set(Params.NAMES) or not all(isinstance(each, np.ndarray) for each in value.values()):
            return None
        together = Params.zeros(*value["V"].shape)
        for name in Params.NAMES:
            together[name][:] = value[name]
        return together.flat
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different length
        return None
    return array if array.dtype.kind in "fiub" and np.isfinite(array).all() else None


def _joined(results: Mapping[str, Any]) -> np.ndarray | None:
    """All results as one vector; None if one of them is no array of finite numbers."""
    arrays = [_numbers(value) for value in results.values()]
    return None if any(array is None for array in arrays) else np.concatenate([np.ravel(array) for array in arrays])
