"""Statements that are missing, by their text: one like another that is there, a reset, a start, a call, a return.

What is missing by value is in leftout. Imports maker, scene and slots.
"""

import ast
import builtins
import itertools
import operator
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.scene import Scene, is_tokens, is_vector, is_zeros, read_by, targets_of
from lstm_teach.doctor.slots import Edit, Part, Slot, names
from lstm_teach.doctor.source import Unit
from lstm_teach.params import Params

_DEEPER = 0.1  # more cost for zeros in each block around what reads them: mostly they are made before all of these
_START = operator.attrgetter("start")


def missing_statements(scene: Scene) -> Iterator[Edit]:
    """All of them, for each unit."""
    for number, rule in itertools.product(range(len(scene.units)), _RULES):
        yield from rule(scene, number, scene.units[number], scene.statements[number])


def insertion(gap: Slot, text: str) -> Part:
    """A part that puts a statement at a gap."""
    return Part(gap.number, text, ((gap.start, gap.end, f"{gap.indent}{text}\n"),))


def forgotten(gap: Slot, cost: float, text: str) -> Edit:
    """A statement that is missing at a gap."""
    return Edit("missing statement", cost, (insertion(gap, text),), "", text)


def never_filled(scene: Scene, number: int) -> set[str]:
    """What a unit prepares before its loops and never fills, and the same of other matrices for what is filled."""
    given = _given(scene, number)
    counts = Counter(root for root, *_ in given)
    once = {root for root, slot, _ in given if counts[root] == 1 and not slot.loops}
    filled = {text for *_, target in given for text in beginnings(scene.units[number], target)}
    return once | ({other for text in filled for other in other_matrices(text) if not other.isidentifier()} - filled)


def before_readers(scene: Scene, number: int) -> dict[int, set[str]]:
    """What a unit prepares and never fills, or carries on, by the gap before the first statement that reads it.

    A helper function may be called in every turn of a loop: there, what it is given counts as carried.
    """
    own = scene.statements[number]
    given: dict[str, set[int]] = {arg.arg: {0, 1} for arg in scene.units[number].node.args.args if number}
    for name, slot, target in _given(scene, number):
        if isinstance(target, ast.Name):
            given.setdefault(name, set()).add(len(slot.loops))
    waiting = never_filled(scene, number) | {name for name, depths in given.items() if len(depths) > 1}
    found: dict[int, set[str]] = {}
    for slot in (slot for slot in own if slot.loops or number):
        read = names(slot.node) & waiting
        waiting -= read
        if read and (gap := scene.gaps.get((slot.block, slot.index))):
            found[gap.number] = read
    return found


def beginnings(unit: Unit, target: ast.expr) -> Iterator[str]:
    """The target, and what is left of it without its last index, and without the one before."""
    yield unit.segment(target)
    while isinstance(target, ast.Subscript):
        target = target.value
        yield unit.segment(target)


def other_matrices(name: str) -> Iterator[str]:
    """The name with another matrix or gate in it: `dWf`, `dVi` and `dV` for `dWi`; in a text, all that are the same.

    And `grads[0]` and `grads[1 + k]` for `grads[5 + k]`, in the order of the parameters.
    """
    yield from {re.sub(r"[WU][ifog]\b", "V", name), re.sub(r"([\"'])[WU]([\"']) \+ \w+", r"\1V\2", name)} - {name}
    place = r"[WUV](?=[ifog]?\b|\"|')|(?<=[WU\"'])[ifog]\b"
    for old in dict.fromkeys(re.findall(place, name)):
        for other in "WUV" if old in "WUV" else "ifog":
            yield re.sub(place, lambda found, old=old, other=other: other if found[0] == old else found[0], name)
    for first, more in re.findall(r"\[([15])( \+ \w+)\]", name):
        yield from (name.replace(f"[{first}{more}]", new) for new in ("[0]", f"[{6 - int(first)}{more}]"))


def _given(scene: Scene, number: int) -> list[tuple[str, Slot, ast.expr]]:
    """What a unit's statements fill or give a value, with the statement and its target."""
    unit, own = scene.units[number], scene.statements[number]
    return [(_root(unit, target), slot, target) for slot in own for target in targets_of(slot.node)]


