"""Grade a folder of submissions, each in processes with limits, and say what came of it.

    python instructor/grade.py FOLDER                       a folder of notebooks as a learning platform exports them
    python instructor/grade.py FOLDER --student "Ada L"     grade this student again
    python instructor/grade.py FOLDER --format moodle       also a table that Moodle imports (or: canvas)
    python instructor/grade.py COURSE ASSIGNMENT            a course of nbgrader's (see nbgrader_course.py)

The files may have any names; which exercise a notebook is, its cells tell. Beside FOLDER, in FOLDER_graded, are then
points.csv (a row for each submission, a column for each task), feedback/ (a page for each student) and summary.html
(for the teacher: which mistakes, how often; summary.txt is the same). What is odd about a submission (a deleted or
doubled cell, a second file, a file that can't be read) is said there and in the table that is printed. All of this is
written anew each time; a points.csv that you have changed is kept as points_before_DATE.csv.

No line of a submission runs in the process that judges it (see score.py), so nothing that a notebook does can change
its points. That process keeps a submission from files, programs and the network as far as Python can. It doesn't
stop malice: submissions run with your rights, so grade those of strangers in a container or as another user. The
limit of memory holds on Linux only.
"""

import argparse
import contextlib
import csv
import importlib.util
import io
import itertools
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import needed  # noqa: E402

try:
    import apart
    import collected
    import handed_in
    import reports
except ModuleNotFoundError as error:
    if __name__ != "__main__":
        raise
    sys.exit(needed.missing(error.name))

SEVERAL = re.compile(r"One of \d+ (submissions of this exercise|files) by the same student(, .*)?\.")
STRAY = re.compile(r"This is \S+, but most have handed in \S+\.")


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code: 1 if any submission was not graded."""
    options = parser().parse_args(arguments)
    options.folder = options.folder.resolve()
    if found := unsuitable(options):
        print(found, file=sys.stderr)
        return 2
    if options.assignment:
        sys.modules.setdefault("rfc3987_syntax", None)  # jsonschema would spend two seconds on grammars not needed here
        from nbgrader_course import main as grade_course

        return grade_course(options)
    out = (options.to or options.folder.with_name(f"{options.folder.name}_graded")).resolve()
    table = last_table(out)
    try:
        records, complete = grade_folder(options, out)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if not records:
        return 1
    keep_changes(out, table)
    write(records, out, complete)
    if options.format:
        write_platform(records, out, options)
    print(f"\nThe points are in {out / 'points.csv'}, and a page for each student in {out / 'feedback'}.")
    print(f"Which mistakes were made, and how often, is in {out / 'summary.html'}.")
    return 0 if complete and all(map(reports.is_judged, records)) else 1


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("folder", type=Path, help="of collected notebooks, or a course of nbgrader's")
    found.add_argument("assignment", nargs="?", help="of nbgrader's; without it FOLDER is graded without nbgrader")
    found.add_argument("--to", type=Path, help="where the results go (default: FOLDER_graded)")
    found.add_argument("--student", help="grade this student's submissions again, and leave the others as they are")
    found.add_argument("--format", choices=("moodle", "canvas"), help="also write a table that this platform imports")
    found.add_argument("--column", default="", help="what Canvas calls the assignment, for example 'Exercise 1 (4711)'")
    found.add_argument("--exercises", type=Path, default=collected.SOURCES, help="folder of the exercises' sources")
    found.add_argument("--own-numbers", action="store_true", help="draw the cases of each student's checks anew")
    found.add_argument("--seconds", type=float, default=300, help="for one submission (default: 300)")
    found.add_argument("--cell-seconds", type=int, default=30, help="for one cell (default: 30)")
    found.add_argument("--memory", type=int, default=4096, help="in MB, for one submission (default: 4096)")
    found.add_argument("--jobs", type=int, default=1, help="submissions to grade at a time (default: 1)")
    found.add_argument("--one", metavar="STUDENT", help=argparse.SUPPRESS)  # in the process of one, with nbgrader
    return found


def unsuitable(options: argparse.Namespace) -> str:
    """Why the command can't be meant so, in a sentence; "" if it can."""
    if any(limit <= 0 for limit in (options.seconds, options.cell_seconds, options.memory, options.jobs)):
        return "--seconds, --cell-seconds, --memory and --jobs should be above 0."
    if options.assignment:
        given = {"--own-numbers": options.own_numbers, "--format": options.format, "--to": options.to}
        wrong = [name for name, value in (given | {"--jobs": options.jobs > 1}).items() if value]
        if wrong:
            return f"{', '.join(wrong)}: not for a course of nbgrader's."
        return "" if importlib.util.find_spec("nbgrader") else needed.missing("nbgrader")
    assignments = sorted({path.name for path in options.folder.glob("submitted/*/*") if path.is_dir()})
    if assignments and any((options.folder / name).exists() for name in ("source", "release", "gradebook.db")):
        return f"{options.folder} is a course of nbgrader's: add the assignment ({' or '.join(assignments)})."
    return ""


