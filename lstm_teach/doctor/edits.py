"""Candidate edits of one statement: small changes of its expressions, made from the text alone.

Imports the operators (rewrites, donors, growth, indices), scene and slots.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lstm_teach.doctor import donors
from lstm_teach.doctor.growth import HOLDING, growth
from lstm_teach.doctor.indices import indices
from lstm_teach.doctor.rewrites import rewritten
from lstm_teach.doctor.scene import Atom, Scene, is_tokens, is_vector, is_zeros, paths_in
from lstm_teach.doctor.slots import Edit, Part, Slot

# Arguments by name that may be wrong or missing: name, kind of mistake, cost, what may be meant, in calls of what.
_KEYWORDS = (
    ("axis", "axis", 1.4, "0 1 -1", "roll sum mean flip cumsum diff argsort concatenate stack split repeat append"),
    ("order", "layout", 1.4, '"F" "C"', "reshape ravel flatten"),
    ("dtype", "number type", 1.2, "float", "zeros ones empty full zeros_like array asarray"),
)
_CHANGING = ("tanh", "clip", "sigmoid", "diag", "abs", "sign", "flip", "sqrt", "exp", "maximum", "minimum", "reversed")
_COUNTING = ("range", "len", "slice", "min", "max", "reversed", "enumerate", "list", "zip")
_ITERATING = ("zip", "enumerate", "reduce", "accumulate", "map", "list", "tuple")
_COMPARED = ("<", "<=", ">", ">=", "==", "!="), ("in", "not in"), ("is", "is not")
_SIMPLE_EXPRESSION = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Tuple, ast.Dict)
# How it is assigned, and what else may be meant: cost of each.
_ASSIGNED = {
    "=": {"+=": 1.0, "-=": 2.0, "*=": 3.0, "/=": 2.5},
    "+=": {"=": 1.0, "-=": 1.0, "*=": 2.5},
    "-=": {"+=": 1.0, "=": 1.1, "*=": 2.5},
    "*=": {"+=": 1.0, "=": 1.0, "-=": 1.0},
    "/=": {"+=": 1.0, "=": 1.0, "-=": 1.0, "*=": 2.5},
}
_STRENGTH = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.MatMult: 2, ast.Pow: 4, ast.BitOr: 0}


class Maker:
    """The candidate edits of one slot."""

    def __init__(self, scene: Scene, slot: Slot):
        self.scene, self.slot = scene, slot
        self.unit = scene.units[slot.unit]
        self.text = scene.text(slot)
        self.paths = {id(atom.node): atom for atom in scene.atoms.get(slot.number, ())}
        self.named = [atom for atom in scene.unread if atom.unit == slot.unit]  # what has a name in the function
        every = list(ast.walk(slot.node)) if slot.node is not None else []
        calls = [n for n in every if isinstance(n, ast.Call) and getattr(n.func, "id", "") not in _COUNTING]
        self.operands = {id(arg) for n in calls for arg in n.args}  # of what is not done with whole numbers
        self.operands |= {id(side) for n in every if isinstance(n, ast.BinOp) for side in (n.left, n.right)}
        self.around = {id(child): n for n in every for child in ast.iter_child_nodes(n)}

    def edits(self) -> Iterator[Edit]:
        """All of them."""
        node = self.slot.node
        if self.slot.kind == "statement":
            yield from self._statement(node)
        else:
            yield from self._reversed(node)
        yield from growth(self, node)
        yield from rewritten(self, node)
        for atom in (atom for atom in self.paths.values() if atom.shape is not None):
            yield from donors.another(self, atom)
        yield from indices(self, node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                yield from self._call(inner)
            elif isinstance(inner, ast.Constant):
                yield from self._constant(inner)
            elif isinstance(inner, ast.Compare):
                yield from self._compare(inner)
            elif isinstance(inner, ast.List | ast.Tuple) and isinstance(inner.ctx, ast.Load):
                yield from donors.swapped_items(self, inner.elts, 2.2 if isinstance(inner, ast.List) else 1.8)
            elif isinstance(inner, ast.Dict):
                yield from donors.swapped_items(self, inner.values, keys=[self.seg(key or inner) for key in inner.keys])
            elif isinstance(inner, ast.comprehension):
                yield from self._reversed(inner.iter)

    # Text

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

    # What the run showed

    def within(self, shape: Any) -> list[Atom]:
        """All that the code reads of a shape and that means something in this slot."""
        return self.scene.of_shape(self.slot.unit, shape, self.slot)

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

    # Statements and heads

    def _statement(self, node: ast.stmt) -> Iterator[Edit]:
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            start, end = self.unit.span(target)[1], self.unit.span(value)[0]
            sign = re.search(r"[-+*/]?=", self.unit.text[start:end])
            single = len(getattr(node, "targets", [target])) == 1 and not isinstance(target, ast.Tuple)
            others = _ASSIGNED.get(sign[0], {}) if single and not self.only_zeros(value) else {}
            for new, cost in others.items():
                at, less = (start + sign.start(), start + sign.end()), []
                if new == "+=" and isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
                    new, less = "-=", [(*self.unit.span(value), self.seg(value.operand))]
                yield self.edit("assignment", cost, (*at, new), *less, old=sign[0], new=new)
            yield from donors.another_target(self, target)
            yield from self._right_hand_side(node, value)
        if isinstance(node, ast.Assign) and len(node.targets) > 1:  # an array of its own for each name
            yield self.lines("copy", 1.2, [f"{self.seg(target)} = {self.seg(value)}" for target in node.targets])
        for atom in (one for one in self.paths.values() if isinstance(one.node, ast.Name) and is_vector(one.shape)):
            if isinstance(self.around.get(id(atom.node)), HOLDING):  # it may be changed later on
                yield self.swap("copy", 1.5, atom.node, f"{atom.text}.copy()")

    def _right_hand_side(self, node: ast.stmt, value: ast.expr) -> Iterator[Edit]:
        shape, np_ = self.scene.results.get(self.slot.number), self.scene.numpy
        end = self.unit.span(value)[1]
        states = sorted({arg.arg for arg in self.unit.node.args.args} & {"h0", "c0"})
        for inner in (n for n in ast.walk(value) if states and isinstance(n, ast.Call | ast.Subscript)):
            text, made, around = self.seg(inner), self.shape(inner), self.around.get(id(inner))
            before = re.search(r"\[(\w+) - 1\]$", text)  # where t is 0, the last row
            matrix = is_vector(made) and len(made) == 2 and 1 in made
            apart = isinstance(around, ast.stmt | ast.Dict | ast.List | ast.Tuple | ast.Call)
            for state in states if before or is_zeros(inner) else ():
                given = state + (f"[{':, ' * made.index(1)}None]" if matrix else "")
                new = f"{text} if {before[1]} > 0 else {given}" if before else f"{text} if {state} is None else {given}"
                yield self.swap("start", 1.9 if before else 1.5, inner, new if apart else f"({new})")
        several = value.elts if isinstance(value, ast.Tuple) and not self.slot.loops else []
        for one in [value, *several] if isinstance(node, ast.Assign) else ():
            made = shape if one is value else self.shape(one)
            if is_vector(made) and not is_zeros(one) and (like := self._like(made)):
                yield self.swap("initial value", 1.2 + 0.1 * (one is not value), one, f"{np_}.zeros_like({like})")
        if is_vector(shape):
            if isinstance(value, ast.Name | ast.Attribute | ast.Subscript):
                yield self.edit("copy", 1.0 if self.only_zeros(value) else 1.2, (end, end, ".copy()"))
            if len(shape) > 1 and isinstance(node, ast.Assign):
                yield self.swap("slice", 1.6, value, f"{self.tight(value)}[::-1]")

    def _like(self, shape: Any) -> str | None:
        """Something of this shape to make zeros of; no argument of the function, which may be None."""
        given = {arg.arg for arg in ast.walk(self.unit.node.args) if isinstance(arg, ast.arg)}
        same = (a.text for a in (*self.paths.values(), *self.within(shape)) if a.shape == shape)
        return next((text for text in same if text not in given), None)

    def _reversed(self, root: ast.expr) -> Iterator[Edit]:
        """The things that a loop runs over, the last one first."""
        if isinstance(root, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            text = self.seg(root)
            if not text.startswith("reversed(") and not text.endswith("[::-1]"):
                yield self.swap("range", 1.25, root, f"reversed({text})")
                yield self.swap("range", 1.3, root, f"list({text})[::-1]")  # of what can be read only once

    # Expressions

    def _constant(self, node: ast.Constant) -> Iterator[Edit]:
        """Another number; what is added or multiplied and should be nothing is left out, which is another edit."""
        value, around = node.value, self.around.get(id(node))
        axis = isinstance(around, ast.keyword) and around.arg == "axis"  # which is another edit
        if isinstance(value, bool) or not isinstance(value, int | float) or axis:
            return
        for atom in self.named if value == 0 and id(node) in self.operands else ():  # 0 is handed on
            if is_vector(atom.shape) or atom.text not in self.scene.read[self.slot.unit]:
                yield self.swap("wrong name", 1.9, node, atom.text)
        nothing = 0 if isinstance(around, ast.UnaryOp) else None  # what would change nothing, or be written as `-0`
        if isinstance(around, ast.BinOp) and node is around.right:
            nothing = 0 if isinstance(around.op, ast.Add | ast.Sub) else 1
        for new in (value + 1, value - 1, value * 2, value / 2, 1 if value != 1 else 0):
            if new in (value, nothing) or (isinstance(value, int) and new != int(new)):
                continue
            new = int(new) if isinstance(value, int) else float(new)
            cost = 1.2 if abs(new - value) == 1 and new >= 0 else 2.6
            yield self.swap("constant", cost, node, f"{new}" if new >= 0 else f"({new})")

    def _compare(self, node: ast.Compare) -> Iterator[Edit]:
        start, end = self.unit.span(node.left)[1], self.unit.span(node.comparators[0])[0]
        found = re.search(r"[<>=!]=?|is not|is|not in|in", self.unit.text[start:end])
        for family in (family for family in _COMPARED if found and found[0] in family):
            for new in (new for new in family if new != found[0]):
                yield self.edit("condition", 1.6, (start + found.start(), start + found.end(), new))

    def _call(self, node: ast.Call) -> Iterator[Edit]:
        func, args = node.func, node.args
        name = getattr(func, "attr", getattr(func, "id", ""))
        texts = [self.seg(arg) for arg in args]
        if args and not isinstance(self.around.get(id(node)), ast.Expr):
            yield from self._unwrapped(node, name, texts)
        yield from self._other_function(node)
        yield from self._other_arguments(node, name, texts)
        yield from self._keywords(node, name)
        for arg in args if name in _ITERATING else ():
            yield from self._reversed(arg)

    def _unwrapped(self, node: ast.Call, name: str, texts: list[str]) -> Iterator[Edit]:
        """An argument without what is done to it."""
        if name in _CHANGING:
            yield self.swap("unwrapped" if name != "reversed" else "range", 1.15, node, texts[0])
        elif len(texts) == 1 and isinstance(node.func, ast.Name) and name not in _COUNTING:
            yield self.swap("unwrapped", 2.2, node, texts[0])

    def _other_function(self, node: ast.Call) -> Iterator[Edit]:
        """Another function of one argument is called, handed to a call, or named by a text: a slope, a tanh; a layer.

        Where one statement is for all gates, for g only.
        """
        own, tanh = self.unit.function.__globals__, f"{self.scene.numpy}.tanh"
        gates = [atom.text for atom in self.within("gate") if atom.text.isidentifier()]
        for func in (node.func, *node.args, *(keyword.value for keyword in node.keywords)):
            text, others = self.seg(func), []
            kind = own.get(text)
            if isinstance(kind, type):  # a layer of the learner's: another with the same methods
                others = [n for n, one in own.items() if type(one) is type and vars(one).keys() == vars(kind).keys()]
            elif self.of_numpy(func) == "tanh" or text in self.activations():
                others = [tanh, *self.activations()]
            elif isinstance(func, ast.Constant) and func.value in self.scene.strings:
                words = sorted(word for word in self.scene.strings | {"tanh"} if len(word) > 3)
                others = [text.replace(func.value, word) for word in words]
            yield from (self.swap("helper", 1.5, func, other) for other in others)
            for other, gate in itertools.product(others, gates):
                yield self.swap("helper", 1.8, func, f'({other} if {gate} == "g" else {text})')

    def _other_arguments(self, node: ast.Call, name: str, texts: list[str]) -> Iterator[Edit]:
        """Arguments in another order, one that is left out, a range as far as the loop around has come."""
        args, own = node.args, [unit for unit in self.scene.units if unit.node.name == name]
        wanted = [arg.arg for arg in own[0].node.args.args][-len(args) :] if own and args else []
        kept = sum(donors.unlike(a, b) for a, b in zip(texts, wanted, strict=False))
        cost = 1.4 if own else 1.8  # people call their own in another order
        for edit in donors.swapped_items(self, args, cost, "argument order" if len(args) == 2 else "order"):
            turned = [{edit.old: edit.new, edit.new: edit.old}.get(text, text) for text in texts]
            worse = kept < sum(donors.unlike(a, b) for a, b in zip(turned, wanted, strict=False))
            yield replace(edit, cost=edit.cost + 0.6 * worse)
        mine = [arg.arg for arg in self.unit.node.args.args if arg.arg not in ("self", "cls")]
        takes = {arg.arg for unit in own for arg in unit.node.args.args}
        takes |= {"h0", "c0"} if name == "forward" else set()
        has = {*texts, *(keyword.arg for keyword in node.keywords)}
        at = self.unit.span(node)[1] - 1
        forgotten = [f"{arg}={arg}" for arg in mine if args and arg in takes and arg not in has]
        for new in dict.fromkeys([*forgotten, ", ".join(forgotten)] if forgotten else ()):
            yield self.edit("term", 1.6, (at, at, f", {new}"), new=new)
        if name == "range" or self.of_numpy(node.func) == "arange":
            for arg, loop, more in itertools.product(args[:2], self.loop_names(), ("", " + 1")):
                yield self.swap("range", 1.3, arg, loop + more)

    def _keywords(self, node: ast.Call, name: str) -> Iterator[Edit]:
        """Another axis, number type or layout, given or left out."""
        at, given = self.unit.span(node)[1] - 1, {keyword.arg: keyword.value for keyword in node.keywords}
        comma = ", " if node.args or node.keywords else ""
        for key, kind, cost, texts, functions in _KEYWORDS:
            for text in texts.split():
                if key in given:
                    edit = self.swap(kind, cost, given[key], text)
                    yield replace(edit, old=f"{key}={edit.old}", new=f"{key}={text}")
                elif name in functions.split() and (key != "dtype" or is_tokens(self.shape(node))):
                    new = f"{comma}{key}={text}"
                    yield self.edit(kind, cost, (at, at, new), old=self.seg(node), new=f"{key}={text}")


def sums_up(node: ast.Assign | ast.AugAssign) -> bool:
    """Whether a statement adds to what it assigns (`a += b`, `a = a + b`): what it makes comes from all its runs."""
    if isinstance(node, ast.AugAssign):
        return True
    as_read = {ast.dump(target).replace("Store()", "Load()") for target in node.targets}
    return any(ast.dump(inner) in as_read for inner in ast.walk(node.value))
