"""Faulty backward passes: the right ones of this folder with one to four usual mistakes put in, and some by hand.

The mistakes are found in the syntax tree and made on the text, by a list that shares nothing with the doctor's edits.
"""

from __future__ import annotations

import ast
import json
import linecache
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_teach.gradcheck import check_gradients

FOLDER = Path(__file__).parent
FAMILIES = ("i", "f", "o", "g"), ("c", "ct", "h")
# Where the walk back starts, in styles with a forward pass of their own: mistakes are made from this line on.
BACK_FROM = {
    "char_rnn": "dWLSTM, dV = ",
    "closures": "    def affine",
    "columns": "    gV = ",
    "input_first": "    dM = ",
    "layer_functions": "def temporal_softmax",
    "layer_object": "    def backward(self, labels)",
    "matlab": "    D = P.copy()",
    "recompute": "    gV = ",
    "shifted_rows": "    # backward",
}
# Lines of a forward pass that stand after that one.
FORWARD = {
    "closures": r"z = |i, f|\(z|c_new|t = |return (o|z)|h = np|c = np|h, c",
    "layer_functions": r"Wx, Wh|h = np|c = np|h, c|hs|for token|caches",
}


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
    """`text[start:end]` becomes `new`; afterwards the fault is on `lines`."""

    kind: str
    start: int
    end: int
    new: str
    lines: frozenset[int]


def styles(folder: str) -> dict[str, tuple[str, str]]:
    """`{style: (text, name of the backward function)}` of one folder."""
    found = {}
    for path in sorted((FOLDER / folder).glob("*.py")):
        text = path.read_text(encoding="utf-8")
        last = ast.parse(text).body[-1]
        name = last.name if isinstance(last, ast.FunctionDef) else last.targets[0].id
        found[path.stem] = text, name
    return found


def by_hand(folder: str) -> dict[str, tuple[Faulty, list[dict]]]:
    """`{name: (faulty pass, its faults)}`; a fault says which lines may be named, and how its lines are when right."""
    table = json.loads((FOLDER / folder / "by_hand" / "repairs.json").read_text(encoding="utf-8"))
    return {
        name: (Faulty(f"by hand: {name}", text, function, ("by hand",) * len(table[name]), lines), table[name])
        for name, (text, function) in styles(f"{folder}/by_hand").items()
        if (lines := tuple(frozenset(fault["lines"]) for fault in table[name]))
    }


def other_hands() -> list[Faulty]:
    """Passes that people wrote and broke who had not seen the doctor.

    cases.json says for each what was broken, the lines that may be named, and what was changed in the right pass:
    `[first, last, new lines]`, where lines first to last - 1 (counted from 0) were replaced.
    """
    rights = styles("other_hands")
    cases = []
    for case in json.loads((FOLDER / "other_hands" / "cases.json").read_text(encoding="utf-8")):
        text, name = rights[case["right"]]
        lines = text.splitlines()
        for first, last, new in reversed(case["changed"]):
            lines[first:last] = new
        places = tuple(frozenset(fault) for fault in case["lines"])
        cases.append(Faulty(case["right"], "\n".join(lines) + "\n", name, (case["what"],), places))
    return cases


def load(text: str, name: str, cell: str) -> Callable:
    """Define the function as a notebook cell would."""
    linecache.cache[cell] = (len(text), None, text.splitlines(keepends=True), cell)
    space = {"__name__": "__main__"}
    exec(compile(text, cell, "exec"), space)
    return space[name]


