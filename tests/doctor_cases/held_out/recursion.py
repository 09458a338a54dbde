import numpy as np

from lstm_teach import forward


def gradient(params, tokens, answers, h0=None, c0=None):
    trace = forward(params, tokens, h0, c0)
    W = [params.Wi, params.Wf, params.Wo, params.Wg]

    def error_at(t):
        wrong = trace.y[t].copy()
        wrong[answers[t]] -= 1
        return wrong

    def further_back(t, from_h, from_c):
        """The deltas of step t and of all steps before it, earliest first."""
        if t < 0:
            return []
        dh = from_h + error_at(t).dot(params.V)
        dc = from_c + dh * trace.o[t] * (1 - trace.ct[t] ** 2)
        here = [
            dc * trace.g[t] * trace.i[t] * (1 - trace.i[t]),
            dc * trace.c[t - 1] * trace.f[t] * (1 - trace.f[t]),
            dh * trace.ct[t] * trace.o[t] * (1 - trace.o[t]),
            dc * trace.i[t] * (1 - trace.g[t] ** 2),
        ]
        to_h = sum(delta.dot(matrix) for delta, matrix in zip(here, W))
        to_c = dc * trace.f[t]
        return further_back(t - 1, to_h, to_c) + [here]

    start = np.zeros(params.hidden_size)
    deltas = further_back(len(tokens) - 1, start, start)
    dV = sum(np.outer(error_at(t), trace.h[t]) for t in range(len(tokens)))
    dW = [sum(np.outer(d[k], trace.h[t - 1]) for t, d in enumerate(deltas)) for k in range(4)]
    dU = [np.zeros_like(params.Ui) for k in range(4)]
    for token, d in zip(tokens, deltas):
        for k in range(4):
            dU[k][:, token] += d[k]
    return [dV] + dW + dU
