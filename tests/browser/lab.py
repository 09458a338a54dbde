"""A real JupyterLab, or the built site, in a real Chromium: for the browser tests and the latency benchmark.

Needs Playwright and an installed Chromium or Chrome; imports nothing of lstm_teach.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
BROWSER_FILES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/snap/bin/chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
BROWSER_ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # containers run as root, where Chromium has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

PROJECT_SETTINGS = Path(__file__).resolve().parent.parent.parent / "settings"

# Nothing is saved, so that a test never writes outputs into a notebook.
SETTINGS = {
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/notebook-extension/tracker": {"kernelShutdown": True},
}


SITE = Path(__file__).resolve().parent.parent.parent / "site"


@dataclass
class Lab:
    """A running JupyterLab server, or the site: its address, the folder it serves and its log file."""

    url: str
    root_dir: Path
    log_file: Path
    is_site: bool = False

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return "The site" if self.is_site else "JupyterLab"

    def address(self, path: str) -> str:
        """Where the notebook at path (relative to the folder) is opened."""
        return f"{self.url}/app/lab/index.html?path={path}" if self.is_site else f"{self.url}/lab/tree/{path}?reset"

    def log(self) -> str:
        """Everything the server and its kernels have written so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")


@dataclass
class Trouble:
    """What went wrong on a page, collected while it is open."""

    messages: list[str] = field(default_factory=list)

    def take(self) -> list[str]:
        """Return the messages and forget them."""
        messages, self.messages = self.messages, []
        return messages


def find_chromium() -> str | None:
    """Path of an installed Chromium, Chrome or Edge, or None; LSTM_TEACH_CHROMIUM comes first."""
    chosen = os.environ.get("LSTM_TEACH_CHROMIUM")
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise FileNotFoundError(f"LSTM_TEACH_CHROMIUM is {chosen!r}, which is not a program on this machine")
        return found
    on_path = (shutil.which(name) for name in BROWSER_NAMES)
    in_usual_place = (name for name in BROWSER_FILES if os.access(name, os.X_OK))
    return next(filter(None, on_path), None) or next(in_usual_place, None)


@contextlib.contextmanager
def start_lab(root_dir: str | Path, windowing: str | None = None, timeout: float = 60) -> Iterator[Lab]:
    """Serve root_dir with a JupyterLab of this interpreter until the block ends.

    The server has its own configuration, data and run-time folders, so that nothing of the user's
    set-up counts. `windowing` is JupyterLab's notebook setting of that name ("none" keeps every cell
    attached to the page); None leaves the default that a learner has.
    """
    root_dir = Path(root_dir).resolve()
    with tempfile.TemporaryDirectory(prefix="lstm-teach-lab-", ignore_cleanup_errors=True) as temporary:
        home = Path(temporary)
        port = free_port()
        environment = isolated_environment(home)
        write_settings(home, windowing)
        log_file = home / "lab.log"
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
            *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
            *("--ServerApp.terminals_enabled=False", "--LabApp.expose_app_in_browser=True"),
            "--JupyterNotebookApp.expose_app_in_browser=True",
            *("--LabApp.news_url=None", "--LabApp.extension_manager=readonly"),
            f"--ServerApp.root_dir={root_dir}",
        ]
        with log_file.open("wb") as log:
            server = subprocess.Popen(
                command,
                cwd=home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        lab = Lab(f"http://127.0.0.1:{port}", root_dir, log_file)
        try:
            wait_until_ready(server, port, lab, timeout)
            yield lab
        finally:
            stop(server)


@contextlib.contextmanager
def start_site(folder: str | Path = SITE / "dist", under: str = "/lessons", timeout: float = 20) -> Iterator[Lab]:
    """Serve the built site below a path, as a forge's pages are, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="lstm-teach-site-", ignore_cleanup_errors=True) as temporary:
        port, log_file = free_port(), Path(temporary) / "site.log"
        command = [sys.executable, str(SITE / "serve.py"), f"--port={port}", f"--folder={folder}", f"--under={under}"]
        with log_file.open("wb") as log:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        lab = Lab(f"http://127.0.0.1:{port}{under}", Path(folder), log_file, is_site=True)
        try:
            wait_until_ready(server, port, lab, timeout, path=f"{under}/")
            yield lab
        finally:
            server.terminate()
            server.wait(10)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def isolated_environment(home: Path) -> dict[str, str]:
    """The environment of a server that reads and writes its settings under home alone."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON"))}
    environment.update(
        JUPYTER_CONFIG_PATH=str(PROJECT_SETTINGS),  # what start.py gives a learner
        JUPYTER_CONFIG_DIR=str(home / "config"),
        JUPYTER_DATA_DIR=str(home / "data"),
        JUPYTER_RUNTIME_DIR=str(home / "runtime"),
        JUPYTERLAB_SETTINGS_DIR=str(home / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(home / "workspaces"),
        IPYTHONDIR=str(home / "ipython"),
    )
    return environment


def write_settings(home: Path, windowing: str | None) -> None:
    """Write JupyterLab's user settings where a server started by start_lab reads them."""
    for plugin, values in SETTINGS.items():
        if windowing is not None and plugin.endswith("notebook-extension/tracker"):
            values = {**values, "windowingMode": windowing}
        target = home / "settings" / f"{plugin}.jupyterlab-settings"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(values), encoding="utf-8")


