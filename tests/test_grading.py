"""Grading a folder of collected notebooks without nbgrader, on a small exercise made here."""

import contextlib
import copy
import csv
import importlib
import inspect
import io
import json
import pkgutil
import re
import shutil

import collected
import grade
import handed_in
import nbformat
import numpy as np
import pytest
import remote
import reports
import score

import lstm_teach as lt
from lstm_teach import judging

pytestmark = pytest.mark.long
DOUBLED = """\
### BEGIN HIDDEN TESTS
import numpy as np

from lstm_teach.judging import difference, judge
from lstm_teach.recognize import explain


def check(function, seed=4):
    a = np.random.default_rng(seed).normal(size=3)

    def three_numbers(attempt):
        answer = attempt(a)
        off = difference("the answer", answer, 2 * a, ("number",))
        return off and f"{off} {explain([answer], [2 * a], {'This is half of it.': [a]})}".strip()

    parts = {
        "three numbers": three_numbers,
        "none": lambda attempt: difference("the answer", attempt(a[:0]), a[:0]),
    }
    return judge(function, parts, ("Think.", "Look at the line.", "return 2 * a"))


check_doubled = lambda function: check(function, seed=4711)
### END HIDDEN TESTS
check_doubled(doubled).points(4)"""
ASKED = """\
### BEGIN HIDDEN TESTS
from lstm_teach.exercises.questions import Option, Question, ask

HALF = Question("my_half", "What undoes it?", {"a": Option("halving", "It does."), "b": Option("nothing", "No.")}, "a")
### END HIDDEN TESTS
ask(HALF, my_half).points(1)"""
SOLUTION = """\
def doubled(a):
    ### BEGIN SOLUTION
    return 2 * a
    ### END SOLUTION"""
CELLS = [
    ("title", "markdown", "# Exercise 9. Doubling"),
    ("imports", "code", "import numpy as np"),
    ("task-1", "markdown", "## Task 1: double it"),
    ("doubled", "code", SOLUTION),
    ("check-doubled", "code", DOUBLED),
    ("question", "markdown", "### Question: undone"),
    ("my-half", "code", 'my_half = "..."'),
    ("ask-half", "code", ASKED),
]
POINTS = {"check-doubled": 4, "ask-half": 1}


def notebook(cells, **metadata):
    """A notebook as a dictionary, out of (id, kind, source)."""
    made = []
    for name, kind, source in cells:
        cell = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        if name in (*POINTS, "doubled"):
            cell["metadata"]["nbgrader"] = {"grade_id": name, "grade": name in POINTS, "solution": name == "doubled"}
            cell["metadata"]["nbgrader"]["points"] = POINTS.get(name)
        made.append(cell)
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def handed(**changes):
    """The cells of a right submission; None takes a cell away, a text replaces its source."""
    sources = {"doubled": "def doubled(a):\n    return 2 * a", "my-half": 'my_half = "a"'}
    sources |= {"check-doubled": "check_doubled(doubled).points(4)", "ask-half": "ask(HALF, my_half).points(1)"}
    sources |= {name.replace("_", "-"): source for name, source in changes.items()}
    cells = [(name, kind, sources.get(name, source)) for name, kind, source in CELLS]
    return [cell for cell in cells if cell[2] is not None]


