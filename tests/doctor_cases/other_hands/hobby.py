# mein LSTM rückwärts, ganz zu Fuß
import numpy as np


def sig(a):
    return 1 / (1 + np.exp(-a))


def backward(params, x, targets):
    p = params
    groesse = len(p.Wi)
    # vorwärts, alles in Listen merken
    ein, vergiss, aus, neu = [], [], [], []
    zelle, zustand = [np.zeros(groesse)], [np.zeros(groesse)]
    fehler = []
    zeit = 0
    while zeit < len(x):
        h, w = zustand[-1], x[zeit]
        ein.append(sig(p.Wi @ h + p.Ui[:, w]))
        vergiss.append(sig(p.Wf @ h + p.Uf[:, w]))
        aus.append(sig(p.Wo @ h + p.Uo[:, w]))
        neu.append(np.tanh(p.Wg @ h + p.Ug[:, w]))
        zelle.append(vergiss[-1] * zelle[-1] + ein[-1] * neu[-1])
        zustand.append(aus[-1] * np.tanh(zelle[-1]))
        y = np.exp(p.V @ zustand[-1])
        y = y / sum(y)
        y[targets[zeit]] -= 1
        fehler.append(y)
        zeit += 1

    # rückwärts, die Listen wieder abbauen
    dV = 0 * p.V
    dWi, dWf, dWo, dWg = 0 * p.Wi, 0 * p.Wf, 0 * p.Wo, 0 * p.Wg
    dUi, dUf, dUo, dUg = 0 * p.Ui, 0 * p.Uf, 0 * p.Uo, 0 * p.Ug
    dh = np.zeros(groesse)
    dc = np.zeros(groesse)
    while (zeit := zeit - 1) >= 0:
        w = x[zeit]
        h, c = zustand.pop(), zelle.pop()
        h_alt, c_alt = zustand[-1], zelle[-1]
        i, f, o, g = ein.pop(), vergiss.pop(), aus.pop(), neu.pop()
        dy = fehler.pop()
        dV += dy[:, None] * h
        dh += p.V.T @ dy
        dc += dh * o * (1 - np.tanh(c) ** 2)

        do = dh * np.tanh(c)
        ao = do * o * (1 - o)
        dWo += ao[:, None] * h_alt
        dUo[:, w] += ao

        di = dc * g
        ai = di * i * (1 - i)
        dWi += ai[:, None] * h_alt
        dUi[:, w] += ai

        df = dc * c_alt
        af = df * f * (1 - f)
        dWf += af[:, None] * h_alt
        dUf[:, w] += af

        dg = dc * i
        ag = dg * (1 - g * g)
        dWg += ag[:, None] * h_alt
        dUg[:, w] += ag

        # für den nächsten Durchgang
        dh = p.Wi.T @ ai
        dh += p.Wf.T @ af
        dh += p.Wo.T @ ao
        dh += p.Wg.T @ ag
        dc *= f
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
