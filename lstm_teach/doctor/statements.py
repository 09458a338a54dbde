"""All candidate edits: those of single statements, and statements left out, moved or missing.

Imports edits and scene.
"""

from __future__ import annotations

import ast
import itertools
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lstm_teach.doctor.edits import _Maker, sums_up, unlike
from lstm_teach.doctor.scene import Atom, Scene, all_vectors, is_docstring, is_vector, is_zeros, targets_of
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.variants import Edit, Part, Slot
from lstm_teach.params import Params

_SAME_TWICE = re.compile(r"zip\((\w+|\([\w,]+\)),\1\)")  # a list that is paired with itself
_UNREAD = 0.8  # less cost for an edit that reads what nobody reads so far


def candidate_edits(scene: Scene) -> list[Edit]:
    """All candidate edits of the units, each once, the commonest mistakes first."""
    edits: dict[tuple, Edit] = {}
    for slot in scene.slots:
        if slot.node is None or is_docstring(slot.node):
            continue
        for edit in _Maker(scene, slot).edits():
            key = tuple((part.slot, "".join(part.code.split())) for part in edit.parts)
            if any(_SAME_TWICE.search(code) for _, code in key):
                continue
            unchanged = "".join(scene.units[slot.unit].text[slot.start : slot.end].split())
            if len(key) == 1 and key[0][1] == unchanged:
                continue
            if key not in edits or edits[key].cost > edit.cost:
                edits[key] = edit
    for edit in in_all_sisters(scene, list(edits.values())):
        edits.setdefault(tuple((part.slot, "".join(part.code.split())) for part in edit.parts), edit)
    for edit in (*exchanged(scene), *of_probabilities(scene), *moves(scene)):
        edits.setdefault(tuple((part.slot, part.code) for part in edit.parts), edit)
    return sorted(_likelier(scene, map(_Replacing(scene), edits.values())), key=lambda edit: edit.cost)


class _Replacing:
    """Turns a new statement right after one that assigns the same name into a new right-hand side of that one."""

    def __init__(self, scene: Scene):
        self.scene = scene
        self.blocks: dict[int, list[Slot]] = {}
        for slot in scene.slots:
            if slot.kind != "gap":
                self.blocks.setdefault(slot.block, []).append(slot)

    def __call__(self, edit: Edit) -> Edit:
        if edit.kind != "missing statement" or len(edit.parts) > 1:
            return edit
        gap = self.scene.slots[edit.parts[0].slot]
        unit = self.scene.units[gap.unit]
        name, sign, code = edit.parts[0].code.partition(" = ")
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        if not sign or not name.isidentifier() or word.search(code):
            return edit
        for slot in reversed([one for one in self.blocks.get(gap.block, ()) if one.index < gap.index]):
            if isinstance(slot.node, ast.Assign) and [unit.segment(t) for t in slot.node.targets] == [name]:
                break
            if slot.kind != "statement" or word.search(unit.text[slot.start : slot.end]):
                return edit
        else:
            return edit
        part = Part(slot.number, edit.parts[0].code, ((*unit.span(slot.node.value), code),))
        return Edit("equation", edit.cost, (part,), unit.segment(slot.node.value), code)


