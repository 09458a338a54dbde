"""Lesson 04: the cells' code against the library, the deltas of the question's loop, the inspector, and the words."""

import inspect
import itertools
import re

import nbformat
import numpy as np
import pytest
from lesson_cells import NOTEBOOKS, run_cells
from scenes import assert_same_as_full_drawing

import lstm_teach as lt
from lstm_teach.explorers.flawed_backward import example_net
from lstm_teach.explorers.single_pass import delta_inspector, two_passes
from lstm_teach.figures import single_pass as pictures

NOTEBOOK = "04_single_pass_bptt"
CELLS = {cell.id: cell.source for cell in nbformat.read(NOTEBOOKS / f"{NOTEBOOK}.ipynb", as_version=4).cells}
COMBINATIONS = [frozenset(c) for count in range(5) for c in itertools.combinations(lt.FLAWS, count)]
ALL = frozenset(lt.FLAWS)
NAMES = lt.Params.NAMES
GATES = "ifog"
T = 6


@pytest.fixture(scope="module")
def lesson():
    """The names after running the whole lesson as it is."""
    return run_cells(NOTEBOOK)


@pytest.fixture(scope="module")
def inspector():
    explorer = delta_inspector()
    yield explorer
    explorer.close()


@pytest.fixture(autouse=True)
def as_at_first(request):
    """Every test of the inspector begins at its start."""
    if "inspector" in request.fixturenames:
        request.getfixturevalue("inspector").reset()


def nested(repaired, net):
    return lt.nested_bptt(*net, repaired=repaired, return_deltas=True)


def right_deltas(net):
    return lt.bptt(*net, return_deltas=True)[1]


# -------------------------------------------------------------------------- the code of the cells against the library


@pytest.mark.parametrize("name", ["two_loops", "my_bptt"])
def test_the_loops_of_the_lesson_give_the_library_s_gradient(lesson, name):
    for length in range(1, 9):
        net = example_net(length, seed=length)
        assert lt.relative_error(lesson[name](*net).flat, lt.bptt(*net).flat) < 1e-14, length
    assert lt.check_gradients(lesson[name]).passed
    assert lt.check_gradients(lesson[name], against="numerical").passed


def test_the_step_of_the_lesson_gives_the_library_s_deltas(lesson):
    net = params, x, _, h0, c0 = example_net(5, seed=3)
    cache, deltas = lt.forward(params, x, h0, c0), right_deltas(net)
    for t in range(5):
        dz, dh_before, dc_before = lesson["step_back"](params, cache, t, deltas.dh[t], deltas.dc_carry[t])
        for gate in GATES:
            np.testing.assert_allclose(dz[gate], getattr(deltas, "dz" + gate)[t], rtol=1e-12)
        if t:
            np.testing.assert_allclose(dh_before, deltas.dh_future[t - 1], rtol=1e-12)
            np.testing.assert_allclose(dc_before, deltas.dc_carry[t - 1], rtol=1e-12)


def test_walks_are_linear_and_their_sum_is_the_single_pass(lesson):
    difference = max(
        abs(lesson["walk_mixed"][s] - (2 * lesson["walk_a"][s] - 3 * lesson["walk_b"][s])).max() for s in range(T)
    )
    assert difference < 1e-14
    assert abs(lesson["one_by_one"] - lesson["added_first"]).max() < 1e-15
    assert abs(lesson["added_first"]).max() > 1e-3
    np.testing.assert_allclose(lesson["total"], lesson["dz"], rtol=1e-12, atol=1e-15)


def test_the_turns_of_the_loops_are_counted_and_compared_with_the_guesses(capsys):
    run_cells(NOTEBOOK, until="guesses-again", replace={"predict": "my_fewest_turns, my_carried_vectors = 7, 3"})
    said = capsys.readouterr().out
    assert "two_loops 21 turns, at the steps 5 4 3 2 1 0 4 3 2 1 0 3 2 1 0 2 1 0 1 0 0\n" in said
    assert re.search(r"my_bptt +6 turns, at the steps 5 4 3 2 1 0\n", said)
    assert "fewest turns: 6; you wrote: 7" in said and "dh_future and dc_carry; you wrote: 3" in said


