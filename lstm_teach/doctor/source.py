"""Read a learner's function as text, find the helpers it calls, and build it again from changed text.

The text is never rewritten as a whole: an edit replaces a span, so that line
numbers, comments and the learner's own layout stay.
"""

from __future__ import annotations

import ast
import enum
import functools
import inspect
import sysconfig
import textwrap
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_PACKAGE = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple({str(Path(sysconfig.get_paths()[key]).resolve()) for key in ("stdlib", "purelib", "platlib")})


class NoSource(Exception):
    """The function's text can't be read; the message says why, in one sentence."""


@dataclass
class Unit:
    """One function, method or constant of the learner's: its text as it stands in the file or cell, and where.

    A lambda that has a name, and a constant of the module, stand in the tree as functions with one `return`.
    """

    function: types.FunctionType
    text: str
    first_line: int  # number of the first line of `text` in the learner's file or cell
    owner: type | None = None  # the class of a method
    constants: tuple[str, ...] = ()  # the names that get what it returns, for constants
    tree: ast.Module = field(init=False)
    node: ast.FunctionDef = field(init=False)

    def __post_init__(self) -> None:
        self.read(self.text)

    @property
    def shift(self) -> int:
        """Lines put before the text so that an indented function can be parsed."""
        return 1 if self.text[:1] in (" ", "\t") else 0

    def read(self, text: str) -> None:
        """Take `text` as the unit's text; raises SyntaxError if Python can't read it."""
        self.text = text if text.endswith("\n") else text + "\n"
        self.tree = self.parsed()
        body = self.tree.body[0].body if self.shift else self.tree.body
        self.node = next(node for node in body if isinstance(node, ast.FunctionDef))
        self._lines = self.text.splitlines(keepends=True)
        starts = [0]
        for line in self._lines:
            starts.append(starts[-1] + len(line))
        self._starts = starts
        self._ascii = self.text.isascii()

    def parsed(self) -> ast.Module:
        """A new syntax tree of the text."""
        tree = ast.parse("if 1:\n" + self.text if self.shift else self.text)
        if self.function.__name__ == "<lambda>" or self.constants:
            body = tree.body[0].body if self.shift else tree.body
            body[:] = [_as_function(node) or node for node in body]
        return tree

    def with_text(self, text: str) -> Unit:
        """The same function with other text."""
        return Unit(self.function, text, self.first_line, self.owner, self.constants)

    def offset(self, line: int, column: int) -> int:
        """Position in the text of an ast position (1-based line, column in bytes)."""
        row = line - 1 - self.shift
        if self._ascii:
            return self._starts[row] + column
        return self._starts[row] + len(self._lines[row].encode()[:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Start and end of a node in the text."""
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def segment(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def row(self, position: int) -> int:
        """Index of the line that holds this position."""
        low = 0
        while low + 1 < len(self._starts) - 1 and self._starts[low + 1] <= position:
            low += 1
        return low

    def line_start(self, row: int) -> int:
        """Position at which a line begins (the end of the text for the row after the last)."""
        return self._starts[min(row, len(self._starts) - 1)]

    def line_number(self, position: int) -> int:
        """Number, in the learner's file or cell, of the line that holds this position."""
        return self.first_line + self.row(position)


def _as_function(node: ast.stmt) -> ast.FunctionDef | None:
    """`name = lambda ...: value` as `def name(...): return value`, `name = value` without arguments, as they stand."""
    nothing = ast.arguments([], [], None, [], [], None, [])
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=args, body=value)):
            pass
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            args = nothing
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id=name), *_])], value=value):
            args = nothing
        case _:
            return None
    returned = ast.copy_location(ast.Return(value), value)
    made = ast.FunctionDef(name=name, args=args, body=[returned], decorator_list=[], returns=None, type_params=[])
    return ast.copy_location(made, node)


def read_function(function: Callable, owner: type | None = None) -> Unit:
    """The unit of a plain Python function. Raises NoSource with the reason."""
    name = getattr(function, "__name__", type(function).__name__)
    if not isinstance(function, types.FunctionType):
        raise NoSource(f"{name} is not written in Python, so its lines can't be read.")
    try:
        lines, first = inspect.getsourcelines(function.__code__)
    except (OSError, TypeError, IndexError):
        raise NoSource(
            f"the text of {name} can't be found (it was typed at a prompt, or built from a string)."
        ) from None
    try:
        unit = Unit(function, "".join(lines), first, owner)
    except (SyntaxError, StopIteration, ValueError):
        if name == "<lambda>":
            raise NoSource(
                "a lambda without a name has no lines of its own; give the function that it calls."
            ) from None
        raise NoSource(f"the text of {name} can't be read as a function of its own.") from None
    if name == "<lambda>":
        named = _as_function(ast.parse(textwrap.dedent(unit.text)).body[0])
        if named is None or not isinstance(ast.parse(textwrap.dedent(unit.text)).body[0].value, ast.Lambda):
            raise NoSource("a lambda without a name has no lines of its own; give the function that it calls.")
        return unit
    if unit.node.name != function.__code__.co_name:
        raise NoSource(f"the file of {name} has changed since it was loaded, so its lines can't be trusted.")
    return unit


