"""Exercise 5: what it says of fading, of cut texts and of its own numbers is so."""

import re

import nbformat
import numpy as np
import pytest
from exercise_answers import vanishing_gradients as answers
from exercise_cells import points_of
from projectfiles import ROOT

import lstm_teach as lt
from lstm_teach import judging
from lstm_teach.exercises import vanishing_gradients as exercise


def test_the_guess_names_the_numbers_of_the_formula():
    said = exercise.PREDICT_STEPS.reveal
    for gate, steps in ((0.9, 66), (0.99, 688), (0.5, 10)):
        assert f" {steps}" in said and exercise.steps(gate, 1e-3) == steps
    assert f"{0.9**66:.5f}" in said and 0.9**65 > 1e-3


def test_the_exact_gradient_of_a_text_in_pieces_is_that_of_the_whole_text_and_the_truncated_one_is_not():
    back, pieces = exercise.cut_text(4, (4, 4, 2))
    params = lt.Params.random(4, 3, seed=4, scale=0.8)  # the net of cut_text
    x, targets = (np.concatenate([piece[side] for piece in pieces]) for side in (0, 1))
    whole = lt.bptt(params, x, targets, *pieces[0][2:]).flat
    found = exercise.pieced(back, pieces)
    np.testing.assert_allclose(found["exact"], whole, rtol=1e-10, atol=1e-13)
    assert np.linalg.norm(found["truncated"] - whole) > 0.01 * np.linalg.norm(whole)


def test_a_cut_takes_what_is_near_and_keeps_what_is_far_as_the_question_says():
    def kept(loss, step):
        return exercise.kept_of(np.outer(np.arange(60) == loss, np.ones(60)), 20)[step]

    assert not kept(41, 38) and kept(59, 42) and exercise.CUT_TEXT.right == "d"


@pytest.mark.parametrize("seed", [1, 2026])
def test_the_bias_that_is_asked_for_lies_well_inside_the_interval(seed):
    for T, H, scale, orders in ((25, 8, 0.2, 2.0), (40, 10, 0.12, 4.0), (40, 10, 0.12, 12.0)):
        measure = exercise.measured(seed, T, H, scale)
        assert exercise.LOWEST + 0.2 < exercise.solved(measure, orders) < exercise.HIGHEST - 0.2
        lost = [measure(place) for place in np.linspace(exercise.LOWEST, exercise.HIGHEST, 26)]
        more = [each > orders for each in lost]
        assert more == sorted(more, reverse=True)  # so that a bisection can't be led astray
        assert abs(np.diff(lost)).max() / 0.2 < 20  # so sixteen halvings are near enough, as the solution says
    assert 20 * (exercise.HIGHEST - exercise.LOWEST) / 2**16 < exercise.NEAR


def test_a_bias_that_took_too_many_measurements_is_right_but_for_that():
    def by_grid(lost, orders):
        found = answers.bisect(lost, orders)
        return [lost(place) for place in np.linspace(-2, 3, 40)] and found

    verdict = exercise.check_bias(by_grid)
    assert [part.name for part in verdict.parts if not part.passed] == ["few measurements"]
    assert verdict.points(4) == 3


def test_what_the_formula_misses_is_measured_in_the_notebook(capsys):
    notebook = nbformat.read(ROOT / "instructor" / "exercises" / "05_vanishing_gradients.ipynb", as_version=4)
    said = next(cell.source for cell in notebook.cells if cell.id == "try-bias")
    notebook.cells = [cell for cell in notebook.cells if cell.id in ("imports", "gates-in-a-cache", "formula-misses")]
    points_of(notebook)
    gates, _, *rows = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"61 rows for 60 steps: 0\.5\d? on average, 0 in row -1", gates)
    assert len(rows) == 4
    for row in rows:
        asked, _, measured = map(float, row.split())
        assert measured < asked - 1  # all roads together lose less than the carry alone
    grown = [float(row.split()[2]) < 0 for row in rows]
    assert grown == [False, False, False, True] and "In the last line the number is negative" in said


