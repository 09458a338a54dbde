"""Lesson 2: the error of a difference quotient against its step, and what makes it; what bad checks let through."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from IPython.display import HTML

from ..figures import gradient_check as figures
from ..figures.style import WRONG, short
from ..forward import loss
from ..gradients import exact_gradient
from ..html import table
from ..params import Params
from .controls import choice, log_slider
from .shell import Explorer

STEPS = 10.0 ** np.linspace(-16, 0, 161)
WEIGHTS = (("Ug", (2, 1)), ("Wi", (1, 3)))  # the second one has a small derivative
RADIUS, POINTS = 0.5, 64  # the circle on which the Taylor series of the loss is found; it converges well beyond it
AROUND = np.linspace(-1.2, 1.2, 121).round(2)  # in steps, for the loss around the weight


def example_net() -> tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The net of the lesson: params, x (7,), targets (7,), h0 (4,), c0 (4,); vocab_size is 8.

    Every number is rounded so that single precision can hold it too.
    """
    sequence = np.array([3, 1, 4, 1, 5, 2, 6, 5])
    params = Params.random(vocab_size=8, hidden_size=4, seed=5, scale=0.8).astype(np.float32).astype(np.float64)
    h0, c0 = np.array([[0.1, -0.2, 0.3, 0.4], [0.8, -0.5, 1.5, 0.0]], np.float32).astype(np.float64)
    return params, sequence[:-1], sequence[1:], h0, c0


def losses_along(name: str, index: tuple[int, int], nudges: np.ndarray) -> np.ndarray:
    """The loss with each of `nudges` (n,) added to one weight of the example net, in the type of `nudges`: (n,)."""
    params, *sequence = example_net()
    nets = Params(8, 4, np.repeat(params.flat[None].astype(nudges.dtype), len(nudges), axis=0))
    nets[name][:, *index] += nudges
    return loss(nets, *sequence)


def estimates(name: str, index: tuple[int, int], precision: str) -> dict[str, np.ndarray]:
    """What each scheme, computing in that precision, takes for the derivative at every step: {scheme: (161,)}."""
    h = STEPS.astype(precision)
    behind, here, ahead = (losses_along(name, index, nudges) for nudges in (-h, 0 * h[:1], h))
    found = {"central": (ahead - behind) / (2 * h), "one-sided": (ahead - here) / h}
    return {scheme: estimate.astype(float) for scheme, estimate in found.items()}


def taylor(name: str, index: tuple[int, int]) -> np.ndarray:
    """The first 24 coefficients of the loss as a power series in the nudge of one weight.

    By Cauchy's formula, from losses on a circle in the complex plane. A large circle, so rounding does little.
    """
    turns = np.exp(2j * np.pi * np.arange(POINTS) / POINTS)
    coefficients = np.fft.fft(losses_along(name, index, RADIUS * turns)).real / POINTS
    return coefficients[:24] / RADIUS ** np.arange(24)


@lru_cache
def curves(weight: int, precision: str) -> figures.Curves:
    """The errors for the weight with that number in WEIGHTS, in "double" or "single" precision."""
    name, index = WEIGHTS[weight]
    params, *sequence = example_net()
    derivative = exact_gradient(params, *sequence)[name][index]
    powers = taylor(name, index)
    found, best = estimates(name, index, precision), estimates(name, index, "double")
    n = np.arange(2, len(powers))
    bend = {}
    for scheme, kept in (("one-sided", 1), ("central", n % 2)):
        series = (kept * powers[2:] * STEPS[:, None] ** (n - 1)).sum(axis=1)
        # A wide step needs too many terms, but in double precision its rounding is too small to tell.
        bend[scheme] = np.where(RADIUS / 10 < STEPS, best[scheme] - derivative, series) / derivative
    error = {scheme: (estimate - derivative) / derivative for scheme, estimate in found.items()}
    return figures.Curves(name, index, powers[0], derivative, error, bend)


def step_size_explorer() -> Explorer:
    """Return the slider for the nudge, with the errors of two schemes and the loss around the weight."""
    scene, update = figures.build(STEPS, AROUND)

    def draw(step: float, scheme: str, precision: str, weight: int):
        at = curves(weight, precision)
        k = round(10 * np.log10(step)) + 160
        values = losses_along(at.name, at.index, (AROUND * STEPS[k]).astype(precision))
        change = values - values[len(values) // 2]
        update(at, k, scheme, np.finfo(precision).eps, change.astype(float) / (STEPS[k] * at.derivative))
        return scene, figures.describe(at, STEPS[k], k, scheme, precision)

    controls = {
        "step": log_slider("Nudge", 1.0, -16, 0, format=".2"),
        "scheme": choice("Scheme", list(figures.SCHEMES)),
        "precision": choice("Precision", ("double", "single")),  # as NumPy calls them
        "weight": choice("Weight", [(f"{name}{list(index)}", k) for k, (name, index) in enumerate(WEIGHTS)]),
    }

    def pick(axes, x: float, y: float) -> dict | None:
        return {"step": STEPS[np.abs(np.log10(STEPS / x)).argmin()]} if axes is scene.figure.axes[0] else None

    return Explorer("Look for the best nudge", controls, draw, [["step"], ["scheme", "precision", "weight"]], pick=pick)


def checks_table(checks: Sequence[str], passes: Sequence[str], errors: np.ndarray, bounds: Sequence[float]) -> HTML:
    """What each check says about each backward pass, the first of which is right: errors (checks, passes).

    A check accepts an error up to its bound. Where it accepts a broken pass or rejects the right one, it lies.
    """
    rows = []
    for check, bound, its in zip(checks, bounds, errors, strict=True):
        row = [check, short(bound)]
        for column, error in enumerate(its):
            lies = (error <= bound) != (column == 0)
            filled = f'<span style="background:{WRONG};color:white;padding:2px">✗ {short(error, 1)}</span>'
            row.append(filled if lies else f"✓ {short(error, 1)}")
        rows.append(row)
    caption = "The error that a check computes for a pass. It accepts errors up to its bound. Filled, with ✗: it lies."
    return HTML(table(caption, ["check", "bound", *passes], rows))
