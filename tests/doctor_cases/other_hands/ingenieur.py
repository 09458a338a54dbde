import numpy as np
import lstm_teach as lt

PORTES = ("i", "f", "o", "g")


class Retropropagation:
    """Rétropropagation dans le temps, une méthode par étage."""

    def __init__(self, params, entrees, cibles):
        self.p = params
        self.entrees = list(entrees)
        self.cibles = list(cibles)
        self.memoire = lt.forward(params, entrees)
        self.taille = params.Wi.shape[0]
        self.duree = len(self.entrees)
        self.gradient = lt.Params.zeros(params.V.shape[0], self.taille)
        self.report_h = np.zeros(self.taille)
        self.report_c = np.zeros(self.taille)

    def sortie(self, t):
        """Erreur de la couche de sortie, ramenée sur h[t]."""
        erreur = self.memoire.y[t].copy()
        erreur[self.cibles[t]] -= 1.0
        self.gradient.V += np.outer(erreur, self.memoire.h[t])
        return self.p.V.T @ erreur

    def cellule(self, t, delta_h):
        m = self.memoire
        return self.report_c + delta_h * m.o[t] * (1 - m.ct[t] * m.ct[t])

    def portes(self, t, delta_h, delta_c):
        m = self.memoire
        d = {}
        d["i"] = delta_c * m.g[t] * m.i[t] * (1 - m.i[t])
        d["f"] = delta_c * m.c[t - 1] * m.f[t] * (1 - m.f[t])
        d["o"] = delta_h * m.ct[t] * m.o[t] * (1 - m.o[t])
        d["g"] = delta_c * m.i[t] * (1 - m.g[t] * m.g[t])
        return d

    def accumuler(self, t, d):
        for porte in PORTES:
            poids = self.gradient["W" + porte]
            poids += np.outer(d[porte], self.memoire.h[t - 1])
            colonne = self.gradient["U" + porte]
            colonne[:, self.entrees[t]] += d[porte]

    def reporter(self, t, d, delta_c):
        self.report_h = sum(self.p["W" + porte].T @ d[porte] for porte in PORTES)
        self.report_c = delta_c * self.memoire.f[t]

    def lancer(self):
        for t in range(self.duree - 1, -1, -1):
            delta_h = self.sortie(t) + self.report_h
            delta_c = self.cellule(t, delta_h)
            d = self.portes(t, delta_h, delta_c)
            self.accumuler(t, d)
            self.reporter(t, d, delta_c)
        return self.gradient


def backward(params, x, targets):
    return Retropropagation(params, x, targets).lancer()
