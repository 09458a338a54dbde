"""Autograde every submission of an assignment with nbgrader, each in a process with limits. Used by grade.py.

    python instructor/grade.py COURSE ASSIGNMENT

COURSE is nbgrader's course folder, with source/ASSIGNMENT released and submitted/STUDENT/ASSIGNMENT collected. Scores
go into the course's gradebook and feedback into feedback/STUDENT/ASSIGNMENT, as nbgrader does it. A submission whose
process runs out of time is listed as not graded; the others are graded all the same.

nbgrader's own run of the notebook decides about nothing: the points are those of score.py, which judges the functions
from outside the process in which the submission runs.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import reports
from collected import HIDDEN

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


@dataclass
class Row:
    """What became of one submission: its score and the most there is, or None and a note."""

    student: str
    score: float | None
    most: float
    note: str = ""


def main(options: argparse.Namespace) -> int:
    """Grade the course's assignment and print a table; 1 if any submission was not graded."""
    course, limits = options.folder.resolve(), (options.cell_seconds, options.memory)
    if options.one:
        return grade_one(course, options.assignment, options.one, *limits)
    print(f"{'student':<20} {'score':>7} {'of':>6}  note")
    graded = True
    try:
        for row in grade(course, options.assignment, options.seconds, *limits, student=options.student or "*"):
            score = "-" if row.score is None else f"{row.score:g}"
            print(f"{row.student:<20} {score:>7} {row.most:>6g}  {row.note}".rstrip(), flush=True)
            graded &= row.score is not None
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0 if graded else 1


def grade(
    course: Path,
    assignment: str,
    seconds: float = 300,
    cell_seconds: int = 30,
    memory: int = 4096,
    student: str = "*",
) -> Iterator[Row]:
    """Grade the submissions one after the other; `seconds` for each, `memory` in MB."""
    folders = sorted((course / "submitted").glob(f"{student}/{assignment}"))
    if not folders:
        who = "STUDENT" if student == "*" else student
        raise ValueError(f"{course / 'submitted'} should hold a folder {who}/{assignment}, but there is none.")
    expected = sorted(path.name for path in (course / "source" / assignment).glob("*.ipynb"))
    for folder in folders:
        name = folder.parent.name
        note = rename_single(folder, expected)
        problem = grade_in_process(course, assignment, name, seconds, cell_seconds, memory)
        score, most = read_score(course, assignment, name)
        odd = notes_file(course, assignment, name)
        said = " ".join(odd.read_text(encoding="utf-8").splitlines()) if odd.is_file() else ""
        yield Row(name, None if problem else score, most, "; ".join(filter(None, (note, problem, said))))


def notes_file(course: Path, assignment: str, student: str) -> Path:
    """Where the process of a submission leaves what is odd about it, a sentence on each line."""
    return course / "grading" / assignment / f"{student}.notes.txt"


def rename_single(folder: Path, expected: list[str]) -> str:
    """Give the only notebook of a submission the name that nbgrader looks for, if that has another; say so."""
    found = sorted(folder.glob("*.ipynb"))
    if len(found) == len(expected) == 1 and found[0].name != expected[0]:
        found[0].rename(folder / expected[0])
        return f"was called {found[0].name}"
    return ""


def grade_in_process(
    course: Path, assignment: str, student: str, seconds: float, cell_seconds: int, memory: int
) -> str:
    """Grade one submission in a process of its own; return what went wrong, "" if it was graded."""
    log = course / "grading" / assignment / f"{student}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    notes_file(course, assignment, student).unlink(missing_ok=True)
    command = [sys.executable, str(HERE / "grade.py"), "--one", student, str(course), assignment]
    command += [f"--cell-seconds={cell_seconds}", f"--memory={memory}"]
    with log.open("wb") as stream:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"not graded: not done after {seconds:g} seconds"
        finally:
            end_group(child)
    return "" if code == 0 else f"not graded: nbgrader failed, see {log.relative_to(course)}"


