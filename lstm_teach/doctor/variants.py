"""Run many changed versions of a learner's function without compiling each: all changes in one function, switched.

Every statement that has candidate changes becomes a switch between its own text and the changed ones; a list of
numbers chooses. A run records what each statement computed. Imports build, code, slots, switch, values, truth and
the guard.
"""

from __future__ import annotations

import ast
import functools
import gc
import operator
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_teach import guard
from lstm_teach.doctor.build import build
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.fuel import EDIT, RUN, STATEMENT, VALUE, spend
from lstm_teach.doctor.slots import Edit, Part, names
from lstm_teach.doctor.switch import HERE, Switch
from lstm_teach.doctor.truth import Truth
from lstm_teach.doctor.values import disturbed, fits, is_zero, kept, mark, numbers, usable
from lstm_teach.gradcheck import read_gradients
from lstm_teach.params import Params
from lstm_teach.validate import real_array

_LOOKING = 10_000_000  # statements of functions that may be called where a statement is only looked at


class Endless(RuntimeError):
    """A run took more turns of its loops, or more time, than a right one could."""


@dataclass
class Trace:
    """What the statements computed in one run, in order: slot numbers and values."""

    quiet: bool = False  # nothing is kept but the result
    disturbed: int = -1  # the slot of which another value is put in place of what it computes
    touched: bool = False  # whether there was such a value
    slots: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    result: Any = None
    error: Exception | None = None
    kept_inputs: bool = True  # whether the arrays that it was given are as they were


