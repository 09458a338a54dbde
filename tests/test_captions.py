"""The lines below the pictures read as a person would write them: digits, plurals, percent and minus signs."""

import re
from itertools import pairwise

import pytest

from lstm_teach import bell
from lstm_teach.explorers import flawed_backward, gradient_check, single_pass, vanishing
from lstm_teach.figures import flawed_backward as switches
from lstm_teach.figures import forward_pass, set_up
from lstm_teach.figures import single_pass as inspector
from lstm_teach.figures.training import reber_picture
from lstm_teach.figures.vanishing import PATHS, build_credit, describe_credit, describe_fade, quantities
from lstm_teach.forward import forward
from lstm_teach.nested import FLAWS
from lstm_teach.tasks import REBER


def test_the_axis_of_the_first_picture_gives_no_formula_away():
    scene, _ = set_up.build(20)
    assert scene.figure.axes[0].get_ylabel() == "value left"


@pytest.mark.parametrize(("quiet", "words"), [(1, "After 1 quiet step the"), (2, "After 2 quiet steps the")])
def test_one_quiet_step_is_singular(quiet, words):
    runs = [forward(bell.net(), bell.sequence(rang, quiet)[0]) for rang in (True, False)]
    assert words in forward_pass.describe(*runs)


def test_the_length_of_a_wrong_gradient_is_said_in_words():
    said = {}
    for repaired, T in (((), 4), (FLAWS[:1], 4), ((), 1)):
        got, right = flawed_backward.gradients(frozenset(repaired), T)
        said[len(repaired), T] = switches.describe(got, right)
    assert said[0, 4].endswith("(error 1.5), 1.2 times as long as the right one.")
    assert said[1, 4].endswith("(error 1.2), 2 times as long as the right one.")
    assert said[0, 1].endswith("(error 1), all zeros.")


def test_two_sizes_that_differ_never_look_the_same():
    for flaw in (*([flaw] for flaw in FLAWS), FLAWS):
        deltas, right, errors = single_pass.two_passes(frozenset(flaw))
        for step in range(single_pass.T):
            said = inspector.describe(deltas, right, errors, flaw, step)
            sizes = re.search(r"is the size of \w+: (\S+) instead of (\S+)\.", said)
            assert sizes[1] != sizes[2] if sizes else re.search("delta.* (are|is) right", said), (flaw, step)
    deltas, right, errors = single_pass.two_passes(frozenset(FLAWS[1:2]))
    said = inspector.describe(deltas, right, errors, FLAWS[1:2], 4)
    assert said.endswith("Furthest off is the size of dh_future: 0.186 instead of 0.192.")


def test_a_negative_share_is_explained_and_is_really_negative():
    seen = set()
    for bias, quantity in ((0.0, "c"), (0.0, "h"), (1.0, "c"), (1.0, "h")):
        flow = vanishing.flow(bias)
        _, shares = quantities(flow, quantity, 19)
        for t in range(19):
            said = describe_credit(flow, quantity, 19, t)
            shown = {path: float(share.replace("−", "-")) for share, path in re.findall(r"(\S+)% ([^,;.]+)", said)}
            assert "-" not in said.partition("By road")[2] and " %" not in said
            assert ("works against the others" in said) == any(share < 0 for share in shown.values())
            for path in shares:
                share = shown.get(PATHS[path][0].partition(",")[0], 0)
                assert share >= 0 or shares[path][t] < 0, said
            seen.add(min(shown.values()) < 0)
    assert seen == {True, False}
    scene, _ = build_credit()
    assert [label.get_text() for label in scene.figure.axes[3].get_yticklabels()] == ["0", "50%", "100%"]


def test_before_a_guess_the_line_says_what_the_number_at_the_slider_means():
    explorer = vanishing.fade_explorer()
    assert f"({explorer.controls['guess'].value}, the slider's far left, means no guess)" in explorer.text
    explorer.set(guess=0.8)
    assert "no guess" not in explorer.text and describe_fade(vanishing.fade(0.8, 0.0, 0.1), False) == explorer.text
    explorer.close()


def test_the_buttons_of_the_weights_are_short_and_the_line_has_the_delta():
    explorer = gradient_check.step_size_explorer()
    assert max(len(label) for label, _ in explorer.controls["weight"].options) <= 8
    assert "delta −0.14, nudge 1:" in explorer.text
    right = explorer._scene.figure.axes[1]
    (blank,) = [patch for patch in right.patches if patch.get_facecolor()[:3] == (1, 1, 1)]
    explorer._scene.figure.draw_without_rendering()
    behind, words = blank.get_window_extent(), right.texts[0].get_window_extent()
    assert behind.x0 <= words.x0 and words.x1 <= behind.x1 and behind.y0 <= words.y0 and words.y1 <= behind.y1
    assert all(line.get_zorder() < blank.get_zorder() for line in right.lines[:2])  # the two at 0
    explorer.close()


def test_no_letter_of_the_grammar_lies_on_the_dashed_line():
    figure = reber_picture(REBER)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (dashed,) = [text.arrow_patch for text in axes.texts if getattr(text, "arrow_patch", None)]
    corners = dashed.get_transform().transform(dashed.get_path().interpolated(50).vertices)
    letters = [text for text in axes.texts if text.get_text()]
    assert len(letters) > 20
    for text in letters:
        box = text.get_window_extent()
        inside = [box.x0 - 2 < x < box.x1 + 2 and box.y0 - 2 < y < box.y1 + 2 for x, y in corners]
        assert not any(a or b for a, b in pairwise(inside)), text.get_text()
