"""Candidate edits for slips of the language rather than of the mathematics: grouping, closures, number types, layout.

Each function takes the maker of edits of one statement (`edits._Maker`) and a node of it. Imports scene and variants.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Iterator
from typing import Any

from lstm_teach.doctor.scene import is_zeros
from lstm_teach.doctor.variants import OPERATORS, Edit

_MADE = ("zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "array", "asarray")
_LAID_OUT = ("reshape", "ravel", "flatten")
_MIXED_UP = {  # functions and methods that are taken for one another
    "repeat": ("tile",),
    "tile": ("repeat",),
    "flatten": ("ravel",),  # a view, where what is written later is to be seen
    "hstack": ("vstack",),
    "vstack": ("hstack",),
    "max": ("sum",),
    "amax": ("sum",),
    "min": ("max",),
    "prod": ("sum",),
    "cumsum": ("sum",),
    "cumprod": ("cumsum",),
    "minimum": ("maximum",),
    "log": ("exp",),
    "sinh": ("tanh",),
    "cosh": ("tanh",),
    "len": ("sum",),
}


def pitfalls(maker: Any, root: ast.AST) -> Iterator[Edit]:
    """All of them, for everything in a statement or head."""
    yield from called_again(maker, root)
    yield from all_turned(maker, root)
    yield from read_again(maker, root)
    yield from left_unread(maker, root)
    inside = [node for loop in maker.slot.loops for node in ast.walk(loop) if isinstance(node, ast.Name)]
    bound = [node.id for node in inside if isinstance(node.ctx, ast.Store)]
    if isinstance(root, ast.Assign):
        yield from whole_array(maker, root)
        yield from elsewhere(maker, root)
    for node in ast.walk(root):
        if isinstance(node, ast.BinOp):
            yield from grouping(maker, node)
            yield from slope_again(maker, node)
        elif isinstance(node, ast.Subscript):
            yield from chained(maker, node)
        elif isinstance(node, ast.Call):
            yield from mixed_up(maker, node)
            yield from not_given(maker, node)
            yield from number_type(maker, node)
            yield from layout(maker, node)
            yield from rolled(maker, node)
            yield from nonlinearity(maker, node)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            inner = [name for one in node.generators for name in _names(one.target)]
            for part in ast.walk(node):
                yield from late_binding(maker, part, inner)
        yield from late_binding(maker, node, bound)


def misspelt(maker: Any, error: Exception) -> Iterator[Edit]:
    """Names much like the one that Python does not know, wherever the statement reads it; or the other way round."""
    inside = list(ast.walk(maker.slot.node))
    quoted = re.search("'(\\w+)'", str(error))  # Python tells the name of a local one in the message only
    name = getattr(error, "name", None) or (quoted[1] if quoted else "")
    if isinstance(error, NameError):
        known = {*maker.slot.names, *maker.unit.function.__globals__, *dir(builtins)}
        places = [node for node in inside if isinstance(node, ast.Name) and node.id == name]
    elif isinstance(error, AttributeError):
        known = set(dir(error.obj))
        places = [node for node in inside if isinstance(node, ast.Attribute) and node.attr == name]
    else:
        return
    ends = [maker.unit.span(node)[1] for node in places if isinstance(node.ctx, ast.Load)]
    for rank, new in enumerate(difflib.get_close_matches(name, known - {name}, 5) if ends else ()):
        changes = [(end - len(name), end, new) for end in ends]
        yield maker.edit("unknown name", 1.0 + 0.1 * rank, *changes, old=name, new=new)
    read = {n.id for n in ast.walk(maker.unit.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    given = [node for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    for node in given if name in read else ():
        if node.id not in read and difflib.get_close_matches(node.id, [name]):  # a name that nobody reads
            yield maker.swap("target", 0.9, node, name)


def called_again(maker: Any, root: ast.AST) -> Iterator[Edit]:
    """`s * (1 - s)` where `sigmoid(s) * (1 - sigmoid(s))` stands: the same call in several places, left out in all."""
    calls: dict[str, list[ast.Call]] = {}
    for node in ast.walk(root):
        if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            calls.setdefault(maker.seg(node), []).append(node)
    for text, same in calls.items():
        if len(same) > 1:
            inner = maker.tight(same[0].args[0])
            changes = [(*maker.unit.span(node), inner) for node in same]
            yield maker.edit("unwrapped", 1.3, *changes, old=text, new=inner)


def grouping(maker: Any, node: ast.BinOp) -> Iterator[Edit]:
    """`(1 - a) ** 2` where `1 - a ** 2` is meant, `s * 1 - s` where `s * (1 - s)` is, and the like."""
    sign = OPERATORS.get(type(node.op))
    match node:
        case ast.BinOp(ast.BinOp(a, ast.Add() | ast.Sub() as inner, b), ast.Pow() | ast.Mult() | ast.Div(), c):
            new = f"{maker.seg(a)} {OPERATORS[type(inner)]} {maker.tight(b)} {sign} {maker.tight(c)}"
            yield maker.swap("parentheses", 1.3, node, f"({new})")
        case ast.BinOp(a, ast.Mult(), ast.BinOp(b, ast.Add() | ast.Sub() as inner, c)):
            new = f"{maker.tight(a)} * {maker.tight(b)} {OPERATORS[type(inner)]} {maker.tight(c)}"
            yield maker.swap("parentheses", 1.5, node, f"({new})")
    match node:
        case ast.BinOp(ast.BinOp(a, ast.Mult() | ast.Div() as inner, b), ast.Add() | ast.Sub(), c):
            new = f"{maker.seg(a)} {OPERATORS[type(inner)]} ({maker.seg(b)} {sign} {_term(maker, c)})"
            yield maker.swap("parentheses", 1.3, node, new)
        case ast.BinOp(ast.BinOp(x, ast.Add(), ast.BinOp(a, ast.Mult(), b)), ast.Add() | ast.Sub(), c):
            new = f"{maker.seg(x)} + {maker.seg(a)} * ({maker.seg(b)} {sign} {_term(maker, c)})"
            yield maker.swap("parentheses", 1.3, node, new)
        case ast.BinOp(a, ast.Add() | ast.Sub(), ast.BinOp(b, ast.Mult() | ast.Div() | ast.Pow() as inner, c)):
            new = f"({maker.seg(a)} {sign} {maker.tight(b)}) {OPERATORS[type(inner)]} {maker.tight(c)}"
            yield maker.swap("parentheses", 1.5, node, new)


def _term(maker: Any, node: ast.expr) -> str:
    """The text of what is added or subtracted: a product needs no parentheses."""
    product = isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add | ast.Sub)
    return maker.seg(node) if product else maker.tight(node)


def factors_of(node: ast.expr) -> list[ast.expr]:
    """The factors of a product, from left to right."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*factors_of(node.left), *factors_of(node.right)]
    return [node]