class Text:
    """A text with its syntax tree, and what the mistakes need to know of it."""

    def __init__(self, text: str, style: str):
        self.text, self.tree = text, ast.parse(text)
        self.starts = [0]
        for line in text.encode().splitlines(keepends=True):  # the tree counts columns in bytes
            self.starts.append(self.starts[-1] + len(line))
        if not text.isascii():
            self.at = {len(text[:k].encode()): k for k in range(len(text) + 1)}
        self.first_line = text[: text.index(BACK_FROM[style])].count("\n") + 1 if style in BACK_FROM else 0
        main = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)]
        self.inputs = [[arg.arg for arg in f.args.args[1:3]] for f in main if len(f.args.args) >= 3]
        self.names = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        self.names -= {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name) and node.id == "np"}
        self.attributes = {node.attr for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}
        self.keys = {
            node.slice.value
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
        }
        self.together = [
            [part.id for part in node.elts]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Tuple)
            and isinstance(node.ctx, ast.Store)
            and all(isinstance(part, ast.Name) for part in node.elts)
        ]

    def offset(self, line: int, column: int) -> int:
        at = self.starts[line - 1] + column
        return at if self.text.isascii() else self.at[at]

    def span(self, node: ast.AST) -> tuple[int, int]:
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.AST) -> str:
        return self.text[slice(*self.span(node))]

    def whole_lines(self, first: ast.stmt, last: ast.stmt) -> tuple[int, int]:
        return self.offset(first.lineno, 0), self.offset(last.end_lineno, 0) + len(
            self.text.splitlines(keepends=True)[last.end_lineno - 1]
        )

    def operand(self, node: ast.AST) -> str:
        return f"({self.of(node)})" if isinstance(node, ast.BinOp | ast.IfExp) else self.of(node)


def mistakes(text: str, style: str = "") -> list[Mistake]:
    """All single mistakes of the list, in the walk back."""
    source = Text(text, style)
    found: list[Mistake] = []
    for body in _bodies(source.tree):
        for place, statement in enumerate(body):
            if isinstance(statement, ast.FunctionDef | ast.ClassDef) or statement.lineno < source.first_line:
                continue
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue
            if re.match(rf".*forward\(|{FORWARD.get(style, '$')}", source.of(statement)):
                continue
            found += _of_statement(source, body, place)
            for part in ast.walk(_head(statement)):
                for kind, node, new in _of_expression(source, part):
                    start, end = source.span(node)
                    lines = frozenset(range(node.lineno, node.lineno + new.count("\n") + 1))
                    found.append(Mistake(kind, start, end, new, lines))
    return [m for m in dict.fromkeys(found) if m.new != text[m.start : m.end]]


def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.If):
            yield node.body


def _head(statement: ast.stmt) -> ast.AST:
    """What belongs to the statement itself, without the block below it."""
    if isinstance(statement, ast.For):
        return statement.iter
    if isinstance(statement, ast.While | ast.If):
        return statement.test
    return statement


def _of_statement(source: Text, body: list[ast.stmt], place: int) -> Iterator[Mistake]:
    """Mistakes with whole statements: the kind of assignment, left out, in the wrong order, in the wrong block."""
    node, text = body[place], source.text
    start, end = source.whole_lines(node, node)
    one_line = node.lineno == node.end_lineno
    line = frozenset([node.lineno])
    simple = isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr)
    if isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Subscript | ast.Attribute)
    ):
        target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
        at, to = source.span(target)[1], source.span(node.value)[0]
        sign = re.match(r" (\S?=) \(?$", text[at:to])
        others = {"+=": ["=", "-="], "-=": ["=", "+="], "*=": ["="], "=": ["+="]}
        for new in others.get(sign[1], ()) if sign else ():
            yield Mistake(
                "subtracted" if "-" in new else "replaced" if new == "=" else "accumulated",
                at,
                to,
                text[at:to].replace(sign[1], new),
                line,
            )
        value = source.of(node.value)
        for wrong in ("clipped", "averaged"):
            inputs = source.inputs[-1][0] if source.inputs else "x"
            new = f"np.clip({value}, -0.05, 0.05)" if wrong == "clipped" else f"({value}) / len({inputs})"
            if one_line and re.search(r"@|outer|dot|matmul|\* .*\bf|y\b", value):
                yield Mistake(wrong, *source.span(node.value), new, line)
    if simple and one_line:
        # Left out: after the line before, or before the next one.
        yield Mistake("left out", start, end, "", frozenset([node.lineno - 1, node.lineno]))
        later = body[place + 1 :]
        for distance in (1, len(later) - 1, len(later)):
            moved_over = later[:distance]
            if distance < 1 or not moved_over or not all(hasattr(s, "end_lineno") for s in moved_over):
                continue
            if isinstance(moved_over[-1], ast.Return):
                continue
            _, stop = source.whole_lines(node, moved_over[-1])
            now = node.lineno + text[end:stop].count("\n")
            # Either the statement itself may be named, or the place where it is missing.
            lines = frozenset([now, node.lineno - 1, node.lineno])
            yield Mistake("too late", start, stop, text[end:stop] + text[start:end], lines)
        for distance in (1, place):
            moved_over = body[max(place - distance, 0) : place]
            if not moved_over or any(isinstance(s, ast.FunctionDef) for s in moved_over):
                continue
            first, _ = source.whole_lines(moved_over[0], moved_over[0])
            lines = frozenset([moved_over[0].lineno, node.lineno, node.lineno + 1])
            yield Mistake("too early", first, end, text[start:end] + text[first:start], lines)
    if isinstance(node, ast.For | ast.While):
        last = node.body[-1]
        if len(node.body) > 1 and last.lineno == last.end_lineno and not isinstance(last, ast.Return):
            at, to = source.whole_lines(last, last)
            indented = source.of(last) + "\n"
            yield Mistake("after the loop", at, to, " " * node.col_offset + indented, frozenset([last.lineno]))
        inside = " " * node.body[0].col_offset
        at, _ = source.whole_lines(node.body[0], node.body[0])
        for before in body[max(place - 4, 0) : place]:
            if isinstance(before, ast.Assign) and re.search(r"zeros|= 0|empty", source.of(before)):
                new = f"{inside}{source.of(before)}\n"
                yield Mistake("reset in the loop", at, at, new, frozenset([node.body[0].lineno]))
        after = body[place + 1 :]
        if len(after) == 1 and isinstance(after[0], ast.Return) and after[0].lineno == after[0].end_lineno:
            at, to = source.whole_lines(after[0], after[0])
            new = f"{inside}{source.of(after[0])}\n"
            yield Mistake("return in the loop", at, to, new, frozenset([after[0].lineno]))


