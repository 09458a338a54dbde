"""The two-way picture shows the numbers of the graph, stays readable, and its explorer does what it says."""

import re
from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.transforms import Bbox
from scenes import assert_same_as_full_drawing

import lstm_teach as lt
from lstm_teach.explorers.shell import plain
from lstm_teach.explorers.two_way import two_way
from lstm_teach.figures.scene import drawn
from lstm_teach.figures.two_way import CROSS, DELTA_COLORS, FRAME, VALUE_COLORS, build, shade
from lstm_teach.figures.two_way_layout import BOTTOM, Layout
from lstm_teach.figures.two_way_view import View, box_of
from lstm_teach.figures.two_way_words import delta_text, describe, exact, value_text
from lstm_teach.graph import Net, backward_order, ends, score, walk_back
from lstm_teach.lessons.one_unit import diagram_net

DIRECTIONS = ("forward", "back", "both")
FLAWS = ("short_range", "stale_cell_delta", "carry_accumulates")


def small_net(T: int = 1):
    return Net(*diagram_net(T))


def picture(net, flaw_marks: bool = False, **options):
    view = View(net, **options)
    return drawn(build(net, view.direction, flaw_marks), view)


NUMBER = re.compile(r"[+−]?\d+(\.\d+)?")


def crossed(figure) -> list[tuple[float, float]]:
    """Where the crosses stand that mark wrong deltas, without the one of the legend."""
    size = CROSS["markersize"]
    lines = [line for line in figure.axes[0].lines if line.get_marker() == "X" and line.get_markersize() == size]
    return [(x, y) for line in lines if line.get_visible() for x, y in zip(*line.get_data(), strict=True) if y < BOTTOM]


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_visible() and text.get_text()]


# ------------------------------------------------------------------------------------------------------- the picture


@pytest.mark.parametrize("T", [1, 2])
def test_at_the_end_every_value_and_every_delta_is_on_the_page(T):
    net = small_net(T)
    shown = words(picture(net))
    for name, value in net.values.items():
        if name != "loss":
            assert value_text(value) in shown, name
    for name, delta in net.right.boxes.items():
        assert delta_text(delta) in shown, name
    parts = [name for name in backward_order(net) if " -> " in name]
    for name in parts:
        assert delta_text(net.right.arrows[name]) in shown, name


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_numbers_fill_in_one_operation_at_a_time(direction):
    net = small_net(2)
    scene, update = build(net, direction)
    counts = []
    for position in range(View(net, direction=direction).end + 1):
        update(View(net, position, direction))
        counts.append(len(words(scene.figure)))
    assert counts[0] < counts[-1] and all(a <= b for a, b in pairwise(counts))
    assert len(set(counts)) > 0.7 * len(counts)


def test_forward_shows_no_deltas():
    assert not [word for word in words(picture(small_net(2), direction="forward")) if word[0] == "+"]


STATES = [
    *(("end", T, {}) for T in (1, 2)),
    *(("nudged", T, {"chosen": "c[-1]", "nudged": True}) for T in (1, 2)),
    *((flaw, T, {"flaws": (flaw,), "chosen": "c[0]"}) for flaw in FLAWS for T in (1, 2)),
    *(("forward", T, {"direction": "forward"}) for T in (1, 2)),
]


