"""What is special to each lesson: its predictions and blanks (TOML), the cases they are judged on, library versions."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def spec_of(name: str) -> dict[str, Any]:
    """What the file of a lesson says. Raises ValueError if there is no such lesson."""
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise ValueError(f"There is no lesson called {name!r}; there are {known or 'none'}.")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def home_of(name: str) -> tuple[str, str]:
    """The lesson that has the learner write a function of that name, and its group of blanks there."""
    for path in sorted(FOLDER.glob("*.toml")):
        for group, spec in spec_of(path.stem).get("blanks", {}).items():
            if name in spec["names"] and isinstance(spec.get("library"), str):
                return path.stem, group
    raise KeyError(f"No lesson has a function {name!r} to write.")
