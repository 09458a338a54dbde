"""The posted loop as lesson 3 gives it to the learner, its repairs, and other changes that somebody might make.

Imports the package and edited. The repairs and changes are data, in 03_flawed_backward.toml; `variant` applies them.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np

import lstm_teach as lt
from lstm_teach.edited import edited
from lstm_teach.forward import Cache
from lstm_teach.lessons import spec_of
from lstm_teach.params import GATES, Params


def gate_deltas(cache: Cache, s: int, dh: np.ndarray, dc: np.ndarray) -> tuple[np.ndarray, ...]:
    """From the deltas of h and c at step s to dzi, dzf, dzo, dzg, (H,) each."""
    i, f, o, g = cache.i[s], cache.f[s], cache.o[s], cache.g[s]
    dzi = dc * g * i * (1 - i)
    dzf = dc * cache.c[s - 1] * f * (1 - f)
    dzo = dh * cache.ct[s] * o * (1 - o)
    dzg = dc * i * (1 - g**2)
    return dzi, dzf, dzo, dzg


def posted_loop(params: Params, cache: Cache, x: np.ndarray, dy: np.ndarray) -> Params:
    """The two loops as somebody posted them, as lesson 3 gives them to the learner, word for word."""
    f, o, ct, h = cache.f, cache.o, cache.ct, cache.h
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dct = np.zeros((len(x), params.hidden_size))
    for t in reversed(range(len(x))):
        grads.V += np.outer(dy[t], h[t])
        dh = params.V.T @ dy[t]
        dc = dct[0] * (1 - ct[0] ** 2)
        for s in reversed(range(t)):
            dct[s] = dh * o[s]
            dc = dc + dct[s] * (1 - ct[s] ** 2)
            dzi, dzf, dzo, dzg = gate_deltas(cache, s, dh, dc)
            grads.Wi += np.dot(dzi, h[s - 1])
            grads.Wf += np.dot(dzf, h[s - 1])
            grads.Wo += np.dot(dzo, h[s - 1])
            grads.Wg += np.dot(dzg, h[s - 1])
            for gate, dz in zip("ifog", (dzi, dzf, dzo, dzg), strict=True):
                grads["U" + gate][:, x[s]] += dz
            dh = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
            dc = dc + dc * f[s]
    return grads


class Repair(NamedTuple):
    """One flaw of the loop: its code before and after, what a repair puts right, three hints."""

    before: str
    after: str
    repairs: str
    hints: tuple[str, ...]


WORDS = spec_of("03_flawed_backward")
REPAIRS = {flaw: Repair(**told | {"hints": tuple(told["hints"])}) for flaw, told in WORDS["repairs"].items()}
PRODUCTS = WORDS["products"]  # what else can become of dW: the code in place of the product, and what to say
# Other changes of the loop: the line as posted (or repaired), the line instead, and what to say.
MISTAKES = [(before, *told) for before, others in WORDS["changes"].items() for told in others.items()]


def variant(repaired: Collection[str] = (), edit: Collection[str] = (), product: str = "") -> Callable[..., Params]:
    """`posted_loop` with these repairs, another change, and another product in the four dW."""
    pieces = list(edit)
    for flaw, repair in REPAIRS.items():
        if flaw not in repaired:
            continue
        if flaw == "scalar_dot":
            product = product or repair.after
        elif repair.before not in pieces:
            pieces += repair.before, repair.after
    if product:
        for gate in GATES:
            dz = f"dz{gate}"
            pieces += REPAIRS["scalar_dot"].before.format(dz=dz), product.format(dz=dz, gate=gate)
    return edited(posted_loop, *pieces)
