"""The places in the learner's code that an edit can change, and what an edit is. Imports source."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from lstm_teach.doctor.source import Unit

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Delete, ast.Pass)
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}


@dataclass
class Slot:
    """A place in the learner's code that an edit can change: a statement, a loop's or condition's head, or a gap."""

    number: int
    unit: int
    kind: str  # "statement", "head", "gap", "pattern" (the value after `case`)
    node: ast.AST | None
    start: int
    end: int
    block: int  # number of the block of statements that it stands in
    index: int  # its place there; a gap stands before the statement of this index
    loops: tuple[ast.For | ast.While, ...]
    indent: str = ""
    names: frozenset[str] = frozenset()  # the local names of the function that it stands in
    bare: bool = False  # what a lambda returns: an expression without `return`


@dataclass(frozen=True)
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

    @property
    def slots(self) -> set[int]:
        """Numbers of the slots that it changes."""
        return {part.slot for part in self.parts}


def find_slots(units: list[Unit]) -> list[Slot]:
    """All places of all units, in the order of the text."""
    slots: list[Slot] = []
    blocks = 0
    names = frozenset()

    def add(unit: int, kind: str, node: ast.AST | None, span: tuple[int, int], block: int, index: int, loops, indent):
        bare = isinstance(node, ast.Return) and units[unit].text[span[0] : span[0] + 6] != "return"
        slots.append(Slot(len(slots), unit, kind, node, *span, block, index, tuple(loops), indent, names, bare))

    def walk(unit: int, body: list[ast.stmt], loops: list) -> None:
        nonlocal blocks, names
        blocks += 1
        block, source = blocks, units[unit]
        first_row = source.row(source.span(body[0])[0])
        line = source.text[source.line_start(first_row) : source.span(body[0])[0]]
        indent = line if not line.strip() else None  # None: the block stands on the line of its head
        for index, node in enumerate(body):
            span = source.span(node)
            at = source.line_start(source.row(span[0]))
            alone = not source.text[at : span[0]].strip()  # no other statement before it on its line
            if indent is not None and alone:
                add(unit, "gap", None, (at, at), block, index, loops, indent)
            if isinstance(node, SIMPLE):
                add(unit, "statement", node, span, block, index, loops, indent)
            elif isinstance(node, ast.For):
                add(unit, "head", node.iter, source.span(node.iter), block, index, loops, indent)
                walk(unit, node.body, [*loops, node])
            elif isinstance(node, ast.While | ast.If):
                add(unit, "head", node.test, source.span(node.test), block, index, loops, indent)
                walk(unit, node.body, [*loops, node] if isinstance(node, ast.While) else loops)
            elif isinstance(node, ast.FunctionDef):
                around, names = names, local_names(node)
                walk(unit, node.body, [])
                names = around
            elif isinstance(node, ast.With | ast.Try):
                walk(unit, node.body, loops)
            elif isinstance(node, ast.Match):
                for number, case in enumerate(node.cases):
                    if isinstance(case.pattern, ast.MatchValue) and isinstance(node.subject, ast.Name):
                        value = case.pattern.value
                        add(unit, "pattern", value, source.span(value), block, of_case(index, number), loops, None)
                    walk(unit, case.body, loops)
            elif isinstance(node, ast.ClassDef):
                walk(unit, node.body, [])
            for name in ("orelse", "finalbody"):
                if getattr(node, name, None):
                    walk(unit, getattr(node, name), loops)
        if indent is not None and not isinstance(body[-1], ast.Return):
            end = source.line_start(source.row(source.span(body[-1])[1]) + 1)
            add(unit, "gap", None, (end, end), block, len(body), loops, indent)

    for number, unit in enumerate(units):
        names = local_names(unit.node)
        walk(number, unit.node.body, [])
    return slots


def of_case(index: int, number: int) -> int:
    """The index of a case's pattern: no statement has one below zero."""
    return -1 - 100 * index - number


def local_names(function: ast.FunctionDef) -> frozenset[str]:
    """The names that belong to a function itself: its arguments, and what it assigns, loops over or defines."""
    found, elsewhere = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}, set()
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere |= set(node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        elif isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue
        waiting += ast.iter_child_nodes(node)
    return frozenset(found | elsewhere)