def _likelier(scene: Scene, edits: Iterable[Edit]) -> Iterator[Edit]:
    """The edits, with less cost for those that read a name which is assigned and never read."""
    unread: dict[int, set[str]] = {}
    for number, unit in enumerate(scene.units):
        names = [node for node in ast.walk(unit.tree) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
        unread[number] = {
            n for n in stored - {node.id for node in names if isinstance(node.ctx, ast.Load)} if n[0] != "_"
        }
    for edit in edits:
        names = unread[scene.slots[edit.parts[0].slot].unit]
        reads = names and not names.isdisjoint(_WORD.findall(re.split(r"(?<![=!<>])=(?!=)", edit.new)[-1]))
        yield replace(edit, cost=edit.cost - _UNREAD) if reads else edit


_WORD = re.compile(r"[^\W\d]\w*")


def in_all_sisters(scene: Scene, edits: list[Edit]) -> Iterator[Edit]:
    """The same change of two to four statements of one pattern in one block: one mistake made for every gate."""
    groups: dict[tuple, list[Slot]] = {}
    for slot in scene.slots:
        if slot.kind == "statement" and isinstance(slot.node, ast.Assign | ast.AugAssign | ast.Expr):
            text = scene.units[slot.unit].text[slot.start : slot.end]
            groups.setdefault((slot.block, _WORD.sub("#", "".join(text.split()))), []).append(slot)
    sisters = {slots[0].number: slots for slots in groups.values() if 2 <= len(slots) <= 4}
    known = {(e.parts[0].slot, "".join(e.parts[0].code.split())): e for e in edits if len(e.parts) == 1}
    texts = {slot.number: scene.units[slot.unit].text[slot.start : slot.end] for slot in scene.slots}
    for edit in edits:
        number = edit.parts[0].slot
        if number not in sisters or len(edit.parts) > 1:
            continue
        each = [edit]
        for slot in sisters[number][1:]:
            words = dict(zip(_WORD.findall(texts[number]), _WORD.findall(texts[slot.number]), strict=False))
            code = _WORD.sub(lambda found, words=words: words.get(found[0], found[0]), edit.parts[0].code)
            same = known.get((slot.number, "".join(code.split())))
            each += [same] if same is not None else []
        if len(each) == len(sisters[number]):
            parts = tuple(part for one in each for part in one.parts)
            yield Edit(edit.kind, edit.cost + 0.1, parts, edit.old, edit.new, tuple(each))


def exchanged(scene: Scene) -> Iterator[Edit]:
    """What two statements of a block assign, each in the place of the other."""
    for slot in scene.slots:
        shape = scene.results.get(slot.number)
        for other in scene.slots[slot.number + 1 :]:
            if other.block != slot.block or slot.kind != "statement" or other.kind != "statement":
                continue
            pair = slot.node, other.node
            if is_vector(shape) and scene.results.get(other.number) == shape and type(pair[0]) is type(pair[1]):
                unit = scene.units[slot.unit]
                spans = [unit.span(node.value) for node in pair]
                texts = [unit.text[start:end] for start, end in spans]
                parts = tuple(
                    Part(s.number, unit.text[s.start : start] + new + unit.text[end : s.end], ((start, end, new),))
                    for s, (start, end), new in zip((slot, other), spans, texts[::-1], strict=True)
                )
                each = tuple(Edit("wrong name", 1.8, (part,), texts[k], texts[1 - k]) for k, part in enumerate(parts))
                yield Edit("order", 2.0, parts, texts[0], texts[1], each)


def moves(scene: Scene) -> Iterator[Edit]:
    """Statements left out, moved within their block or across a loop, and statements that are missing."""
    by_block: dict[int, list[Slot]] = {}
    gaps: dict[tuple[int, int], Slot] = {}
    for slot in scene.slots:
        by_block.setdefault(slot.block, []).append(slot)
        if slot.kind == "gap":
            gaps[slot.block, slot.index] = slot
    heads = {id(s.loops[-1]): s.block for s in scene.slots if s.loops}
    for slot in scene.slots:
        returned = isinstance(slot.node, ast.Return)
        if slot.kind != "statement" or is_docstring(slot.node) or (returned and not slot.loops):
            continue
        unit = scene.units[slot.unit]
        line = unit.line_start(unit.row(slot.start)), unit.line_start(unit.row(slot.end - 1) + 1)
        text = unit.text[slot.start : slot.end]
        trailing = unit.text[slot.end : line[1]].strip()
        whole = not unit.text[line[0] : slot.start].strip() and (not trailing or trailing.startswith("#"))
        if not whole or slot.indent is None:
            if not returned:  # on one line with the head of its loop, or with others
                nothing = Part(slot.number, "pass", ((slot.start, slot.end, "pass"),))
                yield Edit("extra statement", 2.0, (nothing,), text, "")
            continue
        only = len([s for s in by_block[slot.block] if s.kind != "gap"]) == 1
        gone = Part(slot.number, "", ((*line, f"{slot.indent}pass\n" if only else ""),))
        if not returned:
            yield Edit("extra statement", 2.0, (gone,), text, "")
        size = max(s.index for s in by_block[slot.block])
        for index in range(size + 1 if not returned else 0):
            gap = gaps.get((slot.block, index))
            if gap and index not in (slot.index, slot.index + 1):
                distance = abs(index - slot.index - (index > slot.index))
                yield Edit("moved", 1.5 + 0.05 * distance, (gone, insertion(gap, text)), text, text)
        if slot.loops:
            outer = next((s for s in scene.slots if s.kind == "head" and s.node is _loop_head(slot.loops[-1])), None)
            if outer is not None:
                for index in (outer.index, outer.index + 1):
                    gap = gaps.get((outer.block, index))
                    after = 0.1 * (index > outer.index)
                    cost = 1.1 - after if returned else 1.9 + after  # a loop that returns in its first turn is no loop
                    if gap:
                        yield Edit("moved out", cost, (gone, insertion(gap, text)), text, text)
        for other in scene.slots:
            if other.kind == "head" and other.block == slot.block and isinstance(other.node, ast.expr):
                for block in {b for loop, b in heads.items() if _loop_head(_loop(scene, loop)) is other.node}:
                    last = max((s.index for s in by_block[block] if s.kind == "gap"), default=None)
                    first = min((s.index for s in by_block[block] if s.kind == "gap"), default=None)
                    for index in {first, last} - {None}:
                        reset = index == first and is_zeros(getattr(slot.node, "value", None))
                        cost = 1.4 if reset else 1.9
                        yield Edit("moved in", cost, (gone, insertion(gaps[block, index], text)), text, text)
    yield from _blocks_moved_in(scene, by_block, gaps, heads)
    yield from _resets_moved_out(scene, by_block, gaps)
    yield from missing_statements(scene, gaps)


def _blocks_moved_in(scene: Scene, by_block: dict, gaps: dict, heads: dict[int, int]) -> Iterator[Edit]:
    """What follows a loop indented into its end: another loop, or several statements."""
    for slots in by_block.values():
        nodes = {s.index: s for s in slots if s.kind in ("statement", "head")}
        for index, slot in nodes.items():
            loops = [n for n in heads if slot.kind == "head" and _loop_head(_loop(scene, n)) is slot.node]
            ends = [gap for (number, _), gap in gaps.items() if loops and number == heads[loops[0]]]
            if not ends:
                continue
            end, unit = max(ends, key=lambda gap: gap.index), scene.units[slot.unit]
            run: list[Slot] = []
            for after in range(index + 1, max(nodes) + 1):
                one = nodes.get(after)
                if one is None or isinstance(one.node, ast.Return) or (one.kind == "head" and run):
                    break
                run.append(one)
                if len(run) > 1 or one.kind == "head":
                    yield _indented(scene, unit, run, end)
                if one.kind == "head":
                    break


def _resets_moved_out(scene: Scene, by_block: dict, gaps: dict) -> Iterator[Edit]:
    """All zeros with which a loop's body begins, to stand before the loop."""
    for slots in by_block.values():
        written = [s for s in slots if s.kind == "statement"]
        run = list(
            itertools.takewhile(lambda s: is_zeros(getattr(s.node, "value", None)) and s.indent is not None, written)
        )
        if len(run) < 2 or not run[0].loops:
            continue
        unit = scene.units[run[0].unit]
        gap = _gap_before(scene, gaps, run[0].loops[-1])
        if gap is not None:
            lines = [(unit.line_start(unit.row(s.start)), unit.line_start(unit.row(s.end - 1) + 1)) for s in run]
            text = "\n".join(unit.text[s.start : s.end] for s in run)
            new = Part(gap.number, text, ((gap.start, gap.end, textwrap.indent(text, gap.indent) + "\n"),))
            yield Edit(
                "moved out",
                1.5,
                (*(Part(s.number, "", ((*l, ""),)) for s, l in zip(run, lines, strict=True)), new),
                text,
                text,
            )


def _indented(scene: Scene, unit: Unit, run: list[Slot], end: Slot) -> Edit:
    """The edit that moves these statements to the end of a loop's body."""
    first = unit.line_start(unit.row(run[0].start))
    last = run[-1].end
    if run[-1].kind == "head":
        loop = next(n for n in ast.walk(unit.tree) if _loop_head(n) is run[-1].node)
        first, last = unit.line_start(unit.row(unit.span(loop)[0])), unit.span(loop)[1]
    last = unit.line_start(unit.row(last - 1) + 1)
    code = textwrap.dedent(unit.text[first:last])
    parts = [Part(s.number, "()" if s.kind == "head" else "", ()) for s in run]
    parts[0] = Part(parts[0].slot, parts[0].code, ((first, last, ""),))
    new = Part(end.number, code, ((end.start, end.end, textwrap.indent(code, end.indent)),))
    return Edit("moved in", 1.7, (*parts, new), code.strip(), code.strip())


def _loop(scene: Scene, number: int) -> ast.AST | None:
    return next((loop for s in scene.slots for loop in s.loops if id(loop) == number), None)


def _loop_head(loop: ast.AST | None) -> ast.expr | None:
    return getattr(loop, "iter", getattr(loop, "test", None))


def _gap_before(scene: Scene, gaps: dict[tuple[int, int], Slot], loop: ast.AST) -> Slot | None:
    """The gap before a loop; None where it stands on one line with something else."""
    head = next((s for s in scene.slots if s.kind == "head" and s.node is _loop_head(loop)), None)
    return gaps.get((head.block, head.index)) if head is not None else None


def insertion(gap: Slot, text: str) -> Part:
    """A part that puts a statement at a gap."""
    return Part(gap.number, text, ((gap.start, gap.end, f"{gap.indent}{text}\n"),))


def missing_statements(scene: Scene, gaps: dict[tuple[int, int], Slot]) -> Iterator[Edit]:
    """Names that are prepared but never filled or handed on: copies of a sibling's statement, or a product."""
    for number, unit in enumerate(scene.units):
        own = [s for s in scene.slots if s.unit == number and s.kind == "statement"]
        counts: dict[str, list[Slot]] = {}
        for slot in own:
            for target in targets_of(slot.node):
                counts.setdefault(unit.segment(target), []).append(slot)
        # A target written in one statement only (its preparation), and a sibling that is written again.
        prepared = {name: slots[0] for name, slots in counts.items() if len(slots) == 1}
        loaded = {n.id for n in ast.walk(unit.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        waiting = {name for name, slot in prepared.items() if not slot.loops and _begins_with_zeros(slot)}
        for slot in own:
            if isinstance(slot.node, ast.Return) or is_docstring(slot.node) or slot.indent is None:
                continue
            text = unit.text[slot.start : slot.end]
            gap = gaps.get((slot.block, slot.index + 1)) or gaps.get((slot.block, slot.index))
            if gap is None:
                continue
            for target in targets_of(slot.node):
                root = _root(unit, target)
                for other in _siblings(scene, unit, number, target):
                    if other == root:
                        continue
                    start, end = slot.start, unit.span(target)[0]
                    offset = end - start
                    atoms = [a for a in scene.atoms.get(slot.number, ()) if isinstance(a.shape, tuple)]
                    renamed = text[:offset] + other + text[offset + len(root) :]
                    for atom in atoms:
                        at = unit.span(atom.node)
                        shift = len(other) - len(root)
                        position = at[0] - start + (shift if at[0] > end else 0)
                        for choice in scene.of_shape(number, atom.shape, slot):
                            if choice.text != atom.text and choice.back in (atom.back, None):
                                new = renamed[:position] + choice.text + renamed[position + at[1] - at[0] :]
                                cost = 1.6 + 0.1 * unlike(atom.text, choice.text) - 0.002 * slot.index  # after the last
                                cost -= other in waiting and slot.loops != ()
                                yield Edit("missing statement", cost, (insertion(gap, new),), "", new)
        yield from _of_the_gate_left_out(scene, unit, own, gaps)
        yield from _more_of_the_same(scene, unit, number, own, gaps)
        yield from _changes(scene, unit, number, own, gaps)
        yield from _slopes_of_blocks(scene, unit, number, own, gaps)
        yield from _blocks_left_out(scene, unit, number, own, gaps)
        yield from _sums_not_begun(scene, unit, own, gaps)
        yield from _turned_round(scene, number, own, gaps)
        yield from _of_the_other_sign(scene, unit, own, gaps)
        yield from _shared_defaults(unit, own, gaps)
        yield from _shared_by_all(unit, own, gaps)
        yield from _bound_late(scene, unit, number, gaps)
        yield from _unfilled(scene, unit, number, own, gaps)
        yield from _not_normalised(scene, unit, own, gaps)
        yield from _not_begun_with(scene, unit, number, own, gaps)
        yield from _never_returned(unit, own, gaps)
        yield from _overwritten(scene, unit, own, gaps)
        for name, slot in prepared.items():
            shape = scene.results.get(slot.number) or _shapes(scene, number).get(name)
            if slot.loops or not isinstance(shape, tuple) or not name.isidentifier():
                continue
            for loop_gap in loop_ends(scene, number):
                if name not in read_in_loop(scene, loop_gap):
                    continue
                vectors = scene.of_shape(number, shape)
                for k, a in enumerate(vectors):
                    if name == a.text:
                        continue
                    # What nobody reads was rather meant to have this name from the beginning.
                    likely = name in waiting and not (a.text.isidentifier() and a.text not in loaded)
                    code, cost = f"{name} = {a.text}", 0.9 if likely else 2.2
                    yield Edit("missing statement", cost, (insertion(loop_gap, code),), "", code)
                    for b in vectors[k + 1 :]:
                        text = f"{name} = {a.text} * {b.text}"
                        if name not in (a.text, b.text) and not (a.back and b.back):
                            cost = 1.6 if name in waiting else 2.4
                            yield Edit("missing statement", cost, (insertion(loop_gap, text),), "", text)


def _begins_with_zeros(slot: Slot) -> bool:
    """Whether a statement prepares something with zeros: what is added up, or handed on from one step to the next."""
    value = getattr(slot.node, "value", None)
    return any(is_zeros(one) for one in (value.elts if isinstance(value, ast.Tuple) else [value]))


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


def _of_the_gate_left_out(scene: Scene, unit: Unit, own: list[Slot], gaps: dict) -> Iterator[Edit]:
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
                    yield Edit("missing statement", 1.45, (insertion(gap, new),), "", new)


def targets_left(scene: Scene, number: int) -> Iterator[tuple[Slot, str]]:
    """What the statements of a loop seem to leave out, with the gap at which to fill it: a gate's row, block or array.

    Arrays that are prepared and filled nowhere, with the index at which others are filled; of an array that is filled
    block by block or key by key, the other blocks.
    """
    unit = scene.units[number]
    own = [s for s in scene.slots if s.unit == number and s.kind == "statement" and s.indent is not None]
    filled: dict[str, Slot] = {}
    for slot in own:
        for target in targets_of(slot.node) if isinstance(slot.node, ast.Assign) else ():
            if isinstance(target, ast.Subscript):
                filled[unit.segment(target)] = slot  # the last one
    bases = {text[: text.index("[")] for text in filled if "[" in text}
    known = {"".join(text.split()) for text in filled}
    shapes = _shapes(scene, number)
    last: dict[tuple[int, str], Slot] = {}
    for text, slot in filled.items():
        base, _, index = text.partition("[")
        for name, shape in shapes.items():
            if name not in bases and name.isidentifier() and shape == shapes.get(base) and is_vector(shape):
                last[slot.block, f"{name}[{index}"] = slot
        for new in _other_blocks(index):
            if "".join(f"{base}[{new}".split()) not in known:
                last[slot.block, f"{base}[{new}"] = slot
    for (block, text), slot in last.items():
        gap = next((g for g in scene.slots if g.kind == "gap" and (g.block, g.index) == (block, slot.index + 1)), None)
        if gap is not None:
            yield gap, text


def _other_blocks(index: str) -> Iterator[str]:
    """The text of an index with another gate in it: another number up to three, key, or quarter."""
    for found in re.finditer(r"(?<![\w.)\]*+-])[0-3](?![\w.]| *[*:])", index):
        yield from (index[: found.start()] + str(k) + index[found.end() :] for k in range(4))
    for found in re.finditer(r"(?<=[\"'])[ifog](?=[\"'])", index):
        yield from (index[: found.start()] + letter + index[found.end() :] for letter in "ifog")
    for found in re.finditer(r"[^,\[\]:]*:[^,\[\]:]*", index):
        name = re.search(r"[A-Za-z_][\w.]*", found[0])
        if name is not None:
            n = name[0]
            quarters = (f":{n}", f"{n}:2 * {n}", f"2 * {n}:3 * {n}", f"3 * {n}:", f"3 * {n}:4 * {n}")
            yield from (index[: found.start()] + new + index[found.end() :] for new in quarters)


def _changes(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """What is carried through a loop set to zero again, or multiplied by something, once more in each turn."""
    carried: dict[str, Any] = {}
    known = _shapes(scene, number)
    read: set[str] = set()
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
    changed = [(_root(unit, target), slot) for slot in own for target in targets_of(slot.node)]
    for slot in own:  # a function that gets an array may change it
        shapes = {atom.text: atom.shape for atom in scene.atoms.get(slot.number, ())}
        inside = ast.walk(slot.node) if slot.loops and isinstance(slot.node, ast.Expr) else ()
        for call in (node for node in inside if isinstance(node, ast.Call)):
            given = [arg for arg in call.args if isinstance(arg, ast.Name | ast.Attribute)]
            for name in map(unit.segment, given):
                shape = known.get(name) or shapes.get(name)
                if is_vector(shape) and len(shape) == 1:
                    carried.setdefault(name, shape)
                    changed.append((name, slot))
    yield from _other_path(scene, unit, number, own, gaps, carried)
    others_too = {arg.arg for arg in ast.walk(unit.node.args) if isinstance(arg, ast.arg)}  # names of what others hold
    for slot in own:
        values = getattr(slot.node, "value", None)
        values = values.elts if isinstance(values, ast.Tuple) else [values]
        for target, value in zip(targets_of(slot.node), values, strict=False):
            if isinstance(target, ast.Name) and isinstance(value, ast.Attribute):
                others_too.add(target.id)
    for gap in gaps.values():
        if gap.unit != number:
            continue
        block = [g.index for g in gaps.values() if g.block == gap.block]
        read = read_in_loop(scene, gap) if gap.loops else set()
        for name, shape in carried.items():
            lives_on = not name.isidentifier() or name in others_too
            if not re.match(r"\w+", name) or not (lives_on or re.match(r"\w+", name)[0] in read):
                continue  # a function may be called in every turn of a loop elsewhere
            # The usual place of a reset is just before the first change; that of a factor is the end.
            adds = [s.start for root, s in changed if root == name and s.start >= gap.start]
            between = [g for g in block if gap.index < g <= _index_of(scene, gap, min(adds))] if adds else block
            resets = [f"{name} = {scene.numpy}.zeros_like({name})"]
            resets += [f"{name}[:] = 0"] if name in others_too else []
            for code in resets:
                yield Edit("missing statement", 1.7 + 0.03 * len(between), (insertion(gap, code),), "", code)
            assigned = any(root == name and s.block == gap.block and s.index + 1 == gap.index for root, s in changed)
            if (len(shape) == 1 or 1 in shape) and (assigned or gap.index == max(block)):
                late = 0.03 * (max(block) - gap.index)
                for other in scene.of_shape(number, shape):
                    if other.text != name and not other.back:
                        code = f"{name} = {name} * {other.text}"
                        yield Edit("missing statement", 2.1 + late, (insertion(gap, code),), "", code)


def _other_path(
    scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict, carried: dict[str, Any]
) -> Iterator[Edit]:
    """`dc = dc + dh * o * (1 - tc ** 2)` where what is carried gets nothing from what this step alone computes."""
    inside = [slot for slot in own if slot.loops or unit.owner is not None]
    reads = {slot.number: {atom.text for atom in scene.atoms.get(slot.number, ())} for slot in inside}
    for name, shape in carried.items():
        gives = {
            text
            for slot in inside
            for t in targets_of(slot.node)
            if unit.segment(t) == name
            for text in reads[slot.number]
        }
        first = {slot.block: slot.index for slot in inside[::-1] if name in reads[slot.number]}
        factors = [atom.text for atom in scene.of_shape(number, shape) if not atom.back and atom.text != name]
        for slot in inside:
            gap, before = gaps.get((slot.block, slot.index + 1)), first.get(slot.block, -1) > slot.index
            for target in targets_of(slot.node) if gap is not None and before and scene.walks_back(slot) else ():
                new = unit.segment(target)
                if new == name or new in gives or scene.results.get(slot.number) != shape:
                    continue
                for a in factors:
                    slopes = [f" * (1 - {b} ** 2)" for b in factors if b != a]
                    for rank, rest in enumerate(["", *slopes]):
                        code = f"{name} = {name} + {new} * {a}{rest}"
                        yield Edit("missing statement", 1.8 + 0.2 * (rank > 0), (insertion(gap, code),), "", code)


def _slopes_of_blocks(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """One gate's block of stacked slopes, which is of another kind than the others."""
    slices = {
        unit.segment(n) for s in own for n in ast.walk(s.node) if isinstance(n, ast.Slice) and (n.lower or n.upper)
    }
    shapes, parts = _shapes(scene, number), {}  # the parts that are taken of arrays of a shape
    for slot in own:
        counted = {
            n.id for loop in slot.loops for n in ast.walk(getattr(loop, "target", slot.node)) if isinstance(n, ast.Name)
        }
        for n in ast.walk(slot.node):
            if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Tuple):
                names = {inner.id for inner in ast.walk(n.slice) if isinstance(inner, ast.Name)}
                if names.isdisjoint(counted):
                    parts.setdefault(shapes.get(unit.segment(n.value)), set()).add(unit.segment(n.slice))
    sizes = [a.text for a in scene.of_shape(number, "int") if a.text.isidentifier()]
    quarters = {part for n in sizes for part in (f":{n}", f"{n} : 2 * {n}", f"2 * {n} : 3 * {n}", f"3 * {n} :")}
    for slot in own:
        shape, gap = scene.results.get(slot.number), gaps.get((slot.block, slot.index + 1))
        targets = targets_of(slot.node)
        if gap is None or not is_vector(shape) or len(targets) != 1 or not isinstance(targets[0], ast.Name):
            continue
        of_slopes = bool(re.search(r"\b1(\.0?)? ?- ?", unit.text[slot.start : slot.end]))
        name, read = targets[0].id, {a.text for a in scene.atoms.get(slot.number, ()) if a.shape == shape}
        for other in sorted(read - {name}):
            rows = [str(k) for k in range(4)] if len(shape) > 1 and shape[0] == 4 and "[3" in unit.text else []
            blocks = sorted(slices | quarters if of_slopes else slices)
            last = [", ".join([":"] * (len(shape) - 1) + [block]) for block in blocks]
            for index in dict.fromkeys([*last, *rows, *sorted(parts.get(shape, ()))]):
                for slope in (f"1 - {other}[{index}] ** 2", f"{other}[{index}] * (1 - {other}[{index}])"):
                    code = f"{name}[{index}] = {slope}"
                    yield Edit("missing statement", 1.1 if of_slopes else 1.6, (insertion(gap, code),), "", code)


def _blocks_left_out(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`A[n:, :n] = np.diag(a * b)` where other blocks of a matrix of blocks are filled in such a way."""
    rows, last, diagonal = {}, {}, {}
    for slot in own:
        for target in targets_of(slot.node):
            match target:
                case ast.Subscript(ast.Name(name), ast.Tuple([ast.Slice() as row, ast.Slice() as column])):
                    blocks = rows.setdefault(name, (set(), set(), set()))
                    for texts, part in zip(blocks, (row, column, target.slice), strict=True):
                        texts.add(unit.segment(part))
                    last[name] = slot
        for call in ast.walk(slot.node):
            if isinstance(call, ast.Call) and unit.segment(call.func).endswith("diag") and len(call.args) == 1:
                diagonal[unit.segment(call.func)] = slot
    for name, (upper, lower, known) in rows.items():
        gap = gaps.get((last[name].block, last[name].index + 1))
        shape = _shapes(scene, number).get(name)
        if gap is None or not diagonal or not is_vector(shape) or len(shape) != 2:
            continue
        blocks = sorted({f"{a}, {b}" for a in upper | lower for b in upper | lower if a != ":" != b} - known)
        inner = dict.fromkeys(a.text for a in scene.of_shape(number, (shape[0] // 2,), gap) if not a.back)
        values = [*inner, *(f"{a} * {b}" for a, b in itertools.combinations(inner, 2))]
        for block, value, func in itertools.product(blocks, values, diagonal):
            code = f"{name}[{block}] = {func}({value})"
            yield Edit("missing statement", 1.6, (insertion(gap, code),), "", code)


def of_probabilities(scene: Scene) -> Iterator[Edit]:
    """`p` less one at `k`, the slope along the scores, for `-1 / p[k]` in zeros, that along the probabilities."""
    for slot in scene.slots:
        node, unit = slot.node, scene.units[slot.unit]
        match node:
            case ast.Assign([ast.Subscript(ast.Name(name), index)], value):
                ratio = next(
                    (n for n in ast.walk(value) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)), None
                )
                below = ratio.right if ratio is not None else None
                same = isinstance(below, ast.Subscript) and unit.segment(below.slice) == unit.segment(index)
            case _:
                continue
        for first in scene.slots if same else ():
            if first.unit != slot.unit or not isinstance(first.node, ast.Assign) or not is_zeros(first.node.value):
                continue
            if [unit.segment(target) for target in first.node.targets] == [name]:
                texts = f"{name} = {unit.segment(below.value)}.copy()", f"{unit.segment(node.targets[0])} -= 1"
                parts = [Part(s.number, t, ((s.start, s.end, t),)) for s, t in zip((first, slot), texts, strict=True)]
                yield Edit("slope", 1.3, tuple(parts), unit.text[slot.start : slot.end], texts[1])


def _sums_not_begun(scene: Scene, unit: Unit, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`dh[k] = 0.0` before the loop that adds up `dh[k]`."""
    for slot in own:
        targets = targets_of(slot.node) if scene.results.get(slot.number) == () else []
        if len(targets) != 1 or not (isinstance(slot.node, ast.AugAssign) or sums_up(slot.node)):
            continue
        read = {n.id for n in ast.walk(targets[0]) if isinstance(n, ast.Name)}
        for loop in slot.loops[::-1]:
            if not read.isdisjoint(
                n.id for n in ast.walk(getattr(loop, "target", slot.node)) if isinstance(n, ast.Name)
            ):
                break
            gap = _gap_before(scene, gaps, loop)
            if gap is not None:
                code = f"{unit.segment(targets[0])} = 0.0"
                yield Edit("missing statement", 1.4, (insertion(gap, code),), "", code)


def _turned_round(scene: Scene, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """Stacked rows that come with other things from a function, in the other order."""
    shapes = {atom.text: atom.shape for atom in all_vectors(scene, number)} | _shapes(scene, number)
    for slot in own:
        gap = gaps.get((slot.block, slot.index + 1))
        targets = slot.node.targets if isinstance(slot.node, ast.Assign) and gap is not None else []
        inside = [n for target in targets if not isinstance(target, ast.Name) for n in ast.walk(target)]
        for name in (n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)):
            if is_vector(shapes.get(name)) and len(shapes[name]) > 1:
                code = f"{name} = {name}[::-1]"
                yield Edit("missing statement", 1.7, (insertion(gap, code),), "", code)


def _of_the_other_sign(scene: Scene, unit: Unit, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`error = -error` after one entry of an error was changed: target minus output instead of output minus target."""
    shapes = {atom.text: atom.shape for atom in scene.unread}
    for slot in own:
        gap, targets = gaps.get((slot.block, slot.index + 1)), targets_of(slot.node)
        if gap is not None and len(targets) == 1 and isinstance(targets[0], ast.Subscript):
            name = unit.segment(targets[0].value)
            if is_vector(shapes.get(name)) and scene.results.get(slot.number) in (None, (), "int"):
                code = f"{name} = -{name}"
                one = isinstance(slot.node.op, ast.Add) if isinstance(slot.node, ast.AugAssign) else False
                yield Edit("missing statement", 1.0 if one else 1.5, (insertion(gap, code),), "", code)


def _shared_defaults(unit: Unit, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`kept = {}` at the start of a function whose default is one dict or list for all its calls."""
    args = unit.node.args
    defaults = zip([*args.posonlyargs, *args.args][::-1], args.defaults[::-1], strict=False)
    first = min((slot.block for slot in own), default=None)
    for arg, default in defaults if first is not None else ():
        if isinstance(default, ast.Dict | ast.List) and (first, 0) in gaps:
            code = f"{arg.arg} = {unit.segment(default)}"
            yield Edit("missing statement", 1.2, (insertion(gaps[first, 0], code),), "", code)


def _shared_by_all(unit: Unit, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`self.kept = []` at the end of `__init__` for a list or dict that is an attribute of the class."""
    first = min((slot.block for slot in own), default=None)
    end = max((gap for (block, _), gap in gaps.items() if block == first), key=lambda gap: gap.index, default=None)
    if unit.owner is None or unit.node.name != "__init__" or end is None:
        return
    me = unit.node.args.args[0].arg
    for name, value in vars(unit.owner).items():
        if type(value) in (list, dict) and name[:2] != "__":
            code = f"{me}.{name} = {type(value)()!r}"
            yield Edit("missing statement", 1.0, (insertion(end, code),), "", code)


def _bound_late(scene: Scene, unit: Unit, number: int, gaps: dict) -> Iterator[Edit]:
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


def _overwritten(scene: Scene, unit: Unit, own: list[Slot], gaps: dict) -> Iterator[Edit]:
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


def _never_returned(unit: Unit, own: list[Slot], gaps: dict) -> Iterator[Edit]:
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


def _not_normalised(scene: Scene, unit: Unit, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`p = p / p.sum()` after the exponential of a softmax."""
    for slot in own:
        gap, shape = gaps.get((slot.block, slot.index + 1)), scene.results.get(slot.number)
        value = getattr(slot.node, "value", None)
        called = unit.segment(value.func) if isinstance(value, ast.Call) else ""
        if gap is not None and len(targets_of(slot.node)) == 1 and called.endswith("exp") and is_vector(shape):
            name = unit.segment(targets_of(slot.node)[0])
            for axis in ("",) if len(shape) == 1 else ("axis=-1, keepdims=True", "axis=0, keepdims=True"):
                code = f"{name} = {name} / {name}.sum({axis})"
                yield Edit("missing statement", 1.5, (insertion(gap, code),), "", code)


def _not_begun_with(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`states[0] = c0` for an argument that the function never reads, None or not."""
    read = {n.id for n in ast.walk(unit.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    given = {arg.arg for arg in ast.walk(unit.node.args) if isinstance(arg, ast.arg)} - read
    shapes = {a.text: a.shape for a in scene.unread if a.unit == number and a.text in given and is_vector(a.shape)}
    yield from _first_row(scene, unit, number, own, gaps)
    for slot in own:
        gap, shape = gaps.get((slot.block, slot.index + 1)), scene.results.get(slot.number)
        if gap is None or not is_vector(shape):  # `grads = Params.zeros(...)` has no shape
            continue
        if is_zeros(getattr(slot.node, "value", None)) and len(targets_of(slot.node)) == 1:
            name = unit.segment(targets_of(slot.node)[0])
            for arg in (arg for arg, held in shapes.items() if held in (shape[1:], shape[:1])):
                for row in ("0", "-1") if shape[1:] == shapes[arg] else (":, 0", ":, -1"):
                    code = f"{name}[{row}] = 0 if {arg} is None else {arg}"
                    yield Edit("missing statement", 1.4, (insertion(gap, code),), "", code)


def _first_row(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`h_before[0] = h0` where the states of the steps before are made of those of all steps."""
    shapes, given = _shapes(scene, number), [arg.arg for arg in ast.walk(unit.node.args) if isinstance(arg, ast.arg)]
    starts = {name: shapes[name] for name in given if is_vector(shapes.get(name)) and len(shapes[name]) == 1}
    for slot in own:
        gap, names = gaps.get((slot.block, slot.index + 1)), [unit.segment(target) for target in targets_of(slot.node)]
        made = [name for name in names if is_vector(shapes.get(name)) and len(shapes[name]) == 2]
        if gap is None or slot.loops or not 1 <= len(made) == len(names) <= 2:
            continue
        for row in itertools.permutations(starts, len(made)):
            for index, along in (("0", slice(1, None)), (":, 0", slice(1))):
                if all(shapes[name][along] == starts[start] for name, start in zip(made, row, strict=True)):
                    code = f"{', '.join(f'{name}[{index}]' for name in made)} = {', '.join(row)}"
                    yield Edit("missing statement", 1.6, (insertion(gap, code),), "", code)


def _index_of(scene: Scene, gap: Slot, position: int) -> int:
    """Place, in the block of a gap, of the statement that holds a position in the text."""
    starts = [s.index for s in scene.slots if s.block == gap.block and s.unit == gap.unit and s.start <= position]
    return max(starts, default=gap.index)


def _more_of_the_same(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """`a += W.T @ b` once more, with another matrix and another vector of the same shapes."""
    for slot in own:
        gap = gaps.get((slot.block, slot.index + 1))
        if not isinstance(slot.node, ast.AugAssign) or gap is None:
            continue
        maker = _Maker(scene, slot)
        start = slot.start
        inner = [atom for atom in maker.atoms_in(slot.node.value) if is_vector(atom.shape)]
        if len(inner) not in (1, 2):
            continue
        options = [maker.alternatives(atom) for atom in inner]
        pairs = [(a, b) for a in options[0] for b in options[1]] if len(inner) == 2 else [(a,) for a in options[0]]
        pairs.sort(key=lambda pair, inner=inner, maker=maker: maker.likeness(inner, pair))
        for pair in pairs[:100]:
            new = maker.text
            for (s, e), other in sorted(
                zip([unit.span(atom.node) for atom in inner], pair, strict=True), key=lambda item: -item[0][0]
            ):
                new = new[: s - start] + other + new[e - start :]
            cost = min(1.45 + 0.1 * sum(unlike(a.text, o) for a, o in zip(inner, pair, strict=True)), 1.95)
            yield Edit("missing statement", cost, (insertion(gap, new),), "", new)


def _unfilled(scene: Scene, unit: Unit, number: int, own: list[Slot], gaps: dict) -> Iterator[Edit]:
    """Sums of outer products that are prepared and never filled; an output error without the `- 1` at the target."""
    filled = {
        _root(unit, t) for slot in own for t in targets_of(slot.node) if slot.loops or isinstance(t, ast.Subscript)
    }
    roots = {root.rpartition(".")[0] for root in filled if re.search(r"\.[WU][ifog]$", root)}
    quoted = {
        root[: root.index("[")] + root[root.index("[") : root.index("[") + 2]
        for root in filled
        if re.search(r"\[.[WU][ifog].\]$", root)
    }
    names = [f"{root}.V" for root in roots if f"{root}.V" not in filled]
    names += [f"{root}V{root[-1]}]" for root in quoted if f"{root}V{root[-1]}]" not in filled]
    names += [
        s for slot in own for t in targets_of(slot.node) if (s := unit.segment(t)) not in filled and not slot.loops
    ]
    assigned = {unit.segment(t) for slot in own for t in targets_of(slot.node)}
    names = [n for n in dict.fromkeys(names) if n in assigned or re.split(r"[.\[]", n)[0] in assigned]
    ends = loop_ends(scene, number)
    vectors = [a for a in all_vectors(scene, number) if len(a.shape) == 1]
    loops = {unit.segment(loop.target) for slot in own for loop in slot.loops if isinstance(loop, ast.For)}
    for atom in list(vectors):
        if isinstance(atom.node, ast.Subscript):
            base = atom.text[: len(unit.segment(atom.node.value))]
            vectors += [
                Atom(atom.node, f"{base}[{t}]", number, atom.shape)
                for t in loops
                if f"{base}[{t}]" not in {v.text for v in vectors}
            ]
    shapes = _shapes(scene, number)
    shapes |= {
        unit.segment(t): scene.results[s.number]
        for s in own
        for t in targets_of(s.node)
        if not s.loops and s.number in scene.results
    }
    pairs = [(a, b) for a in vectors for b in vectors if a.shape != b.shape and a.back is not b.back]
    for gap in ends[:3]:
        for name in names[:8]:
            for a, b in pairs:
                if shapes.get(name) in (None, a.shape + b.shape):
                    new = f"{name} += {scene.numpy}.outer({a.text}, {b.text})"
                    yield Edit("missing statement", 2.3, (insertion(gap, new),), "", new)
    arguments = [arg.arg for arg in unit.node.args.args]
    for slot in own:
        gap = gaps.get((slot.block, slot.index + 1))
        shape = scene.results.get(slot.number)
        if gap is None or not is_vector(shape) or len(targets_of(slot.node)) != 1:
            continue
        target = unit.segment(targets_of(slot.node)[0])
        loops = [unit.segment(loop.target) for loop in slot.loops if isinstance(loop, ast.For)]
        whole = [a.text for a in scene.of_shape(number, "int")]
        if len(shape) == 1 or 1 in shape:
            for index in dict.fromkeys(whole + [f"{a}[{t}]" for a in arguments for t in loops]):
                new = f"{target}[{index}] -= 1"
                yield Edit("missing statement", 2.2, (insertion(gap, new),), "", new)
        elif len(shape) == 2:
            for a in arguments:
                new = f"{target}[{scene.numpy}.arange(len({a})), {a}] -= 1"
                yield Edit("missing statement", 2.2, (insertion(gap, new),), "", new)


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


def _siblings(scene: Scene, unit: Unit, number: int, target: ast.expr) -> set[str]:
    """Prepared things of which no filling statement exists, that look like the target's root."""
    root = _root(unit, target)
    filled: dict[str, int] = {}
    for slot in scene.slots:
        if slot.unit == number and slot.kind == "statement":
            for other in targets_of(slot.node):
                filled[_root(unit, other)] = filled.get(_root(unit, other), 0) + 1
    base = target
    while isinstance(base, ast.Subscript) and not _string_key(base):
        base = base.value
    if isinstance(base, ast.Attribute):
        owner = unit.segment(base.value)
        names = {f"{owner}.{n}" for n in ("V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug")}
        return {n for n in names if filled.get(n, 0) == 0 and unlike(n, root) <= 2}
    if isinstance(target, ast.Subscript) and _string_key_root(target) is not None:
        key = _string_key_root(target)
        owner = root[: root.rindex("[")]
        quote = root[root.rindex("[") + 1]
        names = {f"{owner}[{quote}{n}{quote}]" for n in _matrix_keys(key)}
        return {n for n in names if filled.get(n, 0) == 0}
    shapes = _shapes(scene, number)
    alike = {n for n in filled if shapes.get(n, shapes.get(root)) == shapes.get(root, shapes.get(n))}
    alike = {n for n in alike if (number, n) not in scene.filled}  # what is still to be filled begins with zeros
    looped = {_root(unit, t) for s in scene.slots if s.unit == number and s.loops for t in targets_of(s.node)}
    left = {n for n in alike if (filled[n] == 1 and unlike(n, root) <= 3) or (n not in looped and filled[n] == 2)}
    return left if filled.get(root, 0) > 1 else set()


def _shapes(scene: Scene, unit: int) -> dict[str, Any]:
    """The shapes of everything that has a name in a unit."""
    return {atom.text: atom.shape for atom in scene.unread if atom.unit == unit}


def _string_key_root(target: ast.expr) -> str | None:
    while isinstance(target, ast.Subscript):
        if _string_key(target):
            return target.slice.value
        target = target.value
    return None


def _matrix_keys(key: str) -> list[str]:
    return [key[:-1] + gate for gate in "ifog" if key[:-1] + gate != key]
