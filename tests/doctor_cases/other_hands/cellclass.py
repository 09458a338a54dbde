import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def d_sigmoid(s):
    return s * (1.0 - s)


def d_tanh(y):
    return 1.0 - y * y


class StepCache:
    def __init__(self, token, h_prev, c_prev):
        self.token = token
        self.h_prev = h_prev
        self.c_prev = c_prev


class Gate:
    def __init__(self, W, U, squash, slope):
        self.W, self.U = W, U
        self.squash, self.slope = squash, slope
        self.dW, self.dU = np.zeros_like(W), np.zeros_like(U)

    def forward(self, cache):
        return self.squash(self.W @ cache.h_prev + self.U[:, cache.token])

    def backward(self, d_out, out, cache):
        dz = d_out * self.slope(out)
        self.dW += np.outer(dz, cache.h_prev)
        self.dU[:, cache.token] += dz
        return self.W.T @ dz


class LSTMCell:
    def __init__(self, p):
        self.input = Gate(p.Wi, p.Ui, sigmoid, d_sigmoid)
        self.forget = Gate(p.Wf, p.Uf, sigmoid, d_sigmoid)
        self.output = Gate(p.Wo, p.Uo, sigmoid, d_sigmoid)
        self.candidate = Gate(p.Wg, p.Ug, np.tanh, d_tanh)

    def forward(self, cache):
        cache.i, cache.f = self.input.forward(cache), self.forget.forward(cache)
        cache.o, cache.g = self.output.forward(cache), self.candidate.forward(cache)
        cache.c = cache.f * cache.c_prev + cache.i * cache.g
        cache.tc = np.tanh(cache.c)
        cache.h = cache.o * cache.tc
        return cache.h, cache.c

    def backward(self, dh, dc, cache):
        dc = dc + dh * cache.o * d_tanh(cache.tc)
        dh_prev = self.output.backward(dh * cache.tc, cache.o, cache)
        dh_prev += self.input.backward(dc * cache.g, cache.i, cache)
        dh_prev += self.forget.backward(dc * cache.c_prev, cache.f, cache)
        dh_prev += self.candidate.backward(dc * cache.i, cache.g, cache)
        return dh_prev, dc * cache.f


class Network:
    def __init__(self, p):
        self.V, self.dV = p.V, np.zeros_like(p.V)
        self.cell = LSTMCell(p)
        self.caches = []

    def forward(self, x, h, c):
        for token in x:
            cache = StepCache(token, h, c)
            h, c = self.cell.forward(cache)
            e = np.exp(self.V @ h)
            cache.prob = e / e.sum()
            self.caches.append(cache)

    def backward(self, targets):
        dh, dc = np.zeros(self.V.shape[1]), np.zeros(self.V.shape[1])
        for cache, target in zip(self.caches[::-1], targets[::-1]):
            d_score = cache.prob.copy()
            d_score[target] -= 1.0
            self.dV += np.outer(d_score, cache.h)
            dh = dh + self.V.T @ d_score
            dh, dc = self.cell.backward(dh, dc, cache)


def backward(params, x, targets, h0=None, c0=None):
    zeros = np.zeros(params.hidden_size)
    net = Network(params)
    net.forward(x, zeros if h0 is None else h0, zeros if c0 is None else c0)
    net.backward(targets)
    gates = (net.cell.input, net.cell.forget, net.cell.output, net.cell.candidate)
    return [net.dV] + [gate.dW for gate in gates] + [gate.dU for gate in gates]
