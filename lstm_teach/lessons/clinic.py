"""What lesson 7 works with: its net, ladders of passes, a right pass to break, the lines of a case and of a repair.

Imports the numeric core, the doctor and the cases; no widgets.
"""

import contextlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from IPython.display import HTML

import lstm_teach as lt
from lstm_teach import guard, trial, unfinished, validate
from lstm_teach.edited import edited, made
from lstm_teach.gradcheck import collect_gradients, states_taken
from lstm_teach.gradreport import errors_of, off
from lstm_teach.html import bold, bullets, code, fold, inline, prose, table
from lstm_teach.lessons import cases, cases_07, clinic_cases, spec_of
from lstm_teach.validate import listing

LENGTHS, CASES = (1, 2, 3, 6), (1, 2, 3, 4, 5)
NO_CASE = f"The cases are {listing([str(k) for k in CASES])}; there is no case {{}}."
STATES = ("not zero", "zero")  # the initial states that a ladder is climbed from
WRONG_TILE = "background:#F3CCDD;color:black;display:block;text-align:center"
TOKENS, TARGETS = (2, 0, 2, 3, 1, 1), (1, 3, 0, 0, 2, 3)

WORDS = spec_of("07_debugging_clinic")
FAULTY = {int(number): told for number, told in WORDS["faulty"].items()}  # the faulty line of a case, what points at it
FAULTS = WORDS["faults"]


