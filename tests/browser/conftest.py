import shutil

import pytest
from lab import find_chromium, start_chromium, start_lab
from projectfiles import ROOT, skip_but_fail_in_ci


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
def lab(browser, tmp_path_factory):
    """A JupyterLab for the whole session, with the learner's settings, over a copy of the project."""
    copy = tmp_path_factory.mktemp("lab") / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist"))
    with start_lab(copy) as server:
        yield server
