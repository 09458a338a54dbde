"""All candidate edits: those of single statements, and statements left out, moved, exchanged or missing.

Imports edits, donors, maker, missing, rewrites, scene and slots.
"""

import ast
import itertools
import operator
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from lstm_teach.doctor.donors import of_other_gates
from lstm_teach.doctor.edits import edits_of
from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.missing import forgotten, insertion, missing_statements
from lstm_teach.doctor.rewrites import REWRITTEN
from lstm_teach.doctor.scene import Scene, is_docstring, is_vector, is_zeros, targets_of
from lstm_teach.doctor.slots import Edit, Part, Slot, head_of, names

_UNREAD = 0.8  # less cost for an edit that reads what nobody reads so far
_CROSSED = 1.2  # two names are easily exchanged
_PLACES = 8  # in which the same may be written at once
_AS_SISTERS = 0.6  # less cost for an edit by which a statement comes to be written as another of its block
_WORD = re.compile(r"[^\W\d]\w*")
_STATE = re.compile(r"(?<![^\W_])[hc](?=s?(?:_|\b))")  # the letter in h, h_prev, hs, fw.h
_COST = operator.attrgetter("cost")


def candidate_edits(scene: Scene) -> list[Edit]:
    """All candidate edits of the units, each once."""
    makers = [Maker(scene, slot) for slot in scene.slots if slot.node is not None and not is_docstring(slot.node)]
    edits: dict[tuple, Edit] = {}

    def add(some: Iterable[Edit]) -> None:
        for edit in some:
            key = _key(edit)
            edits[key] = min(edits.get(key, edit), edit, key=_COST)

    for maker in makers:
        unchanged = "".join(maker.text.split())
        add(edits_of(maker))
        edits.pop(((maker.slot.number, unchanged),), None)
    add(in_all_places(makers, list(edits.values())))
    add(in_all_sisters(scene, list(edits.values())))
    add(crossed(scene))
    beside = for_other_gates(scene), for_other_state(scene), moves(scene), missing_statements(scene)
    for edit in chain(*beside):  # which say less of what is wrong
        edits.setdefault(_key(edit), edit)
    return list(edits.values())


def _key(edit: Edit) -> tuple[tuple[int, str], ...]:
    """What an edit does, whatever the spaces."""
    return tuple((part.slot, "".join(part.code.split())) for part in edit.parts)


def likelier(scene: Scene, edits: Iterable[Edit]) -> Iterator[Edit]:
    """The edits; those that read a name nobody reads, or write a statement like another of its block, cost less."""
    unread: dict[int, set[str]] = {}
    for number, unit in enumerate(scene.units):
        stored = names(unit.tree, context=ast.Store | ast.Del)
        stored |= {arg.arg for arg in ast.walk(unit.node.args) if isinstance(arg, ast.arg) and number}
        unread[number] = {name for name in stored - scene.read[number] if name[0] != "_"}
    sisters = _grouped(chain(*scene.statements), lambda slot: (slot.block, _pattern(scene.text(slot))))

    def like_a_sister(slot: Slot, text: str) -> bool:
        others = map(scene.text, sisters.get((slot.block, _pattern(text)), ()))
        return any(_for_another_gate(text, other) for other in others)

    alone = {slot.number for slot in chain(*scene.statements) if not like_a_sister(slot, scene.text(slot))}
    for edit in edits:
        slot = scene.slots[edit.parts[0].slot]
        if len(edit.parts) == 1 and slot.number in alone and like_a_sister(slot, edit.parts[0].code):
            edit = replace(edit, cost=edit.cost - _AS_SISTERS)
        reads = not unread[slot.unit].isdisjoint(_WORD.findall(re.split(r"(?<![=!<>])=(?!=)", edit.new)[-1]))
        yield replace(edit, cost=edit.cost - _UNREAD) if reads else edit


