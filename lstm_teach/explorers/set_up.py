"""Lesson 00: one slider and one picture that show whether widgets work."""

import numpy as np

from ..figures import set_up
from .controls import float_slider
from .shell import Explorer

STEPS = 20


def set_up_check() -> Explorer:
    """Return the slider for a forget gate and the picture of what it leaves of a cell value."""
    scene, update = set_up.build(STEPS)

    def draw(forget: float):
        left = forget ** np.arange(STEPS + 1)
        update(left)
        return scene, set_up.describe(left)

    controls = {"forget": float_slider("Forget gate f", 0.8, 0, 1, step=0.01)}
    return Explorer("Does the picture follow the slider?", controls, draw)
