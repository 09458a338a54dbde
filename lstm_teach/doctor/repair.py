"""Mend one fault after the other: an edit that makes a statement compute by itself the right value that was put there.

With right values in the place of all other faults, one edit mends one fault. So the edits for several faults are found
one by one, and need no trying of pairs. Imports edits, local, places, synthesis, truth and variants.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from lstm_teach.doctor.edits import Scene, candidate_edits, look
from lstm_teach.doctor.local import MOST_TIMES, judge
from lstm_teach.doctor.places import Places
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.synthesis import synthesize_at
from lstm_teach.doctor.truth import Truth
from lstm_teach.doctor.variants import TARGET, Edit, Put, Slot, Variants, find_slots, usable

_AT_ONCE = 500  # edits compiled together
_LOOKED_AT = 6  # mending edits of which it is asked what else they mend


@dataclass
class Mended:
    """Edits that mend faults one by one, with others that would do as well, and the puts still needed."""

    slots: list[Slot]
    edits: list[Edit] = field(default_factory=list)
    others: list[list[Edit]] = field(default_factory=list)
    left: list[Put] = field(default_factory=list)
    tried: int = 0


class Bench:
    """The learner's code with right values in some places, to try edits on."""

    def __init__(self, backward: Callable, units: list[Unit], truth: Truth, until: float, now: Callable):
        self.backward, self.units, self.truth, self.until, self.now = backward, units, truth, until, now
        self.slots = find_slots(units)
        self.scene: Scene = look(backward, units, self.slots, truth)
        self.every = candidate_edits(self.scene)
        self.bare = Variants(backward, units, [], [truth])
        self.kinds = {slot.number: slot.kind for slot in self.slots}
        self.tried = 0

    def tiers(self, group: list[Put], puts: list[Put]) -> Iterator[list[Edit]]:
        """Edits that may mend the statement of a group, the likely ones first; `puts` are all others."""
        slot = group[0].slot
        feeding = feeders(self.slots, [slot]) - {slot}
        read = _read(self.slots[slot].node) | _assigned(self.slots[slot].node)
        aims = self._aims(group, puts)
        seconds = min(1.0, max(0.2, 0.2 * (self.until - self.now())))
        written = synthesize_at(
            self.backward, self.units, self.scene, self.truth, aims, {slot} | feeding, puts, seconds
        )
        own = [edit for edit in self.every if {s for s in edit.slots if self.kinds[s] != "gap"} == {slot}]
        near: list[Edit] = []
        for edit in self.every:
            at = {s for s in edit.slots if self.kinds[s] != "gap"}
            if at != {slot} and (at & (feeding | {slot}) or (not at and _fills(edit) & read)):
                near.append(edit)
        first = sorted([*written, *self._by_value(own, group, puts), *near], key=lambda edit: edit.cost)
        yield first
        done = {id(edit) for edit in [*own, *near]}
        rest = [edit for edit in self.every if id(edit) not in done]
        wide = feeders(self.slots, sorted(feeding | {slot}))
        yield [edit for edit in rest if edit.slots & wide or any(self.kinds[s] == "head" for s in edit.slots)]

    def _result(self, group: list[Put], puts: list[Put]) -> list[np.ndarray]:
        """What the statement of a group makes with the right values put in, each time that it is run."""
        slot, trace = group[0].slot, self.bare.run(self.truth, (), [*puts, *group])
        part = TARGET if isinstance(self.slots[slot].node, ast.AugAssign) else group[0].part
        found = zip(trace.slots, trace.parts, trace.values, strict=False)
        return [value for at, number, value in found if at == slot and number == part and usable(value)]

    def _aims(self, group: list[Put], puts: list[Put]) -> list[np.ndarray]:
        """Those results that are vectors, or a vector for each step."""
        items = {put.item for put in group if put.item is not None}
        results = self._result(group, puts)
        arrays = [each for value in results for each in ([value[k] for k in items] if type(value) is list else [value])]
        T = self.truth.case.length
        return [a for a in arrays if a.any() and (sum(n > 1 for n in a.shape) == 1 or T in a.shape)]

    def _by_value(self, edits: list[Edit], group: list[Put], puts: list[Put]) -> list[Edit]:
        """Those edits of the statement itself that compute what was put there, or that only a run can judge."""
        wanted = 0
        for bits in self.truth.recognize(self._result(group, puts)[:MOST_TIMES]):
            wanted |= max(bits, 0)
        judged = judge(self.backward, self.units, edits, self.truth, 3.0, [*puts, *group])
        self.tried += len(judged)
        return [
            edit for number, edit in enumerate(edits) if number not in judged or judged[number].bits & wanted == wanted
        ]

    def mending(self, edits: list[Edit], made: list[Edit], puts: list[Put], need: int, whole: bool) -> list:
        """`(edit, outcome)` of the edits with which everything is right that was so with the values put in."""
        found = []
        for first in range(0, len(edits), _AT_ONCE):
            if self.now() > self.until:
                break
            some = edits[first : first + _AT_ONCE]
            variants = Variants(self.backward, self.units, [*made, *some], [self.truth])
            allowed = {id(edit) for edit in variants.edits}
            batch = [edit for edit in some if id(edit) in allowed]
            for edit, outcome in variants.evaluate_all(batch, made=made, puts=puts, whole=whole):
                self.tried += 1
                if (outcome.right or not whole) and need & ~outcome.bits == 0:
                    found.append((edit, outcome))
                if self.now() > self.until:
                    break
            if found:
                break
        return found

    def covered(self, edit: Edit, made: list[Edit], groups: list[list[Put]], need: int, whole: bool) -> list[list[Put]]:
        """The groups of puts that are not needed any more after an edit."""
        variants = Variants(self.backward, self.units, [*made, edit], [self.truth])
        left = list(groups)
        for group in groups:
            rest = [put for other in left if other is not group for put in other]
            outcome = variants.evaluate([*made, edit], rest, whole)
            self.tried += 1
            if (outcome.right or not whole) and need & ~outcome.bits == 0:
                left = [other for other in left if other is not group]
        return [group for group in groups if not any(group is other for other in left)]


