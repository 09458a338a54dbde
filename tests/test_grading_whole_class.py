"""Grading a whole class: whatever goes wrong with one file, or in the middle, costs the others nothing."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import threading
import time
import zipfile

import apart
import collected
import grade
import handed_in
import numpy as np
import pytest
import remote
import reports
import score
from projectfiles import ROOT
from test_grading import CELLS, HALF, RIGHT, UNTOUCHED, handed, notebook, record, table, write

from lstm_teach import validate
from lstm_teach.exercises import questions

pytestmark = pytest.mark.long


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with three submissions that are not run: each gets 3 of 4 points; and the command's options."""
    write(tmp_path / "sources", {"09_doubling.ipynb": notebook(CELLS)})
    names = ("Ada_1", "Bo_2", "Cy_3")
    write(tmp_path / "hw", {f"{name}_assignsubmission_file_/x.ipynb": notebook(RIGHT) for name in names})

    def unrun(file, known, options):
        return record(file.student, file.number, file=grade.place_of(file, options))

    monkeypatch.setattr(grade, "grade_file", unrun)
    return tmp_path / "hw", [str(tmp_path / "hw"), "--exercises", str(tmp_path / "sources")]


def results(place):
    return json.loads((place.with_name(f"{place.name}_graded") / "results.json").read_text(encoding="utf-8"))


def test_a_stray_file_of_another_exercise_is_left_out_of_the_platforms_table_and_named(tmp_path, capsys):
    records = [record("ada", "1"), record("bo", "2"), record("cy", "3") | {"exercise": "08"}]
    records += [record("ada", "1", file="y.ipynb") | {"exercise": "08"}]
    options = grade.parser().parse_args([str(tmp_path), "--format", "moodle"])
    grade.write_platform(records, tmp_path, options)
    assert [row["Identifier"] for row in table(tmp_path / "moodle.csv")] == ["Participant 1", "Participant 2"]
    said = capsys.readouterr().out
    assert "cy is not in the table: x.ipynb is 08, and the table is for 09." in said and "ada is not" in said


def test_ctrl_c_writes_what_there_is(folder, monkeypatch, capsys):
    place, options = folder
    plain, written = grade.grade_file, place.with_name("hw_graded") / "results.json"

    def stopped(file, known, options):
        if file.student == "Cy":
            ended = time.monotonic() + 30  # two are graded at a time, so these may not be there yet
            while time.monotonic() < ended and not written.is_file():
                time.sleep(0.01)
            assert [each["student"] for each in results(place)]  # written as they come
            raise KeyboardInterrupt
        return plain(file, known, options)

    monkeypatch.setattr(grade, "grade_file", stopped)
    assert grade.main(options) == 1
    assert "Stopped: 2 of 3 submissions have been graded." in capsys.readouterr().out
    assert [row["student"] for row in table(place.with_name("hw_graded") / "points.csv")] == ["Ada", "Bo"]


def test_a_file_that_cannot_be_written_does_not_cost_the_others(tmp_path, capsys):
    (tmp_path / "points.csv").mkdir()
    grade.write([record("ada")], tmp_path)
    assert (tmp_path / "summary.html").is_file() and "points.csv could not be written" in capsys.readouterr().err


def test_a_reader_never_sees_half_of_a_file(tmp_path):
    path, text = tmp_path / "results.json", json.dumps(["a"] * 300_000)
    grade.write_text(path, text)
    writer = threading.Thread(target=lambda: [grade.write_text(path, text) for _ in range(20)])
    writer.start()
    while writer.is_alive():
        assert len(path.read_text(encoding="utf-8")) == len(text)
    writer.join()
    assert [each.name for each in tmp_path.iterdir()] == ["results.json"]


def test_a_file_that_is_gone_leaves_the_results_when_a_student_is_graded_again(folder, capsys):
    place, options = folder
    assert grade.main(options) == 0 and len(results(place)) == 3
    (place / "Bo_2_assignsubmission_file_" / "x.ipynb").unlink()
    assert grade.main([*options, "--student", "Ada"]) == 0
    assert [each["student"] for each in results(place)] == ["Ada", "Cy"]
    assert "Bo is taken out of the results: Bo_2_assignsubmission_file_/x.ipynb" in capsys.readouterr().out


