import math

import numpy as np


def sigmoide(valores):
    return np.array([1 / (1 + math.exp(-v)) for v in valores])


def passo_adiante(pesos, simbolo, h_ant, c_ant):
    """Calcula um passo e guarda tudo o que a volta vai precisar."""
    entrada = sigmoide(pesos.Wi @ h_ant + pesos.Ui[:, simbolo])
    esquece = sigmoide(pesos.Wf @ h_ant + pesos.Uf[:, simbolo])
    saida = sigmoide(pesos.Wo @ h_ant + pesos.Uo[:, simbolo])
    candidato = np.tanh(pesos.Wg @ h_ant + pesos.Ug[:, simbolo])
    c = esquece * c_ant + entrada * candidato
    h = saida * np.tanh(c)
    notas = np.exp(pesos.V @ h)
    return dict(simbolo=simbolo, h_ant=h_ant, c_ant=c_ant, entrada=entrada, esquece=esquece, saida=saida,
                candidato=candidato, c=c, h=h, prob=notas / notas.sum())


def backward(pesos, x, alvos, h0=None, c0=None):
    tam = len(pesos.Wi)
    h = np.zeros(tam) if h0 is None else np.array(h0)
    c = np.zeros(tam) if c0 is None else np.array(c0)
    memoria = []
    for simbolo in x:
        passo = passo_adiante(pesos, simbolo, h, c)
        h, c = passo["h"], passo["c"]
        memoria.append(passo)

    grad = {nome: np.zeros_like(pesos[nome]) for nome in pesos.keys()}
    dh_futuro = np.zeros(tam)
    dc_futuro = np.zeros(tam)

    # de trás para frente
    for passo, alvo in zip(reversed(memoria), reversed(alvos)):
        erro = passo["prob"]
        erro[alvo] -= 1
        grad["V"] += np.outer(erro, passo["h"])

        th = np.tanh(passo["c"])
        dh = pesos.V.T @ erro + dh_futuro
        dc = dh * passo["saida"] * (1 - th ** 2) + dc_futuro

        delta = {}
        delta["i"] = dc * passo["candidato"] * passo["entrada"] * (1 - passo["entrada"])
        delta["f"] = dc * passo["c_ant"] * passo["esquece"] * (1 - passo["esquece"])
        delta["o"] = dh * th * passo["saida"] * (1 - passo["saida"])
        delta["g"] = dc * passo["entrada"] * (1 - passo["candidato"] ** 2)

        dh_futuro = np.zeros(tam)
        for porta, d in delta.items():
            grad["W" + porta] += np.outer(d, passo["h_ant"])
            grad["U" + porta][:, passo["simbolo"]] += d
            dh_futuro += pesos["W" + porta].T @ d
        dc_futuro = dc * passo["esquece"]

    return grad
