"""Open the lessons, or run the tests, in an environment of their own.

    python3 start.py                 install lstm-teach into the folder .venv and open the lessons
    python3 start.py --no-browser    the same, but only print the address
    python3 start.py test            install the test tools too and run the tests, a few minutes
    python3 start.py test --all      run the long tests as well, about half an hour
    python3 start.py test -k gates   run some of them

The first form takes any option of JupyterLab, the last any argument of pytest.
On Windows write "py start.py" for "python3 start.py".
The first start needs a network connection and takes a few minutes.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

# This file has to run on any Python 3, even on one that is too old for the rest, to be able to say so.
OLDEST_PYTHON = (3, 11)
FOLDER = Path(__file__).resolve().parent
ENVIRONMENT = FOLDER / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = FOLDER / ".venv.lock"  # whoever has locked it makes the environment
STAMP = ENVIRONMENT / "lstm-teach.json"  # what was installed; written last, so without it nothing is finished
MODULES = ("lstm_teach", "jupyterlab", "pytest", "xdist", "playwright", "nbgrader")  # test tools from the third on
FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"
SETTINGS = FOLDER / "settings"  # JupyterLab without pop-ups about news, and without the menus of the test tools


def main(arguments: list) -> int:
    """Do what the command line asks; return the exit code."""
    if sys.version_info < OLDEST_PYTHON:
        stop(
            "lstm-teach needs Python {}.{} or newer, and this is Python {}.{}: "
            "install a newer one and start this file with it.".format(*OLDEST_PYTHON, *sys.version_info[:2])
        )
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    testing = arguments[:1] == ["test"]
    if not testing and arguments and not arguments[0].startswith("-"):
        stop(f"start.py does not know {arguments[0]!r}: give test, or an option (see --help).")
    os.chdir(str(FOLDER))
    prepare(testing)
    if testing:
        # Dozens of kernels and processes import the same modules: let them be compiled once.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        parallel = ["-n", str(processes()), "--dist", "loadfile", "--no-loadscope-reorder"]
        return replace_by([str(PYTHON), "-m", "pytest", *parallel, *arguments[1:]])
    # The user's own settings come first; they win.
    places = [os.environ.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, places))
    os.environ["PYTHONSTARTUP"] = os.environ.get("PYTHONSTARTUP") or str(SETTINGS / "first_cell.py")
    return replace_by([str(PYTHON), "-m", "jupyterlab", *lab_options(), *arguments])


def processes() -> int:
    """How many files to test at a time: one more than there are cores, because a browser test mostly waits.

    Five at most: each may have a JupyterLab and a browser of its own for a while.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 4) + 1


def prepare(testing: bool) -> None:
    """Bring the environment up to date: make it, make it again, install into it, or leave it as it is."""
    version, modules = look()
    if next_step(version, modules, read_stamp(), testing) == "keep":
        return
    with contextlib.ExitStack() as turn:
        with contextlib.suppress(OSError):  # a folder that can't be written to, or a file system without locks
            wait_for_turn(turn.enter_context(LOCK.open("a")))
        version, modules = look()
        step = next_step(version, modules, read_stamp(), testing)
        if step == "make":
            make_environment()
            version, _ = look()
        if step != "keep":
            install(testing)
            STAMP.write_text(json.dumps(expected_stamp(version, testing)), encoding="utf-8")


def wait_for_turn(lock) -> None:
    """Wait until no other start.py is making the environment. However that one ends, its lock goes with it."""
    waiting = False
    while True:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except (BlockingIOError, PermissionError):
            if not waiting:
                say("Another start.py is installing into .venv; waiting for it.")
            waiting = True
            time.sleep(0.5)


def next_step(version: list, modules: list, stamp: dict, testing: bool) -> str:
    """Decide what the environment needs: "make" (also: again), "install" or "keep".

    version and modules are what look() saw, stamp is what the last finished installation wrote.
    """
    if tuple(version) < OLDEST_PYTHON:
        return "make"
    expected = expected_stamp(version, testing)
    if any(stamp.get(key, expected[key]) != expected[key] for key in ("folder", "python")):
        return "make"  # the folder was moved or copied, or its Python was replaced by another version
    complete = set(MODULES[: None if testing else 2]) <= set(modules)  # another tool may have removed some
    if complete and stamp in (expected, {**expected, "tests": True}):
        return "keep"
    return "install"


def look() -> tuple:
    """Ask the environment's Python for its version, [major, minor], and which of MODULES it has.

    The version is empty if that Python is not there or does not run.
    """
    question = "import importlib.util as u, json, sys; "
    question += "print(json.dumps([sys.version_info[:2], [m for m in sys.argv[1:] if u.find_spec(m)]]))"
    answer = output_of([str(PYTHON), "-I", "-c", question, *MODULES])
    return tuple(json.loads(answer)) if answer else ([], [])