def test_marks_entered_by_hand_are_kept_beside_the_new_table(folder, capsys):
    place, options = folder
    points = place.with_name("hw_graded") / "points.csv"
    kept = lambda: sorted(path.name for path in points.parent.glob("points_*"))  # noqa: E731
    for _ in range(2):
        assert grade.main(options) == 0
        resaved = points.read_text(encoding="utf-8").replace("Ada,", '"Ada",').replace("\n", "\r\n")
        points.write_text(resaved, encoding="utf-8-sig", newline="")  # as a spreadsheet saves it
    assert grade.main([*options, "--student", "Bo"]) == 0 and kept() == []
    for number in (1, 2):
        points.write_text(points.read_text(encoding="utf-8").replace("Ada,1,09,", "Ada,1,plus 1,"), encoding="utf-8")
        capsys.readouterr()
        assert grade.main([*options, "--student", "Bo"]) == 0 and len(kept()) == number
        said = f"it is kept as {kept()[-1]}, and its changes are not in the new one."
        assert said in capsys.readouterr().out and "plus 1" in (points.parent / kept()[-1]).read_text(encoding="utf-8")
    assert "plus 1" not in points.read_text(encoding="utf-8")


def test_a_table_of_points_without_results_beside_it_is_kept(folder):
    place, options = folder
    out = place.with_name("hw_graded")
    write(out, {"points.csv": "Ada;17", "results.json": "{"})
    assert grade.main(options) == 0
    assert [path.read_text(encoding="utf-8") for path in out.glob("points_*")] == ["Ada;17"]


def test_a_page_that_nobody_gets_anymore_is_removed_and_no_other_file(folder):
    place, options = folder
    feedback = place.with_name("hw_graded") / "feedback"
    assert grade.main(options) == 0
    write(feedback, {"mine.html": "<title>Feedback for Bo</title>", "notes.txt": "x", "Dan/index.html": "y"})
    (place / "Bo_2_assignsubmission_file_").rename(place / "Bo_3_assignsubmission_file_")
    assert grade.main([*options, "--student", "Bo"]) == 0
    there = sorted(path.name for path in feedback.iterdir())
    assert there == ["Ada_1.html", "Bo_3.html", "Cy_3.html", "Dan", "mine.html", "notes.txt"]


# -------------------------------------------------------------------------------------- whose it is


@pytest.mark.parametrize(
    ("names", "students"),
    [
        (["Ada/work_30_11_2026.ipynb", "Bo/work_30_11_2026.ipynb"], ["Ada", "Bo"]),
        (["Ada_30_1100_2026.ipynb", "Bo_30_1100_2026.ipynb"], ["Ada_30_1100_2026", "Bo_30_1100_2026"]),
        (["CS101/Ada_1_assignsubmission_file/x.ipynb", "CS101/Bo_2_assignsubmission_file/x.ipynb"], ["Ada", "Bo"]),
        (["CS101/Ada/x.ipynb", "CS101/Bo/x.ipynb", "__MACOSX/CS101/Ada/._x.ipynb"], ["Ada", "Bo"]),
        (["all/ada_12_678_x.ipynb", "all/bo_LATE_13_679_x.ipynb"], ["ada", "bo"]),
        (["ada_12_678_x.ipynb", "bo_13_679_x.ipynb", "ada_12_680_x-1.ipynb"], ["ada", "ada", "bo"]),
        (["Ada/hw1/x.ipynb"], ["Ada"]),
    ],
)
def test_no_two_students_become_one(tmp_path, names, students):
    write(tmp_path, dict.fromkeys(names, "{}"))
    assert [each.student for each in handed_in.find(tmp_path)] == students


def test_files_whose_student_was_guessed_do_not_share_a_page(tmp_path):
    records = [record("Class", "", file="Class/Ada/x.ipynb"), record("Class", "", file="Class/Bo/x.ipynb")]
    grade.several(records)
    grade.write([*records, record("A b", ""), record("A_b", "")], tmp_path)
    pages = sorted(path.name for path in (tmp_path / "feedback").iterdir())
    assert pages == ["A_b.html", "A_b_2.html", "Class_Ada_x_ipynb.html", "Class_Bo_x_ipynb.html"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Jürgen Müller", "Ju\u0308rgen Mu\u0308ller", True),
        ("Jürgen Müller", "Müller, Jürgen", True),
        ("Jürgen Müller", "muellerjuergen", True),
        ("Jürgen Müller", "mullerjurgen", True),
        ("Pat O'Brien", "obrienpat", True),
        ("Ada Lovelace", "ada lovelace", True),
        ("Leon Ray", "Noel Ray", False),
        ("Ada Lovelace", "Ada", False),
    ],
)
def test_a_name_is_known_by_its_words(one, other, same):
    assert handed_in.is_same_person(one, other) is handed_in.is_same_person(other, one) is same


