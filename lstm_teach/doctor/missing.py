"""Statements that are missing: a copy of one that is there with other things in it, a reset, a delta handed on.

Imports the operators, edits, scene and slots.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lstm_teach.doctor.donors import unlike
from lstm_teach.doctor.edits import Maker, sums_up
from lstm_teach.doctor.growth import alike
from lstm_teach.doctor.indices import quarters
from lstm_teach.doctor.scene import Scene, is_vector, is_zeros, targets_of
from lstm_teach.doctor.slots import Edit, Part, Slot
from lstm_teach.doctor.source import Unit
from lstm_teach.params import Params


def missing_statements(scene: Scene, gaps: dict[tuple[int, int], Slot]) -> Iterator[Edit]:
    """All of them, for each unit."""
    for number, unit in enumerate(scene.units):
        own = [s for s in scene.slots if s.unit == number and s.kind == "statement"]
        for rule in _RULES:
            yield from rule(scene, unit, number, own, gaps)


def insertion(gap: Slot, text: str) -> Part:
    """A part that puts a statement at a gap."""
    return Part(gap.number, text, ((gap.start, gap.end, f"{gap.indent}{text}\n"),))


def _insert(cost: float, gap: Slot, text: str, kind: str = "missing statement") -> Edit:
    return Edit(kind, cost, (insertion(gap, text),), "", text)


def _once_more(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """A statement like one that is there, with others of the same shapes in it.

    What it fills is the same, or a sibling that is prepared and never filled.
    """
    waiting = {name for name, slot in _prepared(unit, own).items() if not slot.loops and _begins_with_zeros(slot)}
    for slot in own:
        gap = gaps.get((slot.block, slot.index + 1)) or gaps.get((slot.block, slot.index))
        targets = targets_of(slot.node)
        if gap is None or slot.indent is None or len(targets) != 1:
            continue
        root, offset = _root(unit, targets[0]), unit.span(targets[0])[0]
        last, value = unit.text[offset + len(root) : unit.span(slot.node.value)[0]], slot.node.value
        others = alike(Maker(scene, slot), value)
        for new, cost in others if isinstance(slot.node, ast.AugAssign) else ():
            yield _insert(min(1.45 + cost, 1.95), gap, root + last + new)
        for name in _siblings(scene, unit, number, own, root):
            sure = name in waiting and slot.loops != ()
            for new, cost in others:
                yield _insert(1.6 + cost - 0.002 * slot.index - sure, gap, name + last + new)


def _siblings(scene: Scene, unit: Unit, number: int, own: list[Slot], root: str) -> set[str]:
    """What is prepared or not there yet, but filled nowhere, and looks like what is filled here."""
    filled = Counter(_root(unit, target) for slot in own for target in targets_of(slot.node))
    looped = {_root(unit, target) for slot in own if slot.loops for target in targets_of(slot.node)}
    shapes = shapes_of(scene, number)
    same = {n for n in filled if shapes.get(n, shapes.get(root)) == shapes.get(root, shapes.get(n))}
    same = {n for n in same if (number, n) not in scene.filled}  # what is still to be filled begins with zeros
    left = {n for n in same if (filled[n] == 1 and unlike(n, root) <= 3) or (n not in looped and filled[n] == 2)}
    parts = {name for name in other_matrices(root) if name not in filled and not name.isidentifier()}
    return (parts | (left if filled[root] > 1 else set())) - {root}


def other_matrices(name: str) -> Iterator[str]:
    """The name with another matrix or gate in it: `dWf` and `dV` for `dWi`."""
    for match in re.finditer(r"[WUV](?=[ifog]?\b|\"|')|(?<=[WU])[ifog]\b", name):
        for other in "WUV" if match[0] in "WUV" else "ifog":
            yield name[: match.start()] + other + name[match.end() :]


def _prepared(unit: Unit, own: list[Slot]) -> dict[str, Slot]:
    """What is assigned in one statement only: its preparation."""
    counts: dict[str, list[Slot]] = {}
    for slot in own:
        for target in targets_of(slot.node):
            counts.setdefault(unit.segment(target), []).append(slot)
    return {name: slots[0] for name, slots in counts.items() if len(slots) == 1}


def _handed_on(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`dc_next = dc` or `dc_next = dc * f` at the end of a loop that reads `dc_next` and never gives it a value."""
    loaded = {n.id for n in ast.walk(unit.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for name, slot in _prepared(unit, own).items():
        shape = scene.results.get(slot.number) or shapes_of(scene, number).get(name)
        if slot.loops or not isinstance(shape, tuple) or not name.isidentifier():
            continue
        waiting = _begins_with_zeros(slot)
        vectors = [a for a in scene.of_shape(number, shape) if a.text != name]
        for gap in loop_ends(scene, number):
            if name not in read_in_loop(scene, gap):
                continue
            for a in vectors:
                # What nobody reads was rather meant to have this name from the beginning.
                likely = waiting and not (a.text.isidentifier() and a.text not in loaded)
                yield _insert(0.9 if likely else 2.2, gap, f"{name} = {a.text}")
            for a, b in itertools.combinations(vectors, 2):
                if not (a.back and b.back):
                    yield _insert(1.6 if waiting else 2.4, gap, f"{name} = {a.text} * {b.text}")


def _begins_with_zeros(slot: Slot) -> bool:
    """Whether a statement prepares something with zeros: what is added up, or handed on from one step to the next."""
    value = getattr(slot.node, "value", None)
    return any(is_zeros(one) for one in (value.elts if isinstance(value, ast.Tuple) else [value]))


def _of_the_gate_left_out(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """What is done for two or three gates, once more with another gate's letter in the same places."""
    texts = {slot.number: unit.text[slot.start : slot.end] for slot in own if slot.indent is not None}
    known = set(texts.values())
    for number, text in texts.items():
        slot = scene.slots[number]
        gap = gaps.get((slot.block, slot.index + 1))
        for before in own:
            other = texts.get(before.number, "")
            if gap is None or before.block != slot.block or before.index >= slot.index or len(other) != len(text):
                continue
            at = [k for k, (a, b) in enumerate(zip(other, text, strict=True)) if a != b]
            letters = {(other[k], text[k]) for k in at}
            if len(letters) != 1 or not set(next(iter(letters))) <= set("ifog"):
                continue
            for letter in sorted(set("ifog") - set(*letters)):
                new = "".join(letter if k in at else char for k, char in enumerate(text))
                if new not in known:
                    yield _insert(1.45, gap, new)


def _carried(
    scene: Scene, unit: Unit, number: int, own: list[Slot]
) -> tuple[dict[str, Any], list[tuple[str, Slot]], set[str]]:
    """What is carried through a loop, with its shape; every change of something; names of what others hold too."""
    carried: dict[str, Any] = {}
    known, read = shapes_of(scene, number), set()
    others_too = {arg.arg for arg in ast.walk(unit.node.args) if isinstance(arg, ast.arg)}
    changed = [(_root(unit, target), slot) for slot in own for target in targets_of(slot.node)]
    for slot in own:
        inside = slot.loops or unit.owner is not None  # a method may be called in every turn
        if inside:
            read |= {n.id for n in ast.walk(slot.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        for target in targets_of(slot.node) if inside else ():
            name, shape = unit.segment(target), scene.results.get(slot.number) or known.get(unit.segment(target))
            whole = not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Constant)
            anew = isinstance(target, ast.Name) and isinstance(slot.node, ast.Assign) and name not in read
            if whole and is_vector(shape) and not anew:  # what is made anew in every turn is not carried
                carried[name] = shape
            base = _root(unit, target)
            if base != name and sums_up(slot.node) and is_vector(known.get(base)) and len(known[base]) == 1:
                carried[base] = known[base]  # added up entry by entry
        calls = ast.walk(slot.node) if slot.loops and isinstance(slot.node, ast.Expr) else ()
        for call in (node for node in calls if isinstance(node, ast.Call)):  # it may change an array that it gets
            for name in (unit.segment(arg) for arg in call.args if isinstance(arg, ast.Name | ast.Attribute)):
                if is_vector(known.get(name)) and len(known[name]) == 1:
                    carried.setdefault(name, known[name])
                    changed.append((name, slot))
        if isinstance(getattr(slot.node, "value", None), ast.Attribute):
            others_too |= {target.id for target in targets_of(slot.node) if isinstance(target, ast.Name)}
    return carried, changed, others_too


def _changes(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """What is carried through a loop set to zero again, or multiplied by something, once more in each turn."""
    carried, changed, others_too = _carried(scene, unit, number, own)
    for gap in gaps.values():
        if gap.unit != number:
            continue
        block = [g.index for g in gaps.values() if g.block == gap.block]
        read = read_in_loop(scene, gap) if gap.loops else set()
        for name, shape in carried.items():
            first = re.match(r"\w+", name)
            if not first or not (not name.isidentifier() or name in others_too or first[0] in read):
                continue  # a function may be called in every turn of a loop elsewhere
            # The usual place of a reset is just before the first change; that of a factor is the end.
            adds = [s.start for root, s in changed if root == name and s.start >= gap.start]
            between = [g for g in block if gap.index < g <= _index_of(scene, gap, min(adds))] if adds else block
            for value in (f"{name} = {scene.numpy}.zeros_like({name})", f"{name}[:] = 0"):
                if name in others_too or value[-1] == ")":
                    yield _insert(1.7 + 0.03 * len(between), gap, value)
            assigned = any(root == name and s.block == gap.block and s.index + 1 == gap.index for root, s in changed)
            if (len(shape) == 1 or 1 in shape) and (assigned or gap.index == max(block)):
                for other in scene.of_shape(number, shape):
                    if other.text != name and not other.back:
                        late = 0.03 * (max(block) - gap.index)
                        yield _insert(2.1 + late, gap, f"{name} = {name} * {other.text}")


def _other_path(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`dc = dc + dh * o * (1 - tc ** 2)` where what is carried gets nothing from what this step alone computes."""
    inside = [slot for slot in own if slot.loops or unit.owner is not None]
    reads = {slot.number: {atom.text for atom in scene.atoms.get(slot.number, ())} for slot in inside}
    for name, shape in _carried(scene, unit, number, own)[0].items():
        giving = [s for s in inside if name in (unit.segment(target) for target in targets_of(s.node))]
        gives = {text for slot in giving for text in reads[slot.number]}
        first = {slot.block: slot.index for slot in inside[::-1] if name in reads[slot.number]}
        factors = [atom.text for atom in scene.of_shape(number, shape) if not atom.back and atom.text != name]
        for slot in inside:
            gap, before = gaps.get((slot.block, slot.index + 1)), first.get(slot.block, -1) > slot.index
            for target in targets_of(slot.node) if gap is not None and before and scene.walks_back(slot) else ():
                new = unit.segment(target)
                if new == name or new in gives or scene.results.get(slot.number) != shape:
                    continue
                for a in factors:
                    yield _insert(1.8, gap, f"{name} = {name} + {new} * {a}")
                    for b in (b for b in factors if b != a):
                        yield _insert(2.0, gap, f"{name} = {name} + {new} * {a} * (1 - {b} ** 2)")


def _slopes_of_blocks(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """One gate's block of stacked slopes, which is of another kind than the others."""
    shapes, parts = shapes_of(scene, number), {}  # the parts that are taken of arrays of a shape
    for slot in own:
        counted = {n.id for loop in slot.loops for n in ast.walk(loop) if isinstance(n, ast.Name) and _stored(n)}
        for n in ast.walk(slot.node):
            if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Tuple | ast.Slice):
                names = {inner.id for inner in ast.walk(n.slice) if isinstance(inner, ast.Name)}
                if names.isdisjoint(counted):
                    parts.setdefault(shapes.get(unit.segment(n.value)), set()).add(unit.segment(n.slice))
    sizes = [a.text for a in scene.of_shape(number, "int") if a.text.isidentifier()]
    for slot in own:
        shape, gap = scene.results.get(slot.number), gaps.get((slot.block, slot.index + 1))
        targets = targets_of(slot.node)
        if gap is None or not is_vector(shape) or len(targets) != 1 or not isinstance(targets[0], ast.Name):
            continue
        of_slopes = bool(re.search(r"\b1(\.0?)? ?- ?", unit.text[slot.start : slot.end]))
        name, read = targets[0].id, {a.text for a in scene.atoms.get(slot.number, ()) if a.shape == shape}
        blocks = [block for size in sizes for block in quarters(size)] if of_slopes else []
        last = [", ".join([":"] * (len(shape) - 1) + [block]) for block in blocks]
        rows = [str(k) for k in range(4)] if len(shape) > 1 and shape[0] == 4 and "[3" in unit.text else []
        for other in sorted(read - {name}):
            for index in dict.fromkeys([*last, *rows, *sorted(parts.get(shape, ()))]):
                for slope in (f"1 - {other}[{index}] ** 2", f"{other}[{index}] * (1 - {other}[{index}])"):
                    yield _insert(1.1 if of_slopes else 1.6, gap, f"{name}[{index}] = {slope}")


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _target_subtracted(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`dy[targets[t]] -= 1` after the output error is begun."""
    arguments, np_ = [arg.arg for arg in unit.node.args.args], scene.numpy
    for slot in own:
        gap, shape, targets = (
            gaps.get((slot.block, slot.index + 1)),
            scene.results.get(slot.number),
            targets_of(slot.node),
        )
        if gap is None or not is_vector(shape) or len(targets) != 1:
            continue
        loops = [unit.segment(loop.target) for loop in slot.loops if isinstance(loop, ast.For)]
        places = [a.text for a in scene.of_shape(number, "int")] + [f"{a}[{t}]" for a in arguments for t in loops]
        if len(shape) == 2 and 1 not in shape:
            places = [f"{np_}.arange(len({a})), {a}" for a in arguments]
        for index in dict.fromkeys(places if len(shape) < 3 else ()):
            yield _insert(2.2, gap, f"{unit.segment(targets[0])}[{index}] -= 1")


def _not_begun_with(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`states[0] = c0` for an argument that the function never reads, None or not."""
    read = {n.id for n in ast.walk(unit.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    given = {arg.arg for arg in ast.walk(unit.node.args) if isinstance(arg, ast.arg)} - read
    shapes = {a.text: a.shape for a in scene.unread if a.unit == number and a.text in given and is_vector(a.shape)}
    for slot in own:
        gap, shape = gaps.get((slot.block, slot.index + 1)), scene.results.get(slot.number)
        if gap is None or not is_vector(shape):  # `grads = Params.zeros(...)` has no shape
            continue
        if is_zeros(getattr(slot.node, "value", None)) and len(targets_of(slot.node)) == 1:
            name = unit.segment(targets_of(slot.node)[0])
            for arg in (arg for arg, held in shapes.items() if held in (shape[1:], shape[:1])):
                for row in ("0", "-1") if shape[1:] == shapes[arg] else (":, 0", ":, -1"):
                    code = f"{name}[{row}] = 0 if {arg} is None else {arg}"
                    yield _insert(1.4, gap, code)


def _bound_late(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`def undo(h=h)` for a function made in a loop, which sees the loop's names as they are when it is called.

    A changed version is run with a copy of the function instead, whose names have values of their own.
    """
    for loop in (node for node in ast.walk(unit.tree) if isinstance(node, ast.For | ast.While)):
        given = {n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for made in (node for node in loop.body if isinstance(node, ast.FunctionDef)):
            inner = [n for part in made.body for n in ast.walk(part)]
            own = {n.arg for n in ast.walk(made.args) if isinstance(n, ast.arg)}
            own |= {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            read = sorted({n.id for n in inner if isinstance(n, ast.Name)} & given - own)
            row = unit.row(unit.span(made)[0])
            before = next((g for g in gaps.values() if g.unit == number and g.start == unit.line_start(row)), None)
            after = gaps.get((before.block, before.index + 1)) if before is not None else None
            if read and after is not None and made.args.kwarg is None:
                names = ", ".join(f"{name}={name}" for name in read)
                parts = [unit.span(node)[1] for node in ast.walk(made.args) if hasattr(node, "end_lineno")]
                end = unit.text.index(")", max(parts, default=unit.span(made)[0]))
                text = f", {names}" if parts else names
                f = made.name
                code = f"{f} = type({f})({f}.__code__, {f}.__globals__, {f}.__name__, {f}.__defaults__, "
                code += f"tuple(type(cell)(cell.cell_contents) for cell in {f}.__closure__ or ()))"
                part = Part(after.number, code, ((end, end, text),))
                yield Edit("late binding", 1.2, (part,), unit.text[unit.span(made)[0] : end + 1], names)


def _never_returned(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`return grads` at the end of a function that returns nothing, and nine names in the order of the gradients."""
    if any(isinstance(node, ast.Return | ast.Yield) for node in ast.walk(unit.node)) or not own:
        return
    first = min(slot.block for slot in own)
    end = max((gap for (block, _), gap in gaps.items() if block == first), key=lambda gap: gap.index, default=None)
    names = [t.id for slot in own for t in targets_of(slot.node) if isinstance(t, ast.Name) and not slot.loops]
    names = list(dict.fromkeys(names[::-1]))
    nine = [next((name for name in names if name.endswith(matrix)), "") for matrix in Params.NAMES]
    for text in [", ".join(nine)] * all(nine) + names if end is not None else ():
        yield Edit("no return", 1.2, (insertion(end, f"return {text}"),), "", f"return {text}")


def _overwritten(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`c_before = c` before c is changed, for a statement after it that means the old one."""
    shapes = {atom.text: atom.shape for slot in own for atom in scene.atoms.get(slot.number, ())}
    for slot in own:
        gap, targets = gaps.get((slot.block, slot.index)), targets_of(slot.node)
        if gap is None or len(targets) != 1 or not isinstance(targets[0], ast.Name | ast.Attribute):
            continue
        text = unit.segment(targets[0])
        name = f"{text.rpartition('.')[2]}_before"
        thing = str(shapes.get(text)).startswith(("object ", "list of "))
        if not (is_vector(shapes.get(text)) or thing) or name in unit.text:
            continue
        keep = f"{name} = {text}" + ".copy()" * isinstance(slot.node, ast.AugAssign)
        for later in own:
            spans = [unit.span(a.node) for a in scene.atoms.get(later.number, ()) if a.text == text]
            if later.block == slot.block and later.index > slot.index and spans:
                every = sorted(set(spans))
                for some in [[span] for span in every] + [every] * (len(every) > 1):
                    changes = tuple((*span, name) for span in some)
                    code, last = "", later.start
                    for start, end, new in changes:
                        code, last = code + unit.text[last:start] + new, end
                    part = Part(later.number, code + unit.text[last : later.end], changes)
                    yield Edit("overwritten", 1.5, (insertion(gap, keep), part), text, keep)


_RULES = (
    _once_more,
    _of_the_gate_left_out,
    _handed_on,
    _changes,
    _other_path,
    _slopes_of_blocks,
    _target_subtracted,
    _not_begun_with,
    _bound_late,
    _never_returned,
    _overwritten,
)


def steps_of_loops(slots: list[Slot]) -> Iterator[Edit]:
    """`t -= 1` in a loop `while t >= 0` where nothing changes `t`: at the end of its block, or else further up."""
    loops = {id(s.loops[-1]): s.loops[-1] for s in slots if s.loops and isinstance(s.loops[-1], ast.While)}
    for loop in loops.values():
        names = [node.id for node in ast.walk(loop.test) if isinstance(node, ast.Name)]
        written = {node.id for node in ast.walk(loop) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        if written & set(names):
            continue
        gaps = [s for s in slots if s.kind == "gap" and s.loops and s.loops[-1] is loop]
        gaps = [gap for gap in gaps if gap.block == min(s.block for s in gaps)]
        for late, gap in enumerate(sorted(gaps, key=lambda gap: -gap.index)):
            for text in (f"{name} {sign}= 1" for name in dict.fromkeys(names) for sign in "-+"):
                yield Edit("step of a loop", 1.0 + 0.01 * late, (insertion(gap, text),), text.split()[0], text)


def _index_of(scene: Scene, gap: Slot, position: int) -> int:
    """Place, in the block of a gap, of the statement that holds a position in the text."""
    starts = [s.index for s in scene.slots if s.block == gap.block and s.unit == gap.unit and s.start <= position]
    return max(starts, default=gap.index)


def loop_ends(scene: Scene, unit: int) -> list[Slot]:
    """The last gap of each loop's body."""
    last: dict[int, Slot] = {}
    for slot in scene.slots:
        if slot.kind == "gap" and slot.unit == unit and slot.loops:
            last[slot.block] = slot
    return list(last.values())


def read_in_loop(scene: Scene, gap: Slot) -> set[str]:
    """Names that are read in the loop at whose end this gap is."""
    loop = gap.loops[-1]
    return {n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _root(unit: Unit, target: ast.expr) -> str:
    """The target without its last index: what is filled."""
    while isinstance(target, ast.Subscript) and not _string_key(target):
        target = target.value
    return unit.segment(target)


def _string_key(node: ast.Subscript) -> bool:
    return isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)


def shapes_of(scene: Scene, unit: int) -> dict[str, Any]:
    """The shapes of everything that has a name in a unit."""
    return {atom.text: atom.shape for atom in scene.unread if atom.unit == unit}
