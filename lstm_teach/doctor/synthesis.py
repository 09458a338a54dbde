"""Write an equation anew: expressions in the learner's own names whose value is a right quantity that is missing.

The pass is run once. Where a statement stands, the values of all names are known, and so are all right quantities. A
product of several factors, or a sum of several terms, that gives one of them exactly is found by a look-up (of the sum
of the logarithms, or of the sum itself, in one random direction), not by trying all combinations. So several faults
in one equation, and terms or statements that were forgotten, are found at once. Imports edits, leftout, lookup, scene,
truth and variants.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_teach.doctor.code import Code, calls
from lstm_teach.doctor.donors import other_attributes
from lstm_teach.doctor.edits import Maker
from lstm_teach.doctor.fuel import spend
from lstm_teach.doctor.indices import quarters
from lstm_teach.doctor.leftout import (
    Here,
    computed_otherwise,
    forward_lines,
    not_added,
    not_computed,
    not_handed_on,
    not_kept,
    returned,
    stacked_lines,
    undefined,
    unfilled,
)
from lstm_teach.doctor.lookup import expressions, outer
from lstm_teach.doctor.missing import before_readers, loop_ends, never_filled
from lstm_teach.doctor.scene import Scene, is_zeros, targets_of
from lstm_teach.doctor.slots import Edit, Slot
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import Truth
from lstm_teach.doctor.variants import Variants

# Methods that change what they are called on: a look at the run must not call them.
_TAKING = {"pop", "popleft", "popitem", "next", "append", "extend", "insert", "remove", "clear", "update", "sort"}
_TAKING |= {"reverse", "setdefault"}
_VISITS = 2  # how often a statement is looked at in one run: the last step, and one that the future reaches
_SORTS = {  # which quantities are products of the things at hand, sums of them, outer products of two
    "product": ("dct", "dc_hidden", "dc", "dc_carry", "d", "dz", "dh", "dh_loss"),
    "sum": ("dy", "dh", "dh_future", "dc", "dh_loss"),
    "outer": ("term",),
}
_BACK = ("dc_carry", "dh_future")  # what goes from one step to the one before
_ANEW = 1_500  # steps to write one statement anew
ANEW_LESS = 0.4  # less cost for such an edit to be tried
_LOST = 0.05  # more for each thing that it does not read any more
_ONE_OF_SEVERAL = 0.3  # more where a statement holds several things: what depends on it tells less
_TORN = 0.8  # less cost where the shape was wrong
_COPIED = 0.5  # less cost where another line computes the same
_ENDS = 6  # of loops, at which to look
_INDICES = 3
_KEPT = 10  # things that a step may keep together


@dataclass
class _Place:
    """A statement or gap at which to look, with the expressions there that may be rewritten."""

    slot: Slot
    maker: Maker
    visits: int = 0
    torn: bool = False  # it gave its target another shape than before
    partial: bool = False  # it is what some gates send back, and not all four


def written_anew(code: Code, scene: Scene, truth: Truth) -> list[Edit]:
    """Equations written anew, and statements that were left out: what the run never makes, and is at hand."""
    return _Anew(code, scene, truth).edits()


class _Anew:
    """One run of the code, which stops where an equation may be written anew or a statement may be missing."""

    def __init__(self, code: Code, scene: Scene, truth: Truth):
        self.code, self.scene, self.truth = code, scene, truth
        bare = Variants(code)
        trace = bare.run(truth)
        seen, self.twice = bare.seen(trace, truth), _made_twice(code, bare.events(trace, truth))
        self.goals, self.handed_on = _goals(truth, seen), _goals(truth, seen, _BACK)
        self.undefined, _ = scene.without_value
        written = [slot for slots in scene.statements for slot in slots]
        self.back = {slot.block for slot in written if scene.walks_back(slot)}
        numbers = self._where_to_look(seen) | {slot.number for slot in written if _may_be_a_delta(slot, self.back)}
        self.places = {n: _Place(scene.slots[n], Maker(scene, scene.slots[n])) for n in sorted(numbers)}
        self.empty = [never_filled(scene, unit) for unit in range(len(code.units))]
        self.texts = [_atom_texts(scene, unit) for unit in range(len(code.units))]
        self.codes: dict[str, Any] = {}  # expressions, compiled once
        self.found: dict[tuple[int, str], Edit] = {}
        self.space: dict[str, Any] = {}  # all names where the run stands
        self.local: dict[str, Any] = {}
        self.looking = False

    def _where_to_look(self, seen: int) -> set[int]:
        """Before the first reader of a name without a value; at the end of each loop and method; at the return.

        And before the readers of what is prepared or carried, and in the forward pass, if it lacks something.
        """
        scene, truth, units = self.scene, self.truth, range(len(self.code.units))
        _, reader = scene.without_value
        first = reader and scene.gaps.get((reader.block, reader.index))
        self.before = {first.number} if first else set()
        self.ends = self.before | {gap.number for unit in units for gap in loop_ends(scene, unit)[:_ENDS]}
        self.readers = {gap: names for unit in units for gap, names in before_readers(scene, unit).items()}
        self.methods = {gap.number for unit in units if (gap := _end_of_method(scene, unit))}
        self.returns = {slot.number for slot in scene.slots if isinstance(slot.node, ast.Return) and not slot.unit}
        computed = {key.quantity for k, key in enumerate(truth.keys) if seen >> k & 1 and key.step >= 0}
        lacking = bool(self.undefined) or not computed >= {"c", "h", "gate"} or computed.isdisjoint({"y", "dy"})
        back = [slot for slots in scene.statements for slot in slots if scene.walks_back(slot)]
        begun = {slot.block: slot.index for slot in reversed(back)}  # where the walk back begins in a block
        gaps = [gap for gap in scene.gaps.values() if lacking and gap.index <= begun.get(gap.block, gap.index)]
        self.ahead = self.before | {gap.number for gap in gaps}
        return self.ends | self.readers.keys() | self.ahead | self.returns | self.methods

    def edits(self) -> list[Edit]:
        """The edits, each once."""
        if self.places:
            with np.errstate(all="ignore"):
                Variants(self.code, at=(set(self.places), self._at)).run(self.truth)
        return list(self.found.values())

    def _at(self, number: int, names: dict, local_names: dict) -> None:
        if self.looking:  # what is looked at calls a function of the code
            return
        place = self.places[number]
        place.visits += 1
        if place.visits > _VISITS or any(each.torn for each in self.places.values()):  # then nothing means anything
            return
        self.space, self.local, self.looking = {**names, **local_names}, local_names, True
        edits = list(self._in_statement(place) if place.slot.kind == "statement" else self._in_gap(place))
        self.looking = False
        for edit in edits:
            key = edit.parts[0].slot, edit.parts[0].code
            if key not in self.found or self.found[key].cost > edit.cost:
                self.found[key] = edit

    def _in_statement(self, place: _Place) -> Iterator[Edit]:
        if place.slot.number in self.returns:
            yield from returned(self._here(place, rows=False), place.slot.node)
        for part in _parts(place.slot.node):
            shape = self._wanted(place, part)
            if shape is not None:
                rows = _takes_or_makes_nothing(part) or place.slot.number in self.twice
                yield from self._rewritten(place, part, shape, self._at_hand(place, rows))

    def _in_gap(self, place: _Place) -> Iterator[Edit]:
        number, unit = place.slot.number, place.slot.unit
        waiting = self.empty[unit] if number in self.ends else self.readers.get(number, ())
        zeros = {t: v for t in sorted(waiting) if (v := self._value(t)) is not None and not v.any()}
        if number in self.ahead and place.visits == 1:
            unset = (t for t, one in self.local.items() if type(one) is list and any(each is None for each in one))
            by_step = [*(t for t, one in self.local.items() if _by_number(one)), *unset]
            here = self._here(place, ahead=True)
            lines = [*forward_lines(here), *stacked_lines(here)]
            yield from computed_otherwise(here, lines)
            if number in self.before or place.slot.block not in self.back:
                yield from not_computed(here, lines, self.undefined, by_step)
        if number in self.methods:
            yield from not_kept(self._here(place), _goals(self.truth, 0, _BACK))
        if not zeros and number not in self.ends:
            return
        here = self._here(place)
        if number in self.before:
            yield from undefined(here, self.undefined, self._carried())
        elif number in self.ends:
            yield from not_handed_on(here, self.handed_on)
        if number in self.readers and self.scene.error is None:  # else the fault is where it stops
            yield from not_added(here, zeros)
        yield from unfilled(here, zeros)

    def _here(self, place: _Place, rows: bool = True, ahead: bool = False) -> Here:
        return Here(place.slot, self.scene, self._at_hand(place, rows, ahead), self.goals, self.truth, self._value)

    def _carried(self) -> list[str]:
        """Names of what is zero still."""
        return [t for t in self.local if (v := self._value(t)) is not None and not v.any()]

    def _value(self, text: str) -> np.ndarray | None:
        """What an expression is among the names, if it is an array of floats."""
        if text not in self.codes:
            self.codes[text] = None
            with contextlib.suppress(SyntaxError, ValueError):
                tree = ast.parse(f"({text})", mode="eval")
                if not calls(tree) & (self.code.changing | _TAKING):  # what is looked at stays as it is
                    self.codes[text] = compile(tree, "<part>", "eval")
        if self.codes[text] is None:
            return None
        spend(1)
        try:
            result = eval(self.codes[text], self.space)
        except Exception:  # a name that is not there yet
            return None
        return result if type(result) is np.ndarray and result.dtype.kind == "f" and result.size > 1 else None

    def _at_hand(self, place: _Place, rows: bool, ahead: bool = False) -> dict[str, np.ndarray]:
        """All arrays that could be read here, by their texts, with `rows` of those that have one for each step.

        Where the forward pass is computed, `ahead`, also those that are zero, and the next step's.
        """
        spend(_ANEW)
        texts, params = self.texts[place.slot.unit], self.code.units[0].node.args.args[:1]
        more = [f"{each.arg}{end}" for each in params for end in (".V", '["V"]')]
        more += self._of_a_gate(place.maker.unit) if place.slot.kind == "gap" else []
        every = dict.fromkeys([*texts, *self.local, *_other_steps(texts, self.local), *more])
        atoms = {t: v for t in every if (v := self._value(t)) is not None}
        if rows:
            lists = {t: v for t, v in self.local.items() if isinstance(v, list) or _by_number(v)}
            dot = "." if place.slot.number in self.before else ""  # there no other row may have been read so far
            known = [(t, v) for t, v in (atoms | lists).items() if t.replace(dot, "").isidentifier()]
            steps = [t for t, v in known if _by_number(v) or len(v) - self.truth.case.length in (0, 1)]
            offsets = ("", " - 1", " + 1") if ahead or place.slot.number in self.ends else ("", " - 1")
            places = [t + offset for t in place.maker.loop_names() for offset in offsets]
            columns = [
                t for t, v in known if getattr(v, "ndim", 0) == 2 and v.shape[1] - self.truth.case.length in (0, 1)
            ]
            rows_of = [*(f"{t}[{index}]" for t in steps for index in places), *(f"{t}[-1]" for t in lists)]
            rows_of += [f"{t}[:, {index}]" for t in columns for index in places]
            atoms |= {t: v for t in rows_of if (v := self._value(t)) is not None}
        if ahead:  # of what all gates have in one array, the part of each
            stacks = [t for t, v in atoms.items() if len(v) == v.size == 4 * self.truth.H]
            sizes = [quarters(atom.text) for atom in place.maker.within("int")] if stacks else []
            parts = (f"{t}[{part}]" for t in stacks for part in itertools.chain(*sizes))
            atoms |= {t: v for t in parts if (v := self._value(t)) is not None}
        return {t: v for t, v in atoms.items() if ahead or v.any()}

    def _of_a_gate(self, unit: Unit) -> list[str]:
        """What objects may hold under the name of a gate: `W[k]` and `p["U" + k]`, where `k` is a text."""
        letters, every = [t for t, one in self.local.items() if isinstance(one, str)], [*ast.walk(unit.tree)]
        owners = [node.arg for node in every if isinstance(node, ast.arg)]
        owners += [unit.segment(node.value) for node in every if isinstance(node, ast.Subscript)]
        keys = [key for k in letters for key in (k, f'"W" + {k}', f'"U" + {k}')]
        return [f"{one}[{key}]" for one in dict.fromkeys(owners) for key in keys]

    def _wanted(self, place: _Place, part: ast.expr) -> tuple[int, ...] | None:
        """The shape of what a part of a statement may be meant to compute, None if it computes what is known.

        It may be meant for something else if it makes nothing known, a forward value among deltas or a part of a
        sum, if it takes what is there, or if it makes another shape than before and the pass stops later on.
        """
        node, maker, truth = place.slot.node, place.maker, self.truth
        whole = part is node.value and isinstance(node, ast.Assign | ast.AugAssign)
        now, before = self._value(maker.seg(part)), self._value(maker.seg(targets_of(node)[0])) if whole else None
        if now is None and (before is None or isinstance(node, ast.Assign)):
            return None
        # A name may hold something else later on; it is a fault only if it stops the pass.
        torn = isinstance(node, ast.Assign) and before is not None and before.shape != now.shape
        place.torn = torn and self.scene.error is not None
        like = now if before is None or (isinstance(node, ast.Assign) and not place.torn) else before
        if not (is_zeros(part) or any((like.size, sort) in self.goals for sort in _SORTS)):
            return None
        bare = isinstance(node, ast.Assign) and _takes_or_makes_nothing(part)
        if bare or now is None or not now.any() or place.torn:
            return like.shape
        found = truth.recognize([now])[0]
        place.partial = found > 0 and bool(found & truth.parts)
        walks = self.scene.walks_back(place.slot) if whole else maker.back(part) is not False
        known = found > 0 and not place.partial and found & (~truth.pieces if walks else truth.counted)
        known = known and place.slot.number not in self.twice  # one of the two may have been copied
        return None if known else like.shape

    def _rewritten(self, place: _Place, node: ast.expr, shape: tuple[int, ...], atoms: dict) -> Iterator[Edit]:
        """A part as a product of up to three factors, or as a sum of terms; where it is zeros, as a donor.

        What is carried is zero still at the last step, and may be one more term.
        """
        maker, goals = place.maker, self.goals
        own = [maker.seg(target) for target in targets_of(place.slot.node)]
        nothing = is_zeros(node)
        copied = place.slot.number in self.twice
        far = place.torn or place.partial or copied  # nothing of it may be right
        most = 4 if nothing or isinstance(node, ast.Name) or far else 3
        options = [*expressions(shape, atoms, goals, self.truth, most, factors=3 + copied)]
        if len(shape) == 2 and (math.prod(shape), "outer") in goals:
            options += outer(maker.scene.numpy, atoms, shape, goals[math.prod(shape), "outer"])
        empty = [t for t in self._carried() if t not in own and np.shape(self._value(t)) == shape]
        options += [(f"{code} + {t}", cost + 0.1) for code, cost in options for t in empty]
        if nothing:
            options += [(t, 1.8) for t, v in atoms.items() if v.shape == shape and t not in own]
        names = {atom.text for atom in maker.atoms_in(node)}
        for code, cost in options:
            if code != maker.seg(node):
                cost += _LOST * sum(name not in code for name in names)
                more = -ANEW_LESS if node is place.slot.node.value else _ONE_OF_SEVERAL
                more -= _TORN * place.torn + _COPIED * copied
                yield maker.swap("equation", cost + more, node, code)


def _made_twice(code: Code, events: Sequence[tuple[int, int]]) -> set[int]:
    """Statements that compute the same right quantity as another one."""
    makers: dict[int, set[int]] = {}
    for number, found in events:
        node = code.slots[number].node
        if found > 0 and isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            makers.setdefault(found, set()).add(number)
    return set().union(*(slots for slots in makers.values() if len(slots) > 1))


def _by_number(value: Any) -> bool:
    """Whether it is a dict whose keys, if it has some, are whole numbers: steps."""
    return type(value) is dict and {*map(type, value)} <= {int}


def _end_of_method(scene: Scene, unit: int) -> Slot | None:
    """The last gap of a method's body, before its return; None of other functions and of what makes the object."""
    if scene.units[unit].owner is None or scene.units[unit].node.name == "__init__":
        return None
    own = [gap for gap in scene.gaps.values() if gap.unit == unit]
    return max((gap for gap in own if gap.block == own[0].block), key=lambda gap: gap.index, default=None)