# -------------------------------------------------------------------------------------- what runs


@pytest.fixture
def doubling(tmp_path):
    (tmp_path / "09_doubling.ipynb").write_text(json.dumps(notebook(CELLS)), encoding="utf-8")
    return collected.exercise(tmp_path / "09_doubling.ipynb")


def judged(doubling, cells, seconds=1.0, **options):
    """What score.py says of cells, (id, kind, source) each; the tasks by name."""
    found = score.score([collected.Cell(*cell) for cell in cells], doubling, seconds, 4096, None, **options)
    return found["notes"], {task["name"]: task for task in found["tasks"]}


def test_when_the_time_is_up_what_was_judged_stays_and_the_slow_cells_are_named(doubling):
    sleepy = ("own", "code", "import time\ntime.sleep(4.5)")
    cells, saved = [*RIGHT[:5], sleepy, *RIGHT[5:]], []
    notes, tasks = judged(doubling, cells, 15.0, whole=4, save=saved.append)
    assert [task["points"] for task in tasks.values()] == [4, 0] and len(saved) == 1
    assert tasks["ask-half"]["problem"] == "This was not judged; a note says why."
    assert "most of them went to other cells (" in notes[-1]


def test_after_two_endless_cells_the_next_ones_get_less_time(doubling):
    endless = [(f"own-{n}", "code", "while True:\n    pass") for n in range(3)]
    notes, tasks = judged(doubling, [*endless, *RIGHT], 1.5)
    assert [note.split()[7] for note in notes] == ["1.5", "1.5", "0.5"]
    assert [task["points"] for task in tasks.values()] == [4, 1]


def test_a_judge_that_is_ended_leaves_what_it_has_judged(folder, monkeypatch):
    place, options = folder
    monkeypatch.setattr(apart, "SCORE", place.parent / "score.py")
    judge = "import sys, time\nopen(sys.argv[3], 'w').write('{\"notes\": []}')\ntime.sleep(60)"
    (place.parent / "score.py").write_text(judge, encoding="utf-8")
    monkeypatch.setattr(apart, "longest", lambda options: 2.0)
    given = grade.parser().parse_args(options)
    found = apart.score(place / "x.ipynb", place / "x.ipynb", given)
    assert found["notes"] == ["Not all was judged: it had not finished after 2 seconds."]


# -------------------------------------------------------------------------------------- what is odd


def test_cells_with_new_names_are_not_said_to_be_deleted(doubling):
    """A newer Jupyter gives the cells of an older one random ids; nbgrader's marks stay."""
    marked = {"doubled", "check-doubled", "ask-half"}
    cells = [(name if name in marked else f"9f{n}", *rest) for n, (name, *rest) in enumerate(RIGHT)]
    found = collected.plan([collected.Cell(*cell) for cell in cells], doubling)
    assert found.notes == ["Some cells have lost their names; my_half is graded all the same."]
    assert not found.task_notes and next(name for _, name, _ in found.steps) == "imports"


def test_of_a_deleted_cell_that_no_task_reads_nothing_is_said(doubling):
    guess = collected.Cell("my-guess", "code", 'my_guess = "..."')
    known = collected.Exercise("x", "X", [*doubling.cells, guess])
    found = collected.plan([collected.Cell(*cell) for cell in RIGHT], known)
    assert not found.notes and not found.task_notes


def test_what_a_function_needs_may_be_in_a_cell_below_its_check(doubling):
    helped = handed(doubled="def doubled(a):\n    return times(2, a)", imports=None)
    _, tasks = judged(doubling, [*helped, ("own", "code", "import math\ndef times(n, a):\n    return n * a")], 15)
    said = "doubled needs times, which is in a cell below its check; it is graded all the same."
    assert tasks["check-doubled"]["points"] == 4 and said in tasks["check-doubled"]["notes"]