def end_group(child: subprocess.Popen) -> None:
    """End the process and, where there are process groups, what it started; the submission's ends with score.py's."""
    if os.name == "posix":
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
    child.kill()
    child.wait()


def grade_one(course: Path, assignment: str, student: str, cell_seconds: int, memory: int) -> int:
    """In the process of one submission: let nbgrader do its work, with the points of score.py."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # alembic
    os.chdir(course)  # where nbgrader_config.py is

    from nbgrader.apps import AutogradeApp, GenerateFeedbackApp
    from nbgrader.converters import Autograde, GenerateFeedback
    from nbgrader.preprocessors import DeduplicateIds, Execute, NbGraderPreprocessor

    class ForgetCopies(DeduplicateIds):
        """Takes a copied cell for a plain one; nbgrader would leave an empty mark and then refuse it (its #1083)."""

        def preprocess_cell(self, cell, resources, cell_index):
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
            if cell.metadata.get("nbgrader") == {}:
                del cell.metadata["nbgrader"]
            return cell, resources

    class ScoreApart(Execute):
        """Runs no cell in this process or a kernel of its own: score.py does, and its points are the output."""

        def preprocess(self, nb, resources, *rest, **options):
            name = resources["unique_key"]
            source = course / "source" / assignment / f"{name}.ipynb"
            scored = score_apart(nb, source, cell_seconds, memory)
            results = {task["name"]: task for task in scored["tasks"]}
            odd = [*scored["notes"], *(note for task in scored["tasks"] for note in task["notes"])]
            with notes_file(course, assignment, student).open("a", encoding="utf-8") as stream:
                stream.writelines(f"{note}\n" for note in odd)
            for cell in nb.cells:
                if cell.cell_type == "code":
                    cell.outputs, cell.execution_count = [], None
                    if cell.metadata.get("nbgrader", {}).get("grade"):
                        cell.outputs = [output(results[cell.metadata["nbgrader"]["grade_id"]])]
            return nb, resources

    class HideTests(NbGraderPreprocessor):
        """Leaves hidden tests, and the number that they draw their cases with, out of a student's page."""

        def preprocess_cell(self, cell, resources, cell_index):
            cell.source = HIDDEN.sub("", cell.source)
            return cell, resources

    steps = Autograde.sanitize_preprocessors.default()
    steps = [ForgetCopies if step is DeduplicateIds else step for step in steps]
    after = [ScoreApart if step is Execute else step for step in Autograde.autograde_preprocessors.default()]
    pages = [HideTests, *GenerateFeedback.preprocessors.default()]
    for App in (AutogradeApp, GenerateFeedbackApp):
        app = App()
        app.initialize([assignment, f"--student={student}", "--force"])
        app.config.Autograde.setdefault("sanitize_preprocessors", steps)  # unless the course has its own
        app.config.Autograde.setdefault("autograde_preprocessors", after)
        app.config.GenerateFeedback.setdefault("preprocessors", pages)
        app.start()  # exits where it fails
    return 0


def score_apart(notebook, source: Path, cell_seconds: int, memory: int) -> dict:
    """What score.py says of a notebook (see there)."""
    with tempfile.TemporaryDirectory() as place:
        submitted, results = Path(place) / "submitted.ipynb", Path(place) / "results.json"
        nbformat.write(notebook, submitted)
        command = [sys.executable, str(HERE / "score.py"), str(submitted), str(source), str(results)]
        subprocess.run([*command, f"--cell-seconds={cell_seconds}", f"--memory={memory}"], check=True)
        return json.loads(results.read_text(encoding="utf-8"))


def output(task: dict) -> nbformat.NotebookNode:
    """A task's points as the output of its graded cell, with what there is to say as a page."""
    data = {"text/plain": repr(float(task["points"])), "text/html": reports.task_section(task)}
    return nbformat.v4.new_output("execute_result", data=data)


def read_score(course: Path, assignment: str, student: str) -> tuple[float | None, float]:
    """The student's score in the gradebook and the most there is; None if the gradebook has no score."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return None, gradebook.find_assignment(assignment).max_score
        return submission.score, submission.max_score
