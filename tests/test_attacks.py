"""Nothing that a submission does changes its own points: one notebook full of attacks, judged once."""

import os
import time

import collected
import pytest
import score
from projectfiles import ROOT

pytestmark = [pytest.mark.long, pytest.mark.skipif(os.name == "nt", reason="some attacks need POSIX")]
MEMORY = 3000 + os.getpid() % 500  # MB; tells the processes of these attacks from those of tests that run beside them
SOURCE = ROOT / "instructor" / "exercises"
HIDDEN = """\
### BEGIN HIDDEN TESTS
import numpy as np

from lstm_teach.judging import difference, judge

numbers = np.random.default_rng(20260717).normal(size=4)


def check(function):
    def doubled(attempt):
        return difference("the answer", attempt(numbers), 2 * numbers)

    return judge(function, {"doubled": doubled}, (), seconds=SECONDS)


### END HIDDEN TESTS
check(ATTACK).points(1)
"""
RESULT = '{"value": {"array": ["<f8", [4], "AAAA"]}, "reply": {"value": 1}, "points": 1, "ready": true}'

# name -> the cell in which a function of that name should double an array, and what the judge is to say of it
ATTACKS = {
    "honest": ("def honest(a):\n    return 2 * a", ""),
    "honest_object": (
        "class Twice:\n    def __init__(self, times):\n        self.times = times\n"
        "    def __call__(self, a):\n        return self.times * a\nhonest_object = Twice(2)",
        "",
    ),
    "honest_partial": (
        "from functools import partial\ndef times(n, a):\n    return n * a\nhonest_partial = partial(times, 2)",
        "",
    ),
    "calls_the_library": (
        "import lstm_teach as lt\ndef calls_the_library(a):\n    lt.relative_error(a, a)\n    return 2 * a",
        "calls_the_library calls lt.relative_error from the library.",
    ),
    "hides_the_library": (
        "from lstm_teach import relative_error as r\nhelpers = {'it': lambda a: 2 * a + r(a, a)}\n"
        "hides_the_library = helpers['it']",
        "What counts here is that you write the lines yourself.",
    ),
    "patched_score": (
        "from lstm_teach.verdicts import Part, Verdict\n"
        "Verdict.score = property(lambda self: 1.0)\nPart.passed = property(lambda self: True)\n"
        "def patched_score(a):\n    return 0 * a",
        "the answer is off",
    ),
    "patched_when_called": (
        "def patched_when_called(a):\n    from lstm_teach import judging, verdicts\n"
        "    judging.difference.__code__ = (lambda *a, **k: '').__code__\n"
        "    verdicts.Verdict.score = property(lambda self: 1.0)\n    return 0 * a",
        "the answer is off",
    ),
    "other_modules": (
        "import sys, types\nfake = types.ModuleType('lstm_teach.judging')\n"
        "fake.judge = lambda *a, **k: 1\nfake.difference = lambda *a, **k: ''\n"
        "sys.modules['lstm_teach.judging'] = fake\nsys.modules['numpy'].abs = lambda *a: 0\n"
        "def other_modules(a):\n    return 0 * a",
        "the answer is off",
    ),
    "redefined_check": (
        "class Full:\n    def points(self, most):\n        return float(most)\n"
        "check = judge = difference = lambda *a, **k: Full()\n"
        "def redefined_check(a):\n    return Full()",
        "the answer should",
    ),
    "at_the_end": (
        "import atexit\nfrom pathlib import Path\n"
        "atexit.register(lambda: Path('results.json').write_text('all points'))\n"
        "def at_the_end(a):\n    return 0 * a",
        "the answer is off",
    ),
    "writes_results": (
        "def writes_results(a):\n    with open('FOLDER/results.json', 'w') as stream:\n        stream.write('{}')\n"
        "    return 0 * a",
        "a submission may not write results.json",
    ),
    "reads_hidden_tests": (
        "def reads_hidden_tests(a):\n    return open('SOURCE/01_forward_pass.ipynb').read()",
        "a submission may not read 01_forward_pass.ipynb",
    ),
    "looks_for_the_seed": (
        "def looks_for_the_seed(a):\n    import os\n    return os.listdir('SOURCE')",
        "a submission may not read",
    ),
    "reads_through_a_link": (
        "def reads_through_a_link(a):\n    import os\n    os.symlink('SOURCE', 'here')\n"
        "    return open('here/01_forward_pass.ipynb').read()",
        "a submission may not",
    ),
    "looks_into_the_judge": (
        "import gc, sys\ndef looks_into_the_judge(a):\n    found = []\n"
        "    for frame in sys._current_frames().values():\n        while frame:\n"
        "            found += [v for k, v in frame.f_locals.items() if k in ('right', 'numbers', 'expected')]\n"
        "            frame = frame.f_back\n"
        "    name = 'doubled'  # Python 3.14 shows its table of strings, where each is its own value\n"
        "    found += [o for o in gc.get_objects() if isinstance(o, dict) and dict.get(o, name, name) is not name]\n"
        "    return 2 * found[0]",
        "IndexError",
    ),
    "equals_everything": (
        "class Equal(np.ndarray):\n    def __eq__(self, other):\n        return True\n"
        "    def __array_ufunc__(self, *inputs, **options):\n        return np.zeros(4)\n"
        "def equals_everything(a):\n    return np.zeros(4).view(Equal)",
        "the answer is off",
    ),
    "prints_a_result": (
        f"import os\ndef prints_a_result(a):\n    text = b'{RESULT}'\n"
        "    for number in range(3, 30):\n        try:\n"
        "            os.write(number, len(text).to_bytes(8, 'big') + text)\n        except OSError:\n            pass\n"
        "    print(text)\n    return 0 * a",
        "sent a message that nobody had asked for",
    ),
    "sends_rubbish": (
        "import os\ndef sends_rubbish(a):\n    for number in range(3, 30):\n        try:\n"
        "            os.write(number, b'x' * 64)\n        except OSError:\n            pass\n    return 2 * a",
        "sends_rubbish",
    ),
    "leaves": ("import os\ndef leaves(a):\n    os._exit(0)", "has ended"),
    "leaves_at_once": (
        "import os\nos._exit(0)\ndef leaves_at_once(a):\n    return 2 * a",
        "its cell ended the process",
    ),
    "endless": (
        "def endless(a):\n    while True:\n        try:\n            pass\n        except:\n            pass",
        "within 2 seconds",
    ),
    "endless_at_once": ("while True:\n    pass\ndef endless_at_once(a):\n    return 2 * a", "within 2 seconds"),
    "memory_bomb": ("def memory_bomb(a):\n    return np.ones(10**10)[:4]", "MemoryError"),
    "too_large": ("def too_large(a):\n    return np.ones(10**8, dtype=np.int8)", "too_large"),
    "large_range": ("def large_range(a):\n    return range(10**12)", "is too large"),
    "fills_the_disk": (
        "def fills_the_disk(a):\n    with open('here', 'wb') as stream:\n        stream.truncate(2**40)",
        "fills_the_disk raised OSError",
    ),
    "nested": ("def nested(a):\n    it = []\n    for _ in range(10**4):\n        it = [it]\n    return it", "nested"),
    "forks": ("import os\ndef forks(a):\n    while True:\n        os.fork()", "may not use os.fork"),
    "starts_programs": (
        "import subprocess\ndef starts_programs(a):\n    return subprocess.run(['sleep', '60'])",
        "starts_programs raised PermissionError",
    ),
    "starts_programs_quietly": (
        "import _posixsubprocess\ndef starts_programs_quietly(a):\n    return _posixsubprocess.fork_exec()",
        "may not start other programs",
    ),
    "kills_the_judge": ("import os\ndef kills_the_judge(a):\n    os.kill(os.getppid(), 9)", "may not use os.kill"),
    "calls_c": ("import ctypes\ndef calls_c(a):\n    return ctypes.CDLL(None).fork()", "may not use ctypes"),
    "calls_the_network": (
        "import socket\ndef calls_the_network(a):\n    return socket.create_connection(('127.0.0.1', 80))",
        "may not use socket",
    ),
    "frees_itself": (
        "import resource\ndef frees_itself(a):\n    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "frees_itself raised",
    ),
}


