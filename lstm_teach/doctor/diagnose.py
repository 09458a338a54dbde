"""diagnose(): is this backward pass right, and if not, which line is wrong? Imports the rest of the doctor."""

import ast
import re
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_teach import aside, cellcode, guard, validate
from lstm_teach.doctor import causes
from lstm_teach.doctor.build import build
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.findings import Account, errors_by_length, place, since, wrong_at
from lstm_teach.doctor.fuel import STEPS
from lstm_teach.doctor.proof import CALL, called, is_right, proof_cases
from lstm_teach.doctor.report import Diagnosis, Finding
from lstm_teach.doctor.search import Result, search
from lstm_teach.doctor.slots import names
from lstm_teach.doctor.source import NoSource, through_modules, whole_text
from lstm_teach.doctor.truth import from_zeros, make_case
from lstm_teach.gradcheck import LENGTHS, Backward, check_gradients, states_taken
from lstm_teach.gradreport import GradientReport, listing
from lstm_teach.params import Params


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
    files; what they print is not shown. Raises TypeError or ValueError only for bad arguments of its own.
    """
    validate.instance("backward", backward, Callable, "a function backward(params, x, targets)")
    if seconds is not None:
        seconds = validate.finite_number("seconds", seconds, positive=True)
    steps = int(validate.finite_number("steps", steps, positive=True))
    stream = sys.stdout

    def show(text: str) -> None:
        """Say how far the search is, in place of what was said before; nothing if there is no text."""
        # At a terminal or in a notebook somebody looks on, but not at a log that is captured.
        if progress and (stream.isatty() or type(stream).__module__.startswith("ipykernel")):
            said = f"Looking for the fault: {text}" if text else ""
            print(f"\r{said:<70}\r", end="", flush=True, file=stream)

    # What is printed in dozens of calls, and what Python says of hundreds of changed versions, is not shown.
    with aside.apart(backward), guard.unseen():
        return _diagnosis(backward, check_gradients(backward, seconds=CALL), steps, seconds, show)


def _diagnosis(
    backward: Backward, report: GradientReport, steps: int, seconds: float | None, show: Callable[[str], None]
) -> Diagnosis:
    takes = states_taken(backward)
    diagnosis = Diagnosis(guard.name_of(backward), report)
    if report.passed and is_right(backward, proof_cases(takes)):
        return diagnosis

    seen, said = "The gradient check reported this.", [*report.problems, *_endless_later(backward, report, takes)]
    problems = [Finding(cause=problem, evidence=seen) for problem in said]
    code, ends = None, not any(guard.ENDLESS in problem for problem in said)
    try:
        code = _read(backward, takes, ends)
    except NoSource as error:
        problems.append(Finding(cause=f"The source can't be searched: {error}"))
    if code and cellcode.dots(code.units[0].tree):
        said = f"{diagnosis.name} is not written yet: there are still dots in it. Replace them with your code."
        return replace(diagnosis, findings=(Finding(cause=said),))
    wrong = report.errors_by_length
    zero = errors_by_length(backward, [from_zeros(make_case(T, T, []), takes) for T in LENGTHS if takes and ends])
    again = any("returns something else" in problem for problem in report.problems)
    notes = [] if again else _ladder_notes(wrong, zero)  # which is another one each time
    if not ends:
        notes.append(f"No repair was looked for, since {diagnosis.name} does not finish.")
    diagnosis = replace(diagnosis, findings=tuple(problems), ladder=dict(wrong), ladder_zero=zero, notes=tuple(notes))
    if not ends or code is None or not any(isinstance(node, ast.Return) for node in ast.walk(code.units[0].tree)):
        return diagnosis  # what the check has said tells enough

    unread = [name for name in takes if name not in names(code.units[0].tree)]
    none_read = unread == [*takes] != []
    # If no state is read most of the budget is for the other faults, from zeros.
    limits = (steps * 3 // 5, seconds and seconds / 2, show) if none_read else (steps, seconds, show)
    try:
        result = search(code, takes, _length(backward, takes), *limits)
        if none_read and not result.proved and (zeros_at := _length(backward, {})):
            takes = {}  # there are other faults, which show from zeros as well
            if result.stopped != "interrupted":
                again = search(code, takes, zeros_at, *limits)
                result = replace(again, seconds=result.seconds + again.seconds, tried=result.tried + again.tried)
    finally:
        show("")
    found, more = _told(code, takes, unread, result, report)
    return replace(
        diagnosis,
        findings=(*problems, *found),
        repaired_source=whole_text(code.units, result.code.units) if result.proved else None,
        notes=(*notes, *more),
        seconds=result.seconds,
        tried=result.tried,
    )


def _told(
    code: Code, takes: dict[str, bool], unread: list[str], result: Result, report: GradientReport
) -> tuple[list[Finding], list[str]]:
    """Findings and notes on a search with the states that it `takes`, where no line reads some that are given."""
    account, proved = Account(code, takes, result), result.proved
    found, outside = account.findings(), through_modules(code.units)
    if proved:  # where a line calls such a thing the fault may be in there
        outside = {name: way for name, way in outside.items() if any(name in finding.code for finding in found)}
    notes = [_OUTSIDE.format(*pair) for pair in outside.items()]
    only_start = bool(unread) and unread == [*takes] and not proved  # from zeros, everything is right
    if not proved and _EXACT < max(report.errors.values(), default=0) < _SMALL:
        found, notes = [], [*notes, "All errors are small. Was the gradient measured, or computed in float32?"]
    elif not proved:
        if not outside and not only_start:  # else what the rest of the code computes tells little
            may, known = account.what_is_known(result.code if found else code)
            found, notes = found or may, notes + known
        notes += _STOPPED[result.stopped]
    said = f"No line reads {listing(unread)}: the pass begins with something else" if unread else ""
    if only_start:
        seen = "From a zero initial state everything is right."
        found = [Finding(**place(code.units, 0, 0), cause=f"{said}.", evidence=seen, idea=causes.IDEAS["start"])]
    elif said and (proved or report.errors_by_length) and not (proved and takes):
        notes.append(f"{said}{'; from a zero initial state, the repair is right' * proved}.")
    return found, notes


def _endless_later(backward: Backward, report: GradientReport, takes: dict[str, bool]) -> list[str]:
    """That a pass which stopped the check at T = 1 or 2 does not finish with three steps, where it does not."""
    known = 3 in report.errors_by_length or any(guard.ENDLESS in problem for problem in report.problems)
    if known or not report.problems:
        return []
    case = make_case(3, 23, takes)
    three = check_gradients(backward, case.params, case.x, case.targets, **case.states, seconds=CALL)
    return [f"At T = 3, {problem}" for problem in three.problems if guard.ENDLESS in problem]


_EXACT, _SMALL = 1e-9, 1e-4  # rounding leaves less than the one, a fault in an equation more than the other
_OUTSIDE = "{} was not searched, and the fault may be in there. To search it too, use `{}`, without the module's name."
_STOPPED = {
    "": [],
    "interrupted": ["The search was interrupted; this is the best so far."],
    "steps": [
        "The search reached its limit of steps; a larger `steps=` lets it go further. "
        f"(More than {STEPS:_} seldom helps.)"
    ],
    "seconds": ["The search ran out of time; a larger `seconds=` lets it go further."],
}


def _read(backward: Backward, takes: dict[str, bool], ends: bool) -> Code:
    """The learner's functions.

    Raises NoSource unless the text that was read does what the function does, if that `ends`. What depends on the
    numbers that `np.empty` happens to hold can't be compared.
    """
    code, case = Code.of(backward), make_case(3, 23, takes)
    try:
        texts = [build(code, unread=unread) for unread in (False, True)]
    except (SyntaxError, ValueError) as error:
        raise NoSource(f"its text can't be compiled by itself ({error}).") from None
    if not ends:
        return code
    own, read, filled = (called(function, case, case.params.copy()) for function in (backward, *texts))

    def equal(one: dict[str, np.ndarray] | None, other: dict[str, np.ndarray] | None) -> bool:
        both = one is not None and other is not None
        return all(np.allclose(one[n], other[n], 1e-9, 1e-12) for n in Params.NAMES) if both else one is other

    if equal(read, filled) and not equal(own, read):
        raise NoSource(
            "its text, run by itself, returns something else. Was the file changed after it was loaded, does a "
            "decorator change the result, or does the function open a file, or import anything but NumPy, "
            "math and the like? Such an import belongs above the function."
        )
    return code


def _length(backward: Backward, takes: dict[str, bool]) -> int | None:
    """Length of the sequence to search with: 3 where the fault shows there, else the first at which it does.

    None if it shows in none of the nets that are tried: then it needs the large gradients of the check's own long one.
    """
    return next((T for T in (3, 2, 6, 1, 4, 12, 20) if not is_right(backward, [make_case(T, 20 + T, takes)])), None)


# What is wrong at the first length at which something is, / at any, and what that tells if nothing was wrong before.
# From h0 = 0 the dW see nothing of step 0, so that they are right tells only of more steps.
_TELLS = {
    r".*/V": "dV needs nothing that is handed back: look at the line that makes it.",
    r".*/W.( W.)*": "The four dU are right, so every dz is: look at how dW is added up, and with which h.",
    r".*/U.( U.)*": "The four dW are right, so every dz is: look at how dU is added up, and in which column.",
    r"(W. )?U./.*": "Only gate {gate} is wrong there: look at the lines that make d{gate} and dz{gate}.",
    r"(Wi Wf Wg )?Ui Uf Ug/.*": "Only i, f and g are wrong there, which read dc: look at how dc is made and handed on.",
    r"V( ..){8}/.*": (
        "Look at what all nine share: the forward pass (if it is your own), dy, the sum over steps, a clipping limit."
    ),
    r".*": "Look at what is carried from step to step, or added up over the steps.",
}


def _ladder_notes(ladder: dict[int, dict[str, float]], zero: dict[int, dict[str, float]]) -> list[str]:
    """What the ladder alone tells: from which T on, and which matrices."""
    wrong, notes = wrong_at(ladder), []
    first = min(wrong, default=0)
    ever = {name for names in wrong.values() for name in names}
    right = [f"d{name}" for name in Params.NAMES if name not in ever]
    if first == 1:
        notes.append(f"The error shows at T = 1 already (d{', d'.join(wrong[1])}), where nothing has been carried yet.")
    elif before := [T for T in ladder if first > T]:
        every = "and wrong" if all(len(names) == 9 for names in wrong.values()) else "but not all"
        names = f"{' '.join(wrong[first])}/{' '.join(name for name in Params.NAMES if name in ever)}"
        tells = next(said for some, said in _TELLS.items() if re.fullmatch(some, names))
        said = f"All nine are right at T = {listing(before)}, {every} {since(wrong, ladder)}. {tells}"
        notes.append(said.format(gate=wrong[first][-1][1:]))
    if 0 < len(right) < 9:
        notes.append(f"Right at every length, so ruled out: {', '.join(right)}.")
    if zero and 0 < first <= 6 and not wrong_at(zero):
        notes.append("From a zero initial state everything is right: the fault is in what is read at t = 0.")
    return notes
