"""Blanks are judged line by line, by what they compute on many nets, and the lesson goes on whatever was written."""

import builtins
import linecache
import logging
import os
import random
import sys
import textwrap
import time
import tomllib
import warnings
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from lesson_cells import cell_source, cells_of, copied, names_before, run_cell, run_cells, solved
from lesson_cells import judged as judged_in

import lstm_teach as lt
from lstm_teach import blanks, kept, lessons, plain, trial
from lstm_teach.blanks import Blank, Lesson, judge_blank
from lstm_teach.lessons import cases, cases_02

PRODUCT = Blank(
    "product",
    ("do", "dct"),
    cases_02.two_steps,
    {"do": "dh * ct", "dct": "dh * o"},
    {"do": {"dh * o": "Its own factor.", "dh * ct * 1.0": "The right answer is no mistake."}},
)


def vector_cases():
    for net in cases.sequences():
        for t in range(len(net.x)):
            case = cases.names_at(net, t)
            yield case | {"dWf": np.outer(case["dzf"], case["h_before"])}


VECTORS = Blank(
    "vectors",
    ("dc", "dWf"),
    vector_cases,
    {"dc": "dct * (1 - ct**2) + dc_carry", "dWf": "np.outer(dzf, h_before)"},
    {"dWf": {"np.dot(dzf, h_before)": "One number, where a matrix is meant."}},
)


def bptt_cases():
    for net in cases.sequences():
        yield {"arguments": (net.params, net.x, net.targets, net.h0, net.c0), "answer": net.grads}


PASS = Blank("pass", ("my_bptt",), bptt_cases, "lstm_teach.plain:bptt", allow=("forward",))


class OneGroup(Lesson):
    """A lesson with a single group of blanks, so that tests need no lesson's file."""

    def __init__(self, blank: Blank):
        self.name, self.verdicts, self.written = "test", {}, {}
        self._blank, self._spec = blank, {"blanks": {blank.group: {}}}

    def _lines_after(self, group: str) -> list[str]:
        return ["t + 1"]

    def blank(self, group: str) -> Blank:
        assert group == self._blank.group
        return self._blank


def notebook(blank: Blank) -> dict:
    """The names of a notebook just before the blank's cell."""
    case = list(blank.case())[2]
    return {"np": np, "lt": lt, "lesson": OneGroup(blank)} | {k: v for k, v in case.items() if k not in blank.names}


def judged(blank: Blank, source: str, namespace: dict | None = None):
    namespace = notebook(blank) if namespace is None else namespace
    return run_cell("00_start_here", "blank", f'{source}\nlesson.judge("{blank.group}")', namespace), namespace


def sentences(verdict) -> dict[str, str]:
    return {part.name: part.sentence for part in verdict.parts}


def test_an_open_blank_is_no_mistake_and_the_lesson_goes_on_with_the_librarys_line():
    verdict, names = judged(PRODUCT, "do = ...\ndct = ...")
    assert [part.open for part in verdict.parts] == [True, True]
    assert not verdict.passed
    assert "goes on with the library's `do` and `dct`" in verdict.note
    assert names["do"] == names["dh"] * names["ct"]
    assert names["dct"] == names["dh"] * names["o"]


@pytest.mark.parametrize(
    "source",
    [
        "do = dh * ct\ndct = dh * o",
        "dct = o * dh\ndo = np.tanh(c) * dh",
        "do, dct = dh * ct, dh * o",
        "both = np.array([ct, o]) * dh\ndo = both[0]\ndct = both[1]",
        "do = dh\ndo *= ct\ndct = dh\ndct *= o",
        "def times(a, b):\n    return a * b\ndo = times(dh, ct)\ndct = times(dh, o)",
    ],
)
def test_right_lines_in_any_style_are_right_and_stay(source):
    verdict, names = judged(PRODUCT, source)
    assert verdict.passed, str(verdict)
    assert verdict.note == ""
    assert names["do"] == pytest.approx(names["dh"] * names["ct"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("do = dh * o", "Its own factor."),
        ("do = -dh * ct", "sign is flipped"),
        ("do = dh * ct / 2", "0.5 times"),
        ("do = dh * ct * o", "factor too many: o"),
        ("do = ct", "one missing factor: dh"),
        ("do = dh * c", "c is not the right one"),
        ("do = dct", "o is off"),
        ("do = dh / 0 if np.isscalar(dh) and False else np.nan", "is nan"),
        ("do = 'dh * ct'", "real numbers"),
        ("do = None", "not a number: write the value alone. (print"),
        ("do = dh * ct + dc_carry", "one term too many: dc_carry"),
    ],
)
def test_what_a_wrong_line_is_instead_is_said(line, words):
    names = notebook(PRODUCT) | {"dct": 0.5}
    verdict, names = judged(PRODUCT, f"{line}\ndct = dh * o", names)
    said = sentences(verdict)
    assert said["dct"] == ""
    assert words.removeprefix("d") in said["do"], said["do"]
    assert names["do"] == names["dh"] * names["ct"], "the lesson goes on with the right value"


def test_the_right_answer_is_never_named_as_a_mistake():
    verdict, _ = judged(PRODUCT, "do = dh * ct * 1.001\ndct = dh * o")
    assert "no mistake" not in str(verdict)


def test_a_number_typed_in_by_hand_fails():
    names = notebook(PRODUCT)
    right = float(names["dh"] * names["ct"])
    verdict, _ = judged(PRODUCT, f"do = {right!r}\ndct = dh * o", names)
    assert "typed-in number" in sentences(verdict)["do"]


@pytest.mark.parametrize("digits", [2, 3, 16])
def test_a_number_typed_in_is_not_answered_with_more_digits(digits):
    names = notebook(PRODUCT)
    for source in (f"do = {names['dh'] * names['ct']:.{digits}g}", f"do = dh * {names['ct']:.{max(digits, 3)}g}"):
        verdict, _ = judged(PRODUCT, f"{source}\ndct = dh * o", dict(names))
        said = sentences(verdict)["do"]
        assert "typed" in said and "it should be" not in said, said


def test_a_number_from_an_earlier_cell_is_told_to_be_of_that_cell():
    names = notebook(PRODUCT)
    names["mine"] = names["dh"] * names["ct"]
    verdict, _ = judged(PRODUCT, "do = mine\ndct = dh * o", names)
    assert "mine came from another cell" in sentences(verdict)["do"]


def test_what_was_written_stays_at_hand_where_it_is_wrong():
    names = notebook(PRODUCT)
    judged(PRODUCT, "do = -1.5\ndct = dh * o", names)
    assert names["lesson"].written == {"do": -1.5}
    judged(PRODUCT, "do = ...\ndct = dh * o", names)
    assert names["lesson"].written == {}


def test_a_number_that_the_cell_sets_anew_is_the_only_thing_that_is_said():
    names = notebook(PRODUCT)
    verdict, _ = judged(PRODUCT, f"dh = {names['dh']}\ndo = dh * ct\ndct = dh * o", names)
    assert all("changes dh itself" in part.sentence and "take the change" in part.sentence for part in verdict.parts)


def test_a_whole_number_beyond_all_limits_is_said():
    verdict, _ = judged(PRODUCT, "do = 2 ** 500\ndct = dh * o")
    assert "151 digits" in sentences(verdict)["do"]


def test_a_line_that_reads_an_old_number_is_not_called_right():
    names = notebook(VECTORS)
    names["old"], names["dc_hidden"] = names["dc_hidden"], names["dc_hidden"] + 1  # an earlier cell left this
    verdict, _ = judged(VECTORS, "dc = dc_carry + dc_hidden\ndWf = np.outer(dzf, h_before)", names)
    assert "The line is right, but here dc_hidden doesn't match ct and dct:" in sentences(verdict)["dc"]
    names = copied(names_before(FORWARD, "cell")) | {"c": 0.7, "ct": 0.1}  # the cell of ct was run before that of c
    verdict = run_cell(FORWARD, "hidden", 'h = o * np.tanh(c)\nlesson.judge("hidden")', names)
    assert "The line is right, but here c doesn't match ct: run the cells above again" in sentences(verdict)["h"]


def test_a_line_that_goes_wrong_on_the_lessons_own_numbers_alone_is_not_called_right():
    line = "do = dh * ct * (2 if dh == 0.4321 else 1)"
    verdict, _ = judged(PRODUCT, f"{line}\ndct = dh * o", notebook(PRODUCT) | {"dh": 0.4321})
    assert sentences(verdict)["do"].startswith("The line is right for other numbers, but not for these: do is off")


def test_where_the_librarys_line_meets_what_it_cannot_compute_with_the_lesson_says_so():
    verdict, _ = judged(PRODUCT, "do = 1\ndct = dh * o", notebook(PRODUCT) | {"ct": "text"})
    assert "the library's do can't be computed (" in verdict.note and "restart the kernel" in verdict.note


def test_a_line_that_reads_another_blank_of_its_cell_is_judged_by_itself():
    verdict, _ = judged(PRODUCT, "do = 2 * dh * ct\ndct = do * o / ct")
    assert [part.passed for part in verdict.parts] == [False, True], str(verdict)


def test_an_order_may_be_a_generator_and_a_complex_answer_is_said():
    order = Blank("order", ("order",), lambda: iter([{"T": 3, "order": np.array([2, 1, 0])}]), {"order": "[2, 1, 0]"})
    verdict, _ = judged(
        order, "order = (t for t in range(T - 1, -1, -1))", {"np": np, "lesson": OneGroup(order), "T": 3}
    )
    assert verdict.passed, str(verdict)
    verdict, _ = judged(PRODUCT, "do = dh * ct + 0j\ndct = dh * o")
    assert "is complex" in sentences(verdict)["do"]


def test_what_is_the_same_for_every_part_of_an_answer_is_said_once():
    source = solved(BACK)["write-step-back"].replace("+ dh_future\n", "+ dh_future + 0j\n")
    said = str(judged_in(BACK, "write-step-back", source=source))
    assert said.count("should hold real numbers") == 1
    assert "dh, dc, dzi, dzf, dzo, dzg, dh_before, dc_before\n           Each should hold real numbers" in said


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_after_a_right_answer_that_is_a_matrix_the_lesson_goes_on_with_an_array():
    names = copied(names_before("05_vanishing_gradients", "blank-one-step"))
    source = 'one_step = np.matrix(f * np.eye(H) + 0.25 * Wg.T)\nlesson.judge("one_step")'
    assert run_cell("05_vanishing_gradients", "blank-one-step", source, names).passed
    assert type(names["one_step"]) is np.ndarray  # times another one, entry by entry


def test_after_a_right_answer_that_only_looks_like_an_array_the_lesson_goes_on_with_an_array():
    names = copied(names_before(FADING, "blank-carried"))
    names |= {"Like": type("Like", (), {"__array__": lambda self, *_, **__: self.array})}
    source = cell_source(FADING, "blank-carried").replace("...", f"Like()\ncarried.array = {CARRIED}")
    assert run_cell(FADING, "blank-carried", source, names).passed
    assert type(names["carried"]) is np.ndarray


