"""Every notebook is clean, well formed and runs from top to bottom in a fresh kernel."""

import copy
import os
import re
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from browser.lab import find_chromium
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from projectfiles import ROOT, notebooks, relative, skip_but_fail_in_ci

LONGEST_CELL, LONGEST_LOOP = 25, 28  # lines of code; the second for the posted loop, repaired in one cell
CELL_TIMEOUT = 120  # seconds
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
RANDOM_ID = re.compile(r"[0-9a-f]*\d[0-9a-f]*(-[0-9a-f]+)*")  # what an editor makes up: 8 hex digits or a UUID
PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)[^)]*\)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s#]+)[^)]*\)")

each_notebook = pytest.mark.parametrize("path", notebooks(), ids=relative)


def test_there_are_notebooks():
    if not notebooks():
        skip_but_fail_in_ci("there is no notebook yet")


def test_every_notebook_is_checked_in_as_nbformat_writes_it():
    """Saving a notebook in JupyterLab changes nothing but what the author changed."""
    for path in notebooks():
        text = path.read_text(encoding="utf-8")
        assert text == nbformat.writes(read(path)) + "\n", f"{relative(path)}: {text[:80]}"


@each_notebook
def test_notebook_is_clean_and_well_formed(path):
    notebook = read(path)
    assert problems(notebook, released_to(path)) == []


# Where there is a browser, its tests run the lessons in the same way, untouched. The release tests run the exercises
# and their sources, in a Python without a kernel, so one of these is enough here.
SOURCES = [path for path in notebooks() if not relative(path).startswith("notebooks/")]
RUN_HERE = [path for path in notebooks() if find_chromium() is None and path not in SOURCES]


@pytest.mark.parametrize("path", [*RUN_HERE, pytest.param(SOURCES[0], marks=pytest.mark.long)], ids=relative)
def test_notebook_runs_from_top_to_bottom(path, tmp_path):
    assert trouble_when_run(read(path), path.parent, tmp_path) == []


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook as it is; nbformat's own reading would repair some of its faults."""
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def released_to(path: Path) -> Path:
    """The folder in which a reader opens the notebook, and from which its links go out."""
    return ROOT / "notebooks" / "exercises" if ROOT / "instructor" in path.parents else path.parent


def problems(notebook: nbformat.NotebookNode, folder: Path) -> list[str]:
    """Everything about a notebook's form that a reader or the next author would stumble over."""
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        return ["older than nbformat 4.5"]
    found = []
    try:
        with warnings.catch_warnings(action="ignore"):
            nbformat.validate(copy.deepcopy(notebook), relax_add_props=False)  # it would repair the ids
    except nbformat.ValidationError as error:
        found.append(f"not valid: {error.message}")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        found.append("the kernel is not python3")
    for key in set(notebook.metadata) - {"kernelspec", "language_info"}:
        found.append(f"metadata has {key!r}")
    ids = [cell.get("id", "") for cell in notebook.cells]
    for cell_id in sorted({cell_id for cell_id in ids if ids.count(cell_id) > 1}):
        found.append(f"two cells have the id {cell_id!r}")
    for cell in notebook.cells:
        found += [f"cell {cell.get('id')!r}: {problem}" for problem in cell_problems(cell, folder)]
    return found + heading_problems(notebook)


def cell_problems(cell: nbformat.NotebookNode, folder: Path) -> list[str]:
    """What is wrong with one cell."""
    found = []
    cell_id = cell.get("id", "")
    if not SLUG.fullmatch(cell_id) or RANDOM_ID.fullmatch(cell_id):
        found.append("the id is not a name in small letters and hyphens")
    if not cell.source.strip():
        found.append("is empty")
    if {"execution", "ExecuteTime", "scrolled"} & set(cell.metadata):
        found.append("metadata tells of a past run")
    if cell.cell_type == "code":
        if cell.outputs:
            found.append("has outputs")
        if cell.execution_count is not None:
            found.append("has an execution count")
        longest = LONGEST_LOOP if cell_id.endswith("repaired") else LONGEST_CELL
        if len(cell.source.splitlines()) > longest:
            found.append(f"has more than {longest} lines")
    if cell.cell_type == "markdown":
        text = without_code(cell.source)
        for picture in PICTURE.finditer(text):
            if len(picture["alt"].split()) < 3:
                found.append(f"the picture {picture['target']} is not described")
        for tag in re.findall(r"<img\b[^>]*>", text):
            if not re.search(r"\balt=\"[^\"]+\s[^\"]+\"", tag):
                found.append(f"the picture {tag} is not described")
        targets = [match["target"] for pattern in (PICTURE, LINK) for match in pattern.finditer(text)]
        for target in targets:
            attached = target.removeprefix("attachment:") in cell.get("attachments", {})
            if not (attached or re.match(r"[a-z]+:|#", target) or (folder / target.partition("#")[0]).exists()):
                found.append(f"{target} is not there")
    return found


def heading_problems(notebook: nbformat.NotebookNode) -> list[str]:
    """What is wrong with the headings: exactly one of level 1, at the top, and no level left out below it."""
    levels = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            levels += [len(marks) for marks in re.findall(r"^(#{1,6})\s", without_code(cell.source), re.MULTILINE)]
    found = []
    if levels.count(1) != 1 or levels[:1] != [1]:
        found.append("there is not exactly one heading of level 1, above all others")
    for before, level in pairwise(levels):
        if level > before + 1:
            found.append(f"a heading of level {level} follows one of level {before}")
    return found


