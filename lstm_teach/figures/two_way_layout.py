"""Where everything of the two-way cell diagram stands, in pixels from the top left; which box or arrow is at a place.

May import numpy, graph and the view.
"""

from types import SimpleNamespace

import numpy as np

from ..graph import arrow, ends, score
from ..params import GATES
from .two_way_view import box_of

Place = tuple[float, float]

WIDTH, HEIGHT = 900, 474
TOP, BOTTOM = 36, 420  # of the steps' background
ROWS = {"cell": 84, "middle": 161, "gates": 239, "z": 315}  # centers of the value boxes
RAIL, TOKEN, HIGH = 390, 407, 46  # the line of h[t-1]; the tokens; arrows that should not be there
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
ARROWS = (  # source, where it is left, target, where that is reached: half widths to the right, half heights down
    ("kept", (1, 0), "c", (-1, 0)),
    ("f", (0, -1), "kept", (0, 1)),
    ("i", (0, -1), "added", (-0.35, 1)),
    ("g", (0, -1), "added", (0.35, 1)),
    ("added", (0, -1), "c", (0, 1)),
    ("ct", (1, 0), "h", (-1, 0)),
    ("o", (0.15, -1), "h", (-0.92, 1)),
    *((f"z{gate}", (0, -1), gate, (0, 1)) for gate in GATES),
)
ASIDE = {  # by the kinds of an arrow's ends: how far from its middle its local slope is written, and the alignment
    ("c", "kept"): (0, -11, "center"),
    ("kept", "c"): (0, -11, "center"),
    ("i", "added"): (4, -10, "right"),
    ("g", "added"): (-4, -10, "left"),
    ("c", "ct"): (34, -5, "left"),
    ("ct", "h"): (0, -11, "center"),
    ("o", "h"): (-12, -8, "right"),
    ("h", "scores"): (60, 0, "left"),  # beyond the tag with the delta
    **{(f"z{gate}", gate): (6, -4, "left") for gate in GATES},  # the name of the box is on the other side
    **{("h", f"z{gate}"): (-7, 2, "right") for gate in GATES},
}
LANE = 0.97  # where h goes down to the next step
NARROW = 50  # pixels: a box or tag that is narrower has small letters
NEAR = 6  # pixels from an arrow that still count as a click on it
NAME = 22  # the height above a box in which its name is
SIZES = {  # by the number of steps, in pixels, text in points: `left` is where step 0 begins, `cell` a score's width
    1: {"left": 112, "box": (66, 26), "tag": (66, 20), "part": (50, 17), "cell": 56, "text": 9.5, "small": 8},
    2: {"left": 74, "box": (58, 25), "tag": (58, 20), "part": (47, 17), "cell": 48, "text": 10, "small": 9},
}


