# Uebungsblatt 7, Aufgabe 2: Gradient des LSTM per Hand
# Index 0 der Zustaende = Anfangszustand, Index t+1 = nach Zeitschritt t
import numpy as np


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


def strich_sigma(s):
    # Ableitung, ausgedrueckt durch den Funktionswert
    return s * (1.0 - s)


def strich_tanh(u):
    return 1.0 - u**2


def backward(params, x, targets, h0=None, c0=None):
    T = len(x)
    K, H = params.V.shape
    h = np.zeros((T + 1, H))
    c = np.zeros((T + 1, H))
    ein, ver, aus, kan, tc = (np.zeros((T, H)) for _ in range(5))
    if h0 is not None:
        h[0] = h0
    if c0 is not None:
        c[0] = c0
    p = np.zeros((T, K))
    for t in range(T):
        ein[t] = sigma(params.Ui[:, x[t]] + params.Wi @ h[t])
        ver[t] = sigma(params.Uf[:, x[t]] + params.Wf @ h[t])
        aus[t] = sigma(params.Uo[:, x[t]] + params.Wo @ h[t])
        kan[t] = np.tanh(params.Ug[:, x[t]] + params.Wg @ h[t])
        c[t + 1] = ver[t] * c[t] + ein[t] * kan[t]
        tc[t] = np.tanh(c[t + 1])
        h[t + 1] = aus[t] * tc[t]
        energie = params.V @ h[t + 1]
        p[t] = np.exp(energie - energie.max())
        p[t] /= p[t].sum()

    grad = {name: np.zeros_like(params[name]) for name in ("V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug")}
    delta_h = np.zeros(H)
    delta_c = np.zeros(H)
    for t in range(T - 1, -1, -1):
        fehler = p[t].copy()
        fehler[targets[t]] -= 1.0
        grad["V"] += np.outer(fehler, h[t + 1])
        delta_h = delta_h + params.V.T @ fehler
        delta_c = delta_c + delta_h * aus[t] * strich_tanh(tc[t])

        d_aus = delta_h * tc[t] * strich_sigma(aus[t])
        d_ein = delta_c * kan[t] * strich_sigma(ein[t])
        d_ver = delta_c * c[t] * strich_sigma(ver[t])
        d_kan = delta_c * ein[t] * strich_tanh(kan[t])

        for tor, d in (("i", d_ein), ("f", d_ver), ("o", d_aus), ("g", d_kan)):
            grad["W" + tor] += np.outer(d, h[t])
            grad["U" + tor][:, x[t]] += d

        delta_h = params.Wi.T @ d_ein + params.Wf.T @ d_ver
        delta_h += params.Wo.T @ d_aus + params.Wg.T @ d_kan
        delta_c = delta_c * ver[t]
    return grad
