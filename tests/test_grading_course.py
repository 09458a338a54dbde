"""Grading with the real nbgrader: release, submissions of several kinds, scores and feedback."""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys

import apart
import grade
import nbformat
import pytest
from exercise_cells import solved_version
from projectfiles import ROOT

pytestmark = pytest.mark.grading

NAME = "01_forward_pass"
ALL = sorted(path.stem for path in (ROOT / "instructor" / "exercises").glob("*.ipynb"))
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "OPENBLAS_NUM_THREADS": "1",
}
MEMORY = 4096  # MB


@pytest.fixture(scope="module")
def nbgrader_course(release):
    """instructor/nbgrader_course.py as a module, which needs nbgrader as that one does."""
    return importlib.import_module("nbgrader_course")


def limits(*more):
    """The options of the command, with limits for tests."""
    return grade.parser().parse_args(["folder", "--seconds=200", "--cell-seconds=15", f"--memory={MEMORY}", *more])


GENERATE = """\
import sys
from nbgrader.apps import GenerateAssignmentApp
for assignment in sys.argv[1:]:
    app = GenerateAssignmentApp()
    app.initialize([assignment, "--create"])
    app.start()
"""


def generate(folder, assignments):
    """Make these exercises assignments of a course, as nbgrader's own command does."""
    for assignment, names in assignments.items():
        (folder / "source" / assignment).mkdir(parents=True)
        for name in names:
            shutil.copy(ROOT / "instructor" / "exercises" / f"{name}.ipynb", folder / "source" / assignment)
    command = [sys.executable, "-c", GENERATE, *assignments]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def solved(release, name):
    """The released exercise with the solutions filled in."""
    notebook = release.read(release.RELEASED / f"{name}.ipynb")
    solution = solved_version(release, release.read(release.SOURCES / f"{name}.ipynb"), name)
    for cell, right in zip(notebook.cells, solution.cells, strict=True):
        if not cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = right.source
    return notebook


def first(notebook):
    """The first cell for a solution."""
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution"))


def doubled(notebook):
    """A cell and its check copied, as JupyterLab copies them: with their metadata and a new id."""
    place = notebook.cells.index(first(notebook))
    for cell in notebook.cells[place : place + 2]:
        copy = nbformat.from_dict(cell)
        copy.id = f"{cell.id}-copied"
        notebook.cells.insert(place + 2, copy)


def wrong(notebook):
    """A wrong answer, and an attempt to have it called right."""
    cell = first(notebook)
    cell.source += (
        f"\n\n\n{cell.metadata.nbgrader.grade_id.replace('-', '_')} = lambda *inputs: 0.0"
        "\nfrom lstm_teach import judging, verdicts\nverdicts.Verdict.score = property(lambda self: 1.0)"
        "\nverdicts.Part.passed = property(lambda self: True)"
        "\njudging.difference.__code__ = (lambda *a, **k: '').__code__"
    )


def dying(notebook):
    first(notebook).source = "import os\n\nos._exit(1)"


def deleted(notebook):
    """Three checks and an answer are gone."""
    gone = ("check-gate", "ask-same-cell", "check-light", "my-count-shown")
    notebook.cells = [cell for cell in notebook.cells if cell.id not in gone]


def nameless(notebook):
    """As other programs save it: other ids, no metadata, and a byte order mark at the beginning; see `course`."""
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"x{number}", {}


UNGRADED = {"empty": {NAME: ""}, "damaged": {NAME: "{"}, "packed": {}, "two": {NAME: None, f"{NAME} (1)": None}}


@pytest.fixture(scope="module")
def course(release, nbgrader_course, tmp_path_factory):
    """A graded course: its folder, the rows of the table, and the points of each student by cell."""
    from nbgrader.api import Gradebook

    folder = tmp_path_factory.mktemp("course")
    generate(folder, {"hw1": [NAME], "every": ALL})
    for change in (doubled, wrong, dying, deleted, nameless):
        notebook = solved(release, NAME)
        change(notebook)
        place = folder / "submitted" / change.__name__ / "hw1"
        place.mkdir(parents=True)
        name = "my homework" if change is doubled else NAME
        start = "\ufeff" if change is nameless else ""
        (place / f"{name}.ipynb").write_text(start + nbformat.writes(notebook), encoding="utf-8")
    for student, files in UNGRADED.items():
        place = folder / "submitted" / student / "hw1"
        place.mkdir(parents=True)
        (place / "work.zip").touch()
        for name, text in files.items():
            whole = nbformat.writes(solved(release, NAME)) if text is None else text
            (place / f"{name}.ipynb").write_text(whole, encoding="utf-8")
    rows = {row.student: row for row in nbgrader_course.grade(folder, "hw1", limits())}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        points = {
            submission.student.id: {grade.name: grade.auto_score for grade in submission.notebooks[0].grades}
            for submission in gradebook.assignment_submissions("hw1")
        }
    return folder, rows, points