def learner_functions(backward: Callable) -> list[Unit]:
    """The function itself and the helpers that it calls and that the learner wrote, the entry first.

    Helpers are found by name, in the globals and the enclosing function, as deep as they call one another; of a class
    all methods are taken. Functions of this library, of Python and of installed packages are not the learner's.
    Raises NoSource if nothing is readable.
    """
    found: dict[types.CodeType, Unit] = {}
    seen: set[types.CodeType] = set()
    explored: list[Any] = []
    reason = None
    entry = plain_function(backward)
    waiting: list[tuple[Any, type | None]] = [(entry, None)]
    for owner in classes_of([backward, getattr(backward, "__self__", None)]):
        waiting += [(method, owner) for method in _methods(owner)]
        waiting[0] = next((pair for pair in waiting[1:] if pair[0] is entry), waiting[0])
    while waiting:
        function, owner = waiting.pop(0)
        code = getattr(function, "__code__", None)
        if code is None:
            reason = reason or f"{getattr(function, '__name__', type(function).__name__)} is not a Python function."
            continue
        if any(function is each for each in explored) or (found and not _is_learners(function)):
            continue
        explored.append(function)
        if code not in seen:  # a function that is made several times has one text, and things of its own around it
            seen.add(code)  # those that can't be read too: one may name itself
            try:
                found[code] = read_function(function, owner)
            except NoSource as error:
                reason = reason or str(error)
        values = _named(function)
        waiting += [(each, None) for each in map(plain_function, values) if isinstance(each, types.FunctionType)]
        waiting += [(method, each) for each in classes_of(values) for method in _methods(each)]
    if not found:
        raise NoSource(reason or "its text can't be read.")
    units = list(found.values())
    return [*units, *_constants(units)]


def _constants(units: list[Unit]) -> list[Unit]:
    """What the functions name of their module's or class's constants: texts, numbers, tuples and so on of these."""
    found: list[Unit] = []
    for place in dict.fromkeys(unit.function.__code__.co_filename for unit in units):
        own = [unit for unit in units if unit.function.__code__.co_filename == place]
        named = {name for unit in own for name in _names(unit.function.__code__)}
        try:
            lines = inspect.findsource(own[0].function.__code__)[0]
            body = ast.parse("".join(lines)).body
        except (OSError, TypeError, IndexError, SyntaxError, ValueError):
            continue
        owners = {unit.owner.__name__: unit.owner for unit in own if unit.owner is not None}
        inside = [(node.body, owners.get(node.name)) for node in body if isinstance(node, ast.ClassDef)]
        for block, owner in [(body, None), *(pair for pair in inside if pair[1] is not None)]:
            space = own[0].function.__globals__ if owner is None else vars(owner)
            found += _constants_of(block, "".join(lines), space, named, own[0].function, owner)
    return found


def _constants_of(
    block: list[ast.stmt], text: str, space: Mapping, named: set[str], function: types.FunctionType, owner: type | None
) -> Iterator[Unit]:
    """The constants that a block of statements assigns, each once, on lines of their own."""
    targets = [(node, _targets(node)) for node in block if isinstance(node, ast.Assign)]
    times, lines = Counter(name for _, names in targets for name in names), text.splitlines(keepends=True)
    filled = {name for node in block for name in _filled(node)}
    for node, names in targets:
        if not named & set(names) or filled & set(names):
            continue
        if any(times[name] > 1 or not _is_constant(space.get(name)) for name in names):
            continue
        parts = getattr(node.value, "elts", getattr(node.value, "keys", None))
        if parts is not None and len(names) == 1 and len(parts) != len(space[names[0]]):
            continue  # a function has filled it since
        whole = "".join(lines[node.lineno - 1 : node.end_lineno])
        rest = whole.strip().removeprefix(ast.get_source_segment(text, node) or "\0").strip()
        if not rest or rest.startswith("#"):
            place = function.__code__.co_filename
            code = compile(f"def {names[0]}(): pass", place, "exec").co_consts[0].replace(co_firstlineno=node.lineno)
            made = types.FunctionType(code, function.__globals__)
            yield Unit(made, whole, node.lineno, owner, tuple(names))


def _targets(node: ast.Assign) -> list[str]:
    """The names that an assignment gives values to, if it gives them to names alone."""
    target = node.targets[0]
    each = target.elts if isinstance(target, ast.Tuple) else [target]
    plain = len(node.targets) == 1 and all(isinstance(one, ast.Name) for one in each)
    return [one.id for one in each] if plain else []