def in_all_sisters(scene: Scene, edits: list[Edit]) -> Iterator[Edit]:
    """The same change of two to four statements of one pattern in one block: one mistake made for every gate."""
    written = [s for s in chain(*scene.statements) if targets_of(s.node) or isinstance(s.node, ast.Expr)]
    groups = _grouped(written, lambda slot: (slot.block, _pattern(scene.text(slot))))
    sisters = {slots[0].number: slots for slots in groups.values() if 2 <= len(slots) <= 4}
    known = {_key(edit)[0]: edit for edit in edits}  # each of one part
    texts = {slot.number: scene.text(slot) for slot in scene.slots}
    for edit in edits:
        number, code = edit.parts[0].slot, edit.parts[0].code
        others = [slot.number for slot in sisters.get(number, ())[1:]]
        same = ((other, "".join(_analogous(code, texts[number], texts[other]).split())) for other in others)
        each = edit, *(known.get(key) for key in same)
        if others and all(each):
            parts = tuple(part for one in each for part in one.parts)
            yield Edit(edit.kind, edit.cost + 0.1, parts, edit.old, edit.new, each)


def in_all_places(makers: list[Maker], edits: list[Edit]) -> Iterator[Edit]:
    """The same change of all things in one statement that are the same, or are written alike: terms, indices, names."""
    alike = {maker.slot.number: (maker, list(_written_alike(maker))) for maker in makers}
    for edit in (edit for edit in edits if len(edit.parts[0].changes) == 1):
        (maker, places), ((start, end, new),) = alike[edit.parts[0].slot], edit.parts[0].changes
        text = maker.unit.text
        for spans in places:
            first, last = next((span for span in spans if span[0] <= start and end <= span[1]), (0, 0))
            # What replaces all of a thing, or is put beside it, fits only the others that are the same.
            whole = (start, end) == (first, last) and edit.kind not in REWRITTEN
            if first == last or start == end in (first, last) or (whole and len({text[s:e] for s, e in spans}) > 1):
                continue
            code = text[first:start] + new + text[end:last]
            changes = [(s, e, _analogous(code, text[first:last], text[s:e])) for s, e in spans]
            each = tuple(maker.edit(edit.kind, edit.cost + 0.1, change) for change in changes)
            yield replace(maker.edit(edit.kind, edit.cost + 0.1, *changes), each=each)


def crossed(scene: Scene) -> Iterator[Edit]:
    """The targets of two statements of one block exchanged, if these assign alike and make things of one shape.

    And what each reads of one array, such as the parts of two gates.
    """
    written = [slot for slot in chain(*scene.statements) if len(targets_of(slot.node)) == 1]
    vectors = [slot for slot in written if is_vector(scene.results.get(slot.number))]
    groups = _grouped(vectors, lambda slot: (slot.block, type(slot.node), scene.results[slot.number]))
    for one, two in chain(*(itertools.combinations(group, 2) for group in groups.values())):
        makers = Maker(scene, one), Maker(scene, two)
        parts = _parts_read(makers[0]), _parts_read(makers[1])
        pairs = [("target", [targets_of(slot.node)[0] for slot in (one, two)])]
        pairs += [("slice", [each[base] for each in parts]) for base in parts[0].keys() & parts[1].keys()]
        for kind, nodes in pairs:
            texts = [maker.seg(node) for maker, node in zip(makers, nodes, strict=True)]
            if texts[0] != texts[1]:
                each = tuple(makers[k].swap(kind, _CROSSED, nodes[k], texts[1 - k]) for k in (0, 1))
                yield Edit("crossed", _CROSSED, each[0].parts + each[1].parts, *texts, each)


def _parts_read(maker: Maker) -> dict[str, ast.Subscript]:
    """The slices of arrays in a statement, by the array's name, of arrays with only one slice there."""
    slices = [n for n in ast.walk(maker.slot.node.value) if isinstance(n, ast.Subscript) and ":" in maker.seg(n.slice)]
    names = [maker.seg(node.value) for node in slices]
    return {name: node for name, node in zip(names, slices, strict=True) if names.count(name) == 1}


