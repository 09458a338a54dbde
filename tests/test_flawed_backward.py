"""Lesson 03: the loop in its cell, the learner's repairs, the switchboard, and what the lesson says in words."""

import itertools
import re

import nbformat
import numpy as np
import pytest
from lesson_cells import NOTEBOOKS, run_cells
from matplotlib.colors import to_rgba
from scenes import assert_same_as_full_drawing

import lstm_teach as lt
from lstm_teach.explorers.flawed_backward import errors_and_cells, example_net, switchboard
from lstm_teach.figures import flawed_backward as pictures
from lstm_teach.figures import style

NOTEBOOK = "03_flawed_backward"
CELLS = {cell.id: cell.source for cell in nbformat.read(NOTEBOOKS / f"{NOTEBOOK}.ipynb", as_version=4).cells}
COMBINATIONS = [frozenset(c) for count in range(5) for c in itertools.combinations(lt.FLAWS, count)]
ALL = frozenset(lt.FLAWS)
NAMES = lt.Params.NAMES
LENGTHS = (1, 2, 3, 6)


def right_after(repaired, T=6, seed=0, scale=0.8):
    errors, _ = errors_and_cells(frozenset(repaired), T, seed, scale)
    return [name for name in NAMES if lt.verdict(errors[name]) == "right"]


def with_repairs(source, repaired):
    """The source of a cell in which a learner made these repairs."""
    for flaw in repaired:
        _, before, after = pictures.REPAIRS[flaw]
        assert source.count(before) == 1, flaw
        source = source.replace(before, after)
    return source


def run_with(source):
    """Run the lesson up to its answer to the learner, with `my_backward` as edited; the picture is left out."""
    return run_cells(NOTEBOOK, until="which-are-left", replace={"my-backward": source, "flaw-1-pairs": ""})


@pytest.fixture(scope="module")
def lesson():
    """The names after running the whole lesson as it is."""
    return run_cells(NOTEBOOK)


# ------------------------------------------------------------------------------ the loop and its repairs


def test_the_loop_of_the_lesson_is_the_library_s(lesson):
    for T in range(1, 8):
        net = example_net(T)
        assert lt.relative_error(lesson["flawed_backward"](*net).flat, lt.nested_bptt(*net).flat) < 1e-14


def test_the_learner_s_copy_of_the_loop_differs_in_name_and_comments_only():
    def bare(source):
        lines = [re.sub(r"\s+# [A-F]$", "", line) for line in source.splitlines() if line.strip()]
        return [line for line in lines if '"""' not in line and not line.startswith(("def ", "lt.check"))]

    assert bare(CELLS["flawed-loop"]) == bare(CELLS["my-backward"])
    assert len(bare(CELLS["flawed-loop"])) > 15


@pytest.mark.parametrize("repaired", COMBINATIONS, ids=lambda c: "+".join(sorted(c)) or "none")
def test_a_learner_who_makes_these_repairs_gets_the_right_answer(repaired, capsys):
    source = with_repairs(CELLS["my-backward"], repaired)
    names = run_with(source)
    net = example_net(5, seed=3)
    expected = lt.nested_bptt(*net, repaired=repaired)
    assert lt.relative_error(names["my_backward"](*net).flat, expected.flat) < 1e-12
    assert lt.check_gradients(names["my_backward"]).passed == (repaired == ALL)
    answer = capsys.readouterr().out.splitlines()[-1]
    if repaired == ALL:
        assert "my_backward passes: all nine gradients are right" in answer
    else:
        left = [str(pictures.NUMBERS[flaw]) for flaw in lt.FLAWS if flaw not in repaired]
        assert answer == f"{len(left)} of the four flaws still in: {', '.join(left)}."


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ("dh = params.V.T @ dy[t]", "dh = params.V.T @ dz[t]", "my_backward raised UnboundLocalError"),
        ("reversed(range(t)):", "reversed(range(t + 2)):", "my_backward raised IndexError"),
        ("return grads", "return None", "my_backward returns nothing; it has to return the nine gradients"),
        ("return grads", "return grads.V", "my_backward returns a ndarray"),
        ("return grads", "params.V[0, 0] += 1\n    return grads", "my_backward changes its input params"),
        ("dc = dc + dc * cache.f[s]", "dc = 0 * dc", "This is none of the sixteen loops"),
    ],
)
def test_a_learner_s_mistake_gets_a_sentence(before, after, answer, capsys):
    source = CELLS["my-backward"].replace(before, after)
    assert source != CELLS["my-backward"]
    run_with(source)
    assert answer in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("prediction", "said"),
    [
        ('"C"', ["C", "none", "C", "A B D F"]),
        ('"abdf"', ["A B D F", "A B D F", "none", "none"]),
        ('["A", "E"]', ["A E", "A", "E", "B D F"]),
        ('""', ["nobody", "none", "none", "A B D F"]),
    ],
)
def test_the_lesson_comes_back_to_the_prediction(prediction, said, capsys):
    run_cells(NOTEBOOK, until="my-suspects-again", replace={"my-prediction": f"my_suspects = {prediction}"})
    assert re.findall(r"(?:named|reason): +(.+)", capsys.readouterr().out) == said


