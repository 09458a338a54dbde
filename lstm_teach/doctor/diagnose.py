"""diagnose(): is this backward pass right, and if not, which line is wrong? Imports the rest of the doctor."""

from __future__ import annotations

import difflib
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_teach import guard, validate
from lstm_teach.doctor import causes
from lstm_teach.doctor.build import build
from lstm_teach.doctor.fuel import STEPS
from lstm_teach.doctor.report import Diagnosis, Finding
from lstm_teach.doctor.search import Flaw, Result, exact, proof_cases, prove_callable, rewrite, search
from lstm_teach.doctor.source import NoSource, Unit, learner_functions, whole_text
from lstm_teach.doctor.suspects import Suspects, feeders, same, suspects
from lstm_teach.doctor.truth import FORWARD, Case, Key, Truth, make_case, zero_case
from lstm_teach.doctor.values import usable
from lstm_teach.doctor.variants import Endless, Variants, gradients, right_matrices
from lstm_teach.gradcheck import LENGTHS, Backward, check_gradients, collect_gradients, own_case, states_taken
from lstm_teach.gradreport import GradientReport, listing, relative_error, verdict
from lstm_teach.params import Params

_ADDED = ("missing statement", "step of a loop", "no return")  # kinds of edits that put a line where none was
_WITHOUT = {
    "step of a loop": "Without it the function never ends.",
    "no return": "Without it the function returns nothing.",
}
_CALL = 5.0  # seconds that one call may take


def diagnose(
    backward: Backward, *, seconds: float | None = None, steps: int = STEPS, progress: bool = True
) -> Diagnosis:
    """Find out whether a backward pass is right and, if not, which line is wrong, with a repair that is proved.

    `backward(params, x, targets)` is any function that `check_gradients` takes, in any style of writing. Its source is
    read from the notebook cell or file where it was defined, with the helper functions that it calls. The search for a
    repair takes at most so many `steps` (see `doctor.fuel`), so that the same source gets the same answer on every
    machine, and at most `seconds` of computing time, if given; interrupting it (the stop button, Ctrl-C) returns what
    was found so far. `progress` shows a line that says what is being tried, in a notebook or a terminal.

    A repair counts only if the repaired function returns the exact gradient for all lengths and several nets. The
    learner's functions are called with copies, under a time limit, and changed versions of them without access to
    files. Raises TypeError or ValueError only for bad arguments of its own.
    """
    if not callable(backward):
        raise TypeError(f"backward must be a function backward(params, x, targets), got {validate.brief(backward)}.")
    if seconds is not None:
        seconds = validate.finite_number("seconds", seconds, positive=True)
    steps = int(validate.finite_number("steps", steps, positive=True))
    name = getattr(backward, "__name__", type(backward).__name__)
    report = check_gradients(backward, seconds=_CALL)
    with warnings.catch_warnings():  # what Python says of hundreds of changed versions is not for the learner
        warnings.simplefilter("ignore")
        return _diagnosis(backward, name, report, steps, seconds, progress)


def _diagnosis(
    backward: Backward, name: str, report: GradientReport, steps: int, seconds: float | None, progress: bool
) -> Diagnosis:
    takes = states_taken(backward)
    findings = [_problem(problem) for problem in report.problems]
    if report.passed and prove_callable(backward, proof_cases(takes)) is not None:
        return Diagnosis(name, report)

    endless = hangs = False
    try:
        units, no_source = learner_functions(backward), None
        _check_compiles(backward, units)
        if report.problems:
            endless, hangs = _endless(backward, units, takes)
        if not endless:
            _check_source(backward, units, takes)
    except NoSource as error:
        no_source = error
    ladder = dict(report.errors_by_length)
    zero = _ladder(backward, [zero_case(T, T, takes) for T in LENGTHS]) if takes and not endless else {}
    notes = _ladder_notes(report, ladder, zero, takes)
    if no_source:
        finding = Finding("", "", "", None, None, "", f"The source can't be searched: {no_source}", "", "")
        return Diagnosis(name, report, (*findings, finding), None, ladder, zero, tuple(notes))
    if hangs:
        notes.append("It does not end, so no repair was looked for.")
        return Diagnosis(name, report, tuple(findings), None, ladder, zero, tuple(notes))

    show = _Progress() if progress and _watched(sys.stdout) else None
    try:
        lengths = (3,) if endless else _lengths(backward, takes)
        result = search(backward, units, takes, lengths=lengths, steps=steps, seconds=seconds, progress=show)
    finally:
        if show:
            show.close()
    found = _findings(backward, units, result, takes)
    if not result.proved:
        more, known = _known(backward, units if not found else result.units, takes)
        notes += known
        found += more if not found else []
        if result.stopped == "interrupted":
            notes.append("The search was interrupted; this is the best so far.")
        elif result.stopped == "steps":
            notes.append("The search stopped at its limit; `steps=` gives it more.")
    return Diagnosis(
        name,
        report,
        (*findings, *found),
        whole_text(units, result.units) if result.proved else None,
        ladder,
        zero,
        tuple(notes),
        result.seconds,
        result.tried,
    )


