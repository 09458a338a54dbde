"""Run many changed versions of a learner's function without compiling each: all changes in one function, switched.

Every statement that has candidate changes becomes a switch between its own text and the changed ones; a list of
numbers chooses. A run records what each statement computed. Imports source, truth and the guard.
"""

from __future__ import annotations

import ast
import copy
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_teach import guard
from lstm_teach.doctor.fuel import EDIT, RUN, STATEMENT, VALUE, spend
from lstm_teach.doctor.source import Unit, build
from lstm_teach.doctor.truth import Truth
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.params import Params

_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Delete, ast.Pass)
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}
_HERE = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}  # of new nodes; a later walk costs more
TARGET, OWNER = -1, -2  # parts of `a[k] += b` besides b: a[k] and a afterwards
RESULT = -3  # part of a return statement
_LONGEST = 64  # of the lists of floats that are looked at
_LARGEST = 1 << 16  # numbers in one array; a teaching-size net needs a tenth of it
_LOOKING = 10_000_000  # statements of functions that may be called where a statement is only looked at


@dataclass
class Slot:
    """A place in the learner's code that an edit can change: a statement, a loop's or condition's head, or a gap."""

    number: int
    unit: int
    kind: str  # "statement", "head", "gap", "pattern" (the value after `case`)
    node: ast.AST | None
    start: int
    end: int
    block: int  # number of the block of statements that it stands in
    index: int  # its place there; a gap stands before the statement of this index
    loops: tuple[ast.For | ast.While, ...]
    indent: str = ""
    names: frozenset[str] = frozenset()  # the local names of the function that it stands in
    bare: bool = False  # what a lambda returns: an expression without `return`


@dataclass(frozen=True)
class Part:
    """What an edit does at one slot: the changed statement as text, and the changes of the unit's text."""

    slot: int
    code: str  # the slot's new statements or expression; empty for nothing
    changes: tuple[tuple[int, int, str], ...]  # start, end, new text


@dataclass(frozen=True)
class Edit:
    """One candidate change of the learner's code. `cost` is small for mistakes that people often make."""

    kind: str
    cost: float
    parts: tuple[Part, ...]
    old: str = ""
    new: str = ""
    each: tuple[Edit, ...] = ()  # of which it is made, where it changes several statements in the same way

    @property
    def slots(self) -> set[int]:
        """Numbers of the slots that it changes."""
        return {part.slot for part in self.parts}


def find_slots(units: list[Unit]) -> list[Slot]:
    """All places of all units, in the order of the text."""
    slots: list[Slot] = []
    blocks = 0
    names = frozenset()

    def add(unit: int, kind: str, node: ast.AST | None, span: tuple[int, int], block: int, index: int, loops, indent):
        bare = isinstance(node, ast.Return) and units[unit].text[span[0] : span[0] + 6] != "return"
        slots.append(Slot(len(slots), unit, kind, node, *span, block, index, tuple(loops), indent, names, bare))

    def walk(unit: int, body: list[ast.stmt], loops: list) -> None:
        nonlocal blocks, names
        blocks += 1
        block, source = blocks, units[unit]
        first_row = source.row(source.span(body[0])[0])
        line = source.text[source.line_start(first_row) : source.span(body[0])[0]]
        indent = line if not line.strip() else None  # None: the block stands on the line of its head
        for index, node in enumerate(body):
            span = source.span(node)
            at = source.line_start(source.row(span[0]))
            alone = not source.text[at : span[0]].strip()  # no other statement before it on its line
            if indent is not None and alone:
                add(unit, "gap", None, (at, at), block, index, loops, indent)
            if isinstance(node, _SIMPLE):
                add(unit, "statement", node, span, block, index, loops, indent)
            elif isinstance(node, ast.For):
                add(unit, "head", node.iter, source.span(node.iter), block, index, loops, indent)
                walk(unit, node.body, [*loops, node])
            elif isinstance(node, ast.While | ast.If):
                add(unit, "head", node.test, source.span(node.test), block, index, loops, indent)
                walk(unit, node.body, [*loops, node] if isinstance(node, ast.While) else loops)
            elif isinstance(node, ast.FunctionDef):
                around, names = names, local_names(node)
                walk(unit, node.body, [])
                names = around
            elif isinstance(node, ast.With | ast.Try):
                walk(unit, node.body, loops)
            elif isinstance(node, ast.Match):
                for number, case in enumerate(node.cases):
                    if isinstance(case.pattern, ast.MatchValue) and isinstance(node.subject, ast.Name):
                        value = case.pattern.value
                        add(unit, "pattern", value, source.span(value), block, _of_case(index, number), loops, None)
                    walk(unit, case.body, loops)
            elif isinstance(node, ast.ClassDef):
                walk(unit, node.body, [])
            for name in ("orelse", "finalbody"):
                if getattr(node, name, None):
                    walk(unit, getattr(node, name), loops)
        if indent is not None and not isinstance(body[-1], ast.Return):
            end = source.line_start(source.row(source.span(body[-1])[1]) + 1)
            add(unit, "gap", None, (end, end), block, len(body), loops, indent)

    for number, unit in enumerate(units):
        names = local_names(unit.node)
        walk(number, unit.node.body, [])
    return slots


