"""Lesson 05: sliders for how far a loss reaches back, and a cursor for who is credited with it."""

from functools import lru_cache

import numpy as np

from .. import rnn
from ..figures import vanishing
from ..flow import GradientFlow, gradient_flow, nested_flow
from ..params import Params
from .shell import Explorer, choice, float_slider, int_slider

VOCAB_SIZE, HIDDEN_SIZE = 8, 32
CREDIT_STEPS = 40
LOOPS = {
    "as posted": (),
    "cell delta from zero": ("stale_cell_delta",),
    "carry replaced too": ("stale_cell_delta", "carry_accumulates"),
}
SCALE = 0.1  # near 1/sqrt(3 * 32), the standard deviation of PyTorch's default for 32 units


def net(T: int, forget_bias: float, scale: float, seed: int):
    """An LSTM, and a sequence of T random tokens with T random targets; a longer one begins with the same."""
    x, targets = np.random.default_rng(1000 + seed).integers(0, VOCAB_SIZE, (T, 2)).T
    return Params.random(VOCAB_SIZE, HIDDEN_SIZE, seed, scale, forget_bias), x, targets


@lru_cache(maxsize=4)
def vanilla_flow(T: int, scale: float, seed: int) -> rnn.GradientFlow:
    """The flow of a vanilla RNN drawn in the same way; it has no forget gate."""
    _, x, targets = net(T, 0.0, scale, seed)
    return rnn.gradient_flow(rnn.Params.random(VOCAB_SIZE, HIDDEN_SIZE, seed, scale), x, targets)


@lru_cache(maxsize=4)
def flows(T: int, forget_bias: float, scale: float, seed: int, variant: str):
    """The flows of the LSTM, of the vanilla RNN, and of a variant of the question's loop."""
    params, x, targets = net(T, forget_bias, scale, seed)
    loop = nested_flow(params, x, targets, repaired=LOOPS[variant])
    return gradient_flow(params, x, targets), vanilla_flow(T, scale, seed), loop


@lru_cache(maxsize=4)
def flow(forget_bias: float, scale: float, seed: int) -> GradientFlow:
    """The LSTM's flow over `CREDIT_STEPS` steps."""
    return gradient_flow(*net(CREDIT_STEPS, forget_bias, scale, seed))


def reach_explorer() -> Explorer:
    """Return "what reaches back": the deltas of one loss, in the LSTM, a vanilla RNN and the question's loop."""
    scene, update = vanishing.build_reach()

    def arrange(controls, T, loss_step, **_):
        at_the_end = loss_step == controls["loss_step"].max
        controls["loss_step"].max = T - 1
        if at_the_end:
            controls["loss_step"].value = T - 1

    def draw(T, loss_step, forget_bias, scale, seed, loop):
        shown = *flows(T, forget_bias, scale, seed, loop), loss_step, loop
        update(*shown)
        return scene, vanishing.describe_reach(*shown)

    controls = {
        "T": int_slider("Sequence length T", 60, 2, vanishing.REACH_STEPS),
        "loss_step": int_slider("Loss step s", 59, 0, 59),
        "forget_bias": float_slider("Forget-gate bias", 0.0, -2, 5, step=0.25),
        "scale": float_slider("Weight scale", SCALE, 0.02, 0.6, step=0.02),
        "seed": int_slider("Seed of the weights", 0, 0, 20),
        "loop": choice("The question's loop", tuple(LOOPS)),
    }
    rows = [["T", "loss_step"], ["forget_bias", "scale"], ["seed"], ["loop"]]
    return Explorer("What reaches back", controls, draw, rows=rows, arrange=arrange)


def credit_explorer() -> Explorer:
    """Return "who is credited": every loss against every step, with a cursor that a click or the sliders move."""
    scene, update = vanishing.build_credit(CREDIT_STEPS)
    heat, column, row, bars = (scene.figure.axes[k] for k in range(4))

    def arrange(controls, s, **_):
        controls["t"].max = s  # a later state does not act on the loss

    def draw(s, t, forget_bias, scale, seed, quantity, colors):
        shown = flow(forget_bias, scale, seed), quantity, s, t, colors == "each row by itself"
        update(*shown)
        return scene, vanishing.describe_credit(*shown)

    def pick(axes, x, y):
        s, t = controls["s"].value, controls["t"].value
        s = round(y) if axes in (heat, column) else s
        t = round(x) if axes in (heat, row, bars) else t
        return {"s": s, "t": t} if 0 <= t <= s < CREDIT_STEPS else None

    controls = {
        "s": int_slider("Loss step s (row)", 35, 0, CREDIT_STEPS - 1),
        "t": int_slider("State step t (column)", 30, 0, 35),
        "forget_bias": float_slider("Forget-gate bias", 1.0, -2, 5, step=0.25),
        "scale": float_slider("Weight scale", SCALE, 0.02, 0.6, step=0.02),
        "seed": int_slider("Seed of the weights", 0, 0, 20),
        "quantity": choice("State", (("cell c", "c"), ("hidden state h", "h"))),
        "colors": choice("Colors of the heat map", ("absolute", "each row by itself")),
    }
    rows = [["s", "t"], ["forget_bias", "scale"], ["seed", "quantity"], ["colors"]]
    return Explorer("Who is credited", controls, draw, rows=rows, arrange=arrange, pick=pick)