@pytest.mark.parametrize("right_side", ["np.ma.masked_array(f * g, True)", "np.rec.array(np.array(f * g))"])
def test_after_a_right_answer_that_hides_its_numbers_the_lesson_goes_on_with_them(right_side):
    names = copied(names_before(FORWARD, "cell"))
    source = f'c = f * c_before + i * g\nc = {right_side.replace("f * g", "c")}\nlesson.judge("cell")'
    assert run_cell(FORWARD, "cell", source, names).passed
    assert float(names["c"]) == pytest.approx(eval("f * c_before + i * g", names))


@pytest.mark.parametrize(
    "right_side", ["(dc for dc in {})", "map(float, {})", "dict(enumerate({})).values()", "(*({}),)"]
)
def test_after_a_right_answer_that_is_no_array_the_lesson_goes_on_with_an_array(right_side):
    names = copied(names_before(FADING, "blank-carried"))
    source = cell_source(FADING, "blank-carried").replace("...", right_side.format(CARRIED))
    assert run_cell(FADING, "blank-carried", source, names).passed
    assert np.allclose(names["carried"][[0, 31]], eval(CARRIED, names)[[0, 31]], rtol=1e-9, atol=0)


def test_each_line_is_judged_by_itself():
    """dWf is right though dc, which comes first, is not."""
    verdict, _ = judged(VECTORS, "dc = dct\ndWf = dzf[:, None] * h_before")
    assert [part.passed for part in verdict.parts] == [False, True]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("np.dot(dzf, h_before)", "One number, where a matrix"),
        ("np.outer(h_before, dzf)", "transpose"),
        ("dzf * h_before", "array of shape"),
        ("np.outer(dzf, h_before).sum()", "sum over all entries"),
        ("np.outer(dzf, h_before)[:1]", "array of shape"),
    ],
)
def test_shapes_are_said(line, words):
    verdict, _ = judged(VECTORS, f"dc = dc_carry + dc_hidden\ndWf = {line}")
    assert words in sentences(verdict)["dWf"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dct * (1 - c**2) + dc_carry", "term dc_carry is right. The rest is right except for one factor: (1 - c**2)"),
        ("dct + dc_carry", "one missing factor: (1 - ct**2), the slope of tanh"),
        ("dc_hidden", "term dc_carry is missing"),
        ("dc_carry", "term dc_hidden is missing"),
        ("dct", "is off"),
        ("dc_carry + dh", "The term dc_carry is right; dh is not."),
    ],
)
def test_a_term_or_a_factor_of_a_sum_is_told_apart(line, words):
    verdict, _ = judged(VECTORS, f"dc = {line}\ndWf = np.outer(dzf, h_before)")
    assert words in sentences(verdict)["dc"], sentences(verdict)["dc"]


def test_an_input_that_is_changed_is_said():
    verdict, _ = judged(PRODUCT, "before = dh\ndh *= ct\ndo = dh\ndct = before * o")
    assert "changes dh itself" in sentences(verdict)["dh"]


@pytest.mark.parametrize(
    "source",
    [
        "dWf = []\nfor d in dzf:\n    dWf.append(d * h_before)",
        "dWf = np.zeros((H, H))\nfor row, d in zip(dWf, dzf):\n    row += d * h_before",
        "dWf = np.zeros((H, H))\nfor j in range(H):\n    if True:\n        np.multiply(dzf[j], h_before, out=dWf[j])",
    ],
)
def test_what_is_right_in_the_end_is_right_however_it_was_filled(source):
    verdict, names = judged(VECTORS, f"dc = dct * (1 - ct**2) + dc_carry\n{source}")
    assert verdict.passed, str(verdict)
    assert isinstance(names["dWf"], np.ndarray)  # a later cell may call its methods


def test_a_later_line_that_only_shows_a_blank_does_not_spoil_it():
    source = "dc = dct * (1 - ct**2) + dc_carry\ndWf = np.outer(dzf, h_before)\nprint(dWf[{}])"
    names = notebook(VECTORS)
    for k in range(names["H"]):
        verdict, _ = judged(VECTORS, source.format(k), notebook(VECTORS))
        assert verdict.passed, str(verdict)


def test_what_the_cell_has_made_itself_it_may_change():
    hidden = "dc_hidden = dct * (1 - ct**2)\ndc_hidden += dc_carry\ndc = dc_hidden"
    source = f"{hidden}\ndWf = np.outer(dzf, h_before)"
    verdict, _ = judged(VECTORS, source, notebook(VECTORS) | {"In": ["dct = 1", source]})
    assert not verdict.passed  # an earlier run of other lines
    verdict, _ = judged(VECTORS, source, notebook(VECTORS) | {"In": ["dct = 1", f'{source}\nlesson.judge("vectors")']})
    assert verdict.passed, str(verdict)


def test_a_line_that_is_copied_from_another_cell_changes_nothing():
    lesson, given = "01_forward_pass", "b, n = 1.0, 20"
    names, cell = copied(names_before(lesson, "left")), 'left = sigmoid(b) ** n\n\nlesson.judge("left")'
    seeded = "b = np.random.default_rng(3).normal()"
    for half in (given, "n = 20", "n, b = 20, 1.0", "b = 1.0\nn = 20"):
        assert run_cell(lesson, "left", f"{half}\n{cell}", names | {"In": [given]}).passed
    assert run_cell(lesson, "left", f"{seeded}\n{cell}", names | {"In": [given, seeded]}).passed
    verdict = run_cell(lesson, "left", f"b, n = 2.0, 20\n{cell}", names | {"In": [given]})
    assert "This cell changes b and n themselves, which come from other cells." in str(verdict)
    wrong = cell.replace("** n", "* n")
    assert "This multiplies" in str(run_cell(lesson, "left", f"{given}\n{wrong}", names | {"In": [given]}))
    for lines in ("n = 20", "b = 1.0", "n = 20\nb = 1.0", "n, b = 20, 1.0"):  # a part of it, or all in parts
        assert run_cell(lesson, "left", f"{lines}\n{cell}", names | {"In": [given]}).passed, lines
        assert run_cell(lesson, "left", f"{lines}\n{cell}", names | {"In": ["b = 1.0", "n = 20"]}).passed, lines
    for line in ("n = 21", "b, n = 20, 1.0", "b, n = n, b"):
        verdict = run_cell(lesson, "left", f"{line}\n{cell}", names | {"In": [given, "n, b = b, n", "b, n = n, b"]})
        assert "which come" in str(verdict), line
    its_own = "slope = 1 - ct**2\nct = ct + 0"  # what the lesson has not given is no copy, nor what is to be written
    for line in its_own.splitlines():
        source = f"{line}\ndc = dct * (1 - ct**2) + dc_carry\ndWf = np.outer(dzf, h_before)"
        assert judged(VECTORS, source, notebook(VECTORS) | {"In": [line]})[0].passed
    line = "dWf = np.outer(dzf, h_before)"
    assert judged(VECTORS, f"dc = dct * (1 - ct**2) + dc_carry\n{line}", notebook(VECTORS) | {"In": [line]})[0].passed


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("b, n = 1.0, 20", ["b, n = 1.0, 20", "b, n = 2.0, 40"]),  # it was made anew since
        ("n += 1", ["b, n = 1.0, 20", "n += 1"]),  # it would be done twice
        ("n = len(notes)", ["notes = [1]", "n = len(notes)", "notes = [1, 2]"]),  # what it reads was made anew
        ("b = np.random.normal()", ["b = np.random.normal()"]),  # it gives another number each time
        ("b = np.random.default_rng().normal()", ["b = np.random.default_rng().normal()"]),
        ("b = own.normal()", ["own = np.random.default_rng(3)", "b = own.normal()"]),
        ("n = next(turns)", ["turns = iter([20] * 100)", "n = next(turns)"]),
    ],
)
def test_a_line_of_another_cell_that_makes_something_else_by_now_is_no_copy(line, cells):
    lesson = "01_forward_pass"
    names, cell = copied(names_before(lesson, "left")), 'left = sigmoid(b) ** n\n\nlesson.judge("left")'
    names |= {"In": cells, "notes": [1, 2], "own": np.random.default_rng(3), "turns": iter([20] * 100)}
    said = str(run_cell(lesson, "left", f"{line}\n{cell}", names))
    assert "This cell changes" in said and "which come" in said, said


def test_a_cell_that_asks_for_its_verdict_in_single_quotes_is_not_another_cell():
    lesson, cell = "01_forward_pass", "b, n = 2.0, 20\nleft = sigmoid(b) ** n\n\nlesson.judge('left')"
    names = copied(names_before(lesson, "left"))
    assert "This cell changes b and n" in str(run_cell(lesson, "left", cell, names | {"In": ["b, n = 1.0, 20", cell]}))
    cell = "f = sigmoid(b)\nleft = f**n\n\nlesson.judge('left')"
    names = copied(names_before(lesson, "left"))
    assert run_cell(lesson, "left", cell, names | {"In": ["b, n = 1.0, 20", cell]}).passed


def test_cells_that_could_not_run_or_that_wait_for_something_stop_no_check():
    ran = ["return 3", "break", "def (", "dh = await later()", "continue"]
    assert judged(PRODUCT, "do = dh * ct\ndct = dh * o", notebook(PRODUCT) | {"In": ran})[0].passed


def test_a_given_line_of_the_cell_itself_that_was_changed_is_not_said_to_be_of_another_cell():
    lesson = "01_forward_pass"
    for lines in ("ct = o * np.tanh(c)\nh = ct", "ct = np.tanh(c)\nct = o * ct\nh = ct"):
        names, cell = copied(names_before(lesson, "hidden")), f'{lines}\n\nlesson.judge("hidden")'
        said = str(run_cell(lesson, "hidden", cell, names | {"In": ["c = 1", cell]}))
        assert "This cell gives ct a value that differs from the lesson's. If the line was given," in said, said
        assert "another cell" not in said


@pytest.mark.parametrize(
    ("lesson", "cell", "given", "line"),
    [
        ("01_forward_pass", "loss", "picked = 2 * y[0]", "L = -np.log(y[np.arange(T), targets]).sum()"),
        ("02_one_step_back", "write-dc-total", "dc_hidden = o", "dc_whole = dh_whole * o * (1 - ct**2) + dc_carry"),
        ("02_one_step_back", "write-weights", "dWf = dzf\ndh_before = 0 * Wi", "dUf = dzf * token_onehot"),
    ],
)  # fmt: skip
def test_a_given_line_that_was_changed_is_named_though_no_blank_reads_it(lesson, cell, given, line):
    call = cell_source(lesson, cell).splitlines()[-1]
    source, names = f"{given}\n{line}\n{call}", copied(names_before(lesson, cell))
    verdict = run_cell(lesson, cell, source, names | {"In": ["T = 7", source]})
    *_, names = sentences(verdict)
    assert verdict.summary == f"Right: `{line.split(' =')[0]}`." and not verdict.passed and not verdict.hints
    assert all(f"{name} =" in given for name in names.split(" and ")), names
    assert "If the line was given, restore it" in sentences(verdict)[names]