def hidden_test(name):
    """The graded cell; a call that is not endless may be slow on a busy machine."""
    return HIDDEN.replace("ATTACK", name).replace("SECONDS", "2" if name == "endless" else "20")


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What the judge says of each attack; and how long it took, and what is in a folder that the attacks write to."""
    folder = tmp_path_factory.mktemp("results")
    cells, submitted = [], [collected.Cell("imports", "code", "import numpy as np")]
    for name, (attack, _) in ATTACKS.items():
        check = collected.Cell(f"check-{name}", "code", hidden_test(name), 1.0)
        cells.append(check)
        attack = attack.replace("FOLDER", str(folder)).replace("SOURCE", str(SOURCE))
        submitted += [collected.Cell(name, "code", attack), check]
    start = time.perf_counter()
    result = score.score(submitted, collected.Exercise("attacks", "Attacks", cells), 2, MEMORY, None)
    return {task["name"]: task for task in result["tasks"]}, time.perf_counter() - start, list(folder.iterdir())


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_and_the_judge_says_what_it_saw(judged, name):
    task, sentence = judged[0][f"check-{name}"], ATTACKS[name][1]
    assert task["points"] == name.startswith("honest"), task
    said = " ".join([task.get("problem", ""), *(part[2] for part in task["parts"])])
    assert sentence in said, said


def test_the_attacks_have_written_no_results(judged):
    assert judged[2] == []
    assert not (ROOT / "results.json").exists() and not (ROOT / "instructor" / "results.json").exists()


def submissions_alive():
    """The command lines of worker processes that were started as these attacks are."""
    found = []
    for path in (ROOT / "/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        found += [words for word in words if word.endswith("instructor/worker.py") and words[-2] == str(MEMORY)]
    return found


def test_no_process_of_a_submission_is_left(judged):
    end = time.monotonic() + 20  # a killed process that held gigabytes takes a moment to give them back
    while submissions_alive() and time.monotonic() < end:
        time.sleep(0.1)
    assert submissions_alive() == []