WROTE = ("own", "code", "def later(a):\n    raise NotImplementedError()\n\n\ndef doubled(a):\n    return 2 * a")
COMMENTED = UNTOUCHED.replace("    raise", "    # mine is at the end\n    raise")


@pytest.mark.parametrize(("blank", "place"), [(UNTOUCHED, 8), (COMMENTED, 2)])
def test_code_in_a_cell_of_ones_own_counts_though_the_blank_was_left_in_place(doubling, blank, place):
    cells = handed(doubled=blank, my_half='my_half = "..."')
    cells[place:place] = [WROTE, ("own-2", "code", 'my_half = "a"')]
    notes, tasks = judged(doubling, cells, 15)
    assert notes == [] and [task["points"] for task in tasks.values()] == [4, 1]
    said = "The cell doubled is still empty: doubled is in another cell, which is graded."
    below = ["doubled is in a cell below its check; it is graded all the same."] * (place == 8)
    assert tasks["check-doubled"]["notes"] == [said, *below]


def test_a_blank_that_was_written_in_counts_whatever_other_cells_try_later():
    known = collected.Exercise("x", "X", [collected.Cell(*cell, solution=cell[0] == "doubled") for cell in CELLS])
    for cells in ([*handed(doubled=HALF), WROTE], [*handed(doubled=UNTOUCHED), ("own", "code", UNTOUCHED)]):
        ran = [text for _, _, text in collected.plan([collected.Cell(*cell) for cell in cells], known).steps]
        assert [cells[3][2] in ran, cells[-1][2] in ran] == [True, True]


def test_imports_that_were_moved_down_run_first(doubling):
    cells = [*handed(doubled="two = np.array(2)\ndef doubled(a):\n    return two * a")]
    notes, tasks = judged(doubling, [*cells[:1], *cells[2:], cells[1]], 15)
    assert [task["points"] for task in tasks.values()] == [4, 1]
    assert "imports is below cells that need it; it is run first" in str([notes, tasks["check-doubled"]["notes"]])


@pytest.mark.parametrize(
    ("changes", "task", "said"),
    [
        (
            {"my_half": "my_half = „a“"},
            "ask-half",
            "my_half could not be used: its cell raised SyntaxError: invalid .*"
            "Python needs the straight quotation marks of the keyboard",
        ),
        (
            {"doubled": "def doubles(a):\n    return 2 * a"},
            "check-doubled",
            r"There is no doubled in the notebook, but its cell defines doubles: should that be called doubled\?",
        ),
        ({"doubled": "x = 1\nopen('/nowhere/x')"}, "check-doubled", "its cell raised PermissionError"),
    ],
)
def test_what_is_there_and_can_not_be_used_is_said_with_its_cell_and_the_help(doubling, changes, task, said):
    _, tasks = judged(doubling, handed(**changes), 15)
    page = reports.task_section(tasks[task])
    assert re.search(said, tasks[task]["problem"]) and tasks[task]["code"] == next(iter(changes.values()))
    assert ("What undoes it?" if task == "ask-half" else "Hint 1 of 3") in page


# -------------------------------------------------------------------------------------- what it prints and reads


def test_nothing_from_a_submission_reaches_the_terminal_unseen(doubling, tmp_path):
    own = ("own", "code", "raise ValueError('\\x1b[2Jgone')")
    (tmp_path / "x.ipynb").write_text(json.dumps(notebook([*RIGHT, own])), encoding="utf-8")
    given = grade.parser().parse_args([str(tmp_path)])
    found = apart.score(tmp_path / "x.ipynb", tmp_path / "09_doubling.ipynb", given)
    assert "An added cell raised ValueError: \ufffd[2Jgone" in found["notes"][0]
    assert handed_in.owner(("Ada\x1b[2J\nBo", "x.ipynb")) == ("Ada\ufffd[2J\nBo", "")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "import os\ndef doubled(a):\n    os._exit(1)",
            "While doubled ran, the process in which the notebook runs has ended, by os._exit",
        ),
        ("def doubled(a):\n    return 10 ** 5000", "the answer is a whole number of 5001 digits: far too large."),
        ("def doubled(a):\n    return a.repeat(25 * 10 ** 5)", "The answer of doubled could not be read"),
        ("def doubled(a):\n    ...", "doubled still has dots in it."),
    ],
)
def test_what_comes_of_an_odd_answer_is_said_in_the_right_words(doubling, source, said):
    _, tasks = judged(doubling, handed(doubled=source), 15)
    sentences = str(tasks["check-doubled"]["parts"])
    assert said in sentences and "?." not in sentences and "Broken" not in sentences


