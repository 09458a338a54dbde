"""The kinds of mistake a gradient can have, a finding, and words for it."""

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

Notes = dict[str, None]  # sentences; a dict keeps the order and drops repetitions
# What kind of mistake it is, and what to try next; some have other words for plain models.
FAMILIES: dict[str, dict] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class ModelFinding:
    """One thing that is wrong with a model's gradient or with its check.

    family     one of `FAMILIES`, or "raises" and "unusable" for a call that gave nothing to compare
    idea       the first level: what kind of mistake to look for
    place      which arrays and rows, from which T on
    evidence   how one can see it
    advice     what to try next
    """

    family: str
    idea: str
    place: str = ""
    evidence: str = ""
    advice: str = ""

    def __str__(self) -> str:
        return " ".join(text for text in (self.idea, self.place, self.evidence, self.advice) if text)


def finding(family: str, place: str, evidence: str = "") -> ModelFinding:
    """A finding of a known family."""
    words = FAMILIES[family]
    return ModelFinding(family, words["idea"], place, evidence, words["advice"])


def without_length(one: ModelFinding) -> ModelFinding:
    """The finding with no word of T, and in other words, for a model in which nothing goes from step to step."""
    plain = FAMILIES.get(one.family, {}).get("plain", {})
    return replace(one, place=no_length(one.place), evidence=no_length(one.evidence), **plain)


def no_length(text: str) -> str:
    """The text without "at T = 1"."""
    text = re.sub(r",? at (T = \d+( already)?|every length( tried)?)", "", text)
    return re.sub(r"At T = \d+,? (\w)", lambda found: found[1].upper(), text)
