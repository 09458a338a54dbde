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


def library_of(name: str) -> str:
    """Where the library's version of a function is that some lesson has the learner write."""
    for path in sorted(FOLDER.glob("*.toml")):
        for spec in spec_of(path.stem).get("blanks", {}).values():
            if name in spec["names"] and isinstance(spec.get("library"), str):
                return spec["library"]
    raise KeyError(f"No lesson has a function {name!r} to write.")
