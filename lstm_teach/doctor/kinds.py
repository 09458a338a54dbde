"""The kinds of edits: all that is known of them by name. Imports nothing.

Each has a line in kinds.toml: the sentence that is said of it, under the kind of mistake to look for. The sets below
hold those that are treated in a special way. Go through them when you add a kind; most are in none.
"""

import tomllib
from pathlib import Path
from typing import Any

ADDED = {"missing statement"}  # puts a line where none was
MOVED = {"moved", "moved in", "moved out"}  # puts a statement elsewhere, as it is
ANEW = {"equation", "returned"}  # writes a whole statement: the largest change, so another of the same goes first
# Changes something else than what depends on its statement.
ELSEWHERE = MOVED | {"target", "assignment", "copy", "number type"}
# Repairs what spoils a value that was right, so the report names no quantity.
SPOILED = MOVED | {"extra statement", "copy", "in place"}
# May change long sequences or large numbers only: clipping, a walk that is cut off, a fixed size.
CUTTING = {"unwrapped", "extra statement", "range", "constant", "condition", "slice", "dropped factor", "dropped term"}
STANDING = {"order": 0.6, "returned": 1.4}  # extra cost for reordering names that are already in the right order
APART = {"crossed"}  # reported as one edit for each of its statements, so it has no sentence
SAID = {"argument", "initial state", "letters", "orders"}  # has a sentence (see causes), but no edit is of that kind


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


_BY_IDEA = _table("kinds.toml")
IDEAS = {kind: said for said, causes in _BY_IDEA.items() for kind in causes}  # the first level of a finding
CAUSES = {kind: said for causes in _BY_IDEA.values() for kind, said in causes.items()}
KINDS = (CAUSES.keys() | APART) - SAID  # an edit is of one of these
PRIOR: dict[str, float] = _table("prior.toml")  # by kind, more cost the more edits are made for one that is needed
