"""Lesson 03: four repairs as switches, and what each combination leaves of the error."""

from functools import lru_cache

from .. import bell
from ..figures import flawed_backward as figures
from ..gradients import exact_gradient
from ..lessons.loop import REPAIRS
from ..nested import FLAWS, nested_bptt
from ..params import Params
from .controls import checkbox, int_slider
from .shell import Explorer

HIDDEN_SIZE, LONGEST = 6, 10


def bell_net(T: int = 4, seed: int = 111) -> bell.Inputs:
    """The net of the lesson, untrained, at the task of the bell: params, x (T,), targets (T,), h0 (6,), c0 (6,)."""
    return bell.untrained(T, HIDDEN_SIZE, seed, scale=0.8)


@lru_cache(256)
def gradients(repaired: frozenset[str], T: int) -> tuple[Params, Params]:
    """What the loop with these repairs returns for the lesson's net, and what is right."""
    net = bell_net(T)
    return nested_bptt(*net, repaired=repaired), exact_gradient(*net)


def switchboard() -> Explorer:
    """Return the four repairs as checkboxes beside what they put in, and the nine gradients that follow from them."""
    scene, update = figures.build(len(bell.SYMBOLS), HIDDEN_SIZE)

    def draw(length: int, **switches: bool):
        repaired = frozenset(flaw for flaw in FLAWS if switches[flaw])
        got, right = gradients(repaired, length)
        update(got, right)
        done = figures.numbers(repaired).replace("+", ", ").replace("none", "nothing")
        return scene, figures.describe(got, right, f"Repaired: {done}. At T = {length}")

    controls = {}
    for number, flaw in enumerate(FLAWS, 1):
        after = REPAIRS[flaw].after.format(dz="dz").removeprefix("for s in ").removesuffix(":")
        controls[flaw] = checkbox(f"{number}&ensp;<b>{flaw}</b>:&ensp;<code>{after}</code>")
    controls["length"] = int_slider("Length T", 4, 1, LONGEST)
    return Explorer("Switch the repairs on and off", controls, draw, [FLAWS, ["length"]])
