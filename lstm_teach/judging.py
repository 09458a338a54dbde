"""Judge what a learner wrote: call it, and compare its answer with the right one. recognize.py says what it is instead.

Imports aside, borrowed, cellcode, guard, gradcheck, verdicts, params and numpy. One engine for the blanks of the
lessons and the checks of the exercises.
"""

import ast
import contextlib
import copy
import math
import re
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, MappingView, Sequence
from dataclasses import is_dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from lstm_teach import aside, borrowed, cellcode, guard
from lstm_teach.gradcheck import read_gradients
from lstm_teach.params import Params
from lstm_teach.validate import amount, brief, listing
from lstm_teach.verdicts import Part, Verdict, hints_wanted

Arrays = Sequence[np.ndarray]  # one for each case
SECONDS = 10.0  # for all calls of one check together; nbgrader gives a cell 30
# Where the answers are: a learner's function may not just call what these define. Tools don't answer anything.
ANSWERS = (
    *("backward", "batch", "blanks", "doctor", "exercises", "flow", "forward", "gradcheck", "gradients"),
    *("gradreport", "lessons", "models", "nested", "plain", "rnn", "training"),
)
TOOLS = ("Cache", "example", "score_deltas", "sigmoid", "softmax")
NOT_MADE = " If a cell above makes it, run that cell first. If none does, make it yourself or look at the spelling."
ENDLESS = "Look for a loop that never ends."
ONCE = Iterator | MappingView  # not an array, and some can be read only once
TOLERANCE = 1e-9  # of an answer, relative to its largest number
DOTS = "{} still has dots in it: replace them with your code."
RAISES = "{} still raises NotImplementedError: replace that line with your code."
INFINITE = "look for a division by 0, a log of 0 or an exp of a large number"
CALLS = "{} calls {} from the library. What counts here is that you write the lines yourself."
COPY = "Make new arrays, work on a .copy(), or write the old values back"
GIVEN = "{} (given your {})"  # the name shown for a result that is right only given the learner's wrong ones
WITH_YOUR = "with your {} it should be"
FOLLOWS = "This may come from your {}: look there first."
ONE_ARRAY = "{} are one array here, so a change to one changes them all. Make an array for each."


class Trouble(Exception):
    """A part can't be judged; the message is the sentence for the learner."""


class OutOfTime(Trouble):
    """The function's time is up."""


