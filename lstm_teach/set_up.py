"""What is installed, and whether it is new enough. Imports the package, for its version."""

import platform
import re
import sys
from importlib import metadata

import lstm_teach

# Held to pyproject.toml by a test: without an installation there is nothing else to read them from.
NEEDED = {
    "python": "3.11",
    "numpy": "2.2",
    "matplotlib": "3.9",
    "ipywidgets": "8.1",
    "anywidget": "0.9.18",
    "jupyterlab": "4.5",
    "tqdm": "4.66",
    "lstm_teach": lstm_teach.__version__,
}
FIX = (
    "run %pip install --editable .. in a new cell, then choose Kernel > Restart Kernel. "
    "If that fails, set up again as the README says."
)


def report_versions() -> str:
    """A line for each package that the lessons need, and a sentence on each that is missing or too old."""
    wanted = [name for name in NEEDED if name != "jupyterlab" or sys.platform != "emscripten"]  # there it is the page
    found = {name: installed_version(name) for name in wanted}
    lines, sentences = [], []
    for name, version in found.items():
        state = "missing" if version is None else "too old" if older(version, NEEDED[name]) else "fine"
        lines.append(f"{name:12}{version or '-':12}{state:9}needed: {NEEDED[name]} or newer".rstrip())
        if name == "python" and state == "too old":
            sentences.append(
                f"Python {version} is too old: install {NEEDED[name]} or newer and set up again as the README says."
            )
        elif name == "jupyterlab" and state == "missing":
            sentences.append(
                "jupyterlab is not installed where this notebook's Python is. On a hub or in an editor that's normal; "
                "the slider below shows whether everything works."
            )
        elif state != "fine":
            sentences.append(f"{name} is {state}: {FIX}")
    return "\n".join([*lines, "", *(sentences or ["Everything is there."])])


def installed_version(name: str) -> str | None:
    """The version that a notebook with this kernel uses, or None where there is none."""
    ours = {"python": platform.python_version(), "lstm_teach": lstm_teach.__version__}
    try:
        return ours.get(name) or metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def older(version: str, needed: str) -> bool:
    """Whether a version comes before another one, number by number."""
    one, other = ([int(n) for n in re.findall(r"\d+", text)] for text in (version, needed))
    return one < other
