"""The learner's code with all edits that may be tried on it, and what tells the likely ones from the others.

For code that stops with an error or never ends: edits with which it runs. Imports edits, synthesis, truth and variants.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lstm_teach.doctor.donors import in_order
from lstm_teach.doctor.edits import Maker
from lstm_teach.doctor.fuel import Deadline
from lstm_teach.doctor.missing import steps_of_loops
from lstm_teach.doctor.scene import targets_of
from lstm_teach.doctor.slots import Edit, Slot, find_slots
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.synthesis import candidates
from lstm_teach.doctor.truth import Truth
from lstm_teach.doctor.variants import Outcome, Variants, right_matrices
from lstm_teach.params import Params

AT_ONCE = 500  # edits compiled together
_MOVING = ("target", "moved", "moved in", "moved out")  # what depends on the value may be something else then
ELSEWHERE = (*_MOVING, "copy", "number type")  # what such an edit does shows elsewhere
JUST = 0.8  # less cost where nothing depends on a statement but what is wrong


@dataclass
class Mended:
    """Edits that make everything right together, each with others that would do as well."""

    slots: list[Slot]
    edits: list[Edit] = field(default_factory=list)
    others: list[list[Edit]] = field(default_factory=list)
    tried: int = 0


class Bench:
    """The learner's code, and the edits to try on it."""

    def __init__(
        self,
        backward: Callable,
        units: list[Unit],
        truths: list[Truth],
        tell: Callable[[int], None],
    ):
        self.backward, self.units, self.tell = backward, units, tell
        self.truths, self.truth = truths, truths[0]
        self.slots = find_slots(units)
        seen = candidates(backward, units, self.truth)
        self.scene, self.every = seen.scene, seen.edits
        self.bare = Variants(backward, units, [], [self.truth])
        self.kinds = {slot.number: slot.kind for slot in self.slots}

    def can_not_be(self, edit: Edit, far: set[int]) -> bool:
        """Whether an edit changes only statements on which not all depends that is wrong."""
        at = {slot for slot in edit.slots if self.kinds[slot] == "statement"}
        return bool(at) and at <= far and edit.kind not in ELSEWHERE

    def too_far(self) -> tuple[set[int], set[int]]:
        """Statements that can't be all that is wrong: some wrong gradient does not depend on them.

        And those on which just the wrong ones depend.
        """
        got = right_matrices(self.bare.run(self.truth), self.truth)
        wrong = set(Params.NAMES) - set(got)
        written = [slot.number for slot in self.slots if slot.kind == "statement"]
        reach = self.bare.reach(self.truth, written)
        just = {n for n in reach if reach[n] == wrong} | self.heads(wrong)
        return {n for n, names in reach.items() if not wrong <= names}, just

    def heads(self, wrong: set[str], tellable: int = 9) -> set[int]:
        """The heads of blocks, if all `tellable` gradients but one at most are wrong: a head concerns all inside."""
        return {n for n, kind in self.kinds.items() if kind == "head"} if len(wrong) >= tellable - 1 else set()

    def _beside(self, place: int) -> set[int]:
        """The gaps before and after a statement."""
        here = self.slots[place]
        gaps = (slot for slot in self.slots if slot.kind == "gap" and slot.block == here.block)
        return {slot.number for slot in gaps if slot.index in (here.index, here.index + 1)}

    def doubt(self, edit: Edit, place: int) -> float:
        """The cost of an edit for a fault at a place: less if it is made right there or beside it."""
        at = {slot for slot in edit.slots if self.kinds[slot] != "gap"} or edit.slots
        cost = edit.cost
        if edit.kind == "order" and any(_in_order(self.slots[slot].node) for slot in at):
            cost += 0.6  # the names stand as they should; so they were given to the wrong things
        reset = "zeros_like" in edit.new  # its usual place is before the first change, wherever it is missed
        if at == {place} or (at <= self._beside(place) and not reset):
            return cost
        elsewhere = any(self.slots[slot].unit != self.slots[place].unit for slot in at)
        returned = any(isinstance(self.slots[slot].node, ast.Return) for slot in at)
        return cost + 0.3 + 0.2 * elsewhere + 0.1 * returned


