"""A blank; the lines of a learner's cell, run on one of its cases with other numbers; what they give in the notebook.

Imports borrowed, cellcode, guard, gradcheck, judging and recognize. The notebook's own names and arrays stay as they
are. Nothing of a trial is shown: the cell's own output is there already, and numbers of other nets would only puzzle a
learner, or give an answer away.
"""

from __future__ import annotations  # holds for the code compiled here too

import ast
import contextlib
import copy
import functools
import gc
import pkgutil
import re
import traceback
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import (
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
    TracebackType,
)
from typing import Any

import numpy as np

from lstm_teach import borrowed, cellcode, guard
from lstm_teach.cellcode import Lines, Names, Written
from lstm_teach.forward import Cache
from lstm_teach.gradcheck import spoil_free_memory
from lstm_teach.judging import ONCE, SECONDS, Trouble, close, difference, is_like, same
from lstm_teach.params import Params
from lstm_teach.recognize import axes
from lstm_teach.validate import listing

TYPED = "The typed-in number"
THIS_NET = "It is right for these numbers; for others it is not."
ALL_TYPED = "A typed-in number can be right for these numbers only: write the line with names."
CELL = "this cell"  # the file name of its code
NO_LONGER = (
    "{}, which {} calls, was right and no longer is. "
    "Has its cell been changed, or one above that it uses? Restore it, and run the cells from there on."
)
# `reached` looks inside a value only if its type is from one of these modules
OURS = (Params.__module__, Cache.__module__)
FOLLOWED = ("__main__", "builtins", "collections", "functools", "numpy", "types", *OURS)
UNSEEN = (ModuleType, MappingProxyType, FrameType, TracebackType)  # behind these are the dictionaries of modules
BY_TEXT = {"eval", "exec", "globals", "locals", "vars"}  # code that reads one of these may reach every name
CACHED = type(functools.cache(len))
HOLDING = (np.ndarray, np.random.Generator, list, dict, set, deque)
COPIED = (*HOLDING, Params, SimpleNamespace, Cache)


@dataclass(frozen=True)
class Blank:
    """One group of blanks, as the lesson's file describes it; see the docstring of blanks.py."""

    group: str
    names: tuple[str, ...]
    case: Callable[[], Iterator[dict[str, Any]]]
    library: Mapping[str, str] | str
    mistakes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_function(self) -> bool:
        """Whether the learner writes a function, not values."""
        return isinstance(self.library, str)

    @property
    def helpers(self) -> dict[str, Callable]:
        """The functions of the lesson that it calls, as they should be."""
        return {name: pkgutil.resolve_name(path) for name, path in self.calls.items()}

    def cases(self) -> list[dict[str, Any]]:
        """Its cases, made anew."""
        return [case if self.is_function else case | self.helpers for case in self.case()]

    def library_value(self, name: str, namespace: Names) -> Any:
        """What the lesson goes on with: the library's function, or its line run with the names of the notebook."""
        if self.is_function:  # under a name that says whose it is, in a check of it too
            its = pkgutil.resolve_name(self.library)
            called = f"the library's {name}"
            return FunctionType(
                its.__code__.replace(co_qualname=called), its.__globals__, called, its.__defaults__, its.__closure__
            )
        return eval(self.library[name], {**namespace})


def runs(names: Sequence[str], statements: Lines, cases: Sequence[Names], namespace: dict) -> list[dict]:
    """`_run` on each case, all in `SECONDS`.

    The statements run in the notebook itself, with the names of the case, so that whatever it has made of functions and
    classes reads these too. In the end it is as it was, even if a trial could not be stopped.
    """
    own, (read, met) = dict(namespace), reached(namespace, cellcode.names_in(*statements))
    with set_aside(namespace, met) as anew:
        return guard.call(
            lambda: [_run(names, statements, case, own, namespace, read, anew) for case in cases], seconds=SECONDS
        )


