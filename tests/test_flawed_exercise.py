"""The loops that exercise 3 shows have the flaws that its check looks for, and what the text says of them is so."""

import linecache

import nbformat
import numpy as np
import pytest
from projectfiles import ROOT

import lstm_teach as lt
from lstm_teach.edited import edited
from lstm_teach.exercises.flawed_backward import FLAWS as FLAW
from lstm_teach.exercises.flawed_backward import nested_loop, with_flaws
from lstm_teach.exercises.nets import random_case
from lstm_teach.gradreport import errors_of, off

FLAWS = {
    "first": ("cell for its tanh",),
    "second": ("gate of another step",),
    "third": ("token once",),
    "fourth": ("turned product", "g left out"),
}
# The gradients that are right at T = 1 and at T = 2, as the questions say.
RIGHT = {
    "first": ("V Wi Wf Wg Ui Uf Ug", "V"),
    "second": ("V Wi Wf Wo Wg Ui Uf Uo Ug", "V Wo Uo"),
    "third": ("V Wi Wf Wo Wg Ui Uf Uo Ug", "V Wi Wf Wo Wg"),
    "fourth": ("V Ui Uf Uo Ug", "V"),
}


@pytest.fixture(scope="module")
def loops():
    """The functions of the notebook, by name."""
    path = ROOT / "notebooks" / "exercises" / "03_flawed_backward.ipynb"
    cells = {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
    namespace = {"np": np, "lt": lt, "__name__": "__main__"}
    for name in FLAWS:
        source = cells[f"{name}-loop"]
        linecache.cache[f"<{name}>"] = len(source), None, source.splitlines(keepends=True), f"<{name}>"
        exec(compile(source, f"<{name}>", "exec"), namespace)
    return {name: namespace[f"{name}_loop"] for name in FLAWS}


@pytest.mark.parametrize("name", FLAWS)
def test_the_loop_has_the_flaws_that_the_check_looks_for(loops, name):
    random = np.random.default_rng(0)
    net = lt.Params.random(4, 3, seed=0), *random.integers(0, 4, (2, 5)), *random.normal(size=(2, 3))
    shown, expected = loops[name](*net), with_flaws(*FLAWS[name])(*net)
    assert lt.relative_error(shown.flat, expected.flat) < 1e-12
    assert lt.relative_error(shown.flat, lt.exact_gradient(*net).flat) > 1e-3


@pytest.mark.parametrize("name", FLAWS)
def test_the_check_of_the_loop_says_what_the_exercise_says(loops, name):
    by_length = lt.check_gradients(loops[name]).errors_by_length
    for length, expected in zip((1, 2), RIGHT[name], strict=True):
        fine = [matrix for matrix, error in by_length[length].items() if lt.verdict(error) == "right"]
        assert sorted(fine) == sorted(expected.split())


def test_flaws_in_the_lines_that_the_first_question_asks_about_show_where_it_says():
    def wrong(T, *pieces):
        net = random_case(1, T, 4, 3)
        return " ".join(off(errors_of(edited(nested_loop, *pieces)(*net), lt.exact_gradient(*net))))

    line_a, line_b, line_d = ("(1 - ct[s] ** 2)", "(1 - cache.c[s] ** 2)"), FLAW[FLAWS["first"][0]], ("dc * f", "dc")
    assert (wrong(1, *line_a), wrong(1, *line_b)) == ("Wi Wf Wg Ui Uf Ug", "Wo Uo")
    assert wrong(1, *line_a, *line_b) == wrong(2, *line_b) == wrong(2, *line_b, *line_d)
    assert wrong(1, *line_b, *line_d) == "Wo Uo" and len(wrong(2, *line_b).split()) == 8


def test_the_loop_without_flaws_is_right():
    assert lt.check_gradients(nested_loop).passed


def test_the_doctor_does_not_say_that_what_is_carried_goes_wrong_first_where_one_step_is_wrong(loops):
    diagnosis = lt.diagnose(loops["first"], progress=False)
    assert diagnosis.repaired_source and "first thing to go wrong" not in str(diagnosis), diagnosis
    assert "makes dWo and dUo wrong at T = 1, and with more steps dWi" in str(diagnosis)
