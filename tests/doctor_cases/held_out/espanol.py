import numpy as np

import lstm_teach as lt


def retroceso(pesos, entrada, deseado, h0=None, c0=None):
    paso_adelante = lt.forward(pesos, entrada, h0, c0)
    n_pasos = len(entrada)
    n_unidades = pesos.hidden_size
    n_letras = pesos.vocab_size
    grad = {clave: np.zeros_like(pesos[clave]) for clave in pesos}
    futuro_h = np.zeros(n_unidades)
    futuro_c = np.zeros(n_unidades)
    paso = n_pasos - 1
    while paso >= 0:
        error = np.array(paso_adelante.y[paso])
        error[deseado[paso]] = error[deseado[paso]] - 1
        nuevo_futuro_h = np.zeros(n_unidades)
        for u in range(n_unidades):
            i = paso_adelante.i[paso, u]
            f = paso_adelante.f[paso, u]
            o = paso_adelante.o[paso, u]
            g = paso_adelante.g[paso, u]
            tc = paso_adelante.ct[paso, u]
            delta_h = futuro_h[u]
            for letra in range(n_letras):
                delta_h += error[letra] * pesos.V[letra, u]
                grad["V"][letra, u] += error[letra] * paso_adelante.h[paso, u]
            delta_c = futuro_c[u] + delta_h * o * (1 - tc**2)
            delta_i = delta_c * g * i * (1 - i)
            delta_f = delta_c * paso_adelante.c[paso - 1, u] * f * (1 - f)
            delta_o = delta_h * tc * o * (1 - o)
            delta_g = delta_c * i * (1 - g**2)
            for puerta, delta in zip("ifog", (delta_i, delta_f, delta_o, delta_g)):
                grad["W" + puerta][u] += delta * paso_adelante.h[paso - 1]
                grad["U" + puerta][u, entrada[paso]] += delta
                nuevo_futuro_h += delta * pesos["W" + puerta][u]
            futuro_c[u] = delta_c * f
        futuro_h = nuevo_futuro_h
        paso -= 1
    return grad
