"""Search for a set of edits that makes a backward pass right, and prove it.

An edit counts as progress only when it brings exact values into being: a right matrix, or a right delta at some step.
That an error became smaller is never used. Imports climb, places, repair, variants and truth.
"""

from __future__ import annotations

import ast
import difflib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_teach import guard
from lstm_teach.doctor.climb import CUTTING, Climb
from lstm_teach.doctor.limit import Deadline
from lstm_teach.doctor.local import judge
from lstm_teach.doctor.places import Places, find_places
from lstm_teach.doctor.repair import Bench, Mended, let_end, let_run, mend, sweep
from lstm_teach.doctor.scene import is_docstring
from lstm_teach.doctor.source import Unit, build
from lstm_teach.doctor.statements import candidates
from lstm_teach.doctor.synthesis import synthesize
from lstm_teach.doctor.truth import Case, Truth, make_case, zero_case
from lstm_teach.doctor.variants import Edit, Endless, Outcome, Slot, Variants, find_slots
from lstm_teach.gradcheck import LENGTHS, collect_gradients, exact_gradient, own_case, relative_error
from lstm_teach.params import Params

# What a state has to show, in right values, for one more edit or for trying less likely edits, to go first.
_DEPTH, _STAGE, _TWIN = 4, 4, 8
_CUT = 16  # for an edit that makes values zero in every step
_CHILDREN = 7
_SHARE = 0.85  # of the time is for the search, the rest for proof and report
_ROOT, _BRANCH = 0.12, 0.2  # of the time left, what one state may take before others have their turn,
_TURN = 3.0  # and seconds at most
_AT_ONCE = 700  # edits compiled together
_LIKELY = 8000  # edits to try where some were made already
_SEVERAL = 60  # gaining edits to make together
_TELLS = 2  # right values that an edit must bring into being to be made together with others: one comes by chance
_MOST = 14  # edits in one repair
_ROUNDS = 4  # how often the places are looked for
_FOR_PLACES, _PLACES, _MEND = 0.7, 0.36, 0.8  # of the time left, for all of it, for finding the places, for mending
_SWEEP = 0.8  # of the time left, for a single edit that mends all that is left,
_BESIDE = 0.2  # and where there are places
_SOON = 1.3  # seconds for that before the places are looked for
_NUMBERS = 8  # operations on single numbers of the walk back, from which on it is one entry by entry
_CLIMB = 0.5  # of the time left, for several edits by what becomes right of the gradients
_ALIKE = 0.6  # of the time left, for one edit in the place of several of one kind
_SINGLE = 4  # places at most in which one fault shows, as a rule
_RUNNING = 0.2  # of the time, for an edit with which code that stops with an error goes on
_LOOK_AGAIN, _AGAIN_SECONDS = 0.25, 3.0  # of the time left, at most, for the places in code that was changed already
_SHORT = 6  # the length up to which values are put in
_FAULTS = 8  # statements to put values in: more come by chance


@dataclass
class Step:
    """One applied edit, and what it changes in the text."""

    edit: Edit
    changes: list[tuple[int, int, int, str]]  # unit, start, end, new text: in the learner's own text


@dataclass(eq=False)
class State:
    """The learner's code after some edits."""

    units: list[Unit]
    outcome: Outcome
    steps: list[Step] = field(default_factory=list)
    layers: list[list[Step]] = field(default_factory=list)  # steps that were made at once, in the same text
    stage: int = 0  # how far its edits have been tried
    work: Work | None = None
    doubt: int = 0  # more than zero if a likelier edit had the same effect

    @property
    def cost(self) -> float:
        """Sum of the edits' costs."""
        return sum(step.edit.cost for step in self.steps)


@dataclass
class Flaw:
    """Edits that belong together because their places overlap, as changes of the learner's original text."""

    edits: list[Edit]
    changes: list[tuple[int, int, int, str]]


@dataclass
class Result:
    """What the search found: the repaired units and the edits, in full (`proved`) or as far as it came."""

    units: list[Unit]
    flaws: list[Flaw]
    proved: bool
    tried: int
    seconds: float
    stopped: str = ""
    places: Places | None = None  # where right values in the learner's own code make other things right


