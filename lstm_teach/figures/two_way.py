"""The picture of the course: one or two steps of the cell as boxes and arrows, run forward and back.

May import numpy, matplotlib, graph and the other modules of this picture. Each `_build_...` adds its artists to the
scene and returns the function that sets them.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.patheffects import withStroke

from ..graph import Net, ends, kind_and_step, score
from ..params import GATES
from . import two_way_layout as page
from . import two_way_words as words
from .scene import Built, Scene
from .shapes import Points, head, octagon, rectangle, tag
from .style import BLACK, COLORS, GRAY, LARGE, SMALL, WRONG, YELLOW, new_page
from .two_way_layout import Layout, stray_path
from .two_way_view import View, box_of

Update = Callable[[View], None]

VALUE_LIMIT, DELTA_LIMIT = 2.0, 1.0  # what is larger has the darkest color
VALUE_COLORS = colormaps["PuOr_r"](np.linspace(0, 1, 257))
DELTA_COLORS = colormaps["RdBu_r"](np.linspace(0, 1, 257))
WAITING, GONE, EMPTY = "#CCCCCC", "#7A7A7A", "#D0D0D0"
EDGES = {**COLORS, **{"z" + gate: COLORS[gate] for gate in GATES}, "ct": COLORS["c"], "scores": COLORS["loss"]}
FILLED = {"capstyle": "projecting"}  # a frame begins and ends at a corner, which has to be filled
SOLID = FILLED | {"dashes": {"dash_offset": 0, "dash_list": None}}
UNDER = {"color": YELLOW, "linewidth": 10, "path_effects": [withStroke(linewidth=12, foreground=BLACK)], **FILLED}
CHOSEN = {"color": YELLOW, "linewidth": 2.6, "path_effects": [withStroke(linewidth=4.2, foreground=BLACK)], **FILLED}
CHANGED = {"color": BLACK, "linewidth": 1, "linestyle": (0, (3, 2)), "capstyle": "butt"}
CHANGED["path_effects"] = [withStroke(linewidth=4, foreground=YELLOW, **SOLID)]
FRAME = 2.5  # pixels from a box to the middle of the frame around it: clear of the box's name
CROSS = {"marker": "X", "color": WRONG, "markersize": 7.5, "markeredgecolor": "white", "markeredgewidth": 0.7}
CROSS["linestyle"] = ""
CENTER = {"ha": "center", "va": "center_baseline"}


def build(net: Net, direction: str = "both", flaw_marks: bool = False) -> Built:
    """Draw what stays for views of this net in this direction; return the scene and `update(view)`.

    `flaw_marks`: with what marks wrong deltas and arrows in the legend.
    """
    layout = Layout(net.T, slots=direction != "forward")
    figure, axes = new_page(page.WIDTH, page.HEIGHT)
    scene = Scene(figure)
    _static(axes, layout, net, direction)
    _legend(axes, direction, flaw_marks)
    builders = [partial(_build_values, still=direction == "back"), _build_arrows, _build_frames]
    if direction != "forward":
        builders += [_build_slopes, _build_deltas, _build_flaws]
    updates = [builder(scene, axes, layout) for builder in builders]
    heading = scene.live(axes.text(12, 17, "", fontsize=LARGE, va="center_baseline"))

    def update(view: View) -> None:
        for each in updates:
            each(view)
        by_hand = f"    ·    chosen: {words.box_name(view.chosen)}" if view.chosen else ""  # else it follows the slider
        heading.set_text("   ".join(words.heading(view)) + by_hand)

    return scene, update


def shade(colors: np.ndarray, value: float, limit: float) -> np.ndarray:
    """The color of a value on a scale from -limit to limit."""
    return colors[round(128 + 128 * min(1, max(-1, value / limit)))]


def _ink(color: np.ndarray) -> str:
    """Black or white, whichever reads better on a color: relative luminance of WCAG 2, break-even point 0.18."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return BLACK if np.dot(linear, (0.2126, 0.7152, 0.0722)) > 0.18 else "white"


