"""Lesson 00: the set-up check says what is wrong, the map is complete, the names are those of the libraries."""

import re
import sys
import tomllib
from pathlib import Path

import nbformat
import numpy as np
import pytest
from lesson_cells import NOTEBOOKS, run_cells
from packaging.requirements import Requirement

import lstm_teach as lt
from lstm_teach import set_up
from lstm_teach.backward import output_delta
from lstm_teach.explorers.set_up import set_up_check

LESSON = "00_start_here"
PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def cell(name: str) -> str:
    (found,) = [c for c in nbformat.read(NOTEBOOKS / f"{LESSON}.ipynb", as_version=4).cells if c.id == name]
    return found.source


# ------------------------------------------------------------------------------------------ the set-up


def test_the_needed_versions_are_those_of_the_project_file():
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    required = {r.name: str(r.specifier).removeprefix(">=") for r in map(Requirement, project["dependencies"])}
    python = project["requires-python"].removeprefix(">=")
    assert {**required, "python": python, "lstm_teach": lt.__version__} == set_up.NEEDED


def test_the_lesson_prints_a_line_for_each_package_and_that_all_is_well(capsys):
    run_cells(LESSON, until="check-versions")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-2]] == list(set_up.NEEDED)
    assert all(" fine " in line for line in lines[:-2])
    assert len({line.index("needed:") for line in lines[:-2]}) == 1
    assert lines[-1] == "Everything is there."


@pytest.mark.parametrize(
    ("name", "version", "sentence"),
    [
        ("anywidget", None, "anywidget is missing: run %pip install --editable .. in a new cell"),
        ("numpy", "2.1.9", "numpy is too old: run %pip install --editable .. in a new cell"),
        ("python", "3.10.14", "Python 3.10.14 is too old: install 3.11 or newer"),
        ("jupyterlab", None, "jupyterlab is not where this notebook's Python is."),
        ("jupyterlab", "4.3.9", "jupyterlab is too old: run %pip install --editable .. in a new cell"),
    ],
)
def test_what_is_missing_or_too_old_gets_a_line_and_a_sentence(name, version, sentence, monkeypatch):
    good = {**set_up.NEEDED, name: version}
    monkeypatch.setattr(set_up, "installed_version", good.get)
    report = set_up.report_versions()
    *table, empty, last = report.splitlines()
    assert last.startswith(sentence) and empty == ""
    assert [line.split()[0] for line in table if " fine " not in line] == [name]
    assert "Everything is there" not in report


def test_a_package_that_is_not_installed_has_no_version():
    assert set_up.installed_version("numpy") == np.__version__
    assert set_up.installed_version("no-such-package-as-this") is None


@pytest.mark.parametrize(
    ("version", "needed", "older"),
    [("3.9.1", "3.11", True), ("3.11.0", "3.11", False), ("0.9.9", "0.9.18", True), ("10.0", "9.9", False)],
)
def test_versions_are_compared_as_numbers(version, needed, older):
    assert set_up.older(version, needed) is older


def test_without_the_library_the_lesson_says_so_and_goes_on(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "lstm_teach.set_up", None)
    run_cells(LESSON, until="check-versions")
    assert "is missing. Set up as the README says" in capsys.readouterr().out


def test_the_numbers_beside_the_slider_are_those_of_its_picture(capsys):
    run_cells(LESSON)
    lines = capsys.readouterr().out.splitlines()
    left = next(line for line in lines if line.startswith("after 20 steps:")).split()[-1].rstrip("%")
    assert f" {left} % of the value is left after 20 steps" in set_up_check().text


def test_the_text_counts_the_bars_as_they_are():
    bars = set_up_check()._scene.figure.axes[0].patches
    assert f"{len(bars)} bars" in cell("what-you-see")


# ------------------------------------------------------------------------------------------ the map


def test_the_map_names_every_lesson_and_links_those_that_are_there():
    rows = [line for line in cell("map").splitlines() if re.match(r"\| \[?\d\. ", line)]
    linked = re.findall(r"\((\d\d_\w+\.ipynb)\)", "\n".join(rows))
    there = sorted(path.name for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    assert linked == [name for name in there if not name.startswith("00")]
    for row in rows[1:]:
        minutes = row.strip("| ").split("|")[-1].strip()
        written = "](" in row
        assert re.fullmatch(r"\d+( to \d+)?", minutes) if written else minutes == "to come", row
    assert [int(re.search(r"\d", row)[0]) for row in rows] == list(range(8))


# ------------------------------------------------------------------------------------------ the names


def tables_of_names() -> tuple[list[list[str]], list[list[str]]]:
    """The rows of the two tables, as lists of cells."""
    first, second = re.findall(r"(?:^\|.*\n?)+", cell("names"), re.MULTILINE)
    return tuple(
        [[entry.strip() for entry in line.strip("|").split("|")] for line in table.splitlines()[2:]]
        for table in (first, second)
    )


def test_the_names_and_shapes_in_the_table_are_those_of_the_library():
    T, H, K = 3, 4, 5
    params, x = lt.Params.random(K, H, seed=0), np.array([0, 4, 2])
    cache = lt.forward(params, x)
    _, deltas = lt.bptt(params, x, [1, 1, 1], return_deltas=True)
    known = dict(params.items()) | vars(deltas) | {"x": x, "targets": x, "y": cache.y}
    known["dy"] = output_delta(cache, x)
    known |= {name: getattr(cache, name) for name in ("i", "f", "o", "g", "c", "ct", "h", "zi", "zf", "zo", "zg")}
    named = set()
    for names, shape, *_ in tables_of_names()[0]:
        for name in " ".join(re.findall(r"`([^`]+)`", names)).split():
            assert known[name].shape == eval(shape, {"T": T, "H": H, "K": K}), name
            named.add(name)
    assert {*params, "x", "targets", *"ifogcy", "ct", "h", "zi", "dy", "dzi", "dh", "dc"} <= named
    assert {"dh_future", "dc_carry"} <= named


def test_the_stacked_matrices_of_the_table_run_as_pytorch_and_keras_document_them():
    """The formulas of torch.nn.LSTM and of keras.layers.LSTM, fed with the expressions of the table."""
    params, x = lt.Params.random(5, 3, seed=2), [4, 0, 3, 3]
    cache = lt.forward(params, x)
    (for_input, torch_ih, keras_input), (for_hidden, torch_hh, keras_hidden) = tables_of_names()[1][:2]
    assert "weight_ih_l0" in torch_ih and "weight_hh_l0" in torch_hh
    assert "`kernel`" in keras_input and "`recurrent_kernel`" in keras_hidden and "transposed" in keras_input
    weight_ih, weight_hh = (eval(text.strip("`"), {"np": np, **params}) for text in (for_input, for_hidden))
    kernel, recurrent_kernel = weight_ih.T, weight_hh.T
    assert weight_ih.shape == (12, 5) and recurrent_kernel.shape == (3, 12)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def run(pre_activations):
        h, c = np.zeros(3), np.zeros(3)
        for t, k in enumerate(x):
            i, f, candidate, o = np.split(pre_activations(np.eye(5)[k], h), 4)  # i, f, g, o and i, f, c, o
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
            h = sigmoid(o) * np.tanh(c)
            np.testing.assert_allclose(h, cache.h[t], rtol=1e-12)

    run(lambda onehot, h: weight_ih @ onehot + weight_hh @ h)  # PyTorch
    run(lambda onehot, h: onehot @ kernel + h @ recurrent_kernel)  # Keras
