"""An engineer who stacks the four gates and slices."""
import numpy as np
from lstm_teach import forward, Params


def backward(params, x, targets, h0=None, c0=None):
    cache = forward(params, x, h0=h0, c0=c0)
    x = np.asarray(x)
    steps, hid = x.shape[0], params.hidden_size
    grads = Params.zeros(params.vocab_size, hid)

    w_all = np.concatenate([params.Wi, params.Wf, params.Wo, params.Wg], axis=0)
    acts = np.hstack([cache.i, cache.f, cache.o, cache.g])
    slope = acts * (1.0 - acts)
    slope[:, 3 * hid:] = 1.0 - acts[:, 3 * hid:] ** 2

    dlogits = cache.y.copy()
    dlogits[np.arange(steps), targets] -= 1.0
    grads.V = dlogits.T @ cache.h[:steps]
    dh_out = dlogits @ params.V

    gw = np.zeros((4 * hid, hid))
    gu = np.zeros((4 * hid, params.vocab_size))
    dh_rec = np.zeros(hid)
    dc_rec = np.zeros(hid)
    dpre = np.empty(4 * hid)

    for k in reversed(range(steps)):
        dh_tot = dh_out[k] + dh_rec
        dc_tot = dc_rec + dh_tot * cache.o[k] * (1.0 - np.square(cache.ct[k]))
        dpre[0:hid] = dc_tot * cache.g[k]
        dpre[hid:2 * hid] = dc_tot * cache.c[k - 1]
        dpre[2 * hid:3 * hid] = dh_tot * cache.ct[k]
        dpre[3 * hid:] = dc_tot * cache.i[k]
        dpre *= slope[k]
        gw += dpre[:, None] * cache.h[k - 1][None, :]
        gu[:, x[k]] += dpre
        dh_rec = w_all.T @ dpre
        dc_rec = dc_tot * cache.f[k]

    grads.Wi, grads.Wf, grads.Wo, grads.Wg = np.split(gw, 4)
    grads.Ui, grads.Uf, grads.Uo, grads.Ug = np.split(gu, 4)
    return grads
