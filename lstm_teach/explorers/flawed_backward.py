"""Lesson 03: four repairs as switches, and what each combination leaves of the error."""

from functools import lru_cache

import numpy as np

from ..figures import flawed_backward as figures
from ..gradcheck import exact_gradient, relative_error
from ..nested import FLAWS, nested_bptt
from ..params import Params
from .shell import Explorer, checkbox, float_slider, int_slider

VOCAB_SIZE, HIDDEN_SIZE, LONGEST = 5, 6, 10


def example_net(
    T: int = 6, seed: int = 0, scale: float = 0.8
) -> tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The net of the explorer: params, x (T,), targets (T,), h0 (6,), c0 (6,); vocab_size is 5, T at most 10.

    A longer sequence of the same seed begins with the shorter one. The initial state is not zero, since a zero in it
    would hide mistakes at the first step.
    """
    rng = np.random.default_rng(1000 + seed)
    tokens = rng.integers(0, VOCAB_SIZE, (2, LONGEST))
    x, targets = tokens[:, :T]
    h0, c0 = rng.uniform(0.3, 0.9, (2, HIDDEN_SIZE)) * rng.choice([-1, 1], (2, HIDDEN_SIZE))
    return Params.random(VOCAB_SIZE, HIDDEN_SIZE, seed=seed, scale=scale), x, targets, h0, c0


@lru_cache(256)
def errors_and_cells(
    repaired: frozenset[str], T: int, seed: int, scale: float
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """What the loop with these repairs gets wrong on the example net: by matrix, and number by number.

    The errors are norm-relative; the cells of a matrix are |got - expected| over the larger of the two norms.
    """
    net = example_net(T, seed, scale)
    got, right = nested_bptt(*net, repaired=repaired), exact_gradient(*net)
    errors = {name: relative_error(got[name], right[name]) for name in Params.NAMES}
    cells = {}
    for name in Params.NAMES:
        norm = max(np.linalg.norm(got[name]), np.linalg.norm(right[name]))
        cells[name] = np.abs(got[name] - right[name]) / (norm or 1)
    return errors, cells


def switchboard() -> Explorer:
    """Return the four repairs as checkboxes, with the nine errors, their places, and the lines that change."""
    scene, update = figures.build(VOCAB_SIZE, HIDDEN_SIZE)

    def draw(length: int, seed: int, scale: float, **switches: bool):
        repaired = frozenset(flaw for flaw in FLAWS if switches[flaw])
        scale = round(scale, 1)  # the page's slider says 0.7999999999999999 for 0.8, and rounding errors are drawn here
        errors, cells = errors_and_cells(repaired, length, seed, scale)
        update(errors, cells, repaired)
        return scene, figures.describe(errors, repaired, length)

    controls = {flaw: checkbox(f"{figures.NUMBERS[flaw]} {figures.REPAIRS[flaw][0]}") for flaw in FLAWS}
    controls["length"] = int_slider("Length T of the sequence", 6, 1, LONGEST)
    controls["scale"] = float_slider("Scale of the weights", 0.8, 0.1, 1.5)
    controls["seed"] = int_slider("Net (random seed)", 0, 0, 9)
    rows = [list(FLAWS), ["length", "scale"], ["seed"]]
    return Explorer("Switch the repairs on and off", controls, draw, rows=rows)
