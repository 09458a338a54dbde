"""What the two-way cell diagram is drawn with: boxes, arrows, tags, frames, and the legend.

May import numpy, matplotlib, graph and the other modules of this picture. Each `build_...` adds its artists to the
scene and returns the function that sets them.
"""

from collections.abc import Callable, Collection

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba

from ..graph import Back, Net, Operation, ends, kind_and_step, score
from . import two_way_words as words
from .scene import Scene
from .style import BLACK, COLORS, GRAY, SMALL, WRONG, YELLOW
from .two_way_layout import BOTTOM, RAIL, ROWS, TOKEN, TOP, Layout, future_place, stray_path

Reveal = Collection[str] | None
Points = list[tuple[float, float]]

VALUE_LIMIT, DELTA_LIMIT = 2.0, 1.0  # what is larger has the darkest color
VALUE_COLORS = colormaps["PuOr_r"](np.linspace(0, 1, 257))
DELTA_COLORS = colormaps["RdBu_r"](np.linspace(0, 1, 257))
WAITING, GONE, EMPTY = "#CCCCCC", "#7A7A7A", "#D0D0D0"
EDGES = {**COLORS, **{"z" + gate: COLORS[gate] for gate in "ifog"}, "ct": COLORS["c"], "scores": COLORS["loss"]}
FRAMES = {  # color, width and dash of the lines of a frame, for what is chosen and for what changes with a nudge
    False: ((BLACK, 5.0, "-"), (YELLOW, 3.2, "-")),
    True: ((YELLOW, 4.0, "-"), (BLACK, 1.0, (0, (3, 2)))),
}
CROSS = {"marker": "X", "color": WRONG, "markersize": 7.5, "markeredgecolor": "white", "markeredgewidth": 0.7}
CROSS["linestyle"] = ""
MIDDLE = {"va": "center_baseline", "zorder": 0.1}


# -------------------------------------------------------------------------------------------------------------- shapes


def octagon(x: float, y: float, width: float, height: float, cut: float = 4) -> Points:
    """A box with its corners cut off, around a center."""
    a, b = width / 2, height / 2
    return [
        *((x - a + cut, y - b), (x + a - cut, y - b), (x + a, y - b + cut), (x + a, y + b - cut)),
        *((x + a - cut, y + b), (x - a + cut, y + b), (x - a, y + b - cut), (x - a, y - b + cut)),
    ]


def tag(x: float, y: float, width: float, height: float) -> Points:
    """A tag with a nose to the left."""
    a, b, nose = width / 2, height / 2, 4 if width < 40 else 6
    return [(x - a, y), (x - a + nose, y - b), (x + a, y - b), (x + a, y + b), (x - a + nose, y + b)]


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """A closed line around a rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]


def head(start: Points, end: Points, length: float, half: float) -> Points:
    """The head of an arrow that comes from `start`, its point at `end`."""
    way = np.subtract(end, start)
    way = way / max(np.hypot(*way), 1e-9)
    across, foot = np.array([-way[1], way[0]]) * half, np.array(end) - way * length
    return [tuple(end), tuple(foot + across), tuple(foot - across)]


def shade(colors: np.ndarray, value: float, limit: float) -> np.ndarray:
    """The color of a value on a scale from -limit to limit."""
    return colors[round(128 + 128 * min(1, max(-1, value / limit)))]


def ink(color: np.ndarray) -> str:
    """Black or white, whichever reads better on a color: relative luminance of WCAG 2, break-even point 0.18."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return BLACK if np.dot(linear, (0.2126, 0.7152, 0.0722)) > 0.18 else "white"


# ----------------------------------------------------------------------------------------------------- what stays


