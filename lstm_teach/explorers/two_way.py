"""The two-way cell diagram as an explorer: run the cell forward and back, choose a box, nudge it."""

import re
from collections.abc import Collection, Mapping, Sequence

from ..figures import two_way as figures
from ..figures.two_way_words import box_name
from ..graph import Net, arrow, backward_order, forward_operations, make_net
from ..params import Params
from .controls import checkbox, choice, dropdown, int_slider
from .shell import Explorer

SEED, SCALE = 695, 1.3
TOKENS, TARGETS = (1, 0, 1), (0, 1, 1)
FOLLOW = ("what the slider has just done", "")  # its value must not be None: a list would show nothing
Flaw = str | Collection[str] | None


def two_way(
    steps: int | Sequence[int] = 1,
    hidden_size: int = 1,
    direction: str = "both",
    flaws: Mapping[str, Flaw] | Sequence = (),
    start: str | None = None,
    nudge: bool = False,
    params: Params | None = None,
    x: Sequence[int] | None = None,
    targets: Sequence[int] | None = None,
    h0: Sequence[float] | None = None,
    c0: Sequence[float] | None = None,
    title: str | None = None,
    upto: str | None = None,
    reveal: Collection[str] | None = None,
    marks: bool = True,
    operation: int | None = None,
    flaw_label: str = "Flaw",
) -> Explorer:
    """Return the cell as boxes and arrows, with values that fill in forward and deltas that fill in on the way back.

    steps: how many steps are shown, 1 to 3; several numbers, such as (1, 2, 3), give the learner the choice.
    hidden_size: units of the net unless `params` is given; with more than one the learner chooses which is shown.
    direction: "forward" (values only), "back" (the values stand already) or "both".
    flaws: label -> a flaw of the posted loop, several of them, or None; the learner chooses a label. A sequence
        of flaw names stands for itself. The right pass is added under "none" if no label stands for it.
    start: the box (`c[0]`) or arrow (`h[0] -> zo[1]`) chosen at the start; otherwise what the slider has just done.
    nudge: whether the boxes that change with a nudge are marked at the start.
    params, x, targets, h0, c0: the net and its sequence, at least as long as the most steps; each has a default.
    upto: the last delta that may be shown, such as "dct" or "dc_before" (of the last step), "dh_future[0]", "dc[0]";
        what comes after it on the way back stays empty. `reveal` names boxes and arrows one by one instead.
    marks: whether a flaw's wrong deltas and arrows are marked; without it only the nudge tells.
    operation: where the slider is at the start; otherwise at its end.
    flaw_label: the name of the control for the flaws.
    """
    choices = (steps,) if isinstance(steps, int) else tuple(steps)
    if not choices or any(T not in (1, 2, 3) for T in choices):
        raise ValueError(f"steps must be 1, 2 or 3, or several of these, got {steps!r}.")
    whole = _net(max(choices), hidden_size, params, x, targets, h0, c0)
    labels = _labels(flaws)
    scenes, nets = {}, {}

    def net_of(T: int, unit: int) -> Net:
        key = T, unit
        if key not in nets:
            nets[key] = whole.first_steps(T).at_unit(unit)
        return nets[key]

    def shown(T: int) -> Collection[str] | None:
        return reveal if upto is None else revealed(net_of(T, 0), upto)

    def scene_of(net: Net):
        if net.T not in scenes:
            scenes[net.T] = figures.build(net, direction, bool(labels) and marks)
        return scenes[net.T]

    def arguments(operation, chosen, steps, unit, nudge, flaw) -> tuple:
        return operation, direction, chosen, nudge, labels.get(flaw, ()), shown(steps), marks

    def draw(operation, chosen, steps=choices[0], unit=0, nudge=False, flaw=None):
        net = net_of(steps, unit)
        position, _, *others = arguments(operation, chosen, steps, unit, nudge, flaw)
        scene, update = scene_of(net)
        update(net, position, *others)
        return scene, figures.describe(net, position, direction, *others)

    def last_position(T: int) -> int:
        """The end of the slider: the last operation, or with `upto` the last one that brings a delta to be shown."""
        every, skipped = figures.operations(net_of(T, 0), direction)
        known = shown(T)
        showing = [
            place
            for place, o in enumerate(every, 1)
            if not o.back or known is None or any(name in known for name in (*o.boxes, *o.arrows))
        ]
        return max(showing[-1] - skipped, 0)

    at_start = last_position(choices[0]) if operation is None else operation, start or ""

    def arrange(before, operation, chosen, steps=choices[0], **others):
        last = last_position(steps)
        if controls["operation"].max != last:
            options = _options(net_of(steps, 0), direction)
            return {"chosen": {"options": options, "value": ""}, "operation": {"max": last, "value": last}}
        if before["operation"] != operation and before["chosen"] == chosen and (operation, chosen) != at_start:
            return {"chosen": {"value": ""}}  # the slider was moved alone: the choice follows it again
        return {}

    def pick(axes, px: float, py: float) -> dict | None:
        T = controls["steps"].value if "steps" in controls else choices[0]
        found = figures.place(net_of(T, 0), direction).at(px, py)
        return {"chosen": found} if found else None

    first = net_of(choices[0], 0)
    controls = {"operation": int_slider("Operation", at_start[0], 0, last_position(choices[0]), play_ms=700)}
    controls["chosen"] = dropdown("Chosen", _options(first, direction), at_start[1])
    rows = [["operation"], ["chosen"], []]
    if len(choices) > 1:
        controls["steps"] = choice("Steps", [(str(T), T) for T in choices])
        rows[2].append("steps")
    if whole.H > 1:
        controls["unit"] = int_slider("Unit", 0, 0, whole.H - 1)
        rows[2].append("unit")
    if labels:
        controls["flaw"] = dropdown(flaw_label, list(labels))
        rows[2].append("flaw")
    if direction != "forward":
        controls["nudge"] = checkbox("Nudge the chosen box", nudge)
        rows[1].append("nudge")
    words = title or {"forward": "Run the cell forward", "back": "Walk back through the cell"}.get(
        direction, "Run the cell forward, then walk back"
    )
    explorer = Explorer(words, controls, draw, [row for row in rows if row], arrange=arrange, pick=pick)
    explorer.root.add_class("lt-four-lines")
    return explorer


