"""Exercise 4: what it says of cells that no lesson covers is so."""

import nbformat
import numpy as np
import pytest
from exercise_answers import single_pass_bptt as answers
from projectfiles import ROOT

import lstm_teach as lt
from lstm_teach.exercises import single_pass_bptt as exercise
from lstm_teach.exercises.engine import Case, Task

PEEPHOLES = ["dc", "dc_before", "dpi", "dpf", "dpo"]  # what a step back through a cell with peepholes returns


def step_back(*given):
    """What the lines of the file give."""
    return Task(exercise.__name__, "peepholes", [Case("", given)]).space(0)


def test_the_gradient_with_peepholes_is_that_of_the_forward_lines():
    """Against a complex step, on other numbers than those of the check."""
    random = np.random.default_rng(7)
    dh, dc_carry, c_before, pi, pf, po = random.normal(0, 1, (6, 4))
    i, f, o, g = *random.uniform(0.1, 0.9, (3, 4)), random.uniform(-0.9, 0.9, 4)
    given = dh, dc_carry, i, f, o, g, c_before, f * c_before + i * g, pi, pf, po
    right = step_back(*given)
    for name, value in zip(PEEPHOLES, answers.peepholes_by_nudging(*given), strict=True):
        np.testing.assert_allclose(right[name], value, rtol=1e-11)


def test_the_gradient_of_the_start_is_that_of_the_loss():
    params, x, targets, _, a = exercise.random_case(5, 4, 3, 4)
    got = exercise.start(exercise.step, params, a, x, targets)
    np.testing.assert_allclose(got, answers.start_by_nudging(None, params, a, x, targets), rtol=1e-7)


def test_a_walk_with_weights_of_one_is_the_single_pass():
    params, x, targets, h0, c0 = exercise.random_case(3, 6, 5, 4)
    _, deltas = lt.bptt(params, x, targets, h0, c0, return_deltas=True)
    found = exercise.walked(exercise.step, params, lt.forward(params, x, h0, c0), targets, np.ones(6))
    np.testing.assert_allclose(found["dh"], deltas.dh, rtol=1e-12)
    np.testing.assert_allclose(found["dc"], deltas.dc, rtol=1e-12)


def test_the_term_through_the_output_gate_spoils_the_six_gradients_that_the_guess_says():
    """dV and those of the output gate need dh alone; the other three dz are made from dc."""
    assert exercise.PREDICT_PEEPHOLE.reveal.startswith("Six.")
    random = np.random.default_rng(2)
    dh, dc_carry, c_before, pi, pf, po = random.normal(0, 1, (6, 4))
    i, f, o, g = *random.uniform(0.1, 0.9, (3, 4)), random.uniform(-0.9, 0.9, 4)
    given = [dh, dc_carry, i, f, o, g, c_before, f * c_before + i * g, pi, pf, po]
    right, forgets = step_back(*given), step_back(*given[:-1], 0 * po)
    wrong = {name for name in ("dzi", "dzf", "dzo") if not np.allclose(right[name], forgets[name])}
    assert wrong == {"dzi", "dzf"}
    assert not np.allclose(right["dc"] * i, forgets["dc"] * i)  # and so dzg


@pytest.mark.parametrize("name", PEEPHOLES)
def test_a_wrong_line_is_named_once_and_what_follows_from_it_is_not(name):
    right = {"dc": "dh * o * (1 - ct**2) + dc_carry + dzo * po", "dc_before": "dc * f + dzi * pi + dzf * pf"}
    right |= {"dpi": "dzi * c_before", "dpf": "dzf * c_before", "dpo": "dzo * c"}
    verdict = exercise.check_peepholes(answers.peepholes_with(**{name: right[name] + " + 0.1"}))
    assert [part.name for part in verdict.parts if not part.passed] == [name]


def test_the_lines_to_copy_train_a_start(capsys):
    notebook = nbformat.read(ROOT / "instructor" / "exercises" / "04_single_pass_bptt.ipynb", as_version=4)
    (cell,) = (cell.source for cell in notebook.cells if cell.id == "try-start")
    exec(cell.split("```python\n")[1].split("```")[0], {"np": np, "lt": lt, "start_gradient": answers.start_with()})
    losses = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert len(losses) == 4 and losses == sorted(losses, reverse=True) and losses[0] > losses[-1]
