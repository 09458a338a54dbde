"""The picture of the walks that merge: its numbers against the two passes, its turns, its text, its controls."""

import numpy as np
import pytest
from scenes import assert_same_as_full_drawing

from lstm_teach import plain
from lstm_teach.explorers.merge import merging, walks
from lstm_teach.figures import merge as pictures
from lstm_teach.lessons.one_unit import diagram_net

T = 4


@pytest.fixture(scope="module")
def shared():
    explorer = merging()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shared):
    shared.reset()
    return shared


def test_a_walk_has_in_hand_what_a_nudge_of_its_own_loss_measures():
    """dh of the walk from loss t at step s is the slope of loss t alone along h[s], by a complex step."""
    params, x, targets, h0, c0 = diagram_net()
    own, cache = walks(), plain.forward(params, x, h0, c0)
    for t in range(T):
        for s in range(t + 1):
            h = cache.h[s] + 1e-20j
            later = x[s + 1 : t + 1]
            y = plain.forward(params, later, h, cache.c[s]).y[-1] if s < t else plain.softmax(params.V @ h)
            assert own[t, s, 0] == pytest.approx(-np.log(y[targets[t]]).imag / 1e-20, rel=1e-10)
        assert np.isnan(own[t, t + 1 :]).all()


def test_the_walk_that_is_left_has_the_deltas_of_the_single_pass():
    params, x, targets, h0, c0 = diagram_net()
    cache = plain.forward(params, x, h0, c0)
    _, deltas = plain.walk_back(params, cache, plain.score_deltas(cache, targets))
    left = pictures.hands(walks(), T - 1)
    assert np.isnan(left[:-1]).all()
    np.testing.assert_allclose(left[-1, :, 0], [d["dh"][0] for d in deltas], rtol=1e-12)
    np.testing.assert_allclose(left[-1, :, 1], [d["dc_carry"][0] for d in deltas], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("length", [2, 3, 4, 7])
def test_the_turns_go_from_the_triangle_down_to_one_a_step(length):
    counts = [pictures.turns(length, merged) for merged in range(length)]
    assert counts[0] == length * (length + 1) // 2 and counts[-1] == length
    own = np.full((length, length, 2), np.nan)
    own[np.tril_indices(length)] = 1
    for merged, count in enumerate(counts):
        assert (~np.isnan(pictures.hands(own, merged)[..., 0])).sum() == count
    assert pictures.turns(4, 1) == 7  # the lesson's prediction on the first meeting


def test_at_every_position_the_picture_shows_as_many_cards_as_turns_and_the_numbers_of_hands(explorer):
    axes = explorer._scene.figure.axes[0]
    for position in range(pictures.PHASES * (T - 1) + 1):
        explorer.controls["position"].value = position
        merged, phase = divmod(position, 3)
        shown = pictures.hands(walks(), merged)
        count = pictures.turns(T, merged)
        texts = [text.get_text() for text in axes.texts]
        assert f"{count} turns" in texts
        badges = next(line for line in axes.lines if line.get_marker() == "o")
        assert len(badges.get_xdata()) == count
        for value in shown[~np.isnan(shown)]:
            assert pictures.signed(value) in texts
        assert any(text.startswith("At step") for text in texts) == bool(phase)
        assert ("+" in texts) == (phase == 2)


def test_the_sums_are_said_and_come_out_right(explorer):
    explorer.controls["position"].value = 2
    assert "They add up: dh +0.604 + 0.900 = +1.504 and dc_carry −0.158 + 0 = −0.158" in explorer.text
    assert "are together at step 2" in explorer.text and "Still 10 turns" in explorer.text
    explorer.controls["position"].value = 3
    assert "with dh +1.504 and dc_carry −0.158: 7 turns are left of 10." in explorer.text
    explorer.controls["position"].value = 9
    assert explorer.text.startswith("One walk is left: 4 turns instead of 10.")
    assert explorer.picture.alt == explorer.text and explorer.message == ""


def test_one_of_two_that_meet_has_nothing_carried():
    own = walks()
    for meeting in range(T - 1):
        assert own[meeting, meeting, 1] == 0  # the walk that starts there
        assert pictures.hands(own, T - 2 - meeting)[T - 1, meeting, 1] != 0


def test_every_position_looks_and_reads_differently(explorer):
    seen = {}
    for position in range(pictures.PHASES * (T - 1) + 1):
        explorer.controls["position"].value = position
        seen[explorer.png] = explorer.text
        assert len(explorer.text) < 220
    assert len(seen) == len(set(seen.values())) == pictures.PHASES * (T - 1) + 1


def test_what_is_drawn_again_is_what_a_full_drawing_shows(explorer):
    for position in (0, 9, 2, 5, 3):
        explorer.controls["position"].value = position
        assert_same_as_full_drawing(explorer._scene)


def test_no_two_texts_overlap_and_none_is_cut_off(explorer):
    axes = explorer._scene.figure.axes[0]
    for position in range(pictures.PHASES * (T - 1) + 1):
        explorer.controls["position"].value = position
        boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
        assert all(box.x0 >= 0 and box.x1 <= pictures.WIDTH and box.y0 >= 0 for box in boxes)
        for k, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[k + 1 :]), position


def test_a_click_on_a_step_merges_down_to_it_and_one_beside_the_steps_does_nothing(explorer):
    for step, position in ((3, 0), (2, 3), (1, 6), (0, 9)):
        explorer.point((pictures._left(T, step) + 50) / pictures.WIDTH, 0.5)
        assert explorer.controls["position"].value == position
    explorer.point(0.02, 0.5)
    assert explorer.controls["position"].value == 9


def test_the_scrubber_plays_and_ends_at_one_walk(explorer):
    slider = explorer.controls["position"]
    assert (slider.value, slider.min, slider.max) == (0, 0, 9) == (slider.play.min, 0, slider.play.max)
    slider.value = 99
    assert slider.value == 9
    explorer.reset()
    assert slider.value == 0 and "10 turns" in explorer.text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.6, 2, "+0.60"), (-0.158, 2, "−0.16"), (-0.0032, 2, "−0.003"), (0.0, 2, "0"), (1.5044, 3, "+1.504")],
)
def test_numbers_have_a_sign_and_few_digits(value, digits, text):
    assert pictures.signed(value, digits) == text


def test_two_losses_are_named_one_by_one_and_more_by_the_first_and_the_last(explorer):
    for position, losses in ((3, "losses 2 and 3"), (5, "losses 2 and 3"), (6, "losses 1 to 3")):
        explorer.controls["position"].value = position
        assert explorer.text.startswith(f"The walk from {losses} ")


def test_a_long_triangle_can_be_drawn_too():
    own = np.full((3, 3, 2), np.nan)
    own[np.tril_indices(3)] = 0.5
    figure = pictures.picture(own, 1)
    assert "At step 1: dh +0.500 + 0.500 = +1.000" in next(
        t.get_text() for t in figure.axes[0].texts if t.get_text().startswith("At")
    )
    assert pictures.describe(own, 0).startswith("Two loops: a walk back from each of 3 losses, 6 turns.")
