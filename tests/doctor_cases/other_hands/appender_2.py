import numpy as np
from lstm_teach import Params


def sigm(v):
    return 1.0 / (1.0 + np.exp(-v))


def backward(params, x, targets, h0=None, c0=None):
    T = len(x)
    H = params.hidden_size
    hs = [np.zeros(H) if h0 is None else np.asarray(h0)]    # hs[k] is the state before step k
    cs = [np.zeros(H) if c0 is None else np.asarray(c0)]
    gs, is_, fs, os_, probs = [], [], [], [], []
    for tok in x:
        gs.append(np.tanh(params.Wg @ hs[-1] + params.Ug[:, tok]))
        is_.append(sigm(params.Wi @ hs[-1] + params.Ui[:, tok]))
        fs.append(sigm(params.Wf @ hs[-1] + params.Uf[:, tok]))
        os_.append(sigm(params.Wo @ hs[-1] + params.Uo[:, tok]))
        cs.append(fs[-1] * cs[-1] + is_[-1] * gs[-1])
        hs.append(os_[-1] * np.tanh(cs[-1]))
        ex = np.exp(params.V @ hs[-1])
        probs.append(ex / ex.sum())

    # walk from the right, collect the deltas of the pre-activations
    dys, dgs, dis, dfs, dos = [], [], [], [], []
    dhn = np.zeros(H)
    dcn = np.zeros(H)
    for k in range(T, 0, -1):
        dy = probs[k - 1].copy()
        dy[targets[k - 1]] -= 1
        dys.append(dy)
        dh = dy @ params.V + dhn
        th = np.tanh(cs[k])
        dc = dcn + dh * os_[k - 1] * (1 - th * th)
        dos.append(dh * th * os_[k - 1] * (1 - os_[k - 1]))
        dfs.append(dc * cs[k - 1] * fs[k - 1] * (1 - fs[k - 1]))
        dis.append(dc * gs[k - 1] * is_[k - 1] * (1 - is_[k - 1]))
        dgs.append(dc * is_[k - 1] * (1 - gs[k - 1] ** 2))
        dhn = dis[-1] @ params.Wi + dfs[-1] @ params.Wf + dos[-1] @ params.Wo + dgs[-1] @ params.Wg
        dcn = dc * fs[k - 1]

    for seq in (dys, dgs, dis, dfs, dos):
        seq.reverse()

    out = Params.zeros(params.vocab_size, H)
    for t in range(T):
        out.V += np.outer(dys[t], hs[t + 1])
        for name, deltas in (("g", dgs), ("i", dis), ("f", dfs), ("o", dos)):
            out["W" + name] += np.outer(deltas[t], hs[t])
            out["U" + name][:, x[t]] += deltas[t]
    return out
