"""Autograde every submission of an assignment with nbgrader, each in a process with limits, and print a table.

    python instructor/grade.py COURSE ASSIGNMENT
    python instructor/grade.py COURSE ASSIGNMENT --seconds 300 --cell-seconds 30 --memory 4096

COURSE is nbgrader's course folder, with source/ASSIGNMENT released and submitted/STUDENT/ASSIGNMENT collected. Scores
go into the course's gradebook and feedback into feedback/STUDENT/ASSIGNMENT, as nbgrader does it. A submission whose
process runs out of time, or whose kernel dies, is listed as not graded; the others are graded all the same.

The graded cells run apart, in a process in which the library is put back to what it was before each of them (see
score.py): what a notebook did to the library, a `Verdict.score` of its own for instance, does not count.

The memory limit (of the addresses that a process may use, in MB) holds on Linux. macOS accepts it without keeping it,
and Windows has none: grade there on a machine that may run out of memory, or in a container. None of this is a wall
against malice. Submissions run with your rights, so grade those of strangers in a container or as another user.
"""

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

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Row:
    """What became of one submission: its score and the most there is, or None and a note."""

    student: str
    score: float | None
    most: float
    note: str = ""


def grade(
    course: Path, assignment: str, seconds: float = 300, cell_seconds: int = 30, memory: int = 4096
) -> Iterator[Row]:
    """Grade the submissions one after the other; `seconds` for each, `memory` in MB."""
    folders = sorted((course / "submitted").glob(f"*/{assignment}"))
    if not folders:
        raise ValueError(f"{course / 'submitted'} should hold a folder STUDENT/{assignment}, but there is none.")
    expected = sorted(path.name for path in (course / "source" / assignment).glob("*.ipynb"))
    for folder in folders:
        student = folder.parent.name
        note = rename_single(folder, expected)
        problem = grade_in_process(course, assignment, student, seconds, cell_seconds, memory)
        score, most = read_score(course, assignment, student)
        yield Row(student, None if problem else score, most, "; ".join(filter(None, (note, problem))))


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
    command = [sys.executable, __file__, "--one", student, str(course), assignment]
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
    if code == 0:
        return ""
    died = "DeadKernelError" in log.read_text(encoding="utf-8", errors="replace")
    reason = "the kernel died" if died else "nbgrader failed"
    return f"not graded: {reason}, see {log.relative_to(course)}"


def end_group(child: subprocess.Popen) -> None:
    """End the process and, where there are process groups, everything that it started, the kernel above all."""
    if os.name == "posix":
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
    child.kill()
    child.wait()


def grade_one(course: Path, assignment: str, student: str, cell_seconds: int, memory: int) -> int:
    """In the process of one submission: set the limits, which the kernel inherits, and let nbgrader do its work."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        pass
    else:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (memory * 2**20, hard))
    # a kernel with a thread for each core would spend its memory on their stacks
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # alembic
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    os.chdir(course)  # where nbgrader_config.py is

    from nbclient.exceptions import DeadKernelError
    from nbgrader.apps import AutogradeApp, GenerateFeedbackApp
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import DeduplicateIds, Execute

    class ForgetCopies(DeduplicateIds):
        """Takes a copied cell for a plain one; nbgrader would leave an empty mark and then refuse it (its #1083)."""

        def preprocess_cell(self, cell, resources, cell_index):
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
            if cell.metadata.get("nbgrader") == {}:
                del cell.metadata["nbgrader"]
            return cell, resources

    class ScoreApart(Execute):
        """Runs the submitted cells in a kernel; the graded ones run apart, where the library is as it should be."""

        def preprocess_cell(self, cell, resources, cell_index):
            if cell.metadata.get("nbgrader", {}).get("grade"):
                return cell, resources
            return super().preprocess_cell(cell, resources, cell_index)

        def preprocess(self, nb, resources, *rest, **options):
            nb, resources = super().preprocess(nb, resources, *rest, **options)
            results = score_apart(nb, resources["metadata"].get("path") or ".", cell_seconds)
            if results is None:
                raise DeadKernelError("The process that scores the graded cells has ended.")
            for cell in nb.cells:
                if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code":
                    cell.outputs = [nbformat.from_dict(results[cell.metadata["nbgrader"]["grade_id"]])]
            return nb, resources

    steps = Autograde.sanitize_preprocessors.default()
    steps = [ForgetCopies if step is DeduplicateIds else step for step in steps]
    after = [ScoreApart if step is Execute else step for step in Autograde.autograde_preprocessors.default()]
    options = [assignment, f"--student={student}", "--force", f"--Execute.timeout={cell_seconds}"]
    for App in (AutogradeApp, GenerateFeedbackApp):
        app = App()
        app.initialize(options)
        app.config.Autograde.setdefault("sanitize_preprocessors", steps)  # unless the course has its own
        app.config.Autograde.setdefault("autograde_preprocessors", after)
        app.start()  # exits where it fails
    return 0


def score_apart(notebook, folder: str, cell_seconds: int) -> dict[str, dict] | None:
    """What a process of its own makes of the graded cells, by grade_id (see score.py); None if it died."""
    with tempfile.TemporaryDirectory() as place:
        source, results = Path(place) / "submitted.ipynb", Path(place) / "results.json"
        nbformat.write(notebook, source)
        command = [sys.executable, str(ROOT / "instructor" / "score.py"), str(source), str(results)]
        done = subprocess.run([*command, f"--cell-seconds={cell_seconds}"], cwd=folder, check=False)
        return json.loads(results.read_text(encoding="utf-8")) if done.returncode == 0 else None


def read_score(course: Path, assignment: str, student: str) -> tuple[float | None, float]:
    """The student's score in the gradebook and the most there is; None if the gradebook has no score."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return None, gradebook.find_assignment(assignment).max_score
        return submission.score, submission.max_score


def main(arguments: list[str]) -> int:
    """Do what the command line asks; return the exit code: 1 if any submission was not graded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("course", type=Path)
    parser.add_argument("assignment")
    parser.add_argument("--seconds", type=float, default=300, help="for one submission (default: 300)")
    parser.add_argument("--cell-seconds", type=int, default=30, help="for one cell (default: 30)")
    parser.add_argument("--memory", type=int, default=4096, help="in MB, for one submission (default: 4096)")
    parser.add_argument("--one", metavar="STUDENT", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    course, limits = options.course.resolve(), (options.cell_seconds, options.memory)
    if options.one:
        return grade_one(course, options.assignment, options.one, *limits)
    print(f"{'student':<20} {'score':>7} {'of':>6}  note")
    graded = True
    for row in grade(course, options.assignment, options.seconds, *limits):
        score = "-" if row.score is None else f"{row.score:g}"
        print(f"{row.student:<20} {score:>7} {row.most:>6g}  {row.note}".rstrip(), flush=True)
        graded &= row.score is not None
    return 0 if graded else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
