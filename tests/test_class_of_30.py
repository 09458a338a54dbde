"""The benchmark of a class runs a lesson in several kernels and says what it took."""

import importlib.util
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from projectfiles import ROOT

pytestmark = pytest.mark.long


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    spec = importlib.util.spec_from_file_location("class_of_30", ROOT / "benchmarks" / "class_of_30.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["class_of_30"] = module
    spec.loader.exec_module(module)
    return module


def test_a_class_of_two_runs_a_lesson_and_is_measured(benchmark, capsys):
    with ThreadPoolExecutor() as pool:  # a browser that other tests opened has this thread's loop
        assert pool.submit(benchmark.main, ["--lesson", "00", "--students", "2"]).result() == 0
    said = capsys.readouterr().out
    assert "00_start_here, 2 students" in said
    for name in ("start-up, s", "run, s"):
        middle, most = map(float, re.search(rf"{name} +(\S+) +(\S+)", said).groups())
        assert 0 < middle <= most
    if sys.platform.startswith("linux"):
        middle, most = map(float, re.search(r"memory, MB +(\S+) +(\S+)", said).groups())
        assert 20 < middle <= most < 1000
    else:
        assert "memory: not known" in said


def test_a_lesson_that_is_not_there_is_told(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--lesson", "99"])
    assert "--lesson: '99' should begin the name of one lesson; there are 00_start_here" in capsys.readouterr().err
