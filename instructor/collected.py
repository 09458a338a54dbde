"""An exercise's source and a submission compared with it: which exercise it is, which cells are there, what is odd.

Reads notebooks as plain JSON, since a submission may be no valid notebook at all. Imports the standard library, and
how to list things in a sentence.
"""

import ast
import codecs
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lstm_teach.validate import listing

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "instructor" / "exercises"
SOLUTION = re.compile(r" *### BEGIN SOLUTION\n.*? *### END SOLUTION\n?", re.DOTALL)
Say = Callable[[str, str], None]  # takes the name of a cell and a sentence about it
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS\n*", re.DOTALL)
SEED = re.compile(r"\bseed=\d+")
MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)  # a line of IPython's own
BLANK = r"""raise NotImplementedError|= (["'])\.\.\.\1"""  # what a cell has that nobody has written in
STUB = "# YOUR CODE HERE\nraise NotImplementedError()\n"  # what nbgrader puts instead of a solution


class Unreadable(Exception):
    """A file isn't a notebook; the message says why in plain words."""


@dataclass
class Cell:
    """A cell of an exercise's source, or of a submission: what it is called, "code" or "markdown", and its text.

    `heading` is the last one above it, `section` the last one that begins a task.
    """

    name: str
    kind: str
    text: str
    points: float | None = None  # of a graded one
    solution: bool = False
    heading: str = ""
    section: str = ""


@dataclass
class Exercise:
    """An exercise: its file's name without the ending, its title, and its cells in order."""

    name: str
    title: str
    cells: list[Cell]

    @property
    def tasks(self) -> list[Cell]:
        """The graded cells."""
        return [cell for cell in self.cells if cell.points is not None]

    @property
    def most(self) -> float:
        """All points together."""
        return sum(cell.points for cell in self.tasks)


@dataclass
class Plan:
    """What to do with a submission: `steps` in order, ("cell", name, text) or ("task", name, ""), and what to say.

    `notes` are about the submission, `task_notes` about one task each, by the name of its graded cell.
    """

    steps: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    task_notes: dict[str, list[str]] = field(default_factory=dict)


