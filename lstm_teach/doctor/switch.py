"""The learner's syntax tree with a switch at every statement that has changed versions. Imports slots and source."""

import ast
import copy
import itertools
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
        self.blocks = itertools.count(own[0].block)  # counted in the order of the text, as in `find_slots`
        self.declared: list[ast.stmt] = []
        self._function(self.tree.body[0])

    def _function(self, node: ast.FunctionDef) -> None:
        """Nonlocal and global names are declared at the top, since an edit may use one above its declaration."""
        around, self.declared = self.declared, []
        body = [_burning(node.body), *self._block(node.body)]
        node.body, self.declared = [*self.declared, *body], around

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        number, new = next(self.blocks), []
        for index, node in enumerate(body):
            new += self._switch(self.at.get((number, index, "gap")), [])
            if isinstance(node, SIMPLE):
                new += self._switch(self.at[number, index, "statement"], [node])
                continue
            if isinstance(node, ast.Nonlocal | ast.Global):
                self.declared.append(node)
                continue
            if head := HEADS.get(type(node)):
                slot = self.at[number, index, "head"]
                others = self.variants.alternatives.get(slot.number, ())
                setattr(node, head, _chosen(slot, [getattr(node, head), *others]))
            for holder, field in blocks_in(node):
                if isinstance(node, ast.FunctionDef):
                    self._function(node)
                    continue
                block = getattr(holder, field)
                turn = [_burning(block)] if isinstance(node, ast.For | ast.While) and field == "body" else []
                setattr(holder, field, [*turn, *self._block(block)])
            new.append(node)
        return new + self._switch(self.at.get((number, len(body), "gap")), []) or [ast.Pass(**HERE)]

    def _switch(self, slot: Slot | None, own: list[ast.stmt]) -> list[ast.stmt]:
        """What stands at a slot, or one of its alternatives."""
        if slot is None:
            return own
        others = self.variants.alternatives.get(slot.number, ())
        own, *others = ([new for node in one for new in self._recorded(slot, node)] for one in (own, *others))
        if slot.number in self.variants.watched:
            watch = _call("__at__", slot.number, _call("__globals__"), _call("__locals__"))
            own = [ast.Expr(watch, **HERE), *own]
        return _chosen(slot, [own, *others])

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
                alone = ast.Constant | ast.Starred
                value.args = [arg if isinstance(arg, alone) else _record(slot, arg) for arg in value.args]
            yield node


def _chosen(slot: Slot, options: list) -> Any:
    """The first where nothing else is chosen, or one of the others: in nested halves, a tree flat enough to compile."""
    choice = ast.Subscript(ast.Name("__choice__", ast.Load(), **HERE), _node(slot.number), ast.Load(), **HERE)

    def either(operator: ast.cmpop, number: int, then: Any, otherwise: Any) -> Any:
        test = ast.Compare(choice, [operator], [_node(number)], **HERE)
        if isinstance(then, ast.expr):
            return ast.IfExp(test, then, otherwise, **HERE)
        return [ast.If(test, then or [ast.Pass(**HERE)], otherwise or [ast.Pass(**HERE)], **HERE)]

    return either(ast.Eq(), 0, options[0], _half(either, options, 1, len(options))) if len(options) > 1 else options[0]


def _half(either: Callable, options: list, first: int, last: int) -> Any:
    """One of several options. (Defined inside `_chosen`, it would refer to itself and keep all these trees alive.)"""
    if last - first == 1:
        return options[first]
    middle = (first + last) // 2
    return either(ast.Lt(), middle, _half(either, options, first, middle), _half(either, options, middle, last))


def _owner(slot: Slot, target: ast.expr) -> Iterator[ast.stmt]:
    """One entry of a vector was changed, or one in each row of a matrix: what is it now?"""
    if not isinstance(target, ast.Subscript):
        return
    parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    rows = len(parts) == 2 and any(isinstance(part, ast.Call) for part in parts)
    if rows or (len(parts) == 1 and not isinstance(parts[0], ast.Slice)):
        owner = copy.deepcopy(target.value)
        owner.ctx = ast.Load()
        yield ast.Expr(_call("__owner__", slot.number, owner, 1 + rows), **HERE)


def _record(slot: Slot, value: ast.expr, result: bool = False) -> ast.expr:
    return _call("__record__", slot.number, value, result)


def _burning(block: list[ast.stmt]) -> ast.stmt:
    return ast.Expr(_call("__fuel__", len(block)), **HERE)


def _call(name: str, *args: ast.expr | int) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load(), **HERE), list(map(_node, args)), [], **HERE)


def _node(value: ast.expr | int) -> ast.expr:
    return value if isinstance(value, ast.expr) else ast.Constant(value, **HERE)
