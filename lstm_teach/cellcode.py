"""Read the code of a notebook's cell: what its lines assign and read. Imports the standard library only."""

from __future__ import annotations  # also of the code that is compiled here

import ast
import contextlib
import dis
import inspect
import linecache
import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import CodeType, FrameType, ModuleType
from typing import Any

Lines = Sequence[ast.stmt]  # of a cell, or those of one blank
Names = Mapping[str, Any]  # and their values, of a notebook or of a case
TORN = {(a, b) for a in (ast.Mult, ast.Div) for b in (ast.Add, ast.Sub)} | {(ast.Pow, ast.Div)}  # as in a * 1 - b


def cell(frame: FrameType) -> tuple[list[ast.stmt], bool]:
    """The statements of the running cell before the call that runs in `frame`, and whether that call shows its value.

    It does not where another line follows it, or a semicolon, or where its value is only given a name. An `if` or a
    `with` around the call is one of the statements. Calls of `judge` are None in them, and commands such as !ls are
    left out: they can be run again.
    """
    source = "".join(linecache.getlines(frame.f_code.co_filename)) or _timed(frame)
    if not source:
        where = "call it in a cell of the notebook, one without %%timeit or a similar magic"
        raise RuntimeError(f"lesson.judge reads the cell it is in: {where}.")
    body = ast.parse(source).body
    line, end_line, column, end = [*frame.f_code.co_positions()][frame.f_lasti // 2]
    if column is None:  # Python was told to leave them out
        return [_Unjudged().visit(s) for s in body if s.end_lineno < frame.f_lineno and not _is_command(s)], True
    here = (line, column, end_line, end)
    nodes = [n for s in body for n in ast.walk(s) if isinstance(n, ast.Expr | ast.Assign | ast.AnnAssign) and n.value]
    alone = next((n for n in nodes if _span(n.value) == here), None)
    if alone is None:  # it is part of a larger expression, which says what becomes of it
        shown = True
    elif isinstance(alone, ast.Expr):
        after = source.encode().splitlines()[end_line - 1][end:].lstrip(b") ")
        shown = alone is body[-1] and not after.startswith(b";")
    else:
        target = alone.target if isinstance(alone, ast.AnnAssign) else alone.targets[0]
        shown = isinstance(body[-1], ast.Expr) and ast.unparse(body[-1].value) == ast.unparse(target)
    spans = [(s, _span(s)) for s in body]
    around = [s for s, span in spans if hasattr(s, "body") and span[:2] <= here[:2] and here[2:] <= span[2:]]
    before = [s for s, span in spans if span[2:] <= here[:2] or s in around]
    return [_Unjudged().visit(s) for s in before if not _is_command(s)], shown


def made_below(frame: FrameType) -> set[str]:
    """The names that the running cell makes in lines below the call that runs in `frame`."""
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    return stored([s for s in ast.parse(source or _timed(frame)).body if s.lineno > frame.f_lineno])


def _timed(frame: FrameType) -> str:
    """The code of the running cell below its %%time; "" if it has none."""
    ran = frame.f_globals.get("In") if frame.f_code.co_filename.startswith("<timed ") else ()
    source = below_magic(ran[-1]) if ran else ""
    return frame.f_globals["get_ipython"]().transform_cell(source) if source else ""  # it may have magics too


def below_magic(source: str) -> str:
    """The lines below the magic, such as %%time, of a cell that IPython has turned into one call; "" of any other."""
    call = re.fullmatch(r"get_ipython\(\)\.run_cell_magic(\(.*\))\s*", source, re.DOTALL)
    return ast.literal_eval(call[1])[2] if call else ""


def _is_command(statement: ast.stmt) -> bool:
    """Whether a line is one such as !ls or %timeit, which makes no value; %time and %run run lines of the notebook."""
    called = r"get_ipython\(\)\.(system\(|run_line_magic\((?!'(time|run)'))"
    return bool(re.match(called, ast.unparse(statement)))


class _Unjudged(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.copy_location(ast.Constant(None), node) if is_judge(node) else self.generic_visit(node)


def is_judge(node: ast.AST) -> bool:
    """Whether a piece of code is a call of `lesson.judge`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "judge"


def _span(node: ast.expr) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def names_in(*nodes: ast.AST) -> set[str]:
    """The names in pieces of code."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def _base(node: ast.AST | None) -> str | None:
    """The name that something is a part of: a for a[0].b; a itself for a."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def touched(statement: ast.stmt) -> set[str]:
    """The names that a statement assigns to, adds to, calls something on or deletes, also inside a loop."""
    # not what only a function in it calls so
    return _filled(statement) | _globals(code_of(statement), ("STORE_GLOBAL", "STORE_NAME", "DELETE_NAME"))


def _filled(statement: ast.stmt) -> set[str]:
    """The names of what a statement changes in place."""
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
    calls = [n for n in calls if getattr(n.value.func, "id", "") not in ("print", "display")]
    nodes = [*ast.walk(statement)]
    parts = [n for n in nodes if isinstance(n, ast.Subscript | ast.Attribute) and isinstance(n.ctx, ast.Store)]
    parts += [n.target for n in nodes if isinstance(n, ast.AugAssign)]
    parts += [n.value for n in nodes if isinstance(n, ast.keyword) and n.arg == "out"]
    return (names_in(*calls) | {*map(_base, parts)}) - {None}


def lines_of(name: str, statements: Lines) -> list[ast.stmt]:
    """The lines of one blank: those that touch its name."""
    return [s for s in statements if name in touched(s)]


def stored(statements: Lines) -> set[str]:
    """The names that are assigned or added to, and those of which a part is."""
    return set().union(*(touched(s) for s in statements if not isinstance(s, ast.Expr)))


def made_afresh(statements: Lines) -> set[str]:
    """The names that the statements assign to before any of them has read them."""
    found, read = set(), set()
    for statement in statements:
        read |= globals_read(code_of(statement))
        found |= stored([statement]) - read
    return found


def counted(statements: Lines) -> set[str]:
    """The names that count the turns of a `for` or `while` loop."""
    loops = [node for s in statements for node in ast.walk(s) if isinstance(node, ast.For | ast.While)]
    counts = names_in(*(node.target if isinstance(node, ast.For) else node.test for node in loops))
    return counts & stored(statements)


def names_read(statements: Lines, name: str) -> frozenset[str]:
    """The names that the lines of one blank read, through names of their own in the same cell too."""
    reads = [(globals_read(code_of(s)), touched(s)) for s in statements]
    found, waiting = set(), {name}
    while waiting:
        wanted = waiting.pop()
        new = {r for read, touched in reads if wanted in touched for r in read} - found
        found |= new
        waiting |= new
    return frozenset(found - {"np", name})


def globals_read(function: Any) -> frozenset[str]:
    """The names that a function, or code, reads of the notebook around it, in the functions inside it too."""
    return _globals(getattr(function, "__code__", function), ("LOAD_GLOBAL", "LOAD_NAME"))


def _globals(code: Any, ways: Collection[str]) -> frozenset[str]:
    """The names of the notebook that code reads or assigns to in these ways, in the functions inside it too."""
    if not isinstance(code, CodeType):
        return frozenset()
    own = {one.argval for one in dis.get_instructions(code) if one.opname in ways}
    ways = {*ways} - {"STORE_NAME"}  # which inside a class is the class's own
    return frozenset(own.union(*(_globals(inner, ways) for inner in code.co_consts)))


def code_of(*statements: ast.stmt, file: str = "a cell") -> CodeType:
    """The compiled statements of a cell, which may await something."""
    return compile(ast.Module([*statements], []), file, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def dots(node: ast.AST) -> list[ast.Constant]:
    """The dots of blanks that are still in a piece of code; those of an index, as in a[..., 0], do not count."""
    nodes = list(ast.walk(node))
    in_index = {id(part) for n in nodes if isinstance(n, ast.Subscript) for part in ast.walk(n.slice)}
    return [n for n in nodes if isinstance(n, ast.Constant) and n.value is Ellipsis and id(n) not in in_index]


def dots_given_to(name: str, statements: Lines) -> bool:
    """Whether a name is still given the dots of a blank."""
    given = [node for s in statements for node in ast.walk(s) if isinstance(node, ast.Assign) and dots(node.value)]
    return any(isinstance(t, ast.Name) and t.id == name for node in given for t in node.targets)


def text_of(function: Any) -> str:
    """The text of a function, "" if nobody has it."""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def tree_of(function: Any) -> ast.Module:
    """The code of a function, at its lines in its file; empty if nobody has its text."""
    with contextlib.suppress(SyntaxError):
        first = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_firstlineno", 1)
        return ast.increment_lineno(ast.parse(text_of(function)), first - 1)
    return ast.Module([], [])


def return_in_loop(tree: ast.Module) -> str:
    """That a `return` ends a loop in its first turn, whatever the numbers: a sentence, "" if none does."""
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For | ast.While)]
    loops = [loop for loop in loops if not any(isinstance(n, ast.Continue) for n in ast.walk(loop))]
    at = next((s.lineno for loop in loops for s in loop.body if isinstance(s, ast.Return)), 0)
    return f"The return on line {at} is inside the loop, so the loop ends after its first turn." if at else ""


def slip(*nodes: ast.AST) -> str:
    """That a line loses its result or what was there, or that Python reads it otherwise than it looks; "" if none."""
    return next(filter(None, (_slip(n) for node in nodes for n in ast.walk(node))), "")


def _slip(node: ast.AST) -> str:
    """The same of a single piece of code."""
    match node:
        case ast.Expr(ast.BinOp() | ast.UnaryOp()):
            return f"The result of the line `{ast.unparse(node)}` isn't kept: it needs =, += or return."
        case ast.Assign([to, *_], value) if ast.unparse(value)[0] == "+" and value.col_offset - to.end_col_offset < 3:
            name, adds_nothing = ast.unparse(to), "adds nothing: it does the same as"  # but a = +b is meant so
            return f"`{name} =+ ...` {adds_nothing} `{name} = ...`. To add to what `{name}` holds, write +=."
        case ast.BinOp(ast.BinOp(_, _, ast.BinOp() as before), ast.Add() | ast.Sub() | ast.Div() as op, after):
            return _slip(ast.BinOp(before, op, after))  # b * 1 - c of a + b * 1 - c
        case ast.BinOp(ast.BinOp(_, first, ast.Constant(1) as one), op, after) if (type(first), type(op)) in TORN:
            whole, inner = ast.unparse(node), ast.unparse(ast.BinOp(one, op, after))
            return f"Python reads `{whole}` from left to right: if `{inner}` belongs together, put it in parentheses."
        case ast.BinOp(ast.Constant(1), ast.FloorDiv()):
            return f"`{ast.unparse(node)}` drops the fraction: divide with /."
    return ""


def is_open(value: Any) -> bool:
    """Whether a value is the dots of a blank, or a tuple or list with dots in it."""
    return value is Ellipsis or (isinstance(value, tuple | list) and any(v is Ellipsis for v in value))


def numbers_typed(*lines: ast.AST) -> list[float]:
    """The numbers in the lines of a blank, without 0, 1 and 2, which a formula may need."""
    nodes = [n for line in lines for n in ast.walk(line) if isinstance(n, ast.Constant)]
    numbers = [n.value for n in sorted(nodes, key=lambda n: (n.lineno, n.col_offset))]
    return [number for number in numbers if type(number) in (int, float) and number not in (0, 1, 2)]


def divisors(*nodes: ast.AST) -> list[ast.expr]:
    """What is divided by."""
    found = [n for node in nodes for n in ast.walk(node) if isinstance(getattr(n, "op", None), ast.Div)]
    return [n.right if isinstance(n, ast.BinOp) else n.value for n in found]


def signed(node: ast.expr, sign: int = 1) -> list[tuple[int, ast.expr]]:
    """The terms of a sum, each with its sign."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return signed(node.left, sign) + signed(node.right, sign if isinstance(node.op, ast.Add) else -sign)
    return [(sign, node)]


def calls(lines: Lines, function: str) -> bool:
    """Whether the lines of a blank call a function whose name begins so."""
    called = [n.func for line in lines for n in ast.walk(line) if isinstance(n, ast.Call)]
    return any(getattr(f, "attr", getattr(f, "id", "")).startswith(function) for f in called)


@dataclass(frozen=True)
class Written:
    """What the learner wrote for a value: the names that it reads, its lines as far as they are known, the right line.

    `its`, the right line, is "" if it takes several.
    """

    read: frozenset[str]
    lines: Lines = ()
    its: str = ""

    @cached_property
    def terms(self) -> list[tuple[int, str]] | None:
        """The terms of the sum that the only line is, each with its sign; None if there are several lines, or none."""
        alone = len(self.lines) == 1 and isinstance(self.lines[0], ast.Assign)
        return [(sign, ast.unparse(term)) for sign, term in signed(self.lines[0].value)] if alone else None

    @cached_property
    def divided(self) -> set[str]:
        """The names that are divided by, where the right line does not; to divide by f(x) is not to divide by x."""
        by = [each for each in divisors(*self.lines) if not any(isinstance(n, ast.Call) for n in ast.walk(each))]
        return names_in(*by) - names_in(*divisors(ast.parse(self.its)))

    @cached_property
    def ones(self) -> bool:
        """Whether there is a 1, as in a slope; True if it is not known."""
        nodes = [n for line in self.lines for n in ast.walk(line) if isinstance(n, ast.Constant)]
        return not self.lines or any(n.value == 1 for n in nodes)


def alias(statements: Lines, names: Collection[str]) -> str:
    """That a line only gives one of `names` a second name, under which it is changed later; or "". No full stop."""
    for k, statement in enumerate(statements):
        original = _base(statement.value) if isinstance(statement, ast.Assign) else None
        target = statement.targets[0] if original in names else None
        if isinstance(target, ast.Name) and any(target.id in _filled(later) for later in statements[k + 1 :]):
            name, value = target.id, ast.unparse(statement.value)
            fresh = f"np.zeros_like({value})" if name == f"d{value.split('.')[-1]}" else f"{value}.copy()"  # a gradient
            said = f"After `{name} = {value}`, what is done to {name} is done to {original} too"
            return f"{said}. Begin with `{name} = {fresh}`"
    return ""


def made_before(namespace: Names, group: str) -> set[str] | None:
    """The names that cells of no such group have made, but for loops' counters; None if it isn't known what ran."""
    cells, names = _other_cells(namespace, group), set()
    for tree in cells or ():
        targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.For | ast.comprehension)]
        counts = {id(node) for target in targets for node in ast.walk(target)}
        nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        names |= {node.id for node in nodes if id(node) not in counts}
    return None if cells is None else names


