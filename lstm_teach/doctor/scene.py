"""What the candidate edits are made from: everything that the code reads, with the shape that it had in one run.

No name has a meaning here. Imports slots and source.
"""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_teach.doctor.slots import Slot, names
from lstm_teach.doctor.source import Unit
from lstm_teach.params import Params

_NAMES = re.compile(r"[^\W\d]\w*")
_NO_KEYS = re.compile(r"(?<![\"'\w])[^\W\d]\w*")  # the names in a text, leaving out what is in quotes


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
    strings: set[str] = field(default_factory=set)  # all strings of the code
    fields: dict[str, Any] = field(default_factory=dict)  # shapes of what is assigned to attributes
    filled: set[tuple[int, str]] = field(default_factory=set)  # units and what held numbers as soon as it was assigned
    error: Exception | None = None  # what stopped the run
    zeros: set[tuple] = field(default_factory=set)  # units and spans of what was all zeros whenever it was seen
    squashed: dict[tuple[int, str], str] = field(default_factory=dict)  # of forward values, see `squash`
    weights: set[str] = field(default_factory=set)  # what is read and gives single numbers of the parameters

    @functools.cached_property
    def _by_shape(self) -> dict[tuple[int, Any], dict[str, Atom]]:
        """All atoms, by unit and shape, each text once, in the order of the code; unread names last."""
        found: dict[tuple[int, Any], dict[str, Atom]] = {}
        for atom in [*(atom for atoms in self.atoms.values() for atom in atoms), *self.unread]:
            found.setdefault((atom.unit, atom.shape), {}).setdefault(atom.text, atom)
        return found

    def of_shape(self, shape: Any, slot: Slot) -> list[Atom]:
        """All atoms with this shape that mean something in a slot: `w[j]` belongs into the loop that counts `j`."""
        every = self._by_shape.get((slot.unit, shape), {}) if shape is not None else {}
        return [atom for text, atom in every.items() if self.belongs(text, slot)]

    def vectors(self, unit: int) -> list[Atom]:
        """All arrays of a unit."""
        own = (atoms for (number, shape), atoms in self._by_shape.items() if number == unit and is_vector(shape))
        return [atom for atoms in own for atom in atoms.values()]

    @functools.cached_property
    def statements(self) -> list[list[Slot]]:
        """The slots of the statements, by unit."""
        every = [slot for slot in self.slots if slot.kind == "statement"]
        return [[slot for slot in every if slot.unit == number] for number in range(len(self.units))]

    @functools.cached_property
    def read(self) -> list[set[str]]:
        """The names that are read, by unit."""
        return [names(unit.tree) for unit in self.units]

    @functools.cached_property
    def gaps(self) -> dict[tuple[int, int], Slot]:
        """The gaps by the block and index of the statement that each stands before."""
        return {(slot.block, slot.index): slot for slot in self.slots if slot.kind == "gap"}

    @functools.cached_property
    def _words(self) -> set[str]:
        return {*Params.NAMES, *_NAMES.findall(" ".join(unit.text for unit in self.units))}

    def knows(self, text: str) -> bool:
        """Whether every word of a text occurs in the code, or is the name of a matrix."""
        return self._words.issuperset(_NAMES.findall(text))

    def text(self, slot: Slot) -> str:
        """What stands at a slot."""
        return self.units[slot.unit].text[slot.start : slot.end]

    def squash(self, atom: Atom) -> str:
        """What made an atom: "sigmoid", "tanh", "cell" of a c, or ""; "unknown" for what isn't a forward value."""
        if atom.text in self.weights:
            return ""
        base = atom.text.rpartition("[")[0]
        return self.squashed.get((atom.unit, atom.text), self.squashed.get((atom.unit, base), "unknown"))

    def belongs(self, text: str, slot: Slot) -> bool:
        """Whether a text has no names in it that only other loops than those around a slot give a value."""
        strange = self._strange[slot.number]
        return not strange or strange.isdisjoint(_NO_KEYS.findall(text))

    @functools.cached_property
    def _strange(self) -> list[set[str]]:
        """For each slot, the names that only loops and comprehensions give a value, other loops than those around."""
        counting = []
        for unit in self.units:
            inside = list(ast.walk(unit.tree))
            bound = {id(n): n.id for loop in inside if isinstance(loop, _LOOPS) for n in _names_in(loop.target)}
            given = [n for n in _names_in(unit.tree) if not isinstance(n.ctx, ast.Load) and id(n) not in bound]
            kept = {n.id for n in given} | {n.arg for n in inside if isinstance(n, ast.arg)}
            counting.append(set(bound.values()) - kept)
        found = []
        for slot in self.slots:
            own = ast.walk(slot.node) if slot.node is not None else ()
            around = [loop for loop in (*slot.loops, *own) if isinstance(loop, _LOOPS)]
            found.append(counting[slot.unit] - {n.id for loop in around for n in _names_in(loop.target)})
        return found

    @functools.cached_property
    def without_value(self) -> tuple[str, Slot | None]:
        """The name or attribute without a value that stopped the run, and the statement or head that reads it first."""
        found = re.search(r"^'(\w+)' object has no attribute '(\w+)'|(?:name|variable) '(\w+)'", str(self.error))
        kind, attribute, name = found.groups() if found else ("", "", "")
        every = self.slots if isinstance(self.error, NameError | AttributeError) else ()
        for slot in (slot for slot in every if slot.node is not None):
            unit = self.units[slot.unit]
            if unit.owner and unit.owner.__name__ == kind:
                for path in (n for n in ast.walk(slot.node) if isinstance(n, ast.Attribute) and n.attr == attribute):
                    return unit.segment(path), slot
            elif name in read_by(slot.node) and (name in slot.names) == isinstance(self.error, UnboundLocalError):
                return name, slot
        return "", None

    @functools.cached_property
    def begins_at(self) -> list[Slot]:
        """The gaps where that name may get its value: before the first that reads it, and before each block around."""
        _, reader = self.without_value
        return [self.gaps[place] for place in (reader.places if reader else ()) if place in self.gaps]

    def walks_back(self, slot: Slot) -> bool:
        """Whether some operation in a slot depends on the targets, and so belongs to the walk back."""
        return any(unit == slot.unit and slot.start <= start and end <= slot.end for unit, start, end in self.back)