def _of_expression(source: Text, part: ast.AST) -> Iterator[tuple[str, ast.AST, str]]:
    """`(kind, node, its new text)` for every mistake that can be made in this part of an expression."""
    of, operand = source.of, source.operand
    if isinstance(part, ast.BinOp):
        left, right = operand(part.left), operand(part.right)
        match part.op:
            case ast.Add():
                yield "sign", part, f"{of(part.left)} - {right}"
                yield "term left out", part, of(part.left)
                yield "term left out", part, of(part.right)
            case ast.Sub() if isinstance(part.left, ast.Constant):
                yield from _slopes(source, part)
            case ast.Sub() if not isinstance(part.right, ast.Constant):
                yield "sign", part, f"{of(part.left)} + {of(part.right)}"
                yield "term left out", part, of(part.left)
            case ast.Mult():
                yield "factor left out", part, left
                yield "factor left out", part, right
                if left != right:
                    yield "factor twice", part, f"{of(part)} * {right}"
            case ast.MatMult():
                yield "product", part, f"{right} @ {left}"
                yield "product", part, f"{left} * {right}"
                for one, other in ((left, right), (right, left)):
                    if one.endswith(".T") and one == left:
                        yield "product", part, f"np.dot({one[:-2]}, {other})"
            case ast.Pow():
                yield "power left out", part, left
    elif isinstance(part, ast.Attribute) and part.attr == "T":
        yield "transposed", part, of(part.value)
    elif isinstance(part, ast.Call):
        yield from _calls(source, part)
    elif isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.Gt | ast.GtE | ast.Lt | ast.LtE):
        ops = {ast.Gt: ">=", ast.GtE: ">", ast.Lt: "<=", ast.LtE: "<"}
        yield "range", part, f"{of(part.left)} {ops[type(part.ops[0])]} {of(part.comparators[0])}"
    elif isinstance(part, ast.Subscript):
        yield from _indices(source, part)
    elif isinstance(part, ast.List | ast.Tuple) and isinstance(part.ctx, ast.Load) and len(part.elts) > 2:
        texts = [of(element) for element in part.elts]
        for k in range(len(texts) - 1):
            if texts[k] != texts[k + 1] and "*" not in of(part)[:2] and part.lineno == part.end_lineno:
                new = [*texts[:k], texts[k + 1], texts[k], *texts[k + 2 :]]
                whole = of(part).replace(", ".join(texts), ", ".join(new))
                yield "order", part, whole
    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
        for others in source.inputs:
            if part.id in others:
                yield "input for target", part, others[1 - others.index(part.id)]
        for other in sorted(source.names):
            if _alike(part.id, other) or any({part.id, other} <= set(names) for names in source.together):
                yield "wrong name", part, other
    elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load):
        for other in sorted(source.attributes | {name for group in FAMILIES for name in group}):
            if _alike(part.attr, other):
                yield "wrong name", part, f"{of(part.value)}.{other}"
    elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant) and isinstance(part.slice.value, str):
        for other in sorted(key for key in source.keys if isinstance(key, str)):
            if _alike(part.slice.value, other):
                yield "wrong name", part.slice, f'"{other}"'


