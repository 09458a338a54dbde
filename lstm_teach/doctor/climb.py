"""Make one edit after the other, each of which makes more of the returned gradients right: a climb up a ladder of nets.

The lowest rung is a net of two units and one step, the highest has steps enough for a token to come again. A fault
that shows on a low rung is repaired before one that needs more steps. What becomes right is seen in blocks of the nine
gradients: a matrix, or a column of a U, which is the delta of one gate at the one step of its token. Nothing inside the
pass is looked at, so a run is quick. Imports bench, truth and variants.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import chain, count, islice

import numpy as np

from lstm_teach.doctor.bench import AT_ONCE, JUST, Bench, Repair, cost_to_try
from lstm_teach.doctor.fuel import Deadline
from lstm_teach.doctor.scene import targets_of
from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.truth import Case, make_case
from lstm_teach.doctor.variants import Trace, Variants, gradients
from lstm_teach.gradcheck import LENGTHS, own_case, states_taken
from lstm_teach.gradients import exact_gradient
from lstm_teach.params import Params

_SMALL = {"vocab_size": 4, "hidden_size": 2}  # no two sizes are the same, nor that of three steps
_DEEPEST = 9  # edits
_BRANCHES, _ALIKE = 6, 3  # different gains that are followed from one state, and edits with the same gain
_FIRST = 2  # batches of edits to try in a state before the gains are followed: the best may be among the next
_BEFORE = 1  # the same in the code as it was, where `single` left out what can't be all that is wrong
# Blocks that have to be gained to make up for an edit that was made, for a likelier edit with the same gain, and for
# the batches tried: so many times 1 for the first of a state, 2 for the second, 3 for the third.
_STEP, _TWIN, _TURN = 3, 3, 0.5
_ZEROS = 12  # the same for an edit that cuts off what is carried: what is wrong in it does not show any more then
_ROOT = 3  # the code as it was has one turn in so many
_UPPER = 0.05  # less cost for every gradient that depends on what an edit changes
_ODD = 2  # more for an edit of another kind where only long sequences are wrong
_SOUND = 0.25  # more for a change of a statement that makes a right quantity
_STRANGE = 0.3  # more for each statement that makes something strange after an edit that repairs everything
_CLOSE = 4  # edits of about the same doubt, of which this is asked
_INSERTED = 0.5  # more for a new statement: often it does the same as a change of the one before it
# What becomes right inside the pass is looked at after so many batches in the best state, for the likeliest edits, and
# for all of them when nothing else is left; and with how many of those edits the climb goes on.
_STUCK, _LIKELY, _EVERY = 4, 800, 1_000_000
_EARLY, _LATE = 4, 12
_LONG = 6  # steps from which on a net is long
_MUCH = 6  # blocks that have to become right for edits to be kept that do not repair everything
# What may change long sequences or large numbers only: clipping, a walk that is cut off, a fixed size.
CUTTING = ("unwrapped", "extra statement", "range", "constant", "condition", "slice", "dropped factor", "dropped term")
_FIRST_NAME = re.compile(r"[^\W\d]\w*")
_MANY = ast.Tuple | ast.List | ast.Dict  # in a statement with several things an edit changes one of them


class Rung:
    """One net of the ladder, with its right gradient in blocks."""

    def __init__(self, case: Case):
        self.case = case
        self.gradient = exact_gradient(case.params, case.x, case.targets, **case.states)
        labels, self.names = [], []
        for name in Params.NAMES:
            right = self.gradient[name]
            own = np.zeros(right.shape, dtype=int)
            if name[0] == "U":  # each token's column by itself; those that never come are all one
                own += np.where(right.any(axis=0), 1 + np.arange(right.shape[1]), 0)
            numbers, own = np.unique(own, return_inverse=True)
            labels.append(len(self.names) + own.ravel())
            self.names += [name] * len(numbers)
        label = np.concatenate(labels)
        self.order = np.argsort(label, kind="stable")
        self.starts = np.searchsorted(label[self.order], np.arange(len(self.names)))
        self.right = np.concatenate([self.gradient[name].ravel() for name in Params.NAMES])[self.order]
        size = np.maximum.reduceat(np.abs(self.right), self.starts)
        self.near = (1e-9 * np.where(size > 0, size, 1e-3))[label[self.order]]
        self.full = (1 << len(self.names) + 1) - 1
        self.counted = self.full & ~sum(1 << k for k in np.flatnonzero(size == 0).tolist())  # zeros tell nothing

    def right_blocks(self, trace: Trace) -> int | None:
        """The blocks that are right in what a run returned, as bits; and one more bit if everything is in order.

        None if it did not return nine gradients.
        """
        grads = gradients(trace, self)
        if grads is None:
            return None
        got = np.concatenate([grads[name].ravel() for name in Params.NAMES])[self.order]
        right = np.logical_and.reduceat(np.abs(got - self.right) <= self.near, self.starts)
        if right.all() and trace.kept_inputs:
            return self.full
        return int.from_bytes(np.packbits(right, bitorder="little").tobytes(), "little")

    def wrong(self, bits: int) -> set[str]:
        """Names of the matrices in which something is wrong."""
        return {name for k, name in enumerate(self.names) if not bits >> k & 1}


def ladder(takes: dict[str, bool]) -> list[Rung]:
    """The nets, the simplest first: one step, one step from zeros, three steps that see nothing of h, three, five."""
    one, three = (_distinct(make_case(T, 27 + T, takes, **_SMALL)) for T in (1, 3))
    needed = {name: np.zeros(one.params.hidden_size) for name in takes if takes[name]}
    zeros = [replace(one, states=needed)] if takes else []
    apart = replace(three, params=three.params.copy())
    apart.params.W[...] = 0
    again = make_case(5, 27, takes, vocab_size=4, hidden_size=3)  # tokens come again
    return [Rung(case) for case in (one, *zeros, apart, three, again)]


def _distinct(case: Case) -> Case:
    """The same with tokens of which none comes twice."""
    T, K = case.length, case.params.vocab_size
    return replace(case, x=np.arange(T)[::-1] % K, targets=(np.arange(T) + 1) % K)


_Made = tuple[list[Edit], list[list[Edit]]]  # edits, and for each of them others with the same gain


@dataclass(order=True)
class _State:
    """Edits that were made, and those to be tried with them; what is least put off goes first."""

    put_off: float
    cost: float
    number: int
    made: list[Edit] = field(compare=False)
    alike: list[list[Edit]] = field(compare=False)  # for each of them, others with the same gain
    right: tuple[int, ...] = field(compare=False)  # on each rung
    beside: list[Edit] = field(compare=False, default_factory=list)  # gains of the state before
    todo: Iterator[list[Edit]] | None = field(compare=False, default=None)
    gains: dict[tuple[int, ...], list[Edit]] = field(compare=False, default_factory=dict)  # by what is right then
    batches: int = field(compare=False, default=0)  # tried
    sound: set[int] | None = field(compare=False, default=None)  # slots that make something right, see `_sound`

    def with_one_more(self, edit: Edit, alike: Sequence[Edit] = ()) -> _Made:
        """The edits made and one more, in the place of those that change the same slots; and those alike."""
        kept = [k for k, other in enumerate(self.made) if other.slots.isdisjoint(edit.slots)]
        return [*(self.made[k] for k in kept), edit], [*(self.alike[k] for k in kept), list(alike)]


class Climb:
    """The search: `single` begins it, `several` goes on with what was found on the way."""

    def __init__(self, bench: Bench):
        self.bench, self.code, self.tell, self.tried = bench, bench.code, bench.tell, 0
        takes, truths = states_taken(bench.code.backward), bench.truths
        self.rungs = ladder(takes)
        self.three = self.rungs[-2]
        longest = Case(*own_case(LENGTHS[-1], takes))  # clipping may show there only
        self.rungs += [Rung(case) for case in (*(truth.case for truth in truths), longest)]
        self.full = tuple(rung.full for rung in self.rungs)
        self.numbers, self.followed, self.reach = count(), set(), None
        self.waiting: list[_State] | None = None  # states of which not all edits are tried
        self.looked: dict[int, int] = {}  # by a state's number, for how many edits it was looked inside
        self.together: dict[tuple[int, ...], Edit | None] = {}  # edits of one statement as one, by their ids
        self.failed: set[int] = set()  # edits with which no gradients came where some came before
        self.turn, self.done = 0, set()  # edits that were tried by themselves
        self.just: set[int] = set()  # slots on which just the wrong gradients depend
        self.statements = {slot.number for slot in self.bench.slots if slot.kind == "statement"}
        self.before = {(slot.block, slot.index): slot for slot in self.bench.slots if slot.kind == "statement"}
        self.about: dict[int, set[int]] = {}  # the slots that an edit is about, by its id
        self.root = self.best = _State(0, 0, next(self.numbers), [], [], self._rights([]))

    def single(self, deadline: Deadline) -> Iterator[Repair]:
        """Single edits that repair everything: those of statements on which all depends that is wrong."""
        if self.root.right == self.full:  # something else is wrong: the inputs are changed, or a length is refused
            return
        missed, just = self.bench.reached()
        near = [edit for edit in self.bench.every if not self.bench.can_not_be(edit, missed)]
        sound = self._sound(self.root)
        costs = {id(e): cost_to_try(e) - JUST * bool(e.slots & just) + _SOUND * (e.slots <= sound) for e in near}
        near.sort(key=lambda edit: (costs[id(edit)], len(edit.new)))
        self.just = just
        for batch in _batches(near):
            yield from self._tried(self.root, batch, deadline)
            if deadline.over:
                break
        self.done = {id(edit) for edit in near[: self.tried]}

    def several(self, deadline: Deadline) -> Iterator[Repair]:
        """Sets of edits that repair everything together. A second call goes on where the first one ended."""
        if self.root.right == self.full:
            return
        if self.waiting is None:
            self.root.todo = _batches([edit for edit in self._next(self.root) if id(edit) not in self.done])
            for batch in islice(self.root.todo, _BEFORE):
                yield from self._tried(self.root, batch, deadline)
            self.waiting = [self.root]
            yield from self._noted(self._following(self.root))
        while not deadline.over:
            if not self.waiting:
                yield from self._noted(self._look(_EVERY, _LATE, deadline))
            if not self.waiting:
                break
            self.turn += 1
            # Now and then the code as it was has its turn, whatever was gained: one edit may repair it after all.
            root = self.turn % _ROOT == 0 and self.root in self.waiting
            state = self.root if root else min(self.waiting)
            self.waiting.remove(state)
            if state.todo is None:
                state.todo = _batches(self._next(state))
            batch = next(state.todo, None)
            if batch is None:
                continue
            yield from self._tried(state, batch, deadline)
            state.put_off += _TURN * state.batches
            self.waiting.append(state)
            yield from self._noted(chain(self._following(state), self._twins(state)))
            if self.best.batches >= _STUCK:
                yield from self._noted(self._look(_LIKELY, _EARLY, deadline))

    def _noted(self, new: Iterable[_State]) -> Iterator[Repair]:
        """Note new states to go on from; those in which everything is right are repairs."""
        for state in new:
            if state.right == self.full:
                yield Repair(state.made, state.alike)
            else:
                self.waiting.append(state)
                self.best = max(self.best, state, key=lambda state: _count(state.right))

    def _lowest(self, state: _State) -> int:
        """The first rung on which something is wrong."""
        return next((k for k, rung in enumerate(self.rungs) if state.right[k] != rung.full), -1)

    def so_far(self) -> list[Edit]:
        """The edits with which most of the gradients was right, if they made much of them right."""
        return self.best.made if _count(self.best.right) >= _count(self.root.right) + _MUCH else []

    def _tried(self, state: _State, batch: list[Edit], deadline: Deadline) -> Iterator[Repair]:
        """Try a batch of edits; those that gain something are noted in the state."""
        self.tell(self.tried)
        state.batches += 1
        variants = Variants(self.code, [*state.made, *batch], [], records=False)
        allowed = {id(edit) for edit in variants.edits}
        found = []
        for edit in (edit for edit in batch if id(edit) in allowed):
            right = self._gain(variants, state, edit)
            self.tried += 1
            if right == self.full:
                found.append(edit)
            elif right is not None:
                state.gains.setdefault(right, []).append(edit)
            if deadline.over:
                break
        if found:
            found = self._likely_first(found, state)
            made, alike = state.with_one_more(found[0], found[1:40])
            yield Repair(made, alike)

    def _gain(self, variants: Variants, state: _State, edit: Edit) -> tuple[int, ...] | None:
        """What is right on each rung with one more edit.

        None if nothing is gained on the lowest rung that is wrong; or if something is lost up to there, or more than is
        gained on a higher rung (two faults may make up for one another in a block).
        """
        edits, before = state.with_one_more(edit)[0], state.right
        lowest = self._lowest(state)
        right = list(before)
        for k in (lowest, *range(lowest), *range(lowest + 1, len(self.rungs))):
            bits = self._right(variants, self.rungs[k], edits)
            if bits is None and k == lowest and before[k]:
                self.failed.add(id(edit))
            right[k] = bits or 0
            gained, lost = right[k] & ~before[k] & self.rungs[k].counted, before[k] & ~right[k]
            if k == lowest and not gained:
                return None
            if lost and (k <= lowest or lost.bit_count() > gained.bit_count()):
                return None
        return tuple(right)

    @staticmethod
    def _right(variants: Variants, rung: Rung, edits: Sequence[Edit]) -> int | None:
        return rung.right_blocks(variants.run(rung, edits, quiet=True))

    def _following(self, state: _State) -> Iterator[_State]:
        """The states after the best gains of a state, as far as they are new."""
        if len(state.made) + 1 >= _DEEPEST or (state.made and state.batches < _FIRST):
            return
        yield from self._all_at_once(state)
        for right in sorted(state.gains, key=_count, reverse=True)[:_BRANCHES]:
            edits = self._likely_first(state.gains[right], state)
            gained = _count(right) - _count(state.right)
            for rank, edit in enumerate(edits[:_ALIKE]):
                made, alike = state.with_one_more(edit, [other for other in edits[:8] if other is not edit])
                if frozenset(map(id, made)) not in self.followed:
                    self.followed.add(frozenset(map(id, made)))
                    beside = [other for gains in state.gains.values() for other in gains]
                    put_off = state.put_off + _STEP + _TWIN * rank - gained + _ZEROS * ("zeros_like(" in edit.new)
                    cost = state.cost + edit.cost
                    yield _State(put_off, cost, next(self.numbers), made, alike, right, beside)

    def _all_at_once(self, state: _State) -> Iterator[_State]:
        """The state after all gains that have nothing to do with each other, if there are several."""
        made, alike, lowest, gained = list(state.made), list(state.alike), self._lowest(state), 0
        for right in sorted(state.gains, key=_count, reverse=True):
            edit, *others = self._likely_first(state.gains[right], state)[:8]
            new = right[lowest] & ~state.right[lowest]
            if not new & gained and all(edit.slots.isdisjoint(other.slots) for other in made):
                made, alike, gained = [*made, edit], [*alike, others], gained | new
        if len(made) > len(state.made) + 1 and frozenset(map(id, made)) not in self.followed:
            self.followed.add(frozenset(map(id, made)))
            right = self._rights(made)
            if _count(right) > max(map(_count, state.gains)):
                put_off = state.put_off + _STEP - (_count(right) - _count(state.right))
                yield _State(put_off, state.cost, next(self.numbers), made, alike, right)

    def _rights(self, made: Sequence[Edit]) -> tuple[int, ...]:
        """What is right on each rung with these edits."""
        variants = Variants(self.code, made, [], records=False)
        return tuple(self._right(variants, rung, made) or 0 for rung in self.rungs)

    def _twins(self, state: _State) -> Iterator[_State]:
        """Where a state is stuck, those with one of its edits replaced by one that gained as much when it was made."""
        if state.gains or state.batches != _STUCK:
            return
        for k, others in enumerate(state.alike):
            for other in others:
                made = [*state.made[:k], other, *state.made[k + 1 :]]
                if frozenset(map(id, made)) in self.followed:
                    continue
                self.followed.add(frozenset(map(id, made)))
                right = self._rights(made)
                if _count(right) >= _count(state.right):
                    alike = [*state.alike[:k], [], *state.alike[k + 1 :]]
                    yield _State(state.put_off, state.cost, next(self.numbers), made, alike, right, state.beside)

    def _look(self, edits: int, most: int, deadline: Deadline) -> list[_State]:
        """At most so many states after the first `edits` of the best state, if it was not looked inside for as many."""
        state = self.best
        if self.looked.get(state.number, 0) >= edits:
            return []
        found = self._inside(state, self._next(state, inside=True)[:edits], deadline)[:most]
        if not deadline.over:  # else a second call looks again
            self.looked[state.number] = edits
        rights = [self._rights(made) for made, _ in found]
        pairs = enumerate(zip(found, rights, strict=True))
        now = _count(state.right)
        states = ((state.put_off + k + max(0, now - _count(right)), one, right) for k, (one, right) in pairs)
        return [_State(put_off, 0, next(self.numbers), *one, right) for put_off, one, right in states]

    def _inside(self, state: _State, edits: list[Edit], deadline: Deadline) -> list[_Made]:
        """With which edits more quantities are right inside the pass, where no gradient shows it yet: most first."""
        truth, found, known = self.bench.truth, [], {}

        def inside(variants: Variants, edits: list[Edit], known: dict) -> int:
            return variants.seen(variants.run(truth, edits), truth, known) & truth.inner

        before = inside(Variants(self.code, state.made, [truth]), state.made, known)
        for batch in _batches([edit for edit in edits if id(edit) not in self.failed]):
            variants = Variants(self.code, [*state.made, *batch], [truth])
            allowed = {id(edit) for edit in variants.edits}
            for edit in (edit for edit in batch if id(edit) in allowed and not deadline.over):
                made = state.with_one_more(edit)
                now = inside(variants, made[0], known.copy())  # most of what it computes is as before
                gained = now.bit_count() - before.bit_count()
                if gained > 0:
                    found.append((-gained, self._doubt(edit), made))
            if deadline.over:
                break
        return [made for *_, made in sorted(found, key=lambda one: one[:2])]

    def _likely_first(self, edits: list[Edit], state: _State) -> list[Edit]:
        """Edits with the same gain, the likeliest first; what may as well go is not moved to where it does no harm."""
        wrong = self.three.wrong(state.right[self.rungs.index(self.three)])
        gone = set().union(*(edit.slots for edit in edits if edit.kind == "extra statement"))
        edits = [edit for edit in edits if not (edit.kind.startswith("moved") and edit.slots & gone)]
        sound = self._sound(state) if edits[1:] else set()
        doubts = {id(edit): self._doubt(edit, wrong, sound) for edit in edits}
        edits.sort(key=lambda edit: doubts[id(edit)])
        close = [edit for edit in edits[:_CLOSE] if doubts[id(edit)][0] <= doubts[id(edits[0])][0] + _STRANGE]
        if any(edit.slots != close[0].slots for edit in close):
            strange = {id(edit): _STRANGE * self._strange(edit, state) for edit in close}
            close.sort(key=lambda edit: (doubts[id(edit)][0] + strange[id(edit)], doubts[id(edit)][1]))
        return [*close, *edits[len(close) :]]

    def _strange(self, edit: Edit, state: _State) -> int:
        """How many statements, with one more edit, make what is no right quantity, or only a piece of one."""
        truth, made = self.bench.truth, state.with_one_more(edit)[0]
        variants = Variants(self.code, made, [truth])
        return len(
            {slot for slot, found in variants.events(variants.run(truth, made), truth) if not found & ~truth.pieces}
        )

    def _doubt(self, edit: Edit, wrong: Set[str] = frozenset(), sound: Set[int] = frozenset()) -> tuple[float, int]:
        """How likely an edit is among those with the same gain: the more so the more depends on what it changes.

        And more if nothing depends on that but what is `wrong`, less if it changes what is `sound` alone.
        """
        if self.reach is None:
            variants = Variants(self.code, [], [])
            single = {s.number for s in self.bench.slots if not isinstance(getattr(s.node, "value", None), _MANY)}
            self.reach = variants.reach(self.three, sorted(self.statements & single))
        at = [self.reach.get(slot, set()) for slot in edit.slots]
        reached, just = max(map(len, at), default=0), any(names and names <= wrong for names in at)
        cost = self.bench.doubt(edit) - _UPPER * reached - JUST * just + _SOUND * (edit.slots <= sound)
        return cost + self._inserted(edit), len(edit.new)

    def _sound(self, state: _State) -> set[int]:
        """Statements that make, the first time, a right quantity that none before has made."""
        if state.sound is None:
            truth, seen, first = self.bench.truth, 0, {}
            variants = Variants(self.code, state.made, [truth])
            for slot, found in variants.events(variants.run(truth, state.made), truth):
                new = max(found, 0) & truth.counted & ~seen
                seen |= new
                first.setdefault(slot, new)
            state.sound = {slot for slot, new in first.items() if new}
        return state.sound

    def _inserted(self, edit: Edit) -> float:
        return _INSERTED * (edit.kind == "missing statement" and edit.slots.isdisjoint(self.statements))

    def _about(self, edit: Edit) -> set[int]:
        """The slots of an edit; those of the statement before, if a new one only changes what that one has made."""
        slot = self.bench.slots[min(edit.slots)]
        before = self.before.get((slot.block, slot.index - 1))
        if edit.kind != "missing statement" or before is None or slot.kind != "gap":
            return edit.slots
        made = {_FIRST_NAME.match(ast.unparse(target)) for target in targets_of(before.node)} - {None}
        name = _FIRST_NAME.match(edit.new)
        return {before.number} if name and name[0] in {found[0] for found in made} else edit.slots

    def _next(self, state: _State, inside: bool = False) -> list[Edit]:
        """Edits to try with those made: what else gained something first, then what does something to what is wrong.

        For a look `inside`, what nobody reads as well.
        """
        lowest = self._lowest(state)
        wrong = self.rungs[lowest].wrong(state.right[lowest])
        variants = Variants(self.code, state.made, [])
        reach = variants.reach(self.rungs[lowest], sorted(self.statements), state.made)
        # What changes nothing at all may be what should be read: a look inside sees whether it comes right.
        unread = {slot for slot, names in reach.items() if inside and not names and self.rungs[lowest].case.length > 1}
        vain = {slot for slot, names in reach.items() if wrong and not names & wrong} - unread
        just = {slot for slot, names in reach.items() if names and names <= wrong}
        most = {name for k, name in enumerate(self.rungs[lowest].names) if self.rungs[lowest].counted >> k & 1}
        just |= self.bench.heads(wrong, len(most))
        exactly = unread | {slot for slot, names in reach.items() if names == wrong}
        just |= unread
        beside = {id(edit) for edit in state.beside}

        long, sound = self.rungs[lowest].case.length > _LONG, self._sound(state)

        def doubt(edit: Edit) -> tuple[bool, bool, float, int]:
            at = self.about[id(edit)]
            cost = cost_to_try(edit) - JUST * (bool(at & just) + bool(at & exactly)) + self._inserted(edit)
            return (
                id(edit) not in beside,
                id(edit) in self.failed,
                cost + _ODD * (long and edit.kind not in CUTTING) + _SOUND * (edit.slots <= sound),
                abs(len(edit.new) - len(edit.old)),
            )

        def in_vain(edit: Edit) -> bool:
            at = self.about[id(edit)] & self.statements
            return bool(at) and at <= vain and not self.bench.shows_elsewhere(edit)

        if not self.about:
            self.about = {id(edit): self._about(edit) for edit in self.bench.every}
        edits = sorted((edit for edit in self.bench.every if not in_vain(edit)), key=doubt)
        return [one for edit in edits for one in (edit, self._with_those_made(state, edit)) if one]

    def _with_those_made(self, state: _State, edit: Edit) -> Edit | None:
        """The edit with those made in the same statements, if they change other places there."""
        there = [other for other in state.made if not other.slots.isdisjoint(edit.slots)]
        key = id(edit), *map(id, there)
        if there and key not in self.together:
            one: Edit | None = edit
            for other in there:
                one = one and other.with_too(one, self.bench.slots, self.code.units)
            self.together[key] = one
        return self.together.get(key)


def _count(right: Sequence[int]) -> int:
    return sum(bits.bit_count() for bits in right)


def _batches(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    return (list(edits[first : first + AT_ONCE]) for first in range(0, len(edits), AT_ONCE))