def _may_be_a_delta(slot: Slot, back: set[int]) -> bool:
    """Whether it makes something among what walks `back` (blocks), or assigns what may belong to it: zeros, a name."""
    node = slot.node
    if isinstance(node, ast.Assign | ast.AugAssign) and len(targets_of(node)) == 1:
        return is_zeros(node.value) or slot.block in back or isinstance(node.value, ast.Name)
    return isinstance(node, ast.Assign | ast.Return | ast.Expr) and slot.block in back and len(_parts(node)) > 0


def _parts(node: ast.stmt) -> list[ast.expr]:
    """What a statement computes: its right-hand side, or the things that it puts together, hands on or keeps."""
    value = node.value
    whole = [value] if isinstance(node, ast.Assign | ast.AugAssign) and len(targets_of(node)) == 1 else []
    held: list[ast.expr] = []
    for inner in ast.walk(value) if value is not None else ():
        match inner:
            case ast.Dict(values=several) | ast.List(elts=several) | ast.Tuple(elts=several):
                held += several
            case ast.Call(args=args, keywords=keywords) if inner is value:
                held += [*args, *(keyword.value for keyword in keywords)]
    if isinstance(node, ast.Return) and not isinstance(value, ast.Tuple | ast.Dict | ast.List):
        held.append(value)
    return [*whole, *(part for part in held if isinstance(part, ast.BinOp | ast.Call | ast.UnaryOp))]


