"""Grade every submission of an assignment, and put the points into nbgrader's books. Used by grade.py.

    python instructor/grade.py COURSE ASSIGNMENT

COURSE is nbgrader's course folder, with source/ASSIGNMENT released and submitted/STUDENT/ASSIGNMENT collected. Scores
go into the course's gradebook and feedback into feedback/STUDENT/ASSIGNMENT, as nbgrader does it. A submission that
can't be graded is listed with the reason; the others are graded all the same.

nbgrader's own run of the notebook decides about nothing: the points are those of score.py, which judges the functions
from outside the process in which the submission runs. nbgrader gets a copy in order (grading/ASSIGNMENT/submitted), in
which every graded cell is there and has its mark, since it can only put points into these.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apart
import collected
import handed_in
import nbformat
import reports

HERE = Path(__file__).resolve().parent


@dataclass
class Row:
    """What became of one submission: its score and the most there is, or None and a note.

    `booked` says whether the gradebook still has an earlier score.
    """

    student: str
    score: float | None
    most: float
    note: str = ""
    booked: bool = False


def main(options: argparse.Namespace) -> int:
    """Grade the course's assignment and print a table; 1 if any submission was not graded."""
    course = options.folder
    if options.one:
        return keep_books(course, options.assignment, options.one)
    missing, head = [], f"{'student':<20} {'score':>7} {'of':>6}  note\n"
    try:
        for row in grade(course, options.assignment, options, options.student or "*"):
            score = "-" if row.score is None else f"{row.score:g}"
            line = f"{row.student:<20} {score:>7} {row.most:>6g}  {row.note}"
            print(head + handed_in.printable(line).rstrip(), flush=True)
            head = ""
            missing += [row] if row.score is None else []
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if names := [row.student for row in missing if not row.booked]:
        print(f"\nNot graded, so with 0 points or without a row in nbgrader's export: {', '.join(names)}.")
    return 1 if missing else 0


def grade(course: Path, assignment: str, options: argparse.Namespace, student: str = "*") -> Iterator[Row]:
    """Grade the submissions one after the other, with the limits in the command's `options`."""
    folders = sorted((course / "submitted").glob(f"{student}/{assignment}"))
    if not folders:
        who = "STUDENT" if student == "*" else student
        raise ValueError(f"{course / 'submitted'} should hold a folder {who}/{assignment}, but there is none.")
    known = collected.exercises(course / "source" / assignment)
    most = sum(each.most for each in known)
    for folder in folders:
        name = folder.parent.name
        try:
            found, notes = graded(course, assignment, folder, known, options)
        except Exception as problem:  # whatever it is, it costs the others nothing
            failed = f"grade.py itself has failed ({type(problem).__name__}: {problem})"
            kept = entered_by_hand(course, assignment, name)
            note = f"not graded: {problem if isinstance(problem, collected.Unreadable) else failed}"
            if kept:
                note += "; the gradebook still has the earlier score, since you entered marks or comments by hand."
            else:
                forget(course, assignment, name)
            yield Row(name, None, most, note, kept)
            continue
        earned = sum(task["points"] for task in found)
        booked = read_score(course, assignment, name)
        if booked is None or abs(booked - earned) > 1e-6:
            has = "no score" if booked is None else f"{booked:g} points"
            own = entered_by_hand(course, assignment, name)
            why = ", including what you entered there by hand" if own else " for this"
            notes.append(f"nbgrader's gradebook has {has}{why}.")
        yield Row(name, earned, most, " ".join(notes))


def graded(
    course: Path, assignment: str, folder: Path, known: list[collected.Exercise], options: argparse.Namespace
) -> tuple[list[dict], list[str]]:
    """The tasks of one submission, judged and in nbgrader's books, and what there is to say; else `Unreadable`."""
    place, found, notes = books(course, assignment) / "submitted" / folder.parent.name / assignment, [], []
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints"))
    for exercise, path in notebooks(folder, known):
        source = course / "source" / assignment / f"{exercise.name}.ipynb"
        scored = apart.score(path, source, options)
        if isinstance(scored, str):
            raise collected.Unreadable(scored)
        notes += [f"The notebook was called {path.name}."] if path.name != source.name else []
        notes += [*scored["notes"], *(note for task in scored["tasks"] for note in task["notes"])]
        found += scored["tasks"]
        (place / source.name).write_text(json.dumps(in_order(path, source)), encoding="utf-8")
        kept = books(course, assignment) / "scored" / folder.parent.name / f"{exercise.name}.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(scored), encoding="utf-8")
    log = books(course, assignment) / f"{folder.parent.name}.log"
    command = [sys.executable, str(HERE / "grade.py"), "--one", folder.parent.name, str(course), assignment]
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    try:
        with log.open("wb") as stream:
            subprocess.run(command, stdout=stream, **streams, timeout=apart.longest(options), check=True)
    except subprocess.CalledProcessError:
        raise collected.Unreadable(f"nbgrader failed, see {log.relative_to(course)}") from None
    except subprocess.TimeoutExpired:
        raise collected.Unreadable(f"nbgrader did not finish, see {log.relative_to(course)}") from None
    return found, notes


def books(course: Path, assignment: str) -> Path:
    """Where what nbgrader gets is kept, and what it says."""
    return course / "grading" / assignment


