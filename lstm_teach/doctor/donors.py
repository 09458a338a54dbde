"""Another thing of the same shape, for what a statement reads or assigns; and lists in another order.

Each function takes the maker of edits of one statement. Imports maker, scene and slots.
"""

import ast
import functools
import itertools
import re
import string
from collections.abc import Iterator, Sequence, Set

from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.scene import Atom, is_tokens, is_vector, targets_of
from lstm_teach.doctor.slots import Edit
from lstm_teach.params import Params

_CACHE = {"i", "f", "o", "g", "c", "ct", "h"}
_PAIR = 1.4  # two things are easily exchanged
# What may be done to something that is read: kind, cost, text. `{0}` is its own text, `{np}` numpy.
_OF_VECTORS = (
    ("tanh", 2.0, "{np}.tanh({0})"),
    ("slope", 2.0, "(1 - {0})"),
    ("slope", 2.0, "(1 - {0} ** 2)"),
    ("square", 2.0, "{0} ** 2"),
)
_OF_LISTS = (("range", 1.5, "{0}[::-1]"), ("range", 1.5, "{0}[1:]"), ("range", 1.5, "{0}[:-1]"))


def donors(maker: Maker, atom: Atom) -> dict[str, float]:
    """Other texts that stand for something of the same shape, and what each costs."""
    scene, node, shape = maker.scene, atom.node, atom.shape
    found: dict[str, float] = {}

    def add(text: str, cost: float) -> None:
        if text != atom.text and scene.belongs(text, maker.slot):
            found[text] = min(found.get(text, 9.0), cost + 0.1 * unlike(atom.text, text))

    base = maker.seg(node.value) if isinstance(node, ast.Subscript) else atom.text
    index = atom.text[len(base) :]
    for other in maker.within(shape):
        add(other.text, 1.6)
        if index and isinstance(other.node, ast.Subscript):  # the same step of another array
            add(other.text[: len(maker.seg(other.node.value))] + index, 1.4)
        if isinstance(node, ast.Attribute) and isinstance(other.node, ast.Attribute):  # the same of another object
            add(f"{other.text[: -len(other.node.attr)]}{node.attr}", 1.6)
    if index:  # of another list that is filled with `append`, array, or table, whose first arrays may differ in shape
        named = [(a.text, "dict of" if str(a.shape).startswith("dict of") else a.shape) for a in maker.named]
        own = next((held for text, held in named if text == base), None)
        filled = re.findall(r"([\w.]+)\.append\w*\(", maker.unit.text)
        for name in (*(filled if base in filled else ()), *(text for text, held in named if held == own)):
            add(name + index, 1.4)
    for other in scene.vectors(atom.unit) if ":" in index and is_vector(shape) else ():
        if isinstance(other.node, ast.Subscript) and len(other.shape) == len(shape):
            add(maker.seg(other.node.value) + index, 1.5)  # the same part of another array, of which another is read
    for other in (one for one in scene.steps if one.unit == maker.slot.unit and one.shape == shape):
        add(other.text, 1.7)
    for text in other_attributes(maker, node):
        add(text, 1.5)
    return found


def another(maker: Maker, atom: Atom) -> Iterator[Edit]:
    """Another thing where something is read, and the same with what may be done to it."""
    scene, node, shape, text = maker.scene, atom.node, atom.shape, atom.text
    start, end = maker.unit.span(node)
    others, vectors = donors(maker, atom), scene.vectors(maker.slot.unit)
    if shape == ():  # one number where, it may be, a vector is meant: the same index into another array
        others |= {v.text: 1.6 + 0.1 * unlike(text, v.text) for v in vectors if v.text not in others}
    elif (shape == "int" or is_tokens(shape)) and id(node) in maker.operands:  # a number where a vector is meant
        others |= {v.text: 1.9 + 0.1 * min(unlike(text, v.text), 4) for v in vectors if len(v.shape) == 1}
        others |= {f"{table}[{text}]": 1.5 for table in _one_hots(maker, node)}
    for other, cost in others.items():
        if scene.belongs(other, maker.slot):
            yield maker.edit("wrong number" if shape == "int" else "wrong name", cost, (start, end, other))
    for kind, cost, form in _forms(maker, atom):
        yield maker.edit(kind, cost, (start, end, form.format(text, np=scene.numpy) if "{0}" in form else form))


