import numpy as np

import lstm_teach as lt


def deriv(model, x, y, h0=None, c0=None):
    cache = lt.forward(model, x, h0, c0)
    grad_V = np.zeros_like(model.V)
    grad_Wi, grad_Ui = np.zeros_like(model.Wi), np.zeros_like(model.Ui)
    grad_Wf, grad_Uf = np.zeros_like(model.Wf), np.zeros_like(model.Uf)
    grad_Wo, grad_Uo = np.zeros_like(model.Wo), np.zeros_like(model.Uo)
    grad_Wg, grad_Ug = np.zeros_like(model.Wg), np.zeros_like(model.Ug)
    delta_h = np.zeros(model.hidden_size)
    delta_c = np.zeros(model.hidden_size)
    for t in range(len(x) - 1, -1, -1):
        delta_y = cache.y[t].copy()
        delta_y[y[t]] -= 1
        grad_V += np.outer(delta_y, cache.h[t])
        delta_h = delta_h + np.dot(delta_y, model.V)

        delta_c = delta_c + delta_h * cache.o[t] * (1 - cache.ct[t] ** 2)

        delta_i = delta_c * cache.g[t] * cache.i[t] * (1 - cache.i[t])
        grad_Wi += np.outer(delta_i, cache.h[t - 1])
        grad_Ui[:, x[t]] += delta_i

        delta_f = delta_c * cache.c[t - 1] * cache.i[t] * (1 - cache.i[t])
        grad_Wf += np.outer(delta_f, cache.h[t - 1])
        grad_Uf[:, x[t]] += delta_f

        delta_o = delta_h * cache.ct[t] * cache.o[t] * (1 - cache.o[t])
        grad_Wo += np.outer(delta_o, cache.h[t - 1])
        grad_Uo[:, x[t]] += delta_o

        delta_g = delta_c * cache.i[t] * (1 - cache.g[t] ** 2)
        grad_Wg += np.outer(delta_g, cache.h[t - 1])
        grad_Ug[:, x[t]] += delta_o

        delta_h = np.dot(delta_i, model.Wi)
        delta_h += np.dot(delta_f, model.Wf)
        delta_h += np.dot(delta_o, model.Wo)
        delta_h += np.dot(delta_g, model.Wo)
        delta_c = delta_c * cache.f[t]
    return {
        "V": grad_V,
        "Wi": grad_Wi,
        "Wf": grad_Wf,
        "Wo": grad_Wo,
        "Wg": grad_Wg,
        "Ui": grad_Ui,
        "Uf": grad_Uf,
        "Uo": grad_Uo,
        "Ug": grad_Ug,
    }