def _net(T: int, hidden_size: int, params, x, targets, h0, c0) -> Net:
    """The net that is shown, cut to its first T steps."""
    params = Params.random(2, hidden_size, seed=SEED, scale=SCALE) if params is None else params
    H = params.hidden_size
    spread = [1.0, -0.6, 0.8, -1.1]
    h0 = [0.4 * spread[u % 4] for u in range(H)] if h0 is None else h0
    c0 = [0.6 * spread[u % 4] for u in range(H)] if c0 is None else c0
    net = make_net(params, TOKENS if x is None else x, TARGETS if targets is None else targets, h0, c0)
    if net.T < T:
        raise ValueError(f"x must have at least as many tokens as steps are shown, {T}, got {net.T}.")
    return net.first_steps(T)


def _labels(flaws: Mapping[str, Flaw] | Sequence) -> dict[str, tuple[str, ...]]:
    """The choices of the flaw control, each with its flaws; empty if there is none."""
    if not isinstance(flaws, Mapping):
        flaws = {flaw: flaw for flaw in flaws}
    labels = {label: (flaw,) if isinstance(flaw, str) else tuple(flaw or ()) for label, flaw in flaws.items()}
    return {"none": ()} | labels if labels and () not in labels.values() else labels


def _options(net: Net, direction: str) -> list[tuple[str, str]]:
    """What can be chosen: forward in the order of the values, else in the order of the way back."""
    if direction == "forward":
        order = ["h[-1]", "c[-1]", *(box for o in forward_operations(net.T, net.K) for box in o.boxes)]
    else:
        order = backward_order(net.T, net.K, net.H)
    boxes = figures.place(net, direction).boxes
    drawn = [name for name in order if name in boxes or " -> " in name]
    return [FOLLOW, *((f"{'arrow ' if ' -> ' in name else ''}{box_name(name)}", name) for name in drawn)]


def revealed(net: Net, upto: str) -> frozenset[str]:
    """The boxes and arrows whose deltas are known when everything up to `upto` on the way back has been derived."""
    order = backward_order(net.T, net.K, net.H)
    kind, step = re.fullmatch(r"(\w+?)(?:\[(-?\d+)\])?", upto.removeprefix("d")).groups() if upto else ("", None)
    t = net.T - 1 if step is None else int(step)
    ends_of = {  # what a delta's name stands for, where it is not a box of the same name
        "y": lambda name: name.startswith(f"scores[{t},"),
        "c_before": lambda name: name in (f"c[{t - 1}]", arrow(f"c[{t - 1}]", f"kept[{t}]")),
        "h_before": lambda name: (
            name.startswith((f"h[{t - 1}] -> z", f"h[{t - 1}] -> o")) or (name == "h[-1]" and t == 0)
        ),
        "c_hidden": lambda name: name == arrow(f"c[{t}]", f"ct[{t}]"),
        "c_carry": lambda name: name == arrow(f"c[{t}]", f"kept[{t + 1}]"),
        "h_loss": lambda name: name == arrow(f"h[{t}]", f"scores[{t}]"),
        "h_future": lambda name: name.startswith((f"h[{t}] -> z", f"h[{t}] -> o")),
    }
    is_meant = ends_of.get(kind, lambda name: name == f"{kind}[{t}]")
    places = [place for place, name in enumerate(order) if name == upto or is_meant(name)]
    if not places:
        raise ValueError(
            f"upto must be a delta such as 'dct' or 'dh_future[0]', or a box such as 'c[0]', got {upto!r}."
        )
    return frozenset(order[: places[-1] + 1])