def test_what_nbgrader_releases_is_what_is_committed(course):
    for name in ALL:
        committed = ROOT / "notebooks" / "exercises" / f"{name}.ipynb"
        assert (course[0] / "release" / "every" / f"{name}.ipynb").read_bytes() == committed.read_bytes(), name


@pytest.mark.parametrize("name", ALL)
def test_the_solutions_of_every_exercise_are_right_from_outside_too(release, name, tmp_path):
    nbformat.write(solved(release, name), tmp_path / "x.ipynb")
    result = apart.score(tmp_path / "x.ipynb", release.SOURCES / f"{name}.ipynb", limits())
    assert result["notes"] == [] and result["tasks"]
    for task in result["tasks"]:
        assert (task["points"], task["notes"]) == (task["most"], []), task


def test_a_copied_cell_and_a_renamed_notebook_cost_no_points(course):
    _, rows, _ = course
    assert rows["doubled"].score == rows["doubled"].most > 10
    assert rows["doubled"].note == (
        "The notebook was called my homework.ipynb. The cell gate is there twice; they are alike."
        " The check check-gate is there twice; it counts once."
    )
    assert rows["wrong"].note == ""


@pytest.mark.parametrize("student", ["wrong", "dying"])
def test_what_is_wrong_earns_nothing_and_the_rest_its_points(course, student):
    _, rows, points = course
    lost = {name: most for name, most in points["doubled"].items() if points[student][name] != most}
    assert len(lost) == 1 and rows[student].score == rows["doubled"].score - sum(lost.values()), points[student]


def test_the_feedback_says_what_is_off(course):
    def page(student):
        text = (course[0] / "feedback" / student / "hw1" / f"{NAME}.html").read_text(encoding="utf-8")
        return re.sub(r"<[^>]*>", "", text)

    assert "not right" in page("wrong") and "Hint 1 of 3" in page("wrong")
    assert "its cell ended the process" in page("dying")
    assert "seed=" not in page("wrong") and "HIDDEN TESTS" not in page("wrong")


def test_an_assignment_without_submissions_is_said(course, nbgrader_course, capsys):
    with pytest.raises(ValueError, match="should hold a folder STUDENT/hw2, but there is none"):
        next(nbgrader_course.grade(course[0], "hw2", limits()))
    assert grade.main([str(course[0]), "hw2"]) == 2 and capsys.readouterr().out == ""


def test_a_folder_without_any_file_is_said_to_be_empty(nbgrader_course, tmp_path):
    with pytest.raises(nbgrader_course.collected.Unreadable, match="the folder is empty"):
        nbgrader_course.notebooks(tmp_path, [])


def test_a_submission_that_cannot_be_judged_is_not_graded(course, nbgrader_course, monkeypatch):
    monkeypatch.setattr(apart, "score", lambda *given: "it had not finished after 1 seconds")
    (row,) = nbgrader_course.grade(course[0], "hw1", limits(), "wrong")
    assert (row.score, row.note) == (None, "not graded: it had not finished after 1 seconds")


@pytest.mark.parametrize("student", ["deleted", "nameless"])
def test_a_notebook_that_nbgrader_could_not_read_has_the_points_that_it_has_in_a_folder(course, student):
    _, rows, points = course
    lost = 1 if student == "deleted" else 0
    assert rows[student].score == rows["doubled"].score - lost == sum(points[student].values())
    page = (course[0] / "feedback" / student / "hw1" / f"{NAME}.html").read_text(encoding="utf-8")
    assert f"Score: {rows[student].score:.1f} / {rows[student].most:.1f}" in page


def test_what_is_not_graded_has_its_reason_and_no_score_in_the_gradebook(course, nbgrader_course):
    folder, rows, points = course
    assert {name: (rows[name].score, rows[name].note.removeprefix("not graded: ")) for name in UNGRADED} == {
        "empty": (None, "it is empty"),
        "damaged": (None, "it is damaged, or it isn't a notebook"),
        "packed": (None, "there is no notebook, but work.zip"),
        "two": (None, f"2 notebooks are {NAME} ({NAME} (1).ipynb, {NAME}.ipynb), and none is chosen"),
    }
    assert not set(UNGRADED) & set(points)
    assert nbgrader_course.read_score(folder, "hw1", "doubled") == 16
    (folder / "submitted" / "nameless" / "hw1" / f"{NAME}.ipynb").write_text("", encoding="utf-8")
    (row,) = nbgrader_course.grade(folder, "hw1", limits(), "nameless")
    assert (row.score, nbgrader_course.read_score(folder, "hw1", "nameless")) == (None, None)


