"""Functions that never end, each in a way of its own, for test_guard.py and limit_stops.py. Plain Python only."""

import contextlib


def never_ends():
    while True:
        pass


def swallows():
    while True:
        with contextlib.suppress(Exception):
            never_ends()


def swallows_everything():
    while True:
        try:
            for _ in range(20):
                len("")
        except:  # noqa: E722
            continue


def ends_with_a_loop():
    try:
        never_ends()
    finally:
        never_ends()
