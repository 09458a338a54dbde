"""An LSTM of one unit as boxes and arrows: values, deltas, local slopes, and what the loss does when a box is nudged.

May import numpy, params, plain, forward, nested and the input checks. Boxes have names such as `c[0]`,
`zf[1]`, `h[-1]`, `scores[0,1]` (step, symbol) and `loss[0]`; `kept[t]` is f * c[t-1] and `added[t]` is i * g. An arrow
is named by its two ends, in the direction of the values: `c[0] -> ct[0]`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lstm_teach import validate
from lstm_teach.forward import check_params, cross_entropy
from lstm_teach.nested import FLAWS, nested_bptt
from lstm_teach.params import GATES, Params
from lstm_teach.plain import sigmoid, softmax
from lstm_teach.validate import State, Tokens

NUDGE = 0.001  # how far a box is moved in all, half of it to either side
SAME = 1e-9  # two deltas that differ by more than this part of the largest one are not the same


@dataclass(frozen=True, eq=False)
class Net:
    """A net of one unit with its sequence: all that the numbers of the graph depend on.

    T steps, K symbols. `values` has the value of every box, `slopes` the local slope of every arrow (`h[t]` has one to
    each of the scores), `right` what the right pass brings back.
    """

    params: Params
    x: np.ndarray  # (T,)
    targets: np.ndarray  # (T,)
    h0: np.ndarray  # (1,)
    c0: np.ndarray  # (1,)

    T = property(lambda self: len(self.x))
    K = property(lambda self: self.params.vocab_size)
    values = cached_property(lambda self: forward_values(self))
    slopes = cached_property(lambda self: local_slopes(self))
    right = cached_property(lambda self: walk_back(self))


def make_net(params: Params, x: Tokens, targets: Tokens, h0: State = None, c0: State = None) -> Net:
    """Check a net and its sequence; raise as `loss` does, and for a net of several units."""
    check_params(params, one_net=True)
    if params.hidden_size != 1:
        raise ValueError(f"params must have hidden_size 1, since one unit is drawn, got {params.hidden_size}.")
    x, targets = validate.sequence_pair(x, targets, params.vocab_size)
    h0, c0 = validate.state("h0", h0, 1, np.float64), validate.state("c0", c0, 1, np.float64)
    return Net(params, x, targets, h0, c0)


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


@lru_cache
def forward_operations(T: int, K: int) -> tuple[Operation, ...]:
    """The operations of the forward pass in their order, nine a step."""

    def boxes(t: int) -> dict[str, tuple[str, ...]]:
        several = {"z": [f"z{gate}" for gate in GATES], "gates": GATES}
        one = {kind: [kind] for kind in ("kept", "added", "c", "ct", "h")}
        named = {kind: tuple(f"{name}[{t}]" for name in names) for kind, names in (several | one).items()}
        return named | {"scores": tuple(score(t, k) for k in range(K)), "loss": (f"loss[{t}]",)}

    return tuple(Operation(kind, t, False, names) for t in range(T) for kind, names in boxes(t).items())


def _arrows_back(t: int, K: int) -> dict[str, list[tuple[str, str]]]:
    """The arrows of a step, (source, target), by the operation that walks them, in the order of the way back."""
    here, before = f"[{t}]", f"[{t - 1}]"
    return {
        "loss": [],
        "scores": [(score(t, k), "loss" + here) for k in range(K)],
        "h": [("h" + here, "scores" + here)],
        "product": [("o" + here, "h" + here), ("ct" + here, "h" + here)],
        "c": [("c" + here, "ct" + here)],
        "sum": [("kept" + here, "c" + here), ("added" + here, "c" + here)],
        "kept": [("f" + here, "kept" + here), ("c" + before, "kept" + here)],
        "added": [("i" + here, "added" + here), ("g" + here, "added" + here)],
        "z": [(f"z{gate}{here}", gate + here) for gate in GATES],
        "before": [("h" + before, f"z{gate}{here}") for gate in GATES],
    }


@lru_cache
def back_operations(T: int, K: int) -> tuple[Operation, ...]:
    """The operations of the backward pass in their order, ten a step."""
    operations = []
    for t in reversed(range(T)):
        for kind, pairs in _arrows_back(t, K).items():
            # The state of the step before has a sum to wait for, but the initial one is filled in with its arrows.
            sources = [source for source, _ in pairs if t == 0 or not source.endswith(f"[{t - 1}]")]
            boxes = dict.fromkeys([f"loss[{t}]"] if kind == "loss" else sources)
            operations.append(Operation(kind, t, True, tuple(boxes), tuple(arrow(*pair) for pair in pairs)))
    return tuple(operations)


@lru_cache
def backward_order(T: int, K: int) -> tuple[str, ...]:
    """Every box, and every arrow that carries a part of a box's delta, in the order of the way back.

    The arrows are those of boxes with several ways out; the arrow of any other box carries the box's own delta.
    """
    operations = back_operations(T, K)
    ways = Counter(ends(name)[0] for operation in operations for name in operation.arrows)
    order = []
    for operation in operations:
        order += [name for name in operation.arrows if ways[ends(name)[0]] > 1]
        order += operation.boxes
    return tuple(order)


# ------------------------------------------------------------------------------------------------------- forward


def forward_values(net: Net, place: str = "", amount: float = 0.0) -> dict[str, float]:
    """Run the graph forward; return the value of every box, and `loss` (the sum).

    With `place` that box is moved by `amount` after it has been computed, and what comes after it is computed from
    the moved value. If `place` is an arrow, only the box at its end sees the moved value.
    """
    p = net.params

    def moved(name: str, value: float) -> float:
        return float(value + amount * (name == place))

    h, c = moved("h[-1]", net.h0[0]), moved("c[-1]", net.c0[0])
    values = {"h[-1]": h, "c[-1]": c, "loss": 0.0}
    for t in range(net.T):
        here, before = f"[{t}]", f"[{t - 1}]"
        z = {}
        for gate in GATES:
            h_seen = moved(arrow("h" + before, f"z{gate}{here}"), h)
            z[gate] = moved(f"z{gate}{here}", p["U" + gate][0, net.x[t]] + p["W" + gate][0, 0] * h_seen)
        i, f, o = (moved(gate + here, sigmoid(z[gate])) for gate in "ifo")
        g = moved("g" + here, np.tanh(z["g"]))
        kept = moved("kept" + here, f * moved(arrow("c" + before, "kept" + here), c))
        added = moved("added" + here, i * g)
        c = moved("c" + here, kept + added)
        ct = moved("ct" + here, np.tanh(moved(arrow("c" + here, "ct" + here), c)))
        h = moved("h" + here, o * ct)
        h_seen = moved(arrow("h" + here, "scores" + here), h)
        scores = [moved(score(t, k), V * h_seen) for k, V in enumerate(p.V[:, 0])]
        loss = moved("loss" + here, cross_entropy(np.array([scores]), net.targets[t : t + 1])[0])
        step = {"i": i, "f": f, "o": o, "g": g, "kept": kept, "added": added, "c": c, "ct": ct, "h": h, "loss": loss}
        values |= {f"z{gate}{here}": z[gate] for gate in GATES} | {name + here: value for name, value in step.items()}
        values |= {score(t, k): value for k, value in enumerate(scores)}
        values["loss"] += loss
    return values


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
    changed = frozenset(name for name in high if name != "loss" and high[name] != low[name])
    source = ends(place)[0] if " -> " in place else place
    value = net.values[source]
    return Nudged(place, (value - NUDGE / 2, value + NUDGE / 2), (low["loss"], high["loss"]), changed)


# ---------------------------------------------------------------------------------------------------------- back


def local_slopes(net: Net) -> dict[str, float]:
    """How much the end of each arrow changes for each unit of its beginning, every other input held fixed."""
    p, v = net.params, net.values
    slopes = {}
    for t in range(net.T):
        here, before = f"[{t}]", f"[{t - 1}]"
        y = softmax(np.array([v[score(t, k)] for k in range(net.K)]))
        for k in range(net.K):
            slopes[arrow("h" + here, score(t, k))] = p.V[k, 0]
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
        slopes |= {arrow("h" + before, f"z{gate}{here}"): p["W" + gate][0, 0] for gate in GATES}
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
    flaws: frozenset[str] = frozenset()

    def wrong(self, right: Back) -> frozenset[str]:
        """The boxes and arrows whose delta is not that of the right pass; those it leaves out are not among them."""
        scale = SAME * max(abs(delta) for delta in right.boxes.values())
        pairs = [(self.boxes, right.boxes), (self.arrows, right.arrows)]
        return frozenset(name for ours, theirs in pairs for name in ours if abs(ours[name] - theirs[name]) > scale)


def walk_back(net: Net, flaws: Collection[str] = ()) -> Back:
    """Walk back from the loss of every step, as `nested_bptt` does; return what all walks together bring.

    Without flaws these are the deltas of `bptt`. With flaws the initial state has no delta: the loop uses none.
    Every line of a walk is linear in its deltas, so the sum over all walks goes over an arrow as a single one does.
    """
    unknown = set(flaws) - set(FLAWS)
    if isinstance(flaws, str) or unknown:
        raise ValueError(f"flaws must be a collection of names out of {', '.join(FLAWS)}; got {validate.brief(flaws)}.")
    inputs = net.params, net.x, net.targets, net.h0, net.c0
    _, deltas = nested_bptt(*inputs, repaired=set(FLAWS) - set(flaws), return_deltas=True)
    short, slopes, boxes, parts, strays = "short_range" in flaws, net.slopes, {}, {}, []
    for t in reversed(range(net.T)):
        here, later = f"[{t}]", f"[{t + 1}]"
        d = {name[1:]: float(delta[t, 0]) for name, delta in vars(deltas).items()}
        d |= {"ct": d["h"] * net.values["o" + here], "kept": d["c"], "added": d["c"]}
        names = [*GATES, *(f"z{gate}" for gate in GATES), "kept", "added", "c", "ct", "h"]
        boxes |= {"loss" + here: 1.0} | {name + here: d[name] for name in names}
        boxes |= {score(t, k): slopes[arrow(score(t, k), "loss" + here)] for k in range(net.K)}
        if short and t + 1 < net.T:
            strays.append(Stray("short_range", "scores" + later, "h" + here, d["h_loss"]))
        if t + 1 + short < net.T:  # here a walk starts, and an earlier one comes by
            carried = boxes["c" + later] * net.values["f" + later]
            if "carry_accumulates" in flaws:
                strays.append(Stray("carry_accumulates", "c" + later, "c" + here, boxes["c" + later]))
                carried += boxes["c" + later]
            if "stale_cell_delta" in flaws:
                strays.append(Stray("stale_cell_delta", "ct[0]", "c" + here, d["c_carry"] - carried))
    for name in (name for operation in back_operations(net.T, net.K) for name in operation.arrows):
        source, target = ends(name)
        _, t = kind_and_step(source)
        if t < 0 and flaws:
            continue
        if target in boxes:
            parts[name] = boxes[target] * slopes[name]
        else:  # all scores of the step
            all_scores = sum(boxes[score(t, k)] * slopes[arrow(source, score(t, k))] for k in range(net.K))
            parts[name] = 0.0 if short else all_scores
        if t < 0:
            boxes[source] = boxes.get(source, 0.0) + parts[name]
    missing = frozenset(arrow(f"h[{t}]", f"scores[{t}]") for t in range(net.T) if short)
    return Back(boxes, parts, missing, tuple(strays), frozenset(flaws))
