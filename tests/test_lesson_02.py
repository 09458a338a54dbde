"""Lesson 2: every blank, what is said to wrong answers, the numbers in its prose, and its net."""

import re

import numpy as np
import pytest
from lesson_cells import (
    cell_source,
    cells_of,
    copied,
    judged,
    names_before,
    run_cell,
    run_cells,
    solved,
    solved_run,
    spec,
)

import lstm_teach as lt
from lstm_teach import plain
from lstm_teach.blanks import Lesson
from lstm_teach.graph import Net, forward_values
from lstm_teach.lessons import cases_02, library, one_unit
from lstm_teach.lessons.cases import walked

NOTEBOOK = "02_one_step_back"
SPEC = spec(NOTEBOOK)
PROSE = {cell.id: cell.source for cell in cells_of(NOTEBOOK) if cell.cell_type == "markdown"}


@pytest.fixture(scope="module")
def lesson():
    """The names after running the whole lesson with the solutions filled in."""
    return solved_run(NOTEBOOK).names


def sentences(cell, lines=None, source=None):
    """What is said to each blank of a cell, by name; "" where it is right."""
    return {part.name: "open" if part.open else part.sentence for part in judged(NOTEBOOK, cell, lines, source).parts}


# ---------------------------------------------------------------------------------------------- the blanks

RIGHT = [
    ("write-dh", {"dh": "V @ dy"}),
    ("write-dh", {"dh": "(dy * V).sum()"}),
    ("write-product", {"do": "ct * dh", "dct": "o * dh"}),
    ("write-product", {"do": "dh * np.tanh(c)", "dct": "dh * h / ct"}),
    ("write-dc", {"dc": "dct * (1 - np.tanh(c) ** 2)"}),
    ("write-dc", {"dc": "dct / np.cosh(c) ** 2"}),
    ("write-sum", {"df": "c_before * dc", "di": "g * dc", "dg": "i * dc"}),
    ("write-sum", {"df": "dct * (1 - ct**2) * c_before", "di": "dc * g", "dg": "dc * i"}),
    ("write-gates", {
        "dzi": "(i - i**2) * di", "dzf": "f * (1 - f) * df", "dzo": "do * (o - o * o)", "dzg": "dg - dg * g**2"}),
    ("write-gates", {
        "dzi": "di * sigmoid(zi) * (1 - sigmoid(zi))", "dzf": "df * f - df * f**2", "dzo": "o * (1 - o) * do",
        "dzg": "dg / np.cosh(zg) ** 2"}),
    ("write-weights", {"dUf": "np.where(np.arange(len(V)) == token, dzf, 0)"}),
    ("write-weights", {"dUf": "np.eye(len(V))[token] * dzf"}),
    ("write-weights", {"dUf": "dzf * np.eye(2)[token]"}),
    ("write-dh-total", {"dh_whole": "dh_future + dh_loss"}),
    ("write-dh-total", {"dh_whole": "V @ dy + dh_future"}),
    ("write-dh-total", {"dh_whole": "dh + dh_future"}),
    ("write-dc-total", {"dc_whole": "dc_carry + dc_hidden"}),
    ("write-dc-total", {"dc_whole": "dh_whole * o * (1 - ct**2) + dc_carry"}),
    ("write-many-units", {"dWf_many": "dzf_many[:, None] * h_before_many"}),
    ("write-many-units", {"dWf_many": "np.einsum('a,b->ab', dzf_many, h_before_many)"}),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "lines"), RIGHT, ids=[f"{c} {'; '.join(v.values())}" for c, v in RIGHT])
def test_right_lines_in_another_style_are_right(cell, lines):
    assert set(sentences(cell, lines).values()) == {""}


def test_a_line_of_an_earlier_cell_may_be_written_again_though_its_last_digit_comes_out_different():
    again = "dh = np.sum(V * dy)\ndo = dh * ct\ndct = dh * o\n\n"
    assert set(sentences("write-product", source=f'{again}lesson.judge("product")').values()) == {""}


