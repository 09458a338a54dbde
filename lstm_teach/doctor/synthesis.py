"""Write an equation anew: expressions in the learner's own names whose value is a right quantity that is missing.

The pass is run once. Where a statement stands, the values of all names are known, and so are all right quantities. A
product of several factors, or a sum of several terms, that gives one of them exactly is found by a look-up (of the sum
of the logarithms, or of the sum itself, in one random direction), not by trying all combinations. So several faults
in one equation, and terms or statements that were forgotten, are found at once. Imports athand, leftout, lookup, maker,
missing, scene, standins, truth and variants.
"""

import ast
import itertools
import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence

import numpy as np

from lstm_teach.doctor import leftout
from lstm_teach.doctor.athand import AtHand
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.lookup import expressions
from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.missing import before_readers, ends, never_filled
from lstm_teach.doctor.scene import Scene, is_zeros, targets_of
from lstm_teach.doctor.slots import Edit, Slot
from lstm_teach.doctor.standins import untouched
from lstm_teach.doctor.truth import Truth
from lstm_teach.doctor.variants import Variants

_VISITS = 2  # how often a statement is looked at in one run: the last step, and one that the future reaches
_SORTS = {  # which quantities are products of the things at hand, sums of them, outer products of two
    "product": ("dct", "dc_hidden", "dc", "dc_carry", "d", "dz", "dh", "dh_loss"),
    "sum": ("dy", "dh", "dh_future", "dc", "dh_loss"),
    "outer": ("term", "sum_from"),
}
_BACK = ("dc_carry", "dh_future")  # what goes from one step to the one before
ANEW_LESS = 0.4  # less cost for such an edit to be tried
_LOST = 0.05  # more for each thing that it does not read any more
_ONE_OF_SEVERAL = 0.3  # more where a statement holds several things: what depends on it tells less
_NAMED = 1.4  # cost of a name for what it may be a part of
_HELD = ast.BinOp | ast.Call | ast.Name
_COPIED = 0.5  # less cost where another line computes the same
_ENDS = 6  # of loops, at which to look


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
        self.goals = {"missing": _goals(truth, seen), "of a loss": _goals(truth, seen, alone=True)}
        self.goals["handed on"] = _goals(truth, 0, _BACK)
        self.undefined, _ = scene.without_value
        written = [slot for slots in scene.statements for slot in slots]
        # Where the walk back begins, by block.
        self.back = {slot.block: slot.index for slot in reversed(written) if scene.walks_back(slot)}
        numbers = self._where_to_look(seen) | {slot.number for slot in written if _may_be_a_delta(slot, self.back)}
        self.makers = {number: Maker(scene, scene.slots[number]) for number in numbers}
        self.visits: Counter[int] = Counter()
        self.empty = [never_filled(scene, unit) for unit in range(len(code.units))]
        self.hand = AtHand(code, scene, truth)
        self.found: dict[tuple[int, str], Edit] = {}
        self.looking = False

    def _where_to_look(self, seen: int) -> set[int]:
        """Before first readers; where loops and methods end; at the return; in a forward pass that lacks something."""
        scene, truth, units = self.scene, self.truth, range(len(self.code.units))
        self.before = {gap.number for gap in scene.begins_at}
        self.ends = self.before | {gap.number for unit in units for gap in ends(scene, unit)[:_ENDS]}
        self.readers = {gap: names for unit in units for gap, names in before_readers(scene, unit).items()}
        self.returns = {slot.number for slot in scene.slots if isinstance(slot.node, ast.Return) and not slot.unit}
        computed = {key.quantity for key in truth.keys_in(seen) if key.step >= 0}
        lacking = bool(self.undefined) or not computed >= {"c", "h", "gate"} or computed.isdisjoint({"y", "dy"})
        gaps = [gap for gap in scene.gaps.values() if lacking and gap.index <= self.back.get(gap.block, gap.index)]
        self.ahead = self.before | {gap.number for gap in gaps}
        return self.ends | self.readers.keys() | self.ahead | self.returns

    def at(self, number: int, names: dict, local_names: dict) -> None:
        """Note the edits, each once, that can be made where the run stands now."""
        if self.looking:  # what is looked at calls a function of the code
            return
        self.visits[number] += 1
        if self.visits[number] > _VISITS:
            return
        self.hand.names, self.hand.local, self.looking = {**names, **local_names}, local_names, True
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
            yield from leftout.returned(self._here(maker), node)
        if self.visits[number] == 1:
            yield from self._by_name(maker, node)
        for part in _parts(node):
            if wanted := self._wanted(maker, part):
                yield from self._rewritten(maker, part, *wanted)

    def _by_name(self, maker: Maker, node: ast.stmt) -> Iterator[Edit]:
        """A name for a part that is the same at the last step, where nothing comes back: `dh` for `V.T @ dy`."""
        named = {t: v for t, v in self.hand.arrays(self.hand.local).items() if v.any()}
        for part in ast.walk(node.value) if node.value else ():
            now = self.hand.value(maker.seg(part)) if isinstance(part, _HELD) and maker.back(part) else None
            for text, value in named.items() if now is not None else ():
                if text != maker.seg(part) and value.shape == now.shape and np.allclose(value, now, 1e-12, 0):
                    yield maker.swap("wrong name", _NAMED, part, text)

    def _in_gap(self, maker: Maker) -> Iterator[Edit]:
        number, unit = maker.slot.number, maker.slot.unit
        waiting = self.empty[unit] if number in self.ends else self.readers.get(number, set())
        found = self.hand.arrays(sorted(waiting))
        zeros = {t: v for t, v in found.items() if not v.any()}
        empty = zeros | {t: v for t, v in found.items() if untouched(v)}
        if number in self.ahead and self.visits[number] == 1:
            here = self._here(maker, ahead=True)
            lines = list(leftout.forward_lines(here))
            yield from leftout.computed_otherwise(here, lines)
            if number in self.before or maker.slot.block not in self.back:
                yield from leftout.not_computed(here, lines, self.undefined, self.hand.by_step())
        if not empty and number not in self.ends:
            return
        here = self._here(maker)
        if number in self.before:
            yield from leftout.undefined(here, self.undefined, self.hand.zeros())
        elif number in self.ends:
            yield from leftout.not_handed_on(here)
        if number in self.readers and self.scene.error is None:  # else the fault is where it stops
            yield from leftout.not_added(here, zeros)
        yield from leftout.unfilled(here, empty, self.hand.zeros())
        lacking = sorted(text for text in waiting - found.keys() if re.split(r"\W", text)[0] in self.hand.local)
        yield from leftout.unlike_sisters(here, [text for text in lacking if "[" in text and ":" not in text])

    def _here(self, maker: Maker, ahead: bool = False) -> leftout.Here:
        # Where a name has no value yet, no other row may have been read so far.
        rows = "paths" if maker.slot.number in self.before else "names" if maker.slot.kind == "gap" else ""
        atoms = self.hand.everything(maker, rows, ahead)
        return leftout.Here(maker, atoms, self.goals, self.truth, self.hand.value)

    def _wanted(self, maker: Maker, part: ast.expr) -> tuple[tuple[int, ...], int] | None:
        """The shape of what a part of a statement may be meant to compute, and the most terms that it may have.

        None if it computes what is known. It may be meant for something else if it makes nothing known, a forward value
        among deltas or a part of a sum, if it takes what is there, or if another line makes the same: then one of them
        may have been copied.
        """
        node, truth = maker.slot.node, self.truth
        now, whole = self.hand.value(maker.seg(part)), part is node.value
        adds, targets = isinstance(node, ast.AugAssign), targets_of(node)
        before = self.hand.value(maker.seg(targets[0])) if whole and targets else None
        both = before is not None and now is not None and not adds
        # A name may hold something else later on; another shape is a fault only if it stops the pass.
        torn = both and before.shape != now.shape and self.scene.error is not None
        like = before if torn or (adds and before is not None) else now
        if like is None or not (is_zeros(part) or any((like.size, sort) in self.goals["missing"] for sort in _SORTS)):
            return None
        most = 4 if is_zeros(part) or isinstance(part, ast.Name) or torn else 3
        if torn or now is None or not now.any() or (isinstance(node, ast.Assign) and _takes_or_makes_nothing(part)):
            return like.shape, most
        found = max(0, truth.recognize([now])[0])
        if found & truth.parts or maker.slot.number in self.twice:  # what some gates send back, and not all four
            return like.shape, 4
        walks = self.scene.walks_back(maker.slot) if whole else maker.back(part) is not False
        return None if found & (~truth.pieces if walks else truth.counted) else (like.shape, most)

    def _rewritten(self, maker: Maker, part: ast.expr, shape: tuple[int, ...], most: int) -> Iterator[Edit]:
        """A part as a product of up to three factors, or as a sum of terms; where it is zeros, as a donor.

        What is carried is zero still at the last step, and may be one more term.
        """
        goals, copied = self.goals["missing"], maker.slot.number in self.twice
        atoms = self.hand.everything(maker, "names" if copied or _takes_or_makes_nothing(part) else "")
        own = [maker.seg(target) for target in targets_of(maker.slot.node)]
        options = [*expressions(maker.scene.numpy, shape, atoms, goals, self.truth, most, factors=3 + copied)]
        empty = [t for t in self.hand.zeros() if t not in own and np.shape(self.hand.value(t)) == shape]
        options += [(f"{code} + {t}", cost + 0.1) for code, cost in options for t in empty]
        if is_zeros(part):
            options += [(t, 1.8) for t, v in atoms.items() if v.shape == shape and t not in own]
        names = {atom.text for atom in maker.atoms_in(part)}
        more = -ANEW_LESS if part is maker.slot.node.value else _ONE_OF_SEVERAL
        more -= _COPIED * copied
        for code, cost in options:
            if code != maker.seg(part):
                lost = sum(name not in code for name in names)
                yield maker.swap("equation", cost + _LOST * lost + more, part, code)


