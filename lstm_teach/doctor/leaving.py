"""Lines that should go: the changes of the text that leave out statements, or the `if` around some.

Imports slots and source.
"""

import ast
import itertools
import re
import textwrap
from collections.abc import Iterable

from lstm_teach.doctor.slots import blocks_in
from lstm_teach.doctor.source import Unit

Span = tuple[int, int]  # start and end in the text of a unit


def left_out(unit: Unit, spans: Iterable[Span]) -> list[tuple[int, int, str]]:
    """Changes that leave out the statements in which some places are, and blocks with nothing else in them."""
    text, merged = unit.text, []
    parts = [(start, text[start:end]) for start, end in spans]
    bare = [(start + len(part) - len(part.lstrip()), start + len(part.rstrip())) for start, part in parts]
    for start, end in sorted(map(unit.span, _gone(unit, unit.node, bare))):
        together = merged and re.fullmatch(r"[ \t]*;[ \t]*", text[merged[-1][1] : start])
        merged[-1:] = [(merged[-1][0], end)] if together else [*merged[-1:], (start, end)]
    changes = []
    for start, end in merged:  # with the semicolon on one side, or with the whole line
        first, last = unit.line_start(unit.row(start)), unit.line_start(unit.row(end - 1) + 1)
        before, after = text[first:start], text[end:last]
        if next_one := re.match(r"\s*;\s*(?=[^\s#])", after):
            end += next_one.end()
        elif before.strip():
            start = first + len(before.rstrip(" \t;"))
        else:
            start, end = first, last
        changes.append((start, end, ""))
    return changes


def always(unit: Unit, spans: Iterable[Span]) -> tuple[str, list[tuple[int, int, str]]]:
    """The head of the `if` in whose condition all these places are, and the change that leaves it out; or nothing."""
    for node in (node for node in ast.walk(unit.node) if isinstance(node, ast.If) and not node.orelse):
        (start, end), (test, colon), inner = unit.span(node), unit.span(node.test), unit.span(node.body[0])[0]
        if all(test <= first and last <= colon for first, last in spans):
            line, row = unit.line_start(unit.row(start)), unit.line_start(unit.row(inner))
            body = unit.text[max(row, inner if row == line else 0) : end]
            text = textwrap.indent(textwrap.dedent(body), unit.text[line:start])
            return unit.text[start:colon], [(line, unit.line_start(unit.row(end - 1) + 1), f"{text}\n")]
    return "", []


def _gone(unit: Unit, node: ast.stmt, spans: list[Span]) -> list[ast.stmt]:
    """A statement, if it is to be left out, or what is to be left out of its blocks."""
    inner = [one for holder, field in blocks_in(node) for one in getattr(holder, field)]
    gone, own = [_gone(unit, one, spans) for one in inner], _touching([unit.span(node)], spans)
    whole = own - _touching(map(unit.span, inner), spans) or (inner and gone == [[one] for one in inner])
    return [node] if whole and node is not unit.node else [*itertools.chain(*gone)]


def _touching(places: Iterable[Span], spans: list[Span]) -> set[Span]:
    """Those of the spans that share something with one of the places."""
    return {(s, e) for start, end in places for s, e in spans if s <= end and start <= e}
