"""Lesson 02: what its cells compute, what it says in words, its explorer, and the picture of ten checks."""

import re
import time

import matplotlib.colors
import nbformat
import numpy as np
import pytest
from lesson_cells import NOTEBOOKS, run_cells
from scenes import assert_same_as_full_drawing

import lstm_teach as lt
from lstm_teach.explorers.gradient_check import (
    AROUND,
    STEPS,
    WEIGHTS,
    curves,
    estimates,
    example_net,
    losses_along,
    step_size_explorer,
    taylor,
)
from lstm_teach.figures import gradient_check as pictures
from lstm_teach.figures.style import RIGHT, WRONG

NOTEBOOK = "02_gradient_check"
CELLS = {cell.id: cell.source for cell in nbformat.read(NOTEBOOKS / f"{NOTEBOOK}.ipynb", as_version=4).cells}
NAMES = lt.Params.NAMES


@pytest.fixture(scope="module")
def lesson():
    """The names after running the whole lesson as it is."""
    return run_cells(NOTEBOOK)


def edited(cell, *changes):
    """The source of a cell in which a learner changed one thing after the other."""
    source = CELLS[cell]
    for before, after in changes:
        assert source.count(before) == 1, before
        source = source.replace(before, after)
    return source


# ---------------------------------------------------------------------------------- one derivative, one number


def test_the_net_of_the_lesson_is_that_of_lesson_1_and_fits_into_single_precision():
    params, x, targets, h0, c0 = example_net()
    assert np.allclose(params.flat, lt.Params.random(8, 4, seed=5, scale=0.8).flat, rtol=1e-7)
    for array in (params.flat, h0, c0):
        np.testing.assert_array_equal(array, array.astype(np.float32).astype(np.float64))
    assert [*x, targets[-1]] == [3, 1, 4, 1, 5, 2, 6, 5] and list(targets[:-1]) == list(x[1:])


def test_the_derivative_by_hand_is_the_library_s(lesson):
    net = example_net()
    assert lesson["by_hand"] == pytest.approx(lt.bptt(*net).V[1, 2], rel=1e-12)
    assert lesson["number"] == pytest.approx(lesson["by_hand"], rel=1e-8)
    assert lesson["central"]("Wf", (1, 1), 1e-5) == pytest.approx(lt.exact_gradient(*net).Wf[1, 1], rel=1e-7)


def test_forward_errors_fall_by_ten_and_central_ones_by_a_hundred(lesson):
    exact = lt.exact_gradient(*example_net()).Ug[2, 1]
    for scheme, factor in (("forward", 10), ("central", 100)):
        errors = [abs(lesson[scheme]("Ug", (2, 1), step) - exact) for step in (1e-1, 1e-2, 1e-3)]
        assert errors[0] / errors[1] == pytest.approx(factor, rel=0.1)
        assert errors[1] / errors[2] == pytest.approx(factor, rel=0.1)


def test_the_best_power_of_ten_is_near_1e_5(lesson):
    assert -6 <= lesson["best"] <= -4
    assert lesson["error"](lesson["central"]("Ug", (2, 1), 1e-15)) > 0.1


def test_differences_of_losses_are_whole_numbers_of_distances(lesson):
    assert lesson["distance"] == np.spacing(15.0)
    for power in (-13, -14, -15):
        step = 10.0**power
        difference = lesson["loss_with"]("Ug", (2, 1), step) - lesson["loss_with"]("Ug", (2, 1), -step)
        assert (difference / lesson["distance"]).is_integer()


def test_the_complex_step_of_the_lesson_is_exact(lesson):
    exact = lt.exact_gradient(*example_net()).Ug[2, 1]
    assert lesson["by_complex_step"] == pytest.approx(exact, rel=1e-14)


# ------------------------------------------------------------------------------------------- all weights


