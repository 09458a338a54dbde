"""How small a nudge? The explorer of the step size and what "How a check lies" says of it."""

import time
from functools import partial

import numpy as np
import pytest
from lesson_cells import rounded_otherwise, words_of
from scenes import assert_same_as_full_drawing, click

import lstm_teach as lt
from lstm_teach.explorers import gradient_check as explorers
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

prose = partial(words_of, "deeper/how_a_check_lies")


def smallest(number, precision, scheme):
    """Where the error is smallest, without the luck of a single step: the median of seven neighbors."""
    error = np.abs(curves(number, precision).error[scheme])
    smooth = np.array([np.median(error[max(0, k - 3) : k + 4]) for k in range(len(error))])
    return STEPS[smooth.argmin()]


@pytest.fixture(params=range(6))
def anywhere(request, monkeypatch):
    """The losses as other processors round them; the curves are made anew."""
    monkeypatch.setattr(explorers, "loss", rounded_otherwise(explorers.loss, request.param))
    curves.cache_clear()
    yield
    curves.cache_clear()


@pytest.mark.usefixtures("anywhere")
def test_the_answers_about_the_best_step():
    error = np.abs(curves(0, "double").error["central"])
    assert 1e-6 <= smallest(0, "double", "central") <= 1e-4
    between = error[(STEPS >= 0.99e-6) & (STEPS <= 1.01e-4)]
    rounded = np.array([float(f"{each:.0e}") for each in between])
    assert np.mean((rounded >= 3e-10) & (rounded <= 4e-9)) > 0.5 and 1 <= sum(rounded < 3e-10) <= 7  # a few
    for text in ("between 1e-6 and 1e-4", "mostly between 3e-10 and 4e-9", "A few lucky nudges do better"):
        assert text in prose("how-small-answers")


@pytest.mark.usefixtures("anywhere")
def test_the_answer_about_the_other_weight():
    deltas = [curves(number, "double").derivative for number in (0, 1)]
    assert 90 < deltas[0] / deltas[1] < 130 and "a hundred times smaller" in prose("how-small-answers")
    assert 1e-4 <= smallest(1, "double", "central") <= 1e-3
    assert "its best nudges are between 1e-4 and 1e-3" in prose("how-small-answers")


@pytest.mark.usefixtures("anywhere")
def test_the_answer_about_single_precision():
    error = np.abs(curves(0, "single").error["central"])
    assert np.mean(error > 1e-4) > 0.95 and "nearly every nudge gives an error of more than 1e-4" in prose(
        "how-small-answers"
    )


@pytest.mark.usefixtures("anywhere")
def test_the_question_of_the_best_nudge_is_answered_right():
    errors = {power: abs(curves(0, "double").error["central"][160 + 10 * power]) for power in (-1, -5, -10, -15)}
    assert min(errors, key=errors.get) == -5
    assert "1e-1, 1e-5, 1e-10 or 1e-15" in prose("how-small") and "**1e-5.**" in prose("how-small-answers")
    assert 5e-6 < errors[-10] < 2e-4 and errors[-15] > 1  # four or five digits are right, and none


def test_far_down_the_loss_is_a_staircase_that_also_goes_down():
    heights = losses_along(*WEIGHTS[0], AROUND * 1e-14)
    assert len(set(heights)) < 12
    assert (np.diff(heights) < 0).any() and (np.diff(heights) > 0).any()


@pytest.mark.parametrize("number", range(len(WEIGHTS)))
def test_the_curves_are_those_of_plain_code(number):
    name, index = WEIGHTS[number]
    params, *sequence = example_net()
    at = curves(number, "double")
    assert at.derivative == pytest.approx(lt.bptt(params, *sequence)[name][index], rel=1e-12)
    assert at.loss == pytest.approx(lt.loss(params, *sequence), rel=1e-14)

    def loss_with(nudge):
        net = params.copy()
        net[name][index] += nudge
        return lt.loss(net, *sequence)

    for k in (0, 60, 110, 130, 160):
        h = STEPS[k]
        found = {
            "central": (loss_with(h) - loss_with(-h)) / (2 * h),
            "one-sided": (loss_with(h) - loss_with(0.0)) / h,
        }
        noise = 1e-14 / h  # a batch may round differently from a single net
        for scheme, estimate in found.items():
            expected = (estimate - at.derivative) / at.derivative
            assert at.error[scheme][k] == pytest.approx(expected, abs=noise / abs(at.derivative))


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
def test_the_bend_and_the_rounding_that_is_left_keep_to_their_laws(number, precision):
    at = curves(number, precision)
    for scheme, order in {"central": 2, "one-sided": 1}.items():
        slopes = np.diff(np.log10(np.abs(at.bend[scheme][:120]))) / np.diff(np.log10(STEPS[:120]))
        np.testing.assert_allclose(slopes, order, atol=0.01)
        eps = np.finfo({"double": np.float64, "single": np.float32}[precision]).eps
        expected = pictures.expected_rounding(at, STEPS, eps)
        assert (np.abs(at.error[scheme] - at.bend[scheme]) <= 10 * np.maximum(expected, eps)).all()


def test_single_precision_is_single_throughout():
    name, index = WEIGHTS[0]
    assert losses_along(name, index, STEPS[-2:].astype(np.float32)).dtype == np.float32
    assert set(estimates(name, index, "single")) == set(pictures.SCHEMES)


# ---------------------------------------------------------------------------------------- the explorer


@pytest.fixture(scope="module")
def made():
    explorer = step_size_explorer()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(made):
    made.reset()
    return made


ENDS = {"step": (1e-16, 1e-5), "scheme": ("one-sided", "central"), "precision": ("single", "double"), "weight": (1, 0)}


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


