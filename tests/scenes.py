"""What the tests of figures and explorers share."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from lstm_teach.figures import lettering
from lstm_teach.figures.scene import Scene


def pixels(png: bytes) -> np.ndarray:
    """A PNG as (height, width, channels) integers from 0 to 255."""
    return (imread(io.BytesIO(png)) * 255).round().astype(int)


def click(explorer, axes, point: tuple[float, float]) -> None:
    """Click on the explorer's picture where this point of the axes' data is drawn."""
    x, y = axes.transData.transform(point)
    width, height = axes.figure.bbox.size
    explorer.point(x / width, 1 - y / height)


def assert_same_as_full_drawing(scene: Scene, scale: float = 1) -> None:
    """What the scene shows is what drawing everything anew would show: nothing stale, nothing left over.

    Only on the frame of an axes may it differ: an image that is drawn later can cover the first pixel of a tick.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lettering, "WANTED", False)  # kept characters have no kerning: test_lettering compares those
        quick = pixels(scene.png(scale))
    scene.figure.canvas.draw()
    full = np.asarray(scene.figure.canvas.buffer_rgba())
    different = (quick != full).any(axis=2)
    for axes in scene.figure.axes:
        left, bottom, right, top = axes.bbox.extents.round().astype(int)
        for column in (left, right):
            different[:, max(0, column - 1) : column + 1] = False
        for row in (len(full) - bottom, len(full) - top):
            different[max(0, row - 1) : row + 1] = False
    rows, columns = np.nonzero(different)
    assert not rows.size, (
        f"{rows.size} pixels differ, in rows {rows.min()} to {rows.max()} and columns {columns.min()} to "
        f"{columns.max()} of {full.shape[:2]}: mark what changes as live, or call forget()"
    )