def _takes_or_makes_nothing(value: ast.expr) -> bool:
    """Whether a right-hand side is one thing as it is, or zeros: then any array's row of the step may be missing."""
    return is_zeros(value) or isinstance(value, ast.Name | ast.Subscript | ast.Attribute)


def _other_steps(texts: Sequence[str], space: dict[str, Any]) -> Iterator[str]:
    """What is read, with the other indices of the code: what read `c[t - 1]` may be what is wrong.

    Of what a step keeps together, a tuple or a row of several things, all.
    """
    parts = [match.groups() for text in texts if (match := re.fullmatch(r"(.*[\w\])])\[([^\[\]]*)\]", text))]
    indices = list(
        dict.fromkeys(index for _, index in parts if index.isidentifier() or "- 1" in index or "-1" in index)
    )
    for name in dict.fromkeys(name for name, _ in parts):
        yield from (f"{name}[{index}]" for index in indices[:_INDICES])
    kept = ((name, re.match(r"\d+(?=$|,)(.*)", index)) for name, index in parts)
    for name, more in dict.fromkeys((name, found[1]) for name, found in kept if found):
        if re.search("[a-z]", more) or name[-1] == "]" or type(space.get(name)) is tuple:
            yield from (f"{name}[{number}{more}]" for number in range(_KEPT))