_LOOPS = (ast.For, ast.comprehension)
_PATHS = (ast.Name, ast.Attribute, ast.Subscript)


def _names_in(root: ast.AST) -> Iterator[ast.Name]:
    return (node for node in ast.walk(root) if isinstance(node, ast.Name))


def paths_in(root: ast.AST) -> Iterator[ast.expr]:
    """Largest name, attribute and subscript chains that are read, and those inside their indices.

    They are without a last `.T`, and without the name of a method that is called.
    """
    called, inside = set(), set()  # ids: of what is called, and of what a larger path begins with

    def stripped(node: ast.expr) -> ast.expr:
        while isinstance(node, ast.Attribute) and (node.attr == "T" or id(node) in called):
            node = node.value
        return node

    for node in ast.walk(root):
        if isinstance(node, ast.Call):
            called.add(id(node.func))
        elif isinstance(node, _PATHS):
            path = stripped(node)
            if node is not root and id(node) not in inside and isinstance(getattr(path, "ctx", None), ast.Load):
                yield path
            if path is node and not isinstance(node, ast.Name):
                inside.add(id(node.value))
    if isinstance(root, _PATHS):
        yield stripped(root)


def targets_of(node: ast.AST) -> list[ast.expr]:
    """What a statement assigns, the things in a tuple one by one."""
    if isinstance(node, ast.Assign):
        flat = [e for t in node.targets for e in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
        return [t for t in flat if not isinstance(t, ast.Starred)]
    return [node.target] if isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value) else []


def read_by(node: ast.AST) -> set[str]:
    """The names that a statement reads, that of what it adds to as well."""
    return names(node) | (names(node.target, context=ast.Store) if isinstance(node, ast.AugAssign) else set())


def sums_up(node: ast.Assign | ast.AugAssign) -> bool:
    """Whether a statement adds to what it assigns (`a += b`, `a = a + b`): what it makes comes from all its runs."""
    if isinstance(node, ast.AugAssign):
        return True
    as_read = {ast.dump(target).replace("Store()", "Load()") for target in node.targets}
    return any(ast.dump(inner) in as_read for inner in ast.walk(node.value))


def is_tokens(shape: Any) -> bool:
    """Whether it is the shape of an array of whole numbers."""
    return isinstance(shape, tuple) and len(shape) == 2 and shape[0] == "ints"


def is_vector(shape: Any) -> bool:
    """Whether it is the shape of an array of floating-point numbers with more than one entry."""
    return isinstance(shape, tuple) and bool(shape) and shape[0] != "ints" and int(np.prod(shape)) > 1


def is_zeros(node: ast.expr | None) -> bool:
    """Whether the expression is an array of zeros."""
    called = getattr(node, "func", None)
    return getattr(called, "attr", getattr(called, "id", "")) in ("zeros", "zeros_like")


def is_docstring(node: ast.AST) -> bool:
    """Whether a statement is a constant by itself."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
