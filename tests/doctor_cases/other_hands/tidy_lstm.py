"""LSTM gradients in small, testable pieces."""
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

Array = np.ndarray
Gradients = Dict[str, Array]
GATES = ("i", "f", "o", "g")


@dataclass(frozen=True)
class Step:
    token: int
    h_before: Array
    c_before: Array
    i: Array
    f: Array
    o: Array
    g: Array
    c: Array
    h: Array


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def softmax(scores: Array) -> Array:
    weights = np.exp(scores - np.max(scores))
    return weights / np.sum(weights)


def gate_input(params, gate: str, token: int, h: Array) -> Array:
    return params["W" + gate] @ h + params["U" + gate][:, token]


def make_step(params, token: int, h_before: Array, c_before: Array) -> Step:
    z_i, z_f, z_o, z_g = (gate_input(params, gate, token, h_before) for gate in GATES)
    i, f, o, g = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o), np.tanh(z_g)
    c = f * c_before + i * g
    return Step(token, h_before, c_before, i, f, o, g, c, o * np.tanh(c))


def make_steps(params, tokens: Array, h: Array, c: Array) -> List[Step]:
    steps = []
    for token in tokens:
        steps.append(make_step(params, token, h, c))
        h, c = steps[-1].h, steps[-1].c
    return steps


def score_error(params, step: Step, target: int) -> Array:
    error = softmax(params["V"] @ step.h)
    error[target] -= 1.0
    return error


def cell_error(step: Step, dh: Array, dc_after: Array) -> Array:
    return dc_after + dh * step.o * (1.0 - np.tanh(step.c) ** 2)


def gate_errors(step: Step, dh: Array, dc: Array) -> Dict[str, Array]:
    return {
        "i": dc * step.g * step.i * (1.0 - step.i),
        "f": dc * step.c_before * step.f * (1.0 - step.f),
        "o": dh * np.tanh(step.c) * step.o * (1.0 - step.o),
        "g": dc * step.i * (1.0 - step.g**2),
    }


def hidden_error_before(params, errors: Dict[str, Array]) -> Array:
    total = np.zeros(params["V"].shape[1])
    for gate in GATES:
        total += params["W" + gate].T @ errors[gate]
    return total


def cell_error_before(step: Step, dc: Array) -> Array:
    return dc * step.f


def zero_gradients(params) -> Gradients:
    return {name: np.zeros_like(params[name]) for name in params.keys()}


def add_gate_gradients(gradients: Gradients, step: Step, errors: Dict[str, Array]) -> None:
    for gate in GATES:
        gradients["W" + gate] += np.outer(errors[gate], step.h_before)
        gradients["U" + gate][:, step.token] += errors[gate]


def step_backward(params, step: Step, target: int, dh: Array, dc: Array, gradients: Gradients) -> Tuple[Array, Array]:
    ds = score_error(params, step, target)
    gradients["V"] += np.outer(ds, step.h)
    dh = dh + params["V"].T @ ds
    dc = cell_error(step, dh, dc)
    errors = gate_errors(step, dh, dc)
    add_gate_gradients(gradients, step, errors)
    return hidden_error_before(params, errors), cell_error_before(step, dc)


def backward(params, x: Array, targets: Array, h0: Optional[Array] = None, c0: Optional[Array] = None) -> Gradients:
    zeros = np.zeros(params["V"].shape[1])
    steps = make_steps(params, x, zeros if h0 is None else h0, zeros if c0 is None else c0)
    gradients = zero_gradients(params)
    dh, dc = zeros, zeros
    for step, target in zip(reversed(steps), reversed(targets)):
        dh, dc = step_backward(params, step, target, dh, dc, gradients)
    return gradients
