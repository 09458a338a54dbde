"""What the documents say about installing holds: one list of dependencies, commands that exist, a license."""

import re
import tomllib
from pathlib import Path

import nbformat
import pytest
import rattler
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from projectfiles import ROOT, tracked_files
from rattler.exceptions import InvalidMatchSpecError

# Where conda-forge has another name for the same thing: matplotlib without its desktop windows.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")


def conda_dependencies(text: str) -> dict[str, str]:
    """Name and version of each conda package in an environment.yml, read as strictly as conda's tools can."""
    listed = [entry for entry in yaml.safe_load(text)["dependencies"] if isinstance(entry, str)]
    specs = [rattler.MatchSpec(entry, strict=True, exact_names_only=True) for entry in listed]
    assert len({spec.name.normalized for spec in specs}) == len(specs), "a package is listed twice"
    return {spec.name.normalized: str(spec.version or "") for spec in specs}


def dependency_differences(environment: str, project: dict) -> list[str]:
    """What only one of environment.yml and the run-time dependencies of pyproject.toml has."""
    conda = conda_dependencies(environment)
    python = conda.pop("python", "missing").removesuffix(".*")
    conda.pop("pip", None)
    required = [Requirement(line) for line in project["dependencies"]]
    wanted = {CONDA_NAMES.get(r.name, r.name): str(r.specifier) for r in required}
    assert len(wanted) == len(required), "pyproject.toml lists a package twice"
    found = [f"{name} {spec}: only in one of the two" for name, spec in sorted(conda.items() ^ wanted.items())]
    if not re.fullmatch(r"3\.\d+", python) or Version(python) not in SpecifierSet(project["requires-python"]):
        found.append(f"python {python}: not one that pyproject.toml allows")
    return found


def test_environment_yml_has_exactly_the_dependencies_of_pyproject():
    assert dependency_differences(ENVIRONMENT, PROJECT) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("numpy >=2.2", "numpy >=2.1"),
        ("numpy >=2.2", "numpy"),
        ("  - numpy >=2.2\n", ""),
        ("  - numpy >=2.2\n", "  - numpy >=2.2\n  - scipy\n"),
        ("matplotlib-base", "matplotlib"),
        ("python =3.13", "python =3.10"),
        ("  - python =3.13\n", ""),
    ],
)
def test_a_difference_between_the_two_is_found(before, after):
    assert before in ENVIRONMENT
    assert dependency_differences(ENVIRONMENT.replace(before, after), PROJECT)


@pytest.mark.parametrize("spec", ["numpy =>2.2", "numpy >=2.2,", "numpy >= 2.2 <3 and more", "nump*"])
def test_a_spec_that_conda_would_misread_is_refused(spec):
    with pytest.raises(InvalidMatchSpecError):
        conda_dependencies(ENVIRONMENT.replace("numpy >=2.2", spec))


def test_environment_yml_uses_conda_forge_alone_and_installs_the_project():
    environment = yaml.safe_load(ENVIRONMENT)
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert environment["dependencies"][-2:] == ["pip", {"pip": ["-e ."]}]
    assert set(environment) == {"name", "channels", "dependencies"}


def test_repo2docker_finds_the_python_version():
    entries = [str(entry) for entry in yaml.safe_load(ENVIRONMENT)["dependencies"]]
    # It reads a version after "=" and nothing else.
    assert any(re.match(r"python\s*=+\s*3\.\d+$", entry) for entry in entries)


def test_no_lock_file_is_kept():
    names = {file.name for file in tracked_files()}
    assert not names & {"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "conda-lock.yml", "pixi.lock"}
    assert "uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("arguments", ["", " test"])
def test_the_readme_gives_both_commands_for_each_system(arguments):
    assert f"| `python3 start.py{arguments}` | `py start.py{arguments}` |" in README
    assert (ROOT / "start.py").is_file()


def test_the_readmes_table_has_exactly_two_commands():
    assert len(re.findall(r"^\|.*`python3 start\.py[^`]*`.*\|$", README, re.MULTILINE)) == 2


def test_ci_runs_the_readmes_test_command():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.strip()][-1] == "python3 start.py test --all"


WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}


