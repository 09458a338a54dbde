import numpy as np


def sig(z):
    return 1 / (1 + np.exp(-z))


def dsig(z):
    return sig(z) * (1 - sig(z))


def dtanh(z):
    return 1 - np.tanh(z) ** 2


def backward(params, x, targets):
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = params.values()
    hid = params.hidden_size
    n = len(x)

    # forward, state number t+1 belongs to step t
    zi = np.zeros((n, hid, 1))
    zf = np.zeros((n, hid, 1))
    zo = np.zeros((n, hid, 1))
    zg = np.zeros((n, hid, 1))
    c = np.zeros((n + 1, hid, 1))
    h = np.zeros((n + 1, hid, 1))
    t = 0
    while t < n:
        zi[t] = Ui[:, [x[t]]] + Wi @ h[t]
        zf[t] = Uf[:, [x[t]]] + Wf @ h[t]
        zo[t] = Uo[:, [x[t]]] + Wo @ h[t]
        zg[t] = Ug[:, [x[t]]] + Wg @ h[t]
        c[t+1] = sig(zf[t]) * c[t] + sig(zi[t]) * np.tanh(zg[t])
        h[t+1] = sig(zo[t]) * np.tanh(c[t+1])
        t += 1

    dV = V * 0
    dWi, dWf, dWo, dWg = Wi * 0, Wf * 0, Wo * 0, Wg * 0
    dUi, dUf, dUo, dUg = Ui * 0, Uf * 0, Uo * 0, Ug * 0
    dh_next = np.zeros((hid, 1))
    dc_next = np.zeros((hid, 1))
    t = n - 1
    while t >= 0:
        x_col = np.eye(params.vocab_size)[:, x[t]][:, None]
        target_col = np.eye(params.vocab_size)[:, targets[t]][:, None]
        scores = V @ h[t+1]
        expo = np.exp(scores - np.max(scores))
        dscores = expo / np.sum(expo) - target_col
        dV += dscores @ h[t+1].T

        dh = V.T @ dscores + dh_next
        dc = dh * sig(zo[t]) * dtanh(c[t+1]) + dc_next

        dzo = dh * np.tanh(c[t+1]) * dsig(zo[t])
        dzi = dc * np.tanh(zg[t]) * dsig(zi[t])
        dzf = dc * c[t] * dsig(zf[t])
        dzg = dc * sig(zi[t]) * dtanh(zg[t])

        dWi += dzi @ h[t].T
        dUi += dzi @ x_col.T
        dWf += dzf @ h[t].T
        dUf += dzf @ x_col.T
        dWo += dzo @ h[t].T
        dUo += dzo @ x_col.T
        dWg += dzg @ h[t].T
        dUg += dzg @ x_col.T

        dh_next = Wi.T @ dzi + Wf.T @ dzf + Wo.T @ dzo + Wg.T @ dzg
        dc_next = sig(zf[t]) * dc
        t -= 1

    return {"dV": dV, "dWi": dWi, "dWf": dWf, "dWo": dWo, "dWg": dWg,
            "dUi": dUi, "dUf": dUf, "dUo": dUo, "dUg": dUg}
