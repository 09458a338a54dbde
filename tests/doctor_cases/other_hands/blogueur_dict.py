"""Un blogueur : tout dans des dictionnaires, une boucle sur les portes."""
import numpy as np
import lstm_teach as lt

PORTES = "ifog"


def pente(porte, a):
    if porte == "g":
        return 1 - a * a
    return a * (1 - a)


def backward(params, x, targets, h0=None, c0=None):
    memoire = lt.forward(params, x, h0, c0)
    longueur = len(x)
    grad = {nom: np.zeros_like(mat) for nom, mat in params.items()}

    # ce qui revient du futur
    futur = {"h": np.zeros(params.hidden_size), "c": np.zeros(params.hidden_size)}

    for pas in range(longueur)[::-1]:
        porte_val = {p: getattr(memoire, p)[pas] for p in PORTES}
        h_avant = memoire.h[pas - 1]
        c_avant = memoire.c[pas - 1]

        erreur = np.array(memoire.y[pas])
        erreur[targets[pas]] -= 1
        grad["V"] += np.outer(erreur, memoire.h[pas])

        delta_h = np.dot(params["V"].T, erreur)
        delta_h += futur["h"]
        delta_c = delta_h * porte_val["o"] * (1 - memoire.ct[pas] ** 2)
        delta_c += futur["c"]

        amont = {}
        amont["i"] = delta_c * porte_val["g"]
        amont["f"] = delta_c * c_avant
        amont["o"] = delta_h * memoire.ct[pas]
        amont["g"] = delta_c * porte_val["i"]

        futur["h"] = np.zeros(params.hidden_size)
        for p in PORTES:
            delta_z = amont[p] * pente(p, porte_val[p])
            grad["W" + p] += np.outer(delta_z, h_avant)
            grad["U" + p][:, x[pas]] += delta_z
            futur["h"] += np.dot(params["W" + p].T, delta_z)
        futur["c"] = delta_c * porte_val["f"]

    return grad