def static(axes: Axes, layout: Layout, net: Net, direction: str, flaw_marks: bool) -> None:
    """The background: steps, names of boxes, tokens, the legend."""
    small, text = layout.sizes.small, layout.sizes.text
    for t in range(layout.T):
        left = layout.start(t)
        _patch(axes, rectangle(left, TOP, left + layout.step_width - 2, BOTTOM), "#F5F5F5", "none", 0, zorder=0)
        axes.text(left + 6, BOTTOM - 12, f"step {t}", fontsize=text, color=GRAY, **MIDDLE)
        x, half = layout.boxes[f"c[{t}]"][0], 27 if layout.T < 3 else 23
        _patch(axes, rectangle(x - half, TOKEN - 8, x + half, TOKEN + 8), "white", GRAY, 0.8)
        _patch(axes, [(x - 4, TOKEN - 9), (x + 4, TOKEN - 9), (x, RAIL + 3)], GRAY, "none", 0)
        axes.text(x, TOKEN, f"token {net.x[t]}", fontsize=small, ha="center", va="center_baseline", zorder=0.2)
        x, y, _ = layout.boxes[f"loss[{t}]"]
        below = sum(layout.sizes.box[1:]) / 2 + layout.sizes.tag[1] + 12
        axes.text(x, y + below, f"target {net.targets[t]}", fontsize=small, ha="center", **MIDDLE)
    for box, (x, y, _) in layout.boxes.items():
        label, dx, align = _label(box, layout)
        up = 12.5 if layout.T == 1 else 14  # one step needs the room above for the local slopes
        axes.text(x + dx, y - layout.sizes.box[1] / 2 - up, label, fontsize=text, ha=align, **MIDDLE)
    if direction != "forward":
        last = layout.T - 1
        end = layout.start(last) + layout.step_width - 8
        for box in (f"c[{last}]", f"h[{last}]"):
            x, y, width = layout.boxes[box]
            axes.plot([x + width / 2, end], [y, y], color=GONE, linewidth=1, linestyle=(0, (2, 2)), zorder=0.1)
        axes.text(end, ROWS["cell"] + 14, "no later step", fontsize=small, color=GRAY, ha="right", **MIDDLE)
    _legend(axes, direction, flaw_marks)


def _label(box: str, layout: Layout) -> tuple[str, float, str]:
    """The name above a box, how far to the side, and its alignment: away from the arrows that arrive there."""
    kind, t = kind_and_step(box)
    half = layout.sizes.box[0] / 2
    if kind == "scores" and box == score(t, layout.shown[t][0]):
        return "scores", layout.boxes[f"h[{t}]"][0] - 7 - layout.boxes[box][0], "right"
    if kind in ("scores", "others"):
        return "", 0, "center"
    if kind in ("i", "f", "zi", "zf", "zg", "zo", "loss", "o"):
        return kind, -half, "left"
    if kind == "added":
        return "i·g", -half, "left"
    if kind == "g":
        return kind, half, "right"
    if kind == "ct":
        return ("ct = tanh c" if layout.T == 1 else "ct"), 2, "left"
    return (box, -half, "left") if kind == "h" and t >= 0 else (words.box_name(box), 0, "center")


def _patch(axes: Axes, points: Points, face: str, edge: str, width: float, zorder: float = 0.1) -> None:
    axes.add_collection(PolyCollection([points], facecolor=face, edgecolor=edge, linewidth=width, zorder=zorder))