@contextlib.contextmanager
def apart(function: Any) -> Iterator[None]:
    """Here a learner's function, and what it calls, may change the notebook; afterward the notebook is as it was."""
    around = [each.__globals__ for each in reached({}, (), function)[1] if type(each) is FunctionType]
    space = next((names for names in around if names.get("__name__") == "__main__"), {})  # not a module's
    with set_aside(space, reached(space, (), function)[1]):
        yield


@contextlib.contextmanager
def set_aside(namespace: dict, met: Sequence[Any]) -> Iterator[Callable[[Names], None]]:
    """In the end, put back a notebook's names, and what the values `met` in it hold, into these themselves.

    So two names of one list, or an array and its view, are one all the time. The function yielded puts everything back
    and gives the notebook other names. Caches are emptied: their results may be those of other numbers.
    """
    made = [each for each in met if _module(each) == "__main__"]
    states = [(namespace, dict(namespace)), *_states(made)]
    states += [(each, _contents(each)) for each in met if issubclass(type(each), HOLDING)]

    def put_back() -> None:
        for where, kept in states:
            _become(where, kept)
        for cached in [each for each in made if type(each) is CACHED]:
            cached.cache_clear()

    def anew(names: Names) -> None:
        put_back()
        _become(namespace, names)

    try:
        yield anew
    finally:
        put_back()


def _states(made: Sequence[Any]) -> list[tuple[Any, dict[str, Any]]]:
    """What functions, classes and objects keep from call to call, each part with where it is."""
    having = [(each, attributes) for each in made if (attributes := _attributes(each)) is not None]
    places = [(attributes if isinstance(attributes, dict) else each, {**attributes}) for each, attributes in having]
    for function in [each for each in made if type(each) is FunctionType]:
        places.append((function, {name: getattr(function, name) for name in ("__defaults__", "__kwdefaults__")}))
        cells = [cell for cell in function.__closure__ or () if cell != CellType()]  # that one is empty
        places += [(cell, {"cell_contents": cell.cell_contents}) for cell in cells]
    for thing in [each for each in made if not issubclass(type(each), HOLDING)]:
        members = [each for cls in type(thing).__mro__ if cls.__module__ == "__main__" for each in vars(cls).items()]
        for name, slot in [(name, value) for name, value in members if type(value) is MemberDescriptorType]:
            with contextlib.suppress(AttributeError):  # nothing is in it yet
                places.append((thing, {name: slot.__get__(thing)}))
    return places


def _attributes(each: Any) -> Mapping[str, Any] | None:
    """What a value has as its `__dict__`; None if it has none. A learner's class may answer with anything, or raise."""
    with contextlib.suppress(Exception):
        if isinstance(found := vars(each), dict | MappingProxyType):
            return found
    return None


def _contents(each: Any) -> Any:
    """What an array, a random generator, or a container holds now."""
    if issubclass(type(each), np.random.Generator):
        return each.bit_generator.state
    base = _base(each)
    if issubclass(base, np.ndarray):
        return np.array(each, subok=base is not np.ndarray)  # with its mask, if it has one
    return dict(base.items(each)) if issubclass(base, dict) else [*base.__iter__(each)]


def _base(each: Any) -> Any:
    """The nearest class of an object that is no learner's, whose methods may do anything."""
    return next(cls for cls in type(each).__mro__ if cls.__module__ != "__main__")


def _module(each: Any) -> str:
    """Where a function or class was made; of an object, its class: the object itself may answer with anything."""
    itself = issubclass(type(each), (type, FunctionType, MethodType, CACHED))
    return (each if itself else type(each)).__module__


def _become(where: Any, kept: Any) -> None:
    """Let a notebook, an object, or what has `_contents` hold what it did; classes and functions, those attributes."""
    base = _base(where)
    if issubclass(base, dict):
        for gone in base.keys(where) - kept.keys():
            base.__delitem__(where, gone)
        for name, value in kept.items():  # the update of a Counter would add
            base.__setitem__(where, name, value)
    elif issubclass(base, np.random.Generator):
        where.bit_generator.state = kept
    elif issubclass(base, np.ndarray):
        with contextlib.suppress(ValueError):  # it may be read only
            base.__setitem__(where, ..., kept)
    elif issubclass(base, HOLDING):
        base.clear(where)
        (base.update if issubclass(base, set) else base.extend)(where, kept)
    else:
        for name, value in kept.items():
            if not issubclass(base, type) or vars(where).get(name, where) is not value:
                with contextlib.suppress(AttributeError, TypeError):  # a class may forbid it
                    setattr(where, name, value)