def test_the_lines_to_copy_show_that_cuts_take_more_where_deltas_fade_slowly(capsys):
    notebook = nbformat.read(ROOT / "instructor" / "exercises" / "05_vanishing_gradients.ipynb", as_version=4)
    (cell,) = (cell.source for cell in notebook.cells if cell.id == "try-kept")
    exec(cell.split("```python\n")[1].split("```")[0], {"np": np, "lt": lt, "kept": answers.kept})
    rows = [
        [float(number) for number in re.findall(r"\d\.?\d*", line)] for line in capsys.readouterr().out.splitlines()
    ]
    assert [row[0] for row in rows] == [0, 1, 3]
    shares = np.array([row[1:] for row in rows])  # a row for each bias, a column for each of five steps of a piece
    assert shares.shape == (3, 5)
    assert (np.diff(shares, axis=0) < 0).all() and (np.diff(shares, axis=1) <= 0).all()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (lambda n: np.round(n), "is left; at most 0.02 may be left"),
        (lambda n: np.ceil(n) + 1, "After 15 steps"),
        (lambda n: n, "This is not a whole number of steps"),
    ],
)
def test_what_is_left_is_told_with_digits_that_differ_from_the_share(steps, said):
    def mistaken(bias, extra, share):
        rate = 1 / (1 + np.exp(-bias)) + extra
        return -1 if rate >= 1 else steps(np.log(share) / np.log(rate))

    verdict = str(exercise.check_reach(mistaken))
    assert said in verdict
    for left, most in re.findall(r"After \d+ steps? ([\d.e-]+) is left; at most ([\d.e-]+) may", verdict):
        assert left != most


def test_a_single_step_is_told_as_one():
    assert "After 1 step 0.61 is left" in str(exercise.check_reach(lambda bias, extra, share: 1))


@pytest.mark.parametrize("off", [-1, 1, 50, -0.5])
def test_near_a_rate_of_1_only_the_smallest_number_of_steps_is_right(off):
    verdict = exercise.check_reach(lambda *given: answers.reach(*given) + off * (given[0] > 6))
    assert [part.name for part in verdict.parts if not part.passed] == ["a rate very near 1"]
    assert "e+0" not in str(verdict) and "A loop" not in str(verdict)


def test_a_right_number_in_a_list_is_told_nothing_but_that():
    verdict = str(exercise.check_reach(lambda *given: [answers.reach(*given)]))
    assert "The numbers are right; only the shape is wrong." in verdict and "return -1" not in verdict


def test_an_array_of_whole_numbers_is_told_what_it_cannot_hold():
    verdict = str(exercise.check_carried(lambda *given: np.array(answers.carried(*given), int)))
    assert verdict.count("Yours is int64, which holds whole numbers only; compute in float64.") == 1
    other_shape = str(exercise.check_reach(lambda *given: np.array([3, 4])))
    assert "single number" in other_shape and "int64" not in other_shape


def test_a_loop_without_a_line_for_a_rate_of_1_loses_that_part_alone():
    def counted(bias, extra, share):
        n, left = 0, 1.0
        while left > share:
            n, left = n + 1, left * (1 / (1 + np.exp(-bias)) + extra)
        return n

    verdict = exercise.check_reach(counted)
    assert [part.name for part in verdict.parts if not part.passed] == ["a rate of 1 or more"]
    assert "return -1 before the loop" in str(verdict) and verdict.points(3) == 2.5


def test_a_search_that_never_ends_may_never_have_measured(monkeypatch):
    def endless(lost, orders):
        while True:
            pass

    plain = judging.Attempt.__init__
    monkeypatch.setattr(judging.Attempt, "__init__", lambda self, f, seconds, slow: plain(self, f, 0.3, slow))
    assert "was stopped, at line" in (verdict := str(exercise.check_bias(endless)))
    assert "Either a loop in it never ends, or it calls lost" in verdict


def test_a_bias_that_is_one_of_a_few_tried_is_taken_neither_for_the_orders_nor_for_an_end_of_a_search():
    def tried(places):
        return lambda lost, orders: next((b for b in places if lost(b) <= orders), places[-1])

    said = str(exercise.check_bias(tried([-2, -1, 0, 1, 2, 3])))
    assert "With your b, 2," in said and "has to be smaller" in said and "number of orders" not in said
    assert "an end of the interval" not in said
    assert "number of orders" in str(exercise.check_bias(lambda lost, orders: orders))
    assert "an end of the interval" in str(exercise.check_bias(lambda *given: answers.bisect(*given, turned=True)))


@pytest.mark.parametrize(
    "way", ["carried", "Carried()", "functools.partial(carried)", "lambda f, dc, s: carried(f, dc, s)"]
)
def test_what_a_function_collects_in_the_notebook_is_not_kept_by_a_check(way):
    names = {"__name__": "__main__"}
    code = """
import functools

import numpy as np

seen, calls = [], 0


class Log:
    seen = []


def carried(f, dc, s, kept=[]):
    global calls
    calls += 1
    for each in (seen, Log.seen, kept):
        each.append(s)
    return np.array([dc * f[t + 1 : s + 1].prod(axis=0) for t in range(s + 1)])


class Carried:
    def __call__(self, *given):
        return carried(*given)
"""
    exec(f"{code}\n\nway = {way}", names)
    names["carried"](np.ones((2, 2)), np.ones(2), 0)
    assert exercise.check_carried(names["way"]).passed
    assert names["seen"] == names["Log"].seen == names["carried"].__defaults__[0] == [0] and names["calls"] == 1
