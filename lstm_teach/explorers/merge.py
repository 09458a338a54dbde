"""Lesson 04: a scrubber that brings the walks of two loops together until one is left."""

import numpy as np

from .. import nested
from ..figures import merge as figures
from ..forward import forward
from ..lessons.one_unit import diagram_net
from ..plain import score_deltas
from .controls import int_slider
from .shell import Explorer

T = 4


def walks(T: int = T) -> np.ndarray:
    """The dh and the dc_carry that the walk from loss t has in hand at step s: (T, T, 2), NaN for s > t."""
    params, x, targets, h0, c0 = diagram_net(T)
    cache = forward(params, x, h0, c0)
    own = np.full((T, T, 2), np.nan)
    for t, s, d in nested.walks(params, cache, score_deltas(cache, targets), nested.FLAWS):
        own[t, s] = d["dh"][0], d["dc_carry"][0]
    return own


def merging() -> Explorer:
    """Return the triangle of turns with a scrubber that merges its walks; a click on a step merges down to it."""
    scene, update = figures.build(T)
    own = walks(T)

    def draw(position: int):
        update(own, position)
        return scene, figures.describe(own, position)

    def pick(axes, x: float, y: float) -> dict[str, int] | None:
        step = figures.step_at(T, x)
        return None if step is None else {"position": figures.PHASES * (T - 1 - step)}

    controls = {"position": int_slider("Bring the walks together", 0, 0, figures.PHASES * (T - 1), play_ms=900)}
    return Explorer("Ten turns, or fewer", controls, draw, pick=pick)
