"""Which tests run, and in which order; and where they are.

A file is named after what it tests. Of each lesson there is a test_lesson_NN, and test_lessons for what holds for all;
of the exercises test_exercise_checks, which tries the tables of answers in exercise_answers, and for some a test of
what they say. The tests of the doctors share backward_passes (right passes, and faults) and model_cases. Lessons in a
real JupyterLab are in browser, grading with the real nbgrader in test_grading_course. Files without "test_" are helpers
of the tests that import them: lesson_cells runs a notebook's cells, scenes compares pictures.
"""

import gc
import importlib.util
import os
import sys
from pathlib import Path

import hypothesis
import pytest
from projectfiles import CI, skip_but_fail_in_ci

# Before numpy is imported: the processes of a run, its kernels among them, share the cores and need no threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# jsonschema, which validates notebooks, would spend two seconds on grammars for addresses in any alphabet.
sys.modules["rfc3987_syntax"] = None

gc.set_threshold(500_000)  # the doctor makes syntax trees by the million; at 50_000 this took 9% of its time, now 4%

# What several processes start with. Browsers mostly wait, so two of them leave time for tests without one, in a third.
FIRST = (
    *("test_later_lessons_in_lab.py", "test_lessons_in_lab.py", "test_exercise_checks.py", "test_doctor.py"),
    *("test_grading_course.py", "test_drive.py", "test_exercises.py", "test_hosts_in_lab.py"),
)

if not CI:  # in CI hypothesis loads a profile of its own, which has no deadline either
    hypothesis.settings.register_profile("no deadline", deadline=None)  # a slow machine is not a fault
    hypothesis.settings.load_profile("no deadline")


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="run the long tests as well")
    parser.addoption("--site", action="store_true", help="run the browser tests on the built site, not on JupyterLab")


def pytest_collection_modifyitems(config, items):
    """In one process, run the quick tests first and the browser tests last; leave out the long ones, unless asked for.

    They are asked for with --all, with -k, or by naming a file.
    """
    if hasattr(config, "workerinput"):  # start.py: each process takes a file, so that a notebook is opened once
        items.sort(key=lambda item: [*FIRST, item.path.name].index(item.path.name))
    else:
        items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    named = config.option.keyword or any(Path(each.partition("::")[0]).suffix == ".py" for each in config.args)
    if not (config.getoption("--all") or named):
        kept = {}  # where only one case of each test is wanted, the first
        for item in items:
            if not any(item.get_closest_marker(name) for name in ("long", "grading")):
                kept.setdefault((item.path, item.function) if item.get_closest_marker("sampled") else item, item)
        left_out = {*items}.difference(kept.values())
        items[:] = kept.values()
        config.hook.pytest_deselected(items=[*left_out])


@pytest.fixture(scope="session")
def release():
    """instructor/release.py as a module."""
    if importlib.util.find_spec("nbgrader") is None:
        skip_but_fail_in_ci("nbgrader is not installed: python3 start.py test installs it")
    return importlib.import_module("release")
