"""What was found as findings: of each flaw its line, what goes wrong first, the cause, repair and evidence.

Where no repair is proved: the first statement that may be wrong.

Imports build, causes, report, scene, search, slots, truth and variants.
"""

import ast
import difflib
import functools
import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import takewhile
from typing import Any

from lstm_teach.doctor import causes
from lstm_teach.doctor.build import build
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.proof import CALL, called, errors
from lstm_teach.doctor.report import Finding
from lstm_teach.doctor.scene import read_by, targets_of
from lstm_teach.doctor.search import Flaw, Result, repaired
from lstm_teach.doctor.slots import ADDED, HEADS, Slot
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import FORWARD, Case, Key, Truth, make_case
from lstm_teach.doctor.values import mark, same
from lstm_teach.doctor.variants import Trace, Variants, gradients, right_matrices
from lstm_teach.gradcheck import LENGTHS, own_case
from lstm_teach.gradreport import listing
from lstm_teach.params import GATES, Params

RIGHT = 1e-7  # the largest error that counts as right where an error is shown
_ROUNDING = 1e-6  # single precision leaves less
_TELLING = 6  # right values that an edit must bring into being, if it is not proved: one or two may come by chance
_NINE = "nine gradients of the right shapes, all of them finite"
_WITHOUT = {
    "step of a loop": "Without it the function never ends.",
    "no return": "Without it the function returns nothing.",
}
_SPOILS = ("extra statement", "copy", "in place")  # kinds of edits of what changes a right value
_BESIDES = FORWARD | {"dh_loss"}  # what may be the first to go wrong, beside what is progress
_CHAIN = ("dy", "dh_loss", "dc", "d", "dz", "dh_future", "dc_carry")  # in the order of the walk back
_CARRIED = ("dh_future", "dc_carry")
_WERE = {"d": "deltas of the gates were", "dz": "deltas of the pre-activations were"}  # which stand for all four gates
_WERE |= {"dh_future": "delta that comes back to h was", "dc_carry": "delta that comes back to the cell was"}
_UNKNOWN = "Follow the walk back from the loss: which value is the first that its equation does not give?"
_MISPLACED = "Is every value used at its own step, put where it belongs, and added up where it should be?"
_IDLE, _NOTHING = "This loop never runs.", "On a sequence of three steps nothing inside it is executed."


