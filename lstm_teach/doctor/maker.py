"""What makes the edits of one statement: its text, what the run showed of it, and how a change of it is written down.

Imports scene and slots.
"""

import ast
import re
from typing import Any

from lstm_teach.doctor.scene import Atom, Scene, is_tokens, paths_in
from lstm_teach.doctor.slots import Edit, Part, Slot

_SIMPLE_EXPRESSION = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Tuple, ast.Dict)
COUNTING = ("range", "len", "slice", "min", "max", "reversed", "enumerate", "list", "zip")
_STRENGTH = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.MatMult: 2, ast.Pow: 4, ast.BitOr: 0}


class Maker:
    """Makes the edits of one slot, a statement or head."""

    def __init__(self, scene: Scene, slot: Slot):
        self.scene, self.slot = scene, slot
        self.unit = scene.units[slot.unit]
        self.text = scene.text(slot)
        self.paths = {id(atom.node): atom for atom in scene.atoms.get(slot.number, ())}
        self.named = [atom for atom in scene.unread if atom.unit == slot.unit]  # what has a name in the function
        every = list(ast.walk(slot.node)) if slot.node is not None else []
        calls = [n for n in every if isinstance(n, ast.Call) and getattr(n.func, "id", "") not in COUNTING]
        self.operands = {id(arg) for n in calls for arg in n.args}  # of what is not done with whole numbers
        self.operands |= {id(side) for n in every if isinstance(n, ast.BinOp) for side in (n.left, n.right)}
        self.around = {id(child): n for n in every for child in ast.iter_child_nodes(n)}

    def seg(self, node: ast.AST) -> str:
        """The node's text."""
        return self.unit.segment(node)

    def tight(self, node: ast.expr) -> str:
        """The node's text, in parentheses unless it holds together by itself."""
        return self.seg(node) if isinstance(node, _SIMPLE_EXPRESSION) else f"({self.seg(node)})"

    def stands(self, node: ast.AST, operator: type) -> bool:
        """Whether an operation may replace a node without parentheses around it."""
        around = self.around.get(id(node))
        if isinstance(around, ast.BinOp):
            new, outer = _STRENGTH.get(operator, 0), _STRENGTH.get(type(around.op), 5)
            return new > outer or (new == outer and node is around.left)
        inner = isinstance(around, ast.Attribute | ast.Subscript) and node is around.value
        return not (inner or isinstance(around, ast.UnaryOp | ast.Compare | ast.IfExp))

    def edit(self, kind: str, cost: float, *changes: tuple[int, int, str], new: str = "", old: str = "") -> Edit:
        """An edit that puts new texts at some places of the statement."""
        part = self.slot.part(self.unit.text, changes)
        start, end, text = part.changes[0]
        return Edit(kind, cost, (part,), old or self.unit.text[start:end], new or text)

    def swap(self, kind: str, cost: float, node: ast.AST, text: str, operator: type | None = None) -> Edit:
        """An edit that puts a text for a node: in parentheses, if it is an operation (`operator`) that needs them."""
        start, end = self.unit.span(node)
        enclosed = isinstance(node, ast.BinOp) and self.unit.text[end : end + 1] == ")"
        enclosed = enclosed and re.search(r"(?:^|[^\w\s)\]]\s*)\($", self.unit.text[:start]) is not None
        factor = operator is ast.Mult and isinstance(getattr(self.around.get(id(node)), "op", None), ast.Mult)
        if enclosed and (factor or re.fullmatch(r"[\w.]+(\[\w+\])?", text)):
            start, end = start - 1, end + 1  # a name by itself needs no parentheses, nor does one more factor
        elif operator is not None and not enclosed and not self.stands(node, operator):
            text = f"({text})"
        return self.edit(kind, cost, (start, end, text))

    def lines(self, kind: str, cost: float, lines: list[str]) -> Edit:
        """An edit that puts these statements in the place of this one."""
        new = f"\n{self.slot.indent or ''}".join(lines)
        part = Part(self.slot.number, "\n".join(lines), ((self.slot.start, self.slot.end, new),))
        return Edit(kind, cost, (part,), self.text, "; ".join(lines))

    def within(self, shape: Any) -> list[Atom]:
        """All that the code reads of a shape and that means something in this slot."""
        return self.scene.of_shape(shape, self.slot)

    def shape(self, node: ast.expr) -> Any:
        """The shape that an operation, a call or something read had, None if it is not known."""
        atom = self.paths.get(id(node))
        return atom.shape if atom else self.scene.operations.get((self.slot.unit, *self.unit.span(node)))

    def back(self, node: ast.expr) -> bool | None:
        """Whether the numbers of an expression depend on the targets; None if that is not known."""
        if id(node) in self.paths:
            return self.paths[id(node)].back
        span = (self.slot.unit, *self.unit.span(node))
        return span in self.scene.back if span in self.scene.operations else None

    def only_zeros(self, node: ast.expr) -> bool:
        """Whether it was all zeros whenever it was seen: a factor, or adding it, would make a new array and no more."""
        return (self.slot.unit, *self.unit.span(node)) in self.scene.zeros

    def atoms_in(self, node: ast.AST) -> list[Atom]:
        """What an expression reads, in the order of the text."""
        found = [self.paths[id(path)] for path in paths_in(node) if id(path) in self.paths]
        unique = {self.unit.span(atom.node): atom for atom in found}
        return [unique[span] for span in sorted(unique)]

    def whole_number(self, node: ast.expr) -> bool:
        """Whether it is an index of one thing."""
        if isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)):
            return not isinstance(getattr(node, "value", None), str)
        atoms = self.atoms_in(node)
        return bool(atoms) and all(a.shape in ("int", None) for a in atoms)

    def activations(self) -> list[str]:
        """The learner's other functions of one argument: a sigmoid, a slope."""
        every = [u for u in self.scene.units[1:] if u.owner is None and u is not self.unit]
        return [unit.node.name for unit in every if len(unit.node.args.args) == 1]

    def loop_names(self) -> list[str]:
        """The numbers that count the loops around, the outermost first."""
        targets = [(loop.target, self.seg(loop.iter)) for loop in self.slot.loops if isinstance(loop, ast.For)]
        firsts = [t.elts[0] if isinstance(t, ast.Tuple) and "enumerate(" in over else t for t, over in targets]
        return [first.id for first in firsts if isinstance(first, ast.Name)]

    def entries(self, held: Any = ()) -> list[str]:
        """What may stand in an index: whole numbers that are read, or tokens; if `held` in rows, one of each row."""
        tokens = [atom.text for atom in self.named if is_tokens(atom.shape)]
        if len(held) == 2 and 1 not in held:
            return [f"{self.scene.numpy}.arange(len({one})), {one}" for one in tokens]
        numbers = [atom.text for atom in self.within("int")]
        counting = [*self.loop_names(), *(number for number in numbers if number.isidentifier())]
        found = dict.fromkeys([*numbers, *(f"{one}[{t}]" for one in tokens for t in counting)])
        return [f"0, {entry}" for entry in found] if len(held) == 2 and held[0] == 1 else list(found)

    def of_numpy(self, func: ast.expr) -> str:
        """Numpy's name for one of its functions, under whatever name it is called here; "" for another function."""
        if isinstance(func, ast.Attribute):
            return func.attr if self.seg(func.value) == self.scene.numpy else ""
        value = self.unit.function.__globals__.get(func.id) if isinstance(func, ast.Name) else None
        own = (getattr(value, "__module__", None) or "").partition(".")[0] == "numpy"
        return getattr(value, "__name__", "") if own else ""
