"""Run what a learner wrote, for score.py, which judges it in another process. Not meant to be started by hand.

This process holds nothing that decides about points: no check's expected values, no hidden test, no result. It gets the
learner's cells and the inputs of a check, and sends back what the functions return. Before the first cell runs it gives
up what a submission has no use for: files outside of its own empty folder and of the installed packages, other
processes, the network, and (on Linux) memory beyond the limit.
"""

import ctypes
import itertools
import linecache
import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import wire  # noqa: E402

import lstm_teach  # noqa: E402
from lstm_teach import borrowed, guard  # noqa: E402
from lstm_teach.exercises import nets, questions  # noqa: E402, F401  # calls in the first cell are seen too

# What needs no permission is not listed: importing, computing, threads, plotting into memory.
WRITES = ("chmod", "chown", "link", "mkdir", "mkfifo", "mknod", "remove", "rename", "rmdir", "symlink", "truncate")
FORBIDDEN = (
    *("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.startfile/2", "os.system"),
    *("os.kill", "os.killpg", "pty.spawn", "signal.pthread_kill", "subprocess.Popen", "sqlite3.connect"),
    *("resource.setrlimit", "resource.prlimit", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"),
    *("_winapi.CreateProcess", "_winapi.OpenProcess", "_winapi.TerminateProcess"),
)
LARGEST_FILE = 2**30  # bytes, so that a loop that writes does not fill the disk
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit_memory(megabytes: int) -> None:
    """Refuse more than so much memory, and large files; only Linux keeps the first limit, and Windows has none."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: end with the judge, whatever happens to it
    if megabytes:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


def fence(folder: Path) -> None:
    """From now on refuse what a submission has no use for; nothing in this process can take it back."""

    def refused(*anything: Any) -> None:
        raise PermissionError("a submission may not start other programs")

    with suppress(ImportError):  # elsewhere than on POSIX
        import _posixsubprocess

        _posixsubprocess.fork_exec = subprocess._fork_exec = refused  # it starts programs without saying so
    import matplotlib

    reading = [sys.prefix, sys.base_prefix, Path(np.__file__).parents[1], Path(lstm_teach.__file__).parent, folder]
    reading += ["/usr/share", "/usr/lib", "/lib", "/lib64", "/etc", "/dev/null", "/dev/urandom"]
    reading += [matplotlib.get_cachedir(), matplotlib.get_configdir()]
    readable = [os.path.realpath(each) for each in reading]
    hidden = [os.path.realpath(ROOT / name) for name in ("instructor", "notebooks", "tests", ".git")]
    writable = [os.path.realpath(folder), os.path.realpath("/dev/null")]
    forbidden, realpath, basename, separator = frozenset(FORBIDDEN), os.path.realpath, os.path.basename, os.sep
    paths = frozenset(f"os.{name}" for name in WRITES)

    def within(path: Any, places: list[str]) -> bool:
        real = realpath(os.fsdecode(path))
        return any(real == place or real.startswith(place.rstrip(separator) + separator) for place in places)

    def name(path: Any) -> str:  # of a student's page, which shows no folder of the teacher's
        return basename(os.fsdecode(path).rstrip(separator))

    def watch(event: str, args: tuple) -> None:
        if event == "open" or event in ("os.listdir", "os.scandir", "os.chdir"):
            path = args[0] if args[0] is not None else "."
            if isinstance(path, int):
                return
            if event == "open" and args[2] & WRITING and not within(path, writable):
                raise PermissionError(f"a submission may not write {name(path)}")
            if not within(path, readable) or within(path, hidden):
                raise PermissionError(f"a submission may not read {name(path)}")
        elif event in paths:
            if not all(within(path, writable) for path in args if isinstance(path, str | bytes | os.PathLike)):
                raise PermissionError("a submission may not change files outside of its own folder")
        elif event in forbidden or event.startswith("ctypes."):
            raise PermissionError(f"a submission may not use {event}")

    sys.addaudithook(watch)


class Worker:
    """The learner's notebook as it runs: its names, and the functions that both processes know by number."""

    def __init__(self, receive: Any, send: Any):
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        InteractiveShell.enable_gui = lambda shell, gui=None: None  # for %matplotlib; there is nothing to show
        self.shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        for name in ("system", "getoutput", "ask_exit"):  # for "!pip list" and quit()
            setattr(self.shell, name, self._not_here)
        self.names = self.shell.user_ns
        self.receive, self.send = receive, send
        self.functions: dict[int, Any] = {}  # the learner's, for the judge
        self.numbers = itertools.count()
        self.under_way: list[int] = []  # numbers of the requests
        self.given: list[list] = []  # of each call under way: [arguments, as they were sent]

    @staticmethod
    def _not_here(*anything: Any, **options: Any) -> list:
        print("This is not run while a notebook is graded.")
        return []

    # ---------------------------------------------------------------------------------- requests

    def serve(self, until: str = "") -> dict | None:
        """Answer requests until the judge is gone, or until the answer comes that a learner's function waits for."""
        while (request := wire.read(self.receive)) is not None:
            if until and until in request:
                return request
            act = {"cell": self.cell, "look": self.look, "call": self.call}[request["do"]]
            self.under_way.append(request["id"])
            answer = act(request)
            number = {"id": self.under_way.pop()}
            try:
                wire.write(self.send, answer | number)
            except wire.Broken as error:  # nothing of it has been sent
                wire.write(self.send, {"problem": self._problem(error)} | number)
        if until:
            os._exit(0)
        return None

    def cell(self, request: dict) -> dict:
        """Run one cell."""
        ring, found = self._ring_after(request["seconds"]), Counter()
        ring.enter_context(borrowed.entered(found))
        try:
            outcome = self.shell.run_cell(request["source"], silent=True)
            problem = outcome.error_before_exec or outcome.error_in_exec
        except TimeoutError as error:
            problem = error
        finally:
            ring.close()
        return {"problem": self._problem(problem) if problem else None, "entered": found}

    def _ring_after(self, seconds: float) -> ExitStack:
        stack = ExitStack()
        if hasattr(signal, "setitimer"):  # elsewhere the judge ends this process

            def ring(number: int, frame: Any) -> None:
                raise TimeoutError(f"the cell did not finish within {seconds:g} seconds")

            stack.callback(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, ring))
            signal.setitimer(signal.ITIMER_REAL, seconds)  # once: what catches it is ended from outside
            stack.callback(signal.setitimer, signal.ITIMER_REAL, 0)
        return stack

    def look(self, request: dict) -> dict:
        """The value of a name, if the notebook has given it one."""
        name = request["name"]
        return {"value": self._out(self.names[name])} if name in self.names else {"missing": name}

    def call(self, request: dict) -> dict:
        """Call one of the learner's functions."""
        args, kwargs = self._in(request["args"]), self._in(request["kwargs"])
        self.given.append([args, [self._out(each) for each in args]])
        found = Counter()
        try:
            with warnings.catch_warnings(), ExitStack() as stack:
                warnings.simplefilter("ignore")
                if request["filled"]:
                    stack.enter_context(nets.filled_forward())
                with borrowed.entered(found):
                    value = self.functions[request["function"]](*args, **kwargs)
                answer = {"value": self._out(value), "shared": wire.shared(value, args)}
        except BaseException as error:
            answer = {"problem": self._problem(error)}
        return answer | {"changed": self._changed(self.given.pop()), "entered": found}

    def _changed(self, given: list) -> list:
        """Number and content of the arguments that are no longer what was sent."""
        args, sent = given
        now = [self._out(each) for each in args]
        changed = [[n, each] for n, (each, before) in enumerate(zip(now, sent, strict=True)) if each != before]
        given[1] = now
        return changed

    # ---------------------------------------------------------------------------------- functions

    def _out(self, value: Any) -> Any:
        return wire.encode(value, self._lend)

    def _in(self, data: Any) -> Any:
        return wire.decode(data, self._borrow)

    def _lend(self, function: Any) -> dict:
        """A number for a function of the learner's, and what its sentences call it."""
        if hasattr(function, "_number_in_judge"):
            return {"judge": function._number_in_judge}
        number = next(self.numbers)
        self.functions[number] = function
        own = function
        while hasattr(own, "__wrapped__"):
            own = own.__wrapped__
        home = f"{getattr(own, '__module__', None)}.{getattr(own, '__name__', '')}"
        code = getattr(own, "__code__", None) or getattr(vars(type(own)).get("__call__"), "__code__", None)
        return {
            "worker": number,
            "name": str(getattr(own, "__name__", type(own).__name__)),
            "parameters": list(guard.parameters_of(function)),
            "home": home if home.startswith("lstm_teach.") else "",
            "text": "".join(linecache.getlines(code.co_filename))[:100_000] if code else "",
            "line": code.co_firstlineno if code else 0,
        }

    def _borrow(self, data: dict) -> Callable:
        """A function of the judge's, as something that the learner's code can call."""
        if "worker" in data:
            return self.functions[data["worker"]]

        def lent(*args: Any, **kwargs: Any) -> Any:
            changed = [[n, self._changed(given)] for n, given in enumerate(self.given)]
            back = {"back": data["judge"], "args": self._out(args), "kwargs": self._out(kwargs), "changed": changed}
            wire.write(self.send, back | {"id": self.under_way[-1]})
            reply = self.serve(until="reply")
            if "raised" in reply["reply"]:
                name, said, number = reply["reply"]["raised"]
                error = _error_class(name)(said)
                error._number_in_judge = number
                raise error
            return self._in(reply["reply"]["value"])

        lent.__name__ = lent.__qualname__ = data["name"]
        lent._number_in_judge = data["judge"]
        if data["parameters"] is not None:
            optional = {True: None, False: Parameter.empty}
            given = [Parameter(n, getattr(Parameter, kind), default=optional[o]) for n, kind, o in data["parameters"]]
            lent.__signature__ = Signature(given)
        return lent

    def _problem(self, error: BaseException) -> dict:
        """An exception in words: its name, what it says, and the learner's line."""
        frames = [(f, line) for f, line in traceback.walk_tb(error.__traceback__) if f.f_globals is self.names]
        place, unwritten = "", ""
        if isinstance(error, SyntaxError) and error.lineno:
            place = f", at line {error.lineno}: {(error.text or '').strip()}"
        elif frames:
            frame, number = frames[-1]
            unwritten = frame.f_code.co_name
            line = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
            place = f", at line {number}: {line}" if line else f", at line {number}"
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        return {
            "name": type(error).__name__,
            "said": " ".join(str(said).split())[:2000].removesuffix("."),
            "place": place[:500],
            "unwritten": unwritten,
            "judge": getattr(error, "_number_in_judge", None),
        }


def _error_class(name: str) -> type[Exception]:
    """The builtin exception of that name, or a new one."""
    known = getattr(sys.modules["builtins"], name, None)
    one = isinstance(known, type) and issubclass(known, Exception)
    more = (UnicodeDecodeError, UnicodeEncodeError)  # which take more than a sentence
    return known if one and known not in more else type(name, (Exception,), {})


def main(arguments: list[str]) -> int:
    """Take over the standard streams for the judge, shut the fence, and serve."""
    memory = int(arguments[0])
    receive, send = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    sys.stdin, sys.stdout = os.fdopen(0, "r", closefd=False), os.fdopen(1, "w", closefd=False)
    limit_memory(memory)
    worker = Worker(receive, send)
    sys.path[:] = [each for each in sys.path if Path(each).resolve() != HERE]
    fence(Path.cwd())
    wire.write(send, {"ready": True, "id": 0})
    worker.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
