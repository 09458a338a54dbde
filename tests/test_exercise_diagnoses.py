"""What the checks of the exercises say is so: no mistake is named that was not made, no keyed answer is wrong."""

import importlib
import re
from collections import Counter

import numpy as np
import pytest
from exercise_answers import flawed_backward as flawed_answers
from exercise_answers import forward_pass as forward_answers
from exercise_answers import gradient_check as check_answers
from exercise_answers import mixed_exam as exam_answers
from exercise_answers import single_pass_bptt as single_answers
from exercise_answers import training as training_answers
from exercise_answers import vanishing_gradients as vanishing_answers
from test_exercise_checks import MODULES, TOPICS

import lstm_teach as lt
from lstm_teach import judging, plain
from lstm_teach.exercises import (
    flawed_backward,
    forward_pass,
    gradient_check,
    mixed_exam,
    questions,
    single_pass_bptt,
    training,
    vanishing_gradients,
)
from lstm_teach.exercises.nets import filled_forward, random_case
from lstm_teach.exercises.questions import Question
from lstm_teach.gradreport import errors_of

sigmoid, bias, peepholes_with = forward_answers.sigmoid, forward_answers.bias, single_answers.peepholes_with


def asked(topic):
    """The questions of an exercise."""
    return [value for value in vars(MODULES[topic]).values() if isinstance(value, Question)]


# ------------------------------------------------------------------------------------------ named mistakes


def test_a_clipped_vector_with_a_little_added_below_is_right_and_without_the_condition_named_rightly():
    assert training.check_clip(training_answers.clip_with_a_little_added).passed
    always = training.check_clip(training_answers.WRONG["check_clip"]["always, a little added"][0])
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
    assert "1e-8 is added before" in verdict and "inside the root" not in verdict


def test_a_mistake_that_explains_by_chance_what_little_came_is_not_named():
    """The other calls raise, or give inf, and with the mistake in question they would not."""

    def one_token_too_far(*given):
        return training_answers.sample_with(choose=lambda y, n: int(np.searchsorted(np.cumsum(y), n)) + 1)(*given)

    verdict = str(training.check_sample(one_token_too_far))
    assert "raised IndexError" in verdict and "have been sorted" not in verdict

    def each_rounded_up(rate, share):
        return np.ceil(np.log(share)) / np.ceil(np.log(rate))

    verdict = str(vanishing_gradients.check_reach(vanishing_answers.by_rate(each_rounded_up)))
    assert "is inf" in verdict and "rounded down" not in verdict


def test_the_check_of_a_loss_has_a_target_without_probability_whatever_its_numbers():
    for seed in (4, 10):
        assert not forward_pass.check_loss(forward_answers.loss_without_the_sum, seed=seed).passed


def test_allclose_is_not_told_to_be_a_size():
    verdict = str(gradient_check.check_relative_error(lambda a, b: float(not np.allclose(a, b))))
    assert "the size of the difference" not in verdict


def test_a_bias_that_is_off_shows_the_digits_in_which_it_is_off():
    verdict = str(forward_pass.check_bias(lambda share, steps: forward_answers.bias(share, steps) + 1e-3))
    for yours, right in re.findall(r"yours is ([-\d.e]+); it should be ([-\d.e]+)", verdict):
        assert yours != right
    shares = re.findall(r"With your b, ([\d.]+) is left after .* asks for ([\d.]+)\.", verdict)
    assert shares and all(left != wanted for left, wanted in shares)


@pytest.mark.parametrize("seed", [1, *range(20, 40), 2026])
def test_four_decimal_places_of_a_bias_are_enough_as_the_page_says(seed):
    def four(share, steps):
        return round(float(forward_answers.bias(share, steps)), 4)

    assert forward_pass.check_bias(four, seed=seed).passed
    assert mixed_exam.check_bias(lambda *given: -four(*given), seed=seed).passed


