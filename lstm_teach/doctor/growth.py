"""A factor or a term that is missing: what the code has, its slope, or for a term the product for another gate.

Each function takes the maker of edits of one statement. Imports donors, maker, scene and slots.
"""

import ast
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lstm_teach.doctor.donors import donors, of_other_gates, unlike
from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.scene import Atom, is_vector, is_zeros
from lstm_teach.doctor.slots import Edit

# Which of the thing itself, the slopes of tanh and of the sigmoid in it, a part of the latter, and the slope of its own
# tanh can be a factor.
_FORMS = {"": (0,), "cell": (0, 4), "tanh": (0, 1), "sigmoid": (0, 2, 3), "unknown": (0, 1, 2, 3)}
# What holds things, gets them or makes them one by one.
_EACH = ast.DictComp | ast.ListComp | ast.SetComp | ast.GeneratorExp
HOLDING = ast.Dict | ast.List | ast.Tuple | ast.Call | _EACH
_MOST = 100  # products like one that is there, with one thing replaced, and with two


def growth(maker: Maker, root: ast.AST) -> Iterator[Edit]:
    """Missing factors and missing terms, wherever in a statement one may be missing."""
    own = {unit.node.name for unit in maker.scene.units}
    calls = [n for n in ast.walk(root) if isinstance(n, ast.Call) and getattr(n.func, "id", "") in own]
    handed = {id(arg) for call in calls for arg in call.args}  # rather missing where the function uses it
    for node, shape, term in _sites(maker, root):
        if not maker.only_zeros(node):
            yield from _factors(maker, node, shape, (1.8 if term else 1.6) + 0.8 * (id(node) in handed))
            yield from _matrices(maker, node, shape)
        if not term:
            yield from _terms(maker, node, shape)


def _sites(maker: Maker, root: ast.AST) -> Iterator[tuple[ast.expr, Any, bool]]:
    """Expressions at which a factor or a term may be missing, their shapes, and whether each is a term of a sum."""
    for node in (n for n in ast.walk(root) if isinstance(n, ast.expr) and not is_zeros(n)):
        shape, around = maker.shape(node), maker.around.get(id(node))
        inside = isinstance(around, ast.BinOp)
        handed = isinstance(around, HOLDING) and not (isinstance(around, ast.Call) and maker.of_numpy(around.func))
        alone = handed or isinstance(around, ast.stmt | ast.keyword) or isinstance(node, ast.BinOp)
        if (shape == () or is_vector(shape)) and (is_sum(around if inside else node) or (alone and not inside)):
            yield node, shape, inside
        elif inside and is_sum(node) and is_vector(shape):
            yield node, shape, True


