"""Föreläsning 9: bakåtpassningen i ett LSTM-nät, härledd med kedjeregeln."""
import numpy as np
import lstm_teach as lt


def sigmaprim(s):
    return s * (1 - s)


def tanhprim(a):
    return 1 - a * a


def backward(params, x, targets, h0=None, c0=None):
    minne = lt.forward(params, x, h0, c0)
    grad = lt.Params.zeros(*params.V.shape)
    antal = len(x)

    # Kolumnvektorer hela vägen, precis som på tavlan.
    kol = lambda a, t: a[t].reshape(-1, 1)
    dh_senare = np.zeros((params.V.shape[1], 1))
    dc_senare = np.zeros((params.V.shape[1], 1))

    for t in range(antal)[::-1]:
        i, f, o, g = kol(minne.i, t), kol(minne.f, t), kol(minne.o, t), kol(minne.g, t)
        ct = kol(minne.ct, t)
        h_förra, c_förra = kol(minne.h, t - 1), kol(minne.c, t - 1)

        # felet i utsignalen: softmax + korsentropi
        fel = kol(minne.y, t).copy()
        fel[targets[t], 0] -= 1
        grad.V += fel @ kol(minne.h, t).T

        # gradienten i dolda tillståndet och i cellen
        dh = params.V.T @ fel + dh_senare
        dc = dh * o * tanhprim(ct) + dc_senare

        # genom grindarna
        di = dc * g * sigmaprim(i)
        df = dc * c_förra * sigmaprim(f)
        do = dh * ct * sigmaprim(o)
        dg = dc * i * tanhprim(g)

        # matriserna
        grad.Wi += di @ h_förra.T
        grad.Wf += df @ h_förra.T
        grad.Wo += do @ h_förra.T
        grad.Wg += dg @ h_förra.T
        for dU, d in zip((grad.Ui, grad.Uf, grad.Uo, grad.Ug), (di, df, do, dg)):
            dU[:, [x[t]]] += d

        # ett steg bakåt i tiden
        dh_senare = params.Wi.T @ di + params.Wf.T @ df + params.Wo.T @ do + params.Wg.T @ dg
        dc_senare = f * dc

    return grad
