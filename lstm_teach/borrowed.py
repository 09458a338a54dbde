"""Whether code leans on a function of the library that is the answer itself. Imports the standard library only.

Used by the blanks of the lessons and by the checks of the exercises: while they run what a learner wrote, the calls of
the library are noted, however they are hidden. What is only named and never called is no answer.
"""

import contextlib
import itertools
import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Any

ENOUGH = 4000  # calls and returns to look at; see `entered`
# np.vectorize, say: its caller counts as the caller of what it calls
BETWEEN = sys.stdlib_module_names | {"numpy", "IPython", "traitlets"}
ENTERED: ContextVar[Counter | None] = ContextVar("where what is entered is counted", default=None)


@contextlib.contextmanager
def entered(found: Counter) -> Iterator[None]:
    """Meanwhile count each function ("lstm_teach.backward:bptt") that is called from outside the library.

    Only the first `ENOUGH` calls and returns: looking at each of a million takes longer than the calls do. In grading,
    the calls of two processes are counted together.
    """
    before, in_threads = sys.getprofile(), threading.getprofile()
    outside = sys._getframe(2)  # it calls the learner's code, so what it calls is called by no code of the library's
    left = itertools.count(ENOUGH, -1)

    def tell(frame: FrameType, event: str, argument: Any) -> None:
        if before:
            before(frame, event, argument)
        if next(left) <= 0:
            sys.setprofile(before)
        name, caller = frame.f_code.co_qualname, frame.f_back
        if event != "call" or frame.f_globals is globals() or package_of(frame) in BETWEEN or "<" in name:
            return
        while caller and caller is not outside and package_of(caller) in BETWEEN:
            caller = caller.f_back
        if caller in (None, outside) or package_of(caller) != "lstm_teach":
            found[f"{frame.f_globals.get('__name__')}:{name.partition('.')[0]}"] += 1

    token = ENTERED.set(found)
    threading.setprofile(tell)
    sys.setprofile(tell)
    try:
        yield
    finally:
        ENTERED.reset(token)
        sys.setprofile(before)
        threading.setprofile(in_threads)


def package_of(frame: FrameType) -> str:
    """The package of the code that runs in a frame."""
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def answer_in(found: Collection[str], modules: Collection[str], allowed: Collection[str] = ()) -> str:
    """The first answer among the functions that were `entered`; "" if there is none.

    An answer is what is defined in one of the library's `modules` ("backward", "exercises"), unless its name is in
    `allowed`. Of the classes, only `Lesson` knows answers.
    """
    for module, _, name in (each.partition(":") for each in found):
        inside = any(f"{module}.".startswith(f"lstm_teach.{each}.") for each in modules)
        its = getattr(sys.modules.get(module), name, None)
        if inside and name not in allowed and (name == "Lesson" or not isinstance(its, type)):
            if its is None:  # a copy under a name of its own
                return name.removeprefix("the library's ")
            short = vars(sys.modules["lstm_teach"]).get(name) is its
            return f"lt.{name}" if short else f"{module.removeprefix('lstm_teach.')}.{name}"
    return ""