@pytest.mark.parametrize(("name", "T", "options"), STATES, ids=lambda value: str(value))
def test_no_text_covers_another_or_leaves_the_picture(name, T, options):
    figure = picture(small_net(T), **options)
    figure.draw_without_rendering()
    boxes = [(t.get_text(), t.get_window_extent()) for t in figure.axes[0].texts if t.get_text()]
    width, height = figure.bbox.size
    for text, box in boxes:
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, text
    for (one, a), (other, b) in combinations(boxes, 2):
        across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or down <= 4, f"{one!r} and {other!r} overlap by {across:.0f} x {down:.0f} pixels"


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_legend_has_twelve_pixels_and_no_word_of_it_touches_a_mark(direction):
    figure = picture(small_net(2), direction != "forward", direction=direction)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    words = [text for text in axes.texts if text.get_position()[1] > BOTTOM]
    drawn = [path.vertices for group in axes.collections for path in group.get_paths() if len(path.vertices)]
    drawn += [line.get_xydata() for line in axes.lines if len(line.get_xydata())]
    marks = [Bbox([places.min(0), places.max(0)]) for places in drawn if places[:, 1].min() > BOTTOM]
    marks = [axes.transData.transform_bbox(mark) for mark in marks]
    assert len(words) >= 5 and len(marks) >= 12  # nine of them are the colors of values
    for text in words:
        assert text.get_fontsize() * figure.dpi / 72 >= 12
        assert not any(text.get_window_extent().overlaps(mark) for mark in marks), text.get_text()


@pytest.mark.parametrize("T", [1, 2])
def test_type_is_at_least_nine_pixels_high_on_the_screen(T):
    figure = picture(small_net(T), flaws=("short_range",), nudged=True)
    assert min(text.get_fontsize() for text in figure.axes[0].texts) * figure.dpi / 72 >= 9
    assert figure.get_figwidth() * figure.dpi <= 900


@pytest.mark.parametrize("colors", [VALUE_COLORS, DELTA_COLORS])
def test_a_larger_number_is_darker_on_either_side(colors):
    light = np.array([0.2126, 0.7152, 0.0722])
    for sign in (-1, 1):
        shades = [shade(colors, sign * size, 1.0)[:3] @ light for size in np.linspace(0, 1, 33)]
        assert all(a >= b - 1e-9 for a, b in pairwise(shades)) and shades[0] > shades[-1] + 0.3


def test_the_scene_shows_what_a_full_drawing_would():
    net = small_net(2)
    scene, update = build(net, flaw_marks=True)
    for arguments in (
        {"position": 0},
        {"position": 7, "chosen": "h[0]", "nudged": True},
        {"position": 20},
        {"position": 31, "chosen": "c[0]", "nudged": True},
        {"chosen": "c[0]", "flaws": ("short_range",)},
        {"chosen": "c[0] -> ct[0]", "nudged": True, "flaws": ("carry_accumulates",)},
        {"position": 3},
        {"upto": "loss"},
    ):
        update(View(net, **arguments))
        assert_same_as_full_drawing(scene)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.331, "+0.33"), (-0.0049, "−5e-3".replace("-", "−")), (12.34, "+12.3"), (-250, "−2e2")],
)
def test_a_delta_always_has_a_sign(value, text):
    assert delta_text(value) == text


def ink(figure, text, scale: int = 2) -> tuple[float, float]:
    """The first and the last row of a text that has ink, in pixels of the picture from its top."""
    others = [artist for artist in figure.axes[0].get_children() if artist is not text and artist.get_visible()]
    for artist in others:
        artist.set_visible(False)
    figure.set_dpi(figure.dpi * scale)
    figure.canvas.draw()
    rows = np.flatnonzero((np.asarray(figure.canvas.buffer_rgba())[..., :3] < 160).any(axis=(1, 2)))
    figure.set_dpi(figure.dpi / scale)
    for artist in others:
        artist.set_visible(True)
    return rows.min() / scale, (rows.max() + 1) / scale


@pytest.mark.parametrize("T", [1, 2])
def test_the_frame_around_a_box_is_clear_of_the_name_above_it(T):
    layout, figure = Layout(T), picture(small_net(T))
    outside = FRAME + 4.2 * figure.dpi / 72 / 2  # half of the black line
    for name in ("h[-1]", "zg[0]", "i[0]", "h[0]", "c[0]", "g[0]"):
        x, y, _ = layout.boxes[name]
        above = [t for t in figure.axes[0].texts if t.get_text() in (name, name[:-3])]
        text = min(above, key=lambda t: np.hypot(t.get_position()[0] - x, t.get_position()[1] - y))
        assert ink(figure, text)[1] <= y - layout.sizes.box[1] / 2 - outside, name


