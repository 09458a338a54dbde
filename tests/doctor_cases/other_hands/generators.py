import numpy as np

sig = lambda z: 1. / (1. + np.exp(-z))


def unroll(p, x, h, c):
    """Run the cell along x; yield per step whatever the reverse sweep is going to want."""
    for tok in x:
        i = sig(p.Wi @ h + p.Ui[:, tok])
        f = sig(p.Wf @ h + p.Uf[:, tok])
        o = sig(p.Wo @ h + p.Uo[:, tok])
        g = np.tanh(p.Wg @ h + p.Ug[:, tok])
        h_prev, c_prev = h, c
        c = f * c + i * g
        m = np.tanh(c)
        h = o * m
        s = p.V @ h
        y = np.exp(s - np.logaddexp.reduce(s))
        yield tok, h_prev, c_prev, i, f, o, g, m, h, y


def sweep(p, steps, targets):
    """Walk the tape from the end; yield (tok, h_prev, h, dy, pre-activation grads)."""
    dh_next, dc_next = 0., 0.
    for step, tgt in zip(reversed(steps), reversed(targets)):
        tok, h_prev, c_prev, i, f, o, g, m, h, y = step
        dy = y.copy()
        dy[tgt] -= 1.
        dh = dy @ p.V + dh_next
        dc = dh * o * (1. - m * m) + dc_next
        dzi = dc * g * i * (1. - i)
        dzf = dc * c_prev * f * (1. - f)
        dzo = dh * m * o * (1. - o)
        dzg = dc * i * (1. - g * g)
        yield tok, h_prev, h, dy, dzi, dzf, dzo, dzg
        dc_next = dc * f
        dh_next = dzi @ p.Wi + dzf @ p.Wf + dzo @ p.Wo + dzg @ p.Wg


def backward(params, x, targets, h0=None, c0=None):
    H = params.Wi.shape[0]
    h = np.zeros(H) if h0 is None else np.array(h0, dtype=float)
    c = np.zeros(H) if c0 is None else np.array(c0, dtype=float)
    tape = list(unroll(params, x, h, c))    # TODO: checkpoint this for long sequences

    gV, gWi, gWf, gWo, gWg, gUi, gUf, gUo, gUg = grads = [np.zeros(params[k].shape) for k in params.keys()]
    for tok, h_prev, h, dy, dzi, dzf, dzo, dzg in sweep(params, tape, targets):
        gV += dy[:, None] * h
        for gW, gU, dz in ((gWi, gUi, dzi), (gWf, gUf, dzf), (gWo, gUo, dzo), (gWg, gUg, dzg)):
            gW += dz[:, None] * h_prev
            gU[:, tok] += dz
    return grads
