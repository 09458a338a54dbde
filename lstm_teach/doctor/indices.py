"""Another index, slice, key or string: shifted, of another loop, of another axis.

Each function takes the maker of edits of one statement. Imports donors, maker and slots.
"""

import ast
import itertools
import re
from collections.abc import Iterator

from lstm_teach.doctor.donors import plus, unlike
from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.slots import Edit
from lstm_teach.params import Params

_SHIFTS = (" - 1", " + 1")
_USUAL = ("1:", ":-1", ":", "::-1", "-1:", ":-2", "2:")


def indices(maker: Maker, root: ast.AST) -> Iterator[Edit]:
    """All that may be wrong in the square brackets of a statement or head, and in its strings."""
    calls = [n for n in ast.walk(root) if isinstance(n, ast.Call) and n.args]
    einsums = [n.args[0] for n in calls if maker.of_numpy(n.func) == "einsum"]
    for node in ast.walk(root):
        if isinstance(node, ast.Subscript):
            yield from _index(maker, node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _einsum(maker, node) if node in einsums else _string(maker, node)


def _index(maker: Maker, node: ast.Subscript) -> Iterator[Edit]:
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    loops = maker.loop_names()
    for part in parts:
        text = maker.seg(part)
        if isinstance(part, ast.Slice):
            yield from _slice(maker, part)
            others = [maker.seg(other) for other in parts if other is not part and not isinstance(other, ast.Slice)]
            if text == ":" and len(parts) == 2 and others:  # one of each row, not all that are named of all rows
                yield maker.swap("index", 1.4, part, f"{maker.scene.numpy}.arange(len({others[0]}))")
        elif text == "...":
            yield maker.swap("index", 1.4, part, ":")
        elif maker.whole_number(part):
            shifted = [plus(text, delta) for delta in _SHIFTS]
            end = 2.4 if maker.slot.loops else 1.4  # for the row of the initial state
            others = [(new, end if new == "-1" else 1.0 + 0.1 * (new not in maker.unit.text)) for new in shifted]
            others += [(new, 1.5) for name in loops for new in (name, f"{name} - 1", f"{name} + 1")]
            others += [("-1", end + 0.2), ("0", end + 0.2)]
            others += [(f"-1 - {text}", 1.4)] * (len(parts) == 1 and text in loops)  # counted from the end
            for new, cost in others:
                yield maker.swap("index", cost, part, new)
    if len(parts) == 2:
        a, b = (maker.seg(part) for part in parts)
        changes = (*maker.unit.span(parts[0]), b), (*maker.unit.span(parts[1]), a)
        yield maker.edit("index", 1.4, *changes, old=f"{a}, {b}", new=f"{b}, {a}")


def _slice(maker: Maker, node: ast.Slice) -> Iterator[Edit]:
    text = maker.seg(node)
    for other in sorted(_slices(maker, node) - {text}):
        yield maker.swap("slice", 1.4 + 0.1 * min(unlike(text, other), 4), node, other)
    for bound in (node.lower, node.upper):
        for delta in _SHIFTS if bound is not None and not isinstance(bound, ast.UnaryOp) else ():
            yield maker.swap("slice", 1.4, bound, plus(maker.seg(bound), delta))


def _slices(maker: Maker, node: ast.Slice) -> set[str]:
    """Slices that are usual, that the code has elsewhere, and those of other gates' blocks."""
    others = {*_USUAL, *(maker.seg(n) for n in ast.walk(maker.unit.tree) if isinstance(n, ast.Slice))}
    first, last = (maker.seg(bound) if bound is not None else "" for bound in (node.lower, node.upper))
    if not first or not last:  # the same from the other side
        bare = (first or last).removeprefix("-").strip()
        others |= {f"{bare}:", f":{bare}", f"-{bare}:", f":-{bare}"} if re.fullmatch(r"[\w.()[\]]+", bare) else set()
    block = [re.fullmatch(r"(?:\d\s*\*\s*)?([^\W\d][\w.]*)?", bound) for bound in (first, last)]
    size = {found[1] for found in block if found and found[1]}
    return others | set(quarters(size.pop())) if all(block) and len(size) == 1 else others


def quarters(size: str) -> list[str]:
    """The slices of the four gates' blocks, where a block is of this size."""
    ends = ["", size, f"2 * {size}", f"3 * {size}", f"4 * {size}"]
    blocks = [f"{a}:{b}" for a, b in itertools.pairwise(ends)]
    return [*blocks, *(f"{end}:" for end in ends[1:4]), *(f":{end}" for end in ends[2:4])]


def _string(maker: Maker, node: ast.Constant) -> Iterator[Edit]:
    """Another string of the code; two of its letters exchanged; the gate that is not in it."""
    value, quote = node.value, maker.seg(node)[0]
    if quote not in "'\"" or not value.strip() or len(value) > 12:
        return
    others = {other for other in maker.scene.strings if len(set(other) & set(value)) >= min(2, len(value) - 1)}
    missing = set("ifog") - set(value)
    for family in (tuple("ifog"), Params.NAMES, tuple("UVW")):
        others |= set(family) if value in family else set()
    if len(value) == 3 and len(missing) == 1 and set(value) < set("ifog"):
        others |= {value[:k] + min(missing) + value[k:] for k in range(4)}
    for other in sorted(others - {value}):
        yield maker.swap("wrong name", 1.6 + 0.1 * min(unlike(value, other), 4), node, f"{quote}{other}{quote}")
    for other in _two_letters(value) if len(set(value)) == len(value) > 2 else ():
        yield maker.swap("order", 1.8, node, f"{quote}{other}{quote}")


def _two_letters(text: str) -> Iterator[str]:
    """The text with two letters exchanged."""
    for k, m in itertools.combinations([k for k, char in enumerate(text) if char.isalpha()], 2):
        yield text[:k] + text[m] + text[k + 1 : m] + text[k] + text[m + 1 :]


def _einsum(maker: Maker, node: ast.Constant) -> Iterator[Edit]:
    """Two letters exchanged, or one put for another."""
    value, letters = node.value, sorted(set(re.findall("[a-zA-Z]", node.value)))
    found = {value[:k] + other + value[k + 1 :] for k, old in enumerate(value) if old.isalpha() for other in letters}
    for new in sorted({*found, *_two_letters(value)} - {value}):
        yield maker.swap("einsum", 1.6, node, maker.seg(node).replace(value, new))
