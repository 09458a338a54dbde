"""How a check lies: what its cells compute, what it says in words, and the grid of checks and passes."""

import re

import numpy as np
import pytest
from lesson_cells import cell_source, rounded_otherwise, run_cell, run_cells, words_of

import lstm_teach as lt
from lstm_teach.explorers.gradient_check import checks_table

NOTEBOOK = "deeper/how_a_check_lies"
FAULTS = ["carry", "slope", "decay", "column", "start"]
GATES = ["Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug"]


@pytest.fixture(scope="module")
def page():
    """The names after running the whole page."""
    return run_cells(NOTEBOOK)


def test_the_backward_pass_of_the_page_is_the_library_s(page):
    assert lt.check_gradients(page["backward"]).passed
    for seed in range(5):
        params = lt.Params.random(5, 3, seed=seed)
        x, targets = np.random.default_rng(seed).integers(0, 5, (2, 9))
        mine, library = page["backward"](params, x, targets), lt.bptt(params, x, targets)
        assert lt.relative_error(mine.flat, library.flat) < 1e-13


@pytest.mark.parametrize(("fault", "at", "off"), [
    ("carry", 2, ["Wi", "Wf", "Wg", "Ui", "Uf", "Ug"]), ("slope", 1, ["Wf", "Uf"]), ("decay", 1, list(lt.Params.NAMES)),
    ("column", 3, ["Ui", "Uf", "Uo", "Ug"]), ("start", 1, ["Wi", "Wf", "Wo", "Wg", "Uf"]),
])  # fmt: skip
def test_each_word_breaks_what_the_table_says(page, fault, at, off):
    report = lt.check_gradients(page["partial"](page["backward"], fault=fault))
    wrong = {
        T: [n for n in errors if lt.verdict(errors[n]) != "right"] for T, errors in report.errors_by_length.items()
    }
    assert next(T for T in wrong if wrong[T]) == at
    assert wrong[at] == off and report.problems == ()


MISSES = {  # what each check says wrongly of the five passes and of the right one
    "careful": [],
    "one step": ["carry", "column"],
    "zero initial state": ["start"],
    "one step from zero": ["carry", "slope", "column", "start"],
    "no token twice": ["column"],
    "fresh net": ["right pass"],
    "fresh net, all as one": ["slope", "decay", "start"],
    "worst element": ["right pass"],
    "careless": FAULTS,
    "single precision": ["decay"],
    "lt.check_gradients": [],
}


def test_each_check_lies_about_what_the_page_says(page):
    checks, passes, *_ = page["table"]
    assert (list(checks), passes) == (list(MISSES), ["right pass", *FAULTS])
    for check, (_, _, *row) in zip(checks, cells(*page["table"]), strict=True):
        lies = [name for name, said in zip(passes, row, strict=True) if said.startswith("✗")]
        assert lies == MISSES[check], check


def test_a_check_that_can_be_trusted_has_a_wide_gap_around_its_bound(page):
    checks, _, errors, bounds = page["table"]
    for check, (right, *broken), bound in zip(checks, errors, bounds, strict=True):
        if not MISSES[check]:
            assert 10 * right < bound < 1e-4 * min(broken)


@pytest.mark.parametrize("run", range(4))
def test_the_numbers_of_the_prose_are_those_of_the_grid_on_any_processor(monkeypatch, run):
    monkeypatch.setattr(lt, "loss", rounded_otherwise(lt.loss, run))
    errors = {
        name: dict(zip(["right", *FAULTS], row, strict=True)) for name, row in run_cells(NOTEBOOK)["errors"].items()
    }
    read, answer = words_of(NOTEBOOK, "read-the-grid"), words_of(NOTEBOOK, "answer")
    assert 1e-3 < errors["fresh net"]["right"] < 3e-3 and "the error of `dWf` is more than 1e-3" in read
    assert errors["fresh net"]["start"] == errors["fresh net"]["right"] and "with that very same error" in read
    assert 2 < errors["single precision"]["decay"] / errors["single precision"]["right"] < 9
    assert errors["worst element"]["right"] > 3e-7 and "off by several times the bound" in read
    assert 3e-9 < errors["one step"]["carry"] < 7e-9 and "about 5e-9" in answer
    assert errors["one step"]["carry"] == pytest.approx(errors["one step"]["right"])
    said = {"careful": "0.67", "fresh net": "0.83", "fresh net, all as one": "0.55"}
    for check, number in said.items():
        assert number in answer and f"{errors[check]['carry']:.2f}" == number, check


