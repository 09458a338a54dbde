"""Make the learner's exercises and the pages of solutions from the sources in instructor/exercises.

    python instructor/release.py                      write notebooks/exercises and its folder solutions
    python instructor/release.py 01_forward_pass      only this exercise and its solutions (or: several)
    python instructor/release.py --check              write nothing; say what differs, and exit with 1 if anything does
    python instructor/release.py 01_forward_pass --students names.txt --to FOLDER

The last form gives every student numbers of their own: names.txt has a name on each line, and FOLDER gets a folder for
each with their notebook. The checks are the same, and draw their cases with a number that comes from the student's
name, so a friend's numbers don't fit; the guide lists the three that have none to draw. Grade these with
`grade.py --own-numbers`.

Needs nbgrader (the extra "grading" of this project). The learner's version is what nbgrader's own generate_assignment
makes of the source.
"""

import argparse
import importlib
import re
import sys
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASED = ROOT / "notebooks" / "exercises"
ASKED = re.compile(r"\bask\((\w+), (\w+)\)")  # ask(QUESTION, my_answer)
REGION = re.compile(r" *### BEGIN SOLUTION\n(.*?) *### END SOLUTION\n?", re.DOTALL)
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

import needed  # noqa: E402

try:
    import nbformat
    from collected import HIDDEN, SEED, SOURCES, seed_of, with_seed
    from nbgrader import preprocessors as steps

    from lstm_teach.exercises.questions import Question
except ModuleNotFoundError as error:
    if __name__ != "__main__":
        raise
    sys.exit(needed.missing(error.name))

# In the order of nbgrader's generate_assignment, without the step that writes to a course's database.
STEPS = (
    steps.LockCells,
    steps.ClearSolutions,
    steps.ClearOutput,
    steps.CheckCellMetadata,
    steps.ComputeChecksums,
    steps.ClearHiddenTests,
    steps.ClearMarkScheme,
    steps.ComputeChecksums,
    steps.CheckCellMetadata,
)