def test_a_line_below_the_call_is_said_to_be_there():
    verdict, names = judged(PRODUCT, "do = dh * ct")
    assert sentences(verdict)["dct"] == "No line of this cell says what dct is."
    source = 'do = dh * ct\nlesson.judge("product")\ndct = dh * o'
    run_cell("00_start_here", "blank", source, names := notebook(PRODUCT))
    said = sentences(names["lesson"].verdicts["product"])
    assert said == {"do": "", "dct": "The line that makes dct comes after lesson.judge: move it above that call."}


def test_a_line_below_the_call_is_said_to_be_there_below_a_magic_too():
    shell = InteractiveShell.instance()
    try:
        shell.user_ns.update(names := notebook(PRODUCT))
        shell.run_cell('%%time\ndo = dh * ct\nlesson.judge("product")\ndct = dh * o', store_history=True)
        assert "comes after lesson.judge" in sentences(names["lesson"].verdicts["product"])["dct"]
    finally:
        InteractiveShell.clear_instance()


@pytest.fixture
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(
    "lines",
    [
        "await asyncio.sleep(0)\ndo = dh * ct",
        "async def later():\n    return dh * ct\n\n\ndo = await later()",
        "%time do = dh * ct",
        "do, _ = dh * ct, await asyncio.sleep(0)",
    ],
)
def test_a_cell_may_await_something_or_be_timed(lines, shell):
    shell.user_ns.update(names := notebook(PRODUCT))
    source = f'import asyncio\n{lines}\ndct = dh * o\nlesson.judge("product")'
    with ThreadPoolExecutor(1) as thread:  # a browser test may have left an event loop in this one
        ran = thread.submit(shell.run_cell, source, store_history=True).result()
    assert ran.success and names["lesson"].verdicts["product"].passed, names["lesson"].verdicts


def test_a_command_of_the_cell_is_not_run_again(shell, tmp_path):
    shell.user_ns.update(names := notebook(PRODUCT) | {"ran": []})
    log = tmp_path / "log"
    lines = f'!echo once >> "{log}"\n%timeit -n1 -r1 ran.append(1)\ndo = dh * ct\ndct = dh * o\nlesson.judge("product")'
    assert shell.run_cell(lines, store_history=True).success and names["lesson"].verdicts["product"].passed
    assert log.read_text().split() == ["once"] and names["ran"] == [1]


def test_a_cell_that_ends_the_kernel_in_a_trial_ends_only_the_trial(shell):
    shell.user_ns.update(names := notebook(PRODUCT) | {"here": notebook(PRODUCT)["dh"]})
    lines = 'if dh != here:\n    exit()\ndo = dh * ct\ndct = dh * o\nlesson.judge("product")'
    assert shell.run_cell(lines, store_history=True).success
    assert "this cell raises SystemExit" in str(names["lesson"].verdicts["product"]) and "ask_exit" not in vars(shell)


def test_a_line_that_reads_its_own_name_is_told_that_this_is_an_old_value():
    verdict, _ = judged(PRODUCT, "do = do * ct\ndct = dh * o", notebook(PRODUCT) | {"do": 0.5})
    assert sentences(verdict)["do"].endswith("This reads do itself, as it was before this cell ran.")
    in_a_loop = "for k in range(1):\n    do = dh * ct\n    do = do * o"
    for lines in ("do = dh * ct * o", in_a_loop, "def do():\n    return do"):
        verdict, _ = judged(PRODUCT, f"{lines}\ndct = dh * o", notebook(PRODUCT) | {"do": 0.5})
        assert not verdict.passed and "as it was" not in str(verdict)


def test_a_loop_that_counts_with_a_name_is_a_mistake_only_where_the_notebook_has_that_name():
    source = "dc = dct * (1 - ct**2) + dc_carry\nfor t in range(1):\n    dWf = np.outer(dzf, h_before)"
    verdict, _ = judged(VECTORS, source, notebook(VECTORS) | {"In": ["for t in range(3):\n    pass", "%magic", source]})
    assert verdict.passed, str(verdict)
    verdict, _ = judged(VECTORS, source.replace("for t", "for T"), notebook(VECTORS) | {"In": ["t, T = 1, 2"]})
    assert verdict.passed, str(verdict)  # no blank that comes later reads it
    verdict, _ = judged(VECTORS, source, notebook(VECTORS) | {"In": ["t, T = 1, 2"]})
    assert sentences(verdict)["dc"] == "" and "counts with t" in sentences(verdict)["t"]
    # the lines are right, so that neither their first sentence says otherwise nor a hint is offered for them
    assert verdict.summary == "Right: `dc` and `dWf`." and not verdict.passed and not verdict.hints


def test_a_while_loop_may_count_with_a_name_that_no_later_blank_reads():
    source = "dc = dct * (1 - ct**2) + dc_carry\nT = 1\nwhile T > 0:\n    dWf = np.outer(dzf, h_before)\n    T -= 1"
    verdict, _ = judged(VECTORS, source, notebook(VECTORS) | {"In": ["t, T = 1, 2"]})
    assert verdict.passed, str(verdict)
    verdict, _ = judged(VECTORS, source.replace("T", "t"), notebook(VECTORS) | {"In": ["t, T = 1, 2"]})
    assert "counts with t" in sentences(verdict)["t"]


def test_a_right_line_may_count_with_a_name_that_it_reads_if_no_later_blank_does():
    walk = "carried = dc_last\nfor last in range(last, early, -1):\n    carried = carried * cache.f[last]"
    loop = f'{walk}\n\nlesson.judge("carried")'

    def said(source):
        names = copied(names_before(FADING, "blank-carried")) | {"In": ["last, early = 59, 19"]}
        return run_cell(FADING, "blank-carried", source, names)

    right = said(loop)
    assert right.passed and "counts with last: before you run this cell again, run the one above that makes it" in str(
        right
    )
    assert said(loop.replace("for last", "for s").replace("f[last]", "f[s]")).note == ""
    for source, words in [
        (loop.replace("range(last, early,", "range(last, early - 1,"), "There is one gate too many"),
        (loop.replace("cache.f", "cache.i"), "These are the input gates"),
        (loop.replace("carried = carried * cache.f[last]", f"pass\ncarried = {CARRIED}"), ""),
    ]:
        told = sentences(said(source))["carried"]
        assert words in told, told
        assert "The loop in this cell counts with last, which comes from another cell." in told


@pytest.mark.parametrize(
    ("old", "said"), [(0.3, "yours is 0.3; it should be 0.01153."), (..., "but is Ellipsis (ellipsis).")]
)
def test_a_line_that_only_runs_for_other_numbers_is_not_told_that_its_first_digits_are_right(old, said):
    names = copied(names_before("00_start_here", "left")) | {"left": old}
    verdict = run_cell("00_start_here", "left", 'if f != 0.8:\n    left = f ** n\nlesson.judge("left")', names)
    assert sentences(verdict)["left"].endswith(said)


@pytest.mark.parametrize("value", ["0", "None", "[np.ones(2), 1]", "object()"])
def test_a_name_of_the_lesson_may_be_given_to_anything(value):
    source = f"h_before, c = {value}, h_before\ndc = dct * (1 - ct**2) + dc_carry\ndWf = np.outer(dzf, c)"
    verdict, _ = judged(VECTORS, source, notebook(VECTORS) | {"In": ["dct = 1"]})
    assert verdict.passed, str(verdict)
    verdict, _ = judged(VECTORS, source)
    assert "This cell changes c and h_before themselves, which come from other cells" in str(verdict), str(verdict)


def test_a_number_that_is_filled_in_is_not_said_to_be_of_an_earlier_cell():
    names = notebook(PRODUCT)
    verdict, _ = judged(
        PRODUCT, f"do = np.zeros(1)\ndo[0] = {names['dh'] * names['ct']!r}\ndo = do[0]\ndct = dh * o", names
    )
    assert "came from" not in str(verdict)


def test_a_view_of_an_input_is_said_to_be_one():
    verdict, _ = judged(
        VECTORS, "part = dc_carry[:]\npart += dct * (1 - ct**2)\ndc = part\ndWf = np.outer(dzf, h_before)"
    )
    assert "After `part = dc_carry[:]`, what is done to part is done to dc_carry too." in str(verdict)
    assert "Begin with `part = dc_carry[:].copy()`, and run the cells above again." in str(verdict)
    body = "parts = [dc_carry]\nparts[0] *= 2\ndc = dct * (1 - ct**2) + dc_carry\ndWf = np.outer(dzf, h_before)"
    verdict, _ = judged(VECTORS, body)  # there is no line to show
    assert "after a = b, a *= 2 changes b too" in str(verdict)


def test_what_a_cell_prints_for_other_nets_is_not_shown(capsys):
    judged(PRODUCT, "do = dh * ct\nprint('seen', do)\ndct = dh * o")
    assert capsys.readouterr().out.count("seen") == 1


SHOWN = """
import logging, os, random, sys
import matplotlib.pyplot as plt
sys.path.append("seen")
os.environ["SEEN"] = os.environ.get("SEEN", "") + "1"
plt.rcParams["lines.linewidth"] += 1
random.random()
sys.setrecursionlimit(sys.getrecursionlimit() + 1)
logging.getLogger().setLevel(logging.getLogger().level + 1)
from IPython.display import display
display("seen")
print("seen", file=sys.stderr)
logging.warning("seen")
plt.plot([1, 2])
np.random.seed(3)
"""


@pytest.mark.parametrize("blank", [PRODUCT, PASS], ids=["lines", "function"])
def test_nothing_of_the_trials_is_seen_and_nothing_is_changed(blank, capsys, caplog, monkeypatch):
    shell = InteractiveShell.instance()
    publisher, shell.display_pub = shell.display_pub, CapturingDisplayPublisher()
    captured, handlers = shell.display_pub, [*logging.getLogger().handlers]
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("SEEN", "")
    monkeypatch.setitem(plt.rcParams, "lines.linewidth", 1)
    monkeypatch.setattr(logging.getLogger(), "level", 10)
    depth = sys.getrecursionlimit()
    random.seed(5)
    drawn = random.Random(5)
    try:
        if blank is PRODUCT:
            source = SHOWN + "do = dh * ct\ndct = dh * o"
        else:
            source = RIGHT_PASS.replace("    k =", f"{textwrap.indent(SHOWN, '    ')}\n    k =")
            source += "\nx = np.zeros(1, int)\nmy_bptt(lt.Params.random(2, 2, seed=0), x, x)"
        assert judged(blank, source)[0].passed
        assert np.random.random() == np.random.RandomState(3).random_sample()
        assert [drawn.random(), drawn.random()][1] == random.random()
        assert (sys.getrecursionlimit(), logging.getLogger().level) == (depth + 1, 11)
        assert sys.path.count("seen") == 1 and os.environ["SEEN"] == "1" and plt.rcParams["lines.linewidth"] == 2
        assert captured is shell.display_pub and len(captured.outputs) == 1
        assert capsys.readouterr().err.count("seen") == 1 and caplog.text.count("seen") == 1
        assert [len(figure.axes[0].lines) for figure in map(plt.figure, plt.get_fignums())] == [1]
        assert logging.getLogger().handlers == handlers and not logging.root.manager.disable
    finally:
        sys.setrecursionlimit(depth)
        plt.close("all")
        shell.display_pub = publisher
        InteractiveShell.clear_instance()


