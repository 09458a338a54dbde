"""Backpropagation through time for a single-layer LSTM."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence

import numpy as np
import lstm_teach as lt

Array = np.ndarray
GATES = ("i", "f", "o", "g")


@dataclass(frozen=True)
class StepCache:
    token: int
    prev_hidden: Array
    prev_cell: Array
    hidden: Array
    input_gate: Array
    forget_gate: Array
    output_gate: Array
    candidate: Array
    squashed_cell: Array
    probabilities: Array


@dataclass
class Carry:
    """What time step t + 1 sends back to time step t."""
    hidden: Array
    cell: Array


def sigmoid_slope(activation: Array) -> Array:
    return activation * (1.0 - activation)


def tanh_slope(activation: Array) -> Array:
    return 1.0 - activation ** 2


def collect_steps(params: Any, x: Sequence[int], h0: Optional[Array], c0: Optional[Array]) -> list[StepCache]:
    cache = lt.forward(params, x, h0, c0)
    return [
        StepCache(
            token=int(x[t]),
            prev_hidden=cache.h[t - 1],
            prev_cell=cache.c[t - 1],
            hidden=cache.h[t],
            input_gate=cache.i[t],
            forget_gate=cache.f[t],
            output_gate=cache.o[t],
            candidate=cache.g[t],
            squashed_cell=np.tanh(cache.c[t]),
            probabilities=cache.y[t],
        )
        for t in range(len(x))
    ]


def logits_gradient(step: StepCache, target: int) -> Array:
    gradient = step.probabilities.copy()
    gradient[target] -= 1.0
    return gradient


def gate_deltas(step: StepCache, d_hidden: Array, d_cell: Array) -> dict[str, Array]:
    return {
        "i": d_cell * step.candidate * sigmoid_slope(step.input_gate),
        "f": d_cell * step.prev_cell * sigmoid_slope(step.forget_gate),
        "o": d_hidden * step.squashed_cell * sigmoid_slope(step.output_gate),
        "g": d_cell * step.input_gate * tanh_slope(step.candidate),
    }


def accumulate(grads: dict[str, Array], step: StepCache, deltas: dict[str, Array]) -> None:
    for gate, delta in deltas.items():
        grads[f"W{gate}"] += np.outer(delta, step.prev_hidden)
        grads[f"U{gate}"][:, step.token] += delta


def step_backward(params: Any, grads: dict[str, Array], step: StepCache, target: int, carry: Carry) -> Carry:
    d_logits = logits_gradient(step, target)
    grads["V"] += np.outer(d_logits, step.hidden)
    d_hidden = params.V.T @ d_logits + carry.hidden
    d_cell = carry.cell + d_hidden * step.output_gate * tanh_slope(step.squashed_cell)
    deltas = gate_deltas(step, d_hidden, d_cell)
    accumulate(grads, step, deltas)
    previous = np.zeros_like(d_hidden)
    for gate in GATES:
        previous += params[f"W{gate}"].T @ deltas[gate]
    return Carry(hidden=previous, cell=d_cell * step.forget_gate)


def backward(params: Any, x: Sequence[int], targets: Sequence[int],
             h0: Optional[Array] = None, c0: Optional[Array] = None) -> dict[str, Array]:
    names = ["V"] + [f"W{gate}" for gate in GATES] + [f"U{gate}" for gate in GATES]
    grads = {name: np.zeros_like(params[name]) for name in names}
    hidden_size = params.V.shape[1]
    carry = Carry(hidden=np.zeros(hidden_size), cell=np.zeros(hidden_size))
    for step, target in zip(reversed(collect_steps(params, x, h0, c0)), reversed(list(targets))):
        carry = step_backward(params, grads, step, int(target), carry)
    return grads
