"""Where everything of the two-way cell diagram stands, in pixels from the top left; which box or arrow is at a place.

May import numpy and graph.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..graph import arrow, ends, score
from ..params import GATES

WIDTH, HEIGHT = 900, 474
TOP, BOTTOM = 36, 420  # of the steps' background
ROWS = {"cell": 84, "middle": 161, "gates": 239, "z": 315}  # centers of the value boxes
RAIL, TOKEN, HIGH = 390, 407, 48  # the line of h[t-1]; the tokens; arrows that should not be there
COLUMNS = {  # centers, in parts of a step's width
    "kept": (0.09, "cell"),
    "c": (0.3475, "cell"),
    "added": (0.3475, "middle"),
    "ct": (0.583, "middle"),
    "h": (0.81, "middle"),
    **{gate: (x, "gates") for gate, x in zip("figo", (0.09, 0.26, 0.433, 0.607), strict=True)},
    **{f"z{gate}": (x, "z") for gate, x in zip("figo", (0.09, 0.26, 0.433, 0.607), strict=True)},
    "loss": (0.81, "z"),
}
LANE = 0.97  # where h goes down to the next step
NEAR = 6  # pixels from an arrow that still count as a click on it


@dataclass(frozen=True)
class Sizes:
    """What depends on how many steps there are: sizes in pixels, text in points."""

    left: int  # where step 0 begins
    box: tuple[int, int]
    tag: tuple[int, int]
    part: tuple[int, int]
    cell: int  # width of one score
    scores: int  # how many scores have room
    shift: float  # how far their row is to the right of h
    text: float
    small: float


SIZES = {
    1: Sizes(112, (66, 26), (66, 20), (50, 17), 52, 4, 0, 9.5, 8),
    2: Sizes(72, (54, 24), (54, 19), (45, 16), 36, 3, 0, 8.5, 7.2),
    3: Sizes(54, (43, 23), (43, 18), (38, 15), 35, 2, 6, 7.4, 7),
}


@dataclass(frozen=True)
class Layout:
    """Places of one diagram.

    boxes: name -> (x, y, width); the delta slot hangs below a box. parts: arrow -> (x, y) of its small tag.
    paths: arrow -> corners, from the source to the target. trunks: step t -> corners of the line from h[t-1] to
    the branches of step t, which all arrows to z[t] share.
    """

    T: int
    H: int
    sizes: Sizes
    step_width: float
    boxes: dict[str, tuple[float, float, float]]
    paths: dict[str, np.ndarray]
    trunks: dict[int, np.ndarray]
    parts: dict[str, tuple[float, float]]
    shown: tuple[tuple[int, ...], ...]  # the symbols whose scores are shown, for each step

    def start(self, t: int) -> float:
        """The left edge of a step."""
        return self.sizes.left + t * self.step_width

    def stack(self, box: str) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a box with its delta slot."""
        x, y, width = self.boxes[box]
        half, tag = self.sizes.box[1] / 2, self.sizes.tag[1]
        if box.startswith("others"):
            return x - width / 2, y - 10, x + width / 2, y + 10
        return x - width / 2, y - half, x + width / 2, y + half + tag + 1

    def at(self, x: float, y: float) -> str | None:
        """The box or arrow at a place; an arrow that alone leaves its box counts as the box."""
        for name in self.boxes:
            left, top, right, bottom = self.stack(name)
            if left <= x <= right and top <= y <= bottom:
                return arrow(*self._others_ends(name)) if name.startswith("others") else name
        near = {name: distance(path, x, y) for name, path in self.paths.items()}
        for name, (px, py) in self.parts.items():  # its tag belongs to an arrow
            near[name] = min(near[name], max(0, np.hypot(px - x, py - y) - 12))
        name = min(near, key=near.get)
        if near[name] > NEAR:
            return None
        source, _ = ends(name)
        return name if self.ways(source) > 1 else self.box_of(source)

    def ways(self, box: str) -> int:
        """How many arrows leave a box."""
        return sum(ends(name)[0] == box for name in self.paths)

    def box_of(self, source: str) -> str:
        """A box that can be chosen for the source of an arrow: for `scores[t]` the first score shown."""
        return next(name for name in self.boxes if name == source or name.startswith(source[:-1] + ","))

    def _others_ends(self, name: str) -> tuple[str, str]:
        t = int(name[7:-1])
        return f"h[{t - 1}]", name


