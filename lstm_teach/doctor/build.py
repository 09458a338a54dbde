"""Compile a learner's functions again from changed text or trees, and put them in place of the old ones.

Imports source and standins.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import types
from collections.abc import Callable
from typing import Any

from lstm_teach.doctor.source import Unit, bare, classes_of, closure_values, plain_function
from lstm_teach.doctor.standins import stand_ins

# What a variant of the learner's code may not do: read or write files, ask for input, run text, end the session.
_FORBIDDEN = ("open", "input", "exec", "eval", "compile", "breakpoint", "exit", "quit")
_NUMERIC = (
    "numpy",
    "math",
    "cmath",
    "lstm_teach",
    "itertools",
    "functools",
    "operator",
    "collections",
    "typing",
    "copy",
)


def guarded_builtins() -> dict[str, Any]:
    """The builtins for variants: no files, no input, no printing, imports of numeric modules only."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError("the doctor's variants do not touch files, input or other code")

    def numeric_import(name: str, *args: Any, **kwargs: Any) -> types.ModuleType:
        if name.split(".")[0] not in _NUMERIC:
            raise ImportError(f"the doctor's variants do not import {name}")
        return builtins.__import__(name, *args, **kwargs)

    names = dict(vars(builtins))
    names.update(dict.fromkeys(_FORBIDDEN, refuse), print=lambda *args, **kwargs: None, __import__=numeric_import)
    return names


def build(
    backward: Callable,
    units: list[Unit],
    trees: list[ast.Module] | None = None,
    extra: dict[str, Any] | None = None,
    unread: bool = False,
) -> Callable:
    """Compile the units again and put them in place of the learner's functions, in copies of their globals.

    `trees` are the syntax trees to compile (those of the units where None); `extra` are names added to the globals.
    With `unread` the rows of `lt.forward` that belong to no step hold numbers instead of zeros.
    Returns a callable used as `backward` is. Raises SyntaxError or ValueError if a tree can't be compiled.
    """
    spaces: dict[int, dict[str, Any]] = {}
    others = stand_ins(unread)
    for unit in units:
        space = unit.function.__globals__
        if id(space) not in spaces:
            same = {name: others.get(id(value), value) for name, value in space.items()}
            spaces[id(space)] = {**same, "__builtins__": guarded_builtins(), **(extra or {})}
    made = _Made()
    pairs = list(zip(units, trees or [unit.tree for unit in units], strict=True))
    for unit, tree in reversed(pairs):
        new = _compile(unit, tree, spaces[id(unit.function.__globals__)], made)
        made.functions[unit.function.__code__] = new
        made.objects[id(unit.function)] = unit.function, new
    owners = {owner for unit in units if unit.owner for owner in (unit.owner, *classes_of([unit.owner]))}
    for owner in sorted(owners, key=lambda each: len(each.__mro__)):
        made.classes[owner] = _class_again(owner, made)
    for new in made.classes.values():  # a class may hold other classes, as `gates = {"g": Tanh}` does
        for name, value in list(vars(new).items()):
            if name[:2] != "__" and (put := made.put(value)) is not value:
                setattr(new, name, put)
    for function in made.functions.values():
        function.__defaults__ = made.put(function.__defaults__)
        function.__kwdefaults__ = made.put(function.__kwdefaults__)
    for cell in made.cells:
        cell.cell_contents = made.put(cell.cell_contents)
    for space in spaces.values():
        for name, value in list(space.items()):
            if name[:2] != "__":
                space[name] = made.put(value)
    entry = made.put_entry(backward, spaces)
    constants = [unit for unit in units if unit.constants]
    if not constants:
        return entry

    def call(*args: Any, **kwargs: Any) -> Any:
        for unit in constants:
            value = made.functions[unit.function.__code__]()
            for name, one in zip(unit.constants, value if len(unit.constants) > 1 else [value], strict=True):
                if unit.owner is not None:
                    setattr(made.classes[unit.owner], name, one)
                else:
                    spaces[id(unit.function.__globals__)][name] = one
        return entry(*args, **kwargs)

    return call


