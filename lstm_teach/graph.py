"""One unit of the LSTM as boxes and arrows: values, deltas, local slopes, and what the loss does when a box is nudged.

May import numpy, params, forward, backward, nested and the input checks. Boxes have names such as `c[0]`, `zf[1]`,
`h[-1]`, `scores[0,1]` (step, symbol) and `loss[0]`; `kept[t]` is f * c[t-1], `added[t]` is i * g, and `others[t]` are
the other units at step t. An arrow is named by its two ends, in the direction of the values: `c[0] -> ct[0]`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from lstm_teach import validate
from lstm_teach.backward import output_delta
from lstm_teach.forward import check_params, forward, softmax
from lstm_teach.nested import FLAWS
from lstm_teach.params import GATES, Params

NUDGE = 0.001  # how far a box is moved in all, half of it to either side
SAME = 1e-9  # two deltas that differ by more than this part of the largest one are not the same


@dataclass(frozen=True, eq=False)
class Net:
    """A net with its sequence, and the unit that is looked at: all that the numbers of the graph depend on."""

    params: Params
    x: np.ndarray  # (T,)
    targets: np.ndarray  # (T,)
    h0: np.ndarray  # (H,)
    c0: np.ndarray  # (H,)
    unit: int = 0

    @property
    def T(self) -> int:
        """The number of steps."""
        return len(self.x)

    @property
    def H(self) -> int:
        """The number of units."""
        return self.params.hidden_size

    @property
    def K(self) -> int:
        """The number of symbols."""
        return self.params.vocab_size

    @cached_property
    def values(self) -> dict[str, float]:
        """The value of every box."""
        return forward_values(self)

    @cached_property
    def slopes(self) -> dict[str, float]:
        """The local slope of every arrow; `h[t]` has one to each of the scores."""
        return local_slopes(self)

    @cached_property
    def right(self) -> Back:
        """What the right pass brings back."""
        return walk_back(self)

    def first_steps(self, T: int) -> Net:
        """The same net on the first T steps alone."""
        return Net(self.params, self.x[:T], self.targets[:T], self.h0, self.c0, self.unit)

    def at_unit(self, unit: int) -> Net:
        """The same net, with another unit looked at."""
        return Net(self.params, self.x, self.targets, self.h0, self.c0, unit)


def make_net(
    params: Params,
    x: Sequence[int],
    targets: Sequence[int],
    h0: Sequence[float] | None = None,
    c0: Sequence[float] | None = None,
    unit: int = 0,
) -> Net:
    """Check a net and its sequence; raise as `loss` does, and for a unit that the net does not have."""
    check_params(params, one_net=True)
    x, targets = validate.sequence_pair(x, targets, params.vocab_size)
    H = params.hidden_size
    if unit not in range(H):
        raise ValueError(f"unit must be from 0 to {H - 1}, got {validate.brief(unit)}.")
    states = (np.array(validate.state(name, v, H, np.float64)) for name, v in (("h0", h0), ("c0", c0)))
    return Net(params, x, targets, *(state * np.ones(H) for state in states), unit)


# ------------------------------------------------------------------------------------------------ boxes and arrows


def arrow(source: str, target: str) -> str:
    """The name of the arrow between two boxes."""
    return f"{source} -> {target}"


def ends(name: str) -> tuple[str, str]:
    """The two boxes of an arrow."""
    source, target = name.split(" -> ")
    return source, target


def kind_and_step(box: str) -> tuple[str, int]:
    """Split the name of a box: `scores[1,0]` is ("scores", 1)."""
    kind, t = re.fullmatch(r"(\w+)\[(-?\d+)(?:,\d+)?\]", box).groups()
    return kind, int(t)


def score(t: int, k: int) -> str:
    """The name of the box that holds the score of symbol k at step t."""
    return f"scores[{t},{k}]"


@dataclass(frozen=True)
class Operation:
    """One place of the walk: what it fills in, and on the way back over which arrows deltas come."""

    kind: str  # the operation: "z", "gates", "kept", ...
    t: int
    back: bool
    boxes: tuple[str, ...]
    arrows: tuple[str, ...] = ()


FORWARD = ("z", "gates", "kept", "added", "c", "ct", "h", "scores", "loss")
BACK = ("loss", "scores", "h", "product", "c", "sum", "kept", "added", "z", "before")


@lru_cache
def forward_operations(T: int, K: int) -> tuple[Operation, ...]:
    """The operations of the forward pass in their order, nine a step."""

    def boxes(kind: str, t: int) -> tuple[str, ...]:
        if kind == "z":
            return tuple(f"z{gate}[{t}]" for gate in GATES)
        if kind == "gates":
            return tuple(f"{gate}[{t}]" for gate in GATES)
        return tuple(score(t, k) for k in range(K)) if kind == "scores" else (f"{kind}[{t}]",)

    return tuple(Operation(kind, t, False, boxes(kind, t)) for t in range(T) for kind in FORWARD)


@lru_cache
def back_operations(T: int, K: int, H: int = 1) -> tuple[Operation, ...]:
    """The operations of the backward pass in their order, ten a step."""
    return tuple(_back_operation(kind, t, K, H) for t in reversed(range(T)) for kind in BACK)


def _back_operation(kind: str, t: int, K: int, H: int) -> Operation:
    here = f"[{t}]"
    scores = tuple(score(t, k) for k in range(K))
    first = t == 0  # the initial state has no sums to wait for, so it is filled in with its arrows
    if kind == "loss":
        return Operation(kind, t, True, ("loss" + here,))
    if kind == "scores":
        return Operation(kind, t, True, scores, tuple(arrow(s, "loss" + here) for s in scores))
    if kind == "h":
        return Operation(kind, t, True, ("h" + here,), (arrow("h" + here, "scores" + here),))
    if kind == "c":
        return Operation(kind, t, True, ("c" + here,), (arrow("c" + here, "ct" + here),))
    if kind == "z":
        pairs = [(f"z{gate}{here}", gate + here) for gate in GATES]
    elif kind == "before":
        targets = [f"z{gate}{here}" for gate in GATES] + ["others" + here] * (H > 1)
        return Operation(
            kind, t, True, (f"h[{t - 1}]",) * first, tuple(arrow(f"h[{t - 1}]", target) for target in targets)
        )
    else:
        sources = {"product": ("o", "ct"), "sum": ("kept", "added"), "kept": ("f",), "added": ("i", "g")}[kind]
        target = {"product": "h", "sum": "c"}.get(kind, kind) + here
        pairs = [(source + here, target) for source in sources]
    boxes, arrows = [source for source, _ in pairs], [arrow(*pair) for pair in pairs]
    if kind == "kept":
        boxes += [f"c[{t - 1}]"] * first
        arrows.append(arrow(f"c[{t - 1}]", "kept" + here))
    return Operation(kind, t, True, tuple(boxes), tuple(arrows))


@lru_cache
def backward_order(T: int, K: int, H: int = 1) -> tuple[str, ...]:
    """Every box, and every arrow that carries a part of a box's delta, in the order of the way back.

    The arrows are those of boxes with several ways out; the arrow of any other box carries the box's own delta.
    """
    operations = back_operations(T, K, H)
    ways = defaultdict(list)
    for operation in operations:
        for name in operation.arrows:
            ways[ends(name)[0]].append(name)
    order = []
    for operation in operations:
        order += [name for name in operation.arrows if len(ways[ends(name)[0]]) > 1]
        order += operation.boxes
    return tuple(order)


# ------------------------------------------------------------------------------------------------------- forward


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), which cannot overflow in this form."""
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def forward_values(net: Net, place: str | None = None, amount: float = 0.0) -> dict[str, float]:
    """Run the graph forward; return the value of every box of the unit, `loss` (the sum), and the `others`.

    With `place` that box is moved by `amount` after it has been computed, and what comes after it is computed from
    the moved value. If `place` is an arrow, only the box at its end sees the moved value.
    `others[t]` is an array: the pre-activations of the other units, so that it tells whether they change.
    """
    p, u = net.params, net.unit
    others = np.arange(net.H) != u
    own = np.zeros(net.H)
    own[u] = amount

    def moved(name: str, value: np.ndarray) -> np.ndarray:
        return value + own if name == place else value

    values: dict[str, float | np.ndarray] = {}
    h, c = moved("h[-1]", net.h0), moved("c[-1]", net.c0)
    values["h[-1]"], values["c[-1]"] = h[u], c[u]
    losses = []
    for t in range(net.T):
        here = f"[{t}]"
        z = {}
        for gate in GATES:
            W = p["W" + gate]
            z[gate] = p["U" + gate][:, net.x[t]] + W @ h
            if place == arrow(f"h[{t - 1}]", f"z{gate}{here}"):
                z[gate][u] += W[u, u] * amount
            if place == arrow(f"h[{t - 1}]", "others" + here):
                z[gate][others] += W[others, u] * amount
            z[gate] = moved(f"z{gate}{here}", z[gate])
            values[f"z{gate}{here}"] = z[gate][u]
        if net.H > 1:
            values["others" + here] = np.concatenate([z[gate][others] for gate in GATES])
        i, f, o = (moved(gate + here, sigmoid(z[gate])) for gate in "ifo")
        g = moved("g" + here, np.tanh(z["g"]))
        c_seen = moved(arrow(f"c[{t - 1}]", "kept" + here), c)
        kept, added = moved("kept" + here, f * c_seen), moved("added" + here, i * g)
        c = moved("c" + here, kept + added)
        ct = moved("ct" + here, np.tanh(moved(arrow("c" + here, "ct" + here), c)))
        h = moved("h" + here, o * ct)
        scores = p.V @ moved(arrow("h" + here, "scores" + here), h)
        for k in range(net.K):
            scores[k] += amount * (place == score(t, k))
            values[score(t, k)] = scores[k]
        loss = np.log(np.exp(scores - scores.max()).sum()) + scores.max() - scores[net.targets[t]]
        loss += amount * (place == "loss" + here)
        losses.append(loss)
        step = {"i": i, "f": f, "o": o, "g": g, "kept": kept, "added": added, "c": c, "ct": ct, "h": h}
        values |= {name + here: array[u] for name, array in step.items()} | {"loss" + here: loss}
    values["loss"] = sum(losses)
    return {name: v if isinstance(v, np.ndarray) and v.ndim else float(v) for name, v in values.items()}


