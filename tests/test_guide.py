"""The teacher's guide says what is there: links, headings, names, minutes, and the mistakes that checks know."""

import importlib
import re

import nbformat
import pytest
from projectfiles import ROOT

GUIDE = ROOT / "instructor" / "guide.md"
TEXT = GUIDE.read_text(encoding="utf-8")
PLANS = re.findall(r"^###? ([^\n]*?(\d+) minutes[^\n]*)\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL)


def rows(text):
    """The cells of every table row but the heads."""
    table = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return [row for n, row in enumerate(table) if row[0][:3] != "---" and table[n + 1 : n + 2] != [["---"] * len(row)]]


def lesson(number):
    """All code and all Markdown of a lesson."""
    (path,) = (ROOT / "notebooks").glob(f"{int(number):02}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return ("\n".join(c.source for c in cells if c.cell_type == kind) for kind in ("code", "markdown"))


def places(where):
    """(lesson, [headings or stop marks]) of a plan's second column."""
    return where[0], re.findall(r"\*\*(.*?)\*\*", where)


def position(markdown, place):
    """Where a heading or a stop mark stands in a lesson's Markdown; -1 if it does not."""
    if place.startswith("Stop here"):
        return markdown.replace("**", "").replace("\n", " ").find(place)
    headings = {m[1].replace("`", ""): m.start() for m in re.finditer(r"^##+ (.*)$", markdown, re.MULTILINE)}
    return headings.get(place, -1)


def section(title):
    return re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)[1]


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 15
    assert [link for link in links if not (GUIDE.parent / link).exists()] == []


def test_there_are_plans_for_50_90_and_three_sessions():
    assert [int(minutes) for _, minutes, _ in PLANS] == [50, 90, 90, 90, 90]


@pytest.mark.parametrize(("title", "minutes", "text"), PLANS, ids=[plan[0] for plan in PLANS])
def test_a_plan_names_what_the_lessons_have_in_their_order_and_its_minutes_add_up(title, minutes, text):
    assert sum(int(row[0]) for row in rows(text)) == int(minutes)
    last = ("", -1)
    for _, where, do in rows(text):
        number, names = places(where)
        code, markdown = lesson(number)
        assert names
        for name in names:
            at = number, position(markdown, name)
            assert at[1] >= 0, f"lesson {number} has no heading {name!r}"
            assert at > last, f"{name} stands before what the plan has before it"
            last = at
        assert [word for word in re.findall(r"`(\w+)`", do) if word not in code] == []


@pytest.mark.parametrize("number", range(7))
def test_every_prediction_of_a_lesson_is_in_the_guide_and_no_other(number):
    code, _ = lesson(number)
    asked = set(re.findall(r"^(my_\w+) = (?:[\"'{\d])", code, re.MULTILINE))
    told = [row[0] for row in rows(section(f"Lesson {number}"))]
    assert {re.match(r"`(\w+)`", cell)[1] for cell in told} == asked


def test_every_exercise_has_a_row():
    listed = re.findall(r"^\| \w+ \| `(\w+)` \|", section("Exercises"), re.MULTILINE)
    assert {path.stem for path in (ROOT / "instructor" / "exercises").glob("*.ipynb")} <= set(listed)


def test_the_mistakes_of_exercise_1_are_those_that_its_checks_are_tested_with():
    wrong = importlib.import_module("exercise_answers.forward_pass").WRONG
    told = [row for row in rows(section("Exercises")) if row[0].startswith("`check_")]
    assert {row[0].strip("`") for row in told} == set(wrong)
    assert [row for row in told if row[1] not in wrong[row[0].strip("`")]] == []


def test_every_wrong_letter_of_exercise_1_is_in_the_guide():
    module = importlib.import_module("lstm_teach.exercises.forward_pass")
    questions = [q for q in vars(module).values() if isinstance(q, module.Question) and q.options]
    told = {(row[0].strip("`"), row[1]) for row in rows(section("Exercises")) if row[0].startswith("`my_")}
    assert told == {(q.name, letter) for q in questions for letter in q.options if letter != q.right}


def test_the_commands_name_files_and_options_that_exist():
    commands = "\n".join(re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)) + "\n".join(re.findall(r"`([^`\n]+)`", TEXT))
    files = re.findall(r"(?:python3?|py|cp|-f) (?:LSTM/)?([\w/]+\.(?:py|ipynb|yml))", commands)
    assert {"start.py", "environment.yml", "instructor/grade.py", "benchmarks/class_of_30.py"} <= set(files)
    assert [name for name in files if not (ROOT / name).is_file()] == []
    for name, option in (("benchmarks/class_of_30.py", "--students"), ("instructor/release.py", "--check")):
        assert option in commands and option in (ROOT / name).read_text(encoding="utf-8")
