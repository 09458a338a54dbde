import numpy as np


def sig(a):
    return 1 / (1 + np.exp(-a))


def backward(params, x, targets):
    p = params
    n = p.hidden_size
    hs, cs = [np.zeros(n)], [np.zeros(n)]
    inp, forg, outp, cand = [], [], [], []
    errs = []
    for tok, goal in zip(x, targets):
        h = hs[-1]
        inp.append(sig(p.Wi @ h + p.Ui[:, tok]))
        forg.append(sig(p.Wf @ h + p.Uf[:, tok]))
        outp.append(sig(p.Wo @ h + p.Uo[:, tok]))
        cand.append(np.tanh(p.Wg @ h + p.Ug[:, tok]))
        cs.append(forg[-1] * cs[-1] + inp[-1] * cand[-1])
        hs.append(outp[-1] * np.tanh(cs[-1]))
        e = np.exp(p.V @ hs[-1])
        err = e / e.sum()
        err[goal] -= 1
        errs.append(err)

    d_inp, d_forg, d_outp, d_cand = [], [], [], []
    dh = np.zeros(n)
    dc = np.zeros(n)
    everything = list(zip(errs, inp, forg, outp, cand, cs[:-1], cs[1:]))
    for err, i, f, o, g, c_old, c_new in reversed(everything):
        th = np.tanh(c_new)
        dh = dh + err @ p.V
        dc = dc + dh * o * (1 - th ** 2)
        d_inp.append(dc * g * i * (1 - i))
        d_forg.append(dc * c_old * f * (1 - f))
        d_outp.append(dh * th * o * (1 - o))
        d_cand.append(dc * i * (1 - g ** 2))
        dh = d_inp[-1] @ p.Wi + d_forg[-1] @ p.Wf
        dh = dh + d_outp[-1] @ p.Wo + d_cand[-1] @ p.Wg
        dc = dc * f

    # the lists run from the end to the start, turn them round
    deltas = [np.array(d[::-1]) for d in (d_inp, d_forg, d_outp, d_cand)]
    onehots = np.array([np.eye(p.vocab_size)[tok] for tok in x])
    before = np.array(hs[:-1])
    after = np.array(hs[1:])
    result = [np.array(errs).T @ after]
    result.extend(d.T @ before for d in deltas)
    result.extend(d.T @ onehots for d in deltas)
    return result
