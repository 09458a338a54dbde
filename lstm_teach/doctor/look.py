"""Run the learner's code once and note the shape of everything that it reads and computes.

Imports build, scene and truth.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from lstm_teach import guard
from lstm_teach.doctor.build import build
from lstm_teach.doctor.scene import Atom, Scene, is_vector, mark_methods, paths_in, targets_of
from lstm_teach.doctor.slots import Slot
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import Truth

_COMPARED = 40  # how often at most something is compared between the two runs


def look(backward: Any, units: list[Unit], slots: list[Slot], truth: Truth) -> Scene:
    """Run the code once and note the shape of everything that it reads and computes."""
    scene = Scene(units, slots)
    shapes: dict[int, Any] = {}
    found: list[Atom] = []
    trees = []
    probes: dict[tuple[int, int, int], int] = {}
    for number, unit in enumerate(units):
        trees.append(_Probe(number, unit, found, probes).visit(unit.parsed()))
    for unit in units:
        mark_methods(unit.tree)
    for slot in slots:
        if slot.node is not None:
            own = []
            for node in paths_in(slot.node):
                key = (slot.unit, *units[slot.unit].span(node))
                if key in probes:
                    found[probes[key]].node = node
                    own.append(found[probes[key]])
            scene.atoms[slot.number] = own
    by_span = {(s.unit, s.start): s.number for s in slots if s.kind == "statement"}

    module = units[0].function.__globals__.get("__name__")

    def shape_of(value: Any) -> Any:
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
        if isinstance(value, list) and value and isinstance(value[0], float):
            return f"numbers ({len(value)})"
        if isinstance(value, list) and value and isinstance(value[0], list) and value[0]:
            inner = shape_of(value[0])
            return f"{len(value)} x {inner}" if isinstance(inner, str) else None
        if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            return f"list of {value[0].shape}"
        if isinstance(value, list | tuple) and value and type(value[0]).__module__ != "builtins":
            return f"list of {type(value[0]).__name__}"
        if isinstance(value, dict) and value:
            first = shape_of(next(iter(value.values())))
            return f"dict of {first}" if is_vector(first) else None
        if getattr(type(value), "__module__", "") == module and not callable(value):
            return f"object {type(value).__name__}"
        return None

    numbers: dict[Any, list] = {}  # what was read and computed in the first run, to compare with the second
    changed: set = set()
    passed: dict[Any, int] = {}

    def note(key: Any, value: Any) -> None:
        passed[key] = count = passed.get(key, -1) + 1
        if count >= _COMPARED:
            return
        now = value.tobytes() if isinstance(value, np.ndarray) else value if isinstance(value, float) else None
        if repeated and numbers.get(key, [])[count : count + 1] != [now]:
            changed.add(key)
        elif not repeated:
            numbers.setdefault(key, []).append(now)

    weights = set(truth.case.params.flat.tolist())

    def atom(number: int, value: Any) -> Any:
        if number not in shapes:
            shapes[number] = shape_of(value)
            if _is_one_hot(value):
                scene.one_hot.add(found[number].text)
            if isinstance(value, float) and value in weights:
                scene.weights.add(found[number].text)
        note(number, value)
        return value

    def note_fields(value: Any) -> None:
        for name, held in _fields(value).items():
            scene.fields.setdefault(name, shape_of(held))

    held: dict[tuple[int, str, str], Any] = {}  # fields and keys of objects that have a name

    def note_parts(unit: int, name: str, value: Any) -> None:
        parts = {f".{field}": each for field, each in _fields(value).items()}
        for path, whole in [("", value), *parts.items()]:
            parts |= {f'{path}["{key}"]': each for key, each in _records(whole).items()}
        held.update({(unit, name, path): shape_of(each) for path, each in parts.items()})

    def result(unit: int, start: int, value: Any) -> Any:
        if by_span.get((unit, start), -1) not in scene.results:
            number = by_span.get((unit, start), -1)
            scene.results[number] = shape_of(value)
            note_fields(value)
            for target in targets_of(slots[number].node) if number >= 0 else ():
                if isinstance(target, ast.Name):
                    note_parts(unit, target.id, value)
            if _holds_numbers(value):
                scene.filled |= {(unit, units[unit].segment(target)) for target in targets_of(slots[number].node)}
        return value

    def operation(unit: int, start: int, end: int, value: Any) -> Any:
        scene.operations.setdefault((unit, start, end), shape_of(value))
        note((unit, start, end), value)
        return value

    assigned: dict[tuple[int, str], Any] = {}

    def name_value(unit: int, name: str, value: Any) -> Any:
        if assigned.get((unit, name)) is None:
            assigned[unit, name] = shape_of(value)
            if _is_one_hot(value):
                scene.one_hot.add(name)
            if _holds_numbers(value):
                scene.filled.add((unit, name))
            note_fields(value)
            note_parts(unit, name, value)
        note((unit, name), value)
        return value

    extra_names = {"__name_value__": name_value}
    call = build(
        backward, units, trees, extra_names | {"__atom__": atom, "__result__": result, "__operation__": operation}
    )
    case = truth.case
    for repeated in (False, True):
        targets = (case.targets + repeated) % case.params.vocab_size
        passed.clear()
        try:
            with np.errstate(all="ignore"):
                call(case.params.copy(), case.x.copy(), targets, **{k: v.copy() for k, v in case.states.items()})
        except (Exception, guard.OutOfTime) as error:  # what stops half way is looked at as far as it went
            scene.results.setdefault(-1, error)
    keys = {key for key in changed if isinstance(key, tuple) and len(key) == 3}
    # What is in an empty array comes from anywhere.
    scene.back = {key for key in keys if "empty" not in units[key[0]].text[key[1] : key[2]]}
    by_text: dict[tuple[int, str], Any] = {}
    for number, one in enumerate(found):
        one.shape = shapes.get(number)
        one.back = number in changed if number in shapes else None
        if one.shape is not None:
            by_text[one.unit, one.text] = one.shape
    for one in found:
        one.shape = one.shape if one.shape is not None else by_text.get((one.unit, one.text))
    for (unit, name), shape in assigned.items():
        if shape is not None:
            scene.unread.append(Atom(ast.Name(name, ast.Load()), name, unit, shape, (unit, name) in changed))
    for (unit, name, part), shape in held.items():
        text = name + part if '"' in units[unit].text else name + part.replace('"', "'")
        if is_vector(shape) and not {(unit, text), (unit, text.replace('"', "'"))} & set(by_text):
            scene.unread.append(Atom(ast.parse(text, mode="eval").body, text, unit, shape))
    scene.unread += [*_of_other_gates(found), *_of_other_keys(found)]
    scene.steps = list(_of_other_arrays(found, assigned))
    for slot in slots:
        for target in targets_of(slot.node) if slot.kind == "statement" else ():
            kept = isinstance(target, ast.Name | ast.Attribute) or (
                isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
            )
            if kept and len(targets_of(slot.node)) == 1:
                shape = scene.results.get(slot.number)
                if isinstance(target, ast.Attribute):
                    scene.fields[target.attr] = shape
                if shape is not None:
                    owner = units[slot.unit].owner if isinstance(target, ast.Attribute) else None
                    for number, unit in enumerate(units):  # an attribute is there for all methods of the class
                        if number == slot.unit or (owner is not None and unit.owner is owner):
                            scene.unread.append(Atom(target, units[slot.unit].segment(target), number, shape))
    for unit in units:
        for call in (n for n in ast.walk(unit.tree) if isinstance(n, ast.Call)):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            strings = (arg for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))
            scene.words.setdefault(name, set()).update(unit.segment(arg) for arg in strings)
        texts = {n.value for n in ast.walk(unit.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        texts |= {n.arg for n in ast.walk(unit.tree) if isinstance(n, ast.keyword) and n.arg}
        scene.strings |= {text for text in texts if text.isidentifier()}
        for name, value in unit.function.__globals__.items():
            if value is np:
                scene.numpy = name
    return scene


def _fields(value: Any) -> dict[str, Any]:
    """The attributes of an object that holds values: of a class of the learner's, a named tuple, a namespace."""
    kind = type(value)
    if isinstance(value, type | types.ModuleType | types.FunctionType | np.ndarray | np.generic):
        return {}
    found = dict(list(vars(value).items())[:40]) if kind.__dictoffset__ else {}
    for name in (*getattr(kind, "_fields", ()), *getattr(kind, "__match_args__", ())):
        if isinstance(vars(kind).get(name), types.MemberDescriptorType) or isinstance(value, tuple):
            try:
                found[name] = object.__getattribute__(value, name)
            except AttributeError:  # of a slot that is not filled yet
                continue
    return {name: held for name, held in found.items() if name[:1] != "_"}


