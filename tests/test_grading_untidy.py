"""Submissions that are right and untidy get their points, and a file that is like no other costs the others nothing."""

import json
from array import array
from collections import UserList, deque

import numpy as np
import pytest
from instructor_modules import collected, grade, handed_in, remote
from test_grading import CELLS, RIGHT, UNTOUCHED, handed, notebook, planned, record, write
from test_grading_whole_class import doubling, folder, judged, results

pytestmark = pytest.mark.long
__all__ = ["doubling", "folder"]  # fixtures
ANSWER, CHECK = RIGHT[3][2], RIGHT[4][2]
LETTER = 'my_half = "..."'


def ran(cells):
    """The text of each cell that is run before the checks, and what is said of the tasks."""
    plan, _ = planned(cells)
    return [text for _, _, text in plan.steps], [said for notes in plan.task_notes.values() for said in notes]


# -------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("points", ["two", [1], {}, 10**400, None, float("nan")])
def test_what_a_submission_says_of_its_points_is_not_read(tmp_path, points):
    untidy = notebook(RIGHT)
    untidy["cells"][4]["metadata"]["nbgrader"]["points"] = points
    write(tmp_path, {"x.ipynb": untidy})
    assert [cell.points for cell in collected.read_cells(tmp_path / "x.ipynb")[0] if cell.points is not None] == [0, 1]


def test_a_file_that_grading_itself_fails_on_costs_the_others_nothing(folder, monkeypatch):
    place, options = folder
    plain = grade.grade_file

    def failing(file, known, given):
        return 1 / 0 if file.student == "Bo" else plain(file, known, given)

    monkeypatch.setattr(grade, "grade_file", failing)
    assert grade.main(options) == 1
    assert [(each["student"], each["points"], each["problem"]) for each in results(place)] == [
        ("Ada", 3.0, ""),
        ("Bo", None, "Not graded: grade.py itself has failed (ZeroDivisionError: division by zero)."),
        ("Cy", 3.0, ""),
    ]


def test_a_page_whose_name_would_be_too_long_has_a_shorter_one_and_the_others_are_written(tmp_path, capsys):
    long = [record("Class", "", file=f"Class/{'ü' * 100}/{name * 100}/x.ipynb") for name in "ab"]
    grade.several(long)
    grade.write([*long, record("Zoë", "7")], tmp_path)
    names = sorted(path.name for path in (tmp_path / "feedback").iterdir())
    assert len(names) == 3 and names[-1] == "Zoë_7.html" and capsys.readouterr().err == ""
    grade.write_text(tmp_path / ("x" * 300), "")
    assert "could not be written" in capsys.readouterr().err


def test_a_notebook_under_another_name_is_one_unless_its_student_has_handed_in_a_notebook_too(tmp_path):
    text = json.dumps(notebook(RIGHT))
    files = {"ada_09_doubling.ipynb.txt": text, "bo.json": "\ufeff" + text, "cy/x.ipynb": "{}", "cy/copy.json": text}
    write(tmp_path, files | {"di/x.txt": text, "di/notes.txt": "words", "ed.json": "{}", "flo.html": "<p>"})
    found = handed_in.find(tmp_path, ["09_doubling"])
    assert [(each.student, each.path.name) for each in found if each.is_notebook] == [
        ("ada", "ada_09_doubling.ipynb.txt"),
        ("bo", "bo.json"),
        ("cy", "x.ipynb"),
        ("di", "x.txt"),
    ]
    assert [each.student for each in found if not each.is_notebook] == ["ed", "flo"]


@pytest.mark.parametrize(("count", "said"), [(3, 1), (2, 0)])
def test_a_class_in_a_folder_of_its_own_is_not_taken_for_a_student_without_a_word(folder, capsys, count, said):
    place, (_, *options) = folder
    write(place.parent, {f"all/Exercise 9/{name}.ipynb": notebook(RIGHT) for name in ("Ada", "Bo", "Cy")[:count]})
    grade.main([str(place.parent / "all"), *options])
    folders = f"grade that folder instead: {place.parent / 'all' / 'Exercise 9'}"
    assert capsys.readouterr().out.count(folders) == said
    grade.main([str(place.parent / "all" / "Exercise 9"), *options])
    assert "instead" not in capsys.readouterr().out


def test_a_notebook_of_an_old_format_is_not_said_to_be_none(tmp_path):
    write(tmp_path, {"x.ipynb": {"nbformat": 3, "worksheets": [{"cells": []}]}})
    with pytest.raises(collected.Unreadable, match="a format from before 2015; open it in Jupyter and save it"):
        collected.read_cells(tmp_path / "x.ipynb")


def test_a_name_keeps_the_joiners_that_its_script_needs():
    for name in ("نرگس علی\u200cزاده", "Zoë 👩\u200d💻"):
        assert handed_in.owner((name, "x.ipynb")) == (name, "")


# -------------------------------------------------------------------------------------- cells