def test_the_lesson_comes_back_to_the_guess(capsys):
    cell = 'my_suspects = "C"\nmy_guess = 3'
    run_cells(NOTEBOOK, until="my-guess-again", replace={"my-prediction": cell, "explorer": ""})
    assert "Right after the best single repair: 1 of 9. Your guess was 3." in capsys.readouterr().out


def test_a_repair_as_the_lesson_prints_it_is_the_repair_of_the_picture():
    for cell in ("flaw-1-repair", "flaw-2-repair", "flaw-3-repair", "flaw-4-repair"):
        removed, added = re.search(r"```diff\n-(.*)\n\+(.*)\n```", CELLS[cell]).groups()
        flaw = lt.FLAWS[int(cell[5]) - 1]
        assert with_repairs(removed, [flaw]) == added
        assert removed.strip() in CELLS["flawed-loop"]
    hint = CELLS["hints"]
    assert all(after in hint for _, _, after in pictures.REPAIRS.values())


# ----------------------------------------------------------------------------- what the lesson says in words


def test_every_du_needs_three_repairs_and_every_dw_all_four():
    for repaired, seed, T in itertools.product(COMBINATIONS, range(5), (3, 6, 10)):
        expected = ["V"]
        if repaired >= ALL - {"scalar_dot"}:
            expected = list(NAMES) if repaired == ALL else ["V", "Ui", "Uf", "Uo", "Ug"]
        assert right_after(repaired, T, seed) == expected


def test_a_right_repair_can_raise_an_error(lesson, capsys):
    assert len(lesson["rises"]) > len(lesson["additions"]) / 2
    assert len(lesson["additions"]) == 32
    for before, flaw, name in lesson["rises"]:
        old, new = (errors_and_cells(c, 6, 0, 0.8)[0][name] for c in (before, before | {flaw}))
        assert new > old


def test_the_short_lengths_separate_the_flaws_as_the_lesson_reads_them():
    one, two = ["V", "Wo", "Uo"], ["V", "Ui", "Uf", "Uo", "Ug"]
    ladder = {
        "short_range": [["V"]] * 4,
        "stale_cell_delta": [list(NAMES), one, ["V"], ["V"]],
        "scalar_dot": [two] * 4,
        "carry_accumulates": [list(NAMES), one, ["V"], ["V"]],
    }
    for seed in range(5):
        assert ladder == {flaw: [right_after(ALL - {flaw}, T, seed) for T in LENGTHS] for flaw in lt.FLAWS}
        assert right_after({"short_range"}, 1, seed) == two
        assert right_after({"short_range", "scalar_dot"}, 1, seed) == list(NAMES)
        assert right_after({"scalar_dot"}, 1, seed) == ["V"]


