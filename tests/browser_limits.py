"""Take from Python what it lacks in a browser, then use the library: test_portable.py runs this in its own process."""

import os
import signal
import subprocess
import sys
import threading
import time
import types
import warnings
from pathlib import Path

CHECKS = []


def check(function):
    """Run this by name."""
    CHECKS.append(function)
    return function


def take_away():
    """No threads, an empty `resource`, no processes, no clock finer than a millisecond and none for a thread."""

    def no_thread(*args, **kwargs):
        raise RuntimeError("can't start new thread")

    def no_process(*args, **kwargs):
        raise OSError("there are no processes here")

    threading.Thread.start = no_thread
    subprocess.Popen.__init__ = no_process
    for name in ("fork", "posix_spawn", "posix_spawnp"):
        if hasattr(os, name):
            setattr(os, name, no_process)
    sys.modules["resource"] = types.ModuleType("resource")
    sys.modules["multiprocessing"] = None
    for module, name in ((time, "thread_time"), (time, "thread_time_ns"), (signal, "setitimer")):
        if hasattr(module, name):
            delattr(module, name)
    for name in ("perf_counter", "monotonic", "process_time"):
        fine = getattr(time, name)
        setattr(time, name, lambda fine=fine: int(1000 * fine()) / 1000)


@check
def the_whole_library_can_be_imported():
    import importlib
    import pkgutil

    import lstm_teach

    for module in pkgutil.walk_packages(lstm_teach.__path__, "lstm_teach."):
        importlib.import_module(module.name)


@check
def check_gradients_judges_a_right_and_a_wrong_pass():
    import lstm_teach as lt

    assert lt.check_gradients(lt.bptt).passed
    assert not lt.check_gradients(lt.nested_bptt).passed


@check
def a_call_that_raises_is_told_with_its_line():
    from lstm_teach import guard

    def divide():
        return 1 / 0

    try:
        guard.call(divide)
    except guard.LearnerError as error:
        assert str(error).endswith("return 1 / 0."), error
    else:
        raise AssertionError("nothing was raised")
    assert guard.call(lambda a, b: (a, b), 1, b=2) == (1, 2)


@check
def the_doctor_names_and_repairs_a_flaw():
    import backward_passes

    import lstm_teach as lt

    diagnosis = lt.diagnose(backward_passes.with_fault("dV += np.outer(dy, h[t])", "dV += np.outer(dy, ct[t])"))
    assert diagnosis.repaired_source and not diagnosis.passed


@check
def the_doctor_for_any_model_tells_a_scaled_gradient():
    import numpy as np

    import lstm_teach as lt

    def case(T):
        params = {"w": np.linspace(0.5, 1.0, 4)}
        return params, lambda p: float(T * (p["w"] ** 2).sum()), lambda p: {"w": 2.0 * p["w"]}

    diagnosis = lt.diagnose_model(case)
    assert not diagnosis.passed and diagnosis.findings


@check
def a_blank_is_judged():
    from lesson_cells import judged

    right = judged("02_one_step_back", "write-product", {"do": "dh * ct", "dct": "dh * o"})
    wrong = judged("02_one_step_back", "write-product", {"do": "dh * o", "dct": "dh * o"})
    assert right.passed and not wrong.passed


@check
def an_explorer_draws_and_follows_its_slider():
    from lstm_teach.explorers.gradient_check import step_size_explorer

    explorer = step_size_explorer()
    before = explorer.png
    slider = next(control for control in explorer.controls.values() if hasattr(control, "min"))
    slider.value = slider.max if slider.value != slider.max else slider.min
    assert explorer.png != before and explorer.message == ""


@check
def training_shows_its_progress_without_a_thread():
    import io
    from contextlib import redirect_stderr

    import lstm_teach as lt
    from lstm_teach import tasks, training

    training.somebody_watches = lambda: True
    task = tasks.recall(3, test_size=4)
    params = lt.Params.random(task.vocab_size, 4, seed=1)
    with redirect_stderr(io.StringIO()) as shown:
        lt.train(params, task, steps=20, batch=2)
    assert "20/20" in shown.getvalue() and "Warning" not in shown.getvalue()


@check
def a_time_is_measured_by_a_coarse_clock():
    from lstm_teach.explorers.single_pass import milliseconds

    assert milliseconds(sum, [1, 2, 3]) > 0

    pause = iter([0.05])  # one slow call, as on a busy machine, must not make the measured times too short
    assert milliseconds(lambda: time.sleep(next(pause, 0))) > 0


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:0] = [str(here.parent), str(here)]
    take_away()
    warnings.simplefilter("error")
    # what old versions of other packages do is not ours to change
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="matplotlib|pyparsing|ipywidgets|traitlets")
    for function in CHECKS:
        try:
            function()
        except Exception as error:
            print(f"{function.__name__}\t{type(error).__name__}: {error}", flush=True)
        else:
            print(f"{function.__name__}\t", flush=True)
