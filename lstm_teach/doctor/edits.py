"""Candidate edits of one statement: small changes of its expressions, made from the text alone.

Imports scene and variants.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_teach.doctor.analogies import analogies, one_column
from lstm_teach.doctor.pitfalls import pitfalls
from lstm_teach.doctor.scene import Atom, Scene, all_vectors, is_tokens, is_vector, is_zeros, paths_in, targets_of
from lstm_teach.doctor.variants import OPERATORS, Edit, Part, Slot
from lstm_teach.params import Params

_ALONG = (
    "roll",
    "sum",
    "mean",
    "flip",
    "cumsum",
    "concatenate",
    "stack",
    "split",
    "repeat",
    "append",
    "diff",
    "argsort",
)
_PRODUCTS = ("dot", "outer", "multiply", "matmul", "inner")
_READ_ONCE = ("zip", "map", "reversed", "enumerate", "filter")
_COUNTING = ("range", "len", "slice", "min", "max", "reversed", "enumerate", "list", "zip")
_ITERATING = ("zip", "enumerate", "reduce", "accumulate", "map", "list", "tuple")
_SIMPLE_EXPRESSION = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Tuple, ast.Dict)

_CACHE = {"i", "f", "o", "g", "c", "ct", "h"}


class _Maker:
    """The candidate edits of one slot."""

    def __init__(self, scene: Scene, slot: Slot):
        self.scene, self.slot = scene, slot
        self.unit = scene.units[slot.unit]
        self.text = self.unit.text[slot.start : slot.end]
        self.paths = {id(atom.node): atom for atom in scene.atoms.get(slot.number, ())}
        every = list(ast.walk(slot.node)) if slot.kind == "statement" and slot.node is not None else []
        calls = [n for n in every if isinstance(n, ast.Call) and getattr(n.func, "id", "") not in _COUNTING]
        self.operands = {id(arg) for n in calls for arg in n.args}  # of what is not done with whole numbers
        self.operands |= {id(side) for n in every if isinstance(n, ast.BinOp) for side in (n.left, n.right)}

    def within(self, shape: Any) -> list[Atom]:
        """All that the code reads of a shape and that means something in this slot."""
        return self.scene.of_shape(self.slot.unit, shape, self.slot)

    def seg(self, node: ast.AST) -> str:
        return self.unit.segment(node)

    def tight(self, node: ast.expr) -> str:
        """The node's text, in parentheses unless it holds together by itself."""
        text = self.seg(node)
        return text if isinstance(node, _SIMPLE_EXPRESSION) else f"({text})"

    def edit(self, kind: str, cost: float, *changes: tuple[int, int, str], new: str = "", old: str = "") -> Edit:
        code, last, pieces = self.text, self.slot.start, []
        for start, end, text in sorted(changes):
            pieces += [self.unit.text[last:start], text]
            last = end
        code = "".join([*pieces, self.unit.text[last : self.slot.end]])
        first = min(changes)
        return Edit(
            kind,
            cost,
            (Part(self.slot.number, code, tuple(sorted(changes))),),
            old or self.unit.text[first[0] : first[1]],
            new or first[2],
        )

    def swap(self, kind: str, cost: float, node: ast.AST, text: str) -> Edit:
        if node is getattr(self.slot.node, "value", None) and re.fullmatch(r"\([^()]*(\([^()]*\)[^()]*)*\)", text):
            text = text[1:-1] if "," not in text and "\n" not in text else text  # not a tuple, nor over several lines
        start, end = self.unit.span(node)
        around = re.search(r"(?:^|[^\w\s)\]]\s*)\($", self.unit.text[:start]) and self.unit.text[end : end + 1] == ")"
        if around and isinstance(node, ast.BinOp) and re.fullmatch(r"[\w.]+(\[\w+\])?", text):
            start, end = start - 1, end + 1  # a name by itself needs no parentheses
        return self.edit(kind, cost, (start, end, text))

    def edits(self) -> Iterator[Edit]:
        node = self.slot.node
        if self.slot.kind == "statement":
            yield from self.statement(node)
            yield from self.growth(node)
            yield from analogies(self, node)
            yield from one_column(self, node)
        yield from self.expressions(node)

    # Statements

    def statement(self, node: ast.stmt) -> Iterator[Edit]:
        if isinstance(node, ast.AugAssign):
            at = self.operator_span(self.unit.span(node.target)[1], self.unit.span(node.value)[0], r"[-+*/@]=")
            if at:
                now = self.unit.text[slice(*at)]
                for new, cost in (("+=", 1.0), ("=", 1.0 + 0.1 * (now == "-=")), ("-=", 1.0), ("*=", 2.5)):
                    if new != now:
                        yield self.edit("assignment", cost, (*at, new), old=now, new=new)
            yield from self.repeated(node)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            at = self.operator_span(self.unit.span(target)[1], self.unit.span(node.value)[0], r"=")
            if at and not isinstance(target, ast.Tuple):
                for new, cost in (("+=", 1.0), ("*=", 3.0), ("-=", 2.0), ("/=", 2.5)):
                    yield self.edit("assignment", cost, (*at, new), old="=", new=new)
            yield from self.swaps(target)
            yield from self.as_returned(target, node.value)
            yield from self.other_way(target, node.value)
        value = getattr(node, "value", None)
        if isinstance(node, ast.Expr) and isinstance(value, ast.Call) and is_vector(self.shape(value)):
            for name in dict.fromkeys(t.id for t in self.block_targets()):  # a result that nobody takes
                yield self.edit(
                    "assignment",
                    1.3,
                    (self.slot.start, self.slot.start, f"{name} = {name} + "),
                    old="",
                    new=f"{name} +",
                )
        if isinstance(node, ast.Assign) and self.slot.loops and isinstance(node.targets[0], ast.Name):
            name, takes_two = self.seg(node.targets[0]), [u for u in self.scene.units if len(u.node.args.args) == 2]
            called = {n.id for n in ast.walk(self.unit.tree) if isinstance(n, ast.Name)}
            for own in (u.node.name for u in takes_two if u.owner is None and u.node.name in called):
                yield self.swap(
                    "assignment", 1.8, value, f"{own}({name}, {self.seg(value)})"
                )  # added to what was before
        if isinstance(node, ast.Assign | ast.Return | ast.Expr) and value is not None:
            yield from self.unshared(node)
        if isinstance(value, ast.GeneratorExp) and isinstance(node, ast.Assign):
            yield self.swap("used up", 1.2, value, f"[{self.seg(value)[1:-1]}]")
        elif isinstance(node, ast.Assign) and getattr(getattr(value, "func", None), "id", "") in _READ_ONCE:
            yield self.swap("used up", 1.3, value, f"list({self.seg(value)})")
        yield from self.in_place(node)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and value is not None:
            yield from self.right_hand_side(node, value)
            yield from self.as_sibling(value)
        if isinstance(node, ast.Return) and isinstance(value, ast.Tuple):
            inner = [one for one in value.elts if isinstance(one, ast.Name | ast.Attribute | ast.Subscript)]
            zeros = [(*self.unit.span(one), f"{self.scene.numpy}.zeros_like({self.seg(one)})") for one in inner]
            for changes in [*([change] for change in zeros), zeros] if zeros else ():
                yield self.edit("initial value", 1.9, *changes)
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield from self.target(target)

    def block_targets(self) -> Iterator[ast.Name]:
        """The names that the statements beside this one assign."""
        for slot in self.scene.slots:
            if slot.block == self.slot.block and slot.kind == "statement":
                yield from (target for target in targets_of(slot.node) if isinstance(target, ast.Name))

    def in_place(self, node: ast.stmt) -> Iterator[Edit]:
        """`a = a + b` makes a new array, `a += b` changes the one that others hold too."""
        match node:
            case ast.Assign(targets=[target], value=ast.BinOp(left, ast.Add(), right)):
                if self.seg(target) == self.seg(left):
                    new = f"{self.seg(target)} += {self.seg(right)}"
                    yield self.edit("assignment", 1.3, (self.slot.start, self.slot.end, new), old="=", new="+=")
            case ast.AugAssign(ast.Name() as target, op, value) if type(op) in OPERATORS:
                new = f"{self.seg(target)} = {self.seg(target)} {OPERATORS[type(op)]} {self.tight(value)}"
                yield self.edit("copy", 1.5, (self.slot.start, self.slot.end, new), old=self.text, new=new)
        every = list(ast.walk(self.unit.tree))
        changed = {n.target.id for n in every if isinstance(n, ast.AugAssign) and hasattr(n.target, "id")}
        stores = [n for n in every if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)]
        filled = {n.value.id for n in stores if isinstance(n.value, ast.Name)}
        for kept in (n for n in ast.walk(node) if isinstance(n, ast.Dict | ast.Call | ast.List | ast.Tuple)):
            held = kept.values if isinstance(kept, ast.Dict) else kept.args if isinstance(kept, ast.Call) else kept.elts
            for one in held:  # what is kept is changed later on
                if isinstance(one, ast.Name) and (
                    one.id in filled or (one.id in changed and is_vector(self.shape(one)))
                ):
                    yield self.swap("copy", 1.5, one, f"{one.id}.copy()")

    def repeated(self, node: ast.AugAssign) -> Iterator[Edit]:
        """`a[x] += b` adds once where a number stands in x several times; `add.at` adds each time."""
        inside = {id(n) for n in ast.walk(node.target)}
        several = any(
            id(a.node) in inside and a.shape and a.shape[0] == "ints" for a in self.paths.values() if a.shape != "int"
        )
        if several and isinstance(node.target, ast.Subscript) and isinstance(node.op, ast.Add):
            owner, index, np_ = self.seg(node.target.value), self.seg(node.target.slice), self.scene.numpy
            index = f"{np_}.s_[{index}]" if isinstance(node.target.slice, ast.Tuple | ast.Slice) else index
            new = f"{np_}.add.at({owner}, {index}, {self.seg(node.value)})"
            yield self.edit("assignment", 1.3, (self.slot.start, self.slot.end, new), old=self.text, new=new)

    def unshared(self, node: ast.Assign | ast.Return | ast.Expr) -> Iterator[Edit]:
        """An array of its own for each name, where several stand for the same one."""
        if isinstance(node, ast.Assign) and len(node.targets) > 1:
            lines = [f"{self.seg(target)} = {self.seg(node.value)}" for target in node.targets]
            new = f"\n{self.slot.indent or ''}".join(lines)
            part = Part(self.slot.number, "\n".join(lines), ((self.slot.start, self.slot.end, new),))
            yield Edit("copy", 1.2, (part,), self.text, "; ".join(lines))
        changes = []
        for inner in ast.walk(node.value):
            match inner:
                case ast.BinOp(ast.List(elts=[one]), ast.Mult(), count) if not isinstance(one, ast.Constant):
                    new = f"[{self.tight(one)}.copy() for _ in range({self.seg(count)})]"
                    changes.append((*self.unit.span(inner), new))
                case ast.Call(ast.Attribute(attr="fromkeys"), args=[keys, one]):
                    new = f"{{key: {self.seg(one)}.copy() for key in {self.seg(keys)}}}"
                    changes.append((*self.unit.span(inner), new))
        for some in [[change] for change in changes] + [changes] * (len(changes) > 1):
            yield self.edit("copy", 1.2, *some)

    def target(self, target: ast.expr) -> Iterator[Edit]:
        """Another thing of the same shape is meant to be assigned."""
        if isinstance(target, ast.Subscript):
            yield from self.index(target)
        if isinstance(target, ast.Tuple | ast.List):
            names = {a.text for a in self.scene.unread if a.unit == self.slot.unit and a.text.isidentifier()}
            for one in target.elts:
                for name in sorted(names - {self.seg(one)} if isinstance(one, ast.Name) else ()):
                    yield self.swap("target", 2.0 + 0.2 * unlike(self.seg(one), name), one, name)
            return
        own, looped = self.seg(target), {}  # what is assigned, and whether in a loop
        for slot in self.scene.slots:
            for other in targets_of(slot.node) if slot.unit == self.slot.unit and slot.kind == "statement" else ():
                if type(other) is type(target):
                    name = self.seg(other)
                    looped[name] = looped.get(name, False) or bool(slot.loops)
        given = {name for name in looped if (self.slot.unit, name) in self.scene.filled and not looped[name]}
        names = set(looped) - (given if self.slot.loops else set())  # what is given is no place for a result
        holder = target.value if isinstance(target, ast.Subscript) else target
        for text in self.other_attributes(holder) if isinstance(holder, ast.Attribute) else ():
            yield self.swap("target", 1.7, holder, text)
        if isinstance(target, ast.Subscript):
            base = self.seg(target.value)
            index = own[len(base) :]
            names |= {n.split("[")[0] + index for n in names if "[" in n}
            held = {a.text: a.shape for a in self.scene.unread if a.unit == self.slot.unit and is_vector(a.shape)}
            same = held.get(base, ())
            alike = {name: shape != same for name, shape in held.items() if len(shape) == len(same)}
            for name in sorted(name for name in alike if name + index not in names):
                yield self.swap("target", 1.6 + 0.1 * unlike(base, name) + 0.2 * alike[name], target, name + index)
        read = {n.id for n in ast.walk(self.unit.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        unused = isinstance(target, ast.Name) and own not in read  # nobody reads it: it is meant for another name
        for name in sorted(names - {own}):
            empty = self.slot.loops and not looped.get(name, True)  # it is prepared and never filled
            likely = 1.2 + 0.05 * min(unlike(own, name), 8)
            yield self.swap("target", likely if unused or empty else 2.0 + 0.2 * unlike(own, name), target, name)

    def operator_span(self, start: int, end: int, pattern: str) -> tuple[int, int] | None:
        """Where the operator stands in the text between two operands."""
        found = re.search(pattern, self.unit.text[start:end])
        return (start + found.start(), start + found.end()) if found else None

    def right_hand_side(self, node: ast.stmt, value: ast.expr) -> Iterator[Edit]:
        shape = self.scene.results.get(self.slot.number)
        start, end = self.unit.span(value)
        if is_vector(shape):
            like = self.like(shape)
            if like and isinstance(node, ast.Assign) and not is_zeros(value):
                yield self.edit("initial value", 1.2, (start, end, f"{self.scene.numpy}.zeros_like({like})"))
            if isinstance(value, ast.Name | ast.Attribute | ast.Subscript):
                yield self.edit("copy", 1.2, (end, end, ".copy()"))
            if len(shape) > 1 and isinstance(node, ast.Assign):
                yield self.swap("slice", 1.6, value, f"{self.tight(value)}[::-1]")
            forward = self.back(value) is False  # nothing changes its sign there
            yield self.edit("sign", 1.9 if forward else 1.5, (start, end, f"-{self.tight(value)}"))
            if isinstance(node, ast.Assign) and isinstance(value, ast.BinOp):  # an activation that is forgotten
                own = self.activations()
                for name in (f"{self.scene.numpy}.tanh", *own):
                    yield self.edit(
                        "tanh" if name not in own else "helper", 1.7, (start, end, f"{name}({self.seg(value)})")
                    )
        elif is_tokens(shape) and isinstance(node, ast.Assign):  # numbers of steps
            for delta in (" - 1", " + 1"):
                yield self.edit("index", 1.3, (start, end, plus(self.tight(value), delta)))
        elif shape == "int" and isinstance(node, ast.Assign):
            for text in (text for name in self.loop_names() for text in (name, f"{name} - 1", f"{name} + 1")):
                yield self.edit("index", 1.6, (start, end, text))
            yield self.edit("initial value", 2.2, (start, end, f"{self.scene.numpy}.zeros({self.seg(value)})"))
        elif shape == () and isinstance(node, ast.Assign):
            for slot_shape in {s for s in self.scene.results.values() if isinstance(s, tuple) and len(s) == 1}:
                like = self.like(slot_shape)
                if like:
                    yield self.edit("initial value", 2.5, (start, end, f"{self.scene.numpy}.zeros_like({like})"))

    def as_sibling(self, value: ast.expr) -> Iterator[Edit]:
        """The right-hand side of a statement that gives the same shape, with one name of this one in it."""
        shape, own = self.scene.results.get(self.slot.number), _words(value)
        if not is_vector(shape):
            return
        for slot in self.scene.slots:
            if slot.unit != self.slot.unit or slot is self.slot or self.scene.results.get(slot.number) != shape:
                continue
            other, names = self.unit.segment(slot.node.value), _words(slot.node.value)
            if len(names - own) in (1, 2) and len(own - names) in (1, 2, 3):
                for old in sorted(names - own):
                    for new in sorted(own - names):
                        text = re.sub(rf"(?<!\w){old}(?!\w)", new, other)
                        yield self.swap("equation", 1.7 + 0.1 * unlike(old, new), value, text)

    def sites(self, root: ast.AST) -> Iterator[tuple[ast.expr, Any, bool]]:
        """Expressions at which a factor or a term may be missing, their shapes, and whether each is a term of a sum."""
        products = {id(n.left) for n in ast.walk(root) if isinstance(n, ast.BinOp)}
        products |= {id(n.right) for n in ast.walk(root) if isinstance(n, ast.BinOp)}
        sums = {
            id(side)
            for n in ast.walk(root)
            if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)
            for side in (n.left, n.right)
        }
        value = getattr(root, "value", None) if isinstance(root, ast.stmt) else None
        listed_in = {
            id(part)
            for n in ast.walk(root)
            if isinstance(n, ast.List | ast.Tuple | ast.Dict) and isinstance(getattr(n, "ctx", ast.Load()), ast.Load)
            for part in (n.values if isinstance(n, ast.Dict) else n.elts)
        }
        listed_in |= {
            id(part)
            for n in ast.walk(root)
            if isinstance(n, ast.Call) and not self.of_numpy(n.func)
            for part in [*n.args, *(keyword.value for keyword in n.keywords)]
        }
        for node in ast.walk(root):
            if not isinstance(node, ast.expr) or isinstance(getattr(node, "ctx", None), ast.Store):
                continue
            shape = self.scene.operations.get((self.slot.unit, *self.unit.span(node)))
            if shape is None:
                atom = self.paths.get(id(node))
                shape = atom.shape if atom else None
            whole = node is value or id(node) in listed_in or (isinstance(node, ast.BinOp) and id(node) not in products)
            term = id(node) in sums and not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub))
            listed = isinstance(node, ast.BinOp) and not term and not whole and self.slot.kind == "statement"
            number = shape == () and not isinstance(node, ast.Constant)
            if (whole or term) and (is_vector(shape) or number) and not is_zeros(node):
                yield node, shape, term
            elif listed and isinstance(node.op, ast.Add | ast.Sub) and is_vector(shape):
                yield node, shape, True

    def growth(self, root: ast.AST) -> Iterator[Edit]:
        """Missing factors and missing terms."""
        own = {unit.node.name for unit in self.scene.units}
        calls = [n for n in ast.walk(root) if isinstance(n, ast.Call) and getattr(n.func, "id", "") in own]
        handed = {id(arg) for call in calls for arg in call.args}  # rather missing where the function uses it
        for node, shape, term in self.sites(root):
            if term and isinstance(node, ast.Constant):
                continue
            inner = (
                self.seg(node) if self.product(node) or isinstance(node, _SIMPLE_EXPRESSION) else f"({self.seg(node)})"
            )
            closed = (lambda text: f"({text})") if self.in_product(root, node) else (lambda text: text)
            base = (1.8 if term else 1.6) + 0.8 * (id(node) in handed)
            for atom in self.compatible(shape):
                a = atom.text
                if atom.back:  # the factors of the chain rule come from the forward pass, but for one
                    if self.back(node) is False:
                        yield self.swap("factor", base, node, closed(f"{a} * {inner}"))
                    continue
                yield self.swap("factor", base, node, closed(f"{inner} * {a}"))
                if a in self.scene.weights:
                    continue  # they have no slope
                yield self.swap("factor", base - 0.2, node, closed(f"{inner} * (1 - {a} ** 2)"))
                yield self.swap("factor", base, node, closed(f"{inner} * (1 - {a})"))
                yield self.swap("factor", base - 0.2, node, closed(f"{inner} * {a} * (1 - {a})"))
            if term and isinstance(node, ast.BinOp):
                continue
            if not term:
                text, back = self.seg(node), self.back(node)
                for atom in self.within(shape):
                    if atom.text in self.scene.one_hot and back is False:  # an error is the difference to the target
                        new = f"{text} - {atom.text}"
                        whole = node is getattr(root, "value", None)
                        yield self.swap("term", 1.5, node, new if whole else f"({new})")
                    if atom.back is not None and back is not None and atom.back != back:
                        continue  # deltas are added to deltas
                    new = f"{text} + {atom.text}"
                    yield self.edit("term", 1.8, (*self.unit.span(node), closed(new)), new=f"+ {atom.text}", old="")
                yield from self.sibling_terms(node)
                alone = isinstance(root, ast.Assign) and node is root.value and id(node) in self.paths
                if shape == () and alone and text not in self.scene.weights:
                    yield from self.number_path(node)
                if len(shape) == 2 and shape[0] == shape[1] and node is getattr(root, "value", None):
                    for atom in self.paths.values():  # the other part of a softmax's Jacobian
                        if atom.shape == shape[:1]:
                            new = f"{self.scene.numpy}.outer({atom.text}, {atom.text})"
                            yield self.edit("term", 1.6, (*self.unit.span(node), f"{text} - {new}"), new=f"- {new}")
                if len(shape) == 1:
                    yield from self.carried_back(node, shape[0], closed)

    def number_path(self, node: ast.expr) -> Iterator[Edit]:
        """`dc_next[j] + dh[j] * o * (1 - tc ** 2)` where the first term stands alone, entry by entry."""
        every = [a for a in self.within(()) if a.text != self.seg(node) and a.text not in self.scene.weights]
        factors = [atom.text for atom in every if atom.back is False]
        for delta in (atom.text for atom in every if atom.back):
            for a in factors:
                for b in (b for b in factors if b != a):
                    new = f"{delta} * {a} * (1 - {b} ** 2)"
                    yield self.edit("term", 2.2, (*self.unit.span(node), f"{self.seg(node)} + {new}"), new=f"+ {new}")

    def carried_back(self, node: ast.expr, size: int, closed: Any) -> Iterator[Edit]:
        """One more term `M.T @ v`, for every matrix that is not square and every vector that fits."""
        owners = {
            a.text.rpartition(".")[0]
            for atoms in self.scene.atoms.values()
            for a in atoms
            if a.text.rpartition(".")[2] in Params.NAMES
        }
        named = [a for a in self.scene.unread if a.unit == self.slot.unit and is_vector(a.shape)]
        every = {a.text: a.shape for a in [*all_vectors(self.scene, self.slot.unit), *named]}
        matrices = [text for text, shape in every.items() if len(shape) == 2 and shape[1] == size and shape[0] != size]
        matrices += [f"{owner}.V" for owner in owners]
        for matrix in dict.fromkeys(matrices):
            for vector, shape in every.items():
                if len(shape) == 1 and shape[0] not in (size, 1) and every.get(matrix, shape)[0] == shape[0]:
                    term = f"{matrix}.T @ {vector}"
                    new = closed(f"{self.seg(node)} + {term}")
                    yield self.edit("term", 1.8, (*self.unit.span(node), new), new=f"+ {term}", old="")

    def in_product(self, root: ast.AST, node: ast.expr) -> bool:
        return any(
            isinstance(n, ast.BinOp) and node in (n.left, n.right) and not isinstance(n.op, ast.Add | ast.Sub)
            for n in ast.walk(root)
        )

    def like(self, shape: Any) -> str | None:
        """Something of this shape to make zeros of; no argument of the function, which may be None."""
        given = {arg.arg for arg in ast.walk(self.unit.node.args) if isinstance(arg, ast.arg)}
        own = [a.text for a in self.scene.atoms.get(self.slot.number, ()) if a.shape == shape]
        others = [a.text for a in self.within(shape)]
        return next((text for text in own + others if text not in given), None)

    def product(self, node: ast.expr) -> bool:
        return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult | ast.Div)

    def terms(self, value: ast.expr) -> Iterator[ast.expr]:
        """The whole right-hand side and its terms."""
        yield value
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
            for side in (value.left, value.right):
                if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Add | ast.Sub):
                    yield from list(self.terms(side))[1:]
                else:
                    yield side

    def compatible(self, shape: Any) -> list[Atom]:
        """Atoms that can multiply a value of this shape without changing it."""
        if shape == ():
            return self.within(())
        seen: dict[str, Atom] = {}
        for other in {s for atoms in self.scene.atoms.values() for s in (a.shape for a in atoms)} - {None, "int"}:
            if not isinstance(other, tuple) or (other and other[0] == "ints"):
                continue
            try:
                fits = np.broadcast_shapes(other, shape) == shape and np.prod(other) > 1
            except ValueError:
                continue
            if fits:
                seen |= {a.text: a for a in self.within(other)}
        return list(seen.values())

    def sibling_terms(self, value: ast.expr) -> Iterator[Edit]:
        """One more term like one that is there, of other things of the same shapes."""
        end = self.unit.span(value)[1]
        parts = list(self.terms(value))
        whole = self.seg(value)
        for part in parts[1:] or parts:
            inner = [atom for atom in self.atoms_in(part) if isinstance(atom.shape, tuple)]
            if len(inner) not in (1, 2) or not isinstance(part, ast.BinOp | ast.Call):
                continue
            options = [self.alternatives(atom) for atom in inner]
            start = self.unit.span(part)[0]
            text = self.seg(part)
            spans = [self.unit.span(atom.node) for atom in inner]
            pairs = [(a, b) for a in options[0] for b in options[1]] if len(inner) == 2 else [(a,) for a in options[0]]
            pairs.sort(key=lambda pair, inner=inner: self.likeness(inner, pair))
            for pair in pairs[:100]:
                new = text
                for (s, e), other in sorted(zip(spans, pair, strict=True), key=lambda item: -item[0][0]):
                    new = new[: s - start] + other + new[e - start :]
                if new in whole:
                    continue
                cost = 1.5 + 0.1 * sum(unlike(a.text, o) for a, o in zip(inner, pair, strict=True))
                yield self.edit("term", cost, (end, end, f" + {new}"), new=f"+ {new}", old="")

    def atoms_in(self, node: ast.AST) -> list[Atom]:
        found = [self.paths[id(path)] for path in paths_in(node) if id(path) in self.paths]
        unique = {self.unit.span(atom.node): atom for atom in found}
        return [unique[span] for span in sorted(unique)]

    # Expressions

    def expressions(self, root: ast.AST) -> Iterator[Edit]:
        sums = [n for n in ast.walk(root) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)]
        added = {id(n.right) for n in sums}
        for node in ast.walk(root):
            if isinstance(node, ast.BinOp):
                yield from self.operation(node)
            elif isinstance(node, ast.Call):
                yield from self.call(node)
            elif isinstance(node, ast.Constant):
                yield from self.constant(node, id(node) in added)
            elif isinstance(node, ast.Compare):
                yield from self.compare(node)
            elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
                if not isinstance(node.operand, ast.Constant):
                    yield self.swap("sign", 1.2, node, self.tight(node.operand))
            elif isinstance(node, ast.IfExp):
                yield self.swap("condition", 1.5, node, self.seg(node.body))
                yield self.swap("condition", 1.5, node, self.seg(node.orelse))
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                yield from self.index(node)
            elif isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.ctx, ast.Load):
                yield self.swap("transpose", 1.2, node, self.seg(node.value))
            elif isinstance(node, ast.List | ast.Tuple) and isinstance(node.ctx, ast.Load):
                yield from self.swaps(node)
                yield from self.one_more(node.elts)
                yield from self.later_or_earlier(node.elts)
                if node is root and self.slot.kind == "head" and len(node.elts) > 1:
                    yield from self.name_left_out(node.elts)
            elif isinstance(node, ast.Dict):
                yield from self.swap_items(node.values)
                yield from self.merged(node)
            elif isinstance(node, ast.comprehension):
                yield from self.reversals(node.iter)
        for atom in {id(a): a for a in self.paths.values()}.values():
            yield from self.path(atom)
        if self.slot.kind == "pattern" and isinstance(root, ast.Attribute):  # another member of an enumeration
            every = [n for unit in self.scene.units for n in ast.walk(unit.tree) if isinstance(n, ast.Attribute)]
            names = {n.attr for n in every if ast.unparse(n.value) == self.seg(root.value)} - {root.attr}
            for name in sorted(names):
                yield self.swap("wrong name", 1.2, root, f"{self.seg(root.value)}.{name}")
        yield from self.paired(root)
        yield from self.several_times(root)
        yield from self.transposes(root)
        yield from self.wrapped(root)
        yield from self.indices(root)
        yield from pitfalls(self, root)
        if isinstance(root, ast.If | ast.While):
            return
        if self.slot.kind == "head":
            yield from self.reversals(root)
        if self.slot.kind == "head" and not isinstance(root, ast.Call | ast.Subscript | ast.Name):
            yield self.edit("condition", 1.8, (*self.unit.span(root), "True"))
            yield self.edit("condition", 2.2, (*self.unit.span(root), f"not ({self.seg(root)})"))

    def transposes(self, root: ast.AST) -> Iterator[Edit]:
        """All square matrices of a statement the other way round."""
        atoms = {self.unit.span(a.node): a for a in self.paths.values() if isinstance(a.shape, tuple)}
        square = [span for span, a in atoms.items() if len(a.shape) == 2 and a.shape[0] == a.shape[1] > 1]
        turned = [(start, end) for start, end in square if self.unit.text[end : end + 2] == ".T"]
        if len(turned) > 1:
            yield self.edit("transpose", 1.1, *((end, end + 2, "") for _, end in turned), old=".T", new="")
        elif len(square) > 1 and not turned:
            yield self.edit("transpose", 1.1, *((end, end, ".T") for _, end in square), old="", new=".T")

    def several_times(self, root: ast.AST) -> Iterator[Edit]:
        """The same wrong name in two or three places of a statement."""
        places: dict[str, dict[tuple[int, int], Atom]] = {}
        for atom in self.paths.values():
            if is_vector(atom.shape) and isinstance(getattr(atom.node, "ctx", None), ast.Load):
                places.setdefault(atom.text, {})[self.unit.span(atom.node)] = atom
        for text, same in places.items():
            for size in range(2, len(same) + 1) if len(same) < 4 and self.slot.kind == "statement" else ():
                for spans in itertools.combinations(sorted(same), size):
                    for other in self.within(next(iter(same.values())).shape):
                        if other.text.isidentifier() and other.text != text:
                            cost = 1.7 + 0.1 * unlike(text, other.text)
                            yield self.edit(
                                "wrong name", cost, *((*span, other.text) for span in spans), old=text, new=other.text
                            )

    def paired(self, root: ast.AST) -> Iterator[Edit]:
        """Two things of one shape in the terms of a sum, each in the place of the other."""
        value = getattr(root, "value", None) if self.slot.kind == "statement" else None
        terms = [self.atoms_in(term) for term in list(self.terms(value))[1:]] if value is not None else []
        for k, first in enumerate(terms):
            for a in first:
                for b in (b for second in terms[k + 1 :] for b in second):
                    if is_vector(a.shape) and a.shape == b.shape and a.text != b.text and a.back is b.back:
                        changes = (*self.unit.span(a.node), b.text), (*self.unit.span(b.node), a.text)
                        yield self.edit("order", 1.6, *changes, old=a.text, new=b.text)

    def wrapped(self, root: ast.AST) -> Iterator[Edit]:
        """A value put through one of the learner's functions of one argument, wherever it stands in the statement."""
        same: dict[str, list[Atom]] = {}
        for atom in {self.unit.span(a.node): a for a in self.paths.values()}.values():
            if is_vector(atom.shape) and isinstance(getattr(atom.node, "ctx", ast.Load()), ast.Load):
                same.setdefault(atom.text, []).append(atom)
        if self.slot.kind != "statement":
            return
        called = {n.id for n in ast.walk(self.unit.tree) if isinstance(n, ast.Name)}
        for name in self.activations():
            for text, atoms in same.items():
                new = f"{name}({text})"
                changes = [(*self.unit.span(atom.node), new) for atom in atoms]
                yield self.edit("helper", 1.6 if name in called else 2.0, *changes, old=text, new=new)

    def reversals(self, root: ast.AST, whole: bool = True) -> Iterator[Edit]:
        """The things that a loop runs over (the `whole` of them), the last one first."""
        if isinstance(root, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            text, name = self.seg(root), getattr(getattr(root, "func", None), "id", "")
            if not text.startswith("reversed(") and not text.endswith("[::-1]") and (whole or name not in _ITERATING):
                yield self.swap("range", 1.3, root, f"list({text})[::-1]")

    def swaps(self, node: ast.expr) -> Iterator[Edit]:
        if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1:
            yield from self.swap_items(node.elts)

    def as_returned(self, target: ast.expr, value: ast.expr) -> Iterator[Edit]:
        """Two names of what a function returns exchanged, if they are more like those that it returns then."""
        name = getattr(getattr(value, "func", None), "id", getattr(getattr(value, "func", None), "attr", ""))
        made = [n for unit in self.scene.units for n in ast.walk(unit.tree) if getattr(n, "name", "") == name != ""]
        ends = [n.value for one in made for n in ast.walk(one) if isinstance(n, ast.Return)]
        names = [self.seg(item) for item in target.elts] if isinstance(target, ast.Tuple) else []
        for end in ends:
            returned = [ast.unparse(one) for one in end.elts] if isinstance(end, ast.Tuple) else []
            for j, k in itertools.combinations(range(len(names) if len(names) == len(returned) else 0), 2):
                now = unlike(names[j], returned[j]) + unlike(names[k], returned[k])
                if unlike(names[j], returned[k]) + unlike(names[k], returned[j]) < now:
                    changes = [(*self.unit.span(target.elts[a]), names[b]) for a, b in ((j, k), (k, j))]
                    yield self.edit("order", 1.0, *changes, old=names[j], new=names[k])

    def other_way(self, target: ast.expr, value: ast.expr) -> Iterator[Edit]:
        """`a[:, :-1] = b[:, 1:]` where `a[:, 1:] = b[:, :-1]` stands: all steps shifted to the other side."""
        both = [n.slice for n in (target, value) if isinstance(n, ast.Subscript)]
        if len(both) == 2 and any(isinstance(n, ast.Slice) for one in both for n in ast.walk(one)):
            first, second = (self.seg(one) for one in both)
            if first != second:
                changes = (*self.unit.span(both[0]), second), (*self.unit.span(both[1]), first)
                yield self.edit("slice", 1.3, *changes, old=first, new=second)

    def swap_items(self, items: list[ast.expr], cost: float = 1.8) -> Iterator[Edit]:
        if all(isinstance(item, ast.Tuple | ast.List) for item in items):
            for column in zip(*(item.elts for item in items), strict=False):
                yield from self.swap_items(list(column))
        texts = [self.seg(item) for item in items]
        for j, k in itertools.combinations(range(len(items)), 2):
            if texts[j] != texts[k]:
                turned = [texts[{j: k, k: j}.get(n, n)] for n in range(len(items))]
                spans = self.unit.span(items[j]), self.unit.span(items[k])
                changes = (*spans[0], texts[k]), (*spans[1], texts[j])
                sure = in_order(turned)  # the names of the nine gradients in their order
                yield self.edit("order", 0.9 if sure else cost, *changes, old=texts[j], new=texts[k])

    def later_or_earlier(self, items: list[ast.expr]) -> Iterator[Edit]:
        """`[first, rows[:-1]]` where `[rows[1:], last]` stands, and the other way round: shifted to the other side."""
        if len(items) != 2:
            return
        texts = [self.seg(item) for item in items]
        spans = [self.unit.span(item) for item in items]
        turned = {0: ("1:", ":-1"), 1: (":-1", "1:")}
        for k, (part, other) in turned.items():
            if isinstance(items[k], ast.Subscript) and self.seg(items[k].slice) == part:
                new = {k: texts[1 - k], 1 - k: f"{self.seg(items[k].value)}[{other}]"}
                changes = [(*spans[n], new[n]) for n in (0, 1)]
                yield self.edit("slice", 1.3, *changes, old=", ".join(texts), new=f"{new[0]}, {new[1]}")

    def one_more(self, items: list[ast.expr]) -> Iterator[Edit]:
        """The item of the gate that is left out of a list of two or three, like the others with another letter."""
        texts = [self.seg(item) for item in items]
        if not 2 <= len(texts) <= 3:
            return
        yield from self.pair_left_out(items)
        if len({len(text) for text in texts}) > 1:
            return
        at = [k for k, letters in enumerate(zip(*texts, strict=True)) if len(set(letters)) > 1]
        used = {text[k] for text in texts for k in at}
        if not at or not used < set("ifog") or any(len({text[k] for k in at}) > 1 for text in texts):
            return
        for letter in sorted(set("ifog") - used):
            new = "".join(letter if k in at else char for k, char in enumerate(texts[0]))
            end = self.unit.span(items[-1])[1]
            yield self.edit("term", 1.6, (end, end, f", {new}"), new=new, old="")
            for item in items:
                start = self.unit.span(item)[0]
                yield self.edit("term", 1.7, (start, start, f"{new}, "), new=new, old="")

    def name_left_out(self, items: list[ast.expr]) -> Iterator[Edit]:
        """One more name for a loop that runs over names: of something prepared in the same way as the others."""
        prepared = self.scene.prepared(self.slot.unit)
        names, end = [self.seg(item) for item in items], self.unit.span(items[-1])[1]
        ways = {prepared.get(name) for name in names}
        for name in [name for name, way in prepared.items() if ways == {way} and name not in names]:
            yield self.edit("term", 1.5, (end, end, f", {name}"), new=name, old="")

    def pair_left_out(self, items: list[ast.expr]) -> Iterator[Edit]:
        """A pair of a gate's letter and something that is computed beside the others, in a list of such pairs."""
        pairs = [item.elts for item in items if isinstance(item, ast.Tuple | ast.List) and len(item.elts) == 2]
        letters = {getattr(key, "value", None) for key, _ in pairs}
        if len(pairs) < len(items) or not letters <= set("ifog"):
            return
        used = {self.seg(value) for _, value in pairs}
        named = {a.text: a.shape for a in self.scene.unread if a.unit == self.slot.unit and a.text.isidentifier()}
        shapes = {named[text] for text in used if text in named}
        end, quote = self.unit.span(items[-1])[1], self.seg(pairs[0][0])[0]
        for letter in sorted(set("ifog") - letters):
            for name in (name for name, shape in named.items() if shape in shapes and name not in used):
                new = f"({quote}{letter}{quote}, {name})"
                yield self.edit("term", 1.6, (end, end, f", {new}"), new=new, old="")

    def operation(self, node: ast.BinOp) -> Iterator[Edit]:
        symbol = OPERATORS.get(type(node.op))
        yield from self.merged(node)
        if symbol is None:
            return
        left, right = self.seg(node.left), self.seg(node.right)
        tight_left, tight_right = self.tight(node.left), self.tight(node.right)
        at = self.operator_span(self.unit.span(node.left)[1], self.unit.span(node.right)[0], re.escape(symbol))
        others = {"+": "-*", "-": "+*", "*": "+@-", "/": "*", "@": "*", "**": "*"}[symbol]
        for new in others:
            if at:
                yield self.edit("operator", 1.4 if new in "+-" and symbol in "+-" else 2.2, (*at, new), old=symbol)
        if symbol == "**":
            yield self.swap("power", 1.2, node, tight_left)
            yield self.swap("slope", 1.6, node, f"(1 - {left} ** {right})")
            match node.left:  # the square of what is subtracted is meant, inside of a call
                case ast.Call(func, [ast.BinOp(one, ast.Sub(), inner)]):
                    new = f"{self.seg(func)}({self.seg(one)} - {self.tight(inner)} ** {right})"
                    yield self.swap("parentheses", 1.3, node, new)
            return
        if symbol in "+-" and is_vector(self.shape(node)):  # what was done already is done once more
            for atom in self.atoms_in(node):
                if atom.shape == self.shape(node) and atom.back and isinstance(node.left, ast.BinOp):
                    yield self.swap("unwrapped", 1.8, node, atom.text)
        if symbol in "+-":
            yield self.swap("dropped term", 1.6, node, tight_left)
            yield self.swap("dropped term", 1.6, node, tight_right)
            if symbol == "-" and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add):
                first, second = self.tight(node.left.left), self.seg(node.left.right)
                if self.product(node.left.left):
                    first = self.seg(node.left.left)
                yield self.swap("operator", 1.5, node, f"{first} * ({second} - {tight_right})")
            if symbol == "-":
                turned = 1.2 if isinstance(node.right, ast.Constant) else 1.6  # nearly always it is 1 - a
                yield self.swap("operator", turned, node, f"{tight_right} - {tight_left}")
                if isinstance(node.left, ast.Constant):
                    yield self.swap("slope", 1.0, node, f"{left} - {tight_right} ** 2")
                    for other in self.within(self.shape(node.right)):
                        if is_vector(other.shape) and other.text != right:  # what is no complement of anything
                            yield self.swap("wrong name", 2.0, node, other.text)
                    square = node.right
                    if isinstance(square, ast.BinOp) and isinstance(square.op, ast.Pow | ast.Mult):
                        yield self.swap("slope", 1.0, node, f"{left} - {self.tight(square.left)}")
                        bare = self.tight(square.left)
                        tanh = f"{self.scene.numpy}.tanh({self.seg(square.left)})"
                        if isinstance(square.op, ast.Pow) or self.seg(square.left) == self.seg(square.right):
                            yield self.swap("slope", 1.2, node, f"{left} - {tanh} ** 2")
                        yield self.swap("slope", 1.2, node, f"{bare} * ({left} - {bare})")
        if symbol == "*":
            several = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult)
            yield self.swap("dropped factor", 1.4, node, left if several else tight_left)
            yield self.swap("dropped factor", 1.4, node, tight_right)
            if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Sub):
                inner = node.right.right
                yield self.swap("slope", 1.0, node, f"(1 - {self.tight(inner)} ** 2)")
                if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult):
                    yield self.swap("slope", 1.0, node, f"{self.seg(node.left.left)} * (1 - {self.tight(inner)} ** 2)")
        if symbol == "/":
            yield self.swap("dropped factor", 1.2, node, tight_left)
        if symbol == "@":
            yield self.swap("product", 1.4, node, f"{tight_right} @ {tight_left}")
            yield self.swap("product", 1.4, node, f"{self.scene.numpy}.outer({left}, {right})")
            yield self.swap("dropped factor", 2.4, node, tight_left)
            yield self.swap("dropped factor", 2.4, node, tight_right)
        if symbol in "@*":
            yield from self.turned_product(node, node.left, node.right)
        if symbol in "*@":
            for a, b in ((left, right), (right, left)):
                yield self.swap("product", 1.8, node, f"{self.scene.numpy}.outer({a}, {b})")
            yield self.swap("product", 1.8, node, f"{tight_left}.T @ {tight_right}")
            yield self.swap("product", 1.8, node, f"{tight_left} @ {tight_right}.T")
            yield self.swap("product", 1.9, node, f"{tight_right}.T @ {tight_left}")
            yield self.swap("product", 1.9, node, f"{tight_right} @ {tight_left}.T")

    def turned_product(self, node: ast.expr, left: ast.expr, right: ast.expr) -> Iterator[Edit]:
        """`a @ b.T` where `b @ a.T` stands, and `a.T @ b` where `b.T @ a` does: the transpose of the product.

        And `b[:, None] * a` where `a[:, None] * b` stands, or the like with `reshape`.
        """
        inner = [_laid(one) for one in (left, right)]
        texts = [self.seg(one) for one in inner]
        if (inner[0] is not left or inner[1] is not right) and texts[0] != texts[1]:
            changes = (*self.unit.span(inner[0]), texts[1]), (*self.unit.span(inner[1]), texts[0])
            yield self.edit("transpose", 1.2, *changes, old=texts[0], new=texts[1])
        turned = [isinstance(one, ast.Attribute) and one.attr == "T" for one in (left, right)]
        if turned[0] != turned[1]:
            bare = [self.tight(one.value if t else one) for one, t in zip((left, right), turned, strict=True)]
            new = [f"{bare[1]}{'.T' * turned[0]}", f"{bare[0]}{'.T' * turned[1]}"]
            dot = f"{self.seg(node.func)}({new[0]}, {new[1]})" if isinstance(node, ast.Call) else " @ ".join(new)
            yield self.swap("transpose", 1.0, node, dot)

    def call(self, node: ast.Call) -> Iterator[Edit]:
        func, args = node.func, node.args
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        texts = [self.seg(arg) for arg in args]
        if isinstance(func, ast.Attribute):
            owner = self.seg(func.value)
            module = owner == self.scene.numpy
            name_span = (self.unit.span(func)[1] - len(func.attr), self.unit.span(func)[1])
            if module and name in _PRODUCTS and len(args) == 2:
                for new in _PRODUCTS:
                    if new != name and {new, name} != {"dot", "matmul"}:
                        yield self.edit("product", 1.0 if "outer" in (new, name) else 1.6, (*name_span, new), old=name)
                a, b = (self.tight(arg) for arg in args)
                yield from self.turned_product(node, *args)
                yield self.swap("product", 1.8, node, f"{owner}.outer({texts[1]}, {texts[0]})")
                yield self.swap("product", 1.8, node, f"{owner}.dot({b}, {a})")
            elif not module and name == "dot" and len(args) == 1:
                yield self.swap("product", 1.0, node, f"{self.scene.numpy}.outer({owner}, {texts[0]})")
                yield self.swap("product", 1.6, node, f"{self.tight(func.value)} * {self.tight(args[0])}")
                yield self.swap("product", 1.6, node, f"{self.tight(args[0])}.dot({owner})")
            elif name in ("zeros", "ones", "empty", "zeros_like", "ones_like", "empty_like", "full"):
                new = name.replace("ones", "zeros").replace("empty", "zeros")
                if new != name:
                    yield self.edit("initial value", 0.8, (*name_span, new))
            elif module and name in ("sum", "mean", "average"):
                yield self.edit("mean", 1.0, (*name_span, "sum" if name != "sum" else "mean"))
            elif not module and not args and name in ("copy", "mean"):
                yield self.swap("copy" if name == "copy" else "mean", 2.0, node, owner)
                yield self.swap("initial value", 1.6, node, f"{self.scene.numpy}.zeros_like({owner})")
        if self.of_numpy(func) == "einsum" and args and isinstance(args[0], ast.Constant):
            yield from self.einsum(args[0])
        if isinstance(self.slot.node, ast.Expr) and self.slot.node.value is node:
            pass  # without the call nothing would be done here
        elif name in (
            "reversed",
            "tanh",
            "clip",
            "sigmoid",
            "abs",
            "sign",
            "flip",
            "sqrt",
            "exp",
            "maximum",
            "minimum",
        ):
            for text in texts[:1]:
                yield self.swap("unwrapped" if name != "reversed" else "range", 1.15, node, text)
        if name in ("copy", "array", "ascontiguousarray", "asfortranarray") and len(args) == 1:  # a view is meant
            yield self.swap("copy", 1.6, node, self.tight(args[0]))
        if name in ("max", "min"):
            for text in texts if len(texts) > 1 else ():
                yield self.swap("unwrapped", 1.3, node, text)
        if name == "slice" and isinstance(func, ast.Name):
            for new in ("None, -1", "1, None", "None", "None, None, -1"):
                yield self.edit("slice", 1.4, (*self.inside(node), new), old=self.seg(node), new=f"slice({new})")
        if name in ("tanh", "exp") and isinstance(func, ast.Attribute):
            yield self.edit("helper", 1.8, (*name_span, {"tanh": "exp", "exp": "tanh"}[name]), old=name)
        if len(args) == 1 and is_vector(self.shape(args[0])) and not isinstance(args[0], ast.UnaryOp):
            yield self.swap("sign", 1.8, args[0], f"-{self.tight(args[0])}")
        if name in _ITERATING:
            for arg in args:
                yield from self.reversals(arg, False)
        if name == "block":
            yield from self.blocks(node)
        yield from self.merged(node)
        for slot in self.scene.slots:  # it was called before, and what it gave is kept
            if slot.unit == self.slot.unit and slot is not self.slot and isinstance(slot.node, ast.Assign):
                kept = slot.node.targets[0]
                if isinstance(kept, ast.Name) and self.seg(slot.node.value) == self.seg(node):
                    yield self.swap("wrong name", 1.4, node, kept.id)
        yield from self.as_elsewhere(node)
        yield from self.functions(node)
        yield from self.given(node, name)
        yield from self.ends(node, name)
        listed = [one for arg in args if isinstance(arg, ast.List | ast.Tuple) for one in arg.elts]
        for one in (one for one in (*args, *listed) if is_zeros(one) and is_vector(self.shape(one))):
            for other in self.within(self.shape(one)):  # nothing where something is meant
                read = any(other is atom for atoms in self.scene.atoms.values() for atom in atoms)
                for text in (other.text, *(self.other_attributes(other.node) if read else ())):
                    yield self.swap("wrong name", 1.7, one, text)
        for arg in args:
            if isinstance(arg, ast.Constant) and isinstance(arg.value, str) and self.of_numpy(func) != "einsum":
                for word in sorted(self.scene.words.get(name, set()) - {self.seg(arg)}):
                    yield self.swap("wrong name", 1.6, arg, word)
        if name == "range" or name == "arange":
            yield from self.range(node)
        elif len(args) == 2 and texts[0] != texts[1]:
            yield self.edit(
                "argument order", 1.4, (*self.unit.span(args[0]), texts[1]), (*self.unit.span(args[1]), texts[0])
            )
        elif len(args) > 2:
            own = [unit for unit in self.scene.units if unit.node.name == name]
            wanted = [arg.arg for arg in own[0].node.args.args][-len(args) :] if own else []
            for edit in self.swap_items(args, 1.4 if own else 1.8):  # people call their own in another order
                kept = sum(unlike(a, b) for a, b in zip(texts, wanted, strict=False))
                turned = [{edit.old: edit.new, edit.new: edit.old}.get(text, text) for text in texts]
                worse = kept < sum(unlike(a, b) for a, b in zip(turned, wanted, strict=False))
                yield replace(edit, cost=edit.cost + 0.6 * worse)
        if name in _ALONG and not any(keyword.arg == "axis" for keyword in node.keywords):
            at = self.unit.span(node)[1] - 1
            own = [] if args else ["axis=0, keepdims=True", "axis=1, keepdims=True", "axis=-1, keepdims=True"]
            for new in ["axis=0", "axis=1", *own] if args or isinstance(func, ast.Attribute) else ():
                comma = ", " if args or node.keywords else ""
                yield self.edit("axis", 1.4, (at, at, f"{comma}{new}"), old=self.seg(node), new=new)
        for keyword in node.keywords:
            if keyword.arg in self.slot.names and keyword.arg != self.seg(keyword.value):
                yield self.swap("wrong name", 1.6, keyword.value, keyword.arg)
            if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
                for axis in ("0", "1", "-1"):
                    if axis != self.seg(keyword.value):
                        yield self.swap("axis", 1.5, keyword.value, axis)
                    if all(other.arg != "keepdims" for other in node.keywords):
                        yield self.swap("axis", 1.5, keyword.value, f"{axis}, keepdims=True")
        if isinstance(func, ast.Name) and not any(isinstance(a, ast.Starred) for a in args):
            for unit in self.scene.units[1:]:
                other = unit.node.name
                if other != name and len(unit.node.args.args) >= len(args):
                    yield self.swap("helper", 1.6, func, other)
            if len(args) == 1 and name not in ("range", "reversed", "len", "list", "enumerate"):
                yield self.swap("unwrapped", 2.2, node, texts[0])
            alike = [arg for arg in args if is_vector(self.shape(node)) and self.shape(arg) == self.shape(node)]
            for arg in alike if len(args) > 1 else ():
                yield self.swap("unwrapped", 1.9, node, self.tight(arg))

    def merged(self, node: ast.Dict | ast.Call | ast.BinOp) -> Iterator[Edit]:
        """Two dicts added key by key where the values of the one replace those of the other."""
        match node:
            case ast.Dict([None, None], [left, right]) | ast.BinOp(left, ast.BitOr(), right):
                new = "{{name: {0}[name] + value for name, value in {1}.items()}}"
            case ast.Call(ast.Attribute(left, "update"), [right], []):
                new = "{0}.update({{name: {0}[name] + value for name, value in {1}.items()}})"
            case _:
                return
        yield self.swap("assignment", 1.1, node, new.format(self.tight(left), self.tight(right)))

    def blocks(self, node: ast.Call) -> Iterator[Edit]:
        """A product of two square matrices where `np.block` puts nothing: a path that is forgotten in a Jacobian."""
        named = {a.text: a.shape for a in self.scene.unread if a.unit == self.slot.unit and is_vector(a.shape)}
        for one in (n for arg in node.args for n in ast.walk(arg) if isinstance(n, ast.Name)):
            square = [text for text, shape in named.items() if shape == named.get(one.id) and text != one.id]
            for a, b in itertools.permutations(square, 2):
                yield self.swap("term", 1.7, one, f"{a} @ {b}")

    def of_numpy(self, func: ast.expr) -> str:
        """Numpy's name for one of its functions, under whatever name it is called here; "" for another function."""
        if isinstance(func, ast.Attribute):
            return func.attr if self.seg(func.value) == self.scene.numpy else ""
        value = self.unit.function.__globals__.get(func.id) if isinstance(func, ast.Name) else None
        own = (getattr(value, "__module__", None) or "").partition(".")[0] == "numpy"
        return getattr(value, "__name__", "") if own else ""

    def inside(self, node: ast.Call) -> tuple[int, int]:
        """Where the arguments of a call stand."""
        end = self.unit.span(node)[1] - 1
        return self.unit.text.index("(", self.unit.span(node.func)[1], end + 1) + 1, end

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

    def as_elsewhere(self, node: ast.Call) -> Iterator[Edit]:
        """An argument that the same function of the learner's gets in another call."""
        func = self.seg(node.func)
        if self.of_numpy(node.func):
            return
        for slot in self.scene.slots:
            if slot.node is None or slot.unit != self.slot.unit:
                continue
            for other in ast.walk(slot.node):
                alike = isinstance(other, ast.Call) and self.seg(other.func) == func
                for mine, its in zip(node.args, other.args, strict=False) if alike else ():
                    if self.seg(mine) != self.seg(its):
                        yield self.swap("wrong name", 1.7, mine, self.seg(its))

    def functions(self, node: ast.Call) -> Iterator[Edit]:
        """Another function handed to a call: one of the learner's with as many arguments, or numpy's tanh."""
        takes = {unit.node.name: len(unit.node.args.args) for unit in self.scene.units if unit.owner is None}
        tanh = f"{self.scene.numpy}.tanh"
        for arg in [*node.args, *(keyword.value for keyword in node.keywords)]:
            own = takes.get(self.seg(arg), 1 if self.of_numpy(arg) == "tanh" else None)
            for other in [name for name in (*takes, tanh) if takes.get(name, 1) == own] if own is not None else ():
                if other != self.seg(arg):
                    yield self.swap("helper", 1.4 + 0.02 * min(unlike(self.seg(arg), other), 20), arg, other)

    def given(self, node: ast.Call, name: str) -> Iterator[Edit]:
        """One more argument: one that this function got itself and that the call leaves to its default."""
        own = [arg.arg for arg in self.unit.node.args.args if arg.arg not in ("self", "cls")]
        takes = {arg.arg for unit in self.scene.units for arg in unit.node.args.args if unit.node.name == name}
        takes |= {"h0", "c0"} if name == "forward" else set()
        has = {self.seg(arg) for arg in node.args} | {keyword.arg for keyword in node.keywords}
        at = self.unit.span(node)[1] - 1
        forgotten = [f"{arg}={arg}" for arg in own if node.args and arg in takes and arg not in has]
        for new in [*forgotten, *([", ".join(forgotten)] if len(forgotten) > 1 else [])]:
            yield self.edit("term", 1.6, (at, at, f", {new}"), new=new, old="")

    def ends(self, node: ast.Call, name: str) -> Iterator[Edit]:
        """The other end of a list; a call without its last number (a place, an axis)."""
        if name in ("pop", "popleft", "append", "appendleft") and isinstance(node.func, ast.Attribute):
            owner, texts = self.seg(node.func.value), ", ".join(self.seg(arg) for arg in node.args)
            others = {
                "pop": ("pop(0)",) if not node.args else ("pop()",),
                "popleft": ("pop()",),
                "append": (f"insert(0, {texts})", f"appendleft({texts})"),
                "appendleft": (f"append({texts})",),
            }
            for new in others[name]:  # rather read than filled from the wrong end
                yield self.swap("end", 1.2 if "pop" in name else 1.4, node, f"{owner}.{new}")
        elif name == "insert" and len(node.args) == 2 and isinstance(node.func, ast.Attribute):
            yield self.swap("end", 1.2, node, f"{self.seg(node.func.value)}.append({self.seg(node.args[1])})")
        elif node.args and not node.keywords and isinstance(node.args[-1], ast.Constant | ast.UnaryOp):
            last = self.unit.span(node.args[-1])
            start = self.unit.span(node.args[-2])[1] if len(node.args) > 1 else last[0]
            yield self.edit("axis", 2.0, (start, last[1], ""), old=self.seg(node), new=self.seg(node.func))

    def string(self, node: ast.Constant) -> Iterator[Edit]:
        """Another string of the code; two of its letters exchanged; the gate that is not in it."""
        value, quote = node.value, self.seg(node)[0]
        if quote not in "'\"" or not value.strip() or len(value) > 12:
            return
        others = {other for other in self.scene.strings if len(set(other) & set(value)) >= min(2, len(value) - 1)}
        missing = set("ifog") - set(value)
        others |= set("ifog") if value in tuple("ifog") else set()
        others |= set(Params.NAMES) if value in Params.NAMES else set("UVW") if value in tuple("UVW") else set()
        if len(value) == 3 and len(missing) == 1 and set(value) < set("ifog"):
            others |= {value[:k] + min(missing) + value[k:] for k in range(4)}
        for other in sorted(others - {value}):
            yield self.swap("wrong name", 1.6 + 0.1 * min(unlike(value, other), 4), node, f"{quote}{other}{quote}")
        if len(set(value)) == len(value) and len(value) > 2:
            for k in range(len(value)):
                for m in range(k + 1, len(value)):
                    a, b, c = value[:k], value[k + 1 : m], value[m + 1 :]
                    yield self.swap("order", 1.8, node, f"{quote}{a}{value[m]}{b}{value[k]}{c}{quote}")

    def einsum(self, node: ast.Constant) -> Iterator[Edit]:
        if not isinstance(node.value, str):
            return
        seen = {node.value}
        letters = sorted(set(re.findall("[a-zA-Z]", node.value)))
        for k, char in enumerate(node.value):
            if not char.isalpha():
                continue
            for other in letters:
                seen.add(node.value[:k] + other + node.value[k + 1 :])
            for m in range(k + 1, len(node.value)):
                if node.value[m].isalpha():
                    swapped = list(node.value)
                    swapped[k], swapped[m] = swapped[m], swapped[k]
                    seen.add("".join(swapped))
        for new in sorted(seen - {node.value}):
            yield self.swap("einsum", 1.6, node, self.seg(node).replace(node.value, new))

    def range(self, node: ast.Call) -> Iterator[Edit]:
        args = [self.seg(arg) for arg in node.args]
        func = self.seg(node.func)
        yield from self.swap_items(node.args)
        for k, arg in enumerate(node.args[:2]):
            for delta in (" + 1", " - 1"):
                yield self.edit("range", 1.0, (*self.unit.span(arg), plus(args[k], delta)))
            for name in self.loop_names():  # as far as the loop around has come
                for new in (name, f"{name} + 1"):
                    yield self.edit("range", 1.3, (*self.unit.span(arg), new))
        if len(args) == 2:
            yield self.swap("range", 1.4, node, f"{func}({args[1]})")
            yield self.swap("range", 1.4, node, f"{func}({args[0]}, {args[1]}, -1)")
        if len(args) == 3:
            yield self.swap("range", 1.4, node, f"{func}({args[0]}, -1, -1)")
            if args[1] == "-1":
                yield self.swap("range", 1.6, node, f"{func}({plus(args[0], ' + 1')})")
        if len(args) == 1:
            if isinstance(node.args[0], ast.Constant):
                for last in (a.text for a in self.within("int")):
                    for end in (last, f"{last} + 1"):
                        yield self.swap("range", 1.6, node, f"{func}({args[0]}, {end})")
            yield self.swap("range", 1.6, node, f"{func}({args[0]} - 1, -1, -1)")
            yield self.swap("range", 1.4, node, f"{func}(1, {args[0]})")
        yield self.swap("range", 1.2, node, f"reversed({self.seg(node)})")

    def constant(self, node: ast.Constant, added: bool) -> Iterator[Edit]:
        """Another number; what is `added` and should be nothing is left out, which is another edit."""
        value = node.value
        if isinstance(value, str):
            yield from self.string(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        start, end = self.unit.span(node)
        for new in (value + 1, value - 1, value * 2, value / 2, 1 if value != 1 else 0):
            if new != value and (new or not added):
                new = int(new) if float(new).is_integer() and isinstance(value, int) else float(new)
                text = f"{new}" if new >= 0 else f"({new})"
                if isinstance(value, int) and not isinstance(new, int):
                    continue
                cost = 1.2 if abs(new - value) == 1 and new >= 0 else 2.6
                yield self.edit("constant", cost, (start, end, text))

    def compare(self, node: ast.Compare) -> Iterator[Edit]:
        start, end = self.unit.span(node.left)[1], self.unit.span(node.comparators[0])[0]
        at = self.operator_span(start, end, r"[<>=!]=?|is not|is|not in|in")
        if at:
            for new in ("<", "<=", ">", ">=", "==", "!="):
                if new != self.unit.text[slice(*at)]:
                    yield self.edit("condition", 1.6, (*at, new))

    def index(self, node: ast.Subscript) -> Iterator[Edit]:
        index = node.slice
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        for part in parts:
            text = self.seg(part)
            if isinstance(part, ast.Slice):
                yield from self.slice(part)
                others = [self.seg(other) for other in parts if other is not part and not isinstance(other, ast.Slice)]
                if text == ":" and len(parts) == 2 and others:  # one of each row, not all that are named of all rows
                    yield self.swap("index", 1.4, part, f"{self.scene.numpy}.arange(len({others[0]}))")
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                keys = {
                    self.seg(other.slice)
                    for slot in self.scene.slots
                    if slot.node is not None and slot.unit == self.slot.unit
                    for other in ast.walk(slot.node)
                    if isinstance(other, ast.Subscript)
                    and isinstance(other.slice, ast.Constant)
                    and isinstance(other.slice.value, str)
                }
                keys |= {f"{text[0]}{key}{text[0]}" for key in self.scene.strings if len(self.scene.strings) < 40}
                for key in sorted(keys - {text}):
                    yield self.swap("wrong name", 1.6 + 0.1 * unlike(text, key), part, key)
                    for other in parts if len(parts) == 2 else ():  # another quantity, and its own step
                        for name in self.loop_names() if other is not part and self.whole_number(other) else ():
                            if name != self.seg(other):
                                new = ", ".join(key if one is part else name for one in parts)
                                yield self.swap("wrong name", 1.8 + 0.1 * unlike(text, key), index, new)
            elif isinstance(part, ast.Constant) and part.value is None:
                for other in (":, None", "None", "..., None") if len(parts) < 3 else ():  # the new axis elsewhere
                    if other != self.seg(index):
                        yield self.swap("shape", 1.5, index, other)
            elif self.whole_number(part):
                for delta in (" - 1", " + 1"):
                    yield self.swap("index", 2.4 if plus(text, delta) == "-1" else 1.0, part, plus(text, delta))
                if isinstance(part, ast.UnaryOp):
                    yield self.swap("index", 1.4, part, self.seg(part.operand))
                for name in self.loop_names():
                    for new in (name, f"{name} - 1", f"{name} + 1"):
                        if new != text:
                            yield self.swap("index", 1.5, part, new)
                yield self.swap("index", 2.6, part, "-1")
                yield self.swap("index", 2.6, part, "0")
                if len(parts) == 1 and text in self.loop_names():
                    yield self.swap("index", 1.4, part, f"-1 - {text}")  # counted from the end
                    # The step after, where there is none after the last.
                    yield self.swap("index", 1.6, part, f"min({text} + 1, len({self.seg(node.value)}) - 1)")
            elif id(part) in self.paths and is_tokens(self.paths[id(part)].shape):  # numbers of steps
                if len(parts) == 1:  # one entry of each row or column, not whole rows
                    steps = f"{self.scene.numpy}.arange(len({text}))"
                    yield self.swap("index", 1.4, part, f"{text}, {steps}")
                    yield self.swap("index", 1.4, part, f"{steps}, {text}")
                for delta in (" - 1", " + 1"):
                    yield self.swap("index", 1.4, part, plus(text, delta))
                for name in self.loop_names():  # that of one step, not all of them
                    yield self.swap("index", 1.2, part, f"{text}[{name}]")
        if len(parts) == 2 and isinstance(index, ast.Tuple):
            a, b = (self.seg(part) for part in parts)
            if a != b:
                changes = (*self.unit.span(parts[0]), b), (*self.unit.span(parts[1]), a)
                yield self.edit("index", 1.4, *changes, old=f"{a}, {b}", new=f"{b}, {a}")
        elif not isinstance(index, ast.Tuple | ast.Slice | ast.Constant):  # a row where a column is meant
            row = is_vector(self.paths[id(node)].shape) if id(node) in self.paths else isinstance(node.ctx, ast.Store)
            if row and self.whole_number(index):
                yield self.swap("index", 1.5, index, f":, {self.seg(index)}")
        if self.seg(index) == "::-1":
            yield self.swap("range", 1.2, node, self.seg(node.value))
        taken = {"-1": "pop()", "0": "pop(0)"}.get(self.seg(index))
        if taken and isinstance(node.ctx, ast.Load):  # looked at and not taken away
            yield self.swap("end", 1.6, node, f"{self.seg(node.value)}.{taken}")

    def indices(self, root: ast.AST) -> Iterator[Edit]:
        """The same index or slice wherever it stands in a statement, changed in all these places at once."""
        bounds: dict[str, list[ast.expr]] = {}
        for part in (n for n in ast.walk(root) if isinstance(n, ast.Slice)):
            for bound in (part.lower, part.upper):
                if bound is not None and not isinstance(bound, ast.Constant):
                    bounds.setdefault(self.seg(bound), []).append(bound)
        for text, nodes in bounds.items():  # where one block ends the next one begins
            for delta in (" - 1", " + 1") if len(nodes) > 1 else ():
                changes = [(*self.unit.span(node), plus(text, delta)) for node in nodes]
                yield self.edit("slice", 1.3, *changes, old=text, new=plus(text, delta))
        places: dict[str, list[ast.expr]] = {}
        for node in ast.walk(root):
            if isinstance(node, ast.Subscript):
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                for part in parts:
                    if not (isinstance(part, ast.Constant) and isinstance(part.value, str)):
                        places.setdefault(self.seg(part), []).append(part)
        for text, parts in places.items():
            if len(parts) < 2:
                continue
            first, others = parts[0], [":", "..."] if text in (":", "...") else []
            if isinstance(first, ast.Slice):
                others += sorted(self.other_slices(first))
            if isinstance(first, ast.Slice) or (id(first) in self.paths and self.paths[id(first)].shape == "slice"):
                others += [":"]
            elif self.whole_number(first):
                others += [] if isinstance(first, ast.Constant) else [plus(text, " - 1"), plus(text, " + 1")]
                others += [f":, {text}", f"..., {text}"]  # of another axis
            for other in others:
                if other != text:
                    changes = [(*self.unit.span(part), other) for part in parts]
                    cost = 1.3 if isinstance(first, ast.Slice) else 1.6  # that all of a block fits is hardly chance
                    yield self.edit("index", cost, *changes, old=text, new=other)

    def activations(self) -> list[str]:
        """The learner's other functions of one argument: a sigmoid, a slope."""
        every = [u for u in self.scene.units[1:] if u.owner is None and u is not self.unit]
        return [unit.node.name for unit in every if len(unit.node.args.args) == 1]

    def given_once(self) -> set[str]:
        """Names that get their value outside of all loops."""
        loops = [n for n in ast.walk(self.unit.tree) if isinstance(n, ast.For | ast.While)]
        inside = [n for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Name)]
        every = {n.id for n in ast.walk(self.unit.tree) if isinstance(n, ast.Name)}
        return every - {n.id for n in inside if isinstance(n.ctx, ast.Store)}

    def loop_names(self) -> list[str]:
        """The numbers that count the loops around."""
        heads = [loop for loop in self.slot.loops if isinstance(loop, ast.For)]
        named = [loop.target for loop in heads if isinstance(loop.target, ast.Name)]
        counted = [loop for loop in heads if isinstance(loop.target, ast.Tuple) and isinstance(loop.iter, ast.Call)]
        named += [loop.target.elts[0] for loop in counted if self.seg(loop.iter.func) == "enumerate"]
        return [name.id for name in named if isinstance(name, ast.Name)]

    def whole_number(self, node: ast.expr) -> bool:
        atoms = self.atoms_in(node)
        if isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)):
            return True
        return bool(atoms) and all(a.shape in ("int", None) for a in atoms)

    def slice(self, node: ast.Slice) -> Iterator[Edit]:
        text = self.seg(node)
        others = self.other_slices(node)
        for other in sorted(others - {text}):
            yield self.swap("slice", 1.4 + 0.1 * min(unlike(text, other), 4), node, other)
        for bound in (node.lower, node.upper):
            if bound is not None and not isinstance(bound, ast.UnaryOp):
                for delta in (" + 1", " - 1"):
                    yield self.swap("slice", 1.4, bound, plus(self.seg(bound), delta))

    def other_slices(self, node: ast.Slice) -> set[str]:
        """Slices that are usual, that the code has elsewhere, and those of other gates' blocks."""
        others = {"1:", ":-1", ":", "::-1", "-1:", ":-2", "2:"}
        for slot in self.scene.slots:
            if slot.unit == self.slot.unit and slot.node is not None:
                others |= {self.seg(n) for n in ast.walk(slot.node) if isinstance(n, ast.Slice)}
        first, last = (self.seg(bound) if bound is not None else "" for bound in (node.lower, node.upper))
        if not first or not last:  # the same from the other side
            bound = first or last
            bare = bound.removeprefix("-").strip()
            others |= {f"{bare}:", f":{bare}", f"-{bare}:", f":-{bare}"} if re.fullmatch(r"[\w.]+", bare) else set()
        block = [re.fullmatch(r"(?:\d\s*\*\s*)?([^\W\d][\w.]*)?", bound) for bound in (first, last)]
        size = {found[1] for found in block if found and found[1]}
        if all(block) and len(size) == 1:  # the rows of another gate
            for k in range(4):
                lower = f"{k} * {min(size)}" if k > 1 else min(size) * k
                others.add(f"{lower}:{k + 1} * {min(size)}" if k else f":{min(size)}")
                others |= {f"{lower}:", f":{lower}"} if k else set()
        return others

    def other_attributes(self, node: ast.expr) -> Iterator[str]:
        """The path with another attribute of those that the code or the library's own objects have."""
        text, start = self.seg(node), self.unit.span(node)[0]
        if isinstance(node, ast.Attribute) and self.scene.fields.get(node.attr) is not None:
            shape = self.scene.fields[node.attr]
            yield from (text[: -len(node.attr)] + attr for attr, s in self.scene.fields.items() if s == shape)
        families = (_CACHE, set(Params.NAMES))
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute):
                end = self.unit.span(part)[1] - start
                known = next((family for family in families if part.attr in family), set())
                for attr in sorted(known - {part.attr}):
                    yield text[: end - len(part.attr)] + attr + text[end:]

    def alternatives(self, atom: Atom) -> list[str]:
        """Other texts that stand for something of the same shape."""
        others = self.within(atom.shape)
        texts = [other.text for other in others]
        if isinstance(atom.node, ast.Subscript):  # the same step of another array
            index = self.seg(atom.node)[len(self.seg(atom.node.value)) :]
            base = self.scene.units[atom.unit].segment
            texts += [base(o.node.value) + index for o in others if isinstance(o.node, ast.Subscript)]
            texts += [name + index for name in self.twins(self.seg(atom.node.value))]
        texts += [o.text for o in self.scene.steps if o.unit == self.slot.unit and o.shape == atom.shape]
        every = dict.fromkeys([*texts, *self.other_attributes(atom.node)])
        return [text for text in every if text != atom.text and self.scene.belongs(text, self.slot)]

    def twins(self, name: str) -> list[str]:
        """Lists that begin empty as this one does."""
        prepared = self.scene.prepared(self.slot.unit)
        own = prepared.get(name)
        return [
            other for other, way in prepared.items() if own in ("[]", "list()", "#()") and way == own and other != name
        ]

    def likeness(self, atoms: list[Atom], texts: tuple[str, ...]) -> float:
        """Small for texts that resemble the atoms, smaller still for things that the function never uses."""
        unused = sum(text not in self.unit.text for text in texts)
        return sum(min(unlike(a.text, o), 4) for a, o in zip(atoms, texts, strict=True)) - 6 * unused

    def path(self, atom: Atom) -> Iterator[Edit]:
        """Another thing of the same shape in place of this one; its transpose; its tanh."""
        node, shape = atom.node, atom.shape
        if shape is None:
            return
        start, end = self.unit.span(node)
        others: dict[str, float] = {}
        index = self.seg(node)[len(self.seg(node.value)) :] if isinstance(node, ast.Subscript) else ""
        for other in self.within(shape):
            if other.text == atom.text:
                continue
            cost = 1.6 + 0.1 * unlike(atom.text, other.text)
            others.setdefault(other.text, cost)
            if index and isinstance(other.node, ast.Subscript):
                base = other.text[: len(self.scene.units[atom.unit].segment(other.node.value))]
                if base + index != atom.text:
                    others[base + index] = min(others.get(base + index, 9), 1.4 + 0.1 * unlike(atom.text, base + index))
        for name in self.twins(self.seg(node.value)) if index else ():
            others.setdefault(name + index, 1.4 + 0.1 * unlike(atom.text, name + index))
        if isinstance(node, ast.Attribute):  # the same thing of another object
            for other in self.within(shape):
                if isinstance(other.node, ast.Attribute) and other.node.attr != node.attr:
                    text = f"{other.text[: -len(other.node.attr)]}{node.attr}"
                    if text != atom.text:
                        others.setdefault(text, 1.6 + 0.1 * unlike(atom.text, text))
        for other in self.scene.steps:
            if other.unit == self.slot.unit and other.shape == shape:
                others.setdefault(other.text, 1.7 + 0.1 * unlike(atom.text, other.text))
        if index:  # the same step of another array or list of tokens
            base = self.seg(node.value)
            held = next((a.shape for a in self.scene.unread if a.text == base and a.unit == atom.unit), None)
            for other in self.scene.unread:
                if held is not None and other.unit == atom.unit and other.shape == held and other.text != base:
                    others.setdefault(other.text + index, 1.6)
        if shape == () and isinstance(node.ctx, ast.Load):
            yield self.edit("tanh", 2.1, (start, end, f"{self.scene.numpy}.tanh({atom.text})"))
        if shape == ():  # one number where, it may be, a vector is meant: the same index into another array
            for other in all_vectors(self.scene, self.slot.unit):
                others.setdefault(other.text, 1.6 + 0.1 * unlike(atom.text, other.text))
        for name in self.loop_names():
            if f"[{name} - 1]" in atom.text:  # before the first step there is the initial state
                first = [a.text for a in self.within(shape) if a.text.isidentifier() and a.text in self.given_once()]
                for text in first:
                    new = f"{atom.text} if {name} > 0 else {text}"
                    alone = node is getattr(self.slot.node, "value", None)
                    yield self.edit("initial value", 1.5, (start, end, new if alone else f"({new})"))
        for text in self.other_attributes(node):
            others.setdefault(text, 1.5 + 0.1 * unlike(atom.text, text))
        for other in self.within(shape) if atom.back is False else ():
            if other.text in self.scene.one_hot:  # the target is not subtracted
                others.setdefault(f"({atom.text} - {other.text})", 1.6)
        for text in self.scene.of_other_objects(self.slot.unit, shape):
            others.setdefault(text, 1.7 + 0.1 * min(unlike(atom.text, text), 4))
        for text, cost in others.items():
            if self.scene.belongs(text, self.slot):
                yield self.edit("wrong name" if shape != "int" else "wrong number", cost, (start, end, text))
        if shape == "int" or is_tokens(shape):  # a number where a vector is meant
            for other in all_vectors(self.scene, self.slot.unit) if id(node) in self.operands else ():
                if len(other.shape) == 1:
                    yield self.edit(
                        "wrong name", 1.9 + 0.1 * min(unlike(atom.text, other.text), 4), (start, end, other.text)
                    )
        if shape == "int" and id(node) in self.operands:  # a number of a token where its one-hot vector is meant
            known = {text.partition("[")[0] for text in self.scene.one_hot}
            held = [a for a in self.scene.unread if a.unit == self.slot.unit and a.text in known]
            for rows in (a.text for a in held if is_vector(a.shape) and len(a.shape) == 2):
                yield self.edit("wrong name", 1.6, (start, end, f"{rows}[{atom.text}]"))
        if shape == "int":
            for delta in (" + 1", " - 1"):
                yield self.edit("wrong number", 2.0, (start, end, plus(atom.text, delta)))
            if isinstance(node, ast.Name):  # the step where the token or the target of the step is meant
                for tokens in (a.text for a in self.scene.unread if a.unit == self.slot.unit and is_tokens(a.shape)):
                    yield self.edit("wrong number", 1.8, (start, end, f"{tokens}[{atom.text}]"))
            return
        if isinstance(shape, str) and shape.startswith("list of") and isinstance(node.ctx, ast.Load):
            for part in ("[::-1]", "[1:]", "[:-1]"):
                yield self.edit("range", 1.5, (end, end, part), old=atom.text, new=f"{atom.text}{part}")
        if isinstance(shape, tuple) and shape and shape[0] != "ints":
            if len([n for n in shape if n != 1]) >= 2 and self.unit.text[end : end + 2] != ".T":
                yield self.edit("transpose", 1.0, (end, end, ".T"), new=f"{atom.text}.T", old=atom.text)
            if isinstance(node.ctx, ast.Load):
                yield self.edit("tanh", 2.0, (start, end, f"{self.scene.numpy}.tanh({atom.text})"))
                yield self.edit("slope", 2.0, (start, end, f"(1 - {atom.text})"))
                other = "[:, None]" if len(shape) == 1 else "[0]" if shape[0] == 1 else "[:, 0]"
                if len(shape) == 1 or (len(shape) == 2 and 1 in shape):
                    yield self.edit("shape", 1.9, (end, end, other), old=atom.text, new=f"{atom.text}{other}")
                if self.within(shape):
                    yield self.edit("square", 2.0, (start, end, f"{atom.text} ** 2"))