def _run(
    names: Sequence[str],
    statements: Lines,
    case: Names,
    own: Names,
    space: dict,
    read: Collection[str],
    anew: Callable[[Names], None],
) -> dict:
    """The values that the statements give to `names` on one case: a value, an Ellipsis, or a `Trouble`.

    `own` has all names of the notebook, `space` is the notebook, and `anew` lets it have names; `read` are those that
    the statements read. "changed" has the names whose values the statements have changed, with what they are then.
    "entered" has the library's functions that are called for `names`, not those of an assert or a print. "called" has,
    for each of `names` that no line makes, the names that have its right value instead.
    """
    before = {n: v for n, v in own.items() if n in read or n not in names}
    # An answer that an earlier run has left in the notebook is none: numbers stand for it that are never right.
    old = {n for n in names if n in before and n in cellcode.stored(statements) and not callable(before[n])}
    known = {n: v for n, v in case.items() if n not in names and n != "start"}

    def begin() -> Names:
        anew(before)
        earlier = {n: np.full(np.shape(case[n]), np.nan)[()] for n in old}
        space.update(earlier | copy.deepcopy({**known, **case.get("start", {})}))
        return earlier

    shapes = {np.shape(v) for v in case.values() if isinstance(v, np.ndarray)}
    codes = [compile(ast.Module([statement], []), CELL, "exec") for statement in statements]
    touched = [cellcode.touched(statement) for statement in statements]
    last = {n: max((k for k, t in enumerate(touched) if n in t), default=None) for n in names}
    needs = {n: {n, *cellcode.names_read(statements, n)} for n in names}
    # First all lines are run as they are, to see what they have made in the end.
    entered: Counter[str] = Counter()  # the functions that they call
    cut: set[str] = set()  # what a line has changed before it raised
    begin()
    for code, theirs in zip(codes, touched, strict=True):
        spoil_free_memory(shapes)
        held = {n: _copied(space.get(n)) for n in {*names}.union(*touched)}
        try:
            with borrowed.entered(entered if theirs & set().union(*needs.values()) else Counter()):
                _exec(code, space)
        except Exception:
            cut |= {n for n, value in held.items() if not same(value, space.get(n))}
    ends = {n: taken(space[n]) for n in names if n in space}
    cut -= cellcode.counted(statements)
    right = {n: v for n, v in ends.items() if close(v, np.asarray(case[n])) and not needs[n] & cut}
    # Then each line is run with the right values of the blanks before it, so that it is judged by itself.
    found: dict[str, Any] = {}
    failed: dict[str, Trouble] = {}  # names that a line of no blank would have made, and what it raises
    earlier = begin()
    for k, code in enumerate(codes):
        here = [n for n in names if last[n] == k]
        spoil_free_memory(shapes)
        try:
            _exec(code, space)
        except Exception as error:
            said = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(".")
            line = "this line" if here else f"the line `{ast.unparse(statements[k]).splitlines()[0]}`"
            trouble = Trouble(f"With other numbers and sizes, {line} raises {said}.{guard.on_shapes(error)}")
            found |= dict.fromkeys(here, trouble)
            failed |= {} if here else dict.fromkeys(touched[k], trouble)
        else:
            unset = {n for n in here if space.get(n) is earlier.get(n, earlier) and np.isnan(space[n]).all()}
            found |= {n: taken(space[n]) for n in here if n in space and n not in unset}
        space |= {n: copy.deepcopy(case[n]) for n in here}
    found |= {n: failed[r] for n, read_by_it in needs.items() for r in sorted(read_by_it & failed.keys())}
    for n in (n for n in names if n not in found):
        only = ": == compares, = assigns" if last[n] is None and cellcode.compared(statements, n) else ""
        only = ": del deletes it" if last[n] is not None and isinstance(statements[last[n]], ast.Delete) else only
        line = "With other numbers, no line that runs" if n in old else "No line of this cell"
        found[n] = Trouble(f"{line} says what {n} is{only}.")
    found |= right  # what is right in the end is right, unless a line that raised has made it so
    ours = {n: space.get(n) for n in known if n in read}
    changed = {n: taken(value) for n, value in ours.items() if not same(known[n], value, rounding=True)}
    made = cellcode.stored(statements) - {*names, *cellcode.counted(statements)}
    missing = [name for name in names if last[name] is None]
    called = {name: {n for n in made if close(space.get(n), np.asarray(case[name]))} for name in missing}
    return found | {"changed": changed, "entered": entered, "called": called}