def notebooks(folder: Path, known: list[collected.Exercise]) -> list[tuple[collected.Exercise, Path]]:
    """Which notebook of a submission is which exercise, whatever it is called; `Unreadable` if that can't be told."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.ipynb")):
        exercise, problem = collected.recognize(collected.read_cells(path)[0], known)
        if exercise is None:
            raise collected.Unreadable(problem)
        found.setdefault(exercise.name, []).append(path)
    if not found:
        files = ", ".join(sorted(path.name for path in folder.iterdir()))
        inside = [said for path in folder.iterdir() if (said := handed_in.in_archive(path))]
        what = f"there is no notebook, but {files}" if files else "the folder is empty"
        raise collected.Unreadable(inside[0] if inside else what)
    for name, paths in found.items():
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise collected.Unreadable(f"{len(paths)} notebooks are {name} ({names}), and none is chosen")
    return [(each, found[each.name][0]) for each in known if each.name in found]


def in_order(path: Path, source: Path) -> dict:
    """A submission's notebook as nbgrader can take it: its cells have their marks, the graded ones are all there."""
    known, raw = collected.exercise(source), collected.read_raw(path)
    marked = {
        cell.name: {"cell_type": cell.kind, "source": cell.text, "metadata": raw_cell.get("metadata", {})}
        for cell, raw_cell in zip(known.cells, collected.read_raw(source)["cells"], strict=True)
    }
    cells, there = [], set()
    submitted = collected.read_cells(path)[0]
    for cell, name in zip(submitted, collected.identities(submitted, known), strict=True):
        if name in there or (name and marked[name]["cell_type"] != cell.kind):
            name = ""  # a copy, or turned into text
        there.add(name)
        kind = cell.kind if cell.kind in ("code", "markdown") else "raw"
        metadata = marked[name]["metadata"] if name else {}
        cells.append((name, {"cell_type": kind, "source": cell.text, "metadata": metadata}))
    cells += [(task.name, marked[task.name]) for task in known.tasks if task.name not in there]
    for number, (name, cell) in enumerate(cells):
        cell["id"] = name or f"own-{number}"
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    metadata = raw["metadata"] if isinstance(raw.get("metadata"), dict) else {}
    return {"cells": [cell for _, cell in cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def keep_books(course: Path, assignment: str, student: str) -> int:
    """In a process of its own: let nbgrader put the points that score.py has found into its books and pages."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # alembic
    os.chdir(course)  # where nbgrader_config.py is

    from nbgrader.apps import AutogradeApp, GenerateFeedbackApp
    from nbgrader.converters import Autograde, GenerateFeedback
    from nbgrader.preprocessors import Execute, NbGraderPreprocessor

    place = books(course, assignment)

    class Scored(Execute):
        """Runs no cell: what score.py has said is the output."""

        def preprocess(self, nb, resources, *rest, **options):
            scored = place / "scored" / student / f"{resources['unique_key']}.json"
            tasks = json.loads(scored.read_text(encoding="utf-8"))["tasks"]
            results = {task["name"]: task for task in tasks}
            for cell in nb.cells:
                if cell.cell_type == "code":
                    cell.outputs, cell.execution_count = [], None
                    if cell.metadata.get("nbgrader", {}).get("grade"):
                        cell.outputs = [output(results[cell.metadata["nbgrader"]["grade_id"]])]
            return nb, resources

    class HideTests(NbGraderPreprocessor):
        """Leaves hidden tests, and the number that they draw their cases with, out of a student's page."""

        def preprocess_cell(self, cell, resources, cell_index):
            cell.source = collected.HIDDEN.sub("", cell.source)
            return cell, resources

    after = [Scored if step is Execute else step for step in Autograde.autograde_preprocessors.default()]
    pages = [HideTests, *GenerateFeedback.preprocessors.default()]
    for App in (AutogradeApp, GenerateFeedbackApp):
        app = App()
        where = f"--CourseDirectory.submitted_directory={(place / 'submitted').relative_to(course).as_posix()}"
        app.initialize([assignment, f"--student={student}", "--force", where])
        app.config.Autograde.setdefault("autograde_preprocessors", after)  # unless the course has its own
        app.config.GenerateFeedback.setdefault("preprocessors", pages)
        app.start()  # exits where it fails
    return 0


def output(task: dict) -> nbformat.NotebookNode:
    """A task's points as the output of its graded cell, with what there is to say as a page."""
    data = {"text/plain": repr(float(task["points"])), "text/html": reports.task_section(task)}
    return nbformat.v4.new_output("execute_result", data=data)


def read_score(course: Path, assignment: str, student: str) -> float | None:
    """The student's score in the gradebook; None if the gradebook has no score."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook, contextlib.suppress(MissingEntry):
        return gradebook.find_submission(assignment, student).score
    return None


def entered_by_hand(course: Path, assignment: str, student: str) -> bool:
    """Whether somebody has entered marks or comments for this student in the gradebook."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook, contextlib.suppress(MissingEntry):
        for notebook in gradebook.find_submission(assignment, student).notebooks:
            marks = [mark for grade in notebook.grades for mark in (grade.manual_score, grade.extra_credit)]
            if any(mark is not None for mark in marks) or any(each.manual_comment for each in notebook.comments):
                return True
    return False


def forget(course: Path, assignment: str, student: str) -> None:
    """Take an earlier score of a submission that was not graded out of the gradebook."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook, contextlib.suppress(MissingEntry):
        gradebook.remove_submission(assignment, student)