WRONG = [
    ("write-dh", "dh", "dy[token] * V[token]", "the one that was read"),
    ("write-dh", "dh", "np.sum(V + dy)", "the deltas of the scores add up to zero"),
    ("write-product", "do", "dh * ct * o * (1 - o)", "This is dzo, not do"),
    ("write-product", "dct", "do * o", "both factors in it"),
    ("write-product", "do", "np.tanh(ct) * dh", "takes the tanh a second time"),
    ("write-product", "do", "dh / o", "This divides by o. The line needs no"),
    ("write-product", "dct", "dh - do", "should be -0.372.$"),  # nothing that can be said would be true
    ("write-dh", "dh", "V[0] * dy[1] + V[1] * dy[0]", "or each row of V meets the dy of the other token"),
    ("write-dc-total", "dc_whole", "dc_hidden + dc_carry / f", "The rest is right except for one division by f"),
    ("write-dc", "dc", "do * (1 - ct**2)", "This starts from do, the delta of the other factor"),
    ("write-dc", "dc", "dct + dct * ct**2", "The sign is wrong in the slope of tanh"),
    ("write-dc", "dc", "dct * np.tanh(c) ** 2", "multiplies by ct.*2 itself"),
    ("write-dc", "dc", "dct / (1 - ct**2)", "divides by the slope"),
    ("write-dc", "dc", "dct * (1 - h**2)", "h has been squared"),
    ("write-dc", "dc", "dct * (1 - ct * 2)", "two times ct instead of its square"),
    ("write-gates", "dzi", "dc * i * (1 - i)", "This starts from dc"),
    ("write-gates", "dzi", "dg * i * (1 - i)", "This starts from dg, the delta of the other factor"),
    ("write-gates", "dzo", "dh * o * o * (1 - o)", "This starts from dct, the delta of the other factor"),
    ("write-gates", "dzg", "di * (1 - g**2)", "This starts from di, the delta of the other factor"),
    ("write-gates", "dzg", "dg * (1 + g**2)", "The sign is wrong in the slope of tanh"),
    ("write-gates", "dzi", "di * i * (1 - sigmoid(i))", "takes the sigmoid a second time"),
    ("write-weights", "dUf", "[0, dzf]", "always puts the number in place 1"),
    ("write-dh-total", "dh_whole", "dh_future", "dh_loss is missing"),
    ("write-dc-total", "dc_whole", "dc + dc_carry", "starts from dh_loss"),
    ("write-dc-total", "dc_whole", "dc_hidden + o * dc_carry", "The rest is right except for one factor too many: o"),
    ("write-dc-total", "dc_whole", "dc_hidden + dc", "which one came from the next step"),
    ("write-many-units", "dWf_many", "np.outer(dzf_many, h_before)", "that of the net with one unit"),
    ("write-many-units", "dWf_many", "dzf_many @ h_before_many", "adds up to a single number"),
]


def group_of(cell):
    """The spec of the blanks in a cell."""
    return SPEC["blanks"][re.search(r'judge\("(\w+)"\)', cell_source(NOTEBOOK, cell))[1]]


@pytest.mark.parametrize(("cell", "name", "line", "words"), WRONG, ids=[f"{n} = {v}" for _, n, v, _ in WRONG])
def test_a_wrong_line_is_told_what_it_is_and_the_lines_beside_it_stay_right(cell, name, line, words):
    lines = {**group_of(cell)["library"], name: line}
    said = sentences(cell, lines)
    assert re.search(words, said.pop(name))
    assert set(said.values()) <= {""}


VALUES = [cell for cell in solved(NOTEBOOK) if isinstance(group_of(cell).get("library"), dict)]


@pytest.mark.parametrize("cell", VALUES)
def test_numbers_that_are_typed_in_are_not_taken_even_if_they_are_those_of_the_lesson(cell):
    names = group_of(cell)["names"]
    before = copied(names_before(NOTEBOOK, cell))
    run_cell(NOTEBOOK, cell, cell_source(NOTEBOOK, cell), before)
    lines = {name: f"np.array({np.asarray(before[name]).tolist()!r})[()]" for name in names}
    said = sentences(cell, lines)
    assert list(said) == names and all("typed-in number" in each for each in said.values())


def edited(cell, *changes):
    """The solved source of a cell with one thing changed after the other."""
    source = solved(NOTEBOOK)[cell]
    for before, after in changes:
        assert before in source, before
        source = source.replace(before, after, 1)
    return source