# ----------------------------------------------------------------------------------------------------- what stays


def _static(axes: Axes, layout: Layout, net: Net, direction: str) -> None:
    """The background: steps, names of boxes, tokens."""
    sizes, last, write = layout.sizes, layout.T - 1, partial(_write, axes, size=layout.sizes.small)
    for t in range(layout.T):
        left, right = layout.start(t), layout.start(t + 1)
        _patch(axes, rectangle(left, page.TOP, right - 2, page.BOTTOM), "#F5F5F5", zorder=0)
        write(left + 6, page.BOTTOM - 12, f"step {t}", size=sizes.text, color=GRAY)
        x, _, _ = layout.boxes[f"c[{t}]"]
        _patch(axes, rectangle(x - 27, page.TOKEN - 8, x + 27, page.TOKEN + 8), "white", GRAY, 0.8)
        _patch(axes, [(x - 4, page.TOKEN - 9), (x + 4, page.TOKEN - 9), (x, page.RAIL + 3)], GRAY)
        write(x, page.TOKEN, f"token {net.x[t]}", ha="center", zorder=0.2)
        x, y, _ = layout.boxes[f"loss[{t}]"]
        write(x, y + sum(sizes.box[1:]) / 2 + sizes.tag[1] + 12, f"target {net.targets[t]}", size=8, ha="center")
    for box, (x, y, _) in layout.boxes.items():
        label, dx, align = _label(box, layout)
        write(x + dx, y - sizes.box[1] / 2 - 14, label, size=sizes.text, ha=align)
    if direction != "forward" and layout.T > 1:
        end = layout.start(last + 1) - 8
        for box in (f"c[{last}]", f"h[{last}]"):
            x, y = layout.spot(box, 1, 0)
            axes.plot([x, end], [y, y], color=GONE, linewidth=1, linestyle=(0, (2, 2)), zorder=0.1)
        write(end, page.ROWS["cell"] + 14, "no later step", color=GRAY, ha="right")


def _label(box: str, layout: Layout) -> tuple[str, float, str]:
    """The name above a box, how far to the side, and its alignment: away from the arrows that arrive there."""
    kind, t = kind_and_step(box)
    half = layout.sizes.box[0] / 2
    if kind == "scores":
        return "scores" if box == score(t, 0) else "", layout.boxes[f"h[{t}]"][0] - 7 - layout.boxes[box][0], "right"
    if kind == "g":
        return kind, half, "right"
    if kind[0] == "z" or kind == "loss":  # beside its arrow: the local slope of the gate before ends near the box
        return kind, -7, "right"
    if kind == "ct":
        return ("ct = tanh c" if layout.T == 1 else "ct"), 2, "left"
    if kind in ("kept", "c") or t < 0:
        return words.box_name(box), 0, "center"
    return {"added": "i·g", "h": box}.get(kind, kind), -half, "left"


def _write(axes: Axes, x: float, y: float, words: str, size: float = SMALL, **options) -> None:
    axes.text(x, y, words, fontsize=size, **{"va": "center_baseline", "zorder": 0.1} | options)


def _patch(axes: Axes, points: Points, face: str, edge: str = "none", width: float = 0.0, zorder: float = 0.1) -> None:
    axes.add_collection(PolyCollection([points], facecolor=face, edgecolor=edge, linewidth=width, zorder=zorder))