class Attempt:
    """A learner's function, called with copies of the inputs; the time of all calls together is limited.

    Calls raise `Trouble` with a sentence where there is no answer. The same inputs (the same objects) are given to the
    function only once, so that several parts can look at one answer. `changed` names inputs that were written to,
    `rounded` those whose last digits are not what they were. `slow` is what to say of a call that takes too long.
    `entered` has the functions that it called, see borrowed.py, `lent` the names of functions given as inputs.
    """

    def __init__(self, function: Callable, seconds: float = SECONDS, slow: str = ENDLESS):
        if not callable(function):
            raise TypeError(_no_function(function))
        self.function, self.name = function, guard.name_of(function)
        self.changed: dict[str, None] = {}  # in the order of their discovery
        self.rounded: dict[str, None] = {}
        self.entered = Counter()
        self.is_library = str(getattr(guard.unwrapped(function), "__module__", "")).startswith("lstm_teach.")
        self.lent: set[str] = set()
        self.seconds, self._left, self.slow = seconds, seconds, slow
        self._answers: dict[tuple[int, ...], tuple] = {}

    def __call__(self, *inputs: Any) -> Any:
        """Return the function's answer to these inputs, or raise `Trouble`."""
        key = tuple(map(id, inputs))
        if key not in self._answers:
            self._answers[key] = (inputs, *self._ask(inputs))
        _, answer, trouble = self._answers[key]
        if trouble:
            raise trouble
        return answer

    def borrowed(self, allowed: Collection[str]) -> str:
        """That it has called, or that it is, one of the library's `ANSWERS`, but for those `allowed`; or ""."""
        called = borrowed.answer_in(self.entered, ANSWERS, (*allowed, *self.lent))
        if called and self.is_library:
            return f"{self.name} is a function of the library, not one of yours. Write the lines yourself."
        return called and CALLS.format(self.name, called)

    def writes(self) -> str:
        """That it has written to its inputs; or ""."""
        if not self.changed:
            return ""
        way = cellcode.alias(self.body(), self.changed) or COPY
        names = listing([*self.changed, *self.rounded])  # what changed in its last digits was written to as well
        return f"{self.name} writes to what it was given, {names}. {way}."

    def body(self) -> Sequence[ast.stmt]:
        """Its statements, as far as its text is known."""
        tree = cellcode.tree_of(guard.unwrapped(self.function))
        return next((s.body for s in tree.body if isinstance(s, ast.FunctionDef)), ())

    def is_unwritten(self, trouble: object) -> bool:
        """Whether a `Trouble` or its sentence says that this function, not one that it calls, is not written yet."""
        return str(trouble) in (DOTS.format(self.name), RAISES.format(self.name))

    def _ask(self, inputs: tuple) -> tuple[Any, Trouble | None]:
        if self._left <= 0:
            seconds = amount(f"{self.seconds:g}", "second")
            return None, OutOfTime(f"{self.name} used up its {seconds} in the earlier parts.")
        given = copy.deepcopy(inputs)
        self.lent |= {guard.name_of(each) for each in inputs if callable(each)}
        spent = guard.stopwatch()
        try:
            with _no_standard_error():
                answer = guard.call(borrowed.entered(self.entered)(self.function), *given, seconds=self._left)
        except guard.LearnerError as error:
            # By name: in grading it comes from another process; that of an input() nobody can answer is another one.
            if type(error.__cause__).__name__ == "NotImplementedError":
                *_, (frame, _) = traceback.walk_tb(error.__cause__.__traceback__)
                return None, Trouble(RAISES.format(frame.f_code.co_name))  # perhaps another one, which this one calls
            said = str(error).replace(ENDLESS, self.slow)
            unmade = "raised NameError: name '" in said and not re.search("write np\\.|import it", said)
            trouble = OutOfTime if isinstance(error, guard.TooLong) else Trouble
            return None, trouble(said + (NOT_MADE if unmade else ""))
        finally:
            aside.give_modules_back()
            self._left -= spent()
        names = [*guard.parameters_of(self.function)]  # none of builtins, one of *inputs
        for number, (before, after) in enumerate(zip(inputs, given, strict=True)):
            if not same(before, after):
                found = self.rounded if same(before, after, rounding=True) else self.changed
                found[names[number] if number < len(names) else f"input {number + 1}"] = None
        if answer is Ellipsis:
            return None, Trouble(DOTS.format(self.name))
        if answer is None:
            return None, Trouble(f"{self.name} returns nothing (None): is a return missing at its end?")
        if isinstance(answer, ONCE):
            should = "It should return the values themselves: list(...) makes a list of them."
            return None, Trouble(f"{self.name} returns {brief(answer)}. {should}")
        with contextlib.suppress(Exception):  # of some things there is no copy
            answer = copy.deepcopy(answer)  # the next call may fill the same dictionary
        return answer, None


def judge(
    function: Callable,
    parts: Mapping[str, Callable[[Attempt], str]],
    hints: Sequence[str],
    seconds: float = SECONDS,
    note: str = "",
    allow: Sequence[str] | None = (),
    slow: str = ENDLESS,
) -> Verdict:
    """Try `function` part by part and collect the verdict.

    Each part gets the `Attempt` and returns a sentence, empty if all is right; `Trouble` counts as its sentence.
    A function that writes to its inputs is told so beside the parts, and has one less right. A function that calls one
    of the library's `ANSWERS` earns nothing; `allow` names those that this task permits, None permits all. The `note`
    is shown where something is not right.
    """
    if not callable(function):
        return Verdict("Your function", tuple(Part(name, _no_function(function)) for name in parts), tuple(hints), note)
    attempt = Attempt(function, seconds, slow)
    results = []
    for name, part in parts.items():
        try:
            with _no_standard_error():  # a part may call the function by itself
                results.append(Part(name, part(attempt)))
        except Trouble as trouble:
            results.append(Part(name, str(trouble), open=attempt.is_unwritten(trouble)))
    if allow is not None and (said := attempt.borrowed((*TOOLS, *allow))):
        results = [Part(name, said) for name in parts]
    tree = cellcode.tree_of(guard.unwrapped(function))
    if not all(part.passed for part in results) and cellcode.dots(tree):
        dots = DOTS.format(attempt.name)
        results = [part if part.passed else Part(part.name, dots, open=True) for part in results]
    said = attempt.writes()
    if attempt.rounded and not said:
        advice = "Undoing a change by arithmetic leaves a rounding error. Save the old value and write it back."
        said = f"{attempt.name} leaves {listing(attempt.rounded)} changed in the last digits. {advice}"
    if said:
        results.append(Part("inputs", said, beside=True))
    if all(part.passed for part in results):
        note = ""
    elif not hints_wanted():
        off = "Hints are off. To see three hints, and the mistake's name if it is a known one, run show_hints(True)."
        hints, note = (), f"{note} {off}".strip()
    else:
        sized = results if guard.parameters_of(function) else ()  # else its sizes are those that the task asks for
        sizes = next(filter(None, (typed_sizes(part.sentence, tree) for part in sized)), "")
        note = " ".join(filter(None, (cellcode.return_in_loop(tree), cellcode.slip(tree), sizes, note)))
    return Verdict(attempt.name, tuple(results), tuple(hints), note)


