"""Lesson 01: a net that remembers whether a bell rang, and a slider that makes it forget."""

from .. import bell
from ..figures import forward_pass
from ..forward import forward
from .controls import float_slider, int_slider
from .shell import Explorer

LONGEST = 24  # quiet steps


def bell_explorer(gates: str = "f") -> Explorer:
    """Return the explorer of the bell net: what it remembers and answers, and the `gates` (of "ifo") that see to it."""
    net = bell.net()
    scene, update = forward_pass.build(LONGEST + 2, gates)

    def draw(bias: float, quiet: int):
        params = bell.forgetful(net, bias)
        rang, silent = (forward(params, bell.sequence(rang, quiet)[0]) for rang in (True, False))
        update(rang, silent)
        return scene, forward_pass.describe(rang, silent, gates)

    controls = {
        "bias": float_slider("Added to the forget-gate bias", 0.0, -4, 0, step=0.25),
        "quiet": int_slider("Quiet steps", 12, 1, LONGEST),
    }
    return Explorer("Did a bell ring at step 0?", controls, draw)