def without_code(markdown: str) -> str:
    """The text of a markdown cell without its code, in which # and ![]() mean something else."""
    fenced = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]+`", "", fenced.sub("", markdown))


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def trouble_when_run(notebook: nbformat.NotebookNode, folder: Path, home: Path) -> list[str]:
    """Run a notebook in folder with a fresh kernel of this interpreter; list its errors and warnings.

    home takes the place of the user's IPython folder, whose start-up files must not count.
    """
    specs = KernelSpecManager(kernel_dirs=[str(home)], ensure_native_kernel=True)
    assert specs.get_kernel_spec("python3").argv[0] == sys.executable
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=CELL_TIMEOUT,
        startup_timeout=CELL_TIMEOUT,
        allow_errors=True,
        store_widget_state=False,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=kernel_environment(home), cleanup_kc=True)  # a kernel of a manager that it is given would stay
    assert not manager.has_kernel
    found = []
    for cell in code_cells(notebook):
        if cell.execution_count is None:
            found.append(f"cell {cell.id!r}: was not executed")
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"cell {cell.id!r}: {output.ename}: {output.evalue}")
            elif output.output_type == "stream" and output.name == "stderr":
                found.append(f"cell {cell.id!r}: standard error: {output.text}")
    return found


def kernel_environment(home: Path) -> dict[str, str]:
    """The environment of a kernel without the user's settings, which warns as it warns a learner."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "PYTHONWARNINGS")}
    return {**kept, "IPYTHONDIR": str(home / "ipython")}


def good_notebook() -> nbformat.NotebookNode:
    """A notebook with which nothing is wrong."""
    cells = [
        new_markdown_cell("# One\n\n## Two\n\n```\n# a comment\n```\n\n![a red line](line.png)", id="top"),
        new_code_cell("answer = 6 * 7", id="compute-it"),
        new_code_cell("answer", id="show-it"),
        new_markdown_cell("### Three\n\n`# no heading`\n\n## Two again", id="end-2"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write(cell: int, **changes):
    """A fault: replace fields of the cell with that number."""
    return lambda notebook: notebook.cells[cell].update(changes)


FAULTS = {
    "has outputs": write(1, outputs=[nbformat.v4.new_output("stream", text="42")]),
    "has an execution count": write(1, execution_count=1),
    "is empty": write(1, source=" \n"),
    "has more than 25 lines": write(1, source="answer = 42\n" * 26),
    "metadata tells of a past run": write(1, metadata={"execution": {"iopub.execute_input": "2024"}}),
    "two cells have the id 'compute-it'": write(2, id="compute-it"),
    "not a name": write(1, id="Compute_It"),
    "not a name in small": write(1, id="1b2c3d4e"),
    "not a name in small letters": write(1, id="f47ac10b-58cc-4372-a567-0e02b2c3d479"),
    "metadata has 'widgets'": lambda notebook: notebook.metadata.update(widgets={}),
    "the kernel is not python3": lambda notebook: notebook.metadata.kernelspec.update(name="conda-env-mine"),
    "older than nbformat 4.5": lambda notebook: notebook.update(nbformat_minor=4),
    "not valid": write(0, outputs=[]),
    "not exactly one heading": write(3, source="# Another"),
    "not exactly one heading of level 1": write(0, source="## No title"),
    "a heading of level 4 follows one of level 2": write(3, source="#### Too deep"),
    "line.png is not described": write(0, source="# One\n\n## Two\n\n![](line.png)"),
    "is not described": write(0, source='# One\n\n## Two\n\n<img src="line.png" alt="">'),
    "other.png is not there": write(0, source="# One\n\n## Two\n\n![a red line](other.png)"),
    "02_more.ipynb is not there": write(0, source="# One\n\n## Two\n\n[on](02_more.ipynb)"),
}


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_the_check_of_form_finds_each_fault_and_no_other(fault, tmp_path):
    (tmp_path / "line.png").touch()
    notebook = good_notebook()
    if fault:
        FAULTS[fault](notebook)
    found = problems(notebook, tmp_path)
    assert len(found) == (1 if fault else 0), found
    assert fault is None or fault in found[0]


def test_the_run_finds_errors_and_warnings_and_nothing_else(tmp_path):
    (tmp_path / "line.png").touch()
    faults = {
        "1 / 0": "ZeroDivisionError",
        "import warnings; warnings.warn('old')": "UserWarning: old",
        "import sys; print('oh', file=sys.stderr)": "standard error: oh",
    }
    fine = [
        "import pathlib; pathlib.Path('line.png').read_bytes()",
        "import os; assert 'MPLBACKEND' not in os.environ or 'inline' in os.environ['MPLBACKEND']",
        "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()",
        f"import sys; assert sys.executable == {sys.executable!r}",
    ]
    notebook = good_notebook()
    notebook.cells += [new_code_cell(source, id=f"cell-{number}") for number, source in enumerate([*faults, *fine])]
    found = trouble_when_run(notebook, tmp_path, tmp_path)
    assert len(found) == len(faults), found
    for number, (said, trouble) in enumerate(zip(found, faults.values(), strict=True)):
        assert said.startswith(f"cell 'cell-{number}'") and trouble in said
