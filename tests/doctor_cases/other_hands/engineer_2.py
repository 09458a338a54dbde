from __future__ import annotations

import numpy as np
import lstm_teach as lt


class LSTMBackward:
    GATES = ("i", "f", "o", "g")

    def __init__(self, params, x, targets, h0=None, c0=None):
        self.params = params
        self.tokens = list(x)
        self.targets = list(targets)
        self.cache = lt.forward(params, x, h0, c0)
        self.vocab, self.hidden = params.V.shape
        self.grads = {name: np.zeros_like(params[name]) for name in params.keys()}
        self.carry_h = np.zeros((1, self.hidden))
        self.carry_c = np.zeros((1, self.hidden))

    def row(self, field: str, t: int) -> np.ndarray:
        """One time step of a cached quantity as a (1, n) row vector."""
        return getattr(self.cache, field)[t].reshape(1, -1)

    def output_layer(self, t: int) -> np.ndarray:
        d_scores = self.row("y", t).copy()
        d_scores[0, self.targets[t]] -= 1.0
        self.grads["V"] += d_scores.T @ self.row("h", t)
        return d_scores @ self.params.V

    def cell(self, t: int, dh: np.ndarray) -> dict[str, np.ndarray]:
        i, f, o, g = (self.row(gate, t) for gate in self.GATES)
        ct = self.row("ct", t)
        dc = self.carry_c + dh * o * (1.0 - ct**2)
        self.carry_c = dc * f
        return {
            "i": dc * g * i * (1.0 - i),
            "f": dc * self.row("c", t - 1) * f * (1.0 - f),
            "o": dh * ct * o * (1.0 - o),
            "g": dc * i * (1.0 - g**2),
        }

    def accumulate(self, t: int, dz: dict[str, np.ndarray]) -> None:
        x_row = np.zeros((1, self.vocab))
        x_row[0, self.tokens[t]] = 1.0
        self.carry_h = np.zeros((1, self.hidden))
        for gate in self.GATES:
            self.grads[f"W{gate}"] += dz[gate].T @ self.row("h", t - 1)
            self.grads[f"U{gate}"] += dz[gate].T @ x_row
            self.carry_h += dz[gate] @ self.params[f"W{gate}"]

    def run(self) -> dict[str, np.ndarray]:
        for t in range(len(self.tokens) - 1, -1, -1):
            dh = self.output_layer(t) + self.carry_h
            dz = self.cell(t, dh)
            self.accumulate(t, dz)
        return self.grads


def backward(params, x, targets, h0=None, c0=None):
    return LSTMBackward(params, x, targets, h0, c0).run()
