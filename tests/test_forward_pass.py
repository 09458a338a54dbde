"""Lesson 01: what its cells teach is what the library does, and its pictures show the library's numbers."""

from itertools import pairwise

import nbformat
import numpy as np
import pytest
from lesson_cells import NOTEBOOKS, run_cells
from matplotlib.colors import to_rgba
from matplotlib.text import Text
from scenes import assert_same_as_full_drawing, pixels

import lstm_teach as lt
from lstm_teach.explorers.forward_pass import HIDDEN_SIZE, LONGEST, SEED, VOCAB_SIZE, forward_explorer, parse_tokens
from lstm_teach.figures import forward_pass

NAMES = ("i", "f", "o", "g", "c", "ct", "h")
LESSON = "01_forward_pass"


@pytest.fixture(scope="module")
def lesson():
    return run_cells(LESSON)


@pytest.fixture(scope="module")
def cache():
    params = lt.Params.random(8, 6, seed=3, scale=1.5)
    return lt.forward(params, [3, 1, 4, 1, 5], h0=np.linspace(-1, 1, 6), c0=np.linspace(2, -3, 6))


@pytest.fixture(scope="module")
def one_explorer():
    return forward_explorer()


@pytest.fixture
def explorer(one_explorer):
    """The explorer as it is at the start."""
    one_explorer.reset()
    return one_explorer


def cell(name: str) -> str:
    (found,) = [c for c in nbformat.read(NOTEBOOKS / f"{LESSON}.ipynb", as_version=4).cells if c.id == name]
    return found.source


# ------------------------------------------------------------------------------------------ the lesson


def test_the_gates_computed_one_by_one_are_those_of_the_library():
    names = run_cells(LESSON, until="hidden-state")
    cache = lt.forward(names["params"], [names["token"]], names["h_before"], names["c_before"])
    for name in ("zi", "zf", "zo", "zg"):
        np.testing.assert_allclose(names[name], getattr(cache, name)[0], rtol=1e-13)
    for name in NAMES:
        np.testing.assert_allclose(names[name], getattr(cache, name)[0], rtol=1e-13)


def test_the_step_and_the_sequence_of_the_lesson_are_those_of_the_library_on_another_net(lesson):
    params, x = lt.Params.random(5, 7, seed=11, scale=1.2, forget_bias=-1.0), [4, 0, 0, 3, 2, 1]
    h0, c0 = np.linspace(-1, 1, 7), np.linspace(2, -2, 7)
    cache = lt.forward(params, x, h0, c0)
    for name, own in zip(NAMES, lesson["my_forward"](params, x, h0, c0), strict=True):
        np.testing.assert_allclose(own, getattr(cache, name), rtol=1e-12, atol=1e-14)


def test_the_output_and_the_loss_of_the_lesson_are_those_of_the_library(lesson):
    cache = lt.forward(lesson["params"], lesson["x"], lesson["h0"], lesson["c0"])
    np.testing.assert_allclose(lesson["y"], cache.y, rtol=1e-12)
    loss = lt.loss(lesson["params"], lesson["x"], lesson["targets"], lesson["h0"], lesson["c0"])
    assert lesson["L"] == pytest.approx(loss, rel=1e-12)


def test_random_nets_lose_on_average_against_one_that_knows_nothing_but_not_every_time(lesson):
    knows_nothing = lesson["T"] * np.log(lesson["K"])
    assert lesson["L"] > knows_nothing
    assert lesson["losses"].mean() > knows_nothing and 50 < lesson["more"] < 90


def test_with_t_rows_the_forward_pass_is_right_and_row_minus_one_is_not(lesson):
    np.testing.assert_array_equal(lesson["h_short"], lesson["h_right"][:-1])
    np.testing.assert_array_equal(lesson["c_right"][-1], lesson["c0"])
    np.testing.assert_array_equal(lesson["c_short"][-1], lesson["c_right"][lesson["T"] - 1])