def _slopes(source: Text, part: ast.BinOp) -> Iterator[tuple[str, ast.AST, str]]:
    """`1 - a` or `1 - a**2`: the other slope, the slope of another value, once more."""
    right = part.right
    square = isinstance(right, ast.BinOp) or (isinstance(right, ast.Call) and "square" in source.of(right))
    base = right.left if isinstance(right, ast.BinOp) else right.args[0] if square else right
    one, a = source.of(part.left), source.operand(base)
    yield "sign", part, f"{one} + {source.of(right)}"
    if square:
        yield "slope", part, f"{one} - {a}"
        yield "slope", part, f"{a} * ({one} - {a})"
        yield "squashed twice", part, f"{one} - np.tanh({a}) ** 2"
    else:
        yield "slope", part, f"{one} - {a} ** 2"
        yield "squashed twice", part, f"{one} - 1 / (1 + np.exp(-{a}))"
    yield "slope twice", part, f"({source.of(part)}) * ({source.of(part)})"


def _calls(source: Text, part: ast.Call) -> Iterator[tuple[str, ast.AST, str]]:
    of = source.of
    name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
    args = [of(argument) for argument in part.args]
    owner = of(part.func.value) if isinstance(part.func, ast.Attribute) else ""
    if name in ("outer", "dot", "matmul", "kron") and len(args) == 2:
        yield "product", part, f"{of(part.func)}({args[1]}, {args[0]})"
        yield "product", part, f"np.{'inner' if name in ('outer', 'kron') else 'multiply'}({args[0]}, {args[1]})"
    elif name == "dot" and len(args) == 1:
        yield "product", part, f"{args[0]}.dot({owner})"
        yield "product", part, f"{owner} * {source.operand(part.args[0])}"
    elif name in ("multiply", "add") and len(args) == 2:
        yield ("factor left out" if name == "multiply" else "term left out"), part, args[0]
        yield ("factor left out" if name == "multiply" else "term left out"), part, args[1]
    elif name == "einsum":
        letters = part.args[0].value
        first, rest = re.split(r"(?=[,-])", letters, maxsplit=1)
        yield "product", part.args[0], f'"{first[:-2]}{first[:-3:-1]}{rest}"'
    elif name == "range" and len(args) == 3:
        yield "range", part, f"range({args[0]}, {args[1]} + 1, {args[2]})"
        yield "range", part, f"range({args[0]} - 1, {args[1]}, {args[2]})"
        yield "range", part, f"range({args[1]} + 1, {args[0]} + 1)"
    elif name in ("range", "arange") and len(args) == 1:
        yield "range", part, f"{of(part.func)}(1, {args[0]})"
        yield "range", part, f"{of(part.func)}({args[0]} - 1)"
    elif name == "reversed":
        yield "range", part, args[0]
    elif name in ("zeros", "zeros_like"):
        yield "start value", part, of(part).replace("zeros", "ones", 1)
    elif name == "copy" and not args:
        yield "no copy", part, owner
    elif name in ("copy", "array", "list") and len(args) == 1:
        yield "no copy", part, args[0]
    elif name == "tanh":
        yield "no tanh", part, args[0]
        yield "squashed twice", part, f"np.tanh({of(part)})"
    elif name in ("flip", "roll"):
        yield "range", part, args[0]
    elif name in ("concatenate", "hstack", "vstack", "stack") and isinstance(part.args[0], ast.Tuple):
        parts = [of(element) for element in part.args[0].elts]
        if len(parts) == 2:
            yield "order", part.args[0], f"({parts[1]}, {parts[0]})"
    for keyword in part.keywords:
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
            yield "axis", keyword.value, str(1 - keyword.value.value)


