"""What was found as findings: of each flaw its line, what goes wrong first, the cause, repair and evidence.

Where no repair is proved: what is known.

Imports build, causes, kinds, report, search, slots, truth and variants.
"""

import ast
import difflib
import functools
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Any

from lstm_teach.doctor import causes
from lstm_teach.doctor.build import build
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.kinds import ADDED, MOVED, SPOILED
from lstm_teach.doctor.proof import CALL, NOISE, called
from lstm_teach.doctor.report import Finding
from lstm_teach.doctor.search import Flaw, Result, repaired, without
from lstm_teach.doctor.slots import Slot, head_of
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import FORWARD, Case, Key, Truth, make_case
from lstm_teach.doctor.values import mark
from lstm_teach.doctor.variants import Trace, Variants, gradients, right_matrices
from lstm_teach.gradcheck import LENGTHS, own_case
from lstm_teach.gradreport import errors_of, listing, off
from lstm_teach.params import GATES, Params

_ROUNDING = 1e-6  # single precision leaves less
_TELLING = 6  # right values that an edit must bring into being, if it is not proved: one or two may come by chance
_NINE = "nine gradients of the right shapes, all of them finite"
_CHAIN = ("dy", "dh_loss", "dc", "d", "dz", "dh_future", "dc_carry")  # in the order of the walk back
_CARRIED = ("dh_future", "dc_carry")
_WERE = {"d": "di, df and dg were", "dz": "deltas of the pre-activations of i, f and g were"}
_WERE |= {"dh_future": "delta that comes back to h was", "dc_carry": "delta that comes back to the cell was"}