def test_the_fresh_net_s_rejection_is_rounding_not_a_mistake(page):
    of = page["fresh"], page["x"], page["targets"], page["zero"], page["zero"]
    right, exact = page["backward"](*of), lt.exact_gradient(*of)
    assert max(lt.relative_error(right[name], exact[name]) for name in exact) < 1e-12
    sizes = {name: np.linalg.norm(right[name]) for name in ("V", "Ug", "Uf", "Wf")}
    assert sizes["Wf"] < 1e-4 * sizes["V"]


def test_the_carry_spoils_large_matrices_of_the_fresh_net_and_the_slope_small_ones(page):
    of = page["fresh"], page["x"], page["targets"], page["zero"], page["zero"]
    right = page["backward"](*of)
    off = {f: page["backward"](*of, fault=f).flat - right.flat for f in ("carry", "slope")}
    assert np.linalg.norm(off["carry"]) > 100 * np.linalg.norm(off["slope"])


def test_in_single_precision_no_step_opens_a_gap_of_a_power_of_ten(page):
    of = page["params"], page["x"], page["targets"], page["h0"], page["c0"]
    passes = page["backward"](*of), page["backward"](*of, fault="decay")
    gaps = {}
    for step in (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0):
        numbers = lt.numerical_gradient(page["loss_in_single"], page["single"][0], step, batched=True)
        right, broken = (page["by_matrix"](each, numbers) for each in passes)
        gaps[step] = broken / right
    assert max(gaps.values()) < 10 and max(gaps, key=gaps.get) == 3e-2  # the step of the page suits it best


def test_the_worst_element_rejects_the_right_pass_on_almost_every_net(page):
    nets = [lt.Params.random(8, 4, seed=seed) for seed in range(12)]
    of = page["x"], page["targets"], page["h0"], page["c0"]
    for error_of, accepted in (("worst_element", range(3)), ("by_matrix", [12])):
        errors = [page["row"](page[error_of], net, *of)[0] for net in nets]
        assert sum(error <= 1e-7 for error in errors) in accepted


def test_the_exercise_has_the_answer_that_is_folded_below_it(page):
    source = cell_source(NOTEBOOK, "backward")
    assert source.count("dc * g * i") == 1
    names = dict(page)
    run_cell(NOTEBOOK, "backward", source.replace("dc * g * i", "dc * i"), names)
    report = run_cell(NOTEBOOK, "try-it", cell_source(NOTEBOOK, "try-it"), names)
    wrong = {
        T: [n for n, e in errors.items() if lt.verdict(e) != "right"] for T, errors in report.errors_by_length.items()
    }
    assert wrong[1] == ["Wi", "Ui"] and wrong[2] == GATES


# ------------------------------------------------------------------------------------------------ the table

CHECKS, PASSES = ["good", "blind", "strict"], ["right pass", "carry", "slope"]
ERRORS = np.array([[1e-9, 0.5, 0.2], [1e-9, 1e-9, 0.5], [1e-6, 0.5, 0.5]])
BOUNDS = [1e-7, 1e-7, 1e-7]


def cells(*table):
    """The rows of the table as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", checks_table(*table).data)[1:]
    return [[re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd] .*?</t[hd]>", row)] for row in rows]


def test_the_table_marks_every_lie_and_nothing_else():
    assert cells(CHECKS, PASSES, ERRORS, BOUNDS) == [
        ["good", "1e-7", "✓ 1e-9", "✓ 0.5", "✓ 0.2"],
        ["blind", "1e-7", "✓ 1e-9", "✗ 1e-9", "✓ 0.5"],
        ["strict", "1e-7", "✗ 1e-6", "✓ 0.5", "✓ 0.5"],
    ]
    assert checks_table(CHECKS, PASSES, ERRORS, BOUNDS).data.count("background:") == 2
