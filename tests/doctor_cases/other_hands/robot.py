from dataclasses import dataclass, field
import numpy as np
import lstm_teach as lt


@dataclass
class Tick:
    token: int
    h_in: np.ndarray
    c_in: np.ndarray
    act: np.ndarray      # stacked i, f, o, g
    tc: np.ndarray
    h_out: np.ndarray
    prob: np.ndarray


@dataclass
class LstmCell:
    p: lt.Params
    h: np.ndarray
    c: np.ndarray
    log: list = field(default_factory=list)

    def __post_init__(self):
        self.n = self.h.size
        self.grad_V = np.zeros_like(self.p.V)
        self.grad_W = np.zeros((4 * self.n, self.n))
        self.grad_U = np.zeros((4 * self.n, self.p.V.shape[0]))
        self.h_bar = np.zeros(self.n)
        self.c_bar = np.zeros(self.n)

    def forward(self, token):
        pre = self.p.W @ self.h + self.p.U[:, token]
        act = 1.0 / (1.0 + np.exp(-pre))
        act[3 * self.n:] = np.tanh(pre[3 * self.n:])
        i, f, o, g = np.split(act, 4)
        h_in, c_in = self.h, self.c
        self.c = f * c_in + i * g
        tc = np.tanh(self.c)
        self.h = o * tc
        e = np.exp(self.p.V @ self.h)
        self.log.append(Tick(token, h_in, c_in, act, tc, self.h, e / e.sum()))

    def backward(self, target):
        k = self.log.pop()
        i, f, o, g = np.split(k.act, 4)
        err = k.prob.copy()
        err[target] -= 1.0
        self.grad_V += np.outer(err, k.h_out)
        self.h_bar += self.p.V.T @ err
        self.c_bar += self.h_bar * o * (1.0 - k.tc ** 2)
        up = np.concatenate([self.c_bar * g, self.c_bar * k.c_in, self.h_bar * k.tc, self.c_bar * i])
        slope = k.act * (1.0 - k.act)
        slope[3 * self.n:] = 1.0 - g ** 2
        dz = up * slope
        self.grad_W += np.outer(dz, k.h_in)
        self.grad_U[:, k.token] += dz
        self.h_bar = self.p.W.T @ dz
        self.c_bar *= f


def backward(params, x, targets, h0=None, c0=None):
    n = params.Wi.shape[0]
    start = [np.zeros(n) if s is None else np.array(s, dtype=float) for s in (h0, c0)]
    cell = LstmCell(params, *start)
    for token in x:
        cell.forward(token)
    for target in reversed(targets):
        cell.backward(target)
    return (cell.grad_V, *np.vsplit(cell.grad_W, 4), *np.vsplit(cell.grad_U, 4))