def _indices(source: Text, part: ast.Subscript) -> Iterator[tuple[str, ast.AST, str]]:
    of = source.of
    if of(part.slice) == "::-1":
        yield "range", part, of(part.value)
    for index in part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]:
        match index:
            case ast.Name():
                yield "index", index, f"{index.id} - 1"
                yield "index", index, f"{index.id} + 1"
            case ast.BinOp(right=ast.Constant()):
                yield "index", index, of(index.left)
                other = "+" if isinstance(index.op, ast.Sub) else "-"
                yield "index", index, f"{of(index.left)} {other} {of(index.right)}"
            case ast.Constant(value=int(gate)) if 0 <= gate < 4:
                yield "wrong gate", index, str((gate + 1) % 4)
                yield "wrong gate", index, str((gate + 3) % 4)
            case ast.Slice(lower=None, upper=ast.Name() as upper, step=None):
                yield "index", index, f"1 : {upper.id} + 1"


def _alike(a: str, b: str) -> bool:
    """Whether one name may slip in for the other: of one family, one letter apart, or one word apart."""
    if a == b:
        return False
    if any(a in group and b in group for group in FAMILIES):
        return True
    if len(a) == len(b) and len(a) > 1 and sum(x != y for x, y in zip(a, b, strict=True)) == 1:
        return True
    words = [re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name) for name in (a, b)]
    if len(words[0]) != len(words[1]) or len(words[0]) < 2:
        return False
    return sum(x.lower() != y.lower() for x, y in zip(*words, strict=True)) == 1


def put(text: str, chosen: list[Mistake]) -> tuple[str, tuple[frozenset[int], ...]]:
    """The text with these mistakes, which must not overlap, and the lines of each in the new text."""
    lines = []
    for mistake in chosen:
        before = [m for m in chosen if m.start < mistake.start]
        shift = sum(m.new.count("\n") - text[m.start : m.end].count("\n") for m in before)
        lines.append(frozenset(line + shift for line in mistake.lines))
    for mistake in sorted(chosen, key=lambda m: -m.start):
        text = text[: mistake.start] + mistake.new + text[mistake.end :]
    return text, tuple(lines)


def is_faulty(text: str, name: str) -> bool:
    """Whether the pass runs, returns finite numbers, and these are wrong."""
    try:
        function = load(text, name, "<trial>")
    except (SyntaxError, NameError):
        return False
    with np.errstate(all="ignore"):
        report = check_gradients(function, seconds=2.0)
    return bool(report.errors) and not report.problems and not report.passed


def singles(folder: str, per_style: int, seed: int) -> list[Faulty]:
    """Faulty passes with one mistake each, `per_style` of each style, as many kinds of mistake as there are."""
    chosen = []
    used: dict[str, float] = defaultdict(float)
    for style, (text, name) in styles(folder).items():
        pool = mistakes(text, style)
        random.Random(f"{seed} {style}").shuffle(pool)
        taken: list[Mistake] = []
        while len(taken) < per_style:
            pool.sort(key=lambda m: used[m.kind])  # rare kinds first
            mistake = pool.pop(0)
            wrong, lines = put(text, [mistake])
            faulty = is_faulty(wrong, name)
            used[mistake.kind] += 1 if faulty else 0.2
            if faulty:
                taken.append(mistake)
                chosen.append(Faulty(style, wrong, name, (mistake.kind,), lines))
    return chosen


def combinations(folder: str, per_style: int, seed: int) -> list[Faulty]:
    """Faulty passes with two, three, four mistakes in turn, each of which is a fault by itself."""
    chosen = []
    for style, (text, name) in styles(folder).items():
        rng = random.Random(f"{seed} {style} many")
        pool = mistakes(text, style)
        kinds = sorted({m.kind for m in pool})
        for number in range(per_style):
            size = 2 + number % 3
            while True:
                some: list[Mistake] = []
                while len(some) < size:
                    kind = rng.choice(kinds)
                    mistake = rng.choice([m for m in pool if m.kind == kind])
                    if all(_apart(mistake, m) for m in some) and is_faulty(put(text, [mistake])[0], name):
                        some.append(mistake)
                wrong, lines = put(text, some)
                if is_faulty(wrong, name):
                    break
            chosen.append(Faulty(style, wrong, name, tuple(m.kind for m in some), lines))
    return chosen


def _apart(a: Mistake, b: Mistake) -> bool:
    return (a.end <= b.start or b.end <= a.start) and not a.lines & b.lines
