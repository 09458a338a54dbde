"""Candidate edits by analogy: a statement made like one of its sisters, with its own names.

Four gates mean four statements of one pattern. Where one of them differs from another in the pattern and not in the
names only, it may be meant to be like it. Takes the maker of edits of one statement (`edits.Maker`). Imports scene and
slots.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections.abc import Iterator
from typing import Any

from lstm_teach.doctor.scene import is_vector
from lstm_teach.doctor.slots import Edit

_ALIKE = 0.6  # how much of two patterns has to be the same
_SHORTEST, _LONGEST = 6, 60  # tokens of a statement that is compared


def analogies(maker: Any, root: ast.AST) -> Iterator[Edit]:
    """The right-hand side with what it lacks and a sister has, without what no sister has, or both."""
    value, shape = getattr(root, "value", None), maker.scene.results.get(maker.slot.number)
    if not isinstance(root, ast.Assign | ast.AugAssign) or not is_vector(shape):
        return
    mine = _tokens(maker.seg(value))
    for slot in maker.scene.slots:
        sister = slot.node
        if slot.unit != maker.slot.unit or slot.kind != "statement" or sister is root or type(sister) is not type(root):
            continue
        its = _tokens(maker.seg(sister.value)) if maker.scene.results.get(slot.number) == shape else []
        a, b = ([_sign(token) for token in tokens] for tokens in (its, mine))
        if a == b or not all(_SHORTEST <= len(each) <= _LONGEST for each in (a, b)):
            continue
        matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
        if matcher.ratio() >= _ALIKE:
            for text in dict.fromkeys(_merged(its, mine, matcher.get_opcodes())):
                yield maker.swap("analogy", 1.5, value, text)


def _merged(its: list[str], mine: list[str], codes: list[tuple[str, int, int, int, int]]) -> Iterator[str]:
    """The sister's pattern in the words of `mine`: as it is, with what `mine` has besides, or what both have only."""
    words = {its[i1 + k]: mine[j1 + k] for tag, i1, i2, j1, _ in codes if tag == "equal" for k in range(i2 - i1)}
    letters = {a[-1]: b[-1] for a, b in words.items() if _sign(a) == "#" and a[:-1] == b[:-1] and a != b}

    def renamed(token: str) -> str:
        """In words that differ in the same letter: where `Wi` stands for `Wf`, `Ui` stands for `Uf`."""
        return words.get(token, token[:-1] + letters.get(token[-1], token[-1]) if _sign(token) == "#" else token)

    for theirs, own in ((True, False), (True, True), (False, False)):
        tokens = []
        for tag, i1, i2, j1, j2 in codes:
            if tag == "equal":
                tokens += mine[j1:j2]
            else:
                tokens += [renamed(token) for token in its[i1:i2]] * theirs + mine[j1:j2] * own
        text = "".join(f" {t} " if t in ("+", "-", "*", "/", "@", "**") else t + " " * (t == ",") for t in tokens)
        try:
            ast.parse(text.strip(), mode="eval")
        except SyntaxError:
            continue
        yield text.strip()


def _sign(token: str) -> str:
    """The pattern of a token: words are alike, and so are functions."""
    return "()" if token.endswith("(") else "#" if token.replace(".", "").isidentifier() else token


def _tokens(text: str) -> list[str]:
    """Names with their attributes as one, and functions with the bracket of their arguments."""
    try:
        every = [token.string for token in tokenize.generate_tokens(io.StringIO(f"({text})").readline)][1:-3]
    except (tokenize.TokenError, SyntaxError):
        return []
    tokens: list[str] = []
    for token in every:
        word = tokens and tokens[-1].replace(".", "").isidentifier()
        if word and (token in (".", "(") or tokens[-1].endswith(".")):
            tokens[-1] += token
        else:
            tokens.append(token)
    return tokens
