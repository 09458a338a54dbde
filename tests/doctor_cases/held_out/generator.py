import numpy as np

import lstm_teach as lt


def steps_backward(params, memo, targets):
    """Yield (t, output error, deltas of the gates), the last step first."""
    dh_carry = np.zeros(params.hidden_size)
    dc_carry = np.zeros(params.hidden_size)
    for t in range(len(targets))[::-1]:
        out_error = memo.y[t].copy()
        out_error[targets[t]] -= 1
        dh = out_error @ params.V
        dh += dh_carry
        dtanh = dh * memo.o[t]
        dc = dtanh * (1 - memo.ct[t] ** 2)
        dc += dc_carry
        gate_deltas = np.empty((4, params.hidden_size))
        gate_deltas[0] = dc * memo.g[t]
        gate_deltas[1] = dc * memo.c[t - 1]
        gate_deltas[2] = dh * memo.ct[t]
        gate_deltas[3] = dc * memo.i[t]
        for row, gate in enumerate((memo.i[t], memo.f[t], memo.o[t])):
            gate_deltas[row] *= gate
            gate_deltas[row] *= 1 - gate
        gate_deltas[3] *= 1 - memo.g[t] ** 2
        yield t, out_error, gate_deltas
        dh_carry = params.W.T @ gate_deltas.ravel()
        dc_carry = dc * memo.f[t]


def collect(params, x, targets, h0=None, c0=None):
    memo = lt.forward(params, x, h0, c0)
    total = params.copy()
    total.flat[:] = 0
    for t, out_error, gate_deltas in steps_backward(params, memo, targets):
        total.V += out_error.reshape(-1, 1) @ memo.h[t].reshape(1, -1)
        total.W += np.kron(gate_deltas.reshape(-1, 1), memo.h[t - 1])
        total.U[:, x[t]] += gate_deltas.ravel()
    return total
