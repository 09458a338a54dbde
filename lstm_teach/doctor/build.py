"""Compile a learner's functions again from changed text or trees, and put them in place of the old ones.

Imports code, source and standins.
"""

import ast
import copy
import functools
import types
from collections.abc import Callable
from typing import Any

from lstm_teach.doctor.code import Code
from lstm_teach.doctor.source import Unit, bare, classes_of, closure_values, plain_function
from lstm_teach.doctor.standins import guarded_builtins, stand_ins


def build(
    code: Code, trees: list[ast.Module] | None = None, extra: dict[str, Any] | None = None, unread: bool = False
) -> Callable:
    """Compile the code again and put the new functions in place of the learner's functions, in copies of their globals.

    `trees` are the syntax trees to compile (those of the units where None); they are used up. `extra` are names added
    to the globals. With `unread` the rows of `lt.forward` that belong to no step hold numbers instead of zeros.
    Returns a callable used as `backward` is. Raises SyntaxError or ValueError if a tree can't be compiled.
    """
    others, made, units, backward = stand_ins(unread), _Made(), code.units, code.backward
    for space in (unit.function.__globals__ for unit in units):
        if id(space) not in made.spaces:
            same = {name: others.get(id(value), value) for name, value in space.items()}
            made.spaces[id(space)] = {**same, "__builtins__": guarded_builtins(), **(extra or {})}
    for unit, tree in zip(units, trees or [unit.parsed() for unit in units], strict=True):
        made.codes.setdefault(unit.function.__code__, _compiled(unit, tree))
    plain = plain_function(backward)  # what can't be read stays as it is, with the new functions around it
    made.codes.setdefault(plain.__code__, plain.__code__)
    functions = [(unit.function, made.empty(unit.function)) for unit in units]
    owners = {owner for unit in units if unit.owner for owner in (unit.owner, *classes_of([unit.owner]))}
    for owner in sorted(owners, key=lambda each: len(each.__mro__)):
        made.classes[owner] = _class_again(owner, made)
    for new in made.classes.values():  # a class may hold other classes, as `gates = {"g": Tanh}` does
        for name, value in list(vars(new).items()):
            if name[:2] != "__" and (put := made.put(value)) is not value:
                setattr(new, name, put)
    for old, new in functions:
        made.fill(old, new)
    for space in made.spaces.values():
        space |= {name: made.put(value) for name, value in space.items() if name[:2] != "__"}
    entry = made.put(backward)
    entry = made.function(plain) if entry is backward else entry
    constants = [unit for unit in units if unit.constants]

    def call(*args: Any, **kwargs: Any) -> Any:
        for unit in constants:
            value = made.function(unit.function)()
            for name, one in zip(unit.constants, value if len(unit.constants) > 1 else [value], strict=True):
                if unit.owner is not None:
                    setattr(made.classes[unit.owner], name, one)
                else:
                    made.spaces[id(unit.function.__globals__)][name] = one
        return entry(*args, **kwargs)

    return call if constants else entry


class _Made:
    """The new functions and classes, and what has to be put in place of the old ones."""

    def __init__(self) -> None:
        self.spaces: dict[int, dict[str, Any]] = {}  # globals, by the id of the old ones
        self.codes: dict[types.CodeType, types.CodeType] = {}
        self.classes: dict[type, type] = {}
        self.objects: dict[int, tuple[Any, Any]] = {}  # functions and other things, old and new, by the id of the old

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
                object.__setattr__(new, "__class__", self.classes[kind])  # a frozen dataclass refuses other ways
                for name, held in getattr(new, "__dict__", {}).items():
                    new.__dict__[name] = self.put(held)
            return self.objects[id(value)][1]
        if isinstance(value, types.MethodType):
            return types.MethodType(self.function(value.__func__), self.put(value.__self__))
        if isinstance(value, functools.partial):
            return functools.partial(self.put(value.func), *value.args, **value.keywords)
        if isinstance(value, types.FunctionType):
            plain = plain_function(value)
            return self.function(plain) if getattr(plain, "__code__", None) in self.codes else value
        return value

    def function(self, old: types.FunctionType) -> types.FunctionType:
        """The new function for an old one: with the new text, and what is around it and its defaults put in anew."""
        if old.__code__ not in self.codes:
            return old
        if id(old) not in self.objects:
            self.fill(old, self.empty(old))
        return self.objects[id(old)][1]

    def empty(self, old: types.FunctionType) -> types.FunctionType:
        """The new function, without what is around it, which may hold it."""
        code = self.codes[old.__code__]
        cells = tuple(types.CellType() for _ in code.co_freevars)
        space = self.spaces.get(id(old.__globals__), old.__globals__)
        new = types.FunctionType(code, space, code.co_name, None, cells)
        self.objects[id(old)] = old, new
        return new

    def fill(self, old: types.FunctionType, new: types.FunctionType) -> None:
        """Put in the defaults of the old function, and what is around it; a name that is not around is its own."""
        new.__defaults__, new.__kwdefaults__ = self.put(old.__defaults__), self.put(old.__kwdefaults__)
        vars(new).update(vars(old))
        around = closure_values(old)
        for name, cell in zip(new.__code__.co_freevars, new.__closure__ or (), strict=True):
            cell.cell_contents = self.put(around[name]) if name in around else new


def _class_again(owner: type, made: _Made) -> type:
    """The class with the new functions as its methods."""
    names = {}
    for name, value in vars(owner).items():
        function = bare(value)
        if isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType):
            continue  # of a slot, an instance's dict: the new class gets its own
        new = made.function(function) if isinstance(function, types.FunctionType) else function
        names[name] = value if new is function else new if function is value else type(value)(new)
    bases = tuple(made.classes.get(base, base) for base in owner.__bases__)
    return types.new_class(owner.__name__, bases, {"metaclass": type(owner)}, lambda space: space.update(names))


def _compiled(unit: Unit, tree: ast.Module) -> types.CodeType:
    """The code of one unit, compiled inside a factory whose arguments are the names from around it.

    A method is compiled inside a class, for its private names and `super()`: one whose name nobody calls.
    """
    (node,), nothing = tree.body, ast.parse("None", mode="eval").body
    node.decorator_list = node.type_params = []
    node.args.defaults = [nothing] * len(node.args.defaults)  # their values are those of the function
    node.args.kw_defaults = [default and nothing for default in node.args.kw_defaults]
    around = ", ".join(name for name in closure_values(unit.function) if name != "__class__")
    owner = [f"__{unit.owner.__name__}"] if unit.owner else []
    module = ast.parse(f"def factory({around}):\n  {f'class {owner[0]}' if owner else 'if 1'}:\n    pass")
    module.body[0].body[0].body = [node]
    flags = unit.function.__code__.co_flags & 0x1FE0000  # `from __future__` features
    code = compile(module, unit.place, "exec", flags, dont_inherit=True)
    for name in ("factory", *owner, node.name):
        code = next(each for each in code.co_consts if getattr(each, "co_name", "") == name)
    return code