@pytest.mark.parametrize("T", [1, 2])
def test_numbers_are_large_enough_where_the_page_is_narrow_and_the_loss_is_beside_its_arrow(T):
    figure, layout = picture(small_net(T)), Layout(T)
    figure.draw_without_rendering()
    texts = [text for text in figure.axes[0].texts if text.get_visible()]
    numbers = [text for text in texts if NUMBER.fullmatch(text.get_text())]
    smallest = {1: 8, 2: 9}[T]  # points; the page shows two steps at three quarters
    assert len(numbers) > 20 and min(text.get_size() for text in numbers) >= smallest
    names = [text for text in texts if text.get_text() == "loss"]
    arrows = [layout.boxes[f"loss[{t}]"][0] for t in range(T)]
    assert all(text.get_window_extent().x1 < x - 3 for text, x in zip(names, arrows, strict=True))


@pytest.mark.parametrize("flaw", FLAWS)
def test_the_label_of_an_extra_arrow_covers_no_name_and_no_number(flaw):
    figure = picture(small_net(2), flaws=(flaw,))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    (label,) = [text for text in axes.texts if ": " in text.get_text() and text.get_bbox_patch()]
    box = label.get_bbox_patch().get_window_extent()
    assert box.x0 < label.get_window_extent().x0 and label.get_window_extent().x1 < box.x1
    layout = Layout(2)
    for name in layout.boxes:
        spots = axes.transData.transform([layout.spot(name, side, side) for side in (-1, 1)])
        assert not box.overlaps(Bbox(spots)), name
    others = [text for text in axes.texts if text is not label and text.get_text()]
    numbers = [text for text in others if NUMBER.fullmatch(text.get_text())]
    assert numbers and not any(box.overlaps(text.get_window_extent()) for text in numbers)
    above_or_below = Bbox.from_extents(box.x0, 0, box.x1, 474)
    names = [text for text in {*others} - {*numbers} if above_or_below.overlaps(text.get_window_extent())]
    assert names
    for text in names:
        first, last = ink(figure, text)
        assert first >= 474 - box.y0 or last <= 474 - box.y1, text.get_text()


@pytest.mark.parametrize("T", [1, 2])
def test_a_number_keeps_off_the_ends_of_its_tag(T):
    figure, layout = picture(small_net(T)), Layout(T)
    figure.draw_without_rendering()
    for name in (score(t, k) for t in range(T) for k in (0, 1)):
        x, y, width = layout.boxes[name]
        below = y + layout.sizes.box[1] / 2 + 1 + layout.sizes.tag[1] / 2
        places = [(text, *text.get_position()) for text in figure.axes[0].texts]
        (number,) = [text for text, across, down in places if abs(across - x) < 4 and down == below]
        extent = number.get_window_extent()
        assert extent.x0 >= x - width / 2 + 2.5 and extent.x1 <= x + width / 2 - 2.5, (name, number.get_text())


# ----------------------------------------------------------------------------------------------------------- the words


@pytest.mark.parametrize("T", [1, 2])
def test_whatever_is_chosen_its_line_ends_with_its_delta_and_the_nudge_agrees(T):
    net = small_net(T)
    for name in backward_order(net):
        text = describe(View(net, chosen=name))
        delta = (net.right.boxes | net.right.arrows)[name]
        line, check = text.split("<b>Check by a nudge:")
        assert f"= {exact(delta)}" in line or name.startswith("loss"), text
        assert text.endswith("they agree ✓.") and exact(delta, True) in check, text
        assert "  " not in plain(text) and len(plain(text)) <= 440  # four lines on the page


