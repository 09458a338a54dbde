"""The learner's syntax tree with a switch at every statement that has changed versions. Imports slots and source."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from lstm_teach.doctor.slots import SIMPLE, Slot, of_case
from lstm_teach.doctor.source import Unit

HERE = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}  # of new nodes; a later walk costs more
TARGET, OWNER = -1, -2  # parts of `a[k] += b` besides b: a[k] and a afterwards
RESULT = -3  # part of a return statement


def declared_first(tree: ast.Module) -> ast.Module:
    """Put nonlocal and global names at the top of their functions, since an edit may use one above its declaration."""
    if not any(isinstance(node, ast.Nonlocal | ast.Global) for node in ast.walk(tree)):
        return tree
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        names: dict[type, set[str]] = {ast.Nonlocal: set(), ast.Global: set()}
        _undeclare(function.body, names)
        function.body[:0] = [kind(sorted(found), **HERE) for kind, found in names.items() if found]
    return tree


def _undeclare(body: list[ast.stmt], names: dict[type, set[str]]) -> None:
    """Replace the declarations of a function's body, not those of functions inside it; collect their names."""
    for k, node in enumerate(body):
        if type(node) in names:
            names[type(node)] |= set(node.names)
            body[k] = ast.Pass(**HERE)
        elif not isinstance(node, ast.FunctionDef | ast.ClassDef):
            parts = [node, *getattr(node, "handlers", []), *getattr(node, "cases", [])]
            for inner in (getattr(part, name, []) for part in parts for name in ("body", "orelse", "finalbody")):
                _undeclare(inner, names)


