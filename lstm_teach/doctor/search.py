"""Search for a set of edits that makes a backward pass right, and prove it.

An edit counts as progress only when it brings exact values into being: a right matrix, or a right delta at some step.
That an error became smaller is never used. Imports bench, climb, proof, variants and truth.
"""

import difflib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from lstm_teach.doctor.bench import Bench
from lstm_teach.doctor.climb import Climb
from lstm_teach.doctor.code import Change, Code
from lstm_teach.doctor.fuel import STEPS, Deadline
from lstm_teach.doctor.leaving import always, left_out
from lstm_teach.doctor.proof import proof_cases, prove
from lstm_teach.doctor.rungs import Made
from lstm_teach.doctor.slots import ADDED, Edit
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import Case, Truth, make_case
from lstm_teach.doctor.values import same
from lstm_teach.doctor.variants import Endless, Variants
from lstm_teach.gradcheck import LENGTHS, own_case

_SHARE = 0.85  # of the steps is for the search, the rest for proof and report
_SOON = 280_000  # steps for a single edit that repairs everything, before several are looked for
_MORE = 600_000  # the same where three or more edits repair everything
_NUMBERS = 8  # operations on single numbers in the walk back; more are seldom needed
_PART = 0.6  # of the steps left, for one of several ways to go on
_OTHER_LINES = 3  # of which it is asked whether a change of them would do as well
_SHORT = 6  # the length up to which a single edit is looked for first


@dataclass
class Flaw:
    """Edits that belong together, as changes of a text: of the learner's, or of what it was when they were made."""

    edits: list[Edit]
    changes: list[Change]  # unit, start, end, new text


@dataclass(eq=False)
class Edited:
    """The learner's code after some edits."""

    code: Code
    layers: list[list[Flaw]] = field(default_factory=list)  # edits that were made at once, in the same text
    elsewhere: dict[int, tuple[int, ...]] = field(default_factory=dict)  # by an edit's id, lines that would do as well


@dataclass
class Result:
    """What the search found: the repaired code and the edits, in full (`proved`) or as far as it came."""

    code: Code
    flaws: list[Flaw]
    proved: bool
    tried: int
    seconds: float
    stopped: str = ""
    elsewhere: dict[int, tuple[int, ...]] = field(default_factory=dict)