def _filled(node: ast.stmt) -> Iterator[str]:
    """Names of a module to which a statement of it adds something, as `table["g"] = np.tanh` and `sizes += 1` do."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Subscript) and isinstance(inner.ctx, ast.Store | ast.Del):
            yield from (name.id for name in ast.walk(inner.value) if isinstance(name, ast.Name))
        elif isinstance(inner, ast.AugAssign) and isinstance(inner.target, ast.Name):
            yield inner.target.id
        elif isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):  # table.update(...)
            yield from (name.id for name in ast.walk(inner.value.func) if isinstance(name, ast.Name))


def _is_constant(value: Any) -> bool:
    """Whether a value is made of texts, numbers and functions; an empty list or dict may be filled by a run."""
    if isinstance(value, str | int | float | slice):
        return True
    held = list(value.values()) if type(value) is dict else value
    if not isinstance(value, tuple | list | dict) or not 0 < len(held) < 20:
        return False
    return all(isinstance(each, types.FunctionType | np.ufunc) or _is_constant(each) for each in held)


def whole_text(units: list[Unit], repaired: list[Unit]) -> str:
    """The entry and all that was repaired, in the order of the files: functions, and of methods the whole classes.

    Of a function that another one makes that one, and what it made. Classes that inherit from a repaired one are there
    as well, and constants that hold a repaired function. Executed where the old ones were defined, it puts the new ones
    in their place.
    """
    changed = [k for k, (old, new) in enumerate(zip(units, repaired, strict=True)) if k == 0 or old.text != new.text]
    owners = {units[k].owner for k in changed if units[k].owner is not None}
    names = {units[k].node.name for k in changed}
    holders = [
        k
        for k, unit in enumerate(units)
        if unit.constants and names & {node.id for node in ast.walk(unit.tree) if isinstance(node, ast.Name)}
    ]
    heirs = [k for k, unit in enumerate(units) if unit.owner is not None and owners & set(unit.owner.__mro__)]
    made = {unit.function for k, unit in enumerate(units) if k in changed} | owners
    heirs += [k for k, unit in enumerate(units) if unit.owner is not None and _holds(unit.owner, made)]
    pieces: dict[tuple[str, int], str] = {}
    for k in sorted({*changed, *heirs, *holders}):
        place, text = units[k].function.__code__.co_filename, textwrap.dedent(repaired[k].text)
        for first, held in _text_around(k, units, repaired) or [(units[k].first_line, text)]:
            pieces.setdefault((place, first), held)
    files = list(dict.fromkeys(place for place, _ in pieces))
    return "\n".join(pieces[key] for key in sorted(pieces, key=lambda key: (files.index(key[0]), key[1])))


def _text_around(number: int, units: list[Unit], repaired: list[Unit]) -> list[tuple[int, str]] | None:
    """First line and repaired text of the outermost class around a method; None if it can't be read.

    Of a helper inside another function that function, and the statements of the module that call it.
    """
    unit = units[number]
    if unit.owner is None and not (unit.shift and number):
        return None
    kind = ast.FunctionDef if unit.owner is None else ast.ClassDef
    try:
        lines = list(inspect.findsource(unit.function.__code__)[0])
        tree = ast.parse("".join(lines))
    except (OSError, TypeError, IndexError, SyntaxError, ValueError):
        return None
    around = (n for n in ast.walk(tree) if isinstance(n, kind) and n.lineno <= unit.first_line <= n.end_lineno)
    node = next(around, None)
    if node is None:
        return None
    assigned = [n for n in tree.body if isinstance(n, ast.Assign) and n.lineno > node.end_lineno]
    calls = [n for n in assigned if any(getattr(part, "id", "") == node.name for part in ast.walk(n.value))]
    made = [(n.lineno, "".join(lines[n.lineno - 1 : n.end_lineno])) for n in calls if kind is ast.FunctionDef]
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    last = node.end_lineno
    for old, new in sorted(zip(units, repaired, strict=True), key=lambda pair: -pair[0].first_line):
        start, length = old.first_line - 1, len(old.text.splitlines())
        if old.function.__code__.co_filename != unit.function.__code__.co_filename or not first <= start + 1 <= last:
            continue
        if [line.rstrip("\n") for line in lines[start : start + length]] != old.text.split("\n")[:length]:
            return None
        added = new.text.splitlines(keepends=True)
        lines[start : start + length] = added
        last += len(added) - length
    return [(first, textwrap.dedent("".join(lines[first - 1 : last]))), *made]


def _holds(owner: type, things: set[Any]) -> bool:
    """Whether a class has one of these functions or classes in an attribute, or in a table there."""
    held = [value for name, value in vars(owner).items() if name[:2] != "__"]
    held += [each for value in held if type(value) is dict for each in value.values()]
    held += [each for value in held if type(value) in (list, tuple) for each in value]
    return any(isinstance(bare(each), type | types.FunctionType) and bare(each) in things for each in held)


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
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.MethodType):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif not isinstance(function, types.FunctionType) and isinstance(
            vars(type(function)).get("__call__"), types.FunctionType
        ):
            function = vars(type(function))["__call__"]
        else:
            return function


def _is_learners(function: types.FunctionType) -> bool:
    filename = function.__code__.co_filename
    path = str(Path(filename).resolve()) if not filename.startswith("<") else filename
    return not path.startswith(_PACKAGE) and not path.startswith(_LIBRARIES)


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
        try:
            values[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    return values
