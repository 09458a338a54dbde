import numpy as np


def sig(z):
    return 1 / (1 + np.exp(-z))


def run_and_differentiate(theta, seq, tgt):
    n = theta.hidden_size
    H, C, TC, GATES, P = [np.zeros(n)], [np.zeros(n)], [], [], []
    for s in seq:
        i = sig(theta.Wi.dot(H[-1]) + theta.Ui[:, s])
        f = sig(theta.Wf.dot(H[-1]) + theta.Uf[:, s])
        o = sig(theta.Wo.dot(H[-1]) + theta.Uo[:, s])
        g = np.tanh(theta.Wg.dot(H[-1]) + theta.Ug[:, s])
        C.append(f * C[-1] + i * g)
        TC.append(np.tanh(C[-1]))
        H.append(o * TC[-1])
        GATES.append((i, f, o, g))
        e = np.exp(theta.V.dot(H[-1]))
        P.append(e / e.sum())
    D = dict.fromkeys(theta, 0)
    for k in "ifog":
        D["U" + k] = np.zeros((n, theta.vocab_size))
    dh_n, dc_n = 0, 0
    for t in range(len(seq))[::-1]:
        i, f, o, g = GATES[t]
        e = P[t].copy()
        e[tgt[t]] -= 1
        D["V"] = D["V"] + np.outer(e, H[t + 1])
        dh = theta.V.T.dot(e) + dh_n
        dc = dh * o * (1 - np.tanh(TC[t]) ** 2) + dc_n
        dz = {"i": dc * g * i * (1 - i), "f": dc * C[t] * f * (1 - f), "o": dh * TC[t] * o * (1 - o)}
        dz["g"] = dc * i * (1 - np.tanh(g) ** 2)
        for k in dz:
            D["W" + k] = D["W" + k] + np.outer(dz[k], H[t])
            D["U" + k][:, seq[t]] += dz[k]
        dh_n = sum(theta["W" + k].T.dot(dz[k]) for k in dz)
        dc_n = dc * f
    return D
