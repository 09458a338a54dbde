"""The picture of the course: one to three steps of the cell as boxes and arrows, run forward and back.

May import numpy, matplotlib, graph and the other modules of this picture.
"""

from collections.abc import Callable, Collection

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from ..graph import (
    Back,
    Net,
    Operation,
    arrow,
    back_operations,
    ends,
    forward_operations,
    kind_and_step,
    nudge,
    score,
    walk_back,
)
from . import two_way_words as words
from .scene import Scene
from .style import BLACK, COLORS, GRAY, LARGE, WRONG, YELLOW, new_figure
from .two_way_layout import BOTTOM, HEIGHT, RAIL, ROWS, TOKEN, TOP, WIDTH, Layout, future_place, lay_out, stray_path

DIRECTIONS = ("forward", "back", "both")
VALUE_LIMIT, DELTA_LIMIT = 2.0, 1.0  # what is larger has the darkest color
VALUE_COLORS = colormaps["PuOr_r"](np.linspace(0, 1, 257))
DELTA_COLORS = colormaps["RdBu_r"](np.linspace(0, 1, 257))
WAITING, GONE, EMPTY, INVISIBLE = "#CCCCCC", "#7A7A7A", "#D0D0D0", (0, 0, 0, 0)
EDGES = {**COLORS, **{"z" + gate: COLORS[gate] for gate in "ifog"}, "ct": COLORS["c"], "scores": COLORS["loss"]}


def operations(net: Net, direction: str = "both") -> tuple[list[Operation], int]:
    """The operations of the slider, and how many have been done before it starts (only on the way back)."""
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, got {direction!r}.")
    forward, back = forward_operations(net.T, net.K), back_operations(net.T, net.K, net.H)
    every = forward if direction == "forward" else forward + back
    return every, len(forward) if direction == "back" else 0


