"""The steps on which the repaired lines of lesson 7 are judged: the names of each case's code, and the right value.

Imports params, forward, plain and cases. The right values are those of `plain.walk_back`, asked for by what they mean
("what this step sends back through h"), not by the line that computes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np

from lstm_teach import plain
from lstm_teach.forward import forward
from lstm_teach.lessons.cases import sequences
from lstm_teach.params import GATES

SIZES, LENGTHS = ((4, 3), (5, 4), (6, 5), (3, 5)), (3, 2, 4, 2)  # more units than T - 2, so that f[t] exists


def case_1() -> Iterator[dict]:
    """Names of case 1 at a step in the middle, and what that step adds to the gradient of one W."""
    for seed, walk in enumerate(_walks()):
        t, cache, gate = walk.T - 2, walk.cache, GATES[seed]
        d = walk.deltas[t]
        from_here, after = (
            plain.bptt(walk.params, walk.x[s:], walk.targets[s:], cache.h[s - 1], cache.c[s - 1])["W" + gate]
            for s in (t, t + 1)
        )
        yield {
            **_gates(cache, t),
            **{name: d[name] for name in ("dh_future", "dc_carry", "dh", "dc", "di", "df", "do", "dg")},
            **_common(walk, t),
            "dy": walk.dy,
            "h": cache.h,
            "dz": _dz(d),
            "gate": gate,
            "repair_1": from_here - after,
        }


def case_2() -> Iterator[dict]:
    """Names of case 2 before its walk, and the deltas of all scores."""
    for walk in _walks():
        K, H = walk.params.vocab_size, walk.params.hidden_size
        sizes = {"T": walk.T, "K": K, "H": H}
        common = {name: value for name, value in _common(walk, 0).items() if name != "t"}
        yield {**sizes, **common, "wanted": np.eye(K)[walk.targets], "repair_2": walk.dy}


def case_3() -> Iterator[dict]:
    """Names of case 3 at a step in the middle, and the delta of g's pre-activation there."""
    for walk in _walks():
        t, cache = walk.T - 2, walk.cache
        d = walk.deltas[t]
        yield {
            **_gates(cache, t),
            **{name: d[name] for name in ("dh", "dc", "dzi", "dzf", "dzo")},
            **_common(walk, t),
            "h_before": cache.h[t - 1],
            "c_before": cache.c[t - 1],
            "dy": walk.dy[t],
            "back_h": d["dh_future"],
            "back_c": d["dc_carry"],
            "repair_3": d["dzg"],
        }


def case_4() -> Iterator[dict]:
    """Names of case 4 at a step in the middle, and what this step sends back to the h before it."""
    for seed, walk in enumerate(_walks()):
        t, cache = walk.T - 2, walk.cache
        d = walk.deltas[t]
        slope = {gate: getattr(cache, gate)[t] * (1 - getattr(cache, gate)[t]) for gate in "ifo"}
        yield {
            "dh": d["dh"],
            "dc": d["dc"],
            **_common(walk, t),
            "T": walk.T,
            "H": walk.params.hidden_size,
            "dy": walk.dy,
            "into": {gate: d["d" + gate] for gate in GATES},
            "slope": slope | {"g": 1 - cache.g[t] ** 2},
            "dz": _dz(d),
            "gate": GATES[seed],
            "repair_4": d["dh_before"],
        }


def case_5() -> Iterator[dict]:
    """Names of case 5 at a step in the middle, and what this step sends back to the cell before it."""
    for walk in _walks():
        t = walk.T - 2
        d = walk.deltas[t]
        yield {
            **_gates(walk.cache, t),
            **_common(walk, t),
            "dy": walk.dy,
            "dh": d["dh"],
            "dc": d["dc"],
            "dc_now": d["dc_hidden"],
            "dz": _dz(d),
            "h_part": d["dh_future"],
            "c_part": d["dc_carry"],
            "repair_5": d["dc_before"],
        }


def _walks() -> Iterator[SimpleNamespace]:
    """Random nets and sequences, walked back, with the cache that the library's forward pass makes, as in the cases."""
    for walk in sequences(SIZES, LENGTHS, seed=70):
        walk.cache, walk.T = forward(walk.params, walk.x, walk.h0, walk.c0), len(walk.x)
        yield walk


def _common(walk: SimpleNamespace, t: int) -> dict:
    names = ("params", "x", "targets", "h0", "c0", "cache")
    return {name: getattr(walk, name) for name in names} | {"t": t}


def _gates(cache: object, t: int) -> dict[str, np.ndarray]:
    return {name: getattr(cache, name)[t] for name in ("i", "f", "o", "g", "ct")}


def _dz(deltas: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {gate: deltas["dz" + gate] for gate in GATES}
