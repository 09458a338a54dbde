import numpy as np

import lstm_teach as lt

PORTES = ("i", "f", "o", "g")


class Remontee:
    """Remonte le temps pas a pas ; garde les deux deltas courants et la pile des erreurs."""

    def __init__(self, params, trace, cibles):
        self.params, self.trace, self.cibles = params, trace, cibles
        self.n = params.Wi.shape[0]
        self.t = len(trace.x)
        self.dh_suivant = np.zeros(self.n)
        self.dc_suivant = np.zeros(self.n)
        self.erreurs = {porte: [] for porte in PORTES}
        self.sorties = []

    def encore(self):
        self.t -= 1
        return self.t >= 0

    def erreur_sortie(self):
        e = self.trace.y[self.t].copy()
        e[self.cibles[self.t]] -= 1
        self.sorties.append(e)
        return e

    def un_pas(self):
        t, tr, p = self.t, self.trace, self.params
        i, f, o, g, ct = tr.i[t], tr.f[t], tr.o[t], tr.g[t], tr.ct[t]
        dh = p.V.T @ self.erreur_sortie() + self.dh_suivant
        dc = self.dc_suivant + (1 - ct**2) * o * dh
        brut = {"i": dc * g, "f": dc * tr.c[t - 1], "o": dh * ct, "g": dc * i}
        self.dh_suivant = np.zeros(self.n)
        for porte in PORTES:
            pente = self.pente(porte, getattr(tr, porte)[t])
            dz = brut[porte] * pente
            self.erreurs[porte].append(dz)
            self.dh_suivant += p[f"W{porte}"].T @ dz
        self.dc_suivant = dc * f

    @staticmethod
    def pente(porte, a):
        return 1 - a * a if porte == "g" else a * (1 - a)

    def gradients(self):
        T = len(self.trace.x)
        avant = self.trace.h[np.arange(T) - 1]
        sorties = np.array(self.sorties[::-1])
        res = {"V": sorties.T @ self.trace.h[:T]}
        for porte in PORTES:
            Z = np.array(self.erreurs[porte])[::-1]
            res["W" + porte] = Z.T @ avant
            res["U" + porte] = np.zeros_like(self.params["U" + porte])
            k = 0
            while k < T:
                res["U" + porte][:, self.trace.x[k]] += Z[k]
                k += 1
        return res


def backward(params, x, targets, h0=None, c0=None):
    marche = Remontee(params, lt.forward(params, x, h0, c0), targets)
    while marche.encore():
        marche.un_pas()
    return marche.gradients()
