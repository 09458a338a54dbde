"""Run a learner's function so that nothing it does takes the kernel down. Imports the standard library only.

Where there are threads, a call runs in one of its own. In a browser there are none; there `Limit` watches the call from
inside.
"""

import contextlib
import contextvars
import functools
import inspect
import linecache
import logging
import os
import random
import re
import sys
import threading
import time
import tomllib
import traceback
import warnings
from builtins import max, min  # noqa: UP029  whatever a call makes of these while another thread waits for it
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, Self

try:
    import ctypes
except ImportError:  # a Python without threads may lack it too
    ctypes = None

PATIENCE = 2.0  # seconds for a call to stop once it was told to
TURNED = " Is something transposed, or an index missing?"
TIDY = 0.25  # seconds of them to tidy up in
ENDLESS = "did not finish"  # a sentence with these words is about a call that took too long


class OutOfTime(SystemExit):
    """Raised inside a call that ran too long, where there is no thread to stop. `except Exception` lets it by."""


class LearnerError(Exception):
    """A learner's function did not return; the message is one sentence that names the line, if it is known."""


class TooLong(LearnerError):
    """It took longer than it may."""


def call(function: Callable, *args: Any, seconds: float = 10.0, **kwargs: Any) -> Any:
    """Return `function(*args, **kwargs)`; raise `LearnerError` if it raises or takes longer than `seconds`.

    The function runs in a thread of its own. So nothing is ever raised in the caller's thread out of turn, and a
    function that hangs in one call outside of Python (`time.sleep`, a huge product) gives control back as well: it has
    been told to stop, and does so when that call returns. Only a loop around a bare `except:` may go on for ever.
    Where there are no threads, it runs in the caller's under a `Limit`, and what hangs outside of Python can't be
    stopped.
    """
    context = contextvars.copy_context()  # numpy's error settings, and the cell that print writes to
    outcome: dict[str, Any] = {}
    # Not Thread.join: after an interrupted join Python 3.11 and 3.12 take the thread for ended.
    ended = threading.Event()

    def run() -> None:
        try:
            with _kernel_alive():
                outcome["value"] = context.run(function, *args, **kwargs)
        except BaseException as error:
            outcome["error"] = error
        finally:
            ended.set()

    worker = threading.Thread(target=run, name=f"call of {name_of(function)}", daemon=True)
    try:
        worker.start()
    except RuntimeError:  # there are no threads here, or no more
        return _call_here(function, args, kwargs, seconds)
    place, stopped = "", True
    try:
        if late := not _ends(worker, ended, seconds):
            frame = sys._current_frames().get(worker.ident)
            place = _place(function, reversed(list(traceback.walk_stack(frame)))) if frame else ""
            stopped = _stop(worker, ended)
    except BaseException:  # the user interrupts, or this call is itself inside one that is out of time
        _stop(worker, ended)
        raise

    if "value" in outcome:
        return outcome["value"]
    error = outcome.get("error")
    if error is None or (late and isinstance(error, SystemExit)):
        raise _too_long(function, seconds, place, stopped)
    raise LearnerError(what_it_raised(function, error)) from error


def _call_here(function: Callable, args: tuple, kwargs: dict[str, Any], seconds: float) -> Any:
    """The same without a thread."""
    try:
        with Limit(seconds), _kernel_alive():
            return contextvars.copy_context().run(function, *args, **kwargs)
    except KeyboardInterrupt:  # the user's own
        raise
    except BaseException as error:
        if not isinstance(error, OutOfTime):
            raise LearnerError(what_it_raised(function, error)) from error
        if any(time.monotonic() > outer.end for outer in Limit._open):  # this call is inside one that is out of time
            raise
        place = _place(function, traceback.walk_tb(error.__traceback__))
    raise _too_long(function, seconds, place)


