"""Exercise 6: what it says of a trainer and of losses is so."""

import re
import warnings

import nbformat
import numpy as np
import pytest
from exercise_answers import training as answers
from projectfiles import ROOT

import lstm_teach as lt
from lstm_teach import training
from lstm_teach.exercises import engine
from lstm_teach.exercises import training as exercise


def test_the_given_trainer_ends_at_the_loss_of_a_guess_and_the_repaired_one_learns():
    given, longer = exercise.example(), exercise.example(60)
    start, faulty, right = (
        exercise.loss_of(flat)
        for flat in (
            given[0],
            answers.faulty(*answers.AS_GIVEN)(*longer),
            answers.train(*given),
        )
    )
    guess = np.log(2) / 4
    assert start > 2 and guess < faulty < 1.02 * guess and right < 0.03
    assert f"{guess:.3f}" in exercise.PREDICT_PLATEAU.reveal and f"{guess:.3f}" in exercise.PLATEAU.text


def test_the_gradient_of_the_trainer_is_right():
    """So the mistakes are in the batches alone, as the notebook says."""
    flat, xs, targets, gradient_of, *_ = exercise.example()
    expected = lt.exact_gradient(lt.Params(8, 8, flat), xs[0], targets[0]).flat
    np.testing.assert_allclose(gradient_of(flat, xs[0], targets[0]), expected, rtol=1e-9, atol=1e-14)


def test_numbers_of_the_question_about_the_plateau_are_so_and_the_guess_above_does_not_answer_it():
    options = exercise.PLATEAU.options
    one, nine = -np.log(0.1), -np.log(0.9)
    for letter, cost in zip("abcd", (np.log(8), np.log(2), (one + nine) / 2, nine), strict=True):
        assert f"{cost:.2f}" in options[letter].why and (f"{cost / 12:.3f}" == "0.173") == (letter == "a")
        assert f"{cost / 12:.3f}" in options[letter].why
    assert f"{nine:.2f} where A comes and {one:.2f} where B comes" in options["c"].why
    assert exercise.PLATEAU.right == "a" and "1/2" in exercise.PREDICT_PLATEAU.reveal and "half" in options["b"].text


def test_adam_by_hand_is_that_of_the_library():
    random = np.random.default_rng(0)
    step, flat, mean, square = training.adam(0.1).start(), np.zeros(5), np.zeros(5), np.zeros(5)
    for count in (1, 2, 3):
        gradient = random.normal(0, 1, 5)
        moved = flat + step(gradient)
        case = engine.Case("", (flat, gradient, mean, square, count, 0.1))
        flat, mean, square = engine.Task(exercise.__name__, "adam", [case]).rights[0].values()
        np.testing.assert_allclose(flat, moved, rtol=1e-12)


def test_a_trainer_that_is_not_repaired_is_told_none_of_its_mistakes():
    for faults in (answers.AS_GIVEN, (*answers.TORN, *answers.BY_SIZE)):  # as it was, and with one of three repaired
        verdict = exercise.check_trainer(answers.faulty(*faults))
        said = " ".join(part.sentence for part in verdict.parts)
        assert not verdict.passed and not re.search(r"\b(targets?|batch|size|pairs?)\b", said)


@pytest.mark.parametrize(
    ("faults", "share"),
    [
        (answers.AS_GIVEN, 0),
        ((*answers.TORN, *answers.DROPPED), 0),  # a divisor for a smaller batch that is never visited
        ((*answers.TORN, *answers.BY_SIZE), 0.25),
        (answers.DROPPED, 0.5),
        ((*answers.DROPPED, *answers.BY_SIZE), 0.5),
        (answers.TORN, 0.75),
        (answers.BY_SIZE, 0.75),
        (answers.KEPT, 0.75),
    ],
)
def test_a_trainer_with_some_of_its_mistakes_repaired_earns_a_part(faults, share):
    verdict = exercise.check_trainer(answers.faulty(*faults))
    assert verdict.score == pytest.approx(share) and verdict.points(4) == 4 * share
    assert ("it earns" in str(verdict)) == (share > 0.25)  # a quarter is what the parts give


