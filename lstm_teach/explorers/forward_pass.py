"""Lesson 01: step through a forward pass and see what each step does to one unit's cell."""

import re

import numpy as np

from .. import validate
from ..figures import forward_pass
from ..forward import forward
from ..params import Params
from .shell import Explorer, float_slider, int_slider, text

VOCAB_SIZE, HIDDEN_SIZE = 8, 6
SEED = 139  # at the start, unit 0 fills up its cell until step 5 and forgets it at step 6
LONGEST = 24  # tokens that still have room below a heat map


def forward_explorer() -> Explorer:
    """Return the explorer of the forward pass: heat maps over time, and one unit's cell update in numbers."""
    scene, update = forward_pass.build(HIDDEN_SIZE)

    def draw(step, unit, bias, scale, tokens):
        params = Params.random(VOCAB_SIZE, HIDDEN_SIZE, seed=SEED, scale=scale, forget_bias=bias)
        cache = forward(params, tokens)
        update(cache, step, unit)
        return scene, forward_pass.describe(cache, step, unit)

    def arrange(controls, tokens, **others):
        controls["step"].max = len(tokens) - 1

    def pick(axes, x, y):
        if axes in scene.figure.axes[: len(forward_pass.PANELS)]:
            return {"step": round(x), "unit": round(y)}
        return None

    controls = {
        "step": int_slider("Step t", 5, 0, 9, play_ms=800),
        "unit": int_slider("Unit", 0, 0, HIDDEN_SIZE - 1),
        "bias": float_slider("Forget-gate bias b", 0.0, -2, 5, step=0.25),
        "scale": float_slider("Weight scale", 1.2, 0, 3, step=0.1, format=".1f"),
        "tokens": text("Token sequence", "3 1 4 1 5 2 6 5 3 5", parse_tokens, hint="numbers from 0 to 7, e.g. 3 1 4"),
    }
    rows = [["step", "unit"], ["bias", "scale"], ["tokens"]]
    return Explorer("Step through the forward pass", controls, draw, rows, arrange=arrange, pick=pick)


def parse_tokens(typed: str) -> np.ndarray:
    """Read token ids, separated by spaces or commas; raise ValueError with a sentence for the reader."""
    words = re.split(r"[\s,]+", typed.strip(" ,\t"))
    if words == [""]:
        words = []
    for word in words:
        if not re.fullmatch(r"-?\d{1,18}", word):
            raise ValueError(f"tokens must be whole numbers with spaces between them, got {validate.brief(word)}.")
    if len(words) > LONGEST:
        raise ValueError(f"tokens must be at most {LONGEST}, so that each has room in the picture, got {len(words)}.")
    return validate.tokens("tokens", [int(word) for word in words], VOCAB_SIZE)