def test_the_nudges_measure_the_deltas_of_the_single_pass(lesson):
    deltas, step, unit = lesson["deltas"], lesson["step"], lesson["unit"]
    for name in ("dc_hidden", "dc_carry", "dc"):
        assert lesson["measured"][name] == pytest.approx(getattr(deltas, name)[step, unit], abs=1e-9)
    h, c, loss_from = lesson["h"], lesson["c"], lesson["loss_from"]
    ways = {
        "dh_loss": lambda v: loss_from(step, v, h, c),
        "dh_future": lambda v: loss_from(step, h, v, c),
        "dh": lambda v: loss_from(step, v, v, c),
    }
    for name, way in ways.items():
        assert lesson["nudge"](way, h) == pytest.approx(getattr(deltas, name)[step, unit], abs=1e-9)
    last = T - 1
    own = loss_from(last, lesson["cache"].h[last], None, None)
    assert own == pytest.approx(-np.log(lesson["cache"].y[last, lesson["targets"][last]]))


EDITS = {
    "dc_before = dc * f": {
        "dc_before = dc + dc * f": "dc_carry of step 4 differs first, by up to 0.63: look at the line of dc_before.",
        "dc_before = np.sum(dc * f)": "dc_carry has the shape (), expected is (6,): look at the line of dc_before.",
    },
    "df = dc * cache.c[s - 1]": {
        "df = dc * cache.c[s]": "dzf of step 5 differs first, by up to ",
        "df = dc * np.nan": "dzf of step 5 differs first, by up to nan: look at the line of dz['f'],",
    },
    'params["W" + gate].T @': {'params["W" + gate] @': "dh_future of step 4 differs first"},
    "+ dc_carry": {"": "dzi of step 4 differs first"},
    "do = dh * ct": {"do = dc_carry * ct": "dzo of step 5 differs first"},
    '"g": dg * (1 - g**2)': {'"g": dg * g * (1 - g)': "dzg of step 5 differs first"},
}
EDITS = [(old, new, words) for old, edits in EDITS.items() for new, words in edits.items()]


def edited_step(old, new):
    """The cell of `step_back` with an edit, and the function that it makes."""
    assert CELLS["step-back"].count(old) == 1
    source, names = CELLS["step-back"].replace(old, new), {"np": np}
    exec(source, names)
    return source, names["step_back"]


@pytest.mark.parametrize(("old", "new", "words"), EDITS, ids=[new or f"without {old}" for old, new, _ in EDITS])
def test_a_broken_step_is_answered_with_the_place_where_it_starts(old, new, words, lesson):
    said = lesson["first_difference"](edited_step(old, new)[1])
    assert words in said and said.endswith(".")
    assert lesson["first_difference"](lesson["step_back"]).startswith("Every dz, dh_future and dc_carry is that of")


@pytest.mark.parametrize("new", ["dc_before = dc + dc * f", "dc_before = dc * np.nan"])
def test_the_lesson_goes_on_with_a_broken_step_up_to_the_cell_that_finds_it(new, capsys):
    run_cells(NOTEBOOK, "first-difference", replace={"step-back": edited_step("dc_before = dc * f", new)[0]})
    assert "dc_carry of step 4 differs first" in capsys.readouterr().out.splitlines()[-1]


# ------------------------------------------------------------------------------------- what the lesson says in words


def test_the_immediate_derivative_and_the_total_one_differ_in_sign(lesson, capsys):
    deltas = lesson["deltas"]
    assert (lesson["step"], lesson["unit"]) == (2, 3)
    assert deltas.dh_loss[2, 3] > 0 > deltas.dh[2, 3]
    np.testing.assert_array_equal(deltas.dh_loss[-1], deltas.dh[-1])
    for guess in ("rises", "falls"):
        run_cells(NOTEBOOK, "nudge-h", replace={"predict-sign": f"my_sign = {guess!r}"})
        assert f"The loss of the whole sequence falls; you wrote: {guess}" in capsys.readouterr().out


def test_without_a_carried_delta_these_gradients_are_right(lesson):
    def right(version, length):
        net = example_net(length)
        got, expected = lesson["my_bptt"](*net, back=lesson[version]), lt.exact_gradient(*net)
        return {name for name in NAMES if lt.relative_error(got[name], expected[name]) < 1e-7}

    for version in ("without_dc_carry", "without_dh_future"):
        assert right(version, 1) == set(NAMES)
        assert right(version, 6) == {"V"}
    assert right("without_dc_carry", 2) == {"V", "Wo", "Uo"}
    assert right("without_dc_carry", 3) == right("without_dh_future", 2) == {"V"}


