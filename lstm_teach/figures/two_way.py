"""The picture of the course: one to three steps of the cell as boxes and arrows, run forward and back.

May import matplotlib, graph and the other modules of this picture.
"""

from collections.abc import Callable, Collection

from matplotlib.figure import Figure

from ..graph import Net, Operation, back_operations, ends, forward_operations, nudge, walk_back
from . import two_way_parts as parts
from . import two_way_words as words
from .scene import Scene
from .style import LARGE, new_figure
from .two_way_layout import HEIGHT, WIDTH, Layout, lay_out

DIRECTIONS = ("forward", "back", "both")


def operations(net: Net, direction: str = "both") -> tuple[tuple[Operation, ...], int]:
    """The operations of the slider, and how many have been done before it starts (only on the way back)."""
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, got {direction!r}.")
    forward, back = forward_operations(net.T, net.K), back_operations(net.T, net.K, net.H)
    every = forward if direction == "forward" else forward + back
    return every, len(forward) if direction == "back" else 0


def state(net: Net, position: int | None, direction: str) -> tuple[tuple[Operation, ...], Operation | None]:
    """The operations done at a position of the slider (None: its end), and the last of them."""
    every, before = operations(net, direction)
    done = every[: before + (len(every) - before if position is None else position)]
    return done, done[-1] if done else None


def default_choice(net: Net, position: int | None, direction: str) -> str:
    """What the slider has just filled in."""
    _, last = state(net, position, direction)
    if last is None:
        return "h[-1]"
    return last.boxes[0] if last.boxes else last.arrows[0]


def place(net: Net, direction: str = "both") -> Layout:
    """Where everything stands in the picture of a net."""
    return lay_out(tuple(map(int, net.targets)), net.K, net.H, slots=direction != "forward")


def picture(
    net: Net,
    position: int | None = None,
    direction: str = "both",
    chosen: str | None = None,
    nudged: bool = False,
    flaws: Collection[str] = (),
    reveal: Collection[str] | None = None,
    marks: bool = True,
) -> Figure:
    """Draw the net after `position` operations (None: all), with one box or arrow chosen.

    `direction` says which half the position counts: "forward", "back" (the values stand already) or "both".
    `nudged` marks every box that changes when the chosen one is moved. With `flaws` the deltas are those of the
    posted loop with these flaws; `marks=False` leaves out what says where they are wrong. `reveal` names the
    boxes whose deltas may be shown (None: all).
    """
    scene, update = build(net, direction, bool(flaws) and marks)
    update(net, position, chosen, nudged, flaws, reveal, marks)
    return scene.figure


def describe(
    net: Net,
    position: int | None = None,
    direction: str = "both",
    chosen: str | None = None,
    nudged: bool = False,
    flaws: Collection[str] = (),
    reveal: Collection[str] | None = None,
    marks: bool = True,
) -> str:
    """Say what has been done, how the chosen box or arrow got its number, and what a nudge of it does, as HTML."""
    done, last = state(net, position, direction)
    every, before = operations(net, direction)
    chosen = chosen or default_choice(net, position, direction)
    # The heading of the picture: whoever sees it need not read it again.
    heading = f"Operation {len(done) - before} of {len(every) - before}. {words.title(last, net.T)}."
    heading, lines = f'<span class="lt-unseen">{heading} </span>', []
    walked = bool(last and last.back) or direction == "back"
    is_arrow = " -> " in chosen
    what = f"{'arrow' if is_arrow else 'box'} {words.box_name(chosen)}"
    if not walked:
        filled = {box for operation in done for box in operation.boxes} | {"h[-1]", "c[-1]"}
        target = ends(chosen)[1] if is_arrow else chosen
        is_box = target in net.values and not target.startswith("others")
        line = words.forward_line(net, target) if target in filled and is_box else "not computed yet."
        lines.append(f"<b>Chosen: {what}.</b> {line}")
        if nudged:
            line = words.nudge_line(nudge(net, chosen), None, True)
            lines.append(f"<b>Nudge:</b> {line}{_lit(net, chosen)}")
        return heading + "<br> ".join(lines)
    back = walk_back(net, flaws) if flaws else net.right
    source = ends(chosen)[0] if is_arrow else chosen
    hidden = reveal is not None and source not in reveal and chosen not in reveal
    came = arrived(done)
    if hidden:
        line = "not derived yet."
    elif chosen not in came and source not in came:
        line = "no delta has come back here yet."
    else:
        line = words.back_line(net, back, chosen, weights=reveal is None, neutral=bool(flaws) and not marks)
    lines.append(f"<b>Chosen: {what}.</b> {line}")
    delta = (back.arrows if is_arrow else back.boxes).get(chosen)
    line = words.nudge_line(nudge(net, chosen), delta, hidden or chosen not in came)
    lines.append(f"<b>Nudge:</b> {line}{_lit(net, chosen) if nudged else ''}")
    return heading + "<br> ".join(lines)


