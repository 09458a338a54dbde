import numpy as np


class Sigmoid:
    def value(self, z):
        return 1.0 / (1.0 + np.exp(-z))

    def slope(self, a):
        return a * (1.0 - a)


class Tanh:
    def value(self, z):
        return np.tanh(z)

    def slope(self, a):
        return 1.0 - a * a


class Gate:
    """One gate with its weights, its gradients and a stack of what it has seen."""

    def __init__(self, recurrent, inputs, activation):
        self.recurrent = recurrent
        self.inputs = inputs
        self.activation = activation
        self.gradRecurrent = np.zeros(recurrent.shape)
        self.gradInputs = np.zeros(inputs.shape)
        self.stack = []

    def forward(self, h, token):
        z = self.recurrent.dot(h) + self.inputs[:, token]
        a = self.activation.value(z)
        self.stack.append((h, token, a))
        return a

    def backward(self, gradOut):
        h, token, a = self.stack[-1]
        delta = gradOut * self.activation.slope(a)
        self.gradRecurrent += np.outer(delta, h)
        self.gradInputs[:, token] += delta
        self.stack.pop()
        return self.recurrent.T.dot(delta)


class LstmCell:
    def __init__(self, params):
        self.inputGate = Gate(params["Wi"], params["Ui"], Sigmoid())
        self.forgetGate = Gate(params["Wf"], params["Uf"], Sigmoid())
        self.outputGate = Gate(params["Wo"], params["Uo"], Sigmoid())
        self.candidate = Gate(params["Wg"], params["Ug"], Tanh())
        self.stack = []

    def forward(self, h, c, token):
        i = self.inputGate.forward(h, token)
        f = self.forgetGate.forward(h, token)
        o = self.outputGate.forward(h, token)
        g = self.candidate.forward(h, token)
        newC = f * c + i * g
        tanhC = np.tanh(newC)
        self.stack.append((c, i, f, o, g, tanhC))
        return o * tanhC, newC

    def backward(self, gradH, gradC):
        """Takes the gradients after the step, returns those before the step."""
        oldC, i, f, o, g, tanhC = self.stack.pop()
        gradC = gradC + gradH * o * (1.0 - tanhC * tanhC)
        gradOldH = self.outputGate.backward(gradH * tanhC)
        gradOldH += self.inputGate.backward(gradC * g)
        gradOldH += self.candidate.backward(gradC * i)
        gradOldH += self.forgetGate.backward(gradC * oldC)
        gradOldC = gradC * f
        return gradOldH, gradOldC


class OutputLayer:
    def __init__(self, weights):
        self.weights = weights
        self.gradWeights = np.zeros(weights.shape)

    def backward(self, h, target):
        scores = self.weights.dot(h)
        delta = np.exp(scores - np.max(scores))
        delta = delta / np.sum(delta)
        delta[target] -= 1.0
        self.gradWeights += np.outer(delta, h)
        return self.weights.T.dot(delta)


def backward(params, x, targets, h0=None, c0=None):
    cell = LstmCell(params)
    output = OutputLayer(params["V"])
    size = params["V"].shape[1]
    h = np.zeros(size) if h0 is None else np.array(h0, dtype=float)
    c = np.zeros(size) if c0 is None else np.array(c0, dtype=float)
    hiddenStates = []
    for token in x:
        h, c = cell.forward(h, c, token)
        hiddenStates.append(h)

    gradH, gradC = np.zeros(size), np.zeros(size)
    for h, target in zip(reversed(hiddenStates), reversed(targets)):
        gradH = gradH + output.backward(h, target)
        gradH, gradC = cell.backward(gradH, gradC)

    gates = [cell.inputGate, cell.forgetGate, cell.outputGate, cell.candidate]
    return [output.gradWeights] + [q.gradRecurrent for q in gates] + [q.gradInputs for q in gates]