def _records(value: Any) -> dict[str, np.ndarray]:
    """The vectors that a dict holds under names."""
    items = value.items() if isinstance(value, dict) and len(value) < 40 else ()
    arrays = [(key, held) for key, held in items if isinstance(key, str) and isinstance(held, np.ndarray)]
    return {key: held for key, held in arrays if key.isidentifier() and sum(n > 1 for n in held.shape) == 1}


def _holds_numbers(value: Any) -> bool:
    """Whether it is a number, an array or a list with a number in it, that is not zero."""
    if isinstance(value, np.ndarray | int | float):
        return getattr(value, "dtype", np.dtype(int)).kind in "biuf" and bool(np.any(value))
    return isinstance(value, list) and any(_holds_numbers(one) for one in value)


def _is_one_hot(value: Any) -> bool:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim == 0:
        return False
    return bool(np.isin(value, (0, 1)).all() and (value.sum(-1) == 1).all())


def _of_other_gates(found: list[Atom]) -> Iterator[Atom]:
    """`s[2]` or `s[O]` where the code reads `s[0]` and `s[1]`, or `s[I]` and `s[F]`: the other gates' rows."""
    rows: dict[tuple[int, str], dict[str, Atom]] = {}
    for atom in found:
        index = atom.node.slice if isinstance(atom.node, ast.Subscript) else None
        first = index.elts[0] if isinstance(index, ast.Tuple) and index.elts else index
        gate = (isinstance(first, ast.Name) and first.id.isupper()) or (
            isinstance(first, ast.Constant) and first.value in range(4)
        )
        if gate and is_vector(atom.shape):
            key = first.id if isinstance(first, ast.Name) else str(first.value)
            base, bracket, rest = atom.text.partition("[")
            if rest.startswith(key):
                rows.setdefault((atom.unit, base + bracket + "\0" + rest[len(key) :]), {})[key] = atom
    names = {key for (_, _), keys in rows.items() for key in keys}
    for (unit, pattern), keys in rows.items():
        if len(keys) > 1:
            for key in sorted(names - set(keys)):
                one = next(iter(keys.values()))
                yield Atom(one.node, pattern.replace("\0", key), unit, one.shape, one.back)


