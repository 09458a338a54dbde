"""Mend one fault after the other: an edit that makes a statement compute by itself the right value that was put there.

With right values in the place of all other faults, one edit mends one fault. So the edits for several faults are found
one by one, and need no trying of pairs. Imports edits, local, places, synthesis, truth and variants.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_teach.doctor.edits import _Maker, in_order, sums_up
from lstm_teach.doctor.fuel import Deadline
from lstm_teach.doctor.local import MOST_TIMES, judge
from lstm_teach.doctor.pitfalls import misspelt
from lstm_teach.doctor.places import Places
from lstm_teach.doctor.reads import Reads
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.statements import steps_of_loops
from lstm_teach.doctor.synthesis import candidates, synthesize_at
from lstm_teach.doctor.truth import Truth, make_case
from lstm_teach.doctor.variants import (
    OWNER,
    TARGET,
    Edit,
    Outcome,
    Put,
    Slot,
    Variants,
    find_slots,
    right_matrices,
    usable,
)
from lstm_teach.gradcheck import states_taken
from lstm_teach.params import Params

_AT_ONCE = 500  # edits compiled together
_WRITING = 150_000  # steps for equations written anew
_ALONE = 0.3  # of the time left, for a single edit that mends all that shows in several places
_LIKELY = 1.9  # the cost up to which an edit is tried early
_HANDING = ("order", "argument order", "target", "end", "index", "slice")  # right things handed on the wrong way
_MOVING = ("target", "moved", "moved in", "moved out")  # what depends on the value may be something else then
_ELSEWHERE = (*_MOVING, "copy", "number type")  # what such an edit does shows elsewhere
_AWAY = ("moved", "moved in", "moved out", "extra statement")
_KEEPING = ("assignment", "copy", "extra statement", *_MOVING, *_HANDING)  # values as they are
# What is right of these is not looked at again before the rest is.
_SETTLED = ("dy", "dh_loss", "dh", "dc_hidden", "dc", "dc_carry", "d", "dz", "back", "dh_future", "term")
# Edits that change a value where it is made, rather than which one is taken.
_OF_VALUE = (
    "factor",
    "term",
    "product",
    "dropped factor",
    "dropped term",
    "operator",
    "sign",
    "square",
    "tanh",
    "slope",
)
_OF_VALUE += (
    "power",
    "equation",
    "transpose",
    "constant",
    "unwrapped",
    "helper",
    "axis",
    "mean",
    "einsum",
    "parentheses",
)
_LESS = 0.1  # how much likelier an edit has to be to be preferred though it is further away
_JUST = 0.8  # less cost where nothing depends on a statement but what is wrong
_FAR = 3  # more cost where some wrong gradient does not depend on a statement
_LOOKED_AT = 6  # mending edits of which it is asked what else they mend


@dataclass
class Mended:
    """Edits that mend faults one by one, with others that would do as well, and the puts still needed."""

    slots: list[Slot]
    edits: list[Edit] = field(default_factory=list)
    others: list[list[Edit]] = field(default_factory=list)
    left: list[Put] = field(default_factory=list)
    tried: int = 0


class Bench:
    """The learner's code with right values in some places, to try edits on."""

    def __init__(
        self,
        backward: Callable,
        units: list[Unit],
        truths: list[Truth],
        deadline: Deadline,
        tell: Callable[[int], None],
    ):
        self.backward, self.units, self.deadline, self.tell = backward, units, deadline, tell
        self.truths, self.truth = truths, truths[0]
        self.slots = find_slots(units)
        seen = candidates(backward, units, self.truth)
        self.scene, self.every = seen.scene, seen.edits
        self.bare = Variants(backward, units, [], [self.truth])
        self.reads = Reads(units, self.slots)
        self.kinds = {slot.number: slot.kind for slot in self.slots}
        self.tried = 0
        self.right: set[int] = set()  # statements that compute right quantities of the walk back only
        self.known: set[int] = set()  # or right quantities of any kind, which may belong elsewhere
        self._forms: dict[int, tuple[list[str], list[str]]] = {}
        self._sorted: dict[int, tuple[list[Edit], list[Edit], list[Edit]]] = {}
        self.short: list[tuple[Edit, int]] = []  # edits that fell short in the last search, and what was right

    def tiers(self, group: list[Put], puts: list[Put], partly: bool = False) -> Iterator[list[Edit]]:
        """Edits that may mend the statement of a group, or `partly`, the likely ones first; `puts` are all others."""
        slot = group[0].slot
        own, near, later = self.sorted(slot)
        aims = self._aims(group, puts)
        feeding = self.reads.feeders([slot])
        until = self.deadline.part(0.2).within(_WRITING)
        written = synthesize_at(self.backward, self.units, self.scene, self.truth, aims, slot, feeding, puts, until)
        far, just = self.too_far(puts)
        first = [*written, *self._by_value(own, group, puts, partly), *near]
        put_off = [edit for edit in first if self.can_not_be(edit, far)]
        yield self.ranked([edit for edit in first if not self.can_not_be(edit, far)], [slot], just)
        last = [edit for edit in later if self.can_not_be(edit, far)]
        yield [
            *self.ranked([edit for edit in later if not self.can_not_be(edit, far)], [slot], just),
            *self.ranked([*put_off, *last], [slot], just),
        ]

    def ranked(self, edits: list[Edit], places: list[int], just: set[int]) -> list[Edit]:
        """The likely ones first: those too of the statements `just`, which do nothing but what is wrong."""

        def doubt(edit: Edit) -> tuple[float, int]:
            return min(self.doubt(edit, place) for place in places) - _JUST * bool(edit.slots & just), len(edit.new)

        return sorted(edits, key=doubt)

    def can_not_be(self, edit: Edit, far: set[int]) -> bool:
        """Whether an edit changes only statements on which not all depends that is wrong, or right values."""
        at = {slot for slot in edit.slots if self.kinds[slot] == "statement"}
        depends = edit.kind not in _ELSEWHERE
        return bool(at) and ((at <= far and depends) or (at <= self.known and edit.kind in _OF_VALUE))

    def too_far(self, puts: list[Put]) -> tuple[set[int], set[int]]:
        """Statements that can't be all that is wrong: some wrong gradient does not depend on them.

        And those on which just the wrong ones depend.
        """
        got = right_matrices(self.bare.run(self.truth, (), puts), self.truth)
        wrong = set(Params.NAMES) - set(got)
        written = [slot.number for slot in self.slots if slot.kind == "statement"]
        reach = self.bare.reach(self.truth, written, puts)
        just = {n for n in reach if reach[n] == wrong} | self.heads(wrong)
        return {n for n, names in reach.items() if not wrong <= names}, just

    def heads(self, wrong: set[str], most: int = 9) -> set[int]:
        """The heads of blocks where nearly all gradients are wrong of those that can be: they concern all inside."""
        return {n for n, kind in self.kinds.items() if kind == "head"} if len(wrong) >= most - 1 else set()

    def sorted(self, slot: int) -> tuple[list[Edit], list[Edit], list[Edit]]:
        """Edits of a statement itself, of what gives it something that is not right yet, and others that may do."""
        if slot not in self._sorted:
            feeding = self.reads.feeders([slot]) - {slot}
            given = self.reads.given[slot]
            read = self.reads.read[slot] | given
            wide = self.reads.feeders(feeding | {slot})
            wide |= {  # where what is given is read the wrong block may be taken
                s.number
                for s in self.slots
                if s.kind == "statement" and s.unit == self.slots[slot].unit and given & self.reads.read[s.number]
            }
            own, near, later = [], [], []
            for edit in self.every:
                at = {s for s in edit.slots if self.kinds[s] != "gap"}
                if at == {slot}:
                    own.append(edit)
                elif (
                    at & (feeding - (set() if edit.kind in _KEEPING else self.right) | {slot})
                    or (not at and _fills(edit) & read)
                    or self._hands_over(edit, read)
                ):
                    near.append(edit)
                elif edit.slots & (wide | feeding) or any(self.kinds[s] == "head" for s in edit.slots):
                    later.append(edit)
            self._sorted[slot] = own, near, later
        return self._sorted[slot]

    def above(self, slot: int) -> set[int]:
        """A statement and all that give it something, near or far."""
        found, new = {slot}, {slot}
        while new:
            new = self.reads.feeders(new) - found
            found |= new
        return found

    def settle(self, puts: list[Put]) -> None:
        """Note which statements compute nothing but right quantities with the values put in elsewhere."""
        late = sum(1 << n for n, key in enumerate(self.truth.keys) if key.quantity in _SETTLED)
        self.right = {slot.number for slot in self.slots} - {put.slot for put in puts}
        self.known = set(self.right)
        trace, reached = self.bare.run(self.truth, (), puts), set()
        found = self.bare.events(trace, self.truth)
        values = [value for value in trace.values if usable(value)]
        for (slot, bits), value in zip(found, values, strict=True):
            reached.add(slot)
            one = type(value) is not list and value.size in (self.truth.H, self.truth.K)  # no stacked gates
            if bits == 0 or (bits > 0 and not (one and bits & late)):
                self.right.discard(slot)
            if bits <= 0 or type(value) is list:
                self.known.discard(slot)
        self.right &= reached
        self.known &= reached

    def _hands_over(self, edit: Edit, read: set[str]) -> bool:
        """Whether an edit gives an array of its own to a name, or a result to one of the names that are read."""
        return edit.kind == "copy" or (edit.kind == "target" and edit.new in read)

    def _beside(self, place: int) -> set[int]:
        """The gaps before and after a statement."""
        here = self.slots[place]
        gaps = (slot for slot in self.slots if slot.kind == "gap" and slot.block == here.block)
        return {slot.number for slot in gaps if slot.index in (here.index, here.index + 1)}

    def like_others(self, edit: Edit) -> int:
        """How many others beside an expression it is made like, but for the names: `i * (1 - i)`, `f * (1 - f)`.

        Less than 0 if the expression is like others as it stands, and would be like none.
        """
        part = edit.parts[0]
        slot = self.slots[part.slot]
        if len(edit.parts) > 1 or slot.kind != "statement" or not part.code:
            return 0
        if part.slot not in self._forms:
            unit = self.units[slot.unit]
            old = _forms(unit.text[slot.start : slot.end])
            others = [
                form
                for s in self.slots
                if s.kind == "statement" and s.unit == slot.unit and s is not slot
                for form in _forms(unit.text[s.start : s.end])[:1]
            ]
            self._forms[part.slot] = old, others
        old, others = self._forms[part.slot]
        new = _forms(part.code)
        if len(new) != len(old):
            return 0
        changed = [k for k, form in enumerate(new) if form != old[k] and re.search(r"[-+*/@(]", form)]
        beside = {k: others if k == 0 else [form for j, form in enumerate(new) if j not in (0, k)] for k in changed}
        after = max((beside[k].count(new[k]) for k in changed), default=0)
        return after or -max((beside[k].count(old[k]) for k in changed if re.search(r"[-+*/@(]", old[k])), default=0)

    def doubt(self, edit: Edit, place: int) -> float:
        """The cost of an edit for a fault at a place: less if it is made right there or beside it."""
        at = {slot for slot in edit.slots if self.kinds[slot] != "gap"} or edit.slots
        cost = edit.cost - 0.4 * max(-2, min(self.like_others(edit), 2))
        if edit.kind == "order" and any(_in_order(self.slots[slot].node) for slot in at):
            cost += 0.6  # the names stand as they should; so they were given to the wrong things
        reset = "zeros_like" in edit.new  # its usual place is before the first change, wherever it is missed
        if at == {place} or (at <= self._beside(place) and not reset):
            return cost
        elsewhere = any(self.slots[slot].unit != self.slots[place].unit for slot in at)
        returned = any(isinstance(self.slots[slot].node, ast.Return) for slot in at)
        return cost + 0.3 + 0.2 * elsewhere + 0.1 * returned

    def _result(self, group: list[Put], puts: list[Put]) -> list[np.ndarray]:
        """What the statement of a group makes with the right values put in, each time that it is run."""
        slot, trace = group[0].slot, self.bare.run(self.truth, (), [*puts, *group])
        part = TARGET if isinstance(self.slots[slot].node, ast.AugAssign) else group[0].part
        found = zip(trace.slots, trace.parts, trace.values, strict=False)
        return [value for at, number, value in found if at == slot and number == part and usable(value)]

    def _aims(self, group: list[Put], puts: list[Put]) -> list[np.ndarray]:
        """Those results that are vectors, or a vector for each step."""
        items = {put.item for put in group if put.item is not None}
        results = self._result(group, puts)
        arrays = []
        for value in results:  # a statement in a function may give as many arrays as its caller hands in
            arrays += [value[k] for k in items if k < len(value)] if type(value) is list else [value]
        T = self.truth.case.length
        return [a for a in arrays if a.any() and (sum(n > 1 for n in a.shape) == 1 or T in a.shape)]

    def _by_value(self, edits: list[Edit], group: list[Put], puts: list[Put], partly: bool) -> list[Edit]:
        """Those edits of the statement itself that compute what was put there, or that only a run can judge."""
        wanted, slot = 0, group[0].slot
        for bits in self.truth.recognize(self._result(group, puts)[:MOST_TIMES]):
            wanted |= max(bits, 0)
        if group[0].part == OWNER or sums_up(self.slots[slot].node):
            return edits
        judged = judge(self.backward, self.units, edits, self.truth, [*puts, *group])
        self.tried += len(judged)
        return [
            edit
            for number, edit in enumerate(edits)
            # What is added up comes from all runs together, whatever the last one makes of it.
            if number not in judged
            or judged[number].bits & wanted == wanted
            or (partly and judged[number].bits & wanted)
            or edit.kind == "assignment"
        ]

    def mending(
        self,
        edits: list[Edit],
        made: list[Edit],
        puts: list[Put],
        need: int,
        whole: bool,
        deadline: Deadline | None = None,
    ) -> list[tuple[Edit, Outcome]]:
        """`(edit, outcome)` of the edits with which everything is right that was so with the values put in."""
        found, deadline, self.short = [], deadline or self.deadline, []
        held = {put.slot for put in puts}  # what is moved away from where values are put in escapes them
        edits = [edit for edit in edits if not (edit.kind in _AWAY and edit.slots & held)]
        for first in range(0, len(edits), _AT_ONCE):
            if deadline.over:
                break
            self.tell(self.tried)
            some = edits[first : first + _AT_ONCE]
            # With nothing put in any more, other lengths can be asked as well.
            truths = self.truths if whole and not puts else self.truths[:1]
            records = bool(puts) or not whole or need > 0
            variants = Variants(self.backward, self.units, [*made, *some], truths, records=records)
            allowed = {id(edit) for edit in variants.edits}
            batch = [edit for edit in some if id(edit) in allowed]
            for edit, outcome in variants.evaluate_all(batch, made=made, puts=puts, whole=whole):
                self.tried += 1
                if (outcome.right or not whole) and need & ~outcome.bits == 0:
                    found.append((edit, outcome))
                elif outcome.bits and whole:
                    self.short.append((edit, outcome.bits))
                if deadline.over:
                    break
            if found:
                break
        return found

    def likelier(
        self, found: list, rest: Iterator, group: list[Put], made: list[Edit], puts: list[Put], need: int, whole: bool
    ) -> list[tuple[Edit, Outcome]]:
        """Mending edits from further up that are likelier than those found, if there are any."""
        place = group[0].slot
        least = min(self.doubt(edit, place) for edit, _ in found) - _LESS
        more = [edit for edit in next(rest, []) if self.doubt(edit, place) < least]
        return self.mending(more[:_AT_ONCE], made, puts, need, whole) if more else []

    def in_part(
        self, group: list[Put], made: list[Edit], puts: list[Put], short: list[tuple[Edit, int]]
    ) -> tuple[Edit | None, list[Put]]:
        """The likeliest of the edits that fell short but mend most of what a statement hands on; the puts still needed.

        One matrix may come right by chance, two seldom do.
        """
        before = Variants(self.backward, self.units, made, [self.truth]).evaluate(made, puts, True).bits
        gains = [(edit, (bits & ~before).bit_count()) for edit, bits in short if not before & ~bits]
        most = max((gain for _, gain in gains), default=0)
        if most < 2:
            return None, group
        best = min((edit for edit, gain in gains if gain == most), key=lambda edit: self.doubt(edit, group[0].slot))
        for put in group:
            rest = [other for other in group if other is not put]
            if self.suffices([*made, best], [*puts, *rest], 0, True):
                group = rest
        return best, group

    def step_by_step(
        self, group: list[Put], made: list[Edit], puts: list[Put], around: list[Put], need: int, whole: bool
    ) -> list[Edit]:
        """Two edits that mend the statement of a group together: the fault that shows first in time, then the other.

        What is carried is right as long as nothing has been carried. So of two faults in one quantity the one is mended
        if the first step that is wrong needs no right value any more, though the steps after it do.
        """
        times = sorted({time for put in group for time in put.values})
        later = group
        for time in times[:-1]:
            later = [replace(put, values={t: v for t, v in put.values.items() if t > time}) for put in later]
            if not self.suffices(made, [*puts, *later], need, whole):
                break
        else:
            return []
        edits = next(self.tiers(group, around, True))
        first = self.mending(edits, made, [*puts, *later], need, whole)
        first.sort(key=lambda pair: self.doubt(pair[0], group[0].slot))
        for edit, _ in first[:_LOOKED_AT]:
            both = self.mending(edits, [*made, edit], puts, need, whole)
            if both:
                return [edit, min(both, key=lambda pair: self.doubt(pair[0], group[0].slot))[0]]
        return []

    def suffices(self, made: list[Edit], puts: list[Put], need: int, whole: bool) -> bool:
        """Whether all is right that has to be, with these edits and values."""
        self.tried += 1
        outcome = Variants(self.backward, self.units, made, [self.truth]).evaluate(made, puts, whole)
        return (outcome.right or not whole) and need & ~outcome.bits == 0

    def alone(self, groups: list[list[Put]], shared: bool) -> list[Edit]:
        """Edits that mend everything by themselves, though it shows in several places.

        With `shared` only those are tried that may do something for each of the places.
        """
        if shared:
            above = set.intersection(*(self.above(group[0].slot) for group in groups))
            kinds = self.kinds
            above -= self.right
            edits = [e for e in self.every if e.slots & above or any(kinds[slot] == "head" for slot in e.slots)]
        else:
            every = (edit for group in groups for each in self.sorted(group[0].slot)[:2] for edit in each)
            edits = list({id(edit): edit for edit in every}.values())
        places = [group[0].slot for group in groups]
        far, just = self.too_far([])
        edits = self.ranked([edit for edit in edits if not self.can_not_be(edit, far)], places, just)
        if shared:  # those that compute something right where they stand, and those of which only a run can tell
            judged = judge(self.backward, self.units, edits, self.truth)
            known = {number for number, local in judged.items() if local.known == local.times > 0}
            strange = {number for number, local in judged.items() if local.strange == local.times > 0}
            edits = [
                edit
                for number, edit in enumerate(edits)
                if number in known
                or ((number not in judged or number in strange or edit.kind in _HANDING) and edit.cost < _LIKELY)
            ]
        return [edit for edit, _ in self.mending(edits, [], [], 0, True, self.deadline.part(_ALONE))]

    def choose(
        self, found: list, group: list[Put], made: list[Edit], others: list[list[Put]], need: int, whole: bool
    ) -> tuple[Edit, list[list[Put]]]:
        """The edit that mends most other groups too, then the likeliest one; and those groups."""
        gone = set().union(*(edit.slots for edit, _ in found if edit.kind == "extra statement"))
        # What may as well be left out is not moved to where it does no harm.
        found[:] = [pair for pair in found if not (pair[0].kind in _AWAY[:3] and pair[0].slots & gone)]
        found.sort(key=lambda pair: self.doubt(pair[0], group[0].slot))
        options = []
        for number, (edit, _) in enumerate(found[:_LOOKED_AT]):
            more = self.covered(edit, made, others, need, whole) if others else []
            options.append((-len(more), number, edit, more))
        return min(options, key=lambda option: option[:2])[2:]

    def covered(self, edit: Edit, made: list[Edit], groups: list[list[Put]], need: int, whole: bool) -> list[list[Put]]:
        """The groups of puts that are not needed any more after an edit."""
        variants = Variants(self.backward, self.units, [*made, edit], [self.truth])
        left = list(groups)
        for group in groups:
            rest = [put for other in left if other is not group for put in other]
            outcome = variants.evaluate([*made, edit], rest, whole)
            self.tried += 1
            if (outcome.right or not whole) and need & ~outcome.bits == 0:
                left = [other for other in left if other is not group]
        return [group for group in groups if not any(group is other for other in left)]


