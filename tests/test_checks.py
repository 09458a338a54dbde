"""The machinery of all checks: whatever a learner's function does, there is a sentence for it."""

import re
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach.exercises.engine import by_name
from lstm_teach.judging import Attempt, Trouble, difference, judge, kind, two_numbers
from lstm_teach.recognize import explain
from lstm_teach.verdicts import Part, Verdict, advice, show_hints

INPUT = np.array([1.0, 2.0, 3.0])
PARAMS = lt.Params.random(3, 2)
CACHE = lt.forward(PARAMS, [0, 1])
HINTS = ("think <of> it", "look there", "write this")


def double(vector):
    return 2 * vector


def check(function, seconds=10.0, **options):
    parts = {
        "values": lambda attempt: difference("the result", attempt(INPUT), 2 * INPUT),
        "again": lambda attempt: difference("the result", attempt(INPUT), 2 * INPUT),
    }
    return judge(function, parts, HINTS, seconds, **options)


def test_a_right_function_passes_and_shows_no_hints():
    verdict = check(double)
    assert verdict.passed and verdict.score == 1 and verdict.summary == "`double` is right in every part."
    assert "Hint" not in verdict._repr_html_() and "hint" not in str(verdict)


def test_without_hints_a_verdict_names_no_mistake_and_says_how_to_get_one():
    def part(attempt):
        return difference("the result", attempt(INPUT), 2 * INPUT) + advice("It is doubled, not halved.")

    show_hints(False)
    try:
        verdict = judge(lambda v: v / 2, {"values": part}, HINTS, note="Take it easy.")
        right = judge(double, {"values": part}, HINTS)
    finally:
        show_hints(True)
    for shown in (str(verdict), verdict._repr_html_()):
        assert "yours is 0.5; it should be 2" in shown and "Take it easy. Hints are off." in shown
        assert "show_hints(True)" in shown and "It is doubled" not in shown and "think" not in shown
    assert verdict.hints == () and "Hints are off" not in str(right)
    verdict = judge(lambda v: v / 2, {"values": part}, HINTS)
    assert "It is doubled" in str(verdict) and len(verdict.hints) == 3


