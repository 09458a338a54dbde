"""Read the code of a notebook's cell: what its lines assign and read. Imports the standard library only."""

from __future__ import annotations

import ast
import contextlib
import dis
import linecache
from collections.abc import Mapping, Sequence
from typing import Any


def cell(filename: str, line: int) -> list[ast.stmt]:
    """The statements of the running cell above the call in `line`."""
    source = "".join(linecache.getlines(filename))
    if not source:
        raise RuntimeError("lesson.judge reads the cell it is in: call it in a cell of the notebook.")
    return [s for s in ast.parse(source).body if s.end_lineno < line]


def touched(statement: ast.stmt) -> set[str]:
    """The names that a statement assigns to, adds to, or calls something on, also inside a loop or a condition."""
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
    calls = [n for n in calls if getattr(n.value.func, "id", "") not in ("print", "display")]
    names = {n.id for call in calls for n in ast.walk(call) if isinstance(n, ast.Name)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            base = node
            while isinstance(base, ast.Subscript | ast.Attribute):
                base = base.value
            names |= {base.id} if isinstance(base, ast.Name) else set()
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


def stored(statements: Sequence[ast.stmt]) -> set[str]:
    """The names that are assigned or added to, and those of which a part is."""
    return set().union(*(touched(s) for s in statements if not isinstance(s, ast.Expr)))


def counted(statements: Sequence[ast.stmt]) -> set[str]:
    """The names that count the turns of a loop."""
    targets = [node.target for s in statements for node in ast.walk(s) if isinstance(node, ast.For)]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def names_read(statements: Sequence[ast.stmt], name: str) -> frozenset[str]:
    """The names that the lines of one blank read, through names of their own in the same cell too."""
    reads = [
        ({n.id for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}, touched(s))
        for s in statements
    ]
    found, waiting = set(), {name}
    while waiting:
        wanted = waiting.pop()
        new = {r for read, touched in reads if wanted in touched for r in read} - found
        found |= new
        waiting |= new
    return frozenset(found - {"np", name})


def globals_read(function: Any) -> frozenset[str]:
    """The names that a function reads of the notebook around it."""
    code = getattr(function, "__code__", None)
    instructions = dis.get_instructions(code) if code else ()
    return frozenset(one.argval for one in instructions if one.opname in ("LOAD_GLOBAL", "LOAD_NAME"))


def has_dots(node: ast.AST) -> bool:
    """Whether code still has the dots of a blank in it; those of an index, as in a[..., 0], do not count."""
    nodes = list(ast.walk(node))
    in_index = {id(part) for n in nodes if isinstance(n, ast.Subscript) for part in ast.walk(n.slice)}
    dots = [n for n in nodes if isinstance(n, ast.Constant) and n.value is Ellipsis]
    return any(id(n) not in in_index for n in dots)


def holds_dots(value: Any) -> bool:
    """Whether a value is a tuple or list with dots in it."""
    return isinstance(value, tuple | list) and any(v is Ellipsis for v in value)


def numbers_typed(statements: Sequence[ast.stmt], name: str) -> list[float]:
    """The numbers in the lines of one blank, without 0, 1 and 2, which a formula may need."""
    numbers = [n.value for s in statements if name in touched(s) for n in ast.walk(s) if isinstance(n, ast.Constant)]
    return [number for number in numbers if type(number) in (int, float) and number not in (0, 1, 2)]


def reads_itself(statements: Sequence[ast.stmt], name: str) -> bool:
    """Whether the first line of a blank reads the blank's own name."""
    first = next((s for s in statements if name in touched(s)), None)
    nodes = list(ast.walk(first)) if first else []
    filled = {id(n.value) for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)}
    reads = [n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and id(n) not in filled]
    return any(n.id == name for n in reads)


def made_before(
    namespace: Mapping[str, Any], call: str, statements: Sequence[ast.stmt], later: Sequence[str]
) -> set[str] | None:
    """The names that cells without this call have made; None if it isn't known what has run.

    What only counts loops is left out: in those cells, and in the statements of this one if no later line reads it.
    """
    ran, names = namespace.get("In"), set()  # IPython's list of all cells that have run
    if not isinstance(ran, list):
        return None
    for source in (source for source in ran if call not in source):
        with contextlib.suppress(SyntaxError):  # a cell with a magic, or one that failed
            tree = ast.parse(source)
            targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.For | ast.comprehension)]
            counts = {id(node) for target in targets for node in ast.walk(target)}
            nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
            names |= {node.id for node in nodes if id(node) not in counts}
    read = {n.id for line in later for n in ast.walk(ast.parse(line)) if isinstance(n, ast.Name)}
    return names - (counted(statements) - read)


def compared(statements: Sequence[ast.stmt], name: str) -> bool:
    """Whether a line is `name == ...`, which only compares."""
    values = [s.value for s in statements if isinstance(s, ast.Expr) and isinstance(s.value, ast.Compare)]
    return any(isinstance(v.ops[0], ast.Eq) and getattr(v.left, "id", "") == name for v in values)