def test_the_double_loop_is_the_library_s(lesson):
    params = example_net()[0]
    mine, library = (f(lesson["loss_fn"], params) for f in (lesson["my_numerical_gradient"], lt.numerical_gradient))
    np.testing.assert_allclose(mine.flat, library.flat, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(params.flat, example_net()[0].flat)


MISTAKES = {
    "forgets to put the weight back": [("            matrix[index] = kept\n", "")],
    "puts the weight back at the end of a matrix": [
        ("            matrix[index] = kept\n", "            matrix[index] = kept - step\n")
    ],
    "divides by one step": [("/ (2 * step)", "/ step")],
    "takes the wrong sign": [("(ahead - behind)", "(behind - ahead)")],
    "takes one side": [("kept - step", "kept"), ("(2 * step)", "step")],
    "takes a step that is too small": [("step=1e-5", "step=1e-12")],
    "leaves out a matrix": [("for name in params:", "for name in list(params)[1:]:")],
    "returns nothing": [("    return grads\n", "    pass\n")],
    "returns a vector": [("    return grads\n", "    return grads.flat\n")],
}
SENTENCES = {
    "forgets to put the weight back": "The weights are not what they were: put each one back",
    "puts the weight back at the end of a matrix": "The weights are not what they were",
    "divides by one step": "Every number is 2 times what it should be",
    "takes the wrong sign": "Every number is -1 times what it should be",
    "takes one side": "both sides and a step of 1e-5 give 1e-9",
    "takes a step that is too small": "both sides and a step of 1e-5 give 1e-9",
    "leaves out a matrix": "The error of dV is 1e+00",
    "returns nothing": "It returns a NoneType; it has to return grads",
    "returns a vector": "It returns a ndarray; it has to return grads",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_double_loop_gets_a_sentence_that_names_it(mistake, capsys):
    source = edited("double-loop", *MISTAKES[mistake])
    run_cells(NOTEBOOK, until="double-loop-check", replace={"double-loop": source, "explore": ""})
    assert SENTENCES[mistake] in capsys.readouterr().out.splitlines()[-1]


def test_the_double_loop_as_it_stands_is_praised(capsys):
    run_cells(NOTEBOOK, until="double-loop-check", replace={"explore": ""})
    assert capsys.readouterr().out.splitlines()[-1].startswith("Right: the largest error of the nine matrices is")


def test_the_error_of_the_lesson_is_the_library_s(lesson):
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(size=(2, 3, 4))
        assert lesson["my_error"](a, b) == pytest.approx(lt.relative_error(a, b), rel=1e-12)
    assert lesson["my_error"](np.zeros(3), np.zeros(3)) == 0
    assert lesson["my_error"](a, -a) == pytest.approx(2)


def test_the_table_of_the_ladder_is_the_library_s():
    rows = re.findall(r"^\| (?:.*?)(1e-\d+) \| ([^|]+) \|", CELLS["ladder"], re.MULTILINE)
    assert [(float(bound), word) for bound, word in rows] == [(1e-7, "right"), (1e-4, "close, not exact"),
        (1e-2, "suspicious"), (1e-2, "wrong")]  # fmt: skip
    for bound, word in rows[:3]:
        assert lt.verdict(float(bound)) == word
    assert lt.verdict(1.01e-2) == rows[3][1]


def test_three_judges_agree(lesson):
    assert lt.relative_error(lesson["exact_grads"].flat, lesson["complex_grads"].flat) < 1e-13
    assert lt.relative_error(lesson["backward_pass"].flat, lesson["exact_grads"].flat) < 1e-13
    assert 1e-13 < lt.relative_error(lesson["exact_grads"].flat, lesson["numbers"].flat) < 1e-8


# ------------------------------------------------------------------------------------------ how a check lies


def test_the_backward_pass_of_the_lesson_is_the_library_s(lesson):
    assert lt.check_gradients(lesson["backward"]).passed
    for seed in range(5):
        params = lt.Params.random(5, 3, seed=seed)
        x, targets = np.random.default_rng(seed).integers(0, 5, (2, 9))
        mine, library = lesson["backward"](params, x, targets), lt.bptt(params, x, targets)
        assert lt.relative_error(mine.flat, library.flat) < 1e-13


@pytest.mark.parametrize(("broken", "at", "off"), [
    ("carry", 2, "Wi Wf Wg Ui Uf Ug"), ("slope", 1, "Wf Uf"), ("decay", 1, " ".join(NAMES)),
])  # fmt: skip
def test_each_word_breaks_what_the_lesson_says(lesson, broken, at, off):
    report = lt.check_gradients(lesson["partial"](lesson["backward"], broken=broken))
    wrong = {
        T: [n for n in errors if lt.verdict(errors[n]) != "right"] for T, errors in report.errors_by_length.items()
    }
    assert next(T for T in wrong if wrong[T]) == at
    assert wrong[at] == off.split()
    assert report.problems == ()


def test_five_checks_mislead_and_their_twins_tell_right_from_broken(lesson):
    said = {name: pictures.outcome(*numbers) for name, numbers in lesson["tests"].items()}
    assert list(said) == [
        "one step", "seven steps", "zero initial state", "initial state not zero", "weights 0.01, all as one",
        "weights 0.8, by matrix", "single precision", "double precision", "worst element", "norm of the matrix",
    ]  # fmt: skip
    assert list(said.values())[1::2] == ["tells them apart"] * 5
    assert list(said.values())[::2] == ["accepts both"] * 4 + ["rejects both"]


def test_in_the_good_checks_the_gap_is_five_powers_of_ten_and_holds_the_bound(lesson):
    for right, broken, bound in list(lesson["tests"].values())[1::2]:
        assert right < bound < broken and broken > 1e5 * right


def test_with_weights_of_a_hundredth_the_right_pass_looks_suspicious(lesson):
    off = lt.relative_error(lesson["tiny_grads"].Wf, lesson["tiny_numbers"].Wf)
    assert lt.verdict(off) == "suspicious"
    exact = lt.exact_gradient(lesson["tiny"], *example_net()[1:3])
    assert lt.relative_error(lesson["tiny_grads"].Wf, exact.Wf) < 1e-12


def test_with_tiny_weights_each_matrix_tells_and_all_as_one_does_not(lesson):
    """What the lesson says of the bound 1e-2: by matrix it lies between the two passes, all as one above both."""
    slope = lesson["partial"](lesson["backward"], broken="slope")
    for seed in (5, 0, 1, 2):
        of = (lt.Params.random(8, 4, seed=seed, scale=0.01), *example_net()[1:3])
        right, broken = (lesson["worst_error"](b, *of) for b in (lesson["backward"], slope))
        assert right < 1e-2 < 0.1 < broken < 1e5 * right
        right, broken = (lesson["error_of_all"](b, *of) for b in (lesson["backward"], slope))
        assert right < 1e-6 and 1e-3 < broken < 1e-2


def test_in_single_precision_no_step_opens_a_gap_of_a_power_of_ten(lesson):
    decay = lesson["partial"](lesson["backward"], broken="decay")
    for power in np.arange(-6, 0.5, 0.25):
        right, broken = (lesson["error_in_single"](b, 10.0**power) for b in (lesson["backward"], decay))
        assert broken < 10 * right


def test_the_worst_element_rejects_the_right_pass_on_almost_every_net(lesson):
    nets, seven = lesson["nets"], lesson["seven"]
    by_element, by_matrix = (
        [lesson[error](lesson["backward"], net, *seven) <= 1e-7 for net in nets]
        for error in ("worst_element", "worst_error")
    )
    assert sum(by_element) <= 5 and all(by_matrix)


def test_tokens_that_do_not_occur_have_zero_columns(lesson):
    x = example_net()[1]
    unseen = 8 - len(set(x.tolist()))
    assert unseen == lesson["unseen"] > 0
    assert lesson["zeros"] == (lesson["exact_grads"].flat == 0).sum() == 4 * 4 * unseen + 1
    assert lesson["exact_grads"].Uf[3, 3] == 0 and list(x).count(3) == 1 and x[0] == 3 and example_net()[4][3] == 0


def test_the_second_guess_is_answered_as_the_numbers_say(lesson):
    dropped = lesson["dropped"]
    assert lesson["worst_error"](dropped, lesson["params"], *lesson["one"]) < 1e-7
    assert lesson["worst_error"](dropped, lesson["params"], *lesson["seven"]) > 0.1
    assert lesson["exactly"](dropped, lesson["tiny"], *lesson["seven"]) > 0.1
    assert 1e-2 < lesson["error_of_all"](dropped, lesson["tiny"], *lesson["seven"]) < 0.1


def test_the_careless_check_accepts_everything_and_the_check_of_the_course_does_not(lesson):
    for broken in ("", "carry", "slope", "decay"):
        candidate = lesson["partial"](lesson["backward"], broken=broken)
        assert lesson["careless_check"](candidate)
        assert lt.check_gradients(candidate).passed == (broken == "")


def test_the_exercise_has_the_answer_that_is_folded_below_it(capsys):
    source = edited("backward", ("dzo = dh * ct * o", "dzo = dh * cache.c[t] * o"))
    run_cells(NOTEBOOK, replace={"backward": source, "explore": "", "element-wise": "tests['x'] = (1, 1, 1)"})
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert "does not pass" in lines[0]
    assert lines[1].startswith("T = 1: dWo dUo wrong;")
    assert lines[2].startswith("T = 2: dWi dWf dWo dWg dUi dUf dUo dUg wrong;")


def test_a_slip_in_the_exercise_is_named_and_not_called_right(lesson, capsys):
    names = dict(lesson)
    exec(edited("backward", ("dzo = dh * ct * o", "dzo = dh * slip * o")), names)
    exec(CELLS["exercise"], names)
    out = capsys.readouterr().out
    assert "name 'slip' is not defined" in out and "none wrong" not in out


@pytest.mark.parametrize("cell", ["too-small", "count-the-distances", "complex-step"])
def test_a_cell_that_is_run_again_after_the_lesson_says_what_it_said(cell, lesson, capsys):
    """Later cells must not take the names of earlier ones for something else."""
    run_cells(NOTEBOOK, until=cell)
    there = capsys.readouterr().out.splitlines()
    exec(CELLS[cell], dict(lesson))
    again = capsys.readouterr().out.splitlines()
    assert again == there[-len(again) :] != []


def test_the_lesson_comes_back_to_both_guesses(capsys):
    guesses = 'my_best_step = "first guess"\nmy_checks_that_notice = "second guess"'
    run_cells(NOTEBOOK, until="check-second-guess", replace={"predict": guesses, "explore": ""})
    out = capsys.readouterr().out
    assert "you wrote: first guess" in out and "you wrote: second guess" in out


# ------------------------------------------------------------------------------------------------ the curves


@pytest.mark.parametrize("number", range(len(WEIGHTS)))
def test_the_curves_are_those_of_plain_code(number):
    name, index = WEIGHTS[number]
    params, *sequence = example_net()
    at = curves(number, "double")
    assert at.derivative == pytest.approx(lt.bptt(params, *sequence)[name][index], rel=1e-12)
    assert at.loss == pytest.approx(lt.loss(params, *sequence), rel=1e-14)

    def loss_with(nudge):
        net = params.astype(np.result_type(nudge))
        net[name][index] += nudge
        return lt.loss(net, *sequence)

    for k in (0, 60, 110, 130, 160):
        h = STEPS[k]
        found = {
            "central": (loss_with(h) - loss_with(-h)) / (2 * h),
            "forward": (loss_with(h) - loss_with(0.0)) / h,
            "complex step": loss_with(1j * h).imag / h,
        }
        noise = 1e-14 / h  # a batch may round differently from a single net
        for scheme, estimate in found.items():
            expected = (estimate - at.derivative) / at.derivative
            allowed = 1e-12 if scheme == "complex step" else noise / abs(at.derivative)
            assert at.error[scheme][k] == pytest.approx(expected, abs=allowed)


def test_taylor_s_coefficients_are_the_derivatives():
    name, index = WEIGHTS[0]
    powers = taylor(name, index)
    net = example_net()
    assert powers[0] == pytest.approx(lt.loss(*net), rel=1e-14)
    assert powers[1] == pytest.approx(lt.exact_gradient(*net)[name][index], rel=1e-12)
    h = 1e-3
    before, here, after = losses_along(name, index, np.array([-h, 0, h]))
    assert powers[2] == pytest.approx((after - 2 * here + before) / h**2 / 2, rel=1e-4)


@pytest.mark.parametrize("number", range(len(WEIGHTS)))
@pytest.mark.parametrize("precision", ["double", "single"])
def test_truncation_and_rounding_add_up_to_the_error_and_keep_to_their_laws(number, precision):
    at = curves(number, precision)
    order = {"central": 2, "forward": 1, "complex step": 2}
    for scheme in pictures.SCHEMES:
        both = at.truncation[scheme] + at.rounding[scheme]
        known = np.isfinite(both)
        np.testing.assert_allclose(both[known], at.error[scheme][known], rtol=1e-12, atol=1e-15)
        slopes = np.diff(np.log10(np.abs(at.truncation[scheme][:120]))) / np.diff(np.log10(STEPS[:120]))
        np.testing.assert_allclose(slopes, order[scheme], atol=0.01)
        eps = np.finfo({"double": np.float64, "single": np.float32}[precision]).eps
        expected = pictures.expected_rounding(at, STEPS, scheme, eps)
        # What the picture calls "about": a factor of 10, or 100 where a small derivative is a sum of large terms.
        factor = 100 if scheme == "complex step" else 10
        assert (np.abs(at.rounding[scheme][known]) <= factor * np.maximum(expected, eps)[known]).all()


def test_where_the_series_gives_way_to_the_difference_the_two_agree():
    at = curves(0, "double")
    last = np.flatnonzero(np.isfinite(at.rounding["central"]))[-1]
    for scheme in pictures.SCHEMES:
        assert at.truncation[scheme][last] == pytest.approx(at.error[scheme][last], rel=1e-6)


def test_truncation_does_not_depend_on_the_precision():
    for number in range(len(WEIGHTS)):
        double, single = curves(number, "double"), curves(number, "single")
        for scheme in pictures.SCHEMES:
            np.testing.assert_array_equal(double.truncation[scheme], single.truncation[scheme])


def smallest(number, precision, scheme):
    """Where the error is smallest and how small, without the luck of a single step: the median of seven neighbors."""
    error = np.abs(curves(number, precision).error[scheme])
    smooth = np.array([np.median(error[max(0, k - 3) : k + 4]) for k in range(len(error))])
    return STEPS[smooth.argmin()], smooth.min()


def test_the_answers_to_the_questions_about_the_explorer():
    step, central = smallest(0, "double", "central")
    assert 1e-6 <= step <= 1e-4 and 3e-10 < central < 1e-9
    step, error = smallest(0, "double", "forward")
    assert 1e-8 <= step <= 1e-6 and 1e-7 < error < 3e-7
    assert 200 < error / central < 1000
    assert "with errors of 3e-10 to 1e-9" in CELLS["explorer-questions"]
    assert "hundreds of times larger, 1e-7 to 3e-7" in CELLS["explorer-questions"]
    step, error = smallest(0, "single", "central")
    assert 3e-3 <= step <= 3e-1 and 1e-5 < error < 1e-3
    assert 1e-9 < smallest(0, "single", "complex step")[1] < 1e-6
    ratio = curves(0, "double").derivative / curves(3, "double").derivative
    assert 50 < abs(ratio) < 200
    left = slice(40, 90)
    worse = np.median(np.abs(curves(3, "double").error["central"][left] / curves(0, "double").error["central"][left]))
    assert 20 < worse < 500
    heights = losses_along(*WEIGHTS[0], AROUND * 1e-14)
    assert len(set(heights)) < 12
    assert (np.diff(heights) < 0).any() and (np.diff(heights) > 0).any()


def test_single_precision_is_single_throughout():
    name, index = WEIGHTS[0]
    assert losses_along(name, index, STEPS[-2:].astype(np.float32)).dtype == np.float32
    assert losses_along(name, index, np.complex64(1j) * STEPS[-2:].astype(np.float32)).dtype == np.complex64
    assert set(estimates(name, index, "single")) == set(pictures.SCHEMES)


def test_the_twin_of_the_explorer_prints_its_errors(capsys):
    run_cells(NOTEBOOK, until="explore-in-numbers", replace={"explore": ""})
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[-9:]]
    at = curves(0, "double")
    for row, k in zip(rows, range(160, -1, -20), strict=True):
        assert float(row[0]) == pytest.approx(STEPS[k])
        if k >= 120:  # further down a single net and a batch may round differently
            assert float(row[1]) == pytest.approx(abs(at.error["central"][k]), rel=0.6)
            assert float(row[2]) == pytest.approx(abs(at.error["forward"][k]), rel=0.6)


# ------------------------------------------------------------------------------------------------ the explorer


@pytest.fixture
def explorer():
    explorer = step_size_explorer()
    yield explorer
    explorer.close()


ENDS = {
    "step": (1e-16, 1.0), "scheme": ("forward", "complex step"), "precision": ("single", "double"), "weight": (3, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_every_control_changes_picture_and_text_and_reset_brings_them_back(explorer, name):
    first = explorer.png, explorer.text
    for value in ENDS[name]:
        before = explorer.png, explorer.text
        explorer.controls[name].value = value
        assert explorer.png != before[0] and explorer.text != before[1]
        assert_same_as_full_drawing(explorer._scene)
    explorer.reset()
    assert (explorer.png, explorer.text) == first
    assert explorer.message == ""


def test_every_combination_of_ends_draws_and_has_a_short_line_of_text(explorer):
    for step in (1e-16, 1e-13, 1e-8, 1e-5, 1e-2, 1.0):
        for scheme in pictures.SCHEMES:
            for precision in ("double", "single"):
                for weight in range(len(WEIGHTS)):
                    explorer.set(step=step, scheme=scheme, precision=precision, weight=weight)
                    assert explorer.message == "" and len(explorer.text) < 130
                    assert "nan" not in explorer.text
    assert_same_as_full_drawing(explorer._scene)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"step": 0.1}, "error 0.0031, all of it truncation."),
        ({"step": 1e-16}, "error 1, the step is so small that the loss does not change at all."),
        ({"step": 1e-3, "precision": "double"}, "truncation 3.1e-7 dominates, rounding is"),
        ({"step": 1e-12}, "dominates, truncation is 3.1e-25."),
        ({"step": 1e-12, "precision": "single", "scheme": "complex step"}, "single precision, h = 1e-12: error"),
    ],
)
def test_the_text_says_how_large_the_error_is_and_which_kind_dominates(explorer, values, words):
    explorer.set(**values)
    assert words in explorer.text
    assert explorer.text.startswith("Ug[2, 1], ")


