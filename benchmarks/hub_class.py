"""A class on a real JupyterHub: what it costs, and what is lost when the hub is killed in the middle.

    sudo .venv/bin/python benchmarks/hub_class.py [--students 30] [--lessons 01 02] [--python /usr/bin/python3]

Starts the hub of instructor/hub in a folder of its own. All students log in at the same moment, as browsers do, over
HTTP through the hub's proxy: each waits for the server, opens a lesson, runs all its cells, moves the first slider of
an explorer (in lesson 7, which has none, the first list) and saves an exercise. Then all run their lesson again, and in
the middle of that the hub and its proxy are killed (SIGKILL) and started anew: everybody comes back to the same kernel,
moves the slider and saves again. At the end everything is killed, servers and kernels too, as when the machine is
switched off. What was saved is read from the disk, and one student's once more over HTTP after a new start and a new
login.

The lessons are dealt out in turn; lesson 6, which takes longest to run, goes to two students at most. Prints the times
of the median and of the slowest student, the same for each lesson, the memory, and how many fit into 2, 8 and 32 GB if
all had the lesson that needs most. Needs Linux, root, and what start_hub.py needs. The accounts lstm-bench-N are made
for this and removed at the end.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import platform
import pwd
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
import nbformat
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "instructor" / "hub"), str(ROOT / "tests" / "browser")]

import homes  # noqa: E402
from lab import free_port  # noqa: E402

LESSONS = ["00", "01", "02", "03", "04", "05", "06", "07"]
LONG_LESSON = "06"  # it trains nets for a minute
PASSWORD = "a long password of {}"
SYSTEM = 500  # MB that the machine needs for itself
MOVES = 5
PROC = Path("/proc")


@dataclass
class Hub:
    """The running hub: its process and where it is."""

    base: Path
    url: str
    command: list[str]
    process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, and wait until its login page is there."""
        with (self.base / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 900  # the first start installs
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the hub ended:\n{self.log()}")
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/hub/login", timeout=5).status_code == 200:
                    return
            time.sleep(0.2)
        raise TimeoutError(f"the hub did not answer:\n{self.log()}")

    def kill(self) -> None:
        """SIGKILL for the hub and for its proxy."""
        proxy = int((self.base / "hub" / "proxy.pid").read_text().split()[0])
        for pid in (self.process.pid, proxy):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def log(self) -> str:
        """The end of what the hub has written."""
        return (self.base / "hub.log").read_text(errors="replace")[-3000:]


@dataclass
class Student:
    """One student: the browser's cookies, the kernel, and what it took in seconds."""

    name: str
    hub: str
    lesson: Path
    browser: httpx.AsyncClient
    kernel: str = ""
    socket: WebSocketClientConnection | None = None
    control: tuple[str, str, str, list[float]] = ("", "", "", [])  # of an explorer: comm, name, trait, where to
    picture: str = ""  # comm
    took: dict[str, float] = field(default_factory=dict)
    moves: list[float] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    retries: int = 0

    @property
    def url(self) -> str:
        return f"{self.hub}/user/{self.name}"

    @property
    def exercise(self) -> str:
        """The exercise that goes with the lesson; before lesson 1, its."""
        number = max(self.lesson.name[:2], "01")
        (file,) = (ROOT / "notebooks" / "exercises").glob(f"{number}_*.ipynb")
        return f"exercises/{file.name}"

    def headers(self) -> dict[str, str]:
        """What a page sends along to show that it is a page of this server."""
        token = next(c.value for c in self.browser.cookies.jar if c.name == "_xsrf" and c.path == f"/user/{self.name}/")
        return {"X-XSRFToken": token}


def message(kind: str, content: dict) -> dict:
    """A message to a kernel."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "version": "5.3", "session": "class", "username": ""}
    return {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "content": content}


def read(received: str | bytes | None) -> dict:
    """A message from a kernel; if it brings binary data, such as pictures, only its JSON part."""
    if received is None:
        raise WebSocketClosedError("the server closed the connection to a kernel")
    if isinstance(received, bytes):
        start, end = struct.unpack("!II", received[4:12])
        received = received[start:end]
    return json.loads(received)


async def answers(socket: WebSocketClientConnection, code: str) -> AsyncIterator[tuple[str, dict]]:
    """Execute code; yield kind and content of each message that answers it. RuntimeError if the code raises."""
    asked = message("execute_request", {"code": code, "silent": False, "allow_stdin": False})
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


def memory_of(pid: int) -> float:
    """Proportional set size of a process in MB: what several processes share is split evenly between them."""
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024 / 1e6


def machine() -> str:
    """The processors, the memory and the system that the numbers belong to."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    ram = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} processors, {ram:.1f} GB of memory, {system}, load {os.getloadavg()[0]:.1f}"


def find_lesson(begins: str) -> Path:
    """The lesson whose name begins like this; ArgumentTypeError if there is none, or more than one."""
    found = sorted((ROOT / "notebooks").glob(f"{begins}*.ipynb"))
    if len(found) != 1:
        names = ", ".join(path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb")))
        raise argparse.ArgumentTypeError(f"{begins!r} should begin the name of exactly one lesson of {names}")
    return found[0]


def code_of(lesson: Path) -> list[str]:
    """The code cells of a lesson."""
    cells = nbformat.read(lesson, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code" and cell.source.strip()]


def deal(lessons: list[Path], count: int) -> list[Path]:
    """A lesson for each student, in turn; the long one for two at most, unless there is no other."""
    dealt: list[Path] = []
    for lesson in itertools.cycle(lessons):
        if len(dealt) == count:
            return dealt
        if not lesson.name.startswith(LONG_LESSON) or dealt.count(lesson) < 2 or lessons == [lesson]:
            dealt.append(lesson)


async def log_in(student: Student) -> None:
    """Log in and wait until JupyterLab's page for the lesson has been delivered."""
    began = time.monotonic()
    browser = student.browser
    await browser.get(f"{student.hub}/hub/login")
    xsrf = next(cookie.value for cookie in browser.cookies.jar if cookie.name == "_xsrf")
    form = {"username": student.name, "password": PASSWORD.format(student.name), "_xsrf": xsrf}
    answer = await browser.post(f"{student.hub}/hub/login", params={"next": "/hub/home"}, data=form)
    answer.raise_for_status()
    if "/hub/home" not in str(answer.url):
        raise RuntimeError(f"{student.name} was not let in: {answer.url}")
    student.took["log in"] = time.monotonic() - began
    await browser.get(f"{student.hub}/hub/spawn/{student.name}")
    page = f"{student.url}/lab/tree/{homes.LESSONS}/{student.lesson.name}"
    while True:
        answer = await browser.get(page)
        if answer.status_code == 200 and str(answer.url).startswith(student.url):
            break
        if answer.status_code >= 500 and "spawn" in str(answer.url):
            raise RuntimeError(f"the server of {student.name} did not start")
        await asyncio.sleep(0.5)
    student.took["log in and JupyterLab"] = time.monotonic() - began


async def open_lesson(student: Student) -> None:
    """Read the notebook and start its kernel."""
    began = time.monotonic()
    path = f"{homes.LESSONS}/{student.lesson.name}"
    (await student.browser.get(f"{student.url}/api/contents/{path}")).raise_for_status()
    session = {"path": path, "name": student.lesson.name, "type": "notebook", "kernel": {"name": "python3"}}
    answer = await student.browser.post(f"{student.url}/api/sessions", json=session, headers=student.headers())
    answer.raise_for_status()
    student.kernel = answer.json()["kernel"]["id"]
    await come_back(student, "mark_of_this_kernel = 1")
    student.took["open the lesson"] = time.monotonic() - began


async def connect(student: Student) -> None:
    """Open the channel to the kernel, with the browser's cookies."""
    address = f"{student.url}/api/kernels/{student.kernel}/channels?session_id={student.name}"
    request = student.browser.build_request("GET", address)
    headers = {"Cookie": request.headers["cookie"], "Origin": student.hub}
    asked = HTTPRequest(address.replace("http", "ws", 1), headers=headers, request_timeout=600, connect_timeout=600)
    student.socket = await websocket_connect(asked, max_message_size=2**30)


async def run(student: Student, code: str) -> dict[str, dict]:
    """Run a cell; return the state of each widget that it made, by its comm. RuntimeError if it raised."""
    made: dict[str, dict] = {}
    async for kind, content in answers(student.socket, code):
        if kind == "comm_open" or (kind == "comm_msg" and content["comm_id"] in made):
            made.setdefault(content["comm_id"], {}).update(content["data"].get("state", {}))
    return made


def where_to(state: dict) -> tuple[str, str, list[float]] | None:
    """Name and trait of a slider or a list, and another value and the one that it has; None if this is neither."""
    model, classes = state.get("_model_name", ""), " ".join(state.get("_dom_classes", []))
    name = next(iter(re.findall(r"lt-control-(\S+)", classes)), "")
    if model in ("IntSliderModel", "FloatSliderModel"):
        here = state["value"]
        return name, "value", [state["max"] if here == state["min"] else state["min"], here]
    if model == "DropdownModel":
        here = state["index"] or 0
        return name, "index", [(here + 1) % len(state["_options_labels"]), here]
    return None


async def run_lesson(student: Student) -> None:
    """Run all cells, and find the first explorer with a slider: its picture, and that slider; without one, a list."""
    began = time.monotonic()
    found = []
    for code in code_of(student.lesson):
        made = await run(student, code)
        pictures = [comm for comm, state in made.items() if "seq" in state and "clickable" in state]
        controls = [(comm, *where_to(state)) for comm, state in made.items() if where_to(state)]
        found += [(control, pictures[0]) for control in controls if pictures]
    if not found:
        raise RuntimeError(f"{student.lesson.name} has no explorer with a slider or a list")
    found.sort(key=lambda pair: pair[0][2] != "value")  # sliders first, in their order
    student.control, student.picture = found[0]
    student.took.setdefault("run all cells", time.monotonic() - began)


async def set_widget(student: Student, comm: str, state: dict) -> None:
    """What a page sends when the reader changes a widget."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    await student.socket.write_message(json.dumps(message("comm_msg", {"comm_id": comm, "data": data})))


async def move(student: Student) -> None:
    """Take the slider, which has the kernel draw ahead, and move it there and back; wait for each new picture."""
    comm, name, trait, values = student.control
    await set_widget(student, student.picture, {"held": name})
    for number in range(MOVES):
        began = time.monotonic()
        await set_widget(student, comm, {trait: values[number % 2]})
        while True:
            got = read(await asyncio.wait_for(student.socket.read_message(), 120))
            content = got["content"]
            of_picture = got["msg_type"] == "comm_msg" and content["comm_id"] == student.picture
            if of_picture and "seq" in content["data"].get("state", {}):
                break
        student.moves.append(time.monotonic() - began)


async def save(student: Student) -> None:
    """Write into the exercise and save it, as JupyterLab does: the whole notebook."""
    began = time.monotonic()
    address = f"{student.url}/api/contents/{homes.LESSONS}/{student.exercise}"
    model = (await student.browser.get(address)).raise_for_status().json()
    text = f"# {student.name}, {len(student.saved) + 1}: {uuid.uuid4().hex}"
    cell = next(cell for cell in model["content"]["cells"] if cell["cell_type"] == "code")
    cell["source"] = f"{cell['source']}\n{text}"
    body = {"type": "notebook", "format": "json", "content": model["content"]}
    (await student.browser.put(address, json=body, headers=student.headers())).raise_for_status()
    student.saved.append(text)
    student.took.setdefault("save the exercise", time.monotonic() - began)


async def come_back(student: Student, first: str = "assert mark_of_this_kernel == 1") -> None:
    """Connect to the kernel and run a cell; if the connection breaks, again a second later, as JupyterLab does.

    RuntimeError if the kernel has died.
    """
    while True:
        try:
            answer = await student.browser.get(f"{student.url}/api/kernels/{student.kernel}")
            if "Kernel does not exist" in answer.text:  # any other 404 comes from a proxy that has no route yet
                raise RuntimeError(f"the kernel of {student.name} has died")
            answer.raise_for_status()
            await connect(student)
            await run(student, first)
            return
        except (httpx.HTTPError, OSError, WebSocketClosedError, HTTPClientError):
            student.retries += 1
            await asyncio.sleep(1)


async def whole_lesson(student: Student) -> None:
    """From the login to the saved exercise."""
    await log_in(student)
    await open_lesson(student)
    await run_lesson(student)
    await move(student)
    await save(student)


async def through_the_kill(student: Student, killed: asyncio.Event) -> None:
    """Run the lesson again; it is cut off by the kill. Come back, run it to its end, move the slider, save."""
    with contextlib.suppress(WebSocketClosedError, OSError):
        while not killed.is_set():
            await run_lesson(student)
    await killed.wait()
    began = time.monotonic()
    await come_back(student)
    student.took["cut off by the kill"] = time.monotonic() - began
    await run_lesson(student)
    await move(student)
    await save(student)


async def kill_in_the_middle(hub: Hub, killed: asyncio.Event) -> float:
    """Kill the hub after five seconds, and start it anew after three more; return how long that start takes."""
    await asyncio.sleep(5)
    hub.kill()
    killed.set()
    await asyncio.sleep(3)
    began = time.monotonic()
    await asyncio.to_thread(hub.start)
    return time.monotonic() - began


def processes_of(names: list[str]) -> dict[int, list[int]]:
    """The processes of each student's account, by its number."""
    found: dict[int, list[int]] = {pwd.getpwnam(homes.account(name)).pw_uid: [] for name in names}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                owner = entry.stat().st_uid
                if owner in found:
                    found[owner].append(int(entry.name))
    return found


def memory_of_each(names: list[str]) -> list[float]:
    """MB of each student: server and kernel."""
    each = []
    for pids in processes_of(names).values():
        each.append(0.0)
        for pid in pids:
            with contextlib.suppress(OSError, StopIteration):
                each[-1] += memory_of(pid)  # no lines or no file: it has just ended
    return each


def memory_of_hub(hub: Hub) -> float:
    """MB of the hub and its proxy."""
    proxy = int((hub.base / "hub" / "proxy.pid").read_text().split()[0])
    return sum(memory_of(pid) for pid in (hub.process.pid, proxy))


async def watch(names: list[str], seen: list[list[float]]) -> None:
    """Note everybody's memory every three seconds until cancelled."""
    while True:
        seen.append(await asyncio.to_thread(memory_of_each, names))
        await asyncio.sleep(3)


@contextlib.contextmanager
def hub_for(names: list[str], python: str, base: Path) -> Iterator[Hub]:
    """A hub with these names in its class list, and nothing of it left at the end."""
    people = base / "people.txt"
    people.write_text("\n".join(names), encoding="utf-8")
    port = free_port()
    start = ROOT / "instructor" / "hub" / "start_hub.py"
    command = [python, str(start), str(people), "--base", str(base), "--address", "127.0.0.1", "--port", str(port)]
    hub = Hub(base, f"http://127.0.0.1:{port}", command)
    try:
        hub.start()
        yield hub
    finally:
        if hub.process is not None and hub.process.poll() is None:
            hub.kill()
        for name in names:
            with contextlib.suppress(KeyError):
                end_all([name])
                subprocess.run(["userdel", homes.account(name)], check=True, capture_output=True)


def end_all(names: list[str]) -> None:
    """SIGKILL for every process of these students, and wait until they are gone."""
    while pids := [pid for pids in processes_of(names).values() for pid in pids if alive(pid)]:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def alive(pid: int) -> bool:
    """Whether this process runs: a zombie does not."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def lost(students: list[Student], base: Path) -> list[str]:
    """What was saved and is not on the disk."""
    missing = []
    for student in students:
        text = (base / "homes" / student.name / homes.LESSONS / student.exercise).read_text(encoding="utf-8")
        missing += [line for line in student.saved if line not in text]
    return missing


def new_browser() -> httpx.AsyncClient:
    """A browser of one student."""
    return httpx.AsyncClient(timeout=600, follow_redirects=True)


async def hold_class(hub: Hub, lessons: dict[str, Path]) -> tuple[list[Student], list[list[float]], float, float]:
    """The whole class, with the kill; the students, everybody's memory again and again, the hub's, its new start."""
    names = list(lessons)
    students = [Student(name, hub.url, lesson, new_browser()) for name, lesson in lessons.items()]
    seen: list[list[float]] = []
    watcher = asyncio.create_task(watch(names, seen))
    await asyncio.gather(*(whole_lesson(student) for student in students))
    of_hub = memory_of_hub(hub)
    print("all have saved; now the hub is killed", flush=True)
    killed = asyncio.Event()
    again, *_ = await asyncio.gather(
        kill_in_the_middle(hub, killed), *(through_the_kill(student, killed) for student in students)
    )
    if watcher.done():
        watcher.result()  # it ends by itself only with an exception: show it
    watcher.cancel()
    seen.append(memory_of_each(names))
    for student in students:
        student.socket.close()
        await student.browser.aclose()
    return students, seen, max(of_hub, memory_of_hub(hub)), again


async def read_again(student: Student) -> None:
    """Log in anew, and find the exercise as it was saved."""
    student.browser = new_browser()
    await log_in(student)
    answer = await student.browser.get(f"{student.url}/api/contents/{homes.LESSONS}/{student.exercise}")
    missing = [line for line in student.saved if line not in json.dumps(answer.json()["content"], ensure_ascii=False)]
    if missing or not student.saved:
        raise RuntimeError(f"{student.name} has lost {missing}")
    await student.browser.aclose()


def report(students: list[Student], seen: list[list[float]], of_hub: float, again: float) -> str:
    """The table of the class."""
    each = [max(moment[number] for moment in seen) for number in range(len(students))]
    lines = [f"{'for each lesson':<24} students, run of all cells median and slowest in s, a move in ms, memory in MB"]
    for lesson in sorted({student.lesson for student in students}):
        having = [number for number, student in enumerate(students) if student.lesson == lesson]
        runs = [students[number].took["run all cells"] for number in having]
        moves = [1000 * value for number in having for value in students[number].moves]
        memory = max(each[number] for number in having)
        lines.append(
            f"{lesson.stem:<24} {len(having):>3} {median(runs):>8.1f} {max(runs):>8.1f}"
            f" {median(moves):>8.0f} {max(moves):>8.0f} {memory:>8.0f}"
        )
    lines.append(f"{'for each student':<24} {'median':>8} {'slowest':>8}")
    for name in students[0].took:
        values = [student.took[name] for student in students]
        lines.append(f"{name + ', s':<24} {median(values):>8.1f} {max(values):>8.1f}")
    moves = [1000 * value for student in students for value in student.moves]
    lines.append(f"{'a move of a slider, ms':<24} {median(moves):>8.0f} {max(moves):>8.0f}")
    peak = max(seen, key=sum)
    lines.append(f"{'memory, MB':<24} {median(peak):>8.0f} {max(each):>8.0f}")
    lines.append(f"hub and proxy {of_hub:.0f} MB; all students together at most {sum(peak):.0f} MB")
    fit = [f"{int((1000 * size - SYSTEM - of_hub) / max(each))} in {size} GB" for size in (2, 8, 32)]
    lines.append(f"with {max(each):.0f} MB each and {SYSTEM} MB for the machine itself fit: {', '.join(fit)}")
    lines.append(f"the hub was back {again:.1f} s after its new start; kernels lost: 0 of {len(students)}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Hold the class and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eight = [*map(find_lesson, LESSONS)]
    parser.add_argument(
        "--lessons", nargs="+", type=find_lesson, default=eight, help="how their names begin (default: all eight)"
    )
    parser.add_argument("--students", type=int, default=30, help="how many (default: 30)")
    parser.add_argument("--python", default=sys._base_executable, help="the Python that starts the hub")
    parser.add_argument("--base", type=Path, help="keep the hub's folder here, so that a second run installs nothing")
    options = parser.parse_args(arguments)
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        parser.error("this needs Linux and root, like the hub itself")
    names = [f"bench-{number}" for number in range(1, options.students + 1)]
    lessons = dict(zip(names, deal(options.lessons, options.students), strict=True))
    base = options.base or Path(tempfile.mkdtemp(prefix="lstm-class-"))
    base.mkdir(exist_ok=True)
    base.chmod(0o755)
    try:
        for old in [base / "homes", base / "hub.log", base / "hub" / "hub.sqlite", *base.glob("hub/passwords*")]:
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
        with hub_for(names, options.python, base) as hub:
            print(f"{options.students} students on a JupyterHub; {machine()}", flush=True)
            students, *numbers = asyncio.run(hold_class(hub, lessons))
            print(report(students, *numbers))
            hub.kill()
            end_all(names)
            gone = lost(students, base)
            hub.start()
            asyncio.run(read_again(students[0]))
            count = sum(len(student.saved) for student in students)
            print(f"saved {count} times, lost after the kill of everything: {len(gone)} {gone[:3] or ''}")
            log = (base / "hub.log").read_text(errors="replace")
            print(f"errors in the hub's log: {len(re.findall(r'^.E ', log, re.MULTILINE))}")
    finally:
        if options.base is None:
            shutil.rmtree(base)
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