NO_LUCK = {  # a wrong answer, and numbers of grading with which it earned a part by chance
    "targets of the step before": (
        forward_pass.check_loss,
        lambda V, h, targets: forward_answers.loss(V, h, np.roll(targets, 1)),
        (4, 10, 2026),
    ),
    "targets in reverse": (
        forward_pass.check_loss,
        lambda V, h, targets: forward_answers.loss(V, h, targets[::-1]),
        (2, 4, 7, 10, 2026),
    ),
    "three decimal places": (
        forward_pass.check_bias,
        lambda share, steps: round(float(forward_answers.bias(share, steps)), 3),
        (1, 2026),
    ),
    "the share alone": (forward_pass.check_bias, lambda share, steps: bias(share, 1), (1, 2, 2026)),
    "signs left out": (
        gradient_check.check_relative_error,
        lambda a, b: check_answers.error(abs(a), abs(b)) if a.any() and b.any() else 0.5,
        (1, 2, 3),
    ),
    "no slope at all": (gradient_check.check_slope_along, lambda loss_of, net, along, step: 0.0, (4, 19)),
    "no sign": (
        vanishing_gradients.check_carried,
        lambda f, dc, s: abs(next(iter(vanishing_answers.RIGHT["check_carried"].values()))(f, dc, s)),
        (2,),
    ),
    "no second road": (
        vanishing_gradients.check_reach,
        lambda bias, extra, share: float(np.ceil(np.log(share) / np.log(sigmoid(bias)))),
        (1, 2, 2026),
    ),
    "h not kept": (training.check_sample, training_answers.WRONG["check_sample"]["h not kept"][0], (3, 2026)),
    "c not kept": (training.check_sample, training_answers.WRONG["check_sample"]["c not kept"][0], (3, 2026)),
}


@pytest.mark.parametrize(("check", "wrong", "seeds"), NO_LUCK.values(), ids=NO_LUCK)
def test_a_wrong_answer_earns_nothing_by_chance(check, wrong, seeds):
    for seed in seeds:
        earned = {part.name for part in check(wrong, seed=seed).parts if part.passed}
        assert earned <= {"nets without the second road", "a rate very near 1"}  # where it changes nothing


def test_what_follows_from_zeros_of_ones_own_is_not_told_that_a_road_is_missing():
    """With zeros for di the right line of dh_before looks like one in which Wi is missing, and the other way around."""
    verdict = mixed_exam.check_back(exam_answers.back_with(di=lambda v: 0 * v.dc))
    assert {part.name for part in verdict.parts if not part.passed} == {"di", "dzi", "dh_before"}
    assert "This may come from your di: look there first." in str(verdict)
    assert "This may come from your dzi: look there first." in str(verdict) and "through Wi" not in str(verdict)
    for line, zero in {"dzi": "dpi", "dzf": "dpf", "dzo": "dpo"}.items():  # what is not handed back may be zero, too
        verdict = str(single_pass_bptt.check_peepholes(peepholes_with(**{line: "0 * dh"})))
        assert f"This may come from your {zero}: look there first" in verdict and "is missing" not in verdict


def test_a_table_of_the_passes_in_class_does_not_earn_everything_in_grading():
    words = lt.exercises.engine.task_of("flawed_backward", "suspect")
    wrong = {flaw: [flawed_backward.wrong_names(flaw, T) for T in (1, 2)] for flaw in words["culprits"]}
    table = {tuple(map(len, wrong[flaw])): culprit for flaw, culprit in words["culprits"].items()}

    def suspect(one, two):
        return table.get((len(one), len(two)), "token")

    assert flawed_backward.check_suspect(suspect).score == 1
    assert flawed_backward.check_suspect(suspect, seed=2026).score < 1


