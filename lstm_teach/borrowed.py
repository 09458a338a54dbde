"""Whether code leans on a function of the library that is the answer itself. Imports the guard and the doctor's source.

Used by the blanks of the lessons and by the checks of the exercises. It looks at what the code names, without running
it: through `lt.bptt`, `from lstm_teach import bptt as b`, and helper functions of the same notebook.
"""

import contextlib
import dis
import inspect
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from types import CodeType, FrameType, FunctionType
from typing import Any

from lstm_teach import guard
from lstm_teach.doctor.source import closure_values

# after these, what was named last is still at hand
QUIET = {"CACHE", "COPY", "EXTENDED_ARG", "NOP", "POP_TOP", "PRECALL", "PUSH_NULL", "RESUME", "SWAP"}
COUNTED: ContextVar[list[int] | None] = ContextVar("where the calls of lt.forward are counted", default=None)


def in_function(function: Any, modules: Collection[str], allowed: Collection[str] = ()) -> str:
    """The first answer that a learner's function names, as it is written there; "" if there is none.

    An answer is what is defined in one of the library's `modules` ("backward", "exercises"), unless its name is in
    `allowed`.
    """
    function = guard.unwrapped(function)
    if _is_answer(function, modules, allowed):
        return function.__name__
    if not isinstance(function, FunctionType):
        function = vars(type(function)).get("__call__")  # of a callable object
    if not isinstance(function, FunctionType):
        return ""
    return in_code(function.__code__, function.__globals__, modules, allowed, closure_values(function))


def times_called(function: Callable, arguments: Sequence[Any], other: FunctionType) -> int:
    """How often a learner's function calls another one, however it got hold of it; what it raises does not matter."""
    found = [0]
    with contextlib.suppress(guard.LearnerError):
        guard.call(counted(other, found)(function), *arguments)
    return found[0]


@contextlib.contextmanager
def counted(other: FunctionType, found: list[int]) -> Iterator[None]:
    """Meanwhile the calls of a function in this thread are added to `found[0]`; grading does so in two processes."""

    def note(code: CodeType) -> None:
        found[0] += code is other.__code__

    token = COUNTED.set(found)
    try:
        with watched(note):
            yield
    finally:
        COUNTED.reset(token)


@contextlib.contextmanager
def watched(note: Callable[[CodeType], None]) -> Iterator[None]:
    """Meanwhile `note` gets the code of every Python function that is called; also a decorator of a function."""

    def tell(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            note(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(tell)
    try:
        yield
    finally:
        sys.setprofile(before)


def in_code(
    code: CodeType, names: Mapping, modules: Collection[str], allowed: Collection[str] = (), own: Mapping | None = None
) -> str:
    """The same for code that runs among `names`, with names of its `own` if it is a function's."""
    waiting, seen = [(code, own or {})], set()
    while waiting:
        code, local = waiting.pop(0)
        if code in seen:
            continue
        seen.add(code)
        known = dict(local)  # what the code's own names stand for, as far as that can be told
        for written, value in _named(code, names, known):
            if _is_answer(value, modules, allowed):
                return written
            if isinstance(value, FunctionType) and value.__globals__ is names:
                waiting.append((value.__code__, closure_values(value)))
        waiting += [(inner, known) for inner in code.co_consts if isinstance(inner, CodeType)]
    return ""


def _named(code: CodeType, names: Mapping[str, Any], known: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Everything that the code names, as far as that can be told without running it: how it is written, what it is."""
    written, value, module = "", None, None
    for instruction in dis.get_instructions(code):
        does, name = instruction.opname, instruction.argval
        if does in QUIET:
            continue
        if does == "IMPORT_NAME":
            module = sys.modules.get(name)
            written, value = name, sys.modules.get(name.partition(".")[0])
        elif does == "IMPORT_FROM":
            whole = str(getattr(module, "__name__", "")).endswith(f".{name}")  # import a.b as c: b itself
            written, value = name, module if whole else getattr(module, name, None)
            yield written, value
        elif does in ("LOAD_ATTR", "LOAD_METHOD") and inspect.ismodule(value):
            written, value = f"{written}.{name}", getattr(value, name, None)
            yield written, value
        elif does in ("STORE_FAST", "STORE_NAME", "STORE_DEREF", "STORE_GLOBAL"):
            known[name] = value
        elif does.startswith("LOAD_") and isinstance(name, str) and does not in ("LOAD_ATTR", "LOAD_CONST"):
            written, value = name, known.get(name)
            if value is None and does in ("LOAD_GLOBAL", "LOAD_NAME"):
                value = names.get(name)
            yield written, value
        else:
            written, value = "", None


def _is_answer(value: Any, modules: Collection[str], allowed: Collection[str]) -> bool:
    home = getattr(value, "__module__", None)
    if not callable(value) or not isinstance(home, str) or not home.startswith("lstm_teach."):
        return False
    home = home.removeprefix("lstm_teach.")
    inside = any(home == module or home.startswith(f"{module}.") for module in modules)
    return inside and getattr(value, "__name__", "") not in allowed