UNRELATED = {
    "the decay forgotten": answers.adam_with(m1=lambda m, g: m + 0.1 * g),
    "one square for all": answers.adam_with(s1=lambda s, g: 0.999 * s + 0.001 * (g**2).sum()),
    "another eps": answers.adam_with(step=lambda m, s, g, n: m / (1 - 0.9**n) / (np.sqrt(s / (1 - 0.999**n)) + 1e-7)),
    "half the step": answers.adam_with(
        step=lambda m, s, g, n: m / (1 - 0.9**n) / (np.sqrt(s / (1 - 0.999**n)) + 1e-8) / 2
    ),
    "rounded": answers.adam_with(keep=lambda flat, m, s, n: (flat.round(3), m.round(3), s.round(3))),
}


@pytest.mark.parametrize("mistake", UNRELATED)
def test_a_mistake_of_adam_that_is_none_of_the_correction_is_told_nothing_of_it(mistake):
    verdict = str(exercise.check_adam(UNRELATED[mistake]))
    assert "is off" in verdict and not any(words in verdict for words in ("0.9**7", "correct", "divided by"))


def test_a_trainer_that_returns_no_vector_is_told_only_that():
    for answer in (lambda *given: np.zeros((4, 12)), lambda *given: len):
        verdict = str(exercise.check_trainer(answer))
        assert "print for each batch" not in verdict and "the vector of weights" in verdict


def test_a_sample_that_draws_for_itself_is_told_so_once():
    verdict = str(exercise.check_sample(lambda *given: np.random.default_rng().integers(0, 6, len(given[3]))))
    assert verdict.count("Called again with the same numbers") == 1 and verdict.count("is off at position") > 1


def test_the_task_with_a_longer_gap_is_drawn_and_judged_as_where_next_says():
    flat, xs, targets, *_, orders = exercise.example(20, gap=10)
    assert {len(x) for x in xs} == {len(target) for target in targets} == {12} and len(orders) == 20
    page = nbformat.read(ROOT / "instructor" / "exercises" / "06_training.ipynb", as_version=4).cells[-1].source
    assert "training.loss_of(train(*training.example(20, gap=10)), gap=10)" in page
    assert exercise.loss_of(flat, gap=10) > 1.5  # eight symbols, none of them learned


def test_the_guess_gives_no_reason_that_a_later_question_asks_for():
    assert "half" not in exercise.PREDICT_PLATEAU.reveal


def test_the_alphabet_that_an_option_needs_is_told_where_the_task_is_told():
    cells = nbformat.read(ROOT / "instructor" / "exercises" / "06_training.ipynb", as_version=4).cells
    task = next(cell.source for cell in cells if cell.id == "task-3")
    assert all("from an alphabet of eight" in text for text in (exercise.PREDICT_PLATEAU.text, task))
    flat, xs, *_ = exercise.example()
    assert lt.Params(8, 8, flat).vocab_size == 8 and {len(x) for x in xs} == {4}


def test_a_right_answer_that_warns_writes_nothing_where_grading_would_count_it_as_failed(capfd):
    def clip(dV, dW, limit):
        factor = min(1, limit / np.sqrt((dV**2).sum() + (dW**2).sum()))  # 0 for a gradient of zeros, as in lesson 6
        return dV * factor, dW * factor

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert exercise.check_clip(clip).passed
    assert capfd.readouterr().err == ""


def test_a_largest_score_that_is_subtracted_before_the_division_leaves_large_scores_large():
    def sample(step, params, first, numbers, temperature):
        h, c, token, drawn = *np.zeros((2, params.hidden_size)), first, []
        for number in numbers:
            scores, h, c = step(params, token, h, c)
            y = np.exp(scores / temperature - scores.max())
            token = int(np.searchsorted(np.cumsum(y / y.sum()), number, side="right"))
            drawn.append(token)
        return drawn

    assert [part.name for part in exercise.check_sample(sample).parts if not part.passed] == ["very large scores"]
