"""What the cells below a blank go on with once it is judged: right values, and the names that other cells call.

Imports cellcode, judging and trial.
"""

import builtins
import copy
import sys
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from lstm_teach import cellcode
from lstm_teach.cellcode import Lines
from lstm_teach.judging import ONCE
from lstm_teach.trial import Blank, library_here
from lstm_teach.validate import listing
from lstm_teach.verdicts import Part


def go_on(blank: Blank, parts: Sequence[Part], namespace: dict[str, Any]) -> str:
    """Put the library's version where a line is not right, and an array where one is expected; say so of the first."""
    failed = {blank.names[0] if blank.is_function else part.name for part in parts if not part.passed}
    if not blank.is_function:
        for name in {*blank.names} & namespace.keys() - failed:
            _make_array(blank, name, namespace)
    wrong = [name for name in blank.names if name in failed]
    for name in wrong:
        try:
            namespace[name] = blank.library_value(name, namespace)
        except Exception as error:
            why = f"the library's {name} can't be computed ({type(error).__name__}: {error})"
            way = "Run the cells above this one first, or restart the kernel and run all cells"
            return f"The lesson can't go on from here: {why}. {way}."
    return f"The lesson goes on with the library's {listing([f'`{n}`' for n in wrong])}." if wrong else ""


def _make_array(blank: Blank, name: str, namespace: dict[str, Any]) -> None:
    """Make an array of a right value that is a list, an iterator, a matrix or masked: later cells may count on one."""
    value = namespace[name]
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        namespace[name] = np.array(value)[()]
    elif not isinstance(value, np.ndarray | np.generic | float | int):
        its = library_here(blank, name, namespace, copy.copy)
        if isinstance(its, np.ndarray):
            namespace[name] = np.array(its if isinstance(value, ONCE) else value)


def give_back(statements: Lines, namespace: dict[str, Any], numpys: Collection[str]) -> str:
    """Let np, lt and Python's own functions be again what other cells call by these names; say so, of `numpys` too."""
    touched = set().union(*map(cellcode.touched, statements))
    own = {n: value for n, value in vars(builtins).items() if callable(value) and n[0] != "_"}
    lost = {n: own[n] for n in touched & own.keys() if not callable(namespace.get(n, int))}
    modules = {"np": np, "lt": sys.modules["lstm_teach"]}
    lost |= {n: modules[n] for n in touched & modules.keys() if namespace.get(n) is not modules[n]}
    namespace.update(lost)
    them = ", ".join(f"`{n}`" for n in sorted({*lost}.union(f"np.{n}" for n in numpys)))
    return f"Other cells use {them}: choose another name. The lesson has put back what was there." if them else ""
