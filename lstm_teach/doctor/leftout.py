"""Statements that were left out, found by value: what the names at hand give is a right quantity that is missing.

At the end of a loop: what is carried back and handed on nowhere, and what nothing is added to. Before the first
statement that reads a name without a value: what that name may stand for. Imports edits, lookup, missing and truth.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from lstm_teach.doctor.edits import Maker
from lstm_teach.doctor.lookup import expressions
from lstm_teach.doctor.missing import forgotten, only_zeros, read_in_loop, shapes_of
from lstm_teach.doctor.scene import Scene, is_tokens, targets_of
from lstm_teach.doctor.slots import Edit, Slot
from lstm_teach.doctor.truth import Truth

_UNFILLED = 0.8  # cost of the statement that fills what is prepared and never filled
_HANDED = 1.1  # less cost for a delta that is handed on nowhere, and for a name that has no value


def not_handed_on(
    gap: Slot, scene: Scene, atoms: dict, goals: dict, handed_on: dict, truth: Truth, value: Callable
) -> Iterator[Edit]:
    """At the end of a loop, a new value for what the loop reads and nothing in it changes: what is carried back.

    And for a delta of h or c that goes into the next turn as it is: what should be `handed_on` in its place.
    """
    unit, inside = scene.units[gap.unit], {id(loop) for loop in gap.loops}
    written: dict[str, int] = {}
    for slot in (s for s in scene.slots if s.unit == gap.unit and s.kind == "statement"):
        for target in targets_of(slot.node):
            text = unit.segment(target)
            written[text] = written.get(text, 0) + any(id(loop) in inside for loop in slot.loops)
    for name in read_in_loop(scene, gap) & written.keys():
        now, wanted = value(name), goals
        if written[name] and now is not None:
            found = max(0, truth.recognize([now])[0])
            kinds = {key.quantity for k, key in enumerate(truth.keys) if found >> k & 1}
            wanted = handed_on if kinds & {"dc", "dh", "dh_loss"} else {}
        if now is None or (now.size, "product") not in wanted:
            continue
        others = {t: v for t, v in atoms.items() if t != name or written[name]}
        for code, cost in expressions(now.shape, others, wanted, truth, 4):
            yield forgotten(gap, cost - _HANDED, f"{name} = {code}")


def unfilled(
    slot: Slot,
    scene: Scene,
    empty: dict[str, np.ndarray],
    atoms: dict,
    letters: list[str],
    goals: dict,
    truth: Truth,
    value: Callable,
) -> Iterator[Edit]:
    """What this turn of a loop adds to a weight gradient or a delta to which nothing is added so far.

    Or puts into a row of an array that has one for each step. `empty` are those arrays, `letters` the names of texts
    there: gates, it may be.
    """
    unit = scene.units[slot.unit]
    carried = only_zeros(scene, slot.unit)
    if not empty and not carried:
        return
    arguments = [arg.arg for arg in unit.node.args.args]
    owned = [f'{arg}["W" + {letter}]' for arg in arguments[:1] for letter in letters]
    atoms = atoms | {text: now for text in owned if (now := value(text)) is not None}
    found = dict(zip(atoms, truth.recognize(list(atoms.values())), strict=True))

    def known(*quantities: str) -> list[str]:
        bits = sum(1 << k for k, key in enumerate(truth.keys) if key.quantity in quantities and key.loss is None)
        return [text for text, keys in found.items() if max(keys, 0) & bits]

    deltas = known("dz", "dy")
    tokens = [arg for arg in arguments if is_tokens(shapes_of(scene, slot.unit).get(arg))]
    numbers = [atom.text for atom in scene.of_shape(slot.unit, "int", slot)]
    counts = Maker(scene, slot).loop_names()
    numbers += [f"{each}[{t}]" for each in tokens for t in counts]
    new: list[str] = []
    for name, now in ((name, now) for name, now in empty.items() if now.ndim == 2):
        new += [f"{name} += {text}" for text in known("term") if atoms[text].shape == now.shape]
        for delta in deltas:
            states = [text for text in known("h", "x") if atoms[text].size == now.shape[1]]
            states = states if atoms[delta].size == len(now) else []
            new += [f"{name} += {scene.numpy}.outer({delta}, {state})" for state in states]
            for number, (axis, index) in itertools.product(dict.fromkeys(numbers), enumerate((":, {}", "{}"))):
                if atoms[delta].shape == (now.shape[axis],):
                    new.append(f"{name}[{index.format(number)}] += {delta}")
        if len(now) - truth.case.length in (0, 1, 2):
            rows = expressions(now.shape[1:], atoms, goals, truth, 3, factors=4)
            new += [f"{name}[{t}] = {code}" for code, _ in rows for t in counts]
    weights = {matrix.tobytes() for matrix in truth.case.params.values()}
    back = {}
    for matrix, delta in itertools.product([t for t, v in atoms.items() if v.tobytes() in weights], known("dz")):
        if len(atoms[matrix]) == atoms[delta].size:
            text = f"{matrix}.T @ {delta}" if atoms[delta].ndim == 1 else f"{delta} @ {matrix}"
            back[text] = atoms[delta].ravel() @ atoms[matrix]
    parts = zip(back, truth.recognize(list(back.values())), strict=True)
    new += [f"{name} += {text}" for text, keys in parts if max(keys, 0) & truth.parts for name in carried]
    for text in new:
        yield forgotten(slot, _UNFILLED, text)


def undefined(
    slot: Slot, name: str, atoms: dict, carried: list[str], goals: dict, truth: Truth, value: Callable
) -> Iterator[Edit]:
    """Before the first statement that reads a name without a value: what may be meant by it, a copy of a row too."""
    for shape in dict.fromkeys(v.shape for v in atoms.values() if v.ndim == 1):
        found = [*expressions(shape, atoms, goals, truth, 4, factors=4)]
        found += [(f"{code} + {t}", cost + 0.1) for code, cost in found for t in carried if value(t).shape == shape]
        found += [(f"{t}.copy()", 1.8) for t, v in atoms.items() if v.shape == shape]
        for code, cost in found:
            yield forgotten(slot, cost - _HANDED, f"{name} = {code}")
