"""Run a learner's function so that nothing it does takes the kernel down. Imports the standard library only."""

from __future__ import annotations

import contextvars
import ctypes
import functools
import linecache
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

PATIENCE = 2.0  # seconds for a call to stop once it was told to


class OutOfTime(SystemExit):
    """Raised inside a call that ran too long. `except Exception` lets it by, and a thread that it ends says nothing."""


class LearnerError(Exception):
    """A learner's function did not return; the message is one sentence that names the line, if it is known."""


def call(function: Callable, *args: Any, seconds: float = 10.0, **kwargs: Any) -> Any:
    """Return `function(*args, **kwargs)`; raise `LearnerError` if it raises or takes longer than `seconds`.

    The function runs in a thread of its own. So nothing is ever raised in the caller's thread out of turn, and a
    function that hangs in one call outside of Python (`time.sleep`, a huge product) gives control back as well: it has
    been told to stop, and does so when that call returns. Only a loop around a bare `except:` may go on for ever.
    """
    name = name_of(function)
    context = contextvars.copy_context()  # numpy's error settings, and the cell that print writes to
    outcome: dict[str, Any] = {}
    # Not Thread.join: after an interrupted join Python 3.11 and 3.12 take the thread for ended.
    ended = threading.Event()

    def run() -> None:
        try:
            outcome["value"] = context.run(function, *args, **kwargs)
        except BaseException as error:
            outcome["error"] = error
        finally:
            ended.set()

    worker = threading.Thread(target=run, name=f"call of {name}", daemon=True)
    worker.start()
    place, stopped = "", True
    try:
        if not _ends(worker, ended, seconds):
            frame = sys._current_frames().get(worker.ident)
            place = _place(function, reversed(list(traceback.walk_stack(frame)))) if frame else ""
            stopped = _stop(worker, ended)
    except BaseException:  # the user interrupts, or this call is itself inside one that is out of time
        _stop(worker, ended)
        raise

    if "value" in outcome:
        return outcome["value"]
    error = outcome.get("error")
    if error is None or isinstance(error, OutOfTime):
        end = "was stopped" if stopped else "can't be stopped from outside"
        advice = "Look for a loop that never ends." if stopped else "Restart the kernel if it slows you down."
        raise LearnerError(f"{name} did not finish within {round(seconds, 2):g} seconds and {end}{place}. {advice}")
    raise LearnerError(what_it_raised(function, error)) from error


def what_it_raised(function: Callable, error: BaseException) -> str:
    """One sentence on an exception that came out of a learner's function, with its line if it is known."""
    said = " ".join(str(error).split()).removesuffix(".")
    place = _place(function, traceback.walk_tb(error.__traceback__))
    return f"{name_of(function)} raised {type(error).__name__}{': ' if said else ''}{said}{place}."


def name_of(function: Callable) -> str:
    """What to call a function, a partial, a method or a callable object in a sentence."""
    function = _own(function)
    return getattr(function, "__name__", type(function).__name__)


def _own(function: Callable) -> Callable:
    """What the learner wrote, inside partials and decorators."""
    while isinstance(function, functools.partial) or hasattr(function, "__wrapped__"):
        function = function.func if isinstance(function, functools.partial) else function.__wrapped__
    return function


def _ends(worker: threading.Thread, ended: threading.Event, seconds: float) -> bool:
    """Wait until the call has ended, at most `seconds`. In slices, since Windows can't interrupt a long wait."""
    deadline = time.monotonic() + seconds
    while not ended.wait(min(0.1, max(0.0, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            return not worker.is_alive()
    return True


def _stop(worker: threading.Thread, ended: threading.Event) -> bool:
    """Raise `OutOfTime` in the thread, again and again in case a bare `except:` catches it; True if that ended it."""
    deadline, wait = time.monotonic() + PATIENCE, 0.25  # a first time to tidy up in
    while worker.is_alive() and time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(OutOfTime))
        if ended.wait(wait):
            return True
        wait = 0.005
    return not worker.is_alive()


def _place(function: Callable, frames: Iterable[tuple[FrameType, int]]) -> str:
    """Where it happened: the innermost line that shares the function's globals, so another cell of the notebook too."""
    function = _own(function)
    if not hasattr(function, "__globals__"):
        function = function.__call__  # of a callable object
    names = getattr(function, "__globals__", None)
    own = [(frame, line) for frame, line in frames if frame.f_globals is names]
    if not own:
        return ""
    frame, number = own[-1]
    line = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return f", at line {number}: {line}" if line else f", at line {number}"
