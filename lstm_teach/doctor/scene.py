"""What the candidate edits are made from: everything that the code reads, with the shape that it had in one run.

No name has a meaning here. Imports slots and source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_teach.doctor.slots import Slot
from lstm_teach.doctor.source import Unit

_NAMES = re.compile(r"[^\W\d]\w*")


@dataclass
class Atom:
    """A name, attribute or indexed thing that the code reads, and the shape that it had ("int" for whole numbers).

    `back` tells whether its numbers depend on the targets, as all that is carried back does; None if that is not known.
    """

    node: ast.expr
    text: str
    unit: int
    shape: Any = None
    back: bool | None = None


@dataclass
class Scene:
    """What the candidate edits are made from."""

    units: list[Unit]
    slots: list[Slot]
    atoms: dict[int, list[Atom]] = field(default_factory=dict)  # by slot
    results: dict[int, Any] = field(default_factory=dict)  # shape of what a slot's right-hand side gave
    operations: dict[tuple[int, int, int], Any] = field(default_factory=dict)  # shapes, by unit and span
    back: set[tuple[int, int, int]] = field(default_factory=set)  # operations whose numbers depend on the targets
    numpy: str = "np"
    unread: list[Atom] = field(default_factory=list)  # arguments and assigned names, read or not
    steps: list[Atom] = field(default_factory=list)  # of arrays, at the steps at which others are read
    words: dict[str, set[str]] = field(default_factory=dict)  # strings that a function is called with, by its name
    strings: set[str] = field(default_factory=set)  # all strings of the code
    fields: dict[str, Any] = field(default_factory=dict)  # shapes of what is assigned to attributes
    one_hot: set[str] = field(default_factory=set)  # what is read and holds a 1 for each token and else zeros
    filled: set[tuple[int, str]] = field(default_factory=set)  # units and what held numbers as soon as it was assigned
    weights: set[str] = field(default_factory=set)  # what is read and gives single numbers of the parameters
    _of_others: dict[tuple[int, Any], list[str]] = field(default_factory=dict)
    _of_shape: dict[tuple[int, Any], list[Atom]] = field(default_factory=dict)
    _prepared: dict[int, dict[str, str]] = field(default_factory=dict)
    _counting: dict[int, set[str]] = field(default_factory=dict)
    _around: dict[int, set[str]] = field(default_factory=dict)

    def of_shape(self, unit: int, shape: Any, slot: Slot | None = None) -> list[Atom]:
        """All atoms of a unit with this shape, each text once, in the order of the code; unread names last.

        With a `slot` only those that mean something there: `w[j]` belongs into the loop that counts `j`.
        """
        if (unit, shape) not in self._of_shape:
            seen: dict[str, Atom] = {}
            for atoms in [*self.atoms.values(), self.unread]:
                for atom in atoms:
                    if atom.unit == unit and atom.shape == shape and shape is not None:
                        seen.setdefault(atom.text, atom)
            self._of_shape[unit, shape] = list(seen.values())
        every = self._of_shape[unit, shape]
        return every if slot is None else [atom for atom in every if self.belongs(atom.text, slot)]

    def belongs(self, text: str, slot: Slot) -> bool:
        """Whether a text has no names in it that only other loops than those around a slot give a value."""
        strange = self._strange(slot)
        return not strange or strange.isdisjoint(_NAMES.findall(text))

    def prepared(self, unit: int) -> dict[str, str]:
        """The first value of each thing that is assigned in a unit, as a pattern with `#` for all names."""
        if unit not in self._prepared:
            found = self._prepared[unit] = {}
            segment = self.units[unit].segment
            for slot in self.slots:
                if slot.unit == unit and isinstance(slot.node, ast.Assign):
                    targets, value = targets_of(slot.node), slot.node.value
                    values = value.elts if isinstance(value, ast.Tuple) else [value] * len(targets)
                    for target, one in zip(targets, values, strict=False):
                        found.setdefault(segment(target), _NAMES.sub("#", segment(one)))
        return self._prepared[unit]

    def _strange(self, slot: Slot) -> set[str]:
        """Names that only loops and comprehensions of the unit give a value, other loops than those around a slot."""
        if slot.unit not in self._counting:
            inside = list(ast.walk(self.units[slot.unit].tree))
            loops = [n.target for n in inside if isinstance(n, ast.For | ast.comprehension)]
            bound = [n for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Name)]
            others = {id(n) for n in bound}
            kept = {
                n.id
                for n in inside
                if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load) and id(n) not in others
            }
            kept |= {n.arg for n in inside if isinstance(n, ast.arg)}
            self._counting[slot.unit] = {n.id for n in bound} - kept
        if slot.number not in self._around:
            own = [n for n in ast.walk(slot.node) if isinstance(n, ast.comprehension)] if slot.node is not None else []
            around = [loop.target for loop in (*slot.loops, *own) if hasattr(loop, "target")]
            names = {n.id for target in around for n in ast.walk(target) if isinstance(n, ast.Name)}
            self._around[slot.number] = self._counting[slot.unit] - names
        return self._around[slot.number]

    def walks_back(self, slot: Slot) -> bool:
        """Whether some operation in a slot depends on the targets, and so belongs to the walk back."""
        return any(unit == slot.unit and slot.start <= start and end <= slot.end for unit, start, end in self.back)

    def of_other_objects(self, unit: int, shape: Any) -> list[str]:
        """What is read of one object, of other objects of its kind: `b.out[t]` where the code reads `a.out[t]`."""
        if (unit, shape) not in self._of_others:
            kinds: dict[str, str] = {}
            for atom in [*(a for atoms in self.atoms.values() for a in atoms), *self.unread]:
                if atom.unit == unit and isinstance(atom.shape, str) and atom.shape.startswith("object "):
                    kinds[atom.text] = atom.shape
            found: dict[str, None] = {}
            for atom in self.of_shape(unit, shape):
                owner, dot, rest = atom.text.partition(".")
                if dot and owner in kinds:
                    found |= {f"{other}.{rest}": None for other, kind in kinds.items() if kind == kinds[owner]}
            self._of_others[unit, shape] = list(found)
        return self._of_others[unit, shape]


def paths_in(root: ast.AST) -> Iterator[ast.expr]:
    """Largest name, attribute and subscript chains that are read, and those inside their indices."""
    for node in ast.walk(root):
        for name, child in ast.iter_fields(node):
            for one in child if isinstance(child, list) else [child]:
                if not isinstance(one, ast.Name | ast.Attribute | ast.Subscript):
                    continue
                one = _stripped(one)
                inside = isinstance(node, ast.Attribute | ast.Subscript) and name == "value"
                if inside and not isinstance(node, ast.Attribute):
                    continue
                if inside and _chain(node):
                    continue
                if isinstance(getattr(one, "ctx", None), ast.Load):
                    yield one
    if isinstance(root, ast.Name | ast.Attribute | ast.Subscript):
        yield _stripped(root)


def _chain(node: ast.AST) -> bool:
    """Whether an attribute node belongs to a larger path (not a method that is called, not `.T`)."""
    return not getattr(node, "_method", False) and not (isinstance(node, ast.Attribute) and node.attr == "T")


def _stripped(node: ast.expr) -> ast.expr:
    """The path without a last `.T` or a called method's name."""
    while isinstance(node, ast.Attribute) and (node.attr == "T" or getattr(node, "_method", False)):
        node = node.value
    return node