def _legend(axes: Axes, direction: str, flaw_marks: bool) -> None:
    """What boxes, tags, arrows and frames mean, in two rows below the picture."""
    y = page.BOTTOM + 17

    def write(x: float, words: str, **options) -> None:
        _write(axes, x, y, words, **options)

    def bar(x: float, colors: np.ndarray, limit: str) -> None:
        cells = [rectangle(x + 9 * k, y - 5, x + 9 * k + 9, y + 5) for k in range(9)]
        axes.add_collection(PolyCollection(cells, facecolor=colors[::32], edgecolor=GONE, linewidth=0.4, zorder=0.1))
        write(x - 4, f"≤ −{limit}", ha="right")
        write(x + 85, f"≥ {limit}")

    def line(x: float, color: str, width: float, back: bool, size: tuple[float, float], words: str) -> None:
        axes.plot([x + 6 * back, x + 24 + 6 * back], [y, y], color=color, linewidth=width, zorder=0.1)
        tip = ((x + 30, y), (x, y)) if back else ((x, y), (x + 30, y))
        _patch(axes, head(*tip, *size), color)
        write(x + 36, words)

    def frame(x: float, look: dict, words: str) -> None:
        axes.add_collection(LineCollection([rectangle(x - 12, y - 6, x + 12, y + 6)], **look, zorder=0.1))
        write(x + 18, words)

    _patch(axes, octagon(24, y, 26, 14), "white", BLACK, 1.2)
    write(41, "value")
    bar(123, VALUE_COLORS, "2")
    if direction == "forward":  # all in one row
        line(262, GONE, 1.4, False, (8, 3.5), "a value has passed")
        frame(481, CHOSEN, "chosen")
        return
    _patch(axes, tag(261, y, 28, 14, 4), "white", BLACK, 1.2)
    write(279, "delta")
    bar(358, DELTA_COLORS, "1")
    _patch(axes, tag(496, y, 28, 14, 4), "white", BLACK, 2.4)
    write(514, "sum of parts")
    frame(624, CHOSEN, "chosen")
    frame(715, CHANGED, "changes with a nudge")
    y += 22
    line(11, GONE, 1.4, False, (8, 3.5), "a value has passed")
    line(208, BLACK, 2.4, True, (9, 4.5), "a delta has come back")
    if flaw_marks:
        _patch(axes, tag(429, y + 1, 34, 13, 4), "white", WRONG, 2)
        axes.plot(446, y - 5, **CROSS, zorder=0.2)
        write(458, "a wrong delta")
        line(568, WRONG, 3, True, (11, 6), "an extra arrow")
        line(718, GONE, 1.4, False, (8, 3.5), "")
        axes.plot(731, y, marker="X", color=WRONG, markersize=10, markeredgecolor="white", linestyle="", zorder=0.2)
        write(756, "a missing arrow")


# ---------------------------------------------------------------------------------------------------- what changes


def _build_values(scene: Scene, axes: Axes, layout: Layout, still: bool) -> Update:
    """Value boxes and their numbers; with `still` they are the same in every picture, and belong to the background."""
    height, sizes = layout.sizes.box[1], layout.sizes
    kinds = [kind_and_step(name)[0] for name in layout.boxes]
    shapes = [octagon(x, y, width, height) for x, y, width in layout.boxes.values()]
    edges, widths = [EDGES.get(kind, GRAY) for kind in kinds], [2.4 if kind in GATES else 1.4 for kind in kinds]
    boxes = axes.add_collection(PolyCollection(shapes, edgecolor=edges, linewidth=widths, zorder=0.6))
    texts = [
        axes.text(x, y, "", fontsize=sizes.small if width < page.NARROW else sizes.text, **CENTER, zorder=0.7)
        for x, y, width in layout.boxes.values()
    ]
    if not still:
        scene.live(boxes, *texts)

    def update(view: View) -> None:
        values = [view.net.values[name] if name in view.filled else None for name in layout.boxes]
        colors = [np.ones(4) if v is None else shade(VALUE_COLORS, v, VALUE_LIMIT) for v in values]
        boxes.set_facecolor(colors)
        for text, value, color in zip(texts, values, colors, strict=True):
            text.set_text("" if value is None else words.value_text(value))  # faster than set()
            text.set_color(_ink(color))

    return update