def _made_twice(code: Code, events: Sequence[tuple[int, int]]) -> set[int]:
    """Statements that compute the same right quantity as another one."""
    makers: dict[int, set[int]] = {}
    for number, found in events:
        node = code.slots[number].node
        if found > 0 and isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            makers.setdefault(found, set()).add(number)
    return set().union(*(slots for slots in makers.values() if len(slots) > 1))


def _may_be_a_delta(slot: Slot, back: Container[int]) -> bool:
    """Whether it makes something among what walks `back` (blocks), or assigns what may belong to it: zeros, a name."""
    node = slot.node
    if len(targets_of(node)) == 1:
        return is_zeros(node.value) or slot.block in back or isinstance(node.value, ast.Name)
    return isinstance(node, ast.Assign | ast.Return | ast.Expr) and slot.block in back and len(_parts(node)) > 0


def _parts(node: ast.stmt) -> list[ast.expr]:
    """What a statement computes: its right-hand side, or the things that it puts together, hands on or keeps."""
    value = node.value
    whole = [value] if len(targets_of(node)) == 1 else []
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


def _goals(truth: Truth, seen: int, only: Sequence[str] = (), alone: bool = False) -> dict[tuple[int, str], list]:
    """Right quantities that are not `seen`, or `only` these, by size and sort; of all steps in one array as well.

    With `alone`, or `only` some, what one loss by itself gives of them too.
    """
    right: list[tuple[str, np.ndarray]] = []
    stacks: dict[tuple, dict[int, np.ndarray]] = {}
    missing: set[tuple] = set()
    T = truth.case.length
    for n, (key, array) in enumerate(zip(truth.keys, truth.values, strict=True)):
        matrix = key.quantity == "term" or (key.quantity == "sum_from" and key.step == 0)  # all that is added up
        if (key.loss is not None and not (only or alone)) or (array.ndim != 1 and not matrix):
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
