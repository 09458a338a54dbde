import shutil

import pytest
from lab import SITE, find_chromium, start_chromium, start_lab, start_site
from projectfiles import ROOT, skip_but_fail_in_ci

ONLY_THERE = "test_on_the_site.py"
IN_BOTH = ("test_exercises.py", "test_lessons_in_lab.py", "test_later_lessons_in_lab.py")
ON_THE_SITE = (*IN_BOTH, ONLY_THERE)


def pytest_collection_modifyitems(config, items):
    """With --site leave out all but what can be run there; without it what can only be run there.

    The tests that write in blanks need lesson 2 only. Exercises that test_exercises.py doesn't open are run on the site
    alone, which has a Python of its own; in this one the release tests run them.
    """
    site = config.getoption("--site")
    left_out = [each for each in items if (each.path.name not in ON_THE_SITE if site else each.path.name == ONLY_THERE)]
    left_out += [each for each in items if not site and "[notebooks/exercises/" in each.name]
    left_out += [each for each in items if "blanks" in each.fixturenames and "02_one_step_back" not in each.name]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def browser():
    """A Chromium for the whole session."""
    try:
        import playwright  # noqa: F401
    except ModuleNotFoundError:
        skip_but_fail_in_ci("Playwright is not installed: python3 start.py test installs it")
    if find_chromium() is None:
        skip_but_fail_in_ci("no Chromium, Chrome or Edge was found: install one, or name it in LSTM_TEACH_CHROMIUM")
    with start_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def lab(request, browser, tmp_path_factory):
    """A JupyterLab for the whole session, with the learner's settings, over a copy of the project.

    With --site it is the built site instead, and the same tests run there.
    """
    if request.config.getoption("--site"):
        if not (SITE / "dist" / "index.html").is_file():
            pytest.fail("there is no site to test: make it with python site/build.py", pytrace=False)
        with start_site() as site:
            yield site
        return
    copy = tmp_path_factory.mktemp("lab") / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist"))
    with start_lab(copy) as server:
        yield server
