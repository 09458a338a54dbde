"""Functions that a learner wrote in one lesson and uses in the next. Imports cellcode.

The file, beside the notebook, is plain Python: a learner can read it, change it, or delete it. Each function is
between two comment lines that say where it comes from.
"""

from __future__ import annotations  # also of the code that is compiled here

import builtins
import contextlib
import inspect
import linecache
import os
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from lstm_teach import cellcode

FILE = "my_functions.py"
SAVED = {"encoding": "utf-8-sig", "errors": "replace"}  # a comment in a Windows code page is no reason to raise
HEAD = '''"""Functions you wrote in the lessons and chose to keep. Delete the file to start over."""

import numpy as np

import lstm_teach as lt
from lstm_teach.lessons.library import step_back  # if you keep your own, it replaces this one
'''
SECTION = re.compile(r"^# --- (\w+), from .*?^# --- end of \1$\n?", re.MULTILINE | re.DOTALL)


def write(name: str, lesson: str, group: str, function: Callable) -> str:
    """Put the function's source into the file, in place of an earlier one; return a sentence that says so.

    Or one that says why not: in the file it has only what the file has, not the other functions of the notebook.
    """
    try:
        source = dedent(inspect.getsource(function)).rstrip()
    except TypeError:
        said = f"the file {FILE} holds functions only. Write it as `def {name}(...):`"
        return f"{name} is not kept: {said}, run the cell, then this one."
    except OSError:
        said = "its cell begins with a magic, such as %%time"
        return f"{name} is not kept: {said}. Take out that line, run the cell, then this one."
    path = Path(FILE)
    text = path.read_text(**SAVED) if path.is_file() else HEAD
    text = SECTION.sub(lambda match: "" if match[1] == name else match[0], text).rstrip()
    try:
        reads = cellcode.globals_read(compile(source, FILE, "exec"))
        outside = sorted(reads - {*compile(text, FILE, "exec").co_names, *dir(builtins), name})
    except SyntaxError as error:
        return f"{name} is not kept: {_spoiled(error)}."
    if outside:
        what = " and ".join(outside)
        said = f"it uses {what} from outside. The file {FILE} holds only the function itself"
        return f"{name} is not kept: {said}: put {what} inside {name}, run its cell, then this one."
    section = f"# --- {name}, from {lesson}, {group}\n{source}\n# --- end of {name}\n"
    if trouble := save(path, f"{text}\n\n\n{section}"):
        return f"{name} is not kept: {trouble}"
    return f"Your {name} is in the file {FILE} beside this notebook; later lessons can use it."


def save(path: Path, text: str) -> str:
    """Write the file and return ""; or leave it as it was, and return a sentence that says why."""
    real = path.resolve()  # where a link leads
    new = Path(f"{real}.{os.getpid()}.new")  # so that a full disk spoils this one only
    try:
        new.write_text(text, encoding="utf-8")
        with contextlib.suppress(OSError):  # there is no earlier one, or nobody has permissions here
            new.chmod(real.stat().st_mode)
        new.replace(real)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        return f"the file {path} can't be written ({error.strerror}). Is the disk full, or the folder read-only?"
    return ""


def read(name: str) -> tuple[Callable | None, str]:
    """The function and "", or None and the reason why there is none."""
    path = Path(FILE)
    if not path.is_file():
        return None, "you haven't kept your own"
    linecache.checkcache(str(path))
    space: dict = {"__name__": "my_functions"}
    try:
        text = path.read_text(**SAVED)
        code = compile(text, str(path), "exec")
        if name not in [match[1] for match in SECTION.finditer(text)]:
            return None, f"{FILE} has no {name} saved by lesson.keep"
        exec(code, space)
    except SyntaxError as error:
        return None, _spoiled(error)
    except (Exception, SystemExit) as error:
        return None, f"{FILE} raises {type(error).__name__}: {error}".removesuffix(": ")
    function = space.get(name)
    if not callable(function) or function.__module__ != space["__name__"]:  # the library's, from the first lines
        return None, f"{FILE} no longer defines a function {name}"
    return function, ""


def _spoiled(error: SyntaxError) -> str:
    return f"{FILE} has a syntax error at line {error.lineno} ({error.msg}); correct it, or delete the file"