def state(net: Net, position: int | None, direction: str) -> tuple[list[Operation], Operation | None]:
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
    question's loop with these flaws; `marks=False` leaves out what says where they are wrong. `reveal` names the
    boxes whose deltas may be shown (None: all).
    """
    scene, update = build(net, direction, bool(flaws))
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
    lines = [f"Operation {len(done) - before} of {len(every) - before}. {words.title(last, net.T)}."]
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
            lines.append("<b>Nudge:</b> " + words.nudge_line(nudge(net, chosen), None, True))
        return "<br> ".join(lines)
    back = walk_back(net, flaws) if flaws else net.right
    source = ends(chosen)[0] if is_arrow else chosen
    hidden = reveal is not None and source not in reveal
    came = _came(done)
    if hidden:
        line = "not derived yet."
    elif chosen not in came and source not in came:
        line = "no delta has come back here yet."
    else:
        line = words.back_line(net, back, chosen)
    lines.append(f"<b>Chosen: {what}.</b> {line}")
    delta = (back.arrows if is_arrow else back.boxes).get(chosen)
    lines.append("<b>Nudge:</b> " + words.nudge_line(nudge(net, chosen), delta, hidden or chosen not in came))
    return "<br> ".join(lines)


def _came(done: list[Operation]) -> set[str]:
    """The boxes and arrows that deltas have reached."""
    return {name for operation in done if operation.back for name in (*operation.boxes, *operation.arrows)}


# ---------------------------------------------------------------------------------------------------------- the scene


def build(net: Net, direction: str = "both", with_flaws: bool = False) -> tuple[Scene, Callable[..., Layout]]:
    """Draw what stays for nets of this size and these targets; return the scene and `update`.

    `update(net, position, chosen, nudged, flaws, reveal, marks)` takes what `picture` takes and returns the layout.
    """
    layout = lay_out(tuple(map(int, net.targets)), net.K, net.H)
    figure = new_figure(WIDTH, HEIGHT, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.patch.set_visible(False)
    scene = Scene(figure)
    _static(axes, layout, net, direction, with_flaws)
    update_values = _build_values(scene, axes, layout)
    update_arrows = _build_arrows(scene, axes, layout)
    update_deltas = _build_deltas(scene, axes, layout) if direction != "forward" else None
    update_frames = _build_frames(scene, axes, layout)
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
        chosen = chosen or default_choice(net, position, direction)
        back = walk_back(net, flaws) if flaws else net.right
        wrong = back.wrong(net.right) if flaws and marks else frozenset()
        came = _came(done)
        heading.set_text(f"{len(done) - before} of {len(every) - before}   {words.title(last, net.T)}")
        update_values(net, done, resting=bool(last and last.back) or direction == "back")
        update_arrows(done, back, came, reveal, marks)
        if update_deltas:
            update_deltas(net, back, came, wrong, reveal, marks)
        update_frames(chosen, nudge(net, chosen).changed if nudged else frozenset())
        return layout

    return scene, update


def _static(axes: Axes, layout: Layout, net: Net, direction: str, with_flaws: bool) -> None:
    """The background: steps, names of boxes, tokens, the legend."""
    small, text = layout.sizes.small, layout.sizes.text
    for t in range(layout.T):
        left = layout.start(t)
        corners = [(left, TOP), (left + layout.step_width - 2, TOP)]
        corners += [(x, BOTTOM) for x, _ in reversed(corners)]
        axes.add_collection(PolyCollection([corners], facecolor="#F5F5F5", zorder=0))
        axes.text(left + 6, BOTTOM - 12, f"step {t}", fontsize=text, color=GRAY, va="center_baseline", zorder=0.1)
        x = layout.boxes[f"c[{t}]"][0]
        token = f"token {net.x[t]}"
        half = 27 if layout.T < 3 else 23
        box = [(x - half, TOKEN - 8), (x + half, TOKEN - 8), (x + half, TOKEN + 8), (x - half, TOKEN + 8)]
        axes.add_collection(PolyCollection([box], facecolor="white", edgecolor=GRAY, linewidth=0.8, zorder=0.1))
        axes.add_collection(
            PolyCollection([[(x - 4, TOKEN - 9), (x + 4, TOKEN - 9), (x, RAIL + 3)]], facecolor=GRAY, zorder=0.1)
        )
        axes.text(x, TOKEN, token, fontsize=small, ha="center", va="center_baseline", zorder=0.2)
        x, y, _ = layout.boxes[f"loss[{t}]"]
        axes.text(x, y + 47, f"target {net.targets[t]}", fontsize=small, ha="center", va="center_baseline", zorder=0.1)
    for box, (x, y, width) in layout.boxes.items():
        label, dx, align = _label(box, layout)
        axes.text(
            x + dx, y - layout.sizes.box[1] / 2 - 9, label, fontsize=text, ha=align, va="center_baseline", zorder=0.1
        )
    _legend(axes, direction, with_flaws)


def _label(box: str, layout: Layout) -> tuple[str, float, str]:
    """The name above a box, how far to the side, and its alignment: away from the arrows that arrive there."""
    kind, t = kind_and_step(box)
    half = layout.sizes.box[0] / 2
    if kind == "scores":
        first, last = layout.shown[t][0], layout.shown[t][-1]
        if box != score(t, first):
            return "", 0, "center"
        return "scores", -layout.sizes.cell / 2, "left" if last == first else "left"
    if kind in ("i", "f", "zi", "zf", "zg", "zo", "loss", "o"):
        return kind, -half, "left"
    if kind == "added":
        return "i·g", -half, "left"
    if kind == "g":
        return kind, half, "right"
    if kind == "ct":
        return ("ct = tanh c" if layout.T < 3 else "ct"), half, "right"
    if kind == "others":
        return "", 0, "center"
    return words.box_name(box), 0, "center"


def _legend(axes: Axes, direction: str, with_flaws: bool) -> None:
    """What boxes, tags, arrows and frames mean, in one or two rows below the picture."""
    size = 7.0
    y = BOTTOM + 16
    write = lambda x, y, s: axes.text(x, y, s, fontsize=size, va="center_baseline", zorder=0.1)  # noqa: E731

    def bar(x: float, colors: np.ndarray) -> None:
        picked = colors[::32]
        cells = [
            [(x + 9 * k, y - 5), (x + 9 * k + 9, y - 5), (x + 9 * k + 9, y + 5), (x + 9 * k, y + 5)] for k in range(9)
        ]
        axes.add_collection(PolyCollection(cells, facecolor=picked, zorder=0.1))

    axes.add_collection(
        PolyCollection([octagon(24, y, 26, 14)], facecolor="white", edgecolor=BLACK, linewidth=1.2, zorder=0.1)
    )
    write(41, y, "value  ≤ −2")
    bar(100, VALUE_COLORS)
    write(185, y, "≥ 2")
    if direction != "forward":
        axes.add_collection(
            PolyCollection([tag(236, y, 28, 14)], facecolor="white", edgecolor=BLACK, linewidth=1.2, zorder=0.1)
        )
        write(254, y, "delta  ≤ −1")
        bar(313, DELTA_COLORS)
        write(398, y, "≥ 1")
    x = 440 if direction != "forward" else 240
    axes.plot([x, x + 26], [y, y], color=GONE, linewidth=1.4, zorder=0.1)
    axes.add_collection(PolyCollection([head((x, y), (x + 32, y), 8, 3.5)], facecolor=GONE, zorder=0.1))
    write(x + 38, y, "a value went")
    if direction == "forward":
        return
    axes.plot([x + 130, x + 156], [y, y], color=BLACK, linewidth=2.4, zorder=0.1)
    axes.add_collection(PolyCollection([head((x + 156, y), (x + 124, y), 9, 4.5)], facecolor=BLACK, zorder=0.1))
    write(x + 162, y, "a delta came back")
    axes.add_collection(
        PolyCollection([tag(x + 284, y, 28, 14)], facecolor="white", edgecolor=BLACK, linewidth=2.4, zorder=0.1)
    )
    write(x + 304, y, "a sum of parts")
    y += 22
    _frame_sample(axes, 24, y, dashed=False)
    write(44, y, "chosen")
    _frame_sample(axes, 116, y, dashed=True)
    write(136, y, "changes when the chosen box is nudged")
    if with_flaws:
        axes.add_collection(
            PolyCollection([tag(380, y, 34, 15)], facecolor="white", edgecolor=WRONG, linewidth=2, zorder=0.1)
        )
        axes.text(382, y, "≠", fontsize=8, ha="center", va="center_baseline", zorder=0.2)
        write(402, y, "not the right delta")
        axes.plot([520, 546], [y, y], color=WRONG, linewidth=3, zorder=0.1)
        write(552, y, "an arrow that should not be there")
        axes.plot(740, y, marker="X", color=WRONG, markersize=8, markeredgecolor="white", linestyle="", zorder=0.1)
        write(750, y, "an arrow that is missing")


def _frame_sample(axes: Axes, x: float, y: float, dashed: bool) -> None:
    corners = [(x - 12, y - 6), (x + 12, y - 6), (x + 12, y + 6), (x - 12, y + 6), (x - 12, y - 6)]
    xs, ys = zip(*corners, strict=True)
    for color, width, dashes in FRAMES[dashed]:
        axes.plot(xs, ys, color=color, linewidth=width, linestyle=dashes, zorder=0.1)


FRAMES = {  # color, width and dash of the lines of a frame, for what is chosen and for what changes with a nudge
    False: ((BLACK, 5.0, "-"), (YELLOW, 3.2, "-")),
    True: ((YELLOW, 4.0, "-"), (BLACK, 1.0, (0, (3, 2)))),
}


# -------------------------------------------------------------------------------------------------------------- shapes


def octagon(x: float, y: float, width: float, height: float, cut: float = 4) -> list[tuple[float, float]]:
    """A box with its corners cut off, around a center."""
    a, b = width / 2, height / 2
    return [
        *((x - a + cut, y - b), (x + a - cut, y - b), (x + a, y - b + cut), (x + a, y + b - cut)),
        *((x + a - cut, y + b), (x - a + cut, y + b), (x - a, y + b - cut), (x - a, y - b + cut)),
    ]


def tag(x: float, y: float, width: float, height: float, nose: float = 6) -> list[tuple[float, float]]:
    """A tag with a nose to the left."""
    a, b = width / 2, height / 2
    return [(x - a, y), (x - a + nose, y - b), (x + a, y - b), (x + a, y + b), (x - a + nose, y + b)]


def head(start: tuple[float, float], end: tuple[float, float], length: float, half: float) -> list:
    """The head of an arrow that comes from `start`, its point at `end`."""
    direction = np.subtract(end, start) / max(np.hypot(*np.subtract(end, start)), 1e-9)
    across = np.array([-direction[1], direction[0]]) * half
    foot = np.array(end) - direction * length
    return [tuple(end), tuple(foot + across), tuple(foot - across)]


def shade(colors: np.ndarray, value: float, limit: float) -> np.ndarray:
    """The color of a value on a scale from -limit to limit."""
    return colors[round(128 + 128 * min(1, max(-1, value / limit)))]


def ink(color: np.ndarray) -> str:
    """Black or white, whichever reads better on a color: relative luminance of WCAG 2, break-even point 0.18."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return BLACK if np.dot(linear, (0.2126, 0.7152, 0.0722)) > 0.18 else "white"


