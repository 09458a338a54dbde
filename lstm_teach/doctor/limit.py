"""A time limit for many short calls in one thread, where a thread for each (as in guard.call) would cost too much."""

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lstm_teach.guard import OutOfTime


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the body if it runs longer than `seconds`.

    A call that hangs inside one C function is stopped only when that function returns. The two threads speak through
    plain flags and never wait for a lock: an exception that arrives just after a lock was taken would leave it locked,
    and both would wait for ever.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
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

    threading.Thread(target=watch, daemon=True).start()
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