def _forms(maker: Maker, atom: Atom) -> Iterator[tuple[str, float, str]]:
    """What may be done to something that is read, as `_OF_VECTORS` has it: its tanh, the number before or after it."""
    node, shape, text = atom.node, atom.shape, atom.text
    if shape == "int":
        yield from (("wrong number", 2.0, plus(text, delta)) for delta in (" + 1", " - 1"))
        tokens = [a.text for a in maker.named if is_tokens(a.shape) and isinstance(node, ast.Name)]
        yield from (("wrong number", 1.8, f"{one}[{text}]") for one in tokens)
    elif is_tokens(shape):
        yield from (("wrong number", 1.8, f"{{0}}[{name}]") for name in maker.loop_names())
    elif isinstance(shape, str) and shape.startswith("list of"):
        yield from _OF_LISTS
    elif shape == () or is_vector(shape):
        cell = maker.scene.squash(atom) == "cell"
        yield from ((kind, cost - 0.3 * (cell and kind == "tanh"), form) for kind, cost, form in _OF_VECTORS)
        yield from [("helper", 1.3, "{np}.exp({0})")] * ("exp(" in maker.text)  # of a softmax
        yield from [("shape", 1.5, "{np}.diag({0})")] * (len(shape) == 1 and "diag(" in maker.unit.text)  # of Jacobians
        own = maker.activations() if shape and maker.slot.kind == "statement" else ()
        helpers = [(name, 1.6 if re.search(rf"\b{name}\(", maker.unit.text) else 2.0) for name in own]
        yield from (("helper", cost, f"{name}({{0}})") for name, cost in helpers)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):  # `c[:T]` may stand for `before(c)`
            yield from (("helper", cost, f"{name}({maker.seg(node.value)})") for name, cost in helpers)
        if sum(n != 1 for n in shape) >= 2 and not maker.unit.text.startswith(".T", maker.unit.span(node)[1]):
            yield "transpose", 1.0, "{0}.T"
        if len(shape) == 1 or (len(shape) == 2 and 1 in shape):
            index = "[:, None]" if len(shape) == 1 else "[0]" if shape[0] == 1 else "[:, 0]"
            yield "shape", 1.9, "{0}" + index


def _one_hots(maker: Maker, node: ast.expr) -> list[str]:
    """What has a one-hot row for each token; none for a number that others are added to, such as a step."""
    around = maker.around.get(id(node))
    if isinstance(around, ast.BinOp) and all(map(maker.whole_number, (around.left, around.right))):
        return []
    sizes = [atom.text for atom in maker.named if atom.shape == "int"] + ["params.vocab_size"]
    made = re.findall(r"(?m)^\s*([\w.]+) = .*\beye\(", maker.unit.text)
    return made + [f"{maker.scene.numpy}.eye({size})" for size in sizes if maker.scene.belongs(size, maker.slot)]


def other_attributes(maker: Maker, node: ast.expr) -> Iterator[str]:
    """The path with another attribute of those that the code or the library's own objects have."""
    text, start, fields = maker.seg(node), maker.unit.span(node)[0], maker.scene.fields
    for part in (part for part in ast.walk(node) if isinstance(part, ast.Attribute)):
        end, shape = maker.unit.span(part)[1] - start, fields.get(part.attr)
        known = next((family for family in (_CACHE, {*Params.NAMES}) if part.attr in family), set())
        known = known | {attr for attr, other in fields.items() if other == shape is not None}
        yield from (text[: end - len(part.attr)] + attr + text[end:] for attr in sorted(known - {part.attr}))


def another_target(maker: Maker, target: ast.expr) -> Iterator[Edit]:
    """Another thing of the same kind is meant to be assigned."""
    scene, slot = maker.scene, maker.slot
    if isinstance(target, ast.Tuple | ast.List):
        yield from swapped_items(maker, target.elts)
        others = {atom.text for atom in maker.named if atom.text.isidentifier()}
        for one in (one for one in target.elts if isinstance(one, ast.Name)):
            yield from _other_names(maker, one, others)
        return
    own, looped = maker.seg(target), {}  # what is assigned, and whether in a loop
    for other in scene.statements[slot.unit]:
        for one in (one for one in targets_of(other.node) if type(one) is type(target)):
            looped[maker.seg(one)] = looped.get(maker.seg(one), False) or bool(other.loops)
    given = {name for name in looped if (slot.unit, name) in scene.filled and not looped[name]}
    others = set(looped) - (given if slot.loops else set())  # what is given is no place for a result
    others |= {*other_attributes(maker, target)} if isinstance(target, ast.Attribute) else set()
    if isinstance(target, ast.Subscript):
        base = maker.seg(target.value)
        axes = {a.text: len(a.shape) for a in maker.named if is_vector(a.shape)}
        bases = {n.split("[")[0] for n in others if "[" in n} | {n for n in axes if axes[n] == axes.get(base)}
        others |= {name + own[len(base) :] for name in bases}
    elif isinstance(slot.node, ast.AugAssign):
        yield from _one_entry(maker, target)
    empty = {name for name in others if slot.loops and not looped.get(name, True)}  # prepared and never filled
    yield from _other_names(maker, target, others, empty)


def _other_names(maker: Maker, target: ast.expr, others: set[str], empty: Set[str] = frozenset()) -> Iterator[Edit]:
    """Another name where one is given a value: likely where nobody reads it, or the other one is `empty` so far.

    So is the name that stops the run, since it has no value.
    """
    own, whole = maker.seg(target), {a.text for a in maker.named if a.shape == "int"}  # which no array is put in
    read = maker.scene.read[maker.slot.unit]
    unused, lost = isinstance(target, ast.Name) and own not in read, {maker.scene.without_value[0]} & read
    for name in sorted((others | lost) - {own} - (set() if own in whole else whole)):
        likely = 1.2 + 0.05 * min(unlike(own, name), 8)
        cost = likely if unused or name in empty | lost else 2.0 + 0.2 * unlike(own, name)
        yield maker.swap("target", cost, target, name)


