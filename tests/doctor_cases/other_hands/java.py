import numpy as np

import lstm_teach as lt


class LstmBackpropagator:
    GATE_NAMES = ("i", "f", "o", "g")

    def __init__(self, params, inputTokens, targetTokens, initialHidden, initialCell):
        self.params = params
        self.inputTokens = inputTokens
        self.targetTokens = targetTokens
        self.cache = lt.forward(params, inputTokens, initialHidden, initialCell)
        self.gradients = {name: np.zeros(matrix.shape) for name, matrix in params.items()}
        self.hiddenErrorFromFuture = np.zeros(params.Wi.shape[0])
        self.cellErrorFromFuture = np.zeros(params.Wi.shape[0])

    def getGate(self, name, step):
        return getattr(self.cache, name)[step]

    def getPreviousHidden(self, step):
        return self.cache.h[step - 1]

    def getPreviousCell(self, step):
        return self.cache.c[step - 1]

    def computeOutputError(self, step):
        outputError = np.array(self.cache.y[step])
        outputError[self.targetTokens[step]] -= 1.0
        return outputError

    def computeCellError(self, step, hiddenError):
        tanhCell = self.cache.ct[step]
        throughHidden = hiddenError * self.getGate("o", step) * (1.0 - np.square(tanhCell))
        return throughHidden + self.cellErrorFromFuture

    def computeGateErrors(self, step, hiddenError, cellError):
        gateErrors = {}
        gateErrors["i"] = cellError * self.getGate("g", step)
        gateErrors["f"] = cellError * self.getPreviousCell(step)
        gateErrors["o"] = hiddenError * self.cache.ct[step]
        gateErrors["g"] = cellError * self.getGate("i", step)
        for name in self.GATE_NAMES:
            activation = self.getGate(name, step)
            if name == "g":
                gateErrors[name] *= 1.0 - np.square(activation)
            else:
                gateErrors[name] *= activation * (1.0 - activation)
        return gateErrors

    def accumulateGradients(self, step, outputError, gateErrors):
        self.gradients["V"] += np.outer(outputError, self.cache.h[step])
        for name, gateError in gateErrors.items():
            self.gradients["W" + name] += np.outer(gateError, self.getPreviousHidden(step))
            self.gradients["U" + name][:, self.inputTokens[step]] += gateError

    def passErrorsToPreviousStep(self, step, gateErrors, cellError):
        self.hiddenErrorFromFuture = sum(
            self.params["W" + name].T.dot(gateError) for name, gateError in gateErrors.items()
        )
        self.cellErrorFromFuture = cellError * self.getGate("f", step)

    def run(self):
        for step in reversed(range(len(self.inputTokens))):
            outputError = self.computeOutputError(step)
            hiddenError = self.params.V.T.dot(outputError) + self.hiddenErrorFromFuture
            cellError = self.computeCellError(step, hiddenError)
            gateErrors = self.computeGateErrors(step, hiddenError, cellError)
            self.accumulateGradients(step, outputError, gateErrors)
            self.passErrorsToPreviousStep(step, gateErrors, cellError)
        return self.gradients


def backward(params, x, targets, h0=None, c0=None):
    return LstmBackpropagator(params, x, targets, h0, c0).run()
