"""Run a notebook's code cells in plain Python, so that a test can hold what a lesson teaches against the library."""

import linecache
import os
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def cell_source(name: str, cell_id: str) -> str:
    """The text of one cell of `notebooks/<name>.ipynb`."""
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    return next(cell.source for cell in cells if cell.id == cell_id)


def run_cells(name: str, until: str | None = None, replace: dict[str, str] | None = None) -> dict:
    """Execute the code cells of `notebooks/<name>.ipynb` one after the other and return their names.

    `until` is the id of the last cell to run (None: all). `replace` maps a cell's id to another source, as if a learner
    had edited that cell.
    """
    path = NOTEBOOKS / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    replace = dict(replace or {})
    namespace = {"__name__": "__main__"}
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                source = replace.pop(cell.id, cell.source)
                filename = f"{name}, cell {cell.id}"
                linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
                exec(compile(source, filename, "exec"), namespace)
                if cell.id == until:
                    break
        else:
            if until is not None:
                raise KeyError(f"{name} has no code cell {until!r}")
    finally:
        os.chdir(here)
    if replace:
        raise KeyError(f"{name} has no code cell {next(iter(replace))!r}")
    return namespace