def grade_folder(options: argparse.Namespace, out: Path) -> tuple[list[dict], bool]:
    """Grade what is in the folder, printing a line for each; return a record for each submission (see reports.py).

    And whether that is all of them: Ctrl-C ends the grading, not what comes after it. The records are in results.json
    as they come.
    """
    known = collected.exercises(options.exercises)
    if not known:
        raise ValueError(f"{options.exercises} holds no exercises.")
    files = handed_in.find(options.folder, [each.name for each in known], out)
    if not files:
        raise ValueError(f"There is nothing to grade in {options.folder}.")
    earlier: list[dict] = []
    if options.student:
        chosen = [each for each in files if handed_in.is_same_person(each.student, options.student)]
        if not chosen:
            names = ", ".join(sorted({each.student for each in files}))
            raise ValueError(f"No submission belongs to {options.student}. The students are: {names}.")
        if (out / "results.json").is_file():
            earlier = json.loads((out / "results.json").read_text(encoding="utf-8"))
            earlier = [each for each in earlier if not handed_in.is_same_person(each["student"], options.student)]
        there = {place_of(each, options) for each in files}
        for gone in [each for each in earlier if each["file"] not in there]:
            earlier.remove(gone)
            print(f"{gone['student']} is taken out of the results: {gone['file']} is no longer there.")
        files = chosen
    if sentence := one_folder(files, options):
        print(sentence)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"The folder {out} can't be made ({error.strerror}).") from None
    print(f"{'student':<24} {'points':>7} {'of':>5}  {'exercise':<24} note")
    records, pool = [*earlier], ThreadPoolExecutor(max(1, options.jobs))
    try:
        for record in pool.map(lambda each: graded(each, known, options), files):
            records.append(record)
            write_text(out / "results.json", json.dumps(records, indent=1))
            points = "-" if record["points"] is None else f"{record['points']:g}"
            note = reports.remarks(record)
            line = f"{record['student']:<24} {points:>7} {record['most']:>5g}  {record['exercise']:<24} {note}"
            print(line.rstrip(), flush=True)
    except KeyboardInterrupt:
        print(f"\nStopped: {len(records) - len(earlier)} of {len(files)} submissions have been graded.")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        apart.end_all()
    complete = len(records) == len(earlier) + len(files)
    records.sort(key=lambda each: (each["student"].lower(), each["file"]))
    for sentence in several(records):
        print(sentence)
    return records, complete


def one_folder(files: list[handed_in.HandedIn], options: argparse.Namespace) -> str:
    """What to do if all files are in one folder, and so count as one student's; "" if they don't."""
    first = files[0].path.relative_to(options.folder).parts
    others = any(each.student != files[0].student or each.number for each in files)
    if others or len(files) < 3 or len(first) < 2:
        return ""
    whose = f"All {len(files)} files are in the folder {handed_in.printable(first[0])}, so they count as one student's."
    return f"{whose} If they are a whole class's, grade that folder instead: {options.folder / first[0]}"


