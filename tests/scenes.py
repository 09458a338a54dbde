"""What the tests of figures and explorers share."""

import io

import numpy as np
from matplotlib.image import imread

from lstm_teach.figures.scene import Scene


def pixels(png: bytes) -> np.ndarray:
    """A PNG as (height, width, channels) integers from 0 to 255."""
    return (imread(io.BytesIO(png)) * 255).round().astype(int)


def assert_same_as_full_drawing(scene: Scene) -> None:
    """What the scene shows is what drawing everything anew would show: nothing stale, nothing left over."""
    quick = pixels(scene.png())
    scene.figure.canvas.draw()
    full = np.asarray(scene.figure.canvas.buffer_rgba())
    rows, columns = np.nonzero((quick != full).any(axis=2))
    assert not rows.size, (
        f"{rows.size} pixels differ, in rows {rows.min()} to {rows.max()} and columns {columns.min()} to "
        f"{columns.max()} of {full.shape[:2]}: mark what changes as live, or call forget()"
    )