def test_a_zero_initial_state_does_not_hide_the_wrong_row_from_a_gradient_check():
    """The answer of the lesson to its question: at t = 0 the last step's numbers are read, not zeros."""
    names = run_cells(LESSON, until="my-forward")
    x, targets, params = names["x"], names["sequence"][1:], names["params"]
    cache = lt.forward(params, x)
    _, deltas = lt.bptt(params, x, targets, return_deltas=True)
    short_f = np.concatenate([cache.c[-2:-1], cache.c[: len(x) - 1]])  # rows c[t-1] of arrays with T rows
    wrong = deltas.dc * short_f * cache.f[:-1] * (1 - cache.f[:-1])
    assert abs(wrong[0] - deltas.dzf[0]).max() > 1e-3
    np.testing.assert_allclose(wrong[1:], deltas.dzf[1:], rtol=1e-12)


STEP = """
def step(params, token, h_before, c_before):
    i = sigmoid(params.Ui[:, token] + params.Wi @ h_before)
    f = sigmoid(params.Uf[:, token] + params.Wf @ h_before)
    o = sigmoid(params.Uo[:, token] + params.Wo @ h_before)
    g = np.tanh(params.Ug[:, token] + params.Wg @ h_before)
    c = f * c_before + i * g
    ct = np.tanh(c)
    h = o * ct
    return i, f, o, g, c, ct, h
"""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("", ""), "All seven arrays are those of the library, at every step."),
        (("params.Wf @", "params.Wi @"), "f[0] is the first that differs"),
        (("np.tanh(params.Ug", "sigmoid(params.Ug"), "g[0] is the first that differs"),
        (("+ i * g", "+ g"), "c[0] is the first that differs"),
        (("h = o * ct", "h = o * c"), "h[0] is the first that differs"),  # the lesson's "try it"
        (("h = o * ct", "h = o * ct * np.nan"), "h[0] is the first that differs, by up to nan"),
    ],
)
def test_the_comparison_of_the_lesson_says_where_a_changed_step_goes_wrong(change, sentence, capsys):
    run_cells(LESSON, until="compare-with-library", replace={"step": STEP.replace(*change)})
    assert capsys.readouterr().out.splitlines()[-1].startswith(sentence)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("T + 1, H", "T, H"), "i has the shape (7, 4), expected is (T+1, H) = (8, 4)."),
        (("= h0, c0,", "= 0 * h0, c0,"), "h[-1] is the first that differs"),
        (("x[t], h[t - 1]", "x[t], h[t - 2]"), "i[0] is the first that differs"),
        (("c[t - 1])", "c[0])"), "c[0] is the first that differs"),
    ],
)
def test_the_comparison_of_the_lesson_says_where_a_changed_loop_goes_wrong(change, sentence, lesson, capsys):
    source = cell("my-forward")
    assert source.count(change[0]) == 1
    changed = source.replace(*change)
    run_cells(LESSON, until="compare-with-library", replace={"my-forward": changed})
    assert capsys.readouterr().out.splitlines()[-1].startswith(sentence)


def test_without_the_last_tanh_every_array_is_off_from_the_second_step_on(lesson, capsys):
    names = run_cells(LESSON, until="my-forward", replace={"step": STEP.replace("h = o * ct", "h = o * c")})
    for name in "ifogc":
        own, right = names[name], lesson[name]
        np.testing.assert_array_equal(own[0], right[0])
        assert (own[1:-1] != right[1:-1]).any(axis=1).all()