class Account:
    """What a search found, told flaw by flaw: the code with one flaw alone beside the repaired code, in one case."""

    def __init__(self, code: Code, takes: dict[str, bool], result: Result):
        self.code, self.units, self.takes, self.result = code, code.units, takes, result
        self.truth = Truth(make_case(3, 23, takes))
        self.flaws = result.flaws if result.proved else self._telling(result.flaws)

    def findings(self) -> list[Finding]:
        """The flaws as findings, in the order in which the walk back meets them."""
        told = [self._finding(flaw) for flaw in self.flaws]
        return [finding for _, finding in sorted(told, key=lambda pair: (pair[0], pair[1].line))]

    @property
    def borrows_forward(self) -> bool:
        """Whether the forward pass is the library's, so that what it computes doesn't go wrong."""
        return bool(re.search(r"(?<!def )\bforward\(", self.code.text)) and "def forward(" not in self.code.text

    def what_is_known(self, code: Code) -> tuple[list[Finding], list[str]]:
        """Where nothing is proved: a line that may be wrong, if there is one, and a note on what is never made."""
        variants, truth = Variants(code), self.truth
        trace = variants.run(truth)
        if gradients(trace, truth) is None:
            return [], []  # it stops, or returns nothing of use: the check has said so, and no value tells more
        events = variants.events(trace, truth)
        keys = self._keys(variants.seen(trace, truth))
        keys = [key for key in keys if key.loss is None and key.step >= 0]
        made = {key.gate if key.quantity == "gate" else key.quantity for key in keys}
        notes = []
        # Where a step by itself comes right, its deltas were right, and only not recognized.
        one, longer = (Truth(make_case(T, 20 + T, self.takes)) for T in (1, 6))
        inner = set(right_matrices(variants.run(one), one)) - {"V"}
        never = [*takewhile(lambda name: name not in made, reversed(_CHAIN))]
        # What made a right value was right, and only not recognized, as where it is computed number by number.
        groups = () if "y" in made else ("y",) if "h" in made else ("o", "h") if "c" in made else (GATES, "c")
        ahead = next((names for group in groups if (names := [name for name in group if name not in made])), [])
        if never[-1:] == ["dy"] and ahead and not self.borrows_forward:
            are, them = ("was", "it") if len(ahead) == 1 else ("were", "them")
            said = f"The right {listing(ahead)} {are} not recognized at any step of the forward pass"
            notes.append(f"{said}, and every gradient needs {them}.")
        elif never and (never[-1] in _CARRIED or not inner):
            # What is left out before one that is made need not be computed.
            notes.append(f"The right {_WERE.get(never[-1], f'{never[-1]} was')} not recognized at any step of the run.")
        own = gradients(Variants(self.code).run(truth), truth) or {}  # what lacks a name is told by the check
        empty = [f"d{name}" for name, got in own.items() if not got.any() and truth.gradient[name].any()]
        if empty:
            are = "is" if len(empty) == 1 else "are"
            notes.append(f"{listing(empty)} {are} zero: nothing is added, or what is added is lost.")
        if idle := _never_run(code.slots, trace):
            where = place(code.units, idle.unit, code.units[idle.unit].row(idle.start))
            return [Finding(**where, cause=_IDLE, evidence=_NOTHING, idea=causes.IDEAS["range"])], notes
        # On a short sequence a wrong delta may not show yet.
        right = set(right_matrices(trace, truth)) & set(right_matrices(variants.run(longer), longer))
        may, just, unknown = _suspects(variants, trace, events, truth, right)
        made = [_right(found, truth) for slot, found in events if unknown and slot == unknown[0]]
        return [_suspicion(code, may, just, unknown, right, made)] if unknown or just else [], notes

    def _telling(self, flaws: list[Flaw]) -> list[Flaw]:
        """Those that bring many right values into being, a gradient among them."""

        def score(chosen: list[Flaw]) -> tuple[float, int]:
            code = repaired(self.code, chosen)
            if code is None:
                return math.nan, 0
            variants = Variants(code)
            trace = variants.run(self.truth)
            return variants.score(trace, self.truth), len(right_matrices(trace, self.truth))

        (most, right), alone = score(flaws), [(flaw, *score(_others(flaws, flaw))) for flaw in flaws]
        return [flaw for flaw, others, less in alone if most - others >= _TELLING and right > less]

    @functools.cached_property
    def _repaired(self) -> tuple[Variants, Trace]:
        """The repaired code, and what it computes."""
        variants = Variants(repaired(self.code, self.flaws))
        return variants, variants.run(self.truth)

    def _finding(self, flaw: Flaw) -> tuple[int, Finding]:
        """One flaw as a finding, and where it stands in the order of the walk back."""
        alone = repaired(self.code, _others(self.flaws, flaw)) or self.code
        edit, number, row = flaw.edits[0], *self._row(flaw)
        where, broken = place(self.units, number, row), Variants(alone)
        trace = broken.run(self.truth)
        order, key = self._first_gone(broken, trace)
        returned = key is not None and key.gate in Params.NAMES and where["code"].startswith("return")
        if edit.kind in _SPOILS or edit.kind.startswith("moved") or returned:
            key = None  # what it spoils was right before
        one = Truth(make_case(1, 21, self.takes))
        if key is not None and key.quantity in _CARRIED and len(right_matrices(broken.run(one), one)) < 9:
            key = None  # where nothing is carried yet, something is wrong already
        evidence = self._evidence(flaw, alone) if self.result.proved else self._gained(trace)
        elsewhere = tuple(line for line in self.result.elsewhere.get(id(edit), ()) if line != where["line"])
        if elsewhere:
            evidence += f" A change to line {' or to line '.join(map(str, elsewhere))} would do as well."
        cause, idea = " ".join(dict.fromkeys(causes.cause(each, key) for each in flaw.edits)), causes.idea(edit)
        if edit.kind == "equation" and not self.result.proved:
            cause = f"with `{edit.new}` instead of `{edit.old}` more values are right."
        if not self._quotes_the_learner(flaw, number, row):
            cause, idea = f"`{where['code']}` is not what belongs here.", causes.IDEAS["equation"]
        repair = self._repair(flaw, number, row)
        return order, Finding(
            **where,
            **(causes.describe_key(key) if key else {}),
            cause=cause if self.result.proved else f"Not proved: {cause[0].lower()}{cause[1:]}",
            repair=repair,
            evidence=evidence,
            idea=idea,
            proved=self.result.proved,
            length=self.truth.case.length,
            how="remove" if not repair else "add" if edit.kind in ADDED else "replace",
            elsewhere=elsewhere,
        )

    def _row(self, flaw: Flaw) -> tuple[int, int]:
        """The unit and the row of it that a flaw is in; of a statement that is moved, where it stands now."""
        kind, places = flaw.edits[0].kind, sorted(flaw.changes, key=lambda change: (not change[3].strip(), change[1]))
        number, start, end, text = flaw.changes[0] if kind.startswith("moved") else places[0]
        unit = self.units[number]
        if text.strip():  # of a statement over several lines the one that changes
            old = unit.text[start:end]
            same = next((k for k, (a, b) in enumerate(zip(old, text, strict=False)) if a != b), len(old))
            start += len(old[:same].rstrip())
        row = unit.row(min(start, len(unit.text) - 1))
        if kind in ADDED:  # after the last line above that is more than a comment
            above = enumerate(unit.text[:start].splitlines())
            row = max((k for k, line in above if line.split("#")[0].strip()), default=row)
        return number, row

    def _quotes_the_learner(self, flaw: Flaw, number: int, row: int) -> bool:
        """Whether what the edits replace is there. Of edits made one upon the other, later ones quote earlier ones."""
        if flaw.edits[0].kind in ADDED or not all(text.endswith("\n") for *_, text in flaw.changes):
            return True
        unit = self.units[number]
        last = max(unit.row(end - 1) for changed, _, end, _ in flaw.changes if changed == number)
        rows = "\n".join(unit.text.splitlines()[row : last + 1])
        return all(edit.old.strip() in rows for edit in flaw.edits)

    def _repair(self, flaw: Flaw, number: int, row: int) -> str:
        """The line that should stand there instead."""
        kind = flaw.edits[0].kind
        before, after = (code.units[number].text.splitlines() for code in (self.code, repaired(self.code, [flaw])))
        new: list[tuple[int, str]] = []  # rows of the text before, and what is put there
        for tag, at, _, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            new += [(at, line) for line in after[start:end] if tag != "equal" and line.strip()]
        if kind.startswith("moved") and new:
            unit, at, code = self.units[number], new[0][0], before[row].strip()
            if kind == "moved":  # of two lines that change places, either may be the new one
                at = next((unit.row(start) for _, start, _, text in flaw.changes[1:] if text.strip()), at)
            neighbor = before[at].strip() if at < len(before) else ""
            where = f"before line {unit.first_line + at} ({neighbor})" if neighbor else "at the end"
            level = "one level further out, after the loop" if kind == "moved out" else "one level deeper, in the loop"
            return f"{code}  # goes {where if neighbor != code else level}"
        if kind in ADDED and new and len(self._indent(number, row)) > len(re.match(r"\s*", new[0][1])[0]):
            new = [(at, f"{line}  # not in the block above, but after it") for at, line in new]
        return "\n".join(line.strip() for _, line in new)

    def _indent(self, number: int, row: int) -> str:
        """The indentation of the statement that a row belongs to, "" where it belongs to none."""
        unit, statements = self.units[number], [slot for slot in self.code.slots if slot.kind == "statement"]
        there = (s for s in statements if s.unit == number and unit.row(s.start) <= row <= unit.row(s.end - 1))
        return next((slot.indent or "" for slot in there), "")

    def _first_gone(self, broken: Variants, trace: Trace) -> tuple[int, Key | None]:
        """Where in the run a flaw alone first changes something, and what; None if its own statement makes nothing."""
        truth, (variants, right) = self.truth, self._repaired
        wrong = set(Params.NAMES) - set(right_matrices(trace, truth))
        if gradients(trace, truth) is None or not wrong:  # where it stops or returns none, the check has said
            return len(trace.slots), None
        names = {"dh_loss"} if self.borrows_forward else _BESIDES
        told = sum(1 << k for k, key in enumerate(truth.keys) if key.quantity in names and key.step >= 0)
        told, left = told | truth.counted, broken.seen(trace, truth)
        values = {mark(value) for _, value, _ in broken.recognized(trace, truth)}
        texts, begun = {_text(broken.code, slot) for slot in broken.slots}, 10**6
        events = [(number, value, max(bits, 0)) for number, value, bits in variants.recognized(right, truth)]
        for k, (number, value, found) in enumerate(events):
            slot = variants.slots[number]
            if mark(value) in values:
                continue
            if begun > k and _text(variants.code, slot) in texts:
                return k, None
            begun = min(begun, k)
            # A matrix by itself is recognized the wrong way around, too.
            known = left if type(value) is list or (found & told).bit_count() > 1 else 0
            if new := found & ~known & told:
                made = [self._keys(bits & told) for at, _, bits in events if at == number]
                key = self._key(new, [keys[0].step for keys in made if keys], wrong)
                # What is added to a place of an array is a part of a gradient, even if it begins as a delta.
                added = isinstance(slot.node, ast.AugAssign) and isinstance(slot.node.target, ast.Subscript)
                return begun, None if key and added and key.gate not in Params.NAMES else key
        return begun, None

    def _keys(self, bits: int) -> list[Key]:
        return [key for k, key in enumerate(self.truth.keys) if bits >> k & 1]

    def _key(self, new: int, steps: list[int], wrong: set[str]) -> Key | None:
        """The first of some quantities, with its step if the statement that makes it, at these `steps`, goes back."""
        key, *others = self._keys(new)
        forward = key.quantity in FORWARD
        ordered = len({*steps}) > 1 and steps == sorted(steps, reverse=not forward)
        if forward and steps[1:] and not ordered:  # a walk back reads it, and the forward pass is right
            return None
        # Where others are wrong than the gradients of its kind, some delta is, although none was recognized.
        if key.gate in Params.NAMES and any(name[0] != key.gate[0] for name in wrong):
            return None
        key = key._replace(quantity="dh") if key[::2] == ("dh_loss", self.truth.case.length - 1) else key  # no future
        # What is made of several steps at once, before the loop, goes wrong at none of them first.
        at_once = any(other[:2] == key[:2] and other.step != key.step for other in others)
        return key._replace(step=None) if at_once or not ordered else key

    def _gained(self, trace: Trace) -> str:
        """Which gradients are right with an edit that is not proved, and not without it."""
        before, now = (right_matrices(each, self.truth) for each in (trace, self._repaired[1]))
        names = [f"d{name}" for name in now if name not in before]
        agree = f"{listing(names)} agree{'s' * (len(names) == 1)}"
        others = " and the other changes" * (len(self.flaws) > 1)
        return f"With it{others}, at T = {self.truth.case.length}, {agree}."

    def _evidence(self, flaw: Flaw, alone: Code) -> str:
        """What a flaw alone does to the nine gradients, by length."""
        if flaw.edits[0].kind in _WITHOUT:
            return _WITHOUT[flaw.edits[0].kind]
        found = errors_by_length(build(alone), [Case(*own_case(T, self.takes)) for T in LENGTHS])
        wrong, sizes = wrong_at(found, RIGHT), {T: max(each.values()) for T, each in found.items()}
        size = max(sizes.values(), default=0)
        if 1e-9 < size < _ROUNDING:
            return (
                f"This fault alone leaves errors of up to {size:.2g}, as rounding does: enough to hide another fault."
            )
        if not wrong:
            stops = Variants(alone).run(self.truth).error is not None
            what = "stops with an error" if stops else f"does not return {_NINE}"
            return "" if found else f"With this fault alone the function {what}."
        names = [f"d{name}" for name in Params.NAMES if any(name in each for each in wrong.values())]
        at = [T for T, one in sizes.items() if one > 0.99 * size]
        repair = "all repairs together" if len(self.flaws) > 1 else "the repair"
        first, begun = min(wrong), [f"d{name}" for name in wrong[min(wrong)]]
        nine = "all nine gradients" if len(names) == 9 else listing(names)
        makes = f"{nine} wrong {since(wrong, found)}"
        if rest := [name for name in names if name not in begun]:
            makes = f"{listing(begun)} wrong at T = {first}, and with more steps {listing(rest)} too"
        one = f"largest error {size:.2g}" + f", at T = {at[0]}" * (len(wrong) > 1)
        most = one if len(at) == 1 else f"errors up to {size:.2g}"
        none = [T for T in LENGTHS if T not in found]
        no_answer = f"; at T = {listing(none)} it doesn't return {_NINE}" if none else ""
        return (
            f"This fault alone makes {makes} ({most}){no_answer}. With {repair}, all nine agree with the exact "
            f"gradient at T = {listing(LENGTHS)} and on nets of other sizes."
        )


