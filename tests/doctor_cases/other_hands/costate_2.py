"""
LSTM written as a discrete-time nonlinear plant, gradient by the adjoint method.

    s[k+1] = F(s[k], u[k], theta)       s = [h; c]   -> 2n states
    q[k]   = softmax(C s[k+1])          C = [V 0]
    J      = sum_k  -log q[k](ref[k])

Linearisation around the trajectory (a = stacked preactivations, 4n):
    G = ds+/da  (2n x 4n)      A = ds+/ds  (2n x 2n)
Costate (backward in time):   lam <- A' lam + C' (q - r)
"""
import numpy as np

GATES = "ifog"


def sat(v):
    return 1.0 / (1.0 + np.exp(-v))


class Plant:
    def __init__(self, theta):
        self.W = np.vstack([theta["W" + g] for g in GATES])     # 4n x n
        self.B = np.vstack([theta["U" + g] for g in GATES])     # 4n x m
        self.V = np.asarray(theta["V"])
        self.n = self.W.shape[1]
        self.m = self.B.shape[1]
        self.C = np.hstack([self.V, np.zeros_like(self.V)])

    def operating_point(self, s, u):
        h, c = np.split(s, 2)
        a = self.W @ h + self.B[:, u]
        a_i, a_f, a_o, a_g = np.split(a, 4)
        return sat(a_i), sat(a_f), sat(a_o), np.tanh(a_g), c

    def step(self, s, u):
        i, f, o, g, c = self.operating_point(s, u)
        c_plus = f * c + i * g
        return np.concatenate([o * np.tanh(c_plus), c_plus])

    def output(self, s):
        v = self.C @ s
        e = np.exp(v - v.max())
        return e / e.sum()

    def linearise(self, s, u):
        i, f, o, g, c = self.operating_point(s, u)
        th = np.tanh(f * c + i * g)
        D, Z = np.diag, np.zeros((self.n, self.n))
        # cell row: dc+/da = [i f o g]
        Gc = np.hstack([D(g * i * (1 - i)), D(c * f * (1 - f)), Z, D(i * (1 - g**2))])
        # output row goes through c+, plus the direct action of the o valve
        K = D(o * (1 - th**2))
        Gh = K @ Gc + np.hstack([Z, Z, D(th * o * (1 - o)), Z])
        G = np.vstack([Gh, Gc])
        F0 = np.block([[Z, K @ D(f)],
                       [Z, D(f)]])
        A = F0 + G @ np.hstack([self.W, np.zeros_like(self.W)])
        return A, G


def backward(params, x, targets, h0=None, c0=None):
    plant = Plant(params)
    n, N = plant.n, len(x)
    s = np.zeros((N + 1, 2 * n))
    if h0 is not None:
        s[0, :n] = h0
    if c0 is not None:
        s[0, n:] = c0

    # simulate
    for k in range(N):
        s[k + 1] = plant.step(s[k], x[k])

    dW, dB, dV = (np.zeros_like(M) for M in (plant.W, plant.B, plant.V))
    lam = np.zeros(2 * n)
    for k in reversed(range(N)):
        err = plant.output(s[k + 1])
        err[targets[k]] -= 1.0
        dV += np.outer(err, s[k + 1, :n])
        lam = lam + plant.C.T @ err
        A, G = plant.linearise(s[k], x[k])
        mu = G.T @ lam
        dW += np.outer(mu, s[k, :n])
        dB[:, x[k]] += mu
        lam = A.T @ lam

    grad = {"V": dV}
    for j, g in enumerate(GATES):
        rows = slice(j * n, (j + 1) * n)
        grad["W" + g] = dW[rows]
        grad["U" + g] = dB[rows]
    return grad
