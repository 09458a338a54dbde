"""What the search found as findings: of each flaw its line, what goes wrong first, the cause, repair and evidence.

Imports build, causes, report, search, suspects, truth and variants.
"""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Callable, Iterable
from functools import cached_property

from lstm_teach.doctor import causes
from lstm_teach.doctor.build import build
from lstm_teach.doctor.proof import CALL, called, errors
from lstm_teach.doctor.report import Finding
from lstm_teach.doctor.search import Flaw, Result, rewrite
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.suspects import place, same
from lstm_teach.doctor.truth import FORWARD, Case, Key, Truth, make_case
from lstm_teach.doctor.values import usable
from lstm_teach.doctor.variants import Trace, Variants, right_matrices
from lstm_teach.gradcheck import LENGTHS, own_case
from lstm_teach.gradreport import listing
from lstm_teach.params import Params

_TELLING = 6  # right values that an edit must bring into being, if it is not proved: one or two may come by chance
_WITHOUT = {
    "step of a loop": "Without it the function never ends.",
    "no return": "Without it the function returns nothing.",
}
_ADDED = ("missing statement", *_WITHOUT)  # kinds of edits that put a line where none was


class Account:
    """What a search found, told flaw by flaw: the code with one flaw alone beside the repaired code, in one case."""

    def __init__(self, backward: Callable, units: list[Unit], takes: dict[str, bool], result: Result):
        self.backward, self.units, self.takes, self.result = backward, units, takes, result
        self.truth = Truth(make_case(3, 23, takes))
        self.flaws = result.flaws if result.proved else self._telling(result.flaws)

    def findings(self) -> list[Finding]:
        """The flaws as findings, in the order in which the walk back meets them."""
        told = [self._finding(flaw) for flaw in self.flaws]
        return [finding for _, finding in sorted(told, key=lambda pair: (pair[0], pair[1].line))]

    def _variants(self, units: list[Unit]) -> Variants:
        return Variants(self.backward, units, [], [self.truth])

    def _telling(self, flaws: list[Flaw]) -> list[Flaw]:
        """Those that bring many right values into being."""

        def score(chosen: list[Flaw]) -> float:
            try:
                return self._variants(rewrite(self.units, chosen)).evaluate().score
            except (SyntaxError, StopIteration):
                return math.nan

        return [flaw for flaw in flaws if score(flaws) - score(_others(flaws, flaw)) >= _TELLING]

    @cached_property
    def _repaired(self) -> tuple[Trace, list[tuple[int, int]]]:
        """What the repaired code computes, and what is recognized of it."""
        variants = self._variants(rewrite(self.units, self.flaws))
        trace = variants.run(self.truth)
        return trace, variants.events(trace, self.truth)

    def _finding(self, flaw: Flaw) -> tuple[int, Finding]:
        """One flaw as a finding, and where it stands in the order of the walk back."""
        try:
            alone = rewrite(self.units, _others(self.flaws, flaw))
        except (SyntaxError, StopIteration):
            alone = self.units
        edit, number, row = flaw.edits[0], *self._row(flaw)
        where, broken = place(self.units, number, row), self._variants(alone)
        trace = broken.run(self.truth)
        order, key = self._first_gone(broken, trace)
        evidence = self._evidence(flaw, alone) if self.result.proved else self._gained(trace)
        elsewhere = tuple(line for line in self.result.elsewhere.get(id(edit), ()) if line != where["line"])
        if elsewhere:
            evidence += f" A change of line {' or of line '.join(map(str, elsewhere))} would do as well."
        cause, idea = " ".join(map(causes.cause, flaw.edits)), causes.idea(edit)
        if not self._quotes_the_learner(flaw, number, row):
            cause, idea = f"`{where['code']}` is not what belongs here.", causes.IDEAS["equation"]
        repair = self._repair(flaw, number, row)
        return order, Finding(
            **where,
            **(causes.describe_key(key) if key else {}),
            cause="Not proved: " * (not self.result.proved) + cause,
            repair=repair,
            evidence=evidence,
            idea=idea,
            proved=self.result.proved,
            length=self.truth.case.length,
            how="remove" if not repair else "add" if edit.kind in _ADDED else "replace",
            elsewhere=elsewhere,
        )

    def _row(self, flaw: Flaw) -> tuple[int, int]:
        """The unit and the row of it that a flaw is in; of a statement that is moved, where it stands now."""
        kind, places = flaw.edits[0].kind, sorted(flaw.changes, key=lambda change: (not change[3].strip(), change[1]))
        number, start, *_ = flaw.changes[0] if kind.startswith("moved") else places[0]
        unit = self.units[number]
        row = unit.row(min(start, len(unit.text) - 1))
        if kind in _ADDED:  # after the last line above that is more than a comment
            above = enumerate(unit.text[:start].splitlines())
            row = max((k for k, line in above if line.split("#")[0].strip()), default=row)
        return number, row

    def _quotes_the_learner(self, flaw: Flaw, number: int, row: int) -> bool:
        """Whether what the edits replace is there. Of edits made one upon the other, later ones quote earlier ones."""
        if flaw.edits[0].kind in _ADDED or not all(text.endswith("\n") for *_, text in flaw.changes):
            return True
        unit = self.units[number]
        last = max(unit.row(end - 1) for changed, _, end, _ in flaw.changes if changed == number)
        rows = "\n".join(unit.text.splitlines()[row : last + 1])
        return all(edit.old.strip() in rows for edit in flaw.edits)

    def _repair(self, flaw: Flaw, number: int, row: int) -> str:
        """The line that should stand there instead."""
        kind = flaw.edits[0].kind
        before, after = (units[number].text.splitlines() for units in (self.units, rewrite(self.units, [flaw])))
        new: list[tuple[int, str]] = []  # rows of the text before, and what is put there
        for tag, at, _, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            new += [(at, line.strip()) for line in after[start:end] if tag != "equal" and line.strip()]
        if kind.startswith("moved") and new:
            at, code = new[0][0], before[row].strip()
            neighbor = before[at].strip() if at < len(before) else ""
            where = f"before line {self.units[number].first_line + at} ({neighbor})" if neighbor else "at the end"
            return f"{code}  # to stand {where if neighbor != code else 'in the loop, one level deeper'}"
        return "\n".join(line for _, line in new)

    def _first_gone(self, broken: Variants, trace: Trace) -> tuple[int, Key | None]:
        """The first right quantity that a flaw alone makes go missing, and its place in the order of the run."""
        truth, (right, events) = self.truth, self._repaired
        wrong = set(Params.NAMES) - set(right_matrices(trace, truth))
        if trace.error is not None or not wrong:  # where it stops, the check has said
            return len(broken.events(trace, truth)), None

        def first(bits: int) -> Key:
            return truth.keys[(bits & -bits).bit_length() - 1]

        forward = sum(1 << k for k, key in enumerate(truth.keys) if key.quantity in FORWARD and key.step >= 0)
        missing = (truth.counted | forward) & ~broken.seen(trace, truth)
        for order, (_, found) in enumerate(events):
            if found > 0 and found & missing:
                key = first(found & missing)
                # The columns of a U are seen one by one: where other gradients are wrong too, it need not be the first.
                sure = key.gate[:1] != "U" or all(name[0] == "U" for name in wrong)
                return order, key if sure else None
        # Nothing is gone: the same numbers stand in another place or the other way round. Then compare event by event.
        usual = [k for k, value in enumerate(right.values) if usable(value)]
        for order, (k, (slot, found)) in enumerate(zip(usual, events, strict=False)):
            there = found > 0 and found & truth.counted and trace.slots[k : k + 1] == [slot]
            if there and not same(right.values[k], trace.values[k]):
                return order, first(found & truth.counted)
        return 10**6, None

    def _gained(self, trace: Trace) -> str:
        """Which gradients are right with an edit that is not proved, and not without it."""
        before, now = (right_matrices(each, self.truth) for each in (trace, self._repaired[0]))
        names = [f"d{name}" for name in now if name not in before]
        more = "more of the deltas are right, but no more of the gradients"
        return f"With it, {f'{listing(names)} agree at T = 3' if names else more}."

    def _evidence(self, flaw: Flaw, alone: list[Unit]) -> str:
        """What a flaw alone does to the nine gradients, by length."""
        if flaw.edits[0].kind in _WITHOUT:
            return _WITHOUT[flaw.edits[0].kind]
        found = ladder(build(self.backward, alone), [Case(*own_case(T, self.takes)) for T in LENGTHS])
        wrong = wrong_at(found, 1e-9)
        if not wrong:
            return "" if found else "With this fault alone the function stops with an error."
        names = [f"d{name}" for name in Params.NAMES if any(name in each for each in wrong.values())]
        size, at = max((max(each.values()), T) for T, each in found.items())
        repair = "all repairs together" if len(self.flaws) > 1 else "the repair"
        return (
            f"This fault alone makes {'all nine gradients' if len(names) == 9 else ', '.join(names)} wrong, from "
            f"T = {min(wrong)} on (error up to {size:.2g}, at T = {at}). With {repair}, all nine agree with the exact "
            f"gradient at T = {listing(LENGTHS)} and on nets of other sizes."
        )


def _others(flaws: list[Flaw], flaw: Flaw) -> list[Flaw]:
    return [other for other in flaws if other is not flaw]


def ladder(backward: Callable, cases: Iterable[Case]) -> dict[int, dict[str, float]]:
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


def wrong_at(errors: dict[int, dict[str, float]], right: float) -> dict[int, list[str]]:
    """The gradients that are off by more than `right`, at the lengths at which some are."""
    wrong = {T: [name for name, error in each.items() if error > right] for T, each in errors.items()}
    return {T: names for T, names in wrong.items() if names}