def in_another_order(function: Callable, call: str, sentence: str) -> str:
    """That a function takes its arguments in another order than in `call`, or takes other ones; or ""."""
    names = re.findall(r"[(,] *(\w+)", call)  # of f(a, b=1): a and b
    of_our_call = "the function disagree on" in sentence and ", at line" not in sentence
    order = f"{guard.name_of(function)} gets these arguments in this order: the first line should be `def {call}:`."
    return order if of_our_call or guard.misplaced(function, names) else ""


@contextlib.contextmanager
def _no_standard_error() -> Iterator[None]:
    """Meanwhile nothing goes to standard error: for nbgrader, a cell that wrote anything there has failed."""
    with warnings.catch_warnings(action="ignore"), contextlib.redirect_stderr(sys.stdout):
        yield


def _no_function(given: Any) -> str:
    got = "nothing (None)" if given is None else brief(given)
    return f"The check needs your function itself, got {got}: give its name, without parentheses."


def difference(
    name: str,
    got: Any,
    right: np.ndarray | float,
    axes: Sequence[str] = ("unit",),
    tolerance: float = 1e-9,
    relative: bool = False,
    should: str = "it should be",
    back: bool = False,
) -> str:
    """What is off in an array that should equal `right`: a sentence, empty if nothing is.

    `axes` names what each axis counts. `tolerance` is the largest difference allowed, relative to 1 + |right|, or to
    |right| alone where `relative`. `should` are the words before the number that should have come. With `back` the
    first axis counts steps that are walked from the last one on, and the first step that is off is the last in order.
    """
    right = np.asarray(right)
    if sentence := wrong_form(name, got, right, axes):
        return sentence
    array = np.asarray(got)
    off = abs(array - right)
    wrong = ~(off <= tolerance * (abs(right) if relative else 1 + abs(right)))
    if not wrong.any():
        return ""
    places = np.argwhere(wrong)
    steps = np.unique(places[:, 0]) if back else ()
    clear = np.argwhere(wrong & (off > 0.01 * abs(right)))  # rather than one that only just differs
    first = tuple(places[places[:, 0] == steps[-1]][0] if back else [*clear, *places][0])
    yours, theirs = two_numbers(array[first], right[first])
    are = "is" if wrong.sum() == 1 else "are"
    size = f", by up to {off.max():.2g}" if right.dtype.kind == "f" else ""  # tokens are whole numbers, and no amounts
    extent = f" ({wrong.sum()} of {wrong.size} numbers {are} off{size})" if wrong.size > 1 else ""
    sentence = f"{name} is off{_where(axes, first)}: yours is {yours}; {should} {theirs}{extent}."
    if len(steps) > 1:
        sentence += f" Walking back, {axes[0]} {first[0]} is the first that is off."
    return sentence


def typed_sizes(trouble: str, *lines: ast.AST) -> str:
    """That a number typed in these lines is a size named in the error, or beyond it; "" if none is."""
    said = trouble.partition(", at line ")[0]
    beyond = "out of bounds" in said  # an index; else the shapes stand in parentheses
    shapes = re.findall(r"\([\d, ]+\)", said)
    if not (beyond or shapes[1:] or " raised " in said):  # with one shape, the kind is wrong, not a size
        return ""
    sizes = {int(n) for n in re.findall(r"\d+", said if beyond else " ".join(shapes))}
    terms = [n for line in lines for n in ast.walk(line) if isinstance(n, ast.BinOp)]
    products = [n for n in terms if isinstance(n.op, ast.Mult | ast.Div | ast.Pow)]  # what is in these is no size
    factors = {side.value for n in products for side in (n.left, n.right) if isinstance(side, ast.Constant)}
    typed = [n for n in dict.fromkeys(cellcode.numbers_typed(*lines)) if isinstance(n, int) and n not in factors]
    fits = any(n in sizes or (beyond and n > max(sizes)) for n in typed)
    return f"A size typed in as a number fits only one net or sequence: look for {listing(typed)}." if fits else ""