@dataclass(frozen=True)
class Nudged:
    """What a nudge did: the value and the loss on either side, the ratio of their changes, the boxes that changed."""

    place: str
    value: tuple[float, float]
    loss: tuple[float, float]
    changed: frozenset[str]

    @property
    def ratio(self) -> float:
        """Change of the loss for each unit of the nudge: the central difference."""
        return (self.loss[1] - self.loss[0]) / NUDGE


def nudge(net: Net, place: str) -> Nudged:
    """Run the graph twice, with one box (or one box as the end of one arrow sees it) moved to either side.

    The nudged box is among the changed ones if `place` is a box, and not if it is an arrow.
    """
    low, high = (forward_values(net, place, side * NUDGE / 2) for side in (-1, 1))
    changed = frozenset(name for name in high if name != "loss" and np.any(high[name] != low[name]))
    source = ends(place)[0] if " -> " in place else place
    value = net.values[source]
    return Nudged(place, (value - NUDGE / 2, value + NUDGE / 2), (low["loss"], high["loss"]), changed)


# ---------------------------------------------------------------------------------------------------------- back


def local_slopes(net: Net) -> dict[str, float]:
    """How much the end of each arrow changes for each unit of its beginning, every other input held fixed."""
    p, u, v = net.params, net.unit, net.values
    slopes = {}
    for t in range(net.T):
        here, before = f"[{t}]", f"[{t - 1}]"
        y = softmax(np.array([v[score(t, k)] for k in range(net.K)]))
        for k in range(net.K):
            slopes[arrow("h" + here, score(t, k))] = p.V[k, u]
            slopes[arrow(score(t, k), "loss" + here)] = y[k] - (k == net.targets[t])
        i, f, o, g, ct = (v[name + here] for name in ("i", "f", "o", "g", "ct"))
        slopes |= {
            arrow("o" + here, "h" + here): ct,
            arrow("ct" + here, "h" + here): o,
            arrow("c" + here, "ct" + here): 1 - ct**2,
            arrow("kept" + here, "c" + here): 1.0,
            arrow("added" + here, "c" + here): 1.0,
            arrow("f" + here, "kept" + here): v["c" + before],
            arrow("c" + before, "kept" + here): f,
            arrow("i" + here, "added" + here): g,
            arrow("g" + here, "added" + here): i,
            arrow("zi" + here, "i" + here): i * (1 - i),
            arrow("zf" + here, "f" + here): f * (1 - f),
            arrow("zo" + here, "o" + here): o * (1 - o),
            arrow("zg" + here, "g" + here): 1 - g**2,
        }
        slopes |= {arrow("h" + before, f"z{gate}{here}"): p["W" + gate][u, u] for gate in GATES}
    return {name: float(slope) for name, slope in slopes.items()}


