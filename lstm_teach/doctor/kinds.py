"""The kinds of edits: all that is known of them by name. Imports nothing.

Each has its sentence in kinds.toml. The sets below say what is special about some: go through them for a new kind.
"""

import tomllib
from pathlib import Path

ADDED = {"missing statement"}  # puts a line where none was
MOVED = {"moved", "moved in", "moved out"}  # puts a statement elsewhere, as it is
ANEW = {"equation", "returned"}  # writes a whole statement: the largest change, so another of the same goes first
# May change gradients that don't depend on its statement as it is.
ELSEWHERE = MOVED | {"target", "assignment", "copy", "number type"}
# Repairs what spoils a value that was right, so the report names no quantity.
SPOILED = MOVED | {"extra statement", "copy", "in place"}
# May change long sequences or large numbers alone: clipping, a cut-off walk. If only those are wrong, others cost more.
CUTTING = {"unwrapped", "extra statement", "range", "constant", "condition", "slice", "dropped factor", "dropped term"}
STANDING = {"order": 0.6, "returned": 1.4}  # extra cost for reordering names that are already in the right order
APART = {"crossed"}  # reported as one edit for each of its statements, so it has no sentence
SAID = {"argument", "initial state", "letters", "orders"}  # has a sentence (see causes), but no edit is of that kind

_BY_IDEA = tomllib.loads(Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8"))
IDEAS = {kind: said for said, causes in _BY_IDEA.items() for kind in causes}  # the first level of a finding
CAUSES = {kind: said for causes in _BY_IDEA.values() for kind, said in causes.items()}
KINDS = (CAUSES.keys() | APART) - SAID  # an edit is of one of these
# More cost the more edits of a kind are made for one that is needed.
PRIOR: dict[str, float] = tomllib.loads(Path(__file__).with_name("prior.toml").read_text(encoding="utf-8"))
