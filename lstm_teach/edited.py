"""Functions made of text: a right function with pieces of its text replaced is how a mistake is made on purpose.

Imports the standard library only.
"""

from __future__ import annotations  # also of the code that is compiled here

import inspect
import linecache
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import count
from typing import Any

VERSIONS = count(1)  # so that each has a file name of its own


def made(source: str, file: str, names: Mapping[str, Any]) -> Callable:
    """The function that a text defines, which `inspect` and the doctor can read again."""
    space = dict(names)
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    exec(compile(source, file, "exec"), space)
    return space[re.search(r"def (\w+)", source)[1]]


@lru_cache(4096)
def edited(function: Callable, *pieces: str) -> Callable:
    """The function with pieces of its text replaced: `edited(f, before, after, before, after)`.

    Raises ValueError for a piece that is not in the text.
    """
    source = inspect.getsource(function)
    for before, after in zip(pieces[::2], pieces[1::2], strict=True):
        if before not in source:
            raise ValueError(f"{function.__name__} has no {before!r}.")
        source = source.replace(before, after)
    return made(source, f"<{function.__name__}, version {next(VERSIONS)}>", function.__globals__)
