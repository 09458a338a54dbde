# Les 7: terugrekenen door een LSTM (backpropagation door de tijd)
import numpy as np
import lstm_teach as lt


class Poort:
    """Eén poort: onthoudt zijn uitvoer en telt zijn gradiënten op."""

    def __init__(self, gewicht_h, gewicht_x, uitvoer, helling):
        self.gewicht_h = gewicht_h
        self.uitvoer = uitvoer
        self.helling = helling
        self.grad_h = np.zeros(gewicht_h.shape)
        self.grad_x = np.zeros(gewicht_x.shape)

    def terug(self, t, fout, vorige_h, teken):
        """Fout aan de uitgang erin, bijdrage aan de fout van de vorige h eruit."""
        fout_z = fout * self.helling(self.uitvoer[t])
        self.grad_h += fout_z[:, None] * vorige_h[None, :]
        self.grad_x[:, teken] += fout_z
        return self.gewicht_h.T @ fout_z


def helling_sigmoide(s):
    return s - s * s


def helling_tanh(u):
    return 1 - u * u


def backward(params, x, targets, h0=None, c0=None):
    geheugen = lt.forward(params, x, h0, c0)
    invoer = Poort(params.Wi, params.Ui, geheugen.i, helling_sigmoide)
    vergeet = Poort(params.Wf, params.Uf, geheugen.f, helling_sigmoide)
    uitgang = Poort(params.Wo, params.Uo, geheugen.o, helling_sigmoide)
    kandidaat = Poort(params.Wg, params.Ug, geheugen.g, helling_tanh)

    grad_V = np.zeros(params.V.shape)
    fout_h_later = np.zeros(params.V.shape[1])
    fout_c_later = np.zeros(params.V.shape[1])

    for t in reversed(range(len(x))):
        # stap 1: van de kansen naar h
        fout_y = geheugen.y[t].copy()
        fout_y[targets[t]] -= 1
        grad_V += fout_y[:, None] * geheugen.h[t]
        fout_h = params.V.T @ fout_y + fout_h_later

        # stap 2: van h naar de cel
        ct = geheugen.ct[t]
        fout_c = fout_h * geheugen.o[t] * helling_tanh(ct) + fout_c_later

        # stap 3: door de vier poorten
        vorige_h, vorige_c = geheugen.h[t - 1], geheugen.c[t - 1]
        fout_h_later = uitgang.terug(t, fout_h * ct, vorige_h, x[t])
        fout_h_later += invoer.terug(t, fout_c * geheugen.g[t], vorige_h, x[t])
        fout_h_later += vergeet.terug(t, fout_c * vorige_c, vorige_h, x[t])
        fout_h_later += kandidaat.terug(t, fout_c * geheugen.i[t], vorige_h, x[t])
        fout_c_later = fout_c * geheugen.f[t]

    antwoord = {"V": grad_V}
    for letter, poort in {"i": invoer, "f": vergeet, "o": uitgang, "g": kandidaat}.items():
        antwoord["W" + letter] = poort.grad_h
        antwoord["U" + letter] = poort.grad_x
    return antwoord
