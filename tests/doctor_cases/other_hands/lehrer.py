# LSTM, Rueckwaertsdurchlauf durch die Zeit
# Bezeichnungen wie im Skript, Kapitel 7: delta = Ableitung des Verlustes
# nach der Netzeingabe (vor der Aktivierungsfunktion).
import numpy as np
import lstm_teach as lt


def ableitung_sigma(a):
    # sigma'(z) = sigma(z) (1 - sigma(z)), ausgedrueckt durch a = sigma(z)
    return a * (1.0 - a)


def ableitung_tanh(a):
    # tanh'(z) = 1 - tanh(z)^2, ausgedrueckt durch a = tanh(z)
    return 1.0 - a * a


def backward(params, x, targets, h0=None, c0=None):
    netz = lt.forward(params, x, h0, c0)
    T = len(x)
    H = params.V.shape[1]
    K = params.V.shape[0]

    dV = np.zeros((K, H))
    dWi = np.zeros((H, H))
    dWf = np.zeros((H, H))
    dWo = np.zeros((H, H))
    dWg = np.zeros((H, H))
    dUi = np.zeros((H, K))
    dUf = np.zeros((H, K))
    dUo = np.zeros((H, K))
    dUg = np.zeros((H, K))

    # Uebertrag aus der Zukunft; am Ende der Folge gibt es keinen
    eps_h_spaeter = np.zeros(H)
    eps_c_spaeter = np.zeros(H)

    for t in range(T - 1, -1, -1):
        iota = netz.i[t]
        phi = netz.f[t]
        omega = netz.o[t]
        gamma = netz.g[t]
        h_alt = netz.h[t - 1]
        c_alt = netz.c[t - 1]
        eingabe = np.zeros(K)
        eingabe[x[t]] = 1.0

        # (7.1) Ausgabeschicht: Softmax mit Kreuzentropie
        delta_y = netz.y[t].copy()
        delta_y[targets[t]] -= 1.0

        # (7.2) Fehler am versteckten Zustand
        eps_h = params.V.T @ delta_y + eps_h_spaeter

        # (7.3) Fehler am Zellzustand
        tau = np.tanh(netz.c[t])
        eps_c = eps_h * omega * ableitung_tanh(tau) + eps_c_spaeter

        # (7.4) bis (7.7) Fehler an den Toren
        delta_omega = eps_h * tau * ableitung_sigma(omega)
        delta_phi = eps_c * c_alt * ableitung_sigma(phi)
        delta_iota = eps_c * gamma * ableitung_sigma(iota)
        delta_gamma = eps_c * iota * ableitung_tanh(gamma)

        # (7.8) Gradienten der Gewichte, aufsummiert ueber die Zeit
        dV += np.outer(delta_y, netz.h[t])
        dWi += np.outer(delta_iota, h_alt)
        dWf += np.outer(delta_phi, h_alt)
        dWo += np.outer(delta_omega, h_alt)
        dWg += np.outer(delta_gamma, h_alt)
        dUi += np.outer(delta_iota, eingabe)
        dUf += np.outer(delta_phi, eingabe)
        dUo += np.outer(delta_omega, eingabe)
        dUg += np.outer(delta_gamma, eingabe)

        # (7.9) Uebertrag zum Zeitpunkt t - 1
        eps_h_spaeter = params.Wi.T @ delta_iota
        eps_h_spaeter += params.Wf.T @ delta_phi
        eps_h_spaeter += params.Wo.T @ delta_omega
        eps_h_spaeter += params.Wg.T @ delta_gamma
        eps_c_spaeter = eps_c * phi

    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
