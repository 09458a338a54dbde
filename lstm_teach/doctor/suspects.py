"""Which statement may be wrong: what can be told where no repair is found.

Imports report, scene, slots, truth and variants.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np

from lstm_teach.doctor.report import Finding
from lstm_teach.doctor.scene import targets_of
from lstm_teach.doctor.slots import Slot
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import Case, Truth, make_case
from lstm_teach.doctor.variants import Trace, Variants, gradients, right_matrices
from lstm_teach.gradreport import listing
from lstm_teach.params import Params

_CHAIN = ("dy", "dh_loss", "dc", "d", "dz", "dh_future", "dc_carry")  # in the order of the walk back
_LETTERS = {"d": "deltas of the gates", "dz": "deltas of the pre-activations"}  # which stand for all four gates
_UNKNOWN = "Follow the walk back from the loss: which value is the first that its equation does not give?"
_MISPLACED = "Is every value used at its own step, put where it belongs, and added up where it should be?"


def what_is_known(backward: Callable, units: list[Unit], takes: dict[str, bool]) -> tuple[list[Finding], list[str]]:
    """A line that may be wrong, as a finding if there is one, and a note on what the run never makes."""
    truth, longer = Truth(make_case(3, 23, takes)), Truth(make_case(6, 26, takes))
    variants = Variants(backward, units, [], [truth])
    trace = variants.run(truth)
    if gradients(trace, truth) is None:
        return [], []  # it stops, or returns nothing of use: the check has said so, and no value tells more
    seen = variants.seen(trace, truth)
    made = {key.quantity for k, key in enumerate(truth.keys) if seen >> k & 1 and key.loss is None and key.step >= 0}
    notes = []
    if never := [*takewhile(lambda name: name not in made, reversed(_CHAIN))]:
        name = _LETTERS.get(never[-1], never[-1])  # what is left out before one that is made need not be computed
        notes.append(f"The right value of {name} was not seen at any step, nor of what follows.")
    # On a short sequence a wrong delta may not show yet.
    right = set(right_matrices(trace, truth)) & set(right_matrices(variants.run(longer), longer))
    may, just, unknown = _suspects(variants, trace, truth, right)
    return [_finding(units, variants.slots, may, just, unknown, right)] if unknown or just else [], notes


def _suspects(
    variants: Variants, trace: Trace, truth: Truth, right: set[str]
) -> tuple[list[int], list[int], list[int]]:
    """Slots that may be wrong, in the order of the run.

    First those on which no right gradient depends; where the gradient of V is right, of the walk back only. Then, of
    these, those on which exactly the wrong gradients depend; and those whose value is no right quantity, nor the same
    for every sequence, and of which nothing right is made later.
    """
    events, case = variants.events(trace, truth), truth.case
    reached = dict.fromkeys(slot for slot, _ in events)
    strange = dict.fromkeys(slot for slot, found in events if found >= 0 and not found & ~truth.unfinished)
    tokens = {name: (getattr(case, name) + 1) % truth.K for name in ("x", "targets")}
    states = {name: 0.5 * state for name, state in case.states.items()}
    back = _changed(variants, trace, replace(case, targets=tokens["targets"])) if "V" in right else reached
    reach = variants.reach(truth, reached)
    may = [slot for slot in reached if slot in back and not reach.get(slot, right) & right]
    may = [slot for slot in may if not _hands_on(variants.slots[slot].node)]
    just = [slot for slot in may if right and reach[slot] == set(Params.NAMES) - right]
    # Strange values may be half-way: a later statement makes something right of them.
    names, good = {slot: _names(variants.slots[slot]) for slot in reached}, reached.keys() - strange.keys()
    for slot in sorted(strange, reverse=True):
        if any(reader > slot and names[slot][0] & names[reader][1] for reader in good):
            good.add(slot)
    unknown = [slot for slot in strange if slot in may and slot not in good]
    fresh = _changed(variants, trace, replace(case, states=states, **tokens))
    if right or not fresh.isdisjoint(unknown):  # else nothing that a pass computes changes, if it reads no token
        unknown = [slot for slot in unknown if slot in fresh]
    return may, just, unknown


def _hands_on(node: ast.AST | None) -> bool:
    """Whether a statement only returns what others have made."""
    return isinstance(node, ast.Return) and isinstance(node.value, ast.Name | ast.Tuple | ast.List | ast.Dict)


def _changed(variants: Variants, trace: Trace, case: Case) -> set[int]:
    """Slots that compute something else in another case."""
    one, other = defaultdict(list), defaultdict(list)
    for values, each in ((one, trace), (other, variants.run(Truth(case)))):
        for slot, value in zip(each.slots, each.values, strict=False):
            values[slot].append(value)
    return {slot for slot in one if len(one[slot]) != len(other[slot]) or not all(map(same, one[slot], other[slot]))}


def same(a: Any, b: Any) -> bool:
    """Whether two kept values are the same arrays."""
    a, b = (value if type(value) is list else [value] for value in (a, b))
    return len(a) == len(b) and all(x is y or np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def _names(slot: Slot) -> tuple[set[str], set[str]]:
    """Names that a statement assigns, and names that it reads."""
    targets = targets_of(slot.node)
    indices = {id(n) for t in targets for s in ast.walk(t) if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}
    given = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and id(n) not in indices}
    value = getattr(slot.node, "value", None)
    several = isinstance(slot.node, ast.Return) and not isinstance(value, ast.BinOp)
    if several or value is None or isinstance(value, ast.Tuple | ast.List | ast.Dict):
        return given, set()  # one right thing among several says nothing of the others
    return given, {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}


def _finding(
    units: list[Unit], slots: list[Slot], may: list[int], just: list[int], unknown: list[int], right: set[str]
) -> Finding:
    """The first statement that may be wrong as a finding. It says no more than what was seen."""
    first = slots[(unknown or just)[0]]
    unit = units[first.unit]

    def others(numbers: Iterable[int]) -> str:
        lines = {units[slots[n].unit].line_number(slots[n].start) for n in numbers} - {unit.line_number(first.start)}
        return f"line{'s' if len(lines) > 1 else ''} {listing(sorted(lines))}" if lines else ""

    if unknown:
        cause = (
            "This line computes a value that is none of the right quantities. Of the values that may be wrong it is "
            f"the first in the run.{' No gradient that is right depends on it.' if right else ''}"
        )
        names = [node for node in ast.walk(first.node) if isinstance(node, ast.Name)]
        read = {n.id for n in names if isinstance(n.ctx, ast.Load) or isinstance(first.node, ast.AugAssign)}
        feeders = others(n for n in may if slots[n].unit == first.unit and _names(slots[n])[0] & read)
        evidence = (
            "It may be half-way to a right value. If it is not, the fault is in this line, in what it reads"
            f"{f' ({feeders})' if feeders else ''}, or further up."
        )
    else:
        wrong, lines = [name for name in Params.NAMES if name not in right], others(just)
        cause = f"Exactly the wrong gradients (d{', d'.join(wrong)}) depend on what this line computes."
        cause += f" The same is true of {lines}." if lines else ""
        evidence = "No value was found that must be wrong."
    where = place(units, first.unit, unit.row(first.start))
    return Finding(**where, cause=cause, evidence=evidence, idea=_UNKNOWN if unknown else _MISPLACED)


def place(units: list[Unit], number: int, row: int) -> dict[str, Any]:
    """The line, its text and the helper that it is in, if it is in one, as a finding has them."""
    unit = units[number]
    name, code = unit.function.__name__, unit.text.splitlines()[row].strip()
    helper = number and not unit.constants and name.isidentifier()  # not a lambda
    return {"line": unit.first_line + row, "code": code, "function": name if helper else ""}
