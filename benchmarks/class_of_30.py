"""What a class costs one machine: many kernels of one Jupyter server that run a lesson at the same time.

    python benchmarks/class_of_30.py [--lesson 01] [--students 30]

Starts one JupyterLab server and one kernel for each student, all at once. When every kernel is ready, all of them run
every code cell of the lesson, from top to bottom and without a pause: the worst moment of a class, Run All Cells on the
word of the teacher. The students' browsers run on their own computers and are not part of this. Prints the start-up
(from the request until the kernel answers) and the run time of the median and of the slowest student, and the memory.

Memory is the proportional set size from /proc: what several processes share is counted once, in equal parts. That
exists on Linux alone; elsewhere only the times are printed. Other work on the machine makes the times longer, so the
load before the start is printed too.
"""

import argparse
import asyncio
import json
import os
import platform
import struct
import sys
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import nbformat
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from lab import start_lab  # noqa: E402

PROC = Path("/proc")
EVERY = 2  # seconds from one look at the memory to the next


@dataclass
class Student:
    """A kernel and what it took: process id, seconds of start-up and run, and MB when it is done (None: unknown)."""

    kernel: str
    socket: WebSocketClientConnection
    pid: int
    start_up: float
    run: float = 0.0
    memory: float | None = None


def message(kind: str, content: dict) -> dict:
    """A message to a kernel."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "version": "5.3", "session": "class", "username": ""}
    return {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "content": content}


def read(received: str | bytes | None) -> dict:
    """A message of a kernel; of one with pictures, the part in words."""
    if received is None:
        raise WebSocketClosedError("the server closed the connection to a kernel")
    if isinstance(received, bytes):
        start, end = struct.unpack("!II", received[4:12])
        received = received[start:end]
    return json.loads(received)


async def answers(socket: WebSocketClientConnection, code: str, **options: object) -> AsyncIterator[tuple[str, dict]]:
    """Execute code; kind and content of each message that answers it, up to its end. RuntimeError if it raised."""
    asked = message("execute_request", {"code": code, "silent": False, "allow_stdin": False, **options})
    await socket.write_message(json.dumps(asked))
    open_ends = {"execute_reply", "idle"}  # either may come first
    while open_ends:
        got = read(await socket.read_message())
        if got["parent_header"].get("msg_id") != asked["header"]["msg_id"]:
            continue
        kind, content = got["msg_type"], got["content"]
        if kind == "execute_reply" and content["status"] != "ok":
            raise RuntimeError(f"{content.get('ename')}: {content.get('evalue')}, in:\n{code}")
        open_ends -= {kind, content.get("execution_state")}
        yield kind, content


async def start(url: str, folder: str) -> Student:
    """Ask the server for a kernel that works in folder, and wait until it answers."""
    began = time.monotonic()
    body = json.dumps({"name": "python3", "path": folder})
    request = HTTPRequest(f"{url}/api/kernels", method="POST", body=body, request_timeout=600)
    kernel = json.loads((await AsyncHTTPClient().fetch(request)).body)["id"]
    address = f"{url.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
    socket = await websocket_connect(HTTPRequest(address, request_timeout=600), max_message_size=2**30)
    expressions = {"pid": "__import__('os').getpid()"}
    async for kind, content in answers(socket, "", user_expressions=expressions, store_history=False):
        if kind == "execute_reply":
            pid = int(content["user_expressions"]["pid"]["data"]["text/plain"])
    return Student(kernel, socket, pid, time.monotonic() - began)


async def attend(student: Student, cells: list[str]) -> None:
    """Run the cells in the student's kernel, and note how long that takes."""
    began = time.monotonic()
    for code in cells:
        async for _ in answers(student.socket, code):
            pass
    student.run = time.monotonic() - began


def memory_of(pid: int) -> float | None:
    """Proportional set size of a process in MB; None where the system does not tell."""
    source = PROC / str(pid) / "smaps_rollup"
    if not source.is_file():
        return None
    line = next(line for line in source.read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024 / 1e6


def parent_of(pid: int) -> int:
    """The process that started this one: for a kernel, the server."""
    return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


async def watch_memory(pids: list[int], totals: list[float]) -> None:
    """Note the memory of all processes together, again and again until this is cancelled."""
    while True:
        totals.append(sum(memory_of(pid) for pid in pids))
        await asyncio.sleep(EVERY)


async def hold_class(url: str, lesson: Path, count: int) -> tuple[list[Student], float | None, list[float]]:
    """Let `count` students run the lesson; return them, the server's MB, and the MB of all at several moments."""
    cells = code_of(lesson)
    students = await asyncio.gather(*(start(url, lesson.parent.name) for _ in range(count)))
    server, totals, watcher = None, [], None
    if memory_of(students[0].pid) is not None:
        server = parent_of(students[0].pid)
        watcher = asyncio.create_task(watch_memory([server, *(student.pid for student in students)], totals))
    await asyncio.gather(*(attend(student, cells) for student in students))
    if watcher is not None and watcher.done():
        watcher.result()  # it ends by itself only with an exception: show it
    for student in students:
        student.memory = memory_of(student.pid)
    if watcher is not None:
        watcher.cancel()
        totals.append(memory_of(server) + sum(student.memory for student in students))
    for student in students:
        student.socket.close()
        request = HTTPRequest(f"{url}/api/kernels/{student.kernel}", method="DELETE", request_timeout=600)
        await AsyncHTTPClient().fetch(request)
    return students, None if server is None else memory_of(server), totals


def machine() -> str:
    """The processors, the memory and the system that the numbers belong to."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    ram = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        ram = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB of memory, "
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} processors, {ram}{system}{load}"


def find_lesson(begins: str) -> Path:
    """The lesson whose name begins so; an ArgumentTypeError if there is none, or more than one."""
    found = sorted((ROOT / "notebooks").glob(f"{begins}*.ipynb"))
    if len(found) != 1:
        names = ", ".join(path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb")))
        raise argparse.ArgumentTypeError(f"{begins!r} should begin the name of one lesson; there are {names}")
    return found[0]


def code_of(lesson: Path) -> list[str]:
    """The code cells of a lesson."""
    cells = nbformat.read(lesson, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code" and cell.source.strip()]


def report(students: list[Student], server: float | None, totals: list[float]) -> str:
    """The table of a class."""
    rows = [
        ("start-up, s", [student.start_up for student in students], ".1f"),
        ("run, s", [student.run for student in students], ".1f"),
    ]
    if server is not None:
        rows.append(("memory, MB", [student.memory for student in students], ".0f"))
    lines = [f"{'for each student':<18} {'median':>8} {'most':>8}"]
    lines += [f"{name:<18} {median(values):>8{form}} {max(values):>8{form}}" for name, values, form in rows]
    if server is None:
        return "\n".join([*lines, "memory: not known, this system has no /proc/PID/smaps_rollup"])
    lines.append(f"server {server:.0f} MB; all together at most {max(totals):.0f} MB while they ran")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Hold a class and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lesson", type=find_lesson, default="01", help="how the lesson's name begins (default: 01)")
    parser.add_argument("--students", type=int, default=30, help="how many kernels (default: 30)")
    options = parser.parse_args(arguments)
    if options.students < 1:
        parser.error(f"--students is {options.students}; it should be at least 1")
    print(f"{options.lesson.stem}, {options.students} students; {machine()}", flush=True)
    with start_lab(ROOT) as lab:
        print(report(*asyncio.run(hold_class(lab.url, options.lesson, options.students))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