def _of_other_keys(found: list[Atom]) -> Iterator[Atom]:
    """`w["Wo"]` where the code reads `w["Wi"]` and `w["Wf"]`, and `s["f"]` where it reads `s["i"]`."""
    read: dict[tuple[int, str, Any], dict[str, Atom]] = {}
    for atom in found:
        index = atom.node.slice if isinstance(atom.node, ast.Subscript) else None
        key = index.value if isinstance(index, ast.Constant) and isinstance(index.value, str) else ""
        if key[-1:] in ("i", "f", "o", "g") and len(key) < 4 and is_vector(atom.shape):
            quote = atom.text[-2]
            read.setdefault((atom.unit, atom.text.removesuffix(f"{key[-1]}{quote}]"), atom.shape), {})[key[-1]] = atom
    for (unit, base, shape), keys in read.items():
        one = next(iter(keys.values()))
        for letter in "ifog":
            if letter not in keys and (len(keys) > 1 or base[-1] in "'\""):
                yield Atom(one.node, f"{base}{letter}{one.text[-2]}]", unit, shape, one.back)


def _of_other_arrays(found: list[Atom], assigned: dict[tuple[int, str], Any]) -> Iterator[Atom]:
    """`c[t + 1]` where the code reads `a[t + 1]` and `b[t + 1]`.

    Of an array `c` with a name that is as large as they are, or of one that gives the same shape at another index.
    """
    read: dict[tuple[int, str, Any], dict[str, Atom]] = {}
    for atom in found:
        if isinstance(atom.node, ast.Subscript) and is_vector(atom.shape):
            base, bracket, index = atom.text.rpartition("[")
            read.setdefault((atom.unit, bracket + index, atom.shape), {})[base] = atom
    for (unit, index, shape), arrays in read.items():
        one = next(iter(arrays.values()))
        shapes = {assigned.get((unit, base)) for base in arrays} - {None}
        named = (
            [name for (u, name), held in assigned.items() if u == unit and held in shapes] if len(shapes) == 1 else []
        )
        others = [base for (u, _, s), bases in read.items() if (u, s) == (unit, shape) for base in bases]
        for base in dict.fromkeys([*named, *others]) if len(arrays) > 1 else ():
            if base not in arrays:
                yield Atom(one.node, base + index, unit, shape)


