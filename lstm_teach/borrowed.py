"""Whether code leans on a function of the library that is the answer itself. Imports the guard and the doctor's source.

Used by the blanks of the lessons and by the checks of the exercises. It looks at what the code names, without running
it: through `lt.bptt`, `from lstm_teach import bptt as b`, and helper functions of the same notebook. While a check runs
it, its calls are noted as well, however they are hidden.
"""

import contextlib
import dis
import inspect
import itertools
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from types import CodeType, FrameType, FunctionType
from typing import Any

from lstm_teach import guard
from lstm_teach.doctor.source import closure_values

HOME = os.path.join(os.path.dirname(__file__), "")  # of the library
ENOUGH = 4000  # calls and returns to look at; see `entered`
BETWEEN = sys.stdlib_module_names | {"numpy"}  # np.vectorize, say: its caller counts as the caller of what it calls
# after these, what was named last is still at hand
QUIET = {"CACHE", "COPY", "EXTENDED_ARG", "NOP", "POP_TOP", "PRECALL", "PUSH_NULL", "RESUME", "SWAP"}
JOINED = re.compile(r"(?:LOAD|STORE)_FAST")
ENTERED: ContextVar[Counter | None] = ContextVar("where what is entered is counted", default=None)


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


def times_called(function: Callable, arguments: Sequence[Any], name: str) -> int:
    """How often a learner's function calls the library's function of that name; what it raises does not matter."""
    found = Counter()
    with contextlib.suppress(guard.LearnerError):
        guard.call(entered(found)(function), *arguments)
    return sum(times for each, times in found.items() if each.endswith(f":{name}"))


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


@contextlib.contextmanager
def entered(found: Counter) -> Iterator[None]:
    """Meanwhile count each function of the library ("backward:bptt") that other code calls, in whatever way.

    Only the first `ENOUGH` calls and returns: looking at each of a million takes longer than the calls do. In grading,
    the calls of two processes are counted together.
    """
    before, in_threads = sys.getprofile(), threading.getprofile()
    left = itertools.count(ENOUGH, -1)

    def tell(frame: FrameType, event: str, argument: Any) -> None:
        if before:
            before(frame, event, argument)
        if next(left) <= 0:
            sys.setprofile(before)
        code, caller = frame.f_code, frame.f_back
        if event != "call" or not code.co_filename.startswith(HOME) or "<" in code.co_qualname:
            return
        while caller and _package(caller) in BETWEEN:
            caller = caller.f_back
        if not caller or _package(caller) != "lstm_teach":
            module = code.co_filename.removeprefix(HOME).removesuffix(".py").replace(os.sep, ".")
            found[f"{module}:{code.co_qualname.partition('.')[0]}"] += 1

    token = ENTERED.set(found)
    threading.setprofile(tell)
    sys.setprofile(tell)
    try:
        yield
    finally:
        ENTERED.reset(token)
        sys.setprofile(before)
        threading.setprofile(in_threads)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def answer_in(found: Collection[str], modules: Collection[str], allowed: Collection[str] = ()) -> str:
    """The first answer among the functions that were `entered`; "" if there is none."""
    for module, _, name in (each.partition(":") for each in found):
        value = getattr(sys.modules.get(f"lstm_teach.{module}"), name, None)
        if _is_answer(value, modules, allowed) and not isinstance(value, type):
            return name
    return ""


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
    for does, name in _steps(code):
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


def _steps(code: CodeType) -> Iterator[tuple[str, Any]]:
    """What each instruction does, and with what; Python 3.13 joins two: STORE_FAST_LOAD_FAST with ("m", "m")."""
    for instruction in dis.get_instructions(code):
        joined = JOINED.findall(instruction.opname)
        if len(joined) == 2:
            yield from zip(joined, instruction.argval, strict=True)
        else:
            yield instruction.opname, instruction.argval


def _is_answer(value: Any, modules: Collection[str], allowed: Collection[str]) -> bool:
    home = getattr(value, "__module__", None)
    if not callable(value) or not isinstance(home, str) or not home.startswith("lstm_teach."):
        return False
    home = home.removeprefix("lstm_teach.")
    inside = any(home == module or home.startswith(f"{module}.") for module in modules)
    return inside and getattr(value, "__name__", "") not in allowed
