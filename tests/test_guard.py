import _thread
import contextlib
import functools
import linecache
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from endless import ends_with_a_loop, never_ends, swallows, swallows_everything
from IPython.core.interactiveshell import InteractiveShell

import lstm_teach as lt
from lstm_teach import guard
from lstm_teach.judging import Attempt, Trouble
from lstm_teach.lessons import clinic


def ends_late(seconds):
    """Runs in Python for `seconds`, so that it can be stopped at any time."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return "done"


def no_thread_is_left_but(before):
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    return set(threading.enumerate()) <= before


def test_returns_what_the_function_returns():
    assert guard.call(lambda a, b=0: (a, b), 1, b=2) == (1, 2)


def test_runs_a_function_under_the_callers_numpy_settings():
    with np.errstate(divide="raise"), pytest.raises(guard.LearnerError, match="FloatingPointError: divide by zero"):
        guard.call(lambda: np.ones(1) / np.zeros(1))


def test_an_exception_becomes_one_sentence_with_the_learners_line():
    def divide():
        return 1 / 0

    with pytest.raises(guard.LearnerError) as caught:
        guard.call(divide)
    line = divide.__code__.co_firstlineno + 1
    assert str(caught.value) == f"divide raised ZeroDivisionError: division by zero, at line {line}: return 1 / 0."
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_exception_without_words_or_with_a_full_stop_still_reads_as_a_sentence():
    def wordless():
        raise AssertionError

    def wordy():
        raise ValueError("No\n  luck.")

    with pytest.raises(
        guard.LearnerError, match=r"^wordless raised AssertionError, at line \d+: raise AssertionError\.$"
    ):
        guard.call(wordless)
    with pytest.raises(guard.LearnerError, match=r"^wordy raised ValueError: No luck, at line"):
        guard.call(wordy)


def test_names_the_learners_innermost_line_not_one_of_the_library():
    def helper():
        return np.zeros(3) @ np.zeros(4)

    def backward():
        return helper()

    with pytest.raises(guard.LearnerError, match=r"at line \d+: return np\.zeros\(3\) @ np\.zeros\(4\)\. The"):
        guard.call(backward)
    with pytest.raises(guard.LearnerError, match=r"at line \d+: return np\.linalg\.inv\(np\.zeros\(\(2, 2\)\)\)\.$"):
        guard.call(solve)


def solve():
    return np.linalg.inv(np.zeros((2, 2)))


class Callable:
    def __call__(self):
        return solve()

    method = __call__


def _wrapper(function):
    @functools.wraps(function)
    def wrapped():
        return function()

    return wrapped


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (functools.partial(functools.partial(solve)), "solve"),
        (Callable(), "Callable"),
        (Callable().method, "__call__"),
        (_wrapper(functools.partial(solve)), "solve"),
    ],
)
def test_finds_name_and_line_inside_partials_methods_decorators_and_callable_objects(function, name):
    with pytest.raises(guard.LearnerError, match=rf"^{name} raised LinAlgError: Singular matrix, at line \d+: return"):
        guard.call(function)


def test_a_function_without_python_code_has_no_line():
    with pytest.raises(guard.LearnerError, match=r"^int raised ValueError: invalid literal[^,]*\.$"):
        guard.call(int, "x")


def test_finds_the_line_in_another_cell_of_the_same_notebook():
    cells = {}
    exec(compile("def inner():\n    raise OSError('z')", "cell 1", "exec"), cells)
    exec(compile("def backward():\n    inner()", "cell 2", "exec"), cells)
    with pytest.raises(guard.LearnerError, match=r"^backward raised OSError: z, at line 2, in inner\.$"):
        guard.call(cells["backward"])
    linecache.cache["cell 3"] = 0, None, ["def backward():\n", "    inner()\n"], "cell 3"
    exec(compile("def backward():\n    inner()", "cell 3", "exec"), cells)
    with pytest.raises(guard.LearnerError, match=r"^backward raised OSError: z, at line 2: inner\(\), in inner\.$"):
        guard.call(cells["backward"])


def test_system_exit_of_a_learner_does_not_end_the_caller():
    with pytest.raises(guard.LearnerError, match="raised SystemExit"):
        guard.call(sys.exit, 3)


@pytest.mark.parametrize(("seconds", "said"), [(2.2, "2 seconds"), (1.04, "1 second"), (0.25, "0.25 seconds")])
def test_a_limit_is_said_without_the_part_of_a_second_that_has_gone_before(seconds, said):
    with pytest.raises(guard.LearnerError, match=f"did not finish within {said} and was stopped"):
        guard.call(never_ends, seconds=seconds)


def test_a_call_of_input_is_not_called_a_loop():
    said = [str(guard._too_long(never_ends, 1, f", at line 1: {line}")) for line in ('input("b")', "my_input(b)")]
    assert said[0].endswith("input() waits for you to type something: take it out.") and "never ends" in said[1]


@pytest.mark.parametrize("function", [never_ends, swallows, swallows_everything, ends_with_a_loop])
def test_stops_a_loop_that_never_ends(function):
    before = set(threading.enumerate())
    begin = time.process_time()  # a busy machine may give it a part of the time only
    with pytest.raises(
        guard.LearnerError, match=r"did not finish within 0\.1 seconds and was stopped, at line \d+: \w"
    ):
        guard.call(function, seconds=0.1)
    assert time.process_time() - begin < 0.1 + guard.PATIENCE
    assert no_thread_is_left_but(before)


@pytest.mark.parametrize(
    ("passed", "computed", "spent"),
    [(10, 2, 2), (10, 10, 10), (10, 35, 10), (10, 0.5, 1), (10, 0.1, 10)],
    ids=["a busy machine", "an idle one", "several threads", "a very busy one", "it sleeps"],
)
def test_what_a_busy_machine_gives_to_others_does_not_count(monkeypatch, passed, computed, spent):
    now = {"monotonic": 100.0, "process_time": 50.0}
    for clock in now:
        monkeypatch.setattr(time, clock, lambda clock=clock: now[clock])
    tell = guard.stopwatch()
    now["monotonic"] += passed
    now["process_time"] += computed
    assert tell() == pytest.approx(spent)


def test_a_call_that_waits_has_its_seconds_by_the_clock():
    begin = time.perf_counter()
    with pytest.raises(guard.LearnerError, match=r"did not finish within 0\.3 seconds"):
        guard.call(time.sleep, 1.5, seconds=0.3)
    assert time.perf_counter() - begin < 5


def test_a_call_that_is_stopped_can_tidy_up_first():
    done = []

    def tidies_up():
        try:
            never_ends()
        finally:
            done.append(ends_late(0.05))

    with pytest.raises(guard.LearnerError, match="was stopped"):
        guard.call(tidies_up, seconds=0.1)
    assert done == ["done"]


def test_gives_control_back_when_a_call_outside_of_python_hangs(monkeypatch):
    monkeypatch.setattr(guard, "PATIENCE", 0.1)
    before = set(threading.enumerate())

    def waits():
        time.sleep(1)
        never_ends()  # not reached: the thread has been told to stop

    begin = time.perf_counter()
    with pytest.raises(
        guard.LearnerError, match=r"can't be stopped from outside, at line \d+: time\.sleep\(1\)\. Restart"
    ):
        guard.call(waits, seconds=0.1)
    assert time.perf_counter() - begin < 0.9
    assert no_thread_is_left_but(before)


def test_works_in_a_thread_other_than_the_main_one():
    said = []

    def run():
        try:
            guard.call(never_ends, seconds=0.1)
        except guard.LearnerError as error:
            said.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5)
    assert "was stopped" in said[0]


def test_nothing_arrives_late_in_the_caller_when_a_call_ends_near_its_limit():
    outcomes = set()
    for trial in range(60):
        try:
            outcomes.add(guard.call(ends_late, 0.02, seconds=0.02 + (trial - 30) * 1e-5))
        except guard.LearnerError as error:
            outcomes.add(str(error)[:24])
        ends_late(0.002)
    ends_late(0.2)
    assert outcomes <= {"done", "ends_late did not finish"}
    assert outcomes  # whichever way each call went, nothing was raised here


def test_a_call_inside_a_call_is_stopped_with_it():
    before = set(threading.enumerate())

    def outer():
        return guard.call(never_ends, seconds=60)

    with pytest.raises(guard.LearnerError, match="outer did not finish"):
        guard.call(outer, seconds=0.2)
    assert no_thread_is_left_but(before)


@pytest.fixture
def interrupts():
    # A shell starts its background jobs with SIGINT ignored; Python then makes no exception of it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_by_the_user_stops_the_call_and_goes_on_to_the_caller(interrupts):
    before = set(threading.enumerate())
    threading.Timer(0.1, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        guard.call(never_ends)
    assert no_thread_is_left_but(before)


def test_the_head_of_a_loop_is_told_without_its_colon():
    def counts():
        for _ in 3:
            pass

    def waits():
        while True:
            pass

    with pytest.raises(guard.LearnerError, match=r"object is not iterable, at line \d+: for _ in 3\. .*$"):
        guard.call(counts)
    with pytest.raises(guard.TooLong, match=r"at line \d+: (while True|pass)\. Look for a loop that never ends\.$"):
        guard.call(waits, seconds=0.05)


def test_a_stopped_thread_says_nothing_on_stderr():
    code = (
        "from lstm_teach import guard\n"
        "def never_ends():\n    while True: pass\n"
        "for _ in range(3):\n"
        "    try: guard.call(never_ends, seconds=0.05)\n"
        "    except guard.LearnerError: print('stopped')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["stopped"] * 3, "")


def test_a_thread_that_is_stopped_when_its_call_has_just_returned_says_nothing_on_stderr():
    code = (
        "import threading, time\n"
        "from types import SimpleNamespace\n"
        "from lstm_teach import guard\n"
        "class Slow(threading.Event):\n"
        "    def set(self):\n"
        "        end = time.perf_counter() + 0.4\n"
        "        while time.perf_counter() < end: pass\n"
        "guard.threading = SimpleNamespace(Event=Slow, Thread=threading.Thread)\n"
        "print(guard.call(lambda: 'returned', seconds=0.1))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["returned"], "")


def test_after_a_call_that_hangs_outside_of_python_the_next_function_is_judged_as_if_nothing_had_happened():
    sleeping = Attempt(lambda: time.sleep(15), seconds=0.1)
    with pytest.raises(Trouble, match="can't be stopped from outside"):
        sleeping()
    assert Attempt(lambda: 1, seconds=2)() == 1


DOTS = "There are still dots in that line: replace them with your code."


@pytest.mark.parametrize(
    ("half_written", "dots"),
    [
        (lambda a: a + ..., True),
        (lambda a: np.tanh(...) * a, True),
        (lambda a: a @ ..., True),
        (lambda a: a + Ellipsis, False),  # no dots
        (lambda a: a[..., 0] + Ellipsis, False),  # those of an index
        (lambda a: a[0, ...] @ np.ones(7), False),
        (lambda a: a @ np.ones(7), False),  # a product, and so on ...
        (lambda a: a + np.ones(7) + ..., False),  # the shapes come first
    ],
)
def test_dots_of_a_blank_that_stop_a_function_are_told_in_words_that_a_learner_knows(half_written, dots):
    with pytest.raises(guard.LearnerError) as stopped:
        guard.call(half_written, np.ones((3, 3)))
    assert str(stopped.value).endswith(DOTS) == dots


def loud(params, x, targets, h0=None, c0=None):
    print("here")
    warnings.warn("careful", stacklevel=1)
    np.random.rand()
    return clinic.with_fault("dc_carry: never handed on")(params, x, targets, h0, c0)


def loud_case(T):
    print("here")
    np.random.rand()
    return {"w": np.full(2, 0.5)}, lambda p: print("loss") or T * (p["w"] ** 2).sum(), lambda p: {"w": 2 * T * p["w"]}


@pytest.mark.parametrize("diagnose", [lambda: lt.diagnose(loud, steps=1000), lambda: lt.diagnose_model(loud_case)])
def test_what_is_printed_in_dozens_of_calls_is_not_shown_and_random_numbers_go_on(diagnose, capsys):
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert diagnose().ladder
    assert not said and capsys.readouterr() == ("", "") and np.random.rand() == expected


def test_what_is_run_unseen_may_go_to_another_folder_or_delete_this_one(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path)
    with guard.unseen():
        os.chdir(os.pardir)
    assert Path.cwd() == tmp_path
    os.chdir("gone")
    with guard.unseen():
        (tmp_path / "gone").rmdir()
    with guard.unseen():
        os.chdir(tmp_path)


def test_a_function_that_ends_the_kernel_only_ends_its_call():
    shell = InteractiveShell.instance()
    try:
        exec("def ends(again=None):\n    if again:\n        again()\n    exit()", shell.user_ns)
        ends = shell.user_ns["ends"]
        for again in (None, lambda: with_suppressed(guard.call, ends)):
            with pytest.raises(guard.LearnerError, match="ends raised SystemExit"):
                guard.call(ends, again)
        assert "ask_exit" not in vars(shell)
    finally:
        InteractiveShell.clear_instance()


def with_suppressed(function, *given):
    with contextlib.suppress(guard.LearnerError):
        function(*given)