def test_the_text_knows_a_tie_and_a_perfect_derivative():
    one = {scheme: np.array([2e-9]) for scheme in pictures.SCHEMES}
    tie = pictures.Curves("V", (0, 1), 1.0, 1.0, one, one, {scheme: np.array([1e-9]) for scheme in pictures.SCHEMES})
    assert "truncation 2e-9 and rounding 1e-9 matter both." in pictures.describe(tie, 1e-5, 0, "central", "double")
    none = {scheme: np.zeros(1) for scheme in pictures.SCHEMES}
    perfect = pictures.Curves("V", (0, 1), 1.0, 1.0, none, none, none)
    assert "error 0, every digit" in pictures.describe(perfect, 1e-5, 0, "central", "double")


def test_what_is_drawn_are_the_errors_and_the_secant_of_the_scheme(explorer):
    left, right = explorer._scene.figure.axes
    curve_lines = [line for line in left.lines if len(line.get_xdata()) == len(STEPS)]
    for scheme, slot in (("central", -1.0), ("forward", 0.0)):
        explorer.set(step=1e-1, scheme=scheme, weight=0)
        at, k = curves(0, "double"), 150
        drawn = [line.get_ydata() for line in curve_lines]
        for error in at.error.values():
            clipped = np.clip(np.abs(error), pictures.FLOOR, pictures.CEILING)
            assert any(np.array_equal(clipped, ydata) for ydata in drawn)
        tangent, curve, secant, used = right.lines[-4:]
        np.testing.assert_allclose(tangent.get_ydata(), AROUND)
        losses = losses_along(*WEIGHTS[0], AROUND * STEPS[k])
        expected = (losses - losses[len(AROUND) // 2]) / (STEPS[k] * at.derivative)
        np.testing.assert_allclose(curve.get_ydata(), expected, rtol=1e-9, atol=1e-9)
        slopes = np.diff(secant.get_ydata()) / np.diff(AROUND)
        np.testing.assert_allclose(slopes, 1 + at.error[scheme][k], rtol=1e-9)
        np.testing.assert_array_equal(used.get_xdata(), [slot, 1.0])
        np.testing.assert_allclose(np.interp(used.get_xdata(), AROUND, secant.get_ydata()), used.get_ydata(), atol=1e-6)
        assert f"secant = {1 + at.error[scheme][k]:.6g} × tangent" == right.texts[0].get_text()


def test_a_click_on_the_errors_chooses_the_step_and_one_beside_them_does_nothing(explorer):
    left, right = explorer._scene.figure.axes
    width, height = explorer._scene.size

    def place(axes, point):
        px, py = axes.transData.transform(point)
        scale = explorer._scene.figure.dpi / 100
        return px / scale / width, 1 - py / scale / height

    explorer.point(*place(left, (1.05e-9, 1e-4)))
    assert explorer.controls["step"].value == pytest.approx(1e-9)
    explorer.point(*place(right, (0.5, 0.5)))
    assert explorer.controls["step"].value == pytest.approx(1e-9)


def test_every_step_of_the_slider_is_a_step_of_the_curves(explorer):
    slider = explorer.controls["step"]
    assert (slider.min, slider.max, slider.step) == (-16, 0, 0.1)
    for k in range(0, 161, 3):
        explorer.set(step=10 ** (-16 + 0.1 * k))
        left = explorer._scene.figure.axes[0]
        bar = next(line for line in left.lines if len(set(line.get_xdata())) == 1 and line.get_linewidth() == 5)
        assert bar.get_xdata()[0] == STEPS[k]


def test_an_answer_takes_little_computing(explorer):
    times = []
    for k in range(30):
        begin = time.process_time()  # not the clock on the wall: other programs may be running
        explorer.set(step=STEPS[5 * k])
        times.append(time.process_time() - begin)
    assert np.median(times) < 0.04


# --------------------------------------------------------------------------------------------- ten checks


CHECKS = [("good", 1e-9, 0.5, 1e-7), ("blind", 1e-9, 1e-9, 1e-7), ("strict", 1e-6, 0.5, 1e-7), ("odd", 1.0, 0.0, 1e-7)]


def test_the_picture_of_checks_shows_every_error_and_bound():
    axes = pictures.checks_picture(CHECKS).axes[0]
    right, broken = axes.lines
    assert right.get_color() == RIGHT and broken.get_color() == WRONG and right.get_marker() != broken.get_marker()
    np.testing.assert_array_equal(right.get_xdata(), [1e-9, 1e-9, 1e-6, 1.0])
    np.testing.assert_array_equal(broken.get_xdata(), [0.5, 1e-9, 0.5, pictures.FLOOR])
    np.testing.assert_allclose([bar.get_x() + bar.get_width() for bar in axes.patches], 1e-7)
    assert [text.get_text() for text in axes.texts] == [
        "tells them apart", "accepts both", "rejects both", "has it backwards",
    ]  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == [name for name, *_ in CHECKS]
    assert len({matplotlib.colors.to_hex(bar.get_facecolor()) for bar in axes.patches}) == 1


def test_the_line_below_the_checks_names_them_all():
    text = pictures.describe_checks(CHECKS)
    assert text == (
        "1 of 4: tells them apart (good). 1 of 4: accepts both (blind). 1 of 4: rejects both (strict). "
        "1 of 4: has it backwards (odd)."
    )