def expected_stamp(version: list, testing: bool) -> dict:
    """The stamp of an installation that is complete and up to date."""
    import tomllib  # since Python 3.11

    # Not the whole file: a new setting for a developer's tool needs no installation, and so no network.
    project = repr(tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"])
    declared = hashlib.sha256(project.encode("utf-8")).hexdigest()
    return {"folder": str(FOLDER), "python": version, "pyproject": declared, "tests": testing}


def read_stamp() -> dict:
    """Read what the last finished installation wrote; empty if there is nothing that can be read."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def make_environment() -> None:
    """Make .venv without pip (see pip_command), in place of a broken one if there is one."""
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        stop("The folder .venv has to be made again, and this Python is part of it: use another Python.")
    if ENVIRONMENT.exists() or ENVIRONMENT.is_symlink():
        is_environment = (ENVIRONMENT / "pyvenv.cfg").is_file()
        if not is_environment and any(path.is_file() for path in ENVIRONMENT.rglob("*")):
            stop(f"{ENVIRONMENT} is not a Python environment, and it is in the way: rename it and start again.")
        say("The environment in .venv cannot be used (broken, moved or too old); making it again.")
        try:
            shutil.rmtree(str(ENVIRONMENT))
        except OSError as error:
            stop(f"The old environment cannot be removed ({error}): close what uses it and start again.")
    say("Making an environment for lstm-teach in the folder .venv.")
    code = subprocess.call([sys.executable, "-m", "venv", "--without-pip", str(ENVIRONMENT)])
    if code != 0:
        why = "Is the disk full, or the project's folder read-only?"
        stop(f"Python could not make the folder .venv (see above). {why}", code)


def install(testing: bool) -> None:
    """Install the project, editable, with what it needs, and the test tools if testing."""
    for package in list(ENVIRONMENT.rglob("*.dist-info")):
        if not (package / "INSTALLER").exists():  # written last; pip takes half a package for a whole one
            shutil.rmtree(str(package))
    pip = pip_command()
    say("Installing lstm-teach and what it needs into .venv; the first time this takes a few minutes.")
    if STAMP.exists():
        STAMP.unlink()
    project = ".[test,grading]" if testing else "."
    code = subprocess.call(
        [*pip, "install", "--disable-pip-version-check", "--editable", project],
        env={**os.environ, "PIP_USER": "0"},  # a user's own "user = true" does not work in an environment
    )
    if code != 0:
        stop(
            "The installation did not finish; pip says why above. "
            "The first start needs a network connection and 500 MB of disk space. To try again, run the same command.",
            code,
        )
    # pip writes this folder's path in UTF-8, but Python 3.11 reads it in the system's encoding, so umlauts are lost.
    for link in ENVIRONMENT.rglob("_editable_impl_lstm_teach.pth"):
        link.write_text(os.path.relpath(str(FOLDER), str(link.parent)), encoding="ascii")


def pip_command() -> list:
    """Find a pip that can install into the environment: its own, or the one of this Python."""
    python = str(PYTHON)
    inside = [python, "-m", "pip"]
    outside = [sys.executable, "-m", "pip", "--python", python]
    if output_of([*inside, "--version"]) or output_of([python, "-m", "ensurepip", "--upgrade", "--default-pip"]):
        return inside
    if output_of([*outside, "--version"]):  # Debian keeps ensurepip in a package of its own
        return outside
    return stop(
        "This Python cannot install anything, since it has neither ensurepip nor pip 22.3 or newer: "
        "on Debian and Ubuntu install the package python3-venv, elsewhere a complete Python."
    )


def lab_options() -> list:
    """Options for JupyterLab: the whole project, opened at the first notebook; as root where we are root."""
    options = [f"--ServerApp.root_dir={FOLDER}", f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    return options


def output_of(command: list) -> str:
    """Run a command quietly; return what it printed, or an empty text if it failed or is not there."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def replace_by(command: list) -> int:
    """Let the command take over: its keyboard, its signals (Ctrl-C) and its exit code count."""
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], command)
    child = subprocess.Popen(command)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child has had the same Ctrl-C and decides what to do


def say(sentence: str) -> None:
    """Print a sentence at once, so that it stands above what the next program prints."""
    print(sentence, flush=True)


def stop(sentence: str, code: int = 2) -> None:
    """End with one sentence on standard error."""
    print(sentence, file=sys.stderr, flush=True)
    sys.exit(code)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        stop("\nStopped. To go on, give the same command again.", 130)
