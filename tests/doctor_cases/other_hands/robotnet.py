"""LSTM for predicting the next discretised motor command (course project)"""
import numpy as np


def sigmoid(v):
    return 1.0 / (1.0 + np.exp(-v))


class MotorLSTM:
    NAMES = ["V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug"]

    def __init__(self, params, h0=None, c0=None):
        self.p = params
        self.n_cmd, self.n_hid = params.V.shape
        self.h = np.zeros(self.n_hid) if h0 is None else np.array(h0)
        self.c = np.zeros(self.n_hid) if c0 is None else np.array(c0)
        # histories for backprop; h/c also contain the start state
        self.hist_h = [self.h]
        self.hist_c = [self.c]
        self.hist_gates = []
        self.hist_cmd = []
        self.hist_prob = []
        self.zero_grad()

    def zero_grad(self):
        self.grad = {n: np.zeros(self.p[n].shape) for n in self.NAMES}

    def step(self, cmd):
        p, h = self.p, self.h
        i = sigmoid(p.Wi.dot(h) + p.Ui[:, cmd])
        f = sigmoid(p.Wf.dot(h) + p.Uf[:, cmd])
        o = sigmoid(p.Wo.dot(h) + p.Uo[:, cmd])
        g = np.tanh(p.Wg.dot(h) + p.Ug[:, cmd])
        self.c = f * self.c + i * g
        self.h = o * np.tanh(self.c)
        score = p.V.dot(self.h)
        e = np.exp(score - np.max(score))
        self.hist_cmd.append(cmd)
        self.hist_gates.append((i, f, o, g))
        self.hist_c.append(self.c)
        self.hist_h.append(self.h)
        self.hist_prob.append(e / np.sum(e))

    def _accumulate(self, gate, dz, cmd, h_prev):
        """adds gradient for one gate, returns the part that flows into h_prev"""
        self.grad["W" + gate] += np.outer(dz, h_prev)
        self.grad["U" + gate][:, cmd] += dz
        return self.p["W" + gate].T.dot(dz)

    def backprop(self, goals):
        goals = list(goals)
        dh = np.zeros(self.n_hid)
        dc = np.zeros(self.n_hid)
        # walk back by popping the histories
        while self.hist_cmd:
            cmd = self.hist_cmd.pop()
            goal = goals.pop()
            i, f, o, g = self.hist_gates.pop()
            c = self.hist_c.pop()
            h = self.hist_h.pop()
            c_prev, h_prev = self.hist_c[-1], self.hist_h[-1]

            d_score = self.hist_prob.pop()
            d_score[goal] -= 1.0
            self.grad["V"] += np.outer(d_score, h)
            dh = dh + self.p.V.T.dot(d_score)

            tanh_c = np.tanh(c)
            dc = dc + dh * o * (1 - tanh_c * tanh_c)
            dzo = dh * tanh_c * o * (1 - o)
            dzi = dc * g * i * (1 - i)
            dzf = dc * c_prev * f * (1 - f)
            dzg = dc * i * (1 - g * g)

            dh = np.zeros(self.n_hid)
            for gate, dz in (("i", dzi), ("f", dzf), ("o", dzo), ("g", dzg)):
                dh += self._accumulate(gate, dz, cmd, h_prev)
            dc = dc * f
        return self.grad


def backward(params, x, targets, h0=None, c0=None):
    net = MotorLSTM(params, h0, c0)
    for cmd in x:
        net.step(cmd)
    return net.backprop(targets)