def _of_case(index: int, number: int) -> int:
    """The index of a case's pattern: no statement has one below zero."""
    return -1 - 100 * index - number


def local_names(function: ast.FunctionDef) -> frozenset[str]:
    """The names that belong to a function itself: its arguments, and what it assigns, loops over or defines."""
    found, elsewhere = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}, set()
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere |= set(node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        elif isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue
        waiting += ast.iter_child_nodes(node)
    return frozenset(found | elsewhere)


def numbers(value: Any) -> np.ndarray | None:
    """A list of floats, or of such lists of one length, as an array; None for anything else."""
    if type(value) is not list or not 1 < len(value) <= _LONGEST:
        return None
    rows = value if type(value[0]) is list else [value]
    if any(type(row) is not list or len(row) != len(rows[0]) for row in rows):
        return None
    return np.array(value) if all(isinstance(each, float) for row in rows for each in row) else None


def exchanged(value: Any, change: Callable[[np.ndarray], np.ndarray], here: bool = False, depth: int = 0) -> Any:
    """A list, tuple, dict or Params with each array in it changed, in the order of `kept`.

    Lists of floats count as arrays; `here` they are changed where they stand, as arrays may be.
    """
    kind = type(value)
    if kind is np.ndarray:
        return change(value)
    array = numbers(value)
    if array is not None:
        new = change(array).tolist()
        for row, now in zip(value, new, strict=True) if here and array.ndim == 2 else ():
            row[:] = now
        if here and array.ndim == 1:
            value[:] = new
        return value if here else new
    if depth > 1:
        return value
    if kind is Params:
        new = value.copy()
        for name in Params.NAMES:
            new[name][...] = change(value[name])
        return new
    if kind is dict:
        return {key: exchanged(each, change, here, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        each = [exchanged(each, change, here, depth + 1) for each in value]
        return each if kind is list else tuple(each) if kind is tuple else kind(*each)
    return value


def disturbed(value: Any) -> Any:
    """A value with other numbers in it: floats, and whole numbers by themselves or in arrays; no usual one stays."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_):
        return value - 1 if value > 0 else value + 1  # as an index it stays in bounds
    if isinstance(value, float):
        return 1.1 * value + 0.123

    def other(array: np.ndarray) -> np.ndarray:
        if array.dtype.kind in "iu":
            return np.where(array > 0, array - 1, array + 1)
        return 1.1 * array + 0.123 if array.dtype.kind == "f" else array

    return exchanged(value, other)


class Endless(RuntimeError):
    """A run took more turns of its loops, or more time, than a right one could."""


@dataclass
class Outcome:
    """What one run of a variant gave, over all cases: bits of right quantities and matrices, or an error."""

    bits: int
    score: int
    right: bool
    error: str = ""


@dataclass
class Trace:
    """What the statements computed in one run, in order: slot numbers and values."""

    slots: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    parts: list[int] = field(
        default_factory=list
    )  # which of a statement's values: 0, TARGET, OWNER, an argument's number
    result: Any = None
    error: Exception | None = None
    kept_inputs: bool = True  # whether the arrays that it was given are as they were
    quiet: bool = False  # nothing is kept but the result


class Variants:
    """All candidate edits of some units compiled into one set of functions, run on the cases of `truths`.

    `at` is a set of slots and a function that is called before each of them with its number and the names there.
    Without `records` what the statements compute is not kept, which is faster.
    """

    def __init__(
        self,
        backward: Callable,
        units: list[Unit],
        edits: list[Edit],
        truths: list[Truth],
        at: tuple[set[int], Callable] | None = None,
        records: bool = True,
    ):
        self.truths, self.records = truths, records
        self.watched, self._watch = at or (set(), None)
        self._fuel = 0  # statements that the run may still execute
        self.slots, self.text = find_slots(units), "\0".join(unit.text for unit in units)
        self._choice = [0] * len(self.slots)
        self._disturbed, self._touched = -1, False
        self._trace = Trace()
        self._acting = acting_functions(units)
        self._alternatives: dict[int, list[list[ast.stmt] | ast.expr]] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        collecting = gc.isenabled()
        gc.disable()  # hundreds of thousands of nodes are made, and none of them is garbage until the end
        try:
            self.edits = [edit for edit in edits if self._enter(edit)]
            trees = [_declared_first(_Switch(self, unit, number).tree) for number, unit in enumerate(units)]
            extra = {"__choice__": self._choice, "__record__": self._record, "__fuel__": self._burn}
            extra |= {"__owner__": self._record_owner, "__fits__": fits}
            extra |= {"__at__": self._look, "__globals__": globals, "__locals__": locals}
            self.call = build(backward, units, trees, extra)
            spend(EDIT * (len(self._numbers) + len(self.slots)))
        finally:
            if collecting:
                gc.enable()

    def _enter(self, edit: Edit) -> bool:
        """Parse the edit's code; False if Python can't read it."""
        parsed = []
        for part in edit.parts:
            if (part.slot, part.code) in self._numbers:
                continue
            head = self.slots[part.slot].kind in ("head", "pattern")
            try:
                tree = ast.parse(part.code.strip(), mode="eval" if head else "exec")
            except (SyntaxError, ValueError):
                return False
            if not head and not self._keeps_names(part, tree):
                return False
            body = tree.body
            if self.slots[part.slot].bare and isinstance(body[0], ast.Expr):  # what a lambda returns
                body = [ast.Return(body[0].value, **_HERE)]
            parsed.append((part, body))
        for part, body in parsed:
            alternatives = self._alternatives.setdefault(part.slot, [])
            alternatives.append(body)
            self._numbers[part.slot, part.code] = len(alternatives)
        return True

    def _keeps_names(self, part: Part, tree: ast.Module) -> bool:
        """Whether the code assigns only names that are local as it is.

        Any other would become local in all variants, and a name from the function around could not be read any more.
        New names are those that the code has nowhere.
        """
        names = self.slots[part.slot].names
        for node in tree.body:
            for target in getattr(node, "targets", None) or [getattr(node, "target", None)]:
                for name in ast.walk(target) if target is not None else ():
                    stored = isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
                    if stored and name.id not in names and name.id in self.text:
                        return False
        return True

    def choices(self, edits: tuple[Edit, ...] | list[Edit]) -> list[tuple[int, int]] | None:
        """Which alternative to take at which slot; None if two edits want different things at one slot."""
        chosen: dict[int, int] = {}
        for edit in edits:
            for part in edit.parts:
                number = self._numbers[part.slot, part.code]
                if chosen.setdefault(part.slot, number) != number:
                    return None
        return list(chosen.items())

    def _record(self, slot: int, value: Any, part: int = 0) -> Any:
        trace = self._trace
        if slot == self._disturbed:
            value, before = disturbed(value), value
            self._touched |= value is not before and (type(value) not in (list, tuple, dict) or bool(kept(value)))
        fits(value)
        if not trace.quiet:
            trace.parts.append(part)
            trace.values.append(kept(value) if type(value) is not Params or part == RESULT else None)
            trace.slots.append(slot)
        return value

    def _record_owner(self, slot: int, value: Any, axes: int) -> None:
        array = numbers(value) if type(value) is list else value
        if getattr(array, "ndim", 0) == axes:
            self._record(slot, value, OWNER)

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
        finally:
            spend(STATEMENT * (_LOOKING - self._fuel))
            self._fuel = fuel

    def run(self, truth: Truth, edits: Sequence[Edit] = (), quiet: bool = False) -> Trace:
        """Run on one case and return what the statements computed."""
        for slot, number in self.choices(edits) or ():
            self._choice[slot] = number
        trace = self._trace = Trace(quiet=quiet)
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
            for edit in edits:
                for slot in edit.slots:
                    self._choice[slot] = 0
        own = case.params.flat, case.x, case.targets, *case.states.values()
        now = given[0].flat, *given[1:], *states.values()
        trace.kept_inputs = all(a.tobytes() == b.tobytes() for a, b in zip(now, own, strict=True))
        return trace

    def reach(self, truth: Truth, slots: Iterable[int], edits: Sequence[Edit] = ()) -> dict[int, set[str]]:
        """The matrices whose gradient changes if what a statement computes is disturbed.

        All nine if the run fails, if it is no value with numbers that could be disturbed, or if the statement calls a
        function that does more than return a value. It needs `records`.
        """
        if not self.records:
            raise ValueError("what a statement reaches is seen with records only")
        plain = gradients(self.run(truth, edits, quiet=True), truth)
        found: dict[int, set[str]] = {}
        acting = {slot.number for slot in self.slots if slot.node is not None and _calls(slot.node) & self._acting}
        for slot in slots if plain is not None else ():
            if slot in acting:
                found[slot] = set(Params.NAMES)
                continue
            self._disturbed, self._touched = slot, False
            try:
                got = gradients(self.run(truth, edits, quiet=True), truth)
            finally:
                self._disturbed = -1
            if not self._touched:
                got = None
            found[slot] = {n for n in Params.NAMES if got is None or not np.array_equal(got[n], plain[n])}
        return found

    def evaluate(self, edits: Sequence[Edit] = ()) -> Outcome:
        """Run on all cases and count what is right: every recognized quantity, and every right matrix."""
        if self.choices(edits) is None:
            return Outcome(0, 0, False)
        bits = shift = score = 0
        right, error = True, ""
        for truth in self.truths:
            trace = self.run(truth, edits)
            matrices = right_matrices(trace, truth)
            for name in matrices:
                bits |= 1 << shift + truth.total + Params.NAMES.index(name)
            seen = self.seen(trace, truth) & truth.counted
            score += seen.bit_count() + 4 * len(matrices)
            right = right and len(matrices) == 9
            error = error or (str(trace.error) if trace.error else "")
            bits |= seen << shift
            shift += truth.total + 9
        return Outcome(bits, score, right, error)

    def seen(self, trace: Trace, truth: Truth) -> int:
        """All keys that are recognized in a run, as bits."""
        return _union(self.events(trace, truth))

    def events(self, trace: Trace, truth: Truth) -> list[tuple[int, int]]:
        """Slots and recognized keys (bits), in the order of the run; -1 for zeros, which belong to no quantity."""
        pairs = [(slot, value) for slot, value in zip(trace.slots, trace.values, strict=False) if usable(value)]
        spend(VALUE * len(pairs))
        with np.errstate(all="ignore"):
            found = truth.recognize([value for _, value in pairs])
        return [(slot, bits or -is_zero(value)) for (slot, value), bits in zip(pairs, found, strict=True)]


def _calls(node: ast.AST) -> set[str]:
    """Names of the functions and methods that are called."""
    calls = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
    return {getattr(func, "attr", getattr(func, "id", "")) for func in calls}


def acting_functions(units: list[Unit]) -> set[str]:
    """Names of those functions that change something that others see: an array, an attribute; or call one that does."""
    functions = [node for unit in units for node in ast.walk(unit.tree) if isinstance(node, ast.FunctionDef)]
    found: set[str] = set()
    while True:
        more = {
            function.name
            for function in functions
            if function.name not in found
            and any(
                (isinstance(n, ast.Attribute | ast.Subscript) and isinstance(n.ctx, ast.Store))
                or (isinstance(n, ast.Call) and _calls(n) & found)
                for n in ast.walk(function)
            )
        }
        if not more:
            return found
        found |= more


def _union(events: list[tuple[int, int]]) -> int:
    bits = 0
    for _, found in events:
        bits |= max(found, 0)
    return bits


def kept(value: Any) -> Any:
    """A copy of the arrays in a value: one array, a list of those in a list, tuple, dict or Params, or None."""
    if type(value) is np.ndarray:
        return value.copy()
    array = numbers(value)
    if array is not None:
        return array
    if type(value) in (dict, Params) or isinstance(value, list | tuple):
        found: list[np.ndarray] = []
        _collect(value, found, 0)
        return found
    return None


def _collect(value: Any, found: list[np.ndarray], depth: int) -> None:
    if type(value) is np.ndarray:
        found.append(value.copy())
    elif type(value) is Params:
        found += [value[name].copy() for name in Params.NAMES]
    elif (array := numbers(value)) is not None:
        found.append(array)
    elif depth < 2 and (type(value) is dict or isinstance(value, list | tuple)) and len(value) < 50:
        for each in value.values() if type(value) is dict else value:
            _collect(each, found, depth + 1)


def fits(value: Any) -> Any:
    """The value; raise MemoryError if it is larger than anything that a teaching-size net needs."""
    if (type(value) is np.ndarray and value.size > _LARGEST) or (type(value) is list and len(value) > _LARGEST):
        raise MemoryError("an array that is larger than any that is needed")
    return value


def is_zero(value: Any) -> bool:
    """Whether all the recorded numbers are zero."""
    return not any(item.any() for item in value) if type(value) is list else not value.any()


def usable(value: Any) -> bool:
    """Whether a recorded value holds floating-point numbers to look at."""
    if type(value) is list:
        return bool(value) and all(item.dtype.kind == "f" for item in value)
    return value is not None and value.dtype.kind == "f" and value.size > 1


def right_matrices(trace: Trace, truth: Truth) -> list[str]:
    """Names of the matrices whose gradient a run returned right, to 1e-9."""
    grads = gradients(trace, truth)
    if grads is None:
        return []
    return [name for name in Params.NAMES if _agree(grads[name], truth.gradient[name])]


def gradients(trace: Trace, truth: Truth) -> dict[str, np.ndarray] | None:
    """The nine gradients that a run returned, None if there are none or not nine of the right shapes."""
    if trace.error is not None:
        return None
    try:
        return collect_gradients(trace.result, truth.case.params)
    except (ValueError, TypeError):
        return None


def _agree(got: np.ndarray, right: np.ndarray) -> bool:
    difference, size = got - right, np.abs(right).max()
    return bool(np.abs(difference).max() <= 1e-9 * (size or 1e-3))


def _declared_first(tree: ast.Module) -> ast.Module:
    """Put nonlocal and global names at the top of their functions, since an edit may use one above its declaration."""
    if not any(isinstance(node, ast.Nonlocal | ast.Global) for node in ast.walk(tree)):
        return tree
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        names: dict[type, set[str]] = {ast.Nonlocal: set(), ast.Global: set()}
        _undeclare(function.body, names)
        function.body[:0] = [kind(sorted(found), **_HERE) for kind, found in names.items() if found]
    return tree


def _undeclare(body: list[ast.stmt], names: dict[type, set[str]]) -> None:
    """Replace the declarations of a function's body, not those of functions inside it; collect their names."""
    for k, node in enumerate(body):
        if type(node) in names:
            names[type(node)] |= set(node.names)
            body[k] = ast.Pass(**_HERE)
        elif not isinstance(node, ast.FunctionDef | ast.ClassDef):
            parts = [node, *getattr(node, "handlers", []), *getattr(node, "cases", [])]
            for inner in (getattr(part, name, []) for part in parts for name in ("body", "orelse", "finalbody")):
                _undeclare(inner, names)


class _Switch:
    """Rewrites a unit's tree: statements record their values, slots with alternatives become switches."""

    def __init__(self, variants: Variants, unit: Unit, number: int):
        self.variants = variants
        fresh = copy.deepcopy(unit.tree)
        body = fresh.body[0].body if unit.shift else fresh.body
        function = next(n for n in body if isinstance(n, ast.FunctionDef))
        own = [slot for slot in variants.slots if slot.unit == number]
        self.at = {(slot.block, slot.index, slot.kind): slot for slot in own}
        self.number = own[0].block - 1  # blocks are counted in the order of the text, as in `find_slots`
        function.body = [_burning(len(function.body)), *self.block(function.body)]
        self.tree = fresh

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        self.number += 1
        number, new = self.number, []
        for index, node in enumerate(body):
            new += self.gap(number, index)
            if isinstance(node, _SIMPLE):
                new += self.switch(self.at[number, index, "statement"], [node])
                continue
            if isinstance(node, ast.For):
                node.iter = self.switch_head(self.at[number, index, "head"], node.iter)
            elif isinstance(node, ast.While | ast.If):
                slot = self.at[number, index, "head"]
                node.test = self.switch_head(slot, node.test)
            if isinstance(node, ast.For | ast.While | ast.If | ast.FunctionDef | ast.With | ast.Try | ast.ClassDef):
                size = len(node.body)
                node.body = self.block(node.body)
                if isinstance(node, ast.For | ast.While | ast.FunctionDef):
                    node.body.insert(0, _burning(size))
            for k, case in enumerate(node.cases if isinstance(node, ast.Match) else ()):
                slot = self.at.get((number, _of_case(index, k), "pattern"))
                if slot is not None and self.variants._alternatives.get(slot.number):
                    value = self.switch_head(slot, case.pattern.value)  # a pattern is no expression, a guard is one
                    guards = [ast.Compare(copy.deepcopy(node.subject), [ast.Eq()], [value], **_HERE)]
                    guards += [case.guard] if case.guard is not None else []
                    case.pattern = ast.MatchAs(None, None, **_HERE)
                    case.guard = ast.BoolOp(ast.And(), guards, **_HERE) if len(guards) > 1 else guards[0]
                case.body = self.block(case.body)
            for name in ("orelse", "finalbody"):
                if getattr(node, name, None):
                    setattr(node, name, self.block(getattr(node, name)))
            new.append(node)
        return new + self.gap(number, len(body)) or [ast.Pass(**_HERE)]

    def gap(self, block: int, index: int) -> list[ast.stmt]:
        slot = self.at.get((block, index, "gap"))
        return self.switch(slot, []) if slot else []

    def switch(self, slot: Slot, own: list[ast.stmt]) -> list[ast.stmt]:
        own = [new for node in own for new in self.recorded(slot, node)]
        if slot.number in self.variants.watched:
            watch = _call("__at__", _constant(slot.number), _call("__globals__"), _call("__locals__"))
            own = [ast.Expr(watch, **_HERE), *own]
        others = self.variants._alternatives.get(slot.number)
        if not others:
            return own
        others = [[new for node in other for new in self.recorded(slot, node)] for other in others]
        chosen = self.choice(slot)
        test = ast.Compare(chosen, [ast.Eq()], [_constant(0)], **_HERE)
        return [ast.If(test, own or [ast.Pass(**_HERE)], self.tree_of(others, 1, chosen), **_HERE)]

    def choice(self, slot: Slot) -> ast.expr:
        return ast.Subscript(ast.Name("__choice__", ast.Load(), **_HERE), _constant(slot.number), ast.Load(), **_HERE)

    def tree_of(self, others: list[list[ast.stmt]], first: int, chosen: ast.expr) -> list[ast.stmt]:
        """Nested halves, so that the tree stays flat enough to compile."""
        if len(others) == 1:
            return others[0] or [ast.Pass(**_HERE)]
        half = len(others) // 2
        test = ast.Compare(chosen, [ast.Lt()], [_constant(first + half)], **_HERE)
        parts = self.tree_of(others[:half], first, chosen), self.tree_of(others[half:], first + half, chosen)
        return [ast.If(test, *parts, **_HERE)]

    def switch_head(self, slot: Slot, own: ast.expr) -> ast.expr:
        others = self.variants._alternatives.get(slot.number)
        if not others:
            return own
        chosen = self.choice(slot)

        def half_of(list_: list[ast.expr], first: int) -> ast.expr:
            if len(list_) == 1:
                return list_[0]
            half = len(list_) // 2
            test = ast.Compare(chosen, [ast.Lt()], [_constant(first + half)], **_HERE)
            return ast.IfExp(test, half_of(list_[:half], first), half_of(list_[half:], first + half), **_HERE)

        return half_of([own, *others], 0)

    def recorded(self, slot: Slot, node: ast.stmt) -> Iterator[ast.stmt]:
        """The statement, with calls that record what it computes."""
        name = getattr(getattr(getattr(node, "value", None), "func", None), "attr", "")
        if not self.variants.records or name in ("empty", "empty_like"):  # what is in these comes from an earlier run
            if isinstance(node, ast.Assign | ast.AugAssign) and not isinstance(node.value, ast.Constant | ast.Name):
                node.value = _call("__fits__", node.value)
            yield node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            node.value = self.record(slot, node.value)
            yield node
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                yield from self.owner(slot, node.targets[0])
        elif isinstance(node, ast.AugAssign):
            node.value = self.record(slot, node.value)
            yield node
            target = copy.deepcopy(node.target)
            target.ctx = ast.Load()
            keep = copy.deepcopy(node.target)
            yield from self.owner(slot, target)
            yield ast.Assign([keep], self.record(slot, target, TARGET), **_HERE)
        elif isinstance(node, ast.Return) and node.value is not None:
            node.value = self.record(slot, node.value, RESULT)
            yield node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            node.value.args = [
                arg if isinstance(arg, ast.Constant | ast.Starred) else self.record(slot, arg, part)
                for part, arg in enumerate(node.value.args)
            ]
            yield node
        else:
            yield node

    def owner(self, slot: Slot, target: ast.expr) -> Iterator[ast.stmt]:
        """One entry of a vector was changed, or one in each row of a matrix: what is it now?"""
        if not isinstance(target, ast.Subscript):
            return
        parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
        rows = len(parts) == 2 and any(isinstance(part, ast.Call) for part in parts)
        if rows or (len(parts) == 1 and not isinstance(parts[0], ast.Slice)):
            owner = copy.deepcopy(target.value)
            owner.ctx = ast.Load()
            yield ast.Expr(_call("__owner__", _constant(slot.number), owner, _constant(1 + rows)), **_HERE)

    def record(self, slot: Slot, value: ast.expr, part: int = 0) -> ast.expr:
        return _call("__record__", _constant(slot.number), value, _constant(part))


def _burning(statements: int) -> ast.stmt:
    return ast.Expr(_call("__fuel__", _constant(statements)), **_HERE)


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load(), **_HERE), list(args), [], **_HERE)


def _constant(value: int) -> ast.Constant:
    return ast.Constant(value, **_HERE)