def test_what_may_follow_from_a_line_names_only_what_the_line_reads_and_hides_no_other_mistake():
    zero = ("dc = dh * o * (1 - ct**2) + dc_carry", "dc = 0 * dh")
    said = sentences("write-step-back", source=edited("write-step-back", zero))
    for name in ("dzi", "dzf", "dzg", "dc_before"):
        assert said[name].endswith("This may come from your dc: look there first.")
    assert said["dh_before"].endswith("This may come from your dzi, dzf and dzg: look there first.")
    sometimes = ("dzi = dc * g * i * (1 - i)", "dzi = dc * g * i * (1 - i) * (t != 0)")
    said = sentences("write-step-back", source=edited("write-step-back", sometimes, ("params.Wi.T @ dzi + ", "")))
    assert said["dh_before"].endswith("The road through the input gate is missing.")
    swapped = edited(
        "write-step-back",
        ("dzi = dc * g * i * (1 - i)", "dzi = dc * c_before * f * (1 - f)"),
        ("dzf = dc * c_before * f * (1 - f)\n    dzo", "dzf = dc * g * i * (1 - i)\n    dzo"),
    )
    said = sentences("write-step-back", source=swapped)
    assert said["dh_before"].endswith("This may come from your dzi and dzf: look there first.")


def test_what_is_off_by_less_than_the_tolerance_explains_nothing():
    right = "dh = params.V.T @ dy + dh_future"
    off = "dh = params.V.T @ dy + dh_future\n    dh = dh + 9e-10 * np.eye(len(dh))[-1] * abs(dh).max()"
    said = sentences("write-step-back", source=edited("write-step-back", (right, off)))
    assert "Only the first digits are right" in said["dc"] and not any("given your )" in name for name in said)


def test_what_is_right_given_a_wrong_line_is_said_to_be_and_a_missing_entry_is_named():
    said = sentences("write-step-back", source=edited("write-step-back", (" + dh_future", "")))
    assert [name for name in said if name.endswith("(given your dh)")] == ["dc (given your dh)", "dzo (given your dh)"]
    zero = ("dzi = dc * g * i * (1 - i)", "dzi = 0 * dc")
    for gone in ((), (("params.Wi.T @ dzi + ", ""),)):  # the two can't be told apart
        said = sentences("write-step-back", source=edited("write-step-back", zero, *gone))
        assert said["dh_before"].endswith("This may come from your dzi: look there first.")
    for gone, words in (("dzi=dzi, dzf=dzf, ", "; dzi and dzf are missing."), ("dzo=dzo, ", "; dzo is missing.")):
        said = sentences("write-step-back", source=edited("write-step-back", (gone, "")))
        assert said["step_back"].endswith(f"each under its name{words}")


DIFFERENCES = [
    ([("loss_of(w - step)", "loss_of(w)"), ("(2 * step)", "step")], "looks only to one side, from w to w"),
    ([("loss_of(w + step)", "loss_of(w)"), ("(2 * step)", "step")], "looks only to one side, from w - step to w"),
    ([("w + step", "w + step / 2"), ("w - step", "w - step / 2"), ("(2 * step)", "step")], "with half the nudge"),
    ([("(2 * step)", "step")], "twice the slope"),
    ([("change = ", "change = abs("), ("(w - step)", "(w - step))")], "This is never negative"),
    ([("(2 * step)", "0.002")], "right for step = 0.001 only"),
    ([("(2 * step)", "2 * step")], "Put parentheses around the distance"),
    ([("(2 * step)", "2")], "half the change of the loss"),
    ([(" / (2 * step)", "")], "This is the change of the loss"),
    (
        [("loss_of(w - step)", "loss_of(w - step)) / (2 * step)"), ("= loss", "= (loss")],
        "the distance, 2 . step, twice",
    ),
    ([("(2 * step)", "(4 * step)")], "half the slope"),
    ([("loss_of(w + step) -", "loss_of * (w + step) -")], "'function' and 'float'.*A function is used here instead"),
    ([("w + step) - loss_of(w - step)", "w + step, w - step)")], "loss_of.. takes 1 positional argument but 2 were"),
    ([("loss_of(w - step)", "loss_of(w)")], "one step, not two"),
    ([("loss_of(w + step) - loss_of(w - step)", "loss_of(w - step) - loss_of(w + step)")], "The sign is flipped"),
    ([("return change / (2 * step)", "return -0.654")], "it should be"),
    ([("return change", "change")], "returns nothing|None"),
    ([("step=0.001", "step")], "step"),  # later cells call it without
]


