"""Read a learner's function as text, find the helpers it calls, and put repaired text together again.

The text is never rewritten as a whole: an edit replaces a span, so that line numbers, comments and the learner's own
layout stay. Imports standins and the guard.
"""

from __future__ import annotations

import ast
import bisect
import contextlib
import enum
import inspect
import itertools
import sysconfig
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_teach import guard
from lstm_teach.doctor.standins import guarded_builtins

_PACKAGE = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple({str(Path(sysconfig.get_paths()[key]).resolve()) for key in ("stdlib", "purelib", "platlib")})


class NoSource(Exception):
    """The function's text can't be read; the message says why, in one sentence."""


@dataclass
class Unit:
    """One function, method or constant of the learner's: its text as it stands in the file or cell, and where.

    A lambda that has a name, and a constant of the module, stand in the tree as functions with one `return`.
    Raises SyntaxError if Python can't read the text, StopIteration if there is no function in it.
    """

    function: types.FunctionType
    text: str
    first_line: int  # number of the first line of `text` in the learner's file or cell
    owner: type | None = None  # the class of a method
    constants: tuple[str, ...] = ()  # the names that get what it returns, for constants

    def __post_init__(self) -> None:
        self.text = self.text if self.text.endswith("\n") else self.text + "\n"
        self.shift = int(self.text[:1] in (" ", "\t"))  # lines put before an indented function, so that it is parsed
        self.tree = self.parsed()
        self.node: ast.FunctionDef = self.tree.body[0]
        self._lines = self.text.splitlines(keepends=True)
        self._starts = [0, *itertools.accumulate(map(len, self._lines))]

    @property
    def place(self) -> str:
        """The file or cell that it comes from."""
        return self.function.__code__.co_filename

    def parsed(self) -> ast.Module:
        """A new syntax tree of the text, with the function alone."""
        tree = ast.parse("if 1:\n" + self.text if self.shift else self.text)
        made = map(self._as_function, tree.body[0].body if self.shift else tree.body)
        return ast.Module([next(filter(None, made))], [])

    def _as_function(self, node: ast.stmt) -> ast.FunctionDef | None:
        """`name = lambda ...: value` as `def name(...): return value`; a constant as one without arguments."""
        named = self.function.__name__ == "<lambda>"
        match node:
            case ast.FunctionDef() if not named and not self.constants:
                return node
            case ast.Assign([ast.Name(name)], ast.Lambda(args, value)) if named:
                pass
            case ast.Assign([ast.Name(name) | ast.Tuple([ast.Name(name), *_])], value) if self.constants:
                args = ast.arguments([], [], None, [], [], None, [])
            case _:
                return None
        returned = ast.copy_location(ast.Return(value), value)
        made = ast.FunctionDef(name=name, args=args, body=[returned], decorator_list=[], returns=None, type_params=[])
        return ast.copy_location(made, node)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Start and end of a node in the text."""
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        """Position in the text of an ast position (1-based line, column in bytes)."""
        row = line - 1 - self.shift
        text = self._lines[row]
        return self._starts[row] + (column if text.isascii() else len(text.encode()[:column].decode()))

    def segment(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def row(self, position: int) -> int:
        """Index of the line that holds this position."""
        return bisect.bisect_right(self._starts, position, 1, len(self._lines)) - 1

    def line_start(self, row: int) -> int:
        """Position at which a line begins (the end of the text for the row after the last)."""
        return self._starts[min(row, len(self._lines))]

    def line_number(self, position: int) -> int:
        """Number, in the learner's file or cell, of the line that holds this position."""
        return self.first_line + self.row(position)


def read_function(function: Callable, owner: type | None = None) -> Unit:
    """The unit of a plain Python function. Raises NoSource with the reason."""
    name = getattr(function, "__name__", type(function).__name__)
    if not isinstance(function, types.FunctionType):
        raise NoSource(f"{name} is not a Python function.")
    try:
        lines, first = inspect.getsourcelines(function.__code__)
        unit = Unit(function, "".join(lines), first, owner)
    except (OSError, TypeError, IndexError):
        reason = f"the text of {name} can't be found (it was typed at a prompt, or built from a string)."
        raise NoSource(reason) from None
    except (SyntaxError, StopIteration, ValueError):
        reason = f"the text of {name} can't be read as a function on its own."
        if name == "<lambda>":
            reason = "a lambda without a name has no lines of its own; give the function that it calls."
        raise NoSource(reason) from None
    if name != "<lambda>" and unit.node.name != function.__code__.co_name:
        raise NoSource(f"the file of {name} has changed since it was loaded, so its lines can't be trusted.")
    return unit