def _laid(node: ast.expr) -> ast.expr:
    """What is made a column or row by `reshape` or a new axis."""
    match node:
        case ast.Call(ast.Attribute(one, "reshape")):
            return one
        case ast.Subscript(one, ast.Tuple(parts)) if any(
            getattr(part, "value", 0) is None or getattr(part, "attr", "") == "newaxis" for part in parts
        ):
            return one
    return node


def _words(node: ast.AST) -> set[str]:
    """Names and attributes that stand for values, not for functions."""
    called = {
        id(part) for n in ast.walk(node) if isinstance(n, ast.Call) for part in (n.func, getattr(n.func, "value", n))
    }
    named = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in called}
    return named | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute) and id(n) not in called}


def in_order(texts: list[str]) -> bool:
    """Whether the last nine of some names end as those of the gradients do, in their order."""
    return len(texts) >= 9 and all(got.endswith(name) for got, name in zip(texts[-9:], Params.NAMES, strict=True))


def plus(text: str, delta: str) -> str:
    """`text` with ` + 1` or ` - 1` added, where a sum that becomes zero is left out."""
    undo = " - 1" if delta == " + 1" else " + 1"
    for ending in (undo, undo.replace(" ", "")):
        if text.endswith(ending):
            return text[: -len(ending)]
    if re.fullmatch(r"-?\d+", text):
        return str(int(text) + (1 if "+" in delta else -1))
    return text + delta


def unlike(a: str, b: str) -> int:
    """How many characters differ: 1 for `dzi` and `dzf`, and for names of several words of which one is another.

    2 where one name has a word more: `dL_dh_direct` and `dL_dh`.
    """
    words = [re.split(r"[_\W]+|(?<=[a-z])(?=[A-Z])", text) for text in (a, b)]
    if len(words[0]) == len(words[1]) > 1 and sum(x != y for x, y in zip(*words, strict=True)) == 1:
        return 1
    short, long = sorted(words, key=len)
    if len(long) == len(short) + 1 > 2 and any(long[:k] + long[k + 1 :] == short for k in range(len(long))):
        return 2
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True))
    return 2 + abs(len(a) - len(b)) + sum(x != y for x, y in zip(a, b, strict=False))


def sums_up(node: ast.AST) -> bool:
    """Whether a statement adds to what it assigns (`a = a + b`): what it makes comes from all its runs together."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    names = {ast.dump(target).replace("Store()", "Load()") for target in targets if target is not None}
    value = getattr(node, "value", None)
    return value is not None and any(ast.dump(inner) in names for inner in ast.walk(value))