def _goals(truth: Truth, seen: int, only: Sequence[str] = ()) -> dict[tuple[int, str], list[np.ndarray]]:
    """Right quantities that are not `seen`, or `only` these, by size and sort; of all steps in one array as well."""
    goals: dict[tuple[int, str], list[np.ndarray]] = {}
    stacks: dict[tuple, dict[int, np.ndarray]] = {}
    missing: set[tuple] = set()
    T = truth.case.length

    def add(quantity: str, array: np.ndarray) -> None:
        for sort, wanted in _SORTS.items():
            if quantity in wanted and quantity in (only or wanted):
                goals.setdefault((array.size, sort), []).append(array)

    for n, (key, array) in enumerate(zip(truth.keys, truth.values, strict=True)):
        if key.loss is not None or (array.ndim != 1 and key.quantity != "term"):
            continue
        same = key.quantity == "dh_loss" and key.step == T - 1  # what dh is at the last step; kept once
        if key.step >= 0 and array.ndim == 1:
            stacks.setdefault((key.quantity, key.gate), {})[key.step] = array
        if not seen >> n & 1:
            missing.add((key.quantity, key.gate))
        if same or not seen >> n & 1:
            add(key.quantity, array)
    for name, steps in stacks.items():
        if T > 1 and len(steps) == T and name in missing:
            add(name[0], np.concatenate([steps[t] for t in range(T)]))
    return goals


