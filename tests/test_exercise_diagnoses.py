"""What the checks of the exercises say is so: no mistake is named that was not made, no keyed answer is wrong."""

import importlib
import re

import numpy as np
import pytest
from exercise_answers import flawed_backward as flawed_answers
from exercise_answers import forward_pass as forward_answers
from exercise_answers import gradient_check as check_answers
from exercise_answers import training as training_answers
from test_exercise_checks import ALL, ANSWERS, IN_FILES, TOPICS, checks

import lstm_teach as lt
from lstm_teach import borrowed, judging
from lstm_teach.exercises import (
    flawed_backward,
    forward_pass,
    gradient_check,
    questions,
    single_pass_bptt,
    training,
    unread,
)
from lstm_teach.exercises.questions import Question

MODULES = {topic: importlib.import_module(f"lstm_teach.exercises.{topic}") for topic in TOPICS}


def asked(topic):
    """The questions of an exercise."""
    return [value for value in vars(MODULES[topic]).values() if isinstance(value, Question)]


# ------------------------------------------------------------------------------------------ named mistakes


@pytest.mark.parametrize(("topic", "name"), [each for each in ALL if each[0] not in IN_FILES])
def test_no_named_mistake_is_the_right_answer(topic, name, monkeypatch):
    """On every case of every check: an answer that is off by rounding is never told that a mistake was made."""
    cases = []

    def watched(name, got, right, axes=("unit",), mistakes=None, tolerance=1e-9):
        cases.append((np.asarray(right, float), mistakes or {}))
        return judging.difference(name, got, right, axes, mistakes, tolerance)

    monkeypatch.setattr(MODULES[topic], "difference", watched)
    answer = next(iter(ANSWERS[topic].RIGHT[name].values()))
    assert checks(topic)[name](answer).passed
    random, apart = np.random.default_rng(0), {}
    for right, mistakes in cases:
        for off in (0, 1e-12, 1e-8, 1e-5):
            got = right * (1 + off * random.normal(0, 1, right.shape))
            known = {words: [np.asarray(value)] for words, value in mistakes.items()}
            assert judging.explain([got], [right], known) == ""
        single = right.astype(np.float32)
        assert judging.explain([single], [right], {w: [np.asarray(v)] for w, v in mistakes.items()}) == ""
        for words, value in mistakes.items():
            differs = np.shape(value) != right.shape or not np.allclose(value, right, rtol=1e-7, atol=1e-300)
            apart[words] = apart.get(words, False) or differs or "your own" in words
    assert [words for words, differs in apart.items() if not differs] == []  # a row that could never be said


def test_a_clipped_vector_with_a_little_added_below_is_right_and_without_the_condition_named_rightly():
    assert training.check_clip(training_answers.clip_with_a_little_added).passed
    always = training.check_clip(lambda g, limit: g * limit / (np.linalg.norm(g) + 1e-6))
    assert [part.passed for part in always.parts] == [True, True, True, False]


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_a_gate_in_single_precision_is_told_its_type_and_nothing_else(kind):
    verdict = str(forward_pass.check_gate(lambda *given: forward_answers.gate(*given).astype(kind)))
    assert "compute in float64" in verdict and "is missing" not in verdict


def test_a_finer_formula_is_not_told_that_it_has_another_step():
    verdict = str(gradient_check.check_numerical_gradient(check_answers.gradient_of_fourth_order))
    assert "V is off" in verdict and "take the step that is given" not in verdict


def test_adam_with_eps_before_the_correction_is_not_told_that_it_is_inside_the_root():
    verdict = str(training.check_adam(training_answers.adam_with_eps_before_the_correction))
    assert "eps is added before" in verdict and "inside the root" not in verdict


def test_allclose_is_not_told_to_be_a_size():
    verdict = str(gradient_check.check_relative_error(lambda a, b: float(not np.allclose(a, b))))
    assert "the size of the difference" not in verdict


def test_a_bias_that_is_off_shows_the_digits_in_which_it_is_off():
    verdict = str(forward_pass.check_bias(lambda share, steps: forward_answers.bias(share, steps) + 1e-3))
    for yours, right in re.findall(r"yours is ([-\d.e]+), right is ([-\d.e]+)", verdict):
        assert yours != right
    for left, wanted in re.findall(r"With your b, ([\d.]+) of .* asks for ([\d.]+)\.", verdict):
        assert left != wanted


# ------------------------------------------------------------------------------------------ not written, not changed


def test_a_line_that_still_raises_below_ones_own_code_is_spoken_of():
    def gate(U, W, token, h_before):
        z = U[:, token] + W @ h_before
        return 1 / (1 + np.exp(-z)) if z is None else unwritten()

    def unwritten():
        raise NotImplementedError()

    assert "or a line that raises NotImplementedError is still in it" in str(forward_pass.check_gate(gate))


def test_a_function_that_is_none_is_judged_and_not_an_error():
    verdict = forward_pass.check_gate(None)
    assert verdict.score == 0 and "got nothing (None): give its name" in str(verdict)


def test_a_rounding_error_left_in_the_net_is_not_told_to_be_a_written_input():
    said = str(gradient_check.check_numerical_gradient(check_answers.gradient_step_subtracted_again))
    assert "leaves params changed in the last digits" in said and "writes to what it was given" not in said