@pytest.mark.parametrize("blank", [UNTOUCHED, None])
@pytest.mark.parametrize("line", [CHECK, f"v = {CHECK}", f"# {CHECK}", f"# mine\n{CHECK}\nprint(1)", ""])
def test_an_answer_in_the_cell_of_its_check_is_run_before_the_check(blank, line):
    cells = handed(doubled=blank, check_doubled=f"{ANSWER}\n\n\n{line}".rstrip())
    plan, tasks = planned(cells)
    before = plan.steps[: plan.steps.index(("task", "check-doubled", ""))]
    assert ANSWER in before[-1][2] and "check_doubled" not in before[-1][2].replace(f"# {CHECK}", "")
    assert UNTOUCHED not in str(before) and tasks == ["check-doubled", "ask-half"]
    said = "doubled is in the cell of the check check-doubled; it is graded all the same."
    assert said in plan.task_notes["check-doubled"]


def test_answers_in_the_cells_of_checks_get_their_points(doubling):
    cells = handed(
        doubled="def doubled(a):\n    return times(a)",
        check_doubled=f"def times(a):\n    return 2 * a\n\n\n{CHECK}",
        my_half=LETTER,
        ask_half=f'my_half = "a"\n{RIGHT[-1][2]}',
    )
    notes, tasks = judged(doubling, cells, 15)
    assert notes == [] and [task["points"] for task in tasks.values()] == [4, 1]
    assert tasks["check-doubled"]["notes"] == []  # it helps, and is no answer


def test_of_a_check_as_it_was_handed_out_nothing_runs_with_the_submission():
    for check in (CHECK, dict((name, text) for name, _, text in CELLS)["check-doubled"], f"print({CHECK})"):
        texts, said = ran(handed(check_doubled=check))
        assert [text for text in texts if "check_doubled" in text] == [] and said == []


@pytest.mark.parametrize("magic", ["%%time", "%matplotlib inline", "!pip list", "%%capture out"])
def test_a_line_of_ipythons_own_does_not_hide_that_a_blank_was_filled_elsewhere(magic):
    cells = handed(doubled=UNTOUCHED)
    texts, said = ran([*cells[:2], ("own", "code", f"{magic}\n{ANSWER}"), *cells[2:]])
    assert UNTOUCHED not in texts and said == [
        "The cell doubled is still empty: doubled is in another cell, which is graded."
    ]


@pytest.mark.parametrize("blank", [LETTER, f"{LETTER}  # a or b"])
@pytest.mark.parametrize("line", ['my_half: str = "a"', 'my_half, sure = "a", True', '[sure, my_half] = True, "a"'])
def test_an_answer_counts_however_its_line_gives_the_name(line, blank):
    cells = handed(my_half=blank)
    texts, _ = ran([*cells[:2], ("own", "code", line), *cells[2:]])
    assert blank not in texts and line in texts


def test_what_is_odd_about_many_cells_is_said_once():
    _, said = ran([*RIGHT, *[("doubled", "markdown", "words")] * 3])
    assert len(said) == len(set(said)) == 2


# -------------------------------------------------------------------------------------- what runs


IMPORTS = "import numpy as np\nfrom math import tau"
TWICE = "def doubled(a):\n    return np.full(a.shape, 2) * a * (tau > 6)"


@pytest.mark.parametrize(
    ("imports", "said"),
    [
        (
            f"%time\nimport nodule\n{IMPORTS}",
            "can't run where this was graded: it raised ModuleNotFoundError: No module named 'nodule'",
        ),
        (f"{IMPORTS}\nx = = 1", "raised SyntaxError: invalid syntax, at line 3: x = = 1; the imports that were handed"),
    ],
)
def test_an_import_that_fails_costs_only_what_needs_it(doubling, imports, said):
    answer = TWICE if "nodule" in imports else TWICE.replace("tau", "7")
    notes, tasks = judged(doubling, handed(imports=imports, doubled=answer), 15)
    assert said in notes[0] and [task["points"] for task in tasks.values()] == [4, 1]


def test_a_letter_without_quotation_marks_is_told_what_it_lacks(doubling):
    _, tasks = judged(doubling, handed(my_half="my_half = A", doubled="doubled = B"), 15)
    assert tasks["ask-half"]["problem"].endswith("my_half = A. Python needs quotation marks around a letter.")
    assert tasks["check-doubled"]["problem"].endswith("at line 1: doubled = B.")


def test_a_file_that_only_the_student_has_is_told_to_the_teacher(doubling):
    notes, tasks = judged(doubling, handed(doubled=f"a = np.loadtxt('mine.csv')\n{ANSWER}"), 15)
    assert "The cell doubled can't run where this was graded: it raised FileNotFoundError: mine.csv" in notes[0]
    assert tasks["check-doubled"]["points"] == 0


# -------------------------------------------------------------------------------------- what comes back


class Tensor:
    """As other libraries have it: numpy can read it."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return self.numbers


@pytest.mark.parametrize(
    "made",
    [deque, UserList, lambda numbers: array("d", numbers), Tensor],
    ids=["deque", "UserList", "array", "tensor"],
)
def test_what_numpy_reads_in_class_is_read_from_the_other_process(made):
    numbers = np.linspace(0, 1, 3)
    sent = json.loads(json.dumps(remote.wire.encode([made(numbers)], None)))
    (came,) = remote.wire.decode(sent, None)
    assert np.array_equal(np.asarray(came), numbers)
    assert isinstance(came, deque) == (made is deque)
