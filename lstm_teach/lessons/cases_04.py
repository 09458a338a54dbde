"""The cases on which the lines of lesson 4 are judged, and the whole passes that a mistake in one line gives.

Imports plain, cases and clinic_cases. Right values come from `plain.py`; `right_pass` only serves to make wrong ones.
"""

from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from lstm_teach import plain
from lstm_teach.edited import edited
from lstm_teach.lessons.cases import SIZES, far, names_at, pick, sequences, walked
from lstm_teach.lessons.clinic_cases import right_pass
from lstm_teach.params import GATES, Params

QUIET = 0


def meeting() -> Iterator[dict[str, Any]]:
    """Two walkers a and b at one step; the right sums are those of one walk that starts from both losses."""
    for net in sequences(lengths=(8, 8, 8, 8), seed=41, loud=True):  # long enough for the lesson's step 5
        T, t = net.T, net.T - 3
        walks = {name: _walk(net, rows) for name, rows in {"a": [T - 1], "b": [T - 2], "both": [T - 1, T - 2]}.items()}
        case = pick(names_at(net, t), "params t T H f")
        for name, deltas in walks.items():
            wanted = ("dh", "dc_carry", "dh_before", "dc_before")
            case |= {f"{delta}_{name}": deltas[t][delta] for delta in wanted}
        yield case


def _walk(net: SimpleNamespace, rows: list[int]) -> list[dict[str, np.ndarray]]:
    """The deltas of every step, of a walk that picks up the losses of these steps only."""
    picked_up = np.isin(np.arange(net.T), rows)[:, None]
    return plain.walk_back(net.params, net.cache, picked_up * net.dy)[1]


def start() -> Iterator[dict[str, Any]]:
    """Before the loop: nothing comes back from beyond the last step."""
    for net in sequences(seed=42):
        for gate in GATES:  # this row belongs to no step, so that it holds zeros is chance
            getattr(net.cache, gate)[-1] = 0.5
        case = pick(vars(net), "params cache dy x targets h0 c0 T H K")
        # From earlier cells: np.zeros_like(dh_a) is right too.
        walkers = ("dh_a", "dh_b", "dh_both", "dc_carry_a", "dc_carry_b", "dc_carry_both")
        theirs = {name: net.h0 + k * net.c0 for k, name in enumerate(walkers, 2)}  # all different
        yield case | theirs | pick(net.deltas[-1], "dh_future dc_carry")


def arrival() -> Iterator[dict[str, Any]]:
    """One step in the middle of a walk, before its deltas are known."""
    for net in sequences(lengths=(2, 3, 4, 5), seed=43, loud=True):
        for t in range(net.T - 1):
            yield names_at(net, t) | pick(vars(net), "cache x targets dy")


def handing_on() -> Iterator[dict[str, Any]]:
    """The same steps once `d = step_back(...)` has run."""
    for case in arrival():
        d = pick(case, "dh dc dzi dzf dzo dzg dh_before dc_before")
        case = {n: value for n, value in case.items() if n not in ("dh_before", "dc_before")}  # on the page in d only
        yield case | {"d": d, "next_dh_future": d["dh_before"], "next_dc_carry": d["dc_before"]}


def sums() -> Iterator[dict[str, Any]]:
    """A whole walk with the deltas of all its steps, in which the quiet token comes several times."""
    q = QUIET
    tokens = [1, q, q, 2, q, 1, q], [q, 1, q, 2, q, q, 1, q], [2, q, 1, q, q, 1, q, 2, 1]
    for net, x in zip(sequences(sizes=SIZES[:3], lengths=(7, 8, 9), seed=44), map(np.array, tokens), strict=True):
        net = walked(net.params, x, net.targets, net.h0, net.c0)
        case = pick(vars(net), "params cache dy x targets h0 T H K") | {"QUIET": QUIET}
        deltas = SimpleNamespace(**{name: np.array([d[name] for d in net.deltas]) for name in net.deltas[0]})
        case |= {"deltas": deltas, "dzi": deltas.dzi, **pick(vars(net.cache), "h c y")}
        case |= {"one_hot": np.eye(net.K)[x], "t": 5}  # as in the lesson, and never the last step
        yield case | {"dWi": net.grads.Wi, "dUi_quiet": net.grads.Ui[:, QUIET], "dV": net.grads.V}


def my_bptt() -> Iterator[dict[str, Any]]:
    """Whole passes, one of them without an initial state; `passed(before, after)` is the pass with another line."""
    nets = *sequences(lengths=(1, 2, 3, 6), seed=46, loud=True), far(45)
    for net in nets:
        given = (net.params, net.x, net.targets)
        if net.T != 3:  # with two steps and no state, nothing of what is carried shows in W and Uf
            given = (*given, net.h0, net.c0)
        passed = cache(lambda *pieces, given=given: edited(right_pass, *pieces)(*given))
        yield {"arguments": given, "answer": plain.bptt(*given), "passed": passed, "steps": net.T}


def initial() -> Iterator[dict[str, Any]]:
    """The deltas of h0 and c0: what the first step sends back to what came before it."""
    for net in (*sequences(seed=46, loud=True), far(46)):
        given = (net.params, net.x, net.targets, net.h0, net.c0)

        def handed(*pieces: str, given: tuple = given) -> dict[str, np.ndarray]:
            walk = edited(right_pass, "return grads", "return dh_future, dc_carry", *pieces)
            return dict(zip(("dh0", "dc0"), walk(*given), strict=True))

        first = net.deltas[0]
        case = {"arguments": given, "answer": (first["dh_before"], first["dc_before"])}
        case |= pick(first, "dh dc dh_future dc_carry dh_before dc_before")
        yield case | {"last": net.deltas[-1], "loss": net.params.V.T @ net.dy[0], "f": net.cache.f[0], "handed": handed}


def initial_deltas(
    params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The deltas of the initial state, dh0 and dc0, (H,) each: what the first step hands on."""
    first = walked(params, x, targets, h0, c0).deltas[0]
    return first["dh_before"], first["dc_before"]
