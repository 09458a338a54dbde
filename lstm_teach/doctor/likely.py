"""Which edits are likely: the order in which they are tried, and which of several that gain the same goes first.

What tells is a run of the code with the edits made: which gradients depend on a statement, and whether what it makes is
a right quantity. Imports bench, fuel, kinds, rungs, slots and variants.
"""

import ast
import functools
from collections.abc import Sequence, Set

from lstm_teach.doctor.bench import JUST, Bench, cost_to_try
from lstm_teach.doctor.fuel import remembered
from lstm_teach.doctor.kinds import ADDED, ANEW, CUTTING
from lstm_teach.doctor.rungs import Rung, State
from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.variants import Variants

_UPPER = 0.05  # less cost for every gradient that depends on what an edit changes
_ODD = 2  # more for an edit of another kind where only long sequences are wrong
_SOUND = 0.25  # more for a change of nothing but statements that make a right quantity
_STRANGE = 0.3  # more for each statement that still makes something else after the edit
_CLOSE = 4  # of so many edits with about the same cost that is asked
_INSERTED = 0.5  # more for a new statement: often it does the same as a change of the one before it
_LONG = 6  # steps from which on a net is long
_MANY = ast.Tuple | ast.List | ast.Dict  # in these an edit changes one of several things, or exchanges two


