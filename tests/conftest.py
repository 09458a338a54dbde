import os
from pathlib import Path

import hypothesis
from projectfiles import CI

# Before numpy is imported: the processes of a run, its kernels among them, share the cores and need no threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if not CI:  # in CI hypothesis loads a profile of its own, which has no deadline either
    hypothesis.settings.register_profile("no deadline", deadline=None)  # a slow machine is not a fault
    hypothesis.settings.load_profile("no deadline")


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="run the long tests as well")
    parser.addoption("--site", action="store_true", help="run the browser tests on the built site, not on JupyterLab")


def pytest_collection_modifyitems(config, items):
    """One at a time, run the quick tests first and the browser last; leave out the long ones, unless asked for.

    They are asked for with --all, with -k, or by naming a file.

    Several at a time (start.py), each process takes a file, so that a notebook that the tests of a file share is opened
    once. The browser, which takes longest, comes first then, or the others would wait for it at the end.
    """
    several = hasattr(config, "workerinput")
    items.sort(key=lambda item: (item.get_closest_marker("browser") is not None) != several)
    named = config.option.keyword or any(Path(each.partition("::")[0]).suffix == ".py" for each in config.args)
    if not (config.getoption("--all") or named):
        kept = {}  # where only one case of each test is wanted, the first
        for item in items:
            if not any(item.get_closest_marker(name) for name in ("long", "grading")):
                kept.setdefault((item.path, item.function) if item.get_closest_marker("sampled") else item, item)
        left_out = {*items}.difference(kept.values())
        items[:] = kept.values()
        config.hook.pytest_deselected(items=[*left_out])
