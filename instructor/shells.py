"""What a learner's functions look like from outside, without running a line of theirs. Imports ast and the library.

The checks look at a function before they call it: at its name, its parameters, and whether it leans on the library's
own answer. In the judge there is no such function, only its source. So each one gets a shell here: compiled from its
source, with its decorators and defaults left out, and never to be called. Its first statement says so.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import importlib
import itertools
import keyword
import linecache
from types import FunctionType
from typing import Any

IMPORTED = {"collections", "copy", "functools", "itertools", "lstm_teach", "math", "numpy", "operator"}
NUMBERS = itertools.count(1)
STOP = "__this_is_only_a_shell__"


def _stop(*anything: Any) -> None:
    raise RuntimeError("code of a submission does not run in the process that judges it")


class Shells:
    """The shells of a notebook's functions, by name; `add` cell after cell, in the order in which they run."""

    def __init__(self):
        self.names: dict[str, Any] = {STOP: _stop, "__name__": "submission"}
        self.classes: dict[str, ast.ClassDef] = {}

    def add(self, source: str) -> None:
        """Look through one cell; one that is no Python (after its magics) binds nothing."""
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            tree = ast.parse(TransformerManager().transform_cell(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        self._walk(tree.body)

    def get(self, name: str) -> Any:
        """The shell of a function, the library's function that goes by this name, or None."""
        found = self.names.get(name)
        return found if callable(found) and found is not _stop else None

    def at(self, text: Any, line: Any, name: str, parameters: Any) -> FunctionType:
        """The shell of the function that starts at a line of a text; one without a body if there is none."""
        with contextlib.suppress(SyntaxError, ValueError, RecursionError):
            for node in ast.walk(ast.parse(str(text))):
                first = [*getattr(node, "decorator_list", ()), node][0]  # the decorators are above the function
                if isinstance(node, ast.Lambda) and node.lineno == line:
                    node = _as_function(node, "function")
                elif not isinstance(node, ast.FunctionDef) or first.lineno != line:
                    continue
                if (found := self._function(node)) is not None:
                    found.__name__ = name
                    return found
        given = [each for each in parameters if isinstance(each, str)] if isinstance(parameters, list) else []
        args = ", ".join(each for each in dict.fromkeys(given) if each.isidentifier() and not keyword.iskeyword(each))
        tries = (ast.parse(f"def function({each}): pass").body[0] for each in (args or "*inputs", "*inputs"))
        found = next(filter(None, map(self._function, tries)))
        found.__name__ = name
        return found

    def _walk(self, body: list[ast.stmt]) -> None:
        for node in body:
            match node:
                case ast.Import() | ast.ImportFrom():
                    self._import(node)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._bind(node.name, self._function(node))
                case ast.ClassDef():
                    self.classes[node.name] = node
                    self._bind(node.name, None)
                case ast.Assign():
                    for target in node.targets:
                        if isinstance(target, ast.Name):
                            self._bind(target.id, self._value(node.value, target.id))
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self._bind(name, self._value(value, name))
                case ast.If() | ast.For() | ast.While() | ast.With() | ast.Try():
                    for part in ("body", "orelse", "finalbody"):
                        self._walk(getattr(node, part, []))
                    for handler in getattr(node, "handlers", []):
                        self._walk(handler.body)

    def _bind(self, name: str, value: Any) -> None:
        if name != STOP:
            self.names[name] = value

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for each in node.names:
                module = _module(each.name)
                whole = _module(each.name.partition(".")[0])
                self._bind(each.asname or each.name.partition(".")[0], module if each.asname else whole)
        elif not node.level:
            module = _module(node.module or "")
            for each in node.names:
                if each.name == "*":
                    public = getattr(module, "__all__", [n for n in vars(module or ast) if not n.startswith("_")])
                    for name in public if module else ():
                        self._bind(name, getattr(module, name, None))
                else:
                    value = getattr(module, each.name, None) if module else None
                    self._bind(each.asname or each.name, value or _module(f"{node.module}.{each.name}"))

    def _value(self, node: ast.expr, name: str) -> Any:
        """What an expression is, where that can be told without running it."""
        match node:
            case ast.Lambda():
                return self._function(_as_function(node, name))
            case ast.Name():
                return self.names.get(node.id)
            case ast.Attribute():
                owner = self._value(node.value, name)
                home = str(getattr(owner, "__name__", "")).partition(".")[0]
                known = type(owner).__name__ == "module" and home in IMPORTED
                return getattr(owner, node.attr, None) if known else None
            case ast.Call(func=ast.Name(id=kind)) if kind in self.classes:  # a callable object
                methods = [n for n in self.classes[kind].body if isinstance(n, ast.FunctionDef)]
                called = [method for method in methods if method.name == "__call__"]
                return self._function(called[0], name) if called else None
            case ast.Call(args=[first, *_]):
                called = self._value(node.func, name)
                inner = self._value(first, name)
                if called is functools.partial and callable(inner):
                    return functools.partial(inner)
                return inner if called in (functools.wraps, functools.lru_cache, functools.cache) else None
        return None

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, name: str = "") -> FunctionType | None:
        stop = ast.Expr(ast.Call(ast.Name(STOP, ast.Load()), [], []))
        says = node.body[:1] if ast.get_docstring(node) is not None else []
        shell = copy.copy(node)
        shell.name, shell.args, shell.body = name or node.name, _bare(node.args), [*says, stop, *node.body[len(says) :]]
        shell.decorator_list, shell.returns, shell.type_params = [], None, []
        module = ast.fix_missing_locations(ast.Module([shell], []))
        before, file = self.names.get(shell.name), f"<submission, {next(NUMBERS)}>"
        try:
            lines = ["\n"] * (node.lineno - 1) + ast.unparse(module).splitlines(keepends=True)
            linecache.cache[file] = 0, None, lines, file  # so that `inspect` finds its text
            exec(compile(module, file, "exec"), self.names)
            return self.names[shell.name]
        except (SyntaxError, ValueError, RecursionError):
            return None
        finally:
            self.names[shell.name] = before


def _as_function(node: ast.Lambda, name: str) -> ast.FunctionDef:
    whole = ast.FunctionDef(name=name, args=node.args, body=[ast.Return(node.body)], decorator_list=[], type_params=[])
    return ast.copy_location(whole, node)


def _bare(args: ast.arguments) -> ast.arguments:
    """Parameters without annotations, and with None for every default."""
    bare = copy.deepcopy(args)
    for arg in [node for node in ast.walk(bare) if isinstance(node, ast.arg)]:
        arg.annotation = None
    bare.defaults = [ast.Constant(None) for _ in args.defaults]
    bare.kw_defaults = [each and ast.Constant(None) for each in args.kw_defaults]
    return bare


def _module(name: str) -> Any:
    """A module that is known to do no harm when it is imported; None for any other."""
    if name.partition(".")[0] not in IMPORTED:
        return None
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
