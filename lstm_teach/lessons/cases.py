"""The cases on which blanks are judged: the names and numbers of one place in a lesson, for several random nets.

Imports params and plain only: every right value is what `lstm_teach/plain.py` computes, which the tests hold against a
complex step. Weights are of order 1 and the initial state is not zero, since small or zero numbers hide mistakes.
"""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from lstm_teach import plain
from lstm_teach.params import GATES, Params

STATES = "zi zf zo zg i f o g c ct h"
SIZES = ((4, 3), (5, 2), (3, 4), (6, 5))  # vocab_size, hidden_size; never equal, so that a transpose shows


def state(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers of either sign between 0.3 and 0.9 in size, for initial states: none is so small that it hides much."""
    return rng.uniform(0.3, 0.9, shape) * rng.choice([-1, 1], shape)


def walked(params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> SimpleNamespace:
    """All of these, and T, H, K, `cache` of `plain.forward`, `grads`, `deltas` and `dy` of `plain.walk_back`."""
    cache = plain.forward(params, x, h0, c0)
    dy = plain.score_deltas(cache, targets)
    grads, deltas = plain.walk_back(params, cache, dy)
    given = {"params": params, "x": x, "targets": targets, "h0": h0, "c0": c0, "T": len(x)}
    sizes = {"H": params.hidden_size, "K": params.vocab_size}
    return SimpleNamespace(**given, **sizes, cache=cache, grads=grads, deltas=deltas, dy=dy)


def sequences(
    sizes: tuple[tuple[int, int], ...] = SIZES,
    lengths: tuple[int, ...] = (1, 2, 3, 5),
    seed: int = 0,
    loud: bool = False,
) -> Iterator[SimpleNamespace]:
    """Random nets with a sequence each, `walked`; `loud`: the last one also `surprised`."""
    for number, ((K, H), T) in enumerate(zip(sizes, lengths, strict=True)):
        rng = np.random.default_rng([seed, number])
        params = Params(K, H, rng.normal(0, 0.8, K * H + 4 * H * H + 4 * H * K))
        x, targets = rng.integers(0, K, (2, T))
        yield walked(params, x, targets, *(start := state(rng, 2, H)))
    if loud:
        params, targets = surprised(params, x, *start)
        yield walked(params, x, targets, *start)


def far(seed: int) -> SimpleNamespace:
    """A longer sequence than any in the course, `walked`, for what is right only near its end or with large deltas.

    Its cells forget slowly, and so little of h reaches the gates that no delta of it is large.
    """
    rng = np.random.default_rng(seed)
    params = Params(3, 2, rng.normal(0, 0.8, 46))
    params.Uf += 2
    for gate in GATES:
        params["W" + gate][:] *= 1e-7
    return walked(params, *rng.integers(0, 3, (2, 70)), *state(rng, 2, 2))


def surprised(
    params: Params, x: np.ndarray, h0: np.ndarray, c0: np.ndarray, times: float = 50
) -> tuple[Params, np.ndarray]:
    """The net with larger scores, and targets that it does not expect: such deltas and losses show any clipping."""
    loud = params.copy()
    loud.V *= times
    return loud, plain.forward(loud, x, h0, c0).y.argmin(axis=1)


def names_at(net: SimpleNamespace, t: int) -> dict[str, Any]:
    """Every name of step t: tokens, weights, forward values, and deltas named as in `plain.step_back`, (H,) each."""
    cache = net.cache
    here: dict[str, Any] = {name: getattr(cache, name)[t] for name in (*STATES.split(), "y")}
    here |= {"c_before": cache.c[t - 1], "h_before": cache.h[t - 1], "dy": net.dy[t], **net.deltas[t]}
    here |= {name: np.array(matrix) for name, matrix in net.params.items()}
    token, target = int(net.x[t]), int(net.targets[t])
    here |= {"params": net.params, "token": token, "target": target, "t": t, "T": net.T, "H": net.H, "K": net.K}
    return {**here, "onehot": np.eye(net.K)[target], "scores": net.params.V @ cache.h[t]}


def pick(names: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """Some of the names, in the order of `wanted`."""
    return {name: names[name] for name in wanted.split()}


def as_numbers(value: Any) -> Any:
    """A vector of one unit as a number, a matrix of one unit as a number or a vector over the tokens."""
    if not isinstance(value, np.ndarray):
        return value
    if value.size == 1:
        return float(value.item())
    return value.ravel() if value.ndim == 2 else value


def left() -> Iterator[dict]:
    """Lesson 0: what is left of a cell value of 1 that is multiplied by f at each of n steps."""
    for f, n in ((0.8, 20), (0.5, 3), (0.93, 7), (0.25, 2), (0.125, 4)):  # the last leaves almost nothing
        yield {"f": f, "n": n, "left": np.prod([f] * n).item()}


def turns(lengths: tuple[int, ...] = (1, 2, 3, 10, 33, 500)) -> Iterator[dict[str, Any]]:
    """Lesson 3: how often the repaired inner loop runs. The walk from step t visits the steps t, t-1, ..., 0."""
    for T in lengths:
        yield {"T": T, "turns": len([s for t in range(T) for s in range(t + 1)])}