def apply(units: list[Unit], slots: list, edits: list[Edit]) -> list[Unit]:
    """The units with the edits made in their text. Raises SyntaxError if the text can't be read then."""
    changes: dict[int, list[tuple[int, int, str]]] = {}
    for edit in edits:
        for part in edit.parts:
            changes.setdefault(slots[part.slot].unit, []).extend(part.changes)
    new = list(units)
    for number, parts in changes.items():
        text = units[number].text
        for start, end, replacement in sorted(set(parts), reverse=True):
            text = text[:start] + replacement + text[end:]
        new[number] = units[number].with_text(text)
    return new


def prove(backward: Callable, units: list[Unit], cases: list[Case], seconds: float = 5.0) -> float | None:
    """Run the units' text, uninstrumented, on all cases: the largest error if every gradient is right, else None."""
    try:
        call = build(backward, units)
    except (SyntaxError, ValueError):
        return None
    return prove_callable(call, cases, seconds)


def prove_callable(call: Callable, cases: list[Case], seconds: float = 5.0) -> float | None:
    """The largest error if a backward pass is right on all cases, called twice each; None if it is not."""
    largest = 0.0
    for case in cases:
        right = exact(case)
        for _ in range(2):
            states = {name: value.copy() for name, value in case.states.items()}
            x, targets, params = case.x.copy(), case.targets.copy(), case.params.copy()
            try:
                with np.errstate(all="ignore"):
                    got = collect_gradients(
                        guard.call(call, params, x, targets, seconds=seconds, **states), case.params
                    )
            except (guard.LearnerError, ValueError, TypeError):
                return None
            if not np.array_equal(params.flat, case.params.flat):
                return None
            for name in Params.NAMES:
                scale = np.linalg.norm(right.flat)
                if np.linalg.norm(got[name] - right[name]) > 1e-13 * scale:
                    error = relative_error(got[name], right[name])
                    if error > 1e-9:
                        return None
                    largest = max(largest, error)
    return max(largest, 1e-16)


_known: dict[int, tuple[Case, Params]] = {}


def exact(case: Case) -> Params:
    """The exact gradient of a case; those of the last cases are kept."""
    if id(case) not in _known or _known[id(case)][0] is not case:
        if len(_known) > 64:
            _known.clear()
        _known[id(case)] = case, exact_gradient(case.params, case.x, case.targets, **case.states)
    return _known[id(case)][1]


def proof_cases(takes: dict[str, bool]) -> list[Case]:
    """The nets on which a repair has to be right: the check's own, others of several sizes, with and without h0, c0."""
    cases = [Case(*own_case(T, takes)) for T in LENGTHS]
    cases += [make_case(T, 40 + T, takes) for T in LENGTHS]
    cases += [make_case(T, 60 + T, takes, vocab_size=3, hidden_size=4) for T in (4, 7)]
    if takes:
        cases += [zero_case(T, 80 + T, takes) for T in (1, 3)]
    return cases


