"""The corpus of broken backward passes, see doctor_cases/README.md: read it, draw from it, define its functions.

Imports the standard library only.
"""

from __future__ import annotations

import functools
import json
import linecache
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "doctor_cases"
SPLITS = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@dataclass(frozen=True)
class Broken:
    """A backward pass with one to five faults.

    id        the name of the right pass and a number, "einar/2"
    source    "list" if a program broke it, by a list of common mistakes; "hand" if the faults were thought out
    what      what was broken, in words
    lines     for each fault the numbers of the lines that may be named for it
    text      the source, with everything it needs
    function  the name of the backward pass in it
    """

    id: str
    source: str
    what: str
    lines: tuple[frozenset[int], ...]
    text: str
    function: str

    @property
    def hand(self) -> str:
        """The name of the right pass that it comes from: one way of writing."""
        return self.id.rpartition("/")[0]


@functools.cache
def _read(split: str) -> dict:
    return json.loads((FOLDER / f"{split}.json").read_text(encoding="utf-8"))


def passes(split: str) -> dict[str, tuple[str, str]]:
    """`{name: (source, name of the backward function)}` of the right passes of a split."""
    return {name: (each["text"], each["function"]) for name, each in _read(split)["passes"].items()}


def cases(split: str) -> list[Broken]:
    """All broken passes of a split. A change `[first, last, new]` replaces the lines first to last - 1, from 0."""
    found = []
    for case in _read(split)["cases"]:
        right = _read(split)["passes"][case["pass"]]
        lines = right["text"].splitlines()
        for first, last, new in reversed(case["changed"]):
            lines[first:last] = new
        places = tuple(frozenset(each) for each in case["lines"])
        text = "\n".join(lines) + "\n"
        found.append(Broken(case["id"], case["source"], case["what"], places, text, right["function"]))
    return found


def sample(split: str, count: int, seed: int = 1) -> list[Broken]:
    """So many cases, drawn at random, three single faults to two of several, from as many hands as there are."""
    rng, every = random.Random(seed), cases(split)
    rng.shuffle(every)
    chosen: list[Broken] = []
    for several, share in ((False, count - 2 * count // 5), (True, 2 * count // 5)):
        some = [case for case in every if (len(case.lines) > 1) == several]
        times: dict[str, int] = {}
        rank: dict[str, int] = {}
        for case in some:  # the first of each hand, then the second of each
            rank[case.id] = times[case.hand] = times.get(case.hand, 0) + 1
        chosen += sorted(some, key=lambda case: rank[case.id])[:share]
    return chosen


def define(text: str, function: str, cell: str) -> Callable:
    """Define the function as a notebook cell would."""
    linecache.cache[cell] = (len(text), None, text.splitlines(keepends=True), cell)
    space = {"__name__": "__main__"}
    exec(compile(text, cell, "exec"), space)
    return space[function]