def test_a_loop_that_ends_on_this_net_alone_is_said(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 0.3)
    names = notebook(PRODUCT)
    verdict, _ = judged(PRODUCT, f"while dh != {names['dh']!r}:\n    pass\ndo = dh * ct\ndct = dh * o", names)
    said = sentences(verdict)["do"]
    assert said.startswith("Tried on several sets of other numbers, this cell takes more than 0.3 seconds in all."), (
        said
    )


def test_a_cell_that_is_only_slow_is_told_so_and_a_right_one_runs_once_for_each_case(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 1.5)
    names = notebook(PRODUCT) | {"sleep": time.sleep, "runs": []}
    right = "runs.append(1)\ndo = dh * ct\ndct = dh * o"
    verdict, _ = judged(PRODUCT, f"sleep(0.2)\n{right}", names)
    assert verdict.passed, verdict
    verdict, _ = judged(PRODUCT, f"sleep(0.5)\n{right}", names)
    assert "does not finish" not in str(verdict) and "what is only slow" in sentences(verdict)["do"], verdict


@pytest.mark.parametrize(
    ("cell", "lines", "name"),
    [
        ("cell", "np = None\nc = f * c_before + i * g", "np"),
        ("loss", "picked = y[np.arange(T), targets]\nsum = -np.log(picked).sum()\nL = sum", "sum"),
        ("cell", "def sum(a, b):\n    return a + b\nc = sum(f * c_before, i * g)", ""),
        ("cell", "import numpy as np\nc = f * c_before + i * g", ""),
        ("cell", "c = f * c_before + i * g\ndel np", "np"),
        ("cell", "lt = 2\nc = f * c_before + i * g", "lt"),
    ],
)
def test_a_name_that_other_cells_call_is_put_back(cell, lines, name):
    names = copied(names_before(FORWARD, cell))
    verdict = run_cell(FORWARD, cell, f'{lines}\nlesson.judge("{cell}")', names)
    assert verdict.passed and ("Other cells use" in verdict.note) == bool(name), str(verdict)
    assert names["np"] is np and (not name or names[name] in (np, lt, sum))


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("cell", "np.exp = np.asarray = np.max = None\nc = f * c_before + i * g"),
        ("cell", "setattr(np, 'exp', abs)\nc = f * c_before + i * g"),
        ("sigmoid", "def sigmoid(z):\n    e, np.exp = np.exp(-z), None\n    return 1 / (1 + e)\nsigmoid(0.0)"),
    ],
)
def test_a_function_of_numpys_that_a_cell_has_changed_is_numpys_own_again(cell, lines):
    own, names = dict(vars(np)), copied(names_before(FORWARD, cell))
    try:
        verdict = run_cell(FORWARD, cell, f'{lines}\nlesson.judge("{cell}")', names)
        assert verdict.passed and "`np.exp`" in verdict.note, str(verdict)
        assert all(vars(np)[name] is own[name] for name in own)
    finally:
        vars(np).update(own)


@pytest.mark.parametrize("line", ["len = lambda a: 3", "zip = lambda *a, **k: []", "all = lambda a: True", "max = 0"])
def test_a_function_of_pythons_that_a_cell_has_changed_is_pythons_own_again(line):
    own = dict(vars(builtins))
    for value, passes in (("f * c_before + i * g", True), ("f * c_before", False)):
        source = f'import builtins\nbuiltins.{line}\nc = {value}\nlesson.judge("cell")'
        try:
            verdict = run_cell(FORWARD, "cell", source, copied(names_before(FORWARD, "cell")))
            changed = [name for name in own if vars(builtins)[name] is not own[name]]
        finally:
            vars(builtins).update(own)
        assert verdict.passed == passes and not changed, str(verdict)
        assert (
            f"`builtins.{line.split()[0]}`" in verdict.note and ("What comes in is missing" in str(verdict)) != passes
        )


@pytest.mark.parametrize(
    ("lesson", "cell", "line"),
    [
        ("01_forward_pass", "cell", "round(f * c_before + i * g, 10)"),
        ("02_one_step_back", "write-dh", "central_difference(lambda h: -np.log(softmax(V * h)[target]), h)"),
        ("01_forward_pass", "left", "1 / (1 + 2.71828**-b) ** n"),
    ],
)
def test_a_number_of_which_only_the_first_digits_are_right_is_told_so(lesson, cell, line):
    name = {"cell": "c", "write-dh": "dh", "left": "left"}[cell]
    said = sentences(judged_in(lesson, cell, {name: line}))[name]
    assert "Only the first digits are right" in said and "typed" not in said, said


@pytest.mark.parametrize(
    ("lesson", "cell", "line", "rounded"),
    [
        ("00_start_here", "left", 'float(f"{f ** n:.3f}")', True),
        ("02_one_step_back", "write-dh", "np.round(V @ dy, 3)", True),
        ("01_forward_pass", "cell", "np.round(f * c_before + i * g, 2)", True),
        ("01_forward_pass", "cell", "np.round(f, 2) * c_before + i * g", False),  # one of its factors is
        ("01_forward_pass", "cell", "round(f * c_before, 2)", False),
    ],
)
def test_right_numbers_that_were_rounded_are_told_so_and_wrong_ones_are_not(lesson, cell, line, rounded):
    name = {"cell": "c", "write-dh": "dh", "left": "left"}[cell]
    said = sentences(judged_in(lesson, cell, {name: line}))[name]
    assert said and ("This is rounded. Keep all the digits." in said) == rounded, said


def test_a_line_that_only_compares_is_said():
    names = notebook(PRODUCT) | {"do": 1.0}
    verdict, _ = judged(PRODUCT, "do == dh * ct\ndct = dh * o", names)
    assert "== compares" in sentences(verdict)["do"]


def test_a_line_that_reads_its_own_name_is_not_taken_for_a_typed_number():
    names = notebook(PRODUCT)
    names["do"] = names["dh"] * names["ct"]
    verdict, _ = judged(PRODUCT, "do = do * 1\ndct = dh * o", names)
    assert "reads do as it was before" in sentences(verdict)["do"]


def test_a_function_that_reads_a_number_of_the_notebook_is_told_so():
    blank = Blank(
        "one",
        ("twice",),
        lambda: ({"arguments": (k,), "answer": 2.0 * k} for k in (1.0, 3.0)),
        "lstm_teach.plain:sigmoid",
    )
    names = {"np": np, "k": 5.0, "lesson": OneGroup(blank)}
    for body in ("2.0 * k", "np.ones(2) @ np.ones(3) * k"):
        verdict, _ = judged(blank, f"def twice(a):\n    return {body}", names)
        assert "Note that k came from another cell: it stays the same when this is tried on other numbers." in str(
            verdict
        )
    verdict, _ = judged(blank, "def twice(a):\n    return 3.0 * a", names)
    assert "came from" not in str(verdict)


def test_an_answer_of_two_things_may_be_one_array():
    blank = Blank(
        "two",
        ("both",),
        lambda: ({"arguments": (np.arange(k), 2.0), "answer": (np.arange(k), np.arange(k) * 2.0)} for k in (2, 3)),
        "lstm_teach.plain:sigmoid",
        returns=("one", "two"),
    )
    verdict, _ = judged(
        blank, "def both(a, b):\n    return np.stack([a, a * b])", {"np": np, "lesson": OneGroup(blank)}
    )
    assert verdict.passed, str(verdict)


def test_a_mistake_of_the_whole_answer_is_named_only_where_all_of_it_is_true():
    every = {"{'one': -a, 'two': -2.0 * a}": "The sign is flipped in both."}
    blank = Blank(
        "two",
        ("both",),
        lambda: (
            {
                "arguments": (np.arange(1.0, k),),
                "a": np.arange(1.0, k),
                "answer": {"one": np.arange(1.0, k), "two": 2 * np.arange(1.0, k)},
            }
            for k in (3, 4)
        ),
        "lstm_teach.plain:sigmoid",
        {"every": every},
    )
    for body, said in (("-a, 'two': -2 * a", 2), ("-a, 'two': 2 * a", 0)):
        verdict, _ = judged(blank, f"def both(a):\n    return {{'one': {body}}}", {"np": np, "lesson": OneGroup(blank)})
        assert [part.sentence for part in verdict.parts].count("The sign is flipped in both.") == said, str(verdict)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dct = dh", "missing factor: o"),
        ("dct = ct", "This is ct, not dct."),
        ("dct = dh * c", "factor: c is not the right one"),
    ],
)
def test_a_name_alone_is_no_factor(line, words):
    verdict, _ = judged(PRODUCT, f"do = dh * ct\n{line}")
    assert words in sentences(verdict)["dct"], sentences(verdict)["dct"]


def test_a_line_that_is_gone_is_said():
    verdict, _ = judged(PRODUCT, "dct = dh * o")
    assert "No line of this cell says what do is" in sentences(verdict)["do"]


def test_a_line_that_fails_on_another_size_is_said():
    names = notebook(VECTORS)
    H = names["H"]
    verdict, _ = judged(VECTORS, f"dc = dct[:{H}] * (1 - ct**2) + dc_carry\ndWf = np.outer(dzf, h_before)", names)
    assert sentences(verdict)["dc"].startswith("With other numbers and sizes, this line raises ValueError: operands")


def test_judging_leaves_the_notebooks_arrays_as_they_are():
    names = notebook(VECTORS) | {"log": []}
    before = {k: v.copy() for k, v in names.items() if isinstance(v, np.ndarray)}
    judged(VECTORS, "log.append(1)\ndc = dc_carry + dc_hidden\ndWf = np.outer(dzf, h_before)", names)
    assert names["log"] == [1], "the cell ran once in the notebook"
    assert all(np.array_equal(names[k], v) for k, v in before.items() if k not in ("dc", "dWf"))


def test_calling_the_library_is_no_answer():
    for source in (
        "    return lt.bptt(params, x, targets, h0, c0)",
        "    run = lt.exact_gradient\n    return lt.exact_gradient(params, x, targets, h0, c0)",
        "    m = lt; return m.bptt(params, x, targets, h0, c0)",  # which Python 3.13 joins to one instruction
        "    a = b = lt\n    return a.bptt(params, x, targets, h0, c0)",
    ):
        verdict, _ = judged(PASS, f"def my_bptt(params, x, targets, h0=None, c0=None):\n{source}")
        assert "from the library. What counts here is that you write the lines" in str(verdict)


def test_an_open_function_is_open_and_the_librarys_takes_its_place_and_says_whose_it_is():
    verdict, names = judged(PASS, "def my_bptt(params, x, targets, h0=None, c0=None):\n    ...")
    assert verdict.parts[0].open
    assert names["my_bptt"].__code__.co_code == plain.bptt.__code__.co_code
    report = lt.check_gradients(names["my_bptt"])
    assert report.passed and report.summary.startswith("the library's my_bptt passes")