def _resets(scene: Scene, number: int, unit: Unit, own: list[Slot]) -> Iterator[Edit]:
    """What a loop changes and doesn't make anew set to zero again in each turn: usually before the first change."""
    known, carried, read, anew = shapes_of(scene, number), {}, set(), set()
    changed = [(name, slot) for name, slot, _ in _given(scene, number)]
    for slot in (s for s in own if isinstance(s.node, ast.Expr)):  # a call may change what it is given
        args = (arg for call in ast.walk(slot.node) if isinstance(call, ast.Call) for arg in call.args)
        changed += [(unit.segment(arg), slot) for arg in args if isinstance(arg, ast.Name | ast.Attribute)]
    for name, slot in (pair for pair in changed if pair[1].loops or unit.owner):  # a method may be called in each turn
        read |= names(slot.node)
        shape = known.get(name) or scene.results.get(slot.number)
        vector = is_vector(shape) and sum(n > 1 for n in shape) == 1
        if isinstance(slot.node, ast.Assign | ast.AnnAssign) and name.isidentifier() and name not in read:
            anew.add(name)
        elif (vector or str(shape).startswith("numbers")) and name not in anew:
            carried[name] = f"{scene.numpy}.zeros_like({name})" if vector else f"[0.0] * len({name})"
    taken = [target for _, slot, target in _given(scene, number) if isinstance(slot.node.value, ast.Attribute)]
    others_too = {target.id for target in taken if isinstance(target, ast.Name)}  # names of what others hold too
    others_too |= {arg.arg for arg in ast.walk(unit.node.args) if isinstance(arg, ast.arg)}
    for gap in (gap for gap in scene.gaps.values() if gap.unit == number):
        block = [g for g in scene.gaps.values() if g.block == gap.block]
        read = names(*gap.loops[-1:])
        for name, zeros in carried.items():
            if name.isidentifier() and name not in others_too | read:
                continue  # a function may be called in every turn of a loop elsewhere
            first = min((s for other, s in changed if other == name and s.start >= gap.start), key=_START, default=None)
            between = [g for g in block if gap.index < g.index and g.start <= first.start] if first else block
            before_loop = first and not between and len(first.loops) > len(gap.loops)  # which adds up parts
            for reset in (f" = {zeros}", *["[:] = 0"] * (name in others_too)):
                yield forgotten(gap, 0.6 if before_loop else 1.7 + 0.03 * len(between), name + reset)


def _target_subtracted(scene: Scene, number: int, unit: Unit, own: list[Slot]) -> Iterator[Edit]:
    """`dy[targets[t]] -= 1` after the output error is begun."""
    known = shapes_of(scene, number)
    for slot in own:
        gap, targets = scene.gaps.get((slot.block, slot.index + 1)), targets_of(slot.node)
        grown = isinstance(slot.node, ast.AugAssign) and known.get(unit.segment(targets[0]))
        shape = grown or scene.results.get(slot.number)
        if gap is not None and is_vector(shape) and len(targets) == 1 and len(shape) < 3:
            for index in Maker(scene, gap).entries(shape):
                yield forgotten(gap, 2.2, f"{unit.segment(targets[0])}[{index}] -= 1")


def _not_begun(scene: Scene, number: int, unit: Unit, own: list[Slot]) -> Iterator[Edit]:
    """What is read and never begun: zeros, a table of them, an empty list, a number.

    It is begun before the first reader or a block around it, an attribute where its object is made.
    """
    name, reader = scene.without_value
    gaps = [gap for gap in reversed(scene.begins_at) if gap.unit == number]
    if not gaps:
        return
    if "." in name:
        made = [k for k, one in enumerate(scene.units) if one.owner is unit.owner and one.node.name == "__init__"]
        gaps = [gap for gap in scene.gaps.values() if gap.unit in made][-1:] or gaps
    # What is added to begins with zeros; what is read may be meant for something else.
    cost = 0.3 if isinstance(reader.node, ast.AugAssign) and _root(unit, reader.node.target) == name else 0.9
    unset = [] if "." in name else _never_begun(unit, own)
    lines = [(cost, one) for names in ([name], unset)[: 1 + (len(unset) > 1)] for one in _begun(scene, gaps[0], names)]
    lengths = [f"len({atom.text})" for atom in scene.unread if atom.unit == number and is_tokens(atom.shape)]
    lines += [(0.9, f"{name} = {value}") for value in _tables(scene, gaps[0], unit, name)]
    lines += [(1.2, f"{name} = {value}") for value in ("[]", "{}", "0.0", *lengths)]
    for (cost, line), (deep, gap) in itertools.product(lines, enumerate(gaps)):
        yield forgotten(gap, cost + _DEEPER * deep, line)


