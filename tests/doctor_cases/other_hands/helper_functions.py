"""A tidy engineer: small helper functions, each tested in its own head."""
import numpy as np
import lstm_teach as lt


def dsigmoid(s):
    return s * (1.0 - s)


def dtanh(u):
    return 1.0 - u ** 2


def output_delta(probs, target):
    d = probs.copy()
    d[target] -= 1.0
    return d


def cell_step(run, t, dh, dc_in):
    dc = dc_in + dh * run.o[t] * dtanh(run.ct[t])
    dzi = dc * run.g[t] * dsigmoid(run.i[t])
    dzf = dc * run.c[t - 1] * dsigmoid(run.f[t])
    dzo = dh * run.ct[t] * dsigmoid(run.o[t])
    dzg = dc * run.i[t] * dtanh(run.g[t])
    return dc, (dzi, dzf, dzo, dzg)


def add_weights(out, names, deltas, vec):
    for name, d in zip(names, deltas):
        out[name] += np.outer(d, vec)


def back_to_hidden(params, deltas):
    dzi, dzf, dzo, dzg = deltas
    return (
        params.Wi.T @ dzi
        + params.Wf.T @ dzf
        + params.Wo.T @ dzo
        + params.Wg.T @ dzg
    )


def one_hot(k, size):
    v = np.zeros(size)
    v[k] = 1.0
    return v


def backward(params, x, targets, h0=None, c0=None):
    run = lt.forward(params, x, h0, c0)
    out = {n: np.zeros(params[n].shape) for n in lt.Params.NAMES}
    dh_next = np.zeros(params.hidden_size)
    dc_next = np.zeros(params.hidden_size)
    for t in range(len(x) - 1, -1, -1):
        dy = output_delta(run.y[t], targets[t])
        out["V"] += np.outer(dy, run.h[t])
        dh = params.V.T @ dy + dh_next
        dc, deltas = cell_step(run, t, dh, dc_next)
        add_weights(out, ("Wi", "Wf", "Wo", "Wg"), deltas, run.h[t - 1])
        add_weights(out, ("Ui", "Uf", "Uo", "Ug"), deltas, one_hot(x[t], params.vocab_size))
        dh_next = back_to_hidden(params, deltas)
        dc_next = dc * run.f[t]
    return out