class Account:
    """What a search found, told flaw by flaw: the code with one flaw alone beside the repaired code, in one case."""

    def __init__(self, code: Code, takes: dict[str, bool], result: Result):
        self.code, self.units, self.takes, self.result = code, code.units, takes, result
        self.truth, self.one = (Truth(make_case(T, 20 + T, takes)) for T in (3, 1))
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
        """Where nothing is proved: a loop that never runs, and notes on what is made and what never is."""
        variants, truth = Variants(code), self.truth
        trace = variants.run(truth)
        if gradients(trace, truth) is None:
            return [], []  # it stops, or returns nothing of use: the check has said so, and no value tells more
        notes = self._never_made(variants, trace)
        own = gradients(Variants(self.code).run(truth), truth) or {}  # what lacks a name is told by the check
        empty = [f"d{name}" for name, got in own.items() if not got.any() and truth.gradient[name].any()]
        if empty:
            are = "is" if len(empty) == 1 else "are"
            notes.append(f"{listing(empty)} {are} zero: nothing is added, or what is added is lost.")
        if (idle := _never_run(code.slots, trace)) is None:
            return [], notes
        where = place(code.units, idle.unit, code.units[idle.unit].row(idle.start))
        nothing = "On a sequence of three steps nothing inside it is executed."
        return [Finding(**where, cause="This loop never runs.", evidence=nothing, idea=causes.IDEAS["range"])], notes

    def _never_made(self, variants: Variants, trace: Trace) -> list[str]:
        """A note on the first quantity, in the order of the run, that is never made, nor anything after it."""
        keys = self.truth.keys_in(variants.seen(trace, self.truth))
        keys = [key for key in keys if key.loss is None and key.step >= 0]
        found = Counter(key.quantity + "o" * (key.gate == "o") for key in keys)  # no delta of gate o comes from dc
        made = {*found, *(key.gate for key in keys if key.quantity == "gate")}
        # What made a right gradient was right, and only not recognized, as where it is computed number by number.
        alone = self._alone(variants)
        right = {name[-1] for name in alone if self.one.gradient[name].any()}
        made |= {*_CHAIN[: 5 if right & {*"ifg"} else 2 if "o" in right else 1 if right else 0]}
        never = [*takewhile(lambda name: name not in made, reversed(_CHAIN))]
        groups = () if "y" in made else ("y",) if "h" in made else ("o", "h") if "c" in made else (GATES, "c")
        ahead = next((names for group in groups if (names := [name for name in group if name not in made])), [])
        if never[-1:] == ["dy"] and ahead and not self.borrows_forward:
            are, them = ("was", "it") if len(ahead) == 1 else ("were", "them")
            said = f"The right {listing(ahead)} {are} not recognized at any step of the forward pass"
            return [f"{said}, and every gradient needs {them}."]
        # What is carried is wrong only if a step alone comes right, and with others does not.
        always = [name for name in ("dy", "dh_loss", "do", "dc") if found[name] == self.truth.case.length]
        if not never or "dc" in always or (never[-1] in _CARRIED and len(alone) < len(Params.NAMES)):
            return []
        # What is left out before one that is made need not be computed.
        said = f"The right {_WERE.get(never[-1], f'{never[-1]} was')} not recognized at any step of the run."
        if always:
            were = "were" if len(always) > 1 else "was"
            said = f"The right {listing(always)} {were} recognized at every step. {said}"
        return [said]

    def _alone(self, variants: Variants) -> list[str]:
        """The matrices whose gradient is right in one step alone, where nothing is carried."""
        return right_matrices(variants.run(self.one), self.one)

    def _telling(self, flaws: list[Flaw]) -> list[Flaw]:
        """Those that bring many right values into being, a gradient among them."""

        def score(chosen: list[Flaw]) -> tuple[int, int]:
            variants = Variants(repaired(self.code, chosen) or self.code)
            trace = variants.run(self.truth)
            right = len(right_matrices(trace, self.truth))
            return (variants.seen(trace, self.truth) & self.truth.counted).bit_count() + 4 * right, right

        (most, right), alone = score(flaws), [(flaw, *score(without(flaws, flaw))) for flaw in flaws]
        told = [flaw for flaw, others, less in alone if most - others >= _TELLING and right > less]
        return told if len(told) == len(flaws) else self._telling(told)  # beside those alone that are told

    @functools.cached_property
    def _repaired(self) -> tuple[Variants, Trace]:
        """The repaired code, and what it computes."""
        variants = Variants(repaired(self.code, self.flaws))
        return variants, variants.run(self.truth)

    def _finding(self, flaw: Flaw) -> tuple[int, Finding]:
        """One flaw as a finding, and where it stands in the order of the walk back."""
        alone = repaired(self.code, without(self.flaws, flaw)) or self.code
        edit, number, row = flaw.edits[0], *self._row(flaw)
        where, broken = place(self.units, number, row), Variants(alone)
        trace = broken.run(self.truth)
        order, key = self._first_gone(broken, trace)
        returned = key is not None and key.gate in Params.NAMES and where["code"].startswith("return")
        if edit.kind in SPOILED or returned:
            key = None  # what it spoils was right before
        if key is not None and key.quantity in _CARRIED and len(self._alone(broken)) < len(Params.NAMES):
            key = None  # where nothing is carried yet, something is wrong already
        evidence = self._evidence(flaw, alone) if self.result.proved else self._gained(trace)
        elsewhere = tuple(line for line in self.result.elsewhere.get(id(edit), ()) if line != where["line"])
        if elsewhere:
            evidence += f" A change to line {' or to line '.join(map(str, elsewhere))} would do as well."
        cause, idea = " ".join(dict.fromkeys(causes.cause(each, key) for each in flaw.edits)), causes.idea(edit)
        if edit.kind == "equation" and not self.result.proved:
            cause = f"with `{edit.new}` instead of `{edit.old}` more values are right."
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
        number, start, end, text = flaw.changes[0] if kind in MOVED else places[0]
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

    def _repair(self, flaw: Flaw, number: int, row: int) -> str:
        """The line that should stand there instead."""
        kind, unit = flaw.edits[0].kind, self.units[number]
        before, after = (code.units[number].text.splitlines() for code in (self.code, repaired(self.code, [flaw])))
        new: list[tuple[int, str]] = []  # rows of the text before, and what is put there
        for tag, at, _, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            new += [(at, line) for line in after[start:end] if tag != "equal" and line.strip()]
        if kind in MOVED and new:
            at, code = new[0][0], before[row].strip()
            if kind == "moved":  # of two lines that change places, either may be the new one
                at = next((unit.row(start) for _, start, _, text in flaw.changes[1:] if text.strip()), at)
            neighbor = before[at].strip() if at < len(before) else ""
            where = f"before line {unit.first_line + at} ({neighbor})" if neighbor else "at the end"
            level = "one level further out, after the loop" if kind == "moved out" else "one level deeper, in the loop"
            return f"{code}  # goes {where if neighbor != code else level}"
        above = [s for s in self.code.slots if s.unit == number and unit.row(s.start) <= row <= unit.row(s.end - 1)]
        deep = next((len(slot.indent or "") for slot in above if slot.kind == "statement"), 0)
        if kind in ADDED and new and deep > len(re.match(r"\s*", new[0][1])[0]):
            new = [(at, f"{line}  # not in the block above, but after it") for at, line in new]
        return "\n".join(line.strip() for _, line in new)

    def _first_gone(self, broken: Variants, trace: Trace) -> tuple[int, Key | None]:
        """Where in the run a flaw alone first changes something, and what; None if its own statement makes nothing."""
        truth, (variants, right) = self.truth, self._repaired
        wrong = set(Params.NAMES) - set(right_matrices(trace, truth))
        if gradients(trace, truth) is None or not wrong:  # where it stops or returns none, the check has said
            return len(trace.slots), None
        begin = sum(1 << k for k, key in enumerate(truth.keys) if key.step < 0)  # what is there before the first step
        besides = truth.bits("dh_loss", *(() if self.borrows_forward else FORWARD)) & ~begin
        told, left = truth.counted | besides, broken.seen(trace, truth)
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
                made = [truth.keys_in(bits & told) for at, _, bits in events if at == number]
                key = self._key(new, [keys[0].step for keys in made if keys], wrong)
                # What is added to a place of an array is a part of a gradient, even if it begins as a delta.
                added = isinstance(slot.node, ast.AugAssign) and isinstance(slot.node.target, ast.Subscript)
                return begun, None if key and added and key.gate not in Params.NAMES else key
        return begun, None

    def _key(self, new: int, steps: list[int], wrong: set[str]) -> Key | None:
        """The first of some quantities, with its step if the statement that makes it, at these `steps`, goes back."""
        key, *others = self.truth.keys_in(new)
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
        return f"With this change{others}, {agree} with the exact gradient at T = {self.truth.case.length}."

    def _evidence(self, flaw: Flaw, alone: Code) -> str:
        """What a flaw alone does to the nine gradients, by length."""
        found = errors_by_length(build(alone), [Case(*own_case(T, self.takes)) for T in LENGTHS])
        wrong, sizes = wrong_at(found), {T: max(each.values()) for T, each in found.items()}
        size = max(sizes.values(), default=0)
        if 1e-9 < size < _ROUNDING:
            return f"This fault alone leaves errors of up to {size:.2g}, as in float32: enough to hide another fault."
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
            found[case.length] = errors_of(got, case.gradient, NOISE)
        elif time.monotonic() - begun > CALL:
            break  # it does not end, and would not at another length
    return found


