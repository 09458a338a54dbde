# Port of lstm_net.hpp / lstm_net.cpp. Loop order and member names are the same as over there.
import math

import numpy as np

# enum Gate { GATE_I, GATE_F, GATE_O, GATE_G, NUM_GATES };
GATE_I, GATE_F, GATE_O, GATE_G, NUM_GATES = range(5)
SUFFIX = "ifog"


def sigmoid(a):
    return 1.0 / (1.0 + math.exp(-a))


class StepCache:
    """struct StepCache { int token; double act[4][H]; double c[H], tanh_c[H], h[H], prob[K]; };"""

    def __init__(self, hidden, vocab):
        self.token = -1
        self.act = np.zeros((NUM_GATES, hidden))
        self.c = np.zeros(hidden)
        self.tanh_c = np.zeros(hidden)
        self.h = np.zeros(hidden)
        self.prob = np.zeros(vocab)


class Gradients:
    """struct Gradients { Matrix V; Matrix W[4]; Matrix U[4]; };"""

    def __init__(self, hidden, vocab):
        self.V = np.zeros((vocab, hidden))
        self.W = [np.zeros((hidden, hidden)) for _ in range(NUM_GATES)]
        self.U = [np.zeros((hidden, vocab)) for _ in range(NUM_GATES)]


class LstmNet:
    def __init__(self, params):
        self.V_ = params["V"]  # const Matrix&
        self.W_ = [params["W" + s] for s in SUFFIX]
        self.U_ = [params["U" + s] for s in SUFFIX]
        self.vocab_, self.hidden_ = self.V_.shape
        self.steps_ = []

    def forward(self, x, h_init, c_init):
        self.h_init_, self.c_init_ = h_init, c_init
        h, c = h_init.copy(), c_init.copy()
        for t in range(len(x)):
            s = StepCache(self.hidden_, self.vocab_)
            s.token = int(x[t])
            for j in range(self.hidden_):
                for k in range(NUM_GATES):
                    a = self.U_[k][j, s.token]
                    for m in range(self.hidden_):
                        a += self.W_[k][j, m] * h[m]
                    s.act[k, j] = math.tanh(a) if k == GATE_G else sigmoid(a)
                s.c[j] = s.act[GATE_F, j] * c[j] + s.act[GATE_I, j] * s.act[GATE_G, j]
                s.tanh_c[j] = math.tanh(s.c[j])
                s.h[j] = s.act[GATE_O, j] * s.tanh_c[j]
            h, c = s.h, s.c
            score = self.V_ @ s.h
            s.prob[:] = np.exp(score - score.max())
            s.prob /= s.prob.sum()
            self.steps_.append(s)  # steps_.push_back(s);

    def backward(self, targets, grad):
        H = self.hidden_
        dh_next, dc_next = np.zeros(H), np.zeros(H)
        dact = np.zeros(NUM_GATES)
        for t in range(len(self.steps_) - 1, -1, -1):
            s = self.steps_[t]
            h_prev = self.steps_[t - 1].h if t > 0 else self.h_init_
            c_prev = self.steps_[t - 1].c if t > 0 else self.c_init_

            dh = dh_next.copy()
            dh_next.fill(0.0)
            for n in range(self.vocab_):
                dy = s.prob[n] - (1.0 if n == targets[t] else 0.0)
                for j in range(H):
                    grad.V[n, j] += dy * s.h[j]
                    dh[j] += dy * self.V_[n, j]

            for j in range(H):
                dc = dc_next[j] + dh[j] * s.act[GATE_O, j] * (1.0 - s.tanh_c[j] * s.tanh_c[j])
                dact[GATE_I] = dc * s.act[GATE_G, j]
                dact[GATE_F] = dc * c_prev[j]
                dact[GATE_O] = dh[j] * s.tanh_c[j]
                dact[GATE_G] = dc * s.act[GATE_I, j]
                dc_next[j] = dc * s.act[GATE_F, j]
                for k in range(NUM_GATES):
                    a = s.act[k, j]
                    dz = dact[k] * (1.0 - a * a if k == GATE_G else a * (1.0 - a))
                    grad.U[k][j, s.token] += dz
                    for m in range(H):
                        grad.W[k][j, m] += dz * h_prev[m]
                        dh_next[m] += dz * self.W_[k][j, m]


def backward(params, x, targets, h0=None, c0=None):
    net = LstmNet(params)
    zero = np.zeros(net.hidden_)
    net.forward(x, zero if h0 is None else h0, zero if c0 is None else c0)
    grad = Gradients(net.hidden_, net.vocab_)
    net.backward(targets, grad)
    return [grad.V] + grad.W + grad.U