def search(
    code: Code,
    takes: dict[str, bool],
    *,
    length: int | None = 3,
    steps: int = STEPS,
    seconds: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Look for the smallest set of edits that repairs `code`, for at most so many `steps` (see fuel) and `seconds`.

    Without a `length` of the sequence the net is the check's own for long ones.
    """
    begun, climbs, stopped = time.process_time(), [], ""
    truth = Truth(make_case(length, 20 + length, takes) if length else Case(*own_case(LENGTHS[-1], takes)))
    both = [truth, Truth(make_case(5, 33, takes))]
    cases, deadline = proof_cases(takes), Deadline.after(_SHARE * steps, seconds)
    state = begun_with = Edited(code)

    def tell(_: int) -> None:
        if progress:
            progress(f"{sum(climb.tried for climb in climbs)} edits tried")

    def climb_from(state: Edited) -> Climb:
        climbs.append(Climb(Bench(state.code, both, tell)))
        return climbs[-1]

    def found(state: Edited, climb: Climb, soon: Deadline) -> Edited | None:
        """What is proved with a single edit, looked for until `soon`, or with several."""
        one = _proved(state, climb.single(soon), cases)
        return one or _proved(state, climb.several(deadline.part(_PART)), cases)

    def result(state: Edited, proved: bool) -> Result:
        flaws = flaws_of(code.units, state)
        if proved:
            flaws = _needed(code, flaws, cases)
        flaws = _of_one_line(code.units, flaws)
        if proved:
            flaws = _plainly(code, flaws, cases, truth)
        now = repaired(code, flaws) if proved else state.code
        tried, spent = sum(climb.tried for climb in climbs), time.process_time() - begun
        return Result(now, flaws, proved, tried, spent, stopped, state.elsewhere)

    try:
        if isinstance(Variants(code).run(truth).error, Endless):  # changed versions would take as long
            return result(begun_with, False)
        climb, one = climb_from(begun_with), None
        if truth.case.length <= _SHORT:  # of a fault that shows in long sequences only the values tell little
            scene = climb.bench.scene
            single_numbers = {key for key in scene.back if scene.operations.get(key) == ()}
            slow = len(single_numbers) > _NUMBERS  # the walk back is written in loops over the entries of the arrays
            one = found(begun_with, climb, deadline.within(_SOON * (3 if slow else 1)))
            state = begun_with if one else _climbed(begun_with, climb)
            if state is not begun_with and not deadline.over:  # in the changed code other edits are at hand
                one = found(state, climb_from(state), deadline.part(_PART))
        one = one or _proved(begun_with, climb.several(deadline), cases)
        if one and sum(map(len, one.layers)) > 2:  # one edit that was not tried yet may repair everything as well
            one = _proved(begun_with, climb.single(deadline.within(_MORE)), cases) or one
        if one:
            return result(one, True)
        if deadline.over:
            stopped = "seconds" if deadline.late else "steps"
    except KeyboardInterrupt:
        stopped = "interrupted"
    return result(state if state is not begun_with or not climbs else _climbed(begun_with, climbs[0]), False)


def _proved(state: Edited, sets: Iterator[Made], cases: list[Case]) -> Edited | None:
    """The state after the first of these sets of edits that is proved."""
    for repair in sets:
        for edits in _choices(repair):
            new = _step(state, edits)
            if new is not None and prove(new.code, cases):
                if not state.layers:  # else the lines are not those of the learner's text
                    new.elsewhere = _elsewhere(state, repair, edits, cases)
                return new
    return None


def _elsewhere(state: Edited, repair: Made, edits: list[Edit], cases: list[Case]) -> dict[int, tuple[int, ...]]:
    """For each of the edits, by its id, other lines of which a change is proved as well."""

    def line(edit: Edit) -> int:
        part = edit.parts[0]
        return state.code.units[state.code.slots[part.slot].unit].line_number(part.changes[0][0])

    found: dict[int, tuple[int, ...]] = {}
    for number, edit in enumerate(edits):
        others: dict[int, Edit] = {}
        for other in (repair.edits[number], *repair.others[number]):
            if line(other) != line(edit) and len(other.parts) == 1 and other.kind != ADDED:
                others.setdefault(line(other), other)
        proved = []
        for where, other in list(others.items())[:_OTHER_LINES]:
            new = _step(state, [*edits[:number], other, *edits[number + 1 :]])
            if new is not None and prove(new.code, cases):
                proved.append(where)
        found |= {id(one): tuple(proved) for one in edit.each or (edit,)}
    return found


def _climbed(begun_with: Edited, climb: Climb) -> Edited:
    """The state after the edits that made much right, if there are any."""
    made = climb.so_far()
    return (_step(begun_with, made) if made else None) or begun_with


def _choices(repair: Made) -> Iterator[list[Edit]]:
    """The edits found, and with each of them replaced by one that does as well here."""
    yield repair.edits
    for number, others in enumerate(repair.others):
        for other in others:
            yield [*repair.edits[:number], other, *repair.edits[number + 1 :]]


def flaws_of(original: list[Unit], state: Edited) -> list[Flaw]:
    """The edits of a state in the coordinates of the original text, those that overlap taken together."""
    flaws: list[Flaw] = []
    for number, layer in enumerate(state.layers):
        for step in layer:
            changes, touched = step.changes, False
            # Undo the layers before, the last one first, to find where the changes were in the original text.
            for earlier in reversed(state.layers[:number]):
                undo, moved = sorted({change for other in earlier for change in other.changes}), []
                for unit, start, end, text in changes:
                    shift = 0
                    for _, s, e, t in (change for change in undo if change[0] == unit):
                        if start >= s + shift + len(t) and not (s == e and start == s + shift):
                            shift += len(t) - (e - s)
                        else:
                            touched |= end > s + shift
                    moved.append((unit, start - shift, end - shift, text))
                changes = moved
            if touched:
                return _by_lines(original, state)
            flaws.append(Flaw(step.edits, changes))
    return flaws


def _by_lines(original: list[Unit], state: Edited) -> list[Flaw]:
    """One flaw a changed line, for edits that overlap."""
    flaws = []
    edits = [edit for layer in state.layers for step in layer for edit in step.edits]
    for number, (old, new) in enumerate(zip(original, state.code.units, strict=True)):
        a, b = old.text.splitlines(keepends=True), new.text.splitlines(keepends=True)
        for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            same = i2 - i1 == j2 - j1
            rows = [(i1 + k, i1 + k + 1, j1 + k, j1 + k + 1) for k in range(i2 - i1)] if same else [(i1, i2, j1, j2)]
            for s, e, u, v in rows:
                text, gone = "".join(b[u:v]), "".join(a[s:e])
                there = [edit for edit in edits if edit.old.strip() in gone]
                own = [edit for edit in there if any(c in text for _, _, c in edit.parts[-1].changes if c.strip())]
                own = own or [edit for edit in there if not text and edit.old]
                kind = "missing statement" if s == e else "equation" if text else "extra statement"
                if s == e or not own:  # a line more, or one that several edits have changed
                    own = [replace(edits[0], kind=kind, old=gone.strip(), new=text.strip())]
                flaws.append(Flaw(own, [(number, old.line_start(s), old.line_start(e), text)]))
    return flaws


def repaired(code: Code, flaws: Iterable[Flaw]) -> Code | None:
    """The code with the changes of these flaws, None if it can't be read then."""
    return code.changed(change for flaw in flaws for change in flaw.changes)


def _needed(code: Code, flaws: list[Flaw], cases: list[Case]) -> list[Flaw]:
    """Leave out the edits without which everything is right as well."""
    for flaw in list(flaws):
        fewer = [other for other in flaws if other is not flaw]
        if fewer and (without := repaired(code, fewer)) and prove(without, cases):
            flaws = fewer
    return flaws


def _plainly(code: Code, flaws: list[Flaw], cases: list[Case], truth: Truth) -> list[Flaw]:
    """The flaws, with what their repair only makes do nothing, or happen always, told as that."""
    for flaw in list(flaws):
        others, before, number = [one for one in flaws if one is not flaw], repaired(code, flaws), flaw.changes[0][0]
        for kind, old, changes in _plainer(code.units[number], flaw):
            edit = replace(flaw.edits[0], kind=kind, old=old, new="")
            plain = Flaw([edit], [(number, *change) for change in changes])
            after = changes and repaired(code, [*others, plain])
            if after and _nothing_more(before, after, truth) and prove(after, cases):
                flaws = [plain if one is flaw else one for one in flaws]
                break
    return flaws


def _plainer(unit: Unit, flaw: Flaw) -> Iterator[tuple[str, str, list[tuple[int, int, str]]]]:
    """Statements left out, or an `if`: by kind, what is left out and the changes of the text."""
    spans = [(start, end) for _, start, end, _ in flaw.changes if start < end]
    if flaw.edits[0].kind == "extra statement" and not any(text.strip() for *_, text in flaw.changes):
        return  # it is told already
    if spans and len({number for number, *_ in flaw.changes}) == 1:
        changes = left_out(unit, spans)
        gone = (re.sub(r"(?m)[ \t]+#[^'\"\n]*$", "", unit.text[start:end]) for start, end, _ in changes)
        old = "; ".join(text.strip(" \t\n;") for text in gone)
        if not re.search(r"\braise\b", old):  # what only objects to bad input does nothing in a right pass
            yield "extra statement", old, changes
        yield ("no condition", *always(unit, spans))


def _nothing_more(one: Code, other: Code, truth: Truth) -> bool:
    """Whether some code computes all that another does, in its order, with what nobody reads beside it."""
    values, fewer = (Variants(code).run(truth).values for code in (one, other))
    left = iter(values)
    return all(any(same(value, each) for each in left) for value in fewer)


def _of_one_line(units: list[Unit], flaws: list[Flaw]) -> list[Flaw]:
    """Changes of the same line as one flaw, so that its repair is the whole line; statements that move stay alone."""
    found: dict[tuple, Flaw] = {}
    for flaw in flaws:
        number, start, *_ = min(flaw.changes)
        kind, place = flaw.edits[0].kind, units[number].row(min(start, len(units[number].text) - 1))
        key = (number, place, kind == ADDED, "" if not kind.startswith("moved") else id(flaw))
        same = found.setdefault(key, flaw)
        if same is not flaw:
            found[key] = Flaw([*same.edits, *flaw.edits], [*same.changes, *flaw.changes])
    return list(found.values())


def _step(state: Edited, edits: list[Edit]) -> Edited | None:
    """The state after some more edits, None if the text can't be read then."""
    slots = state.code.slots
    steps = [
        Flaw([edit], [(slots[part.slot].unit, *change) for part in edit.parts for change in part.changes])
        for made in edits
        for edit in made.each or (made,)
    ]
    code = repaired(state.code, steps)
    return code and Edited(code, [*state.layers, steps])
