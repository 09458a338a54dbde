"""The two-way cell diagram as an explorer: run the cell forward and back, choose a box, nudge it."""

from collections.abc import Sequence

from ..figures.two_way import build
from ..figures.two_way_layout import Layout
from ..figures.two_way_view import View
from ..figures.two_way_words import box_name, describe
from ..graph import Net, backward_order
from ..lessons.one_unit import diagram_net
from .controls import checkbox, dropdown, int_slider
from .shell import Explorer

FOLLOW = ("what the slider has just done", "")  # its value must not be None: a list would show nothing
TITLES = {
    "forward": "Run the cell forward",
    "back": "Walk back through the cell",
    "both": "Run the cell forward, then walk back",
}


def two_way(
    steps: int = 1,
    direction: str = "both",
    flaws: Sequence[str] = (),
    start: str = "",
    upto: str = "",
    operation: int | None = None,
) -> Explorer:
    """Return the cell as boxes and arrows, with values that fill in forward and deltas that fill in on the way back.

    steps: how many steps are shown, 1 or 2.
    direction: "forward" (values only), "back" (the values stand already) or "both".
    flaws: those of the posted loop that the learner can choose from, one at a time.
    start: the box (`c[0]`) or arrow (`h[0] -> zo[1]`) chosen at the start; otherwise what the slider has just done.
    upto: the kind of the last operation back (see `graph`) that may be shown; what comes after it stays empty.
    operation: where the slider is at the start; otherwise at its end.
    """
    if steps not in (1, 2):
        raise ValueError(f"steps must be 1 or 2, got {steps!r}.")
    if direction not in TITLES:
        raise ValueError(f"direction must be one of {', '.join(TITLES)}, got {direction!r}.")
    net = Net(*diagram_net(steps))
    whole, layout = View(net, None, direction, upto=upto), Layout(steps, slots=direction != "forward")
    scene, update = build(net, direction, bool(flaws))
    order = ("h[-1]", "c[-1]", *net.formulas) if direction == "forward" else backward_order(net)
    names = [FOLLOW, *((f"{'arrow ' if ' -> ' in name else ''}{box_name(name)}", name) for name in order)]
    at_start = whole.end if operation is None else operation, start

    def draw(operation, chosen, nudge=False, flaw="none"):
        left_in = () if flaw == "none" else (flaw,)
        view = View(net, operation, direction, chosen, nudge, left_in, upto)
        update(view)
        return scene, describe(view)

    def arrange(before, operation, chosen, **others):
        if before["operation"] != operation and before["chosen"] == chosen and (operation, chosen) != at_start:
            return {"chosen": {"value": ""}}  # the slider was moved alone: the choice follows it again
        return {}

    def pick(axes, x: float, y: float) -> dict | None:
        found = layout.at(x, y)
        return {"chosen": found} if found in order else None

    controls = {
        "operation": int_slider("Operation", at_start[0], 0, whole.end, play_ms=700),
        "chosen": dropdown("Chosen", names, start),
    }
    rows = [["operation"], ["chosen"]]
    if flaws:
        controls["flaw"] = dropdown("Flaw", ["none", *flaws])
        rows.append(["flaw"])
    if direction != "forward":
        controls["nudge"] = checkbox("Nudge what is chosen")
        rows[1].append("nudge")
    explorer = Explorer(TITLES[direction], controls, draw, rows, arrange=arrange, pick=pick)
    explorer.root.add_class("lt-four-lines")
    return explorer
