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
from lstm_teach.lessons.cases import names_at, pick, sequences
from lstm_teach.params import GATES

SIZES, LENGTHS = ((4, 3), (5, 4), (6, 5), (3, 5)), (3, 2, 4, 2)  # more units than T - 2, so that f[t] exists


def case_1() -> Iterator[dict]:
    """Names of case 1 at a step in the middle, and what that step adds to the gradient of one W."""
    for gate, (walk, here, common) in zip(GATES, _walks(), strict=True):
        h, c, t = walk.cache.h, walk.cache.c, here["t"]
        from_here, after = (
            plain.bptt(walk.params, walk.x[s:], walk.targets[s:], h[s - 1], c[s - 1])["W" + gate] for s in (t, t + 1)
        )
        names = pick(here, "i f o g ct dh_future dc_carry dh dc di df do dg")
        names |= common | {"dy": walk.dy, "h": h, "dz": here["dz"], "gate": gate}
        yield names | {"repair_1": from_here - after}


def case_2() -> Iterator[dict]:
    """Names of case 2 before its walk, and the deltas of all scores."""
    for walk, _, common in _walks():
        del common["t"]
        names = pick(vars(walk), "T K H") | common
        yield names | {"wanted": np.eye(walk.K)[walk.targets], "repair_2": walk.dy}


def case_3() -> Iterator[dict]:
    """Names of case 3 at a step in the middle, and the delta of g's pre-activation there."""
    for _, here, common in _walks():
        names = pick(here, "i f o g ct dh dc dzi dzf dzo") | common | pick(here, "h_before c_before dy")
        names |= {"back_h": here["dh_future"], "back_c": here["dc_carry"]}
        yield names | {"repair_3": here["dzg"]}


def case_4() -> Iterator[dict]:
    """Names of case 4 at a step in the middle, and what this step sends back to the h before it."""
    for gate, (walk, here, common) in zip(GATES, _walks(), strict=True):
        slope = {gate: here[gate] * (1 - here[gate]) for gate in "ifo"} | {"g": 1 - here["g"] ** 2}
        names = pick(here, "dh dc") | common | pick(vars(walk), "T H dy")
        names |= {"into": {gate: here["d" + gate] for gate in GATES}, "slope": slope, "dz": here["dz"], "gate": gate}
        yield names | {"repair_4": here["dh_before"]}


def case_5() -> Iterator[dict]:
    """Names of case 5 at a step in the middle, and what this step sends back to the cell before it."""
    for walk, here, common in _walks():
        names = pick(here, "i f o g ct") | common | {"dy": walk.dy} | pick(here, "dh dc")
        names |= {"dc_now": here["dc_hidden"], "dz": here["dz"]}
        names |= {"h_part": here["dh_future"], "c_part": here["dc_carry"]}
        yield names | {"repair_5": here["dc_before"]}


def _walks() -> Iterator[tuple[SimpleNamespace, dict, dict]]:
    """Random nets, the names of a step in the middle of their walks, and those that every case has.

    Their cache is the one that the library's forward pass makes, as in the cases.
    """
    for walk in sequences(SIZES, LENGTHS, seed=70):
        here = names_at(walk, walk.T - 2)
        here["dz"] = {gate: here["dz" + gate] for gate in GATES}
        walk.cache = forward(walk.params, walk.x, walk.h0, walk.c0)
        yield walk, here, pick(vars(walk), "params x targets h0 c0 cache") | {"t": here["t"]}