# ---------------------------------------------------------------------------------------------------------- the parts


def _build_values(scene: Scene, axes: Axes, layout: Layout) -> Callable[..., None]:
    """Value boxes and their numbers. On the way back they stand still and belong to the background."""
    names = [name for name in layout.boxes if not name.startswith("others")]
    height, size = layout.sizes.box[1], layout.sizes.text
    shapes = [octagon(x, y, width, height) for x, y, width in (layout.boxes[name] for name in names)]
    kinds = [kind_and_step(name)[0] for name in names]
    boxes = axes.add_collection(
        PolyCollection(
            shapes,
            edgecolor=[EDGES.get(kind, GRAY) for kind in kinds],
            linewidth=[2.4 if kind in ("i", "f", "o", "g") else 1.4 for kind in kinds],
            facecolor="white",
            zorder=0.6,
        )
    )
    texts = {}
    for name in names:
        x, y, width = layout.boxes[name]
        small = width < layout.sizes.box[0]
        texts[name] = axes.text(
            x, y, "", fontsize=layout.sizes.small if small else size, ha="center", va="center_baseline", zorder=0.7
        )
    for name, (x, y, width) in layout.boxes.items():
        if name.startswith("others"):
            axes.add_collection(
                PolyCollection([octagon(x, y, width, 19)], facecolor="white", edgecolor=GRAY, linewidth=1.2, zorder=0.6)
            )
            many = f"+ {layout.H - 1} unit{'s' * (layout.H > 2)}"
            axes.text(x, y, many, fontsize=layout.sizes.small, ha="center", va="center_baseline", zorder=0.7)
    artists = (boxes, *texts.values())
    scene.live(*artists)
    shown: dict = {"resting": False, "values": None}

    def update(net: Net, done: list[Operation], resting: bool) -> None:
        filled = {"h[-1]", "c[-1]"} | {box for o in done if not o.back for box in o.boxes}
        values = [net.values[name] if name in filled else None for name in names]
        if resting != shown["resting"]:
            (scene.rest if resting else scene.live)(*artists)
        elif resting and values != shown["values"]:
            scene.forget()
        shown.update(resting=resting, values=values)
        white = np.ones(4)
        colors = [white if v is None else shade(VALUE_COLORS, v, VALUE_LIMIT) for v in values]
        boxes.set_facecolor(colors)
        for name, value, color in zip(names, values, colors, strict=True):
            texts[name].set(text="" if value is None else words.value_text(value), color=ink(color))

    return update