@pytest.mark.parametrize(("changes", "words"), DIFFERENCES, ids=[words for _, words in DIFFERENCES])
def test_a_wrong_central_difference_is_told_what_it_is(changes, words):
    source = edited("write-central-difference", *changes)
    assert re.search(words, sentences("write-central-difference", source=source)["central_difference"])


@pytest.mark.parametrize("body", [
    "return (loss_of(w + step) - loss_of(w - step)) / step / 2",
    "above, below = loss_of(w + step), loss_of(w - step); return 0.5 * (above - below) / step",
])  # fmt: skip
def test_right_central_differences_in_another_style_are_right(body):
    head = "def central_difference(loss_of, w, step=0.001):\n    "
    source = f'{head}{body}\n\n\nlesson.judge("central_difference")'
    assert sentences("write-central-difference", source=source) == {"central_difference": ""}


STEPS_BACK = [
    ([(" + dh_future", "")], "dh", "dh_future is missing"),
    ([(" + dc_carry", "")], "dc", "dc_carry is missing"),
    ([("(1 - ct**2)", "(1 - np.tanh(ct) ** 2)")], "dc", "takes the tanh a second time"),
    ([("(1 - ct**2)", "(1 - cache.c[t] ** 2)")], "dc", "here c, its input, has been squared"),
    ([("dh * o * (1 - ct**2) + dc_carry", "(dh * o + dc_carry) * (1 - ct**2)")], "dc", "doesn't go through the tanh"),
    ([("(1 - ct**2)", "(1 - ct) ** 2")], "dc", "only ct is squared"),
    ([("dh * o * (1", "dh @ o * (1")], "dc", "Each unit keeps its own: dh . o"),
    (
        [("dh * o * (1 - ct**2) + dc_carry", "(dh + dc_carry) * o * (1 - ct**2)")],
        "dc",
        "through o and the slope of tanh",
    ),
    ([("+ dc_carry", "+ dh_future")], "dc", "already in dh"),
    ([("+ dc_carry", "* dc_carry")], "dc", "The two parts are multiplied here"),
    ([("dy + dh_future", "dy + dh_future + dc_carry")], "dh", "One term too many"),
    ([("dc * c_before", "dc * cache.c[t]")], "dzf", "takes the new cell c"),
    ([("dh * ct * o", "dc * ct * o")], "dzo", "not on the way to the cell"),
    ([("dc * i * (1 - g**2)", "dc * i * g * (1 - g)")], "dzg", "slope of the sigmoid"),
    ([("params.Wo.T @ dzo + ", "")], "dh_before", "through the output gate is missing"),
    ([("params.Wf.T @ dzf", "params.Wf @ dzf")], "dh_before", "through Wf in the forward direction"),
    ([(f"params.W{gate}.T @", f"params.W{gate} *") for gate in "ifog"], "dh_before", "the line for one unit"),
    ([("params.Wi.T @ dzi", "params.Wf.T @ dzi")], "dh_before", "dzi goes through Wf here"),
    ([("params.Wf.T @ dzf", "params.Wi.T @ dzf")], "dh_before", "dzf goes through Wi here"),
    ([("params.Wo.T @ dzo", "params.Wo.T @ dzi")], "dh_before", "Wo is multiplied by dzi here"),
    ([("Wo.T @ dzo + params.Wg", "Wg.T @ dzo + params.Wo")], "dh_before", "Wo and Wg are swapped"),
    ([("+ params.Wf.T @ dzf", "- params.Wf.T @ dzf")], "dh_before", "through the forget gate is subtracted"),
    ([("params.V.T @ dy", "np.sum(params.V * dy[:, None])")], "dh", "each unit has its own number"),
    ([(f"params.W{gate}.T", f"params.W{gate}") for gate in "ifog"], "dh_before", "in the forward direction"),
    ([("dc_before = dc * f", "dc_before = dc * cache.f[t - 1]")], "dc_before", "forget gate of the step before"),
    ([("dc_before = dc * f", "dc_before = dc * cache.f[t + 1]")], "dc_before", "forget gate of the next step"),
    ([("dc_before = dc * f", "dc_before = dc")], "dc_before", "The forget gate is missing"),
    ([("dc_before = dc * f", "dc_before = dc_carry + dc * f")], "dc_before", "counted twice"),
    ([("dc_before = dc * f", "dc_before = 0.1 * np.ones(3)")], "dc_before", "it should be|shape"),
]


