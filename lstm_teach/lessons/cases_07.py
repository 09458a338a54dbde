"""The steps on which the repaired lines of lesson 7 are judged: the names of each case's code, and the right value.

Imports params, forward, plain and cases. The right values are those of `plain.walk_back`, asked for by what they mean
("what this step sends back through h"), not by the line that computes them.
"""

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np

from lstm_teach import plain
from lstm_teach.forward import forward
from lstm_teach.lessons.cases import names_at, pick, sequences
from lstm_teach.params import GATES

SIZES, LENGTHS = ((4, 3), (5, 4), (6, 5), (3, 5)), (3, 2, 4, 2)  # more units than T - 2, so that f[t] exists


def middle_step(number: int, wanted: str) -> Iterator[dict]:
    """The names that the line of a case can read at a step in the middle of its walk, and what the line should give."""
    for gate, walk in zip(GATES, sequences(SIZES, LENGTHS, seed=70), strict=True):
        here = names_at(walk, walk.T - 2)
        walk.cache = forward(walk.params, walk.x, walk.h0, walk.c0)  # as in the cases
        slope = {name: here[name] * (1 - here[name]) for name in "ifo"} | {"g": 1 - here["g"] ** 2}
        into, dz = ({name: here[delta + name] for name in GATES} for delta in ("d", "dz"))
        names = here | vars(walk) | {"gate": gate, "into": into, "slope": slope, "dz": dz, "h": walk.cache.h}
        names |= {"wanted": np.eye(walk.K)[walk.targets], "dc_now": here["dc_hidden"]}
        names |= {"back_h": here["dh_future"], "back_c": here["dc_carry"]}
        names |= {"h_part": here["dh_future"], "c_part": here["dc_carry"]}
        if number == 3:
            names["dy"] = here["dy"]  # of this step alone
        right = _added(walk, here["t"], gate), walk.dy, here["dzg"], here["dh_before"], here["dc_before"]
        yield pick(names, wanted) | {f"repair_{number}": right[number - 1]}


def _added(walk: SimpleNamespace, t: int, gate: str) -> np.ndarray:
    """What step t adds to the gradient of one W, by its gradient from t on and from t+1 on."""
    h, c = walk.cache.h, walk.cache.c
    from_here, after = (
        plain.bptt(walk.params, walk.x[s:], walk.targets[s:], h[s - 1], c[s - 1])["W" + gate] for s in (t, t + 1)
    )
    return from_here - after