SENTENCES = {
    "returns nothing": (lambda v: None, r"returns nothing \(None\): is a return missing"),
    "raises": (lambda v: v[3], "raised IndexError: index 3 is out of bounds"),
    "names its line": (lambda v: v[3], r", at line \d+: "),
    "divides by zero": (lambda v: 1 // 0, "raised ZeroDivisionError"),
    "ends the program": (lambda v: sys.exit("bye"), "raised SystemExit: bye"),
    "calls itself for ever": (lambda v: SENTENCES["calls itself for ever"][0](v), "raised RecursionError"),
    "wrong shape": (lambda v: v[:2], r"should be an array of shape \(3,\), but is an array of shape \(2,\)"),
    "a number": (lambda v: 6.0, "should be an array of shape .3,., but is a single number"),
    "ragged": (lambda v: [[1], [2, 3]], "should be an array"),
    "text": (lambda v: "abc", "should hold real numbers"),
    "complex": (lambda v: v * 1j, "should hold real numbers"),
    "a generator": (lambda v: (2 * x for x in v), "returns a generator. It should return the values themselves"),
    "values of a dictionary": (lambda v: {}.values(), r"returns dict_values\(\[\]\)\. It should return"),
    "not a number": (lambda v: v * np.nan, "is nan at unit 0: look for"),
    "infinite": (lambda v: v * np.inf, "is inf at unit 0"),
    "wrong numbers": (
        lambda v: 2 * v + np.array([0, 1, 0]),
        r"is off at unit 1: yours is 5; it should be 4 \(1 of 3 numbers is off",
    ),
    "single precision": (lambda v: (2 * v + 1e-8).astype("f4") / 3 * 3.0001, "off|float64"),
}


@pytest.mark.parametrize("fault", SENTENCES)
def test_every_kind_of_fault_has_a_sentence_of_its_own(fault):
    function, words = SENTENCES[fault]
    verdict = check(function)
    assert verdict.score == 0
    assert re.search(words, str(verdict)), str(verdict)
    assert re.search(words, verdict.parts[0].sentence) and verdict.parts[0].sentence[-1] in ".?"


def test_an_endless_loop_is_stopped_and_asked_once_only():
    calls = []

    def endless(vector):
        calls.append(vector)
        while True:
            pass

    start = time.monotonic()
    verdict = check(endless, seconds=0.3)
    assert time.monotonic() - start < 3 and len(calls) == 1
    assert "did not finish within 0.3 seconds" in str(verdict)
    assert re.search(r"while True|\bpass\b", str(verdict)), "Python 3.14 is mostly in the loop's second line"
    assert not [thread for thread in threading.enumerate() if "endless" in thread.name]


def test_the_time_is_for_all_parts_together():
    def slow(vector):
        time.sleep(0.4)
        return 2 * vector

    parts = {str(n): lambda attempt, n=n: difference("it", attempt(INPUT + n), 2 * (INPUT + n)) for n in range(5)}
    verdict = judge(slow, parts, HINTS, seconds=1)
    assert [part.passed for part in verdict.parts] == [True, True, False, False, False]
    assert "did not finish" in verdict.parts[2].sentence
    assert "used up its 1 second" in verdict.parts[3].sentence


def test_a_function_that_is_not_written_yet_is_named():
    def helper(vector):
        raise NotImplementedError()

    def outer(vector):
        return helper(vector)

    def complaining(vector):
        raise ValueError("the slope is not written yet")

    verdict = check(helper)
    assert verdict.summary == "`helper` is not written yet." and {part.state for part in verdict.parts} == {"open"}
    assert verdict.score == 0 and not verdict.passed
    still = "helper still raises NotImplementedError: replace that line with your code."
    assert still in str(check(outer)) and f"{verdict}".startswith(f"{verdict.summary} {still}\nThree hints")
    for shown in (str(verdict), verdict._repr_html_()):
        assert shown.count("written yet") == shown.count("helper still") == 1 and "values" not in shown
    for written in (outer, complaining):
        verdict = check(written)
        assert verdict.summary == f"`{written.__name__}` is not right yet."
        assert {part.state for part in verdict.parts} == {"wrong"}


def test_a_statement_of_dots_is_said_to_be_unwritten_unless_the_answer_is_right():
    def halved(vector):
        """Twice the vector."""
        result = vector / 2
        ...
        return result

    def doubled(vector):
        ...
        return 2 * vector[..., :]

    verdict = check(halved)
    assert "halved still has dots in it: replace them with your code." in str(verdict)
    assert "off" not in str(verdict) and verdict.parts[0].state == "open"
    assert check(doubled).passed

    def scaled(vector):
        factor = ...
        return factor * vector

    assert "scaled still has dots in it" in str(check(scaled))


def test_a_return_inside_a_loop_is_told_where_it_ends_the_loop_and_something_is_wrong():
    def inside(v):
        total = 0 * v
        for _ in range(2):
            total = total + v
            return total

    def in_a_condition(v):
        for k in range(2):
            if k == 1:
                return k * v

    def by_way_of_continue(v):
        for k in range(2):
            if k == 0:
                continue
            return k * v

    def first_found(v):
        for factor in (2, 3):
            return factor * v

    line = inside.__code__.co_firstlineno + 4
    said = f"The return on line {line} is inside the loop, so the loop ends after its first turn."
    assert said in str(check(inside)) and said + " Take it easy." in str(check(inside, note="Take it easy."))
    for other in (in_a_condition, by_way_of_continue):
        assert not check(other).passed and "inside the loop" not in str(check(other))
    assert check(first_found).passed and "inside the loop" not in str(check(first_found))


def test_a_name_that_no_cell_makes_is_to_be_made_or_imported():
    said = str(check(lambda v: sigmoid(v)))  # noqa: F821
    assert "run that cell first. If none does, make it yourself or look at the spelling." in said
    said = str(check(lambda v: v * math.pi))  # noqa: F821
    assert "math is a module: import it first." in said and "spelling" not in said


def test_a_function_that_python_reads_otherwise_than_it_looks_is_told_so_while_it_is_wrong():
    def halved(v):
        return v * 1 + v / v

    def doubled(v):
        return v * 1 + v

    said = "Python reads `v * 1 + v / v` from left to right: if `1 + v / v` belongs together, put it in parentheses."
    assert said in str(check(halved)) and "Python reads" not in str(check(doubled))


def test_a_result_of_print_is_told_what_it_is():
    assert "print, list.sort and other calls without a result give None" in difference("the result", None, 2 * INPUT)


def test_changed_inputs_are_told_beside_the_parts_take_one_off_and_do_no_harm():
    def careless(numbers):
        numbers *= 2
        return numbers

    verdict = check(careless)
    assert [part.passed for part in verdict.parts] == [True, True, False]
    assert "writes to what it was given, numbers" in str(verdict)
    assert verdict.summary.endswith("parts are right so far, but one is taken off because it changes its inputs.")
    assert verdict.score == 0.5 and not verdict.passed
    assert INPUT.tolist() == [1, 2, 3]


def test_changed_params_are_noticed():
    params = lt.Params.random(4, 3)
    kept = params.flat.copy()

    def careless(net):
        net.Wf += 1
        return 1.0

    verdict = judge(careless, {"it": lambda attempt: difference("it", attempt(params), 1.0, ())}, HINTS)
    assert not verdict.passed and "net" in verdict.parts[-1].sentence
    assert np.array_equal(params.flat, kept)


def test_warnings_and_standard_error_do_not_fail_a_right_answer(capsys):
    def noisy(vector):
        print("a trace", file=sys.stderr)
        warnings.warn("overflow", RuntimeWarning, stacklevel=1)
        np.exp(np.array([1e4]))
        return 2 * vector

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert check(noisy).passed
    out, err = capsys.readouterr()
    assert (err, caught) == ("", []) and "a trace" in out


def test_partial_credit_counts_parts():
    verdict = Verdict("f", (Part("a"), Part("b", "b is off."), Part("c")), HINTS)
    assert verdict.score == pytest.approx(2 / 3) and not verdict.passed
    assert verdict.summary == "`f`: 2 of 3 parts are right so far."
    points = verdict.points(4)
    assert points == 2.75 and type(points._repr_mimebundle_()["text/plain"]) is str
    assert float(points._repr_mimebundle_()["text/plain"]) == 2.75  # what nbgrader reads
    assert "2.75 of 4 points" in points._repr_mimebundle_()["text/html"]
    nine = tuple(Part(name, "off" * (name == "i")) for name in "abcdefghi")
    assert Verdict("f", nine).points(1) == 0.75  # never all of them for less than all
    assert Verdict("f", (Part("a"),)).points(3) == 3 and check(lambda v: None).points(3) == 0


def test_the_text_and_the_page_say_the_same():
    verdict = check(lambda v: 2 * v + np.array([0, 1, 0]))
    page = verdict._repr_html_()
    assert verdict.summary.startswith("`<lambda>` ") and verdict.summary in str(verdict)
    assert verdict.summary.replace("`<lambda>`", "<code>&lt;lambda&gt;</code>") in page
    for part in verdict.parts:
        assert part.sentence in page and part.sentence in str(verdict)
    assert str(verdict).count(verdict.parts[0].sentence) == 1  # two parts, one line
    assert "values, again" in str(verdict) and "values, again" in page


def test_each_hint_stands_inside_the_one_before():
    page = check(lambda v: None)._repr_html_()
    order = [
        page.index(text) for text in ("Hint 1 of 3", "think &lt;of&gt;", "Hint 2", "look there", "Hint 3", "write")
    ]
    assert order == sorted(order)
    between = page[page.index("Hint 1 of 3") : page.index("Hint 3 of 3")]
    assert "</details>" not in between and page.count("<details") == page.count("</details>") == 3
    assert page.count('data-lm-suppress-shortcuts="true"') == 3
    assert not any(hint in str(check(lambda v: None)) for hint in HINTS)


def test_what_a_learner_wrote_is_shown_as_text():
    assert "<script>" not in check(lambda v: 1 / 0 if "<script>" else 1)._repr_html_()


@pytest.mark.parametrize("answer", [3.0, INPUT, "check", None])
def test_a_call_in_place_of_the_function_is_explained(answer):
    verdict = check(answer)
    assert verdict.score == 0 and "needs your function itself, got " in str(verdict)
    assert "give its name, without parentheses" in str(verdict)


def test_the_same_inputs_are_given_once():
    calls = []
    attempt = Attempt(lambda v: calls.append(1) or 2 * v)
    attempt(INPUT)
    attempt(INPUT)
    assert len(calls) == 1
    attempt(INPUT.copy())
    assert len(calls) == 2


@pytest.mark.parametrize("answer", [(1, 2, 3), (1,), INPUT, 5.0])
def test_a_wrong_number_of_results_is_told(answer):
    with pytest.raises(Trouble, match=r"should return 2 arrays \(c, h\), but returns "):
        by_name(answer, ("c", "h"))


def test_results_come_by_name():
    for answer in ((1, 2), [1, 2], {"h": 2, "c": 1}):
        assert by_name(answer, ("c", "h")) == {"c": 1, "h": 2}
    assert by_name(np.array([[1], [2]]), ("c", "h")) == {"c": [1], "h": [2]}  # a stack
    with pytest.raises(Trouble, match=r"should return 2 arrays \(c, h\), but returns an array of shape \(2,\)"):
        by_name(np.array([1, 2]), ("c", "h"))  # one result, which has two numbers


def test_a_common_mistake_is_recognized():
    right, mistaken = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 5.0]])
    assert difference("h", mistaken, right, ("step", "unit")).startswith(
        "h is off at step 1, unit 1: yours is 5; it should be 4"
    )
    known = {"Not it.": [right + 1], "One too many.": [mistaken]}
    assert explain([mistaken], [right], known) == "One too many." and not explain([mistaken + 1e-3], [right], known)