def mend(
    backward: Callable,
    units: list[Unit],
    truths: list[Truth],
    places: Places,
    deadline: Deadline,
    progress: Callable[[int], None] = lambda tried: None,
) -> Mended:
    """Find an edit for each fault of which the place is known, as far as there is one.

    The places are those of the first of `truths`; the others are for a last word on edits that mend everything.
    `progress` is told how many edits were tried.
    """
    bench = Bench(backward, units, truths, deadline, progress)
    mended = Mended(bench.slots)
    groups: list[list[Put]] = []
    for put in places.puts:
        known = next((group for group in groups if group[0].slot == put.slot), None)
        if known is None:
            groups.append([put])
        else:
            known.append(put)
    bench.settle(places.puts)
    if places.complete and len(groups) > 1:  # one fault may show in several places
        alone = bench.alone(groups, True)
        if alone:
            return Mended(bench.slots, [alone[0]], [alone[1:8]], [], bench.tried)
    need = places.outcome.bits  # right with the values put in; the whole matrices count as well
    whole = places.complete
    if whole and not places.hidden:
        need = 0
    # Two faults in one statement may each show in some of what it computes: then its puts are taken apart.
    for open_ in (groups, None):
        if open_ is None:
            open_ = [[put] for group in groups for put in group]
            if len(open_) == len(groups):
                break
        tiers: dict[int, Iterator[list[Edit]]] = {}
        short: dict[int, list[tuple[Edit, int]]] = {}
        for turn in range(2):
            for group in list(open_):
                if not any(group is other for other in open_) or deadline.over:
                    continue
                others = [other for other in open_ if other is not group]
                if id(group) not in tiers:
                    around = [put for put in places.puts if not any(put is own for own in group)]
                    tiers[id(group)] = bench.tiers(group, around)
                puts = [put for other in others for put in other]
                edits = next(tiers[id(group)])
                found = bench.mending(edits, mended.edits, puts, need, whole)
                short[id(group)] = [*short.get(id(group), []), *bench.short]
                if found:
                    found += bench.likelier(found, tiers[id(group)], group, mended.edits, puts, need, whole)
                    edit, more = bench.choose(found, group, mended.edits, others, need, whole)
                    mended.edits.append(edit)
                    mended.others.append([other for other, _ in found if other is not edit][:8])
                    open_ = [other for other in others if not any(other is each for each in more)]
            for group in list(open_) if turn == 0 and not deadline.over else ():
                others = [put for other in open_ if other is not group for put in other]
                around = [put for put in places.puts if not any(put is own for own in group)]
                if len(group) > 1:
                    edit, rest = bench.in_part(group, mended.edits, others, short.get(id(group), []))
                    if edit is not None:
                        mended.edits.append(edit)
                        mended.others.append([])
                        open_ = [rest if other is group else other for other in open_]
                        group = rest
                two = bench.step_by_step(group, mended.edits, others, around, need, whole)
                mended.edits += two
                mended.others += [[] for _ in two]
                open_ = [other for other in open_ if not two or other is not group]
        groups = open_
    mended.left = [put for group in groups for put in group]
    # One wrong value that is used twice shows in two places: then one edit where it is made does for both.
    alike = not mended.left and len(mended.edits) > 1 and len({edit.kind for edit in mended.edits}) == 1
    own = {put.slot for put in places.puts}
    if whole and len(own) > 1 and (mended.left or alike):
        alone = bench.alone([[put for put in places.puts if put.slot == slot] for slot in sorted(own)], False)
        if alone:
            mended.edits, mended.others, mended.left = [alone[0]], [alone[1:8]], []
    mended.tried = bench.tried
    return mended


