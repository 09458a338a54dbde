"""What to say where Python lacks a package that grading or releasing needs. Imports the standard library only."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def missing(name: str | None) -> str:
    """Which Python to use, or what to install, in a sentence."""
    package = str(name).partition(".")[0]
    if package == "nbgrader":
        return f'nbgrader is missing: install it with {sys.executable} -m pip install -e "{ROOT}[grading]".'
    return f"This Python, {sys.executable}, has no {package}: use the one in .venv, which python3 start.py makes."
