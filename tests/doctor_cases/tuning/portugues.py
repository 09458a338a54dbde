import numpy as np

import lstm_teach as lt


def derivada_sigmoide(valor):
    return valor * (1 - valor)


def derivada_tanh(valor):
    return 1 - valor**2


def propaga_porta(peso, delta, soma):
    soma += np.dot(peso.T, delta)


def acumula(gradiente, delta, entrada):
    for linha in range(len(delta)):
        gradiente[linha] += delta[linha] * entrada


def retropropagacao(pesos, frase, alvos, h0=None, c0=None):
    memoria = lt.forward(pesos, frase, h0, c0)
    tamanho = pesos.hidden_size
    gradientes = {nome: np.zeros(np.shape(peso)) for nome, peso in pesos.items()}
    delta_h_futuro = np.zeros(tamanho)
    delta_c_futuro = np.zeros(tamanho)
    passo = len(frase)
    while passo > 0:
        passo -= 1
        palavra = np.zeros(pesos.vocab_size)
        palavra[frase[passo]] = 1
        porta_e, porta_s, porta_o = memoria.i[passo], memoria.f[passo], memoria.o[passo]
        candidato, celula = memoria.g[passo], memoria.ct[passo]
        erro = memoria.y[passo].copy()
        erro[alvos[passo]] -= 1
        acumula(gradientes["V"], erro, memoria.h[passo])
        delta_h = delta_h_futuro + np.dot(pesos.V.T, erro)
        delta_c = delta_c_futuro + delta_h * porta_o * derivada_tanh(celula)
        delta_e = delta_c * candidato * derivada_sigmoide(porta_e)
        delta_s = delta_c * memoria.c[passo - 1] * derivada_sigmoide(porta_s)
        delta_o = delta_h * celula * derivada_sigmoide(porta_o)
        delta_g = delta_c * porta_e * derivada_tanh(candidato)
        delta_h_futuro = np.zeros(tamanho)
        for letra, delta in zip("ifog", [delta_e, delta_s, delta_o, delta_g]):
            propaga_porta(pesos["W" + letra], delta, delta_h_futuro)
            acumula(gradientes["W" + letra], delta, memoria.h[passo - 1])
            acumula(gradientes["U" + letra], delta, palavra)
        delta_c_futuro = delta_c * porta_s
    return gradientes
