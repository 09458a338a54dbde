"""The teacher's guide says what is there: links, headings, names, minutes, and the mistakes that checks know."""

import importlib
import re

import nbformat
import pytest
from projectfiles import ROOT

GUIDE = ROOT / "instructor" / "guide.md"
TEXT = GUIDE.read_text(encoding="utf-8")
EXERCISES = sorted(path.stem for path in (ROOT / "instructor" / "exercises").glob("*.ipynb"))
ENDS = {"Summary", "Where next"}
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


def exercise(topic):
    """The part about an exercise; it names the source."""
    number = int(topic.partition("_")[0])
    part = section("Mixed exam" if topic.endswith("exam") else f"Exercise {number}")
    assert f"exercises/{topic}.ipynb" in part
    return part


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 15
    assert [link for link in links if not (GUIDE.parent / link).exists()] == []


def test_there_are_plans_for_50_90_three_sessions_and_the_clinic():
    assert [int(minutes) for _, minutes, _ in PLANS] == [50, 90, 90, 90, 90, 90]


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


@pytest.mark.parametrize("number", range(8))
def test_every_prediction_of_a_lesson_is_in_the_guide_and_no_other(number):
    code, _ = lesson(number)
    asked = set(re.findall(r"^(my_\w+) = (?:[\"'{\d])", code, re.MULTILINE))
    told = [row[0] for row in rows(section(f"Lesson {number}"))]
    assert {re.match(r"`(\w+)`", cell)[1] for cell in told} == asked


def test_every_exercise_has_a_row():
    listed = re.findall(r"^\| \w+ \| `(\w+)` \|", section("Exercises"), re.MULTILINE)
    assert listed == EXERCISES


@pytest.mark.parametrize("number", range(8))
def test_what_to_say_has_a_row_for_every_heading_of_the_lesson_in_its_order(number):
    code, markdown = lesson(number)
    headings = [m[1] for m in re.finditer(r"^###? (.*)$", markdown, re.MULTILINE)]
    told = rows(section(f"At the cells of lesson {number}"))
    assert [re.fullmatch(r"\*\*(.*)\*\*", row[0])[1] for row in told] == [h for h in headings if h not in ENDS]
    assert [word for row in told for word in re.findall(r"`(\w+)`", row[1]) if word not in code] == []
    assert all(row[1].endswith((".", "?")) for row in told)


def test_the_letters_of_the_clinic_are_those_that_the_lesson_tells():
    (path,) = (ROOT / "notebooks").glob("07_*.ipynb")
    cells = {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
    told = dict(re.findall(r"^\| `my_case_(\d+)` \((\w)\)", section("Lesson 7"), re.MULTILINE))
    assert told == {str(n): re.search(r"Family (\w)", cells[f"case-{n}-answer"])[1] for n in range(1, 11)}
    lines = re.search(r"`my_number_of_lines` \((\d)\)", section("Lesson 7"))[1]
    assert lines == "7" and "the question's seven lines" in cells["summary"]


@pytest.mark.parametrize("topic", EXERCISES, ids=EXERCISES)
def test_the_mistakes_of_an_exercise_are_those_that_its_checks_are_tested_with(topic):
    """Every check has a row, and every mistake is one that tests/test_exercise_checks.py sees rejected."""
    wrong = importlib.import_module(f"exercise_answers.{topic.partition('_')[2]}").WRONG
    told = [row for row in rows(exercise(topic)) if row[0].startswith("`check_")]
    assert {row[0].strip("`") for row in told} == set(wrong)
    assert [row for row in told if row[1] not in wrong[row[0].strip("`")]] == []
    assert len({(row[0], row[1]) for row in told}) == len(told)
    assert all(row[3].endswith("?") for row in told)


@pytest.mark.parametrize("topic", EXERCISES, ids=EXERCISES)
def test_every_wrong_letter_of_an_exercise_is_in_the_guide(topic):
    module = importlib.import_module(f"lstm_teach.exercises.{topic.partition('_')[2]}")
    questions = [q for q in vars(module).values() if isinstance(q, module.Question) and q.options]
    told = [(row[0].strip("`"), row[1]) for row in rows(exercise(topic)) if row[0].startswith("`my_")]
    assert sorted(told) == sorted((q.name, letter) for q in questions for letter in q.options if letter != q.right)


def test_the_exam_is_told_with_its_points_and_minutes():
    title = nbformat.read(ROOT / "notebooks" / "exercises" / "07_mixed_exam.ipynb", as_version=4).cells[0].source
    minutes, points = re.search(r"\*\*Time\*\*: (\d+).*\*\*Points\*\*: (\d+)", title, re.DOTALL).groups()
    assert f"{minutes} minutes, {points} points" in section("Mixed exam")
    assert f"the mixed exam takes {minutes}" in section("Exercises")
    assert f"no lesson has, {points} points" in section("Exercises")


def test_the_commands_name_files_and_options_that_exist():
    commands = "\n".join(re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)) + "\n".join(re.findall(r"`([^`\n]+)`", TEXT))
    files = re.findall(r"(?:python3?|py|cp|-f) (?:LSTM/)?([\w/]+\.(?:py|ipynb|yml))", commands)
    assert {"start.py", "environment.yml", "instructor/grade.py", "benchmarks/class_of_30.py"} <= set(files)
    assert [name for name in files if not (ROOT / name).is_file()] == []
    for name, option in (("benchmarks/class_of_30.py", "--students"), ("instructor/release.py", "--check")):
        assert option in commands and option in (ROOT / name).read_text(encoding="utf-8")
