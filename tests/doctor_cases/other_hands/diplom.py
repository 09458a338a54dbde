"""Rückwärtslauf (BPTT) für das LSTM ohne Schwellwerte, siehe Abschnitt 3.4."""

import numpy as np
import lstm_teach as lt

TORE = ("i", "f", "o", "g")


def ausgabefehler(y, ziele):
    """Ableitung von Softmax und Kreuzentropie nach den Punktzahlen, (T, K)."""
    return y - np.eye(y.shape[1])[ziele]


def steigung(tor, wert):
    """Ableitung der Aktivierung, ausgedrückt durch ihren Wert."""
    if tor == "g":
        return 1.0 - np.square(wert)
    return wert * (1.0 - wert)


def zellfehler(delta_h, uebertrag, o, ct):
    durch_h = delta_h * o * (1.0 - np.square(ct))
    return durch_h + uebertrag


def torfehler(lauf, t, delta_h, delta_c):
    """Fehler vor den Aktivierungen, ein Vektor je Tor."""
    faktor = {"i": lauf.g[t], "f": lauf.c[t - 1], "o": lauf.ct[t], "g": lauf.i[t]}
    quelle = {"i": delta_c, "f": delta_c, "o": delta_h, "g": delta_c}
    return {
        tor: quelle[tor] * faktor[tor] * steigung(tor, getattr(lauf, tor)[t])
        for tor in TORE
    }


def rueckfluss(params, delta_z):
    """Was über die rekurrenten Gewichte bei h[t-1] ankommt."""
    return sum(np.einsum("ab,a->b", params["W" + tor], delta_z[tor]) for tor in TORE)


def verbuchen(gradient, delta_z, h_vorher, zeichen):
    for tor, delta in delta_z.items():
        gradient["W" + tor] += np.einsum("a,b->ab", delta, h_vorher)
        gradient["U" + tor][:, zeichen] += delta


def backward(params, x, targets, h0=None, c0=None):
    lauf = lt.forward(params, x, h0, c0)
    gradient = {name: np.zeros(params[name].shape) for name in params.keys()}
    fehler = ausgabefehler(lauf.y, targets)
    gradient["V"] = np.einsum("tk,th->kh", fehler, lauf.h[:-1])

    uebertrag_h = np.zeros(params.hidden_size)
    uebertrag_c = np.zeros(params.hidden_size)
    for t in range(len(x) - 1, -1, -1):
        delta_h = params.V.T @ fehler[t] + uebertrag_h
        delta_c = zellfehler(delta_h, uebertrag_c, lauf.o[t], lauf.ct[t])
        delta_z = torfehler(lauf, t, delta_h, delta_c)
        verbuchen(gradient, delta_z, lauf.h[t - 1], x[t])
        uebertrag_h = rueckfluss(params, delta_z)
        uebertrag_c = lauf.f[t] * delta_c
    return gradient