def sweep(
    backward: Callable,
    units: list[Unit],
    truths: list[Truth],
    deadline: Deadline,
    tell: Callable[[int], None],
    fed: Sequence[set[int]] = (),
    begun: int = 0,
) -> Mended:
    """One edit that mends everything, wherever it is: all are tried, those that just the wrong gradients need first.

    Those are left out that change nothing but statements on which not all depends that is wrong; and the first ones, as
    many as were tried (`begun`) before. With `fed` all those, and no others, of statements that give something to each
    of these sets of slots.
    """
    bench = Bench(backward, units, truths, deadline, tell)
    far, just = bench.too_far([])
    bench.truths = [Truth(make_case(2, 27, states_taken(backward), vocab_size=3, hidden_size=2)), *truths]  # quick

    def doubt(edit: Edit) -> tuple[float, int]:
        return edit.cost - _JUST * bool(edit.slots & just) + _FAR * bench.can_not_be(edit, far), len(edit.new)

    if fed:
        shared = set.intersection(*(bench.reads.feeders(slots) for slots in fed))
        edits = [edit for edit in bench.every if edit.slots <= shared]
    else:
        edits = [edit for edit in bench.every if not bench.can_not_be(edit, far)]
    found = [edit for edit, _ in bench.mending(sorted(edits, key=doubt)[begun:], [], [], 0, True)]
    return Mended(bench.slots, found[:1], [found[1:40]], [], bench.tried)


