"""What is in a folder of collected submissions, and whose it is. Imports the standard library only.

It understands the names that learning platforms give, a folder for each student, and single files with any name.
"""

import codecs
import re
import unicodedata
import zipfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path
from typing import Any

# Moodle: "Ada Lovelace_12345_assignsubmission_file_" is a folder, or the beginning of a file's name; the student has
# chosen what comes after it, so the first such words count.
MOODLE = re.compile(r"(?P<student>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
# Canvas: "lovelaceada_LATE_12345_67890_exercise-1.ipynb" (user, upload; a number is added to a second upload).
CANVAS = re.compile(r"(?P<student>[^_]+)(?:_LATE)?_(?P<number>\d{2,})_(?P<upload>\d{3,})_(?P<file>.+)")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})
LEFT_OUT = {"__MACOSX", ".ipynb_checkpoints", "desktop.ini", "Thumbs.db"}


@dataclass(frozen=True)
class HandedIn:
    """A file of a student, or a folder without any: `number` is the platform's for the student, "" if there is none."""

    student: str
    number: str
    path: Path
    is_notebook: bool = True


def find(folder: Path, exercises: Collection[str] = (), results: Path | None = None) -> list[HandedIn]:
    """Every notebook in a folder; for a student without any the other files, or the empty folder. Sorted by student.

    A notebook under another name, such as x.ipynb.txt, counts as one if its student has no other.

    `exercises` are names to leave out of a file's name when the student's is looked for there; what is in the folder of
    `results` was not handed in.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} isn't a folder{': unpack it first' if folder.suffix == '.zip' else ''}.")
    found, top = [], _top(folder)
    uploads = [CANVAS.fullmatch(path.name) for path in _inside(top) if path.is_file()]
    each_once = len({match["upload"] for match in uploads if match})  # a date, as in "work_30_11_2026", comes again
    for path in sorted(top.rglob("*")):
        parts = path.relative_to(top).parts
        if path.is_file() and not any(_is_left_out(part) for part in parts) and results not in path.parents:
            student, number = owner(parts, exercises, canvas=2 * each_once > len(uploads))
            found.append(HandedIn(student, number, path, path.suffix.lower() == ".ipynb"))
    for path in _inside(top):
        ours = results is not None and path in (results, *results.parents)
        if path.is_dir() and not ours and not any(path in each.path.parents for each in found):
            found.append(HandedIn(*owner((path.name, "")), path, is_notebook=False))
    kept, students = [], {(each.student, each.number): [] for each in found}
    for each in found:
        students[each.student, each.number].append(each)
    for files in students.values():
        called_so = [each for each in files if each.is_notebook]
        others = () if called_so else [replace(each, is_notebook=True) for each in files if _holds_cells(each.path)]
        kept += called_so or others or files
    return sorted(kept, key=lambda each: (each.student.lower(), each.number, each.path))


def in_archive(path: Path) -> str:
    """That a file is an archive with notebooks in it, as the end of a sentence; "" if it is none."""
    with suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".ipynb") and "__MACOSX" not in name]
        if names:
            return f"it is an archive with {printable(', '.join(names))} inside; unpack it and grade this student again"
    return ""


def _holds_cells(path: Path) -> bool:
    """Whether a file is a notebook by what is in it; a browser may call it x.ipynb.txt or x.json."""
    with suppress(OSError), path.open("rb") as stream:
        start = stream.read(100).removeprefix(codecs.BOM_UTF8).lstrip()
        return start.startswith(b"{") and b'"cells"' in start + stream.read()
    return False


def _is_left_out(name: str) -> bool:
    return name in LEFT_OUT or name.startswith(".")


def _inside(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not _is_left_out(path.name)]


def _top(folder: Path) -> Path:
    """The folder itself; or, where it holds only a folder that unpacking has made around all of them, that one."""
    while len(inside := _inside(folder)) == 1 and inside[0].is_dir():
        below = _inside(inside[0])
        if sum(path.is_dir() or bool(CANVAS.fullmatch(path.name)) for path in below) < 2:
            break  # a single student's
        folder = inside[0]
    return folder


def owner(parts: tuple[str, ...], exercises: Collection[str] = (), canvas: bool = True) -> tuple[str, str]:
    """The student and the platform's number, by the folders and the name of a file below the collected folder.

    `canvas` says whether the files there are called as Canvas calls them.
    """
    parts = tuple(unicodedata.normalize("NFC", printable(part)) for part in parts)  # a Mac's archive has it otherwise
    for part in parts:
        if moodle := MOODLE.fullmatch(part):
            return moodle["student"].strip(), moodle["number"]
    if len(parts) > 1:
        return parts[0], ""
    if canvas and (found := CANVAS.fullmatch(parts[0])):
        return found["student"], found["number"]
    stem = Path(parts[0]).stem.removesuffix(".ipynb")
    for name in exercises:
        stem = re.sub(re.escape(name), "", stem, flags=re.IGNORECASE)
    return stem.strip(" _-.") or Path(parts[0]).stem, ""


def printable(value: Any) -> Any:
    """A text, or each one in lists and dictionaries, without characters that a terminal would obey.

    The two joiners that some scripts need inside of words, and some emoji, stay.
    """
    if isinstance(value, dict):
        return {printable(key): printable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [printable(each) for each in value]
    if not isinstance(value, str):
        return value
    return "".join(letter if letter.isprintable() or letter in "\n\t\u200c\u200d" else "\ufffd" for letter in value)


def is_same_person(one: str, other: str) -> bool:
    """Whether two ways to write a name have the same words: "Jürgen Müller", "Müller, Jürgen", "muellerjuergen"."""

    def joined(name: list[str], words: list[str]) -> bool:  # as Canvas does it
        return len(name) == 1 and len(words) < 7 and any("".join(order) == name[0] for order in permutations(words))

    pairs = product(_spellings(one), _spellings(other))
    return any(sorted(a) == sorted(b) or joined(a, b) or joined(b, a) for a, b in pairs)


def _spellings(name: str) -> list[list[str]]:
    """The words of a name in small letters, with umlauts as two letters and as one."""
    whole = re.sub("['’`]", "", unicodedata.normalize("NFC", name).lower())
    marks = "".join(letter for letter in unicodedata.normalize("NFD", whole) if not unicodedata.combining(letter))
    return [re.findall(r"[^\W_]+", text) for text in (whole.translate(UMLAUTS), marks)]