def _exec(code: CodeType, space: dict) -> None:
    """Run a statement. One that was told to stop in vain is the last: the notebook has its own names by now."""
    try:
        exec(code, space)
    finally:
        guard.end_if_told()


def reached(space: dict, names: Collection[str], *values: Any) -> tuple[set[str], list[Any]]:
    """The names that code reads, starting from these names and values, and what it can reach that the notebook made.

    That is functions, classes and objects, also inside lists and one another; after a name in `BY_TEXT`, all of them.
    What other code holds, such as a library's, is not followed.
    """
    found: set[str] = set()
    met: dict[int, Any] = {}
    waiting = [*values]

    def read(names: Collection[str]) -> None:
        new = {*names} - found
        found.update(new)
        waiting.extend(space.values() if BY_TEXT & new else [space[name] for name in new & space.keys()])

    read(names)
    while waiting:
        each = waiting.pop()
        if id(each) not in met:
            met[id(each)] = each
            waiting += _inside(each)
            if type(each) is FunctionType and each.__globals__ is space:
                read(cellcode.globals_read(each))
    return found, [*met.values()]


def _inside(each: Any) -> list[Any]:
    """The parts of a value that may have parts of their own; none if it belongs to a library."""
    kind = type(each)
    if issubclass(kind, type):  # not its dictionary itself, which nothing else may write to
        parts = [kind, *each.__bases__, *vars(each).values()] if each.__module__ == "__main__" else []
    else:
        followed = kind.__module__ in FOLLOWED and not issubclass(kind, UNSEEN)
        parts = gc.get_referents(each) if followed else []
    around = (each.__globals__, each.__builtins__) if kind is FunctionType else ()
    parts = [part for part in parts if gc.is_tracked(part) or issubclass(type(part), HOLDING)]
    return [part for part in parts if not any(part is names for names in around)]


def by_its_line(
    line: str, wrong: Collection[str], cases: Sequence[Names], got: Sequence[Names]
) -> tuple[list[str], list[np.ndarray]]:
    """The wrong parts of an answer that the line of another part reads, and what it gives with them; else nothing."""
    reads = [part for part in re.findall(r"\w+", line) if part in wrong]
    try:
        values = [np.asarray(eval(line, {"np": np, **case, **g})) for case, g in zip(cases, got, strict=True)]
    except Exception:  # there is no line, or what it reads may be anything
        return [], []
    return [*dict.fromkeys(reads)], values


def _copied(value: Any) -> Any:
    """A copy of what may be changed in place; the value itself if it is a library's or has no copy, as generators."""
    if _module(value) == "__main__" or issubclass(type(value), (*COPIED, tuple)):
        with contextlib.suppress(Exception):
            return copy.deepcopy(value)
    return value


def taken(value: Any) -> Any:
    """A copy; of an iterator, such as reversed(range(T)), or the values of a dictionary, the list of what it gives."""
    return copy.deepcopy(list(value) if isinstance(value, ONCE) else value)


