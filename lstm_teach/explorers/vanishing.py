"""Lesson 05: a drawn guess compared with what a loss sends back, and a cursor for which loss reaches which step."""

from functools import lru_cache

import numpy as np

from ..figures import vanishing
from ..flow import GradientFlow, gradient_flow
from ..forward import forward
from ..params import Params
from .controls import choice, float_slider, int_slider
from .shell import Explorer

VOCAB_SIZE, HIDDEN_SIZE = 8, 32
SCALE = 0.1  # near 1/sqrt(3 * 32), the standard deviation of PyTorch's default for 32 units
BIASES, SCALES = (0, 4), (0.02, 0.4)
HIDDEN, SHOWN = "my guess only", "guess and measurement"


def net(T: int, forget_bias: float, scale: float = SCALE) -> tuple[Params, np.ndarray, np.ndarray]:
    """A fresh LSTM, and the first T steps of the lesson's tokens and targets."""
    x, targets = np.random.default_rng(1000).integers(0, VOCAB_SIZE, (T, 2)).T
    return Params.random(VOCAB_SIZE, HIDDEN_SIZE, 0, scale, forget_bias), x, targets


@lru_cache(maxsize=4)
def last_loss(forget_bias: float, scale: float) -> tuple[np.ndarray, dict[str, float]]:
    """|dL/dc[t]| of the last loss, and the three rates that do not depend on the learner."""
    params, x, targets = net(vanishing.STEPS, forget_bias, scale)
    norms = gradient_flow(params, x, targets).dc[-1]
    gate = float(forward(params, x).f[:-1].mean())
    one_step = gate * np.eye(HIDDEN_SIZE) + params.Wg.T / 4
    matrix = float(np.abs(np.linalg.eigvals(one_step)).max())
    measured = float((norms[0] / norms[-1]) ** (1 / vanishing.LAST))
    return norms, {"alone": gate, "matrix": matrix, "measured": measured}


def fade(guess: float, forget_bias: float, scale: float) -> vanishing.Fade:
    """What the picture shows for these settings."""
    norms, rates = last_loss(forget_bias, scale)
    return vanishing.Fade(norms, {"guess": guess, **rates})


def fade_explorer() -> Explorer:
    """Return "how much arrives": the learner draws a guess, and only then sees what happens."""
    scene, update = vanishing.build_fade()
    fades, rates = scene.figure.axes

    def draw(guess, show, forget_bias, scale):
        shown = fade(guess, forget_bias, scale), show == SHOWN
        update(*shown)
        return scene, vanishing.describe_fade(*shown)

    def pick(axes, x, y):
        share = x  # left per step
        if axes is fades and x <= vanishing.LAST - 0.5:  # on the line from the measured start to here
            start = last_loss(controls["forget_bias"].value, controls["scale"].value)[0][-1]
            share = (y / start) ** (1 / (vanishing.LAST - x))
        elif axes is not rates:
            return None
        return {"guess": round(float(np.clip(share, *vanishing.GUESS_LIMITS)), 2)}

    label, none = "Guess: left per step", vanishing.NO_GUESS
    controls = {
        "guess": float_slider(label, none, none, vanishing.GUESS_LIMITS[1], 0.01),
        "show": choice("Show", (HIDDEN, SHOWN)),
        "forget_bias": float_slider("Forget-gate bias", 0.0, *BIASES, step=0.25),
        "scale": float_slider("Weight scale", SCALE, *SCALES, step=0.02),
    }
    rows = [["guess", "show"], ["forget_bias", "scale"]]
    return Explorer("How much arrives?", controls, draw, rows=rows, pick=pick)


@lru_cache(maxsize=64)  # all places of the slider
def flow(forget_bias: float) -> GradientFlow:
    """All losses of the first `CREDIT_STEPS` steps."""
    return gradient_flow(*net(vanishing.CREDIT_STEPS, forget_bias))


def credit_explorer() -> Explorer:
    """Return "which loss reaches which step", all against all, with a cursor that a click or the sliders move."""
    scene, update = vanishing.build_credit()
    heat, _, row, bars = scene.figure.axes
    last = vanishing.CREDIT_STEPS - 1

    def arrange(before, s, **_):
        return {"t": {"max": s}}  # a later state does not act on the loss

    def draw(s, t, forget_bias, quantity):
        shown = flow(forget_bias), quantity, s, t
        update(*shown)
        return scene, vanishing.describe_credit(*shown)

    def pick(axes, x, y):
        s, t = controls["s"].value, controls["t"].value
        s = round(y) if axes is heat else s
        t = round(x) if axes in (heat, row, bars) else t
        return {"s": s, "t": t} if 0 <= t <= s <= last else None

    controls = {
        "s": int_slider("Loss step s (row)", last, 0, last),
        "t": int_slider("State step t (column)", 10, 0, last),
        "forget_bias": float_slider("Forget-gate bias", 0.0, *BIASES, step=0.25),
        "quantity": choice("State", (("cell c", "c"), ("hidden state h", "h"))),
    }
    rows = [["s", "t"], ["forget_bias", "quantity"]]
    return Explorer("Which loss reaches which step?", controls, draw, rows=rows, arrange=arrange, pick=pick)
