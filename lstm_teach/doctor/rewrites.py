"""What is often written for what, as a table: one line for each rewrite, matched on the syntax tree.

A capital letter is any expression, the same letter twice the same text; `np` is numpy under any name, and its functions
match where they were imported by themselves too. A rewrite needs two unrelated authors who made the mistake. Imports
donors, maker and slots.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

from lstm_teach.doctor.donors import plus
from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.slots import Edit

# kind of mistake, cost (small for what people often do), what is written, what may be meant
REWRITES = (
    ("slope", 1.0, "1 - A", "1 - A ** 2"),
    ("slope", 1.1, "1 - A ** 2", "1 - A", "A * (1 - A)", "1 - np.tanh(A) ** 2"),
    ("slope", 1.0, "A * (B - C)", "1 - C ** 2"),
    ("slope", 1.0, "(B - C) * A", "1 - C ** 2"),
    ("slope", 1.0, "D * A * (B - C)", "D * (1 - C ** 2)"),
    ("slope", 1.2, "F(A) * (1 - F(A))", "A * (1 - A)"),
    ("slope", 1.2, "1 - 1 / (1 + np.exp(-A))", "1 - A"),
    ("slope", 1.6, "A ** B", "1 - A ** B"),
    ("slope", 1.5, "A[K] * (1 - A[K])", '(1 - A[K] ** 2 if K == "g" else A[K] * (1 - A[K]))'),
    ("slope", 1.5, "B * A[K] * (1 - A[K])", 'B * (1 - A[K] ** 2 if K == "g" else A[K] * (1 - A[K]))'),
    ("power", 1.2, "A ** B", "A"),
    ("square", 1.3, "A * 2", "A ** 2"),
    ("square", 1.3, "2 * A", "A ** 2"),
    ("square", 1.5, "A / B", "A / B ** 2"),
    ("sign", 1.2, "-A", "A"),
    ("sign", 1.4, "A - B", "B - A"),
    ("sign", 1.4, "F.exp(A)", "F.exp(-A)"),
    ("sign", 1.4, "exp(A)", "exp(-A)"),
    ("operator", 1.3, "1 + np.exp(A)", "1 / (1 + np.exp(A))"),
    ("operator", 1.4, "A + B", "A - B"),
    ("operator", 1.4, "A - B", "A + B"),
    ("operator", 2.2, "A + B", "A * B"),
    ("operator", 2.2, "A + B + C", "A + B * C", "A * B + C"),
    ("operator", 2.2, "A * B", "A + B", "A @ B"),
    ("operator", 2.2, "A @ B", "A * B"),
    ("dropped term", 1.6, "A + B", "A", "B"),
    ("dropped term", 1.6, "A - B", "A", "B"),
    ("dropped factor", 1.4, "A * B", "A", "B"),
    ("dropped factor", 1.2, "A / B", "A"),
    ("dropped factor", 1.4, "A * B * (1 - B)", "A"),
    ("product", 1.6, "A @ B", "B @ A", "np.outer(A, B)", "np.outer(B, A)", "B.T @ A", "B @ A.T"),
    ("product", 1.8, "A * B", "np.outer(A, B)", "np.outer(B, A)", "A.T @ B", "A @ B.T", "B.T @ A", "B @ A.T"),
    ("product", 1.8, "np.dot(A, B)", "np.outer(B, A)", "np.dot(B, A)"),
    ("product", 1.1, "A.dot(B)", "np.outer(A, B)", "B.dot(A)"),
    ("transpose", 1.2, "A.T", "A"),
    ("transpose", 1.3, "A @ B", "A.T @ B", "A @ B.T"),
    ("transpose", 1.0, "A.T @ B", "B.T @ A"),
    ("transpose", 1.0, "A @ B.T", "B @ A.T"),
    ("transpose", 1.0, "np.dot(A.T, B)", "np.dot(B.T, A)"),
    ("transpose", 1.0, "np.dot(A, B.T)", "np.dot(B, A.T)"),
    ("transpose", 1.2, "A[:, None] * B", "B[:, None] * A"),
    ("parentheses", 1.3, "(A + B) * C", "A + B * C", "A * C + B"),
    ("parentheses", 1.3, "(A - B) * C", "A - B * C"),
    ("parentheses", 1.3, "(A - B) ** C", "A - B ** C"),
    ("parentheses", 1.5, "A * (B + C)", "A * B + C"),
    ("parentheses", 1.5, "A * (B - C)", "A * B - C"),
    ("parentheses", 1.3, "A * B + C", "A * (B + C)"),
    ("parentheses", 1.3, "A * B - C", "A * (B - C)"),
    ("parentheses", 1.5, "A + B * C", "(A + B) * C"),
    ("parentheses", 1.5, "A - B * C", "(A - B) * C"),
    ("parentheses", 1.5, "A - B ** C", "(A - B) ** C"),
    ("parentheses", 1.3, "A / B + C", "A / (B + C)"),
    ("initial value", 1.6, "A.copy()", "np.zeros_like(A)"),
    ("copy", 1.1, "[F(A)] * N", "[F(A) for _ in range(N)]"),
    ("copy", 1.2, "[A] * N", "[A.copy() for _ in range(N)]"),
    ("copy", 1.1, "F.fromkeys(A, [])", "{key: [] for key in A}"),
    ("copy", 1.2, "F.fromkeys(A, B)", "{key: B.copy() for key in A}"),
    ("copy", 1.4, "A.append(B)", "A.append(B.copy())"),
    ("copy", 1.5, "A += B", "A = A + B"),
    ("copy", 1.5, "A -= B", "A = A - B"),
    ("copy", 1.5, "A *= B", "A = A * B"),
    ("in place", 1.3, "A = A + B", "A += B"),
    ("assignment", 1.3, "A[B] += C", "np.add.at(A, B, C)"),
    ("one entry", 1.3, "A = A[B] - C", "A[B] -= C"),
    ("softmax", 1.0, "A[B] = -1 / C", "A[B] -= 1"),
    ("softmax", 1.1, "A[B] = -1 / C[B]", "A[:] = C; A[B] -= 1"),
    ("product", 1.0, "A[B] += C[B] * D", "A += np.outer(C, D)"),
    ("assignment", 1.1, "{**A, **B}", "{name: A[name] + value for name, value in B.items()}"),
    ("helper", 1.6, "1 / (1 + np.exp(-A))", "np.tanh(A)"),
    ("helper", 1.6, "np.tanh(A)", "1 / (1 + np.exp(-A))"),
    ("mean", 1.0, "A.mean()", "A"),
    ("condition", 1.5, "A if C else B", "A", "B"),
    ("used up", 1.2, "A = (B for N in C)", "A = [B for N in C]"),
    ("used up", 1.3, "A = zip(B, C)", "A = list(zip(B, C))"),
    ("range", 1.1, "range(A)", "range(A + 1)", "range(A - 1)", "reversed(range(A))"),
    ("range", 1.6, "range(A)", "range(A - 1, -1, -1)"),
    ("range", 1.0, "range(A, B)", "range(A + 1, B)", "range(A - 1, B)", "range(A, B + 1)", "range(A, B - 1)"),
    ("range", 1.4, "range(A, B)", "range(B)", "range(A, B, -1)", "range(A, -1, -1)", "range(A - 1, -1, -1)"),
    ("range", 1.5, "range(A, B, C)", "range(A - 1, -1, -1)", "range(A, -1, -1)"),
    ("range", 1.0, "range(A, B, C)", "range(A + 1, B, C)", "range(A - 1, B, C)"),
    ("range", 1.0, "range(A, B, C)", "range(A, B + 1, C)", "range(A, B - 1, C)"),
    ("range", 1.0, "enumerate(reversed(A))", "reversed(list(enumerate(A)))"),
    ("range", 1.0, "enumerate(A[::-1])", "reversed(list(enumerate(A)))"),
    ("range", 1.2, "range(A, B)", "reversed(range(A, B))"),
    ("forwards only", 1.2, "reversed(A)", "reversed(list(A))"),
    ("forwards only", 1.2, "A[::-1]", "list(A)[::-1]"),
    ("range", 1.2, "A[::-1]", "A"),
    ("order", 1.4, "[A[1:], B]", "[B, A[:-1]]"),
    ("index", 1.2, "np.arange(A)", "np.arange(A) - 1", "np.arange(A) + 1"),
    ("end", 1.2, "A.pop()", "A.pop(0)"),
    ("end", 1.2, "A.pop(0)", "A.pop()"),
    ("end", 1.4, "A.append(B)", "A.insert(0, B)", "A.appendleft(B)"),
    ("end", 1.6, "A[-1]", "A.pop()"),
)

# The same for the names of functions and methods, whatever they are called with: kind, cost, name, others.
RENAMED = (
    ("square", 1.5, "multiply", "power"),
    ("product", 1.0, "outer", "dot", "multiply", "inner"),
    ("product", 1.0, "matmul", "outer"),
    ("product", 1.3, "dot", "outer", "multiply", "inner"),
    ("product", 1.6, "inner", "dot", "outer", "multiply"),
    ("initial value", 0.8, "ones", "zeros"),
    ("initial value", 0.8, "ones_like", "zeros_like"),
    ("initial value", 0.8, "empty", "zeros"),
    ("initial value", 0.8, "empty_like", "zeros_like"),
    ("mean", 1.0, "sum", "mean"),
    ("mean", 1.0, "mean", "sum"),
    ("helper", 1.5, "max", "sum"),
)
_LETTERS = re.compile(r"(?<![\w.])(np|[A-Z])\b")  # what a pattern leaves open
REWRITTEN = {kind for kind, *_ in (*REWRITES, *RENAMED)}


def rewritten(maker: Maker, root: ast.AST) -> Iterator[Edit]:
    """Everything in a statement or head that the tables know, written as they say."""
    for node in ast.walk(root):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        for kind, cost, pattern, others in _BY_SORT.get(_sort(node), ()):
            bound: dict[str, ast.expr] = {}
            if _matches(maker, pattern, node, bound):
                for other, form in others:
                    whole = bound.get(other, form)
                    operator = type(whole.op) if isinstance(whole, ast.BinOp) else None
                    yield maker.swap(kind, cost, node, _filled(maker, other, bound), operator)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):  # which is a power in other languages
            at = maker.unit.text.index("^", maker.unit.span(node.left)[1])
            yield maker.edit("operator", 1.0, (at, at + 1, "**"))
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            end = maker.unit.span(node.func)[1]
            for kind, cost, old, *others in RENAMED:
                for new in others if old == name else ():
                    yield maker.edit(kind, cost, (end - len(name), end, new))


def _parsed(text: str) -> ast.AST:
    """The tree of an expression or a statement."""
    node = ast.parse(text).body[0]
    return node.value if isinstance(node, ast.Expr) else node


def _sort(node: ast.AST) -> tuple[type, type | None]:
    """What has to be the same for a pattern to match, to look at few of them."""
    return type(node), type(getattr(node, "op", None))


def _matches(maker: Maker, pattern: Any, node: Any, bound: dict[str, ast.expr]) -> bool:
    """Whether a node has the form of a pattern; what its capital letters stand for comes to `bound`."""
    if isinstance(pattern, ast.Name) and re.fullmatch("[A-Z]", pattern.id):
        known = bound.setdefault(pattern.id, node)
        return known is node or maker.seg(known) == maker.seg(node)
    if isinstance(pattern, ast.Attribute) and getattr(pattern.value, "id", "") == "np":
        return isinstance(node, ast.expr) and maker.of_numpy(node) == pattern.attr
    if isinstance(pattern, list):
        pairs = zip(pattern, node, strict=False)
        return len(pattern) == len(node) and all(_matches(maker, *pair, bound) for pair in pairs)
    if not isinstance(pattern, ast.AST):
        return pattern == node
    fields = ((each, getattr(node, name, None)) for name, each in ast.iter_fields(pattern) if name != "ctx")
    return type(pattern) is type(node) and all(_matches(maker, *pair, bound) for pair in fields)


def _filled(maker: Maker, text: str, bound: dict[str, ast.expr]) -> str:
    """A pattern's text with the learner's own words, each in parentheses where the text would mean another thing."""
    numpy, parts = maker.scene.numpy, _LETTERS.split(text)
    letters = [(k, bound[parts[k]]) for k in range(1, len(parts), 2) if parts[k] != "np"]
    parts = [numpy if part == "np" else part for part in parts]
    for k, one in letters:
        slices = any(isinstance(part, ast.Slice) for part in getattr(one, "elts", [one]))
        parts[k] = f"{numpy}.s_[{maker.seg(one)}]" if slices and parts[k - 1][-1:] != "[" else maker.tight(one)
    for k, one in letters:
        bare = [*parts[:k], maker.seg(one), *parts[k + 1 :]]
        if isinstance(one, ast.Starred):  # which has no parentheses
            parts = bare
        factor = parts[k - 1][-3:] == " * " and parts[k + 1][:3] != " **" and _only_times(one)
        if parts[k] == f"({bare[k]})" and (factor or _meaning("".join(bare)) == _meaning("".join(parts))):
            parts = bare
    new = "".join(parts)
    if text.startswith("range("):  # `0 + 1` and `n - 1 + 1`
        ends = r"(?:(?<=\()|(?<=, ))(-?\d+|[\w.()]+ [+-] \d+)( [+-] 1)(?=[,)])"
        new = re.sub(ends, lambda found: plus(*found.groups()), new)
    return new


def _only_times(node: ast.expr) -> bool:
    """Whether it is a product, of which each factor may as well be one of another product."""
    matrices = any(isinstance(inner, ast.MatMult) for inner in ast.walk(node))
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and not matrices


def _meaning(text: str) -> str:
    """What tells texts apart that mean different things; the text itself, if Python can't read it."""
    try:
        return ast.dump(ast.parse(" ".join(text.split())))
    except SyntaxError:
        return text


_BY_SORT: dict[tuple, list[tuple]] = {}
for _kind, _cost, _pattern, *_others in REWRITES:
    _tree, _forms = _parsed(_pattern), [(_other, _parsed(_other)) for _other in _others]
    _BY_SORT.setdefault(_sort(_tree), []).append((_kind, _cost, _tree, _forms))