class _Probe(ast.NodeTransformer):
    def __init__(self, number: int, unit: Unit, found: list[Atom], probes: dict):
        self.number, self.unit, self.found, self.probes = number, unit, found, probes

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.pattern):  # what stands there is no expression
            return node
        if isinstance(node, ast.Module):
            mark_methods(node)
            self.wanted = {id(path) for path in paths_in(node)}
            self.skip = {
                id(part)
                for f in ast.walk(node)
                if isinstance(f, ast.FunctionDef)
                for top in [*f.decorator_list, *f.args.defaults, *f.args.kw_defaults, f.args, f.returns]
                if top is not None
                for part in ast.walk(top)
            }
        spans = None
        if hasattr(node, "lineno") and isinstance(node, ast.expr | ast.stmt):
            spans = self.unit.span(node)
        wanted = id(node) in getattr(self, "wanted", ()) and id(node) not in self.skip
        text = self.unit.text[slice(*spans)] if wanted else ""
        operation = isinstance(node, ast.BinOp) or (isinstance(node, ast.Call) and id(node) not in self.skip)
        value = getattr(node, "value", None) if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) else None
        node = self.generic_visit(node)
        if isinstance(node, ast.FunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            node.body = [self.name_value(arg.arg) for arg in every] + node.body
        if isinstance(node, ast.For):
            names = [n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)]
            node.body = [self.name_value(name) for name in names] + node.body
        if value is not None:
            name = ast.Name("__result__", ast.Load())
            node.value = ast.Call(name, [ast.Constant(self.number), ast.Constant(spans[0]), node.value], [])
        if operation:
            name = ast.Name("__operation__", ast.Load())
            node = ast.copy_location(
                ast.Call(name, [ast.Constant(k) for k in (self.number, *spans)] + [node], []), node
            )
        if wanted:
            key = (self.number, *spans)
            if key not in self.probes:
                self.probes[key] = len(self.found)
                self.found.append(Atom(node, text, self.number))
            name = ast.Name("__atom__", ast.Load())
            return ast.fix_missing_locations(
                ast.copy_location(ast.Call(name, [ast.Constant(self.probes[key]), node], []), node)
            )
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            names = [e.id for e in node.targets[0].elts if isinstance(e, ast.Name)]
            return [node, *(self.name_value(name) for name in names)]
        return ast.fix_missing_locations(node) if isinstance(node, ast.Module) else node

    def name_value(self, name: str) -> ast.stmt:
        """A statement that notes the shape of what a name stands for."""
        arguments = [ast.Constant(self.number), ast.Constant(name), ast.Name(name, ast.Load())]
        return ast.Expr(ast.Call(ast.Name("__name_value__", ast.Load()), arguments, []))