@pytest.mark.parametrize(("changes", "part", "words"), STEPS_BACK, ids=[words for *_, words in STEPS_BACK])
def test_a_wrong_step_back_names_the_line_and_blames_no_line_that_only_reads_it(changes, part, words):
    said = sentences("write-step-back", source=edited("write-step-back", *changes))
    assert re.search(words, said.pop(part))
    assert not any(said.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "dc_before = dc * f",
            "dc_before = dc\n    dc_before *= f",
            "After `dc_before = dc`, what is done to dc_before",
        ),
        (
            "dh = params.V.T @ dy + dh_future",
            "dh = dh_future\n    dh += params.V.T @ dy",
            "After `dh = dh_future`, what",
        ),
    ],
)
def test_a_second_name_for_an_array_of_a_function_is_said_to_be_one(old, new, words):
    source = solved(NOTEBOOK)["write-step-back"]
    assert old in source
    assert words in str(judged(NOTEBOOK, "write-step-back", source=source.replace(old, new)))
    aside = source.replace("dc_before = dc * f", "dc_before = dc\n    dc_before = dc_before * f")  # changes nothing
    assert judged(NOTEBOOK, "write-step-back", source=aside).passed
    wrong = source.replace("dc_before=dc_before", "dc_before=dc")
    assert "After" not in str(judged(NOTEBOOK, "write-step-back", source=wrong))


def test_what_is_wrong_with_a_line_is_told_although_it_reads_another_wrong_one():
    changes = [("dy + dh_future", "dy"), ("(1 - ct**2)", "(1 - ct)"), ("dc_before = dc * f", "dc_before = dc")]
    said = sentences("write-step-back", source=edited("write-step-back", *changes))
    assert "dh_future is missing" in said["dh"]
    assert re.search("with your dh it should be.* The square is missing from the slope of tanh", said["dc"])
    assert re.search("with your dc it should be.* The forget gate is missing", said["dc_before"])


def test_a_nan_is_told_once_and_large_deltas_may_not_be_clipped():
    said = sentences("write-step-back", source=edited("write-step-back", ("dy + dh_future", "dy * np.nan")))
    assert "dh is nan" in said.pop("dh") and said["dc"].startswith(
        "dc is not finite, and neither is dh, which it reads"
    )
    assert all("look there first" in each for each in said.values())
    for limit in (1, 5, 20):
        clipped = edited("write-step-back", ("    dc = ", f"    dh = np.clip(dh, -{limit}, {limit})\n    dc = "))
        assert f"Numbers beyond {limit} are clipped here" in sentences("write-step-back", source=clipped)["dh"]


def test_two_parts_lost_at_once_are_both_named_and_no_line_after_them():
    said = sentences("write-step-back", source=edited("write-step-back", (" + dh_future", ""), (" + dc_carry", "")))
    assert "dh_future is missing" in said.pop("dh")
    assert re.search("with your dh it should be.* dc_carry is missing.", said.pop("dc"))
    assert not any(said.values())


@pytest.mark.parametrize("changes", [
    [("dzi = dc * g * i * (1 - i)", "dzi = (i - i * i) * g * dc"), ("params.Wi.T @ dzi", "dzi @ params.Wi")],
    [("    dc = dh * o * (1 - ct**2)", "    dct = dh * o\n    dc = dct * (1 - ct * ct)")],
])  # fmt: skip
def test_right_steps_back_in_another_style_are_right(changes):
    assert set(sentences("write-step-back", source=edited("write-step-back", *changes)).values()) == {""}