def read_by(lines: Iterable[str]) -> set[str]:
    """The names that the library's lines read."""
    return set().union(*(globals_read(compile(line, "a line", "eval")) for line in lines))


def without_copies(namespace: Names, group: str, statements: Lines, given: Collection[str]) -> Lines:
    """The statements, except those that make only `given` names and are in a cell that doesn't judge the group too.

    One of the assignments of `a, b = 1, 2` counts as in that cell too. What the cell goes on to change stays.
    """
    ran = [part for tree in _other_cells(namespace, group) or () for s in tree.body for part in _one_by_one(s)]
    theirs = {ast.dump(part) for part in ran}
    drawn = {n for n, value in namespace.items() if _draws(value)}

    def is_copy(statement: ast.stmt) -> bool:
        parts = _one_by_one(statement)
        return all(ast.dump(part) in theirs and _makes_the_same(part, ran, drawn) for part in parts)

    copies = [s for s in statements if touched(s) and touched(s) <= {*given} and is_copy(s)]
    changed = stored([s for s in statements if s not in copies])
    return [s for s in statements if s not in copies or touched(s) & changed]


def _one_by_one(statement: ast.stmt) -> list[ast.stmt]:
    """The assignments that `a, b = 1, 2` makes, each as a statement; any other statement, or `a, b = b, a`, alone."""
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            starred = any(isinstance(each, ast.Starred) for each in [*targets, *values])
            if len(targets) == len(values) and not starred and not names_in(*targets) & names_in(*values):
                pairs = zip(targets, values, strict=True)
                return [ast.copy_location(ast.Assign([target], value), statement) for target, value in pairs]
    return [statement]


