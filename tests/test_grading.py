"""Grading from end to end with the real nbgrader: release, submissions of all kinds, autograde, scores and feedback."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from projectfiles import ROOT, skip_but_fail_in_ci

pytestmark = pytest.mark.grading

NAME = "01_forward_pass"
ALL = sorted(path.stem for path in (ROOT / "instructor" / "exercises").glob("*.ipynb"))
LINUX = sys.platform.startswith("linux")
MEMORY = 4096  # MB


def module(name):
    """instructor/<name>.py as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "instructor" / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module", autouse=True)
def nbgrader():
    if importlib.util.find_spec("nbgrader") is None:
        skip_but_fail_in_ci("nbgrader is not installed: python3 start.py test installs it")


def edit(notebook, cell_id, source):
    """Replace a cell's source."""
    next(cell for cell in notebook.cells if cell.id == cell_id).source = source


def index(notebook, cell_id):
    return [cell.id for cell in notebook.cells].index(cell_id)


def right(notebook):
    pass


def wrong(notebook):
    """One line of the loss, the bias, and one answer."""
    loss = notebook.cells[index(notebook, "sequence-loss")].source
    edit(notebook, "sequence-loss", loss.replace("scores = scores - scores.max()", ""))
    edit(notebook, "bias-that-keeps", "def bias_that_keeps(share, steps):\n    return 1.5")
    edit(notebook, "my-same-cell", 'my_same_cell = "a"')


def crashing(notebook):
    edit(notebook, "gate", "def gate(U, W, token, h_before):\n    return U[:, token] +")
    edit(notebook, "light-net", "def light_net():\n    raise KeyError('no such weight')")
    edit(notebook, "my-count-shown", "my_count_shown = bb")


def endless(notebook):
    """A function without end, and a cell without end."""
    edit(notebook, "bias-that-keeps", "def bias_that_keeps(share, steps):\n    while True:\n        pass")
    edit(notebook, "try-bias", "while True:\n    pass")


def hungry(notebook):
    edit(notebook, "bias-that-keeps", "def bias_that_keeps(share, steps):\n    return np.ones(10**10).sum()")


def cheating(notebook):
    """Nothing is solved, but everything that is named in the graded cells is redefined."""
    edit(
        notebook,
        "gate",
        "class Full:\n    def points(self, most):\n        return float(most)\n\n\ndef gate(*inputs):\n    return 0",
    )
    names = ["check_gate", "check_loss", "check_bias", "check_counter", "check_light", "ask"]
    redefined = "\n".join(f"{name} = lambda *inputs: Full()" for name in names)
    edit(notebook, "light-net", f"{redefined}\nlight_net = 1")
    for name in ("sequence-loss", "bias-that-keeps", "counter-net"):
        edit(notebook, name, f"{redefined}\n{name.replace('-', '_')} = gate")


TAMPERING = {
    "score": "from lstm_teach.verdicts import Verdict\nVerdict.score = property(lambda self: 1.0)",
    "passed": "from lstm_teach import verdicts\nverdicts.Part.passed = property(lambda self: True)",
    "difference": "from lstm_teach.exercises import engine\nengine.difference = lambda *a, **k: ''",
    "code": "from lstm_teach import judging\njudging.explain.__code__ = (lambda *a: '').__code__\n"
    "judging.difference.__code__ = (lambda *a, **k: '').__code__",
    "question": "from lstm_teach.exercises import forward_pass as fp\n"
    "object.__setattr__(fp.SAME_CELL, 'right', 'a'); my_same_cell = 'a'",
    "numpy": "np.argwhere = lambda *a: 1 / 0\nnp.abs = lambda *a: 0",
}


def tampering(notebook):
    """Nothing is solved, but the library is changed in a cell after the last task, and in the first one."""
    for cell_id in ("my-count-shown", "try-bias", "my-same-cell"):
        edit(notebook, cell_id, "\n".join(TAMPERING.values()))


def tampering_late(notebook):
    """The library is changed only when a function is called by its check."""
    edit(
        notebook,
        "gate",
        "def gate(*inputs):\n    from lstm_teach.verdicts import Verdict\n"
        "    Verdict.score = property(lambda self: 1.0)\n    return 0",
    )


def duplicated(notebook):
    """A cell and its check copied, as JupyterLab copies them: with their metadata and a new id."""
    for cell_id in ("gate", "check-gate", "sequence-loss"):
        copy = nbformat.from_dict(notebook.cells[index(notebook, cell_id)])
        copy.id = f"{cell_id}-copied"
        notebook.cells.insert(index(notebook, "check-gate") + 1, copy)


def dying(notebook):
    edit(notebook, "gate", "import os\n\nos._exit(1)")


