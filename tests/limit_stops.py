"""Endless calls where there are no threads: run by test_portable.py, in a Python that has `sys.monitoring`.

It loads guard.py alone, which needs no package, so that any such Python will do.
"""

import contextlib
import importlib.util
import sys
import threading
import time
from pathlib import Path

from endless import ends_with_a_loop, never_ends, swallows, swallows_everything

spec = importlib.util.spec_from_file_location("guard", Path(__file__).parent.parent / "lstm_teach" / "guard.py")
guard = importlib.util.module_from_spec(spec)
sys.modules["guard"] = guard
spec.loader.exec_module(guard)


def no_thread(*args, **kwargs):
    raise RuntimeError("can't start new thread")


threading.Thread.start = no_thread


def recurses():
    def ways(n):
        return 1 if n < 2 else ways(n - 1) + ways(n - 2)

    return ways(200)


def called_from_outside_of_python():
    return sum(map(lambda n: 0, iter(int, 1)))


def in_a_comprehension():
    return [n for n in iter(int, 1) if n]


def inside_another_call():
    return guard.call(never_ends, seconds=60)


def inside_a_shorter_call():
    with contextlib.suppress(guard.LearnerError):
        guard.call(never_ends, seconds=0.02)
    never_ends()


ENDLESS = [
    never_ends,
    recurses,
    called_from_outside_of_python,
    in_a_comprehension,
    swallows,
    swallows_everything,
    ends_with_a_loop,
    inside_another_call,
    inside_a_shorter_call,
]


def stopped(function, seconds=0.1):
    """What is said of the call, and how long it took."""
    begun = time.perf_counter()
    try:
        guard.call(function, seconds=seconds)
    except guard.LearnerError as error:
        return str(error), time.perf_counter() - begun
    raise AssertionError(f"{function.__name__} returned")


def tidied():
    """How often the call went through its own tidying, which takes less time than it is given."""
    done = []

    def tidies_up():
        try:
            never_ends()
        finally:
            end = time.perf_counter() + 0.05
            while time.perf_counter() < end:
                pass
            done.append("done")

    stopped(tidies_up)
    return done


if __name__ == "__main__":
    for function in ENDLESS:
        said, took = stopped(function)
        assert f"{function.__name__} did not finish within 0.1 seconds and was stopped, at line" in said, said
        assert took < 0.1 + guard.PATIENCE, (function.__name__, took)
        assert all(sys.monitoring.get_tool(number) is None for number in (3, 4)), function.__name__
    assert tidied() == ["done"]
    assert guard.call(lambda: sum(range(1000)), seconds=5) == 499500
    end = time.perf_counter() + 0.2
    while time.perf_counter() < end:  # nothing arrives late
        len("")
    print("stopped", len(ENDLESS))