def test_the_gradient_without_repair_2_alone_trains_like_the_right_one(lesson):
    start, right, almost, asked = (
        lesson["loss_after"](steps, repaired)
        for steps, repaired in ((0, ()), (200, lt.FLAWS), (200, lesson["almost"]), (200, ()))
    )
    assert abs(almost - right) < 0.1 * right
    assert 10 * right < asked < start


def test_the_worst_error_without_repair_2_alone_is_as_the_answer_says():
    scales = np.linspace(0.1, 1.5, 15).round(1)
    worst = {
        flaw: [
            max(errors_and_cells(ALL - {flaw}, 6, seed, scale)[0].values()) for seed in range(10) for scale in scales
        ]
        for flaw in lt.FLAWS
    }
    stale = np.reshape(worst.pop("stale_cell_delta"), (10, len(scales)))
    assert stale[:, 0].min() > 0.02 and stale[:, 0].max() < 0.09  # a few hundredths
    assert 0.8 < stale[:, -1].max() == stale.max() < 0.9  # up to nine tenths
    lower, upper = np.quantile(stale, (0.25, 0.75))
    assert lower > 0.1 and upper < 0.35  # most often one to three tenths
    assert min(map(min, worst.values())) > 0.5
    for seed in range(10):
        for scale in scales:
            errors = dict(errors_and_cells(ALL - {"stale_cell_delta"}, 6, seed, scale)[0])
            assert errors.pop("V") < 1e-15  # right, as always
            assert min(errors.values()) > 1e-4  # no bar near the bound
            assert max(errors, key=errors.get) not in ("Wo", "Uo")


def test_without_repair_2_alone_errors_are_far_from_rounding(capsys):
    run_cells(NOTEBOOK, until="almost-right-many", replace={"flaw-1-pairs": "", "explorer": "", "sixteen-picture": ""})
    said = capsys.readouterr().out
    rows = re.findall(r"^(0\.2|0\.8|1\.5) +(\S+) +(\S+) +(\S+)$", said, re.MULTILINE)
    smallest, middle, largest = np.array(rows, float).T[1:]
    assert 0.01 < middle[0] < 0.1  # some hundredths are the rule
    assert largest[-1] > 0.8 and (middle < largest).all()
    exact, numerical = (float(error) for error in re.findall(r"against \w+: +largest error (\S+)", said))
    assert exact < 1e-14 and 1e3 * numerical < smallest.min()


def test_a_search_keeps_what_lowers_the_number_and_nothing_else(lesson):
    score = {repaired: 10.0 - len(repaired) for repaired in COMBINATIONS}
    for search in (lesson["one_after_the_other"], lesson["best_first"]):
        assert search(score) == ALL
        # A wall in front of the end: three are kept. One in front of the start: nothing is.
        assert len(search(score | {ALL: 8.0})) == 3
        assert search(dict.fromkeys(COMBINATIONS, 1.0)) == frozenset()
    trap = score | {frozenset({"stale_cell_delta"}): 20.0, frozenset({"scalar_dot"}): 1.0}
    assert lesson["one_after_the_other"](trap) == ALL - {"stale_cell_delta"}
    assert lesson["best_first"](trap) == {"scalar_dot"}


def test_the_search_arrives_or_not_as_the_lesson_says(lesson):
    arrived = {key: counts[ALL] for key, counts in lesson["ends"].items()}
    assert arrived["one_after_the_other", "largest"] < 5
    assert arrived["best_first", "mean"] > 15
    at_ten = run_cells(
        NOTEBOOK, until="where-it-ends", replace={"where-it-ends": CELLS["where-it-ends"].replace("T=6", "T=10")}
    )
    assert at_ten["ends"]["best_first", "mean"][ALL] < arrived["best_first", "mean"]
    assert all(sum(counts.values()) == 20 for counts in lesson["ends"].values())


