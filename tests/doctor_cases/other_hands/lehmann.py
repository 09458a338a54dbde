# Uebungsblatt 7, Aufgabe 2b: Rueckwaertslauf eines LSTM (ohne Bias)
# Abgabe: Jana L., Gruppe 4
import numpy as np


def sigma(z):
    return 1 / (1 + np.exp(-z))


def vorwaerts(gewichte, woerter, h_anfang, c_anfang):
    """Ein Schritt pro Wort. Alles, was spaeter gebraucht wird, kommt ins Protokoll."""
    protokoll = []
    h, c = h_anfang, c_anfang
    for wort in woerter:
        schritt = {"wort": wort, "h_alt": h, "c_alt": c}
        ein = sigma(gewichte["Wi"] @ h + gewichte["Ui"][:, wort])       # Eingangstor
        vergiss = sigma(gewichte["Wf"] @ h + gewichte["Uf"][:, wort])   # Vergesstor
        aus = sigma(gewichte["Wo"] @ h + gewichte["Uo"][:, wort])       # Ausgangstor
        kandidat = np.tanh(gewichte["Wg"] @ h + gewichte["Ug"][:, wort])
        c = vergiss * c + ein * kandidat
        tanh_c = np.tanh(c)
        h = aus * tanh_c
        punkte = gewichte["V"] @ h
        p = np.exp(punkte - punkte.max())
        p = p / p.sum()
        schritt.update(ein=ein, vergiss=vergiss, aus=aus, kandidat=kandidat)
        schritt.update(c=c, tanh_c=tanh_c, h=h, p=p)
        protokoll.append(schritt)
    return protokoll


def backward(params, x, targets, h0=None, c0=None):
    m, n = params["V"].shape
    h_anfang = np.zeros(n) if h0 is None else h0
    c_anfang = np.zeros(n) if c0 is None else c0
    protokoll = vorwaerts(params, x, h_anfang, c_anfang)

    # Ableitungen nach den Gewichten, am Anfang alles Null
    dV = np.zeros((m, n))
    dWi, dWf, dWo, dWg = [np.zeros((n, n)) for _ in range(4)]
    dUi, dUf, dUo, dUg = [np.zeros((n, m)) for _ in range(4)]

    # was vom naechsten Zeitschritt zurueckkommt
    dh_spaeter = np.zeros(n)
    dc_spaeter = np.zeros(n)

    for s, ziel in zip(protokoll[::-1], targets[::-1]):
        wort = s["wort"]

        # Ausgabeschicht: p minus One-Hot
        fehler = s["p"].copy()
        fehler[ziel] -= 1
        dV += np.outer(fehler, s["h"])
        dh = params["V"].T @ fehler
        dh += dh_spaeter

        # Zelle (Formeln (7) bis (11) vom Blatt)
        d_aus = dh * s["tanh_c"]
        dc = dh * s["aus"] * (1 - s["tanh_c"] ** 2)
        dc += dc_spaeter
        d_ein = dc * s["kandidat"]
        d_kandidat = dc * s["ein"]
        d_vergiss = dc * s["c_alt"]

        # durch Sigmoid bzw. tanh
        a_ein = d_ein * s["ein"] * (1 - s["ein"])
        a_vergiss = d_vergiss * s["vergiss"] * (1 - s["vergiss"])
        a_aus = d_aus * s["aus"] * (1 - s["aus"])
        a_kandidat = d_kandidat * (1 - s["kandidat"] ** 2)

        # Gewichte aufsummieren
        dWi += np.outer(a_ein, s["h_alt"])
        dWf += np.outer(a_vergiss, s["h_alt"])
        dWo += np.outer(a_aus, s["h_alt"])
        dWg += np.outer(a_kandidat, s["h_alt"])
        dUi[:, wort] += a_ein
        dUf[:, wort] += a_vergiss
        dUo[:, wort] += a_aus
        dUg[:, wort] += a_kandidat

        # einen Schritt zurueck
        dh_spaeter = params["Wi"].T @ a_ein
        dh_spaeter += params["Wf"].T @ a_vergiss
        dh_spaeter += params["Wo"].T @ a_aus
        dh_spaeter += params["Wg"].T @ a_kandidat
        dc_spaeter = dc * s["vergiss"]

    return {"V": dV, "Wi": dWi, "Wf": dWf, "Wo": dWo, "Wg": dWg,
            "Ui": dUi, "Uf": dUf, "Uo": dUo, "Ug": dUg}