def test_question_1_with_cut_deltas_two_loops_and_one_pass_differ_and_both_are_wrong(lesson):
    def cut(params, cache, s, dh, dc_carry):
        return lesson["step_back"](params, cache, s, np.clip(dh, -1, 1), dc_carry)

    net = example_net(T)
    one, many, right = lesson["my_bptt"](*net, back=cut), lesson["two_loops"](*net, back=cut), lt.bptt(*net)
    for a, b in ((one, many), (one, right), (many, right)):
        assert lt.relative_error(a.flat, b.flat) > 1e-2


def test_question_3_the_loss_of_step_5_is_spent_at_step_4():
    loop, right, _ = two_passes(frozenset())
    assert not loop.dh_loss[5].any()
    np.testing.assert_allclose(loop.dh_loss[:-1], right.dh_loss[1:], rtol=1e-12)


def test_question_4_with_flaw_3_alone_all_deltas_and_du_are_right_and_dw_are_not():
    loop, right, errors = two_passes(ALL - {"scalar_dot"})
    assert not pictures.parted(loop, right).any()
    assert {name for name in NAMES if lt.verdict(errors[name]) != "right"} == {"Wi", "Wf", "Wo", "Wg"}


def test_question_5_what_is_too_much_tells_flaw_4_from_flaw_2(lesson):
    right = right_deltas(example_net(T))
    for flaw in ("carry_accumulates", "stale_cell_delta"):
        loop, _, _ = two_passes(ALL - {flaw})
        assert pictures.first_parting(loop, right) == (4, "dc_carry")
        excess = loop.dc_carry[4] - right.dc_carry[4]
        assert np.allclose(excess, right.dc[5], rtol=1e-10) == (flaw == "carry_accumulates")
    # With flaw 2: what the first walk left at step 0 is what the second one starts from.
    params, x, targets, h0, c0 = example_net(T)
    cache = lt.forward(params, x, h0, c0)
    dh, dc = params.V.T @ (cache.y[5] - np.eye(params.vocab_size)[targets[5]]), np.zeros(6)
    for s in reversed(range(T)):
        left = dh * cache.o[s] * (1 - cache.ct[s] ** 2)
        _, dh, dc = lesson["step_back"](params, cache, s, dh, dc)
    np.testing.assert_allclose(excess, left, rtol=1e-10)


def test_question_6_with_flaw_4_the_cell_delta_grows():
    loop, right, _ = two_passes(ALL - {"carry_accumulates"})
    grows = np.linalg.norm(loop.dc, axis=1)
    assert (np.diff(grows[::-1])[1:] > 0).all() and grows[0] > 5
    assert np.linalg.norm(right.dc, axis=1).max() < 1.5


def test_question_7_quotes_the_last_line_of_slopes():
    assert "`o * (1 - ct * ct)`" in CELLS["question-stacked"]
    assert "return o * (1 - ct * ct), " in inspect.getsource(lt.backward.slopes).splitlines()[-1]


def test_at_80_steps_the_single_pass_is_much_faster(lesson):
    many, one = lesson["timed"]["two loops"], lesson["timed"]["single pass"]
    assert many[-1] > 8 * one[-1]  # of 40 times as many turns


# -------------------------------------------------------------------------- the deltas that the question's loop credits


@pytest.mark.parametrize("length", [1, 2, 5])
def test_the_repaired_loop_credits_the_deltas_of_the_single_pass(length):
    for seed in range(3):
        net = example_net(length, seed)
        gradient, loop = nested(ALL, net)
        right = right_deltas(net)
        for name in pictures.QUANTITIES:
            np.testing.assert_allclose(getattr(loop, name), getattr(right, name), rtol=1e-11, atol=1e-14, err_msg=name)
        assert lt.relative_error(gradient.flat, lt.bptt(*net).flat) < 1e-14
    assert sorted(pictures.QUANTITIES) == sorted(lt.Deltas.__dataclass_fields__)