def _makes_the_same(statement: ast.stmt, ran: Lines, drawn: Collection[str]) -> bool:
    """Whether a line that has run would make the same again: nothing that it makes or reads was made after it.

    Of what is `drawn` from, such as random numbers, each line gets something else.
    """
    last = {name: k for k, s in enumerate(ran) for name in touched(s)}
    k = max(k for k, s in enumerate(ran) if ast.dump(s) == ast.dump(statement))
    made, read = touched(statement), globals_read(code_of(statement))
    again = all(last[name] == k for name in made) and all(last.get(name, -1) < k for name in read)
    return again and not read & drawn and not _unseeded(statement)


def _draws(value: Any) -> bool:
    """Whether a value gives something else each time: an iterator, or random numbers."""
    kind = type(value)
    its = value.__name__ if issubclass(kind, ModuleType) else kind.__module__
    return issubclass(kind, Iterator) or its.startswith(("random", "numpy.random"))


def _unseeded(statement: ast.stmt) -> bool:
    """Whether a line calls np.random.normal(), say, or default_rng() without a number to begin from."""
    called = [n for n in ast.walk(statement) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    called = [n for n in called if getattr(n.func.value, "attr", "") == "random"]
    return any(not (n.func.attr in ("default_rng", "RandomState") and n.args) for n in called)


def _other_cells(namespace: Names, group: str) -> list[ast.Module] | None:
    """The cells that have run and don't judge this group, however the call is written; None if it isn't known."""
    ran, trees = namespace.get("In"), []  # IPython's list of all cells that have run
    if not isinstance(ran, list):
        return None
    for source in ran:
        with contextlib.suppress(SyntaxError):  # a cell that failed, with a `return` of no function too
            tree = ast.parse(below_magic(source) or source)
            code_of(*tree.body)
            if not any(is_judge(node) and repr(group) in ast.unparse(node) for node in ast.walk(tree)):
                trees.append(tree)
    return trees


def compared(statements: Lines, name: str) -> bool:
    """Whether a line is `name == ...`, which only compares."""
    values = [s.value for s in statements if isinstance(s, ast.Expr) and isinstance(s.value, ast.Compare)]
    return any(isinstance(v.ops[0], ast.Eq) and getattr(v.left, "id", "") == name for v in values)