def on_this_net(
    blank: Blank, name: str, namespace: Names, cases: Sequence[Names], written: Written, earlier: str
) -> str:
    """The learner's number and the right one on the lesson's own net, or that only there it is right."""
    read, got, right = written.read, namespace.get(name), library_here(blank, name, namespace)
    # Looking at an iterator would use it up.
    if right is None or name not in namespace or (isinstance(got, ONCE) and right.ndim):
        return ""
    off = difference(name, got, right, axes(right, name), relative=True)
    rounded = 1e-2 if right.dtype.kind == "f" else 0  # a typed number may have been
    nearly = is_like(got, right) and np.allclose(got, right, rtol=rounded)
    itself = name in cellcode.globals_read(compile(ast.Module([*written.lines[:1]], []), CELL, "exec"))
    if not read - {"sigmoid", "softmax"} and is_like(got, right):
        if itself:
            return f"This reads {name} as it was before this cell ran: write the line itself."
        return ALL_TYPED if nearly else f"{off} It reads none of the names above: write the line with them."
    kinds = {n: type(namespace.get(n)).__module__ for n in read - cases[0].keys()}
    if not off and (theirs := sorted(n for n in kinds if kinds[n].startswith("lstm_teach."))):
        return f"This reads {listing(theirs)}, which the library has computed. Write the line with the other names."
    if nearly and (typed := words_for_typed(name, written, namespace, cases)):
        return typed
    if off and itself:
        return f"{off} This reads {name} itself, as it was before this cell ran."
    return off or f"{THIS_NET}{earlier}"


def library_here(blank: Blank, name: str, namespace: Names, read: Callable = np.asarray) -> Any:
    """What the library's line gives with the names of the notebook; None if it can't be computed with them."""
    try:
        return read(blank.library_value(name, namespace))
    except Exception:  # the learner's own names may be anything; `_go_on` says so
        return None


def leftover(blank: Blank, name: str, namespace: Names, read: frozenset[str]) -> str:
    """That a line which is right in every trial reads an old number in this notebook; "" if it does not."""
    if read & set(blank.names):  # another blank of the cell, which is judged by itself
        return ""
    got, right = namespace.get(name), library_here(blank, name, namespace)
    if right is None or not is_like(got, right) or close(got, right) or np.allclose(got, right, 1e-6, 0):
        return ""
    called = sorted(blank.calls.keys() & read)
    its = cellcode.names_in(ast.parse(blank.library[name]))
    numbers = {n for n in read | its if isinstance(namespace.get(n), int | float | np.ndarray)}
    old, others = sorted(numbers & (read - its)), sorted(numbers & (its - read))
    if called and not old:
        return NO_LONGER.format(listing(called), "this line")
    if called or not old:
        off = difference(name, got, right, axes(right, name), relative=True)
        perhaps = f" Was one of {listing([*old, *called])} changed in another cell?" if called else ""
        return f"The line is right for other numbers, but not for these: {off}{perhaps}"
    several = len(old) > 1
    off = (
        f"do{'' if several else 'es'}n't match {listing(others)}"
        if others
        else f"{'are' if several else 'is'} out of date"
    )
    return f"The line is right, but here {listing(old)} {off}: run the cells above again, in their order."


def words_for_typed(name: str, written: Written, namespace: Names, cases: Sequence[Names]) -> str:
    """What to say of numbers in the lines of one blank that the right one has not; names may stand behind them."""
    here, *others = (_sizes(written.read, names) for names in ({n: namespace.get(n) for n in cases[0]}, *cases))
    # one that is the same on every net, such as the number of runs, is right on every net
    sizes = [v for n, v in here.items() if any(other.get(n) != v for other in others)]
    beside = {v + one for v in (namespace.get(n) for n in cases[0]) if isinstance(v, int) for one in (-1, 1)}
    needed = cellcode.numbers_typed(ast.parse(written.its))
    typed = dict.fromkeys(n for n in cellcode.numbers_typed(*written.lines) if n not in needed)
    # one smaller than this keeps a division from zero; T - 1 is the last step
    typed = [n for n in typed if n >= 1e-3 and (n % 1 or n in sizes or n in beside)]
    if not typed:
        return ""
    them = f"{'s' * (len(typed) > 1)} {listing([f'{n:g}' for n in typed])}"
    way = "write the line with names."
    if cellcode.calls(ast.parse(written.its).body, "arg"):  # where the largest is, or the smallest
        way = "compare the numbers with each other, not with a fixed one."
    return f"{TYPED}{them} can be right for these numbers only: {way}"


