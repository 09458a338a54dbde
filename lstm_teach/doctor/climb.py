"""Make one edit after the other, each of which makes more of the returned gradients right: a climb up a ladder of nets.

The lowest rung is a net of two units and one step, the highest has steps enough for a token to appear again. A fault
that shows on a low rung is repaired before one that needs more steps. Nothing inside the pass is looked at, so a run is
quick; only where the climb is stuck. Imports bench, kinds, likely, maker, rungs, truth and variants.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from lstm_teach.doctor.bench import AT_ONCE, Bench
from lstm_teach.doctor.fuel import Deadline, remembered
from lstm_teach.doctor.kinds import ADDED, ANEW, MOVED
from lstm_teach.doctor.likely import Likely
from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.rungs import Made, Rung, State, count_right, ladder
from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.truth import Case, make_case
from lstm_teach.doctor.variants import Variants
from lstm_teach.gradcheck import LENGTHS, own_case, states_taken

_SIMPLER = 400  # edits of one statement
_BRANCHES, _ALIKE = 6, 3  # different gains that are followed from one state, and edits with the same gain
_FIRST = 2  # batches to try before gains are followed, once an edit was made: the best may be among the next
# Blocks that have to be gained to make up for an edit that was made, for a likelier edit with the same gain, and for
# the batches tried: so many times 1 for the first of a state, 2 for the second, 3 for the third.
_STEP, _TWIN, _TURN = 3, 3, 0.5
_ZEROS = 12  # the same for an edit that cuts off what is carried: what is wrong in it does not show any more then
_ROOT = 3  # the code as it was has one turn in so many
# What becomes right inside the pass is looked at after so many batches in the best state, for the likeliest edits, and
# for all of them when nothing else is left; and with how many of those edits the climb goes on.
_STUCK, _LIKELY, _EVERY = 4, 800, 1_000_000
_EARLY, _LATE = 4, 12
_MUCH = 6  # blocks that have to become right for edits to be kept that do not repair everything


class Climb:
    """The search: `single` begins it, `several` goes on with what was found on the way."""

    def __init__(self, bench: Bench, tell: Callable[[], None]):
        self.bench, self.code, self.tell, self.tried, case = bench, bench.code, tell, 0, bench.truth.case
        takes = {name: each for name, each in states_taken(bench.code.backward).items() if name in case.states}
        self.rungs = ladder(takes)
        three = len(self.rungs) - 2  # place of the net with three steps in whose tokens none appears twice
        longest = Case(*own_case(LENGTHS[-1], takes))  # clipping may show there only
        self.rungs += [Rung(each) for each in (case, make_case(5, 33, takes), longest)]
        self.likely = Likely(bench, self.rungs, three)
        self.full = tuple(rung.full for rung in self.rungs)
        self.waiting: list[State] = []  # states of which not all edits are tried
        self.turn, self.followed = 0, set()
        self.done: set[int] = set()  # edits that were tried by themselves
        self.root = self.best = State([], [], self._rights([]))

    def single(self, deadline: Deadline) -> Iterator[Made]:
        """Single edits that repair everything: those of statements on which everything that is wrong depends."""
        if self.root.right == self.full:  # something else is wrong: the inputs are changed, or a length is refused
            return
        todo = self.likely.alone(self.root)
        while todo and not deadline.over:
            batch, todo = todo[:AT_ONCE], todo[AT_ONCE:]
            found = self._tried(self.root, batch, deadline)
            if found and not deadline.over:  # what would be told before these may happen to be in a later batch
                ahead = self.likely.ahead(todo, found, self.root)[:AT_ONCE]
                once_more = replace(deadline, at=sys.maxsize)  # all of one batch, whatever steps are left
                found, batch = [*found, *self._tried(self.root, ahead, once_more)], [*batch, *ahead]
            if not deadline.over:  # else some of them were not tried
                self.done |= {id(edit) for edit in batch}
                todo = [edit for edit in todo if id(edit) not in self.done]
            yield from self._repair(self.root, found)

    def several(self, deadline: Deadline) -> Iterator[Made]:
        """Sets of edits that repair everything together. A second call goes on where the first one ended."""
        if self.root.right == self.full:
            return
        if self.root.todo is None:
            self.root.todo = _batches([edit for edit in self.likely.next(self.root) if id(edit) not in self.done])
            self.waiting.append(self.root)
            yield from self._repair(self.root, self._tried(self.root, next(self.root.todo, []), deadline))
            yield from self._noted(self._following(self.root))
        while not deadline.over:
            if not self.waiting:
                yield from self._noted(self._look(_EVERY, _LATE, deadline))
            if not self.waiting:
                break
            self.turn += 1
            # Now and then the code as it was has its turn, whatever was gained: one edit may repair it after all. And
            # where the best state is stuck, the one before it: what was gained there may not have been what was meant.
            earlier = (self.root, self.best.before if self.best.batches >= _STUCK else None, None)[self.turn % _ROOT]
            first = min(self.waiting, key=lambda state: (state.put_off, state.cost, state.number))
            state = earlier if earlier in self.waiting else first
            self.waiting.remove(state)
            if state.todo is None:
                state.todo = _batches(self.likely.next(state))
            batch = next(state.todo, None)
            if batch is None:
                continue
            yield from self._repair(state, self._tried(state, batch, deadline))
            state.put_off += _TURN * state.batches
            self.waiting.append(state)
            yield from self._noted(chain(self._following(state), self._twins(state)))
            if self.best.batches >= _STUCK:
                yield from self._noted(self._look(_LIKELY, _EARLY, deadline))

    def _noted(self, new: Iterable[State]) -> Iterator[Made]:
        """Note new states to go on from; those in which everything is right are repairs."""
        for state in new:
            if state.right == self.full:
                yield Made(state.made, state.alike)
            else:
                self.waiting.append(state)
                self.best = max(self.best, state, key=lambda state: count_right(state.right))

    def so_far(self) -> list[Edit]:
        """The edits with which most of the gradients was right, if they made much of them right."""
        return self.best.made if count_right(self.best.right) >= count_right(self.root.right) + _MUCH else []

    def _tried(self, state: State, batch: list[Edit], deadline: Deadline) -> list[Edit]:
        """Try a batch of edits: those that repair everything. Those that gain something are noted in the state."""
        self.tell()
        state.batches += 1
        variants, found = Variants(self.code, [*state.made, *batch], records=False), []
        for edit in variants.edits[len(state.made) :]:
            right = self._gain(variants, state, edit)
            self.tried += 1
            if right == self.full:
                found.append(edit)
            elif right is not None:
                state.gains.setdefault(right, []).append(edit)
            if deadline.over:
                break
        return found

    def _repair(self, state: State, found: list[Edit]) -> Iterator[Made]:
        """The likeliest of the edits that repair everything, with the others; none where there are none."""
        if found:
            found = self.likely.first(found, state)
            if found[0].kind in ANEW | MOVED:
                text, simpler = _squeezed(found[0]), self._simpler(state, found[0])
                found = self.likely.first([*found, *simpler], state)
                found.sort(key=lambda edit: edit.kind in ANEW or _squeezed(edit) != text)  # it is the same change
            elif found[0].kind == "crossed":
                found = self.likely.first([*found, *self._simpler(state, found[0])], state)
            elif (placed := self._in_its_place(found[0])) and (changed := self._simpler(state, placed)):
                found = [*self.likely.first(changed, state), *found]  # the line is there, and only wrong
            yield state.with_one_more(found[0], found[1:40])

    def _simpler(self, state: State, edit: Edit) -> list[Edit]:
        """Other changes of the same statements that repair everything too, of the likeliest; few, so always tried.

        For a statement that moves, other moves too; for two exchanged results, an exchange where they are read.
        """
        moved = edit.slots if edit.kind in MOVED else set()
        others = [one for one in self.bench.every if one.kind != edit.kind]
        if edit.kind == "crossed":
            others = [one for one in others if one.kind == "order" and {one.old, one.new} == {edit.old, edit.new}]
        else:
            others = [one for one in others if one.slots <= edit.slots or (one.kind == "moved" and one.slots & moved)]
        variants = Variants(self.code, [*state.made, *others[:_SIMPLER], edit], records=False)
        tried = variants.edits[len(state.made) :]
        self.tried += len(tried)
        return [one for one in tried if self._gain(variants, state, one) == self.full]

    def _in_its_place(self, edit: Edit) -> Edit | None:
        """For a new `x = value`, this value in the statement before it that gives x one, or the only one that does."""
        (target, _, value), gap = edit.new.partition(" = "), self.bench.slots[min(edit.slots)]
        own = [slot for slot in self.bench.scene.statements[gap.unit] if isinstance(slot.node, ast.Assign)]
        own = [slot for slot in own if [self.code.units[gap.unit].segment(t) for t in slot.node.targets] == [target]]
        own = [slot for slot in own if (slot.block, slot.index) == (gap.block, gap.index - 1)] or own
        if edit.kind not in ADDED or len(own) != 1:
            return None
        return Maker(self.bench.scene, own[0]).swap("equation", edit.cost, own[0].node.value, value)

    def _gain(self, variants: Variants, state: State, edit: Edit) -> tuple[int, ...] | None:
        """What is right on each rung with one more edit.

        None if nothing is gained on the lowest rung that is wrong; or if something is lost up to there, or more than is
        gained on a higher rung (two faults may make up for one another in a block).
        """
        edits, before = state.with_one_more(edit).edits, state.right
        lowest = state.lowest(self.rungs)
        right = list(before)
        for k in (lowest, *range(lowest), *range(lowest + 1, len(self.rungs))):
            bits = self.rungs[k].right_blocks(variants, edits)
            if bits is None and k == lowest and before[k]:
                self.likely.failed.add(id(edit))
            right[k] = bits or 0
            gained, lost = right[k] & ~before[k] & self.rungs[k].counted, before[k] & ~right[k]
            if k == lowest and not gained:
                return None
            if lost and (k <= lowest or lost.bit_count() > gained.bit_count()):
                return None
        return tuple(right)

    def _following(self, state: State) -> Iterator[State]:
        """The states after the best gains of a state, as far as they are new."""
        if state.made and state.batches < _FIRST:
            return
        yield from self._all_at_once(state)
        for right in sorted(state.gains, key=count_right, reverse=True)[:_BRANCHES]:
            edits = self.likely.first(state.gains[right], state)
            gained = count_right(right) - count_right(state.right)
            for rank, edit in enumerate(edits[:_ALIKE]):
                made = state.with_one_more(edit, [other for other in edits[:8] if other is not edit])
                if self._is_new(made.edits):
                    beside = [*chain.from_iterable(state.gains.values())]
                    put_off = state.put_off + _STEP + _TWIN * rank - gained + _ZEROS * ("zeros_like(" in edit.new)
                    yield State(*made, right, put_off, state.cost + edit.cost, state, beside)

    def _all_at_once(self, state: State) -> Iterator[State]:
        """The state after all gains that have nothing to do with each other, if there are several."""
        made, alike, lowest, gained = list(state.made), list(state.alike), state.lowest(self.rungs), 0
        for right in sorted(state.gains, key=count_right, reverse=True):
            edit, *others = self.likely.first(state.gains[right], state)[:8]
            new = right[lowest] & ~state.right[lowest]
            if not new & gained and all(edit.slots.isdisjoint(other.slots) for other in made):
                made, alike, gained = [*made, edit], [*alike, others], gained | new
        if len(made) > len(state.made) + 1 and self._is_new(made):
            right = self._rights(made)
            put_off = state.put_off + _STEP - (count_right(right) - count_right(state.right))
            yield State(made, alike, right, put_off, state.cost, state)

    def _is_new(self, made: Sequence[Edit]) -> bool:
        """Whether nobody has gone on from these edits yet; from now on somebody has."""
        key = frozenset(map(id, made))
        new = key not in self.followed
        self.followed.add(key)
        return new

    def _rights(self, made: Sequence[Edit]) -> tuple[int, ...]:
        """What is right on each rung with these edits."""
        variants = Variants(self.code, made, records=False)
        return tuple(rung.right_blocks(variants, made) or 0 for rung in self.rungs)

    def _twins(self, state: State) -> Iterator[State]:
        """Where a state is stuck, those with one of its edits replaced by one that gained as much when it was made."""
        if state.gains or state.batches != _STUCK:
            return
        for k, others in enumerate(state.alike):
            for other in others:
                made = [*state.made[:k], other, *state.made[k + 1 :]]
                if not self._is_new(made):
                    continue
                right = self._rights(made)
                if count_right(right) >= count_right(state.right):
                    alike = [*state.alike[:k], [], *state.alike[k + 1 :]]
                    yield State(made, alike, right, state.put_off, state.cost, state.before, state.beside)

    def _look(self, edits: int, most: int, deadline: Deadline) -> Iterator[State]:
        """At most so many states after one of the first `edits` of the best state: with more right inside the pass.

        No gradient shows it there yet. None if the state was looked inside for as many edits before.
        """
        state, truth, found, known = self.best, self.bench.truth, [], {}
        if state.looked >= edits:
            return

        def inside(variants: Variants, made: list[Edit], known: dict) -> int:
            return (variants.seen(variants.run(truth, made), truth, known) & truth.inner).bit_count()

        before = inside(Variants(self.code, state.made), state.made, known)
        todo = [edit for edit in self.likely.next(state, inside=True)[:edits] if id(edit) not in self.likely.failed]
        for batch in _batches(todo):
            variants = None if deadline.over else Variants(self.code, [*state.made, *batch])
            for edit in variants.edits[len(state.made) :] if variants else ():
                if deadline.over:
                    break
                made = state.with_one_more(edit)
                # Most of what it computes is as before. A second look starts from the same edits as the first.
                now = remembered(state.known, ("inside", edit), inside, variants, made.edits, known.copy())
                if now > before:
                    found.append((before - now, self.likely.doubt(edit), made))
        if not deadline.over:  # else a second call looks again
            state.looked = edits
        found.sort(key=lambda one: one[:2])
        for rank, (*_, made) in enumerate(found[:most]):
            right = self._rights(made.edits)
            lost = max(0, count_right(state.right) - count_right(right))
            yield State(*made, right, state.put_off + rank + lost, before=state)


def _squeezed(edit: Edit) -> str:
    return "".join("".join(part.code for part in edit.parts).split())


def _batches(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    return (list(edits[first : first + AT_ONCE]) for first in range(0, len(edits), AT_ONCE))