def test_an_object_from_the_other_process_is_named_as_it_is_in_class():
    for value, said in ((iter([]), "a list_iterator"), (np.array(["2026"], "M8[Y]"), "an ndarray")):
        assert validate.brief(remote.wire.decode(remote.wire.encode(value, None), None)) == said


@pytest.mark.parametrize(
    ("answer", "points"), [("a: halving", 1), ("a) halving", 1), (" A. ", 1), ("b) nothing", 0), ("a) or b)", 0)]
)
def test_a_letter_with_its_text_is_that_letter(doubling, answer, points):
    question = questions.Question("my_half", "What?", dict.fromkeys("ab", questions.Option("it", "So.")), "a")
    asked = questions.ask(question, answer)
    assert asked.score == points and bool(asked.problem) == (answer == "a) or b)")


def test_an_answer_that_could_not_be_read_is_not_called_none_and_asks_for_nothing(doubling):
    _, tasks = judged(doubling, handed(my_half="my_half = ['a', 'b']"), 15)
    page = reports.task_section(tasks["ask-half"])
    assert "it could not be read" in page and "should be one of the letters" in page and "run both" not in page


def test_what_runs_for_the_student_and_not_here_is_told_to_the_teacher(doubling):
    for line, said in (
        ("import nodule.all", "ModuleNotFoundError: No module named 'nodule'"),
        ("open('/data/mine.csv')", "PermissionError: a submission may not read mine.csv"),
    ):
        notes, _ = judged(doubling, handed(doubled=f"{line}\ndef doubled(a):\n    return 2 * a"), 15)
        assert notes == [f"The cell doubled can't run where this was graded: it raised {said}, at line 1: {line}."]


def test_commands_for_the_shell_do_not_cost_a_cell(doubling):
    cells = handed(doubled="!pip list\nfiles = !ls\nquit()\ndef doubled(a):\n    return 2 * a")
    notes, tasks = judged(doubling, cells, 15)
    assert (notes, tasks["check-doubled"]["points"]) == ([], 4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_list_of_names_may_come_from_a_spreadsheet(release, tmp_path, capsys, encoding):
    (tmp_path / "names.txt").write_bytes("Jürgen\r\nAda\n\nADA\nBo/Cy\nBo Cy".encode(encoding))
    names, said = release.listed(tmp_path / "names.txt")
    assert names == ["Jürgen", "Ada", "Bo/Cy"]
    assert [sentence.partition(":")[0] for sentence in said] == [
        "ADA gets no notebook",
        "Bo Cy gets no notebook",
    ]
    with pytest.raises(SystemExit):
        release.main(["--students", str(tmp_path / "nowhere.txt"), "--to", str(tmp_path)])
    (tmp_path / "names.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        release.main(["--students", str(tmp_path / "names.txt"), "--to", str(tmp_path)])
    assert "names.txt has no names in it" in capsys.readouterr().err


def test_results_beside_or_in_the_folder_are_not_graded(folder, monkeypatch):
    place, options = folder
    monkeypatch.chdir(place)
    for _ in range(2):
        assert grade.main([".", *options[1:]]) == 0
    assert len(results(place)) == 3 and not (place / "hw_graded").exists()
    for _ in range(2):
        assert grade.main([".", *options[1:], "--to", "out"]) == 0
    assert len(json.loads((place / "out" / "results.json").read_text(encoding="utf-8"))) == 3


def test_what_can_not_be_meant_is_said(tmp_path, capsys):
    write(tmp_path, {"release/hw1/x.ipynb": "{}", "submitted/ada/hw1/x.ipynb": "{}"})
    for options, said in (
        ([], "is a course of nbgrader's: add the assignment (hw1)."),
        (["hw1", "--own-numbers", "--jobs=2"], "--own-numbers, --jobs: not for a course of nbgrader's."),
        (["--seconds=-1"], "should be above 0"),
    ):
        assert grade.main([str(tmp_path), *options]) == 2 and said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("program", "without", "said"),
    [
        ("grade.py", "numpy", "has no numpy: use the one in .venv"),
        ("release.py", "nbformat", "has no nbformat: use the one in .venv"),
        ("release.py", "nbgrader", "where python3 start.py test --version installs it."),
        ("grade.py", "nbgrader", "has no nbgrader: use the one in .venv, where python3 start.py test --version"),
    ],
)
def test_a_package_that_is_missing_is_said_in_one_sentence(tmp_path, program, without, said):
    run = f"runpy.run_path({str(ROOT / 'instructor' / program)!r}, run_name='__main__')"
    code = f"import runpy, sys\nsys.modules[{without!r}] = None\nsys.argv = ['it', {str(tmp_path)!r}, 'hw1']\n{run}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2) and said in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_name_that_the_console_can_not_spell_stops_nothing(tmp_path):
    write(tmp_path, {"handed_in/Łukasz/answer.txt": "", "names.txt": "Łukasz\nłukasz"})
    grading = ["grade.py", str(tmp_path / "handed_in")]
    releasing = ["release.py", "01_forward_pass", f"--students={tmp_path / 'names.txt'}", f"--to={tmp_path / 'to'}"]
    for program, *options in (grading, releasing):
        command = [sys.executable, str(ROOT / "instructor" / program), *options]
        done = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, capture_output=True)
        assert b"?ukasz" in done.stdout and done.stderr == b""