def _legend(axes: Axes, direction: str, flaw_marks: bool) -> None:
    """What boxes, tags, arrows and frames mean, in two rows below the picture."""
    y = BOTTOM + 17

    def write(x: float, words: str, **options) -> None:
        axes.text(x, y, words, fontsize=SMALL, **MIDDLE, **options)

    def bar(x: float, colors: np.ndarray, limit: str) -> None:
        cells = [rectangle(x + 9 * k, y - 5, x + 9 * k + 9, y + 5) for k in range(9)]
        axes.add_collection(PolyCollection(cells, facecolor=colors[::32], edgecolor=GONE, linewidth=0.4, zorder=0.1))
        write(x - 4, f"≤ −{limit}", ha="right")
        write(x + 85, f"≥ {limit}")

    def line(x: float, color: str, width: float, back: bool, size: tuple[float, float]) -> None:
        axes.plot([x + 6 * back, x + 24 + 6 * back], [y, y], color=color, linewidth=width, zorder=0.1)
        tip = ((x + 30, y), (x, y)) if back else ((x, y), (x + 30, y))
        axes.add_collection(PolyCollection([head(*tip, *size)], facecolor=color, zorder=0.1))

    _patch(axes, octagon(24, y, 26, 14), "white", BLACK, 1.2)
    write(41, "value")
    bar(123, VALUE_COLORS, "2")
    if direction == "forward":  # all in one row
        line(262, GONE, 1.4, False, (8, 3.5))
        write(298, "a value has gone here")
        _sample(axes, 481, y, dashed=False)
        write(499, "chosen")
        return
    _patch(axes, tag(261, y, 28, 14), "white", BLACK, 1.2)
    write(279, "delta")
    bar(358, DELTA_COLORS, "1")
    _patch(axes, tag(496, y, 28, 14), "white", BLACK, 2.4)
    write(514, "sum of parts")
    _sample(axes, 624, y, dashed=False)
    write(642, "chosen")
    _sample(axes, 715, y, dashed=True)
    write(733, "changes with a nudge")
    y += 22
    line(11, GONE, 1.4, False, (8, 3.5))
    write(47, "a value has gone here")
    line(208, BLACK, 2.4, True, (9, 4.5))
    write(244, "a delta has come back")
    if flaw_marks:
        _patch(axes, tag(429, y + 1, 34, 13), "white", WRONG, 2)
        axes.plot(446, y - 5, **CROSS, zorder=0.2)
        write(458, "a wrong delta")
        line(568, WRONG, 3, True, (11, 6))
        write(604, "an extra arrow")
        line(718, GONE, 1.4, False, (8, 3.5))
        axes.plot(731, y, marker="X", color=WRONG, markersize=10, markeredgecolor="white", linestyle="", zorder=0.2)
        write(756, "a missing arrow")


def _sample(axes: Axes, x: float, y: float, dashed: bool) -> None:
    xs, ys = zip(*rectangle(x - 12, y - 6, x + 12, y + 6), strict=True)
    for color, width, dashes in FRAMES[dashed]:
        axes.plot(xs, ys, color=color, linewidth=width, linestyle=dashes, zorder=0.1)


# ---------------------------------------------------------------------------------------------------- what changes


def build_values(scene: Scene, axes: Axes, layout: Layout) -> Callable[[Net, Collection[Operation], bool], None]:
    """Value boxes and their numbers. On the way back they stand still and belong to the background."""
    names = [name for name in layout.boxes if not name.startswith("others")]
    height, size = layout.sizes.box[1], layout.sizes.text
    kinds = [kind_and_step(name)[0] for name in names]
    boxes = PolyCollection(
        [octagon(x, y, width, height) for x, y, width in (layout.boxes[name] for name in names)],
        edgecolor=[EDGES.get(kind, GRAY) for kind in kinds],
        linewidth=[2.4 if kind in ("i", "f", "o", "g") else 1.4 for kind in kinds],
        zorder=0.6,
    )
    axes.add_collection(boxes)
    texts = []
    for name in names:
        x, y, width = layout.boxes[name]
        fontsize = layout.sizes.small if width < 40 else size
        texts.append(axes.text(x, y, "", fontsize=fontsize, ha="center", va="center_baseline", zorder=0.7))
    for name, (x, y, width) in layout.boxes.items():
        if name.startswith("others"):
            _patch(axes, octagon(x, y, width, 19), "white", GRAY, 1.2, zorder=0.6)
            many = f"+ {layout.H - 1} unit{'s' * (layout.H > 2)}"
            axes.text(x, y, many, fontsize=layout.sizes.small, ha="center", va="center_baseline", zorder=0.7)
    artists = (boxes, *texts)
    scene.live(*artists)
    shown: dict = {"resting": False, "values": None}

    def update(net: Net, done: Collection[Operation], resting: bool) -> None:
        filled = {"h[-1]", "c[-1]"} | {box for o in done if not o.back for box in o.boxes}
        values = [net.values[name] if name in filled else None for name in names]
        if values == shown["values"] and resting == shown["resting"]:
            return
        if resting != shown["resting"]:
            (scene.rest if resting else scene.live)(*artists)
        elif resting:
            scene.forget()
        shown.update(resting=resting, values=values)
        colors = [np.ones(4) if v is None else shade(VALUE_COLORS, v, VALUE_LIMIT) for v in values]
        boxes.set_facecolor(colors)
        for text, value, color in zip(texts, values, colors, strict=True):
            text.set_text("" if value is None else words.value_text(value))
            text.set_color(ink(color))

    return update