@pytest.mark.parametrize("flaw", FLAWS)
def test_the_nudge_disagrees_exactly_where_the_flaw_makes_a_delta_wrong(flaw):
    net = small_net(2)
    back = walk_back(net, [flaw])
    wrong = back.wrong(net.right)
    for name in back.boxes:
        text = describe(View(net, chosen=name, flaws=(flaw,)))
        assert ("they disagree ✗" in text) == (name in wrong), text
        assert ("they agree ✓" in text) == (name not in wrong), text
        assert len(plain(text)) <= 440
    layout, marked = Layout(2), crossed(picture(net, flaws=(flaw,)))
    for name in set(back.boxes) & set(layout.boxes):
        (_, top), (right, bottom) = layout.spot(name, -1, -1), layout.spot(name, 1, 1)
        in_tag = [(x, y) for x, y in marked if right - 5 < x < right + 5 and top + layout.sizes.box[1] < y < bottom]
        assert bool(in_tag) == (name in wrong), name
    assert not crossed(picture(net))


@pytest.mark.parametrize("place", ["h[-1]", "c[-1]", "h[-1] -> zi[0]"])
def test_the_posted_loop_s_delta_of_the_initial_state_is_made_but_not_used(place):
    assert "makes a delta for" in describe(View(small_net(2), chosen=place, flaws=("short_range",)))
    assert "makes a delta for" not in describe(View(small_net(2), chosen=place))
    assert "makes a delta for" in describe(View(small_net(1), chosen=place, flaws=("carry_accumulates",)))
    assert "no walk of this loop takes a turn" in describe(View(small_net(1), chosen=place, flaws=("short_range",)))


def test_the_heading_says_what_was_chosen_by_hand_so_that_it_differs_from_following_the_slider():
    heading = [w for w in words(picture(small_net(2), chosen="h[-1]")) if w.startswith("38 of 38")]
    assert heading == ["38 of 38   Back, step 0: through the four W to h[-1]    ·    chosen: h[-1]"]
    explorer = two_way(steps=2, direction="back", start="h[1]")
    explorer.set(chosen="h[-1]")
    by_hand = explorer.png
    explorer.set(chosen="")
    assert explorer.png != by_hand
    explorer.close()


def test_a_sum_names_its_parts_and_what_a_flaw_does_to_them():
    net = small_net(2)
    assert "dc[0] = dc_hidden[0] + dc_carry[0] = −0.279 + 0.101 = −0.178" in describe(View(net, chosen="c[0]"))
    assert "(missing)" in describe(View(net, chosen="h[0]", flaws=("short_range",)))
    assert "dh_loss[1] (one step too far)" in describe(View(net, chosen="h[0]", flaws=("short_range",)))
    assert "left over" in describe(View(net, chosen="c[0]", flaws=("stale_cell_delta",)))
    assert "again, without f[1]" in describe(View(net, chosen="c[0]", flaws=("carry_accumulates",)))
    missing = describe(View(net, chosen="h[0] -> scores[0]", flaws=("short_range",)))
    assert "Missing: this loop never brings dy[0] to h[0]." in missing
    assert "(no later step)" in describe(View(net, chosen="c[1]"))


def test_forward_every_box_says_how_its_value_came():
    net = small_net(2)
    for operation in View(net, direction="forward").derived:
        for box in operation.boxes:
            text = describe(View(net, direction="forward", chosen=box))
            assert f"= {exact(net.values[box])}." in text and "Nudge" not in text, text
    assert "Not computed yet." in describe(View(net, 1, "forward", chosen="c[0]"))
    assert "scores[0,0] = V[0,0] × h[0]" in describe(View(net, 9, chosen="h[0] -> scores[0]"))


def test_one_step_names_no_part_that_only_a_later_step_brings():
    net = small_net(1)
    assert "dh[0] = dy[0] · V = −0.331 × 0.747 + 0.331 × (−1.228) = −0.654." in describe(View(net, chosen="h[0]"))
    assert "dc[0] = dct[0] × (1 − ct[0]²) = −0.372 × 0.608 = −0.226." in describe(View(net, chosen="c[0]"))
    for name in backward_order(net):
        text = describe(View(net, chosen=name))
        assert not any(word in text for word in ("dh_", "dc_", "later")), text
    shown = words(picture(net))
    assert "0" not in shown and "no later step" not in shown
    assert words(picture(small_net(2))).count("0") == 2  # what no later step brings to h[1] and to c[1]