def read_raw(path: Path) -> dict:
    """A notebook as JSON, with a list of cells; `Unreadable` if it is none."""
    try:
        data = path.read_bytes()
        wide = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # as an old Windows editor saves it
        whole = json.loads(data.decode("utf-16" if wide else "utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is not a text file, so it isn't a notebook") from None
    except (ValueError, RecursionError):
        empty = path.stat().st_size == 0
        raise Unreadable("it is empty" if empty else "it is damaged, or it isn't a notebook") from None
    except OSError as error:
        raise Unreadable(f"it can't be opened ({error.strerror})") from None
    if isinstance(whole, dict) and isinstance(whole.get("worksheets"), list):
        raise Unreadable("it is in a format from before 2015; open it in Jupyter and save it, and it can be graded")
    if not isinstance(whole, dict) or not isinstance(whole.get("cells"), list):
        raise Unreadable("it holds no cells, so it isn't a notebook")
    if not all(isinstance(cell, dict) for cell in whole["cells"]):
        raise Unreadable("one of its cells is damaged")
    return whole


def read_cells(path: Path) -> tuple[list[Cell], dict]:
    """The cells of a notebook, and its metadata; `Unreadable` if it is none."""
    whole = read_raw(path)
    cells, heading, section = [], "", ""
    for raw in whole["cells"]:
        text = raw.get("source", "")
        text = "".join(map(str, text)) if isinstance(text, list) else str(text)
        metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
        graded = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
        kind = str(raw.get("cell_type", ""))
        for marks, words in re.findall(r"^(##+) +(.*)", text, re.MULTILINE) if kind == "markdown" else ():
            heading = words.strip()
            section = heading if marks == "##" else section
        name = str(graded.get("grade_id") or raw.get("id") or metadata.get("id") or "")  # the last one is Colab's
        number = graded.get("points")  # a submission may have anything there
        points = None
        if graded.get("grade") and kind == "code":
            points = float(number) if isinstance(number, int | float) and abs(number) < 1000 else 0.0
        cells.append(Cell(name, kind, text, points, bool(graded.get("solution")), heading, section))
    return cells, whole.get("metadata") if isinstance(whole.get("metadata"), dict) else {}


def exercise(path: Path) -> Exercise:
    """The exercise whose source is at `path`."""
    cells, _ = read_cells(path)
    title = next((found[1] for cell in cells if (found := re.search(r"^# +(.*)", cell.text, re.MULTILINE))), path.stem)
    return Exercise(path.stem, title.strip(), cells)


def exercises(folder: Path = SOURCES) -> list[Exercise]:
    """All exercises whose sources are in a folder, in order."""
    return [exercise(path) for path in sorted(folder.glob("*.ipynb"))]


def with_seed(source: str, seed: int | None) -> str:
    """A graded cell with another number to draw its cases with, where it has one."""
    return source if seed is None else SEED.sub(f"seed={seed}", source)


def seed_of(*words: str) -> int:
    """A number from 1 to a million that belongs to these words, a student's name and an exercise, say."""
    text = "/".join(" ".join(word.lower().split()) for word in words)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % 10**6 + 1


def released(cell: Cell) -> str:
    """What a learner finds in a cell."""
    return plain(HIDDEN.sub("", SOLUTION.sub(STUB, cell.text)))


def plain(text: str) -> str:
    """A text without what a learner may change by accident: indents, empty lines, and the comment that invites."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and line != "# YOUR CODE HERE")


def recognize(cells: list[Cell], known: list[Exercise]) -> tuple[Exercise | None, str]:
    """Which exercise a submission is, and why it is none of them."""
    names = {cell.name for cell in cells if cell.name}
    marked = {cell.name for cell in cells if _own_name(cell)}
    owns = {each.name: {cell.name for cell in each.cells if _own_name(cell)} for each in known}
    counts = {name: len(own & names) + len(own & marked) for name, own in owns.items()}
    best = max(known, key=lambda each: counts[each.name])
    if counts[best.name] > 1:  # one name without nbgrader's mark may be a lesson's
        return best, ""
    text = "\n".join(cell.text for cell in cells)
    for each in known:
        if each.title in text:
            return each, ""
    last = {_last_line(cell.text): each for each in known for cell in each.tasks}
    for cell in cells:
        if _last_line(cell.text) in last:
            return last[_last_line(cell.text)], ""
    return None, "it isn't one of the exercises: neither its cells nor its title belong to one"


def plan(cells: list[Cell], known: Exercise) -> Plan:
    """Compare a submission with its exercise: what to run in which order, and what is missing, doubled or changed."""
    result, by_name = Plan(), {cell.name: cell for cell in known.cells}
    own = identities(cells, known)
    belongs = _tasks_of(known)

    def say(name: str, sentence: str) -> None:
        notes = result.task_notes.setdefault(belongs[name], []) if belongs.get(name) else result.notes
        if sentence not in notes:
            notes.append(sentence)

    skip = _doubled(cells, own, by_name, say)
    skip |= _left_blank(cells, [name if n not in skip else "" for n, name in enumerate(own)], by_name, say)
    nameless, lost = lost_names(cells, known), []
    read = "\n".join(cell.text for cell in known.cells if _own_name(cell))
    for cell, name in zip(cells, own, strict=True):
        if name and by_name[name].kind == "code" and cell.kind != "code":
            what = "graded all the same" if by_name[name].points is not None else "what is in it can't run"
            say(name, f"The cell {name} has been turned into text: {what}.")
        elif name and _last_line(by_name[name].text) not in cell.text:  # "" for cells other than checks
            say(name, f"The check {name} differs from the one handed out; the task is graded all the same.")
    foreign = {n: each.name for n, each in enumerate(cells) if each.points is not None and not own[n]}
    if foreign:  # they can't run, and nothing was deleted
        checks = f"check{'s' * (len(foreign) > 1)} {listing([*foreign.values()])}"
        result.notes.append(f"It has the {checks} of another exercise, or of another version of this one.")
    gone = "isn't there" if foreign else "has been deleted"
    bound = set().union(*(bound_names(cell.text) for cell in cells if cell.kind == "code"))
    for cell in known.cells:
        if cell.kind != "code" or cell.name in own:
            continue
        if cell.points is not None:
            say(cell.name, f"The check {cell.name} {gone}; the task is graded all the same.")
        elif only_imports(cell.text):
            result.steps.append(("cell", cell.name, cell.text))
            if not nameless:
                say(cell.name, f"The cell {cell.name} {gone}; it has been put back, since others need it.")
        elif needed := sorted(name for name in bound_names(cell.text) if re.search(rf"\b{name}\b", read)):
            here = set(needed) <= bound
            if here and nameless:
                lost += needed
                continue
            are = "are" if needed[1:] else "is"
            what = f"{listing(needed)} {are} {'in another cell, which is graded' if here else 'missing'}"
            say(cell.name, f"The cell {cell.name} {gone}: {what}.")
    if lost:
        are = "are" if lost[1:] else "is"
        result.notes.append(f"Some cells have lost their names; {listing(lost)} {are} graded all the same.")
    handed_out = set().union(*(bound_names(cell.text) for cell in known.cells if cell.points is None))
    reached, first = set(), len(result.steps)  # imports run before all else, wherever they are
    for number, (cell, name) in enumerate(zip(cells, own, strict=True)):
        if name in {task.name for task in known.tasks}:
            if names := bound_names(added := _added(cell, by_name[name])):
                result.steps.append(("cell", name, added))
                for wanted in sorted(names & handed_out):
                    say(name, f"{wanted} is in the cell of the check {name}; it is graded all the same.")
            if name not in reached:
                reached.add(name)
                result.steps.append(("task", name, ""))
        elif cell.kind == "code" and number not in skip | foreign.keys() and cell.text.strip():
            step = ("cell", name, cell.text)
            if name and only_imports(by_name[name].text) and any(each[1] for each in result.steps[first:]):
                result.steps.insert(first, step)
                say(name, f"The cell {name} is below cells that need it; it is run first.")
            else:
                result.steps.append(step)
    result.steps += [("task", task.name, "") for task in known.tasks if task.name not in reached]
    return result


def _doubled(cells: list[Cell], own: list[str], by_name: dict[str, Cell], say: Say) -> set[int]:
    """Say which cells are there more than once; return the numbers of those that are left out."""
    skip: set[int] = set()
    for name in dict.fromkeys(each for each in own if each and own.count(each) > 1):
        numbers = [n for n, each in enumerate(own) if each == name]
        if by_name[name].kind != "code":
            continue
        times = "twice" if len(numbers) == 2 else f"{len(numbers)} times"
        if by_name[name].points is not None:
            say(name, f"The check {name} is there {times}; it counts once.")
        else:
            untouched = {n for n in numbers if plain(cells[n].text) == released(by_name[name])}
            if untouched and len(untouched) < len(numbers):
                skip |= untouched
            left = {cells[n].text.strip() for n in numbers if n not in skip}
            which = "they are alike" if len(left) == 1 else "the last one above its check counts"
            which = "the one that was worked on counts" if skip & set(numbers) and len(left) == 1 else which
            say(name, f"The cell {name} is there {times}; {which}.")
    return skip


def _left_blank(cells: list[Cell], own: list[str], by_name: dict[str, Cell], say: Say) -> set[int]:
    """Say which blanks were left as they are and filled in another cell; return their numbers, to be left out."""

    def code(text: str) -> list[str]:
        return [code for line in text.splitlines() if (code := line.partition("#")[0].strip())]

    blank: dict[int, set[str]] = {}
    for number, (cell, name) in enumerate(zip(cells, own, strict=True)):
        as_given = released(by_name[name]) if name and cell.kind == by_name[name].kind == "code" else ""
        if re.search(BLANK, as_given) and code(plain(cell.text)) == code(as_given):
            blank[number] = bound_names(cell.text)
    others = [cell.text for n, cell in enumerate(cells) if n not in blank and cell.kind == "code"]
    written = [line for text in others for line in map(ast.unparse, python(text)) if not re.search(BLANK, line)]
    elsewhere = set().union(*map(bound_names, written))
    skip = {number for number, names in blank.items() if names and names <= elsewhere}
    for number in skip:
        names = sorted(blank[number])
        where = f"{listing(names)} {'are' if names[1:] else 'is'} in another cell, which is graded"
        say(own[number], f"The cell {own[number]} is still empty: {where}.")
    return skip


def _own_name(cell: Cell) -> bool:
    """Whether a cell's name tells exercises apart; every notebook may have a cell called "imports"."""
    return cell.points is not None or cell.solution


def identities(cells: list[Cell], known: Exercise) -> list[str]:
    """Which cell of the exercise each cell is, by name; "" for one of the learner's own."""
    by_name = {cell.name: cell for cell in known.cells}
    tasks = {_last_line(cell.text): cell.name for cell in known.tasks}
    lost = lost_names(cells, known)
    return [_identity(cell, by_name, tasks, lost) for cell in cells]


def lost_names(cells: list[Cell], known: Exercise) -> bool:
    """Whether another program has taken the cells' names, or given them new ones; nbgrader's marks may be there yet."""
    return not {cell.name for cell in known.cells if not _own_name(cell)} & {cell.name for cell in cells}


def _identity(cell: Cell, by_name: dict[str, Cell], tasks: dict[str, str], lost: bool) -> str:
    """Which cell of the exercise it is: by its name or text, a check by its last line; "" for the learner's own."""
    if cell.name in by_name:
        return cell.name
    if cell.kind != "code":
        return ""
    may_be = (each for each in by_name.values() if each.kind == "code" and (each.solution or lost))
    as_released = (each.name for each in may_be if released(each) == plain(cell.text))
    return tasks.get(_last_line(cell.text), "") or next(as_released, "")


def _tasks_of(known: Exercise) -> dict[str, str]:
    """For each code cell the graded cell that comes next below it under the same heading, "" if none does."""
    found: dict[str, str] = {}
    for number, cell in enumerate(known.cells):
        below = (each for each in known.cells[number:] if each.points is not None and each.heading == cell.heading)
        task = next(below, None)
        found[cell.name] = task.name if task else ""
    return found


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    return lines[-1] if lines and ".points(" in lines[-1] else ""


def bound_names(text: str) -> set[str]:
    """The names that a cell gives something to, at its top level."""
    body = python(text)
    names = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in body if isinstance(node, ast.AnnAssign)]
    flat = [each for target in targets for each in getattr(target, "elts", [target])]  # of a, b = ...
    return names | {target.id for target in flat if isinstance(target, ast.Name)}


def python(text: str) -> list[ast.stmt]:
    """The statements of a cell, without lines of IPython's own such as %time or !pip."""
    return statements(text) or statements(MAGIC.sub("", text))


def statements(text: str) -> list[ast.stmt]:
    """The statements of a cell; none of one that is no Python."""
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _added(cell: Cell, given: Cell) -> str:
    """What a learner has written into the cell of a check, at its lines, without the check itself."""
    handed_out, lines = {ast.unparse(line) for line in statements(given.text)}, cell.text.split("\n")
    for line in python(cell.text) if cell.kind == "code" else ():
        if (code := ast.unparse(line)) in handed_out or ".points(" in code:
            lines[line.lineno - 1 : line.end_lineno] = [""] * (line.end_lineno - line.lineno + 1)
    return "\n".join(lines)


def only_imports(text: str) -> bool:
    """Whether a cell imports, and does nothing else."""
    body = statements(text)
    return bool(body) and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)
