"""The exercises as released are what their sources generate; solutions earn all points, untouched tasks none."""

import re
import shutil
import subprocess
import sys
import warnings

import nbformat
import pytest
from exercise_cells import points_of, solved_version
from projectfiles import ROOT

from lstm_teach.verdicts import show_hints

SOURCES = sorted((ROOT / "instructor" / "exercises").glob("*.ipynb"))
each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def hints():
    """The exam switches hints off for all that comes after it in the same process."""
    yield
    show_hints(True)


def test_the_committed_exercises_are_what_the_sources_generate(release):
    assert SOURCES
    assert release.drift() == []


def test_the_check_notices_drift_and_releasing_again_ends_it(release, tmp_path, monkeypatch):
    folder = tmp_path / "exercises"
    notebook, page = folder / SOURCES[0].name, folder / "solutions" / f"{SOURCES[0].stem}.md"
    edited = (release.RELEASED / SOURCES[0].name).read_text(encoding="utf-8").replace("YOUR CODE", "MY CODE")
    faults = [
        lambda: notebook.write_text(edited, encoding="utf-8"),
        lambda: notebook.unlink(),
        lambda: page.write_text("more\n", encoding="utf-8"),
        lambda: shutil.copy(notebook, notebook.with_name("99_another.ipynb")),
    ]
    released = release.RELEASED
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(release, "RELEASED", folder)
    for fault in faults:
        shutil.copytree(released, folder, dirs_exist_ok=True)
        fault()
        assert len(release.drift()) == 1
    assert release.main(["--check"]) == 1
    notebook.with_name("99_another.ipynb").unlink()
    page.unlink()
    assert release.main([]) == 0 and release.main(["--check"]) == 0


@each_source
def test_solutions_earn_all_points_and_untouched_tasks_none(release, path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    warnings.simplefilter("error")  # until the test ends
    source = release.read(path)
    for name, (got, most) in points_of(solved_version(release, source, path.stem)).items():
        assert got == most, f"{path.name}, {name}: the solution earns {got} of {most} points"
    graded = points_of(release.learners_version(source))
    assert graded
    for name, (got, _) in graded.items():
        assert got == 0, f"{path.name}, {name}: untouched it earns {got} points"
    assert capsys.readouterr().err == ""


def test_one_exercise_is_released_by_its_name(release, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(release, "RELEASED", tmp_path)
    assert release.main([SOURCES[1].stem]) == 0
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert written == {SOURCES[1].name, f"solutions/{SOURCES[1].stem}.md"}
    with pytest.raises(SystemExit):
        release.main(["08_another"])
    assert "no exercise is called 08_another; there are 01_forward_pass" in capsys.readouterr().err


def test_students_get_numbers_of_their_own_and_the_same_checks(release, tmp_path, monkeypatch):
    (tmp_path / "names.txt").write_text("Ada Lovelace\n\nBo / Cy\n", encoding="utf-8")
    options = ["--students", str(tmp_path / "names.txt"), "--to", str(tmp_path / "own")]
    assert release.main([SOURCES[0].stem, *options]) == 0
    made = [release.read(tmp_path / "own" / name / SOURCES[0].name) for name in ("Ada Lovelace", "Bo Cy")]
    source, plain = release.read(SOURCES[0]), release.read(release.RELEASED / SOURCES[0].name)
    seeds = []
    for notebook, student in zip(made, ("Ada Lovelace", "Bo / Cy"), strict=True):
        assert notebook.metadata.lstm_teach.student == student
        for hidden, cell, given in zip(source.cells, notebook.cells, plain.cells, strict=True):
            assert cell.source.endswith(given.source) and not re.search("BEGIN|END (SOLUTION|HIDDEN)", cell.source)
            if "seed=" in hidden.source and hidden.metadata.get("nbgrader", {}).get("grade"):
                (seed,) = re.findall(r"seed=(\d+)", cell.source)
                seeds.append(seed)
    assert len(set(seeds)) == 2 and "2026" not in seeds
    monkeypatch.chdir(tmp_path)
    solved = solved_version(release, release.students_version(source, SOURCES[0].stem, "Ada"), SOURCES[0].stem)
    for cell, right in zip(solved.cells, source.cells, strict=True):
        cell.source = right.source if "### BEGIN SOLUTION" in right.source else cell.source
    assert all(got == most for got, most in points_of(solved).values())


@each_source
def test_no_solution_and_no_hidden_test_is_released(release, path):
    source, released = release.read(path), nbformat.read(release.RELEASED / path.name, as_version=4)
    text = "\n".join(cell.source for cell in released.cells)
    assert not re.search("BEGIN|END (SOLUTION|HIDDEN)", text)
    for cell, shown in zip(source.cells, released.cells, strict=True):
        secret = [code for code in release.REGION.findall(cell.source) for code in code.splitlines()]
        assert not set(secret) - {""} & set(shown.source.splitlines())


@each_source
def test_every_graded_cell_imports_its_check_anew_out_of_sight(release, path):
    """A learner who defines check_... or ask in another cell must not be graded by that."""
    for cell in release.read(path).cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            hidden = re.search(r"### BEGIN HIDDEN TESTS\n(.*)### END HIDDEN TESTS\n+(.*)", cell.source, re.DOTALL)
            assert hidden, cell.id
            called = hidden[2].partition("(")[0]
            assert re.search(rf"(import .*\b{called}\b|^{called} = )", hidden[1], re.MULTILINE), cell.id
            assert re.fullmatch(r"\w+\([\w, ]+\)\.points\([\d.]+\)", hidden[2]), cell.id
            assert cell.metadata.nbgrader.points == float(re.search(r"points\(([\d.]+)\)", hidden[2])[1]), cell.id


@each_source
def test_a_question_reads_the_same_in_the_notebook_and_in_its_form(release, path):
    def plain(text):
        return " ".join(re.sub(r"[`$]", "", text).split())

    notebook = release.read(path)
    text = plain(" ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"))
    for question, name in release.questions(notebook, path.stem):
        assert question.name == name
        assert plain(question.text) in text
        for letter, option in question.options.items():
            assert f"- {letter}: {plain(option.text)}" in text


@each_source
def test_the_summary_which_answers_some_tasks_is_folded(release, path):
    text = release.read(path).cells[-1].source
    assert re.fullmatch(r"## Summary\n\n<details>((?!</details>).)*</details>\n\n## Where next\n.*", text, re.DOTALL)


@each_source
def test_a_stop_sign_comes_after_the_question_of_its_task(release, path):
    text = "\n".join(cell.source for cell in release.read(path).cells if cell.cell_type == "markdown")
    for rest in text.split("**Stop here**")[1:]:
        assert re.search(r"^#+ .*", rest, re.MULTILINE)[0].startswith("## ")


@each_source
def test_cells_are_named_after_what_they_are(release, path):
    """Stable grade ids: the cell's own, so that a cell and its points can be found again."""
    for cell in release.read(path).cells:
        nbgrader = cell.metadata.get("nbgrader")
        if nbgrader:
            assert nbgrader.grade_id == cell.id and nbgrader.schema_version == 3


@pytest.mark.long  # a process of its own reads all of nbgrader
def test_the_command_says_what_it_does(release):
    done = subprocess.run(
        [sys.executable, str(ROOT / "instructor" / "release.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "are what their sources generate" in done.stdout