def mark_methods(tree: ast.AST) -> None:
    """Note which attributes are methods being called, for `paths_in`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node.func._method = True


def targets_of(node: ast.AST) -> list[ast.expr]:
    """What a statement assigns, the things in a tuple one by one."""
    if isinstance(node, ast.Assign):
        flat = [e for t in node.targets for e in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
        return [t for t in flat if not isinstance(t, ast.Starred)]
    return [node.target] if isinstance(node, ast.AugAssign) else []


def all_vectors(scene: Scene, unit: int) -> list[Atom]:
    """All arrays that a unit reads, each text once."""
    seen: dict[str, Atom] = {}
    for atoms in scene.atoms.values():
        for atom in atoms:
            if atom.unit == unit and is_vector(atom.shape):
                seen.setdefault(atom.text, atom)
    return list(seen.values())


def is_tokens(shape: Any) -> bool:
    """Whether it is the shape of an array of whole numbers."""
    return isinstance(shape, tuple) and len(shape) == 2 and shape[0] == "ints"


def is_vector(shape: Any) -> bool:
    """Whether it is the shape of an array of floating-point numbers with more than one entry."""
    return isinstance(shape, tuple) and bool(shape) and shape[0] != "ints" and int(np.prod(shape)) > 1


def is_zeros(node: ast.expr) -> bool:
    """Whether the expression is an array of zeros."""
    name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
    return isinstance(node, ast.Call) and name in ("zeros", "zeros_like")


def is_docstring(node: ast.AST) -> bool:
    """Whether a statement is a constant by itself."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
