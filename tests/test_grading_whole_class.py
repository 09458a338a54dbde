"""Grading a whole class: whatever goes wrong with one file, or in the middle, costs the others nothing."""

import json

import pytest
from instructor_modules import apart, collected, grade, score
from test_grading import CELLS, RIGHT, notebook, record, table, write

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
    plain = grade.grade_file

    def stopped(file, known, options):
        if file.student == "Cy":
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


def test_a_file_that_is_gone_leaves_the_results_when_a_student_is_graded_again(folder, capsys):
    place, options = folder
    assert grade.main(options) == 0 and len(results(place)) == 3
    (place / "Bo_2_assignsubmission_file_" / "x.ipynb").unlink()
    assert grade.main([*options, "--student", "Ada"]) == 0
    assert [each["student"] for each in results(place)] == ["Ada", "Cy"]
    assert "Bo is taken out of the results: Bo_2_assignsubmission_file_/x.ipynb" in capsys.readouterr().out


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
    assert tasks["ask-half"]["problem"] == "There was no time left to judge this."
    assert "most of them went to other cells (" in notes[-1]


def test_after_two_endless_cells_the_next_ones_get_less_time(doubling):
    endless = [(f"own-{n}", "code", "while True:\n    pass") for n in range(3)]
    notes, tasks = judged(doubling, [*endless, *RIGHT], 3.0)
    assert [note.split()[6] for note in notes] == ["3", "3", "1"]
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
