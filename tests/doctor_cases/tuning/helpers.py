import numpy as np

import lstm_teach as lt


def sigmoid_slope(s):
    return s * (1 - s)


def tanh_slope(a):
    return 1 - a**2


def gate_deltas(memory, t, dh, dc):
    """Deltas of the four pre-activations at step t."""
    d_in = dc * memory.g[t] * sigmoid_slope(memory.i[t])
    d_fo = dc * memory.c[t - 1] * sigmoid_slope(memory.f[t])
    d_ou = dh * memory.ct[t] * sigmoid_slope(memory.o[t])
    d_ca = dc * memory.i[t] * tanh_slope(memory.g[t])
    return {"i": d_in, "f": d_fo, "o": d_ou, "g": d_ca}


def add_weights(grads, deltas, token, h_before):
    for gate, d in deltas.items():
        grads["W" + gate] += np.outer(d, h_before)
        grads["U" + gate][:, token] += d


def to_previous(params, deltas):
    total = 0
    for gate, d in deltas.items():
        total = total + params["W" + gate].T @ d
    return total


def my_backward(params, x, targets, h0=None, c0=None):
    memory = lt.forward(params, x, h0, c0)
    grads = {name: np.zeros_like(m) for name, m in params.items()}
    dh_future = np.zeros(params.hidden_size)
    dc_future = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        error = memory.y[t].copy()
        error[targets[t]] -= 1
        grads["V"] += np.outer(error, memory.h[t])
        dh = params["V"].T @ error + dh_future
        dc = dh * memory.o[t] * tanh_slope(memory.ct[t]) + dc_future
        deltas = gate_deltas(memory, t, dh, dc)
        add_weights(grads, deltas, x[t], memory.h[t - 1])
        dh_future = to_previous(params, deltas)
        dc_future = dc * memory.f[t]
    return grads