class Switch:
    """Rewrites a unit's tree: statements record their values, slots with alternatives become switches."""

    def __init__(self, variants: Any, unit: Unit, number: int):
        self.variants = variants
        fresh = copy.deepcopy(unit.tree)
        body = fresh.body[0].body if unit.shift else fresh.body
        function = next(n for n in body if isinstance(n, ast.FunctionDef))
        own = [slot for slot in variants.slots if slot.unit == number]
        self.at = {(slot.block, slot.index, slot.kind): slot for slot in own}
        self.number = own[0].block - 1  # blocks are counted in the order of the text, as in `find_slots`
        function.body = [_burning(len(function.body)), *self._block(function.body)]
        self.tree = fresh

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        self.number += 1
        number, new = self.number, []
        for index, node in enumerate(body):
            new += self._gap(number, index)
            if isinstance(node, SIMPLE):
                new += self._switch(self.at[number, index, "statement"], [node])
                continue
            if isinstance(node, ast.For):
                node.iter = self._switch_head(self.at[number, index, "head"], node.iter)
            elif isinstance(node, ast.While | ast.If):
                slot = self.at[number, index, "head"]
                node.test = self._switch_head(slot, node.test)
            if isinstance(node, ast.For | ast.While | ast.If | ast.FunctionDef | ast.With | ast.Try | ast.ClassDef):
                size = len(node.body)
                node.body = self._block(node.body)
                if isinstance(node, ast.For | ast.While | ast.FunctionDef):
                    node.body.insert(0, _burning(size))
            for k, case in enumerate(node.cases if isinstance(node, ast.Match) else ()):
                slot = self.at.get((number, of_case(index, k), "pattern"))
                if slot is not None and self.variants.alternatives.get(slot.number):
                    value = self._switch_head(slot, case.pattern.value)  # a pattern is no expression, a guard is one
                    guards = [ast.Compare(copy.deepcopy(node.subject), [ast.Eq()], [value], **HERE)]
                    guards += [case.guard] if case.guard is not None else []
                    case.pattern = ast.MatchAs(None, None, **HERE)
                    case.guard = ast.BoolOp(ast.And(), guards, **HERE) if len(guards) > 1 else guards[0]
                case.body = self._block(case.body)
            for name in ("orelse", "finalbody"):
                if getattr(node, name, None):
                    setattr(node, name, self._block(getattr(node, name)))
            new.append(node)
        return new + self._gap(number, len(body)) or [ast.Pass(**HERE)]

    def _gap(self, block: int, index: int) -> list[ast.stmt]:
        slot = self.at.get((block, index, "gap"))
        return self._switch(slot, []) if slot else []

    def _switch(self, slot: Slot, own: list[ast.stmt]) -> list[ast.stmt]:
        own = [new for node in own for new in self._recorded(slot, node)]
        if slot.number in self.variants.watched:
            watch = _call("__at__", _constant(slot.number), _call("__globals__"), _call("__locals__"))
            own = [ast.Expr(watch, **HERE), *own]
        others = self.variants.alternatives.get(slot.number)
        if not others:
            return own
        others = [[new for node in other for new in self._recorded(slot, node)] for other in others]
        chosen = self._choice(slot)
        test = ast.Compare(chosen, [ast.Eq()], [_constant(0)], **HERE)
        return [ast.If(test, own or [ast.Pass(**HERE)], self._tree_of(others, 1, chosen), **HERE)]

    def _choice(self, slot: Slot) -> ast.expr:
        return ast.Subscript(ast.Name("__choice__", ast.Load(), **HERE), _constant(slot.number), ast.Load(), **HERE)

    def _tree_of(self, others: list[list[ast.stmt]], first: int, chosen: ast.expr) -> list[ast.stmt]:
        """Nested halves, so that the tree stays flat enough to compile."""
        if len(others) == 1:
            return others[0] or [ast.Pass(**HERE)]
        half = len(others) // 2
        test = ast.Compare(chosen, [ast.Lt()], [_constant(first + half)], **HERE)
        parts = self._tree_of(others[:half], first, chosen), self._tree_of(others[half:], first + half, chosen)
        return [ast.If(test, *parts, **HERE)]

    def _switch_head(self, slot: Slot, own: ast.expr) -> ast.expr:
        others = self.variants.alternatives.get(slot.number)
        if not others:
            return own
        chosen = self._choice(slot)

        def half_of(list_: list[ast.expr], first: int) -> ast.expr:
            if len(list_) == 1:
                return list_[0]
            half = len(list_) // 2
            test = ast.Compare(chosen, [ast.Lt()], [_constant(first + half)], **HERE)
            return ast.IfExp(test, half_of(list_[:half], first), half_of(list_[half:], first + half), **HERE)

        return half_of([own, *others], 0)

    def _recorded(self, slot: Slot, node: ast.stmt) -> Iterator[ast.stmt]:
        """The statement, with calls that record what it computes."""
        name = getattr(getattr(getattr(node, "value", None), "func", None), "attr", "")
        if not self.variants.records or name in ("empty", "empty_like"):  # what is in these comes from an earlier run
            if isinstance(node, ast.Assign | ast.AugAssign) and not isinstance(node.value, ast.Constant | ast.Name):
                node.value = _call("__fits__", node.value)
            yield node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            node.value = self._record(slot, node.value)
            yield node
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                yield from self._owner(slot, node.targets[0])
        elif isinstance(node, ast.AugAssign):
            node.value = self._record(slot, node.value)
            yield node
            target = copy.deepcopy(node.target)
            target.ctx = ast.Load()
            keep = copy.deepcopy(node.target)
            yield from self._owner(slot, target)
            yield ast.Assign([keep], self._record(slot, target, TARGET), **HERE)
        elif isinstance(node, ast.Return) and node.value is not None:
            node.value = self._record(slot, node.value, RESULT)
            yield node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            node.value.args = [
                arg if isinstance(arg, ast.Constant | ast.Starred) else self._record(slot, arg, part)
                for part, arg in enumerate(node.value.args)
            ]
            yield node
        else:
            yield node

    def _owner(self, slot: Slot, target: ast.expr) -> Iterator[ast.stmt]:
        """One entry of a vector was changed, or one in each row of a matrix: what is it now?"""
        if not isinstance(target, ast.Subscript):
            return
        parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
        rows = len(parts) == 2 and any(isinstance(part, ast.Call) for part in parts)
        if rows or (len(parts) == 1 and not isinstance(parts[0], ast.Slice)):
            owner = copy.deepcopy(target.value)
            owner.ctx = ast.Load()
            yield ast.Expr(_call("__owner__", _constant(slot.number), owner, _constant(1 + rows)), **HERE)

    def _record(self, slot: Slot, value: ast.expr, part: int = 0) -> ast.expr:
        return _call("__record__", _constant(slot.number), value, _constant(part))


def _burning(statements: int) -> ast.stmt:
    return ast.Expr(_call("__fuel__", _constant(statements)), **HERE)


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load(), **HERE), list(args), [], **HERE)


def _constant(value: int) -> ast.Constant:
    return ast.Constant(value, **HERE)
