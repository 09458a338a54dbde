# Rückwärtslauf, Übungsblatt 7
import numpy as np
import lstm_teach as lt


def ableitung_sigmoid(a):
    return a * (1 - a)


def ableitung_tanh(a):
    return 1 - a * a


def backward(params, x, targets):
    puffer = lt.forward(params, x)
    laenge = len(x)
    breite = params.hidden_size
    gradient = lt.Params.zeros(params.vocab_size, breite)

    # Die letzte Zeile (Nullen) steht für den Schritt nach dem Ende
    fehler_i = np.zeros((laenge + 1, breite))
    fehler_f = np.zeros((laenge + 1, breite))
    fehler_o = np.zeros((laenge + 1, breite))
    fehler_g = np.zeros((laenge + 1, breite))
    fehler_zelle = np.zeros((laenge + 1, breite))

    for schritt in range(laenge - 1, -1, -1):
        vorher = schritt - 1
        nachher = schritt + 1

        abweichung = np.array(puffer.y[schritt])
        abweichung[targets[schritt]] -= 1
        gradient.V += np.outer(abweichung, puffer.h[schritt])

        fehler_h = params.V.T.dot(abweichung)
        fehler_h += params.Wi.T.dot(fehler_i[nachher])
        fehler_h += params.Wf.T.dot(fehler_f[nachher])
        fehler_h += params.Wo.T.dot(fehler_o[nachher])
        fehler_h += params.Wg.T.dot(fehler_g[nachher])

        fehler_zelle[schritt] = fehler_h * puffer.o[schritt] * ableitung_tanh(puffer.ct[schritt])
        if nachher < laenge:
            fehler_zelle[schritt] += fehler_zelle[nachher] * puffer.f[nachher]

        fehler_i[schritt] = fehler_zelle[schritt] * puffer.g[schritt] * ableitung_sigmoid(puffer.i[schritt])
        fehler_f[schritt] = fehler_zelle[schritt] * puffer.c[vorher] * ableitung_sigmoid(puffer.f[schritt])
        fehler_o[schritt] = fehler_h * puffer.ct[schritt] * ableitung_sigmoid(puffer.o[schritt])
        fehler_g[schritt] = fehler_zelle[schritt] * puffer.i[schritt] * ableitung_tanh(puffer.g[schritt])

        gradient.Wi += np.outer(fehler_i[schritt], puffer.h[vorher])
        gradient.Wf += np.outer(fehler_f[schritt], puffer.h[vorher])
        gradient.Wo += np.outer(fehler_o[schritt], puffer.h[vorher])
        gradient.Wg += np.outer(fehler_g[schritt], puffer.h[vorher])
        gradient.Ui[:, x[schritt]] += fehler_i[schritt]
        gradient.Uf[:, x[schritt]] += fehler_f[schritt]
        gradient.Uo[:, x[schritt]] += fehler_o[schritt]
        gradient.Ug[:, x[schritt]] += fehler_g[schritt]
    return gradient