def steps_of(workflow: dict) -> list[dict]:
    """All steps of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_pins_its_actions_and_may_only_read_but_for_the_job_that_deploys(name):
    workflow = WORKFLOWS[name]
    for step in steps_of(workflow):
        assert "run" in step or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"]), step
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    assert re.findall(r"uses: .*", text) == re.findall(r"uses: \S+ # v\d+\.\d+\.\d+", text), "say which version it is"
    assert workflow["permissions"] == {"contents": "read"}
    more = {job: found["permissions"] for job, found in workflow["jobs"].items() if "permissions" in found}
    assert more == ({"deploy": {"pages": "write", "id-token": "write"}} if name == "site" else {})
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_the_workflows_run_the_readmes_command_everywhere_ci_on_linux_and_the_long_part_at_night():
    quick, everything = WORKFLOWS["tests"]["jobs"]["quick"], WORKFLOWS["tests"]["jobs"]["all"]
    assert quick["steps"][-1] == {"run": "python start.py test"}
    assert everything["steps"][-1] == {"run": ".ci/run"}
    matrix = quick["strategy"]["matrix"]
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert f">={matrix['python'][0]}" == PROJECT["requires-python"]
    night = WORKFLOWS["nightly"]
    assert {"run": "python start.py test --all -n 0"} in steps_of(night)
    named = {Path(path) for step in steps_of(night) for path in re.findall(r"\S+\.py", step.get("run", ""))}
    assert {path for path in named if not (ROOT / path).is_file()} == set()


def test_the_nights_oldest_versions_are_the_lowest_that_pyproject_allows():
    (oldest,) = [
        v for v in WORKFLOWS["nightly"]["jobs"]["versions"]["strategy"]["matrix"]["include"] if v["constraint"]
    ]
    assert f">={oldest['python']}" == PROJECT["requires-python"]
    lines = (ROOT / oldest["constraint"]).read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if not line.startswith("#")]
    lowest = [Requirement(line) for line in PROJECT["dependencies"]]
    for one, other in zip(pinned, lowest, strict=True):
        (exact,), (bound,) = one.specifier, other.specifier
        assert (one.name, exact.operator, bound.operator) == (other.name, "==", ">=")
        assert Version(exact.version) == Version(bound.version)


def test_the_citation_has_the_projects_name_version_and_license():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["title"].startswith(PROJECT["name"])
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["authors"] and citation["message"]


def test_what_contributing_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(text.split()) < 1350, "three pages"
    named = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r"python (\S+\.py)", text)
    assert len(named) > 12 and [name for name in named if not (ROOT / name).exists()] == []
    layers = text.partition("## The layers")[2].partition("\n## ")[0]
    beside = {"__init__", "bell", "set_up", "html", "gradreport", "verdicts"}  # data, and words for what others find
    every = {path.stem for path in (ROOT / "lstm_teach").glob("*.py")} - beside
    assert every - set(re.findall(r"[`\[](\w+)[`\]]", layers)) == set()
    measured = set(re.findall(r"`(\w+)`", text.partition("## Measure")[2].partition("\n## ")[0]))
    assert {path.stem for path in (ROOT / "benchmarks").glob("*.py")} <= measured
    library = README.partition("### The library")[2].partition("\n## ")[0]
    modules = [
        name for name in re.findall(r"`(\w+)`", library) if name in text or (ROOT / "lstm_teach" / name).is_dir()
    ]
    assert len(modules) > 12 and set(re.findall(r"`(\w+)`", library)) == set(modules), "layers for all of them"
    assert "lesson.judge(" in (ROOT / "notebooks" / "01_forward_pass.ipynb").read_text(encoding="utf-8")


def test_the_readmes_other_commands_name_what_exists():
    name = yaml.safe_load(ENVIRONMENT)["name"]
    assert f"conda env create -f environment.yml\nconda activate {name}\n" in README
    extras = re.findall(r"--extra (\S+)", README)
    assert extras and set(extras) <= set(PROJECT["optional-dependencies"])
    assert f".[{','.join(extras)}]" in (ROOT / "start.py").read_text(encoding="utf-8"), "the tests need the same extras"
    mentioned = {path.removeprefix("lab/tree/") for path in re.findall(r"[\w./]+\.ipynb", README)}
    assert mentioned and {path for path in mentioned if not (ROOT / path).is_file()} == set()


def test_the_readmes_links_and_pictures_are_there():
    targets = {target for target in re.findall(r"\]\(([^)\s]+)\)", README) if "://" not in target}
    assert targets and {target for target in targets if not (ROOT / target).exists()} == set()


def minutes_in(text: str) -> dict[str, str]:
    """The minutes that a table of lessons gives for each notebook, by the notebook's name."""
    rows = re.findall(r"^\|[^|\n]*\((?:notebooks/)?(\w+\.ipynb)\)[^|\n]*\|[^|\n]*\|([^|\n]*)\|$", text, re.MULTILINE)
    return {name: minutes.strip() for name, minutes in rows}


def test_the_readme_the_map_and_the_lessons_agree_on_the_minutes():
    named = minutes_in(README)
    assert set(named) == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    cells = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4).cells
    on_the_map = minutes_in("\n".join(cell.source for cell in cells if cell.cell_type == "markdown"))
    assert on_the_map == {name: minutes for name, minutes in named.items() if name in on_the_map} != {}
    for name, minutes in named.items():
        first = nbformat.read(ROOT / "notebooks" / name, as_version=4).cells[0].source
        said = re.search(r"\*\*(Time|Minutes)\*\*:(.*)", first)[2].replace("two hours", "120 minutes")
        assert set(re.findall(r"\d+", minutes)) <= set(re.findall(r"\d+", said)), f"{name}: {minutes}, but{said}"


def test_the_readmes_pictures_are_described():
    pictures = re.findall(r"!\[([^\]]*)\]\(", README)
    assert pictures and all(len(text) > 40 for text in pictures)


def test_the_readme_names_the_oldest_python():
    assert f"Python {PROJECT['requires-python'].removeprefix('>=')} or newer" in README


def test_the_readme_says_where_the_question_comes_from():
    assert "question-and-answer site" in README and "March 7, 2017" in README


def test_the_license_is_bsd_3_clause():
    text = " ".join((ROOT / "LICENSE").read_text(encoding="utf-8").split())
    assert PROJECT["license"] == "BSD-3-Clause" and PROJECT["license-files"] == ["LICENSE"]
    for sentence in [
        "Redistribution and use in source and binary forms, with or without modification, are permitted",
        "1. Redistributions of source code must retain the above copyright notice",
        "2. Redistributions in binary form must reproduce the above copyright notice",
        "3. Neither the name of the copyright holder nor the names of its contributors may be used",
        'THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"',
    ]:
        assert sentence in text
    assert "4. " not in text
