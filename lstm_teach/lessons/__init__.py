"""What is special to each lesson: its predictions and blanks (TOML), the cases they are judged on, library versions."""

import functools
import pkgutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Blank:
    """One group of blanks, as the lesson's file describes it; see the docstring of blanks.py."""

    group: str
    names: tuple[str, ...]
    case: Callable[[], Iterator[dict[str, Any]]]
    library: Mapping[str, str] | str
    mistakes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    way: str = ""

    @property
    def is_function(self) -> bool:
        """Whether the learner writes a function, not values."""
        return isinstance(self.library, str)

    @property
    def helpers(self) -> dict[str, Callable]:
        """The functions of the lesson that it calls, as they should be."""
        return {name: pkgutil.resolve_name(path) for name, path in self.calls.items()}

    def cases(self) -> list[dict[str, Any]]:
        """Its cases, made anew."""
        return [case if self.is_function else case | self.helpers for case in self.case()]

    def library_value(self, name: str, namespace: Mapping[str, Any]) -> Any:
        """What the lesson goes on with: the library's function, or its line run with the names of the notebook."""
        if self.is_function:  # under a name that says whose it is, in a check of it too
            its = pkgutil.resolve_name(self.library)
            called = f"the library's {name}"
            return FunctionType(
                its.__code__.replace(co_qualname=called), its.__globals__, called, its.__defaults__, its.__closure__
            )
        return eval(self.library[name], {**namespace})


@functools.cache
def spec_of(name: str) -> dict[str, Any]:
    """What the file of a lesson says. Raises ValueError if there is no such lesson."""
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise ValueError(f"There is no lesson called {name!r}; there are {known or 'none'}.")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def blank_of(lesson: str, group: str) -> Blank:
    """A group of blanks of a lesson."""
    blanks = spec_of(lesson)["blanks"]
    spec = dict(blanks[group])
    names = spec["names"]
    case = pkgutil.resolve_name(f"lstm_teach.lessons.{spec['case']}")
    spec["case"] = functools.partial(case, *spec.pop("given", ()))
    others = [n for other in blanks.values() for n in other["names"] if n not in names]
    lent = [f"the library's {other}" for other in others]  # where the learner's own is open or wrong
    tools = {"sigmoid", "softmax"} - {*names, group}  # these are an answer only in the blank or group named after them
    spec["allow"] = [*spec.get("allow", ()), *lent, *tools]
    return Blank(group, **{key: tuple(v) if isinstance(v, list) else v for key, v in spec.items()})


def blank_of_function(name: str) -> Blank:
    """The blank of a function of that name, whichever lesson has the learner write it."""
    for path in sorted(FOLDER.glob("*.toml")):
        for group, spec in spec_of(path.stem).get("blanks", {}).items():
            if name in spec["names"] and isinstance(spec.get("library"), str):
                return blank_of(path.stem, group)
    raise KeyError(f"No lesson has a function {name!r} to write.")
