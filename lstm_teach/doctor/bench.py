"""The learner's code with all edits that may be tried on it, and what tells the likely ones from the others.

Imports kinds, look, what makes edits, truth and variants.
"""

import ast
import re
from collections import Counter
from dataclasses import replace

import numpy as np

from lstm_teach.doctor.code import Code
from lstm_teach.doctor.donors import in_order
from lstm_teach.doctor.fuel import EDIT, spend
from lstm_teach.doctor.kinds import ELSEWHERE, PRIOR, STANDING
from lstm_teach.doctor.look import look
from lstm_teach.doctor.scene import Scene, targets_of
from lstm_teach.doctor.slots import Edit, Part, Slot
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.statements import candidate_edits, likelier
from lstm_teach.doctor.synthesis import ANEW_LESS, written_anew
from lstm_teach.doctor.truth import Truth
from lstm_teach.doctor.variants import Variants, right_matrices
from lstm_teach.params import Params

AT_ONCE = 500  # edits compiled together
_WORD = re.compile(r"\w+")
JUST = 1.0  # less cost where nothing depends on a statement but what is wrong


def cost_to_try(edit: Edit) -> float:
    """The cost by which edits are tried. Which of several that would do is told goes by their own costs."""
    return edit.cost + PRIOR.get(edit.kind, 0)


class Bench:
    """The learner's code, and the edits to try on it."""

    def __init__(self, code: Code, truth: Truth):
        self.code, self.slots, self.truth = code, code.slots, truth
        self.scene, self.every = candidates(code, self.truth)
        self.bare = Variants(code)
        self.assigned = {slot.number: self._end_of_targets(slot) for slot in self.slots}

    def can_not_be(self, edit: Edit, missed: dict[int, set[str]]) -> bool:
        """Whether an edit changes only statements that all `missed` some wrong gradient, and nothing elsewhere."""
        out = [missed.get(slot, set()) for slot in edit.slots if self.slots[slot].kind == "statement"]
        return bool(out) and bool(set.intersection(*out)) and not self.shows_elsewhere(edit)

    def shows_elsewhere(self, edit: Edit) -> bool:
        """Whether an edit may change what does not depend on its statements as they are: it assigns something else."""
        starts = ((part.slot, start) for part in edit.parts for start, *_ in part.changes)
        return edit.kind in ELSEWHERE or any(start < self.assigned[slot] for slot, start in starts)

    def _end_of_targets(self, slot: Slot) -> int:
        targets = targets_of(slot.node) if slot.kind == "statement" else []
        return max((self.code.units[slot.unit].span(target)[1] for target in targets), default=slot.start)

    def reached(self) -> tuple[dict[int, set[str]], set[int]]:
        """Of each statement the wrong gradients that do not depend on it, and those on which just the wrong ones do."""
        wrong = {*Params.NAMES} - {*right_matrices(self.bare.run(self.truth), self.truth)}
        reach = self.bare.reach(self.truth, [slot.number for slot in self.slots if slot.kind == "statement"])
        just = {n for n in reach if reach[n] == wrong} | self.heads(wrong)
        return {n: wrong - names for n, names in reach.items()}, just

    def heads(self, wrong: set[str], tellable: int = 9) -> set[int]:
        """The heads of blocks, if all `tellable` gradients but one at most are wrong: a head concerns all inside."""
        return {slot.number for slot in self.slots if slot.kind == "head"} if len(wrong) >= tellable - 1 else set()

    def doubt(self, edit: Edit) -> float:
        """The cost of an edit, more if it changes several places."""
        at = [self.slots[slot] for slot in edit.slots if self.slots[slot].kind != "gap"]
        anew = edit.kind == "equation" and Counter(_WORD.findall(edit.old)) - Counter(_WORD.findall(edit.new))
        cost = edit.cost + ANEW_LESS * bool(anew and "zeros" not in edit.old)  # a small change does as well, elsewhere
        more = STANDING.get(edit.kind, 0)
        if more and any(_in_order(slot.node) or self._made_so(slot, edit) for slot in at):
            cost += more  # the names are in the right order; they were given to the wrong things
        if len(at) > 1:
            cost += 0.3 + 0.2 * (len({slot.unit for slot in at}) > 1)
            if edit.kind == "crossed":  # one statement may have exchanged what two others have made
                cost += 0.8 if all(_called_after_a_gate(slot.node) for slot in at) else 0.4
        return cost

    def _made_so(self, slot: Slot, edit: Edit) -> bool:
        """Whether, of two names to be exchanged, the first already gets its value before the second."""
        made = [[arg.arg] for arg in self.code.units[slot.unit].node.args.args]
        made += [[*map(ast.unparse, targets_of(other.node))] for other in self.scene.statements[slot.unit]]
        first, second = (next((k for k, own in enumerate(made) if name in own), 0) for name in (edit.old, edit.new))
        return first < second


def candidates(code: Code, truth: Truth) -> tuple[Scene, list[Edit]]:
    """What is seen of the running code, and all edits to try on it, the commonest mistakes first."""
    scene = look(code, truth)
    edits = [*likelier(scene, [*candidate_edits(scene), *written_anew(code, scene, truth)])]
    named = [_has_numpy(unit) for unit in code.units]
    bare = {slot.number for slot in scene.slots if not named[slot.unit]}
    module = re.compile(rf"(?<![\w.]){scene.numpy}\.")
    edits = [edit if edit.slots.isdisjoint(bare) else _by_name(edit, module) for edit in edits]
    spend(EDIT * len(edits) // 2)
    return scene, sorted(edits, key=lambda edit: edit.cost)


def _has_numpy(unit: Unit) -> bool:
    """Whether NumPy itself has a name in this function, not only some of its functions."""
    imports = (node for node in ast.walk(unit.tree) if isinstance(node, ast.Import))
    inside = any(name.name == "numpy" for node in imports for name in node.names)
    return inside or any(value is np for value in unit.function.__globals__.values())


def _by_name(edit: Edit, module: re.Pattern[str]) -> Edit:
    """The edit for code that imports NumPy's functions one by one."""
    parts = []
    for part in edit.parts:
        changes = tuple((start, end, module.sub("", text)) for start, end, text in part.changes)
        parts.append(Part(part.slot, module.sub("", part.code), changes))
    return replace(edit, parts=tuple(parts), new=module.sub("", edit.new))


def _in_order(node: ast.AST | None) -> bool:
    """Whether a statement returns the gradients in their order, or has a table of values named like their keys."""
    value = getattr(node, "value", None)
    if isinstance(value, ast.Dict):
        pairs = zip(filter(None, value.keys), value.values, strict=False)
        named = [(ast.unparse(key)[1:-1], ast.unparse(one)) for key, one in pairs]
        return all(one.endswith(key[-1]) for key, one in named if len(key) > 1)  # V has many names
    value = value if isinstance(node, ast.Return) else None
    return isinstance(value, ast.Tuple | ast.List) and in_order([ast.unparse(one) for one in value.elts])


def _called_after_a_gate(node: ast.AST | None) -> bool:
    """Whether a statement gives something the name of a gate that it reads, as `do` for `dh * ct * o`."""
    named = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    return named and node.targets[0].id[-1] in _WORD.findall(ast.unparse(node.value))