def place_of(file: handed_in.HandedIn, options: argparse.Namespace) -> str:
    """Where a file is in the collected folder."""
    return handed_in.printable(file.path.relative_to(options.folder).as_posix())


def graded(file: handed_in.HandedIn, known: list[collected.Exercise], options: argparse.Namespace) -> dict:
    """The record of one file; a file that this program can't cope with costs the others nothing."""
    try:
        return grade_file(file, known, options)
    except Exception as error:
        failed = handed_in.printable(f"{type(error).__name__}: {error}")
        return empty_record(file, options) | {"problem": f"Not graded: grade.py itself has failed ({failed})."}


def empty_record(file: handed_in.HandedIn, options: argparse.Namespace) -> dict:
    """The record of a file that has not been graded."""
    record = {"student": file.student, "number": file.number, "file": place_of(file, options)}
    return record | {"exercise": "", "title": "", "points": None, "most": 0, "problem": "", "notes": [], "tasks": []}


def grade_file(file: handed_in.HandedIn, known: list[collected.Exercise], options: argparse.Namespace) -> dict:
    """The record of one file."""
    record = empty_record(file, options)
    if not file.is_notebook:
        why = "it isn't a notebook, and this student handed in no notebook"
        why = "the folder is empty" if file.path.is_dir() else handed_in.in_archive(file.path) or why
        return record | {"problem": f"Not graded: {why}."}
    try:
        cells, metadata = collected.read_cells(file.path)
    except collected.Unreadable as error:
        return record | {"problem": f"Not graded: {error}."}
    exercise, problem = collected.recognize(cells, known)
    if exercise is None:
        return record | {"problem": f"Not graded: {problem}."}
    record |= {"exercise": exercise.name, "title": exercise.title, "most": exercise.most}
    seed = collected.seed_of("graded", exercise.name, file.student) if options.own_numbers else None
    result = apart.score(file.path, options.exercises / f"{exercise.name}.ipynb", options, seed)
    if isinstance(result, str):
        return record | {"problem": f"Not graded: {result}."}
    notes, made_for = result["notes"], metadata.get("lstm_teach", {})
    made_for = made_for.get("student") if isinstance(made_for, dict) else None
    made_for = handed_in.printable(made_for)
    if isinstance(made_for, str) and not handed_in.is_same_person(made_for, file.student):
        notes = [*notes, f"This notebook was made for {made_for}."]
    if file.number and f"_LATE_{file.number}_" in file.path.name:
        notes = [*notes, "Canvas has marked this as late."]
    points = round(sum(task["points"] for task in result["tasks"]), 2)
    return record | {"points": points, "notes": notes, "tasks": result["tasks"]}


def several(records: list[dict]) -> list[str]:
    """Say it, in the records too, where a student has handed in an exercise more than once, or another than most.

    A file that can't be read may be any exercise, so with one of these all files of its student are taken together.
    """
    found, students = [], {}
    for record in records:
        record["notes"] = [note for note in record["notes"] if not (SEVERAL.fullmatch(note) or STRAY.fullmatch(note))]
        students.setdefault((record["student"], record["number"]), []).append(record)
    for (student, _), own in students.items():
        known = all(record["exercise"] for record in own)
        for exercise in dict.fromkeys(record["exercise"] if known else "" for record in own):
            alike = [record for record in own if not known or record["exercise"] == exercise]
            if (count := len(alike)) == 1:
                continue
            for record in alike:
                what = "submissions of this exercise" if known else "files"
                unread = "" if known else f", of which {sum(not each['exercise'] for each in own)} can't be graded"
                record["notes"].append(f"One of {count} {what} by the same student{unread}.")
            what = f"{exercise} {count} times" if known else f"{count} files"
            end = "each is graded, none is chosen" if known else "not all can be graded, and none is chosen"
            found.append(f"{student} has handed in {what} ({', '.join(record['file'] for record in alike)}): {end}.")
    most = reports.most_handed_in(records)
    usual = [record for record in records if record["exercise"] == most]
    for (student, _), own in students.items() if 2 * len(usual) > len(records) else ():
        for record in own if all(each["exercise"] not in ("", most) for each in own) else ():
            end = f"but most have handed in {most}."
            record["notes"].append(f"This is {record['exercise']}, {end}")
            found.append(f"{student} has handed in {record['exercise']} ({record['file']}), {end}")
    return found


