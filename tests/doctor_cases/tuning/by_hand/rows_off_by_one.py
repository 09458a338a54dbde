import numpy as np

import lstm_teach as lt


def bptt_numpy(params, x, targets, h0=None, c0=None):
    acts = lt.forward(params, x, h0, c0)
    T = len(x)
    dh_next = np.zeros(params.hidden_size)
    dc_next = np.zeros(params.hidden_size)
    dz_all = []
    dV = np.zeros_like(params.V)
    for t in range(T - 1, -1, -1):
        dy = acts.y[t].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, acts.h[t])
        dh = params.V.T @ dy + dh_next
        dc = dh * acts.o[t] * (1 - acts.ct[t] ** 2) + dc_next
        dz = [
            dc * acts.g[t] * acts.i[t] * (1 - acts.i[t]),
            dc * acts.c[t] * acts.f[t] * (1 - acts.f[t]),
            dh * acts.ct[t] * acts.o[t] * (1 - acts.o[t]),
            dc * acts.i[t] * (1 - acts.g[t] ** 2),
        ]
        dz_all.append(np.concatenate(dz))
        dh_next = params.W.T @ dz_all[-1]
        dc_next = dc * acts.f[t]
    Z = np.array(dz_all[::-1])
    dW = Z.T @ acts.h[:T]
    dU = Z.T @ np.eye(params.vocab_size)[x]
    return [dV, *np.split(dW, 4), *np.split(dU, 4)]