def _not_kept(scene: Scene, number: int, unit: Unit, own: list[Slot]) -> Iterator[Edit]:
    """What a turn of a loop makes, put into a list that is prepared and never filled."""
    begun = []
    for slot in (slot for slot in own if not slot.loops and targets_of(slot.node)):
        pairs = zip(targets_of(slot.node), getattr(slot.node.value, "elts", None) or [slot.node.value], strict=False)
        begun += [unit.segment(target) for target, value in pairs if isinstance(value, ast.List)]
    for gap, one in itertools.product(ends(scene, number), begun):
        if gap.loops and f"{one}.append(" not in unit.text and one in scene.read[number]:
            made = sorted(names(gap.loops[-1], context=ast.Store))
            yield from (forgotten(gap, 1.5, f"{one}.append({name})") for name in made)


def _begun_otherwise(scene: Scene, number: int, unit: Unit, own: list[Slot]) -> Iterator[Edit]:
    """Zeros where what a loop changes begins with something else: a number, None, an array of another shape."""
    looped = {root for root, slot, _ in _given(scene, number) if slot.loops}
    for slot in (s for s in own if not s.loops and isinstance(s.node, ast.Assign)):
        targets, gap = [*map(unit.segment, targets_of(slot.node))], scene.gaps.get((slot.block, slot.index))
        if gap is not None and targets and looped.issuperset(targets) and not any(map(is_zeros, ast.walk(slot.node))):
            one_for_all = len(slot.node.targets) > 1  # where an array of its own for each name may do
            for k, line in enumerate(_begun(scene, gap, targets)):
                yield Maker(scene, slot).lines("initial value", 1.0 + 0.3 * one_for_all + 0.02 * k, [line])


def _never_begun(unit: Unit, own: list[Slot]) -> list[str]:
    """The names that a unit reads, or adds to, before they have a value."""
    found, given = {}, {*dir(builtins), *unit.function.__globals__}
    given |= {getattr(n, "arg", getattr(n, "asname", None) or getattr(n, "name", "")) for n in ast.walk(unit.tree)}
    for slot in own:
        inner = [n.target for n in (*slot.loops, *ast.walk(slot.node)) if isinstance(n, ast.For | ast.comprehension)]
        found |= dict.fromkeys(sorted(read_by(slot.node) - given - (new := names(*inner, context=ast.Store))))
        given |= new if isinstance(slot.node, ast.AugAssign) else new | names(slot.node, context=ast.Store)
    return list(found)


def _begun(scene: Scene, gap: Slot, targets: list[str]) -> list[str]:
    """Lines that begin some names with zeros: each like the matrix that it is called after, or all in one way."""
    matrices, options = _matrices(scene, gap), [[text] * len(targets) for text in _zeros(scene, gap)]
    ends = {text: re.findall(r"\w+", text)[-1].lower() for text in matrices}
    words = [re.findall(r"\w+", f"_{name}")[-1].lower() for name in targets]
    pairs = zip(targets, words, strict=True)
    called = [[t for t, end in ends.items() if t != name and word.endswith(end)] for name, word in pairs]
    if all(called):
        like = (max(texts, key=lambda text: len(ends[text])) for texts in called)
        options.insert(0, [f"{scene.numpy}.zeros_like({text})" for text in like])
    return [f"{', '.join(targets)} = {', '.join(texts)}" for texts in options]


def _matrices(scene: Scene, gap: Slot) -> dict[str, Any]:
    """The matrices that may be read at a gap, with what tells their shapes apart."""
    found = {text: shape for text, shape in shapes_of(scene, gap.unit).items() if is_vector(shape) and len(shape) == 2}
    return found | {f"{one}.{matrix}": matrix[0] for one in _holders(scene, gap)[:1] for matrix in Params.NAMES}


