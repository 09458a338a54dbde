"""One class, gates stacked f, i, g, o in one matrix over [h, x]; squared error on a readout; the state starts at 0."""

import numpy as np

import lstm_teach as lt


def sig(z):
    return 1.0 / (1.0 + np.exp(-z))


class LSTM:
    def __init__(self, D, H, out, seed=0):
        r = np.random.RandomState(seed)
        self.H = H
        self.W = r.uniform(-1, 1, (4 * H, H + D)) * 0.8
        self.b = r.uniform(-1, 1, 4 * H) * 0.5
        self.Wy = r.uniform(-1, 1, (out, H))
        self.by = r.uniform(-1, 1, out)

    def forward(self, xs):
        H = self.H
        self.cache, self.ys = [], []
        h, c = np.zeros(H), np.zeros(H)
        for x in xs:
            hx = np.concatenate([h, x])
            z = self.W.dot(hx) + self.b
            f, i, g, o = sig(z[:H]), sig(z[H : 2 * H]), np.tanh(z[2 * H : 3 * H]), sig(z[3 * H :])
            c_old, c = c, f * c + i * g
            h = o * np.tanh(c)
            self.cache.append((hx, f, i, g, o, c_old, c, h))
            self.ys.append(self.Wy.dot(h) + self.by)
        return self.ys

    def backward(self, targets):
        H = self.H
        dW, db = np.zeros_like(self.W), np.zeros_like(self.b)
        dWy, dby = np.zeros_like(self.Wy), np.zeros_like(self.by)
        dh_next, dc_next = np.zeros(H), np.zeros(H)
        for t in range(len(targets) - 1, -1, -1):
            hx, f, i, g, o, c_old, c, h = self.cache[t]
            dy = self.ys[t] - targets[t]
            dWy += np.outer(dy, h)
            dby += dy
            dh = self.Wy.T.dot(dy) + dh_next
            tc = np.tanh(c)
            dc = dc_next + dh * o * (1 - tc * tc)
            dz = np.hstack(
                [dc * c_old * f * (1 - f), dc * g * i * (1 - i), dc * i * (1 - g * g), dh * tc * o * (1 - o)]
            )
            dW += np.outer(dz, hx)
            db += dz
            dh_next = self.W.T.dot(dz)[:H]
            dc_next = dc * f
        return dW, db, dWy, dby


net = LSTM(3, 5, 2)
r = np.random.RandomState(9)
series, wanted = r.randn(40, 3), r.randn(40, 2)


def loss(T):
    return 0.5 * sum(((y - w) ** 2).sum() for y, w in zip(net.forward(series[:T]), wanted[:T]))


def gradient(T):
    net.forward(series[:T])
    return net.backward(wanted[:T])


case = lt.case_of(net, ["W", "b", "Wy", "by"], loss, gradient)
