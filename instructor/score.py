"""Judge one submission in a process of its own, and write what came of each task to a file. Used by grade.py.

    python instructor/score.py SUBMISSION EXERCISE RESULTS --cell-seconds 30 --memory 4096

Two processes share the work. This one has the exercise's source, with its hidden tests, and the library as it is; it
runs every check, and no line of the submission. The submission runs in another (worker.py), which the checks ask for
answers: a function of the learner's is called there, and numbers come back. So nothing that a notebook does to its own
process (to the library, to the checks, to files, to the process itself) can change what is judged here.

RESULTS is JSON: "notes" about the submission, and "tasks" with points, parts and sentences.
"""

import argparse
import ast
import builtins
import inspect
import json
import math
import re
import signal
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import collected  # noqa: E402
from collected import Cell  # noqa: E402
from remote import NoAnswer, ProcessEnded, Submission, adopt_orphans  # noqa: E402
from wire import Broken  # noqa: E402

import lstm_teach  # noqa: E402
from lstm_teach import borrowed, cellcode, doctor, judging  # noqa: E402
from lstm_teach.validate import listing  # noqa: E402
from lstm_teach.verdicts import Points  # noqa: E402


def score(
    cells: list[Cell],
    known: collected.Exercise,
    seconds: float,
    memory: int,
    seed: int | None,
    whole: float = math.inf,
    save: Callable[[dict], object] = lambda found: None,
) -> dict:
    """Run a submission's cells in order and judge each task where its check is; return notes and tasks.

    A cell has so many `seconds`, all together have the `whole` of them; `save` gets what is known after every task.
    """
    run = Run(cells, known, Submission(seconds, memory), seed)
    try:
        run.submission.start()
        start = time.monotonic()
        for kind, name, text in [*run.plan.steps, ("again", "", "")]:
            began = time.monotonic()
            if began - start > whole:
                most = listing([f"{name} ({seconds:.0f} s)" for name, seconds in run.took.most_common(3)])
                up = f"The {whole:.0f} seconds for a submission were up before all was judged"
                run.plan.notes.append(f"{up}; most of them went to {most}.")
                break
            run.step(kind, name, text)
            run.took[name or "other cells"] += time.monotonic() - began
            if kind != "cell":
                save(run.found())
    finally:
        run.submission.close()
    return run.found()


ALLOWED: list[tuple] = []  # of the last check: modules with answers, and what a learner's function may call of them
NOT_HERE = "raised (ModuleNotFoundError|FileNotFoundError|PermissionError: a submission may not)"
NO_ANSWERS = {"exercises.questions", "exercises.nets"}
AGAIN = "it is graded all the same"
REWORDED = {  # words of a check that don't fit a page on which nothing can be changed, or a function elsewhere
    r": replace (them|that line) with your code": "",
    r"( raised \w+):( at line \d)": r"\1,\2",  # without a text an error has only its place (see remote.py)
    r"(\w+) raised ProcessEnded: ": r"While \1 ran, ",
    r"(\w+) raised Broken: ": r"The answer of \1 could not be read: ",
}