class _Made:
    """The new functions and classes, and what has to be put in place of the old ones."""

    def __init__(self) -> None:
        self.functions: dict[types.CodeType, types.FunctionType] = {}  # the first with this text
        self.classes: dict[type, type] = {}
        self.cells: list[types.CellType] = []
        self.objects: dict[int, tuple[Any, Any]] = {}

    def put(self, value: Any) -> Any:
        """`value` with the new functions and classes in it."""
        kind = type(value)
        if kind in (list, tuple, dict) and len(value) < 20:
            if kind is dict:  # a function may be a key, as in a table of its gradients
                items = {self.put(key): self.put(each) for key, each in value.items()}
                pairs = zip([*items, *items.values()], [*value, *value.values()], strict=True)
                return value if all(a is b for a, b in pairs) else items
            new = [self.put(each) for each in value]
            return value if all(a is b for a, b in zip(new, value, strict=True)) else kind(new)
        if isinstance(value, type):
            return self.classes.get(value, value)
        if kind in self.classes:
            if id(value) not in self.objects:  # they may hold one another
                new = copy.copy(value)
                self.objects[id(value)] = value, new
                new.__class__ = self.classes[kind]
                for name, held in getattr(new, "__dict__", {}).items():
                    new.__dict__[name] = self.put(held)
            return self.objects[id(value)][1]
        if isinstance(value, types.MethodType):
            return types.MethodType(self.function(value.__func__), self.put(value.__self__))
        if isinstance(value, types.FunctionType | functools.partial):
            plain = plain_function(value)
            return self.function(plain) if getattr(plain, "__code__", None) in self.functions else value
        return value

    def function(self, old: types.FunctionType) -> types.FunctionType:
        """The new function for an old one: with the same text, and what is around it and its defaults put in anew."""
        if old.__code__ not in self.functions:
            return old
        if id(old) not in self.objects:
            like, around = self.functions[old.__code__], closure_values(old)
            cells = {name: types.CellType() for name in like.__code__.co_freevars}
            new = types.FunctionType(like.__code__, like.__globals__, like.__name__, None, tuple(cells.values()))
            self.objects[id(old)] = old, new  # before the things around it, which may hold it
            new.__defaults__, new.__kwdefaults__ = self.put(old.__defaults__), self.put(old.__kwdefaults__)
            for name, cell in cells.items():
                cell.cell_contents = self.put(around[name]) if name in around else new
        return self.objects[id(old)][1]

    def put_entry(self, backward: Any, spaces: dict) -> Callable:
        """`backward` with the new functions inside it: through partials, methods, callable objects and lambdas."""
        if isinstance(backward, functools.partial):
            return functools.partial(self.put_entry(backward.func, spaces), *backward.args, **backward.keywords)
        if isinstance(backward, types.MethodType) or type(backward) in self.classes:
            return self.put(backward)
        if not isinstance(backward, types.FunctionType):
            call = plain_function(backward)
            if isinstance(call, types.FunctionType) and call.__code__ in self.functions:
                return types.MethodType(self.function(call), backward)
        plain = plain_function(backward)
        if getattr(plain, "__code__", None) in self.functions:
            return self.function(plain)
        space = spaces.get(id(plain.__globals__), plain.__globals__)
        cells = tuple(types.CellType(self.put(value)) for value in closure_values(plain).values())
        new = types.FunctionType(plain.__code__, space, plain.__name__, plain.__defaults__, cells or None)
        new.__kwdefaults__ = plain.__kwdefaults__
        return new


def _class_again(owner: type, made: _Made) -> type:
    """The class with the new functions as its methods."""
    names = {}
    for name, value in vars(owner).items():
        function = bare(value)
        new = made.functions.get(getattr(function, "__code__", None))
        if isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType):
            continue  # of a slot, an instance's dict: the new class gets its own
        names[name] = value
        if new is not None and isinstance(function, types.FunctionType):
            names[name] = type(value)(new) if function is not value else new
    bases = tuple(made.classes.get(base, base) for base in owner.__bases__)
    return types.new_class(owner.__name__, bases, {"metaclass": type(owner)}, lambda space: space.update(names))


def _compile(unit: Unit, tree: ast.Module, space: dict[str, Any], made: _Made) -> types.FunctionType:
    """One unit as a function. It is compiled inside a factory whose arguments are the names from around it."""
    function = unit.function
    body = tree.body[0].body if unit.shift else tree.body
    node = next(n for n in body if isinstance(n, ast.FunctionDef))
    around = closure_values(function)
    here = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
    kept, node.decorator_list = node.decorator_list, []
    defaults, node.args.defaults = node.args.defaults, [ast.Constant(None, **here)] * len(node.args.defaults)
    kw_defaults = node.args.kw_defaults
    node.args.kw_defaults = [None if d is None else ast.Constant(None, **here) for d in kw_defaults]
    name = node.name
    if unit.owner:
        _mangle(node, unit.owner.__name__.lstrip("_"))
        node.name = "__method__"  # inside a method its own name is a global's, as `tanh` in a method `tanh`
    factory = ast.FunctionDef(
        name="__factory__",
        args=ast.arguments([], [ast.arg(name, **here) for name in around], None, [], [], None, []),
        body=[node, ast.Return(ast.Name(node.name, ast.Load(), **here), **here)],
        decorator_list=[],
        type_params=[],
        **here,
    )
    module = ast.Module([factory], [])
    try:
        scope: dict[str, Any] = {}
        flags = function.__code__.co_flags & 0x1FE0000  # `from __future__` features
        exec(compile(module, function.__code__.co_filename, "exec", flags=flags, dont_inherit=True), space, scope)
    finally:
        node.name, node.decorator_list, node.args.defaults, node.args.kw_defaults = name, kept, defaults, kw_defaults
    new = scope["__factory__"](*around.values())
    new.__name__, new.__code__ = name, new.__code__.replace(co_name=name)
    made.cells += new.__closure__ or ()
    new.__defaults__, new.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return new


def _mangle(function: ast.FunctionDef, owner: str) -> None:
    """Private names (`self.__step`) as Python makes them inside the class, since the text is compiled outside of it."""
    for node in ast.walk(function):
        for name in ("attr", "id"):
            text = getattr(node, name, "")
            if text.startswith("__") and not text.endswith("__"):
                setattr(node, name, f"_{owner}{text}")
