import numpy as np


def sigmoide(a):
    return 1 / (1 + np.exp(-a))


def propagar(params, x):
    n = params.hidden_size
    pasos = []
    oculto = np.zeros(n)
    celda = np.zeros(n)
    for palabra in x:
        entrada = sigmoide(params.Ui[:, palabra] + np.dot(params.Wi, oculto))
        olvido = sigmoide(params.Uf[:, palabra] + np.dot(params.Wf, oculto))
        salida = sigmoide(params.Uo[:, palabra] + np.dot(params.Wo, oculto))
        candidato = np.tanh(params.Ug[:, palabra] + np.dot(params.Wg, oculto))
        celda_nueva = olvido * celda + entrada * candidato
        oculto_nuevo = salida * np.tanh(celda_nueva)
        puntaje = np.dot(params.V, oculto_nuevo)
        exponencial = np.exp(puntaje - puntaje.max())
        pasos.append({
            'entrada': entrada, 'olvido': olvido, 'salida': salida, 'candidato': candidato,
            'celda_previa': celda, 'oculto_previo': oculto,
            'celda': celda_nueva, 'oculto': oculto_nuevo,
            'prob': exponencial / exponencial.sum(),
        })
        celda, oculto = celda_nueva, oculto_nuevo
    return pasos


def backward(params, x, targets):
    pasos = propagar(params, x)
    grad = {}
    for nombre in params.keys():
        grad[nombre] = np.zeros(params[nombre].shape)

    error_oculto = np.zeros(params.hidden_size)
    error_celda = np.zeros(params.hidden_size)

    t = len(x) - 1
    while t >= 0:
        p = pasos[t]

        # capa de salida
        error_salida = p['prob'].copy()
        error_salida[targets[t]] = error_salida[targets[t]] - 1
        grad['V'] = grad['V'] + np.outer(error_salida, p['oculto'])
        error_oculto = error_oculto + np.dot(params.V.T, error_salida)

        # celda
        tangente = np.tanh(p['celda'])
        error_celda = error_celda + error_oculto * p['salida'] * (1 - tangente ** 2)

        # compuertas
        d_entrada = error_celda * p['candidato'] * p['entrada'] * (1 - p['entrada'])
        d_olvido = error_celda * p['celda_previa'] * p['olvido'] * (1 - p['olvido'])
        d_salida = error_oculto * tangente * p['salida'] * (1 - p['salida'])
        d_candidato = error_celda * p['entrada'] * (1 - p['candidato'] ** 2)

        # pesos
        for letra, delta in (('i', d_entrada), ('f', d_olvido), ('o', d_salida), ('g', d_candidato)):
            grad['W' + letra] = grad['W' + letra] + np.outer(delta, p['oculto_previo'])
            grad['U' + letra][:, x[t]] = grad['U' + letra][:, x[t]] + delta

        # paso anterior
        error_oculto = np.dot(params.Wi.T, d_entrada) + np.dot(params.Wf.T, d_olvido)
        error_oculto = error_oculto + np.dot(params.Wo.T, d_salida) + np.dot(params.Wg.T, d_candidato)
        error_celda = error_celda * p['olvido']
        t -= 1
    return grad
