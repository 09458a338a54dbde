"""Faulty backward passes: the right ones of this folder, each with one to four of the usual mistakes put in.

The mistakes are made on the text, by a list of their own that shares nothing with the doctor's candidate edits.
"""

from __future__ import annotations

import ast
import linecache
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_teach.gradcheck import check_gradients

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Faulty:
    """A faulty pass: its text, the name of the function, and for each fault the lines that may be named."""

    style: str
    text: str
    name: str
    kinds: tuple[str, ...]
    lines: tuple[frozenset[int], ...]


@dataclass(frozen=True)
class Mistake:
    kind: str
    start: int
    end: int
    new: str
    lines: frozenset[int]


def styles(folder: str) -> dict[str, tuple[str, str]]:
    """`{style: (text, name of the backward function)}` of one folder."""
    found = {}
    for path in sorted((FOLDER / folder).glob("*.py")):
        text = path.read_text()
        tree = ast.parse(text)
        last = tree.body[-1]
        name = last.name if isinstance(last, ast.FunctionDef) else last.targets[0].id
        found[path.stem] = text, name
    return found


def load(text: str, name: str, cell: str) -> Callable:
    """Define the function as a notebook cell would."""
    linecache.cache[cell] = (len(text), None, text.splitlines(keepends=True), cell)
    space = {"__name__": "__main__"}
    exec(compile(text, cell, "exec"), space)
    return space[name]


def mistakes(text: str) -> list[Mistake]:
    """All single mistakes of the list, in statements of functions from the first array of zeros or first error on."""
    tree = ast.parse(text)
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def span(node: ast.AST) -> tuple[int, int]:
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    def seg(node: ast.AST) -> str:
        return text[slice(*span(node))]

    found: list[Mistake] = []

    def add(kind: str, node: ast.AST, new: str, whole: ast.AST | None = None) -> None:
        whole = whole or node
        found.append(Mistake(kind, *span(node), new, frozenset(range(node.lineno, node.end_lineno + 1))))

    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or function.name == "logistic":
            continue
        names = _vector_names(function)
        for node in _statements(function):
            if re.search(r"logistic|hs\.append|cs\.append|forward\(|tok", seg(node).split(":\n")[0]):
                continue
            for mistake in _of_statement(node, seg, span, names, text):
                found.append(mistake)
    return [m for m in found if m.new != text[m.start : m.end]]


def _statements(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef) and node is not function:
            yield node


def _vector_names(function: ast.FunctionDef) -> list[str]:
    return sorted({n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)})


def _of_statement(node: ast.stmt, seg, span, names: list[str], text: str) -> Iterator[Mistake]:
    def make(kind: str, part: ast.AST, new: str, lines: frozenset[int] | None = None) -> Mistake:
        own = frozenset(range(part.lineno, part.end_lineno + 1))
        return Mistake(kind, *span(part), new, lines or own)

    head = node
    if isinstance(node, ast.For):
        head = node.iter
    elif isinstance(node, ast.While | ast.If):
        head = node.test
    elif isinstance(node, ast.AugAssign):
        between = text[span(node.target)[1] : span(node.value)[0]]
        at = span(node.target)[1]
        lines = frozenset([node.lineno])
        for new in {"+=": ("=", "-="), "-=": ("+=",), "*=": ("=", "+=")}.get(between.strip(" ("), ()):
            yield Mistake("accumulate", at, span(node.value)[0], between.replace(between.strip(" ("), new), lines)
        if node.lineno == node.end_lineno:
            at = text.rindex("\n", 0, span(node)[0]) + 1
            around = frozenset(
                [node.lineno - 1, node.lineno]
            )  # where it was missed out: after one line, before the next
            yield Mistake("left out", at, text.index("\n", at) + 1, "", around)
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Subscript | ast.Attribute):
        at, to = span(node.targets[0])[1], span(node.value)[0]
        if text[at:to].strip(" (") == "=":
            yield Mistake("accumulate", at, to, text[at:to].replace("=", "+=", 1), frozenset([node.lineno]))
    elif not isinstance(node, ast.Assign | ast.Expr | ast.Return):
        return
    for part in ast.walk(head):
        if isinstance(part, ast.BinOp):
            left, right = seg(part.left), seg(part.right)
            op = type(part.op)
            if op is ast.Add:
                yield make("sign", part, f"{left} - {right}")
                yield make("term left out", part, left)
                yield make("term left out", part, right)
            elif op is ast.Sub:
                constant = isinstance(part.right, ast.Constant)
                if constant and isinstance(part.left, ast.Name):
                    yield make("index", part, left)
                elif not isinstance(part.left, ast.Constant):
                    yield make("sign", part, f"{left} + {right}")
                else:
                    yield make("slope", part, f"{left} + {right}")
                    if isinstance(part.right, ast.BinOp):
                        yield make("slope", part, f"{left} - {seg(part.right.left)}")
                    else:
                        yield make("slope", part, f"{left} - {right} ** 2")
            elif op is ast.Mult:
                yield make("factor left out", part, left)
                if not isinstance(part.left, ast.BinOp):
                    yield make("factor left out", part, right if isinstance(part.right, ast.Name) else f"({right})")
                yield make("sum for product", part, f"{left} + {right}")
            elif op is ast.MatMult and right.endswith(".T"):
                yield make("product", part, f"{left} * {right[:-2]}")
        elif isinstance(part, ast.Attribute) and part.attr == "T":
            yield make("transpose", part, seg(part.value))
        elif isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
            if name == "outer":
                yield make("product", part, seg(part).replace("outer", "dot", 1))
                yield make("product", part, f"{seg(part.func)}({seg(part.args[1])}, {seg(part.args[0])})")
            elif name == "dot" and isinstance(part.func, ast.Attribute) and len(part.args) == 1:
                yield make("transpose", part, f"{seg(part.args[0])}.dot({seg(part.func.value)})")
            elif name == "range" and len(part.args) == 3:
                a, b, c = map(seg, part.args)
                yield make("range", part, f"range({a}, 0, {c})")
                yield make("range", part, f"range({a} - 1, {b}, {c})")
                yield make("range", part, f"range(0, {a} + 1)")
            elif name in ("range", "arange") and len(part.args) == 1:
                yield make("range", part, f"{seg(part.func)}(1, {seg(part.args[0])})")
                yield make("range", part, f"{seg(part.func)}({seg(part.args[0])} - 1)")
            elif name == "reversed":
                yield make("range", part, seg(part.args[0]))
            elif name in ("zeros", "zeros_like"):
                yield make("start value", part, seg(part).replace("zeros", "ones", 1))
            elif name == "copy":
                yield make("no copy", part, seg(part.func.value))
            elif name == "tanh":
                yield make("no tanh", part, seg(part.args[0]))
        elif isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Load):
            index = part.slice
            if isinstance(index, ast.Name):
                yield make("index", index, f"{index.id} - 1")
            elif isinstance(index, ast.BinOp) and isinstance(index.right, ast.Constant):
                yield make("index", index, seg(index.left))
            elif seg(index) == "::-1":
                yield make("range", part, seg(part.value))
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id in names:
            for other in names:
                if other != part.id and _alike(part.id, other):
                    yield make("wrong name", part, other)
        elif (
            isinstance(part, ast.Attribute)
            and len(part.attr) <= 2
            and part.attr != "T"
            and isinstance(part.ctx, ast.Load)
        ):
            for other in {"i": "f", "f": "i", "o": "g", "g": "o", "c": "ct", "ct": "c", "h": "c"}.get(
                part.attr, ""
            ).split():
                yield make("wrong name", part, f"{seg(part.value)}.{other}")
            if part.attr[0] == "W":
                for gate in "ifog".replace(part.attr[1], ""):
                    yield make("wrong name", part, f"{seg(part.value)}.W{gate}")


