"""The cases on which the lines of lesson 1 are judged: random nets, the names that may be read, the right values.

Imports plain, cases and edited. Right values are those of `plain.forward`, which the tests hold against the library.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np

from lstm_teach import plain
from lstm_teach.edited import edited
from lstm_teach.lessons.cases import as_numbers, far, names_at, pick, sequences, surprised, walked
from lstm_teach.params import GATES, Params


def steps_of_one_unit(wanted: str) -> Iterator[dict]:
    """One unit, as plain numbers: what is known where a line is written, and what the line gives."""
    for net in sequences(sizes=((2, 1), (3, 1), (4, 1), (5, 1)), lengths=(1, 2, 3, 4)):
        steep = (Params(net.K, net.H, times * net.params.flat) for times in (4, -4))  # gates come close to 0 and 1
        far = (walked(params, net.x, net.targets, net.h0, 20 * net.c0) for params in steep)  # and c leaves -1 to 1
        for run, t in product((net, *far), range(net.T)):
            yield {name: as_numbers(value) for name, value in pick(names_at(run, t), wanted).items()}


def sigmoid() -> Iterator[dict]:
    """Numbers and arrays to squash."""
    rng = np.random.default_rng(1)
    for z in (*(rng.normal(0, 2, shape) for shape in ((), (3,), (2, 4))), np.array([-30, -8, 0.5, 8, 30])):
        yield {"z": z, "arguments": (z,), "answer": plain.sigmoid(z)}


def pre_activation() -> Iterator[dict]:
    """The arguments of `pre_activation` for each gate in turn, and its answer, (H,)."""
    for net in sequences():
        for t, gate in product(range(net.T), GATES):
            here = names_at(net, t)
            names = {"U": here[f"U{gate}"], "W": here[f"W{gate}"], "token": here["token"], "h_before": here["h_before"]}
            yield names | {"arguments": tuple(names.values()), "answer": here[f"z{gate}"]}


def whole_sequence() -> Iterator[dict]:
    """The arguments of `my_forward` and its answer; `passed(before, after)` is the pass with another line."""
    for net in (*sequences(lengths=(3, 2, 4, 12)), far(3)):
        given = (net.params, net.x, net.h0, net.c0)
        passed = cache(lambda *pieces, given=given: vars(edited(plain.forward, *pieces)(*given)))
        yield {"arguments": given, "answer": (net.cache.h, net.cache.c), "passed": passed}


def output() -> Iterator[dict]:
    """A whole sequence: h_all, c_all (T+1, H), scores (T, K), e, probabilities y, what the targets got, the loss L."""
    *nets, last = sequences(lengths=(3, 2, 4, 12))
    start = last.x, last.h0, last.c0
    params, targets = surprised(last.params, *start, times=4)  # improbable: about 1e-4
    for net in (*nets, last, walked(params, last.x, targets, *start[1:])):
        cache, scores = net.cache, net.cache.h[:-1] @ net.params.V.T
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        names = {"params": net.params, "h_all": cache.h, "c_all": cache.c, "scores": scores, "e": e, "y": cache.y}
        names |= {"picked": cache.y[np.arange(net.T), net.targets]}
        names |= {"L": plain.loss(net.params, net.x, net.targets, net.h0, net.c0)}
        yield names | pick(vars(net), "x targets T H K")


def left() -> Iterator[dict]:
    """What is left of a cell value of 1 after n steps with a bias of b on a forget gate that has z = 0 without it.

    On the page there are a c_before and an f from above, which has another bias.
    """
    for b, n in ((0.0, 5), (1.0, 20), (3.0, 8), (-0.5, 3)):
        yield {"b": b, "n": n, "left": float(plain.sigmoid(b) ** n), "start": {"f": 0.7, "c_before": 1.6}}


def my_forward(params: Params, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """h and c of all steps, (T+1, H) each; row -1 is the initial state."""
    cache = plain.forward(params, x, h0, c0)
    return cache.h, cache.c


def step(params: Params, token: int, h_before: np.ndarray, c_before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """h and c after one step, (H,) each."""
    now = plain.step(params, token, h_before, c_before)
    return now["h"], now["c"]
