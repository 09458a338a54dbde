"""What lesson 6 trains: three nets without names, the bell task over any gap, and a table of eight seeds.

Imports training, tasks, bell and nested. The table is in 06_training.toml; `benchmarks/eight_seeds.py` makes it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
from IPython.display import HTML

from lstm_teach import bell, tasks
from lstm_teach.backward import bptt
from lstm_teach.batch import pad
from lstm_teach.forward import run
from lstm_teach.html import table
from lstm_teach.lessons import spec_of
from lstm_teach.nested import FLAWS, nested_bptt
from lstm_teach.params import Params
from lstm_teach.training import History, batch_gradient, train

almost_right = partial(nested_bptt, repaired=[flaw for flaw in FLAWS if flaw != "stale_cell_delta"])
BACKWARDS = {"right": bptt, "almost right": almost_right, "broken": nested_bptt}
NAMES = {"A": "broken", "B": "right", "C": "almost right"}  # what the lesson keeps to itself at first
SEED, STEPS = 4, 400
reber = cache(tasks.reber)  # to draw its test strings takes time
EIGHT_SEEDS = spec_of("06_training")["eight_seeds"]


def reber_net(seed: int) -> Params:
    """The net that the lesson starts with, for the embedded Reber grammar."""
    return Params.random(len(tasks.REBER_SYMBOLS), 16, seed=seed, scale=0.25, forget_bias=1.0)


def three_runs() -> dict[str, History]:
    """Three nets from the same start, trained on the same strings with different gradients: runs A, B and C."""
    task, rng, runs = tasks.reber(), np.random.default_rng(SEED), {}
    batches = [task.draw(rng, 8) for _ in range(STEPS)]  # to draw them takes time: once for all three
    for letter, kind in NAMES.items():
        drawn = iter(batches)
        same = replace(task, draw=lambda rng, count, drawn=drawn: next(drawn))
        runs[letter] = train(reber_net(SEED), same, STEPS, BACKWARDS[kind], batch=8, progress=False)
    return runs


def remembered(params: Params, task: tasks.Task) -> float:
    """The share of the test strings in which the net prefers the right one of T and P before the last E."""
    xs, targets, weights = pad(task.test)
    last, b = weights.sum(0).astype(int) - 2, np.arange(len(task.test))
    y = run(params, xs).y[last, b]
    return float((y[b, targets[last, b]] == y[:, task.encode("TP")].max(1)).mean())


def reber_gradient(params: Params, kind: str) -> np.ndarray:
    """The gradient (n,) of the mean loss of a string over 64 test strings, by one of `BACKWARDS`."""
    return batch_gradient(params, reber(64).test, BACKWARDS[kind])[1].flat


def grammar_loss() -> tuple[float, float]:
    """The mean loss per symbol of a net that knows all there is to know, and the mean number of symbols to predict."""
    rng = np.random.default_rng(0)
    choices = [tasks.reber_string(rng)[1] for _ in range(2000)]  # the allowed symbols, at each step of each string
    allowed = np.array([len(symbols) for string in choices for symbols in string])
    return float(np.log(allowed).mean()), len(allowed) / len(choices)


def bell_task(gap: int) -> tasks.Task:
    """The bell task of lesson 1 over a gap of that many quiet steps; a batch is drawn from its two sequences."""
    pairs = [bell.sequence(rang, gap) for rang in (False, True)]

    def draw(rng: np.random.Generator, count: int) -> list[tasks.Pair]:
        return [pairs[k] for k in rng.integers(0, 2, count)]

    return tasks.Task(f"bell over a gap of {gap}", "·b?", draw, pairs)


def bell_net(seed: int, forget_bias: float) -> Params:
    """A random net for the bell task: 12 units, small weights."""
    return Params.random(len(bell.SYMBOLS), 12, seed=seed, scale=0.3, forget_bias=forget_bias)


def sequence_loss(nets: Iterable[Params], task: tasks.Task) -> np.ndarray:
    """The mean loss of a whole test sequence of each net, in nats."""
    length = np.mean([len(x) for x, _ in task.test])
    return np.array([task.test_loss(net) * length for net in nets])


def recall_table(learned: Mapping[int, np.ndarray], biases: Sequence[float]) -> HTML:
    """How many runs learned each gap, and which: `learned` maps a gap to booleans (biases, seeds)."""
    rows = []
    for bias, *by_gap in zip(biases, *learned.values(), strict=True):
        rows.append([bias, *(f"{sum(runs)} of {len(runs)} {''.join(np.where(runs, '●', '○'))}" for runs in by_gap)])
    caption = "How many runs learned to remember. One dot for each seed, from 0 on: ● learned, ○ not learned."
    return HTML(table(caption, ["forget-gate bias", *(f"gap of {gap}" for gap in learned)], rows))
