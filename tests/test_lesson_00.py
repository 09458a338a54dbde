"""Lesson 00: the set-up check says what is wrong; the blank, the prediction, the map and the names are true."""

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from lesson_cells import NOTEBOOKS, cell_source, cells_of, judged, run_cells, spec
from packaging.requirements import Requirement
from scenes import assert_same_as_full_drawing, pixels

import lstm_teach as lt
from lstm_teach import plain, set_up
from lstm_teach.explorers.set_up import set_up_check
from lstm_teach.figures import set_up as figures
from lstm_teach.figures.scene import drawn
from lstm_teach.plain import score_deltas

LESSON = "00_start_here"
PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def cell(name: str) -> str:
    return cell_source(LESSON, name)


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
        ("jupyterlab", None, "jupyterlab is not installed where this notebook's Python is."),
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


def test_without_the_library_the_lesson_says_so(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "lstm_teach.set_up", None)
    run_cells(LESSON, until="check-versions")
    assert "is missing. Set up as the README says" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------ the picture


@pytest.fixture
def explorer():
    explorer = set_up_check()
    yield explorer
    explorer.close()


@pytest.mark.parametrize("forget", [0.0, 0.05, 0.5, 0.99, 1.0])
def test_the_picture_and_its_text_follow_the_slider(explorer, forget):
    before = explorer.png
    explorer.controls["forget"].value = forget
    assert (pixels(explorer.png) != pixels(before)).any()
    assert explorer.text == figures.describe(forget ** np.arange(21))
    assert explorer.message == ""


def test_what_is_said_is_true():
    for f, left in ((0.0, "0%"), (0.01, "less than 0.01%"), (0.63, "less than 0.01%"), (0.64, "0.0133%")):
        said = f"With f = {f:g}, {left} of the value is left after 20 steps."
        assert figures.describe(f ** np.arange(21)) == said
    assert figures.describe(np.ones(21)) == "With f = 1, 100% of the value is left after 20 steps."


def test_the_heights_of_the_bars_are_the_powers():
    left = 0.8 ** np.arange(11)
    axes = drawn(figures.build(10), left).axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx(left)


def test_nothing_old_stays_in_the_picture():
    scene, update = figures.build(20)
    for forget in (1.0, 0.3, 0.9):
        update(forget ** np.arange(21))
        assert_same_as_full_drawing(scene)


def test_the_text_counts_the_bars_as_they_are(explorer):
    bars = explorer._scene.figure.axes[0].patches
    assert f"{len(bars)} bars" in cell("what-you-see")


# ------------------------------------------------------------------------------------------ prediction and blank


def test_the_slider_starts_where_the_prediction_asks_and_says_the_same(explorer, capsys):
    asked = spec(LESSON)["predictions"]["left"]
    assert "multiplied by 0.8 at each of 20 steps" in asked["text"] and asked["right"] == "c"
    assert explorer.text == "With f = 0.8, 1.15% of the value is left after 20 steps."
    assert ["1.15%" in said for _, said in asked["options"].values()] == [False, False, True]  # wrong ones do not tell
    assert f"{0.8**7:.0%}" in asked["options"]["b"][1] and 0.8**8 < 0.2 < 0.8**7
    run_cells(LESSON)
    assert capsys.readouterr().out.splitlines()[-1] == "1.15% is left after 20 steps"


def test_the_prediction_comes_before_the_picture_that_answers_it():
    ids = [c.id for c in cells_of(LESSON)]
    before = "\n".join(c.source for c in cells_of(LESSON)[: ids.index("predict-left")])
    assert ids.index("predict-left") < ids.index("slider") and "1.15" not in before