def test_the_answers_to_the_questions_on_the_explorer_are_true(lesson, explorer):
    f, c, two = lesson["run"].f[:-1, 0], lesson["run"].c[:, 0], forward_pass.number
    t = int(f.argmin())
    answers = " ".join(cell("explorer-questions").split())
    assert f"At step {t}, on token {lesson['tokens'][t]}: $f$ is {two(f[t])}" in answers
    assert f"of the value {two(c[t - 1])} next to nothing is kept, and the cell falls to {two(c[t])}" in answers

    explorer.set(step=t, bias=5.0)
    assert f"keeps {shown_numbers(explorer)['f']} of" in explorer.text
    assert f"lifts $f$ from {two(f[t])} to {shown_numbers(explorer)['f']}" in answers
    biased = lt.forward(lt.Params.random(VOCAB_SIZE, HIDDEN_SIZE, SEED, 1.2, forget_bias=5.0), lesson["tokens"])
    assert 0.9 < (biased.f[:-1] > 0.9).mean() < 1 and "$f$ near 1 almost everywhere" in answers
    assert f"rises by {biased.zf[t, 0] - lesson['run'].zf[t, 0]:.1f} and not by 5" in answers

    explorer.reset()
    explorer.set(scale=0.0, bias=3.0)
    for name, value in (("f", "0.95"), ("o", "0.50"), ("i", "0.50"), ("g", "0.00"), ("c", "0.00"), ("h", "0.00")):
        assert shown_numbers(explorer)[name] == value


def test_the_plain_code_beside_the_explorer_runs_the_same_net(lesson, explorer):
    assert explorer.text == forward_pass.describe(lesson["run"], explorer.values["step"], lesson["unit"])
    assert list(explorer.values["tokens"]) == lesson["tokens"]


# ------------------------------------------------------------------------------------------ the pictures


def test_the_maps_hold_the_librarys_arrays_and_their_scales_do_not_move(cache):
    figure = forward_pass.picture(cache, 2, 1)
    for axes, thing in zip(figure.axes, forward_pass.PANELS, strict=False):
        (heat_map,) = axes.collections
        np.testing.assert_array_equal(heat_map.get_array(), getattr(cache, thing)[:-1].T)
        assert (heat_map.norm.vmin, heat_map.norm.vmax) == {"c": (-2, 2), "g": (-1, 1), "h": (-1, 1)}.get(thing, (0, 1))
        assert [label.get_text() for label in axes.get_xticklabels()] == (
            [""] * 5 if thing in "ifo" else ["3\n0", "1\n1", "4\n2", "1\n3", "5\n4"]
        )


def test_the_mark_frames_the_current_step_and_the_unit(cache):
    for t, unit in ((0, 0), (2, 1), (4, 5)):
        for axes in forward_pass.picture(cache, t, unit).axes[:6]:
            marks = [line for line in axes.lines if len(line.get_xdata()) > 1]
            assert len(marks) == 2  # a black line on a wider white one
            for mark in marks:
                x, y = mark.get_xdata(), mark.get_ydata()
                assert (np.nanmin(x), np.nanmax(x)) == (t - 0.5, t + 0.5)
                assert (np.nanmin(y), np.nanmax(y)) == (-0.5, 5.5)
                assert {unit - 0.5, unit + 0.5} <= set(y)


def test_the_diagram_and_the_sentence_hold_the_units_numbers(cache):
    t, unit = 3, 4
    i, f, o, g, c, ct, h = (getattr(cache, name)[t, unit] for name in NAMES)
    before = cache.c[t - 1, unit]
    two = forward_pass.number
    texts = [text.get_text() for text in forward_pass.diagram(cache, t, unit).findobj(Text)]
    for value in (before, f, f * before, i, g, i * g, c, ct, o, h):
        assert two(value) in texts
    assert f"Step {t}, unit {unit}, token 1" in texts
    assert forward_pass.describe(cache, t, unit) == (
        f"Step 3 (of 0 to 4) reads token 1. Unit 4 keeps {two(f)} of its cell value {two(before)}, "
        f"that is {two(f * before)}, and adds {two(i)} × {two(g)} = {two(i * g)}: c[3] = {two(c)}. "
        f"It shows {two(o)} of tanh(c[3]) = {two(ct)}: h[3] = {two(h)}."
    )


def test_at_step_0_the_old_value_is_the_initial_state(cache):
    assert forward_pass.numbers(cache, 0, 5)["c_before"] == -3


