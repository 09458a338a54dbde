"""Judge changed statements where they stand, from the values that the pass has there, in one run of the pass.

A whole run for each of ten thousand candidates would take too long; an expression takes microseconds. It also judges
each equation by its own inputs, whatever is wrong further on. Imports source, truth and variants.
"""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_teach.doctor.fuel import VALUE, spend
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import Truth
from lstm_teach.doctor.variants import OPERATORS, Edit, Put, Variants, kept, usable

MOST_TIMES = 8  # how often a statement is judged in one run
_VALUED = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)
_CHANGING = ("pop", "append", "extend", "insert", "remove", "clear", "update", "sort", "reverse", "fill", "at", "next")


@dataclass
class Local:
    """What a changed statement computes: right quantities as bits, and how often it was one of the times looked at.

    `strange` counts the times at which it was something that can't be known: no arrays, a shape that no quantity has,
    or a diagonal matrix, a factor of the chain rule written as a Jacobian.
    """

    bits: int = 0
    known: int = 0
    strange: int = 0
    times: int = 0


def judge(
    backward: Callable,
    units: list[Unit],
    edits: list[Edit],
    truth: Truth,
    puts: Sequence[Put] = (),
) -> dict[int, Local]:
    """For each edit that changes one assignment or return: what that would compute. Keys are places in `edits`.

    Edits that are missing in the answer can be judged by a run of the whole pass only. `puts` are right values to run
    the pass with.
    """
    names = [unit.node.name for unit in units if _changes_something(unit.node)]
    changing = re.compile(r"\b(" + "|".join([*_CHANGING, *map(re.escape, names)]) + r")\s*\(|:=|\b(yield|await)\b")
    by_slot: dict[int, dict[str, list[int]]] = {}
    found: dict[int, Local] = {}
    for number, edit in enumerate(edits):
        text = _expression(edit, changing)
        if text is not None:
            by_slot.setdefault(edit.parts[0].slot, {}).setdefault(text, []).append(number)
            found[number] = Local()
    codes = {
        slot: [(code, each) for text, each in group.items() if (code := _code(text))] for slot, group in by_slot.items()
    }
    times = dict.fromkeys(by_slot, 0)

    def at(slot: int, names: dict, local_names: dict) -> None:
        times[slot] += 1
        if times[slot] > MOST_TIMES:
            return
        space = {**names, **local_names, "__added__": _added, "__index__": _Index()}
        values, owners = [], []
        spend((1 + VALUE) * len(codes[slot]))
        for code, numbers in codes[slot]:
            try:
                value = kept(eval(code, space))
            except Exception:  # a candidate that makes no sense here; the pass itself is not touched by it
                continue
            if value is None:
                for number in numbers:
                    found[number].strange += 1
            elif usable(value):
                values.append(value)
                owners.append(numbers)
        for bits, numbers, value in zip(truth.recognize(values), owners, values, strict=True):
            strange = bits < 0 or (bits == 0 and _diagonal(value))
            for number in numbers:
                found[number].bits |= max(bits, 0)
                found[number].known += bits > 0
                found[number].strange += strange
        for _, numbers in codes[slot]:
            for number in numbers:
                found[number].times += 1

    watched = Variants(backward, units, [], [truth], at=(set(by_slot), at))
    watched.run(truth, (), puts)
    return found


def _expression(edit: Edit, changing: re.Pattern) -> str | None:
    """What the changed statement assigns, as an expression without effects; None if it can't be told from that."""
    code = edit.parts[0].code.strip()
    if len(edit.parts) != 1 or not code or changing.search(code):
        return None
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return None
    node = body[0]
    if len(body) != 1 or not isinstance(node, _VALUED) or node.value is None:
        return None
    value = ast.get_source_segment(code, node.value)
    if isinstance(node, ast.AugAssign):
        target, operator = ast.get_source_segment(code, node.target), OPERATORS.get(type(node.op))
        if operator is None:
            return None
        if isinstance(node.target, ast.Subscript):
            owner = ast.get_source_segment(code, node.target.value)
            index = target[target.index("[", len(owner)) + 1 : -1]
            return f"__added__({owner}, __index__[{index}], {target} {operator} ({value}))"
        return f"{target} {operator} ({value})"
    return f"({value})"


class _Index:
    """`_Index()[...]` is what stands in the brackets."""

    def __getitem__(self, index: Any) -> Any:
        return index


def _added(owner: Any, index: Any, value: Any) -> Any:
    """What a statement `owner[index] += ...` makes: the changed columns of a matrix as the whole matrix."""
    if type(owner) is not np.ndarray or owner.ndim == 1 or not isinstance(index, tuple):
        return value
    changed = owner.copy()
    changed[index] = value
    return changed


def _diagonal(value: Any) -> bool:
    if type(value) is list or value.ndim != 2 or value.shape[0] != value.shape[1]:
        return False
    return np.array_equal(value, np.diag(np.diag(value)))


def _code(text: str) -> types.CodeType | None:
    try:
        return compile(text, "<candidate>", "eval")
    except (SyntaxError, ValueError):
        return None


def _changes_something(function: ast.FunctionDef) -> bool:
    """Whether calling the function changes things outside of it, as far as its text tells."""
    for node in ast.walk(function):
        if isinstance(node, ast.AugAssign | ast.Global | ast.Nonlocal | ast.Delete):
            return True
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Subscript | ast.Attribute) for t in node.targets):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return True
    return False