def _one_entry(maker: Maker, target: ast.expr) -> Iterator[Edit]:
    """One entry is meant to change, or one of each row, and not all of them."""
    own = maker.seg(target)
    held = next((a.shape for a in maker.named if a.text == own), ())
    for index in maker.entries(held if is_vector(held) else ()):
        yield maker.swap("one entry", 1.8, target, f"{own}[{index}]")


def swapped_items(
    maker: Maker, items: list[ast.expr], cost: float = 1.8, kind: str = "order", keys: Sequence[str] = ()
) -> Iterator[Edit]:
    """The things of a list in another order; of a list of lists, those of a column. `keys` are their names, if any."""
    if all(isinstance(item, ast.Tuple | ast.List) for item in items):
        for column in zip(*(item.elts for item in items), strict=False):
            yield from swapped_items(maker, list(column))
    texts = [maker.seg(item) for item in items]
    plain = all(isinstance(item, ast.Name | ast.Attribute | ast.Constant) for item in items)
    for order in orders(len(items), plain):
        turned = [texts[k] for k in order]
        moved = [k for k, text in enumerate(turned) if text != texts[k]]
        sure = in_order(turned)  # the names of the nine gradients in their order
        sure = sure or (bool(keys) and all(keys[k][1:-1] == turned[k] for k in moved))
        usual = min(cost, _PAIR) if len(items) == 2 else cost + 0.1 * max(0, len(moved) - 2)
        told = moved if len(moved) > 2 else moved[:1]
        old, new = (", ".join(of[k] for k in told) for of in (texts, turned))
        changes = [(*maker.unit.span(items[k]), turned[k]) for k in moved]
        if moved:
            yield maker.edit(kind, 0.9 if sure else usual, *changes, old=old, new=new)


def orders(count: int, moves: bool) -> Iterator[tuple[int, ...]]:
    """The orders in which so many things may be meant: two exchanged, or one put up to two places further."""
    same = tuple(range(count))
    pairs = [tuple({j: k, k: j}.get(n, n) for n in same) for j, k in itertools.combinations(same, 2)]
    others = itertools.permutations(same, 2) if moves else ()
    rests = [(same[:j] + same[j + 1 :], j, k) for j, k in others if abs(j - k) < 3]
    yield from dict.fromkeys(pairs + [(*rest[:k], j, *rest[k:]) for rest, j, k in rests])


def of_other_gates(one: str, other: str) -> Iterator[tuple[set[str], str]]:
    """For two texts that differ in one letter or number: these and another, and the text with that one there."""
    pairs = [*zip(one, other, strict=False)]
    gates = {letter for pair in pairs if len({*pair}) == 2 for letter in pair}
    for gate in sorted({*string.ascii_letters, *"01234"} - gates) if len(one) == len(other) and len(gates) == 2 else ():
        yield {gate, *gates}, "".join(gate if a != b else a for a, b in pairs)


def in_order(texts: list[str]) -> bool:
    """Whether the last of nine names or more end as those of the gradients do, in their order; V has many names."""
    return len(texts) >= 9 and all(got.endswith(name) for got, name in zip(texts[-8:], Params.NAMES[1:], strict=True))


def plus(text: str, delta: str) -> str:
    """`text` with ` + 1` or ` - 1` added, to the number that it is or ends with: `t` for `t - 1` and ` + 1`."""
    step = 1 if "+" in delta else -1
    if re.fullmatch(r"-?\d+", text):
        return str(int(text) + step)
    if added := re.fullmatch(r"(.*[\w)\]])( ?)([+-])( ?)(\d+)", text):
        number = int(added[3] + added[5]) + step
        return f"{added[1]}{added[2]}{'+-'[number < 0]}{added[4]}{abs(number)}" if number else added[1]
    return text + delta


@functools.lru_cache(100_000)
def unlike(a: str, b: str) -> int:
    """How many characters differ: 1 for `dzi` and `dzf`, and for names of several words of which one is another.

    2 where one name has a word more: `dL_dh_direct` and `dL_dh`.
    """
    words = [re.split(r"[_\W]+|(?<=[a-z])(?=[A-Z])", text) for text in (a, b)]
    if len(words[0]) == len(words[1]) > 1 and sum(x != y for x, y in zip(*words, strict=True)) == 1:
        return 1
    short, long = sorted(words, key=len)
    if len(long) == len(short) + 1 > 2 and any(long[:k] + long[k + 1 :] == short for k in range(len(long))):
        return 2
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True))
    return 2 + abs(len(a) - len(b)) + sum(x != y for x, y in zip(a, b, strict=False))