@pytest.mark.parametrize("line", ["f ** n", "pow(f, n)", "f ** (n - 2) * f * f"])
def test_right_lines_are_accepted_however_they_are_written(line):
    assert judged(LESSON, "left", {"left": line}).passed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("...", "Not written yet"),
        ("f * n", "This multiplies by the number of steps"),
        ("n ** f", "Base and exponent are swapped"),
        ("f", "after one step"),
        ("1 - f ** n", "the part that is lost"),
        ("1 - n * (1 - f)", "takes the same amount away at each step"),
        ("1 - n * 0.2", "This takes 0.2 away at each step"),
        ("round(f**n, 2)", "This is rounded. Keep all the digits."),
        ("0.0115", "A typed-in number can be right for these numbers only"),
        ("0.01", "left is off: yours is 0.01; it should be 0.01153. It reads none of the names above"),
        ("1 - n * f", "takes f away at each step"),
        ("f / n", "divides f by the number of steps"),
        ("1 / f**n", "This divides by f at every step, and a minus sign in the exponent does the same, so it grows"),
        ("int(f**n)", "This is 0. If you multiply in a loop, begin with 1"),
        ("max(f**n, 0.01)", "The typed-in number 0.01"),
    ],
)
def test_a_wrong_line_is_told_what_it_is(line, words):
    verdict = judged(LESSON, "left", {"left": line})
    assert not verdict.passed and words in str(verdict)


def test_the_try_that_the_lesson_suggests_shows_a_named_mistake():
    assert "write `f * n` first" in " ".join(cell("blanks").split())


def test_a_line_that_python_cannot_run_stops_the_cells_below_as_the_lesson_says():
    with pytest.raises(TypeError):
        judged(LESSON, "left", {"left": "f ^ n"})
    assert "`^` does neither" in cell("blanks") and "the cells\nbelow then don't run" in cell("blanks-note")


# ------------------------------------------------------------------------------------------ the map


def test_the_map_names_every_lesson_by_its_title_and_tells_no_answer():
    rows = [line for line in cell("map").splitlines() if re.match(r"\| \[?\d\. ", line)]
    assert [int(re.search(r"\d", row)[0]) for row in rows] == list(range(8))
    linked = re.findall(r"\((\d\d_\w+\.ipynb)\)", "\n".join(rows))
    assert [int(name[:2]) for name in linked] == list(range(1, 8))
    for row, name in zip(rows, sorted(NOTEBOOKS.glob("0*.ipynb")), strict=True):
        title, *_, minutes = (entry.strip() for entry in row.strip("| ").split("|"))
        opening = cells_of(name.stem)[0].source
        assert f"# {title.removeprefix('[').partition('](')[0]}" == opening.splitlines()[0]
        assert f"**Time**: {minutes} minutes" in opening
    page = "\n".join(c.source for c in cells_of(LESSON)).lower()
    for told in ("four", "sixteen", "seven lines", "dot product", "np.dot", "accumulat", "stale"):
        assert told not in page


# ------------------------------------------------------------------------------------------ the names

NAMES = (NOTEBOOKS / "names.md").read_text(encoding="utf-8")


def tables_of_names() -> tuple[list[list[str]], list[list[str]]]:
    """The rows of the two tables, as lists of cells."""
    first, second = re.findall(r"(?:^\|.*\n?)+", NAMES, re.MULTILINE)
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
    known["dy"] = score_deltas(cache, x)
    plain_cache = plain.forward(params, x, np.zeros(H), np.zeros(H))
    dy = plain.score_deltas(plain_cache, np.array([1, 1, 1]))
    known["dct"] = np.array([step["dct"] for step in plain.walk_back(params, plain_cache, dy)[1]])
    known |= {name: getattr(cache, name) for name in ("i", "f", "o", "g", "c", "ct", "h", "zi", "zf", "zo", "zg")}
    named = set()
    for names, shape, *_ in tables_of_names()[0]:
        for name in " ".join(re.findall(r"`([^`]+)`", names)).split():
            assert known[name].shape == eval(shape, {"T": T, "H": H, "K": K}), name
            named.add(name)
    assert {*params, "x", "targets", *"ifogcy", "ct", "h", "zi", "dy", *vars(deltas)} <= named


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
