"""Lesson 00's slider and its picture."""

import numpy as np
import pytest

from lstm_teach.explorers.set_up import set_up_check
from lstm_teach.figures import set_up
from tests.scenes import assert_same_as_full_drawing, pixels


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
    assert explorer.text == set_up.describe(forget ** np.arange(21))
    assert explorer.message == ""


def test_what_is_said_is_true():
    assert set_up.describe(0.5 ** np.arange(21)) == ("With f = 0.5, 9.54e-5 % of the value is left after 20 steps.")
    assert set_up.describe(np.ones(21)) == "With f = 1, 100 % of the value is left after 20 steps."


def test_the_heights_of_the_bars_are_the_powers():
    left = 0.8 ** np.arange(11)
    axes = set_up.picture(left).axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx(left)


def test_nothing_old_stays_in_the_picture():
    scene, update = set_up.build(20)
    for forget in (1.0, 0.3, 0.9):
        update(forget ** np.arange(21))
        assert_same_as_full_drawing(scene)
