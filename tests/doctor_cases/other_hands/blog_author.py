import numpy as np
import lstm_teach as lt


def dsigmoid(s):
    # s is already sigmoid(z), so this is all there is to it
    return s * (1.0 - s)


def dtanh(a):
    # same story: a is already tanh(z)
    return 1.0 - a ** 2


def backward(params, x, targets, h0=None, c0=None):
    """BPTT for the LSTM from part 2 of this series, gate by gate."""
    cache = lt.forward(params, x, h0=h0, c0=c0)
    T = len(x)
    H = params.Wi.shape[0]
    grads = {name: np.zeros_like(params[name]) for name in params.keys()}

    # Nothing comes back from beyond the end of the sequence.
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)

    for t in range(T - 1, -1, -1):
        h_prev = cache.h[t - 1]
        c_prev = cache.c[t - 1]
        i, f, o, g = cache.i[t], cache.f[t], cache.o[t], cache.g[t]

        # Softmax + cross entropy: the famous "p minus one-hot".
        dscores = cache.y[t].copy()
        dscores[targets[t]] -= 1
        grads["V"] += np.outer(dscores, cache.h[t])

        # The hidden state is used twice: by the output layer and by step t+1.
        dh = params.V.T @ dscores + dh_next

        # Output gate: how much of the cell do we show to the world?
        do = dh * cache.ct[t]
        dzo = do * dsigmoid(o)

        # Cell state: through the output, and straight along the conveyor belt.
        dc = dh * o * dtanh(cache.ct[t]) + dc_next

        # Input gate: how much of the candidate do we let in?
        dzi = dc * g * dsigmoid(i)

        # Candidate: the only one with a tanh.
        dzg = dc * i * dtanh(g)

        # Forget gate: how much of the OLD cell do we keep?
        dzf = dc * c_prev * dsigmoid(f)

        # Weights: every gate reads the previous hidden state and one column of U.
        for name, dz in (("i", dzi), ("f", dzf), ("o", dzo), ("g", dzg)):
            grads["W" + name] += np.outer(dz, h_prev)
            grads["U" + name][:, x[t]] += dz

        # And now pass the messages to the step before us.
        dh_next = params.Wi.T @ dzi + params.Wf.T @ dzf
        dh_next += params.Wo.T @ dzo + params.Wg.T @ dzg
        dc_next = dc * f

    return grads
