# -*- coding: utf-8 -*-
# LSTM sin constantes, estimada por máxima verosimilitud.
# Notación del apéndice B: la puerta de entrada es "ent", la de olvido "olv",
# la de salida "sal" y la innovación (candidato) "inn".
import numpy as np


def logistica(z):
    return 1.0 / (1.0 + np.exp(-z))


def logit_multinomial(u):
    # restamos el máximo para que no explote la exponencial
    num = np.exp(u - np.max(u))
    return num / np.sum(num)


def simular(theta, x, h_inicial, c_inicial):
    T = len(x)
    K, N = theta["V"].shape
    ent = np.zeros((T, N))
    olv = np.zeros((T, N))
    sal = np.zeros((T, N))
    inn = np.zeros((T, N))
    # los estados llevan un renglón más: el renglón 0 es el valor inicial
    c = np.zeros((T + 1, N))
    h = np.zeros((T + 1, N))
    prob = np.zeros((T, K))
    if h_inicial is not None:
        h[0] = h_inicial
    if c_inicial is not None:
        c[0] = c_inicial
    for t in range(T):
        ent[t] = logistica(theta["Wi"] @ h[t] + theta["Ui"][:, x[t]])
        olv[t] = logistica(theta["Wf"] @ h[t] + theta["Uf"][:, x[t]])
        sal[t] = logistica(theta["Wo"] @ h[t] + theta["Uo"][:, x[t]])
        inn[t] = np.tanh(theta["Wg"] @ h[t] + theta["Ug"][:, x[t]])
        c[t + 1] = olv[t] * c[t] + ent[t] * inn[t]
        h[t + 1] = sal[t] * np.tanh(c[t + 1])
        prob[t] = logit_multinomial(theta["V"] @ h[t + 1])
    return ent, olv, sal, inn, c, h, prob


def backward(params, x, targets, h0=None, c0=None):
    """Gradiente de menos la log-verosimilitud respecto de las nueve matrices."""
    T = len(x)
    ent, olv, sal, inn, c, h, prob = simular(params, x, h0, c0)

    grad = {}
    for nombre in ["V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug"]:
        grad[nombre] = np.zeros_like(params[nombre])

    N = h.shape[1]
    efecto_h = np.zeros(N)   # lo que llega del periodo t+1 por h
    efecto_c = np.zeros(N)   # lo que llega del periodo t+1 por c

    for t in range(T)[::-1]:
        # error de pronóstico: probabilidad menos dummy observada
        residuo = prob[t].copy()
        residuo[targets[t]] -= 1.0
        grad["V"] += np.outer(residuo, h[t + 1])

        dh = params["V"].T @ residuo + efecto_h
        tanh_c = np.tanh(c[t + 1])
        dc = efecto_c + dh * sal[t] * (1 - tanh_c**2)

        # derivadas antes de la logística / tanh
        z_ent = dc * inn[t] * ent[t] * (1 - ent[t])
        z_olv = dc * c[t] * olv[t] * (1 - olv[t])
        z_sal = dh * tanh_c * sal[t] * (1 - sal[t])
        z_inn = dc * ent[t] * (1 - inn[t]**2)

        efecto_h = np.zeros(N)
        for letra, z in [("i", z_ent), ("f", z_olv), ("o", z_sal), ("g", z_inn)]:
            grad["W" + letra] += np.outer(z, h[t])
            grad["U" + letra][:, x[t]] += z
            efecto_h += params["W" + letra].T @ z
        efecto_c = dc * olv[t]

    return grad
