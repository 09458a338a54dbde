"""Search for a set of edits that makes a backward pass right, and prove it.

An edit counts as progress only when it brings exact values into being: a right matrix, or a right delta at some step.
That an error became smaller is never used. Imports bench, climb, proof, variants and truth.
"""

import difflib
import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from lstm_teach.doctor.bench import Bench
from lstm_teach.doctor.climb import Climb
from lstm_teach.doctor.code import Change, Code
from lstm_teach.doctor.fuel import Deadline
from lstm_teach.doctor.kinds import ADDED, MOVED
from lstm_teach.doctor.leaving import always, left_out
from lstm_teach.doctor.proof import proof_cases, prove
from lstm_teach.doctor.rungs import Made
from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import Case, Truth, make_case
from lstm_teach.doctor.values import mark
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
    """Edits that belong together, as changes of a text: of the learner's, or while searching of what others made."""

    edits: list[Edit]
    changes: list[Change]  # unit, start, end, new text


@dataclass(eq=False)
class Result:
    """The learner's code without some flaws: without any (`proved`), or as far as the search came."""

    code: Code
    flaws: list[Flaw] = field(default_factory=list)
    proved: bool = False
    tried: int = 0
    seconds: float = 0.0
    stopped: str = ""
    elsewhere: dict[int, tuple[int, ...]] = field(default_factory=dict)  # by an edit's id, lines that would do as well


def search(
    code: Code, takes: dict[str, bool], length: int | None, steps: int, seconds: float | None, show: Callable
) -> Result:
    """Look for the smallest set of edits that repairs `code`, for at most so many `steps` (see fuel) and `seconds`.

    Without a `length` of the sequence the net is the check's own for long ones. `show` is given what is being done.
    """
    begun, climbs, stopped = time.process_time(), [], ""
    truth = Truth(make_case(length, 20 + length, takes) if length else Case(*own_case(LENGTHS[-1], takes)))
    cases, deadline = proof_cases(takes), Deadline.after(_SHARE * steps, seconds)
    state = begun_with = Result(code)

    def tell() -> None:
        show(f"{sum(climb.tried for climb in climbs)} edits tried")

    def climb_from(state: Result) -> Climb:
        climbs.append(Climb(Bench(state.code, truth), tell))
        return climbs[-1]

    def found(state: Result, climb: Climb, soon: Deadline) -> Result | None:
        """What is proved with a single edit, looked for until `soon`, or with several."""
        one = _proved(state, climb.single(soon), cases)
        return one or _proved(state, climb.several(deadline.part(_PART)), cases)

    def result(state: Result, proved: bool) -> Result:
        flaws, made = state.flaws, repaired(code, state.flaws)
        if made is None or made.text != state.code.text:  # some of them are changes of what others have made
            flaws = _by_lines(code.units, state)
        flaws = _of_one_line(code.units, _needed(code, flaws, cases) if proved else flaws)
        flaws = _plainly(code, flaws, cases, truth) if proved else flaws
        tried, spent = sum(climb.tried for climb in climbs), time.process_time() - begun
        return Result(repaired(code, flaws), flaws, proved, tried, spent, stopped, state.elsewhere)

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
        if one and len(one.flaws) > 2:  # one edit that was not tried yet may repair everything as well
            one = _proved(begun_with, climb.single(deadline.within(_MORE)), cases) or one
        if one:
            return result(one, True)
        if deadline.over:
            stopped = "seconds" if deadline.late else "steps"
    except KeyboardInterrupt:
        stopped = "interrupted"
    return result(state if state is not begun_with or not climbs else _climbed(begun_with, climbs[0]), False)


def _proved(state: Result, sets: Iterator[Made], cases: list[Case]) -> Result | None:
    """The state after the first of these sets of edits that is proved, as it is or with another in place of one."""
    for repair in sets:
        others = ((number, other) for number, alike in enumerate(repair.others) for other in alike)
        replaced = ([*repair.edits[:number], other, *repair.edits[number + 1 :]] for number, other in others)
        for edits in itertools.chain([repair.edits], replaced):
            if new := _step(state, edits, cases):
                if not state.flaws:  # else the lines are not those of the learner's text
                    new.elsewhere = _elsewhere(state, repair, edits, cases)
                return new
    return None


