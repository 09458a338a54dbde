"""The statements that compute something unknown first: what can be told where no repair is found.

Imports scene, truth and variants.
"""

from __future__ import annotations

import ast

from lstm_teach.doctor.scene import is_docstring, targets_of
from lstm_teach.doctor.slots import Slot
from lstm_teach.doctor.variants import Variants


def suspects(variants: Variants) -> list[int]:
    """Slots in the order in which they first compute something unknown, of which nothing right is made later.

    A slot that the run never reached counts as suspect as well, after the others.
    """
    first: dict[int, int] = {}
    reached: set[int] = set()
    count = 0
    for truth in variants.truths:
        for slot, found in variants.events(variants.run(truth), truth):
            count += 1
            reached.add(slot)
            if found == 0 or (found > 0 and not found & ~truth.unfinished):
                first.setdefault(slot, count)
    ordered = sorted(first, key=first.get)
    fine = _finished(variants, set(first), reached - set(first))
    ordered = [slot for slot in ordered if slot not in fine] or ordered
    written = [s.number for s in variants.slots if s.kind == "statement" and not is_docstring(s.node)]
    return ordered + [number for number in written if number not in reached]


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
    if isinstance(slot.node, ast.Return) or isinstance(value, ast.Tuple | ast.List | ast.Dict):
        return given, set()  # one right thing among several says nothing of the others
    return given, {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} if value is not None else set()