def test_the_lesson_goes_on_with_a_learner_s_own_step_and_central_difference(lesson):
    assert lesson["step_back"] is not library.step_back
    assert lesson["central_difference"] is not library.central_difference
    untouched = run_cells(NOTEBOOK, until="write-step-back")
    assert untouched["step_back"].__code__.co_code == library.step_back.__code__.co_code
    assert untouched["central_difference"].__code__.co_code == library.central_difference.__code__.co_code


# ------------------------------------------------------------------------------ the net and what the prose says


def test_moving_a_number_to_where_it_is_changes_nothing():
    names = (*lt.Params.NAMES, "h_before", "c_before", *("z" + gate for gate in "ifog"), *"ifogchy", "ct")
    for steps in (1, 2):
        here = plain.loss(one_unit.PARAMS, one_unit.TOKENS[:steps], one_unit.TARGETS[:steps], one_unit.H0, one_unit.C0)
        for name in names:
            for label, loss_of, w in one_unit.along("d" + name, steps):
                assert loss_of(w) == pytest.approx(here, rel=1e-14), label


@pytest.mark.parametrize("steps", [1, 2])
def test_a_complex_step_along_every_number_gives_its_delta(steps):
    cache = plain.forward(one_unit.PARAMS, one_unit.TOKENS[:steps], one_unit.H0, one_unit.C0)
    dy = plain.score_deltas(cache, one_unit.TARGETS[:steps])
    grads, deltas = plain.walk_back(one_unit.PARAMS, cache, dy)
    right = {
        name: value.item()
        for name, value in deltas[0].items()
        if not name.endswith(("loss", "future", "hidden", "carry"))
    }
    right |= {"dy": dy[0]} if steps == 1 else {}
    right |= {"d" + name: grads[name].ravel() for name in grads}
    for delta, value in right.items():
        found = []
        for _, loss_of, w in one_unit.along(delta, steps):
            found.append(loss_of(w + 1e-30j).imag / 1e-30)
        np.testing.assert_allclose(found, np.ravel(value), rtol=1e-12, atol=1e-16, err_msg=delta)


ROW = r"^(\S+) +(yours|library's|given) +([-+.\d]+)   nudged ([-+.\d]+)(   differs)?$"


def compared(capsys, **sources):
    """The rows that `compare` prints in the lesson, run with these cells in place of the untouched ones."""
    run_cells(NOTEBOOK, until="write-many-units", replace={k.replace("_", "-"): v for k, v in sources.items()})
    return re.findall(ROW, capsys.readouterr().out, re.MULTILINE)


def test_every_delta_of_the_lesson_agrees_with_the_nudge_in_the_digits_shown():
    rows = re.findall(ROW, solved_run(NOTEBOOK).printed, re.MULTILINE)
    assert len(rows) == 19
    assert rows[0] == ("h", "given", "-0.654", "-0.654", "")  # as in the picture, before it is derived
    assert {label for label, whose, *_ in rows if whose == "given"} == {"h", "scores[0]", "scores[1]", "h_before"}
    assert {label for label, whose, *_ in rows if whose == "yours"} >= {"h", "c", "o", "zi", "Uf[0]"}
    for label, _, shown, nudged, differs in rows:
        assert (shown, differs) == (nudged, ""), label


def test_compare_shows_a_wrong_line_with_its_own_numbers_and_the_library_s_below(capsys):
    rows = compared(capsys, write_product='do = dh * o\ndct = dh * o\nlesson.judge("product")')
    wrong, right = [row for row in rows if row[0] == "o"]
    assert (wrong[1], wrong[4]) == ("yours", "   differs") and wrong[2] != wrong[3] == right[3]
    assert right == ("o", "library's", right[3], right[3], "")


def test_compare_says_of_an_open_line_that_it_is_the_library_s(capsys):
    rows = compared(capsys)
    said = {label: whose for label, whose, *_ in rows[1:]}
    assert {label for label, whose in said.items() if whose != "library's"} == {"scores[0]", "scores[1]", "h_before"}


