import numpy as np


def logistic(v):
    return 1 / (1 + np.exp(-v))


def bptt(model, seq, want):
    """Own forward pass, columns (H, 1), lists per step."""
    H, K = model.hidden_size, model.vocab_size
    hs, cs, steps = [np.zeros((H, 1))], [np.zeros((H, 1))], []
    for tok in seq:
        col = np.zeros((K, 1))
        col[tok] = 1
        it = logistic(model.Ui @ col + model.Wi @ hs[-1])
        ft = logistic(model.Uf @ col + model.Wf @ hs[-1])
        ot = logistic(model.Uo @ col + model.Wo @ hs[-1])
        gt = np.tanh(model.Ug @ col + model.Wg @ hs[-1])
        cs.append(ft * cs[-1] + it * gt)
        hs.append(ot * np.tanh(cs[-1]))
        steps.append((col, it, ft, ot, gt))
    gV = np.zeros_like(model.V)
    gWi, gWf, gWo, gWg = [np.zeros((H, H)) for _ in range(4)]
    gUi, gUf, gUo, gUg = [np.zeros((H, K)) for _ in range(4)]
    dh_in = np.zeros((H, 1))
    dc_in = np.zeros((H, 1))
    for n in range(len(seq) - 1, -1, -1):
        col, it, ft, ot, gt = steps[n]
        logits = model.V @ hs[n + 1]
        p = np.exp(logits - logits.max())
        p /= p.sum()
        p[want[n]] -= 1
        gV += p @ hs[n + 1].T
        dh = model.V.T @ p + dh_in
        tc = np.tanh(cs[n + 1])
        dc = dc_in + dh * ot * (1 - tc**2)
        ai = dc * gt * it * (1 - it)
        af = dc * cs[n] * ft * (1 - ft)
        ao = dh * tc * ot * (1 - ot)
        ag = dc * it * (1 - gt**2)
        gWi += ai @ hs[n].T
        gWf += af @ hs[n].T
        gWo += ao @ hs[n].T
        gWg += ag @ hs[n].T
        gUi += ai @ col.T
        gUf += af @ col.T
        gUo += ao @ col.T
        gUg += ag @ col.T
        dh_in = model.Wi.T @ ai + model.Wf.T @ af
        dh_in += model.Wo.T @ ao
        dh_in += model.Wg.T @ ag
        dc_in = dc * ft
    return gV, gWi, gWf, gWo, gWg, gUi, gUf, gUo, gUg