def wrong_form(name: str, got: Any, right: np.ndarray, axes: Sequence[str] = ()) -> str:
    """What makes `got` no possible answer (not numbers, another shape, NaN): a sentence, empty if nothing does."""
    if callable(got):
        return f"{name} is a function: are parentheses missing after it?"
    if got is None:
        what = f"{name} is None, not a number"
        return f"{what}: write the value alone. (print, list.sort and other calls without a result give None.)"
    try:
        array = np.asarray(got)
    except ValueError:  # rows of different length
        return f"{name} should be {shape_in_words(right.shape)}, but is {kind(got)}."
    if isinstance(got, int) and array.dtype.kind not in "fiub":  # Python's own integers know no limit
        return f"{name} is a whole number of {int(math.log10(abs(got))) + 1} digits: far too large."
    if array.dtype.kind not in "fiub":
        if array.dtype.kind == "c":
            return f"{name} should hold real numbers, but is complex: take the absolute value or the part you mean."
        return f"{name} should hold real numbers, but is {kind(got)}."
    if array.shape != right.shape:
        if isinstance(got, list | tuple) and array.ndim == right.ndim == 1:
            return f"{name} should have {len(right)} {'entry' if len(right) == 1 else 'entries'}, but has {len(got)}."
        listed = f"a {type(got).__name__} of shape {array.shape}"
        is_now = listed if isinstance(got, list | tuple) else shape_in_words(array.shape)
        same = array.size == right.size and np.allclose(array.ravel(), right.ravel(), 1e-9, 0)
        fine = " The numbers are right; only the shape is wrong." if same else ""
        return f"{name} should be {shape_in_words(right.shape)}, but is {is_now}.{fine}"
    if not np.isfinite(array).all():
        index = tuple(np.argwhere(~np.isfinite(array))[0])
        more = ", or a root or log of a negative one" if np.isnan(array[index]) else ", unless you wrote np.inf"
        return f"{name} is {array[index]}{_where(axes, index)}: {INFINITE}{more}."
    return ""


def parts_of(answer: Any, like: Any, name: str, returns: Sequence[str] = ()) -> dict[str, Any]:
    """An answer of the function `name` by part; raise `Trouble` if it can't be read as the right one `like` is built.

    `returns` are the names of the parts of a tuple.
    """
    if isinstance(like, Params):
        try:
            return read_gradients(answer)
        except ValueError as error:
            raise Trouble(f"{name} {error}") from None
    if isinstance(like, tuple):
        return in_order(answer, returns, name)
    if not isinstance(like, dict):
        return {name: answer}
    found = answer.keys() if isinstance(answer, Mapping | Params) else ()
    if missing := [key for key in like if key not in found]:
        lacks = f"; {listing(missing)} {'is' if len(missing) == 1 else 'are'} missing" if found else ""
        raise Trouble(f"{name} should return {listing(like)}, each under its name{lacks}.")
    return {key: answer[key] for key in like}


def in_order(answer: Any, names: Sequence[str], function: str = "The function") -> dict[str, Any]:
    """Several results by their names; raise `Trouble` if they are not so many."""
    # A stack of results has a row for each. One result, a vector, may have as many numbers by chance.
    several = isinstance(answer, tuple | list) or (isinstance(answer, np.ndarray) and answer.ndim > 1)
    if not several or len(answer) != len(names):
        got = f"{len(answer)} of them" if isinstance(answer, tuple | list) else kind(answer)
        raise Trouble(f"{function} should return {len(names)} arrays ({', '.join(names)}), but returns {got}.")
    return dict(zip(names, answer, strict=True))


def numbers(value: Any) -> np.ndarray | None:
    """A value as an array of finite numbers, several values by name as one vector; None if it is none."""
    try:
        if isinstance(value, Params | dict):
            value = np.concatenate([np.ravel(value[name]) for name in value.keys()])  # noqa: SIM118  (of a Params)
        array = np.asarray(value)
    except (TypeError, ValueError):  # rows of different length, unlike things by name, or nothing at all
        return None
    return array if array.dtype.kind in "fiub" and np.isfinite(array).all() else None


def two_numbers(yours: float, right: float) -> tuple[str, str]:
    """Two different numbers with as few digits as show that they differ, at least four; 120,000 rather than 1.2e+05."""
    yours = 0.0 if right and 1e-30 < abs(yours / right) < 1e-14 else yours  # what rounding has left
    size = max(abs(yours), abs(right))
    least, comma = (len(f"{size:.0f}"), ",") if 1e4 <= size < 1e9 else (4, "")
    for digits in range(least, 17):
        texts = f"{yours + 0.0:{comma}.{digits}g}", f"{right + 0.0:{comma}.{digits}g}"  # never minus zero
        if texts[0] != texts[1]:
            break
    return texts