def learner_functions(backward: Callable) -> list[Unit]:
    """The function itself and the helpers that it calls and that the learner wrote, the entry first.

    Helpers are found by name, in the globals and the enclosing function, as deep as they call one another; of a class
    all methods are taken. Functions of this library, of Python and of installed packages are not the learner's.
    Raises NoSource if nothing is readable.
    """
    units: list[Unit] = []
    read: set[types.CodeType] = set()
    explored: list[Any] = []
    reasons: list[NoSource] = []
    entry, owners = plain_function(backward), classes_of([backward, getattr(backward, "__self__", None)])
    methods = [(method, owner) for owner in owners for method in _methods(owner)]
    waiting = sorted([*methods, (entry, None)], key=lambda pair: pair[0] is not entry)
    while waiting:
        function, owner = waiting.pop(0)
        if any(function is each for each in explored) or (units and not _is_learners(function)):
            continue
        explored.append(function)
        code = getattr(function, "__code__", None)
        if code not in read:  # a function that is made several times has one text, and things of its own around it
            read.add(code)  # those that can't be read too: one may name itself
            try:
                units.append(read_function(function, owner))
            except NoSource as error:
                reasons.append(error)
        values = _named(function) if code else []
        waiting += [(each, None) for each in map(plain_function, values) if isinstance(each, types.FunctionType)]
        waiting += [(method, each) for each in classes_of(values) for method in _methods(each)]
    if not units:
        raise reasons[0]
    return [*units, *_constants(units)]


def through_modules(units: list[Unit]) -> dict[str, str]:
    """What the code names through a module of the learner's (`mylstm.LSTM`), and its import: nobody looks into that."""
    found: dict[str, str] = {}
    for unit in units:
        for path in (unit.segment(node) for node in ast.walk(unit.tree) if isinstance(node, ast.Attribute)):
            first, *names = path.split(".")
            module, value = None, unit.function.__globals__.get(first)
            for name in names:
                module, value = value, vars(value).get(name) if isinstance(value, types.ModuleType) else None
            is_function = isinstance(value, types.FunctionType) and _is_learners(value)
            if is_function or (isinstance(value, type) and classes_of([value])):
                found[path] = f"from {module.__name__} import {names[-1]}"
    return found


def _file(function: types.FunctionType) -> tuple[list[str], ast.Module]:
    """The lines of the file or cell that a function comes from, and its tree: an empty one if it can't be read."""
    lines = list(inspect.findsource(function.__code__)[0])
    try:
        return lines, ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return lines, ast.Module([], [])


def _given(node: ast.stmt) -> tuple[str, ...]:
    """The names that a statement gives to a class, or to other things if it gives them to names alone."""
    match node:
        case ast.ClassDef(name) | ast.Assign([ast.Name(name)]):
            return (name,)
        case ast.Assign([ast.Tuple(elts)]) if all(isinstance(one, ast.Name) for one in elts):
            return tuple(one.id for one in elts)
    return ()


def _constants(units: list[Unit]) -> Iterator[Unit]:
    """What the functions name of their module's or class's constants: texts, numbers, tuples and so on of these."""
    for place in dict.fromkeys(unit.place for unit in units):
        own = [unit for unit in units if unit.place == place]
        named = {name for unit in own for name in _names(unit.function.__code__)}
        around, owners = own[0].function.__globals__, {unit.owner.__name__: unit.owner for unit in own if unit.owner}
        lines, tree = _file(own[0].function)
        inside = [(node.body, owners[node.name]) for node in tree.body if getattr(node, "name", "") in owners]
        for node, owner in [(node, owner) for block, owner in [(tree.body, None), *inside] for node in block]:
            names, text = _given(node), "".join(lines[node.lineno - 1 : node.end_lineno])
            space = {**around, **vars(owner)} if owner else around
            values = [space.get(name) for name in names]
            if named & set(names) and _is_constant(node, text, values, space):
                # Code compares equal wherever it comes from: what it returns tells two modules apart.
                code = compile(f"def {names[0]}(): return {place!r}", place, "exec").co_consts[0]
                function = types.FunctionType(code.replace(co_firstlineno=node.lineno), around)
                yield Unit(function, text, node.lineno, owner, names)


def _is_constant(node: ast.stmt, text: str, values: list[Any], space: dict[str, Any]) -> bool:
    """Whether an assignment is alone on its lines and gives these values still: nothing has filled them since."""
    if not all(isinstance(value, str | int | float | slice | tuple | list | dict) for value in values):
        return False
    try:
        (_,) = ast.parse(textwrap.dedent(text)).body
        code = compile(ast.Expression(node.value), "<constant>", "eval")
        again = eval(code, {**space, "__builtins__": guarded_builtins()})
        return _same(values, list(again) if len(values) > 1 else [again])
    except Exception:  # there is more on its lines, or a file or the session gave it
        return False


def _same(one: Any, other: Any) -> bool:
    """Whether two things are the same text, number or function, or a few of these in the same list or table."""
    if type(one) is dict:
        return list(one) == list(other) and _same(list(one.values()), list(other.values()))
    if isinstance(one, tuple | list):
        return 0 < len(one) < 20 and len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, types.FunctionType) and isinstance(other, types.FunctionType):
        return one.__code__.co_firstlineno == other.__code__.co_firstlineno  # a lambda is another one each time
    return isinstance(one, str | int | float | slice | np.ufunc) and one == other


