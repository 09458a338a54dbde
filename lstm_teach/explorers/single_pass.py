"""Lesson 04: walk backwards in time and lay the deltas of the question's loop beside those of the right pass."""

from functools import lru_cache

from ..backward import Deltas, bptt
from ..figures import single_pass as figures
from ..figures.flawed_backward import NUMBERS, REPAIRS
from ..gradcheck import exact_gradient, relative_error
from ..nested import FLAWS, nested_bptt
from ..params import Params
from .flawed_backward import HIDDEN_SIZE, example_net
from .shell import Explorer, checkbox, int_slider

T = 6


@lru_cache(16)
def two_passes(repaired: frozenset[str]) -> tuple[Deltas, Deltas, dict[str, float]]:
    """The deltas of the loop with these repairs, those of the right pass, and the loop's nine norm-relative errors."""
    net = example_net(T)
    gradient, deltas = nested_bptt(*net, repaired=repaired, return_deltas=True)
    exact = exact_gradient(*net)
    errors = {name: relative_error(gradient[name], exact[name]) for name in Params.NAMES}
    return deltas, bptt(*net, return_deltas=True)[1], errors


def delta_inspector() -> Explorer:
    """Return the walk back through six steps, with all deltas of the chosen loop above those of the right pass."""
    scene, update = figures.build(T, HIDDEN_SIZE)

    def draw(walked: int, **switches: bool):
        repaired = frozenset(flaw for flaw in FLAWS if switches[flaw])
        shown = (*two_passes(repaired), repaired, T - 1 - walked)
        update(*shown)
        return scene, figures.describe(*shown)

    def pick(axes, x: float, y: float) -> dict[str, int] | None:
        return {"walked": T - 1 - round(x)} if axes is scene.figure.axes[0] else None

    controls = {"walked": int_slider("Steps walked back from the end", 0, 0, T - 1, play_ms=1200)}
    controls |= {flaw: checkbox(f"{NUMBERS[flaw]} {REPAIRS[flaw][0]}") for flaw in FLAWS}
    return Explorer("Walk back and compare the deltas", controls, draw, rows=[["walked"], list(FLAWS)], pick=pick)
