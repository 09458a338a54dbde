import numpy as np

# Recursive version: going down the call stack is the forward pass, coming
# back up is the backward pass. No tape at all -- the local variables ARE the tape!


def logistic(u):
    return 0.5 * (1 + np.tanh(0.5 * u))


def backward(params, x, targets, h0=None, c0=None):
    nhid = params.Wo.shape[0]
    big_W = np.concatenate([params.Wo, params.Wi, params.Wf, params.Wg])  # rows: o i f g
    big_U = np.concatenate([params.Uo, params.Ui, params.Uf, params.Ug])
    gW, gU, gV = np.zeros(big_W.shape), np.zeros(big_U.shape), np.zeros(params.V.shape)

    def descend(t, hprev, cprev):
        """returns dL/dh[t-1] and dL/dc[t-1] as felt through steps t, t+1, ..."""
        if t == len(x):
            return np.zeros(nhid), np.zeros(nhid)

        pre = big_U[:, x[t]] + big_W @ hprev
        gates = logistic(pre[: 3 * nhid])
        out, inp, forget = gates[:nhid], gates[nhid : 2 * nhid], gates[2 * nhid :]
        cand = np.tanh(pre[3 * nhid :])
        cell = forget * cprev + inp * cand
        squashed = np.tanh(cell)
        hid = out * squashed
        logits = params.V @ hid
        prob = np.exp(logits - np.max(logits))
        prob = prob / prob.sum()

        hbar, cbar = descend(t + 1, hid, cell)

        prob[targets[t]] -= 1
        gV[...] += prob[:, None] * hid[None, :]
        hbar = hbar + prob @ params.V
        outbar = hbar * squashed
        cbar = cbar + hbar * out * (1 - squashed**2)
        gatebar = np.concatenate([outbar, cbar * cand, cbar * cprev])
        prebar = np.empty(4 * nhid)
        prebar[: 3 * nhid] = gatebar * gates * (1 - gates)
        prebar[3 * nhid :] = cbar * inp * (1 - cand**2)
        gW[...] += prebar[:, None] * hprev
        gU[:, x[t]] += prebar
        return big_W.T @ prebar, cbar * forget

    h_init = np.zeros(nhid) if h0 is None else np.array(h0, float)
    c_init = np.zeros(nhid) if c0 is None else np.array(c0, float)
    descend(0, h_init, c_init)

    dWo, dWi, dWf, dWg = gW.reshape(4, nhid, nhid)
    dUo, dUi, dUf, dUg = gU.reshape(4, nhid, -1)
    return gV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
