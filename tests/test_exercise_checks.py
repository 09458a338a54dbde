"""Every check of every exercise accepts right answers in several styles and rejects plausible wrong ones."""

import importlib
import inspect
import pkgutil

import exercise_answers
import pytest

from lstm_teach import exercises
from lstm_teach.exercises.checks import Verdict

pytestmark = pytest.mark.long

NOT_EXERCISES = {"checks", "questions", "unread"}
TOPICS = sorted({module.name for module in pkgutil.iter_modules(exercises.__path__)} - NOT_EXERCISES)
ANSWERS = {topic: importlib.import_module(f"exercise_answers.{topic}") for topic in TOPICS}


def checks(topic: str) -> dict:
    """The checks of an exercise by name."""
    module = importlib.import_module(f"lstm_teach.exercises.{topic}")
    return {name: value for name, value in vars(module).items() if name.startswith("check_") and callable(value)}


ALL = [(topic, name) for topic in TOPICS for name in checks(topic)]
RIGHT = [(t, name, style) for t in TOPICS for name, table in ANSWERS[t].RIGHT.items() for style in table]
WRONG = [(t, name, mistake) for t in TOPICS for name, table in ANSWERS[t].WRONG.items() for mistake in table]


@pytest.fixture(autouse=True)
def no_search(monkeypatch):
    """The doctor searches for seconds; each exercise that asks it has a test of its own for that."""
    for topic in TOPICS:
        module = importlib.import_module(f"lstm_teach.exercises.{topic}")
        if hasattr(module, "diagnose"):
            monkeypatch.setattr(module, "diagnose", lambda backward, **options: "the doctor's report")


def judged(topic: str, name: str, function) -> Verdict:
    return checks(topic)[name](function)


def test_every_table_belongs_to_an_exercise():
    named = {module.name for module in pkgutil.iter_modules(exercise_answers.__path__)}
    assert named == set(TOPICS)


@pytest.mark.parametrize(("topic", "name"), ALL)
def test_every_check_has_answers_enough(topic, name):
    assert len(ANSWERS[topic].RIGHT[name]) >= 2
    assert len(ANSWERS[topic].WRONG[name]) >= 8


@pytest.mark.parametrize(("topic", "name", "style"), RIGHT)
def test_a_right_answer_is_accepted(topic, name, style):
    check, answer = checks(topic)[name], ANSWERS[topic].RIGHT[name][style]
    seeds = range(3) if "seed" in inspect.signature(check).parameters else ()
    for verdict in (check(answer), *(check(answer, seed=seed) for seed in seeds)):
        assert verdict.passed and verdict.score == 1, str(verdict)


@pytest.mark.parametrize(("topic", "name", "mistake"), WRONG)
def test_a_wrong_answer_is_rejected_with_a_reason(topic, name, mistake):
    function, words = ANSWERS[topic].WRONG[name][mistake]
    verdict = judged(topic, name, function)
    assert not verdict.passed and verdict.score < 1
    assert words in str(verdict), str(verdict)


@pytest.mark.parametrize(("topic", "name"), ALL)
@pytest.mark.parametrize("answer", [None, NotImplementedError()], ids=["returns None", "raises NotImplementedError"])
def test_what_is_not_written_yet_earns_nothing(topic, name, answer):
    def unwritten(*inputs):
        if answer:
            raise answer

    verdict = judged(topic, name, unwritten)
    assert verdict.score == 0 and not verdict.passed
    assert ("is not written yet" if answer else "is a return missing") in str(verdict)


@pytest.mark.parametrize(("topic", "name"), ALL)
def test_every_check_has_three_hints_and_says_what_it_checks(topic, name):
    check = checks(topic)[name]
    assert len(judged(topic, name, lambda *inputs: None).hints) == 3
    assert inspect.getdoc(check).startswith("Check `")


@pytest.mark.parametrize(("topic", "name"), ALL)
def test_a_check_wants_the_function_itself(topic, name):
    for nothing in (None, 3.0):
        verdict = judged(topic, name, nothing)
        assert verdict.score == 0 and "needs your function itself" in str(verdict)