class Likely:
    """Orders the edits of a bench. `rungs` are the nets of the climb, those of `ladder` first."""

    def __init__(self, bench: Bench, rungs: Sequence[Rung], three: int):
        self.bench, self.code, self.rungs, self.three = bench, bench.code, rungs, three
        self.failed: set[int] = set()  # edits with which no gradients came where some came before
        written = [slot for slot in bench.slots if slot.kind == "statement"]
        self._statements = {slot.number for slot in written}
        lists = ast.List | ast.Dict
        self._several = {s.number for s in written if any(isinstance(node, lists) for node in ast.walk(s.node))}
        self._together: dict[tuple[int, ...], Edit | None] = {}  # edits of one statement as one, by their ids
        self._reach: dict[int, set[str]] | None = None  # of each statement the gradients that depend on it

    def alone(self, root: State) -> list[Edit]:
        """Edits that may repair everything by themselves: those of statements on which all depends that is wrong."""
        missed, just = self.bench.reached()
        sound = self._sound(root)

        def doubt(edit: Edit) -> tuple[float, int]:
            cost = cost_to_try(edit) - JUST * bool(edit.slots & just) + _SOUND * (edit.slots <= sound)
            return cost, len(edit.new)

        return sorted((edit for edit in self.bench.every if not self.bench.can_not_be(edit, missed)), key=doubt)

    def next(self, state: State, inside: bool = False) -> list[Edit]:
        """Edits to try with those made: what else gained something first, then what does something to what is wrong.

        For a look `inside`, what nobody reads as well.
        """
        lowest = self.three if inside else state.lowest(self.rungs)
        rung, wrong = self.rungs[lowest], self.rungs[lowest].wrong(state.right[lowest])
        reach = Variants(self.code, state.made).reach(rung, sorted(self._statements), state.made)
        # What changes nothing at all may be what should be read: a look inside sees whether it comes right.
        unread = {slot for slot, names in reach.items() if inside and not names}
        vain = {slot for slot, names in reach.items() if wrong and not names & wrong} - unread
        most = {name for k, name in enumerate(rung.names) if rung.counted >> k & 1}
        just = unread | {slot for slot, names in reach.items() if names and names <= wrong}
        just |= self.bench.heads(wrong, len(most))
        exactly = unread | {slot for slot, names in reach.items() if names == wrong}
        beside, long, sound = {id(edit) for edit in state.beside}, rung.case.length > _LONG, self._sound(state)

        def doubt(edit: Edit) -> tuple[bool, bool, float, int]:
            cost = cost_to_try(edit) - JUST * (bool(edit.slots & just) + bool(edit.slots & exactly))
            cost += self._inserted(edit) + _ODD * (long and edit.kind not in CUTTING) + _SOUND * (edit.slots <= sound)
            return id(edit) not in beside, id(edit) in self.failed, cost, abs(len(edit.new) - len(edit.old))

        def in_vain(edit: Edit) -> bool:
            at = edit.slots & self._statements
            return bool(at) and at <= vain and not self.bench.shows_elsewhere(edit)

        edits = sorted((edit for edit in self.bench.every if not in_vain(edit)), key=doubt)
        return [one for edit in edits for one in (edit, self._with_those_made(state, edit)) if one]

    def _with_those_made(self, state: State, edit: Edit) -> Edit | None:
        """The edit with those made in the same statements, if they change other places there."""
        there = [other for other in state.made if not other.slots.isdisjoint(edit.slots)]
        key = id(edit), *map(id, there)
        if there and key not in self._together:
            text = self.bench.slots, self.code.units
            one = functools.reduce(lambda one, other: one and other.with_too(one, *text), there, edit)
            self._together[key] = one
        return self._together.get(key)

    def first(self, edits: list[Edit], state: State) -> list[Edit]:
        """Edits with the same gain, the likeliest first."""
        wrong = self.rungs[self.three].wrong(state.right[self.three])
        sound = self._sound(state) if edits[1:] else set()
        doubts = {id(edit): self.doubt(edit, wrong, sound) for edit in edits}
        edits = sorted(edits, key=lambda edit: doubts[id(edit)])
        close = [edit for edit in edits[:_CLOSE] if doubts[id(edit)][0] <= doubts[id(edits[0])][0] + _STRANGE]
        if any(edit.slots != close[0].slots for edit in close):
            strange = {id(e): remembered(state.known, ("strange", e), self._strange, e, state) for e in close}
            close.sort(key=lambda edit: (doubts[id(edit)][0] + _STRANGE * strange[id(edit)], doubts[id(edit)][1]))
        edits[: len(close)] = close
        # Of several ways to change a statement one that writes it anew is the largest change.
        smaller = [edit for edit in edits if edit.kind not in ANEW and edit.slots == edits[0].slots]
        if smaller and edits[0].kind in ANEW:
            edits.remove(smaller[0])
            edits.insert(0, smaller[0])
        return edits

    def ahead(self, edits: Sequence[Edit], found: Sequence[Edit], state: State) -> list[Edit]:
        """Those of the `edits` that might come before what was `found` if they gained as much, the likeliest first.

        Small changes only, and those too that are about as likely, since `first` looks closer at these.
        """
        wrong, sound = self.rungs[self.three].wrong(state.right[self.three]), self._sound(state)
        doubts = {id(edit): self.doubt(edit, wrong, sound) for edit in (*edits, *found)}
        most = min(doubts[id(edit)] for edit in found)[0] + _STRANGE
        close = [edit for edit in edits if edit.kind not in ANEW and doubts[id(edit)][0] <= most]
        return sorted(close, key=lambda edit: doubts[id(edit)])

    def doubt(self, edit: Edit, wrong: Set[str] = frozenset(), sound: Set[int] = frozenset()) -> tuple[float, int]:
        """How likely an edit is among those with the same gain: the more so the more depends on what it changes.

        And more if nothing depends on that but what is `wrong`, less if it changes what is `sound` alone.
        """
        if self._reach is None:
            self._reach = Variants(self.code).reach(self.rungs[self.three], sorted(self._statements))
        heads = self.bench.heads(set(wrong))
        at = [wrong if slot in heads else self._reach.get(slot, set()) for slot in edit.slots]
        for k, slot in enumerate(edit.slots):
            several = isinstance(getattr(self.bench.slots[slot].node, "value", None), _MANY)
            if several and not (edit.kind == "order" and at[k] <= wrong):
                at[k] = set()
        reached, just = max(map(len, at), default=0), any(names and names <= wrong for names in at)
        cost = self.bench.doubt(edit) - _UPPER * reached - JUST * just + _SOUND * (edit.slots <= sound)
        return cost + self._inserted(edit), len(edit.new)

    def _strange(self, edit: Edit, state: State) -> int:
        """How many statements, with one more edit, make what isn't a right quantity, or only a piece of one."""
        truth, made = self.bench.truth, state.with_one_more(edit)[0]
        variants = Variants(self.code, made)
        events = variants.events(variants.run(truth, made), truth)
        return len({slot for slot, found in events if not found & ~truth.pieces})

    def _sound(self, state: State) -> set[int]:
        """Statements that make, the first time, a right quantity that none before has made, and nothing beside it."""
        if state.sound is None:
            truth, seen, first = self.bench.truth, 0, {}
            variants = Variants(self.code, state.made)
            for slot, found in variants.events(variants.run(truth, state.made), truth):
                new = max(found, 0) & truth.counted & ~seen
                seen |= new
                first.setdefault(slot, new)
            state.sound = {slot for slot, new in first.items() if new and slot not in self._several}
        return state.sound

    def _inserted(self, edit: Edit) -> float:
        return _INSERTED * (edit.kind in ADDED and edit.slots.isdisjoint(self._statements))
