"""What holds for every lesson: budgets, blanks, predictions, and that it runs with the solutions filled in."""

import ast
import contextlib
import io
import re
import tomllib
from functools import partial

import numpy as np
import pytest
from lesson_cells import (
    NOTEBOOKS,
    cell_source,
    cells_of,
    copied,
    fill,
    forget_runs,
    judged,
    names_before,
    run_cell,
    solutions,
    solved_run,
    spec,
)

import lstm_teach as lt
from instructor.lesson_table import JUDGE, PREDICT, count
from lstm_teach import training
from lstm_teach.blanks import Lesson, judge_blank
from lstm_teach.judging import close
from lstm_teach.lessons import FOLDER, runs_06

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("0*.ipynb"))
WORDS, LINES = 1800, 120
LEAST_BLANKS = {"00": 1, "01": 6, "02": 6, "03": 6, "04": 6, "05": 3, "06": 3, "07": 3}

each_lesson = pytest.mark.parametrize("name", LESSONS)
short_lesson = pytest.mark.parametrize(  # the others are long
    "name", [n if n[:2] in ("00", "01") else pytest.param(n, marks=pytest.mark.long) for n in LESSONS]
)


def groups(name: str) -> list[str]:
    """The names of a lesson's groups of blanks, in the order of its cells."""
    return [group for cell in cells_of(name) if cell.cell_type == "code" for group in JUDGE.findall(cell.source)]


@each_lesson
def test_the_main_path_is_short_and_there_is_enough_to_write(name):
    counted = count(name)
    assert counted["words"] <= WORDS
    assert counted["lines"] <= LINES
    assert counted["blanks"] >= LEAST_BLANKS[name[:2]]


@each_lesson
def test_every_group_of_blanks_and_every_prediction_is_used_once(name):
    assert sorted(groups(name)) == sorted(spec(name).get("blanks", {}))
    code = "\n".join(cell.source for cell in cells_of(name) if cell.cell_type == "code")
    asked = PREDICT.findall(code)
    assert sorted(asked) == sorted(spec(name).get("predictions", {}))


@each_lesson
def test_a_prediction_explains_every_option_and_has_one_that_is_right(name):
    for key, asked in spec(name)["predictions"].items():
        assert asked["right"] in asked["options"] and len(asked["options"]) >= 3, key
        assert all(len(option) == 2 and len(option[1]) > 10 for option in asked["options"].values()), key


def test_no_right_option_can_be_guessed_from_its_length():
    told = []
    for path in [*FOLDER.glob("*.toml"), *(FOLDER.parent / "exercises").glob("*.toml")]:
        file = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, asked in (file.get("predictions", {}) | file.get("questions", {})).items():
            if "options" in asked:
                lengths = {letter: len(text) for letter, (text, _) in asked["options"].items()}
                right = lengths.pop(asked["right"])
                longest, shortest = max(lengths.values()), min(lengths.values())
                if right > max(1.3 * longest, longest + 12) or right < min(shortest / 1.3, shortest - 12):
                    told.append(f"{path.stem}: {name}")
    assert told == []


@each_lesson
def test_the_librarys_lines_are_right_on_the_cases(name):
    lesson = Lesson(name)
    for group in groups(name):
        blank = lesson.blank(group)
        for case in blank.cases():
            for line in blank.names:
                if blank.is_function:
                    continue  # its answer is held by the test of its solution, and by that of plain.py
                space = {"np": np, **case, **case.get("start", {})}
                assert close(blank.library_value(line, space), np.asarray(case[line])), (group, line)


@each_lesson
def test_no_named_mistake_is_the_right_answer(name):
    lesson = Lesson(name)
    for group in groups(name):
        blank = lesson.blank(group)
        cases = blank.cases()
        for part, table in blank.mistakes.items():
            right = [right_of(case, part) for case in cases]
            for expression, said in table.items():
                wrong = [np.asarray(eval(expression, {"np": np, **case})) for case in cases]
                differs = [np.shape(w) != np.shape(r) or not close(w, r) for w, r in zip(wrong, right, strict=True)]
                assert any(differs), (group, part, expression)
                assert said.strip().endswith((".", "?")), said


