"""The places in the learner's code that an edit can change, and what an edit is. Imports kinds and source."""

from __future__ import annotations

import ast
import functools
import itertools
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lstm_teach.doctor.kinds import KINDS
from lstm_teach.doctor.source import Unit

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Delete, ast.Pass)
HEADS = {ast.For: "iter", ast.While: "test", ast.If: "test"}  # what stands in the head of a block
_SCOPES = ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass
class Slot:
    """A place in the learner's code that an edit can change: a statement, a loop's or condition's head, or a gap."""

    number: int
    unit: int
    kind: str  # "statement", "head", "gap"
    node: ast.AST | None
    start: int
    end: int
    block: int  # number of the block of statements that it stands in
    index: int  # its place there; a gap stands before the statement of this index
    loops: tuple[ast.For | ast.While, ...]
    places: tuple[tuple[int, int], ...]  # block and index of its statement, then of each block statement around it
    indent: str | None  # of its block
    names: frozenset[str]  # the local names of the function that it stands in

    def part(self, text: str, changes: Iterable[tuple[int, int, str]]) -> Part:
        """These changes of its unit's `text` at this place."""
        code, at, ordered = "", self.start, tuple(sorted(changes))
        for start, end, new in ordered:
            code, at = code + text[at:start] + new, end
        return Part(self.number, textwrap.dedent(code + text[at : self.end]), ordered)


@dataclass(frozen=True, slots=True)
class Part:
    """What an edit does at one slot: the changed statement as text, and the changes of the unit's text."""

    slot: int
    code: str  # the slot's new statements or expression; empty for nothing
    changes: tuple[tuple[int, int, str], ...]  # start, end, new text


@dataclass(frozen=True)
class Edit:
    """One candidate change of the learner's code. `cost` is small for mistakes that people often make."""

    kind: str
    cost: float
    parts: tuple[Part, ...]
    old: str = ""
    new: str = ""
    each: tuple[Edit, ...] = ()  # of which it is made, where it changes several statements in the same way

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"No edit is of the kind {self.kind!r}: a new kind needs its line in kinds.toml.")

    @functools.cached_property
    def slots(self) -> set[int]:
        """Numbers of the slots that it changes."""
        return {part.slot for part in self.parts}

    def with_too(self, other: Edit, slots: list[Slot], units: list[Unit]) -> Edit | None:
        """Both as one edit, None if they change the same text."""
        parts = []
        for number in sorted(self.slots | other.slots):
            changes = sorted(c for part in (*self.parts, *other.parts) if part.slot == number for c in part.changes)
            if any(one == two or one[1] > two[0] for one, two in itertools.pairwise(changes)):
                return None
            parts.append(slots[number].part(units[slots[number].unit].text, changes))
        each = (*(self.each or (self,)), *(other.each or (other,)))
        return Edit(other.kind, self.cost + other.cost, tuple(parts), other.old, other.new, each)


def find_slots(units: list[Unit]) -> list[Slot]:
    """All places of all units, in the order of the text."""
    slots: list[Slot] = []
    blocks = itertools.count(1)

    def walk(unit: int, body: list[ast.stmt], loops: tuple, around: tuple, names: frozenset[str]) -> None:
        block, source = next(blocks), units[unit]
        start = source.span(body[0])[0]
        line = source.text[source.line_start(source.row(start)) : start]
        indent = line if not line.strip() else None  # None: the block stands on the line of its head

        def add(kind: str, node: ast.AST | None, span: tuple[int, int], index: int) -> None:
            places = (block, index), *around
            slots.append(Slot(len(slots), unit, kind, node, *span, block, index, loops, places, indent, names))

        for index, node in enumerate(body):
            span = source.span(node)
            at = source.line_start(source.row(span[0]))
            if indent is not None and not source.text[at : span[0]].strip():  # the first on its line
                add("gap", None, (at, at), index)
            if isinstance(node, SIMPLE):
                add("statement", node, span, index)
            elif head := head_of(node):
                add("head", head, source.span(head), index)
            for holder, field in blocks_in(node):
                inner, places, known = loops, ((block, index), *around), names
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    inner, places, known = (), (), local_names(node) if isinstance(node, ast.FunctionDef) else names
                elif isinstance(node, ast.For | ast.While) and field == "body":
                    inner = (*loops, node)
                walk(unit, getattr(holder, field), inner, places, known)
        if indent is not None and not isinstance(body[-1], ast.Return):
            end = source.line_start(source.row(source.span(body[-1])[1]) + 1)
            add("gap", None, (end, end), len(body))

    for number, unit in enumerate(units):
        walk(number, unit.node.body, (), (), local_names(unit.node))
    return slots


def head_of(node: ast.stmt) -> ast.expr | None:
    """What stands in the head of a block; None for another statement."""
    return getattr(node, HEADS.get(type(node), ""), None)


def blocks_in(node: ast.stmt) -> list[tuple[ast.AST, str]]:
    """Where the blocks inside a statement stand, in the order of the text; those after `except` are left alone."""
    cases = [(case, "body") for case in getattr(node, "cases", ())]
    places = [(node, "body"), *cases, (node, "orelse"), (node, "finalbody")]
    return [(holder, field) for holder, field in places if getattr(holder, field, None)]


def local_names(function: ast.FunctionDef) -> frozenset[str]:
    """The names of a function's own statements: its arguments, and what it assigns, loops over, declares or defines."""
    found, waiting = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}, [*function.body]
    for node in waiting:  # which grows
        match node:
            case ast.Name(name, ast.Store()) | ast.FunctionDef(name) | ast.ClassDef(name):
                found.add(name)
            case ast.Global(names) | ast.Nonlocal(names):
                found.update(names)
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def names(*roots: ast.AST, context: Any = ast.Load) -> set[str]:
    """The names that are read in some trees, or those in another `context`."""
    every = (node for root in roots for node in ast.walk(root) if isinstance(node, ast.Name))
    return {name.id for name in every if isinstance(name.ctx, context)}
