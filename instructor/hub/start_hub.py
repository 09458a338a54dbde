"""Start a JupyterHub for a class on this Linux machine.

    sudo python3 instructor/hub/start_hub.py class.txt                 on port 8000, for the whole network
    sudo python3 instructor/hub/start_hub.py class.txt --idle 30       end what has done nothing for 30 minutes
    sudo python3 instructor/hub/start_hub.py class.txt --without 07_mixed_exam.ipynb solutions     before an exam

class.txt has a name a line; a line `ada teacher` makes ada a teacher, who sees everybody's server on the hub's admin
page. Everybody chooses a password at the first login. Each student has an account of this machine, a home below
/srv/lstm-class/homes and a copy of the lessons there, which a later start adds to and never changes.

Everything but the accounts is in /srv/lstm-class. Ctrl-C stops the hub; the students' servers go on, and the next start
finds them. A change of class.txt counts from the next start on. Needs root, node 18 or newer and npm, and the network
for the first start.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from start import output_of, say, stop  # noqa: E402

BASE = "/srv/lstm-class"


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", metavar="class.txt", help="the class list")
    parser.add_argument("--base", default=BASE, help=f"where everything is kept (default: {BASE})")
    parser.add_argument("--address", default="", help="the address to listen on (default: all)")
    parser.add_argument(
        "--port", type=int, default=8000, help="the port; the two above it are used on this machine only"
    )
    parser.add_argument(
        "--certificate", default="", help="a TLS certificate; without it passwords cross the network in the clear"
    )
    parser.add_argument("--key", default="", help="the key that belongs to the certificate")
    parser.add_argument("--memory", type=int, default=1024, help="MB for each process of a student (default: 1024)")
    parser.add_argument("--processors", type=int, default=1, help="processors for each student (default: 1)")
    parser.add_argument("--processes", type=int, default=200, help="processes and threads of a student (default: 200)")
    parser.add_argument("--without", nargs="+", default=[], metavar="NAME", help="files and folders to keep back")
    ended = "minutes until an idle kernel or server is ended (default: 60)"
    parser.add_argument("--idle", type=int, default=60, help=ended)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Install what is missing, make accounts and homes, and become the hub."""
    options = options_of(arguments)
    if not sys.platform.startswith("linux"):
        stop("The hub needs Linux: each student is an account on the machine, with Linux's limits.")
    if os.geteuid() != 0:
        stop("The hub has to be started by root (sudo), since it makes an account for each student.")
    if bool(options.certificate) != bool(options.key):
        stop("A certificate and its key belong together: give both, --certificate and --key, or neither.")
    if unknown := set(options.without) - {path.name for path in (ROOT / "notebooks").rglob("*")}:
        stop(f"There is no file or folder {min(unknown)!r} in {ROOT / 'notebooks'}, so --without can't keep it back.")
    import homes  # not before Linux is known

    try:
        text = Path(options.people).read_text(encoding="utf-8")
        people = homes.read_class(text)
    except (OSError, ValueError) as error:
        stop(f"The class list {options.people} can't be used: {getattr(error, 'strerror', None) or error}.")
    os.umask(0o022)
    base = Path(options.base).resolve()
    base.mkdir(parents=True, exist_ok=True)
    for name, mode in (("hub", 0o700), ("homes", 0o711)):
        (base / name).mkdir(exist_ok=True)
        (base / name).chmod(mode)
    install(base)
    (base / "class.txt").write_text(text, encoding="utf-8")
    homes.make_read_only_copy(ROOT / "notebooks", base / "lessons", options.without)
    homes.make_read_only_copy(ROOT / "settings", base / "settings")
    for name in people:
        try:
            homes.make_home(name, base / "homes")
        except ValueError as error:
            stop(f"{name} can't be let in: {error}")
    os.environ["LSTM_CLASS"] = json.dumps({**vars(options), "base": str(base)})
    hub = base / "environment/bin/jupyterhub"
    os.chdir(base / "hub")
    names = f"{len(people)} name{'s' * (len(people) != 1)}"
    say(f"{names} on the list; the hub is on port {options.port}. Ctrl-C stops it; the students' servers keep running.")
    os.execv(hub, [str(hub), "--config", str(HERE / "jupyterhub_config.py")])


def install(base: Path) -> None:
    """Bring environment and proxy up to date, if anything of them has changed."""
    sources = sorted(path for path in (ROOT / "lstm_teach").rglob("*") if path.is_file())
    sources = [path for path in sources if "__pycache__" not in path.parts]
    digest = hashlib.sha256(repr((sys.version_info[:2], sys.executable)).encode())
    for path in [ROOT / "pyproject.toml", HERE / "requirements.txt", *sources]:
        digest.update(str(path).encode() + path.read_bytes())
    stamp = base / "hub" / "installed"
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    stamp.unlink(missing_ok=True)
    say(f"Installing the hub into {base}; the first time this takes a few minutes.")
    node = re.match(r"v(\d+)", output_of(["node", "--version"]))
    if not node or int(node[1]) < 18 or not shutil.which("npm"):
        stop("The hub needs node 18 or newer and npm: on Debian and Ubuntu install the packages nodejs and npm.")
    python = base / "environment/bin/python"
    if not output_of([str(python), "-m", "pip", "--version"]):
        shutil.rmtree(base / "environment", ignore_errors=True)
        run([sys.executable, "-m", "venv", str(base / "environment")], "on Debian and Ubuntu install python3-venv")
    try:
        subprocess.run([str(python), "-c", ""], user="nobody", cwd="/", capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        stop(f"Students can't run this Python, {sys._base_executable}: start with the system's, /usr/bin/python3.")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--requirement", str(HERE / "requirements.txt"), str(ROOT)], "pip says why above")
    proxy = f"configurable-http-proxy@{5 if int(node[1]) >= 20 else 4}"
    npm = ["npm", "install", "--no-fund", "--no-audit", "--loglevel=error", "--prefix", str(base / "proxy")]
    run([*npm, proxy], "npm says why above")
    stamp.write_text(digest.hexdigest())


def run(command: list[str], otherwise: str) -> None:
    """Run a step of the installation, or stop."""
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        stop(f"The hub was not installed ({otherwise}): {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