@contextlib.contextmanager
def _kernel_alive() -> Iterator[None]:
    """Here exit() and quit(), which in a notebook end the kernel once the cell has run, only raise SystemExit."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    before = vars(shell).get("ask_exit") if shell else None
    if shell:
        shell.ask_exit = sys.exit
    try:
        yield
    finally:
        if shell and not before:  # this call is not inside another one
            vars(shell).pop("ask_exit", None)


def _too_long(function: Callable, seconds: float, place: str, stopped: bool = True) -> TooLong:
    end = "was stopped" if stopped else "can't be stopped from outside"
    advice = "Look for a loop that never ends." if stopped else "Restart the kernel if it slows you down."
    if stopped and re.search(r"\binput\(", place):
        advice = "input() waits for you to type something: take it out."
    name = name_of(function)
    # Of two seconds 1.99 may be left.
    near = round(2 * seconds) / 2 if seconds > 2 else round(seconds, 1 if seconds > 1 else 2)
    limit = f"{near:g}"
    unit = "second" if limit == "1" else "seconds"
    return TooLong(f"{name} {ENDLESS} within {limit} {unit} and {end}{place}. {advice}")


class Limit:
    """Raises `OutOfTime` in its body, without a thread, once that has taken longer than `seconds`.

    Python itself asks at every jump back in a loop and at every call of a function (`sys.monitoring`, since Python
    3.12; before that there is no limit). So one long call outside of Python is stopped only when it has returned.
    Limits may be inside one another; a body goes on as long as none of them is over. One that catches `OutOfTime` gets
    it again, after a while to tidy up in.
    """

    _open: list["Limit"] = []  # noqa: RUF012  the innermost last; shared on purpose
    _tool: int | None = None  # what Python's monitoring knows us by while one is open
    # Nothing is raised in these: it would leave the monitoring on.
    _own = frozenset([__file__, contextlib.__file__])

    def __init__(self, seconds: float):
        self.seconds, self.end, self._next, self._thread = seconds, 0.0, 0.0, 0

    def __enter__(self) -> Self:
        self.end = self._next = time.monotonic() + self.seconds
        self._thread = threading.get_ident()
        Limit._open.append(self)
        if Limit._tool is None and hasattr(sys, "monitoring"):
            Limit._tool = next((number for number in (4, 3) if sys.monitoring.get_tool(number) is None), None)
            _watch(Limit._tool, Limit._ask)
        return self

    def __exit__(self, *_: object) -> None:
        Limit._open.remove(self)
        if not Limit._open:
            _watch(Limit._tool, None)
            Limit._tool = None

    @staticmethod
    def _ask(code: CodeType, *_: object) -> None:
        now = time.monotonic()
        for limit in Limit._open:
            if now > limit._next and code.co_filename not in Limit._own and limit._thread == threading.get_ident():
                limit._next = max(now, limit.end + TIDY)
                raise OutOfTime


def _watch(tool: int | None, ask: Callable | None) -> None:
    """Have Python call `ask` at every jump and call, or, with None, no longer; without a tool it can't be had."""
    if tool is None:
        return
    monitoring, events = sys.monitoring, sys.monitoring.events
    if ask:
        monitoring.use_tool_id(tool, "lstm-teach")
    monitoring.set_events(tool, events.JUMP | events.PY_START if ask else 0)
    for event in (events.JUMP, events.PY_START):
        monitoring.register_callback(tool, event, ask)
    if not ask:
        monitoring.free_tool_id(tool)


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """For a while nothing is printed, displayed, drawn, warned of or logged, and then all is `as_before`."""
    ipython, pyplot = sys.modules.get("IPython"), sys.modules.get("matplotlib._pylab_helpers")
    displayed = ipython.utils.capture.capture_output(False, False) if ipython else contextlib.nullcontext()
    figures = pyplot.Gcf.figs if pyplot else {}
    drawn, log = dict(figures), logging.getLogger()
    disabled, level, handlers = log.manager.disable, log.level, [*log.handlers]
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        displayed,
        warnings.catch_warnings(action="ignore"),
        as_before(),
    ):
        figures.clear()
        logging.disable()
        try:
            yield
        finally:
            figures.clear()
            figures.update(drawn)
            logging.disable(disabled)
            log.setLevel(level)
            log.handlers[:] = handlers  # logging.warning makes one where there is none, which writes to nowhere


