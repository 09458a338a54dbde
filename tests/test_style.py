"""The colors that say right and wrong are told from all others, with common color vision deficiencies and in gray."""

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach.figures import style

# Machado, Oliveira, Fernandes (IEEE TVCG 15, 2009, 1291), severity 1: what is seen of linear red, green and blue.
SEEN = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
OTHERS = {"#FFFFFF", style.LIGHT_GRAY, style.WRONG, style.YELLOW, *style.COLORS.values()}


def linear(color):
    values = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(color, vision):
    """CIELAB of a color as it is seen."""
    xyz = TO_XYZ @ np.clip(SEEN[vision] @ linear(color), 0, 1) / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast_on_white(color):
    return 1.05 / (linear(color) @ TO_XYZ[1] + 0.05)


@pytest.mark.parametrize("vision", SEEN)
def test_right_is_told_from_every_other_color(vision):
    for other in OTHERS:
        assert np.linalg.norm(lab(style.RIGHT, vision) - lab(other, vision)) > 20, other


def test_right_and_wrong_are_nobody_elses_colors_and_apart_in_gray():
    assert not {style.RIGHT, style.WRONG} & {*style.COLORS.values(), style.LIGHT_GRAY}
    light = {color: lab(color, "usual")[0] for color in OTHERS | {style.RIGHT}}
    assert min(abs(light[style.RIGHT] - light[other]) for other in OTHERS) > 15


def test_right_and_wrong_can_be_read_as_text_on_white():
    assert min(contrast_on_white(style.RIGHT), contrast_on_white(style.WRONG)) > 4.5


def test_the_report_of_a_check_has_the_same_color_for_right():
    report = lt.check_gradients(lt.bptt)._repr_html_()
    assert f"background:{style.RIGHT}" in report and "background:white" in report  # or it is lost in a dark theme