@short_lesson
def test_every_named_mistake_of_a_line_is_named_and_the_lines_beside_it_stay_right(name):
    lesson = Lesson(name)
    for blank in map(lesson.blank, groups(name)):
        for part, table in {} if blank.is_function else blank.mistakes.items():
            for expression, words in table.items():
                lines = [f"{n} = {expression if n == part else line}" for n, line in blank.library.items()]
                case = blank.cases()[0]
                space = {"np": np, **case, **case.get("start", {})}
                exec("\n".join(lines), space)
                said = {p.name: p.sentence for p in judge_blank(blank, ast.parse("\n".join(lines)).body, space)}
                assert words in said.pop(part), (blank.group, part, expression)
                assert not any(said.values()), (blank.group, part, expression)


def right_of(case: dict, part: str) -> np.ndarray:
    """The right value of a blank, or of one part of a function's answer."""
    answer = case.get("answer")
    if answer is None:
        return np.asarray(case[part])
    keyed = isinstance(answer, dict) or hasattr(answer, "keys")
    return np.asarray(answer[part] if keyed and part in answer else case.get(part, answer))


@each_lesson
def test_every_blank_has_a_folded_solution(name):
    judged = {cell.id for cell in cells_of(name) if cell.cell_type == "code" and JUDGE.search(cell.source)}
    assert set(solutions(name)) >= judged


@pytest.fixture(scope="module", autouse=True)
def hurried():
    """Lesson 6 trains a hundred nets, and lesson 7 runs a long diagnosis: no blank needs more than a bit of that."""
    trained = training.train_side_by_side

    def for_20_steps(nets, task, steps, *rest, **options):
        return trained(nets, task, 20, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs_06, "STEPS", 100)
        patch.setattr(training, "train_side_by_side", for_20_steps)
        patch.setattr(lt, "diagnose", partial(lt.diagnose, steps=1000))
        forget_runs()
        yield
    forget_runs()  # those of such nets are for this file alone


@short_lesson
def test_a_blank_that_is_not_written_is_open_and_the_lesson_goes_on(name):
    for cell_id in solutions(name):
        if JUDGE.search(source := cell_source(name, cell_id)):
            verdict = judged(name, cell_id, source=source)
            assert {part.state for part in verdict.parts} == {"open"}, cell_id
            assert "The lesson goes on with the library's" in verdict.note, cell_id


def test_lesson_0_runs_with_its_solution_filled_in_and_it_is_right():
    assert solved_run(LESSONS[0])  # the tests of the other lessons do this too


@short_lesson
def test_whoever_comes_back_to_a_blank_after_all_cells_have_run_is_told_the_same(name):
    lesson = Lesson(name)
    *_, last = (cell for cell in cells_of(name) if cell.cell_type == "code")
    end = copied(names_before(name, last.id))
    with contextlib.redirect_stdout(io.StringIO()):
        run_cell(name, last.id, last.source, end)
    for cell_id in solutions(name):
        for blank in map(lesson.blank, JUDGE.findall(cell_source(name, cell_id))):
            for wrong in () if blank.is_function else (None, *blank.names):
                lines = {n: f"1 + 3 * ({line})" if n == wrong else line for n, line in blank.library.items()}
                code = "\n".join(f"{n} = {line}" for n, line in lines.items())
                first = said_to(name, cell_id, code, names_before(name, cell_id))
                assert [n for n, sentence in first.items() if sentence] == [wrong] * bool(wrong)
                assert_same_words(said_to(name, cell_id, code, end), first)


def said_to(name: str, cell_id: str, code: str, names: dict) -> dict[str, str]:
    """What is said to these lines in a cell's blanks, by name; the cell is run with these names."""
    names = copied(names)
    if name.startswith("07"):  # its names are those of one case: the cell above the blank loads them, as the page says
        ids = [cell.id for cell in cells_of(name)]
        above = ids[max(k for k, i in enumerate(ids[: ids.index(cell_id)]) if i.startswith("find"))]
        exec(cell_source(name, above).splitlines()[0], names)
    verdict = run_cell(name, cell_id, fill(cell_source(name, cell_id), code), names)
    return {part.name: part.sentence for part in verdict.parts}


def assert_same_words(said: dict[str, str], first: dict[str, str]) -> None:
    """The same sentences, in which numbers may differ by a percent: lesson 1 begins with rounded gates."""
    number = r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?"
    assert {n: re.sub(number, "#", s) for n, s in said.items()} == {n: re.sub(number, "#", s) for n, s in first.items()}
    for key, sentence in first.items():
        one, other = ([float(found) for found in re.findall(number, s)] for s in (said[key], sentence))
        np.testing.assert_allclose(one, other, rtol=0.01, err_msg=f"{said[key]}\n{sentence}")


def test_every_file_of_a_lesson_has_its_notebook():
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == LESSONS
