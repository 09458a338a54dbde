"""What every statement of the learner's reads and gives, as far as the text tells. Imports source and variants.

A name stands for itself, `.c` for an attribute, `()f` for the arguments of a function f, `f` for what it returns.
`()*` and `*` stand for those of functions that are handed to others, which call them by the name of an argument.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from lstm_teach.doctor.slots import Slot
from lstm_teach.doctor.source import Unit


class Reads:
    """`read` and `given` are sets of names for every slot that has a syntax tree, by its number."""

    def __init__(self, units: list[Unit], slots: list[Slot]):
        self.units = units
        self._functions = [
            [(*unit.span(node), node) for node in ast.walk(unit.tree) if isinstance(node, ast.FunctionDef)]
            for unit in units
        ]
        own = {function.name for functions in self._functions for _, _, function in functions}
        calls = [call for unit in units for call in ast.walk(unit.tree) if isinstance(call, ast.Call)]
        handed = [arg for call in calls for arg in (*call.args, *(keyword.value for keyword in call.keywords))]
        self._handed_on = own & {arg.id for arg in handed if isinstance(arg, ast.Name)}
        self.read = {slot.number: self._read(slot) if slot.node is not None else set() for slot in slots}
        self.given = {slot.number: self._given(slot) if slot.node is not None else set() for slot in slots}
        self._statements = [slot.number for slot in slots if slot.kind == "statement"]

    def feeders(self, numbers: Iterable[int]) -> set[int]:
        """Statements that give something to what these slots read: by assigning, calling or returning it."""
        read = set().union(*(self.read[number] for number in numbers))
        return {number for number in self._statements if self.given[number] & read}

    def _function(self, slot: Slot) -> ast.FunctionDef:
        """The innermost function that a slot stands in."""
        around = [f for f in self._functions[slot.unit] if f[0] <= slot.start and slot.end <= f[1]]
        return max(around, key=lambda f: f[0])[2] if around else self.units[slot.unit].node

    def _read(self, slot: Slot) -> set[str]:
        inside = list(ast.walk(slot.node))
        names = {n.id for n in inside if isinstance(n, ast.Name)}
        for loop in slot.loops[::-1]:  # what a loop runs over comes through its own names
            if isinstance(loop, ast.For) and names & {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}:
                names |= {n.id for n in ast.walk(loop.iter) if isinstance(n, ast.Name)}
        function = self._function(slot)
        through: set[str] = set()
        if names & _arguments(function):
            through |= {f"(){function.name}"} | ({"()*"} if function.name in self._handed_on else set())
        if _calls_an_argument(function, inside):
            through.add("*")
        return names | {f".{n.attr}" for n in inside if isinstance(n, ast.Attribute)} | through

    def _given(self, slot: Slot) -> set[str]:
        node, inside = slot.node, list(ast.walk(slot.node))
        targets = [*getattr(node, "targets", []), *([node.target] if hasattr(node, "target") else [])]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            func = node.value.func
            targets = [*node.value.args, *([func.value] if isinstance(func, ast.Attribute) else [])]
        flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
        given = {_owner(target) for target in flat} - {""}
        unit, function = self.units[slot.unit], self._function(slot)
        me = unit.node.args.args[0].arg if unit.owner is not None and unit.node.args.args else ""
        bare = (n for target in flat for n in ast.walk(target) if isinstance(n, ast.Attribute))
        given |= {n.value.id for n in bare if isinstance(n.value, ast.Name)} - {me}
        if isinstance(node, ast.Return) or any(isinstance(n, ast.Yield) for n in inside):
            given |= {function.name, f".{function.name}"} | ({"*"} if function.name in self._handed_on else set())
        if _calls_an_argument(function, inside):
            given.add("()*")
        for call in inside:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute):
                given.add(f"(){getattr(call.func, 'attr', getattr(call.func, 'id', ''))}")
                given |= {f".{keyword.arg}" for keyword in call.keywords}
        return given


def _arguments(function: ast.FunctionDef) -> set[str]:
    return {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}


def _calls_an_argument(function: ast.FunctionDef, inside: list[ast.AST]) -> bool:
    names = {n.func.id for n in inside if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    return bool(names & _arguments(function))


def _owner(node: ast.AST) -> str:
    """`a` of `a`, `a[0]` and `f(a, 0)[0]`; `.b` of `a.b` and `a.b[0]`."""
    while isinstance(node, ast.Subscript | ast.Starred | ast.Call):
        if isinstance(node, ast.Call) and not node.args:
            break
        node = node.args[0] if isinstance(node, ast.Call) else node.value
    return f".{node.attr}" if isinstance(node, ast.Attribute) else getattr(node, "id", "")
