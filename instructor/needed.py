"""What to say where Python lacks a package that grading or releasing needs. Imports the standard library only."""

import sys


def missing(name: str | None) -> str:
    """Which Python to use, and what installs the package there, in a sentence."""
    package = str(name).partition(".")[0]
    command = f"python3 start.py{' test --version' * (package == 'nbgrader')}"
    return f"This Python, {sys.executable}, has no {package}: use the one in .venv, where {command} installs it."
