"""Candidate edits of one statement: small changes of its expressions, made from the text alone.

Imports maker, the operators (rewrites, donors, growth, indices), scene and slots.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lstm_teach.doctor import donors
from lstm_teach.doctor.growth import HOLDING, growth
from lstm_teach.doctor.indices import indices
from lstm_teach.doctor.maker import COUNTING, Maker
from lstm_teach.doctor.rewrites import rewritten
from lstm_teach.doctor.scene import is_tokens, is_vector, is_zeros, targets_of
from lstm_teach.doctor.slots import Edit

# Arguments by name that may be wrong or missing: name, kind of mistake, cost, what may be meant, in calls of what.
_KEYWORDS = (
    ("axis", "axis", 1.4, "0 1 -1", "roll sum mean flip cumsum diff argsort concatenate stack split repeat append"),
    ("order", "layout", 1.4, '"F" "C"', "reshape ravel flatten"),
    ("dtype", "number type", 1.2, "float", "zeros ones empty full zeros_like array asarray"),
)
_CHANGING = ("tanh", "clip", "sigmoid", "diag", "abs", "sign", "flip", "sqrt", "exp", "maximum", "minimum", "reversed")
_ITERATING = ("zip", "enumerate", "reduce", "accumulate", "map", "list", "tuple")
_COMPARED = ("<", "<=", ">", ">=", "==", "!="), ("in", "not in"), ("is", "is not")
# How it is assigned, and what else may be meant: cost of each.
_ASSIGNED = {
    "=": {"+=": 1.0, "-=": 2.0, "*=": 3.0, "/=": 2.5},
    "+=": {"=": 1.0, "-=": 1.0, "*=": 2.5},
    "-=": {"+=": 1.0, "=": 1.1, "*=": 2.5},
    "*=": {"+=": 1.0, "=": 1.0, "-=": 1.0},
    "/=": {"+=": 1.0, "=": 1.0, "-=": 1.0, "*=": 2.5},
}


def edits_of(maker: Maker) -> Iterator[Edit]:
    """All candidate edits of a statement or head."""
    node = maker.slot.node
    yield from _statement(maker, node) if maker.slot.kind == "statement" else _reversed(maker, node)
    yield from growth(maker, node)
    yield from rewritten(maker, node)
    for atom in (atom for atom in maker.paths.values() if atom.shape is not None):
        yield from donors.another(maker, atom)
    yield from indices(maker, node)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            yield from _call(maker, inner)
        elif isinstance(inner, ast.Constant):
            yield from _constant(maker, inner)
        elif isinstance(inner, ast.Compare):
            yield from _compare(maker, inner)
        elif isinstance(inner, ast.List | ast.Tuple) and isinstance(inner.ctx, ast.Load):
            yield from donors.swapped_items(maker, inner.elts, 2.2 if isinstance(inner, ast.List) else 1.8)
        elif isinstance(inner, ast.Dict):
            yield from donors.swapped_items(maker, inner.values, keys=[maker.seg(key or inner) for key in inner.keys])
        elif isinstance(inner, ast.comprehension):
            yield from _reversed(maker, inner.iter)


def _statement(maker: Maker, node: ast.stmt) -> Iterator[Edit]:
    value = getattr(node, "value", None)
    if targets_of(node):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        start, end = maker.unit.span(target)[1], maker.unit.span(value)[0]
        sign = re.search(r"[-+*/]?=", maker.unit.text[start:end])
        single = len(getattr(node, "targets", [target])) == 1 and not isinstance(target, ast.Tuple)
        others = _ASSIGNED.get(sign[0], {}) if single and not maker.only_zeros(value) else {}
        for new, cost in others.items():
            at, less = (start + sign.start(), start + sign.end()), []
            if new == "+=" and isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
                new, less = "-=", [(*maker.unit.span(value), maker.seg(value.operand))]
            yield maker.edit("assignment", cost, (*at, new), *less, old=sign[0], new=new)
        yield from donors.another_target(maker, target)
        yield from _right_hand_side(maker, node, value)
    if isinstance(node, ast.Assign) and len(node.targets) > 1:  # an array of its own for each name
        yield maker.lines("copy", 1.2, [f"{maker.seg(target)} = {maker.seg(value)}" for target in node.targets])
    for atom in (one for one in maker.paths.values() if isinstance(one.node, ast.Name) and is_vector(one.shape)):
        if isinstance(maker.around.get(id(atom.node)), HOLDING):  # it may be changed later on
            yield maker.swap("copy", 1.5, atom.node, f"{atom.text}.copy()")


def _right_hand_side(maker: Maker, node: ast.stmt, value: ast.expr) -> Iterator[Edit]:
    shape, np_ = maker.scene.results.get(maker.slot.number), maker.scene.numpy
    states = sorted({arg.arg for arg in maker.unit.node.args.args} & {"h0", "c0"})
    for inner in (n for n in ast.walk(value) if states and isinstance(n, ast.Call | ast.Subscript)):
        text, made, around = maker.seg(inner), maker.shape(inner), maker.around.get(id(inner))
        before = re.search(r"\[(\w+) - 1\]$", text)  # where t is 0, the last row
        matrix = is_vector(made) and len(made) == 2 and 1 in made
        apart = isinstance(around, ast.stmt | ast.Dict | ast.List | ast.Tuple | ast.Call)
        for state in states if before or is_zeros(inner) else ():
            given = state + (f"[{':, ' * made.index(1)}None]" if matrix else "")
            new = f"{text} if {before[1]} > 0 else {given}" if before else f"{text} if {state} is None else {given}"
            yield maker.swap("start", 1.9 if before else 1.5, inner, new if apart else f"({new})")
    several = value.elts if isinstance(value, ast.Tuple) and not maker.slot.loops else []
    for one in [value, *several] if isinstance(node, ast.Assign) else ():
        made = shape if one is value else maker.shape(one)
        if is_vector(made) and not is_zeros(one) and (like := _like(maker, made)):
            yield maker.swap("initial value", 1.2 + 0.1 * (one is not value), one, f"{np_}.zeros_like({like})")
    if is_vector(shape) and isinstance(value, ast.Name | ast.Attribute | ast.Subscript):
        end = maker.unit.span(value)[1]
        yield maker.edit("copy", 1.0 if maker.only_zeros(value) else 1.2, (end, end, ".copy()"))


def _like(maker: Maker, shape: Any) -> str | None:
    """Something of this shape to make zeros of; no argument of the function, which may be None."""
    given = {arg.arg for arg in ast.walk(maker.unit.node.args) if isinstance(arg, ast.arg)}
    same = (a.text for a in (*maker.paths.values(), *maker.within(shape)) if a.shape == shape)
    return next((text for text in same if text not in given), None)


def _reversed(maker: Maker, root: ast.expr) -> Iterator[Edit]:
    """The things that a loop runs over, the last one first."""
    text, one = maker.seg(root), isinstance(root, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    if one and not text.startswith("reversed(") and not text.endswith("[::-1]"):
        yield maker.swap("range", 1.25, root, f"reversed({text})")
        yield maker.swap("range", 1.3, root, f"list({text})[::-1]")  # of what can be read only once


def _constant(maker: Maker, node: ast.Constant) -> Iterator[Edit]:
    """Another number; what is added or multiplied and should be nothing is left out, which is another edit."""
    value, around = node.value, maker.around.get(id(node))
    axis = isinstance(around, ast.keyword) and around.arg == "axis"  # which is another edit
    if isinstance(value, bool) or not isinstance(value, int | float) or axis:
        return
    for atom in maker.named if value == 0 and id(node) in maker.operands else ():  # 0 is handed on
        if is_vector(atom.shape) or atom.text not in maker.scene.read[maker.slot.unit]:
            yield maker.swap("wrong name", 1.9, node, atom.text)
    nothing = 0 if isinstance(around, ast.UnaryOp) else None  # what would change nothing, or be written as `-0`
    if isinstance(around, ast.BinOp) and node is around.right:
        nothing = 0 if isinstance(around.op, ast.Add | ast.Sub) else 1
    for new in (value + 1, value - 1, value * 2, value / 2, 1 if value != 1 else 0):
        if new in (value, nothing) or (isinstance(value, int) and new != int(new)):
            continue
        new = int(new) if isinstance(value, int) else float(new)
        cost = 1.2 if abs(new - value) == 1 and new >= 0 else 2.6
        yield maker.swap("constant", cost, node, f"{new}" if new >= 0 else f"({new})")


def _compare(maker: Maker, node: ast.Compare) -> Iterator[Edit]:
    start, end = maker.unit.span(node.left)[1], maker.unit.span(node.comparators[0])[0]
    found = re.search(r"[<>=!]=?|is not|is|not in|in", maker.unit.text[start:end])
    for family in (family for family in _COMPARED if found and found[0] in family):
        for new in (new for new in family if new != found[0]):
            yield maker.edit("condition", 1.6, (start + found.start(), start + found.end(), new))


def _call(maker: Maker, node: ast.Call) -> Iterator[Edit]:
    args, name = node.args, getattr(node.func, "attr", getattr(node.func, "id", ""))
    texts = [maker.seg(arg) for arg in args]
    if args and not isinstance(maker.around.get(id(node)), ast.Expr):
        yield from _unwrapped(maker, node, name, texts)
    yield from _other_function(maker, node)
    yield from _other_arguments(maker, node, name, texts)
    yield from _keywords(maker, node, name)
    for arg in args if name in _ITERATING else ():
        yield from _reversed(maker, arg)


def _unwrapped(maker: Maker, node: ast.Call, name: str, texts: list[str]) -> Iterator[Edit]:
    """An argument without what is done to it."""
    if name in _CHANGING:
        yield maker.swap("unwrapped" if name != "reversed" else "range", 1.15, node, texts[0])
    elif len(texts) == 1 and isinstance(node.func, ast.Name) and name not in COUNTING:
        yield maker.swap("unwrapped", 2.2, node, texts[0])


def _other_function(maker: Maker, node: ast.Call) -> Iterator[Edit]:
    """Another function of one argument is called, handed to a call, or named by a text: a slope, a tanh; a layer.

    Where one statement is for all gates, for g only.
    """
    own, tanh = maker.unit.function.__globals__, f"{maker.scene.numpy}.tanh"
    gates = [atom.text for atom in maker.within("gate") if atom.text.isidentifier()]
    for func in (node.func, *node.args, *(keyword.value for keyword in node.keywords)):
        text, others = maker.seg(func), []
        kind = own.get(text)
        if isinstance(kind, type):  # a layer of the learner's: another with the same methods
            others = [n for n, one in own.items() if type(one) is type and vars(one).keys() == vars(kind).keys()]
        elif maker.of_numpy(func) == "tanh" or text in maker.activations():
            others = [tanh, *maker.activations()]
        elif isinstance(func, ast.Constant) and func.value in maker.scene.strings:
            words = sorted(word for word in maker.scene.strings | {"tanh"} if len(word) > 3)
            others = [text.replace(func.value, word) for word in words]
        yield from (maker.swap("helper", 1.5, func, other) for other in others)
        for other, gate in itertools.product(others, gates):
            yield maker.swap("helper", 1.8, func, f'({other} if {gate} == "g" else {text})')


def _other_arguments(maker: Maker, node: ast.Call, name: str, texts: list[str]) -> Iterator[Edit]:
    """Arguments in another order, one that is left out, a range as far as the loop around has come."""
    args, own = node.args, [unit for unit in maker.scene.units if unit.node.name == name]
    wanted = [arg.arg for arg in own[0].node.args.args][-len(args) :] if own and args else []
    kept = sum(donors.unlike(a, b) for a, b in zip(texts, wanted, strict=False))
    cost = 1.4 if own else 1.8  # people call their own in another order
    for edit in donors.swapped_items(maker, args, cost, "argument order" if len(args) == 2 else "order"):
        turned = [{edit.old: edit.new, edit.new: edit.old}.get(text, text) for text in texts]
        worse = kept < sum(donors.unlike(a, b) for a, b in zip(turned, wanted, strict=False))
        yield replace(edit, cost=edit.cost + 0.6 * worse)
    mine = [arg.arg for arg in maker.unit.node.args.args if arg.arg not in ("self", "cls")]
    takes = {arg.arg for unit in own for arg in unit.node.args.args}
    takes |= {"h0", "c0"} if name == "forward" else set()
    has = {*texts, *(keyword.arg for keyword in node.keywords)}
    at = maker.unit.span(node)[1] - 1
    forgotten = [f"{arg}={arg}" for arg in mine if args and arg in takes and arg not in has]
    for new in dict.fromkeys([*forgotten, ", ".join(forgotten)] if forgotten else ()):
        yield maker.edit("term", 1.6, (at, at, f", {new}"), new=new)
    if name == "range" or maker.of_numpy(node.func) == "arange":
        for arg, loop, more in itertools.product(args[:2], maker.loop_names(), ("", " + 1")):
            yield maker.swap("range", 1.3, arg, loop + more)


def _keywords(maker: Maker, node: ast.Call, name: str) -> Iterator[Edit]:
    """Another axis, number type or layout, given or left out."""
    at, given = maker.unit.span(node)[1] - 1, {keyword.arg: keyword.value for keyword in node.keywords}
    comma = ", " if node.args or node.keywords else ""
    for key, kind, cost, texts, functions in _KEYWORDS:
        for text in texts.split():
            if key in given:
                edit = maker.swap(kind, cost, given[key], text)
                yield replace(edit, old=f"{key}={edit.old}", new=f"{key}={text}")
            elif name in functions.split() and (key != "dtype" or is_tokens(maker.shape(node))):
                new = f"{comma}{key}={text}"
                yield maker.edit(kind, cost, (at, at, new), old=maker.seg(node), new=f"{key}={text}")
