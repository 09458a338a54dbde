"""My little char LSTM :-)  feed it one char at a time with forward(), then call backward() as often, last char first."""
import numpy as np

GATES = "ifog"


def act(gate, z):
    if gate == "g":
        return np.tanh(z)
    return 1 / (1 + np.exp(-z))


def dact(gate, a):
    # slope, written with the OUTPUT a of the gate (saves the exp)
    if gate == "g":
        return 1 - a * a
    return a * (1 - a)


class CharLSTM:
    def __init__(self, params):
        self.V = params["V"]
        self.W = {k: params["W" + k] for k in GATES}
        self.U = {k: params["U" + k] for k in GATES}
        self.reset()

    def reset(self, h0=None, c0=None):
        n = self.V.shape[1]
        self.h = np.zeros(n) if h0 is None else np.array(h0, dtype=float)
        self.c = np.zeros(n) if c0 is None else np.array(c0, dtype=float)
        self.memory = []            # one entry per char, backward() pops them
        self.dh = np.zeros(n)       # what comes in from the char to the right
        self.dc = np.zeros(n)
        self.dV = np.zeros_like(self.V)
        self.dW = {k: np.zeros_like(self.W[k]) for k in GATES}
        self.dU = {k: np.zeros_like(self.U[k]) for k in GATES}

    def forward(self, char):
        a = {}
        for k in GATES:
            a[k] = act(k, self.U[k][:, char] + self.W[k] @ self.h)
        h_old, c_old = self.h, self.c
        self.c = a["f"] * self.c + a["i"] * a["g"]
        tc = np.tanh(self.c)
        self.h = a["o"] * tc
        y = self.V @ self.h
        y = np.exp(y - y.max())
        y /= y.sum()
        self.memory.append((char, a, h_old, c_old, tc, self.h, y))
        return y

    def backward(self, target):
        char, a, h_old, c_old, tc, h, y = self.memory.pop()
        dy = y.copy()
        dy[target] -= 1
        self.dV += np.outer(dy, h)
        dh = self.V.T @ dy + self.dh
        dc = dh * a["o"] * (1 - tc * tc) + self.dc
        d = {"i": dc * a["g"], "f": dc * c_old, "o": dh * tc, "g": dc * a["i"]}
        self.dh = np.zeros_like(dh)
        for k in GATES:
            dz = d[k] * dact(k, a[k])
            self.dW[k] += np.outer(dz, h_old)
            self.dU[k][:, char] += dz
            self.dh += self.W[k].T @ dz
        self.dc = dc * a["f"]

    def grads(self):
        out = {"dV": self.dV}
        for k in GATES:
            out["dW" + k] = self.dW[k]
            out["dU" + k] = self.dU[k]
        return out


def backward(params, x, targets, h0=None, c0=None):
    net = CharLSTM(params)
    net.reset(h0, c0)
    for char in x:
        net.forward(char)
    for target in reversed(targets):
        net.backward(target)
    return net.grads()
