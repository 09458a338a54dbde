"""How fast the numeric core is, as a table: `python benchmarks/core_speed.py`, about a minute, one thread.

A ratio is the median of ratios of blocks that ran right after each other, so that a busy machine slows both sides.
Times are processor times. Shown: `bptt` against the per-gate loop of plain.py, a gradient for training against one such
loop for each sequence, `exact_gradient` against the double loop that re-runs the forward pass for every number, the
gradient check, `gradient_flow` against a walk back from every loss on its own, and the import.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # has to be set before numpy is imported

import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs without an installation

import numpy as np  # noqa: E402

import lstm_teach as lt  # noqa: E402
from lstm_teach import plain  # noqa: E402
from lstm_teach.training import batch_gradient  # noqa: E402

VOCAB_SIZE = 8
TARGETS = {6: 5, 16: 5, 32: 5, 100: 3}  # H: how many times faster than the plain loop bptt has to be


def seconds(function: Callable[[], object], calls: int = 1) -> float:
    """Processor time of one call."""
    start = time.process_time()
    for _ in range(calls):
        function()
    return (time.process_time() - start) / calls


def compare(
    slow: Callable[[], object], fast: Callable[[], object], rounds: int, fast_calls: int
) -> tuple[float, float, float]:
    """Median seconds of the slow one, of the fast one, and the median of their ratios round by round."""
    fast()  # the first call pays for memory and imports
    pairs = [(seconds(slow), seconds(fast, fast_calls)) for _ in range(rounds)]
    return median(s for s, _ in pairs), median(f for _, f in pairs), median(s / f for s, f in pairs)


def task(T: int, H: int) -> tuple[lt.Params, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(T + H)
    params = lt.Params.random(VOCAB_SIZE, H, seed=H, scale=1 / np.sqrt(H))
    return params, rng.integers(VOCAB_SIZE, size=T), rng.integers(VOCAB_SIZE, size=T), np.zeros(H)


def bptt_table() -> None:
    print("bptt against a plain per-gate loop, one line per equation")
    print(f"{'T':>5} {'H':>5} {'plain ms':>12} {'bptt ms':>10} {'ratio':>8} {'target':>8}")
    for T in (25, 100):
        for H, target in TARGETS.items():
            params, x, targets, zeros = task(T, H)
            slow, fast, ratio = compare(
                lambda p=params, x=x, y=targets, s=zeros: plain.bptt(p, x, y, s, s),
                lambda p=params, x=x, y=targets: lt.bptt(p, x, y),
                rounds=60,
                fast_calls=5,
            )
            print(f"{T:>5} {H:>5} {1e3 * slow:>12.2f} {1e3 * fast:>10.3f} {ratio:>7.1f}x {target:>7}x")


def training_table() -> None:
    rng, K, H, T = np.random.default_rng(0), 65, 100, 25
    params, zeros = lt.Params.random(K, H, seed=0, scale=0.1), np.zeros(H)
    print(f"\na gradient for training against the plain loop for each sequence, T = {T}, H = {H}, vocabulary {K}")
    print(f"{'batch':>5} {'plain ms':>12} {'batch ms':>10} {'ratio':>8}")
    for batch, rounds in ((1, 25), (8, 15), (32, 11)):
        pairs = list(rng.integers(0, K, (batch, 2, T)))
        slow, fast, ratio = compare(
            lambda pairs=pairs: [plain.bptt(params, x, y, zeros, zeros) for x, y in pairs],
            lambda pairs=pairs: batch_gradient(params, pairs, lt.bptt),  # what a step of lt.train calls
            rounds,
            fast_calls=3,
        )
        print(f"{batch:>5} {1e3 * slow:>12.2f} {1e3 * fast:>10.2f} {ratio:>7.1f}x")


def double_loop(params: lt.Params, loss: Callable[[lt.Params], float]) -> lt.Params:
    """Central differences, number by number, in place: the check that everybody writes first."""
    grads, step = lt.Params.zeros(params.vocab_size, params.hidden_size), 1e-5
    for name, matrix in params.items():
        for row in range(matrix.shape[0]):
            for column in range(matrix.shape[1]):
                kept = matrix[row, column]
                matrix[row, column] = kept + step
                ahead = loss(params)
                matrix[row, column] = kept - step
                behind = loss(params)
                matrix[row, column] = kept
                grads[name][row, column] = (ahead - behind) / (2 * step)
    return grads


def exact_table() -> None:
    T, H = 20, 16
    params, x, targets, zeros = task(T, H)

    def literal_loss(p: lt.Params) -> float:
        return float(plain.loss(p, x, targets, zeros, zeros))

    def fast_loss(p: lt.Params) -> float:
        return lt.loss(p, x, targets)

    def exact() -> lt.Params:
        return lt.exact_gradient(params, x, targets)

    print(f"\nexact_gradient against the double loop, T = {T}, H = {H}, {params.flat.size} numbers")
    print(f"{'forward pass in the double loop':<36} {'double ms':>10} {'exact ms':>10} {'ratio':>8} {'target':>8}")
    for name, loss in (("plain, gate by gate", literal_loss), ("the library's", fast_loss)):
        slow, fast, ratio = compare(lambda f=loss: double_loop(params, f), exact, rounds=7, fast_calls=50)
        print(f"{name:<36} {1e3 * slow:>10.0f} {1e3 * fast:>10.2f} {ratio:>7.0f}x {'300x':>8}")
    step = lt.complex_step_gradient(lambda p: lt.loss(p, x, targets), params, batched=True)
    print(f"norm-relative difference from the complex step: {lt.relative_error(exact().flat, step.flat):.0e}")


def check_table() -> None:
    print()
    for against in ("exact", "numerical"):
        lt.check_gradients(lt.bptt, against=against)
        ms = 1e3 * median(seconds(lambda a=against: lt.check_gradients(lt.bptt, against=a)) for _ in range(15))
        print(f'check_gradients(bptt, against="{against}"), its own five nets: {ms:.0f} ms')


def flow_table() -> None:
    params, x, targets, _ = task(100, 32)
    net = params, x, targets
    flow, walks = lt.gradient_flow(*net), lt.nested_flow(*net, repaired=lt.FLAWS)
    worst = max(lt.relative_error(flow.dh, walks.dh), lt.relative_error(flow.dc, walks.dc))

    def every_prefix() -> None:
        for s in range(len(x)):
            lt.bptt(params, x[: s + 1], targets[: s + 1])

    rows = {
        "a plain walk from every loss": lambda: lt.nested_flow(*net, repaired=lt.FLAWS),
        "bptt for every loss": every_prefix,
        "gradient_flow": lambda: lt.gradient_flow(*net),
        "gradient_flow with the split by path": lambda: lt.gradient_flow(*net).dc_paths,
        "nested_flow, all four flaws": lambda: lt.nested_flow(*net),
    }
    print(f"\nThe flow, T = 100, H = 32; largest norm-relative difference from the plain walks {worst:.0e}")
    for name, function in rows.items():
        print(f"{name:38}{1e3 * median(seconds(function) for _ in range(7)):8.1f} ms")


IMPORT = """
import sys, time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
import lstm_teach
print(middle - start, time.perf_counter() - middle, *(name in sys.modules for name in ("matplotlib", "ipywidgets")))
"""


def import_table() -> None:
    command = [sys.executable, "-c", IMPORT]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout for _ in range(7)]
    numpy_seconds, own_seconds, matplotlib, ipywidgets = zip(*(run.split() for run in runs), strict=True)
    own, numpy = (1e3 * median(map(float, times)) for times in (own_seconds, numpy_seconds))
    print(f"\nimport lstm_teach: {own:.0f} ms on top of numpy's {numpy:.0f} ms")
    print(f"it imports matplotlib: {matplotlib[0]}; ipywidgets: {ipywidgets[0]}")


if __name__ == "__main__":
    print(f"Python {platform.python_version()}, numpy {np.__version__}, one thread\n")
    bptt_table()
    training_table()
    exact_table()
    check_table()
    flow_table()
    import_table()