def let_run(
    backward: Callable, units: list[Unit], truths: list[Truth], deadline: Deadline, progress: Callable[[int], None]
) -> tuple[list[Slot], list[tuple[Edit, Outcome]], int]:
    """For code that stops with an error: edits of what stops, or of what leads there, with which it runs to its end.

    The likely ones first, by what is right then; and the slots, and how many edits were tried.
    """
    bench = Bench(backward, units, truths, deadline, progress)
    begun: list[int] = []
    statements = {slot.number for slot in bench.slots if slot.kind == "statement"}
    watched = Variants(backward, units, [], truths[:1], at=(statements, lambda slot, *names: begun.append(slot)))
    error = watched.run(truths[0]).error
    if error is None or not begun:
        return bench.slots, [], 0
    place = begun[-1]
    own, near, later = bench.sorted(place)
    edits = [edit for edit in (*own, *near, *later) if edit.slots & {place, *bench.reads.feeders([place])}]
    for slot in bench.slots:
        if slot.number == place or (slot.kind == "statement" and slot.unit == bench.slots[place].unit):
            edits += misspelt(_Maker(bench.scene, slot), error)
    edits.sort(key=lambda edit: bench.doubt(edit, place))
    running: list[tuple[Edit, Outcome]] = []
    for first in range(0, len(edits), _AT_ONCE):
        variants = Variants(backward, units, edits[first : first + _AT_ONCE], truths[:1])
        for edit, outcome in variants.evaluate_all(variants.edits):
            bench.tried += 1
            if not outcome.error and not deadline.over:
                running.append((edit, outcome))
    running.sort(key=lambda pair: (-pair[1].score, bench.doubt(pair[0], place)))
    return bench.slots, running, bench.tried