def _build_arrows(scene: Scene, axes: Axes, layout: Layout) -> Callable[..., None]:
    """Arrows: light before a value has gone there, gray after it, black and turned when a delta has come back."""
    names = list(layout.paths)
    trunks = list(layout.trunks)
    paths = [layout.paths[name] for name in names] + [layout.trunks[t] for t in trunks]
    lines = axes.add_collection(LineCollection(paths, zorder=1, capstyle="butt"))
    heads = axes.add_collection(PolyCollection([], zorder=1.1))
    crosses = axes.plot(
        [], [], marker="X", color=WRONG, markersize=13, markeredgecolor="white", linestyle="", zorder=1.2
    )[0]
    thick = 2.6 if layout.T < 3 else 2.1
    scene.live(lines, heads, crosses)
    last = layout.T - 1
    end = layout.start(last) + layout.step_width - 8
    slopes = []
    for box in (f"c[{last}]", f"h[{last}]"):
        x, y, width = layout.boxes[box]
        axes.plot([x + width / 2, end], [y, y], color=GONE, linewidth=1, linestyle=(0, (2, 2)), zorder=0.1)
    axes.text(
        end, ROWS["cell"] + 14, "no later step", fontsize=layout.sizes.small, color=GRAY, ha="right",
        va="center_baseline", zorder=0.1,
    )  # fmt: skip
    del slopes

    def update(done: list[Operation], back: Back, came: set[str], reveal, marks: bool) -> None:
        filled = {box for o in done if not o.back for box in o.boxes}
        turned = set()
        for name in names:
            source, target = ends(name)
            if source.startswith("scores"):
                ways = [n for n in came if n.startswith(source[:-1] + ",") and " -> " in n]
                box = layout.box_of(source)
            else:
                ways, box = [name] if name in came else [], source
            alive = name not in back.missing and (not back.flaws or back.arrows.get(name, back.boxes.get(box, 1)))
            if ways and alive and _shown(box, reveal):
                turned.add(name)
        colors, widths, shapes, fills = [], [], [], []
        for name, path in zip(names, paths, strict=False):
            source, target = ends(name)
            there = any(b == target or b.startswith(target[:-1] + ",") for b in filled) or (
                target.startswith("others") and f"zi[{kind_and_step(target)[1]}]" in filled
            )
            color = BLACK if name in turned else GONE if there else WAITING
            colors.append(color)
            widths.append(thick if name in turned else 1.3)
            fills.append(color)
            size = (9, 4.5) if name in turned else (7, 3.2)
            shapes.append(head(path[1], path[0], *size) if name in turned else head(path[-2], path[-1], *size))
        for t, path in zip(trunks, paths[len(names) :], strict=True):
            black = arrow(f"h[{t - 1}]", f"zo[{t}]") in turned
            color = BLACK if black else GONE if f"zi[{t}]" in filled else WAITING
            colors.append(color)
            widths.append(thick if black else 1.3)
            if black:
                shapes.append(head(path[1], path[0], 9, 4.5))
                fills.append(BLACK)
        lines.set(color=colors, linewidth=widths)
        heads.set_verts(shapes)
        heads.set_facecolor(fills)
        gone = [layout.paths[name].mean(axis=0) for name in back.missing if marks and name in came]
        crosses.set_data(*(np.array(gone).T if gone else ([], [])))

    return update


