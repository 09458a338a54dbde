"""The teacher's guide says what is there: links, headings, numbers, and the answers that lessons and checks know."""

import importlib
import inspect
import re
import runpy
import tomllib

import nbformat
import pytest
from projectfiles import ROOT

from lstm_teach.edited import made
from lstm_teach.exercises.questions import Question
from lstm_teach.lessons.loop import MISTAKES, PRODUCTS, posted_loop
from lstm_teach.lessons.repairs import flaws_left

GUIDE = ROOT / "instructor" / "guide.md"
TEXT = GUIDE.read_text(encoding="utf-8")
TABLE = runpy.run_path(str(ROOT / "instructor" / "lesson_table.py"))
LESSONS = TABLE["lessons"]()
EXERCISES = sorted(path.stem for path in (ROOT / "instructor" / "exercises").glob("*.ipynb"))
ENDS = {"Summary", "Where next"}
PLANS = re.findall(r"^###? ([^\n]*?(\d+) minutes[^\n]*)\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL)


def tables(text):
    """The tables of a part, by the first cell of their head: the rows below it, as lists of cells."""
    found = {}
    for lines in re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines.splitlines()]
        assert all(len(row) == len(head) for row in rows), f"a row of {head} has another number of cells"
        found.setdefault(head[0], []).extend(rows)
    return found


def section(title):
    return re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)[1]


def cells(name, kind):
    """All code or all Markdown of a lesson."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == kind)


def headings(name):
    """The lesson's headings in order, without its title and its end."""
    found = re.findall(r"^##+ (.*)$", cells(name, "markdown"), re.MULTILINE)
    return [heading for heading in found if heading not in ENDS]


def bold(text):
    return re.findall(r"\*\*(.*?)\*\*", text)


def code_in(text):
    return re.findall(r"`([^`]*)`", text)


def judged(name):
    """The lesson's blanks that are judged, by group, and its predictions in the order of the page; from its file."""
    file = tomllib.loads((ROOT / "lstm_teach" / "lessons" / f"{name}.toml").read_text(encoding="utf-8"))
    asked = TABLE["PREDICT"].findall(cells(name, "code"))
    groups = TABLE["JUDGE"].findall(cells(name, "code"))
    return {group: file["blanks"][group] for group in groups}, {one: file["predictions"][one] for one in asked}


def known_mistakes(group):
    """(name, expression, sentence) of every mistake that a group of blanks has words for."""
    for part, table in group.get("mistakes", {}).items():
        names = group["names"] if len(group["names"]) == 1 else [part]
        yield from ((name, *mistake) for name in {part, *names} for mistake in table.items())


def test_every_link_leads_to_a_file_or_a_heading():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 15
    assert [link for link in links if not (GUIDE.parent / link).exists()] == []
    titles = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", TEXT, re.M)}
    assert [place for place in re.findall(r"\]\(#([^)]+)\)", TEXT) if place not in titles] == []


# ------------------------------------------------------------------------------------------ the plans


def test_there_are_plans_for_50_90_three_sessions_and_the_clinic():
    assert [int(minutes) for _, minutes, _ in PLANS] == [50, 90, 90, 90, 90, 90]


@pytest.mark.parametrize(("title", "minutes", "text"), PLANS, ids=[plan[0] for plan in PLANS])
def test_a_plan_names_what_the_lessons_have_in_their_order_and_its_minutes_add_up(title, minutes, text):
    rows = tables(text)["minutes"]
    assert sum(int(row[0]) for row in rows) == int(minutes)
    last = (-1, -1)
    for _, where, do in rows:
        number, places = int(where[0]), bold(where)
        assert places
        for place in places:
            at = number, headings(LESSONS[number]).index(place)
            assert at > last, f"{place} comes before what the plan has above it"
            last = at
        assert [word for word in code_in(do) if word not in cells(LESSONS[number], "code")] == []
    used = {int(row[1][0]) for row in rows}
    assert {int(n) for n in re.findall(r"\.\./notebooks/(\d\d)_", text)} >= used, "a lesson of the plan has no link"
    named = bold(text.partition("| minutes")[0])
    assert [place for place in named if not any(place in headings(LESSONS[n]) for n in used)] == []


def test_the_clinic_fits_into_50_minutes_where_the_guide_says_so():
    _, _, text = PLANS[-1]
    case = re.search(r"For 50 minutes, stop after case (\d)", text)[1]
    rows = tables(text)["minutes"]
    last = next(n for n, row in enumerate(rows) if f"**Case {case}**" in row[1])
    assert 40 <= sum(int(row[0]) for row in rows[: last + 1]) <= 50