def slope_again(maker: Any, node: ast.BinOp) -> Iterator[Edit]:
    """Two factors too many, as `p * (1 - p)` on an error for which softmax and cross-entropy need no slope."""
    each = factors_of(node)
    for k, first in enumerate(each):
        for other in each[k + 1 :]:
            slope = any(
                isinstance(b, ast.BinOp) and isinstance(b.op, ast.Sub) and maker.seg(b.right) == maker.seg(a)
                for a, b in ((first, other), (other, first))
            )
            rest = [one for one in each if one is not first and one is not other]
            if slope and rest:
                yield maker.swap("dropped factor", 1.4, node, " * ".join(maker.tight(one) for one in rest))


def chained(maker: Any, node: ast.Subscript) -> Iterator[Edit]:
    """`W[j][k]` where `W[k][j]` is meant: a row for a column in a list of lists."""
    inner = node.value
    if isinstance(inner, ast.Subscript) and maker.whole_number(node.slice) and maker.whole_number(inner.slice):
        a, b = maker.seg(inner.slice), maker.seg(node.slice)
        changes = (*maker.unit.span(inner.slice), b), (*maker.unit.span(node.slice), a)
        yield maker.edit("transpose", 1.3, *changes, old=f"[{a}][{b}]", new=f"[{b}][{a}]")


def not_given(maker: Any, node: ast.Call) -> Iterator[Edit]:
    """Zeros where the walk or the forward pass begins, though the function was given what to begin with."""
    if not is_zeros(node) or maker.slot.kind != "statement":
        return
    function, text = maker.unit.node, maker.seg(node)
    read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    shape = maker.shape(node)
    shapes = {atom.text: atom.shape for atom in maker.scene.unread if atom.unit == maker.slot.unit}
    for name in (arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)):
        if isinstance(shape, tuple) and shapes.get(name) == shape:
            new = f"{text} if {name} is None else {name}"
            start, end = maker.unit.span(node)
            apart = maker.unit.text[:start].rstrip()[-1:] in "[(,=" and maker.unit.text[end:].lstrip(" ")[:1] in "])\n,"
            new = new if apart else f"({new})"
            yield maker.swap("given state", 1.8 if name in read else 1.3, node, new)


