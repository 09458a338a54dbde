"""Run a learner's function so that nothing it does takes the kernel down. Imports the standard library only."""

from __future__ import annotations

import ctypes
import linecache
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class OutOfTime(BaseException):
    """Raised inside a call that ran longer than its limit; not an Exception, so that `except Exception` lets it by."""


class LearnerError(Exception):
    """A learner's function did not return; the message is one sentence that names the line, if it is known."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the body if it runs longer than `seconds`. Works in any thread and on any system.

    A call that hangs inside one C function is stopped only when that function returns.
    """
    thread, finished = ctypes.c_ulong(threading.get_ident()), threading.Event()
    raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def watch() -> None:
        wait = seconds
        while not finished.wait(wait):
            raise_in_thread(thread, ctypes.py_object(OutOfTime))
            wait = 0.5  # again, in case a bare `except:` caught the first one

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()
        raise_in_thread(thread, None)  # take back one that was sent but has not arrived


def call(function: Callable, *args: Any, seconds: float = 10.0, **kwargs: Any) -> Any:
    """Return `function(*args, **kwargs)`; raise `LearnerError` if it raises or takes longer than `seconds`."""
    name = getattr(function, "__name__", type(function).__name__)
    try:
        with time_limit(seconds):
            return function(*args, **kwargs)
    except OutOfTime as error:
        raise LearnerError(
            f"{name} did not finish within {seconds:g} seconds and was stopped{_place(function, error)}. "
            "Look for a loop that never ends."
        ) from None
    except Exception as error:
        said = " ".join(str(error).split())
        raise LearnerError(f"{name} raised {type(error).__name__}: {said}{_place(function, error)}.") from error


def _place(function: Callable, error: BaseException) -> str:
    """Where in the learner's own file or cell it happened: the innermost of their lines."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == code.co_filename]
    if not own:
        return ""
    line = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno).strip()
    return f", at line {own[-1].lineno}: {line}" if line else f", at line {own[-1].lineno}"
