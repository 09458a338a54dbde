import numpy as np

import lstm_teach as lt


def my_backward(params, x, targets, h0=None, c0=None):
    cc = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dh_next = np.zeros(params.hidden_size)
    dc_next = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        dy = cc.y[t].copy()
        dy[targets[t]] -= 1
        grads.V += np.outer(dy, cc.h[t])
        dh = params.V.T @ dy + dh_next
        dc = dc_next + dh * cc.o[t] * (1 - cc.ct[t] ** 2)
        dzi = dc * cc.g[t] * cc.zi[t] * (1 - cc.zi[t])
        dzf = dc * cc.c[t - 1] * cc.zf[t] * (1 - cc.zf[t])
        dzo = dh * cc.ct[t] * cc.zo[t] * (1 - cc.zo[t])
        dzg = dc * cc.i[t] * (1 - cc.g[t] ** 2)
        for name, dz in (("i", dzi), ("f", dzf), ("o", dzo), ("g", dzg)):
            grads["W" + name] += dz.reshape(-1, 1) * cc.h[t - 1].reshape(1, -1)
            grads["U" + name][:, x[t]] += dz
        dh_next = dzi @ params.Wi + dzf @ params.Wf + dzo @ params.Wo + dzg @ params.Wg
        dc_next = dc * cc.f[t]
    return grads
