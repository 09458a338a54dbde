"""Exercise 5: the numbers of its questions, its three curves, and answers of a strange form."""

import re

import nbformat
import numpy as np
import pytest
from exercise_answers import vanishing_gradients as answers
from exercise_cells import points_of
from projectfiles import ROOT
from sound import wrapped

import lstm_teach as lt
from lstm_teach.exercises import vanishing_gradients as exercise


def orders_at(bias, seed=0):
    """Orders that dc of the last loss loses over the 59 steps of lesson 5's net."""
    x, targets = np.random.default_rng(1000).integers(0, 8, (60, 2)).T
    dc = lt.gradient_flow(lt.Params.random(8, 32, seed=seed, scale=0.1, forget_bias=bias), x, targets).dc[-1]
    return np.log10(dc[-1] / dc[0])


def test_the_guess_is_revealed_with_the_right_numbers():
    told = exercise.PREDICT_STEPS.reveal
    for gate in (0.9, 0.99, 0.5):
        assert f" {answers.horizon(gate, 1e-3):g}" in told
    assert f"{0.9**66:.5f}" in told and 0.9**65 > 1e-3


def test_what_is_said_about_the_famous_sentence_is_so():
    why = {letter: option.why for letter, option in exercise.OVERCLAIM.options.items()}
    assert "twelve orders" in why["a"] and 11 < orders_at(0) < 13
    assert "most of the twelve orders and not all" in why["b"] and 0.5 < orders_at(1) < 6
    assert "0.6 % in sixty steps" in why["c"] and round(100 * (1 - 0.9999**60), 1) == 0.6
    assert "larger than it left when the bias is 3" in why["c"] and orders_at(3) < 0


@pytest.fixture(scope="module")
def curves():
    return exercise.three_curves()


def test_the_three_curves_are_one_loss_all_losses_and_the_loop(curves):
    params, cache, targets = exercise.example()
    assert exercise.CURVES.options[exercise.CURVES.right].text == "A one loss, B all losses, C the question's loop"
    np.testing.assert_allclose(curves["A"], answers.reach(exercise.step, params, cache, targets)[-1], rtol=1e-9)
    _, deltas = lt.bptt(params, cache.x, targets, return_deltas=True)
    np.testing.assert_array_equal(curves["B"], np.linalg.norm(deltas.dc, axis=-1))
    np.testing.assert_array_equal(curves["C"][:-1], lt.nested_flow(params, cache.x, targets).dc[-1, :-1])
    assert np.isnan(curves["C"][-1])


def test_the_curves_fall_stay_and_rise_as_the_explanations_say(curves):
    one, all_losses, loop = (norms[:59] for norms in curves.values())
    rates = one[:-1] / one[1:]
    assert one[0] < 1e-11 * one[-1] and rates.max() < 0.95  # the same share at every step, more or less
    assert all_losses.min() / all_losses.max() > 0.3
    assert loop[0] > 1e10 * loop[-1] and (loop[:-1] / loop[1:]).min() > 1


def test_the_picture_says_where_the_curves_begin_and_end_and_not_what_they_are(curves):
    still = exercise.picture(curves)
    assert still.text == "From step 58 back to step 0: A from 0.2 to 2e-13, B from 0.3 to 0.4, C from 0.3 to 3e+11."
    assert still.text in still._repr_mimebundle_()["text/html"]


def test_lost_measures_the_net_of_the_curves(curves):
    assert exercise.lost(0.0) == pytest.approx(np.log10(curves["A"][-1] / curves["A"][0]))


def test_one_unit_of_bias_changes_what_is_lost_by_less_than_twenty_orders():
    """So sixteen halvings of the interval are near enough, as the solution says."""
    biases = np.linspace(exercise.LOWEST, exercise.HIGHEST, 51)
    slopes = np.diff([exercise.lost(bias) for bias in biases]) / np.diff(biases)
    assert 5 < abs(slopes).max() < 20
    assert 20 * (exercise.HIGHEST - exercise.LOWEST) / 2**16 < exercise.NEAR


@pytest.mark.parametrize("seed", [0, 1, 2, 2026])
@pytest.mark.parametrize(("T", "H", "scale", "orders"), [(25, 8, 0.2, 2.0), (60, 16, 0.12, 4.0), (60, 16, 0.12, 20.0)])
def test_the_bias_that_is_asked_for_lies_well_inside_the_interval(seed, T, H, scale, orders):
    measure = exercise._measure(seed, T, H, scale)
    found = exercise._solve(measure, orders)
    assert exercise.LOWEST + 0.2 < found < exercise.HIGHEST - 0.2
    places = np.linspace(exercise.LOWEST, exercise.HIGHEST, 26)
    more = [measure(place) > orders for place in places]
    assert more == sorted(more, reverse=True)  # so that a bisection can't be led astray