def for_other_gates(scene: Scene) -> Iterator[Edit]:
    """What two statements of a block have alike but for one letter, for another gate, in its line or as a new one.

    The latter comes after the last of these, or where the block has made what it reads.
    """
    for own in scene.statements:
        texts = {slot.number: scene.text(slot) for slot in own}
        there = {texts[slot.number].partition("=")[0]: slot for slot in own}  # by what gets a value, or is added to
        given = {text.partition("=")[2] for text in texts.values()} - {""}  # one may only have the wrong name
        for one, other in itertools.combinations(reversed(own), 2):
            both = (texts[one.number], texts[other.number]) if one.block == other.block else ("", "")
            for gates, new in of_other_gates(*both):
                target, _, value = new.partition("=")
                adds_too = isinstance(one.node, ast.AugAssign) and texts[other.number].startswith(target)
                slot = None if adds_too else there.get(target)
                if not scene.knows(new) or (slot and new == texts[slot.number]):
                    continue
                if slot and slot.block == one.block and targets_of(slot.node):
                    yield Maker(scene, slot).swap("sister", 1.4, slot.node.value, value.strip())
                elif not slot and (gates <= {*"ifog"} or gates <= {*"01234"}) and (value or new) not in given:
                    given.add(value or new)
                    beside = [s for s in own if s.block == one.block]
                    written = [texts[s.number] for s in beside]
                    for k, text in enumerate(written):
                        copied = text in written[:k]  # and not changed; or it is there in another form
                        if copied or _WORD.findall(text)[:1] == _WORD.findall(new)[:1]:
                            yield Maker(scene, beside[k]).lines("sister", 0.9 if copied else 1.2, [new])
                    read = {*_WORD.findall(new)}
                    made = [s.index for s in beside if read & names(s.node, context=ast.Store)]
                    gap = scene.gaps.get((one.block, max(one.index, *made, -1) + 1))
                    if gap is not None:
                        yield forgotten(gap, 0.9, new)


def for_other_state(scene: Scene) -> Iterator[Edit]:
    """A value of one state, h or c, in the forward pass, made the way another statement makes that of the other."""
    for own in scene.statements:
        makers = [Maker(scene, slot) for slot in own if isinstance(slot.node, ast.Assign)]
        makers = [maker for maker in makers if not maker.back(maker.slot.node.value)]
        for one, other in itertools.permutations(makers, 2):
            value, text = one.slot.node.value, other.seg(other.slot.node.value)
            alike = scene.results.get(one.slot.number) == scene.results.get(other.slot.number)
            for new in (_STATE.sub(letter, text) for letter in "hc") if alike else ():
                if new not in (text, one.seg(value)) and scene.knows(new):
                    yield one.swap("sister", 1.4, value, new)


def _grouped(slots: Iterable[Slot], key: Callable[[Slot], Hashable]) -> dict[Hashable, list[Slot]]:
    groups: dict[Hashable, list[Slot]] = {}
    for slot in slots:
        groups.setdefault(key(slot), []).append(slot)
    return groups


def _written_alike(maker: Maker) -> Iterator[tuple[tuple[int, int], ...]]:
    """The spans of all that is read or computed with the same text, or in the same pattern."""
    groups: dict[tuple[str, bool], dict[tuple[int, int], None]] = {}
    for part in ast.walk(maker.slot.node):
        if isinstance(part, ast.expr) and not isinstance(getattr(part, "ctx", None), ast.Store):
            text, around = maker.seg(part), maker.around.get(id(part))
            power = isinstance(around, ast.BinOp) and isinstance(around.op, ast.Pow)  # its 2 is not that of a slice
            for key in {text: None, (text if text.isidentifier() else _pattern(text)): None}:
                groups.setdefault((key, power), {})[maker.unit.span(part)] = None
    each = dict.fromkeys(tuple(sorted(group)) for group in groups.values())
    for spans in sorted(each, key=lambda spans: spans[0][1] - spans[0][0]):  # small ones first, which say more
        if 2 <= len(spans) <= _PLACES and all(one[1] <= two[0] for one, two in itertools.pairwise(spans)):
            yield spans