def mixed_up(maker: Any, node: ast.Call) -> Iterator[Edit]:
    """`np.repeat` where `np.tile` is meant, and the like; half of what goes into a tanh, or twice as much."""
    name = maker.of_numpy(node.func) or getattr(node.func, "attr", getattr(node.func, "id", ""))
    end = maker.unit.span(node.func)[1]
    for new in _MIXED_UP.get(name, ()) if maker.seg(node.func).endswith(name) else ():
        yield maker.edit("helper", 1.5, (end - len(name), end, new), old=name, new=new)
    if name in ("tanh", "exp") and len(node.args) == 1:  # a sigmoid is a tanh: s(a) = (1 + tanh(a / 2)) / 2
        for number in ("0.5", "2"):
            yield maker.swap("factor", 1.5, node.args[0], f"{number} * {maker.tight(node.args[0])}")


def all_turned(maker: Any, root: ast.AST) -> Iterator[Edit]:
    """All square matrices of a statement transposed, or none."""
    products = [n for n in ast.walk(root) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult)]
    products = [n.left for n in products] + [n.args[0] for n in _dots(root)]
    plain = {id(atom.node): atom for atom in maker.paths.values() if _square(atom.shape)}
    bare = [node for node in products if id(node) in plain]
    turned = [node for node in products if getattr(node, "attr", "") == "T" and id(node.value) in plain]
    if len(bare) > 1:
        ends = [maker.unit.span(node)[1] for node in bare]
        yield maker.edit(
            "transpose", 1.2, *((end, end, ".T") for end in ends), old=maker.seg(bare[0]), new=f"{maker.seg(bare[0])}.T"
        )
    if len(turned) > 1:
        spans = [(maker.unit.span(node.value)[1], maker.unit.span(node)[1], "") for node in turned]
        yield maker.edit("transpose", 1.3, *spans, old=maker.seg(turned[0]), new=maker.seg(turned[0].value))


def _dots(root: ast.AST) -> list[ast.Call]:
    calls = (n for n in ast.walk(root) if isinstance(n, ast.Call) and len(n.args) == 2)
    return [n for n in calls if getattr(n.func, "attr", "") in ("dot", "matmul")]


def _square(shape: Any) -> bool:
    return isinstance(shape, tuple) and len(shape) == 2 and shape[0] == shape[1]


def read_again(maker: Any, root: ast.AST) -> Iterator[Edit]:
    """Another thing of the same shape for one that stands in several places, in all of them: `f * (1 - f)`."""
    same: dict[str, dict[tuple[int, int], Any]] = {}
    for atom in maker.paths.values():
        if isinstance(atom.shape, tuple) and isinstance(getattr(atom.node, "ctx", ast.Load()), ast.Load):
            same.setdefault(atom.text, {})[maker.unit.span(atom.node)] = atom
    for text, places in same.items():
        for new in maker.alternatives(next(iter(places.values()))) if len(places) > 1 else ():
            changes = [(*span, new) for span in places]
            yield maker.edit("wrong name", 1.7, *changes, old=text, new=new)


def left_unread(maker: Any, root: ast.AST) -> Iterator[Edit]:
    """A name of a loop around that nobody reads in it, for any other name here."""
    for loop in maker.slot.loops if maker.slot.kind == "statement" else ():
        inside = [n for statement in loop.body for n in ast.walk(statement) if isinstance(n, ast.Name)]
        unread = [name for name in _names(getattr(loop, "target", None)) if name not in {n.id for n in inside}]
        for node in ast.walk(root) if unread else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                for name in unread:
                    yield maker.swap("wrong name", 1.4, node, name)


def late_binding(maker: Any, node: ast.AST, bound: list[str]) -> Iterator[Edit]:
    """A function made in a loop sees the loop's names as they are when it is called: as defaults they stay."""
    if isinstance(node, ast.Lambda) and node.args.kwarg is None:
        own = {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}
        read = [name for name in dict.fromkeys(bound) if name in set(_names(node.body)) - own]
        if read:
            at, given = maker.unit.span(node.body)[0], ", ".join(f"{name}={name}" for name in read)
            colon = maker.unit.text.rindex(":", maker.unit.span(node)[0], at)
            given = f", {given}" if own else f" {given}"
            yield maker.edit("late binding", 1.2, (colon, colon, given), old=maker.seg(node), new=given.lstrip(", "))