def mend(backward: Callable, units: list[Unit], truth: Truth, places: Places, until: float, now: Callable) -> Mended:
    """Find an edit for each fault of which the place is known, as far as there is one."""
    bench = Bench(backward, units, truth, until, now)
    mended = Mended(bench.slots)
    groups: list[list[Put]] = []
    for put in places.puts:
        known = next((group for group in groups if group[0].slot == put.slot), None)
        if known is None:
            groups.append([put])
        else:
            known.append(put)
    own = {put.slot for put in places.puts}
    trace = bench.bare.run(truth, (), places.puts)
    need = 0  # right elsewhere with the values put in; the whole matrices count as well
    for slot, bits in bench.bare.events(trace, truth):
        need |= max(bits, 0) if slot not in own else 0
    need &= truth.counted
    need |= places.outcome.bits >> truth.total << truth.total
    open_, whole = list(groups), places.complete
    for level in range(2):
        for group in list(open_):
            if not any(group is other for other in open_) or now() > until:
                continue
            others = [other for other in open_ if other is not group]
            puts = [put for other in others for put in other]
            around = [put for put in places.puts if not any(put is own for own in group)]
            tier = next((t for k, t in enumerate(bench.tiers(group, around)) if k == level), [])
            found = bench.mending(tier, mended.edits, puts, need if not whole else 0, whole)
            if not found:
                continue
            found.sort(key=lambda pair: pair[0].cost)
            options = []
            for edit, _ in found[:_LOOKED_AT]:
                more = bench.covered(edit, mended.edits, others, need if not whole else 0, whole) if others else []
                options.append((-len(more), edit.cost, len(options), edit, more))
            _, _, _, edit, more = min(options, key=lambda option: option[:3])
            mended.edits.append(edit)
            mended.others.append([other for other, _ in found if other is not edit][:8])
            open_ = [other for other in others if not any(other is each for each in more)]
    mended.left = [put for group in open_ for put in group]
    mended.tried = bench.tried
    return mended


def feeders(slots: list[Slot], numbers: list[int]) -> set[int]:
    """Statements that give something to what these statements read."""
    read = set().union(*(_read(slots[number].node) for number in numbers), set())
    return {slot.number for slot in slots if slot.kind == "statement" and _assigned(slot.node) & read}


def _read(node: ast.AST | None) -> set[str]:
    """Names and attributes of names (`self.c`) that occur in a statement."""
    inside = list(ast.walk(node)) if node is not None else []
    owned = {id(n.value) for n in inside if isinstance(n, ast.Attribute)}
    return {_owner(n) for n in inside if isinstance(n, ast.Name | ast.Attribute) and id(n) not in owned} | {
        n.id for n in inside if isinstance(n, ast.Name)
    }


def _owner(node: ast.AST) -> str:
    """`a` of `a`, `a[0]`; `a.b` of `a.b`, `a.b.c`, `a.b[0]`."""
    path = []
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        path += [node.attr] if isinstance(node, ast.Attribute) else []
        node = node.value
    return ".".join([node.id, *path[::-1][:1]]) if isinstance(node, ast.Name) else ""


def _assigned(node: ast.AST | None) -> set[str]:
    """What a statement gives something to; of a call by itself, the object and the arguments."""
    targets = [*getattr(node, "targets", []), *([node.target] if hasattr(node, "target") else [])]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        func = node.value.func
        targets = [*node.value.args, *([func.value] if isinstance(func, ast.Attribute) else [])]
    flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
    return {_owner(target) for target in flat} - {""}


def _fills(edit: Edit) -> set[str]:
    """Names to which an inserted statement gives something."""
    code = edit.parts[-1].code
    return set(re.findall(r"[^\W\d]\w*", re.split(r"(?<![=!<>])[-+*/@]?=(?!=)", code)[0]))