def _atom_texts(scene: Scene, unit: int) -> list[str]:
    """Everything the function reads or names, and what its objects have besides."""
    texts: dict[str, None] = {}
    for atoms in [*scene.atoms.values(), scene.unread, scene.steps]:
        for atom in atoms:
            if atom.unit == unit and isinstance(atom.shape, tuple) and atom.shape and atom.shape[0] != "ints":
                texts[atom.text] = None
    for slot_number, atoms in scene.atoms.items():
        maker = Maker(scene, scene.slots[slot_number])
        for atom in atoms:
            if atom.unit == unit and atom.text in texts:
                inner = atom.node.value if isinstance(atom.node, ast.Subscript) else None
                for node in [atom.node, *([inner] if isinstance(inner, ast.Subscript) else [])]:
                    texts[maker.seg(node)] = None
                    texts |= dict.fromkeys(other_attributes(maker, node))
        if scene.slots[slot_number].unit == unit and scene.slots[slot_number].node is not None:
            for node in ast.walk(scene.slots[slot_number].node):
                if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
                    span = scene.units[unit].span(node)
                    shape = scene.operations.get((unit, *span))
                    if isinstance(shape, tuple) and shape and shape[0] != "ints":
                        texts[scene.units[unit].text[slice(*span)]] = None
    return list(texts)