def _problem(sentence: str) -> Finding:
    """What the check found besides wrong numbers."""
    return Finding("", "", "", None, None, "", sentence, "", "The gradient check itself saw it, before any comparison.")


def _endless(backward: Backward, units: list[Unit], takes: dict[str, bool]) -> tuple[bool, bool]:
    """Whether the function never ends; and whether in something whose turns are not counted (no loop, no call)."""
    variants, truth = Variants(backward, units, [], []), Truth(make_case(3, 23, takes))
    try:
        error = guard.call(variants.run, truth, seconds=_CALL).error
    except guard.LearnerError:
        return True, True
    return isinstance(error, Endless), False


def _lengths(backward: Backward, takes: dict[str, bool]) -> tuple[int, ...]:
    """Length of the sequence to search with: 3 where the fault shows there, else the first at which it does.

    None if it shows in none of the nets that are tried: then it needs the large gradients of the check's own long one.
    """
    for T in (3, 2, 6, 1, 4, 12, 20):
        if prove_callable(backward, [make_case(T, 20 + T, takes)]) is None:
            return (T,)
    return ()


def _ladder(backward: Callable, cases: list[Case]) -> dict[int, dict[str, float]]:
    ladder = {}
    for case in cases:
        begun = time.monotonic()
        right, got = exact(case), _call(backward, case)
        if got is None and time.monotonic() - begun > _CALL:
            break  # it does not end, and would not at another length
        if got is not None:
            ladder[case.length] = {n: _error(got[n], right[n], right) for n in Params.NAMES}
    return ladder


def _error(got: np.ndarray, right: np.ndarray, whole: Params) -> float:
    return 0.0 if np.linalg.norm(got - right) <= 1e-13 * np.linalg.norm(whole.flat) else relative_error(got, right)


def _call(function: Callable, case: Case) -> dict[str, np.ndarray] | None:
    states = {name: value.copy() for name, value in case.states.items()}
    try:
        with np.errstate(all="ignore"):
            args = case.params.copy(), case.x.copy(), case.targets.copy()
            return collect_gradients(guard.call(function, *args, seconds=_CALL, **states), case.params)
    except (guard.LearnerError, ValueError, TypeError):
        return None


def _ladder_notes(report: GradientReport, ladder: dict, zero: dict, takes: dict[str, bool]) -> list[str]:
    """What the ladder alone tells: from which T on, and which matrices."""
    if not ladder:
        return []
    wrong = {T: [n for n, e in errors.items() if verdict(e) != "right"] for T, errors in ladder.items()}
    first = next((T for T, names in wrong.items() if names), None)
    right = [n for n in Params.NAMES if not any(n in names for names in wrong.values())]
    notes = []
    if first == 1:
        notes.append(f"It shows at T = 1 already (d{', d'.join(wrong[1])}): nothing has been carried there yet.")
    elif first:
        where = "carried from step to step, or added up over the steps"
        if len(wrong[first]) == 9:
            where = "common to all nine: the loss, a factor, a limit"
        notes.append(f"All nine are right at T = 1; it shows from T = {first} on: look at what is {where}.")
    if right and len(right) < 9:
        notes.append(f"Right at every length, so ruled out: d{', d'.join(right)}.")
    if (
        zero
        and first
        and first <= 6
        and not any(verdict(e) != "right" for errors in zero.values() for e in errors.values())
    ):
        notes.append("From a zero initial state all is right: the fault is in what is read at t = 0.")
    return notes


def _check_compiles(backward: Backward, units: list[Unit]) -> None:
    try:
        build(backward, units)
    except (SyntaxError, ValueError) as error:
        raise NoSource(f"its text can't be compiled by itself ({error}).") from None