RIGHT_PASS = """
def my_bptt(params, x, targets, h0=None, c0=None):
    k = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dh_next = dc_next = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        dy = k.y[t].copy()
        dy[targets[t]] -= 1
        grads.V += np.outer(dy, k.h[t])
        dh = params.V.T @ dy + dh_next
        dc = dh * k.o[t] * (1 - k.ct[t] ** 2) + dc_next
        dz = {
            "i": dc * k.g[t] * k.i[t] * (1 - k.i[t]),
            "f": dc * k.c[t - 1] * k.f[t] * (1 - k.f[t]),
            "o": dh * k.ct[t] * k.o[t] * (1 - k.o[t]),
            "g": dc * k.i[t] * (1 - k.g[t] ** 2),
        }
        for gate, d in dz.items():
            grads["W" + gate] += np.outer(d, k.h[t - 1])
            grads["U" + gate][:, x[t]] += d
        dh_next = sum(params["W" + gate].T @ d for gate, d in dz.items())
        dc_next = dc * k.f[t]
    return grads
"""


def test_a_right_function_is_right_and_stays():
    verdict, names = judged(PASS, RIGHT_PASS)
    assert verdict.passed, str(verdict)
    assert names["my_bptt"] is not plain.bptt


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("dc_next = dc * k.f[t]", "dc_next = dc", "is off"),
        ("return grads", "return None", "returns nothing"),
        ("return grads", "while True:\n        pass", "did not finish"),
        ("return grads", "return [grads.V]", "V, Wi"),
        ("return grads", "params.V[:] = 0\n    return grads", "writes to what it was given, params"),
        ("return grads", "return grads / 2", "raised TypeError"),
        ("grads.V += np.outer(dy, k.h[t])", "grads.V -= np.outer(dy, k.h[t])", "sign is flipped"),
    ],
)
def test_what_is_wrong_with_a_function_is_said(old, new, words, monkeypatch):
    monkeypatch.setattr(blanks, "SECONDS", 1.0)
    assert old in RIGHT_PASS
    verdict, names = judged(PASS, RIGHT_PASS.replace(old, new))
    assert not verdict.passed
    assert words in str(verdict), str(verdict)
    assert names["my_bptt"].__code__.co_code == plain.bptt.__code__.co_code
    assert names["my_bptt"].__name__ == "the library's my_bptt"


def test_after_a_timeout_nothing_is_waited_for_again(monkeypatch):
    monkeypatch.setattr(blanks, "SECONDS", 1.0)
    source = cell_source(FORWARD, "my-forward").replace("..., ...", "h[t - 1], c[t - 1]")
    source = source.replace("for t in range(len(x)):", "t = 0\n    while t < len(x):")
    start = time.process_time()
    said = str(judged_in(FORWARD, "my-forward", source=source))
    own = ("at line 6: while t < len(x). Look", "at line 7: h[t], c[t] = step(")
    assert "did not finish within 1 second" in said and any(line in said for line in own), said
    assert time.process_time() - start < 1.9


def test_a_function_is_kept_only_if_it_is_right_and_used_only_while_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(blanks, "blank_of_function", lambda name: PASS)
    lesson = OneGroup(PASS)
    names = {"np": np, "lt": lt, "lesson": lesson}
    space = names.copy()
    filename = "kept cell"
    source = f'{RIGHT_PASS}\nlesson.keep("my_bptt")\nlesson.judge("pass")\nlesson.keep("my_bptt")\n'
    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
    exec(compile(source, filename, "exec"), space)
    first, *_, then = capsys.readouterr().out.splitlines()
    assert "not kept" in first and kept.FILE in then
    brought = lesson.bring("my_bptt")
    assert brought is not plain.bptt
    assert "uses your own my_bptt" in capsys.readouterr().out
    path = tmp_path / kept.FILE
    path.write_text(path.read_text().replace("dc_next = dc * k.f[t]", "dc_next = dc"))
    assert lesson.bring("my_bptt") is plain.bptt
    assert "no longer right" in capsys.readouterr().out
    path.write_text("def nothing(:\n")
    assert lesson.bring("my_bptt") is plain.bptt
    assert f"{kept.FILE} has a syntax error at line 1" in capsys.readouterr().out
    eval('lesson.keep("my_bptt")', space)
    assert "my_bptt is not kept" in capsys.readouterr().out and path.read_text() == "def nothing(:\n"
    path.unlink()
    assert lesson.bring("my_bptt") is plain.bptt
    assert "you haven't kept your own" in capsys.readouterr().out


def test_a_lesson_that_is_not_there_and_a_blank_that_is_not_there_are_said():
    with pytest.raises(ValueError, match="no lesson called 'nothing'"):
        Lesson("nothing")
    with pytest.raises(KeyError, match="02_one_step_back has no blanks called 'prodct'; it has central_difference, "):
        Lesson(BACK).judge("prodct")


def test_what_is_judged_is_what_plain_computes():
    """The cases rest on plain.py alone; test_plain holds that against a complex step."""
    for case in cases_02.two_steps():
        assert case["dct"] == pytest.approx(case["dh"] * case["o"], rel=1e-14)
    statements = []
    assert all(part.sentence for part in judge_blank(PRODUCT, statements, {}))


# ---------------------------------------------------------------------------------- where and when a verdict is shown

FORWARD, BACK, SINGLE = "01_forward_pass", "02_one_step_back", "04_single_pass_bptt"
FADING, CARRIED = "05_vanishing_gradients", "dc_last * cache.f[early + 1 : last + 1].prod(axis=0)"


@pytest.mark.parametrize(
    ("call", "times"),
    [
        ('lesson.judge("cell")', 0),  # the notebook shows the value of the last line
        ('(lesson.judge("cell"))  # here', 0),
        ('lesson.judge("cell")\nprint(c)', 1),
        ('lesson.judge("cell");', 1),
        ('lesson.judge(\n    "cell"\n) ;  # quiet', 1),
        ('x = lesson.judge("cell")', 1),
        ('x = lesson.judge("cell")\nx', 0),
        ('if True:\n    lesson.judge("cell")', 1),
        ('print(lesson.judge("cell"))', 1),
        ('lesson.judge("cell").passed', 0),
        ('lesson.judge("cell"); lesson.judge("cell")', 1),
    ],
)
def test_a_verdict_is_shown_once_wherever_the_call_is(call, times, capsys):
    judged_in(FORWARD, "cell", source=f'name = "ü"; c = f * c_before + g\n{call}')
    assert capsys.readouterr().out.count("All of g comes in here") == times


def test_what_comes_before_the_call_in_its_line_is_judged():
    assert judged_in(FORWARD, "cell", source='c=f*c_before+i*g;lesson.judge("cell")').passed
    verdict = judged_in(FORWARD, "cell", source='"ü"; c=f*c_before+g; lesson.judge("cell")')
    assert "All of g" in sentences(verdict)["c"]
    around = "from contextlib import suppress\nif True:\n    with suppress(KeyError):\n        try:\n"
    lines = 'c = f*c_before + i*g\n            v: object = lesson.judge("cell")\n        finally:\n            x = 1\nv'
    assert judged_in(FORWARD, "cell", source=f"{around}            {lines}").passed
    verdict = judged_in(FORWARD, "cell", source=f"{around}            {lines.replace('i*g', 'i')}")
    assert "c is off" in sentences(verdict)["c"]
    twice = 'c = f * c_before + i * g\nx = lesson.judge("cell")\nlesson.judge("cell")'
    assert judged_in(FORWARD, "cell", source=twice).passed
    verdict = judged_in(FORWARD, "cell", source='x = [lesson.judge("cell")]; c = f * c_before\nx[0]')
    assert "No line of this cell says what c is" in str(verdict)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("c = f * c_before + i * g\ndel c", "No line of this cell says what c is: del deletes it."),
        ('c = "c_before"', "is text, 'c_before' (str); code is written without quotation marks."),
        ("c = str(f)", "(str)."),
    ],
)
def test_a_deleted_name_and_code_between_quotation_marks_are_told(lines, words):
    said = sentences(judged_in(FORWARD, "cell", source=f'{lines}\nlesson.judge("cell")'))["c"]
    assert said.endswith(words), said


def cell_of(name, group):
    return next(cell.id for cell in cells_of(name) if f'judge("{group}")' in cell.source)


def test_a_given_line_that_was_changed_is_said_to_be_another_and_one_in_the_cell_is_never_old():
    source = 'ct = 1 / (1 + np.exp(-c))\nh = o * ct\nlesson.judge("hidden")'
    verdict = run_cell(FORWARD, "hidden", source, copied(names_before(FORWARD, "hidden")) | {"In": [source]})
    assert sentences(verdict)["h"] == "It is right with this cell's ct, but not with the lesson's."
    names = run_cells(FORWARD)  # all cells have run, and f, i and g are those of later ones
    assert run_cell(FORWARD, "cell", 'c = f * c_before + i * g\nlesson.judge("cell")', names).passed
    assert run_cell(FORWARD, "hidden", 'ct = np.tanh(c)\nh = o * np.tanh(c)\nlesson.judge("hidden")', names).passed


@pytest.mark.parametrize(
    ("name", "group", "lines"),
    [
        (FORWARD, "hidden", "ct = (np.exp(c) - np.exp(-c)) / (np.exp(c) + np.exp(-c))\nh = ct * o"),
        (FORWARD, "loss",
         "picked = []\nfor k in range(T):\n    picked += [y[k, targets[k]]]\nL = -np.log(picked).sum()"),
        (SINGLE, "start", "dh_future, dc_carry = np.empty((2, H))\ndh_future[:] = 0\ndc_carry[:] = 0"),
    ],
)  # fmt: skip
def test_a_given_line_may_be_written_again_in_another_style(name, group, lines):
    verdict = judged_in(name, cell_of(name, group), source=f'{lines}\nlesson.judge("{group}")')
    assert verdict.passed, str(verdict)


@pytest.mark.parametrize(
    ("name", "cell", "lines", "words"),
    [
        (SINGLE, "hand-on", "next_dh_future = deltas.dh_future[t - 1]\nnext_dc_carry = dc * f", "This reads deltas"),
        (SINGLE, "start", "dh_future = np.empty(H)\ndc_carry = np.zeros(H)", "np.empty only reserves memory"),
        (SINGLE, "start", "dh_future = np.zeros(H)\ndc_carry = np.empty_like(h0)", "np.empty only reserves memory"),
        (SINGLE, "start", "dh_future = np.empty(H + 1)\ndh_future[:] = 0\ndc_carry = np.zeros(H)", "shape"),
        (FORWARD, "scores", "scores = params.V\nscores *= 2",
         "After `scores = params.V`, what is done to scores is done to params too"),
        (SINGLE, "meet", "new = dh_a\nnew += dh_b\ndh_both = new\ndc_carry_both = dc_carry_a + dc_carry_b",
         "This cell changes dh_a itself, which comes from another cell. After `new = dh_a`, what is done to new"),
    ],
)  # fmt: skip
def test_what_is_wrong_for_another_reason_than_the_line_itself_is_said(name, cell, lines, words):
    group = cell.replace("-", "_")
    assert words in str(judged_in(name, cell, source=f'{lines}\nlesson.judge("{group}")'))


