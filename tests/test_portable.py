"""The library works without what a browser lacks: threads, `resource`, processes, a fine clock."""

import os
import shutil
import subprocess
import sys

import pytest
from browser_limits import CHECKS
from projectfiles import ROOT

pytestmark = pytest.mark.long

ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "agg"}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT, timeout=120)


@pytest.fixture(scope="module")
def found():
    """What each check said, by its name: nothing if all is well."""
    done = run(sys.executable, "tests/browser_limits.py")
    assert done.returncode == 0, done.stderr
    return dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)


@pytest.mark.parametrize("name", [check.__name__ for check in CHECKS])
def test_without_what_a_browser_lacks(found, name):
    assert found[name] == ""


def python_with_monitoring():
    """A Python of 3.12 or later: this one, or another on this machine; None if there is none."""
    names = [sys.executable, "python3", *(f"python3.{minor}" for minor in (14, 13, 12))]
    for name in filter(shutil.which, names):
        if run(name, "-c", "import sys; sys.exit(not hasattr(sys, 'monitoring'))").returncode == 0:
            return name
    return None


def test_a_call_that_never_ends_is_stopped_without_threads():
    python = python_with_monitoring()
    if python is None:
        pytest.skip("there is no Python 3.12 or later on this machine; before that there is no limit without threads")
    done = run(python, "-Es", "tests/limit_stops.py")
    assert (done.returncode, done.stdout.split()[:1], done.stderr) == (0, ["stopped"], "")