def search(
    backward: Callable,
    units: list[Unit],
    takes: dict[str, bool],
    *,
    lengths: tuple[int, ...] = (3,),
    seconds: float = 20.0,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Look for the smallest set of edits that repairs `units`, for at most `seconds`.

    Without `lengths` the net is the check's own for long sequences.
    """
    begun = time.process_time()
    truths = [Truth(make_case(T, 20 + T, takes)) for T in lengths] or [Truth(Case(*own_case(LENGTHS[-1], takes)))]
    cases = proof_cases(takes)
    bare = Variants(backward, units, [], truths)
    for truth in truths:
        truth.count_forward(bare.seen(bare.run(truth), truth))
    begun_with = State(units, bare.evaluate())
    waiting, best, seen, tried, stopped = [begun_with], begun_with, {_text(units)}, 0, ""
    deadline, turn = Deadline.after(_SHARE * seconds), 0
    both, looked = [truths[0], Truth(make_case(5, 33, takes))], [begun_with]
    found: list[Places] = []
    climb: Climb | None = None

    def done(state: State) -> Result:
        flaws = _needed(backward, units, flaws_of(units, state), cases)
        return Result(rewrite(units, flaws), flaws, True, tried, time.process_time() - begun, stopped)

    def tell(more: int) -> None:
        if progress:
            progress(f"{tried + more} edits tried, 0 made")

    try:
        state, count, proved = begun_with, 0, False
        if begun_with.outcome.error:
            state, count, proved = _made_to_run(backward, begun_with, truths, cases, deadline.part(_RUNNING))
            tried, count = tried + count, 0
            if proved:
                return done(state)
            if state is None:  # every edit would hang as well
                return Result(units, [], False, tried, time.process_time() - begun)
        if truths[0].case.length > _SHORT:
            one, count = _unlimited(backward, begun_with, truths, cases, deadline.part(_RUNNING))
            tried, count = tried + count, 0
            if one is not None:
                return done(one)
        short, swept, first = truths[0].case.length <= _SHORT, False, 0
        if not begun_with.outcome.error and short:
            scene, _ = candidates(backward, units, truths[0])
            # Loops over the entries of arrays are slow, and of single numbers the places tell little.
            numbers = {key for key in scene.back if scene.operations.get(key) == ()}
            elementwise = len(numbers) > _NUMBERS
            soon = deadline.part(min(1.0, _SOON * (1 + 2 * elementwise) / max(deadline.left, 1)))
            climb = Climb(Bench(backward, units, both, deadline, tell))
            one = _proved(backward, begun_with, climb.single(soon), cases)
            swept, first = not soon.over, climb.tried
            one = one or _proved(backward, begun_with, climb.several(deadline.part(_CLIMB)), cases)
            tried += climb.tried
            if one is not None:
                return done(one)
            state = best = _climbed(begun_with, climb, truths[:1])
        if short:  # of a fault that shows in long sequences only the values tell little
            state, count, proved = _by_places(backward, state, both, cases, deadline, progress, found)
        tried += count
        if proved:
            # Several edits may all make up for the same mistake further up, above all if they are of one kind.
            one, count, rest = None, 0, None
            if len(state.steps) > 1 and len({step.edit.kind for step in state.steps}) == 1:
                rest = {"sure": True, "begun": first}
            elif len(state.steps) > 1 and len(state.layers) == 1:
                rest = {"fed": [step.edit.slots for step in state.steps]}
            if rest:
                one, count = _single(backward, begun_with, both, cases, deadline.part(_ALIKE), tell, **rest)
            tried += count
            return done(one or state)
        if short and state is not begun_with and not swept:  # what was made may be beside the point
            one, count = _single(backward, begun_with, both, cases, deadline.part(_ALIKE), tell, True, begun=first)
            tried += count
            if one is not None:
                return done(one)
        if short and (not found or len({put.slot for put in found[-1].puts}) <= _SINGLE):
            # Where there are places, several faults may be left.
            share = deadline.part(_BESIDE if found and found[-1].puts else _SWEEP)
            one, count = None, 0
            if state is not begun_with or not first:
                one, count = _single(backward, state, both, cases, share, tell)
            elif not swept:
                one, count = _single(backward, state, both, cases, share, tell, True, begun=first)
            if one is None and state is begun_with and first and not share.over:
                one, more = _single(backward, state, both, cases, share, tell, False)
                count += more
            tried += count
            if one is not None:
                return done(one)
        if state is not begun_with:
            waiting, best = [state, begun_with], state
            seen.add(_text(state.units))
        while waiting and not stopped:
            # The state with most that is right goes first; the others wait in case it leads nowhere.
            waiting.sort(key=lambda s: -s.outcome.score + _DEPTH * len(s.layers) + _STAGE * s.stage + s.doubt)
            turn += 1
            # Every third turn is for the code as it was: a single edit may repair it after all.
            state = waiting.pop(waiting.index(begun_with) if turn % 3 == 0 and begun_with in waiting else 0)
            if state.steps and state.work is None and len(looked) < _ROUNDS and truths[0].case.length <= _SHORT:
                looked.append(state)
                soon = deadline.part(min(_LOOK_AGAIN, _AGAIN_SECONDS / max(deadline.left, 1)))
                state, count, proved = _by_places(backward, state, both, cases, soon, progress, found)
                tried += count
                if proved:
                    return done(state)
            more, count, proved = _expand(backward, state, truths, cases, deadline, progress)
            tried += count
            if proved:
                return done(min(proved, key=lambda s: s.cost))
            for new in more:
                if _text(new.units) not in seen and len(new.steps) <= _MOST:
                    seen.add(_text(new.units))
                    waiting.append(new)
                if new.outcome.score > best.outcome.score:
                    best = new
            if more is not None and state.stage < _STAGES:
                waiting.append(state)
            if deadline.over:
                stopped = "time"
    except KeyboardInterrupt:
        stopped = "interrupted"
        if best is begun_with and climb is not None:
            best = _climbed(begun_with, climb, truths[:1])
    first = found[0] if found else None
    return Result(best.units, flaws_of(units, best), False, tried, time.process_time() - begun, stopped, places=first)


def _by_places(
    backward: Callable,
    state: State,
    truths: list[Truth],
    cases: list[Case],
    deadline: Deadline,
    progress: Callable[[str], None] | None,
    found: list[Places],
) -> tuple[State, int, bool]:
    """Find the places of the faults and mend them, anew after each round: what is left shows better then.

    Returns the code as far as it was mended, how many runs were made, and whether it is proved. All places come to
    `found`.
    """
    count, but, deadline = 0, set(), deadline.part(_FOR_PLACES)

    def tell(tried: int) -> None:
        if progress:
            progress(f"{count + tried} edits tried, {len(state.steps)} made")

    for _ in range(_ROUNDS):
        tell(0)
        places = find_places(backward, state.units, truths[0], deadline.part(_PLACES), but)
        count += places.tried
        found.append(places)
        if not 0 < len({put.slot for put in places.puts}) <= _FAULTS:
            break
        mended = mend(backward, state.units, truths, places, deadline.part(_MEND), tell)
        count += mended.tried
        best = None
        for edits in _choices(mended):
            new = _step(state, mended.slots, edits, state.outcome)
            if new is None or (best is not None and deadline.over):
                continue
            new.outcome = Variants(backward, new.units, [], truths[:1]).evaluate()
            if new.outcome.right and prove(backward, new.units, cases) is not None:
                return new, count, True
            if best is None or new.outcome.score > best.outcome.score:
                best = new
        left = len({put.slot for put in mended.left})
        trusted = left <= len(mended.edits) + 1  # else the values were put in by chance
        # With all values right elsewhere each edit has shown what it is worth, whatever the faults that are left hide.
        shown = places.complete and left <= len(mended.edits)
        if best is not None and trusted and (shown or best.outcome.score > state.outcome.score):
            state, but = best, set()
        elif mended.left and (trusted or left <= 2):
            but |= {put.slot for put in mended.left}  # the same values may be put in further up or down
        else:
            break
    return state, count, False


def _made_to_run(
    backward: Callable, state: State, truths: list[Truth], cases: list[Case], deadline: Deadline
) -> tuple[State | None, int, bool]:
    """Code that stops with an error, or never ends, after an edit with which it runs; tries; whether it is proved.

    The state as it is where no edit helps, None where it goes on for ever.
    """
    bare = Variants(backward, state.units, [], truths[:1])
    slots, endless, count = bare.slots, isinstance(bare.run(truths[0]).error, Endless), 0
    if endless:
        running = let_end(backward, state.units, truths)
    else:
        slots, running, count = let_run(backward, state.units, truths, deadline, lambda tried: None)
    first = None
    for edit, outcome in running[:_CHILDREN]:
        new = _step(state, slots, [edit], outcome)
        if new is not None and outcome.right and prove(backward, new.units, cases) is not None:
            return new, count, True
        first = first or new
    return first or (None if endless else state), count, False


def _single(
    backward: Callable,
    state: State,
    truths: list[Truth],
    cases: list[Case],
    deadline: Deadline,
    tell: Callable[[int], None],
    sure: bool | None = None,
    fed: Sequence[set[int]] = (),
    begun: int = 0,
) -> tuple[State | None, int]:
    """The state with one more edit that is proved to mend all that is left, wherever it is; how many were tried.

    With `sure` only where all depends that is wrong, or only elsewhere; with `fed` only what these statements read.
    As many as an earlier call has `begun` with are left out.
    """
    mended = sweep(backward, state.units, truths, deadline, tell, sure, fed, begun)
    for edits in _choices(mended):
        new = _step(state, mended.slots, edits, state.outcome)
        if new is not None and prove(backward, new.units, cases) is not None:
            return new, mended.tried
    return None, mended.tried


def _proved(backward: Callable, state: State, sets: Iterator[Mended], cases: list[Case]) -> State | None:
    """The state after the first of these sets of edits that is proved."""
    for mended in sets:
        for edits in _choices(mended):
            new = _step(state, mended.slots, edits, state.outcome)
            if new is not None and prove(backward, new.units, cases) is not None:
                return new
    return None


def _climbed(begun_with: State, climb: Climb, truths: list[Truth]) -> State:
    """The state after the edits that made much right, if there are any."""
    made = climb.so_far()
    new = _step(begun_with, climb.bench.slots, made, begun_with.outcome) if made else None
    if new is not None:
        new.outcome = Variants(climb.backward, new.units, [], truths).evaluate()
    return new or begun_with


def _unlimited(
    backward: Callable, state: State, truths: list[Truth], cases: list[Case], deadline: Deadline
) -> tuple[State | None, int]:
    """One proved edit of what may change long sequences or large numbers only; how many were tried.

    Such are clipping, a walk that is cut off, a fixed size.
    """
    _, every = candidates(backward, state.units, truths[0])
    edits = sorted((edit for edit in every if edit.kind in CUTTING), key=lambda edit: edit.cost)
    variants = Variants(backward, state.units, edits, truths)
    for count, (edit, outcome) in enumerate(variants.evaluate_all(variants.edits), 1):
        new = _step(state, variants.slots, [edit], outcome) if outcome.right else None
        if new is not None and prove(backward, new.units, cases) is not None:
            return new, count
        if deadline.over:
            break
    return None, len(variants.edits)


def _choices(mended: Mended) -> Iterator[list[Edit]]:
    """The edits found, and with each of them replaced by one that does as well here."""
    if mended.edits:
        yield mended.edits
    if not mended.left:
        for number, others in enumerate(mended.others):
            for other in others:
                yield [*mended.edits[:number], other, *mended.edits[number + 1 :]]


def flaws_of(original: list[Unit], state: State) -> list[Flaw]:
    """The edits of a state in the coordinates of the original text, those that overlap taken together."""
    flaws: list[Flaw] = []
    for number, layer in enumerate(state.layers):
        for step in layer:
            new = Flaw([step.edit], list(step.changes))
            touched = []
            # Undo the layers before, the last one first, to find where the changes were in the original text.
            for earlier in reversed(state.layers[:number]):
                undo = sorted({change for other in earlier for change in other.changes}, reverse=False)
                moved = []
                for unit, start, end, text in new.changes:
                    shift, inside = 0, False
                    for u, s, e, t in undo:
                        if u != unit:
                            continue
                        if start >= s + shift + len(t) and not (s == e and start == s + shift):
                            shift += len(t) - (e - s)
                        elif end > s + shift:
                            inside = True
                    touched.append(inside)
                    moved.append((unit, start - shift, end - shift, text))
                new.changes = moved
            if any(touched):
                return _by_lines(original, state)
            flaws.append(new)
    return flaws


def _by_lines(original: list[Unit], state: State) -> list[Flaw]:
    """One flaw a changed line, for edits that overlap."""
    flaws = []
    edits = [step.edit for step in state.steps]
    for number, (old, new) in enumerate(zip(original, state.units, strict=True)):
        a, b = old.text.splitlines(keepends=True), new.text.splitlines(keepends=True)
        for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            same = i2 - i1 == j2 - j1
            rows = [(i1 + k, i1 + k + 1, j1 + k, j1 + k + 1) for k in range(i2 - i1)] if same else [(i1, i2, j1, j2)]
            for s, e, u, v in rows:
                text = "".join(b[u:v])
                own = [edit for edit in edits if any(c in text for _, _, c in edit.parts[-1].changes if c.strip())]
                flaws.append(Flaw(own or edits[:1], [(number, old.line_start(s), old.line_start(e), text)]))
    return flaws


def rewrite(units: list[Unit], flaws: list[Flaw]) -> list[Unit]:
    """The original units with the changes of these flaws."""
    new = list(units)
    for number, unit in enumerate(units):
        text = unit.text
        for _, start, end, replacement in sorted(
            {change for flaw in flaws for change in flaw.changes if change[0] == number}, reverse=True
        ):
            text = text[:start] + replacement + text[end:]
        if text != unit.text:
            new[number] = unit.with_text(text)
    return new


def _needed(backward: Callable, units: list[Unit], flaws: list[Flaw], cases: list[Case]) -> list[Flaw]:
    """Leave out the edits without which everything is right as well."""
    for flaw in list(flaws):
        fewer = [other for other in flaws if other is not flaw]
        try:
            if fewer and prove(backward, rewrite(units, fewer), cases) is not None:
                flaws = fewer
        except (SyntaxError, StopIteration):
            continue
    return flaws


def _text(units: list[Unit]) -> str:
    return "\0".join("\n".join(line.rstrip() for line in unit.text.splitlines() if line.strip()) for unit in units)


_WIDE = ("term", "factor", "wrong name", "moved", "target", "missing statement", "tanh", "square", "order")

_LATER = (
    "initial value",
    "copy",
    "assignment",
    "target",
    "end",
    "extra statement",
)  # what such an edit does shows in later statements only


# Edits that bring right values into being by chance, in places where nobody needs them: a whole matrix must come right.
_DOUBTFUL = ("moved", "moved in", "moved out", "missing statement")


def suspects(variants: Variants) -> tuple[list[int], list[int]]:
    """Slots in the order in which they first compute something unknown; and slots that compute what another does too.

    A slot that the run never reached counts as suspect as well, after the others.
    """
    first: dict[int, int] = {}
    keys: dict[int, list[int]] = {}
    reached: set[int] = set()
    count = 0
    for truth in variants.truths:
        for slot, found in variants.events(variants.run(truth), truth):
            count += 1
            reached.add(slot)
            if found == 0 or (found > 0 and not found & ~truth.unfinished):
                first.setdefault(slot, count)
            elif found > 0:
                keys.setdefault(found, []).append(slot)
    ordered = sorted(first, key=first.get)
    fine = _finished(variants, set(first), reached - set(first))
    ordered = [slot for slot in ordered if slot not in fine] or ordered
    twins = {slot for slots in keys.values() if len(set(slots)) > 1 for slot in slots}
    written = [s.number for s in variants.slots if s.kind == "statement" and not is_docstring(s.node)]
    unreached = [number for number in written if number not in reached]
    return ordered + unreached, sorted(twins - set(ordered))


def _right_slots(variants: Variants) -> set[int]:
    """Slots whose first result was a right quantity."""
    first: dict[int, bool] = {}
    for truth in variants.truths:
        for slot, found in variants.events(variants.run(truth), truth):
            first.setdefault(slot, found > 0 and bool(found & truth.counted))
    return {slot for slot, right in first.items() if right}


def _names(slot: Slot) -> tuple[set[str], set[str]]:
    """Names that a statement assigns, and names that it reads."""
    targets: list[ast.AST] = []
    if isinstance(slot.node, ast.Assign):
        targets = list(slot.node.targets)
    elif isinstance(slot.node, ast.AugAssign):
        targets = [slot.node.target]
    indices = {id(n) for t in targets for s in ast.walk(t) if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}
    set_ = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and id(n) not in indices}
    value = getattr(slot.node, "value", None)
    if isinstance(slot.node, ast.Return) or isinstance(value, ast.Tuple | ast.List | ast.Dict):
        return set_, set()  # one right thing among several says nothing of the others
    return set_, {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} if value is not None else set()


def _finished(variants: Variants, unknown: set[int], known: set[int]) -> set[int]:
    """Unknown values that are only half-way: a later statement makes something right of them."""
    fine: set[int] = set()
    names = {s.number: _names(s) for s in variants.slots if s.number in unknown | known}
    while True:
        more = {
            number
            for number in unknown - fine
            if names[number][0]
            and any(reader > number and names[number][0] & names[reader][1] for reader in known | fine)
        }
        if not more:
            return fine
        fine |= more


def feeders(variants: Variants, numbers: list[int]) -> set[int]:
    """Statements that assign a name which these statements read: a right value may have come to the wrong place."""
    slots = [slot for slot in variants.slots if slot.kind == "statement"]
    read = set().union(*(_names(variants.slots[number])[1] for number in numbers), set())
    return {slot.number for slot in slots if _names(slot)[0] & read}


@dataclass
class Work:
    """What is known of a state's code, and the candidate edits still to be tried there, in stages."""

    slots: list[Slot]
    base: Outcome
    seen: int  # right quantities that the code computes as it stands
    unknown: set[int]  # slots that compute something unknown
    near: set[int]  # slots where something unknown is computed first, and those that feed them
    right: set[int]
    stages: list[list[Edit]]
    judged: list[bool] = field(default_factory=lambda: [False] * _STAGES)
    sure: set[int] = field(default_factory=set)  # edits (their id) by which an unknown value becomes a known one


def _look(backward: Callable, state: State, truth: Truth, deadline: Deadline) -> Work:
    """Sort all candidate edits of a state into the order in which to try them."""
    slots = find_slots(state.units)
    bare = Variants(backward, state.units, [], [truth])
    ordered, twins = suspects(bare)
    near = set(ordered[:4]) | feeders(bare, ordered[:2])
    wide = near | set(ordered[:10]) | set(twins)
    kinds = {s.number: s.kind for s in slots}
    stages: list[list[Edit]] = [[] for _ in range(_STAGES)]
    scene, every = candidates(backward, state.units, truth)
    base = bare.evaluate()
    right = _right_slots(bare)
    written = synthesize(backward, state.units, scene, truth, base.bits, right, min(1.0, max(0.2, deadline.left)))
    for edit in every[:_LIKELY] if state.steps else every:
        own = {slot for slot in edit.slots if kinds[slot] != "gap"} or edit.slots
        common = edit.kind not in _WIDE
        # What a call alone (`steps.append(...)`) or a return hands on shows where it is used.
        call = edit.cost < 1.9 and any(isinstance(slots[slot].node, ast.Expr | ast.Return) for slot in own)
        here = len(edit.parts) == 1 and kinds[edit.parts[0].slot] != "head" and edit.parts[0].code.strip()
        if here and not call and edit.kind not in _LATER:
            stages[0 if own & near or (common and own & wide) else 2].append(edit)
        elif (
            own & near
            or call
            or edit.kind in _LATER
            or (common and (own & wide or any(kinds[s] == "head" for s in own)))
        ):
            stages[1].append(edit)
        elif common or own & wide:
            stages[3].append(edit)
        else:
            stages[4].append(edit)
    stages[1] = written + stages[1]
    return Work(slots, base, base.bits, set(ordered), near, right, stages)


_STAGES = 5
_JUDGED = (0, 2)  # stages whose edits are judged where they stand before the whole pass is run
_MOST_RUNS = 300


def _promising(backward: Callable, state: State, truth: Truth, deadline: Deadline) -> list[Edit]:
    """The edits of this stage that compute a right quantity which was missing; the others are put off."""
    work = state.work
    edits = work.stages[state.stage]
    judged = judge(backward, state.units, edits, truth, min(3.0, max(0.5, deadline.left)))
    kept: list[tuple[float, Edit]] = []
    for number, edit in enumerate(edits):
        local, near = judged.get(number), bool(edit.slots & work.near)
        new = (local.bits & truth.counted & ~work.seen).bit_count() if local else 0
        known = local is not None and local.times and local.known == local.times and not edit.slots & work.right
        if known and edit.slots & work.unknown:
            work.sure.add(id(edit))
        if new or known:
            kept.append((edit.cost - 0.2 * min(new, 5) - near, edit))
        elif near and (local is None or local.known == 0):
            work.stages[3].append(edit)
        else:
            work.stages[4].append(edit)
    kept.sort(key=lambda pair: pair[0])
    work.stages[4] += [edit for _, edit in kept[_MOST_RUNS:]]
    return [edit for _, edit in kept[:_MOST_RUNS]]


def _expand(
    backward: Callable,
    state: State,
    truths: list[Truth],
    cases: list[Case],
    deadline: Deadline,
    progress: Callable[[str], None] | None,
) -> tuple[list[State], int, list[State]]:
    """The next edits of a state: states with progress, how many edits were tried, states that are proved."""
    if state.work is None:
        state.work = _look(backward, state, truths[0], deadline)
    work, slots, base = state.work, state.work.slots, state.work.base
    gains: list[tuple[Edit, Outcome]] = []
    solved: list[tuple[Edit, Outcome]] = []
    count = 0
    # A single edit that repairs everything is looked for to the end before two are; later the likely ones go together.
    last = max(2, state.stage) if state.steps else _STAGES - 1
    turn = deadline.part(min(_BRANCH if state.steps else _ROOT, _TURN / max(deadline.left, 1)))
    while state.stage <= last and not solved and not turn.over:
        batch = work.stages[state.stage]
        if state.stage in _JUDGED and not work.judged[state.stage]:
            count += len(batch)
            batch = _promising(backward, state, truths[0], deadline)
            work.judged[state.stage] = True
        some, work.stages[state.stage] = batch[:_AT_ONCE], batch[_AT_ONCE:]
        if not work.stages[state.stage]:
            state.stage += 1
        variants = Variants(backward, state.units, some, truths)
        for edit, outcome in variants.evaluate_all(variants.edits):
            count += 1
            if outcome.right:
                solved.append((edit, outcome))
            elif outcome.score > base.score:
                gains.append((edit, outcome))
            elif outcome.score == base.score and id(edit) in work.sure:
                gains.append((edit, replace(outcome, score=base.score + 1)))
            if progress and count % 50 == 0:
                progress(f"{count} edits tried, {len(state.steps)} made")
            if deadline.over:
                break
    proved = []
    for edit, outcome in sorted(solved, key=lambda item: item[0].cost)[:12]:
        if proved and deadline.over:
            break
        if edit.slots & work.right:  # its result was right; that another edit there makes up for a fault is less likely
            edit = replace(edit, cost=edit.cost + 1)
        new = _step(state, slots, [edit], outcome)
        if new is not None and prove(backward, new.units, cases) is not None:
            proved.append(new)
    if proved:
        return [], count, proved

    def cuts(outcome: Outcome) -> bool:
        return outcome.zeros >= base.zeros + truths[0].case.length

    gains.sort(key=lambda item: (-item[1].score + (_CUT if cuts(item[1]) else 0), item[0].cost))
    # Edits with the same effect are one and the same idea: the likeliest of them stands for the others.
    alike = Counter()
    states: list[State] = []
    for edit, outcome in gains:
        if alike[outcome.bits] < 2 and len(states) < _CHILDREN:
            new = _step(state, slots, [edit], outcome)
            if new is not None:
                new.doubt = state.doubt + _TWIN * alike[outcome.bits] + (_CUT if cuts(outcome) else 0)
                states.append(new)
        alike[outcome.bits] += 1
    # Several independent flaws show as several edits, each a gain of its own: make as many as add up.
    alike.clear()
    several = []
    for edit, outcome in gains:
        if alike[outcome.bits] < 2 and len(several) < _SEVERAL:
            several.append((edit, outcome))
        alike[outcome.bits] += 1
    variants = Variants(backward, state.units, [edit for edit, _ in several], truths)
    for first in range(min(2, len(several) - 1)):
        together, outcome = _together(variants, several, first, deadline)
        if len(together) > 1:
            new = _step(state, slots, together, outcome)
            if new is not None and outcome.right and prove(backward, new.units, cases) is not None:
                return [], count, [new]
            if new is not None:
                new.doubt = state.doubt
                states.append(new)
    return states, count, []


def _together(
    variants: Variants, gains: list[tuple[Edit, Outcome]], first: int, deadline: Deadline
) -> tuple[list[Edit], Outcome]:
    """Make gaining edits one after the other, each time the one that adds most, as long as it tells."""
    total = variants.truths[0].total  # bits from here on are whole matrices
    edits, outcome = [gains[first][0]], gains[first][1]
    while not deadline.over:
        best = None
        for edit, alone in gains:
            if any(edit.slots & other.slots for other in edits) or not alone.bits & ~outcome.bits:
                continue
            both = variants.evaluate([*edits, edit])
            if edit.kind in _DOUBTFUL and not both.bits >> total & ~(outcome.bits >> total):
                continue
            if both.score >= outcome.score + _TELLS and (best is None or both.score > best[1].score):
                best = edit, both
        if best is None:
            break
        edits, outcome = [*edits, best[0]], best[1]
    return edits, outcome


def _step(state: State, slots: list, edits: list[Edit], outcome: Outcome) -> State | None:
    """The state after some more edits, None if the text can't be read then."""
    try:
        units = apply(state.units, slots, edits)
    except (SyntaxError, StopIteration):
        return None
    steps = [
        Step(edit, [(slots[part.slot].unit, *change) for part in edit.parts for change in part.changes])
        for made in edits
        for edit in made.each or (made,)
    ]
    return State(units, outcome, [*state.steps, *steps], [*state.layers, steps])
