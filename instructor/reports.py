"""What came of grading, for people and for learning platforms: tables, a page for each student, a summary.

A record is a dictionary: student, number (the platform's, or ""), file, exercise, title, points (None if not graded),
most, problem, notes, and tasks as score.py returns them. Imports the standard library and the library's html.
"""

import csv
import io
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from lstm_teach import html
from lstm_teach.validate import amount, listing
from lstm_teach.verdicts import MARKS, hints_html

SENTENCES = re.compile(r"(?<=[.?])\s+")
FINAL = MARKS | {"wrong": ("✗", "not right"), "open": ("○", "not written")}  # nothing can be changed anymore
UNKNOWN = "wrong numbers that match no known mistake"
NUMBERS = re.compile(r"\byours is\b|\d\.\d|steps?, wrong:")  # sentences about numbers, which differ by student
WRITTEN_HERE = '<meta name="generator" content="instructor/grade.py">'  # tells a page from one that somebody else wrote
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; } h2 { font-size: 1.25em; margin-top: 2em; } h3 { font-size: 1.05em; margin: 1.6em 0 .3em; }
table { border-collapse: collapse; margin: 1em 0; } th, td { text-align: left; padding: 4px 12px 4px 0; }
th, td { border-bottom: 1px solid #ddd; vertical-align: top; } td.number, th.number { text-align: right; }
ul { margin: .3em 0; } ul.parts { list-style: none; padding: 0 0 .5em; } ul.parts div { margin-left: 1.5em; }
pre { background: #f5f5f5; padding: .6em .8em; overflow-x: auto; font-size: 14px; }
.note { border-left: 4px solid #E69F00; padding-left: .8em; } .points { color: #555; font-weight: normal; }
"""


# -------------------------------------------------------------------------------------- tables


def points_table(records: Sequence[dict]) -> str:
    """One row for each submission: the student, the points of every task, all points, and what there is to say."""
    several = len({record["exercise"] for record in records if record["exercise"]}) > 1
    columns: dict[str, None] = {}
    for record in sorted(records, key=lambda record: record["exercise"]):
        columns |= dict.fromkeys(_column(record, task, several) for task in record["tasks"])
    head = ["student", "number", "exercise", "file", *columns, "points", "of", "note"]
    rows = []
    for record in records:
        earned = {_column(record, task, several): f"{task['points']:g}" for task in record["tasks"]}
        points = "" if record["points"] is None else f"{record['points']:g}"
        tasks = [earned.get(column, "") for column in columns]
        start = [record[key] for key in ("student", "number", "exercise", "file")]
        rows.append([*start, *tasks, points, f"{record['most']:g}" if record["most"] else "", remarks(record)])
    return _csv([head, *rows])


def _column(record: dict, task: dict, several: bool) -> str:
    return f"{record['exercise']}: {task['name']}" if several else task["name"]


def moodle_table(records: Sequence[dict]) -> str:
    """Moodle's grading worksheet of an assignment: upload it where "Offline grading worksheet" is switched on."""
    head = ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments"]
    rows = [
        [f"Participant {r['number']}", r["student"], f"{r['points']:g}", f"{r['most']:g}", "-", comment(r)]
        for r in to_upload(records)
    ]
    return _csv([head, *rows])


def canvas_table(records: Sequence[dict], column: str = "") -> str:
    """What Canvas's gradebook imports; `column` is its name of the assignment, with a number: "Exercise 1 (4711)"."""
    graded = to_upload(records)
    column = column or (graded[0]["title"] if graded else "Exercise")
    head = ["Student", "ID", "Section", column]
    most = ["    Points Possible", "", "", f"{graded[0]['most']:g}" if graded else ""]
    return _csv([head, most, *([r["student"], r["number"], "", f"{r['points']:g}"] for r in graded)])


def left_out(records: Sequence[dict]) -> list[str]:
    """Why submissions are not in a platform's table; students without a number from the platform share a sentence."""
    uploaded, exercise = {id(record) for record in to_upload(records)}, most_handed_in(records)
    found, nameless = [], {}
    for record in records:
        if id(record) not in uploaded:
            number = record["number"]
            others = [each for each in records if each["number"] == number and each["student"] != record["student"]]
            why = "is not the only file" if number else ""
            if not is_judged(record):
                why = "was not graded" if record["points"] is None else "was not judged completely"
            elif number and others:
                why = f"has the number {number}, and so has {others[0]['file']} by {others[0]['student']}"
            if record["exercise"] not in ("", exercise):
                why = f"is {record['exercise']}, and the table is for {exercise}"
            if why:
                found.append(f"{record['student']} is not in the table: {record['file']} {why}.")
            else:
                nameless[record["student"]] = None
    if nameless:
        are = "are" if len(nameless) > 1 else "is"
        why = "neither file name nor folder name has a number from the platform"
        found.append(f"{listing(nameless)} {are} not in the table: {why}.")
    return found


def most_handed_in(records: Sequence[dict]) -> str:
    """The exercise that a platform's table is for; a stray file of another one is left out."""
    counts = Counter(record["exercise"] for record in records if record["exercise"])
    return counts.most_common(1)[0][0] if counts else ""


def is_judged(record: dict) -> bool:
    """Whether a submission was graded, and all of it."""
    return record["points"] is not None and not any(task.get("unjudged") for task in record["tasks"])


def to_upload(records: Sequence[dict]) -> list[dict]:
    """The records that a platform can take: graded, of a known student, and the only one with this number."""
    exercise = most_handed_in(records)
    records = [record for record in records if record["exercise"] in ("", exercise)]
    times = Counter(record["number"] for record in records)
    return [record for record in records if is_judged(record) and record["number"] and times[record["number"]] == 1]


def _csv(rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_harmless(str(cell)) for cell in row] for row in rows)
    return stream.getvalue()


def _harmless(text: str) -> str:
    """A spreadsheet would take a text that begins like this for a formula, and a student chooses a file's name."""
    return f"'{text}" if re.match(r"[=@+\t\r]|-[^\d]", text) and text != "-" else text


# -------------------------------------------------------------------------------------- sentences


def remarks(record: dict) -> str:
    """Everything odd about a submission in one line."""
    notes = [record["problem"], *record["notes"], *(note for task in record["tasks"] for note in task["notes"])]
    return " ".join(note for note in notes if note)


def comment(record: dict) -> str:
    """The points of every task in one line, for a platform's column of comments."""
    tasks = (f"{task['heading'] or task['name']}: {task['points']:g} of {task['most']:g}" for task in record["tasks"])
    return "; ".join([*tasks, *filter(None, [remarks(record)])])


def mistakes(task: dict) -> list[str]:
    """What is off in a task, in words that are the same for everybody who made the same mistake."""
    if task.get("problem"):
        return [_general(task["problem"])]
    if "answer" in task:
        _, state, problem = task["parts"][0]
        if task["answer"]:
            return [f"answered {task['answer']}: {task.get('answer_text', '')}"] if state == "wrong" else []
        return ["answered with none of the letters" if problem else "not answered"]
    found = []
    for _, state, sentence in task["parts"]:
        if state == "open" or "still raises NotImplementedError" in sentence:
            found.append("not written")
        elif state == "wrong" and "in the earlier parts" not in sentence:  # those have said it
            known = [each for each in SENTENCES.split(sentence) if not NUMBERS.search(each)]
            found.append(_general(" ".join(known)) if known else UNKNOWN)
    return list(dict.fromkeys(each for each in found if each != UNKNOWN or len(set(found)) == 1))


def _general(sentence: str) -> str:
    """A sentence without what differs from student to student: decimal fractions, shapes, the learner's own line."""
    sentence = re.sub(r", at line \d+: .*", ".", sentence)
    sentence = re.sub(r"\(\d+,( \d+,?)*\)", "(…)", sentence)
    if " raised " in sentence:
        sentence = re.sub(r"\d+(\.\d+)?", "…", sentence)
    return re.sub(r"-?\d+\.\d+(e[-+]?\d+)?|\d+e[-+]\d+", "…", sentence)


# -------------------------------------------------------------------------------------- pages


def page(title: str, content: str) -> str:
    """A whole page that needs nothing else."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    head = f"<head>{head}{WRITTEN_HERE}<style>{STYLE}</style></head>"
    return f'<!doctype html>\n<html lang="en">{head}\n<body>{content}</body></html>\n'


def feedback_page(records: Sequence[dict]) -> str:
    """What a student gets to see: points, what is right, what is off and where, hints. No hidden test and no seed."""
    student = records[0]["student"]
    parts = [f"<h1>Feedback for {escape(student)}</h1>"]
    for record in records:
        title = record["title"] or record["file"]
        points = "not graded" if record["points"] is None else _points(record["points"], record["most"])
        parts.append(f'<h2>{escape(title)} <span class="points">({points})</span></h2>')
        unpack = ", which your teacher has to unpack first."
        problem = re.sub(r" with .* inside; unpack it .*", unpack, record["problem"], flags=re.DOTALL)
        parts += [_note(note) for note in (problem, *record["notes"]) if note]
        parts += [task_section(task) for task in record["tasks"]]
    return page(f"Feedback for {student}", "\n".join(parts))


def task_section(task: dict) -> str:
    """What there is to say of one task, as HTML."""
    title = task["heading"] or task["name"]
    head = f'{escape(title)} <span class="points">({_points(task["points"], task["most"])})</span>'
    parts = [f"<section><h3>{head}</h3>", *(_note(note) for note in task["notes"])]
    if task.get("problem"):
        parts += [html.prose(task["problem"]), html.prose(task.get("question", ""))]
        parts.append(hints_html(task.get("hints", ())))
    elif "answer" in task:
        parts.append(html.prose(task.get("question", "")))
        mark, word = FINAL[task["parts"][0][1]]
        said = f"{task['answer']}, {task['answer_text']}" if task["answer"] else None
        said = said or ("it could not be read" if task["parts"][0][2] else "no answer")
        parts.append(f"<p><strong>{mark} {word if task['answer'] else 'open'}:</strong> {html.inline(said)}</p>")
        parts.append(html.prose(task.get("why", "") or task["parts"][0][2]))
    else:
        parts += [html.prose(task.get("said", "")), '<ul class="parts">']
        alike: dict[tuple, list[str]] = {}  # parts of which the same is said share a line
        for name, *said in task["parts"]:
            alike.setdefault(tuple(said), []).append(name)
        for (state, sentence), names in alike.items():
            mark, word = FINAL[state]
            said = "".join(f"<div>{html.inline(line)}</div>" for line in sentence.splitlines())
            parts.append(f"<li><strong>{mark} {word}:</strong> {html.inline(', '.join(names))}{said}</li>")
        parts.append("</ul>")
        if task["points"] < task["most"]:
            parts.append(hints_html(task.get("hints", ())))
    if task.get("code"):
        parts.append(html.fold("Your cell", html.code(task["code"])))
    return "\n".join([*parts, "</section>"])


def _points(points: float, most: float) -> str:
    return f"{points:g} of {most:g} point{'s' * (most != 1)}"


def _note(text: str) -> str:
    return f'<p class="note">{html.inline(text)}</p>'


def summary(records: Sequence[dict]) -> list[dict]:
    """For each exercise and task: how many have all, some or none of the points, and which mistakes, how often."""
    found, counted = [], _counted(records)
    for name in sorted({record["exercise"] for record in counted}):
        graded = [record for record in counted if record["exercise"] == name]
        tasks = []
        for number, first in enumerate(graded[0]["tasks"]):
            each = [record["tasks"][number] for record in graded]
            made = Counter(sentence for task in each for sentence in mistakes(task))
            full = sum(task["points"] == task["most"] for task in each)
            none = sum(task["points"] == 0 for task in each)
            tasks.append(
                {"heading": first["heading"] or first["name"], "most": first["most"], "full": full, "none": none}
                | {"some": len(each) - full - none, "mean": statistics.fmean(task["points"] for task in each)}
                | {"mistakes": made.most_common(), "name": first["name"]}
            )
        points = [record["points"] for record in graded]
        found.append(
            {"title": graded[0]["title"], "number": len(graded), "most": graded[0]["most"], "tasks": tasks}
            | {"mean": statistics.fmean(points), "median": statistics.median(points)}
        )
    return found


def summary_text(records: Sequence[dict]) -> str:
    """The summary for a terminal."""
    lines = []
    for each in summary(records):
        lines += [each["title"], "=" * len(each["title"]), _overall(each), ""]
        for task in each["tasks"]:
            lines.append(f"{task['heading']} ({task['name']}): {_shares(task)}")
            lines += [f"  {number:>3} x  {sentence}" for sentence, number in task["mistakes"]]
        lines.append("")
    lines += _not_counted(records)
    return "\n".join(lines).rstrip() + "\n"


def summary_page(records: Sequence[dict]) -> str:
    """The summary as a page."""
    parts = ["<h1>Which mistakes, how often</h1>"]
    for each in summary(records):
        parts.append(f"<h2>{escape(each['title'])}</h2><p>{escape(_overall(each))}</p>")
        for task in each["tasks"]:
            parts.append(f"<h3>{escape(task['heading'])}</h3><p>{escape(_shares(task))}</p>")
            rows = "".join(
                f'<tr><td class="number">{number}</td><td>{html.inline(sentence)}</td></tr>'
                for sentence, number in task["mistakes"]
            )
            head = '<tr><th class="number" scope="col">students</th><th scope="col">what is off</th></tr>'
            parts.append(f"<table>{head}{rows}</table>" if rows else "")
    missing = _not_counted(records)
    parts += [f"<h2>{missing[0]}</h2>{html.bullets(missing[1:])}"] if missing else []
    return page("Which mistakes, how often", "\n".join(parts))


def _overall(each: dict) -> str:
    return (
        f"{amount(each['number'], 'student')}. Average {each['mean']:.1f} of {each['most']:g} points, "
        f"median {each['median']:g}."
    )


def _shares(task: dict) -> str:
    counts = f"All points: {amount(task['full'], 'student')}, some: {task['some']}, none: {task['none']}."
    return f"{counts} Average {task['mean']:.1f} of {amount('{:g}'.format(task['most']), 'point')}."


def _counted(records: Sequence[dict]) -> list[dict]:
    """What was graded, without any exercise that a student has handed in more than once, as far as can be told."""
    unread = {(record["student"], record["number"]) for record in records if not record["exercise"]}
    graded = [r for r in records if r["points"] is not None and (r["student"], r["number"]) not in unread]
    times = Counter((record["student"], record["number"], record["exercise"]) for record in graded)
    return [record for record in graded if times[record["student"], record["number"], record["exercise"]] == 1]


def _not_counted(records: Sequence[dict]) -> list[str]:
    counted, several = _counted(records), "One of several files by the same student."
    rows = [f"{r['student']}, {r['file']}: {r['problem'] or several}" for r in records if r not in counted]
    return ["Not counted", *rows] if rows else []