def last_table(out: Path) -> str | None:
    """The table of points that belongs to the results there; None if there are none that can be read."""
    try:
        return reports.points_table(json.loads((out / "results.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def keep_changes(out: Path, table: str | None) -> None:
    """Put a table of points aside that is not as it was written, since somebody may have entered marks there."""

    def rows(text: str | None) -> list[list[str]]:  # without what a spreadsheet changes: quotation marks, line ends
        return [row for row in csv.reader(io.StringIO(text or "")) if any(row)]

    path, stem = out / "points.csv", f"points_before_{date.today()}"
    try:
        if not path.is_file() or rows(path.read_text(encoding="utf-8-sig", errors="replace")) == rows(table):
            return
    except (OSError, csv.Error):
        pass  # what can't be read is kept as well
    names = itertools.chain([f"{stem}.csv"], (f"{stem}_{count}.csv" for count in itertools.count(2)))
    kept = next(out / name for name in names if not (out / name).exists())
    try:
        path.rename(kept)
        said = f"it is kept as {kept.name}, and its changes are not in the new one."
    except OSError as error:
        said = f"it could not be kept ({error.strerror})."
    print(f"\npoints.csv seems to have been changed by hand; {said}")


def write(records: list[dict], out: Path, complete: bool = True) -> None:
    """Write the results, the table of points and the pages; if that is all, remove other pages of an earlier run."""
    (out / "feedback").mkdir(parents=True, exist_ok=True)
    texts = {"results.json": json.dumps(records, indent=1), "points.csv": reports.points_table(records)}
    texts |= {"summary.txt": reports.summary_text(records), "summary.html": reports.summary_page(records)}
    pages: dict[tuple[str, str, str], list[dict]] = {}
    for record in records:  # of several files by one student without a number each may be somebody else's
        unsure = not record["number"] and any(SEVERAL.fullmatch(note) for note in record["notes"])
        pages.setdefault((record["student"], record["number"], record["file"] if unsure else ""), []).append(record)
    for (student, number, file), own in pages.items():
        words = re.sub(r"[^\w-]+", "_", file or student).strip("_")
        words = words.encode()[:150].decode(errors="ignore")  # a file's name has 255 bytes at most
        name = wanted = "_".join(filter(None, (words, number))) or "student"
        for count in itertools.count(2):
            if f"feedback/{name}.html" not in texts:
                break
            name = f"{wanted}_{count}"
        texts[f"feedback/{name}.html"] = reports.feedback_page(own)
    for name, text in texts.items():
        write_text(out / name, text)
    for path in (out / "feedback").glob("*.html") if complete else ():
        with contextlib.suppress(OSError):
            old = f"feedback/{path.name}" not in texts
            if old and reports.WRITTEN_HERE in path.read_text(encoding="utf-8", errors="replace"):
                path.unlink()


def write_platform(records: list[dict], out: Path, options: argparse.Namespace) -> None:
    """Write the table that a platform imports, and say who is not in it."""
    tables = {"moodle": reports.moodle_table, "canvas": lambda each: reports.canvas_table(each, options.column)}
    write_text(out / f"{options.format}.csv", tables[options.format](records))
    platform = options.format.title()
    there = f"For {platform}: {out / options.format}.csv"
    print(f"\n{there}" if reports.to_upload(records) else f"\nNo line for {platform} could be written.")
    print("".join(f"{sentence}\n" for sentence in reports.left_out(records)), end="")


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all; one that can't be written (a spreadsheet may have it open) costs no other."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        print(f"{path} could not be written ({error.strerror}): is it open in another program?", file=sys.stderr)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a pipe on Windows can't encode every name
    sys.exit(main(sys.argv[1:]))