def test_compare_copes_with_what_is_no_number(capsys):
    for line in ('"no"', "V", "[1, 2, 3]"):
        lesson = run_cells(NOTEBOOK, until="write-dh", replace={"write-dh": f'dh = {line}\nlesson.judge("hidden")'})
        capsys.readouterr()
        lesson["compare"](dh=lesson["dh"])
        said = capsys.readouterr().out.splitlines()
        assert "differs" in said[0] and len(said) == 2, said
        lesson["compare"](dh=-0.654)  # a number typed in the call is no line of the learner's
        assert capsys.readouterr().out.splitlines() == ["h          given     -0.654   nudged -0.654"]


def test_an_open_line_that_is_judged_again_is_the_learner_s():
    lesson = run_cells(NOTEBOOK, until="write-dc-total")["lesson"]
    assert lesson.is_open("dc")
    lesson.verdicts["squash"] = judged(NOTEBOOK, "write-dc", {"dc": "dct * (1 - ct**2)"})
    assert not lesson.is_open("dc")


def test_a_given_line_that_a_learner_changes_does_not_spoil_the_library_s():
    names = copied(names_before(NOTEBOOK, "write-dc-total"))
    right = names["dh_whole"] * names["o"] * (1 - names["ct"] ** 2) + names["dc_carry"]
    source = 'dc_hidden = dh_loss * o * (1 - ct**2)\ndc_whole = dc_hidden + dc_carry\nlesson.judge("two_roads_c")'
    assert "starts from dh_loss here" in str(run_cell(NOTEBOOK, "write-dc-total", source, names | {"In": [source]}))
    names |= {"In": [source]}
    run_cell(NOTEBOOK, "write-dc-total", source, names)
    assert names["dc_whole"] == right
    alone = 'dc_whole = dh_whole * o * (1 - ct**2) + dc_carry\nlesson.judge("two_roads_c")'
    assert run_cell(NOTEBOOK, "write-dc-total", alone, names).passed  # whatever dc_hidden is by now


def test_compare_says_in_one_sentence_what_it_can_not_compare(lesson, capsys):
    names = copied(names_before(NOTEBOOK, "compare-dy"))
    for call, words in {
        "compare(dx=1)": "dx is not the delta of any number in this net, as dh, dzi and dWf are.",
        "compare(steps=3, dh=1)": "compare measures the loss of 1 step or of 2, not of 3.",
    }.items():
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            eval(call, names)
    capsys.readouterr()
    eval("compare(dh=None)", names)
    assert "is not one number: differs" in capsys.readouterr().out


def test_compare_says_that_the_numbers_of_the_step_have_been_changed(capsys):
    source = cell_source(NOTEBOOK, "step-in-numbers")
    said = "compare measures the original step (token 1, target 0, h_before 0.4, c_before 0.6)."
    for before, after, times in (("1, 0, 0.4, 0.6", "0, 1, -0.9, 1.5", 2), ("0.4, 0.6", "0.40, np.float64(0.6)", 0)):
        assert before in source
        run_cells(NOTEBOOK, until="compare-dy", replace={"step-in-numbers": source.replace(before, after)})
        out = capsys.readouterr().out
        assert (out.count("The numbers of the step have been changed."), out.count(said)) == (times, times)


def test_the_report_of_the_check_says_whose_step_the_walk_takes():
    assert one_unit.walk_with(plain.step_back).__name__ == "the walk with your step_back"
    theirs = Lesson(NOTEBOOK).blank("step_back").library_value("step_back", {})
    assert one_unit.walk_with(theirs).__name__ == "the walk with the library's step_back"
    names = run_cells(NOTEBOOK, until="set-up")  # the cell with step_back has not run
    backward = eval('one_unit.walk_with(lesson.yours("step_back"))', names)
    assert backward.__name__ == "the walk with the library's step_back"


@pytest.mark.parametrize(("changes", "whose", "passed"), [
    (None, "the library's step_back", True),
    ([], "your step_back.", True),
    ([(" + dc_carry", "")], "This checks your step_back, although it isn't right yet.", False),
    ([("params.V.T @ dy", "params.V.T @ cache")], "This checks your step_back, although it isn't right yet.", False),
])  # fmt: skip
def test_the_check_runs_on_the_learner_s_own_function_right_or_wrong(changes, whose, passed, capsys):
    replace = {} if changes is None else {"write-step-back": edited("write-step-back", *changes)}
    results = {}
    run_cells(NOTEBOOK, until="check-it", replace=replace, results=results)
    assert whose in capsys.readouterr().out and results["check-it"].passed is passed


