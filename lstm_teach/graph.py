"""An LSTM of one unit as boxes and arrows: values, deltas, local slopes, and what the loss does when a box is nudged.

May import numpy, params, plain, forward and nested. Boxes have names such as `c[0]`,
`zf[1]`, `h[-1]`, `scores[0,1]` (step, symbol) and `loss[0]`; `kept[t]` is f * c[t-1] and `added[t]` is i * g. An arrow
is named by its two ends, in the direction of the values: `c[0] -> ct[0]`. The arrow `h[t] -> scores[t]` leads to all
scores of the step.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from operator import add, mul
from typing import NamedTuple, Self

import numpy as np

from lstm_teach.forward import cross_entropy
from lstm_teach.nested import FLAWS, nested_bptt
from lstm_teach.params import GATES, Params
from lstm_teach.plain import sigmoid

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
    formulas = cached_property(lambda self: {box: formula for t in range(self.T) for box, formula in _step(self, t)})
    values = cached_property(lambda self: forward_values(self))
    slopes = cached_property(lambda self: local_slopes(self))
    right = cached_property(lambda self: walk_back(self))


# ------------------------------------------------------------------------------------------- what a box is made of


class Formula(NamedTuple):
    """How a box is computed: what it reads, and its value from theirs, which may be complex."""

    reads: tuple[str, ...]
    value: Callable[..., complex]


def _step(net: Net, t: int) -> Iterator[tuple[str, Formula]]:
    """The boxes of a step in the order of the forward pass."""
    p, here, before = net.params, f"[{t}]", f"[{t - 1}]"
    for gate in GATES:
        W, U = p["W" + gate][0, 0], p["U" + gate][0, net.x[t]]
        yield f"z{gate}{here}", Formula(("h" + before,), lambda h, W=W, U=U: U + W * h)
    for gate in GATES:
        yield gate + here, Formula((f"z{gate}{here}",), np.tanh if gate == "g" else sigmoid)
    yield "kept" + here, Formula(("f" + here, "c" + before), mul)
    yield "added" + here, Formula(("i" + here, "g" + here), mul)
    yield "c" + here, Formula(("kept" + here, "added" + here), add)
    yield "ct" + here, Formula(("c" + here,), np.tanh)
    yield "h" + here, Formula(("o" + here, "ct" + here), mul)
    scores = tuple(score(t, k) for k in range(net.K))
    for k, name in enumerate(scores):
        yield name, Formula(("h" + here,), partial(mul, p.V[k, 0]))
    yield "loss" + here, Formula(scores, lambda *scores: cross_entropy(np.array([scores]), net.targets[[t]])[0])


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


def _drawn(source: str, box: str) -> str:
    """The arrow that is drawn from one box to another: that to a score leads to all scores of its step."""
    return arrow(source, re.sub(r",\d+", "", box))


@dataclass(frozen=True)
class Operation:
    """One place of the walk: what it fills in, and on the way back over which arrows deltas come."""

    kind: str  # the operation: "z", "gates", "kept", ...
    t: int
    back: bool
    boxes: tuple[str, ...]
    arrows: tuple[str, ...] = ()


@lru_cache
def forward_operations(net: Net) -> tuple[Operation, ...]:
    """The operations of the forward pass in their order, nine a step."""
    boxes = {}
    for box in net.formulas:
        kind, t = kind_and_step(box)
        together = "z" if kind[0] == "z" else "gates" if kind in GATES else kind
        boxes.setdefault((together, t), []).append(box)
    return tuple(Operation(kind, t, False, tuple(names)) for (kind, t), names in boxes.items())


# The operations of the way back in their order, and the boxes of the forward pass that each of them goes back from.
BACK_FROM = dict(
    scores="loss", h="scores", product="h", c="ct", sum="c", kept="kept", added="added", z="gates", before="z"
)


@lru_cache
def back_operations(net: Net) -> tuple[Operation, ...]:
    """The operations of the backward pass in their order, ten a step."""
    filled = {(operation.kind, operation.t): operation.boxes for operation in forward_operations(net)}
    operations = []
    for t in reversed(range(net.T)):
        operations.append(Operation("loss", t, True, (f"loss[{t}]",)))
        for kind, origin in BACK_FROM.items():
            pairs = [(source, box) for box in filled[origin, t] for source in net.formulas[box].reads]
            # The state of the step before has a sum to wait for, but the initial one is filled in with its arrows.
            sources = [source for source, _ in pairs if t == 0 or not source.endswith(f"[{t - 1}]")]
            arrows = tuple(dict.fromkeys(_drawn(*pair) for pair in pairs))
            operations.append(Operation(kind, t, True, tuple(dict.fromkeys(sources)), arrows))
    return tuple(operations)


@lru_cache
def backward_order(net: Net) -> tuple[str, ...]:
    """Every box, and every arrow that carries a part of a box's delta, in the order of the way back.

    The arrows are those of boxes with several ways out; the arrow of any other box carries the box's own delta.
    """
    operations = back_operations(net)
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
    values = {"h[-1]": float(net.h0[0]), "c[-1]": float(net.c0[0])}
    if place in values:
        values[place] += amount
    for box, formula in net.formulas.items():
        seen = [values[name] + amount * (_drawn(name, box) == place) for name in formula.reads]
        values[box] = formula.value(*seen) + amount * (box == place)
    values["loss"] = sum(values[f"loss[{t}]"] for t in range(net.T))
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
    value = net.values[place.partition(" -> ")[0]]
    return Nudged(place, (value - NUDGE / 2, value + NUDGE / 2), (low["loss"], high["loss"]), changed)


# ---------------------------------------------------------------------------------------------------------- back


def local_slopes(net: Net) -> dict[str, float]:
    """How much the end of each arrow changes for each unit of its beginning, every other input held fixed."""
    slopes, step = {}, 1e-30  # a complex step, as in `complex_step_gradient`: exact to rounding
    for box, formula in net.formulas.items():
        for name in formula.reads:
            moved = formula.value(*(net.values[other] + 1j * step * (other == name) for other in formula.reads))
            slopes[arrow(name, box)] = float(moved.imag / step)
    return slopes


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

    def wrong(self, right: Self) -> frozenset[str]:
        """The boxes and arrows whose delta is not that of the right pass; those it leaves out are not among them."""
        scale = SAME * max(abs(delta) for delta in right.boxes.values())
        pairs = [(self.boxes, right.boxes), (self.arrows, right.arrows)]
        return frozenset(name for ours, theirs in pairs for name in ours if abs(ours[name] - theirs[name]) > scale)


def walk_back(net: Net, flaws: Collection[str] = ()) -> Back:
    """Walk back from the loss of every step, as `nested_bptt` does; return what all walks together bring.

    Without flaws these are the deltas of `bptt`. With flaws the initial state has no delta: the loop uses none.
    Every line of a walk is linear in its deltas, so the sum over all walks goes over an arrow as a single one does.
    """
    inputs = net.params, net.x, net.targets, net.h0, net.c0
    _, deltas = nested_bptt(*inputs, repaired=set(FLAWS) - set(flaws), return_deltas=True)
    short = "short_range" in flaws
    given = {f"loss[{t}]": 1.0 for t in range(net.T)}
    for kind, delta in (("h", deltas.dh), ("c", deltas.dc)):
        given |= {f"{kind}[{t}]": float(delta[t, 0]) for t in range(net.T)}
    boxes, parts, strays = dict(given), {}, []
    for box, formula in reversed(net.formulas.items()):
        for source in formula.reads:
            if flaws and source.endswith("[-1]"):
                continue
            name, part = _drawn(source, box), boxes[box] * net.slopes[arrow(source, box)]
            parts[name] = parts.get(name, 0.0) + part
            if source not in given:  # one way leads out of it, but for the initial h, which has four
                boxes[source] = boxes.get(source, 0.0) + part
    missing = frozenset(name for name in parts if short and " -> scores" in name)
    for t in reversed(range(net.T - 1)):
        here, later = f"[{t}]", f"[{t + 1}]"
        if short:
            strays.append(Stray("short_range", "scores" + later, "h" + here, float(deltas.dh_loss[t, 0])))
        if t + 1 + short < net.T:  # here a walk starts, and an earlier one comes by
            carried = parts[arrow("c" + here, "kept" + later)]
            if "carry_accumulates" in flaws:
                strays.append(Stray("carry_accumulates", "c" + later, "c" + here, boxes["c" + later]))
                carried += boxes["c" + later]
            if "stale_cell_delta" in flaws:
                left_over = float(deltas.dc_carry[t, 0]) - carried
                strays.append(Stray("stale_cell_delta", "ct[0]", "c" + here, left_over))
    return Back(boxes, parts | dict.fromkeys(missing, 0.0), missing, tuple(strays), frozenset(flaws))