def let_end(backward: Callable, units: list[Unit], truths: list[Truth]) -> list[tuple[Edit, Outcome]]:
    """For code with a loop that never ends: steps of such loops with which it ends, the best first."""
    variants = Variants(backward, units, list(steps_of_loops(find_slots(units))), truths[:1])
    ending = [(edit, outcome) for edit, outcome in variants.evaluate_all(variants.edits) if not outcome.error]
    return sorted(ending, key=lambda pair: (-pair[1].score, pair[0].cost))


def _in_order(node: ast.AST | None) -> bool:
    """Whether a statement returns things whose names are those of the gradients, in their order."""
    value = getattr(node, "value", None) if isinstance(node, ast.Return) else None
    return isinstance(value, ast.Tuple | ast.List) and in_order([ast.unparse(one) for one in value.elts])


_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[[^\[\]]*\])*(?!\s*\(|\w)")


def _forms(code: str) -> list[str]:
    """What a statement assigns or returns, and each thing in it if it is a list: the text with numbers for names."""
    value = re.split(r"(?<![=!<>])=(?!=)", code, maxsplit=1)[-1].strip().removeprefix("return").strip()
    depth, parts = 0, [""]
    for char in value.strip("()[]{}") if "," in value else "":
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char

    def form(text: str) -> str:
        seen: dict[str, int] = {}
        if re.fullmatch(r"\s*\([^()]*(\([^()]*\)[^()]*)*\)\s*", text):
            text = text.strip()[1:-1]
        return _NAME.sub(lambda name: f"#{seen.setdefault(name[0], len(seen))}", "".join(text.split()))

    return [form(value), *(form(part) for part in parts if part.strip())]


def _fills(edit: Edit) -> set[str]:
    """Names and attributes to which an inserted statement gives something."""
    target = re.split(r"(?<![=!<>])[-+*/@]?=(?!=)", edit.parts[-1].code)[0]
    return set(re.findall(r"[^\W\d]\w*", target)) | set(re.findall(r"\.[^\W\d]\w*", target))
