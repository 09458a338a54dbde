import numpy as np
import lstm_teach as lt

# Retropropagación de una LSTM. Cada compuerta tiene su propia función.


def derivada_sigmoide(s):
    return s * (1 - s)


def derivada_tanh(s):
    return 1 - s * s


def compuerta_salida(dh, tanh_celda, salida):
    return dh * tanh_celda * derivada_sigmoide(salida)


def compuerta_entrada(dc, candidato, entrada):
    return dc * candidato * derivada_sigmoide(entrada)


def compuerta_olvido(dc, celda_anterior, olvido):
    return dc * celda_anterior * derivada_sigmoide(olvido)


def compuerta_candidato(dc, entrada, candidato):
    return dc * entrada * derivada_tanh(candidato)


def acumular(grad, nombre, delta, h_anterior, palabra):
    grad["W" + nombre] += delta[:, None] * h_anterior[None, :]
    grad["U" + nombre][:, palabra] += delta


def backward(params, x, targets, h0=None, c0=None):
    memoria = lt.forward(params, x, h0, c0)
    grad = lt.Params.zeros(*params.V.shape)
    dh_sig = np.zeros(params.V.shape[1])
    dc_sig = np.zeros(params.V.shape[1])
    t = len(x) - 1
    while t >= 0:
        i, f, o, g = (getattr(memoria, letra)[t] for letra in "ifog")
        tanh_c = memoria.ct[t]
        # capa de salida
        objetivo = np.zeros(params.V.shape[0])
        objetivo[targets[t]] = 1
        error = memoria.y[t] - objetivo
        grad["V"] += error[:, None] * memoria.h[t][None, :]
        # estado oculto y celda
        dh = params.V.T.dot(error) + dh_sig
        dc = dh * o * derivada_tanh(tanh_c) + dc_sig
        # deltas
        d_i = compuerta_entrada(dc, g, i)
        d_f = compuerta_olvido(dc, memoria.c[t - 1], f)
        d_o = compuerta_salida(dh, tanh_c, o)
        d_g = compuerta_candidato(dc, i, g)
        dh_sig = 0
        for nombre, delta in zip("ifog", (d_i, d_f, d_o, d_g)):
            acumular(grad, nombre, delta, memoria.h[t - 1], x[t])
            dh_sig = dh_sig + params["W" + nombre].T.dot(delta)
        dc_sig = f * dc
        t -= 1
    return grad
