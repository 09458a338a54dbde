"""Have one submission judged by score.py, in a process of its own with limits. Imports the standard library only."""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from handed_in import printable

SCORE = Path(__file__).resolve().with_name("score.py")
LIMITS = "seconds", "cell-seconds", "memory"  # as score.py calls them too
RUNNING: set[subprocess.Popen] = set()


def score(submission: Path, source: Path, options: argparse.Namespace, seed: int | None = None) -> dict | str:
    """What score.py says of a submission to the exercise at `source`; or why it could not, as the end of a sentence."""
    with tempfile.TemporaryDirectory() as place:
        results, log = Path(place) / "results.json", Path(place) / "log.txt"
        command = [sys.executable, str(SCORE), str(submission), str(source), str(results)]
        command += [f"--{name}={getattr(options, name.replace('-', '_'))}" for name in LIMITS]
        command += [f"--seed={seed}"] if seed is not None else []
        with log.open("wb") as stream:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
            RUNNING.add(child)
            try:
                code = child.wait(most := longest(options))
            except subprocess.TimeoutExpired:
                code = None
            finally:
                end(child)
                RUNNING.discard(child)
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        why = f"the process that judges it has failed ({printable(said[-1]) if said else f'exit code {code}'})"
        why = f"it had not finished after {most:g} seconds" if code is None else why
        if not results.is_file():
            return why
        found = printable(json.loads(results.read_text(encoding="utf-8")))
        return found if code == 0 else found | {"notes": [*found["notes"], f"Not all was judged: {why}."]}


def longest(options: argparse.Namespace) -> float:
    """Seconds after which a process is ended that should have ended itself: score.py waits up to four times as long."""
    return 4 * (options.seconds + 2 * options.cell_seconds)


def end(child: subprocess.Popen) -> None:
    """End a process that judges; it is asked first, so that it can end the submission's."""
    if child.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.send_signal(signal.SIGTERM)
            child.wait(10)
        child.kill()
        child.wait()


def end_all() -> None:
    """End every process that still judges."""
    for child in list(RUNNING):
        end(child)