OTHERS = [  # a wrong answer, and what is said of another one that looks like it
    (
        gradient_check.check_slope_along,
        lambda loss_of, net, along, step: gradient_check.slope_of(loss_of, net, along, step) / np.linalg.norm(along),
        "longer first",
    ),
    (training.check_clip, training_answers.WRONG["check_clip"]["longer than 1"][0], "square of the norm"),
    (forward_pass.check_gate, lambda U, W, k, h: sigmoid(U[:, k] - W @ h), "sign reaches only"),
    (forward_pass.check_gate, lambda U, W, k, h: sigmoid(U[:, k - 2] + W @ h), "column before"),
    (
        forward_pass.check_loss,
        lambda V, h, t: forward_answers.loss_with_log2(V, h, t) / np.log(2),
        "The log of the sum",
    ),
    (forward_pass.check_bias, lambda share, steps: round(float(bias(share, steps)), 1), "decimal places"),
    (forward_pass.check_bias, lambda share, steps: bias(share / 2, steps), "Here f is"),
    (flawed_backward.check_third, flawed_answers.loop(lambda n: range(n, -1, -2)), "What you had to repair is right"),
    (flawed_backward.check_first, flawed_answers.with_flaws("cell for its tanh", "no forget gate"), "is right. But"),
    (single_pass_bptt.check_peepholes, peepholes_with(dzi="dc * g * i * (1 - i) / 2"), "slope of"),
    (
        single_pass_bptt.check_peepholes,
        peepholes_with(dc="dh * o * (1 - c**2 / 2) + dc_carry + dzo * po"),
        "takes c itself",
    ),
    (
        single_pass_bptt.check_walk,
        single_answers.walk_edited('here, back["dc"]', 'here, 2 * back["dc"]'),
        "is multiplied by weights",
    ),
    (vanishing_gradients.check_carried, lambda f, dc, s: vanishing_answers.carried(np.sqrt(f), dc, s), "are used"),
    (vanishing_gradients.check_kept, vanishing_answers.kept_to(lambda t, n: (t // n + 1) * n + 2), "next piece"),
    (
        training.check_clip,
        training_answers.clip_by(training_answers.norm, lambda limit, n: 2 * limit / (n + 1e-8)),
        "made longer",
    ),
    (training.check_sample, training_answers.sample_with(choose=lambda y, number: 0), "is inf"),
    (mixed_exam.check_errors, lambda loss_of, net, grads: dict.fromkeys(net, 1.0), "nudge"),
    (mixed_exam.check_back, exam_answers.back_with(dh_before=lambda v: 0 * v.dh), "transposed"),
]


@pytest.mark.parametrize(("check", "wrong", "words"), OTHERS)
def test_another_wrong_answer_is_not_taken_for_the_mistake(check, wrong, words):
    verdict = check(wrong)
    assert not verdict.passed and words not in str(verdict), str(verdict)


def test_a_net_of_zeros_counts_nothing_and_earns_nothing():
    assert forward_pass.check_counter(lambda: lt.Params.zeros(3, 1)).score == 0


@pytest.mark.parametrize("gate", [lambda b: b, sigmoid])
def test_a_share_that_is_never_reached_is_told_whatever_else_is_off(gate):
    *_, last = vanishing_gradients.check_reach(lambda b, e, share: vanishing_answers.steps_of(gate(b) + e, share)).parts
    assert last.sentence.count("The rate is 1.063 here, so the share is never reached; return -1.") == 1


@pytest.mark.parametrize("kind", ["product", "output gate", "token", "hidden carry", "cell carry"])
def test_one_kind_of_flaw_for_every_pass_earns_nothing(kind):
    verdict = flawed_backward.check_suspect(lambda one, two: kind)
    assert verdict.score == 0 and f'The answer is "{kind}" for every pass' in str(verdict)
    if kind != "product":
        some = flawed_backward.check_suspect(lambda one, two: "product" if one else kind)
        assert some.score > 0 and "for every pass" not in str(some)


def test_tokens_are_not_told_how_far_they_are_off():
    verdict = str(training.check_sample(lambda step, params, first, numbers, temperature: [0] * len(numbers)))
    assert "numbers are off)" in verdict and "by up to" not in verdict


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (mixed_exam.check_step, exam_answers.step_with(), exam_answers.step_with(h=lambda v: v.c)),
        (mixed_exam.check_back, exam_answers.back, exam_answers.back_with(do=lambda v: v.dh)),
    ],
)
def test_how_wrong_lines_are_judged_is_told_only_where_one_is_wrong(check, right, wrong):
    assert check(right).passed and not check(right).note and "judged by what your own" in check(wrong).note


# ------------------------------------------------------------------------------------------ not written, not changed


def test_a_line_that_still_raises_below_ones_own_code_is_spoken_of():
    def gate(U, W, token, h_before):
        z = U[:, token] + W @ h_before
        return 1 / (1 + np.exp(-z)) if z is None else unwritten()

    def unwritten():
        raise NotImplementedError()

    assert "unwritten still raises NotImplementedError" in str(forward_pass.check_gate(gate))


def test_a_rounding_error_left_in_the_net_is_not_told_to_be_a_written_input():
    said = str(gradient_check.check_numerical_gradient(check_answers.gradient_step_subtracted_again))
    assert "leaves params changed in the last digits" in said and "writes to what it was given" not in said


def test_a_gradient_that_is_off_by_little_shows_the_digits_in_which_it_is_off():
    def backward(*case):
        grads = flawed_answers.right(*case)
        grads.Wf[0, 0] += 1e-5
        return grads

    yours, right = re.search(
        r"yours is (\S+); it should be (\S+)\.", str(flawed_backward.check_first(backward))
    ).groups()
    assert yours != right and float(yours) - float(right) == pytest.approx(1e-5, rel=0.2)


def test_an_edited_loop_is_not_told_that_it_is_unrepaired():
    """With one of two flaws repaired, T = 1 still gives the numbers of the unrepaired loop."""
    verdict = str(flawed_backward.check_fourth(flawed_answers.with_flaws("turned product")))
    assert "unrepaired" not in verdict and "another one is left, which shows at T = 1 already" in verdict


def test_a_net_that_is_too_large_is_not_blamed_on_a_loop_alone():
    def slow(vector):
        while True:
            pass

    verdict = judging.judge(slow, {"it": lambda attempt: attempt(1)}, (), seconds=0.3, slow="Is the net too large?")
    assert "Is the net too large?" in str(verdict) and "a loop that never ends" not in str(verdict)


# ------------------------------------------------------------------------------------------ statements about the cause


def test_an_array_changed_by_ones_own_line_is_reported_once_and_however_small_it_is():
    for least in (0, 1e-6):  # changes every a, or tiny ones only

        def relative_error(a, b, least=least):
            size = max(np.linalg.norm(a), np.linalg.norm(b))
            apart = np.linalg.norm(a - b)
            if least == 0 or size < least:
                a -= b
            return apart / size if size else 0.0

        verdict = gradient_check.check_relative_error(relative_error)
        assert [part.name for part in verdict.parts].count("inputs") == 1
        assert re.search(r"writes to what it was given, a\b(?! and)", str(verdict)) and "last digits" not in str(
            verdict
        )


def largest_error(backward, case):
    """The error of the gradient that is furthest off."""
    return max(errors_of(backward(*case), lt.exact_gradient(*case)).values())


@pytest.mark.parametrize(
    ("fault", "units", "length", "hint"),
    [("transposed W", 3, 1, "A single step"), ("turned dWo", 1, 5, "One unit"), ("forgotten h0", 3, 5, "A zero h0")],
)
def test_what_is_said_to_hide_a_fault_hides_it(fault, units, length, hint):
    """On usual weights, matrix by matrix, subtracted: and with several units and steps the fault shows."""
    net = lt.Params.random(4, units, seed=0, scale=0.8)
    x, targets = np.random.default_rng(0).integers(0, 4, (2, length))
    h0 = np.zeros(units) if hint == "A zero h0" else np.full(units, 0.5)
    c0 = np.full(units, -0.7)
    assert largest_error(gradient_check.planted(fault), (net, x, targets, h0, c0)) < 1e-9
    wide, x, targets = lt.Params.random(4, 3, seed=0, scale=0.8), [0, 1, 2, 0, 3], [1, 2, 0, 3, 1]
    usual = wide, x, targets, np.full(3, 0.5), np.full(3, -0.7)
    assert largest_error(gradient_check.planted(fault), usual) > 1e-4
    assert f"{hint} can hide" in gradient_check.FAULTS[fault] or f"{hint}," in gradient_check.FAULTS[fault]


def test_a_nonzero_c0_does_not_help_against_a_forgotten_h0():
    said = gradient_check.FAULTS
    assert "A zero h0 can hide" in said["forgotten h0"] and "A zero c0 can hide" in said["forgotten c0"]


def test_the_last_hint_of_the_numerical_gradient_runs_with_the_names_of_the_task():
    code = gradient_check.task_of("gradient_check", "numerical_gradient")["hints"][2].partition(":\n")[2]
    net = lt.Params.random(2, 2, seed=0)
    grads = lt.Params.zeros(2, 2)
    for name in net:
        for index in np.ndindex(net[name].shape):
            given = {"loss_fn": lambda p: float(p.flat @ p.flat), "params": net, "matrix": net[name], "index": index}
            exec(code, given | {"step": 0.1, "grads": grads, "name": name})
    np.testing.assert_allclose(grads.flat, 2 * net.flat)


def test_the_pattern_of_the_fourth_loop_has_a_second_reading_as_its_answer_says():
    """A turned product and an = for a += look the same: all dW wrong at T = 1, the dU from T = 2 on."""
    for flaws in (["turned product", "g left out"], ["turned product", "token once"]):
        for T, wrong_u in ((1, set()), (2, {"Ui", "Uf", "Uo", "Ug"})):
            got, right = (
                flawed_backward.with_flaws(*flaws)(*random_case(1, T, 4, 5)),
                lt.exact_gradient(*random_case(1, T, 4, 5)),
            )
            wrong = {name for name in lt.Params.NAMES if lt.relative_error(got[name], right[name]) > 1e-4}
            assert wrong == {"Wi", "Wf", "Wo", "Wg"} | wrong_u
    question = flawed_backward.FOURTH_LOOP
    assert question.options[question.right].text.endswith("one that shows only from T = 2 on")


def test_after_the_first_repair_of_the_fourth_loop_the_dw_tell_which_flaw_is_left():
    carried, collected = (flawed_backward.wrong_names(flaw, 2) for flaw in ("g left out", "token once"))
    assert "Wo" in carried and not {"Wi", "Wf", "Wo", "Wg"} & collected
    assert {"Wo", "Uo"} <= carried  # as the second hint says


def test_two_deltas_that_changed_places_are_named_and_the_right_numbers_are_right():
    verdict = single_pass_bptt.check_peepholes(single_answers.peepholes_swapped)
    assert "dc and dc_before are swapped" in str(verdict) and "with your" not in str(verdict)
    yours, wanted = zip(*re.findall(r"yours is (\S+); it should be (\S+)", str(verdict)), strict=True)
    assert yours == wanted[::-1]


def test_of_a_walk_back_the_step_is_named_that_goes_wrong_first():
    handed = single_pass_bptt.check_walk(single_answers.handing(dc_before=lambda back, c: back["dc"]))
    dh, dc = (part.sentence for part in handed.parts)
    assert dh.startswith("dh is off at step 3, unit 0") and "Walking back, step 3 is the first that is off." in dh
    assert dc.startswith("dc is off at step 4, unit 0") and "Walking back, step 4 is the first that is off." in dc


def test_where_one_step_is_off_none_is_said_to_be_the_first():
    def walk(*given):
        dh, dc = single_answers.walk_with()(*given)
        dh[2] += 1
        return dh, dc

    verdict = str(single_pass_bptt.check_walk(walk))
    assert "dh is off at step 2" in verdict and "Walking back" not in verdict
    assert "Walking back" not in str(single_pass_bptt.check_walk(single_answers.one_row_short))


def test_a_lambda_has_the_name_of_its_task():
    slope = 2

    def named(answer):
        return str(flawed_backward.check_suspect(answer))

    assert named(lambda one, two, *, more=slope: flawed_answers.suspect(one, two)).startswith("`suspect` is right")
    assert "suspect raised ZeroDivisionError" in named(lambda one, two: slope / 0)
    assert "suspect returns nothing" in named(lambda one, two: None)
    assert "`counted`" in str(flawed_backward.check_suspect(counted))


def counted(one, two):
    return flawed_answers.suspect_by_counting(one, two)


def test_what_came_is_told_plainly():
    said = [judging.kind(value) for value in (np.float64(1.5438071552080075e-09), np.float32(0.1), 2.0, np.int64(3))]
    assert said == ["1.544e-09 (float)", "0.1 (float)", "2.0 (float)", "3 (int64)"]
    assert judging.kind(lt.Params.zeros(2, 2)) == "a Params" and "np." not in judging.kind(np.float64("nan"))
    assert judging.kind(lt.rnn.Params(2, 2)) == "an rnn.Params"


def test_arguments_in_another_order_are_told_the_order():
    swapped = str(forward_pass.check_gate(lambda W, U, token, h_before: 1 / (1 + np.exp(-U[:, token] - W @ h_before))))
    renamed = str(forward_pass.check_gate(lambda A, B, k, h: A[:, k] + B @ h))
    order = "gate gets these arguments in this order: the first line should be `def gate(U, W, token, h_before):`."
    starred = str(single_pass_bptt.check_start(lambda *a: 1 / 0))  # a is an argument, too, but this takes all of them
    assert "in this order" not in starred and "ZeroDivisionError" in starred
    assert swapped.count(order) == 1 and "raised" not in swapped and "off" not in swapped and order not in renamed


def test_what_python_shows_by_its_address_is_told_by_its_kind():
    said = str(single_pass_bptt.check_walk(lambda *given: zip([1], [2], strict=True)))
    assert "walk returns a zip. It should return the values themselves" in said and "0x" not in said


@pytest.mark.parametrize("least", [1e-5, 1e-8, 1e-9])
def test_a_small_number_is_said_to_be_added_only_where_it_was(least):
    def chosen(V, h, targets):
        scores = np.exp(h @ V.T - (h @ V.T).max(1, keepdims=True))
        return (scores / scores.sum(1, keepdims=True))[np.arange(len(h)), targets]

    added = str(forward_pass.check_loss(lambda *given: -np.log(chosen(*given) + least).sum()))
    clipped = str(forward_pass.check_loss(lambda *given: -np.log(np.maximum(chosen(*given), least)).sum()))
    assert added.count("A small number was added to the probabilities") == 1, added
    assert "small number" not in clipped and "A probability of 0 counts as" in clipped, clipped


def test_an_answer_of_too_many_or_too_few_parts_is_told_by_the_functions_name():
    two = str(single_pass_bptt.check_walk(lambda *given: ([1], [2], [3])))
    one = str(mixed_exam.check_errors(lambda *given: 0.0))
    assert "walk should return 2 arrays (" in two and "but returns 3 of them" in two, two
    assert "errors_by_matrix should return a dictionary (C), but returns 0.0" in one, one


def test_a_set_is_told_as_the_function_gets_it():
    """So that whoever compares it with names that have a d sees why it fails."""
    verdict = str(flawed_backward.check_suspect(lambda one, two: "output gate" if one == {"dWo", "dUo"} else "token"))
    assert 'Here one = {"Wo", "Uo"} and two = {"Wi", "Wf", ' in verdict and "one = set() and" in verdict


def test_what_follows_from_a_wrong_result_says_whose_it_follows_from():
    verdict = single_pass_bptt.check_peepholes(single_answers.WRONG["check_peepholes"]["no po"][0])
    names = [part.name for part in verdict.parts]
    assert names == ["dc", *(f"{name} (given your dc)" for name in ("dc_before", "dpi", "dpf")), "dpo"]
    both = str(single_pass_bptt.check_peepholes(single_answers.WRONG["check_peepholes"]["plain LSTM"][0]))
    assert re.search(r"dc_before is off.* with your dc it should be", both)


def test_what_is_not_finite_is_not_called_right_for_what_it_reads_and_says_where_to_look():
    def peepholes(*given):
        return tuple(part * np.nan for part in single_answers.RIGHT["check_peepholes"][style](*given))

    style = next(iter(single_answers.RIGHT["check_peepholes"]))
    verdict = single_pass_bptt.check_peepholes(peepholes)
    assert verdict.score == 0 and "Each is nan at unit 0" in str(verdict)
    follows = "dc_before, dpi, dpf\n           Each is not finite, and neither is dc, which it reads: look there first."
    assert follows in str(verdict)


def test_right_numbers_in_another_order_of_the_arguments_do_not_hide_what_is_written_to():
    def relative_error(b, a):
        largest = max(np.linalg.norm(a), np.linalg.norm(b))
        error = np.linalg.norm(a - b) / largest if largest else 0.0
        b[:] = 0
        return error

    verdict = gradient_check.check_relative_error(relative_error)
    assert not verdict.passed and "relative_error writes to what it was given, b." in str(verdict)


def test_a_second_name_for_an_input_is_said_to_be_one_as_in_a_lesson():
    verdict = str(forward_pass.check_gate(forward_answers.WRONG["check_gate"]["writes to U"][0]))
    assert (
        "After `z = U[:, token]`, what is done to z is done to U too. Begin with `z = U[:, token].copy()`." in verdict
    )


def test_no_part_has_a_comma_in_its_name():
    for topic, answers in (("gradient_check", check_answers), ("forward_pass", forward_answers)):
        for name, right in answers.RIGHT.items():
            verdict = getattr(MODULES[topic], name)(next(iter(right.values())))
            assert not [part.name for part in verdict.parts if "," in part.name]
    verdict = flawed_backward.check_fourth(flawed_answers.right)
    assert not [part.name for part in verdict.parts if "," in part.name]


def test_a_walk_that_prints_the_loss_is_not_told_to_have_measured():
    def start(step, params, a, x, targets):
        lt.loss(params, x, targets, np.tanh(a), a)
        return single_answers.start_with()(step, params, a, x, targets)

    assert single_pass_bptt.check_start(start).passed


# ------------------------------------------------------------------------------------------ questions


def test_every_answer_has_a_name_of_its_own():
    names = [question.name for topic in TOPICS for question in asked(topic)]
    assert len(names) > 20 and sorted(set(names)) == sorted(names)


def test_one_letter_for_all_questions_earns_hardly_more_than_chance():
    right = Counter(question.right for topic in TOPICS for question in asked(topic) if question.options)
    assert right.total() == 20 and max(right.values()) <= right.total() / 3, right


def test_an_answer_that_is_kept_opens_no_other_form(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    every = [question for topic in TOPICS for question in asked(topic)]
    first = questions.ask(every[0])
    first.form.keep, first.form.answer = True, "1.5"
    assert (tmp_path / "my_answers.json").is_file()
    assert [q.name for q in every if questions.ask(q).form.answer] == [every[0].name]


def wrong_of(backward, T):
    """The gradients of a pass that are wrong on a net of exercise 4, by name."""
    case = random_case(3, T, 4, 5)
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
    assert len(verdict.hints) == 3
    assert [words for words in given_away if words in before] == []


def test_numbers_of_exercise_1_are_so():
    question = {q.name: q for q in asked("forward_pass")}
    assert "63.4" in question["my_full_cell"].reveal and round(sum(0.99**k for k in range(100)), 1) == 63.4
    assert "37%" in question["my_full_cell"].reveal and round(0.99**100, 2) == 0.37
    steps = [round(float(np.tanh(n + 1) - np.tanh(n)), k) for n, k in ((0, 2), (3, 3))]
    assert steps == [0.76, 0.004] and all(str(s) in str(question["my_count_shown"].options) for s in steps)


def test_numbers_of_exercise_2_are_so():
    """A net of tiny weights: what rounding leaves in the slopes, beside the slopes."""
    net = lt.Params.random(4, 3, seed=0, scale=0.01)
    x, targets = np.random.default_rng(0).integers(0, 4, (2, 5))
    slopes = lt.numerical_gradient(lambda moved: lt.loss(moved, x, targets), net, 1e-5)
    right = lt.exact_gradient(net, x, targets)
    question, said = gradient_check.TINY, gradient_check.TINY.options[gradient_check.TINY.right].why

    def error(name, net, step):
        by_steps = lt.numerical_gradient(lambda moved: lt.loss(moved, x, targets), net, step)
        return lt.relative_error(lt.bptt(net, x, targets)[name], by_steps[name])

    assert "dV is off by 1e-8, and dWf by 1e-3" in question.text
    assert 0.5 < error("V", net, 1e-5) / 1e-8 < 2 and 0.5 < error("Wf", net, 1e-5) / 1e-3 < 2
    usual = lt.Params(4, 3, 100 * net.flat)
    assert "no error is above 1e-7" in question.text and max(error(name, usual, 1e-5) for name in net) < 1e-7
    assert "with 1e-6 it is about 1e-2" in question.options["b"].why and 0.3 < error("Wf", net, 1e-6) / 1e-2 < 3
    assert "this error is only about 1e-5" in question.options["c"].why and 0.3 < error("Wf", net, 1e-3) / 1e-5 < 3
    assert "about 1e-10 in every number" in said and 0.3e-10 < abs(slopes.Wf - right.Wf).max() < 3e-10
    assert "the largest number of dWf is only 5e-8" in said and f"{abs(right.Wf).max():.0e}" == "5e-08"
    losses = 12 + 1e-14, 12 - 1e-14  # of the guess
    assert f"{np.spacing(12.0):.0e}" == "2e-15" and round((losses[0] - losses[1]) / np.spacing(12.0)) in (11, 12)


def test_large_scores_break_the_softmax_of_lesson_1_as_the_task_says():
    """Shifted, the probability of a target is 0, and its log makes the loss inf; unshifted, it is no number either."""

    def by_softmax(shift):
        def loss(V, h, targets):
            scores = h @ V.T
            e = np.exp(scores - shift * scores.max(axis=1, keepdims=True))
            y = e / e.sum(axis=1, keepdims=True)
            return -np.log(y[np.arange(len(h)), targets]).sum()

        return loss

    for seed in (1, 2026):  # the second is the notebook's
        for shift, number in ((0, "(nan|inf)"), (1, "inf")):
            *fine, large = forward_pass.check_loss(by_softmax(shift), seed).parts
            assert all(part.passed for part in fine)
            assert re.match(f"the loss is {number}: ", large.sentence)


# ---------------------------------------------------------------------------------- what a task is to be done without


def test_what_is_called_is_seen_and_what_is_only_named_is_no_answer():
    def walk(*case):
        bptt = lt.nested_bptt
        return bptt and 1

    assert "from the library" not in str(flawed_backward.check_first(walk))
    said = str(flawed_backward.check_first(lambda *case: lt.bptt(*case)))
    assert "first_repaired calls lt.bptt from the library" in said


def test_rows_that_belong_to_no_step_are_filled_for_a_while_only():
    net = lt.Params.random(4, 3, seed=0)
    with filled_forward():
        cache = lt.forward(net, [0, 1])
        assert (cache.f[-1] > 0).all() and (cache.i[:-1] == lt.forward(net, [0, 1]).i[:-1]).all()
    assert (lt.forward(net, [0, 1]).f[-1] == 0).all()
    flawed_backward.check_third(lambda *case: 1 / 0)
    assert (lt.forward(net, [0, 1]).f[-1] == 0).all()


def test_every_tool_that_an_answer_may_use_is_there_under_its_own_name():
    there = set()
    for module in (*MODULES.values(), *(importlib.import_module(f"lstm_teach.{name}") for name in judging.ANSWERS)):
        there |= {name for name, value in vars(module).items() if getattr(value, "__name__", "") == name}
    assert set(judging.TOOLS) <= there

    def dy(cache, targets):
        return plain.score_deltas(cache, targets)

    attempt = judging.Attempt(dy)
    attempt(lt.forward(lt.Params.random(4, 3), [0, 1]), [1, 2])
    assert attempt.borrowed(judging.TOOLS) == "" and attempt.borrowed(()).startswith("dy calls plain.score_deltas from")


def test_numbers_are_not_called_one_array():
    said = str(single_pass_bptt.check_walk(lambda *given: (0.0, 0.0)))
    assert "is a single number" in said and "one array" not in said


def test_a_number_that_is_no_size_is_not_called_a_size_that_is_typed_in():
    def hundred(V, h, targets):
        return (100 * V[len(V)]).sum()

    def to_five(V, h, targets):
        return sum(h[t, targets[t]] for t in range(5, 5000))

    def tiny(fault):
        return lt.Params.random(4, 3, scale=1e-9), [0, 1, 0], [1, 2, 3], np.ones(3), np.ones(3)

    def single_states(fault):
        return lt.Params.random(4, 3), [0, 1, 0], [1, 2, 3], 0, 0

    for function in (tiny, single_states):
        assert "typed in" not in str(gradient_check.check_blind_spot(function))
    assert "typed in" not in str(gradient_check.check_numerical_gradient(lambda *given: np.zeros(9)))
    factor, sizes = (str(forward_pass.check_loss(function)) for function in (hundred, to_five))
    assert "out of bounds" in factor and "typed in" not in factor
    assert "A size typed in as a number fits only one net or sequence: look for 5 and 5000." in sizes

    def row_of_the_bell():
        params = lt.Params.zeros(vocab_size=3, hidden_size=1)
        params.Uf[2] = 12
        return params

    def every_entry():
        params = lt.Params.zeros(vocab_size=3, hidden_size=1)
        params.Uf = 12
        return params

    for function in (row_of_the_bell, every_entry):  # who makes the net types its sizes
        verdict = str(forward_pass.check_counter(function))
        assert " raised " in verdict and "typed in" not in verdict
