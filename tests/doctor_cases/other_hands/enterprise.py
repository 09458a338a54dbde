import numpy as np

class Gate:
    def __init__(self, w, u, isTanh=False):
        self.w, self.u, self.isTanh = w, u, isTanh
        self.gradW, self.gradU = np.zeros(w.shape), np.zeros(u.shape)

    def activate(self, hPrev, token):
        z = self.w.dot(hPrev) + self.u[:, token]
        return np.tanh(z) if self.isTanh else 1 / (1 + np.exp(-z))

    def backprop(self, gradOut, value, hPrev, token):
        gradZ = gradOut * self.derivative(value)
        self.gradW += np.outer(gradZ, hPrev)
        self.gradU[:, token] += gradZ
        return self.w.T.dot(gradZ)

    def derivative(self, value):
        return 1 - value * value if self.isTanh else value * (1 - value)


class StepRecord:
    def __init__(self, token, hPrev, cPrev, i, f, o, g):
        self.token, self.hPrev, self.cPrev = token, hPrev, cPrev
        self.i, self.f, self.o, self.g = i, f, o, g
        self.c = f * cPrev + i * g
        self.tanhC = np.tanh(self.c)
        self.h = o * self.tanhC


class LstmTrainer:
    def __init__(self, params):
        self.gates = {n: Gate(params["W" + n], params["U" + n], n == "g") for n in "ifog"}
        self.v, self.gradV = params.V, np.zeros(params.V.shape)
        self.gradH, self.gradC = np.zeros(len(params.Wi)), np.zeros(len(params.Wi))

    def record(self, token, h, c):
        i, f, o, g = [self.gates[n].activate(h, token) for n in "ifog"]
        return StepRecord(token, h, c, i, f, o, g)

    def backprop(self, step, target):
        error = np.exp(self.v.dot(step.h))
        error /= error.sum()
        error[target] -= 1
        self.gradV += np.outer(error, step.h)
        self.gradH = self.gradH + self.v.T.dot(error)
        self.gradC = self.gradC + self.gradH * step.o * (1 - step.tanhC ** 2)
        down = self.gates["i"].backprop(self.gradC * step.g, step.i, step.hPrev, step.token)
        down += self.gates["f"].backprop(self.gradC * step.cPrev, step.f, step.hPrev, step.token)
        down += self.gates["o"].backprop(self.gradH * step.tanhC, step.o, step.hPrev, step.token)
        down += self.gates["g"].backprop(self.gradC * step.i, step.g, step.hPrev, step.token)
        self.gradH = down
        self.gradC = self.gradC * step.f

    def getGradients(self):
        result = {"V": self.gradV}
        for name, gate in self.gates.items():
            result.update({"W" + name: gate.gradW, "U" + name: gate.gradU})
        return result


def backward(params, x, targets):
    trainer = LstmTrainer(params)
    steps, h, c = [], trainer.gradH, trainer.gradC
    for token in x:
        steps.append(trainer.record(token, h, c))
        h, c = steps[-1].h, steps[-1].c
    for step, target in zip(steps[::-1], targets[::-1]):
        trainer.backprop(step, target)
    return trainer.getGradients()