def _shown(box: str, reveal: Collection[str] | None) -> bool:
    return reveal is None or box in reveal


def _build_deltas(scene: Scene, axes: Axes, layout: Layout) -> Callable[..., None]:
    """Tags with deltas: one below each box, small ones on the arrows that carry a part, and what a flaw adds."""
    width, height = layout.sizes.tag
    places = {}
    for name, (x, y, box_width) in layout.boxes.items():
        if not name.startswith("others"):
            places[name] = (x, y + layout.sizes.box[1] / 2 + 1 + height / 2, min(box_width, width), height)
    sums = [f"{kind}[{t}]" for t in range(layout.T) for kind in "ch"]
    parts = {name: (*place, *layout.sizes.part) for name, place in layout.parts.items()}
    parts |= {f"future[{t}]": (*future_place(layout, t), *layout.sizes.part) for t in range(layout.T)}
    x, y, box_width = layout.boxes[f"c[{layout.T - 1}]"]
    parts["carry"] = (x + box_width / 2 + 14 + layout.sizes.part[0] / 2, y, *layout.sizes.part)
    places |= parts
    names = list(places)
    tags = axes.add_collection(PolyCollection([tag(*places[name]) for name in names], zorder=2))
    texts = {}
    for name in names:
        x, y, w, _ = places[name]
        small = name in parts or w < width
        texts[name] = axes.text(
            x + 2.5, y, "", fontsize=layout.sizes.small if small else layout.sizes.text, ha="center",
            va="center_baseline", weight="normal" if small else "bold", zorder=2.2,
        )  # fmt: skip
    strays = axes.add_collection(LineCollection([], color=WRONG, linewidth=3, zorder=1.3))
    stray_heads = axes.add_collection(PolyCollection([], facecolor=WRONG, zorder=1.4))
    stray_boxes = axes.add_collection(PolyCollection([], facecolor="white", edgecolor=WRONG, linewidth=1.4, zorder=2.3))
    stray_texts = [
        axes.text(0, 0, "", fontsize=layout.sizes.small, ha="center", va="center_baseline", zorder=2.4)
        for _ in range(4)
    ]
    scene.live(tags, *texts.values(), strays, stray_heads, stray_boxes, *stray_texts)

    def update(net: Net, back: Back, came: set[str], wrong: frozenset[str], reveal, marks: bool) -> None:
        last = layout.T - 1
        shown: dict[str, tuple[float, bool]] = {}
        for name in names:
            if name in back.boxes and name in came and _shown(name, reveal):
                shown[name] = back.boxes[name], name in wrong
            elif name in back.arrows and name in came and _shown(ends(name)[0], reveal):
                shown[name] = back.arrows[name], name in wrong or (marks and name in back.missing)
        for t in range(last):
            ways = [n for n in back.arrows if n.startswith(f"h[{t}] -> ") and "scores" not in n]
            if ways[0] in came and _shown(f"h[{t}]", reveal):
                shown[f"future[{t}]"] = sum(back.arrows[n] for n in ways), bool(wrong & set(ways))
        if f"h[{last}]" in shown:
            shown[f"future[{last}]"] = 0.0, False
        if f"c[{last}]" in shown:
            shown["carry"] = 0.0, False
        faces, edges, widths = [], [], []
        for name in names:
            if name not in shown:
                invisible = name in parts
                faces.append((1, 1, 1, 0) if invisible else (1, 1, 1, 1))
                edges.append((1, 1, 1, 0) if invisible else to_rgba_gray)
                widths.append(0 if invisible else 0.9)
                texts[name].set_text("")
                continue
            delta, bad = shown[name]
            color = shade(DELTA_COLORS, delta, DELTA_LIMIT)
            faces.append(color)
            edges.append(to_rgba_wrong if bad else to_rgba_black)
            strong = bad and delta != 0
            widths.append(2.4 if name in sums or strong else 1.1)
            label = words.delta_text(delta)
            texts[name].set(text=f"≠{label}" if bad else label, color=ink(color))
        tags.set(facecolor=faces, edgecolor=edges, linewidth=widths)
        _draw_strays(layout, back, came, marks, strays, stray_heads, stray_boxes, stray_texts)

    return update