def _lit(net: Net, chosen: str) -> str:
    """The boxes that a nudge changes, for those who cannot see them light up."""
    changed = nudge(net, chosen).changed - {chosen}
    order = [box for operation in forward_operations(net.T, net.K) for box in operation.boxes]
    order += [f"others[{t}]" for t in range(net.T)]
    names = ", ".join(words.box_name(box) for box in order if box in changed)
    return f'<span class="lt-unseen"> What changes: {names or "nothing else"}.</span>'


def arrived(done: Collection[Operation]) -> set[str]:
    """The boxes and arrows that deltas have reached."""
    return {name for operation in done if operation.back for name in (*operation.boxes, *operation.arrows)}


# ---------------------------------------------------------------------------------------------------------- the scene


def build(net: Net, direction: str = "both", flaw_marks: bool = False) -> tuple[Scene, Callable[..., Layout]]:
    """Draw what stays for nets of this size with this sequence; return the scene and `update`.

    `update(net, position, chosen, nudged, flaws, reveal, marks)` takes what `picture` takes and returns the layout.
    """
    layout = place(net, direction)
    figure = new_figure(WIDTH, HEIGHT, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.patch.set_visible(False)
    scene = Scene(figure)
    parts.static(axes, layout, net, direction, flaw_marks)
    update_values = parts.build_values(scene, axes, layout)
    update_arrows = parts.build_arrows(scene, axes, layout)
    update_frames = parts.build_frames(scene, axes, layout)
    if direction != "forward":
        update_slopes = parts.build_slopes(scene, axes, layout)
        update_deltas = parts.build_deltas(scene, axes, layout)
        update_flaws = parts.build_flaws(scene, axes, layout)
    heading = scene.live(axes.text(12, 17, "", fontsize=LARGE, va="center_baseline"))

    def update(
        net: Net,
        position: int | None = None,
        chosen: str | None = None,
        nudged: bool = False,
        flaws: Collection[str] = (),
        reveal: Collection[str] | None = None,
        marks: bool = True,
    ) -> Layout:
        done, last = state(net, position, direction)
        every, before = operations(net, direction)
        back = walk_back(net, flaws) if flaws else net.right
        came = arrived(done)
        by_hand = f"    ·    chosen: {words.box_name(chosen)}" if chosen else ""  # else it follows the slider
        heading.set_text(f"{len(done) - before} of {len(every) - before}   {words.title(last, net.T)}{by_hand}")
        chosen = chosen or default_choice(net, position, direction)
        update_values(net, done, resting=bool(last and last.back) or direction == "back")
        update_arrows(done, back, came, reveal)
        update_frames(chosen, nudge(net, chosen).changed if nudged else frozenset())
        if direction != "forward":
            update_slopes(net, came, reveal)
            update_deltas(back, came, back.wrong(net.right) if flaws and marks else frozenset(), reveal)
            update_flaws(back if marks else net.right, came)
        return layout

    return scene, update