def net(T: int, state: str = "not zero") -> tuple[lt.Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The first T steps (1 to 6) of the lesson's one sequence, on its one net: params, x, targets (T,), h0, c0 (H,)."""
    params = lt.Params.random(vocab_size=4, hidden_size=5, seed=0, scale=0.8)
    states = cases.state(np.random.default_rng(0), 2, params.hidden_size)
    return params, np.array(TOKENS[:T]), np.array(TARGETS[:T]), *(np.zeros_like(states) if state == "zero" else states)


def ladder(backward: Callable, state: str = "not zero") -> dict[int, dict[str, float]]:
    """The norm-relative error of each gradient on each rung: `{T: {matrix: error}}`.

    Raises `LearnerError`, one sentence, if the pass doesn't return the nine gradients.
    """
    rungs, takes, by_place = {}, states_taken(backward), _takes_states_by_place(backward)
    for T in LENGTHS:
        *inputs, h0, c0 = net(T, state)
        states = {name: value for name, value in {"h0": h0, "c0": c0}.items() if by_place or name in takes}
        right = lt.exact_gradient(*inputs, **states)
        try:
            got = guard.call(backward, *net(T, state)) if by_place else guard.call(backward, *inputs, **states)
            got = collect_gradients(got, right, finite=False)
        except (guard.LearnerError, ValueError) as error:
            said = f"{guard.name_of(backward)} {error}" if isinstance(error, ValueError) else error
            raise guard.LearnerError(f"With T = {T}, {said}") from None
        rungs[T] = errors_of(got, right)
    return rungs


def _takes_states_by_place(backward: Callable) -> bool:
    """Whether a pass has to be given its initial state as its fourth and fifth argument, or may be: it names neither.

    It calls them something else, or is a function around the pass, with *arguments.
    """
    parameters = guard.parameters_of(backward).values()
    needed = [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return (several or len(needed) == 5) and not states_taken(backward)


def case(number: int) -> Callable:
    """The backward pass of a case, 1 to 5, as if it were alone in its file, so that its lines count from 1."""
    return edited(getattr(clinic_cases, f"case_{_known(number)}"))


def _known(number: int) -> int:
    if number not in CASES:
        raise ValueError(NO_CASE.format(number))
    return int(number)


def show_ladder(backward: Callable | int) -> HTML:
    """A pass or a case: its ladder from an initial state that is not zero, and from one that is; or what stops it.

    A pass that takes no initial state has only the second.
    """
    if type(backward) is int:  # a number in a cell is easily changed to one that is no case
        if backward not in CASES:
            return HTML(prose(NO_CASE.format(backward)))
        backward = case(backward)
    validate.instance("backward", backward, Callable, "a function backward(params, x, targets)")
    try:
        states = STATES if states_taken(backward) or _takes_states_by_place(backward) else STATES[1:]
        return _side_by_side({f"Initial state {state}": ladder(backward, state) for state in states})
    except guard.LearnerError as error:
        return HTML(bold("There is no ladder yet.") + prose(str(error)))


def two_broken_passes() -> HTML:
    """The ladders of two faults that look the same at T = 6, from an initial state that is not zero."""
    faults = {"Pass A": "dc_carry: never handed on", "Pass B": "dh_future: never handed on"}
    return _side_by_side({name: ladder(with_fault(fault)) for name, fault in faults.items()})


def with_fault(fault: str) -> Callable:
    """The right pass with one of the FAULTS."""
    return edited(clinic_cases.right_pass, "right_pass", "faulty_pass", *FAULTS[fault])


def fault_ladders() -> HTML:
    """Each fault in a right pass, folded: its ladder from both initial states, and its line, right and faulty."""
    folds = ""
    for fault, (right, faulty) in FAULTS.items():
        lines = prose(f"right: `{right}`") + prose(f"faulty: `{faulty}`")
        folds += fold(fault, show_ladder(with_fault(fault)).data + lines)
    return HTML(f'<section aria-label="Nine faults and their ladders">{folds}</section>')


def repaired(diagnosis: lt.doctor.Diagnosis, backward: Callable) -> Callable:
    """The pass with the doctor's repairs; as it was if the search was stopped before they were proved."""
    if diagnosis.repaired_source is None:
        return backward
    name = f"{backward.__name__}, repaired"
    function = made(diagnosis.repaired_source, f"<{name}>", {"np": np, "lt": lt})
    function.__name__ = name  # so that a check of it does not praise the broken one
    return function


def lines_repaired(diagnosis: lt.doctor.Diagnosis) -> HTML:
    """The lines that the doctor has changed, in their order and folded: as they were, and as they are now.

    Where no repair is proved, the notes say why.
    """
    found = sorted((finding for finding in diagnosis.findings if finding.line), key=lambda finding: finding.line)
    rows = [(str(finding.line), code(finding.code), code(finding.repair)) for finding in found]
    lines = table("What the doctor changed", ("line", "as it was", "repaired"), rows)
    notes = bullets(diagnosis.notes) if diagnosis.repaired_source is None else ""
    return HTML(bold(diagnosis.headline) + notes + fold("The lines, before and after", lines))


def load_names(number: int) -> None:
    """Put the names of a case into the notebook and take out those of the others; unfinished.py says so if one is used.

    From then on a cell that judges a repair gets the names of its own case first, whichever cells ran in between.
    """
    cell = sys._getframe(1)
    if cell.f_code.co_filename == trial.CELL:  # it is tried on other numbers, and has its names already
        return
    _load(number, cell.f_globals)
    ipython = sys.modules.get("IPython")
    if ipython and (shell := ipython.get_ipython()):
        shell.events.register("pre_run_cell", _load_for)


def _load_for(info: Any) -> None:
    """Load the names of the case whose repair a cell of the notebook is about to have judged."""
    if judged := re.search(r"""judge\(\s*['"]case_(\d)""", info.raw_cell):
        _load(int(judged[1]), sys.modules["IPython"].get_ipython().user_ns)


def _load(number: int, notebook: dict[str, object]) -> None:
    own = names(number)
    has = f"The line that you repair in case {number} can read {', '.join(own)}."
    left = {k: re.match(r"\w+", FAULTY[k][0])[0] for k in CASES}  # what the faulty lines assign to
    every = {k: {*names(k), left[k]} for k in CASES}
    back = f"the names here are those of case {number}. To go back to a case, run its clinic.load_names first. {has}"
    gone = {name: f"Here {name} has no name of its own: it is cache.{name}. {has}" for name in ("c", "y")}
    for name in set().union(*every.values()):
        its = [k for k in CASES if name in every[k]]
        gone[name] = f"{name} is a name from case{'s' * (len(its) > 1)} {listing(its)}, and {back}"
    if "dz" in own:
        gone |= {f"dz{g}": f'Here dz{g} has no name of its own: it is dz["{g}"]. {has}' for g in lt.params.GATES}
    its = getattr(clinic_cases, f"case_{number}")
    before = inspect.getsource(its).partition(FAULTY[number][0])[0]
    early = "" if "    for t in" in before else " The line comes before the loop and computes all steps at once."
    for name in gone.keys() & {*its.__code__.co_varnames} - {*re.findall(r"\w+", before)}:
        gone[name] = f"{name} does not exist yet in this line.{early} {has}"
    only = f"repair_{number} is only what comes after its = or +="
    gone[left[number]] = f"{left[number]} is on the left of the line, and {only}. {has}"
    for name in gone.keys() - own.keys():
        if not inspect.isfunction(notebook.get(name)):  # a helper of the learner's stays
            notebook.pop(name, None)
    notebook |= own
    _loaded.clear()
    _loaded.update(own)
    unfinished.GONE.update(gone)


@contextlib.contextmanager
def without_names() -> Iterator[None]:
    """Without the names of the cases in the notebook, so that what a learner's own code lacks is missing."""
    notebook = sys._getframe(2).f_globals  # that of the `with`, beyond contextlib's own frame
    taken = {name: value for name, value in _loaded.items() if notebook.get(name) is value}
    for name in taken:
        del notebook[name]
    try:
        yield
    finally:
        notebook |= taken


def names(number: int) -> dict[str, object]:
    """The names of a case at one step of its walk, with the values that they should have there."""
    first = next(cases_07.middle_step(*WORDS["blanks"][f"case_{_known(number)}"]["given"]))
    return {name: value for name, value in first.items() if not name.startswith("repair")}


def find_the_line(number: int) -> HTML:
    """The code of a case: open a line, and read at once whether it is the faulty one."""
    if number not in CASES:
        return HTML(prose(NO_CASE.format(number)))
    lines, first = inspect.getsourcelines(case(number))
    why, shown = reasons(int(number), lines), ""
    for k, line in enumerate(lines):
        text, hang = escape(f"{first + k:3}  {line.rstrip()}"), len(line) - len(line.lstrip()) + 9
        look = f"white-space:pre-wrap;font-family:monospace;padding-left:{hang}ch;text-indent:-{hang}ch"
        if k not in why:
            shown += f'<div style="{look}">{text}</div>'
            continue
        faulty, reason = why[k]
        verdict = "✗ This is the faulty line." if faulty else "✓ This line is right."
        said = f'<p style="margin:2px 0 6px 3em"><b>{verdict}</b> {inline(reason)}</p>'
        opened = f'style="{look};list-style:none;cursor:pointer" data-lm-suppress-shortcuts="true"'
        shown += f'<details name="case {number}"><summary {opened}>{text}</summary>{said}</details>'
    return HTML(f'<section aria-label="Case {number}: find the line">{shown}</section>')


def reasons(number: int, lines: Sequence[str]) -> dict[int, tuple[bool, str]]:
    """Of each line that can be chosen, by its place in `lines`: whether it is the faulty one, and why (not).

    Raises KeyError for a line that nothing is said about.
    """
    (faulty, why), found = FAULTY[number], {}
    cleared = [*WORDS["cleared"][str(number)].items(), *WORDS["cleared"]["general"].items()]
    for place, line in enumerate(lines):
        text = line.strip()
        if text == faulty:
            found[place] = True, why
        elif not text.startswith(("def ", "}", "return ")) and text != "dz = {":
            words = [words for start, words in cleared if text.startswith(start)]
            if not words:
                raise KeyError(f"case {number}: nothing is said about {text!r}")
            found[place] = False, words[0]
    return found


def _side_by_side(ladders: Mapping[str, Mapping[int, Mapping[str, float]]]) -> HTML:
    """A table for each ladder, by its title: rows are lengths, columns the nine gradients.

    A dot is right; a number is the norm-relative error of a gradient that is not.
    """
    tables, right = "", '<span role="img" aria-label="right" style="display:block;text-align:center">●</span>'
    for title, rungs in ladders.items():
        rows = []
        for T, errors in rungs.items():
            shown = {name: "&lt;.01" if errors[name] < 0.01 else f"{errors[name]:.2f}" for name in off(errors)}
            tiles = {name: f'<span style="{WRONG_TILE}">{number}</span>' for name, number in shown.items()}
            rows.append([f"T = {T}", *(tiles.get(name, right) for name in errors)])
        tables += table(title, ["rung", *(f"d{name}" for name in lt.Params.NAMES)], rows, "top")
    return HTML(f'<div style="display:flex;flex-wrap:wrap;gap:12px 16px">{tables}</div>')


_loaded: dict[str, object] = {}  # what load_names put into the notebook last
right_pass = edited(clinic_cases.right_pass)
question_loop = edited(clinic_cases.question_loop)