def _elsewhere(state: Result, repair: Made, edits: list[Edit], cases: list[Case]) -> dict[int, tuple[int, ...]]:
    """For each of the edits, by its id, other lines of which a change is proved as well."""

    def line(edit: Edit) -> int:
        part = edit.parts[0]
        return state.code.units[state.code.slots[part.slot].unit].line_number(part.changes[0][0])

    found: dict[int, tuple[int, ...]] = {}
    for number, edit in enumerate(edits):
        others: dict[int, list[Edit]] = {}
        for other in (repair.edits[number], *repair.others[number]):
            if line(other) != line(edit) and len(other.parts) == 1 and other.kind not in ADDED:
                others.setdefault(line(other), [*edits[:number], other, *edits[number + 1 :]])
        tried = itertools.islice(others.items(), _OTHER_LINES)
        proved = tuple(where for where, changed in tried if _step(state, changed, cases))
        found |= {id(one): proved for one in edit.each or (edit,)}
    return found


def _climbed(begun_with: Result, climb: Climb) -> Result:
    """The state after the edits that made much right, if there are any."""
    made = climb.so_far()
    return (_step(begun_with, made) if made else None) or begun_with


def _step(state: Result, edits: list[Edit], cases: Iterable[Case] = ()) -> Result | None:
    """The state after some more edits, None if the text can't be read then, or is wrong in one of the cases."""
    slots = state.code.slots
    new = [
        Flaw([edit], [(slots[part.slot].unit, *change) for part in edit.parts for change in part.changes])
        for made in edits
        for edit in made.each or (made,)
    ]
    code = repaired(state.code, new)
    if code is None or (cases and not prove(code, cases)):
        return None
    return Result(code, [*state.flaws, *new])


def _by_lines(original: list[Unit], state: Result) -> list[Flaw]:
    """One flaw a changed line, for edits that were made one upon the other."""
    flaws, edits = [], [edit for flaw in state.flaws for edit in flaw.edits]
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


def without(flaws: list[Flaw], flaw: Flaw) -> list[Flaw]:
    """All but one."""
    return [other for other in flaws if other is not flaw]


def _needed(code: Code, flaws: list[Flaw], cases: list[Case]) -> list[Flaw]:
    """Leave out the edits without which everything is right as well."""
    for flaw in list(flaws):
        fewer = without(flaws, flaw)
        if fewer and (still := repaired(code, fewer)) and prove(still, cases):
            flaws = fewer
    return flaws


def _plainly(code: Code, flaws: list[Flaw], cases: list[Case], truth: Truth) -> list[Flaw]:
    """The flaws, with what their repair only makes do nothing, or happen always, told as that."""
    for flaw in list(flaws):
        before, number = repaired(code, flaws), flaw.changes[0][0]
        for kind, old, changes in _plainer(code.units[number], flaw):
            edit = replace(flaw.edits[0], kind=kind, old=old, new="")
            plain = Flaw([edit], [(number, *change) for change in changes])
            after = changes and repaired(code, [*without(flaws, flaw), plain])
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
    runs = (Variants(code).run(truth).values for code in (one, other))
    left, fewer = (iter([mark(value) for value in values if value is not None]) for values in runs)
    return all(value in left for value in fewer)


def _of_one_line(units: list[Unit], flaws: list[Flaw]) -> list[Flaw]:
    """Changes of the same line as one flaw, so that its repair is the whole line; statements that move stay alone."""
    found: dict[tuple, Flaw] = {}
    for flaw in flaws:
        number, start, *_ = min(flaw.changes)
        kind, place = flaw.edits[0].kind, units[number].row(min(start, len(units[number].text) - 1))
        key = (number, place, kind in ADDED, id(flaw) if kind in MOVED else "")
        together = found.setdefault(key, Flaw([], []))
        together.edits += flaw.edits
        together.changes += flaw.changes
    return list(found.values())
