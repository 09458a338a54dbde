"""Run a notebook's code cells in plain Python, so that a test can hold what a lesson teaches against the library."""

import ast
import contextlib
import copy
import io
import linecache
import os
import re
import tomllib
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np

from lstm_teach.lessons import FOLDER
from lstm_teach.params import Params

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SOLUTION = re.compile(r"<details><summary>Solution</summary>\s*```python\n(.*?)```", re.DOTALL)


@cache  # reading takes longer than running most cells
def cells_of(name: str) -> list[nbformat.NotebookNode]:
    """The cells of `notebooks/<name>.ipynb`."""
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells


@cache
def spec(name: str) -> dict:
    """What the lesson's own file says of its blanks and predictions."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def cell_source(name: str, cell_id: str) -> str:
    """The text of one cell of `notebooks/<name>.ipynb`."""
    return next(cell.source for cell in cells_of(name) if cell.id == cell_id)


def words_of(name: str, *cell_ids: str) -> str:
    """The text of these cells as one line, however it is broken into lines."""
    return " ".join(" ".join(cell_source(name, cell_id).split()) for cell_id in cell_ids)


def run_cells(
    name: str, until: str | None = None, replace: dict[str, str] | None = None, results: dict | None = None
) -> dict:
    """Execute the code cells of `notebooks/<name>.ipynb` one after the other and return their names.

    `until` is the id of the last cell to run (None: all). `replace` maps a cell's id to another source, as if a learner
    had edited that cell. `results`, if given, receives the value of each cell's last line by the cell's id.
    """
    replace = dict(replace or {})
    namespace = {"__name__": "__main__"}
    for cell in cells_of(name):
        if cell.cell_type == "code":
            result = run_cell(name, cell.id, replace.pop(cell.id, cell.source), namespace)
            if results is not None:
                results[cell.id] = result
            if cell.id == until:
                break
    else:
        if until is not None:
            raise KeyError(f"{name} has no code cell {until!r}")
    if replace:
        raise KeyError(f"{name} has no code cell {next(iter(replace))!r}")
    return namespace


@cache
def solved_run(name: str) -> SimpleNamespace:
    """A whole run with the folded solutions filled in, made once for all tests of a process.

    Its `names` at the end, the `results` of the cells by their ids, and what was `printed`. All verdicts are right.
    """
    results, out = {}, io.StringIO()
    with contextlib.redirect_stdout(out):
        names = run_cells(name, replace=solved(name), results=results)
    verdicts = {cell_id: results[cell_id] for cell_id, source in solved(name).items() if "lesson.judge(" in source}
    assert [f"{cell_id}: {verdict}" for cell_id, verdict in verdicts.items() if not verdict.passed] == []
    return SimpleNamespace(names=names, results=results, printed=out.getvalue())


def run_cell(name: str, cell_id: str, source: str, namespace: dict):
    """Execute one cell's source in the notebook's folder; return the value of its last line, or None."""
    filename = f"{name}, cell {cell_id}"
    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    here = os.getcwd()
    os.chdir((NOTEBOOKS / f"{name}.ipynb").parent)
    try:
        exec(compile(tree, filename, "exec"), namespace)
        return eval(compile(ast.Expression(last.value), filename, "eval"), namespace) if last else None
    finally:
        os.chdir(here)


def solutions(name: str) -> dict[str, str]:
    """The folded solutions of a lesson: for each cell with blanks, by its id, the code that belongs there."""
    found, last = {}, None
    for cell in cells_of(name):
        if cell.cell_type == "code":
            last = cell
        elif (match := SOLUTION.search(cell.source)) and last is not None:
            found[last.id] = match[1]
    return found


def solved(name: str) -> dict[str, str]:
    """The source of every cell with blanks, with its folded solution filled in."""
    return {cell_id: fill(cell_source(name, cell_id), code) for cell_id, code in solutions(name).items()}


def fill(source: str, code: str) -> str:
    """A cell in which the open statements are replaced by `code`, at the place of the first."""
    lines, names = source.splitlines(), _assigned(ast.parse(code).body)
    open_ones = [s for s in ast.parse(source).body if _assigned([s]) & names and (_is_open(s) or _is_function(s))]
    if not open_ones:
        raise ValueError(f"no open line of the cell is one of {sorted(names)}")
    for k, statement in reversed(list(enumerate(open_ones))):
        lines[statement.lineno - 1 : statement.end_lineno] = code.rstrip().splitlines() if k == 0 else []
    return "\n".join(lines)


def judged(name: str, cell_id: str, lines: dict[str, str] | None = None, source: str | None = None):
    """The verdict of a cell with these right-hand sides in place of its dots (or with this whole source)."""
    if source is None:
        source = cell_source(name, cell_id)
        code = "\n".join(f"{target} = {value}" for target, value in lines.items())
        source = fill(source, code)
    return run_cell(name, cell_id, source, copied(names_before(name, cell_id)))


def names_before(name: str, cell_id: str) -> dict:
    """The names just before a cell, earlier blanks left open; a notebook is run once, as far as needed."""
    run = _run_of(name)
    while cell_id not in run.before:
        cell = next(run.cells, None)
        if cell is None:
            raise KeyError(f"{name} has no code cell {cell_id!r}")
        run.before[cell.id] = copied(run.namespace)
        with contextlib.redirect_stdout(io.StringIO()):
            run_cell(name, cell.id, cell.source, run.namespace)
    return run.before[cell_id]


@cache
def _run_of(name: str) -> SimpleNamespace:
    """A run of a notebook that is under way: the cells still to run, its names so far, and those before each cell."""
    cells = iter([cell for cell in cells_of(name) if cell.cell_type == "code"])
    return SimpleNamespace(cells=cells, namespace={"__name__": "__main__"}, before={})


def forget_runs() -> None:
    """Let the lessons be run anew by the tests that come next."""
    solved_run.cache_clear()
    _run_of.cache_clear()


def copied(namespace: dict) -> dict:
    """A notebook's names, with arrays and containers of their own."""
    kinds = (np.ndarray, list, dict, set, Params)
    return {
        key: copy.deepcopy(value) if isinstance(value, kinds) and key != "__builtins__" else value
        for key, value in namespace.items()
    }


def _assigned(statements: list[ast.stmt]) -> set[str]:
    names = {n.id for s in statements for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names | {s.name for s in statements if _is_function(s)}


def _is_function(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef)


def _is_open(statement: ast.stmt) -> bool:
    return any(isinstance(n, ast.Constant) and n.value is Ellipsis for n in ast.walk(statement))


def rounded_otherwise(function, run: int):
    """The function as another processor might round it: what it returns, half a unit of the last digit up or down.

    Run 0 is as it is here. What a page says of numbers that rounding makes must be true of each run.
    """
    rng = np.random.default_rng(run)

    def rounded(*given, **named):
        found = np.asarray(function(*given, **named))
        if run == 0 or np.iscomplexobj(found):
            return found[()]
        off = rng.choice([-0.5, 0, 0.5], size=found.shape) * np.finfo(found.dtype).eps
        return (found * (1 + off)).astype(found.dtype)[()]

    return rounded
