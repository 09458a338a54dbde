import math

import numpy as np


class LSTM:
    """Ported from my C++ version. Row t of h/c is the state BEFORE step t, row t+1 the state after it."""

    def __init__(self, params, T, h0, c0):
        self.p = params
        self.T = T
        self.K = params.V.shape[0]
        self.H = params.V.shape[1]
        self.h = np.zeros((T + 1, self.H))
        self.c = np.zeros((T + 1, self.H))
        if h0 is not None:
            self.h[0] = h0
        if c0 is not None:
            self.c[0] = c0
        self.gi = np.zeros((T, self.H))
        self.gf = np.zeros((T, self.H))
        self.go = np.zeros((T, self.H))
        self.gg = np.zeros((T, self.H))
        self.prob = np.zeros((T, self.K))
        self.grad = {}
        for name in params.keys():
            self.grad[name] = np.zeros(params[name].shape)
        self.dhNext = np.zeros(self.H)
        self.dcNext = np.zeros(self.H)

    @staticmethod
    def sigmoid(z):
        return 1.0 / (1.0 + math.exp(-z))

    def forward(self, x):
        p = self.p
        for t in range(self.T):
            for j in range(self.H):
                zi = p.Ui[j, x[t]] + np.dot(p.Wi[j], self.h[t])
                zf = p.Uf[j, x[t]] + np.dot(p.Wf[j], self.h[t])
                zo = p.Uo[j, x[t]] + np.dot(p.Wo[j], self.h[t])
                zg = p.Ug[j, x[t]] + np.dot(p.Wg[j], self.h[t])
                self.gi[t, j] = self.sigmoid(zi)
                self.gf[t, j] = self.sigmoid(zf)
                self.go[t, j] = self.sigmoid(zo)
                self.gg[t, j] = math.tanh(zg)
                self.c[t + 1, j] = self.gf[t, j] * self.c[t, j] + self.gi[t, j] * self.gg[t, j]
                self.h[t + 1, j] = self.go[t, j] * math.tanh(self.c[t + 1, j])
            score = p.V @ self.h[t + 1]
            e = np.exp(score - np.max(score))
            self.prob[t] = e / np.sum(e)

    def step_back(self, t, token, target):
        p = self.p
        grad = self.grad
        dscore = np.zeros(self.K)
        for k in range(self.K):
            dscore[k] = self.prob[t, k] - (1.0 if k == target else 0.0)
            for j in range(self.H):
                grad["V"][k, j] += dscore[k] * self.h[t + 1, j]
        dhPrev = np.zeros(self.H)
        for j in range(self.H):
            i, f, o, g = self.gi[t, j], self.gf[t, j], self.go[t, j], self.gg[t, j]
            tc = math.tanh(self.c[t + 1, j])
            dh = self.dhNext[j]
            for k in range(self.K):
                dh += p.V[k, j] * dscore[k]
            dc = self.dcNext[j]
            dc += dh * o * (1.0 - tc * tc)
            dzi = dc * g * i * (1.0 - i)
            dzf = dc * self.c[t, j] * f * (1.0 - f)
            dzo = dh * tc * o * (1.0 - o)
            dzg = dc * i * (1.0 - g * g)
            for k in range(self.H):
                grad["Wi"][j, k] += dzi * self.h[t, k]
                grad["Wf"][j, k] += dzf * self.h[t, k]
                grad["Wo"][j, k] += dzo * self.h[t, k]
                grad["Wg"][j, k] += dzg * self.h[t, k]
                dhPrev[k] += p.Wi[j, k] * dzi
                dhPrev[k] += p.Wf[j, k] * dzf
                dhPrev[k] += p.Wo[j, k] * dzo
                dhPrev[k] += p.Wg[j, k] * dzg
            grad["Ui"][j, token] += dzi
            grad["Uf"][j, token] += dzf
            grad["Uo"][j, token] += dzo
            grad["Ug"][j, token] += dzg
            self.dcNext[j] = dc * f
        self.dhNext = dhPrev

    def gradients(self, x, targets):
        for t in range(self.T - 1, -1, -1):
            self.step_back(t, x[t], targets[t])
        return self.grad


def backward(params, x, targets, h0=None, c0=None):
    net = LSTM(params, len(x), h0, c0)
    net.forward(x)
    return net.gradients(x, targets)
