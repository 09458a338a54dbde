"""The judge's side of the process in which a submission runs (see worker.py): start it, ask it, replace it, end it."""

import contextlib
import itertools
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path
from types import FunctionType
from typing import Any

import wire
from shells import Shells

import lstm_teach
from lstm_teach import borrowed

WORKER = Path(__file__).resolve().parent / "worker.py"
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP")
START = 60.0  # seconds for a worker to start
GRACE = 3.0  # seconds more than a cell has, before the process is ended from outside


class ProcessEnded(Exception):
    """The process in which the submission runs is gone."""


class NoAnswer(Exception):
    """Nothing came within the time."""


UNASKED = "the process in which the notebook runs was ended, since it sent a message that nobody had asked for"
GONE = "the process in which the notebook runs has ended, by os._exit or by taking all the memory"


class Submission:
    """A submission as it runs in a process of its own. `run` its cells, `look` at its names, and call what they are.

    A process that ends or hangs is replaced by a new one, in which the earlier cells run again, without those that
    ended or hung one.
    """

    def __init__(self, seconds: float = 30, memory: int = 4096):
        self.seconds, self.memory = seconds, memory
        self.done: list[str] = []  # cells to run again in a new process
        self.shells = Shells()
        self.lent: dict[int, Any] = {}  # functions of the judge's
        self.raised: dict[int, BaseException] = {}
        self.entered: dict[str, int] = {}  # functions of the library that the learner's code has called
        self.process: subprocess.Popen | None = None
        self.life, self.numbers = 0, itertools.count(1)
        self.folder = tempfile.TemporaryDirectory(prefix="submission_", ignore_cleanup_errors=True)

    # ---------------------------------------------------------------------------------- the process

    def start(self) -> None:
        """Start the process unless it runs, and bring it to where the last one was."""
        if self.process is not None:
            return
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        environment |= {"IPYTHONDIR": self.folder.name, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), str(self.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder.name,
            env=environment,
            start_new_session=True,
        )
        self.life += 1
        self.came: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(self.process.stdout, self.came), daemon=True).start()
        if "ready" not in self._wait(START):
            raise RuntimeError("the process for a submission did not start")
        before = self.entered  # what cells call when they run again has been noted
        for source in list(self.done):
            if not self._try({"do": "cell", "source": source, "seconds": self.seconds + 10}):  # it has ended before
                self.done.remove(source)
                self.entered = before
                return self.start()
        self.entered = before

    def end(self) -> None:
        """End the process and everything that it has started."""
        process, self.process = self.process, None
        if process is None:
            return
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        end_orphans()

    def close(self) -> None:
        """End the process and remove its folder."""
        self.end()
        self.folder.cleanup()

    def _wait(self, seconds: float | None) -> dict:
        """What the process says next. In slices, so that a check that is out of time can stop the waiting."""
        deadline = None if seconds is None else time.monotonic() + seconds
        try:
            while True:
                with contextlib.suppress(queue.Empty):
                    message = self.came.get(timeout=0.05)
                    if not isinstance(message, dict):
                        raise ProcessEnded(GONE)
                    return message
                if deadline is not None and time.monotonic() > deadline:
                    raise NoAnswer
        except BaseException:
            self.end()
            raise

    def _ask(self, request: dict, seconds: float | None, number: int | None = None) -> dict:
        """The answer to a request, which has the request's number; anything else was not asked for, and ends it."""
        number = next(self.numbers) if number is None else number
        try:
            wire.write(self.process.stdin, request | {"id": number})
        except OSError as error:
            self.end()
            raise ProcessEnded(GONE) from error
        answer = self._wait(seconds)
        if answer.get("id") != number:
            self.end()
            raise ProcessEnded(UNASKED)
        if isinstance(called := answer.get("entered"), dict):
            called = {each: times for each, times in called.items() if isinstance(times, int)}
            self.entered = self.entered | called
            if (noted := borrowed.ENTERED.get()) is not None:
                noted.update(called)
        return answer

    def _try(self, request: dict) -> dict | None:
        """The answer, or None if the process has ended over it."""
        with contextlib.suppress(ProcessEnded, NoAnswer):
            return self._ask(request, request["seconds"] + GRACE)
        return None

    # ---------------------------------------------------------------------------------- the notebook

    def run(self, source: str) -> str:
        """Run a cell; return what it did wrong ("raised KeyError: 'a', at line 3: ..."), "" if nothing."""
        self.start()
        self.shells.add(source)
        try:
            answer = self._ask({"do": "cell", "source": source, "seconds": self.seconds}, self.seconds + GRACE)
        except NoAnswer:
            return f"did not finish within {self.seconds:g} seconds"
        except ProcessEnded:
            return "ended the process in which the notebook runs: with os._exit, or by taking all the memory"
        problem = answer.get("problem")
        if not isinstance(problem, dict):
            self.done.append(source)
            return ""
        if problem.get("name") == "TimeoutError":
            self.end()  # it may still be busy
            return f"did not finish within {self.seconds:g} seconds"
        self.done.append(source)
        said = f": {problem.get('said')}" if problem.get("said") else ""
        return f"raised {problem.get('name')}{said}{problem.get('place', '')}"

    def look(self, name: str) -> Any:
        """The value of a name; `NameError` if the notebook has not given it one."""
        self.start()
        answer = self._ask({"do": "look", "name": name}, self.seconds)
        if "value" not in answer:
            raise NameError(name)
        return wire.decode(answer["value"], lambda data: self._function(data, name))

    # ---------------------------------------------------------------------------------- functions

    def _out(self, value: Any) -> Any:
        return wire.encode(value, self._lend)

    def _lend(self, function: Any) -> dict:
        if hasattr(function, "_number_in_worker"):
            return {"worker": function._number_in_worker}
        number = len(self.lent)
        self.lent[number] = function
        try:
            given = signature(function).parameters.values()
            parameters = [[each.name, each.kind.name, each.default is not Parameter.empty] for each in given]
        except (TypeError, ValueError):
            parameters = None
        name = getattr(function, "__name__", type(function).__name__)
        return {"judge": number, "name": name, "parameters": parameters}

    def _function(self, data: dict, name: str = "") -> Callable:
        """A function of the learner's, as something that a check can look at and call."""
        if "judge" in data:
            return self.lent[int(data["judge"])]
        number, life, ended = int(data["worker"]), self.life, []
        # A lambda has its name in the notebook: what gives it another one on the way would take it out of its shell.
        called = name if name and data["name"] == "<lambda>" else str(data["name"])[:80]

        def remote(*args: Any, **kwargs: Any) -> Any:
            if ended or self.process is None or self.life != life:
                raise ProcessEnded(GONE)
            try:
                return self._call(number, args, kwargs)
            except ProcessEnded:
                ended.append(True)
                raise

        shell = self.shells.get(name) if name else None
        home = str(data.get("home") or "")
        if shell is None and home.startswith("lstm_teach."):
            module, _, known = home.rpartition(".")
            shell = getattr(sys.modules.get(module), known, None)
        if not callable(shell):
            shell = self.shells.at(data.get("text"), data.get("line"), called, data.get("parameters"))
        remote.__name__ = remote.__qualname__ = called
        remote.__wrapped__ = shell  # which says how it is called, and with what
        remote._number_in_worker = number
        return remote

    def _call(self, number: int, args: tuple, kwargs: dict) -> Any:
        request = {"do": "call", "function": number, "args": self._out(args), "kwargs": self._out(kwargs)}
        request["filled"] = hasattr(lstm_teach.forward, "__wrapped__")  # see exercises/nets.py
        number = next(self.numbers)
        answer = self._ask(request, None, number)  # the check has a limit of its own
        while "back" in answer:
            calls = _pairs(answer.get("changed"))
            self._apply(calls[-1][1] if calls else (), args)
            answer = self._ask({"reply": self._reply(answer)}, None, number)
        self._apply(answer.get("changed"), args)
        if "problem" in answer:
            raise self._error(answer["problem"])
        value = wire.decode(answer.get("value"), self._function)
        return wire.joined(value, _pairs(answer.get("shared")), args)

    def _apply(self, changed: Any, args: tuple) -> None:
        """Write what the learner has changed in place, for whatever of the judge's looks at the same arrays."""
        for n, new in _pairs(changed):
            if n < len(args):
                wire.put_into(args[n], wire.decode(new, self._function))

    def _reply(self, request: dict) -> dict:
        """What a function of the judge's answers to the learner's code."""
        function = self.lent.get(request.get("back"))
        try:
            args, kwargs = (wire.decode(request.get(name), self._function) for name in ("args", "kwargs"))
            return {"value": self._out(function(*args, **kwargs))}
        except Exception as error:
            self.raised[len(self.raised)] = error
            return {"raised": [type(error).__name__, str(error), len(self.raised) - 1]}

    def _error(self, problem: dict) -> BaseException:
        """The exception of a learner's function, as the checks know it: its class, its words and its line."""
        name, said, place = (str(problem.get(key) or "") for key in ("name", "said", "place"))
        own = self.raised.get(problem.get("judge"))
        known = getattr(sys.modules["builtins"], name, None)
        base = known if isinstance(known, type) and issubclass(known, Exception) else Exception
        if own is not None:  # raised by a function of the judge's that the learner's code has called
            name, said, base = type(own).__name__, str(own).removesuffix("."), type(own)
        words = said + place if said else place.removeprefix(", ")
        kind = type(name if name.isidentifier() else "Exception", (base,), {"__str__": lambda self: words})
        unwritten = str(problem.get("unwritten") or "")
        error = kind.__new__(kind)
        if own is not None or not unwritten.isidentifier():
            return error
        try:  # so that the traceback's last frame has the name of the function that is not written yet
            FunctionType(_raise.__code__.replace(co_name=unwritten), globals())(error)
        except Exception as raised:
            return raised


def _raise(error: BaseException) -> None:
    raise error


def _pairs(data: Any) -> list:
    """Pairs of a number and something, out of what came."""
    listed = data if isinstance(data, list) else []
    return [each for each in listed if isinstance(each, list) and len(each) == 2 and isinstance(each[0], int)]


def _listen(stream: Any, came: queue.SimpleQueue) -> None:
    """Hand on what the process says, until it is gone or says what isn't a message."""
    try:
        while (message := wire.read(stream)) is not None:
            came.put(message)
    except (OSError, ValueError, wire.Broken):
        pass
    came.put(None)


# -------------------------------------------------------------------------------------- what has got away


_adopts = [False]


def adopt_orphans() -> None:
    """On Linux: what a submission starts and leaves alone becomes a child of this process, so that it can be ended.

    Only for a process that has no other children: `end_orphans` ends them all.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
            _adopts[0] = True


def end_orphans() -> None:
    """End every child of this process, and what then becomes one."""
    if not _adopts[0]:
        return
    for _ in range(100):
        children = [pid for pid, parent in _processes() if parent == os.getpid()]
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _processes() -> list[tuple[int, int]]:
    """Number and parent of every process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            found.append((int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])))
    return found