def let_run(
    backward: Callable, units: list[Unit], truths: list[Truth], deadline: Deadline, progress: Callable[[int], None]
) -> tuple[list[Slot], list[tuple[Edit, Outcome]], int]:
    """For code that stops with an error: edits of what stops, or of what leads there, with which it runs to its end.

    The likely ones first, by what is right then; and the slots, and how many edits were tried.
    """
    bench = Bench(backward, units, truths, progress)
    begun: list[int] = []
    statements = {slot.number for slot in bench.slots if slot.kind == "statement"}
    watched = Variants(backward, units, [], truths[:1], at=(statements, lambda slot, *names: begun.append(slot)))
    error = watched.run(truths[0]).error
    if error is None or not begun:
        return bench.slots, [], 0
    place = begun[-1]
    leading = {place, *_feeders(bench, place)}
    edits = [edit for edit in bench.every if edit.slots & leading]
    edits.sort(key=lambda edit: bench.doubt(edit, place))
    names: list[Edit] = []
    for slot in bench.slots:
        if slot.number == place or (slot.kind == "statement" and slot.unit == bench.slots[place].unit):
            names += _misspelt(Maker(bench.scene, slot), error)
    edits = [*sorted(names, key=lambda edit: edit.cost), *edits]
    running: list[tuple[Edit, Outcome]] = []
    tried = 0
    for first in range(0, len(edits), AT_ONCE):
        variants = Variants(backward, units, edits[first : first + AT_ONCE], truths[:1])
        for edit in variants.edits:
            outcome = variants.evaluate([edit])
            tried += 1
            if not outcome.error and not deadline.over:
                running.append((edit, outcome))
    running.sort(key=lambda pair: (-pair[1].score, bench.doubt(pair[0], place)))
    return bench.slots, running, tried


def _misspelt(maker: Maker, error: Exception) -> Iterator[Edit]:
    """Names much like the one that Python does not know, wherever the statement reads it; or the other way round."""
    inside = list(ast.walk(maker.slot.node))
    quoted = re.search("'(\\w+)'", str(error))  # Python tells the name of a local one in the message only
    name = getattr(error, "name", None) or (quoted[1] if quoted else "")
    if isinstance(error, NameError):
        known = {*maker.slot.names, *maker.unit.function.__globals__, *dir(builtins)}
        places = [node for node in inside if isinstance(node, ast.Name) and node.id == name]
    elif isinstance(error, AttributeError):
        known = set(dir(error.obj))
        places = [node for node in inside if isinstance(node, ast.Attribute) and node.attr == name]
    else:
        return
    ends = [maker.unit.span(node)[1] for node in places if isinstance(node.ctx, ast.Load)]
    for rank, new in enumerate(difflib.get_close_matches(name, known - {name}, 5) if ends else ()):
        changes = [(end - len(name), end, new) for end in ends]
        yield maker.edit("unknown name", 1.0 + 0.1 * rank, *changes, old=name, new=new)
    read = {n.id for n in ast.walk(maker.unit.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    given = [node for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    targets = [t for n in ast.walk(maker.unit.tree) if isinstance(n, ast.Assign) for t in n.targets]
    assigned = [target.id for target in targets if isinstance(target, ast.Name)]
    for node in given if name in read else ():
        if node.id not in read and difflib.get_close_matches(node.id, [name]):  # a name that nobody reads
            yield maker.swap("target", 0.9, node, name)
        elif assigned.count(node.id) > 1 and name not in assigned:  # given twice, where the other is given nowhere
            yield maker.swap("target", 1.1, node, name)


def _feeders(bench: Bench, place: int) -> set[int]:
    """The statements that assign a name which one reads, and those that call the function that it is in."""
    unit = bench.units[bench.slots[place].unit]
    around = [
        n for n in ast.walk(unit.tree) if isinstance(n, ast.FunctionDef) and bench.slots[place].node in ast.walk(n)
    ]
    read, calls = _words(bench.slots[place].node), {function.name for function in around}
    found = set()
    for slot in bench.slots:
        if slot.kind == "statement":
            called = {name for n in ast.walk(slot.node) if isinstance(n, ast.Call) for name in _words(n.func)}
            given = {name for target in targets_of(slot.node) for name in _words(target)}
            found |= {slot.number} if given & read or called & calls else set()
    return found


def _words(node: ast.AST) -> set[str]:
    """The names and attributes in an expression."""
    inside = list(ast.walk(node))
    return {n.id for n in inside if isinstance(n, ast.Name)} | {n.attr for n in inside if isinstance(n, ast.Attribute)}


def let_end(backward: Callable, units: list[Unit], truths: list[Truth]) -> list[tuple[Edit, Outcome]]:
    """For code with a loop that never ends: steps of such loops with which it ends, the best first."""
    variants = Variants(backward, units, list(steps_of_loops(find_slots(units))), truths[:1])
    ending = [(edit, outcome) for edit in variants.edits if not (outcome := variants.evaluate([edit])).error]
    return sorted(ending, key=lambda pair: (-pair[1].score, pair[0].cost))


def _in_order(node: ast.AST | None) -> bool:
    """Whether a statement returns things whose names are those of the gradients, in their order."""
    value = getattr(node, "value", None) if isinstance(node, ast.Return) else None
    return isinstance(value, ast.Tuple | ast.List) and in_order([ast.unparse(one) for one in value.elts])