def by_length(off: Mapping[str, Sequence[bool]], steps: Sequence[int]) -> str:
    """Which parts of a backward pass are wrong at the shortest length at which some are, in place of their numbers."""
    shortest = min(T for is_off in off.values() for T, one in zip(steps, is_off, strict=True) if one)
    there = [k for k, T in enumerate(steps) if shortest == T]
    wrong = [part for part, is_off in off.items() if any(is_off[k] for k in there)]
    are = "all nine are wrong" if len(wrong) == len(off) else f"{listing(wrong)} {'are' if wrong[1:] else 'is'} wrong"
    if fine := [T for T in steps if shortest > T]:
        what = f"With {amount(max(fine), 'step')} everything is right; with {shortest}, {are}"
        if shortest > max(fine) + 1 > 2:
            return f"{what}. Does the walk go all the way back, and is nothing clipped?"
        handed = "what is handed on from step to step, and at what is added up"
        # dV gets nothing that is handed on
        share = "what all nine share: dy, the order of the steps, and how they are added up"
        return f"{what}. So look at {share if len(wrong) == len(off) else handed}."
    gates = {part[1:] for part in wrong}
    where = "the deltas of this gate" if len(gates) == 1 and gates < {*"ifog"} else "what these share"
    where = where if wrong[1:] else "the line that makes it"
    return f"Even with {shortest} step, {are}: look at {where}."


def is_like(got: object, right: np.ndarray | float) -> bool:
    """Whether something can stand in for an array: its shape, real and finite."""
    return not wrong_form("it", got, np.asarray(right))


def close(got: Any, right: np.ndarray) -> bool:
    """Whether an answer is right."""
    if not is_like(got, right):
        return False
    size = np.max(np.abs(right), initial=0.0)
    return bool(np.max(np.abs(np.asarray(got) - right), initial=0.0) <= TOLERANCE * (size or 1e-3))


def kind(value: Any) -> str:
    """What something is, in words: "an array of shape (3,)", "3.0 (float)"."""
    if callable(value):
        return brief(value)
    if isinstance(value, str):
        code = ""
        with contextlib.suppress(SyntaxError, ValueError):  # words, or a zero byte
            named = cellcode.names_in(ast.parse(value.strip(), mode="eval"))  # str(5) has none
            # a single word, such as "yes", may be meant as text
            code = "; code is written without quotation marks" if named and not value.isalpha() else ""
        return f"text, {brief(value)}{code}"
    if isinstance(value, float | np.floating):
        return brief(float(f"{value:.4g}"))
    if isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
        return f"an array of dtype {value.dtype}"
    return shape_in_words(value.shape) if isinstance(value, np.ndarray) else brief(value)


def shape_in_words(shape: tuple[int, ...]) -> str:
    """An array's shape for a sentence."""
    return f"an array of shape {shape}" if shape else "a single number"


def _where(axes: Sequence[str], index: tuple[int, ...]) -> str:
    named = [f"{axis} {position}" for axis, position in zip(axes, index, strict=False)]
    return f" at {', '.join(named)}" if named else ""


def same(before: Any, after: Any, rounding: bool = False) -> bool:
    """Whether a copy of an input is still what it was; with `rounding`, up to its last digits, by the array's size."""
    if isinstance(before, Params):
        return isinstance(after, Params) and same(before.flat, after.flat, rounding)
    before = np.asarray(before) if rounding and isinstance(before, float) else before
    if isinstance(before, np.ndarray):
        try:
            after = np.asarray(after)
        except ValueError:  # rows of different length
            return False
        if before.shape != after.shape or (after.dtype.kind not in "biufc") != (before.dtype.kind not in "biufc"):
            return False
        may_be_nan = before.dtype.kind in "fc"
        if not (rounding and may_be_nan):
            return np.array_equal(before, after, equal_nan=may_be_nan)
        size = np.max(np.abs(before[np.isfinite(before)]), initial=0.0)  # a tiny array is judged like a large one
        return np.allclose(before, after, 0, 1e-12 * size, equal_nan=True)
    if isinstance(before, SimpleNamespace) or (is_dataclass(before) and not isinstance(before, type)):
        if type(after) is not type(before):
            return False
        before, after = vars(before), vars(after)  # a Cache, say: its == can't compare arrays
    if isinstance(before, dict):
        alike = isinstance(after, dict) and before.keys() == after.keys()
        return alike and all(same(before[key], after[key], rounding) for key in before)
    if isinstance(before, list | tuple):
        return isinstance(after, list | tuple) and same(dict(enumerate(before)), dict(enumerate(after)), rounding)
    several = isinstance(after, list | tuple) or getattr(after, "ndim", 0)  # one number is never the same as these
    return callable(before) or before is after or (not several and before == after)