def shown_back(name: str, came: Collection[str], reveal: Reveal) -> bool:
    """Whether a delta has come to a box or over an arrow and may be shown."""
    known = reveal is None or name in reveal or (" -> " in name and ends(name)[0] in reveal)
    return name in came and known


def build_arrows(
    scene: Scene, axes: Axes, layout: Layout
) -> Callable[[Collection[Operation], Back, set, Reveal], None]:
    """Arrows: light before a value has gone there, gray after it, black and turned when a delta has come back."""
    names, trunks = list(layout.paths), list(layout.trunks)
    paths = [layout.paths[name] for name in names]
    lines = axes.add_collection(LineCollection([*paths, *layout.trunks.values()], zorder=1))
    heads = axes.add_collection(PolyCollection([], zorder=1.1))
    thick = 2.6 if layout.T < 3 else 2.1
    scene.live(lines, heads)
    there = [head(path[-2], path[-1], 7, 3.2) for path in paths]
    back_again = [head(path[1], path[0], 9, 4.5) for path in paths]

    def turned(name: str, back: Back, came: set[str], reveal: Reveal) -> bool:
        source, _ = ends(name)
        if source.startswith("scores"):
            return shown_back(layout.box_of(source), came, reveal)
        something = not back.flaws or back.arrows.get(name)
        return shown_back(name, came, reveal) and bool(something) and name not in back.missing

    def reached(target: str, filled: set[str]) -> bool:
        kind, t = kind_and_step(target)
        return {"others": f"zi[{t}]", "scores": score(t, 0)}.get(kind, target) in filled

    def update(done: Collection[Operation], back: Back, came: set[str], reveal: Reveal) -> None:
        filled = {box for o in done if not o.back for box in o.boxes}
        black = [turned(name, back, came, reveal) for name in names]
        colors = [
            BLACK if is_back else GONE if reached(ends(name)[1], filled) else WAITING
            for name, is_back in zip(names, black, strict=True)
        ]
        shapes = [back_again[k] if is_back else there[k] for k, is_back in enumerate(black)]
        fills, widths = list(colors), [thick if is_back else 1.3 for is_back in black]
        for t in trunks:
            is_back = any(b for name, b in zip(names, black, strict=True) if name.startswith(f"h[{t - 1}] -> z"))
            colors.append(BLACK if is_back else GONE if f"zi[{t}]" in filled else WAITING)
            widths.append(thick if is_back else 1.3)
            if is_back:
                shapes.append(head(layout.trunks[t][1], layout.trunks[t][0], 9, 4.5))
                fills.append(BLACK)
        lines.set_color(colors)
        lines.set_linewidth(widths)
        heads.set_verts(shapes)
        heads.set_facecolor(fills)

    return update