# ------------------------------------------------------------------------------------------ the lessons


def test_the_numbers_of_the_lessons_are_those_that_the_script_counts():
    rows = tables(section("The lessons in numbers"))["lesson"]
    counted = {name: TABLE["count"](name) for name in LESSONS}
    now = [[name, *map(str, found.values()), f"{TABLE['minutes'](found):.0f}"] for name, found in counted.items()]
    assert [row[:-1] for row in rows] == now, (
        "paste what `python instructor/lesson_table.py` prints (with `--run`, the run times too)"
    )
    assert all(float(row[-1]) > 0 for row in rows)


@pytest.mark.long
def test_the_script_runs_a_lesson_and_prints_no_warning(capfd):
    assert TABLE["seconds_to_run"]("00_start_here") > 0 and capfd.readouterr() == ("", "")


def test_an_explorer_counts_as_often_as_it_is_shown_and_what_else_is_imported_with_it_does_not():
    code = """
from lstm_teach.explorers.merge import merging, walks
from lstm_teach.lessons import clinic
from lstm_teach.explorers.two_way import two_way

merging()
two_way(steps=1)
two_way(steps=2)
clinic.lines_repaired(1)
own = walks(T=4)
"""
    assert TABLE["explorers"](code) == 3
    assert TABLE["explorers"]("import numpy as np\nnp.zeros(3)") == 0


def test_the_minutes_that_the_lessons_announce_are_those_that_the_guide_says():
    usual, others = re.search(r"announce (\d+) minutes each \((.*?)\)", section("The lessons in numbers")).groups()
    told = dict.fromkeys(range(8), usual) | {int(n): m for n, m in re.findall(r"(\d): (\d+)", others)}
    announced = [re.search(r"\*\*Time\*\*: (\d+) minutes", cells(name, "markdown"))[1] for name in LESSONS]
    assert announced == [told[number] for number in range(8)]
    assert all(
        int(said) >= round(TABLE["minutes"](TABLE["count"](n))) for said, n in zip(announced, LESSONS, strict=True)
    )
    assert bold(section("The lessons in numbers"))[0] in headings(LESSONS[2])


@pytest.mark.parametrize("number", range(8))
def test_what_to_say_has_a_row_for_every_heading_of_the_lesson_in_its_order(number):
    told = tables(section(f"Lesson {number}"))["heading"]
    assert [row[0].strip("*") for row in told] == headings(LESSONS[number])
    page = cells(LESSONS[number], "code") + cells(LESSONS[number], "markdown")
    assert [word for row in told for word in code_in(row[1]) if word not in page] == []
    assert all(row[1].endswith((".", "?")) for row in told)


@pytest.mark.parametrize("number", range(8))
def test_every_prediction_is_told_with_its_right_letter_and_a_wrong_one_that_it_has(number):
    _, predictions = judged(LESSONS[number])
    told = tables(section(f"Lesson {number}"))["prediction"]
    assert [code_in(row[0])[0] for row in told] == list(predictions)
    for asked, wrong, _, question in told:
        prediction = predictions[code_in(asked)[0]]
        assert re.search(r"\((\w)\)$", asked)[1] == prediction["right"]
        letter, words = wrong.split(": ", 1)
        assert letter != prediction["right"]
        assert words in prediction["options"][letter][0], f"{asked}: option {letter} has no words {words!r}"
        assert question.endswith("?")


@pytest.mark.parametrize("number", range(8))
def test_every_wrong_line_is_one_that_the_lesson_has_these_words_for(number):
    """The line and the words belong to the same mistake in the lesson's file; a row without code has its words only."""
    groups, _ = judged(LESSONS[number])
    known = [mistake for group in groups.values() for mistake in known_mistakes(group)]
    if "flaws_left(my_loop)" in cells(LESSONS[number], "code"):
        known += [("my_loop", after, words) for _, after, words in MISTAKES]
        known += [("my_loop", after, words) for after, words in PRODUCTS.items()]
    told = tables(section(f"Lesson {number}"))["blank"]
    for blank, written, words, then in told:
        name, code = code_in(blank)[0], code_in(written)
        said = [words for one, expression, words in known if one == name and (not code or expression == code[0])]
        assert any(words in sentence for sentence in said), f"{blank}, {written}: {words!r} is not in {said}"
        assert then.endswith(("?", "."))
    names = {code_in(row[0])[0] for row in told}
    without = [group["names"] for group in groups.values() if not names & {*group["names"], *group.get("returns", ())}]
    assert without == [], "no row of the guide's table has a mistake in one of these"


