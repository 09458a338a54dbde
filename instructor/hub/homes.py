"""The students of a hub: the class list, their accounts and homes, the lessons copied there, and their limits.

Linux only. Imports the standard library alone. Whatever touches a student's files does so with the student's rights.
"""

import inspect
import os
import pwd
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
PREFIX = "lstm-"  # of the system's accounts, so that no student is somebody else on this machine
LESSONS = "lessons"  # the folder in a student's home
SOCKETS = Path("/run/lstm-class")  # the path of a socket has 107 characters at most, too few for one in a home


def read_class(text: str) -> dict[str, bool]:
    """Whether each name of a class list is a teacher's. A line is `name` or `name teacher`; `#` begins a comment.

    ValueError names the line that is wrong.
    """
    found: dict[str, bool] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):  # a spreadsheet's, say
        name, *more = line.partition("#")[0].split() or [""]
        if not name:
            continue
        if not NAME.fullmatch(name):
            wanted = "at most 24 lowercase letters, digits and hyphens, starting with a letter"
            raise ValueError(f"line {number}: {name!r} should be {wanted}")
        if more not in ([], ["teacher"]):
            raise ValueError(
                f"line {number}: after the name there can only be the word teacher, not {' '.join(more)!r}"
            )
        if name in found:
            raise ValueError(f"line {number}: {name!r} is there already")
        found[name] = bool(more)
    if not found:
        raise ValueError("there is no name in it")
    return found


def account(name: str) -> str:
    """The system's account of a student."""
    return PREFIX + name


def make_home(name: str, homes: Path) -> None:
    """Make the account and the home of a student where there are none; nobody else can read the home."""
    home = homes / name
    try:
        known = pwd.getpwnam(account(name))
    except KeyError:
        command = ["useradd", "--home-dir", str(home), "--no-create-home", "--shell", "/usr/sbin/nologin"]
        if home.exists():  # the accounts were removed, the homes were not: whose files these are, they stay
            command += ["--uid", str(home.stat().st_uid)]
        subprocess.run([*command, account(name)], check=True)
        known = pwd.getpwnam(account(name))
    if Path(known.pw_dir) != home:
        raise ValueError(
            f"the account {account(name)} has another home, {known.pw_dir}: is another class on this machine?"
        )
    if not home.exists():
        home.mkdir(mode=0o700)
        os.chown(home, known.pw_uid, known.pw_gid)


def copy_missing(source, target):
    """Copy those files of a folder that target doesn't have. What is there is not changed; no file is there by half."""
    import os
    import shutil

    for folder, _, files in os.walk(source):
        into = os.path.normpath(os.path.join(target, os.path.relpath(folder, source)))
        os.makedirs(into, exist_ok=True)
        for file in files:
            there, part = os.path.join(into, file), os.path.join(into, f".{file}.part")
            if not os.path.lexists(there):
                shutil.copyfile(os.path.join(folder, file), part)
                os.replace(part, there)


def run_as(name: str, program: str, *arguments: str) -> bytes:
    """Run a short Python program with a student's rights, in the student's home; return what it prints.

    CalledProcessError if it fails, with its stderr; TimeoutExpired after a minute.
    """
    known = pwd.getpwnam(account(name))
    command = [sys.executable, "-I", "-c", program, *arguments]
    who = {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
    done = subprocess.run(
        command, cwd=known.pw_dir, env={"HOME": known.pw_dir}, capture_output=True, check=True, timeout=60, **who
    )
    return done.stdout


def bring_lessons(name: str, lessons: Path) -> None:
    """Copy the lessons that a student does not have yet into the student's home."""
    program = f"{inspect.getsource(copy_missing)}\nimport sys\ncopy_missing(*sys.argv[1:])"
    run_as(name, program, str(lessons), LESSONS)


def sockets_of(name: str) -> Path:
    """A folder for the sockets of a student's kernels, made where there is none; only the student can read it."""
    known = pwd.getpwnam(account(name))
    folder = SOCKETS / str(known.pw_uid)
    SOCKETS.mkdir(mode=0o755, exist_ok=True)
    if not folder.exists():
        folder.mkdir(mode=0o700)
        os.chown(folder, known.pw_uid, known.pw_gid)
    return folder


def hand_in(name: str, file: str) -> bytes | None:
    """What is in a file of a student's lessons, or None if there is no such file that this student can read."""
    try:
        return run_as(name, "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())", f"{LESSONS}/{file}")
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None


def processors_of(uid: int, available: list[int], count: int) -> set[int]:
    """`count` of the processors for a student, so that students with consecutive numbers are spread evenly."""
    count = min(count, len(available))
    return {available[(uid * count + k) % len(available)] for k in range(count)}


def limit(memory: int, processes: int, processors: set[int]) -> None:
    """Limit this process and all that it starts: bytes of data for each process, processes and threads, processors.

    They also give way to the hub, so that it answers, and can be started anew, while a whole class computes.
    """
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    os.sched_setaffinity(0, processors)


def make_read_only_copy(source: Path, target: Path, without: Collection[str] = ()) -> None:
    """Replace target by a copy of source that everybody can read, without files and folders named in `without`."""
    new = target.with_name(target.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(source, new, ignore=shutil.ignore_patterns(".*", "__pycache__", "my_*", *without))
    for path in [new, *new.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o444)
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)
