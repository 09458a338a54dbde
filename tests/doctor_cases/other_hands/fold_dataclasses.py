"""Backpropagation through time for a one-layer LSTM, as a fold over immutable step records."""
from dataclasses import dataclass
from functools import reduce
from typing import Dict, List, Tuple

import numpy as np

Grads = Dict[str, np.ndarray]


@dataclass(frozen=True)
class State:
    h: np.ndarray
    c: np.ndarray


@dataclass(frozen=True)
class StepRecord:
    token: int
    target: int
    prev: State
    state: State
    i: np.ndarray
    f: np.ndarray
    o: np.ndarray
    g: np.ndarray
    tanh_c: np.ndarray
    probs: np.ndarray


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def softmax(z: np.ndarray) -> np.ndarray:
    shifted = np.exp(z - z.max())
    return shifted / shifted.sum()


def preactivation(params, gate: str, token: int, h: np.ndarray) -> np.ndarray:
    return params["W" + gate] @ h + params["U" + gate][:, token]


def step_forward(params, token: int, target: int, prev: State) -> StepRecord:
    i = sigmoid(preactivation(params, "i", token, prev.h))
    f = sigmoid(preactivation(params, "f", token, prev.h))
    o = sigmoid(preactivation(params, "o", token, prev.h))
    g = np.tanh(preactivation(params, "g", token, prev.h))
    c = f * prev.c + i * g
    tanh_c = np.tanh(c)
    state = State(h=o * tanh_c, c=c)
    return StepRecord(token, target, prev, state, i, f, o, g, tanh_c, softmax(params["V"] @ state.h))


def run_forward(params, x, targets, initial: State) -> List[StepRecord]:
    records: List[StepRecord] = []
    state = initial
    for token, target in zip(x, targets):
        records.append(step_forward(params, int(token), int(target), state))
        state = records[-1].state
    return records


def step_backward(params, rec: StepRecord, upstream: State) -> Tuple[Grads, State]:
    """Return this step's own gradients and the gradient w.r.t. the state it started from."""
    d_scores = rec.probs - np.eye(rec.probs.size)[rec.target]
    dh = upstream.h + params["V"].T @ d_scores
    dc = upstream.c + dh * rec.o * (1.0 - rec.tanh_c**2)

    di = dc * rec.g
    df = dc * rec.prev.c
    do = dh * rec.tanh_c
    dg = dc * rec.i
    dz = {
        "i": di * rec.i * (1.0 - rec.i),
        "f": df * rec.f * (1.0 - rec.f),
        "o": do * rec.o * (1.0 - rec.o),
        "g": dg * (1.0 - rec.g**2),
    }

    one_hot = np.eye(params["Ui"].shape[1])[rec.token]
    grads: Grads = {"V": np.outer(d_scores, rec.state.h)}
    for gate, dz_gate in dz.items():
        grads["W" + gate] = np.outer(dz_gate, rec.prev.h)
        grads["U" + gate] = np.outer(dz_gate, one_hot)
    dh_prev = sum(params["W" + gate].T @ dz_gate for gate, dz_gate in dz.items())
    return grads, State(h=dh_prev, c=dc * rec.f)


def merge(a: Grads, b: Grads) -> Grads:
    return {name: a[name] + b[name] for name in a}


def backward(params, x, targets, h0=None, c0=None) -> Grads:
    zeros = np.zeros(params["Wi"].shape[0])
    initial = State(h=zeros if h0 is None else np.asarray(h0), c=zeros if c0 is None else np.asarray(c0))

    def fold(acc: Tuple[Grads, State], rec: StepRecord) -> Tuple[Grads, State]:
        total, upstream = acc
        step_grads, downstream = step_backward(params, rec, upstream)
        return merge(total, step_grads), downstream

    start = ({name: np.zeros_like(params[name]) for name in params.keys()}, State(h=zeros, c=zeros))
    grads, _ = reduce(fold, reversed(run_forward(params, x, targets, initial)), start)
    return grads