def _build_arrows(scene: Scene, axes: Axes, layout: Layout) -> Update:
    """Arrows: light before a value has gone there, gray after it, black and turned when a delta has come back."""
    paths = layout.paths | layout.trunks
    arrows = {line: [line] for line in layout.paths}  # those that a line belongs to
    arrows |= {t: [f"h[{t - 1}] -> z{gate}[{t}]" for gate in GATES] for t in layout.trunks}
    lines = axes.add_collection(LineCollection([*paths.values()], zorder=1))
    heads = axes.add_collection(PolyCollection([], zorder=1.1))
    scene.live(lines, heads)
    there = {name: head(path[-2], path[-1], 7, 3.2) for name, path in layout.paths.items()}
    back_again = {line: head(path[1], path[0], 9, 4.5) for line, path in paths.items()}

    def update(view: View) -> None:
        back = view.back

        def turned(name: str) -> bool:
            something = not back.flaws or back.arrows.get(name) or name.startswith("scores")
            return name in view.came and bool(something) and name not in back.missing

        black = {line for line in paths if any(map(turned, arrows[line]))}
        gone = {line for line in paths if box_of(ends(arrows[line][0])[1]) in view.filled}
        colors = {line: BLACK if line in black else GONE if line in gone else WAITING for line in paths}
        lines.set_color([*colors.values()])
        lines.set_linewidth([2.6 if line in black else 1.3 for line in paths])
        headed = [line for line in paths if line in black or line in there]  # a trunk has one on the way back only
        heads.set_verts([(back_again if line in black else there)[line] for line in headed])
        heads.set_facecolor([colors[line] for line in headed])

    return update


def _build_deltas(scene: Scene, axes: Axes, layout: Layout) -> Update:
    """Tags with deltas: one below each box, small ones for the parts of a sum; 0 is what no later step brings back."""
    height, last = layout.sizes.tag[1], layout.T - 1
    below = layout.sizes.box[1] / 2 + 1 + height / 2
    places = {name: (x, y + below, width, height) for name, (x, y, width) in layout.boxes.items()}
    places |= {name: (*place, *layout.sizes.part) for name, place in layout.parts.items()}
    sources = {name: (name, [name]) for name in places}  # what has to come before a tag is filled, what it adds up
    for t in range(last):
        ways = [name for name in layout.paths if name.startswith(f"h[{t}] -> z")]
        sources[f"later[{t}]"] = ways[0], ways
    sums = {"h[-1]"}
    if layout.T > 1:  # one step alone has only one part each, and nothing from later
        sources |= {f"later[{last}]": (f"h[{last}]", []), f"c[{last}] -> kept[{last + 1}]": (f"c[{last}]", [])}
        sums |= {f"{kind}[{t}]" for t in range(layout.T) for kind in "ch"}
    places = {name: (*place, 4 if place[2] < page.NARROW else 6) for name, place in places.items()}  # and the nose
    tags = axes.add_collection(PolyCollection([tag(*place) for place in places.values()], zorder=2))
    texts = {}
    for name, (x, y, width, _, nose) in places.items():
        small = name in layout.parts or width < page.NARROW
        size, weight = (layout.sizes.small, "normal") if small else (layout.sizes.text, "bold")
        texts[name] = axes.text(x + nose / 2 - 0.5, y, "", **CENTER, zorder=2.2, fontsize=size, weight=weight)
    (crosses,) = axes.plot([], [], **CROSS, zorder=2.25)  # at the corner of a tag: its number is wrong
    scene.live(tags, crosses, *texts.values())
    hidden, white, empty = (to_rgba(color) for color in (("white", 0.0), "white", EMPTY))

    def update(view: View) -> None:
        deltas, wrong = view.back.boxes | view.back.arrows, view.back.wrong(view.net.right)
        looks, corners = [], []
        for name, (first, ways) in sources.items():
            if first not in view.came or first not in deltas:
                looks.append((hidden, hidden, 0.9) if name in layout.parts else (white, empty, 0.9))
                texts[name].set_text("")
                continue
            delta, bad = sum(deltas[way] for way in ways), not wrong.isdisjoint(ways)
            color = shade(DELTA_COLORS, delta, DELTA_LIMIT)
            thick = name in sums or (bad and delta)  # a zero only follows from another fault
            looks.append((color, to_rgba(WRONG if bad else BLACK), 2.4 if thick else 1.1))
            texts[name].set_text(words.delta_text(delta))
            texts[name].set_color(_ink(color))
            if bad:
                x, y, width, tall, _ = places[name]
                corners.append((x + width / 2 - 1, y - tall / 2 + 1))
        faces, edges, widths = zip(*looks, strict=True)
        tags.set(facecolor=faces, edgecolor=edges, linewidth=widths)
        crosses.set_data(*np.reshape(corners, (-1, 2)).T)

    return update


