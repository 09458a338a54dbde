"""Which statements may be wrong: what can be told where no repair is found.

Imports scene, slots, truth and variants.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from lstm_teach.doctor.scene import targets_of
from lstm_teach.doctor.slots import Slot
from lstm_teach.doctor.truth import Truth
from lstm_teach.doctor.variants import Variants
from lstm_teach.params import Params


class Suspects(NamedTuple):
    """Slots that may be wrong, in the order of the run.

    open      those on which no right gradient depends; where the gradient of V is right, of the walk back only
    just      of these, those on which exactly the wrong gradients depend
    unknown   those whose value is no right quantity, nor the same for every sequence, and of which nothing right is
              made later
    """

    open: list[int]
    just: list[int]
    unknown: list[int]


def suspects(variants: Variants, truth: Truth, right: set[str]) -> Suspects:
    """What can be told of the statements from one run, and from disturbing each of them.

    `right` are the gradients that are right on longer sequences too: on a short one, a wrong delta may not show yet.
    """
    trace = variants.run(truth)
    first: dict[int, int] = {}
    reached: dict[int, None] = {}
    for count, (slot, found) in enumerate(variants.events(trace, truth)):
        reached[slot] = None
        if found == 0 or (found > 0 and not found & ~truth.unfinished):
            first.setdefault(slot, count)
    reach = variants.reach(truth, reached)
    back = _changed(variants, truth, targets=(truth.case.targets + 1) % truth.K) if "V" in right else reached
    open_ = [slot for slot in reached if slot in back and not reach.get(slot, right) & right]
    open_ = [slot for slot in open_ if not _only_returns(variants.slots[slot])]
    just = [slot for slot in open_ if reach[slot] == set(Params.NAMES) - right]
    fine = _finished(variants, set(first), set(reached) - set(first))
    states = {name: 0.5 * state for name, state in truth.case.states.items()}
    tokens = {name: (getattr(truth.case, name) + 1) % truth.K for name in ("x", "targets")}
    fresh = _changed(variants, truth, states=states, **tokens)
    strange = sorted((slot for slot in open_ if slot in first and slot not in fine), key=first.get)
    unknown = [slot for slot in strange if slot in fresh]
    if not unknown and not right:  # nothing that a pass computes changes, if it reads no token
        unknown = strange
    return Suspects(open_, just, unknown)


def _only_returns(slot: Slot) -> bool:
    """Whether a statement computes nothing, and only returns what others have made."""
    return isinstance(slot.node, ast.Return) and isinstance(slot.node.value, ast.Name | ast.Tuple | ast.List | ast.Dict)


def _changed(variants: Variants, truth: Truth, **new: Any) -> set[int]:
    """Slots that compute something else where something of the case is new."""
    values: list[dict[int, list[Any]]] = []
    for each in (truth, Truth(replace(truth.case, **new))):
        trace = variants.run(each)
        values.append({})
        for slot, value in zip(trace.slots, trace.values, strict=False):
            values[-1].setdefault(slot, []).append(value)
    one, other = values
    return {
        slot
        for slot, mine in one.items()
        if len(mine) != len(other.get(slot, ())) or not all(map(same, mine, other[slot]))
    }


def feeders(variants: Variants, number: int, among: list[int]) -> list[int]:
    """Those `among` some statements that assign, in the same function, a name which this one reads."""
    slot = variants.slots[number]
    names = [node for node in ast.walk(slot.node) if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load) or isinstance(slot.node, ast.AugAssign)}
    alike = (other for other in among if other != number and variants.slots[other].unit == slot.unit)
    return [other for other in alike if _names(variants.slots[other])[0] & read]


def same(a: Any, b: Any) -> bool:
    """Whether two kept values are the same arrays."""
    a, b = (value if type(value) is list else [value] for value in (a, b))
    return len(a) == len(b) and all(x is y or np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def _finished(variants: Variants, unknown: set[int], known: set[int]) -> set[int]:
    """Unknown values that are only half-way: a later statement makes something right of them."""
    fine: set[int] = set()
    names = {s.number: _names(s) for s in variants.slots if s.number in unknown | known}
    while True:
        more = {
            number
            for number in unknown - fine
            if names[number][0]
            and any(reader > number and names[number][0] & names[reader][1] for reader in known | fine)
        }
        if not more:
            return fine
        fine |= more


def _names(slot: Slot) -> tuple[set[str], set[str]]:
    """Names that a statement assigns, and names that it reads."""
    targets = targets_of(slot.node)
    indices = {id(n) for t in targets for s in ast.walk(t) if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}
    given = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and id(n) not in indices}
    value = getattr(slot.node, "value", None)
    several = isinstance(slot.node, ast.Return) and not isinstance(value, ast.BinOp)
    if several or isinstance(value, ast.Tuple | ast.List | ast.Dict):
        return given, set()  # one right thing among several says nothing of the others
    return given, {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} if value is not None else set()
