"""Every check of every exercise accepts right answers in several styles and rejects plausible wrong ones."""

import ast
import functools
import html
import importlib
import inspect
import pkgutil
import re
import textwrap

import exercise_answers
import nbformat
import numpy as np
import pytest
from projectfiles import ROOT

import lstm_teach as lt
from lstm_teach import exercises, judging, recognize, verdicts
from lstm_teach.exercises import engine

pytestmark = pytest.mark.long

NOT_EXERCISES = {"engine", "nets", "questions"}
TOPICS = sorted({module.name for module in pkgutil.iter_modules(exercises.__path__)} - NOT_EXERCISES)
ANSWERS = {topic: importlib.import_module(f"exercise_answers.{topic}") for topic in TOPICS}
MODULES = {topic: importlib.import_module(f"lstm_teach.exercises.{topic}") for topic in TOPICS}
SOURCES = {path.stem.partition("_")[2]: path for path in (ROOT / "instructor" / "exercises").glob("*.ipynb")}


def checks(topic: str) -> dict:
    """The checks of an exercise by name."""
    return {name: value for name, value in vars(MODULES[topic]).items() if name.startswith("check_")}


ALL = [(topic, name) for topic in TOPICS for name in checks(topic)]
each_check = pytest.mark.parametrize(("topic", "name"), ALL, ids=[f"{topic}.{name}" for topic, name in ALL])


def test_every_table_belongs_to_an_exercise():
    assert {module.name for module in pkgutil.iter_modules(exercise_answers.__path__)} == set(TOPICS)


@each_check
def test_right_answers_are_accepted(topic, name):
    check, answers = checks(topic)[name], ANSWERS[topic].RIGHT[name]
    assert len(answers) >= 4, f"tests/exercise_answers/{topic}.py has {len(answers)} right answers for {name}, not 4"
    seeds = [2, 2026] if "seed" in inspect.signature(check).parameters else []
    for style, answer in answers.items():
        for verdict in (check(answer), *(check(answer, seed=seed) for seed in seeds)):
            assert verdict.passed and verdict.score == 1, f"{style}: {verdict}"