class Run:
    """A submission while it is judged: what has come of it so far."""

    def __init__(self, cells: list[Cell], known: collected.Exercise, submission: Submission, seed: int | None):
        self.plan, self.known = collected.plan(cells, known), known
        self.submission, self.names, self.seed = submission, trusted_names(known), seed
        self.results: dict[str, dict] = {}
        self.problems: dict[str, str] = {}  # what went wrong in cells, by the names that they should have bound
        self.code: dict[str, str] = {}  # a cell's text by the same names
        self.took: Counter[str] = Counter()  # seconds
        self.endless = 0
        self.given = given_names(known)

    def step(self, kind: str, name: str, text: str) -> None:
        """Do what the plan says next."""
        if kind == "cell":
            self.cell(name, text)
        elif kind == "task":
            self.results[name] = self.judged(next(task for task in self.known.tasks if task.name == name))
        else:
            self.again()

    def cell(self, name: str, text: str) -> None:
        """Run a cell."""
        problem = self.submission.run(text)
        which = f"The cell {name}" if name else "An added cell"
        for said in self.borrowed(("exercises", "doctor.diagnose"), ()):
            if f"{which} {said}" not in self.plan.notes:
                self.plan.notes.append(f"{which} {said}")
        if problem.startswith("did not finish"):
            self.endless += 1
            if self.endless == 2:  # whoever has two may have ten, and all of them share the time
                self.submission.seconds /= 3
        binds = collected.bound_names(text)
        if problem and not name:
            counts = set().union(*(collected.bound_names(cell.text) for cell in self.known.cells))
            end = "." if binds & counts else "; it doesn't count."
            self.plan.notes.append(f"{which} {textwrap.shorten(problem, 200)}{end}")
        if name and re.match(NOT_HERE, problem):
            self.plan.notes.append(f"{which} can't run where this was graded: it {textwrap.shorten(problem, 200)}.")
        expected = next((cell.text for cell in self.known.cells if cell.name == name), "")
        if problem.startswith("raised"):
            self.imports_below(text, problem)
            if collected.only_imports(expected) and not collected.python(text):
                self.submission.run(expected)
                end = "the imports that were handed out are used"
                self.plan.notes.append(f"{which} {textwrap.shorten(problem, 200)}; {end}.")
        for bound in binds:
            self.code[bound] = text
            self.problems.pop(bound, None)
            if problem:
                self.problems[bound] = problem
        for bound in collected.bound_names(expected) - self.code.keys():  # its cell, though it binds something else
            self.code[bound] = text
            self.problems[bound] = problem or (f"defines {listing(sorted(binds))}" if binds else "")

    def imports_below(self, text: str, problem: str) -> None:
        """Import what is below the line that has stopped a cell: a module that isn't here costs only what needs it."""
        found = re.search(r", at line (\d+)", problem)
        for line in collected.python(text) if found else ():
            if isinstance(line, ast.Import | ast.ImportFrom) and line.lineno > int(found[1]):
                self.submission.run(ast.unparse(line))

    def judged(self, task: Cell) -> dict:
        """What comes of a task now."""
        ALLOWED.clear()
        try:
            result = judge(task, self.submission, self.names, self.problems, self.seed)
        except Exception as error:  # a fault of the check's own costs no other task, and is told
            failed = f"{task.name} could not be judged: the check itself failed ({type(error).__name__}: {error})."
            said = f"{failed} It isn't the student's fault; judge this task by hand."
            result = {"points": 0.0, "parts": [], "subject": "", "problem": said, "unjudged": True}
        for said in self.borrowed(*ALLOWED[0] if ALLOWED else ((), ())):
            self.plan.task_notes.setdefault(task.name, []).append(f"{result['subject']} {said}")
        code = self.code.get(result.get("subject"), "")
        if result.get("answer") and result["points"] and not written_down(result["answer"], code):
            last = textwrap.shorten(collected.plain(code).splitlines()[-1], 100)
            said = f"{result['subject']} was not written down as a letter ({last})."
            self.plan.task_notes.setdefault(task.name, []).append(said)
        return result | {"code": code}

    def borrowed(self, modules: Collection[str], allowed: Collection[str]) -> list[str]:
        """What is said of answers of the library's that the learner's code has called since this was asked last."""
        entered, self.submission.entered = self.submission.entered, {}
        calls = [each.split(".", 1)[1].partition(":") for each in entered if each.startswith("lstm_teach.")]
        return [
            f"called {name} of lstm_teach.{home}, an answer of the library's."
            for home, _, name in calls
            if any(f"{home}.".startswith(f"{module}.") for module in modules)
            and not (name in allowed or name in self.given or home in NO_ANSWERS)
            and not (name.startswith("check_") and home.startswith("exercises."))
        ]

    def again(self) -> None:
        """Judge again, now that all cells have run: a task's function, or what it needs, may be in a cell below."""
        for task in self.known.tasks:
            before = self.results[task.name]
            unknown = re.search(r"NameError: name '(\w+)' is not defined", str(before["parts"]))
            if not before.get("missing") and not unknown:
                continue
            again = self.judged(task)
            if again.get("missing") or (unknown and unknown[0] in str(again["parts"])):
                continue
            said = f"{again['subject']} is in a cell below its check; {AGAIN}."
            if unknown:
                said = f"{again['subject']} needs {unknown[1]}, which is in a cell below its check; {AGAIN}."
            self.plan.task_notes.setdefault(task.name, []).append(said)
            self.results[task.name] = again

    def found(self) -> dict:
        """Notes and tasks, as they are now."""
        late = {"points": 0.0, "parts": [], "problem": "This was not judged; a note says why.", "unjudged": True}
        tasks = [
            {"name": task.name, "heading": task.heading if "ask(" in task.text else task.section, "most": task.points}
            | self.results.get(task.name, late)
            | {"notes": self.plan.task_notes.get(task.name, [])}
            for task in self.known.tasks
        ]
        return {"exercise": self.known.name, "title": self.known.title, "notes": self.plan.notes, "tasks": tasks}