RIGHT = handed()
HALF = "def doubled(a):\n    return a"
UNTOUCHED = "def doubled(a):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
DELETED = handed(imports=None, check_doubled=None)
OWN = [("own", "markdown", "Hello"), ("own-1", "code", "while True:\n    pass"), ("own-2", "code", "a = = 1")]
OWN += [("own-3", "code", "def doubled(a):\n    return 2 * a\n\n\ninput()")]
COPIED = [*RIGHT[:4], ("copy", "code", UNTOUCHED), *RIGHT[4:]]
FILES = {  # what a learning platform might export
    "Ada Lovelace_101_assignsubmission_file_/exercise (1).ipynb": notebook(RIGHT),
    "Bo Half_102_assignsubmission_file_/x.ipynb": notebook(handed(doubled=HALF, my_half=None)),
    "Cy Odd_103_assignsubmission_file_/x.ipynb": notebook([*DELETED[:2], *OWN, *DELETED[2:]]),
    "Di Endless_104_assignsubmission_file_/x.ipynb": notebook(
        handed(doubled="while True:\n    pass", my_half='my_half = "b"'), lstm_teach={"student": "Ada Lovelace"}
    ),
    "Ed Broken_105_assignsubmission_file_/x.ipynb": '{"cells": [',
    "Flo Other_106_assignsubmission_file_/x.ipynb": notebook([("a", "code", "1 + 1")]),
    "Gus Essay_107_assignsubmission_file_/essay.docx": "words",
    "__MACOSX/Ada Lovelace_101_assignsubmission_file_/._exercise.ipynb": "rubbish",
}


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A folder graded by the command: where the results are, what was printed, and the exit code."""
    folder = tmp_path_factory.mktemp("course")
    write(folder / "sources", {"09_doubling.ipynb": notebook(CELLS)})
    write(folder / "hw", FILES)
    printed = io.StringIO()
    options = ["--exercises", str(folder / "sources"), "--cell-seconds", "1", "--format", "moodle", "--jobs", "2"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", printed)
        code = grade.main([str(folder / "hw"), *options])
    return folder, printed.getvalue(), code


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def rows(graded):
    return {row["student"]: row for row in table(graded[0] / "hw_graded" / "points.csv")}


def test_the_table_has_the_points_of_every_task_and_student(graded):
    found = {name: (r["check-doubled"], r["ask-half"], r["points"], r["of"]) for name, r in rows(graded).items()}
    assert found == {
        "Ada Lovelace": ("4", "1", "5", "5"),
        "Bo Half": ("2", "0", "2", "5"),
        "Cy Odd": ("4", "1", "5", "5"),
        "Di Endless": ("0", "0", "0", "5"),
        "Ed Broken": ("", "", "", ""),
        "Flo Other": ("", "", "", ""),
        "Gus Essay": ("", "", "", ""),
    }
    assert graded[2] == 1  # not all could be graded


def test_what_is_odd_is_said_in_plain_words(graded):
    notes = {name: row["note"] for name, row in rows(graded).items()}
    assert notes["Ada Lovelace"] == ""
    assert "The cell my-half has been deleted: my_half is missing." in notes["Bo Half"]
    assert "The check check-doubled has been deleted; the task is graded all the same." in notes["Cy Odd"]
    assert "The cell imports has been deleted; it has been put back, since others need it." in notes["Cy Odd"]
    assert re.search(r"An added cell did not finish within [\d.]+ seconds; it doesn't count\.", notes["Cy Odd"])
    assert "An added cell raised SyntaxError: invalid syntax, at line 1: a = = 1; it doesn't count." in notes["Cy Odd"]
    assert "An added cell raised EOFError: EOF when reading a line, at line 5: input()." in notes["Cy Odd"]
    assert notes["Di Endless"] == "This notebook was made for Ada Lovelace."
    assert notes["Ed Broken"] == "Not graded: it is damaged, or it isn't a notebook."
    assert "it isn't one of the exercises" in notes["Flo Other"]
    assert "it isn't a notebook, and this student handed in no notebook" in notes["Gus Essay"]
    for note in filter(None, notes.values()):
        assert note in graded[1]  # the printed table says it too


def feedback(graded, student):
    text = (graded[0] / "hw_graded" / "feedback" / f"{student}.html").read_text(encoding="utf-8")
    return re.sub(r"<[^>]*>", "", text.partition("<body>")[2]), text


def test_a_student_gets_a_page_that_says_what_is_off_and_gives_hints(graded):
    text, _ = feedback(graded, "Bo_Half_102")
    assert "Feedback for Bo Half" in text and "(2 of 5 points)" in text
    assert "Task 1: double it" in text and "This is half of it." in text and "Hint 1 of 3: the idea" in text
    assert "There is no my_half in the notebook" in text
    text, _ = feedback(graded, "Di_Endless_104")
    assert "doubled could not be used: its cell did not finish within" in text
    assert "not right: b, nothing" in text and not re.search(r"\b(yet|so far)\b", text)


def test_no_page_shows_a_hidden_test_or_a_seed(graded):
    for page in (graded[0] / "hw_graded" / "feedback").iterdir():
        text = page.read_text(encoding="utf-8")
        assert "4711" not in text and "HIDDEN" not in text and "default_rng" not in text


def test_the_summary_counts_the_mistakes(graded):
    text = (graded[0] / "hw_graded" / "summary.txt").read_text(encoding="utf-8")
    assert "4 students. Average 3.0 of 5 points" in text
    shares = "All points: 2 students, some: 1, none: 1. Average 2.5 of 4 points."
    assert f"Task 1: double it (check-doubled): {shares}" in text
    assert re.search(r"^ +1 x  This is half of it\.$", text, re.MULTILINE)
    assert re.search(r"^ +1 x  answered b: nothing$", text, re.MULTILINE)
    assert "Not counted\nEd Broken, " in text
    page = (graded[0] / "hw_graded" / "summary.html").read_text(encoding="utf-8")
    assert "This is half of it." in page


def test_moodle_gets_its_worksheet(graded):
    found = table(graded[0] / "hw_graded" / "moodle.csv")
    assert [(row["Identifier"], row["Grade"], row["Maximum Grade"]) for row in found] == [
        ("Participant 101", "5", "5"),
        ("Participant 102", "2", "5"),
        ("Participant 103", "5", "5"),
        ("Participant 104", "0", "5"),
    ]
    assert {"Full name", "Last modified (grade)", "Feedback comments"} <= found[0].keys()
    assert "Ed Broken is not in the table" in graded[1]


def test_one_student_is_graded_again_and_the_others_stay(graded, tmp_path, capsys):
    shutil.copytree(graded[0], tmp_path / "course")
    folder = tmp_path / "course"
    write(folder / "hw", {"Ed Broken_105_assignsubmission_file_/x.ipynb": notebook(COPIED)})
    options = [str(folder / "hw"), "--exercises", str(folder / "sources")]
    assert grade.main([*options, "--student", "ed broken", "--own-numbers"]) == 1  # Flo Other's is none still
    found = rows((folder,))
    assert found["Ed Broken"]["points"] == "5" and found["Ada Lovelace"]["points"] == "5" and len(found) == 7
    assert "Ada Lovelace" not in capsys.readouterr().out
    assert grade.main([*options, "--student", "Nobody"]) == 2
    assert "No submission belongs to Nobody. The students are: Ada Lovelace, Bo Half" in capsys.readouterr().err


def test_a_check_that_fails_costs_no_other_task_and_nobody_points_on_a_platform(tmp_path, capsys):
    failing = DOUBLED.replace("    parts =", "    1 // int(function(a)[0] == 2 * a[0])\n    parts =")
    cells = [(name, kind, failing if name == "check-doubled" else source) for name, kind, source in CELLS]
    write(tmp_path / "sources", {"09_doubling.ipynb": notebook(cells)})
    names = {"Ada_101": RIGHT, "Bo_102": handed(doubled=HALF), "Cy_103": handed(doubled=UNTOUCHED)}
    files = {f"{name}_assignsubmission_file_/x.ipynb": notebook(each) for name, each in names.items()}
    write(tmp_path / "hw", files)
    options = ["--exercises", str(tmp_path / "sources"), "--format", "moodle"]
    assert grade.main([str(tmp_path / "hw"), *options]) == 1
    found = rows((tmp_path,))
    assert {name: (row["check-doubled"], row["ask-half"]) for name, row in found.items()} == {
        "Ada": ("4", "1"),
        "Bo": ("0", "1"),
        "Cy": ("0", "1"),
    }
    text, _ = feedback((tmp_path,), "Bo_102")
    assert "the check itself failed (ZeroDivisionError" in text and "judge this task by hand" in text
    assert [row["Identifier"] for row in table(tmp_path / "hw_graded" / "moodle.csv")] == ["Participant 101"]
    assert "Bo is not in the table" in (out := capsys.readouterr().out) and "was not judged completely" in out


def test_an_untouched_task_is_told_to_be_unwritten_as_in_class(graded, tmp_path):
    write(tmp_path / "hw", {"Ada_101_assignsubmission_file_/x.ipynb": notebook(handed(doubled=UNTOUCHED))})
    grade.main([str(tmp_path / "hw"), "--exercises", str(graded[0] / "sources")])
    text, _ = feedback((tmp_path,), "Ada_101")
    still = "doubled still raises NotImplementedError."
    assert "doubled is not written." in text and still in text and "raised" not in text


# -------------------------------------------------------------------------------------- without running anything


@pytest.mark.parametrize(
    ("name", "student", "number"),
    [
        ("Ada Lovelace_12345_assignsubmission_file_/exercise.ipynb", "Ada Lovelace", "12345"),
        ("Ada Lovelace_12345_assignsubmission_file/exercise.ipynb", "Ada Lovelace", "12345"),
        ("Ada_de la Lovelace_12345_assignsubmission_file_01_forward_pass.ipynb", "Ada_de la Lovelace", "12345"),
        (
            "Bo_12_assignsubmission_file_Ada_99_assignsubmission_file_01_forward_pass.ipynb",  # Bo has chosen this name
            "Bo",
            "12",
        ),
        ("lovelaceada_12345_67890_01_forward_pass.ipynb", "lovelaceada", "12345"),
        ("lovelaceada_LATE_12345_67890_my work-1.ipynb", "lovelaceada", "12345"),
        ("Ada Lovelace/01_forward_pass.ipynb", "Ada Lovelace", ""),
        ("ada/hw1/01_forward_pass.ipynb", "ada", ""),
        ("CS101/Ada Lovelace_101_assignsubmission_file/x.ipynb", "Ada Lovelace", "101"),
        ("Ada Lovelace/work_30_11_2026.ipynb", "Ada Lovelace", ""),
        ("Ju\u0308rgen Mu\u0308ller/x.ipynb", "Jürgen Müller", ""),
        ("exercise_1_2_final.ipynb", "exercise_1_2_final", ""),
        ("01_forward_pass_ada.ipynb", "ada", ""),
        ("ada - 01_forward_pass.ipynb", "ada", ""),
        ("01_forward_pass.ipynb", "01_forward_pass", ""),
    ],
)
def test_whose_a_file_is_its_name_tells(name, student, number):
    assert handed_in.owner(tuple(name.split("/")), ["01_forward_pass"]) == (student, number)


def test_a_student_with_a_notebook_may_hand_in_other_files_too(tmp_path):
    write(tmp_path, {"ada/x.ipynb": "{}", "ada/notes.txt": "", "bo/notes.txt": "", ".hidden": "", "ada/.x.ipynb": ""})
    found = handed_in.find(tmp_path)
    assert [(each.student, each.path.name, each.is_notebook) for each in found] == [
        ("ada", "x.ipynb", True),
        ("bo", "notes.txt", False),
    ]
    with pytest.raises(ValueError, match=r"hw\.zip isn't a folder: unpack it first"):
        handed_in.find(tmp_path / "hw.zip")


def planned(cells):
    def each(raw):
        graded = {"check-doubled": 4.0, "ask-half": 1.0, "check-old": 4.0}.get(raw[0])
        return collected.Cell(*raw, graded, raw[0] == "doubled")

    headings = {"doubled": "Task 1", "check-doubled": "Task 1", "my-half": "Question", "ask-half": "Question"}
    known = collected.Exercise("x", "Exercise 9. Doubling", [each(raw) for raw in CELLS])
    for cell in known.cells:
        cell.heading = headings.get(cell.name, "")
    plan = collected.plan([each(raw) for raw in cells], known)
    return plan, [name for kind, name, _ in plan.steps if kind == "task"]


def test_a_submission_as_it_was_given_out_has_nothing_odd():
    plan, tasks = planned(RIGHT)
    assert (plan.notes, plan.task_notes, tasks) == ([], {}, ["check-doubled", "ask-half"])


@pytest.mark.parametrize(
    ("cells", "task", "sentence"),
    [
        (COPIED, "check-doubled", "The cell doubled is there twice; the one that was worked on counts."),
        (
            [*RIGHT[:4], ("doubled", "code", HALF), *RIGHT[4:]],
            "check-doubled",
            "the last one",
        ),
        ([*RIGHT[:4], RIGHT[3], *RIGHT[4:]], "check-doubled", "The cell doubled is there twice; they are alike."),
        ([*RIGHT, RIGHT[4]], "check-doubled", "The check check-doubled is there twice; it counts once."),
        (handed(doubled=None), "check-doubled", "The cell doubled has been deleted: doubled is missing."),
        (
            [*handed(doubled=None), ("own", "code", "def doubled(a):\n    return 2 * a")],
            "check-doubled",
            "doubled is in another cell, which is graded",
        ),
        (
            handed(check_doubled="print(4.0)"),
            "check-doubled",
            "The check check-doubled differs from the one handed out; the task is graded all the same.",
        ),
        (handed(ask_half=None), "ask-half", "The check ask-half has been deleted; the task is graded all the same."),
        (
            [(name, "markdown" if name == "doubled" else kind, text) for name, kind, text in RIGHT],
            "check-doubled",
            "The cell doubled has been turned into text",
        ),
    ],
)
def test_a_doubled_or_deleted_cell_is_said(cells, task, sentence):
    plan, tasks = planned(cells)
    assert sentence in " ".join(plan.task_notes[task])
    assert sorted(tasks) == ["ask-half", "check-doubled"]


def test_nobody_is_said_to_have_deleted_what_another_version_does_not_have():
    plan, _ = planned([*handed(doubled=None, check_doubled=None), ("check-old", "code", "check_old(old).points(4)")])
    assert plan.notes == ["It has the check check-old of another exercise, or of another version of this one."]
    assert "The cell doubled isn't there: doubled is missing." in plan.task_notes["check-doubled"]
    assert all("deleted" not in said for said in plan.task_notes["check-doubled"])
    assert not any("check_old" in text for _, _, text in plan.steps)

    plan, _ = planned(COPIED)
    assert len(plan.task_notes["check-doubled"]) == 1
    assert [text for _, _, text in plan.steps if text.startswith("def doubled")] == [
        "def doubled(a):\n    return 2 * a"
    ]


def test_an_exercise_is_known_by_its_cells_its_title_or_its_checks():
    known = [collected.Exercise("x", "Exercise 9. Doubling", [collected.Cell("check-doubled", "code", DOUBLED, 4.0)])]

    def found(*cells):
        exercise, problem = collected.recognize(list(cells), known)
        return exercise.name if exercise else problem

    assert found(collected.Cell("check-doubled", "code", "", 4.0)) == "x"
    assert found(collected.Cell("a1", "markdown", "# Exercise 9. Doubling")) == "x"
    assert found(collected.Cell("a1", "code", "check_doubled(doubled).points(4)")) == "x"
    assert "one of the exercises" in found(collected.Cell("imports", "code", "1"))
    assert "one of the exercises" in found(collected.Cell("check-doubled", "code", "1"))  # as a lesson may call a cell


def test_no_lesson_is_taken_for_an_exercise():
    known = collected.exercises()
    for path in sorted((collected.ROOT / "notebooks").rglob("*.ipynb")):
        exercise, _ = collected.recognize(collected.read_cells(path)[0], known)
        expected = path.stem if path.parent.name == "exercises" else None
        assert (exercise and exercise.name) == expected, path.name


def record(student, number="1", points=3.0, file="x.ipynb"):
    tasks = [{"name": "check-a", "heading": "Task 1", "points": points or 0, "most": 4, "parts": [], "notes": []}]
    return {"student": student, "number": number, "file": file, "exercise": "09", "title": "Exercise 9"} | {
        "points": points,
        "most": 4,
        "problem": "" if points is not None else "Not graded.",
        "notes": [],
        "tasks": tasks if points is not None else [],
    }


def test_canvas_gets_the_columns_that_its_gradebook_reads():
    records = [record("lovelaceada", "12"), record("bo", "13", None), record("cy", "14"), record("cy", "14")]
    rows = list(csv.reader(io.StringIO(reports.canvas_table(records, "Exercise 9 (4711)"))))
    assert rows == [
        ["Student", "ID", "Section", "Exercise 9 (4711)"],
        ["    Points Possible", "", "", "4"],
        ["lovelaceada", "12", "", "3"],
    ]
    assert reports.left_out(records) == [
        "bo is not in the table: x.ipynb was not graded.",
        "cy is not in the table: x.ipynb is not the only file.",
        "cy is not in the table: x.ipynb is not the only file.",
    ]


def test_two_students_with_one_number_are_both_left_out_of_a_platforms_table():
    records = [record("Ada", "99"), record("Bo", "99", 0.0, "y.ipynb"), record("Cy", "14")]
    for rows in (reports.moodle_table(records), reports.canvas_table(records)):
        assert "Cy" in rows and "Ada" not in rows and "Bo" not in rows
    assert reports.left_out(records) == [
        "Ada is not in the table: x.ipynb has the number 99, and so has y.ipynb by Bo.",
        "Bo is not in the table: y.ipynb has the number 99, and so has x.ipynb by Ada.",
    ]


def test_two_submissions_of_a_student_are_said_and_none_is_chosen():
    records = [record("cy", file="a.ipynb"), record("cy", file="b.ipynb"), record("bo", "2")]
    for _ in range(2):  # a second time it is not said twice
        (said,) = grade.several(records)
    assert said == "cy has handed in 09 2 times (a.ipynb, b.ipynb): each is graded, none is chosen."
    assert [len(each["notes"]) for each in records] == [1, 1, 0]
    text = reports.summary_text(records)  # nor is any counted
    assert "1 student. Average" in text and "All points: 0 students, some: 1" in text
    assert "Not counted\ncy, a.ipynb: One of several files by the same student.\ncy, b" in text


def test_a_damaged_file_beside_a_good_one_is_said_in_both_rows():
    records = [record("cy", file="a.ipynb"), record("cy", points=None, file="b.ipynb"), record("bo", "2")]
    records[1]["exercise"] = ""
    for _ in range(2):
        (said,) = grade.several(records)
    assert said == "cy has handed in 2 files (a.ipynb, b.ipynb): not all can be graded, and none is chosen."
    note = "One of 2 files by the same student, of which 1 can't be graded."
    assert [each["notes"] for each in records] == [[note], [note], []]
    assert "Not counted\ncy, a.ipynb: One of several files by the same student." in reports.summary_text(records)
    again = [record("di", file="a.ipynb"), record("di", file="b.ipynb") | {"exercise": "08"}]
    assert grade.several(again) == [] and again[0]["notes"] == []  # two exercises


def test_a_platforms_table_without_anybody_is_not_announced(tmp_path, capsys):
    options = grade.parser().parse_args([str(tmp_path), "--format", "moodle"])
    grade.write_platform([record("cy", number="")], tmp_path, options)
    printed = capsys.readouterr().out
    assert "No line for Moodle could be written." in printed and "moodle.csv" not in printed
    assert "cy is not in the table: neither file name nor folder name has a number from the platform." in printed
    grade.write_platform([record("cy", number=""), record("bo")], tmp_path, options)
    assert "For Moodle: " in capsys.readouterr().out


def test_students_whose_files_have_names_of_their_own_share_a_sentence():
    records = [record("Ada", number=""), record("Bo", number=""), record("Cy")]
    (said,) = reports.left_out(records)
    assert said.startswith("Ada and Bo are not in the table: neither file name nor folder name has a number")


def test_a_check_that_was_given_a_name_or_spread_out_is_as_it_was_handed_out():
    check = next(text for name, _, text in RIGHT if name == "check-doubled")
    for text in (f"v = {check}", f"\n{check}  # 4 of 4", f"# mine\n{check}\n"):
        plan, _ = planned(handed(check_doubled=text))
        assert plan.task_notes == {} and plan.notes == []


def test_a_student_cannot_put_a_formula_into_the_teachers_spreadsheet():
    assert "'=HYPERLINK" in reports.points_table([record('=HYPERLINK("x")')])
    assert "<script>" not in reports.feedback_page([record("<script>alert(1)</script>")])


def test_mistakes_of_the_same_kind_are_counted_together():
    task = {"parts": [["a", "wrong", "a is off: yours is 0.25; it should be 0.5. The sign is wrong."]]}
    other = copy.deepcopy(task)
    other["parts"][0][2] = "a is off: yours is 0.125; it should be 0.3. The sign is wrong."
    assert reports.mistakes(task) == reports.mistakes(other) == ["The sign is wrong."]
    raised = ["f raised IndexError: index 9 is out of bounds.", "f raised IndexError: index 7 is out of bounds."]
    assert reports.mistakes({"parts": [[name, "wrong", name] for name in raised]}) == [
        "f raised IndexError: index … is out of bounds."
    ]
    known = "With 1 step, wrong: dV; right: none. Furthest off is dV, with an error of 0.5. dc_carry is missing."
    again = "With 2 steps, wrong: dV; right: none. Furthest off is dV, with an error of 0.25."
    parts = [["T = 1", "wrong", known], ["T = 2", "wrong", again]]
    assert reports.mistakes({"parts": parts}) == ["dc_carry is missing."]  # a sentence may begin with a small letter
    assert reports.mistakes({"parts": [["a", "wrong", "a is off: yours is 1; it should be 2."]]}) == [
        "wrong numbers that match no known mistake"
    ]


def test_cells_that_lost_their_names_are_not_said_to_be_deleted(tmp_path):
    """An older program saves cells without ids; Colab keeps them in another place."""
    (tmp_path / "09_doubling.ipynb").write_text(json.dumps(notebook(CELLS)), encoding="utf-8")
    known = collected.exercise(tmp_path / "09_doubling.ipynb")
    plain, colab = notebook(handed()), notebook(handed())
    for cell in plain["cells"]:
        del cell["id"]
        cell["metadata"] = {}
    for cell in colab["cells"]:
        cell["metadata"]["id"] = cell.pop("id")
    for submission, notes in (
        (plain, ["Some cells have lost their names; doubled and my_half are graded all the same."]),
        (colab, []),
    ):
        (tmp_path / "x.ipynb").write_text(json.dumps(submission), encoding="utf-8")
        found = collected.plan(collected.read_cells(tmp_path / "x.ipynb")[0], known)
        assert (found.notes, found.task_notes) == (notes, {})
        assert [name for kind, name, _ in found.steps if kind == "task"] == list(POINTS)


def test_what_is_no_letter_is_not_said_to_be_no_answer():
    for problem, words in (("", "not answered"), ("my_half should be one of ...", "answered with none of the letters")):
        assert reports.mistakes({"answer": "", "parts": [["the answer", "open", problem]]}) == [words]


def test_a_check_below_a_question_has_its_tasks_heading_and_the_question_its_own(tmp_path):
    cells = CELLS[:3] + CELLS[5:] + CELLS[3:5]
    (tmp_path / "09_doubling.ipynb").write_text(json.dumps(notebook(cells)), encoding="utf-8")
    known = collected.exercise(tmp_path / "09_doubling.ipynb")
    assert [(cell.heading, cell.section) for cell in known.tasks] == [("Question: undone", "Task 1: double it")] * 2


def test_numbers_of_ones_own_come_from_the_name():
    assert collected.seed_of("Ada Lovelace", "01") == collected.seed_of("  ada  lovelace", "01")
    assert collected.seed_of("Ada Lovelace", "01") != collected.seed_of("Bo", "01")
    assert collected.with_seed("check(gate, seed=2026)", 7) == "check(gate, seed=7)"


@pytest.mark.parametrize(("wall", "processor", "times"), [(1.2, 1.2, 1), (0.5, 0.9, 1), (2.4, 1.2, 2), (60, 1, 4)])
def test_on_a_busy_machine_a_check_waits_longer(wall, processor, times):
    assert score.patience(wall, processor) == times


@pytest.fixture(scope="module")
def submission():
    """A process in which a submission runs."""
    with contextlib.closing(remote.Submission()) as started:
        yield started


def test_a_cell_that_asks_for_pictures_in_the_page_runs(submission):
    assert submission.run("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()") == ""


@pytest.mark.parametrize(("line", "said"), [("raise RuntimeError", ","), ("raise RuntimeError('no')", ": no,")])
def test_what_is_raised_without_a_text_is_told_with_its_line(submission, line, said):
    submission.run(f"def f(a):\n    {line}")
    verdict = judging.judge(submission.look("f"), {"it": lambda attempt: attempt(1)}, ())
    ((_, _, sentence),) = score.described(verdict.points(1))["parts"]
    assert sentence == f"f raised RuntimeError{said} at line 2: {line}."


STAYS = "(n := np.hypot(np.linalg.norm(dV), np.linalg.norm(dW))) <= limit else (dV * limit / n, dW * limit / n)"
CLIP = "training:check_clip", "clip_together"


@pytest.mark.parametrize(
    ("check", "name", "source", "said"),
    [
        (
            "gradient_check:check_relative_error",
            "relative_error",
            "a, b: lt.relative_error(a, b)",
            "calls lt.relative_error from the library",
        ),
        ("flawed_backward:check_suspect", "suspect", "one, two: one.clear() or 'token'", "writes to what it was given"),
        (*CLIP, f"dV, dW, limit: (dV, dW) if {STAYS}", "and new_dW are dV"),
        (*CLIP, f"dV, dW, limit: [+dV, dW[:]] if {STAYS}", "but new_dW is dW itself"),
        (*CLIP, f"dV, dW, limit: dict(new_dV=dV, new_dW=+dW) if {STAYS}", "but new_dV is dV itself"),
    ],
)
def test_a_lambda_is_judged_in_a_process_of_its_own_as_it_is_in_class(submission, check, name, source, said):
    judged = pkgutil.resolve_name(f"lstm_teach.exercises.{check}")
    assert submission.run(f"import numpy as np\nimport lstm_teach as lt\n{name} = lambda {source}") == ""
    there = judged(submission.look(name))
    assert str(there) == str(judged(eval(f"lambda {source}", {"lt": lt, "np": np}))) and said in str(there)


MEASURED = """\
def measured(net, *sequence):
    grads = {name: np.zeros(matrix.shape) for name, matrix in net.items()}
    for name, matrix in net.items():
        for index in np.ndindex(matrix.shape):
            moved = matrix.astype(complex)
            moved[index] += 1e-100j
            grads[name][index] = coupled_loss({**net, name: moved}, *sequence).imag / 1e-100
    return grads


