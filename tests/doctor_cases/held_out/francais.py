import numpy as np

import lstm_teach as lt


def retropropagation(poids, entree, cible, h0=None, c0=None):
    memoire = lt.forward(poids, entree, h0, c0)
    duree, taille = len(entree), poids.hidden_size
    # ligne 0 : etat initial ; ligne t + 1 : apres le pas t
    cache_h = np.vstack((memoire.h[duree], memoire.h[:duree]))
    cellule = np.vstack((memoire.c[duree], memoire.c[:duree]))
    entrant, oubli, sortant, candidat = memoire.i, memoire.f, memoire.o, memoire.g
    grad_V = np.zeros_like(poids.V)
    grad_W = [np.zeros_like(poids.Wi) for _ in range(4)]
    grad_U = [np.zeros_like(poids.Ui) for _ in range(4)]
    grad_h = np.zeros(taille)
    grad_c = np.zeros(taille)
    for pas in range(duree, 0, -1):
        erreur = memoire.y[pas - 1].copy()
        erreur[cible[pas - 1]] -= 1
        grad_V += np.outer(erreur, cache_h[pas])
        grad_h += poids.V.T.dot(erreur)
        tanh_cellule = np.tanh(cellule[pas])
        porte = sortant[pas - 1]
        grad_sortant = grad_h * tanh_cellule * porte * (1 - porte)
        grad_c += grad_h * porte * (1 - tanh_cellule**2)
        porte = entrant[pas - 1]
        grad_entrant = grad_c * candidat[pas - 1] * porte * (1 - porte)
        grad_candidat = grad_c * porte * (1 - candidat[pas - 1] ** 2)
        porte = oubli[pas - 1]
        grad_oubli = grad_c * cellule[pas - 1] * porte * (1 - porte)
        toutes = [grad_entrant, grad_oubli, grad_sortant, grad_candidat]
        for n in range(4):
            grad_W[n] += toutes[n][:, np.newaxis] * cache_h[pas - 1]
            grad_U[n][:, entree[pas - 1]] += toutes[n]
        grad_h = poids.Wi.T.dot(grad_entrant) + poids.Wf.T.dot(grad_oubli)
        grad_h += poids.Wo.T.dot(grad_sortant) + poids.Wg.T.dot(grad_candidat)
        grad_c *= porte
    return (grad_V, *grad_W, *grad_U)