def distance(path: np.ndarray, x: float, y: float) -> float:
    """How far a point is from a line of corners."""
    a, b = path[:-1], path[1:]
    along = ((np.array([x, y]) - a) * (b - a)).sum(1) / np.maximum(((b - a) ** 2).sum(1), 1e-9)
    nearest = a + np.clip(along, 0, 1)[:, None] * (b - a)
    return float(np.hypot(*(nearest - (x, y)).T).min())


def shown_scores(target: int, K: int, room: int) -> tuple[int, ...]:
    """The symbols whose scores are shown: the target and the first others, as many as have room."""
    others = [k for k in range(K) if k != target]
    return tuple(sorted([target, *others[: room - 1]]))


def lay_out(targets: tuple[int, ...], K: int, H: int, slots: bool = True) -> Layout:
    """Place everything for a sequence of 1 to 3 steps with these targets, with or without slots for deltas."""
    T = len(targets)
    sizes = SIZES[T] if slots else replace(SIZES[T], tag=(0, -1))
    step_width = (WIDTH - 6 - sizes.left) / T
    width = min(sizes.box[0], sizes.left - 14)
    boxes = {"c[-1]": (8 + width / 2, ROWS["cell"], width), "h[-1]": (8 + width / 2, RAIL - 12, width)}
    shown = []
    for t, target in enumerate(targets):
        x0 = sizes.left + t * step_width
        for kind, (x, row) in COLUMNS.items():
            boxes[f"{kind}[{t}]"] = (x0 + x * step_width, ROWS[row], sizes.box[0])
        symbols = shown_scores(target, K, sizes.scores)
        for place, k in enumerate(symbols):
            x = x0 + COLUMNS["h"][0] * step_width + sizes.shift + (place - (len(symbols) - 1) / 2) * sizes.cell
            boxes[score(t, k)] = (x, ROWS["gates"], sizes.cell)
        shown.append(symbols)
        if H > 1:
            boxes[f"others[{t}]"] = (x0 + COLUMNS["h"][0] * step_width, RAIL, sizes.box[0] + 10)
    layout = Layout(T, H, sizes, step_width, boxes, {}, {}, {}, tuple(shown))
    for t in range(T):
        _add_step(layout, t)
    return layout


def _add_step(layout: Layout, t: int) -> None:
    """Draw the arrows of step t, and place the tags of the parts that they carry."""
    here, before = f"[{t}]", f"[{t - 1}]"
    half = layout.sizes.box[1] / 2
    below = half + layout.sizes.tag[1] + 1

    def spot(box: str, dx: float = 0, dy: float = 0) -> tuple[float, float]:
        x, y, width = layout.boxes[box]
        return x + dx * width / 2, y + (dy * half if dy < 0 else dy * below)

    def join(source: str, target: str, *corners: tuple[float, float]) -> None:
        layout.paths[arrow(source, target)] = np.array(corners, float)

    c, h, ct, added = "c" + here, "h" + here, "ct" + here, "added" + here
    join("c" + before, "kept" + here, spot("c" + before, 1), spot("kept" + here, -1))
    join("kept" + here, c, spot("kept" + here, 1), spot(c, -1))
    join("f" + here, "kept" + here, spot("f" + here, 0, -1), spot("kept" + here, 0, 1))
    join("i" + here, added, spot("i" + here, 0, -1), spot(added, -0.35, 1))
    join("g" + here, added, spot("g" + here, 0, -1), spot(added, 0.35, 1))
    join(added, c, spot(added, 0, -1), spot(c, 0, 1))
    right_of_c, corner_of_ct = spot(c, 1), spot(ct, -0.3, -1)
    join(c, ct, (right_of_c[0] + 1, right_of_c[1] + half + 5), corner_of_ct)
    join(ct, h, spot(ct, 1), spot(h, -1))
    corner_of_h = spot(h, -0.92, 1)
    join("o" + here, h, spot("o" + here, 0.15, -1), corner_of_h)
    column = layout.boxes[h][0]
    join(h, "scores" + here, (column, spot(h, 0, 1)[1]), (column, ROWS["gates"] - half))
    join("scores" + here, "loss" + here, (column, ROWS["gates"] + below), spot("loss" + here, 0, -1))
    for gate in GATES:
        x = layout.boxes[gate + here][0]
        join(f"z{gate}{here}", gate + here, spot(f"z{gate}{here}", 0, -1), spot(gate + here, 0, 1))
        join("h" + before, f"z{gate}{here}", (x, RAIL), spot(f"z{gate}{here}", 0, 1))
    first, last = layout.boxes["zf" + here][0], layout.boxes["zo" + here][0]
    if layout.H > 1:
        x, _, width = layout.boxes["others" + here]
        join("h" + before, "others" + here, (last + 1, RAIL), (x - width / 2, RAIL))
    if t == 0:
        layout.trunks[0] = np.array([(spot("h[-1]", 1)[0], RAIL), (last, RAIL)])
    else:
        lane = layout.start(t - 1) + LANE * layout.step_width
        row = ROWS["middle"]
        layout.trunks[t] = np.array([(spot("h" + before, 1)[0], row), (lane, row), (lane, RAIL), (last, RAIL)])
    _add_parts(layout, t, first)


