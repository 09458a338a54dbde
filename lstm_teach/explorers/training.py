"""Lesson 6: move through training and see what a net predicts along a string; move the limit on the gradient's norm."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ..figures import training as figures
from ..forward import forward
from ..tasks import REBER_SYMBOLS, reber_string
from ..training import History
from .controls import choice, int_slider, log_slider
from .shell import Explorer

STRINGS = 6


def learning_explorer(histories: Mapping[str, History]) -> Explorer:
    """Return the walk through training runs on `tasks.reber()`.

    `histories` maps names out of `figures.KINDS` to the runs' histories, all tested at the same steps
    (one that stopped early counts as unchanged from then on).
    Raises TypeError or ValueError for anything else.
    """
    if not histories or any(not isinstance(h, History) or not h.judged for h in histories.values()):
        raise TypeError("histories must map names to histories of training on tasks.reber(), one at least.")
    unknown = [kind for kind in histories if kind not in figures.KINDS]
    if unknown:
        raise ValueError(f"histories must have names out of {', '.join(figures.KINDS)}; got {unknown[0]!r}.")
    tested = max((history.tested for history in histories.values()), key=len)
    if any(history.tested != tested[: len(history.tested)] for history in histories.values()):
        raise ValueError("histories must all be tested at the same steps; one of them was tested at others.")
    judged = {kind: h.judged + h.judged[-1:] * (len(tested) - len(h.judged)) for kind, h in histories.items()}
    scene, update = figures.build(REBER_SYMBOLS, tested, judged)

    @lru_cache(256)
    def predictions(kind: str, at: int, string: int) -> tuple[str, np.ndarray, np.ndarray]:
        text, choices = short_string(string)
        snapshots = histories[kind].snapshots
        x = [REBER_SYMBOLS.index(symbol) for symbol in text[:-1]]
        legal = np.array([[symbol in allowed for symbol in REBER_SYMBOLS] for allowed in choices])
        return text, legal, forward(snapshots[min(at, len(snapshots) - 1)], x).y

    def draw(step: int, kind: str, string: int):
        at = int(np.abs(np.subtract(tested, step)).argmin())  # the last test may come out of turn
        text, legal, y = predictions(kind, at, string)
        update(y, legal, text, kind, at)
        return scene, figures.describe(y, legal, text, REBER_SYMBOLS, kind, tested[at])

    controls = {
        "step": int_slider("Training step", tested[-1], 0, tested[-1], tested[:2][-1] or 1, play_ms=500),
        "string": int_slider("String", 0, 0, STRINGS - 1),
        "kind": choice("Gradient", list(histories)),
    }
    return Explorer("What has the net learned?", controls, draw, rows=[["step"], ["string", "kind"]])


def short_string(number: int) -> tuple[str, list[str]]:
    """String number 0, 1, 2, ... of those that the picture can show whole, with T and P outside in turn."""
    rng = np.random.default_rng(number)
    while True:
        text, choices = reber_string(rng)
        if 15 <= len(text) <= figures.STEPS_SHOWN + 1 and text[1] == "TP"[number % 2]:
            return text, choices


def clipping_explorer(norms: Mapping[str, np.ndarray]) -> Explorer:
    """Return the picture of what a limit would do to the steps of some runs.

    `norms` maps the words for each run's gradient to the norm of its whole gradient, one positive number per step.
    Raises ValueError if there is none, or if one is empty or not positive and finite.
    """
    if not norms or any(not len(n) or not (np.isfinite(n) & (np.asarray(n) > 0)).all() for n in norms.values()):
        raise ValueError("norms must map names to the positive norms of the steps of a run, one run at least.")
    scene, update = figures.build_limit(norms)

    def draw(limit: float, run: str):
        update(run, limit)
        return scene, figures.describe_limit(run, norms[run], limit)

    controls = {
        "limit": log_slider("Limit", 10**0.7, -1, 2, 0.05, ".2r"),
        "run": choice("Gradient", list(norms)),
    }
    return Explorer("Where should the limit be?", controls, draw, rows=[["limit", "run"]])