def test_the_tolerance_is_tight_and_relative():
    right = np.array([1.0, 1000.0])
    assert difference("h", right * (1 + 1e-12), right) == ""
    assert "off at unit 0" in difference("h", right + np.array([3e-9, 0]), right)
    assert "off at unit 1" in difference("h", right + np.array([0, 3e-6]), right)


def test_kinds_are_named_in_words():
    assert "without quotation marks" in kind("h[t]") and "without quotation marks" not in kind("yes")
    assert (
        kind(INPUT) == "an array of shape (3,)"
        and kind(np.float64(2)) == "2.0 (float)"
        and kind(None) == ("None (NoneType)")
    )


def test_large_numbers_are_written_out():
    assert two_numbers(250000.5, 125250) == ("250,000", "125,250")  # not 2.5e+05
    assert two_numbers(125250.25, 125250) == ("125,250.2", "125,250")


def test_zero_has_no_minus_sign_beside_a_large_whole_number_either():
    assert [two_numbers(yours, 0.65)[0] for yours in (1e-17, 2e-14, 1e-177)] == ["0", "2e-14", "1e-177"]
    assert two_numbers(-0.0, 20000) == ("0", "20,000") and two_numbers(-0.0, 0.5) == ("0", "0.5")


OBJECT = SimpleNamespace(activation=lt.plain.sigmoid)
SIGMOID = lt.plain.sigmoid(INPUT)
HIDDEN = {
    "getattr": lambda v: getattr(lt.plain, "sig" + "moid")(v),
    "a dictionary": lambda v: vars(lt.plain)["sigmoid"](v),
    "an attribute": lambda v: OBJECT.activation(v),
    "another's hands": lambda v: np.vectorize(OBJECT.activation)(v),
    "a partial": lambda v: partial(OBJECT.activation)(v),
    "a cache": lambda v: cache(OBJECT.activation)(3.0) + 0 * v,
    "a thread": lambda v: next(ThreadPoolExecutor(1).map(OBJECT.activation, [v])),
}


