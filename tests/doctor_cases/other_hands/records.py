from dataclasses import dataclass

import numpy as np
from lstm_teach import Params


def expit(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    w = np.exp(z - z.max())
    return w / w.sum()


@dataclass
class Step:
    token: int
    h_prev: np.ndarray
    c_prev: np.ndarray
    inp: np.ndarray
    forget: np.ndarray
    cand: np.ndarray
    out: np.ndarray
    cell: np.ndarray

    @property
    def cell_tanh(self):
        return np.tanh(self.cell)

    @property
    def hidden(self):
        return self.out * self.cell_tanh


@dataclass
class Carry:
    hidden: np.ndarray
    cell: np.ndarray


def step_forward(p: Params, token: int, h: np.ndarray, c: np.ndarray) -> Step:
    inp = expit(p.Ui[:, token] + p.Wi @ h)
    forget = expit(p.Uf[:, token] + p.Wf @ h)
    cand = np.tanh(p.Ug[:, token] + p.Wg @ h)
    out = expit(p.Uo[:, token] + p.Wo @ h)
    return Step(token, h, c, inp, forget, cand, out, forget * c + inp * cand)


def step_backward(p: Params, grad: Params, st: Step, target: int, carry: Carry) -> Carry:
    d_logits = softmax(p.V @ st.hidden)
    d_logits[target] -= 1
    grad.V += np.outer(d_logits, st.hidden)

    d_hidden = carry.hidden + p.V.T @ d_logits
    d_cell = carry.cell + d_hidden * st.out * (1 - st.cell_tanh**2)

    d_gates = np.concatenate([  # rows as in Params: i, f, o, g
        d_cell * st.cand * st.inp * (1 - st.inp),
        d_cell * st.c_prev * st.forget * (1 - st.forget),
        d_hidden * st.cell_tanh * st.out * (1 - st.out),
        d_cell * st.inp * (1 - st.cand**2),
    ])
    grad.W += np.outer(d_gates, st.h_prev)
    grad.U[:, st.token] += d_gates
    return Carry(hidden=p.W.T @ d_gates, cell=d_cell * st.forget)


def backward(params, x, targets, h0=None, c0=None):
    H = params.hidden_size
    h = np.zeros(H) if h0 is None else h0
    c = np.zeros(H) if c0 is None else c0
    steps = []
    for token in x:
        steps.append(step_forward(params, token, h, c))
        h, c = steps[-1].hidden, steps[-1].cell

    grad = Params.zeros(params.vocab_size, H)
    carry = Carry(hidden=np.zeros(H), cell=np.zeros(H))
    while steps:
        step = steps.pop()
        carry = step_backward(params, grad, step, targets[len(steps)], carry)
    return grad