def start_measured(step, params, a, x, targets):
    def own_loss(a):
        y = lt.forward(params.astype(complex), x, np.tanh(a), a).y
        return -np.log(y[np.arange(len(x)), targets]).sum()

    return np.array([own_loss(a + 1e-100j * row).imag for row in np.eye(len(a))]) / 1e-100"""


@pytest.mark.parametrize(
    ("topic", "cells", "check", "walked", "measured"),
    [
        ("07_mixed_exam", ("coupled-back", "coupled-gradients"), "check_pass", "coupled_gradients", "measured"),
        ("04_single_pass_bptt", ("start-gradient",), "check_start", "start_gradient", "start_measured"),
    ],
)
def test_a_gradient_that_is_measured_earns_nothing_in_a_process_of_its_own_either(
    submission, topic, cells, check, walked, measured
):
    """Where a task asks for a walk back; what moves weights to measure is run in the process of the submission."""
    source = nbformat.read(collected.SOURCES / f"{topic}.ipynb", as_version=4).cells
    imports = "import numpy as np\nimport lstm_teach as lt\nfrom lstm_teach.exercises.mixed_exam import coupled_loss"
    for cell in (f"{imports}, run_coupled", *(c.source for c in source if c.id in cells), MEASURED):
        assert submission.run(cell) == ""
    judged = getattr(importlib.import_module(f"lstm_teach.exercises.{topic[3:]}"), check)
    verdicts = [judged(submission.look(name)) for name in (walked, measured)]
    assert [verdict.score for verdict in verdicts] == [1, 0] and "measured" in str(verdicts[1])


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [(["a", "b"], "(a, b)"), (["a", "a"], "(a)"), (["__debug__"], "(*inputs)"), (7, "(*inputs)")],
)
def test_a_function_without_a_text_has_a_shell_whatever_its_process_says_of_its_parameters(parameters, wanted):
    shell = remote.Shells().at(None, None, "gate", parameters)
    assert f"{shell.__name__}{inspect.signature(shell)}" == f"gate{wanted}"
