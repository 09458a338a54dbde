"""The learner's syntax tree with a switch at every statement that has changed versions. Imports slots and source."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

from lstm_teach.doctor.slots import HEADS, SIMPLE, Slot, blocks_in
from lstm_teach.doctor.source import Unit

HERE = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}  # of new nodes; a later walk costs more


class Switch:
    """Rewrites a unit's tree: statements record their values, slots with alternatives become switches."""

    def __init__(self, variants: Any, unit: Unit, number: int):
        self.variants, self.tree = variants, unit.parsed()
        own = [slot for slot in variants.slots if slot.unit == number]
        self.at = {(slot.block, slot.index, slot.kind): slot for slot in own}
        self.number = own[0].block - 1  # blocks are counted in the order of the text, as in `find_slots`
        self.declared: list[ast.stmt] = []
        self._function(self.tree.body[0])

    def _function(self, node: ast.FunctionDef) -> None:
        """Nonlocal and global names are declared at the top, since an edit may use one above its declaration."""
        around, self.declared = self.declared, []
        body = [_burning(node.body), *self._block(node.body)]
        node.body, self.declared = [*self.declared, *body], around

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        self.number += 1
        number, new = self.number, []
        for index, node in enumerate(body):
            new += self._gap(number, index)
            if isinstance(node, SIMPLE):
                new += self._switch(self.at[number, index, "statement"], [node])
                continue
            if isinstance(node, ast.Nonlocal | ast.Global):
                self.declared.append(node)
                continue
            if head := HEADS.get(type(node)):
                slot, value = self.at[number, index, "head"], getattr(node, head)
                others = self.variants.alternatives.get(slot.number)
                setattr(node, head, _chosen(slot, value, others, _if_expression) if others else value)
            for holder, field in blocks_in(node):
                if isinstance(node, ast.FunctionDef):
                    self._function(node)
                    continue
                block = getattr(holder, field)
                turn = [_burning(block)] if isinstance(node, ast.For | ast.While) and field == "body" else []
                setattr(holder, field, [*turn, *self._block(block)])
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
        return _chosen(slot, own, others, _if_statement)

    def _recorded(self, slot: Slot, node: ast.stmt) -> Iterator[ast.stmt]:
        """The statement, with calls that record what it computes."""
        value = getattr(node, "value", None)
        name = getattr(getattr(value, "func", None), "attr", "")
        if not self.variants.records or name in ("empty", "empty_like"):  # what is in these comes from an earlier run
            if isinstance(node, ast.Assign | ast.AugAssign) and not isinstance(value, ast.Constant | ast.Name):
                node.value = _call("__fits__", value)
            yield node
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return) and value is not None:
            node.value = _record(slot, value, isinstance(node, ast.Return))
            yield node
            if isinstance(node, ast.AugAssign):
                target = copy.deepcopy(node.target)
                target.ctx = ast.Load()
                yield from _owner(slot, target)
                yield ast.Assign([copy.deepcopy(node.target)], _record(slot, target), **HERE)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                yield from _owner(slot, node.targets[0])
        else:
            if isinstance(node, ast.Expr) and isinstance(value, ast.Call):
                value.args = [
                    arg if isinstance(arg, ast.Constant | ast.Starred) else _record(slot, arg) for arg in value.args
                ]
            yield node


def _chosen(slot: Slot, own: Any, others: list, either: Callable) -> Any:
    """`own` where nothing else is chosen, or one of the others: in nested halves, a tree flat enough to compile."""
    choice = ast.Subscript(ast.Name("__choice__", ast.Load(), **HERE), _constant(slot.number), ast.Load(), **HERE)

    def compared(operator: ast.cmpop, number: int) -> ast.Compare:
        return ast.Compare(choice, [operator], [_constant(number)], **HERE)

    def half(first: int, options: list) -> Any:
        if len(options) == 1:
            return options[0]
        middle = len(options) // 2
        parts = half(first, options[:middle]), half(first + middle, options[middle:])
        return either(compared(ast.Lt(), first + middle), *parts)

    return either(compared(ast.Eq(), 0), own, half(1, others))


def _if_statement(test: ast.expr, then: list[ast.stmt], otherwise: list[ast.stmt]) -> list[ast.stmt]:
    return [ast.If(test, then or [ast.Pass(**HERE)], otherwise or [ast.Pass(**HERE)], **HERE)]


def _if_expression(test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
    return ast.IfExp(test, then, otherwise, **HERE)


def _owner(slot: Slot, target: ast.expr) -> Iterator[ast.stmt]:
    """One entry of a vector was changed, or one in each row of a matrix: what is it now?"""
    if not isinstance(target, ast.Subscript):
        return
    parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    rows = len(parts) == 2 and any(isinstance(part, ast.Call) for part in parts)
    if rows or (len(parts) == 1 and not isinstance(parts[0], ast.Slice)):
        owner = copy.deepcopy(target.value)
        owner.ctx = ast.Load()
        yield ast.Expr(_call("__owner__", _constant(slot.number), owner, _constant(1 + rows)), **HERE)


def _record(slot: Slot, value: ast.expr, result: bool = False) -> ast.expr:
    return _call("__record__", _constant(slot.number), value, _constant(result))


def _burning(block: list[ast.stmt]) -> ast.stmt:
    return ast.Expr(_call("__fuel__", _constant(len(block))), **HERE)


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load(), **HERE), list(args), [], **HERE)


def _constant(value: int) -> ast.Constant:
    return ast.Constant(value, **HERE)