def _add_parts(layout: Layout, t: int, first: float) -> None:
    here, before = f"[{t}]", f"[{t - 1}]"
    width, height = layout.sizes.part
    (x1, y1), (x2, y2) = layout.paths[arrow("c" + here, "ct" + here)]
    layout.parts[arrow("c" + here, "ct" + here)] = ((x1 + x2) / 2 + 2, (y1 + y2) / 2)
    if t:
        xc, yc, box = layout.boxes["c" + before]
        layout.parts[arrow("c" + before, "kept" + here)] = (xc + box / 2 + 14 + width / 2, yc)
    x, _, _ = layout.boxes["h" + here]
    path = layout.paths[arrow("h" + here, "scores" + here)]
    layout.parts[arrow("h" + here, "scores" + here)] = (x + 5 + width / 2, path[:, 1].mean())
    for gate in GATES:
        name = arrow("h" + before, f"z{gate}{here}")
        path = layout.paths[name]
        layout.parts[name] = (path[0, 0] + 5 + width / 2, path[:, 1].mean() + 2)
    if layout.H > 1:
        x, _, _ = layout.boxes["others" + here]
        layout.parts[arrow("h" + before, "others" + here)] = (x, RAIL + 11 + height / 2)


def future_place(layout: Layout, t: int) -> tuple[float, float]:
    """Where the sum of what comes back from step t+1 to h[t] stands."""
    right = layout.start(t) + min(LANE * layout.step_width + 6, layout.step_width - 2)
    return right - layout.sizes.part[0] / 2, ROWS["middle"] - 21


def stray_path(layout: Layout, kind: str, source: str, target: str) -> np.ndarray:
    """Corners of an arrow that should not be there."""
    x, y, width = layout.boxes[target]
    if kind == "short_range":
        from_x = layout.boxes[layout.box_of(source)][0] - layout.sizes.cell / 2
        level = ROWS["middle"] + 39
        t = int(source[7:-1])
        turn = layout.start(t - 1) + LANE * layout.step_width - 11
        right = x + width / 2 + 1
        rise, lane = ROWS["gates"], from_x - 13  # beside the name of the scores
        return np.array([(from_x, rise), (lane, rise), (lane, level), (turn, level), (turn, y + 9), (right, y + 9)])
    xs, ys, ws = layout.boxes[source]
    top = layout.sizes.box[1] / 2
    leave = (xs + ws * (0.4 if kind == "stale_cell_delta" else -0.34), ys - top)  # beside the name of the box
    land = x + width * 0.36
    return np.array([leave, (leave[0], HIGH), (land, HIGH), (land, y - top)])