def written_down(answer: str, code: str) -> bool:
    """Whether a cell that can be read has a text that begins with this letter."""
    nodes = [node for line in collected.statements(code) for node in ast.walk(line)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return not nodes or any(re.match(rf"\W*{re.escape(answer)}\b", text, re.IGNORECASE) for text in texts)


def judge(task: Cell, submission: Submission, names: dict, problems: dict[str, str], seed: int | None) -> dict:
    """The points of one task, and what there is to say of it."""
    tree = ast.parse(collected.with_seed(task.text, seed))
    *before, last = tree.body
    space = {"__name__": "__main__", **names}
    wanted = [name for name in _needed(tree) if name not in space and not hasattr(builtins, name)]
    result: dict = {"points": 0.0, "parts": [], "subject": wanted[0] if wanted else ""}

    def points_now() -> Any:
        exec(compile(ast.Module(before, []), task.name, "exec"), space)
        return eval(compile(ast.Expression(last.value), task.name, "eval"), space)

    try:
        for name in wanted:
            space[name] = submission.look(name)
        points = points_now()
    except NameError as error:
        name = str(error.args[0])
        if name not in wanted:
            raise
        space |= dict.fromkeys(wanted, ... if "ask(" in task.text else _unwritten)
        empty = described(points_now())  # its hints or its question are there for this one too
        kept = {key: empty[key] for key in ("hints", "question") if key in empty}
        problem = _no_answer(name, problems.get(name, ""), letter="ask(" in task.text)
        return result | kept | {"missing": name, "problem": problem}
    except (ProcessEnded, NoAnswer, Broken) as error:
        said = str(error) or "no answer came in time"
        return result | {"problem": f"{task.name} could not be judged: {said}."}
    if type(points) is not Points or not 0 <= points <= task.points:
        raise TypeError(f"{task.name} should end in points from 0 to {task.points:g}, got {points!r}")
    return result | described(points)


def _unwritten(*inputs: Any) -> None:
    raise NotImplementedError


def _no_answer(name: str, problem: str, letter: bool) -> str:
    """Why there is nothing to judge; `problem` is what its cell did, "" if that is not known.

    `letter` says whether the answer is one.
    """
    if not problem or problem.startswith("defines "):
        hint = f", but its cell {problem}: should that be called {name}?" if problem else "."
        return f"There is no {name} in the notebook{hint}"
    typographic = "invalid character" in problem and re.search("[“”„‘’‚«»]", problem)
    advice = " Python needs the straight quotation marks of the keyboard, \" or '." if typographic else ""
    bare = letter and re.search(r"NameError: name '[a-zA-Z]' is not defined", problem)
    advice = " Python needs quotation marks around a letter." if bare else advice
    return f"{name} could not be used: its cell {problem.removesuffix('.')}.{advice}"


def reworded(sentence: str) -> str:
    """A check's sentence, as it fits here."""
    for before, after in REWORDED.items():
        sentence = re.sub(before, after, sentence)
    return sentence


def described(points: Points) -> dict:
    """Points and the verdict behind them, as plain data."""
    verdict = points.verdict
    result: dict = {"points": round(float(points), 2)}
    if hasattr(verdict, "parts"):
        result["said"] = re.sub(r" (yet|so far)\b", "", verdict.summary)
        result["hints"] = list(verdict.hints)
        result["parts"] = [[part.name, part.state, reworded(part.sentence)] for part in verdict.parts]
    else:
        question, answer = verdict.question, verdict.answer
        option = question.options.get(answer)
        result |= {"answer": answer, "question": question.text, "answer_text": option.text if option else ""}
        result["why"] = option.why if option else ""
        state = "right" if verdict.score == 1 else "wrong" if result["answer"] else "open"
        problem = getattr(verdict, "problem", "").partition(" Write one of them into")[0]  # it is too late for that
        result["parts"] = [["the answer", state, problem]]
    return result


def trusted_names(known: collected.Exercise) -> dict[str, Any]:
    """What the exercise itself imports; no cell of a submission can give these names another meaning."""
    space: dict[str, Any] = {}
    for cell in known.cells:
        if cell.kind == "code" and cell.points is None:
            body = [node for node in collected.statements(cell.text) if isinstance(node, ast.Import | ast.ImportFrom)]
            exec(compile(ast.Module(body, []), cell.name, "exec"), space)
    space.pop("__builtins__", None)
    return space


def given_names(known: collected.Exercise) -> set[str]:
    """What the exercise itself takes from the library's exercises: `from ... import name`, and `module.name`."""
    lines = [line for cell in known.cells if cell.kind == "code" for line in collected.statements(cell.text)]
    nodes = [node for line in lines for node in ast.walk(line)]
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    found = {each.name for node in imports if "lstm_teach.exercises" in (node.module or "") for each in node.names}
    parts = [node for node in nodes if isinstance(node, ast.Attribute)]
    return found | {node.attr for node in parts if getattr(node.value, "id", "") in found}


def _needed(tree: ast.Module) -> list[str]:
    """The names that a graded cell reads and does not bind, in order; those of its last line first."""
    loaded = [n.id for line in [*tree.body[-1:], *tree.body] for n in ast.walk(line) if isinstance(n, ast.Name)]
    outside = cellcode.globals_read(compile(tree, "a check", "exec")) - cellcode.stored(tree.body)
    return [name for name in dict.fromkeys(loaded) if name in outside]


def patience(wall: float, processor: float) -> float:
    """How many times as long as on an idle machine a check may take: by what this process has got so far, 1 to 4."""
    return round(min(4.0, max(1.0, wall / max(processor, 0.01))), 1)


def wait_longer(times: float) -> None:
    """Let every check of a learner's function take so many times as long: a busy machine makes no answer wrong."""
    plain = judging.Attempt.__init__

    def patient(self, function: Any, seconds: float = judging.SECONDS, *rest: Any, **options: Any) -> None:
        plain(self, function, times * seconds, *rest, **options)

    judging.Attempt.__init__ = patient


def remember_what_is_allowed() -> None:
    """Keep what a check says that a learner's function may call: the calls themselves are seen in the other process."""
    plain = borrowed.answer_in

    def kept(found: Collection[str], modules: Collection[str], allowed: Collection[str] = ()) -> str:
        ALLOWED.append((modules, allowed))
        return plain(found, modules, allowed)

    borrowed.answer_in = kept


def leave_out_the_doctor() -> None:
    """It runs changed versions of a learner's function, which must not happen here; before any exercise is loaded."""
    for module in (lstm_teach, doctor):
        for name in doctor.__all__:
            if inspect.isfunction(getattr(module, name, None)):
                setattr(module, name, _nothing)


def _nothing(*anything: Any, **options: Any) -> None:
    return None


def main(arguments: list[str]) -> int:
    """Judge the submission that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submission", type=Path)
    parser.add_argument("exercise", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--cell-seconds", type=float, default=30)
    parser.add_argument("--seconds", type=float, default=300, help="for all cells and checks together")
    parser.add_argument("--memory", type=int, default=4096, help="in MB, for the submission's process")
    parser.add_argument("--seed", type=int, help="draw the cases of all checks with this number")
    options = parser.parse_args(arguments)
    cells, _ = collected.read_cells(options.submission)
    leave_out_the_doctor()
    remember_what_is_allowed()
    adopt_orphans()
    if hasattr(signal, "SIGTERM"):  # so that a submission's process is ended with this one
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    known = collected.exercise(options.exercise)
    wait_longer(times := patience(time.perf_counter() - STARTED, time.process_time()))

    def save(found: dict) -> None:  # whoever ends this process finds the last ones whole
        part = options.results.with_suffix(".part")
        part.write_text(json.dumps(found), encoding="utf-8")
        part.replace(options.results)

    limits = times * options.cell_seconds, options.memory, options.seed, times * options.seconds
    save(score(cells, known, *limits, save))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
