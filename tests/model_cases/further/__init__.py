"""The models and faults of cases.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

MODELS = {one["name"]: one for one in tomllib.loads(Path(__file__).with_name("cases.toml").read_text())["model"]}
FAULTS = [(name, fault) for name, model in MODELS.items() for fault in model["fault"]]


def load(name: str, edits: list[list[str]] = ()) -> Callable:
    """`case` of a model, with changes in its text."""
    text = MODELS[name]["text"]
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        text = text.replace(old, new)
    space: dict = {"__name__": f"tests.model_cases.further.{name}"}
    exec(compile(text, f"<{name}>", "exec"), space)
    return space["case"]
