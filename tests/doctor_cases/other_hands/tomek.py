# started from karpathy's min-char-rnn.py, then I put in the gates
import numpy as np

sigm = lambda a: 1 / (1 + np.exp(-a))


def backward(params, x, targets, h0=None, c0=None):
    V = params.V
    Wi, Wf, Wo, Wg = params.Wi, params.Wf, params.Wo, params.Wg
    Ui, Uf, Uo, Ug = params.Ui, params.Uf, params.Uo, params.Ug
    vocab_size, hidden_size = V.shape

    xs, hs, cs, ps = {}, {}, {}, {}
    ins, fs, os, gs = {}, {}, {}, {}
    hs[-1] = np.zeros((hidden_size, 1))
    cs[-1] = np.zeros((hidden_size, 1))
    if h0 is not None: hs[-1][:, 0] = h0
    if c0 is not None: cs[-1][:, 0] = c0
    loss = 0

    # forward
    for t in range(len(x)):
        xs[t] = np.zeros((vocab_size, 1))  # 1-of-k
        xs[t][x[t]] = 1
        ins[t] = sigm(np.dot(Wi, hs[t-1]) + np.dot(Ui, xs[t]))
        fs[t] = sigm(np.dot(Wf, hs[t-1]) + np.dot(Uf, xs[t]))
        os[t] = sigm(np.dot(Wo, hs[t-1]) + np.dot(Uo, xs[t]))
        gs[t] = np.tanh(np.dot(Wg, hs[t-1]) + np.dot(Ug, xs[t]))
        cs[t] = fs[t] * cs[t-1] + ins[t] * gs[t]
        hs[t] = os[t] * np.tanh(cs[t])
        ys = np.dot(V, hs[t])
        ps[t] = np.exp(ys) / np.sum(np.exp(ys))
        loss += -np.log(ps[t][targets[t], 0])

    # backward
    dV = np.zeros_like(V)
    dWi, dWf, dWo, dWg = np.zeros_like(Wi), np.zeros_like(Wf), np.zeros_like(Wo), np.zeros_like(Wg)
    dUi, dUf, dUo, dUg = np.zeros_like(Ui), np.zeros_like(Uf), np.zeros_like(Uo), np.zeros_like(Ug)
    dhnext = np.zeros_like(hs[0])
    dcnext = np.zeros_like(cs[0])
    for t in reversed(range(len(x))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dV += np.dot(dy, hs[t].T)
        dh = np.dot(V.T, dy) + dhnext

        # through h = o * tanh(c)
        do = dh * np.tanh(cs[t]) * os[t] * (1 - os[t])
        dc = dh * os[t] * (1 - np.tanh(cs[t])**2) + dcnext

        # through c = f * c_prev + i * g
        df = dc * cs[t-1] * fs[t] * (1 - fs[t])
        di = dc * gs[t] * ins[t] * (1 - ins[t])
        dg = dc * ins[t] * (1 - gs[t]**2)

        dWi += np.dot(di, hs[t-1].T)
        dWf += np.dot(df, hs[t-1].T)
        dWo += np.dot(do, hs[t-1].T)
        dWg += np.dot(dg, hs[t-1].T)
        dUi += np.dot(di, xs[t].T)
        dUf += np.dot(df, xs[t].T)
        dUo += np.dot(do, xs[t].T)
        dUg += np.dot(dg, xs[t].T)

        dhnext = np.dot(Wi.T, di) + np.dot(Wf.T, df) + np.dot(Wo.T, do) + np.dot(Wg.T, dg)
        dcnext = fs[t] * dc

    return {"dV": dV, "dWi": dWi, "dWf": dWf, "dWo": dWo, "dWg": dWg,
            "dUi": dUi, "dUf": dUf, "dUo": dUo, "dUg": dUg}