@contextlib.contextmanager
def as_before() -> Iterator[None]:
    """In the end, put back what all cells share: random numbers, folder, settings. Meanwhile NumPy raises nothing."""
    numpy, matplotlib = sys.modules["numpy"], sys.modules.get("matplotlib")
    numbers, numpys, paths, environment = random.getstate(), numpy.random.get_state(), [*sys.path], dict(os.environ)
    here, depth = os.curdir, sys.getrecursionlimit()
    with contextlib.suppress(OSError):  # the folder may be gone
        here = os.getcwd()
    with numpy.errstate(all="ignore"), matplotlib.rc_context() if matplotlib else contextlib.nullcontext():
        try:
            yield
        finally:
            random.setstate(numbers)
            numpy.random.set_state(numpys)
            with contextlib.suppress(OSError):
                os.chdir(here)
            sys.path[:] = paths
            sys.setrecursionlimit(depth)
            if os.environ != environment:
                os.environ.clear()
                os.environ.update(environment)


def what_it_raised(function: Callable, error: BaseException) -> str:
    """One sentence on an exception that came out of a learner's function, with its line if it is known."""
    said = " ".join(str(error).split()).removesuffix(".")
    place = _place(function, traceback.walk_tb(error.__traceback__))
    advice = _on_dots(error, place) or meaning(error)
    if (
        "enough dimensions" in said and ": " in place and not re.search("@|matmul", place)
    ):  # it is in what the line calls
        advice = f" {_slips()['for @:, in what is called']}"
    return f"{name_of(function)} raised {type(error).__name__}{': ' if said else ''}{said}{place}.{advice}"


def _on_dots(error: BaseException, place: str) -> str:
    """That the dots of a blank are still in the line, after a space; "" if they are not the reason."""
    dots = "..." in re.sub(r"#.*|\[[^][]*\]", "", place)  # but those of a comment or an index, a[..., 0]
    named = "ellipsis" in str(error).lower() or "matmul" in str(error)
    return " There are still dots in that line: replace them with your code." if dots and named else ""


def meaning(error: BaseException) -> str:
    """What Python's words for a common slip mean, after a space; "" for another error."""
    its = isinstance(error, NameError) and getattr(sys.modules.get("numpy"), error.name or "", None)
    if its and not isinstance(its, type):  # `half` is one of NumPy's types, and is seldom meant
        return f" If you mean NumPy's {error.name}, write np.{error.name}."
    said = f"{type(error).__name__}: {error}"
    found = (f" {match.expand(words)}" for slip, words in _slips().items() if (match := re.search(slip, said)))
    return next(found, on_shapes(error))


@functools.cache
def _slips() -> dict[str, str]:
    """What common errors of Python and NumPy mean, by a pattern for the kind of error and its message."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def on_shapes(error: BaseException) -> str:
    """What NumPy's words for arrays that do not fit mean, after a space; "" for another error."""
    words = "broadcast|core dimension|enough dimensions|not aligned|must match exactly|array element with a sequence"
    if not (isinstance(error, ValueError) and re.search(words, str(error))):
        return ""
    if "enough dimensions" in str(error):
        return f" {_slips()['for @:']}"
    return f" The shapes don't fit: look at the shape of each side.{TURNED}"


def name_of(function: Callable) -> str:
    """What to call a function, a partial, a method or a callable object in a sentence."""
    function = unwrapped(function)
    return getattr(function, "__name__", type(function).__name__)


def with_a_name(function: Callable, name: str) -> Callable:
    """A lambda under the name that it has in the task; anything else as it is."""
    if not isinstance(function, FunctionType) or function.__name__ != "<lambda>":
        return function
    named = FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)
    named.__kwdefaults__ = function.__kwdefaults__
    return named