@pytest.mark.parametrize("repaired", COMBINATIONS, ids=pictures.repairs)
def test_what_a_loop_credits_is_what_its_gradients_are_made_of(repaired):
    net = params, x, _, h0, c0 = example_net(5, seed=2)
    gradient, loop = nested(repaired, net)
    np.testing.assert_array_equal(gradient.flat, lt.nested_bptt(*net, repaired=repaired).flat)
    np.testing.assert_allclose(loop.dh, loop.dh_loss + loop.dh_future, atol=1e-13)
    np.testing.assert_allclose(loop.dc, loop.dc_hidden + loop.dc_carry, atol=1e-12)
    cache = lt.forward(params, x, h0, c0)
    for gate in GATES:
        dz = getattr(loop, "dz" + gate)
        for token in range(params.vocab_size):
            np.testing.assert_allclose(gradient["U" + gate][:, token], dz[x == token].sum(axis=0), atol=1e-12)
        slope = getattr(cache, gate)[:-1]
        slope = 1 - slope**2 if gate == "g" else slope * (1 - slope)
        np.testing.assert_allclose(dz, getattr(loop, "d" + gate) * slope, atol=1e-12)


FIRST = {
    "short_range": (T - 1, "dh_loss"),
    "stale_cell_delta": (T - 2, "dc_carry"),
    "carry_accumulates": (T - 2, "dc_carry"),
}


@pytest.mark.parametrize("seed", range(5))
def test_each_flaw_shows_first_where_it_strikes(seed):
    net = example_net(T, seed)
    right = right_deltas(net)
    for repaired in COMBINATIONS:
        left = [FIRST[flaw] for flaw in FIRST if flaw not in repaired]
        expected = max(left) if left else None
        assert pictures.first_parting(nested(repaired, net)[1], right) == expected, repaired


# ---------------------------------------------------------------------------------------------------------- the figures


def made_up(**changes):
    """Deltas of 3 steps and 2 units, all ones but for the changes {name: {(step, unit): value}}."""
    arrays = {name: np.ones((3, 2)) for name in pictures.QUANTITIES}
    for name, places in changes.items():
        for place, value in places.items():
            arrays[name][place] = value
    return lt.Deltas(**arrays)


def test_the_first_parting_is_the_first_on_the_way_back():
    right = made_up()
    assert pictures.first_parting(made_up(), right) is None
    assert pictures.first_parting(made_up(dh={(0, 1): 2}, dzg={(1, 0): 2}), right) == (1, "dzg")
    assert pictures.first_parting(made_up(dc={(2, 1): 0}, dc_carry={(2, 0): 2}, dh={(0, 0): 5}), right) == (
        2,
        "dc_carry",
    )
    assert pictures.first_parting(made_up(dh={(2, 0): 1 + 1e-12}), right) is None
    assert pictures.first_parting(made_up(dh={(2, 0): 1 + 1e-6}), right) == (2, "dh")
    where = pictures.parted(made_up(dh={(0, 1): 2}, dzg={(1, 0): 2}), right)
    assert where.sum() == 2 and where[pictures.QUANTITIES.index("dh"), 0] and where[-1, 1]


def test_parts_are_stacked_end_to_end_with_equal_signs_and_from_zero_otherwise():
    own, later = np.array([1.0, 1, -1, -1, 0]), np.array([2.0, -2, 2, -2, 3])
    first, second = pictures.stacked(own, later)
    ends = [sorted({y for _, y in corners.tolist()}) for corners in first]
    assert ends == [[0, 1], [0, 1], [-1, 0], [-1, 0], [0]]
    ends = [sorted({y for _, y in corners.tolist()}) for corners in second]
    assert ends == [[1, 3], [-2, 0], [0, 2], [-3, -1], [0, 3]]
    assert [corners[:, 0].mean() for corners in second] == pytest.approx(range(5))


def test_the_stripes_cover_the_second_part_only():
    rectangles = pictures.stacked(np.array([1.0]), np.array([1.0]))[1]
    levels = [line[0, 1] for line in pictures._stripes(rectangles, 2.5)]
    assert levels and all(1 < level < 2 for level in levels)


