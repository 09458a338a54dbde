"""Lesson 07: choose a fault and a length, and see which gradients fail from which length on."""

from collections.abc import Mapping

from ..figures import clinic as figures
from .shell import Explorer, choice, dropdown, int_slider


def ladder_explorer(
    ladders: Mapping[str, Mapping[str, figures.Ladder]], code: Mapping[str, tuple[str, str]]
) -> Explorer:
    """Return the ladder of every fault, to look at one length after the other.

    `ladders` has for each fault, and for each initial state, the norm-relative errors by length and matrix:
    `{fault: {state: {T: {matrix: error}}}}`, the same states and lengths everywhere. `code` has for each fault the
    piece of code that was replaced, and what replaced it.
    Raises ValueError where a fault has no code or there is no fault.
    """
    if not ladders:
        raise ValueError("ladders must hold at least one fault, got none.")
    without = [fault for fault in ladders if fault not in code]
    if without:
        raise ValueError(f"code must have an entry for every fault, got none for {without[0]!r}.")
    first = next(iter(ladders))
    states = list(ladders[first])
    lengths = list(ladders[first][states[0]])
    scene, update = figures.build(lengths)

    def draw(fault: str, length: int, state: str):
        update(ladders[fault][state], length, *code[fault])
        return scene, figures.describe(ladders[fault][state], length, fault)

    def pick(axes, x: float, y: float) -> dict[str, int] | None:
        return {"length": lengths[min(max(round(y), 0), len(lengths) - 1)]} if axes is scene.figure.axes[0] else None

    controls = {
        "fault": dropdown("Fault", list(ladders), first),
        "length": int_slider("Length T of the sequence", lengths[0], lengths[0], lengths[-1]),
        "state": choice("Initial state", states, states[0]),
    }
    return Explorer("The ladder of a fault", controls, draw, rows=[["fault"], ["length", "state"]], pick=pick)