def _others(flaws: list[Flaw], flaw: Flaw) -> list[Flaw]:
    return [other for other in flaws if other is not flaw]


def _text(code: Code, slot: Slot) -> tuple[int, str]:
    """The text at a slot, and the unit that it is in."""
    return slot.unit, code.units[slot.unit].text[slot.start : slot.end]


def errors_by_length(backward: Callable, cases: Iterable[Case]) -> dict[int, dict[str, float]]:
    """The errors of the nine gradients by length, without the lengths at which it gives none."""
    found = {}
    for case in cases:
        begun = time.monotonic()
        got = called(backward, case, case.params.copy())
        if got is not None:
            found[case.length] = errors(got, case)
        elif time.monotonic() - begun > CALL:
            break  # it does not end, and would not at another length
    return found


def since(wrong: Iterable[int], tried: Iterable[int]) -> str:
    """The lengths at which something is `wrong`: "from T = 2 on" only if no length was left out before it."""
    wrong = [*wrong]
    on = wrong[0] <= 3 and wrong == [T for T in tried if wrong[0] <= T]
    return f"from T = {wrong[0]} on" if on else f"at T = {listing(wrong)}"


def wrong_at(errors: dict[int, dict[str, float]], right: float) -> dict[int, list[str]]:
    """The gradients that are off by more than `right`, at the lengths at which some are."""
    wrong = {T: [name for name, error in each.items() if error > right] for T, each in errors.items()}
    return {T: names for T, names in wrong.items() if names}