def test_an_earlier_line_that_fails_on_another_net_is_named_and_blames_no_blank_that_is_right():
    names = run_cells(FORWARD, until="cell")
    looked_up = f"x = {{{float(names['f'])!r}: g}}[f]"  # on any other net f has another value
    verdict = run_cell(FORWARD, "cell", f'{looked_up}\nc = f * c_before + i * g\nlesson.judge("cell")', names)
    assert verdict.passed, str(verdict)
    verdict = run_cell(FORWARD, "cell", f'{looked_up}\nc = f * c_before + i * x\nlesson.judge("cell")', names)
    assert f"the line `{looked_up}` raises KeyError" in sentences(verdict)["c"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("sigmoid = lambda z: ...", "sigmoid still has dots in it"),
        ("def dots(z):\n    return ...\nsigmoid = dots", "dots still has dots in it"),
        ("def sigmoid(z):\n    raise NotImplementedError", "sigmoid still raises NotImplementedError: replace"),
    ],
)
def test_a_function_that_returns_its_dots_or_raises_in_their_place_is_not_written_yet(source, words):
    verdict = judged_in(FORWARD, "sigmoid", source=f'{source}\nlesson.judge("sigmoid")')
    assert verdict.parts[0].open and len(verdict.hints) == 3 and f"{verdict}".startswith("Not written yet: `sigmoid`.")
    assert words in str(verdict)


def test_a_function_whose_cell_has_not_run_is_the_library_s(capsys):
    names = run_cells("04_single_pass_bptt", until="triangle")
    its = eval('lesson.yours("my_bptt")', names)
    assert its.__code__.co_code == plain.bptt.__code__.co_code and its.__name__ == "the library's my_bptt"
    assert "the cell that makes yours hasn't run since the kernel started" in capsys.readouterr().out


def test_right_numbers_in_a_dictionary_are_not_called_rounded():
    verdict = judged_in("04_single_pass_bptt", "start", {"dh_future": "{k: 0.0 for k in range(H)}", "dc_carry": "None"})
    said = sentences(verdict)
    assert "The numbers are right, but in a dictionary: make an array." in said["dh_future"]
    assert "first digits" not in str(verdict) and "dc_carry is None, not a number" in said["dc_carry"]


def test_lines_with_dots_in_a_function_are_named():
    blank = cell_source("02_one_step_back", "write-step-back")
    started = blank.replace("dh = ...", "dh = params.V.T @ dy + dh_future").replace(
        "dc_before = ...", "dc_before = dc * f"
    )
    verdict = judged_in("02_one_step_back", "write-step-back", source=started)
    assert verdict.parts[0].open and "Dots are left in dc and dh_before." in verdict.note, verdict
    assert "Dots are left in dh, dc" in judged_in("02_one_step_back", "write-step-back", source=blank).note


@pytest.mark.parametrize("state", ["..., ...", "h[t - 1], ..."])
def test_dots_that_no_name_is_given_are_told_of_too(state):
    source = cell_source("01_forward_pass", "my-forward").replace("..., ...", state)
    verdict = judged_in("01_forward_pass", "my-forward", source=source)
    assert verdict.parts[0].open and "my_forward still has dots in it: replace them" in str(verdict)
    blank = cell_source("02_one_step_back", "write-step-back")
    assert "still has dots" not in str(judged_in("02_one_step_back", "write-step-back", source=blank))


def test_a_value_in_place_of_a_function_is_said_to_be_none(capsys):
    for value, kind in (("0.5", "0.5 (float)"), ("np.ones(3)", "an array of shape (3,)"), ("[1]", "[1] (list)")):
        verdict, names = judged(PASS, f"my_bptt = {value}")
        said = f"my_bptt should be a function, but is {kind}: write its lines below `def my_bptt(...):`."
        assert sentences(verdict) == {"my_bptt": said}
        exec('function = lesson.yours("my_bptt")', names)
        assert callable(names["function"]) and "since yours is not written yet" in capsys.readouterr().out
    for open_one in ("...", "(..., ...)"):
        assert all(part.open for part in judged(PASS, f"my_bptt = {open_one}")[0].parts)


@pytest.mark.parametrize(
    ("value", "is_now"),
    [
        ("[{}]", "but is a list of shape (1,)."),
        ("{},", "but is a tuple of shape (1,)."),
        ("np.array([{}])", "but is an array of shape (1,)."),
    ],
)
def test_a_list_is_not_called_an_array(value, is_now):
    verdict, _ = judged(PRODUCT, f"do = {value.format('dh * ct')}\ndct = dh * o")
    assert sentences(verdict)["do"].startswith(f"do should be a single number, {is_now}")


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_a_low_precision_is_said_once(kind):
    verdict, _ = judged(PRODUCT, f"do = np.{kind}(dh * ct)\ndct = dh * o")
    function = cell_source("01_forward_pass", "sigmoid").replace("...", f"np.{kind}(1 / (1 + np.exp(-z)))")
    for said in (sentences(verdict)["do"], str(judged_in("01_forward_pass", "sigmoid", source=function))):
        assert said.count("float") == 2 and f"Yours is {kind}; compute in float64." in said, said


def test_trials_raise_no_warnings_beside_the_learner_s_own():
    names = {"np": np, "lesson": Lesson(FORWARD), "c": 0.7, "o": 0.5}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the line gives no warning on this net, but on others it would
        verdict = run_cell(FORWARD, "hidden", 'ct = np.tanh(c)\nh = ct ** o\nlesson.judge("hidden")', names)
    assert "h is off" in sentences(verdict)["h"]


@pytest.mark.parametrize(
    "line", ["params.V @ dy + dh_future", "params.V.T @ dy + dh_future[:-1]", "params.V.T * dy[:2]"]
)
def test_arrays_that_do_not_fit_are_told_so_in_plain_words(line):
    source = solved(BACK)["write-step-back"].replace("params.V.T @ dy + dh_future", line)
    assert "at line 5: dh" in (said := str(judged_in(BACK, "write-step-back", source=source)))
    assert "The shapes don't fit: look at the shape of each side." in said
    source = cell_source(BACK, "write-step-back").replace("dh = ...", "dh = float('a')").replace("...", "dh")
    assert "shapes don't fit" not in str(judged_in(BACK, "write-step-back", source=source))


def test_the_example_of_the_docstring_is_what_lessons_have():
    files = [tomllib.loads(path.read_text(encoding="utf-8"))["blanks"] for path in lessons.FOLDER.glob("0*.toml")]
    shown = tomllib.loads(textwrap.dedent(blanks.__doc__[blanks.__doc__.index("    [blanks.") :]))["blanks"]
    assert len(shown) == 4 and all(any(holds(file.get(name), group) for file in files) for name, group in shown.items())


