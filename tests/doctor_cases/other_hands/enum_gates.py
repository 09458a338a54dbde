from __future__ import annotations

from collections import namedtuple
from enum import Enum

import numpy as np
from numpy import ndarray


class Gate(Enum):
    INPUT = "i"
    FORGET = "f"
    OUTPUT = "o"
    CANDIDATE = "g"

    @property
    def recurrent(self) -> str:
        return f"W{self.value}"

    @property
    def incoming(self) -> str:
        return f"U{self.value}"


Moment = namedtuple("Moment", "token target h_before c_before gates c_after h_after")


def activate(gate: Gate, z: ndarray) -> ndarray:
    match gate:
        case Gate.CANDIDATE:
            return np.tanh(z)
        case _:
            return 1.0 / (1.0 + np.exp(-z))


def slope(gate: Gate, value: ndarray) -> ndarray:
    """Derivative of the activation, written in terms of the activated value."""
    match gate:
        case Gate.CANDIDATE:
            return 1.0 - value**2
        case _:
            return value * (1.0 - value)


def credit(gate: Gate, m: Moment, dh: ndarray, dc: ndarray) -> ndarray:
    """Gradient w.r.t. the activated value of one gate."""
    match gate:
        case Gate.INPUT:
            return dc * m.gates[Gate.CANDIDATE]
        case Gate.FORGET:
            return dc * m.c_before
        case Gate.OUTPUT:
            return dh * np.tanh(m.c_after)
        case Gate.CANDIDATE:
            return dc * m.gates[Gate.INPUT]
        case other:
            raise ValueError(f"unknown gate: {other}")


def remember(params, x, targets, h: ndarray, c: ndarray) -> list[Moment]:
    moments = []
    for token, target in zip(x, targets):
        gates = {
            gate: activate(gate, params[gate.recurrent] @ h + params[gate.incoming][:, token]) for gate in Gate
        }
        c_new = gates[Gate.FORGET] * c + gates[Gate.INPUT] * gates[Gate.CANDIDATE]
        h_new = gates[Gate.OUTPUT] * np.tanh(c_new)
        moments.append(Moment(token, target, h, c, gates, c_new, h_new))
        h, c = h_new, c_new
    return moments


def backward(params, x, targets, h0: ndarray | None = None, c0: ndarray | None = None) -> dict[str, ndarray]:
    size = params["Wi"].shape[0]
    match h0, c0:
        case None, None:
            h0, c0 = np.zeros(size), np.zeros(size)
        case None, _:
            h0 = np.zeros(size)
        case _, None:
            c0 = np.zeros(size)

    grads = {name: np.zeros_like(params[name]) for name in params.keys()}
    dh, dc = np.zeros(size), np.zeros(size)

    for m in reversed(remember(params, x, targets, h0, c0)):
        scores = params["V"] @ m.h_after
        probs = np.exp(scores - np.max(scores))
        probs /= np.sum(probs)
        probs[m.target] -= 1.0
        grads["V"] += np.outer(probs, m.h_after)

        dh = dh + params["V"].T @ probs
        dc = dc + dh * m.gates[Gate.OUTPUT] * (1.0 - np.tanh(m.c_after) ** 2)

        dz = {gate: credit(gate, m, dh, dc) * slope(gate, m.gates[gate]) for gate in Gate}
        for gate in Gate:
            grads[gate.recurrent] += np.outer(dz[gate], m.h_before)
            grads[gate.incoming][:, m.token] += dz[gate]

        dh = sum(params[gate.recurrent].T @ dz[gate] for gate in Gate)
        dc = dc * m.gates[Gate.FORGET]

    return grads