@dataclass(frozen=True)
class Stray:
    """A delta that a flaw brings to a box over an arrow that the right pass does not have."""

    kind: str  # the flaw
    source: str
    target: str
    amount: float


@dataclass(frozen=True, eq=False)
class Back:
    """What a backward pass brings back: a delta for each box, a part for each arrow.

    `missing` holds the arrows that a flaw leaves out, `strays` what it brings over arrows that should not be there.
    """

    boxes: dict[str, float]
    arrows: dict[str, float]
    missing: frozenset[str] = frozenset()
    strays: tuple[Stray, ...] = ()
    flaws: frozenset[str] = field(default=frozenset())

    def wrong(self, right: Back) -> frozenset[str]:
        """The boxes and arrows whose delta is not that of the right pass; those it leaves out are not among them."""
        scale = SAME * max(abs(delta) for delta in right.boxes.values())
        pairs = [(self.boxes, right.boxes), (self.arrows, right.arrows)]
        return frozenset(name for ours, theirs in pairs for name in ours if abs(ours[name] - theirs[name]) > scale)


def walk_back(net: Net, flaws: Collection[str] = ()) -> Back:
    """Walk back from the loss of every step, as `nested_bptt` does; return what all walks together bring.

    Without flaws these are the deltas of `bptt`. With flaws the initial state has no delta: the loop uses none.
    """
    unknown = set(flaws) - set(FLAWS)
    if isinstance(flaws, str) or unknown:
        raise ValueError(f"flaws must be a collection of names out of {', '.join(FLAWS)}; got {validate.brief(flaws)}.")
    p, u, flaws = net.params, net.unit, frozenset(flaws)
    cache = forward(p, net.x, net.h0, net.c0)
    dy = output_delta(cache, net.targets)
    boxes, arrows = defaultdict(float), defaultdict(float)
    strays: dict[tuple[str, str, str], float] = defaultdict(float)
    missing = set()
    left_over = np.zeros(net.H)  # what the walk before left at step 0
    for t in reversed(range(net.T)):
        boxes[f"loss[{t}]"] = 1.0
        for k in range(net.K):
            boxes[score(t, k)] = arrows[arrow(score(t, k), f"loss[{t}]")] = dy[t, k]
        dh = p.V.T @ dy[t]
        start = t - 1 if "short_range" in flaws else t
        if start < t:
            missing.add(arrow(f"h[{t}]", f"scores[{t}]"))
            if t:
                strays["short_range", f"scores[{t}]", f"h[{start}]"] += dh[u]
        else:
            arrows[arrow(f"h[{t}]", f"scores[{t}]")] += dh[u]
        dc = left_over if "stale_cell_delta" in flaws else np.zeros(net.H)
        if dc.any() and start >= 0:
            strays["stale_cell_delta", "ct[0]", f"c[{start}]"] += dc[u]
        for s in range(start, -1, -1):
            here, before = f"[{s}]", f"[{s - 1}]"
            i, f, o, g, ct = cache.i[s], cache.f[s], cache.o[s], cache.g[s], cache.ct[s]
            do, dct = dh * ct, dh * o
            dc_hidden = dct * (1 - ct**2)
            dc = dc + dc_hidden
            di, df, dg = dc * g, dc * cache.c[s - 1], dc * i
            dz = {"i": di * i * (1 - i), "f": df * f * (1 - f), "o": do * o * (1 - o), "g": dg * (1 - g**2)}
            found = {"h": dh, "o": do, "ct": dct, "c": dc, "kept": dc, "added": dc, "i": di, "f": df, "g": dg}
            for name, delta in found.items():
                boxes[name + here] += delta[u]
            arrows[arrow("c" + here, "ct" + here)] += dc_hidden[u]
            arrows[arrow("c" + before, "kept" + here)] += dc[u] * f[u]
            for gate in GATES:
                W = p["W" + gate]
                boxes[f"z{gate}{here}"] += dz[gate][u]
                arrows[arrow("h" + before, f"z{gate}{here}")] += W[u, u] * dz[gate][u]
                if net.H > 1:
                    arrows[arrow("h" + before, "others" + here)] += W[:, u] @ dz[gate] - W[u, u] * dz[gate][u]
            if s == 0:
                left_over = dc_hidden
                boxes["h[-1]"] += sum(p["W" + gate][:, u] @ dz[gate] for gate in GATES)
                boxes["c[-1]"] += dc[u] * f[u]
            elif "carry_accumulates" in flaws:
                strays["carry_accumulates", "c" + here, "c" + before] += dc[u]
            dh = sum(p["W" + gate].T @ dz[gate] for gate in GATES)
            dc = dc + dc * f if "carry_accumulates" in flaws else dc * f
    return _gathered(net, boxes, arrows, missing, strays, flaws)


def _gathered(net: Net, boxes, arrows, missing, strays, flaws) -> Back:
    """Fill in what no walk has visited, with zero, and the arrows that carry a box's own delta."""
    every = {}
    for operation in back_operations(net.T, net.K, net.H):
        for name in operation.arrows:
            every[name] = ends(name)[0]
    ways = list(every.values())
    own = {name: float(boxes.get(source, 0.0)) for name, source in every.items() if ways.count(source) == 1}
    parts = {name: float(arrows.get(name, own.get(name, 0.0))) for name in every}
    deltas = {name: float(boxes.get(name, 0.0)) for o in back_operations(net.T, net.K, net.H) for name in o.boxes}
    if flaws:
        deltas = {name: delta for name, delta in deltas.items() if name not in ("h[-1]", "c[-1]")}
        parts = {name: part for name, part in parts.items() if every[name] not in ("h[-1]", "c[-1]")}
    found = tuple(Stray(*key, float(amount)) for key, amount in strays.items())
    return Back(deltas, parts, frozenset(missing), found, flaws)