def holds(whole, part):
    """Whether a table has all that another one has; words and hints are left out there."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(holds(whole.get(key), value) for key, value in part.items())
    return whole is not None and (part in (whole, "...") or "the idea" in part)


@pytest.mark.parametrize("name", ["nonsense", "dct"])
def test_only_a_function_that_the_lesson_has_you_write_can_be_kept(name, capsys):
    Lesson(BACK).keep(name)
    assert capsys.readouterr().out == f"This lesson has no function {name} to write, so there is nothing to keep.\n"


def test_a_function_that_is_given_without_quotation_marks_is_taken_by_its_name(capsys):
    lesson, theirs = Lesson(BACK), Lesson(BACK).blank("step_back").library_value("step_back", {})
    for function in (theirs, run_cell(BACK, "x", "def step_back():\n    pass\nstep_back", {})):
        lesson.keep(function)
        assert capsys.readouterr().out.startswith("step_back is not kept: it hasn't been judged in this session yet.")
        lesson.bring(function)
        assert capsys.readouterr().out.startswith("This lesson uses the library's step_back:")


@pytest.mark.parametrize("given", ["dh", "dh + np.ones(2)", "...", "[dh]"])
def test_a_blank_that_is_named_without_quotation_marks_is_told_the_names(given):
    with pytest.raises(KeyError, match="it has central_difference, hidden, product"):
        judged_in(BACK, "write-dh", source=f"dh = np.sum(V * dy)\nlesson.judge({given})")


@pytest.mark.parametrize("line", ["assert {} is not None", "print({})", "known = {}"])
def test_a_line_that_no_blank_needs_may_call_the_library(line):
    lines = f"do = dh * ct\ndct = dh * o\n{line.format('lt.bptt(lt.Params.zeros(3, 2), [1], [2])')}"
    assert judged_in(BACK, "write-product", source=f'{lines}\nlesson.judge("product")').passed


def test_a_function_of_another_cell_reads_the_numbers_of_each_trial():
    """The names of a cell may be read in functions that an earlier cell defines, and in those that these call."""
    names = copied(names_before(BACK, "write-product"))
    functions = (
        "def back(other):\n    return dh * other\n\n\ndef to_o(*, k=1):\n    return k * back(ct) + to_o.zero\n\n\n"
    )
    functions += "to_o.zero = 0"
    run_cell(BACK, "x", functions, names)
    call = 'lesson.judge("product")'
    verdict = run_cell(BACK, "write-product", f"do = to_o()\ndct = back(o)\n{call}", names)
    assert verdict.passed, str(verdict)
    verdict = run_cell(BACK, "write-product", f"do = to_o(k=2)\ndct = back(ct)\n{call}", names)
    assert "It is 2 times" in str(verdict) and "This multiplies by ct itself" in str(verdict), str(verdict)


@pytest.mark.parametrize(
    ("helper", "line"),
    [
        ("class Back:\n    def __call__(self):\n        return dh * ct, dh * o\n\n\nback = Back()", "back()"),
        ("class Back:\n    @property\n    def both(self):\n        return dh * ct, dh * o", "Back().both"),
        ("back = functools.partial(lambda k: (k * dh * ct, k * dh * o), 1)", "back()"),
        ("@functools.lru_cache\ndef back(k):\n    return k * ct, k * o", "back(dh)"),
        ("def twice(f):\n    return lambda: f()\n\n\n@twice\ndef back():\n    return dh * ct, dh * o", "back()"),
        ('way = {"back": lambda: (dh * ct, dh * o)}', 'way["back"]()'),
    ],
)
def test_whatever_an_earlier_cell_has_made_reads_the_numbers_of_each_trial_and_the_notebook_keeps_its_own(helper, line):
    names = copied(names_before(BACK, "write-product"))
    run_cell(BACK, "x", f"import functools\n\n\n{helper}", names)
    own = {n: value for n, value in names.items() if n not in ("do", "dct")}
    call = 'lesson.judge("product")'
    verdict = run_cell(BACK, "write-product", f"do, dct = {line}\n{call}", names)
    assert verdict.passed, str(verdict)
    assert all(names[n] is value for n, value in own.items())
    verdict = run_cell(BACK, "write-product", f"dct, do = {line}\n{call}", names)
    assert "This multiplies by o itself" in str(verdict), str(verdict)


def test_the_notebook_has_its_own_names_again_where_a_trial_can_not_be_stopped(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 0.3)
    monkeypatch.setattr(blanks.guard, "PATIENCE", 0.3)
    names = notebook(PRODUCT)
    own = {**names}
    sleep = f"import time\nwhile dh != {names['dh']!r}:\n    time.sleep(1)"
    verdict, _ = judged(PRODUCT, f"{sleep}\ndo = dh * ct\ndct = dh * o", names)
    assert "takes more than 0.3 seconds in all" in str(verdict)
    after = {**names}
    time.sleep(1.2)  # by now the trial has ended by itself
    assert names.keys() == after.keys() and all(names[n] is value for n, value in after.items())
    assert all(names[n] is value for n, value in own.items())


def test_a_trial_that_catches_what_should_end_it_writes_nothing_into_the_notebook_afterward(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 0.3)
    monkeypatch.setattr(blanks.guard, "PATIENCE", 0.3)
    names = notebook(PRODUCT)
    sleep = f"import time\nif dh != {names['dh']!r}:\n    try:\n        time.sleep(1.5)\n    except:\n        pass"
    verdict, _ = judged(PRODUCT, f"{sleep}\ndo = dh * ct\ndct = dh * o\nextra = 1", names)
    assert "takes more than 0.3 seconds in all" in str(verdict)
    after = {**names}
    time.sleep(1.5)
    assert names.keys() == after.keys() and all(names[n] is value for n, value in after.items())


def test_trials_leave_the_state_of_objects_and_functions_as_it_was_and_what_two_names_share_is_shared():
    names = copied(names_before(BACK, "write-product"))
    step = "def back(self):\n        self.steps += 1\n        self.do, self.dct = dh * ct, dh * o"
    made = f"class Cell:\n    steps = 0\n\n    {step}\n\n\n"
    made += "cell, other = Cell(), Cell()\ncells, again = [cell], other.back\n"
    count = "def count():\n    count.calls += 1\n\n\ncount.calls = 0\n"
    run_cell(BACK, "x", f"{made}rng = np.random.default_rng(0)\n{count}", names)
    lines = "cells[0].back()\nagain()\ncount()\nrng.normal()\ndo, dct = cell.do, cell.dct"
    verdict = run_cell(BACK, "write-product", f'{lines}\nlesson.judge("product")', names)
    assert verdict.passed, str(verdict)
    assert [names["cell"].steps, names["other"].steps, names["count"].calls] == [1, 1, 1]
    assert names["cells"] == [names["cell"]]
    assert names["rng"].normal() == np.random.default_rng(0).normal(size=2)[1]


def test_a_cell_with_something_of_which_there_is_no_copy_is_judged():
    lines = "use = {'np': np, 'each': (k for k in 'ab')}\ndo = use['np'].multiply(dh, ct)\ndct = dh * o"
    verdict, _ = judged(PRODUCT, lines)
    assert verdict.passed, str(verdict)


@pytest.mark.parametrize("change", ["(w + step) - (w - step)", "2 * step * loss_of(w) / loss_of(w)"])
@pytest.mark.parametrize(("result", "words"), [("change / (2 * step)", "This comes to 1"), ("change", "the distance")])
def test_a_change_without_the_loss_is_named_and_no_name_that_only_the_library_has(change, result, words):
    source = f"def central_difference(loss_of, w, step=0.001):\n    change = {change}\n    return {result}"
    said = sentences(
        judged_in(BACK, "write-central-difference", source=f'{source}\nlesson.judge("central_difference")')
    )
    assert words in said["central_difference"] and "factor" not in said["central_difference"]
    source = source.replace(f"return {result}", f"return {result} * 3 + 0.5")
    said = sentences(
        judged_in(BACK, "write-central-difference", source=f'{source}\nlesson.judge("central_difference")')
    )
    assert "answer" not in said["central_difference"]


CENTRAL = (
    "def central_difference(loss_of, w, step=0.001):\n    return (loss_of(w + step) - loss_of(w - step)) / (2 * step)\n"
)
JUDGE_CENTRAL = 'lesson.judge("central_difference")'


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "No line of this cell says what central_difference is."),
        (CENTRAL.replace("central_", "zentral_"), "it is called zentral_difference: rename it to central_difference."),
        ("print(central_difference(np.sin, 0.5))\n", "No line of this cell says what central_difference is."),
        ("theirs = central_difference\ncentral_difference = theirs\n", "is the library's: write its lines yourself"),
        (
            "theirs = central_difference\ndef central_difference(*given):\n    return theirs(*given)\n",
            "central_difference calls central_difference from the library",
        ),
    ],
)
def test_what_the_lesson_lends_is_never_judged_as_the_learner_s_own(source, words, capsys):
    names = run_cells(BACK, until="write-central-difference")
    for _ in range(2):
        verdict = run_cell(BACK, "again", source + JUDGE_CENTRAL, names)
        assert words in sentences(verdict)["central_difference"], str(verdict)
        if "calls central_difference" in words:
            return
        capsys.readouterr()
        assert eval('lesson.yours("central_difference")', names).__name__ == "the library's central_difference"
        eval('lesson.keep("central_difference")', names)
        said = capsys.readouterr().out
        assert "This is the library's central_difference" in said and "is not kept" in said


def test_a_function_from_an_earlier_cell_is_judged_as_the_learner_s_own():
    names = run_cells(BACK, until="write-central-difference")
    run_cell(BACK, "earlier", CENTRAL, names)
    assert run_cell(BACK, "later", JUDGE_CENTRAL, names).passed
    run_cell(BACK, "earlier", CENTRAL.replace("2 * step", "step"), names)
    assert "twice the slope" in str(run_cell(BACK, "later", JUDGE_CENTRAL, names))
    run_cell(BACK, "earlier", "from lstm_teach.lessons.library import central_difference", names)
    assert "is a function of the library" in str(run_cell(BACK, "later", JUDGE_CENTRAL, names))


def test_a_class_and_a_type_in_the_cell_are_no_numbers_of_another_cell_and_leave_nothing():
    names = copied(names_before(FORWARD, "cell"))
    names["here"] = names["c_before"]
    lines = "class Kept:\n    pass\n\n\nc: float = f * c_before + i * g if c_before == here else Kept"
    said = str(run_cell(FORWARD, "cell", f'{lines}\nlesson.judge("cell")', names))
    assert "Note that here came from another cell" in said, said
    of_the_cell = names["__annotate__"](1) if sys.version_info >= (3, 14) else names["__annotations__"]
    assert of_the_cell == {"c": float}


def test_a_line_that_is_missing_is_not_shown_as_the_learner_s(capsys):
    names = run_cells(BACK, until="write-dh")
    run_cell(BACK, "write-dh", 'Dh = np.sum(V * dy)\nlesson.judge("hidden")', names)
    assert names["lesson"].written == {}
    capsys.readouterr()
    names["compare"](dh=names["dh"])
    assert "yours" not in (said := capsys.readouterr().out) and "library's" in said


def test_judging_outside_of_a_notebook_or_below_a_magic_of_the_whole_cell_is_said():
    with pytest.raises(RuntimeError, match="in a cell of the notebook, one without %%time"):  # which leaves no text
        exec("lesson.judge('product')", notebook(PRODUCT))


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "cell", "old", "new", "stale"),
    [
        (SINGLE, "initial", "    cache = lt.forward(params, x, h0, c0)\n", "", "cache"),
        ("06_training", "descend", "flat - rate", "params.flat - rate", "params"),
    ],
)
def test_an_object_of_an_earlier_cell_is_named_and_no_helper_is(name, cell, old, new, stale):
    source = solved(name)[cell]
    assert old in source
    assert f"Note that {stale} came from another cell" in str(judged_in(name, cell, source=source.replace(old, new)))
    wrong = source.replace("return ", "return lesson and 3 * ")
    assert "came from" not in str(judged_in(name, cell, source=wrong))


def test_the_first_sentence_counts_what_is_right_also_where_it_follows_from_what_is_not():
    source = solved(BACK)["write-step-back"]
    for changes, said in (
        ({" + dh_future": ""}, "7 of 8 right so far."),
        ({" + dh_future": "", " + dc_carry": ""}, "6 of 8 right so far."),
        ({"dc * f": "dc"}, "7 of 8 right so far."),
    ):
        changed = source
        for old, new in changes.items():
            changed = changed.replace(old, new)
        assert judged_in(BACK, "write-step-back", source=changed).summary == said


def test_a_line_without_names_is_not_said_to_have_numbers_typed_in():
    for line in ("np.exp(np.float64())", "-0.3"):
        said = sentences(judged_in(BACK, "write-dh", {"dh": line}))["dh"]
        assert "reads none of the names above" in said and "typed" not in said


def test_a_changed_default_is_named():
    for default, words in (("1e-5", "the first line should have step=0.001"), ("0.001", "")):
        source = f"{CENTRAL.replace('0.001', default)}{JUDGE_CENTRAL}"
        said = sentences(judged_in(BACK, "write-central-difference", source=source))["central_difference"]
        assert words in said and bool(words) == bool(said)
        wrong = sentences(judged_in(BACK, "write-central-difference", source=source.replace("w - step", "w + 0.0")))
        assert "first line" not in wrong["central_difference"]


def test_the_number_that_is_quoted_is_one_that_is_clearly_off():
    source = solved(BACK)["write-step-back"].replace("(1 - ct**2)", "(1 - cache.c[t] ** 2)", 1)
    said = sentences(judged_in(BACK, "write-step-back", source=source))["dc"]
    assert "yours is 2.289; it should be 2.357" in said


def central(kept: str, line: str, answer: str = "seen[-1]") -> str:
    head = f"def central_difference(loss_of, w, step=0.001{kept}):"
    change = "loss_of(w + step) - loss_of(w - step)"
    return f"seen = []\n{head}\n    {line.format(change)}\n    return {answer} / (2 * step)\n{JUDGE_CENTRAL}"


@pytest.mark.parametrize("kept", ["", ", seen=[]"])
def test_what_a_function_keeps_from_call_to_call_is_named_if_something_is_wrong(kept):
    right = judged_in(BACK, "write-central-difference", source=central(kept, "seen.append({})"))
    wrong = judged_in(BACK, "write-central-difference", source=central(kept, "seen.append({})", "sum(seen)"))
    assert right.passed and "all calls share the same seen, made only once." in str(wrong)
    rows = "for token in x:\n        rows.append(step(params, token, *(rows[-1] if rows else (h0, c0))))"
    tail = "h, c = zip(*rows, (h0, c0))\n    return np.array(h), np.array(c)"
    source = f'def my_forward(params, x, h0, c0, rows=[]):\n    {rows}\n    {tail}\nlesson.judge("my_forward")'
    said = str(judged_in(FORWARD, "my-forward", source=source))
    assert "all calls share the same rows" in said and "transposed" not in said


def test_what_a_function_makes_anew_in_each_call_is_not_said_to_be_made_once():
    lines = "    global rows\n    rows = [np.zeros(3)]\n    return np.sin(rows * 2)"
    source = f'def my_forward(params, x, h0, c0):\n{lines}, c0\nlesson.judge("my_forward")'
    said = str(judged_in(FORWARD, "my-forward", source=source))
    assert "h should be" in said and "made only once" not in said


def test_a_dictionary_that_every_call_fills_anew_is_right_in_every_call():
    source = solved(BACK)["write-step-back"].replace("return dict(", "return deltas.update(")
    source = source.replace("dc_before=dc_before)", "dc_before=dc_before) or deltas")
    assert judged_in(BACK, "write-step-back", source=f"deltas = {{}}\n\n\n{source}").passed


@pytest.mark.parametrize(
    ("lesson", "cell", "line", "lost"),
    [
        (FORWARD, "cell", "c = f * c_before + i * g", "c = f * c_before\nc + i * g"),
        (SINGLE, "my-bptt", "grads.V += np.outer(dy[t], cache.h[t])", "grads.V + np.outer(dy[t], cache.h[t])"),
        (BACK, "write-step-back", " + params.Wg.T @ dzg", "\n    +params.Wg.T @ dzg"),
    ],
)
def test_a_line_whose_value_is_kept_nowhere_is_named(lesson, cell, line, lost):
    assert line in solved(lesson)[cell]
    note = judged_in(lesson, cell, source=solved(lesson)[cell].replace(line, lost)).note
    assert f"The result of the line `{lost.splitlines()[-1].strip()}` isn't kept" in note
    alone = judged_in(lesson, cell, source=f"1 + 1\n{solved(lesson)[cell]}")
    assert alone.passed and "isn't kept" not in alone.note


@pytest.mark.parametrize(
    ("lesson", "cell", "right", "slip", "shown"),
    [
        (FORWARD, "sigmoid", "1 / (1 + np.exp(-z))", "1 / 1 + np.exp(-z)", "if `1 + np.exp(-z)` belongs together"),
        (BACK, "write-dc", "(1 - ct**2)", "1 - ct**2", "Python reads `dct * 1 - ct ** 2` from left to right"),
        ("05_vanishing_gradients", "blank-rate-needed", "(1 / steps)", "1 / steps", "if `1 / steps` belongs together"),
        ("05_vanishing_gradients", "blank-rate-needed", "1 / steps", "1 // steps", "`1 // steps` drops the fraction"),
        ("05_vanishing_gradients", "blank-one-step", "0.25 *", "1 // 4 *", "`1 // 4` drops the fraction"),
    ],
)
def test_what_python_reads_otherwise_than_it_looks_is_told_to_whoever_wrote_it(lesson, cell, right, slip, shown):
    source = solved(lesson)[cell]
    assert right in source and judged_in(lesson, cell, source=source).note == ""
    verdict = judged_in(lesson, cell, source=source.replace(right, slip))
    assert not verdict.passed and shown in verdict.note
    other = judged_in(lesson, cell, source=source.replace(right, f"2 * {right}"))
    assert not other.passed and "Python reads" not in str(other) and "//" not in str(other)


def test_a_part_that_was_forgotten_is_not_taken_for_another_slip_in_writing_it():
    for line, road in (("f * np.eye(H)", "candidate is missing"), ("f * np.eye(H) + 1 // 4 * Wg.T", "`1 // 4` drops")):
        said = str(judged_in("05_vanishing_gradients", "blank-one-step", {"one_step": line}))
        assert road in said and ("//" in said) == ("//" in line)


@pytest.mark.parametrize(
    ("lesson", "cell", "line", "slip"),
    [
        (SINGLE, "my-bptt", "grads.V += ", "grads.V =+ "),
        (FORWARD, "loss", "L = ", "L =+ 2 * "),
        (FORWARD, "loss", "L = ", "L = 0\nL =+ 2 * "),
        (FORWARD, "loss", "L = ", "for L in (1, 2): pass\nL =+ 2 * "),
    ],
)
def test_an_equals_sign_before_a_plus_is_told_that_it_adds_nothing(lesson, cell, line, slip):
    verdict = judged_in(lesson, cell, source=solved(lesson)[cell].replace(line, slip))
    name = slip.splitlines()[-1].split()[0]
    assert not verdict.passed and f"`{name} =+ ...` adds nothing: it does the same as `{name} = ...`" in verdict.note
    for right_all_the_same in ("L =+ ", "L = +"):
        assert judged_in(FORWARD, "loss", source=solved(FORWARD)["loss"].replace("L = ", right_all_the_same)).note == ""
    assert (
        "adds nothing"
        not in judged_in(FORWARD, "loss", source=solved(FORWARD)["loss"].replace("L = ", "L = +2 * ")).note
    )


def test_an_array_of_whole_numbers_is_told_that_it_holds_no_fractions():
    told = "int64, which holds whole numbers only; compute in float64."
    lines = {"dUf": "np.zeros(2, dtype='int64')"}
    source = solved(FORWARD)["my-forward"].replace("hidden_size))", "hidden_size), dtype='int64')")
    assert told in str(judged_in(FORWARD, "my-forward", source=source))
    source = cell_source(BACK, "write-weights").replace("...", f"{lines['dUf']}\ndUf[token] = dzf")
    assert told in str(judged_in(BACK, "write-weights", source=source))


def test_a_slope_at_a_delta_is_named():
    lines = {
        "dzi": "di * i * (1 - di)",
        "dzf": "df * f * (1 - f)",
        "dzo": "do * (1 - do) * o",
        "dzg": "dg * (1 - g**2)",
    }
    said = sentences(judged_in(BACK, "write-gates", lines))
    assert "look at (1 - di) and at (1 - i)" in said["dzi"] and "look at (1 - do) and at (1 - o)" in said["dzo"]
    source = solved(BACK)["write-step-back"].replace("o * (1 - ct**2)", "o * (1 - dh**2)")
    assert (
        "look at (1 - dh**2) and at (1 - ct**2)" in sentences(judged_in(BACK, "write-step-back", source=source))["dc"]
    )


def test_what_counts_a_loop_is_no_name_for_an_answer():
    source = 'for share in [f ** n]:\n    pass\nlesson.judge("left")'
    assert (
        sentences(judged_in("00_start_here", "left", source=source))["left"]
        == "No line of this cell says what left is."
    )


@pytest.mark.parametrize(
    "call", ['lesson.judge(group="product")', "lesson.judge( 'product' )", "lesson.judge('product',)"]
)
def test_a_cell_is_never_taken_for_another_one_however_its_call_is_written(shell, call):
    for cell in (names := notebook(PRODUCT)), "c = 0.5", f"c = 7\ndo = dh * ct\ndct = dh * o\n{call}":
        shell.user_ns.update(cell) if isinstance(cell, dict) else shell.run_cell(cell, store_history=True)
    said = sentences(names["lesson"].verdicts["product"])
    assert said["c"].startswith("This cell changes c itself, which comes from another cell."), said


@pytest.mark.parametrize(
    ("lesson", "cell", "body"),
    [
        (FORWARD, "sigmoid", "    ...\n    return 1 / (1 + np.exp(-z))"),
        (FORWARD, "sigmoid", "    if z is None:\n        ...\n    return 1 / (1 + np.exp(-z))"),
        ("06_training", "cosine", "    length = np.linalg.norm\n    ...\n    return a @ b / length(a) / length(b)"),
    ],
)
def test_a_right_function_is_right_although_dots_are_left_where_they_do_nothing(lesson, cell, body):
    head = cell_source(lesson, cell).splitlines()[0]
    for text, passed in (body, True), (body.replace(" / ", " * "), False):
        verdict = judged_in(lesson, cell, source=f'{head}\n{text}\n\n\nlesson.judge("{cell}")')
        assert (verdict.passed, verdict.parts[0].open) == (passed, not passed), verdict


def test_numpy_told_to_raise_stops_no_verdict():
    large = "cache.h[t - 1] * 1e200", "cache.h[t - 1]"
    source = solved("04_single_pass_bptt")["my-bptt"]
    assert large[1] in source
    with np.errstate(all="raise"):
        assert judged_in("04_single_pass_bptt", "my-bptt", source=source).passed
        said = sentences(judged_in("04_single_pass_bptt", "my-bptt", source=source.replace(*large[::-1])))
    assert "1e+200 times what it should be" in said["Wi"], said


def test_what_counts_the_loop_of_a_line_is_not_named_as_the_mistake_in_it():
    start, count = "dUi_quiet = np.zeros(H)", "    if x[t] == QUIET:\n        dUi_quiet += dzi[t]"
    loops = f"for t in range(T):\n    {start}\n{count}", f"{start}\nfor t in range(T):\n{count}"
    both = [f'{loop}\nlesson.judge("sums")' for loop in loops]
    wrong, right = (sentences(judged_in("04_single_pass_bptt", "sums", source=source)) for source in both)
    assert "dUi_quiet is off" in wrong["dUi_quiet"] and "this cell's t" not in wrong["dUi_quiet"], wrong
    assert not right["dUi_quiet"], right


@pytest.mark.parametrize("helper", ["def f(a, b):\n    return a + b", "f = lambda a, b: a + b", "f = np.add"])
def test_a_function_of_another_cell_may_have_the_name_of_a_gate(helper):
    names = copied(names_before(SINGLE, "meet"))
    run_cell(SINGLE, "own", helper, names)
    cell = 'dh_both = f(dh_a, dh_b)\ndc_carry_both = f({}, dc_carry_b)\nlesson.judge("meet")'
    assert run_cell(SINGLE, "meet", cell.format("dc_carry_a"), dict(names)).passed
    wrong = sentences(run_cell(SINGLE, "meet", cell.format("dh_a"), dict(names)))
    assert wrong["dc_carry_both"].startswith("dc_carry_both is off") and not wrong["dh_both"], wrong


@pytest.mark.parametrize("line", ["dh_a.sort()", "np.add(dh_a, 1, out=dh_a)", "n = np.add(dh_a, 1, out=dh_a)"])
def test_what_a_call_changes_under_its_own_name_is_not_said_to_have_another(line):
    lines = f"dh_both = dh_a + dh_b\ndc_carry_both = dc_carry_a + dc_carry_b\n{line}"
    said = sentences(judged_in(SINGLE, "meet", source=f'{lines}\nlesson.judge("meet")'))["dh_a"]
    assert "This cell changes dh_a itself" in said and "Use a new name" in said and "another name" not in said, said


def test_an_array_that_a_line_fills_is_judged_by_what_it_was_filled_with():
    lines = "do = np.empty(())\nn = np.multiply(dh, {}, out=do)\ndct = dh * o"
    right, wrong = (sentences(judged(PRODUCT, lines.format(factor))[0]) for factor in ("ct", "o"))
    assert not right["do"] and "Its own factor." in wrong["do"] and "np.empty" not in wrong["do"], wrong


@pytest.mark.parametrize("change", ["ct = c", "ct = np.tanh(np.tanh(c))"])
def test_whoever_has_changed_a_given_line_is_told_so_before_what_follows_from_it(change):
    names = copied(names_before(FORWARD, "hidden")) | {"In": []}
    said = sentences(run_cell(FORWARD, "hidden", f'{change}\nh = o * ct\nlesson.judge("hidden")', names))["h"]
    assert said.startswith("It is right with this cell's ct, but not with the lesson's. This "), said