def test_the_words_for_an_unknown_mistake_in_the_repair_are_those_of_lesson_3():
    text = inspect.getsource(posted_loop).replace("return grads", "grads.Wi *= 1.5\n    return grads")
    loop = made(text, "<loop>", posted_loop.__globals__ | {"__name__": "__main__"})
    (said,) = re.findall(r'"(.*?)"', section("Lesson 3").partition("|")[0].replace("\n", " "))
    assert said == "Something new is wrong" and said in str(flaws_left(loop))


# ------------------------------------------------------------------------------------------ the exercises


def exercise(topic):
    """The part about an exercise; it names the source."""
    part = section("Mixed exam" if topic.endswith("exam") else f"Exercise {int(topic.partition('_')[0])}")
    assert f"exercises/{topic}.ipynb" in part
    return tables(part)


def test_every_exercise_has_a_row():
    listed = re.findall(r"^\| \w+ \| `(\w+)` \|", section("Exercises"), re.MULTILINE)
    assert listed == EXERCISES


@pytest.mark.parametrize("topic", EXERCISES, ids=EXERCISES)
def test_the_mistakes_of_an_exercise_are_those_that_its_checks_are_tested_with(topic):
    """Every check has a row, and every mistake is one that tests/test_exercise_checks.py sees rejected."""
    wrong = importlib.import_module(f"exercise_answers.{topic.partition('_')[2]}").WRONG
    told = exercise(topic)["check"]
    assert {row[0].strip("`") for row in told} == set(wrong)
    assert [row for row in told if row[1] not in wrong[row[0].strip("`")]] == []
    assert len({(row[0], row[1]) for row in told}) == len(told)
    assert all(row[3].endswith("?") for row in told)


@pytest.mark.parametrize("topic", EXERCISES, ids=EXERCISES)
def test_every_wrong_letter_of_an_exercise_is_in_the_guide(topic):
    module = importlib.import_module(f"lstm_teach.exercises.{topic.partition('_')[2]}")
    questions = [q for q in vars(module).values() if isinstance(q, Question) and q.options]
    told = [(row[0].strip("`"), row[1]) for row in exercise(topic)["question"]]
    assert sorted(told) == sorted((q.name, letter) for q in questions for letter in q.options if letter != q.right)


def test_the_exam_is_told_with_its_points_and_minutes():
    title = nbformat.read(ROOT / "notebooks" / "exercises" / "07_mixed_exam.ipynb", as_version=4).cells[0].source
    minutes, points = re.search(r"\*\*Time\*\*: (\d+).*\*\*Points\*\*: (\d+)", title, re.DOTALL).groups()
    assert f"{minutes} minutes, {points} points" in section("Mixed exam")
    assert f"the mixed exam takes {minutes}" in section("Exercises")
    assert f"no lesson covers, {points} points" in section("Exercises")


# ------------------------------------------------------------------------------------------ commands and names


def test_the_commands_name_files_and_options_that_exist():
    commands = "\n".join(re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)) + "\n".join(code_in(TEXT))
    files = re.findall(r"(?:python3?|py|cp|-f) (?:LSTM/)?([\w/]+\.(?:py|ipynb|yml))", commands)
    expected = {"start.py", "environment.yml", "instructor/lesson_table.py", "instructor/grade.py"}
    assert expected | {"benchmarks/hub_class.py"} <= set(files)
    assert [name for name in files if not (ROOT / name).is_file()] == []
    options = {
        "benchmarks/hub_class.py": "--students",
        "instructor/release.py": "--check",
        "instructor/lesson_table.py": "--run",
    }
    for name, option in options.items():
        assert option in commands and option in (ROOT / name).read_text(encoding="utf-8")


def test_the_files_that_learners_get_and_the_names_for_screen_readers_are_those_of_the_library():
    from lstm_teach import kept
    from lstm_teach.exercises import questions
    from lstm_teach.verdicts import LEVELS, Part, Verdict

    assert kept.FILE in section("Setting up a class") and questions.FILE in section("Setting up a class")
    told = " ".join(section("Accessibility").split())
    verdict = Verdict("c", (Part("c", "No."), Part("h", open=True), Part("o")), hints=LEVELS)
    shown = verdict._repr_html_()
    for words in ("right", "not yet", "not written yet"):
        assert f'"{words}"' in told and f" {words}:" in shown
    assert 'section named "Check of"' in told and 'aria-label="Check of c"' in shown
    assert '"Hint 1 of 3: the idea"' in told and "Hint 1 of 3: the idea" in shown
