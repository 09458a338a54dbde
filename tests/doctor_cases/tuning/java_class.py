import numpy as np

import lstm_teach as lt


class LstmBackwardPass:
    """Walks from the last step to the first and keeps everything in fields."""

    def __init__(self, params, tokens, targets):
        self.params = params
        self.tokens = tokens
        self.targets = targets
        self.hiddenSize = params.hidden_size
        self.gradients = lt.Params.zeros(params.vocab_size, params.hidden_size)
        self.deltaHiddenNext = np.zeros(self.hiddenSize)
        self.deltaCellNext = np.zeros(self.hiddenSize)

    def setState(self, h0, c0):
        self.memory = lt.forward(self.params, self.tokens, h0, c0)

    def run(self):
        step = len(self.tokens) - 1
        while step >= 0:
            self.loadStep(step)
            self.backwardOutput(step)
            self.backwardCell()
            self.backwardGates()
            self.updateGradients(step)
            self.passToPreviousStep()
            step = step - 1
        return self.gradients

    def loadStep(self, step):
        self.inputGate = self.memory.i[step]
        self.forgetGate = self.memory.f[step]
        self.outputGate = self.memory.o[step]
        self.candidate = self.memory.g[step]
        self.cellTanh = self.memory.ct[step]
        self.hidden = self.memory.h[step]
        self.previousCell = self.memory.c[step - 1]
        self.previousHidden = self.memory.h[step - 1]

    def backwardOutput(self, step):
        deltaScores = self.memory.y[step].copy()
        deltaScores[self.targets[step]] -= 1
        self.gradients.V += np.outer(deltaScores, self.hidden)
        self.deltaHidden = np.dot(self.params.V.T, deltaScores)
        self.deltaHidden += self.deltaHiddenNext

    def backwardCell(self):
        self.deltaCell = self.deltaHidden * self.outputGate * self.tanhDerivative(self.cellTanh)
        self.deltaCell += self.deltaCellNext

    def backwardGates(self):
        self.deltaOutput = self.deltaHidden * self.cellTanh
        self.deltaInput = self.deltaCell * self.candidate
        self.deltaForget = self.deltaCell * self.previousCell
        self.deltaCandidate = self.deltaCell * self.inputGate
        self.deltaOutput *= self.sigmoidDerivative(self.outputGate)
        self.deltaInput *= self.sigmoidDerivative(self.inputGate)
        self.deltaForget *= self.sigmoidDerivative(self.forgetGate)
        self.deltaCandidate *= self.tanhDerivative(self.candidate)

    def updateGradients(self, step):
        token = self.tokens[step]
        self.gradients.Wi += np.outer(self.deltaInput, self.previousHidden)
        self.gradients.Wf += np.outer(self.deltaForget, self.previousHidden)
        self.gradients.Wo += np.outer(self.deltaOutput, self.previousHidden)
        self.gradients.Wg += np.outer(self.deltaCandidate, self.previousHidden)
        self.gradients.Ui[:, token] += self.deltaInput
        self.gradients.Uf[:, token] += self.deltaForget
        self.gradients.Uo[:, token] += self.deltaOutput
        self.gradients.Ug[:, token] += self.deltaCandidate

    def passToPreviousStep(self):
        self.deltaHiddenNext = np.dot(self.params.Wi.T, self.deltaInput)
        self.deltaHiddenNext += np.dot(self.params.Wf.T, self.deltaForget)
        self.deltaHiddenNext += np.dot(self.params.Wo.T, self.deltaOutput)
        self.deltaHiddenNext += np.dot(self.params.Wg.T, self.deltaCandidate)
        self.deltaCellNext = self.deltaCell * self.forgetGate

    @staticmethod
    def sigmoidDerivative(value):
        return value * (1 - value)

    @staticmethod
    def tanhDerivative(value):
        return 1 - value * value


def computeGradients(params, tokens, targets, h0=None, c0=None):
    backwardPass = LstmBackwardPass(params, tokens, targets)
    backwardPass.setState(h0, c0)
    return backwardPass.run()
