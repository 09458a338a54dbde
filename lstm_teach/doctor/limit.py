"""Deadlines; and limits of time and memory for many short calls in one thread (guard.call takes a thread for each)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lstm_teach.guard import Limit, OutOfTime

try:
    import ctypes
except ImportError:  # a Python without threads may lack it too
    ctypes = None
try:
    import resource
except ImportError:  # on Windows
    resource = None
if not hasattr(resource, "setrlimit"):  # in a browser there may be an empty module of that name
    resource = None

_STATM = Path("/proc/self/statm")  # how much memory this process has, in pages


@dataclass(frozen=True)
class Deadline:
    """A moment in the computing time of this process; proofs run in threads of their own, and count as well."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.process_time() + seconds)

    @property
    def left(self) -> float:
        """Seconds until then, at least zero."""
        return max(0.0, self.at - time.process_time())

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.process_time() > self.at

    def part(self, share: float) -> Deadline:
        """An earlier one, after this share of the time that is left."""
        return Deadline.after(share * self.left)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the body if it runs longer than `seconds`.

    A call that hangs inside one C function is stopped only when that function returns. The two threads speak through
    plain flags and never wait for a lock: an exception that arrives just after a lock was taken would leave it locked,
    and both would wait for ever.
    """
    state = {"over": False, "sending": False}
    ended = time.monotonic() + seconds

    def watch() -> None:
        while not state["over"]:
            time.sleep(0.02)
            if time.monotonic() > ended:
                state["sending"] = True
                if not state["over"]:
                    raise_in_thread(thread, ctypes.py_object(OutOfTime))
                state["sending"] = False
                time.sleep(0.3)  # again, in case a bare `except:` caught the first one

    try:
        threading.Thread(target=watch, daemon=True).start()
    except RuntimeError:  # there are no threads here
        with Limit(seconds):
            yield
        return
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
    try:
        yield
    finally:
        while state["sending"] or not state["over"]:
            try:
                state["over"] = True
                time.sleep(0)
            except OutOfTime:
                continue
        raise_in_thread(thread, None)  # take back one that was sent but has not arrived


class MemoryLimit:
    """In its body more memory than there is, and `more` bytes, raises MemoryError: a list that holds itself, say.

    Without it such code would end the whole process. Only where the system tells how much there is (Linux).
    """

    def __init__(self, more: int):
        self._limits: tuple[int, int] | None = None
        if resource is not None and _STATM.exists():
            now = int(_STATM.read_text().split()[0]) * resource.getpagesize() + more
            self._before = resource.getrlimit(resource.RLIMIT_AS)
            soft, hard = self._before
            self._limits = (now if soft == resource.RLIM_INFINITY else min(now, soft)), hard

    def __enter__(self) -> None:
        if self._limits:
            resource.setrlimit(resource.RLIMIT_AS, self._limits)

    def __exit__(self, *_: object) -> None:
        if self._limits:
            resource.setrlimit(resource.RLIMIT_AS, self._before)


@contextmanager
def memory_limit_restored() -> Iterator[None]:
    """At its end the limit is what it was, even if an `OutOfTime` came just when a `MemoryLimit` was taken back."""
    before = resource.getrlimit(resource.RLIMIT_AS) if resource is not None else None
    try:
        yield
    finally:
        if before:
            resource.setrlimit(resource.RLIMIT_AS, before)
