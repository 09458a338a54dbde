from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Moment:
    token: int
    target: int
    h_in: np.ndarray
    c_in: np.ndarray
    gate: dict = field(default_factory=dict)
    c_out: np.ndarray = None
    h_out: np.ndarray = None
    prob: np.ndarray = None

    def run(self, P) -> Moment:
        for name in "ifo":
            self.gate[name] = 1 / (1 + np.exp(-self.drive(P, name)))
        self.gate["g"] = np.tanh(self.drive(P, "g"))
        self.c_out = self.gate["f"] * self.c_in + self.gate["i"] * self.gate["g"]
        self.h_out = self.gate["o"] * np.tanh(self.c_out)
        scores = P.V.dot(self.h_out)
        weights = np.exp(scores - scores.max())
        self.prob = weights / weights.sum()
        return self

    def drive(self, P, name):
        return P["U" + name][:, self.token] + P["W" + name].dot(self.h_in)

    def pull(self, P, h_grad, c_grad, grads):
        """Take the gradient at this moment's outputs, add to grads, return the one at its inputs."""
        i, f, o, g = (self.gate[name] for name in "ifog")
        u = np.tanh(self.c_out)
        d_score = self.prob.copy()
        d_score[self.target] -= 1
        grads["V"] += np.outer(d_score, self.h_out)
        h_grad = h_grad + P.V.T.dot(d_score)
        c_grad = c_grad + h_grad * o * (1 - u * u)
        to_gate = {"i": c_grad * g, "f": c_grad * self.c_in, "o": h_grad * u, "g": c_grad * i}
        h_back = np.zeros_like(self.h_in)
        for name, incoming in to_gate.items():
            a = self.gate[name]
            local = 1 - a**2 if name == "g" else a * (1 - a)
            dz = incoming * local
            grads["W" + name] += np.outer(dz, self.h_in)
            grads["U" + name][:, self.token] += dz
            h_back += P["W" + name].T.dot(dz)
        return h_back, c_grad * f


def backward(params, x, targets):
    H = params.Wf.shape[0]
    diary, h, c = [], np.zeros(H), np.zeros(H)
    for token, target in zip(x, targets):
        moment = Moment(int(token), int(target), h, c).run(params)
        diary.append(moment)
        h, c = moment.h_out, moment.c_out

    grads = {name: np.zeros_like(params[name]) for name in params.keys()}
    h_grad, c_grad = np.zeros(H), np.zeros(H)
    for moment in reversed(diary):
        h_grad, c_grad = moment.pull(params, h_grad, c_grad, grads)
    return grads