def test_results_that_can_not_be_written_anywhere_are_said_before_anything_is_graded(folder, capsys):
    place, options = folder
    write(place.parent, {"file": ""})
    assert grade.main([*options, "--to", str(place.parent / "file" / "out")]) == 2
    printed = capsys.readouterr()
    assert "out can't be made (" in printed.err and printed.out == ""


def test_a_folder_in_which_nothing_was_handed_in_is_listed(tmp_path):
    names = ("Ada_1_assignsubmission_file_/x.ipynb", "Ada_1_assignsubmission_onlinetext_/.hidden", "J. Doe/.hidden")
    write(tmp_path, dict.fromkeys([*names, "Bo/x.ipynb", "out/results.json"], "{}"))
    found = handed_in.find(tmp_path, results=tmp_path / "out")
    assert [each.student for each in found] == ["Ada", "Bo", "J. Doe"]
    given = grade.parser().parse_args([str(tmp_path)])
    assert grade.grade_file(found[-1], [], given)["problem"] == "Not graded: the folder is empty."


def test_a_stray_exercise_is_noted_unless_its_student_has_handed_in_the_usual_one_too():
    records = [record(name, "") for name in ("ada", "bo", "cy", "di")]
    records += [record("di", "", file="y.ipynb") | {"exercise": "08"}, record("flo", "") | {"exercise": "08"}]
    for _ in range(2):  # a second time it is not said twice
        assert grade.several(records) == ["flo has handed in 08 (x.ipynb), but most have handed in 09."]
    said = ["This is 08, but most have handed in 09."]
    assert [each["notes"] for each in records] == [[], [], [], [], [], said]
    mixed = [record("ada", ""), record("bo", "") | {"exercise": "08"}]
    grade.several(mixed)
    assert [each["notes"] for each in mixed] == [[], []]


def test_canvas_says_who_was_late(doubling, tmp_path, monkeypatch):
    write(tmp_path, {"hw/ada_LATE_12_345_x.ipynb": notebook(RIGHT), "hw/bo_13_346_x.ipynb": notebook(RIGHT)})
    monkeypatch.setattr(apart, "score", lambda *given: {"notes": [], "tasks": []})
    given = grade.parser().parse_args([str(tmp_path / "hw")])
    notes = [grade.grade_file(file, [doubling], given)["notes"] for file in handed_in.find(tmp_path / "hw")]
    assert notes == [["Canvas has marked this as late."], []]


