import numpy as np

import lstm_teach as lt


def bptt_with_tape(params, x, targets, h0=None, c0=None):
    """Each step puts a function on the tape that pulls the deltas one step back."""
    cache = lt.forward(params, x, h0, c0)
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    tape = []

    def record(t):
        i, f, o, g, ct = cache.i[t], cache.f[t], cache.o[t], cache.g[t], cache.ct[t]
        h_before, c_before = cache.h[t - 1], cache.c[t - 1]

        def pull(dh, dc):
            dy = cache.y[t].copy()
            dy[targets[t]] -= 1
            grads["V"] += np.outer(dy, cache.h[t])
            dh = dh + params.V.T.dot(dy)
            dc = dc + dh * o * (1 - ct**2)
            dpre = {}
            dpre["o"] = dh * ct * o * (1 - o)
            dpre["i"] = dc * g * i * (1 - i)
            dpre["g"] = dc * i * (1 - g**2)
            dpre["f"] = dc * c_before * f * (1 - f)
            dh = 0
            for gate, d in dpre.items():
                grads["W" + gate] += np.outer(d, h_before)
                grads["U" + gate][:, x[t]] += d
                dh = dh + params["W" + gate].T.dot(d)
            return dh, dc * f

        tape.append(pull)

    for t in range(len(x)):
        record(t)
    state = np.zeros(params.hidden_size), np.zeros(params.hidden_size)
    while tape:
        state = tape.pop()(*state)
    return grads