@pytest.mark.parametrize("repaired", [frozenset(), frozenset({"short_range"}), ALL], ids=pictures.repairs)
def test_the_picture_shows_the_deltas_of_its_step(repaired):
    loop, right, errors = two_passes(repaired)
    for step in (5, 1):
        figure = pictures.picture(loop, right, errors, repaired, step)
        differs, verdicts, *panels = figure.axes
        assert np.array_equal(differs.collections[0].get_array() > 0, pictures.parted(loop, right))
        crossed = set(zip(*(np.array(xy, int).tolist() for xy in differs.lines[0].get_data()), strict=True))
        assert crossed == {(t, row) for row, t in zip(*np.nonzero(pictures.parted(loop, right)), strict=True)}
        this_step, first = differs.patches
        assert this_step.get_x() == step - 0.5
        parting = pictures.first_parting(loop, right)
        assert first.get_visible() == (parting is not None)
        if parting:
            place = (parting[0] - 0.5, pictures.QUANTITIES.index(parting[1]) - 0.5)
            assert first.get_xy() == place
        wrong = [k for k, name in enumerate(NAMES) if lt.verdict(errors[name]) != "right"]
        assert list(verdicts.lines[1].get_xdata()) == wrong and len(verdicts.lines[0].get_xdata()) == 9 - len(wrong)
        on = next(axes for axes in panels if [label.get_text() for label in axes.get_xticklabels()] == list("1234"))
        assert list(on.lines[1].get_xdata()) == [k for k, flaw in enumerate(lt.FLAWS, 1) if flaw in repaired]
        heat = [axes for axes in panels if len(axes.collections) == 1 and axes.get_yticklabels()[0].get_text() == "di"]
        for axes, values in zip(heat, (loop, right), strict=True):
            shown = np.reshape(axes.collections[0].get_array(), (8, 6))
            np.testing.assert_array_equal(shown, [getattr(values, name)[step] for name in pictures.GATE_DELTAS])
        bars = [axes for axes in panels if len(axes.collections) == 3]
        expected = [(values, name) for values in (loop, right) for name in ("dh", "dc")]
        for axes, (values, name) in zip(bars, expected, strict=True):
            own, later = (getattr(values, part)[step] for part in pictures.PARTS[name])
            heights = [[p.vertices[1, 1] - p.vertices[0, 1] for p in axes.collections[k].get_paths()] for k in (0, 1)]
            np.testing.assert_allclose(heights, [own, later], atol=1e-12)
            np.testing.assert_array_equal(axes.lines[1].get_ydata(), getattr(values, name)[step])
            limit = axes.get_ylim()[1]
            above = (np.maximum(own, 0) + np.maximum(later, 0)) > limit
            below = (np.maximum(-own, 0) + np.maximum(-later, 0)) > limit
            assert list(axes.lines[2].get_xdata()) == list(np.flatnonzero(above))
            assert list(axes.lines[3].get_xdata()) == list(np.flatnonzero(below))


def test_the_scales_are_symmetric_hold_the_right_pass_and_never_move():
    scales = set()
    for repaired in (frozenset(), frozenset({"short_range"}), ALL):
        loop, right, errors = two_passes(repaired)
        for step in range(T):
            axes = pictures.picture(loop, right, errors, repaired, step).axes
            bars = [a for a in axes if len(a.collections) == 3]
            meshes = [a.collections[0] for a in axes if a.collections and a.collections[0].norm.vmin is not None]
            scales.add((*(a.get_ylim() for a in bars), *((m.norm.vmin, m.norm.vmax) for m in meshes)))
    assert len(scales) == 1
    (limits,) = scales
    low, high = limits[0]
    assert low == -high and high >= max(abs(right.dh).max(), abs(right.dc).max())


def test_the_description_names_the_place_and_the_numbers():
    def text(repaired, step):
        return pictures.describe(*two_passes(frozenset(repaired)), repaired, step)

    assert text((), 5).startswith(
        "Step 5, 0 walked back. Repaired: nothing. This loop first parts from the right pass at"
    )
    assert "at step 5, in dh_loss. At this step 12 of 14 differ, most of all dh_loss: length 0, right is 1.6." in text(
        (), 5
    )
    assert "Repaired: 1. This loop first parts from the right pass at step 4, in dc_carry." in text(["short_range"], 5)
    assert text(["short_range"], 5).endswith("At this step all 14 deltas agree.")
    assert text(lt.FLAWS, 0).endswith("agree in every delta at every step; all 9 gradients are right.")
    without_3 = text(ALL - {"scalar_dot"}, 2)
    assert "4 of 9 gradients are wrong (dWi dWf dWo dWg), so the fault comes after the deltas." in without_3