@pytest.mark.parametrize("way", HIDDEN)
def test_an_answer_of_the_librarys_is_noticed_when_it_is_called_however_it_is_hidden(way, monkeypatch):
    def part(attempt):
        return difference("it", attempt(INPUT), SIGMOID)

    monkeypatch.setattr("lstm_teach.judging.TOOLS", ())  # of which the sigmoid is one
    verdict = judge(HIDDEN[way], {"one": part, "two": part}, HINTS)
    said = "<lambda> calls plain.sigmoid from the library. What counts here is that you write the lines yourself."
    assert verdict.score == 0 and str(verdict).count(said) == 1
    verdict = judge(HIDDEN[way], {"one": part}, HINTS, allow=("sigmoid",))
    assert "from the library" not in str(verdict) and (verdict.passed or way == "a cache")


def test_a_function_that_is_given_may_be_called_and_so_may_what_it_calls():
    def lent(attempt):
        return difference("it", attempt(lt.bptt, PARAMS), lt.bptt(PARAMS, [0, 1], [1, 0]).flat)

    def given(attempt):
        return difference("it", attempt(CACHE), CACHE.f)

    assert judge(lambda backward, params: backward(params, [0, 1], [1, 0]).flat, {"": lent}, HINTS).passed
    assert judge(lambda cache: cache.f, {"": given}, HINTS).passed
    flow = lt.gradient_flow  # which numpy's errstate calls, and whose helpers nobody allows by name
    right = flow(PARAMS, [0, 1], [1, 0]).dc
    part = {"": lambda attempt: difference("it", attempt(PARAMS), right)}
    assert judge(lambda params: flow(params, [0, 1], [1, 0]).dc, part, HINTS, allow=("gradient_flow",)).passed