def _alike(a: str, b: str) -> bool:
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1


def put(text: str, chosen: list[Mistake]) -> str:
    """The text with these mistakes, which must not overlap."""
    for mistake in sorted(chosen, key=lambda m: -m.start):
        text = text[: mistake.start] + mistake.new + text[mistake.end :]
    return text


def is_faulty(text: str, name: str) -> bool:
    """Whether the pass runs, returns finite numbers, and these are wrong."""
    try:
        function = load(text, name, "<trial>")
    except Exception:
        return False
    with np.errstate(all="ignore"):
        report = check_gradients(function, seconds=2.0)
    return bool(report.errors) and not report.problems and not report.passed


def singles(folder: str, per_style: int, seed: int) -> list[Faulty]:
    """Faulty passes with one mistake each, `per_style` of each style, as many kinds of mistake as there are."""
    chosen = []
    for style, (text, name) in styles(folder).items():
        rng = random.Random(f"{seed} {style}")
        pool = mistakes(text)
        rng.shuffle(pool)
        count: dict[str, int] = {}
        taken = 0
        # Rare kinds first, so that a style gives as many different kinds as it can.
        while taken < per_style and pool:
            pool.sort(key=lambda m: count.get(m.kind, 0))
            mistake = pool.pop(0)
            faulty = put(text, [mistake])
            if is_faulty(faulty, name):
                count[mistake.kind] = count.get(mistake.kind, 0) + 1
                chosen.append(Faulty(style, faulty, name, (mistake.kind,), (mistake.lines,)))
                taken += 1
            else:
                count[mistake.kind] = count.get(mistake.kind, 0) + 0.2
    return chosen


def combinations(folder: str, per_style: int, seed: int) -> list[Faulty]:
    """Faulty passes with two, three or four mistakes, each of which is a fault by itself."""
    chosen = []
    for style, (text, name) in styles(folder).items():
        rng = random.Random(f"{seed} {style} many")
        pool = mistakes(text)
        taken = 0
        while taken < per_style:
            some: list[Mistake] = []
            for mistake in rng.sample(pool, min(60, len(pool))):
                if len(some) == 2 + taken % 3:
                    break
                apart = all(not (mistake.lines & m.lines) for m in some)
                if apart and is_faulty(put(text, [mistake]), name):
                    some.append(mistake)
            faulty = put(text, some)
            if len(some) == 2 + taken % 3 and is_faulty(faulty, name):
                chosen.append(Faulty(style, faulty, name, tuple(m.kind for m in some), tuple(m.lines for m in some)))
                taken += 1
    return chosen