def _suspects(
    variants: Variants, trace: Trace, events: list[tuple[int, int]], truth: Truth, right: set[str]
) -> tuple[list[int], list[int], list[int]]:
    """Slots that may be wrong, in the order of the run.

    First those on which a gradient depends, but no right one; where that of V is right, of the walk back only. Then, of
    these, those on which exactly the wrong gradients depend; and those that once make a value which is no right
    quantity, nor the same for every sequence.
    """
    case = truth.case
    reached = dict.fromkeys(slot for slot, _ in events)
    strange = dict.fromkeys(slot for slot, found in events if not _right(found, truth))
    tokens = {name: (getattr(case, name) + 1) % truth.K for name in ("x", "targets")}
    states = {name: 0.5 * state for name, state in case.states.items()}
    back = _changed(variants, trace, replace(case, targets=tokens["targets"])) if "V" in right else reached
    reach = variants.reach(truth, reached)
    may = [slot for slot in reached if slot in back and reach.get(slot) and not reach[slot] & right]
    just = [slot for slot in may if right and reach[slot] == set(Params.NAMES) - right]
    unknown = [slot for slot in strange if slot in may]
    fresh = _changed(variants, trace, replace(case, states=states, **tokens))
    if right or not fresh.isdisjoint(unknown):  # else nothing that a pass computes changes, if it reads no token
        unknown = [slot for slot in unknown if slot in fresh]
    some, visits = {slot for slot, found in events if _right(found, truth)}, Counter(slot for slot, _ in events)
    if unknown and unknown[0] in some and visits[unknown[0]] > case.length:  # a helper that is right for other gates
        unknown = _callers(variants.code, unknown[0], unknown) or unknown
    return may, just, unknown


