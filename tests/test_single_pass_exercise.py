"""Exercise 4: one mistake in a step back is told once, and the doctor's report is folded below a wrong pass."""

import numpy as np
import pytest
from exercise_answers import single_pass_bptt as answers

from lstm_teach.exercises import single_pass_bptt as exercise


def unlike(verdict):
    """The names of the parts that are not right, but for those that wait for the others."""
    return [part.name for part in verdict.parts if not part.passed and "is looked at when" not in part.sentence]


@pytest.mark.parametrize("name", list(exercise.LINES))
def test_a_wrong_line_is_told_once_and_what_follows_from_it_is_not(name):
    def mistaken(v):
        return exercise.LINES[name](v) + 0.1

    assert unlike(exercise.check_step_back(answers.step_with(**{name: mistaken}))) == [name]


def test_values_that_are_right_although_one_above_them_is_not_are_right():
    def mistyped(*given):
        return answers.step_back(*given) | {"dc": np.ones(len(given[3]))}

    assert unlike(exercise.check_step_back(mistyped)) == ["dc"]


def test_a_name_of_a_later_line_can_be_judged_before_the_others_are_there():
    def begun(*given):
        return {"dzo": answers.step_back(*given)["dzo"]}

    right = [part.name for part in exercise.check_step_back(begun).parts if part.passed]
    assert right == ["dzo"]


def test_the_doctors_report_stands_below_a_wrong_pass():
    def my_bptt(params, x, targets, h0=None, c0=None):
        return answers.whole_in_one_loop(params, x, targets)

    assert exercise.check_bptt(answers.whole_in_one_loop).report is None
    verdict = exercise.check_bptt(my_bptt)
    assert not verdict.passed and not verdict.report.passed
    assert "In detail" in verdict._repr_html_() and str(verdict.report) in str(verdict)