def wait_until_ready(server: subprocess.Popen, port: int, lab: Lab, timeout: float, path: str = "/api/status") -> None:
    """Return when the server answers; TimeoutError or RuntimeError with its log when it does not."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"{lab.name} stopped with exit code {server.returncode}:\n{lab.log()}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)  # not listening yet
        finally:
            connection.close()
    raise TimeoutError(f"{lab.name} did not answer within {timeout:g} s:\n{lab.log()}")


def stop(server: subprocess.Popen) -> None:
    """End the server and its kernels: ask first, then end the whole process group."""
    server.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(10)
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
    server.kill()
    server.wait(10)


@contextlib.contextmanager
def start_chromium(headless: bool = True) -> Iterator:
    """A Playwright browser with a profile of its own; FileNotFoundError if none is installed."""
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise FileNotFoundError("no Chromium, Chrome or Edge was found: install one, or name it in LSTM_TEACH_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=headless, args=list(BROWSER_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def watch(page) -> Trouble:
    """Collect the page's console errors, uncaught exceptions, failed requests and those to elsewhere from now on."""
    trouble = Trouble()

    def on_console(message) -> None:
        if message.type == "error":
            trouble.messages.append(f"console: {message.text} ({message.location.get('url', '')})")

    def on_request(request) -> None:
        if urlsplit(request.url).hostname not in (None, "127.0.0.1"):
            trouble.messages.append(f"request to elsewhere: {request.url}")

    page.context.on("request", on_request)  # those of workers too
    page.on("console", on_console)
    page.on("pageerror", lambda error: trouble.messages.append(f"uncaught: {error}"))
    page.on("response", lambda r: r.status >= 400 and trouble.messages.append(f"request: {r.status} {r.url}"))
    return trouble


def open_notebook(page, lab: Lab, path: str, timeout: float = 60) -> None:
    """Open the notebook at path (relative to the lab's folder) and wait until its kernel is idle."""
    timeout *= 2 if lab.is_site else 1
    page.goto(lab.address(path), timeout=timeout * 1000)
    wait_until_open(page, path, timeout)


def open_next(page, lab: Lab, path: str, timeout: float = 60) -> None:
    """The same in the JupyterLab that is on the page already, if there is one: that takes a third of the time."""
    if page.evaluate("!window.jupyterapp"):
        open_notebook(page, lab, path, timeout)
    else:
        page.evaluate("path => { window.jupyterapp.commands.execute('docmanager:open', { path }); }", path)
        wait_until_open(page, path, timeout)


def wait_until_open(page, path: str, timeout: float) -> None:
    """Wait until the notebook at path is in front and its kernel idle."""
    page.wait_for_function(
        """path => {
            const panel = window.jupyterapp?.shell?.currentWidget;
            return panel?.context?.path === path && panel.context.isReady
                && panel.sessionContext.isReady
                && panel.sessionContext.session?.kernel?.status === 'idle';
        }""",
        arg=path,
        timeout=timeout * 1000,
        polling=100,
    )


def run_all(page, timeout: float = 300) -> None:
    """Run every cell of the open notebook and wait for the last; TimeoutError names the cell that hangs."""
    page.evaluate(
        """() => {
            window.lstmTeachRun = 'running';
            window.jupyterapp.commands.execute('notebook:run-all-cells').then(
                () => { window.lstmTeachRun = 'done'; },
                reason => { window.lstmTeachRun = `failed: ${reason}`; });
        }"""
    )
    for done in (
        "window.lstmTeachRun !== 'running'",
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'",
    ):
        page.wait_for_function(done, timeout=timeout * 1000, polling=100)  # ms; by default, each look draws a frame


def read_file(page, path: str) -> str | None:
    """The text of a file as the open JupyterLab has it, on its server or in the browser; None if there is none."""
    return page.evaluate(
        """async path => {
            const contents = window.jupyterapp.serviceManager.contents;
            const folder = await contents.get(path.replace(/[/][^/]*$/, ""), { content: true });
            if (!folder.content.some(file => file.path === path)) return null;
            return (await contents.get(path, { type: 'file', format: 'text', content: true })).content;
        }""",
        path,
    )


def wait_for_file(page, path: str, timeout: float = 20) -> str:
    """The same as soon as something is in it (a browser's file is there a moment before its text), or TimeoutError."""
    deadline = time.monotonic() + timeout
    while not (text := read_file(page, path)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"There is no file {path}, or nothing in it.")
        page.wait_for_timeout(200)
    return text


def shut_down_kernel(page) -> None:
    """End the kernel of the open notebook, which would go on when the page is closed."""
    page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")


def close_notebook(page, lab: Lab) -> None:
    """End the kernel of the open notebook and close it; the page with JupyterLab stays, a page of the site goes."""
    shut_down_kernel(page)
    if lab.is_site:
        page.close()
    else:
        page.evaluate("window.jupyterapp?.shell.currentWidget?.dispose()")


def cell_errors(page) -> list[str]:
    """Errors and standard-error texts among the outputs of the open notebook, with their cell's id."""
    return page.evaluate(
        """() => {
            const found = [];
            for (const cell of window.jupyterapp.shell.currentWidget.content.model.cells) {
                if (cell.type !== 'code') continue;
                if (cell.sharedModel.source.trim() && cell.executionCount === null)
                    found.push(`${cell.id}: was not executed`);
                for (const output of cell.outputs.toJSON()) {
                    if (output.output_type === 'error')
                        found.push(`${cell.id}: ${output.ename}: ${output.evalue}`);
                    if (output.output_type === 'stream' && output.name === 'stderr')
                        found.push(`${cell.id}: standard error: ${[output.text].flat().join('')}`);
                }
            }
            return found;
        }"""
    )
