"""What a line of a blank gives in the learner's own notebook, beside what the library's line gives there.

Imports cellcode, gradreport, judging, recognize and trial.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_teach import cellcode, trial
from lstm_teach.cellcode import Written
from lstm_teach.gradreport import listing
from lstm_teach.judging import difference, is_like
from lstm_teach.recognize import axes

if TYPE_CHECKING:
    from lstm_teach.blanks import Blank

THIS_NET = "It is right for these numbers; for others it is not."
ALL_TYPED = "A typed-in number can be right for these numbers only: write the line with names."
NOT_TYPED = "Write the line with names, not with numbers typed in."
NO_NAMES = "It reads none of the names above: write the line with them."


def on_this_net(
    blank: Blank, name: str, namespace: Mapping, cases: Sequence[Mapping], written: Written, earlier: str
) -> str:
    """The learner's number and the right one on the lesson's own net, or that only there it is right."""
    read, got, right = written.read, namespace.get(name), library_here(blank, name, namespace)
    if right is None or isinstance(got, Iterator):  # looking at an iterator would use it up
        return ""
    off = difference(name, got, right, axes(right, name), relative=True)
    rounded = 1e-2 if right.dtype.kind == "f" else 0  # a typed number may have been
    nearly = is_like(got, right) and np.allclose(got, right, rtol=rounded)
    if not read - {"sigmoid", "softmax"} and is_like(got, right):
        if cellcode.reads_itself(written.lines, name):
            return f"This reads the {name} of an earlier cell."
        return ALL_TYPED if nearly else f"{off} {NO_NAMES if cellcode.calls(written.lines, '') else NOT_TYPED}"
    kinds = {n: type(namespace.get(n)).__module__ for n in read - cases[0].keys()}
    if not off and (theirs := sorted(n for n in kinds if kinds[n].startswith("lstm_teach."))):
        return f"This reads {listing(theirs)}, which the library has computed. Write the line with the other names."
    if nearly and (typed := trial.words_for_typed(name, written, namespace, cases)):
        return typed
    return off or f"{THIS_NET}{earlier}"


def library_here(blank: Blank, name: str, namespace: Mapping[str, Any], read: Callable = np.asarray) -> Any:
    """What the library's line gives with the names of the notebook; None if it can't be computed with them."""
    try:
        return read(blank.library_value(name, namespace))
    except Exception:  # the learner's own names may be anything; `_go_on` says so
        return None


def leftover(blank: Blank, name: str, namespace: Mapping[str, Any], read: frozenset[str]) -> str:
    """That a line which is right in every trial reads an old number in this notebook; "" if it does not."""
    if read & set(blank.names):  # another blank of the cell, which is judged by itself
        return ""
    got, right = namespace.get(name), library_here(blank, name, namespace)
    if right is None or not is_like(got, right) or trial.close(got, right) or np.allclose(got, right, 1e-6, 0):
        return ""
    suspects = read - cellcode.names_in(ast.parse(blank.library[name])) or read & blank.given.keys()
    old = [n for n in sorted(suspects) if isinstance(namespace.get(n), int | float | np.ndarray)]
    if not old:
        off = difference(name, got, right, axes(right, name), relative=True)
        return f"The line is right for other numbers, but not for these: {off}"
    one = "one of " * (len(old) > 1)
    return f"The line is right, but here it reads an old number: {one}{listing(old)} was left over from another cell."
