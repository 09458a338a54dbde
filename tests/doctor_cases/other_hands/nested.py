"""Devoir 3 : rétropropagation. Pour chaque perte au pas s on remonte jusqu'au début (O(T^2), mais clair)."""
import numpy as np

import lstm_teach as lt


def derivees_locales(cache, t):
    """Dérivées des quatre portes par rapport à leur pré-activation, au pas t."""
    i, f, o, g = cache.i[t], cache.f[t], cache.o[t], cache.g[t]
    return i * (1 - i), f * (1 - f), o * (1 - o), 1 - g**2


def erreur_sortie(cache, cibles, s):
    e = cache.y[s].copy()
    e[cibles[s]] -= 1
    return e


def backward(params, x, targets):
    cache = lt.forward(params, x)
    T, H = len(x), params.Wi.shape[0]
    gV = np.zeros_like(params.V)
    gW = np.zeros((4, H, H))
    gU = np.zeros((4, H, params.V.shape[0]))

    for s in range(T):
        e = erreur_sortie(cache, targets, s)
        gV += np.outer(e, cache.h[s])

        # cette perte seule, du pas s jusqu'au pas 0
        dh = params.V.T @ e
        dc = np.zeros(H)
        for t in range(s, -1, -1):
            i, f, o, g = cache.i[t], cache.f[t], cache.o[t], cache.g[t]
            c_avant, h_avant = cache.c[t - 1], cache.h[t - 1]
            pi, pf, po, pg = derivees_locales(cache, t)

            dc = dc + dh * o * (1 - cache.ct[t] ** 2)
            delta = np.empty((4, H))
            delta[0] = dc * g * pi
            delta[1] = dc * c_avant * pf
            delta[2] = dh * cache.ct[t] * po
            delta[3] = dc * i * pg

            gW += delta[:, :, None] * h_avant[None, None, :]
            gU[:, :, x[t]] += delta

            # vers le pas t-1
            dh = (
                params.Wi.T @ delta[0]
                + params.Wf.T @ delta[1]
                + params.Wo.T @ delta[2]
                + params.Wg.T @ delta[3]
            )
            dc = dc * f
    return [gV, *gW, *gU]