class Layout:
    """Places of one diagram, of one or two steps, with or without slots for deltas.

    boxes: name -> (x, y, width); the delta slot hangs below a box. parts: arrow -> (x, y) of its small tag, also of
    the one that would carry the last cell on; `later[t]` adds up all that comes back from step t+1 to h[t]. A single
    step has neither.
    paths: arrow -> corners, from the source to the target. trunks: step t -> corners of the line from h[t-1] to
    the branches of step t, which all arrows to z[t] share.
    """

    def __init__(self, T: int, slots: bool = True):
        self.T, self.sizes = T, SimpleNamespace(**SIZES[T] if slots else SIZES[T] | {"tag": (0, -1)})
        width = self.sizes.box[0]
        self.boxes = {"c[-1]": (8 + width / 2, ROWS["cell"], width), "h[-1]": (8 + width / 2, RAIL - 12, width)}
        self.paths, self.trunks, self.parts = {}, {}, {}
        for t in range(T):
            for kind, (x, row) in COLUMNS.items():
                self.boxes[f"{kind}[{t}]"] = (self.start(t + x), ROWS[row], width)
            for k in (0, 1):
                x = self.boxes[f"h[{t}]"][0] + (k - 0.5) * self.sizes.cell
                self.boxes[score(t, k)] = (x, ROWS["gates"], self.sizes.cell)
            self._add_arrows(t)

    def start(self, t: float) -> float:
        """The left edge of a step, or a place within it: 0.5 is the middle of step 0."""
        return self.sizes.left + t * (WIDTH - 6 - self.sizes.left) / self.T

    def spot(self, box: str, across: float, down: float) -> Place:
        """A point of a box with its delta slot, in half widths and half heights from the center of its value."""
        x, y, width = self.boxes[box]
        half = self.sizes.box[1] / 2
        return x + across * width / 2, y + down * (half if down < 0 else half + self.sizes.tag[1] + 1)

    def _add_arrows(self, t: int) -> None:
        """Draw the arrows of step t, and place the tags of the parts that they carry."""
        here, c, h, h_before, c_before = f"[{t}]", f"c[{t}]", f"h[{t}]", f"h[{t - 1}]", f"c[{t - 1}]"
        spot, part, half = self.spot, self.sizes.part[0] / 2, self.sizes.box[1] / 2

        def join(source: str, target: str, *corners: Place, tag: Place | None = None) -> None:
            """Add an arrow; `tag` is how far its tag is from its middle."""
            path = self.paths[arrow(source, target)] = np.array(corners, float)
            if tag:
                self.parts[arrow(source, target)] = tuple(path.mean(axis=0) + tag)

        join(c_before, "kept" + here, spot(c_before, 1, 0), spot("kept" + here, -1, 0))
        for source, leave, target, arrive in ARROWS:
            join(source + here, target + here, spot(source + here, *leave), spot(target + here, *arrive))
        x, y = spot(c, 1, 0)
        if self.T > 1:  # one step alone has nothing that comes from later
            self.parts[arrow(c, f"kept[{t + 1}]")] = (x + 14 + part, y)
        join(c, "ct" + here, (x + 1, y + half + 5), spot("ct" + here, -0.3, -1), tag=(2, 0))
        column, top = spot(h, 0, 1)
        join(h, "scores" + here, (column, top), (column, ROWS["gates"] - half), tag=(5 + part, 0))
        bottom = spot(score(t, 0), 0, 1)[1]
        join("scores" + here, "loss" + here, (column, bottom), spot("loss" + here, 0, -1))
        for gate in GATES:
            x, y = spot(f"z{gate}{here}", 0, 1)
            join(h_before, f"z{gate}{here}", (x, RAIL), (x, y), tag=(5 + part, 2))
        start, row = spot(h_before, 1, 0)[0], ROWS["middle"]
        lane = self.start(t - 1 + LANE)
        corners = [(start, row), (lane, row), (lane, RAIL)] if t else [(start, RAIL)]
        self.trunks[t] = np.array([*corners, (self.boxes["zo" + here][0], RAIL)])
        if self.T > 1:
            right = min(self.start(t + LANE) + 6, self.start(t + 1) - 2)
            self.parts[f"later[{t}]"] = (right - part, ROWS["middle"] - 21)

    def at(self, x: float, y: float) -> str | None:
        """The box or arrow at a place; the name of a box, and an arrow that alone leaves it, count as the box."""
        if box := self._box_at(x, y):
            return box
        near = {name: _distance(path, x, y) for name, path in self.paths.items()}
        for name in near.keys() & self.parts.keys():  # its tag belongs to an arrow
            near[name] = min(near[name], max(0, np.hypot(*np.subtract(self.parts[name], (x, y))) - 12))
        name = min(near, key=near.get)
        if near[name] > NEAR:
            return self._box_at(x, y, NAME)
        source = ends(name)[0]
        ways = sum(ends(other)[0] == source for other in self.paths)
        return name if ways > 1 else box_of(source)

    def _box_at(self, x: float, y: float, above: float = 0) -> str | None:
        """The box at a place, or this much below it."""
        for name in self.boxes:
            (left, top), (right, bottom) = self.spot(name, -1, -1), self.spot(name, 1, 1)
            if left <= x <= right and top - above <= y <= bottom:
                return name
        return None


def _distance(path: np.ndarray, x: float, y: float) -> float:
    """How far a point is from a line of corners."""
    a, b = path[:-1], path[1:]
    along = ((np.array([x, y]) - a) * (b - a)).sum(1) / np.maximum(((b - a) ** 2).sum(1), 1e-9)
    nearest = a + np.clip(along, 0, 1)[:, None] * (b - a)
    return float(np.hypot(*(nearest - (x, y)).T).min())


def stray_path(layout: Layout, kind: str, source: str, target: str) -> np.ndarray:
    """Corners of an arrow that should not be there."""
    x, y, width = layout.boxes[target]
    if kind == "short_range":
        from_x = layout.boxes[box_of(source)][0] - layout.sizes.cell / 2
        level = ROWS["middle"] + 36.5
        turn = layout.start(int(source[7:-1]) - 1 + LANE) - 11
        right = x + width / 2 + 1
        rise, lane = ROWS["gates"], from_x - 11  # beside the name of the scores
        return np.array([(from_x, rise), (lane, rise), (lane, level), (turn, level), (turn, y + 9), (right, y + 9)])
    xs, ys, ws = layout.boxes[source]
    top = layout.sizes.box[1] / 2
    leave = (xs + ws * (0.4 if kind == "stale_cell_delta" else -0.34), ys - top)  # beside the name of the box
    land = x + width * 0.36
    return np.array([leave, (leave[0], HIGH), (land, HIGH), (land, y - top)])