def test_a_bias_that_took_too_many_measurements_is_right_but_for_that():
    verdict = exercise.check_bias(answers.bias_by_grid)
    assert [part.name for part in verdict.parts if not part.passed] == ["few measurements"]
    assert verdict.points(4) == 3


def test_losses_that_never_get_there_are_judged_by_themselves():
    verdict = exercise.check_horizons(answers.horizons_with(never=lambda s: None))
    assert [part.name for part in verdict.parts if not part.passed] == ["losses that never get there"]


STRANGE = {
    "rows of different length": [[1.0], [1.0, 2.0]],
    "a text": "3",
    "a dictionary": {"n": 1},
    "a function": max,
    "complex": np.ones(4) * 1j,
    "objects": np.array([None, 1.0]),
    "nan": np.nan,
    "minus infinity": -np.inf,
    "an empty array": np.zeros(0),
    "three axes": np.zeros((2, 2, 2)),
}


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("check", list(answers.RIGHT))
def test_an_answer_of_a_strange_form_is_judged_and_not_an_error(check, kind):
    verdict = getattr(exercise, check)(lambda *inputs: STRANGE[kind])
    assert verdict.score == 0
    assert all(part.sentence for part in verdict.parts)


reach_of_the_check, horizons_of_the_check = wrapped(exercise._reach), wrapped(exercise._horizons)


@pytest.mark.parametrize("change", exercise.REACH_MISTAKES)
def test_every_mistake_of_the_matrix_is_told_apart(change):
    def mistaken(step, params, cache, targets):
        return np.linalg.norm(reach_of_the_check(params, cache, targets, change)["dc"], axis=-1)

    assert exercise.REACH_MISTAKES[change] in str(exercise.check_reach(mistaken))


@pytest.mark.parametrize("change", exercise.HORIZONS_MISTAKES)
def test_every_mistake_of_the_horizons_is_told_apart(change):
    verdict = exercise.check_horizons(lambda norms, share: horizons_of_the_check(norms, share, change))
    assert exercise.HORIZONS_MISTAKES[change] in str(verdict)


@pytest.mark.parametrize(
    ("bias", "said"),
    [(0, "the two numbers are 10 and 14"), (1, "says 23 steps for a gate of 0.73, and 40"), (2, "the formula says 55")],
)
def test_the_formula_and_the_measurement_give_what_the_notebook_says(bias, said):
    gate = 1 / (1 + np.exp(-bias))
    norms = answers.reach(exercise.step, *exercise.example(forget_bias=bias))
    formula, measured = answers.horizon(gate, 1e-3), answers.horizons(norms, 1e-3)[-1]
    numbers = {10: (10, 14), 23: (23, 40), 55: (55, np.inf)}[formula]
    assert (formula, measured) == numbers and (bias != 1 or f"{gate:.2f}" == "0.73")
    notebook = nbformat.read(ROOT / "instructor" / "exercises" / "05_vanishing_gradients.ipynb", as_version=4)
    (cell,) = (cell.source for cell in notebook.cells if cell.id == "formula-and-measurement")
    assert said in " ".join(cell.split())


def test_what_the_formula_misses_is_measured_in_the_notebook(capsys):
    notebook = nbformat.read(ROOT / "instructor" / "exercises" / "05_vanishing_gradients.ipynb", as_version=4)
    wanted = ("imports", "gates-in-a-cache", "formula-misses")
    notebook.cells = [cell for cell in notebook.cells if cell.id in wanted]
    points_of(notebook)
    gates, _, *rows = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"61 rows for 60 steps: 0\.5\d? on average, 0 in row -1", gates)
    assert len(rows) == 4
    for row in rows:
        asked, _, measured = map(float, row.split())
        assert measured < asked - 1  # all paths together lose less than the carry alone


def test_a_root_of_something_negative_is_among_the_causes_of_nan():
    verdict = exercise.check_orders(lambda deltas: np.log10(-np.linalg.norm(deltas, axis=-1)))
    assert "is nan at step 0: look for a division by 0" in str(verdict)
    assert "or a root or log of a negative one." in str(verdict)


def test_a_loop_where_a_formula_is_meant_is_told_so_and_keeps_what_is_right():
    verdict = exercise.check_horizon(answers.horizon_by_loop)
    right = [part.name for part in verdict.parts if part.passed]
    few = ["a gate of 0.9", "a gate of 0.5", "a gate that hardly keeps anything", "a share that is reached exactly"]
    assert right == few
    assert re.search(r"did not finish within \d(\.\d{1,2})? seconds", str(verdict))  # no long row of digits
