"""Say what it is that stops the cell of a blank, before its check can run. Imports cellcode, gradreport and the guard.

Python's own words for dots in a sum are about an 'ellipsis', which few learners have heard of; guard.SLIPS has more.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import traceback
from collections.abc import Sequence
from typing import Any

from lstm_teach import cellcode, guard
from lstm_teach.gradreport import listing


def watch() -> None:
    """Have IPython, if it is there, call `tell` after each cell from now on; to do so twice changes nothing."""
    ipython = sys.modules.get("IPython")
    if ipython and (shell := ipython.get_ipython()):
        shell.events.register("post_run_cell", tell)


def tell(result: Any) -> None:
    """Print a sentence with the error of a cell that has a check in it and stopped because of dots or a common slip."""
    error = getattr(result, "error_in_exec", None)  # the result itself is None where the cell was interrupted
    if error and (said := sentence(result.info.raw_cell, error)):
        print(said)


def sentence(source: str, error: BaseException) -> str:
    """What to say of an error that came out of a cell; "" if the cell has no check, or there is nothing to add."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic
        return ""
    lines = sorted({node.lineno for node in cellcode.dots(tree)})
    frames = [(frame.f_globals.get("__name__"), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    at = next((line for name, line in frames if name == "__main__"), 0)  # the line of the cell
    lines = [at] if at in lines else lines
    named = "ellipsis" in str(error).lower() or ("matmul" in str(error) and at in lines)  # @ has other words
    if not any(map(cellcode.is_judge, ast.walk(tree))):
        return ""
    if not (lines and named):
        return guard.meaning(error).strip()
    return _words(lines)


def of_function(function: Any) -> str:
    """What to say of a function in which there are still dots; "" if there are none, or nobody has its text."""
    try:
        source, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(source)))
    except (OSError, TypeError, SyntaxError):
        return ""
    lines = sorted({first - 1 + node.lineno for node in cellcode.dots(tree)})
    return _words(lines) if lines else ""


def _words(lines: Sequence[int]) -> str:
    one = len(lines) == 1
    said = f"Line{'' if one else 's'} {listing(lines)} still {'has dots in it' if one else 'have dots in them'}"
    return f"{said}: replace them with your code, then run the cell again."