def test_the_still_pictures_say_what_they_show():
    assert "21 inner steps" in pictures.describe_walks(6) and pictures.describe_walks(6).endswith("6 steps.")
    texts = [axes.get_title(loc="left") for axes in pictures.walks_picture(4).axes]
    assert "10 inner steps" in texts[0] and "4 steps" in texts[1]
    for axes, steps in zip(pictures.walks_picture(4).axes, (10, 4), strict=True):
        places = {"o": [], "X": []}
        for line in axes.lines:
            places[line.get_marker()] += line.get_xydata().tolist()
        assert (len(places["o"]), len(places["X"])) == (steps, 4)
        assert not [place for place in places["X"] if place in places["o"]]  # every inner step can be counted
    parts = {"dh_loss": 0.27, "dh_future": -0.87, "dh": -0.6, "dc_hidden": -0.19, "dc_carry": 0.16, "dc": -0.03}
    words = [text.get_text() for text in pictures.ways_picture(parts, 2).axes[0].texts]
    for name, value in parts.items():
        assert any(f"{name} = {value}" in text for text in words), name
        assert str(value) in pictures.describe_ways(parts, 2)


# --------------------------------------------------------------------------------------------------------- the explorer


def test_every_step_and_every_repair_changes_picture_and_text(inspector):
    seen = {inspector.png: inspector.text}
    for walked in range(1, T):
        inspector.controls["walked"].value = walked
        assert inspector.png not in seen and f"Step {T - 1 - walked}, {walked} walked back" in inspector.text
        seen[inspector.png] = inspector.text
    assert len(set(seen.values())) == T
    for flaw in lt.FLAWS:  # from every combination, also where no delta at all changes
        for repaired in COMBINATIONS:
            inspector.set(walked=0, **{name: name in repaired for name in lt.FLAWS})
            png, text = inspector.png, inspector.text
            inspector.controls[flaw].value = flaw not in repaired
            assert inspector.png != png and inspector.text != text, (flaw, repaired)
    assert inspector.message == "" and inspector.picture.alt == inspector.text


def test_what_is_drawn_again_is_what_a_full_drawing_shows(inspector):
    for walked, repaired in ((0, ()), (5, ()), (3, ("short_range",)), (5, lt.FLAWS), (1, ("stale_cell_delta",))):
        inspector.set(walked=walked, **{name: name in repaired for name in lt.FLAWS})
        assert_same_as_full_drawing(inspector._scene)


def test_the_slider_ends_at_the_first_step_and_plays_backwards(inspector):
    slider = inspector.controls["walked"]
    assert (slider.value, slider.min, slider.max) == (0, 0, T - 1)
    assert slider.play.step == 1 and (slider.play.min, slider.play.max) == (0, T - 1)
    slider.value = 99
    assert slider.value == T - 1 and inspector.text.startswith("Step 0, 5 walked back")


def test_a_click_on_the_map_chooses_the_step_and_one_elsewhere_nothing(inspector):
    before = inspector.png
    inspector.point(0.9, 0.9)
    assert inspector.png == before
    left, _, width, _ = pictures.MAP
    inspector.point((left + width * 1.5 / T) / pictures.WIDTH, 0.3)
    assert inspector.controls["walked"].value == T - 2 and inspector.text.startswith("Step 1, ")


def test_reset_goes_back_to_the_start(inspector):
    png, text = inspector.png, inspector.text
    inspector.set(walked=3, scalar_dot=True)
    inspector.reset()
    assert (inspector.png, inspector.text) == (png, text)


def test_the_line_of_text_is_about_the_loop_with_the_ticked_repairs_and_stays_short(inspector):
    for repaired in COMBINATIONS:
        for walked in range(T):
            inspector.set(walked=walked, **{name: name in repaired for name in lt.FLAWS})
            step = T - 1 - walked
            assert inspector.text == pictures.describe(*two_passes(repaired), repaired, step)
            assert f"Repaired: {pictures.repairs(repaired)}." in inspector.text
            assert len(inspector.text) < 230 and "\n" not in inspector.text


def test_the_two_passes_are_those_of_the_library():
    for repaired in COMBINATIONS:
        net = example_net(T)
        loop, right, errors = two_passes(repaired)
        gradient, deltas = nested(repaired, net)
        for name in pictures.QUANTITIES:
            np.testing.assert_array_equal(getattr(loop, name), getattr(deltas, name))
            np.testing.assert_array_equal(getattr(right, name), getattr(right_deltas(net), name))
        assert errors == {name: lt.relative_error(gradient[name], lt.exact_gradient(*net)[name]) for name in NAMES}