def test_walks_grow_and_two_flaws_together_grow_faster(capsys):
    run_cells(NOTEBOOK, until="two-flaws-numbers")
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("T = ")]
    assert [row[2] for row in rows] == ["5", "10", "15", "20"]
    asked, without_2, without_4, right = np.array([row[3:] for row in rows], float).T
    assert (np.diff(asked) > 0).all() and asked[-1] > 1e15
    assert 1e2 < without_2[-1] < 1e5
    assert without_4[-1] < 1 and right[-1] < 1


def test_the_first_walk_begins_with_zero_and_no_later_one(capsys):
    run_cells(NOTEBOOK, until="flaw-2-number")
    starts = [float(v) for v in re.findall(r"begins with \|dc\| = (\S+)", capsys.readouterr().out)]
    assert starts[0] == 0 and len(starts) == 6 and min(starts[1:]) > 0


def test_every_entry_of_the_flawed_dw_is_the_same_number():
    got = lt.nested_bptt(*example_net(6))
    for name in NAMES[1:5]:
        assert np.ptp(got[name]) < 1e-15 * max(1, np.abs(got[name]).max()) and got[name].any()


def test_without_any_repair_one_step_leaves_one_bright_column_in_every_du():
    net = example_net(1)
    _, cells = errors_and_cells(frozenset(), 1, 0, 0.8)
    for name in NAMES[5:]:
        assert np.flatnonzero(cells[name].any(0)).tolist() == [net[1][0]]


def test_inner_steps_are_counted(lesson, capsys):
    exec(CELLS["inner-steps"], {})
    assert "T = 500: 125250 inner steps" in capsys.readouterr().out
    assert [lesson["inner_steps"](T) for T in (1, 2, 3, 10, 500)] == [1, 3, 6, 55, 125250]
    assert "125,250" in CELLS["cost-read"]


@pytest.mark.parametrize("panel", ["As asked", "Repaired"])
def test_the_pairs_that_get_credit_are_those_that_the_loop_visits(lesson, panel):
    pairs = lesson["panels"][panel]
    repaired = ALL if panel == "Repaired" else ALL - {"short_range"}
    params, x, targets = lt.Params.random(4, 3, seed=1), np.arange(4), np.array([1, 2, 3, 0])
    cache = lt.forward(params, x)
    dy = cache.y - np.eye(4)[targets]
    before = lt.Params.zeros(4, 3)
    for t in range(4):
        # What one more loss adds; every token comes once, so column s of dUo belongs to step s.
        grads = lt.nested_bptt(params, x[: t + 1], targets[: t + 1], repaired=repaired)
        added = grads.Uo - before.Uo
        before = grads
        assert [s for s in range(4) if np.abs(added[:, s]).max() > 1e-12] == sorted(s for u, s in pairs if u == t)
        start = [s for (u, s), back in pairs.items() if u == t and back == 0]  # where dh has come no step back yet
        for s in start:
            slope = cache.ct[s] * cache.o[s] * (1 - cache.o[s])
            assert added[:, s] == pytest.approx(params.V.T @ dy[t] * slope, rel=1e-9)
    assert sorted(pairs.values()) == ([0, 0, 0, 1, 1, 2] if panel == "As asked" else [0, 0, 0, 0, 1, 1, 1, 2, 2, 3])


# ---------------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("repaired", [frozenset(), frozenset({"short_range"}), ALL - {"scalar_dot"}, ALL])
def test_the_switchboard_draws_the_library_s_errors(repaired):
    errors, cells = errors_and_cells(repaired, 6, 0, 0.8)
    net = example_net(6)
    got, right = lt.nested_bptt(*net, repaired=repaired), lt.exact_gradient(*net)
    figure = pictures.picture(errors, cells, repaired)
    bars, mosaic = figure.axes[0], figure.axes[1]
    for name, bar in zip(NAMES, bars.patches[:9], strict=True):
        error = lt.relative_error(got[name], right[name])
        assert bar.get_x() + bar.get_width() == pytest.approx(max(error, pictures.FLOOR), rel=1e-9)
        assert np.sqrt((cells[name] ** 2).sum()) == pytest.approx(error, rel=1e-9)
    (mesh,) = mosaic.collections
    shown = np.ma.filled(mesh.get_array(), np.nan)
    for name, (row, column) in {"V": (16, 0), "Wi": (0, 0), "Wf": (0, 7), "Wg": (0, 21), "Uo": (8, 14)}.items():
        rows, columns = cells[name].shape
        block = shown[row : row + rows, column : column + columns]
        assert np.allclose(10**block, np.maximum(cells[name], 1e-16), rtol=1e-9, atol=0)
    assert np.isfinite(shown).sum() == net[0].flat.size
    assert (mesh.norm.vmin, mesh.norm.vmax) == (-16, 0)


