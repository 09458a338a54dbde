# LSTM gradient with plain lists. No 3-d arrays, no fancy indexing, every list has one entry per time step.
import numpy as np

NAMES = ["V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug"]


def sig(v):
    return 1 / (1 + np.exp(-v))


def d_sig(y):
    """derivative of sig, given the OUTPUT y of sig"""
    return y * (1 - y)


def d_tanh(y):
    """derivative of tanh, given the OUTPUT y of tanh"""
    return 1 - y * y


def backward(params, x, targets, h0=None, c0=None):
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = [params[n] for n in NAMES]
    size = V.shape[1]
    zero = np.zeros(size)

    # ---------- forward ----------
    h, c = (zero if h0 is None else h0), (zero if c0 is None else c0)
    hs, cs = [h], [c]
    i_s, fs, os_, gs, errs = [], [], [], [], []
    for tok, goal in zip(x, targets):
        i_s.append(sig(Wi @ h + Ui[:, tok]))
        fs.append(sig(Wf @ h + Uf[:, tok]))
        os_.append(sig(Wo @ h + Uo[:, tok]))
        gs.append(np.tanh(Wg @ h + Ug[:, tok]))
        c = fs[-1] * c + i_s[-1] * gs[-1]
        h = os_[-1] * np.tanh(c)
        cs.append(c)
        hs.append(h)
        scores = V @ h
        probs = np.exp(scores) / np.exp(scores).sum()
        errs.append(probs - (np.arange(len(scores)) == goal))

    # ---------- factors, all known before we go back ----------
    h_prev, h_now = hs[:-1], hs[1:]
    c_prev, c_now = cs[:-1], cs[1:]
    tcs = [np.tanh(c) for c in c_now]
    k_i = [g * d_sig(i) for i, g in zip(i_s, gs)]
    k_f = [c * d_sig(f) for f, c in zip(fs, c_prev)]
    k_o = [tc * d_sig(o) for o, tc in zip(os_, tcs)]
    k_g = [i * d_tanh(g) for i, g in zip(i_s, gs)]
    k_c = [o * d_tanh(tc) for o, tc in zip(os_, tcs)]
    from_loss = [V.T @ e for e in errs]

    # ---------- backward: only the deltas ----------
    di_s, dfs, dos, dgs = [], [], [], []
    dh_next, dc_next = zero, zero
    factors = list(zip(k_i, k_f, k_o, k_g, k_c, fs, from_loss))
    for ki, kf, ko, kg, kc, f, dh_loss in reversed(factors):
        dh = dh_loss + dh_next
        dc = dc_next + dh * kc
        di, df, do, dg = dc * ki, dc * kf, dh * ko, dc * kg
        dh_next = Wi.T @ di + Wf.T @ df + Wo.T @ do + Wg.T @ dg
        dc_next = dc * f
        for store, d in zip((di_s, dfs, dos, dgs), (di, df, do, dg)):
            store.append(d)
    for store in (di_s, dfs, dos, dgs):
        store.reverse()

    # ---------- collect ----------
    dV = sum(np.outer(e, h) for e, h in zip(errs, h_now))
    dWs = [sum(np.outer(d, h) for d, h in zip(ds, h_prev)) for ds in (di_s, dfs, dos, dgs)]
    dUs = []
    for U, ds in zip((Ui, Uf, Uo, Ug), (di_s, dfs, dos, dgs)):
        dU = np.zeros(U.shape)
        for t, d in enumerate(ds):
            dU[:, x[t]] += d
        dUs.append(dU)
    return [dV] + dWs + dUs