def unwrapped(function: Callable) -> Callable:
    """What the learner wrote, inside partials and decorators."""
    while isinstance(function, functools.partial) or hasattr(function, "__wrapped__"):
        function = function.func if isinstance(function, functools.partial) else function.__wrapped__
    return function


def parameters_of(function: Callable) -> Mapping[str, inspect.Parameter]:
    """The parameters of a function, by name; none where Python does not know them."""
    options = {}
    if sys.version_info >= (3, 14):  # evaluates annotations only when asked: a name in them may not exist
        from annotationlib import Format

        options = {"annotation_format": Format.STRING}
    try:
        return inspect.signature(function, **options).parameters
    except (TypeError, ValueError):
        return {}


def misplaced(function: Callable, wanted: Sequence[str]) -> bool:
    """Whether a function has parameters of these names, but not in these places."""
    theirs = [name for name, each in parameters_of(function).items() if each.kind < each.VAR_POSITIONAL]  # not *args
    return any(name in theirs[:k] + theirs[k + 1 :] for k, name in enumerate(wanted))


def stopwatch() -> Callable[[], float]:
    """A function that tells the seconds that this process has computed since: a class shares a few cores.

    By the clock if it waits, as in a sleep or for input; otherwise at least a tenth of those, and at most all.
    """
    start, used = time.monotonic(), time.process_time()

    def spent() -> float:
        passed, own = time.monotonic() - start, time.process_time() - used
        return passed if own < 0.02 * passed else min(passed, max(own, passed / 10))

    return spent


def _ends(worker: threading.Thread, ended: threading.Event, seconds: float) -> bool:
    """Wait until the call has ended, at most `seconds`. In slices, since Windows can't interrupt a long wait."""
    spent = stopwatch()
    while not ended.wait(min(0.1, max(0.0, seconds - spent()))):
        if spent() >= seconds:
            return not worker.is_alive()
    return True


def _stop(worker: threading.Thread, ended: threading.Event) -> bool:
    """Raise SystemExit in the thread, again and again in case a bare `except:` catches it; True if that ended it.

    Wherever it arrives, a thread that it ends says nothing: Python is silent about it, and not about its subclasses.
    """
    spent, wait, worker.told = stopwatch(), TIDY, True
    while worker.is_alive() and spent() < PATIENCE:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(SystemExit))
        if ended.wait(wait):
            return True
        wait = 0.02  # shorter ones would count as computing
    if worker.is_alive():
        _settle()
    return not worker.is_alive()


def end_if_told() -> None:
    """End a call that was told to stop in vain, since a bare `except:` has caught it, or no Python ran in that time."""
    if hasattr(threading.current_thread(), "told"):
        raise SystemExit


def _settle() -> None:
    """Have another thread take an exception at once: while one waits to be taken, Python 3.11 never gets beyond the
    first line of a function that is watched (`sys.setprofile`).
    """
    other = threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True)
    other.start()
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(other.ident), ctypes.py_object(SystemExit))
    other.join(PATIENCE)


def _place(function: Callable, frames: Iterable[tuple[FrameType, int]]) -> str:
    """Where it happened: the innermost line in the function's own file, then that in another cell of the notebook."""
    function = unwrapped(function)
    if not hasattr(function, "__globals__"):
        function = function.__call__  # of a callable object
    names = getattr(function, "__globals__", None)
    own = [(frame, line) for frame, line in frames if frame.f_globals is names]
    if not own:
        return ""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    frame, number = next((here for here in reversed(own) if here[0].f_code.co_filename == file), own[-1])
    place = _line(frame, number)
    place = f", at line {number}: {place}" if place else f", at line {number}"
    deeper, number = own[-1]
    same = deeper.f_code.co_filename == frame.f_code.co_filename
    return place if same else f"{place}, in {deeper.f_code.co_name}: {_line(deeper, number)}".removesuffix(": ")


def _line(frame: FrameType, number: int) -> str:
    """The line's text, without the colon of a loop's head: a sentence goes on after it."""
    return linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip().removesuffix(":")