def _callers(code: Code, slot: int, others: Iterable[int]) -> list[int]:
    """Those of the other slots that call the function in which a slot is."""
    name = code.units[code.slots[slot].unit].node.name
    return [other for other in others if name in read_by(code.slots[other].node)]


def _never_run(slots: list[Slot], trace: Trace) -> Slot | None:
    """The head of the first loop in which nothing was executed, in a function in which something was."""
    ran = {*trace.slots}
    units, begun = {slots[k].unit for k in ran}, {id(loop) for k in ran for loop in slots[k].loops}
    for slot in slots:
        idle = [loop for loop in slot.loops if id(loop) not in begun and slot.unit in units]
        if idle and isinstance(slot.node, ast.Assign | ast.AugAssign):
            head = getattr(idle[0], HEADS[type(idle[0])])
            return next(each for each in slots if each.node is head)
    return None


def _right(found: int, truth: Truth) -> bool:
    """Whether a recorded value is a right quantity, or zeros."""
    return found < 0 or found & ~truth.unfinished > 0


def _changed(variants: Variants, trace: Trace, case: Case) -> set[int]:
    """Slots that compute something else in another case."""
    one, other = defaultdict(list), defaultdict(list)
    for values, each in ((one, trace), (other, variants.run(Truth(case)))):
        for slot, value in zip(each.slots, each.values, strict=False):
            values[slot].append(value)
    return {slot for slot in one if len(one[slot]) != len(other[slot]) or not all(map(same, one[slot], other[slot]))}


