"""Grading a whole class: whatever goes wrong with one file, or in the middle, costs the others nothing."""

import json

import pytest
from instructor_modules import grade
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
