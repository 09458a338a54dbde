"""Backpropagation through time for a bias-free LSTM language model."""
from dataclasses import dataclass, field
from typing import Dict, List, Optional

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class State:
    hidden: Array
    cell: Array


@dataclass(frozen=True)
class StepRecord:
    """Everything the backward pass needs to know about one time step."""
    token: int
    before: State
    after: State
    gates: Dict[str, Array]
    probs: Array


@dataclass
class Upstream:
    """Gradient flowing from step t + 1 into the state after step t."""
    hidden: Array
    cell: Array


@dataclass
class Gradients:
    by_name: Dict[str, Array] = field(default_factory=dict)

    @classmethod
    def zeros_for(cls, params) -> "Gradients":
        return cls({name: np.zeros_like(params[name]) for name in params.keys()})


def _sigmoid(z: Array) -> Array:
    ez = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, ez) / (1.0 + ez)


def _softmax(scores: Array) -> Array:
    shifted = np.exp(scores - scores.max())
    return shifted / shifted.sum()


def run_step(params, token: int, state: State) -> StepRecord:
    gates = {}
    for gate in "ifog":
        z = params["W" + gate] @ state.hidden + params["U" + gate][:, token]
        gates[gate] = np.tanh(z) if gate == "g" else _sigmoid(z)
    cell = gates["f"] * state.cell + gates["i"] * gates["g"]
    hidden = gates["o"] * np.tanh(cell)
    return StepRecord(token, state, State(hidden, cell), gates, _softmax(params["V"] @ hidden))


def outer_add(target: Array, left: Array, right: Array) -> None:
    """target += left right^T, in place."""
    target += left[:, np.newaxis] * right[np.newaxis, :]


def activation_slope(gate: str, value: Array) -> Array:
    return 1.0 - value ** 2 if gate == "g" else value * (1.0 - value)


def gate_backward(params, grads: Gradients, gate: str, d_value: Array, record: StepRecord) -> Array:
    """Accumulate the gradients of one gate's weights; return its share of d(hidden before)."""
    dz = d_value * activation_slope(gate, record.gates[gate])
    outer_add(grads.by_name["W" + gate], dz, record.before.hidden)
    grads.by_name["U" + gate][:, record.token] += dz
    return params["W" + gate].T @ dz


def step_backward(params, grads: Gradients, record: StepRecord, target: int, up: Upstream) -> Upstream:
    d_scores = record.probs.copy()
    d_scores[target] -= 1.0
    outer_add(grads.by_name["V"], d_scores, record.after.hidden)

    tanh_cell = np.tanh(record.after.cell)
    d_hidden = params["V"].T @ d_scores + up.hidden
    d_cell = up.cell + d_hidden * record.gates["o"] * (1.0 - tanh_cell ** 2)
    d_values = {
        "i": d_cell * record.gates["g"],
        "f": d_cell * record.before.cell,
        "o": d_hidden * tanh_cell,
        "g": d_cell * record.gates["i"],
    }
    shares = [gate_backward(params, grads, gate, d, record) for gate, d in d_values.items()]
    return Upstream(hidden=sum(shares), cell=d_cell * record.gates["f"])


def backward(params, x, targets, h0: Optional[Array] = None, c0: Optional[Array] = None):
    zeros = np.zeros(params["V"].shape[1])
    state = State(zeros if h0 is None else np.asarray(h0), zeros if c0 is None else np.asarray(c0))
    records: List[StepRecord] = []
    for token in x:
        records.append(run_step(params, token, state))
        state = records[-1].after

    grads = Gradients.zeros_for(params)
    up = Upstream(zeros, zeros)
    for back, record in enumerate(reversed(records)):
        up = step_backward(params, grads, record, targets[len(records) - 1 - back], up)
    return grads.by_name
