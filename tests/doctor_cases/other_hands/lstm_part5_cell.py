"""
LSTMs from scratch, part 5: backpropagation
===========================================
In part 4 we gave our `Cell` a `step_forward`. Now it learns to go the other way!

Remember the trick from part 3: we glue h and x together, z = [h, x], so that every
gate is just ONE matrix-vector product.
"""
import numpy as np


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


class Cell:
    GATES = ["i", "f", "o", "g"]

    def __init__(self, params):
        self.hidden_size, self.input_size = params["Ui"].shape
        self.w = {k: np.hstack([params["W" + k], params["U" + k]]) for k in self.GATES}
        self.dw = {k: np.zeros_like(self.w[k]) for k in self.GATES}
        self.cache = []     # a stack: forward pushes, backward pops
        self.dh_next = np.zeros(self.hidden_size)
        self.dc_next = np.zeros(self.hidden_size)

    def set_state(self, h, c):
        self.h = np.zeros(self.hidden_size) if h is None else h
        self.c = np.zeros(self.hidden_size) if c is None else c

    def step_forward(self, token):
        x = np.zeros(self.input_size)
        x[token] = 1.0
        z = np.concatenate([self.h, x])
        i = sigmoid(self.w["i"] @ z)
        f = sigmoid(self.w["f"] @ z)
        o = sigmoid(self.w["o"] @ z)
        g = np.tanh(self.w["g"] @ z)
        c_prev = self.c
        self.c = f * c_prev + i * g
        tanh_c = np.tanh(self.c)
        self.h = o * tanh_c
        self.cache.append((z, i, f, o, g, c_prev, tanh_c))
        return self.h

    def step_backward(self, dh):
        z, i, f, o, g, c_prev, tanh_c = self.cache.pop()

        # 1. h is used twice: by the output layer and by the next step
        dh = dh + self.dh_next

        # 2. back through h = o * tanh(c)
        do = dh * tanh_c
        dc = self.dc_next + dh * o * (1 - tanh_c ** 2)

        # 3. back through c = f * c_prev + i * g
        di = dc * g
        df = dc * c_prev
        dg = dc * i
        self.dc_next = dc * f

        # 4. back through the nonlinearities
        da = {
            "i": di * i * (1 - i),
            "f": df * f * (1 - f),
            "o": do * o * (1 - o),
            "g": dg * (1 - g ** 2),
        }

        # 5. the weights, and what flows into z
        dz = np.zeros_like(z)
        for k in self.GATES:
            self.dw[k] += np.outer(da[k], z)
            dz += self.w[k].T @ da[k]
        self.dh_next = dz[:self.hidden_size]


class SoftmaxLayer:
    def __init__(self, V):
        self.V = V
        self.dV = np.zeros_like(V)

    def backward(self, h, target):
        scores = self.V @ h
        probs = np.exp(scores - scores.max())
        probs /= probs.sum()
        probs[target] -= 1.0
        self.dV += np.outer(probs, h)
        return self.V.T @ probs


def backward(params, x, targets, h0=None, c0=None):
    cell, out = Cell(params), SoftmaxLayer(params["V"])
    cell.set_state(h0, c0)
    hs = [cell.step_forward(token) for token in x]
    for h, target in zip(reversed(hs), reversed(list(targets))):
        cell.step_backward(out.backward(h, target))

    H = cell.hidden_size
    grads = {"dV": out.dV}
    for k in Cell.GATES:
        grads["dW" + k], grads["dU" + k] = cell.dw[k][:, :H], cell.dw[k][:, H:]
    return grads
