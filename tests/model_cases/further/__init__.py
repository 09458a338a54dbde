"""The models and faults of cases.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from tests.model_cases import of_text

MODELS = {one["name"]: one for one in tomllib.loads(Path(__file__).with_name("cases.toml").read_text())["model"]}
FAULTS = [(name, fault) for name, model in MODELS.items() for fault in model["fault"]]


def load(name: str, edits: list[list[str]] = ()) -> Callable:
    """`case` of a model, with changes in its text."""
    return of_text(MODELS[name]["text"], *edits)