def test_an_edited_loop_is_not_told_that_it_is_as_it_was():
    """With one of two flaws repaired, T = 1 still gives the numbers of the loop as it was."""
    verdict = str(flawed_backward.check_fourth(flawed_answers.with_flaws("turned product")))
    assert "as it was" not in verdict and "another one is left, which shows at T = 1 already" in verdict


def test_a_net_that_is_too_large_is_not_blamed_on_a_loop_alone():
    def slow(vector):
        while True:
            pass

    verdict = judging.judge(slow, {"it": lambda attempt: attempt(1)}, (), seconds=0.3, slow="Is the net too large?")
    assert "Is the net too large?" in str(verdict) and "a loop that never ends" not in str(verdict)


# ------------------------------------------------------------------------------------------ questions


def test_every_answer_has_a_name_of_its_own():
    names = [question.name for topic in TOPICS for question in asked(topic)]
    assert len(names) > 20 and sorted(set(names)) == sorted(names)


def test_an_answer_that_is_kept_opens_no_other_form(tmp_path):
    file = tmp_path / "my_answers.json"
    every = [question for topic in TOPICS for question in asked(topic)]
    first = questions.ask(every[0], file=file)
    first.form.keep, first.form.answer = True, "1.5"
    assert file.is_file()
    assert [q.name for q in every if questions.ask(q, file=file).form.answer] == [every[0].name]


def wrong_of(backward, T):
    """The gradients of a pass that are wrong on a net of exercise 4, by name."""
    case = single_pass_bptt.case_of(3, T, 4, 5)
    got, right = backward(*case), lt.exact_gradient(*case)
    return {name for name in lt.Params.NAMES if lt.relative_error(got[name], right[name]) > 1e-4}


def test_a_mean_spoils_nine_gradients_as_exercise_3_says():
    def mean(params, x, *rest):
        grads = lt.bptt(params, x, *rest)
        grads.flat[:] /= len(x)
        return grads

    assert [len(wrong_of(mean, T)) for T in (1, 2)] == [0, 9]
    assert flawed_backward.PREDICT_TWO_STEPS.reveal.startswith("All nine.")


# ------------------------------------------------------------------------------------------ hints


@pytest.mark.parametrize(
    ("name", "flaws", "given_away"),
    [
        ("first", ("cell for its tanh",), ["tanh", "run.ct"]),
        ("second", ("gate of another step",), ["f[k]", "gate of step k."]),
        ("third", ("token once",), ["+="]),
        ("fourth", ("turned product", "g left out"), ["np.outer", '"ifog"']),
    ],
)
def test_exercise_3_gives_the_repair_away_in_the_last_hint_only(name, flaws, given_away):
    verdict = getattr(flawed_backward, f"check_{name}")(flawed_answers.with_flaws(*flaws))
    before = " ".join([str(verdict), *verdict.hints[:2]])
    assert len(verdict.hints) == 3 and verdict.report is None
    assert [words for words in given_away if words in before] == []


def test_numbers_of_exercise_1_are_so():
    question = {q.name: q for q in asked("forward_pass")}
    assert "63.4" in question["my_full_cell"].reveal and round(sum(0.99**k for k in range(100)), 1) == 63.4
    assert "37 %" in question["my_full_cell"].reveal and round(0.99**100, 2) == 0.37
    steps = [round(float(np.tanh(n + 1) - np.tanh(n)), k) for n, k in ((0, 2), (3, 3))]
    assert steps == [0.76, 0.004] and all(str(s) in str(question["my_count_shown"].options) for s in steps)


# ------------------------------------------------------------------------------------------ the library's own answers


def by_alias(*case):
    from lstm_teach import bptt as b

    return b(*case)


def by_module(*case):
    import lstm_teach.backward as module

    return module.bptt(*case)


def by_local_name(*case):
    mine = lt.bptt
    return mine(*case)


def inside(*case):
    return next(helper(*case) for _ in range(1))


def helper(*case):
    return lt.bptt(*case)


class Callable:
    def __call__(self, *case):
        return lt.bptt(*case)


@pytest.mark.parametrize("function", [by_alias, by_module, by_local_name, inside, lambda *c: lt.bptt(*c), Callable()])
def test_a_call_of_the_library_is_seen_through(function):
    verdict = flawed_backward.check_first(function)
    assert verdict.score == 0 and "is the library's own answer" in str(verdict) and verdict.report is None


def test_an_argument_may_have_the_name_of_a_function_of_the_library():
    def walk(bptt, nested_bptt):
        return bptt(nested_bptt)

    names = {**vars(lt), "walk": walk}
    assert borrowed.in_code(walk.__code__, names, judging.ANSWERS) == ""
    assert borrowed.in_code(compile("bptt(1)", "", "exec"), names, judging.ANSWERS) == "bptt"


def test_rows_that_belong_to_no_step_are_filled_for_a_while_only():
    net = lt.Params.random(4, 3, seed=0)
    with unread.filled_forward():
        cache = lt.forward(net, [0, 1])
        assert (cache.f[-1] > 0).all() and (cache.i[:-1] == lt.forward(net, [0, 1]).i[:-1]).all()
    assert (lt.forward(net, [0, 1]).f[-1] == 0).all()
    flawed_backward.check_third(lambda *case: 1 / 0)
    assert (lt.forward(net, [0, 1]).f[-1] == 0).all()
