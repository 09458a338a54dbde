"""A learner's functions as text, with what is asked of that text again and again. Imports slots and source."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from lstm_teach.doctor.slots import Slot, find_slots, names
from lstm_teach.doctor.source import Unit, learner_functions

_FILLING = {"at", "copyto", "fill_diagonal", "place", "put", "putmask", "shuffle"}  # their first argument
_OF_ARRAYS = {"fill", "partition", "put", "resize", "sort"}  # methods that change their array
Change = tuple[int, int, int, str]  # the number of a unit, start and end in its text, and what stands there instead


@dataclass(frozen=True, eq=False)
class Code:
    """The callable that the learner handed in, and the text of what it runs: `units`, the entry first."""

    backward: Callable
    units: list[Unit]

    @classmethod
    def of(cls, backward: Callable) -> Code:
        """The code of a backward pass, its helpers included. Raises NoSource if nothing is readable."""
        return cls(backward, learner_functions(backward))

    def changed(self, changes: Iterable[Change]) -> Code | None:
        """The same with other text at some places, None if it can't be read then."""
        new = [unit.text for unit in self.units]
        for number, start, end, text in sorted(set(changes), reverse=True):
            new[number] = new[number][:start] + text + new[number][end:]
        pairs = zip(self.units, new, strict=True)
        try:
            units = [unit if unit.text == text else replace(unit, text=text) for unit, text in pairs]
        except (SyntaxError, StopIteration):
            return None
        return Code(self.backward, units)

    @functools.cached_property
    def slots(self) -> list[Slot]:
        """All places that an edit can change."""
        return find_slots(self.units)

    @functools.cached_property
    def text(self) -> str:
        """The text of all units."""
        return "\0".join(unit.text for unit in self.units)

    @functools.cached_property
    def unbound(self) -> list[set[str]]:
        """By unit, the names that are read, though nothing in it or around it is called so."""
        found = []
        for unit in self.units:
            every = ast.walk(unit.tree)
            given = {getattr(n, "arg", None) or getattr(n, "asname", None) or getattr(n, "name", None) for n in every}
            given |= names(unit.tree, context=ast.Store | ast.Del)
            around = {*dir(builtins), *unit.function.__globals__, *unit.function.__code__.co_freevars}
            found.append(names(unit.tree) - given - around)
        return found

    @functools.cached_property
    def changing(self) -> set[str]:
        """Functions of the code that change what others see, an array or an attribute, or call such a one."""
        every = [node for unit in self.units for node in ast.walk(unit.tree) if isinstance(node, ast.FunctionDef)]
        found, acts = set(), [function for function in every if _fills(function)]
        while not found.issuperset(new := {function.name for function in acts}):
            found |= new
            acts = [function for function in every if calls(function) & found]
        return found

    @functools.cached_property
    def acting(self) -> set[int]:
        """Slots that call one of them."""
        return {slot.number for slot in self.slots if slot.node is not None and calls(slot.node) & self.changing}


def _fills(function: ast.FunctionDef) -> bool:
    """Whether it changes an array or attribute that it has not made itself."""
    inside = list(ast.walk(function))
    given = [(t.id, n.value) for n in inside if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]
    made = {name for name, value in given if isinstance(value, ast.Call | ast.BinOp)}
    made -= {name for name, value in given if not isinstance(value, ast.Call | ast.BinOp)}  # it may be another's
    stored = [n for n in inside if isinstance(n, ast.Attribute | ast.Subscript) and isinstance(n.ctx, ast.Store)]
    for node in [*stored, *filled_by_calls(function)]:
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in made:
            return True
    return False


def filled_by_calls(node: ast.AST) -> list[ast.expr]:
    """The arrays that NumPy's functions fill in place: `z` of `np.exp(a, out=z)`, `np.exp(a, z)` and `z.fill(0)`."""
    found: list[ast.expr] = []
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        inputs = getattr(vars(np).get(name), "nin", len(call.args))
        found += [keyword.value for keyword in call.keywords if keyword.arg == "out"]
        found += [*call.args[inputs:], *(call.args[:1] if name in _FILLING else ())]
        found += [call.func.value] if isinstance(call.func, ast.Attribute) and name in _OF_ARRAYS else []
    return found


def calls(node: ast.AST) -> set[str]:
    """Names of the functions and methods that are called."""
    called = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
    return {getattr(func, "attr", getattr(func, "id", "")) for func in called}