def _build_flaws(scene: Scene, axes: Axes, layout: Layout) -> Update:
    """Crosses on the arrows that a flaw leaves out; the arrows that it adds, each with a label."""
    (crosses,) = axes.plot([], [], "X", color=WRONG, markersize=13, markeredgecolor="white", zorder=1.6)
    lines = axes.add_collection(LineCollection([], color=WRONG, linewidth=3, zorder=1.3))
    heads = axes.add_collection(PolyCollection([], facecolor=WRONG, zorder=1.4))
    look = {"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": WRONG, "linewidth": 1.4}
    texts = [axes.text(0, 0, "", size=7.2, bbox=look, zorder=2.4) for _ in range(layout.T)]
    scene.live(crosses, lines, heads, *texts)

    def update(view: View) -> None:
        back = view.back
        gone = [layout.paths[name][:2] for name in back.missing & view.came]
        crosses.set_data(*np.reshape([0.65 * start + 0.35 * end for start, end in gone], (-1, 2)).T)
        drawn = [stray for stray in back.strays if stray.target in view.came]
        paths = [stray_path(layout, stray.kind, stray.source, stray.target) for stray in drawn]
        lines.set_segments(paths)
        heads.set_verts([head(path[-2], path[-1], 11, 6) for path in paths])
        for text in texts:
            text.set_text("")
        for stray, path, text in zip(drawn, paths, texts, strict=False):
            label = f"{words.stray_words(stray)[0]}: {words.delta_text(stray.amount)}"
            level = np.argmax(np.abs(np.diff(path[:, 0])))
            text.set(text=label, position=path[level : level + 2].mean(axis=0), **CENTER)
            if stray.kind == "short_range":  # before the boxes of the later step, whose names it would cover
                text.set(x=path[level + 1][0] + 6, ha="left")

    return update


def _build_frames(scene: Scene, axes: Axes, layout: Layout) -> Update:
    """A frame around what is chosen, and frames around what changes with a nudge."""
    under, around_one, around_all = scene.live(
        *(axes.add_collection(LineCollection([], **look, zorder=0.9)) for look in (UNDER, CHOSEN, CHANGED))
    )
    scores = [[score(t, k) for k in (0, 1)] for t in range(layout.T)]

    def around(names: list[str]) -> Points:
        corners = np.array([layout.spot(name, side, side) for name in names for side in (-1, 1)])
        return rectangle(*(corners.min(0) - FRAME), *(corners.max(0) + FRAME))

    def update(view: View) -> None:
        chosen, others = view.place, view.changed - {view.place}
        groups = [pair for pair in scores if others.issuperset(pair)]  # two scores that both change have one frame
        groups += [[name] for name in layout.boxes if name in others and not any(name in pair for pair in groups)]
        under.set_segments([layout.paths[chosen]] if chosen in layout.paths else [])
        around_one.set_segments([around([chosen])] if chosen in layout.boxes else [])
        around_all.set_segments([around(names) for names in groups])

    return update


def _build_slopes(scene: Scene, axes: Axes, layout: Layout) -> Update:
    """The local slopes beside the arrows, where one step leaves room for them."""
    texts = {}
    for name, path in layout.paths.items() if layout.T == 1 else ():
        dx, dy, align = page.ASIDE.get(tuple(kind_and_step(end)[0] for end in ends(name)), (8, 0, "left"))
        x, y = path.mean(axis=0)
        texts[name] = axes.text(x + dx, y + dy, "", fontsize=7.5, ha=align, va="center_baseline", zorder=1.5)
    scene.live(*texts.values())

    def update(view: View) -> None:
        for name, text in texts.items():
            text.set_text(words.slope_text(view.net, name) if name in view.came else "")

    return update