def test_what_was_entered_by_hand_outlives_a_damaged_second_submission(course, nbgrader_course, capsys):
    from nbgrader.api import Gradebook

    folder, rows, _ = course
    path, command = (
        folder / "submitted" / "doubled" / "hw1" / "my homework.ipynb",
        [str(folder), "hw1", "--student=doubled"],
    )
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        (graded,) = gradebook.find_submission("hw1", "doubled").notebooks
        graded.grades[0].extra_credit = 1.5
        gradebook.db.commit()
    good = path.read_text(encoding="utf-8")
    path.write_text("{", encoding="utf-8")
    assert grade.main(command) == 1
    said = capsys.readouterr().out
    assert "the gradebook still has the earlier score, since you entered marks or comments by hand." in said
    assert "with 0 points" not in said
    assert nbgrader_course.read_score(folder, "hw1", "doubled") == rows["doubled"].score + 1.5
    path.write_text(good, encoding="utf-8")
    assert grade.main(command) == 0
    assert "nbgrader's gradebook has 17.5 points, including what you entered there by hand." in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:Object of type <Submitted")  # nbgrader's own
def test_a_mark_or_a_comment_that_was_entered_by_hand_is_noticed(nbgrader_course, tmp_path, monkeypatch):
    from nbgrader.api import Gradebook

    monkeypatch.setenv("PATH", ENVIRONMENT["PATH"])  # of alembic
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        gradebook.add_assignment("hw1")
        gradebook.add_notebook("x", "hw1")
        gradebook.add_grade_cell("task", "x", "hw1", max_score=4, cell_type="code")
        gradebook.add_solution_cell("task", "x", "hw1")
    for student in ("manual_score", "extra_credit", "comment"):
        with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
            gradebook.add_student(student)
            gradebook.add_submission("hw1", student)
        assert not nbgrader_course.entered_by_hand(tmp_path, "hw1", student)
        with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
            if student == "comment":
                gradebook.find_comment("task", "x", "hw1", student).manual_comment = "Well done."
            else:
                setattr(gradebook.find_grade("task", "x", "hw1", student), student, 0.0)
            gradebook.db.commit()
        assert nbgrader_course.entered_by_hand(tmp_path, "hw1", student)
    assert not nbgrader_course.entered_by_hand(tmp_path, "hw1", "bo")


def test_the_command_prints_a_table(course, nbgrader_course, capsys, monkeypatch):
    rows = course[1]
    lost = nbgrader_course.Row("late", None, 16, "not graded: not done after 1 seconds")
    monkeypatch.setattr(nbgrader_course, "grade", lambda *options, **more: iter([rows["wrong"], lost]))
    assert grade.main([str(course[0]), "hw1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["student", "score", "of", "note"]
    assert lines[1].split()[0] == "wrong" and lines[2].split()[:3] == ["late", "-", "16"]
    assert lines[-1] == "Not graded, so with 0 points or without a row in nbgrader's export: late."


def test_the_commands_of_the_guide_run(release, tmp_path):
    guide = (ROOT / "instructor" / "guide.md").read_text(encoding="utf-8").partition("### A folder of notebooks")[2]
    commands = [line for block in re.findall(r"```\n(.*?)```", guide, re.DOTALL)[:2] for line in block.splitlines()]
    assert [line.split()[1] for line in commands].count("LSTM/instructor/grade.py") == 4 and len(commands) == 5
    (tmp_path / "names.txt").write_text("Ada Lovelace\n", encoding="utf-8")
    place = tmp_path / "collected" / "Ada Lovelace_12_assignsubmission_file_"
    place.mkdir(parents=True)
    notebook = solved(release, NAME)  # cut short: its first task
    notebook.cells = notebook.cells[: notebook.cells.index(first(notebook)) + 2]
    nbformat.write(notebook, place / "exercise.ipynb")
    for line in commands:
        words = [sys.executable if word == "python" else word for word in shlex.split(line.replace("LSTM", str(ROOT)))]
        done = subprocess.run(words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    for name in ("points.csv", "moodle.csv", "canvas.csv", "summary.html", "feedback/Ada_Lovelace_12.html"):
        assert (tmp_path / "collected_graded" / name).is_file()
    assert (tmp_path / "handouts" / "Ada Lovelace" / f"{NAME}.ipynb").is_file()