def _zeros(scene: Scene, gap: Slot) -> list[str]:
    """Arrays of zeros: those that the code makes, of some size, like each of the matrices, and for a table by steps."""
    np_, every = scene.numpy, ((unit, node) for unit in scene.units for node in ast.walk(unit.tree))
    found = [unit.segment(node) for unit, node in every if isinstance(node, ast.Call) and is_zeros(node)]
    found += [other for text in found for other in other_matrices(text)]
    sizes = [atom.text for atom in scene.of_shape("int", gap)]
    found += [f"{np_}.zeros({size})" for size in sizes]
    like = {shape: text for text, shape in _matrices(scene, gap).items()}
    found += [f"{np_}.zeros_like({text})" for text in like.values()]
    pairs = itertools.permutations([size for size in sizes if "[" not in size][:5], 2)
    found += [f"{np_}.zeros(({one}{more}, {other}))" for one, other in pairs for more in ("", " + 1")]
    return [*dict.fromkeys(found)]


def _holders(scene: Scene, gap: Slot) -> list[str]:
    """What holds all weights: the argument, where it has its name, and dicts of arrays."""
    dicts = [text for text, shape in shapes_of(scene, gap.unit).items() if str(shape).startswith("dict of")]
    return [arg.arg for arg in scene.units[0].node.args.args[:1] if arg.arg in gap.names] + dicts


def _tables(scene: Scene, gap: Slot, unit: Unit, name: str) -> Iterator[str]:
    """Zeros under the keys with which a name is read in a unit: for all weights, or for what a loop runs over."""
    inside = list(ast.walk(unit.tree))
    if any(isinstance(n, ast.Subscript) and unit.segment(n.value) == name for n in inside):
        for text in _holders(scene, gap):
            yield f"{{key: {scene.numpy}.zeros_like(one) for key, one in {text}.items()}}"
        loops = {f"for {unit.segment(n.target)} in {unit.segment(n.iter)}" for n in inside if isinstance(n, ast.For)}
        for loop, zeros in itertools.product(sorted(loops), _zeros(scene, gap)):
            yield f"{{{loop.split()[1]}: {zeros} {loop}}}"


def _shared_by_all(scene: Scene, number: int, unit: Unit, own: list[Slot]) -> Iterator[Edit]:
    """`self.cache = []` in `__init__`, for a list or table of the class itself, which all its objects share."""
    gap = next((gap for gap in scene.gaps.values() if gap.unit == number), None)
    held = vars(unit.owner) if unit.owner and unit.node.name == "__init__" and gap is not None else {}
    for name in (name for name, value in held.items() if type(value) in (list, dict)):
        yield forgotten(gap, 0.9, f"self.{name} = {type(held[name])()}")


_RULES = (_not_kept, _shared_by_all, _not_begun, _begun_otherwise, _resets, _target_subtracted)


def ends(scene: Scene, unit: int) -> list[Slot]:
    """The last gap of each loop's body, in a `while` before a last statement that counts; and of a method."""
    own = [gap for gap in scene.gaps.values() if gap.unit == unit]
    method = scene.units[unit].owner is not None and scene.units[unit].node.name != "__init__"
    gaps = [gap for gap in own if gap.loops or (method and gap.block == own[0].block)]
    loops = [loop for gap in gaps for loop in gap.loops if isinstance(loop, ast.While)]
    counted = {id(w): len(w.body) for w in loops if names(w.test) & names(w.body[-1], context=ast.Store)}
    return list({g.block: g for g in gaps if not g.loops or g.index != counted.get(id(g.loops[-1]))}.values())


def _root(unit: Unit, target: ast.expr) -> str:
    """The target without its last index, if this is no key: what is filled."""
    while isinstance(target, ast.Subscript) and not isinstance(getattr(target.slice, "value", None), str):
        target = target.value
    return unit.segment(target)


def shapes_of(scene: Scene, unit: int) -> dict[str, Any]:
    """The shapes of everything that has a name in a unit."""
    read = (atom for atoms in scene.atoms.values() for atom in atoms)
    return {atom.text: atom.shape for atom in (*read, *scene.unread) if atom.unit == unit}