def build_deltas(scene: Scene, axes: Axes, layout: Layout) -> Callable[[Back, set, frozenset, Reveal], None]:
    """Tags with deltas: one below each box, small ones for the parts of a sum.

    `later[t]` is what comes back to h[t] from step t+1, over all its arrows; `carry` that no later c exists.
    """
    height, last = layout.sizes.tag[1], layout.T - 1
    places = {
        name: (x, y + layout.sizes.box[1] / 2 + 1 + height / 2, width, height)
        for name, (x, y, width) in layout.boxes.items()
        if not name.startswith("others")
    }
    parts = {name: (*place, *layout.sizes.part) for name, place in layout.parts.items()}
    parts |= {f"later[{t}]": (*future_place(layout, t), *layout.sizes.part) for t in range(layout.T)}
    x, y, width = layout.boxes[f"c[{last}]"]
    parts["carry"] = (x + width / 2 + 14 + layout.sizes.part[0] / 2, y, *layout.sizes.part)
    sums = {f"{kind}[{t}]" for t in range(layout.T) for kind in "ch"}
    places |= parts
    tags = axes.add_collection(PolyCollection([tag(*place) for place in places.values()], zorder=2))
    texts = {}
    for name, (x, y, width, _) in places.items():
        small = name in parts or width < 40
        size = {"fontsize": layout.sizes.small if small else layout.sizes.text}
        size["weight"] = "normal" if small else "bold"
        texts[name] = axes.text(x + 2.5, y, "", ha="center", va="center_baseline", zorder=2.2, **size)
    (crosses,) = axes.plot([], [], **CROSS, zorder=2.25)  # at the corner of a tag: its number is wrong
    scene.live(tags, crosses, *texts.values())
    later = {t: [n for n in layout.paths if n.startswith((f"h[{t}] -> z", f"h[{t}] -> o"))] for t in range(last)}
    hidden, empty = (*to_rgba("white")[:3], 0.0), to_rgba(EMPTY)

    def deltas(back: Back, came: set[str], wrong: frozenset[str], reveal: Reveal) -> dict[str, tuple[float, bool]]:
        found = {
            name: (delta, name in wrong)
            for name, delta in {**back.boxes, **back.arrows}.items()
            if name in places and shown_back(name, came, reveal)
        }
        for t, ways in later.items():
            if shown_back(ways[0], came, reveal):
                found[f"later[{t}]"] = sum(back.arrows[name] for name in ways), bool(wrong & set(ways))
        found |= {
            end: (0.0, False) for end, box in ((f"later[{last}]", "h"), ("carry", "c")) if f"{box}[{last}]" in found
        }
        return found

    def update(back: Back, came: set[str], wrong: frozenset[str], reveal: Reveal) -> None:
        shown = deltas(back, came, wrong, reveal)
        faces, edges, widths, corners = [], [], [], []
        for name, text in texts.items():
            if name not in shown:
                faces.append(hidden if name in parts else (1, 1, 1, 1))
                edges.append(hidden if name in parts else empty)
                widths.append(0.9)
                text.set_text("")
                continue
            delta, bad = shown[name]
            color = shade(DELTA_COLORS, delta, DELTA_LIMIT)
            faces.append(color)
            edges.append(to_rgba(WRONG if bad else BLACK))
            widths.append(2.4 if name in sums or (bad and delta) else 1.1)  # a zero only follows from another fault
            if bad:
                x, y, width, tall = places[name]
                corners.append((x + width / 2 - 1, y - tall / 2 + 1))
            text.set_text(words.delta_text(delta))
            text.set_color(ink(color))
        tags.set_facecolor(faces)
        tags.set_edgecolor(edges)
        tags.set_linewidth(widths)
        crosses.set_data(*(np.array(corners).T if corners else ([], [])))
        crosses.set_visible(bool(corners))

    return update


def build_flaws(scene: Scene, axes: Axes, layout: Layout) -> Callable[[Back, set], None]:
    """Crosses on the arrows that a flaw leaves out; the arrows that it adds, each with a label."""
    (crosses,) = axes.plot([], [], "X", color=WRONG, markersize=13, markeredgecolor="white", zorder=1.6)
    lines = axes.add_collection(LineCollection([], color=WRONG, linewidth=3, zorder=1.3))
    heads = axes.add_collection(PolyCollection([], facecolor=WRONG, zorder=1.4))
    boxes = axes.add_collection(PolyCollection([], facecolor="white", edgecolor=WRONG, linewidth=1.4, zorder=2.3))
    style = {"fontsize": layout.sizes.small, "ha": "center", "va": "center_baseline", "zorder": 2.4}
    texts = [axes.text(0, 0, "", **style) for _ in range(8)]
    scene.live(crosses, lines, heads, boxes, *texts)

    def update(back: Back, came: set[str]) -> None:
        gone = [0.65 * layout.paths[name][0] + 0.35 * layout.paths[name][1] for name in back.missing if name in came]
        crosses.set_data(*(np.array(gone).T if gone else ([], [])))
        drawn = [stray for stray in back.strays if stray.target in came]
        paths = [stray_path(layout, stray.kind, stray.source, stray.target) for stray in drawn]
        lines.set_segments(paths)
        heads.set_verts([head(path[-2], path[-1], 11, 6) for path in paths])
        frames = []
        for stray, path, text in zip(drawn, paths, texts, strict=False):
            label = f"{words.stray_label(stray)}: {words.delta_text(stray.amount)}"
            level = np.argmax(np.abs(np.diff(path[:, 0])))
            source = 0.68 if stray.kind == "carry_accumulates" else 0.5  # beside the label of another flaw
            x, y = source * path[level] + (1 - source) * path[level + 1]
            text.set(text=label, position=(x, y))
            half = 0.41 * len(label) * layout.sizes.small + 5
            frames.append(rectangle(x - half, y - 8, x + half, y + 8))
        for text in texts[len(drawn) :]:
            text.set_text("")
        boxes.set_verts(frames)
        for artist in (crosses, lines, heads, boxes):
            artist.set_visible(bool(gone if artist is crosses else drawn))

    return update


