"""A time limit for many short calls in one thread, where a thread for each (as in guard.call) would cost too much."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lstm_teach.guard import OutOfTime


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the body if it runs longer than `seconds`.

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