FROM_SOLUTION = {f.__name__: f for f in (right, wrong, crashing, endless, hungry, duplicated, dying)}
NOT_SOLVED = {f.__name__: f for f in (cheating, tampering, tampering_late)} | {"unfinished": right}
SUBMISSIONS = {**FROM_SOLUTION, **NOT_SOLVED, "renamed": right}


def release_with_nbgrader(folder, assignment, names):
    """Make these exercises an assignment of a course, by nbgrader's own command."""
    (folder / "source" / assignment).mkdir(parents=True)
    for name in names:
        shutil.copy(ROOT / "instructor" / "exercises" / f"{name}.ipynb", folder / "source" / assignment)
    environment = {
        **os.environ,
        "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", assignment, "--create"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def submission(folder, assignment, name, solve):
    """What nbgrader released, with or without the solutions filled in."""
    release = module("release")
    notebook = release.read(folder / "release" / assignment / f"{name}.ipynb")
    solution = release.solved_version(release.read(release.SOURCES / f"{name}.ipynb"), name)
    for cell, solved in zip(notebook.cells, solution.cells, strict=True):
        if solve and not cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = solved.source
    return notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded course: its folder, the rows of the table, and the points of each student by cell."""
    grading = module("grade")
    folder = tmp_path_factory.mktemp("course")
    release_with_nbgrader(folder, "hw1", [NAME])
    for student, change in SUBMISSIONS.items():
        notebook = submission(folder, "hw1", NAME, solve=student not in NOT_SOLVED)
        change(notebook)
        place = folder / "submitted" / student / "hw1"
        place.mkdir(parents=True)
        nbformat.write(notebook, place / ("my homework.ipynb" if student == "renamed" else f"{NAME}.ipynb"))
    rows = {row.student: row for row in grading.grade(folder, "hw1", 200, 15, MEMORY)}
    return folder, rows, points(folder)


@pytest.fixture(scope="module")
def every_exercise(tmp_path_factory):
    """All exercises as one assignment, graded: its folder, the rows of the table, and the points by cell."""
    folder = tmp_path_factory.mktemp("every")
    release_with_nbgrader(folder, "every", ALL)
    for student in ("right", "untouched"):
        (folder / "submitted" / student / "every").mkdir(parents=True)
        for name in ALL:
            notebook = submission(folder, "every", name, solve=student == "right")
            nbformat.write(notebook, folder / "submitted" / student / "every" / f"{name}.ipynb")
    rows = {row.student: row for row in module("grade").grade(folder, "every", 400, 30, MEMORY)}

    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        earned = {
            (each.student.id, notebook.name): {
                grade.name: (grade.auto_score, grade.max_score) for grade in notebook.grades
            }
            for each in gradebook.assignment_submissions("every")
            for notebook in each.notebooks
        }
    return folder, rows, earned


def points(folder) -> dict[str, dict[str, float]]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: {grade.name: grade.auto_score for grade in submission.notebooks[0].grades}
            for submission in gradebook.assignment_submissions("hw1")
        }


def test_what_nbgrader_releases_is_what_is_committed(course):
    folder, *_ = course
    committed = ROOT / "notebooks" / "exercises" / f"{NAME}.ipynb"
    assert (folder / "release" / "hw1" / f"{NAME}.ipynb").read_text() == committed.read_text()


@pytest.mark.parametrize("name", ALL)
def test_every_exercise_is_released_as_it_is_committed_and_graded_in_full_or_with_nothing(every_exercise, name):
    folder, _, earned = every_exercise
    committed = ROOT / "notebooks" / "exercises" / f"{name}.ipynb"
    assert (folder / "release" / "every" / f"{name}.ipynb").read_text(encoding="utf-8") == committed.read_text(
        encoding="utf-8"
    )
    right, untouched = (earned[student, name] for student in ("right", "untouched"))
    assert right and [cell for cell, (score, most) in right.items() if score != most] == []
    assert untouched.keys() == right.keys() and [cell for cell, (score, _) in untouched.items() if score != 0] == []


def test_all_exercises_are_graded_without_a_complaint(every_exercise):
    _, rows, earned = every_exercise
    assert {student: row.note for student, row in rows.items()} == {"right": "", "untouched": ""}
    assert rows["right"].score == rows["right"].most == sum(most for e in earned.values() for _, most in e.values()) / 2
    assert rows["untouched"].score == 0


@pytest.mark.parametrize("student", ["right", "renamed", "duplicated"])
def test_a_right_submission_earns_all_points(course, student):
    _, rows, _ = course
    assert rows[student].score == rows[student].most == 16


def test_a_renamed_notebook_is_told(course):
    assert course[1]["renamed"].note == "was called my homework.ipynb"


def test_an_unfinished_submission_earns_nothing_and_needs_no_hand(course):
    assert set(course[2]["unfinished"].values()) == {0}
    assert course[1]["unfinished"].score == 0


def test_a_wrong_submission_earns_what_is_right_in_it(course):
    _, rows, points = course
    earned = points["wrong"]
    assert earned["check-gate"] == 2 and earned["check-counter"] == 3 and earned["check-light"] == 4
    assert earned["check-loss"] == 2  # two of three parts
    assert earned["check-bias"] == 0 and earned["ask-same-cell"] == 0
    assert rows["wrong"].score == sum(earned.values()) == 16 - 1 - 2 - 1


def test_a_crashing_submission_earns_what_does_not_crash(course):
    earned = course[2]["crashing"]
    assert earned["check-gate"] == earned["check-light"] == earned["ask-count-shown"] == 0
    assert earned["check-counter"] == 3 and earned["check-loss"] == 3


def test_a_submission_without_end_ends_and_earns_the_rest(course):
    earned = course[2]["endless"]
    assert earned["check-bias"] == 0
    assert sum(earned.values()) == 16 - 2


@pytest.mark.skipif(not LINUX, reason="only Linux keeps a limit of memory")
def test_a_submission_that_wants_all_memory_is_refused_it_and_earns_the_rest(course):
    folder, _, points = course
    assert points["hungry"]["check-bias"] == 0 and sum(points["hungry"].values()) == 16 - 2
    assert "MemoryError" in feedback(folder, "hungry")


def test_redefining_the_checks_earns_nothing(course):
    assert course[1]["cheating"].score == 0, course[2]["cheating"]


@pytest.mark.parametrize("student", ["tampering", "tampering_late"])
def test_changing_the_library_from_a_notebook_earns_nothing(course, student):
    assert course[1][student].score == 0, course[2][student]


def test_a_change_of_the_library_during_a_check_is_told(course):
    assert "changed the library while it was judged: Verdict.score" in feedback(course[0], "tampering_late")


@pytest.mark.parametrize("name", TAMPERING)
def test_what_a_cell_does_to_the_library_is_gone_before_the_next_graded_cell(name, tmp_path):
    release = module("release")
    notebook = release.read(release.SOURCES / f"{NAME}.ipynb")
    keep = ["imports", "gate", "check-gate", "my-same-cell", "ask-same-cell"]
    notebook.cells = [cell for cell in notebook.cells if cell.id in keep]
    edit(notebook, "gate", "def gate(*inputs):\n    return 0\n\n\n" + TAMPERING[name])
    edit(notebook, "my-same-cell", "my_same_cell = 'a'\n" + TAMPERING[name])
    nbformat.write(notebook, tmp_path / "it.ipynb")
    command = [sys.executable, ROOT / "instructor" / "score.py", tmp_path / "it.ipynb", tmp_path / "results.json"]
    subprocess.run(command, check=True, capture_output=True)
    found = json.loads((tmp_path / "results.json").read_text())
    assert {key: each["data"]["text/plain"] for key, each in found.items()} == {
        "check-gate": "0.0",
        "ask-same-cell": "0.0",
    }


def test_a_kernel_that_dies_is_not_graded_and_stops_nobody_else(course):
    _, rows, _ = course
    assert rows["dying"].score is None and rows["dying"].note.startswith("not graded: the kernel died")
    assert [name for name, row in rows.items() if row.score is None] == ["dying"]
    assert set(rows) == set(SUBMISSIONS)


def feedback(folder, student) -> str:
    page = (folder / "feedback" / student / "hw1" / f"{NAME}.html").read_text(encoding="utf-8")
    return re.sub(r"<[^>]*>", "", page)


def test_the_feedback_says_what_is_off_and_where(course):
    folder, *_ = course
    page = feedback(folder, "wrong")
    assert "look for a division by 0, a log of 0 or an exp of a large number" in page
    assert "sequence_loss: 2 of 3 parts are right so far." in page and "2 of 3 points" in page
    assert "did not finish within 10 seconds" in feedback(folder, "endless")
    assert "is not written yet" in feedback(folder, "unfinished")
    assert "no such weight" in feedback(folder, "crashing")


def test_the_command_prints_a_table(course, capsys, monkeypatch):
    folder, rows, _ = course
    grading = module("grade")
    monkeypatch.setattr(grading, "grade", lambda *options: iter([rows["wrong"], rows["dying"]]))
    assert grading.main([str(folder), "hw1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["student", "score", "of", "note"]
    assert lines[1].split() == ["wrong", "16", "21"]
    assert lines[2].startswith("dying") and "not graded" in lines[2]


def test_an_assignment_without_submissions_is_told(course):
    with pytest.raises(ValueError, match="should hold a folder STUDENT/hw2, but there is none"):
        next(module("grade").grade(course[0], "hw2"))


def test_a_submission_that_takes_too_long_is_ended(course):
    folder, *_ = course
    problem = module("grade").grade_in_process(folder, "hw1", "right", 0.5, 15, MEMORY)
    assert problem == "not graded: not done after 0.5 seconds"