def build_frames(scene: Scene, axes: Axes, layout: Layout) -> Callable[[str, Collection[str]], None]:
    """A frame around what is chosen, and frames around what changes with a nudge."""
    lines = {
        dashed: [
            axes.add_collection(LineCollection([], color=c, linewidth=w, linestyle=d, zorder=0.9 + dashed / 100))
            for c, w, d in FRAMES[dashed]
        ]
        for dashed in (True, False)
    }
    under = [
        axes.add_collection(LineCollection([], color=c, linewidth=w, zorder=0.85))
        for c, w in ((BLACK, 12), (YELLOW, 10))
    ]
    scene.live(*lines[True], *lines[False], *under)

    def around(names: list[str], space: float) -> Points:
        left, top, right, bottom = np.array([layout.stack(name) for name in names]).T
        return rectangle(left.min() - space, top.min() - space, right.max() + space, bottom.max() + space)

    def update(chosen: str, changed: Collection[str]) -> None:
        others = [name for name in layout.boxes if name in changed and name != chosen]
        strips = [[score(t, k) for k in symbols] for t, symbols in enumerate(layout.shown)]
        strips = [strip for strip in strips if set(strip) <= set(others)]
        alone = [[name] for name in others if not any(name in strip for strip in strips)]
        for line in lines[False]:
            line.set_segments([around([chosen], 3.5)] if chosen in layout.boxes else [])
            line.set_visible(chosen in layout.boxes)
        for line in lines[True]:
            line.set_segments([around(names, 3) for names in alone + strips])
            line.set_visible(bool(others))
        for line in under:
            line.set_segments([layout.paths[chosen]] if chosen in layout.paths else [])
            line.set_visible(chosen in layout.paths)

    return update


# ---------------------------------------------------------------------------------------- local slopes on the arrows

ASIDE = {  # by the kinds of an arrow's ends: how far from its middle its local slope is written, and the alignment
    ("c", "kept"): (0, -11, "center"),
    ("kept", "c"): (0, -11, "center"),
    ("f", "kept"): (8, 0, "left"),
    ("i", "added"): (-8, -7, "right"),
    ("g", "added"): (8, -7, "left"),
    ("added", "c"): (8, 0, "left"),
    ("c", "ct"): (34, -2, "left"),
    ("ct", "h"): (0, -11, "center"),
    ("o", "h"): (-12, -8, "right"),
    ("h", "scores"): (-7, -5, "right"),
    ("scores", "loss"): (8, 0, "left"),
}


def build_slopes(scene: Scene, axes: Axes, layout: Layout) -> Callable[[Net, set, Reveal], None]:
    """The local slopes beside the arrows, where one step leaves room for them."""
    texts = {}
    for name, path in layout.paths.items() if layout.T == 1 else ():
        (one, _), (other, _) = (kind_and_step(end if end != "scores[0]" else score(0, 0)) for end in ends(name))
        default = (-7, 2, "right") if one == "h" else (8, 0, "left")
        dx, dy, align = ASIDE.get((one, other), default)
        if other != "others":
            x, y = path.mean(axis=0)
            texts[name] = axes.text(x + dx, y + dy, "", fontsize=7.5, ha=align, va="center_baseline", zorder=1.5)
    scene.live(*texts.values())

    def update(net: Net, came: set[str], reveal: Reveal) -> None:
        for name, text in texts.items():
            source, target = ends(name)
            place = layout.box_of(source) if source.startswith("scores") else name
            shown = shown_back(place, came, reveal)
            text.set_text(words.slope_text(net, source, target) if shown else "")

    return update
