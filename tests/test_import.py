"""Arrows point one way: which module may import which, and what `import lstm_teach` brings along."""

import ast
import re
import subprocess
import sys

import pytest
from projectfiles import ROOT

PACKAGE = ROOT / "lstm_teach"
CORE = {  # module: what it may import of this package
    "validate": set(),
    "guard": set(),
    "params": {"validate"},
    "forward": {"validate", "params", "plain"},
    "backward": {"validate", "params", "plain", "forward"},
    "nested": {"validate", "params", "plain", "forward", "backward"},
    "plain": {"params"},
    "graph": {"validate", "params", "plain", "forward", "backward", "nested"},
    "gradients": {"validate", "params", "forward"},
    "gradreport": {"validate", "params", "html"},
    "gradcheck": {"validate", "params", "forward", "gradients", "gradreport", "guard"},
    "batch": {"params", "forward", "backward"},
    "tasks": {"validate", "params", "forward", "batch"},
    "training": {
        "validate",
        "params",
        "forward",
        "backward",
        "nested",
        "gradcheck",
        "guard",
        "batch",
        "tasks",
    },
}
PICTURES = ("matplotlib", "ipywidgets", "anywidget", "IPython")


def imported(path):
    """The modules that a file imports, in full: lstm_teach.params, numpy, ..."""
    package = list(path.relative_to(ROOT).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def own(path):
    """The modules and folders of this package that a file imports."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("lstm_teach.")}


@pytest.mark.parametrize("module", CORE)
def test_a_core_module_imports_only_what_stands_before_it(module):
    names = {path.stem for path in PACKAGE.glob("*.py")} | {"figures", "explorers"}
    assert own(PACKAGE / f"{module}.py") & names <= CORE[module]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_a_docstring_that_says_what_only_is_imported_names_it_all(path):
    said = re.search(r"Imports ([^.;:]*?)\s+only[.:]", ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "")
    if said and path.stem != "__init__":
        words = {*re.findall(r"\w+", said[1]), *(["validate"] if "input checks" in said[1] else ())}
        modules = {name for name in imported(path) if (ROOT / f"{name.replace('.', '/')}.py").is_file()}
        assert {name.rpartition(".")[2] for name in modules} <= words


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_no_module_beside_the_core_imports_pictures(path):
    assert not {name.split(".")[0] for name in imported(path)} & set(PICTURES)
    assert not own(path) & {"figures", "explorers"}


@pytest.mark.parametrize("path", sorted((PACKAGE / "figures").glob("*.py")), ids=lambda path: path.name)
def test_a_figure_knows_neither_widgets_nor_pyplot(path):
    assert "explorers" not in own(path)
    assert not [name for name in imported(path) if name.startswith(("ipywidgets", "anywidget", "matplotlib.pyplot"))]


def test_import_lstm_teach_loads_neither_matplotlib_nor_widgets():
    code = f"import sys, lstm_teach; print([name for name in {PICTURES} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"


def test_the_names_of_the_package_are_all_there():
    import lstm_teach

    assert sorted(lstm_teach.__all__) == sorted(set(lstm_teach.__all__))
    for name in lstm_teach.__all__:
        assert hasattr(lstm_teach, name), name
