# Uebung 7, Aufgabe 3 - LSTM von Hand
# Rueckwaertsrechnung (BPTT), alles elementweise wie in der Vorlesung
import numpy as np


def sigma(a):
    return 1.0 / (1.0 + np.exp(-a))


def backward(params, x, targets, h0=None, c0=None):
    K, H = params.V.shape
    T = len(x)
    Wi, Wf, Wo, Wg = params.Wi, params.Wf, params.Wo, params.Wg
    Ui, Uf, Uo, Ug = params.Ui, params.Uf, params.Uo, params.Ug

    ein, vergiss, aus, kand = {}, {}, {}, {}
    zelle, verst, wkeit = {}, {}, {}
    verst[-1] = np.zeros(H) if h0 is None else np.array(h0, dtype=float)
    zelle[-1] = np.zeros(H) if c0 is None else np.array(c0, dtype=float)

    # vorwaerts
    for t in range(T):
        w = x[t]
        ein[t] = sigma(Ui[:, w] + Wi @ verst[t - 1])
        vergiss[t] = sigma(Uf[:, w] + Wf @ verst[t - 1])
        aus[t] = sigma(Uo[:, w] + Wo @ verst[t - 1])
        kand[t] = np.tanh(Ug[:, w] + Wg @ verst[t - 1])
        zelle[t] = vergiss[t] * zelle[t - 1] + ein[t] * kand[t]
        verst[t] = aus[t] * np.tanh(zelle[t])
        a = params.V @ verst[t]
        e = np.exp(a - a.max())
        wkeit[t] = e / e.sum()

    dV = np.zeros((K, H))
    dWi, dWf, dWo, dWg = np.zeros((H, H)), np.zeros((H, H)), np.zeros((H, H)), np.zeros((H, H))
    dUi, dUf, dUo, dUg = np.zeros((H, K)), np.zeros((H, K)), np.zeros((H, K)), np.zeros((H, K))

    # rueckwaerts
    dh_spaeter = np.zeros(H)
    dc_spaeter = np.zeros(H)
    for t in range(T - 1, -1, -1):
        fehler = wkeit[t].copy()
        fehler[targets[t]] -= 1

        dh = dh_spaeter.copy()
        for k in range(K):
            for j in range(H):
                dV[k, j] += fehler[k] * verst[t][j]
                dh[j] += params.V[k, j] * fehler[k]

        delta_i, delta_f = np.zeros(H), np.zeros(H)
        delta_o, delta_g = np.zeros(H), np.zeros(H)
        dc = np.zeros(H)
        for j in range(H):
            i, f, o, g = ein[t][j], vergiss[t][j], aus[t][j], kand[t][j]
            tc = np.tanh(zelle[t][j])
            dc[j] = dh[j] * o * (1 - tc ** 2)
            dc[j] += dc_spaeter[j]
            delta_o[j] = dh[j] * tc * o * (1 - o)
            delta_i[j] = dc[j] * g * i * (1 - i)
            delta_f[j] = dc[j] * zelle[t - 1][j] * f * (1 - f)
            delta_g[j] = dc[j] * i * (1 - g ** 2)

        # Gewichte der Tore und Fehler fuer den Schritt davor
        dh_spaeter = np.zeros(H)
        dc_spaeter = np.zeros(H)
        for j in range(H):
            for m in range(H):
                vorher = verst[t - 1][m]
                dWi[j, m] += delta_i[j] * vorher
                dWf[j, m] += delta_f[j] * vorher
                dWo[j, m] += delta_o[j] * vorher
                dWg[j, m] += delta_g[j] * vorher
                dh_spaeter[m] += Wi[j, m] * delta_i[j]
                dh_spaeter[m] += Wf[j, m] * delta_f[j]
                dh_spaeter[m] += Wo[j, m] * delta_o[j]
                dh_spaeter[m] += Wg[j, m] * delta_g[j]
            dUi[j, x[t]] += delta_i[j]
            dUf[j, x[t]] += delta_f[j]
            dUo[j, x[t]] += delta_o[j]
            dUg[j, x[t]] += delta_g[j]
            dc_spaeter[j] = dc[j] * vergiss[t][j]

    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
