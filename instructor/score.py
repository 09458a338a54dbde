"""Score the graded cells of one notebook in a process of its own, and write what came of each to a file.

    python instructor/score.py NOTEBOOK RESULTS --cell-seconds 30

Used by grade.py. The submitted cells run in order, and before every graded cell the library is put back to what it was
at the start, so that nothing which the notebook did to it survives: a new `Verdict.score`, say. A submission that
changes the library while it is being judged gets no points for that cell. RESULTS is JSON: the output of each graded
cell by its grade_id, as a notebook has it.
"""

import argparse
import builtins
import importlib
import json
import pkgutil
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from IPython.utils.capture import capture_output  # noqa: E402
from traitlets.config import Config  # noqa: E402

import lstm_teach.exercises  # noqa: E402
from lstm_teach.verdicts import Points  # noqa: E402

CODE = ("__code__", "__defaults__", "__kwdefaults__")
# attributes that Python itself may add to a class
OFTEN_NEW = {"__annotations__", "__annotate__", "__annotations_cache__", "__doc__", "__slotnames__"}


class Kept:
    """What the library is made of: the names of its modules and classes, and the code of its functions."""

    def __init__(self):
        for module in pkgutil.iter_modules(lstm_teach.exercises.__path__, "lstm_teach.exercises."):
            importlib.import_module(module.name)
        self.modules = [m for name, m in sorted(sys.modules.items()) if name.partition(".")[0] == "lstm_teach" and m]
        self.modules += [np, np.linalg, np.random, builtins]
        self.names = [(module, dict(vars(module))) for module in self.modules]
        self.classes, self.functions, self.objects = {}, {}, {}
        for module, names in self.names:
            if module.__name__.startswith("lstm_teach"):
                for value in names.values():
                    self._keep(value)

    def _keep(self, value):
        if isinstance(value, property):
            for function in (value.fget, value.fset):
                self._keep(function)
        elif isinstance(value, classmethod | staticmethod):
            self._keep(value.__func__)
        elif isinstance(value, FunctionType) and id(value) not in self.functions:
            self.functions[id(value)] = value, [getattr(value, name) for name in CODE]
            self._keep(getattr(value, "__wrapped__", None))
        elif not str(getattr(value, "__module__", "")).startswith("lstm_teach"):
            return
        elif isinstance(value, type) and value not in self.classes:
            self.classes[value] = dict(vars(value))
            for inner in self.classes[value].values():
                self._keep(inner)
        elif not isinstance(value, type) and hasattr(value, "__dict__"):  # a question, say
            self.objects[id(value)] = value, dict(vars(value))

    def put_back(self) -> list[str]:
        """Put everything back; return the names of what was changed."""
        changed = []
        for module, names in self.names:
            for name, value in names.items():
                if vars(module).get(name) is not value and not (module is builtins and name.startswith("_")):
                    changed.append(f"{module.__name__}.{name}")
                    setattr(module, name, value)
        for owner, names in self.classes.items():
            now = dict(vars(owner))
            for name in now.keys() - names.keys() - OFTEN_NEW:
                changed.append(f"{owner.__name__}.{name}")
                type.__delattr__(owner, name)
            for name, value in names.items():
                if now.get(name) is not value and name not in ("__dict__", "__weakref__", *OFTEN_NEW):
                    changed.append(f"{owner.__name__}.{name}")
                    type.__setattr__(owner, name, value)
        for function, code in self.functions.values():
            for name, value in zip(CODE, code, strict=True):
                if getattr(function, name) is not value:
                    changed.append(f"{function.__qualname__}")
                    setattr(function, name, value)
        for value, names in self.objects.values():
            if any(vars(value).get(name) is not old for name, old in names.items()):
                changed.append(type(value).__name__)
                vars(value).update(names)
        return changed


@contextmanager
def at_most(seconds: int):
    """Stop what takes longer; where there are no alarms (Windows), the limit of the whole process has to do."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(number, frame):
        raise TimeoutError(f"the cell did not finish within {seconds} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def scores(notebook: nbformat.NotebookNode, cell_seconds: int) -> dict[str, dict]:
    """Run the notebook; return the output of each graded cell by its grade_id."""
    quiet = Config({"HistoryManager": {"enabled": False}})
    kept, shell, found = Kept(), InteractiveShell.instance(config=quiet), {}
    put_back, points = kept.put_back, Points  # no name of the notebook's leads here
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        graded = cell.metadata.get("nbgrader", {})
        put_back()
        try:
            with capture_output(display=False), at_most(cell_seconds):
                outcome = shell.run_cell(cell.source)
        except TimeoutError as error:
            outcome, problem = None, error
        else:
            problem = outcome.error_before_exec or outcome.error_in_exec
        if not graded.get("grade"):
            continue
        if changed := put_back():
            names = ", ".join(sorted(set(changed)))
            problem = RuntimeError(f"the submission changed the library while it was judged: {names}")
        elif not problem and not (type(outcome.result) is points and 0 <= outcome.result <= graded["points"]):
            problem = TypeError("the graded cell has no points as its result")
        found[graded["grade_id"]] = error_output(problem) if problem else result_output(outcome.result)
    return found


def error_output(problem: BaseException) -> dict:
    """An exception as a cell's output: no points."""
    name, said = type(problem).__name__, str(problem)
    return dict(nbformat.v4.new_output("error", ename=name, evalue=said, traceback=[f"{name}: {said}"]))


def result_output(points: Points) -> dict:
    """Points as a cell's output, with the verdict as a page."""
    html = points._repr_mimebundle_().get("text/html", "")
    data = {"text/plain": repr(float(points)), "text/html": html}
    return dict(nbformat.v4.new_output("execute_result", data=data))


def main(arguments: list[str]) -> int:
    """Score the notebook that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--cell-seconds", type=int, default=30)
    options = parser.parse_args(arguments)
    notebook = nbformat.read(options.notebook, as_version=4)
    results = json.dumps(scores(notebook, options.cell_seconds))
    options.results.write_text(results, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