def _check_source(backward: Backward, units: list[Unit], takes: dict[str, bool]) -> None:
    """Raise NoSource unless the text that was read does what the function does.

    What depends on the numbers that `np.empty` happens to hold can't be compared.
    """
    case = make_case(3, 23, takes)
    first, *texts = (
        _call(function, case) for function in (backward, *(build(backward, units, unread=u) for u in (False, True)))
    )
    if _equal(*texts) and not _equal(first, texts[0]):
        raise NoSource(
            "its text, run by itself, returns something else. Was the file changed after it was loaded, does a "
            "decorator change the result, or does it read a file on its way to the result?"
        )


def _equal(one: Params | None, other: Params | None) -> bool:
    """Whether two gradients are equal, or both are missing."""
    if one is None or other is None:
        return one is other
    return all(np.allclose(one[n], other[n], rtol=1e-9, atol=1e-12) for n in Params.NAMES)


def _watched(stream: Any) -> bool:
    """Whether somebody looks on: at a terminal or in a notebook, but not at a log that is captured."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel")


class _Progress:
    """A line that says how far the search is; it is wiped at the end."""

    def __init__(self) -> None:
        self.shown = False

    def __call__(self, text: str) -> None:
        print(f"\rLooking for the fault: {text}        ", end="", flush=True)
        self.shown = True

    def close(self) -> None:
        if self.shown:
            print("\r" + " " * 70 + "\r", end="", flush=True)


def _findings(backward: Backward, units: list[Unit], result: Result, takes: dict[str, bool]) -> list[Finding]:
    """The flaws as findings, in the order in which the walk back meets them."""
    truth = Truth(make_case(3, 23, takes))
    flaws = result.flaws if result.proved else _telling(backward, units, result.flaws, truth)
    repaired = rewrite(units, flaws)
    found = []
    for flaw in flaws:
        others = [other for other in flaws if other is not flaw]
        try:
            alone = rewrite(units, others)
        except (SyntaxError, StopIteration):
            alone = units
        elsewhere = result.elsewhere.get(id(flaw.edits[0]), ()) if result.proved else ()
        found.append(_finding(backward, units, flaw, alone, repaired, truth, takes, result.proved, elsewhere))
    found.sort(key=lambda pair: pair[0])
    return [finding for _, finding in found]


def _telling(backward: Backward, units: list[Unit], flaws: list[Flaw], truth: Truth) -> list[Flaw]:
    """Of edits that are not proved, those that bring many right values into being: one or two may come by chance."""

    def score(chosen: list[Flaw]) -> int:
        return Variants(backward, rewrite(units, chosen), [], [truth]).evaluate().score

    kept = []
    for flaw in flaws:
        try:
            if score(flaws) - score([other for other in flaws if other is not flaw]) >= _TELLING:
                kept.append(flaw)
        except (SyntaxError, StopIteration):
            continue
    return kept


_TELLING = 6


def _finding(
    backward: Backward,
    units: list[Unit],
    flaw: Flaw,
    alone: list[Unit],
    repaired: list[Unit],
    truth: Truth,
    takes: dict[str, bool],
    proved: bool,
    elsewhere: tuple[int, ...],
) -> tuple[tuple, Finding]:
    """One flaw as a finding, with its place in the order of the walk back. `alone` has this flaw and no other."""
    number, start, _, _ = min(flaw.changes, key=lambda change: (not change[3].strip(), change[1]))
    if len(flaw.changes) == 2 and flaw.edits[0].kind.startswith("moved"):
        number, start, _, _ = next((c for c in flaw.changes if not c[3].strip()), flaw.changes[0])
    unit = units[number]
    row = unit.row(min(start, len(unit.text) - 1))
    lines = unit.text.splitlines()
    if flaw.edits[0].kind in _ADDED and row:
        above = range(row if start < len(unit.text) else len(lines))
        row = max((k for k in above if lines[k].split("#")[0].strip()), default=row)
    code = lines[row].strip() if row < len(lines) else ""
    repair = _repair(units, flaw, number, row)
    place, key, order = _first_gone(backward, alone, repaired, truth)
    quantity, gate, path, step = causes.describe_key(key) if key else ("", "", "", None)
    evidence = (
        _evidence(backward, flaw, alone, takes, units != alone) if proved else _gained(backward, alone, repaired, truth)
    )
    elsewhere = tuple(line for line in elsewhere if line != unit.first_line + row)
    if elsewhere:
        evidence += f" A change of line {' or of line '.join(map(str, elsewhere))} would do as well."
    edit = flaw.edits[0]
    # Of edits made one upon the other the later ones quote what the earlier ones wrote, and not the learner's text.
    rows = "\n".join(lines[row : 1 + max(unit.row(change[2] - 1) for change in flaw.changes if change[0] == number)])
    lines_anew = all(change[3].endswith("\n") for change in flaw.changes) and edit.kind not in _ADDED
    own = not lines_anew or all(each.old.strip() in rows for each in flaw.edits)
    cause = " ".join(map(causes.cause, flaw.edits)) if own else f"`{code}` is not what belongs here."
    finding = Finding(
        quantity,
        gate,
        path,
        step,
        unit.first_line + row,
        code,
        "Not proved: " * (not proved) + cause,
        repair,
        evidence,
        causes.idea(edit) if own else causes.IDEAS["equation"],
        proved,
        truth.case.length,
        "remove" if not repair else "add" if edit.kind in _ADDED else "replace",
        elsewhere,
        _helper(units, number),
    )
    return (order, unit.first_line + row, place), finding


def _helper(units: list[Unit], number: int) -> str:
    """The name of the helper that a unit is; "" for the function that was given, a lambda and a constant."""
    name = units[number].function.__name__
    return name if number and not units[number].constants and name.isidentifier() else ""


def _repair(units: list[Unit], flaw: Flaw, number: int, row: int) -> str:
    """The line that should stand there instead."""
    edit = flaw.edits[0]
    before = units[number].text.splitlines()
    after = rewrite(units, [flaw])[number].text.splitlines()
    changed = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            changed.append((i1, i2, [line.strip() for line in after[j1:j2]]))
    if edit.kind.startswith("moved"):
        target = next((i1 for i1, _, lines in changed if lines), None)
        if target is not None:
            neighbor = before[target].strip() if target < len(before) else ""
            where = f"before line {units[number].first_line + target} ({neighbor})" if neighbor else "at the end"
            if neighbor == before[row].strip():
                where = "in the loop, one level deeper"
            return f"{before[row].strip()}  # to stand {where}"
    lines = [line for _, _, lines in changed for line in lines if line]
    if edit.kind == "overwritten":
        lines[0] += "  # before this line"
    return "\n".join(lines)


def _first_gone(
    backward: Backward, alone: list[Unit], repaired: list[Unit], truth: Truth
) -> tuple[int, Key | None, int]:
    """The first right quantity, in the order of the run, that this flaw alone makes go missing."""
    whole, broken = Variants(backward, repaired, [], [truth]), Variants(backward, alone, [], [truth])
    telling = truth.counted | sum(
        1 << k for k, key in enumerate(truth.keys) if key.quantity in FORWARD and key.step >= 0
    )
    left, trace = 0, broken.run(truth)
    events = broken.events(trace, truth)
    if trace.error is not None or len(right_matrices(trace, truth)) == 9:  # where it stops, the check has said
        return 0, None, len(events)
    for _, found in events:
        left |= max(found, 0)
    for order, (slot, found) in enumerate(whole.events(whole.run(truth), truth)):
        gone = max(found, 0) & telling & ~left
        if gone:
            key = truth.keys[(gone & -gone).bit_length() - 1]
            wrong = [name for name in Params.NAMES if name not in right_matrices(trace, truth)]
            # The columns of a U are seen one by one: where other gradients are wrong too, it need not be the first.
            telling_of_all = key.gate[:1] != "U" or all(name[0] == "U" for name in wrong)
            return slot, key if telling_of_all else None, order
    # Nothing is gone: the same numbers stand in another place or the other way round. Then compare event by event.
    one, other = whole.run(truth), broken.run(truth)
    usual = [(k, slot) for k, slot in enumerate(one.slots) if usable(one.values[k])]
    for order, (k, slot) in enumerate(usual):
        if k < len(other.slots) and other.slots[k] == slot and not same(one.values[k], other.values[k]):
            found = truth.recognize([one.values[k]])[0]
            if found > 0 and found & truth.counted:
                bits = found & truth.counted
                return slot, truth.keys[(bits & -bits).bit_length() - 1], order
    return 0, None, 10**6


def _gained(backward: Backward, alone: list[Unit], repaired: list[Unit], truth: Truth) -> str:
    """Which gradients are right with an edit that is not proved, and not without it."""
    before, now = (
        right_matrices(variants.run(truth), truth)
        for variants in (Variants(backward, units, [], [truth]) for units in (alone, repaired))
    )
    names = [f"d{name}" for name in Params.NAMES if name in now and name not in before]
    if names:
        return f"With it, {' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))} agree at T = 3."
    return "With it, more of the deltas are right, but no more of the gradients."


def _evidence(backward: Backward, flaw: Flaw, alone: list[Unit], takes: dict[str, bool], one_of_several: bool) -> str:
    """What this flaw alone does to the nine gradients, by length."""
    if flaw.edits[0].kind in _WITHOUT:
        return _WITHOUT[flaw.edits[0].kind]
    try:
        call = build(backward, alone)
    except (SyntaxError, ValueError):
        return ""
    ladder = _ladder(call, [Case(*own_case(T, takes)) for T in LENGTHS])
    wrong = {T: [n for n, e in errors.items() if e > 1e-9] for T, errors in ladder.items()}
    first = next((T for T, names in wrong.items() if names), None)
    if first is None:
        return "" if ladder else "With this fault alone the function stops with an error."
    names = sorted({n for each in wrong.values() for n in each}, key=Params.NAMES.index)
    size, at = max((max(errors.values()), T) for T, errors in ladder.items())
    some = "all nine gradients" if len(names) == 9 else f"d{', d'.join(names)}"
    repair = "all repairs together" if one_of_several else "the repair"
    return (
        f"This fault alone makes {some} wrong, from T = {first} on (error up to {size:.2g}, at T = {at}). "
        f"With {repair}, all nine agree with the exact gradient at T = {listing(LENGTHS)} and on nets of other sizes."
    )


def _known(backward: Backward, units: list[Unit], takes: dict[str, bool]) -> tuple[list[Finding], list[str]]:
    """Where no repair was found: a line that may be wrong, with what is known of it, and what is right and what not."""
    truth = Truth(make_case(3, 23, takes))
    variants = Variants(backward, units, [], [truth])
    trace = variants.run(truth)
    if gradients(trace, truth) is None:
        return [], []  # it stops, or returns nothing of use: the check has said so, and no value tells more
    notes = []
    seen = variants.seen(trace, truth)
    chain = ("dy", "dh_loss", "dc", "d", "dz", "dh_future", "dc_carry")
    keys = [
        {k for k, key in enumerate(truth.keys) if key[0] == name and key.loss is None and key.step >= 0}
        for name in chain
    ]
    last = max((n for n, some in enumerate(keys) if any(seen >> k & 1 for k in some)), default=-1)
    if last + 1 < len(chain):  # what is left out before one that is there need not be computed
        name = chain[last + 1]
        notes.append(
            f"The right value of {causes.NAMES.get(name, name)} was not seen at any step, nor of what follows."
        )
    longer = Truth(make_case(6, 26, takes))
    right = [name for name in right_matrices(trace, truth) if name in right_matrices(variants.run(longer), longer)]
    found = suspects(variants, truth, set(right))
    place = [_suspect(units, variants, found, right)] if found.unknown or (found.just and right) else []
    return place, notes


def _suspect(units: list[Unit], variants: Variants, found: Suspects, right: list[str]) -> Finding:
    """The first statement that may be wrong as a finding. It says no more than what was seen."""

    def line(number: int) -> int:
        slot = variants.slots[number]
        return units[slot.unit].line_number(slot.start)

    number = (found.unknown or found.just)[0]
    slot = variants.slots[number]
    unit = units[slot.unit]
    code = unit.text.splitlines()[unit.row(slot.start)].strip()
    lines = sorted({line(other) for other in feeders(variants, number, found.open)} - {line(number)})
    reads = f" ({causes.lines(lines)})" if lines else ""
    wrong = [name for name in Params.NAMES if name not in right]
    if found.unknown:
        idea = causes.UNKNOWN
        cause = (
            "This line computes a value that is none of the right quantities. Of the values that may be wrong it is "
            "the first in the run."
        )
        if right:
            cause += " No gradient that is right depends on it."
        evidence = (
            f"It may be half-way to a right value. If it is not, the fault is in this line, in what it reads{reads}, "
            "or further up."
        )
    else:
        idea = causes.MISPLACED
        cause = f"Exactly the wrong gradients (d{', d'.join(wrong)}) depend on what this line computes."
        others = sorted({line(other) for other in found.just} - {line(number)})
        if others:
            cause += f" The same is true of {causes.lines(others)}."
        evidence = "No value was found that must be wrong."
    return Finding("", "", "", None, line(number), code, cause, "", evidence, idea, function=_helper(units, slot.unit))
