"""Read a learner's function as text, find the helpers it calls, and build it again from changed text.

Imports the standard library only. The text is never rewritten as a whole: an edit replaces a span, so that line
numbers, comments and the learner's own layout stay.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import sysconfig
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PACKAGE = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple({str(Path(sysconfig.get_paths()[key]).resolve()) for key in ("stdlib", "purelib", "platlib")})
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


class NoSource(Exception):
    """The function's text can't be read; the message says why, in one sentence."""


@dataclass
class Unit:
    """One function of the learner's: its text as it stands in the file or cell, and where that is."""

    function: types.FunctionType
    text: str
    first_line: int  # number of the first line of `text` in the learner's file or cell
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
        self.tree = ast.parse("if 1:\n" + self.text if self.shift else self.text)
        body = self.tree.body[0].body if self.shift else self.tree.body
        self.node = next(node for node in body if isinstance(node, ast.FunctionDef))
        self._lines = self.text.splitlines(keepends=True)
        starts = [0]
        for line in self._lines:
            starts.append(starts[-1] + len(line))
        self._starts = starts
        self._ascii = self.text.isascii()

    def with_text(self, text: str) -> Unit:
        """The same function with other text."""
        return Unit(self.function, text, self.first_line)

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


def read_function(function: Callable) -> Unit:
    """The unit of a plain Python function. Raises NoSource with the reason."""
    name = getattr(function, "__name__", type(function).__name__)
    if not isinstance(function, types.FunctionType):
        raise NoSource(f"{name} is not written in Python, so its lines can't be read.")
    if function.__name__ == "<lambda>":
        raise NoSource("a lambda has no lines of its own; give the function that it calls.")
    try:
        lines, first = inspect.getsourcelines(function.__code__)
    except (OSError, TypeError, IndexError):
        raise NoSource(
            f"the text of {name} can't be found (it was typed at a prompt, or built from a string)."
        ) from None
    try:
        unit = Unit(function, "".join(lines), first)
    except (SyntaxError, StopIteration, ValueError):
        raise NoSource(f"the text of {name} can't be read as a function of its own.") from None
    if unit.node.name != function.__code__.co_name:
        raise NoSource(f"the file of {name} has changed since it was loaded, so its lines can't be trusted.")
    return unit


def learner_functions(backward: Callable) -> list[Unit]:
    """The function itself and the helpers that it calls and that the learner wrote, the entry first.

    Helpers are found by name, in the globals and the enclosing function, as deep as they call one another. Functions
    of this library, of Python and of installed packages are not the learner's. Raises NoSource if nothing is readable.
    """
    found: dict[types.CodeType, Unit] = {}
    reason = None
    waiting = [_plain(backward)]
    while waiting:
        function = waiting.pop(0)
        code = getattr(function, "__code__", None)
        if code is None:
            reason = reason or f"{getattr(function, '__name__', type(function).__name__)} is not a Python function."
            continue
        if code in found or (found and not _is_learners(function)):
            continue
        try:
            found[code] = read_function(function)
        except NoSource as error:
            reason = reason or str(error)
        waiting += _called(function)
    if not found:
        raise NoSource(reason or "its text can't be read.")
    return list(found.values())


def _plain(function: Any) -> Any:
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


def _called(function: types.FunctionType) -> list[types.FunctionType]:
    """Python functions that the code names, in its globals or in the enclosing function."""
    values = [function.__globals__.get(name) for name in _names(function.__code__)]
    values += list(closure_values(function).values())
    plain = [_plain(value) for value in values if callable(value) and not isinstance(value, type)]
    return [value for value in plain if isinstance(value, types.FunctionType)]