def since(wrong: Iterable[int], tried: Iterable[int]) -> str:
    """The lengths at which something is `wrong`: "from T = 2 on" only if no length was left out before it."""
    wrong = [*wrong]
    on = wrong[0] <= 3 and wrong == [T for T in tried if wrong[0] <= T]
    return f"from T = {wrong[0]} on" if on else f"at T = {listing(wrong)}"


def wrong_at(errors: dict[int, dict[str, float]]) -> dict[int, list[str]]:
    """The gradients that are off, at the lengths at which some are."""
    return {T: names for T, each in errors.items() if (names := off(each))}


def _never_run(slots: list[Slot], trace: Trace) -> Slot | None:
    """The head of the first loop in which nothing was executed, in a function in which something was."""
    ran = {*trace.slots}
    units, begun = {slots[k].unit for k in ran}, {id(loop) for k in ran for loop in slots[k].loops}
    for slot in slots:
        idle = [loop for loop in slot.loops if id(loop) not in begun and slot.unit in units]
        if idle and isinstance(slot.node, ast.Assign | ast.AugAssign):
            return next(each for each in slots if each.node is head_of(idle[0]))
    return None


def place(units: list[Unit], number: int, row: int) -> dict[str, Any]:
    """The line, its text and the helper that it is in, if it is in one, as a finding has them."""
    unit = units[number]
    name, code = unit.function.__name__, unit.text.splitlines()[row].strip()
    helper = number and not unit.constants and name.isidentifier()  # not a lambda
    whole = f"{unit.owner.__name__}.{name}" if unit.owner else name  # several classes may have a `backward`
    return {"line": unit.first_line + row, "code": code, "function": whole if helper else ""}