def test_the_cases_are_right_by_a_complex_step():
    """`plain` is the oracle of the cases; here the loss of one case is nudged in the complex plane."""
    for case in cases_02.one_step():

        def loss_at(c, case=case):
            scores = case["V"] * case["o"] * np.tanh(c)
            return -np.log(plain.softmax(scores)[case["target"]])

        assert case["dc"] == pytest.approx(loss_at(case["c"] + 1e-30j).imag / 1e-30, rel=1e-12)
    sizes = {(len(case["dy_many"]), len(case["dh_many"])) for case in cases_02.many_units()}
    assert len(sizes) == 4 and all(K == H for K, H in sizes)  # so that V @ dy runs, and is named


def test_the_numbers_of_the_predictions_and_of_the_prose():
    ((_, loss_of, h),) = one_unit.along("dh")
    assert loss_of(h + 0.0005) - loss_of(h - 0.0005) == pytest.approx(-0.654e-3, abs=5e-7)
    assert "0.654 times the nudge" in PROSE["delta"] and "Here it is −0.654" in PROSE["delta"]
    assert round(np.tanh(3), 3) == 0.995 and round(1 - np.tanh(3) ** 2, 4) == 0.0099 and 1 - np.tanh(3) < 0.005
    assert 0.5 * 0.5 == 0.25 and round(0.999 * 0.001, 3) == 0.001
    options = SPEC["predictions"]["far_out"]["options"]
    assert "0.995" in options["a"][1] and "0.0099" not in options["b"][1] and "0.0099" in options["c"][1]


def test_behind_a_shut_output_gate_a_cell_reaches_only_the_next_cell():
    assert (
        SPEC["predictions"]["roads"]["right"] == "c"
        and "only along the cell line" in SPEC["predictions"]["roads"]["options"]["c"][0]
    )
    params, sequence = one_unit.PARAMS.copy(), (one_unit.TOKENS, one_unit.TARGETS, one_unit.H0, one_unit.C0)
    params.Uo[0, one_unit.TOKENS[0]] = -1000  # shuts the gate at step 0 only: step 1 reads the other token
    values, nudged = (forward_values(Net(params, *sequence), "c[0]", by) for by in (0, 0.001))
    moved = {box for box in values if values[box] != nudged[box]}
    assert values["o[0]"] == 0 and {"c[1]", "loss[1]"} <= moved
    assert not moved & {"loss[0]", "h[0]", "zi[1]", "zf[1]", "zo[1]", "zg[1]"}
    first, second = walked(params, *sequence).deltas
    assert first["dc"] == second["dc_before"] != 0 and second["dh_before"] != 0


def test_the_table_of_verdicts_is_the_library_s():
    rows = re.findall(r"^\| (?:.*?)(1e-\d+) \| ([^|:]+)[|:]", PROSE["read-the-check"], re.MULTILINE)
    assert [(float(bound), word.strip()) for bound, word in rows] == [
        (1e-7, "right"), (1e-4, "close, not exact"), (1e-2, "suspicious"), (1e-2, "wrong"),
    ]  # fmt: skip
    for bound, word in rows[:3]:
        assert lt.verdict(float(bound)) == word.strip()
    assert lt.verdict(1.01e-2) == "wrong"


def test_the_check_takes_care_of_what_the_lesson_says():
    sequences = []

    def backward(params, x, targets, h0=None, c0=None):
        sequences.append((params.flat.copy(), x.copy(), h0, c0))
        return lt.bptt(params, x, targets, h0, c0)

    report = lt.check_gradients(backward)
    assert list(report.errors_by_length) == [1, 2, 3, 6, 20]
    assert "T = 1, 2, 3, 6 and 20" in " ".join(PROSE["check"].split())
    for flat, x, h0, c0 in sequences:
        if len(x) <= 6:
            assert 0.5 < np.sqrt(np.mean(flat**2)) < 1.5 and np.all(h0 != 0) and np.all(c0 != 0)
        assert len(x) < 3 or len(set(x.tolist())) < len(x)
