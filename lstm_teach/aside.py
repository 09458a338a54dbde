"""What the values in a learner's notebook hold, set aside while a check runs their code, and put back afterward.

Imports cellcode, guard, and the types of params and forward.
"""

import builtins
import contextlib
import copy
import functools
import gc
import random
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import (
    CellType,
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

from lstm_teach import cellcode, guard
from lstm_teach.cellcode import Names
from lstm_teach.forward import Cache
from lstm_teach.params import Params

# `reached` looks inside a value only if its type is from one of these modules
OURS = (Params.__module__, Cache.__module__)
FOLLOWED = ("__main__", "builtins", "collections", "functools", "numpy", "types", *OURS)
UNSEEN = (ModuleType, MappingProxyType, FrameType, TracebackType)  # behind these are the dictionaries of modules
BY_TEXT = {"eval", "exec", "globals", "locals", "vars"}  # code that reads one of these may reach every name
CACHED = type(functools.cache(len))
RANDOM = (random.Random, np.random.RandomState, np.random.Generator, np.random.BitGenerator)
HOLDING = (np.ndarray, *RANDOM, list, dict, set, deque)
MOST, LARGEST = 10_000, 10**8  # how many values are set aside, the nearest first, and how many bytes of one array
COPIED = (*HOLDING, Params, SimpleNamespace, Cache)
MODULES = {  # before a cell can change them
    name: (module, {key: value for key, value in vars(module).items() if callable(value)})
    for name, module in {"np": np, "np.linalg": np.linalg, "np.random": np.random}.items()
}
PYTHONS = {n: value for n, value in vars(builtins).items() if n[0] != "_" and n != "input"}  # a notebook has its own
MODULES["builtins"] = builtins, {n: v for n, v in PYTHONS.items() if getattr(v, "__module__", "") == "builtins"}


@contextlib.contextmanager
def apart(function: Any) -> Iterator[None]:
    """Here a learner's function, and what it calls, may change anything; afterward all is as it was."""
    around = [each.__globals__ for each in reached({}, (), function)[1] if type(each) is FunctionType]
    space = next((names for names in around if names.get("__name__") == "__main__"), {})  # not a module's
    with guard.as_before(), set_aside(space, reached(space, (), function)[1]):
        yield


@contextlib.contextmanager
def set_aside(namespace: dict, met: Sequence[Any]) -> Iterator[Callable[[Names], None]]:
    """In the end, put back a notebook's names, and what the values `met` in it hold, into these themselves.

    So two names of one list, or an array and its view, stay one throughout. The function yielded puts everything back
    and gives the notebook other names. Caches are emptied: their results may be those of other numbers. What can't be
    put back: how far an iterator, a generator or an open file has gone, and what is written outside of the notebook.
    """
    made = [each for each in met if _module(each) == "__main__"]
    states = [(namespace, dict(namespace)), *_states(made)]
    holding = [each for each in met if issubclass(type(each), HOLDING)]
    large = {id(each) for each in holding if issubclass(type(each), np.ndarray) and np.asarray(each).nbytes > LARGEST}
    states += [(each, _contents(each)) for each in holding if id(each) not in large]

    def put_back() -> None:
        for where, kept in states:
            _become(where, kept)
        for cached in [each for each in made if type(each) is CACHED]:
            cached.cache_clear()

    def anew(names: Names) -> None:
        put_back()
        _become(namespace, names)

    with _not_drawn_on(met):
        try:
            yield anew
        finally:
            put_back()


@contextlib.contextmanager
def _not_drawn_on(met: Sequence[Any]) -> Iterator[None]:
    """In the end, take out of figures what was drawn there meanwhile, and give their parts what they had before."""
    matplotlib = sys.modules.get("matplotlib.figure")
    artists = [each for each in met if matplotlib and issubclass(type(each), matplotlib.Artist)]
    figures = {each.figure for each in artists} - {None}
    parts = [part for figure in figures for part in figure.findobj()]
    states = [(vars(part), dict(vars(part))) for part in parts]
    boxes = [part for part in parts if isinstance(part, matplotlib.Axes)]
    limits = [(box, box.get_points().copy()) for axes in boxes for box in (axes.dataLim, axes.viewLim)]
    try:
        yield
    finally:
        for figure in figures:
            for new in [each for each in figure.findobj() if each not in parts]:
                with contextlib.suppress(Exception):  # it went with another, or is a tick, which nothing keeps
                    new.remove()
        for inside, before in states:
            _become(inside, before)
        for box, points in limits:
            box.set_points(points)


def give_modules_back() -> list[str]:
    """Let NumPy's and Python's functions be their own again, which the library needs; the names of those that were not.

    It calls none of Python's, as these may be what a cell has replaced.
    """
    lost = [
        (module, f"{path}.{name}", name, value)
        for path, (module, own) in MODULES.items()
        for name, value in own.items()
        if module.__dict__.get(name) is not value
    ]
    for module, _, name, value in lost:
        module.__dict__[name] = value
    return [full for _, full, _, _ in lost]


def reached(space: dict, names: Collection[str], *values: Any) -> tuple[set[str], list[Any]]:
    """The names that code reads, starting from these names and values, and what it can reach that the notebook made.

    That is functions, classes and objects, also inside lists and one another; after a name in `BY_TEXT`, all of them.
    What other code holds, such as a library's, is not followed; if there is a lot, only the `MOST` nearest are.
    """
    found: set[str] = set()
    met: dict[int, Any] = {}
    waiting = deque(values)

    def read(names: Collection[str]) -> None:
        new = {*names} - found
        found.update(new)
        wait(space.values() if BY_TEXT & new else [space[name] for name in new & space.keys()])

    def wait(values: Collection[Any]) -> None:  # what holds very much comes last
        (waiting.extendleft if len(values) < 100 else waiting.extend)(values)

    read(names)
    while waiting and len(met) < MOST:
        each = waiting.popleft()
        if id(each) not in met:
            met[id(each)] = each
            wait(_inside(each))
            if type(each) is FunctionType and each.__globals__ is space:
                read(cellcode.globals_read(each))
    return found, [*met.values()]


def _inside(each: Any) -> list[Any]:
    """The parts of a value that may have parts of their own; none if it belongs to a library."""
    kind, artist = type(each), sys.modules.get("matplotlib.artist")
    if issubclass(kind, np.ndarray):
        parts = np.asarray(each).ravel().tolist() if np.asarray(each).dtype == object else []
    elif artist and issubclass(kind, artist.Artist):
        parts = [each.axes, each.figure]
    elif issubclass(kind, type):  # not its dictionary itself, which nothing else may write to
        parts = [kind, *each.__bases__, *vars(each).values()] if each.__module__ == "__main__" else []
    else:
        followed = kind.__module__ in FOLLOWED and not issubclass(kind, UNSEEN)
        parts = gc.get_referents(each) if followed else []
    around = (each.__globals__, each.__builtins__) if kind is FunctionType else ()
    parts = [part for part in parts if gc.is_tracked(part) or issubclass(type(part), HOLDING)]
    return [part for part in parts if not any(part is names for names in around)]


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
    base = _base(each)
    if issubclass(base, RANDOM):
        return _random_state(each)[0]()
    if issubclass(base, np.ndarray):
        return np.array(each, subok=base is not np.ndarray)  # with its mask, if it has one
    return dict(base.items(each)) if issubclass(base, dict) else [*base.__iter__(each)]


def _become(where: Any, kept: Any) -> None:
    """Let a notebook, an object, or what has `_contents` hold what it held; a class or function, these attributes."""
    base = _base(where)
    if issubclass(base, dict):
        for gone in base.keys(where) - kept.keys():
            base.__delitem__(where, gone)
        for name, value in kept.items():  # the update of a Counter would add
            base.__setitem__(where, name, value)
    elif issubclass(base, RANDOM):
        _random_state(where)[1](kept)
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


def _random_state(each: Any) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """How to read the state of random numbers, and how to set it."""
    if isinstance(each, random.Random):
        return each.getstate, each.setstate
    if isinstance(each, np.random.RandomState):
        return each.get_state, each.set_state
    bits = getattr(each, "bit_generator", each)  # of a Generator
    return lambda: bits.state, lambda state: setattr(bits, "state", state)


def _base(each: Any) -> Any:
    """The nearest class of an object that isn't a learner's own: the methods of those may do anything."""
    return next(cls for cls in type(each).__mro__ if cls.__module__ != "__main__")


def _module(each: Any) -> str:
    """The module of a function or class, or of an object's class: the object itself may answer with anything."""
    itself = issubclass(type(each), (type, FunctionType, MethodType, CACHED))
    return (each if itself else type(each)).__module__


def copied(value: Any) -> Any:
    """A copy of what may be changed in place; the value itself if it is a library's or, as a generator, has none."""
    if _module(value) == "__main__" or issubclass(type(value), (*COPIED, tuple)):
        with contextlib.suppress(Exception):
            return copy.deepcopy(value)
    return value
