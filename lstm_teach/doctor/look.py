"""Run the learner's code once and note the shape of everything that it reads and computes.

Imports build, scene, source and truth.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
import types
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from lstm_teach.doctor.build import build
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.scene import Atom, Scene, is_vector, paths_in, targets_of
from lstm_teach.doctor.slots import local_names, names
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import Truth
from lstm_teach.params import GATES

_COMPARED = 40  # how often at most something is compared between the two runs
# The part of an index that says which gate: a number, a constant in capitals, or the last letter of a short key.
_GATE = re.compile(r"""[^\[]*\[([0-3]|[A-Z][A-Z_\d]*)[,\]][^\[]*|.*["']\w{0,2}([ifog])["']\]""")

Key = tuple[int, str] | tuple[int, int, int]  # a unit with a name, or with the start and end of an expression


class _Seen:
    """What two runs of the code, the second for other targets, showed of each name and expression."""

    def __init__(self, module: str | None):
        self.module = module
        self.runs: list[dict[Key, list]] = []  # the numbers in both runs
        # When it was first seen: its shape, whether it held numbers other than zero, and the shapes of what it holds.
        self.sights: dict[Key, tuple[Any, bool, dict[str, Any]]] = {}
        self.arrays: dict[Key, np.ndarray] = {}  # as they were first seen

    def see(self, key: Key, value: Any) -> Any:
        """Note a value, and give it back."""
        first = self.sights.get(key, (None,))[0]
        # As a number, such as a 0 that is added to, or as a list with nothing in it yet.
        begun = first in ("int", ()) and isinstance(value, np.ndarray)
        begun |= first is None and isinstance(value, list | deque) and len(value) > 0
        if key not in self.sights or (len(key) == 2 and first is None) or begun:
            self.sights[key] = _shape(value, self.module), _holds_numbers(value), _shapes_in(value, self.module)
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                self.arrays[key] = value.copy()
        numbers = self.runs[-1].setdefault(key, [])
        if len(numbers) < _COMPARED:
            now = value.tobytes() if isinstance(value, np.ndarray) else value if isinstance(value, float) else None
            numbers.append(now)
        return value

    @functools.cached_property
    def shapes(self) -> dict[Key, Any]:
        """The shape of each, when it was first seen."""
        return {key: shape for key, (shape, *_) in self.sights.items()}

    @functools.cached_property
    def changed(self) -> set[Key]:
        """What depends on the targets."""
        first, second = self.runs
        return {key for key, numbers in second.items() if numbers != first.get(key, [])[: len(numbers)]}


def look(code: Code, truth: Truth) -> Scene:
    """Run the code once, and again for other targets: the shape of all it reads and computes, and what changes then."""
    units = code.units
    probes = [_Probe(number, unit) for number, unit in enumerate(units)]
    seen = _Seen(units[0].function.__globals__.get("__name__"))
    scene = Scene(units, code.slots, error=_run_twice(code, truth, probes, seen))
    named = {key: shape for key, shape in seen.shapes.items() if len(key) == 2}
    for (unit, name), shape in named.items():
        if shape is not None:
            back = (unit, name) in seen.changed or None  # it may be given another value later on
            scene.unread.append(Atom(ast.Name(name, ast.Load()), name, unit, shape, back))
    scene.operations = {key: seen.shapes[key] for probe in probes for key in probe.operations if key in seen.shapes}
    scene.back = seen.changed & scene.operations.keys()
    if scene.error is None:  # else it may have got no further than the zeros that something begins with
        both = {key: [*one, *seen.runs[1].get(key, ())] for key, one in seen.runs[0].items()}
        scene.zeros = {key for key, values in both.items() if all(type(v) is bytes and not any(v) for v in values)}
    atoms = {key: atom for probe in probes for key, atom in probe.atoms.items()}
    _note_atoms(scene, seen, atoms, truth)
    _note_statements(scene, seen, atoms)
    found = list(atoms.values())
    _note_kept(scene)
    named |= {(a.unit, a.text): a.shape for a in scene.unread if isinstance(a.shape, str)}
    scene.unread += _of_other_gates(found)
    scene.steps = [*_of_other_arrays(found, named), *_of_other_methods(scene, found)]
    for unit in units:
        scene.numpy = next((name for name, value in unit.function.__globals__.items() if value is np), scene.numpy)
        for node in ast.walk(unit.tree):
            match node:
                case ast.Constant(str(text)) | ast.keyword(str(text)) if text.isidentifier():
                    scene.strings.add(text)
    return scene


def _run_twice(code: Code, truth: Truth, probes: list[_Probe], seen: _Seen) -> Exception | None:
    """Run the probes, then again for other targets, and return what stopped the first run."""
    case, errors = truth.case, []
    call = build(code, [probe.tree for probe in probes], {"__see__": seen.see})
    for other in (0, 1):
        seen.runs.append({})
        targets = (case.targets + other) % case.params.vocab_size
        try:
            with np.errstate(all="ignore"):
                call(case.params.copy(), case.x.copy(), targets, **{k: v.copy() for k, v in case.states.items()})
        except Exception as error:  # what stops half way is looked at as far as it went
            errors.append(None if other else error.with_traceback(None))
    return errors[0] if errors else None


def _note_atoms(scene: Scene, seen: _Seen, atoms: dict[Key, Atom], truth: Truth) -> None:
    """What is read: its shape, whether it depends on the targets, what made it, and what is a weight."""
    for key in atoms.keys() & seen.shapes.keys():
        atoms[key].shape, atoms[key].back = seen.shapes[key], key in seen.changed
    texts = {(atom.unit, atom.text): atom.shape for atom in atoms.values() if atom.shape is not None}
    for atom in atoms.values():  # of what was not reached, as elsewhere
        atom.shape = texts.get((atom.unit, atom.text)) if atom.shape is None else atom.shape
    weights, first = set(truth.case.params.flat.tolist()), seen.runs[0]
    scene.weights = {atom.text for key, atom in atoms.items() if first.get(key, [None])[0] in weights}
    for (unit, *where), found in zip(seen.arrays, truth.recognize([*seen.arrays.values()]), strict=True):
        squashes = {key.squash for key in truth.keys_in(max(found, 0))}
        if len(squashes) == 1 and None not in squashes:
            text = where[0] if len(where) == 1 else scene.units[unit].text[slice(*where)]
            scene.squashed[unit, text] = squashes.pop()


def _note_statements(scene: Scene, seen: _Seen, atoms: dict[Key, Atom]) -> None:
    """What each statement reads and gives a value, and what the vectors are that these values hold."""
    given = {key: [key[1]] for key in seen.shapes if len(key) == 2}  # what is given which names
    for slot in (slot for slot in scene.slots if slot.node is not None):
        unit = scene.units[slot.unit]
        spans = [(slot.unit, *unit.span(node)) for node in paths_in(slot.node)]
        scene.atoms[slot.number] = [atoms[span] for span in spans if span in atoms]
        key = (slot.unit, *unit.span(slot.node.value)) if targets_of(slot.node) else None
        if key in seen.shapes:
            scene.results[slot.number] = seen.shapes[key]
            given[key] = [unit.segment(target) for target in targets_of(slot.node)]
    held: dict[tuple[int, str], Any] = {}
    for key in (key for key in seen.shapes if key in given):
        _, filled, parts = seen.sights[key]
        for text in given[key]:
            scene.filled |= {(key[0], text)} if filled else set()
            held |= {(key[0], text + part): shape for part, shape in parts.items() if text.isidentifier()}
        for part, shape in parts.items():
            if "[" not in part:
                scene.fields.setdefault(part[1:], shape)
    read = {(atom.unit, atom.text) for atom in atoms.values() if atom.shape is not None}
    for (number, text), shape in held.items():
        quoted = text if '"' in scene.units[number].text else text.replace('"', "'")
        told = is_vector(shape) or (shape == "int" and text.endswith('"]'))
        if told and read.isdisjoint({(number, text), (number, text.replace('"', "'"))}):
            scene.unread.append(Atom(ast.parse(quoted, mode="eval").body, quoted, number, shape))


def _note_kept(scene: Scene) -> None:
    """Names, attributes and keys that are assigned are there for others, though nothing may read them yet."""
    # What is added to was there before, and may be larger than what is added.
    for slot in (slot for slot in chain.from_iterable(scene.statements) if not isinstance(slot.node, ast.AugAssign)):
        match targets_of(slot.node):
            case [ast.Name() | ast.Attribute() | ast.Subscript(slice=ast.Constant()) as target]:
                unit, shape, owner = scene.units[slot.unit], scene.results.get(slot.number), None
                if isinstance(target, ast.Attribute):  # it is there for all methods of the class
                    scene.fields[target.attr], owner = shape, unit.owner
                for number, other in enumerate(scene.units):
                    if shape is not None and (other is unit or (owner is not None and other.owner is owner)):
                        scene.unread.append(Atom(target, unit.segment(target), number, shape))


def _shape(value: Any, module: str | None) -> Any:
    """The shape of an array, () of a number; words for what else may be exchanged for one another, or None."""
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, int | np.integer):
        return "int"
    if isinstance(value, np.ndarray):
        return value.shape if value.dtype.kind == "f" else ("ints", value.shape)
    if isinstance(value, float):
        return ()
    if isinstance(value, slice):
        return "slice"
    if isinstance(value, str) and value in GATES:
        return "gate"
    if isinstance(value, list) and value and isinstance(value[0], float):
        return f"numbers ({len(value)})"
    if isinstance(value, list) and value and isinstance(value[0], list):
        inner = _shape(value[0], module)
        return f"{len(value)} x {inner}" if isinstance(inner, str) else None
    if isinstance(value, list | tuple | deque) and value and type(value[0]).__module__ != "builtins":
        arrays = not isinstance(value, tuple) and isinstance(value[0], np.ndarray)
        return f"list of {value[0].shape if arrays else type(value[0]).__name__}"
    if isinstance(value, dict) and value:
        first = _shape(next(iter(value.values())), module)
        return f"dict of {first}" if is_vector(first) else None
    if type(value).__module__ == module and not callable(value):
        return f"object {type(value).__name__}"
    return None


def _shapes_in(value: Any, module: str | None) -> dict[str, Any]:
    """The shapes of its attributes, and of vectors and whole numbers under keys: ".c", '["i"]', '.s["i"]'."""
    held = {f".{name}": each for name, each in _fields(value).items()}
    for path, whole in [("", value), *held.items()]:
        if isinstance(whole, dict) and len(whole) < 40:
            for key in (key for key in whole if isinstance(key, str) and key.isidentifier()):
                is_one = isinstance(whole[key], np.ndarray) and sum(n > 1 for n in whole[key].shape) == 1
                if is_one or _shape(whole[key], module) == "int":
                    held[f'{path}["{key}"]'] = whole[key]
    return {path: _shape(each, module) for path, each in held.items()}


def _fields(value: Any) -> dict[str, Any]:
    """The attributes of an object that holds values: of a class of the learner's, a named tuple, a namespace."""
    kind = type(value)
    if isinstance(value, type | types.ModuleType | types.FunctionType | np.ndarray | np.generic):
        return {}
    found = dict(list(vars(value).items())[:40]) if kind.__dictoffset__ else {}
    for name in (*getattr(kind, "_fields", ()), *getattr(kind, "__match_args__", ())):
        if isinstance(vars(kind).get(name), types.MemberDescriptorType) or isinstance(value, tuple):
            with contextlib.suppress(AttributeError):  # of a slot that is not filled yet
                found[name] = object.__getattribute__(value, name)
    return {name: held for name, held in found.items() if name[:1] != "_"}


def _holds_numbers(value: Any) -> bool:
    """Whether it is a number, an array or a list with a number in it, that is not zero."""
    if isinstance(value, np.ndarray | int | float):
        return getattr(value, "dtype", np.dtype(int)).kind in "biuf" and bool(np.any(value))
    return isinstance(value, list) and any(_holds_numbers(one) for one in value)


def _of_other_gates(atoms: list[Atom]) -> Iterator[Atom]:
    """`s[2]`, `s[O]` or `w["Wo"]` where the code reads such things of two gates: those of the others.

    And `s["f"]` where it reads `s["i"]`.
    """
    read: dict[tuple, dict[str, Atom]] = {}
    for atom in atoms:
        found = _GATE.fullmatch(atom.text) if isinstance(atom.node, ast.Subscript) and is_vector(atom.shape) else None
        if found:
            start, end = found.span(found.lastindex)
            pattern = atom.text[:start], atom.text[end:], atom.unit, found.lastindex == 2 and atom.shape
            read.setdefault(pattern, {})[found[found.lastindex]] = atom
    numbers = sorted({gate for (*_, letters), gates in read.items() if not letters for gate in gates})
    for (before, after, unit, letters), gates in read.items():
        one = next(iter(gates.values()))
        if len(gates) > 1 or (letters and before[-1] in "'\""):
            for gate in (gate for gate in ("ifog" if letters else numbers) if gate not in gates):
                yield Atom(one.node, before + gate + after, unit, one.shape, one.back)


def _of_other_arrays(found: list[Atom], assigned: dict[tuple[int, str], Any]) -> Iterator[Atom]:
    """`c[t + 1]` where the code reads `a[t + 1]` and `b[t + 1]`.

    Of an array `c` with a name that is as large as they are, or of one that gives the same shape at another index.
    """
    read: dict[tuple[int, str, Any], dict[str, Atom]] = {}
    for atom in found:
        if isinstance(atom.node, ast.Subscript) and is_vector(atom.shape):
            base, bracket, index = atom.text.rpartition("[")
            if index.count("]") == 1:  # no index in an index
                read.setdefault((atom.unit, bracket + index, atom.shape), {})[base] = atom
    for (unit, index, shape), arrays in read.items():
        one = next(iter(arrays.values()))
        if len(arrays) > 1:
            shapes = {assigned.get((unit, base)) for base in arrays} - {None}
            same = [name for (u, name), held in assigned.items() if u == unit and {held} == shapes]
            same += [base for (u, _, s), bases in read.items() if (u, s) == (unit, shape) for base in bases]
        else:  # of a table that nobody reads
            same = [name for (u, name), held in assigned.items() if (u, held) == (unit, f"dict of {shape}")]
        yield from (Atom(one.node, base + index, unit, shape) for base in dict.fromkeys(same) if base not in arrays)


def _of_other_methods(scene: Scene, found: list[Atom]) -> Iterator[Atom]:
    """`self.c[t - 1]` for a method that has `self` and a `t`, where another method of the class reads it."""
    units = scene.units
    known = [local_names(unit.node) for unit in units]
    own = {(atom.unit, atom.text) for atom in found}
    for atom in {(units[a.unit].owner, a.text): a for a in found if isinstance(a.node, ast.Subscript)}.values():
        for number, unit in enumerate(units) if is_vector(atom.shape) and units[atom.unit].owner else ():
            same = unit.owner is units[atom.unit].owner and names(atom.node) <= known[number]
            if same and (number, atom.text) not in own:
                scene.squashed[number, atom.text] = scene.squash(atom)
                yield Atom(atom.node, atom.text, number, atom.shape)


class _Probe(ast.NodeTransformer):
    """The tree of a unit in which all that is read, computed or named is shown to `__see__`.

    `atoms` are the names and paths that it reads, `operations` the calls and sums, both by unit and span.
    """

    def __init__(self, number: int, unit: Unit):
        self.number, self.unit = number, unit
        functions = [f for f in ast.walk(unit.tree) if isinstance(f, ast.FunctionDef)]
        tops = [top for f in functions for top in (*f.decorator_list, f.args, f.returns) if top is not None]
        outside = {id(part) for top in tops for part in ast.walk(top)}  # these are not evaluated again
        inside = [node for node in ast.walk(unit.tree) if id(node) not in outside]
        paths = sorted(paths_in(unit.tree), key=lambda node: self.key(node)[::-1])
        self.atoms = {self.key(p): Atom(p, unit.segment(p), number) for p in paths if id(p) not in outside}
        self.operations = {self.key(node) for node in inside if isinstance(node, ast.BinOp | ast.Call)}
        self.shown = {*self.atoms, *self.operations, *(self.key(node.value) for node in inside if targets_of(node))}
        self.tree = ast.fix_missing_locations(self.visit(unit.parsed()))

    def key(self, node: ast.AST) -> Key:
        """The unit and the span of a node."""
        return self.number, *self.unit.span(node)

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.pattern):  # what stands there is no expression
            return node
        key = self.key(node) if isinstance(node, ast.expr) else None
        node, given = self.generic_visit(node), []
        if key in self.shown:
            return self.seen(key, node)
        match node:
            case ast.FunctionDef(args=args):
                given = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
            case ast.For(target):
                given = [inner.id for inner in ast.walk(target) if isinstance(inner, ast.Name)]
            case ast.Assign([ast.Tuple(elts), *_]):
                given = [one.id for one in elts if isinstance(one, ast.Name)]
        looks = [ast.Expr(self.seen((self.number, name), ast.Name(name, ast.Load()))) for name in given]
        if isinstance(node, ast.Assign):
            return [node, *looks]
        if looks:
            node.body[:0] = looks
        return node

    def seen(self, key: Key, node: ast.expr) -> ast.expr:
        """The expression, shown to `__see__`."""
        return ast.copy_location(ast.Call(ast.Name("__see__", ast.Load()), [ast.Constant(key), node], []), node)