class Variants:
    """All candidate edits of some code compiled into one set of functions.

    `at` is a set of slots and a function that is called before each of them with its number and the names there.
    Without `records` what the statements compute is not kept, which is faster.
    """

    def __init__(
        self, code: Code, edits: Sequence[Edit] = (), at: tuple[set[int], Callable] | None = None, records: bool = True
    ):
        self.records = records
        self.watched, self._watch = at or (set(), None)
        self._failed: Exception | None = None  # what was raised by somebody's look at a statement
        self._fuel = 0  # statements that the run may still execute
        self.code, self.slots = code, code.slots
        self._choice = [0] * len(self.slots)
        self._trace = Trace()
        self.alternatives: dict[int, list[list[ast.stmt] | ast.expr]] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        collecting = gc.isenabled()
        gc.disable()  # meanwhile: else Python would search thousands of trees again and again, and find no garbage
        try:
            self.edits = [edit for edit in edits if all(map(self._enter, edit.parts))]
            trees = [Switch(self, unit, number).tree for number, unit in enumerate(code.units)]
            given = {"record": self._record, "owner": self._record_owner, "fits": fits, "fuel": self._burn}
            given |= {"choice": self._choice, "at": self._look, "globals": globals, "locals": locals}
            self.call = build(code, trees, {f"__{name}__": value for name, value in given.items()})
            spend(EDIT * (len(self._numbers) + len(self.slots)))
            self.alternatives.clear()  # a batch's syntax trees
        except SyntaxError:  # a few errors Python finds only when it compiles, as an argument that is given twice
            sound = [edit for edit in self.edits if all(map(_compiles, edit.parts))]
            if len(sound) == len(self.edits):
                raise
            self.__init__(code, sound, at, records)
        finally:
            if collecting:
                gc.enable()

    def _enter(self, part: Part) -> bool:
        """Take in what an edit changes at a slot; False if that can't be."""
        if (part.slot, part.code) not in self._numbers:
            new = self._parsed(part)
            if new is None:
                return False
            self.alternatives.setdefault(part.slot, []).append(new)
            self._numbers[part.slot, part.code] = len(self.alternatives[part.slot])
        return True

    def _parsed(self, part: Part) -> list[ast.stmt] | ast.expr | None:
        """The tree of what is to stand at a slot. None if Python can't read it, or if it assigns a name of others.

        It would become local in all variants, and a name from the function around could not be read any more. New names
        are those that the code has nowhere, or only reads though nothing is called so.
        """
        slot = self.slots[part.slot]
        try:
            body = ast.parse(part.code.strip(), mode="eval" if slot.kind == "head" else "exec").body
        except (SyntaxError, ValueError):
            return None
        if isinstance(body, ast.expr):
            return body
        if isinstance(slot.node, ast.Return) and body and isinstance(body[0], ast.Expr):  # what a lambda returns
            return [ast.Return(body[0].value, **HERE)]
        targets = [one for node in body for one in getattr(node, "targets", [getattr(node, "target", None)]) if one]
        given = names(*targets, context=ast.Store) - slot.names - self.code.unbound[slot.unit]
        return None if any(name in self.code.text for name in given) else body

    def _record(self, slot: int, value: Any, result: bool = False) -> Any:
        trace = self._trace
        if slot == trace.disturbed:
            value, before = disturbed(value), value
            arrays = numbers(value) is not None or type(value) not in (list, tuple, dict) or kept(value)
            trace.touched |= value is not before and bool(arrays)
        fits(value)
        if not trace.quiet:
            trace.values.append(kept(value) if type(value) is not Params or result else None)
            trace.slots.append(slot)
        return value

    def _record_owner(self, slot: int, value: Any, axes: int) -> None:
        array = numbers(value) if type(value) is list else value
        if getattr(array, "ndim", 0) == axes:
            self._record(slot, value)

    def _burn(self, statements: int) -> None:
        """Called in every turn of a loop and every call of a function: what goes on for ever is stopped soon."""
        self._fuel -= statements
        if self._fuel < 0:
            raise guard.OutOfTime

    def _look(self, slot: int, names: dict, local_names: dict) -> None:
        """Let somebody look at a statement; what is called then has a budget of its own."""
        fuel, self._fuel = self._fuel, _LOOKING
        try:
            self._watch(slot, names, local_names)
        except Exception as error:
            if not isinstance(error, RecursionError):  # the learner's own calls have used up the depth
                self._failed = error
            raise
        finally:
            spend(STATEMENT * (_LOOKING - self._fuel))
            self._fuel = fuel

    def run(self, truth: Truth, edits: Sequence[Edit] = (), quiet: bool = False, disturbed: int = -1) -> Trace:
        """Run on one case and return what the statements computed; what one slot computes may be `disturbed`."""
        for part in [part for edit in edits for part in edit.parts]:
            self._choice[part.slot] = self._numbers[part.slot, part.code]
        trace = self._trace = Trace(quiet, disturbed)
        case = truth.case
        H, K = case.params.hidden_size, case.params.vocab_size
        self._fuel = fuel = 10_000 + 60 * case.length * H * (H + K)  # far more than loops over all entries take
        states = {name: value.copy() for name, value in case.states.items()}
        given = case.params.copy(), case.x.copy(), case.targets.copy()
        try:
            with np.errstate(all="ignore"):
                trace.result = self.call(*given, **states)
        except (Exception, guard.OutOfTime) as error:
            trace.error = error if isinstance(error, Exception) else Endless("it does not end")
        finally:
            spend(RUN + STATEMENT * (fuel - self._fuel))
            self._choice[:] = [0] * len(self._choice)
        if self._failed is not None:  # no error of the learner's code
            raise self._failed
        if trace.error is not None:  # its traceback would keep alive the trace and all that the run has made
            trace.error.with_traceback(None)
        own = case.params.flat, case.x, case.targets, *case.states.values()
        now = given[0].flat, *given[1:], *states.values()
        trace.kept_inputs = all(a.tobytes() == b.tobytes() for a, b in zip(now, own, strict=True))
        return trace

    def reach(self, truth: Truth, slots: Iterable[int], edits: Sequence[Edit] = ()) -> dict[int, set[str]]:
        """The matrices whose gradient changes if what a statement computes is disturbed. It needs `records`.

        All nine if the run fails, if it isn't a value with numbers that could be disturbed, or if the statement calls a
        function that does more than return a value.
        """
        plain = gradients(self.run(truth, edits, quiet=True), truth)
        found: dict[int, set[str]] = {}
        for slot in slots if plain is not None else ():
            trace = self.run(truth, edits, quiet=True, disturbed=slot) if slot not in self.code.acting else Trace()
            got = gradients(trace, truth) if trace.touched else None
            found[slot] = {n for n in Params.NAMES if got is None or not np.array_equal(got[n], plain[n])}
        return found

    def seen(self, trace: Trace, truth: Truth, known: dict | None = None) -> int:
        """All keys that are recognized in a run, as bits. What is in `known` is not looked up; all else comes there."""
        found = self.recognized(trace, truth, known)
        return functools.reduce(operator.or_, (max(bits, 0) for *_, bits in found), 0)

    def events(self, trace: Trace, truth: Truth) -> list[tuple[int, int]]:
        """Slots and recognized keys (bits), in the order of the run; -1 for zeros, which belong to no quantity."""
        return [(slot, bits or -is_zero(value)) for slot, value, bits in self.recognized(trace, truth)]

    @staticmethod
    def recognized(trace: Trace, truth: Truth, known: dict | None = None) -> list[tuple[int, Any, int]]:
        """Slots, values with numbers in them, and recognized keys."""
        known = {} if known is None else known
        pairs = [(slot, value) for slot, value in zip(trace.slots, trace.values, strict=False) if usable(value)]
        marks = [mark(value) for _, value in pairs]
        new = {each: value for each, (_, value) in zip(marks, pairs, strict=True) if each not in known}
        spend(VALUE * sum(len(value) if type(value) is list else 1 for value in new.values()))
        with np.errstate(all="ignore"):
            known.update(zip(new, truth.recognize(list(new.values())), strict=True))
        return [(*pair, known[each]) for each, pair in zip(marks, pairs, strict=True)]


def _compiles(part: Part) -> bool:
    try:
        compile(f"def function():\n{textwrap.indent(part.code.strip() or 'pass', ' ')}", "<edit>", "exec")
    except SyntaxError:
        return False
    return True


def right_matrices(trace: Trace, truth: Truth) -> list[str]:
    """Names of the matrices whose gradient a run returned right, to 1e-9."""

    def agrees(got: np.ndarray, right: np.ndarray) -> bool:
        return bool(np.abs(got - right).max() <= 1e-9 * (np.abs(right).max() or 1e-3))

    return [name for name, got in (gradients(trace, truth) or {}).items() if agrees(got, truth.gradient[name])]


def gradients(trace: Trace, truth: Truth) -> dict[str, np.ndarray] | None:
    """What a run returned as the nine gradients, nan for one that can't be it; None if they are not nine."""
    if trace.error is not None:
        return None
    try:
        returned = read_gradients(trace.result)
    except (ValueError, TypeError):
        return None
    found = {}
    for name, right in truth.gradient.items():
        value = returned[name]
        if type(value) is np.ndarray and value.dtype.char == "d" and value.shape == right.shape:  # as nearly always
            found[name] = value.copy()
            continue
        try:
            found[name] = real_array(name, value, right.shape, np.float64, finite=False)
        except (ValueError, TypeError):
            found[name] = np.full(right.shape, np.nan)
    return found