def off(value):
    """A right answer with all its numbers wrong, in the same form."""
    if isinstance(value, lt.Params):
        return lt.Params.like(value, {name: off(value[name]) for name in value.NAMES})
    if isinstance(value, dict):
        return {name: off(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [off(each) for each in value]
    return f"not {value}" if isinstance(value, str) else 0.37 * np.asarray(value) + 0.11


@each_check
def test_a_wrong_answer_is_judged_with_the_numbers_of_grading_too(topic, name):
    """Every named mistake is tried on it, and one that can't be computed with these numbers ends nothing."""
    check, answer = checks(topic)[name], next(iter(ANSWERS[topic].RIGHT[name].values()))

    @functools.wraps(answer)
    def wrong(*given):
        return off(answer(*given))

    for seed in (2026, 3, 6, 11) if "seed" in inspect.signature(check).parameters else (None,):
        verdict = check(wrong) if seed is None else check(wrong, seed=seed)
        assert not verdict.passed, verdict


@each_check
def test_each_check_draws_other_cases_with_another_seed_or_is_on_the_guides_list(topic, name, monkeypatch):
    """So that numbers that were seen, or copied, earn nothing."""
    guide = (
        (ROOT / "instructor" / "guide.md")
        .read_text(encoding="utf-8")
        .partition("### Different numbers for each student")[2]
    )
    listed = set(re.findall(r"`(check_\w+)`", guide.partition("###")[0]))
    source = "\n".join(cell.source for cell in nbformat.read(SOURCES[topic], as_version=4).cells)
    assert (name not in listed) == bool(
        re.search(rf"^{name} = partial\(\w+\.{name}, seed=2026\)$", source, re.MULTILINE)
    )
    if name in listed:
        return
    answer, seen, call = next(iter(ANSWERS[topic].RIGHT[name].values())), {}, judging.Attempt.__call__

    def noted(attempt, *inputs):
        handed = any(map(callable, inputs))  # what a function measures can't be seen from here
        seen.setdefault(seed, []).append(seed if handed else sum(numbers_in(inputs)))
        return call(attempt, *inputs)

    monkeypatch.setattr(judging.Attempt, "__call__", noted)  # what the answer itself notes would be put back
    for seed in (1, 2, 3):
        checks(topic)[name](answer, seed=seed)
    assert set(seen) == {1, 2, 3}
    if any(map(any, seen.values())):  # counter_net and light_net get nothing
        assert seen[1] != seen[2] != seen[3]


def numbers_in(value):
    """Every number in arguments of any kind."""
    if isinstance(value, lt.Params):
        value = value.flat
    if isinstance(value, np.ndarray | float | int):
        return np.ravel(value).astype(float).tolist()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [number for part in parts for number in numbers_in(part)]


@pytest.mark.parametrize(("topic", "name"), [("gradient_check", "check_accepts"), ("flawed_backward", "check_suspect")])
def test_a_count_of_the_calls_says_nothing_about_the_order_of_grading(topic, name):
    check, right = checks(topic)[name], next(iter(ANSWERS[topic].RIGHT[name].values()))
    said = []
    check(lambda *given: said.append(right(*given)) or said[-1])
    answers = iter(said)
    assert check(lambda *given: next(answers), seed=2026).score < 0.5


@pytest.mark.parametrize(
    ("calls", "right", "score"), [(1, True, 0), (8, True, 0), (20, True, 0.5), (20, False, 0), (27, True, 0.5)]
)
def test_a_check_that_runs_out_of_time_earns_half_if_it_was_right_so_far(calls, right, score, monkeypatch):
    """And nothing by the luck of the order. Time is up in the call after these."""
    start, tried = judging.Attempt.__init__, []
    monkeypatch.setattr(judging.Attempt, "__init__", lambda self, f, seconds, *slow: start(self, f, 1.5, *slow))
    answer = ANSWERS["gradient_check"].accepts_by_the_exact_gradient

    def accepts(backward):
        tried.append(backward)
        while len(tried) > calls:
            pass
        return answer(backward) if right else True

    verdict = checks("gradient_check")["check_accepts"](accepts)
    assert verdict.score == score and len({part.sentence for part in verdict.parts}) == 1
    said = "all right" if right else "not all right"
    assert f"accepts used up its 1.5 seconds after {calls} of 28 calls. What it answered until then is {said}." in str(
        verdict
    )
    assert "your check is called 28 times" in str(verdict)
    assert ("What is missing is speed, so it earns 50% of the points." in str(verdict)) == (score > 0)


def test_a_bound_earns_the_more_the_stricter_it_is():
    """And the right passes are accepted with each of them."""
    bounds, parts = (0.5, 0.1, 1e-2, 1e-3, 1e-6, 1e-8), []
    for bound in bounds:
        verdict = MODULES["gradient_check"].check_accepts(ANSWERS["gradient_check"].checking(bound=bound))
        parts.append([part.name for part in verdict.parts if part.passed])
    assert all("right passes" in each for each in parts)
    assert [len(each) for each in parts] == [9, 10, 11, 13, 14, 14]


@each_check
def test_wrong_answers_are_rejected_with_a_reason(topic, name, monkeypatch):
    start = judging.Attempt.__init__  # three wrong answers use up the time that they get; a second is long for the rest
    hurried = lambda self, f, seconds=1, *slow: start(self, f, min(seconds, 1), *slow)  # noqa: E731
    monkeypatch.setattr(judging.Attempt, "__init__", hurried)
    check, answers = checks(topic)[name], ANSWERS[topic].WRONG[name]
    assert len(answers) >= 12, f"tests/exercise_answers/{topic}.py has {len(answers)} wrong answers for {name}, not 12"
    seeded = "seed" in inspect.signature(check).parameters
    for mistake, (function, words) in answers.items():
        verdict = check(function)
        assert not verdict.passed and verdict.score < 1, mistake
        assert words in str(verdict), f"{mistake}: {verdict}"
        if seeded and "did not finish" not in str(verdict):  # that would use up its time limit again
            assert not check(function, seed=2026).passed, f"{mistake}, with the numbers of grading"


@each_check
def test_what_is_not_written_yet_or_no_function_earns_nothing_and_gets_three_hints(topic, name):
    def unwritten(*inputs):
        raise NotImplementedError()

    told = {
        "is a return missing": lambda *inputs: None,
        "is not written yet": unwritten,
        "needs your function itself": 3.0,
    }
    for words, function in told.items():
        verdict = checks(topic)[name](function)
        assert verdict.score == 0 and not verdict.passed
        assert words in str(verdict) and len(verdict.hints) == 3
    assert inspect.getdoc(checks(topic)[name]).startswith("Check `")


HINTS = {(topic, name): task["hints"][2] for topic in TOPICS for name, task in engine.words_of(topic)["tasks"].items()}


@pytest.mark.parametrize(("topic", "name"), [key for key, hint in HINTS.items() if "\n" in hint])
def test_a_hint_of_several_lines_is_code_and_a_whole_answer_passes_the_check(topic, name):
    hint, call = HINTS[topic, name], engine.task_of(topic, name)["call"]
    first, _, rest = hint.partition("\n")
    words = first.endswith(":") and not rest.startswith(" ")
    ast.parse(textwrap.dedent(rest if words else hint))
    shown = verdicts.hints_html(("idea", "place", hint))
    assert shown.count("<pre") == 1 and html.escape(rest.rstrip()) in shown
    if not words and "return " in hint:
        space = {"np": np, "lt": lt}
        exec(f"def {call}:\n{textwrap.indent(hint, '    ')}", space)
        check = next(c for c in checks(topic).values() if call.partition("(")[0] in inspect.signature(c).parameters)
        assert check(space[call.partition("(")[0]]).passed


ODD = (
    *("0.5", [[1, 2], [3]], np.ones(3) * 1j, np.array([None, 1], object), {1, 2}, lt.Params.zeros(2, 2), 10**400),
    *({}, {"V": 1.0, "Wi": 2.0}, dict.fromkeys(lt.Params.NAMES), len, np.full((4, 5), np.nan), np.array([]), (1, 2)),
    np.zeros((2, 2, 2)),
    dict.fromkeys("ABCDE", (1, 3)),
)


@each_check
def test_whatever_a_function_returns_there_is_a_verdict(topic, name):
    for odd in ODD:
        verdict = checks(topic)[name](lambda *inputs, odd=odd: odd)
        assert verdict.score < 1 and "</section>" in verdict._repr_html_()


# ------------------------------------------------------------------------------------------ the files


@each_check
def test_no_named_mistake_is_the_right_answer(topic, name, monkeypatch):
    """On all cases of a check: every expression can be computed, differs, and is not said to a right answer."""
    seen = []
    monkeypatch.setattr(MODULES[topic], "check", lambda *given, **options: seen.append((given, options)))
    checks(topic)[name](lambda *inputs: None)
    if not seen:
        return  # its parts are functions, which the wrong answers try
    (module, name, _, cases), options = seen[0]
    task = engine.Task(module, name, cases, options.get("right"))
    if task.rights[0] is None:
        assert not task.spec.get("mistakes")
        return
    lines = task.spec.get("lines", {})
    assert all(name in task.rights[0] or re.search(rf"\b{name}\b", str(lines.values())) for name in lines)
    random, apart = np.random.default_rng(0), {}
    for result in task.rights[0]:

        def read_whole(value, result=result):
            return judging.numbers(engine.by_name(value, list(task.rights[0]))[result])

        single, whole = task.mistakes(result)
        own = [(k, judging.numbers(right[result])) for k, right in enumerate(task.rights) if result in right]
        table = {}
        for code, words in (single | whole).items():
            got, kept = [], []
            for k, right_one in own:
                read = read_whole if code in whole else judging.numbers
                value = recognize.value_of(code, task.space(k, result), read)
                if value is not None:
                    got.append(value)
                    kept.append(right_one)
            differs = [
                g.shape != k.shape or not np.allclose(g, k, rtol=1e-6, atol=1e-300)
                for g, k in zip(got, kept, strict=True)
            ]
            apart[code] = apart.get(code, False) or any(differs)
            if got:
                table[words] = got, kept
        for off in (0, 1e-12, 1e-8):
            for words, (values, kept) in table.items():
                nearly = [k * (1 + off * random.normal(0, 1, k.shape)) for k in kept]
                assert recognize.explain(nearly, kept, {words: values}) == "", words
    assert [code for code, somewhere in apart.items() if not somewhere] == []  # a row that could never be said


@pytest.mark.parametrize("topic", TOPICS)
def test_points_minutes_and_levels_are_the_same_in_file_and_notebook(topic):
    words = engine.words_of(topic)
    cells = nbformat.read(SOURCES[topic], as_version=4).cells
    code = "\n".join(cell.source for cell in cells)
    graded = dict(re.findall(r"^(check_\w+)\(\w+\)\.points\(([\d.]+)\)", code, re.MULTILINE))
    assert {f"check_{task}": spec["points"] for task, spec in words["tasks"].items()} == {
        name: float(points) for name, points in graded.items()
    }
    marked = re.findall(r"^([●○]{3}), (\d+) minutes$", code, re.MULTILINE)
    tasks = [words["tasks"][name.removeprefix("check_")] for name in graded]
    assert marked == [("●" * t["level"] + "○" * (3 - t["level"]), str(t["minutes"])) for t in tasks]
    total = sum(task["minutes"] for task in tasks if not task.get("extra"))
    assert total <= (75 if topic == "mixed_exam" else 40)
    for spec in tasks:
        assert len(spec["hints"]) == 3
    assert set(words["questions"]) == {
        value.name for value in vars(MODULES[topic]).values() if isinstance(value, engine.Question)
    }


@each_check
def test_numpy_told_to_raise_stops_no_check(topic, name):
    with np.errstate(all="raise"):
        verdict = checks(topic)[name](next(iter(ANSWERS[topic].RIGHT[name].values())))
    assert verdict.passed, verdict