def test_every_negative_number_of_a_sum_is_in_brackets_after_a_plus():
    for T in (1, 2):
        net = small_net(T)
        assert not any("+ −" in describe(View(net, chosen=name)) for name in backward_order(net))
    assert "0.288 × 0.747 + (−0.288) × (−1.228)" in describe(View(small_net(2), chosen="h[1]"))


def test_the_heading_counts_up_to_where_the_slider_ends():
    explorer = two_way(upto="loss", operation=9)
    end = explorer.controls["operation"].max
    explorer.set(operation=end)
    assert f"Operation {end} of {end}." in plain(explorer.text) and "of 19" not in explorer.text
    explorer.close()


def test_the_text_names_the_boxes_that_a_nudge_lights_up():
    text = plain(describe(View(small_net(1), chosen="o[0]", nudged=True)))
    assert text.endswith("What changes: h[0], scores[0,0], scores[0,1], loss[0].")
    assert "What changes" not in describe(View(small_net(1), chosen="o[0]"))


def test_the_weights_get_their_share_from_a_chosen_z():
    net = small_net(1)
    gradient = lt.bptt(net.params, net.x, net.targets, net.h0, net.c0)
    assert f"= {exact(gradient.Wf[0, 0])} for Wf" in describe(View(net, chosen="zf[0]"))
    assert gradient.Uf[0, 1] == pytest.approx(net.right.boxes["zf[0]"])


# -------------------------------------------------------------------------------------------------------- the explorer


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"steps": 2, "flaws": FLAWS},
        {"direction": "forward", "steps": 2},
        {"direction": "back", "upto": "product", "start": "c[0]"},
    ],
    ids=str,
)
def test_every_control_can_be_moved_to_its_ends(options):
    explorer = two_way(**options)
    first = explorer.text
    for control in explorer.controls.values():
        if hasattr(control, "max"):
            values = (control.min, control.max)
        elif hasattr(control, "options"):
            values = [option[1] if isinstance(option, tuple) else option for option in control.options]
            values = [*values[:-1:5], values[-1]]
        else:
            values = (True, False)
        for value in values:
            control.value = value
            assert not explorer.message and explorer.text and "nan" not in explorer.text
    explorer.reset()
    assert explorer.text == first
    explorer.close()


def test_a_click_chooses_a_box_or_an_arrow_and_nothing_where_nothing_is():
    explorer = two_way(steps=2)
    layout = Layout(2)
    for name in ("c[0]", "zf[1]", "h[-1]", "scores[1,1]", "loss[0]"):
        (left, top), (right, bottom) = layout.spot(name, -1, -1), layout.spot(name, 1, 1)
        explorer.point((left + right) / 2 / 900, (top + bottom) / 2 / 474)
        assert explorer.controls["chosen"].value == name
    for name, chosen in (("h[0] -> zo[1]", "h[0] -> zo[1]"), ("f[1] -> kept[1]", "f[1]"), ("c[0] -> ct[0]",) * 2):
        x, y = layout.paths[name].mean(axis=0)
        explorer.point(x / 900, y / 474)
        assert explorer.controls["chosen"].value == chosen
    explorer.point(0.98, 0.75)
    assert explorer.controls["chosen"].value == "c[0] -> ct[0]"


def test_forward_a_click_on_an_arrow_chooses_nothing():
    explorer = two_way(direction="forward")
    x, y = Layout(1, slots=False).paths["h[-1] -> zi[0]"].mean(axis=0)
    explorer.point(x / 900, y / 474)
    assert explorer.controls["chosen"].value == "" and not explorer.message