def test_an_archive_says_what_is_in_it_and_utf_16_is_read(tmp_path, doubling):
    (tmp_path / "hw" / "Ada").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "hw" / "Ada" / "work.zip", "w") as archive:
        archive.writestr("x.ipynb", "{}")
    given = grade.parser().parse_args([str(tmp_path / "hw")])
    (file,) = handed_in.find(tmp_path / "hw")
    said = "Not graded: it is an archive with x.ipynb inside; unpack it and grade this student again."
    graded = grade.grade_file(file, [doubling], given)
    assert graded["problem"] == said
    page = reports.feedback_page([graded])
    assert "Not graded: it is an archive, which your teacher has to unpack first." in page and "again" not in page
    (tmp_path / "x.ipynb").write_text(json.dumps(notebook(RIGHT)), encoding="utf-16")
    assert len(collected.read_cells(tmp_path / "x.ipynb")[0]) == len(RIGHT)


HIDDEN_WAYS = """\
import functools
import threading
from lstm_teach.exercises import forward_pass as fp
class R: __call__ = staticmethod(fp.bias)
by_object = R()
by_partial = functools.partial(getattr(fp, "bi" + "as"))
def by_thread(*inputs):
    found = []
    thread = threading.Thread(target=lambda: found.append(getattr(fp, "bi" + "as")(*inputs)))
    thread.start()
    thread.join()
    return found[0]
own = lambda share, steps: -np.log(share ** (-1 / steps) - 1)
{}"""


@pytest.mark.parametrize("played", ["", "fp.bias(0.5, 3)"])
def test_an_answer_of_the_librarys_is_seen_when_it_is_called_however_it_is_hidden(played):
    known = collected.exercise(collected.SOURCES / "01_forward_pass.ipynb")
    title, imports, check = (cell for cell in known.cells if cell.name in ("title", "imports", "check-bias"))
    checks = [
        dataclasses.replace(check, name=way, text=check.text.replace("bias_that_keeps", way))
        for way in ("by_object", "by_partial", "by_thread", "own")
    ]
    known.cells = [title, imports, *checks]
    own = collected.Cell("", "code", HIDDEN_WAYS.format(played))
    score.remember_what_is_allowed()
    found = score.score([title, imports, own, *checks], known, 30, 4096, None)
    said = "called bias of lstm_teach.exercises.forward_pass, an answer of the library's."
    for task in found["tasks"]:
        hidden = task["name"] != "own"
        assert task["notes"] == [f"{task['name']} {said}"] * hidden
        assert task["points"] == (0 if hidden else task["most"])
    assert found["notes"] == ([f"An added cell {said}"] if played else [])


def test_the_librarys_gradient_check_its_doctor_and_its_hints_are_answers_too():
    sources = (
        "import lstm_teach as lt\naccepts = lambda b: vars(lt)['check_' + 'gradients'](b).passed\nlt.diagnose(None)",
        "from lstm_teach.exercises import engine\n\nhints = engine.task_of('gradient_check', 'accepts')['hints']",
    )
    known = collected.exercise(collected.SOURCES / "02_gradient_check.ipynb")
    known.cells = [cell for cell in known.cells if cell.name in ("title", "imports", "check-accepts")]
    score.remember_what_is_allowed()
    title, *others = known.cells
    own = [collected.Cell(f"own-{n}", "code", source) for n, source in enumerate(sources)]
    found = score.score([title, *own, *others], known, 30, 4096, None)
    notes, (task,) = str(found["notes"]), found["tasks"]
    assert "An added cell called diagnose of lstm_teach.doctor.diagnose" in notes and "check_" not in notes
    assert "An added cell called task_of of lstm_teach.exercises.engine" in notes
    assert "accepts called check_gradients of lstm_teach.gradcheck" in str(task["notes"])


def test_an_answer_that_nobody_wrote_down_is_noted(doubling):
    for answer, said in [
        ("HALF = type('Half', (), dict(right=chr(97)))\nmy_half = HALF.right", "HALF.right"),
        ("my_half: str = 'A'", ""),
        ("my_half, more = ('a: halving', 1)", ""),
        ("my_half = chr(98)", ""),  # it is wrong
        ("%time\nmy_half = chr(97)", ""),  # what can't be read
    ]:
        _, tasks = judged(doubling, handed(my_half=answer), 15)
        expected = [f"my_half was not written down as a letter (my_half = {said})."] if said else []
        assert tasks["ask-half"]["notes"] == expected, answer