def number_type(maker: Any, node: ast.Call) -> Iterator[Edit]:
    """An array made for whole numbers cuts off what is written into it."""
    if maker.of_numpy(node.func) in _MADE:
        for keyword in node.keywords:
            if keyword.arg == "dtype" and maker.seg(keyword.value) not in ("float", f"{maker.scene.numpy}.float64"):
                yield maker.swap("number type", 1.1, keyword.value, "float")
        shape = maker.shape(node)
        if isinstance(shape, tuple) and shape[:1] == ("ints",) and all(k.arg != "dtype" for k in node.keywords):
            at = maker.unit.span(node)[1] - 1
            yield maker.edit("number type", 1.3, (at, at, ", dtype=float"), old=maker.seg(node), new="dtype=float")
    elif isinstance(node.func, ast.Attribute) and node.func.attr == "astype":
        yield maker.swap("number type", 1.2, node, maker.seg(node.func.value))


def layout(maker: Any, node: ast.Call) -> Iterator[Edit]:
    """Column by column or row by row: Fortran's and Matlab's order, and C's."""
    name = getattr(node.func, "attr", "")
    if name not in _LAID_OUT:
        return
    order = [keyword for keyword in node.keywords if keyword.arg == "order"]
    for keyword in order:
        new = '"C"' if "F" in maker.seg(keyword.value) else '"F"'
        yield maker.swap("layout", 1.3, keyword.value, new)
    if not order:
        at = maker.unit.span(node)[1] - 1
        comma = ", " if node.args or node.keywords else ""
        new = f'{comma}order="F"'
        yield maker.edit("layout", 1.6, (at, at, new), old=maker.seg(node), new=new.removeprefix(", "))


def nonlinearity(maker: Any, node: ast.Call) -> Iterator[Edit]:
    """A tanh where a function of the learner's is meant, most likely the sigmoid, and the other way round."""
    own = maker.activations()
    if len(node.args) == 1 and maker.of_numpy(node.func) == "tanh":
        for name in own:
            yield maker.swap("helper", 1.5, node.func, name)
    elif len(node.args) == 1 and maker.seg(node.func) in own:
        yield maker.swap("helper", 1.5, node.func, f"{maker.scene.numpy}.tanh")


def rolled(maker: Any, node: ast.Call) -> Iterator[Edit]:
    """`np.roll(h, 1, axis=0)` puts the last state before the first step, where the initial one belongs."""
    if maker.of_numpy(node.func) != "roll" or not node.args:
        return
    shape, np_ = maker.shape(node.args[0]), maker.scene.numpy
    if not isinstance(shape, tuple) or len(shape) != 2:
        return
    text = maker.tight(node.args[0])
    first = [a.text for a in maker.scene.of_shape(maker.slot.unit, shape[1:])]
    first += [a.text for a in maker.scene.of_shape(maker.slot.unit, (1, shape[1]))]
    columns = [a.text for a in maker.scene.of_shape(maker.slot.unit, (shape[0], 1))]
    for one in dict.fromkeys(first):
        yield maker.swap("slice", 1.5, node, f"{np_}.vstack([{one}, {text}[:-1]])")
    for one in dict.fromkeys(columns):
        yield maker.swap("slice", 1.5, node, f"{np_}.hstack([{one}, {text}[:, :-1]])")


def whole_array(maker: Any, node: ast.Assign) -> Iterator[Edit]:
    """`h[:] = ...` changes the array that others hold; `h = ...` makes a new one."""
    target = node.targets[0]
    named = isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name | ast.Attribute)
    named = named and len(node.targets) == 1
    if named and maker.seg(target.slice) in (":", "...") and not is_zeros(node.value):
        yield maker.swap("copy", 1.3, target, maker.seg(target.value))


def elsewhere(maker: Any, node: ast.Assign) -> Iterator[Edit]:
    """The same number as another statement works it out, in this function or another one."""
    if maker.scene.results.get(maker.slot.number) != "int" or len(node.targets) != 1:
        return
    name, now = maker.seg(node.targets[0]), maker.seg(node.value)
    for slot in maker.scene.slots:
        other = slot.node
        if slot.kind == "statement" and isinstance(other, ast.Assign) and len(other.targets) == 1:
            unit = maker.scene.units[slot.unit]
            if unit.segment(other.targets[0]) == name and unit.segment(other.value) != now:
                yield maker.swap("wrong number", 1.5, node.value, unit.segment(other.value))


def _names(node: ast.AST | None) -> Iterator[str]:
    yield from (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)) if node is not None else ()
