from math import exp, tanh
import numpy as np


def backward(params, x, targets, h0=None, c0=None):
    # translated from my lstm.c - j = unit, k = unit of the step before, v = word
    V = params.V
    Wi, Wf, Wo, Wg = params.Wi, params.Wf, params.Wo, params.Wg
    Ui, Uf, Uo, Ug = params.Ui, params.Uf, params.Uo, params.Ug
    nt = len(x)
    nv, nh = V.shape

    # h[0], c[0]: start; h[t+1], c[t+1]: after step t
    h = np.zeros((nt + 1, nh))
    c = np.zeros((nt + 1, nh))
    if h0 is not None:
        h[0] = h0
    if c0 is not None:
        c[0] = c0
    I, F, O, G, tc = np.zeros((5, nt, nh))
    y = np.zeros((nt, nv))

    t = 0
    while t < nt:
        j = 0
        while j < nh:
            ai, af, ao, ag = Ui[j, x[t]], Uf[j, x[t]], Uo[j, x[t]], Ug[j, x[t]]
            k = 0
            while k < nh:
                ai += Wi[j, k] * h[t, k]
                af += Wf[j, k] * h[t, k]
                ao += Wo[j, k] * h[t, k]
                ag += Wg[j, k] * h[t, k]
                k += 1
            I[t, j] = 1 / (1 + exp(-ai))
            F[t, j] = 1 / (1 + exp(-af))
            O[t, j] = 1 / (1 + exp(-ao))
            G[t, j] = tanh(ag)
            c[t + 1, j] = F[t, j] * c[t, j] + I[t, j] * G[t, j]
            tc[t, j] = tanh(c[t + 1, j])
            h[t + 1, j] = O[t, j] * tc[t, j]
            j += 1
        total = 0.0
        v = 0
        while v < nv:
            y[t, v] = exp(np.dot(V[v], h[t + 1]))
            total += y[t, v]
            v += 1
        v = 0
        while v < nv:
            y[t, v] /= total
            v += 1
        t += 1

    dV = np.zeros((nv, nh))
    dWi, dWf, dWo, dWg = np.zeros((4, nh, nh))
    dUi, dUf, dUo, dUg = np.zeros((4, nh, nv))
    dh = np.zeros(nh)
    dc = np.zeros(nh)

    t = nt - 1
    while t >= 0:
        # output layer
        y[t, targets[t]] -= 1
        v = 0
        while v < nv:
            k = 0
            while k < nh:
                dV[v, k] += y[t, v] * h[t + 1, k]
                dh[k] += y[t, v] * V[v, k]
                k += 1
            v += 1
        # gates, unit by unit
        dhprev = np.zeros(nh)
        j = 0
        while j < nh:
            dc[j] += dh[j] * O[t, j] * (1 - tc[t, j] * tc[t, j])
            di = dc[j] * G[t, j] * I[t, j] * (1 - I[t, j])
            df = dc[j] * c[t, j] * F[t, j] * (1 - F[t, j])
            do = dh[j] * tc[t, j] * O[t, j] * (1 - O[t, j])
            dg = dc[j] * I[t, j] * (1 - G[t, j] * G[t, j])
            dUi[j, x[t]] += di
            dUf[j, x[t]] += df
            dUo[j, x[t]] += do
            dUg[j, x[t]] += dg
            k = 0
            while k < nh:
                dWi[j, k] += di * h[t, k]
                dWf[j, k] += df * h[t, k]
                dWo[j, k] += do * h[t, k]
                dWg[j, k] += dg * h[t, k]
                dhprev[k] += di * Wi[j, k] + df * Wf[j, k]
                dhprev[k] += do * Wo[j, k] + dg * Wg[j, k]
                k += 1
            dc[j] *= F[t, j]
            j += 1
        dh = dhprev
        t -= 1

    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
