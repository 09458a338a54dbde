"""Compile a learner's functions again from changed text or trees, and put them in place of the old ones.

Imports source and standins.
"""

from __future__ import annotations

import ast
import copy
import functools
import types
from collections.abc import Callable
from typing import Any

from lstm_teach.doctor.source import Unit, bare, classes_of, closure_values, plain_function
from lstm_teach.doctor.standins import guarded_builtins, stand_ins


def build(
    backward: Callable,
    units: list[Unit],
    trees: list[ast.Module] | None = None,
    extra: dict[str, Any] | None = None,
    unread: bool = False,
) -> Callable:
    """Compile the units again and put them in place of the learner's functions, in copies of their globals.

    `trees` are the syntax trees to compile (those of the units where None); they are used up. `extra` are names added
    to the globals. With `unread` the rows of `lt.forward` that belong to no step hold numbers instead of zeros.
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
    pairs = list(zip(units, trees or [unit.parsed() for unit in units], strict=True))
    for unit, tree in reversed(pairs):
        new = _compile(unit, tree, spaces[id(unit.function.__globals__)])
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
        for cell in function.__closure__ or ():
            cell.cell_contents = made.put(cell.cell_contents)
    for space in spaces.values():
        space |= {name: made.put(value) for name, value in space.items() if name[:2] != "__"}
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
        self.objects: dict[int, tuple[Any, Any]] = {}

    def put(self, value: Any) -> Any:
        """`value` with the new functions and classes in it."""
        kind = type(value)
        if kind in (list, tuple, dict) and len(value) < 20:
            old = [*value, *value.values()] if kind is dict else value  # a function may be a key of a table
            new = [self.put(each) for each in old]
            if all(a is b for a, b in zip(new, old, strict=True)):
                return value
            return dict(zip(new[: len(value)], new[len(value) :], strict=True)) if kind is dict else kind(new)
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
        new, plain = self.put(backward), plain_function(backward)
        if new is not backward:
            return new
        if plain.__code__ in self.functions:
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


def _compile(unit: Unit, tree: ast.Module, space: dict[str, Any]) -> types.FunctionType:
    """One unit as a function. It is compiled inside a factory whose arguments are the names from around it.

    A method is compiled inside a class, for its private names and `super()`: one whose name nobody calls.
    """
    function, (node,) = unit.function, tree.body
    nothing = ast.parse("None", mode="eval").body
    node.decorator_list = []
    node.args.defaults = [nothing] * len(node.args.defaults)  # their values are those of the function
    node.args.kw_defaults = [default and nothing for default in node.args.kw_defaults]
    around = {name: value for name, value in closure_values(function).items() if name != "__class__"}
    owner = f"__{unit.owner.__name__}" if unit.owner else ""
    module = ast.parse(
        f"def factory({', '.join(around)}):\n  {f'class {owner}' if owner else 'if 1'}:\n    pass\n"
        f"  return {owner or node.name}"
    )
    module.body[0].body[0].body = [node]
    scope: dict[str, Any] = {}
    flags = function.__code__.co_flags & 0x1FE0000  # `from __future__` features
    exec(compile(module, unit.place, "exec", flags, dont_inherit=True), space, scope)
    new = scope["factory"](*around.values())
    if owner:
        new = next(each for each in map(bare, vars(new).values()) if isinstance(each, types.FunctionType))
        for name, cell in zip(new.__code__.co_freevars, new.__closure__ or (), strict=True):
            if name == "__class__":
                cell.cell_contents = unit.owner
    new.__defaults__, new.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return new