to_rgba_gray, to_rgba_black, to_rgba_wrong = (0.8, 0.8, 0.8, 1), (0, 0, 0, 1), (213 / 255, 94 / 255, 0, 1)


def _draw_strays(layout, back, came, marks, lines, heads, boxes, texts) -> None:
    """The arrows that a flaw adds, each with a label."""
    drawn = [s for s in back.strays if marks and s.target in came]
    paths = [stray_path(layout, s.kind, s.source, s.target) for s in drawn]
    lines.set_segments(paths)
    heads.set_verts([head(path[-2], path[-1], 11, 6) for path in paths])
    label_boxes = []
    for text in texts[len(drawn) :]:
        text.set_text("")
    for stray, path, text in zip(drawn, paths, texts, strict=False):
        label = {
            "short_range": "one step too far",
            "stale_cell_delta": "left over",
            "carry_accumulates": f"dc[{kind_and_step(stray.source)[1]}] × 1 as well",
        }[stray.kind]
        label = f"{label}: {words.delta_text(stray.amount)}"
        longest = np.argmax(np.hypot(*np.diff(path, axis=0).T))
        x, y = path[longest : longest + 2].mean(axis=0)
        text.set(text=label, position=(x, y))
        half = 0.5 * len(label) * layout.sizes.small * 0.83 + 5
        label_boxes.append([(x - half, y - 8), (x + half, y - 8), (x + half, y + 8), (x - half, y + 8)])
    boxes.set_verts(label_boxes)


def _build_frames(scene: Scene, axes: Axes, layout: Layout) -> Callable[..., None]:
    """A frame around what is chosen, and frames around what changes with a nudge."""
    lines = {
        dashed: [
            axes.add_collection(LineCollection([], color=c, linewidth=w, linestyle=d, zorder=0.9 + dashed / 100))
            for c, w, d in FRAMES[dashed]
        ]
        for dashed in (True, False)
    }
    under = [
        axes.add_collection(LineCollection([], color=c, linewidth=w, capstyle="round", zorder=0.85))
        for c, w in ((BLACK, 12), (YELLOW, 10))
    ]
    scene.live(*lines[True], *lines[False], *under)

    def around(name: str, space: float) -> list[tuple[float, float]]:
        left, top, right, bottom = layout.stack(name)
        left, top, right, bottom = left - space, top - space, right + space, bottom + space
        return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]

    def update(chosen: str, changed: Collection[str]) -> None:
        boxes = [] if " -> " in chosen or chosen not in layout.boxes else [around(chosen, 3.5)]
        for line in lines[False]:
            line.set_segments(boxes)
        for line in lines[True]:
            line.set_segments([around(name, 3) for name in changed if name != chosen and name in layout.boxes])
        for line in under:
            line.set_segments([layout.paths[chosen]] if chosen in layout.paths else [])

    return update