def sources() -> list[Path]:
    """The sources of all exercises, in order."""
    return sorted(SOURCES.glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook as it is in the file."""
    return nbformat.read(path, as_version=4)


def learners_version(source: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The source without solutions and hidden tests, locked and with checksums, as nbgrader releases it."""
    notebook, resources = nbformat.from_dict(source), {}
    for step in STEPS:
        notebook, resources = step().preprocess(notebook, resources)
    return notebook


def students_version(source: nbformat.NotebookNode, topic: str, student: str) -> nbformat.NotebookNode:
    """The learner's version with numbers of this student's: what draws a check's cases is in sight, with their seed."""
    notebook = nbformat.from_dict(source)
    for cell in notebook.cells:
        hidden = HIDDEN.search(cell.source) if cell.metadata.get("nbgrader", {}).get("grade") else None
        if hidden and SEED.search(hidden[1]):
            own = with_seed(hidden[1], seed_of("shown", topic, student))
            cell.source = HIDDEN.sub(lambda _, own=own: f"{own.rstrip()}\n\n", cell.source)
    notebook.metadata["lstm_teach"] = {"student": student}
    return learners_version(notebook)


def questions(notebook: nbformat.NotebookNode, topic: str) -> list[tuple[Question, str]]:
    """Every question that the notebook asks, with the name of the answer; `topic` is the source's name."""
    module = importlib.import_module(f"lstm_teach.exercises.{topic.partition('_')[2]}")  # 01_forward_pass: forward_pass
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return [(getattr(module, question), name) for question, name in ASKED.findall(code)]


def solutions_page(source: nbformat.NotebookNode, topic: str) -> str:
    """A page in Markdown with every solution folded away; nothing on it can be run by accident."""
    asked = {name: question for question, name in questions(source, topic)}
    title = re.search(r"^# (.*)", source.cells[0].source, re.MULTILINE)[1]
    page = [
        f"# Solutions. {title}",
        f"These are for [the exercise](../{topic}.ipynb). Open one only after two tries of your own.",
    ]
    heading = section = ""
    for cell in source.cells:
        if cell.cell_type == "markdown":
            for marks, heading in re.findall(r"^(##+) (.*)", cell.source, re.MULTILINE):
                section = heading if marks == "##" else section
            continue
        for code in REGION.findall(cell.source):
            why, code = split_comment(code)
            whole = REGION.sub(lambda _, code=code: code, cell.source)
            page += [f"## {section}", folded("Solution", f"{why}\n\n```python\n{whole.strip()}\n```")]
        for _, name in ASKED.findall(cell.source):
            page += [f"## {heading}", folded("Answer", answer_text(asked[name]))]
    return "\n\n".join(page) + "\n"


def split_comment(code: str) -> tuple[str, str]:
    """A solution's opening comment as one paragraph, and the rest of the code."""
    lines = code.splitlines(keepends=True)
    count = next((n for n, line in enumerate(lines) if not line.lstrip().startswith("#")), len(lines))
    return " ".join(line.strip().lstrip("# ") for line in lines[:count]), "".join(lines[count:])


def answer_text(question: Question) -> str:
    """The question, and the explanation of every option, in Markdown."""
    if not question.options:
        return f"{question.text}\n\n{question.reveal}"
    lines = [
        f"- **{letter}** {option.text} (**{'right' if letter == question.right else 'not this one'}**): {option.why}"
        for letter, option in question.options.items()
    ]
    return "\n".join([question.text, "", *lines])


def folded(summary: str, text: str) -> str:
    """Text in Markdown that opens on a click or on Enter."""
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def expected_files(names: Collection[str] = ()) -> dict[Path, str]:
    """Every released file with the text that it should have; or those of the exercises with these `names`."""
    files = {}
    for path in sources():
        if not names or path.stem in names:
            source = read(path)
            files[RELEASED / path.name] = nbformat.writes(learners_version(source)) + "\n"
            files[RELEASED / "solutions" / f"{path.stem}.md"] = solutions_page(source, path.stem)
    return files


def drift(names: Collection[str] = ()) -> list[str]:
    """What is released differently from what the sources generate; one sentence for each file."""
    expected = expected_files(names)
    released = {*RELEASED.glob("*.ipynb"), *(RELEASED / "solutions").glob("*.md")} if not names else set()
    found = [f"{path.relative_to(ROOT)} has no source." for path in sorted(released - set(expected))]
    for path, text in expected.items():
        if not path.is_file():
            found.append(f"{path.relative_to(ROOT)} is missing.")
        elif path.read_text(encoding="utf-8") != text:
            found.append(f"{path.relative_to(ROOT)} is not what its source generates.")
    return found


def listed(path: Path) -> tuple[list[str], list[str]]:
    """The students' names in a file, and a sentence for each that has the same folder as one before it."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # Excel's "Text" on Windows
    found: dict[str, str] = {}
    said = []
    for student in filter(None, map(str.strip, text.splitlines())):
        first = found.setdefault(place_of(student).lower(), student)  # Windows and Mac tell no Ada from an ADA
        if first is not student:
            said.append(f"{student} gets no notebook: {first} has the same folder. Add a number to one of the names.")
    return list(found.values()), said


def place_of(student: str) -> str:
    """The name of a student's folder."""
    return re.sub(r'[<>:"/\\|?*\s]+', " ", student).strip(" .")


def for_students(names: Collection[str], students: Collection[str], to: Path) -> dict[Path, str]:
    """A notebook of each exercise for each student, by its place below the folder `to`."""
    files = {}
    for path in sources():
        for student in students if not names or path.stem in names else ():
            version = students_version(read(path), path.stem, student)
            files[to / place_of(student) / path.name] = nbformat.writes(version) + "\n"
    return files


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="an exercise, such as 01_forward_pass (default: all)")
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--students", type=Path, help="a file with the name of a student on each line")
    parser.add_argument("--to", type=Path, help="the folder for the students' notebooks")
    options = parser.parse_args(arguments)
    names = [name.removesuffix(".ipynb") for name in options.names]
    if unknown := sorted(set(names) - {path.stem for path in sources()}):
        parser.error(f"no exercise is called {', '.join(unknown)}; there are {', '.join(p.stem for p in sources())}")
    if bool(options.students) != bool(options.to):
        parser.error("--students and --to belong together")
    if options.check:
        print("\n".join(found := drift(names)) or "The released exercises are what their sources generate.")
        return 1 if found else 0
    files = expected_files(names)
    if options.students:
        try:
            students, said = listed(options.students)
        except OSError as error:
            parser.error(f"{options.students} can't be read: {error.strerror}")
        if not students:
            parser.error(f"{options.students} has no names in it")
        print("".join(f"{sentence}\n" for sentence in said), end="")
        files = for_students(names, students, options.to)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a pipe on Windows can't encode every name
    sys.exit(main(sys.argv[1:]))