def whole_text(units: list[Unit], repaired: list[Unit]) -> str:
    """The entry and all that was repaired, in the order of the files: functions, and of methods the whole classes.

    Of a function that another one makes that one. What the module makes of these is there as well: classes that inherit
    from a repaired one, constants that hold a repaired function, what a repaired function has made. Executed where the
    old ones were defined, it puts the new ones in their place.
    """
    changed = [(old, now) for old, now in zip(units, repaired, strict=True) if old is units[0] or old.text != now.text]
    files = {unit.place: _file(unit.function) for unit in units}
    named = {name for unit in units for name in _names(unit.function.__code__)}
    named |= {unit.owner.__name__ for unit in units if unit.owner}
    new, makers = set(), set()  # names: of what is there anew, and of those among them that make other functions
    spans: dict[str, dict[int, int]] = {place: {} for place in files}  # last lines, by file and first line
    for unit, _ in changed:
        first, last, name = unit.first_line, unit.line_number(len(unit.text) - 1), unit.node.name
        kind = ast.ClassDef if unit.owner else ast.FunctionDef if unit is not units[0] else ()
        every = (node for node in ast.walk(files[unit.place][1]) if isinstance(node, kind))
        if around := next((node for node in every if node.lineno <= first <= node.end_lineno), None):  # the outermost
            first, last, name = _first_line(around), around.end_lineno, around.name
            makers |= set() if unit.owner else {name}
        spans[unit.place][first] = last
        new.add(name)
    for place, (lines, tree) in files.items():
        for node in tree.body:
            given, read = set(_given(node)), _read_at_once(node)
            if given and (makers & read or (named & given and new & read)):
                spans[place][_first_line(node)] = node.end_lineno
                new |= given
        for unit, now in (pair for pair in changed if pair[0].place == place):
            start, count = unit.first_line - 1, len(unit.text.splitlines())
            lines[start : start + count] = [now.text, *[""] * (count - 1)]  # the others keep their numbers
    order = ((files[place][0], *span) for place in files for span in sorted(spans[place].items()))
    return "\n".join(textwrap.dedent("".join(lines[first - 1 : last])) for lines, first, last in order)


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])


def _read_at_once(node: ast.stmt) -> set[str]:
    """The names that a statement of a module reads when it is executed, and not when something in it is called."""
    parts = [part for part in ast.iter_child_nodes(node) if not isinstance(part, ast.FunctionDef)]
    return {getattr(n, "id", getattr(n, "attr", "")) for part in parts for n in ast.walk(part)}


def classes_of(values: list[Any]) -> list[type]:
    """The learner's classes among these values, and those of the objects among them, with their bases.

    An enumeration can't be made anew: its members are what they are.
    """
    classes = [value if isinstance(value, type) else type(value) for value in values]
    own = [each for each in classes if each.__module__ != "builtins" and not issubclass(each, enum.Enum)]
    every = [base for each in own for base in each.__mro__[:-1]]
    return list(dict.fromkeys(each for each in every if any(_is_learners(method) for method in _methods(each))))


def _methods(owner: type) -> list[types.FunctionType]:
    """The functions written in a class, whether they take `self` or not."""
    return [each for value in vars(owner).values() if isinstance(each := bare(value), types.FunctionType)]


def bare(value: Any) -> Any:
    """The function inside a static method, class method or property."""
    if isinstance(value, staticmethod | classmethod):
        return value.__func__
    return value.fget if isinstance(value, property) else value


def plain_function(function: Any) -> Any:
    """The Python function inside partials, bound methods, callable objects and decorators."""
    while True:
        function = guard.unwrapped(function)
        called = vars(type(function)).get("__call__")
        if isinstance(function, types.MethodType):
            function = function.__func__
        elif isinstance(function, types.FunctionType) or not isinstance(called, types.FunctionType):
            return function
        else:
            function = called


def _is_learners(function: types.FunctionType) -> bool:
    filename = function.__code__.co_filename
    return filename.startswith("<") or not str(Path(filename).resolve()).startswith((_PACKAGE, *_LIBRARIES))


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _named(function: types.FunctionType) -> list[Any]:
    """What the code names, in its globals or in the enclosing function; of a list or dict what it holds."""
    values = [function.__globals__.get(name) for name in _names(function.__code__)]
    values += closure_values(function).values()
    for value in list(values):
        if type(value) in (list, tuple, dict) and len(value) < 20:
            values += value.values() if type(value) is dict else value
    return [value for value in values if value is not None and not isinstance(value, types.ModuleType)]


def closure_values(function: types.FunctionType) -> dict[str, Any]:
    """Names and values that a function takes from the function around it."""
    values = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not bound yet
            values[name] = cell.cell_contents
    return values