@pytest.mark.parametrize(("value", "shown"), [(-0.004, "0.00"), (0.0, "0.00"), (1 / 3, "0.33"), (-23.456, "-23.46")])
def test_numbers_have_two_decimals_and_zero_has_no_sign(value, shown):
    assert forward_pass.number(value) == shown


def luminance(color) -> float:
    """Relative luminance of WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgba(color)[:3]]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_numbers_in_colored_boxes_have_contrast_enough_for_text(cache):
    """At least 4.5 to 1, as WCAG 2 asks for, over the whole range of each scale."""
    scene, update = forward_pass.build(6)
    for thing, (_, norm) in forward_pass.SCALES.items():
        for value in np.linspace(norm.vmin, norm.vmax, 101):
            getattr(cache, thing)[2, 1] = value
            update(cache, 2, 1)
            for box, text in boxes(scene.figure):
                dark, light = sorted(map(luminance, (box.get_facecolor(), text.get_color())))
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (thing, value, text.get_text())


def boxes(figure):
    """The colored boxes of a diagram with the numbers in them."""
    (axes,) = [axes for axes in figure.axes if axes.patches and len(axes.texts) > 20]
    rounded = [patch for patch in axes.patches if type(patch).__name__ == "FancyBboxPatch"]
    for patch in rounded:
        x, y = patch.get_x() + patch.get_width() / 2, patch.get_y() + patch.get_height() / 2
        (text,) = [text for text in axes.texts if text.get_position() == (x, y)]
        yield patch, text


# ------------------------------------------------------------------------------------------ the explorer

LONG = " ".join("2654321012345670" * 2)[: 2 * LONGEST - 1]
ENDS = {"step": (0, 9), "unit": (0, 5), "bias": (-2.0, 5.0), "scale": (0.0, 3.0), "tokens": ("7", LONG)}


def shown_numbers(explorer) -> dict[str, str]:
    """The numbers in the boxes of the diagram, by the names of the boxes."""
    found = dict(zip(forward_pass.BOXES, (text.get_text() for _, text in boxes(explorer._scene.figure)), strict=True))
    assert len(found) == 10
    return found


@pytest.mark.parametrize("name", ENDS)
def test_every_control_changes_picture_and_text_at_both_ends(name, explorer):
    seen = [(explorer.png, explorer.text)]
    for end in ENDS[name]:
        if explorer.controls[name].value != end:
            explorer.controls[name].value = end
            seen.append((explorer.png, explorer.text))
        assert_same_as_full_drawing(explorer._scene)
        assert explorer.message == "" and explorer.picture.alt == explorer.text
    pngs, texts = zip(*seen, strict=True)
    assert len(set(pngs)) == len(seen) and len(set(texts)) == len(seen)


def test_reset_brings_back_the_first_picture(explorer):
    fresh = forward_explorer()
    explorer.set(step=2, unit=3, bias=1.0, scale=2.0, tokens="1 2 3")
    explorer.reset()
    assert (explorer.png, explorer.text, explorer.values["step"]) == (fresh.png, fresh.text, 5)


@pytest.mark.parametrize("bias", ENDS["bias"])
@pytest.mark.parametrize("scale", ENDS["scale"])
@pytest.mark.parametrize("tokens", ["7", "3 1 4 1 5 2 6 5 3 5", LONG])
def test_no_text_is_cut_off_or_leaves_its_box_at_any_end(bias, scale, tokens, explorer):
    explorer.set(bias=bias, scale=scale, tokens=tokens)
    figure = explorer._scene.figure
    for text in figure.findobj(Text):
        if text.get_text():
            extent = text.get_window_extent()
            assert extent.x0 >= 0 and extent.x1 <= figure.bbox.x1, text.get_text()
            assert extent.y0 >= 0 and extent.y1 <= figure.bbox.y1, text.get_text()
    scene, update = forward_pass.build(HIDDEN_SIZE)
    ids = parse_tokens(tokens)
    cache = lt.forward(lt.Params.random(VOCAB_SIZE, HIDDEN_SIZE, seed=SEED, scale=scale, forget_bias=bias), ids)
    for step in range(len(ids)):
        for unit in range(HIDDEN_SIZE):
            update(cache, step, unit)
            for box, text in boxes(scene.figure):
                inside, outside = text.get_window_extent(), box.get_window_extent()
                assert outside.x0 <= inside.x0 and inside.x1 <= outside.x1, text.get_text()


def test_labels_of_the_longest_sequence_do_not_touch_each_other(explorer):
    explorer.set(tokens=LONG)
    axes = explorer._scene.figure.axes[3]
    labels = axes.get_xticklabels()
    with_step = [label.get_window_extent() for label in labels if label.get_text().split("\n")[1]]
    assert len(labels) == LONGEST and len(with_step) == LONGEST / 2
    for here, there in pairwise(with_step):
        assert here.x1 + 1 < there.x0


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("3 1 x", "tokens must be whole numbers with spaces between them, got 'x' (str)."),
        ("3 1.5", "tokens must be whole numbers with spaces between them, got '1.5' (str)."),
        ("9" * 60, "tokens must be whole numbers with spaces between them, got a str."),
        ("3 1 8", "tokens[2] must be a token id from 0 to 7 (vocab_size is 8), got 8."),
        ("-1", "tokens[0] must be a token id from 0 to 7 (vocab_size is 8), got -1."),
        ("  ", "tokens must hold at least one token id, got an empty sequence."),
        ("1 " * 25, "tokens must be at most 24, so that each has room in the picture, got 25."),
    ],
)
def test_a_bad_sequence_gets_a_sentence_and_keeps_the_picture(typed, sentence, explorer):
    before = explorer.png, explorer.text, explorer.picture.seq
    explorer.controls["tokens"].value = typed
    assert explorer.message == sentence
    assert (explorer.png, explorer.text, explorer.picture.seq) == before
    explorer.controls["tokens"].value = "3 1"
    assert explorer.message == "" and explorer.png != before[0]


@pytest.mark.parametrize(
    ("typed", "ids"), [("5", [5]), (" 0,7 , 1\t2 ", [0, 7, 1, 2]), ("1 " * LONGEST, [1] * LONGEST)]
)
def test_tokens_may_be_separated_by_spaces_or_commas(typed, ids):
    assert list(parse_tokens(typed)) == ids


def test_a_shorter_sequence_takes_the_step_along(explorer):
    explorer.controls["step"].value = 9
    explorer.controls["tokens"].value = "3 1 4"
    assert explorer.controls["step"].max == explorer.controls["step"].value == 2
    assert explorer.text.startswith("Step 2 (of 0 to 2) reads token 4.")
    explorer.controls["tokens"].value = "6"
    assert explorer.text.startswith("Step 0 (the only one) reads token 6.")
    assert_same_as_full_drawing(explorer._scene)


def test_a_click_on_a_map_chooses_step_and_unit(explorer):
    figure = explorer._scene.figure
    for k, (t, unit) in enumerate([(0, 0), (9, 5), (3, 2), (6, 1), (7, 4), (1, 3)]):
        x, y = figure.transFigure.inverted().transform(figure.axes[k].transData.transform((t, unit)))
        explorer.point(x, 1 - y)
        assert (explorer.values["step"], explorer.values["unit"]) == (t, unit)
    before = explorer.values
    explorer.point(0.5, 0.7)  # the diagram
    explorer.point(0.885, 0.1)  # a color bar
    assert explorer.values["step"] == before["step"] and explorer.values["unit"] == before["unit"]


def test_the_picture_keeps_its_size(explorer):
    size = pixels(explorer.png).shape
    for name, ends in ENDS.items():
        for end in ends:
            explorer.set(**{name: end})
            assert pixels(explorer.png).shape == size