def is_sum(node: ast.AST) -> bool:
    """Whether it is a sum or a difference."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def _factors(maker: Maker, node: ast.expr, shape: Any, cost: float) -> Iterator[Edit]:
    """One more factor: something of the forward pass, or the slope of it. Deltas never multiply one another."""
    product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult | ast.Div)
    inner = maker.seg(node) if product else maker.tight(node)
    factors = {other.text for other in maker.atoms_in(node)}
    usual = -0.2 if maker.back(node) is False else 0.2  # a slope is a factor of what is carried back
    for atom in (atom for atom in _broadcast(maker, shape) if not atom.back):
        squash = maker.scene.squash(atom)
        for k in _FORMS[squash]:
            form = ("{0}", "(1 - {0} ** 2)", "{0} * (1 - {0})", "(1 - {0})", "(1 - {1}.tanh({0}) ** 2)")[k]
            completes = f"1 - {atom.text}" in inner if k == 0 else k == 3 and atom.text in factors  # s * (1 - s)
            less = usual * (k in (1, 2, 4)) + 0.3 * completes
            kind = "missing slope" if k in (1, 2, 4) and squash != "unknown" else "factor"
            new = form.format(atom.text, maker.scene.numpy)
            yield maker.swap(kind, cost - less, node, f"{inner} * {new}", ast.Mult)


def _matrices(maker: Maker, node: ast.expr, shape: Any) -> Iterator[Edit]:
    """A square matrix that no line reads yet, such as a Jacobian, times what is carried back."""
    back = len(shape) == 1 and maker.back(node) is not False
    square = {a.text for a in maker.named if back and a.shape == (*shape, *shape)}
    for name in sorted(square & maker.slot.names - maker.scene.read[maker.slot.unit]):
        for matrix in (f"{name}.T", name):
            yield maker.swap("factor", 1.2, node, f"{matrix} @ {maker.tight(node)}", ast.MatMult)


def _terms(maker: Maker, node: ast.expr, shape: Any) -> Iterator[Edit]:
    """One more term: something of this shape, a product like the others, a matrix times a vector."""
    text, back = maker.seg(node), maker.back(node)
    alike = [shape, shape[1:] if shape[:1] == (1,) else (1, *shape)] if is_vector(shape) else [shape]  # a row of one
    for atom in (atom for each in alike for atom in maker.within(each)):
        if atom.back is None or back is None or atom.back == back:  # deltas are added to deltas
            yield _added(maker, node, 1.8, atom.text)
    parts, each = _summands(node), isinstance(maker.around.get(id(node)), _EACH)
    kinds = ast.BinOp | ast.Call | ast.Subscript if each else ast.BinOp | ast.Call
    products = [one for one in parts if isinstance(one, kinds)]
    found = {new: 2 + cost for part in products for new, cost in _alike(maker, part)}
    pairs = itertools.combinations(map(maker.seg, parts), 2)
    found |= {new: 1.5 for pair in pairs for _, new in of_other_gates(*pair) if maker.scene.knows(new)}
    yield from (_added(maker, node, cost, new) for new, cost in found.items() if new not in text)


def _added(maker: Maker, node: ast.expr, cost: float, term: str) -> Edit:
    return replace(maker.swap("term", cost, node, f"{maker.seg(node)} + {term}", ast.Add), old="", new=f"+ {term}")


def _summands(node: ast.expr) -> list[ast.expr]:
    """The terms of a sum, all else by itself."""
    return [*_summands(node.left), *_summands(node.right)] if is_sum(node) else [node]


def _broadcast(maker: Maker, shape: Any) -> list[Atom]:
    """What can multiply a value of this shape without changing the shape."""
    if shape == ():
        return maker.within(())
    fitting = {a.text: a for a in maker.scene.steps if a.unit == maker.slot.unit and a.shape == shape}
    for other in dict.fromkeys(atom.shape for atoms in maker.scene.atoms.values() for atom in atoms):
        fits = is_vector(other) and len(other) <= len(shape)
        if fits and all(n in (1, m) for n, m in zip(other[::-1], shape[::-1], strict=False)):
            fitting |= {a.text: a for a in maker.within(other)}
    return list(fitting.values())


def _alike(maker: Maker, part: ast.AST) -> list[tuple[str, float]]:
    """An expression with other things of the same shapes in it, the likely ones first, and costs.

    Two things at most are replaced, and one where there are more.
    """
    inner = [atom for atom in maker.atoms_in(part) if isinstance(atom.shape, tuple)]
    start, text = maker.unit.span(part)[0], maker.seg(part)
    groups = [inner] if len(inner) in (1, 2) else [[atom] for atom in inner]
    found: list[tuple[int, float, float, str]] = []
    for group in groups:
        spans = [maker.unit.span(atom.node) for atom in group]
        for others in itertools.product(*([atom.text, *donors(maker, atom)] for atom in group)):
            new = text
            for (s, e), other in sorted(zip(spans, others, strict=True), reverse=True):
                new = new[: s - start] + other + new[e - start :]
            far = [unlike(a.text, o) for a, o in zip(group, others, strict=True)]
            unused = sum(other not in maker.unit.text for other in others)
            found.append((sum(map(bool, far)), sum(min(each, 4) for each in far) - 6 * unused, 0.1 * sum(far), new))
    found.sort(key=lambda one: one[:2])
    most = [one for number in (1, 2) for one in [one for one in found if one[0] == number][:_MOST]]
    return [(new, cost) for *_, cost, new in most]
