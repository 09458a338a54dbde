"""Backpropagation through time for a single-layer LSTM without biases."""
from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

Array = np.ndarray
GATES = ("i", "f", "o", "g")


class Step(NamedTuple):
    """Everything the backward pass needs to know about one time step."""

    token: int
    h_prev: Array
    c_prev: Array
    i: Array
    f: Array
    o: Array
    g: Array
    c: Array
    h: Array
    probs: Array


def _sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def _softmax(scores: Array) -> Array:
    exps = np.exp(scores - np.max(scores))
    return exps / np.sum(exps)


def _preactivation(params: Mapping[str, Array], gate: str, h_prev: Array, token: int) -> Array:
    return params[f"W{gate}"] @ h_prev + params[f"U{gate}"][:, token]


def _forward_step(params: Mapping[str, Array], token: int, h_prev: Array, c_prev: Array) -> Step:
    i = _sigmoid(_preactivation(params, "i", h_prev, token))
    f = _sigmoid(_preactivation(params, "f", h_prev, token))
    o = _sigmoid(_preactivation(params, "o", h_prev, token))
    g = np.tanh(_preactivation(params, "g", h_prev, token))
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    probs = _softmax(params["V"] @ h)
    return Step(token, h_prev, c_prev, i, f, o, g, c, h, probs)


def _run_forward(
    params: Mapping[str, Array], tokens: Sequence[int], h0: Optional[Array], c0: Optional[Array]
) -> List[Step]:
    hidden_size = params["V"].shape[1]
    h = np.zeros(hidden_size) if h0 is None else h0
    c = np.zeros(hidden_size) if c0 is None else c0
    steps: List[Step] = []
    for token in tokens:
        step = _forward_step(params, token, h, c)
        steps.append(step)
        h, c = step.h, step.c
    return steps


def _output_delta(probs: Array, target: int) -> Array:
    """Gradient of -log(probs[target]) with respect to the scores."""
    delta = probs.copy()
    delta[target] -= 1.0
    return delta


def _cell_gradient(step: Step, dh: Array, dc_next: Array) -> Array:
    return dc_next + dh * step.o * (1.0 - np.tanh(step.c) ** 2)


def _gate_deltas(step: Step, dh: Array, dc: Array) -> Dict[str, Array]:
    """Gradients with respect to the four pre-activations."""
    return {
        "i": dc * step.g * step.i * (1.0 - step.i),
        "f": dc * step.c_prev * step.f * (1.0 - step.f),
        "o": dh * np.tanh(step.c) * step.o * (1.0 - step.o),
        "g": dc * step.i * (1.0 - step.g**2),
    }


def _to_previous(
    params: Mapping[str, Array], step: Step, deltas: Mapping[str, Array], dc: Array
) -> Tuple[Array, Array]:
    dh_prev = sum(params[f"W{gate}"].T @ deltas[gate] for gate in GATES)
    dc_prev = dc * step.f
    return dh_prev, dc_prev


def backward(params, x, targets, h0: Optional[Array] = None, c0: Optional[Array] = None) -> Dict[str, Array]:
    grads = {name: np.zeros(params[name].shape) for name in params.keys()}
    dh_next = dc_next = np.zeros(params["V"].shape[1])
    for step, target in zip(reversed(_run_forward(params, x, h0, c0)), reversed(targets)):
        dy = _output_delta(step.probs, target)
        dh = params["V"].T @ dy + dh_next
        dc = _cell_gradient(step, dh, dc_next)
        deltas = _gate_deltas(step, dh, dc)
        grads["V"] += np.outer(dy, step.h)
        for gate, delta in deltas.items():
            grads[f"W{gate}"] += np.outer(delta, step.h_prev)
            grads[f"U{gate}"][:, step.token] += delta
        dh_next, dc_next = _to_previous(params, step, deltas, dc)
    return grads
