"""Scrittura italiana: liste di porte nell'ordine i, f, o, g, indici numerici."""
import numpy as np
from lstm_teach import forward


def backward(params, x, targets, h0=None, c0=None):
    passata = forward(params, x, h0, c0)
    n_passi, n_nascosti, n_voc = len(x), params.hidden_size, params.vocab_size

    ric = [params.Wi, params.Wf, params.Wo, params.Wg]
    grad_V = np.zeros((n_voc, n_nascosti))
    grad_W = [np.zeros((n_nascosti, n_nascosti)) for _ in range(4)]
    grad_U = [np.zeros((n_nascosti, n_voc)) for _ in range(4)]

    dal_futuro_h = np.zeros(n_nascosti)
    dal_futuro_c = np.zeros(n_nascosti)
    tempo = n_passi - 1
    while tempo >= 0:
        ing, dim, usc, cand = passata.i[tempo], passata.f[tempo], passata.o[tempo], passata.g[tempo]
        th = np.tanh(passata.c[tempo])

        bersaglio = np.zeros(n_voc)
        bersaglio[targets[tempo]] = 1
        scarto = passata.y[tempo] - bersaglio
        grad_V += np.outer(scarto, passata.h[tempo])

        err_h = scarto @ params.V + dal_futuro_h
        err_c = err_h * usc * (1 - th * th) + dal_futuro_c

        err_z = [
            err_c * cand * ing * (1 - ing),
            err_c * passata.c[tempo - 1] * dim * (1 - dim),
            err_h * th * usc * (1 - usc),
            err_c * ing * (1 - cand * cand),
        ]

        dal_futuro_h = np.zeros(n_nascosti)
        for k in range(4):
            grad_W[k] += np.outer(err_z[k], passata.h[tempo - 1])
            grad_U[k][:, x[tempo]] += err_z[k]
            dal_futuro_h += ric[k].T.dot(err_z[k])
        dal_futuro_c = err_c * dim
        tempo -= 1

    return [grad_V] + grad_W + grad_U