def test_every_box_and_every_part_can_be_chosen_with_the_keyboard_in_backward_order():
    explorer = two_way(steps=2)
    names = [value for _, value in explorer.controls["chosen"].options]
    assert names == ["", *backward_order(small_net(2))]


def test_the_choice_follows_the_slider_again_when_it_moves():
    explorer = two_way(start="f[0]")
    assert "Chosen: box f[0]" in explorer.text
    explorer.controls["operation"].value = 14
    assert explorer.controls["chosen"].value == "" and "Chosen: box c[0]" in explorer.text
    explorer.set(operation=12, chosen="h[0]")
    assert explorer.controls["chosen"].value == "h[0]"
    explorer.reset()
    assert explorer.controls["chosen"].value == "f[0]"


def test_with_upto_nothing_later_on_the_way_back_is_given_away():
    net = small_net(1)
    explorer = two_way(direction="back", upto="product")
    assert explorer.controls["operation"].max == 4
    hidden = [name for name in backward_order(net)[6:] if " -> " not in name]
    for name in hidden:
        explorer.set(chosen=name, nudge=False)
        assert "udge:" not in explorer.text  # nothing to check, and nothing was asked
        explorer.set(nudge=True)
        before, after = plain(explorer.text).split("Nudge:")
        assert before.rstrip().endswith("Its delta comes later on the way back.")
        assert "×" not in before.split("Chosen")[1]
        assert "delta" not in after and exact(net.right.boxes[name], True) in after  # the loss is still asked
    figure = picture(net, direction="back", upto="product")
    assert not [word for word in words(figure) if word.startswith(("× (1", "× f", "× i", "× g", "× W"))]
    shown = {delta_text(net.right.boxes[name]) for name in backward_order(net)[:6]}
    assert {word for word in words(figure) if word[0] in "+−" and word not in ("−2", "−1")} <= shown | {
        value_text(value) for value in net.values.values()
    }


@pytest.mark.parametrize(
    ("T", "upto", "last"), [(1, "scores", "scores[0,1]"), (1, "product", "ct[0]"), (2, "h", "h[1]")]
)
def test_upto_names_the_last_operation_that_is_shown(T, upto, last):
    view = View(small_net(T), direction="back", upto=upto)
    assert last in view.last.boxes and view.end == len(view.done) - view.before


def test_the_flaws_can_be_chosen_and_none():
    explorer = two_way(steps=2, flaws=FLAWS)
    assert explorer.controls["flaw"].options == ("none", *FLAWS)
    for flaw in ("short_range", "carry_accumulates"):
        explorer.set(flaw=flaw, chosen="c[0]")
        assert "they disagree" in explorer.text


def test_bad_arguments_get_a_sentence():
    with pytest.raises(ValueError, match="steps must be 1 or 2"):
        two_way(steps=3)
    with pytest.raises(ValueError, match="direction must be one of"):
        two_way(direction="up")
    with pytest.raises(ValueError, match="upto must be an operation"):
        two_way(upto="dq")


def test_the_arrow_of_an_only_way_is_the_choice_of_its_box():
    layout = Layout(2)
    sources = [ends(name)[0] for name in layout.paths]
    for source, (name, path) in zip(sources, layout.paths.items(), strict=True):
        found = layout.at(*path.mean(axis=0))
        assert found in (name, box_of(source)) or sources.count(source) > 1, (name, found)


def test_a_click_on_the_name_above_a_box_chooses_the_box():
    layout, texts = Layout(1), {text.get_text(): text for text in picture(small_net()).axes[0].texts}
    names = {"ct = tanh c": "ct[0]", "scores": "scores[0,0]", "i·g": "added[0]", "zg": "zg[0]", "g": "g[0]"}
    for name, box in {**names, "h[0]": "h[0]", "c[-1]": "c[-1]"}.items():
        x, y = texts[name].get_position()
        inward = {"left": 8, "center": 8, "right": -8}[texts[name].get_ha()]
        assert layout.at(x + inward, y) == box
    assert layout.at(2, 2) is None
