"""What is in a folder of collected submissions, and whose it is. Imports the standard library only.

It understands the names that learning platforms give, a folder for each student, and single files with any name.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

# Moodle: "Ada Lovelace_12345_assignsubmission_file_" is a folder, or the beginning of a file's name.
MOODLE = re.compile(r"(?P<student>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
# Canvas: "lovelaceada_LATE_12345_67890_exercise-1.ipynb" (user, upload; a number is added to a second upload).
CANVAS = re.compile(r"(?P<student>[^_]+)(?:_LATE)?_(?P<number>\d+)_\d+_(?P<file>.+)")
LEFT_OUT = {"__MACOSX", ".ipynb_checkpoints", "desktop.ini", "Thumbs.db"}


@dataclass(frozen=True)
class HandedIn:
    """A file of a student: `number` is the platform's for the student, "" if there is none."""

    student: str
    number: str
    path: Path
    is_notebook: bool = True


def find(folder: Path, exercises: Collection[str] = ()) -> list[HandedIn]:
    """Every notebook in a folder, and for a student without any the other files; sorted by student and file.

    `exercises` are names to leave out of a file's name when the student's is looked for there.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} isn't a folder{': unpack it first' if folder.suffix == '.zip' else ''}.")
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part in LEFT_OUT or part.startswith(".") for part in parts):
            student, number = owner(parts, exercises)
            found.append(HandedIn(student, number, path, path.suffix.lower() == ".ipynb"))
    with_notebook = {(each.student, each.number) for each in found if each.is_notebook}
    kept = [each for each in found if each.is_notebook or (each.student, each.number) not in with_notebook]
    return sorted(kept, key=lambda each: (each.student.lower(), each.number, each.path))


def owner(parts: tuple[str, ...], exercises: Collection[str] = ()) -> tuple[str, str]:
    """The student and the platform's number, by the folders and the name of a file below the collected folder."""
    if moodle := MOODLE.fullmatch(parts[0]):
        return moodle["student"].strip(), moodle["number"]
    if canvas := CANVAS.fullmatch(parts[-1]):
        return canvas["student"], canvas["number"]
    if len(parts) > 1:
        return parts[0], ""
    stem = Path(parts[0]).stem
    for name in exercises:
        stem = re.sub(re.escape(name), "", stem, flags=re.IGNORECASE)
    return stem.strip(" _-.") or Path(parts[0]).stem, ""


def is_same_person(one: str, other: str) -> bool:
    """Whether two ways to write a name have the same letters: "Ada Lovelace" and Canvas's "lovelaceada"."""

    def letters(name: str) -> list[str]:
        return sorted(letter for letter in name.lower() if letter.isalnum())

    return letters(one) == letters(other)