def test_the_marker_behind_a_bar_is_the_verdict():
    errors = dict.fromkeys(NAMES, 0.0) | {"Wi": 1e-5, "Wf": 1e-3, "Ug": 0.5, "Uf": 3e-8}
    cells = {name: np.zeros_like(matrix) for name, matrix in example_net()[0].items()}
    bars = pictures.picture(errors, cells, ()).axes[0]
    rows = {line.get_marker(): list(line.get_ydata()) for line in bars.lines if line.get_marker() in "oD^X"}
    assert rows == {"o": [0, 3, 4, 5, 6, 7], "D": [1], "^": [2], "X": [8]}
    numbers = [text.get_text() for text in bars.texts]
    assert numbers == ["0", "1e-5", "0.001", "0", "0", "0", "3e-8", "0", "0.5"]


def test_the_frame_is_around_the_code_in_use_and_the_veil_over_the_other():
    errors, cells = errors_and_cells(frozenset({"scalar_dot"}), 6, 0, 0.8)
    cover = pictures.picture(errors, cells, {"scalar_dot"}).axes[-1]
    frames, veils = cover.patches[::2], cover.patches[1::2]
    assert [frame.get_x() for frame in frames] == [pictures.BEFORE, pictures.BEFORE, pictures.AFTER, pictures.BEFORE]
    assert [veil.get_x() for veil in veils] == [pictures.AFTER, pictures.AFTER, pictures.BEFORE, pictures.AFTER]


def test_the_lattice_has_every_combination_once_with_its_count():
    right = {repaired: len(right_after(repaired)) for repaired in COMBINATIONS}
    axes = pictures.lattice_picture(right, 9).axes[0]
    shown = dict(text.get_text().split("\n") for text in axes.texts)
    assert len(shown) == len(axes.texts) == 16
    assert shown["none"] == "1 of 9" and shown["1+2+4"] == "5 of 9" and shown["1+2+3+4"] == "9 of 9"
    assert len(axes.lines) == 32
    text = pictures.describe_lattice(right, 9)
    assert text.startswith("9 of 9: 1+2+3+4. 5 of 9: 1+2+4. 1 of 9: none, 1, 2, 3, 4, 1+2,")


def test_the_other_pictures_say_what_they_show(lesson):
    panels = lesson["panels"]
    left, right = pictures.credit_picture(panels).axes
    assert [t.get_text() for t in left.texts].count("left out") == 4
    assert "left out" not in [t.get_text() for t in right.texts]
    right_color, wrong_color = to_rgba(style.COLORS["h"]), to_rgba(style.UNSURE)
    assert {patch.get_facecolor() for patch in right.patches} == {right_color}
    assert [patch.get_facecolor() == wrong_color for patch in left.patches] == [
        text.get_text() != "left out" for text in left.texts
    ]
    assert left.get_title(loc="left") == "As asked: 6 of 10 pairs get credit"
    text = pictures.describe_credit(panels)
    said = re.findall(r"(\w[\w ]*): (\d+) pairs [^.]*?(\d+) of them", text)
    assert said == [("As asked", "6", "0"), ("Repaired", "10", "10")]
    times = {"two loops": [1.0, 4.0], "single pass": [0.5, 1.0]}
    one, two = pictures.cost_picture([10, 20], times).axes[0].lines
    assert one.get_ydata().tolist() == times["two loops"] and two.get_ydata().tolist() == times["single pass"]
    assert pictures.describe_cost([10, 20], times) == (
        "From T = 10 to 20: two loops from 1 to 4 ms (times 4), single pass from 0.5 to 1 ms (times 2)."
    )


