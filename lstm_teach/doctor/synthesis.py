"""Write an equation anew: expressions in the learner's own names whose value is a right quantity that is missing.

The pass is run once. Where a statement stands, the values of all names are known, and so are all right quantities. A
product of several factors, or a sum of several terms, that gives one of them exactly is found by a look-up (of the sum
of the logarithms, or of the sum itself, in one random direction), not by trying all combinations. So several faults
in one equation, and terms or statements that were forgotten, are found at once. Imports edits, leftout, lookup, scene,
standins, truth and variants.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import math
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from lstm_teach.doctor import leftout
from lstm_teach.doctor.code import Code, calls, filled_by_calls
from lstm_teach.doctor.donors import other_attributes
from lstm_teach.doctor.edits import Maker
from lstm_teach.doctor.fuel import spend
from lstm_teach.doctor.indices import quarters
from lstm_teach.doctor.lookup import expressions, outer
from lstm_teach.doctor.missing import before_readers, end_of, loop_ends, never_filled
from lstm_teach.doctor.scene import Scene, is_vector, is_zeros, targets_of
from lstm_teach.doctor.slots import Edit, Slot
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.standins import untouched
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
_NAMED = 1.4  # cost of a name for what it may be a part of
_HELD = ast.BinOp | ast.Call | ast.Name
_TORN = 0.8  # less cost where the shape was wrong
_COPIED = 0.5  # less cost where another line computes the same
_ENDS = 6  # of loops, at which to look
_INDICES = 3
_KEPT = 10  # things that a step may keep together


def written_anew(code: Code, scene: Scene, truth: Truth) -> list[Edit]:
    """Equations written anew, and statements that were left out: what the run never makes, and is at hand."""
    anew = _Anew(code, scene, truth)
    with np.errstate(all="ignore"):
        Variants(code, at=(set(anew.makers), anew.at)).run(truth)
    return list(anew.found.values())


class _Anew:
    """One run of the code, which stops where an equation may be written anew or a statement may be missing."""

    def __init__(self, code: Code, scene: Scene, truth: Truth):
        self.code, self.scene, self.truth = code, scene, truth
        bare = Variants(code)
        trace = bare.run(truth)
        seen, self.twice = bare.seen(trace, truth), _made_twice(code, bare.events(trace, truth))
        self.goals, self.handed_on = _goals(truth, seen), _goals(truth, 0, _BACK)
        self.undefined, self.reader = scene.without_value
        written = [slot for slots in scene.statements for slot in slots]
        # Where the walk back begins, by block.
        self.back = {slot.block: slot.index for slot in reversed(written) if scene.walks_back(slot)}
        numbers = self._where_to_look(seen) | {slot.number for slot in written if _may_be_a_delta(slot, self.back)}
        self.makers = {number: Maker(scene, scene.slots[number]) for number in numbers}
        self.visits: Counter[int] = Counter()
        # Of what is looked at: whether it gives its target another shape than before, and the pass stops later on; and
        # whether it is what some gates send back, and not all four.
        self.torn = self.partial = False
        self.empty = [never_filled(scene, unit) for unit in range(len(code.units))]
        self.texts = [_atom_texts(scene, unit) for unit in range(len(code.units))]
        self.codes: dict[str, Any] = {}  # expressions, compiled once
        self.found: dict[tuple[int, str], Edit] = {}
        self.space: dict[str, Any] = {}  # all names where the run stands
        self.local: dict[str, Any] = {}
        self.looking = False

    def _where_to_look(self, seen: int) -> set[int]:
        """Before the first reader of a name without a value; at the end of each loop and method; at the return.

        And before the first readers of anything in a loop, and in the forward pass, if it lacks something.
        """
        scene, truth, units = self.scene, self.truth, range(len(self.code.units))
        first = self.reader and scene.gaps.get((self.reader.block, self.reader.index))
        self.before = {first.number} if first else set()
        self.ends = self.before | {gap.number for unit in units for gap in loop_ends(scene, unit)[:_ENDS]}
        self.readers = {gap: names for unit in units for gap, names in before_readers(scene, unit).items()}
        methods = [n for n in units if scene.units[n].owner is not None and scene.units[n].node.name != "__init__"]
        self.methods = {gap.number for unit in methods if (gap := end_of(scene, unit))}
        self.returns = {slot.number for slot in scene.slots if isinstance(slot.node, ast.Return) and not slot.unit}
        computed = {key.quantity for key in truth.keys_in(seen) if key.step >= 0}
        lacking = bool(self.undefined) or not computed >= {"c", "h", "gate"} or computed.isdisjoint({"y", "dy"})
        gaps = [gap for gap in scene.gaps.values() if lacking and gap.index <= self.back.get(gap.block, gap.index)]
        self.ahead = self.before | {gap.number for gap in gaps}
        return self.ends | self.readers.keys() | self.ahead | self.returns | self.methods

    def at(self, number: int, names: dict, local_names: dict) -> None:
        """Note the edits, each once, that can be made where the run stands now."""
        if self.looking:  # what is looked at calls a function of the code
            return
        self.visits[number] += 1
        if self.visits[number] > _VISITS or self.torn:  # then nothing means anything
            return
        self.space, self.local, self.looking = {**names, **local_names}, local_names, True
        maker = self.makers[number]
        edits = list(self._in_statement(maker) if maker.slot.kind == "statement" else self._in_gap(maker))
        self.looking = False
        for edit in edits:
            key = edit.parts[0].slot, edit.parts[0].code
            if key not in self.found or self.found[key].cost > edit.cost:
                self.found[key] = edit

    def _in_statement(self, maker: Maker) -> Iterator[Edit]:
        number, node = maker.slot.number, maker.slot.node
        if number in self.returns:
            yield from leftout.returned(self._here(maker, rows=False), node)
        if self.visits[number] == 1:
            yield from self._by_name(maker, node)
        for part in _parts(node):
            shape = self._wanted(maker, part)
            if shape is not None:
                rows = _takes_or_makes_nothing(part) or number in self.twice
                yield from self._rewritten(maker, part, shape, self._at_hand(maker, rows))

    def _by_name(self, maker: Maker, node: ast.stmt) -> Iterator[Edit]:
        """A name for a part that is the same at the last step, where nothing comes back: `dh` for `V.T @ dy`."""
        named = {t: v for t, v in self._arrays(self.local).items() if v.any()}
        for part in ast.walk(node.value) if node.value else ():
            now = self._value(maker.seg(part)) if isinstance(part, _HELD) and maker.back(part) else None
            for text, value in named.items() if now is not None else ():
                if text != maker.seg(part) and value.shape == now.shape and np.allclose(value, now, 1e-12, 0):
                    yield maker.swap("wrong name", _NAMED, part, text)

    def _in_gap(self, maker: Maker) -> Iterator[Edit]:
        number, unit = maker.slot.number, maker.slot.unit
        waiting = self.empty[unit] if number in self.ends else self.readers.get(number, ())
        found = self._arrays(sorted(waiting))
        zeros = {t: v for t, v in found.items() if not v.any()}
        empty = zeros | {t: v for t, v in found.items() if untouched(v)}
        if number in self.ahead and self.visits[number] == 1:
            by_step = [t for t, one in self.local.items() if _by_number(one)]
            by_step += [t for t, one in self.local.items() if type(one) is list and any(each is None for each in one)]
            here = self._here(maker, ahead=True)
            lines = list(leftout.forward_lines(here))
            yield from leftout.computed_otherwise(here, lines)
            if number in self.before or maker.slot.block not in self.back:
                yield from leftout.not_computed(here, lines, self.undefined, by_step)
        if number in self.methods:
            yield from leftout.not_kept(self._here(maker))
        if not empty and number not in self.ends:
            return
        here = self._here(maker)
        if number in self.before:
            yield from leftout.undefined(here, self.undefined, self._carried())
        elif number in self.ends:
            yield from leftout.not_handed_on(here)
        if number in self.readers and self.scene.error is None:  # else the fault is where it stops
            yield from leftout.not_added(here, zeros)
        yield from leftout.unfilled(here, empty)

    def _here(self, maker: Maker, rows: bool = True, ahead: bool = False) -> leftout.Here:
        atoms = self._at_hand(maker, rows, ahead)
        return leftout.Here(maker, atoms, self.goals, self.handed_on, self.truth, self._value)

    def _arrays(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """Those of some expressions that are arrays of floats."""
        return {text: value for text in texts if (value := self._value(text)) is not None}

    def _carried(self) -> list[str]:
        """Names of what is zero still."""
        return [t for t, v in self._arrays(self.local).items() if not v.any()]

    def _value(self, text: str) -> np.ndarray | None:
        """What an expression is among the names, if it is an array of floats."""
        if text not in self.codes:
            self.codes[text] = None
            with contextlib.suppress(SyntaxError, ValueError):
                tree = ast.parse(f"({text})", mode="eval")
                # What is looked at stays as it is.
                if not (calls(tree) & (self.code.changing | _TAKING) or filled_by_calls(tree)):
                    self.codes[text] = compile(tree, "<part>", "eval")
        if self.codes[text] is None:
            return None
        spend(1)
        try:
            result = eval(self.codes[text], self.space)
        except Exception:  # a name that is not there yet
            return None
        return result if type(result) is np.ndarray and result.dtype.kind == "f" and result.size > 1 else None

    def _at_hand(self, maker: Maker, rows: bool, ahead: bool = False) -> dict[str, np.ndarray]:
        """All arrays that could be read here, by their texts, with `rows` of those that have one for each step.

        Where the forward pass is computed, `ahead`, also those that are zero, and the next step's.
        """
        spend(_ANEW)
        slot, texts, T = maker.slot, self.texts[maker.slot.unit], self.truth.case.length
        params = self.code.units[0].node.args.args[:1]
        more = [f"{each.arg}{end}" for each in params for end in (".V", '["V"]')]
        more += self._of_a_gate(maker.unit) if slot.kind == "gap" else []
        if slot.number in self.ends - self.before:  # what a table holds may be what is to be handed on
            tables = [(t, one) for t, one in self.local.items() if type(one) is dict]
            more += [f'{t}["{key}"]' for t, one in tables for key in one if isinstance(key, str)]
        atoms = self._arrays(dict.fromkeys([*texts, *self.local, *_other_steps(texts, self.local), *more]))
        if rows:
            lists = {t: v for t, v in self.local.items() if isinstance(v, list) or _by_number(v)}
            dot = "." if slot.number in self.before else ""  # there no other row may have been read so far
            known = [(t, v) for t, v in (atoms | lists).items() if t.replace(dot, "").isidentifier()]
            steps = [t for t, v in known if _by_number(v) or len(v) - T in (0, 1)]
            columns = [t for t, v in known if getattr(v, "ndim", 0) == 2 and v.shape[1] - T in (0, 1)]
            offsets = ("", " - 1", " + 1") if ahead or slot.number in self.ends else ("", " - 1")
            places = [t + offset for t in maker.loop_names() for offset in offsets]
            rows_of = [*(f"{t}[{index}]" for t in steps for index in places), *(f"{t}[-1]" for t in lists)]
            atoms |= self._arrays([*rows_of, *(f"{t}[:, {index}]" for t in columns for index in places)])
        if ahead:  # of what all gates have in one array, the part of each
            stacks = [t for t, v in atoms.items() if len(v) == v.size == 4 * self.truth.H]
            sizes = [quarters(atom.text) for atom in maker.within("int")] if stacks else []
            atoms |= self._arrays(f"{t}[{part}]" for t in stacks for part in itertools.chain(*sizes))
        return {t: v for t, v in atoms.items() if ahead or v.any()}

    def _of_a_gate(self, unit: Unit) -> list[str]:
        """What objects may hold under the name of a gate: `W[k]` and `p["U" + k]`, where `k` is a text."""
        letters, every = [t for t, one in self.local.items() if isinstance(one, str)], [*ast.walk(unit.tree)]
        owners = [node.arg for node in every if isinstance(node, ast.arg)]
        owners += [unit.segment(node.value) for node in every if isinstance(node, ast.Subscript)]
        keys = [key for k in letters for key in (k, f'"W" + {k}', f'"U" + {k}')]
        return [f"{one}[{key}]" for one in dict.fromkeys(owners) for key in keys]

    def _wanted(self, maker: Maker, part: ast.expr) -> tuple[int, ...] | None:
        """The shape of what a part of a statement may be meant to compute, None if it computes what is known.

        It may be meant for something else if it makes nothing known, a forward value among deltas or a part of a
        sum, if it takes what is there, or if it makes another shape than before and the pass stops later on.
        """
        node, truth = maker.slot.node, self.truth
        assigns, self.partial = isinstance(node, ast.Assign), False
        whole = part is node.value and isinstance(node, ast.Assign | ast.AugAssign)
        now, before = self._value(maker.seg(part)), self._value(maker.seg(targets_of(node)[0])) if whole else None
        if now is None and (before is None or assigns):
            return None
        # A name may hold something else later on; it is a fault only if it stops the pass.
        torn = assigns and before is not None and before.shape != now.shape
        self.torn = torn and self.scene.error is not None
        like = now if before is None or (assigns and not self.torn) else before
        if not (is_zeros(part) or any((like.size, sort) in self.goals for sort in _SORTS)):
            return None
        bare = assigns and _takes_or_makes_nothing(part)
        if bare or now is None or not now.any() or self.torn:
            return like.shape
        found = truth.recognize([now])[0]
        self.partial = found > 0 and bool(found & truth.parts)
        walks = self.scene.walks_back(maker.slot) if whole else maker.back(part) is not False
        known = found > 0 and not self.partial and found & (~truth.pieces if walks else truth.counted)
        # One of two that make the same may have been copied.
        return None if known and maker.slot.number not in self.twice else like.shape

    def _rewritten(self, maker: Maker, node: ast.expr, shape: tuple[int, ...], atoms: dict) -> Iterator[Edit]:
        """A part as a product of up to three factors, or as a sum of terms; where it is zeros, as a donor.

        What is carried is zero still at the last step, and may be one more term.
        """
        goals, nothing, copied = self.goals, is_zeros(node), maker.slot.number in self.twice
        own = [maker.seg(target) for target in targets_of(maker.slot.node)]
        far = self.torn or self.partial or copied  # nothing of it may be right
        most = 4 if nothing or isinstance(node, ast.Name) or far else 3
        options = [*expressions(shape, atoms, goals, self.truth, most, factors=3 + copied)]
        if len(shape) == 2 and (math.prod(shape), "outer") in goals:
            options += outer(maker.scene.numpy, atoms, shape, goals[math.prod(shape), "outer"])
        empty = [t for t in self._carried() if t not in own and np.shape(self._value(t)) == shape]
        options += [(f"{code} + {t}", cost + 0.1) for code, cost in options for t in empty]
        if nothing:
            options += [(t, 1.8) for t, v in atoms.items() if v.shape == shape and t not in own]
        names = {atom.text for atom in maker.atoms_in(node)}
        more = -ANEW_LESS if node is maker.slot.node.value else _ONE_OF_SEVERAL
        more -= _TORN * self.torn + _COPIED * copied
        for code, cost in options:
            if code != maker.seg(node):
                lost = sum(name not in code for name in names)
                yield maker.swap("equation", cost + _LOST * lost + more, node, code)


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


def _may_be_a_delta(slot: Slot, back: Container[int]) -> bool:
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
    indices = [*dict.fromkeys(index for _, index in parts if index.isidentifier() or re.search("- ?1", index))]
    for name in dict.fromkeys(name for name, _ in parts):
        yield from (f"{name}[{index}]" for index in indices[:_INDICES])
    kept = ((name, re.match(r"\d+(?=$|,)(.*)", index)) for name, index in parts)
    for name, more in dict.fromkeys((name, found[1]) for name, found in kept if found):
        if re.search("[a-z]", more) or name[-1] == "]" or type(space.get(name)) is tuple:
            yield from (f"{name}[{number}{more}]" for number in range(_KEPT))


def _goals(truth: Truth, seen: int, only: Sequence[str] = ()) -> dict[tuple[int, str], list[np.ndarray]]:
    """Right quantities that are not `seen`, by size and sort; of all steps in one array as well.

    Or `only` these, and then what one loss by itself gives of them too.
    """
    right: list[tuple[str, np.ndarray]] = []
    stacks: dict[tuple, dict[int, np.ndarray]] = {}
    missing: set[tuple] = set()
    T = truth.case.length
    for n, (key, array) in enumerate(zip(truth.keys, truth.values, strict=True)):
        if (key.loss is not None and not only) or (array.ndim != 1 and key.quantity != "term"):
            continue
        if key.step >= 0 and array.ndim == 1 and key.loss is None:
            stacks.setdefault((key.quantity, key.gate), {})[key.step] = array
        new = not seen >> n & 1
        missing |= {(key.quantity, key.gate)} if new else set()
        if new or (key.quantity == "dh_loss" and key.step == T - 1):  # what dh is at the last step; kept once
            right.append((key.quantity, array))
    for name, steps in stacks.items():
        if T > 1 and len(steps) == T and name in missing:
            right.append((name[0], np.concatenate([steps[t] for t in range(T)])))
    goals: dict[tuple[int, str], list[np.ndarray]] = {}
    for (quantity, array), (sort, wanted) in itertools.product(right, _SORTS.items()):
        if quantity in wanted and quantity in (only or wanted):
            goals.setdefault((array.size, sort), []).append(array)
    return goals


def _atom_texts(scene: Scene, unit: int) -> list[str]:
    """Everything the function reads or names, and what its objects have besides."""
    every = itertools.chain(*scene.atoms.values(), scene.unread, scene.steps)
    texts = dict.fromkeys(atom.text for atom in every if atom.unit == unit and is_vector(atom.shape))
    for slot in (slot for slot in scene.slots if slot.unit == unit and slot.node is not None):
        maker = Maker(scene, slot)
        for node in (atom.node for atom in scene.atoms[slot.number] if atom.text in texts):
            texts |= dict.fromkeys(other_attributes(maker, node))
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
                texts |= dict.fromkeys([maker.seg(node.value), *other_attributes(maker, node.value)])
        for node in ast.walk(slot.node):
            match node:
                case ast.Call(args=[_], keywords=[]) if is_vector(maker.shape(node)):
                    texts[maker.seg(node)] = None
    return list(texts)