def _pattern(text: str) -> str:
    return "".join(_WORD.sub("#", text).split())


def _for_another_gate(one: str, other: str) -> bool:
    """Whether two texts of one pattern are the same but for the gate's letter, at the end of all words that have it."""
    ones, others = _WORD.findall(one), _WORD.findall(other)
    ends = {(a[-1], b[-1]) for a, b in zip(ones, others, strict=False) if a != b and a[:-1] == b[:-1]}
    return len(ends) == 1 and others == [a[:-1] + dict(ends).get(a[-1], a[-1]) for a in ones]


def _analogous(code: str, own: str, other: str) -> str:
    """What `code`, a change of `own`, is in `other`: word for word, a new word with the letter of the other gate."""
    words = dict(zip(_WORD.findall(own), _WORD.findall(other), strict=False))
    ends = [(a[-1], b[-1]) for a, b in words.items() if a != b and a[:-1] == b[:-1]]

    def word(found: re.Match) -> str:
        new = (found[0][:-1] + b for a, b in ends if found[0][-1] == a)
        return words.get(found[0]) or next(new, found[0])

    return _WORD.sub(word, code)


def moves(scene: Scene) -> Iterator[Edit]:
    """Statements left out, moved within their block or across a loop."""
    blocks = _grouped(scene.slots, lambda slot: slot.block)
    heads = {id(slot.node): slot for slot in scene.slots if slot.kind == "head"}
    inside = {id(head_of(slot.loops[-1])): slot.block for slot in scene.slots if slot.loops}  # blocks of the loops
    for slot in chain(*scene.statements):
        returned = isinstance(slot.node, ast.Return)
        if is_docstring(slot.node) or (returned and not slot.loops):
            continue
        unit, text, block = scene.units[slot.unit], scene.text(slot), blocks[slot.block]
        line = unit.line_start(unit.row(slot.start)), unit.line_start(unit.row(slot.end - 1) + 1)
        beside = unit.text[line[0] : slot.start] + unit.text[slot.end : line[1]].partition("#")[0]
        if beside.strip("; \t\n") or slot.indent is None:  # on one line with the head of its loop, or with others
            continue
        only = len([s for s in block if s.kind != "gap"]) == 1
        gone = Part(slot.number, "", ((*line, f"{slot.indent}pass\n" if only else ""),))
        places: list[tuple[str, float, tuple[int, int]]] = []  # block and index of the gap
        if not returned:
            yield Edit("extra statement", 2.0, (gone,), text, "")
            for index in {s.index for s in block} - {slot.index, slot.index + 1}:
                distance = abs(index - slot.index - (index > slot.index))
                places.append(("moved", 1.5 + 0.05 * distance, (slot.block, index)))
        for after in (0, 1) if slot.loops else ():  # a loop that returns in its first turn is no loop
            outer, cost = heads[id(head_of(slot.loops[-1]))], 1.1 - 0.1 * after if returned else 1.9 + 0.1 * after
            places.append(("moved out", cost, (outer.block, outer.index + after)))
        for head in (one for one in block if one.kind == "head" and id(one.node) in inside):
            within = inside[id(head.node)]
            indices = sorted(s.index for s in blocks[within] if s.kind == "gap")
            for index in {*indices[:1], *indices[-1:]}:
                value = getattr(slot.node, "value", None)
                reset = index == indices[0] and (is_zeros(value) or getattr(value, "value", None) == 0)
                next_to = index == indices[-1] and slot.index == head.index + 1  # one level too far out
                places.append(("moved in", 0.6 if next_to else 1.4 if reset else 1.9, (within, index)))
        for kind, cost, where in places:
            if where in scene.gaps:
                yield Edit(kind, cost, (gone, insertion(scene.gaps[where], text)), text, text)