def _given(slot: Slot) -> set[str]:
    """Names that a statement assigns, in whole or in part."""
    return {re.match(r"\w*", ast.unparse(target))[0] for target in targets_of(slot.node)}


def _suspicion(
    code: Code, may: list[int], just: list[int], unknown: list[int], right: set[str], made: list[bool]
) -> Finding:
    """The first statement that may be wrong as a finding; `made` says of each of its values whether it is right.

    It says no more than what was seen.
    """
    units, slots = code.units, code.slots
    first = slots[(unknown or just)[0]]
    unit = units[first.unit]

    def others(numbers: Iterable[int]) -> str:
        lines = {units[slots[n].unit].line_number(slots[n].start) for n in numbers} - {unit.line_number(first.start)}
        return f"line{'s' if len(lines) > 1 else ''} {listing(sorted(lines))}" if lines else ""

    if unknown:
        strange = made.count(False)
        of = f"of the {len(made)} values that this line computes"
        if len(made) == 1:
            said = "the value of this line is not one of the right quantities"
        elif strange == len(made):
            said = f"none {of} is one of the right quantities"
        else:
            said = f"{strange} {of} {'is' if strange == 1 else 'are'} not among the right quantities"
        cause = f"On a sequence of three steps, {said}.{' No gradient that is right depends on it.' * bool(right)}"
        node = first.node.value if isinstance(first.node, ast.Assign) else first.node
        read = read_by(node)
        near = [n for n in may if slots[n].unit == first.unit and {*slots[n].loops} >= {*first.loops[-1:]}]
        near += [n for n in may if slots[n].unit == first.unit and n < first.number and n not in near]
        given = _callers(code, first.number, may) if first.unit else []
        feeders = others([*(n for n in near if _given(slots[n]) & read), *given])
        evidence = (
            "It may be halfway to a right value. If it is not, the fault is in this line, in what it reads"
            f"{f' ({feeders})' if feeders else ''}, or further up."
        )
    else:
        wrong, lines = [name for name in Params.NAMES if name not in right], others(just)
        cause = f"Exactly the wrong gradients (d{', d'.join(wrong)}) depend on what this line computes."
        cause += f" The same is true of {lines}." if lines else ""
        evidence = "No value was found that must be wrong."
    where = place(units, first.unit, unit.row(first.start))
    return Finding(**where, cause=cause, evidence=evidence, idea=_UNKNOWN if unknown else _MISPLACED)


def place(units: list[Unit], number: int, row: int) -> dict[str, Any]:
    """The line, its text and the helper that it is in, if it is in one, as a finding has them."""
    unit = units[number]
    name, code = unit.function.__name__, unit.text.splitlines()[row].strip()
    helper = number and not unit.constants and name.isidentifier()  # not a lambda
    whole = f"{unit.owner.__name__}.{name}" if unit.owner else name  # several classes may have a `backward`
    return {"line": unit.first_line + row, "code": code, "function": whole if helper else ""}