def _sizes(read: Collection[str], names: Names) -> dict[str, float]:
    """The single numbers among the names, and how long the arrays are that are read."""
    numbers = {n: v for n, v in names.items() if isinstance(v, int | float)}
    return numbers | {n: len(v) for n, v in names.items() if n in read and isinstance(v, np.ndarray) and v.ndim}


def words_for_earlier(read: frozenset[str], statements: Lines, namespace: Names, case: Collection[str] = ()) -> str:
    """That lines read values of other cells, which stay the same in every trial; "" if they do not."""
    others = read & (namespace.keys() - case - cellcode.stored(statements) - {"lesson"})
    stale = sorted(n for n in others if not (callable(namespace[n]) or issubclass(type(namespace[n]), ModuleType)))
    stay = "stay as they were" if len(stale) > 1 else "stays as it was"
    return f" Note that {listing(stale)} came from another cell, and {stay} there." if stale else ""


def words_for_shared(function: Callable, statements: Lines) -> str:
    """That arrays or lists made outside a function's own lines are the same in all its calls; "" if there are none."""
    space = getattr(function, "__globals__", {})
    anew = {n for s in statements for node in ast.walk(s) if isinstance(node, ast.Global) for n in node.names}
    found = {n: space.get(n) for n in cellcode.globals_read(function) & cellcode.stored(statements) - anew}
    found |= {n: each.default for n, each in guard.parameters_of(function).items()}
    shared = sorted(n for n, value in found.items() if isinstance(value, COPIED))
    return f" Note that all calls share the same {listing(shared)}, made only once." if shared else ""


def words_for_error(error: guard.LearnerError) -> str:
    """What to say of a cell whose trials stopped: what it raised itself, or what its values raised in here."""
    raised = error.__cause__
    if isinstance(raised, NameError):  # a name that stands for no value says so, with any numbers
        return f"{raised}".removesuffix(".") + "."
    if raised and all(frame.f_code.co_filename != CELL for frame, _ in traceback.walk_tb(raised.__traceback__)):
        return f"What this cell makes can't be judged: looking at it raises {type(raised).__name__}: {raised}."
    what = f"raises {type(raised).__name__}" if raised else f"does not finish within {SECONDS:g} seconds"
    return f"With numbers other than these, this cell {what}."


def words_for_changes(changed: Collection[str], statements: Lines, before: Collection[str] | None) -> tuple[str, str]:
    """What to say of names that the cell has changed though other cells need them, and what to do about it.

    Those that were not there `before` are of a line that this cell was given with.
    """
    one, names = len(changed) == 1, listing(sorted(changed))
    if before is not None and not {*changed} & {*before}:
        values = "a different value" if one else "different values"
        return f"This cell gives {names} {values} from the lesson's.", "Put the given line back"
    said = "which comes from another cell." if one else "which come from other cells."
    if {*changed} <= cellcode.counted(statements):
        return f"The loop in this cell counts with {names}, {said}", "Use another letter"
    said = f"This cell changes {names} {'itself' if one else 'themselves'}, {said}"
    if {*changed} <= cellcode.stored(statements):
        return said, "Use a new name, or take the change out"
    perhaps = "Perhaps it has another name here: after a = b, a *= 2 changes b too. Begin from b.copy()"
    return said, words_for_alias(statements, changed) or perhaps


def words_for_alias(statements: Lines, changed: Collection[str]) -> str:
    """That a line has only given one of the names another one, which is changed later; "" if none has."""
    if not (alias := cellcode.alias(statements, changed)):
        return ""
    name, line, original = alias
    value = line.removeprefix(f"{name} = ")
    fresh = f"np.zeros_like({value})" if name == f"d{value.split('.')[-1]}" else f"{value}.copy()"  # a gradient
    return f"After `{line}`, what is done to {name} is done to {original} too. Begin with `{name} = {fresh}`"