# ---------------------------------------------------------------------------------------------- explorer


@pytest.fixture
def explorer():
    explorer = switchboard()
    yield explorer
    explorer.close()


def test_it_starts_with_the_loop_as_asked(explorer):
    assert explorer.text.startswith(
        "Repaired: nothing. At T = 6, 1 of 9 gradients is right (dV). Worst: dWf, error 1.2"
    )
    assert_same_as_full_drawing(explorer._scene)


def test_every_control_changes_picture_and_text_at_both_ends(explorer):
    size = explorer._scene.size
    changes = {name: (True, False) for name in lt.FLAWS}
    changes |= {
        name: (explorer.controls[name].max, explorer.controls[name].min) for name in ("length", "scale", "seed")
    }
    assert set(changes) == set(explorer.controls)
    for name, ends in changes.items():
        explorer.reset()
        for value in ends:
            explorer.set(**{name: not value if isinstance(value, bool) else explorer.controls[name].value})
            png, text = explorer.png, explorer.text
            explorer.controls[name].value = value
            assert explorer.message == ""
            if value != explorer._start[name]["value"]:
                assert explorer.png != png, name
                assert explorer.text != text, name
            assert_same_as_full_drawing(explorer._scene)
            assert explorer._scene.size == size


def test_the_line_of_text_names_the_repairs_and_the_verdict_and_stays_one_line(explorer):
    for repaired, length in itertools.product(COMBINATIONS, (1, 2, 10)):
        explorer.set(length=length, **{flaw: flaw in repaired for flaw in lt.FLAWS})
        right = right_after(repaired, length)
        numbers = ", ".join(str(pictures.NUMBERS[flaw]) for flaw in lt.FLAWS if flaw in repaired) or "nothing"
        assert explorer.text.startswith(f"Repaired: {numbers}. At T = {length}, ")
        assert f"{len(right)} of 9" in explorer.text or (len(right) == 9 and "all 9 gradients" in explorer.text)
        assert len(explorer.text) <= 120
    assert "; largest error" in explorer.text


def test_the_frames_follow_the_checkboxes(explorer):
    cover = explorer._scene.figure.axes[-1]
    for repaired in COMBINATIONS:
        explorer.set(**{flaw: flaw in repaired for flaw in lt.FLAWS})
        framed_after = [frame.get_x() == pictures.AFTER for frame in cover.patches[::2]]
        assert framed_after == [flaw in repaired for flaw in lt.FLAWS]


def test_the_rounding_of_the_page_s_slider_does_not_change_the_picture(explorer):
    before = explorer.png
    explorer.controls["scale"].value = 0.7999999999999999
    assert explorer.png == before


def test_reset_puts_everything_back(explorer):
    png, text = explorer.png, explorer.text
    explorer.set(short_range=True, length=1, scale=0.1, seed=9)
    assert explorer.png != png
    explorer.reset()
    assert (explorer.png, explorer.text) == (png, text)


def test_the_checkboxes_say_in_words_what_they_repair(explorer):
    labels = [explorer.controls[flaw].description for flaw in lt.FLAWS]
    assert labels == [
        "1 Walk starts at step t",
        "2 Cell delta starts from zero",
        "3 Outer product for dW",
        "4 Carry replaces the cell delta",
    ]


def test_a_longer_example_begins_with_the_shorter_one_and_starts_from_a_state_that_is_not_zero():
    short, long = example_net(3, seed=4), example_net(10, seed=4)
    assert np.array_equal(short[0].flat, long[0].flat)
    for a, b in zip(short[1:3], long[1:3], strict=True):
        assert np.array_equal(a, b[:3])
    assert np.abs(long[3]).min() > 0.2 and np.abs(long[4]).min() > 0.2
