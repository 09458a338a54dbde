# Ported from LstmNetwork.cs / LstmStep.cs (2017)
from dataclasses import dataclass, field
from typing import List

import numpy as np


@dataclass
class Gate:
    W: np.ndarray
    U: np.ndarray
    is_candidate: bool
    GradW: np.ndarray
    GradU: np.ndarray

    @staticmethod
    def Create(params, name: str) -> "Gate":
        W, U = params["W" + name], params["U" + name]
        return Gate(W, U, name == "g", np.zeros_like(W), np.zeros_like(U))

    def Activate(self, hidden, token: int):
        net = self.W.dot(hidden) + self.U[:, token]
        return np.tanh(net) if self.is_candidate else 1.0 / (1.0 + np.exp(-net))

    def Derivative(self, output):
        return 1.0 - output * output if self.is_candidate else output * (1.0 - output)

    def Accumulate(self, delta, step: "LstmStep"):
        self.GradW += np.outer(delta, step.PrevHidden)
        self.GradU[:, step.Token] += delta


@dataclass
class LstmStep:
    Token: int
    Target: int
    PrevHidden: np.ndarray
    PrevCell: np.ndarray
    Outputs: List[np.ndarray] = field(default_factory=list)  # i, f, o, g

    @property
    def Cell(self):
        i, f, o, g = self.Outputs
        return f * self.PrevCell + i * g

    @property
    def Hidden(self):
        return self.Outputs[2] * np.tanh(self.Cell)


class LstmNetwork:
    def __init__(self, params):
        self.V = np.array(params["V"])
        self.GradV = np.zeros_like(self.V)
        self.Gates = [Gate.Create(params, name) for name in "ifog"]
        self.Size = self.V.shape[1]
        self.Steps: List[LstmStep] = []

    def Forward(self, tokens, targets, h0, c0):
        hidden, cell = np.zeros(self.Size), np.zeros(self.Size)
        if h0 is not None:
            hidden[:] = h0
        if c0 is not None:
            cell[:] = c0
        for n in range(len(tokens)):
            step = LstmStep(tokens[n], targets[n], hidden.copy(), cell.copy())
            for gate in self.Gates:
                step.Outputs.append(gate.Activate(hidden, step.Token))
            cell[:] = step.Cell
            hidden[:] = step.Hidden
            self.Steps.append(step)

    def OutputError(self, step: LstmStep):
        net = self.V.dot(step.Hidden)
        probs = np.exp(net - net.max())
        probs = probs / probs.sum()
        error = probs.copy()
        error[step.Target] -= 1.0
        return error

    def Backward(self):
        hiddenError, cellError = np.zeros(self.Size), np.zeros(self.Size)
        for step in reversed(self.Steps):
            i, f, o, g = step.Outputs
            error = self.OutputError(step)
            self.GradV += np.outer(error, step.Hidden)
            dHidden = self.V.T.dot(error) + hiddenError
            tanhCell = np.tanh(step.Cell)
            dCell = dHidden * o * (1.0 - tanhCell * tanhCell) + cellError
            # same order as Gates
            errors = [dCell * g, dCell * step.PrevCell, dHidden * tanhCell, dCell * i]
            hiddenError = np.zeros(self.Size)
            for gate, output, err in zip(self.Gates, step.Outputs, errors):
                delta = err * gate.Derivative(output)
                gate.Accumulate(delta, step)
                hiddenError += gate.W.T.dot(delta)
            cellError = dCell * f


def backward(params, x, targets, h0=None, c0=None):
    network = LstmNetwork(params)
    network.Forward(x, targets, h0, c0)
    network.Backward()
    return [network.GradV] + [q.GradW for q in network.Gates] + [q.GradU for q in network.Gates]