def test_it_starts_where_the_curve_visibly_bends(explorer):
    assert explorer.controls["step"].value == 1
    assert "error 0.23, all of it from the bend of the curve" in explorer.text


@pytest.mark.long
def test_every_end_of_the_controls_keeps_all_curves_inside_the_axes(explorer):
    left, right = explorer._scene.figure.axes
    for step in (1e-16, 7.9e-15, 1e-5, 1.0):
        for scheme in pictures.SCHEMES:
            for precision in ("double", "single"):
                for weight in range(len(WEIGHTS)):
                    explorer.set(step=step, scheme=scheme, precision=precision, weight=weight)
                    assert explorer.message == "" and len(explorer.text) < 140 and "nan" not in explorer.text
                    for axes in (left, right):
                        low, high = axes.get_ylim()
                        for line in axes.lines:
                            drawn = np.asarray(line.get_ydata(), float)
                            drawn = drawn[np.isfinite(drawn)]
                            if line.get_transform() == axes.transData:
                                assert ((low <= drawn) & (drawn <= high)).all()
    assert_same_as_full_drawing(explorer._scene)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"step": 0.1}, "error 0.0031, all of it from the bend of the curve."),
        ({"step": 1e-16}, "error 1, since both losses come out as the same number."),
        ({"step": 1e-3}, "nearly all from the bend of the curve (rounding:"),
        ({"step": 1e-12}, "nearly all from rounding (bend of the curve: 3.1e-25)."),
    ],
)
def test_the_text_says_how_large_the_error_is_and_where_it_comes_from(explorer, values, words):
    explorer.set(**values)
    assert words in explorer.text
    assert explorer.text.startswith("Ug[2, 1], central, double precision")


def test_the_text_says_where_rounding_and_bend_take_from_each_other_and_where_they_add():
    at = {sign: pictures.Curves("V", (0, 1), 1.0, 1.0, *({"central": np.array([e])} for e in (error, -3.1e-11)))
          for sign, error in (("less", 3.9e-11), ("and", -9.9e-11))}  # fmt: skip
    said = {sign: pictures.describe(curve, 1e-5, 0, "central", "double") for sign, curve in at.items()}
    assert said["less"].endswith("error 3.9e-11: 7e-11 from rounding, less 3.1e-11 from the bend of the curve.")
    assert said["and"].endswith("error 9.9e-11: 6.8e-11 from rounding, 3.1e-11 from the bend of the curve.")


def test_the_text_knows_a_perfect_derivative():
    none = {scheme: np.zeros(1) for scheme in pictures.SCHEMES}
    perfect = pictures.Curves("V", (0, 1), 1.0, 1.0, none, none)
    assert "error 0, every digit" in pictures.describe(perfect, 1e-5, 0, "central", "double")


def test_what_is_drawn_are_the_errors_and_the_measured_slope(explorer):
    left, right = explorer._scene.figure.axes
    curve_lines = [line for line in left.lines if len(line.get_xdata()) == len(STEPS)]
    for scheme, slot in (("central", -1.0), ("one-sided", 0.0)):
        explorer.set(step=1e-1, scheme=scheme, weight=0)
        at, k = curves(0, "double"), 150
        drawn = [line.get_ydata() for line in curve_lines]
        for error in at.error.values():
            clipped = np.clip(np.abs(error), pictures.FLOOR, pictures.CEILING)
            assert any(np.array_equal(clipped, ydata) for ydata in drawn)
        true, curve, measured, used = right.lines[-4:]
        np.testing.assert_allclose(true.get_ydata(), AROUND)
        losses = losses_along(*WEIGHTS[0], AROUND * STEPS[k])
        expected = (losses - losses[len(AROUND) // 2]) / (STEPS[k] * at.derivative)
        np.testing.assert_allclose(curve.get_ydata(), expected, rtol=1e-9, atol=1e-9)
        slopes = np.diff(measured.get_ydata()) / np.diff(AROUND)
        np.testing.assert_allclose(slopes, 1 + at.error[scheme][k], rtol=1e-9)
        np.testing.assert_array_equal(used.get_xdata(), [slot, 1.0])
        ends = np.interp(used.get_xdata(), AROUND, measured.get_ydata())
        np.testing.assert_allclose(ends, used.get_ydata(), atol=1e-6)
        assert f"measured slope = {1 + at.error[scheme][k]:.4g} × true slope" == right.texts[0].get_text()


def test_a_click_on_the_errors_chooses_the_step_and_one_beside_them_does_nothing(explorer):
    left, right = explorer._scene.figure.axes
    click(explorer, left, (1.05e-9, 1e-4))
    assert explorer.controls["step"].value == pytest.approx(1e-9)
    click(explorer, right, (0.5, 0.5))
    assert explorer.controls["step"].value == pytest.approx(1e-9)


def test_every_step_of_the_slider_is_a_step_of_the_curves(explorer):
    slider = explorer.controls["step"]
    assert (slider.min, slider.max, slider.step) == (-16, 0, 0.1)
    for k in range(0, 161, 10):
        explorer.set(step=10 ** (-16 + 0.1 * k))
        left = explorer._scene.figure.axes[0]
        bar = next(line for line in left.lines if len(set(line.get_xdata())) == 1 and line.get_linewidth() == 5)
        assert bar.get_xdata()[0] == STEPS[k]


def test_an_answer_takes_little_computing(explorer):
    times = []
    for k in range(15):
        begin = time.process_time()  # not the clock on the wall: other programs may be running
        explorer.set(step=STEPS[10 * k])
        times.append(time.process_time() - begin)
    assert np.median(times) < 0.04