def closure_values(function: types.FunctionType) -> dict[str, Any]:
    """Names and values that a function takes from the function around it."""
    values = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            values[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    return values


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
    backward: Callable, units: list[Unit], trees: list[ast.Module] | None = None, extra: dict[str, Any] | None = None
) -> Callable:
    """Compile the units again and put them in place of the learner's functions, in copies of their globals.

    `trees` are the syntax trees to compile (those of the units where None); `extra` are names added to the globals.
    Returns a callable used as `backward` is. Raises SyntaxError or ValueError if a tree can't be compiled.
    """
    spaces: dict[int, dict[str, Any]] = {}
    for unit in units:
        space = unit.function.__globals__
        if id(space) not in spaces:
            spaces[id(space)] = {**space, "__builtins__": guarded_builtins(), **(extra or {})}
    made: dict[types.CodeType, types.FunctionType] = {}
    pairs = list(zip(units, trees or [unit.tree for unit in units], strict=True))
    for unit, tree in reversed(pairs):
        made[unit.function.__code__] = _compile(unit, tree, spaces[id(unit.function.__globals__)], made)
    for space in spaces.values():
        for name, value in list(space.items()):
            if isinstance(value, types.FunctionType | functools.partial):
                plain = _plain(value)
                if getattr(plain, "__code__", None) in made:
                    space[name] = made[plain.__code__]
    return _in_place(backward, made, spaces)


def _compile(unit: Unit, tree: ast.Module, space: dict[str, Any], made: dict) -> types.FunctionType:
    """One unit as a function. It is compiled inside a factory whose arguments are the names from around it."""
    function = unit.function
    body = tree.body[0].body if unit.shift else tree.body
    node = next(n for n in body if isinstance(n, ast.FunctionDef))
    around = closure_values(function)
    kept, node.decorator_list = node.decorator_list, []
    defaults, node.args.defaults = node.args.defaults, [ast.Constant(None)] * len(node.args.defaults)
    kw_defaults = node.args.kw_defaults
    node.args.kw_defaults = [None if d is None else ast.Constant(None) for d in kw_defaults]
    factory = ast.FunctionDef(
        name="__factory__",
        args=ast.arguments([], [ast.arg(name) for name in around], None, [], [], None, []),
        body=[node, ast.Return(ast.Name(node.name, ast.Load()))],
        decorator_list=[],
        type_params=[],
    )
    module = ast.fix_missing_locations(ast.Module([factory], []))
    try:
        scope: dict[str, Any] = {}
        flags = function.__code__.co_flags & 0x1FE0000  # `from __future__` features
        exec(compile(module, function.__code__.co_filename, "exec", flags=flags, dont_inherit=True), space, scope)
    finally:
        node.decorator_list, node.args.defaults, node.args.kw_defaults = kept, defaults, kw_defaults
    values = [
        made.get(getattr(_plain(v), "__code__", None), v) if callable(v) and not isinstance(v, type) else v
        for v in around.values()
    ]
    new = scope["__factory__"](*values)
    new.__defaults__, new.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return new


def _in_place(backward: Any, made: dict, spaces: dict) -> Callable:
    """`backward` with the new functions inside it: through partials, methods, callable objects and lambdas."""
    if isinstance(backward, functools.partial):
        return functools.partial(_in_place(backward.func, made, spaces), *backward.args, **backward.keywords)
    if isinstance(backward, types.MethodType):
        return types.MethodType(_in_place(backward.__func__, made, spaces), backward.__self__)
    if not isinstance(backward, types.FunctionType):
        call = _plain(backward)
        if isinstance(call, types.FunctionType) and call.__code__ in made:
            return types.MethodType(made[call.__code__], backward)
    plain = _plain(backward)
    if getattr(plain, "__code__", None) in made:
        return made[plain.__code__]
    space = spaces.get(id(plain.__globals__), plain.__globals__)
    cells = tuple(
        types.CellType(made.get(getattr(_plain(v), "__code__", None), v) if callable(v) else v)
        for v in closure_values(plain).values()
    )
    new = types.FunctionType(plain.__code__, space, plain.__name__, plain.__defaults__, cells or None)
    new.__kwdefaults__ = plain.__kwdefaults__
    return new
