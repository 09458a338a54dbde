from dataclasses import dataclass

import numpy as np

from lstm_teach import Params, forward


@dataclass
class Cell:
    params: Params
    token: int
    i: np.ndarray
    f: np.ndarray
    o: np.ndarray
    g: np.ndarray
    tanh_c: np.ndarray
    h: np.ndarray
    c_before: np.ndarray
    h_before: np.ndarray

    def back(self, dh, dc_later, grads):
        dc = dc_later + dh * self.o * (1 - self.tanh_c**2)
        dz_i = dc * self.g * self.i * (1 - self.i)
        dz_f = dc * self.c_before * self.f * (1 - self.f)
        dz_o = dh * self.tanh_c * self.o * (1 - self.o)
        dz_g = dc * self.i * (1 - self.g**2)
        grads.Wi += np.outer(dz_i, self.h_before)
        grads.Wf += np.outer(dz_f, self.h_before)
        grads.Wo += np.outer(dz_o, self.h_before)
        grads.Wg += np.outer(dz_g, self.h_before)
        grads.Ui[:, self.token] += dz_i
        grads.Uf[:, self.token] += dz_f
        grads.Uo[:, self.token] += dz_o
        grads.Ug[:, self.token] += dz_g
        dh_before = dz_i @ self.params.Wi + dz_f @ self.params.Wf + dz_o @ self.params.Wo + dz_g @ self.params.Wg
        return dh_before, dc * self.f


def unrolled(params, x, targets, h0=None, c0=None):
    r = forward(params, x, h0, c0)
    cells = [
        Cell(params, x[t], r.i[t], r.f[t], r.o[t], r.g[t], r.ct[t], r.h[t], r.c[t - 1], r.h[t - 1])
        for t in range(len(x))
    ]
    grads = Params.zeros(params.vocab_size, params.hidden_size)
    dh, dc = np.zeros(params.hidden_size), np.zeros(params.hidden_size)
    for t, cell in reversed(list(enumerate(cells))):
        error = r.y[t].copy()
        error[targets[t]] -= 1
        grads.V += np.outer(error, cell.h)
        dh, dc = cell.back(params.V.T @ error + dh, dc, grads)
    return grads
